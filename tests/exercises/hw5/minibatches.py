# ruff: noqa  (as students write)

import math

import numpy as np
import torch


def right_permutation(n, size, rng):
    order = rng.permutation(n)
    return [order[i : i + size] for i in range(0, n, size)]


def right_shuffle(n, size, rng):
    order = np.arange(n)
    rng.shuffle(order)
    pieces = []
    while len(order):
        pieces.append(order[:size])
        order = order[size:]
    return pieces


def right_argsort(n, size, rng):
    order = np.argsort(rng.random(n))
    return np.split(order, range(size, n, size))


def right_choice(n, size, rng):
    order = rng.choice(n, n, replace=False).tolist()
    return [order[i : i + size] for i in range(0, n, size)]


def right_torch_tensors(n, size, rng):
    order = torch.as_tensor(rng.permutation(n))
    return list(order.split(size))


def right_generator(n, size, rng):
    order = rng.permutation(n)
    for i in range(0, n, size):
        yield order[i : i + size]


def wrong_not_shuffled__a(n, size, rng):
    order = np.arange(n)
    return [order[i : i + size] for i in range(0, n, size)]


def wrong_not_shuffled__return_of_permutation_lost(n, size, rng):
    order = np.arange(n)
    rng.permutation(order)
    return [order[i : i + size] for i in range(0, n, size)]


def wrong_same_order_each_call__a(n, size, rng):
    order = np.random.default_rng(0).permutation(n)
    return [order[i : i + size] for i in range(0, n, size)]


def wrong_rng_ignored__numpy(n, size, rng):
    order = np.random.permutation(n)
    return [order[i : i + size] for i in range(0, n, size)]


def wrong_rng_ignored__torch(n, size, rng):
    order = torch.randperm(n)
    return list(order.split(size))


def wrong_only_pieces_shuffled__a(n, size, rng):
    order = np.arange(n)
    pieces = [order[i : i + size] for i in range(0, n, size)]
    return [pieces[k] for k in rng.permutation(len(pieces))]


def wrong_only_inside_shuffled__a(n, size, rng):
    order = np.arange(n)
    return [rng.permutation(order[i : i + size]) for i in range(0, n, size)]


def wrong_sorted_inside__a(n, size, rng):
    order = rng.permutation(n)
    return [np.sort(order[i : i + size]) for i in range(0, n, size)]


def wrong_rest_dropped__a(n, size, rng):
    order = rng.permutation(n)
    return [order[i * size : (i + 1) * size] for i in range(n // size)]


def wrong_with_replacement__integers(n, size, rng):
    return [rng.integers(n, size=size) for _ in range(0, n, size)]


def wrong_with_replacement__choice(n, size, rng):
    return [rng.choice(n, size=min(size, n), replace=False) for _ in range(n // size)]


def wrong_evenly_split__a(n, size, rng):
    return np.array_split(rng.permutation(n), -(-n // size))


def wrong_size_as_number__a(n, size, rng):
    return np.array_split(rng.permutation(n), size)


def wrong_counts_from_one__a(n, size, rng):
    order = rng.permutation(n) + 1
    return [order[i : i + size] for i in range(0, n, size)]


def wrong_one_index_left_out__a(n, size, rng):
    order = rng.permutation(n - 1)
    return [order[i : i + size] for i in range(0, n - 1, size)]


def wrong_first_piece_only__a(n, size, rng):
    return [rng.permutation(n)[:size]]


def wrong_last_dropped__a(n, size, rng):
    order = rng.permutation(n)
    return [order[i : i + size] for i in range(0, n, size)][:-1]


def wrong_none__flat(n, size, rng):
    return rng.permutation(n)
