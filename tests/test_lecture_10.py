"""Lectures 10 and 10b: what predictions and sentences claim, and each exercise done as it is written."""

import contextlib
import dataclasses
import io

import numpy as np
import pytest
import torch

from rlcourse import notebooks
from rlcourse.equations import fisher, markov


def names_of(page, *texts):
    """A page's names after the cells that hold the texts, and those that they need."""
    cells = notebooks.code_cells(notebooks.compile_source(notebooks.SOURCES / page))
    holding = [i for i, cell in enumerate(cells) if any(text in cell for text in texts)]
    assert len(holding) >= len(texts)
    needed = set().union(*(notebooks.needed_cells(cells, index) for index in holding))
    with contextlib.redirect_stdout(io.StringIO()):
        return notebooks.run_cells(cells, sorted(needed))


@pytest.fixture(scope="module")
def names():
    return names_of(
        "10-natural-gradient.py", "climbs = {", "lab_steps =", "def disagreement", "flipped =",
        "wells = {", "rules = {",
    )  # fmt: skip


@pytest.fixture(scope="module")
def names_b():
    return names_of(
        "10b-without-the-matrix.py", "lab_valley =", "spectra = {", "one = {", "lab_damping =", "spectrum ="
    )  # fmt: skip


# 10, section 1


def test_the_climbs_take_the_steps_that_the_text_says_and_stand_at_one_most_of_the_time(names):
    climbs = names["climbs"]
    steps = {name: len(path) - 1 for name, path in climbs.items()}
    assert steps == {
        "gradient, one logit": 8476, "gradient, two logits": 4240,
        "natural, one logit": 33, "natural, two logits": 33,
    }  # fmt: skip
    assert np.mean(abs(climbs["gradient, one logit"] - 1) < 0.1) > 0.97
    assert climbs["gradient, one logit"][0] == pytest.approx(0.9, abs=0.02)
    np.testing.assert_allclose(climbs["natural, one logit"], climbs["natural, two logits"], rtol=1e-9)


def test_the_gradient_on_the_page_is_the_finite_difference_of_what_is_earned(names):
    theta, h = np.array([3.0, -3.0]), 1e-5
    earned = [
        [names["earned"](names["one_logit"](theta + sign * h * e)) for sign in (1, -1)] for e in np.eye(2)
    ]
    slope = [(up - down) / (2 * h) for up, down in earned]
    np.testing.assert_allclose((1 - names["WORLD"].gamma) * names["gradient"](theta), slope, rtol=1e-6)


def test_the_natural_gradient_on_the_page_is_the_solve_with_the_fisher_matrix(names):
    theta = np.array([0.3, -1.0])
    logit = names["WRITE"]["logit"][0]
    d = markov.visitation(names["WORLD"], fisher.policy_of(logit, theta))
    F = fisher.outer_products(logit, theta, d)
    g = fisher.return_gradient(names["WORLD"], logit, theta)
    np.testing.assert_allclose(names["natural"](theta), np.linalg.solve(F, g), rtol=1e-9)


def test_leaving_once_and_staying_is_best_and_earns_two_in_the_long_run(names):
    best = markov.policy_iteration(names["WORLD"], markov.uniform_policy(names["WORLD"]))[-1]
    assert best.tolist() == [[0, 1], [1, 0]]
    assert 1.95 < names["earned"](best) < 2


# Section 4: the lab


def test_the_writings_describe_the_same_policy_and_come_back(names):
    stay = np.array([0.9, 0.2])
    for log_policy, back in names["WRITE"].values():
        np.testing.assert_allclose(fisher.policy_of(log_policy, back(stay))[:, 0], stay, rtol=1e-12)


def test_natural_marks_lie_close_together_and_those_of_the_gradient_do_not(names):
    def spread(delta):
        ends = []
        for way, (log_policy, _) in names["WRITE"].items():
            u, _, moves = names["steps_from"](np.array([0.9, 0.4]), way, delta)
            ends.append([np.exp(log_policy(torch.from_numpy(u + m)).numpy())[:, 0] for m in moves])
        return np.ptp(np.array(ends), axis=0).max(axis=-1)  # of the gradient, of the natural one

    plain, natural = spread(0.03)
    assert natural < 0.03 < 0.1 < plain
    assert spread(0.0003)[1] < natural / 50  # "the closer the smaller δ": of order δ


def test_the_angles_fisher_matrix_is_four_times_the_visits(names):
    stay = np.array([0.3, 0.8])
    _, F, _ = names["steps_from"](stay, "angle", 0.01)
    d = markov.visitation(names["WORLD"], np.stack([stay, 1 - stay], axis=1))
    np.testing.assert_allclose(F, 4 * np.diag(d), atol=1e-12)


def test_the_lab_draws_at_every_corner_and_says_where_there_is_no_policy(names):
    lab, missing = names["lab_steps"], 0
    for way in names["WRITE"]:
        for stay0 in (0.05, 0.95):
            for stay1 in (0.05, 0.95):
                for delta in (1e-4, 0.05):
                    numbers = lab.set(stay0=stay0, stay1=stay1, delta=delta, way=way).numbers
                    assert lab.error is None
                    missing += "no policy" in numbers.values()
    assert missing > 0
    assert "no policy" not in lab.reset().numbers.values()


# Section 5


def test_a_natural_path_of_ever_smaller_steps_is_one_path_and_the_gradients_are_not(names):
    fine = names["disagreement"]("natural", 0.5 / 128, 128)
    assert fine < 2e-4 < 0.4 < names["disagreement"]("gradient", 0.5 / 128, 128)


# Section 6


def test_the_gravity_well_has_the_numbers_of_the_text(names):
    steps = {key: len(path) - 1 for key, path in names["wells"].items()}
    assert steps[("gradient", 4)] == pytest.approx(42_400, abs=50)
    assert steps[("natural", 4)] == 62 and steps[("gradient", 0)] < 60
    path = names["wells"][("gradient", 4)]
    assert path[0] == pytest.approx(0.009, abs=5e-4) and path.min() == pytest.approx(3e-4, abs=5e-5)
    natural = names["wells"][("natural", 4)]
    assert (np.diff(natural) > 0).all()


def test_a_natural_step_multiplies_the_ratio_of_two_arms_by_the_exponential_of_their_difference():
    pi, reward = np.array([0.2, 0.3, 0.5]), np.array([1.0, 0.9, 0.0])
    theta = np.log(pi) + (reward - pi @ reward)
    new = np.exp(theta) / np.exp(theta).sum()
    assert new[0] / new[1] == pytest.approx(pi[0] / pi[1] * np.exp(0.1))


def test_the_fisher_matrix_of_the_controller_is_where_its_states_are_over_the_variance(names):
    """Scores of sampled actions on the noise-free path's states, against (1 − γ) Σ/σ²."""
    mass, G, sigma = names["MASS"], np.array([[1.5, 1.8]]), 0.3
    rng, s, F = np.random.default_rng(0), np.array([(7 / 3) ** 0.5, 0.0]), 0.0  # E x² = 7/3 at the start
    for t in range(400):
        xi = rng.normal(size=4000)
        score = -(xi / sigma)[:, None] * s
        F = F + (1 - mass.gamma) * mass.gamma**t * score.T @ score / 4000
        s = (mass.A - mass.B @ G) @ s
    np.testing.assert_allclose(F, (1 - mass.gamma) * mass.state_matrix(G) / sigma**2, rtol=0.1)


def test_the_rules_stand_still_after_the_steps_of_the_text(names):
    counts = []
    for rule in names["rules"].values():
        G, step, steps = np.array([[0.5, 0.3]]), np.ones(1), 0
        while abs(step).max() > 1e-9:
            step = rule(G)
            G, steps = G + step, steps + 1
        counts.append(steps)
    assert counts == pytest.approx([1329, 34, 7], abs=1)


# Section 7


@pytest.mark.learning
def test_from_samples_natural_walks_are_up_after_fifty_updates_and_the_gradients_are_not():
    """In each of three disjoint sets of four seeds."""
    page = names_of("10-natural-gradient.py", "two = {", "def train_and_note")
    seeds = [first + i for first in (100, 200, 300) for i in range(4)]
    how = {"steps": 320_000, "seeds": seeds, "evaluate_every": 320_000, "evaluation_episodes": 1}
    walks = {}
    for name, algorithm in page["two"].items():
        page["train_and_note"](algorithm, page["StayOrLeave"].id, **how)
        walks[name] = np.array(page["WALK"])[:, :, 1]  # π(stay) in state 1, [updates, seeds]
    assert len(walks["natural"]) == 50
    for mine in np.split(np.arange(12), 3):
        assert (walks["natural"].max(axis=0)[mine] > 0.9).sum() >= 3
        assert walks["gradient"][-1, mine] == pytest.approx(0.21, abs=0.06)
    arrivals = np.argmax(walks["natural"] > 0.9, axis=0)
    assert np.mean((arrivals >= 25) & (arrivals <= 40)) > 0.7
    scatter = {}  # of single steps of state 1's logit, in the first ten updates
    for name, stay in walks.items():
        moves = np.diff(np.log(stay / (1 - stay)), axis=0)[:10]
        scatter[name] = [moves[:, mine].std() for mine in np.split(np.arange(12), 3)]
    assert scatter["natural"] == pytest.approx([0.2] * 3, abs=0.07)
    assert scatter["gradient"] == pytest.approx([0.03] * 3, abs=0.015)


# The exercises of 10


def test_10_exercise_1_a_writing_of_ten_times_is_a_step_of_a_hundred(names):
    assert len(names["climb"](100, names["gradient"], names["one_logit"], np.array([3.0, -3.0]))) - 1 == 93

    def in_u(direction, factor):
        return lambda u: direction(10 * u) * factor

    def write(u):
        return names["one_logit"](10 * u)

    u = np.array([0.3, -0.3])
    assert len(names["climb"](1, in_u(names["gradient"], 10), write, u)) - 1 == 93
    assert len(names["climb"](0.1, in_u(names["natural"], 0.1), write, u)) - 1 == 33


def test_10_exercise_2_in_the_angle_the_fisher_matrix_of_one_state_is_four():
    for u in (0.2, 0.7, 1.3):
        p = np.array([np.sin(u) ** 2, np.cos(u) ** 2])
        score = np.array([2 * np.cos(u) / np.sin(u), -2 * np.sin(u) / np.cos(u)])
        assert p @ score**2 == pytest.approx(4)


def test_10_exercise_3_both_divergences_have_one_hessian(names):
    ratio = names["d"] @ markov.kl(names["new"], names["pi"]) / (0.5 * names["quadratic"])
    assert ratio == pytest.approx(1, abs=0.005)


def test_10_exercise_4_with_a_step_of_fixed_divergence_neither_direction_knows_the_plateau(names):
    world, counts = names["WORLD"], []
    for direction in (names["gradient"], names["natural"]):
        theta, steps = np.array([3.0, -3.0]), 0
        while names["earned"](names["one_logit"](theta)) < 1.95:
            pi = names["one_logit"](theta)
            F = np.diag(markov.visitation(world, pi) * pi.prod(axis=1))
            s = direction(theta)
            theta, steps = theta + np.sqrt(2 * 0.001 / (s @ F @ s)) * s, steps + 1
        counts.append(steps)
    assert counts == [19, 23]


# 10b


def test_gradient_descents_steps_grow_in_proportion_to_kappa_and_conjugate_gradient_needs_two(names_b):
    lab = names_b["lab_valley"]
    for kappa, steps in ((20.0, 139), (100.0, 691), (300.0, 2073)):
        numbers = lab.set(kappa=kappa, angle=45.0).numbers
        assert abs(numbers["steps of gradient descent"] - steps) <= 1
        assert numbers["steps of conjugate gradient"] == 2
    for angle in (0.0, 90.0):
        assert lab.set(kappa=100.0, angle=angle).numbers["steps of gradient descent"] == 1
    for kappa in (1.0, 300.0):
        for angle in (0.0, 45.0, 90.0):
            assert lab.set(kappa=kappa, angle=angle).error is None
    lab.reset()


def test_three_spectra_of_one_condition_number_end_after_three_eleven_and_more_than_fifty_steps(names_b):
    for name, steps in (("three different", 3), ("ten large, the rest 1", 11)):
        error = names_b["errors"][name] / names_b["errors"][name][0]
        assert np.argmax(error < 1e-6) == steps
    spread = names_b["errors"]["spread from 1 to 1000"]
    assert spread[50] / spread[0] > 1e-3
    assert all(np.ptp(s) == 999 for s in names_b["spectra"].values())


def test_the_sizes_in_the_text_are_those_of_cartpoles_network():
    from rlcourse.agents import Spaces
    from rlcourse.algorithms.npg import NPG
    from rlcourse.parts.randomness import INITIALISE, Streams

    assert NPG().networks(Spaces(4, 2, True), Streams([0], INITIALISE)).policy.flat.shape[1] == 4610
    assert pytest.approx(21, abs=0.5) == 4610**2 / 1e6
    assert 2.5e10 < 4610**3 / 3 < 3.5e10


def test_a_fisher_matrix_of_few_sampled_actions_has_no_more_rank_than_samples(names_b):
    F = fisher.sampled_fisher(names_b["score"], names_b["pi"], names_b["d"], 3, np.random.default_rng(0))
    assert np.linalg.matrix_rank(F) <= 3


def test_the_damping_labs_error_is_that_of_dense_solves_batch_by_batch(names_b):
    """Against 2,000 batches of samples drawn one by one and solved by NumPy."""
    pi, d, score, F = (names_b[name] for name in ("pi", "d", "score", "F"))
    A, exact, N, noise, c = markov.advantages(names_b["process"], pi), names_b["EXACT"], 30, 2.0, 0.1
    rng, off = np.random.default_rng(9), []
    for _ in range(2000):
        pair = rng.choice(12, size=N, p=(d[:, None] * pi).ravel())
        psi, estimate = score.reshape(12, 12)[pair], A.ravel()[pair] + noise * rng.normal(size=N)
        s = np.linalg.solve(psi.T @ psi / N + c * np.eye(12), psi.T @ estimate / N)
        off.append((s - exact) @ F @ (s - exact))
    expected = np.sqrt(np.mean(off) / (exact @ F @ exact))
    found = names_b["damping_errors"](N, noise, batches=2000)
    at = np.interp(np.log(c), np.log(names_b["DAMPINGS"]), found)
    assert at == pytest.approx(expected, rel=0.05)


def test_more_samples_want_less_damping_and_more_noise_wants_more(names_b):
    lab = names_b["lab_damping"]
    best = {
        (samples, noise): lab.set(samples=samples, noise=noise).numbers["best c"]
        for samples in (30, 100, 1000)
        for noise in (2.0, 5.0)
    }
    assert best[30, 2.0] > best[100, 2.0] > best[1000, 2.0]
    assert all(best[samples, 5.0] > best[samples, 2.0] for samples in (30, 100, 1000))
    assert lab.set(samples=100, noise=0.0).numbers["best c"] == pytest.approx(1e-4)
    lab.reset()


def test_10b_exercise_1_both_steps_by_hand():
    A, b = np.diag([1.0, 4.0]), np.array([4.0, 4.0])
    x1 = 0.4 * b
    r1 = b - A @ x1
    p1 = r1 + 0.36 * b
    np.testing.assert_allclose(r1, [2.4, -2.4])
    np.testing.assert_allclose(p1, [3.84, -0.96])
    assert (b @ b) / (b @ A @ b) == pytest.approx(0.4)
    assert (r1 @ r1, (r1 @ r1) / (b @ b)) == pytest.approx((11.52, 0.36))
    assert p1 @ A @ p1 == pytest.approx(18.432)
    np.testing.assert_allclose(x1 + 0.625 * p1, [4, 1])


def test_10b_exercise_2_six_and_eighty_four_degrees(names_b):
    lab = names_b["lab_valley"]
    steps = [lab.set(kappa=100.0, angle=a).numbers["steps of gradient descent"] for a in (6.0, 45.0, 84.0)]
    assert steps == [42, 691, 42]
    lab.reset()


def test_10b_exercise_3_one_step_of_conjugate_gradient_is_along_the_gradient():
    from rlcourse.equations.solvers import conjugate_gradient

    A, b = np.diag([1.0, 3.0, 9.0]), np.array([1.0, 2.0, -1.0])
    x = conjugate_gradient(lambda v: A @ v, b, 1)
    assert abs(np.dot(x, b)) == pytest.approx(np.linalg.norm(x) * np.linalg.norm(b))


def test_10b_exercise_4_without_noise_the_errors_of_matrix_and_slope_cancel(names_b):
    relative = np.sqrt(names_b["one"]["sampled actions"] / 100) / np.linalg.norm(names_b["F"])
    assert relative == pytest.approx(0.26, abs=0.01)
    numbers = names_b["lab_damping"].set(samples=100, noise=0.0).numbers
    assert numbers["lowest error"] < 0.03
    names_b["lab_damping"].reset()
    A, psi = markov.advantages(names_b["process"], names_b["pi"]), names_b["score"]
    np.testing.assert_allclose(psi @ names_b["EXACT"], A, atol=1e-12)


def test_ten_steps_on_the_networks_fisher_matrix_get_far_and_not_to_the_end(names_b):
    """Sections 2 and 3: the ten largest eigenvalues, and the error of ten and of twenty damped steps."""
    from rlcourse.equations.solvers import conjugate_gradient

    spectrum = names_b["spectrum"].numpy()
    assert spectrum[:10].sum() / spectrum.sum() == pytest.approx(0.91, abs=0.005)
    rows, c = torch.cat(names_b["rows"]).double().numpy(), 0.01  # F = rowsᵀ rows
    left = []
    for seed in range(5):
        g = rows.T @ np.random.default_rng(seed).normal(size=len(rows))
        exact = (g - rows.T @ np.linalg.solve(rows @ rows.T + c * np.eye(len(rows)), rows @ g)) / c

        def product(v):
            return rows.T @ (rows @ v) + c * v

        def norm(e):
            return np.sqrt(e @ product(e))

        found = [conjugate_gradient(product, g, k, 0.0) for k in (10, 20)]
        left.append([norm(x - exact) / norm(exact) for x in found])
    ten, twenty = np.mean(left, axis=0)
    assert ten == pytest.approx(0.1, abs=0.03) and twenty < 0.01


@pytest.mark.learning
def test_10b_exercise_5_a_longer_step_is_less_reliable():
    """In each of three disjoint sets of four seeds."""
    from rlcourse.training import train

    page = names_of("10b-without-the-matrix.py", "methods = {")
    earned, kl, ends = {}, {}, {}
    for delta in (0.03, 0.1, 0.3):
        algorithm = dataclasses.replace(page["methods"]["natural"], max_kl=delta)
        run = train(algorithm, "CartPole-v1", 40_960, 12, evaluate_every=8192)
        earned[delta], kl[delta] = run.curve.returns[:, 1:].mean(axis=1), run.metrics["kl"]
        ends[delta] = run.curve.returns[:, -1]
    # Runs that feed on themselves differ in the last digits of another machine: three standard errors.
    means, errors = zip(*((x.mean(), x.std(ddof=1) / 12**0.5) for x in earned.values()), strict=True)
    assert (np.abs(np.subtract(means, [405, 259, 149])) <= 3 * np.array(errors)).all(), means
    for mine in np.split(np.arange(12), 3):
        assert earned[0.03][mine].mean() > earned[0.1][mine].mean() > earned[0.3][mine].mean()
    assert [kl[delta].mean() for delta in kl] == pytest.approx([0.04, 0.2, 0.5], rel=0.35)
    assert kl[0.03].max() < 1 < kl[0.1].max() < kl[0.3].max()
    assert (ends[0.3] < 200).mean() > 0.5


# Both pages


@pytest.mark.parametrize("page", ["10-natural-gradient.py", "10b-without-the-matrix.py"])
def test_the_right_choices_stand_in_no_fixed_place_and_wrong_ones_have_their_reasons(page):
    cells = notebooks.code_cells(notebooks.compile_source(notebooks.SOURCES / page))
    places = []
    for cell in cells:
        if notebooks.calls(cell, {"predict"}):
            asked = eval(cell, notebooks.run_cells(cells, [0]))
            wrong = [choice for choice in asked.choices if choice != asked.right_answer]
            assert len(wrong) == 2 and all(asked.reasons[choice] for choice in wrong)
            places.append(list(asked.choices).index(asked.right_answer))
    assert len(places) >= 2
