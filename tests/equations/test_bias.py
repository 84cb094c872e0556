"""The bias of each estimator of a maximum against quadrature."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from rlcourse.equations import bias


def expected_order(estimator, actions):
    """Quadrature for independent standard normals."""
    norm = scipy.stats.norm

    def largest(x):  # density of the maximum
        return actions * norm.pdf(x) * norm.cdf(x) ** (actions - 1)

    if estimator == "max":
        return scipy.integrate.quad(
            lambda x: x * actions * norm.pdf(x) * norm.cdf(x) ** (actions - 1), -9, 9
        )[0]
    if estimator == "maxmin":  # min of two: distribution function 1 − (1 − Φ)²

        def cdf(x):
            return 1 - norm.sf(x) ** 2

        def density(x):
            return 2 * norm.pdf(x) * norm.sf(x)

        return scipy.integrate.quad(lambda x: x * actions * density(x) * cdf(x) ** (actions - 1), -9, 9)[0]

    def smaller(x):  # E[min(x, ξ)] = x Φ̄(x) − φ(x)
        return x * norm.sf(x) - norm.pdf(x)

    return scipy.integrate.quad(lambda x: smaller(x) * largest(x), -9, 9)[0]


@pytest.mark.parametrize("actions", [2, 10])
@pytest.mark.parametrize("estimator", ["max", "maxmin", "clipped double"])
def test_the_bias_of_each_estimator_is_what_quadrature_says(estimator, actions):
    samples = 200_000
    rng = np.random.default_rng(1)
    simulated = bias.expected_maximum(np.zeros(actions), 1.0, samples, estimator, rng)
    assert simulated == pytest.approx(expected_order(estimator, actions), abs=5 / np.sqrt(samples))


def test_corrections_row_21_to_two_digits():
    table = {("max", 2): 0.56, ("max", 10): 1.54, ("maxmin", 2): -0.10, ("maxmin", 10): 0.67}
    table |= {("clipped double", 2): -0.28, ("clipped double", 10): -0.05}
    for (estimator, actions), value in table.items():
        assert round(expected_order(estimator, actions), 2) == value


def test_the_double_estimator_is_unbiased_for_equal_means_and_never_above_the_best():
    rng = np.random.default_rng(2)
    assert abs(bias.expected_maximum(np.zeros(5), 1.0, 200_000, "double", rng)) < 5 / np.sqrt(200_000)
    assert bias.expected_maximum([0.0, 1.0], 1.0, 50_000, "double", rng) < 1.0


def test_without_noise_every_estimator_is_exact():
    for estimator in bias.ESTIMATORS:
        assert bias.expected_maximum([0.5, 2.0, -1.0], 0.0, 7, estimator) == 2.0
        assert bias.expected_maximum([0.5, 2.0], 0.0, 1, estimator) == 2.0  # one sample is enough


@pytest.mark.parametrize(
    "arguments", [([], 1.0, 5), ([0.0], -1.0, 5), ([0.0], 1.0, 0), ([[0.0]], 1.0, 5), ([np.nan], 1.0, 5)]
)
def test_bad_arguments_of_the_bias_simulation_get_one_line(arguments):
    with pytest.raises(ValueError, match="expected_maximum"):
        bias.expected_maximum(*arguments)
    with pytest.raises(ValueError, match="max, double, maxmin, clipped double"):
        bias.expected_maximum([0.0], 1.0, 5, "median")


@pytest.mark.parametrize(
    ("gap", "noise", "actions"), [(0.0, 1.0, 2), (0.0, 1.0, 10), (1.0, 0.7, 5), (0.3, 2.0, 3)]
)
def test_the_exact_biases_are_those_of_the_simulation(gap, noise, actions):
    means, exact = np.r_[0.0, np.full(actions - 1, -gap)], bias.exact_biases(gap, noise, actions)
    assert tuple(exact) == bias.ESTIMATORS
    for name, value in exact.items():
        simulated = bias.expected_maximum(means, noise, 200_000, name, np.random.default_rng(3))
        assert simulated == pytest.approx(value, abs=4 * (noise + gap) / 200_000**0.5)


def test_the_exact_biases_of_equal_actions_are_those_of_quadrature():
    several = bias.exact_biases(0.0, 1.0, (2, 10))
    for name in ("max", "maxmin", "clipped double"):
        assert several[name] == pytest.approx([expected_order(name, n) for n in (2, 10)], abs=1e-7)
    np.testing.assert_array_equal(several["double"], 0)


def one_agent_goes_left(estimator, episodes, rng):
    """Example 6.7 as its text says it, with dictionaries and loops: one agent's choices."""
    tables = [{("A", 0): 0.0, ("A", 1): 0.0} | {("B", b): 0.0 for b in range(10)} for _ in range(2)]

    def act(state, count):
        if rng.random() < 0.1:
            return int(rng.integers(count))
        used = tables[:1] if estimator == "max" else tables
        worth = [sum(table[state, a] for table in used) for a in range(count)]
        return int(rng.choice([a for a in range(count) if worth[a] == max(worth)]))

    choices = []
    for _ in range(episodes):
        own, other = tables if estimator == "max" or rng.random() < 0.5 else tables[::-1]
        a = act("A", 2)
        choices.append(a == 0)
        if a == 1:
            own["A", 1] += 0.1 * (0 - own["A", 1])
            continue
        b = act("B", 10)
        best = max(range(10), key=lambda k: own["B", k])
        value = {"max": own["B", best], "double": other["B", best]}
        value["clipped double"] = min(value["max"], value["double"])
        own["A", 0] += 0.1 * (value[estimator] - own["A", 0])
        own["B", b] += 0.1 * (rng.normal(-0.1, 1) - own["B", b])
    return choices


@pytest.mark.parametrize("estimator", ["max", "double", "clipped double"])
def test_all_agents_at_once_go_left_as_often_as_one_agent_at_a_time(estimator):
    rng, alone, together = np.random.default_rng(0), 400, 2000
    slow = np.array([one_agent_goes_left(estimator, 60, rng) for _ in range(alone)])
    fast = bias.wrong_choices(estimator, together, 60, rng=1)
    assert fast.shape == (2000, 60)
    for when in (slice(0, 5), slice(15, 25), slice(50, 60)):
        one, other = slow[:, when].mean(axis=1), fast[:, when].mean(axis=1)
        error = (one.var() / alone + other.var() / together) ** 0.5
        assert abs(one.mean() - other.mean()) < 4 * error


def test_where_left_is_plainly_bad_all_three_settle_at_half_epsilon():
    for estimator in ("max", "double", "clipped double"):
        late = bias.wrong_choices(estimator, 1000, 200, mean=-3.0, rng=0)[:, 100:].mean(axis=1)
        assert late.mean() == pytest.approx(0.05, abs=4 * late.std() / 1000**0.5)


def test_wrong_choices_refuses_an_estimator_that_it_does_not_know():
    with pytest.raises(ValueError, match="must be max, double or clipped double; got 'maxmin'"):
        bias.wrong_choices("maxmin")


def test_the_former_names_of_two_estimators_are_understood():
    for former, name in bias.FORMER.items():
        values = [
            bias.expected_maximum([0, -1], 1.0, 9, each, np.random.default_rng(0)) for each in (former, name)
        ]
        assert values[0] == values[1]
    np.testing.assert_array_equal(
        bias.wrong_choices("actor", 9, 9, rng=0), bias.wrong_choices("clipped double", 9, 9, rng=0)
    )
