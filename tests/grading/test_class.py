"""An instructor's way: a platform's archive and a class list in; rows, pages, marks by hand and a table out."""

import csv
import json
import zipfile
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from rlcourse.grading.judging import by_hand, pages, report
from rlcourse.grading.judging.collection import Entry
from rlcourse.grading.judging.platform_export import unpack
from rlcourse.grading.judging.roster import NoRoster, Person, assign, fits, lateness, read_roster
from rlcourse.grading.judging.rows import Result, Row

CLASS = "student;name\na17;Ada Lovelace\nb42;Bob Kahn\nc08;Chloé D'Arcy\nd99;Dora Lange\n"
PEOPLE = [Person("a17", "Ada Lovelace"), Person("b42", "Bob Kahn"), Person("c08", "Chloé D'Arcy")]


@pytest.mark.parametrize(
    "key, whose",
    [
        ("a17", "a17"),
        ("A17", "a17"),
        ("hw3_a17_final", "a17"),
        ("Ada Lovelace_4711", "a17"),
        ("lovelaceada", "a17"),
        ("Lovelace, Ada", "a17"),
        ("Chloe D'Arcy", "c08"),
        ("a170", None),
        ("Ada", None),
        ("homework", None),
    ],
)
def test_a_file_belongs_to_the_one_person_whom_its_name_fits(key, whose):
    assert [p.id for p in PEOPLE if fits(p, key)] == ([whose] if whose else [])


def test_what_fits_two_people_is_not_guessed():
    twins = [Person("1", "Ada Lovelace"), Person("2", "Ada Lovelace")]
    (entry,) = assign([Entry("Ada Lovelace", "x.ipynb", "homework-3")], twins)
    assert entry.student == "Ada Lovelace" and "fits 1 and 2 on the class list" in entry.warning


def test_of_two_hand_ins_the_later_counts_and_says_so():
    entries = [Entry("a17", f"{n}.ipynb", "homework-3", time=float(t)) for n, t in (("new", 2), ("old", 1))]
    (entry,) = assign(entries, PEOPLE)
    assert (
        entry.submission == "new.ipynb"
        and "handed in 2 times; the last one counts, not old.ipynb" in entry.warning
    )


def test_lateness_in_words():
    due = datetime(2026, 11, 20, 12, 0)
    at = due.timestamp()
    assert lateness(at, due) == "" and lateness(None, due) == "" and lateness(at + 60, None) == ""
    assert lateness(at + 61, due) == "late by 1 min"
    assert lateness(at + 86400 + 3 * 3600, due) == "late by 1 d 3 h 0 min"


@pytest.mark.parametrize(
    "text, reason", [("", "no column"), ("a,b\n1,2\n", "no column"), ("student\na\nA\n", "twice")]
)
def test_a_class_list_that_is_none_is_one_clear_line(tmp_path, text, reason):
    (tmp_path / "class.csv").write_text(text)
    with pytest.raises(NoRoster, match=reason):
        read_roster(tmp_path / "class.csv")


def archive(path, members):
    with zipfile.ZipFile(path, "w") as opened:
        for name, (text, stamp) in members.items():
            opened.writestr(zipfile.ZipInfo(name, stamp), text)


IN_TIME, TOO_LATE = (2026, 11, 20, 10, 0, 0), (2026, 11, 20, 15, 0, 0)


def test_a_platforms_archive_becomes_a_folder_for_each_student(tmp_path):
    members = [
        "Ada Lovelace_4711_assignsubmission_file_/homework-3.ipynb",
        "Bob Kahn_4712_assignsubmission_file_homework-3 (1).IPYNB",
        "darcychloe_LATE_11_22_homework-3.ipynb.txt",
        "dora/homework-3.ipynb",
        "dora/essay.pdf",
        "../../../etc/evil.ipynb",
        "/absolute.ipynb",
        "__MACOSX/._x.ipynb",
    ]
    archive(tmp_path / "all.zip", dict.fromkeys(members, ("{}", IN_TIME)))
    out = unpack(tmp_path / "all.zip", tmp_path / "out" / "unpacked")
    found = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert "Ada Lovelace/homework-3.ipynb" in found
    assert "Bob Kahn/homework-3 (1).IPYNB" in found
    assert "darcychloe/homework-3.ipynb.txt" in found
    assert "dora/homework-3.ipynb" in found
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == len(found) + 1  # nothing anywhere else
    assert not any("MACOSX" in name for name in found)


@pytest.mark.sandbox
def test_from_a_platforms_archive_to_rows_pages_marks_and_table(
    tmp_path, notebook, right, graded, assignment, capsys
):
    proof = assignment.of_role("written")[0].grade_id

    def handed_in(answers, text):
        content = notebook(answers)
        for cell in content["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == proof:
                cell["source"] = text
        return json.dumps(content)

    script = "By Jensen. <script>alert(1)</script>"
    archive(
        tmp_path / "all.zip",
        {
            "Ada Lovelace_4711_assignsubmission_file_/homework-3.ipynb": (handed_in(right, script), IN_TIME),
            "b42_homework-3.ipynb": (handed_in({}, "old"), IN_TIME),
            "b42_homework-3 second.ipynb": (handed_in(right, "new"), TOO_LATE),
            "c08/essay.pdf": ("%PDF", IN_TIME),
            "stranger/homework-3.ipynb": (handed_in({}, "who am I"), IN_TIME),
        },
    )
    (tmp_path / "class.csv").write_text(CLASS)
    out = tmp_path / "out"
    how = ["--roster", str(tmp_path / "class.csv"), "--due", "2026-11-20 12:00", "--homework", "homework-3"]
    graded(tmp_path / "all.zip", out, *how)

    def table(name):
        with open(out / name, newline="", encoding="utf-8") as file:
            return {line["student"]: line for line in csv.DictReader(file)}

    rows = table("grades.csv")
    assert set(rows) == {"a17", "b42", "c08", "d99", "stranger"}
    assert float(rows["a17"]["score"]) > 0 and rows["a17"]["late"] == ""
    assert rows["b42"]["late"] == "late by 3 h 0 min" and "handed in 2 times" in rows["b42"]["warnings"]
    assert float(rows["b42"]["score"]) > 0
    assert rows["c08"]["status"] == "unreadable"
    assert rows["d99"]["status"] == "missing" and rows["d99"]["note"] == "nothing was handed in"
    assert "fits nobody" in rows["stranger"]["warnings"]
    # pages
    page = (out / "feedback" / "a17-homework-3.html").read_text(encoding="utf-8")
    assert "✓ polyak" in page and "&lt;script&gt;" in page and "<script" not in page
    assert "<script" not in (out / "to-mark.html").read_text(encoding="utf-8")
    assert not (out / "feedback" / "d99-homework-3.html").exists()
    # marks by hand, twice: they stay
    with open(out / "by-hand.csv", newline="", encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        if (line["student"], line["cell"]) == ("a17", proof):
            line |= {"points": "2,5", "comment": "name the case of equality"}
    with open(out / "by-hand.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, by_hand.COLUMNS, delimiter=";")  # as a spreadsheet may save it
        writer.writeheader()
        writer.writerows(lines)
    for _ in range(2):
        graded(tmp_path / "all.zip", out, *how)
        again = table("grades.csv")["a17"]
        assert float(again["total"]) == float(again["score"]) + 2.5
    assert "name the case of equality" in (out / "feedback" / "a17-homework-3.html").read_text(
        encoding="utf-8"
    )
    platform = table("platform.csv")
    assert "name the case of equality" in platform["a17"]["feedback"] and platform["d99"]["points"] == "0"
    assert "polyak" not in platform["a17"]["feedback"].replace("polyak_", "")  # right: nothing to say
    assert "1 handed in nothing" in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.sandbox
def test_a_row_goes_with_the_file_that_was_withdrawn(tmp_path, notebook, right, hand_in, graded):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for student in ("ada", "bob"):
        hand_in(folder, student, notebook(right))
    graded(folder, out)
    (folder / "bob.ipynb").unlink()
    graded(folder, out)
    assert "bob" not in (out / "grades.csv").read_text()
    assert [p.name for p in (out / "feedback").iterdir()] == ["ada-homework-3.html"]


@pytest.mark.sandbox
def test_after_an_exercise_was_changed_plain_grade_says_that_nothing_was_regraded(
    tmp_path, notebook, right, hand_in, graded, monkeypatch, capsys
):
    from rlcourse.grading.judging import batch

    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    hand_in(folder, "ada", notebook(right))
    first = graded(folder, out)["ada"]
    assert "nothing was regraded" not in capsys.readouterr().out
    known = batch.assignments()
    three = known["homework-3"]
    kept = [cell for cell in three.cells if cell.grade_id not in ("ddpg_target", "test-ddpg_target")]
    changed = [replace(c, points=c.points + 2) if c.grade_id == "test-polyak" else c for c in kept]
    monkeypatch.setattr(
        batch, "assignments", lambda: known | {"homework-3": replace(three, cells=tuple(changed))}
    )
    same = graded(folder, out)["ada"]
    said = capsys.readouterr().out
    assert "ddpg_target was removed" in said and "polyak: " in said and "points became" in said
    assert "nothing was regraded. To grade all again: --regrade" in said and same.score == first.score
    again = graded(folder, out, "--regrade")["ada"]
    said = capsys.readouterr().out
    assert (
        "ddpg_target" not in again.results
        and again.results["polyak"].points == first.results["polyak"].points + 2
    )
    assert f"ada {first.score:g} → {again.score:g}" in said
    graded(folder, out)
    assert "Since the rows" not in capsys.readouterr().out
    monkeypatch.setattr(batch, "assignments", lambda: known)  # and back: an exercise more
    graded(folder, out)
    assert "ddpg_target was added" in capsys.readouterr().out
    assert "ddpg_target" in graded(folder, out, "--regrade")["ada"].results


def test_marks_by_hand_are_numbers_in_their_range():
    assert [by_hand.number(t, 4.0) for t in ("3", "2,5", " 9 ", "-1", "nan", "good", "")] == [
        3,
        2.5,
        4,
        0,
        None,
        None,
        None,
    ]


def graded_rows(n=40, seed=0):
    rng = np.random.default_rng(seed)
    skill = rng.normal(size=n)
    for i in range(n):
        results = {}
        for name, hardness, noise in (("easy", -1.5, 0.5), ("hard", 1.0, 0.5), ("riddle", 0.0, 100.0)):
            passed = bool(skill[i] + noise * rng.normal() > hardness)
            results[name] = Result(2.0, float(passed), passed, None, "")
        yield Row(f"s{i}", f"{i}.ipynb", "homework-3", results=results)


def test_difficulty_and_discrimination_are_shares_and_correlations_with_the_rest():
    rows = list(graded_rows())
    found = report.difficulty_and_discrimination(rows)
    credit = {
        name: np.array([row.results[name].credit for row in rows]) for name in ("easy", "hard", "riddle")
    }
    for name, (share, r) in found.items():
        rest = sum(values for other, values in credit.items() if other != name)
        own = credit[name]
        cov = np.mean(own * rest) - own.mean() * rest.mean()
        assert share == np.mean(own == 2.0) and r == pytest.approx(cov / (own.std() * rest.std()))
    assert found["hard"][0] < found["easy"][0]
    assert all(r is None for _, r in report.difficulty_and_discrimination(rows[:9]).values())
    same = [Row("s", "s", "h", results={"a": Result(1.0, 1.0, True, None, "")})] * 20
    assert report.difficulty_and_discrimination(same) == {"a": (1.0, None)}


def test_a_page_of_a_student_with_a_wild_name_lies_in_its_folder(tmp_path):
    rows = [
        Row(name, "x", "homework-3", note="x", status="unreadable")
        for name in ("../../up", "..", "a/b", "<b>", "a/b")
    ]
    pages.write(tmp_path, rows, {})
    assert len(list((tmp_path / "feedback").iterdir())) == 5
    assert {p.name for p in tmp_path.iterdir()} == {"feedback", "to-mark.html", "platform.csv"}


# What a spreadsheet makes of a table.

TABLE = "student;homework;cell;of;points;comment\r\n{}\r\n"


def with_a_proof(student):
    return Row(student, f"{student}.ipynb", "homework-3", written={"written-targets": "Words."})


def merged(path, rows, assignment):
    return by_hand.merge(path, rows, {"homework-3": assignment})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_marks_are_read_from_the_file_that_a_spreadsheet_saved(tmp_path, assignment, encoding):
    line = 'jürgen;homework-3;written-targets;4;2,5;"Schön.\r\nUnd (b)? Say ""why""; in full."'
    for head in ("", "sep=;\r\n"):
        (tmp_path / "by-hand.csv").write_bytes((head + TABLE.format(line)).encode(encoding))
        for _ in range(2):  # as written anew, too
            row = with_a_proof("jürgen")
            assert merged(tmp_path / "by-hand.csv", [row], assignment) == []
            assert row.by_hand == {"written-targets": 2.5} and row.warnings == []
            said = row.comments["written-targets"]
            assert said.replace("\r\n", "\n") == 'Schön.\nUnd (b)? Say "why"; in full.'


def test_of_a_file_in_utf_8_that_was_gone_on_with_in_windows_letters_nothing_is_lost(tmp_path, assignment):
    old = "jürgen;homework-3;written-targets;4;3;".encode()
    new = "ada;homework-3;written-targets;4;1;très bien".encode("cp1252")
    head = TABLE.splitlines()[0].encode()
    (tmp_path / "by-hand.csv").write_bytes(b"\r\n".join([head, old, new, b""]))
    rows = [with_a_proof("jürgen"), with_a_proof("ada")]
    assert merged(tmp_path / "by-hand.csv", rows, assignment) == []
    assert [row.by_hand["written-targets"] for row in rows] == [3, 1]
    assert rows[1].comments["written-targets"] == "très bien"


def test_a_student_whose_leading_zeros_a_spreadsheet_took_keeps_the_mark(tmp_path, assignment):
    path = tmp_path / "by-hand.csv"
    path.write_text(TABLE.format("7;homework-3;written-targets;4;3;good"))
    rows = [with_a_proof("007"), with_a_proof("ada")]
    assert merged(path, rows, assignment) == []
    assert rows[0].by_hand == {"written-targets": 3} and rows[1].by_hand == {}
    assert len(path.read_text(encoding="utf-8-sig").splitlines()) == 3  # no second line for the same person


def test_points_that_count_for_nobody_are_told_and_too_many_are_a_warning(tmp_path, assignment):
    path = tmp_path / "by-hand.csv"
    lines = "gone;homework-3;written-targets;4;3;\r\nada;homework-3;written-targets;4;9;"
    path.write_text(TABLE.format(lines))
    row = with_a_proof("ada")
    (sentence,) = merged(path, [row], assignment)
    assert "the 3 points of gone" in sentence and "count for nobody" in sentence
    assert row.by_hand == {"written-targets": 4} and "9 is counted as 4" in row.warnings[0]
    assert "gone" in path.read_text(encoding="utf-8-sig")  # and they stay in the file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_class_list_is_read_as_a_spreadsheet_saved_it(tmp_path, encoding):
    (tmp_path / "class.csv").write_bytes(CLASS.replace("\n", "\r\n").encode(encoding))
    assert read_roster(tmp_path / "class.csv")[2] == Person("c08", "Chloé D'Arcy")
