"""A child's memory is bounded wherever it hides it, and its time is its own, not its neighbours'."""

import subprocess
import sys
import time

import pytest

from rlcourse.commands.test import fuse
from rlcourse.grading.judging.judge import judge
from rlcourse.grading.judging.submission import Cell
from rlcourse.grading.sandbox import child as child_module
from rlcourse.grading.sandbox.child import Child, ChildDied, Deadline
from rlcourse.grading.sandbox.confinement import Limits

pytestmark = pytest.mark.sandbox
MEGABYTE = 1 << 20


def ask(source, limits):
    with Child(limits) as child:
        child.ask({"cell": {"role": "solution", "name": "probe", "source": source}})
        return child.ask({"run": 1})["error"]


HIDDEN = {
    "memfd": "os.memfd_create('x')",
    "System V": "b = ctypes.CDLL(None, use_errno=True).shmget(0, 1 << 20, 0o1600)\nif b < 0: raise PermissionError",
    "shared mapping": "mmap.mmap(-1, 1 << 20)",
    "POSIX queue": "b = ctypes.CDLL('librt.so.1').mq_open(b'/x', 0o102, 0o600, None)\nif b < 0: raise PermissionError",
    "message queue": "b = ctypes.CDLL(None).msgget(0, 0o1600)\nif b < 0: raise PermissionError",
}


@pytest.mark.parametrize("way", HIDDEN)
def test_memory_that_no_process_owns_cannot_be_had(way):
    assert "PermissionError" in ask(f"import ctypes, mmap, os\n{HIDDEN[way]}\n", Limits())


def test_a_mapping_of_dev_zero_is_none():
    source = "import mmap, os\nm = mmap.mmap(os.open('/dev/zero', os.O_RDWR), 1 << 20)\n"
    assert "Error" in ask(source, Limits())


DRIP = """
import os, time
def hoard():
    kept = bytearray(180 << 20)
    for i in range(0, len(kept), 4096):
        kept[i] = 1
    time.sleep(60)
for _ in range(8):
    if os.fork() == 0:
        hoard()
while True:
    for number in os.listdir('/proc/self/fd'):
        try: os.write(int(number), b'\\0')
        except OSError: pass
    time.sleep(0.02)
"""


def test_forks_that_hoard_while_bytes_drip_are_ended():
    begin = time.monotonic()
    with pytest.raises(ChildDied) as death:
        ask(DRIP, Limits(seconds=30, memory=1000 * MEGABYTE, processes=24))
    assert death.value.kind in ("memory", "protocol")
    assert time.monotonic() - begin < 25


HOARD = DRIP.replace("while True:", "while False:") + "time.sleep(60)\n"


def test_the_sum_over_forks_counts_and_what_they_share_counts_once():
    with pytest.raises(ChildDied) as death:
        ask(HOARD, Limits(seconds=30, memory=1000 * MEGABYTE))
    assert death.value.kind == "memory"
    idle = "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        time.sleep(3); os._exit(0)\ntime.sleep(1.5)\n"
    assert ask(idle, Limits(seconds=30, memory=1000 * MEGABYTE)) is None


def test_the_time_that_a_child_waits_for_a_processor_is_not_its_own():
    deadline = Deadline(10.0)
    begin = deadline.end
    deadline.waited(100.0)  # the first look: what was before does not count
    assert deadline.end == begin and not deadline.starved
    deadline.waited(107.0)
    assert deadline.end == begin + 7.0 and deadline.starved
    deadline.waited(1000.0)
    assert deadline.end == pytest.approx(begin - 10.0 + child_module.PATIENCE * 10.0)


def test_one_that_sleeps_has_its_limit_and_no_more():
    limits = Limits(seconds=2)
    assert ask("pass", limits) is None  # the fork server is there
    begin = time.monotonic()
    with pytest.raises(ChildDied, match="time limit") as death:
        ask("import time\ntime.sleep(60)", limits)
    assert not death.value.starved and time.monotonic() - begin < fuse(8)


BUSY = "import time\nwhile time.process_time() < {0}: pass"


def test_a_right_but_slow_answer_beside_a_storm_is_not_timed_out(assignment):
    """It needs 0.7 of its 1 s; six others take the processors meanwhile."""
    slow = (
        "import time\ndef polyak(target, online, tau):\n    begin = time.process_time()\n"
        "    while time.process_time() - begin < 0.02: pass\n    return (1 - tau) * target + tau * online\n"
    )
    storm = [subprocess.Popen([sys.executable, "-c", BUSY.format(4)]) for _ in range(6)]
    try:
        results, _ = judge(assignment, [Cell("code", slow, "polyak")], 1, Limits(seconds=1.0))
    finally:
        for process in storm:
            process.kill()
            process.wait()
    assert results["polyak"].passed, results["polyak"].message


@pytest.mark.parametrize("breaks", ["os.closerange(3, 256)", "sys.modules['runner'].Work.answer = None"])
def test_sabotage_that_shows_one_cell_later_ends_and_costs_what_it_costs(assignment, right, breaks):
    """The cell above is to blame; to blank the next one again and again would never end."""
    sabotage = f"import os, sys\n{breaks}\ndef polyak(target, online, tau):\n    return 0\n"
    cells = [Cell("code", right["ou_step"], "ou_step"), Cell("code", sabotage, "polyak")]
    cells.append(Cell("code", right["ddpg_target"], "ddpg_target"))
    begin = time.monotonic()
    results, _ = judge(assignment, cells, 1, Limits(seconds=3))
    assert results["ou_step"].passed and not results["polyak"].passed
    assert time.monotonic() - begin < 60


def test_a_submission_has_few_processes():
    source = (
        "import os, time\nn = 0\ntry:\n    while True:\n        if os.fork() == 0: time.sleep(20); os._exit(0)\n"
        "        n += 1\nexcept OSError: pass\nraise ValueError(n)\n"
    )
    said = ask(source, Limits())
    assert 0 < int(said.split(": ")[-1]) <= 24
