"""What counts as handed in, and what stands in for a file that holds no notebook."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from rlcourse.grading.judging.collection import entries

NAMES = ("homework-3", "homework-4")


def test_a_broken_archive_in_a_students_folder_is_an_entry_with_its_reason(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "homework-3.zip").write_text("hello")
    (entry,) = entries(tmp_path, NAMES)
    assert entry.student == "ada" and "not a readable zip" in entry.problem


def test_a_notebook_counts_before_a_broken_archive_of_the_same_homework(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "homework-3.zip").write_text("hello")
    (tmp_path / "ada" / "my homework-3.ipynb").write_text("{}")
    (entry,) = entries(tmp_path, NAMES)
    assert entry.problem is None and entry.submission == "ada/my homework-3.ipynb"
    assert entry.warning == "other notebooks were left aside: ada/homework-3.zip"


def test_of_two_notebooks_that_came_at_once_that_with_the_exact_name_counts(tmp_path):
    (tmp_path / "ada").mkdir()
    for name in ("homework-3.ipynb", "z-homework-3.ipynb", "homework-4.ipynb"):
        (tmp_path / "ada" / name).write_text("{}")
    found = {entry.homework: entry for entry in entries(tmp_path, NAMES)}
    assert found["homework-3"].submission == "ada/homework-3.ipynb"
    assert "z-homework-3" in found["homework-3"].warning and found["homework-4"].warning is None


@pytest.mark.parametrize("earlier", ["homework-3 (2).ipynb", "homework-3.ipynb"])
def test_of_two_notebooks_for_one_homework_the_later_counts(tmp_path, earlier):
    folder = tmp_path / "ada"
    folder.mkdir()
    for name, stamp in ((earlier, 1e9), ("homework-3 (1).ipynb", 1e9 + 120)):
        (folder / name).write_text("{}")
        os.utime(folder / name, (stamp, stamp))
    (entry,) = entries(tmp_path, ["homework-3"])
    assert entry.submission == "ada/homework-3 (1).ipynb"
    assert f"left aside: ada/{earlier}" in entry.warning


def test_each_notebook_in_an_archive_is_an_entry_and_hidden_files_are_none(tmp_path):
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as archive:
        for name in ("work/homework-3.ipynb", "work/homework-4.ipynb", "__MACOSX/homework-3.ipynb"):
            archive.writestr(name, "{}")
    found = {entry.homework: entry for entry in entries(tmp_path, NAMES)}
    assert {name: entry.member for name, entry in found.items()} == {
        "homework-3": "work/homework-3.ipynb",
        "homework-4": "work/homework-4.ipynb",
    }
    assert found["homework-3"].student == "ada"


def test_the_homeworks_name_is_no_part_of_the_students(tmp_path):
    (tmp_path / "ada_homework-3.ipynb").write_text("{}")
    (entry,) = entries(tmp_path, NAMES)
    assert (entry.student, entry.homework) == ("ada", "homework-3")


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT CHECKED: only root may become another user for this test")
@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
def test_a_students_folder_that_cannot_be_read_costs_its_own_row_only(mode):
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        folder.chmod(0o755)
        for student in ("ada", "bob"):
            (folder / student).mkdir()
            (folder / student / "homework-3.ipynb").write_text("{}")
        (folder / "ada").chmod(mode)
        os.seteuid(65534)
        try:
            found = {entry.student: entry for entry in entries(folder, NAMES)}
        finally:
            os.seteuid(0)
    finally:
        shutil.rmtree(folder)
    assert found["bob"].problem is None
    assert "cannot be read (Permission denied)" in found["ada"].problem


def test_two_names_in_another_encoding_are_two_students_and_can_be_traced_back(tmp_path):
    names = [
        b"m\xfcller.ipynb",
        b"m\xe4ller.ipynb",
        rb"m\xfcller.ipynb",
        b"m\\\\xfcller.ipynb",
        "müller.ipynb".encode(),
    ]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_text("{}")
    found = entries(tmp_path, NAMES)
    keys = {entry.submission for entry in found}
    assert len(keys) == len({entry.student for entry in found}) == len(names)
    assert r"m\xfcller.ipynb" in keys and "müller.ipynb" in keys
    by_path = {os.path.basename(os.fsencode(entry.path)): entry.submission for entry in found}
    assert (
        by_path[b"m\xfcller.ipynb"] == r"m\xfcller.ipynb"
        and by_path[rb"m\xfcller.ipynb"] == r"m\\xfcller.ipynb"
    )


@pytest.mark.parametrize(
    "bad", ["\x1b[2Jada", "a\nda", "a\rda", "\u202eada", "a\u200bda", "a\x00da".replace("\x00", "\x07")]
)
def test_a_name_prints_on_one_line_and_moves_no_terminal(tmp_path, bad):
    (tmp_path / f"{bad}.ipynb").write_text("{}")
    (entry,) = entries(tmp_path, NAMES)
    assert entry.student.isprintable() and entry.submission.isprintable() and "ada" not in entry.student[:1]


@pytest.mark.parametrize(
    "name", [".hidden.ipynb", "..ipynb", "homework-3 (1).ipynb", "ada.IPYNB", "ada.ipynb.txt"]
)
def test_an_odd_name_is_graded_and_not_skipped_in_silence(tmp_path, name):
    (tmp_path / name).write_text("{}")
    (tmp_path / "._ada.ipynb").write_bytes(b"\0\5\x16\7")  # macOS writes these beside every file
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    (entry,) = entries(tmp_path, NAMES)
    assert entry.problem is None and entry.path.endswith(name)


def test_an_archive_of_twelve_notebooks_is_one_row_a_homework(tmp_path):
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as archive:
        for n in range(12):
            archive.writestr(f"try {n}/homework-3.ipynb", "{}")
    (entry,) = entries(tmp_path, NAMES)
    assert entry.student == "ada" and "left aside" in entry.warning


def test_a_small_archive_that_unpacks_to_gigabytes_of_lists_takes_little_memory(tmp_path):
    """88 kB of zip, 90 MB of text, 2.5 GB of Python's lists. In a process that had no other child before."""
    with (
        zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("homework-3.ipynb", "w", force_zip64=True) as file,
    ):
        file.write(b'{"cells":[')
        for _ in range(90):
            file.write(b"[]," * (1 << 18))
        file.write(b"[]]}")
    reader = """if True:
        import resource, sys
        from rlcourse.grading.judging.submission import Unreadable, read_member
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            read_member(sys.argv[1], "homework-3.ipynb")
        except Unreadable as error:
            print(error, file=sys.stderr)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            print(resource.getrusage(who).ru_maxrss)
        print(before)
    """
    command = [sys.executable, "-c", reader, str(tmp_path / "bomb.zip")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "memory that a notebook of its size needs" in done.stderr
    own, child, before = map(int, done.stdout.split())  # kB
    assert own - before < 100_000
    assert child < 1_500_000


def test_a_large_notebook_is_read_apart_and_comes_back_whole(tmp_path):
    from rlcourse.grading.judging.submission import SMALL, read

    cells = [{"cell_type": "code", "metadata": {}, "source": f"x = {n}  # {'é' * 1000}"} for n in range(3000)]
    path = tmp_path / "large.ipynb"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}))
    assert path.stat().st_size > SMALL
    assert [cell.source for cell in read(path)] == [cell["source"] for cell in cells]


def test_a_pasted_picture_of_several_megabytes_is_kept_beside_outputs_that_are_not(tmp_path):
    from rlcourse.grading.judging.submission import read

    photo = os.urandom(3 << 20)
    bundle = {"photo.png": {"image/png": base64.b64encode(photo).decode()}}
    proof = {
        "cell_type": "markdown",
        "metadata": {},
        "source": "![](attachment:photo.png)",
        "attachments": bundle,
    }
    output = {"output_type": "stream", "name": "stdout", "text": "x" * (5 << 20)}
    code = {"cell_type": "code", "metadata": {}, "source": "1", "outputs": [output]}
    path = tmp_path / "large.ipynb"
    path.write_text(json.dumps({"cells": [code, proof], "nbformat": 4}))
    assert read(path)[1].attachments == {"photo.png": photo}


def deadly(entry, *arguments):
    """In the place of `grade_entry`: the process ends on one submission."""
    from rlcourse.grading.judging.rows import Row

    if entry.student == "culprit" and not entry.problem:
        os._exit(9)
    return Row(entry.student, entry.submission, "homework-3", note=entry.problem or "")


@pytest.mark.slow
def test_a_submission_on_which_graders_die_takes_no_other_along(tmp_path, monkeypatch):
    from rlcourse.grading.judging import batch
    from rlcourse.grading.judging.collection import Entry

    monkeypatch.setattr(batch, "grade_entry", deadly)
    todo = [Entry(name, name) for name in ("a", "b", "culprit", "c", "d")]
    rows = {row.student: row for row in batch.in_parallel(todo, (), 2)}
    assert {name: row.status for name, row in rows.items()} == {
        **dict.fromkeys("abcd", "graded"),
        "culprit": "error",
    }
    assert "a grader ended on it" in rows["culprit"].note
