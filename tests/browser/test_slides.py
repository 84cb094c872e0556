"""A lecture as slides, opened from a file in Chromium at 1280 × 720, without a network.

In CI it is two lectures (a minute). `python3 -m rlcourse slides --to FOLDER` makes all of them, and
`RLCOURSE_WHOLE_SLIDES=FOLDER python3 -m rlcourse test tests/browser/test_slides.py` tests those.
"""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path

import nbformat
import pytest
from driving import offline

from rlcourse import notebooks, scenes
from rlcourse.commands import slides as command
from rlcourse.installation import Trouble
from rlcourse.site import making, slides

LECTURES = ["00", "10b"]
NO_NETWORK = re.compile(r"npm|cannot reach the package registry|registry has no")
LEAST = 13.7  # px of type at 1280 × 720: a listing's 12, times CODE of slides.js, are 13.8


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The slides' files."""
    whole = os.environ.get("RLCOURSE_WHOLE_SLIDES")
    if whole:
        return sorted(Path(whole).glob("*.html"))
    warnings.warn(f"SLIDES ARE MADE OF {', '.join(LECTURES)} ONLY: all take too long here", stacklevel=1)
    try:
        return slides.make(slides.chosen(LECTURES), tmp_path_factory.mktemp("slides"), 2)
    except Trouble as trouble:
        if NO_NETWORK.search(str(trouble)):
            pytest.skip(f"NO SLIDES ARE MADE, NONE OF THEIR TESTS RUN: {trouble}")
        raise


@pytest.fixture(scope="module")
def opened(chromium):
    """opened(file) -> the slides in the browser; it fails where they ask the network or raise an error."""
    with offline(chromium) as open_:
        yield lambda file: open_(file, viewport={"width": 1280, "height": 720})


# Of the slide that is shown: what reaches over the page, and the smallest type.
SEEN = """() => {
  const slide = Reveal.getCurrentSlide(), over = [], sizes = [];
  for (const node of slide.querySelectorAll('.rlcourse-where, .rlcourse-room *')) {
    if (!node.checkVisibility() || node.closest('mjx-assistive-mml, script')) continue;
    const box = node.getBoundingClientRect();
    if (box.width && box.height && (box.right > innerWidth + 1 || box.bottom > innerHeight + 1
        || box.left < -1 || box.top < -1)) over.push(node.outerHTML.slice(0, 90));
  }
  const walker = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    const at = node.parentElement;
    if (!node.data.trim() || !at.checkVisibility()) continue;
    if (at.closest('mjx-container, aside, svg, option, script, sub, sup')) continue;
    const size = parseFloat(getComputedStyle(at).fontSize) * at.currentCSSZoom;
    sizes.push([size, node.data.trim().slice(0, 40)]);
  }
  sizes.sort((a, b) => a[0] - b[0]);
  return {kind: slide.dataset.kind, zoom: Number(slide.dataset.zoom), over, least: sizes[0] ?? [99, ''],
    notes: slide.querySelectorAll(':scope > aside.notes').length, text: slide.innerText,
    whole: !!slide.querySelector('.rlcourse-room'), errors: slide.querySelectorAll('mjx-merror').length};
}"""


def walk(page):
    """Every slide, as it is seen after one press of a key each."""
    seen = [page.evaluate(SEEN)]
    for _ in range(int(page.evaluate("Reveal.getTotalSlides()")) - 1):
        page.keyboard.press("PageDown")
        seen.append(page.evaluate(SEEN))
    assert page.evaluate("Reveal.isLastSlide()")
    return seen


@pytest.fixture(scope="module")
def walked(files, opened):
    """{lecture: its slides as they are seen}."""
    found = {}
    for file in files:
        page = opened(file)
        found[file.stem] = walk(page)
        page.close()
    return found


@pytest.mark.browser
def test_no_slide_reaches_over_its_page_and_all_type_can_be_read(walked):
    for lecture, seen in walked.items():
        for at, slide in enumerate(seen, 1):
            assert slide["over"] == [], f"{lecture}, slide {at} ({slide['kind']})"
            assert slide["least"][0] >= LEAST, f"{lecture}, slide {at} ({slide['kind']}): {slide['least']}"
        least = min(slide["least"][0] for slide in seen)
        print(f"{lecture}: {len(seen)} slides, smallest type {least:.1f} px")


@pytest.mark.browser
def test_every_scene_of_a_lecture_is_a_slide_in_its_order(walked):
    for lecture, seen in walked.items():
        expected = [scene.kind for scene in scenes.read(notebooks.LECTURES / f"{lecture}.ipynb")]
        rest = iter(slide["kind"] for slide in seen)
        missing = [kind for kind in expected if kind not in rest]
        assert not missing, f"{lecture}: {[slide['kind'] for slide in seen]} for {expected}"


@pytest.mark.browser
def test_what_reveal_takes_for_the_slide_is_all_of_it_with_its_notes(walked):
    for lecture, seen in walked.items():
        assert all(slide["whole"] and slide["notes"] for slide in seen), lecture


@pytest.mark.browser
def test_formulas_are_set_and_no_cell_failed(walked):
    for lecture, seen in walked.items():
        for at, slide in enumerate(seen, 1):
            assert slide["errors"] == 0 and "Traceback" not in slide["text"], f"{lecture}, slide {at}"
            assert not re.findall(r"\\frac|\\mathbb|\\sum", slide["text"]), f"{lecture}, slide {at}"


@pytest.mark.browser
def test_a_question_is_answered_on_the_next_slide(walked):
    for seen in walked.values():
        asked = [at for at, slide in enumerate(seen) if slide["kind"] == "question"]
        assert asked and len(asked) % 2 == 0
        question, answer = (seen[at]["text"] for at in asked[:2])
        assert len(answer) > len(question) + 20


CODE = ".slides > section[data-kind=code] td + td > table tr"  # the lines of a listing beside its steps


@pytest.mark.browser
def test_a_listing_goes_on_on_the_next_slide_and_loses_no_line(files, chromium, opened):
    context = chromium.new_context(java_script_enabled=False)  # the file as it is, before it is laid out
    written = context.new_page()
    for file in files[::-1]:  # the last lecture that has such a listing
        written.goto(file.as_uri())
        if lines := written.locator(CODE.replace(".slides > ", "")).all_text_contents():
            break
    context.close()
    page = opened(file)
    assert page.locator(CODE).all_text_contents() == lines
    parts = page.locator(".slides > section[data-kind=code]").count()
    assert lines and parts > 1


def test_no_sheet_of_the_slides_names_an_address_of_the_network(files):
    sheets = sorted((files[0].parent / "_static").rglob("*.css"))
    assert {"reveal.css", "simple.css", "slides.css", "page.css"} <= {sheet.name for sheet in sheets}
    for sheet in sheets:
        named = re.findall(r"(?:url\(|@import)[ \"']*(?:https?:)?//\S+", sheet.read_text(encoding="utf-8"))
        assert named == [], sheet


@pytest.mark.browser
def test_digits_recall_a_labs_settings_and_a_presenters_key_turns_the_page_from_a_slider(files, opened):
    page = opened(files[-1])
    at = page.evaluate(
        "Reveal.getSlides().findIndex(one => one.querySelector('.rlcourse-static-lab .rlcourse-prepared'))"
    )
    page.evaluate(f"Reveal.slide({at})")
    lab = page.locator("section.present .rlcourse-static-lab")
    start = lab.get_attribute("data-at")
    page.keyboard.press("2")
    page.wait_for_function("lab => lab.dataset.at?.startsWith('=')", arg=lab.element_handle())
    named = lab.locator(".rlcourse-prepared option").nth(2).inner_text()
    assert lab.get_attribute("data-at") == f"={named}" != start
    lab.locator("input, select").first.focus()
    page.keyboard.press("PageDown")
    assert page.evaluate("Reveal.getIndices().h") == at + 1


def test_notes_say_what_to_ask_and_what_is_spoken(files):
    text = files[0].read_text(encoding="utf-8")
    notes = re.findall(r'<aside class="notes">(.*?)</aside>', text, re.DOTALL)
    assert any("Ask first" in note for note in notes) and len(notes) > 10


def test_a_homework_is_no_lecture_and_said_so_in_one_line(capsys):
    assert command.main(["homework-4"]) == 1
    assert capsys.readouterr().err == "rlcourse: homework-4: slides are made of lectures\n"


def test_a_scene_without_its_texts_has_a_slide_and_notes_in_the_order_of_the_page(tmp_path):
    page = nbformat.read(notebooks.LECTURES / "10b-without-the-matrix.ipynb", as_version=4)
    found = scenes.of_page(page.cells)
    made = slides.slides(page.cells, found, making.tree.Form("lectures", set(), tmp_path))
    kinds = [cell.metadata.slideshow["slide_type"] for cell in made]
    assert kinds.count("slide") == len(found) and kinds[0] == "slide" and set(kinds) == {"slide", "notes"}
