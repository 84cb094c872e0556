"""What a training run leaves behind: a record, and the folder that it is written to."""

import csv
import io
import json
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch

import rlcourse
from rlcourse import checkpoints
from rlcourse.agents import Policy, Spaces
from rlcourse.parts.networks import plain_tensors
from rlcourse.parts.randomness import Seeds
from rlcourse.parts.settings import as_json, check_settings, from_json
from rlcourse.parts.wrapped import by_member


@dataclass
class Curve:
    """Mean evaluation return of each seed against training steps. Steps are environment steps per seed."""

    steps: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))  # [E]
    seconds: np.ndarray = field(default_factory=lambda: np.zeros(0))  # [E] training, all seeds together
    returns: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))  # [S, E]


@dataclass
class Run:
    """What a training run leaves: curve, metrics, trained policies, status.

    status: "running", "finished", "stopped" (by a callback or Ctrl-C), "interrupted" (its process died),
    "failed" (see `reason`).
    metrics: name → [S, L] (NaN where there was nothing to log), with "steps" [L] and "steps_per_second" [L],
    summed over seeds.
    """

    algorithm: object
    env: str
    seeds: list
    total_steps: int
    curve: Curve = field(default_factory=Curve)
    metrics: dict = field(default_factory=dict)
    status: str = "running"
    reason: str = ""
    metadata: dict = field(default_factory=dict)
    policy: Policy | None = None
    best: Policy | None = None  # of each seed, as it was at the highest point of its curve
    checkpoint: dict | None = field(default=None, repr=False)  # from which a finished run continues

    def agent(self, seed: int, best: bool = False) -> Policy:
        """The trained policy of one seed: .act(obs [O] or [B, O]).

        best: as it was at the highest point of the seed's curve, and not at the end. That point is the
        luckiest of many, so what the policy is worth, a fresh `evaluate` says. Raises ValueError for a seed
        that was not trained.
        """
        if seed not in self.seeds:
            raise ValueError(f"Run.agent: seed {seed!r} was not trained; the seeds are {self.seeds}")
        return (self.best if best else self.policy).member(self.seeds.index(seed))

    def save(self, folder: str | Path) -> Path:
        """Write curve.csv, metrics.csv, run.json, and the checkpoint for `train(…, resume=folder)`."""
        folder = checkpoints.make_folder(folder)
        self.write_tables(folder)
        if self.checkpoint is None:
            raise ValueError(
                "Run.save: this run goes on, was loaded, or comes from another process; within a callback "
                "use training.save(folder), else copy its folder instead"
            )
        checkpoints.save(folder, self.checkpoint)
        return folder

    def write_tables(self, folder: Path) -> None:
        """curve.csv, metrics.csv and run.json, each written whole or not at all."""
        seed_names = [f"seed {seed}" for seed in self.seeds]
        table = np.column_stack([self.curve.steps, self.curve.seconds, self.curve.returns.T])
        checkpoints.write_atomically(folder / "curve.csv", _csv(["steps", "seconds", *seed_names], table))
        if self.metrics:
            each = [(name, np.atleast_2d(value)) for name, value in self.metrics.items()]
            names = [f"{name} {s}" if len(v) > 1 else name for name, v in each for s in seed_names[: len(v)]]
            table = np.concatenate([value for _, value in each]).T
            checkpoints.write_atomically(folder / "metrics.csv", _csv(names, table))
        text = json.dumps(self._description(), indent=2, ensure_ascii=False)
        checkpoints.write_atomically(folder / "run.json", lambda file: file.write(text.encode()))

    def _description(self):
        names = {"module": type(self.algorithm).__module__, "algorithm": type(self.algorithm).__name__}
        plan = {"env": self.env, "seeds": self.seeds, "total_steps": self.total_steps}
        now = {"status": self.status, "reason": self.reason}
        return {**names, "settings": as_json(self.algorithm), **plan, **now, "metadata": self.metadata}

    @classmethod
    def load(cls, folder: str | Path) -> "Run":
        """Read a run folder: curve, metrics, status and the policies. Never runs stored code.

        A run whose status says "running" but which no process writes any more comes back as "interrupted".
        Raises CheckpointError, naming the file and what to do.
        """
        folder = Path(folder)
        try:
            text = json.loads((folder / "run.json").read_text(encoding="utf-8-sig"))
            run = cls(from_json(text), text["env"], list(Seeds(text["seeds"])), text["total_steps"])
            check_settings(run.algorithm, frozen=True)
            run.status, run.reason, run.metadata = text["status"], text["reason"], text["metadata"]
        except (
            OSError,
            KeyError,
            ValueError,
            TypeError,
            AttributeError,
            ImportError,
            RecursionError,
        ) as error:
            raise checkpoints.CheckpointError(
                f"{folder / 'run.json'}: cannot be read ({error}); is this a run folder?"
            ) from None
        if run.status == "running" and not checkpoints.is_locked(folder):
            run.status = "interrupted"
            run.reason = "its process ended without a word; resume it from this folder"
        state = checkpoints.load(folder)
        with checkpoints.fitting(folder), plain_tensors():
            run.curve, run.metrics = Curve(**state["curve"]), state["metrics"]
            agent = run.algorithm.agent(run.algorithm, Spaces(*state["spaces"]), run.seeds)
            agent.restore(state["agent"])
            run.policy = agent.policy()
            run.policy.seen = by_member(state["stepper"].get("normalisers"), len(run.seeds))
            run.best = best_of(state, run.policy)
        return run


def best_of(state: dict, policy: Policy) -> Policy:
    """The best policies that a checkpoint holds; one written before there were any: those it ends with."""
    return policy if state.get("best") is None else policy.restored(state["best"])


def versions() -> dict:
    """What a run was made with."""
    return {
        "rlcourse": rlcourse.__version__, "torch": torch.__version__, "numpy": np.__version__,
        "gymnasium": gymnasium.__version__,
        "python": platform.python_version(), "machine": platform.machine(), "threads": 1,
    }  # fmt: skip


def _csv(header: list[str], table: np.ndarray) -> Callable[[Any], None]:
    def write(file):
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(header)
        rows.writerows(table.tolist())
        file.write(text.getvalue().encode())

    return write
