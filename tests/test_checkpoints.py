"""Checkpoints come back whole or not at all: round trips, damaged bytes, full disks, kills, two writers."""

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from rlcourse import checkpoints
from rlcourse.algorithms.td3 import TD3
from rlcourse.checkpoints import NAME, PREVIOUS, CheckpointError
from rlcourse.commands.test import fuse
from rlcourse.training import Run, train

STATE = {
    "weights": np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3),
    "counts": np.array([3, -1]),
    "flags": np.array([True, False]),
    "empty": np.zeros((0, 4)),
    "scalar": np.array(2.5),
    "streams": [{"state": 2**127 + 1, "name": "PCG64"}, {"state": 0, "name": "θ"}],
    "nothing": None,
    "yes": True,
    "steps": np.int64(7),
    "rate": np.float64(1e-3),
    "nested": [[1, [2.5]], {}, []],
}


def same(one, other):
    if isinstance(other, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and np.array_equal(one, other)
    if isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in other)
    if isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other and (other is None) == (one is None)


def test_nested_states_come_back_with_their_kinds_shapes_and_digits(tmp_path):
    checkpoints.save(tmp_path, STATE)
    assert same(checkpoints.load(tmp_path), STATE)


def test_what_is_written_holds_no_pickle(tmp_path):
    """peers 5.24, from the writing side."""
    checkpoints.save(tmp_path, STATE)
    with np.load(tmp_path / NAME, allow_pickle=True) as file:
        assert all(file[name].dtype != object for name in file.files)
    assert not any(b"pickle" in path.read_bytes() for path in tmp_path.iterdir())


class Payload:
    def __reduce__(self):
        return os.mkdir, ("payload-was-run",)


def test_a_pickle_behind_a_proper_tree_is_refused_and_not_run(tmp_path, monkeypatch):
    """peers 5.24: the tree is in order, an array that it names is not."""
    monkeypatch.chdir(tmp_path)
    tree = json.dumps({"dict": {"weights": {"array": "a0"}}})
    evil = np.array([Payload()], dtype=object)
    np.savez(tmp_path / NAME, tree=np.frombuffer(tree.encode(), np.uint8), a0=evil)
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoints.load(tmp_path)
    assert not (tmp_path / "payload-was-run").exists()


@pytest.mark.parametrize("module", ["subprocess", "tests.evil", "rlcourse_evil.algorithms.x"])
def test_a_run_folder_cannot_name_code_outside_the_package(module, tmp_path):
    """peers 5.24: run.json names a class; only this package's are looked up."""
    algorithm = TD3(warmup=5, hidden=(4,), batch_size=4, capacity=20)
    run = train(algorithm, "Pendulum-v1", 8, folder=tmp_path / "run", evaluation_episodes=1)
    text = json.loads((tmp_path / "run" / "run.json").read_text())
    assert text["module"] == "rlcourse.algorithms.td3" and run.status == "finished"
    (tmp_path / "run" / "run.json").write_text(json.dumps({**text, "module": module}))
    loaded = set(sys.modules)
    with pytest.raises(CheckpointError, match="not of this package") as error:
        Run.load(tmp_path / "run")
    assert "\n" not in str(error.value) and module not in set(sys.modules) - loaded


def test_the_last_two_checkpoints_are_kept(tmp_path):
    for k in range(3):
        checkpoints.save(tmp_path, {"k": k})
    assert checkpoints.load(tmp_path) == {"k": 2}
    os.replace(tmp_path / PREVIOUS, tmp_path / NAME)
    assert checkpoints.load(tmp_path) == {"k": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == [NAME]


def test_a_folder_without_checkpoint_is_said_in_one_line(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CheckpointError, match="no checkpoint.npz here") as error:
            checkpoints.load(folder)
        assert str(folder) in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(CheckpointError, match=r"run\.json"):
        Run.load(tmp_path)


# ------------------------------------------------------------------------------------------------- damage


def test_whichever_byte_is_damaged_the_state_is_right_or_the_damage_is_said(tmp_path):
    """peers 5.41: bits flipped, files cut short, by the hundred; never a wrong state, never another error."""
    checkpoints.save(tmp_path, STATE)
    whole, rng, refused = (tmp_path / NAME).read_bytes(), np.random.default_rng(0), []
    directory = whole.index(b"PK\x01\x02")  # the end of the file says how to read the rest: each byte of it
    for trial, place in enumerate([*rng.integers(len(whole), size=400), *range(directory, len(whole))]):
        data = bytearray(whole[:place] if trial % 8 == 7 else whole)
        if len(data) > place:
            data[place] ^= 1 << trial % 8
        (tmp_path / NAME).write_bytes(data)
        try:
            assert same(checkpoints.load(tmp_path), STATE)
        except CheckpointError as error:
            refused.append(str(error))
    assert len(refused) > 300 and all(NAME in text and "\n" not in text for text in refused)


@pytest.mark.parametrize(
    "tree",
    [
        "[]", "{}", '{"array": "a9"}', '{"dict": 3}',
        "nonsense", "7",
    ],
)  # fmt: skip
def test_a_tree_that_is_none_is_damage_too(tree, tmp_path):
    np.savez(tmp_path / NAME, tree=np.frombuffer(tree.encode(), np.uint8))
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoints.load(tmp_path)


# ---------------------------------------------------------------------------------------------- full disks


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path):
    path = tmp_path / "curve.csv"
    path.write_bytes(b"old")

    def half(file):
        file.write(b"ne")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        checkpoints.write_atomically(path, half)
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["curve.csv"]


@pytest.mark.parametrize("where", ["np.savez", "os.fsync", "os.replace"])
def test_a_disk_that_fills_at_any_moment_leaves_a_whole_checkpoint(where, tmp_path, monkeypatch):
    """peers 5.40."""
    checkpoints.save(tmp_path, {"k": 0})
    checkpoints.save(tmp_path, {"k": 1})

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        module, name = where.split(".")
        patch.setattr({"np": np, "os": os}[module], name, full)
        with pytest.raises(OSError, match="No space"):
            checkpoints.save(tmp_path, {"k": 2})
    assert checkpoints.load(tmp_path) == {"k": 1}
    assert not [path for path in tmp_path.iterdir() if path.name not in (NAME, PREVIOUS)]
    checkpoints.save(tmp_path, {"k": 2})
    assert checkpoints.load(tmp_path) == {"k": 2}


def test_the_data_are_on_disk_before_the_name_points_to_them(tmp_path, monkeypatch):
    """peers 5.39 (Lightning#688): written, forced to disk, then renamed."""
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: order.append("fsync") or fsync(file))
    monkeypatch.setattr(os, "replace", lambda a, b: order.append(os.path.basename(b)) or replace(a, b))
    checkpoints.save(tmp_path, STATE)
    assert order.index("fsync") < order.index(NAME)


FULL = """
import sys, warnings
from rlcourse.algorithms.td3 import TD3
from rlcourse.training import train
warnings.simplefilter("always")
algorithm = TD3(warmup=5, hidden=(16, 16), batch_size=4, capacity=5000)
run = train(algorithm, "Pendulum-v1", 400, 2, folder=sys.argv[1], evaluate_every=40, evaluation_episodes=1)
print(run.status, len(run.curve.steps), run.checkpoint["steps"])
"""


def assert_survived(result, folder):
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["finished", "11", "400"]
    assert "could not be written" in result.stderr and "run.save(folder)" in result.stderr
    checkpoints.load(folder)  # one that was written before the disk was full, whole
    assert not [name for name in os.listdir(folder) if name.endswith(".tmp")]


def test_training_outlives_a_limit_on_the_size_of_files(tmp_path):
    """peers 5.40 with real writes that fail: the system allows no file above 150 kB."""
    folder = tmp_path / "run"
    result = subprocess.run(
        [sys.executable, "-c", FULL, folder],
        capture_output=True, text=True, timeout=fuse(24),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000)),
    )  # fmt: skip
    assert_survived(result, folder)


def test_training_outlives_a_disk_that_is_really_full(tmp_path):
    """peers 5.40 on a file system of 300 kB, in memory."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk]
    if (
        os.geteuid() != 0
        or not shutil.which("mount")
        or subprocess.run(mount, capture_output=True).returncode
    ):
        pytest.skip("NOT CHECKED: mounting a tiny file system needs root")
    try:
        result = subprocess.run(
            [sys.executable, "-c", FULL, disk / "run"], capture_output=True, text=True, timeout=fuse(24)
        )
        assert_survived(result, disk / "run")
    finally:
        subprocess.run(["umount", disk], check=True)


# -------------------------------------------------------------------------------------------- two writers


HOLD = """
import sys, time
from rlcourse import checkpoints
lock = checkpoints.lock(sys.argv[1])
print("held", flush=True)
time.sleep(60)
"""


def test_a_folder_has_one_writer_and_is_free_again_when_that_is_killed(tmp_path):
    """peers 5.44: across processes; SIGKILL leaves no stale lock behind."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().strip() == "held"
        with pytest.raises(RuntimeError, match="another process") as error:
            checkpoints.lock(tmp_path)
        assert "\n" not in str(error.value) and checkpoints.is_locked(tmp_path)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=fuse(6))
        assert not checkpoints.is_locked(tmp_path)
        checkpoints.lock(tmp_path).release()
    finally:
        process.kill()
        process.wait()


def test_an_npz_is_stored_as_a_zip_whose_sums_are_checked(tmp_path):
    checkpoints.save(tmp_path, STATE)
    assert zipfile.ZipFile(tmp_path / NAME).testzip() is None
