"""Work in parallel: the same call on processes here, on Dask and on Ray; what dies takes nothing along."""

import contextlib
import functools
import os
import time
from collections import Counter

import joblib
import pytest

from rlcourse.algorithms.ppo import PPO
from rlcourse.training import sweep
from rlcourse.workers import Died, outcomes

REASON = "NOT CHECKED: {} is not installed (python3 -m rlcourse test --extra cluster)"
SMALL = {f"hidden {n}": PPO(num_envs=2, horizon=16, hidden=(n,)) for n in (4, 8)}
QUICK = {"evaluation_episodes": 1, "evaluate_every": 32}


@contextlib.contextmanager
def here():
    with joblib.parallel_config(backend="loky", n_jobs=2):
        yield


@contextlib.contextmanager
def on_dask():
    distributed = pytest.importorskip("distributed", reason=REASON.format("Dask"))
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, distributed.Client(cluster), joblib.parallel_config(backend="dask"):
        yield


@contextlib.contextmanager
def on_ray():
    ray = pytest.importorskip("ray", reason=REASON.format("Ray"))
    from ray.util.joblib import register_ray

    os.environ.setdefault("RAY_raylet_start_wait_time_s", "300")  # a busy machine
    register_ray()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        with joblib.parallel_config(backend="ray"):
            yield
    finally:
        ray.shutdown()


@pytest.fixture(scope="module", params=[here, on_dask, on_ray], ids=["here", "dask", "ray"])
def workers(request):
    with request.param():
        yield


def told(folder, i):
    """Call i leaves a file for each time that it is run."""
    (folder / f"{i}-{time.time_ns()}-{os.getpid()}").touch()
    time.sleep(0.05)
    return i * i


def dies_once(folder, i):
    first = not any(folder.glob(f"{i}-*"))
    value = told(folder, i)
    if first:
        os._exit(9)  # as an operating system kills what takes too much memory
    return value


def dies(folder, i):
    told(folder, i)
    os._exit(9)


def runs(folder):
    return Counter(int(path.name.split("-")[0]) for path in folder.iterdir())


def test_every_call_is_made_once_and_its_value_stands_beside_its_number(workers, tmp_path):
    found = dict(outcomes([functools.partial(told, tmp_path, i) for i in range(7)]))
    assert found == {i: i * i for i in range(7)}
    assert runs(tmp_path) == dict.fromkeys(range(7), 1)


@pytest.mark.slow
def test_the_call_of_a_worker_that_was_killed_is_made_again_and_nothing_is_lost(workers, tmp_path):
    calls = [functools.partial(dies_once if i == 2 else told, tmp_path, i) for i in range(7)]
    assert dict(outcomes(calls)) == {i: i * i for i in range(7)}
    assert runs(tmp_path)[2] == 2


@pytest.mark.slow
def test_a_call_on_which_workers_die_again_is_named_and_what_was_finished_is_not_made_again(
    workers, tmp_path
):
    calls = [functools.partial(told, tmp_path, i) for i in range(7)] + [functools.partial(dies, tmp_path, 7)]
    seen, found = [], {}
    for i, outcome in outcomes(calls):
        seen.append((i, runs(tmp_path)[i]))
        found[i] = outcome
    assert {i: found[i] for i in range(7)} == {i: i * i for i in range(7)}
    assert isinstance(found[7], Died) and "died" in found[7].reason
    for i, times in seen[:-1]:
        assert runs(tmp_path)[i] == times, f"call {i} was made again after it was finished"


def test_what_a_call_raises_is_raised(workers):
    with pytest.raises(ZeroDivisionError):
        list(outcomes([functools.partial(divmod, 1, 0)]))


@pytest.mark.slow
def test_a_sweep_gives_the_same_bits_there_as_here(workers):
    there = sweep(SMALL, "CartPole-v1", 64, 2, **QUICK)
    with joblib.parallel_config(backend="sequential"):
        alone = sweep(SMALL, "CartPole-v1", 64, 2, jobs=1, **QUICK)
    for pair, run in alone.items():
        assert run.status == there[pair].status == "finished", there[pair].reason
        assert (run.policy.network.flat == there[pair].policy.network.flat).all()


class Killed:
    """A callback that ends its process once, half way."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, training):
        (self.folder / f"{training.steps}-{time.time_ns()}").touch()
        if training.steps >= 64 and not (self.folder / "dead").exists():
            (self.folder / "dead").touch()
            os._exit(9)


@pytest.mark.slow
def test_the_pair_of_a_killed_worker_goes_on_from_its_last_checkpoint(workers, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    algorithm = {"a": SMALL["hidden 4"]}
    run = sweep(
        algorithm, "CartPole-v1", 96, 2, folder=tmp_path / "sweep", callbacks=[Killed(marks)], **QUICK
    )["a", "CartPole-v1"]
    assert run.status == "finished", run.reason
    (marks / "dead").unlink()
    assert runs(marks) == {32: 1, 64: 1, 96: 1}  # 64 is at the second checkpoint: 32 is not trained again
    with joblib.parallel_config(backend="sequential"):
        whole = sweep(algorithm, "CartPole-v1", 96, 2, jobs=1, **QUICK)["a", "CartPole-v1"]
    assert (run.policy.network.flat == whole.policy.network.flat).all()


def test_dask_workers_of_several_threads_are_refused_in_one_line():
    distributed = pytest.importorskip("distributed", reason=REASON.format("Dask"))
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
    )
    with cluster, distributed.Client(cluster), joblib.parallel_config(backend="dask"):  # noqa: SIM117
        with pytest.raises(ValueError, match="start them with threads_per_worker=1"):
            list(outcomes([functools.partial(divmod, 1, 1)]))
