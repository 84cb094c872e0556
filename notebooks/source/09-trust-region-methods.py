# %% [markdown] tags=["head"]
# # Lecture 09 · Trust-region methods
#
# question: A model tells you where to step. How far do you believe it, and who checks?
# objectives:
# - **tell** a line search from a trust-region method by what each of them fixes first
# - **solve** the subproblem in one dimension, and **trace** the path of Steihaug and Toint in two
# - **compute** the ratio of actual to predicted decrease, and **apply** the radius rule
# - **explain** which part of the method TRPO drops, and what that part would have bought
# needs:
# - gradients and Hessians
# - 08: the surrogate $L$ and its two properties
# symbols: \gamma, \Delta, \rho, \delta, \eta, L, \theta, \pi, \alpha
# - $f$: function to be minimised
# - $x_k$: point of iteration $k$
# - $p$: step, from $x_k$ to $x_k + p$
# - $q$: probability of moving, in section 7
# - $m$: model: what is believed about $f(x_k + p)$
# - $g$: gradient $\nabla f(x_k)$, the model's at $p = 0$
# - $B$: Hessian $\nabla^2 f(x_k)$, the model's
# - $u$: direction, of a line search or of conjugate gradients
# - $t$: length along the direction of a line search
# - $r$: residual $g + Bp$ of conjugate gradients
# - $\lambda$: multiplier of the constraint $\|p\| \le \Delta$
# homework: 4

# %% tags=["hide", "import"]
from dataclasses import replace
from functools import lru_cache

import numpy as np
from contourpy import contour_generator
from matplotlib.collections import LineCollection
from scipy.optimize import minimize, minimize_scalar

from rlcourse import plots
from rlcourse.equations import markov
from rlcourse.equations import trust_region as tr
from rlcourse.pages import pseudocode, receipt, receipts, show_source
from rlcourse.widgets import Choice, Slider, explore, predict

plots.use()
np.set_printoptions(precision=4, suppress=True)

# %% [markdown]
# ## 1 · A promise, and what comes of it (8 minutes)
#
# You stand at the black dot and want to go down. You see only the curve's height, slope and curvature there;
# they make the green parabola, your model. You believe it inside the green band. The triangle is the lowest point that it
# promises there, the square what the curve gives at that place.
#
# Widen the band slowly, with the dot at 0.5. How much of what is promised does the curve give ($\rho$, among the numbers)? From which radius on does the step lead
# uphill? Then put the dot on the top of the hill. (A hollow mark is outside the frame.)


# %% tags=["hide"]
def draw_region(ax, f, step, low=-2.0, high=2.0):
    """f, the model at step.x inside its region, and the proposed step; what lies outside is hollow, on the frame."""
    bottom, top = (-1.5, 3.0) if f(step.x) <= 3 else plots.round_limits(-1.5, f(step.x))
    grid, inside = np.linspace(low, high, 200), np.linspace(-step.radius, step.radius, 60)
    model = tr.quadratic_model(f, step.x)
    promised, found = model(step.candidate - step.x), f(step.candidate)
    ax.plot(grid, f(grid), color=plots.BLACK, linestyle="-")
    ax.axvspan(step.x - step.radius, step.x + step.radius, color=plots.GREEN, alpha=0.12, linewidth=0)
    ax.plot(step.x + inside, model(inside), color=plots.GREEN, linestyle=plots.DASH_DOT)
    ax.plot([step.candidate] * 2, [promised, found], color=plots.GREY, linestyle=plots.DOTS)
    look = {"markersize": 9, "linestyle": "none", "clip_on": False, "zorder": 5}
    ax.plot(step.x, f(step.x), "o", color=plots.BLACK, label="here", **look)
    marks = ("promised", "v", plots.GREEN, promised), ("found", "s", plots.BLACK, found)
    for name, mark, colour, y in marks:
        shown = np.clip(step.candidate, low, high), np.clip(y, bottom, top)
        face = colour if shown == (step.candidate, y) else "white"
        ax.plot(*shown, mark, color=colour, markerfacecolor=face, label=name, **look)
    ax.set(xlim=(low, high), ylim=(bottom, top), xlabel="x", ylabel="f and its model")
    ax.yaxis.get_major_locator().set_params(integer=True)


# %% [markdown]
# The title names the verdict, by the rule of section 4.


# %% tags=["hide"]
def verdict(step):
    """In words: what happens to the step, and to the radius."""
    if np.isnan(step.ratio):
        return "stationary: nothing to do"
    return f"{'accept' if step.accepted else 'reject'}, {step.verdict}"


def draw_step(fig, x=0.5, radius=1.0):
    ax = plots.axes(fig)
    step = tr.trust_region_step(tr.double_well, x, radius)
    draw_region(ax, tr.double_well, step)
    plots.legend(ax, loc="lower right", bbox_to_anchor=(1, 0.99), ncols=3, columnspacing=1.2)
    ax.set_title(verdict(step))
    return {
        "candidate": step.candidate, "predicted": step.predicted, "actual": step.actual, "ρ": step.ratio,
        "verdict": verdict(step), "next x": step.next_x, "next Δ": step.next_radius,
    }  # fmt: skip


lab_step = explore(
    draw_step,
    alt="The double well with the model, the region, the proposed step and the verdict",
    settings={
        "a short step": {"x": 0.5, "radius": 0.3},
        "a longer one": {"x": 0.5, "radius": 0.65},
        "uphill": {"x": 0.5, "radius": 1.0},
        "on the hill's top": {"x": 0.0, "radius": 0.5},
    },
    x=Slider("xₖ", "position", min=-2.0, max=2.0, step=0.01),
    radius=Slider("Δ", "radius", min=0.05, max=3.0, step=0.05),
)
lab_step

# %% [markdown]
# From 0.5 the curve gives less and less of what is promised: 87 % at a radius of 0.3, 64 % at 0.5, and beyond 0.82 the step leads uphill. On the top of
# the hill the model still offers a step, because it bends down on both sides. The curve is $f(x) = (x^2-1)^2$, the
# *double well*. Until section 7 we *minimise*, as the books on optimisation do.

# %% [markdown]
# ## 2 · Two ways to take a step (13 minutes)
#
# | | first | then |
# |---|---|---|
# | **line search** | a direction $u$ | a length: try $t,\ t/2,\ t/4, \dots$ until $f(x_k + t\,u)$ has fallen enough |
# | **trust region** | a length: the radius $\Delta$ inside which a model is believed | the best step of that length or less, *in any direction* |
#
# Two models are common, the second with curvature:
# $$\text{linear: } m(p) = f(x_k) + g^\top p \qquad\qquad \text{quadratic: } m(p) = f(x_k) + g^\top p + \tfrac12 p^\top B\,p,$$
# where $g = \nabla f(x_k)$ and $B = \nabla^2 f(x_k)$.
#
# **On which side is gradient descent?**
#
# <details><summary>Answer</summary>
#
# On both. With $\|p\|\le\Delta$ the linear model's slope gives
# $g^\top p \ge -\|g\|\,\|p\| \ge -\Delta\,\|g\|$ (Cauchy and Schwarz), with equality for
# $p = -\Delta\,g/\|g\|$ alone. So a trust region with a *linear* model steps along $-g$, the line search's usual
# direction: one direction, two ways to set the length.
#
# </details>

# %% tags=["hide"]
point = np.array([-0.6, 0.3])
g, B = tr.rosenbrock.gradient(point), tr.rosenbrock.hessian(point)
angles = np.linspace(0, 2 * np.pi, 100_001)
circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
linear = tr.linear_model(tr.rosenbrock, point)
best = 0.3 * circle[np.argmin(linear(0.3 * circle))]
names = ("best of the circle", "formula")
receipt("linear model, radius 0.3", best, -0.3 * g / np.linalg.norm(g), 1e-4, names)

# %% [markdown]
# The two part company when the model bends: its best step *turns* as the radius grows. Where the best step $p$ lies on the
# edge, the model's slope there points straight inwards, $g + Bp = -\lambda\,p$ with $\lambda \ge 0$; otherwise one could slide along the edge, or step inside, and go lower. So
# $$p(\lambda) = -(B + \lambda I)^{-1} g .$$
# A large $\lambda$ gives a small step along $-g$; if $B$ is positive definite, as here, $\lambda = 0$ gives Newton's step $-B^{-1}g$. (In least squares: Levenberg and Marquardt.)
#
# That is necessary only. The whole truth is Moré and Sorensen's: $p$ with $\|p\|\le\Delta$ is best *exactly* if some $\lambda \ge 0$ has
# $$(B+\lambda I)\,p = -g, \qquad \lambda\,(\Delta - \|p\|) = 0, \qquad B+\lambda I \succeq 0 \text{ (no negative eigenvalue)},$$
# whether $m$ is convex or not. In the *hard case* the first equation leaves $p$ undetermined (exercise 6).
#
# Each green point below is the best step for its circle. Black dot: where we stand, on Rosenbrock's function. Grey: level lines of the *model* there. Purple: gradient descent.


# %% tags=["hide"]
def level_lines(function, x_range, y_range, levels, n=200):
    """The level lines of function(points [..., 2]) as a list of [k, 2] arrays."""
    x, y = np.linspace(*x_range, n), np.linspace(*y_range, n)
    z = function(np.stack(np.meshgrid(x, y), axis=-1))
    generator = contour_generator(x, y, z)
    return [line for level in levels for line in generator.lines(level)]


def contours(ax, function, x_range, y_range, levels, **look):
    look = {"colors": plots.GREY, "linewidths": 0.7} | look
    ax.add_collection(LineCollection(level_lines(function, x_range, y_range, levels), **look))
    ax.set(xlim=x_range, ylim=y_range, xlabel="x", ylabel="y", aspect="equal")


def best_steps(g, B):
    """p(λ) = −(B + λI)⁻¹g, [n, 2], from a large λ down to where B + λI is hardly convex: all radii, exactly."""
    lowest = max(0.0, -np.linalg.eigvalsh(B)[0])
    return np.array([-np.linalg.solve(B + x * np.eye(2), g) for x in lowest + np.geomspace(1e5, 1e-4, 600)])


# %% [markdown]
# The picture:

# %% tags=["hide"]
curve, quadratic, radii = best_steps(g, B), tr.quadratic_model(tr.rosenbrock, point), (0.03, 0.06, 0.1, 0.14)
best = {radius: curve[np.argmin(np.abs(np.linalg.norm(curve, axis=1) - radius))] for radius in radii}
fig = plots.figure(7.5, 4.9)
ax = plots.axes(fig)
touching = sorted(float(quadratic(step)) for step in best.values())
contours(ax, lambda x: quadratic(x - point), (-0.82, -0.36), (0.12, 0.43), [*touching, 2.92, 3.3, 4, 5])
ax.axline(point, slope=g[1] / g[0], color=plots.PURPLE, linestyle=plots.DOTS)
ax.plot(*(point + curve).T, color=plots.GREEN, linestyle="-")
for radius, step in best.items():
    ax.plot(*(point + radius * circle[::100]).T, color=plots.GREY, linestyle=plots.DASHES, linewidth=1)
    ax.plot(*(point + step), "o", color=plots.GREEN, markersize=8)
ax.plot(*point, "o", color=plots.BLACK, markersize=9)
ax.plot(*(point + curve[-1]), "*", color=plots.SKY, markersize=17)
ax.text(*(point + curve[-1] + [0.012, -0.004]), "Newton's step", color=plots.BLACK, fontsize=12)
ax.text(-0.44, 0.417, "−∇f", color=plots.ink(plots.PURPLE), fontsize=13, ha="right", va="center")
ax.set_title("The best step turns as the radius grows")
plots.show(
    fig, alt="Level lines of the model; the curve of best steps leaves along −∇f and bends to Newton's step"
)

# %% [markdown]
# At each green point the circle *touches* a level line of the model: nowhere on it is the model lower. The curve leaves along $-g$ and bends to Newton's step. A line search keeps its one direction, however short its steps become. The check:

# %% tags=["hide"]
with receipts("model at the green point", oracle="lowest of 100 000 points of its circle") as same:
    for radius, step in best.items():
        same(f"radius {radius}", quadratic(step), quadratic(np.linalg.norm(step) * circle).min(), 1e-6)

# %% [markdown]
# ## 3 · The top of the hill (11 minutes)
#
# Back to the double well, $f(x) = (x^2-1)^2$, with minima at $\pm1$ and a maximum at 0.

# %% tags=["hide"]
predict(
    "Start close to the top, at $x = 10^{-6}$, with gradient descent of rate 0.1. How many steps until $x > 0.5$?",
    choices={
        "about 4": "Near the top the slope is as small as $x$ itself, and so are the steps.",
        "about 40": "",
        "about a million": "So it would be if the steps kept their first length. But they grow with $x$.",
    },
    answer="about 40",
    ordered=True,
    why="$f'(x) = 4x(x^2-1) \\approx -4x$, so each step multiplies $x$ by about 1.4, and $1.4^{39}$ is half a million. "
    "From 0 itself it never leaves.",
)

# %% [markdown]
# The quadratic model knows more than the slope. As $f''(x) = 12x^2-4$, it is $m(p) = 1 - 2p^2$ at 0. It bends down, and its lowest points
# in the region are at the *edge*, on either side (the package takes the right one). Its promise is $2\Delta^2$.

# %%
crawl = tr.gradient_descent(tr.double_well, 1e-6, rate=0.1, steps=100)
print(
    f"gradient descent from 0.000001 passes 0.5 in step {np.argmax(crawl > 0.5)}; from 0 it takes no step at all"
)
assert len(tr.gradient_descent(tr.double_well, 0.0, rate=0.1, steps=50)) == 1
with receipts("the package's step", oracle="by hand") as same:
    for radius in (0.25, 0.5, 1.0):
        step = tr.trust_region_step(tr.double_well, 0.0, radius)
        same(f"length of the step, Δ = {radius}", abs(step.candidate), radius)
        same(f"decrease promised, 2Δ², Δ = {radius}", step.predicted, 2 * radius**2)

# %% [markdown]
# As a picture:

# %% tags=["hide"]
fig = plots.figure(8, 3.8)
ax = plots.axes(fig)
draw_region(ax, tr.double_well, tr.trust_region_step(tr.double_well, 0.0, 0.7))
ax.set_title("At x = 0 the gradient is zero, and the model still steps")
ax.text(-1.55, 2.2, "f", color=plots.BLACK)
ax.text(-0.55, 0.75, "m", color=plots.ink(plots.GREEN), ha="right")
plots.show(fig, alt="The double well, its concave model at 0 inside the region, and the step to the edge")

# %% [markdown]
# **Newton's method** takes $p = -f'/f''$, the point where the slope of the model is zero. It has no radius.

# %% tags=["hide"]
predict(
    "Newton's method starts at $x = 0.3$. Where does it end?",
    choices={
        "at 0, the maximum": "",
        "at +1, the nearest minimum": "So it would be from beyond $1/\\sqrt3$, where the model is convex.",
        "at −1": "For this it has to leap over the top, as it does from 0.5. From 0.3 its step is shorter.",
    },
    answer="at 0, the maximum",
    why="At 0.3 the model is concave, and where its slope is zero it has its top. Newton's step goes there and does "
    "not ask which way is down.",
)

# %% [markdown]
# Slope times step says whether a step goes down at first. It is $-f'^2/f''$, so it changes its sign where $f''$ does, at $|x| = 1/\sqrt3$.

# %%
for x in (0.2, 0.4, 0.57, 0.58, 0.7, 1.3):
    p = -tr.double_well.gradient(x) / tr.double_well.hessian(x)
    slope = tr.double_well.gradient(x) * p
    print(f"x = {x:<5} Newton's step {p:+9.3f}   slope × step {slope:+9.3f}", "climbs" if slope > 0 else "")
    assert (slope > 0) == (abs(x) < 1 / np.sqrt(3))
print("Newton from 0.3:      ", tr.newton(tr.double_well, 0.3, 10))
region = tr.trust_region_path(tr.double_well, 0.3, radius=0.5, steps=20)
print("trust region from 0.3:", np.array([step.next_x for step in region]))

# %% [markdown]
# Newton runs to the top of the hill, and the trust region, with the same model, into a minimum. Could a line search mend Newton's step?
#
# <details><summary>Answer</summary>
#
# Not by shortening: short enough, the step only climbs. (The whole step may leap over the top: from 0.5 it ends at $-1$, by luck.) Newton's method with a line search
# therefore changes $B$ first, until the direction leads down (*modified Newton*; Nocedal and Wright, section 3.4).
#
# </details>

# %% [markdown]
# ## 4 · Who checks: the ratio and the radius (16 minutes)
#
# After a step $p$, compare what happened with what was promised:
# $$\rho_k = \frac{f(x_k)-f(x_k+p)}{m(0)-m(p)} = \frac{\text{actual decrease}}{\text{predicted decrease}}.$$
# The denominator is never negative, as the step $0$ was allowed. Where it is 0 there is nothing to do (the labs say *stationary*); else $\rho_k$ has the sign of what happened.
#
# | $\rho_k$ | the step is | the radius |
# |---|---|---|
# | up to 0.15 | refused | becomes $\Delta_k/4$ |
# | from 0.15 to $\tfrac14$ | taken | becomes $\Delta_k/4$ |
# | from $\tfrac14$ to $\tfrac34$ | taken | stays |
# | above $\tfrac34$ | taken | doubles, if the step reached the edge; else it stays |
#
# <details><summary>Why these numbers?</summary>They are conventions: ¼, ¾ and the factors are the book's, 0.15 is SciPy's, and any threshold from 0 up to ¼ would do.</details>
#
# <details><summary>Why only at the edge?</summary>A step that ends inside was not held back by the radius, so a larger one would not have changed it.</details>

# %% tags=["hide"]
predict(
    "$x = 0.7$ and $\\Delta = 1$. Here the model is convex ($f'' = 1.88$), and its lowest point, at 1.46, lies inside "
    "the region. What happens?",
    choices={
        "accepted, Δ kept": "A convex model promises a decrease. It does not ensure one.",
        "rejected, Δ shrinks": "",
        "accepted, Δ grows": "Beside a good ratio this needs a step that reached the edge, and this one ends inside.",
    },
    answer="rejected, Δ shrinks",
    why="Behind the valley at 1 stands a wall which the model, drawn at 0.7, has not seen: $f$ rises, so $\\rho < 0$.",
)

# %% [markdown]
# Two functions of the package are the whole method, after Algorithm 4.1 of Nocedal and Wright:

# %% tags=["hide"]
show_source(tr.radius_rule, tr.trust_region_step)

# %% [markdown]
# The path from the top of the hill. Follow the radius.

# %%
path = tr.trust_region_path(tr.double_well, 0.0, radius=0.5, steps=30)
print(" k      x_k       Δ_k     candidate        ρ_k    verdict")
for k, step in enumerate(path):
    print(f"{k:2d}  {step.x:+.6f}  {step.radius:.4f}   {step.candidate:+.6f}  {step.ratio:+9.4f}", end="    ")
    print(verdict(step))
receipt("it ends in a minimum", abs(path[-1].next_x), 1.0, 1e-9, names=("|x|", "minimum"))

# %% [markdown]
# The radius doubles until the model is caught out, is divided by four, and grows back. The last steps end inside the region: there the
# method *is* Newton's, and Newton is right.
#
# **Lab: the path.** Left: where it went. Right: the radius, marked by what became of it. Can you start on the right of the hill
# and end on its left? (Exercise 2 has the answer.)


# %% tags=["hide"]
MARKS = {"grow": ("^", plots.GREEN), "keep": ("o", plots.BLACK), "shrink": ("v", plots.PURPLE)}


def draw_path(left, right, start, path, f=tr.double_well):
    """Iterates on f, and the radius of every iteration marked by its verdict."""
    grid, visited = np.linspace(-2, 2, 200), np.array([start] + [step.next_x for step in path])
    look = {"color": plots.GREEN, "linestyle": plots.DASH_DOT, "markersize": 8, "linewidth": 1.5}
    left.plot(grid, f(grid), color=plots.GREY, linestyle="-")
    left.plot(visited, f(visited), "o", **look)
    left.plot(visited[-1:], f(visited[-1:]), "*", color=plots.BLACK, markersize=16)
    left.set(xlim=(-2.05, 2.05), ylim=(-0.2, max(3, 1.05 * f(visited).max())), xlabel="x", ylabel="f")
    right.plot([np.log10(step.radius) for step in path], color=plots.GREY, linestyle="-", linewidth=1.5)
    for word, (mark, colour) in MARKS.items():
        found = [(k, np.log10(step.radius)) for k, step in enumerate(path) if step.verdict == word]
        x, y = np.reshape(found, (-1, 2)).T
        right.plot(x, y, mark, color=colour, linestyle="none", markersize=9, label=word)
    right.set(xlabel="iteration k", ylabel="radius Δ", ylim=(-2.3, 1.1))
    right.set_xlim(-0.5, 10 * max(np.ceil(len(path) / 10), 1) + 0.5)
    right.xaxis.get_major_locator().set_params(integer=True)
    right.set_yticks([-2, -1, 0, 1], ["0.01", "0.1", "1", "10"])
    plots.legend(right, loc="upper right", ncols=3, handletextpad=0.1, columnspacing=0.8)


# %% [markdown]
# At a minimum there is no step to take.


# %% tags=["hide"]
def draw_history(fig, x=0.0, radius=0.5, steps=12):
    left, right = plots.axes(fig, 1, 2)
    path = tr.trust_region_path(tr.double_well, x, radius, steps)
    draw_path(left, right, x, path)
    if not path:
        left.set_title("Already at a minimum")
        right.set_title("No step to take")
        return {"steps": 0, "x": x}
    rejected = sum(not step.accepted for step in path)
    last = path[-1].next_x
    left.set_title(f"x = {last:+.4f} after {len(path)} steps")
    right.set_title(f"{rejected} rejected")
    return {
        "steps": len(path), "rejected": rejected, "x": last, "f(x)": float(tr.double_well(last)),
        "largest Δ": max(step.radius for step in path), "last Δ": path[-1].next_radius,
    }  # fmt: skip


lab_path = explore(
    draw_history,
    alt="The path on the double well and the history of the radius",
    size=(9.5, 4.2),
    settings={
        "a small first radius": {"radius": 0.05, "steps": 30},
        "a large first radius": {"radius": 4.0, "steps": 30},
        "at a minimum": {"x": 1.0},
    },
    x=Slider("x₀", "start", min=-2.0, max=2.0, step=0.01),
    radius=Slider("Δ₀", "first radius", min=0.05, max=4.0, step=0.05),
    steps=Slider("k", "steps", min=1, max=30, step=1),
)
lab_path

# %% [markdown]
# ## 5 · The subproblem (14 minutes)
#
# Where is the model lowest inside the region? **In one dimension** the answer takes three lines:
#
# 1. $B > 0$: at Newton's step $-g/B$, or, if that lies outside, at the nearer edge.
# 2. $B \le 0$ and $g \ne 0$: downhill, at the edge.
# 3. $g = 0$: at either edge if $B < 0$, the top of a hill; else here.
#
# **In many dimensions** $B$ may be too large to build. The method of Steihaug and Toint asks only for products $v \mapsto Bv$. It walks by conjugate
# gradients from $p = 0$ towards the solution of $Bp = -g$ (lecture 10 derives them):

# %% tags=["hide"]
pseudocode(
    "Steihaug's method (Nocedal and Wright, Algorithm 7.2)",
    r"""
    $p \leftarrow 0$, $r \leftarrow g$, $u \leftarrow -g$
    while $\|r\| > \min(\frac12, \sqrt{\|g\|})\,\|g\|$:
        if $u^\top B u \le 0$: follow $u$ to the edge and return
        $\alpha \leftarrow r^\top r \,/\, u^\top B u$
        if $\|p + \alpha u\| \ge \Delta$: follow $u$ to the edge and return
        $p \leftarrow p + \alpha u$, $r_+ \leftarrow r + \alpha Bu$
        $u \leftarrow -r_+ + \frac{r_+^\top r_+}{r^\top r}\,u$, $r \leftarrow r_+$
    return $p$
    """,
    tr.steihaug_step,
    {
        1: "np.zeros_like",
        2: "while np",
        3: "if curvature <= 0",
        4: "alpha =",
        5: "return p + _",
        6: "p, previous =",
        7: "u = -residual +",
    },
)

# %% [markdown]
# Line 4 is the exact minimum of $m$ along $u$, and $r = g + Bp$ the model's slope at $p$. The length of $p$ grows with each piece ($p^\top u \ge 0$, a property of conjugate gradients), so a
# larger radius only lets the path go further along the *same* broken line: first along $-g$, to the lowest point there or to the edge; then along line 7's $u$.


# %% tags=["hide"]
def draw_steihaug(ax, f, x, radius, room, levels):
    """The model's level lines around x, its best steps, and Steihaug's path to the edge and beyond."""
    slope, bend, model = f.gradient(x), f.hessian(x), tr.quadratic_model(f, x)
    contours(ax, lambda q: model(q - x), (x[0] - room, x[0] + room), (x[1] - room, x[1] + room), levels)
    radii = np.append(np.linspace(1e-4, 1.4 * room, 1500), radius)
    walk = np.array([tr.steihaug_step(slope, bend, r, tolerance=1e-10) for r in np.sort(radii)])
    inside = np.sort(radii) <= radius
    ax.plot(*(x + best_steps(slope, bend)).T, color=plots.BLACK, linestyle=plots.DASHES, label="best steps")
    ax.plot(*(x + walk).T, color=plots.GREEN, linestyle=plots.DOTS)
    ax.plot(*(x + walk[inside]).T, color=plots.GREEN, linestyle="-", linewidth=3, label="Steihaug")
    ax.plot(*(x + radius * circle[::100]).T, color=plots.GREY, linestyle="-", linewidth=1)
    ax.plot(*x, "o", color=plots.BLACK, markersize=9)
    ax.plot(*(x + walk[inside][-1]), "s", color=plots.GREEN, markersize=9)


fig = plots.figure(10, 4.9)
left, right = plots.axes(fig, 1, 2)
draw_steihaug(left, tr.rosenbrock, point, 0.1, 0.16, np.linspace(2.2, 5.5, 12))
draw_steihaug(right, tr.double_well_2d, np.array([0.35, 0.8]), 1.3, 1.6, np.linspace(-4, 4, 14))
left.set_title("A convex model")
right.set_title("A model concave along x")
for f, x, radius in ((tr.rosenbrock, point, 0.1), (tr.double_well_2d, np.array([0.35, 0.8]), 1.3)):
    model = tr.quadratic_model(f, x)
    got = model(tr.steihaug_step(model.gradient, model.hessian, radius, tolerance=1e-10)) - model.value
    print(
        f"Steihaug gets {got / (model(radius * circle).min() - model.value):.0%} of the best possible decrease"
    )
plots.legend(right, loc="lower left", frameon=True)
plots.show(fig, alt="Steihaug's broken line from the centre to the edge, beside the curve of the best steps")

# %% [markdown]
# Steihaug starts along $-g$, turns once, and stops where the circle cuts its path (dotted: with a larger radius). On the
# left it soon finds the exact curve. On the right the model falls for ever along $x$; the path notices that only on
# its second piece, and gets 59 % of the decrease.
#
# Is that enough? The first piece ends in the *Cauchy point*, the best along $-g$ in the region, and later pieces lose nothing. So, convex or not, the decrease is at least
# $\frac12\|g\|\min(\Delta, \|g\|/\|B\|)$, which makes the method converge (*Further*). For *convex* models it is at least half of the best (Yuan), unless line 2 stops early.

# %% [markdown]
# ## 6 · Two dimensions (10 minutes)
#
# Rosenbrock's function $f(x,y) = (1-x)^2 + 100\,(y-x^2)^2$ is a curved valley with a flat floor; its minimum 0 is at $(1,1)$. Three
# methods start at $(-1.2, 1)$ and stop after 2 000 steps, or when $\|\nabla f\| \le 10^{-6}$. Gradient descent has a fixed rate of 0.001. Beside the trust region stands SciPy's `trust-ncg`, written by others
# with the same conventions: agreement says that the method is the same.

# %%
start = np.array([-1.2, 1.0])
newton_path = tr.newton(tr.rosenbrock, start, 100, 1e-6)
descent = tr.gradient_descent(tr.rosenbrock, start, 1e-3, 2000, 1e-6)
steps = tr.trust_region_path(tr.rosenbrock, start, 1.0, 300, tolerance=1e-6)
mine = np.array([start] + [step.next_x for step in steps])
options = {"gtol": 1e-6, "return_all": True}
jac, hess = tr.rosenbrock.gradient, tr.rosenbrock.hessian
scipys = minimize(tr.rosenbrock.value, start, jac=jac, hess=hess, method="trust-ncg", options=options)
for name, iterates in (("gradient descent", descent), ("Newton", newton_path), ("trust region", mine)):
    values = tr.rosenbrock(iterates)
    print(f"{name:17} {len(values) - 1:5d} steps   largest f on the way {values[1:].max():8.2f}", end="")
    print(f"   f at the end {values[-1]:.1e}")
receipt("the trust region's iterates", mine, scipys.allvecs, 1e-10, names=("ours", "SciPy's"))
assert np.all(np.diff(tr.rosenbrock(mine)) <= 0)

# %% [markdown]
# Green: the trust region. Sky blue: Newton, with its leap across the valley. Purple: gradient descent.

# %% tags=["hide"]
fig = plots.figure(8.5, 5)
ax = plots.axes(fig)
contours(ax, tr.rosenbrock, (-2, 2), (-3.4, 3), np.geomspace(2, 2000, 8))
ax.set_aspect("auto")
for label, points, colour, line, mark in (
    ("Newton", newton_path, plots.SKY, plots.DASHES, "s"),
    ("trust region", mine, plots.GREEN, plots.DASH_DOT, "o"),
    ("gradient descent", descent, plots.PURPLE, "-", ""),
):
    ax.plot(*points.T, color=colour, linestyle=line, marker=mark, markersize=6, linewidth=1.8, label=label)
ax.plot(1, 1, "*", color=plots.BLACK, markersize=16)
ax.set_title("The trust region stays in the valley it can see")
ax.legend(loc="lower right")
plots.show(
    fig,
    alt="Contours of Rosenbrock's function with the paths of gradient descent, Newton and the trust region",
)

# %% [markdown]
# Gradient descent is still on its way after 2 000 steps. Newton needs 6 steps and passes through a terrible point. The trust region
# needs 29 and never goes up.
#
# **Lab: two dimensions.** Three steps from one point: gradient descent's (as long as $\Delta$), Newton's, the trust region's. The thin
# green lines are level lines of the *model*: ellipses where it is convex, else hyperbolas. On "two wells", $(x^2-1)^2 + 2y^2$,
# set $y = 0$ and move $x$ between $-0.4$ and $0.4$: which step climbs?
#
# <details><summary>Why does the trust region's step at first end inside, along $-g$?</summary>It is Steihaug's, and ends where line 2 of the box says <i>small enough</i>: here after one piece, of length 0.26, which promises a decrease of 40.9. The best step, on the edge, would promise 48.2.</details>
#
# <details><summary>Answer</summary>Newton's: there the model is concave along $x$, and Newton goes to its saddle, towards $x = 0$. (From 0.45 on it leaps over the hill. Beside $y = 0$ it also goes down along $y$, and
# $f$ may fall in all. Gradient descent's step may climb too when it is long.)</details>


# %% tags=["hide"]
MAPS = {
    "Rosenbrock": (tr.rosenbrock, (-2, 2), (-1.5, 2.5), np.geomspace(2, 2000, 8)),
    "two wells": (tr.double_well_2d, (-2, 2), (-1.5, 2.5), np.geomspace(0.1, 12, 8)),
}


@lru_cache
def map_lines(name):
    return level_lines(*MAPS[name])  # once a map: the lab redraws quickly


def three_steps(f, point, radius):
    """The trust region's step from a point, and where gradient descent (as long as Δ) and Newton would end."""
    step, g, B = tr.trust_region_step(f, point, radius), f.gradient(point), f.hessian(point)
    downhill = point - radius * g / max(np.linalg.norm(g), 1e-12)
    return step, {
        "gradient": downhill,
        "Newton": point - np.linalg.solve(B, g),
        "trust region": step.candidate,
    }


# %% [markdown]
# The numbers say what $f$ is after each.


# %% tags=["hide"]
def draw_map(fig, function="Rosenbrock", x=-1.0, y=0.3, radius=0.5):
    ax = plots.axes(fig)
    f, x_range, y_range, levels = MAPS[function]
    here, round_here = np.array([x, y]), radius * np.exp(2j * np.pi * np.linspace(0, 1, 51))
    step, ends = three_steps(f, here, radius)
    model = tr.quadratic_model(f, here)
    model_lines = level_lines(lambda q: model(q - here), x_range, y_range, levels, n=50)
    ax.add_collection(LineCollection(map_lines(function), colors=plots.GREY, linewidths=0.7))
    ax.add_collection(LineCollection(model_lines, colors=plots.GREEN, linewidths=0.6, alpha=0.7))
    ax.fill(x + round_here.real, y + round_here.imag, color=plots.GREEN, alpha=0.15, lw=0, ls="-")
    looks = ((plots.PURPLE, plots.DOTS, "s"), (plots.SKY, plots.DASHES, "D"), (plots.GREEN, "-", "o"))
    for (label, end), (colour, line, mark) in zip(ends.items(), looks, strict=True):
        look = {"color": colour, "linestyle": line, "marker": mark, "markevery": [1]}
        ax.plot([x, end[0]], [y, end[1]], label=label, **look)
    ax.plot(x, y, "o", color=plots.BLACK, markersize=9)
    ax.set(xlim=x_range, ylim=y_range, xlabel="x", ylabel="y", title=verdict(step), aspect="equal")
    plots.legend(ax, loc="upper left", bbox_to_anchor=(1, 1))
    after = {f"f after {name}": float(f(end)) for name, end in ends.items()}
    lowest = float(np.linalg.eigvalsh(model.hessian)[0])
    about = {"ρ": step.ratio, "verdict": verdict(step), "lowest curvature": lowest}
    return {"f here": float(f(here)), **after, **about}


lab_map = explore(
    draw_map, size=(7.5, 4.6),
    alt="Contours, the model's level lines, the region, and the steps of three methods",
    settings={"curving down": {"function": "Rosenbrock", "x": 0.0, "y": 1.0, "radius": 1.0},
        "between two wells": {"function": "two wells", "x": 0.2, "y": 0.0, "radius": 0.5},
        "near a well": {"function": "two wells", "x": 0.9, "y": 0.3, "radius": 1.0}},
    function=Choice("f", "function", list(MAPS), value="Rosenbrock"),
    x=Slider("x", "across", min=-1.9, max=1.9, step=0.05),
    y=Slider("y", "up", min=-1.4, max=2.4, step=0.05),
    radius=Slider("Δ", "radius", min=0.05, max=3.0, step=0.05),
)  # fmt: skip
lab_map

# %% [markdown]
# ## 7 · The bridge to reinforcement learning (17 minutes)
#
# Lecture 08 has such a model: the surrogate $L$, of the return $\eta$, around the policy that one holds. Its natural radius $\delta$ is in KL divergence.

# %% tags=["hide"]
predict(
    "On a table, take the policy with the largest $L$ among those with a KL of at most $\\delta$ in every state. Let $\\delta$ go from "
    "0.0001 to 1. What does $\\rho$, the change of $\\eta$ over the change of $L$, do?",
    choices={
        "it stays near 1 throughout": "Far out the new policy visits other states than the old one, and $L$ does not "
        "know.",
        "it starts near 1 and drifts away": "",
        "it is far from 1 for every δ": "$L$ matches $\\eta$ to first order, so $\\rho \\to 1$ as $\\delta \\to 0$.",
    },
    answer="it starts near 1 and drifts away",
    why="Close by, first order is all there is. Further out, the new policy visits other states.",
    ordered=True,
)

# %% [markdown]
# TRPO (lecture 11) maximises $L$ with the *mean* KL limited. Beside a trust-region method:
#
# | trust-region method (minimise) | TRPO (maximise) |
# |---|---|
# | the function $f$, costly to ask | $-\eta(\pi_\theta)$: a batch of episodes for each value |
# | the model $m$: right to first order at $p = 0$ | $-L_{\mathrm{old}}(\pi_\theta)$: equal value and slope at $\theta_{\mathrm{old}}$ (lecture 08) |
# | the radius: $\lVert p\rVert \le \Delta_k$ | $\bar D_{\mathrm{KL}}(\pi_{\mathrm{old}}, \pi_\theta) \le \delta$: a radius in policies, not in parameters, averaged over the states |
# | the subproblem, approximately (Steihaug) | first order of $L$, second of the KL, conjugate gradients (lectures 10, 11) |
# | the check: $\rho_k$, then shrink $\Delta$ and solve again | a line search on $L$ and KL, so in the paper: the direction stays, the length shrinks |
# | $\Delta_k$ adapts from step to step | $\delta$ stays fixed |
#
# In the last two rows TRPO is *less* than a trust-region method: it never asks for $\rho$.
#
# <details><summary>Could it?</summary>Yes, a round later: the next batch is drawn from the candidate. But that ρ is noisy, and to refuse a
# step is to throw its batch away. One form of PPO (lecture 12) adapts its price of the KL, also without ρ.</details>
#
# On three finite MDPs we can ask without noise: lecture 08's two states ($\gamma = 0.9$); the *tightrope* (ten states, four are drawn; $\gamma = 0.95$), where a
# fall costs 1 a step for ever; the *cliff* ($\gamma = 0.99$), where a step costs 1, and one into the grey 100 and leads back to the start.

# %% tags=["hide"]
fig = plots.figure(11, 6.8)
top, cliff = plots.axes(fig, 2, 1, height_ratios=(1.7, 1))
top.axis("off")
left, right = top.inset_axes((0, 0, 0.47, 1)), top.inset_axes((0.5, 0, 0.5, 1))
plots.mdp(markov.two_state(), states=["0", "1"], actions=["stay", "move"], ax=left, title="Two states")
rope = np.array([[0, 3], [5, 3], [5, 0], [0, 0], [2.5, 1.5]])
plots.mdp(
    markov.tightrope(4), states=["0", "1", "2", "3", "fallen"], actions=["step", "fall"], layout=rope, ax=right,
    title="Tightrope",
)  # fmt: skip
cells = np.zeros((4, 12))
cells[3, 1:11] = 1
cliff.spines[["top", "right"]].set_visible(True)
cliff.pcolormesh(cells[::-1], cmap="Greys", vmax=2, edgecolors=plots.GREY, linewidth=0.5)
for x, word in ((0.5, "start"), (6, "the cliff: −100, back to start"), (11.5, "goal")):
    cliff.text(x, 0.5, word, ha="center", va="center", fontsize=11)
cliff.set(xticks=[], yticks=[], aspect="equal", title="Cliff: four actions, −1 a step")
plots.show(fig, alt="The two-state MDP, the tightrope and the cliff: states, actions, rewards")

# %% [markdown]
# From the uniform policy, `kl_ball_maximiser` finds the best $L$ with a KL of at most $\delta$ *in every state*, exactly. Each row then asks the true $\eta$.

# %%
MDPS = {"two states": markov.two_state(), "tightrope": markov.tightrope(), "cliff": markov.cliff()}


def best_on_table(mdp):
    """π, δ -> the policy with the best L among those within KL δ of π in every state."""
    return lambda pi, delta: markov.kl_ball_maximiser(pi, markov.advantages(mdp, pi), delta)[0]


print("ρ at   δ" + "".join(f"{name:>12}" for name in MDPS))
for delta in (1e-4, 1e-3, 1e-2, 0.1, 1.0):
    ratios = []
    for mdp in MDPS.values():
        old = markov.uniform_policy(mdp)
        new, eta = best_on_table(mdp)(old, delta), markov.expected_return(mdp, old)
        actual, predicted = markov.expected_return(mdp, new) - eta, markov.surrogate(mdp, new, old) - eta
        ratios.append(actual / predicted)
    print(f"{delta:8}" + "".join(f"{ratio:12.3f}" for ratio in ratios))
    if delta == 1e-4:
        assert np.allclose(ratios, 1, atol=0.05)

# %% [markdown]
# On the cliff $L$ promises too much: in the last row the rule would shrink $\delta$. On the tightrope $L$ promises
# too little, and $\delta$ could grow. A fixed $\delta$ knows neither. So let $\rho$ set it, by the rule of
# section 4.
#
# <details><summary>Is a quarter not too little?</summary>A KL grows with the square of a step: a quarter of $\delta$ is half of a length.</details>


# %%
def climb(mdp, pi, best_within, delta, adapt, rounds=40, ask=markov.expected_return):
    """η and δ, round by round; best_within(pi, δ) maximises L, and adapt lets ρ judge the step and set δ."""
    eta = ask(mdp, pi)
    etas, deltas = [eta], [delta]
    for _ in range(rounds):
        new = best_within(pi, delta)
        predicted = markov.surrogate(mdp, new, pi) - markov.surrogate(mdp, pi, pi)
        if predicted <= 1e-12:
            break  # nothing is promised any more
        found = ask(mdp, new)  # in RL: new episodes
        rho = (found - eta) / predicted
        if adapt:
            at_the_edge = (
                markov.max_kl(pi, new) > 0.9 * delta
            )  # 0.9: the edge may lie between two points of a grid
            delta = tr.radius_rule(rho, at_the_edge, delta)
        if rho > 0.15 or not adapt:
            pi, eta = new, found
        etas.append(eta)
        deltas.append(delta)
    return np.array(etas), np.array(deltas)


# %% [markdown]
# A hard one first: the two states share *one* row $(1-q, q)$, where (lecture 08b) a fixed radius overshoots
# the best $q$, back and forth, for ever. A round asks $\eta$ once, whether its step is taken or not.

# %% tags=["hide"]
predict(
    "The rule now sets the radius, from $\\delta = 0.1$ on. What becomes of $\\delta$ on the shared row?",
    choices={
        "it shrinks towards 0": "",
        "it grows until the optimum is one step away": "That is what it does on tables, where every step that $L$ "
        "proposes helps.",
        "it settles near 0.01": "No value stays right: the nearer the optimum, the smaller the region in which $L$ may "
        "be believed.",
    },
    answer="it shrinks towards 0",
    why="$L$ is right to first order only. Near the optimum the slope of $\\eta$ vanishes, and what is left is its "
    "curvature, of which $L$ knows nothing.",
)

# %% [markdown]
# All policies with equal rows, on a grid of 4001 values of $q$: each step is the maximum of $L$ among those in its region.

# %%
two, grid = markov.two_state(), np.linspace(0.001, 0.999, 4001)
row = np.stack([1 - grid, grid], axis=-1)
family = np.stack([row, row], axis=-2)  # every policy with equal rows, [4001, 2, 2]


def best_shared(pi, delta):
    near = markov.max_kl(pi, family) <= delta
    return family[np.argmax(np.where(near, markov.surrogate(two, family, pi), -np.inf))]


shared_start, optimum = np.full((2, 2), (0.8, 0.2)), markov.expected_return(two, family).max()
shared = {
    "fixed δ = 0.1": climb(two, shared_start, best_shared, 0.1, adapt=False),
    "fixed δ = 0.01": climb(two, shared_start, best_shared, 0.01, adapt=False),
    "δ set by ρ": climb(two, shared_start, best_shared, 0.1, adapt=True),
}
for name, (etas, _) in shared.items():
    loses = np.sum(np.diff(etas) < -1e-9)
    end = f"{optimum - etas[-1]:.1e} below the best" if etas[-1] < optimum else "at the best of the grid"
    print(f"{name:15} {len(etas) - 1:2d} rounds, {loses:2d} lose; ends {end}")
assert optimum - shared["δ set by ρ"][0][-1] < 1e-6 < optimum - shared["fixed δ = 0.01"][0][-1]

# %% [markdown]
# As a picture, with what becomes of $\delta$. The tables start uniform, with $\delta = 0.001$: compare only the direction of the lines. A line ends (dot) where $L$ promises nothing
# more; two tables coincide.

# %% tags=["hide"]
fig = plots.figure(10.5, 4.3)
left, right = plots.axes(fig, 1, 2)
looks = ((plots.PURPLE, plots.DOTS), (plots.SKY, plots.DASHES), (plots.GREEN, "-"))
for (name, (etas, _)), (colour, line) in zip(shared.items(), looks, strict=True):
    left.plot(etas, label=name, color=colour, linestyle=line)
    if len(etas) < 41:
        left.plot(len(etas) - 1, etas[-1], "o", color=colour, label="_end")
left.axhline(optimum, color=plots.BLACK, linestyle="-", linewidth=1, label="best of the grid")
left.set(
    xlabel="round", ylabel="η", xlim=(0, 40), ylim=(3.0, 3.45), title="One shared row: the swing is gone"
)
plots.legend(left, loc="lower right")
paths = {"shared row": (shared["δ set by ρ"][1], plots.GREEN, "-")}
looks = (plots.SKY, "-"), (plots.BLACK, plots.DOTS), (plots.ORANGE, plots.DASH_DOT)
for (name, mdp), look in zip(MDPS.items(), looks, strict=True):
    deltas = climb(mdp, markov.uniform_policy(mdp), best_on_table(mdp), 1e-3, adapt=True)[1]
    paths[f"table: {name}"] = (deltas, *look)
for name, (deltas, colour, line) in paths.items():
    right.plot(deltas, color=colour, linestyle=line, label=name)
    right.plot(len(deltas) - 1, deltas[-1], "o", color=colour, label="_end")
right.set(xlabel="round", ylabel="radius δ", yscale="log", xlim=(0, 40), title="One rule, two verdicts")
plots.legend(right, loc="upper right")
plots.show(
    fig, alt="Left: η over rounds, fixed radii swing and the adapted one settles. Right: δ over rounds"
)

# %% [markdown]
# The adapted radius climbs to the best point of the grid in round 13. That it loses no round is no merit: it takes a step only where $\rho$ is
# positive. What counts is that it *arrives*, where both fixed radii go on swinging. For this $\delta$ must shrink: near the optimum
# only the curvature of $\eta$ is left, of which $L$ has none. It shrinks until no other grid point lies in the region (finer grids: *Further*). On tables the same rule *grows* $\delta$.
#
# What these exact numbers hide is the noise: each $\eta$ is a batch of episodes, and $\rho$ is meaningless where the promise is smaller than the noise (exercise 5). So TRPO fixes
# $\delta$ and checks what is free.

# %% [markdown]
# ## Summary
#
# - A line search picks a direction, then a length; a trust region picks a length, then the best direction. Gradient descent is on both sides.
# - The quadratic model leaves a maximum that stops gradient descent. Newton's step may climb; here such a step is refused.
# - $\rho_k$, actual over predicted, decides about the step *and* about the next radius.
# - Moré and Sorensen say which step is best; Steihaug comes near with products $Bv$ only.
# - TRPO keeps the model and the region and drops $\rho_k$; on the shared row, adapting $\delta$ ends the swing.
#
# ## Exercises
#
# **1** ★ (5 minutes) In the lab of section 1 find an *accept, shrink*. Why is it so rare?
#
# <details><summary>Hint</summary>Keep the position at 0.5 and change the radius.</details>
# <details><summary>Answer</summary>For example position 0.5, radius 0.75. It needs a ratio between 0.15 and 0.25: good enough to take, too poor to
# trust.</details>
#
# **2** ★★ (15 minutes) Answer the question of the lab in section 4 for *every* start right of the hill, without the sliders.
#
# <details><summary>Hint</summary>Where does the step point for $0 < x < 1/\sqrt3$? And how long is it for $x > 1$?</details>
# <details><summary>Answer</summary>No. For $0 < x < 1$ the slope is negative, so the step points to the right, whatever the sign of $f''$. For $x > 1$
# it points to the left, and its length is at most Newton's, $4x(x^2-1)/(12x^2-4)$, which is below $x$. So no step ever crosses 0.</details>
#
# **3** ★★ (10 minutes) In the lab of section 6, on Rosenbrock, find a point where Newton's step raises $f$ although the lowest curvature is
# positive.
#
# <details><summary>Hint</summary>Look for a long Newton step, such as a flat valley invites.</details>
# <details><summary>Answer</summary>For example $x = -1$, $y = 1$, on the floor of the valley: the model is convex, and its lowest point
# lies at $(1, -3)$, where the valley has long turned away.</details>
#
# **4** ★★ (10 minutes) In the cell that makes `shared`, replace the 0.1 of the line `δ set by ρ` by 1, then by 0.0001, and rerun it.
# Does the end depend on the first radius?
#
# <details><summary>Answer</summary>No: in each case it ends at the best point of the grid, or within a millionth of it. From 0.0001 the radius
# first grows, and then shrinks.</details>
#
# **5** ★★★ (40 minutes) Give `climb` an `ask` that adds a normal error of standard deviation 0.01 to
# `markov.expected_return(mdp, policy)`, and run the adapted rule on the shared row, with ten seeds. Where does it stop, and
# why? Compare `etas` with the true return of the last policy.
#
# <details><summary>Hint</summary>`rng = np.random.default_rng(0)`, then `ask=lambda mdp, policy: markov.expected_return(mdp, policy) + rng.normal(0, 0.01)`. Compare the error with the denominator of $\rho$. To get the last policy, let `climb` return it, in a copy of its cell.</details>
# <details><summary>Answer</summary>Once $L$ promises less than 0.01 the sign of $\rho$ is a coin. A step whose $\eta$ was overestimated is taken and
# its lucky number is kept as the value to beat, so later steps are refused and $\delta$ collapses; `etas` ends *above* the optimum, which
# no policy reaches. The cure is to ask both policies anew, with the same random numbers, or with larger batches near the end.</details>
#
# **6** ★★ (20 minutes) The hard case. $g = (0, 1)$ and $B = \mathrm{diag}(-1, 1)$. Find the best step for $\Delta = 2$ by the three conditions of section 2. Where does Steihaug end, and why? Check both.
#
# <details><summary>Hint</summary>$B + \lambda I$ may have no negative eigenvalue. What does $\lambda > 1$ give, and how long is it?</details>
# <details><summary>Answer</summary>The third condition asks for $\lambda \ge 1$. With $\lambda > 1$ the first one gives $p = (0, -1/(1+\lambda))$, shorter than $\frac12$, so the second fails. With $\lambda = 1$ the first one says
# $p_2 = -\frac12$ and leaves $p_1$ free, as $g$ has no part along the lowest eigenvector: $p = (\pm\sqrt{\Delta^2-\frac14}, -\frac12)$, with $m = -2.25$. Steihaug never sees the first coordinate, because $g$ and all $Bv$ stay in the second; it ends at
# $(0, -1)$, a saddle of the model, with $m = -\frac12$. The check:
#
# ```python
# slope, bend = np.array([0.0, 1.0]), np.diag([-1.0, 1.0])
# hard, disc = tr.Model(0.0, slope, bend), 2 * circle
# receipt("the best of the circle", hard(disc).min(), hard(np.array([np.sqrt(3.75), -0.5])), 1e-6)
# receipt("Steihaug", tr.steihaug_step(slope, bend, 2.0, tolerance=1e-10), [0.0, -1.0])
# ```
#
# </details>

# %% [markdown]
# ## Further
#
# A theorem, and short checks: how good the two models are; the exact step of one dimension; a line search along a
# climbing direction; what each method costs; how much Steihaug misses, and where it stands still; first radii; finer grids.
#
# **When does it converge?** Let $f$ be bounded below, its gradient Lipschitz continuous, and $\|B_k\|$ bounded. If every step has
# $$m(0) - m(p) \ge c\,\|g\|\,\min\big(\Delta_k, \|g\|/\|B_k\|\big)$$
# for one $c > 0$, then $\liminf_k\|\nabla f(x_k)\| = 0$, and with a threshold above 0 for taking a step even $\nabla f(x_k) \to 0$ (Nocedal and Wright, theorems 4.5 and 4.6, numbers from memory). The Cauchy point has $c = \frac12$, so Steihaug's steps do. Here is why
# it works: were $\|g\|$ to stay above some number, small radii would have $\rho$ near 1, since the model is right to first order; so $\Delta_k$ would stop shrinking, every round would gain a fixed amount, and $f$ would fall without bound.

# %% [markdown]
# **How good are the models?** Halve the step and look at the error: the linear model's is divided by four, the quadratic one's by eight.

# %%
for length in (0.1, 0.05, 0.025, 0.0125):
    p = length * np.array([0.6, -0.8])
    errors = [abs(tr.rosenbrock(point + p) - model(p)) for model in (linear, quadratic)]
    print(f"‖p‖ = {length:<7} linear off by {errors[0]:.2e}   quadratic off by {errors[1]:.2e}")

# %% [markdown]
# **The exact step in one dimension** beside a fine grid, for 2 000 random slopes, curvatures and radii:

# %%
draws = np.random.default_rng(1)
worst = 0.0
for slope, bend, radius in zip(*draws.normal(size=(2, 2000)), draws.uniform(0.1, 3, 2000), strict=True):
    p, around = tr.exact_step(slope, bend, radius), np.linspace(-radius, radius, 401)
    values = slope * around + 0.5 * bend * around**2
    worst = max(worst, slope * p + 0.5 * bend * p**2 - values.min())
print(f"the grid is better by at most {worst:.1e}")
assert worst <= 1e-12

# %% [markdown]
# **A line search that shortens** needs a direction that leads down at first, and the package says so. From 0.4 Newton's direction climbs at first; the valley behind the hill lies 2.2 of Newton's steps away.

# %%
try:
    tr.backtracking(tr.double_well, 0.4, -tr.double_well.gradient(0.4) / tr.double_well.hessian(0.4))
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# **What each method costs** on Rosenbrock's function: the distinct points at which it asked for $f$, for $\nabla f$ and for $\nabla^2 f$. Which
# column is expensive depends on your problem; in RL a value is a batch of episodes.


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


methods = {
    "gradient descent": lambda f: tr.gradient_descent(f, start, None, 60_000, 1e-6),
    "Newton": lambda f: tr.newton(f, start, 100, 1e-6),
    "trust region": lambda f: tr.trust_region_path(f, start, 1.0, 300, tolerance=1e-6),
}
print(" " * 31 + "values  gradients  Hessians")
for name, method in methods.items():
    f, asked = counted(tr.rosenbrock)
    method(f)
    print(f"{name:29}" + "".join(f"{len(points):9d}" for points in asked.values()))

# %% [markdown]
# **How much Steihaug misses.** A thousand random problems in two dimensions, beside the best of 2 000 points of the circle and, where it is a
# minimum inside, Newton's point. Yuan's theorem promises half of the decrease for convex models where the method runs to its end, as a tolerance of $10^{-10}$ makes it do here. For the others it says nothing, but the Cauchy decrease is there for all, and is asserted.

# %%
rng, ring = np.random.default_rng(0), circle[::50]
shares = {"convex models": [], "models with negative curvature": []}
for _ in range(1000):
    slope, bend = rng.normal(size=2), rng.normal(size=(2, 2))
    bend = bend + bend.T
    model, p = tr.Model(0.0, slope, bend), tr.steihaug_step(slope, bend, 1.0, tolerance=1e-10)
    inner, convex = -np.linalg.solve(bend, slope), np.linalg.eigvalsh(bend)[0] > 0
    best = min(model(ring).min(), model(inner) if convex and inner @ inner <= 1 else np.inf)
    shares["convex models" if convex else "models with negative curvature"].append(model(p) / best)
    size, steep = np.linalg.norm(slope), np.linalg.norm(bend, 2)
    assert -model(p) >= 0.5 * size * min(1.0, size / steep) - 1e-12  # the Cauchy decrease
for kind, share in shares.items():
    print(f"{kind:31} median {np.median(share):.3f}   lowest {min(share):.3f}   of {len(share)}")
assert min(shares["convex models"]) >= 0.5

# %% [markdown]
# **Where Steihaug stands still.** Where $g = 0$ it returns 0, even on a saddle: it never looks at eigenvectors. In one dimension the exact
# step leaves the hill; in two, on $(x^2-1)^2 + 2y^2$, Steihaug stays at the saddle, and so does SciPy. A nudge is enough.

# %%
f = tr.double_well_2d
ask_all = {"method": "trust-ncg", "jac": f.gradient, "hess": f.hessian, "options": {"gtol": 1e-8}}
for nudge in (0.0, 1e-6):
    origin = np.array([nudge, 0.0])
    steps_taken = tr.trust_region_path(f, origin, 1.0, 50)
    end = steps_taken[-1].next_x if steps_taken else origin
    print(f"from x = {nudge:<6} ours ends at {end}   SciPy's at {minimize(f.value, origin, **ask_all).x}")
assert not tr.trust_region_path(f, np.zeros(2), 1.0, 50)

# %% [markdown]
# **First radii.** Rounds until 99 % of the possible gain, fixed → adapted. A well chosen radius gains nothing from $\rho$, and on the cliff, at $\delta = 1$, the check even costs a round:

# %%
print("first δ  " + "".join(f"{name:>22}" for name in MDPS))
for first in (1e-3, 1e-2, 0.1, 1.0):
    line = f"{first:7}  "
    for mdp in MDPS.values():
        uniform, rounds = markov.uniform_policy(mdp), []
        best = markov.expected_return(mdp, markov.policy_iteration(mdp, uniform)[-1])
        for adapt in (False, True):
            etas, _ = climb(mdp, uniform, best_on_table(mdp), first, adapt)
            rounds.append(np.argmax(etas > etas[0] + 0.99 * (best - etas[0])))
        line += f"{rounds[0]:>12} → {rounds[1]:<7}"
        assert rounds[1] <= rounds[0] or first == 1.0
    print(line)

# %% [markdown]
# **Finer grids.** The adapted radius on the shared row, beside the best $q$ of all, which SciPy finds by a search in one dimension:


# %%
def shared_return(q):
    """η of the policy with one row (1 − q, q) for both states."""
    return float(markov.expected_return(two, np.full((2, 2), (1 - q, q))))


found = minimize_scalar(
    lambda q: -shared_return(q), bounds=(0.001, 0.999), method="bounded", options={"xatol": 1e-12}
)
for n in (401, 4001, 40_001):
    moves = np.linspace(0.001, 0.999, n)
    rows = np.stack([1 - moves, moves], axis=-1)
    finer = np.stack([rows, rows], axis=-2)

    def best_of_finer(pi, delta, finer=finer):
        near = markov.max_kl(pi, finer) <= delta
        return finer[np.argmax(np.where(near, markov.surrogate(two, finer, pi), -np.inf))]

    etas, deltas = climb(two, shared_start, best_of_finer, 0.1, adapt=True)
    print(
        f"{n:6d} points: {len(etas) - 1} rounds, δ {deltas[-1]:.0e}, short of the best q by {-found.fun - etas[-1]:.0e}"
    )


# %% [markdown]
# ## Sources
#
# - Nocedal and Wright, [*Numerical Optimization*](https://doi.org/10.1007/978-0-387-40065-5), 2nd edition, 2006, chapters 3, 4 and 7: Algorithms 3.1, 4.1, 7.2.
# - Moré and Sorensen, *Computing a Trust Region Step*, SIAM Journal on Scientific and Statistical Computing 4, 1983 (from memory): the three conditions of section 2, and the hard case.
# - Toint, *Towards an Efficient Sparsity Exploiting Newton Method for Minimization*, 1981 (from memory), and Steihaug, [*The Conjugate Gradient Method and Trust Regions in Large Scale Optimization*](https://doi.org/10.1137/0720042), SIAM Journal on
#   Numerical Analysis 20, 1983.
# - Yuan, *On the truncated conjugate gradient method*, Mathematical Programming 87, 2000: the theorem of section 5 (not opened).
# - Schulman et al., *Trust Region Policy Optimization*, ICML 2015, [arXiv:1502.05477](https://arxiv.org/abs/1502.05477): the constraint of section 4, the line search of appendix C.
# - [SciPy's `minimize(method="trust-ncg")`](https://docs.scipy.org/doc/scipy/reference/optimize.minimize-trustncg.html), the peer that this page agrees with.
