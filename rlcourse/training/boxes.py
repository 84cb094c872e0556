"""Running a method of the map, of whichever kind, and watching it learn."""

import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from rlcourse.map import Loop, Method, Point
from rlcourse.parts.randomness import Seeds
from rlcourse.training.loop import train
from rlcourse.training.process import one_quick_thread
from rlcourse.training.run import Curve, Run


class Learning:
    """The live state of a method that is no algorithm of `train`: callbacks may read it, and `stop` it."""

    def __init__(self, method: Method, seeds: Sequence[int], total_steps: int | None):
        self.algorithm, self.seeds, self.total_steps = method, seeds, total_steps
        self.steps, self.stopping, self.point = 0, False, None
        self.run = SimpleNamespace(curve=Curve(), status="running", reason="", policy=None, seeds=list(seeds))

    def stop(self) -> None:
        """End after this callback, with status "stopped"."""
        self.stopping = True

    def take(self, point: Point, seconds: float) -> None:
        """One more point of the curve."""
        curve = self.run.curve
        self.run.curve = Curve(
            np.append(curve.steps, point.steps),
            np.append(curve.seconds, seconds),
            np.column_stack([curve.returns.reshape(len(self.seeds), -1), point.measure]),
        )
        self.point, self.steps = point, point.steps


class Learnt:
    """What a method of the map has learnt: its curve, and its last point."""

    def __init__(self, method: Method, run: Any, point: Point):
        self.method, self.run, self.point = method, run, point
        self.curve, self.status, self.reason, self.policy = run.curve, run.status, run.reason, run.policy

    def claims(self) -> list:
        """What the oracle says of the last point."""
        return list(self.method.oracle(self.point))


def learn(
    method: Method, env: str | Callable | None = None, *, seeds: int | Sequence[int] = 8,
    steps: int | None = None, callbacks: Sequence[Callable[[Any], None]] = (), **options: Any,
) -> Learnt:  # fmt: skip
    """Run a method of the map for all seeds at once. It can stand where a live panel asks for a trainer.

    seeds: a count (8 means 0 … 7) or a list. steps: the record's, if None. env: another environment, for a
    method that the loop moves. callbacks: functions of the live state, called at every point of the curve (of
    a Loop: after every update). options: of `train`, or further parameters of the method's `learn`. Raises
    ValueError for seeds that are none.
    """
    seeds = Seeds(seeds)
    if isinstance(method.learn, Loop):
        return _train(method, env, list(seeds), steps, callbacks, options)
    if steps is not None:
        options["steps"] = steps
    learning, start = Learning(method, seeds, steps), time.perf_counter()
    with one_quick_thread():
        for point in method.learn(seeds, **options):
            learning.take(point, time.perf_counter() - start)
            for callback in callbacks:
                callback(learning)
            if learning.stopping:
                break
    learning.run.status = "stopped" if learning.stopping else "finished"
    return Learnt(method, learning.run, learning.point)


def _train(method, env, seeds, steps, callbacks, options):
    loop = method.learn
    run = train(
        loop.algorithm, loop.env if env is None else env, loop.steps if steps is None else steps, seeds,
        callbacks=callbacks, **{**loop.options, **options},
    )  # fmt: skip
    return Learnt(method, run, end_of(run))


def end_of(run: Run) -> Point:
    """The end of a training run as the point that an oracle asks for."""
    found = {"policy": run.policy, "returns": run.curve.returns, "metrics": run.metrics}
    return Point(int(run.curve.steps[-1]), run.curve.returns[:, -1], found)
