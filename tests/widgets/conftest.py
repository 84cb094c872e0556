"""A trainer with the interface of `train` that needs no network, and a live panel over it."""

import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest

from rlcourse.commands.test import fuse
from rlcourse.parts.settings import fixed
from rlcourse.training import Curve, Run
from rlcourse.widgets import Slider, live


@dataclass(frozen=True)
class Climber:
    slope: float = 1.0
    horizon: int = fixed(10)
    fault: bool = False


class Climbing:
    def __init__(self, algorithm, steps, seeds):
        self.algorithm, self.steps, self.stopping = algorithm, 0, False
        self.run = Run(algorithm, "hill", seeds, steps)

    def stop(self):
        self.stopping = True


def run_climb(algorithm, env, *, steps, seeds, callbacks):
    """A trainer with the interface of `train`, whose return grows by the slope at each step."""
    seeds = list(range(seeds)) if isinstance(seeds, int) else seeds
    training = Climbing(algorithm, steps, seeds)
    height = 0.0
    while training.steps < steps and not training.stopping:
        time.sleep(0.0005)
        height += training.algorithm.slope
        training.steps += 1
        if training.steps % 20 == 0:
            curve = training.run.curve
            returns = np.column_stack([curve.returns.reshape(len(seeds), -1), height + np.array(seeds)])
            training.run.curve = Curve(np.append(curve.steps, training.steps), curve.seconds, returns)
        if training.algorithm.fault and training.steps > 50:
            raise FloatingPointError("the climber fell")
        for callback in callbacks:
            callback(training)
    training.run.status = "stopped" if training.stopping else "finished"
    return training.run


@pytest.fixture(name="Climber")
def climber_class():
    return Climber


@pytest.fixture
def climb():
    return run_climb


@pytest.fixture
def panel():
    """panel(steps, algorithm, …) -> a live panel over one climber."""

    def make(steps=100_000, algorithm=None, **options):
        controls = {
            "slope": Slider("m", "slope", min=0.0, max=2.0, step=0.1),
            "horizon": Slider("T", "horizon", min=1, max=20, step=1),
        }
        return live(
            algorithm or Climber(), "hill", steps=steps, seeds=3, trainer=run_climb, **options, **controls
        )

    return make


@pytest.fixture
def until():
    """until(test): wait until it is true."""

    def wait(test, seconds=4):
        end = time.monotonic() + fuse(seconds)
        while not test():
            assert time.monotonic() < end
            time.sleep(0.01)

    return wait


@pytest.fixture
def workers():
    """workers(): how many threads train."""
    return lambda: sum(thread.name == "rlcourse-live" for thread in threading.enumerate())
