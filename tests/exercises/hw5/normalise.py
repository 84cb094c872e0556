# ruff: noqa  (as students write)

import math

import numpy as np
import torch
import numpy as np, torch, statistics


def right_numpy(advantage):
    return (advantage - advantage.mean()) / (advantage.std() + 1e-8)


def right_torch_only(advantage):
    return (advantage - advantage.mean()) / (advantage.std(correction=0) + 1e-8)


def right_by_hand(advantage):
    mean = sum(float(a) for a in advantage) / len(advantage)
    sd = math.sqrt(sum((float(a) - mean) ** 2 for a in advantage) / len(advantage))
    return [(float(a) - mean) / (sd + 1e-8) for a in advantage]


def right_two_steps(advantage):
    centred = advantage - np.mean(advantage)
    return centred / (np.sqrt(np.mean(centred**2)) + 1e-8)


def wrong_sample_deviation__torch(advantage):
    return (advantage - advantage.mean()) / (torch.std(advantage) + 1e-8)


def wrong_sample_deviation__numpy(advantage):
    return (advantage - advantage.mean()) / (np.std(advantage, ddof=1) + 1e-8)


def wrong_no_epsilon__a(advantage):
    return (advantage - advantage.mean()) / advantage.std()


def wrong_epsilon_inside__a(advantage):
    return (advantage - advantage.mean()) / np.sqrt(advantage.var() + 1e-8)


def wrong_epsilon_wrong__a(advantage):
    return (advantage - advantage.mean()) / (advantage.std() + 1e-5)


def wrong_not_centred__a(advantage):
    return advantage / (advantage.std() + 1e-8)


def wrong_not_scaled__a(advantage):
    return advantage - advantage.mean()


def wrong_variance_for_deviation__a(advantage):
    return (advantage - advantage.mean()) / (advantage.var() + 1e-8)


def wrong_precedence__a(advantage):
    return advantage - advantage.mean() / (advantage.std() + 1e-8)


def wrong_range__a(advantage):
    return (advantage - advantage.min()) / (advantage.max() - advantage.min() + 1e-8)


def wrong_length_for_deviation__a(advantage):
    d = advantage - advantage.mean()
    return d / (np.linalg.norm(d) + 1e-8)


def wrong_sign__a(advantage):
    return (advantage.mean() - advantage) / (advantage.std() + 1e-8)


def wrong_changes_arguments__a(advantage):
    advantage -= advantage.mean()
    advantage /= advantage.std() + 1e-8
    return advantage


# From another hand, later.


def right_np(advantage):
    return (advantage - advantage.mean()) / (advantage.std() + 1e-08)


def right_torch(advantage):
    a = torch.as_tensor(advantage)
    return (a - a.mean()) / (a.std(correction=0) + 1e-08)


def right_loop(advantage):
    n = len(advantage)
    m = sum(advantage) / n
    s = (sum(((a - m) ** 2 for a in advantage)) / n) ** 0.5
    return [(a - m) / (s + 1e-08) for a in advantage]


def right_stats(advantage):
    l = [float(a) for a in advantage]
    m, s = (statistics.fmean(l), statistics.pstdev(l))
    return np.array([(a - m) / (s + 1e-08) for a in l])


def right_norm(advantage):
    c = advantage - advantage.mean()
    return c / (np.linalg.norm(c) / np.sqrt(len(c)) + 1e-08)


def right_guard(advantage):
    s = np.std(advantage)
    c = advantage - np.mean(advantage)
    return c / s if s > 1e-12 else 0 * c


def right_f32(advantage):
    a = torch.as_tensor(advantage).float()
    return (a - a.mean()) / (torch.sqrt(torch.mean((a - a.mean()) ** 2)) + 1e-08)


def right_varmean(advantage):
    v, m = torch.var_mean(torch.as_tensor(advantage), unbiased=False)
    return (torch.as_tensor(advantage) - m) / (v.sqrt() + 1e-08)


def right_sq(advantage, eps=1e-08):
    a = np.asarray(advantage)
    m = a.mean()
    return (a - m) / (np.sqrt(((a - m) ** 2).mean()) + eps)


def right_where(advantage):
    c = advantage - advantage.mean()
    s = c.std()
    return np.divide(c, s, out=np.zeros_like(c), where=s > 0)


W = lambda f: lambda advantage: f(np.asarray(advantage, float))

wrong_length_one__fresh_unit = W(lambda a: a / (np.linalg.norm(a) + 1e-08))

wrong_mean_added__fresh_back = W(lambda a: (a - a.mean()) / (a.std() + 1e-08) + a.mean())

wrong_squashed__fresh_rank = W(lambda a: a.argsort().argsort() - (len(a) - 1) / 2)

wrong_mean_added__fresh_plus = W(lambda a: (a + a.mean()) / (a.std() + 1e-08))

wrong_squashed__fresh_tanh = W(np.tanh)
