# %% [markdown] tags=["head"]
# # Lecture 08 · Performance difference
#
# question: You hold a policy and its exact advantages. Which changes of the policy are certain to help, and how far may
#   they go?
# objectives:
# - **derive** the lemma that compares two policies exactly, state by state
# - **say** which improvement steps cannot lose, and why
# - **use** the surrogate, and **say** to which order it is right
# - **prove** how far the surrogate may be trusted, by two walks that share their dice
# needs:
# - 01: $V, Q, A$ and the visitation
# - 03: the policy gradient
# symbols: s, a, t, r, \gamma, \rho_0, P, \pi, \eta, V^\pi, Q^\pi, A^\pi, d^\pi, L, \theta, \varepsilon, \mathbb E
# - $\mathrm{old}, \mathrm{new}$: the policy you hold, and another one
# - $\bar A(s)$: $\sum_a\pi_{\mathrm{new}}(a\mid s)\,A^{\mathrm{old}}(s,a)$, what old expects of new's choice in $s$
# - $D_{\mathrm{TV}}$: total variation distance of two distributions
# - $D_{\mathrm{KL}}$: Kullback-Leibler divergence
# - $\ell$: length of a gradient step
# - $m$: share of the target that is mixed in; $\pi_m$ is the mixture
# - $\alpha$: largest chance, over all states, that two coupled policies act differently
# - $g_t$: what $\bar A(s_t)$ is on average under new, less what it is under old
# - $C$: price of divergence in the bound, $4\varepsilon\gamma/(1-\gamma)^2$
# homework: 4

# %% [markdown]
# ## 1 · One step of growing length (8 minutes)
#
# <details><summary><b>What you need, in eight lines</b></summary>
#
# | | |
# |:---|:---|
# | performance | $\eta(\pi) = \mathbb E_\pi\big[\sum_{t\ge0}\gamma^t r_t\big]$, the walk beginning at $s_0\sim\rho_0$ |
# | value of a state | $V^\pi(s) = \mathbb E_\pi\big[\sum_{t\ge0}\gamma^t r_t \mid s_0=s\big]$, so that $\eta(\pi) = \sum_s\rho_0(s)\,V^\pi(s)$ |
# | value of an action | $Q^\pi(s,a) = r(s,a) + \gamma\sum_{s'}P(s'\mid s,a)\,V^\pi(s')$: first $a$, then as $\pi$ does |
# | Bellman equation | $V^\pi(s) = \sum_a\pi(a\mid s)\,Q^\pi(s,a)$ |
# | advantage | $A^\pi(s,a) = Q^\pi(s,a) - V^\pi(s)$; by the line above, $\sum_a\pi(a\mid s)\,A^\pi(s,a) = 0$ |
# | visitation | $d^\pi(s) = (1-\gamma)\sum_{t\ge0}\gamma^t P(s_t=s)$; it sums to 1, as $\sum_t\gamma^t = 1/(1-\gamma)$ |
# | a softmax table | $\pi(a\mid s) = e^{\theta(s,a)}/\sum_b e^{\theta(s,b)}$, with the policy gradient $\dfrac{\partial\eta}{\partial\theta(s,a)} = \dfrac{1}{1-\gamma}\,d^\pi(s)\,\pi(a\mid s)\,A^\pi(s,a)$ |
# | two distributions | $D_{\mathrm{TV}}(p,q) = \tfrac12\sum_a\lvert p(a)-q(a)\rvert$ and $D_{\mathrm{KL}}(p\Vert q) = \sum_a p(a)\log\frac{p(a)}{q(a)}$; both are 0 exactly where $p=q$ |
#
# </details>

# %% tags=["hide"]
from dataclasses import replace
from functools import lru_cache

import numpy as np
from scipy.optimize import linprog

from rlcourse import plots
from rlcourse.equations import markov
from rlcourse.pages import receipt, receipts, show_source
from rlcourse.widgets import Slider, explore, predict

plots.use()

# %% [markdown]
# Two states, two actions. An action does what its name says with probability 0.9, and the opposite otherwise; its reward is paid
# either way. The walk begins in state 0, where staying earns nothing and moving costs 0.2. In state 1 staying pays 1 and moving 0.3.
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
        "yes, if it is long enough": "So it is for many functions. But here each state has a row of its own.",
    },
    answer="no, whatever its length",
    why="Section 2 proves that with a row of its own no state can lose.",
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
titles = ("A table of logits: only up", "Shared logits: up, then down")
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
# ## 2 · The lemma, state by state (22 minutes)
#
# How much better is $\mathrm{new}$ than $\mathrm{old}$? Follow new, and let old's advantages judge every action on the way.
#
# **Step 1.** One step, by definition of $Q$ and $A$:
# $$A^{\mathrm{old}}(s,a) = \mathbb E_{s'}\big[r(s,a) + \gamma V^{\mathrm{old}}(s') - V^{\mathrm{old}}(s)\big].$$
#
# **Step 2.** Add these up along a path of new from $s_0 = s$, discounted:
# $$\mathbb E_{\mathrm{new}}\Big[\sum_t \gamma^t A^{\mathrm{old}}(s_t,a_t)\Big]
#   = \mathbb E_{\mathrm{new}}\Big[\sum_t \gamma^t r_t\Big] + \mathbb E_{\mathrm{new}}\Big[\sum_t \gamma^t\big(\gamma V^{\mathrm{old}}(s_{t+1}) - V^{\mathrm{old}}(s_t)\big)\Big].$$
#
# **Step 3.** The first sum is $V^{\mathrm{new}}(s)$. The second telescopes,
# $\gamma V_1 - V_0 + \gamma^2V_2 - \gamma V_1 + \dots$ with $V_t = V^{\mathrm{old}}(s_t)$, so that $-V^{\mathrm{old}}(s)$ is left.
#
# **Step 4.** On the left, sort by the state $x$ in which an action is chosen. With $d_s^{\mathrm{new}}$, the visitation of new from $s$,
# $\sum_t\gamma^t P(s_t=x) = d^{\mathrm{new}}_s(x)/(1-\gamma)$. This is the **performance difference lemma** (lemma 1):
# $$V^{\mathrm{new}}(s) - V^{\mathrm{old}}(s) = \frac{1}{1-\gamma}\sum_{x} d^{\mathrm{new}}_s(x)\,\bar A(x),
#   \qquad \bar A(x) = \sum_a \pi_{\mathrm{new}}(a\mid x)\,A^{\mathrm{old}}(x,a).$$
#
# The sides of each step, along 400 steps of new:

# %%
old, new = start, np.array([[0.1, 0.9], [0.7, 0.3]])
V_old, V_new = markov.values(two, old), markov.values(two, new)
A_old = markov.advantages(two, old)

p = markov.state_distributions(replace(two, start=[1.0, 0.0]), new, 401)  # from state 0, under new
discount, reward = 0.9 ** np.arange(400), np.sum(new * two.reward, axis=1)
judged = discount @ p[:400] @ np.sum(new * A_old, axis=1)  # Σ_t γᵗ Σ_x P(s_t = x) Ā(x)
earned = discount @ p[:400] @ reward
telescoped = discount @ (0.9 * p[1:] - p[:400]) @ V_old

# %% [markdown]
# Beside them, what the package finds by solving linear equations:

# %% tags=["hide"]
one_step = two.reward + 0.9 * two.transition @ V_old - V_old[:, None]
with receipts("sums along 400 steps of new", oracle="linear equations") as same:
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
# (The proof needs no more examples. The code does: *Further* tries 500 random MDPs.)
#
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
# **Why a table is safe.** The gradient at $\theta(s,a)$ is $\pi(a\mid s)\,A(s,a)$ times something that is not negative (first box of this page). So a
# step multiplies $\pi(a\mid s)$ by a factor $f(s,a)$, at least 1 where $A \ge 0$ and at most 1 where $A \le 0$, and then divides the row by its sum. For
# each action $(f-1)\,A \ge 0$, that is $\pi fA \ge \pi A$; added up, $\sum_a\pi fA \ge \sum_a\pi A = 0$. The row's sum is positive, so
# $\bar A(s) \ge 0$ in every state, for any $\ell$.
#
# **Why policy iteration is safe.** The greedy policy has $\bar A(s) = \max_a A^{\mathrm{old}}(s,a) \ge 0$ in *every* state, because
# advantages average to 0 under old. Terms that are all non-negative need no knowledge of $d^{\mathrm{new}}$.

# %% [markdown]
# ## 3 · The surrogate (20 minutes)
#
# Lemma 1 is exact, but it cannot be evaluated from old's data alone: $d^{\mathrm{new}}$ is known only after trying new. The *surrogate* $L$ puts old's
# visitation in its place:
# $$L_{\mathrm{old}}(\mathrm{new}) = \eta(\mathrm{old}) + \frac{1}{1-\gamma}\sum_s d^{\mathrm{old}}(s)\,\bar A(s).$$
# How good is it? Every policy of the two-state world is a point of a square. Walk from old towards a target: a share $m$ of the way lies the mixture
# $\pi_m = (1-m)\,\mathrm{old} + m\,\mathrm{target}$.

# %% tags=["hide"]
predict(
    "How does the error η − L shrink as m → 0?",
    choices={
        "it stays constant": "Then L would be wrong at old itself.",
        "like m": "Then L would have another slope at old than η.",
        "like m²": "",
        "like m³": "It can be, where the errors of the states cancel; in general it is not.",
    },
    answer="like m²",
    ordered=True,
    why="It is a sum of products of two things that are each of order m: what old expects new to gain in a state, and "
    "how much more or less often new visits that state.",
)

# %% [markdown]
# **Try.** (1) Move $m$: where do $\eta$ and $L$ part? (2) Raise $\gamma$: what becomes of the two lower bounds, which section 4 derives? (3) Choose a target
# that makes $\eta$ fall: what does $L$ say at first?
#
# The shading is $\eta$, in bands, the highest the darkest; *here* is $\pi_m$. On the right the same way as a graph, a vertical line at $m$; dotted, old's return. (The lab opens at $\gamma = 0.2$, where the bounds can be seen.)

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
# Each picture of the lab:


# %% tags=["hide"]
def draw(fig, old_0=0.5, old_1=0.5, target_0=0.05, target_1=0.05, m=0.2, gamma=0.2):
    square, graph = plots.axes(fig, 1, 2)
    world, a, b = markov.two_state(gamma), point(old_0, old_1), point(target_0, target_1)
    here, levels = markov.mixture(a, b, m), landscape(gamma)
    plots.shade(square, levels)
    square.plot([old_0, target_0], [old_1, target_1], color=plots.BLUE, linestyle="-")
    marks = (old_0, old_1, "o", "old"), (target_0, target_1, "s", "target"), (*here[:, 1], "D", "here")
    for x, y, mark, name in marks:
        square.plot(x, y, mark, color=plots.BLUE, markersize=9, markeredgecolor="white", clip_on=False)
        side = {"ha": "left", "dx": 0.04} if x < 0.5 else {"ha": "right", "dx": -0.04}
        dy = 0.03 if name != "here" else -0.1 if y > 0.15 else 0.12  # clear of the axis and of "target"
        square.text(x + side["dx"], y + dy, name, ha=side["ha"])
    square.set(xlabel="π(move | 0)", ylabel="π(move | 1)", xlim=(0, 1), ylim=(0, 1))
    square.set(xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    square.set_title(f"η from {levels.min():.2f} (white) to {levels.max():.2f}".replace("-", "−"))

    first = draw_bounds(graph, world, a, b)
    graph.locator_params(axis="y", nbins=3)
    graph.axvline(m, color=plots.GREY, linewidth=1, linestyle="-")
    tv, kl = (float(markov.improvement_bound(world, here, a, kind)) for kind in ("tv", "kl"))
    graph.set_title(f"TV bound promises {'a' if tv > first + 1e-12 else 'no'} gain")
    return {
        "η(old)": first, "η(here)": float(markov.expected_return(world, here)),
        "L(here)": float(markov.surrogate(world, here, a)), "TV bound": tv, "KL bound": kl,
        "D_TV max": float(markov.max_tv(a, here)), "D_KL max": float(markov.max_kl(a, here)),
    }  # fmt: skip


# %% [markdown]
# The lab:

# %% tags=["hide"]
lab = explore(
    draw,
    alt="The square of policies with old, target and here; return, surrogate and bounds on the way",
    size=(9.5, 3.9),
    settings={
        "a tenth of the way": {"m": 0.1},
        "the whole way": {"m": 1.0},
        "far-sighted": {"gamma": 0.9},
        "only this moment": {"gamma": 0.0},
    },
    old_0=Slider("old₀", "old: π(move|0)", min=0.01, max=0.99, step=0.01),
    old_1=Slider("old₁", "old: π(move|1)", min=0.01, max=0.99, step=0.01),
    target_0=Slider("new₀", "target: π(move|0)", min=0.0, max=1.0, step=0.01),
    target_1=Slider("new₁", "target: π(move|1)", min=0.0, max=1.0, step=0.01),
    m=Slider("m", "share of the way", min=0.0, max=1.0, step=0.01),
    gamma=Slider("γ", "discount", min=0.0, max=0.99, step=0.01),
)
lab

# %% [markdown]
# <details><summary>What you should have found</summary>
#
# (1) Nowhere at once: they leave old with one slope, and the gap between them grows like $m^2$. At the opening values $L$ is above $\eta$ by 0.001 at $m = 0.2$ and by 0.03 at $m = 1$. (2) They fall ever more steeply: see the numbers below.
# (3) That $\eta$ falls, too. With both target sliders at 0.95, both go down from the start, since their slopes at old are equal (property 2, below). Only where $\eta$ rises first and turns later does $L$ not see it (exercise 1).
# </details>
#
# How much of the way does the bound promise a gain for, as $\gamma$ grows?

# %% tags=["hide"]
a, b, way = point(0.5, 0.5), point(0.05, 0.05), np.linspace(0, 1, 10_001)[:, None, None]
for gamma in (0.2, 0.9, 0.99):
    promised = markov.improvement_bound(markov.two_state(gamma), (1 - way) * a + way * b, a, "tv")
    gains = np.flatnonzero(promised > promised[0])
    print(f"γ = {gamma}: the TV bound promises a gain up to m = {way.ravel()[gains.max()]:.3f}")

# %% [markdown]
# Subtract $L$ from lemma 1:
# $$\eta - L = \frac{1}{1-\gamma}\sum_s\big(d^{\mathrm{new}} - d^{\mathrm{old}}\big)(s)\,\bar A(s).$$
# For $\pi_m$ both factors are of order $m$. So $L$ has $\eta$'s value at old (**property 1**) and
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
# ## 4 · How far may it be trusted? (30 minutes)
#
# The error comes from states that new and old visit differently. To bound it, let both walk *with the same dice* and ask when they part.
# Our walkers climb a chain: *forward* goes one state up, and pays 10 at the top; *back* returns to the bottom and pays 2.
# Old goes forward with probability 0.8, new with 0.9, in every state; $\gamma = 0.95$.

# %% tags=["hide"]
chain = markov.chain(5, gamma=0.95, slip=0.0)
chain_old, chain_new = np.tile([0.8, 0.2], (5, 1)), np.tile([0.9, 0.1], (5, 1))
plots.mdp(chain, actions=("forward", "back"), layout=np.stack([2.3 * np.arange(5), np.zeros(5)], axis=1))

# %% [markdown]
# **Coupling.** A joint distribution of two actions $(a, \tilde a)$ with old and new as its marginals is an $\alpha$-coupling if
# $P(a \ne \tilde a \mid s) \le \alpha$ in every state. The best one gives each pair $(a,a)$ the smaller of its two probabilities, and spreads what is left of both as a
# product. So the actions agree with probability $\sum_a\min(\pi_{\mathrm{old}}, \pi_{\mathrm{new}}) = 1 - D_{\mathrm{TV}}$ and differ with probability $D_{\mathrm{TV}}$ (*Further*: no coupling does better). Hence
# $\alpha = D_{\mathrm{TV}}^{\max}$, the largest $D_{\mathrm{TV}}$ of any state, is enough.
#
# One draw decides both actions; where the world is random too, a second one decides where both land, as long as they act alike.

# %% tags=["hide"]
predict(
    "On the chain, how many of the pairs have acted alike in all of their first ten steps?",
    choices={
        "90 %": "That is the chance for one step.",
        "35 %": "",
        "0 %": "Each step parts one tenth of those that are still together, not one tenth of all.",
    },
    answer="35 %",
    ordered=True,
    why="Old and new differ by D_TV = ½(0.1 + 0.1) = 0.1 in every state, and 0.9¹⁰ = 0.35.",
)

# %% [markdown]
# One pair of walks, and then the share of 20 000 pairs that have acted differently before time $t$.


# %% tags=["hide"]
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
# Twenty thousand such pairs, and one of them to look at:

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
# The total variation is the same in every state here, so the share is known exactly.

# %% tags=["hide"]
off = 4 * 0.5 / np.sqrt(20_000)  # four standard errors, at most
with receipts("20 000 simulated pairs", oracle="1 − (1 − α)ᵗ") as same:
    same("share that has acted differently", parted.mean(axis=1), 1 - (1 - alpha) ** t, off)

# %% [markdown]
# Until the dotted line the two are one walk; afterwards they often meet again. A pair has acted alike at all times before $t$ with probability at least
# $(1-\alpha)^t$; here exactly, because $D_{\mathrm{TV}}$ is 0.1 in every state.
#
# **Lemma 2.** $|\bar A(s)| \le 2\alpha\max|A^{\mathrm{old}}|$.
#
# - $\bar A(s) = \mathbb E[A^{\mathrm{old}}(s,\tilde a) - A^{\mathrm{old}}(s,a)]$, since $A^{\mathrm{old}}$ averages to 0 under old.
# - Where the two actions agree, the difference is 0. They differ with probability at most $\alpha$, and then by at most $2\max|A^{\mathrm{old}}|$.
#
# **Lemma 3.** Let $g_t = \mathbb E_{\mathrm{new}}[\bar A(s_t)] - \mathbb E_{\mathrm{old}}[\bar A(s_t)]$. Then
# $$|g_t| \;\le\; 2\big(1-(1-\alpha)^t\big)\max_s|\bar A(s)| \;\le\; 4\alpha\big(1-(1-\alpha)^t\big)\max|A^{\mathrm{old}}|.$$
#
# - Pairs that have always acted alike stand in one state and contribute 0: that was the picture.
# - The others are at most a share $1-(1-\alpha)^t$, and two values of $\bar A$ differ by at most $2\max_s|\bar A(s)|$.
# - Lemma 2 gives the second inequality.

# %% tags=["hide"]
lemma_3 = markov.coupling_lemma(chain, chain_new, chain_old, steps=41)
A_bar = markov.expected_advantage(chain, chain_new, chain_old)
differences = A_bar[states[1]] - A_bar[states[0]]  # [time, pair]
sampled, noise = np.abs(differences.mean(axis=1)), differences.std(axis=1) / np.sqrt(20_000)
with receipts("|gₜ|, exactly", oracle="20 000 simulated pairs") as same:
    same("in units of its standard error", lemma_3.gap[1:] / noise[1:], sampled[1:] / noise[1:], 4)
assert np.all(lemma_3.gap <= lemma_3.middle + 1e-12) and np.all(lemma_3.middle <= lemma_3.right + 1e-12)
fig = plots.figure(8, 3.5)
ax = plots.axes(fig)
ax.plot(lemma_3.right, color=plots.PURPLE, linestyle=plots.DASH_DOT, label="right side")
ax.plot(lemma_3.middle, color=plots.SKY, linestyle=plots.DASHES, label="middle")
ax.plot(lemma_3.gap, color=plots.BLACK, linestyle="-", label="|gₜ|")
ax.set(xlabel="time t", ylabel="advantage", title="Lemma 3 on the chain", xlim=(0, 40))
plots.label_lines(ax)
plots.show(fig, alt="|g| of lemma 3 and the two sides that bound it, against time, on the chain")

# %% [markdown]
# All three begin at 0, because both walks begin together. $|g_t|$ stops growing because walks meet again, which the lemma ignores.
#
# **Theorem.** In $\eta - L$ write each $d$ as $(1-\gamma)\sum_t\gamma^tP(s_t=s)$: the error is a sum over time,
# $$\eta(\mathrm{new}) - L_{\mathrm{old}}(\mathrm{new}) = \sum_t\gamma^t\,g_t .$$
# Bound $|g_t|$ by lemma 3, with $\varepsilon = \max_{s,a}|A^{\mathrm{old}}(s,a)|$, and add two geometric series, $\sum_t\gamma^t$ and $\sum_t(\gamma(1-\alpha))^t$:
# $$|\eta-L| \;\le\; 4\varepsilon\alpha\Big(\frac1{1-\gamma}-\frac1{1-\gamma(1-\alpha)}\Big)
#   = \frac{4\varepsilon\gamma\,\alpha^2}{(1-\gamma)\,(1-\gamma(1-\alpha))} .$$
# This is the *sharper form*. Since $1-\gamma(1-\alpha) \ge 1-\gamma$, it is at most
# $$\frac{4\varepsilon\gamma}{(1-\gamma)^2}\,\alpha^2 = C\alpha^2 .$$
#
# Why the square? $L$ accounts for the first different action; it errs only about what comes after it. So an error needs *two* disagreements: one that
# separates the walks, and a second one that is judged in the wrong place.
#
# With $\alpha = D_{\mathrm{TV}}^{\max}$ this is the **TV bound**. *Pinsker's inequality* $D_{\mathrm{TV}}^2 \le \frac12 D_{\mathrm{KL}}$ makes it a bound in KL. The paper leaves out the $\frac12$, and
# so do we (half of $C$ would be enough). The **KL bound** is
# $$\eta(\mathrm{new}) \ge L_{\mathrm{old}}(\mathrm{new}) - C\,D_{\mathrm{KL}}^{\max},\qquad D_{\mathrm{KL}}^{\max} = \max_s D_{\mathrm{KL}}\big(\mathrm{old}(\cdot\mid s)\,\|\,\mathrm{new}(\cdot\mid s)\big).$$
# The paper is Schulman et al. 2015, which introduced TRPO, *trust region policy optimization*. A rule that climbs this bound can never lose (*monotonic improvement*). Is the bound
# good for more than proofs? Lecture 08b measures it.

# %% [markdown]
# ## Summary
#
# - The performance difference lemma: new's gain is old's advantage, averaged over what **new** visits and does. Exact, state by state too.
# - Where no term is negative, no visitation need be known: policy iteration, and a gradient step on a table, cannot lose. On shared
#   parameters a long step can.
# - $L$ puts $d^{\mathrm{old}}$ for $d^{\mathrm{new}}$: equal value, equal slope, an error of order $m^2$.
# - Two walks that share their dice part at most as fast as $1-(1-\alpha)^t$; hence $|\eta-L| \le C\alpha^2$.

# %% [markdown]
# ## Exercises
#
# **1** ★ (10 minutes) In the lab set $\gamma$ to 0.9, leave old at (0.5, 0.5), and find a target for which $L$ rises and $\eta$ falls at $m = 1$. Why does $L$ not see it?
# <details><summary>Hint</summary> Staying in state 1 pays. What feeds state 1? </details>
# <details><summary>Answer</summary> Target (0, 0.25): from 2.37 at old, $L$ rises to 2.83 and $\eta$ falls to 1.61. Not moving in state 0 saves 0.2 a step, and moving less often in state 1
#   pays more; but the walk then rarely comes to state 1, and $L$ still counts old's visits there. </details>
#
# **2** ★ (10 minutes) Suppose that in each state all actions lead to the same next states, with the same probabilities. Show that $L = \eta$, for any two policies. Check it in a new cell.
# <details><summary>Hint</summary> What does $d^\pi$ depend on? </details>
# <details><summary>Answer</summary> The walk does not depend on the policy, so $d^{\mathrm{new}} = d^{\mathrm{old}}$ and the error is 0. (Such a problem is a *contextual bandit*.) The check:
#
# ```python
# same_way = two.transition.mean(axis=1, keepdims=True).repeat(2, axis=1)
# bandit = replace(two, transition=same_way)
# receipt("L = η", markov.surrogate(bandit, new, old), markov.expected_return(bandit, new))
# ```
#
# </details>
#
# **3** ★★ (15 minutes) You do not know $A^{\mathrm{old}}$, only a critic's $\hat A$ with $|\hat A - A^{\mathrm{old}}| \le e$ everywhere. By how much can $L$, computed with $\hat A$, be off? Can a better bound in $\alpha$ mend that?
# <details><summary>Hint</summary> $L$ is linear in $A$, and both $d^{\mathrm{old}}$ and $\pi_{\mathrm{new}}$ sum to 1. </details>
# <details><summary>Answer</summary> By at most $e/(1-\gamma)$, reached when all errors have one sign. It does not shrink with $\alpha$ (unless $\hat A$ averages to 0 under old: then lemma 2 makes it $2\alpha e/(1-\gamma)$). The check:
#
# ```python
# critic_off = np.full((2, 2), 0.1)
# L_off = markov.visitation(two, old) @ np.sum(new * critic_off, axis=1) / (1 - two.gamma)
# receipt("off by e/(1 − γ)", L_off, 0.1 / (1 - two.gamma))
# ```
#
# </details>
#
# **4** ★★★ (30 minutes) Use coupled walks to prove $\sum_s|d^{\mathrm{new}}(s) - d^{\mathrm{old}}(s)| \le 2\gamma\alpha/(1-\gamma(1-\alpha))$. On what world is it an equality? Check your guess in a new cell.
# <details><summary>Hint</summary> At time $t$ that sum, of state distributions, is at most twice the probability of having parted. For equality the parted must never meet again. </details>
# <details><summary>Answer</summary> Pairs that have not parted by $t$ stand in one state, so the sum at time $t$ is at most $2(1-(1-\alpha)^t)$. Weighted by $(1-\gamma)\gamma^t$ this adds up
#   to $2\big(1 - \frac{1-\gamma}{1-\gamma(1-\alpha)}\big)$. On a tightrope from which old never falls, and new with probability $\alpha$ a step, whoever has parted has fallen, and never meets the other again: equality. The check:
#
# ```python
# rope, walks, falls = markov.tightrope(10, 0.99), np.tile([1.0, 0.0], (11, 1)), np.tile([0.999, 0.001], (11, 1))
# apart = np.abs(markov.visitation(rope, falls) - markov.visitation(rope, walks)).sum()
# receipt("equality", apart, 2 * 0.99 * 0.001 / (1 - 0.99 * (1 - 0.001)))
# ```
#
# </details>

# %% [markdown]
# ## Further: lemma 1 on five hundred MDPs
#
# Two to eight states, two to four actions, discounts from 0 to 0.999. This tests the code; the lemma is proved.

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
# ## Further: no coupling disagrees less
#
# A linear programme looks, in each state, for the joint distribution with these marginals that disagrees least.

# %%
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
    same("marginal of old's action", joint.sum(axis=2), three_old)
    same("marginal of new's action", joint.sum(axis=1), three_new)
with receipts("the package", oracle="linear programme") as same:
    same("how often the coupling disagrees, in each state", disagree, programme, 1e-9)
    same("total variation by its formula", markov.tv(three_old, three_new), programme, 1e-9)
show_source(markov.coupling)

# %% [markdown]
# ## Further: two conventions and one rule
#
# | | this course | elsewhere |
# |---|---|---|
# | visitation | $d^\pi(s) = (1-\gamma)\sum_t \gamma^t P(s_t = s)$, sums to 1 | $\rho_\pi = d^\pi/(1-\gamma)$, sums to $1/(1-\gamma)$ |
# | performance | $\eta(\pi) = \mathbb E[\sum_t \gamma^t r_t]$ | $(1-\gamma)\,\eta(\pi)$, "normalised" |
#
# A factor $1/(1-\gamma)$ stands before a sum over states exactly when $d$ is normalised and $\eta$ is not. So the constant $C = 4\varepsilon\gamma/(1-\gamma)^2$
# belongs to the unnormalised $\eta$; for $(1-\gamma)\eta$ already $4\varepsilon\gamma/(1-\gamma)$ is enough. Who normalises $\eta$ and keeps $C$ states
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
# The half in $D_{\mathrm{TV}}^2 \le \frac12 D_{\mathrm{KL}}$ cannot be made smaller: the ratio never passes it, and comes as near to it as you like.

# %%
p, q = np.random.default_rng(0).dirichlet(np.ones(3), size=(2, 100_000))
ratio = markov.tv(p, q) ** 2 / markov.kl(p, q)
close = markov.tv([0.501, 0.499], [0.5, 0.5]) ** 2 / markov.kl([0.501, 0.499], [0.5, 0.5])
print(f"D_TV²/D_KL over 100 000 random pairs: largest {ratio.max():.4f}; close to uniform: {close:.6f}")
assert ratio.max() <= 0.5

# %% [markdown]
# ## Further: two slips in print
#
# **Which way round?** "$\pi_{\mathrm{old}}$ is obtained from $\pi_{\mathrm{new}}$ by one step of policy improvement" stands in some lecture notes as the safe case of lemma 1. It is the
# other way round. With these roles the *sum* is at most 0, from every start, because old is then the better policy. The single terms can have either sign: new's action may lead to a state that old has
# since improved. So their signs say nothing, and the lemma is of no use in that direction. Below, a world of three states where a term is +8.
#
# **The middle of lemma 3.** It is printed (equation 32 of the paper, and notes that copy it) with the middle term
# $2\alpha\max_s\bar A(s)$. At $t = 0$ the right side is 0, so that chain asks for $0 \le 2\alpha\max_s\bar A(s) \le 0$.

# %%
# state 0: go on to 1, or end and earn 1; state 1: end, earning 0 or 10; state 2: the end
three = np.zeros((3, 2, 3))
three[0, 0, 1] = three[0, 1, 2] = three[1, :, 2] = three[2, :, 2] = 1
three = markov.MDP(three, [[0, 1], [0, 10], [0, 0]], [1, 0, 0], 0.9)
base = np.eye(2)[[0, 0, 0]]
improved = markov.greedy_policy(three, base)
forwards, backwards = (
    markov.expected_advantage(three, a, b) for a, b in ((improved, base), (base, improved))
)
gain = markov.values(three, improved) - markov.values(three, base)
print("new = improved old:   Ā(s) =", forwards, "  from each start:", gain)
print("old = improved new:   Ā(s) =", backwards, "  from each start:", -gain)
assert forwards.min() >= 0 and backwards.max() == 8

# %% [markdown]
# Is that world a rarity? Random ones, with their policies improved by one greedy step:

# %%
mixed_signs = 0
for seed in range(500):
    world = markov.MDP.random(3, 2, seed, 0.9)
    base = np.eye(2)[np.random.default_rng(seed).integers(2, size=3)]
    improved = markov.greedy_policy(world, base)
    assert np.all(markov.values(world, improved) >= markov.values(world, base) - 1e-9)
    mixed_signs += markov.expected_advantage(world, base, improved).max() > 1e-9
print(f"of 500 random MDPs {mixed_signs} have a positive term in the printed direction; no sum is positive")

# %% [markdown]
# And the printed middle term of lemma 3, at the first step:

# %%
print(
    f"lemma 3 at t = 0: |g| {lemma_3.gap[0]:.3f}, printed middle {lemma_3.printed_middle[0]:.3f}, right side {lemma_3.right[0]:.3f}"
)
assert not lemma_3.gap[0] <= lemma_3.printed_middle[0] <= lemma_3.right[0]

# %% [markdown]
# ## Sources
#
# - Kakade and Langford, *Approximately Optimal Approximate Reinforcement Learning*, ICML 2002: the performance difference lemma (their lemma 6.1, from memory, for a normalised $\eta$).
# - Schulman, Levine, Moritz, Jordan, Abbeel, [*Trust Region Policy Optimization*](https://arxiv.org/abs/1502.05477), ICML 2015, "the paper": equations 1–9; its numbers of the lemmas;
#   appendix A for their proofs (lemma 1: equations 19–24; lemmas 2 and 3: 28–40, with 32 as printed; the sum over time: 41–45).
