# %% [markdown] tags=["head"]
# # Lecture 00 · Welcome
#
# question: Can a program that knows nothing about a pendulum learn to swing it up, here, while you watch?
# objectives:
# - **run** a page, **slide**, **predict**, **train** and **check**: what every page asks of you
# - **say** what state, action, reward, return, policy and value are, on a pendulum that you have seen
# - **choose** your way through the lectures
# needs:
# - Python
# - derivatives
# - expectations
# symbols: r
# - $\theta$: angle of the rod, 0 upright, positive anticlockwise
# - $\omega$: angular velocity of the rod
# - $u$: torque of the motor
# - $w$: four numbers in section 2
# - $\alpha$: learning rate
# - $n$: number of seeds

# %% [markdown]
# ## 1 · Run (5 minutes)
#
# | | you | the page |
# |---|---|---|
# | **run** | press Shift-Enter in a cell | computes it and moves to the next |
# | **slide** | move a slider, by mouse or with the arrow keys | redraws the figure at once |
# | **predict** | commit to an answer | keeps it, then says what happens and why |
# | **train** | press Start, Pause, Stop | trains agents in the background and draws what they learn |
# | **check** | write a function | says whether it is right, and if not, what it looks like you did |
#
# Click into the next cell and press **Shift-Enter**. It fetches the tools of this page and looks at your installation. The last
# line should say OK.

# %% tags=["import"]
import platform
import sys
from importlib.metadata import version

import gymnasium
import numpy as np
import torch
from IPython.display import HTML

import rlcourse
from rlcourse import plots
from rlcourse.algorithms.ppo import PPO
from rlcourse.course import course_map
from rlcourse.grading import check
from rlcourse.pages import receipt
from rlcourse.parts.worlds import CartPole, Pendulum
from rlcourse.statistics import interval
from rlcourse.training import evaluate, train
from rlcourse.widgets import Slider, explore, live, predict

plots.use()
torch.set_num_threads(1)  # small networks: a second thread costs more than it brings
assert sys.version_info >= (3, 11), "the course needs Python 3.11 or newer"
print("Python", platform.python_version(), "  torch", version("torch"), "  rlcourse", rlcourse.__version__)
print("OK: everything is here, on one thread.")

# %% [markdown]
# ## 2 · Four numbers balance a pole (8 minutes)
#
# A pole stands on a cart, which can only be pushed left or right, with full force. It has failed when the pole leans more than 12 degrees or
# the cart is more than 2.4 m from the middle of its rail; 500 steps, ten seconds, are the most that is asked. The program knows nothing of
# this. It has four numbers $w$, one for each of position, velocity, angle and angular velocity, and pushes right where their weighted sum is
# positive. It throws dice for 32 such quadruples, lets each balance once, keeps the eight best (or any eight of them, where more reach all
# 500 steps), and throws the next dice around their mean, as widely as the eight are spread. This is the **cross-entropy method**.

# %%
rng = np.random.default_rng(0)


def balanced(w):
    """How many of 500 steps the pole stays up, for each row of w [K, 4], from a random start."""
    cart, steps, up = CartPole(), np.zeros(len(w)), np.ones(len(w), bool)
    state = cart.start(rng.random((len(w), 4)))
    for _ in range(500):
        steps += up
        state, _, fallen = cart.step(state, (np.sum(w * state, axis=1) > 0).astype(int))
        up &= ~fallen
    return steps


centre, spread, history = np.zeros(4), np.ones(4), []
for _ in range(6):
    w = centre + spread * rng.normal(size=(32, 4))
    steps = balanced(w)
    history.append(steps)
    best = w[np.argsort(steps)[-8:]]
    centre, spread = best.mean(axis=0), best.std(axis=0)
print("the four numbers:", centre.round(2))
print("steps over 100 fresh starts:", balanced(np.tile(centre, (100, 1))).mean())

fig = plots.figure(8.5, 3.6)
ax = plots.axes(fig)
for k, found in enumerate(history, 1):  # a dot for each quadruple
    ax.plot(k + np.linspace(-0.25, 0.25, 32), np.sort(found), "o", color=plots.BLUE, markersize=5)
ax.set(xlabel="generation (its 32 dots sorted from left to right)", ylabel="steps balanced")
ax.set(xticks=range(1, 7), title="Six generations are enough")
plots.show(fig, alt="Steps balanced by 32 quadruples of numbers in each of six generations, rising to 500")

# %% [markdown]
# No derivative was needed. So why is most of this course about gradients? Because four numbers are few. The network that you train below
# has thousands, and a random direction catches only a small part of the way up when there are thousands of directions. So the number of
# trials grows with the number of weights (with a great many processors this can be paid: Salimans et al. 2017). A gradient says for each
# weight, from the same trials, whether it should grow. What both have in common is that nobody shows the right action. There is a *reward*,
# and the program tries.
#
# Trouble later on? **Kernel → Restart Kernel and Run All Cells** starts the page afresh. The square button ■ interrupts a cell that
# takes too long. Nothing on these pages can break your installation.

# %% [markdown]
# ## 3 · The pendulum, and a first slider (10 minutes)
#
# A rod hangs on a motor. Its **state** is the angle $\theta$ and the angular velocity $\omega$. Every 0.05 s an **agent** chooses an
# **action**, the torque $u$ between $-2$ and 2 N m. A rod of mass $m$ and length $l$ turns by $\dot\omega = \frac{3g}{2l}\sin\theta + \frac{3}{ml^2}\,u$;
# with $m = 1$ kg, $l = 1$ m and $g = 10$ m/s² that is
# $$\dot\omega = \underbrace{15\,\sin\theta}_{\text{gravity}} + \underbrace{3\,u}_{\text{motor}}
#   \;\text{ in rad/s}^2,
#   \qquad r = -\big(\theta^2 + 0.1\,\omega^2 + 0.001\,u^2\big).$$
#
# One step is $\omega' = \mathrm{clip}(\omega + 0.05\,\dot\omega,\,-8,\,8)$ and $\theta' = \theta + 0.05\,\omega'$. For the **reward** $r$, $\theta$ is
# first brought between $-\pi$ and $\pi$ by whole turns. The reward is never above 0, and it is 0 only upright, at rest, without torque. An episode
# is 200 steps, ten seconds; the **return** is the sum of its rewards.

# %% tags=["hide"]
predict(
    "The pendulum rests at some angle, and the motor pushes against gravity with all it has, 2 N m. "
    "Beyond how many degrees from upright does gravity win?",
    answer=23.6,
    tolerance=3,
    unit="degrees",
    why="They balance where 15 sin θ = 3 · 2, so sin θ = 0.4. Between there and 156.4 degrees gravity wins, so a rod "
    "that hangs cannot be lifted directly. It has to swing it, which first means moving <i>away</i> from the goal: that is what must be learnt.",
)

# %% [markdown]
# Left: the rod and the motor's torque. Right: the acceleration that gravity causes at each angle, against the band that
# the motor can undo. The dot is where you are. Drag, or click a slider and use the arrow keys, Home and End. Find the angle where the
# title changes, and compare it with your prediction.


# %% tags=["hide"] stage={"ask": "At which angle can the motor just not hold the rod any more?"}
def draw(fig, angle=60, torque=-2.0):
    rod, graph = plots.axes(fig, 1, 2, width_ratios=(1, 1.7))
    plots.pendulum(rod, np.radians(angle), torque)
    degrees = np.linspace(-180, 180, 181)
    gravity, motor = round(15 * np.sin(np.radians(angle)), 9) + 0.0, 3 * torque
    graph.axhspan(-6, 6, color=plots.VERMILION, alpha=0.15, linewidth=0)
    graph.plot(degrees, 15 * np.sin(np.radians(degrees)), color=plots.BLACK, linestyle="-")
    graph.plot(angle, gravity, "o", color=plots.BLUE, markersize=11)
    graph.text(-172, 4.2, "the motor's range", color=plots.ink(plots.VERMILION), va="center")
    graph.set(xlabel="angle θ (degrees)", ylabel="gravity (rad/s²)", xlim=(-180, 180), ylim=(-17, 17))
    graph.set_xticks((-180, -90, 0, 90, 180))
    weak = abs(gravity) > 6
    graph.set_title("Here gravity beats the motor" if weak else "Here the motor can hold the rod", y=1.0)
    theta = np.radians(angle)
    return {
        "gravity (rad/s²)": gravity,
        "motor (rad/s²)": motor,
        "sum (rad/s²)": gravity + motor,
        "reward at rest": -(theta**2 + 0.001 * torque**2),
    }


lab = explore(
    draw,
    alt="A pendulum at its angle, and gravity's acceleration against angle",
    size=(7.2, 3.3),
    settings={
        "hanging": {"angle": 180, "torque": 0.0},
        "just held": {"angle": 23, "torque": -2.0},
        "just lost": {"angle": 24, "torque": -2.0},
    },
    angle=Slider("θ", "angle", "degrees", min=-180, max=180, step=1),
    torque=Slider("u", "torque", "N m", min=-2.0, max=2.0, step=0.1),
)
lab

# %% [markdown]
# ## 4 · A receipt (5 minutes)
#
# Pages of this course do not ask to be believed. A **receipt** computes a claim in two independent ways, prints both
# and their difference, and stops the page if they disagree. Here: one step by the formulas above, and one step of the pendulum
# that Gymnasium, a library by other people, calls `Pendulum-v1`.

# %%
draws = np.random.default_rng(0)
other = gymnasium.make("Pendulum-v1").unwrapped
other.reset(seed=0)
ours, theirs = [], []
for theta, omega, u in draws.uniform((-6, -8, -2), (6, 8, 2), size=(1000, 3)):
    other.state = np.array([theta, omega])
    _, their_reward, *_ = other.step(np.array([u]))
    theirs.append((*other.state, their_reward))
    omega_next = np.clip(omega + 0.05 * (15 * np.sin(theta) + 3 * u), -8, 8)
    wrapped = (theta + np.pi) % (2 * np.pi) - np.pi
    ours.append((theta + 0.05 * omega_next, omega_next, -(wrapped**2 + 0.1 * omega**2 + 0.001 * u**2)))
receipt("1000 random steps: θ', ω', r", ours, theirs, names=("formulas", "Gymnasium"))

# %% [markdown]
# "Off by" is the largest difference of the 3000 numbers, "allowed" is where the page would stop. Here both sides may agree to the last digit, as both
# round the same sums in the same order; most receipts of the course compare different ways of computing, and are off by a little.

# %% [markdown]
# ## 5 · Train (20 minutes)
#
# The agent sees $(\cos\theta, \sin\theta, \omega)$ and the reward, and knows none of the formulas. The method is PPO
# (lecture 12 derives it; today it is a black box), with a network of a few thousand numbers in place of four. Four agents learn side by side from different random **seeds**,
# because one agent may just be lucky.

# %% tags=["hide"]
predict(
    "An agent that pushes at random has a return near −1200, one that swings up quickly and stays there about −150. After how many practice "
    "episodes, of ten seconds each, is the mean return of these four agents above −300?",
    choices={
        "about 15": "That is two and a half minutes at the rod. PPO first collects steps and then changes the network a little; fifteen episodes make few changes.",
        "about 150": "",
        "about 1500": "So many would be more than four hours at a real rod. Games seen as pictures need far more; this state is three numbers.",
        "about 15 000": "Nearly two days without pause at a real rod. Robots learn in simulation when it takes that long.",
    },
    ordered=True,
    answer="about 150",
    why="Each of the four agents needs about 25 minutes of pendulum time; the computer does it in seconds, since its pendulum need "
    "not wait for the clock.",
)

# %% [markdown]
# Press **Start**. On the right the pendulum, played by the agent's **policy** (its rule from what it sees to a torque) as it is at that moment. On the left the mean return of
# separate test episodes, for each of the four agents. **Pause** and look; move the learning rate while it runs; **Stop** and
# start again with another: both runs stay, for comparison.
#
# The pale dotted curves are a recording of such a run, to compare yours with, or to read where there is no time to train.

# %% stage={"ask": "Will a learning rate ten times as large learn ten times as fast?"}
panel = live(
    PPO(),
    "Pendulum-v1",
    steps=40_000,
    seeds=4,
    recorded="recordings/00-ppo.json",
    title="A first agent",
    learning_rate=Slider("α", "learning rate", min=1e-5, max=1e-1, log=True),
)
panel

# %% [markdown]
# The same without buttons: one call, which waits until the training is done. Pages train like this where it takes seconds, so that what they
# say is checked each time they run; longer experiments are recorded, and the page trains a part of them anew beside the recording.
# A result of four agents is printed as their mean and, in brackets, an interval: where the mean of *all possible* seeds plausibly lies, judged by these
# four (Student's $t$-interval, made to miss in one case of twenty).

# %%
run = train(PPO(), "Pendulum-v1", steps=40_000, seeds=4)
before, after = interval(run.curve.returns[:, 0]), interval(run.curve.returns[:, -1])
print("before training: return", before)
print("after training:  return", after)
print(f"training took {run.curve.seconds[-1]:.1f} s")

# %% [markdown]
# The curve of that run. Each thin line is one agent, each of its points the mean of ten test episodes. The thick line is the mean of the four,
# and the band is the interval just explained, at each time.

# %% tags=["hide"]
fig = plots.figure(8.5, 4)
ax = plots.axes(fig)
plots.learning_curve(ax, run.curve.steps, run.curve.returns, "PPO", bounds=(None, 0))
solved = run.curve.steps[np.argmax(run.curve.returns.mean(axis=0) > -300)]
ax.set_title(f"The mean return is above −300 after {solved // 200} episodes of practice")
ax.text(0.98, 0.04, plots.curve_note(4), transform=ax.transAxes, color=plots.GREY, fontsize=11, ha="right")
plots.label_lines(ax)
plots.show(fig, alt="Return against training steps for four PPO agents, with mean and interval")

# %% [markdown]
# Numbers are one thing; does the pendulum stand? The first agent plays one episode, from hanging almost straight down.

# %%
world, agent = Pendulum(), run.agent(0)
state = np.array([[np.pi - 0.05, 0.0]])  # angle and angular velocity: hanging, at rest
film = []  # angle, angular velocity and torque at each moment
for _ in range(120):
    torque = 2 * agent.act(world.observe(state))  # actions are in [−1, 1], torques in [−2, 2]
    film.append((*state[0], torque[0, 0]))
    state, *_ = world.step(state, torque)
film = np.array(film)

# %% [markdown]
# Each picture is one moment of it.

# %% tags=["hide"]
fig = plots.figure(9, 5.6)
fig.get_layout_engine().set(rect=(0, 0, 1, 0.95))  # room for the titles
moments = (0, 8, 16, 24, 32, 40, 60, 119)
for ax, k in zip(plots.axes(fig, 2, 4).flat, moments, strict=True):
    plots.pendulum(ax, film[k, 0], film[k, 2])
    ax.set_title(f"{k * 0.05:.1f} s", loc="center")
upright = np.degrees(abs((film[-1, 0] + np.pi) % (2 * np.pi) - np.pi))
print(f"at the end the rod is {upright:.1f} degrees from upright")
plots.show(fig, alt="Eight moments of one episode: the pendulum swings up and stays up")

# %% [markdown]
# ### What it has learnt, all of it at once
#
# A state is two numbers, so all states fit on a map: the angle to the right, the angular velocity upwards, upright and at rest in the
# middle. On the left, the **policy**: the torque that the agent chooses in each state. On the right, the **value**: the return of an episode
# that begins there. (Here that is a plain sum of 200 rewards, of one policy without chance. On the other pages a value is an expectation, goes on
# for ever, and counts later rewards less.) The black line is the episode of the pictures above, and its arrows say which way it runs; where
# it leaves on one side it comes back on the other.

# %%
angles, speeds = np.meshgrid(np.linspace(-np.pi, np.pi, 61), np.linspace(-8, 8, 49))
states = np.stack([angles.ravel(), speeds.ravel()], axis=1)
policy = 2 * agent.act(world.observe(states))[:, 0].reshape(angles.shape)
value = np.zeros(len(states))
for _ in range(200):  # one episode from every state of the map, side by side
    states, reward, _ = world.step(states, 2 * agent.act(world.observe(states)))
    value += reward
print(f"value: upright {value.reshape(angles.shape)[24, 30]:.1f}, worst {value.min():.0f}")
outside = (value.reshape(angles.shape) < -75) & (np.abs(speeds) > 0.5)  # not on the bright ridge, and moving
far = outside & (np.abs(angles) > np.pi / 2)
for where, those in (("off the ridge", outside), ("off it and more than 90° from upright", far)):
    print(f"{where}: the torque pushes with the movement in {np.mean(policy * speeds > 0, where=those):.0%}")

# %% [markdown]
# Before you look: in which states should the motor *not* push towards upright? The dotted lines are the 23.6 degrees of section 3.

# %% tags=["hide"]
fig = plots.figure(10, 4.4)
turns = np.degrees((film[:, 0] + np.pi) % (2 * np.pi) - np.pi)
line = np.where(np.abs(np.diff(turns, append=turns[-1])) > 180, np.nan, turns)  # no line across the map
for ax, map_of, colours, title, unit in zip(
    plots.axes(fig, 1, 2), (policy, value.reshape(angles.shape)), ("PuOr", "viridis"),
    ("Policy", "Value"), ("torque (N m)", "return"), strict=True,
):  # fmt: skip
    shown = ax.pcolormesh(
        np.degrees(angles), speeds, map_of, cmap=colours, shading="nearest", rasterized=True
    )
    fig.colorbar(shown, ax=ax).ax.set_title(unit, fontsize=12)
    ax.plot(line, film[:, 1], color=plots.BLACK, linestyle="-", linewidth=2.2)
    for at in (9, 18, 27, 36):
        ends = [(line[k], film[k, 1]) for k in (at + 1, at)]
        ax.annotate("", *ends, arrowprops={"arrowstyle": "-|>", "color": plots.BLACK, "mutation_scale": 18})
    for edge in (-23.6, 23.6):
        ax.axvline(edge, color=plots.BLACK, linestyle=plots.DOTS, linewidth=1.2)
    ax.plot(0, 0, "o", color="white", markeredgecolor=plots.BLACK, markersize=8)
    ax.set(xlabel="angle θ (degrees)", ylabel="angular velocity ω (rad/s)", title=title)
    ax.set_xticks((-180, -90, 0, 90, 180))
plots.show(
    fig, alt="The torque of the trained policy and the return from every state, with one episode drawn in"
)

# %% [markdown]
# The value is a landscape with a bright ridge: from its states the rod reaches the top in one go, and almost nothing is lost. The black line
# climbs onto it. (Held at rest it can be between the dotted lines only.) Far from upright the policy mostly pushes *with* the movement, also
# away from the top, to gain speed. This is the swing that no formula told it, and the answer to the question above: where the motor cannot
# lift the rod directly, it must first gather speed, whichever way that is. Elsewhere beside the ridge it does the opposite. At $-90$ degrees and 7 rad/s
# the rod rises faster than it need, and the motor brakes, in order not to rush past the top. Policy and value
# are the two things that every method of this course learns, one or the other or both.

# %% [markdown]
# And the receipt: the trained agents beside untrained ones, in fifty fresh episodes that are the same for all. (The curve had ten test episodes a
# point, each agent its own; so its numbers are a little other ones.) What does it show? That these four agents learnt. Four seeds cannot show
# that *every* seed does; lecture 13 is about what $n$ seeds can and cannot say.

# %%
returns = evaluate(run.policy, "Pendulum-v1", episodes=50, seed=7)  # [4 agents, 50 episodes]
untrained = train(PPO(), "Pendulum-v1", steps=0, seeds=4)
nothing = evaluate(untrained.policy, "Pendulum-v1", episodes=50, seed=7)
print("trained,   mean return of each agent:", returns.mean(axis=1).round())
print("untrained, mean return of each agent:", nothing.mean(axis=1).round())
assert np.all(returns.mean(axis=1) > nothing.mean(axis=1) + 400), "an agent has not learnt"
assert returns.mean() > -350, "the four agents do not swing up reliably"

# %% [markdown]
# ## 6 · Check (7 minutes)
#
# In the homework you write the equations yourself. `check` tries your function on several inputs and tells you at once.
# As a taste, the pendulum's reward in section 3: $r = -(\theta^2 + 0.1\,\omega^2 + 0.001\,u^2)$. The angle comes from any number of turns, as a rod
# that swings may go round. The first attempt has a slip in it.


# %%
def pendulum_reward(theta, omega, u):
    return -(theta**2 + 0.1 * omega**2 + 0.001 * u**2)


check("pendulum_reward", pendulum_reward)

# %% [markdown]
# It found the slip and says what it looks like; a second ✗, or a click, says how to mend it. Mend it in the cell above and run it again. Then open the next cell and compare.


# %% tags=["hide"]
def pendulum_reward(theta, omega, u):
    theta = (theta + np.pi) % (2 * np.pi) - np.pi
    return -(theta**2 + 0.1 * omega**2 + 0.001 * u**2)


feedback = check("pendulum_reward", pendulum_reward)
assert feedback.passed
feedback

# %% [markdown]
# ## 7 · The lectures (5 minutes)
#
# A line leads from what is needed to what needs it. Click a box to open its page. Choose
# how much time you have: the weeks appear, and what is not on your way fades.

# %% tags=["hide"]
HTML(course_map())

# %% [markdown]
# ## Summary
#
# - Run, slide, predict, train: every lecture works like this page. Check: the homework.
# - Four numbers, found by throwing dice around the best, balance a pole. For thousands of numbers there are gradients.
# - The motor is too weak to lift the pendulum; four PPO agents learnt to swing it, in seconds, from rewards alone.
# - A policy says what to do in each state, a value what comes of it. Curves show every seed and an interval. Claims come with receipts.
#
# <details><summary>Six words, in a line each</summary>
#
# *State*: what matters of the world now, here $(\theta, \omega)$. *Action*: what the agent chooses, here $u$. *Reward*: the number that each step pays.
# *Return*: the sum of an episode's rewards. *Policy*: the rule from states to actions. *Value* of a state: the return that a policy gets from there.
# </details>
#
# ## Exercises
#
# **1** ★ (5 minutes) Which of the four numbers does the pole need? Set the first two of `centre` to 0 and let it balance from a
# hundred starts, as the last line of that cell does. Then set the last two to 0.
#
# <details><summary>Hint</summary><code>balanced(np.tile(centre * [0, 0, 1, 1], (100, 1)))</code></details>
# <details><summary>Answer</summary>Without position and velocity the pole does not fall over, but the cart drifts, and now and then leaves its
# rail, which ends the episode too. Without angle and angular velocity it falls within a few steps.</details>
#
# **2** ★★ (15 minutes) In the live panel, find a learning rate with which PPO does *not* learn within 40 000 steps, on either side of
# the one given. What do the two failures look like?
#
# <details><summary>Answer</summary>At 0.00001 the curve hardly leaves its start: it learns, far too slowly. At 0.1 it jumps at once and stays bad: each
# step goes so far that what was learnt is lost. At 0.0001, too, nothing is to be seen after 40 000 steps: ten times as large, and still far too slow.</details>
#
# **3** ★ (5 minutes) Change `moments` in the cell of the eight pictures and find out at which second the rod first passes upright.
#
# <details><summary>Hint</summary>Upright is where the cosine of the angle is largest, however often the rod went round: look at `np.cos(film[:, 0])`, which
# has the angles of all 120 moments, 0.05 s apart.</details>
# <details><summary>Answer</summary>`np.argmax(np.cos(film[:, 0]) > 0.99) * 0.05`, that is 3.6 s; the moments 60 and 119 lie on either side of it.</details>
#
# **4** ★★ (10 minutes) Train with `seeds=[4, 5, 6, 7]`. Does the interval cover the mean of the first four? Should it always?
#
# <details><summary>Answer</summary>On the machine that made this page it does: $[-250, -108]$ holds the $-163$ of the first four. It need not always: the interval is for the mean over all seeds, not for that of four others, which is uncertain
# too; and it is made to miss in one case of twenty.</details>
#
# ## Sources
#
# - The pendulum and the pole: [`pendulum.py`](https://gymnasium.farama.org/environments/classic_control/pendulum/) and
#   [`cartpole.py`](https://gymnasium.farama.org/environments/classic_control/cart_pole/) in Gymnasium (Farama Foundation).
# - PPO: Schulman, Wolski, Dhariwal, Radford, Klimov, *Proximal Policy Optimization Algorithms*, 2017, [arXiv:1707.06347](https://arxiv.org/abs/1707.06347).
# - The cross-entropy method: de Boer, Kroese, Mannor, Rubinstein, *A Tutorial on the Cross-Entropy Method*, Annals of Operations Research, 2005; for
#   learning to play, Szita, Lőrincz, *Learning Tetris Using the Noisy Cross-Entropy Method*, Neural Computation, 2006. Lecture 11 meets it beside TRPO.
# - Salimans, Ho, Chen, Sidor, Sutskever, *Evolution Strategies as a Scalable Alternative to Reinforcement Learning*, 2017,
#   [arXiv:1703.03864](https://arxiv.org/abs/1703.03864).
