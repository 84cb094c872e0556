"""The right answers of homework 5, against oracles of their own: quadrature, samples, autograd, other
libraries."""

import itertools

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from rlcourse.algorithms.ppo import PPO
from rlcourse.grading.exercises import EXERCISES, find
from rlcourse.grading.sandbox.inside import observer
from rlcourse.parts.moments import RunningMoments


def over_cases(name, seeds=range(3)):
    return [case for seed in seeds for case in find(name).cases(seed)]


def right(name, **case):
    return find(name).reference(**case)


def test_the_vine_surrogate_is_the_mean_that_fits_q_best_with_the_ratios_as_weights():
    """argmin_c Σ ρ (Q − c)², by a least-squares solver."""
    for case in over_cases("vine_surrogate"):
        root = np.sqrt(case["new_probs"] / case["old_probs"])
        best = np.linalg.lstsq(root[:, None], root * case["q"], rcond=None)[0][0]
        assert right("vine_surrogate", **case) == pytest.approx(best)


def test_a_constant_added_to_q_adds_itself_to_the_vine_surrogate():
    for case in over_cases("vine_surrogate"):
        more = right("vine_surrogate", **case | {"q": case["q"] + 10})
        assert more - right("vine_surrogate", **case) == pytest.approx(10)


def test_the_step_of_that_length_has_the_kl_that_was_asked():
    for case in over_cases("step_length"):
        beta = right("step_length", **case)
        assert beta > 0
        assert (beta * case["s"]) @ (beta * case["Fs"]) / 2 == pytest.approx(case["delta"])


def test_the_line_search_finds_what_a_table_of_all_trials_says():
    """Gain and KL of every trial are written down first, from NumPy's polynomial."""
    exercise = find("line_search")
    kinds = set()
    for case in over_cases("line_search"):
        t = case["shrink"] ** np.arange(case["backtracks"], dtype=float)
        gain = np.polynomial.Polynomial([0, *case["gain"]])(t)
        gain[t > case["edge"]] = np.nan
        good = np.flatnonzero((gain > 0) & (case["kl"] * t**2 <= case["max_kl"]))
        kinds.add(int(good[0]) if len(good) else None)
        expected = case["theta"] + (t[good[0]] * case["full_step"] if len(good) else 0)
        found = observer.call(exercise.spec, exercise.reference, case, lambda value: value)
        np.testing.assert_allclose(found["theta"], expected)
        assert found["arguments_kept"] == 1
        np.testing.assert_allclose(exercise.oracle(**case)["theta"], expected)
    assert kinds >= {None, 0, 1, 2, 3, 4}


def test_the_courses_own_line_search_agrees_with_the_exercises():
    from rlcourse.equations import solvers

    exercise = find("line_search")

    def as_asked(evaluate, theta, full_step, max_kl, backtracks, shrink):
        def rows(x):
            return tuple(torch.as_tensor(v)[None] for v in evaluate(x[0].numpy()))

        start, step = torch.as_tensor(theta)[None], torch.as_tensor(full_step)[None]
        return solvers.line_search(rows, start, step, max_kl, backtracks, shrink)[0][0].numpy()

    for case in over_cases("line_search"):
        one = observer.call(exercise.spec, as_asked, case, np.array)
        np.testing.assert_allclose(one["theta"], exercise.expected(case)["theta"])


def test_the_gaussian_kl_is_torchs_and_in_one_dimension_an_integral():
    for case in over_cases("gaussian_kl"):
        mean, std, m2, s2 = (torch.as_tensor(case[k]) for k in ("mean", "std", "other_mean", "other_std"))
        p, q = torch.distributions.Normal(mean, std), torch.distributions.Normal(m2, s2)
        expected = torch.distributions.kl_divergence(p, q).sum(-1)
        np.testing.assert_allclose(right("gaussian_kl", **case), expected)
    p, q = stats.norm(0.3, 0.7), stats.norm(-0.4, 1.2)
    area, _ = integrate.quad(lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), -8, 8)
    one = (np.full((1, 1), v) for v in (0.3, 0.7, -0.4, 1.2))
    names = ("mean", "std", "other_mean", "other_std")
    assert right("gaussian_kl", **dict(zip(names, one, strict=True))) == pytest.approx(area)


def test_the_clipped_objective_is_never_above_the_surrogate_and_meets_it_where_nothing_is_clipped():
    for case in over_cases("clipped_objective"):
        r, A, e = case["ratio"], case["advantage"], case["clip"]
        found = right("clipped_objective", **case)
        assert (found <= r * A + 1e-12).all()
        by_sign = [min(x, 1 + e) * a if a > 0 else max(x, 1 - e) * a for x, a in zip(r, A, strict=True)]
        np.testing.assert_allclose(found, by_sign)


def test_the_gradient_stops_where_finite_differences_are_zero():
    h = 1e-6
    for case in over_cases("clip_stops_gradient"):
        ends = [right("clipped_objective", **case | {"ratio": case["ratio"] + d}) for d in (-h, h)]
        slope = (ends[1] - ends[0]) / (2 * h)
        np.testing.assert_array_equal(right("clip_stops_gradient", **case), np.abs(slope) < 1e-3)
        kinds = {(x, y) for x, y in zip(np.sign(case["ratio"] - 1), np.sign(case["advantage"]), strict=True)}
        assert len(kinds) == 4  # both sides, both signs


def test_the_penalty_moves_the_kl_towards_its_target():
    """A policy whose KL is 1/β² settles within the tolerance, from either side."""
    for beta in (0.01, 100.0):
        for _ in range(40):
            beta = right("adaptive_beta", beta=beta, kl=beta**-2, target=0.25)
        assert 0.25 / 1.5 <= beta**-2 <= 1.5 * 0.25 or 0.05 < beta**-2 < 1.2
    kinds = {np.sign(right("adaptive_beta", **case) - case["beta"]) for case in over_cases("adaptive_beta")}
    assert kinds == {-1.0, 0.0, 1.0}


def test_k1_and_k3_have_the_kl_as_their_mean_and_k2_has_not():
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    kl = stats.entropy(p, q)
    counts = (p * 1000).round().astype(int)  # a sample that is exactly the policy
    k1, k2, k3 = right("kl_estimates", log_ratio=np.repeat(np.log(q / p), counts))
    assert k1 == pytest.approx(kl) and k3 == pytest.approx(kl)
    assert abs(k2 - kl) > 0.01


def test_of_a_good_sample_k3_varies_less_than_k1():
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (400, 50))
    log_ratio = stats.norm.logpdf(x, 0.2, 1) - stats.norm.logpdf(x)
    found = np.array([right("kl_estimates", log_ratio=row) for row in log_ratio])
    assert found[:, 2].std() < 0.3 * found[:, 0].std()
    assert found[:, 2].mean() == pytest.approx(0.02, abs=0.002)  # ½ · 0.2²


def test_the_loss_is_a_sum_of_three_means_written_sample_by_sample():
    for case in over_cases("ppo_loss"):
        keys = ("ratio", "advantage", "value", "target", "entropy")
        rows, e = zip(*(case[k] for k in keys), strict=True), case["clip"]
        each = [
            min(r * A, sorted((1 - e, r, 1 + e))[1] * A)
            - case["value_weight"] * (V - y) ** 2
            + case["entropy_weight"] * H
            for r, A, V, y, H in rows
        ]
        assert right("ppo_loss", **case) == pytest.approx(-np.mean(each))


def test_normalised_advantages_have_mean_0_and_deviation_1_and_equal_ones_are_0():
    equal = 0
    for case in over_cases("normalise"):
        found = right("normalise", **case)
        assert found.mean() == pytest.approx(0, abs=1e-9)
        if np.ptp(case["advantage"]):
            np.testing.assert_allclose(found, stats.zscore(case["advantage"]), rtol=1e-3)
        else:
            equal += 1
            assert (found == 0).all()
    assert equal >= 3


def test_minibatches_partition_the_indices_and_all_orders_are_equally_likely():
    for case in over_cases("minibatches", seeds=range(1)):
        pieces = right("minibatches", n=case["n"], size=case["size"], rng=np.random.default_rng(case["seed"]))
        assert sorted(np.concatenate(pieces)) == list(range(case["n"]))
        assert [len(p) for p in pieces] == find("minibatches").oracle(**case)["lengths"]
    rng, orders = np.random.default_rng(0), list(itertools.permutations(range(4)))
    counts = np.zeros(len(orders))
    for _ in range(4800):
        counts[orders.index(tuple(np.concatenate(right("minibatches", n=4, size=3, rng=rng)).tolist()))] += 1
    assert stats.chisquare(counts).pvalue > 1e-4


def test_a_right_shuffle_is_never_accused_in_sixty_draws():
    exercise = find("minibatches")
    for seed in range(10):
        cases = exercise.cases(seed)
        assert exercise.judge(cases, observer.observe(exercise.spec, exercise.reference, cases)).passed


def test_the_running_moments_are_those_of_all_rows_and_of_the_courses_own():
    exercise = find("RunningMoments")
    for case in over_cases("RunningMoments"):
        mine = exercise.reference(case["rows"].shape[1])
        own = RunningMoments(1, case["rows"].shape[1])
        ends = np.cumsum(case["sizes"])
        for begin, end in zip([0, *ends[:-1]], ends, strict=True):
            mine.update(case["rows"][begin:end])
            own.update(torch.as_tensor(case["rows"][begin:end])[None])
            np.testing.assert_allclose(mine.mean, case["rows"][:end].mean(0))
            np.testing.assert_allclose(
                mine.var, stats.describe(case["rows"][:end], ddof=0).variance, atol=1e-12
            )
        np.testing.assert_allclose(mine.var, own.var[0], atol=1e-12)


def test_in_the_far_case_the_difference_of_mean_squares_has_no_digit_left():
    far = [case for case in over_cases("RunningMoments") if case["rows"].max() > 1e6]
    assert far
    for case in far:
        rows = case["rows"]
        assert (np.mean(rows**2, 0) - rows.mean(0) ** 2 == 0).all() and (rows.var(0) > 10).all()
        assert (rows.astype(np.float32).astype(float).var(0) == 0).all()


def test_the_explained_variance_is_scikits_r_squared_of_what_is_left_after_the_mean_error():
    for case in over_cases("explained_variance"):
        V, y = case["value"], case["target"]
        found = right("explained_variance", **case)
        if np.ptp(y) == 0:
            assert np.isnan(found)
            continue
        e = y - V
        residual, total = ((e - e.mean()) ** 2).sum(), ((y - y.mean()) ** 2).sum()
        assert found == pytest.approx(1 - residual / total)


SINGLE = [name for name in EXERCISES if find(name).homework == 5 and not find(name).adaptor]


@pytest.mark.parametrize("name", SINGLE)
def test_no_answer_of_homework_5_is_so_small_that_0_would_pass(name):
    exercise = find(name)
    for case in over_cases(name, seeds=range(5)):
        for part, values in exercise.expected(case).items():
            if (
                exercise.right or part.endswith("_gradient") or not np.any(np.nan_to_num(values))
            ):  # NaN is no 0
                continue
            largest = np.nanmax(np.abs(values))
            assert largest > exercise.tolerance * max(1e-3, largest), (name, part)
            assert largest > 1e-4, (name, part)


def test_ppo_has_the_clipped_objective_as_a_field():
    assert PPO(clipped_objective=find("clipped_objective").reference).clipped_objective
