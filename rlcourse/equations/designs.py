"""Which runs show the effects of many switches at once: two-level designs, and what they leave undecided.

A design is an array [R, F] of ±1: R runs (rows), F switches (columns), +1 for on. In an orthogonal design
each switch is on in half of the runs, and in half of those in which another one is on: so one set of runs
measures all switches, and each of them with all runs.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations, product

import numpy as np


def fractional_factorial(base: str, generators: Mapping[str, str]) -> np.ndarray:
    """2^{F−p} runs: every setting of the base letters, and x_G = Π x_g for each generator G = "g…".

    base: one letter for each free switch, "ABCDE". generators: {"F": "BCDE", …}, the column of F is the
    product of those of B, C, D and E. Returns [2^len(base), F], columns in the order base, generators; the
    first run has every switch on. Raises ValueError where a generator names a letter that is not in the base.
    """
    for name, word in generators.items():
        if not set(word) <= set(base) or name in base:
            raise ValueError(
                f"generator {name} = {word}: its letters must be of the base {base}, its name not"
            )
    free = np.array(list(product((1, -1), repeat=len(base))))
    made = [free[:, [base.index(letter) for letter in word]].prod(axis=1) for word in generators.values()]
    return np.column_stack([free, *made])


def plackett_burman(switches: int) -> np.ndarray:
    """Twelve runs for at most eleven switches: a row, its eleven cyclic shifts, and a run with all off.

    Returns [12, switches], orthogonal. Main effects mix with halves and thirds of interactions: a screening.
    Raises ValueError for more than eleven. Source: Plackett & Burman 1946, N = 12.
    """
    if not 1 <= switches <= 11:
        raise ValueError(f"plackett_burman: 1 to 11 switches fit into twelve runs, got {switches}")
    first = np.array([1, 1, -1, 1, 1, 1, -1, -1, -1, 1, -1])
    shifted = [np.roll(first, shift) for shift in range(11)]
    return np.vstack([*shifted, -np.ones(11, int)])[:, :switches]


def resolution(design: np.ndarray) -> int:
    """The fewest columns whose product is constant: III mixes effects with pairs, IV only pairs with pairs.

    design [R, F] of ±1 -> an integer; F + 1 where no product is constant (all settings occur).
    """
    for size in range(1, design.shape[1] + 1):
        for chosen in combinations(range(design.shape[1]), size):
            if abs(design[:, list(chosen)].prod(axis=1).sum()) == len(design):
                return size
    return design.shape[1] + 1


def main_effects(design: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Mean outcome with a switch on, minus mean outcome with it off: Σ_r x_{rf} y_r / (R/2).

    design [R, F] of ±1, balanced; outcomes [..., R] (seeds in front) -> [..., F], in their units. Raises
    ValueError where a switch is not on in just half of the runs, or the runs do not fit.
    """
    if design.sum(axis=0).any():
        raise ValueError("main_effects: each switch must be on in half of the runs")
    if np.shape(outcomes)[-1] != len(design):
        raise ValueError(f"main_effects: {len(design)} runs, but outcomes of {np.shape(outcomes)[-1]}")
    return np.asarray(outcomes) @ design / (len(design) / 2)


def interaction_effects(design: np.ndarray, outcomes: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """How much the effect of one switch depends on another, halved: the effect of the product column.

    design [R, F], outcomes [..., R] -> {(f, g): [...]}. Pairs with equal columns have the same number: the
    design does not tell which of them it is (`aliases`).
    """
    pairs = list(combinations(range(design.shape[1]), 2))
    columns = np.column_stack([design[:, f] * design[:, g] for f, g in pairs])
    effects = np.asarray(outcomes) @ columns / (len(design) / 2)
    return {pair: effects[..., at] for at, pair in enumerate(pairs)}


def aliases(design: np.ndarray, names: Sequence[str]) -> list[list[str]]:
    """Groups of pairs of switches whose product columns are equal up to sign: a group has one number."""
    groups = {}
    for f, g in combinations(range(design.shape[1]), 2):
        column = design[:, f] * design[:, g]
        groups.setdefault(tuple(column * column[0]), []).append(f"{names[f]} × {names[g]}")
    return [group for group in groups.values() if len(group) > 1]
