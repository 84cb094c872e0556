"""Lectures 13, 13b and 13c: what predictions and sentences claim, and each exercise done as it is written."""

import contextlib
import io
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from scipy import stats

from rlcourse import notebooks
from rlcourse.algorithms.ppo import PPO
from rlcourse.equations import markov
from rlcourse.equations.divergences import categorical_kl
from rlcourse.experiments import replayed
from rlcourse.map import discover as methods
from rlcourse.museum import discover
from rlcourse.museum.ladder import LADDER, Probe, Rung
from rlcourse.statistics import mean_interval, power, seeds_needed
from rlcourse.training import learn, train

CLIFF, METHODS = markov.cliff(gamma=0.99), methods()
SEEDS = notebooks.SOURCES / "13b-what-seeds-can-show.py"


@pytest.fixture(scope="module")
def runs():
    return replayed(notebooks.LECTURES / "recordings" / "13b-runs.json")


@pytest.fixture(scope="module")
def names(runs):
    """What the lab of section 1 uses, without the training beside the recording."""
    cells = notebooks.code_cells(notebooks.compile_source(SEEDS))
    texts = ("from rlcourse.widgets import", "WAYS =", "def draw_groups", "def experiments")
    kept = [i for i, cell in enumerate(cells) if any(text in cell for text in texts)]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.chdir(notebooks.LECTURES):
        return notebooks.run_cells(cells, kept, {"__name__": "__main__", "runs": runs, "STEPS": runs["at"]})


def test_13b_section_1_the_best_of_126_ways_is_significant_in_nearly_all_sets_of_ten(runs, names):
    final, rng = runs["tanh"][:, -1], np.random.default_rng(5)
    p = np.array([names["p_values"](rng.choice(final, 10, replace=False)) for _ in range(600)])
    assert p.shape == (600, 126)
    shares = [(part.min(axis=1) < 0.05).mean() for part in np.split(p, 3)]
    assert min(shares) > 0.93 and (p[:, 0] < 0.05).mean() < 0.08


def test_13b_the_page_s_p_values_are_scipys_one_by_one(runs, names):
    ten = runs["relu"][:10, 2]
    for way, p in list(zip(names["WAYS"], names["p_values"](ten), strict=True))[::25]:
        assert p == pytest.approx(stats.ttest_ind(ten[way], ten[~way], equal_var=False).pvalue)
    assert len({tuple(way) for way in names["WAYS"]} | {tuple(~way) for way in names["WAYS"]}) == 252


def test_13b_section_1_at_least_one_of_k_independent_tests():
    assert [round(100 * (1 - 0.95**k)) for k in (1, 5, 10, 20)] == [5, 23, 40, 64]
    assert [round(stats.t.ppf(0.975, n - 1), 2) for n in (3, 5, 10)] == [4.30, 2.78, 2.26]


def test_13b_section_3_relu_leads_early_and_tanh_at_the_end_in_each_set_of_forty(runs):
    early, late = ((runs["relu"] - runs["tanh"])[:, at].reshape(3, 40).mean(axis=1) for at in (3, -1))
    assert runs["at"][3] == 6144 and runs["at"][-1] == 12_288
    assert (early > 20).all() and (late < -20).all()


def test_13b_section_3_five_seeds_find_half_a_deviation_in_11_of_100_and_then_report_it_three_times(names):
    assert power(0.53, 5) == pytest.approx(0.115, abs=0.005) and power(0.5, 5) == pytest.approx(
        0.11, abs=0.01
    )
    assert 0.45 < power(0.5, 30) < 0.55 and seeds_needed(0.5) == 64
    found, significant = names["experiments"](0.5, 5)
    assert abs(found[significant]).mean() / 0.5 == pytest.approx(3, abs=0.25)
    assert 0 < (found[significant] < 0).mean() < 0.1
    assert significant.mean() == pytest.approx(power(0.5, 5), abs=0.01)


def test_13b_exercises_1_to_3():
    assert round(100 * (1 - 0.97**6)) == 17
    assert seeds_needed(0.42) == 90 and round(16 / 0.42**2) == 91
    runs = np.random.default_rng(0).normal(size=5)
    means = np.random.default_rng(1).choice(runs, (5, 200_000)).mean(axis=0)
    assert means.var() == pytest.approx(4 / 5 * runs.var(ddof=1) / 5, rel=0.02)
    assert 1.96 * np.sqrt(4 / 5) == pytest.approx(1.75, abs=0.005)


def test_13b_exercise_4_the_upper_five_against_the_lower_five_is_one_of_the_ways(runs, names):
    ten = runs["tanh"][:10, -1]
    upper = ten >= np.sort(ten)[5]
    p = stats.ttest_ind(ten[upper], ten[~upper], equal_var=False).pvalue
    assert np.isclose(names["p_values"](ten), p).any() and p < 0.05


# Lecture 13c


@pytest.fixture(scope="module")
def kept():
    return {
        hall: replayed(notebooks.LECTURES / "recordings" / f"13c-{hall}.json")
        for hall in ("pole", "pendulum", "slow")
    }


def gap(kept, hall, name, program):
    """Mean paired difference, bug − right, over the curve after its start."""
    return mean_interval((kept[hall]["broken"][name] - kept[hall]["healthy"][program])[:, 1:].mean(axis=1))


def test_13c_section_1_c_is_right_and_three_others_look_as_good(kept):
    for name in ("rewards one step late", "clip without min", "a leak between episodes"):
        found = gap(kept, "pole", name, "PPO")
        assert found.low < 0 < found.high, name
    for name in ("ratio upside down", "death ignored"):
        assert gap(kept, "pole", name, "PPO").high < 0, name


def test_13c_section_2_false_deaths_hurt_the_pendulum(kept):
    ends = {side: kept["pendulum"][side][name][:, -1] for side, name in
            (("healthy", "PPO"), ("broken", "time limit taken for death"))}  # fmt: skip
    assert ends["healthy"].min() > -400 and ends["broken"].mean() < -700
    late = gap(kept, "pendulum", "bootstrap from the reset", "PPO")
    assert late.high < 0
    for name in ("death ignored", "the recursion runs forwards"):
        assert gap(kept, "pole", name, "PPO").high < 0
    for name in ("a leak between episodes", "rewards one step late"):
        assert gap(kept, "pole", name, "PPO").low < 0 < gap(kept, "pole", name, "PPO").high


def test_13c_section_3_a_sum_for_a_mean_shows_nothing(kept):
    found = gap(kept, "pole", "sum for mean", "A2C")
    assert found.low < 0 < found.high and abs(found.estimate) < 10


def test_13c_every_exhibit_is_on_a_wall_and_has_its_recording(kept):
    text = SEEDS.with_name("13c-the-bug-museum.py").read_text(encoding="utf-8")
    held = set().union(*(hall["broken"] for hall in kept.values()))
    assert held == set(discover())
    walls = text.split("wall(")[1:]
    assert all(any(f'"{name}"' in wall.split("# %%")[0] for wall in walls)
               for name in discover())  # fmt: skip


def test_13c_section_6_the_ladder_s_values_are_those_of_its_worlds():
    """By playing: every best policy's discounted return from what is seen is the rung's truth."""
    for rung in LADDER:
        found = []
        for coin in (-1, 1):
            returns = []
            for actions in product((0, 1), repeat=rung.steps):
                env = rung()
                env.reset(seed=0)
                env.coin = coin
                paid = [env.step(action)[1] for action in actions]
                returns.append([sum(0.9**k * r for k, r in enumerate(paid[t:])) for t in range(rung.steps)])
            found += list(np.max(returns, axis=0))
        if rung.new == "an observation":  # the coin is given
            assert found == [-1, 1]
        assert np.allclose(found, rung.truth(0.9)), rung.new


def test_13c_exercise_2_a_late_reward_is_nearly_silent_on_the_pendulum_too():
    late = discover()["rewards one step late"]
    reward = torch.cos(torch.linspace(0, 3, 200, dtype=torch.float64)) - 1  # a pendulum's changes slowly
    zero = torch.zeros_like(reward)
    right, wrong = (f(reward, zero, zero, zero, zero, 0.98, 0.95) for f in (late.right, late.wrong))
    assert (right - wrong).abs().max() < 0.1 * right.abs().max()


class PaidLater(Probe):
    """Three steps; the first action decides the reward of the third."""

    def step(self, action):
        self.first = int(action) if self.t == 0 else self.first
        obs, _, terminated, *rest = super().step(action)
        return obs, (2.0 * self.first - 1 if terminated else 0.0), terminated, *rest


def test_13c_exercise_3_forwards_fails_where_the_first_action_is_paid_at_the_end():
    rung = Rung("a choice", 3, lambda c, t: t / 2, lambda c, t, a: 0, lambda c, t, gamma: gamma ** (2 - t))
    right = PPO(
        hidden=(16,), horizon=32, minibatch_size=64, epochs=4, learning_rate=5e-3, normalise_reward=False
    )
    wrong = replace(right, advantage=discover()["the recursion runs forwards"].wrong)
    ends = [
        train(each, lambda: PaidLater(rung), 4096, 3, evaluate_every=4096, longest_episode=3).curve.returns[
            :, -1
        ]
        for each in (right, wrong)
    ]
    assert (ends[0] == 1).all() and (ends[1] == -1).all()


def test_13c_exercise_4_the_two_kl_differ_away_from_the_old_policy():
    p, q = torch.tensor([0.9, 0.1]), torch.tensor([0.5, 0.5])
    one, other = categorical_kl(p, q), categorical_kl(q, p)
    assert (
        float(one) == pytest.approx(0.9 * np.log(1.8) + 0.1 * np.log(0.2)) and abs(float(one - other)) > 0.1
    )


# Lecture 13


def stumbling(name, random, seeds=8, **options):
    """(exact returns of the walk with random steps, without), [seeds] each."""
    Q = learn(METHODS[name], seeds=seeds, **options).point.found["Q"]
    return [markov.expected_return(CLIFF, markov.epsilon_greedy_policy(Q, e)) for e in (random, 0.0)]


@pytest.mark.slow
@pytest.mark.parametrize("first", [0, 8, 16])
def test_13_section_1_sarsa_is_worth_more_stumbling_and_q_learning_without(first):
    seeds = list(range(first, first + 8))
    walks = {name: stumbling(name, 0.1, seeds, steps=40_000) for name in ("sarsa", "q_learning")}
    assert walks["sarsa"][0].min() > walks["q_learning"][0].max() + 20
    assert walks["q_learning"][1].min() > walks["sarsa"][1].max() + 1
    assert walks["q_learning"][0].mean() == pytest.approx(-46.6, abs=0.2)
    assert walks["q_learning"][1] == pytest.approx(-12.25, abs=0.01)
    assert np.median(walks["sarsa"][0]) == pytest.approx(best_stumbling(0.1), abs=0.4)


def best_stumbling(epsilon):
    """The best return of all ε-soft policies, by policy iteration among them."""
    policy = markov.epsilon_greedy_policy(np.zeros((CLIFF.states, CLIFF.actions)), epsilon)
    for _ in range(100):
        better = markov.epsilon_greedy_policy(markov.q_values(CLIFF, policy).round(9), epsilon)
        if np.array_equal(better, policy):
            return float(markov.expected_return(CLIFF, policy))
        policy = better
    raise AssertionError("policy iteration goes on")


def test_13_section_1_and_exercise_2_what_the_best_stumbling_walk_is_worth():
    for epsilon, said in ((0.1, -19.29), (0.02, -14.86), (0.01, -14.41), (0.0, -12.25)):
        best = markov.optimal_q_values(markov.with_random_actions(CLIFF, epsilon)).max(axis=1) @ CLIFF.start
        assert best == pytest.approx(best_stumbling(epsilon), abs=1e-9)
        assert best == pytest.approx(said, abs=0.005)
    edge = markov.epsilon_greedy_policy(markov.optimal_q_values(CLIFF), 0.01)
    assert float(markov.expected_return(CLIFF, edge)) == pytest.approx(-15.14, abs=0.005)


@pytest.mark.slow
def test_13_exercise_2_ten_times_the_steps_lead_all_seeds_away_from_the_edge():
    rare, never = stumbling("sarsa", 0.01, epsilon=0.01, steps=400_000)
    assert never.max() < -13.9 and np.median(rare) == pytest.approx(best_stumbling(0.01), abs=0.05)


@pytest.mark.slow
def test_13_exercise_2_at_a_hundredth_most_seeds_walk_along_the_edge_and_stumbling_costs_them_more():
    rare, never = stumbling("sarsa", 0.02, epsilon=0.02)
    assert never == pytest.approx(-13.99, abs=0.01)
    rare, never = stumbling("sarsa", 0.01, epsilon=0.01)
    edge = never > -12.3
    assert edge.sum() == 5 and never[~edge] == pytest.approx(-13.99, abs=0.01)
    assert rare[edge].mean() == pytest.approx(-15.1, abs=0.1) and rare[~edge].mean() == pytest.approx(
        -14.4, abs=0.1
    )


def test_13_exercise_3_the_mean_over_the_greedy_policy_is_the_maximum():
    Q = np.random.default_rng(0).normal(size=(5, 4))
    greedy = markov.epsilon_greedy_policy(Q, 0.0)
    np.testing.assert_allclose((greedy * Q).sum(-1), Q.max(-1))


def played(task, name):
    """A program of the leaderboard, as recorded: returns [15, L], at [L], seconds."""
    return replayed(notebooks.LECTURES / "recordings" / f"13-leaderboard-{task}-{name}.json")


def returns_of(task, *names):
    return {name: played(task, name)["returns"] for name in names}


def test_13_section_4_what_the_sentences_say_of_the_recording():
    pole, pendulum = (
        returns_of(task, "REINFORCE", "A2C", "CEM", "PPO-Clip") for task in ("CartPole-v1", "Pendulum-v1")
    )
    assert (pole["PPO-Clip"][:, -1] == 500).all()
    poor = np.sort(pole["A2C"][:, -1])[:5]
    assert poor[3] == pytest.approx(279.6, abs=0.5) and poor[0] == 144 and poor[4] > 400
    for name in ("REINFORCE", "A2C", "CEM"):
        assert pendulum[name][:, -1].mean() < pendulum[name][:, 0].mean() + 50
        assert pole[name][:, -1].mean() > pole[name][:, 0].mean() + 300
    td3, ppo = (float(played("Pendulum-v1", name)["seconds"]) for name in ("TD3", "PPO-Clip"))
    assert td3 / ppo == pytest.approx(25, rel=0.1)


def test_13_section_4_dqns_last_policies_swing_and_its_best_ones_stay_up():
    for name in ("DQN", "Double DQN"):
        run = played("CartPole-v1", name)
        swings = np.abs(np.diff(run["returns"][:, -5:], axis=1)) > 200  # from one evaluation to the next
        assert swings.any(axis=1).sum() >= 10, "most of the fifteen, within the last five evaluations"
        assert (run["returns"][:, -1] >= 475).sum() <= 10 and (run["best"] >= 475).sum() == 14


def test_13_section_6_three_seeds_put_trpo_ahead_in_about_one_draw_of_five():
    one, other = (played("CartPole-v1", name)["returns"][:, 5] for name in ("TRPO", "PPO-Clip"))
    gap = np.add.outer(triples(one), -triples(other))
    assert np.mean(gap > 0) == pytest.approx(0.21, abs=0.02)
    assert np.sqrt((one.var() + other.var()) / 3) == pytest.approx(54, abs=1)
    fifteen = stats.ttest_ind(other, one, equal_var=False).confidence_interval()
    assert fifteen.low < 0 < fifteen.high, "the interval of the difference holds 0"


def triples(x):
    """The means of all draws of three with replacement."""
    return np.array([np.mean(three) for three in product(x, repeat=3)])


def test_13_section_7_says_what_the_committed_table_of_clusters_says():
    text = (notebooks.SOURCES / "13-the-map.py").read_text(encoding="utf-8")
    table = (notebooks.ROOT / "tests" / "benchmarks" / "cluster.md").read_text(encoding="utf-8")
    lines = [line.strip("| ").split("|") for line in table.splitlines() if line.startswith("| ")][1:]
    rows = {row[0].strip(): row for row in lines if row[1].strip() == "2"}
    words = zip(rows, ("as processes", "on Dask", "on Ray"), strict=True)
    for name, place in words:
        assert f"{rows[name][3].strip()} {place}" in text
    each = [float(row[4].split(",", 3)[3].replace(",", "")) / 1000 for row in rows.values()]
    assert "took {:.1f} ms, {:.1f} ms and {:.1f} ms".format(*each) in text
