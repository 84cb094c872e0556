# %% [markdown] tags=["head"]
# # Lecture 07 · TD3
#
# question: A critic that learns from its own best action becomes too hopeful. Why do its errors not average out, and what can be done?
# objectives:
# - **show** that the maximum of unbiased estimates is biased, and **compute** by how much
# - **compare** four ways to value the best action, and **say** when each fails
# - **explain** every line in which TD3 differs from DDPG, and **switch** each remedy off
# - **judge** from paired seeds whether a remedy helped
# needs:
# - 06: the replay buffer, exploration noise and the slow copies of the networks
# - the Bellman equation and $Q$
# symbols: s, a, r, s', \gamma, \mu, w, Q', \mu', \hat Q, y, \tau, \sigma, \epsilon, \tilde\sigma, c, d, N, \mathbb E, \mathcal N
# - $Q$: what a critic says of an action; $Q_1$, $Q_2$ are the twin critics
# - $\hat Q^A$: the estimate that chooses; $\hat Q^B$ is a second one
# - $m$: number of actions
# - $\Delta$: by how much a rival is worth less than the best action
# - $\varsigma$: standard deviation of a difference
# - $\varphi$: density of the standard normal
# - $\Phi$: distribution function of the standard normal
# - $b$: bias of one backup
# - $e$: mean error of the critic
# - $u$: width of a spike
# - $\rho$: correlation
# homework: 3

# %% [markdown]
# The course's own pieces. `receipts` shows both sides of each claim and fails where they differ.

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
# the better choice. (This is example 6.7 of Sutton and Barto.)

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
# Two thousand agents learn by Q-learning. Each takes the action with the highest estimate, except that one action in ten is drawn at random; so an agent that knows
# better still goes left in 5 % of its episodes, and one that knows nothing in 50 %.

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
# Besides Q-learning, which values B by its highest estimate (*max*), two rules with twin tables: in *double* one table chooses the machine and the
# other values it; in *actor* one chooses and the smaller of the two values it. That is what TD3 does.

# %%
chosen = {rule: wrong_choices(rule, agents=2000, episodes=300, rng=0) for rule in ("max", "double", "actor")}

# %% [markdown]
# How high does each line rise, and when does it come down?

# %% tags=["hide"]
RULES = {"max": (plots.ORANGE, plots.DASHES), "double": (plots.PURPLE, plots.DASH_DOT)}
RULES |= {"clipped": (plots.SKY, plots.DOTS), "actor": (plots.BLUE, "-")}

fig = plots.figure(8, 3.6)
ax = plots.axes(fig)
for rule, left in chosen.items():
    colour, line = RULES[rule]
    ax.plot(range(1, 301), left.mean(axis=0), color=colour, linestyle=line, label=rule)
    print(f"{rule:7} goes left in episode 20: {left[:, 19].mean():.2f}, 100: {left[:, 99].mean():.2f}")
ax.plot([1, 300], [0.05, 0.05], color=plots.BLACK, linestyle="-", linewidth=1.5, label="best possible")
ax.set(xlabel="episode", ylabel="share of 2000 agents", xlim=(0, 300), ylim=(0, 1))
ax.set_title("Nine of ten Q-learners go the wrong way")
plots.label_lines(ax)
plots.show(
    fig,
    alt="The share of agents that go left over 300 episodes: max, double, actor, and the best possible, 5 %",
)

# %% [markdown]
# Nearly every Q-learner walks into the arcade, and after a hundred episodes almost half of them still do. Each payment was an honest sample; the agents deceived themselves, by
# believing the best of ten averages. With a second table the lure is gone within a few dozen episodes.
#
# ### The same in one picture
#
# Ten estimates, each unbiased with a standard deviation of 1, of ten actions that are all worth 0. The grey curve is the density of any one of them, the orange one
# that of the *largest*. Its mean has moved to the right.

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
# ## 2 · The maximum of noisy estimates (20 minutes)
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
# **It is always so, not only here.**
#
# 1. For every action $b$, whatever the draw, $\max_a \hat Q_a \ge \hat Q_b$.
# 2. Expectations keep the order: $\mathbb E[\max_a\hat Q_a] \ge \mathbb E[\hat Q_b]$ for every $b$.
# 3. Take the best $b$: $\mathbb E[\max_a\hat Q_a] \ge \max_b \mathbb E[\hat Q_b]$, and for unbiased estimates the right side is the truth.
#
# **Two Gaussians, in closed form.**
#
# 1. $\max(x,y) = \tfrac12(x+y) + \tfrac12|x-y|$; for independent $x, y \sim \mathcal N(0,\sigma^2)$ the first term has mean 0.
# 2. $x - y \sim \mathcal N(0, 2\sigma^2)$, and a normal $z$ with mean 0 and standard deviation $\varsigma$ has $\mathbb E|z| = \varsigma\sqrt{2/\pi}$.
# 3. Hence $\mathbb E[\max] = \tfrac12\cdot\sqrt2\,\sigma\cdot\sqrt{2/\pi} = \sigma/\sqrt\pi \approx 0.56\,\sigma$.
#
# If the second action is worse by $\Delta$, then $\max(x,y) = x + \max(0, y-x)$ with $y - x\sim\mathcal N(-\Delta, 2\sigma^2)$, and integrating over
# the positive part gives, with $\varsigma = \sqrt2\,\sigma$ and with $\varphi$ and $\Phi$ the density and distribution function of the standard normal,
# $$\mathbb E[\max] = \varsigma\,\varphi(\Delta/\varsigma) - \Delta\,\Phi(-\Delta/\varsigma).$$
# A gap helps, because the noise must first overturn the order.


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
# 1. Let $e$ be the critic's mean error, and let the value that a backup takes exceed the critic's mean by $b$.
# 2. The critic is fitted to $r + \gamma(Q + e + b)$ on average, so its error becomes $e \leftarrow \gamma(e + b)$.
# 3. This settles where $e = \gamma(e+b)$, that is at $e = \dfrac{\gamma}{1-\gamma}\,b$.
#
# At $\gamma = 0.99$ the critic's error is 99 times the bias of one backup. Lecture 07b checks this on tables and on networks.

# %% [markdown]
# ## 3 · Two estimates instead of one (15 minutes)
#
# The maximum uses one number twice: to *select* the action and to *evaluate* it. Call that estimate $\hat Q^A$. With a second, independent estimate
# $\hat Q^B$ there are other ways to put a number on the best action:
#
# | name | estimate | idea |
# |---|---|---|
# | max | $\max_a \hat Q^A(s,a)$ | one estimate selects and evaluates |
# | double | $\hat Q^B\big(s, \arg\max_a \hat Q^A(s,a)\big)$ | a second one evaluates |
# | clipped | $\max_a \min\{\hat Q^A(s,a), \hat Q^B(s,a)\}$ | the smaller one, then the maximum |
# | actor | $\min\{\hat Q^A, \hat Q^B\}\big(s, \arg\max_a \hat Q^A(s,a)\big)$ | $\hat Q^A$ selects, the smaller one evaluates |
#
# The paper's *Clipped Double Q-learning* is the last row, *actor*; *clipped* here is the maximum of minima that slides often draw.

# %% tags=["hide"]
predict(
    "Ten actions, all worth 0, noise σ = 1. Double has bias 0 here. Which of the others comes closest to 0?",
    choices={
        "max": "It takes the luckiest of ten draws: 1.5 too high.",
        "clipped": "The minimum lowers each of ten estimates a little, and then the maximum takes the luckiest of them: 0.7 too high.",
        "actor": "",
    },
    answer="actor",
    why="For 'clipped' the max over ten actions undoes what the minimum of two repaired. For 'actor' the chosen estimate is so "
    "high that the smaller one is nearly always the other, and that one is unbiased. With worse rivals the order can change.",
)

# %% [markdown]
# **Double** is never too high. Let $a^* = \arg\max_a\hat Q^A(s,a)$. The independent $\hat Q^B$ knows nothing of this choice and stays unbiased, so
# $$\mathbb E[\hat Q^B(s,a^*)] = \sum_a P(a^*=a)\,Q(s,a) \le \max_a Q(s,a),$$
# an average of values against the largest of them.
#
# **Actor** is never above double, because $\min\{\hat Q^A,\hat Q^B\}(s,a^*) \le \hat Q^B(s,a^*)$. With the coins: $\hat Q^A(s,a^*) = +1$ with probability $\tfrac34$
# and $\hat Q^B(s,a^*) = +1$ with $\tfrac12$, independently; both are $+1$ with $\tfrac38$, and the mean is $\tfrac38-\tfrac58 = -\tfrac14$.
#
# **Clipped** with the coins: the smaller estimate of one action is $+1$ with probability $\tfrac14$, and one of the two actions has that with $1-(\tfrac34)^2 = \tfrac7{16}$. So the
# mean is $\tfrac7{16}-\tfrac9{16} = -\tfrac18$.


# %%
def clipped(a1, b1, a2, b2):
    return max(min(a1, b1), min(a2, b2))


def actor(a1, b1, a2, b2):
    return min(a1, b1) if a1 >= a2 else min(a2, b2)


with receipts("enumerated", oracle="by hand") as same:
    same("clipped, two coins", enumerate_mean(clipped, *[coin] * 4), Fraction(-1, 8))
    same("actor, two coins", enumerate_mean(actor, *[coin] * 4), Fraction(-1, 4))

# %% [markdown]
# ### Lab: four ways to value the best action
#
# One action is worth 0, its $m - 1$ rivals $-\Delta$. The lines are exact (integrals over Gaussian estimates; their derivation stands under *Further*). The dots are
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
    ax.set_title(f"{actions} actions, too high: " + (", ".join(over) if over else "none"), y=1.0)
    plots.label_lines(ax)
    return {f"bias of {name}": value for name, value in found.items()}


lab = explore(
    draw,
    alt="Bias of max, double, clipped and actor against the number of actions",
    size=(7.0, 4.0),
    gap=Slider("Δ", "gap", min=0.0, max=3.0, step=0.1),
    noise=Slider("σ", "noise", min=0.1, max=2.0, step=0.1),
    actions=Slider("m", "actions", min=2, max=20, step=1),
    samples=Slider("N", "samples per estimate", min=1, max=32, step=1),
)
lab

# %% [markdown]
# Among equals *max* grows with every action, *clipped* crosses 0 and follows it, *actor* stays just below. But never too high is not yet accurate: with
# five actions, $\Delta = 1$ and $\sigma = 0.7$, *actor* is furthest from the truth. TD3 accepts that, because an action that looks too poor is not sought out, and one that looks
# too good is.

# %%
ten, five = exact_biases(0, 1, 10), exact_biases(1, 0.7, 5)
with receipts("quadrature", oracle="closed form") as same:
    same("max of two, 1/√π", exact_biases(0, 1, 2)["max"], 1 / np.pi**0.5, 1e-8)
print({name: round(float(value), 3) for name, value in five.items()})
assert ten["actor"] < 0 < ten["clipped"] < ten["max"]
assert abs(five["actor"]) == max(map(abs, five.values()))

# %% [markdown]
# ## 4 · TD3, line by line (25 minutes)
#
# DDPG takes no maximum over actions. But its actor climbs $Q$, so that $\mu(s)$ is an approximate $\arg\max_a Q(s,a)$, and the target values this choice by the same
# network. TD3 keeps DDPG and adds three remedies, blue in the picture: **twin critics**, of which the smaller gives the target; **smoothing**, noise on the target's action;
# and **delay**, fewer moves of the actor and of the slow copies. A prime on a network means its slow copy; on $s$ it means *next*.

# %% tags=["hide"]
fig = plots.figure(9, 4.4)
ax = plots.axes(fig)
black, blue = plots.BLACK, plots.BLUE
box = {"boxstyle": "round,pad=0.45", "fc": "white", "lw": 2}
boxes = {
    "s'": (0.03, 0.8, black, r"$s'$"), "mu'": (0.22, 0.8, black, r"$\mu'$"),
    "eps": (0.41, 0.8, blue, r"$+\,\epsilon$, clipped"), "Q1'": (0.62, 0.92, black, r"$Q'_1$"),
    "Q2'": (0.62, 0.68, blue, r"$Q'_2$"), "min": (0.77, 0.8, blue, "min"),
    "y": (0.95, 0.8, black, r"$y = r + \gamma\,\min$"), "s": (0.03, 0.2, black, r"$s$"),
    "mu": (0.22, 0.2, black, r"$\mu$"), "Q1": (0.62, 0.32, black, r"$Q_1$"), "Q2": (0.62, 0.08, blue, r"$Q_2$"),
}  # fmt: skip
for x, y, colour, words in boxes.values():
    ax.text(
        x,
        y,
        words,
        ha="center",
        va="center",
        fontsize=14,
        color=plots.ink(colour),
        bbox=box | {"ec": colour},
        zorder=3,
    )
flow = "s' mu', mu' eps, eps Q1', eps Q2', Q1' min, Q2' min, min y, s mu, y Q1, y Q2, Q1 mu, mu mu', Q1 Q1', Q2 Q2'"
for start, end in (pair.split() for pair in flow.split(", ")):
    (x0, y0, *_), (x1, y1, *_) = boxes[start], boxes[end]
    slow, room = end == start + "'", {"eps": 48, "y": 52 if start == "min" else 20}
    bend = {"Q1": -0.25, "Q2": 0.25}.get(start, 0) if slow else 0
    look = {"arrowstyle": "-|>", "lw": 1.6, "color": blue if slow else plots.GREY}
    look |= {"linestyle": "--" if slow else "-", "connectionstyle": f"arc3,rad={bend}"}
    look |= {"shrinkA": room.get(start, 20), "shrinkB": room.get(end, 20)}
    ax.annotate("", (x1, y1), (x0, y0), arrowprops=look)
for x, y, words, colour in (
    (0.41, 0.19, "$\\mu$ climbs $Q_1$", black), (0.9, 0.36, "both critics\nare fitted to $y$", black),
    (0.38, 0.5, "slow copies (dashed)\nand the actor move\nevery $d$-th time", blue),
):  # fmt: skip
    ax.text(x, y, words, ha="center", va="center", fontsize=12, color=plots.ink(colour))
ax.set(xlim=(-0.03, 1.08), ylim=(0, 1))
ax.axis("off")
plots.show(
    fig,
    alt="TD3: target actor, noise, twin targets, their minimum, the target y; both critics fit y, the actor climbs the first",
)

# %% [markdown]
# One update, as the paper has it (Fujimoto et al. 2018, algorithm 1, in this course's letters), beside the code that runs:

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
        1: "def update", 2: "next_action = (nets.target_actor", 3: "y = self.target(", 4: "loss = ((y[:, None] - q)",
        5: "if nets.updates % self.policy_delay == 0", 6: "action.backward(-uphill)", 7: "nets.target_critics.follow",
    },
)  # fmt: skip

# %% [markdown]
# Line 2 is smoothing, lines 3 and 4 are the twin critics, lines 5 to 7 the delay. Each can be switched off: `target_noise=0`, a target that ignores the second critic,
# `policy_delay=1`. These are the helpers of the networks, with $S$ seeds trained at once on $B$ transitions each:
#
# | in the code | what it does |
# |---|---|
# | `nets.target_critics(obs, action)` | both slow critics at once, $[S, 2, B]$ |
# | `nets.critics.action_gradient(obs, action)` | $\nabla_a Q_1(s,a)$ of the first critic |
# | `action.backward(-uphill)` | hands that gradient on to the actor, with the sign for ascent |
# | `target.follow(net, tau)` | $w' \leftarrow \tau w + (1-\tau)\,w'$ |
#
# And here is DDPG's `update` on the left, TD3's on the right; what only one of them has is coloured. **That difference is this lecture.**

# %%
beside(DDPG.update, TD3.update)

# %% [markdown]
# The critic that the actor climbs is the $\hat Q^A$ of section 3. The targets themselves are pure functions:

# %%
show_source(td_target, twin_target)

# %% [markdown]
# ### Lab: what smoothing does to a spike
#
# A critic (orange) that is right but for one accidental spike at $a = 0.5$, and a target policy that sits on it. Without smoothing its height is
# copied into the targets (orange dot). The blue line is the value after smoothing, $\mathbb E_\epsilon\big[Q(\mathrm{clip}(a + \epsilon, -1, 1))\big]$, and its dot is what TD3 copies.
# Smoothing keeps the spike out of the *targets*; the actor still climbs the orange line.
#
# Try: how wide must the spike be for half of its height to reach the target? Which of $\tilde\sigma$ and $c$ matters at the course's settings?


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
# Two Gaussians convolved are a Gaussian: a spike of width $u$ keeps the share $u/\sqrt{u^2+\tilde\sigma^2}$ of its height, as long as $c$ and the ends of the action range are far
# away. So half of the height is left where $u = \tilde\sigma/\sqrt3$.

# %% tags=["hide"]
with receipts("averaged over quantiles", oracle="convolution of Gaussians") as same:
    for width in (0.05, 0.2, 0.4):
        spike = smoothed(lambda a, w=width: np.exp(-0.5 * (a / w) ** 2), np.zeros(1), 0.2, 1.0, points=20_001)
        same(f"u = {width}: share that is left", spike, width / (width**2 + 0.2**2) ** 0.5, 1e-4)
explore(
    draw_smoothing,
    alt="A critic with a spike, and the same critic smoothed over nearby actions",
    size=(6.6, 3.8),
    sigma=Slider("σ̃", "target noise", min=0.0, max=0.6, step=0.02),
    clip=Slider("c", "noise clip", min=0.05, max=1.0, step=0.05),
    width=Slider("u", "width of the spike", min=0.01, max=0.4, step=0.01),
    height=Slider("h", "height of the spike", min=0.0, max=1.0, step=0.05),
)

# %% [markdown]
# **Delay**, the third remedy, gives the critic time to fit before the actor climbs it. Its price is half as many actor steps at $d = 2$.

# %% [markdown]
# ## 5 · Where the remedies help (20 minutes)
#
# The arcade again, now for networks. An action is ten knobs, $a \in [-1, 1]^{10}$. At the door the first knob decides: the agent goes in with probability $(1-a_1)/2$ and home otherwise.
# Inside, no knob does anything: every step pays $\mathcal N(-0.2, 1)$, and with probability 0.1 the agent is thrown out. So going in costs $0.2 \times 10 = 2$ on
# average, and going home costs nothing.


# %%
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
# DDPG, TD3 and TD3 with one remedy switched off at a time. All explore with the same noise; a seed meets the same first weights and the same dice in every variant.


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
# The policy's expected return is known exactly: $-2$ times its probability of going in.


# %%
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
    "After 3000 steps DDPG has spent well over a thousand steps in the arcade, and lost 0.2 a step on average. Where does its policy go?",
    choices={
        "home, nearly always": "A critic that averaged over the knobs would know the loss by now. This one is asked at the knobs that look best.",
        "half of the seeds home, half in": "So it begins, with random policies. But the actor then follows its critic.",
        "in, nearly always": "",
    },
    answer="in, nearly always",
    why="Among all settings of ten knobs there is always one that the critic, fitted to noisy rewards, thinks profitable. The actor finds it, "
    "and the target copies its value.",
)

# %% [markdown]
# Thirty seeds are three disjoint sets of ten, each with its own dice; claims are asserted in *each*. The 3000 steps are recorded (`python3 -m rlcourse record 07` makes them
# anew); here and now the page trains four of the seeds for 800 steps, beside the recording.

# %%
found, found_now = recorded(
    "recordings/07-arcade.json", arcade_experiment, {"steps": 800, "seeds": 4}, steps=3000, seeds=30
)

# %% [markdown]
# On the left the expected return of every seed's policy, on the right the difference on the same seed. The best possible return is 0, the worst $-2$.

# %% tags=["hide"]
fig = plots.figure(11, 4.2)
left_ax, right_ax = plots.axes(fig, 1, 2)
for name in ("DDPG", "TD3"):
    plots.learning_curve(left_ax, found["at"], found["return"][name], name, seeds_width=0.3, bounds=(-2, 0))
gain = found["return"]["TD3"] - found["return"]["DDPG"]
plots.learning_curve(right_ax, found["at"], gain, "TD3 − DDPG", plots.PURPLE, "-", seeds_width=0.3)
right_ax.axhline(0, color=plots.BLACK, linewidth=1.5, linestyle="-")
left_ax.set(ylabel="expected return", ylim=(-2.05, 0.05), title="DDPG goes in, TD3 mostly stays out")
right_ax.set(ylabel="difference on the same seed", ylim=(-2.05, 2.05), title="Seed by seed, TD3 gains")
for ax in (left_ax, right_ax):
    ax.set_xticks((0, 1000, 2000, 3000))
    plots.label_lines(ax, wrap=8)
right_ax.text(
    0.02,
    0.03,
    plots.curve_note(30).replace("; ", "\n"),
    transform=right_ax.transAxes,
    color=plots.GREY,
    fontsize=11,
)
plots.show(
    fig,
    alt="Expected return of DDPG and TD3 in the arcade over 3000 steps, thirty seeds, and the difference seed by seed",
)

# %% [markdown]
# Where each variant ends, in each of the three sets, and what its critic says of the arcade, whose true value is $-0.2/(1 - 0.9 \cdot 0.99) = -1.83$:

# %% tags=["hide"]
late = {
    kind: {name: curve[:, found["at"] > 2000].mean(axis=1) for name, curve in found[kind].items()}
    for kind in ("return", "hope")
}


def in_words(values):
    return "  ".join(f"{i.estimate:+.2f} [{i.low:+.2f}, {i.high:+.2f}]" for i in intervals_of_sets(values))


for name in variants:
    print(f"{name:18} return          {in_words(late['return'][name])}")
    print(f"{'':18} critic's value  {in_words(late['hope'][name])}")
    if name != "TD3":
        print(f"{'':18} TD3's gain      {in_words(late['return']['TD3'] - late['return'][name])}")
assert all(each.low > 0 for each in intervals_of_sets(late["return"]["TD3"] - late["return"]["DDPG"]))
assert all(each.high < -1.5 for each in intervals_of_sets(late["return"]["DDPG"])), "DDPG breaks"
assert all(each.estimate > -1 for each in intervals_of_sets(late["return"]["TD3"])), "TD3 mostly does not"
assert all(each.low > -1.83 for each in intervals_of_sets(late["hope"]["TD3"])), "and yet it is too hopeful"

# %% [markdown]
# DDPG ends in the arcade and believes that it is worth a good deal. TD3's critic is too hopeful too, but less, and most of its policies stay out: a gain of
# about 1 in each set. Most of it goes with the second critic. Without smoothing or delay the return is lower in each set, but ten seeds cannot tell that from chance in every set.
#
# The arcade was *built* to show the effect, and it was not our first try. With a mean of $-0.1$ TD3 went in as well, in most of ten seeds; on a cart-pole with a continuous force ten
# seeds showed no gain. (One set of seeds each, so these are no claims.) The remedies help where there are errors to be found.
#
# ### Live: DDPG beside TD3
#
# On the pendulum, now: choose *each in turn* and press **Start**. Then retune:
# with $d = 1$ and $\tilde\sigma = 0$, what is left of the difference? The pale dotted curves are a recording; this made it, in the folder of this page: `from rlcourse.widgets import record`, then
# `record([DDPG(noise=GaussianNoise(0.1)), TD3()], "Pendulum-v1", "recordings/07-td3.json", steps=10_000, seeds=4)`

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
# - The maximum of unbiased estimates is biased upwards: by $\sigma/\sqrt\pi$ for two Gaussians, by more with more actions, by less with a gap.
# - Bootstrapping multiplies the bias of one backup by $\gamma/(1-\gamma)$.
# - The smaller of two independent estimates, at the first one's choice, is never too high; it can be far too low. The maximum of minima is no cure.
# - TD3 is DDPG with twin critics, smoothing and delay; each can be switched off by one field.
# - Where nothing can be won and many actions can be tried, DDPG's return breaks, and TD3's mostly does not.
#
# ## Exercises
#
# Homework 3 trains TD3 with *your* target. Here, at once:
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
# **3** (★★, 20 minutes). Let $x$ and $y$ be jointly normal with mean 0, variance $\sigma^2$ and correlation $\rho$. Show that $\mathbb E[\min(x,y)] = -\sigma\sqrt{(1-\rho)/\pi}$. What is left of TD3's minimum at $\rho = 0.99$?
#
# <details><summary>Hint and answer</summary>
#
# *Hint.* $\min(x,y) = \tfrac12(x+y) - \tfrac12|x-y|$. *Answer.* $x - y$ has variance $2\sigma^2(1-\rho)$, so $\mathbb E|x-y| = 2\sigma\sqrt{(1-\rho)/\pi}$. At $\rho = 0.99$ a tenth of the minimum is left, $-0.056\,\sigma$.
# </details>
#
# **4** (★★, 20 minutes). Let the target take the *larger* critic, and train that in the arcade beside TD3. Predict first: which critic will value the arcade more?
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

# %% [markdown]
# ## Further: the integrals behind the lab
#
# One best action is worth 0 and $m-1$ rivals are worth $-\Delta$; the estimates are Gaussian with standard deviation $\sigma$. Independent estimates make distribution functions multiply, so
# each bias is a one-dimensional integral (`exact_biases` in the package). Write $F_0, f_0$ for the distribution function and the density of the best action's estimate, $F_\Delta, f_\Delta$ for a
# rival's, and $x_{\mathrm{top}}$ for a number that practically no estimate exceeds.
#
# 1. $P(\max \le x) = F_0(x)F_\Delta(x)^{m-1}$, and $\mathbb E[X] = x_{\mathrm{top}} - \int_{-\infty}^{x_{\mathrm{top}}} P(X \le x)\,dx$. For *clipped* replace each $F$ by $1-(1-F)^2$.
# 2. The best action is chosen, at the value $x$, with density $f_0F_\Delta^{m-1}$; some rival with $(m-1)f_\Delta F_0F_\Delta^{m-2}$. So
#    *double*'s bias is $-\Delta\int (m-1)f_\Delta F_0F_\Delta^{m-2}\,dx$.
# 3. *Actor*: given the choice and $x$, average $\min(x, Y) = x - \max(0, x-Y)$ over the second estimate $Y$ of the chosen action. With its worth $v$, 0 or $-\Delta$, and
#    $z = (x-v)/\sigma$ this is $g_v(x) = x - (x-v)\Phi(z) - \sigma\varphi(z)$, and *actor*'s bias is $\int \big[f_0F_\Delta^{m-1}\,g_0 + (m-1)f_\Delta F_0F_\Delta^{m-2}\,g_{-\Delta}\big]\,dx$.
#
# Nothing here is special to Gaussians. For estimates uniform on $[-1, 1]$, $P(\max\le x) = \big(\tfrac{x+1}{2}\big)^m$ gives $\mathbb E[\max] = \tfrac{m-1}{m+1}$ (Thrun and Schwartz 1993).
#
# ### A slip that is easy to make
#
# It writes $\hat Q^A(s,a_1)$ in both minima of *clipped*,
# $$\max\big\{\min\{\hat Q^A(s,a_1), \hat Q^B(s,a_1)\},\; \min\{\hat Q^A(s,a_2), \hat Q^B(s,a_2)\}\big\},$$
# and then nobody ever looks at $\hat Q^A(s,a_2)$. Here $a_2$ is worth 10:


# %%
def with_slip(a1, b1, a2, b2):
    return max(min(a1, b1), min(a1, b2))


better = (coin, coin, (9, 11), (9, 11))
right, wrong = (float(enumerate_mean(f, *better)) for f in (clipped, with_slip))
print(f"a₂ worth 10: clipped says {right:.2f}, with the slip {wrong:.2f}")
assert wrong < 1 < right

# %% [markdown]
# ### The two targets on the same next values
#
# With twin critics whose errors are independent $\mathcal N(0,1)$, at next states that are all worth 0, TD3's target is lower by $\gamma/\sqrt\pi$ on average, because
# $\min(x,y) = -\max(-x,-y)$; and only where the episode goes on.

# %%
rng, batch = np.random.default_rng(4), 100_000
next_values, nothing, discount = rng.standard_normal((2, batch)), np.zeros(batch), 0.99
terminated = rng.random(batch) < 0.25
y_ddpg = td_target(nothing, terminated, next_values[0], discount)
y_td3 = twin_target(nothing, terminated, *next_values, discount)
assert np.all(y_td3 <= y_ddpg) and not y_td3[terminated].any() and not y_ddpg[terminated].any()
allowed = 4 * discount / (~terminated).sum() ** 0.5
with receipts("mean target", oracle="closed form") as same:
    same("DDPG's, unbiased", y_ddpg[~terminated].mean(), 0.0, allowed)
    same("TD3's, −γ/√π", y_td3[~terminated].mean(), -discount / np.pi**0.5, allowed)

# %% [markdown]
# ### Where the second estimate comes from
#
# In double Q-learning (van Hasselt 2010) two tables learn from different halves of the data and swap roles at random. Double DQN (van Hasselt, Guez and Silver 2016) selects by the network and
# evaluates by its slow copy. With an actor that moves slowly those two are too alike to help, so TD3 trains a second critic. Lecture 07b measures how alike the twins are.

# %% [markdown]
# ## Sources
#
# - Fujimoto, van Hoof, Meger, *Addressing Function Approximation Error in Actor-Critic Methods*, ICML 2018, [arXiv:1802.09477](https://arxiv.org/abs/1802.09477): section 4 and eq. 10 (bias), section 5 (delay and smoothing), algorithm 1.
# - Sutton, Barto, *Reinforcement Learning: An Introduction*, 2nd edition, 2018, [section 6.7](http://incompleteideas.net/book/the-book-2nd.html): example 6.7 and figure 6.5.
# - Lillicrap et al., *Continuous control with deep reinforcement learning*, ICLR 2016, [arXiv:1509.02971](https://arxiv.org/abs/1509.02971): algorithm 1.
# - van Hasselt, *Double Q-learning*, NeurIPS 2010: the maximum's bias, and the double estimator.
# - van Hasselt, Guez, Silver, *Deep Reinforcement Learning with Double Q-learning*, AAAI 2016, [arXiv:1509.06461](https://arxiv.org/abs/1509.06461): Double DQN.
# - Thrun, Schwartz, *Issues in Using Function Approximation for Reinforcement Learning*, 1993: the effect, in Q-learning with function approximators such as neural networks.
