# ruff: noqa  (as students write)

import math

import numpy as np
import torch
from scipy.special import logsumexp
from scipy.stats import norm
import numpy as np, torch, math, scipy.stats, scipy.special
from torch.distributions import MixtureSameFamily, Categorical, Normal


def right_logsumexp(actions, weights, means, log_stds):
    z = (actions[:, None] - means) / np.exp(log_stds)
    logs = -0.5 * z**2 - log_stds - 0.5 * np.log(2 * np.pi)
    return logsumexp(logs, b=weights, axis=1)


def right_scipy(actions, weights, means, log_stds):
    keep = weights > 0
    logs = norm.logpdf(actions[:, None], means[keep], np.exp(log_stds[keep])) + np.log(weights[keep])
    return logsumexp(logs, axis=1)


def right_by_hand(actions, weights, means, log_stds):
    with np.errstate(divide="ignore"):
        l = (
            np.log(weights)
            - 0.5 * ((actions[:, None] - means) / np.exp(log_stds)) ** 2
            - log_stds
            - 0.5 * math.log(2 * math.pi)
        )
    m = l.max(axis=1, keepdims=True)
    return (m + np.log(np.exp(l - m).sum(axis=1, keepdims=True)))[:, 0]


def right_loops(actions, weights, means, log_stds):
    out = []
    for a in actions:
        terms = [
            math.log(w) - 0.5 * ((a - m) / math.exp(s)) ** 2 - s - 0.5 * math.log(2 * math.pi)
            for w, m, s in zip(weights, means, log_stds)
            if w > 0
        ]
        top = max(terms)
        out.append(top + math.log(sum(math.exp(t - top) for t in terms)))
    return out


def right_torch_distribution(actions, weights, means, log_stds):
    a = torch.as_tensor(actions)[:, None]
    logs = torch.distributions.Normal(torch.as_tensor(means), torch.as_tensor(log_stds).exp()).log_prob(a)
    return torch.logsumexp(logs + torch.as_tensor(weights).log(), dim=1)


def right_logaddexp(actions, weights, means, log_stds):
    total = np.full(len(actions), -np.inf)
    for w, m, s in zip(weights, means, log_stds):
        if w == 0:
            continue
        total = np.logaddexp(total, np.log(w) + norm.logpdf(actions, m, np.exp(s)))
    return total


def densities(actions, means, log_stds):
    s = np.exp(log_stds)
    return np.exp(-0.5 * ((actions[:, None] - means) / s) ** 2) / (s * np.sqrt(2 * np.pi))


def wrong_underflow__a(actions, weights, means, log_stds):
    with np.errstate(divide="ignore"):
        return np.log((weights * densities(actions, means, log_stds)).sum(1))


def wrong_floor__a(actions, weights, means, log_stds):
    return np.log((weights * densities(actions, means, log_stds)).sum(1) + 1e-8)


def wrong_mean_of_logs__a(actions, weights, means, log_stds):
    return norm.logpdf(actions[:, None], means, np.exp(log_stds)) @ weights


def wrong_weights_ignored__a(actions, weights, means, log_stds):
    return logsumexp(norm.logpdf(actions[:, None], means, np.exp(log_stds)), axis=1)


def wrong_constant_missing__a(actions, weights, means, log_stds):
    z = (actions[:, None] - means) / np.exp(log_stds)
    return logsumexp(-0.5 * z**2 - log_stds, b=weights, axis=1)


def wrong_scale_missing__a(actions, weights, means, log_stds):
    z = (actions[:, None] - means) / np.exp(log_stds)
    return logsumexp(-0.5 * z**2 - 0.5 * np.log(2 * np.pi), b=weights, axis=1)


def wrong_log_std_as_log_variance__a(actions, weights, means, log_stds):
    return logsumexp(norm.logpdf(actions[:, None], means, np.exp(log_stds / 2)), b=weights, axis=1)


def wrong_negative__a(actions, weights, means, log_stds):
    return -right_logsumexp(actions, weights, means, log_stds)


def wrong_summed__a(actions, weights, means, log_stds):
    return right_logsumexp(actions, weights, means, log_stds).sum()


def wrong_largest_component__a(actions, weights, means, log_stds):
    with np.errstate(divide="ignore"):
        return (np.log(weights + 1e-300) + norm.logpdf(actions[:, None], means, np.exp(log_stds))).max(1)


def wrong_half_missing__a(actions, weights, means, log_stds):
    z = (actions[:, None] - means) / np.exp(log_stds)
    return logsumexp(-(z**2) - log_stds - 0.5 * np.log(2 * np.pi), b=weights, axis=1)


def wrong_weights_softmaxed__a(actions, weights, means, log_stds):
    w = np.exp(weights) / np.exp(weights).sum()
    return logsumexp(norm.logpdf(actions[:, None], means, np.exp(log_stds)), b=w, axis=1)


# From another hand, later.


def right_scipy_fresh(actions, weights, means, log_stds):
    with np.errstate(divide="ignore"):
        return scipy.special.logsumexp(
            scipy.stats.norm.logpdf(actions[:, None], means, np.exp(log_stds)), b=weights, axis=1
        )


def right_lse(actions, weights, means, log_stds):
    with np.errstate(divide="ignore"):
        l = np.log(weights) + scipy.stats.norm(means, np.exp(log_stds)).logpdf(actions[:, None])
    return scipy.special.logsumexp(l, 1)


def right_torch(actions, weights, means, log_stds):
    a, w, m, l = map(torch.as_tensor, (actions, weights, means, log_stds))
    return torch.logsumexp(w.log() + Normal(m, l.exp()).log_prob(a[:, None]), 1)


def right_mixture(actions, weights, means, log_stds):
    a, w, m, l = map(torch.as_tensor, (actions, weights, means, log_stds))
    keep = w > 0
    return MixtureSameFamily(Categorical(w[keep]), Normal(m[keep], l[keep].exp())).log_prob(a)


def right_loop(actions, weights, means, log_stds):
    out = []
    for a in actions:
        t = [
            math.log(w) - l - 0.5 * math.log(2 * math.pi) - 0.5 * ((a - m) / math.exp(l)) ** 2
            for w, m, l in zip(weights, means, log_stds)
            if w > 0
        ]
        M = max(t)
        out.append(M + math.log(sum((math.exp(x - M) for x in t))))
    return out


def right_logaddexp_fresh(actions, weights, means, log_stds):
    r = np.full(len(actions), -np.inf)
    for w, m, l in zip(weights, means, log_stds):
        if w:
            r = np.logaddexp(
                r, np.log(w) - l - 0.5 * np.log(2 * np.pi) - 0.5 * ((actions - m) * np.exp(-l)) ** 2
            )
    return r


def right_tiny(actions, weights, means, log_stds):
    l = (
        np.log(weights + 1e-30)
        - log_stds
        - 0.5 * np.log(2 * np.pi)
        - 0.5 * ((actions[:, None] - means) / np.exp(log_stds)) ** 2
    )
    m = l.max(1)
    return m + np.log(np.exp(l - m[:, None]).sum(1))


def right_recursive(actions, weights, means, log_stds):

    def f(k):
        with np.errstate(divide="ignore"):
            t = (
                np.log(weights[k])
                - log_stds[k]
                - 0.5 * np.log(2 * np.pi)
                - 0.5 * ((actions - means[k]) / np.exp(log_stds[k])) ** 2
            )
        return t if k == 0 else np.logaddexp(f(k - 1), t)

    return f(len(weights) - 1)


def right_mask(actions, weights, means, log_stds):
    k = weights > 0
    w, m, l = (weights[k], means[k], log_stds[k])
    q = -0.5 * ((actions[:, None] - m) / np.exp(l)) ** 2
    c = q.max(axis=1, keepdims=True)
    return (c + np.log((w / np.sqrt(2 * np.pi) / np.exp(l) * np.exp(q - c)).sum(1, keepdims=True)))[:, 0]


def right_f32(actions, weights, means, log_stds):
    a, w, m, l = (torch.as_tensor(x).float() for x in (actions, weights, means, log_stds))
    return torch.logsumexp(torch.log(w + 1e-30) + Normal(m, l.exp()).log_prob(a.unsqueeze(-1)), -1)


def right_weights_outside(actions, weights, means, log_stds, eps=0.0):
    l = -log_stds - 0.5 * np.log(2 * np.pi) - 0.5 * ((actions[:, None] - means) / np.exp(log_stds)) ** 2
    l = np.where(weights > 0, l, -np.inf)
    m = l.max(1, keepdims=True)
    return m.squeeze(1) + np.log(np.exp(l - m) @ weights)


def W(f):

    def g(actions, weights, means, log_stds):
        with np.errstate(all="ignore"):
            s = np.exp(log_stds)
            l = -log_stds - 0.5 * np.log(2 * np.pi) - 0.5 * ((actions[:, None] - means) / s) ** 2
            return f(l, weights, actions, means, log_stds, s)

    return g


def L(l):
    m = l.max(1, keepdims=True)
    return m[:, 0] + np.log(np.exp(l - m).sum(1))


wrong_not_added_back__fresh_nomax = W(
    lambda l, w, a, m, ls, s: np.log(np.exp(l + np.log(w) - (l + np.log(w)).max(1, keepdims=True)).sum(1))
)

wrong_largest_component__fresh_nearest = W(
    lambda l, w, a, m, ls, s: l[np.arange(len(a)), abs(a[:, None] - m).argmin(1)]
)

wrong_one_gaussian__fresh_single = W(
    lambda l, w, a, m, ls, s: -0.5 * np.log(2 * np.pi) - np.log(w @ s) - 0.5 * ((a - w @ m) / (w @ s)) ** 2
)

wrong_one_gaussian__fresh_moment = W(
    lambda l, w, a, m, ls, s: (lambda v: -0.5 * np.log(2 * np.pi * v) - 0.5 * (a - w @ m) ** 2 / v)(
        w @ (s**2 + m**2) - (w @ m) ** 2
    )
)

wrong_weights_twice__fresh_w2 = W(lambda l, w, a, m, ls, s: L(l + 2 * np.log(w)))

wrong_largest_of_all__fresh_globalmax = W(
    lambda l, w, a, m, ls, s: (lambda q: q.max() + np.log(np.exp(q - q.max()).sum(1)))(l + np.log(w))
)

wrong_not_squared__fresh_nosq = W(
    lambda l, w, a, m, ls, s: L(np.log(w) - ls - 0.5 * np.log(2 * np.pi) - 0.5 * abs(a[:, None] - m) / s)
)
