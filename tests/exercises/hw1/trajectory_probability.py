# ruff: noqa  (as students write)

import math

import numpy as np
import torch
from collections import namedtuple
from functools import reduce
import numpy as np, torch


def right_loop(P, policy, start, states, actions):
    p = start[states[0]]
    for t in range(len(actions)):
        p = p * policy[states[t], actions[t]] * P[states[t], actions[t], states[t + 1]]
    return p


def right_fancy(P, policy, start, states, actions):
    s, s2 = states[:-1], states[1:]
    return start[states[0]] * np.prod(policy[s, actions]) * np.prod(P[s, actions, s2])


def right_logs(P, policy, start, states, actions):
    with np.errstate(divide="ignore"):
        logs = [np.log(start[states[0]])]
        for s, a, s2 in zip(states, actions, states[1:]):
            logs += [np.log(policy[s, a]), np.log(P[s, a, s2])]
    return math.exp(sum(logs))


def right_recursive(P, policy, start, states, actions):
    def go(states, actions):
        if len(actions) == 0:
            return start[states[0]]
        return (
            go(states[:-1], actions[:-1])
            * policy[states[-2]][actions[-1]]
            * P[states[-2]][actions[-1]][states[-1]]
        )

    return go(states, actions)


def right_torch_only(P, policy, start, states, actions):
    s = states[:-1].long()
    a = actions.long()
    return start[states[0]] * (policy[s, a] * P[s, a, states[1:].long()]).prod()


def right_float32(P, policy, start, states, actions):
    P, policy = P.astype(np.float32), policy.astype(np.float32)
    out = np.float32(start[states[0]])
    for t, a in enumerate(actions):
        out *= policy[states[t], a] * P[states[t], a, states[t + 1]]
    return out


def wrong_start_missing__loop(P, policy, start, states, actions):
    p = 1.0
    for t in range(len(actions)):
        p *= policy[states[t], actions[t]] * P[states[t], actions[t], states[t + 1]]
    return p


def wrong_policy_missing__a(P, policy, start, states, actions):
    p = start[states[0]]
    for s, a, s2 in zip(states, actions, states[1:]):
        p *= P[s, a, s2]
    return p


def wrong_transition_missing__a(P, policy, start, states, actions):
    p = start[states[0]]
    for s, a in zip(states, actions):
        p *= policy[s, a]
    return p


def wrong_logarithm__a(P, policy, start, states, actions):
    with np.errstate(divide="ignore"):
        l = np.log(start[states[0]])
        for s, a, s2 in zip(states, actions, states[1:]):
            l += np.log(policy[s, a]) + np.log(P[s, a, s2])
    return l


def wrong_sum_for_product__a(P, policy, start, states, actions):
    p = start[states[0]]
    for s, a, s2 in zip(states, actions, states[1:]):
        p += policy[s, a] * P[s, a, s2]
    return p


def wrong_last_step_missing__a(P, policy, start, states, actions):
    p = start[states[0]]
    for t in range(len(actions) - 1):
        p *= policy[states[t], actions[t]] * P[states[t], actions[t], states[t + 1]]
    return p


def wrong_first_step_missing__a(P, policy, start, states, actions):
    p = start[states[0]]
    for t in range(1, len(actions)):
        p *= policy[states[t], actions[t]] * P[states[t], actions[t], states[t + 1]]
    return p


def wrong_action_in_the_next_state__a(P, policy, start, states, actions):
    p = start[states[0]]
    for t in range(len(actions)):
        p *= P[states[t], actions[t], states[t + 1]] * policy[states[t + 1], actions[t]]
    return p


def wrong_action_marginalised__a(P, policy, start, states, actions):
    p = start[states[0]]
    for s, s2 in zip(states, states[1:]):
        p *= sum(policy[s, a] * P[s, a, s2] for a in range(policy.shape[1]))
    return p


def wrong_start_at_every_state__a(P, policy, start, states, actions):
    return np.prod(start[states]) * np.prod(
        policy[states[:-1], actions] * P[states[:-1], actions, states[1:]]
    )


def wrong_likeliest_action__a(P, policy, start, states, actions):
    p = start[states[0]]
    for s, a, s2 in zip(states, actions, states[1:]):
        p *= max(policy[s]) * P[s, a, s2]
    return p


def wrong_start_of_the_end__a(P, policy, start, states, actions):
    return start[states[-1]] * np.prod(policy[states[:-1], actions] * P[states[:-1], actions, states[1:]])


def wrong_none__string(P, policy, start, states, actions):
    return "0.1"


# From another hand, later.


def right_recursion(P, policy, start, states, actions):

    def go(t):
        if t == len(actions):
            return 1.0
        return policy[states[t]][actions[t]] * P[states[t]][actions[t]][states[t + 1]] * go(t + 1)

    return start[states[0]] * go(0)


def right_zip(P, policy, start, states, actions):
    p = start[states[0]]
    for s, a, z in zip(states, actions, states[1:]):
        p = p * policy[s, a] * P[s, a, z]
    return p


def right_fancy_fresh(P, policy, start, states, actions):
    s, a = (states[:-1], actions)
    return start[states[0]] * np.prod(policy[s, a] * P[s, a, states[1:]])


def right_logs_fresh(P, policy, start, states, actions):
    with np.errstate(divide="ignore"):
        l = (
            np.log(start[states[0]])
            + np.log(policy[states[:-1], actions]).sum()
            + np.log(P[states[:-1], actions, states[1:]]).sum()
        )
    return np.exp(l)


def right_torch(P, policy, start, states, actions):
    P, policy, start = map(torch.as_tensor, (P, policy, start))
    s, a = (torch.as_tensor(states), torch.as_tensor(actions))
    return start[s[0]] * policy[s[:-1], a].prod() * P[s[:-1], a, s[1:]].prod()


def right_float32_fresh(P, policy, start, states, actions):
    p = np.float32(start[states[0]])
    for t in range(len(actions)):
        p *= np.float32(policy[states[t], actions[t]]) * np.float32(P[states[t], actions[t], states[t + 1]])
    return p


def right_kwargs(P, policy, start, states, actions, verbose=False, *, log=None):
    p = float(start[int(states[0])])
    for t, a in enumerate(actions.tolist()):
        p *= float(policy[states[t], a])
        p *= float(P[states[t], a, states[t + 1]])
    if verbose:
        print(p)
    return [p]


def right_reduce(P, policy, start, states, actions):
    return reduce(
        lambda p, t: p * policy[states[t], actions[t]] * P[states[t], actions[t], states[t + 1]],
        range(len(actions)),
        start[states[0]],
    )


def right_math(P, policy, start, states, actions):
    return math.prod(
        [
            start[states[0]],
            *(policy[s, a] for s, a in zip(states, actions)),
            *(P[s, a, z] for s, a, z in zip(states, actions, states[1:])),
        ]
    )


def right_while(P, policy, start, states, actions):
    t, p = (0, start[states[0]])
    while t < len(actions):
        p *= policy[states[t], actions[t]] * P[states[t], actions[t], states[t + 1]]
        t += 1
    return np.array(p)


def W(f):

    def g(P, policy, start, states, actions):
        return f(P, policy, start, states, actions)

    return g


wrong_start_of_state_0__fresh_start0 = W(
    lambda P, pi, st, s, a: st[0] * np.prod(pi[s[:-1], a] * P[s[:-1], a, s[1:]])
)

wrong_policy_once__fresh_one_policy_factor = W(
    lambda P, pi, st, s, a: st[s[0]] * (pi[s[0], a[0]] if len(a) else 1) * np.prod(P[s[:-1], a, s[1:]])
)

wrong_no_steps__fresh_zero_T = W(
    lambda P, pi, st, s, a: st[s[0]] * np.prod(pi[s[:-1], a] * P[s[:-1], a, s[1:]]) if len(a) else 0.0
)

wrong_no_steps__fresh_one_T = W(
    lambda P, pi, st, s, a: st[s[0]] * np.prod(pi[s[:-1], a] * P[s[:-1], a, s[1:]]) if len(a) else 1.0
)

wrong_one_action_too_many__fresh_lastpolicy = W(
    lambda P, pi, st, s, a: st[s[0]] * np.prod(pi[s[:-1], a] * P[s[:-1], a, s[1:]]) * pi[s[-1]].max()
)
