# ruff: noqa  (as students write)

import numpy as np
import torch


def right_two_products(scores, v, damping):
    return scores.T @ (scores @ v) / len(scores) + damping * v


def right_dense(scores, v, damping):
    F = sum(np.outer(s, s) for s in scores) / scores.shape[0]
    return (F + damping * np.eye(len(v))) @ v


def right_einsum(scores, v, damping):
    return np.einsum("np,nq,q->p", scores, scores, v) / scores.shape[0] + v * damping


def right_torch_float32(scores, v, damping):
    s, v = torch.as_tensor(scores).float(), torch.as_tensor(v).float()
    return torch.mean(s * (s @ v)[:, None], dim=0) + damping * v


def right_loop(scores, v, damping):
    out = [damping * x for x in v]
    for s in scores:
        dot = sum(a * b for a, b in zip(s, v))
        out = [o + a * dot / len(scores) for o, a in zip(out, s)]
    return out


def right_torch_gradient(scores, v, damping):
    theta = torch.zeros(v.shape, dtype=scores.dtype, requires_grad=True)
    half_kl = 0.5 * (scores @ theta).pow(2).mean() + 0.5 * damping * theta.pow(2).sum()
    (g,) = torch.autograd.grad(half_kl, theta, create_graph=True)
    (hv,) = torch.autograd.grad(g @ v, theta)
    return hv


def wrong_missing_normaliser__a(scores, v, damping):
    return scores.T @ (scores @ v) + damping * v


def wrong_damping_missing__a(scores, v, damping):
    return (scores * (scores @ v)[:, None]).mean(0)


def wrong_damping_twice__a(scores, v, damping):
    F = scores.T @ scores / len(scores) + damping * np.eye(len(v))
    return F @ v + damping * v


def wrong_mean_then_outer__a(scores, v, damping):
    g = scores.mean(axis=0)
    return np.outer(g, g) @ v + damping * v


def wrong_damping_divided__a(scores, v, damping):
    F = scores.T @ scores + damping * np.eye(len(v))
    return F @ v / len(scores)


def wrong_wrong_normaliser__a(scores, v, damping):
    return scores.T @ (scores @ v) / len(v) + damping * v


def wrong_diagonal_only__a(scores, v, damping):
    return (scores**2).mean(0) * v + damping * v


def wrong_damping_without_v__a(scores, v, damping):
    return scores.T @ (scores @ v) / len(scores) + damping


def wrong_inverse__a(scores, v, damping):
    F = scores.T @ scores / len(scores) + damping * np.eye(len(v))
    return np.linalg.solve(F, v)


def wrong_quadratic_form__a(scores, v, damping):
    return ((scores @ v) ** 2).mean() + damping * (v @ v)


def wrong_centred__cov(scores, v, damping):
    return np.cov(scores.T, bias=True) @ v + damping * v


def wrong_damping_sign__a(scores, v, damping):
    return scores.T @ (scores @ v) / len(scores) - damping * v


def wrong_none__wrong_axis(scores, v, damping):
    return scores @ (scores.T @ v) / len(scores) + damping * v


def wrong_damping_everywhere__a(scores, v, damping):
    return (scores.T @ scores / len(scores) + damping) @ v
