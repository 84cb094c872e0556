# ruff: noqa  (as students write)

import random
from collections import deque

import numpy as np


class right_deque:
    def __init__(self, capacity, rng):
        self.items, self.rng = deque(maxlen=capacity), rng

    def add(self, item):
        self.items.append(item)

    def sample(self, n):
        return [self.items[i] for i in self.rng.integers(len(self.items), size=n)]

    def __len__(self):
        return len(self.items)


class right_ring:
    def __init__(self, capacity, rng):
        self.capacity, self.rng, self.data, self.added = capacity, rng, [None] * capacity, 0

    def add(self, item):
        self.data[self.added % self.capacity] = item
        self.added += 1

    def sample(self, n):
        index = self.rng.choice(len(self), size=n, replace=False)
        return [self.data[i] for i in index]

    def __len__(self):
        return min(self.added, self.capacity)


class right_array_of_floats:
    def __init__(self, capacity, rng):
        self.data = np.zeros(capacity)
        self.size, self.position, self.rng = 0, 0, rng

    def add(self, item):
        self.data[self.position] = item
        self.position = (self.position + 1) % len(self.data)
        self.size = min(self.size + 1, len(self.data))

    def sample(self, n):
        return self.data[self.rng.integers(0, self.size, n)]

    def __len__(self):
        return self.size


class right_unseeded:
    def __init__(self, capacity, rng):
        self.capacity, self.items = capacity, []

    def add(self, item):
        self.items.append(item)
        if len(self.items) > self.capacity:
            self.items.pop(0)

    def sample(self, n):
        return random.sample(self.items, n)

    def __len__(self):
        return len(self.items)


class right_python_random:
    def __init__(self, capacity, rng):
        self.capacity, self.items, self.rng = capacity, [], rng

    def add(self, item):
        self.items = [*self.items, item][-self.capacity :]

    def sample(self, n):
        return tuple(self.rng.sample(self.items, n))

    def __len__(self):
        return len(self.items)


class right_sorted_indices:
    def __init__(self, capacity, rng):
        self.items, self.rng = deque([], capacity), rng

    def add(self, item):
        print("added", item)
        self.items.append(item)

    def sample(self, n):
        return np.array(self.items)[sorted(self.rng.permutation(len(self.items))[:n])]

    def __len__(self):
        return len(self.items)


class wrong_unbounded__list(right_unseeded):
    def add(self, item):
        self.items.append(item)


class wrong_drops_newest__if_full(right_unseeded):
    def add(self, item):
        if len(self.items) < self.capacity:
            self.items.append(item)


class wrong_drops_newest__pops_last(right_unseeded):
    def add(self, item):
        self.items.append(item)
        self.items = self.items[: self.capacity]


class wrong_not_fifo__pops_newest(right_unseeded):
    def add(self, item):
        if len(self.items) >= self.capacity:
            self.items.pop()
        self.items.append(item)


class wrong_not_fifo__overwrites_slot_zero(right_unseeded):
    def add(self, item):
        if len(self.items) < self.capacity:
            self.items.append(item)
        else:
            self.items[0] = item


class wrong_empty_slots__zeros(right_array_of_floats):
    def sample(self, n):
        return self.data[self.rng.integers(0, len(self.data), n)]


class wrong_empty_slots__none(right_ring):
    def sample(self, n):
        return [self.data[i] for i in self.rng.integers(self.capacity, size=n)]


class wrong_wrong_length__added(right_ring):
    def sample(self, n):
        return [self.data[i] for i in self.rng.integers(min(self.added, self.capacity), size=n)]

    def __len__(self):
        return self.added


class wrong_wrong_length__capacity(right_array_of_floats):
    def __len__(self):
        return len(self.data)


class wrong_clears_when_full__a(right_unseeded):
    def add(self, item):
        if len(self.items) == self.capacity:
            self.items = []
        self.items.append(item)

    def sample(self, n):
        return random.choices(self.items, k=n)


class wrong_newest_only__a(right_unseeded):
    def sample(self, n):
        return self.items[-n:]


class wrong_not_uniform__recent_more_often(right_deque):
    def sample(self, n):
        size = len(self.items)
        weights = np.arange(1, size + 1)
        return [self.items[i] for i in self.rng.choice(size, n, p=weights / weights.sum())]


class wrong_consecutive__block(right_deque):
    def sample(self, n):
        start = self.rng.integers(len(self.items))
        return [self.items[(start + i) % len(self.items)] for i in range(n)]


class wrong_misses_newest__a(right_deque):
    def sample(self, n):
        return [self.items[i] for i in self.rng.integers(0, len(self.items) - 1, n)]


class wrong_misses_oldest__a(right_deque):
    def sample(self, n):
        return [self.items[i] for i in self.rng.integers(1, len(self.items), n)]


class wrong_same_batch__fixed_seed(right_deque):
    def sample(self, n):
        rng = np.random.default_rng(0)
        return [self.items[i] for i in rng.integers(0, len(self.items), n)]


class wrong_removes_on_sample__a(right_unseeded):
    def sample(self, n):
        random.shuffle(self.items)
        return [self.items.pop() for _ in range(n)] if len(self.items) > n else self.items[:n]


class wrong_off_by_one__holds_one_less(right_unseeded):
    def add(self, item):
        self.items.append(item)
        if len(self.items) >= self.capacity:
            self.items.pop(0)


class wrong_off_by_one__holds_one_more(right_unseeded):
    def add(self, item):
        if len(self.items) > self.capacity:
            self.items.pop(0)
        self.items.append(item)


class wrong_not_fifo__random_eviction(right_unseeded):
    def add(self, item):
        if len(self.items) == self.capacity:
            self.items.pop(random.randrange(self.capacity))
        self.items.append(item)


class wrong_repeated_item__a(right_unseeded):
    def sample(self, n):
        return [random.choice(self.items)] * n


def wrong_none__a_function(capacity, rng):
    return right_deque(capacity, rng)


class wrong_none__no_len:
    def __init__(self, capacity, rng):
        self.items = []

    def add(self, item):
        self.items.append(item)

    def sample(self, n):
        return self.items[:n]


class right_object_array:
    def __init__(self, capacity, rng):
        self.capacity, self.rng, self.n = capacity, rng, 0
        self.data = np.empty(capacity, dtype=object)

    def add(self, item):
        self.data[self.n % self.capacity] = item
        self.n += 1

    def sample(self, n):
        return self.rng.choice(self.data[: len(self)], size=n, replace=False)

    def __len__(self):
        return min(self.n, self.capacity)


class wrong_not_uniform__modulo(right_object_array):
    def sample(self, n):
        return self.data[self.rng.integers(0, self.n, n) % self.capacity]


class wrong_returns_indices__a(right_object_array):
    def sample(self, n):
        return self.rng.integers(0, len(self), n)


class wrong_empty_slots__wraps_one_early(right_object_array):
    def add(self, item):
        self.data[self.n % (self.capacity - 1)] = item
        self.n += 1


class wrong_not_uniform__bell(right_object_array):
    def sample(self, n):
        size = len(self)
        index = np.round(self.rng.normal(size / 2, size / 4, n)).astype(int)
        return self.data[np.clip(index, 0, size - 1)]


class wrong_newest_only__backwards(right_object_array):
    def sample(self, n):
        return [self.data[(self.n - 1 - i) % self.capacity] for i in range(n)]
