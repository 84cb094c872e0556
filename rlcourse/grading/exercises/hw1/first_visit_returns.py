"""G(s) = Σ_{k ≥ t} γ^{k−t} r_k with t the first time that s is visited: first-visit Monte Carlo, one episode.

states and rewards [T], r_t received on leaving s_t and part of the return from t; gamma a number from 0; the
answer is [num_states], NaN where the episode never comes. Sutton & Barto 2018, section 5.1.
"""

import numpy as np

from rlcourse.equations import returns
from rlcourse.grading.record import Exercise, Mistake


def first_visit_returns(states, rewards, gamma, num_states):
    G, found = to_go(rewards, gamma), np.full(num_states, np.nan)
    for t in reversed(range(len(states))):
        found[states[t]] = G[t]
    return found


def to_go(rewards, gamma):
    """G_t = r_t + γG_{t+1}."""
    return returns.discounted_returns(rewards, np.zeros(len(rewards)), gamma)


def draw(rng):
    """States come again, soon and late; one or two never come; γ = 0 once, and an episode of one step."""
    cases = []
    for n, steps, gamma in ((4, 8, 0.9), (5, 10, 0.7), (3, 6, 0.8), (6, 9, 0.5), (4, 7, 0.0), (3, 1, 0.9)):
        some = rng.permutation(n)[: max(n - 1 - (n > 5), 1)]
        states = np.concatenate([some, some[:2], rng.choice(some, steps)])[:steps]
        case = {"states": rng.permutation(states), "rewards": rng.normal(1, 1, steps)}
        cases.append(case | {"gamma": gamma, "num_states": n})
    return cases


def by_state(choose, returns_of=to_go, never=np.nan):
    """choose, (times of the visits, G) -> number, for each state that is visited."""

    def wrong(states, rewards, gamma, num_states):
        G = returns_of(rewards, gamma)
        visits = [np.flatnonzero(states == s) for s in range(num_states)]
        return np.array([choose(t, G) if len(t) else never for t in visits])

    return wrong


def first(t, G):
    return G[t[0]]


def with_returns(other):
    return by_state(first, other)


def until_the_next_visit(states, rewards, gamma, num_states):
    def choose(t, G):
        end = t[1] if len(t) > 1 else len(rewards)
        return to_go(rewards[t[0] : end], gamma)[0]

    return by_state(choose)(states, rewards, gamma, num_states)


def in_order_of_visits(found, states):
    """The returns of the states as they first come, then NaN."""
    order = list(dict.fromkeys(states.tolist()))
    return np.append(found[order], np.full(len(found) - len(order), np.nan))


def powers(rewards, gamma):
    return float(gamma) ** np.arange(len(rewards))


MISTAKES = (
    Mistake("last_visit", "The return from the last visit is kept. The first visit counts.",
        by_state(lambda t, G: G[t[-1]])),
    Mistake("every_visit", "All visits are averaged: every-visit Monte Carlo. Here only the first one "
        "counts.",
        by_state(lambda t, G: G[t].mean())),
    Mistake("sum_over_visits", "The returns from all visits are added up. Only the first one counts.",
        by_state(lambda t, G: G[t].sum())),
    Mistake("best_visit", "The largest return is kept. The first visit counts.",
        by_state(lambda t, G: G[t].max())),
    Mistake("best_visit",
        "The smallest return is kept. The first visit counts.",
        by_state(lambda t, G: G[t].min())),
    Mistake("never_visited", "A state that never comes has no return, not a return of 0: NaN.",
        by_state(first, never=0.0), by_state(first, never=-1.0), by_state(first, never=np.inf),
        by_state(first, never=-np.inf)),
    Mistake("never_visited", "A state that never comes has no return: NaN. (And not the first visit counts.)",
        *(by_state(f, never=0.0) for f in (lambda t, G: G[t[-1]], lambda t, G: G[t].mean(),
                                           lambda t, G: G[t].sum()))),
    Mistake("no_discount", "The rewards are not discounted: G_t = r_t + γ G_{t+1}.",
        with_returns(lambda r, g: to_go(r, 1.0))),
    Mistake("discounted_from_start",
        "The rewards are discounted from the start of the episode. The clock of a return starts at its own "
        "t.",
        with_returns(lambda r, g: np.cumsum((powers(r, g) * r)[::-1])[::-1])),
    Mistake("total_return", "Every state gets the return of the whole episode. Only rewards from t on count.",
        with_returns(lambda r, g: np.full(len(r), to_go(r, g)[0])),
        with_returns(lambda r, g: np.full(len(r), r.sum()))),
    Mistake("reward_only", "This is the reward on leaving the state. What follows is missing.",
        with_returns(lambda r, g: np.array(r))),
    Mistake("misses_own_reward", "The return from t leaves out r_t, which is received on leaving s_t.",
        with_returns(lambda r, g: np.append(to_go(r, g)[1:], 0.0)),
        with_returns(lambda r, g: g * np.append(to_go(r, g)[1:], 0.0))),
    Mistake("one_discount_too_many", "Even r_t is discounted: the first reward of a return counts in full.",
        with_returns(lambda r, g: g * to_go(r, g))),
    Mistake("previous_reward", "The return begins one reward too early: r_t is received on leaving s_t.",
        with_returns(lambda r, g: np.append(0.0, to_go(r, g)[:-1])),
        with_returns(lambda r, g: to_go(np.append(0.0, r[:-1]), g))),
    Mistake("forward", "The rewards before the visit are added up. A return looks ahead.",
        with_returns(lambda r, g: to_go(r[::-1], g)[::-1]), with_returns(lambda r, g: np.cumsum(r)),
        with_returns(lambda r, g: np.cumsum(powers(r, g) * r))),
    Mistake("stops_at_the_next_visit", "The return stops where the state comes again. It runs to the end.",
        until_the_next_visit),
    Mistake("last_step_missing", "The last step is left out.",
        with_returns(lambda r, g: to_go(np.append(r[:-1], 0.0), g))),
    Mistake("time_of_the_visit", "These are the times of the visits. The returns from there are asked.",
        by_state(lambda t, G: float(t[0]))),
    Mistake("normalised", "The return is multiplied by 1 − γ, or divided by its length. The plain sum is "
        "asked.",
        lambda **case: (1 - case["gamma"]) * first_visit_returns(**case),
        by_state(lambda t, G: G[t[0]] / (len(G) - t[0]))),
    Mistake("by_time", "One number a step comes back, [T]. One a state is asked, [num_states].",
        lambda states, rewards, gamma, num_states: to_go(rewards, gamma)),
    Mistake("discounted_backwards",
        "The last reward counts in full and the first one least. The clock of a return starts at its own t.",
        with_returns(lambda r, g: np.cumsum((powers(r, g)[::-1] * r)[::-1])[::-1])),
    Mistake("discount_squared",
        "γ is applied twice in each step.",
        with_returns(lambda r, g: to_go(r, g**2))),
    Mistake("state_0_forgotten", "State 0 never gets a return: is 0 taken for false?",
        lambda **case: np.where(np.arange(case["num_states"]) == 0, np.nan, first_visit_returns(**case))),
    Mistake("order_of_visits", "The returns stand in the order of the visits. Entry s is that of state s.",
        lambda **case: in_order_of_visits(first_visit_returns(**case), case["states"])),
)  # fmt: skip

VIVA = (
    "A state is visited at steps 0 and 1. Why are its two returns no two independent samples?",
    "Which loop order makes `first` come out by itself, and why?",
    "What does the mean over many episodes tend to, and how fast?",
)

EXERCISE = Exercise(
    first_visit_returns,
    draw,
    points=3,
    minutes=15,
    stars=2,
    mistakes=MISTAKES,
    nan=True,
    pure=True,
    viva=VIVA,
)
