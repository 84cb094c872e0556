"""The panel's own copy of an environment: policies play in it, and what they do is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rlcourse import plots
from rlcourse.parts.shapes import Scene

SIZE = 238, 230  # pixels of the drawn environment
SECONDS = 0.05  # between two steps of a film, where the world does not say how long its step is
ENOUGH = 20.0  # seconds after which a film begins no further episode
LONGEST = 1000  # steps after which a film ends, whether its episode has ended or not


class Stage:
    """An environment that a policy plays, drawn as SVG.

    A world of the course says itself how it looks; drawing(obs, action) → SVG, where it is given, does
    instead. Other environments are not shown: `play` and `film` return "".
    """

    def __init__(self, env: Any, drawing: Callable | None = None):
        from rlcourse.parts.environments import Stepper, make  # a page of labs needs no Gymnasium
        from rlcourse.parts.worlds import system_of

        self.drawing = drawing
        self.stepper = Stepper(make(env, 1, 0))
        self.system = system_of(self.stepper.env)
        self.drawn = drawing is not None or hasattr(self.system, "scene")

    def play(self, policy: Any, steps: int = 2) -> str:
        """Some steps further: the last observation and the action that was taken there."""
        if not self.drawn:
            return ""
        for _ in range(steps):
            moment, _ = self._step(policy)
        return moment if isinstance(moment, str) else plots.scene_svg(moment, *SIZE)

    def film(self, policy: Any) -> str:
        """Whole episodes from fresh starts, of the policy as it is, played once; the last moment stays."""
        if not self.drawn:
            return ""
        self.stepper.reset()
        seconds = getattr(self.system, "dt", SECONDS)
        moments, returns = [], []
        while len(moments) < LONGEST and not (returns and len(moments) * seconds >= ENOUGH):
            moment, finished = self._step(policy)
            moments.append(moment)
            returns += [episode_return for _, episode_return, _ in finished]
        said = ", ".join(plots.alike(returns))
        if len(returns) > 3:  # a list of a dozen has no room under the picture
            low, high, mean = plots.alike([min(returns), max(returns), float(np.mean(returns))])
            said = f"{low} to {high}, mean {mean}"
        caption = f"the final policy, {len(returns)} × from start to end: return {said}"
        every = max(1, round(SECONDS / seconds))  # twenty pictures a second are enough, and end with the last
        return plots.film_html(moments[::-1][::every][::-1], every * seconds, SIZE, caption)

    def _step(self, policy: Any) -> tuple[Scene | str, list]:
        """One step: how it looked where the action was taken, and the episodes that ended with it."""
        obs = self.stepper.obs
        action = policy.act(obs)
        finished = self.stepper.step(action).finished
        if self.drawing is not None:
            return self.drawing(obs[0], np.atleast_1d(action[0])), finished
        own = self.stepper.env.actions(action)[0]  # in the world's own units
        return self.system.scene(obs[0], own), finished
