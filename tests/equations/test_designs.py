"""Designs against what defines them, and effects against least squares."""

from itertools import combinations, product

import numpy as np
import pytest

from rlcourse.equations import designs

NINE = designs.fractional_factorial("ABCDE", {"F": "BCDE", "G": "ACDE", "H": "ABDE", "J": "ABCE"})


@pytest.mark.parametrize("design", [NINE, designs.plackett_burman(9), designs.plackett_burman(11)])
def test_columns_are_balanced_and_orthogonal(design):
    np.testing.assert_array_equal(design.T @ design, len(design) * np.eye(design.shape[1], dtype=int))
    assert not design.sum(axis=0).any()


def test_the_fraction_of_nine_switches_in_32_runs_has_resolution_four_and_begins_with_all_on():
    assert NINE.shape == (32, 9) and (NINE[0] == 1).all()
    assert len({tuple(run) for run in NINE}) == 32
    assert designs.resolution(NINE) == 4
    for f, (g, h) in product(range(9), combinations(range(9), 2)):  # no effect is mixed with a pair
        if f not in (g, h):
            assert (NINE[:, f] * NINE[:, g] * NINE[:, h]).sum() == 0


def test_twelve_runs_mix_an_effect_with_a_third_of_each_pair_and_wholly_with_none():
    design = designs.plackett_burman(9)
    mixed = {abs((design[:, f] * design[:, g] * design[:, h]).sum()) for f, g, h in combinations(range(9), 3)}
    assert mixed == {4}  # of 12
    assert designs.resolution(designs.fractional_factorial("AB", {"C": "AB"})) == 3
    assert designs.resolution(designs.fractional_factorial("ABC", {})) == 4  # every setting: none constant


def test_main_effects_are_twice_the_coefficients_of_least_squares():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(5, 32))
    X = np.column_stack([np.ones(32), NINE])
    fitted = np.linalg.lstsq(X, y.T, rcond=None)[0]  # [10, 5]
    np.testing.assert_allclose(designs.main_effects(NINE, y), 2 * fitted[1:].T, atol=1e-12)


def test_pairs_do_not_disturb_main_effects_of_a_resolution_four_design():
    rng = np.random.default_rng(1)
    weights = {pair: rng.normal() for pair in combinations(range(9), 2)}
    y = 3 * NINE[:, 2] + sum(w * NINE[:, f] * NINE[:, g] for (f, g), w in weights.items())
    np.testing.assert_allclose(designs.main_effects(NINE, y), [0, 0, 6, 0, 0, 0, 0, 0, 0], atol=1e-12)
    effects = designs.interaction_effects(NINE, y)
    for group in designs.aliases(NINE, "ABCDEFGHJ"):
        pairs = [tuple("ABCDEFGHJ".index(letter) for letter in name.split(" × ")) for name in group]
        np.testing.assert_allclose(
            [effects[p] for p in pairs], 2 * sum(weights[p] for p in pairs), atol=1e-12
        )


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="letters must be of the base"):
        designs.fractional_factorial("AB", {"C": "AD"})
    with pytest.raises(ValueError, match="1 to 11"):
        designs.plackett_burman(12)
    with pytest.raises(ValueError, match="half of the runs"):
        designs.main_effects(np.ones((4, 1), int), np.zeros(4))
    with pytest.raises(ValueError, match="4 runs, but outcomes of 3"):
        designs.main_effects(designs.fractional_factorial("AB", {}), np.zeros(3))
