"""Returns and advantages against their definitions, written out as double sums, and against closed forms."""

import inspect
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcourse.equations import markov, returns

GAMMA, LAM = 0.9, 0.8


def data(seed, T=12, N=3, ends=0.2):
    rng = np.random.default_rng(seed)
    reward, value, next_value = rng.normal(size=(3, T, N))
    terminated = rng.random((T, N)) < ends
    truncated = (rng.random((T, N)) < ends) & ~terminated
    return reward, value, next_value, terminated, truncated


def gae_by_definition(reward, value, next_value, terminated, truncated, gamma, lam):
    """Â_t = Σ_k (γλ)^k δ_{t+k}, the sum ending with the episode."""
    T, N = reward.shape
    advantage = np.zeros((T, N))
    for n in range(N):
        for t in range(T):
            for k in range(t, T):
                bootstrap = 0.0 if terminated[k, n] else gamma * next_value[k, n]
                advantage[t, n] += (gamma * lam) ** (k - t) * (reward[k, n] + bootstrap - value[k, n])
                if terminated[k, n] or truncated[k, n]:
                    break
    return advantage


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1), st.floats(0, 1))
def test_gae_is_the_sum_of_its_definition_for_every_mixture_of_ends(seed, gamma, lam):
    arrays = data(seed)
    expected = gae_by_definition(*arrays, gamma, lam)
    np.testing.assert_allclose(returns.gae(*arrays, gamma, lam), expected, atol=1e-12)
    tensors = returns.gae(*map(torch.from_numpy, arrays), gamma, lam)
    np.testing.assert_allclose(tensors.numpy(), expected, atol=1e-12)


def test_gae_with_lambda_zero_is_the_td_error_and_with_one_monte_carlo_minus_value():
    reward, value, next_value, terminated, truncated = data(1)
    delta = reward + GAMMA * ~terminated * next_value - value
    np.testing.assert_allclose(returns.gae(*data(1), GAMMA, 0.0), delta)
    never = np.zeros_like(terminated)
    last = np.zeros_like(terminated)
    last[-1] = True
    next_value = np.concatenate([value[1:], next_value[-1:]])
    monte_carlo = returns.discounted_returns(reward, last, GAMMA)
    advantage = returns.gae(reward, value, next_value, last, never, GAMMA, 1.0)
    np.testing.assert_allclose(advantage, monte_carlo - value, atol=1e-12)


@pytest.mark.parametrize(
    ("terminated", "truncated", "expected"), [(0, 0, 14.0), (1, 0, 1.0), (0, 1, 10.0), (1, 1, 1.0)]
)
def test_truncation_bootstraps_and_termination_does_not(terminated, truncated, expected):
    """peers 4.2: r = 1, V = 0, γ = 0.9, V(s') = 10; the next δ = 40/9 may leak only if nothing ended."""
    column = np.array([[1.0], [1.0]])
    next_value = np.array([[10.0], [(40 / 9 - 1) / 0.9]])
    ends = [np.array([[flag], [0]], bool) for flag in (terminated, truncated)]
    advantage = returns.gae(column, 0 * column, next_value, *ends, 0.9, 1.0)
    assert advantage[0, 0] == pytest.approx(expected)


def test_a_batch_of_episodes_end_to_end_equals_each_episode_by_itself():
    """peers 4.3: nothing leaks across a truncation or a termination."""
    reward, value, next_value, *_ = data(3, T=10, N=1)
    terminated, truncated = np.zeros((10, 1), bool), np.zeros((10, 1), bool)
    terminated[3], truncated[6], truncated[9] = True, True, True
    whole = returns.gae(reward, value, next_value, terminated, truncated, GAMMA, LAM)
    for piece in (slice(0, 4), slice(4, 7), slice(7, 10)):
        alone = returns.gae(
            *(x[piece] for x in (reward, value, next_value, terminated, truncated)), GAMMA, LAM
        )
        np.testing.assert_allclose(whole[piece], alone)


def test_the_bootstrap_is_the_value_of_the_true_successor_not_of_the_reset():
    """peers 4.4: value[t + 1] belongs to the reset observation where t ended, and must not be read there."""
    reward, value, next_value, terminated, truncated = data(4)
    truncated[5] = True
    before = returns.gae(reward, value, next_value, terminated, truncated, GAMMA, LAM)
    value[6] += 100.0
    after = returns.gae(reward, value, next_value, terminated, truncated, GAMMA, LAM)
    np.testing.assert_array_equal(before[:6], after[:6])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 15))
def test_n_step_returns_are_their_definition(seed, n):
    reward, _, next_value, terminated, truncated = data(seed, N=2)
    T, N = reward.shape
    expected = np.zeros((T, N))
    for i in range(N):
        for t in range(T):
            for k in range(t, T):
                expected[t, i] += GAMMA ** (k - t) * reward[k, i]
                if terminated[k, i]:
                    break
                if truncated[k, i] or k == T - 1 or k == t + n - 1:
                    expected[t, i] += GAMMA ** (k - t + 1) * next_value[k, i]
                    break
    actual = returns.n_step_returns(reward, next_value, terminated, truncated, GAMMA, n)
    np.testing.assert_allclose(actual, expected, atol=1e-12)


def test_discounted_returns_of_a_constant_reward_are_a_geometric_sum_and_stop_at_the_episodes_end():
    done = np.zeros(10, bool)
    done[3] = True
    actual = returns.discounted_returns(np.ones(10), done, GAMMA)
    lengths = np.array([4, 3, 2, 1, 6, 5, 4, 3, 2, 1])
    np.testing.assert_allclose(actual, (1 - GAMMA**lengths) / (1 - GAMMA))


@pytest.mark.parametrize("kind", [bool, float, int])
def test_the_terminal_mask_may_be_of_any_numeric_kind(kind):
    terminated = np.array([0, 1]).astype(kind)
    target = returns.td_target(np.array([1.0, 1.0]), terminated, np.array([10.0, 10.0]), 0.5)
    np.testing.assert_array_equal(target, [6.0, 1.0])


def test_shapes_that_would_broadcast_are_refused_and_named():
    """peers 4.21: [B] against [B, 1]."""
    with pytest.raises(ValueError, match=r"next_value \(3, 1\)"):
        returns.td_target(np.ones(3), np.zeros(3), np.ones((3, 1)), 0.9)
    with pytest.raises(ValueError, match=r"\[\.\.\., 2, B\]"):
        returns.clipped_double_q_target(torch.ones(3), torch.zeros(3), torch.ones(3, 3), 0.9)


EVERY = [  # function, how many arrays [T, ...] it takes, and what else
    (returns.discounted_returns, 2, (0.9,)),
    (returns.whole_returns, 2, (0.9,)),
    (returns.discounted_from_start, 2, (0.9,)),
    (returns.discounts, 2, (0.9,)),
    (returns.n_step_returns, 4, (0.9, 2)),
    (returns.td_target, 3, (0.9,)),
    (returns.twin_target, 4, (0.9,)),
    (returns.gae, 5, (0.9, 0.8)),
    (returns.vtrace_targets, 5, (0.9,)),
    (returns.vtrace, 6, (0.9,)),
    (partial(returns.vtrace, targets=lambda reward, value, *rest: value), 6, (0.9,)),
    (returns.importance_weights, 2, ()),
]


@pytest.mark.parametrize(("function", "arrays", "numbers"), EVERY)
def test_nothing_that_sums_along_time_broadcasts_a_column_against_a_row(function, arrays, numbers):
    row = np.linspace(0.1, 0.9, 4)
    function(*[row] * arrays, *numbers)
    names = list(inspect.signature(function).parameters)[:arrays]
    for odd in range(arrays):
        inputs = [row[:, None] if index == odd else row for index in range(arrays)]
        with pytest.raises(ValueError, match=rf"shapes must be equal.*{names[odd]} \(4, 1\)"):
            function(*inputs, *numbers)


@pytest.mark.parametrize("n", [0, -1, -5])
def test_a_return_of_no_step_is_refused(n):
    with pytest.raises(ValueError, match=f"n must be at least 1, got {n}"):
        returns.n_step_returns(*[np.ones(4)] * 4, 0.9, n)


def test_zeros_stay_zeros():
    """r = 0, 2 and γ = 0.5: G = 1, 2; γ^t = 1, 0.5. No reward and no value: every Â is 0."""
    reward, none = np.array([0.0, 2.0]), np.zeros(2)
    assert returns.discounted_returns(reward, none, 0.5).tolist() == [1.0, 2.0]
    assert returns.discounts(reward, none, 0.5).tolist() == [1.0, 0.5]
    assert returns.gae(none, none, none, none, none, 0.9, 0.8).tolist() == [0.0, 0.0]


def test_twin_critics_have_an_axis_of_two_before_the_batch_however_many_there_are_before_it():
    one, after = np.ones((3, 4)), np.stack([np.full((3, 4), 2.0), np.full((3, 4), 5.0)], axis=1)
    assert (returns.clipped_double_q_target(one, 0 * one, after, 0.5) == 2.0).all()
    with pytest.raises(ValueError, match=r"must be \[\.\.\., 2, B\], got \(4,\)"):
        returns.clipped_double_q_target(one[0], 0 * one[0], one[0], 0.5)


def test_the_weight_of_vtraces_advantage_is_clipped_at_rho_bar():
    """One step, r = 2, γ V′ = 4.5, V = 3, so δ = 3.5; log ρ = log 5: Â = min(ρ̄, 5) δ."""
    r, v, after, no = (np.array([x]) for x in (2.0, 3.0, 5.0, 0.0))
    for rho_bar, weight in ((1.0, 1.0), (2.0, 2.0), (7.0, 5.0)):
        _, advantage = returns.vtrace(r, v, after, np.log([5.0]), no, no, 0.9, rho_bar=rho_bar)
        assert advantage == pytest.approx(weight * 3.5)


def test_one_step_is_enough_data():
    """T = 1, nothing ends, r = 2, V = 3, V' = 5, ρ = 1, γ = 0.9."""
    r, v, after, no = (np.array([x]) for x in (2.0, 3.0, 5.0, 0.0))
    assert returns.discounted_returns(r, no, 0.9) == returns.whole_returns(r, no, 0.9) == 2
    assert returns.discounted_from_start(r, no, 0.9) == 2 and returns.discounts(r, no, 0.9) == 1
    assert returns.n_step_returns(r, after, no, no, 0.9, 3) == returns.td_target(r, no, after, 0.9) == 6.5
    assert returns.gae(r, v, after, no, no, 0.9, 0.8) == 3.5
    targets, advantages = returns.vtrace(r, v, after, no, no, no, 0.9)
    assert targets == returns.vtrace_targets(r, v, after, no, no, 0.9) == 6.5 and advantages == 3.5
    assert returns.importance_weights(no, no) == 1
    assert returns.eligibility_traces(r[:, None], no, 0.9, 0.8) == 2


@pytest.mark.parametrize("kind", [np.array, torch.tensor], ids=["numpy", "torch"])
def test_without_a_future_only_the_first_step_of_each_episode_counts(kind):
    """γ = 0: γ^t is 1 where t = 0, and 0 after it."""
    reward, done = kind([3.0, 4.0, 5.0, 6.0, 7.0]), kind([0, 0, 1, 0, 0])
    assert returns.discounts(reward, done, 0.0).tolist() == [1, 0, 0, 1, 0]
    assert returns.discounted_from_start(reward, done, 0.0).tolist() == [3, 0, 0, 6, 0]
    assert returns.whole_returns(reward, done, 0.0).tolist() == [3, 3, 3, 6, 6]


def test_the_clipped_double_q_target_takes_the_smaller_twin_of_each_sample():
    twins = torch.tensor([[1.0, 5.0, 3.0], [2.0, 4.0, 9.0]])
    target = returns.clipped_double_q_target(torch.zeros(3), torch.tensor([0, 0, 1]), twins, 0.5)
    torch.testing.assert_close(target, torch.tensor([0.5, 2.0, 0.0]))


def test_vtrace_on_policy_without_clipping_is_the_return_with_lambda_one():
    reward, value, next_value, terminated, truncated = data(5)
    next_value[:-1] = np.where((terminated | truncated)[:-1], next_value[:-1], value[1:])
    zero = np.zeros_like(reward)
    targets, advantages = returns.vtrace(
        reward, value, next_value, zero, terminated, truncated, GAMMA, np.inf, np.inf
    )
    gae = returns.gae(reward, value, next_value, terminated, truncated, GAMMA, 1.0)
    np.testing.assert_allclose(targets, value + gae, atol=1e-12)
    np.testing.assert_allclose(advantages, gae, atol=1e-12)


@pytest.mark.parametrize(("rho_bar", "c_bar"), [(1.0, 1.0), (1.0, 0.3), (0.6, 0.6), (100.0, 1.0)])
def test_the_fixed_point_of_vtrace_is_the_value_of_the_clipped_policy_whatever_c_bar(rho_bar, c_bar):
    """π_ρ̄ ∝ min(ρ̄ μ, π); at its value the expected correction vanishes. Expectations exact over one step."""
    mdp = markov.MDP.random(3, 2, 7)
    rng = np.random.default_rng(0)
    pi, mu = rng.dirichlet(np.ones(2), 3), rng.dirichlet(np.ones(2), 3)
    clipped = np.minimum(rho_bar * mu, pi)
    value = markov.values(mdp, clipped / clipped.sum(1, keepdims=True))
    for s in range(3):
        expected = 0.0
        for a in range(2):
            for t in range(3):
                one = [
                    np.array([x]) for x in (mdp.reward[s, a], value[s], value[t], np.log(pi[s, a] / mu[s, a]))
                ]
                no = np.zeros(1, bool)
                target, _ = returns.vtrace(*one, no, no, mdp.gamma, rho_bar, c_bar)
                expected += mu[s, a] * mdp.transition[s, a, t] * (target[0] - value[s])
        assert abs(expected) < 1e-12


def test_importance_weights_multiply_along_an_episode_and_start_anew_after_it():
    log_rho = np.log(np.array([2.0, 3.0, 5.0, 7.0]))
    weights = returns.importance_weights(log_rho, np.array([0, 1, 0, 0]))
    np.testing.assert_allclose(weights, [2, 6, 5, 35])


@pytest.mark.parametrize(("lam", "steps"), [(0.0, 5), (0.6, 1), (0.95, 20), (1.0, 4)])
def test_the_weights_of_the_k_step_advantages_sum_to_one_and_give_gae(lam, steps):
    """Â = Σ_k w_k Â^(k) for an episode that ends `steps` steps ahead."""
    weights = returns.td_lambda_weights(lam, steps)
    assert weights.shape == (steps,) and weights.sum() == pytest.approx(1)
    reward, value, _, _, never = data(6, T=steps, ends=0)
    last = np.zeros_like(never)
    last[-1] = True
    next_value = np.concatenate([value[1:], 7 + value[:1]])
    ends = last, never
    k_step = [returns.n_step_returns(reward, next_value, *ends, GAMMA, k)[0] for k in range(1, steps + 1)]
    advantage = returns.gae(reward, value, next_value, *ends, GAMMA, lam)[0]
    np.testing.assert_allclose(weights @ (np.array(k_step) - value[0]), advantage, atol=1e-12)


def test_weights_of_a_strange_lambda_or_of_no_step_are_refused():
    for lam, steps in ((1.5, 3), (-0.1, 3), (0.5, 0)):
        with pytest.raises(ValueError, match="td_lambda_weights"):
            returns.td_lambda_weights(lam, steps)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1))
def test_the_backward_view_adds_up_to_the_forward_view_whatever_ends(seed, lam):
    arrays, features = data(seed), np.random.default_rng(seed).normal(size=(12, 3, 4))
    reward, value, next_value, terminated, truncated = arrays
    traces = returns.eligibility_traces(features, terminated | truncated, GAMMA, lam)
    delta = reward + GAMMA * ~terminated * next_value - value
    backward = np.einsum("tn,tnd->nd", delta, traces)
    forward = np.einsum("tn,tnd->nd", gae_by_definition(*arrays, GAMMA, lam), features)
    np.testing.assert_allclose(backward, forward, atol=1e-11)


def test_a_trace_is_its_definition_in_numpy_and_in_torch_and_starts_anew_after_an_end():
    features, done = np.random.default_rng(0).normal(size=(6, 2)), np.array([0, 0, 1, 0, 0, 0])
    features[0, 0] = 0.0
    traces = returns.eligibility_traces(features, done, 0.9, 0.5)
    np.testing.assert_allclose(traces[2], features[2] + 0.45 * features[1] + 0.45**2 * features[0])
    np.testing.assert_allclose(traces[4], features[4] + 0.45 * features[3])
    tensors = returns.eligibility_traces(torch.from_numpy(features), torch.from_numpy(done), 0.9, 0.5)
    np.testing.assert_allclose(tensors.numpy(), traces)
    with pytest.raises(ValueError, match="shapes must be equal"):
        returns.eligibility_traces(features, done[:4], 0.9, 0.5)


def test_whole_returns_and_those_from_the_start_are_sums_over_the_episode_of_each_step():
    rng = np.random.default_rng(0)
    reward, done = rng.normal(size=(12, 3)), rng.random((12, 3)) < 0.3
    whole, late = np.zeros((12, 3)), np.zeros((12, 3))
    for i in range(3):
        start = 0
        for t in range(12):
            if done[t, i] or t == 11:
                for u in range(start, t + 1):
                    powers = GAMMA ** np.arange(t + 1 - start)
                    whole[u, i] = powers @ reward[start : t + 1, i]
                    late[u, i] = powers[u - start :] @ reward[u : t + 1, i]
                start = t + 1
    np.testing.assert_allclose(returns.whole_returns(reward, done, GAMMA), whole, atol=1e-12)
    np.testing.assert_allclose(returns.discounted_from_start(reward, done, GAMMA), late, atol=1e-12)
    tensors = torch.from_numpy(reward), torch.from_numpy(done)
    np.testing.assert_allclose(returns.whole_returns(*tensors, GAMMA), whole, atol=1e-12)
    np.testing.assert_allclose(returns.discounted_from_start(*tensors, GAMMA), late, atol=1e-12)


@pytest.mark.parametrize(("rho_bar", "c_bar"), [(1.0, 1.0), (2.0, 0.5), (np.inf, np.inf)])
def test_vtrace_targets_are_the_double_sum_of_the_paper(rho_bar, c_bar):
    """v_t = V_t + Σ_k γ^{k−t} (Π_{t≤i<k} c_i) δ_k up to the episode's end, term by term."""
    reward, value, next_value, terminated, _ = data(2)
    log_rho = np.random.default_rng(3).normal(size=reward.shape)
    T, N = reward.shape
    expected = value.copy()
    for i in range(N):
        for t in range(T):
            factor = 1.0
            for k in range(t, T):
                ratio = np.exp(log_rho[k, i])
                future = 0.0 if terminated[k, i] else GAMMA * next_value[k, i]
                expected[t, i] += factor * min(rho_bar, ratio) * (reward[k, i] + future - value[k, i])
                factor *= GAMMA * min(c_bar, ratio)
                if terminated[k, i]:
                    break
    found = returns.vtrace_targets(reward, value, next_value, log_rho, terminated, GAMMA, rho_bar, c_bar)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    cut = np.zeros_like(terminated)
    targets, _ = returns.vtrace(reward, value, next_value, log_rho, terminated, cut, GAMMA, rho_bar, c_bar)
    np.testing.assert_allclose(targets, expected, atol=1e-12)


def test_vtrace_of_a_truncated_episode_is_that_of_its_part_of_the_data():
    """A time limit in the middle: targets and advantages are those of the two halves by themselves."""
    reward, value, next_value, terminated, _ = data(4)
    terminated[:] = False
    log_rho = np.random.default_rng(3).normal(size=reward.shape)
    middle = len(reward) // 2
    truncated = np.zeros_like(terminated)
    truncated[middle - 1] = True
    whole = returns.vtrace(reward, value, next_value, log_rho, terminated, truncated, GAMMA)
    for half in (slice(None, middle), slice(middle, None)):
        parts = [x[half] for x in (reward, value, next_value, log_rho, terminated, terminated)]
        for one, other in zip(whole, returns.vtrace(*parts, GAMMA), strict=True):
            np.testing.assert_allclose(one[half], other, atol=1e-12)
