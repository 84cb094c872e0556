"""Scores and estimates of the policy gradient over all trajectories, against autograd, finite differences,
closed forms and samples."""

import numpy as np
import pytest
import torch

from rlcourse.equations import markov
from rlcourse.equations.returns import discounted_from_start, discounted_returns

LOOKS = np.array([0, 1, 2, 1, 3, 4])  # of the aliased corridor: cells 1 and 3 look alike


def autograd_scores(logits, looks):
    """∇_θ log softmax(θ)[looks[s]](a), [S, A, P]."""
    theta = torch.tensor(logits, requires_grad=True)
    rows = torch.log_softmax(theta, -1)[looks]
    return np.array(
        [[torch.autograd.grad(x, theta, retain_graph=True)[0].numpy().ravel() for x in row] for row in rows]
    )


@pytest.mark.parametrize("looks", [[0, 1, 2, 3], [0, 1, 0, 2], [0, 0, 0, 0]])
def test_softmax_scores_are_autograds_also_where_states_look_alike(looks):
    logits = np.random.default_rng(0).normal(size=(max(looks) + 1, 3))
    policy = markov.softmax_policy(logits)[looks]
    np.testing.assert_allclose(
        markov.softmax_scores(policy, np.array(looks)), autograd_scores(logits, looks), atol=1e-14
    )


def test_by_default_every_state_has_logits_of_its_own():
    policy = markov.random_policy(markov.two_state(), 0)
    np.testing.assert_array_equal(markov.softmax_scores(policy), markov.softmax_scores(policy, np.arange(2)))


def test_the_gradient_of_the_values_is_their_finite_difference():
    mdp, logits = markov.MDP.random(4, 3, seed=3), np.random.default_rng(4).normal(size=(4, 3))
    policy = markov.softmax_policy(logits)
    gradient = markov.value_gradient(mdp, policy, markov.softmax_scores(policy))
    for index, step in enumerate(1e-5 * np.eye(12)):
        up, down = (
            markov.values(mdp, markov.softmax_policy(logits + sign * step.reshape(4, 3))) for sign in (1, -1)
        )
        np.testing.assert_allclose(gradient[:, index], (up - down) / 2e-5, atol=1e-8)
    whole = markov.policy_gradient(mdp, policy).ravel()
    np.testing.assert_allclose(mdp.start @ gradient, whole, atol=1e-12)


@pytest.mark.parametrize("looks", [None, LOOKS])
def test_the_mean_estimate_is_the_finite_difference_of_the_return_also_of_a_pomdp(looks):
    """Five steps of the aliased corridor; the return is a sum over trajectories, nothing else."""
    mdp, steps = markov.aliased_grid_world(), 5
    seen = np.arange(6) if looks is None else looks
    logits = np.random.default_rng(1).normal(size=(seen.max() + 1, 4))
    discount = mdp.gamma ** np.arange(steps)

    def paths(logits):
        return markov.trajectories(mdp, markov.softmax_policy(logits)[seen], steps)

    def performance(logits):
        found = paths(logits)
        return found.mean(discount @ found.rewards(mdp))

    now, scores = paths(logits), markov.softmax_scores(markov.softmax_policy(logits)[seen], looks)
    reward = now.rewards(mdp)
    never = np.zeros_like(reward)
    to_go = discounted_from_start(reward, never, mdp.gamma)
    for weights in (discount @ reward, discount @ reward - 0.7, to_go):
        mean = now.mean(now.gradients(scores, weights)).reshape(logits.shape)
        for index in [(0, 1), (1, 1), (2, 2), (3, 3)]:
            step = np.zeros_like(logits)
            step[index] = 1e-5
            slope = (performance(logits + step) - performance(logits - step)) / 2e-5
            assert mean[index] == pytest.approx(slope, abs=1e-9)


@pytest.mark.parametrize("theta", [0.2, 0.6])
def test_of_the_two_action_process_mean_and_variances_are_the_closed_forms(theta):
    """γ = 1: J = θ/(1 − θ), from the factorial moments of the geometric number of goes."""
    mdp, policy = markov.two_action(), np.array([[theta, 1 - theta], [1.0, 0.0]])
    score = np.array([[[1 / theta], [-1 / (1 - theta)]], [[0.0], [0.0]]])
    paths = markov.trajectories(mdp, policy, 120)
    reward = paths.rewards(mdp)
    to_go = discounted_returns(reward, np.zeros_like(reward), 1.0)
    scale = theta * (1 - theta) ** 4
    for weights, top in (
        (reward.sum(axis=0), 4 * theta**2 + 8 * theta + 1),
        (to_go, theta**2 + 3 * theta + 1),
        (reward.sum(axis=0) - (1 + 2 * theta) / (1 - theta), 4 * theta),
    ):
        estimate = paths.gradients(score, weights)
        assert paths.mean(estimate)[0] == pytest.approx((1 - theta) ** -2)
        assert paths.variance(estimate)[0] == pytest.approx(top / scale)
    assert pytest.approx(471.35, abs=0.005) == (4 * 0.36 + 8 * 0.6 + 1) / (0.6 * 0.4**4)


def test_the_covariance_is_that_of_sampled_trajectories():
    mdp = markov.two_state()
    policy = np.array([[0.3, 0.7], [0.6, 0.4]])
    paths = markov.trajectories(mdp, policy, 4)
    estimate = paths.gradients(markov.softmax_scores(policy), paths.rewards(mdp).sum(axis=0))
    covariance = paths.covariance(estimate)
    rng = np.random.default_rng(0)
    drawn = estimate[:, rng.choice(len(paths.probability), p=paths.probability, size=200_000)]
    np.testing.assert_allclose(np.cov(drawn), covariance, atol=0.02 * np.trace(covariance))
    np.testing.assert_allclose(np.diag(covariance), paths.variance(estimate), atol=1e-12)


@pytest.mark.parametrize(
    "wrong, complaint",
    [
        (lambda m, pi: markov.softmax_scores(pi, np.zeros(2, int)), "states 0 and 1 look alike"),
        (lambda m, pi: markov.softmax_scores(pi, np.zeros(3, int)), r"looks has shape \(3,\)"),
        (lambda m, pi: markov.value_gradient(m, pi, np.zeros((2, 2))), r"scores has shape \(2, 2\)"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(wrong, complaint):
    mdp = markov.two_state()
    with pytest.raises(ValueError, match=complaint):
        wrong(mdp, np.array([[0.3, 0.7], [0.6, 0.4]]))
