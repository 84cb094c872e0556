"""Is a replay buffer fair? Its draws are random: statistics judge them; mistakes are told by their traces."""

from collections.abc import Callable

import numpy as np

from rlcourse.grading.record import Answer, Case, Mistake

FALSE_ALARM = 1e-6  # of one check on a right buffer: all tests of a check together, a union bound


def fair(case: Case, answer: Answer, expected: Answer, tolerance: float) -> bool:
    """Lengths exact, every draw from the newest `capacity` items, uniform and not in runs.

    Each count k of N draws is judged by Chernoff's bound, P ≤ 2 exp(−N KL(k/N ‖ p)); it holds for draws with
    replacement, and for draws without (Hoeffding 1963, §6).
    """
    return (
        all(answer[name].shape == values.shape for name, values in expected.items())
        and np.array_equal(answer["lengths"], expected["lengths"])
        and bool(answer["length_after"] == expected["length_after"])
        and support_right(case, answer)
        and even(case, answer)
    )


def held_items(case: Case) -> np.ndarray:
    return 1001.0 + np.arange(max(0, case["adds"] - case["capacity"]), case["adds"])


def support_right(case: Case, answer: Answer) -> bool:
    return set(np.unique(answer["draws"])) == set(held_items(case))


def surprising(k: int, n: int, p: float, tests: int = 100) -> bool:
    """Is a count of k among n, each of probability p, too rare for one of `tests` tests?"""
    q = k / n
    kl = sum(a * np.log(a / b) for a, b in ((q, p), (1 - q, 1 - p)) if a > 0)
    return 2 * np.exp(-n * kl) < FALSE_ALARM / tests


def even(case: Case, answer: Answer) -> bool:
    held, draws = held_items(case), answer["draws"]
    counts = [(draws == item).sum() for item in held]
    fair_counts = not any(surprising(k, draws.size, 1 / len(held)) for k in counts)
    return fair_counts and not in_runs(case, answer) and not repeats(case, answer)


def repeats(case: Case, answer: Answer) -> bool:
    """Are batches one item repeated, more often than chance allows?"""
    draws = answer["draws"]
    same = np.all(draws == draws[:, :1], axis=1).sum()
    chance = len(held_items(case)) ** (1.0 - draws.shape[1])
    return same > chance * len(draws) and surprising(same, len(draws), chance)


def in_runs(case: Case, answer: Answer) -> bool:
    """Are batches runs of neighbours (in age, cyclically) more often than chance allows?"""
    held, draws = held_items(case), np.sort(answer["draws"], axis=1) - 1001
    size, batch = len(held), draws.shape[1]
    if batch >= size - 1:
        return False
    gaps = np.diff(np.concatenate([draws, draws[:, :1] + size], axis=1), axis=1)
    runs = ((gaps == 1).sum(axis=1) == batch - 1).sum()
    chance = size / float(np.prod([size - i for i in range(batch)])) * float(np.prod(range(1, batch + 1)))
    return runs > chance * len(draws) and surprising(runs, len(draws), chance)


# Traces that mistakes leave.


def lengths_are(*rules: Callable) -> Callable:
    """len(buffer) after n items follows one of the rules (n, capacity)."""
    return lambda case, answer: any(
        np.array_equal(answer["lengths"], [rule(n, case["capacity"]) for n in range(1, case["adds"] + 1)])
        for rule in rules
    )


def counts_all(case: Case, answer: Answer) -> bool:
    return case["adds"] > case["capacity"] and lengths_are(lambda n, c: n)(case, answer)


def positions(case: Case, answer: Answer) -> bool:
    return bool(np.all(answer["draws"] < case["capacity"]) and np.any(answer["draws"] > 0))


def first_items_stay(case: Case, answer: Answer) -> bool:
    return case["adds"] > case["capacity"] and answer["draws"].max() <= 1000 + case["capacity"]


def unused_slots(case: Case, answer: Answer) -> bool:
    return bool(np.any((answer["draws"] < 1001) | (answer["draws"] > 1000 + case["adds"])))


def misses(which: int) -> Callable:
    def shows(case, answer):
        missing = set(held_items(case)) - set(np.unique(answer["draws"]))
        extra = set(np.unique(answer["draws"])) - set(held_items(case))
        return not extra and missing == {held_items(case)[which]}

    return shows


def misses_a_slot(case: Case, answer: Answer) -> bool:
    """One slot of the ring is never drawn (which item lies there depends on the wrap)."""
    drawn = set(np.unique(answer["draws"]))
    return drawn < set(held_items(case)) and len(drawn) == len(held_items(case)) - 1


def old_items(case: Case, answer: Answer) -> bool:
    return bool(np.any(answer["draws"] < held_items(case)[0])) and not unused_slots(case, answer)


def one_batch(case: Case, answer: Answer) -> bool:
    return bool(np.all(answer["draws"] == answer["draws"][:1]))


def newest_only(case: Case, answer: Answer) -> bool:
    drawn = np.unique(answer["draws"])
    return len(drawn) < len(held_items(case)) and set(drawn) == set(held_items(case)[-len(drawn) :])


def oldest_only(case: Case, answer: Answer) -> bool:
    drawn = np.unique(answer["draws"])
    return len(drawn) < len(held_items(case)) and set(drawn) == set(held_items(case)[: len(drawn)])


def remarks(cases: list[Case], answers: list[Answer]) -> str:
    """What a right buffer may still do better."""
    said = []
    if not all(np.array_equal(a["draws"][:5], a["again"]) for a in answers):
        said.append(
            "Two buffers with the same rng drew differently: draw from rng, and a run can be repeated."
        )
    if not all(a["transitions"] for a in answers):
        said.append(
            "Items that are tuples of arrays, as (s, a, r, s′) are, do not come back from sample: draw "
            "positions with rng.integers and return the items themselves."
        )
    return f"({' '.join(said)})" if said else ""


def seen(cases: list[Case], answers: list[Answer], expected: list[Answer], right: list[bool]) -> str:
    """What the first case that is not right shows, without a reason."""
    i = right.index(False)
    case, answer, sure = cases[i], answers[i], expected[i]
    held = held_items(case)
    begin = f"Items 1001 to {1000 + case['adds']} are added to a buffer of capacity {case['capacity']}."
    if any(answer[name].shape != np.shape(values) for name, values in sure.items()):
        return f"{begin} What comes back is not of the asked number."
    draws = answer["draws"]
    counts = [int((draws == item).sum()) for item in held]
    strange = np.setdiff1d(draws, held)
    off = np.flatnonzero(answer["lengths"] != sure["lengths"])
    if len(off):
        now = f"After {off[0] + 1} of them, len(buffer) is {answer['lengths'][off[0]]:g}"
        return f"{begin} {now}, expected {sure['lengths'][off[0]]:g}."
    if answer["length_after"] != sure["length_after"]:
        return f"{begin} After one sample, len(buffer) is {float(answer['length_after']):g}."
    if len(strange):
        what = f"an item numbered {strange[0]:g}" if strange[0] >= 0 else "an empty slot"
        return f"{begin} Stored are {held[0]:g} to {held[-1]:g}; sample returned {what}."
    if min(counts) == 0:
        never = ", ".join(f"{item:g}" for item, k in zip(held, counts, strict=True) if k == 0)
        return f"{begin} In {draws.size} draws, these stored items never came: {never}."
    spread = (
        f"The rarest item came {min(counts)} times in {draws.size} draws, the most frequent {max(counts)}."
    )
    batches = "; ".join(", ".join(f"{item:g}" for item in batch) for batch in draws[:3])
    return f"{begin} {spread} The first batches: {batches}."


MISTAKES = (
    Mistake("returns_indices",
        "These look like positions in the buffer, not like the items stored there: return the items.",
        shows=positions),
    Mistake("unbounded",
        "The buffer grows past its capacity. When it is full, the newest item must take the place of the "
        "oldest.",
        shows=lambda case, answer: counts_all(case, answer) and old_items(case, answer)),
    Mistake("wrong_length",
        "len(buffer) counts every item ever added. It must be what is stored: min(added, capacity).",
        shows=lambda case, answer: counts_all(case, answer) and not old_items(case, answer)),
    Mistake("empty_slots",
        "Slots that hold nothing yet are drawn: sample among the len(buffer) items stored, not among "
        "capacity.",
        shows=unused_slots),
    Mistake("wrong_length",
        "len(buffer) is the capacity from the start. It must be what is stored: min(added, capacity).",
        shows=lengths_are(lambda n, c: c)),
    Mistake("drops_newest",
        "Once full, your buffer ignores new items. It must drop the oldest, or the agent stops learning from "
        "what it does.",
        shows=first_items_stay),
    Mistake("clears_when_full", "The buffer empties itself when it is full. Only the oldest item must go.",
        shows=lambda case, answer: bool(np.any(np.diff(answer["lengths"]) < 0))),
    Mistake("off_by_one",
        "The buffer holds one item fewer or more than its capacity: check the comparison with capacity, and "
        "the modulus.",
        shows=lengths_are(lambda n, c: min(n, c - 1), lambda n, c: min(n, c + 1))),
    Mistake("wrong_length",
        "len(buffer) is the place where the next item goes, not the number of items stored.",
        shows=lengths_are(lambda n, c: n % c, lambda n, c: (n - 1) % c)),
    Mistake("removes_on_sample",
        "Drawing takes items out of the buffer. A transition may be drawn again: that is where replay's data "
        "efficiency comes from.",
        shows=lambda case, answer: answer["length_after"] < answer["lengths"][-1]),
    Mistake("misses_oldest", "The oldest item is never drawn: indices start at 0.", shows=misses(0)),
    Mistake("misses_newest",
        "The newest item is never drawn: the upper end of rng.integers is already excluded.",
        shows=misses(-1)),
    Mistake("newest_only",
        "Only the newest items are drawn. Replay decorrelates because it draws from everything stored.",
        shows=newest_only),
    Mistake("oldest_only", "Only the oldest items are drawn. Draw from everything stored.",
        shows=oldest_only),
    Mistake("same_batch",
        "Every call of sample returns the same batch: draw new indices in every call, from the generator "
        "that __init__ was given.",
        shows=one_batch),
    Mistake("wrong_length", "len(buffer) must be min(added, capacity) after every add.",
        shows=lambda case, answer: not lengths_are(min)(case, answer)),
    Mistake("misses_a_slot",
        "One slot is never drawn: check both ends of the index range (rng.integers excludes the upper end).",
        shows=misses_a_slot),
    Mistake("not_fifo",
        "Items are overwritten in the wrong order: some older than the newest `capacity` survive. Write to "
        "slot (number added) mod capacity.",
        shows=old_items),
    Mistake("repeated_item", "A batch is one item repeated. Draw each item of the batch on its own.",
        shows=repeats),
    Mistake("consecutive",
        "Batches are runs of neighbours. Neighbouring transitions are correlated, which replay is there to "
        "break: draw each item on its own.",
        shows=lambda case, answer: support_right(case, answer) and in_runs(case, answer)),
    Mistake("not_uniform",
        "Some items are drawn more often than others. Every stored item must be equally likely.",
        shows=lambda case, answer: not even(case, answer)),
)  # fmt: skip
