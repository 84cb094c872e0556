# %% [markdown] tags=["head"]
# # Lecture 01b · Linear value functions
#
# question: Every reward is 0, every true value is 0, and yet a learner's values grow without bound. How can that be, and
#   what prevents it?
# objectives:
# - **describe** a value function by features and weights, and **choose** how far they generalise
# - **derive** the semi-gradient, and **show** that in general it is the gradient of nothing
# - **compute** where TD settles and how far that is from the best fit, and **say** which states should count
# - **name** the three legs of the deadly triad, and **show** that without any one of them nothing explodes
# needs:
# - 01: values, TD(0), Monte Carlo, three distributions over states
# - least squares
# - eigenvalues
# symbols: s, a, r, s', \gamma, P, \rho_0, \pi, V^\pi, d^\pi, w, \alpha, \mathbb E
# - $\phi(s)$: features of a state, a vector
# - $\Phi$: all features, one row $\phi(s)^\top$ for each state
# - $\hat V$: estimate of $V^\pi$, here $\hat V(s) = w^\top\phi(s)$
# - $\mu(s)$: how much a state counts in the error and how often it is updated
# - $D$: diagonal matrix of the $\mu(s)$
# - $\lVert v\rVert_\mu$: length of $v$ under these weights, $\lVert v\rVert_\mu^2 = \sum_s\mu(s)\,v(s)^2$
# - $A, b$: the expected update of TD(0), $\alpha\,(b-Aw)$
# - $w^*$: where TD(0) settles
# - $\Pi$: projection onto what the features can express
# - $P_\pi, r_\pi$: the process with the policy averaged in
# - $\bar d$: stationary distribution of the policy
# homework: 1

# %% [markdown]
# ## 1 · An explosion (10 minutes)
#
# Lecture 01 kept one number for each state. With a million states nobody can, so states must share numbers.

# %% tags=["import", "hide"]
import time
from dataclasses import dataclass
from itertools import product

import numpy as np

from rlcourse import plots
from rlcourse.equations import linear, markov
from rlcourse.pages import receipts, show_source
from rlcourse.statistics import intervals_of_sets, mean_interval
from rlcourse.training import Curve, Run
from rlcourse.widgets import Slider, Switch, explore, live, predict

plots.use()

# %% [markdown]
# Here are seven states, whose estimates are made of eight numbers, the weights $w_0,\dots,w_7$. *Solid* leads to the lowest state from everywhere, *dashed* to one of the
# six others, each with probability 1/6. **Every reward is 0.**

# %% tags=["hide"]
BAIRD = linear.baird(gamma=0.99)
fig = plots.figure(9.5, 3.9)
ax = plots.axes(fig)
x = 1.55 * np.arange(6)
arrow = {"arrowstyle": "-|>", "lw": 1.8, "shrinkA": 14, "shrinkB": 17, "mutation_scale": 14}
for i in range(6):
    ax.annotate("", (3.9, -1.9), (x[i], 0), arrowprops={**arrow, "color": plots.BLUE})
    ax.plot(x[i], 0, "o", color="white", markeredgecolor=plots.BLACK, markersize=30, linestyle="none")
    ax.text(x[i], 0, f"{i}", ha="center", va="center", fontsize=14, fontweight="bold")
    ax.text(x[i], 0.5, f"2w$_{i}$ + w$_7$", ha="center", fontsize=12)
ax.plot(3.9, -1.9, "o", color="white", markeredgecolor=plots.BLACK, markersize=30)
ax.text(3.9, -1.9, "6", ha="center", va="center", fontsize=14, fontweight="bold")
ax.text(4.45, -1.95, "w$_6$ + 2w$_7$", fontsize=12, va="center")
around = {**arrow, "color": plots.BLUE, "connectionstyle": "arc3,rad=-1.6"}
ax.annotate(
    "",
    (3.75, -2.1),
    (3.75, -1.7),
    arrowprops={**around, "shrinkA": 8, "shrinkB": 8, "connectionstyle": "arc3,rad=1.9"},
)
ax.text(0.9, -1.15, "solid", color=plots.BLUE, fontsize=13, ha="center")
dashed = {**arrow, "color": plots.VERMILION, "linestyle": (0, (4, 3)), "connectionstyle": "arc3,rad=0.25"}
ax.annotate("", (7.9, -0.35), (4.3, -1.7), arrowprops=dashed)
ax.text(7.3, -1.45, "dashed: from anywhere\nto one of 0 … 5", color=plots.ink(plots.VERMILION), fontsize=13)
ax.set(xlim=(-0.7, 9.6), ylim=(-2.6, 0.95))
ax.axis("off")
plots.show(
    fig,
    alt="Seven states: solid leads to state 6, dashed to one of the states 0 to 5; their values share eight weights",
)

# %% [markdown]
# Above each state stands its estimate: for example $\hat V(3) = 2w_3+w_7$. All weights 0 would be right, and there are more weights than states. Data are made by a policy that chooses dashed six times in seven, so that all seven states are
# equally frequent. The question is: what is the policy worth that *always* goes solid? The answer is learnt by TD(0), as in lecture 01: move the estimate towards $0 + \gamma\hat V(s')$, counting only steps in which solid was chosen.

# %% tags=["hide"]
predict(
    "The weights begin at 1, but for w₆ = 10. The estimates of the seven states…",
    choices={
        "go to 0, slowly": "That is what everybody expects: all targets are 0.99 times an estimate.",
        "stay near where they begin": "Each update moves them; the question is only where.",
        "grow without bound": "",
        "swing around 0 and never rest": "Here nothing swings: the estimate of state 6 stays ahead of the others, and all keep climbing after it.",
    },
    answer="grow without bound",
    why="A move towards a target moves the target too. Sections 3 to 6 say when that runs away.",
)

# %% [markdown]
# What happens, each update the average over all that can happen:


# %% tags=["hide"]
def expected_updates(steps, alpha=0.01, bootstrapping=True, off_policy=True, approximation=True):
    """V of all states after 0 … steps expected updates of each state's share, [steps + 1, 7]."""
    features = BAIRD.features if approximation else np.eye(7)
    w = BAIRD.weights if approximation else BAIRD.features @ BAIRD.weights
    judged = BAIRD.target if off_policy else BAIRD.behaviour
    P, _ = markov.induced_process(BAIRD.mdp, judged)
    move = features.T @ (np.eye(7) - bootstrapping * 0.99 * P) @ features / 7
    found = [features @ w]
    for _ in range(steps):
        w = w - alpha * move @ w
        found.append(features @ w)
    return np.array(found)


EXPLOSION = expected_updates(1000)


# %% [markdown]
# **Try.** Move the slider and watch the seven estimates.


# %% tags=["hide"]
def draw_explosion(fig, updates=0):
    ax = plots.axes(fig)
    V = EXPLOSION[updates]
    ax.bar(range(7), V, 0.6, color=[plots.SKY] * 6 + [plots.ORANGE])
    ax.axhline(0, color=plots.BLACK, linewidth=1, linestyle="-")
    top = max(20.0, 2.0 ** np.ceil(np.log2(1.05 * abs(V).max())))
    ax.set(ylim=(-top / 4, top), xticks=range(7), xlabel="state", ylabel="estimate")
    ax.set_title(f"after {updates} updates (true values: 0)")
    return {"V̂(0)": float(V[0]), "V̂(6)": float(V[6]), "largest": float(abs(V).max())}


explore(
    draw_explosion,
    alt="Estimates of Baird's seven states after a number of updates, growing without bound",
    size=(8.5, 3.6),
    settings={"tenfold": {"updates": 700}, "a thousand updates": {"updates": 1000}},
    updates=Slider("", "updates", min=0, max=1000, step=10),
)

# %% [markdown]
# All seven estimates grow, tenfold in about 700 updates. The target $0.99\,\hat V(6)$ lies above the estimates of states 0 to 5. An update by a small $c$ adds $2c$ to the state's own weight and $c$ to $w_7$. One in each raises their estimates by $4c+6c$, but $\hat V(6)$ by $12c$: the target runs ahead. State 6 hardly pulls back, as its error is one per cent of its estimate.
#
# This is Baird's counterexample (1995). Three things meet in it: the estimates *share* weights, the targets contain *estimates*, and the data come from *another* policy. Each alone is harmless. At the end you switch them off
# while the learner runs.
#
# ## 2 · Features, and how far they reach (18 minutes)
#
# A **linear value function** is $\hat V(s) = w^\top\phi(s)$: fixed **features** $\phi(s)$ of the state, and weights $w$ that are learnt. Linear in $w$, not in $s$. A table is the special case in which each state has a feature of its own. Given examples $(s, y)$ of what the value should be, one step down the gradient of half the squared error is
# $$w \leftarrow w + \alpha\,\big(y - w^\top\phi(s)\big)\,\phi(s),\qquad\text{since } \nabla_{\!w}\hat V(s) = \phi(s).$$
#
# **Coarse coding** is the simplest kind: overlapping intervals on a line, and $\phi_k(x) = 1$ where $x$ lies in the $k$th. An example at $x$ moves the estimate wherever an interval around $x$ reaches: it *generalises*, as far as the intervals are wide.

# %% tags=["hide"]
CENTRES = np.linspace(0, 1, 100)
WIDTHS = np.array([0.02, 0.03, 0.04, 0.06, 0.09, 0.13, 0.2, 0.3, 0.45])
COUNTS = 10 * 2 ** np.arange(10)  # 10 … 5120 examples
LINE = np.linspace(0, 1, 201)
PIXELS = [linear.coarse_code(LINE, CENTRES, width) for width in WIDTHS]
TRUTH = ((LINE > 0.35) & (LINE < 0.65)).astype(float)
predict(
    "A hundred intervals over [0, 1] learn a block of height 1 from examples (x, y). Does the best width depend on how many examples there are?",
    choices={
        "no: as wide as the block, always": "Wide intervals are quick, but can never draw the block's edges.",
        "yes: the fewer examples, the wider": "",
        "yes: the more examples, the wider": "With many examples every narrow interval has its own, and no sharing is needed.",
    },
    answer="yes: the fewer examples, the wider",
    why="Wide intervals spread a few examples over all x. With many examples that is a hindrance.",
)

# %% [markdown]
# The features:

# %%
show_source(linear.coarse_code)

# %% [markdown]
# And the learners, thirty of them, with the nine widths side by side:


# %%
def learn_block(seeds=30):
    """Weights of each seed, width and number of examples: {count: [seeds, widths, 100]}."""
    rng, w, found = np.random.default_rng(1), np.zeros((seeds, len(WIDTHS), 100)), {}
    for count in range(1, COUNTS[-1] + 1):
        x = rng.random(seeds)
        near = abs(x[:, None, None] - CENTRES) <= WIDTHS[:, None] / 2  # φ(x): [seeds, widths, 100]
        y = (x > 0.35) & (x < 0.65)
        error = y[:, None] - (w * near).sum(axis=-1)
        alpha = 0.2 / np.maximum(near.sum(axis=-1), 1)  # shared by the intervals that x lies in
        w += alpha[..., None] * error[..., None] * near
        if count in COUNTS:
            found[count] = w.copy()
    return found


blocks = learn_block()
BLOCK_ERRORS = np.array([  # root mean squared error: [counts, widths, seeds]
    [np.sqrt(np.mean((blocks[n][:, k] @ PIXELS[k].T - TRUTH) ** 2, axis=1)) for k in range(len(WIDTHS))]
    for n in COUNTS
])  # fmt: skip

# %% [markdown]
# **Try.** Choose few examples and look for the best width; then many. Left: the block, one learner's estimate, and under it one of its intervals. Right: the error for every width, thirty learners, their mean and its 95 % interval.


# %% tags=["hide"]
def draw_widths(fig, width=4, examples=2):
    line_ax, error_ax = plots.axes(fig, 1, 2)
    n, k = COUNTS[examples], width
    line_ax.plot(LINE, TRUTH, color=plots.BLACK, linestyle="-", label="truth")
    fit = PIXELS[k] @ blocks[n][0, k]
    line_ax.plot(LINE, fit, color=plots.BLUE, linestyle="-", label="estimate")
    middle = CENTRES[50]
    line_ax.plot(
        [middle - WIDTHS[k] / 2, middle + WIDTHS[k] / 2],
        [-0.3, -0.3],
        color=plots.ORANGE,
        linewidth=6,
        linestyle="-",
        label="one interval",
    )
    line_ax.set(xlim=(0, 1), ylim=(-0.4, 1.9), xlabel="x", ylabel="value", title=f"{n} examples")
    plots.legend(line_ax, loc="upper right")
    found = mean_interval(BLOCK_ERRORS[examples].T)
    error_ax.fill_between(WIDTHS, found.low, found.high, color=plots.BLUE, alpha=0.25, linewidth=0)
    error_ax.plot(WIDTHS, found.estimate, color=plots.BLUE, linestyle="-", marker="o", markersize=4)
    error_ax.plot(WIDTHS[k], found.estimate[k], "o", color=plots.BLUE, markersize=11)
    error_ax.set(xscale="log", ylim=(0, 0.6), xlabel="width of an interval", ylabel="error")
    error_ax.set(xticks=[0.02, 0.05, 0.1, 0.2, 0.5], xticklabels=["0.02", "0.05", "0.1", "0.2", "0.5"])
    error_ax.minorticks_off()
    error_ax.set_title("error of 30 learners")
    return {
        "examples": float(n), "width": float(WIDTHS[k]), "error": float(found.estimate[k]),
        "best width": float(WIDTHS[found.estimate.argmin()]),
    }  # fmt: skip


# %% [markdown]
# The lab:

# %% tags=["hide"]
explore(
    draw_widths,
    alt="A block, what coarse coding has learnt of it, and the error over the width of the intervals",
    size=(10.5, 4.1),
    settings={
        "narrow, few examples": {"width": 0, "examples": 0},
        "wide, few examples": {"width": 8, "examples": 0},
        "narrow, many examples": {"width": 0, "examples": 9},
        "wide, many examples": {"width": 8, "examples": 9},
    },
    width=Slider("", "width (9 of them)", min=0, max=8, step=1),
    examples=Slider("", "examples, doubled from 10", min=0, max=9, step=1),
)

# %% [markdown]
# In numbers:

# %% tags=["hide"]
print("best width for 10, 20, 40 … examples:", WIDTHS[BLOCK_ERRORS.mean(axis=2).argmin(axis=1)])
print("error at width 0.3 minus error at width 0.03, three disjoint sets of ten learners:")
for n in (0, 2, 9):
    narrow, wide = BLOCK_ERRORS[n][[1, 7]]
    sets = "  ".join(
        f"{i.estimate:+.3f} [{i.low:+.3f}, {i.high:+.3f}]" for i in intervals_of_sets(wide - narrow)
    )
    print(f"  {COUNTS[n]:4} examples: {sets}")

# %% [markdown]
# With 10 examples the best width is 0.3, with 160 it is 0.09, and from 640 on 0.03. Intervals of width 0.3 carry each example that far to either side: right while most of the line has no example of its own, and a blur later. In the end the widths differ little (an error of 0.08 at width 0.03, and of 0.09 at 0.3): how far the features reach decides mainly how *fast* one learns. The three sets of learners agree.
#
# ## 3 · The semi-gradient (16 minutes)
#
# In learning values there is no $y$ but a target. With Monte Carlo's return nothing changes: it is a number from the world, and on average the step goes down the gradient of
# $$\tfrac12\sum_s\mu(s)\,\big(V^\pi(s)-\hat V(s)\big)^2,$$
# where $\mu(s)$ is how often $s$ is updated. TD(0) puts $r+\gamma\hat V(s')$ for $y$ and otherwise does the same:
# $$w \leftarrow w + \alpha\,\big(r+\gamma\,w^\top\phi(s') - w^\top\phi(s)\big)\,\phi(s).$$
# But now $w$ stands in the target too, and the step ignores it: a **semi-gradient**. Averaged over all that can happen, with the weights $\mu$ and next states of the policy $\pi$,
# $$\mathbb E[\text{step}] = \alpha\,(b-Aw),\qquad A = \Phi^\top D\,(I-\gamma P_\pi)\,\Phi,\qquad b = \Phi^\top D\,r_\pi .$$
#
# **Is it the gradient of something else, then?** In general, no. The derivative of a gradient is a matrix of second derivatives, which is symmetric. The derivative of the step is $-\alpha A$, and $A$ is symmetric in special cases only, such as when every step is as frequent as its reverse. A world in which that can be seen: eight states in a circle. The only step from each leads to the next, and that from state 0 pays 1.

# %% tags=["hide"]
circle_moves = np.zeros((8, 1, 8))
circle_moves[np.arange(8), 0, (np.arange(8) + 1) % 8] = 1
circle = markov.MDP(circle_moves, np.eye(8)[:, :1], np.eye(8)[0], 0.9)
plots.mdp(circle, actions=["on"], layout="circle", size=(4.8, 4.8))

# %% [markdown]
# A question first:

# %% tags=["hide"]
predict(
    "Two features place the eight states at the corners of an octagon around 0, a little to the right. TD(0) is followed with very small steps from far away. Its way in the plane of weights is…",
    choices={
        "a spiral": "",
        "a straight line": "Monte Carlo's nearly is, as all directions are about equally steep here.",
        "an endless circle": "It would be one if nothing pulled inward; but each state's own estimate pulls.",
    },
    answer="a spiral",
    why="Each state's estimate is pulled towards its successor's, which lies 45 degrees further.",
)

# %% [markdown]
# Both steps, in numbers:

# %%
angle = 2 * np.pi * np.arange(8) / 8
corners = np.stack([np.cos(angle) + 0.3, np.sin(angle)], axis=1)  # Φ [8, 2]
always, alike = np.ones((8, 1)), np.full(8, 1 / 8)
A, b = linear.td_system(circle, always, corners, alike)
A_mc = corners.T @ np.diag(alike) @ corners  # Monte Carlo: the target does not move with w
b_mc = corners.T @ np.diag(alike) @ markov.values(circle, always)


def work(matrix, offset):
    """What a walk once round a unit square meets of the field b − A w; 0 for every gradient."""
    ends = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], dtype=float)
    total = 0.0
    for start, end in zip(ends[:-1], ends[1:], strict=True):
        middle = (start + end) / 2  # exact for a linear field
        total += (offset - matrix @ middle) @ (end - start)
    return total


# %% [markdown]
# Against the updates themselves, and round a square. A gradient does no work on a closed path:

# %%
rng = np.random.default_rng(0)
w = rng.normal(size=2)
step = np.zeros(2)
for s in range(8):  # the eight updates, one by one
    delta = circle.reward[s, 0] + 0.9 * w @ corners[(s + 1) % 8] - w @ corners[s]
    step += delta * corners[s] / 8
with receipts("the formulas", oracle="named in the line") as same:
    same("b − A w = the eight updates, averaged", b - A @ w, step)
    same("TD: work round a square = A₁₂ − A₂₁, not 0", work(A, b), A[0, 1] - A[1, 0])
    same("Monte Carlo: work round a square = 0", work(A_mc, b_mc), 0)
assert abs(work(A, b)) > 0.1

# %% [markdown]
# Both fields, and the way of each learner:

# %% tags=["hide"]
fig = plots.figure(10, 4.3)
side = np.linspace(-3, 3, 13)
mesh = np.stack(np.meshgrid(side, side), axis=-1)
for ax, matrix, offset, colour, title in zip(
    plots.axes(fig, 1, 2), (A_mc, A), (b_mc, b), (plots.GREEN, plots.BLUE),
    ("Monte Carlo: a gradient", "TD(0): it turns"), strict=True,
):  # fmt: skip
    field = offset - mesh @ matrix.T
    ax.quiver(*np.moveaxis(mesh, -1, 0), *np.moveaxis(field, -1, 0), color=plots.GREY, alpha=0.7, width=0.004)
    way = [np.array([2.6, 2.2])]
    for _ in range(3000):
        way.append(way[-1] + 0.01 * (offset - matrix @ way[-1]))
    ax.plot(*np.array(way).T, color=colour, linestyle="-")
    ax.plot(*way[-1], "o", color=colour, markersize=9)
    ax.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal", xlabel="w₁", ylabel="w₂", title=title)
plots.show(
    fig,
    alt="Fields of Monte Carlo and of TD in the plane of two weights; one way nearly straight, the other a spiral",
)

# %% [markdown]
# Monte Carlo goes down its hill, nearly straight. TD(0) turns on its way, and ends elsewhere (section 4). A small step down a true gradient lowers the error that it belongs to, so that this error cannot grow. A field that turns lowers nothing in general; whether it draws inward or drives outward depends on $A$. Inward means that all eigenvalues of $A$ have positive real parts.
#
# ## 4 · Where it settles, and how far off that is (20 minutes)
#
# TD(0) rests where the expected step is 0, at its **fixed point** $w^* = A^{-1}b$. Written out, $\Phi^\top D\,(r_\pi+\gamma P_\pi\Phi w^*-\Phi w^*) = 0$: the TD errors are orthogonal to every feature. That is what least squares asks for, so $\Phi w^* = \Pi\,(r_\pi+\gamma P_\pi\Phi w^*)$, with $\Pi$ the projection under the weights $\mu$. Back up, and the result leaves the plane that the features can express; project, and you are where you began. The best fit, $\Pi V^\pi$, is something else.
#
# Back to the grid of lecture 01, with random steps. Four features, one for each quarter of the grid (of 9, 6, 6 and 4 cells): all cells of a quarter share one number. This is called *state aggregation*. The states are weighted by $\bar d$, as in a long walk.

# %%
grid = markov.jump_grid(gamma=0.9)
uniform, rows, columns = markov.uniform_policy(grid), np.repeat(np.arange(5), 5), np.tile(np.arange(5), 5)
quarters = np.eye(4)[2 * (rows > 2) + (columns > 2)]  # Φ [25, 4]
stationary, V = markov.stationary_distribution(grid, uniform), markov.values(grid, uniform)
w_td = linear.td_fixed_point(grid, uniform, quarters, stationary)


def best_fit(features, values, weighting):
    """Least squares under the weights μ: Π V = Φ w."""
    root = np.sqrt(weighting)
    return np.linalg.lstsq(features * root[:, None], values * root, rcond=None)[0]


w_fit = best_fit(quarters, V, stationary)
project = quarters @ np.linalg.solve(
    quarters.T @ np.diag(stationary) @ quarters, quarters.T @ np.diag(stationary)
)
with receipts("Φ w*", oracle="project the backup") as same:
    same("Π (r + γ P Φ w*)", quarters @ w_td, project @ markov.bellman_backup(grid, uniform, quarters @ w_td))

# %% [markdown]
# Does a learner really end there? A hundred of them walk the grid side by side and learn by the formula of section 3, with steps that shrink.

# %%
steps, learners = 8000, 100
walk = markov.sample_walks(grid, uniform, steps, learners, seed=3)
w, mean_w = np.zeros((learners, 4)), np.zeros((learners, 4))
for t in range(steps):
    now, after = quarters[walk.states[t]], quarters[walk.states[t + 1]]
    delta = walk.rewards[t] + 0.9 * np.sum(w * after, axis=1) - np.sum(w * now, axis=1)
    w += 0.05 / (1 + t / 2000) * delta[:, None] * now
    mean_w += (t >= steps // 2) * w / (steps - steps // 2)
spread = mean_w.std(axis=0) / np.sqrt(learners)
with receipts("100 learners, mean weights", oracle="named in the line") as same:
    same("TD's fixed point, to 4 standard errors", mean_w.mean(axis=0), w_td, 4 * spread.min())
off = np.abs(mean_w.mean(axis=0) - w_fit) / spread
print(f"from the best fit they are {off.max():.0f} standard errors away")
assert off.max() > 20

# %% [markdown]
# The two solutions beside the truth:

# %% tags=["hide"]
fig = plots.figure(10.5, 3.9)
low_high = (-3.0, 9.0)
for ax, shown_values, title in zip(
    plots.axes(fig, 1, 3), (V, quarters @ w_fit, quarters @ w_td),
    ("true values", "best fit", "where TD settles"), strict=True,
):  # fmt: skip
    plots.grid(ax, (5, 5), values=shown_values, limits=low_high)
    ax.set_title(title)
error_of = {
    name: np.sqrt(stationary @ (quarters @ weights - V) ** 2)
    for name, weights in (("best fit", w_fit), ("TD", w_td))
}
print("error under the stationary weights:", {name: round(float(e), 3) for name, e in error_of.items()})
plots.show(
    fig,
    alt="True values of the grid, their best fit by one number a quarter, and the numbers where TD settles",
)

# %% [markdown]
# All four of TD's numbers are nearer to 0: 0.89 for 1.75 in the upper left quarter. Most steps stay within a quarter, so its number stands in its own targets, and the jump that makes the quarter valuable is diluted. The error is 1.31, a tenth above the best possible, 1.19.
#
# **A bound.** With the policy's own stationary weights the fixed point cannot be far off (after Tsitsiklis and Van Roy 1997):
# $$\lVert\Phi w^*-V^\pi\rVert_{\bar d} \;\le\; \frac1{\sqrt{1-\gamma^2}}\,\lVert\Pi V^\pi-V^\pi\rVert_{\bar d}.$$
#
# **Step 1.** Under $\bar d$ a step of the policy lengthens nothing: $\lVert P_\pi v\rVert^2 \le \sum_s\bar d(s)\sum_{s'}P_\pi(s'\mid s)\,v(s')^2 = \lVert v\rVert^2$. (The square of an average is at most the average of the squares; then $\bar d P_\pi=\bar d$.)
#
# **Step 2.** $\Phi w^* - \Pi V^\pi = \Pi\,\gamma P_\pi(\Phi w^*-V^\pi)$, and $\Pi$ lengthens nothing. So it is at most $\gamma\lVert\Phi w^*-V^\pi\rVert$ long.
#
# **Step 3.** Pythagoras, as $\Pi V^\pi-V^\pi$ is orthogonal to the plane: $\lVert\Phi w^*-V^\pi\rVert^2 \le \lVert\Pi V^\pi-V^\pi\rVert^2 + \gamma^2\lVert\Phi w^*-V^\pi\rVert^2$.
#
# Step 1 is where "the policy's own" comes in, and it also makes $A$ positive definite, so that TD goes there. With other weights neither need be so.


# %%
def ratio(mdp, policy, features, weighting):
    """‖Φw* − V‖/‖ΠV − V‖ under the weights."""
    V = markov.values(mdp, policy)
    settles = features @ linear.td_fixed_point(mdp, policy, features, weighting)
    best = features @ best_fit(features, V, weighting)
    return np.sqrt(weighting @ (settles - V) ** 2 / (weighting @ (best - V) ** 2))


# %% [markdown]
# Random worlds, under three kinds of weights:

# %%
worst_on = worst_start = worst_off = 0.0
for seed in range(300):
    world = markov.MDP.random(8, 2, seed, (0.5, 0.9, 0.99)[seed % 3], branching=2)
    policy, rng = markov.random_policy(world, seed), np.random.default_rng(seed)
    features, gamma = rng.normal(size=(8, 3)), world.gamma
    try:
        own = markov.stationary_distribution(world, policy)
    except ValueError:  # a few of these worlds have two sets of states that are never left
        continue
    if own.min() > 1e-6:
        worst_on = max(worst_on, ratio(world, policy, features, own) * np.sqrt(1 - gamma**2))
    visits = markov.visitation(world, policy, start=np.full(8, 1 / 8))
    worst_start = max(worst_start, ratio(world, policy, features, visits) * np.sqrt(1 - gamma))
    other = rng.dirichlet(np.full(8, 0.3)) + 1e-6
    worst_off = max(worst_off, ratio(world, policy, features, other) * np.sqrt(1 - gamma**2))
with receipts("largest excess over the bound", oracle="steps 1 to 3") as same:
    same("300 random worlds, stationary weights, 1/√(1 − γ²)", max(worst_on - 1, 0), 0)
    same("visitation d as weights, 1/√(1 − γ): section 5", max(worst_start - 1, 0), 0)
print(
    f"largest share of the bound: stationary {worst_on:.2f}, visitation {worst_start:.2f}, other weights {worst_off:.1f}"
)
assert worst_off > 5

# %% [markdown]
# ## 5 · Which states should count (12 minutes)
#
# Two states: the first leads to the second, and that back again one time in ten. One feature, 1 and 2: the estimates are $(w, 2w)$, a line through 0. Being in state 2 pays 1.

# %% tags=["hide"]
pair_moves = np.array([[[0.0, 1.0]], [[0.1, 0.9]]])
pair = markov.MDP(pair_moves, [[0.0], [1.0]], [1.0, 0.0], 0.9)
PAIR, ONE_TWO = np.ones((2, 1)), np.array([[1.0], [2.0]])
plots.mdp(pair, states=["1", "2"], actions=["on"], size=(5.4, 2.6))

# %% [markdown]
# A question first:

# %% tags=["hide"]
predict(
    "You choose how much state 1 counts, from 0 to 1. The policy itself spends 9 % of its time there. Where is TD's fixed point, the weight w at which it rests?",
    {
        "always between the two that fit one state each": "So it is for the best fit, which compromises. TD's target moves with w, and that can take it anywhere.",
        "infinitely far away for one choice": "",
        "always in one place": "The features cannot express the truth, so that every choice is another compromise.",
    },
    answer="infinitely far away for one choice",
    why="There A = 0: no fixed point. Close to it, it is as far off as you like; beyond it TD also runs away from it.",
)

# %% [markdown]
# **Try.** Move the share from the policy's own 0.09 upwards. Left: all that can be expressed is the line; the best fit and TD's fixed point walk on it. Right: the ratio of their errors.


# %% tags=["hide"]
PAIR_V = markov.values(pair, PAIR)
SHARES = np.linspace(0.001, 0.999, 999)


def settle(share):
    """A, TD's fixed point and the best fit, when state 1 counts for this share."""
    mu = np.array([share, 1 - share])
    A, b = linear.td_system(pair, PAIR, ONE_TWO, mu)
    return A[0, 0], b[0] / A[0, 0], best_fit(ONE_TWO, PAIR_V, mu)[0]


def times_worse(share):
    """The error of TD's fixed point in units of the best possible."""
    _, td, fit = settle(share)
    error = [share * (w - PAIR_V[0]) ** 2 + (1 - share) * (2 * w - PAIR_V[1]) ** 2 for w in (td, fit)]
    return np.sqrt(error[0] / error[1])


RATIOS = np.array([times_worse(share) for share in SHARES])
UNSTABLE = SHARES[[settle(share)[0] < 0 for share in SHARES]].min()


# %% [markdown]
# Each picture of the lab:


# %% tags=["hide"]
def draw_pair(fig, share=0.09):
    plane_ax, ratio_ax = plots.axes(fig, 1, 2)
    A, td, fit = settle(share)
    line = np.array([-30.0, 30.0])
    plane_ax.plot(line, 2 * line, color=plots.GREY, linestyle="-", linewidth=1.2)
    plane_ax.plot(*PAIR_V, "*", color=plots.BLACK, markersize=15)
    plane_ax.text(PAIR_V[0] + 0.6, PAIR_V[1] - 0.3, "truth", fontsize=12, va="center")
    for w, colour, mark, name, side in (
        (fit, plots.GREEN, "s", "best fit", -1),
        (td, plots.BLUE, "o", "TD", 1),
    ):
        if -2 < w < 10:
            plane_ax.plot(w, 2 * w, mark, color=colour, markersize=10)
            away = {"ha": "left" if side > 0 else "right", "va": "top" if side > 0 else "bottom"}
            plane_ax.text(
                w + 0.5 * side, 2 * w - 0.4 * side, name, fontsize=12, color=plots.ink(colour), **away
            )
        else:
            far = f"{name}: w = {plots.shown(round(w, 1))}, outside this picture"
            plane_ax.text(13.8, -3.2, far, fontsize=12, ha="right", color=plots.ink(colour))
    plane_ax.set(xlim=(-4, 14), ylim=(-4, 20), xlabel="value of state 1", ylabel="value of state 2")
    plane_ax.set_title("TD leads there" if A > 0 else "TD runs away from it")
    ratio_ax.plot(SHARES, RATIOS, color=plots.BLUE, linestyle="-")
    times = float(times_worse(share))
    ratio_ax.plot(share, times, "o", color=plots.BLUE, markersize=10)
    ratio_ax.axhline(1 / np.sqrt(1 - 0.81), color=plots.GREY, linestyle=plots.DOTS)
    ratio_ax.text(0.98, 2.5, "the bound on-policy", ha="right", fontsize=11, color=plots.GREY)
    ratio_ax.axvspan(UNSTABLE, 1, color=plots.VERMILION, alpha=0.12)
    ratio_ax.text(0.98, 30, "A < 0: TD diverges", ha="right", fontsize=11, color=plots.ink(plots.VERMILION))
    ratio_ax.set(xlim=(0, 1), ylim=(0.8, 100), yscale="log", xlabel="how much state 1 counts")
    ratio_ax.set(ylabel="error of TD / of best fit", title="no bound off-policy")
    return {"A": float(A), "w, TD": float(td), "w, best fit": float(fit), "times worse": times}


# %% [markdown]
# The lab:

# %% tags=["hide"]
explore(
    draw_pair,
    alt="Truth, best fit and TD's fixed point of two states; their ratio of errors over how much state 1 counts",
    size=(10.5, 4.2),
    settings={
        "the policy's own share": {"share": 0.09},
        "as good as the best fit": {"share": 0.17},
        "converges, far from the truth": {"share": 0.41},
        "diverges": {"share": 0.6},
    },
    share=Slider("", "share of state 1", min=0.01, max=0.99, step=0.01),
)

# %% [markdown]
# At the policy's own share TD's error is 1.6 times the best, below the bound of 2.3. Near 0.17 the two meet. Towards 0.42 the ratio grows beyond every bound, *while TD still converges*: to converge is not to be close. Beyond 0.42, $A$ is negative: TD runs away from its fixed point.
#
#
# **So on which states should a critic be fitted?** A *critic* is a value function that helps to improve a policy. It is asked where the policy goes, and the policy's own data come from there.
#
# - With few features it cannot be right everywhere, and $\mu$ says where it is right. So choose $\mu$ close to where it will be asked: $d^\pi$.
# - $\bar d$ makes TD safe, as in step 1. So does $d^\pi$: from $d^\pi = (1-\gamma)\rho_0 + \gamma P_\pi^\top d^\pi$ follows $\lVert P_\pi v\rVert_{d^\pi}^2 \le \frac1\gamma\lVert v\rVert^2_{d^\pi}$. Steps 2 and 3 then have $\sqrt\gamma$ for $\gamma$, and the bound reads $1/\sqrt{1-\gamma}$ (second receipt of section 4).
# - The states of other policies promise neither. A replay buffer, a memory of old steps, holds them all the same; lectures 05b and 06 measure what that costs.
#
# A case: a policy on the grid that takes the best action nine times in ten, else a random one. A critic of four numbers, fitted to its *exact* values or learnt by TD under three kinds of weights, is judged where the policy is:

# %%
mostly_best = markov.mixture(markov.policy_iteration(grid, uniform)[-1], uniform, 0.1)
V_best, visits = markov.values(grid, mostly_best), markov.visitation(grid, mostly_best)
for name, weighting in (
    ("its own visitation d", visits),
    ("every cell alike", np.full(25, 1 / 25)),
    ("where random steps go", stationary),
):
    fitted = quarters @ best_fit(quarters, V_best, weighting)
    settles = quarters @ linear.td_fixed_point(grid, mostly_best, quarters, weighting)
    errors = [np.sqrt(visits @ (found - V_best) ** 2) for found in (fitted, settles)]
    print(f"{name:22}  error where the policy is: best fit {errors[0]:.2f}, TD {errors[1]:.2f}")

# %% [markdown]
# The best fit hardly minds from where its weights come. TD's fixed point does: its error rises from 3.2 to 9 and 13.
#
#
# ## 6 · The deadly triad (14 minutes)
#
# Back to the explosion. Three ingredients, each of which can be left out:
#
# | leg | with it | without it |
# |:---|:---|:---|
# | **function approximation** | seven states share eight weights | a table: one number a state |
# | **bootstrapping** | target $r+\gamma\hat V(s')$ | Monte Carlo: the return, which is 0 here |
# | **off-policy data** | the policy asked about always goes solid, the data do not | the policy asked about is the one that makes the data |
#
# That gives eight corners of a cube. In each the estimates obey $v \leftarrow v-\alpha M v$ with a matrix $M$, so that in the long run they grow or shrink each update by the *spectral radius* of $I-\alpha M$, its largest absolute eigenvalue.

# %% tags=["hide"]
predict(
    "In how many of the eight corners do the estimates explode?",
    {
        "in one: with all three legs": "",
        "in four: whenever the data are off-policy": "Off-policy data alone are harmless: a table, or Monte Carlo, learns from them.",
        "in two: off-policy with bootstrapping": "With a table that is Q-learning's way, and it converges.",
        "in none, with so small a step": "The step size decides how fast it explodes, not whether.",
    },
    answer="in one: with all three legs",
    why="Each pair of legs stands by itself. That is why the danger is easily overlooked.",
)

# %% [markdown]
# All eight:

# %%
LEGS = ("approximation", "bootstrapping", "off_policy")
CORNERS = [dict(zip(LEGS, on, strict=True)) for on in product((True, False), repeat=3)]


def spectral_radius(alpha, approximation, bootstrapping, off_policy):
    """max |λ| of I − α M, the matrix that one expected update applies to the seven estimates."""
    features = BAIRD.features if approximation else np.eye(7)
    judged = BAIRD.target if off_policy else BAIRD.behaviour
    P, _ = markov.induced_process(BAIRD.mdp, judged)
    return linear.spectral_radius(
        np.eye(7) - alpha * features @ features.T / 7 @ (np.eye(7) - bootstrapping * 0.99 * P)
    )


def named(corner):
    return ", ".join(name.replace("_", "-") for name, on in corner.items() if on) or "none of the three"


# %% [markdown]
# Run, and compared:

# %%
radii = []
with receipts("growth per update, 600 updates run", oracle="largest eigenvalue") as same:
    for corner in CORNERS:
        V_run = expected_updates(600, alpha=0.1, **corner)
        size = np.abs(V_run).max(axis=1)
        radii.append(spectral_radius(0.1, **corner))
        same(named(corner), (size[600] / size[400]) ** (1 / 200), radii[-1], 1e-4)
assert radii[0] > 1 and max(radii[1:]) < 1, "all three legs, and only they, explode"

# %% [markdown]
# That was the average update. A learner sees single transitions:


# %%
@dataclass(frozen=True)
class TD:
    """TD(0) on Baird's states, with each leg of the triad on a switch."""

    approximation: bool = True
    bootstrapping: bool = True
    off_policy: bool = True
    step: float = 0.02


# %% [markdown]
# One transition changes the weights, or the table:


# %%
def update(td, w, table, rng):
    """One transition for each of the learners: w [N, 8], or table [N, 7] without approximation."""
    N = len(w)
    s = rng.integers(7, size=N)  # the behaviour visits all states alike
    solid = rng.random(N) < 1 / 7
    after = np.where(solid, 6, rng.integers(6, size=N))
    ratio = 7.0 * solid if td.off_policy else 1.0  # π(a|s)/β(a|s): always solid, against 1/7
    values = w @ BAIRD.features.T if td.approximation else table
    here, there = values[np.arange(N), s], values[np.arange(N), after]
    if td.bootstrapping:
        change = ratio * (0.99 * there - here)
    else:
        change = 0.0 - here  # the return, which is 0 whatever is done
    if td.approximation:
        w += td.step * change[:, None] * BAIRD.features[s]
    else:
        table[np.arange(N), s] += td.step * change


# %% [markdown]
# Thirty learners in each corner:


# %%
def run_corner(corner, seeds=30, steps=3000):
    """log₁₀ of each learner's largest estimate, every 50 transitions: [seeds, steps / 50]."""
    rng, td = np.random.default_rng(0), TD(**corner)
    w = np.tile(BAIRD.weights, (seeds, 1))
    table, found = w @ BAIRD.features.T, []
    for t in range(steps):
        update(td, w, table, rng)
        if t % 50 == 49:
            values = w @ BAIRD.features.T if td.approximation else table
            found.append(np.log10(np.abs(values).max(axis=1)))
    return np.array(found).T


# %% [markdown]
# In three disjoint sets of ten learners, all of a corner do the same:

# %%
sampled = [run_corner(corner) for corner in CORNERS]
for corner, found in zip(CORNERS, sampled, strict=True):
    thirds = found[:, -1].reshape(3, 10)  # three disjoint sets of ten learners
    explodes = thirds.min(axis=1) > np.log10(12)  # all ten above the largest estimate of the start
    shrinks = thirds.max(axis=1) < np.log10(12)
    assert explodes.all() if all(corner.values()) else shrinks.all(), corner

# %% [markdown]
# The mean of the logarithm of their largest estimate, and its 95 % interval:

# %% tags=["hide"]
fig = plots.figure(9, 4.2)
ax = plots.axes(fig)
colours = (
    plots.VERMILION,
    plots.BLUE,
    plots.GREEN,
    plots.PURPLE,
    plots.ORANGE,
    plots.SKY,
    plots.GREY,
    plots.BLACK,
)
lines = ("-", plots.DASHES, plots.DOTS, plots.DASH_DOT, plots.LONG, "-", plots.DASHES, plots.DOTS)
SHORT = {"approximation": "approximation", "bootstrapping": "bootstrapping", "off_policy": "off-policy"}
for corner, found, colour, line in zip(CORNERS, sampled, colours, lines, strict=True):
    found = mean_interval(found)
    at = 50 * np.arange(1, 61)
    ax.fill_between(at, found.low, found.high, color=colour, alpha=0.2, linewidth=0)
    ax.plot(
        at,
        found.estimate,
        color=colour,
        linestyle=line,
        label=named(corner).replace("approximation", "approx.").replace("bootstrapping", "bootstr."),
    )
ax.set(
    xlim=(0, 3000),
    xlabel="transitions",
    ylabel="log₁₀ of the largest estimate",
    title="Only all three legs together explode",
)
plots.label_lines(ax, size=10.5)
plots.show(
    fig, alt="The largest estimate in the eight corners of the triad: it grows only with all three legs"
)

# %% [markdown]
# Only one curve climbs, tenfold in about 500 transitions. Two pairs lie on each other: without bootstrapping every target is 0, whoever makes the data. The table that bootstraps off-policy falls too, too slowly to be seen.
#
# **Live.** Beside the curves stand the weights of the first learner, on a logarithmic scale. Press **Start**, watch the estimates grow, and then take away one leg *while it runs*. Put it back. Which leg brings the values down fastest?


# %% tags=["hide"]
class Learning:
    """What a live panel sees of a run: log₁₀ of each learner's largest estimate, every 100 transitions."""

    def __init__(self, td, steps, seeds):
        self.algorithm, self.steps, self.stopping = td, 0, False
        self.run, self.found = Run(td, "Baird", seeds, steps), []
        self.first = BAIRD.weights  # what the first learner has learnt: eight weights, or seven entries

    def stop(self):
        self.stopping = True

    def note(self, values):
        self.steps += 10
        if self.steps % 100 == 0:
            self.found.append(np.log10(np.maximum(np.abs(values).max(axis=1), 1e-12)))
            E = len(self.found)
            self.run.curve = Curve(100 * np.arange(1, E + 1), np.zeros(E), np.array(self.found).T)


# %% [markdown]
# The learner of the panel asks after every ten transitions which legs stand:


# %% tags=["hide"]
def learn_live(td, env, *, steps, seeds, callbacks):
    """A trainer, as `train` is one, for learners on Baird's states."""
    seeds = list(range(seeds)) if isinstance(seeds, int) else seeds
    training, rng = Learning(td, steps, seeds), np.random.default_rng(seeds[0])
    w = np.tile(BAIRD.weights, (len(seeds), 1))
    table, shared = w @ BAIRD.features.T, td.approximation
    while training.steps < steps and not training.stopping:
        now = training.algorithm
        if shared and not now.approximation:  # the estimates stay, whoever keeps them from here on
            table = w @ BAIRD.features.T
        elif now.approximation and not shared:
            w = table @ np.linalg.pinv(BAIRD.features).T
        shared = now.approximation
        for _ in range(10):
            update(now, w, table, rng)
        time.sleep(0.002)  # slow enough to watch
        training.first = (w if shared else table)[0].copy()
        training.note(w @ BAIRD.features.T if shared else table)
        for callback in callbacks:
            callback(training)
    training.run.status = "stopped" if training.stopping else "finished"
    return training.run


# %% [markdown]
# The weights as bars:


# %% tags=["hide"]
def weights_svg(training):
    """A bar for each number: log₁₀(1 + its size), upwards if it is positive."""
    numbers = training.first
    name, words = ("w", "weights") if len(numbers) == 8 else ("V", "a table")
    tall = np.log10(1 + np.abs(numbers))
    top = 3 * max(1, int(np.ceil(tall.max() / 3)))
    power = str(top).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    parts = [f'<text x="4" y="15">{words}; full height: 10{power}</text>']
    for i, (number, height) in enumerate(zip(numbers, 88 * tall / top, strict=True)):
        y, colour = (120 - height, plots.BLUE) if number > 0 else (120, plots.VERMILION)
        parts.append(f'<rect x="{8 + 28 * i}" y="{y:.1f}" width="20" height="{height:.1f}" fill="{colour}"/>')
        parts.append(f'<text x="{18 + 28 * i}" y="226" text-anchor="middle">{name}{"₀₁₂₃₄₅₆₇"[i]}</text>')
    parts.append('<line x1="0" x2="238" y1="120" y2="120" stroke="currentColor"/>')
    style = 'fill="currentColor" font-size="13" viewBox="0 0 238 230" width="238" height="230" role="img"'
    said = f"{words}: the largest is {np.abs(numbers).max():.2g}"
    return f'<svg {style} aria-label="{said}">{"".join(parts)}</svg>'


# %% [markdown]
# The panel:

# %% tags=["hide"]
panel = live(
    {"TD": TD()},
    "Baird",
    steps=20_000,
    seeds=4,
    recorded="recordings/01b-live.json",
    title="Baird's states, each leg on a switch",
    trainer=learn_live,
    measure="log₁₀ largest estimate",
    picture=weights_svg,
    approximation=Switch("", "function approximation"),
    bootstrapping=Switch("", "bootstrapping"),
    off_policy=Switch("", "off-policy data"),
    step=Slider("α", "step size", min=0.001, max=0.05, log=True),
)
panel

# %% [markdown]
# Without bootstrapping the values vanish fastest: every target is then 0. With the policy's own data they shrink more slowly, and slowest with a table, by about $(1-\gamma)\alpha/7$ an update.
#
# Most of deep reinforcement learning keeps all three legs, and takes care: slow copies in the targets (lecture 06), data that are not too old, much capacity. None of these is a proof.
#
#
# ## Summary
#
# - Features decide how far an example reaches: wide is right for few examples, narrow for many.
# - TD's step ignores that its target moves. On average it is $\alpha(b-Aw)$. Where $A$ is not symmetric, that is the gradient of nothing.
# - It settles where backing up and projecting gives the same again: not the best fit. Under the policy's own weights the error is at most $1/\sqrt{1-\gamma^2}$ of the best; under others there is no bound.
# - Fit a critic where it will be asked, $d^\pi$.
# - Approximation, bootstrapping, off-policy data: any two are safe here, all three explode.
#
# ## Exercises
#
# **1** ★ (5 minutes) In the lab of section 2 set 10 examples and the narrowest width. What does the estimate look like, and why is it 0 at most places?
# <details><summary>Hint</summary>How many of the hundred intervals does one example lie in?</details>
# <details><summary>Answer</summary>A few spikes: an example changes only the intervals that it lies in, and ten examples touch few of the hundred.</details>
#
# **2** ★★ (15 minutes) $w\to2w$: in section 5's world let state 2 lead only to itself, let only state 1 be updated, and let all rewards be 0. For which $\gamma$ does $w$ grow, and by which factor an update?
# <details><summary>Hint</summary>Write down one update of $w$ from state 1.</details>
# <details><summary>Answer</summary>$w \leftarrow w+\alpha(2\gamma w-w) = (1+\alpha(2\gamma-1))\,w$: it grows for $\gamma>\frac12$. The check:
#
# ```python
# for gamma in (0.4, 0.6):
#     A, _ = linear.td_system(*linear.w_to_2w(gamma))
#     print(gamma, 1 - 0.1 * A[0, 0])  # factor at α = 0.1
# ```
#
# </details>
#
# **3** ★★ (15 minutes) Which $\gamma$ still explodes in Baird's world? Find the threshold by the spectral radius, in a new cell.
# <details><summary>Hint</summary>`linear.baird(gamma)`, then the line of `spectral_radius` with that `gamma` for 0.99.</details>
# <details><summary>Answer</summary>Between 0.88 and 0.89, for small steps: below that no eigenvalue of $M$ has a negative real part. The check:
#
# ```python
# P_solid, _ = markov.induced_process(BAIRD.mdp, BAIRD.target)
# gram = BAIRD.features @ BAIRD.features.T / 7
# for gamma in np.arange(0.80, 1.0, 0.01):
#     radius = linear.spectral_radius(np.eye(7) - 0.01 * gram @ (np.eye(7) - gamma * P_solid))
#     print(f"{gamma:.2f} {radius:.6f}")
# ```
#
# </details>
#
# **4** ★★★ (30 minutes) The *residual gradient* goes down the true gradient of $\frac12\lVert r_\pi+\gamma P_\pi\Phi w-\Phi w\rVert_\mu^2$. Write its expected step for the circle of section 3, show that its matrix is symmetric, and compare where it settles with TD and the best fit.
# <details><summary>Hint</summary>With $B = (I-\gamma P_\pi)\Phi$ it is least squares of $r_\pi$ on $B$.</details>
# <details><summary>Answer</summary>The step is $\alpha\,B^\top D\,(r_\pi-Bw)$; its matrix $B^\top DB$ is symmetric and positive, so that with small steps it cannot explode. It settles at a third place. (From samples it needs two independent next states of one state.) The check:
#
# ```python
# P_circle, r_circle = markov.induced_process(circle, always)
# B = corners - 0.9 * P_circle @ corners
# print(np.linalg.solve(B.T @ B, B.T @ r_circle), np.linalg.solve(A, b), np.linalg.solve(A_mc, b_mc))
# ```
#
# </details>

# %% [markdown]
# ## Further: data of the policy itself, the other way
#
# Section 6 made the data on-policy by asking about the behaviour. One can also let the target policy make the data: it stays in state 6 for ever, which is its stationary distribution, and only that state is updated.

# %%
own = markov.stationary_distribution(BAIRD.mdp, BAIRD.target)
M, _ = linear.td_system(BAIRD.mdp, BAIRD.target, BAIRD.features, own)
w = BAIRD.weights.copy()
for _ in range(3000):
    w -= 0.1 * M @ w
with receipts("always solid, on-policy", oracle="true value") as same:
    same("its one state", own, np.eye(7)[6])
    same("V(6) after 3000 updates", BAIRD.features[6] @ w, 0, 1e-4)

# %% [markdown]
# ## Sources
#
# - Sutton and Barto, [*Reinforcement Learning: An Introduction*](http://incompleteideas.net/book/the-book-2nd.html), 2nd edition, 2018: chapter 9 (linear methods, state aggregation, coarse coding: example 9.3 is the model of section 2) and chapter 11 (Baird's counterexample: 11.2; the deadly triad: 11.3).
# - Baird, *Residual Algorithms: Reinforcement Learning with Function Approximation*, ICML 1995.
# - Tsitsiklis and Van Roy, *An Analysis of Temporal-Difference Learning with Function Approximation*, IEEE Transactions on Automatic Control 42, 1997: convergence, and the bound of section 4 with the larger constant $1/(1-\gamma)$. Step 3, Pythagoras in place of the triangle inequality, makes it smaller.
