# ruff: noqa  (as students write)

import math

import numpy as np
import torch
import numpy as np, torch
from torch.distributions import Normal, Independent, MultivariateNormal, kl_divergence


def right_numpy(mean, std, other_mean, other_std):
    terms = np.log(other_std / std) + (std**2 + (mean - other_mean) ** 2) / (2 * other_std**2) - 0.5
    return terms.sum(axis=1)


def right_variances(mean, std, other_mean, other_std):
    v, w = std**2, other_std**2
    return 0.5 * (v / w + (mean - other_mean) ** 2 / w - 1 + np.log(w) - np.log(v)).sum(-1)


def right_torch_only(mean, std, other_mean, other_std):
    p = torch.distributions.Normal(mean, std.expand_as(mean))
    q = torch.distributions.Normal(other_mean, other_std.expand_as(mean))
    return torch.distributions.kl_divergence(p, q).sum(-1)


def right_matrices(mean, std, other_mean, other_std):
    found = []
    for m, s, m2, s2 in zip(
        mean, np.broadcast_to(std, mean.shape), other_mean, np.broadcast_to(other_std, mean.shape)
    ):
        inverse = np.linalg.inv(np.diag(s2**2))
        trace = np.trace(inverse @ np.diag(s**2))
        dets = np.log(np.linalg.det(np.diag(s2**2)) / np.linalg.det(np.diag(s**2)))
        found.append(0.5 * (trace + (m2 - m) @ inverse @ (m2 - m) - len(m) + dets))
    return found


def wrong_reversed__a(mean, std, other_mean, other_std):
    return (np.log(std / other_std) + (other_std**2 + (mean - other_mean) ** 2) / (2 * std**2) - 0.5).sum(1)


def wrong_constant_missing__a(mean, std, other_mean, other_std):
    return (np.log(other_std / std) + (std**2 + (mean - other_mean) ** 2) / (2 * other_std**2)).sum(1)


def wrong_log_term_inverted__a(mean, std, other_mean, other_std):
    return (np.log(std / other_std) + (std**2 + (mean - other_mean) ** 2) / (2 * other_std**2) - 0.5).sum(1)


def wrong_half_missing__a(mean, std, other_mean, other_std):
    return (np.log(other_std / std) + (std**2 + (mean - other_mean) ** 2) / other_std**2 - 0.5).sum(1)


def wrong_std_not_squared__a(mean, std, other_mean, other_std):
    return (
        np.log(other_std / std) + std / (2 * other_std) + (mean - other_mean) ** 2 / (2 * other_std**2) - 0.5
    ).sum(1)


def wrong_not_summed__a(mean, std, other_mean, other_std):
    return np.log(other_std / std) + (std**2 + (mean - other_mean) ** 2) / (2 * other_std**2) - 0.5


def wrong_mean_over_dimensions__a(mean, std, other_mean, other_std):
    return (np.log(other_std / std) + (std**2 + (mean - other_mean) ** 2) / (2 * other_std**2) - 0.5).mean(1)


def wrong_batch_reduced__a(mean, std, other_mean, other_std):
    return (
        (np.log(other_std / std) + (std**2 + (mean - other_mean) ** 2) / (2 * other_std**2) - 0.5)
        .sum(1)
        .mean()
    )


def wrong_log_of_variances__a(mean, std, other_mean, other_std):
    return (
        np.log(other_std**2 / std**2) + (std**2 + (mean - other_mean) ** 2) / (2 * other_std**2) - 0.5
    ).sum(1)


def wrong_distance_missing__a(mean, std, other_mean, other_std):
    return (0 * mean + np.log(other_std / std) + std**2 / (2 * other_std**2) - 0.5).sum(1)


def wrong_sign__a(mean, std, other_mean, other_std):
    return -(np.log(other_std / std) + (std**2 + (mean - other_mean) ** 2) / (2 * other_std**2) - 0.5).sum(1)


def wrong_std_as_log_std__a(mean, std, other_mean, other_std):
    return (
        other_std - std + (np.exp(2 * std) + (mean - other_mean) ** 2) / (2 * np.exp(2 * other_std)) - 0.5
    ).sum(1)


def wrong_own_variance_below__a(mean, std, other_mean, other_std):
    return (
        np.log(other_std / std) + std**2 / (2 * other_std**2) + (mean - other_mean) ** 2 / (2 * std**2) - 0.5
    ).sum(1)


# From another hand, later.


def right_np(mean, std, other_mean, other_std):
    return np.sum(
        np.log(other_std) - np.log(std) + (std**2 + (mean - other_mean) ** 2) / (2 * other_std**2) - 0.5,
        axis=1,
    )


def right_torch(mean, std, other_mean, other_std):
    m, s, M, S = map(torch.as_tensor, (mean, std, other_mean, other_std))
    return kl_divergence(Normal(m, s.expand_as(m)), Normal(M, S.expand_as(M))).sum(-1)


def right_ind(mean, std, other_mean, other_std):
    m, s, M, S = map(torch.as_tensor, (mean, std, other_mean, other_std))
    return kl_divergence(Independent(Normal(m, s), 1), Independent(Normal(M, S), 1))


def right_loop(mean, std, other_mean, other_std):
    s, S = (np.broadcast_to(std, mean.shape), np.broadcast_to(other_std, mean.shape))
    out = []
    for n in range(len(mean)):
        k = 0
        for d in range(mean.shape[1]):
            k += (
                np.log(S[n, d] / s[n, d])
                + (s[n, d] ** 2 + (mean[n, d] - other_mean[n, d]) ** 2) / (2 * S[n, d] ** 2)
                - 1 / 2
            )
        out.append(k)
    return out


def right_var(mean, std, other_mean, other_std):
    v = (std / other_std) ** 2
    t = ((mean - other_mean) / other_std) ** 2
    return 0.5 * (v + t - 1 - np.log(v)).sum(-1)


def right_mvn(mean, std, other_mean, other_std):
    m, s, M, S = (torch.as_tensor(np.asarray(x)) for x in (mean, std, other_mean, other_std))
    D = lambda s: torch.diag_embed(s.expand_as(m) ** 2)
    return kl_divergence(MultivariateNormal(m, D(s)), MultivariateNormal(M, D(S)))


def right_f32(mean, std, other_mean, other_std):
    m, s, M, S = (torch.as_tensor(x).float() for x in (mean, std, other_mean, other_std))
    return ((S / s).log() + (s * s + (m - M) ** 2) / (2 * S * S) - 0.5).sum(1)


def right_zip(mean, std, other_mean, other_std):
    one = lambda m, s, M, S: float((np.log(S / s) + (s**2 + (m - M) ** 2) / 2 / S**2 - 0.5).sum())
    rep = lambda x: x if x.ndim == 2 else [x] * len(mean)
    return [one(*r) for r in zip(mean, rep(std), other_mean, rep(other_std))]


def right_einsum(mean, std, other_mean, other_std, eps=0.0):
    s, S = (np.broadcast_arrays(std, mean)[0], np.broadcast_arrays(other_std, mean)[0])
    p = 1 / S**2
    return (
        -0.5 * mean.shape[1]
        + np.log(S / s).sum(1)
        + 0.5 * np.einsum("nd,nd->n", p, s**2 + (mean - other_mean) ** 2)
    )


def right_split(mean, std, other_mean, other_std):
    ones = np.ones_like(mean)
    a = (np.log(other_std / std) * ones).sum(1)
    b = ((mean - other_mean) ** 2 / (2 * other_std**2)).sum(1)
    c = ((std / other_std) ** 2 / 2 * ones - 0.5).sum(1)
    return a + b + c


W = lambda f: (
    lambda mean, std, other_mean, other_std: (lambda k: k.sum(1))(
        f(mean, std, other_mean, other_std) * np.ones_like(mean)
    )
)

kl = lambda m, s, M, S: np.log(S / s) + (s**2 + (m - M) ** 2) / (2 * S**2) - 0.5

wrong_own_variance_below__fresh_ownvar = W(
    lambda m, s, M, S: np.log(S / s) + (s**2 + (m - M) ** 2) / (2 * s**2) - 0.5
)

wrong_std_not_squared__fresh_S = W(lambda m, s, M, S: np.log(S / s) + (s**2 + (m - M) ** 2) / (2 * S) - 0.5)

wrong_largest_dimension__fresh_max = lambda mean, std, other_mean, other_std: (
    kl(mean, std, other_mean, other_std) * np.ones_like(mean)
).max(1)

wrong_sum_squared__fresh_js = W(lambda m, s, M, S: np.log(S / s) + (s + abs(m - M)) ** 2 / (2 * S**2) - 0.5)

wrong_brackets_missing__fresh_paren = W(
    lambda m, s, M, S: np.log(S / s) + s**2 + (m - M) ** 2 / (2 * S**2) - 0.5
)

wrong_brackets_missing__fresh_div = W(
    lambda m, s, M, S: np.log(S / s) + (s**2 + (m - M) ** 2) / 2 * S**2 - 0.5
)
