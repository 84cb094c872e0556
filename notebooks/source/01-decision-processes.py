# %% [markdown] tags=["head"]
# # Lecture 01 · Decision processes
#
# question: What is a policy worth, and where does it spend its time?
# objectives:
# - **read** a decision process from its picture, and **write down** how probable a trajectory is
# - **say** what a discount means, and **compute** values, action values and advantages
# - **tell apart** three ways to say where a policy spends its time, and **convert** one into another
# - **learn** values from walks alone, one step or many steps at a time, and **say** what each way costs
# needs:
# - 00: how to use a page; state, action, reward, policy
# - expectations
# - matrices
# symbols: s, a, r, s', t, T, \gamma, P, \rho_0, \pi, \pi(a\mid s), \theta, \eta, V^\pi, Q^\pi, A^\pi, d^\pi, \alpha, \mathbb E
# - $\tau$: trajectory
# - $G_t$: return from step $t$ on
# - $P_\pi, r_\pi$: the process with the policy averaged in
# - $\mathcal T^\pi$: one Bellman backup
# - $V_k$: values after $k$ backups
# - $\rho^\pi$: visitation that is not normalised, $d^\pi/(1-\gamma)$
# - $\bar d$: stationary distribution, the share of time in each state in the long run
# - $o$: observation, what an agent sees of the state
# - $\hat V$: an estimate of $V^\pi$
# - $\delta_t$: TD error, $r_t + \gamma \hat V(s_{t+1}) - \hat V(s_t)$
# - $n$: number of rewards in a target
# homework: 1

# %% [markdown]
# ## 1 · A goat, and a point on a line (10 minutes)
#
# A goat lives between a valley, where nothing grows, and a meadow.

# %% tags=["import", "hide"]
from dataclasses import replace
from functools import lru_cache
from itertools import product

import numpy as np
from IPython.display import Markdown

from rlcourse import form, notebooks, plots
from rlcourse.equations import markov
from rlcourse.equations.prediction import n_step_td
from rlcourse.pages import receipts, show_source
from rlcourse.statistics import mean_interval
from rlcourse.widgets import Choice, Slider, explore, predict

plots.use()

# %% [markdown]
# At every step it can stay where it is or move to the other place. Moving out of the
# valley costs 0.2. In the meadow staying pays 1, and leaving only 0.3, as there is less time to graze. The ground is slippery: with probability 0.1 the
# opposite of what the goat wanted happens.

# %% tags=["hide"]
goat = markov.two_state(gamma=0.9)
PLACES, WAYS = ("valley", "meadow"), ("stay", "move")
plots.mdp(goat, states=PLACES, actions=WAYS)

# %% [markdown]
# (Circles are **states**, arrows **actions**, the numbers on them **rewards**. $P$ is the probability that the action succeeds;
# thin arrows are the accidents. The grey arrow says where the walk begins.)
#
# A **policy** is the goat's habit: how probable each action is in each place. Here that is two numbers, the probability to move out of the valley and the
# probability to move out of the meadow. The **value** of a place, under a policy, is what the goat earns on average from there on, where a
# reward counts 0.9 times as much for every step that it comes later. (Section 3 says why.) A policy has two values: a point in a plane.

# %% tags=["hide"]
predict(
    "You turn one knob: the probability to move out of the valley goes from 0 to 1, the habit in the meadow stays as it is. "
    "How does the point (V(valley), V(meadow)) travel?",
    choices={
        "along a straight line": "",
        "along a curve": "Each value is a ratio of two linear functions of that probability, so a curve is a good guess. But both ratios have the same denominator, and such a pair runs along a line.",
        "only to the right: V(meadow) stays": "From the meadow the goat slips into the valley now and then, so that what it does there matters.",
    },
    answer="along a straight line",
    why="One habit, changed in one place, changes all values in fixed proportion. <i>Further</i> has the proof, in four lines.",
)

# %% [markdown]
# **Try.** Left: all policies, a square. Right: their values, in grey those of all kinds of policies.


# %% tags=["hide"]
def habit(valley, meadow):
    """The policy that moves with these probabilities, [..., 2, 2]."""
    return np.moveaxis(np.array([[1 - valley, valley], [1 - meadow, meadow]]), (0, 1), (-2, -1))


GRID = np.linspace(0, 1, 26)
CLOUD = markov.values(goat, habit(*np.meshgrid(GRID, GRID))).reshape(-1, 2)


# %% [markdown]
# Turn one slider and follow the point. Then look
# for the policy that is highest *and* furthest to the right.


# %% tags=["hide"]
def draw_polytope(fig, valley=0.5, meadow=0.5):
    square, plane = plots.axes(fig, 1, 2)
    ones = np.ones_like(GRID)
    for where, look, name in (
        ((GRID, meadow * ones), (plots.BLUE, "-"), "valley's slider"),
        ((valley * ones, GRID), (plots.VERMILION, plots.DASHES), "meadow's slider"),
    ):
        square.plot(*where, color=look[0], linestyle=look[1], clip_on=False)
        plane.plot(*markov.values(goat, habit(*where)).T, color=look[0], linestyle=look[1], label=name)
    square.plot(valley, meadow, "o", color=plots.BLACK, markersize=10, clip_on=False)
    square.set(xlim=(0, 1), ylim=(0, 1), xlabel="P(move) in the valley", ylabel="P(move) in the meadow")
    square.set_title("the policy")
    plane.plot(*CLOUD.T, ".", color=plots.GREY, markersize=2.5, alpha=0.5, zorder=0)
    for corner in product((0, 1), repeat=2):
        x, y = markov.values(goat, habit(*corner))
        plane.plot(x, y, "s", color=plots.BLACK, markersize=6)
        words = f"{WAYS[corner[0]]}, {WAYS[corner[1]]}"
        side = {"xytext": (-9, -3), "ha": "right"} if corner[0] == 0 else {"xytext": (9, -5), "ha": "left"}
        plane.annotate(words, (x, y), textcoords="offset points", fontsize=11, **side)
    here = markov.values(goat, habit(valley, meadow))
    plane.plot(*here, "o", color=plots.BLACK, markersize=10)
    plane.set(xlim=(-3, 11), ylim=(0, 9.5), xlabel="V(valley)", ylabel="V(meadow)", title="its values")
    plots.legend(plane, loc="upper left")
    return {"V(valley)": float(here[0]), "V(meadow)": float(here[1])}


explore(
    draw_polytope,
    alt="A policy as a point of a square, and its two values as a point of a plane; each slider moves it on a line",
    size=(10.5, 4.4),
    settings={"never moves": {"valley": 0.0, "meadow": 0.0}, "always moves": {"valley": 1.0, "meadow": 1.0},
        "best in both places": {"valley": 1.0, "meadow": 0.0}},
    valley=Slider("", "P(move) in valley", min=0.0, max=1.0, step=0.02),
    meadow=Slider("", "P(move) in meadow", min=0.0, max=1.0, step=0.02),
)  # fmt: skip

# %% [markdown]
# Each slider moves the point on a straight line, and all policies together fill a figure with straight edges, a *polytope*. Its four corners (black squares, named by what the goat does
# in the valley, then in the meadow) are the policies that leave nothing to chance. One of them is the best in *both* places at once: move in the valley, stay in the meadow. Every
# finite process has a policy that is best in every state at once.

# %%
chance = np.linspace(0, 1, 11)
V = markov.values(goat, habit(chance, 0.3 + 0 * chance))  # 11 policies, one knob
steps = np.diff(V, axis=0)
turn = steps[1:, 0] * steps[:-1, 1] - steps[1:, 1] * steps[:-1, 0]  # 0 where two steps have one direction
with receipts("11 policies, one knob", oracle="a straight line") as same:
    same("how far the way of V turns", turn, 0, 1e-12)

# %% [markdown]
# ## 2 · The process and its trajectories (14 minutes)
#
# This was a **Markov decision process**. It has six parts:
#
# | | |
# |:---|:---|
# | states | $s$ |
# | actions | $a$ |
# | transitions | $P(s'\mid s,a)$: how probable $s'$ is after $a$ in $s$ |
# | rewards | $r(s,a)$ |
# | start | $\rho_0(s)$ |
# | discount | $0\le\gamma<1$ |
#
# *Markov* means that the next state depends on the present state and action and on nothing before. *Decision*, that somebody chooses: the **policy**
# $\pi(a\mid s)$. Written $\pi_\theta$, it has parameters $\theta$ that can be learnt. ([All symbols of the course](#Further:-the-symbols-of-the-course))
#
# What happens is a **trajectory** $\tau = (s_0,a_0,s_1,a_1,\dots,s_T)$. One of the goat's, with a policy that moves with probability one half in either place:

# %%
coin = markov.uniform_policy(goat)
walk = markov.sample_walks(goat, coin, steps=9, walks=1, seed=2)
states, actions, rewards = (x[:, 0] for x in walk)

# %% [markdown]
# Drawn:

# %% tags=["hide"]
fig = plots.figure(10, 3.1)
ax = plots.axes(fig)
ax.plot(range(10), states, color=plots.GREY, linestyle="-", zorder=0)
ax.plot(range(10), states, "o", color=plots.BLUE, markersize=15)
for t, (a, r) in enumerate(zip(actions, rewards, strict=True)):
    accident = (states[t + 1] != states[t]) != bool(a)
    ax.text(t + 0.5, -0.52, f"{WAYS[a]}{' (slips)' if accident else ''}", ha="center", fontsize=11)
    ax.text(t + 0.5, -0.82, plots.shown(r), ha="center", fontsize=11, color=plots.ink(plots.VERMILION))
ax.text(-0.45, -0.52, "action", ha="right", fontsize=11)
ax.text(-0.45, -0.82, "reward", ha="right", fontsize=11, color=plots.ink(plots.VERMILION))
ax.set(yticks=(0, 1), yticklabels=PLACES, ylim=(-0.95, 1.3), xticks=range(10), xlabel="time step t")
ax.set(xlim=(-0.4, 9.4), title="A trajectory: states, actions, and what they paid")
plots.show(fig, alt="Nine steps of the goat between valley and meadow, with its actions and rewards")

# %% [markdown]
# How probable is it? One factor for each thing that chance or the policy decides:
# $$p_\pi(\tau) = \rho_0(s_0)\prod_{t=0}^{T-1}\pi(a_t\mid s_t)\,P(s_{t+1}\mid s_t,a_t).$$
# Lecture 03 rests on the fact that $\theta$ occurs only in the factors $\pi$. The receipts go through *every* trajectory of four steps, and
# count how often one of them comes up.

# %%
everything = [
    markov.trajectory_probability(goat, coin, s, a)
    for s in product(range(2), repeat=5)
    for a in product(range(2), repeat=4)
]
with receipts("sum of the products", oracle="axiom") as same:
    same(f"all {len(everything)} trajectories of 4 steps", sum(everything), 1)

many = markov.sample_walks(goat, coin, steps=4, walks=100_000, seed=0)
one = np.array([0, 1, 1, 1, 1]), np.array([1, 0, 0, 0])  # up to the meadow, then stay there
hit = np.all(many.states == one[0][:, None], axis=0) & np.all(many.actions == one[1][:, None], axis=0)
p = markov.trajectory_probability(goat, coin, *one)
with receipts("the product", oracle="share of 100 000 walks") as same:
    same("move, stay, stay, stay, no accident", p, hit.mean(), 4 * np.sqrt(p / 100_000))

# %% [markdown]
# **When the state is hidden.** Often an agent does not see $s$ but only an **observation** $o$ of it, a camera's picture for example. Such a process is called *partially observable*, a POMDP, and the policy is
# $\pi(a\mid o)$:

# %% tags=["hide"]
fig = plots.figure(8, 2.7)
ax = plots.axes(fig)
looks = {0: plots.YELLOW, 1: plots.SKY, 2: plots.GREEN, 3: plots.SKY, 4: plots.ORANGE}
for cell, colour in looks.items():
    square = [cell, cell + 1, cell + 1, cell], [0, 0, 1, 1]
    ax.fill(*square, color=colour, alpha=0.55, linewidth=0, linestyle="-")
    ax.text(cell + 0.5, 0.5, f"{cell}", ha="center", va="center", fontsize=15)
    below = {0: "trap −1", 2: "treasure +1", 4: "trap −1"}.get(cell)
    if below:
        ax.text(cell + 0.5, -0.42, below, ha="center", va="center", fontsize=12)
    else:
        ax.plot([cell, cell + 1], [0, 0], color=plots.BLACK, linewidth=3, linestyle="-")
for x, y in (((0, 5), (1, 1)), ((0, 0), (0, 1)), ((5, 5), (0, 1))):
    ax.plot(x, y, color=plots.BLACK, linewidth=3, linestyle="-")
ax.set(xlim=(-0.1, 5.1), ylim=(-0.75, 1.1), aspect="equal", title="Equal colours: equal observations")
ax.axis("off")
plots.show(
    fig,
    alt="A corridor of five cells whose cells 1 and 3 look alike; treasure below cell 2, traps at the ends",
)

# %% [markdown]
# The agent sees only the walls around it. In cells 1 and 3 they are the same, so it cannot know on which side the treasure lies, and *every* policy does the same in both. In
# $p_\pi(\tau)$ a factor for the observation comes in, and $\pi(a_t\mid o_t)$ for $\pi(a_t\mid s_t)$. Lecture 03 shows that here it pays to throw a coin.
#
# ## 3 · The return, and $\gamma$ as a coin (12 minutes)
#
# The **return** from step $t$ on is the discounted sum of the rewards that come:
# $$G_t = r_t + \gamma\,r_{t+1} + \gamma^2\,r_{t+2} + \dots$$
# For the trajectory above: pale what a step paid, dark what is left after discounting:

# %% tags=["hide"]
fig = plots.figure(9, 3.1)
ax, counted = plots.axes(fig), rewards * 0.9 ** np.arange(9)
ax.bar(np.arange(9), rewards, 0.8, color=plots.SKY, alpha=0.45, label="reward")
ax.bar(np.arange(9), counted, 0.5, color=plots.BLUE, label="γᵗ · reward")
ax.plot(np.arange(9), 0.9 ** np.arange(9), color=plots.GREY, linestyle=plots.DOTS, label="γᵗ")
ax.axhline(0, color=plots.BLACK, linewidth=1, linestyle="-")
ax.set(xlabel="time step t", ylabel="reward", xticks=range(9), ylim=(-0.3, 1.1))
ax.set_title(
    f"The return: dark bars add up to {plots.shown(round(counted.sum(), 2))}, pale ones to {plots.shown(rewards.sum())}"
)
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plots.show(
    fig, alt="Rewards of nine steps and the same rewards discounted; the discounted ones add up to the return"
)

# %% [markdown]
# Why count later rewards less? One answer: after every step a coin decides: with probability $\gamma$ the goat goes on, with probability $1-\gamma$ it is taken home. *Nothing* is
# discounted; its rewards until then are simply added.

# %% tags=["hide"]
predict(
    "γ = 0.9, so such walks have ten steps on average. Compare their mean total with the mean discounted return of walks that never stop. It is…",
    choices={
        "smaller: the rewards after the stop are lost": "They are lost, but those before it count in full, where a discount would have shrunk them.",
        "the same": "",
        "larger: no reward is shrunk": "None is shrunk, but many are never earned.",
        "different, by how late the goat finds the meadow": "A late reward is discounted much, and few coins let it happen: the two factors are equal.",
    },
    answer="the same",
    why="A reward at time t is earned if the coin said “go on” t times: with probability γᵗ, which is its weight in the return.",
)

# %% [markdown]
# The two, simulated:

# %%
rng, N = np.random.default_rng(0), 20_000
endless = markov.sample_walks(goat, coin, steps=150, walks=N, seed=1)
coins = rng.random((150, N)) < 0.9  # coins[t]: after step t, go on
alive = np.cumprod(np.vstack([np.ones(N, bool), coins[:-1]]), axis=0)  # is step t still made?
totals = (alive * endless.rewards).sum(axis=0)  # nothing is discounted
discounted = 0.9 ** np.arange(150) @ endless.rewards
eta = markov.expected_return(goat, coin)
with receipts("mean over 20 000 walks", oracle="linear equations") as same:
    same("plain sum, until the coin says stop", totals.mean(), eta, 4 * totals.std() / np.sqrt(N))
    same("discounted sum, never stopped", discounted.mean(), eta, 4 * discounted.std() / np.sqrt(N))
    same("steps until the coin says stop", alive.sum(axis=0).mean(), 1 / (1 - 0.9), 0.3)

# %% [markdown]
# Why: the coin lets step $t$ happen with probability $\gamma^t$, whatever the goat does, so the expected sum is $\mathbb E\sum_t\gamma^t r_t$. Hence $1/(1-\gamma)$ is called the *horizon*: about so many
# steps count. (A real end, such as a fallen pole, is not this coin but part of $P$: a state that is never left and pays nothing.)
#
# What a policy is judged by is its expected return from the start, its **performance** $\eta(\pi) = \mathbb E_\pi[G_0]$.
#
# ## 4 · Three values and one equation (20 minutes)
#
# | | | |
# |:---|:---|:---|
# | **value** of a state | $V^\pi(s) = \mathbb E_\pi[G_t\mid s_t=s]$ | what is to be expected from here |
# | **action value** | $Q^\pi(s,a) = \mathbb E_\pi[G_t\mid s_t=s,\,a_t=a]$ | … if I do $a$ now, and follow $\pi$ afterwards |
# | **advantage** | $A^\pi(s,a) = Q^\pi(s,a)-V^\pi(s)$ | how much better $a$ is than what $\pi$ does on average |

# %% tags=["hide"]
fig = plots.figure(9, 3.6)
Q, V = markov.q_values(goat, coin), markov.values(goat, coin)
for ax, s in zip(plots.axes(fig, 1, 2, sharey=True), range(2), strict=True):
    ax.bar(WAYS, Q[s], 0.6, color=plots.SKY)
    ax.axhline(V[s], color=plots.BLACK, linestyle=plots.DASHES)
    ax.text(2.18, V[s] + 0.08, f"V = {V[s]:.2f}", ha="right", va="bottom", fontsize=12)
    for a in range(2):
        arrow = {"arrowstyle": "-|>", "color": plots.VERMILION, "lw": 2.5, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (a + 0.35, Q[s, a]), (a + 0.35, V[s]), arrowprops=arrow)
        words = f"A = {Q[s, a] - V[s]:+.2f}".replace("-", "−")
        ax.text(a, 0.9, words, ha="center", fontsize=12, fontweight="bold")
        ax.text(a, 1.4, f"Q = {Q[s, a]:.2f}", ha="center", fontsize=12)
    ax.set(title=f"in the {PLACES[s]}", xlim=(-0.5, 2.2), ylim=(0, 4.2))
    ax.set_ylabel("value" if s == 0 else "")
plots.show(
    fig,
    alt="Action values as bars, the value as a line, the advantage as the arrow from line to bar, in both places",
)

# %% [markdown]
# The bars are what each action is worth, the dashed line what the habit is worth, an arrow from line to bar an advantage. Under the policy the advantages average to 0 in each state.
#
# **Bellman's equation.** A value is a sum without end. Two steps make of it a few linear equations.
#
# **Step 1.** The return from now is the first reward and the discounted return from the next step: $G_t = r_t + \gamma\,G_{t+1}$.
#
# **Step 2.** Average, over the action, then the next state; what comes after that depends on $s'$ only, as the process is Markov:
# $$V^\pi(s) = \sum_a\pi(a\mid s)\,Q^\pi(s,a),\qquad Q^\pi(s,a) = r(s,a) + \gamma\sum_{s'}P(s'\mid s,a)\,V^\pi(s').$$
#
# Average the policy in, $P_\pi(s'\mid s) = \sum_a\pi(a\mid s)P(s'\mid s,a)$ and $r_\pi(s) = \sum_a\pi(a\mid s)\,r(s,a)$. Then it is one line,
# $$V^\pi = r_\pi + \gamma P_\pi V^\pi,\qquad\text{so}\qquad \boxed{\;V^\pi = (I-\gamma P_\pi)^{-1}\,r_\pi.\;}$$
# (As $\gamma<1$, the inverse exists: $\sum_t\gamma^tP_\pi^t$.)
#
# The right-hand side, with *any* values $V$ put in, is one **backup**, $\mathcal T^\pi V = r_\pi + \gamma P_\pi V$: look one step ahead, and believe $V$ about the rest. Repeat it, and the error shrinks by $\gamma$ at least each time,
# because $P_\pi$ averages, and an average is never larger than the largest entry:
# $$\lVert V_k - V^\pi\rVert_\infty = \lVert\gamma P_\pi(V_{k-1}-V^\pi)\rVert_\infty \le \gamma\,\lVert V_{k-1}-V^\pi\rVert_\infty .$$

# %%
show_source(markov.values, markov.bellman_backup)

# %% [markdown]
# Three ways to the same two numbers: linear equations, 400 backups from 0, and walks:

# %%
V, V_k = markov.values(goat, coin), np.zeros(2)
for _ in range(400):
    V_k = markov.bellman_backup(goat, coin, V_k)
with receipts("linear equations", oracle="400 backups from 0") as same:
    same("V of both places", V, V_k)
for s in range(2):
    here = markov.sample_walks(replace(goat, start=np.eye(2)[s]), coin, 150, 5_000, seed=s)
    returns = 0.9 ** np.arange(150) @ here.rewards
    spread = returns.std() / np.sqrt(5_000)
    with receipts("linear equations", oracle="mean of 5000 walks") as same:
        same(f"V({PLACES[s]}), to 4 standard errors", V[s], returns.mean(), 4 * spread)
    print(f"   walks: {mean_interval(returns)}")

# %% [markdown]
# The shrinking, on 200 random processes:

# %%
errors, discounts = [], (0.5, 0.8, 0.95)
for seed in range(200):
    world = markov.MDP.random(2 + seed % 7, 2 + seed % 3, seed, discounts[seed % 3])
    policy, V_k = markov.random_policy(world, seed), np.zeros(world.states)
    error = []
    for _ in range(31):
        error.append(np.abs(V_k - markov.values(world, policy)).max())
        V_k = markov.bellman_backup(world, policy, V_k)
    errors.append(np.array(error) / error[0])
bound = np.array(discounts)[:, None] ** np.arange(31)  # γᵏ, [3, 31]
over = max((errors[i] - bound[i % 3]).max() for i in range(200))
with receipts("largest excess over γᵏ", oracle="contraction") as same:
    same("200 random processes, 30 backups", max(over, 0.0), 0)

# %% [markdown]
# Three of them:

# %% tags=["hide"]
fig = plots.figure(8, 3.4)
ax = plots.axes(fig)
for i, colour in enumerate((plots.GREEN, plots.BLUE, plots.PURPLE)):
    ax.plot(errors[i], color=colour, linestyle="-", label=f"γ = {discounts[i]:g}")
    ax.plot(bound[i], color=colour, linestyle=plots.DOTS, label="_bound")
ax.set(yscale="log", ylim=(3e-10, 2), xlim=(0, 30), xlabel="backups", ylabel="error / first error")
ax.set_title("Solid: the error. Dotted: the bound γᵏ")
plots.label_lines(ax)
plots.show(fig, alt="The error of repeated backups falls at least as fast as γᵏ, on three random processes")

# %% [markdown]
# The error (solid) never crosses the bound (dotted), and here runs close to it: differences between states average out soon; what is left, an error that all states share, shrinks by $\gamma$ and no faster. At $\gamma=0.95$ each factor of ten takes 45 backups.
#
# **Getting better.** If some action has a positive advantage, take it: $\pi'(s) = \arg\max_a A^\pi(s,a)$ is *better or equal in every state* (lecture 08 proves it). Repeated, this is **policy iteration**. If the backup itself takes the best action,
# $V \leftarrow \max_a\,(r + \gamma P V)$, it is **value iteration**. Both are called *dynamic programming*, and both need $P$. Their oracle here tries all policies without chance:

# %%
best = np.max([markov.values(goat, habit(*corner)) for corner in product((0, 1), repeat=2)], axis=0)
by_policies = markov.policy_iteration(goat, coin)
with receipts("dynamic programming", oracle="trying all four policies") as same:
    same("value iteration, 400 sweeps", markov.value_iteration(goat, 400), best)
    same(f"policy iteration, {len(by_policies) - 1} step", markov.values(goat, by_policies[-1]), best)

# %% [markdown]
# ## 5 · Where a policy spends its time (18 minutes)
#
# How often is the goat where? There are three answers, easily confused.
#
# | | | sums to |
# |:---|:---|:---|
# | **visitation** | $d^\pi(s) = (1-\gamma)\sum_{t\ge0}\gamma^t\,P(s_t=s)$ | 1 |
# | the same, not normalised | $\rho^\pi(s) = \sum_{t\ge0}\gamma^t\,P(s_t=s)$ | $1/(1-\gamma)$ |
# | **stationary distribution** | $\bar d = \bar d\,P_\pi$, the share of time in the long run | 1 |
#
# The first is where the goat is *when the coin of section 3 says stop*, which comes at time $t$ with probability $(1-\gamma)\gamma^t$. It depends on the start and on $\gamma$; the stationary distribution on neither. Like values, visits solve linear equations: $\rho^\pi = \rho_0 + \gamma P_\pi^\top\rho^\pi$,
# as a visit is either the start, or comes one step after a visit.
#
# > **Converting.** $d^\pi = (1-\gamma)\,\rho^\pi$. So for any function $f$ of the state,
# > $$\mathbb E_\pi\sum_t\gamma^t f(s_t) = \sum_s\rho^\pi(s)\,f(s) = \frac1{1-\gamma}\sum_s d^\pi(s)\,f(s).$$
# > With $f = r_\pi$ this is $\eta(\pi)$. A factor $1/(1-\gamma)$ stands before a sum over states exactly when the weights are $d$. Papers use either; **this course uses $d$**.

# %%
_, r_coin = markov.induced_process(goat, coin)
d = markov.visitation(goat, coin)
by_time = 0.9 ** np.arange(400) @ markov.state_distributions(goat, coin, 400)  # ρ: add up over time
stops = alive.sum(axis=0) - 1  # section 3: the last step of each walk
stopped = np.bincount(endless.states[stops, np.arange(N)], minlength=2) / N
with receipts("linear equations", oracle="named in the line") as same:
    same("Σ d = 1", d.sum(), 1)
    same("Σ ρ = 1/(1 − γ)", by_time.sum(), 10, 1e-12)
    same("d = (1 − γ) ρ, ρ added up over 400 steps", d, 0.1 * by_time)
    same("d: where 20 000 walks are when the coin stops them", d, stopped, 4 * 0.5 / np.sqrt(N))
    same("Σ d r / (1 − γ) = Σ ρ₀ V", d @ r_coin / 0.1, goat.start @ V)

# %% [markdown]
# The stationary distribution is a *left eigenvector* of $P_\pi$ with the eigenvalue 1. One long walk counts it, wherever it began, if every state can be reached from every other:

# %%
lazy = habit(0.3, 0.1)
eigenvalues, vectors = np.linalg.eig(markov.induced_process(goat, lazy)[0].T)
leading = np.real(vectors[:, np.argmax(np.real(eigenvalues))])
long_walk = markov.sample_walks(goat, lazy, steps=50_000, walks=1, seed=0).states[:, 0]
shares = np.bincount(long_walk, minlength=2) / len(long_walk)
with receipts("markov.stationary_distribution", oracle="named in the line") as same:
    stationary = markov.stationary_distribution(goat, lazy)
    same("habit 0.3, 0.1: eigenvector", stationary, leading / leading.sum())
    same("habit 0.3, 0.1: one walk of 50 000 steps", stationary, shares, 0.01)

# %% [markdown]
# Now 25 cells, and steps north, east, south or west (Sutton and Barto, example 3.5). A step against the edge costs 1. *Any* step out of A pays 10 and lands in A′; out of B it pays 5 and lands in B′.

# %% tags=["hide"]
NAMES = {1: "A", 21: "A′", 3: "B", 13: "B′", 20: "start"}
fig = plots.figure(3.9, 3.9)
ax = plots.axes(fig)
plots.grid(ax, (5, 5), names=NAMES)
for x, bottom, words in ((1, 4, "+10"), (3, 2, "+5")):
    ax.annotate(
        "",
        (x + 0.15, bottom - 0.1),
        (x + 0.15, 0.15),
        arrowprops={"arrowstyle": "-|>", "color": plots.BLUE, "lw": 2},
    )
    ax.text(x + 0.08, bottom / 2, words, ha="right", color=plots.ink(plots.BLUE), fontsize=13)
ax.set_title("Two jumps")
plots.show(
    fig, alt="A grid of 25 cells with jumps from A to A′, which pays 10, and from B to B′, which pays 5"
)

# %% [markdown]
# A question first:

# %% tags=["hide"]
predict(
    "A goat that steps at random, each direction alike, begins in the lower left corner. γ goes towards 1. What becomes of its visitation d?",
    choices={
        "it gathers at the start": "So it is for small γ: then the coin stops the walk at once.",
        "it becomes the same in all cells": "Jumps carry walks away from A and B and to A′ and B′, so that cells are not visited alike.",
        "it becomes the stationary distribution": "",
        "it gathers at A, which pays most": "Where a walk is depends on the policy and the world, not on what they pay. Random steps seek nothing.",
    },
    answer="it becomes the stationary distribution",
    why="The coin stops the walk ever later; by then it has forgotten where it began.",
)

# %% [markdown]
# **Try.** (1) Random steps: raise $\gamma$ and watch the dots leave the corner. (2) The best policy: at which $\gamma$ does a goat that lands in B′ turn from B, which is near, to A, which pays more? (3) "East": why are there no dots but in one row, and red where it ends?


# %% tags=["hide"]
@lru_cache(maxsize=200)
def world_of(policy, gamma):
    """V, the policy and d on the grid."""
    world = markov.jump_grid(gamma)
    pi = {"random": markov.uniform_policy(world), "east": np.tile([0.0, 1.0, 0.0, 0.0], (25, 1))}.get(policy)
    if pi is None:
        greedy = markov.policy_iteration(world, markov.uniform_policy(world))[-1]
        A = markov.advantages(world, greedy)
        ties = A > -1e-9  # all best actions alike
        pi = ties / ties.sum(axis=1, keepdims=True)
    return markov.values(world, pi), pi, markov.visitation(world, pi), markov.expected_return(world, pi)


def draw_grid(fig, policy="random", gamma=0.9):
    left, right = plots.axes(fig, 1, 2)
    V, pi, d, eta = world_of(policy, round(gamma, 4))
    plots.grid(left, (5, 5), values=V, policy=pi, names=NAMES)
    plots.grid(right, (5, 5), visits=d, names=NAMES)
    left.set_title("arrows π, colour and numbers V")
    right.set_title("dots: visitation d")
    return {"η": float(eta), "V(A)": float(V[1]), "d(start)": float(d[20]), "d(A)": float(d[1])}


explore(
    draw_grid,
    alt="A grid world: the policy as arrows, the value as colour, the visitation as dots",
    size=(9.6, 4.9),
    settings={"random, far-sighted": {"policy": "random", "gamma": 0.99},
        "best, turns to B": {"policy": "best", "gamma": 0.84},
        "best, turns to A": {"policy": "best", "gamma": 0.85}, "east": {"policy": "east", "gamma": 0.9}},
    policy=Choice("π", "policy", ("random", "best", "east")),
    gamma=Slider("γ", "discount", min=0.0, max=0.99, step=0.01),
)  # fmt: skip

# %% [markdown]
# <details><summary>What you should have found</summary>
#
# (1) At $\gamma=0$ there is one dot, on the start: the coin stops every walk at once. At 0.5 the start still has 70 % of the visits, at 0.9 it has 28 %, at 0.99 9 %, and all cells have dots.
#
# (2) From 0.84 to 0.85 (exercise 3 computes it). The walk to A is longer, and a larger $\gamma$ shrinks its prize less.
#
# (3) A goat that always steps east never leaves the bottom row, in which it starts. In the last cell each step is against the edge and costs 1, for ever: $V = -1/(1-\gamma)$, and the coin finds it there most often.
#
# </details>
#
# Values are high *before* the prizes; visits are many *after* them, where the jumps land. A cell may be worth much and hardly be visited. Training data come from where the policy goes, not from where values are high: most later lectures are about what follows from that.

# %%
grid = markov.jump_grid(0.9999)
walker = markov.uniform_policy(grid)
with receipts("d at γ = 0.9999", oracle="stationary distribution") as same:
    same("random steps", markov.visitation(grid, walker), markov.stationary_distribution(grid, walker), 5e-4)

# %% [markdown]
# ## 6 · Learning from walks (16 minutes)
#
# How does an agent learn $\hat V\approx V^\pi$ from walks, without $P$? It moves the estimate of a visited state a little, by the share $\alpha$, towards a **target**:
#
# | | target for $s_t$ | |
# |:---|:---|:---|
# | **Monte Carlo** | $G_t = r_t+\gamma r_{t+1}+\dots$ to the end | sample everything, believe nothing |
# | **TD(0)** | $r_t + \gamma\hat V(s_{t+1})$ | sample one step, believe the rest |
# | **$n$ steps** | $r_t+\dots+\gamma^{n-1}r_{t+n-1}+\gamma^n\hat V(s_{t+n})$ | all between |
#
# Target minus estimate is, for TD(0), the **TD error** $\delta_t = r_t+\gamma\hat V(s_{t+1})-\hat V(s_t)$. To use an estimate in a target is called *bootstrapping*. Here are eight episodes; they end, so that no discount is needed:
#
# > once: A, reward 0, then B, reward 0, end · six times: B, reward 1, end · once: B, reward 0, end

# %% tags=["hide"]
predict(
    "Both learners go through the eight episodes again and again, with small steps, until nothing changes. Both say V(B) = 6/8. What does TD(0) say of V(A)?",
    choices={
        "0": "That is Monte Carlo's answer: the only return ever seen from A was 0.",
        "0.375": "The mean of the two methods, but TD(0) does not look at the return of A at all.",
        "0.75": "",
    },
    answer="0.75",
    ordered=True,
    why="A paid 0 and led to B, always; and B is worth 6/8. TD(0) believes that, whatever happened after B that once.",
)

# %% [markdown]
# Both learners:

# %%
episodes = [[("A", 0), ("B", 0)]] + 6 * [[("B", 1)]] + [[("B", 0)]]


def batch(bootstraps, sweeps=2000, alpha=0.01):
    """Go through all episodes until the values rest."""
    V = {"A": 0.0, "B": 0.0}
    for _ in range(sweeps):
        change = dict.fromkeys(V, 0.0)
        for episode in episodes:
            for t, (s, r) in enumerate(episode):
                later = episode[t + 1 :]
                rest = V[later[0][0]] if bootstraps and later else sum(r for _, r in later)
                change[s] += alpha * (r + rest - V[s])
        V = {s: V[s] + change[s] for s in V}
    return V["A"], V["B"]


# %% [markdown]
# Against their oracles:

# %%
P_seen, r_seen = np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([0.0, 6 / 8])  # counted from the episodes
with receipts("until the values rest", oracle="named in the line") as same:
    same(
        "TD(0) = the values of the process that was counted",
        batch(True),
        np.linalg.solve(np.eye(2) - P_seen, r_seen),
        1e-6,
    )
    same("Monte Carlo = the mean return from each state", batch(False), [0, 6 / 8], 1e-6)

# %% [markdown]
# Monte Carlo fits *these* episodes best. TD(0) answers as the most probable Markov process for them would, and if the world is Markov, that usually predicts *new* episodes better. Where the state hides something (section 2), TD(0) believes what is not true.
#
# **Bias and variance.** Nineteen rooms in a row; a coin chooses left or right. Leaving on the right pays 1, on the left nothing. The walk begins in the middle, $\gamma = 0.99$, and the estimate is 0.5 everywhere. (Five of the rooms:)

# %% tags=["hide"]
seven = np.zeros((7, 2, 7))  # out, five rooms, out
for room in range(1, 6):
    seven[room, 0, room - 1] = seven[room, 1, room + 1] = 1
seven[[0, 6], :, [0, 6]] = 1
pays = np.zeros((7, 2))
pays[5, 1] = 1
plots.mdp(
    markov.MDP(seven, pays, np.eye(7)[3], 0.99),
    states=["out", *"12345", "out"],
    actions=("left", "right"),
    layout="chain",
)

# %% [markdown]
# Another question:

# %% tags=["hide"]
predict(
    "A hundred learners each see ten walks through nineteen rooms. For which n is the error of the values smallest, each n with its best step size?",
    choices={
        "1": "TD(0) has the least noise, but in ten walks the news from the exit travels only some rooms back.",
        "4 or 8": "",
        "32 or 64": "So long a target is noisy already: it sees many coins.",
        "to the end": "Monte Carlo's targets have the right mean and the largest variance.",
    },
    answer="4 or 8",
    ordered=True,
    why="A few steps carry the news back fast enough, and see few enough coins.",
)

# %% [markdown]
# The experiment (after Sutton and Barto, figure 7.2): the root mean squared error over the rooms, averaged over ten episodes and a hundred learners, for each $n$ and $\alpha$.

# %%
rooms = markov.corridor(rooms=19, gamma=0.99, slip=0.0)
coin_19 = np.full((20, 2), 0.5)
V_19, start_19 = markov.values(rooms, coin_19), np.append(np.full(19, 0.5), 0.0)
NS, ALPHAS = (1, 2, 4, 8, 16, 32, 64, 128, 256), np.round(np.arange(0.02, 1.01, 0.02), 2)


def learn(n, walks, learners=100):
    """Error of each learner for each α, averaged over the episodes: [learners, α]."""
    V, errors = np.tile(start_19, (learners, len(ALPHAS), 1)), []
    for walk in walks:
        V = n_step_td(walk.states, walk.rewards, V, ALPHAS, n, 0.99)
        errors.append(np.sqrt(np.mean((V - V_19)[..., :19] ** 2, axis=-1)))
    return np.mean(errors, axis=0)


def until_the_end(seed, learners=100):
    """One episode of each learner, as long as the longest."""
    walk = markov.sample_walks(rooms, coin_19, 1500, learners, seed)
    T = int(np.argmax((walk.states == 19).all(axis=1)))
    return walk._replace(states=walk.states[: T + 1], rewards=walk.rewards[:T])


ten_walks = [until_the_end(seed) for seed in range(10)]
LEARNT = {n: learn(n, ten_walks) for n in NS}

# %% [markdown]
# **Try.** Left: the error over $\alpha$, one line for each $n$, yours in blue with its 95 % interval. Right: squared bias and variance of a target, exactly, averaged over the rooms, while the estimate is 0.5 everywhere.


# %% tags=["hide"]
MOMENTS = [markov.n_step_moments(rooms, coin_19, start_19, n) for n in NS]
BIAS = np.array([np.mean((mean - V_19)[:19] ** 2) for mean, _ in MOMENTS])
VARIANCE = np.array([variance[:19].mean() for _, variance in MOMENTS])

# %% [markdown]
# Which $n$ likes small steps?


# %% tags=["hide"]
def draw_n_steps(fig, power=2, alpha=0.4):
    error_ax, target_ax = plots.axes(fig, 1, 2)
    k, n = int(np.argmin(abs(ALPHAS - alpha))), NS[power]
    for other in NS:
        curve = LEARNT[other].mean(axis=0)
        error_ax.plot(ALPHAS, curve, color=plots.GREY, linewidth=1, linestyle="-")
        if other < 64:
            error_ax.text(1.01, curve[-1], f"n = {other}", va="center", fontsize=10)
    error_ax.text(1.01, curve[-1], "n ≥ 64", va="center", fontsize=10)
    found = mean_interval(LEARNT[n])
    error_ax.fill_between(ALPHAS, found.low, found.high, color=plots.BLUE, alpha=0.25, linewidth=0)
    error_ax.plot(ALPHAS, found.estimate, "-o", color=plots.BLUE, markersize=9, markevery=[k])
    error_ax.set(
        xlim=(0, 1), ylim=(0.1, 0.4), xlabel="step size α", ylabel="error", title=f"n = {n}; band: 95 %"
    )
    target_ax.plot(NS, BIAS, color=plots.ORANGE, linestyle=plots.DASHES, label="bias²")
    target_ax.plot(NS, VARIANCE, color=plots.PURPLE, linestyle="-", label="variance")
    for curve, colour in ((BIAS, plots.ORANGE), (VARIANCE, plots.PURPLE)):
        target_ax.plot(n, curve[power], "o", color=colour, markersize=9)
    target_ax.set(xscale="log", xlabel="rewards in the target, n", title="bias² and variance of the target")
    target_ax.set(ylim=(-0.005, 0.1), xlim=(0.9, 300))
    plots.legend(target_ax, loc="upper center")
    return {
        "error": float(found.estimate[k]), "bias²": float(BIAS[power]), "variance": float(VARIANCE[power]),
        "best α for this n": float(ALPHAS[found.estimate.argmin()]),
    }  # fmt: skip


explore(
    draw_n_steps, size=(10.5, 4.2),
    alt="Error of n-step learners over the step size; squared bias and variance of the target over n",
    settings={"one reward": {"power": 0}, "sixteen": {"power": 4}, "whole walks": {"power": 8, "alpha": 0.06}},
    power=Slider("log₂ n", "rewards in the target", min=0, max=8, step=1),
    alpha=Slider("α", "step size", min=0.02, max=1.0, step=0.02),
)  # fmt: skip

# %% [markdown]
# The mean of a target is $V^\pi + \gamma^n P_\pi^n(\hat V-V^\pi)$: the estimate's error, $n$ steps later and $\gamma^n$ times as large.

# %%
from_16 = replace(rooms, start=np.eye(20)[16])  # three rooms from the exit that pays
walks = markov.sample_walks(from_16, coin_19, 64, 20_000, seed=5)
P_19, _ = markov.induced_process(rooms, coin_19)
with receipts("exact moments", oracle="named in the line") as same:
    for n in (4, 64):
        mean, variance = markov.n_step_moments(rooms, coin_19, start_19, n)
        target = 0.99 ** np.arange(n) @ walks.rewards[:n] + 0.99**n * start_19[walks.states[n]]
        left = 0.99**n * np.linalg.matrix_power(P_19, n) @ (start_19 - V_19)
        same(f"n = {n}: mean, closed form, all rooms", mean, V_19 + left)
        same(f"n = {n}: mean of 20 000 targets", mean[16], target.mean(), 4 * target.std() / np.sqrt(20_000))
        same(f"n = {n}: their variance", variance[16], target.var(), 0.01)
best_error = {n: LEARNT[n].mean(axis=0).min() for n in NS}
print("lowest error of each n:", {n: round(float(error), 3) for n, error in best_error.items()})

# %% [markdown]
# Over ten walks four or eight rewards in a target do best: the error is 0.15, against 0.19 for one reward and 0.21 for all of them. From $n=1$ on, the squared bias falls from 0.083 to nothing, the variance of one target rises from 0.007 to 0.074. Noise is averaged away by small steps, so long targets like those: the best $\alpha$ falls from 0.84 at $n=1$ to 0.06.
#
# For the first estimate the *sum* of both is smallest at $n=32$. Shorter targets win because the estimate improves as the learner goes on, and the bias with it, while the noise of the coins stays. Lectures 04 to 06 choose again.
#
# ## Summary
#
# - A process is states, actions, transitions, rewards, start and discount. A trajectory's probability is a product, in which the policy is some of the factors.
# - A discount is a coin that may stop the walk after every step.
# - $V$, $Q$ and $A$ are one system of linear equations; a backup shrinks every error by $\gamma$ at least.
# - $d^\pi$ is where the coin stops the walk, $\rho^\pi = d^\pi/(1-\gamma)$; the stationary distribution forgets start and discount.
# - From walks: Monte Carlo samples all, TD(0) believes after one step, $n$ steps lie between. Bias falls with $n$, variance rises.
#
# ## Exercises
#
# **1** ★ (5 minutes) The goat moves with probability one half in either place. How probable is (valley, move, meadow, move, meadow)?
# <details><summary>Hint</summary>In the second step it wants to leave and slips.</details>
# <details><summary>Answer</summary>$1\cdot 0.5\cdot0.9\cdot0.5\cdot0.1 = 0.0225$. The check:
#
# ```python
# print(markov.trajectory_probability(goat, coin, [0, 1, 1], [1, 1]))
# ```
#
# </details>
#
# **2** ★★ (15 minutes) Every reward is raised by $c$. What becomes of $V$, $Q$, $A$, and of the best policy? Why is the answer another one where episodes end (a state that is never left pays 0, with or without $c$)?
# <details><summary>Hint</summary>What does $c$ at every step add up to?</details>
# <details><summary>Answer</summary>$V$ and $Q$ rise by $c/(1-\gamma)$ everywhere, $A$ stays, and so does the best policy. Where episodes end, only the steps before the end get $c$: then a large $c$ makes long episodes better. The check:
#
# ```python
# richer = replace(goat, reward=goat.reward + 2)
# print(markov.values(richer, coin) - markov.values(goat, coin))  # 2 / (1 − 0.9)
# print(markov.advantages(richer, coin) - markov.advantages(goat, coin))
# ```
#
# </details>
#
# **3** ★★ (15 minutes) In the grid a goat in B′ can walk round B for ever, three steps a round, or go to A in four steps and stay there, five steps a round. For which $\gamma$ is A better? Compare with the lab.
# <details><summary>Hint</summary>Two geometric series: 5 is paid after the second step and then every third one; 10 after the fourth and then every fifth one. Here a prize is paid when the goat *leaves* A or B, so count the discounts from there.</details>
# <details><summary>Answer</summary>Round B: $5\gamma^2/(1-\gamma^3)$. To A: $10\gamma^4/(1-\gamma^5)$. They are equal at $\gamma = 0.848$; in the lab the arrows turn from 0.84 to 0.85. The check:
#
# ```python
# gammas = np.linspace(0.8, 0.9, 1001)
# better = 10 * gammas**4 / (1 - gammas**5) > 5 * gammas**2 / (1 - gammas**3)
# print(gammas[better].min())
# ```
#
# </details>
#
# **4** ★★ (10 minutes) Suppose that B remembers: whenever a walk came through A, B pays nothing; otherwise it pays 1 with probability 6/7. Which learner predicts new episodes from A better, and what was wrong with the state?
# <details><summary>Hint</summary>What would a Markov state have to tell?</details>
# <details><summary>Answer</summary>Monte Carlo: 0 is right. "B" hides whether the walk came through A, so it is an observation and not a Markov state. TD(0) takes the value of the average B for that of the B after A. With two states for B it would be right as well.</details>

# %% [markdown]
# ## Further: why the way is straight
#
# Let $\pi'$ differ from $\pi$ in the state $x$ only. Both obey Bellman's equation, and their equations differ in row $x$ only. So $(I-\gamma P_\pi)\,V^{\pi'}$ equals $r_\pi = (I-\gamma P_\pi)\,V^\pi$ in all rows but $x$. Hence
# $$(I-\gamma P_\pi)(V^{\pi'}-V^\pi) = c\,e_x,\qquad V^{\pi'}-V^\pi = c\,(I-\gamma P_\pi)^{-1}e_x,$$
# with a number $c$ that depends on $\pi'$, and a direction that does not. No entry of $(I-\gamma P_\pi)^{-1} = \sum_t\gamma^tP_\pi^t$ is negative, so such a change helps in all states or harms in all. (The geometry is from Dadashi et al. 2019.)

# %%
world, rng = markov.MDP.random(5, 3, seed=1), np.random.default_rng(0)
before = markov.random_policy(world, 2)
changed = np.tile(before, (20, 1, 1))
changed[:, 3] = rng.dirichlet(np.ones(3), size=20)  # twenty other habits in state 3
moved = markov.values(world, changed) - markov.values(world, before)
P_before, _ = markov.induced_process(world, before)
direction = np.linalg.matrix_power(0.9 * P_before, 0)[:, 3].copy()
for t in range(1, 500):  # Σ γᵗ Pᵗ, column 3, by adding
    direction += np.linalg.matrix_power(0.9 * P_before, t)[:, 3]
with receipts("20 changes in one state of five", oracle="column of Σ γᵗ Pᵗ") as same:
    same("direction of V′ − V", moved / moved[:, [3]], np.tile(direction / direction[3], (20, 1)), 1e-9)

# %% [markdown]
# ## Further: three ways up the polytope
#
# Three methods of the course climb from one policy of the goat. The policy gradient is lecture 03, the natural gradient lecture 10; here only their ways.


# %% tags=["hide"]
def climb_softly(direction, length, count):
    """V along steps of the logits from a goat that stays in the valley and leaves the meadow: [count, 2]."""
    logits, found = np.log(habit(0.05, 0.95)), []
    for _ in range(count):
        pi = markov.softmax_policy(logits)
        found.append(markov.values(goat, pi))
        logits = logits + length * direction(goat, pi)
    return np.array(found)


ways = {
    "policy gradient": (climb_softly(markov.policy_gradient, 0.2, 4000), plots.BLUE, "-", ""),
    "natural gradient": (climb_softly(markov.natural_gradient, 0.02, 400), plots.GREEN, plots.DASHES, ""),
    "policy iteration": (
        np.array([markov.values(goat, pi) for pi in markov.policy_iteration(goat, habit(0.05, 0.95))]),
        plots.VERMILION, plots.DOTS, "o",
    ),
}  # fmt: skip
fig = plots.figure(7.5, 4.4)
ax = plots.axes(fig)
ax.plot(*CLOUD.T, ".", color=plots.GREY, markersize=2.5, alpha=0.5, label="_all")
for name, (path, colour, line, mark) in ways.items():
    ax.plot(
        *path.T,
        color=colour,
        linestyle=line,
        marker=mark,
        label=f"{name}, {len(path) - 1} step{'s' if len(path) > 2 else ''}",
    )
ax.set(xlabel="V(valley)", ylabel="V(meadow)", title="One start, three ways, one top")
ax.legend(loc="upper left")
with receipts("last value of the way", oracle="best of the four corners") as same:
    for name, (path, *_) in ways.items():
        same(name, path[-1], best, 0.1)
plots.show(fig, alt="Policy gradient, natural gradient and policy iteration climb to the top of the polytope")

# %% [markdown]
# ## Further: the symbols of the course
#
# On one page a letter has one meaning, and most letters keep theirs over the whole course:

# %% tags=["hide"]
known = form.glossary(notebooks.SOURCES / "symbols.md")
Markdown(
    "\n".join(
        ["| symbol | meaning |", "|:---|:---|", *(f"| ${name}$ | {said} |" for name, said in known.items())]
    )
)

# %% [markdown]
# ## Sources
#
# - Sutton and Barto, [*Reinforcement Learning: An Introduction*](http://incompleteideas.net/book/the-book-2nd.html), 2nd edition, 2018: chapters 3 (processes, values; the grid is example 3.5), 4 (dynamic programming), 5 (Monte Carlo), 6 (TD; the eight episodes are example 6.4), 7 ($n$ steps; figure 7.2). Their rewards count from 1, $r_{t+1}$; ours from 0, $r_t$.
# - Dadashi, Taïga, Le Roux, Schuurmans, Bellemare, [*The Value Function Polytope in Reinforcement Learning*](https://arxiv.org/abs/1901.11524), ICML 2019.
