"""D ← states of the expert; then, `rounds` times: fit a policy to D, let it act, and add its states to D with
the expert's actions. The answer is the policy fitted to all of D at the end. Ross et al. 2011, algorithm 3.1,
with β_1 = 1 and β_i = 0 after it.

expert(states) -> actions [N]; rollout(policy) -> states [T, D] that a policy visits; fit(states, actions) ->
policy, trained anew; a policy maps states [N, D] to actions [N]; rounds ≥ 0 (0 is cloning).

In the cases the world is a mass on a line, x′ = 1.1x + u + noise, the expert u = −0.8 tanh(2x) − 0.4x is no
line and `fit` fits one (with a little ridge), so that what is learnt depends on where the data lie. The
answer's line says which data it has seen. Each rollout has noise of its own.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def dagger(expert, rollout, fit, rounds):
    states = rollout(expert)
    actions = expert(states)
    policy = fit(states, actions)
    for _ in range(rounds):
        visited = rollout(policy)
        states = np.concatenate([states, visited])
        actions = np.concatenate([actions, expert(visited)])
        policy = fit(states, actions)
    return policy


def draw(rng):
    return [
        {"start": rng.uniform(1.0, 2.0), "push": rng.normal(0.15, 0.3, (rounds + 3, steps)), "rounds": rounds}
        for steps, rounds in ((12, 2), (10, 3), (14, 1), (8, 0), (11, 5))
    ]


def adaptor(function, case, plain, style):
    """A world, an expert and a least-squares fit out of a case; the line of the policy that comes back."""
    import numpy as np

    def states_of(x):
        return np.asarray(plain(x), dtype=float)

    def expert(states):
        x = states_of(states)[:, 0]
        return style(-0.8 * np.tanh(2 * x) - 0.4 * x)

    rollouts = []

    def rollout(policy):
        x, states = float(case["start"]), []
        rollouts.append(policy)
        for push in case["push"][min(len(rollouts), len(case["push"])) - 1]:
            states.append([x])
            u = float(np.ravel(plain(policy(style(np.array([[x]])))))[0])
            x = float(np.clip(1.1 * x + u + push, -5, 5))
        return style(np.array(states))

    def fit(states, actions):
        x, u = states_of(states), np.ravel(plain(actions))
        if x.ndim != 2 or x.shape[1] != 1 or len(x) != len(u):
            raise ValueError(
                f"fit got states of shape {x.shape} and actions of shape {np.shape(u)}; it "
                "takes states [N, D] and one action for each of them"
            )
        A = np.column_stack([x[:, 0], np.ones(len(x))])
        line = np.linalg.solve(A.T @ A + 0.05 * len(x) * np.eye(2), A.T @ u)

        return lambda states: style(states_of(states)[:, 0] * line[0] + line[1])

    learnt = function(expert, rollout, fit, int(case["rounds"]))
    if not callable(learnt):
        raise TypeError(
            f"dagger must return a policy, the last that fit returned, not a {type(learnt).__name__}"
        )
    return {"actions": plain(learnt(style(np.array([[-1.0], [0.0], [0.5], [2.0]]))))}  # fmt: skip


def act(line, x):
    """The expert's actions, a line's, or the mean of two (a tuple of them)."""
    if isinstance(line, tuple):
        return sum(share * act(one, x) for share, one in line)
    return -0.8 * np.tanh(2 * x) - 0.4 * x if line is None else line[0] * x + line[1]


PLACES = np.array([-1.0, 0.0, 0.5, 2.0])


def of(learn):
    """(**case) -> actions at PLACES of the line that `learn`(demonstrate, walk, fit, rounds) ends with.

    The oracle's own world: a policy is a pair (slope, offset), or None for the expert; data are x and u.
    """

    def answer(start, push, rounds):
        walks = []

        def walk(line):
            x, seen = start, []
            walks.append(line)
            for p in push[min(len(walks), len(push)) - 1]:
                seen.append(x)
                x = np.clip(1.1 * x + act(line, np.array([x]))[0] + p, -5, 5)
            return np.array(seen)

        line = learn(walk, rounds)
        return {"actions": act(line, PLACES)}

    return answer


def fitted(x, u):
    """min mean (ax + b − u)² + 0.05 (a² + b²), from its two equations by Cramer's rule."""
    ridge = 0.05 * len(x)
    xx, x1, n, xu, u1 = x @ x + ridge, x.sum(), len(x) + ridge, x @ u, u.sum()
    return np.array([n * xu - x1 * u1, xx * u1 - x1 * xu]) / (xx * n - x1**2)


def aggregated(
    rounds=lambda n: n,
    keep=lambda data, new: [*data, new],  # what D becomes
    walker=lambda lines: lines[-1],  # who acts in a round
    teacher=lambda lines: None,  # who names the actions
    returned=lambda lines: lines[-1],
    first=True,  # do the expert's own states belong to D?
    begin=None,  # who acts first
    kept=lambda x: x,  # which of the visited states are kept
    label=act,  # (teacher, states) -> actions
):
    """DAgger with something exchanged; `lines` are the policies so far."""

    def learn(walk, n):
        x = walk(begin)
        data = [(x, act(None, x))]
        lines = [fitted(*data[0])]
        if not first:
            data = []
        for _ in range(rounds(n)):
            x = kept(walk(walker(lines)))
            data = keep(data, (x, label(teacher(lines), x)))
            lines.append(fitted(*map(np.concatenate, zip(*data, strict=True))))
        return returned(lines)

    return of(learn)


def mixing(share):
    """The expert takes part in acting, with this share in round i (from 0)."""
    return aggregated(
        walker=lambda lines: ((share(len(lines) - 1), None), (1 - share(len(lines) - 1), lines[-1]))
    )


def both_drive(expert_first):
    """In each round the newest policy acts, and the expert once more."""

    def learn(walk, n):
        x = [walk(None)]
        line = fitted(x[0], act(None, x[0]))
        for _ in range(n):
            x += [walk(who) for who in ((None, line) if expert_first else (line, None))]
            line = fitted(np.concatenate(x), act(None, np.concatenate(x)))
        return line

    return of(learn)


def walked_again(walk, n):
    """Two rollouts a round: one for the states, one more."""
    x = walk(None)
    line = fitted(x, act(None, x))
    for _ in range(n):
        x = np.concatenate([x, walk(line)])
        walk(line)
        line = fitted(x, act(None, x))
    return line


MISTAKES = (
    Mistake("not_aggregated", "Each round forgets the data of the rounds before. D only grows.",
        aggregated(keep=lambda data, new: [new])),
    Mistake("demonstrations_forgotten", "The expert's own states are dropped. They are the first part of D.",
        aggregated(first=False)),
    Mistake("last_two", "Only the demonstrations and the newest round are in D. Every round stays in it.",
        aggregated(keep=lambda data, new: [data[0], new]),
        aggregated(keep=lambda data, new: [data[-1], new])),
    Mistake("expert_acts",
        "The expert acts in every round, so D holds the expert's states only: more cloning. Let the newest "
        "policy act.", aggregated(walker=lambda lines: None)),
    Mistake("learner_labels",
        "The visited states get the learner's own actions: it learns what it does already. Ask the expert.",
        aggregated(teacher=lambda lines: lines[-1])),
    Mistake("first_policy_acts", "The first policy acts in every round. The newest one meets new states.",
        aggregated(walker=lambda lines: lines[0])),
    Mistake("cloning", "The policy of the demonstrations alone comes back: return the one fitted last.",
        aggregated(returned=lambda lines: lines[0]), aggregated(rounds=lambda n: 0)),
    Mistake("one_round_too_few", "One round too few, or the last data are never fitted.",
        aggregated(rounds=lambda n: max(n - 1, 0))),
    Mistake("one_round_too_many", "One round too many: 0 rounds are cloning.",
        aggregated(rounds=lambda n: n + 1), aggregated(rounds=lambda n: max(n, 1))),
    Mistake("one_round", "There is one round only, whatever `rounds` is: does the loop return too early?",
        aggregated(rounds=lambda n: min(n, 1)), aggregated(rounds=lambda n: 1)),
    Mistake("counted_twice", "Some data are in D more than once.",
        aggregated(keep=lambda data, new: [*data, *data, new]),
        aggregated(keep=lambda data, new: [*data, new, new])),
    Mistake("expert_returned", "The expert comes back. The policy that was fitted last is asked.",
        of(lambda walk, n: None)),
    Mistake("states_dropped", "Some of the visited states are left out. All of them belong to D.",
        *(aggregated(kept=lambda x, cut=cut: x[cut]) for cut in (
            slice(None, None, 2), slice(1, None, 2), slice(-1, None), slice(0, 1), slice(0, -1),
            slice(1, None))),
        aggregated(kept=lambda x: x[: len(x) // 2]), aggregated(kept=lambda x: x[len(x) // 2 :]),
        aggregated(kept=lambda x: np.unique(x)[:-1])),
    Mistake("labels_changed",
        "The expert's actions are changed, or mixed with the learner's own. Take them as they are.",
        aggregated(label=lambda line, x: -act(None, x)), aggregated(teacher=lambda lines: ((0.5, None),
        (0.5, lines[-1])))),
    Mistake("labels_shifted",
        "States and actions are one row off: each state has the action that the expert takes there.",
        aggregated(label=lambda line, x: np.roll(act(None, x), 1)),
        aggregated(label=lambda line, x: np.roll(act(None, x), -1))),
    Mistake("mean_of_policies", "A mean of several policies comes back. The one fitted last is asked.",
        aggregated(returned=lambda lines: tuple((1 / len(lines), line) for line in lines))),
    Mistake("begins_without_expert",
        "The expert never acts: the first policy knows nothing of its states. Step 1 is the expert's.",
        aggregated(begin=np.zeros(2)), aggregated(begin=np.zeros(2), rounds=lambda n: n + 1),
        aggregated(begin=np.zeros(2), rounds=lambda n: max(n - 1, 0))),
    Mistake("expert_helps", "The expert takes part in the acting. After step 1 the newest policy acts alone.",
        *(mixing(share) for share in (
            lambda i: 0.5**i, lambda i: 0.5 ** (i + 1),
            lambda i: 0.5, lambda i: 0.9**i, lambda i: 0.9 ** (i + 1))),
        both_drive(False), both_drive(True)),
    Mistake("rollouts_wasted",
        "`rollout` is called more often than the algorithm has episodes: each call is another walk. Keep "
        "its states, and use them for both.",
        of(walked_again)),
)  # fmt: skip

VIVA = (
    "Leave out one line of your loop; I choose it. Which states are then missing from D?",
    "Which of your calls would cost a person's time, and how often is it made?",
    "The learner falls into a pit in which every action of the expert is as bad. What do the new data teach?",
)

EXERCISE = Exercise(
    dagger,
    draw,
    points=6,
    minutes=40,
    stars=3,
    mistakes=MISTAKES,
    adaptor=adaptor,
    oracle=aggregated(),
    lines=20,
    viva=VIVA,
)
