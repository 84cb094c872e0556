# %% [markdown] tags=["head"]
# # Lecture 08 · Performance difference
#
# question: You hold a policy and its exact advantages. Which changes of the policy are certain to help, and how far may
#   they go?
# objectives:
# - **derive** the lemma that compares two policies exactly, state by state
# - **say** why a greedy step cannot lose, and why a gradient step on shared parameters can
# - **prove** how far the surrogate may be trusted, by two walks that share their dice
# - **judge** when that bound is nearly reached, and when it is thousands of times too careful
# - **tell apart** Algorithm 1, a limit on the KL of every state, and TRPO's limit on its mean
# needs:
# - 01: $V, Q, A$ and the visitation
# - 03: the policy gradient
# symbols: s, a, t, r, \gamma, \rho_0, \pi, \eta, V^\pi, Q^\pi, A^\pi, d^\pi, L, \theta, \varepsilon, \mathbb E
# - $\mathrm{old}, \mathrm{new}$: the policy you hold, and another one
# - $\bar A(s)$: $\sum_a\pi_{\mathrm{new}}(a\mid s)\,A^{\mathrm{old}}(s,a)$, what old expects of new's choice in $s$
# - $\ell$: length of a gradient step
# - $m$: share of the target that is mixed in; $\pi_m$ is the mixture
# - $\alpha$: largest chance, over all states, that two coupled policies act differently
# - $C$: price of divergence in the bound, $4\varepsilon\gamma/(1-\gamma)^2$
# - $\kappa$: limit on the KL divergence of *every* state
# - $\delta$: limit on the *mean* of the KL divergence over $d^{\mathrm{old}}$ (TRPO)
# - $\lambda$: price of KL divergence, a multiplier
# - $\nu$: multiplier that makes probabilities sum to 1
# homework: 4

# %% [markdown]
# ## 1 · One step of growing length (8 minutes)

# %% tags=["hide"]
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from scipy.optimize import brentq, linprog, minimize_scalar

from rlcourse import plots
from rlcourse.equations import markov, objectives
from rlcourse.pages import receipt, receipts
from rlcourse.widgets import Slider, explore, predict

plots.use()


# %% [markdown]
# Two states, two actions. An action does what its name says with probability 0.9, and the opposite otherwise; its reward is paid
# either way. The walk begins in state 0, where there is nothing to earn. Moving costs 0.2 and leads to state 1, where staying pays 1.
# The discount is $\gamma = 0.9$.


# %% tags=["hide"]
two = markov.two_state(gamma=0.9)
plots.mdp(two, actions=("stay", "move"))

# %% [markdown]
# A policy moves with probability 0.2 in either state. You are given the *exact* gradient of its return and take one step,
# $\theta' = \theta + \ell\,\nabla\eta(\theta)$, of whatever length $\ell$ you like.

# %% tags=["hide"]
predict(
    "The policy has one logit for each state and action: a table. Can one step along the exact gradient lower η?",
    choices={
        "yes, however short it is": "A short step along a gradient that is not zero always helps.",
        "no, whatever its length": "",
        "yes, if it is long enough": "True as soon as two states share a parameter, as in every neural network, "
        "but not on a table.",
    },
    answer="no, whatever its length",
    why="Each state has its own row, and section 2 proves that no state can lose.",
)

# %% [markdown]
# Left, a table. On the right one row of logits serves both states, as a network shares its weights. Look for a curve that comes down.

# %%
logits = np.log([[0.8, 0.2], [0.8, 0.2]])
start = markov.softmax_policy(logits)  # rows: states; columns: stay, move
gradient = markov.policy_gradient(two, start)
shared = np.broadcast_to(gradient.sum(axis=0), (2, 2))  # the chain rule: one row feeds both states

lengths = np.logspace(-1.5, 2, 120)
table, tied = (
    markov.softmax_policy(logits + lengths[:, None, None] * direction) for direction in (gradient, shared)
)

# %% [markdown]
# The return:

# %% tags=["hide"]
fig = plots.figure(9, 3.6)
eta_start = markov.expected_return(two, start)
titles = ("A table of logits: never worse", "Shared logits: overshoots")
for ax, after, title in zip(plots.axes(fig, 1, 2), (table, tied), titles, strict=True):
    ax.plot(lengths, markov.expected_return(two, after), color=plots.BLUE)
    ax.axhline(eta_start, color=plots.GREY, linestyle=plots.DOTS)
    ax.text(100, eta_start, "start", color=plots.GREY, va="bottom", ha="right")
    ax.set(xscale="log", xlabel="step length ℓ", ylabel="η after one step", title=title)
table_eta, tied_eta = (markov.expected_return(two, after) for after in (table, tied))
assert table_eta.min() > eta_start > tied_eta[-1]
print(f"start {eta_start:.2f}; table at the longest step {table_eta[-1]:.2f}")
print(
    f"shared: highest {tied_eta.max():.2f} at ℓ = {lengths[tied_eta.argmax()]:.1f}, then {tied_eta[-1]:.2f}"
)
plots.show(fig, alt="η after one exact gradient step of growing length, for a table and for shared logits")

# %% [markdown]
# On the table the return only rises. With shared logits it rises, turns, and ends below its start, though every step follows
# the exact gradient. Where does a safe length come from?

# %% [markdown]
# ## 2 · The lemma, state by state (20 minutes)
#
# How much better is $\mathrm{new}$ than $\mathrm{old}$? Follow new, and let old's advantages judge every action on the way.
#
# **Step 1.** One step, by definition of $A$:
# $$A^{\mathrm{old}}(s,a) = \mathbb E_{s'}\big[r(s,a) + \gamma V^{\mathrm{old}}(s') - V^{\mathrm{old}}(s)\big].$$
#
# **Step 2.** Add these up along a path of new from $s_0 = s$, discounted:
# $$\mathbb E_{\mathrm{new}}\Big[\sum_t \gamma^t A^{\mathrm{old}}(s_t,a_t)\Big]
#   = \mathbb E_{\mathrm{new}}\Big[\sum_t \gamma^t r_t\Big] + \mathbb E_{\mathrm{new}}\Big[\sum_t \gamma^t\big(\gamma V^{\mathrm{old}}(s_{t+1}) - V^{\mathrm{old}}(s_t)\big)\Big].$$
#
# **Step 3.** The first sum is $V^{\mathrm{new}}(s)$. The second telescopes: each $V^{\mathrm{old}}(s_t)$ with $t \ge 1$ appears
# once with a plus and once with a minus, so that $-V^{\mathrm{old}}(s)$ is left.
#
# **Step 4.** Collect the times at which a state $x$ is visited, with $d_s^{\mathrm{new}}$ the visitation from $s$. This is **lemma 1**:
# $$V^{\mathrm{new}}(s) - V^{\mathrm{old}}(s) = \frac{1}{1-\gamma}\sum_{x} d^{\mathrm{new}}_s(x)\,\bar A(x),
#   \qquad \bar A(x) = \sum_a \pi_{\mathrm{new}}(a\mid x)\,A^{\mathrm{old}}(x,a).$$
#
# Each step, computed twice:

# %%
old, new = start, np.array([[0.1, 0.9], [0.7, 0.3]])
V_old, V_new = markov.values(two, old), markov.values(two, new)
A_old = markov.advantages(two, old)

p = markov.state_distributions(replace(two, start=[1.0, 0.0]), new, 401)  # from state 0, under new
discount, reward = 0.9 ** np.arange(400), np.sum(new * two.reward, axis=1)
judged = discount @ p[:400] @ np.sum(new * A_old, axis=1)
earned = discount @ p[:400] @ reward
telescoped = discount @ (0.9 * p[1:] - p[:400]) @ V_old

# %% [markdown]
# Both sides of each:

# %% tags=["hide"]
one_step = two.reward + 0.9 * two.transition @ V_old - V_old[:, None]
with receipts("sums along 400 steps of new", oracle="linear solves of the package") as same:
    same("step 1: A = E[r + γV(s') − V(s)], written out", one_step, A_old)
    same("step 2: the sum of A_old = V_new(0) − V_old(0)", judged, V_new[0] - V_old[0], 1e-11)
    same("step 3: what is earned = V_new(0)", earned, V_new[0], 1e-11)
    same("step 3: what telescopes = −V_old(0)", telescoped, -V_old[0], 1e-11)
with receipts("lemma 1, by the visitation", oracle="V_new − V_old, by values") as same:
    same(
        "step 4: from each state",
        markov.performance_difference(two, new, old, start=np.eye(2)),
        V_new - V_old,
    )

# %% [markdown]
# Averaged over the start distribution $\rho_0$, both sides being linear in it:
# $$\boxed{\;\eta(\mathrm{new}) - \eta(\mathrm{old}) = \frac{1}{1-\gamma}\sum_s d^{\mathrm{new}}(s)\,\bar A(s)\;}$$
#
# One small MDP proves little. Here are five hundred, with two to eight states and discounts from 0 to 0.999.

# %%
worst = 0.0
for seed in range(500):
    other = markov.MDP.random(2 + seed % 7, 2 + seed % 3, seed, (0.0, 0.5, 0.9, 0.99, 0.999)[seed % 5])
    a, b = markov.random_policy(other, seed + 1), markov.random_policy(other, seed + 2)
    difference = other.start @ (markov.values(other, b) - markov.values(other, a))
    size = max(1, np.abs(markov.values(other, a)).max(), np.abs(markov.values(other, b)).max())
    worst = max(worst, abs(difference - markov.performance_difference(other, b, a)) / size)
with receipts("lemma 1, by the visitation", oracle="V_new − V_old") as same:
    same("500 random MDPs: largest relative difference", worst, 0)

# %% [markdown]
# **What it says of section 1.** The gain has one term for each state, $d^{\mathrm{new}}(s)\,\bar A(s)/(1-\gamma)$:

# %% tags=["hide"]
fig = plots.figure(9.5, 3.6)
titles = ("Table: both terms above 0", "Shared: state 0 always loses")
for ax, after, title in zip(plots.axes(fig, 1, 2), (table, tied), titles, strict=True):
    terms = markov.visitation(two, after) * markov.expected_advantage(two, after, start) / (1 - two.gamma)
    ax.plot(lengths, terms[:, 0], color=plots.SKY, linestyle=plots.DASHES, label="state 0")
    ax.plot(lengths, terms[:, 1], color=plots.PURPLE, linestyle=plots.DASH_DOT, label="state 1")
    ax.plot(lengths, terms.sum(axis=1), color=plots.BLACK, linestyle="-", label="sum")
    ax.axhline(0, color=plots.GREY, linewidth=1, linestyle="-", label="_zero")
    ax.set(xscale="log", xlabel="step length ℓ", ylabel="change of η", title=title)
    plots.label_lines(ax)
assert terms[:, 0].max() < 0
plots.show(fig, alt="The two terms of lemma 1 and their sum against the step length, table and shared logits")

# %% [markdown]
# The shared step moves less often in both states. That is right in state 1, where staying pays, and wrong in state 0. A short step gains more
# than it loses. A long one keeps the walk in state 0, so that the loss counts more often and the gain less.
#
# **Why a table is safe.** There $\partial\eta/\partial\theta(s,a) = \frac{1}{1-\gamma} d(s)\,\pi(a\mid s)\,A(s,a)$, so a step multiplies
# $\pi(a\mid s)$, before it is normalised, by a factor above 1 exactly where $A > 0$. Hence $\bar A(s) \ge \sum_a\pi A = 0$ in every state, for any $\ell$.
#
# **Why policy iteration is safe.** The greedy policy has $\bar A(s) = \max_a A^{\mathrm{old}}(s,a) \ge 0$ in *every* state, because
# advantages average to 0 under old. Terms that are all non-negative need no knowledge of $d^{\mathrm{new}}$.

# %% [markdown]
# ## 3 · The surrogate (15 minutes)
#
# Lemma 1 is exact, and useless as an objective: $d^{\mathrm{new}}$ is known only after trying new. The *surrogate* $L$ puts old's
# visitation in its place, which old's own data show. How good is it? Every policy of the two-state world is a point of a square.
#
# **Try.** (1) Move $m$: where do $\eta$ and $L$ part? (2) Raise $\gamma$: the two lower bounds, which section 4 derives, sink. (3) Choose a target
# that makes $\eta$ fall: what does $L$ say at first?


# %% tags=["hide"]
LOOKS = {
    "true η": (plots.BLACK, "-"),
    "surrogate L": (plots.SKY, plots.DASHES),
    "KL bound": (plots.GREEN, plots.DOTS),
    "TV bound": (plots.PURPLE, plots.DASH_DOT),
}


def point(move_0, move_1):
    """The policy at a point of the square."""
    return np.array([[1 - move_0, move_0], [1 - move_1, move_1]])


@lru_cache(maxsize=64)
def landscape(gamma, n=25):
    """η at every point of the square, [n, n]: rows π(move|1), columns π(move|0)."""
    move = np.linspace(0, 1, n)
    policies = np.moveaxis(point(*np.meshgrid(move, move)), (0, 1), (-2, -1))
    return markov.expected_return(markov.two_state(gamma), policies)


def draw_bounds(ax, world, a, b):
    """η, L and both bounds on the way from policy a to policy b; returns η(a)."""
    shares = np.linspace(0, 1, 41)
    way = (1 - shares[:, None, None]) * a + shares[:, None, None] * b
    kl, tv = (markov.improvement_bound(world, way, a, divergence) for divergence in ("kl", "tv"))
    curves = markov.expected_return(world, way), markov.surrogate(world, way, a), kl, tv
    for (name, (colour, line)), curve in zip(LOOKS.items(), curves, strict=True):
        ax.plot(shares, curve, color=colour, linestyle=line, label=name)
    top, low = np.max(curves[:2]), np.min(curves[:2])
    ax.set_ylim(plots.round_limits(low - max(top - low, 1e-3), top))
    ax.set(xlim=(0, 1), xlabel="share m of the way", xticks=(0, 0.5, 1), ylabel="return")
    ax.axhline(curves[0][0], color=plots.GREY, linewidth=1, linestyle=plots.DOTS, label="_start")
    plots.label_lines(ax)
    return float(curves[0][0])


# %% [markdown]
# The shading is $\eta$; *here* is the mixture $\pi_m$, a share $m$ of the way from old to target. On the right the same way as a graph; dotted, old's return.


# %% tags=["hide"]
def draw(fig, old_0=0.5, old_1=0.5, target_0=0.05, target_1=0.05, m=0.2, gamma=0.2):
    square, graph = plots.axes(fig, 1, 2)
    world, a, b = markov.two_state(gamma), point(old_0, old_1), point(target_0, target_1)
    here, levels = markov.mixture(a, b, m), landscape(gamma)
    move = np.linspace(0, 1, len(levels))
    square.pcolormesh(move, move, levels, cmap="Greys", alpha=0.6)
    square.plot([old_0, target_0], [old_1, target_1], color=plots.BLUE, linestyle="-")
    marks = (old_0, old_1, "o", "old"), (target_0, target_1, "s", "target"), (*here[:, 1], "D", "here")
    for x, y, mark, name in marks:
        square.plot(x, y, mark, color=plots.BLUE, markersize=9, markeredgecolor="white", clip_on=False)
        side = {"ha": "left", "dx": 0.04} if x < 0.5 else {"ha": "right", "dx": -0.04}
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.5}
        square.text(
            x + side["dx"],
            y + (0.03 if name != "here" else -0.1),
            name,
            ha=side["ha"],
            color=plots.BLUE,
            bbox=box,
        )
    square.set(xlabel="π(move | 0)", ylabel="π(move | 1)", xlim=(0, 1), ylim=(0, 1))
    square.set(xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    square.set_title(f"white η = {levels.min():.2f}, dark {levels.max():.2f}".replace("-", "−"))

    first = draw_bounds(graph, world, a, b)
    graph.locator_params(axis="y", nbins=3)
    graph.axvline(m, color=plots.GREY, linewidth=1, linestyle="-")
    tv, kl = (float(markov.improvement_bound(world, here, a, kind)) for kind in ("tv", "kl"))
    graph.set(title="gain promised" if tv > first + 1e-12 else "no gain promised")
    return {
        "η(old)": first, "η(here)": float(markov.expected_return(world, here)),
        "L(here)": float(markov.surrogate(world, here, a)), "TV bound": tv, "KL bound": kl,
        "D_TV max": float(markov.max_tv(a, here)), "D_KL max": float(markov.max_kl(a, here)),
    }  # fmt: skip


plots.picture(
    draw,
    alt="The square of policies with old, target and here; return, surrogate and bounds",
    size=(9.5, 3.9),
)

# %% [markdown]
# With sliders:

# %% tags=["hide"]
lab = explore(
    draw,
    size=(9.5, 3.9),
    old_0=Slider("old₀", "old: π(move|0)", min=0.01, max=0.99, step=0.01),
    old_1=Slider("old₁", "old: π(move|1)", min=0.01, max=0.99, step=0.01),
    target_0=Slider("new₀", "target: π(move|0)", min=0.0, max=1.0, step=0.01),
    target_1=Slider("new₁", "target: π(move|1)", min=0.0, max=1.0, step=0.01),
    m=Slider("m", "share of the way", min=0.0, max=1.0, step=0.01),
    gamma=Slider("γ", "discount", min=0.0, max=0.99, step=0.01),
)
lab

# %% [markdown]
# Before the formula, a question.

# %% tags=["hide"]
predict(
    "Walk a share m of the way from old to a target. How does the error η − L shrink as m → 0?",
    choices={
        "it stays constant": "Then L would be wrong at old itself.",
        "like m": "Then L would have another slope at old than η.",
        "like m²": "",
        "like m³": "One of the two factors of the error would have to vanish faster than m, and neither does.",
    },
    answer="like m²",
    ordered=True,
    why="It is a product of two things that are each of order m: what old expects new to gain in a state, and how much "
    "more or less often new visits that state.",
)

# %% [markdown]
# In a formula:
# $$L_{\mathrm{old}}(\mathrm{new}) = \eta(\mathrm{old}) + \frac{1}{1-\gamma}\sum_s d^{\mathrm{old}}(s)\,\bar A(s),\qquad
#   \eta - L = \frac{1}{1-\gamma}\sum_s\big(d^{\mathrm{new}} - d^{\mathrm{old}}\big)(s)\,\bar A(s).$$
# For $\pi_m = (1-m)\,\mathrm{old} + m\,\mathrm{target}$, both factors of the error are of order $m$. So $L$ has $\eta$'s value at old (**property 1**) and
# $\eta$'s slope there (**property 2**), and $(\eta-L)/m^2$ tends to a constant, which *Further* works out.

# %%
target = np.array([[0.1, 0.9], [0.7, 0.3]])
shares = np.logspace(-4, 0, 60)
mixed = (1 - shares[:, None, None]) * old + shares[:, None, None] * target
error = markov.expected_return(two, mixed) - markov.surrogate(two, mixed, old)


def slope(function, h=1e-5):
    """Finite differences in each of the four logits."""
    steps = h * np.eye(4).reshape(4, 2, 2)
    up, down = (markov.softmax_policy(np.log(old) + sign * steps) for sign in (1, -1))
    return (function(up) - function(down)) / (2 * h)


# %% [markdown]
# Both properties, and the error on the way to a target:

# %% tags=["hide"]
slope_of_L = slope(lambda policy: markov.surrogate(two, policy, old))
slope_of_eta = slope(lambda policy: markov.expected_return(two, policy))
with receipts("L", oracle="η") as same:
    same("property 1: value at old", markov.surrogate(two, old, old), markov.expected_return(two, old))
    same("property 2: slope at old, finite differences of both", slope_of_L, slope_of_eta, 1e-8)
    same("property 2: the policy gradient in closed form", slope_of_L, gradient.ravel(), 1e-8)

fig = plots.figure(7, 3.4)
ax = plots.axes(fig)
ax.plot(shares, np.abs(error), color=plots.BLACK, linestyle="-", label="|η − L|")
ax.plot(
    shares,
    np.abs(error[0]) * (shares / shares[0]) ** 2,
    color=plots.SKY,
    linestyle=plots.DOTS,
    label="slope 2",
)
ax.set(
    xscale="log",
    yscale="log",
    xlabel="share m of the way",
    ylabel="error",
    title="Halve m: a quarter of the error",
)
plots.label_lines(ax)
plots.show(
    fig, alt="The error of the surrogate against the share mixed in, on logarithmic axes: a line of slope 2"
)

# %% [markdown]
# ## 4 · How far may it be trusted? (25 minutes)
#
# The error comes from states that new and old visit differently. To bound it, let both walk *with the same dice* and ask when they part.
# Our walkers climb a chain: *forward* goes one state up, and pays 10 at the top; *back* returns to the bottom and pays 2. In one step
# of five the other happens (the diagram shows mean rewards). Old goes forward with probability 0.8, new with 0.9; $\gamma = 0.95$.

# %% tags=["hide"]
chain = markov.chain(5, gamma=0.95, slip=0.2)
chain_old, chain_new = np.tile([0.8, 0.2], (5, 1)), np.tile([0.9, 0.1], (5, 1))
plots.mdp(chain, actions=("forward", "back"), layout="chain")

# %% [markdown]
# **Coupling.** A joint distribution of two actions $(a, \tilde a)$ with old and new as its margins is an $\alpha$-coupling if
# $P(a \ne \tilde a \mid s) \le \alpha$ in every state. One draw decides both actions, and where the walkers stand together a second one decides
# where both land, as long as they act alike.


# %%
def walk_together(world, old, new, steps, pairs, rng):
    """States of both walkers [2, steps + 1, pairs], and whether they have acted differently yet."""
    joint, landing = markov.coupling(old, new), world.transition.cumsum(axis=-1)
    states = np.zeros((2, steps + 1, pairs), int)
    parted = np.zeros((steps + 1, pairs), bool)
    for t in range(steps):
        x, y = states[:, t]
        dice = rng.random((3, pairs, 1))
        a = np.sum(dice[0] > old[x].cumsum(axis=1), axis=1)
        given_a = joint[x, a] / old[x, a][:, None]  # new's action, given old's, in the same state
        rows = np.where((x == y)[:, None], given_a, new[y])
        b = np.sum(dice[1] > rows.cumsum(axis=1)[:, :-1], axis=1)
        states[:, t + 1] = [np.sum(dice[2] > landing[s, c][:, :-1], axis=1) for s, c in ((x, a), (y, b))]
        parted[t + 1] = parted[t] | (a != b)
    return states, parted


# %% [markdown]
# One pair of walks, and then the share of 20 000 pairs that have acted differently before time $t$.

# %% tags=["hide"]
states, parted = walk_together(chain, chain_old, chain_new, 40, 20_000, np.random.default_rng(0))
alpha = markov.max_tv(chain_old, chain_new)
first = parted.argmax(axis=0)  # the first time at which a pair has acted differently
pair = np.flatnonzero((first > 12) & (first < 20) & (states[0] != states[1]).any(axis=0))[0]
fig = plots.figure(9.5, 3.6)
walk, share = plots.axes(fig, 1, 2)
walk.step(range(41), states[0, :, pair] - 0.06, where="post", color=plots.BLACK, linestyle="-", label="old")
walk.step(
    range(41), states[1, :, pair] + 0.06, where="post", color=plots.VERMILION, linestyle="-", label="new"
)
walk.axvline(first[pair] - 1, color=plots.GREY, linestyle=plots.DOTS, label="_parting")
walk.text(first[pair] - 0.5, 4.5, "first different action", color=plots.GREY, fontsize=11)
walk.set(
    xlabel="time t",
    ylabel="state",
    yticks=range(5),
    ylim=(-0.3, 4.8),
    title="One walk until they part",
)
plots.label_lines(walk)
t = np.arange(41)
share.plot(t, parted.mean(axis=1), color=plots.BLUE, linestyle="-", label="acted differently")
share.plot(t, 1 - (1 - alpha) ** t, color=plots.BLACK, linestyle=plots.DOTS, label="1 − (1 − α)ᵗ")
share.plot(
    t, (states[0] != states[1]).mean(axis=1), color=plots.ORANGE, linestyle=plots.DASHES, label="stand apart"
)
share.set(xlabel="time t", ylabel="share of pairs", ylim=(0, 1.05), title="20 000 pairs")
plots.label_lines(share)
plots.show(
    fig,
    alt="Two coupled walks that part at one step, and the share of 20 000 pairs that have parted by time t",
)

# %% [markdown]
# The share has a closed form:

# %% tags=["hide"]
off = 4 * 0.5 / np.sqrt(20_000)  # four standard errors, at most
with receipts("20 000 simulated pairs", oracle="1 − (1 − α)ᵗ") as same:
    same(
        "share that has acted differently, four standard errors",
        parted.mean(axis=1),
        1 - (1 - alpha) ** t,
        off,
    )

# %% [markdown]
# Until the dotted line the two are one walk; afterwards they often meet again. The best possible $\alpha$ is
# $D_{\mathrm{TV}}^{\max}$, the largest total variation distance $\frac12\sum_a|\pi_{\mathrm{old}} - \pi_{\mathrm{new}}|$ of any state: a linear programme that
# looks for the coupling that disagrees least finds none better.


# %% tags=["hide"]
three_old, three_new = np.random.default_rng(1).dirichlet(
    np.ones(3), size=(2, 6)
)  # six states, three actions
joint = markov.coupling(three_old, three_new)
margins = np.concatenate([np.kron(np.eye(3), np.ones(3)), np.kron(np.ones(3), np.eye(3))])
programme = [
    linprog(1 - np.eye(3).ravel(), A_eq=margins, b_eq=np.concatenate(rows)).fun
    for rows in zip(three_old, three_new, strict=True)
]
disagree = 1 - np.trace(joint, axis1=1, axis2=2)
with receipts("the package's coupling", oracle="the policies") as same:
    same("margin over new's action", joint.sum(axis=2), three_old)
    same("margin over old's action", joint.sum(axis=1), three_new)
with receipts("the package", oracle="linear programme") as same:
    same("how often the coupling disagrees, in each state", disagree, programme, 1e-9)
    same("total variation by its formula", markov.tv(three_old, three_new), programme, 1e-9)

# %% [markdown]
# **Lemma 2.** $|\bar A(s)| \le 2\alpha\max|A^{\mathrm{old}}|$.
#
# - $\bar A(s) = \mathbb E[A^{\mathrm{old}}(s,\tilde a) - A^{\mathrm{old}}(s,a)]$, since $A^{\mathrm{old}}$ averages to 0 under old.
# - Where the two actions agree, the difference is 0. They differ with probability at most $\alpha$, and then by at most $2\max|A^{\mathrm{old}}|$.
#
# **Lemma 3.** Let $g_t$ be the gap between $\mathbb E[\bar A(s_t)]$ under new and under old. Then
# $$g_t \;\le\; 2\big(1-(1-\alpha)^t\big)\max_s|\bar A(s)| \;\le\; 4\alpha\big(1-(1-\alpha)^t\big)\max|A^{\mathrm{old}}|.$$
#
# - Pairs that have always acted alike stand in one state and contribute 0: that was the picture.
# - The others are at most a share $1-(1-\alpha)^t$, and two values of $\bar A$ differ by at most $2\max_s|\bar A(s)|$.
# - Lemma 2 gives the second inequality.

# %% tags=["hide"]
lemma_3 = markov.coupling_lemma(chain, chain_new, chain_old, steps=41)
A_bar = np.sum(chain_new * markov.advantages(chain, chain_old), axis=1)
sampled = np.abs(A_bar[states[1]].mean(axis=1) - A_bar[states[0]].mean(axis=1))
with receipts("exact gap", oracle="20 000 simulated pairs") as same:
    same("gap of lemma 3, four standard errors", lemma_3.gap, sampled, 4 * A_bar.std() / 100)
assert np.all(lemma_3.gap <= lemma_3.middle + 1e-12) and np.all(lemma_3.middle <= lemma_3.right + 1e-12)
fig = plots.figure(8, 3.5)
ax = plots.axes(fig)
ax.plot(lemma_3.right, color=plots.PURPLE, linestyle=plots.DASH_DOT, label="right side")
ax.plot(lemma_3.middle, color=plots.SKY, linestyle=plots.DASHES, label="middle")
ax.plot(lemma_3.gap, color=plots.BLACK, linestyle="-", label="gap")
ax.set(xlabel="time t", ylabel="advantage", title="Lemma 3 on the chain", xlim=(0, 40))
plots.label_lines(ax)
plots.show(fig, alt="The gap of lemma 3 and the two sides that bound it, against time, on the chain")

# %% [markdown]
# All three begin at 0, because both walks begin together. The gap stops growing because walks meet again, which the lemma ignores.
# *Further* shows the form in which it is often printed, and why that chain fails at $t = 0$.
#
# **Theorem.** Sum lemma 3 over time, with weights $\gamma^t$ and $\varepsilon = \max_{s,a}|A^{\mathrm{old}}(s,a)|$:
# $$|\eta(\mathrm{new})-L_{\mathrm{old}}(\mathrm{new})| \;\le\; 4\varepsilon\alpha\Big(\frac1{1-\gamma}-\frac1{1-\gamma(1-\alpha)}\Big)
#   = \frac{4\varepsilon\gamma\,\alpha^2}{(1-\gamma)\,(1-\gamma(1-\alpha))} \;\le\; \frac{4\varepsilon\gamma}{(1-\gamma)^2}\,\alpha^2 = C\alpha^2.$$
# Before the last inequality stands the *sharper form*. With $\alpha = D_{\mathrm{TV}}^{\max}$ the end is the **TV bound**. As
# $D_{\mathrm{TV}}^2 \le D_{\mathrm{KL}}$, it gives the **KL bound**
# $$\eta(\mathrm{new}) \ge L_{\mathrm{old}}(\mathrm{new}) - C\,D_{\mathrm{KL}}^{\max},\qquad D_{\mathrm{KL}}^{\max} = \max_s D_{\mathrm{KL}}\big(\mathrm{old}(\cdot\mid s)\,\|\,\mathrm{new}(\cdot\mid s)\big).$$

# %% tags=["hide"]
predict(
    "γ = 0.99; new is a tenth of the way from old to another policy, on 100 random MDPs (6 states, 3 actions, each "
    "leading to 2 states). How many times larger than the true error |η − L| is the TV penalty Cα², typically?",
    choices={
        "about 4 times": "There is a world where it is; the next figure shows it. Random MDPs are not like that.",
        "about 50 times": "At γ = 0.5 that would be nearer. At 0.99 random walks meet again many times within the horizon.",
        "about 5 000 times": "",
        "about a million times": "The errors would have to cancel almost entirely.",
    },
    answer="about 5 000 times",
    ordered=True,
    why="The proof assumes the worst of every step at once: the walkers never meet again, and their advantages differ "
    "by twice the largest, in the worst state.",
)

# %% [markdown]
# **Where it is tight.** On a rope of ten states one action steps on and the other falls for ever, at a cost of 1 a step. Old never falls;
# new falls with probability $\alpha$ at each step.

# %% tags=["hide"]
plots.mdp(
    markov.tightrope(3, gamma=0.99), states=("rope 0", "rope 1", "rope 2", "fallen"), actions=("step", "fall"),
    layout=np.array([[0, 0], [1.9, 0], [3.8, 0], [1.9, -2.2]]), title="The rope, drawn with three states",
)  # fmt: skip

# %% [markdown]
# By hand: a fall costs $\varepsilon = 1/(1-\gamma)$. $L$ expects $\alpha\varepsilon$ lost at *every* step, as old never leaves the rope; but new falls only
# once. So $\eta - L = \varepsilon\alpha\big(\frac1{1-\gamma} - \frac1{1-\gamma(1-\alpha)}\big)$: the theorem's sharper form without its 4.


# %%
def looseness(world, old, new):
    """How many times larger than |η − L| the sharper form, the TV and the KL penalty are."""
    error = abs(markov.expected_return(world, new) - markov.surrogate(world, new, old))
    C, alpha = markov.penalty_coefficient(world, old), markov.max_tv(old, new)
    sharper = C * alpha**2 * (1 - world.gamma) / (1 - world.gamma * (1 - alpha))
    return np.array([sharper, C * alpha**2, C * markov.max_kl(old, new)]) / error


def rope_walker(falls):
    """Falls off the rope with this probability at each step."""
    return np.tile([1 - falls, falls], (11, 1))


gammas = (0.5, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999)
careful = np.array([looseness(markov.tightrope(10, g), rope_walker(0), rope_walker(0.001)) for g in gammas])

# %% [markdown]
# And 100 random MDPs a discount.

# %%
typical = np.empty((len(gammas), 100, 3))
for i, gamma in enumerate(gammas):
    for seed in range(100):
        world = markov.MDP.random(6, 3, seed, gamma, branching=2)
        a = markov.random_policy(world, seed + 1)
        b = markov.mixture(a, markov.random_policy(world, seed + 2), 0.1)
        typical[i, seed] = looseness(world, a, b)
assert typical.min() >= 1 - 1e-9  # a bound that failed would show here

# %% [markdown]
# How many times the penalty exceeds the error (left; band: 90 % of the MDPs), and both on the rope as $\alpha$ grows (right).

# %% tags=["hide"]
fig = plots.figure(10, 4)
ax, rope = plots.axes(fig, 1, 2)
x = 1 / (1 - np.array(gammas))
low, middle, high = np.quantile(typical[:, :, 1], (0.05, 0.5, 0.95), axis=1)
ax.fill_between(x, low, high, color=plots.PURPLE, alpha=0.18, linewidth=0)
ax.plot(x, middle, color=plots.PURPLE, linestyle=plots.DASH_DOT, label="random MDPs")
ax.plot(x, careful[:, 1], color=plots.BLUE, linestyle=plots.DASHES, label="rope")
ax.plot(x, careful[:, 0], color=plots.BLACK, linestyle="-", label="rope, sharper")
ax.set(xscale="log", yscale="log", xlabel="1/(1 − γ)", ylabel="TV penalty / true error", ylim=(1, 1e6))
ax.set_title("Loose on random MDPs, tight on a rope")
plots.label_lines(ax)
falls, world = np.logspace(-6, 0, 50), markov.tightrope(10, 0.99)
walkers = np.array([rope_walker(x) for x in falls])
errors = np.abs(markov.expected_return(world, walkers) - markov.surrogate(world, walkers, rope_walker(0)))
C = markov.penalty_coefficient(world, rope_walker(0))
by_hand = 100 * falls * (100 - 1 / (1 - 0.99 * (1 - falls)))
with receipts("|η − L| by linear solves", oracle="by hand") as same:
    same("the rope, ratio of the two, 50 values of α", errors / by_hand, 1, 1e-6)
rope.plot(falls, C * falls**2, color=plots.BLUE, linestyle=plots.DASHES, label="TV penalty")
rope.plot(falls, errors, color=plots.BLACK, linestyle="-", label="true error")
rope.set(xscale="log", yscale="log", xlabel="α", title="The rope, γ = 0.99")
plots.label_lines(rope)
at = [gammas.index(g) for g in (0.5, 0.9, 0.99)]
print("random MDPs, median at γ = 0.5, 0.9, 0.99:", ", ".join(f"{middle[i]:.0f}" for i in at))
print(
    "rope, TV penalty there:",
    ", ".join(f"{careful[i, 1]:.2f}" for i in at),
    f"  γ = 0.999: {careful[-1, 1]:.1f}",
)
print("rope, sharper form at every γ:", ", ".join(f"{ratio:.2f}" for ratio in careful[:, 0]))
plots.show(
    fig,
    alt="Penalty over true error: thousands on random MDPs, about four on the tightrope; both on the rope",
)

# %% [markdown]
# Both halves matter. On the MDPs *drawn here* the median TV penalty at $\gamma = 0.99$ is some 4 800 times the error, and grows with the horizon. On the
# rope nobody meets again, and the sharper form exceeds the error by 4 at every discount. So no bound of this kind can do without
# $\alpha^2$ or $1/(1-\gamma)^2$; only the 4 can be improved. The TV penalty follows while $\alpha \ll 1-\gamma$: at $\alpha = 0.001$ it is 4.4 times the error
# for $\gamma = 0.99$.


# %% [markdown]
# ## 5 · Rules that climb the bound, and rules that do not (14 minutes)
#
# **Conservative policy iteration** mixes a share $m$ of the greedy policy into $\pi$. With $\bar\varepsilon = \max_s|\bar A(s)|$ of the greedy policy,
# $\;\eta(\pi_m) \ge L(\pi_m) - \frac{2\bar\varepsilon\gamma}{(1-\gamma)^2}m^2$: a parabola in $m$. Take its top.
#
# **Algorithm 1** of the TRPO paper drops the mixtures and climbs the KL bound itself:
# $$\pi_{i+1} = \arg\max_\pi M_i(\pi),\qquad M_i(\pi) = L_{\pi_i}(\pi) - C\,D_{\mathrm{KL}}^{\max}(\pi_i\,\|\,\pi).$$
# $M_i$ lies below $\eta$ and touches it at $\pi_i$ (*minorise–maximise*), so $\eta(\pi_{i+1}) \ge M_i(\pi_{i+1}) \ge M_i(\pi_i) = \eta(\pi_i)$.
# On a table the maximum can be found exactly:
#
# 1. At a price $\lambda$ of KL, a state's best row is $p(a) = \lambda\,\pi_i(a)/(\nu - A(a))$; $\nu$ makes it sum to 1.
# 2. Fix a limit $\kappa$ on the KL of every state. Each state then has its own price $\lambda_s(\kappa)$.
# 3. The best value is concave in $\kappa$, with slope $\frac{1}{1-\gamma}\sum_s d(s)\lambda_s(\kappa) - C$: its root is the best $\kappa$.


# %%
def tilt(row, A, price):
    """The row that maximises Σ p(a) A(a) − price · KL(row‖p)."""
    gap = A.max() - A
    ends = 0.9 * price * row[A.argmax()], 1.1 * price
    above = brentq(lambda x: price * np.sum(row / (x + gap)) - 1, *ends, xtol=1e-25)  # ν − max A
    return price * row / (above + gap)


def price_of(row, A, kappa):
    """The price λ at which the best row lies at distance κ."""
    return np.exp(brentq(lambda x: markov.kl(row, tilt(row, A, np.exp(x))) - kappa, -25, 15))


def algorithm_1(world, pi):
    """One round: (the next policy, κ)."""
    A, C = markov.advantages(world, pi), markov.penalty_coefficient(world, pi)
    weight = markov.visitation(world, pi) / (1 - world.gamma)

    def prices(kappa):
        return [price_of(row, advantage, kappa) for row, advantage in zip(pi, A, strict=True)]

    kappa = np.exp(brentq(lambda x: np.log(weight @ prices(np.exp(x)) / C), -18, 0))
    return np.array(list(map(tilt, pi, A, prices(kappa)))), kappa


# %% [markdown]
# The package uses Newton's method on logarithms, which survives $\gamma = 0.999$ and rows with zeros. Do they agree?

# %% tags=["hide"]
worlds = [two, *(markov.MDP.random(5, 3, seed, gamma=0.8, branching=2) for seed in range(4))]
with receipts("Newton, in the package", oracle="brentq, above") as same:
    for world, name in zip(worlds, ("two states", *(f"random MDP {i}" for i in range(4))), strict=True):
        pi = markov.random_policy(world, 7)
        (ours, kappa), (theirs, radius) = algorithm_1(world, pi), markov.minorise_maximise_step(world, pi)
        same(f"{name}: κ (relative)", radius / kappa, 1, 1e-5)
        same(f"{name}: the policy", theirs, ours, 1e-7)

# %% [markdown]
# **Three limits that are easily confused.** Algorithm 1 finds its own $\kappa$, a limit on the KL of *every* state. Equation 11 of the paper fixes that limit
# by hand: maximise $L$ with $D_{\mathrm{KL}}^{\max} \le \kappa$. TRPO (equation 12) limits the *mean*, $\sum_s d^{\mathrm{old}}(s)\,D_{\mathrm{KL}}(s) \le \delta$. A mean says nothing about a
# state that is rarely visited, and no guarantee on this page is about it. On a table TRPO's problem has *one* price for all states:


# %%
def trpo_step(world, pi, delta=0.01):
    """argmax L with Σ d(s) KL(s) ≤ δ, exactly."""
    A, d = markov.advantages(world, pi), markov.visitation(world, pi)

    def tilted(x):
        return np.array([tilt(row, advantage, np.exp(x)) for row, advantage in zip(pi, A, strict=True)])

    def excess(x):
        return d @ markov.kl(pi, tilted(x)) - delta

    return tilted(brentq(excess, -25, 15) if excess(-25) > 0 else -25)  # −25: all but deterministic


# %% [markdown]
# What does caution cost? Five rules on one random MDP (10 states, 4 actions, each leading to 2 states), from the uniform policy. First, one step:

# %%
big = markov.MDP.random(10, 4, seed=4, gamma=0.9, branching=2)
rules = {
    "policy iteration": markov.greedy_policy,
    "TRPO: mean KL ≤ 0.01": trpo_step,
    "every KL ≤ 0.01": lambda w, pi: markov.kl_ball_maximiser(pi, markov.advantages(w, pi), 0.01)[0],
    "conservative": lambda w, pi: markov.conservative_step(w, pi)[0],
    "Algorithm 1": lambda w, pi: markov.minorise_maximise_step(w, pi)[0],
}
uniform = markov.uniform_policy(big)
for name, rule in rules.items():
    after = rule(big, uniform)
    mean = markov.visitation(big, uniform) @ markov.kl(uniform, after)
    print(f"{name:22} mean KL {mean:.2e}   largest KL {markov.max_kl(uniform, after):.2e}")

# %% [markdown]
# TRPO's step has a mean of 0.01 and a larger maximum. The mean of Algorithm 1's step is some 180 times smaller.


# %% tags=["hide"]
optimum = markov.expected_return(big, markov.policy_iteration(big, uniform)[-1])
first = markov.expected_return(big, uniform)
fig = plots.figure(9.5, 4.2)
ax = plots.axes(fig)
colours = (plots.GREY, plots.GREEN, plots.ORANGE, plots.PURPLE, plots.SKY)
looks = zip(colours, ("-", plots.DASH_DOT, plots.DOTS, plots.DASHES, plots.LONG), strict=True)
for (name, rule), (colour, line) in zip(rules.items(), looks, strict=True):
    pi, path = uniform, []
    for _ in range(61):
        path.append((markov.expected_return(big, pi) - first) / (optimum - first))
        pi = rule(big, pi)
    assert np.all(np.diff(path) >= -1e-9)
    print(f"{name:22} after 1, 10, 60 rounds: {path[1]:.3f}  {path[10]:.3f}  {path[60]:.3f}")
    ax.plot(path, label=name, color=colour, linestyle=line)
ax.set(
    xlabel="rounds (each with exact advantages)",
    ylabel="share of the possible gain",
    xlim=(0, 60),
    ylim=(0, 1.12),
)
ax.set_title("A guarantee is paid for in steps")
plots.label_lines(ax)
plots.show(fig, alt="Share of the possible improvement against rounds for five update rules")

# %% [markdown]
# Nobody comes down, three of the five without any promise: on a table each makes every $\bar A(s) \ge 0$, and section 2 is enough.
# The bound earns its price where states share parameters. So once more the two states with *one* row. Both then have the same
# KL, so that mean and maximum are one number, and a fine grid of $\pi(\mathrm{move})$ solves both problems.


# %%
grid = np.linspace(0.001, 0.999, 4001)
family = np.stack([np.stack([1 - grid, grid], axis=-1)] * 2, axis=-2)  # all policies with equal rows


def mean_kl(pi):
    return markov.kl(pi, family) @ markov.visitation(two, pi)


def shared_path(score, count=40):
    """η along `count` rounds, each of which maximises score(present policy) over the family."""
    pi, path = start, []
    for _ in range(count):
        path.append(markov.expected_return(two, pi))
        pi = family[np.argmax(score(pi))]
    return np.array(path)


def trpo_score(delta):
    return lambda pi: np.where(mean_kl(pi) <= delta, markov.surrogate(two, family, pi), -np.inf)


# %% [markdown]
# Forty rounds each:

# %% tags=["hide"]
shared_paths = {f"TRPO's limit, δ = {delta}": shared_path(trpo_score(delta)) for delta in (0.1, 0.01)}
shared_paths["Algorithm 1"] = shared_path(lambda pi: markov.improvement_bound(two, family, pi))
assert np.allclose(markov.max_kl(start, family), mean_kl(start))
assert np.all(np.diff(shared_paths["Algorithm 1"]) >= -1e-12)
fig = plots.figure(9, 3.8)
ax = plots.axes(fig)
looks = ((plots.PURPLE, plots.DOTS), (plots.GREEN, plots.DASH_DOT), (plots.SKY, plots.LONG))
for (name, path), (colour, line) in zip(shared_paths.items(), looks, strict=True):
    print(f"{name:26} rounds that lose: {np.sum(np.diff(path) < -1e-9):2d} of {len(path) - 1}")
    ax.plot(path, label=name, color=colour, linestyle=line)
best = markov.expected_return(two, family).max()
ax.axhline(best, color=plots.BLACK, linestyle="-", linewidth=1, label="optimum")
ax.set(xlabel="rounds", ylabel="η", xlim=(0, 39), title="With shared parameters a fixed radius overshoots")
plots.label_lines(ax)
plots.show(
    fig, alt="η against rounds with shared logits: two fixed radii oscillate, Algorithm 1 creeps upward"
)

# %% [markdown]
# The fixed radius climbs in a few rounds to where Algorithm 1 does not get in forty. Then it passes the optimum, back and forth, and loses in about
# every second round. Algorithm 1 never loses. TRPO keeps its shape (maximise $L$, stay close in KL), gives up its constant, and pays with the
# guarantee. Lecture 09 adapts the radius.


# %% [markdown]
# ## 6 · What one does with a neural policy (8 minutes)
#
# States are too many to list, and $d$, $A$, $\varepsilon$ are unknown. Each piece has its stand-in.
#
# | on this page | with a network | what is given up |
# |---|---|---|
# | $d^{\mathrm{old}}(s)$ | states of roll-outs under old, mostly without the weights $\gamma^t$ | another weighting than $\eta$'s |
# | $\sum_a\pi_{\mathrm{new}}A^{\mathrm{old}}$ | the sampled action's $\frac{\pi_{\mathrm{new}}}{\pi_{\mathrm{old}}}\hat A$, with $\hat A$ from GAE (04) | variance; the critic's bias |
# | $C\,D_{\mathrm{KL}}^{\max}$ | a limit $\delta$ on the sampled mean KL (11), an adapted price or a clipped ratio (12) | the guarantee |
# | $\arg\max$ | one natural-gradient step and a line search (10, 11), or epochs of gradient steps (12) | exactness |
#
# The first two rows can be tried here: 20 000 states from $d^{\mathrm{old}}$ (stop a walk at each step with probability $1-\gamma$), an action of
# old in each, and the objective that TRPO and PPO maximise.


# %%
rng = np.random.default_rng(0)
stop = rng.geometric(1 - two.gamma, size=20_000) - 1  # P(stop = t) = (1 − γ) γᵗ
state = np.zeros(20_000, int)
for time in range(stop.max()):
    moves, works = rng.random(20_000) < old[state, 1], rng.random(20_000) < 0.9
    state = np.where(time < stop, state ^ (moves == works), state)  # ^: into the other state
action = (rng.random(20_000) < old[state, 1]).astype(int)
log_new, log_old, advantage = (torch.tensor(x[state, action]) for x in (np.log(new), np.log(old), A_old))
gain = objectives.surrogate(log_new, log_old, advantage) / (1 - two.gamma)

# %% [markdown]
# Sample and exact surrogate:

# %% tags=["hide"]
terms = torch.exp(log_new - log_old) * advantage / (1 - two.gamma)
noise = float(terms.std()) / np.sqrt(20_000)
exact_gain = markov.surrogate(two, new, old) - markov.expected_return(two, old)
true_gain = markov.expected_return(two, new) - markov.expected_return(two, old)
with receipts("20 000 samples", oracle="exact surrogate") as same:
    same("L(new) − η(old), four standard errors", float(gain), exact_gain, 4 * noise)
print(f"L promises {exact_gain:.2f}; the true gain is {true_gain:.2f}: sampling is not what makes L err")

# %% [markdown]
# The sample finds $L$, and no amount of data makes $L$ find $\eta$: this step is too large. What one *can* do is measure afterwards. Run new, compare
# its gain with what $L$ promised, and shorten the next step where they disagree: that is lecture 09.


# %% [markdown]
# ## Further: two conventions and one rule
#
# | | this course | elsewhere |
# |---|---|---|
# | visitation | $d^\pi(s) = (1-\gamma)\sum_t \gamma^t P(s_t = s)$, sums to 1 | $\rho_\pi = d^\pi/(1-\gamma)$, sums to $1/(1-\gamma)$ |
# | performance | $\eta(\pi) = \mathbb E[\sum_t \gamma^t r_t]$ | $(1-\gamma)\,\eta(\pi)$, "normalised" |
#
# A factor $1/(1-\gamma)$ stands before a sum over states exactly when $d$ is normalised and $\eta$ is not. So the constant $C = 4\varepsilon\gamma/(1-\gamma)^2$
# belongs to the unnormalised $\eta$; for $(1-\gamma)\eta$ already $4\varepsilon\gamma/(1-\gamma)$ is enough. Slides that normalise $\eta$ and keep $C$ state
# something true, and weaker by $1/(1-\gamma)$.

# %%
d, income = markov.visitation(two, old), np.sum(old * two.reward, axis=1)
by_time = 0.9 ** np.arange(400) @ markov.state_distributions(two, old, 400)  # ρ, summed over time
with receipts("linear solves", oracle="sums over 400 steps") as same:
    same("d = (1 − γ) ρ", d, 0.1 * by_time, 1e-11)
    same("η = Σ ρ(s) r(s)", markov.expected_return(two, old), by_time @ income, 1e-11)
    same("1/(1 − γ) Σ d(s) r(s) = Σ ρ(s) r(s)", d @ income / 0.1, by_time @ income, 1e-11)
near = markov.mixture(old, new, 0.1)
off = 0.1 * abs(markov.expected_return(two, near) - markov.surrogate(two, near, old))
enough = 0.1 * markov.penalty_coefficient(two, old) * markov.max_tv(old, near) ** 2
print(
    f"normalised: error {off:.4f}; the constant that is enough allows {enough:.3f}, the printed one {10 * enough:.3f}"
)
assert off <= enough

# %% [markdown]
# ## Further: the constant before $m^2$
#
# With $G = (I-\gamma P_{\mathrm{old}})^{-1}$ and $\Delta P = P_{\mathrm{target}} - P_{\mathrm{old}}$, to first order $G$ changes by $m\,\gamma\,G\,\Delta P\,G$, and $\bar A$ of $\pi_m$ is
# $m\,\bar A_{\mathrm{target}}$. Hence
# $$\frac{\eta(\pi_m) - L(\pi_m)}{m^2} \;\to\; c = \gamma\,\rho_0^\top G\,\Delta P\,G\,\bar A_{\mathrm{target}}.$$

# %%
P_old, P_target = (np.einsum("sa,sat->st", pi, two.transition) for pi in (old, target))
G = np.linalg.inv(np.eye(2) - 0.9 * P_old)
c = 0.9 * two.start @ G @ (P_target - P_old) @ G @ markov.expected_advantage(two, target, old)
with receipts("(η − L)/m² at m = 0.0001", oracle="c in closed form") as same:
    same("ratio of the two", error[0] / shares[0] ** 2 / c, 1, 1e-2)

# %% [markdown]
# ## Further: Pinsker's half
#
# $D_{\mathrm{TV}}^2 \le D_{\mathrm{KL}}$ is true and not tight: Pinsker's inequality has a half, $D_{\mathrm{TV}}^2 \le \frac12 D_{\mathrm{KL}}$. So half of $C$ is enough for the KL bound. The
# ratio never passes ½, and comes as near to it as you like.

# %%
p, q = np.random.default_rng(0).dirichlet(np.ones(3), size=(2, 100_000))
ratio = markov.tv(p, q) ** 2 / markov.kl(p, q)
close = markov.tv([0.501, 0.499], [0.5, 0.5]) ** 2 / markov.kl([0.501, 0.499], [0.5, 0.5])
print(f"D_TV²/D_KL over 100 000 random pairs: largest {ratio.max():.4f}; close to uniform: {close:.6f}")
assert ratio.max() <= 0.5

# %% [markdown]
# ## Further: two slips you may meet
#
# **Which way round?** One set of slides asks for the case where "$\pi_{\mathrm{old}}$ is obtained from $\pi_{\mathrm{new}}$ by one step of policy improvement". It is the
# other way round: with the roles as printed, every term of lemma 1 is negative or zero.
#
# **The middle of lemma 3.** It is often printed (equation 32 of the TRPO paper, and notes that copy it) with the middle term
# $2\alpha\max_s\bar A(s)$. At $t = 0$ the right side is 0, so that chain asks for $0 \le 2\alpha\max_s\bar A(s) \le 0$.

# %%
greedy = markov.greedy_policy(two, old)
assert markov.expected_advantage(two, greedy, old).min() >= 0  # new is made from old
assert markov.expected_advantage(two, old, greedy).max() <= 0  # as printed
print("new = improved old:   Ā(s) =", markov.expected_advantage(two, greedy, old).round(3))
print("old = improved new:   Ā(s) =", markov.expected_advantage(two, old, greedy).round(3))
print(
    f"t = 0: gap {lemma_3.gap[0]:.3f}, printed middle {lemma_3.printed_middle[0]:.3f}, right side {lemma_3.right[0]:.3f}"
)
assert not lemma_3.gap[0] <= lemma_3.printed_middle[0] <= lemma_3.right[0]

# %% [markdown]
# ## Further: how conservative the conservative step is
#
# With the policy advantage $\mathbb A = \sum_s d^\pi(s)\,\bar A(s)$ the parabola is $\frac{\mathbb A}{1-\gamma}m - \frac{2\bar\varepsilon\gamma}{(1-\gamma)^2}m^2$; its top lies at
# $m^* = (1-\gamma)\,\mathbb A/(4\bar\varepsilon\gamma)$. The bound holds all along the way.

# %%
pi = markov.uniform_policy(two)
greedy = markov.greedy_policy(two, pi)
after, m_star = markov.conservative_step(two, pi)
found = minimize_scalar(lambda m: -markov.mixture_bound(two, pi, greedy, m), bounds=(0, 1), method="bounded")
with receipts("m* of the package", oracle="scipy's search on the bound") as same:
    same("top of the parabola", m_star, found.x, 1e-6)
for m in np.linspace(0, 1, 101):
    true = markov.expected_return(two, markov.mixture(pi, greedy, m))
    assert true >= markov.mixture_bound(two, pi, greedy, m) - 1e-12
gained = markov.expected_return(two, after) - markov.expected_return(two, pi)
print(f"m* = {m_star:.3f}: promised {-found.fun - markov.expected_return(two, pi):.4f}, gained {gained:.4f}")

# %% [markdown]
# ## Further: Algorithm 1 on fifty MDPs
#
# No policy drawn at random does better on $M_i$ than its maximiser; and $\eta$ never falls, on 50 random MDPs with $\gamma$ from 0 to 0.999, four rounds each.

# %%
after, radius = markov.minorise_maximise_step(big, uniform)
rng = np.random.default_rng(0)
size = 10 ** rng.uniform(-4, 0, size=(20_000, 1, 1))
rivals = (1 - size) * uniform + size * rng.dirichlet(np.ones(4), size=(20_000, 10))
best, rival = (
    markov.improvement_bound(big, after, uniform),
    markov.improvement_bound(big, rivals, uniform).max(),
)
print(f"M at the maximiser {best:.8f}; the best of 20 000 rivals {rival:.8f}")
assert best >= rival
with receipts("κ as returned", oracle="largest KL of the step") as same:
    same("the limit is used up", radius, markov.max_kl(uniform, after), 1e-10)

# %% [markdown]
# Then the promise:

# %%
smallest = np.inf
for seed in range(50):
    gamma = (0.0, 0.5, 0.9, 0.99, 0.999)[seed % 5]
    world = markov.MDP.random(3 + seed % 5, 2 + seed % 3, seed, gamma, branching=2)
    pi = markov.random_policy(world, seed)
    for _ in range(4):
        after, _ = markov.minorise_maximise_step(world, pi)
        gain_of_round = markov.expected_return(world, after) - markov.expected_return(world, pi)
        promised = markov.improvement_bound(world, after, pi) - markov.expected_return(world, pi)
        size, pi = max(1, np.abs(markov.values(world, pi)).max()), after
        assert gain_of_round >= promised - 1e-9 * size
        smallest = min(smallest, gain_of_round / size)
print(f"200 rounds: the smallest relative gain is {smallest:.1e}")
assert smallest >= -1e-12

# %% [markdown]
# ## Further: how small its steps are
#
# To leading order a tilt within $\kappa$ gains $\sigma_s\sqrt{2\kappa}$ in state $s$, with $\sigma_s^2 = \mathrm{Var}_{a\sim\pi}A(s,a)$. Maximising
# $\frac{1}{1-\gamma}\mathbb E_{s \sim d}[\sigma_s]\sqrt{2\kappa} - C\kappa$ gives
# $$\sqrt{2\kappa^*} = (1-\gamma)\,\frac{\mathbb E_{s\sim d}[\sigma_s]}{4\varepsilon\gamma} \;\le\; \frac{1-\gamma}{4\gamma},$$
# so $\kappa^*$ is at most about $(1-\gamma)^2/(32\gamma^2)$, whatever the task. TRPO's authors limit the *mean* KL to 0.01, so it is the mean KL of Algorithm 1's step that may be
# compared with it: the last column.

# %%
print("   γ      exact κ     leading order   (1−γ)²/(32γ²)   mean KL     0.01/mean KL")
for gamma in (0.5, 0.9, 0.99, 0.999):
    world = replace(big, gamma=gamma)
    after, kappa = markov.minorise_maximise_step(world, uniform)
    A, d = markov.advantages(world, uniform), markov.visitation(world, uniform)
    root = (1 - gamma) * d @ np.sqrt(np.sum(uniform * A**2, axis=1)) / (4 * np.abs(A).max() * gamma)
    cap, mean = (1 - gamma) ** 2 / (32 * gamma**2), d @ markov.kl(uniform, after)
    print(
        f"{gamma:6}   {kappa:.3e}   {root**2 / 2:.3e}       {cap:.3e}       {mean:.3e}   {0.01 / mean:11.0f}"
    )

# %% [markdown]
# ## Further: where Algorithm 1 stands still

# %% tags=["hide"]
predict(
    "Start Algorithm 1 (γ = 0.9) at a deterministic policy that is far from optimal. What does its first round do?",
    choices={
        "nothing": "",
        "a small step": "Even the smallest KL costs more than it is worth here.",
        "a large step": "The price of KL grows with its size; what it buys does not grow faster.",
    },
    answer="nothing",
    ordered=True,
    why="From a deterministic action a KL of κ moves a mass of at most κ, not √κ. That is worth at most "
    "εκ/(1 − γ) in all and costs Cκ = 4εγκ/(1 − γ)². For γ ≥ 1/5 the price is never below the worth.",
)

# %% [markdown]
# A deterministic policy that policy iteration would leave at once:

# %%
stuck = np.eye(4)[np.zeros(10, int)]
after, kappa = markov.minorise_maximise_step(big, stuck)
missed = markov.expected_return(big, markov.greedy_policy(big, stuck)) - markov.expected_return(big, stuck)
print(f"κ = {kappa}; policy unchanged: {np.array_equal(after, stuck)}; a greedy step would gain {missed:.3f}")
assert kappa == 0
assert missed > 0.1

# %% [markdown]
# ## Summary
#
# - Lemma 1: new's gain is old's advantage, averaged over what **new** visits and does. Exact, state by state too.
# - Where no term is negative, no visitation need be known: policy iteration, and a gradient step on a table, cannot lose. On shared
#   parameters it can.
# - $L$ puts $d^{\mathrm{old}}$ for $d^{\mathrm{new}}$: equal value, equal slope, error of order $m^2$.
# - The error is at most $C\alpha^2$. A rope reaches that up to a factor 4; on random MDPs it is thousands of times too careful at $\gamma = 0.99$.
# - Algorithm 1 climbs the bound and never loses. TRPO limits the *mean* KL by a $\delta$ that no bound gives, goes further, and can overshoot.

# %% [markdown]
# ## Exercises
#
# **1** ★ (10 minutes) In the lab set $\gamma$ to 0.9, leave old at (0.5, 0.5), and find a target for which $L$ rises and $\eta$ falls at $m = 1$. Why does $L$ not see it?
# <details><summary>Hint</summary> Staying in state 1 pays. What feeds state 1? </details>
# <details><summary>Answer</summary> Target (0, 0.25): from 2.37 at old, $L$ rises to 2.83 and $\eta$ falls to 1.61. Not moving in state 0 saves 0.2 a step, and moving less often in state 1
#   pays more; but the walk then rarely comes to state 1, and $L$ still counts old's visits there. </details>
#
# **2** ★ (10 minutes) Half of $C$ is enough (Pinsker). In the cell that defines `algorithm_1` replace `markov.penalty_coefficient(world, pi)` by
# `markov.penalty_coefficient(world, pi) / 2` and run it. In a new cell run `algorithm_1(two, start)[1] / markov.minorise_maximise_step(two, start)[1]`. By what factor has $\kappa$ grown, and why?
# <details><summary>Hint</summary> For small $\kappa$ the gain is a constant times $\sqrt\kappa$, and the price is $C\kappa$. </details>
# <details><summary>Answer</summary> About 4. The best $\sqrt\kappa$ is inversely proportional to $C$: half the price allows four times the KL, and twice the probability moved. </details>
#
# **3** ★★ (15 minutes) A careless walker: in the cell that computes `careful` replace `rope_walker(0), rope_walker(0.001)` by `rope_walker(0.1), rope_walker(0.101)`, run it, and look at
# `careful[:, 0]` in a new cell. Why is the bound no longer tight?
# <details><summary>Hint</summary> How long does old stay on the rope? </details>
# <details><summary>Answer</summary> The sharper form now exceeds the error by 4.4 at $\gamma = 0.5$, by some 390 at 0.99 and by more than 18 000 at 0.999. Old falls after ten steps or so, hence there is no long time in which the
#   walks could part: the error stops growing with the horizon, and the bound does not. </details>
#
# **4** ★★ (20 minutes) Show that the conservative step promises a gain of $\mathbb A^2/(8\bar\varepsilon\gamma)$ when $m^* \le 1$, where $\mathbb A = \sum_s d^\pi(s)\bar A(s)$. Check it in a new cell.
# <details><summary>Hint</summary> The top of $bm - cm^2$ is $b^2/(4c)$. </details>
# <details><summary>Answer</summary> $b = \mathbb A/(1-\gamma)$ and $c = 2\bar\varepsilon\gamma/(1-\gamma)^2$, so $b^2/(4c) = \mathbb A^2/(8\bar\varepsilon\gamma)$. The check:
#
# ```python
# uniform_two = markov.uniform_policy(two)
# greedy_two = markov.greedy_policy(two, uniform_two)
# A_policy = markov.policy_advantage(two, greedy_two, uniform_two)
# largest = np.abs(markov.expected_advantage(two, greedy_two, uniform_two)).max()
# top = markov.conservative_step(two, uniform_two)[1]
# promise = markov.mixture_bound(two, uniform_two, greedy_two, top) - markov.expected_return(two, uniform_two)
# receipt("the promise", promise, A_policy**2 / (8 * largest * two.gamma))
# ```
#
# </details>
#
# **5** ★★★ (30 minutes) Use coupled walks to prove $\sum_s|d^{\mathrm{new}}(s) - d^{\mathrm{old}}(s)| \le 2\gamma\alpha/(1-\gamma(1-\alpha))$. On which world of this page is it an equality? Check your guess in a new cell.
# <details><summary>Hint</summary> At time $t$ that sum, of state distributions, is at most twice the probability of having parted. </details>
# <details><summary>Answer</summary> Pairs that have not parted by $t$ stand in one state, so the sum at time $t$ is at most $2(1-(1-\alpha)^t)$. Weighted by $(1-\gamma)\gamma^t$ this adds up
#   to $2\big(1 - \frac{1-\gamma}{1-\gamma(1-\alpha)}\big)$. On the rope whoever has parted has fallen, and never meets the other again: equality. The check:
#
# ```python
# rope_world, falling = markov.tightrope(10, 0.99), rope_walker(0.001)
# apart = np.abs(markov.visitation(rope_world, falling) - markov.visitation(rope_world, rope_walker(0))).sum()
# receipt("equality", apart, 2 * 0.99 * 0.001 / (1 - 0.99 * (1 - 0.001)))
# ```
#
# </details>

# %% [markdown]
# ## Sources
#
# - Kakade and Langford, *Approximately Optimal Approximate Reinforcement Learning*, ICML 2002: lemma 1, conservative policy iteration.
# - Schulman, Levine, Moritz, Jordan, Abbeel, [*Trust Region Policy Optimization*](https://arxiv.org/abs/1502.05477), ICML 2015: equations 1–10 and Algorithm 1; 11 for the limit on every state, 12 for the mean;
#   appendix A for the coupling (lemmas 1–3, equations 28–45).
# - What this page corrects: the direction of "one-step improvement"; the normalised constant; Pinsker's half; the middle term of lemma 3; $d$ against $\rho$.
