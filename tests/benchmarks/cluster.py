"""What a cluster costs: efficiency of two workers, overhead of a call, growth with the number of calls.

python3 tests/benchmarks/cluster.py   # extra: cluster; an idle machine; writes cluster.md beside it
"""

import contextlib
import functools
import os
import time
from pathlib import Path
from statistics import median

import joblib

from rlcourse.algorithms.ppo import PPO
from rlcourse.training import sweep
from rlcourse.workers import outcomes

CELLS = {f"{n}": PPO(num_envs=4, horizon=64, hidden=(32, 32), learning_rate=1e-3 * (1 + n)) for n in range(6)}


@contextlib.contextmanager
def processes(count):
    with joblib.parallel_config(backend="loky", n_jobs=count):
        yield


@contextlib.contextmanager
def dask(count):
    from distributed import Client, LocalCluster

    cluster = LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster), joblib.parallel_config(backend="dask"):
        yield


@contextlib.contextmanager
def ray(count):
    import ray
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(num_cpus=count, include_dashboard=False, log_to_driver=False)
    try:
        with joblib.parallel_config(backend="ray"):
            yield
    finally:
        ray.shutdown()


def seconds(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def calls(n, jobs):
    return len(list(outcomes([functools.partial(abs, -i) for i in range(n)], jobs)))


def measured(engine, workers):
    """Seconds of six cells, and of 1, 10, 100 and 1,000 empty calls; medians of three, workers warm."""
    with engine(workers):
        train = functools.partial(sweep, CELLS, "CartPole-v1", 8192, 2, jobs=workers, evaluation_episodes=2)
        train()  # imports PyTorch in the workers
        cells = median(seconds(train) for _ in range(3))
        empty = {
            n: median(seconds(lambda n=n: calls(n, workers)) for _ in range(3)) for n in (1, 10, 100, 1000)
        }
    return cells, empty


def main():
    lines = [
        "Six cells of a sweep (PPO, CartPole-v1, 8,192 steps, two seeds each), and empty calls; "
        f"{os.cpu_count()} cores, medians of three.",
        "",
        "| engine | workers | six cells, s | efficiency of two | 1, 10, 100, 1,000 empty calls, ms |",
        "|---|---|---|---|---|",
    ]
    for engine in (processes, dask, ray):
        alone = None
        for workers in (1, 2):
            cells, empty = measured(engine, workers)
            alone = alone or cells
            said = f"{alone / cells / workers:.2f}" if workers > 1 else ""
            costs = ", ".join(f"{1000 * s:,.0f}" for s in empty.values())
            lines.append(f"| {engine.__name__} | {workers} | {cells:.1f} | {said} | {costs} |")
            print(lines[-1], flush=True)
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
