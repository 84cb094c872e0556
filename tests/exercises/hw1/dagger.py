# ruff: noqa  (as students write)

import numpy as np
import torch
import numpy as np, torch


def right_concatenate(expert, rollout, fit, rounds):
    X = rollout(expert)
    Y = expert(X)
    policy = fit(X, Y)
    for _ in range(rounds):
        new = rollout(policy)
        X = np.concatenate([X, new])
        Y = np.concatenate([Y, expert(new)])
        policy = fit(X, Y)
    return policy


def right_lists(expert, rollout, fit, rounds):
    states, actions = [], []
    policy = expert
    for k in range(rounds + 1):
        visited = rollout(policy)
        for s, a in zip(visited, expert(visited)):
            states.append(s)
            actions.append(a)
        policy = fit(np.array(states), np.array(actions))
    return policy


def right_label_all_again(expert, rollout, fit, rounds):
    D = [rollout(expert)]
    while True:
        states = np.vstack(D)
        policy = fit(states, expert(states))
        if len(D) > rounds:
            return policy
        D.append(rollout(policy))


def right_torch_only(expert, rollout, fit, rounds):
    X = rollout(expert)
    assert isinstance(X, torch.Tensor)
    Y = expert(X)
    policy = fit(X, Y)
    for _ in range(rounds):
        new = rollout(policy)
        X, Y = torch.cat([X, new]), torch.cat([Y, expert(new)])
        policy = fit(X, Y)
    return policy


def right_newest_first(expert, rollout, fit, rounds):
    def learn(data):
        return fit(np.concatenate([s for s, _ in data]), np.concatenate([a for _, a in data]))

    data = [(s := rollout(expert), expert(s))]
    for _ in range(rounds):
        s = rollout(learn(data))
        data.insert(0, (s, expert(s)))
    return learn(data)


def wrong_not_aggregated__a(expert, rollout, fit, rounds):
    X = rollout(expert)
    policy = fit(X, expert(X))
    for _ in range(rounds):
        X = rollout(policy)
        policy = fit(X, expert(X))
    return policy


def wrong_expert_acts__a(expert, rollout, fit, rounds):
    X = rollout(expert)
    policy = fit(X, expert(X))
    for _ in range(rounds):
        X = np.concatenate([X, rollout(expert)])
        policy = fit(X, expert(X))
    return policy


def wrong_learner_labels__a(expert, rollout, fit, rounds):
    X = rollout(expert)
    Y = expert(X)
    policy = fit(X, Y)
    for _ in range(rounds):
        new = rollout(policy)
        X, Y = np.concatenate([X, new]), np.concatenate([Y, policy(new)])
        policy = fit(X, Y)
    return policy


def wrong_demonstrations_forgotten__a(expert, rollout, fit, rounds):
    X = rollout(expert)
    policy = fit(X, expert(X))
    X = X[:0]
    for _ in range(rounds):
        X = np.concatenate([X, rollout(policy)])
        policy = fit(X, expert(X))
    return policy


def wrong_cloning__a(expert, rollout, fit, rounds):
    X = rollout(expert)
    return fit(X, expert(X))


def wrong_first_policy_acts__a(expert, rollout, fit, rounds):
    X = rollout(expert)
    first = fit(X, expert(X))
    policy = first
    for _ in range(rounds):
        X = np.concatenate([X, rollout(first)])
        policy = fit(X, expert(X))
    return policy


def wrong_one_round_too_few__last_data_unfitted(expert, rollout, fit, rounds):
    X = rollout(expert)
    for _ in range(rounds):
        policy = fit(X, expert(X))
        X = np.concatenate([X, rollout(policy)])
    return policy if rounds else fit(X, expert(X))


def wrong_one_round_too_many__a(expert, rollout, fit, rounds):
    X = rollout(expert)
    policy = fit(X, expert(X))
    for _ in range(rounds + 1):
        X = np.concatenate([X, rollout(policy)])
        policy = fit(X, expert(X))
    return policy


def wrong_one_round__returns_in_the_loop(expert, rollout, fit, rounds):
    X = rollout(expert)
    policy = fit(X, expert(X))
    for _ in range(rounds):
        X = np.concatenate([X, rollout(policy)])
        return fit(X, expert(X))
    return policy


def wrong_none__data_returned(expert, rollout, fit, rounds):
    X = rollout(expert)
    return X, expert(X)


def wrong_none__rows_do_not_fit(expert, rollout, fit, rounds):
    X = rollout(expert)
    return fit(X, expert(X)[:-1])


# From another hand, later.


def right_lists_fresh(expert, rollout, fit, rounds):
    S, A = ([], [])

    def add(states):
        S.append(states)
        A.append(expert(states))

    add(rollout(expert))
    pi = fit(np.concatenate(S), np.concatenate(A))
    for _ in range(rounds):
        add(rollout(pi))
        pi = fit(np.concatenate(S), np.concatenate(A))
    return pi


def right_relabel_all(expert, rollout, fit, rounds):
    D = rollout(expert)
    pi = fit(D, expert(D))
    for _ in range(rounds):
        D = np.vstack([D, rollout(pi)])
        pi = fit(D, expert(D))
    return pi


def right_single_loop(expert, rollout, fit, rounds):
    D = None
    pi = expert
    for _ in range(rounds + 1):
        new = rollout(pi)
        D = new if D is None else np.concatenate((D, new))
        pi = fit(D, expert(D))
    return pi


def right_rec(expert, rollout, fit, rounds, D=None, pi=None):
    new = rollout(pi or expert)
    D = new if D is None else np.r_[D, new]
    p = fit(D, expert(D))
    return p if rounds == 0 else right_rec(expert, rollout, fit, rounds - 1, D, p)


def right_class(expert, rollout, fit, rounds):

    class Data:
        def __init__(self):
            self.s, self.a = ([], [])

        def extend(self, states):
            self.s.extend(states)
            self.a.extend(expert(np.array(states)))

        def fit(self):
            return fit(np.array(self.s), np.array(self.a))

    d = Data()
    d.extend(rollout(expert))
    p = d.fit()
    while rounds:
        d.extend(rollout(p))
        p = d.fit()
        rounds -= 1
    return p


def right_one_by_one(expert, rollout, fit, rounds):
    S = []
    A = []
    pi = expert
    for i in range(rounds + 1):
        for s in rollout(pi):
            S.append(s)
            A.append(expert(s[None])[0])
        pi = fit(np.stack(S), np.stack(A))
    return pi


def right_torch(expert, rollout, fit, rounds):
    s = torch.as_tensor(np.asarray(rollout(expert)))
    a = torch.as_tensor(np.asarray(expert(s.numpy())))
    pi = fit(s.numpy(), a.numpy())
    for _ in range(rounds):
        n = torch.as_tensor(np.asarray(rollout(pi)))
        s = torch.cat([s, n])
        a = torch.cat([a, torch.as_tensor(np.asarray(expert(n.numpy())))])
        pi = fit(s.numpy(), a.numpy())
    return pi


def right_dict(expert, rollout, fit, rounds, verbose=False):
    d = {"s": rollout(expert)}
    d["a"] = expert(d["s"])
    policies = [fit(**{"states": d["s"], "actions": d["a"]})]
    for i in range(rounds):
        n = rollout(policies[-1])
        d = {"s": np.append(d["s"], n, axis=0), "a": np.append(d["a"], expert(n))}
        policies.append(fit(d["s"], d["a"]))
    return policies[-1]


def right_newest_first_fresh(expert, rollout, fit, rounds):
    D = rollout(expert)
    pi = fit(D, expert(D))
    for _ in range(rounds):
        D = np.concatenate([rollout(pi), D])
        pi = fit(D, expert(D))
    return pi


def right_lambda_policy(expert, rollout, fit, rounds):
    D = rollout(lambda s: expert(s))
    pi = fit(D, expert(D))
    for _ in range(rounds):
        cur = pi
        D = np.concatenate([D, rollout(lambda s, c=cur: c(s))])
        pi = fit(D, expert(D))
    return lambda s: pi(s)


def W(
    driver=lambda e, p, first: p,
    label=lambda e, p, s: e(s),
    keep=lambda D, n: np.concatenate([D, n]),
    n=lambda r: r,
    pick=lambda ps: ps[-1],
    start=None,
    sub=lambda s: s,
):

    def f(expert, rollout, fit, rounds):
        D = rollout(expert)
        A = expert(D)
        ps = [fit(D, A)]
        first = ps[0]
        for i in range(n(rounds)):
            s = sub(rollout(driver(expert, ps[-1], first)))
            a = label(expert, ps[-1], s)
            if keep(np.zeros((2, 1)), np.zeros((3, 1))).shape[0] == 3:
                D, A = (s, a)
            else:
                D, A = (np.concatenate([D, s]), np.concatenate([A, a]))
            ps.append(fit(D, A))
        return pick(ps)

    return f


wrong_states_dropped__fresh_half = W(sub=lambda s: s[::2])

wrong_states_dropped__fresh_laststate = W(sub=lambda s: s[-1:])

wrong_states_dropped__fresh_droplast = W(sub=lambda s: s[:-1])

wrong_labels_changed__fresh_neg = W(label=lambda e, p, s: -e(s))

wrong_labels_changed__fresh_mix = W(label=lambda e, p, s: (e(s) + p(s)) / 2)


def wrong_labels_shifted__fresh_shift(expert, rollout, fit, rounds):
    D = rollout(expert)
    A = expert(D)
    pi = fit(D, A)
    for _ in range(rounds):
        s = rollout(pi)
        D = np.concatenate([D, s])
        A = np.concatenate([A, np.roll(expert(s), 1)])
        pi = fit(D, A)
    return pi


def wrong_mean_of_policies__fresh_mean_policy(expert, rollout, fit, rounds):
    D = rollout(expert)
    ps = [fit(D, expert(D))]
    for _ in range(rounds):
        D = np.concatenate([D, rollout(ps[-1])])
        ps.append(fit(D, expert(D)))
    return lambda s: np.mean([p(s) for p in ps], 0)


def wrong_rollouts_wasted__fresh_two_rollouts(expert, rollout, fit, rounds):
    D = rollout(expert)
    pi = fit(D, expert(D))
    for _ in range(rounds):
        D = np.concatenate([D, rollout(pi)])
        A = expert(rollout(pi))
        pi = fit(D, expert(D))
    return pi


def wrong_begins_without_expert__fresh_starts_random(expert, rollout, fit, rounds):
    pi = lambda s: np.zeros(len(s))
    D = None
    for _ in range(rounds + 1):
        n = rollout(pi)
        D = n if D is None else np.concatenate([D, n])
        pi = fit(D, expert(D))
    return pi


def wrong_expert_helps__fresh_beta(expert, rollout, fit, rounds):
    D = rollout(expert)
    pi = fit(D, expert(D))
    for i in range(rounds):
        b = 0.5**i
        D = np.concatenate([D, rollout(lambda s, p=pi, b=b: b * expert(s) + (1 - b) * p(s))])
        pi = fit(D, expert(D))
    return pi


def wrong_expert_helps__fresh_alternate(expert, rollout, fit, rounds):
    D = rollout(expert)
    pi = fit(D, expert(D))
    for i in range(rounds):
        D = np.concatenate([D, rollout(pi), rollout(expert)])
        pi = fit(D, expert(D))
    return pi
