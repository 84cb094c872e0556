"""Lectures 08 and 08b: their claims, the lab, and each exercise done as it is written, after its page."""

import contextlib
import io
import re

import numpy as np
import pytest

from rlcourse import notebooks
from rlcourse.equations import markov

PAGES = {"08": "08-performance-difference.py", "08b": "08b-climbing-a-bound.py"}


class Page:
    """A page: its cells, and its names after the cells that its exercises and the claims tested here need."""

    def __init__(self, number, texts):
        notebook = notebooks.compile_source(notebooks.SOURCES / PAGES[number])
        self.compiled, self.cells = notebook.cells, notebooks.code_cells(notebook)
        needed = set().union(
            *(notebooks.needed_cells(self.cells, holding(self.cells, text)) for text in texts)
        )
        with contextlib.redirect_stdout(io.StringIO()):
            self.names = notebooks.run_cells(self.cells, sorted(needed))

    def run(self, source):
        with contextlib.redirect_stdout(io.StringIO()):
            return notebooks.run_cells([source], [0], dict(self.names))

    def edited(self, text, old, new):
        """The cell that holds a text, with a piece replaced, as a reader edits it."""
        source = self.cells[holding(self.cells, text)]
        assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in the cell"
        return source.replace(old, new)

    def exercise(self, number):
        """The text of an exercise with its hint and answer."""
        (cell,) = [cell for cell in self.compiled if cell.source.startswith("## Exercises")]
        return re.search(rf"\*\*{number}\*\* ★.*?(?=\n\*\*{number + 1}\*\* ★|\Z)", cell.source, re.DOTALL)[0]

    def checks_of(self, number):
        return re.findall(r"```python\n(.*?)```", self.exercise(number), re.DOTALL)


@pytest.fixture(scope="module")
def difference():
    return Page("08", ("lab = explore(", "V_old, V_new =", "def walk_together("))


@pytest.fixture(scope="module")
def climbing():
    return Page(
        "08b", ("def algorithm_1(", "careful = ", "def trpo_step(", "shared_paths = {", "after_ten =")
    )


def holding(cells, text):
    """The one cell that holds a text."""
    (index,) = [i for i, cell in enumerate(cells) if text in cell]
    return index


# The pages


def test_what_section_3_plots_has_its_formula_above_the_lab(difference):
    compiled = difference.compiled
    lab = next(i for i, cell in enumerate(compiled) if "explore(" in cell.source)
    formula = next(
        i for i, cell in enumerate(compiled) if "L_{\\mathrm{old}}(\\mathrm{new}) =" in cell.source
    )
    divergences = next(i for i, cell in enumerate(compiled) if "D_{\\mathrm{KL}}(p\\Vert q) =" in cell.source)
    assert divergences < formula < lab


def test_every_world_is_drawn_before_it_is_computed_with(difference, climbing):
    for page, name, maker in (
        (difference, "two", "markov.two_state(gamma=0.9)"),
        (difference, "chain", "markov.chain("),
        (climbing, "two", "markov.two_state(gamma=0.9)"),
        (climbing, "worst_world", "worst_world(0.1, 0.9)"),
    ):
        first = next(i for i, cell in enumerate(page.cells) if maker in cell)
        assert f"plots.mdp({name}" in page.cells[first]
    rope = [cell for cell in climbing.cells if "markov.tightrope(" in cell]
    assert "plots.mdp(markov.tightrope(" in rope[0].replace("\n    ", "")


def test_no_name_that_an_exercise_uses_is_bound_twice_on_its_page(difference, climbing):
    for page, names in (
        (difference, ["lab", "two", "start", "old", "new"]),
        (
            climbing,
            ["two", "start", "algorithm_1", "careful", "rope_walker", "looseness", "tilt", "price_of"],
        ),
    ):
        bound = {
            name: [i for i, cell in enumerate(page.cells) if name in notebooks.names_of(cell).binds]
            for name in names
        }
        assert all(len(places) == 1 for places in bound.values()), bound


def test_both_pages_end_with_what_may_be_skipped_the_summary_before_it(difference, climbing):
    for page in (difference, climbing):
        headings = [cell.source.split("\n")[0] for cell in page.compiled if cell.source.startswith("## ")]
        further = [i for i, heading in enumerate(headings) if heading.startswith("## Further")]
        assert headings.index("## Summary") < headings.index("## Exercises") < min(further)
        assert max(further) < headings.index("## Sources")


# Their claims


@pytest.mark.parametrize("alpha", [1e-3, 0.1, 0.4])
@pytest.mark.parametrize("gamma", [0.5, 0.9, 0.99])
def test_the_worst_world_reaches_the_sharper_form_by_a_sum_over_time(alpha, gamma, climbing):
    """|η − L| = Σ γᵗ 4α (1 − (1 − α)ᵗ) with ε = 1, summed without the package's linear equations."""
    world, old, new = climbing.names["worst_world"](alpha, gamma)
    t = np.arange(6000)
    by_time = np.sum(gamma**t * 4 * alpha * (1 - (1 - alpha) ** t))
    error = markov.surrogate(world, new, old) - markov.expected_return(world, new)
    assert np.abs(markov.advantages(world, old)).max() == pytest.approx(1)
    assert error == pytest.approx(by_time, rel=1e-9)
    sharper = 4 * gamma * alpha**2 / ((1 - gamma) * (1 - gamma * (1 - alpha)))
    assert error == pytest.approx(sharper, rel=1e-9)


@pytest.mark.parametrize(
    "seeds", [range(1000, 1050), range(2000, 2050), range(3000, 3050)], ids=["1", "2", "3"]
)
def test_the_bound_on_the_mean_holds_and_a_trpo_step_loses_no_more_than_it_says(seeds, climbing):
    for seed in seeds:
        mdp = markov.MDP.random(5, 3, seed, gamma=0.9, branching=2)
        old, new = (markov.random_policy(mdp, seed + i) for i in (1, 2))
        assert climbing.names["looseness"](mdp, old, new)[3] >= 1
        mean_kl = markov.visitation(mdp, old) @ markov.kl(old, new)
        largest = np.abs(markov.expected_advantage(mdp, new, old)).max()
        change = markov.expected_return(mdp, new) - markov.surrogate(mdp, new, old)
        assert change >= -np.sqrt(2 * mean_kl) * 0.9 * largest / 0.1**2


def test_a_term_of_lemma_1_can_be_positive_where_old_is_the_improved_one(difference):
    """Three states: Ā(0) = 9 − 1 by hand; and yet old is better from every start."""
    found = difference.run(difference.cells[holding(difference.cells, "three = np.zeros")])
    assert found["backwards"][0] == pytest.approx(8)
    rarity = difference.run(difference.cells[holding(difference.cells, "mixed_signs = 0")])
    assert 20 < rarity["mixed_signs"] < 60


def test_the_error_on_the_rope_is_a_quarter_of_the_sharper_form_at_every_discount(climbing):
    assert climbing.names["careful"][:, 0] == pytest.approx(4, rel=1e-6)
    assert climbing.names["careful"][climbing.names["gammas"].index(0.99), 1] == pytest.approx(
        4.396, abs=1e-3
    )


@pytest.mark.parametrize("alpha", [1e-5, 1e-4])
@pytest.mark.parametrize("gamma", [0.9, 0.99, 0.999])
def test_on_the_rope_the_error_grows_like_alpha_squared_and_the_horizon_squared(alpha, gamma, climbing):
    """|η − L| (1 − γ)²/(ε γ α²) → 1, where the theorem allows 4: by a sum over the moment of the fall."""
    mdp, old, new = (
        markov.tightrope(10, gamma),
        climbing.names["rope_walker"](0),
        climbing.names["rope_walker"](alpha),
    )
    t = np.arange(60_000)
    cost = 1 / (1 - gamma)
    eta = -np.sum(alpha * (1 - alpha) ** t * gamma**t) * cost
    error = abs(eta + alpha * cost / (1 - gamma))
    assert abs(markov.expected_return(mdp, new) - markov.surrogate(mdp, new, old)) == pytest.approx(
        error, rel=1e-4
    )
    assert error * (1 - gamma) ** 2 / (cost * gamma * alpha**2) == pytest.approx(
        1, abs=alpha / (1 - gamma) * 1.1
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_teaching_version_of_algorithm_1_agrees_with_the_package(climbing, seed):
    mdp = markov.MDP.random(4, 3, 100 + seed, gamma=0.7, branching=2)
    pi = markov.random_policy(mdp, seed)
    (ours, kappa), (theirs, radius) = (
        climbing.names["algorithm_1"](mdp, pi),
        markov.minorise_maximise_step(mdp, pi),
    )
    assert kappa == pytest.approx(radius, rel=1e-5)
    assert ours == pytest.approx(theirs, abs=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_trpos_step_has_a_mean_kl_of_delta_and_no_policy_within_it_does_better(climbing, seed):
    """The limit is on the mean, not on each state; rivals are drawn and scaled back to the same mean KL."""
    mdp = markov.MDP.random(4, 3, 200 + seed, gamma=0.9, branching=2)
    pi = markov.random_policy(mdp, seed)
    d, after = markov.visitation(mdp, pi), climbing.names["trpo_step"](mdp, pi)
    assert d @ markov.kl(pi, after) == pytest.approx(0.01, rel=1e-6)
    assert markov.max_kl(pi, after) > 0.0101
    rng = np.random.default_rng(seed)
    rivals = rng.dirichlet(np.ones(3), size=(3000, 4))
    near = (1 - (size := rng.uniform(0, 1, size=(3000, 1, 1)))) * pi + size * rivals
    within = markov.kl(pi, near) @ d <= 0.01
    assert within.sum() > 100
    assert markov.surrogate(mdp, near[within], pi).max() <= markov.surrogate(mdp, after, pi)


def test_with_one_shared_row_trpos_limit_loses_in_some_rounds_and_algorithm_1_in_none(climbing):
    losing = {
        name: int(np.sum(np.diff(path) < -1e-9)) for name, path in climbing.names["shared_paths"].items()
    }
    assert losing["Algorithm 1"] == 0
    assert all(count >= 15 for name, count in losing.items() if name != "Algorithm 1")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_coupled_walks_keep_their_margins_and_part_as_often_as_the_total_variation_says(difference, seed):
    """Each walker alone is a walk of its own policy, and one that has not parted is the other."""
    mdp, n = markov.chain(5, gamma=0.95, slip=0.2), 4000
    old, new = np.tile([0.8, 0.2], (5, 1)), np.tile([0.9, 0.1], (5, 1))
    states, parted = difference.names["walk_together"](mdp, old, new, 20, n, np.random.default_rng(seed))
    for walker, policy in zip(states, (old, new), strict=True):
        shares = np.stack([(walker == s).mean(axis=1) for s in range(5)], axis=1)
        assert np.abs(shares - markov.state_distributions(mdp, policy, 21)).max() < 5 * 0.5 / np.sqrt(n)
    assert np.all((states[0] == states[1]) | parted)
    assert np.abs(parted.mean(axis=1) - (1 - 0.9 ** np.arange(21))).max() < 5 * 0.5 / np.sqrt(n)


def test_on_the_random_mdps_the_penalty_grows_in_proportion_to_the_horizon_from_0_8_on(climbing):
    gammas, typical = np.array(climbing.names["gammas"]), climbing.names["typical"]
    per_unit = np.median(typical[:, :, 1], axis=1) * (1 - gammas)
    assert per_unit[1:].max() < 1.2 * per_unit[1:].min()
    assert per_unit[0] > 1.2 * per_unit[1:].max(), "at 0.5 the walks have no time to meet"


def test_what_one_finds_in_the_lab_of_08(difference):
    lab = difference.names["lab"].reset()
    gaps = [lab.set(m=m).numbers["L(here)"] - lab.numbers["η(here)"] for m in (0.01, 0.02, 0.2, 1.0)]
    assert gaps[1] / gaps[0] == pytest.approx(4, rel=0.02)
    assert gaps[2:] == pytest.approx([0.001, 0.03], rel=0.1)
    for gamma in (0.2, 0.9):
        for m in (0.01, 0.2):
            numbers = lab.set(gamma=gamma, target_0=0.95, target_1=0.95, m=m).numbers
            assert max(numbers["L(here)"], numbers["η(here)"]) < numbers["η(old)"]
    lab.reset()


# The exercises, literally


def test_exercise_1_of_08_the_lab_shows_a_target_for_which_the_surrogate_rises_and_the_return_falls(
    difference,
):
    text = difference.exercise(1)
    assert "$\\gamma$ to 0.9" in text and "(0.5, 0.5)" in text and "Target (0, 0.25)" in text
    lab = difference.names["lab"].reset()
    assert (lab.values["old_0"], lab.values["old_1"]) == (0.5, 0.5)
    numbers = lab.set(gamma=0.9, target_0=0.0, target_1=0.25, m=1.0).numbers
    lab.reset()
    for value in ("η(old)", "L(here)", "η(here)"):
        assert any(abs(float(x) - numbers[value]) <= 0.0051 for x in re.findall(r"\d\.\d\d\b", text)), value
    assert numbers["L(here)"] > numbers["η(old)"] > numbers["η(here)"]


def test_exercise_1_of_08b_half_the_constant_gives_about_four_times_the_kl(climbing):
    replaced, by, ask = re.findall(r"`([^`]*\(.*?)`", climbing.exercise(1))
    changed = climbing.run(climbing.edited("def algorithm_1(", replaced, by))
    assert eval(ask, changed) == pytest.approx(4, rel=0.05)
    assert eval(ask, climbing.names) == pytest.approx(1, rel=1e-5)


def test_exercise_2_of_08b_a_careless_walker_makes_the_bound_loose(climbing):
    text = climbing.exercise(2)
    replaced, by, ask = re.findall(r"`([^`]*[\(\[].*?)`", text)
    changed = climbing.run(climbing.edited("careful = ", replaced, by))
    ratios, at = eval(ask, changed), climbing.names["gammas"].index
    assert ratios[at(0.5)] == pytest.approx(4.4, abs=0.05)
    assert ratios[at(0.99)] == pytest.approx(390, rel=0.02)
    assert ratios[at(0.999)] > 18_000
    assert "4.4 times" in text and "some 390 times at 0.99" in text and "18 000 times at 0.999" in text


@pytest.mark.parametrize(
    "fixture, number, right, wrong",
    [
        ("difference", 2, "transition=same_way", "transition=two.transition"),
        ("difference", 3, "0.1 / (1", "0.2 / (1"),
        ("difference", 4, ", 2 * 0.99", ", 3 * 0.99"),
        ("climbing", 3, "(8 *", "(4 *"),
        ("climbing", 4, "2 * 0.01", "1 * 0.01"),
    ],
)
def test_the_check_in_an_answer_runs_after_the_page_and_could_fail(request, fixture, number, right, wrong):
    page = request.getfixturevalue(fixture)
    (check,) = page.checks_of(number)
    page.run(check)
    assert check.count(right) == 1
    with pytest.raises(AssertionError):
        page.run(check.replace(right, wrong))
