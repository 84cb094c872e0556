"""A ring of the newest `capacity` items; sample(n) draws from those stored, each with probability 1/len.

`rng` is a NumPy Generator; drawing with or without replacement is equally right. Items are numbered from 1001
on, so that a draw tells which it was. What is certain (the lengths) is compared; what is drawn is judged by
`fair`.
"""

import numpy as np

from rlcourse.grading.record import Exercise
from rlcourse.grading.rules.ReplayBuffer import MISTAKES, fair, remarks, seen


class ReplayBuffer:
    def __init__(self, capacity, rng):
        self.capacity, self.rng = capacity, rng
        self.items, self.added = [], 0

    def add(self, item):
        if len(self.items) < self.capacity:
            self.items.append(item)
        else:
            self.items[self.added % self.capacity] = item
        self.added += 1

    def sample(self, n):
        return [self.items[i] for i in self.rng.integers(len(self.items), size=n)]

    def __len__(self):
        return len(self.items)


def draw(rng):
    shapes = (  # capacity, adds, draws
        (7, 7 * 2 + int(rng.integers(2, 6)), 200),  # wrapped more than twice
        (6, 6 + int(rng.integers(2, 4)), 800),  # wrapped by a part: some slots were written twice
        (9, 6, 200),  # not yet full
        (5, 5, 200),  # exactly full
    )
    return [
        {"capacity": c, "adds": a, "batch": 3, "draws": n, "seed": int(rng.integers(1, 2**31))}
        for c, a, n in shapes
    ]


def adaptor(cls, case, plain):
    """Add items 1001, 1002, …; then draw many batches. Twice, from one seed. Then transitions as items."""
    import random

    import numpy as np

    capacity, adds, batch, draws, seed = (
        int(case[name]) for name in ("capacity", "adds", "batch", "draws", "seed")
    )

    def fill(rng):
        buffer, lengths = cls(capacity, rng), []
        for item in range(1, adds + 1):
            buffer.add(1000 + item)
            lengths.append(float(len(buffer)))
        return buffer, lengths

    def drain(buffer, draws):
        """So many batches, and the length after the first; a buffer that sampling empties: one batch."""
        before, batches = len(buffer), [items(buffer.sample(batch))]
        after = len(buffer)
        while len(batches) < draws:
            batches.append(items(buffer.sample(batch)) if after == before else batches[0])
        return batches, float(after)

    def items(sample):
        """A batch as numbers; an empty slot (None) becomes −1."""
        if isinstance(sample, np.ndarray) and sample.dtype == object:
            sample = sample.tolist()
        if isinstance(sample, (list, tuple)):
            sample = [-1 if item is None else item for item in sample]
        return plain(sample, size=batch, who=f"sample({batch})").reshape(batch)

    def transitions(buffer):
        """Do items that are tuples of arrays come back as they were put in? 1.0 or 0.0."""
        made = [(np.full(2, float(n)), float(n), np.ones(2)) for n in range(3)]
        try:
            for item in made:
                buffer.add(item)
            batch = list(buffer.sample(2))
            return float(all(any(item is one for one in made) for item in batch))
        except Exception:  # NumPy makes no array of these
            return 0.0

    last = None
    for make_rng in (np.random.default_rng, random.Random, np.random.RandomState):
        try:
            buffer, lengths = fill(make_rng(seed))
            many, after = drain(buffer, draws)
            twin, _ = fill(make_rng(seed))
            again, _ = drain(twin, 5)
            whole = transitions(cls(3, make_rng(seed)))
        except (AttributeError, TypeError) as error:  # perhaps written for another kind of generator
            last = last or error
            continue
        return {
            "lengths": lengths,
            "draws": np.array(many),
            "length_after": after,
            "again": np.array(again),
            "transitions": whole,
        }
    raise last


def certain(capacity, adds, batch, draws, seed):
    """The lengths; of the draws their shape only."""
    held = 1001.0 + np.arange(max(0, adds - capacity), adds)
    return {
        "lengths": np.minimum(np.arange(1, adds + 1), capacity),
        "length_after": min(adds, capacity),
        "draws": np.resize(held, (draws, batch)),
        "again": np.resize(held, (5, batch)),
        "transitions": 1.0,
    }


VIVA = (
    "Capacity 3, items 1 to 5 added: write down what each slot holds now.",
    "Does drawing with or without replacement change what the critic learns, in expectation?",
    "When would you rather throw old transitions away earlier than a ring does?",
)

EXERCISE = Exercise(
    ReplayBuffer,
    draw,
    points=5,
    minutes=20,
    stars=2,
    mistakes=MISTAKES,
    adaptor=adaptor,
    certain=certain,
    right=fair,
    remark=remarks,
    seen=seen,
    viva=VIVA,
)
