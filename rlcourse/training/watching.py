"""Watching an agent in a Gymnasium environment: in its own units, on the screen, in a GIF or a video."""

import contextlib
import importlib.util
import math
import warnings
from collections.abc import Callable, Iterator
from numbers import Real
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import SyncVectorEnv

from rlcourse.agents import Policy
from rlcourse.parts.environments import missing_package, one_line_errors
from rlcourse.parts.wrapped import adopt, ledger_of, unlike
from rlcourse.parts.wrappers import CourseEnv, Episode
from rlcourse.training.evaluation import acting, answer, check_choices, count, one_seed
from rlcourse.training.run import Run

QUICKEST_GIF = 50  # pictures a second; browsers slow down what is quicker


def in_own_units(agent: Policy | Run, env: gymnasium.Env) -> Callable[[Any], Any]:
    """The agent as a function: an observation of `env` -> an action of `env`, as `env.step` takes it.

    `agent.act` itself sees flat float32 vectors and answers in [−1, 1] (or 0 … n − 1); here the action is
    scaled to the space of `env`, and takes its shape and type. Observation normalisers among the wrappers of
    `env` take over what those of the training had seen, and learn no more. Raises ValueError for spaces that
    are not supported, TypeError for an agent that cannot act and for what is no environment.
    """
    if not isinstance(env, gymnasium.Env):
        raise TypeError(f"in_own_units: env must be an environment that is made, got {env!r}")
    policy, episode = acting(agent, "in_own_units"), Episode(env)
    if getattr(policy, "members", 1) > 1:
        raise ValueError(f"one agent acts at a time, these are {policy.members}; give run.agent(seed)")
    vector = SyncVectorEnv([lambda: episode])
    vector.closed = True  # the environment is the caller's, who closes it
    course = CourseEnv(vector)
    seen = getattr(policy, "seen", None)
    if seen is not None:
        adopt(env, seen["within"][0] if any(seen["within"]) else seen["around"], frozen=True)
        if (told := unlike(env, seen)) is not None:
            warnings.warn(f"{type(env.unwrapped).__name__}: {told}", stacklevel=2)
    check_choices(policy, course.single_action_space, course.name)

    def act(obs):
        row = np.asarray(episode.checked(obs, "act"))[None]
        return course.actions(answer(policy, course.observations(row), (1,)))[0]

    return act


def watch(
    agent: Policy | Run, env: str | Callable, seed: int = 0, *, longest_episode: int = 10_000,
    render_mode: str | None = "human", each: Callable[[gymnasium.Env], None] = lambda env: None,
) -> float:  # fmt: skip
    """Play one episode, shown in a window; returns its return, as `evaluate` counts it. Always closed.

    agent: `run.agent(seed)`, a Run of one seed, or anything with `act`. env: a Gymnasium id, or a factory; it
    is called with render_mode where it takes that, else it has to set its own. each: called with the
    environment after the reset and after every step.

    Raises ImportError for a missing package, with the command that adds it; ValueError and TypeError for what
    is no environment or agent; RuntimeError where there is no screen.
    """
    count("watch: longest_episode", longest_episode)
    seed = one_seed("watch", seed)
    acting(agent, "watch")
    name = env if isinstance(env, str) else "the environment"
    try:
        with one_line_errors(name):
            made = _made(env, render_mode)
        with contextlib.closing(made):
            act = in_own_units(agent, made)
            ledger, stepped = ledger_of(made)
            return _play(act, made, stepped, ledger, seed, int(longest_episode), each)
    except gymnasium.error.DependencyNotInstalled as error:  # of the simulator, or of what draws
        raise missing_package(name, error) from error


def _play(act, env, stepped, ledger, seed, longest_episode, each):
    total = 0.0
    try:
        obs, _ = stepped.reset(seed=seed)
        each(env)
    except Exception as error:
        if type(error).__module__.partition(".")[0] == "pygame":
            raise RuntimeError(f"watch: there is no screen here ({error}); record(…) needs none") from error
        raise
    ledger.take()
    for _ in range(longest_episode):
        obs, _, terminated, truncated, _ = stepped.step(act(obs))
        total += ledger.take()
        each(env)
        if terminated or truncated:
            break
    return total


def record(
    agent: Policy | Run, env: str | Callable, path: str | Path, seed: int = 0, *,
    longest_episode: int = 10_000, frames_per_second: int | None = None,
) -> float:  # fmt: skip
    """Play one episode into a file; returns its return, as `evaluate` counts it.

    path: its ending says what becomes of it: an animated .gif, .webp or .png (Pillow), or a video, .mp4
    (imageio and its ffmpeg: the extra `video`). env: as for `watch`, with render_mode "rgb_array".
    frames_per_second: as the environment declares, if None.

    Raises ValueError for another ending and where nothing is drawn, ImportError without imageio.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITERS:
        raise ValueError(f"record: {path.name!r} should end with {', '.join(WRITERS)}")
    if not path.parent.is_dir():
        raise ValueError(f"record: there is no folder {path.parent}")
    rate = frames_per_second
    if rate is not None and not (isinstance(rate, Real) and 0 < rate < math.inf):
        raise ValueError(f"record: frames_per_second must be a number > 0, got {rate!r}")
    with WRITERS[path.suffix.lower()](path, frames_per_second) as add:
        return watch(agent, env, seed, longest_episode=longest_episode, render_mode="rgb_array", each=add)


def _picture(env):
    try:
        picture = env.render()
    except NotImplementedError:  # of one that cannot draw at all
        picture = None
    picture = picture[-1] if isinstance(picture, list) and picture else picture
    if picture is None or np.ndim(picture) != 3:
        raise ValueError('record: the environment draws nothing; make it with render_mode="rgb_array"')
    return np.asarray(picture, np.uint8)


def _rate(env, wanted):
    """Pictures a second."""
    return float(wanted or (env.metadata or {}).get("render_fps") or 30)


@contextlib.contextmanager
def _animation(path: Path, wanted: int | None) -> Iterator[Callable[[gymnasium.Env], None]]:
    from PIL import Image  # Pillow comes with Matplotlib

    frames, rates = [], []

    def add(env):
        frames.append(Image.fromarray(_picture(env)).quantize(256))  # a third of the memory
        rates.append(_rate(env, wanted))

    yield add
    every = math.ceil(rates[0] / QUICKEST_GIF)
    first, *others = frames[::every]
    first.save(path, save_all=True, append_images=others, duration=1000 * every / rates[0], loop=0)


@contextlib.contextmanager
def _video(path: Path, wanted: int | None) -> Iterator[Callable[[gymnasium.Env], None]]:
    if not all(map(importlib.util.find_spec, ("imageio", "imageio_ffmpeg"))):
        raise ImportError(
            f"record: {path.suffix} needs imageio and its ffmpeg; add them once with: "
            "python3 -m rlcourse lab --extra video; a .gif needs nothing more"
        )
    import imageio

    with contextlib.ExitStack() as stack:
        writers = []

        def add(env):
            if not writers:
                writer = imageio.get_writer(path, fps=_rate(env, wanted), macro_block_size=2)
                writers.append(stack.enter_context(writer))
            writers[0].append_data(_picture(env))

        yield add


WRITERS = {".gif": _animation, ".webp": _animation, ".png": _animation, ".mp4": _video}


def _made(env, render_mode):
    if isinstance(env, str):
        if env.startswith("rlcourse/"):  # the course's worlds draw themselves in its plots only
            if render_mode is not None:
                raise ValueError(f"{env} draws nothing; Gymnasium's own environments do, as Pendulum-v1")
            return gymnasium.make(env)
        return gymnasium.make(env, render_mode=render_mode)
    if not callable(env) or isinstance(env, gymnasium.Env):
        raise TypeError(f"watch: env must be a Gymnasium id or a factory, got {type(env).__name__}")
    try:
        made = env(render_mode=render_mode)
    except TypeError:
        made = env()
    if not isinstance(made, gymnasium.Env):
        raise TypeError(f"watch: the factory must return a gymnasium.Env, got {type(made).__name__}")
    return made
