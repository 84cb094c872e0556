"""`python3 -m rlcourse test`: its time-outs end what hangs, never what is slow."""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from rlcourse.commands.test import fuse

TESTS = Path(__file__).parent.parent
TIMED = """
import time
import pytest

@pytest.fixture(scope="module")
def seconds_2():
    time.sleep(2)

@pytest.fixture(scope="module")
def hanging():
    time.sleep(60)

def test_slow_after_a_slow_fixture(seconds_2):
    time.sleep(2)

def test_hangs():
    time.sleep(60)

def test_waits(hanging):
    pass
"""


@pytest.mark.slow
def test_a_test_and_the_fixtures_of_its_module_have_each_a_time_out_of_their_own(tmp_path):
    shutil.copy(TESTS / "conftest.py", tmp_path)
    (tmp_path / "test_timed.py").write_text(TIMED)
    command = [sys.executable, "-m", "pytest", "--timeout=3", "-n", "0", "-q", "-rA", "test_timed.py"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=fuse(30)).stdout
    assert "PASSED test_timed.py::test_slow_after_a_slow_fixture" in said
    assert "FAILED test_timed.py::test_hangs - Failed: Timeout" in said
    assert "ERROR test_timed.py::test_waits - Failed: Timeout" in said


def bare(path):
    """Time-outs that a test file writes as a number."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        timed = (
            isinstance(node, ast.keyword) and node.arg == "timeout" and isinstance(node.value, ast.Constant)
        )
        if timed and node.value.value != 0:  # 0 asks and does not wait
            yield f"{path.relative_to(TESTS)}:{node.value.lineno}: timeout={node.value.value}"


def test_every_time_out_of_the_tests_is_a_fuse():
    found = [line for path in sorted(TESTS.rglob("test_*.py")) for line in bare(path)]
    assert not found, "write timeout=fuse(seconds on an idle machine):\n" + "\n".join(found)


def test_the_time_out_of_a_test_outlasts_the_longest_wait_inside_it():
    config = tomllib.loads((TESTS.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert config["tool"]["pytest"]["ini_options"]["timeout"] >= fuse(120)
