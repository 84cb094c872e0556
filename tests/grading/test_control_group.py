"""The kernel's own bound on a child's memory, where a group was delegated; tried on a folder that looks like one."""

import os
import subprocess
import time
from pathlib import Path

import pytest

pytest.importorskip("psutil", reason="NOT CHECKED: psutil is not installed (extra: instructor)")

from rlcourse.grading.sandbox import control_group
from rlcourse.grading.sandbox.child import Child, ChildDied
from rlcourse.grading.sandbox.confinement import LIMITS


def looks_delegated(folder, path="user.slice/mine", processes=(), controllers="cpu memory pids", enabled=""):
    """(mount, folder of a process) with the files that the kernel shows of cgroup v2."""
    mount, process = folder / "cgroup", folder / "self"
    home = mount / path
    home.mkdir(parents=True)
    process.mkdir()
    (process / "cgroup").write_text(f"0::/{path}\n")
    (home / "cgroup.controllers").write_text(f"{controllers}\n")
    (home / "cgroup.subtree_control").write_text(enabled)
    (home / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in processes))
    return mount, process, home


def test_a_grader_moves_out_of_its_group_and_has_it_hand_memory_on(tmp_path):
    mount, process, home = looks_delegated(tmp_path, processes=[os.getpid()])
    (home / control_group.OWN).mkdir()
    assert control_group.delegated(mount, process) == home
    assert (home / control_group.OWN / "cgroup.procs").read_text() == str(os.getpid())
    assert (home / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_a_worker_of_a_grader_that_has_moved_finds_the_same_group(tmp_path):
    mount, process, home = looks_delegated(tmp_path, enabled="memory pids", processes=[1])
    (process / "cgroup").write_text(f"0::/user.slice/mine/{control_group.OWN}\n")
    assert control_group.delegated(mount, process) == home
    assert (home / "cgroup.subtree_control").read_text() == "memory pids"


@pytest.mark.parametrize(
    "what",
    [
        {"controllers": "cpu pids"},  # memory belongs to cgroup v1, as on a hybrid machine
        {"controllers": ""},
        {"processes": [os.getpid(), 2**22 - 1]},  # somebody else's process is in it
    ],
)
def test_where_no_group_may_be_made_there_is_none(tmp_path, what):
    mount, process, home = looks_delegated(tmp_path, **what)
    assert control_group.delegated(mount, process) is None
    assert (home / "cgroup.subtree_control").read_text() == ""


def test_a_group_that_may_not_be_written_to_is_none(tmp_path):
    mount, process, home = looks_delegated(tmp_path, processes=[])
    (home / "cgroup.subtree_control").unlink()
    (home / "cgroup.subtree_control").mkdir()
    assert control_group.delegated(mount, process) is None


def test_version_one_alone_is_none(tmp_path):
    mount, process, _ = looks_delegated(tmp_path)
    (process / "cgroup").write_text("4:memory:/x\n")
    assert control_group.delegated(mount, process) is None


def test_a_group_has_its_bounds_and_tells_of_an_overrun(tmp_path):
    group = control_group.ControlGroup(tmp_path, 1000, 32)
    said = {
        name: (group.folder / name).read_text() for name in ("memory.max", "memory.oom.group", "pids.max")
    }
    assert said == {"memory.max": "1000", "memory.oom.group": "1", "pids.max": "32"}
    assert not group.overrun
    (group.folder / "memory.events").write_text("low 0\noom 1\noom_kill 0\n")
    assert not group.overrun
    (group.folder / "memory.events").write_text("low 0\noom 1\noom_kill 3\n")
    assert group.overrun
    group.close(patience=0.05)
    assert (group.folder / "cgroup.kill").read_text() == "1"


@pytest.mark.sandbox
def test_a_child_lives_in_a_group_of_its_own_and_its_death_there_is_one_of_memory(tmp_path, monkeypatch):
    mount, process, home = looks_delegated(tmp_path, enabled="memory pids")
    monkeypatch.setattr(control_group, "delegated", lambda: home)
    moved = []
    monkeypatch.setattr(control_group.ControlGroup, "add", lambda self, pids: moved.extend(pids))
    with Child(LIMITS) as child:
        (group,) = home.glob("rlcourse-child-*")
        assert len(moved) == 3  # the process that waits for it, its process 1, itself
        assert Path(f"/proc/{moved[-1]}/status").read_text().count("NSpid")
        assert int((group / "memory.max").read_text()) > LIMITS.memory
        source = "import os\nos._exit(9)\n"
        child.ask({"cell": {"role": "solution", "name": "polyak", "source": source}})
        (group / "memory.events").write_text("oom_kill 1\n")  # as the kernel would
        with pytest.raises(ChildDied) as death:
            child.ask({"run": 1})
    assert death.value.kind == "memory" and "2 GB" in str(death.value)
    assert (group / "cgroup.kill").read_text() == "1"


def writable_mount():
    """A mounted cgroup v2 in which a group can be made here, with or without memory; None elsewhere."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place = Path(line.split()[4])
        if " - cgroup2 " in line:
            try:
                (place / "rlcourse-try").mkdir()
                (place / "rlcourse-try").rmdir()
                return place
            except OSError:
                continue
    return None


def test_a_real_group_ends_all_that_is_in_it():
    place = writable_mount() if Path("/proc/self/mountinfo").exists() else None
    if place is None:
        pytest.skip("NOT CHECKED: no cgroup v2 in which this user may make a group")
    group = control_group.ControlGroup(place, 1 << 30, 20)
    sleeper = subprocess.Popen(["sh", "-c", "sleep 600 & sleep 600 & wait"])
    group.add([sleeper.pid])
    begin = time.monotonic()
    group.close(patience=30)
    assert sleeper.wait(30) == -9 and time.monotonic() - begin < 60
    assert not group.folder.exists()
