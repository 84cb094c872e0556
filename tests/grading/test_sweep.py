"""A second sweep: attacks of the kinds that succeeded once, by other means."""

import json
import os
import re
import socket
import zipfile
from html.parser import HTMLParser

import pytest

pytest.importorskip("nh3", reason="NOT CHECKED: nh3 is not installed (extra: instructor)")

from rlcourse.grading.judging.collection import entries, handed_in, readable
from rlcourse.grading.judging.sanitise import rendered, sanitised
from rlcourse.grading.judging.submission import Unreadable, members, parse, read
from rlcourse.grading.sandbox.child import Child, ChildDied
from rlcourse.grading.sandbox.confinement import LIMITS

HOSTILE = (
    "[x](&#x6a;avascript:alert(1))",
    "[x](java&NewLine;script:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox)",
    "[a]: javascript:alert(1)\n\n[a]",
    "![x][b]\n\n[b]: data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+",
    "<javascript:alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><animate xlink:href=#x attributeName=href values=javascript:alert(1) /><a id=x>y</a></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<!--><img src=x onerror=alert(1)>-->",
    "<details open ontoggle=alert(1)>x</details>",
    "<a href='jav&#x09;ascript:alert(1)'>x</a>",
    "<form action=/formgrader/api/assignment><input name=x autofocus onfocus=alert(1)></form>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=data:text/html;base64,PHNjcmlwdD4=></object><embed src=//x><base href=//x>",
    "<meta http-equiv=refresh content='0;url=//evil'>",
    "<style>@import '//evil';</style><link rel=stylesheet href=//evil>",
    "```\n<img src=x onerror=alert(1)>\n",
    "`<img src=x onerror=alert(1)>`<img src=x onerror=alert(1)>",
    "$$<img src=x onerror=alert(1)>$$",
    r"$\href{javascript:alert(1)}{x}$ $\unicode{x3c}$ \begin{a}<img src=x onerror=alert(1)>\end{a}",
    "a\\\n<img src=x onerror=alert(1)>",
    "<img\nsrc=x\nonerror=alert(1)>",
    "<b\x00 onmouseover=alert(1)>x</b>",
    "<​script>alert(1)</script> <ſcript>alert(1)</ſcript>",
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    "[x](https://ok.org \"a\" onmouseover=alert(1) \")",
    "[x](https://ok.org\"onmouseover=alert(1))",
    "![a](https://track.org/pixel.png)",
    "![a](attachment:no.png\" onerror=\"alert(1))",
    "[^1]\n\n[^1]: <script>alert(1)</script>",
    "&lt;img src=x onerror=alert(1)&gt; &amp;lt;script&amp;gt; &#60;script&#62;",
)  # fmt: skip


class Acts(HTMLParser):
    """Tags, attributes and addresses of a page that do something."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag in (
            "script",
            "style",
            "iframe",
            "object",
            "embed",
            "form",
            "input",
            "svg",
            "math",
            "link",
            "meta",
            "base",
        ):
            self.found.append(tag)
        for name, value in attrs:
            value = re.sub(r"[\x00-\x20]", "", value or "").lower()
            scheme = re.match(r"([a-z][a-z0-9+.-]*):", value)
            if name.startswith("on") or name in ("srcdoc", "style", "formaction"):
                self.found.append((tag, name))
            if name in ("href", "src", "action", "data", "xlink:href") and scheme:
                allowed = ("https", "http", "mailto") if name == "href" else ()
                if scheme.group(1) not in allowed and not value.startswith("data:image/png;base64,"):
                    self.found.append((tag, name, value[:40]))
            if tag == "img" and not value.startswith("data:image/png") and name == "src":
                self.found.append((tag, name, value[:40]))


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("around", ["{}", "A proof: $a<b$, so\n\n{}\n\nq.e.d.", "- item {}\n", "> {}\n"])
def test_no_markdown_of_a_student_acts(source, around):
    acts = Acts()
    acts.feed(rendered(sanitised(around.format(source)), {}) or "")
    acts.close()
    assert acts.found == []


NOTEBOOK = json.dumps(
    {"cells": [{"cell_type": "code", "source": "x", "metadata": {}}], "nbformat": 4}
).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 3_000_000,
        b'{"cells":' * 200_000,
        b'{"cells": [' + b'{"cell_type": "code", "source": [' * 90_000,
        b'{"nbformat": 1e99999, "cells": 1e99999}',
        b'{"nbformat": ' + b"9" * 100_000 + b', "cells": {}}',
        NOTEBOOK.decode().encode("utf-32"),
        NOTEBOOK.decode().encode("utf-16-le"),
        NOTEBOOK + b"\xff",
        b"\xff\xfe{",
        b"\x1f\x8b\x08" + NOTEBOOK,
        b"nul\x00" + NOTEBOOK,
    ],
    ids=range(11),
)  # fmt: skip
def test_a_file_that_is_no_notebook_is_one_line(data):
    with pytest.raises(Unreadable) as refusal:
        parse(data)
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 300


def test_keys_that_come_twice_and_strange_fields_are_read_as_json_reads_them():
    twice = b'{"cells": [], "cells": [{"cell_type": "code", "source": ["a", {}, null, "b"], "metadata": [], "outputs": 7}]}'
    (cell,) = parse(twice)
    assert (cell.source, cell.grade_id, cell.outputs) == ("ab", None, [])
    meta = {"nbgrader": {"grade_id": {"x": 1}}}
    odd = {"cells": [{"cell_type": "code", "source": {"a": 1}, "id": 7, "metadata": meta}, None, 3, []]}
    assert [(c.source, c.grade_id) for c in parse(json.dumps(odd).encode())] == [
        ("", "7")
    ]  # numbers are read as text


def test_a_pipe_a_link_and_a_flood_for_a_time_stamp_hold_nobody_up(tmp_path):
    for student, make in {
        "pipe": os.mkfifo,
        "link": lambda path: os.symlink("/dev/zero", path),
        "flood": lambda path: path.write_bytes(b"2026-01-01 00:00:00 UTC" * 100_000),
        "folder": os.mkdir,
        "future": lambda path: path.write_text("9999-12-31 23:59:59.999999 -1200"),
    }.items():
        folder = tmp_path / student
        folder.mkdir()
        (folder / "homework-3.ipynb").write_bytes(NOTEBOOK)
        make(folder / "timestamp.txt")
    found = {entry.student: entry for entry in entries(tmp_path, ["homework-3"])}
    assert set(found) == {"pipe", "link", "flood", "folder", "future"}
    for student in ("pipe", "link", "flood", "folder"):
        notebook = tmp_path / student / "homework-3.ipynb"
        assert handed_in(notebook) == notebook.stat().st_mtime


def test_a_pipe_a_socket_a_device_and_a_folder_are_no_notebooks(tmp_path):
    os.mkfifo(tmp_path / "pipe.ipynb")
    os.mkfifo(tmp_path / "pipe.zip")
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "student").mkdir()
    os.mkfifo(tmp_path / "student" / "homework-3.ipynb")
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(os.path.relpath(tmp_path / "socket.ipynb"))
    for entry in entries(tmp_path, ["homework-3"]):
        if not entry.problem:
            with pytest.raises(Unreadable):
                read(entry.path)


def test_archives_in_archives_and_names_that_lie_are_one_line_each(tmp_path):
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("homework-3.ipynb", NOTEBOOK)
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as archive:
        archive.write(inner, "inner.zip")
    inner.unlink()
    (entry,) = entries(tmp_path, ["homework-3"])
    assert "no notebook in the archive" in entry.problem
    for name in ("/etc/x.ipynb", "..\\x.ipynb", "a/../../x.ipynb", "C:x.ipynb"):
        with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo(name), NOTEBOOK)
        with pytest.raises(Unreadable, match="outside its folder"):
            members(tmp_path / "bad.zip")


def test_a_name_cannot_move_a_terminal_or_pretend_to_be_another():
    names = ["a\x1b]0;t\x07", "a\u202eb", "a\nb", "a\\nb", "a\u2028b", "a\x9b31m", "a\ud800", "a\u200b", "a"]
    shown = [readable(name) for name in names]
    assert all(name.isprintable() for name in shown) and len(set(shown)) == len(names)


SOCKETS = """
import os, socket
held = []
for _ in range(20):
    if os.fork() == 0:
        try:
            while True:
                pair = socket.socketpair()
                for one in pair:
                    one.setblocking(False)
                    try:
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
                    except PermissionError:
                        pass
                    held.append(one)
                    try:
                        while True:
                            one.send(bytes(60000))
                    except BlockingIOError:
                        pass
        except OSError:
            pass
        import time
        time.sleep(20)
        os._exit(0)
import time
time.sleep(6)
"""


@pytest.mark.sandbox
@pytest.mark.slow
def test_what_sockets_hold_stays_within_the_bound():
    """Bytes that were sent and not read belong to no process; a child has few enough sockets."""

    def free():
        with open("/proc/meminfo") as file:
            fields = dict(line.split(":") for line in file)
        return int(fields["MemAvailable"].split()[0]) * 1024

    held = []
    for _ in range(3):  # the machine has other processes, whose memory comes and goes: the least counts
        before = free()
        with Child(LIMITS) as child:
            child.ask({"cell": {"role": "solution", "name": "polyak", "source": SOCKETS}})
            try:
                child.ask({"run": 1})
            except ChildDied:
                return
            held.append(before - free())
    assert min(held) < LIMITS.memory + (1 << 30), held
