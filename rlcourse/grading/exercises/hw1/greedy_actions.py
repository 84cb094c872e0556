"""π(s) = argmaxₐ [ r(s, a) + γ Σ P(s′|s, a) V(s′) ]: the action that looks best one step ahead.

P [S, A, S], R [S, A], V [S], gamma a number from 0; the answer is [S], whole numbers from 0 to A − 1. Any of
equally good actions is right. Sutton & Barto 2018, eq. 4.9.
"""

import numpy as np

from rlcourse.grading.exercises._processes import process
from rlcourse.grading.exercises.hw1._backups import q, turned
from rlcourse.grading.record import Exercise, Mistake


def greedy_actions(P, R, V, gamma):
    return q(P, R, V, gamma).argmax(1)


SIZES = ((14, 4), (15, 3), (12, 5), (13, 4), (6, 4), (5, 3))


def draw(rng):
    """Rewards and futures of one size: each decides in some states; and two actions that are equal."""
    cases = []
    for (n, m), gamma in zip(SIZES, (0.5, 0.8, 0.6, 0.9, 0.0, 0.7), strict=True):
        P = process(rng, n, m, gamma)["P"]
        V = rng.normal(0, 3, n)
        case = {"P": P, "R": rng.normal(0, max(gamma, 0.5) * (P @ V).std(), (n, m)), "V": V, "gamma": gamma}
        cases.append(case)
    for name in ("P", "R"):
        cases[-1][name][:, 2] = cases[-1][name][:, 0]  # actions 0 and 2 are the same
    return cases


def choices(P, R, V, gamma):
    """[S, A]: the actions that are as good as any, in every state."""
    ahead = q(P, R, V, gamma)
    return ahead >= ahead.max(1, keepdims=True) - 1e-5 * np.abs(ahead).max()


def of(wrong):
    """Something else, made of R, P, V, γ and the look-ahead."""
    return lambda P, R, V, gamma: wrong(R, P, V, gamma, q(P, R, V, gamma))


def best(values):
    """Of a look-ahead of one's own: the first of the best."""
    return of(lambda R, P, V, g, Q: values(R, P, V, g).argmax(1))


MISTAKES = (
    Mistake("values", "The best values come back. The actions that have them are asked: argmax.",
        of(lambda R, P, V, g, Q: Q.max(1))),
    Mistake("worst", "The worst action is chosen: argmax, not argmin.", of(lambda R, P, V, g, Q: Q.argmin(1)),
        of(lambda R, P, V, g, Q: (-Q).argmax(1))),
    Mistake("reward_alone", "Only the reward decides. What follows counts, too: + γ Σ P(s′|s, a) V(s′).",
        best(lambda R, P, V, g: R)),
    Mistake("future_alone", "The reward is left out: r(s, a) + γ Σ P(s′|s, a) V(s′).",
        best(lambda R, P, V, g: P @ V), best(lambda R, P, V, g: g * P @ V)),
    Mistake("discount_missing", "γ is missing: a future that counts in full outweighs the reward.",
        best(lambda R, P, V, g: R + P @ V)),
    Mistake("discount_squared", "γ is applied twice.", best(lambda R, P, V, g: R + g**2 * P @ V)),
    Mistake("reward_discounted", "The reward is discounted as well, or alone. It comes now.",
        best(lambda R, P, V, g: g * R + P @ V)),
    Mistake("reward_normalised", "The reward is multiplied by 1 − γ. Values are not normalised here.",
        best(lambda R, P, V, g: (1 - g) * R + g * P @ V)),
    Mistake("transposed", "P is used the wrong way round: P[s, a, s′] is the probability of s′.",
        best(lambda R, P, V, g: R + g * turned(P) @ V)),
    Mistake("likeliest_state", "Only the likeliest s′ counts. Average over all with P(s′|s, a).",
        best(lambda R, P, V, g: R + g * V[P.argmax(2)])),
    Mistake("best_state", "The best s′ is assumed, whatever its chance. Average with P(s′|s, a).",
        best(lambda R, P, V, g: R + g * (P * V).max(2))),
    Mistake("subtracted", "The future is subtracted.", best(lambda R, P, V, g: R - g * P @ V)),
    Mistake("absolute", "The largest value in size is chosen. Take the largest.",
        best(lambda R, P, V, g: np.abs(R + g * P @ V))),
    Mistake("one_hot", "A row of 0 and 1 for each state comes back. The numbers of the actions are asked, "
        "[S].",
        of(lambda R, P, V, g, Q: np.eye(R.shape[1])[Q.argmax(1)])),
    Mistake("counted_from_one", "Actions are counted from 0.", of(lambda R, P, V, g, Q: Q.argmax(1) + 1)),
    Mistake("over_states", "The maximum runs over the states. Each state chooses among its actions.",
        of(lambda R, P, V, g, Q: Q.argmax(0))),
    Mistake("over_everything", "One number is left. Each state has an action of its own, [S].",
        of(lambda R, P, V, g, Q: Q.argmax()), of(lambda R, P, V, g, Q: Q.mean(0).argmax())),
    Mistake("look_ahead", "The look-ahead itself comes back, [S, A]. Its best actions are asked.",
        of(lambda R, P, V, g, Q: Q)),
    Mistake("same_action", "One action is chosen in every state.",
        *(of(lambda R, P, V, g, Q, a=a: np.full(len(V), a)) for a in range(5)),
        of(lambda R, P, V, g, Q: np.full(len(V), Q.sum(0).argmax()))),
    Mistake("next_states", "States come back. Asked is the action that leads there.",
        of(lambda R, P, V, g, Q: np.take_along_axis(P.argmax(2), Q.argmax(1)[:, None], 1)[:, 0]),
        of(lambda R, P, V, g, Q: (P.max(1) * V).argmax(1))),
    Mistake("second_best", "The second best action is chosen. The last of a sorted row is the best one.",
        of(lambda R, P, V, g, Q: np.argsort(Q, axis=1)[:, -2])),
    Mistake("surest_action", "The action with the surest transition is chosen. The best one is asked.",
        of(lambda R, P, V, g, Q: P.max(2).argmax(1))),
)  # fmt: skip

VIVA = (
    "V is V^π. What do you know of the policy that your function makes of it?",
    "Add 7 to all of V. Which of the actions change?",
    "Which part of your look-ahead must an agent know to act like this, and which function saves it that?",
)

EXERCISE = Exercise(
    greedy_actions,
    draw,
    points=2,
    minutes=10,
    stars=1,
    mistakes=MISTAKES,
    choices=choices,
    pure=True,
    viva=VIVA,
)
