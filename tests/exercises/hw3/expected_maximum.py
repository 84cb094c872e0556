# ruff: noqa  (as students write)

import itertools
from functools import reduce

import numpy as np
import torch


def right_product(values, probabilities):
    total = 0.0
    for pairs in itertools.product(*[list(zip(v, p)) for v, p in zip(values, probabilities)]):
        weight = 1.0
        for _, p in pairs:
            weight *= p
        total += weight * max(v for v, _ in pairs)
    return total


def right_cdf(values, probabilities):
    points = np.unique(values)
    cdf = [np.prod([(p * (v <= x)).sum() for v, p in zip(values, probabilities)]) for x in points]
    return float(np.sum(points * np.diff([0.0, *cdf])))


def right_recursive(values, probabilities):
    def go(a, best):
        if a == len(values):
            return best
        return sum(p * go(a + 1, max(best, v)) for v, p in zip(values[a], probabilities[a]))

    return go(0, -float("inf"))


def right_outer(values, probabilities):
    best, weight = np.array([-1e9]), np.array([1.0])
    for v, p in zip(values, probabilities):
        best = np.maximum.outer(best, v).ravel()
        weight = np.outer(weight, p).ravel()
    return best @ weight


def right_torch(values, probabilities):
    v = torch.cartesian_prod(*torch.as_tensor(values, dtype=torch.float32)).reshape(-1, len(values))
    p = torch.cartesian_prod(*torch.as_tensor(probabilities, dtype=torch.float32)).reshape(-1, len(values))
    return (v.max(dim=1).values * p.prod(dim=1)).sum()


def right_ndindex(values, probabilities):
    A, K = values.shape
    return sum(
        reduce(lambda a, b: a * b, [probabilities[a][k[a]] for a in range(A)])
        * max(values[a][k[a]] for a in range(A))
        for k in np.ndindex(*[K] * A)
    )


def wrong_max_of_means__a(values, probabilities):
    return np.max(np.sum(values * probabilities, axis=1))


def wrong_max_of_means__loop(values, probabilities):
    return max(sum(v * p for v, p in zip(vs, ps)) for vs, ps in zip(values, probabilities))


def wrong_same_outcome__first_row(values, probabilities):
    return np.sum(np.max(values, axis=0) * probabilities[0])


def wrong_same_outcome__product_weights(values, probabilities):
    return sum(probabilities[:, k].prod() * values[:, k].max() for k in range(values.shape[1]))


def wrong_same_outcome__mean_weights(values, probabilities):
    return (values.max(axis=0) * probabilities.mean(axis=0)).sum()


def wrong_same_outcome__max_of_products(values, probabilities):
    return (values * probabilities).max(axis=0).sum()


def wrong_unweighted__a(values, probabilities):
    return np.mean([max(c) for c in itertools.product(*values)])


def wrong_min_for_max__a(values, probabilities):
    total = 0
    for k in itertools.product(range(values.shape[1]), repeat=values.shape[0]):
        a = np.arange(values.shape[0])
        total += probabilities[a, k].prod() * values[a, k].min()
    return total


def wrong_largest_value__a(values, probabilities):
    return values.max()


def wrong_not_deterministic__monte_carlo(values, probabilities):
    draws = [max(np.random.choice(v, p=p) for v, p in zip(values, probabilities)) for _ in range(50)]
    return np.mean(draws)


def wrong_bias_only__a(values, probabilities):
    return right_product(values, probabilities) - (values * probabilities).sum(1).max()


def wrong_wrong_weight__sum(values, probabilities):
    return sum(
        sum(p for _, p in pairs) * max(v for v, _ in pairs)
        for pairs in itertools.product(*[list(zip(v, p)) for v, p in zip(values, probabilities)])
    )
