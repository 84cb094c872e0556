"""Proofs as students hand them in: below their cell, as a photograph, from Colab, or not at all."""

import base64
import io
import json
import re

import pytest
from PIL import Image

from rlcourse.grading.judging import batch, pages
from rlcourse.grading.judging.rows import Row
from rlcourse.grading.judging.submission import left_blank, match, own_words, parse, question
from rlcourse.grading.release import RELEASED

PROOF = "By Jensen: a maximum is convex."
NAME = "written-maximum"


@pytest.fixture
def handed_out():
    """The notebook that students get, as JSON."""
    return json.loads((RELEASED / "homework-3.ipynb").read_text(encoding="utf-8"))


def place(notebook):
    """Where its first written cell stands."""
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in notebook["cells"]]
    return ids.index(NAME)


def text(source):
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def read(notebook):
    return parse(json.dumps(notebook).encode())


def photograph(side=40):
    stream = io.BytesIO()
    Image.new("RGB", (side, side), "grey").save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode()


def from_colab(notebook):
    """The same without ids and metadata."""
    cells = [{key: cell[key] for key in cell if key != "id"} | {"metadata": {}} for cell in notebook["cells"]]
    return notebook | {"cells": cells, "nbformat_minor": 0}


def answer(assignment, notebook):
    """(the text of the first proof, the warnings that concern it, the pictures in it)"""
    cells = read(notebook)
    texts, _, pictures = batch.written(assignment, cells)
    said = [line for line in match(assignment, cells).warnings if NAME in line]
    return texts.get(NAME), said, pictures.get(NAME, [])


def test_a_proof_as_it_was_handed_out_is_blank_and_no_other(assignment, handed_out):
    source = next(cell for cell in assignment.of_role("written") if cell.grade_id == NAME)
    (given,) = [cell for cell in read(handed_out) if cell.grade_id == NAME]
    assert left_blank(source, given) and left_blank(source, " ") and left_blank(source, question(source))
    assert not left_blank(source, f"{given.source}\nNo.") and not left_blank(source, PROOF)
    given.attachments["a.png"] = b""
    assert not left_blank(source, given)


def test_what_is_added_right_below_a_proofs_cell_is_a_part_of_it(assignment, handed_out):
    here = place(handed_out)
    handed_out["cells"][here + 1 : here + 1] = [text(PROOF), text("And so on.")]
    found, said, _ = answer(assignment, handed_out)
    assert found.endswith(f"{PROOF}\n\nAnd so on.") and "below cell" in said[0]


def test_a_marker_reads_an_answer_without_its_question_again(assignment, handed_out):
    source = next(cell for cell in assignment.of_role("written") if cell.grade_id == NAME)
    given = "".join(handed_out["cells"][place(handed_out)]["source"])
    assert own_words(source, given.replace("*Your answer here.*", PROOF)) == PROOF
    assert own_words(source, f"{given}\n\n{PROOF}") == PROOF
    assert own_words(source, PROOF) == PROOF and own_words(source, given) == given


def test_ids_that_were_lost_in_colab_are_one_line(assignment, handed_out, right):
    for cell in handed_out["cells"]:
        answered = cell["metadata"].get("nbgrader", {}).get("grade_id") in right
        cell["source"] = right[cell["metadata"]["nbgrader"]["grade_id"]] if answered else cell["source"]
    warnings = match(assignment, read(from_colab(handed_out))).warnings
    assert [line for line in warnings if line.startswith("cells ou_step, ") and "polyak" in line]
    assert len([line for line in warnings if "lost" in line and "written" not in line]) == 1


def test_nothing_that_was_handed_out_is_taken_for_a_part_of_a_proof(assignment, handed_out):
    for notebook in (handed_out, from_colab(handed_out)):
        found, said, _ = answer(assignment, notebook)
        assert found == "".join(handed_out["cells"][place(handed_out)]["source"])
        assert not any("below" in line for line in said)


def test_a_proof_from_colab_that_has_lost_its_heading_too_is_found_by_its_place(assignment, handed_out):
    handed_out["cells"][place(handed_out)]["source"] = PROOF
    found, said, _ = answer(assignment, from_colab(handed_out))
    assert found == PROOF and "needs a person" in said[0]


def test_a_proof_that_is_nowhere_is_said(assignment, handed_out):
    del handed_out["cells"][place(handed_out)]
    found, said, _ = answer(assignment, from_colab(handed_out))
    assert found is None and "not found: needs a person" in said[0]


@pytest.mark.parametrize(
    "how", ["![image.png](data:image/png;base64,{})", '<img src="data:image/png;base64,{}" width="300">']
)
def test_a_picture_that_stands_in_the_text_as_data_is_kept_as_a_picture(assignment, handed_out, how):
    handed_out["cells"][place(handed_out)]["source"] = "On paper:\n\n" + how.format(photograph())
    found, _, pictures = answer(assignment, handed_out)
    assert found == "On paper:\n\n![a picture](attachment:in-the-text-1.png)"
    assert base64.b64decode(pictures[0]).startswith(b"\xff\xd8")  # a JPEG, made anew


def test_a_large_photograph_in_the_text_does_not_cut_the_text_short(assignment, handed_out):
    noise = base64.b64encode(bytes(3 << 20)).decode()  # 4 MB, and no picture
    handed_out["cells"][place(handed_out)]["source"] = f"![p](data:image/png;base64,{noise})\n\n{PROOF}"
    found, _, pictures = answer(assignment, handed_out)
    assert found.endswith(PROOF) and len(found) < 200 and pictures == []


def test_a_picture_that_was_not_handed_in_is_said(assignment, handed_out):
    handed_out["cells"][place(handed_out)]["source"] = "![my proof](proof.jpg)"
    _, said, _ = answer(assignment, handed_out)
    assert said == [f"cell {NAME} shows a picture that is not in the notebook (proof.jpg): needs a person"]


def test_whoever_marks_sees_question_full_answer_pictures_and_who_left_it_blank(assignment, tmp_path):
    def row(student, said, **more):
        return Row(student, f"{student}.ipynb", "homework-3", written={NAME: said}, **more)

    rows = [row("ada", "See below.", pictures={NAME: [photograph()]}), row("bob", "…", blank=[NAME])]
    pages.write(tmp_path, rows, {"homework-3": assignment})
    page = (tmp_path / "to-mark.html").read_text()
    assert "When exactly are the two equal?" in page and "A full answer" in page
    assert page.count("<img ") == 1 and "Left blank: bob." in page and "<b>bob" not in page
    ada, bob = ((tmp_path / "feedback" / f"{name}-homework-3.html").read_text() for name in ("ada", "bob"))
    assert "still to be marked" in ada and "<img " in ada
    assert "still to be marked" not in bob and "left blank" in bob
    assert not re.search("convex|full answer", ada)  # the answer is the instructor's
