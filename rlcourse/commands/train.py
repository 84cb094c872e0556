"""`python3 -m rlcourse train td3 --env Pendulum-v1 --seeds 8`: every field of an algorithm is an option."""

import ast
import dataclasses
import importlib
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from tyro.conf import FlagConversionOff, OmitArgPrefixes, OmitSubcommandPrefixes, SuppressFixed

from rlcourse import checkpoints, plots, statistics
from rlcourse.algorithms import discover
from rlcourse.training import Run, train

PLACE = 3
DOES = "train an agent: curve, table, run folder"
TAKES = "e.g.  train td3 --env Pendulum-v1 --seeds 8"


@dataclasses.dataclass(frozen=True)
class Options:
    """What to train on, and where the run goes."""

    env: str = "Pendulum-v1"
    """Gymnasium id; its vectorised twin is used where there is one."""
    seeds: int = 3
    """How many seeds to train, side by side (0, 1, …)."""
    first_seed: int = 0
    """The first of them."""
    steps: int = 20_000
    """Environment steps per seed."""
    evaluate_every: int | None = None
    """Steps between points of the curve (default: steps / 20)."""
    evaluation_episodes: int = 10
    """Episodes per point and seed."""
    longest_episode: int | None = None
    """Steps after which an evaluation cuts an episode (default: as the environment declares, else 10,000)."""
    env_kwargs: tuple[str, ...] = ()
    """What the environment is made with: g=1.62 max_episode_steps=50 (numbers, True, text, as in Python)."""
    evaluation_env: str | None = None
    """Gymnasium id of the environment to evaluate in, if it is another one with the same spaces."""
    keep_replay: bool = True
    """Do checkpoints hold the replay memory? False: much smaller; who resumes fills it anew."""
    folder: Path | None = None
    """The run's folder (default: runs/ALGORITHM-ENV-DATE-TIME)."""
    resume: Path | None = None
    """A run folder to continue, with the same algorithm, options and seeds."""
    modules: tuple[str, ...] = ()
    """Modules to import first, for environments that register themselves (for example ale_py)."""


def main(argv: list[str] | None = None) -> int:
    """Train from the command line; returns the exit status."""
    argv = sys.argv[1:] if argv is None else list(argv)
    for stream in (sys.stdout, sys.stderr):  # help has Greek letters, which not every code page can say
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if not argv or argv[0] not in discover():
        asked = not argv or argv[0] in ("-h", "--help")
        if not asked:
            print(f"train: unknown algorithm {argv[0]!r}", file=sys.stderr)
        print(f"usage: python3 -m rlcourse train {{{','.join(discover())}}} [options]")
        print("       python3 -m rlcourse train td3 --help   lists every option of TD3")
        return 0 if asked else 2
    algorithm, options = parse(*argv)
    try:
        return _train(argv[0], algorithm, options)
    except (ValueError, ImportError, RuntimeError, OSError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 1


def parse(name: str, *words: str) -> tuple[object, Options]:
    """(algorithm, Options) from the words after the algorithm's name; tyro prints help and errors."""
    kind = discover()[name]
    default = Options(steps=kind.usual_steps)
    fields = [("options", Options, default), ("algorithm", kind, kind())]
    both = dataclasses.make_dataclass("Both", [(n, t, dataclasses.field(default=d)) for n, t, d in fields])
    flat = (OmitArgPrefixes, OmitSubcommandPrefixes, SuppressFixed, FlagConversionOff)
    prog, text = f"python3 -m rlcourse train {name}", kind.__doc__
    parsed = tyro.cli(both, args=words, prog=prog, description=text, config=flat)
    return parsed.algorithm, parsed.options


def _train(name, algorithm, options):
    for module in options.modules:
        importlib.import_module(module)
    seeds = list(range(options.first_seed, options.first_seed + options.seeds))
    plain = re.sub(r"[^A-Za-z0-9._+-]+", "-", options.env)  # what every file system takes
    fresh = f"{name}-{plain}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder = options.folder or options.resume or Path("runs") / fresh
    run = train(
        algorithm, options.env, options.steps, seeds, folder=folder, resume=options.resume, progress=True,
        evaluate_every=options.evaluate_every, evaluation_episodes=options.evaluation_episodes,
        longest_episode=options.longest_episode, env_kwargs=keywords(options.env_kwargs),
        evaluation_env=options.evaluation_env, keep_replay=options.keep_replay,
    )  # fmt: skip
    reason = f": {run.reason}" if run.reason else ""
    if len(run.curve.steps) == 0:  # it ended in its first evaluation
        print(f"{run.status}{reason}; in {folder}: run.json", file=sys.stderr)
        return 130 if run.status == "stopped" else 1
    table = summary(run)
    print(table)
    checkpoints.write_atomically(folder / "summary.txt", lambda file: file.write(table.encode()))
    _draw(run, folder / "curve.png")
    print(f"{run.status}{reason}; in {folder}: curve.png, curve.csv, metrics.csv, summary.txt")
    return 0 if run.status == "finished" else 130 if run.status == "stopped" else 1


def keywords(words: Sequence[str]) -> dict[str, Any]:
    """("g=1.62", "mode=fast") -> {"g": 1.62, "mode": "fast"}: values as in Python, text without its quotes.

    Raises ValueError for a word that is no name=value.
    """
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise ValueError(f"--env-kwargs: give name=value, as g=1.62, got {word!r}")
        try:
            found[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            found[name] = value
    return found


def summary(run: Run) -> str:
    """The run as a table: evaluation return of each seed at six points, and the interval over seeds."""
    curve = run.curve
    points = np.unique(np.linspace(0, len(curve.steps) - 1, 6).round().astype(int))
    name, episodes = type(run.algorithm).__name__, run.metadata["evaluation_episodes"]
    lines = [f"{name} on {run.env}: mean return of {episodes} evaluation episodes"]
    lines.append("steps".rjust(12) + "".join(f"{curve.steps[p]:>12,}" for p in points))
    for seed, returns in zip(run.seeds, curve.returns, strict=True):
        lines.append(f"seed {seed}".rjust(12) + "".join(f"{returns[p]:>12.5g}" for p in points))
    lines.append(f"at the end: {statistics.interval(curve.returns[:, -1])}")
    speed = len(run.seeds) * curve.steps[-1] / max(curve.seconds[-1], 1e-9)
    per_second = f"{speed:,.0f} environment steps per second, all seeds"
    lines.append(f"{curve.seconds[-1]:.1f} s of training, {per_second}")
    return "\n".join(lines) + "\n"


def _draw(run, path):
    name = type(run.algorithm).__name__
    figure = plots.figure()
    axes = plots.axes(figure)
    plots.learning_curve(axes, run.curve.steps, run.curve.returns, name)
    axes.set_xlabel("environment steps per seed")
    axes.set_ylabel("evaluation return")
    end = statistics.interval(run.curve.returns[:, -1])
    (said,) = plots.alike([end.estimate])
    axes.set_title(f"{name} on {run.env}, {len(run.seeds)} seeds: {said} at the end")
    plots.save_png(figure, path, f"{name} on {run.env}", "python3 -m rlcourse train")
