"""The exact oracle of the course, against other oracles: rollouts, sums over time, brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from rlcourse.equations import markov

GAMMAS = (0.0, 0.3, 0.9, 0.99, 0.999)


@st.composite
def problems(draw):
    """A random MDP with an old and a new policy; γ from 0 to 0.999, few or many successors."""
    states, actions = draw(st.integers(1, 8)), draw(st.integers(1, 4))
    seed, gamma = draw(st.integers(0, 2**31)), draw(st.sampled_from(GAMMAS))
    branching = draw(st.sampled_from([None, 1, min(2, states)]))
    mdp = markov.MDP.random(states, actions, seed, gamma, branching)
    old, new = markov.random_policy(mdp, seed + 1), markov.random_policy(mdp, seed + 2)
    if draw(st.booleans()):
        new = markov.mixture(old, new, 0.05)
    return mdp, old, new


def scale(mdp, *policies):
    """What 'relative' means here: the largest value in sight."""
    return max(1.0, *(np.abs(markov.values(mdp, p)).max() for p in policies))


# ------------------------------------------------------------------------------------------------- evaluation


@given(problems())
@settings(max_examples=60, deadline=None)
def test_values_solve_the_bellman_equation(problem):
    mdp, _, policy = problem
    V = markov.values(mdp, policy)
    backup = [
        sum(
            policy[s, a] * (mdp.reward[s, a] + mdp.gamma * mdp.transition[s, a] @ V)
            for a in range(mdp.actions)
        )
        for s in range(mdp.states)
    ]
    assert np.abs(V - backup).max() <= 1e-12 * scale(mdp, policy)


def test_values_by_linear_solve_are_values_by_iteration_and_by_rollouts():
    mdp = markov.MDP.random(5, 3, seed=0, gamma=0.8)
    policy = markov.random_policy(mdp, 1)
    V = np.zeros(5)
    for _ in range(300):
        V = np.sum(policy * (mdp.reward + 0.8 * np.einsum("sat,t->sa", mdp.transition, V)), axis=1)
    assert np.abs(V - markov.values(mdp, policy)).max() < 1e-12

    rng, runs, returns = np.random.default_rng(2), 20_000, 0.0
    state = rng.choice(5, p=mdp.start, size=runs)
    for t in range(80):
        action = (policy[state].cumsum(axis=1) > rng.random(runs)[:, None]).argmax(axis=1)
        returns = returns + 0.8**t * mdp.reward[state, action]
        state = (mdp.transition[state, action].cumsum(axis=1) > rng.random(runs)[:, None]).argmax(axis=1)
    error = np.mean(returns) - markov.expected_return(mdp, policy)
    assert abs(error) < 4 * np.std(returns) / np.sqrt(runs)


@given(problems())
@settings(max_examples=60, deadline=None)
def test_the_visitation_is_a_distribution_and_gives_the_return(problem):
    mdp, _, policy = problem
    d = markov.visitation(mdp, policy)
    assert abs(d.sum() - 1) < 1e-12
    assert d.min() >= -1e-15
    by_visits = np.sum(d[:, None] * policy * mdp.reward) / (1 - mdp.gamma)
    assert abs(by_visits - markov.expected_return(mdp, policy)) <= 1e-12 * scale(mdp, policy)


def test_the_visitation_is_the_discounted_sum_of_the_state_distributions():
    mdp = markov.MDP.random(6, 2, seed=3, gamma=0.9)
    policy = markov.random_policy(mdp, 4)
    p = markov.state_distributions(mdp, policy, 400)
    assert np.abs(0.1 * 0.9 ** np.arange(400) @ p - markov.visitation(mdp, policy)).max() < 1e-14
    rows = markov.visitation(mdp, policy, start=np.eye(6))
    assert np.abs(mdp.start @ rows - markov.visitation(mdp, policy)).max() < 1e-14


@given(problems())
@settings(max_examples=40, deadline=None)
def test_advantages_average_to_zero_under_their_own_policy(problem):
    mdp, _, policy = problem
    assert np.abs(np.sum(policy * markov.advantages(mdp, policy), axis=1)).max() <= 1e-12 * scale(mdp, policy)


def test_a_batch_of_policies_is_solved_as_one_by_one():
    mdp = markov.MDP.random(5, 3, seed=0)
    batch = np.array([[markov.random_policy(mdp, 10 * i + j) for j in range(3)] for i in range(2)])
    old = batch[0, 0]
    for function in (
        markov.values,
        markov.q_values,
        markov.advantages,
        markov.visitation,
        markov.expected_return,
    ):
        single = np.array([[function(mdp, policy) for policy in row] for row in batch])
        assert np.abs(function(mdp, batch) - single).max() < 1e-13, function.__name__
    for function in (markov.surrogate, markov.performance_difference, markov.improvement_bound):
        single = np.array([[function(mdp, policy, old) for policy in row] for row in batch])
        assert np.abs(function(mdp, batch, old) - single).max() < 1e-12, function.__name__


def test_the_policy_gradient_is_the_finite_difference_of_the_return():
    mdp = markov.MDP.random(4, 3, seed=7)
    logits = np.random.default_rng(8).normal(size=(4, 3))
    gradient, h = markov.policy_gradient(mdp, markov.softmax_policy(logits)), 1e-5
    for index in np.ndindex(4, 3):
        shift = np.zeros((4, 3))
        shift[index] = h
        up, down = (
            markov.expected_return(mdp, markov.softmax_policy(logits + sign * shift)) for sign in (1, -1)
        )
        assert gradient[index] == pytest.approx((up - down) / (2 * h), abs=1e-8)


def test_fifteen_hundred_states_at_gamma_0999_keep_twelve_digits():
    mdp = markov.MDP.random(1500, 4, seed=0, gamma=0.999)
    old, new = markov.random_policy(mdp, 1), markov.random_policy(mdp, 2)
    difference = markov.expected_return(mdp, new) - markov.expected_return(mdp, old)
    assert abs(markov.performance_difference(mdp, new, old) - difference) <= 1e-12 * scale(mdp, old, new)


# --------------------------------------------------------------------------------- the lemma, the surrogate


@given(problems())
@settings(max_examples=150, deadline=None)
def test_performance_difference_lemma_state_by_state_and_on_average(problem):
    mdp, old, new = problem
    tolerance = 1e-12 * scale(mdp, old, new)
    state_wise = markov.performance_difference(mdp, new, old, start=np.eye(mdp.states))
    assert np.abs(state_wise - (markov.values(mdp, new) - markov.values(mdp, old))).max() <= tolerance
    average = markov.performance_difference(mdp, new, old)
    assert abs(average - (markov.expected_return(mdp, new) - markov.expected_return(mdp, old))) <= tolerance


def test_the_lemma_fails_with_the_old_visitation():
    mdp = markov.MDP.random(6, 3, seed=0)
    old, new = markov.random_policy(mdp, 1), markov.random_policy(mdp, 2)
    difference = markov.expected_return(mdp, new) - markov.expected_return(mdp, old)
    wrong = markov.surrogate(mdp, new, old) - markov.expected_return(mdp, old)
    assert abs(wrong - difference) > 1e-2
    swapped = np.sum(markov.visitation(mdp, new) * np.sum(old * markov.advantages(mdp, new), axis=1)) / 0.1
    assert abs(swapped - difference) > 1e-2


@given(problems())
@settings(max_examples=60, deadline=None)
def test_the_surrogate_touches_the_return_and_matches_its_slope(problem):
    mdp, old, target = problem
    eta = markov.expected_return(mdp, old)
    assert abs(markov.surrogate(mdp, old, old) - eta) <= 1e-12 * scale(mdp, old)
    if mdp.gamma <= 0.9:
        h = 1e-6
        step = [markov.mixture(old, target, t) for t in (h, 2 * h)]
        slope = [(4 * f[0] - f[1] - 3 * eta) / (2 * h) for f in _along(mdp, old, step)]
        assert slope[0] == pytest.approx(slope[1], abs=1e-6 * scale(mdp, old))


def _along(mdp, old, policies):
    return (
        [markov.expected_return(mdp, p) for p in policies],
        [markov.surrogate(mdp, p, old) for p in policies],
    )


def test_the_gap_between_return_and_surrogate_is_quadratic_with_a_known_constant():
    mdp = markov.MDP.random(6, 3, seed=11, branching=2)
    old, target = markov.random_policy(mdp, 12), markov.random_policy(mdp, 13)
    P = [np.einsum("sa,sat->st", p, mdp.transition) for p in (old, target)]
    G = np.linalg.inv(np.eye(6) - mdp.gamma * P[0])
    A_bar = np.sum(target * markov.advantages(mdp, old), axis=1)
    constant = mdp.gamma * mdp.start @ G @ (P[1] - P[0]) @ G @ A_bar
    for t in (1e-3, 1e-4):
        new = markov.mixture(old, target, t)
        gap = markov.expected_return(mdp, new) - markov.surrogate(mdp, new, old)
        assert gap / t**2 == pytest.approx(constant, rel=30 * t, abs=30 * t)


# ------------------------------------------------------------------------------------- divergences, bounds


@given(problems())
@settings(max_examples=150, deadline=None)
def test_both_bounds_hold_always(problem):
    mdp, old, new = problem
    eta, tolerance = markov.expected_return(mdp, new), 1e-11 * scale(mdp, old, new)
    L = markov.surrogate(mdp, new, old)
    C = markov.penalty_coefficient(mdp, old)
    for divergence in ("kl", "tv"):
        assert markov.improvement_bound(mdp, new, old, divergence) <= eta + tolerance
    assert L - eta <= C * markov.max_tv(old, new) ** 2 + tolerance
    assert eta - L <= C * markov.max_tv(old, new) ** 2 + tolerance  # the proof bounds the distance, both ways


@given(problems())
@settings(max_examples=100, deadline=None)
def test_pinsker_with_its_half_and_so_the_kl_bound_is_below_the_tv_bound(problem):
    mdp, old, new = problem
    assert np.all(markov.tv(old, new) ** 2 <= 0.5 * markov.kl(old, new) + 1e-15)
    tolerance = 1e-12 * scale(mdp, old, new)
    assert (
        markov.improvement_bound(mdp, new, old, "kl")
        <= markov.improvement_bound(mdp, new, old, "tv") + tolerance
    )


def test_pinsker_is_tight_with_one_half_and_no_smaller_factor():
    ratios = []
    for x in (0.1, 0.01, 0.001):
        p, q = np.array([0.5 + x, 0.5 - x]), np.array([0.5, 0.5])
        ratios.append(markov.tv(p, q) ** 2 / markov.kl(p, q))
    assert ratios[-1] == pytest.approx(0.5, abs=1e-5)
    assert max(ratios) <= 0.5


def test_kl_agrees_with_scipy_and_is_infinite_off_the_support():
    from scipy.stats import entropy

    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(4), size=(2, 7))
    assert np.allclose(markov.kl(p, q), entropy(p, q, axis=1), rtol=1e-12)
    assert markov.kl([1.0, 0.0], [0.5, 0.5]) == pytest.approx(np.log(2))
    assert markov.kl([0.5, 0.5], [1.0, 0.0]) == np.inf


def test_an_infinite_divergence_gives_no_bound_and_gamma_zero_needs_none():
    mdp = markov.MDP.random(3, 2, seed=0)
    old, new = markov.uniform_policy(mdp), np.eye(2)[[0, 1, 0]]
    assert markov.improvement_bound(mdp, new, old, "kl") == -np.inf
    assert np.isfinite(markov.improvement_bound(mdp, new, old, "tv"))
    bandit = markov.MDP(mdp.transition, mdp.reward, mdp.start, 0.0)
    assert markov.improvement_bound(bandit, new, old, "kl") == pytest.approx(
        markov.expected_return(bandit, new)
    )


@given(problems())
@settings(max_examples=100, deadline=None)
def test_normalised_the_penalty_needs_one_power_of_one_minus_gamma_less(problem):
    mdp, old, new = problem
    eta, L = (
        (1 - mdp.gamma) * x for x in (markov.expected_return(mdp, new), markov.surrogate(mdp, new, old))
    )
    C = 4 * np.abs(markov.advantages(mdp, old)).max() * mdp.gamma / (1 - mdp.gamma)
    assert eta >= L - C * markov.max_tv(old, new) ** 2 - 1e-11 * scale(mdp, old, new)


# ----------------------------------------------------------------- the algorithms that improve for certain


@given(problems())
@settings(max_examples=60, deadline=None)
def test_one_greedy_step_makes_every_term_of_the_lemma_non_negative(problem):
    mdp, old, _ = problem
    greedy = markov.greedy_policy(mdp, old)
    tolerance = 1e-12 * scale(mdp, old, greedy)
    assert markov.expected_advantage(mdp, greedy, old).min() >= -tolerance
    assert np.all(markov.values(mdp, greedy) >= markov.values(mdp, old) - tolerance)


@given(problems(), st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_the_mixture_bound_holds_and_conservative_steps_never_lose(problem, alpha):
    mdp, old, target = problem
    tolerance = 1e-11 * scale(mdp, old, target)
    eta = markov.expected_return(mdp, markov.mixture(old, target, alpha))
    assert eta >= markov.mixture_bound(mdp, old, target, alpha) - tolerance
    new, alpha = markov.conservative_step(mdp, old)
    assert 0 <= alpha <= 1
    assert markov.expected_return(mdp, new) >= markov.expected_return(mdp, old) - tolerance


def test_the_conservative_step_maximises_its_bound():
    mdp = markov.MDP.random(5, 3, seed=5, gamma=0.9)
    old = markov.random_policy(mdp, 6)
    _, alpha = markov.conservative_step(mdp, old)
    greedy = markov.greedy_policy(mdp, old)
    grid = np.linspace(0, 1, 10_001)
    best = grid[np.argmax([markov.mixture_bound(mdp, old, greedy, x) for x in grid])]
    assert alpha == pytest.approx(best, abs=1e-4)


@given(problems())
@settings(max_examples=60, deadline=None)
def test_algorithm_1_is_monotone_on_every_one(problem):
    mdp, policy, _ = problem
    for _ in range(4):
        new, radius = markov.minorise_maximise_step(mdp, policy)
        tolerance = 1e-12 * scale(mdp, policy, new)
        assert markov.expected_return(mdp, new) >= markov.expected_return(mdp, policy) - tolerance
        bound = markov.improvement_bound(mdp, new, policy)
        assert bound >= markov.expected_return(mdp, policy) - tolerance  # it maximises what starts at η(old)
        if mdp.gamma > 0:
            assert markov.max_kl(policy, new) == pytest.approx(radius, rel=1e-3, abs=1e-12)
        policy = new


def _best_penalised_value(mdp, old, start, seeds=3):
    """max_π L(π) − C D_KL^max by Nelder-Mead over logits: slow, and knows nothing of duality."""

    def loss(logits):
        return -markov.improvement_bound(mdp, markov.softmax_policy(logits.reshape(old.shape)), old)

    options = {"maxiter": 20_000, "maxfev": 20_000, "xatol": 1e-10, "fatol": 1e-14, "adaptive": True}
    logits = np.log(np.maximum(start, 1e-9)).ravel()
    noise = np.random.default_rng(0).normal(scale=0.1, size=(seeds, logits.size))
    return max(-minimize(loss, logits + e, method="Nelder-Mead", options=options).fun for e in noise)


@pytest.mark.parametrize("gamma", [0.15, 0.5])
def test_algorithm_1_finds_what_brute_force_finds(gamma):
    mdp = markov.MDP.random(2, 3, seed=round(100 * gamma), gamma=gamma)
    old = markov.random_policy(mdp, 1)
    new, _ = markov.minorise_maximise_step(mdp, old)
    mine = markov.improvement_bound(mdp, new, old)
    brute = _best_penalised_value(mdp, old, new)
    assert mine >= brute - 1e-12
    assert mine == pytest.approx(brute, abs=1e-7)


def test_algorithm_1_may_use_an_action_that_the_old_policy_never_took():
    mdp = markov.MDP.random(2, 3, seed=4, gamma=0.1)
    old = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    new, radius = markov.minorise_maximise_step(mdp, old)
    assert radius > 0
    assert new[0, 1:].max() > 0.01 or new[1, 0] > 0.01
    assert markov.improvement_bound(mdp, new, old) == pytest.approx(
        _best_penalised_value(mdp, old, new), abs=1e-5
    )


@given(st.integers(0, 10_000), st.sampled_from([0.2, 0.5, 0.9]))
@settings(max_examples=30, deadline=None)
def test_a_deterministic_policy_is_a_fixed_point_of_algorithm_1_from_gamma_one_fifth(seed, gamma):
    mdp = markov.MDP.random(4, 3, seed, gamma)
    policy = np.eye(3)[np.random.default_rng(seed).integers(3, size=4)]
    new, radius = markov.minorise_maximise_step(mdp, policy)
    assert radius == 0
    assert np.array_equal(new, policy)


@given(st.integers(0, 10_000), st.floats(1e-12, 5.0))
@settings(max_examples=100, deadline=None)
def test_the_kl_ball_maximiser_meets_its_constraint_and_no_policy_in_the_ball_beats_it(seed, radius):
    rng = np.random.default_rng(seed)
    old, A = rng.dirichlet(np.ones(4), size=3), rng.normal(size=(3, 4))
    new, price = markov.kl_ball_maximiser(old, A, radius)
    assert markov.kl(old, new) == pytest.approx(np.full(3, radius), rel=1e-3, abs=1e-13)
    assert np.all(price > 0)
    others = rng.dirichlet(np.ones(4), size=(200, 3))
    share = rng.random((200, 1, 1)) ** 3
    others = (1 - share) * old + share * others
    inside = markov.kl(old, others) <= radius
    assert np.all((np.sum(others * A, axis=-1) <= np.sum(new * A, axis=-1) + 1e-12) | ~inside)


def test_policy_iteration_reaches_the_value_that_value_iteration_finds():
    for seed in range(10):
        mdp = markov.MDP.random(6, 3, seed, gamma=0.9)
        V = np.zeros(6)
        for _ in range(400):
            V = (mdp.reward + 0.9 * np.einsum("sat,t->sa", mdp.transition, V)).max(axis=1)
        last = markov.policy_iteration(mdp, markov.uniform_policy(mdp))[-1]
        assert np.abs(markov.values(mdp, last) - V).max() < 1e-12


# ----------------------------------------------------------------------------------- coupling and its lemmas


@given(problems())
@settings(max_examples=60, deadline=None)
def test_the_coupling_has_the_right_margins_and_differs_as_rarely_as_can_be(problem):
    _, old, new = problem
    joint = markov.coupling(old, new)
    assert joint.min() >= 0
    assert np.abs(joint.sum(axis=2) - old).max() < 1e-14
    assert np.abs(joint.sum(axis=1) - new).max() < 1e-14
    differ = 1 - np.trace(joint, axis1=1, axis2=2)
    assert np.abs(differ - markov.tv(old, new)).max() < 1e-14


@given(problems())
@settings(max_examples=60, deadline=None)
def test_lemma_2_and_the_corrected_lemma_3_hold(problem):
    mdp, old, new = problem
    lemma = markov.coupling_lemma(mdp, new, old, steps=30)
    tolerance = 1e-11 * scale(mdp, old, new)
    A_bar = np.abs(markov.expected_advantage(mdp, new, old)).max()
    assert A_bar <= 2 * lemma.alpha * np.abs(markov.advantages(mdp, old)).max() + tolerance
    assert np.all(lemma.gap <= lemma.middle + tolerance)
    assert np.all(lemma.middle <= lemma.right + tolerance)
    assert lemma.gap[0] <= tolerance


def test_the_printed_lemma_3_fails_at_the_first_step():
    # 0 ≤ 2α max Ā ≤ 0 needs max Ā = 0: a positive one breaks the second inequality, a negative one the first
    for seed in range(50):
        mdp = markov.MDP.random(5, 3, seed)
        old, new = markov.random_policy(mdp, seed + 1), markov.random_policy(mdp, seed + 2)
        lemma = markov.coupling_lemma(mdp, new, old, steps=2)
        assert lemma.gap[0] == lemma.right[0] == 0
        assert not lemma.gap[0] <= lemma.printed_middle[0] <= lemma.right[0]
        assert lemma.gap[0] <= lemma.middle[0] <= lemma.right[0]


# ------------------------------------------------------------------------------------------------- classics


def test_the_two_action_process_returns_theta_over_one_minus_gamma_theta():
    for gamma in (0.0, 0.5, 0.999):
        mdp = markov.two_action(gamma)
        for theta in (0.0, 0.3, 0.9):
            policy = np.array([[theta, 1 - theta], [0.5, 0.5]])
            assert markov.expected_return(mdp, policy) == pytest.approx(
                theta / (1 - gamma * theta), rel=1e-12
            )


def test_the_shortest_way_along_the_cliff_takes_thirteen_steps():
    mdp = markov.cliff(gamma=0.99)
    best = markov.policy_iteration(mdp, markov.uniform_policy(mdp))[-1]
    assert markov.expected_return(mdp, best) == pytest.approx(-sum(0.99**t for t in range(13)))


def test_on_the_tightrope_one_fall_costs_for_ever():
    mdp = markov.tightrope(length=7, gamma=0.9)
    never, once = np.tile([1.0, 0.0], (8, 1)), np.tile([1.0, 0.0], (8, 1))
    once[3] = [0.0, 1.0]
    assert markov.expected_return(mdp, never) == 0
    assert markov.expected_return(mdp, once) == pytest.approx(-(0.9**3) / 0.1)


def test_an_agent_that_confuses_two_cells_does_better_when_it_is_random():
    mdp = markov.aliased_grid_world()
    policy = np.tile(np.eye(4)[2], (6, 1))
    policy[[0, 4]] = np.eye(4)[1], np.eye(4)[3]
    returns = []
    for east in (0.0, 0.5, 1.0):
        policy[[1, 3]] = [0, east, 0, 1 - east]
        returns.append(markov.expected_return(mdp, policy))
    assert returns[1] > max(returns[0], returns[2])
    south = np.tile(np.eye(4)[2], (6, 1))
    np.testing.assert_allclose(markov.values(mdp, south), [-1, 0, 1, 0, -1, 0], atol=1e-12)


def test_the_far_end_of_the_chain_is_worth_the_way():
    mdp = markov.chain()
    best = markov.policy_iteration(mdp, markov.uniform_policy(mdp))[-1]
    assert np.array_equal(best.argmax(axis=1), np.zeros(5, int))


# ------------------------------------------------------------------------------------------------ bad input


def _parts():
    mdp = markov.MDP.random(3, 2, seed=0)
    return {
        "transition": mdp.transition.copy(),
        "reward": mdp.reward.copy(),
        "start": mdp.start.copy(),
        "gamma": 0.9,
    }


def _row(array, index, value):
    array[index] = value
    return array


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda p: {"transition": _row(p["transition"], (2, 1), 0.3)},
            r"transition\[2, 1\] sums to 0.9; every",
        ),
        (
            lambda p: {"transition": _row(p["transition"], (0, 1, 2), -0.1)},
            r"transition\[0, 1, 2\] is -0.1; prob",
        ),
        (lambda p: {"transition": _row(p["transition"], (0, 1, 2), np.nan)}, r"transition\[0, 1, 2\] is nan"),
        (lambda p: {"transition": np.ones((3, 2))}, r"shape \(3, 2\); it must be \[S, A, S\]"),
        (lambda p: {"transition": [[1, 2], [3]]}, "transition is not a rectangular array"),
        (lambda p: {"reward": np.ones(3)}, r"reward has shape \(3,\).*\(3, 2\)"),
        (lambda p: {"reward": _row(p["reward"], (1, 0), np.inf)}, r"reward\[1, 0\] is not finite"),
        (lambda p: {"start": np.ones(2) / 2}, r"start has shape \(2,\).*\(3,\)"),
        (lambda p: {"start": np.ones(3)}, "start sums to 3"),
        (lambda p: {"gamma": 1.0}, "gamma is 1.0; .*0 ≤ γ < 1"),
        (lambda p: {"gamma": -0.1}, "gamma is -0.1"),
        (lambda p: {"gamma": np.nan}, "gamma is nan"),
    ],
)
def test_a_bad_process_is_refused_in_one_line(change, message):
    parts = _parts()
    with pytest.raises(ValueError, match=message) as error:
        markov.MDP(**{**parts, **change(parts)})
    assert "\n" not in str(error.value)


def test_a_bad_policy_is_refused_in_one_line():
    mdp = markov.MDP.random(3, 2, seed=0)
    for policy, message in (
        (np.ones((3, 2)), r"policy\[0\] sums to 2"),
        (np.full((2, 3), 1 / 3), r"policy has shape \(2, 3\).*\(3, 2\)"),
        (np.array([[0.5, 0.5], [1.5, -0.5], [1, 0]]), r"policy\[1, 1\] is -0.5"),
    ):
        with pytest.raises(ValueError, match=message):
            markov.values(mdp, policy)
    policy = markov.uniform_policy(mdp)
    with pytest.raises(ValueError, match='"kl" or "tv"'):
        markov.improvement_bound(mdp, policy, policy, "js")
    with pytest.raises(ValueError, match="alpha is 1.5"):
        markov.mixture(policy, policy, 1.5)
    with pytest.raises(ValueError, match="branching is 9"):
        markov.MDP.random(3, 2, seed=0, branching=9)
    with pytest.raises(ValueError, match=r"start has shape \(2,\)"):
        markov.visitation(mdp, policy, start=[0.5, 0.5])


def test_a_process_cannot_be_changed_after_it_was_checked():
    mdp = markov.two_state()
    with pytest.raises(ValueError, match="read-only"):
        mdp.transition[0, 0, 0] = 2.0


@given(problems(), st.floats(-2, 6))
@settings(max_examples=60, deadline=None)
def test_a_gradient_step_on_a_table_of_logits_never_hurts_however_long(problem, log10_step):
    # π_new ∝ π exp(t ρ π A): exp raises exactly the actions with A > 0, so Ā(s) ≥ 0 in every state
    mdp, policy, _ = problem
    step = 10**log10_step * markov.policy_gradient(mdp, policy)
    new = markov.softmax_policy(np.log(policy) + step)
    assert markov.expected_advantage(mdp, new, policy).min() >= -1e-12 * scale(mdp, policy, new)


def test_algorithm_1_survives_the_road_to_a_deterministic_policy():
    mdp = markov.MDP.random(10, 4, seed=1, gamma=0.5, branching=3)
    policy, best = markov.uniform_policy(mdp), markov.policy_iteration(mdp, markov.uniform_policy(mdp))[-1]
    for _ in range(150):
        policy, _ = markov.minorise_maximise_step(mdp, policy)
    assert markov.expected_return(mdp, policy) == pytest.approx(markov.expected_return(mdp, best), rel=0.01)
