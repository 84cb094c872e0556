# %% [markdown] tags=["head"]
# # Lecture 11 · TRPO
#
# question: A gradient says in which direction to change a policy. How far may one step, and how can one be sure?
# objectives:
# - **derive** TRPO's constrained problem from the improvement bound, and **name** its three approximations
# - **compute** the step $\sqrt{2\delta/s^\top Fs}\;s$ with $Fs = g$, and **check** it against a dense solve
# - **say** what the line search checks, and what happens when nothing passes
# - **explain** why advantage and action value give one gradient and two variances
# - **read** the whole update of `TRPO`, line by line
# needs:
# - 10: the Fisher matrix, conjugate gradient, the natural gradient
# - 09: models, radii, and who checks
# - 08: the surrogate $L$ and the improvement bound
# - 04: advantages by GAE
# symbols: s, a, \gamma, \pi, \theta, \eta, V^\pi, A^\pi, Q^\pi, d^\pi, L, \delta, \alpha, \mathbb E
# - $g$: gradient of $L$ at $\theta_{\mathrm{old}}$, the policy gradient
# - $F$: Fisher matrix, the Hessian of the mean KL divergence at $\theta_{\mathrm{old}}$
# - $x$: step $\theta-\theta_{\mathrm{old}}$
# - $\beta$: length of the step along $F^{-1}g$
# - $\lambda$: multiplier of the constraint, $1/\beta$
# - $C$: penalty coefficient of lecture 08's bound
# - $\epsilon$: how far PPO lets a probability ratio move, to $1\pm\epsilon$
# - $r$: ratio $\pi_\theta(a\mid s)/\pi_{\mathrm{old}}(a\mid s)$
# - $\bar D_{\mathrm{KL}}$: KL divergence of the new policy from the old one, averaged over the states that the old one visits
# - $z$: number of a room, $-2$ to $2$; its lamp is in room 0
# homework: 5

# %% tags=["import", "hide"]
from dataclasses import replace

import numpy as np
import torch

from rlcourse import plots
from rlcourse.agents import Spaces
from rlcourse.algorithms.trpo import TRPO
from rlcourse.equations import markov
from rlcourse.equations.solvers import conjugate_gradient, flat_gradient, full_step
from rlcourse.pages import pseudocode, receipts
from rlcourse.parts.randomness import INITIALISE, Streams
from rlcourse.training import train
from rlcourse.widgets import Choice, Slider, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · One policy, four steps (14 minutes)
#
# Five rooms in a row; a lamp in the middle one pays 1 for every step that begins there. A step goes to the left or to the right, one in ten slips the other way, and a step against a wall goes nowhere. The robot starts at the left wall.

# %% tags=["hide"]
ROOMS = np.arange(-2, 3)


def corridor_with_a_lamp(slip=0.1, gamma=0.9):
    room = np.arange(5)
    left, right = np.eye(5)[np.maximum(room - 1, 0)], np.eye(5)[np.minimum(room + 1, 4)]
    ways = np.stack([(1 - slip) * left + slip * right, slip * left + (1 - slip) * right], axis=1)
    return markov.MDP(ways, np.repeat((room == 2.0)[:, None], 2, axis=1), np.eye(5)[0], gamma)


WORLD = corridor_with_a_lamp()
plots.mdp(
    WORLD, states=[f"{x:+d}" if x else "lamp" for x in ROOMS], actions=["left", "right"], layout="chain"
)

# %% [markdown]
# The policy has two parameters, a *drift* $\theta_0$ and a *steering* $\theta_1$: in room $z\in\{-2,\dots,2\}$ it goes to the right with probability $1/(1+e^{-(\theta_0-\theta_1z)})$. So a policy is a point of a plane, and its return $\eta$ the height there.


# %%
FEATURES = np.stack([np.ones(5), -ROOMS], axis=-1)  # ∂ logit / ∂θ in each room, [5, 2]


def policy(theta):
    """θ [..., 2] -> π [..., 5 rooms, 2 actions]."""
    right = 1 / (1 + np.exp(-np.asarray(theta) @ FEATURES.T))
    return np.stack([1 - right, right], axis=-1)


def gradient(theta):
    """∇η, by the chain rule from the logit of *right* in each room."""
    return markov.policy_gradient(WORLD, policy(theta))[:, 1] @ FEATURES


def fisher(theta):
    """F = Σ_s d(s) (Hessian of the KL in room s)."""
    pi = policy(theta)
    weight = markov.visitation(WORLD, pi) * pi[:, 0] * pi[:, 1]
    return (FEATURES * weight[:, None]).T @ FEATURES


# %% [markdown]
# And what of another policy is asked for: its divergence, what $L$ promises, and what comes.


# %%
def mean_kl(old, new):
    """Σ_s d_old(s) KL(π_old(·|s) ‖ π_new(·|s)), for new [..., 2]."""
    return markov.kl(policy(old), policy(new)) @ markov.visitation(WORLD, policy(old))


def surrogate(old, new):
    """L_old(new), for new [..., 2]."""
    return markov.surrogate(WORLD, policy(new), policy(old))


def height(theta):
    """η, for θ [..., 2]."""
    return markov.expected_return(WORLD, policy(theta))


# %% [markdown]
# From one point, four ways to step: up the gradient, $\theta+\alpha g$; along the natural gradient with the same $\alpha$; TRPO with its $\delta$; and PPO, lecture 12's rival, which climbs $L$ with ratios clipped at $1\pm\epsilon$. The black dot is the start, and each method has the mark that stands beside its name. The green line encloses the policies whose mean KL divergence from the start is at most $\delta$.
#
# **Try.** Start from *drifts right*, always at the wrong wall: which $\alpha$ frees the gradient? What does the same $\alpha$ do to the natural gradient? Then find one $\alpha$ that is good at every start, and one $\delta$.


# %% tags=["hide"]
STARTS = {"drifts right": (3.0, 0.0), "undecided": (0.5, 0.0), "drifts left": (-2.0, -0.5)}
GRID = np.linspace(-6, 6, 73)
PLANE = np.stack(np.meshgrid(GRID, GRID), axis=-1)
HEIGHT = height(PLANE)
LOOK = {  # colour, marker, line
    "gradient": (plots.ORANGE, "s", plots.DASHES),
    "natural gradient": (plots.PURPLE, "D", plots.DOTS),
    "TRPO": (plots.GREEN, "o", "-"),
    "PPO": (plots.VERMILION, "^", plots.DASH_DOT),
}


# %% [markdown]
# The steps of TRPO and PPO (the code is hidden; open it if you like):


# %% tags=["hide"]
def trpo_path(start, delta):
    """The points that TRPO's line search tries, the last one accepted; the start alone if none is."""
    g, tried = gradient(start), []
    s = np.linalg.solve(fisher(start), g)
    for j in range(10):
        tried.append(start + 0.8**j * np.sqrt(2 * delta / (g @ s)) * s)
        if surrogate(start, tried[-1]) > height(start) and mean_kl(start, tried[-1]) <= delta:
            return [start, *tried]
    return [start]


# %% [markdown]
# PPO climbs its clipped objective in 300 small steps:


# %% tags=["hide"]
def ppo_path(start, epsilon, steps=300, rate=0.05):
    """Gradient ascent on E[min(r A, clip(r, 1 − ε, 1 + ε) A)]."""
    old = policy(start)
    A, d = markov.advantages(WORLD, old), markov.visitation(WORLD, old) / (1 - WORLD.gamma)
    path = [np.array(start)]
    for _ in range(steps):
        new = policy(path[-1])
        ratio = new / old
        clipped = ((A > 0) & (ratio > 1 + epsilon)) | ((A < 0) & (ratio < 1 - epsilon))
        pull = np.where(clipped, 0.0, A * new)  # π_old r A
        score = np.stack([-new[:, 1], new[:, 0]], axis=-1)  # ∂ log π(a|s) / ∂ logit
        path.append(path[-1] + rate * (d * (pull * score).sum(-1)) @ FEATURES)
    return path


def steps_from(start, alpha, delta, epsilon):
    """{method: points from the start to the new policy}."""
    start = np.array(start)
    g = gradient(start)
    return {
        "gradient": [start, start + alpha * g],
        "natural gradient": [start, start + alpha * np.linalg.solve(fisher(start), g)],
        "TRPO": trpo_path(start, delta),
        "PPO": ppo_path(start, epsilon),
    }


# %% [markdown]
# The map, with what each step brought beside it:


# %% tags=["hide"]
def draw_steps(fig, start="drifts right", alpha=1.0, delta=0.1, epsilon=0.2):
    ax, bars = plots.axes(fig, 1, 2, width_ratios=(1.5, 1))
    origin = np.array(STARTS[start])
    ax.contourf(GRID, GRID, HEIGHT, levels=np.linspace(0, 5, 21), cmap="Greys_r", alpha=0.75)
    circle = {"levels": [delta], "colors": plots.GREEN, "linewidths": 2, "linestyles": "-"}
    ax.contour(GRID, GRID, mean_kl(origin, PLANE), **circle)
    found = steps_from(origin, alpha, delta, epsilon)
    gains, divergences, numbers = [], [], {}
    for name, path in found.items():
        colour, mark, line = LOOK[name]
        end = path[-1]
        shown = np.clip(end, -6, 6)
        route = np.array([origin, shown]) if name == "TRPO" else np.clip(path, -6, 6)
        ax.plot(*route.T, color=colour, linestyle=line, linewidth=2)
        face = colour if (shown == end).all() else "white"
        big = {"markersize": 9, "clip_on": False, "zorder": 5}
        ax.plot(*shown, mark, color=colour, markerfacecolor=face, label=name, **big)
        gains.append(float(height(end) - height(origin)))
        divergences.append(float(mean_kl(origin, end)))
        numbers[f"{name}: gain"], numbers[f"{name}: KL"] = gains[-1], divergences[-1]
    ax.plot(*origin, "o", color=plots.BLACK, markersize=8, zorder=6)
    ax.set(xlim=(-6, 6), ylim=(-6, 6), xlabel="drift θ₀", ylabel="steering θ₁")
    ax.set_title("return η, from 0 (dark) to 5 (light)")
    for at, (name, gain) in enumerate(zip(found, gains, strict=True)):
        bars.barh(3 - at, gain, color=LOOK[name][0], height=0.6)
        words, where = f"{name}, KL {divergences[at]:.2g}", bars.get_yaxis_transform()
        bars.text(0.385, 3.36 - at, words, transform=where, fontsize=11)
        bars.plot(0.345, 3.44 - at, LOOK[name][1], color=LOOK[name][0], markersize=8, transform=where)
    bars.axvline(0, color=plots.BLACK, linewidth=1, linestyle="-")
    bars.set(xlim=(-1.5, 3.5), ylim=(-0.6, 3.8), yticks=[], xlabel="gain in return")
    bars.set_title("what the step brought")
    return numbers


# %% [markdown]
# A hollow mark lies outside of the map.


# %% tags=["hide"]
lab_steps = explore(
    draw_steps,
    alt="The return over two parameters with a step of gradient, natural gradient, TRPO and PPO from one start, and what each brought",
    size=(11, 5),
    settings={
        "a leap from the right": {"start": "drifts right", "alpha": 10.0},
        "undecided, the same step": {"start": "undecided", "alpha": 10.0},
        "drifts left": {"start": "drifts left", "alpha": 1.0},
        "a wide region": {"delta": 1.0},
    },
    start=Choice("", "start", options=list(STARTS)),
    alpha=Slider("α", "step size of both gradients", min=0.01, max=10.0, log=True),
    delta=Slider("δ", "largest mean KL, nats", min=0.001, max=1.0, log=True),
    epsilon=Slider("ε", "clip", min=0.05, max=0.5, step=0.05),
)
lab_steps

# %% [markdown]
# From *drifts right* the gradient is tiny, as the robot hardly ever takes the action that would teach it something: $\alpha = 1$ gains 0.03, and even $\alpha = 10$ only 0.87. With that $\alpha$ the natural gradient leaps past the ridge to the other wall and loses 0.95; from *undecided* the same $\alpha$ gains 2.07 with either. No step size suits all starts.
# TRPO's one $\delta = 0.1$ gains 0.30, 0.73 and 0.30 from the three, and its divergence never exceeds 0.1. PPO bounds ratios, not divergences: at $\epsilon = 0.2$ its steps have 0.019, 0.28 and 0.036 nats (lecture 12).
#
# So the question has two parts. *In what unit is a step measured*, so that one number suits every policy? *Who checks* that the step did what was promised?
#
# ## 2 · From a bound to a constraint (15 minutes)
#
# Lecture 08 ended with a guarantee. With $C = 4\gamma\max|A^\pi|/(1-\gamma)^2$,
# $$\eta(\pi) \ge L_{\mathrm{old}}(\pi) - C\,\max_s D_{\mathrm{KL}}(\pi_{\mathrm{old}}(\cdot|s)\,\|\,\pi(\cdot|s)),\qquad L_{\mathrm{old}}(\pi) = \eta(\pi_{\mathrm{old}}) + \tfrac1{1-\gamma}\,\mathbb E_{s\sim d^{\mathrm{old}},\,a\sim\pi}\,A^{\mathrm{old}}(s,a).$$
# Whoever maximises the right side at each step never gets worse: this is Algorithm 1 of Schulman et al. How far does such a step go?

# %% tags=["hide"]
predict(
    "From *undecided*, Algorithm 1 maximises $L - C\\max_s D_{\\mathrm{KL}}$ exactly. How large is the KL divergence of its step?",
    {
        "about 0.1": "The largest radius of lecture 08b's figures. The penalty allows far less.",
        "about 0.01": "What is set by hand in many programs, and still far more than the penalty allows.",
        "below 0.0001": "",
    },
    answer="below 0.0001",
    ordered=True,
    why="$C$ is 215 here, the gain grows with the square root of the divergence, and the best of $a\\sqrt d - Cd$ lies at $d = (a/2C)^2$.",
)

# %% [markdown]
# The package solves Algorithm 1's step exactly:

# %%
undecided = policy(STARTS["undecided"])
C = markov.penalty_coefficient(WORLD, undecided)
_, radius = markov.minorise_maximise_step(WORLD, undecided)
print(f"C = {C:.0f}: the step of the guarantee has a KL divergence of {radius:.1e} nats")

# %% [markdown]
# So theory is given up where it costs most, in three places.
#
# 1. **A constraint for the penalty.** "Maximise $L$ where $\max_s D_{\mathrm{KL}}\le\delta$": a radius that one sets, $0.01$ say, in the place of a coefficient that one can prove.
# 2. **The mean for the maximum** over states. A maximum over all states cannot be sampled, a mean can:
# $$\boxed{\;\max_\theta\ L_{\mathrm{old}}(\theta)\qquad\text{subject to}\qquad \bar D_{\mathrm{KL}} = \mathbb E_{s\sim d^{\mathrm{old}}}\,D_{\mathrm{KL}}(\pi_{\mathrm{old}}(\cdot|s)\,\|\,\pi_\theta(\cdot|s)) \le \delta\;}$$
# 3. **Samples for expectations.** $\sum_a\pi_\theta(a|s)A = \mathbb E_{a\sim\pi_{\mathrm{old}}}[r\,A]$ with the ratio $r = \pi_\theta(a|s)/\pi_{\mathrm{old}}(a|s)$: a batch of the old policy suffices, and its error is ignored.
#
# What does each cost? For every policy on the line $\bar D_{\mathrm{KL}} = \delta$ the true gain, what $L$ promised, and the largest KL divergence of a state:


# %%
def on_the_line(start, delta, n=720):
    """Points whose mean KL divergence from the start is δ, in n directions, by bisection."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    direction, low, high = np.stack([np.cos(angle), np.sin(angle)], -1), np.zeros(n), np.full(n, 60.0)
    for _ in range(60):
        middle = (low + high) / 2
        inside = mean_kl(start, start + middle[:, None] * direction) < delta
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return start + low[:, None] * direction


print("start               δ    best of L: promised   came   largest KL of a state")
for name, start in STARTS.items():
    for delta in (0.001, 0.01, 0.1):
        line = on_the_line(np.array(start), delta)
        best = line[np.argmax(surrogate(start, line))]
        promised, came = surrogate(start, best) - height(start), height(best) - height(start)
        worst = markov.max_kl(policy(start), policy(best))
        print(f"{name:15} {delta:6}   {promised:18.3f} {came:6.3f}   {worst:8.4f} = {worst / delta:.1f} δ")

# %% [markdown]
# The step of the guarantee has two hundred times less divergence than $\delta = 0.01$. The surrogate keeps its word up to there, within 6 %; at $\delta = 0.1$, from *drifts left*, it promises 0.55, and 0.28 comes: that start hardly ever leaves the left wall, so $d^{\mathrm{old}}$ says little about the rooms that matter. The mean hides states for the same reason: there a room that is seldom visited changes by 34 to 57 times $\delta$, while the average is satisfied.
#
# ### Advantage or action value?
#
# The paper writes $Q$ in the place of $A$ in the sampled objective, as do many notes. Is that allowed?

# %% tags=["hide"]
predict(
    "In $\\mathbb E[r\\,A]$, put $Q^{\\mathrm{old}}$ for $A^{\\mathrm{old}}$. What changes?",
    {
        "nothing at all": "In the mean nothing changes. A batch is a sample, though, and samples have variances.",
        "the mean gradient, by V times something": "That something is $\\mathbb E_{a\\sim\\pi}\\nabla\\log\\pi = 0$.",
        "only the variance of a sampled gradient": "",
    },
    answer="only the variance of a sampled gradient",
    why="$Q = A + V$, and $V$ does not depend on the action: a baseline, as in lecture 03, costs nothing in the mean.",
)


# %% [markdown]
# Both moments of a sample, by enumeration of all rooms and actions:


# %%
def score_moments(theta, weight):
    """Mean and summed variance of ∇log π(a|s) weight(s, a) over s ~ d, a ~ π: exactly, by enumeration."""
    pi = policy(theta)
    score = np.stack([-pi[:, 1], pi[:, 0]], axis=1)[..., None] * FEATURES[:, None]  # [s, a, parameter]
    chance = markov.visitation(WORLD, pi)[:, None] * pi
    sample = score * weight[..., None] / (1 - WORLD.gamma)
    mean = np.einsum("sa,sap->p", chance, sample)
    return mean, np.einsum("sa,sap->", chance, (sample - mean) ** 2)


with receipts("mean of the sampled gradient", oracle="finite differences of η") as same:
    for name, start in STARTS.items():
        start, h, pi = np.array(start), 1e-5, policy(start)
        nudged = [(height(start + e) - height(start - e)) / (2 * h) for e in h * np.eye(2)]
        (with_a, var_a), (with_q, var_q) = (
            score_moments(start, w) for w in (markov.advantages(WORLD, pi), markov.q_values(WORLD, pi))
        )
        same(f"with A, {name}: variance {var_a:.1f}", with_a, nudged, 1e-7)
        same(f"with Q, {name}: variance {var_q:.1f}", with_q, nudged, 1e-7)

# %% [markdown]
# One gradient, two variances: 1.2 against 8.1, 2.8 against 218, 1.4 against 5.3. $Q$ carries the value of the state, which is large where the lamp is near and says nothing about the action. That is why `TRPO` uses advantages, by GAE, and normalises them.
#
# ## 3 · The step (17 minutes)
#
# The boxed problem has no closed form. Near $\theta_{\mathrm{old}}$, with $x = \theta-\theta_{\mathrm{old}}$:
#
# **Step 1.** $L$ is linear to first order: $L(\theta)\approx L(\theta_{\mathrm{old}}) + g^\top x$, and $g = \nabla L = \nabla\eta$ there (lecture 08).
#
# **Step 2.** $\bar D_{\mathrm{KL}}$ has value 0 and slope 0 at $\theta_{\mathrm{old}}$, its minimum. So it begins with its Hessian, $\bar D_{\mathrm{KL}}\approx\tfrac12x^\top Fx$, and $F$ is the Fisher matrix (lecture 10).
#
# **Step 3.** Maximise $g^\top x$ subject to $\tfrac12x^\top Fx\le\delta$. The best $x$ lies on the edge, and the Lagrangian $g^\top x - \lambda(\tfrac12x^\top Fx-\delta)$ has slope 0: $g = \lambda Fx$. So $x = \tfrac1\lambda F^{-1}g$.
#
# **Step 4.** With $Fs = g$ and $x = \beta s$ the edge asks for $\tfrac12\beta^2s^\top Fs = \delta$:
# $$\boxed{\;x = \beta s,\qquad \beta = \sqrt{\frac{2\delta}{s^\top Fs}},\qquad \lambda = \frac1\beta = \sqrt{\frac{s^\top Fs}{2\delta}}\;}$$
#
# The direction is the natural gradient. The length is new: it is set by $\delta$, in nats, whatever the scale of rewards or parameters. $F$ is taken analytically: the KL divergence in a state sums over *all* its actions, so that $F$ does not depend on the actions that were drawn (Schulman et al. 2015, section 6).
#
# In a network $F$ is never formed. `solver` is a field of `TRPO`, so we put in a function that also forms $F$, column by column, for a small network: four hidden units, one batch of the pendulum. The search is replaced, too, by one that takes the full step and keeps it. So everything below is what `TRPO` itself computed.

# %%
seen = {}


def watched(F, g, iterations):
    """Conjugate gradient; and F as a matrix, column by column, into `seen`."""
    seen["F"] = torch.stack([F(e) for e in torch.eye(len(g))], dim=-1)
    seen["g"], seen["s"] = g, conjugate_gradient(F, g, iterations)
    return seen["s"]


def kept(move_to, start, step, *rest):
    seen["x"] = step.clone()
    return start + step


small = TRPO(
    hidden=(4,), num_envs=4, horizon=64, damping=0.1, fisher_fraction=1.0, max_kl=1e-4, cg_iterations=40,
    orthogonal=False, solver=watched, line_search=kept,
)  # fmt: skip
train(small, "Pendulum-v1", 256, seeds=1, evaluation_episodes=1)

# %% [markdown]
# $s$ is the direction and $x$ the step that was taken; each beside a dense solve with the matrix.

# %%
F, g, s, x = (seen[name].double().numpy() for name in "Fgsx")
dense = np.linalg.solve(F, g)
delta, multiplier = small.max_kl, np.sqrt(g @ dense / (2 * small.max_kl))
with receipts("TRPO's step, network of 22 numbers", oracle="dense linear algebra") as same:
    same("direction $s$, beside $F^{-1}g$", s, dense, 1e-3 * np.abs(dense).max())
    same(r"step $x$, beside $F^{-1}g/\lambda$", x, dense / multiplier, 1e-3 * np.abs(x).max())
    same("$F$ is symmetric", F, F.T, 1e-4)
    same("lowest eigenvalue of $F$: the damping", np.linalg.eigvalsh(F)[0], 0.1, 1e-3)
    same(r"$\frac12x^\top Fx$ in units of $\delta$", 0.5 * x @ F @ x / delta, 1.0, 1e-3)
    same(r"$\lambda Fx$, beside $g$", multiplier * F @ x, g, 1e-3 * np.abs(g).max())

# %% [markdown]
# How good is the quadratic model? In the corridor the true divergence of the full step is known exactly.

# %% tags=["hide"]
predict(
    "The model says that a full step has $\\bar D_{\\mathrm{KL}} = \\delta$. At which $\\delta$ is the truth off by more than a tenth, from *drifts right*?",
    {
        "only above 1": "The error is of third order in the step. But $\\delta$ is of second order, so the relative error falls only with its root.",
        "already at 0.01": "",
        "never: the Hessian is exact": "The Hessian is, at the start. The divergence bends away from it.",
    },
    answer="already at 0.01",
    why="Third order over second order leaves $\\sqrt\\delta$: a hundredth in $\\delta$ is a tenth in the relative error, times a constant.",
)

# %% [markdown]
# For each start, the full step at 25 radii:

# %%
deltas = np.geomspace(1e-6, 1, 25)
off = {}
for name, start in STARTS.items():
    start = np.array(start)
    s = np.linalg.solve(fisher(start), gradient(start))
    beta = np.sqrt(2 * deltas / (s @ gradient(start)))
    off[name] = mean_kl(start, start + beta[:, None] * s) / deltas - 1

# %% [markdown]
# The relative error of the model, over $\delta$:

# %% tags=["hide"]
fig = plots.figure(8, 3.9)
ax = plots.axes(fig)
for (name, error), look in zip(
    off.items(),
    ((plots.BLUE, "-"), (plots.ORANGE, plots.DASHES), (plots.PURPLE, plots.DASH_DOT)),
    strict=True,
):
    ax.plot(deltas, np.abs(error), color=look[0], linestyle=look[1], label=name)
    slope = np.log(abs(error[8] / error[0])) / np.log(deltas[8] / deltas[0])
    print(
        f"{name:15} slope {slope:.2f};  true KL / δ at δ = 0.01: {1 + error[16]:.3f}, at 1: {1 + error[24]:.2f}"
    )
    assert abs(slope - 0.5) < 0.05
ax.plot(deltas, deltas**0.5, color=plots.GREY, linestyle=plots.DOTS, label="√δ")
ax.set(xscale="log", yscale="log", xlabel="δ (nats)", ylabel="|true KL − δ| / δ")
ax.set_title("Relative error of the quadratic model: slope ½")
plots.label_lines(ax)
plots.show(fig, alt="Relative error of the model's KL over δ from three starts, all of slope one half")

# %% [markdown]
# At small $\delta$ all three lines have slope $\tfrac12$, as the step's third order over its second must. (The dip of *undecided* is a change of sign: there the truth falls from above $\delta$ to below it.) At $\delta = 0.01$ the true divergence is 1.27 and 1.26 times $\delta$ from the drifting starts, and 1.01 times from *undecided*; at $\delta = 1$ it is three times too large from *drifts right*, and a quarter too small from *undecided*. The step that solves the model exactly breaks the constraint that it was made for. Somebody has to look.
#
# ## 4 · Who checks (10 minutes)
#
# TRPO tries $\theta_{\mathrm{old}}+0.8^jx$ for $j = 0,1,\dots,9$ and takes the first one at which, on the batch and without any model,
# $$L(\theta) > L(\theta_{\mathrm{old}})\qquad\text{and}\qquad \bar D_{\mathrm{KL}}\le\delta.$$
# If none passes, the policy stays as it was, bit for bit. (You write this search in homework 5; `line_search` is a field of `TRPO`, so yours can train.)
#
# Lecture 11b reads a much-copied program that never looks at the second. How often does the full step fail? In the corridor, from 200 random starts:

# %%
rng, counts = np.random.default_rng(0), {}
starts = rng.uniform(-4, 4, (200, 2))
for delta in (0.01, 0.1, 1.0):
    found = []
    for start in starts:
        s = np.linalg.solve(fisher(start), gradient(start))
        new = start + np.sqrt(2 * delta / (s @ gradient(start))) * s
        path = trpo_path(start, delta)
        found.append(
            (
                mean_kl(start, new) > delta, surrogate(start, new) <= height(start),
                height(new) < height(start), height(path[-1]) < height(start) - 1e-12,
            )
        )  # fmt: skip
        assert mean_kl(start, path[-1]) <= delta and surrogate(start, path[-1]) > height(start) - 1e-12
    counts[delta] = np.mean(found, axis=0)
    print(
        f"δ = {delta:4}: KL above δ {counts[delta][0]:.1%}, L not raised {counts[delta][1]:.1%}; "
        f"true return lower: full step {counts[delta][2]:.1%}, after the search {counts[delta][3]:.1%}"
    )

# %% [markdown]
# Seven full steps in ten break the constraint, at every $\delta$, if only by little where $\delta$ is small. $L$ rises from every one of these starts: the step goes uphill on the exact $L$, and is too short to come down again on the other side. On a batch, where $g$ and $F$ are estimates, nothing promises that, and the first check matters, too. At $\delta = 1$ the true return falls in 15.5 % of the full steps, and in 11.5 % of the searched ones: the search checks $L$ and the divergence, *not* $\eta$. Only a small $\delta$ makes $L$ worth believing.
#
# **"Old and new log-probabilities are identical. Is this a bug?"** So people ask again and again. At $\theta_{\mathrm{old}}$ every ratio is 1 and every divergence 0, of course; what is not 0 is the *gradient* of the one and the *Hessian* of the other.

# %%
pi = TRPO(hidden=(4,)).networks(Spaces(3, 2, False), Streams([0], INITIALISE)).policy
obs, action = torch.randn(1, 50, 3), torch.randn(1, 50, 2)
now = pi.graph(obs)
ratio = (now.log_prob(action) - now.log_prob(action).detach()).exp()
kl = now.detach().kl(now)
slope = flat_gradient(ratio.mean(), pi.parameters)
print(
    f"ratios {ratio.min():.6f} to {ratio.max():.6f}, largest KL {kl.max():.6f}; length of the ratios' gradient {slope.norm():.2f}"
)

# %% [markdown]
# ## 5 · Relatives (8 minutes)
#
# One problem, "maximise a model of $L$ inside a region", has four well-known answers.
#
# | model of $L$ | region | answer |
# |:---|:---|:---|
# | linear | $\tfrac12x^\top Fx\le\delta$ | natural gradient, of TRPO's length |
# | linear, less $\tfrac\lambda2x^\top Fx$ with a fixed $\lambda$ | none | natural gradient with a fixed step size $1/\lambda$ (Kakade) |
# | linear | $\tfrac12\lVert x\rVert^2\le\delta$ | plain gradient, of a fixed length |
# | $L$ itself | none, any table of actions | policy iteration |

# %%
start, delta = np.array(STARTS["undecided"]), 1e-6
g, line = gradient(start), on_the_line(start, delta)
angles = np.linspace(0, 2 * np.pi, 100_000)
circle = start + np.sqrt(2 * delta) * np.stack([np.cos(angles), np.sin(angles)], -1)
tables = np.eye(2)[np.array(np.meshgrid(*[[0, 1]] * 5)).reshape(5, -1).T]  # all 32 tables of actions
direction = {
    "best of $L$ where KL $\\le\\delta$": (
        line[np.argmax(surrogate(start, line))] - start,
        np.linalg.solve(fisher(start), g),
    ),
    "best of $L$ on a circle": (circle[np.argmax(surrogate(start, circle))] - start, g),
}
with receipts("direction of the best point", oracle="formula") as same:
    for name, (found, formula) in direction.items():
        same(name, found / np.linalg.norm(found), formula / np.linalg.norm(formula), 0.01)
    best = tables[np.argmax(markov.surrogate(WORLD, tables, policy(start)))]
    same("best of $L$ over all tables", best, markov.greedy_policy(WORLD, policy(start)), 1e-12)

# %% [markdown]
# ## 6 · The algorithm (22 minutes)
#
# Everything is there. The box is the paper's algorithm with its appendix C; beside it, the code that trains.

# %% tags=["hide"]
pseudocode(
    "TRPO, after Schulman et al. 2015, section 6 and appendix C, with advantages by GAE",
    r"""
    play a batch with $\pi_{\mathrm{old}}$; advantages $\hat A$ by the critic
    normalise $\hat A$ over the batch
    $g = \nabla_\theta\,\mathbb{E}[r(\theta)\,\hat A]$ at $\theta_{\mathrm{old}}$
    $v\mapsto Fv$: slope of the slope of $\bar D_{\mathrm{KL}}$, on part of the batch, plus damping
    $s\approx F^{-1}g$ by ten steps of conjugate gradient
    $x = \sqrt{2\delta/s^\top Fs}\;s$
    search $\theta_{\mathrm{old}}+0.8^jx$: $L$ higher and $\bar D_{\mathrm{KL}}\le\delta$, on the whole batch
    critic: some epochs of Adam towards $\hat A+V$
    """,
    TRPO.update,
    {1: "batch = rollout", 2: "advantage = standardised", 3: "g = flat_gradient", 4: "F = nets.policy.fisher_product",
     5: "s = self.solver", 6: "full_step =", 7: "theta, fraction", 8: "self.critic_fit"},
)  # fmt: skip

# %% [markdown]
# | helper | what it does |
# |:---|:---|
# | `nets.policy.graph(obs)` | $\pi_\theta(\cdot\mid s)$ with a graph for second derivatives |
# | `flat_gradient` | the gradient of all parameters as one vector a seed |
# | `fisher_product` | the Hessian of the KL divergence times a vector: one pass forwards and one backwards, $\mathbb{E}[J^\top MJ]\,v$ as in the paper's appendix C, where $J$ is the Jacobian of the outputs and $M$ the Fisher matrix of the distribution in them; the same numbers as the two backward passes of lecture 10b, sooner |
# | `move_to(theta)` | makes `theta` the policy and returns its gain and its divergence, measured |
#
# Live, on the pole: TRPO beside its step without the search. Widen $\delta$ from 0.03 to 1 and compare; then set `fraction of the batch` for $F$ to a tenth. *Max KL* and the methods without gradients wait in lecture 11b.

# %%
trpo = TRPO(hidden=(16,), horizon=256, gamma=0.99, minibatch_size=256, critic_lr=3e-3)
natural = replace(trpo, line_search=full_step)  # the natural gradient with TRPO's length, unchecked

# %% [markdown]
# The panel:

# %% tags=["hide"] stage={"ask": "At which δ does the natural gradient break down without the search?"}
panel = live(
    {"TRPO": trpo, "natural gradient": natural},
    "CartPole-v1",
    steps=40_000,
    seeds=4,
    recorded="recordings/11-live.json",
    title="TRPO, with and without the search",
    max_kl=Slider("δ", "largest mean KL", min=0.001, max=2.0, log=True),
    fisher_fraction=Slider("", "fraction of the batch for F", min=0.05, max=1.0, step=0.05),
)
panel

# %% [markdown]
# ## Summary
#
# - The guarantee of lecture 08 permits steps that lead nowhere. TRPO keeps its form and gives up three things: the penalty for a radius, the maximum over states for the mean, expectations for samples.
# - Linear $L$, quadratic $\bar D_{\mathrm{KL}}$: $x = \sqrt{2\delta/s^\top Fs}\,s$ with $Fs = g$. A step is measured in nats, so one $\delta$ suits flat and steep places.
# - The model's relative error grows like $\sqrt\delta$; therefore a search checks gain and divergence on the batch, and otherwise nothing changes.
# - $Q$ in the place of $A$ leaves the mean gradient and raises its variance.
# - Natural gradient, plain gradient and policy iteration solve the same problem with other models or regions.
#
# ## Exercises
#
# 1. ★ (5 minutes) Multiply all rewards by 10. What happens to $g$, $s$, $\beta$, and $x$? And to the natural gradient's step with a fixed $\alpha$?
#    <details><summary>Hint</summary>F does not know the rewards.</details>
#    <details><summary>Answer</summary>g and s grow tenfold, β = √(2δ/sᵀFs) falls to a tenth, x stays. The step with a fixed α grows tenfold.</details>
# 2. ★★ (10 minutes) With damping $c$ one solves $(F+cI)s = g$ and uses $s^\top(F+cI)s$ in $\beta$. Is $\tfrac12x^\top Fx$ above or below $\delta$? Check it with `F`, `s` of section 3.
#    <details><summary>Hint</summary>Compare $s^\top Fs$ with $s^\top(F+cI)s$.</details>
#    <details><summary>Answer</summary>Below: sᵀFs is smaller by c‖s‖². The F of section 3 contains the damping, 0.1, so `0.5 * x @ (F - 0.1 * np.eye(len(F))) @ x / small.max_kl` is below 1.</details>
# 3. ★★ (15 minutes) Compute $\lambda$ of section 3's step from the *rate* at which the optimum of the linear model, $g^\top x$, grows with $\delta$.
#    <details><summary>Hint</summary>A multiplier is the price of its constraint.</details>
#    <details><summary>Answer</summary>The optimum is βgᵀs = √(2δ sᵀFs); its derivative in δ is √(sᵀFs/2δ) = λ.</details>
# 4. ★★★ (30 minutes) Find a start in the corridor and a $\delta\le1$ from which the accepted step of `trpo_path` *lowers* the true return. Why does no check notice?
#    <details><summary>Hint</summary>The last number of section 4's output says how rare it is. Look among `starts`.</details>
#    <details><summary>Answer</summary>For example `starts[16]`, (−2.92, 1.77), with δ = 1. L averages over the rooms of the old policy; the new one goes elsewhere. On a batch of the old policy nothing of that can be seen; lecture 09's ratio ρ would ask for a batch of the new one.</details>

# %% [markdown]
# ## Sources
#
# - Schulman, Levine, Moritz, Jordan, Abbeel, *Trust region policy optimization*, ICML 2015, [arXiv:1502.05477](https://arxiv.org/abs/1502.05477): sections 4 to 7 and appendix C.
# - Kakade, *A natural policy gradient*, NeurIPS 2001: the direction, with a fixed step size.
# - Nocedal and Wright, [*Numerical Optimization*](https://doi.org/10.1007/978-0-387-40065-5), 2006, chapters 3 to 5: line searches, trust regions, conjugate gradient.
# - Schulman et al., *High-dimensional continuous control using generalized advantage estimation*, ICLR 2016, [arXiv:1506.02438](https://arxiv.org/abs/1506.02438): TRPO with GAE.
