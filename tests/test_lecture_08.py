"""Lecture 08: its claims, its lab, and each exercise done as it is written, at the end of the page."""

import contextlib
import io
import re

import numpy as np
import pytest

from rlcourse import notebooks
from rlcourse.equations import markov

PAGE = notebooks.SOURCES / "08-performance-difference.py"


@pytest.fixture(scope="module")
def compiled():
    return notebooks.compile_source(PAGE).cells


@pytest.fixture(scope="module")
def cells():
    return notebooks.code_cells(notebooks.compile_source(PAGE))


def holding(cells, text):
    """The one cell that holds a text."""
    (index,) = [i for i, cell in enumerate(cells) if text in cell]
    return index


@pytest.fixture(scope="module")
def page(cells):
    """The page's names after the cells that its lab, its exercises and the claims tested here need."""
    texts = ("lab = explore(", "def algorithm_1(", "careful = ", "def trpo_step(", "shared_paths = {")
    needed = set().union(*(notebooks.needed_cells(cells, holding(cells, text)) for text in texts))
    with contextlib.redirect_stdout(io.StringIO()):
        return notebooks.run_cells(cells, sorted(needed))


def run(source, page):
    with contextlib.redirect_stdout(io.StringIO()):
        return notebooks.run_cells([source], [0], dict(page))


def edited(cells, text, old, new):
    """The cell that holds a text, with a piece replaced, as a reader edits it."""
    source = cells[holding(cells, text)]
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in the cell"
    return source.replace(old, new)


def exercise(compiled, number):
    """The text of an exercise with its hint and answer."""
    (cell,) = [cell for cell in compiled if cell.source.startswith("## Exercises")]
    return re.search(rf"\*\*{number}\*\* ★.*?(?=\n\*\*{number + 1}\*\* ★|\Z)", cell.source, re.DOTALL)[0]


# The page


def test_the_lab_is_the_first_code_that_section_3_shows_and_stands_above_its_formula(compiled):
    section = next(i for i, cell in enumerate(compiled) if cell.source.startswith("## 3"))
    lab = next(i for i, cell in enumerate(compiled) if "explore(" in cell.source)
    formula = next(
        i for i, cell in enumerate(compiled) if "L_{\\mathrm{old}}(\\mathrm{new}) =" in cell.source
    )
    shown = [not cell.metadata.get("jupyter", {}).get("source_hidden") for cell in compiled]
    code = next(i for i, cell in enumerate(compiled) if i > section and cell.cell_type == "code" and shown[i])
    assert section < lab < min(code, formula)


def test_every_world_is_drawn_before_it_is_computed_with(cells):
    for name, maker in (("two", "markov.two_state(gamma=0.9)"), ("chain", "markov.chain(")):
        first = next(i for i, cell in enumerate(cells) if maker in cell)
        assert f"plots.mdp({name}" in cells[first]
    rope = [i for i, cell in enumerate(cells) if "markov.tightrope(" in cell]
    assert "plots.mdp(markov.tightrope(" in cells[rope[0]].replace("\n    ", "")


def test_no_name_that_an_exercise_uses_is_bound_twice_on_the_page(cells):
    names = ["lab", "two", "start", "algorithm_1", "careful", "rope_walker", "looseness", "tilt", "price_of"]
    bound = {
        name: [i for i, cell in enumerate(cells) if name in notebooks.names_of(cell).binds] for name in names
    }
    assert all(len(places) == 1 for places in bound.values()), bound


# Its claims


def test_the_error_on_the_rope_is_a_quarter_of_the_sharper_form_at_every_discount(page):
    assert page["careful"][:, 0] == pytest.approx(4, rel=1e-6)
    assert page["careful"][page["gammas"].index(0.99), 1] == pytest.approx(4.396, abs=1e-3)


@pytest.mark.parametrize("alpha", [1e-5, 1e-4])
@pytest.mark.parametrize("gamma", [0.9, 0.99, 0.999])
def test_on_the_rope_the_error_grows_like_alpha_squared_and_the_horizon_squared(alpha, gamma, page):
    """|η − L| (1 − γ)²/(ε γ α²) → 1, where the theorem allows 4: by a sum over the moment of the fall."""
    mdp, old, new = markov.tightrope(10, gamma), page["rope_walker"](0), page["rope_walker"](alpha)
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
def test_the_teaching_version_of_algorithm_1_agrees_with_the_package(page, seed):
    mdp = markov.MDP.random(4, 3, 100 + seed, gamma=0.7, branching=2)
    pi = markov.random_policy(mdp, seed)
    (ours, kappa), (theirs, radius) = page["algorithm_1"](mdp, pi), markov.minorise_maximise_step(mdp, pi)
    assert kappa == pytest.approx(radius, rel=1e-5)
    assert ours == pytest.approx(theirs, abs=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_trpos_step_has_a_mean_kl_of_delta_and_no_policy_within_it_does_better(page, seed):
    """The limit is on the mean, not on each state; rivals are drawn and scaled back to the same mean KL."""
    mdp = markov.MDP.random(4, 3, 200 + seed, gamma=0.9, branching=2)
    pi = markov.random_policy(mdp, seed)
    d, after = markov.visitation(mdp, pi), page["trpo_step"](mdp, pi)
    assert d @ markov.kl(pi, after) == pytest.approx(0.01, rel=1e-6)
    assert markov.max_kl(pi, after) > 0.0101
    rng = np.random.default_rng(seed)
    rivals = rng.dirichlet(np.ones(3), size=(3000, 4))
    near = (1 - (size := rng.uniform(0, 1, size=(3000, 1, 1)))) * pi + size * rivals
    within = markov.kl(pi, near) @ d <= 0.01
    assert within.sum() > 100
    assert markov.surrogate(mdp, near[within], pi).max() <= markov.surrogate(mdp, after, pi)


def test_with_one_shared_row_trpos_limit_loses_in_some_rounds_and_algorithm_1_in_none(page):
    losing = {name: int(np.sum(np.diff(path) < -1e-9)) for name, path in page["shared_paths"].items()}
    assert losing["Algorithm 1"] == 0
    assert all(count >= 15 for name, count in losing.items() if name != "Algorithm 1")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_coupled_walks_keep_their_margins_and_part_as_often_as_the_total_variation_says(page, cells, seed):
    """Each walker alone is a walk of its own policy, and one that has not parted is the other."""
    found = page if "walk_together" in page else run(cells[holding(cells, "def walk_together(")], page)
    mdp, n = markov.chain(5, gamma=0.95, slip=0.2), 4000
    old, new = np.tile([0.8, 0.2], (5, 1)), np.tile([0.9, 0.1], (5, 1))
    states, parted = found["walk_together"](mdp, old, new, 20, n, np.random.default_rng(seed))
    for walker, policy in zip(states, (old, new), strict=True):
        shares = np.stack([(walker == s).mean(axis=1) for s in range(5)], axis=1)
        assert np.abs(shares - markov.state_distributions(mdp, policy, 21)).max() < 5 * 0.5 / np.sqrt(n)
    assert np.all((states[0] == states[1]) | parted)
    assert np.abs(parted.mean(axis=1) - (1 - 0.9 ** np.arange(21))).max() < 5 * 0.5 / np.sqrt(n)


# The exercises, literally


def test_exercise_1_the_lab_shows_a_target_for_which_the_surrogate_rises_and_the_return_falls(page, compiled):
    text = exercise(compiled, 1)
    assert "$\\gamma$ to 0.9" in text and "(0.5, 0.5)" in text and "Target (0, 0.25)" in text
    lab = page["lab"].reset()
    assert (lab.values["old_0"], lab.values["old_1"]) == (0.5, 0.5)
    numbers = lab.set(gamma=0.9, target_0=0.0, target_1=0.25, m=1.0).numbers
    lab.reset()
    for value in ("η(old)", "L(here)", "η(here)"):
        assert any(abs(float(x) - numbers[value]) <= 0.0051 for x in re.findall(r"\d\.\d\d\b", text)), value
    assert numbers["L(here)"] > numbers["η(old)"] > numbers["η(here)"]


def test_exercise_2_half_the_constant_gives_about_four_times_the_kl(page, cells, compiled):
    replaced, by, ask = re.findall(r"`([^`]*\(.*?)`", exercise(compiled, 2))
    changed = run(edited(cells, "def algorithm_1(", replaced, by), page)
    assert eval(ask, changed) == pytest.approx(4, rel=0.05)
    assert eval(ask, page) == pytest.approx(1, rel=1e-5)


def test_exercise_3_a_careless_walker_makes_the_bound_loose(page, cells, compiled):
    text = exercise(compiled, 3)
    replaced, by, ask = re.findall(r"`([^`]*[\(\[].*?)`", text)
    ratios = eval(ask, run(edited(cells, "careful = ", replaced, by), page))
    at = page["gammas"].index
    assert ratios[at(0.5)] == pytest.approx(4.4, abs=0.05)
    assert ratios[at(0.99)] == pytest.approx(390, rel=0.02)
    assert ratios[at(0.999)] > 18_000
    assert "4.4 at" in text and "some 390 at 0.99" in text and "18 000 at 0.999" in text


@pytest.mark.parametrize("number", [4, 5])
def test_exercises_4_and_5_the_check_in_the_answer_runs_after_the_page_and_holds(page, compiled, number):
    (check,) = re.findall(r"```python\n(.*?)```", exercise(compiled, number), re.DOTALL)
    run(check, page)
    wrong = re.sub(r"\(8 \*|, 2 \* 0\.99", lambda piece: piece[0].replace("8", "4").replace("2", "3"), check)
    assert wrong != check
    with pytest.raises(AssertionError):
        run(wrong, page)
