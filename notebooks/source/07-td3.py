# %% [markdown] tags=["head"]
# # Lecture 07 · TD3
#
# question: A critic that learns from its own best action becomes too hopeful: overestimation bias. Why do its errors not average out, and what can be done?
# objectives:
# - **show** that the maximum of unbiased estimates is biased, and **compute** by how much
# - **compare** four ways to value the best action, and **say** when each fails
# - **explain** every line in which TD3 differs from DDPG, and **switch** each remedy off
# - **judge** from paired seeds whether a remedy helped
# needs:
# - 06: the replay buffer, exploration noise and the slow copies of the networks
# - the Bellman equation and $Q$
# symbols: s, a, r, s', t, \gamma, \alpha, \pi, Q^\pi, \mu, w, Q', \mu', \hat Q, y, \tau, \sigma, \epsilon, \tilde\sigma, c, d, N, \mathbb E, \mathcal N
# - $Q$: what a critic says of an action; $Q_1$, $Q_2$ are the twin critics
# - $\hat Q^A$: the estimate that chooses; $\hat Q^B$ is a second one
# - $m$: number of actions
# - $\Delta$: by how much a rival is worth less than the best action
# - $\varsigma$: standard deviation of a difference
# - $\varphi$: density of the standard normal
# - $\Phi$: distribution function of the standard normal
# - $b$: bias of one backup
# - $e$: mean error of the critic; under *Delay*, of section 4, what is left of it when the actor moves
# - $X, Y$: two estimates; $D$ is their difference
# - $\xi$: standard normal variable
# - $u$: width of a spike
# - $\rho$: correlation
# - $\kappa$: by how much a move of the actor changes the values
# - $k$: share of the critic's error that one update leaves
# homework: 3

# %% [markdown]
# <details><summary><b>What you need, in eight lines</b></summary>
#
# 1. *Return*: $\sum_t\gamma^t r_t$, the rewards of an episode, later ones counted less.
# 2. *Value* of an action: $Q^\pi(s,a)$, the expected return of doing $a$ in $s$ and following $\pi$ afterwards.
# 3. *Bellman equation*: $Q^\pi(s,a) = \mathbb E\big[r + \gamma\,Q^\pi(s',a')\big]$ with $a'$ drawn from $\pi$; for the best policy, $Q(s,a) = \mathbb E\big[r + \gamma\max_{a'}Q(s',a')\big]$.
# 4. *Backup*: one regression of $Q(s,a)$ onto a target $y = r + \gamma\cdot$(a value of $s'$). As that value is itself an estimate, this is called *bootstrapping*. Where the episode
#    *terminates*, $y = r$; where only a time limit cuts it (*truncation*), the value of $s'$ still counts.
# 5. *Q-learning* on a table: $Q(s,a) \leftarrow Q(s,a) + \alpha\,\big[r + \gamma\max_{a'}Q(s',a') - Q(s,a)\big]$.
# 6. *Replay*: a memory of transitions $(s,a,r,s')$, from which batches are drawn. It is filled with random actions first (*warm-up*).
# 7. *DDPG*: a critic $Q$ is fitted to $r + \gamma\,Q'(s',\mu'(s'))$, and an actor $\mu$ climbs it, along $\nabla_a Q(s,\mu(s))$.
# 8. *Slow copies* $Q'$, $\mu'$ follow the networks: $w' \leftarrow \tau w + (1-\tau)\,w'$.
# </details>

# %% [markdown]
# `receipts` shows both sides of a claim, and fails where they differ.

# %%
import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import torch
from gymnasium.spaces import Box
from scipy.special import ndtr, ndtri
from scipy.stats import norm

from rlcourse import plots
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.td3 import TD3
from rlcourse.equations.bias import exact_biases, expected_maximum, wrong_choices
from rlcourse.equations.returns import td_target, twin_target
from rlcourse.experiments import recorded
from rlcourse.pages import beside, pseudocode, receipts, show_source
from rlcourse.parts.noise import GaussianNoise
from rlcourse.parts.worlds import SystemVectorEnv
from rlcourse.statistics import intervals_of_sets
from rlcourse.training.probes import q_of_own_action, train_and_probe
from rlcourse.widgets import Slider, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · A lure that should lure nobody (10 minutes)
#
# An episode begins at the door A. Whoever goes **right** goes home: the episode ends, with a reward of 0. Whoever goes **left** enters the arcade B, also for 0. In B
# stand ten machines. Each pays a random amount, $-0.1$ on average with a standard deviation of 1, and then the episode ends. So left costs 0.1 on average, and right is
# the better choice. (After example 6.7 of Sutton and Barto.)

# %% tags=["hide"]
fig = plots.figure(8, 2.9)
ax = plots.axes(fig)
for name, x, words in (("home", 0.9, "the end"), ("A", 0.6, "the door"), ("B", 0.3, "the arcade")):
    box = {"boxstyle": "square,pad=0.6" if name == "home" else "circle,pad=0.6", "fc": "white", "lw": 2}
    ax.text(x, 0.5, name, ha="center", va="center", fontsize=14, bbox=box, zorder=3)
    ax.text(x, 0.24, words, ha="center", va="center", fontsize=13)
arrow = {"arrowstyle": "-|>", "lw": 2, "color": plots.BLACK, "shrinkA": 34, "shrinkB": 34}
for start, end, words in ((0.6, 0.9, "right: 0"), (0.6, 0.3, "left: 0")):
    ax.annotate("", (end, 0.5), (start, 0.5), arrowprops=arrow)
    ax.text((start + end) / 2, 0.56, words, ha="center", fontsize=13)
for height in np.linspace(0.12, 0.88, 10):
    ax.annotate(
        "", (0.08, height), (0.3, 0.5), arrowprops=arrow | {"lw": 1, "color": plots.GREY, "shrinkB": 0}
    )
ax.text(0.06, 0.5, "ten machines,\neach pays\n−0.1 ± 1", ha="right", va="center", fontsize=13)
ax.set(xlim=(-0.12, 1), ylim=(0, 1))
ax.axis("off")
plots.show(
    fig, alt="From A, right leads home and left to B, both for 0; in B ten machines pay −0.1 ± 1 and end"
)

# %% [markdown]
# Two thousand agents learn by Q-learning on a table that starts at 0, with step size 0.1 and $\gamma = 1$: a visit moves the entry of a machine a tenth of the way to what it paid, and the entry of *left* a
# tenth of the way to the highest entry in B. Each takes the action with the highest estimate (ties at random), except that one action in ten is drawn at random,
# the right one included: so an agent that knows better still goes left in 5 % of its episodes.

# %% tags=["hide"]
predict(
    "After 20 episodes, what share of the 2000 agents goes left?",
    choices={
        "about 5 %": "That is how an agent does that knows both values. After 20 episodes none does.",
        "about 30 %": "It would be so if the agents had mostly found out by now. What they have found so far is a lucky machine.",
        "about 50 %": "That is how they begin. But the estimates move, and not evenly to both sides.",
        "about 90 %": "",
    },
    ordered=True,
    answer="about 90 %",
    why="Of ten machines that have been tried a few times, some have paid well so far. The agent values B by the best of them, "
    "and that one was lucky rather than good.",
)

# %% [markdown]
# Besides Q-learning, which values B by its highest estimate (*max*), two rules with two tables, each of which sees half of the data and which swap roles at random: in *double* one table chooses the
# machine and the other values it; in *clipped double* one chooses and the smaller of the two values it.

# %%
chosen = {
    rule: wrong_choices(rule, agents=2000, episodes=300, rng=0)
    for rule in ("max", "double", "clipped double")
}

# %% [markdown]
# How high does each line rise, and when does it come down?

# %% tags=["hide"]
RULES = {"max": (plots.ORANGE, plots.DASHES), "double": (plots.PURPLE, plots.DASH_DOT)}
RULES |= {"maxmin": (plots.SKY, plots.DOTS), "clipped double": (plots.BLUE, "-")}

fig = plots.figure(8, 3.6)
ax = plots.axes(fig)
for rule, left in chosen.items():
    colour, line = RULES[rule]
    ax.plot(range(1, 301), left.mean(axis=0), color=colour, linestyle=line, label=rule)
    at = ", ".join(f"{k}: {left[:, k - 1].mean():.2f}" for k in (20, 36, 60, 100))
    print(f"{rule:14} goes left in episode {at}")
ax.plot([1, 300], [0.05, 0.05], color=plots.BLACK, linestyle="-", linewidth=1.5, label="best possible")
ax.set(xlabel="episode", ylabel="share of 2000 agents", xlim=(0, 300), ylim=(0, 1))
ax.set_title("In episode 20 nine of ten Q-learners go the wrong way")
plots.label_lines(ax, samples=True)
plots.show(
    fig,
    alt="The share of agents that go left over 300 episodes: max, double, clipped double, and the best possible, 5 %",
)

# %% [markdown]
# Each payment was honest; the agents deceived themselves, by
# believing the best of ten averages: **maximisation bias**, or the winner's curse. With a second table the lure has mostly gone after sixty episodes.
#
# ### The same in one picture
#
# Ten unbiased estimates with a standard deviation of 1, of ten actions worth 0: the density of one of them (grey), and that of the *largest* (orange). Its mean has moved to the right.

# %% tags=["hide"]
fig = plots.figure(8, 3.2)
ax, x = plots.axes(fig), np.linspace(-3.5, 4, 400)
densities = {"one estimate": (norm.pdf(x), plots.GREY, "-")}
densities["largest of ten"] = (10 * norm.pdf(x) * ndtr(x) ** 9, plots.ORANGE, plots.DASHES)
for name, (density, colour, line) in densities.items():
    centre = np.trapezoid(x * density, x)
    ax.plot(x, density, color=colour, linestyle=line)
    ax.fill_between(x, density, color=colour, alpha=0.15, linewidth=0)
    ax.plot([centre, centre], [0, density.max() + 0.08], color=colour, linewidth=2, linestyle="-")
    words = f"{name}\nmean {centre:.2f}"
    ax.text(
        centre,
        density.max() + 0.1,
        words,
        ha="center",
        color=plots.ink(colour),
        fontweight="bold",
        fontsize=12,
    )
ax.set(xlabel="estimate (units of the reward)", ylabel="density", xlim=(-3.5, 4), ylim=(0, 1.02))
ax.set_title("Each estimate is right on average; the largest is not")
plots.show(fig, alt="Density of one standard normal estimate, mean 0, and of the largest of ten, mean 1.54")

# %% [markdown]
# ## 2 · The maximum of noisy estimates (17 minutes)
#
# One state, two actions, both worth exactly 0. Each estimate $\hat Q(s,a)$ rests on one sample of its own, $+1$ or $-1$ with
# equal chances, independently of the other.

# %% tags=["hide"]
predict(
    "What is E[ max( Q̂(s,a₁), Q̂(s,a₂) ) ], when the best action is worth 0?",
    answer=0.5,
    tolerance=0.01,
    why="Only when both estimates are unlucky is the maximum −1. That is one case in four.",
)

# %% [markdown]
# Write $\hat Q_i$ for $\hat Q(s,a_i)$.
#
# 1. The four outcomes $(\hat Q_1,\hat Q_2)$ are $(-,-),\ (-,+),\ (+,-),\ (+,+)$, each with probability $\tfrac14$.
# 2. Their maxima are $-1,\ +1,\ +1,\ +1$, so $\mathbb E[\max_a\hat Q_a] = \tfrac34 - \tfrac14 = \tfrac12$.
# 3. But $\max_a \mathbb E[\hat Q_a] = \max(0, 0) = 0$: the maximum is too large by $\tfrac12$, though no estimate is.
#
# **Never too low, for any estimates** (Jensen's inequality for the convex function max):
#
# 1. For every action $a'$, whatever the draw, $\max_a \hat Q_a \ge \hat Q_{a'}$.
# 2. Expectations keep the order: $\mathbb E[\max_a\hat Q_a] \ge \mathbb E[\hat Q_{a'}]$ for every $a'$.
# 3. Take the best $a'$: $\mathbb E[\max_a\hat Q_a] \ge \max_{a'} \mathbb E[\hat Q_{a'}]$, and for unbiased estimates the right side is the truth. It is *too high* unless the best action has the largest estimate in every draw.
#
# **Two Gaussians, in closed form.**
#
# 1. $\max(X,Y) = \tfrac12(X+Y) + \tfrac12|X-Y|$; for independent $X, Y \sim \mathcal N(0,\sigma^2)$ the first term has mean 0.
# 2. $D = X - Y \sim \mathcal N(0, 2\sigma^2)$, and a normal $D$ with mean 0 and standard deviation $\varsigma$ has $\mathbb E|D| = \varsigma\sqrt{2/\pi}$.
# 3. Hence $\mathbb E[\max] = \tfrac12\cdot\sqrt2\,\sigma\cdot\sqrt{2/\pi} = \sigma/\sqrt\pi \approx 0.56\,\sigma$.
#
# If the second action is worse by $\Delta$ the bias is smaller (formula under *Further*): a gap helps, because the noise must first overturn the order.


# %%
def enumerate_mean(function, *outcomes):
    """E[function] over independent variables; outcomes: for each a list of equally likely values."""
    joint = list(itertools.product(*outcomes))
    return sum(Fraction(function(*values)) for values in joint) / len(joint)


coin = (-1, 1)
with receipts("computed", oracle="by hand") as same:
    same("two coins, enumerated", enumerate_mean(max, coin, coin), Fraction(1, 2))
    for sigma, gap in ((1.0, 0.0), (0.5, 0.0), (1.0, 1.0)):
        s = 2**0.5 * sigma
        formula = s * norm.pdf(gap / s) - gap * ndtr(-gap / s)  # ndtr is Φ
        simulated = expected_maximum([0.0, -gap], sigma, 400_000, rng=np.random.default_rng(1))
        same(f"σ = {sigma}, Δ = {gap}, simulated", simulated, formula, 4 * sigma / 400_000**0.5)

# %% [markdown]
# ### Why a small bias does not stay small
#
# A target contains the estimate of the next state, so an error travels from state to state. Let all actions of all states be worth the same.
#
# 1. Let $e$ be the critic's mean error, and let the value that a backup takes exceed the critic's mean by $b$, at every backup alike.
# 2. On average the critic is fitted to $r + \gamma(Q + e + b)$, while the truth is $Q = r + \gamma Q$. So its error becomes $e \leftarrow \gamma(e + b)$.
# 3. This settles where $e = \gamma(e+b)$, that is at $e = \dfrac{\gamma}{1-\gamma}\,b$.
#
# In this loop, which never ends, and at $\gamma = 0.99$, the error is in the end 99 times the bias of one backup; episodes that end make the factor smaller. Lecture 07b checks this on tables and networks.

# %% [markdown]
# ## 3 · Two estimates instead of one (18 minutes)
#
# The maximum uses one number twice: to *select* the action and to *evaluate* it. Call that estimate $\hat Q^A$. With a second, independent estimate
# $\hat Q^B$ there are other ways to put a number on the best action:
#
# | name | estimate | idea |
# |---|---|---|
# | max | $\max_a \hat Q^A(s,a)$ | one estimate selects and evaluates |
# | double | $\hat Q^B\big(s, \arg\max_a \hat Q^A(s,a)\big)$ | a second one evaluates |
# | maxmin | $\max_a \min\{\hat Q^A(s,a), \hat Q^B(s,a)\}$ | the smaller one, then the maximum |
# | clipped double | $\min\{\hat Q^A, \hat Q^B\}\big(s, \arg\max_a \hat Q^A(s,a)\big)$ | $\hat Q^A$ selects, the smaller one evaluates |
#
# *Clipped double* is what TD3 does: its actor climbs the first critic, which is thus the $\hat Q^A$ that selects.

# %% tags=["hide"]
predict(
    "Ten actions, all worth 0, noise σ = 1. Double has bias 0 here. Which of the others comes closest to 0?",
    choices={
        "max": "It takes the luckiest of ten draws: 1.5 too high.",
        "maxmin": "The minimum lowers each of ten estimates a little, and then the maximum takes the luckiest of them: 0.7 too high.",
        "clipped double": "",
    },
    answer="clipped double",
    why="For maxmin the max over ten actions undoes what the minimum of two repaired. For clipped double the chosen estimate is so "
    "high that the smaller one is nearly always the other, and that one is unbiased. With worse rivals the order can change.",
)

# %% [markdown]
# **Double** is never too high on average, if its estimates are unbiased and independent. Let $a^* = \arg\max_a\hat Q^A(s,a)$. The independent $\hat Q^B$ knows nothing of this choice and stays unbiased, so
# $$\mathbb E[\hat Q^B(s,a^*)] = \sum_a P(a^*=a)\,Q(s,a) \le \max_a Q(s,a),$$
# an average of values against the largest of them.
#
# **Clipped double** is never above double, because $\min\{\hat Q^A,\hat Q^B\}(s,a^*) \le \hat Q^B(s,a^*)$.
#
# <details><summary>Both minima with the coins, by hand</summary>
#
# *Clipped double*: $\hat Q^A(s,a^*) = +1$ with probability $\tfrac34$
# and $\hat Q^B(s,a^*) = +1$ with $\tfrac12$, independently; both are $+1$ with $\tfrac38$, and the mean is $\tfrac38-\tfrac58 = -\tfrac14$.
#
# *Maxmin*: the smaller estimate of one action is $+1$ with probability $\tfrac14$, and one of the two actions has that with $1-(\tfrac34)^2 = \tfrac7{16}$. So the
# mean is $\tfrac7{16}-\tfrac9{16} = -\tfrac18$.
# </details>


# %%
def maxmin(a1, b1, a2, b2):
    return max(min(a1, b1), min(a2, b2))


def clipped_double(a1, b1, a2, b2):
    return min(a1, b1) if a1 >= a2 else min(a2, b2)


with receipts("enumerated", oracle="by hand") as same:
    same("maxmin, two coins", enumerate_mean(maxmin, *[coin] * 4), Fraction(-1, 8))
    same("clipped double, two coins", enumerate_mean(clipped_double, *[coin] * 4), Fraction(-1, 4))

# %% [markdown]
# ### Lab: four ways to value the best action
#
# One action is worth 0, its $m - 1$ rivals $-\Delta$. The lines are exact (*Further* derives them). The dots are
# a simulation of 2000 draws, and the numbers beside the figure are theirs. Each estimate averages $N$ samples, so its noise is $\sigma/\sqrt N$.
#
# Try: (1) more actions: whose bias grows, whose shrinks, whose stays? (2) A larger gap: whose bias changes sign? (3) More samples: how fast does each bias shrink?


# %% tags=["hide"]
def draw(fig, gap=0.0, noise=1.0, actions=10, samples=1):
    ax = plots.axes(fig)
    sd, counts = noise / samples**0.5, np.arange(2, 21)
    curves = exact_biases(gap, sd, counts, points=301)
    means, found = np.r_[0.0, np.full(actions - 1, -gap)], {}
    ax.axhline(0, color=plots.GREY, linewidth=1, linestyle="-", zorder=1)
    for name, (colour, line) in RULES.items():
        ax.plot(counts, curves[name], color=colour, linestyle=line, label=name)
        found[name] = expected_maximum(means, sd, 2000, name, np.random.default_rng(0))
        ax.plot(actions, found[name], "o", color=colour, markersize=9, label="_dot")
    ax.set(xlabel="number of actions", ylabel="bias (units of the reward)", xlim=(1.6, 20))
    ax.set_xticks((2, 5, 10, 15, 20))
    ax.set_ylim(plots.round_limits(*curves.values(), *found.values()))
    ax.yaxis.set_major_formatter("{x:+.2f}")  # of one width at every scale
    over = [name for name, value in exact_biases(gap, sd, actions, points=301).items() if value > 1e-4]
    verb = "is" if len(over) == 1 else "are"
    ax.set_title(f"{actions} actions: {' and '.join(over) or 'none'} {verb} too high", y=1.0)
    plots.label_lines(ax, samples=True)
    return {f"bias of {name}": value for name, value in found.items()}


lab = explore(
    draw,
    alt="Bias of max, double, maxmin and clipped double against the number of actions",
    size=(7.0, 4.0),
    settings={"twenty equals": {"actions": 20}, "one is better": {"actions": 5, "gap": 1.0, "noise": 0.7},
        "a wide gap": {"gap": 2.0}, "many samples": {"samples": 32}},
    gap=Slider("Δ", "gap", min=0.0, max=3.0, step=0.1),
    noise=Slider("σ", "noise", min=0.1, max=2.0, step=0.1),
    actions=Slider("m", "actions", min=2, max=20, step=1),
    samples=Slider("N", "samples per estimate", min=1, max=32, step=1),
)  # fmt: skip
lab

# %% [markdown]
# <details><summary>What you should have found</summary>
#
# (1) Among equals *max* grows with every action, *maxmin* crosses 0 and follows it, and *clipped double* rises from $-0.28$ to 0. A gap lowers all four; (2) *double* goes below 0, and so can *maxmin*. (3) Among equals more samples shrink each bias
# like $1/\sqrt N$. Once the noise is small beside a gap, *max*'s and *double*'s vanish much faster; the two with a minimum keep about $-\sigma/\sqrt{\pi N}$, as the smaller of two estimates of the best action is too low.
# </details>
#
# Never too high is not yet accurate: with five actions, $\Delta = 1$ and $\sigma = 0.7$, *clipped double* is furthest from the truth.
#
# **TD3 accepts that, because an action that looks too poor is not sought out, and one that looks too good is.** But an actor that distrusts what it has not tried explores less (Ciosek et al. 2019).

# %%
ten, five = exact_biases(0, 1, 10), exact_biases(1, 0.7, 5)
with receipts("quadrature", oracle="closed form") as same:
    same("max of two, 1/√π", exact_biases(0, 1, 2)["max"], 1 / np.pi**0.5, 1e-8)
    same("clipped double of two, −1/(2√π)", exact_biases(0, 1, 2)["clipped double"], -0.5 / np.pi**0.5, 1e-8)
print({name: round(float(value), 3) for name, value in five.items()})
assert ten["clipped double"] < 0 < ten["maxmin"] < ten["max"]
assert abs(five["clipped double"]) == max(map(abs, five.values()))

# %% [markdown]
# ## 4 · TD3, line by line (25 minutes)
#
# DDPG takes no maximum over actions. But its actor climbs $Q$, so that $\mu(s)$ is an approximate $\arg\max_a Q(s,a)$, and the target values this choice by the same
# network. TD3 keeps DDPG and adds three remedies, blue in the picture: **twin critics**, of which the smaller gives the target; **target policy smoothing**, noise on the target's action;
# and **delay**, fewer moves of the actor and of the slow copies. A prime on a network means its slow copy; on $s$ it means *next*.

# %% tags=["hide"]
fig = plots.figure(9, 4.4)
ax = plots.axes(fig)
black, blue = plots.BLACK, plots.BLUE
box = {"boxstyle": "round,pad=0.45", "fc": "white", "lw": 2}
boxes = {
    "batch": (0.38, 0.14, black, r"$(s, a)$ of the replay"),
    "s'": (0.03, 0.8, black, r"$s'$"), "mu'": (0.22, 0.8, black, r"$\mu'$"),
    "eps": (0.41, 0.8, blue, r"$+\,\epsilon$"), "Q1'": (0.62, 0.92, black, r"$Q'_1$"),
    "Q2'": (0.62, 0.68, blue, r"$Q'_2$"), "min": (0.77, 0.8, blue, "min"),
    "y": (0.95, 0.8, black, r"$y = r + \gamma\,\min$" "\n(at the end $y = r$)"), "s": (0.03, 0.36, black, r"$s$"),
    "mu": (0.22, 0.36, black, r"$\mu$"), "Q1": (0.66, 0.32, black, r"$Q_1$"), "Q2": (0.66, 0.08, blue, r"$Q_2$"),
}  # fmt: skip
for x, y, colour, words in boxes.values():
    look = {"fontsize": 14, "color": plots.ink(colour), "bbox": box | {"ec": colour}}
    ax.text(x, y, words, ha="center", va="center", zorder=3, **look)
flow = "s' mu', mu' eps, eps Q1', eps Q2', Q1' min, Q2' min, min y, s mu, y Q1, y Q2, batch Q1, batch Q2, mu Q1, Q1 mu, mu mu', Q1 Q1', Q2 Q2'"
for start, end in (pair.split() for pair in flow.split(", ")):
    (x0, y0, *_), (x1, y1, *_) = boxes[start], boxes[end]
    slow, room = end == start + "'", {"eps": 26, "batch": 70, "y": 66 if start == "min" else 32}
    bend = {"Q1": 0.45, "Q2": 0.55}.get(start, 0) if slow else 0.18 * ({start, end} == {"mu", "Q1"})
    look = {"arrowstyle": "-|>", "lw": 1.6, "color": blue if slow else plots.GREY}
    look |= {"linestyle": "--" if slow else "-", "connectionstyle": f"arc3,rad={bend}"}
    look |= {"shrinkA": room.get(start, 20), "shrinkB": room.get(end, 20)}
    ax.annotate("", (x1, y1), (x0, y0), arrowprops=look)
for x, y, words, colour in (
    (0.42, 0.47, "$\\mu$ climbs $Q_1$", black), (0.93, 0.3, "both critics\nare fitted to $y$", black),
    (0.37, 0.58, "slow copies (dashed)\nand the actor move\nevery $d$-th time", blue),
):  # fmt: skip
    ax.text(x, y, words, ha="center", va="center", fontsize=12, color=plots.ink(colour))
ax.set(xlim=(-0.03, 1.08), ylim=(0, 1))
ax.axis("off")
plots.show(
    fig,
    alt="TD3: target actor, noise, twin targets, their minimum, the target y; both critics fit y, the actor climbs the first",
)

# %% [markdown]
# One update (Fujimoto et al. 2018, algorithm 1, in our letters; clip to the action range and terminal mask as in the authors' code), beside the code that runs:

# %% tags=["hide"]
pseudocode(
    "TD3: one update",
    r"""
    draw a batch of transitions $(s, a, r, s')$ from the replay
    $\tilde a \leftarrow \mathrm{clip}(\mu'(s') + \epsilon, -1, 1)$ with $\epsilon\sim\mathrm{clip}(\mathcal N(0,\tilde\sigma^2), -c, c)$
    $y \leftarrow r + \gamma\,\min_{i=1,2} Q'_i(s', \tilde a)$, or $r$ where the episode terminated
    a step of both critics down $\sum_i \mathbb E\,(y - Q_i(s,a))^2$
    every $d$-th time
        a step of the actor up $\mathbb E\,Q_1(s,\mu(s))$
        $w' \leftarrow \tau w + (1-\tau)\,w'$ for the slow copies of all three networks
    """,
    TD3.update,
    {
        1: "def update", 2: "next_action = (nets.target_actor", 3: "y = self.target(", 4: "q = nets.critics.regress",
        5: "if nets.updates % self.policy_delay == 0", 6: "pull(-uphill)", 7: "nets.target_critics.follow",
    },
)  # fmt: skip

# %% [markdown]
# Line 2 is smoothing, lines 3 and 4 are the twin critics, lines 5 to 7 the delay. Each can be switched off: `target_noise=0`, a target that ignores the second critic,
# `policy_delay=1`.
#
# <details><summary>The helpers of the networks, with $S$ seeds at once on $B$ transitions each</summary>
#
# | in the code | what it does |
# |---|---|
# | `nets.target_critics(obs, action)` | both slow critics at once, $[S, 2, B]$ |
# | `nets.critics.regress(obs, action, y)` | the gradient of both critics' squared errors |
# | `nets.critics.action_gradient(obs, action)` | $\nabla_a Q_1(s,a)$ of the first critic |
# | `pull(-uphill)` | goes on with the chain rule from that gradient into the actor; the sign is for ascent |
# | `target.follow(net, tau)` | $w' \leftarrow \tau w + (1-\tau)\,w'$ |
# </details>

# %% [markdown]
# ### Lab: what smoothing does to a spike
#
# Similar actions should have similar values, so the target averages over actions near $\mu'(s')$. A critic (orange) that is right but for one accidental spike at $a = 0.5$, and a target policy that sits on it. Without smoothing its height is
# copied into the targets (orange dot). The blue line is the value after smoothing, $\mathbb E_\epsilon\big[Q(\mathrm{clip}(a + \epsilon, -1, 1))\big]$, and its dot is what TD3 copies.
# Smoothing keeps the spike out of the *targets*; the actor still climbs the orange line. The price: a *true* narrow peak is lowered as well.


# %% tags=["hide"]
def smoothed(q, actions, sigma, clip, points=81):
    """E[q(clip(a + clip(ε, −c, c), −1, 1))], ε ~ N(0, σ²), by averaging over quantiles of ε."""
    epsilon = np.clip(sigma * norm.ppf((np.arange(points) + 0.5) / points), -clip, clip)
    return q(np.clip(actions[:, None] + epsilon, -1, 1)).mean(axis=1)


def draw_smoothing(fig, sigma=0.2, clip=0.5, width=0.05, height=1.0):
    ax, a, spike_at = plots.axes(fig), np.linspace(-1, 1, 401), np.array([0.5])

    def right(a):
        return 1 - (a + 0.3) ** 2

    def critic(a):
        return right(a) + height * np.exp(-0.5 * ((a - spike_at) / width) ** 2)

    (plain,), (copied,) = critic(spike_at), smoothed(critic, spike_at, sigma, clip)
    (without,) = smoothed(right, spike_at, sigma, clip)  # what would be copied, were there no spike
    share = (copied - without) / height if height else 0.0
    orange, blue = (plots.style(look) for look in ("DDPG", "TD3"))
    ax.plot(a, critic(a), label="critic", **orange)
    ax.plot(a, smoothed(critic, a, sigma, clip), label="smoothed", **blue)
    ax.plot([0.5, 0.5], [plain, copied], color=plots.GREY, linewidth=1.5, linestyle="-")
    ax.plot(0.5, plain, "o", color=orange["color"], markersize=9)
    ax.plot(0.5, copied, "o", color=blue["color"], markersize=9)
    ax.set(xlabel="action a", ylabel="value (units of the reward)", xlim=(-1, 1), ylim=(-1.5, 2.2))
    ax.set_title(f"{100 * share:.0f} % of the spike reaches the target" if height else "No spike", y=1.0)
    plots.label_lines(ax)
    return {"without smoothing": plain, "with smoothing": copied, "share of the spike": share}


# %% [markdown]
# Try: how wide must the spike be for half of its height to reach the target? Move $c$ from 0.5 upwards: what changes, and why?

# %% tags=["hide"]
with receipts("averaged over quantiles", oracle="convolution of Gaussians") as same:
    for width in (0.05, 0.2, 0.4):
        spike = smoothed(lambda a, w=width: np.exp(-0.5 * (a / w) ** 2), np.zeros(1), 0.2, 1.0, points=20_001)
        same(f"u = {width}: share that is left", spike, width / (width**2 + 0.2**2) ** 0.5, 1e-4)
explore(
    draw_smoothing,
    alt="A critic with a spike, and the same critic smoothed over nearby actions",
    size=(6.6, 3.8),
    settings={
        "half is left": {"width": 0.12},
        "a needle": {"width": 0.01},
        "cut short": {"width": 0.12, "clip": 0.1},
        "no smoothing": {"sigma": 0.0},
    },
    sigma=Slider("σ̃", "target noise", min=0.0, max=0.6, step=0.02),
    clip=Slider("c", "noise clip", min=0.05, max=1.0, step=0.05),
    width=Slider("u", "width of the spike", min=0.01, max=0.4, step=0.01),
    height=Slider("h", "height of the spike", min=0.0, max=1.0, step=0.05),
)

# %% [markdown]
# <details><summary>What you should have found</summary>
#
# Two Gaussians convolved are a Gaussian: a spike of width $u$ keeps the share $u/\sqrt{u^2+\tilde\sigma^2}$ of its height, as long as $c$ and the ends of the action range are far
# away. So half of the height is left where $u = \tilde\sigma/\sqrt3$. At $c = 2.5\,\tilde\sigma$ the bound touches 1.2 % of the draws; there $\tilde\sigma$ alone matters.
# </details>
#
# ### Delay: let the critic catch up
#
# A critic estimates the value of *this* actor, and each move of the actor makes it wrong (section 5.2 of the paper).
#
# 1. Let a move of the actor change the values by $\kappa$, and let one update of the critic leave the share $k$ of its error.
# 2. When the actor moves, the error has been left $d$ times since it grew: it repeats itself where $e = k^d(e + \kappa)$, that is at $e = \kappa\,k^d/(1-k^d)$.
# 3. At $k = 0.9$ this is $9\,\kappa$ for $d = 1$ and $4.3\,\kappa$ for $d = 2$: about half the error, at the moment at which the actor trusts the critic.
#
# The price at $d = 2$ is half as many actor steps, and slow copies that move half as often.

# %% [markdown]
# ## 5 · Where the remedies help (20 minutes)
#
# The arcade again, now for networks. An action is ten knobs, $a \in [-1, 1]^{10}$. At the door the first knob decides: the agent goes in with probability $(1-a_1)/2$ and home otherwise.
# Inside, no knob does anything: every step pays $\mathcal N(-0.2, 1)$, twice the loss of section 1, and with probability 0.1 the agent is thrown out. So going in costs $0.2 \times 10 = 2$
# on average, and going home costs nothing.


# %% tags=["hide"]
class Arcade:
    """At the door a₁ decides how likely one goes in; inside every step pays N(−0.2, 1), whatever the action."""

    chance = 2  # numbers in [0, 1) that a step is handed, from the stream of its seed
    state_names = ("inside",)
    observation_space = Box(0.0, 1.0, (2,), np.float32)
    action_space = Box(-1.0, 1.0, (10,), np.float32)

    def start(self, uniform):
        return np.zeros((len(uniform), 1))

    def step(self, state, action, uniform):
        inside, goes_in = state[:, 0] == 1, uniform[:, 0] < (1 - action[:, 0]) / 2
        reward = np.where(inside, -0.2 + ndtri(uniform[:, 1]), 0.0)  # Φ⁻¹(U) ~ N(0, 1)
        return np.ones_like(state), reward, np.where(inside, uniform[:, 0] < 0.1, ~goes_in)

    def observe(self, state):
        return np.concatenate([1 - state, state], axis=1).astype(np.float32)


def arcade(num_envs):
    return SystemVectorEnv(Arcade(), num_envs, max_episode_steps=50)


# %% [markdown]
# DDPG, TD3 and TD3 with one remedy switched off at a time. All explore with the same Gaussian noise and begin with the same 500 random actions; a seed meets the same first weights and the same dice in every variant.


# %%
def first_critic_only(reward, terminated, next_q1, next_q2, gamma):
    """Twin critics are trained, but the target ignores the second."""
    return td_target(reward, terminated, next_q1, gamma)


settings = {"tau": 0.02, "batch_size": 64, "hidden": (32, 32)}
td3 = TD3(**settings)
variants = {
    "DDPG": DDPG(**settings, noise=GaussianNoise(0.1)),
    "TD3": td3,
    "TD3, one critic": replace(td3, target=first_critic_only),
    "TD3, no smoothing": replace(td3, target_noise=0.0),
    "TD3, no delay": replace(td3, policy_delay=1),
}


# %% [markdown]
# The policy's expected return is known: $-2$ times its probability of going in.


# %% tags=["hide"]
def return_and_hope(training):
    """The expected return of each seed's policy, and what its critic says of the arcade: [S, 2]."""
    obs = torch.eye(2).expand(len(training.run.seeds), 2, 2)  # the door, the arcade
    first_knob = training.policy().act(obs.numpy())[:, 0, 0]
    return np.stack([-2 * (1 - first_knob) / 2, q_of_own_action(training, obs)[:, 1]], axis=1)


def arcade_experiment(steps, seeds, algorithms=variants):
    """Of each algorithm the expected return, and the critic's value of the arcade, [S, L], at the steps `at`."""
    found = {"return": {}, "hope": {}}
    for name, algorithm in algorithms.items():
        probed = train_and_probe(
            algorithm,
            arcade,
            steps,
            seeds,
            return_and_hope,
            every=100,
            evaluate_every=steps,
            evaluation_episodes=1,
        )
        found["return"][name], found["hope"][name] = probed.found.transpose(1, 0, 2)
    return found | {"at": probed.steps}


# %% [markdown]
# A guess:

# %% tags=["hide"]
predict(
    "The critics are fitted to noisy rewards that average −0.2 a step inside. In 30 seeds of each, how many policies of DDPG, and of TD3, stay out more often than not "
    "between steps 2000 and 3000?",
    choices={
        "nearly all of both": "A critic that averaged over the knobs would know the loss by now. The actor asks it at the knobs that look best.",
        "no DDPG, nearly every TD3": "The remedies lower the error; they do not remove it. The table below shows TD3's critic too hopeful as well.",
        "no DDPG, about two thirds of TD3": "",
        "none of either": "That is nearly how it goes with a mean of −0.1. Here the smaller of two critics sees the loss in many seeds.",
    },
    answer="no DDPG, about two thirds of TD3",
    why="Among all settings of ten knobs there is nearly always one that a critic, fitted to noisy rewards, thinks profitable. The actor finds it, "
    "and DDPG's target copies its value. TD3's target takes the smaller of two critics, over noisy knobs.",
)

# %% [markdown]
# Thirty seeds are three disjoint sets of ten, each with its own dice; claims are asserted in *each*. The 3000 steps are recorded (`python3 -m rlcourse record 07` makes them
# anew); here and now the page trains four of the seeds for 800 steps, beside the recording.

# %%
found, found_now = recorded(
    "recordings/07-arcade.json", arcade_experiment, {"steps": 800, "seeds": 4}, steps=3000, seeds=30
)

# %% [markdown]
# On the left the return over time; until step 500 nothing is learnt (warm-up). The thick line is the *IQM*, the interquartile mean: the mean of the middle half of the seeds. The band is its bootstrap interval, nominally
# of 95 %, at each time by itself. On the right, each seed's mean over steps 2000 to 3000.

# %% tags=["hide"]
fig = plots.figure(11, 4.2)
left_ax, right_ax = plots.axes(fig, 1, 2)
for name in ("DDPG", "TD3"):
    plots.learning_curve(left_ax, found["at"], found["return"][name], name, seeds_width=0.3, bounds=(-2, 0))
counts = {
    name: np.histogram(curve[:, found["at"] > 2000].mean(axis=1), np.linspace(-2, 0, 9))[0]
    for name, curve in found["return"].items()
}
for name, shift in (("DDPG", -0.05), ("TD3", 0.05)):
    right_ax.bar(
        np.linspace(-1.875, -0.125, 8) + shift,
        counts[name],
        0.1,
        color=plots.style(name)["color"],
        label=name,
    )
left_ax.set(ylabel="expected return", ylim=(-2.05, 0.05), title="DDPG goes in; TD3 does both")
right_ax.set(
    xlabel="expected return of a seed", ylabel="seeds of thirty", title="19 of 30 TD3 policies stay out"
)
left_ax.set_xticks((0, 1000, 2000, 3000))
plots.label_lines(left_ax, wrap=8)
right_ax.legend(frameon=False)
right_ax.axvline(-1, color=plots.GREY, linewidth=1.2, linestyle=plots.DOTS)
plots.show(
    fig,
    alt="Expected return of DDPG and TD3 in the arcade over 3000 steps, and a histogram of thirty seeds late: DDPG all near −2, TD3 in two heaps",
)

# %% [markdown]
# Counts, and each set's IQM with its interval. The truth of the critic's value, with $\gamma = 0.99$, is
# $-0.2/(1 - 0.9 \cdot 0.99) = -1.83$.

# %% tags=["hide"]
late = {
    kind: {name: curve[:, found["at"] > 2000].mean(axis=1) for name, curve in found[kind].items()}
    for kind in ("return", "hope")
}


def in_words(values):
    return "  ".join(f"{i.estimate:+.2f} [{i.low:+.2f}, {i.high:+.2f}]" for i in intervals_of_sets(values))


print(f"{'':34}" + "".join(f"{f'set {k}: IQM [95 %]':22}" for k in (1, 2, 3)))
stays_out = {name: late["return"][name] > -1 for name in variants}
for name in variants:
    print(
        f"{name:18} stays out       {stays_out[name].sum()} of 30 {stays_out[name].reshape(3, 10).sum(axis=1)}"
    )
    print(f"{'':18} return          {in_words(late['return'][name])}")
    print(f"{'':18} critic's value  {in_words(late['hope'][name])}")
    if name != "TD3":
        print(f"{'':18} TD3's gain      {in_words(late['return']['TD3'] - late['return'][name])}")
        print(f"{'':18} more hopeful by {in_words(late['hope'][name] - late['hope']['TD3'])}")
assert all(each.low > 0 for each in intervals_of_sets(late["return"]["TD3"] - late["return"]["DDPG"]))
assert stays_out["DDPG"].sum() == 0 and stays_out["TD3"].sum() == 19
assert all(each.low > 0 for each in intervals_of_sets(late["hope"]["DDPG"] - late["hope"]["TD3"])), "less"
assert all(each.low > -1.83 for each in intervals_of_sets(late["hope"]["TD3"])), "and yet it is too hopeful"

# %% [markdown]
# No policy of DDPG stays out, and its critic believes the arcade to be worth a good deal. 19 of 30 policies of TD3 stay out, a gain of about 1 in each set. TD3's critic is
# less hopeful, in each set, and too hopeful all the same. (At most 0.4 of that is the rest of the 0 with which a network begins; 07b explains it.) Without the second critic the gain is lost: 4 of 30 stay out, and the difference is beyond its interval in two sets and at its edge in the third. Without smoothing it is beyond its interval in one set of three, without
# delay in none. (On the left both rise before they fall, TD3 later; why was not examined.)
#
# <details><summary>Where we saw no gain</summary>
#
# The arcade was *built* to show the effect, and it was not our first try. With a mean of $-0.1$ TD3 went in as well, in most of ten seeds; on a cart-pole with a continuous force ten
# seeds showed no gain. (One set of seeds each, so these are no claims.) The remedies help where there are errors to be found.
# </details>
#
# ### Live: DDPG beside TD3
#
# On the pendulum: choose *each in turn* and press **Start**; the pale dotted curves are a recording. In it DDPG learns *sooner* than TD3, until about step 7000, and so it does in 07b, in three sets, over 3000 steps: little is to overestimate there, and
# slower copies cost time. What does $d = 1$ change?

# %%
panel = live(
    [DDPG(noise=GaussianNoise(0.1)), TD3()],
    "Pendulum-v1",
    steps=10_000,
    seeds=4,
    recorded="recordings/07-td3.json",
    title="DDPG beside TD3",
    policy_delay=Slider("d", "policy delay", min=1, max=4, step=1),
    target_noise=Slider("σ̃", "target noise", min=0.0, max=0.6, step=0.05),
    tau=Slider("τ", "target step", min=5e-4, max=5e-2, log=True),
)
panel

# %% [markdown]
# ## Summary
#
# - The maximum of unbiased estimates is biased upwards (maximisation bias): by $\sigma/\sqrt\pi$ for two Gaussians, by more with more actions, by less with a gap.
# - Bootstrapping multiplies the bias of one backup, by $\gamma/(1-\gamma)$ where it is the same each time and nothing ends.
# - Clipped double: the smaller of two independent, unbiased estimates, at the first one's choice, is on average never too high; it can be far too low. Maxmin is no cure.
# - TD3 is DDPG with twin critics, smoothing and delay; each can be switched off by one field.
# - In an arcade where nothing can be won, none of 30 DDPG policies stays out, and 19 of 30 of TD3.
#
# ## Exercises
#
# Homework 3 trains TD3 with *your* target. Here:
#
# **1** (★, 10 minutes). In the first lab set $\Delta = 1$. Why is *double* now below 0? What does its bias tend to as the number of actions grows?
#
# <details><summary>Hint and answer</summary>
#
# *Hint.* Whose value is it when a rival is chosen? *Answer.* The chosen action is sometimes a rival, and $\hat Q^B$ says honestly that it is worth $-1$. Double's bias is $-\Delta$ times
# the probability that a rival is chosen, and with ever more rivals that probability tends to 1, so the bias tends to $-\Delta = -1$.
# </details>
#
# **2** (★, 10 minutes). How many machines does a lure need? Run `wrong_choices("max", actions=1, rng=0)[:, 19].mean()`, then with 2 and with 50 actions.
#
# <details><summary>Hint and answer</summary>
#
# *Hint.* What is the maximum of one estimate? *Answer.* One machine lures nobody: its estimate is honest, and in episode 20 fewer than a quarter of the agents go left, down from a half. With two machines about two fifths do, with fifty more than nine tenths.
# </details>
#
# **3** (★★, 20 minutes). Let $X$ and $Y$ be jointly normal with mean 0, variance $\sigma^2$ and correlation $\rho$. Show that $\mathbb E[\min(X,Y)] = -\sigma\sqrt{(1-\rho)/\pi}$. What is left of TD3's minimum at $\rho = 0.99$?
#
# <details><summary>Hint and answer</summary>
#
# *Hint.* $\min(X,Y) = \tfrac12(X+Y) - \tfrac12|X-Y|$. *Answer.* $X - Y$ has variance $2\sigma^2(1-\rho)$, so $\mathbb E|X-Y| = 2\sigma\sqrt{(1-\rho)/\pi}$. At $\rho = 0.99$ a tenth of the minimum is left, $-0.056\,\sigma$.
# </details>
#
# **4** (★★, 20 minutes, a minute of training). Let the target take the *larger* critic, and train that in the arcade beside TD3. Predict first: which critic will value the arcade more?
#
# <details><summary>Hint and answer</summary>
#
# *Hint.* A target is a function of `(reward, terminated, next_q1, next_q2, gamma)`. *Answer.* In a cell of your own:
#
# ```python
# def larger(reward, terminated, next_q1, next_q2, gamma):
#     return td_target(reward, terminated, torch.maximum(next_q1, next_q2), gamma)
#
# mine = arcade_experiment(steps=1500, seeds=4, algorithms={"TD3": td3, "larger": replace(td3, target=larger)})
# print({name: hope[:, -1].mean() for name, hope in mine["hope"].items()})
# ```
#
# The larger critic copies the more hopeful of two errors, and so the arcade looks better to it than to TD3.
# </details>
#
# **5** (★★, 15 minutes). Two actions are worth 0, with independent estimates of standard deviation $\sigma$. Derive that *clipped double* is $-\sigma/(2\sqrt\pi)$ on average.
#
# <details><summary>Hint and answer</summary>
#
# *Hint.* $\min(X,Y) = X + Y - \max(X,Y)$. The largest of three has the mean $\tfrac32\sigma/\sqrt\pi$. *Answer.* Let $X = \max_a\hat Q^A$ and $Y$ the second estimate of that action: unbiased, and independent of the choice. $\max(X,Y)$ is the
# largest of three independent estimates. So the mean is $\sigma/\sqrt\pi + 0 - \tfrac32\sigma/\sqrt\pi = -\sigma/(2\sqrt\pi)$.
# </details>

# %% [markdown]
# ## Further: the integrals behind the lab
#
# One best action is worth 0 and $m-1$ rivals are worth $-\Delta$; the estimates are Gaussian with standard deviation $\sigma$. Independent estimates make distribution functions multiply, so
# each bias is a one-dimensional integral (`exact_biases` in the package). Write $F_0, f_0$ for the distribution function and the density of the best action's estimate, $F_\Delta, f_\Delta$ for a
# rival's, and $x_{\mathrm{top}}$ for a number that practically no estimate exceeds.
#
# 1. $P(\max \le x) = F_0(x)F_\Delta(x)^{m-1}$, and $\mathbb E[X] = x_{\mathrm{top}} - \int_{-\infty}^{x_{\mathrm{top}}} P(X \le x)\,dx$. For *maxmin* replace each $F$ by $1-(1-F)^2$.
# 2. The best action is chosen, at the value $x$, with density $f_0F_\Delta^{m-1}$; some rival with $(m-1)f_\Delta F_0F_\Delta^{m-2}$. So
#    *double*'s bias is $-\Delta\int (m-1)f_\Delta F_0F_\Delta^{m-2}\,dx$.
# 3. *Clipped double*: given the choice and $x$, average $\min(x, Y) = x - \max(0, x-Y)$ over the second estimate $Y$ of the chosen action. With its worth $v$, 0 or $-\Delta$, and
#    $z = (x-v)/\sigma$ this is $g_v(x) = x - (x-v)\Phi(z) - \sigma\varphi(z)$, and its bias is $\int \big[f_0F_\Delta^{m-1}\,g_0 + (m-1)f_\Delta F_0F_\Delta^{m-2}\,g_{-\Delta}\big]\,dx$.
#
# Nothing here is special to Gaussians. For estimates uniform on $[-1, 1]$, $P(\max\le x) = \big(\tfrac{x+1}{2}\big)^m$ gives $\mathbb E[\max] = \tfrac{m-1}{m+1}$ (Thrun and Schwartz 1993).
#
# **Two actions with a gap.** $\max(X,Y) = X + \max(0, D)$ with $D = Y - X\sim\mathcal N(-\Delta, \varsigma^2)$ and $\varsigma = \sqrt2\,\sigma$. Writing $D = -\Delta + \varsigma\,\xi$ with a standard normal $\xi$,
# $$\mathbb E[\max] = \int_{\Delta/\varsigma}^\infty(\varsigma\,\xi - \Delta)\,\varphi(\xi)\,d\xi = \varsigma\,\varphi(\Delta/\varsigma) - \Delta\,\Phi(-\Delta/\varsigma), \quad\text{as } \int \xi\varphi = -\varphi.$$
# The receipt of section 2 checks it.
#
# ### DDPG's update beside TD3's
#
# Code that only one of them has is coloured.

# %%
beside(DDPG.update, TD3.update)

# %% [markdown]
# The targets themselves are pure functions:

# %%
show_source(td_target, twin_target)

# %% [markdown]
# ### Where the second estimate comes from
#
# In double Q-learning (van Hasselt 2010) two tables learn from different halves of the data and swap roles at random. Double DQN (van Hasselt, Guez and Silver 2016) selects by the network and
# evaluates by its slow copy. With an actor that moves slowly those two are too alike to help, so TD3 trains a second critic, on the *same* data; its errors are not independent. Lecture 07b measures how alike the twins are.

# %% [markdown]
# ## Sources
#
# - Fujimoto, van Hoof, Meger, *Addressing Function Approximation Error in Actor-Critic Methods*, ICML 2018, [arXiv:1802.09477](https://arxiv.org/abs/1802.09477): section 4 and eq. 10 (bias), section 5 (delay and smoothing), algorithm 1.
# - Sutton, Barto, *Reinforcement Learning: An Introduction*, 2nd edition, 2018, [section 6.7](http://incompleteideas.net/book/the-book-2nd.html): example 6.7 and figure 6.5.
# - Lillicrap et al., *Continuous control with deep reinforcement learning*, ICLR 2016, [arXiv:1509.02971](https://arxiv.org/abs/1509.02971): algorithm 1.
# - Lan, Pan, Fyshe, White, *Maxmin Q-learning: Controlling the Estimation Bias of Q-learning*, ICLR 2020, [arXiv:2002.06487](https://arxiv.org/abs/2002.06487).
# - Ciosek, Vuong, Loftin, Hofmann, *Better Exploration with Optimistic Actor-Critic*, NeurIPS 2019, [arXiv:1910.12807](https://arxiv.org/abs/1910.12807).
# - van Hasselt, *Double Q-learning*, NeurIPS 2010: the maximum's bias, and the double estimator.
# - van Hasselt, Guez, Silver, *Deep Reinforcement Learning with Double Q-learning*, AAAI 2016, [arXiv:1509.06461](https://arxiv.org/abs/1509.06461): Double DQN.
# - Thrun, Schwartz, *Issues in Using Function Approximation for Reinforcement Learning*, 1993: the effect, in Q-learning with function approximators such as neural networks.
