"""A batch resumes, locks, goes parallel, and says when it was run without a sandbox."""

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from rlcourse.commands.test import fuse

SLOW = "import time\ntime.sleep(0.7)\ndef polyak(target, online, tau):\n    return target\n"
COMMAND = [
    sys.executable,
    "-c",
    "import sys; from rlcourse.grading.__main__ import main; sys.exit(main(sys.argv[1:]))",
]


@pytest.fixture
def folder(tmp_path, notebook, hand_in, right):
    folder = tmp_path / "submissions"
    folder.mkdir()
    for n in range(6):
        hand_in(folder, f"student{n}", notebook(right | {"polyak": SLOW}))
    return folder


def rows_of(out):
    from rlcourse.grading.judging.rows import load_rows

    return load_rows(out / "rows.jsonl")


def wait_for(condition, seconds=12):
    end = time.monotonic() + fuse(seconds)
    while True:
        with contextlib.suppress(psutil.NoSuchProcess):
            if condition():
                return
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.sandbox
def test_finished_rows_survive_a_kill_and_the_next_run_goes_on(folder, graded, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*COMMAND, str(folder), "--out", str(out), "--jobs", "1"], stderr=subprocess.DEVNULL
    )
    wait_for(lambda: len(rows_of(out)) >= 2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {row.student: row.as_dict() for row in rows_of(out)}
    assert 2 <= len(kept) < 6
    with open(out / "rows.jsonl", "a") as file:
        file.write('{"student": "cut sho')  # a kill in the middle of a line
    rows = graded(folder, out)
    assert len(rows) == 6
    assert all(rows[student].as_dict() == row for student, row in kept.items())  # not graded twice
    assert all(row.results["ou_step"].passed for row in rows.values())


@pytest.mark.sandbox
def test_a_killed_grader_takes_its_children_along(tmp_path, notebook, hand_in):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    endless = (
        "import os\ndef polyak(*a):\n    os.setsid() if os.fork() == 0 else None\n    while True: pass\n"
    )
    hand_in(folder, "endless", notebook({"polyak": endless.replace("*a", "target, online, tau")}))
    command = [*COMMAND, str(folder), "--out", str(out), "--jobs", "1", "--seconds", "60"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def in_sandbox():
        everybody = psutil.Process(process.pid).children(recursive=True)
        return [
            p
            for p in everybody
            if p.name().startswith("python") and "/opt/course/fork_server.py" in p.cmdline()
        ]

    wait_for(
        lambda: len(in_sandbox()) >= 5
    )  # the fork server, two between, the child, and the fork that it made
    inside = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, left = psutil.wait_procs(inside, timeout=fuse(4))
    assert [p for p in left if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.sandbox
def test_a_second_grader_is_locked_out_with_a_clear_line(folder, tmp_path):
    from rlcourse.grading.judging.batch import lock

    with lock(tmp_path):
        second = subprocess.run(
            [*COMMAND, str(folder), "--out", str(tmp_path)], capture_output=True, text=True
        )
    assert second.returncode == 2
    assert f"another grader (process {os.getpid()})" in second.stderr and len(second.stderr.splitlines()) == 1
    assert not (tmp_path / "rows.jsonl").exists()


@pytest.mark.sandbox
@pytest.mark.slow
def test_the_installed_command_grades_in_parallel_and_writes_table_page_and_figure(folder, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "rlcourse", "grade", str(folder), "--out", str(out), "--jobs", "2"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "6 submissions: 6 graded" in done.stdout
    assert "6/6" in done.stderr  # the progress bar
    with open(out / "grades.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["student"] for line in lines] == [f"student{n}" for n in range(6)]
    assert {line["sandbox"] for line in lines} == {"yes"}
    assert float(lines[0]["ou_step"]) > 0 and lines[0]["polyak"] == "0"
    assert lines[0]["polyak: misconception"] != ""
    assert "What to reteach" in (out / "report.html").read_text()
    assert (out / "report-homework-3.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.sandbox
def test_a_submission_handed_in_again_is_graded_again(notebook, hand_in, graded, right, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    hand_in(folder, "alice", notebook({}))
    first = graded(folder, out)["alice"]
    hand_in(folder, "alice", notebook(right))
    second = graded(folder, out)["alice"]
    assert first.score == 0 < second.score
    assert first.seed != second.seed  # what the first one's feedback told of its inputs does not help


@pytest.mark.sandbox
def test_regrading_starts_over_and_keeps_the_old_rows_aside(notebook, hand_in, graded, right, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    hand_in(folder, "alice", notebook(right))
    graded(folder, out)
    graded(folder, out, "--regrade")
    assert len(rows_of(out)) == 1
    assert len(list(out.glob("rows-*.jsonl"))) == 1


@pytest.mark.sandbox
def test_the_same_seed_gives_the_same_rows(notebook, hand_in, graded, right, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    hand_in(folder, "alice", notebook(right | {"polyak": SLOW}))
    one, other = (graded(folder, tmp_path / out, "--seed", "5")["alice"].as_dict() for out in ("a", "b"))
    assert one | {"seconds": 0} == other | {"seconds": 0}


def test_without_bubblewrap_grading_is_refused(notebook, hand_in, right, tmp_path, monkeypatch, capsys):
    from rlcourse.grading import __main__ as cli

    hand_in(tmp_path, "alice", notebook(right))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main([str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "bubblewrap is not installed" in said and "--unsandboxed" in said
    assert not (tmp_path / "out").exists()


def test_unsandboxed_rows_say_so(notebook, hand_in, right, graded, tmp_path, monkeypatch, capsys):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    hand_in(folder, "alice", notebook(right))
    hand_in(folder, "bob", notebook({"polyak": "import os\ndef polyak(*a): os._exit(0)"}))
    monkeypatch.setenv("PATH", str(tmp_path))
    rows = graded(folder, out, "--unsandboxed")
    assert rows["alice"].results["ou_step"].passed and not rows["bob"].results["polyak"].passed
    assert not any(row.sandboxed for row in rows.values())
    assert (out / "grades.csv").read_text().count("NO, run unsandboxed") == 2
    assert (out / "report.html").read_text().count("GRADED WITHOUT A SANDBOX") == 2
    assert "without a sandbox" in capsys.readouterr().out


def test_a_missing_folder_or_homework_is_one_clear_line(tmp_path, capsys):
    from rlcourse.grading import __main__ as cli

    assert cli.main([str(tmp_path / "nowhere")]) == 2
    assert (
        cli.main(
            [str(tmp_path), "--homework", "homework-99", "--unsandboxed", "--out", str(tmp_path / "out")]
        )
        == 2
    )
    lines = capsys.readouterr().err.splitlines()
    assert "there is no folder" in lines[0] and "there is no homework-99" in lines[-1]


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -1.0, "full", None, True, [1.0], 7.0, 0.5])
def test_credit_is_always_a_number_between_nought_and_the_points(score):
    from rlcourse.grading.judging.rows import credit

    expected = {7.0: 4.0, 0.5: 2.0}.get(score, 0.0) if isinstance(score, float) else 0.0
    assert credit(score, 4.0) == expected


def test_a_fault_of_the_grader_is_a_row_that_the_next_run_grades_again(
    notebook, hand_in, right, graded, tmp_path, monkeypatch
):
    from rlcourse.grading.judging import batch

    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    hand_in(folder, "alice", notebook(right))

    def fails(*a):
        raise OSError("the disk is gone")

    monkeypatch.setattr(batch, "judge", fails)
    first = graded(folder, out, "--unsandboxed")["alice"]
    assert first.status == "error" and "the disk is gone" in first.note and first.score == 0
    monkeypatch.undo()
    assert graded(folder, out, "--unsandboxed")["alice"].status == "graded"


def test_rows_round_trip_through_json():
    from rlcourse.grading.judging.rows import Result, Row

    row = Row("a", "a.ipynb", "homework-3", results={"polyak": Result(3.0, 1.0, True, None, "ok")})
    assert Row.from_dict(json.loads(json.dumps(row.as_dict()))) == row


def test_the_lock_is_free_after_its_holder(tmp_path):
    from rlcourse.grading.judging.batch import Refused, lock

    with lock(tmp_path), pytest.raises(Refused, match=str(os.getpid())), lock(tmp_path):
        pass
    with lock(tmp_path):
        pass
