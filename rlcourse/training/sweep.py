"""Many runs in parallel, here or on a cluster."""

import dataclasses
import inspect
import re
import secrets
import warnings
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

import gymnasium
from joblib.externals.loky.backend.reduction import dumps

from rlcourse import checkpoints
from rlcourse.parts.randomness import Seeds
from rlcourse.training.loop import check_places, train, whole_steps
from rlcourse.training.run import Run
from rlcourse.workers import Died, outcomes


def sweep(
    algorithms: Mapping[str, Any] | Sequence[Any], envs: Sequence[str | Callable], steps: int = 20_000,
    seeds: int | Sequence[int] = 8, *, jobs: int = -1, folder: str | Path | None = None,
    resume: str | Path | None = None, **options: Any,
) -> dict[tuple[str, str | Callable], Run]:  # fmt: skip
    """Train every algorithm on every environment, in parallel through joblib. Returns {(name, env): Run}.

    algorithms: {name: algorithm} or a list (named by class). folder, resume: of all pairs; each has a
    subfolder of its own, named after algorithm and environment. resume: pairs that are not in it start
    afresh. options: those of `train`.
    A pair that fails does not stop the others: its Run has status "failed" and the reason, and a warning
    says so. A worker that dies ends no other pair; its own is run once more, from its last checkpoint if it
    has a folder. On a cluster: `with joblib.parallel_config(backend="dask"): sweep(…)`, or "ray".

    Raises ValueError and TypeError for what is wrong for every pair: steps, seeds, unknown options.
    """
    if isinstance(envs, str) or callable(envs):
        envs = [envs]
    if dataclasses.is_dataclass(algorithms):
        algorithms = [algorithms]
    if not isinstance(algorithms, Mapping):
        algorithms = list(algorithms)
    envs = list(envs)
    check_places("sweep", folder=folder, resume=resume)
    whole_steps("sweep", steps)
    if not isinstance(jobs, Integral) or isinstance(jobs, bool) or jobs == 0:
        raise ValueError(f"sweep: jobs must be a number of processes, or -1 for all cores, got {jobs!r}")
    if len({env if isinstance(env, str) else id(env) for env in envs}) < len(envs):
        raise ValueError("sweep: an environment is named twice; give more seeds instead")
    named = algorithms if isinstance(algorithms, Mapping) else {type(a).__name__: a for a in algorithms}
    if len(named) != len(algorithms):
        raise ValueError("sweep: two algorithms of one class; give a dictionary {name: algorithm}")
    inspect.signature(train).bind(None, None, steps, seeds, **options)
    seeds = list(Seeds(seeds))
    pairs = [(name, env) for name in named for env in envs]
    places, token = subfolders(pairs), secrets.token_hex(8)
    work = [
        Pair(
            named[name], env, steps, seeds, _spec(env), folder and Path(folder) / place,
            resume and Path(resume) / place, options, token,
        )
        for (name, env), place in zip(pairs, places, strict=True)
    ]  # fmt: skip
    runs = dict(zip(pairs, _trained(work, jobs), strict=True))
    for (name, _), run in runs.items():
        if run.status == "failed":
            warnings.warn(f"sweep: {name} on {run.env} failed: {run.reason}", stacklevel=2)
    return runs


def subfolders(pairs: Sequence[tuple[str, str | Callable]]) -> list[str]:
    """A name for each pair's folder, made of what every file system takes; two of one name are numbered."""
    names, seen = [], {}
    for name, env in pairs:
        plain = re.sub(r"[^A-Za-z0-9._+-]+", "-", f"{name}-{_name(env)}").strip("-.")
        seen[plain] = seen.get(plain, 0) + 1
        names.append(plain if seen[plain] == 1 else f"{plain}-{seen[plain]}")
    return names


def _name(env):
    return env if isinstance(env, str) else getattr(env, "__name__", type(env).__name__)


def _spec(env):
    """What Gymnasium knows of an id here: a worker has not run the script that registered it."""
    return gymnasium.registry.get(env) if isinstance(env, str) else None


@dataclasses.dataclass(frozen=True)
class Pair:
    """What a worker trains."""

    algorithm: Any
    env: str | Callable
    steps: int
    seeds: list[int]
    spec: Any
    folder: Path | None
    resume: Path | None
    options: dict[str, Any]
    token: str = ""  # of this call of `sweep`

    def train(self) -> Run:
        """The pair's Run; a failed one where it cannot be trained."""
        if self.spec is not None:
            gymnasium.registry.setdefault(self.env, self.spec)
        try:
            found = self.begun() or (
                self.resume if self.resume and (self.resume / "run.json").exists() else None
            )
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="training failed")  # `sweep` says it
                run = train(
                    self.algorithm, self.env, self.steps, self.seeds, folder=self.folder, resume=found,
                    **self.options,
                )  # fmt: skip
        except (Exception, SystemExit) as error:
            return self.failed(f"{type(error).__name__}: {error}")
        run.checkpoint = None  # too large to send: a pair that is to be continued has a folder
        return run

    def begun(self) -> Path | None:
        """The folder, if a worker of this same sweep died in the middle of this pair. Marks it as begun."""
        if self.folder is None:
            return None
        mark = self.folder / "sweep.txt"
        if mark.exists() and mark.read_text() == self.token and (self.folder / checkpoints.NAME).exists():
            return self.folder
        self.folder.mkdir(parents=True, exist_ok=True)
        mark.write_text(self.token)
        return None

    def failed(self, reason: str) -> Run:
        """A Run that says why there is none."""
        return Run(
            self.algorithm, _name(self.env), self.seeds, self.steps, status="failed", reason=_one_line(reason)
        )


def _trained(work, jobs):
    """The Run of each pair, in order."""
    runs = [_refused(pair, jobs) for pair in work]
    waiting = [i for i, run in enumerate(runs) if run is None]
    for place, outcome in outcomes([work[i].train for i in waiting], jobs):
        i = waiting[place]
        dead = isinstance(outcome, Died)
        said = (
            f"{outcome.reason}, and again when it was tried once more; run it by itself to see why"
            if dead
            else ""
        )
        runs[i] = work[i].failed(said) if dead else outcome
    return runs


def _refused(pair, jobs):
    """A failed Run where a pair cannot be sent to a worker; None where it can."""
    if jobs == 1:
        return None
    try:
        dumps(pair)
    except Exception as error:
        return pair.failed(
            f"it cannot be sent to a worker ({type(error).__name__}: {error}); make what it holds inside the "
            "factory, or sweep with jobs=1"
        )
    return None


def _one_line(text):
    return " ".join(text.split())
