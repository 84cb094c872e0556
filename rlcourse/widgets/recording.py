"""Recordings: curves of runs that were made before the lecture, for the minutes until there is a live one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from rlcourse.widgets.session import LiveRun, named


def record(
    algorithm: Any, env: Any, path: str | Path, steps: int = 20_000, seeds: int | list[int] = 4,
    note: str = "", **options: Any,
) -> Path:  # fmt: skip
    """Train without a page; write the curves as the JSON file that `live(recorded=…)` shows."""
    from rlcourse.training import train

    runs = []
    for label, one in named(algorithm).items():
        curve = train(one, env, steps=steps, seeds=seeds, **options).curve
        returns = np.round(curve.returns, 1)
        runs.append({"label": label, "steps": curve.steps.tolist(), "returns": returns.tolist()})
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"env": str(env), "note": note, "runs": runs}) + "\n", encoding="utf-8")
    return path


def recorded_runs(path: str | Path) -> list[LiveRun]:
    """The curves of a file that `record` wrote."""
    runs = json.loads(Path(path).read_text(encoding="utf-8"))["runs"]
    return [
        LiveRun(run["label"], np.asarray(run["steps"]), np.asarray(run["returns"]), "recorded")
        for run in runs
    ]
