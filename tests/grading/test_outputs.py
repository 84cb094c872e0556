"""Who marks a question about an experiment sees what it showed: text and pictures, and whose they are."""

import base64
import io
import json
import re

import pytest

pytest.importorskip("nh3", reason="NOT CHECKED: nh3 is not installed (extra: instructor)")
from PIL import Image  # noqa: E402

from rlcourse.grading.judging import batch, pages
from rlcourse.grading.judging.outputs import LONGEST, PICTURES, WHOSE, clean, read_outputs
from rlcourse.grading.judging.rows import Row, load_rows
from rlcourse.grading.judging.submission import DROP_OUTPUTS, parse


def png(colour="red", size=(40, 30)):
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode()


def shows(**data):
    return {"output_type": "display_data", "data": data, "metadata": {}}


def code(source, outputs=(), grade_id=None):
    meta = {"nbgrader": {"grade_id": grade_id}} if grade_id else {}
    made = {"cell_type": "code", "metadata": meta, "source": source, "execution_count": None}
    return made | {"outputs": list(outputs)}


def text(source, grade_id=None):
    meta = {"nbgrader": {"grade_id": grade_id}} if grade_id else {}
    return {"cell_type": "markdown", "metadata": meta, "source": source}


def of_cells(*cells):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


STREAM = {"output_type": "stream", "name": "stdout", "text": ["return ", "-150\n"]}
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def test_text_and_pictures_are_kept_in_order_and_nothing_that_acts():
    inside = f'<div><img src="data:image/png;base64,{png("blue")}" onerror="x()"></div>'
    outputs = [
        STREAM,
        shows(**{"image/png": png(), "text/plain": "<Figure>"}),
        shows(**{"text/html": inside, "text/plain": "picture"}),
        shows(**{"text/html": SCRIPT, "application/javascript": "alert(1)", "image/svg+xml": SCRIPT}),
        shows(**{"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "VBox()"}),
        {"output_type": "error", "ename": "ValueError", "evalue": "\x1b[31mno\x1b[0m", "traceback": []},
    ]
    kept = clean(read_outputs(outputs))
    assert [kind for kind, _ in kept] == ["text", "picture", "picture", "text", "text"]
    assert kept[0][1] == "return -150\n" and kept[-1][1] == "ValueError: no\n"
    assert "script" not in json.dumps(kept) and "onerror" not in json.dumps(kept)
    colours = [
        Image.open(io.BytesIO(base64.b64decode(data))).getpixel((0, 0))
        for kind, data in kept
        if kind == "picture"
    ]
    assert colours == [(255, 0, 0), (0, 0, 255)]


@pytest.mark.parametrize(
    "outputs",
    [
        None, 3, "x", {}, [None], [[]], [{}], [{"output_type": "stream"}], [{"output_type": "stream", "text": {"a": 1}}],
        [shows(**{"image/png": "not base64 !"})], [shows(**{"image/png": base64.b64encode(b"GIF89a").decode()})],
        [shows(**{"image/png": {"x": 1}})], [{"output_type": "display_data", "data": [1]}],
        [shows(**{"image/svg+xml": SCRIPT})], [{"output_type": "stream", "text": "\x1b]0;title\x07\x1b[2J\u202e\x00"}],
    ],
)  # fmt: skip
def test_outputs_of_another_form_show_nothing(outputs):
    found = clean(read_outputs(outputs))
    assert not [data for kind, data in found if kind == "picture"]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", "".join(data for _, data in found))


def test_much_is_cut_to_what_one_question_needs():
    flood = [{"output_type": "stream", "text": "x" * 10**6}] * 500 + [shows(**{"image/png": png()})] * 50
    kept = clean(read_outputs(flood) + read_outputs([shows(**{"image/png": png()})] * 50))
    assert sum(len(data) for kind, data in kept if kind == "text") <= LONGEST
    assert sum(kind == "picture" for kind, _ in kept) == PICTURES
    large = parse(
        json.dumps(
            of_cells(code("1", [STREAM] + [{"output_type": "stream", "text": "x" * DROP_OUTPUTS}]))
        ).encode()
    )
    assert large[0].outputs == [] and large[0].source == "1"


def test_a_marker_sees_what_the_experiment_of_a_question_showed_and_no_other(assignment):
    cells = [
        text("## 7 · Another part"),
        code("other()", [shows(**{"text/plain": "of another part"})]),
        text("## 8 · Your target trains TD3"),
        code("train()", [STREAM, shows(**{"image/png": png()})], "given-td3-plug-in"),
        code("def polyak(): pass", [{"output_type": "stream", "text": "from an answer"}], "polyak"),
        code("check()", [{"output_type": "stream", "text": "100 points"}], "test-polyak"),
        text("With three seeds I saw no difference.", "written-targets"),
        code("later()", [{"output_type": "stream", "text": "afterwards"}]),
    ]
    texts, shown, _ = batch.written(assignment, parse(json.dumps(of_cells(*cells)).encode()))
    assert texts["written-targets"].startswith("With three seeds")
    assert [kind for kind, _ in shown["written-targets"]] == ["text", "picture"]
    assert shown["written-targets"][0][1] == "return -150\n"


def test_the_page_of_proofs_shows_it_and_says_whose_it_is(assignment, tmp_path):
    outputs = [("text", SCRIPT), ("picture", png())]
    row = Row(
        "ada",
        "ada.ipynb",
        "homework-3",
        written={"written-targets": "Words."},
        shown={"written-targets": outputs},
    )
    pages.write(tmp_path, [row], {"homework-3": assignment})
    page = (tmp_path / "to-mark.html").read_text()
    assert WHOSE in page and page.count("<img ") == 1 and "<script" not in page and "&lt;script" in page
    assert "img-src data:" in page


@pytest.mark.sandbox
def test_rows_keep_it(tmp_path, notebook, right, hand_in, graded):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    handed = notebook(right)
    place = next(i for i, c in enumerate(handed["cells"]) if "written-targets" in json.dumps(c["metadata"]))
    handed["cells"].insert(place, code("train()", [STREAM]))
    hand_in(folder, "ada", handed)
    graded(folder, out)
    (row,) = load_rows(out / "rows.jsonl")
    assert row.shown["written-targets"] == [["text", "return -150\n"]]
    assert "return -150" in (out / "to-mark.html").read_text()
