"""An exercise without its answer: what `check` needs of one in a student's copy of the course.

A sheet has the visible cases, the right values on them, and the values that each known mistake leads to; no
line of code that computes any of these. So `check` says the same with it as with the exercise itself
(`tests/exercises/test_sheets.py`), and who reads it learns numbers for inputs that the judge does not use.
Of an exercise with instances of their own it has all of them; there a right value is the answer, so only
digests of it are kept. A sheet is JSON, packed by gzip.
"""

import base64
import gzip
import hashlib
import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rlcourse.grading.record import (
    INSTANCES,
    Answer,
    Case,
    Exercise,
    Mistake,
    Trace,
    instance_number,
    values_of,
)
from rlcourse.grading.rules import faults

RULES = "rlcourse.grading.rules."
VISIBLE = 0  # the seed of the cases that `check` tries
PLAIN = ("points", "minutes", "stars", "tolerance", "flat", "truth", "pure", "nan", "personal", "lines")
TUPLES = ("parts", "gradient")
BY_RULE = ("right", "remark", "seen", "measured")


@dataclass(frozen=True)
class Sheet(Exercise):
    """An exercise as `load` makes it of a file: values are looked up, nothing is computed."""

    about: dict = field(default_factory=dict)
    drawn: tuple[Case, ...] = ()  # the visible cases
    instances: tuple[Case, ...] = ()
    values: dict = field(default_factory=dict)  # key of a case -> the right values

    @property
    def name(self) -> str:
        return self.about["name"]

    @property
    def homework(self) -> int:
        return self.about["homework"]

    @property
    def parameters(self) -> list[str]:
        return list(self.about["spec"]["signature"])

    @property
    def spec(self) -> dict:
        return self.about["spec"]

    @property
    def random(self) -> bool:
        return self.about["random"]

    def expected(self, case: Case) -> Answer:
        """The right values of one case of this sheet; of an instance, told from their digests."""
        found = self.values[key(case)]
        if self.personal:
            known = range(len(self.about["faults"]))
            return {
                "value": np.array([labelled(case, run, digest, known) for run, digest in enumerate(found)])
            }
        return found

    def cases(self, seed: int, student: str | None = None) -> list[Case]:
        """The visible cases, or this student's instance. A sheet has no others, whatever the seed."""
        own = self.personal and student is not None
        number = instance_number(self.name, student) % len(self.instances) if own else 0
        cases = [self.instances[number]] if own else list(self.drawn)
        return cases if self.random else [*cases, dict(cases[0])]


def write(exercise: Exercise, path: Path, instances: int = INSTANCES) -> None:
    """The sheet of an exercise, with so many instances (fewer than INSTANCES only in tests).

    ValueError where what judges it could hold its answer.
    """
    cases = exercise.cases(VISIBLE)
    cases = cases if exercise.random else cases[:-1]
    about = {name: getattr(exercise, name) for name in (*PLAIN, "name", "homework", "spec", "random")}
    about |= {name: list(getattr(exercise, name)) for name in TUPLES}
    about |= {name: rule_of(exercise, name) for name in BY_RULE}
    about["mistakes"] = []
    if exercise.personal:
        home = sys.modules[exercise.reference.__module__]
        about |= {"faults": home.FAULTS, "shows": home.SHOWS}
        instances = [exercise.instance(number) for number in range(instances)]
        about["right_values"] = [digests(exercise, case) for case in (*cases, *instances)]
        about["instances"] = [asked_of(exercise, case) for case in instances]
        cases = [asked_of(exercise, case) for case in cases]
    else:
        with np.errstate(all="ignore"):
            about["right_values"] = [exercise.expected(case) for case in cases]
            about["mistakes"] = told(exercise, cases)
        if exercise.choices:
            about["choices"] = [exercise.choices(**case) for case in cases]
    about["cases"] = cases
    text = json.dumps(packed(about), ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def told(exercise: Exercise, cases: list[Case]) -> list | str:
    """The mistakes by their values, or by a trace's rule with its numbers for these cases.

    Where `rules` has a file of the exercise's mistakes, its name."""
    module = f"{RULES}{exercise.name}"
    if importlib.util.find_spec(module) and hasattr(importlib.import_module(module), "MISTAKES"):
        return module
    return [[m.word, m.hint, *known_by(exercise, m, cases)] for m in exercise.mistakes]


def known_by(exercise: Exercise, mistake: Mistake, cases: list[Case]) -> list:
    """[values by way and case], or [the rule of its trace, its numbers by case]."""
    trace = mistake.shows
    if not trace:
        return [[[values_of(wrong, case) for case in cases] for wrong in mistake.wrongs]]
    rule = named_rule(exercise, getattr(trace, "rule", trace))
    return [rule, [trace.numbers(**case) for case in cases]]


def rule_of(exercise: Exercise, name: str) -> list[str] | None:
    """[module, function] by which an exercise judges, where it does: one of `rules`, which hold no answer."""
    function = getattr(exercise, name)
    return named_rule(exercise, function) if function else None


def named_rule(exercise: Exercise, function: Callable) -> list[str]:
    if not function.__module__.startswith(RULES):
        raise ValueError(
            f"{exercise.name}: `{function.__name__}` belongs into {RULES[:-1]}, without a line of the answer"
        )
    return [function.__module__, function.__name__]


def load(path: Path) -> Sheet:
    """The exercise whose sheet stands at `path`."""
    about = unpacked(json.loads(gzip.decompress(Path(path).read_bytes())))
    drawn, instances = tuple(about.pop("cases")), tuple(about.pop("instances", ()))
    keys = [key(case) for case in (*drawn, *instances)]
    values = dict(zip(keys, about.pop("right_values"), strict=True))
    how = {name: about[name] for name in PLAIN} | {name: tuple(about[name]) for name in TUPLES}
    for name in BY_RULE:
        if about[name]:
            module, function = about[name]
            how[name] = getattr(importlib.import_module(module), function)
    if "choices" in about:
        how["choices"] = looked_up(keys, about.pop("choices"))
    listed = about.pop("mistakes")
    if isinstance(listed, str):
        mistakes = importlib.import_module(listed).MISTAKES
    else:
        mistakes = tuple(mistake_of(keys, *parts) for parts in listed)
    sheet = Sheet(
        None, None, mistakes=mistakes, about=about, drawn=drawn, instances=instances, values=values, **how
    )
    if not sheet.personal:
        return sheet
    named = faults.mistakes(about["faults"], about["shows"], lambda **case: sheet.expected(case)["value"])
    object.__setattr__(sheet, "mistakes", named)
    return sheet


def mistake_of(keys: list[bytes], word: str, hint: str, how: list, numbers: list | None = None) -> Mistake:
    """A mistake of a sheet: its values by way and case, or the rule of its trace and numbers by case."""
    if numbers is None:
        return Mistake(word, hint, *(looked_up(keys, found) for found in how))
    module, function = how
    return Mistake(
        word, hint, shows=Trace(getattr(importlib.import_module(module), function), looked_up(keys, numbers))
    )


def looked_up(keys: list[bytes], found: list) -> Callable:
    """(**case) -> what was found for that case."""
    by_key = dict(zip(keys, found, strict=False))
    return lambda **case: by_key[key(case)]


def key(case: Case) -> bytes:
    """What tells one case from another."""
    parts = [
        f"{name} {np.shape(case[name])}".encode() + np.asarray(case[name]).tobytes() for name in sorted(case)
    ]
    return hashlib.sha256(b"".join(parts)).digest()


# An instance's answer: the number of a fault for each run, kept as digests.


def asked_of(exercise: Exercise, case: Case) -> Case:
    """What a student is given of an instance: not the world in which its runs were made."""
    return {name: case[name] for name in exercise.parameters}


def digests(exercise: Exercise, case: Case) -> list[str]:
    own, labels = asked_of(exercise, case), exercise.expected(case)["value"]
    return [digest_of(own, run, int(label)) for run, label in enumerate(labels)]


def digest_of(case: Case, run: int, label: int) -> str:
    return hashlib.blake2b(f"{run} {label}".encode(), key=key(case), digest_size=8).hexdigest()


def labelled(case: Case, run: int, digest: str, known: range) -> float:
    return next(float(label) for label in known if digest_of(case, run, label) == digest)


# Arrays in JSON.


def packed(value: Any) -> Any:
    """Arrays as {"array": bytes in base64, "dtype", "shape"}; float64 that float32 holds takes half."""
    if isinstance(value, dict):
        return {name: packed(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [packed(part) for part in value]
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, np.ndarray):
        return value
    stored = value
    if value.dtype == np.float64:
        with np.errstate(over="ignore"):
            single = value.astype(np.float32)
        stored = single if np.array_equal(single.astype(np.float64), value, equal_nan=True) else value
    data = base64.b64encode(np.ascontiguousarray(stored).tobytes()).decode()
    return {"array": data, "stored": stored.dtype.str, "dtype": value.dtype.str, "shape": list(value.shape)}


def unpacked(value: Any) -> Any:
    """What `packed` packed."""
    if isinstance(value, list):
        return [unpacked(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "array" not in value:
        return {name: unpacked(part) for name, part in value.items()}
    flat = np.frombuffer(base64.b64decode(value["array"]), value["stored"])
    return flat.reshape(value["shape"]).astype(value["dtype"])
