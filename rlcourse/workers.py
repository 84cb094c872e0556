"""Independent calls in parallel: in processes here, or on the cluster that joblib's configuration names.

    with joblib.parallel_config(backend="dask"):  # or "ray"
        sweep(…)

Whatever ends a worker ends no other call: what is finished has been handed over, what was running is run
again, and a call on which workers die again comes back as `Died`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

DEATHS = (TerminatedWorkerError, MemoryError)


class Died(NamedTuple):
    """In place of what a call would have returned: its worker was killed, crashed, or had no memory left."""

    reason: str


def outcomes(calls: Sequence[Callable[[], Any]], jobs: int | None = -1) -> Iterator[tuple[int, Any]]:
    """(i, what the i-th call returned, or `Died`), each as soon as it is finished.

    jobs: processes here, as joblib counts them; a cluster has as many as it has.
    Raises what a call raises; ValueError for Dask workers of several threads, as training sets what belongs
    to the whole process (PyTorch's threads, warnings).
    """
    engine = ENGINES.get(type(joblib.parallel.get_active_backend()[0]).__name__, _in_processes)
    again = []
    for i, outcome in engine(calls, jobs):
        if isinstance(outcome, Died):
            again.append(i)
        else:
            yield i, outcome
    for i in again:  # alone: now it is known on which call its worker dies
        ((_, outcome),) = engine([calls[i]], 2)
        yield i, outcome


def _in_processes(calls, jobs):
    """A process that dies breaks joblib's pool: what was in it is `Died`, the rest goes on in a new one."""
    left = dict(enumerate(calls))
    while left:
        taken = []

        def numbered(taken=taken):
            for i, call in list(left.items()):
                taken.append(i)
                yield joblib.delayed(_numbered)(i, call)

        try:
            pool = joblib.Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")
            for i, outcome in pool(numbered()):
                del left[i]
                yield i, outcome
        except DEATHS as error:
            for i in taken:
                if left.pop(i, None):
                    yield i, Died(f"its process died ({type(error).__name__})")


def _numbered(i, call):
    return i, call()


def _on_dask(calls, jobs):
    """Dask itself runs the call of a dead worker on another one, three times."""
    from distributed import KilledWorker, as_completed

    client = joblib.parallel.get_active_backend()[0].client
    if several := {address: n for address, n in client.nthreads().items() if n > 1}:
        raise ValueError(
            f"{len(several)} Dask workers have several threads, and training needs a process of its own: "
            "start them with threads_per_worker=1 (dask worker --nthreads 1)"
        )
    places = {client.submit(call, pure=False): i for i, call in enumerate(calls)}
    for future, _ in as_completed(places, with_results=True, raise_errors=False):
        error = future.exception() if future.status == "error" else None
        if error and not isinstance(error, KilledWorker):
            raise error
        outcome = Died(f"its workers died ({error})") if error else future.result()
        i = places.pop(future)
        future.release()  # else it is made again when the worker that made it dies
        yield i, outcome


def _on_ray(calls, jobs):
    """Ray itself runs the call of a dead worker again, three times."""
    import ray

    task = ray.remote(_call)
    places = {task.remote(call): i for i, call in enumerate(calls)}
    while places:
        (done,), _ = ray.wait(list(places))
        i = places.pop(done)
        try:
            outcome = ray.get(done)
        except ray.exceptions.RayTaskError:
            raise  # the call's own error
        except ray.exceptions.RayError as error:
            outcome = Died(f"its workers died ({type(error).__name__})")
        yield i, outcome


def _call(call):
    return call()


ENGINES = {"DaskDistributedBackend": _on_dask, "RayBackend": _on_ray}
