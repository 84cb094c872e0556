"""(s_t, a_t, s_T) for t = 0 … T − 1: each step of a trajectory, with the state where it ended as its goal.

states [T + 1, D], actions [T]; the answer is the triple of states [T, D], actions [T] and goals [T, D].
Andrychowicz et al. 2017 (strategy `final`).
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake, Trace
from rlcourse.grading.rules import traces


def relabel(states, actions):
    return states[:-1], actions, np.tile(states[-1], (len(actions), 1))


def draw(rng):
    return [
        {"states": rng.normal(0, 1, (steps + 1, n)).cumsum(0), "actions": rng.integers(4, size=steps)}
        for steps, n in ((5, 2), (7, 3), (3, 1), (1, 2), (6, 4))
    ]


def triple(states, actions, goals):
    return {"states": states, "actions": actions, "goals": goals}


def goals(make, rows=lambda s: s[:-1], taken=lambda a: a):
    """Another goal for each step, other states, other actions."""
    return lambda states, actions: triple(rows(states), taken(actions), make(states, len(actions)))


def end(s, T):
    return np.tile(s[-1], (T, 1))


MISTAKES = (
    Mistake("next_state", "The goal of a step is the state that follows it. Here it is the last one, s_T.",
        goals(lambda s, T: s[1:])),
    Mistake("last_but_one", "The goal is the last state in which an action was taken. The trajectory ends in "
        "s_T, one step later.", goals(lambda s, T: np.tile(s[-2], (T, 1)))),
    Mistake("first_state", "The goal is where the trajectory began. It is where it ended: s_T.",
        goals(lambda s, T: np.tile(s[0], (T, 1)))),
    Mistake("own_state", "Each state is its own goal. The goal is where the trajectory ended: s_T.",
        goals(lambda s, T: s[:-1])),
    Mistake("difference", "The goal is given relative to the state. s_T itself is asked.",
        goals(lambda s, T: end(s, T) - s[:-1]), goals(lambda s, T: s[:-1] - end(s, T)),
        goals(lambda s, T: end(s, T) - s[0])),
    Mistake("mean_state", "The goal is a mean of the states. It is the last of them, s_T.",
        goals(lambda s, T: np.tile(s.mean(0), (T, 1))), goals(lambda s, T: np.tile(s[:-1].mean(0), (T, 1)))),
    Mistake("one_goal", "The goal stands there once. Each row has it: [T, D].", goals(lambda s, T: s[-1]),
        goals(lambda s, T: s[-1:])),
    Mistake("one_goal", "Only the last row has a goal. Each row has it.",
        goals(lambda s, T: np.arange(T)[:, None] // max(T - 1, 1) * s[-1])),
    Mistake("states_shifted", "The states are those after the actions. a_t was taken in s_t.",
        goals(end, rows=lambda s: s[1:])),
    Mistake("last_state_kept", "There is one state too many: no action was taken in s_T.",
        goals(end, rows=lambda s: s), goals(lambda s, T: end(s, T + 1), rows=lambda s: s)),
    Mistake("last_step_missing", "The last step is left out: t = 0 … T − 1.",
        lambda states, actions: triple(states[:-2], actions[:-1], end(states, len(actions) - 1)),
        lambda states, actions: triple(states[:-2], actions[:-1],
            np.tile(states[-2], (len(actions) - 1, 1)))),
    Mistake("first_step_missing", "The first step is left out: t = 0 … T − 1.",
        lambda states, actions: triple(states[1:-1], actions[1:], end(states, len(actions) - 1))),
    Mistake("actions_shifted", "The actions are one row off: a_t belongs to s_t.",
        goals(end, taken=lambda a: np.roll(a, -1)), goals(end, taken=lambda a: np.roll(a, 1))),
    Mistake("reversed", "The rows run backwards in time.", goals(end, rows=lambda s: s[:-1][::-1]),
        goals(end, rows=lambda s: s[:-1][::-1], taken=lambda a: a[::-1])),
    Mistake("parts_swapped", "The parts have changed places: states, actions, goals.",
        lambda states, actions: triple(states[:-1], end(states, len(actions)), actions),
        lambda states, actions: triple(end(states, len(actions)), actions, states[:-1])),
    Mistake("joined", "State and goal stand in one row. They are asked one by one.",
        goals(end, rows=lambda s: np.concatenate([s[:-1], end(s, len(s) - 1)], axis=1))),
    Mistake("transposed", "Rows and columns have changed places: one row for each step.",
        goals(lambda s, T: end(s, T).T), goals(lambda s, T: end(s, T).T, rows=lambda s: s[:-1].T)),
    Mistake("sorted", "The farthest state is taken as the goal. It is the last one.",
        goals(lambda s, T: np.tile(s.max(0), (T, 1)))),
    Mistake("one_action", "One action stands in every row. a_t belongs to s_t.",
        goals(end, taken=lambda a: np.repeat(a[-1:], len(a))), goals(end, taken=lambda a: np.repeat(a[:1],
        len(a)))),
    Mistake("later_state", "The goal is some state on the way. Here it is the last one, s_T.",
        *(goals(lambda s, T, k=k: s[np.minimum(np.arange(T) + k, T)]) for k in (2, 3)),
        goals(lambda s, T: s[(np.arange(T) + T + 1) // 2])),
    Mistake("later_state",
        "The goal is some state on the way, or one drawn at random. Here it is the last one, s_T.",
        shows=Trace(traces.on_the_way)),
)  # fmt: skip

VIVA = (
    "Nobody wanted to go to s_T. Why is a_t a right action for that goal all the same, and when is it a "
    "poor one?",
    "The demonstrator wandered about before it arrived. What does a clone of the relabelled data learn?",
    "Which further goals could each step be given, and what would they teach?",
)

EXERCISE = Exercise(
    relabel,
    draw,
    points=2,
    minutes=10,
    stars=1,
    mistakes=MISTAKES,
    parts=("states", "actions", "goals"),
    pure=True,
    viva=VIVA,
)
