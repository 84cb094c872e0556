"""A shuffled partition of 0 … n − 1 into pieces of `size`, the last may be smaller: a list of index arrays.

rng is a NumPy Generator and the only source of chance; every call gives another order, and the order inside a
piece is shuffled, too. The answer is called many times (400 where each place of each index is counted, 60
elsewhere); what is compared is what is sure of these calls: the lengths, and whether each property holds
(1 or 0).
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake
from rlcourse.grading.rules.minibatches import measured, seen


def minibatches(n, size, rng):
    order = rng.permutation(n)
    return [order[i : i + size] for i in range(0, n, size)]


def draw(rng):
    shapes = ((40, 8), (30, 7), (14, 4), (24, 24), (12, 20), (8, 1))
    return [{"n": n, "size": size, "seed": int(rng.integers(1, 2**31))} for n, size in shapes]


def adaptor(function, case, plain):
    """The pieces of many calls, as they came: what they show is measured by who judges, not here, where an
    answer could say of itself that it is right."""
    import numpy as np

    n, size, seed = int(case["n"]), int(case["size"]), int(case["seed"])

    def call(rng):
        pieces = [plain(piece) for piece in function(n, size, rng)]
        if any(piece.ndim != 1 for piece in pieces):
            raise ValueError("minibatches must return a list of index arrays, each of one dimension")
        return pieces

    rng, twin, other = (np.random.default_rng(s) for s in (seed, seed, seed + 1))
    calls = [call(rng) for _ in range(400 if n <= 16 else 60)]
    calls += [call(one) for one in (twin, other) for _ in range(8)]
    pieces = [piece for found in calls for piece in found]
    return {
        "indices": np.concatenate([*pieces, np.zeros(0)]),
        "sizes": [len(piece) for piece in pieces],
        "pieces": [len(found) for found in calls],
    }


def oracle(n, size, seed):
    """Lengths and properties of a right answer."""
    return {
        "lengths": [size] * (n // size) + [n % size] * (n % size > 0),
        "short_one_last": 1.0, "some_missing": 0.0, "some_repeated": 0.0, "out_of_range": 0.0,
        "another_order": 1.0, "same_for_same_rng": 1.0, "other_for_other_rng": 1.0, "other_members": 1.0,
        "neighbours_parted": 1.0, "shuffled_inside": 1.0, "places_alike": 1.0,
    }  # fmt: skip


def but(*flipped, lengths=None, only=lambda n, size: True):
    """A right answer with some properties turned round, in cases for which `only` holds.

    A property that a case cannot show is left as it is: pieces of one entry have no order inside.
    """

    def wrong(n, size, seed):
        found = oracle(n, size, seed)
        if not only(n, size):
            return found
        for name in flipped:
            if SHOWS.get(name, only)(n, size):
                found[name] = 1.0 - found[name]
        if lengths:
            found["lengths"] = lengths(n, size)
        if not len(found["lengths"]):  # no piece at all has no order
            found |= {"another_order": 0.0, "other_for_other_rng": 0.0, "some_repeated": 0.0}
        return found

    return wrong


def several(n, size):
    return 2 <= size < n


SHOWS = {
    "other_members": several,
    "neighbours_parted": several,
    "shuffled_inside": lambda n, size: min(n, size) > 2,
    "places_alike": lambda n, size: n <= 16,
    "short_one_last": lambda n, size: n % size > 0 and size < n,
}


def rest(n, size):
    return n % size > 0


def full(n, size):
    return [size] * (n // size)


def bootstrap(lengths, permutes=False):
    """Pieces drawn apart from each other: some indices come twice, some never."""
    return but("some_missing", "some_repeated", lengths=lengths,
               only=lambda n, size: not (permutes and size >= n))  # fmt: skip


def balanced(n, size):
    k = -(-n // size)
    return sorted((len(piece) for piece in np.array_split(np.arange(n), k)), reverse=True)


def so_many(n, size):
    return sorted((len(piece) for piece in np.array_split(np.arange(n), size)), reverse=True)


def right_lengths(n, size):
    return oracle(n, size, 0)["lengths"]


def pieces_shuffled(n, size, seed):
    found = but("other_members", "neighbours_parted", "shuffled_inside", "short_one_last", "places_alike")(
        n, size, seed
    )
    if size >= n:  # one piece, as it was
        found |= {"another_order": 0.0, "other_for_other_rng": 0.0}
    return found | ({"places_alike": 1.0} if size == 1 else {})


def inside_shuffled(n, size, seed):
    if size >= n:
        return oracle(n, size, seed)
    found = but("other_members", "neighbours_parted", "places_alike")(n, size, seed)
    return found | ({"another_order": 0.0, "other_for_other_rng": 0.0} if size == 1 else {})


def sorted_pieces(n, size, seed):
    if size == 1:
        return oracle(n, size, seed)
    found = but("shuffled_inside", "places_alike")(n, size, seed)
    return found | ({"another_order": 0.0, "other_for_other_rng": 0.0} if size >= n else {})


MISTAKES = (
    Mistake("not_shuffled",
        "The indices are not shuffled: neighbours in time, which are alike, would share a minibatch. Cut a "
        "permutation into pieces.",
        but("another_order", "other_for_other_rng", "other_members", "neighbours_parted", "shuffled_inside",
            "places_alike")),
    Mistake("same_order_each_call",
        "Every call gives the same order: a generator of your own is made inside. Draw from the "
        "argument rng.",
        but("another_order", "other_for_other_rng", "other_members", "places_alike")),
    Mistake("rng_ignored",
        "The order does not come from rng: a run cannot be repeated. Draw from the argument, not from "
        "np.random or another generator.",
        but("same_for_same_rng")),
    Mistake("only_pieces_shuffled",
        "Only the order of the pieces is shuffled. Neighbours stay together: shuffle the indices before they "
        "are cut.",
        pieces_shuffled),
    Mistake("only_inside_shuffled",
        "Each piece is shuffled within itself, its members are always the same. Shuffle before cutting.",
        inside_shuffled),
    Mistake("sorted_inside", "The pieces are sorted. Their order is shuffled, too.",
        sorted_pieces),
    Mistake("rest_dropped", "The last, smaller piece is lost, and with it data in every epoch.",
        but("some_missing", lengths=full, only=rest)),
    Mistake("last_dropped", "The last piece is lost, whatever its length: check the range of the loop.",
        but("some_missing", lengths=lambda n, size: right_lengths(n, size)[:-1])),
    Mistake("first_dropped", "The first piece is lost: the loop starts at 0.",
        but("some_missing", lengths=lambda n, size: right_lengths(n, size)[1:])),
    Mistake("rest_filled_up", "The last piece is filled up with indices that came before.",
        but("some_repeated", lengths=lambda n, size: [size] * -(-n // size), only=rest),
        but("some_repeated", lengths=lambda n, size: [size] * -(-n // size),
            only=lambda n, size: rest(n, size) and size < n)),
    Mistake("with_replacement",
        "The pieces are drawn apart from each other, so that some indices come twice and others never. One "
        "permutation is cut.",
        bootstrap(None), bootstrap(full), bootstrap(lambda n, size: [size] * -(-n // size)),
        bootstrap(None, permutes=True),
        but("some_missing", "some_repeated", lengths=full, only=lambda n, size: n != size),
        bootstrap(lambda n, size: [size] * max(n // size, 1)),
        but("some_missing", "some_repeated", only=lambda n, size: size < n)),
    Mistake("evenly_split", "The pieces are made equally long. `size` is asked, the last may be smaller.",
        but(lengths=balanced)),
    Mistake("size_as_number", "`size` is taken for the number of pieces. It is the length of each.",
        but(lengths=so_many)),
    Mistake("rest_added", "The rest is added to the last full piece, or is alone in it: no piece is longer "
        "than `size`.",
        but(lengths=lambda n, size: sorted([*full(n, size)[:-1], size + n % size], reverse=True),
            only=lambda n, size: rest(n, size) and size < n)),
    Mistake("counts_from_one", "The indices run from 1. They are positions in arrays: 0 … n − 1.",
        but("some_missing", "out_of_range")),
    Mistake("short_piece_not_last", "The smaller piece is not always the last.", but("short_one_last")),
    Mistake("one_index_left_out", "One index is in no piece: check the range.",
        but("some_missing", lengths=lambda n, size: right_lengths(n - 1, size)),
        but("some_missing", lengths=lambda n, size: [k - 1 for k in right_lengths(n, size)])),
    Mistake("one_piece", "Everything is in one piece. Cut it into pieces of `size`.",
        but(lengths=lambda n, size: [n])),
    Mistake("first_piece_only", "Only one piece comes back. A list of all of them is asked.",
        but("some_missing", lengths=lambda n, size: right_lengths(n, size)[:1],
            only=lambda n, size: size < n)),
    Mistake("overlap", "Neighbouring pieces share indices: the next begins where the last ends.",
        but("some_repeated", lengths=lambda n, size: sorted(
            (min(size, n - i) for i in range(0, n, max(size - 1, 1))), reverse=True))),
    Mistake("rotated", "The order is only turned, or begins elsewhere: neighbours stay together.",
        but("neighbours_parted")),
    Mistake("not_uniform", "Some indices come to some places more often than to others.",
        but("places_alike")),
)  # fmt: skip


VIVA = (
    "Ten epochs of one batch: how often is each transition used, and may two epochs share a minibatch?",
    "Give me a seed. How do you show that a run of yours can be repeated?",
    "The smaller last piece has one entry. What does normalising the advantage per minibatch make of it?",
)

EXERCISE = Exercise(
    minibatches,
    draw,
    points=3,
    minutes=10,
    stars=2,
    mistakes=MISTAKES,
    adaptor=adaptor,
    oracle=oracle,
    seen=seen,
    measured=measured,
    viva=VIVA,
)
