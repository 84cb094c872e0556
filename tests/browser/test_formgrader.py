"""The instructor opens nbgrader's formgrader, presses autograde, marks a proof, and makes the feedback."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbgrader", reason="NOT CHECKED: nbgrader is not installed (extra: instructor)")
from marking import mark, open_submission, press  # noqa: E402
from serving import Server  # noqa: E402

from rlcourse.commands.test import fuse  # noqa: E402
from rlcourse.grading import release  # noqa: E402

pytestmark = [pytest.mark.browser, pytest.mark.sandbox, pytest.mark.slow]
CONFIG = Path(release.__file__).parent / "nbgrader" / "nbgrader_config.py"
HOMEWORK = "homework-3"
PROOF = "By Jensen's inequality, the mean of a maximum is at least the maximum of the means."


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course whose one student solved all but one exercise."""
    course = tmp_path_factory.mktemp("course")
    shutil.copy(CONFIG, course)
    notebook = release.instructor(release.SOURCES / f"{HOMEWORK}.py")
    put(course / "source" / HOMEWORK, notebook)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", HOMEWORK]
    subprocess.run(command, cwd=course, check=True, capture_output=True, env={**os.environ, "PATH": path})
    proof = next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade") and
                 cell.metadata.nbgrader.solution)  # fmt: skip
    proof.source = PROOF
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "polyak":
            cell.source = "def polyak(target, online, tau):\n    return tau * target + (1 - tau) * online\n"
    put(course / "submitted" / "ada" / HOMEWORK, notebook)
    return course


def put(folder, notebook):
    folder.mkdir(parents=True)
    (folder / f"{HOMEWORK}.ipynb").write_text(json.dumps(notebook))


@pytest.fixture(scope="module")
def server(course, tmp_path_factory):
    """A Jupyter server in the course's folder, with nbgrader's formgrader."""
    formgrader = "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"
    server = Server("jupyter server", course, tmp_path_factory.mktemp("server"), formgrader)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def page(server, chromium):
    """Logged in, as the instructor's own browser is."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(1000 * fuse(24))
    page.goto(f"{server.url}/login?token={server.token}&next=/api")
    yield page
    context.close()


def test_autograde_in_the_formgrader_shows_the_judges_score(server, page, screenshots):
    graded = [
        cell.metadata.nbgrader
        for cell in release.instructor(release.SOURCES / f"{HOMEWORK}.py").cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    ]
    points = {meta.grade_id: meta.points for meta in graded}
    code = sum(value for name, value in points.items() if name.startswith("test-"))
    page.goto(f"{server.url}/formgrader/manage_submissions/{HOMEWORK}")
    row = page.locator("tr", has_text="ada")
    row.get_by_text("needs autograding").wait_for()
    row.locator(".autograde a").click()
    page.get_by_text(f"Successfully autograded '{HOMEWORK}'").wait_for()
    row.get_by_text("needs manual grading").wait_for()
    page.screenshot(path=str(screenshots / "formgrader.png"))
    score = row.locator(".score").inner_text()
    assert score == f"{code - points['test-polyak']:g} / {sum(points.values()):g}"


def test_the_formgrader_shows_the_hint_beside_the_answer(server, page, screenshots):
    open_submission(page, f"{server.url}/formgrader", HOMEWORK)
    page.get_by_text("hidden inputs of seed").first.wait_for()
    page.screenshot(path=str(screenshots / "formgrader-hint.png"), full_page=True)
    text = page.content()
    assert "✗" in text
    assert "✓" in text


def test_a_proof_is_marked_by_hand_and_stands_in_the_feedback(server, course, page, screenshots):
    def total():
        page.goto(f"{server.url}/formgrader/manage_submissions/{HOMEWORK}")
        score = page.locator("tr .score", has_text=" / ")
        score.wait_for()
        return float(score.inner_text().split(" / ")[0])

    before = total()
    open_submission(page, f"{server.url}/formgrader", HOMEWORK)
    mark(page, PROOF, 1.5, "Say which function is convex.")
    page.screenshot(path=str(screenshots / "formgrader-by-hand.png"))
    assert total() == before + 1.5
    place = f"manage_submissions/{HOMEWORK}"
    says = "Successfully generated feedback"
    press(page, f"{server.url}/formgrader", place, "generate-feedback", says)
    text = (course / "feedback" / "ada" / HOMEWORK / f"{HOMEWORK}.html").read_text()
    assert "Say which function is convex." in text
    assert "hidden inputs of seed" in text
