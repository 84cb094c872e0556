"""What counts as handed in, and what stands in for a file that holds no notebook."""

import zipfile

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


def test_of_two_notebooks_for_one_homework_that_with_its_exact_name_counts(tmp_path):
    (tmp_path / "ada").mkdir()
    for name in ("homework-3.ipynb", "z-homework-3.ipynb", "homework-4.ipynb"):
        (tmp_path / "ada" / name).write_text("{}")
    found = {entry.homework: entry for entry in entries(tmp_path, NAMES)}
    assert found["homework-3"].submission == "ada/homework-3.ipynb"
    assert "z-homework-3" in found["homework-3"].warning and found["homework-4"].warning is None


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
