"""Trust-region methods: minimise f by trusting a model of it inside a radius, and by checking the model.

x is a number (dimension 1) or an array [n]; p is the step, Δ the radius, m the model, ρ the ratio of actual
to predicted decrease. Algorithm numbers: Nocedal & Wright, Numerical Optimization (2nd ed., 2006).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

Point: TypeAlias = float | np.ndarray  # x, p or ∇f: a number, or an array [n]

# ------------------------------------------------------------------------------------- functions and classics


@dataclass(frozen=True)
class Objective:
    """f with ∇f and ∇²f.

    With dimension 1, value, gradient and hessian map a number to a number (arrays: element by element). With
    dimension n, x [..., n] gives value [...], gradient [..., n] and hessian [..., n, n].
    """

    value: Callable
    gradient: Callable
    hessian: Callable
    dimension: int = 1
    minima: tuple = ()

    def __call__(self, x: Point) -> Point:
        return self.value(x)


double_well = Objective(  # f(x) = (x² − 1)²
    value=lambda x: (x**2 - 1) ** 2,
    gradient=lambda x: 4 * x * (x**2 - 1),
    hessian=lambda x: 12 * x**2 - 4,
    minima=(-1.0, 1.0),
)


def _coordinates(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = np.asarray(x, dtype=float)
    return x[..., 0], x[..., 1]


def _matrix(xx: Point, xy: Point, yy: Point) -> np.ndarray:
    """[[xx, xy], [xy, yy]] for each of a batch: [..., 2, 2]."""
    xx, xy, yy = np.broadcast_arrays(xx, xy, yy)
    return np.stack([np.stack([xx, xy], axis=-1), np.stack([xy, yy], axis=-1)], axis=-2)


def _two_dimensional(value: Callable, gradient: Callable, hessian: Callable, minima: tuple) -> Objective:
    """An Objective on [..., 2] from functions of the two coordinates."""
    return Objective(
        value=lambda x: value(*_coordinates(x)),
        gradient=lambda x: np.stack(np.broadcast_arrays(*gradient(*_coordinates(x))), axis=-1),
        hessian=lambda x: _matrix(*hessian(*_coordinates(x))),
        dimension=2,
        minima=minima,
    )


rosenbrock = _two_dimensional(  # f(x, y) = (1 − x)² + 100 (y − x²)²
    value=lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    gradient=lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)),
    hessian=lambda x, y: (2 - 400 * (y - 3 * x**2), -400 * x, 200.0),
    minima=((1.0, 1.0),),
)

himmelblau = _two_dimensional(  # f(x, y) = (x² + y − 11)² + (x + y² − 7)²: four minima, all of value 0
    value=lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
    gradient=lambda x, y: (
        4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7),
        2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7),
    ),
    hessian=lambda x, y: (12 * x**2 + 4 * y - 42, 4 * x + 4 * y, 4 * x + 12 * y**2 - 26),
    minima=((3.0, 2.0), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)),
)

double_well_2d = _two_dimensional(  # f(x, y) = (x² − 1)² + 2 y²: minima at (±1, 0), a saddle at 0
    value=lambda x, y: (x**2 - 1) ** 2 + 2 * y**2,
    gradient=lambda x, y: (4 * x * (x**2 - 1), 4 * y),
    hessian=lambda x, y: (12 * x**2 - 4, 0.0, 4.0),
    minima=((-1.0, 0.0), (1.0, 0.0)),
)

# -------------------------------------------------------------------------------------------------- models


@dataclass(frozen=True)
class Model:
    """m(p) = f + gᵀp + ½ pᵀBp: what is believed about f(x + p). B = 0 for the linear model."""

    value: float
    gradient: np.ndarray
    hessian: np.ndarray

    def __call__(self, p: Point) -> Point:
        """m at a step p: a number for one dimension (or an array of numbers), [..., n] otherwise."""
        p = np.asarray(p, dtype=float)
        if np.ndim(self.gradient) == 0:
            return self.value + self.gradient * p + 0.5 * self.hessian * p**2
        return self.value + p @ self.gradient + 0.5 * np.sum((p @ self.hessian) * p, axis=-1)


def linear_model(f: Objective, x: Point) -> Model:
    """m(p) = f(x) + ∇f(x)ᵀp. ValueError where x has the wrong shape or is not finite."""
    x = _point(f, x)
    g = f.gradient(x)
    return Model(float(f.value(x)), g, 0.0 if f.dimension == 1 else np.zeros((f.dimension, f.dimension)))


def quadratic_model(f: Objective, x: Point) -> Model:
    """m(p) = f(x) + ∇f(x)ᵀp + ½ pᵀ∇²f(x)p (Nocedal & Wright, section 4.1). Errors as in `linear_model`."""
    x = _point(f, x)
    return Model(float(f.value(x)), f.gradient(x), f.hessian(x))


# ---------------------------------------------------------------------- the subproblem: min m(p), ‖p‖ ≤ Δ


def exact_step(gradient: float, curvature: float, radius: float) -> float:
    """argmin_p g p + ½ b p² subject to |p| ≤ Δ, for numbers.

    b > 0: Newton's step −g/b, cut at ±Δ. b ≤ 0: downhill to the edge. g = 0 and b < 0: both edges are
    minimisers and +Δ is taken. g = 0 and b ≥ 0: 0.
    """
    if curvature > 0:
        return float(np.clip(-gradient / curvature, -radius, radius))
    if gradient == 0:
        return float(radius) if curvature < 0 else 0.0
    return float(-np.sign(gradient) * radius)


def steihaug_step(
    gradient: np.ndarray,
    hessian: np.ndarray | Callable[[np.ndarray], np.ndarray],
    radius: float,
    tolerance: float | None = None,
) -> np.ndarray:
    """p ≈ argmin_p gᵀp + ½ pᵀBp subject to ‖p‖ ≤ Δ, by conjugate gradients (Nocedal & Wright, Algorithm 7.2).

    Conjugate gradients on Bp = −g from p = 0, left at the boundary when an iterate would cross it or when a
    direction u has uᵀBu ≤ 0; stops at ‖Bp + g‖ ≤ tolerance·‖g‖, by default min(½, √‖g‖). gradient [n];
    hessian [n, n] or a function v -> Bv. Where g = 0 it stays at 0, even on a saddle: it never looks at
    eigenvectors.
    """
    product = hessian if callable(hessian) else lambda v: hessian @ v
    size = np.linalg.norm(gradient)
    tolerance = min(0.5, np.sqrt(size)) if tolerance is None else tolerance
    p, residual, u = np.zeros_like(gradient), gradient, -gradient
    while np.linalg.norm(residual) > tolerance * size:
        Bu = product(u)
        curvature = u @ Bu
        alpha = residual @ residual / curvature if curvature > 0 else np.inf
        if curvature <= 0 or np.linalg.norm(p + alpha * u) >= radius:
            return p + _distance_to_boundary(p, u, radius) * u
        p, previous = p + alpha * u, residual
        residual = residual + alpha * Bu
        u = -residual + (residual @ residual) / (previous @ previous) * u
    return p


def _distance_to_boundary(p: np.ndarray, u: np.ndarray, radius: float) -> float:
    """The τ ≥ 0 with ‖p + τu‖ = Δ."""
    a, b, c = u @ u, p @ u, p @ p - radius**2
    return (-b + np.sqrt(b**2 - a * c)) / a


# -------------------------------------------------------------------------------------- the step, the path


@dataclass(frozen=True)
class Step:
    """One iteration: what was believed, what was found, what follows."""

    x: np.ndarray  # x_k
    radius: float  # Δ_k
    candidate: np.ndarray  # x_k + p
    predicted: float  # m(0) − m(p)
    actual: float  # f(x_k) − f(x_k + p)
    ratio: float  # ρ_k = actual / predicted; NaN where p = 0
    accepted: bool  # ρ_k > accept
    next_x: np.ndarray  # x_{k+1}
    next_radius: float  # Δ_{k+1}
    verdict: str  # "grow", "keep" or "shrink": what happened to the radius


def radius_rule(ratio: float, on_boundary: bool, radius: float, max_radius: float = 1000.0) -> float:
    """Δ/4 if ρ < ¼; min(2Δ, Δ_max) if ρ > ¾ and ‖p‖ = Δ; Δ otherwise (Nocedal & Wright, Algorithm 4.1)."""
    if ratio < 0.25:
        return 0.25 * radius
    if ratio > 0.75 and on_boundary:
        return min(2 * radius, max_radius)
    return radius


def trust_region_step(
    f: Objective, x: Point, radius: float, accept: float = 0.15, max_radius: float = 1000.0
) -> Step:
    """ρ = (f(x) − f(x + p))/(m(0) − m(p)),  p = argmin_{‖p‖ ≤ Δ} m(p): one iteration of Algorithm 4.1.

    The model is quadratic; the subproblem is solved exactly for n = 1, by Steihaug's method for n > 1. The
    candidate becomes x_{k+1} when ρ > accept, with 0 ≤ accept < ¼. Returns a Step. Raises ValueError for
    another accept, a radius that is not positive and finite, or an x of the wrong shape.
    """
    x = _point(f, x)
    if not (np.isfinite(radius) and radius > 0):
        raise ValueError(f"radius is {radius}; a trust region needs a finite Δ > 0")
    if not 0 <= accept < 0.25:
        raise ValueError(f"accept is {accept}; Algorithm 4.1 needs 0 ≤ accept < 1/4")
    m = quadratic_model(f, x)
    solve = exact_step if f.dimension == 1 else steihaug_step
    p = solve(m.gradient, m.hessian, radius)

    candidate = x + p
    predicted, actual = float(m(np.zeros_like(p)) - m(p)), float(f(x) - f(candidate))
    ratio = actual / predicted if predicted > 0 else np.nan
    accepted = bool(ratio > accept)
    next_radius = radius_rule(ratio, np.linalg.norm(p) >= (1 - 1e-9) * radius, radius, max_radius)
    verdict = "grow" if next_radius > radius else "shrink" if next_radius < radius else "keep"
    next_x = candidate if accepted else x
    return Step(x, float(radius), candidate, predicted, actual, ratio, accepted, next_x, next_radius, verdict)


def trust_region_path(
    f: Objective,
    x: Point,
    radius: float,
    steps: int,
    accept: float = 0.15,
    max_radius: float = 1000.0,
    tolerance: float = 1e-8,
) -> list[Step]:
    """x_{k+1}, Δ_{k+1} from x_k, Δ_k, at most `steps` times. A list of Step.

    Ends earlier where ‖∇f(x_k)‖ ≤ tolerance and the model promises no more than that either: a stationary
    point whose model is concave (the top of the double well) does not end it. Errors as in
    `trust_region_step`.
    """
    path = []
    for _ in range(steps):
        step = trust_region_step(f, x, radius, accept, max_radius)
        if np.linalg.norm(f.gradient(step.x)) <= tolerance and step.predicted <= tolerance:
            break
        path.append(step)
        x, radius = step.next_x, step.next_radius
    return path


# ---------------------------------------------------------- line search, gradient descent, Newton: to compare


def backtracking(
    f: Objective, x: Point, direction: Point, step: float = 1.0, shrink: float = 0.5, slope: float = 1e-4
) -> float:
    """The first t in step·{1, shrink, shrink², …} with f(x + t d) ≤ f(x) + slope·t·∇fᵀd (Algorithm 3.1).

    Raises ValueError when d does not point downhill: no step length would ever pass.
    """
    value, decrease = f(x), np.sum(f.gradient(x) * direction)
    if not decrease < 0:
        raise ValueError(
            f"direction has slope {decrease:g} at x = {x}; a line search needs a downhill direction"
        )
    while f(x + step * direction) > value + slope * step * decrease:
        step *= shrink
        if step < 1e-30:
            raise ValueError(f"no step length along {direction} decreases f at x = {x}; check the gradient")
    return step


def gradient_descent(
    f: Objective, x: Point, rate: float | None, steps: int, tolerance: float = 0.0
) -> np.ndarray:
    """x_{k+1} = x_k − rate ∇f(x_k); rate=None: the length comes from `backtracking`.

    Iterates [≤ steps + 1, ...]. Ends early where ‖∇f‖ ≤ tolerance (a zero gradient: stuck) and where the
    iterates leave the range of floats.
    """
    path = [_point(f, x)]
    for _ in range(steps):
        if not np.all(np.abs(path[-1]) < 1e50):
            break
        g = f.gradient(path[-1])
        if np.linalg.norm(g) <= tolerance:
            break
        path.append(path[-1] - (backtracking(f, path[-1], -g) if rate is None else rate) * g)
    return np.array(path)


def newton(f: Objective, x: Point, steps: int, tolerance: float = 1e-8) -> np.ndarray:
    """x_{k+1} = x_k − ∇²f(x_k)⁻¹∇f(x_k), uphill where ∇²f < 0. Iterates [≤ steps + 1, ...]."""
    path = [_point(f, x)]
    for _ in range(steps):
        g, B = f.gradient(path[-1]), f.hessian(path[-1])
        if np.linalg.norm(g) <= tolerance:
            break
        path.append(path[-1] - (g / B if f.dimension == 1 else np.linalg.solve(B, g)))
    return np.array(path)


def _point(f: Objective, x: Point) -> Point:
    """x as a checked float (dimension 1) or array [n]."""
    x = np.asarray(x, dtype=float)
    expected = () if f.dimension == 1 else (f.dimension,)
    if x.shape != expected:
        raise ValueError(f"x has shape {x.shape}; this objective asks for {expected or 'a plain number'}")
    if not np.isfinite(x).all():
        raise ValueError(f"x is {x}; it must be finite")
    return float(x) if f.dimension == 1 else x
