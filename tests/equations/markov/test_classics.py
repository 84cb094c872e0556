"""The named processes: their closed forms, and every number that their docstrings claim."""

import inspect
import re

import numpy as np
import pytest

from rlcourse.equations import markov


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


# ------------------------------------------------------------------------------ what their docstrings claim

STAY, MOVE = 0, 1
NORTH, EAST, SOUTH, WEST = range(4)


def returns(mdp, state, action):
    """Q(s, a) of taking the action once, and then the same action for ever."""
    policy = np.eye(mdp.actions)[np.full(mdp.states, action)]
    return markov.q_values(mdp, policy)[state, action]


def goes(mdp, state, action):
    """The one state that the action leads to."""
    (target,) = np.flatnonzero(mdp.transition[state, action])
    assert mdp.transition[state, action, target] == 1
    return target


def walk(mdp, actions):
    """Where a deterministic process is after the actions, and the rewards on the way."""
    state, rewards = int(mdp.start.argmax()), []
    for action in actions:
        rewards.append(mdp.reward[state, action])
        state = goes(mdp, state, action)
    return state, rewards


def look_alike(mdp, one, other):
    """An agent sees a wall where a step goes nowhere: the same walls."""
    walls = [[goes(mdp, cell, action) == cell for action in range(4)] for cell in (one, other)]
    return walls[0] == walls[1]


def leads(m, start, end):
    return (m.transition[start, :, end] == 1).all()


CLAIMS = {  # each phrase of a docstring that holds a number, and what the process must be for it to be true
    "two_state": {
        "Two states, actions stay and move": lambda m: m.transition.shape == (2, 2, 2),
        "each of which works with probability 0.9": lambda m: all(
            m.transition[s, a, s if a == STAY else 1 - s] == 0.9 for s in (0, 1) for a in (STAY, MOVE)
        ),
        "starts in state 0": lambda m: m.start[0] == 1,
        "r(0, stay) = 0": lambda m: m.reward[0, STAY] == 0,
        "r(0, move) = −0.2": lambda m: m.reward[0, MOVE] == -0.2,
        "r(1, stay) = 1": lambda m: m.reward[1, STAY] == 1,
        "r(1, move) = 0.3": lambda m: m.reward[1, MOVE] == 0.3,
        "Every policy is a point (π(move|0), π(move|1)) of the unit square": lambda m: m.states == 2,
    },
    "jump_grid": {
        "5 × 5 cells": lambda m: m.states == 25,
        "A pays 10, B 5": lambda m: (m.reward[1] == 10).all() and (m.reward[3] == 5).all(),
        "State 5·row + column, row 0 on top": lambda m: (
            m.transition[12, 0, 7] == m.transition[12, 1, 13] == 1
        ),
        "from A = 1 to 21 and from B = 3 to 13": lambda m: leads(m, 1, 21) and leads(m, 3, 13),
        "a step off the grid costs 1 and goes nowhere": lambda m: (
            m.transition[0, 0, 0] == 1 and m.reward[0, 0] == -1
        ),
        "state 20": lambda m: m.start[20] == 1,
    },
    "tightrope_with_ladder": {
        "A rope (state 0) and the ground (1): action 0 is right, 1 wrong": lambda m: (
            m.transition[0, 0, 0] == m.transition[0, 1, 1] == 1
        ),
        "arrives with probability 1/(price − 1)": lambda m: (
            markov.tightrope_with_ladder(5.0).transition[1, 0, 0] == 0.25
        ),
        "`price` = u ≥ 2 steps": lambda m: markov.tightrope_with_ladder(2.0).transition[1, 0, 0] == 1,
        "Reward −1 for a lost step": lambda m: m.reward[0, 1] == -1 and (m.reward[1] == -1).all(),
    },
    "two_action": {
        "One live state": lambda m: m.states == 2 and not m.reward[1].any() and m.start[0] == 1,
        "action 0 (probability θ) pays 1 and goes on": lambda m: m.reward[0, 0] == 1 and goes(m, 0, 0) == 0,
        "action 1 ends": lambda m: m.reward[0, 1] == 0
        and goes(m, 0, 1) == goes(m, 1, 0) == goes(m, 1, 1) == 1,
        "η = θ/(1 − γθ)": lambda m: np.isclose(
            markov.expected_return(m, np.array([[0.3, 0.7], [0.5, 0.5]])), 0.3 / (1 - m.gamma * 0.3)
        ),
    },
    "stay_or_leave": {
        "Two states without chance": lambda m: m.states == 2 and set(m.transition.ravel()) == {0, 1},
        "staying pays 1 in state 0 and 2 in state 1": lambda m: list(m.reward[:, STAY]) == [1, 2],
        "leaving for the other nothing": lambda m: not m.reward[:, MOVE].any() and goes(m, 0, MOVE) == 1,
        "Actions stay (0) and leave (1)": lambda m: [goes(m, s, a) for s in (0, 1) for a in (0, 1)]
        == [0, 1, 1, 0],
        "starts in state 0 with probability 0.8": lambda m: np.allclose(m.start, [0.8, 0.2]),
        "A policy that stays in 0 and leaves 1 earns nearly 1 a step": lambda m: 0.99
        < (1 - m.gamma) * markov.expected_return(m, np.array([[1.0, 0.0], [0.0, 1.0]]))
        < 1,
        "though 2 is near": lambda m: m.reward.max() == 2,
    },
    "chain": {
        "action 0 forward (10 at the last state)": lambda m: np.allclose(
            markov.chain(slip=0.0).reward[:, 0], [0, 0, 0, 0, 10]
        ) and [goes(markov.chain(slip=0.0), s, 0) for s in range(4)] == [1, 2, 3, 4],
        "action 1 back to the first (2)": lambda m: np.allclose(markov.chain(slip=0.0).reward[:, 1], 2)
        and {goes(markov.chain(slip=0.0), s, 1) for s in range(5)} == {0},
        "With probability `slip` the other action happens, with its reward": lambda m: all(
            np.allclose(
                getattr(markov.chain(slip=0.3), part),
                0.7 * getattr(markov.chain(slip=0), part)
                + 0.3 * getattr(markov.chain(slip=0), part)[:, ::-1],
            )
            for part in ("transition", "reward")
        ),
        "forward at the last state stays there": lambda m: goes(markov.chain(slip=0.0), 4, 0) == 4,
        "Starts in the first state": lambda m: m.start[0] == 1,
    },
    "tightrope": {
        "A rope of `length` states": lambda m: m.states == 10 + 1 and markov.tightrope(3).states == 3 + 1,
        "action 0 steps on": lambda m: [goes(m, s, 0) for s in range(9)] == list(range(1, 10)),
        "action 1 falls into state `length`": lambda m: {goes(m, s, 1) for s in range(11)} == {10},
        "1 lost a step": lambda m: np.all(m.reward[:10] == [0, -1]) and np.all(m.reward[10] == -1),
        "one mistake costs 1/(1 − γ) from then on": lambda m: np.isclose(
            returns(m, 4, 1), -1 / (1 - m.gamma)
        ),
        "none costs nothing": lambda m: returns(m, 4, 0) == 0,
        "the far end leads back to state 0, the start": lambda m: goes(m, 9, 0) == 0 and m.start[0] == 1,
    },
    "noisy_arms": {
        "in A (state 0, the start) go right, for nothing": lambda m: m.start[0] == 1
        and all(goes(m, 0, a) == 2 and m.reward[0, a] == 0 for a in range(1, 10)),
        "or left to B (state 1)": lambda m: goes(m, 0, 0) == 1 and m.reward[0, 0] == 0,
        "ends the episode and pays `mean`": lambda m: all(goes(m, 1, a) == 2 for a in range(10))
        and (m.reward[1] == -0.1).all(),
        "State 2 is the end": lambda m: goes(m, 2, 0) == 2 and not m.reward[2].any(),
        "In A action 0 goes left": lambda m: goes(m, 0, 0) == 1,
        "Q*(A, left) = γ · mean": lambda m: abs(markov.optimal_q_values(m)[0, 0] + 0.099) < 1e-9,
    },
    "cliff": {
        "4 × 12 cells": lambda m: m.states == 4 * 12,
        "−1 a step": lambda m: walk(m, [NORTH, EAST, EAST, NORTH]) == (12 + 2, [-1] * 4),
        "−100 and back to start if off": lambda m: walk(m, [EAST]) == (36, [-100])
        and all(goes(m, 24 + c, SOUTH) == 36 and m.reward[24 + c, SOUTH] == -100 for c in range(1, 11)),
        "State 12·row + column": lambda m: goes(m, 12 * 1 + 5, SOUTH) == 12 * 2 + 5
        and goes(m, 12 * 1 + 5, EAST) == 12 * 1 + 6 and goes(m, 12 * 1 + 5, WEST) == 12 * 1 + 4,
        "start 36": lambda m: m.start[36] == 1,
        "goal 47 (absorbing, reward 0)": lambda m: {goes(m, 47, a) for a in range(4)} == {47}
        and not m.reward[47].any() and walk(m, [NORTH] + [EAST] * 11 + [SOUTH])[0] == 47,
        "at the edge of the grid a step goes nowhere": lambda m: goes(m, 0, NORTH) == goes(m, 0, WEST) == 0
        and goes(m, 11, EAST) == 11 and goes(m, 36, SOUTH) == 36,
    },
    "aliased_grid_world": {
        "A corridor of five cells": lambda m: [goes(m, s, EAST) for s in range(5)] == [1, 2, 3, 4, 4]
        and [goes(m, s, WEST) for s in range(5)] == [0, 0, 1, 2, 3],
        "below cell 2 a treasure (+1)": lambda m: m.reward[2, SOUTH] == 1 and goes(m, 2, SOUTH) == 5,
        "below cells 0 and 4 a trap (−1)": lambda m: all(
            m.reward[s, SOUTH] == -1 and goes(m, s, SOUTH) == 5 for s in (0, 4)
        ),
        "States 0–4 the corridor, 5 the end, where nothing more is paid": lambda m: m.states == 6
        and np.abs(m.reward).sum() == 3 and {goes(m, 5, a) for a in range(4)} == {5},
        "starts in each cell with probability 0.2": lambda m: np.array_equal(m.start, [0.2] * 5 + [0]),
        "Cells 1 and 3 look alike": lambda m: look_alike(m, 1, 3)
        and not any(look_alike(m, s, t) for s, t in ((0, 1), (0, 2), (0, 4), (1, 2), (1, 4), (2, 4))),
    },
    "corridor": {
        "rooms in a row": lambda m: markov.corridor(3).states == 3 + 1,
        "out on the right pays 1, on the left nothing": lambda m: goes(m, 4, 1) == goes(m, 0, 0) == 5
        and m.reward[4, 1] == 1 == m.reward.sum(),
        "States 0 … rooms − 1, then the street": lambda m: m.states == 5 + 1,
        "where nothing more is paid": lambda m: {goes(m, 5, a) for a in (0, 1)} == {5}
        and not m.reward[5].any(),
        "actions left (0) and right (1)": lambda m: all(
            goes(markov.corridor(slip=0.0), s, 0) == s - 1 and goes(markov.corridor(slip=0.0), s, 1) == s + 1
            for s in range(1, 5)
        ),
        "starts in the middle": lambda m: m.start[2] == 1,
        "In the inner rooms a step slides the other way with probability `slip`": lambda m: all(
            m.transition[s, a, s + step] == 0.1 for s in (1, 2, 3) for a, step in ((0, 1), (1, -1))
        )
        and goes(m, 0, 1) == 1 and goes(m, 4, 0) == 3,
    },
}  # fmt: skip
# Numbers that are not the process's:
SOURCES = (
    "Sutton & Barto 2018, example 3.5",
    "Kakade 2001",
    "Strens (2000)",
    "example 6.6",
    "example 6.7",
    "(Sutton & Barto 2018, example 6.2, has",
)


@pytest.mark.parametrize("name", CLAIMS)
def test_the_docstring_of_a_classic_claims_what_is_true_and_no_number_beside(name):
    classic = getattr(markov, name)
    text = " ".join(inspect.getdoc(classic).split())
    for phrase, holds in CLAIMS[name].items():
        assert phrase in text, f"{name} no longer says: {phrase}"
        assert holds(classic()), f"{name} says what is not so: {phrase}"
    for phrase in (*CLAIMS[name], *SOURCES):
        text = text.replace(phrase, "")
    assert not re.search(r"\d", text), f"a number of {name} that no claim covers: {text}"


def test_every_classic_has_its_claims_tested():
    from rlcourse.equations.markov import classics

    defined = {
        name
        for name, value in vars(classics).items()
        if getattr(value, "__module__", "") == classics.__name__
    }
    assert defined == set(CLAIMS)


def test_a_smaller_cliff_has_its_corners_below_and_the_cliff_between_them():
    mdp = markov.cliff(rows=3, columns=4)
    assert mdp.states == 12 and mdp.start.argmax() == 8
    falls = np.argwhere(mdp.reward == -100)
    assert {(8, EAST), (5, SOUTH), (6, SOUTH)} <= {tuple(map(int, pair)) for pair in falls}
    assert all(goes(mdp, s, a) == 8 and s < 11 for s, a in falls) and walk(mdp, [NORTH, EAST])[0] == 5
    assert not mdp.reward[11].any() and {goes(mdp, 11, a) for a in range(4)} == {11}
