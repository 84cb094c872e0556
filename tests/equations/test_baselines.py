"""Baselines, against the minimum of the variance that they are to make small."""

import numpy as np
import pytest
import torch

from rlcourse.equations.baselines import mean_baseline, no_baseline, optimal_baseline


def made_up(seed=0):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(50, 4)) * rng.gamma(1, 1, (50, 1))
    return scores, 3 + (scores**2).sum(1) + rng.normal(size=50)


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_the_optimal_baseline_minimises_the_second_moment_of_the_gradient(kind):
    """The parabola E‖g (R − b)‖² has its vertex there: three points determine it."""
    scores, returns = made_up()

    def second_moment(b):
        return ((scores * (returns - b)[:, None]) ** 2).sum(1).mean()

    low, middle, high = (second_moment(b) for b in (-1.0, 0.0, 1.0))
    vertex = (low - high) / (2 * (low + high - 2 * middle))
    found = float(optimal_baseline(kind(scores), kind(returns)))
    assert abs(found - vertex) < 1e-9
    assert abs(found - returns.mean()) > 0.5, "where ‖g‖² and R go together, the mean is not the best"


def test_with_scores_of_one_length_the_optimal_baseline_is_the_mean():
    scores, returns = made_up()
    scores = scores / np.linalg.norm(scores, axis=1, keepdims=True)
    assert abs(optimal_baseline(scores, returns) - mean_baseline(scores, returns)) < 1e-12


def test_baselines_are_one_number_a_row_of_samples():
    scores, returns = (np.stack(x) for x in zip(made_up(0), made_up(1), strict=True))
    for baseline in (no_baseline, mean_baseline, optimal_baseline):
        both = baseline(scores, returns)
        assert both.shape == (2,)
        np.testing.assert_allclose(both, [baseline(*made_up(0)), baseline(*made_up(1))])
    assert not no_baseline(scores, returns).any()


def test_without_any_score_there_is_no_best_baseline():
    with pytest.raises(ValueError, match="all scores are 0"):
        optimal_baseline(np.zeros((3, 2)), np.ones(3))
