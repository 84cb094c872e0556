"""Lectures 03 and 03b: what their predictions and sentences say is so, and each exercise done as written."""

import contextlib
import io
import json

import numpy as np
import pytest
from scipy.stats import ncx2

from rlcourse import notebooks
from rlcourse.equations import markov
from rlcourse.statistics import intervals_of_sets, iqm

PAGE = notebooks.SOURCES / "03-policy-gradients.py"
PAGE_B = notebooks.SOURCES / "03b-variance-of-a-gradient.py"


def names_of(page, marks, changes=()):
    """The names of a page after the cells that hold the marks, and those that they need."""
    cells = notebooks.code_cells(notebooks.compile_source(page))
    for old, new in changes:
        assert sum(old in cell for cell in cells) == 1, old
        cells = [cell.replace(old, new) for cell in cells]
    holding = [i for i, cell in enumerate(cells) if any(mark in cell for mark in marks)]
    needed = set(holding).union(*(notebooks.needed_cells(cells, index) for index in holding))
    with contextlib.redirect_stdout(io.StringIO()):
        return notebooks.run_cells(cells, sorted(needed))


@pytest.fixture(scope="module")
def names():
    return names_of(PAGE, ("def draw_fog", "def draw_cliff", "corridor_policy(x)", "steps_to_90_percent(x)"))


@pytest.fixture(scope="module")
def names_b():
    marks = ["def draw_baseline", "wrong = {", "chances[name] =", "def draw_waves", "step_variance"]
    return names_of(PAGE_B, [*marks, "cosines"])


# 03


def test_section_1_the_mean_arrow_points_to_the_top(names):
    for theta in ([-1.8, -1.2], [0.3, 2.0], [1.0, -0.4]):
        _, means = names["throws"](np.array(theta), 0.8, 2000, 50)
        arrow = means.mean(axis=0)
        assert -np.dot(arrow, theta) / np.linalg.norm(arrow) / np.linalg.norm(theta) > 0.99


def test_section_1_few_stones_and_near_throws_make_a_wide_cloud(names):
    def spread(sigma, N):
        return np.sqrt(names["throws"](np.array([-1.8, -1.2]), sigma, N, 500)[1].var(axis=0).sum())

    assert spread(0.8, 10) > 2.5 * spread(0.8, 100) and spread(0.2, 100) > 2 * spread(0.8, 100)


def test_section_1_the_closed_form_is_the_mean_height_of_many_stones(names):
    x = np.array([-1.8, -1.2]) + 0.8 * np.random.default_rng(1).normal(size=(400_000, 2))
    heights = names["height"](x)
    assert heights.mean() == pytest.approx(names["expected_height"](np.array([-1.8, -1.2]), 0.8), abs=0.01)


def test_section_2_the_rare_score_is_99_times_as_long():
    rare, usual = (np.linalg.norm(np.eye(2)[a] - [0.99, 0.01]) for a in (1, 0))
    assert rare / usual == pytest.approx(99)


def test_section_4_rock_paper_scissors_is_lost_by_every_policy_but_the_even_one(names):
    losses = names["worst"]
    assert (
        losses.max() == 1
        and (losses == 1).sum() == 3
        and losses.argmin() == np.argmin(np.abs(names["simplex"] - 1 / 3).sum(axis=1))
    )


def test_section_4_gambling_beats_the_best_deterministic_policy_by_a_third(names):
    assert names["best"] == pytest.approx(0.542) and names["eta"].max() == pytest.approx(0.775, abs=5e-4)
    always = markov.expected_return(names["CORRIDOR"], np.stack([*map(names["corridor_policy"], (0, 1))]))
    np.testing.assert_allclose(always, 0.542)


def test_section_5_with_long_steps_every_good_seed_falls_in_three_sets_of_seeds():
    text = (notebooks.LECTURES / "recordings" / "03-rates.json").read_text(encoding="utf-8")
    found = json.loads(text)["found"]

    def fates(curves):
        """How many of the seeds reach 150, fall below 75 after that, and reach 150 again."""
        reach = fall = back = 0
        for curve in np.array(curves)[:, 1:]:
            good = next((i for i, x in enumerate(curve) if x > 150), None)
            low = None if good is None else next((i for i in range(good, 20) if curve[i] < 75), None)
            reach, fall = reach + (good is not None), fall + (low is not None)
            back += low is not None and max(curve[low:]) > 150
        return reach, fall, back

    assert fates(found["0.003"]) == (22, 4, 3) and fates(found["0.03"]) == (16, 16, 9)
    for first in (0, 8, 16):
        (reach, fall, _), (far, lost, _) = (
            fates(found[rate][first : first + 8]) for rate in ("0.003", "0.03")
        )
        assert lost == far >= 5 and fall < reach / 2


def test_section_5_where_the_cliff_is(names):
    alphas, exact = names["ALPHAS"], names["EXACT"]
    top = ncx2.cdf((names["RADII"] / 0.8) ** 2, 2, 0).sum()
    np.testing.assert_allclose(exact[(alphas > 0.1) & (alphas < 1.3)], top, atol=1e-3)
    assert (exact[alphas > 5.3] < 0.01).all() and (exact[alphas < 5.1] > 0.4).all()
    assert exact[(alphas > 1.4) & (alphas < 5.1)].min() < 2  # it jumps to and fro


def test_section_5_on_ten_stones_three_of_four_walks_are_lost_at_two(names):
    lost = [(names["reached"](names["fog_walks"](2.0, 10, seed=seed)[-1]) < 0.01).mean() for seed in range(5)]
    assert lost[0] == 0.75 and 0.6 < np.mean(lost) < 0.95
    assert (names["reached"](names["fog_walks"](1.0, 10)[-1]) < 0.01).mean() == 0


def test_section_1_the_nearest_edge_gives_no_answer_away(names):
    """She stands amid her terrace: the next edges up and down are about equally far."""
    radius = np.hypot(2.0, 1.4)
    down, up = (abs(radius - edge) for edge in (2.8, 2.1))
    assert names["height"](np.array([-2.0, -1.4])) == 1 and abs(down - up) < 0.03


def test_section_4_every_gamble_beats_the_best_deterministic_policy(names):
    assert (names["eta"][1:-1] > names["best"] + 0.005).all()


def test_section_5_one_step_of_eight_carries_her_beyond_the_hill(names):
    walk = names["exact_walk"](8.0)
    beyond = np.linalg.norm(walk[1])
    assert 7.8 < beyond < 7.9 and walk[1] @ walk[0] < 0
    steps = [ncx2.cdf((names["RADII"] / 0.8) ** 2, 2, (d / 0.8) ** 2).sum() for d in beyond + [-1e-3, 1e-3]]
    assert 0 < (steps[0] - steps[1]) / 2e-3 < 1e-9


def test_section_5_what_is_lost_stays_lost(names):
    longer = names["reached"](names["fog_walks"](2.0, 10, steps=300)[-1]) < 0.01
    assert (longer >= (names["reached"](names["fog_walks"](2.0, 10)[-1]) < 1e-6)).all()


def test_section_5_the_corner_holds_the_gradient_and_not_the_natural_gradient(names):
    plain, natural = names["plain"], names["natural"]
    far = plain[:, 0] < 0.01
    np.testing.assert_allclose(plain[far, 1] * plain[far, 0], 8, rtol=0.08)
    assert natural[-1, 1] < 100 and (plain[far, 1] > 900).all()


def test_03_exercise_1_a_coin():
    theta = 0.3
    assert theta * 3 / theta - (1 - theta) * 1 / (1 - theta) == pytest.approx(2)


def test_03_exercise_2_near_and_far_throws(names):
    here, found = np.array([0.0, -1.2]), {}
    for sigma in (0.2, 0.8):
        _, means = names["throws"](here, sigma, 100, 2000)
        found[sigma] = np.linalg.norm(names["slope_of_J"](here, sigma)), np.sqrt(means.var(axis=0).sum())
    assert found[0.2] == pytest.approx((1.81, 2.2), abs=0.05)
    assert found[0.8] == pytest.approx((1.28, 0.44), abs=0.02)


def test_03_exercise_3_heights_from_sea_level():
    spreads = []
    for changes in ((), [("np.mean(height(x)[..., None] *", "np.mean((height(x)[..., None] + 10) *")]):
        names = names_of(PAGE, ("def draw_fog",), changes)
        _, means = names["throws"](np.array([-1.8, -1.2]), 0.8, 100, 2000)
        truth = names["slope_of_J"](np.array([-1.8, -1.2]), 0.8)
        np.testing.assert_allclose(means.mean(axis=0), truth, atol=0.15)
        spreads.append(np.sqrt(means.var(axis=0).sum()))
    assert 6 < spreads[1] / spreads[0] < 7


def test_03_exercise_4_a_gaussian_and_a_parabola():
    x, w = np.polynomial.hermite_e.hermegauss(20)
    w = w / w.sum()
    assert w @ (-((0.7 + x) ** 2)) == pytest.approx(-(0.7**2) - 1)
    assert w @ (-((0.7 + x) ** 2) * x) == pytest.approx(-1.4)
    assert w @ (-(x**2) * x) == pytest.approx(0, abs=1e-12) and w @ x**6 == pytest.approx(15)


# 03b


def test_03b_section_1_the_order_of_the_three_estimates_on_each_network(names_b):
    cosines = names_b["cosines"]
    for N in (4, 16):
        whole, to_go, less = (np.array(cosines[name][N]) for name in cosines)
        assert (whole < to_go).all() and (to_go < less).all()
    assert 0.2 < np.mean(cosines["return"][4]) < 0.35


def test_03b_section_2_what_lies_on_the_diagonal(names_b):
    lengths = np.linalg.norm(names_b["terms"], axis=2)
    assert np.tril(lengths, -1).max() < 1e-15 and np.diag(lengths).min() > 0.03


@pytest.mark.parametrize("theta", [0.3, 0.6, 0.8])
def test_03b_section_2_the_closed_forms_from_sampled_games(theta):
    """A million games at each θ: an oracle that knows neither moments nor lists of trajectories."""
    k = np.random.default_rng(0).geometric(1 - theta, size=1_000_000) - 1.0
    scale = theta * (1 - theta) ** 4
    for estimate, top in (
        (k * (k / theta - 1 / (1 - theta)), 4 * theta**2 + 8 * theta + 1),
        (k * (k + 1) / (2 * theta), theta**2 + 3 * theta + 1),
    ):
        assert estimate.mean() == pytest.approx((1 - theta) ** -2, rel=0.02)
        assert estimate.var() == pytest.approx(top / scale, rel=0.1)


def test_03b_section_3_returns_and_baselines(names_b):
    R, paths = names_b["R"], names_b["paths"]
    assert R.min() == pytest.approx(-0.8, abs=0.05) and R.max() == pytest.approx(3.1, abs=0.05)
    assert paths.mean(R) == pytest.approx(0.4, abs=0.02)
    variance, best = names_b["variance"], names_b["b_star"]
    for shifted in (R, R - 2):  # b* above 0 and below: the ends of where a baseline helps
        at = names_b["least"](paths, names_b["whole"], shifted)
        ends = [np.trace(paths.covariance(names_b["whole"] * (shifted - b))) for b in (0, 2 * at, at)]
        assert ends[0] == pytest.approx(ends[1]) and ends[2] < ends[0] and (at > 0) == (shifted is R)
    assert variance(2 * best) == pytest.approx(variance(0)) and variance(2 * best + 0.1) > variance(0)
    np.testing.assert_allclose(names_b["PARABOLA"], [variance(b) for b in names_b["B"]], atol=1e-9)


def test_03b_section_4_the_variances_are_equal_at_every_policy():
    """Over the three draws, of what is left of the update when its mean over the logits is subtracted."""
    pays = np.array([1.0, 0.7, 0.0])

    def mean_and_variance(policy, b):
        updates = np.diag((pays - b) / policy)  # a row for each machine that may be drawn
        felt = updates - updates.mean(axis=1, keepdims=True)
        mean = policy @ felt
        return mean, policy @ ((felt - mean) ** 2).sum(axis=1)

    for policy in np.random.default_rng(0).dirichlet(np.ones(3), size=20):
        best = (pays / policy).sum() / (1 / policy).sum()
        found = {shift: mean_and_variance(policy, best + shift) for shift in (-1, -0.01, 0, 0.01, 1)}
        for mean, _ in found.values():
            np.testing.assert_allclose(mean, pays - pays.mean(), atol=1e-9)
        assert found[-1][1] == pytest.approx(found[1][1])
        assert found[0][1] < min(found[-0.01][1], found[0.01][1])
        square = found[1][1] + (found[1][0] ** 2).sum()
        assert square == pytest.approx(2 / 3 * ((pays - best - 1) ** 2 / policy).sum())


def test_03b_section_4_one_baseline_pushes_everything_up_and_the_other_down():
    pays = np.array([1.0, 0.7, 0.0])
    for policy in np.random.default_rng(1).dirichlet(np.ones(3), size=200):
        best = (pays / policy).sum() / (1 / policy).sum()
        assert (pays - (best - 1) >= 0).all() and (pays - (best + 1) <= 0).all()


def test_03b_section_4_the_fates_hold_in_each_of_three_sets(names_b):
    low, middle, high = (names_b["wrong"][shift] for shift in (-1, 0, 1))
    assert low.min() > middle.max() and middle.min() > high.max() and high.max() < 0.005
    assert low.mean() == pytest.approx(1 / 5, abs=0.02) and middle.mean() == pytest.approx(1 / 15, abs=0.01)


def test_03b_section_5_without_the_discount_it_is_the_slope_of_another_sum(names_b):
    for logit in (-1.0, 0.3, 2.0):
        p = 1 / (1 + np.exp(-logit))
        assert names_b["update"](logit, False) == pytest.approx(p * (1 - p) * (0.5 * 4 - 3))
        assert names_b["update"](logit, True) == pytest.approx(p * (1 - p) * 0.5 * (4 - 3))


def test_03b_section_5_investing_is_right_with_either_discount(names_b):
    market = names_b["MARKET"]
    for gamma in (0.5, 0.999999):
        same = markov.MDP(market.transition, market.reward, market.start, gamma)
        never, always = (np.tile(row, (4, 1)) for row in ([1.0, 0.0], [0.0, 1.0]))
        assert markov.expected_return(same, always) > markov.expected_return(same, never)
        some = [markov.mixture(never, always, p) for p in np.linspace(0, 1, 11)]
        earned = markov.expected_return(same, np.stack(some))
        assert np.argmin(earned) == 0 and earned[0] == 0  # never to invest is the worst
    assert names_b["chances"]["with γᵗ"][-1] > 0.99 and names_b["chances"]["without"][-1] < 0.01


def test_03b_section_6_smooth_and_wavy_rewards(names_b):
    two = names_b["two_estimates"]
    _, (score, less, path) = two(0.0, 0.5)
    assert path < less < score
    _, (score, less, path) = two(12.0, 0.5)
    assert less < path
    mean, (score, less, path) = two(2.0, 0.01)
    assert score > 8e4 and path < 0.02 and less == pytest.approx(2 * mean[2] ** 2, rel=0.01)


def test_03b_section_7_each_claim_holds_in_three_sets_of_seeds():
    text = (notebooks.LECTURES / "recordings" / "03b-remedies.json").read_text(encoding="utf-8")
    found = {name: np.array(x) for name, x in json.loads(text)["found"].items()}

    def sets(more, less):
        return intervals_of_sets((found[more] - found[less]).mean(axis=1))

    for more, less, gain in (("reward-to-go", "none", (73, 91)), ("and mean", "reward-to-go", (43, 47))):
        assert all(x.low > 0 for x in sets(more, less))
        gains = [x.estimate for x in sets(more, less)]
        assert (min(gains), max(gains)) == pytest.approx(gain, abs=0.6)
    assert all(x.low < 0 < x.high for x in sets("and learnt", "and mean"))
    ends = [iqm(x[:, -1]) for name, x in found.items() if name != "at"]
    assert ends == pytest.approx([123, 307, 450, 459], abs=0.6)


def test_03b_exercise_1_a_fair_game():
    theta = 0.5
    scale = theta * (1 - theta) ** 4
    both = (4 * theta**2 + 8 * theta + 1) / scale, (theta**2 + 3 * theta + 1) / scale
    assert both == (192, 88) and (1 - theta) ** -2 == 4
    ratio = [(4 * t**2 + 8 * t + 1) / (t**2 + 3 * t + 1) for t in np.linspace(0, 1, 50)]
    assert ratio[0] == 1 and ratio[-1] == 2.6 and (np.diff(ratio) > 0).all()


def test_03b_exercise_2_a_baseline_without_any_variance():
    scores, pays = np.array([[0.5, -0.5], [-0.5, 0.5]]), np.array([10.0, 11.0])
    assert np.ptp(scores * (pays - 10.5)[:, None], axis=0).max() == 0


def test_03b_exercise_3_the_square_of_k_times_k_plus_one():
    k = np.arange(12.0)
    falling = [k * 0 + 1]
    for m in range(4):
        falling.append(falling[-1] * (k - m))
    np.testing.assert_array_equal((k * (k + 1)) ** 2, falling[4] + 8 * falling[3] + 14 * falling[2] + 4 * k)


def test_03b_exercise_4_another_price():
    names = names_of(PAGE_B, ("chances[name] =",), [("PRICE = 3.0", "PRICE = 1.0")])
    assert names["chances"]["with γᵗ"][-1] > 0.99 and names["chances"]["without"][-1] > 0.99


def test_03b_further_the_price_of_each_approximation(names_b):
    order = ("best", "own term", "mean", "none")
    variances = [names_b["step_variance"](names_b["own"][name]) for name in order]
    assert variances == sorted(variances)
    assert np.array(variances) / variances[-1] == pytest.approx([0.6, 0.61, 0.65, 1], abs=0.01)
    assert variances[1] / variances[0] < 1.01
