# %% [markdown] tags=["head"]
# # Lecture 13 · The map
#
# question: So many methods: which few decisions tell them apart, and which one should I take?
# objectives:
# - **place** a method on the map by two questions, and say what its box costs and buys
# - **take apart** any method into sampling, estimating and improving
# - **compare** methods fairly: by samples, by seconds, and by the share of runs that succeed
# - **choose** a first method for a task, with reasons
# - **scale** a comparison from a laptop to a cluster
# needs:
# - 02: imitation
# - 07: DDPG and TD3, and the mean of the middle half of the runs (IQM) with its interval
# - 12: PPO
# symbols: s, a, r, \gamma, \alpha, \pi, \lambda, n
# - $\epsilon$: the share of actions that are random
# - $\tau$: a return that a run may reach
# - $\beta$: price of divergence from a reference
# - $Q$: a table or network of estimated values of actions
# - $y$: what $Q(s,a)$ is moved towards

# %% tags=["import", "hide"]
import time
from dataclasses import replace
from itertools import product

import joblib
import numpy as np
from scipy import stats

from rlcourse import plots
from rlcourse.algorithms.a2c import A2C
from rlcourse.algorithms.cem import CEM
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.npg import NPG
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.reinforce import REINFORCE
from rlcourse.algorithms.td3 import TD3
from rlcourse.algorithms.trpo import TRPO
from rlcourse.equations import markov
from rlcourse.experiments import recorded_each, replayed
from rlcourse.map import discover
from rlcourse.map.dqn import POLE
from rlcourse.map.sac import SAC
from rlcourse.pages import receipts
from rlcourse.parts.optima import PENDULUM
from rlcourse.statistics import bootstrap_interval, intervals_of_sets, iqm, mean_interval
from rlcourse.training import evaluate, learn, sweep, train
from rlcourse.widgets import Choice, atlas, explore, predict

plots.use()

# %% [markdown]
# ## 1 · One cliff, two methods (11 minutes)
#
# From S one should walk to G, north, east, south or west. Each step costs 1. Whoever steps on a red cell falls, pays 100, and begins again at S.

# %% tags=["hide"]
CLIFF, METHODS = markov.cliff(gamma=0.99), discover()
FALLS = np.r_[37:47]


def draw_cliff(ax, policy=None, visits=None):
    plots.grid(ax, (4, 12), visits=visits, names={36: "S", 47: "G"})
    for cell in FALLS:
        ax.fill_between([cell % 12 - 0.5, cell % 12 + 0.5], 2.5, 3.5, color=plots.VERMILION, alpha=0.5)
    if policy is not None:
        at, path = 36, [36]
        while at != 47 and len(path) < 60:
            at = int(CLIFF.transition[at, policy[at].argmax()].argmax())
            path.append(at)
        ax.plot(np.array(path) % 12, np.array(path) // 12, color=plots.BLUE, linewidth=3, linestyle="-")


fig = plots.figure(8, 2.8)
draw_cliff(plots.axes(fig))
plots.show(
    fig,
    alt="A grid of 4 by 12 cells: start and goal are the corners below, the cells between them are the cliff",
)

# %% [markdown]
# Two methods keep a table $Q(s,a)$, act greedily in it, and in one step of ten at random ($\epsilon=0.1$, all their lives, so that they see enough). After each step they move $Q(s,a)$ a little towards a target $y$. Their targets differ in one symbol:
# $$\text{Sarsa:}\quad y=r+\gamma\,Q(s',a')\qquad\qquad\text{Q-learning:}\quad y=r+\gamma\max_{b}Q(s',b)$$
# where $a'$ is the action that is taken next, random steps included. (The step sizes differ too: Sarsa's falls to 0, as its target stays noisy; Q-learning's stays at ½.)

# %% tags=["hide"]
predict(
    "Which of the two earns more in the end, its random steps included?",
    {
        "Q-learning, as its target is the best there is": "It finds the shortest path. What is that worth to someone who stumbles?",
        "Sarsa, as its target is an average over what is done": "",
        "both the same, as their targets differ in one symbol": "The symbol decides whose values are learnt.",
    },
    answer="Sarsa, as its target is an average over what is done",
    why="Sarsa learns what a stumbling walker is worth, so it keeps away from the edge. Q-learning learns what a walker is worth who never stumbles, and then stumbles.",
)


# %% [markdown]
# What each is worth is computed, not sampled: the walk with its random steps, and the walk without them.


# %%
def both(name, seeds=8, steps=40_000):
    """Exact returns [seeds, L] of the walk with random steps, and without; steps [L]; the last Q."""
    tables = []
    learnt = learn(
        METHODS[name], seeds=seeds, steps=steps, callbacks=[lambda live: tables.append(live.point.found["Q"])]
    )
    worth = {
        epsilon: np.stack(
            [markov.expected_return(CLIFF, markov.epsilon_greedy_policy(Q, epsilon)) for Q in tables], axis=1
        )
        for epsilon in (0.1, 0.0)
    }
    return worth, learnt.curve.steps, tables[-1]


FOUND = {name: both(name) for name in ("sarsa", "q_learning")}

# %% [markdown]
# Above what they are worth, below where they walk:

# %% tags=["hide"]
fig = plots.figure(10.5, 6)
places = plots.axes(fig, 2, 2, height_ratios=(1.5, 1))
for column, (epsilon, words) in enumerate(((0.1, "with its random steps"), (0.0, "without them"))):
    for name, colour, line in (("sarsa", plots.BLUE, "-"), ("q_learning", plots.ORANGE, plots.DASHES)):
        worth, at, _ = FOUND[name]
        plots.learning_curve(
            places[0, column], at, worth[epsilon], METHODS[name].name, colour, line, seeds_width=0.4,
            bounds=(None, 0),
        )  # fmt: skip
    places[0, column].set(ylim=(-105, 0), title=words, ylabel="return, exact")
    plots.legend(places[0, column], loc="lower right")
for ax, name in zip(places[1], ("sarsa", "q_learning"), strict=True):
    policy = markov.epsilon_greedy_policy(FOUND[name][2][0], 0.1)
    draw_cliff(ax, policy, markov.visitation(CLIFF, policy) * (np.arange(48) < 47))
    ax.set_title(f"{METHODS[name].name}'s path (seed 0)")
plots.show(
    fig,
    alt="Returns of Sarsa and Q-learning with and without random steps; Sarsa walks at least one row away from the edge, Q-learning along it",
)

# %% [markdown]
# Both are right. Q-learning's path along the edge *is* the shortest, and without random steps it is worth more. With them it falls again and again; Sarsa goes round.
#
# A method whose target speaks of the policy that acts now is **on-policy**. A method whose target speaks of another policy is **off-policy**: it may learn from anybody's steps, yesterday's or a teacher's, and pays for that elsewhere.
#
# What Sarsa looks for can be computed, too. Move the random steps into the world: whatever one chooses there, one step of ten is any of the four. The best policy of that world is the best that stumbles in ours.

# %%
worth = {(name, epsilon): FOUND[name][0][epsilon][:, -1] for name in FOUND for epsilon in (0.1, 0.0)}
for (name, epsilon), found in worth.items():
    print(f"{METHODS[name].name:10} with random steps {epsilon:.0%}: {mean_interval(found)}")
best = {
    epsilon: (markov.optimal_q_values(markov.with_random_actions(CLIFF, epsilon)).max(axis=1) @ CLIFF.start)
    for epsilon in (0.1, 0.0)
}
with receipts("what is learnt on the cliff", oracle="value iteration") as same:
    same("Q-learning without random steps, every seed", worth["q_learning", 0.0], best[0.0], 1e-9)
    same("Sarsa with them, median of its seeds", np.median(worth["sarsa", 0.1]), best[0.1], 0.4)
    same("shortest path: −Σ γᵗ over 13 steps", -(1 - 0.99**13) / 0.01, best[0.0], 1e-9)
assert worth["sarsa", 0.1].max() < best[0.1] + 1e-9  # nothing that stumbles is worth more
assert worth["sarsa", 0.1].min() > worth["q_learning", 0.1].max()

# %% [markdown]
# ## 2 · The map (17 minutes)
#
# Two questions place a method.
#
# 1. **What is improved?** A *policy*, directly, by a gradient; or *values*, from which the policy follows as the best action; or a *model* of the world, in which one plans; or the likeness to someone who shows what is good (*imitation*).
# 2. **Whose worth does its target speak of?** On-policy: that of the policy that acts now. Off-policy: another's, so that anybody's steps will do.

# %% tags=["hide"]
predict(
    "TD3 has critics, whose target takes a minimum over two networks, and an actor. Which box is its own?",
    {
        "value, off-policy": "Its critics alone could stand there. But how is its action found?",
        "policy, on-policy": "It replays what older policies did, and its target speaks of an actor without noise.",
        "policy, off-policy": "",
    },
    answer="policy, off-policy",
    why="What is improved by a gradient is the actor. The critic serves it, and both learn from a memory of old steps.",
)

# %% [markdown]
# Choose a method: what is new in it, its code, and *Start*, which lets eight seeds learn at once. At the end its oracle is asked: value iteration, a closed form, an enumeration, never the method itself. Of the course's own methods only the best return is asked here; more stands in their lectures.

# %% tags=["hide"] stage={"ask": "Which of these could learn from a recording of somebody else's driving?"}
ATLAS = atlas(METHODS, seeds=8, chosen="expected_sarsa")
ATLAS

# %% [markdown]
# What the boxes cost and buy, in one table:
#
# | | buys | costs |
# |:---|:---|:---|
# | on-policy | what is estimated is what is done; stable | every sample is used once, or a few times |
# | off-policy | old samples count | what is estimated is not what is done; with approximation and bootstrapping it can diverge (the deadly triad, 01b) |
# | policy | continuous actions, and random ones where these are best; small steps change little | gradients are noisy; local |
# | value | no gradient through a policy; greedy at once | a maximum over actions: few actions, and overestimation (07) |
# | model | plans before it acts; what it knows of the world serves every reward | plans exploit the model's errors; each decision is a computation |
# | imitation | no reward is needed | somebody shows or compares; cloning drifts (02), the others need a world to act in |
#
# Many methods stand on a border. TD3 and SAC improve a policy by the slope of values that they learn as Q-learning does; some books file SAC under values, as its actor only imitates $e^{Q/\alpha}$. PPO replays a batch for a few epochs. MPC learns nothing: its model is given. Not on this map are methods of long learnt models (MBPO, Dreamer) and of search (AlphaZero).
#
# ## 3 · Three parts (9 minutes)
#
# Every method goes round: **sample** some steps, **estimate** what they say, **improve**. Written so, one sees what two methods share.

# %% tags=["hide"]
predict(
    "TRPO becomes PPO if one exchanges how many of the three parts?",
    {
        "one": "",
        "two": "Both sample a batch of π and estimate GAE with a critic.",
        "all three": "What is sampled and estimated for one of them would serve the other as it is.",
    },
    answer="one",
    ordered=True,
    why="Only the improvement differs. In the package the other two are literally the same functions.",
)

# %% [markdown]
# | | sample | estimate | improve |
# |:---|:---|:---|:---|
# | Monte Carlo | whole episodes, $\epsilon$-greedy | mean return after $(s,a)$ | greedy in $Q$ |
# | Sarsa | one step, $\epsilon$-greedy | $r+\gamma Q(s',a')$ | greedy in $Q$ |
# | Q-learning | one step, anybody's | $r+\gamma\max_b Q(s',b)$ | greedy in $Q$ |
# | REINFORCE | whole episodes of $\pi$ | reward to go, less a baseline | one gradient step |
# | A2C | a few steps of $\pi$ | $\lambda$-advantage with a critic | one gradient step |
# | NPG | a batch of $\pi$ | $\lambda$-advantage with a critic | one natural step |
# | TRPO | a batch of $\pi$ | $\lambda$-advantage with a critic | one natural step inside a trust region |
# | PPO | a batch of $\pi$ | $\lambda$-advantage with a critic | epochs of clipped gradient steps |
# | DDPG | a memory | $r+\gamma Q'(s',\pi'(s'))$ | a step up the slope of $Q$ |
# | TD3 | a memory | $r+\gamma\min_i Q'_i(s',\pi'(s')+\text{noise})$ | the same, every second time |
# | DAgger | the learner's own states | the teacher's answer there | fit |

# %% [markdown]
# The package is built that way:

# %%
assert PPO().advantage is TRPO().advantage is NPG().advantage  # the same estimate
assert TD3().target is not DDPG().target  # another one
for algorithm in (PPO(), TRPO(), DDPG(), TD3()):
    print(f"{type(algorithm).__name__:5} samples with {algorithm.agent.__name__}")

# %% [markdown]
# ## 4 · Samples or seconds? (19 minutes)
#
# Fifteen seeds of every method of the course that can play, on the same two tasks, with the same 40,960 steps and evaluation: ten episodes on fresh starts, without exploration. Each has the course's defaults, made for small tasks like these (DQN settings tuned on this pole); PPO's first spread was even checked on this pendulum.


# %%
PROGRAMS = {
    "CartPole-v1": {
        "REINFORCE": REINFORCE(), "A2C": A2C(), "NPG": NPG(), "TRPO": TRPO(), "PPO-Clip": PPO(),
        "PPO-KL": PPO(objective="adaptive_kl"), "CEM": CEM(), "DQN": POLE,
        "Double DQN": replace(POLE, double=True),
    },
    "Pendulum-v1": {
        "REINFORCE": REINFORCE(), "A2C": A2C(), "NPG": NPG(), "TRPO": TRPO(), "PPO-Clip": PPO(),
        "PPO-KL": PPO(objective="adaptive_kl"), "CEM": CEM(), "DDPG": DDPG(), "TD3": TD3(), "SAC": SAC(),
    },
}  # fmt: skip
PLAYED = [{"task": task, "name": name} for task, programs in PROGRAMS.items() for name in programs]
FILE = "recordings/13-leaderboard-{task}-{name}.json"

# %% [markdown]
# All of it was recorded, a file for each program (`python3 -m rlcourse record 13`, half an hour of one core; `record 13 --only SAC` makes SAC's alone). The beginning of all but those with a memory is trained now, two seeds of each (some ten seconds):


# %%
def play(task, name, steps, seeds):
    """Returns [seeds, L] of a program, the steps [L], and one seed's share of the CPU seconds."""
    begin = time.process_time()
    run = train(PROGRAMS[task][name], task, steps, seeds, evaluate_every=4096)
    seconds = (time.process_time() - begin) / seeds
    found = {"returns": run.curve.returns, "at": run.curve.steps, "seconds": seconds}
    return found | ({"best": evaluate(run.best, task, 50, seed=99).mean(-1)} if "DQN" in name else {})


_ = recorded_each(
    FILE,
    play,
    {"steps": 4096, "seeds": 2},
    PLAYED,
    live=lambda task, name: name not in ("DDPG", "TD3", "SAC") and "DQN" not in name,
    steps=40_960,
    seeds=15,
)

# %% [markdown]
# Before the picture:

# %% tags=["hide"]
predict(
    "40,960 steps of a pendulum: how many times as many seconds does TD3 need as PPO?",
    {
        "about 2 times": "Count the updates: TD3 makes one after every step, PPO forty after every two thousand.",
        "about 8 times": "TD3 makes fifty times as many updates. Each is cheaper than PPO's, but by that much?",
        "about 25 times": "",
        "about 100 times": "That is twice the ratio of the updates, and TD3's batches are the smaller ones.",
    },
    answer="about 25 times",
    ordered=True,
    why="It makes an update after every step, 40,000 in all; PPO makes 800, of larger batches. What that buys is below.",
)

# %% [markdown]
# The recordings, and how each method is drawn:

# %% tags=["hide"]
kept = {task: {} for task in PROGRAMS}
for part in PLAYED:
    kept[part["task"]][part["name"]] = replayed(FILE.format(**part))
LOOKS = dict(zip(kept["Pendulum-v1"], plots.styles(kept["Pendulum-v1"]), strict=True))
LOOKS |= dict(zip(("PPO-KL", "PPO-Clip"), plots.styles(["PPO kl", "PPO clip"]), strict=True))
LOOKS["SAC"], LOOKS["CEM"] = {"color": plots.PURPLE}, {"color": plots.GREEN, "linestyle": plots.DOTS}
LOOKS["DQN"], LOOKS["Double DQN"] = LOOKS["DDPG"], LOOKS["TD3"]  # which do not play on the pole
BOUNDS = {"CartPole-v1": (0, 500), "Pendulum-v1": (-1800, 0)}  # of the curves
BEST, LEVELS = {"Pendulum-v1": PENDULUM["on average"]}, {"CartPole-v1": (0, 500), "Pendulum-v1": (-400, 0)}

# %% [markdown]
# Left, the mean of the middle half of the runs (IQM) over time, with its interval; right, the share of runs that end above a return $\tau$ (a *performance profile*). The dashed line is the best mean return that there is on the pendulum, by dynamic programming.


# %% tags=["hide"]
def draw_race(fig, over="steps", which="Pendulum-v1"):
    ax, profile_ax = plots.axes(fig, 1, 2, width_ratios=(1.5, 1))
    levels = np.linspace(*LEVELS[which], 200)
    for name, run in reversed(kept[which].items()):  # SAC under the dashes of DDPG
        returns, at = run["returns"], run["at"]
        x = at if over == "steps" else np.maximum(at / at[-1], 0.02) * run["seconds"]
        look = LOOKS[name]
        ax.plot(x, iqm(returns), **look, label=name)
        band = bootstrap_interval(returns, iqm, resamples=400)
        ax.fill_between(x, band.low, band.high, color=look["color"], alpha=0.12, linewidth=0)
        share = (returns[:, -1, None] >= levels).mean(axis=0)
        profile_ax.plot(levels, share, **look, label=name)
    if which in BEST:
        ax.axhline(BEST[which], color=plots.BLACK, linestyle=plots.DASHES, linewidth=1)
        profile_ax.axvline(BEST[which], color=plots.BLACK, linestyle=plots.DASHES, linewidth=1, label="best")
    ax.set_xscale("linear" if over == "steps" else "log")
    label = "environment steps per seed" if over == "steps" else "CPU seconds of one seed (log)"
    ax.set(xlabel=label, ylabel="return, IQM of 15", ylim=BOUNDS[which], title=f"{which}, over {over}")
    profile_ax.set(xlim=LEVELS[which], ylim=(0, 1.03), xlabel="return τ", title="share of runs above τ")
    plots.legend(profile_ax, loc="lower left", bbox_to_anchor=(0, 0.02), handlelength=4, fontsize=9)
    ends = {name: run["returns"][:, -1].mean() for name, run in kept[which].items()}
    return {"highest mean at the end": max(ends, key=ends.get)}


explore(
    draw_race, size=(10.5, 4.6),
    alt="Learning curves of all methods with intervals, over steps or seconds, and the share of runs above each return",
    settings={"by the clock": {"over": "seconds"}, "the pole": {"which": "CartPole-v1"}},
    over=Choice("", "horizontal axis", ["steps", "seconds"]),
    which=Choice("", "task", list(BOUNDS), value="Pendulum-v1"),
)  # fmt: skip

# %% [markdown]
# The last column of the table is what one seed costs when fifteen learn at once.

# %%
for task in BOUNDS:
    print(f"{task:14} {'return, IQM of 15 [95 %]':>26}   {'CPU s':>6}")
    ranked = sorted(kept[task].items(), key=lambda played: -iqm(played[1]["returns"][:, -1]))
    for name, run in ranked:
        end = bootstrap_interval(run["returns"][:, -1], iqm)
        said = f"{end.estimate:.0f} [{end.low:.0f}, {end.high:.0f}]"
        print(f"  {name:12} {said:>26}   {float(run['seconds']):6.1f}")
        if (task, name) in product(BEST, ("DDPG", "TD3", "SAC")):
            assert end.low < BEST[task] < end.high, "its interval holds the best return"

# %% [markdown]
# On the pole DQN's policies swing from one evaluation to the next. The last ones, and the best that evaluations would have kept, on fifty fresh starts:

# %%
for name in ("DQN", "Double DQN"):
    last, best = kept["CartPole-v1"][name]["returns"][:, -1], kept["CartPole-v1"][name]["best"]
    for which, found in (("last", last), ("best", best)):
        print(f"{name:10} {which}: IQM {iqm(found):3.0f}, {(found >= 475).sum():2} of 15 at 475 or more")
    assert iqm(best) >= 475 > iqm(last)

# %% [markdown]
# How far is it to −250 on the pendulum, for the mean of five seeds? Three disjoint sets of five answer:

# %%
REACHED = {}
for name in ("PPO-Clip", "DDPG", "TD3", "SAC"):
    run = kept["Pendulum-v1"][name]
    steps = run["at"][[np.argmax(part.mean(axis=0) > -250) for part in np.split(run["returns"], 3)]]
    seconds = steps / run["at"][-1] * run["seconds"]
    REACHED[name] = steps, seconds
    print(f"{name:9} after {steps} steps, {np.round(seconds, 1)} CPU s")
for name in ("DDPG", "TD3", "SAC"):
    assert (REACHED[name][0] < REACHED["PPO-Clip"][0]).all()  # fewer samples in every set
    assert (REACHED[name][1] > REACHED["PPO-Clip"][1]).all()  # and more seconds

# %% [markdown]
# Both are true at once. The three with a memory need a quarter of the samples or fewer (looked at every 4,096 steps only), as each sample is used more than a hundred times. By the clock PPO is the first of the four, as its few large steps cost little. Whether a method is "efficient" depends on what is dear: a robot's minute, or a processor's.
#
# The three with a memory end where the best return, −137, lies within their intervals. Plain REINFORCE and A2C do not learn the pendulum within this budget, and CEM, which never looks inside an episode, does not either; on the pole all three learn. And the share of runs (right) says what a mean hides: on the pole, PPO-Clip's fifteen runs all end at 500, while four of A2C's end between 144 and 280.
#
# ## 5 · Which one should I take? (9 minutes)
#
# Ask in this order, and stop at the first *yes*.
#
# | question | take | because | seen in |
# |:---|:---|:---|:---|
# | Is the world known, and a table? | value iteration | exact, in milliseconds | 01 |
# | Is there a model, and time to plan before every single action? | planning in it; on boards, search | no learning at all | box *model* |
# | Does a teacher answer questions? | DAgger | its error does not add up over time | 02 |
# | Are there only recordings of a teacher? | cloning; if it drifts and one may act, GAIL or IQ-Learn | nothing to explore | 02, box *imitation* |
# | Are there recordings of anybody, with rewards, and may one not act? | offline methods (CQL, IQL) | they keep to actions that the data know; plain Q-learning trusts the others | not in this course |
# | Can people only say which of two is better? | RLHF, DPO | the reward is learnt as well | Further |
# | Is a step cheap (a simulator), and must the policy answer at once? | PPO | stable, quick by the clock, any actions | section 4, 12 |
# | Is a step dear, actions continuous? | TD3 or SAC | every sample is used more than a hundred times | section 4, 07 |
# | Does the policy have few parameters, and is the return all there is? | CEM | no gradient, no critic, no credit assignment | section 4: the pole, not the pendulum |
#
# If one observation does not show the state (a velocity, what is behind a door), no row mends that: give the method a memory first, the last few observations or a recurrent network.
#
# Every method assumes something. Most policy gradients assume that a trajectory can be begun again and again; temporal differences that the state is observed in full (Monte Carlo does not); TRPO and PPO that a batch is large enough to trust; DDPG and TD3 that $Q$ has a slope in the action; cloning that the teacher's states are the learner's.
#
# ## 6 · Practice (8 minutes)
#
# - **Start small.** Probe environments first: five worlds that isolate one fault each (13c). A new method should be dull on them within seconds.
# - **Keep a separate evaluation**, and the policy that did best in it. What a learner earns while it explores is another number: on the cliff, section 1, the same table earned −46.6 or −12.2.
# - **Evaluate on the same starts.** Episodes differ more than policies do; the same starts for both take that out (13b).
# - **Log everything**, the dull quantities too: entropy, KL of a step, explained variance, size of gradients, $\max Q$ against the return. `Run.metrics` holds them.
# - **Take seeds.** Three show that something learns. They do not rank two methods that both learn.

# %% tags=["hide"]
predict(
    "At 20,480 steps on the pole, PPO-Clip is ahead of TRPO in the mean of fifteen runs. Draw three runs of each: how often is TRPO ahead?",
    {
        "in about 1 of 100 draws": "The means of three spread much more than that.",
        "in about 1 of 5 draws": "",
        "in about half of the draws": "Then neither would lead in the mean of fifteen.",
    },
    answer="in about 1 of 5 draws",
    ordered=True,
    why="Single runs stray from their means by 79 and by 49, so the difference of two means of three strays by 54. The methods differ by 40, and fifteen runs each leave it open, too: the interval of the difference holds 0.",
)

# %% [markdown]
# Drawn twenty thousand times:

# %%
rng = np.random.default_rng(0)
one, other = (kept["CartPole-v1"][name]["returns"][:, 5] for name in ("TRPO", "PPO-Clip"))
three = rng.choice(one, (20_000, 3)).mean(axis=1) - rng.choice(other, (20_000, 3)).mean(axis=1)
print(
    f"fifteen runs: TRPO {one.mean():.0f} ± {one.std():.0f}, PPO-Clip {other.mean():.0f} ± {other.std():.0f}"
)
gap = stats.ttest_ind(other, one, equal_var=False).confidence_interval()
print(f"their difference: {other.mean() - one.mean():.0f} [{gap.low:.0f}, {gap.high:.0f}]")
print(f"three of each: TRPO is ahead in {np.mean(three > 0):.0%}")

# %% [markdown]
# ## 7 · From a laptop to a cluster (6 minutes)
#
# A comparison is a table of independent runs, so it can be spread. `sweep` trains every algorithm on every task, one process for each here:

# %%
algorithms = {"PPO": PPO(hidden=(32, 32)), "TRPO": TRPO(hidden=(32, 32))}
for (name, env), run in sweep(algorithms, ["CartPole-v1"], 4096, 4, jobs=2, evaluation_episodes=5).items():
    print(f"{name:5} {env}: {run.status}, {mean_interval(run.curve.returns[:, -1])}")

# %% [markdown]
# The same call runs on a cluster that Dask or Ray has joined (extra `cluster`); only what stands around it changes:
#
# ```python
# from distributed import Client
#
# with Client("head:8786"), joblib.parallel_config(backend="dask"):
#     runs = sweep(algorithms, tasks, steps=100_000, seeds=10, folder="runs")
# ```
#
# (On Ray: `ray.util.joblib.register_ray()` once, then `backend="ray"`.)
#
# If a worker is killed in the middle, its run goes on from its last checkpoint on another one, what was finished is not made again, and a run on which workers die repeatedly comes back as *failed*, with the reason. All of that is a test, with workers that are killed.
#
# What does it cost to spread the work? On two idle cores, two workers did six short runs with an efficiency (the time of one worker over twice the time of two) of 0.94 as processes, 1.02 on Dask (above 1 is chance) and 0.90 on Ray. An empty call of a thousand took 0.2 ms, 3.8 ms and 0.8 ms. A run of one second is therefore long enough for any of the three; a call of a millisecond is for none. (`tests/benchmarks/cluster.py` measures it.)
#
# ## Summary
#
# - Two questions place a method: what is improved (policy, values, model, likeness), and whose data it uses.
# - On-policy methods learn what *their* policy is worth, stumbling included; off-policy methods learn another one's worth from anybody's steps.
# - Every method samples, estimates, improves; some neighbours differ in only one of the three.
# - Samples and seconds are two rankings. Say which one a comparison is about, how many seeds, and with which interval.
# - Ask in order: known world? teacher? cheap steps? Then take the dullest method that fits.
#
# ## Exercises
#
# 1. ★ (5 minutes) Where on the map is A3C, whose workers send gradients that are a few updates old? And IMPALA?
#    <details><summary>Answer</summary>Both improve a policy. A3C is called on-policy, though the workers' policies lag a little (lecture 04); IMPALA takes the lag seriously and weighs it with V-trace: off-policy (lecture 05).</details>
# 2. ★★ (10 minutes) Let Sarsa stumble less: train `learn(METHODS["sarsa"], seeds=8, epsilon=0.02)`, then with `epsilon=0.01`. Which paths do the seeds find?
#    <details><summary>Hint</summary>`markov.expected_return(CLIFF, markov.epsilon_greedy_policy(learnt.point.found["Q"], 0.0))` is −12.25 on the edge, −13.99 one row away.</details>
#    <details><summary>Answer</summary>With 0.02 all eight keep one row away, as the best stumbling policy does (−14.86, exactly). With 0.01, five walk along the edge, which costs them −15.1; the best is −14.41, again one row away. A random step over the edge comes once in 400 steps, so a cell of the edge sees about ten while $\alpha$ falls. With `steps=400_000` all eight leave it.</details>
# 3. ★★ (15 minutes) Expected Sarsa replaces $Q(s',a')$ by its mean over $a'\sim\pi$. Which paths does it find if $\pi$ is (a) the $\epsilon$-greedy, (b) the greedy policy?
#    <details><summary>Answer</summary>(a) Sarsa's, with less noise: the same mean, without the draw of $a'$. (b) The mean over the greedy policy is the maximum: it *is* Q-learning.</details>
# 4. ★★ (15 minutes) Write the row of *sample, estimate, improve* for CEM and for behaviour cloning.
#    <details><summary>Answer</summary>CEM: whole episodes of many parameter vectors; each vector's return; move mean and spread to the best ones. Cloning: the teacher's states; the teacher's actions; fit.</details>
# 5. ★★ (10 minutes) Choose a first method for each, and name what could make you leave it: (a) the dose of a drug, from 3,000 recorded treatments; (b) an Atari game with a fast emulator; (c) a warehouse arm, two hours of a good operator's logs, the operator at hand; (d) a board game whose rules are known.
#    <details><summary>Hint</summary>Who may act, what does a step cost, and who knows the answer?</details>
#    <details><summary>Answer</summary>(a) An offline method, near the doctors' own doses, judged by importance weights (05): nobody may explore. Leave it where the effective sample size is small. (b) PPO: steps are cheap; a few stacked frames, as one does not show velocities. Leave it where frames are dear: a method with a memory. (c) DAgger: the operator can be asked; cloning if she cannot. Leave it for TD3 or SAC if better than the operator is wanted, and a fall of the arm can be borne. (d) Search with the rules as the model. Leave it where the answer must come at once: learn a policy from the search.</details>

# %% [markdown]
# ## Further · A reward that was learnt
#
# In the box *imitation* stands RLHF: people say which of two answers is better, a model learns a reward from that, a policy climbs it. Here answers are words of four letters, so that every expectation is a sum over all of them. At first words are drawn from a *reference*, which seldom repeats a letter. The model only counts letters; people also dislike "aa", which hardly occurs in what they compared.

# %% tags=["hide"]
predict(
    "A policy climbs the learnt reward for long, with no price on leaving the reference. What becomes of the true reward?",
    {
        "it rises as long as the learnt one does": "As far as the model is right. Where does the policy go after that?",
        "it rises, then falls back to where it began": "Why should it stop there? Nothing in what is climbed knows of that point.",
        "it rises, then falls below where it began": "",
        "it falls from the beginning": "Near the reference the model is right, and climbing it helps.",
    },
    answer="it rises, then falls below where it began",
    why="What is optimised finds the places where the model is wrong in its favour.",
)

# %% [markdown]
# Ten seeds, each with comparisons of its own; over the divergence from the reference:

# %% tags=["hide"]
seen = []
learn(
    METHODS["rlhf"],
    seeds=10,
    beta=0.0,
    alpha=0.4,
    steps=600,
    callbacks=[lambda live: seen.append(live.point.found)],
)
kl, learnt, true = (np.stack([found[key] for found in seen], axis=1) for key in ("kl", "learnt", "true"))
fig = plots.figure(8, 4)
told, meant = plots.over_optimisation(plots.axes(fig), kl, learnt, true)
plots.show(fig, alt="The learnt reward rises with the divergence; the true reward rises, peaks and falls")

# %% [markdown]
# The mean true reward peaks where the dotted line stands, and ends below its start, while the learnt one still rises: the model is wrong where nobody looked. (The task was built for this. It shows the mechanism, and not how common it is.) That is why RLHF pays for divergence: with the price $\beta$ its optimum is known, $\pi^*\propto\pi_\mathrm{ref}\,e^{r/\beta}$, and DPO fits that form to the comparisons directly, without a reward model between.

# %%
print(
    f"true reward: {meant.estimate[0]:.2f} at the start, {meant.estimate.max():.2f} at its peak, {meant.estimate[-1]:.2f} at the end"
)
print(f"learnt reward: {told.estimate[0]:.2f} at the start, {told.estimate[-1]:.2f} at the end")
assert meant.low.max() > meant.high[0] and meant.high[-1] < meant.low[0] and told.low[-1] > told.high[0]

# %% [markdown]
# ## Sources
#
# - Sutton and Barto, *Reinforcement Learning: An Introduction*, 2nd edition, 2018, [incompleteideas.net](http://incompleteideas.net/book/the-book-2nd.html): example 6.6.
# - Agarwal, Schwarzer, Castro, Courville, Bellemare, *Deep reinforcement learning at the edge of the statistical precipice*, NeurIPS 2021, [arXiv:2108.13264](https://arxiv.org/abs/2108.13264): IQM and performance profiles.
# - Each method's paper stands beside it on the map.
