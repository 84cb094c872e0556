# %% [markdown] tags=["head"]
# # Lecture 13c · The bug museum
#
# question: A curve is low. Or it is not, and the program is wrong all the same. How does one find a bug that raises no error?
# objectives:
# - **recognise** what some thirty real bugs do to a learning curve
# - **name** those that no curve shows
# - **write** a test of a few lines that catches such a bug
# - **climb** a ladder of five worlds that tells where a fault lies
# needs:
# - 12b: PPO and its details; thirteen of the bugs are planted in it
# - A2C and TRPO (lectures 04 and 11) for the others of policy gradients
# - DDPG and TD3 for section 4 (lecture 07), intervals of seeds (lecture 13b)
# symbols: V^\pi, \gamma, \lambda, \tau, n, N, \pi, r
# - $\hat A$: estimate of an advantage
# - $\hat r$: ratio of the new policy's probability to the old one's
# - $\epsilon$: half of the width of a clip
# - $c$: a coin, $\pm1$

# %% tags=["import", "hide"]
from dataclasses import replace

import numpy as np
import torch

from rlcourse import plots
from rlcourse.algorithms.ppo import PPO
from rlcourse.experiments import recorded, replayed
from rlcourse.listings import show_source
from rlcourse.museum import discover
from rlcourse.museum.ladder import LADDER, Rung
from rlcourse.statistics import mean_interval
from rlcourse.training import train
from rlcourse.training.probes import train_and_probe
from rlcourse.widgets import Choice, explore, predict

plots.use()

# %% [markdown]
# ## 1 · Guess which (12 minutes)
#
# The museum has thirty-one bugs. Eleven are told in issues of public projects (`MUSEUM[name].found` says where), the others are common slips. Each is planted here by one `replace` of a field, in at most five lines. Eight seeds of each were recorded, without the bug and with it.

# %% tags=["hide"]
MUSEUM = discover()
HALLS = {"pole": ("CartPole-v1", 20_480), "pendulum": ("Pendulum-v1", 40_960), "slow": ("Pendulum-v1", 8_000)}
KEPT = {hall: replayed(f"recordings/13c-{hall}.json") for hall in HALLS}


def hall_of(exhibit):
    """Where an exhibit was trained."""
    at = exhibit.healthy()[1], exhibit.steps
    return next(hall for hall, where in HALLS.items() if where == at)


def curves(name):
    """(steps [L], returns without the bug [S, L], with it) of an exhibit."""
    exhibit = MUSEUM[name]
    kept = KEPT[hall_of(exhibit)]
    return kept["at"], kept["healthy"][key(exhibit)], kept["broken"][name]


def key(exhibit):
    """The healthy program's name, a word for each program."""
    kind = type(exhibit.algorithm).__name__
    return f"{kind} with entropy" if getattr(exhibit.algorithm, "entropy_weight", 0) else kind


# %% [markdown]
# Six times PPO on a cart-pole, eight seeds each. One program is right; in each of the others one line is wrong. All pictures show the return over environment steps.

# %% tags=["hide"]
GUESS = (
    "ratio upside down",
    "rewards one step late",
    "",
    "death ignored",
    "clip without min",
    "a leak between episodes",
)
fig = plots.figure(10.5, 5)
for letter, name, ax in zip(
    "ABCDEF", GUESS, plots.axes(fig, 2, 3, sharex=True, sharey=True).flat, strict=True
):
    at, healthy, broken = curves(name or "death ignored")
    plots.learning_curve(
        ax, at, broken if name else healthy, letter, plots.BLUE, "-", seeds_width=0.5, bounds=(0, 500)
    )
    ax.set(title=letter, ylim=(0, 500), xlabel="", ylabel="")
fig.supxlabel("environment steps per seed", fontsize=13)
fig.supylabel("evaluation return", fontsize=13)
plots.show(fig, alt="Six learning curves on a cart-pole, A to F; one of them is of a program without a bug")

# %% [markdown]
# Look at them for a minute.

# %% tags=["hide"]
predict(
    "Which one is right?",
    {
        "A": "Its ratio stands upside down: π_old/π. It climbs down.",
        "B": "Its rewards are stored one step late. All rewards of a cart-pole are 1, so nobody notices.",
        "C": "",
        "D": "It counts the value of states after the fall.",
        "E": "It has the clip, and not the minimum: what has gone astray has no way back.",
        "F": "It praises actions for what happened after the next reset.",
    },
    answer="C",
    ordered=True,
    why="And that is the point: three of the five others look as good. A curve can show that something is wrong. It cannot show that nothing is.",
)

# %% [markdown]
# All thirty-one: choose one. Blue is without it, red with it.


# %% tags=["hide"]
def draw_exhibit(fig, bug="time limit taken for death"):
    ax, gap_ax = plots.axes(fig, 1, 2)
    at, healthy, broken = curves(bug)
    bounds = (0, 500) if healthy.min() >= 0 else (-1800, 0)
    for returns, label, colour, line in ((healthy, "right", plots.BLUE, "-"), (broken, "with the bug", plots.VERMILION, plots.DASHES)):  # fmt: skip
        plots.learning_curve(ax, at, returns, label, colour, line, seeds_width=0.4, bounds=bounds)
    ax.set(ylim=bounds, title=bug)
    plots.legend(ax, loc="upper left")
    gap = mean_interval(broken - healthy)
    gap_ax.fill_between(at, gap.low, gap.high, color=plots.VERMILION, alpha=0.2, linewidth=0)
    gap_ax.plot(at, gap.estimate, color=plots.VERMILION, linestyle="-")
    gap_ax.axhline(0, color=plots.BLACK, linewidth=1, linestyle="-")
    span = bounds[1] - bounds[0]
    gap_ax.set(
        ylim=(-span, span / 2), xlabel="environment steps per seed", title="with the bug − right, same seeds"
    )
    over_all = mean_interval((broken - healthy)[:, 1:].mean(axis=1))
    return {
        "seen": MUSEUM[bug].seen,
        "mean difference": over_all.estimate,
        "from": over_all.low,
        "to": over_all.high,
    }


explore(
    draw_exhibit,
    alt="Learning curves without and with a bug, and their paired difference",
    size=(10.5, 4.0),
    settings={"nothing to be seen": {"bug": "clip without min"},
        "it unlearns": {"bug": "ratio upside down"}, "nothing learnt, no error": {"bug": "(B, 1) + (B,)"}},
    bug=Choice("", "bug", list(MUSEUM)),
)  # fmt: skip

# %% [markdown]
# The recordings (`python3 -m rlcourse record 13c` makes them anew, in a few minutes of an idle core) hold eight seeds of every exhibit. The page trains the beginning of each now.


# %%
def hall(which, steps, every, seeds):
    """Returns [seeds, L] of a hall's exhibits, without and with their bugs."""
    env, length = HALLS[which]
    shown = [x for x in MUSEUM.values() if (x.healthy()[1], x.steps) == (env, length)]
    programs = {
        "healthy": {key(x): x.healthy() for x in shown},
        "broken": {x.name: x.broken() for x in shown},
    }
    return {
        side: {
            name: train(*what, steps, seeds, evaluate_every=every, evaluation_episodes=5).curve.returns
            for name, what in each.items()
        }
        for side, each in programs.items()
    } | {"at": np.arange(0, steps + 1, every)}


for which, every, beginning in (("pole", 4096, 4096), ("pendulum", 4096, 4096), ("slow", 800, 800)):
    small = {"seeds": 2, "steps": beginning}
    recorded(
        f"recordings/13c-{which}.json", hall, small, which=which, steps=HALLS[which][1], every=every, seeds=8
    )


# %% [markdown]
# ## 2 · What an action is worth (15 minutes)
#
# Most bugs of policy gradients sit in one function: the advantage. Its inputs are five columns, and two of them say why an episode ended.

# %% tags=["hide"]
predict(
    "A time limit is taken for death: the last state before it gets the target r. Which task suffers more?",
    {
        "the cart-pole, which ends when the pole falls": "There, deaths are deaths, and at first nobody lives to see the limit.",
        "the pendulum, which ends by its clock alone": "",
        "both alike": "Look at which of the two has any episode that ends by the clock.",
    },
    answer="the pendulum, which ends by its clock alone",
    why="Each of its episodes ends in a false death, after 200 steps, and what the observation shows of the time left is nothing.",
)


# %% [markdown]
# Blue is right, red has the bug:


# %% tags=["hide"]
def wall(names, columns=3):
    """Small pictures of exhibits side by side: blue right, red with the bug."""
    rows = -(-len(names) // columns)
    fig = plots.figure(10.5, 2.6 * rows)
    places = np.ravel(plots.axes(fig, rows, columns))
    for ax in places[len(names) :]:
        ax.set_axis_off()
    for ax, name in zip(places, names, strict=False):
        at, healthy, broken = curves(name)
        bounds = (0, 500) if healthy.min() >= 0 else (-1800, 0)
        for returns, label, colour, line in (
            (healthy, "right", plots.BLUE, "-"), (broken, "bug", plots.VERMILION, plots.DASHES),
        ):  # fmt: skip
            plots.learning_curve(ax, at, returns, label, colour, line, seeds_width=0.25, bounds=bounds)
        ax.set_title(name, fontsize=12)
        ax.set(ylim=bounds, xlabel="", ylabel="")
        ax.set_xticks(at[:: (len(at) - 1) // 2])
    fig.supxlabel("environment steps per seed", fontsize=13)
    fig.supylabel("evaluation return", fontsize=13)
    return plots.show(fig, alt=f"Returns without and with a bug: {', '.join(names)}")


wall(
    ("time limit taken for death", "bootstrap from the reset", "death ignored", "a leak between episodes",
     "the recursion runs forwards", "rewards one step late")
)  # fmt: skip

# %% [markdown]
# With false deaths the pendulum stays where it hung; with the value of the *next* episode's first state it learns late. On the pole, a fall that costs nothing and a sum that runs forwards are plain to see. The leak and the late rewards are not: on this task they change nothing that eight seeds could show.
#
# The first of them, and the test that catches it. It needs no training: with rewards of 1 for ever, $V=1/(1-\gamma)$ is exact, so all advantages are 0, whatever the clock says.

# %% tags=["hide"]
first = MUSEUM["time limit taken for death"]
show_source(first.wrong, first.catch)

# %% [markdown]
# The leak, which no curve shows, falls to a test as short: a batch of two episodes has the advantages that each episode has alone.

# %% tags=["hide"]
second = MUSEUM["a leak between episodes"]
show_source(second.wrong, second.catch)

# %% [markdown]
# ## 3 · What is climbed (15 minutes)
#
# Clips, signs and shapes of PPO's and A2C's objectives. Nothing here raises an error.

# %% tags=["hide"]
predict(
    "A2C's loss is summed over its 256 samples, in place of the mean. The optimiser is Adam. What does the curve show?",
    {
        "it explodes: steps are 256 times as large": "With plain gradient steps, yes.",
        "nothing": "",
        "it learns faster": "Adam's step does not grow with the gradient.",
    },
    answer="nothing",
    why="The gradient's norm is limited first, and Adam divides what is left by its own running size. With plain gradient steps and no such limit, each step would be 256 times as large.",
)

# %% [markdown]
# The nine of this family:

# %% tags=["hide"]
wall(
    ("ratio upside down", "a loss that is a gain", "max for min", "min(r, clip r) · Â", "clip without min",
     "(N, 1) − (N,)", "π for log π", "sum for mean", "entropy punished")
)  # fmt: skip

# %% [markdown]
# What climbs down is seen at once, and so is *max for min*. The two other wrong clips are not decided: eight seeds spread too widely. Test the *gradient*, at the clip's four cases; values alone would pass at $\hat r=1$, where all of these are equal.

# %% tags=["hide"]
third = MUSEUM["min(r, clip r) · Â"]
show_source(third.wrong, third.catch)

# %% [markdown]
# A test for the sum: a batch that is given twice has the gradient of one.

# %% tags=["hide"]
fourth = MUSEUM["sum for mean"]
show_source(fourth.wrong, fourth.catch)

# %% [markdown]
# ## 4 · Targets and slow copies (12 minutes)
#
# DDPG and TD3 on the pendulum, where learning takes 8,000 steps:

# %% tags=["hide"]
wall(
    ("the larger of the twins", "γ forgotten", "(B, 1) + (B,)", "only the next reward", "copies that are not slow",
     "copies that never move", "noise that always pushes")
)  # fmt: skip

# %% [markdown]
# *The larger of the twins* even leads on average here, so a better curve is no proof either.
#
# The sum of a column and a row raises no error. Broadcasting makes a square of it, the mean over the square is a number, and every transition has the batch's mean target. The package's equations refuse inputs of unlike shapes for this reason.

# %% tags=["hide"]
fifth = MUSEUM["(B, 1) + (B,)"]
show_source(fifth.wrong, fifth.catch)

# %% [markdown]
# ## 5 · Steps and worlds (10 minutes)
#
# TRPO's step, what stands between agent and environment, and A2C without its baseline:

# %% tags=["hide"]
wall(
    ("a search that ignores KL", "conjugate gradient without β", "g for F⁻¹g", "the step the other way",
     "a critic of scaled advantages", "actions never scaled", "one step late", "one seed for every episode",
     "the baseline forgotten")
)  # fmt: skip

# %% [markdown]
# A method that *measures* its step can hide bugs of the direction: whatever the solver hands over, the search shortens it until it fits. So the solver needs a test of its own, a system of ten equations with a known solution.

# %% tags=["hide"]
sixth = MUSEUM["conjugate gradient without β"]
show_source(sixth.wrong, sixth.catch)

# %% [markdown]
# Every exhibit is caught by its test, and every right program passes it. Below, a curve is *decided* if the 95 % interval of the mean paired difference leaves out 0. (That is 31 intervals: one or two may miss by chance, lecture 13b.)


# %%
def caught(exhibit):
    """Does the test pass the right thing, and reject the wrong one?"""
    exhibit.catch(exhibit.right)
    try:
        exhibit.catch(exhibit.wrong)
    except AssertionError:
        return True
    return False


silent = []
for name, exhibit in MUSEUM.items():
    at, healthy, broken = curves(name)
    gap = mean_interval((broken - healthy)[:, 1:].mean(axis=1))
    if gap.low <= 0 <= gap.high:
        silent.append(name)
    assert caught(exhibit), name
print(f"caught by their tests: {len(MUSEUM)} of {len(MUSEUM)}")
print(f"not decided by the curves of eight seeds ({len(silent)}): {', '.join(silent)}")

# %% [markdown]
# ## 6 · A ladder of five (16 minutes)
#
# Where there is no test yet, tiny worlds tell where to look. Each asks one thing more than the one before, and its values are known without any computation. Each shows one number, has two actions, and lasts one or two steps.
#
# | | new | shown | paid | $V$ of the best policy |
# |---:|:---|:---|:---|:---|
# | 1 | a reward | 0 | 1 | 1 |
# | 2 | an observation | a coin, $c=\pm1$ | $c$ | $c$ |
# | 3 | a delay | the time, 0 and 1 | 0, then 1 | $\gamma$, then 1 |
# | 4 | an action | 0 | 1 for *right*, −1 for *left* | 1 |
# | 5 | an action that depends | $c$ | $c$ for *right*, $-c$ for *left* | 1 |
#
# Who fails on the first has a fault in the critic's loss, its optimiser, or what counts after an end; on the second, in what the critic is shown, or which reward goes with it; on the third, in discount or bootstrap; on the fourth, in the policy's loss; on the fifth, in which observation goes with which action.

# %% tags=["hide"]
show_source(Rung)

# %% [markdown]
# The climb: train on each rung, and compare the critic with the truth.


# %%
CLIMBER = PPO(
    hidden=(16,), horizon=32, minibatch_size=64, epochs=4, learning_rate=5e-3, normalise_reward=False
)


def climb(algorithm, seeds=2, steps=2048):
    """Largest error of V on each rung, and the last return, [5] each; the worst of the seeds."""
    errors, returns = [], []
    for rung in LADDER:
        obs = torch.from_numpy(rung.seen()).expand(seeds, -1, -1)
        found = train_and_probe(
            algorithm, rung, steps, seeds, lambda live, obs=obs: live.agent.nets.critic(obs).detach().numpy(),
            every=steps, evaluate_every=steps, evaluation_episodes=10, longest_episode=3,
        )  # fmt: skip
        errors.append(np.abs(found.found[..., -1] - rung.truth(algorithm.gamma)).max())
        returns.append(found.training.run.curve.returns[:, -1].min())
    return np.array(errors), np.array(returns)


# %% [markdown]
# Before it runs:

# %% tags=["hide"]
predict(
    "'Death ignored' climbs: V of what comes after the end counts. On which rung does it fail first?",
    {
        "1, a reward": "",
        "3, a delay": "It fails there, too. But is the end of an episode new there?",
        "5, an action that depends": "Its V is wrong there, too, although the policy finds the right action.",
    },
    answer="1, a reward",
    ordered=True,
    why="An episode of one step ends in its first step. With the next state's value, V = 1 + γV: it grows towards 50.",
)

# %% [markdown]
# The right program, and four with a bug:

# %%
ERRORS = {"right": climb(CLIMBER)}
for name in ("death ignored", "rewards one step late", "ratio upside down", "the recursion runs forwards"):
    exhibit = MUSEUM[name]
    ERRORS[name] = climb(replace(CLIMBER, **{exhibit.field: exhibit.wrong}))
print(f"{'':28} largest error of V on rungs 1 to 5    return on rungs 4, 5")
for name, (errors, returns) in ERRORS.items():
    print(
        f"{name:28} {'  '.join(f'{error:5.2f}' for error in errors)}       {returns[3]:+.1f}  {returns[4]:+.1f}"
    )
assert ERRORS["right"][0].max() < 0.2 and ERRORS["death ignored"][0][0] > 1
assert ERRORS["ratio upside down"][1][3] < 0

# %% [markdown]
# The ladder is quick and points to a place. It is no proof: the recursion that runs forwards climbs it to the top, since no rung is longer than two steps. Its test caught it; its curve, too.
#
# ## Summary
#
# - A curve can show that something is wrong, and rarely what. It cannot show that nothing is: twelve of these thirty-one change no curve of eight seeds beyond doubt.
# - A bug that one task hides another shows. A cart-pole's rewards are all 1, a pendulum never dies.
# - Each has a test of a few lines that needs no training: an exact value, a batch that is its episodes, a gradient at four points, a system with a known solution.
# - A wrong shape need not raise an error. Refuse what would broadcast.
# - A ladder of five worlds says where to look, in seconds.
#
# ## Exercises
#
# 1. ★ (5 minutes) Find a task on which *rewards one step late* would show. Why is it not the cart-pole?
#    <details><summary>Answer</summary>Any task whose rewards differ from step to step, as the pendulum's do, or the ladder's second and third rung: there the reward of a step goes to the next one, even to the next episode's first.</details>
# 2. ★★ (15 minutes) Plant it on the pendulum: train `replace(PPO(hidden=(32, 32)), advantage=MUSEUM["rewards one step late"].wrong)` beside `PPO(hidden=(32, 32))`, 40,960 steps, four seeds. What do you see?
#    <details><summary>Hint</summary>`train(algorithm, "Pendulum-v1", 40_960, 4).curve.returns[:, -1]`</details>
#    <details><summary>Answer</summary>Less than one would fear: here −179, −169, −647, −207 against −155, −140, −237, −207. Neighbouring rewards of a pendulum are nearly equal, so a reward that is late by one step is nearly right.</details>
# 3. ★★ (10 minutes) Describe a sixth rung on which the recursion that runs forwards fails.
#    <details><summary>Hint</summary>It praises an action for what came before. What must an action change, for that to be wrong?</details>
#    <details><summary>Answer</summary>Three steps, and the first action decides the reward of the third. Forwards, the first action is never praised for it: in our trial the right program earned 1 with each of four seeds, the wrong one −1.</details>
# 4. ★★★ (20 minutes) The Hessian of KL(π_old‖π) at π_old and of KL(π‖π_old) are equal (lecture 10). So which test tells a TRPO that has the two confused?
#    <details><summary>Hint</summary>Where do the two differ?</details>
#    <details><summary>Answer</summary>Not a Fisher-vector product: it is the same. A value of the KL away from π_old, against a hand calculation with two unequal distributions, as the line search uses it.</details>

# %% [markdown]
# ## Sources
#
# - Issues of public projects, as each exhibit names them (`MUSEUM[name].found`).
# - Andy Jones, *Debugging RL, without the agonizing pain*, 2021, [andyljones.com](https://andyljones.com/posts/rl-debugging.html): probe environments.
# - Henderson, Islam, Bachman, Pineau, Precup, Meger, *Deep reinforcement learning that matters*, AAAI 2018, [arXiv:1709.06560](https://arxiv.org/abs/1709.06560).
