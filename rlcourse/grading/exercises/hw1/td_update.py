"""V(s) ← V(s) + α [ r + γ (1 − terminated) V(s′) − V(s) ], all other states as they were: one step of TD(0).

V [S], state and next_state whole numbers, the others numbers; the answer is the new V [S]. Sutton & Barto
2018, eq. 6.2.
"""

import numpy as np

from rlcourse.grading.exercises.hw1 import _td
from rlcourse.grading.record import Exercise, Mistake


def td_update(V, state, reward, next_state, terminated, alpha, gamma):
    V = np.array(V, dtype=float)
    V[state] += alpha * _td.delta(reward, V[state], V[next_state], terminated, gamma)
    return V


def draw(rng):
    cases = []
    for n, end, gamma, loop in (
        (5, False, 0.9, False), (5, True, 0.8, False), (4, False, 0.7, True), (4, True, 0.95, False),
        (6, False, 0.85, False), (4, False, 0.0, False),
    ):  # fmt: skip
        V, (s, after) = rng.normal(2, 2, n), rng.choice(n, 2, replace=False)
        after = s if loop else after
        while V.argmax() in (s, after, (s + 1) % n):  # the best state is neither of the two, nor the next
            V = rng.permutation(V)
        cases.append(
            {
                "V": V,
                "state": int(s),
                "reward": rng.uniform(4, 6) * (-1) ** len(cases),  # δ of both signs
                "next_state": int(after),
                "terminated": end,
                "alpha": rng.uniform(0.2, 0.6),
                "gamma": gamma,
            }
        )
    return cases


def but(**changes):
    """The same update with something exchanged in δ."""
    return step(lambda alpha, delta: alpha * delta, **changes)


def step(size, at=lambda s, after: s, **changes):
    def wrong(V, state, reward, next_state, terminated, alpha, gamma):
        new = np.array(V, dtype=float)
        error = _td.delta(reward, V[state], V[next_state], terminated, gamma, **changes)
        new[at(state, next_state)] += size(alpha, error)
        return new

    return wrong


def set_to(value, every=False):
    """V(s) is set to something made of V(s), the target and α."""

    def wrong(V, state, reward, next_state, terminated, alpha, gamma):
        new, target = np.array(V, dtype=float), reward + gamma * (1 - terminated) * V[next_state]
        new[slice(None) if every else state] = value(new if every else V[state], target, alpha)
        return new

    return wrong


MISTAKES = (
    Mistake("bootstrap_on_terminal", _td.TERMINAL, but(bootstraps=lambda end: 1.0)),
    Mistake("no_bootstrap", _td.NEVER, but(bootstraps=lambda end: 0.0)),
    Mistake("mask_inverted", _td.INVERTED, but(bootstraps=lambda end: end)),
    Mistake("discount_missing", _td.DISCOUNT, but(discount=lambda g: 1.0)),
    Mistake("discount_squared", _td.DOUBLED, but(discount=lambda g: g**2),
        lambda **case: but(own=case["gamma"])(**case)),
    Mistake("own_value_missing", _td.OWN, but(own=0.0)),
    Mistake("own_value_added", _td.ADDED, but(own=-1.0)),
    Mistake("sign", _td.SIGN, step(lambda alpha, delta: -alpha * delta)),
    Mistake("step_size_missing", _td.RATE + " V(s) jumps to the target.", step(lambda alpha, delta: delta)),
    Mistake("reward_masked", _td.REWARD,
        but(reward_kept=lambda end: 1.0 - end)),
    Mistake("terminal_unmoved", _td.UNMOVED,
        but(reward_kept=lambda end: 1.0 - end, own_kept=lambda end: 1.0 - end)),
    Mistake("own_value_masked", "At a terminal step V(s) is not subtracted. Only V(s′) is masked.",
        but(own_kept=lambda end: 1.0 - end)),
    Mistake("next_state_moved", "V(s′) is moved. The step teaches about s, the state that was left.",
        step(lambda alpha, delta: alpha * delta, at=lambda s, after: after)),
    Mistake("all_states_moved", "All states are moved. Only V(s) changes.",
        lambda V, **case: V + of_delta(lambda alpha, delta: alpha * delta)(V=V, **case)),
    Mistake("target_added", "V(s) is replaced by α times something: keep 1 − α of the old value.",
        set_to(lambda v, y, a: a * y), set_to(lambda v, y, a: a * (y - v))),
    Mistake("weights_swapped", "α and 1 − α have changed places: the target has the weight α.",
        set_to(lambda v, y, a: a * v + (1 - a) * y)),
    Mistake("error_alone", "The error δ comes back, or the step. The new V is asked, [S].",
        lambda **case: of_delta(lambda alpha, delta: delta)(**case),
        lambda **case: of_delta(lambda alpha, delta: alpha * delta)(**case)),
    Mistake("one_value", "V(s) alone comes back. All of V is asked, [S].",
        lambda **case: td_update(**case)[case["state"]]),
    Mistake("change_alone", "The change comes back. The new V is asked.",
        lambda **case: td_update(**case) - case["V"]),
    Mistake("unchanged", "V comes back as it was.", lambda V, **case: V),
    Mistake("terminal_value_erased", "V(s′) is set to 0 where the step is terminal. Leave it; mask it in δ.",
        lambda **case: erased(**case)),
    Mistake("best_state", "The largest value is used as what follows. The step led to next_state.",
        lambda V, state, reward, next_state, terminated, alpha, gamma: np.where(
            np.arange(len(V)) == state,
            V + alpha * (reward + gamma * (1 - terminated) * V.max() - V), V)),
    Mistake("discounted_error", _td.SCALED,
        lambda **case: step(lambda alpha, delta: case["gamma"] * alpha * delta)(**case),
        step(lambda alpha, delta: 2 * alpha * delta), step(lambda alpha, delta: alpha * delta / 2),
        step(lambda alpha, delta: alpha * abs(delta)), step(lambda alpha, delta: alpha * delta**2)),
    Mistake("reward_missing", "The reward is missing: δ = r + γ(1 − terminated)V(s′) − V(s).",
        lambda reward, **case: td_update(reward=0.0, **case)),
    Mistake("reward_discounted", "The reward is discounted, too. It comes now: r + γ(…).",
        lambda reward, **case: td_update(reward=case["gamma"] * reward, **case)),
    Mistake("own_value_twice", "V(s) is subtracted twice: once in δ is enough.", but(own=2.0)),
    Mistake("moved_twice", "Two steps are made. One is asked, of V(s).",
        lambda V, **case: td_update(td_update(V, **case), **case),
        lambda V, **case: step(lambda alpha, delta: alpha * delta, at=lambda s, after: after)(
            V=td_update(V, **case), **case)),
    Mistake("states_swapped", "In δ, s and s′ have changed places.",
        lambda V, state, next_state, **case: np.where(
            np.arange(len(V)) == state,
            V + td_update(V, state=next_state, next_state=state, **case)[next_state] - V[next_state], V)),
    Mistake("states_swapped", "s and s′ have changed places.",
        lambda state, next_state, **case: td_update(state=next_state, next_state=state, **case)),
    Mistake("neighbour", "s′ is taken to be s + 1. It is the argument next_state.",
        lambda next_state, **case: td_update(
            next_state=(case["state"] + 1) % len(case["V"]), **case)),
)  # fmt: skip


def of_delta(size):
    def wrong(V, state, reward, next_state, terminated, alpha, gamma):
        return size(alpha, _td.delta(reward, V[state], V[next_state], terminated, gamma))

    return wrong


def erased(next_state, terminated, **case):
    new = td_update(next_state=next_state, terminated=terminated, **case)
    if terminated:
        new[next_state] = 0.0
    return new


VIVA = (
    "Which two numbers does the step need that Monte Carlo would not, and which does it not need?",
    "The episode was cut off by time at s′. What is `terminated`, and what does your code do?",
    "V is exactly V^π. What is the mean of δ, and what is δ?",
)

EXERCISE = Exercise(td_update, draw, points=2, minutes=10, stars=1, mistakes=MISTAKES, pure=True, viva=VIVA)
