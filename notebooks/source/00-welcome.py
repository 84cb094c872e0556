# %% [markdown]
# # Lecture 00 · Welcome
#
# **Question.** Can a program that knows nothing about a pendulum learn to swing it up, here, while you watch?
#
# This page answers it, and on the way shows the five things that the course asks of you:
#
# | | you | the page |
# |---|---|---|
# | **run** | press Shift-Enter in a cell | computes it and moves to the next |
# | **slide** | move a slider, by mouse or with the arrow keys | redraws the figure at once |
# | **predict** | commit to an answer | keeps it, then says what happens and why |
# | **train** | press Start, Pause, Stop | trains agents in the background and draws what they learn |
# | **check** | write a function | says whether it is right, and if not, what it looks like you did |
#
# *You need:* Python, derivatives, expectations. No reinforcement learning yet.

# %% [markdown]
# ## 1 · Run
#
# Click into the next cell and press **Shift-Enter**. It looks at your installation. The last line should say OK.

# %%
import platform
import sys
from importlib.metadata import version

import torch

import rlcourse

packages = ("numpy", "torch", "gymnasium", "matplotlib", "ipywidgets")
versions = {name: version(name) for name in packages}
print("Python", platform.python_version(), "  rlcourse", rlcourse.__version__)
print(*(f"{name} {number}" for name, number in versions.items()), sep="   ")

torch.set_num_threads(1)  # small networks: a second thread costs more than it brings
assert sys.version_info >= (3, 11), "the course needs Python 3.11 or newer"
assert torch.get_num_threads() == 1
print("OK: everything is here, on one thread.")

# %% [markdown]
# Trouble later on? **Kernel → Restart Kernel and Run All Cells** starts the page afresh. The square button ■ interrupts a
# cell that takes too long. Nothing on these pages can break your installation.
#
# The next cell fetches the tools of this page.

# %%
from pathlib import Path

import gymnasium
import numpy as np
from IPython.display import Markdown

from rlcourse import plots
from rlcourse.algorithms.ppo import PPO
from rlcourse.grading import check
from rlcourse.pages import receipt
from rlcourse.parts.environments import Stepper, make
from rlcourse.parts.worlds import Pendulum
from rlcourse.statistics import interval
from rlcourse.training import evaluate, train
from rlcourse.widgets import Slider, explore, live, predict

plots.use()

# %% [markdown]
# ## 2 · The pendulum, and a first slider
#
# A rod hangs on a motor. Its state is the angle θ (0 is upright) and the angular velocity ω. Every 0.05 s an
# agent chooses a torque $u$ between −2 and 2 N m. Both θ and $u$ are positive anticlockwise. With a rod of 1 kg and 1 m, and $g = 10$ m/s²,
# $$\dot\omega = \underbrace{15\,\sin\theta}_{\text{gravity}} + \underbrace{3\,u}_{\text{motor}}
#   \;\text{ in rad/s}^2,
#   \qquad r = -\big(\theta^2 + 0.1\,\omega^2 + 0.001\,u^2\big).$$
#
# One step is $\omega' = \mathrm{clip}(\omega + 0.05\,\dot\omega,\,-8,\,8)$ and $\theta' = \theta + 0.05\,\omega'$. The **reward** $r$ takes θ between −π and π. It is never
# above 0, and it is 0 only upright, at rest, without torque. An episode is 200 steps, ten seconds; the **return** is the sum of its rewards.

# %% {"jupyter": {"source_hidden": true}}
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
# the motor can undo. The dot is where you are. The title asks only whether the strongest motor could hold the rod there.


# %%
def draw(fig, angle=60, torque=-2.0):
    rod, graph = plots.axes(fig, 1, 2, width_ratios=(1, 1.7))
    plots.pendulum(rod, np.radians(angle), torque)
    degrees = np.linspace(-180, 180, 181)
    gravity, motor = 15 * np.sin(np.radians(angle)), 3 * torque
    graph.axhspan(-6, 6, color=plots.VERMILION, alpha=0.15, linewidth=0)
    graph.plot(degrees, 15 * np.sin(np.radians(degrees)), color=plots.BLACK, linestyle="-")
    graph.plot(angle, gravity, "o", color=plots.BLUE, markersize=11)
    graph.text(-172, 4.2, "the motor's range", color=plots.VERMILION, va="center")
    graph.set(xlabel="angle θ (degrees)", ylabel="gravity (rad/s²)", xlim=(-180, 180), ylim=(-17, 17))
    graph.set_xticks((-180, -90, 0, 90, 180))
    weak = abs(gravity) > 6 + 1e-9
    graph.set_title("Here gravity beats the motor" if weak else "Here the motor can hold the rod", y=1.0)
    theta = np.radians(angle)
    return {
        "gravity (rad/s²)": gravity,
        "motor (rad/s²)": motor,
        "sum (rad/s²)": gravity + motor,
        "reward at rest": -(theta**2 + 0.001 * torque**2),
    }


plots.picture(draw, alt="A pendulum at 60 degrees, and gravity's acceleration against angle", size=(7.2, 3.3))

# %% [markdown]
# That was the still. Now the same figure with sliders: drag, or click a slider and use the arrow keys, Home and End.
# Find the angle where the title changes, and compare it with your prediction.

# %%
lab = explore(
    draw,
    size=(7.2, 3.3),
    angle=Slider("θ", "angle", "degrees", min=-180, max=180, step=1),
    torque=Slider("u", "torque", "N m", min=-2.0, max=2.0, step=0.1),
)
lab

# %% [markdown]
# ## 3 · A receipt
#
# Pages of this course do not ask to be believed. A **receipt** computes a claim in two independent ways, prints both
# and their difference, and stops the page if they disagree. Here: one step by the formulas above, and one step of the pendulum
# that Gymnasium, a library by other people, calls `Pendulum-v1`.

# %%
rng = np.random.default_rng(0)
other = gymnasium.make("Pendulum-v1").unwrapped
other.reset(seed=0)
ours, theirs = [], []
for theta, omega, u in rng.uniform((-6, -8, -2), (6, 8, 2), size=(1000, 3)):
    other.state = np.array([theta, omega])
    _, their_reward, *_ = other.step(np.array([u]))
    theirs.append((*other.state, their_reward))
    omega_next = np.clip(omega + 0.05 * (15 * np.sin(theta) + 3 * u), -8, 8)
    wrapped = (theta + np.pi) % (2 * np.pi) - np.pi
    ours.append((theta + 0.05 * omega_next, omega_next, -(wrapped**2 + 0.1 * omega**2 + 0.001 * u**2)))
receipt("θ', ω', r of 1000 random steps: the formulas, Gymnasium", ours, theirs)

# %% [markdown]
# ## 4 · Train
#
# The agent sees $(\cos\theta, \sin\theta, \omega)$ and the reward, and knows none of the formulas. The method is PPO
# (lecture 12 derives it; today it is a black box). Four agents learn side by side from different random **seeds**,
# because one agent may just be lucky.

# %% {"jupyter": {"source_hidden": true}}
predict(
    "How long must PPO train, on one thread of this machine, until the pendulums of all four agents swing up and stay up?",
    choices=["seconds", "minutes", "hours"],
    answer="seconds",
    ordered=True,
    why="All four together, and you can watch it below. Short runs are the reason why these pages can be played with.",
)

# %% [markdown]
# Press **Start**. On the right the pendulum, played by the agent's **policy** (its rule from what it sees to a torque) as it is at that moment. On the left the mean return of
# separate test episodes, for each of the four agents. **Pause** and look; move the learning rate while it runs; **Stop** and
# start again with another: both runs stay, for comparison.
#
# The pale curves are a recording, for halls without time. This made it, in the folder of this page:
# `from rlcourse.widgets import record; record(PPO(), "Pendulum-v1", "recordings/00-ppo.json", steps=40_000, seeds=4)`

# %%
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
# The same without buttons: one call, which waits until the training is done. Every page that claims something about
# training does it this way, so that the claim is checked each time the page runs. Look at the last line: training time, all
# four agents together.

# %%
run = train(PPO(), "Pendulum-v1", steps=40_000, seeds=4)
before, after = interval(run.curve.returns[:, 0]), interval(run.curve.returns[:, -1])
print("before training: return", before)
print("after training:  return", after)
print(f"training took {run.curve.seconds[-1]:.1f} s")

# %% [markdown]
# The curve of that run. Each thin line is one agent. The thick line is their mean, and the band is where
# the mean of *all possible* seeds plausibly lies, judged by these four.

# %%
fig = plots.figure(8.5, 4)
ax = plots.axes(fig)
plots.learning_curve(ax, run.curve.steps, run.curve.returns, "PPO")
solved = run.curve.steps[np.argmax(run.curve.returns.mean(axis=0) > -300)]
ax.set_title(f"The mean return is above −300 at {solved:,} steps".replace(",", " "))
ax.text(0.98, 0.04, plots.curve_note(4), transform=ax.transAxes, color=plots.GREY, fontsize=11, ha="right")
plots.label_lines(ax)
plots.show(fig, alt="Return against training steps for four PPO agents, with mean and interval")

# %% [markdown]
# Numbers are one thing; does the pendulum stand? The first agent plays one episode, from hanging almost straight down. Each picture is
# one moment of it.

# %%
stepper = Stepper(make("Pendulum-v1", seed=1))
system = stepper.env.unwrapped
system.state[:] = (np.pi - 0.05, 0.0)  # [angle, angular velocity]: hanging, at rest
obs, agent, angles, torques = Pendulum().observe(system.state), run.agent(0), [], []
for _ in range(120):
    action = agent.act(obs)
    angles.append(float(system.state[0, 0]))
    torques.append(2 * float(np.clip(action[0, 0], -1, 1)))
    obs = stepper.step(action).next_obs

fig = plots.figure(9, 5)
fig.get_layout_engine().set(rect=(0, 0, 1, 0.95))  # room for the titles
moments = (0, 8, 16, 24, 32, 40, 60, 119)
for ax, k in zip(plots.axes(fig, 2, 4).flat, moments, strict=True):
    plots.pendulum(ax, angles[k], torques[k])
    ax.set_title(f"{k * 0.05:.1f} s", loc="center")
upright = np.degrees(abs((angles[-1] + np.pi) % (2 * np.pi) - np.pi))
print(f"at the end the rod is {upright:.1f} degrees from upright")
plots.show(fig, alt="Eight moments of one episode: the pendulum swings up and stays up")

# %% [markdown]
# And the receipt: fresh episodes that no agent was trained or chosen on, beside a policy that knows nothing. What does it show? That these four
# agents learnt. Four seeds cannot show that *every* seed does; lecture 13 is about what $n$ seeds can and cannot say.

# %%
returns = evaluate(run.policy, "Pendulum-v1", episodes=50, seed=7)  # [4 agents, 50 episodes]
untrained = train(PPO(), "Pendulum-v1", steps=0, seeds=4)
nothing = evaluate(untrained.policy, "Pendulum-v1", episodes=50, seed=7)
print("trained,   mean return of each agent:", returns.mean(axis=1).round())
print("untrained, mean return of each agent:", nothing.mean(axis=1).round())
assert np.all(returns.mean(axis=1) > nothing.mean(axis=1) + 400), "an agent has not learnt"
assert returns.mean() > -350, "the four agents do not swing up reliably"

# %% [markdown]
# ## 5 · Check
#
# In the homework you write the equations yourself. `check` tries your function on several inputs and tells you at once.
# As a taste: a slow copy $w'$ of a number $w$, which moves by a small share τ, for example 0.01: $w' \leftarrow (1-\tau)\,w' + \tau\,w$. The first attempt
# has a slip in it.


# %%
def polyak(target, online, tau):
    return tau * target + (1 - tau) * online


check("polyak", polyak)

# %% [markdown]
# It found the slip and says what it looks like. Mend it in the cell above and run it again. Then open the next cell and compare.


# %% {"jupyter": {"source_hidden": true}}
def polyak(target, online, tau):
    return (1 - tau) * target + tau * online


feedback = check("polyak", polyak)
assert feedback.passed
feedback

# %% [markdown]
# ## The lectures
#
# Fourteen pages carry the course. The ones in bold are written: click to open.

# %%
LECTURES = (
    "Welcome", "Decision processes", "Imitation", "Policy gradients", "Actor-critic", "Off-policy", "DDPG", "TD3",
    "Performance difference", "Trust-region methods", "Natural gradient", "TRPO", "PPO", "The map",
)  # fmt: skip
here = {path.name[:2]: path.name for path in sorted(Path().glob("[0-9][0-9]-*.ipynb"))}
lines = []
for number, title in enumerate(LECTURES):
    key = f"{number:02}"
    lines.append(f"- **[{key} · {title}]({here[key]})**" if key in here else f"- {key} · {title} (to come)")
print(f"{len(here)} of {len(LECTURES)} lectures are here")
Markdown("\n".join(lines))

# %% [markdown]
# ## Summary
#
# - Run, slide, predict, train: every lecture works like this page. Check: the homework.
# - The motor is too weak to lift the pendulum; four PPO agents learnt to swing it, in seconds, from rewards alone.
# - Curves show every seed and an interval. Claims come with receipts.
#
# ## Exercises
#
# 1. In the live panel, find a learning rate with which PPO does *not* learn within 40 000 steps, on either side of the one given. What do
#    the two failures look like?
# 2. Change `moments` in the film strip and find out at which second the rod first passes upright.
# 3. Train with `seeds=[4, 5, 6, 7]`. Does the interval cover the mean of the first four? Should it always?
#
# ## Sources
#
# - The pendulum: `gymnasium/envs/classic_control/pendulum.py` in the Gymnasium package (Farama Foundation).
# - PPO: Schulman, Wolski, Dhariwal, Radford, Klimov, *Proximal Policy Optimization Algorithms*, 2017, arXiv:1707.06347.
