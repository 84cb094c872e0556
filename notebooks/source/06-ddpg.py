# %% [markdown] tags=["head"]
# # Lecture 06 · DDPG
#
# question: The deterministic policy gradient is one line. What does it take to make that line work with deep networks?
# objectives:
# - **choose** exploration noise by how long it remembers, and say what you pay
# - **derive** the Ornstein–Uhlenbeck line of code, its variance and its autocorrelation
# - **explain** by one figure what a replay buffer changes, and what it cannot
# - **decide** by a spectral radius whether a slow copy saves a critic that bootstraps
# - **read** DDPG's update line by line beside its pseudocode
# needs:
# - 05b: the deterministic policy gradient
# - the Bellman equation and $Q$
# - a little NumPy
# symbols:
# - $s, a, r, s'$: state, action, reward, next state
# - $\gamma$: discount
# - $\mu$: the deterministic policy, an actor network; $\mu'$ is its slow copy
# - $Q$: the critic network; $Q'$ is its slow copy
# - $\tau$: share of the way that a slow copy moves at each update
# - $x_t$: exploration noise at step $t$
# - $\theta$: pull of the noise towards 0
# - $\sigma$: volatility of the noise
# - $\xi$: standard normal numbers, independent of each other
# - $m$: memory of the noise, the share of $x_t$ that is left in $x_{t+1}$
# - $\rho$: autocorrelation
# - $\alpha$: step size of a linear critic
# - $\Delta t$: time between two steps
# - $\Phi$: features of a linear critic, a row for each state
# - $w, w'$: weights of a linear critic, and their slow copy
# - $v$: variance of the noise at rest
# - $h$: duration of a push
# - $\phi$: angle of the pendulum
# - $B$: size of a batch
# - $f$: frequency, in cycles a step
# homework: 3

# %% tags=["import", "hide"]
from dataclasses import replace

import numpy as np
import torch
from gymnasium.spaces import Box

from rlcourse import plots
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.equations import linear
from rlcourse.equations.returns import td_target
from rlcourse.equations.exploration import (
    coloured_autocorrelation,
    coloured_noise,
    coloured_spectrum,
    oscillator_energy,
    ou_autocorrelation,
    ou_mean,
    ou_spectrum,
    ou_variance,
    rms_distance,
)
from rlcourse.experiments import recorded
from rlcourse.pages import pseudocode, receipts, show_source
from rlcourse.parts.memory import ReplayBuffer
from rlcourse.parts.noise import GaussianNoise, OUNoise
from rlcourse.parts.randomness import Streams
from rlcourse.parts.worlds import CartPole, DoubleIntegrator, Pendulum, SystemVectorEnv
from rlcourse.statistics import interval, intervals_of_sets
from rlcourse.training import train
from rlcourse.widgets import Slider, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · Four noises push a mass (12 minutes)
#
# Deep $Q$-learning needs $\max_a Q(s,a)$, which nobody can enumerate when the action is a force. DDPG trains a network $\mu$ to be that maximiser, along $\nabla_{\!a}Q$. A critic knows that gradient only where actions were tried, and in a state $\mu$ always tries the same one: so noise is added.
# Which noise?
#
# A mass of 1 kg rests on a rail without friction. Ten times a second it is pushed with a force between −1 N and 1 N, so far by noise alone. Below are four kinds of it. All are Gaussian with mean 0 and standard deviation 0.3 N: at any single moment you
# could not tell one from another. They differ only in how much of a push is left in the next one, the **memory** $m$:
# $$x_{t+1} = m\,x_t + \sqrt{1-m^2}\cdot 0.3\,\xi_t.$$


# %% tags=["hide"]
SPREAD, STEPS, EPISODES = 0.3, 100, 400


def forces(memory, paths, steps=STEPS, seed=0):
    """Stationary Gaussian forces of standard deviation 0.3 N, autocorrelation memory^k: [steps, paths]."""
    xi = np.random.default_rng(seed).standard_normal((steps, paths))
    x = np.empty_like(xi)
    x[0] = SPREAD * xi[0]
    for t in range(1, steps):
        x[t] = memory * x[t - 1] + np.sqrt(1 - memory**2) * SPREAD * xi[t]
    return x


def travel(force):
    """The world's own motion from rest at 0: (position, velocity) after each push, [steps, paths, 2]."""
    world, state, seen = DoubleIntegrator(), np.zeros((force.shape[1], 2)), []
    for push in force:
        state = world.step(state, push[:, None])[0]
        seen.append(state)
    return np.array(seen)


# %% [markdown]
# Above one force of each kind, below the paths of twelve masses.

# %% tags=["hide"]
MEMORIES = {0.0: plots.ORANGE, 0.5: plots.SKY, 0.85: plots.BLUE, 0.99: plots.PURPLE}


def draw_four(fig):
    top, bottom = plots.axes(fig, 2, 4, sharex=True, sharey="row")
    seconds = 0.1 * np.arange(1, STEPS + 1)
    for push_ax, ax, (memory, colour) in zip(top, bottom, MEMORIES.items(), strict=True):
        push_ax.plot(seconds, forces(memory, 1, seed=3), color=colour, linewidth=1.3, linestyle="-")
        ax.plot(seconds, travel(forces(memory, 12))[..., 0], color=colour, linewidth=1.0, linestyle="-")
        push_ax.set(title=f"memory m = {memory:g}", ylim=(-1.05, 1.05))
        ax.set(xlabel="time (s)", ylim=(-12, 12))
    top[0].set_ylabel("one force (N)")
    bottom[0].set_ylabel("12 positions (m)")


plots.picture(
    draw_four,
    alt="One random force and the paths of twelve masses for four memories; the longer the memory, the further they get",
    size=(11, 4.6),
)

# %% [markdown]
# Pushes without memory (left) add up like a random walk, and most masses stay within a few metres. With a memory of 0.99 a push lasts for seconds. Now divide the states with position within 2 m and speed within 1 m/s into 400 cells, start anew
# every 100 pushes, and count the cells that were entered in twenty episodes.

# %% tags=["hide"]
predict(
    "Which memory enters the most of the 400 cells in twenty episodes?",
    {
        "0: no memory": "The mass leaves its start slowly: about 100 cells.",
        "0.85: a few pushes": "",
        "0.99: most of an episode": "An episode is nearly one long push. The mass crosses the square once, at "
        "speed, and is gone: about 130 cells.",
    },
    answer="0.85: a few pushes",
    why="It is carried away from the start, and still turns round before it has left: about 190 cells.",
    ordered=True,
)

# %% [markdown]
# The count:


# %% tags=["hide"]
def cells_entered(paths, episodes=20):
    """How many of 20 × 20 cells of |x| < 2 m, |v| < 1 m/s twenty episodes enter, mean over groups of twenty."""
    inside = (abs(paths) < [2, 1]).all(axis=-1)
    cell = ((paths + [2, 1]) / [4, 2] * 20).astype(int)
    cell = np.where(inside, 20 * cell[..., 0] + cell[..., 1], -1)
    groups = np.split(cell, cell.shape[1] // episodes, axis=1)
    return float(np.mean([len(np.unique(group[group >= 0])) for group in groups]))


GRID = np.array([0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.96, 0.98, 0.99])
ENTERED = [cells_entered(travel(forces(memory, EPISODES))) for memory in GRID]

# %% [markdown]
# Move the memory and watch both numbers. The distance only ever grows; the number of cells does not.


# %% tags=["hide"] stage={"ask": "More memory goes further. Does it also enter more cells?"}
def draw_memory(fig, memory=0.85):
    path_ax, cell_ax = plots.axes(fig, 1, 2)
    paths = travel(forces(memory, EPISODES))
    path_ax.plot(*paths[:, :20].transpose(2, 0, 1), color=plots.BLUE, linewidth=1.0, linestyle="-", alpha=0.7)
    path_ax.set(
        xlim=(-2, 2),
        ylim=(-1, 1),
        xlabel="position (m)",
        ylabel="velocity (m/s)",
        title="twenty episodes in the square",
    )
    entered, far = cells_entered(paths), float(np.median(abs(paths[..., 0]).max(axis=0)))
    cell_ax.plot(GRID, ENTERED, color=plots.GREY, linewidth=2, linestyle="-")
    cell_ax.plot([memory], [entered], "o", color=plots.BLUE, markersize=10)
    cell_ax.set(xlabel="memory m", ylabel="cells entered, of 400", xlim=(-0.03, 1.03), ylim=(0, 210))
    cell_ax.set_title("cells entered, for every memory")
    return {"cells entered, of 400": entered, "distance reached (median, m)": far}


explore(
    draw_memory,
    alt="Twenty paths in the plane of position and velocity, and the number of cells entered for every memory",
    size=(10, 4.2),
    settings={"no memory": {"memory": 0.0}, "nine tenths": {"memory": 0.9}, "almost all": {"memory": 0.99}},
    memory=Slider("m", "memory", min=0.0, max=0.99, step=0.01),
)

# %% [markdown]
# ## 2 · From a differential equation to a line of code (12 minutes)
#
# Ornstein and Uhlenbeck described in 1930 the speed of a particle that is kicked at random and slowed by friction:
# $$\mathrm dx = -\theta\,x\,\mathrm dt + \sigma\,\mathrm dW.$$
# The pull $\theta$ brings $x$ back to 0, the volatility $\sigma$ drives it away; $W$ is Brownian motion, whose increments over $\Delta t$ are normal with variance $\Delta t$.
#
# **Step 1.** Follow it for a short time $\Delta t$ with both coefficients held fixed (Euler and Maruyama's method), $\xi_t\sim\mathcal N(0,1)$:
# $$x_{t+1} = x_t - \theta\,x_t\,\Delta t + \sigma\sqrt{\Delta t}\,\xi_t = m\,x_t + \sigma\sqrt{\Delta t}\,\xi_t,\qquad m = 1 - \theta\,\Delta t.$$
# (Followed exactly, the equation has $m = e^{-\theta\Delta t}$; the line is its approximation for small $\theta\Delta t$.)
#
# **Step 2.** Take variances. $\xi_t$ is independent of $x_t$, so $v_{t+1} = m^2 v_t + \sigma^2\Delta t$. The distance from the value that reproduces itself shrinks by $m^2$ at every step, so the variance settles there:
# $$v = \frac{\sigma^2\,\Delta t}{1 - m^2}\qquad\text{if } |m|<1.$$
#
# **Step 3.** Let $x_0$ be drawn at rest, with mean 0 and variance $v$. Multiply the line of step 1 by $x_0$ and take expectations, $k$ times over: $\mathbb E[x_0x_k] = m\,\mathbb E[x_0x_{k-1}] = \dots = m^k\,v$. So the autocorrelation is
# $$\rho_k = m^k.$$
#
# The package counts the noise's time in steps, $\Delta t = 1$. This is its line, and what it does to a hundred thousand paths from $x_0 = 1$ (their mean is step 1 without the noise, $m^k x_0$):

# %%
noise, n, rng = OUNoise(theta=0.15, sigma=0.2), 100_000, np.random.default_rng(0)
paths = [np.ones(n)]
for _ in range(60):
    paths.append(noise.step(paths[-1], rng.standard_normal(n)))  # x − θ x Δt + σ √Δt ξ
early, settled, later = paths[5], paths[40], paths[45]
variance = ou_variance(noise.theta, noise.sigma, noise.dt)
error, rho = 4.5 / n**0.5, ou_autocorrelation(0.15, 1, 5)  # 4.5 standard errors, times what follows
correlation = np.corrcoef(settled, later)[0, 1]
with receipts("100,000 paths", oracle="closed form") as same:
    same("mean after 5 steps, $m^5x_0$", early.mean(), ou_mean(0.15, 1, 0, 1, 5), error * early.std())
    same(r"variance at rest, $\sigma^2\Delta t/(1-m^2)$", settled.var(), variance, error * 2**0.5 * variance)
    same("correlation 5 steps apart, $m^5$", correlation, rho, error * (1 - rho**2))

# %% [markdown]
# The process beside independent noise of the same variance: try a start far from 0; then a θ near 2, where the memory is negative and the noise
# flips its sign at nearly every step: the step is too coarse, and does what the equation never would.


# %% tags=["hide"] stage={"ask": "What does the process do when θ comes near 2?"}
def draw_process(fig, theta=0.15, sigma=0.2, start=1.0):
    (path_ax, other_ax, spread_ax, memory_ax), steps = plots.axes(fig, 1, 4), 120
    xi = np.random.default_rng(1).standard_normal((steps, 60))
    process, x = OUNoise(theta, sigma), [np.tile([start, 0.0, -start], 20)]
    for row in xi[1:]:
        x.append(process.step(x[-1], row))
    x, spread = np.array(x), float(np.sqrt(ou_variance(theta, sigma, 1)))
    top = plots.round_limits(x[:, :3], 3.5 * spread, -3.5 * spread)
    path_ax.plot(x[:, :3], color=plots.BLUE, linewidth=1.2, linestyle="-")
    other_ax.plot(spread * xi[:, 0], color=plots.ORANGE, linewidth=1.0, linestyle="-")
    z = np.linspace(*top, 200)
    density = np.exp(-0.5 * (z / spread) ** 2) / (spread * (2 * np.pi) ** 0.5)
    spread_ax.hist(
        x[60:].ravel(), bins=25, range=top, density=True, color=plots.SKY, orientation="horizontal"
    )
    spread_ax.plot(density, z, color=plots.BLACK, linewidth=1.5, linestyle="-")
    lags = np.arange(31)
    memory_ax.plot(lags, ou_autocorrelation(theta, 1, lags), color=plots.BLUE, linestyle="-")
    memory_ax.plot(lags, lags == 0, color=plots.ORANGE, linestyle="--")
    path_ax.set(title="OU, three starts", xlabel="step", ylim=top)
    other_ax.set(title="independent", xlabel="step", ylim=top)
    spread_ax.set(title="same density", xlabel="density", ylim=top)
    memory_ax.set(title="autocorrelation", xlabel="lag k", ylim=(-1.05, 1.05))
    return {"memory m": 1 - theta, "standard deviation at rest": spread}


explore(
    draw_process, size=(11.5, 3.6),
    alt="Three paths of an Ornstein–Uhlenbeck process, independent noise, their common density and autocorrelations",
    settings={"far from 0": {"start": 3.0, "theta": 0.05}, "no memory": {"start": 3.0, "theta": 1.0},
        "too coarse": {"start": 3.0, "theta": 1.9}},
    theta=Slider("θ", "pull", min=0.02, max=1.95, step=0.01),
    sigma=Slider("σ", "volatility", min=0.02, max=0.5, step=0.02),
    start=Slider("x₀", "start", min=-3.0, max=3.0, step=0.5),
)  # fmt: skip

# %% [markdown]
# ## 3 · A memory of what happened (14 minutes)
#
# Stochastic gradient descent wants each batch to look like the whole. What an agent sees does not: this moment is nearly the last one. DDPG therefore keeps the transitions $(s, a, r, s')$ of the past in a **replay buffer** and draws each batch from it at random.
#
# Let a pendulum be pushed by noise for 5,000 steps. On the left are the 128 latest states, what one would learn from without a buffer; on the right 128 drawn from the buffer.


# %% tags=["hide"]
def pendulum_stream(steps=5000):
    """Observations of one pendulum pushed by OU noise of standard deviation 0.5 [steps, 3], new every 200."""
    env, x, seen = SystemVectorEnv(Pendulum(), 1, max_episode_steps=200), np.zeros(1), []
    noise, rng = OUNoise(0.15, 0.5 * np.sqrt(1 - 0.85**2)), np.random.default_rng(2)
    obs = env.reset(seed=0)[0]
    for _ in range(steps):
        seen.append(obs[0])
        x = noise.step(x, rng.standard_normal(1))
        obs = env.step(np.clip(2 * x, -2, 2)[None].astype(np.float32))[0]
    return np.array(seen)


def autocorrelation(x, lags):
    """ρ_k of a sequence: mean of (x_t − x̄)(x_{t+k} − x̄) / var."""
    z = (x - x.mean()) / x.std()
    return np.array([np.mean(z[: len(z) - k] * z[k:]) for k in lags])


# %% [markdown]
# The stream, and what is drawn from it:

# %% tags=["hide"]
stream = pendulum_stream()
drawn = stream[np.random.default_rng(3).integers(len(stream), size=128)]
fig = plots.figure(10.5, 3.8)
latest_ax, drawn_ax, lag_ax = plots.axes(fig, 1, 3)
for ax, states, colour, title in (
    (latest_ax, stream[-128:], plots.ORANGE, "the latest 128"),
    (drawn_ax, drawn, plots.BLUE, "128 from the buffer"),
):
    ax.plot(np.arctan2(states[:, 1], states[:, 0]), states[:, 2], "o", color=colour, markersize=4)
    ax.set(xlim=(-3.3, 3.3), ylim=(-8.5, 8.5), xlabel="angle from upright (rad)", title=title)
latest_ax.set_ylabel("angular velocity (rad/s)")
lags = np.arange(41)
lag_ax.plot(lags, autocorrelation(stream[:, 2], lags), color=plots.ORANGE, label="in order", linestyle="--")
shuffled = stream[np.random.default_rng(4).integers(len(stream), size=5000), 2]
lag_ax.plot(lags, autocorrelation(shuffled, lags), color=plots.BLUE, label="drawn", linestyle="-")
lag_ax.set(xlabel="lag (transitions)", title="velocity, lag by lag", ylim=(-1.05, 1.05))
lag_ax.set_ylabel("autocorrelation")
plots.label_lines(lag_ax)
plots.show(
    fig, alt="The latest 128 states lie on a few swings; 128 drawn from the buffer cover what was visited"
)

# %% [markdown]
# The latest states are a few swings about the hanging position (−π and π are the same angle). A gradient step on them fits the critic there, and nothing holds it elsewhere. The drawn ones cover what was visited, and one tells nothing of
# the next (in order, even the next swing is foretold: the rise at lag 40). And each transition is used many times. The price: they were made by older policies. The target allows that, because $r$ and $s'$ depend on $s$ and $a$ only, not on who chose $a$, and what comes after $s'$ is asked of $\mu$ itself.
#
# How much is a batch worth? Take its mean height $\cos\phi$. That of $B$ *independent* states misses the mean of all 5,000 by the variance $\mathrm{Var}[\cos\phi]/B$. The lab measures by how much a batch misses it, and says how many independent states would do as well.


# %% tags=["hide"]
def worth(capacity, batch):
    """Var[cos φ] / E[(mean of a batch − mean of all)²], over all buffers of the latest `capacity` that there were."""
    heights = stream[:, 0].astype(float)
    sums, squares = (np.cumsum(np.append(0.0, x)) for x in (heights, heights**2))
    mean = (sums[capacity:] - sums[:-capacity]) / capacity
    spread = (squares[capacity:] - squares[:-capacity]) / capacity - mean**2
    return float(heights.var() / np.mean((mean - heights.mean()) ** 2 + spread / batch))


CAPACITIES = np.unique(np.logspace(np.log10(32), np.log10(5000), 60).astype(int))

# %% [markdown]
# Drawn:


# %% tags=["hide"]
def draw_buffer(fig, capacity=128, batch=128):
    capacity, batch = int(capacity), int(batch)
    state_ax, worth_ax = plots.axes(fig, 1, 2)
    held = stream[-capacity:]
    drawn = held[np.random.default_rng(3).integers(capacity, size=batch)]
    for states, look in ((held, (plots.SKY, ".", 3)), (drawn, (plots.BLUE, "o", 5))):
        angle = np.arctan2(states[:, 1], states[:, 0])
        state_ax.plot(angle, states[:, 2], look[1], color=look[0], markersize=look[2])
    state_ax.set(xlim=(-3.3, 3.3), ylim=(-8.5, 8.5), xlabel="angle (rad)", ylabel="velocity (rad/s)")
    state_ax.set_title("light: the buffer, dark: the batch")
    worth_ax.plot(CAPACITIES, [worth(c, batch) for c in CAPACITIES], color=plots.BLUE, linestyle="-")
    worth_ax.plot([capacity], [worth(capacity, batch)], "o", color=plots.BLUE, markersize=10)
    worth_ax.axhline(batch, color=plots.GREY, linewidth=1.2, linestyle="--")
    worth_ax.text(34, 1.12 * batch, "independent", color=plots.GREY)
    worth_ax.set(xscale="log", yscale="log", xlim=(30, 5500), ylim=(1, 1000), xlabel="capacity")
    worth_ax.set_ylabel("independent states")
    worth_ax.set_title("what a batch is worth")
    return {"a batch is worth": worth(capacity, batch), "of what was seen, kept": capacity / len(stream)}


explore(
    draw_buffer,
    alt="States in the buffer and in a batch; how many independent states a batch is worth, over the capacity",
    size=(10, 3.8),
    settings={
        "the latest 128": {"capacity": 128, "batch": 128},
        "a larger batch": {"capacity": 128, "batch": 510},
        "a larger buffer": {"capacity": 5000, "batch": 128},
    },
    capacity=Slider("", "capacity of the buffer", min=32, max=5000, log=True),
    batch=Slider("B", "size of a batch", min=8, max=512, log=True),
)

# %% [markdown]
# 128 of the latest 128 are worth 2.7 states, and 512 hardly more: what the buffer does not hold no batch can tell.
#
# A buffer is a few lines: a table with a row a transition, the oldest overwritten. This one keeps a table for each seed.

# %%
show_source(ReplayBuffer.add, ReplayBuffer.sample)

# %% [markdown]
# ## 4 · Slow copies (16 minutes)
#
# The target of a critic contains the critic: $y = r + \gamma\,Q(s',\mu(s'))$. Fit it to $y$, and $y$ has moved. Does that settle? A small case that does not, and that a slow copy can cure, has three states, no rewards and two
# weights. The right values are 0. A linear critic sees states 1 and 2 as the features $(1, -2)$, state 3 as $(3, -3)$: its value of a state is the product of the features with $(w_1, w_2)$. (Where an episode starts plays no part.)

# %% tags=["hide"]
CURED, NEVER = linear.cured_by_target_network(), linear.w_to_2w()
plots.mdp(CURED.mdp, states=["1", "2", "3"], actions=["on"], title="Three states, one action, no rewards")

# %% [markdown]
# The updates meet states 1 and 2 seven times each for every time they meet state 3; $\gamma = 0.9$. The chain itself never returns to state 1: such frequencies come from a buffer full of old transitions, and with the chain's own this would settle (the *deadly triad*: features, bootstrapping, another policy's data). An update is the mean gradient step on the squared error, with the target held fixed:
# $$w \leftarrow w + \alpha\,\Phi^\top D\,(\gamma P\,\Phi\,w' - \Phi\,w),\qquad\text{then}\quad w' \leftarrow w' + \tau\,(w - w'),$$
# with a row of $\Phi$ for each state, $D$ the frequencies, $P$ the transitions, and $w'$ a **slow copy** of the weights (a *target network*) inside the target. $\tau = 1$ is no copy at all. Both lines are linear, so one matrix $M$ carries $(w, w')$ to its next value, and after many updates
# the size has been multiplied each time by the largest absolute value of its eigenvalues, the **spectral radius**: below 1 all is forgotten, above 1 all explodes.

# %% tags=["hide"]
predict(
    "Without a copy (τ = 1) these weights grow by 19 % at every update. As τ is made smaller, the growth…",
    {
        "stops below some τ": "",
        "slows down but never stops": "That happens with other features, but not with these.",
        "stays as it is": "The copy stands in the target, and the target drives the growth: its speed matters.",
    },
    answer="stops below some τ",
    why="With a slow copy the weights have time to fit the target while it stands still, and for these "
    "features that fit shrinks the error.",
)

# %% [markdown]
# The radius at every speed of the copy, for this example ($\alpha$ is half of 1 over the largest eigenvalue of $\Phi^\top D\Phi$) and for a second one: a state worth $w$ leads to a state worth $2w$, only the first is ever updated, $\gamma = 0.99$, $\alpha = \tfrac12$.

# %% tags=["hide"]
TAUS = np.logspace(-3, 0, 121)


def radius(problem, step, tau):
    return linear.spectral_radius(linear.target_network_matrix(*problem, step, tau))


LARGEST = np.linalg.eigvalsh((CURED.features.T * CURED.weighting) @ CURED.features).max()
STEPS_OF = {"three states": (CURED, 0.5 / LARGEST), "w and 2w": (NEVER, 0.5)}
RADII = {name: [radius(*given, tau) for tau in TAUS] for name, given in STEPS_OF.items()}

# %% [markdown]
# On the left the radius for every $\tau$, on the right the weights over the updates at the $\tau$ of the slider. The dashed line is the second example: try to find a $\tau$ that
# saves it.


# %% tags=["hide"] stage={"ask": "Is there a τ at which the three states settle? And one that saves the second example?"}
def draw_copies(fig, tau=0.03):
    radius_ax, weight_ax = plots.axes(fig, 1, 2)
    for (name, radii), look in zip(RADII.items(), ((plots.BLUE, "-"), (plots.ORANGE, "--")), strict=True):
        radius_ax.plot(TAUS, np.array(radii) - 1, color=look[0], linestyle=look[1], label=name)
        problem, step = STEPS_OF[name]
        M = linear.target_network_matrix(*problem, step, tau)
        state, sizes = np.ones(len(M)), []
        for _ in range(2000):
            sizes.append(min(np.linalg.norm(state), 1e6))
            state = M @ state if sizes[-1] < 1e6 else state
        weight_ax.plot(sizes, color=look[0], linestyle=look[1], label=name)
    radius_ax.axhline(0, color=plots.BLACK, linewidth=1.2, linestyle="-")
    radius_ax.axvline(tau, color=plots.GREY, linewidth=1.2, linestyle=":")
    radius_ax.set_yscale("symlog", linthresh=0.005, linscale=1.5)
    radius_ax.set(xscale="log", xlabel="τ", ylabel="spectral radius − 1", ylim=(-0.02, 1), xlim=(1e-3, 1))
    weight_ax.set(
        yscale="log", xlabel="updates", ylabel="size of the weights", ylim=(1e-4, 1e6), xlim=(0, 2000)
    )
    now = {name: radius(*given, tau) for name, given in STEPS_OF.items()}
    settles = now["three states"] < 1
    radius_ax.set_title("below 0: it settles")
    weight_ax.set_title(f"τ = {tau:.3g}: the three states {'settle' if settles else 'explode'}")
    plots.label_lines(weight_ax, wrap=8)
    return {f"radius, {name}": value for name, value in now.items()}


explore(
    draw_copies,
    alt="The spectral radius of two linear critics over the speed of their slow copies, and their weights over time",
    size=(10.5, 4),
    settings={"no copy": {"tau": 1.0}, "explodes": {"tau": 0.1}, "settles": {"tau": 0.03},
        "slow": {"tau": 0.001}},
    tau=Slider("τ", "speed of the copy", min=1e-3, max=1.0, log=True),
)  # fmt: skip

# %% [markdown]
# At $\tau = 0.1$ the three states still explode, at 0.03 they settle. There is also a price: at 0.001 they settle many times more slowly than at the best $\tau$, near 0.02. The receipts run the two lines of the update, without any matrix:


# %%
def growth(tau, updates=30_000):
    """By how much the weights grow at an update, late in a run of the two lines, for the three states."""
    mdp, _, features, frequency = CURED
    P, w, copy, sizes = mdp.transition[:, 0], np.array([1.0, 0.5]), np.array([1.0, 0.5]), []
    while len(sizes) < updates and 1e-100 < np.linalg.norm(w) < 1e100:
        error = mdp.gamma * P @ features @ copy - features @ w
        w = w + 0.5 / LARGEST * features.T @ (frequency * error)
        copy = copy + tau * (w - copy)
        sizes.append(np.linalg.norm(w))
    half = len(sizes) // 2
    return (sizes[-1] / sizes[half]) ** (1 / (len(sizes) - 1 - half))


with receipts("the update, iterated", oracle="radius of $M$") as same:
    for tau in (1.0, 0.1, 0.03):
        same(rf"growth at an update, $\tau = {tau:g}$", growth(tau), radius(CURED, 0.5 / LARGEST, tau), 2e-4)
assert growth(0.1) > 1 > growth(0.03), "the cliff lies between"

# %% [markdown]
# Why the one and not the other is under *Further*. Polyak's average, as these small steps are called, keeps a share $(1-\tau)^k$ of the old copy after $k$ updates: at $\tau = 0.005$ half of it after 139.

# %% [markdown]
# ## 5 · The algorithm (16 minutes)
#
# Now all parts are there. Two networks learn, actor $\mu$ and critic $Q$; two slow copies, $\mu'$ and $Q'$, make the target.
# On the right is the package's update. It learns $S$ seeds at once, which never mix: each array has the seeds in front. `net(x)` runs the networks of all seeds;
# `action_gradient` gives $\nabla_{\!a}Q$; `regress` and `pull` fill in the gradients that an optimiser's `step` uses; `follow` moves a copy.

# %% tags=["hide"]
pseudocode(
    "DDPG, after Lillicrap et al. 2016, algorithm 1 (clip, mask and uniform start added)",
    r"""
    start $\mu$ and $Q$ at random; $\mu' = \mu$, $Q' = Q$; an empty buffer
    for each step:
        act: $a = \mathrm{clip}(\mu(s) + x_t, -1, 1)$; 500 uniform actions first
        keep $(s, a, r, s')$, and whether $s'$ is terminal
        draw a batch from the buffer
        $a' = \mu'(s')$
        $y = r + \gamma\,(1-\mathrm{terminated})\,Q'(s', a')$
        critic: one step down $\mathbb{E}\,(y - Q(s,a))^2$
        actor: one step up, along $\mathbb{E}\,\nabla_{\!a}Q(s,a)\,\nabla\mu(s)$ at $a=\mu(s)$
        copies: $\tau$ of the way to their networks
    """,
    DDPG.update,
    {6: "next_action =", 7: "y = self.target", 8: "q = nets.critics.regress", 9: "uphill =", 10: "target_critics.follow"},
)

# %% [markdown]
# Line 9 is the chain rule of lecture 05b: `pull(-uphill)` pushes $-\nabla_{\!a}Q$ back through the actor. With two liberties: the states come from the buffer, not from $\mu$'s own visits, and $Q$ is learnt. So the actor climbs the critic's opinion, also where that errs upwards (lecture 07). The receipt differentiates
# that opinion, $\frac1B\sum Q(s,\mu(s))$, by PyTorch:

# %%
seen = []
train(DDPG(warmup=100), "Pendulum-v1", steps=300, seeds=2, callbacks=[seen.append], evaluation_episodes=1)
nets, batch = seen[-1].agent.nets, seen[-1].agent.memory.sample(128, seen[-1].agent.learning)
action = nets.actor(batch.obs)
action.backward(-nets.critics.action_gradient(batch.obs, action) / 128)
by_theorem = nets.actor.grad.clone()
objective = nets.critics.graph(batch.obs, nets.actor.graph(batch.obs)).mean(-1).sum()
gradients = torch.autograd.grad(-objective, nets.actor.parameters)
by_autograd = torch.cat([g.flatten(1) for g in gradients], dim=1)
assert by_theorem.abs().max() > 1e-5
with receipts("chain rule", oracle="autograd") as same:
    same("gradient of the actor's objective, two seeds", by_theorem, by_autograd, 1e-9)

# %% [markdown]
# **The mask in line 7.** Pseudocode often leaves $(1-\mathrm{terminated})$ out. A terminal state has no future, so its target is $r$ alone; without the mask it is $r$ plus whatever the network says of a state in which nothing was ever learnt.
# A *time limit* is another matter: the pendulum that is interrupted after 200 steps would have gone on, so its target keeps the bootstrap. Gymnasium tells the two apart, as `terminated` and `truncated`, and the buffer stores the first.

# %% tags=["hide"]
predict(
    r"A task without an end pays 1 at every step, $\gamma = 0.99$, and a clock that no state shows "
    "interrupts it every 200 steps. Somebody stores the interruptions as terminal. What does the critic learn?",
    {
        "100": r"That is the right value, $1/(1-\gamma)$. But some targets now say that there is no future.",
        "86.6": "That is the sum of 200 rewards, right for a critic that sees the clock, at its start. This one "
        "cannot tell the steps apart.",
        "66.9": "",
    },
    answer="66.9",
    why=r"One transition in 200 has the target 1, the others $1 + \gamma V$, so "
    r"$V = 1 + 0.99\cdot\frac{199}{200}\,V$.",
)

# %% [markdown]
# One constant value, fitted to batches from the package's buffer with the package's target:

# %%
memory, streams, value = ReplayBuffer(10_000, 1, 1, 1), Streams([0], purpose=11), 0.0
zero, one = np.zeros((1, 1)), np.ones(1)
for t in range(10_000):
    memory.add(zero, zero, one, one * (t % 200 == 199), zero)  # the interruption, stored as an end
values = []
for _ in range(6000):
    batch = memory.sample(200, streams)
    y = td_target(batch.reward, batch.terminated, torch.full_like(batch.reward, value), 0.99)
    value += 0.1 * (y.mean().item() - value)
    values.append(value)
with receipts("fitted to the buffer", oracle="closed form") as same:
    same(
        r"interruptions as ends, $1/(1-\gamma\cdot 199/200)$",
        np.mean(values[4000:]),
        1 / (1 - 0.99 * 199 / 200),
        2,
    )

# %% [markdown]
# ## 6 · Live: each part on a switch (10 minutes)
#
# Every part is a field of `DDPG`, so it can be switched off (a short memory holds as much as a batch). Start them *each in turn*.


# %%
def unmasked(reward, terminated, next_value, gamma):
    return reward + gamma * next_value


whole = DDPG(noise=OUNoise(sigma=0.16), tau=0.01)
PARTS = {
    "DDPG": whole,
    "no slow copies": replace(whole, tau=1.0),
    "short memory": replace(whole, capacity=128),
    "no noise": replace(whole, noise=OUNoise(sigma=0.0)),
    "no mask": replace(whole, target=unmasked),
}

# %% [markdown]
# Live:

# %% tags=["hide"] stage={"ask": "Which part will be missed most?"}
panel = live(
    PARTS,
    "Pendulum-v1",
    steps=8000,
    seeds=4,
    recorded="recordings/06-live.json",
    title="DDPG, and DDPG without one part",
    actor_lr=Slider("", "actor's learning rate", min=1e-4, max=1e-2, log=True),
    critic_lr=Slider("", "critic's learning rate", min=1e-4, max=1e-2, log=True),
)
panel

# %% [markdown]
# Four seeds are few; fifteen are recorded: on the pendulum each part but the mask, as no pendulum ever *terminates*; the mask on a pole that a cart balances with a force of any size. It pays 1 a step; to fall is to terminate.


# %% tags=["hide"]
class SteadyPole(CartPole):
    action_space = Box(-1, 1, (1,), np.float32)

    def step(self, state, action):
        return super().step(state, (action[:, 0] + 1) / 2)  # a force of 10 N times the action


def pole(num_envs):
    return SystemVectorEnv(SteadyPole(), num_envs, max_episode_steps=200)


def parts_experiment(steps, seeds):
    """Returns [S, E] of DDPG and of DDPG without one part, at the steps `at`."""
    found = {"pendulum": {}, "pole": {}}
    for task, env, names in (
        ("pendulum", "Pendulum-v1", ("DDPG", "no slow copies", "short memory", "no noise")),
        ("pole", pole, ("DDPG", "no mask")),
    ):
        for name in names:
            run = train(PARTS[name], env, steps, seeds, evaluate_every=500)
            found["at"], found[task][name] = run.curve.steps, run.curve.returns
    return found


parts, _ = recorded("recordings/06-parts.json", parts_experiment, {"steps": 500}, steps=3000, seeds=15)

# %% [markdown]
# Below the curves, what each part is worth: the return of DDPG minus that without it, seed by seed, in three sets of five.

# %% tags=["hide"]
fig = plots.figure(10.5, 3.9)
part_looks = {
    "DDPG": (plots.BLUE, "-"), "no slow copies": (plots.VERMILION, plots.DASHES),
    "short memory": (plots.ORANGE, plots.DASH_DOT), "no noise": (plots.GREEN, plots.DOTS),
    "no mask": (plots.PURPLE, plots.DASHES),
}  # fmt: skip
for ax, (task, bounds) in zip(
    plots.axes(fig, 1, 2), {"pendulum": (-1800, 0), "pole": (0, 200)}.items(), strict=True
):
    for name, curves in parts[task].items():
        plots.learning_curve(ax, parts["at"], curves, name, *part_looks[name], seeds_width=0.3, bounds=bounds)
        if name != "DDPG":
            worth_of = (parts[task]["DDPG"] - curves)[:, parts["at"] > 1500].mean(axis=1)
            words = "; ".join(
                f"{x.estimate:.0f} [{x.low:.0f}, {x.high:.0f}]" for x in intervals_of_sets(worth_of)
            )
            print(f"{task}, after step 1500, DDPG minus {name}: {words}")
    ax.set(title=task, ylim=bounds, xticks=(0, 1000, 2000, 3000))
    plots.label_lines(ax, wrap=10)
plots.show(
    fig, alt="Returns of DDPG and of DDPG without one of its parts, on a pendulum and on a pole, n = 15"
)

# %% [markdown]
# Within 3000 steps slow copies and memory are needed, in each set. Noise may not be (500 uniform actions came first). Without the mask the pole falls at once: $1+\gamma\,Q'$ holds with the same 100 in every state, fallen or not, so nothing speaks for standing.
#
# ## 7 · Does the colour of the noise matter in training? (8 minutes)
#
# Section 1 was about a mass that nobody steers. In training the noise is added to a policy that learns, and the answer can only be measured. Two tasks, thirty seeds each: the pendulum, whose reward says at every step how far
# it is from upright; and the mass again, with a reward of 1 where it rests at the goal (within 0.2 m and 0.2 m/s) and 0 everywhere else, so that nothing is learnt before the goal was met by chance. Both noises have standard deviation 0.3 (OU at rest; it starts each episode at 0).


# %%
def sparse_mass(num_envs):
    return SystemVectorEnv(DoubleIntegrator(sparse=True), num_envs, max_episode_steps=100)


NOISES = {"OU": OUNoise(sigma=0.3 * np.sqrt(1 - 0.85**2)), "independent": GaussianNoise(0.3)}
TASKS = {"pendulum": "Pendulum-v1", "mass, sparse": sparse_mass}


def noise_experiment(steps, seeds):
    """Returns [S, E] of DDPG with either noise on either task, at the steps `at`."""
    found = {task: {} for task in TASKS}
    for task, env in TASKS.items():
        for name, noise in NOISES.items():
            run = train(DDPG(noise=noise, tau=0.01), env, steps, seeds, evaluate_every=500)
            found["at"], found[task][name] = run.curve.steps, run.curve.returns
    return found


small_run = {"steps": 1000}
noises, now = recorded("recordings/06-noise.json", noise_experiment, small_run, steps=8000, seeds=30)

# %% [markdown]
# On the right, seed by seed, the return with OU minus that with independent noise, as a share of what can be had.

# %% tags=["hide"]
fig = plots.figure(11.5, 3.9)
*task_axes, difference_ax = plots.axes(fig, 1, 3)
at, differences = noises["at"], {}
for ax, task, bounds, look in zip(
    task_axes, TASKS, ((-1700, 0), (0, 100)), ((plots.BLACK, "-"), (plots.GREEN, "--")), strict=True
):
    for name, colour, line in (("OU", plots.BLUE, "-"), ("independent", plots.ORANGE, "--")):
        plots.learning_curve(ax, at, noises[task][name], name, colour, line, seeds_width=0.3, bounds=bounds)
    ax.set(title=task, ylim=bounds, xticks=(0, 4000, 8000))
    plots.label_lines(ax, wrap=12)
    differences[task] = interval((noises[task]["OU"] - noises[task]["independent"]) / np.ptp(bounds))
    found = differences[task]
    difference_ax.fill_between(at, found.low, found.high, color=look[0], alpha=0.18, linewidth=0)
    difference_ax.plot(at, found.estimate, color=look[0], linestyle=look[1], label=task)
difference_ax.axhline(0, color=plots.GREY, linewidth=1.2, linestyle="-")
difference_ax.set(
    title="OU − independent",
    xticks=(0, 4000, 8000),
    xlabel="environment steps per seed",
    ylabel="share of the range",
)
plots.label_lines(difference_ax, wrap=9)
plots.show(
    fig,
    alt="Returns of DDPG with OU and with independent noise on two tasks, and their paired differences, n = 30",
)

# %% [markdown]
# Numbers:

# %% tags=["hide"]
for task in TASKS:
    late = {name: curve[:, at > 4000].mean(axis=1) for name, curve in noises[task].items()}
    print(f"{task}, mean return after step 4000, n = 30")
    for name, returns in late.items():
        print(f"   {name:12} {interval(returns)}")
    for first in (0, 10, 20):
        part = slice(first, first + 10)
        print(
            f"   OU − independent, seeds {first} to {first + 9}: {interval(late['OU'][part] - late['independent'][part])}"
        )

# %% [markdown]
# Thirty seeds do not decide it. On the pendulum the curves lie on each other, and the paired difference covers 0 in each set of ten seeds. On the mass 15 of 30 agents hold the goal at the end with OU, 13 of 30 without; the others never met it, or met it and learnt nothing: the returns cannot tell which.
# (Thick lines are means of the middle half of the seeds.) The difference covers 0 in each set here too, but reaches 13 % of the range: a gain of that size is not excluded.
#
# Fujimoto et al. (section 6.1) found no benefit of OU; Eberhard et al. report that noise between white and OU helps, over many tasks.
#
# ## Summary
#
# - Memory decides where unsteered pushes go: more of it carries further, and past what lies near; most *different* states are met in between. In training we saw no reliable difference.
# - The Ornstein–Uhlenbeck line has memory $m = 1 - \theta\Delta t$, variance $\sigma^2\Delta t/(1 - m^2)$ and autocorrelation $m^k$.
# - A replay buffer turns a stream of near copies into a batch that covers what was visited, and lets every transition be used often.
# - A slow copy in the target moves the boundary between settling and exploding, at the price of speed; some critics no copy saves.
# - DDPG is these parts around two gradients, and each is one field of `DDPG`. A terminal state has no future; a time limit is no end.
#
# ## Exercises
#
# 1. ★ (5 minutes) A noise has $\Delta t = 1$, memory 0.9 and standard deviation 0.2 at rest. What are its $\theta$ and $\sigma$?
#    <details><summary>Answer</summary>θ = 1 − 0.9 = 0.1, and σ = 0.2 · √(1 − 0.81) = 0.0872.</details>
# 2. ★★ (10 minutes) After how many updates is half of a slow copy new at $\tau = 0.01$? At which $\tau$ is half of it new after ten?
#    <details><summary>Hint</summary>(1 − τ)ᵏ = ½.</details>
#    <details><summary>Answer</summary>k = ln 2 / −ln 0.99 = 68.97, so 69; and τ = 1 − 2^(−1/10) = 0.067.</details>
# 3. ★★ (15 minutes) Show that for $w \to 2w$ the radius is above 1 at every $\tau$ once $\gamma > \tfrac12$.
#    <details><summary>Hint</summary>Write M for one weight: its rows are (1 − α, 2γα) and (τ(1 − α), 1 − τ + 2γατ). What is det(M − I)?</details>
#    <details><summary>Answer</summary>det(M − I) = −α · (2γα τ − τ) − 2γα · τ(1 − α) = ατ(1 − 2γ). For α, τ > 0 it is negative once γ > ½; a real 2×2 matrix with negative determinant has real eigenvalues of opposite sign, so M has one above 1.</details>
# 4. ★★★ (20 minutes) In section 4 let the copy stand still for $N$ updates and then jump. From which $N$ on do the three states settle?
#    <details><summary>Hint</summary>With w′ fixed, w after N updates is Gᴺw + (1 − Gᴺ)C⁻¹Fw′ with G = 1 − αC; after the jump both are equal (F and C as under *Further*).</details>
#    <details><summary>Answer</summary>The radius of Gᴺ + (1 − Gᴺ)C⁻¹F is above 1 for N ≤ 25 and below 1 from N = 26 on.</details>

# %% [markdown]
# ## Further · Which critics a slow copy saves
#
# Let the copy stand still until $w$ fits its target as well as the features allow, and then jump. Each jump multiplies it by $C^{-1}F$ with $C = \Phi^\top D\,\Phi$ and $F = \gamma\,\Phi^\top D P\,\Phi$ (set the update of section 4 to 0). For the three states this
# matrix has the radius 0.9, so patience helps; for $w$ and $2w$ it is $2\gamma = 1.98$, and no patience does. Polyak's average spreads the jump.

# %% [markdown]
# ## Further · How far the noise carries a mass
#
# Memory multiplies the distance; by how much can be computed. Let a push last $h = 0.1$ s. After $T$ steps the push of step $t$ has moved the mass by $c_t\,x_t$ with $c_t = h^2\,(T - t - \tfrac12)$: $\tfrac12 h^2 x_t$ during its own step, and its speed $h\,x_t$ for $h$ seconds in each of the
# $T-t-1$ later ones. So the mean square of the distance is $v\sum_{t,u} c_t\,c_u\,\rho_{|t-u|}$. Independent pushes keep only the terms $t = u$; memory adds the others, all positive for $m > 0$.

# %%
with receipts("20,000 masses", oracle="closed form") as same:
    for memory in (0.0, 0.85):
        squares = travel(0.3 * forces(memory, 20_000))[-1, :, 0] ** 2  # weak forces: none is cut at 1 N
        closed = rms_distance(memory ** np.arange(STEPS), 0.3 * SPREAD, 0.1)
        error = 4.5 * squares.std() / 20_000**0.5
        same(f"mean square of the distance after 10 s, $m = {memory:g}$", squares.mean(), closed**2, error)

# %% [markdown]
# ## Further · White, pink, red
#
# Noise is also told apart by its **spectrum**, the power at each frequency $f$. Of independent noise it is the same at every $f$ (white); *pink* noise has the power $f^{-1}$, *red* noise $f^{-2}$, OU noise something else: flat below, red above,
# $$S(f) = \sum_k \rho_{|k|}\,e^{-2\pi ifk} = \frac{1-m^2}{1+m^2-2m\cos 2\pi f}.$$
# (Sum two geometric series.) Four noises of standard deviation 0.3, 100 steps each; red and pink ones are white noise whose frequencies were scaled, so that they go round: they end where they began.

# %% tags=["hide"]
WHITE = np.random.default_rng(0).standard_normal((STEPS, EPISODES))
FOUR = {
    "white": (SPREAD * WHITE, np.eye(1, STEPS)[0], (plots.ORANGE, plots.DASHES)),
    "OU": (forces(0.85, EPISODES), 0.85 ** np.arange(STEPS), (plots.BLUE, "-")),
    "pink": (
        SPREAD * coloured_noise(WHITE, 1),
        coloured_autocorrelation(STEPS, 1),
        (plots.PURPLE, plots.DOTS),
    ),
    "red": (SPREAD * coloured_noise(WHITE, 2), coloured_autocorrelation(STEPS, 2), (plots.VERMILION, "-.")),
}
SPECTRA = {"white": np.ones(51), "pink": coloured_spectrum(STEPS, 1), "red": coloured_spectrum(STEPS, 2)}
SPECTRA["OU"] = ou_spectrum(0.15, 1, np.arange(51) / STEPS)
force_ax, spectrum_ax, energy_ax = plots.axes(fig := plots.figure(11, 4), 1, 3)
stiff = np.logspace(-1, 2, 61)
for level, (name, (force, rho, (colour, line))) in enumerate(FOUR.items()):
    force_ax.plot(force[:, 3] - 2 * level, color=colour, linewidth=1.2, linestyle="-")
    measured = (abs(np.fft.rfft(force, axis=0)) ** 2).mean(axis=1) / STEPS / SPREAD**2
    spectrum_ax.plot(np.arange(1, 51) / STEPS, SPECTRA[name][1:], color=colour, linestyle=line, label=name)
    spectrum_ax.plot(np.arange(1, 51) / STEPS, measured[1:], ".", color=colour, markersize=4, label="_dots")
    energy = [oscillator_energy(rho, SPREAD, 0.1, k) for k in stiff]
    energy_ax.plot(stiff, energy, color=colour, linestyle=line, label=name)
    soft, hard = (oscillator_energy(rho, SPREAD, 0.1, k) for k in (1, 10))
    print(
        f"{name:6} {cells_entered(travel(force)):4.0f} cells; energy {soft:.3f} J at 1 N/m, {hard:.3f} J at 10 N/m"
    )
force_ax.set(title="one force of each", xlabel="step", yticks=[-6, -4, -2, 0], xlim=(0, STEPS))
force_ax.set_yticklabels([*FOUR][::-1])
spectrum_ax.set(xscale="log", yscale="log", xlabel="frequency f (cycles a step)", title="power")
energy_ax.set(xscale="log", yscale="log", xlabel="stiffness (N/m)", title="energy of a spring (J)")
plots.label_lines(spectrum_ax)
plots.label_lines(energy_ax)
plots.show(
    fig, alt="Forces, spectra and the energy that they bring to a spring: white, OU, pink and red noise"
)

# %% [markdown]
# Lines are formulas, dots the 400 forces drawn (OU's lie above its line where the line falls: a window of 100 steps, whose ends do not meet, smears power). On the right the same forces push a mass on a spring for ten seconds, from rest: the expected energy, exact, for springs from soft to stiff. A spring of stiffness $c$ swings at the frequency $\sqrt c\,h/2\pi$, and what it gains is
# the power there. So red noise brings most energy to a soft spring and least to a stiff one; the cells of section 1 are entered about equally by OU, pink and red noise, and much less by white. *The colour must fit the task*, and a task's frequency is seldom known.

# %%
with receipts("20,000 springs, moved by matrices", oracle="power at the spring's frequency") as same:
    motion, push = np.array([[np.cos(0.1), np.sin(0.1)], [-np.sin(0.1), np.cos(0.1)]]), np.sin([0.05, 0.1])
    push = np.array([2 * push[0] ** 2, push[1]])  # 1 N/m, 1 kg: the force is held for 0.1 s
    for name, exponent in (("white", 0), ("pink", 1), ("red", 2)):
        force = SPREAD * coloured_noise(np.random.default_rng(5).standard_normal((STEPS, 20_000)), exponent)
        state = np.zeros((2, 20_000))
        for a in force:
            state = motion @ state + push[:, None] * a
        energy = 0.5 * (state**2).sum(axis=0)
        closed = oscillator_energy(coloured_autocorrelation(STEPS, exponent), SPREAD, 0.1, 1)
        same(f"energy, {name}", energy.mean(), closed, 4.5 * energy.std() / 20_000**0.5)

# %% [markdown]
# ## Sources
#
# - Lillicrap et al., *Continuous control with deep reinforcement learning*, ICLR 2016, [arXiv:1509.02971](https://arxiv.org/abs/1509.02971): algorithm 1; the noise with θ = 0.15, σ = 0.2.
# - Silver et al., *Deterministic policy gradient algorithms*, ICML 2014: the theorem behind line 9.
# - Uhlenbeck, Ornstein, *On the theory of the Brownian motion*, Physical Review 36, 1930.
# - Fujimoto, van Hoof, Meger, *Addressing function approximation error in actor-critic methods*, ICML 2018, [arXiv:1802.09477](https://arxiv.org/abs/1802.09477): section 6.1, uncorrelated noise.
# - Sutton, Barto, *Reinforcement learning*, 2018: section 11.2, $w \to 2w$ in this form.
# - Tsitsiklis, Van Roy, *Feature-based methods for large scale dynamic programming*, Machine Learning 22, 1996: where $w \to 2w$ comes from.
# - Eberhard et al., *Pink noise is all you need*, ICLR 2023.
# - Mnih et al., *Human-level control through deep reinforcement learning*, Nature 518, 2015: replay and target networks.
# - Pardo et al., *Time limits in reinforcement learning*, ICML 2018, [arXiv:1712.00378](https://arxiv.org/abs/1712.00378): interruptions that are no ends.
