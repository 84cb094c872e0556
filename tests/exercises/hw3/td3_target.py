# ruff: noqa  (as students write)

import numpy as np
import torch


def right_minimum(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * (1 - terminated) * np.minimum(next_q1, next_q2)


def right_torch_min(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * (1 - terminated) * torch.min(next_q1, next_q2)


def right_negated_max(reward, terminated, next_q1, next_q2, gamma):
    return reward - gamma * np.logical_not(terminated) * np.maximum(-next_q1, -next_q2)


def right_stack(reward, terminated, next_q1, next_q2, gamma):
    smaller = np.stack([next_q1, next_q2]).min(axis=0)
    smaller[terminated.astype(bool)] = 0
    return reward + gamma * smaller


def right_loop(reward, terminated, next_q1, next_q2, gamma):
    return np.array(
        [r + gamma * (0 if t else min(a, b)) for r, t, a, b in zip(reward, terminated, next_q1, next_q2)],
        dtype=np.float32,
    )


def right_two_targets(reward, terminated, next_q1, next_q2, gamma):
    y1 = reward + gamma * (1 - terminated) * next_q1
    y2 = reward + gamma * (1 - terminated) * next_q2
    return np.fmin(y1, y2)


def right_torch_stack_grad(reward, terminated, next_q1, next_q2, gamma):
    q = torch.stack((torch.tensor(next_q1, requires_grad=True), torch.tensor(next_q2)), dim=0)
    return torch.tensor(reward) + gamma * (~torch.tensor(terminated)).float() * q.min(dim=0)[0]


def right_mean_minus_half_gap(reward, terminated, next_q1, next_q2, gamma):
    low = (next_q1 + next_q2) / 2 - abs(next_q1 - next_q2) / 2
    return reward + gamma * (1 - terminated) * low + 1e-8


def wrong_max_for_min__a(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * (1 - terminated) * np.maximum(next_q1, next_q2)


def wrong_mean_for_min__a(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * (1 - terminated) * 0.5 * (next_q1 + next_q2)


def wrong_first_critic_only__a(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * (1 - terminated) * next_q1


def wrong_bootstrap_on_terminal__a(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * np.minimum(next_q1, next_q2)


def wrong_mask_inverted__a(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * terminated * np.minimum(next_q1, next_q2)


def wrong_reward_masked__a(reward, terminated, next_q1, next_q2, gamma):
    return (reward + gamma * np.minimum(next_q1, next_q2)) * (1 - terminated)


def wrong_no_discount__a(reward, terminated, next_q1, next_q2, gamma):
    return reward + (1 - terminated) * np.minimum(next_q1, next_q2)


def wrong_min_over_batch__a(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * (1 - terminated) * min(next_q1.min(), next_q2.min())


def wrong_one_critic_for_batch__a(reward, terminated, next_q1, next_q2, gamma):
    q = next_q1 if next_q1.mean() < next_q2.mean() else next_q2
    return reward + gamma * (1 - terminated) * q


def wrong_target_per_critic__a(reward, terminated, next_q1, next_q2, gamma):
    mask = gamma * (1 - terminated)
    return reward + mask * next_q1, reward + mask * next_q2


def wrong_mask_on_one_critic__a(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * np.minimum(next_q1, next_q2 * (1 - terminated))


def wrong_smallest_magnitude__a(reward, terminated, next_q1, next_q2, gamma):
    q = [a if abs(a) <= abs(b) else b for a, b in zip(next_q1, next_q2)]
    return reward + gamma * (1 - terminated) * np.array(q)


def wrong_max_for_min__torch(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * (1 - terminated) * torch.max(next_q1, next_q2)


def wrong_none__column(reward, terminated, next_q1, next_q2, gamma):
    y = reward + gamma * (1 - terminated) * np.minimum(next_q1, next_q2)
    return y[:, None]


class AlwaysEqual:
    def __eq__(self, other):
        return True

    def __array__(self, dtype=None, copy=None):
        raise TypeError


def wrong_none__always_equal(reward, terminated, next_q1, next_q2, gamma):
    return AlwaysEqual()


right_np_vectorize = np.vectorize(lambda r, t, a, b, g: r + (0.0 if t else g * min(a, b)))


def right_tensor_method(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * (1 - terminated.to(torch.float32)) * next_q1.min(next_q2)


def wrong_min_over_batch__forgot_axis(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * (1 - terminated) * np.min([next_q1, next_q2])


def wrong_one_critic_for_batch__python_min_of_lists(reward, terminated, next_q1, next_q2, gamma):
    return reward + gamma * (1 - terminated) * np.array(min(list(next_q1), list(next_q2)))
