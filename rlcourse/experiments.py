"""Experiments too long for a page: recorded once, and begun anew on the page beside the recording.

    found, now = recorded("recordings/07-noise.json", experiment, {"steps": 800}, steps=3000, seeds=16)

`found` is what experiment(steps=3000, seeds=16) returned when it was recorded, `now` what the page has just
made, experiment(steps=800, seeds=16). `python3 -m rlcourse record 07` runs page 07 and makes its recordings;
where it was interrupted, the same command goes on with those that it has not made. `--only TEXT` makes those
whose names hold the text. `recorded_each` keeps the parts of a long experiment in a file each.

An experiment is a function of plain settings that returns a dictionary of arrays, nested if it likes. Arrays
of two axes or more are [seeds, time, …], and the small run gives their beginning: the same curves, cut short.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rlcourse.checkpoints import write_atomically

# Set in the kernel of a page whose recordings are made: 1, or {"only": part of a file's name, "since": a time
# of files, after which a recording is new enough}.
RECORDING = "RLCOURSE_RECORD"
DIGITS = 6  # significant ones that a recording keeps


def recorded(
    path: str | Path, experiment: Callable[..., Mapping], small: Mapping[str, Any], **settings: Any
) -> tuple[dict, dict]:
    """(experiment(**settings) as recorded, experiment(**settings | small) made now), and a line on both.

    Raises ValueError where the file is missing, damaged, or of other settings, with what to do;
    AssertionError where the new curves are not like the recorded ones, see `check_likeness`.
    """
    found, now, off = _recorded(Path(path), experiment, small, settings)
    print(f"recorded: {_call(experiment, settings)}")
    print(f"live:     {_call(experiment, {**settings, **small})}, off the recording by at most {off:.0e}")
    return found, now


def recorded_each(
    path: str, experiment: Callable[..., Mapping], small: Mapping[str, Any],
    parts: Sequence[Mapping[str, Any]], live: Callable[..., bool] = lambda **part: True, **settings: Any,
) -> list[dict]:  # fmt: skip
    """[experiment(**part, **settings) as recorded for part in parts], in a file each, and two lines on all.

        recorded_each("recordings/13-race-{name}.json", play, {"steps": 800}, [{"name": "TD3"}], steps=9000)

    path: with the part's names in braces. A part can so be added, or made anew, alone. Those for which
    live(**part) is true are begun now, with `small`, and compared. Raises what `recorded` raises.
    """
    found, offs = [], []
    for part in parts:
        file, whole = Path(path.format(**part)), {**part, **settings}
        if live(**part):
            kept, _, off = _recorded(file, experiment, small, whole)
            offs.append(off)
        else:
            kept = _kept(file, experiment, whole)
        found.append(kept)
    print(f"recorded: {_call(experiment, settings)}, {len(found)} files")
    if offs:
        said = f"off the recordings by at most {max(offs):.0e}"
        print(f"live:     {_call(experiment, {**settings, **small})}, {len(offs)} of them, {said}")
    return found


def _recorded(path, experiment, small, settings):
    """(what is kept, its beginning made now, how far they are apart)."""
    found = _kept(path, experiment, settings)
    now = _to_arrays(experiment(**{**settings, **small}))
    return found, now, check_likeness(now, found, path.name)


def _kept(path, experiment, settings):
    """The recording, made before if the command asks for it."""
    call = _call(experiment, settings)
    if _is_due(path, call):
        _write(path, call, experiment(**settings))
    return _read(path, call)


def _is_due(path, call):
    """Is it to be made? Not where the command does not ask for it, nor where it did so before a break."""
    asked = json.loads(os.environ.get(RECORDING) or "null")
    if not isinstance(asked, dict):
        return bool(asked)
    if asked["only"] not in path.name:
        return False
    try:
        return path.stat().st_mtime < asked["since"] or _held(path)["call"] != call
    except (OSError, ValueError):
        return True


def replayed(path: str | Path) -> dict:
    """What a recording holds, without a run beside it. Raises ValueError where it cannot be read."""
    return _to_arrays(_held(Path(path))["found"])


def check_likeness(now: Mapping, found: Mapping, name: str) -> float:
    """max |now − found| over the times that both have, of arrays [seeds, time, …].

    Another processor rounds otherwise, and training is chaotic, so single curves may part. Their mean may
    not: raises AssertionError where it is further off than two standard deviations over the seeds, or where
    names or shapes do not fit. Then the recording is of another experiment than the page's.
    """
    stale = f"{name} is not of the experiment that runs here; to make it anew: {_command(name)}"
    assert now.keys() == found.keys(), f"{stale} ({sorted(now)}, recorded {sorted(found)})"
    off = 0.0
    for key, kept in found.items():
        if isinstance(kept, Mapping):
            off = max(off, check_likeness(now[key], kept, name))
        elif kept.ndim >= 2:
            made = now[key]
            corner = kept[tuple(map(slice, made.shape))]
            assert corner.shape == made.shape, f"{stale} ({key}: {made.shape}, recorded {kept.shape})"
            gap = np.abs(made - corner)
            off = max(off, float(np.nanmax(gap, initial=0.0)))
            mean, was = (np.nanmean(side.reshape(len(side), -1), axis=1) for side in (made, corner))
            allowed = 2 * was.std() + 10.0**-DIGITS * np.nanmax(np.abs(corner), initial=0.0)
            assert abs(mean.mean() - was.mean()) <= allowed, (
                f"{stale} ({key}: mean {mean.mean():.4g}, recorded {was.mean():.4g} ± {was.std():.2g})"
            )
    return off


def _held(path):
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return {"call": held["call"], "found": held["found"]}
    except (OSError, ValueError, LookupError, TypeError) as error:
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise ValueError(
            f"{path}: no recording to be read ({reason}); make it: {_command(path.name)}"
        ) from None


def _read(path, call):
    held = _held(path)
    made, found = held["call"], _to_arrays(held["found"])
    if made != call:
        advice = f"make it anew: {_command(path.name)}, or call {call.split('(')[0]} here and wait"
        raise ValueError(f"{path} holds {made}, not {call}; {advice}")
    return found


def _write(path, call, found):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"call": call, "found": _to_lists(found)}, ensure_ascii=False)
    write_atomically(path, lambda file: file.write(f"{text}\n".encode()))


def _command(name):
    return f"python3 -m rlcourse record {name.split('-')[0]}"


def _call(experiment, settings):
    return f"{experiment.__name__}({', '.join(f'{key}={value!r}' for key, value in settings.items())})"


def _to_lists(found):
    if isinstance(found, Mapping):
        return {name: _to_lists(value) for name, value in found.items()}
    if np.ndim(found):
        return [_to_lists(value) for value in found]
    return int(found) if isinstance(found, int | np.integer) else float(f"{found:.{DIGITS}g}")


def _to_arrays(found):
    if isinstance(found, Mapping):
        return {name: _to_arrays(value) for name, value in found.items()}
    return np.asarray(found)
