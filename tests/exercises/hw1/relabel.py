# ruff: noqa  (as students write)

import numpy as np
import torch
import numpy as np, torch


def right_tile(states, actions):
    return states[:-1], actions, np.tile(states[-1], (len(actions), 1))


def right_repeat(states, actions):
    T = len(states) - 1
    return states[:T].copy(), np.array(actions), np.repeat(states[T:], T, axis=0)


def right_lists(states, actions):
    s, a, g = [], [], []
    for t in range(len(actions)):
        s.append(list(states[t]))
        a.append(actions[t])
        g.append(list(states[-1]))
    return s, a, g


def right_broadcast(states, actions):
    start = states[:-1]
    return start, actions, np.broadcast_to(states[-1], start.shape)


def right_torch_only(states, actions):
    return states[:-1], actions, states[-1].expand(len(actions), -1)


def right_zeros_plus(states, actions):
    return [states[:-1], actions, 0 * states[:-1] + states[-1]]


def wrong_next_state__a(states, actions):
    return states[:-1], actions, states[1:]


def wrong_last_but_one__a(states, actions):
    s = states[:-1]
    return s, actions, np.tile(s[-1], (len(s), 1))


def wrong_first_state__a(states, actions):
    return states[:-1], actions, np.tile(states[0], (len(actions), 1))


def wrong_difference__a(states, actions):
    return states[:-1], actions, states[-1] - states[:-1]


def wrong_one_goal__a(states, actions):
    return states[:-1], actions, states[-1]


def wrong_states_shifted__a(states, actions):
    return states[1:], actions, np.tile(states[-1], (len(actions), 1))


def wrong_last_state_kept__a(states, actions):
    return states, actions, np.tile(states[-1], (len(states), 1))


def wrong_last_step_missing__a(states, actions):
    T = len(actions) - 1
    return states[:T], actions[:T], np.tile(states[-1], (T, 1))


def wrong_parts_swapped__a(states, actions):
    return states[:-1], np.tile(states[-1], (len(actions), 1)), actions


def wrong_none__two_parts(states, actions):
    return states[:-1], np.tile(states[-1], (len(actions), 1))


def wrong_mean_state__a(states, actions):
    return states[:-1], actions, np.tile(states.mean(0), (len(actions), 1))


# From another hand, later.


def right_tile_fresh(states, actions):
    return (states[:-1], actions, np.tile(states[-1], (len(actions), 1)))


def right_broadcast_fresh(states, actions):
    return (states[:-1], actions, np.broadcast_to(states[-1], states[:-1].shape))


def right_list(states, actions):
    return ([list(s) for s in states[:-1]], list(actions), [list(states[-1])] * len(actions))


def right_torch(states, actions):
    s = torch.as_tensor(states)
    return (s[:-1], torch.as_tensor(actions), s[-1].expand(len(actions), -1))


def right_zip(states, actions):
    rows = [(s, a, states[-1]) for s, a in zip(states, actions)]
    return tuple(map(np.array, zip(*rows)))


def right_dicts(states, actions):
    rows = [dict(s=states[t], a=actions[t], g=states[-1]) for t in range(len(actions))]
    return [np.array([r[k] for r in rows]) for k in "sag"]


def right_repeat_fresh(states, actions):
    return (states[: len(actions)], actions.copy(), np.repeat(states[-1:], len(actions), axis=0))


def right_zeros(states, actions):
    return (states[:-1] + 0, actions + 0, np.zeros_like(states[:-1]) + states[-1])


def right_full(states, actions):
    return (
        np.delete(states, -1, 0),
        actions.astype(float),
        np.full((len(actions), states.shape[1]), states[-1]),
    )


def right_loop(states, actions):
    S, A, G = (
        np.empty((len(actions), states.shape[1]), "f4"),
        np.empty(len(actions)),
        np.empty((len(actions), states.shape[1]), "f4"),
    )
    for t, a in enumerate(actions):
        S[t], A[t], G[t] = (states[t], a, states[len(actions)])
    return (S, A, G)


def right_gen(states, actions, goal=None):
    goal = states[-1] if goal is None else goal
    return tuple((x for x in (states[:-1], actions, np.stack([goal for _ in actions]))))


R = lambda x, n: np.repeat(x[None], n, 0)

wrong_one_action__fresh_lastaction = lambda states, actions: (
    states[:-1],
    R(actions[-1:], len(actions))[:, 0],
    R(states[-1], len(actions)),
)

wrong_later_state__fresh_rand = lambda states, actions: (
    states[:-1],
    actions,
    states[1:][np.random.default_rng(0).permutation(len(actions))],
)

wrong_later_state__fresh_future2 = lambda states, actions: (
    states[:-1],
    actions,
    states[np.minimum(np.arange(len(actions)) + 2, len(actions))],
)
