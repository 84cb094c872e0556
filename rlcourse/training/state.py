"""The live state of a run: what the loop moves, what callbacks read, what a checkpoint holds."""

import contextlib
import dataclasses
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rlcourse import checkpoints
from rlcourse.agents import Policy, Spaces
from rlcourse.parts.environments import Stepper, make
from rlcourse.parts.plugged import plugged
from rlcourse.parts.randomness import ENVIRONMENT, EVALUATE, Seeds
from rlcourse.parts.settings import as_json, at_progress, check_settings, fixed_values, plain_numbers
from rlcourse.training.evaluation import Interrupted, Plan, play, which_reward
from rlcourse.training.run import Curve, Run, best_of, versions


class Training:
    """The live state of a run.

    Callbacks receive it, may read everything, call `stop` and `save`, and replace `algorithm` (but for the
    fields that are `fixed`).
    """

    def __init__(
        self, algorithm: Any, env: str | Callable, steps: int, seeds: Seeds, evaluation: Plan,
        log_every: int, keep_replay: bool = True,
    ):  # fmt: skip
        self.algorithm, self.env, self.seeds, self.total_steps = algorithm, env, seeds, steps
        algorithm = plain_numbers(algorithm)
        envs_per_seed = getattr(algorithm, "num_envs", 1)
        copies = make(env, envs_per_seed * len(seeds), seeds.derived(ENVIRONMENT))
        self.stepper = Stepper(copies, evaluation.longest_episode)
        self.spaces = Spaces(self.stepper.obs_size, self.stepper.action_size, self.stepper.discrete)
        try:
            with _in_memory(algorithm):
                self.agent = algorithm.agent(algorithm, self.spaces, seeds)
        except BaseException:
            self.stepper.close()
            raise
        made_with = {**versions(), "evaluation_episodes": evaluation.episodes}
        self.run = Run(algorithm, self.stepper.name, list(seeds), steps, metadata=made_with)
        self.steps, self.seconds = 0, 0.0
        self.evaluation, self.log_every, self.keep_replay = evaluation, log_every, keep_replay
        self._say_what_will_not_do()
        self.next_log, self.logged_at = log_every, (0, 0.0)
        self.stopping, self._log, self._finished, self._latest = False, [], [], {}
        self._starts = None  # the first observations of the last evaluation

    def _say_what_will_not_do(self):
        """Warnings before training: episodes that may not end, a warm-up that takes all the steps."""
        stepper, warmup = self.stepper, getattr(self.algorithm, "warmup", 0)
        known = stepper.settable is not None or stepper.time_limit is not None
        if self.evaluation.longest_episode is None and not known:
            warnings.warn(
                f"{stepper.name} declares no time limit: an evaluation cuts an episode without end "
                f"after {stepper.longest_episode:,} steps; give it an attribute max_episode_steps, or choose "
                "with longest_episode",
                stacklevel=4,
            )
        if 0 < self.total_steps <= warmup:
            warnings.warn(
                f"{self.total_steps:,} steps are no more than the warm-up of {warmup:,}: nothing is learnt; "
                "give more steps or a shorter warmup",
                stacklevel=4,
            )

    @property
    def algorithm(self) -> Any:
        """What learns; an equation that a reader plugged in is made fit for the trainer here.

        Raises ValueError for settings out of their range. A callback may set learning rates and τ to 0.
        """
        return self._algorithm

    @algorithm.setter
    def algorithm(self, algorithm: Any) -> None:
        if not dataclasses.is_dataclass(algorithm) or isinstance(algorithm, type):
            raise ValueError(f"algorithm must be an instance of one, as TD3(), got {algorithm!r}")
        algorithm = plugged(algorithm)
        check_settings(algorithm, frozen=hasattr(self, "_algorithm"))
        self._algorithm = plain_numbers(algorithm)

    def stop(self) -> None:
        """End the run after this callback, with status "stopped"."""
        self.stopping = True

    def policy(self) -> Policy:
        """A snapshot of all seeds' policies."""
        policy = self.agent.policy()
        policy.seen = self.stepper.seen(len(self.seeds))
        return policy

    def advance(self) -> None:
        """Act, remember, learn, once."""
        start = time.perf_counter()
        progress = self.agent.nets.progress = self.steps / self.total_steps
        algorithm = at_progress(self.algorithm, progress)
        with _in_memory(algorithm):
            taken, metrics, finished = self.agent.advance(algorithm, self.stepper)
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
        """Add a point to the curve: each seed's mean return over episodes with always the same starts.

        The policy of each seed's best point so far is kept, `run.best`. Ctrl-C ends it without a point.
        """
        policy, plan, starts = self.policy(), self.evaluation, self.seeds.derived(EVALUATE)
        try:
            played = play(
                policy, self.env if plan.env is None else plan.env, plan.episodes, starts,
                plan.longest_episode, lambda: self.stopping, self.spaces,
            )  # fmt: skip
        except Interrupted:
            return
        returns = played.returns.mean(1)
        if played.cut:
            self.run.metadata["episodes_cut"] = self.run.metadata.get("episodes_cut", 0) + played.cut
        if played.inner and "reward" not in self.run.metadata:
            self.run.metadata["reward"] = which_reward(played.inner)
            warnings.warn(self.run.metadata["reward"], stacklevel=4)
        self._compare_starts(played.starts, policy)
        self._keep_the_best(policy, returns)
        curve, S = self.run.curve, len(self.seeds)
        self.run.curve = Curve(
            np.append(curve.steps, self.steps),
            np.append(curve.seconds, self.seconds),
            np.column_stack([curve.returns.reshape(S, -1), returns]),
        )

    def _compare_starts(self, starts, policy):
        """Warns, once, where the same seeds led two evaluations to different first observations.

        Normalisers among the wrappers scale by what they have seen since: nothing can be said then.
        """
        before, self._starts = self._starts, starts
        if before is None or policy.seen or "starts" in self.run.metadata or np.allclose(before, starts):
            return
        self.run.metadata["starts"] = (
            f"{self.run.env}: two resets with the same seed gave different first observations, so no run can "
            "be repeated; let reset call super().reset(seed=seed), and draw from self.np_random alone"
        )
        warnings.warn(self.run.metadata["starts"], stacklevel=5)

    def _keep_the_best(self, policy, returns):
        best = self.run.curve.returns.max(1, initial=-np.inf) if len(self.run.curve.steps) else None
        if best is None or self.run.best is None:
            self.run.best = policy
        elif (returns > best).any():
            self.run.best = self.run.best.take_over(policy, returns > best)

    def save(self, folder: str | Path) -> None:
        """Write the run folder as it is now: tables, and the checkpoint from which to continue."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.run.write_tables(folder)
        checkpoints.save(folder, self.state())

    def state(self) -> dict:
        agent = self.agent.state()
        if not self.keep_replay and "memory" in agent:
            agent["memory"] = None
        return {
            "spaces": list(self.spaces), "agent": agent, "stepper": self.stepper.state(),
            "best": None if self.run.best is None else self.run.best.state(),
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
        mine |= {"spaces": list(self.spaces), "network": fixed_values(self.algorithm)}
        with checkpoints.fitting(folder):
            saved = {**state, "network": {name: state["settings"].get(name) for name in mine["network"]}}
            missing = mine.keys() - saved.keys()
            if missing:
                raise KeyError(*missing)
        mine, saved = ({**kept, **kept["network"]} for kept in (mine, saved))
        del mine["network"]
        for name, value in mine.items():
            if saved[name] != value:
                raise checkpoints.CheckpointError(
                    f"{folder}: its {name} is {saved[name]}, but {value} was asked for; "
                    f"resume with the same {name}, or start afresh"
                )
        with checkpoints.fitting(folder):
            self.agent.restore(state["agent"])
            if state["agent"].get("memory", state) is None:
                warnings.warn(
                    f"{folder} kept no replay: it acts for {self.algorithm.warmup} steps before "
                    "it learns again",
                    stacklevel=4,
                )
            self.stepper.restore(state["stepper"])
            self.steps, self.seconds = int(state["steps"]), float(state["seconds"])
            self.next_log = int(state["next_log"])
            self.logged_at, self._log = tuple(state["logged_at"]), state["log"]
            self._finished = [tuple(row) for row in state["finished"]]
            self.run.curve, self.run.metrics = Curve(**state["curve"]), state["metrics"]
            self.run.best = best_of(state, self.policy())


@contextlib.contextmanager
def _in_memory(algorithm):
    """Within, memory that the system refuses is a ValueError in one line."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if "allocate memory" not in str(error) and not isinstance(error, MemoryError):
            raise
        raise ValueError(
            f"{type(algorithm).__name__} does not fit into memory ({str(error).splitlines()[0]}); "
            "take smaller networks, batches or observations"
        ) from error


class Diverged(ArithmeticError):
    """Learning produced numbers that are not finite."""
