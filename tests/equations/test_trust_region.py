"""Trust-region methods against finite differences, brute force, a dense subproblem solver, and scipy."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize

from rlcourse.equations import trust_region as tr

CLASSICS = {"rosenbrock": tr.rosenbrock, "himmelblau": tr.himmelblau, "double_well_2d": tr.double_well_2d}
points = st.floats(-2.5, 2.5).map(lambda x: round(x, 3))
radii = st.floats(0.01, 4.0)


@pytest.mark.parametrize("name", CLASSICS)
def test_gradients_and_hessians_are_finite_differences(name):
    f, rng, h = CLASSICS[name], np.random.default_rng(0), 1e-5
    for x in rng.uniform(-3, 3, size=(5, 2)):
        for i, e in enumerate(h * np.eye(2)):
            assert f.gradient(x)[i] == pytest.approx((f(x + e) - f(x - e)) / (2 * h), rel=1e-6, abs=1e-5)
            by_gradient = (f.gradient(x + e) - f.gradient(x - e)) / (2 * h)
            assert f.hessian(x)[i] == pytest.approx(by_gradient, rel=1e-6, abs=1e-5)
    assert f(rng.normal(size=(4, 5, 2))).shape == (4, 5)


@pytest.mark.parametrize("name", ["double_well", *CLASSICS])
def test_the_listed_minima_are_minima(name):
    f = getattr(tr, name)
    for minimum in f.minima:
        x = np.array(minimum)
        assert np.linalg.norm(f.gradient(x)) < 1e-3
        assert np.all(np.linalg.eigvalsh(np.atleast_2d(f.hessian(x))) > 0)
        assert f(x) < 1e-9


def test_at_the_top_of_the_double_well_the_gradient_is_zero_and_the_model_concave():
    m = tr.quadratic_model(tr.double_well, 0.0)
    assert (m.value, m.gradient, m.hessian) == (1.0, 0.0, -4.0)
    assert m(0.5) == pytest.approx(1 - 2 * 0.5**2)
    assert len(tr.gradient_descent(tr.double_well, 0.0, rate=0.1, steps=50)) == 1
    for radius in (0.1, 0.5, 1.3):
        step = tr.trust_region_step(tr.double_well, 0.0, radius)
        assert abs(step.candidate) == radius
        assert step.predicted == pytest.approx(2 * radius**2)


def test_from_the_top_the_path_reaches_a_minimum():
    for radius in (0.1, 0.5, 1.0, 3.0):
        path = tr.trust_region_path(tr.double_well, 0.0, radius, steps=60)
        assert abs(path[-1].next_x) == pytest.approx(1.0, abs=1e-9)
        assert len(path) < 60


def test_newton_climbs_exactly_where_the_curvature_is_negative():
    for x in np.linspace(-1.6, 1.6, 65):
        if np.isclose(abs(x), (0, 1), atol=1e-12).any() or np.isclose(abs(x), 1 / np.sqrt(3), atol=1e-3):
            continue
        step = -tr.double_well.gradient(x) / tr.double_well.hessian(x)
        uphill = tr.double_well.gradient(x) * step > 0
        assert uphill == (abs(x) < 1 / np.sqrt(3))
    assert abs(tr.newton(tr.double_well, 0.3, 50)[-1]) < 1e-8  # it goes to the maximum


@given(st.floats(-5, 5), st.floats(-5, 5), radii)
def test_the_exact_step_is_the_best_of_a_fine_grid(g, b, radius):
    p = tr.exact_step(g, b, radius)
    assert abs(p) <= radius
    grid = np.linspace(-radius, radius, 401)
    assert g * p + 0.5 * b * p * p <= np.min(g * grid + 0.5 * b * grid**2) + 1e-12


def subproblem(g, B, radius):
    """The minimiser by eigenvalues and one root (Moré and Sorensen's conditions), easy case only."""
    values, vectors = np.linalg.eigh(B)
    c = vectors.T @ g

    def p(shift):
        return -vectors @ (c / (values + shift))

    if values[0] > 0 and np.linalg.norm(p(0.0)) <= radius:
        return p(0.0)
    low = max(0.0, -values[0])
    high = low + np.linalg.norm(g) / radius + 1.0
    low += 1e-14 * (1 + low)
    return p(brentq(lambda shift: np.linalg.norm(p(shift)) - radius, low, high, xtol=1e-15))


@given(st.integers(0, 10_000), st.floats(0.05, 3.0), st.integers(2, 6))
@settings(max_examples=100, deadline=None)
def test_steihaug_stays_inside_and_does_at_least_as_well_as_the_cauchy_point(seed, radius, n):
    rng = np.random.default_rng(seed)
    g, B = rng.normal(size=n), rng.normal(size=(n, n))
    B = (B + B.T) / 2
    p = tr.steihaug_step(g, B, radius, tolerance=1e-12)
    assert np.linalg.norm(p) <= radius * (1 + 1e-12)

    def m(p):
        return g @ p + 0.5 * p @ B @ p

    curvature, size = g @ B @ g, np.linalg.norm(g)
    tau = 1.0 if curvature <= 0 else min(1.0, size**3 / (radius * curvature))
    assert m(p) <= m(-tau * radius / size * g) + 1e-12
    best = m(subproblem(g, B, radius))
    assert m(p) >= best - 1e-9 * abs(best)
    if np.linalg.eigvalsh(B)[0] > 0:
        # Yuan's theorem: at least half of the best decrease when B > 0.
        assert m(p) <= 0.5 * best * (1 - 1e-9)


def test_steihaug_solves_exactly_when_the_region_is_wide_and_takes_products_only():
    rng = np.random.default_rng(1)
    A = rng.normal(size=(30, 30))
    B, g = A @ A.T + 30 * np.eye(30), 1e-9 * rng.normal(size=30)  # a small g asks for a small residual
    products = []
    p = tr.steihaug_step(g, lambda v: products.append(1) or B @ v, radius=1.0)
    assert np.linalg.norm(B @ p + g) <= 1e-4 * np.linalg.norm(g)
    assert len(products) <= 30


def test_at_a_saddle_with_zero_gradient_steihaug_stays_where_the_exact_step_would_leave():
    step = tr.trust_region_step(tr.double_well_2d, np.zeros(2), 0.5)
    assert np.array_equal(step.candidate, np.zeros(2))
    assert np.isnan(step.ratio)
    assert not step.accepted
    assert tr.trust_region_path(tr.double_well_2d, np.zeros(2), 0.5, 20) == []


@pytest.mark.parametrize(
    "name, start",
    [
        ("rosenbrock", (-1.2, 1.0)),
        ("rosenbrock", (3.0, -2.0)),
        ("himmelblau", (0.0, 0.0)),
        ("himmelblau", (-4.0, 1.0)),
        ("double_well_2d", (0.1, 1.0)),
        ("double_well_2d", (-2.0, -2.0)),
    ],
)
def test_the_path_is_scipys_trust_ncg_iterate_by_iterate(name, start):
    f = CLASSICS[name]
    path = tr.trust_region_path(f, np.array(start), radius=1.0, steps=200)
    theirs = minimize(
        f.value,
        start,
        jac=f.gradient,
        hess=f.hessian,
        method="trust-ncg",
        options={"gtol": 1e-8, "return_all": True, "initial_trust_radius": 1.0},
    )
    mine = np.array([start, *(step.next_x for step in path)])
    assert len(path) == theirs.nit
    assert np.abs(mine - np.array(theirs.allvecs)).max() < 1e-10
    exact = minimize(
        f.value, start, jac=f.gradient, hess=f.hessian, method="trust-exact", options={"gtol": 1e-8}
    )
    assert f(mine[-1]) == pytest.approx(exact.fun, abs=1e-12)


@given(points, radii)
@settings(max_examples=200, deadline=None)
def test_a_step_is_what_its_definition_says(x, radius):
    f = tr.double_well
    step = tr.trust_region_step(f, x, radius)
    p = step.candidate - x
    assert abs(p) <= radius * (1 + 1e-12)
    predicted = -(f.gradient(x) * p + 0.5 * f.hessian(x) * p * p)
    assert step.predicted == pytest.approx(predicted, abs=1e-9)
    assert step.actual == pytest.approx(f(x) - f(x + p), abs=1e-9)
    assert step.predicted >= 0
    if step.predicted > 0:
        assert step.ratio == step.actual / step.predicted
        assert step.accepted == (step.ratio > 0.15)
    assert step.next_x == (step.candidate if step.accepted else x)
    assert f(step.next_x) <= f(x)


@given(points, radii)
@settings(max_examples=200, deadline=None)
def test_the_radius_moves_as_the_rule_says(x, radius):
    step = tr.trust_region_step(tr.double_well, x, radius)
    assume(step.predicted > 0)
    on_boundary = abs(step.candidate - x) >= radius * (1 - 1e-9)
    if step.ratio < 0.25:
        expected = ("shrink", radius / 4)
    elif step.ratio > 0.75 and on_boundary:
        expected = ("grow", 2 * radius)
    else:
        expected = ("keep", radius)
    assert (step.verdict, step.next_radius) == expected


def test_every_verdict_can_happen_on_the_double_well():
    seen = {
        (step.verdict, step.accepted)
        for x in np.linspace(-2, 2, 81)
        for radius in np.linspace(0.05, 3, 60)
        if (step := tr.trust_region_step(tr.double_well, x, radius)).predicted > 0
    }
    assert seen == {("grow", True), ("keep", True), ("shrink", True), ("shrink", False)}


@given(points, radii)
@settings(max_examples=50, deadline=None)
def test_f_never_rises_along_a_path(x, radius):
    path = tr.trust_region_path(tr.double_well, x, radius, steps=40)
    values = [tr.double_well(step.next_x) for step in path]
    assert all(after <= before for before, after in zip(values, values[1:], strict=False))
    assert all(later.x == earlier.next_x for earlier, later in zip(path, path[1:], strict=False))
    assert all(later.radius == earlier.next_radius for earlier, later in zip(path, path[1:], strict=False))


def test_no_path_crosses_the_hill():
    for x in np.linspace(0.02, 2.0, 34):
        for radius in np.linspace(0.05, 4.0, 20):
            path = tr.trust_region_path(tr.double_well, x, radius, steps=30)
            assert not path or path[-1].next_x > 0


def test_the_radius_never_passes_its_maximum():
    path = tr.trust_region_path(tr.rosenbrock, np.array([-1.2, 1.0]), 0.1, 200, max_radius=0.4)
    assert max(step.radius for step in path) == pytest.approx(0.4)


def test_the_linear_model_is_the_quadratic_one_without_curvature():
    for f, x in ((tr.double_well, 0.7), (tr.rosenbrock, np.array([0.5, -0.5]))):
        linear, quadratic = tr.linear_model(f, x), tr.quadratic_model(f, x)
        p = 0.3 if f.dimension == 1 else np.array([0.3, -0.2])
        curvature = p * f.hessian(x) * p if f.dimension == 1 else p @ f.hessian(x) @ p
        assert quadratic(p) - linear(p) == pytest.approx(0.5 * curvature)
    many = np.random.default_rng(0).normal(size=(7, 2))
    assert tr.quadratic_model(tr.rosenbrock, np.zeros(2))(many).shape == (7,)


def test_line_search_descends_and_newton_is_quadratic_near_a_minimum():
    path = tr.gradient_descent(tr.rosenbrock, np.array([-1.2, 1.0]), rate=None, steps=500)
    assert np.all(np.diff(tr.rosenbrock(path)) < 0)
    errors = np.abs(tr.newton(tr.double_well, 1.2, 8) - 1)
    assert errors[3] < 3 * errors[2] ** 2
    assert errors[-1] < 1e-9


def test_a_step_that_diverges_ends_instead_of_overflowing():
    with np.errstate(over="raise"):
        path = tr.gradient_descent(tr.double_well, 3.0, rate=1.0, steps=100)
    assert len(path) < 20


def test_bad_input_is_refused_in_one_line():
    x = np.zeros(2)
    for call, message in (
        (lambda: tr.trust_region_step(tr.double_well, 0.0, 0.0), "radius is 0.0; .*Δ > 0"),
        (lambda: tr.trust_region_step(tr.double_well, 0.0, np.inf), "radius is inf"),
        (lambda: tr.trust_region_step(tr.double_well, 0.0, 1.0, accept=0.5), "accept is 0.5"),
        (lambda: tr.trust_region_step(tr.rosenbrock, 0.0, 1.0), r"x has shape \(\); .*\(2,\)"),
        (lambda: tr.trust_region_step(tr.double_well, x, 1.0), r"x has shape \(2,\); .*plain number"),
        (lambda: tr.quadratic_model(tr.double_well, np.nan), "must be finite"),
        (lambda: tr.backtracking(tr.double_well, 0.5, direction=-1.0), "downhill"),
    ):
        with pytest.raises(ValueError, match=message) as error:
            call()
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("stretch", [0.2, 1.0, 3.0, 40.0])
def test_backtracking_takes_the_longest_halving_of_one_that_decreases_enough(stretch):
    """f = ½cx² along −∇f = −cx: Armijo's condition is t ≤ 2 (1 − slope) / c."""
    parabola = tr.Objective(lambda x: stretch * x**2 / 2, lambda x: stretch * x, lambda x: stretch)
    t = tr.backtracking(parabola, 1.0, -stretch, slope=1e-4)
    longest = 2 * (1 - 1e-4) / stretch
    assert t == 2.0 ** min(0, np.floor(np.log2(longest)))
