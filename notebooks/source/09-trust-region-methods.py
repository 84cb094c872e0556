# %% [markdown]
# # Lecture 09 · Trust-region methods
#
# **Question.** A model tells you where to step. How far do you believe it, and who checks?
#
# Lecture 08 ended with a promise that shrinks as the step grows. Numerical optimisation has lived with that
# problem for decades. This page is its answer, in one dimension first, then in two, and at the end in RL words.
# We *minimise* here, as the optimisation books do.
#
# *You need:* gradients and Hessians; section 3 of lecture 08.

# %% [markdown]
# The tools. `receipt` prints both sides of a claim and fails if they differ.

# %%
import inspect
from dataclasses import replace
from functools import lru_cache

import numpy as np
from contourpy import contour_generator
from IPython.display import Code
from matplotlib.collections import LineCollection
from scipy.optimize import minimize

from rlcourse import plots
from rlcourse.equations import markov
from rlcourse.equations import trust_region as tr
from rlcourse.pages import receipt
from rlcourse.widgets import Choice, Slider, explore, predict

plots.use()
np.set_printoptions(precision=4, suppress=True)

# %% [markdown]
# ## 1 · Two ways to take a step
#
# | | first | then |
# |---|---|---|
# | **line search** | a direction $d$ (for instance $-\nabla f$) | a length: try $t, t/2, t/4, \dots$ along $d$ |
# | **trust region** | a length: the radius Δ within which a model of $f$ is believed | the best step inside, *in any direction* |
#
# Gradient descent is a line search. The next cell stands at one point of Rosenbrock's valley and asks the trust region
# for its step at several radii (how it finds them is section 6). Watch the angle to $-\nabla f$, and to Newton's step.

# %%
x = np.array([-0.6, 0.3])
g, H = tr.rosenbrock.gradient(x), tr.rosenbrock.hessian(x)
newton_step = -np.linalg.solve(H, g)


def angle(a, b):
    """Degrees between two vectors."""
    return np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1)))


print("   Δ     ‖p‖    angle to −∇f   angle to Newton")
for radius in (0.02, 0.06, 0.08, 0.1, 0.12, 0.15, 1.0):
    p = tr.steihaug_step(g, H, radius, tolerance=1e-10)  # section 6
    print(f"{radius:5}  {np.linalg.norm(p):6.3f}  {angle(p, -g):10.1f}°  {angle(p, newton_step):12.1f}°")
print(f"Newton's step has length {np.linalg.norm(newton_step):.3f}")

# %% [markdown]
# Seen: a small region gives the gradient's direction, a large one Newton's step. The direction *turns with the radius*.
# A line search has one direction, and keeps it.

# %% [markdown]
# ## 2 · Models
#
# Around $x_k$, for a step $p$:
# $$\text{linear: } m(p) = f(x_k) + \nabla f(x_k)^\top p
#   \qquad \text{quadratic: } m(p) = f(x_k) + \nabla f(x_k)^\top p + \tfrac12 p^\top\nabla^2 f(x_k)\,p.$$
#
# The linear model in a ball has a familiar answer: go downhill to the edge, $p = -\Delta\,\nabla f/\|\nabla f\|$.
# So gradient descent *is* a trust-region method with a linear model. Checked against every direction on the circle:

# %%
circle = np.stack(
    [np.cos(np.linspace(0, 2 * np.pi, 100_001)), np.sin(np.linspace(0, 2 * np.pi, 100_001))], axis=1
)
linear = tr.linear_model(tr.rosenbrock, x)
best = 0.3 * circle[np.argmin(linear(0.3 * circle))]
receipt("linear model in a ball of radius 0.3", best, -0.3 * g / np.linalg.norm(g), 1e-4)

# %% [markdown]
# How good are they? Halve the step and look at the error: the linear model's falls by 4, the quadratic one's by 8.

# %%
quadratic = tr.quadratic_model(tr.rosenbrock, x)
direction = np.array([0.6, -0.8])
for length in (0.1, 0.05, 0.025, 0.0125):
    p = length * direction
    errors = [abs(tr.rosenbrock(x + p) - model(p)) for model in (linear, quadratic)]
    print(f"‖p‖ = {length:<7} linear off by {errors[0]:.2e}   quadratic off by {errors[1]:.2e}")

# %% [markdown]
# ## 3 · The double well
#
# $f(x) = (x^2-1)^2$ has minima at $\pm 1$ and a maximum at 0, with
# $f'(x) = 4x(x^2-1)$ and $f''(x) = 12x^2-4$.

# %% {"jupyter": {"source_hidden": true}}
predict(
    "Start exactly at x = 0. After 50 steps of gradient descent with rate 0.1, where is x?",
    choices=["at −1", "at +1", "still at 0"],
    answer="still at 0",
    why="f′(0) = 0: there is no direction to go. The quadratic model sees more: f″(0) = −4, so it bends down.",
)

# %% [markdown]
# The model at 0 is $m(p) = 1 - 2p^2$: concave. Its minimum over $|p|\le\Delta$ is at the *edge*.

# %%
stuck = tr.gradient_descent(tr.double_well, 0.0, rate=0.1, steps=50)
print(f"gradient descent: {len(stuck) - 1} steps taken, x = {stuck[-1]}")
model = tr.quadratic_model(tr.double_well, 0.0)
print(f"model at 0: value {model.value}, slope {model.gradient + 0.0}, curvature {model.hessian}")
for radius in (0.25, 0.5, 1.0):
    step = tr.trust_region_step(tr.double_well, 0.0, radius)
    receipt(f"Δ = {radius}: the step ends on the edge", abs(step.candidate), radius)
    receipt(f"Δ = {radius}: predicted decrease is 2Δ²", step.predicted, 2 * radius**2)

# %% [markdown]
# One drawing serves for the rest of the page: black $f$, green the model inside the region and the step it proposes.


# %%
def draw_region(ax, f, step, low=-2.0, high=2.0):
    """f, the model at step.x inside its region, and the proposed step."""
    grid = np.linspace(low, high, 200)
    ax.plot(grid, f(grid), color=plots.BLACK, linestyle="-")
    inside = np.linspace(-step.radius, step.radius, 60)
    model = tr.quadratic_model(f, step.x)
    ax.axvspan(step.x - step.radius, step.x + step.radius, color=plots.GREEN, alpha=0.12, linewidth=0)
    ax.plot(step.x + inside, model(inside), color=plots.GREEN, linestyle=plots.DASH_DOT)
    ax.plot([step.x], [f(step.x)], "o", color=plots.BLACK, markersize=10)
    promised = model(step.candidate - step.x)
    ax.plot([step.candidate], [max(promised, -1.4)], "v", color=plots.GREEN, markersize=10)
    ax.plot([step.candidate], [f(step.candidate)], "s", color=plots.BLACK, markersize=9)
    ax.plot([step.candidate] * 2, [promised, f(step.candidate)], color=plots.GREY, linestyle=plots.DOTS)
    ax.set(xlim=(low, high), ylim=(-1.5, 3.0), xlabel="x", ylabel="f and its model")


# %% [markdown]
# At the top of the hill. Triangle: what the model promises. Square: what $f$ delivers.

# %%
fig = plots.figure(8, 3.8)
ax = plots.axes(fig)
draw_region(ax, tr.double_well, tr.trust_region_step(tr.double_well, 0.0, 0.7))
ax.set_title("At x = 0 the gradient is zero, and the model still steps")
ax.text(-1.55, 2.2, "f", color=plots.BLACK)
ax.text(-0.55, 0.9, "m", color=plots.GREEN, ha="right")
plots.show(fig, alt="The double well, its concave model at 0 inside the region, and the step to the edge")

# %% [markdown]
# ## 4 · Newton climbs
#
# Newton's step $p = -f'/f''$ goes to the model's *stationary point*. Where $f'' < 0$ that point is the model's maximum.
# Here $f'' < 0$ exactly for $|x| < 1/\sqrt3$.

# %% {"jupyter": {"source_hidden": true}}
predict(
    "Newton's method starts at x = 0.3. Where does it end?",
    choices=["at +1, the nearest minimum", "at −1", "at 0, the maximum"],
    answer="at 0, the maximum",
    why="Below 1/√3 the curvature is negative: Newton solves f′ = 0 and does not care which way is down.",
)

# %% [markdown]
# The product of slope and step is negative for a descent direction. Look where its sign changes.

# %%
print(f"1/√3 = {1 / np.sqrt(3):.4f}")
for x in (0.2, 0.4, 0.57, 0.58, 0.7, 1.3):
    p = -tr.double_well.gradient(x) / tr.double_well.hessian(x)
    slope = tr.double_well.gradient(x) * p
    print(
        f"x = {x:<5} Newton's step {p:+9.3f}   slope × step {slope:+9.3f}   {'climbs' if slope > 0 else 'descends'}"
    )
    assert (slope > 0) == (abs(x) < 1 / np.sqrt(3))
print("Newton from 0.3:", tr.newton(tr.double_well, 0.3, 10))
region = tr.trust_region_path(tr.double_well, 0.3, radius=0.5, steps=20)
print("trust region from 0.3:", np.array([step.next_x for step in region]))

# %% [markdown]
# No line search can save a direction that climbs: there is no length to find. The package says so.

# %%
x = 0.4
p = -tr.double_well.gradient(x) / tr.double_well.hessian(x)
try:
    tr.backtracking(tr.double_well, x, p)
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# ## 5 · Who checks: the ratio and the radius
#
# After a step $p$, compare what happened with what was promised (this ρ is a ratio, not lecture 08's visitation):
# $$\rho_k = \frac{f(x_k)-f(x_k+p)}{m(0)-m(p)} = \frac{\text{actual}}{\text{predicted}}.$$
#
# | ρ | step | radius |
# |---|---|---|
# | small or negative (below ¼) | taken only above 0.15 | shrinks: Δ/4 |
# | in between | taken | kept |
# | near 1 or more (above ¾), and the step touched the edge | taken | grows: 2Δ |
#
# In the package, after Nocedal and Wright's Algorithm 4.1:

# %%
Code(inspect.getsource(tr.radius_rule) + "\n\n" + inspect.getsource(tr.trust_region_step), language="python")

# %% [markdown]
# Before the whole path, one step of it:

# %% {"jupyter": {"source_hidden": true}}
predict(
    "x = 0.5 and Δ = 1. f″(0.5) = −1, so the model steps to the edge, at 1.5. What happens?",
    choices=["accepted, Δ grows", "accepted, Δ kept", "rejected, Δ shrinks"],
    answer="rejected, Δ shrinks",
    why="The model never saw the valley at 1, nor the wall behind it. f rises, so ρ < 0.",
)

# %% [markdown]
# The whole path from the top of the hill, line by line:

# %%
path = tr.trust_region_path(tr.double_well, 0.0, radius=0.5, steps=30)
print(" k      x_k       Δ_k     candidate        ρ_k    step       radius")
for k, step in enumerate(path):
    taken = "accepted" if step.accepted else "rejected"
    print(
        f"{k:2d}  {step.x:+.6f}  {step.radius:.4f}   {step.candidate:+.6f}  {step.ratio:+9.4f}    {taken}   {step.verdict}"
    )
receipt("it ends in a minimum", abs(path[-1].next_x), 1.0, 1e-9)

# %% [markdown]
# The same path as a picture: on the left where it went, on the right how the radius changed.

# %%
MARKS = {"grow": ("^", plots.GREEN), "keep": ("o", plots.BLACK), "shrink": ("v", plots.PURPLE)}


def draw_path(left, right, path, f=tr.double_well):
    """Iterates on f, and the radius of every iteration marked by its verdict."""
    grid = np.linspace(-2, 2, 200)
    left.plot(grid, f(grid), color=plots.GREY, linestyle="-")
    visited = np.array([path[0].x] + [step.next_x for step in path])
    left.plot(
        visited, f(visited), "o", color=plots.GREEN, linestyle=plots.DASH_DOT, markersize=8, linewidth=1.5
    )
    left.plot(visited[-1:], f(visited[-1:]), "*", color=plots.BLACK, markersize=16)
    left.set(xlim=(-2, 2), ylim=(-0.2, 3), xlabel="x", ylabel="f", xticks=(-1, 0, 1), yticks=(0, 1, 2))
    right.plot([np.log10(step.radius) for step in path], color=plots.GREY, linestyle="-", linewidth=1.5)
    for verdict, (mark, colour) in MARKS.items():
        found = [(k, np.log10(step.radius)) for k, step in enumerate(path) if step.verdict == verdict]
        right.plot(
            *np.reshape(found, (-1, 2)).T, mark, color=colour, linestyle="none", markersize=9, label=verdict
        )
    right.set(xlabel="iteration k", ylabel="radius Δ", ylim=(-2.3, 1.1))
    right.set_xlim(-0.5, 10 * np.ceil(len(path) / 10) + 0.5)
    right.xaxis.get_major_locator().set_params(integer=True)
    right.set_yticks([-2, -1, 0, 1], ["0.01", "0.1", "1", "10"])
    plots.legend(right, loc="upper right", ncols=3, handletextpad=0.1, columnspacing=0.8)


fig = plots.figure(9.5, 4)
left, right = plots.axes(fig, 1, 2)
draw_path(left, right, path)
left.set_title("From the top into a minimum")
right.set_title("Two rejections, then trust")
plots.show(fig, alt="Iterates of the trust-region path on the double well, and the history of the radius")

# %% [markdown]
# Seen: the radius doubles until the model is caught out, falls by four, and grows back. The last steps are
# inside the region, where the method *is* Newton's, now at a place where Newton is right.

# %% [markdown]
# ## 6 · The subproblem
#
# $$\min_p\; m(p)\quad\text{subject to}\quad \|p\|\le\Delta.$$
#
# **In one dimension** it is solved by looking: Newton's step if the model is convex and that step is inside, else an edge.

# %%
Code(inspect.getsource(tr.exact_step), language="python")

# %% [markdown]
# Checked against a fine grid, for 2 000 random slopes, curvatures and radii:

# %%
rng = np.random.default_rng(0)
worst = 0.0
for slope, curvature, radius in zip(*rng.normal(size=(2, 2000)), rng.uniform(0.1, 3, 2000), strict=True):
    p, grid = tr.exact_step(slope, curvature, radius), np.linspace(-radius, radius, 401)
    values = slope * grid + 0.5 * curvature * grid**2
    worst = max(worst, slope * p + 0.5 * curvature * p**2 - values.min())
print(f"the grid is better by at most {worst:.1e}")
assert worst <= 1e-12

# %% [markdown]
# **In n dimensions** the Hessian may be too large to build. Steihaug's method needs only products $v \mapsto Bv$: conjugate
# gradients on $Bp = -g$ from $p = 0$, leaving at the boundary when an iterate would cross it, or when a direction
# shows negative curvature. Lecture 10 takes conjugate gradients apart.

# %%
Code(inspect.getsource(tr.steihaug_step), language="python")

# %% [markdown]
# It is approximate. How much of the best possible decrease does it get? A thousand random 2-D problems, the best found by
# trying 2 000 points of the circle and, where it is a minimum inside, Newton's point. For convex models at least half is
# guaranteed (a theorem of Yuan):

# %%
angles = np.linspace(0, 2 * np.pi, 2000)
ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
shares = {"convex models": [], "models with negative curvature": []}
for _ in range(1000):
    g, B = rng.normal(size=2), rng.normal(size=(2, 2))
    B = B + B.T
    model, p = tr.Model(0.0, g, B), tr.steihaug_step(g, B, 1.0, tolerance=1e-10)
    inner, convex = -np.linalg.solve(B, g), np.linalg.eigvalsh(B)[0] > 0
    best = min(model(ring).min(), model(inner) if convex and inner @ inner <= 1 else np.inf)
    shares["convex models" if convex else "models with negative curvature"].append(model(p) / best)
for kind, share in shares.items():
    print(f"{kind:31} median {np.median(share):.3f}   lowest {min(share):.3f}   of {len(share)}")
assert min(shares["convex models"]) >= 0.5

# %% [markdown]
# **Its blind spot.** Where $g = 0$ it returns 0, even on a saddle: it never looks at eigenvectors. In one dimension the exact
# step leaves the hill; in two, on $(x^2-1)^2 + 2y^2$, Steihaug stays at the saddle, and so does scipy. A nudge is enough.

# %%
f = tr.double_well_2d
options = {"method": "trust-ncg", "jac": f.gradient, "hess": f.hessian, "options": {"gtol": 1e-8}}
for nudge in (0.0, 1e-6):
    start = np.array([nudge, 0.0])
    path = tr.trust_region_path(f, start, 1.0, 50)
    end = path[-1].next_x if path else start
    print(f"from x = {nudge:<6} ours ends at {end}   scipy's at {minimize(f.value, start, **options).x}")
assert not tr.trust_region_path(f, np.zeros(2), 1.0, 50)

# %% [markdown]
# ## 7 · Two dimensions: Rosenbrock's valley
#
# $f(x,y) = (1-x)^2 + 100\,(y-x^2)^2$: a curved valley with a flat floor, minimum 0 at $(1,1)$. Start at $(-1.2, 1)$.
# All methods stop at $\|\nabla f\| \le 10^{-6}$. We count the distinct points at which each function was asked.


# %%
def counted(f):
    """f, and the sets of points at which its value, gradient and Hessian were asked for."""
    asked = {"value": set(), "gradient": set(), "hessian": set()}

    def watch(name):
        def call(x):
            asked[name].add(np.asarray(x).tobytes())
            return getattr(f, name)(x)

        return call

    return replace(f, **{name: watch(name) for name in asked}), asked


start = np.array([-1.2, 1.0])


def race(name, method):
    """Run a method on a counted Rosenbrock; it returns the list of its iterates."""
    f, asked = counted(tr.rosenbrock)
    iterates = method(f)
    counts = "  ".join(f"{len(points):8d}" for points in asked.values())
    print(f"{name:34} {len(iterates) - 1:7d}  {counts}   {tr.rosenbrock(iterates[-1]):.1e}")
    return np.array(iterates)


# %% [markdown]
# The table. Which column is expensive depends on your problem: in RL a value is a batch of episodes.


# %%
def ours(f):
    return [start] + [step.next_x for step in tr.trust_region_path(f, start, 1.0, 300, tolerance=1e-6)]


def scipys(method):
    options = {"gtol": 1e-6, "return_all": True}
    return lambda f: (
        minimize(f.value, start, jac=f.gradient, hess=f.hessian, method=method, options=options).allvecs
    )


print(" " * 34 + "  steps    values  gradients  Hessians   f at the end")
race("gradient descent, rate 0.001", lambda f: tr.gradient_descent(f, start, 1e-3, 60_000, 1e-6))
race("gradient descent, backtracking", lambda f: tr.gradient_descent(f, start, None, 60_000, 1e-6))
race("Newton (no globalisation)", lambda f: tr.newton(f, start, 100, 1e-6))
mine = race("trust region (ours, Steihaug)", ours)
theirs = race("scipy trust-ncg", scipys("trust-ncg"))
exact = race("scipy trust-exact", scipys("trust-exact"))
receipt("our iterates are scipy's trust-ncg, step by step", mine, theirs, 1e-10)

# %% [markdown]
# Seen: gradient descent needs more than ten thousand steps, every second-order method fewer than thirty. Newton is quickest here, and
# passes through a terrible point on its way (next cell). The trust region never goes up, and its iterates equal scipy's;
# it asks for one value more than scipy, to see that nothing is left to gain.

# %%
newton_path = tr.newton(tr.rosenbrock, start, 100, 1e-6)
print("f along Newton:      ", tr.rosenbrock(newton_path))
print("f along trust region:", tr.rosenbrock(mine)[:8], "…")
assert np.all(np.diff(tr.rosenbrock(mine)) <= 0)
assert not np.all(np.diff(tr.rosenbrock(newton_path)) <= 0)

# %% [markdown]
# The paths on a map. The contours come from a helper that computes each map once, so the lab below can redraw quickly.

# %%
MAPS = {
    "Rosenbrock": (tr.rosenbrock, (-2, 2), (-1.5, 2.5), np.geomspace(2, 2000, 8)),
    "two wells": (tr.double_well_2d, (-2, 2), (-1.5, 2.5), np.geomspace(0.1, 12, 8)),
}


def level_lines(function, x_range, y_range, levels, n=200):
    """The level lines of function(points [..., 2]) as a list of [k, 2] arrays."""
    x, y = np.linspace(*x_range, n), np.linspace(*y_range, n)
    z = function(np.stack(np.meshgrid(x, y), axis=-1))
    generator = contour_generator(x, y, z)
    return [line for level in levels for line in generator.lines(level)]


@lru_cache
def map_lines(name):
    return level_lines(*MAPS[name])


# %% [markdown]
# Green: the trust region's steps. Sky blue: Newton's, with its leap across the valley. Purple: the first 2 000 of gradient descent.

# %%
fig = plots.figure(8.5, 5)
ax = plots.axes(fig)
ax.add_collection(
    LineCollection(
        level_lines(tr.rosenbrock, (-2, 2), (-3.4, 3), MAPS["Rosenbrock"][3]),
        colors=plots.GREY,
        linewidths=0.7,
    )
)
descent = tr.gradient_descent(tr.rosenbrock, start, 1e-3, 2000)
for label, points, colour, line, mark in (
    ("Newton", newton_path, plots.SKY, plots.DASHES, "s"),
    ("trust region", mine, plots.GREEN, plots.DASH_DOT, "o"),
    ("gradient descent", descent, plots.PURPLE, "-", ""),
):
    ax.plot(*points.T, color=colour, linestyle=line, marker=mark, markersize=6, linewidth=1.8, label=label)
ax.plot(1, 1, "*", color=plots.BLACK, markersize=16)
ax.set(
    xlim=(-2, 2),
    ylim=(-3.4, 3),
    xlabel="x",
    ylabel="y",
    title="The trust region stays in the valley it can see",
)
ax.legend(loc="lower right")
plots.show(
    fig,
    alt="Contours of Rosenbrock's function with the paths of gradient descent, Newton and the trust region",
)

# %% [markdown]
# ## 8 · Labs
#
# **Lab 1: one step.** Choose $x_k$ and Δ. Green: the region, the model, its promise (triangle). Black square: what $f$ does.
# A triangle at the lower edge promises more than the picture can show; the numbers have it.
# Find all four verdicts: accept and grow, accept and keep, accept and shrink (rare: ρ between 0.15 and 0.25), reject and shrink.


# %%
def verdict(step):
    """In words: what happens to the step, and to the radius."""
    if np.isnan(step.ratio):
        return "stationary: nothing to do"
    return f"{'accept' if step.accepted else 'reject'}, {step.verdict}"


def draw_step(fig, x=0.5, radius=1.0):
    ax = plots.axes(fig)
    step = tr.trust_region_step(tr.double_well, x, radius)
    draw_region(ax, tr.double_well, step)
    ax.set_title(verdict(step))
    return {
        "candidate": step.candidate, "predicted": step.predicted, "actual": step.actual, "ρ": step.ratio,
        "verdict": verdict(step), "next x": step.next_x, "next Δ": step.next_radius,
    }  # fmt: skip


plots.picture(draw_step, alt="The double well with the model, the region, the proposed step and the verdict")

# %% [markdown]
# With sliders. Put $x$ at 0 first, then move it slowly past $1/\sqrt3 \approx 0.58$ with Δ = 1: where does the model turn over?

# %%
lab_step = explore(
    draw_step,
    x=Slider("xₖ", "position", min=-2.0, max=2.0, step=0.01),
    radius=Slider("Δ", "radius", min=0.05, max=3.0, step=0.05),
)
lab_step

# %% [markdown]
# **Lab 2: the path.** Choose where to start, the first radius, and how many steps to show.
# Can you start on the right of the hill and end on its left?


# %%
def draw_history(fig, x=0.0, radius=0.5, steps=12):
    left, right = plots.axes(fig, 1, 2)
    path = tr.trust_region_path(tr.double_well, x, radius, steps)
    if not path:
        left.set_title("Already at a minimum")
        return {"steps": 0, "x": x}
    draw_path(left, right, path)
    rejected = sum(not step.accepted for step in path)
    last = path[-1].next_x
    left.set_title(f"x = {last:+.4f} after {len(path)} steps")
    right.set_title(f"{rejected} rejected")
    return {
        "steps": len(path), "rejected": rejected, "x": last, "f(x)": float(tr.double_well(last)),
        "largest Δ": max(step.radius for step in path), "last Δ": path[-1].next_radius,
    }  # fmt: skip


plots.picture(draw_history, alt="The path on the double well and the history of the radius", size=(9.5, 4.2))

# %% [markdown]
# With sliders.

# %%
lab_path = explore(
    draw_history,
    size=(9.5, 4.2),
    x=Slider("x₀", "start", min=-2.0, max=2.0, step=0.01),
    radius=Slider("Δ₀", "first radius", min=0.05, max=4.0, step=0.05),
    steps=Slider("k", "steps", min=1, max=30, step=1),
)
lab_path

# %% [markdown]
# **Lab 3: two dimensions.** Three steps from one point: gradient descent's (the linear model's, as long as Δ), Newton's, and the trust
# region's. The thin green lines are the level lines of the *model*: ellipses where it is convex, hyperbolas where it is not.


# %%
def draw_map(fig, function="Rosenbrock", x=-1.0, y=0.3, radius=0.5):
    ax = plots.axes(fig)
    f, x_range, y_range, levels = MAPS[function]
    point = np.array([x, y])
    step, model = tr.trust_region_step(f, point, radius), tr.quadratic_model(f, point)
    newton = point - np.linalg.solve(model.hessian, model.gradient)
    downhill = point - radius * model.gradient / max(np.linalg.norm(model.gradient), 1e-12)
    model_lines = level_lines(lambda q: model(q - point), x_range, y_range, levels, n=50)

    ax.add_collection(LineCollection(map_lines(function), colors=plots.GREY, linewidths=0.7))
    ax.add_collection(LineCollection(model_lines, colors=plots.GREEN, linewidths=0.6, alpha=0.7))
    ax.fill(*(point + radius * ring[::40]).T, color=plots.GREEN, alpha=0.15, linewidth=0)
    ends = {"gradient": downhill, "Newton": newton, "trust region": step.candidate}
    looks = ((plots.PURPLE, plots.DOTS, "s"), (plots.SKY, plots.DASHES, "D"), (plots.GREEN, "-", "o"))
    for (label, end), (colour, line, mark) in zip(ends.items(), looks, strict=True):
        ax.plot(
            [x, end[0]], [y, end[1]], color=colour, linestyle=line, marker=mark, markevery=[1], label=label
        )
    ax.plot(x, y, "o", color=plots.BLACK, markersize=9)
    ax.set(xlim=x_range, ylim=y_range, xlabel="x", ylabel="y", title=verdict(step), aspect="equal")
    plots.legend(ax, loc="upper left", bbox_to_anchor=(1, 1))
    return {
        "f here": float(f(point)), "f after gradient": float(f(downhill)), "f after Newton": float(f(newton)),
        "f after trust region": float(f(step.candidate)), "ρ": step.ratio, "verdict": verdict(step),
        "lowest curvature": float(np.linalg.eigvalsh(model.hessian)[0]),
    }  # fmt: skip


plots.picture(
    draw_map,
    alt="Contours, the model's level lines, the region, and the steps of three methods",
    size=(7.5, 4.6),
)

# %% [markdown]
# With sliders. On "two wells", move $x$ between $-0.5$ and $0.5$: which of the three steps climbs?

# %%
lab_map = explore(
    draw_map,
    size=(7.5, 4.6),
    function=Choice("f", "function", list(MAPS), value="Rosenbrock"),
    x=Slider("x", "across", min=-1.9, max=1.9, step=0.05),
    y=Slider("y", "up", min=-1.4, max=2.4, step=0.05),
    radius=Slider("Δ", "radius", min=0.05, max=3.0, step=0.05),
)
lab_map

# %% [markdown]
# ## 9 · The bridge to RL
#
# | trust-region method (minimise) | TRPO (maximise) |
# |---|---|
# | the point $x_k$ | the parameters $\theta_k$ of $\pi_{old}$ |
# | the function $f$, costly to ask | $-\eta(\pi_\theta)$: a batch of episodes for each value |
# | the model $m_k(p)$: right to first order at $p = 0$ | $-L_{old}(\pi_\theta)$: equal value and slope at $\theta_{old}$ (lecture 08) |
# | the radius: $\|p\| \le \Delta_k$ | $\bar D_{KL}(\pi_{old}\,\|\,\pi_\theta) \le \delta$: a radius in policies, not in parameters; the bar is the mean over $s\sim d^{old}$ (lecture 10) |
# | the subproblem, approximately (Steihaug) | linear $L$, quadratic KL, conjugate gradients (lectures 10 and 11) |
# | the check: $\rho_k$, then shrink Δ and solve again | a line search on $L$ and KL: the direction stays, the length shrinks |
# | Δ adapts from step to step | δ stays fixed |
#
# The last two rows are where TRPO is *less* than a trust-region method: it never computes $\rho_k$, as the actual
# $\eta$ of a candidate would cost new episodes. On a finite MDP we can. The best $L$ within $D_{KL}^{max}\le\delta$ is exact
# (lecture 08); here is its ratio.

# %% {"jupyter": {"source_hidden": true}}
predict(
    "The KL radius δ goes from 0.0001 to 1. What does ρ = (η(new) − η(old)) / (L(new) − L(old)) do?",
    choices=[
        "it stays near 1 throughout",
        "it starts near 1 and drifts away",
        "it is far from 1 for every δ",
    ],
    answer="it starts near 1 and drifts away",
    why="L matches η to first order at old, so ρ → 1 as δ → 0; further out d^new is no longer d^old.",
)

# %% [markdown]
# Three MDPs by name, each from its uniform policy. Every row solves the constrained problem exactly and asks the true η.

# %%
MDPS = {"cliff": markov.cliff(), "two states": markov.two_state(), "tightrope": markov.tightrope()}
print("ρ at   δ" + "".join(f"{name:>12}" for name in MDPS))
for delta in (1e-4, 1e-3, 1e-2, 0.1, 1.0):
    ratios = []
    for mdp in MDPS.values():
        old = markov.uniform_policy(mdp)
        new, _ = markov.kl_ball_maximiser(old, markov.advantages(mdp, old), delta)
        eta = markov.expected_return(mdp, old)
        actual, predicted = markov.expected_return(mdp, new) - eta, markov.surrogate(mdp, new, old) - eta
        ratios.append(actual / predicted)
    print(f"{delta:8}" + "".join(f"{ratio:12.3f}" for ratio in ratios))
    if delta == 1e-4:
        assert np.allclose(ratios, 1, atol=0.05)

# %% [markdown]
# Seen: on the cliff $L$ promises too much and ρ falls: a trust-region method would shrink δ at the last row. On the tightrope
# $L$ promises too little, ρ rises above 1, and δ could grow. A fixed δ knows neither.

# %% [markdown]
# ## Summary
#
# - A line search picks a direction and then a length; a trust region picks a length and then the best direction for it.
# - The quadratic model knows curvature: it leaves a maximum that stops gradient descent, and it does not climb like Newton.
# - $\rho_k$, actual over predicted, decides about the step *and* about the next radius. Nothing else adapts.
# - The subproblem is easy in one dimension; Steihaug solves it well enough in many, with Hessian products only, except where $g = 0$.
# - TRPO is this method with $L$ for the model and KL for the radius, and with a line search in place of $\rho_k$.
#
# ## Exercises
#
# Homework 4 asks you to write `trust_region_step` and `next_radius`. Here, at once:
#
# 1. Lab 1: find an *accept, shrink*. Why is the window so narrow?
# 2. Answer lab 2's question without the sliders, for every $x_0 > 0$. (Where does the step point for $0 < x < 1/\sqrt3$? For $x$ above?)
# 3. Lab 3, Rosenbrock: find a point where Newton's step raises $f$ although the Hessian is positive definite.
#
# ## Sources
#
# - Nocedal and Wright, *Numerical Optimization*, 2nd ed., 2006, chapters 3, 4 and 7: Algorithms 3.1, 4.1, 7.2.
# - Steihaug, *The Conjugate Gradient Method and Trust Regions in Large Scale Optimization*, SIAM J. Numer. Anal., 1983.
# - Schulman et al., *Trust Region Policy Optimization*, ICML 2015, arXiv:1502.05477: the constraint of section 4, the line search of appendix C.
# - scipy's `minimize(method="trust-ncg")`, the peer that this page agrees with.
