"""Run folders that survive kills: atomic writes, no pickle, one writer at a time.

A checkpoint is one .npz file: its arrays, and a JSON tree that says where each of them belongs. It is written
beside the last one and then put in its place, so at every moment at least one whole checkpoint exists; the
one before is kept as `previous.npz`.
"""

import contextlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from filelock import FileLock, Timeout

NAME, PREVIOUS = "checkpoint.npz", "previous.npz"

# What NumPy, zipfile and json say about bytes that are no checkpoint (a test damages each byte in turn).
DAMAGE = (
    zipfile.BadZipFile, ValueError, KeyError, EOFError, OSError, RuntimeError, AttributeError, TypeError,
)  # fmt: skip


class CheckpointError(ValueError):
    """A checkpoint is missing, damaged, or does not fit; the message says which file and what to do."""


def write_atomically(path: str | Path, write: Callable[[BinaryIO], object]) -> None:
    """`write(file)` into a temporary file beside `path`, force it to disk, then rename.

    Readers see the old file or the new, whole. A write that fails leaves the old file and no rubbish.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def make_folder(folder: str | Path) -> Path:
    """The folder, made if need be. Raises ValueError, in one line, where there can be none."""
    folder = Path(folder)
    try:
        if folder.is_file():
            raise ValueError(f"{folder}: is a file; a run needs a folder")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{folder}: cannot be made ({error.strerror or error}); choose another") from None
    if not os.access(folder, os.W_OK):
        raise ValueError(f"{folder}: may not be written into; choose another folder")
    return folder


def save(folder: str | Path, state: Any) -> None:
    """Write nested dicts and lists of arrays, numbers, text and None as the folder's checkpoint.

    Killed at any moment, the folder holds this state or the one before, whole.
    """
    folder = Path(folder)
    arrays = {}
    tree = json.dumps(_to_tree(state, arrays))
    arrays["tree"] = np.frombuffer(tree.encode(), np.uint8)
    fresh = folder / "fresh.npz"
    write_atomically(fresh, lambda file: np.savez(file, **arrays))
    if (folder / NAME).exists():
        os.replace(folder / NAME, folder / PREVIOUS)
    os.replace(fresh, folder / NAME)


def load(folder: str | Path) -> Any:
    """The state that `save` wrote. Raises CheckpointError, naming an older checkpoint where there is one."""
    folder = Path(folder)
    path = folder / NAME
    if not path.exists() and (folder / PREVIOUS).exists():
        path = folder / PREVIOUS  # killed between the two renames
    if not path.exists():
        raise CheckpointError(
            f"{folder}: no {NAME} here; give the folder of a run saved by train or Run.save"
        )
    try:
        with open(path, "rb") as whole, np.load(whole, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return _from_tree(json.loads(arrays.pop("tree").tobytes()), arrays)
    except DAMAGE as error:
        older = folder / PREVIOUS
        advice = (
            f"an older one is whole: rename {PREVIOUS} to {NAME} to use it"
            if older.exists() and older != path
            else "there is no older one; start the run again"
        )
        raise CheckpointError(f"{path}: damaged ({_one_line(error)}); {advice}") from None


@contextlib.contextmanager
def fitting(folder: str | Path) -> Iterator[None]:
    """Within, a whole checkpoint is put into place: where it has another form, CheckpointError says so."""
    try:
        yield
    except CheckpointError:
        raise
    except DAMAGE as error:
        raise CheckpointError(
            f"{Path(folder) / NAME}: does not fit ({type(error).__name__}: {_one_line(error)}); it is of "
            "another version or of other settings; start the run again"
        ) from None


def lock(folder: str | Path) -> FileLock:
    """Keep other processes from writing into this run folder; returns a lock to release.

    The system frees it when we die. Raises RuntimeError where another process holds it.
    """
    handle = FileLock(str(Path(folder) / ".lock"))
    try:
        handle.acquire(timeout=0)
    except Timeout:
        raise RuntimeError(
            f"{folder}: another process is training into this folder; stop it, or choose another folder"
        ) from None
    return handle


def is_locked(folder: str | Path) -> bool:
    """Whether another process is writing into this run folder."""
    try:
        lock(folder).release()
    except RuntimeError:
        return True
    except OSError:  # a read-only folder: nobody writes here
        return False
    return False


def _to_tree(value: Any, arrays: dict[str, np.ndarray]) -> dict:
    """value as JSON can say it; its arrays go into `arrays`, under the names that the tree gives them."""
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, dict):
        return {"dict": {key: _to_tree(item, arrays) for key, item in value.items()}}
    if isinstance(value, list | tuple):
        return {"list": [_to_tree(item, arrays) for item in value]}
    return {"value": value.item() if isinstance(value, np.generic) else value}


def _from_tree(tree: dict, arrays: dict[str, np.ndarray]) -> Any:
    """What `_to_tree` made the tree of."""
    ((kind, value),) = tree.items()
    if kind == "array":
        return arrays[value]
    if kind == "dict":
        return {key: _from_tree(item, arrays) for key, item in value.items()}
    return [_from_tree(item, arrays) for item in value] if kind == "list" else value


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
