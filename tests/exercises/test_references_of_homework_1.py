"""The right answers of homework 1, against oracles of their own: enumeration, walks, SciPy, programming."""

import itertools

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from rlcourse.grading.exercises import EXERCISES, find


def over_cases(name, seeds=range(3)):
    return [case for seed in seeds for case in find(name).cases(seed)]


def right(name, **case):
    return find(name).reference(**case)


def test_the_probabilities_of_all_trajectories_of_two_steps_sum_to_one():
    for case in over_cases("trajectory_probability"):
        n, m = case["policy"].shape
        total = sum(
            right("trajectory_probability", **case | {"states": np.array(s), "actions": np.array(a)})
            for s in itertools.product(range(n), repeat=3)
            for a in itertools.product(range(m), repeat=2)
        )
        assert total == pytest.approx(1)


def test_a_trajectory_of_no_step_has_the_probability_of_its_start():
    case = next(c for c in over_cases("trajectory_probability") if len(c["actions"]) == 0)
    assert right("trajectory_probability", **case) == pytest.approx(case["start"][case["states"][0]])


def by_sums(P, R, V, gamma):
    """The look-ahead with a loop for each index."""
    Q = np.zeros(R.shape)
    for s, a in np.ndindex(R.shape):
        Q[s, a] = R[s, a] + gamma * sum(P[s, a, after] * V[after] for after in range(len(V)))
    return Q


def test_the_backup_is_the_look_ahead_averaged_over_the_policy():
    for case in over_cases("bellman_backup"):
        policy = case.pop("policy")
        expected = [
            sum(p * q for p, q in zip(*rows, strict=True))
            for rows in zip(policy, by_sums(**case), strict=True)
        ]
        np.testing.assert_allclose(right("bellman_backup", policy=policy, **case), expected)


def test_the_values_are_the_sum_over_powers_of_the_chain():
    for case in over_cases("policy_values"):
        chain = np.einsum("sa,sat->st", case["policy"], case["P"])
        r, total, weight = (case["policy"] * case["R"]).sum(1), 0.0, np.eye(len(case["R"]))
        for _ in range(2500):
            total, weight = total + weight @ r, case["gamma"] * weight @ chain
        np.testing.assert_allclose(right("policy_values", **case), total, rtol=1e-8)


def test_so_many_sweeps_are_the_best_return_of_so_many_steps_over_all_plans():
    """V_k is the optimum of k steps: by trying every rule for the first step, recursively."""

    def best(P, R, gamma, steps):
        if steps == 0:
            return np.zeros(len(R))
        ahead = best(P, R, gamma, steps - 1)
        rules = itertools.product(range(R.shape[1]), repeat=len(R))
        s = np.arange(len(R))
        return np.max([R[s, list(a)] + gamma * P[s, list(a)] @ ahead for a in rules], axis=0)

    for case in over_cases("value_iteration", seeds=range(1)):
        if case["sweeps"] <= 3 and len(case["R"]) < 7:
            expected = best(case["P"], case["R"], case["gamma"], case["sweeps"])
            np.testing.assert_allclose(right("value_iteration", **case), expected, atol=1e-12)


def test_many_sweeps_reach_the_solution_of_the_linear_programme():
    """V* is the least V with V ≥ r + γPV for every action (Puterman 1994, section 6.9)."""
    for case in over_cases("value_iteration", seeds=range(2)):
        P, R, gamma = case["P"], case["R"], case["gamma"]
        n, m = R.shape
        rows = np.concatenate([gamma * P[:, a] - np.eye(n) for a in range(m)])
        found = optimize.linprog(np.ones(n), rows, -np.concatenate(R.T), bounds=(None, None))
        np.testing.assert_allclose(right("value_iteration", **case | {"sweeps": 1200}), found.x, atol=1e-6)


def test_greedy_actions_are_the_best_by_trying_each():
    for case in over_cases("greedy_actions"):
        Q = by_sums(**case)
        chosen = right("greedy_actions", **case)
        assert [Q[s, a] for s, a in enumerate(chosen)] == pytest.approx([max(row) for row in Q])


def test_the_stationary_distribution_is_the_share_of_time_of_a_long_walk():
    rng = np.random.default_rng(0)
    for case in over_cases("stationary_distribution", seeds=range(1)):
        chain = np.einsum("sa,sat->st", case["policy"], case["P"])
        edges, s, counts = np.cumsum(chain, 1), 0, np.zeros(len(chain))
        for u in rng.random(30_000):
            counts[s] += 1
            s = min(int(np.searchsorted(edges[s], u)), len(chain) - 1)
        np.testing.assert_allclose(right("stationary_distribution", **case), counts / 30_000, atol=0.015)


def test_some_chains_of_the_cases_are_periodic():
    def period(case):
        values = np.linalg.eigvals(np.einsum("sa,sat->st", case["policy"], case["P"]))
        return int((np.abs(np.abs(values) - 1) < 1e-9).sum())

    assert sorted({period(case) for case in over_cases("stationary_distribution")}) == [1, 2, 3]


def test_the_first_visit_returns_are_polynomials_in_gamma():
    for case in over_cases("first_visit_returns"):
        expected = np.full(case["num_states"], np.nan)
        for s in set(case["states"].tolist()):
            t = case["states"].tolist().index(s)
            expected[s] = np.polynomial.Polynomial(case["rewards"][t:])(case["gamma"])
        np.testing.assert_allclose(right("first_visit_returns", **case), expected)


def test_td_with_the_right_values_stays_on_average():
    rng = np.random.default_rng(0)
    P, r, gamma = rng.dirichlet(np.ones(4), 4), rng.normal(0, 1, 4), 0.8
    V = np.linalg.solve(np.eye(4) - gamma * P, r)
    for s in range(4):
        step = {"state": s, "reward": r[s], "terminated": False, "alpha": 0.3, "gamma": gamma}
        mean = sum(P[s, after] * right("td_update", V=V, next_state=after, **step) for after in range(4))
        np.testing.assert_allclose(mean, V)


def test_with_one_feature_a_state_the_semi_gradient_step_is_the_tables():
    for case in over_cases("td_update"):
        V, s, after = case["V"], case.pop("state"), case.pop("next_state")
        eye, rest = np.eye(len(V)), {k: v for k, v in case.items() if k != "V"}
        linear = right("semi_gradient_update", w=V, features=eye[s], next_features=eye[after], **rest)
        np.testing.assert_allclose(linear, right("td_update", **case, state=s, next_state=after))


def test_the_semi_gradient_is_the_slope_of_half_the_squared_error_to_a_fixed_target():
    for case in over_cases("semi_gradient_update"):
        w, x, h = case["w"], case["features"], 1e-6
        target = case["reward"] + case["gamma"] * (0 if case["terminated"] else w @ case["next_features"])
        loss = lambda v, x=x, target=target: (target - v @ x) ** 2 / 2  # noqa: E731
        slope = [(loss(w + h * e) - loss(w - h * e)) / (2 * h) for e in np.eye(len(w))]
        expected = w - case["alpha"] * np.array(slope)
        np.testing.assert_allclose(right("semi_gradient_update", **case), expected, atol=1e-6)


def test_an_edge_is_inside_and_exact_in_single_precision_too():
    for case in over_cases("coarse_code"):
        phi = right("coarse_code", **case)
        distance = np.abs(case["x"][:, None] - case["centres"])
        assert (distance == case["width"] / 2).any()  # somebody stands on an edge
        assert (phi[distance == case["width"] / 2] == 1).all()
        single = {"x": case["x"].astype(np.float32), "centres": case["centres"].astype(np.float32)}
        assert (right("coarse_code", **single, width=case["width"]) == phi).all()


def test_the_cost_of_a_clone_is_what_an_enumeration_of_all_walks_gives():
    for epsilon, horizon in ((0.1, 6), (0.5, 4), (0.0, 3), (1.0, 3)):
        expected = 0.0
        for errs in itertools.product((0, 1), repeat=horizon):  # the dice of each step
            chance = np.prod([epsilon if e else 1 - epsilon for e in errs])
            expected += chance * (horizon - errs.index(1) if 1 in errs else 0)
        assert right("cloning_cost", epsilon=epsilon, horizon=horizon) == pytest.approx(expected)


def test_the_bounds_of_homework_1_6_2_hold_and_the_quadratic_one_is_met_up_to_a_quarter():
    for case in over_cases("cloning_cost"):
        e, T = case["epsilon"], case["horizon"]
        cost = right("cloning_cost", **case)
        assert cost <= e * T * (T + 1) / 2 + 1e-12
        if e * T <= 1:
            assert cost >= e * T**2 / 4 - 1e-12


def test_a_mixtures_density_integrates_to_one():
    for case in over_cases("mixture_log_likelihood", seeds=range(2)):
        rest = {k: v for k, v in case.items() if k != "actions"}

        def density(a, rest=rest):
            return np.exp(right("mixture_log_likelihood", actions=np.array([a]), **rest)[0])

        area, _ = integrate.quad(density, -12, 12, limit=400, points=list(rest["means"]))
        assert area == pytest.approx(1, abs=1e-6)


def test_a_mixtures_logarithm_is_scipys_also_far_away():
    for case in over_cases("mixture_log_likelihood"):
        keep = case["weights"] > 0
        logs = stats.norm.logpdf(case["actions"][:, None], case["means"], np.exp(case["log_stds"]))[:, keep]
        expected = special.logsumexp(logs + np.log(case["weights"][keep]), axis=1)
        np.testing.assert_allclose(right("mixture_log_likelihood", **case), expected)
        assert np.isfinite(expected).all()


def test_the_cloning_loss_is_the_negative_log_likelihood_of_scipys_softmax():
    for case in over_cases("cloning_loss"):
        chosen = special.log_softmax(case["logits"], axis=1)[np.arange(len(case["actions"])), case["actions"]]
        assert float(right("cloning_loss", **case)) == pytest.approx(-chosen.mean())


def test_relabelled_rows_hold_each_step_and_the_end():
    for case in over_cases("relabel"):
        states, actions, goals = right("relabel", **case)
        assert len(states) == len(actions) == len(goals) == len(case["states"]) - 1
        for t in range(len(actions)):
            assert (states[t] == case["states"][t]).all() and (goals[t] == case["states"][-1]).all()


def test_dagger_by_the_reference_is_what_the_oracle_says():
    """The reference runs through the adaptor's world; the oracle has a world and a fit of its own."""
    from rlcourse.grading.sandbox.inside import observer

    exercise = find("dagger")
    for case in over_cases("dagger"):
        answer = observer.call(exercise.spec, exercise.reference, case, lambda value: value)
        np.testing.assert_allclose(answer["actions"], exercise.oracle(**case)["actions"], atol=1e-10)


def test_the_values_of_the_walk_of_td_faults_are_those_of_many_episodes():
    from rlcourse.grading.exercises.hw1 import td_faults

    rng, (p, pay, cost) = np.random.default_rng(0), (0.53, 2.0, 0.03)
    returns = []
    for _ in range(20_000):
        s, G, weight = 2, 0.0, 1.0
        while 0 <= s < 5:
            s += 1 if rng.random() < p else -1
            G, weight = G + weight * (-cost + (pay if s == 5 else 0.0)), weight * td_faults.GAMMA
        returns.append(G)
    error = 4 * np.std(returns) / np.sqrt(len(returns))
    assert td_faults.truth(p, pay, cost)[2] == pytest.approx(np.mean(returns), abs=error)


SINGLE = [name for name in EXERCISES if find(name).homework == 1]


@pytest.mark.parametrize("name", SINGLE)
def test_no_answer_of_homework_1_is_so_small_that_0_would_pass(name):
    exercise = find(name)
    for case in over_cases(name, seeds=range(5)):
        for part, values in exercise.expected(case).items():
            if exercise.right or part.endswith("_gradient") or not np.any(values):
                continue
            largest = np.nanmax(np.abs(values))
            assert largest > exercise.tolerance * max(1e-3, largest), (name, part)
            assert largest > 1e-4, (name, part)
