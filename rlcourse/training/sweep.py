"""Many runs in parallel, here or on a cluster."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import joblib

from rlcourse.training.loop import train
from rlcourse.training.run import Run


def sweep(
    algorithms: Mapping[str, Any] | Sequence[Any], envs: Sequence[str | Callable], steps: int = 20_000,
    seeds: int | Sequence[int] = 8, *, jobs: int = -1, **options: Any,
) -> dict[tuple[str, str | Callable], Run]:  # fmt: skip
    """Train every algorithm on every environment, in parallel through joblib. Returns {(name, env): Run}.

    algorithms: {name: algorithm} or a list (named by class).
    On a cluster: `with joblib.parallel_config(backend="ray"): sweep(…)`.
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
    run.checkpoint = None  # too large to send: a pair that is to be continued has a folder
    return run
