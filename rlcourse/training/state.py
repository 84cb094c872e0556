"""The live state of a run: what the loop moves, what callbacks read, what a checkpoint holds."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rlcourse import checkpoints
from rlcourse.agents import Policy, Spaces
from rlcourse.parts.environments import Stepper, make
from rlcourse.parts.plugged import plugged
from rlcourse.parts.randomness import ENVIRONMENT, EVALUATE, Seeds
from rlcourse.parts.settings import as_json, fixed_values
from rlcourse.training.evaluation import play
from rlcourse.training.run import Curve, Run, versions


class Training:
    """The live state of a run.

    Callbacks receive it, may read everything, call `stop` and `save`, and replace `algorithm` (but for the
    fields that are `fixed`).
    """

    def __init__(
        self, algorithm: Any, env: str | Callable, steps: int, seeds: Seeds, evaluate_every: int,
        evaluation_episodes: int, log_every: int,
    ):  # fmt: skip
        self.algorithm, self.env, self.seeds, self.total_steps = algorithm, env, seeds, steps
        envs_per_seed = getattr(algorithm, "num_envs", 1)
        self.stepper = Stepper(make(env, envs_per_seed * len(seeds), seeds.derived(ENVIRONMENT)))
        self.spaces = Spaces(self.stepper.obs_size, self.stepper.action_size, self.stepper.discrete)
        self.agent = algorithm.agent(algorithm, self.spaces, seeds)
        made_with = {**versions(), "evaluation_episodes": evaluation_episodes}
        self.run = Run(algorithm, self.stepper.name, list(seeds), steps, metadata=made_with)
        self.steps, self.seconds = 0, 0.0
        self.evaluate_every, self.log_every = evaluate_every, log_every
        self.evaluation_episodes = evaluation_episodes
        self.next_log, self.logged_at = log_every, (0, 0.0)
        self.stopping, self._log, self._finished, self._latest = False, [], [], {}

    @property
    def algorithm(self) -> Any:
        """What learns; an equation that a reader plugged in is made fit for the trainer here."""
        return self._algorithm

    @algorithm.setter
    def algorithm(self, algorithm: Any) -> None:
        self._algorithm = plugged(algorithm)

    def stop(self) -> None:
        """End the run after this callback, with status "stopped"."""
        self.stopping = True

    def policy(self) -> Policy:
        """A snapshot of all seeds' policies."""
        return self.agent.policy()

    def advance(self) -> None:
        """Act, remember, learn, once."""
        start = time.perf_counter()
        self.agent.nets.progress = self.steps / self.total_steps
        taken, metrics, finished = self.agent.advance(self.algorithm, self.stepper)
        self.steps += taken
        self._finished += finished
        self._latest = metrics or self._latest
        self.seconds += time.perf_counter() - start
        if self.steps >= self.next_log:
            self._log_metrics()

    def _log_metrics(self):
        watched = self.agent.summarise(self._latest)
        summary = {name: np.asarray(value, float) for name, value in watched.items()}
        for name, value in summary.items():
            if not np.isfinite(value).all() and name != "explained_variance":
                bad = self.run.seeds[int(np.flatnonzero(~np.isfinite(value))[0])]
                raise Diverged(
                    f"{name} of seed {bad} is not finite at step {self.steps}: lower the learning rates"
                )
        each = self.agent.envs_per_seed
        S = len(self.run.seeds)
        for name, column in (("episode_return", 1), ("episode_length", 2)):
            values = [[row[column] for row in self._finished if row[0] // each == s] for s in range(S)]
            summary[name] = np.array([np.mean(v) if v else np.nan for v in values])
        steps, seconds = self.logged_at
        summary["steps_per_second"] = S * (self.steps - steps) / max(self.seconds - seconds, 1e-9)
        self._log.append({"steps": self.steps, **summary})
        names = list(dict.fromkeys(name for entry in self._log for name in entry))
        blank = np.full(S, np.nan)
        kinds = {"steps": np.int64}
        self.run.metrics = {
            name: np.array([entry.get(name, blank) for entry in self._log], kinds.get(name, float)).T
            for name in names
        }
        self.logged_at, self._finished = (self.steps, self.seconds), []
        self.next_log = self.steps - self.steps % self.log_every + self.log_every

    def evaluate(self) -> None:
        """Add a point to the curve: each seed's mean return over episodes with always the same starts."""
        starts = self.seeds.derived(EVALUATE)
        returns = play(self.policy(), self.env, self.evaluation_episodes, starts).mean(1)
        curve, S = self.run.curve, len(self.seeds)
        self.run.curve = Curve(
            np.append(curve.steps, self.steps),
            np.append(curve.seconds, self.seconds),
            np.column_stack([curve.returns.reshape(S, -1), returns]),
        )

    def save(self, folder: str | Path) -> None:
        """Write the run folder as it is now: tables, and the checkpoint from which to continue."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.run.write_tables(folder)
        checkpoints.save(folder, self.state())

    def state(self) -> dict:
        return {
            "spaces": list(self.spaces), "agent": self.agent.state(), "stepper": self.stepper.state(),
            "env": self.run.env,
            "steps": self.steps, "seconds": self.seconds, "next_log": self.next_log,
            "logged_at": list(self.logged_at),
            "log": self._log, "finished": [list(row) for row in self._finished], "seeds": self.run.seeds,
            "curve": dataclasses.asdict(self.run.curve), "metrics": self.run.metrics,
            "algorithm": type(self.algorithm).__name__, "settings": as_json(self.algorithm),
        }  # fmt: skip

    def restore(self, state: dict, folder: str | Path) -> None:
        """Continue from a checkpoint.

        Raises CheckpointError where algorithm, fixed fields, environment or seeds are others.
        """
        mine = {"algorithm": type(self.algorithm).__name__, "env": self.run.env, "seeds": self.run.seeds}
        mine["network"] = fixed_values(self.algorithm)
        saved = {**state, "network": {name: state["settings"].get(name) for name in mine["network"]}}
        for name, value in mine.items():
            if saved[name] != value:
                raise checkpoints.CheckpointError(
                    f"{folder}: its {name} is {saved[name]}, but {value} was asked for; "
                    f"resume with the same {name}, or start afresh"
                )
        self.agent.restore(state["agent"])
        self.stepper.restore(state["stepper"])
        self.steps, self.seconds = int(state["steps"]), float(state["seconds"])
        self.next_log = int(state["next_log"])
        self.logged_at, self._log = tuple(state["logged_at"]), state["log"]
        self._finished = [tuple(row) for row in state["finished"]]
        self.run.curve, self.run.metrics = Curve(**state["curve"]), state["metrics"]


class Diverged(ArithmeticError):
    """Learning produced numbers that are not finite."""
