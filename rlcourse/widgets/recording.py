"""Recordings: curves of runs that were made before the lecture, for the minutes until there is a live one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rlcourse.widgets.session import LiveRun, named


def record(
    algorithm: Any, env: Any, path: str | Path, steps: int = 20_000, seeds: int | list[int] = 4,
    note: str = "", trainer: Callable | None = None, **options: Any,
) -> Path:  # fmt: skip
    """Train without a page; write the curves as the JSON file that `live(recorded=…)` shows.

    `python3 -m rlcourse record 07` does so with every such panel of a page.
    """
    if trainer is None:
        from rlcourse.training import train as trainer

    runs = []
    for label, one in named(algorithm).items():
        curve = trainer(one, env, steps=steps, seeds=seeds, **options).curve
        returns = [[float(f"{x:.5g}") for x in seed] for seed in curve.returns.tolist()]
        runs.append({"label": label, "steps": curve.steps.tolist(), "returns": returns})
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"env": str(env), "note": note, "runs": runs}) + "\n", encoding="utf-8")
    return path


def recorded_runs(path: str | Path) -> list[LiveRun]:
    """The curves of a file that `record` wrote.

    Raises ValueError, in one line, for a file that is missing or holds no curves.
    """
    try:
        text = json.loads(Path(path).read_text(encoding="utf-8"))
        runs = [
            LiveRun(run["label"], np.asarray(run["steps"]), np.asarray(run["returns"], float), "recorded")
            for run in text["runs"]
        ]
        for run in runs:
            if run.returns.ndim != 2 or run.returns.shape[1:] != run.steps.shape or not len(run.steps):
                raise ValueError(f"{run.label}: returns {run.returns.shape}, steps {run.steps.shape}")
            if not np.isfinite(run.returns).all():
                raise ValueError(f"{run.label}: a return is not finite")
    except FileNotFoundError:
        raise ValueError(f"No recording {path}: `record` makes one.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"The recording {path} cannot be read ({error}): `record` makes it anew.") from None
    return runs
