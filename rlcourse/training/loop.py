"""One loop trains them all."""

import contextlib
import dataclasses
import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from rlcourse import checkpoints
from rlcourse.parts.environments import EnvironmentFault, configured
from rlcourse.parts.randomness import Seeds
from rlcourse.training.evaluation import Plan, count
from rlcourse.training.process import one_quick_thread, stop_at_ctrl_c
from rlcourse.training.run import Run
from rlcourse.training.state import Diverged, Training


def train(
    algorithm: Any, env: str | Callable, steps: int = 20_000, seeds: int | Sequence[int] = 1, *,
    callbacks: Sequence[Callable[[Training], None]] = (), folder: str | Path | None = None,
    resume: str | Path | None = None, evaluate_every: int | None = None, evaluation_episodes: int = 10,
    log_every: int | None = None, progress: bool = False, longest_episode: int | None = None,
    evaluation_env: str | Callable | None = None, env_kwargs: Mapping[str, Any] | None = None,
    keep_replay: bool = True,
) -> Run:  # fmt: skip
    """Train one agent per seed, all at once, each exactly as if it were alone. Returns a Run.

    algorithm: TD3(), PPO(clip=0.1), …; a learning rate may be a function of the progress in [0, 1]: PPO(
    learning_rate=lambda progress: 1e-3 * (1 - progress)). env: a Gymnasium id or a factory (see
    `parts.environments.make`).
    steps: environment steps per seed (on-policy methods finish their last batch). seeds: a count (8 means 0
    … 7) or a list.
    callbacks: functions of the live `Training`, called after every update. folder: checkpoints, curve and
    metrics go there, at every evaluation. resume: a run folder to continue; the result equals an
    uninterrupted run. evaluate_every: steps between points of the curve (default: steps / 20). log_every:
    steps between rows of the metrics (default: steps / 100). longest_episode: steps after which an
    evaluation, or a method that plays whole episodes, cuts one (default: the environment's own time limit,
    else 10,000). evaluation_env: where evaluations are played, another id or factory with the same spaces.
    env_kwargs: what the environment is made with, {"g": 1.62} (the evaluation's too, if it has none of its
    own). keep_replay: False leaves replay memories out of checkpoints; who resumes from one acts until the
    memory has as many transitions as a warm-up, and learns then.

    Raises ValueError for input that cannot be trained on, in one line that says what to do. A fault of the
    environment (a NaN reward) or divergence ends the run with status "failed" and a warning; Ctrl-C ends it
    with status "stopped". Nothing learnt so far is lost.
    """
    steps, seeds = _check(algorithm, steps, seeds)
    evaluate_every = max(1, steps // 20) if evaluate_every is None else evaluate_every
    log_every = max(1, steps // 100) if log_every is None else log_every
    plan = Plan(evaluate_every, evaluation_episodes, longest_episode, evaluation_env)
    log_every = count("train: log_every", log_every)
    callbacks = _listed(callbacks)
    check_places("train", folder=folder, resume=resume)
    if not isinstance(keep_replay, bool | np.bool_):
        raise ValueError(f"train: keep_replay must be True or False, got {keep_replay!r}")
    env = configured(env, env_kwargs)
    with one_quick_thread(), seeds.pytorch(), contextlib.ExitStack() as stack:
        training = Training(algorithm, env, steps, seeds, plan, log_every, keep_replay)
        stack.callback(training.stepper.close)
        if resume is not None:
            training.restore(checkpoints.load(resume), resume)
            if training.steps > steps:
                warnings.warn(
                    f"{resume} has {training.steps:,} steps already: steps={steps:,} counts from the "
                    "beginning, so nothing is trained; give more steps",
                    stacklevel=2,
                )
        if folder is not None:
            folder = checkpoints.make_folder(folder).absolute()  # an environment may change directory
            stack.callback(checkpoints.lock(folder).release)
            if (Path(folder) / "run.json").exists() and (resume is None or not Path(resume).samefile(folder)):
                raise ValueError(
                    f"{folder}: holds a run already; continue it with resume, or choose another folder"
                )
        stack.enter_context(stop_at_ctrl_c(training))
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
        _keep(training, folder)
        while training.steps < training.total_steps and not training.stopping:
            before = training.steps
            training.advance()
            every = training.evaluation.every
            due = training.steps // every > before // every
            if due or training.steps >= training.total_steps:
                training.evaluate()
                _keep(training, folder)
            for callback in callbacks:
                callback(training)
            _report(bar, training)
        whole = training.steps >= training.total_steps and run.curve.steps[-1:].tolist() == [training.steps]
        run.status = "stopped" if training.stopping and not whole else "finished"
    except KeyboardInterrupt:
        run.status, run.reason = "stopped", f"interrupted from the keyboard at step {training.steps}"
    except (EnvironmentFault, Diverged) as error:
        run.status, run.reason = "failed", str(error)
        warnings.warn(f"training failed at step {training.steps}: {error}", stacklevel=3)
    except BaseException as error:
        run.status, run.reason = "failed", f"{type(error).__name__}: {error}"
        run.policy = training.policy()
        if folder is not None:
            run.write_tables(Path(folder))
        raise
    run.policy = training.policy()
    _keep(training, folder, checkpoint=run.status != "failed")
    run.checkpoint = training.state()


def _keep(training, folder, checkpoint=True):
    """Write the run folder. A full disk costs the checkpoint, never the training: it stays in memory."""
    if folder is None:
        return
    try:
        if checkpoint:
            training.save(folder)
        else:
            training.run.write_tables(Path(folder))
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


def _listed(callbacks):
    listed = [callbacks] if callable(callbacks) else callbacks or ()
    listed = list(listed) if isinstance(listed, Iterable) else [None]
    if not all(map(callable, listed)):
        raise ValueError(f"train: callbacks must be functions of the training, got {callbacks!r}")
    return listed


def check_places(who: str, **places: Any) -> None:
    """ValueError for what is neither None nor a path that can be."""
    for name, place in places.items():
        named = isinstance(place, str | Path) and str(place).strip() and "\0" not in str(place)
        if place is not None and not named:
            raise ValueError(f"{who}: {name} must be the path of a folder, got {place!r}")
        if named and Path(place).parts[:1] == ("~",):
            raise ValueError(
                f"{who}: {name} {str(place)!r} is no home folder here; give Path(…).expanduser()"
            )


def _check(algorithm, steps, seeds):
    if isinstance(algorithm, type):
        raise ValueError(f"train: give an instance, {algorithm.__name__}(), not the class")
    for name in ("agent", "networks", "update"):
        if not hasattr(algorithm, name):
            raise ValueError(
                f"train: {algorithm!r} is not an algorithm (it has no {name}); give for example TD3()"
            )
    if not dataclasses.is_dataclass(algorithm):
        raise ValueError(
            f"train: {type(algorithm).__name__} must be a dataclass: its fields are its settings"
        )
    whole = whole_steps("train", steps)
    try:
        return whole, Seeds(seeds)
    except ValueError as error:
        raise ValueError(f"train: {error}") from None


def whole_steps(who: str, steps: Any) -> int:
    """The number of steps as a whole number ≥ 0, be it 1e3; else ValueError."""
    if (
        not isinstance(steps, Real)
        or isinstance(steps, bool)
        or not 0 <= steps < math.inf
        or int(steps) != steps
    ):
        raise ValueError(f"{who}: steps must be a whole number ≥ 0, got {steps!r}")
    return int(steps)
