"""One loop trains them all:
`train`, `evaluate`, `sweep`, and `Run`, which holds what a training run leaves behind.
"""

import contextlib
import csv
import ctypes
import dataclasses
import importlib
import io
import json
import platform
import signal
import threading
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import gymnasium
import joblib
import numpy as np
import torch
from tqdm.auto import tqdm

import rlcourse
from rlcourse import checkpoints
from rlcourse.parts.agents import Policy, Spaces
from rlcourse.parts.environments import EnvironmentFault, Stepper, make
from rlcourse.parts.noise import ENVIRONMENT, EVALUATE

LONGEST_EPISODE = 100_000  # steps after which an evaluation episode that does not end is cut


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
    metrics: name → [S, L] (NaN where there was nothing to log), with "steps" [L] and "steps_per_second"
    [L], summed over seeds.
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
    training: object = field(default=None, repr=False)  # the live state, while there is one

    def agent(self, seed):
        """The trained policy of one seed: .act(obs [O] or [B, O]).

        Raises ValueError for a seed that was not trained.
        """
        if seed not in self.seeds:
            raise ValueError(f"Run.agent: seed {seed} was not trained; the seeds are {self.seeds}")
        return self.policy.member(self.seeds.index(seed))

    def save(self, folder):
        """Write curve.csv, metrics.csv, run.json and the checkpoint from which `train(…, resume=folder)`
        continues.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._write_tables(folder)
        if self.training is None:
            raise ValueError(
                "Run.save: this run was loaded, or comes from another process; copy its folder instead"
            )
        checkpoints.save(folder, self.training.state())
        return folder

    def _write_tables(self, folder):
        seed_names = [f"seed {seed}" for seed in self.seeds]
        table = np.column_stack([self.curve.steps, self.curve.seconds, self.curve.returns.T])
        checkpoints.write_atomically(folder / "curve.csv", _csv(["steps", "seconds", *seed_names], table))
        if self.metrics:
            each = {name: np.atleast_2d(value) for name, value in self.metrics.items()}
            names = [
                f"{name} {seed}" if len(v) > 1 else name
                for name, v in each.items()
                for seed in seed_names[: len(v)]
            ]
            checkpoints.write_atomically(
                folder / "metrics.csv", _csv(names, np.concatenate(list(each.values())).T)
            )
        text = json.dumps(self._description(), indent=2, ensure_ascii=False)
        checkpoints.write_atomically(folder / "run.json", lambda file: file.write(text.encode()))

    def _description(self):
        names = {"module": type(self.algorithm).__module__, "algorithm": type(self.algorithm).__name__}
        plan = {"env": self.env, "seeds": self.seeds, "total_steps": self.total_steps}
        now = {"status": self.status, "reason": self.reason}
        return {**names, "settings": settings(self.algorithm), **plan, **now, "metadata": self.metadata}

    @classmethod
    def load(cls, folder):
        """Read a run folder: curve, metrics, status and, where there is a checkpoint, the policies. Never
        runs stored code.

        A run whose status says "running" but which no process is writing any more comes back as
        "interrupted".
        Raises CheckpointError, naming the file and what to do.
        """
        folder = Path(folder)
        try:
            text = json.loads((folder / "run.json").read_text())
            run = cls(_algorithm(text), text["env"], text["seeds"], text["total_steps"])
            run.status, run.reason, run.metadata = text["status"], text["reason"], text["metadata"]
        except (OSError, KeyError, ValueError) as error:
            raise checkpoints.CheckpointError(
                f"{folder / 'run.json'}: cannot be read ({error}); is this a run folder?"
            ) from None
        if run.status == "running" and not checkpoints.is_locked(folder):
            run.status, run.reason = (
                "interrupted",
                "its process ended without a word; resume it from this folder",
            )
        state = checkpoints.load(folder)
        run.curve, run.metrics = Curve(**state["curve"]), state["metrics"]
        agent = run.algorithm.agent(run.algorithm, Spaces(*state["spaces"]), run.seeds)
        agent.restore(state["agent"])
        run.policy = agent.policy()
        return run


class Training:
    """The live state of a run.

    Callbacks receive it, may read everything, call `stop`, and replace `algorithm` (same networks).
    """

    def __init__(self, algorithm, env, steps, seeds, evaluate_every, evaluation_episodes, log_every):
        self.algorithm, self.env, self.total_steps = algorithm, env, steps
        envs_per_seed = getattr(algorithm, "num_envs", 1)
        self.stepper = Stepper(
            make(env, envs_per_seed * len(seeds), [_derive(seed, ENVIRONMENT) for seed in seeds])
        )
        self.spaces = Spaces(self.stepper.obs_size, self.stepper.action_size, self.stepper.discrete)
        self.agent = algorithm.agent(algorithm, self.spaces, seeds)
        self.run = Run(
            algorithm, self.stepper.name, list(seeds), steps, metadata=_metadata(evaluation_episodes)
        )
        self.run.training = self
        self.steps, self.seconds = 0, 0.0
        self.evaluate_every, self.evaluation_episodes, self.log_every = (
            evaluate_every,
            evaluation_episodes,
            log_every,
        )
        self.next_log, self.logged_at = log_every, (0, 0.0)
        self.stopping, self._log, self._finished, self._latest = False, [], [], {}

    def stop(self):
        """End the run after this callback, with status "stopped"."""
        self.stopping = True

    def policy(self):
        """A snapshot of all seeds' policies."""
        return self.agent.policy()

    def advance(self):
        """Act, remember, learn, once."""
        start = time.perf_counter()
        if hasattr(self.agent.nets, "progress"):
            self.agent.nets.progress = self.steps / self.total_steps
        taken, metrics, finished = self.agent.advance(self.algorithm, self.stepper)
        self.steps += taken
        self._finished += finished
        self._latest = metrics or self._latest
        self.seconds += time.perf_counter() - start
        if self.steps >= self.next_log:
            self._log_metrics()

    def _log_metrics(self):
        summary = {
            name: np.asarray(value, float) for name, value in self.agent.summarise(self._latest).items()
        }
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
        self.run.metrics = {
            name: np.array(
                [entry.get(name, blank) for entry in self._log], np.int64 if name == "steps" else float
            ).T
            for name in names
        }
        self.logged_at, self._finished = (self.steps, self.seconds), []
        self.next_log = self.steps - self.steps % self.log_every + self.log_every

    def evaluate(self):
        """Add a point to the curve:
        the mean return of each seed over episodes of its own, always the same starts.
        """
        seeds = [_derive(seed, EVALUATE) for seed in self.run.seeds]
        returns = _play(self.policy(), self.env, self.evaluation_episodes, seeds).mean(1)
        curve = self.run.curve
        self.run.curve = Curve(
            np.append(curve.steps, self.steps),
            np.append(curve.seconds, self.seconds),
            np.column_stack([curve.returns.reshape(len(seeds), -1), returns]),
        )

    def state(self):
        return {
            "spaces": list(self.spaces), "agent": self.agent.state(), "stepper": self.stepper.state(),
            "env": self.run.env,
            "steps": self.steps, "seconds": self.seconds, "next_log": self.next_log,
            "logged_at": list(self.logged_at),
            "log": self._log, "finished": [list(row) for row in self._finished], "seeds": self.run.seeds,
            "curve": dataclasses.asdict(self.run.curve), "metrics": self.run.metrics,
            "algorithm": type(self.algorithm).__name__, "settings": settings(self.algorithm),
        }  # fmt: skip

    def restore(self, state, folder):
        """Continue from a checkpoint; raises CheckpointError where it belongs to another algorithm,
        environment or seeds.
        """
        mine = {"algorithm": type(self.algorithm).__name__, "env": self.run.env, "seeds": self.run.seeds}
        mine["network"], saved = (
            _architecture(settings(self.algorithm)),
            {**state, "network": _architecture(state["settings"])},
        )
        for name, value in mine.items():
            if saved[name] != value:
                raise checkpoints.CheckpointError(
                    f"{folder}: its {name} is {saved[name]}, but {value} was asked for; "
                    f"resume with the same {name}, or start afresh"
                )
        self.agent.restore(state["agent"])
        self.stepper.restore(state["stepper"])
        self.steps, self.seconds, self.next_log = (
            int(state["steps"]),
            float(state["seconds"]),
            int(state["next_log"]),
        )
        self.logged_at, self._log = tuple(state["logged_at"]), state["log"]
        self._finished = [tuple(row) for row in state["finished"]]
        self.run.curve, self.run.metrics = Curve(**state["curve"]), state["metrics"]


class Diverged(ArithmeticError):
    """Learning produced numbers that are not finite."""


def train(
    algorithm, env, steps=20_000, seeds=1, *, callbacks=(), folder=None, resume=None,
    evaluate_every=None, evaluation_episodes=10, log_every=None, progress=False,
):  # fmt: skip
    """Train one agent per seed, all at once, each exactly as if it were alone. Returns a Run.

    algorithm: TD3(), PPO(clip=0.1), … env: a Gymnasium id or a factory (see `parts.environments.make`).
    steps: environment steps per seed (on-policy methods finish their last batch). seeds: a count (8 means 0
    … 7) or a list.
    callbacks: functions of the live `Training`, called after every update. folder: checkpoints, curve and
    metrics go there, at every evaluation. resume: a run folder to continue; the result equals an
    uninterrupted run. evaluate_every: steps between points of the curve (default: steps / 20). log_every:
    steps between rows of the metrics (default: steps / 100).

    Raises ValueError for input that cannot be trained on, in one line that says what to do. A fault of the
    environment (a NaN reward) or divergence ends the run with status "failed" and a warning; Ctrl-C ends it
    with status "stopped". Nothing learnt so far is lost.
    """
    steps, seeds = _check(algorithm, steps, seeds, evaluation_episodes)
    evaluate_every = max(1, steps // 20) if evaluate_every is None else int(evaluate_every)
    log_every = max(1, steps // 100) if log_every is None else int(log_every)
    if evaluate_every < 1 or log_every < 1:
        raise ValueError("train: evaluate_every and log_every must be at least 1 step")
    with _reproducible(seeds), contextlib.ExitStack() as stack:
        training = Training(algorithm, env, steps, seeds, evaluate_every, evaluation_episodes, log_every)
        if resume is not None:
            training.restore(checkpoints.load(resume), resume)
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            stack.callback(checkpoints.lock(folder).release)
            if (Path(folder) / "run.json").exists() and (resume is None or not Path(resume).samefile(folder)):
                raise ValueError(
                    f"{folder}: holds a run already; continue it with resume, or choose another folder"
                )
        stack.enter_context(_stop_at_ctrl_c(training))
        bar = stack.enter_context(
            tqdm(total=steps, initial=training.steps, disable=not progress, unit="step")
        )
        _loop(training, callbacks, folder, bar)
    return training.run


def _loop(training, callbacks, folder, bar):
    run = training.run
    try:
        if len(run.curve.steps) == 0:
            training.evaluate()
        _keep(run, folder)
        while training.steps < training.total_steps and not training.stopping:
            before = training.steps
            training.advance()
            due = training.steps // training.evaluate_every > before // training.evaluate_every
            if due or training.steps >= training.total_steps:
                training.evaluate()
                _keep(run, folder)
            for callback in callbacks:
                callback(training)
            _report(bar, training)
        run.status = "stopped" if training.stopping and training.steps < training.total_steps else "finished"
    except KeyboardInterrupt:
        run.status, run.reason = "stopped", f"interrupted from the keyboard at step {training.steps}"
    except (EnvironmentFault, Diverged) as error:
        run.status, run.reason = "failed", str(error)
        warnings.warn(f"training failed at step {training.steps}: {error}", stacklevel=3)
    except BaseException as error:
        run.status, run.reason = "failed", f"{type(error).__name__}: {error}"
        run.policy = training.policy()
        if folder is not None:
            run._write_tables(Path(folder))
        raise
    run.policy = training.policy()
    _keep(run, folder, checkpoint=run.status != "failed")


def _keep(run, folder, checkpoint=True):
    """Write the run folder.

    A full disk costs the checkpoint, never the training: the state stays in memory.
    """
    if folder is None:
        return
    try:
        if checkpoint:
            run.save(folder)
        else:
            run._write_tables(Path(folder))
    except OSError as error:
        warnings.warn(
            f"{folder}: could not be written ({error.strerror or error}); training goes on in memory — "
            "make room, then call run.save(folder)",
            stacklevel=4,
        )


def _report(bar, training):
    if not bar.disable:
        bar.n = min(training.steps, training.total_steps)
        bar.set_postfix(evaluation_return=f"{training.run.curve.returns[:, -1].mean():.1f}", refresh=False)
        bar.update(0)


def evaluate(agent, env, episodes=100, seed=0):
    """Undiscounted return of each of `episodes` fresh episodes, played without exploration noise in
    environments of their own.

    agent: `run.agent(seed)` → returns [episodes]; `run.policy` with S > 1 seeds → [S, episodes]. Raises
    ValueError for episodes < 1.
    """
    if episodes < 1:
        raise ValueError(f"evaluate: episodes must be at least 1, got {episodes}")
    policy = agent.policy if isinstance(agent, Run) else agent
    S = len(policy.network.flat)
    returns = _play(policy, env, episodes, [_derive(seed, EVALUATE)] * S)
    return returns[0] if S == 1 else returns


def _play(policy, env, episodes, seeds):
    """One episode in each of S × episodes environments; [S, episodes].

    Faults of the policy or the environment are raised.
    """
    S = len(seeds)
    stepper = Stepper(make(env, S * episodes, seeds))
    returns, playing = np.full(S * episodes, np.nan), S * episodes
    for _ in range(LONGEST_EPISODE):
        action = policy.act(stepper.obs.reshape(S, episodes, -1))
        step = stepper.step(action.reshape(S * episodes, *action.shape[2:]))
        for index, episode_return, _ in step.finished:
            if np.isnan(returns[index]):
                returns[index] = episode_return
                playing -= 1
        if playing == 0:
            return returns.reshape(S, episodes)
    raise ValueError(
        f"{stepper.name}: an evaluation episode did not end within {LONGEST_EPISODE} steps; add a time limit"
    )


def sweep(algorithms, envs, steps=20_000, seeds=8, *, jobs=-1, **options):
    """Train every algorithm on every environment, in parallel through joblib. Returns {(name, env): Run}.

    algorithms: {name: algorithm} or a list (named by class). On a cluster: `with
    joblib.parallel_config(backend="ray"): sweep(…)`.
    """
    named = algorithms if isinstance(algorithms, dict) else {type(a).__name__: a for a in algorithms}
    if len(named) != len(algorithms):
        raise ValueError("sweep: two algorithms of one class; give a dictionary {name: algorithm}")
    pairs = [(name, env) for name in named for env in envs]
    runs = joblib.Parallel(n_jobs=jobs)(
        joblib.delayed(_train_for_sweep)(named[name], env, steps, seeds, options) for name, env in pairs
    )
    return dict(zip(pairs, runs, strict=True))


def _train_for_sweep(algorithm, env, steps, seeds, options):
    run = train(algorithm, env, steps, seeds, **options)
    run.training = None  # environments stay in the process that made them
    return run


def settings(algorithm):
    """The fields of an algorithm as JSON-able values; a plugged-in function is kept by name."""

    def plain(value):
        if dataclasses.is_dataclass(value):
            return {"kind": type(value).__name__, **settings(value)}
        if callable(value):
            return getattr(value, "__qualname__", type(value).__name__)
        return list(value) if isinstance(value, tuple) else value

    return {f.name: plain(getattr(algorithm, f.name)) for f in dataclasses.fields(algorithm)}


def _algorithm(text):
    """The algorithm that run.json describes: only classes of this package, never code from the file."""
    if not text["module"].startswith("rlcourse.algorithms."):
        raise ValueError(
            f"algorithm {text['algorithm']} is not of this package: "
            "load it by train(algorithm, …, resume=folder)"
        )
    kind = getattr(importlib.import_module(text["module"]), text["algorithm"])
    default, values = kind(), {}
    for f in dataclasses.fields(kind):
        value = text["settings"][f.name]
        if callable(getattr(default, f.name)):
            continue  # a plugged-in function is not stored; the default stands in
        if isinstance(value, dict):
            noise = importlib.import_module("rlcourse.parts.noise")
            value = getattr(noise, value.pop("kind"))(**value)
        values[f.name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)


def _architecture(values):
    return {name: values[name] for name in ("hidden", "activation", "num_envs", "capacity") if name in values}


def _check(algorithm, steps, seeds, episodes):
    if isinstance(algorithm, type):
        raise ValueError(f"train: give an instance, {algorithm.__name__}(), not the class")
    for name in ("agent", "networks", "update"):
        if not hasattr(algorithm, name):
            raise ValueError(
                f"train: {algorithm!r} is not an algorithm (it has no {name}); give for example TD3()"
            )
    if steps < 0 or episodes < 1:
        raise ValueError(f"train: steps must be ≥ 0 and evaluation_episodes ≥ 1, got {steps} and {episodes}")
    if int(steps) != steps:
        raise ValueError(f"train: steps must be a whole number, got {steps}")
    seeds = list(range(seeds)) if isinstance(seeds, int | np.integer) else [int(seed) for seed in seeds]
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise ValueError(f"train: seeds must be a count ≥ 1, or different integers ≥ 0; got {seeds}")
    return int(steps), seeds


@contextlib.contextmanager
def _stop_at_ctrl_c(training):
    """The first Ctrl-C (or Jupyter's stop button) ends the run after the update under way, whole; the
    second ends it at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, frame):
        if training.stopping:
            raise KeyboardInterrupt
        training.run.reason = "interrupted from the keyboard"
        training.stop()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _derive(seed, purpose):
    """A seed of its own for each purpose, so that evaluation never meets the training's episodes."""
    return int(np.random.SeedSequence([int(seed), purpose]).generate_state(1)[0])


@contextlib.contextmanager
def _reproducible(seeds):
    """One thread (two are slower here, and sum in another order), PyTorch seeded for plugged-in equations
    that draw from it.

    Denormal numbers are flushed to zero: Adam's moments of dead units decay into them, and each costs a
    hundred cycles.
    """
    _keep_freed_memory()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeds[0])
            yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(threads)


def _keep_freed_memory():
    """Let glibc's malloc reuse freed memory instead of handing it back to the system at every update.

    Batches of eight seeds are arrays of half a megabyte; fetching their pages anew each time doubles the cost
    of an update. Other C libraries have no `mallopt`, and nothing happens there.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 1 << 25)  # M_MMAP_THRESHOLD, its largest value: 32 MiB
        libc.mallopt(-1, 1 << 29)  # M_TRIM_THRESHOLD: keep up to 512 MiB


def _metadata(episodes):
    return {
        "rlcourse": rlcourse.__version__, "torch": torch.__version__, "numpy": np.__version__,
        "gymnasium": gymnasium.__version__,
        "python": platform.python_version(), "machine": platform.machine(), "threads": 1,
        "evaluation_episodes": episodes,
    }  # fmt: skip


def _csv(header, table):
    def write(file):
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(header)
        rows.writerows(table.tolist())
        file.write(text.getvalue().encode())

    return write
