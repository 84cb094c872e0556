"""JupyterHub with nbgrader's exchange, as a class has it: two users of this machine, each in a browser.

The instructor releases, a student fetches, solves and hands in; the instructor collects, grades with the
judge, marks a proof by hand and gives the feedback back: with the buttons of Formgrader and JupyterLab.
`python3 -m rlcourse hub` starts it, as the guide says. The users are made for this file, and removed after.
"""

import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("jupyterhub", reason="NOT CHECKED: JupyterHub is not installed (--extra hub)")
pytest.importorskip("nbgrader", reason="NOT CHECKED: nbgrader is not installed (extra: instructor)")
import psutil  # noqa: E402
from answering import answer  # noqa: E402
from driving import MS, READY, Page, until  # noqa: E402
from marking import mark, open_submission, press  # noqa: E402

from rlcourse.commands.test import fuse  # noqa: E402
from rlcourse.grading import handout, release  # noqa: E402
from rlcourse.grading.exercises import find  # noqa: E402

pytestmark = [pytest.mark.browser, pytest.mark.sandbox, pytest.mark.slow]
HOMEWORK, EXERCISE = "homework-3", find("polyak")
ROOT = release.ROOT
ANSWER = "return (1 - tau) * target + tau * online"

PROOF = "By Jensen's inequality, the mean of a maximum is at least the maximum of the means."
WRITE = """text => {  // into the first cell that asks for words
  const cells = jupyterapp.shell.currentWidget.content.widgets.map(widget => widget.model);
  const asks = meta => meta && meta.grade && meta.solution;
  cells.find(cell => asks(cell.sharedModel.getMetadata().nbgrader)).sharedModel.setSource(text);
}"""


def missing():
    """Why this machine cannot hold a class, or None."""
    if os.geteuid() != 0:
        return "only root can start other users' servers (as in a container)"
    for program, package in (("useradd", "passwd"), ("configurable-http-proxy", "npm, needs Node.js")):
        if not shutil.which(program):
            return f"no {program} on this machine ({package})"
    interpreter = Path(sys.executable).resolve()
    if not all(folder.stat().st_mode & 1 for folder in interpreter.parents):
        return f"no other user can run {interpreter}: take an environment of a Python of the system's"
    return None


@pytest.fixture(scope="module", autouse=True)
def machine():
    if why := missing():
        pytest.skip(f"NOT CHECKED: {why}")


@pytest.fixture(scope="module")
def users():
    """{role: (name, password)}: two users of this machine, removed with all that they have."""
    made = {role: (f"{role}-{secrets.token_hex(3)}", secrets.token_hex(8)) for role in ("teacher", "student")}
    try:
        for name, password in made.values():
            subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", name], check=True)
            subprocess.run(["chpasswd"], input=f"{name}:{password}", text=True, check=True)
            os.chmod(home(name), 0o700)
        yield made
    finally:
        for name, _ in made.values():
            end_all_of(name)
            subprocess.run(["userdel", "--remove", name], capture_output=True)


def home(name):
    return Path(pwd.getpwnam(name).pw_dir)


def end_all_of(name):
    """End the processes of a user, who was made for this file and has no others."""
    with_uid = pwd.getpwnam(name).pw_uid
    left = [p for p in psutil.process_iter(["uids"]) if p.info["uids"] and p.info["uids"].real == with_uid]
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=fuse(2))


@pytest.fixture(scope="module")
def hub(users):
    """The address of a running hub. The students' copy is root's, the other lies in the teacher's home."""
    folder = Path(tempfile.mkdtemp(prefix="hub-"))
    folder.chmod(0o755)
    teacher = users["teacher"][0]
    shared, clone, state = folder / "shared", home(teacher) / "clone", folder / "state"
    handout.write(shared, instances=1)
    copied(clone)
    for course in (shared, clone):
        add_environment(course)
    source = clone / "build" / "instructor" / "source" / HOMEWORK / f"{HOMEWORK}.ipynb"
    source.parent.mkdir(parents=True)
    source.write_text(json.dumps(release.instructor(release.SOURCES / f"{HOMEWORK}.py")))
    shutil.copy(release.CONFIG, clone / "build" / "instructor")
    subprocess.run(["chown", "-R", f"{teacher}:", str(home(teacher))], check=True)
    state.mkdir()
    port, *others = free_ports(3)
    (state / "jupyterhub_config.py").write_text(
        f"c.JupyterHub.bind_url = 'http://127.0.0.1:{port}'\nc.JupyterHub.hub_port = {others[0]}\n"
        f"c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:{others[1]}'\n"
        "c.Spawner.args = ['--LabApp.expose_app_in_browser=True']\n"
    )
    command = [sys.executable, "-m", "rlcourse", "hub", f"--instructor={teacher}={clone}"]
    command += [f"--exchange={folder / 'exchange'}", f"--state={state}"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    log = folder / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            command, cwd=shared, stdout=file, stderr=file, env=environment, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: process.poll() is not None or answers(url), 24, lambda: log.read_text()[-3000:])
        assert process.poll() is None, log.read_text()[-3000:]
        yield url
    finally:
        process.send_signal(signal.SIGTERM)  # it ends the users' servers and the proxy
        try:
            process.wait(fuse(10))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(folder)


def copied(folder):
    """The course, with its answers."""
    for name in ("rlcourse", "notebooks/lectures", "notebooks/images"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "recorded"))
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)


def add_environment(folder):
    """An environment of the course's own, which borrows the packages of this Python's."""
    made = folder / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(made)], check=True)
    for name in ("etc", "share"):
        (made / name).symlink_to(Path(sys.prefix) / name)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(made), "platbase": str(made)}))
    (packages / "a.pth").write_text(f"{folder}\n")
    (packages / "b.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    for program in ("alembic", "jupyter"):
        shim = made / "bin" / program
        shim.write_text(f'#!/bin/sh\nexec {made / "bin" / "python"} -m {program} "$@"\n')
        shim.chmod(0o755)
    stamp = "from rlcourse import installation as i; i.write_stamp(state='complete', "
    stamp += "fingerprint=i.fingerprint(), extras=['hub', 'instructor'], root=str(i.ROOT))"
    subprocess.run([str(made / "bin" / "python"), "-c", stamp], cwd=folder, check=True)


def free_ports(count):
    with_ports = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in with_ports]
    for server in with_ports:
        server.close()
    return ports


def answers(url):
    try:
        return urllib.request.urlopen(f"{url}/hub/health", timeout=fuse(1)).status == 200
    except OSError:
        return False


class Desk(Page):
    """A user's browser, logged in at the hub, whose server runs."""

    def __init__(self, browser, hub, user, screenshots):
        name, password = user
        self.context = browser.new_context(viewport={"width": 1366, "height": 768})
        self.page, self.screenshots = self.context.new_page(), screenshots
        self.page.set_default_timeout(fuse(24) * MS)
        self.url = f"{hub}/user/{name}"
        self.formgrader = f"{self.url}/formgrader"
        self.page.goto(f"{hub}/hub/login")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{self.url}/lab**", timeout=fuse(60) * MS)

    def lab(self):
        """JupyterLab as a login shows it, once its first lecture is open: that comes to the front."""
        self.page.evaluate(READY, ["lectures/00-welcome.ipynb", fuse(24)])
        return self

    def open(self, path):
        self.page.goto(f"{self.url}/lab/tree/{path}?reset")
        self.page.evaluate(READY, [path, fuse(24)])

    def assignments(self, button, then):
        """Press a button of nbgrader's list of assignments, and wait for what it shows then."""
        self.page.evaluate("jupyterapp.commands.execute('nbgrader:open-assignment-list')")
        self.page.get_by_role("button", name=button, exact=True).click()
        then(self.page).first.wait_for()


@pytest.fixture(scope="module")
def teacher(hub, users, chromium, screenshots):
    desk = Desk(chromium, hub, users["teacher"], screenshots)
    yield desk
    desk.context.close()


@pytest.fixture(scope="module")
def student(hub, users, chromium, screenshots):
    desk = Desk(chromium, hub, users["student"], screenshots)
    yield desk
    desk.context.close()


def test_the_instructor_releases_a_homework(teacher):
    press(
        teacher.page,
        teacher.formgrader,
        "manage_assignments",
        "assign",
        "Successfully created the student version",
    )
    press(teacher.page, teacher.formgrader, "manage_assignments", "release", "Successfully released")


def test_a_student_finds_the_lectures_and_no_tool_for_teachers(student, users):
    student.lab()
    answer = student.page.request.get(f"{student.formgrader}/manage_assignments")
    assert answer.status == 404
    own = home(users["student"][0]) / "rlcourse"
    assert (own / "lectures" / "00-welcome.ipynb").stat().st_uid == pwd.getpwnam(users["student"][0]).pw_uid
    assert not (own / "homework").exists()  # that is given out when it is time
    student.screenshot("hub-student")


def test_a_student_fetches_solves_and_hands_in(student):
    student.lab().assignments("Fetch", lambda page: page.get_by_role("button", name="Submit", exact=True))
    student.open(f"{HOMEWORK}/{HOMEWORK}.ipynb")
    given = [cell["metadata"].get("nbgrader", {}).get("grade_id") or "" for cell in student.cells()]
    for index in [i for i, name in enumerate(given) if name.startswith("given-")][:2]:
        student.run_cell(index)
    _, marks = answer(student, EXERCISE, ANSWER, mark="✓")
    assert marks.strip().endswith(f"{EXERCISE.points:.1f}")
    student.page.evaluate(WRITE, PROOF)
    student.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    student.assignments("Submit", lambda page: page.get_by_role("button", name="Fetch Feedback", exact=True))
    student.screenshot("hub-submitted")


def test_the_instructor_collects_grades_and_reads_the_judges_score(teacher, users):
    press(teacher.page, teacher.formgrader, "manage_assignments", "collect", "Successfully collected")
    press(
        teacher.page,
        teacher.formgrader,
        f"manage_submissions/{HOMEWORK}",
        "autograde",
        "Successfully autograded",
    )
    row = teacher.page.locator("tr", has_text=users["student"][0])
    row.get_by_text("needs manual grading").wait_for()
    teacher.screenshot("hub-formgrader")
    assert row.locator(".score").inner_text().startswith(f"{EXERCISE.points:g} / ")


def test_the_instructor_marks_a_proof_by_hand(teacher, users):
    open_submission(teacher.page, teacher.formgrader, HOMEWORK)
    mark(teacher.page, PROOF, 1.5, "Say which function is convex.")
    teacher.screenshot("hub-by-hand")
    teacher.page.goto(f"{teacher.formgrader}/manage_submissions/{HOMEWORK}")
    row = teacher.page.locator("tr", has_text=users["student"][0])
    row.get_by_text("graded", exact=True).wait_for()
    assert row.locator(".score").inner_text().startswith(f"{EXERCISE.points + 1.5:g} / ")


def test_the_student_reads_the_feedback(teacher, student, users):
    press(
        teacher.page,
        teacher.formgrader,
        f"manage_submissions/{HOMEWORK}",
        "generate-feedback",
        "Successfully generated feedback",
    )
    press(
        teacher.page,
        teacher.formgrader,
        f"manage_submissions/{HOMEWORK}",
        "release-feedback",
        "Successfully released feedback",
    )
    student.assignments("Fetch Feedback", lambda page: page.get_by_text("view feedback"))
    pages = list((home(users["student"][0]) / "rlcourse" / HOMEWORK / "feedback").rglob("*.html"))
    (text,) = [page.read_text() for page in pages]
    assert f"(Score: {EXERCISE.points:.1f} / {EXERCISE.points:.1f})" in text
    assert "hidden inputs of seed" in text
    assert "Say which function is convex." in text


def test_a_student_can_read_neither_answers_nor_other_peoples_work(users, student):
    """What the student's own terminal shows: the clone, the exchange's inbox, the course's installation."""
    name = users["student"][0]
    clone = home(users["teacher"][0]) / "clone"
    for command in (f"ls {clone}", f"cat {clone}/build/instructor/source/{HOMEWORK}/{HOMEWORK}.ipynb"):
        done = subprocess.run(["su", name, "-c", command], capture_output=True, text=True)
        assert done.returncode != 0 and "Permission denied" in done.stderr
