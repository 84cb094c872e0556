"""A child reaches no answer and no other submission, wherever course and exchange lie; nothing outlives it.

What a child can read is tried from inside: each test first shows that the door would be there.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rlcourse
from rlcourse.grading.sandbox import confinement, fork_server
from rlcourse.grading.sandbox.child import Child
from rlcourse.grading.sandbox.confinement import Limits

pytestmark = pytest.mark.sandbox
X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="NOT CHECKED: call numbers of x86-64")


def tell(source, limits=None):
    """What a child says that runs `source` and raises ValueError with its finding."""
    with Child(limits or Limits()) as child:
        child.ask({"cell": {"role": "solution", "name": "probe", "source": source}})
        return child.ask({"run": 1}, seconds=60)["error"]


def test_of_usr_a_child_sees_libraries_and_nothing_that_people_put_there():
    said = tell("import os\nraise ValueError(sorted(os.listdir('/usr')), os.path.exists('/usr/local/share'))")
    assert "False" in said
    assert set(said.split("[")[1].split("]")[0].replace("'", "").split(", ")) <= {
        *("lib", "lib32", "lib64", "libx32", "share", "local", "bin")
    }


@pytest.fixture
def bound_folder(tmp_path, monkeypatch):
    """A folder of this machine that every child sees, as /usr/lib is, in a place that one may write to."""
    folders = confinement.bound()
    tmp_path.chmod(0o755)
    monkeypatch.setattr(confinement, "bound", lambda: folders | {str(tmp_path): "/opt/extra"})
    confinement.file_system.cache_clear()
    fork_server.shared.cache_clear()
    yield tmp_path
    confinement.file_system.cache_clear()
    fork_server.shared.cache_clear()


READ = "open('/opt/extra/exchange/inbound/ada.ipynb').read()"


def test_an_exchange_in_a_folder_that_is_bound_is_hidden(bound_folder):
    exchange = bound_folder / "exchange"
    (exchange / "inbound").mkdir(parents=True)
    (exchange / "inbound" / "ada.ipynb").write_text("the answers of others")
    assert "the answers of others" in tell(f"raise ValueError({READ})")  # the door is there
    private = (str(exchange),)
    assert confinement.why_not(private) is None
    assert "FileNotFoundError" in tell(f"raise ValueError({READ})", Limits(private=private))


def test_what_cannot_be_hidden_is_found_by_the_canary_and_grading_refuses_with_one_line(bound_folder):
    """The folder that is bound is itself the secret: nothing can be laid over it."""
    (bound_folder / "ada.ipynb").write_text("the answers of others")
    reason = confinement.why_not([bound_folder])
    assert str(bound_folder) in reason and "could read" in reason and "\n" not in reason


def test_a_course_in_a_folder_of_the_sandboxs_own_names_is_no_alarm(tmp_path):
    (tmp_path / "observer.py").write_text("")
    assert confinement.why_not([tmp_path, "/nowhere/at/all"]) is None


CLONE = """
import json, sys
from rlcourse.grading.sandbox import confinement
folders = confinement.bound()
confinement.bound = lambda: folders | {sys.argv[1]: "/opt/extra"}
from rlcourse.grading.sandbox.child import Child
program = '''
import os
found = []
for place, folders, files in os.walk("/opt/extra"):
    found += [name for name in files if name.endswith(".py")]
raise ValueError(len(found), found[:3])
'''
reason = confinement.why_not()
with Child() as child:
    child.ask({"cell": {"role": "solution", "name": "probe", "source": program}})
    print(json.dumps([reason, child.ask({"run": 1}, seconds=60)["error"]]))
"""


def test_a_course_cloned_below_a_system_folder_holds_no_readable_answer(tmp_path):
    """As where an application lies below /usr/lib: here `tmp_path` is bound as /usr/lib is."""
    package = Path(rlcourse.__file__).parent
    tmp_path.chmod(0o755)
    (tmp_path / "app").mkdir()
    shutil.copytree(
        package, tmp_path / "app" / "rlcourse", ignore=shutil.ignore_patterns("__pycache__", "data")
    )
    (tmp_path / "app" / "pyproject.toml").write_text("")
    (tmp_path / "beside.py").write_text("")  # the door is there
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "app")}
    command = [sys.executable, "-c", CLONE, str(tmp_path)]
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    reason, found = json.loads(done.stdout)
    assert reason is None
    assert "(1, ['beside.py'])" in found


KEYRING = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
USER = -4
def write():
    return libc.syscall(248, b"user", b"answer", b"0.125", 5, USER), ctypes.get_errno()
def read():
    key = libc.syscall(250, 10, USER, b"user", b"answer", 0)
    text = ctypes.create_string_buffer(16)
    return libc.syscall(250, 11, key, text, 16), text.value
raise ValueError({})
"""


@X86
def test_a_keyring_is_no_post_box_between_submissions():
    assert "(-1, 1)" in tell(KEYRING.format("write()"))  # EPERM
    assert "(-1, b'')" in tell(KEYRING.format("read()"))


@X86
@pytest.mark.parametrize(
    "number, name",
    [
        (249, "request_key"),
        (425, "io_uring_setup"),
        (323, "userfaultfd"),
        (298, "perf_event_open"),
        (321, "bpf"),
    ],
)
def test_a_system_call_that_no_homework_needs_is_refused(number, name):
    call = f"ctypes.CDLL(None, use_errno=True).syscall({number}, 0, 0, 0, 0, 0), ctypes.get_errno()"
    assert "(-1, 1)" in tell(f"import ctypes\nraise ValueError({call})"), name


def test_what_one_child_leaves_in_shared_places_the_next_does_not_find():
    leave = (
        "import os\nfor place in ('/tmp', '/dev/shm'):\n    open(place + '/answer', 'w').write('0.125')\n"
        "raise ValueError('left')"
    )
    look = "import os\nraise ValueError([os.path.exists(p + '/answer') for p in ('/tmp', '/dev/shm')])"
    assert "left" in tell(leave)
    assert "[False, False]" in tell(look)


def test_without_a_filter_for_system_calls_grading_is_refused(monkeypatch):
    from rlcourse.grading.sandbox import system_calls

    def missing():
        raise ImportError("no libseccomp")

    monkeypatch.setattr(system_calls, "filter_program", missing)
    assert "apt install libseccomp2" in confinement.why_not()


def test_every_library_of_a_students_installation_can_be_imported_in_the_sandbox():
    names = "numpy, scipy, torch, matplotlib, gymnasium, tqdm.auto, joblib, IPython.display, ipywidgets"
    said = tell(f"import {names}\nraise ValueError('all there')")
    assert "all there" in said
