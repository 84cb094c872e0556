# ruff: noqa  (as students write)

import numpy as np
import torch
from scipy import optimize


def right_formula(scores, returns):
    w = (scores**2).sum(axis=1)
    return np.mean(w * returns) / np.mean(w)


def right_average(scores, returns):
    return np.average(returns, weights=np.linalg.norm(scores, axis=-1) ** 2)


def right_loop(scores, returns):
    top, bottom = 0.0, 0.0
    for g, r in zip(scores, returns):
        n = sum(float(x) * float(x) for x in g)
        top += n * r
        bottom += n
    return top / bottom


def right_torch_only(scores, returns):
    w = torch.einsum("np,np->n", scores, scores)
    return torch.dot(w, returns) / w.sum()


def right_minimises_the_second_moment(scores, returns):
    def moment(b):
        return ((scores * (returns - b)[:, None]) ** 2).sum(1).mean()

    return optimize.minimize_scalar(moment).x


def right_least_squares(scores, returns):
    g = np.linalg.norm(scores, axis=1)
    return np.linalg.lstsq(g[:, None], g * returns, rcond=None)[0][0]


def right_autograd_newton(scores, returns):
    b = torch.zeros((), dtype=scores.dtype, requires_grad=True)
    loss = (scores * (returns - b)[:, None]).square().sum()
    (slope,) = torch.autograd.grad(loss, b, create_graph=True)
    (curve,) = torch.autograd.grad(slope, b)
    return b - slope / curve


def wrong_mean_return__a(scores, returns):
    return returns.mean()


def wrong_norm_not_squared__a(scores, returns):
    w = np.linalg.norm(scores, axis=1)
    return (w * returns).sum() / w.sum()


def wrong_sum_before_square__a(scores, returns):
    w = scores.sum(axis=1) ** 2
    return (w * returns).mean() / w.mean()


def wrong_one_per_parameter__a(scores, returns):
    return (scores**2 * returns[:, None]).mean(0) / (scores**2).mean(0)


def wrong_one_per_parameter__averaged(scores, returns):
    b = (scores**2 * returns[:, None]).mean(0) / (scores**2).mean(0)
    return b.mean()


def wrong_not_divided__a(scores, returns):
    return ((scores**2).sum(1) * returns).mean()


def wrong_inverted__a(scores, returns):
    w = (scores**2).sum(1)
    return w.mean() / (w * returns).mean()


def wrong_sample_means_removed__variance(scores, returns):
    def variance(b):
        return np.var(scores * (returns - b)[:, None], axis=0).sum()

    return optimize.minimize_scalar(variance).x


def wrong_sample_means_removed__ddof(scores, returns):
    def variance(b):
        return np.var(scores * (returns - b)[:, None], axis=0, ddof=1).sum()

    return optimize.minimize_scalar(variance).x


def wrong_signed_scores__a(scores, returns):
    w = scores.sum(1)
    return (w * returns).sum() / w.sum()


def wrong_sign__a(scores, returns):
    w = (scores**2).sum(1)
    return -(w @ returns) / w.sum()


def wrong_one_per_sample__a(scores, returns):
    w = (scores**2).sum(1)
    return w * returns / w.mean()


def wrong_absolute_values__torch(scores, returns):
    w = torch.as_tensor(scores).abs().sum(1)
    return (w * torch.as_tensor(returns)).sum() / w.sum()


def wrong_changes_arguments__square_in_place(scores, returns):
    np.square(scores, out=scores)
    w = scores.sum(1)
    return w @ returns / w.sum()


def wrong_none__pair(scores, returns):
    w = (scores**2).sum(1)
    return w @ returns, w.sum()
