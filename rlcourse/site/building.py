"""Sphinx in an environment of its own, beside the course's; and MathJax, so that no page asks a network."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from rlcourse import installation
from rlcourse.installation import Trouble, say
from rlcourse.notebooks import ROOT

MATHJAX = "mathjax@3.2.2"  # version 4 starts workers, which a page opened from a file may not
PARTS = ("package/es5/tex-chtml.js", "package/es5/output/chtml/fonts")  # what a page of formulas asks for


def builder(folder: Path) -> Path:
    """The folder of Sphinx and what it needs, below `folder`, installed once for each list of packages."""
    wanted = installation.project()["optional-dependencies"]["site"]
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    mark = hashlib.sha256(f"{wanted}{pins}{sys.version}".encode()).hexdigest()
    packages, stamp = folder / "packages", folder / "packages.json"
    if stamp.exists() and json.loads(stamp.read_text(encoding="utf-8")) == mark:
        return packages
    if packages.exists():
        shutil.rmtree(packages)
    folder.mkdir(parents=True, exist_ok=True)
    say(f"rlcourse: installing the site's builder in {packages}")
    target = ["--target", str(packages), "-c", str(ROOT / "constraints.txt"), *wanted]
    installation.install(sys.executable, "  builder", target)
    stamp.write_text(json.dumps(mark), encoding="utf-8")
    return packages


def mathjax(folder: Path) -> Path:
    """MathJax's parts, below `folder`."""
    return from_npm(folder, MATHJAX, PARTS)


def from_npm(folder: Path, package: str, parts: tuple[str, ...]) -> Path:
    """The folder of these parts of a package, below `folder`; npm fetches it once. Trouble where it cannot.

    package: name@version; parts: how the names of the wanted files begin, within the archive.
    """
    place = folder / package
    if place.exists():
        return place
    if shutil.which("npm") is None:
        raise Trouble(f"{package} comes from the npm registry, and there is no npm: install Node.js")
    folder.mkdir(parents=True, exist_ok=True)
    told = subprocess.run(["npm", "pack", "--silent", package], cwd=folder, capture_output=True, text=True)
    archive = folder / (package.replace("@", "-") + ".tgz")
    if told.returncode or not archive.exists():
        words = (told.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise Trouble(f"npm could not fetch {package}: {words}")
    top = os.path.commonpath(parts) if len(parts) > 1 else os.path.dirname(parts[0])
    with tarfile.open(archive) as packed:
        members = [one for one in packed.getmembers() if one.isfile() and one.name.startswith(parts)]
        for member in members:
            member.name = os.path.relpath(member.name, top)
        packed.extractall(place.with_suffix(".part"), members, filter="data")
    archive.unlink()
    place.with_suffix(".part").rename(place)
    return place


def sphinx_intl(packages: Path, templates: Path, locales: Path, language: str) -> None:
    """Bring a language's catalogues up to what there is to translate."""
    command = [sys.executable, "-c", "from sphinx_intl.commands import main; main()", "update"]
    command += ["-p", str(templates), "-d", str(locales), "-l", language, "-w", "0"]
    environment = os.environ | {"PYTHONPATH": str(packages)}
    told = subprocess.run(command, env=environment, capture_output=True, text=True)
    if told.returncode:
        raise Trouble(f"sphinx-intl: {(told.stderr.strip().splitlines() or ['no word why'])[-1]}")


def sphinx(packages: Path, source: Path, target: Path, kind: str = "html", language: str = "en") -> None:
    """Run Sphinx; every warning is an error. Trouble says the first of them."""
    paths = [str(packages), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "RLCOURSE_LANGUAGE": language,
    }
    doctrees = target.parent / f".doctrees-{kind}-{language}"
    command = [sys.executable, "-m", "sphinx", "-b", kind, "-q", "-W", "--keep-going", "-j", "2"]
    command += ["-d", str(doctrees), str(source), str(target)]
    told = subprocess.run(command, env=environment, capture_output=True, text=True)
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in told.stderr.splitlines() if line.strip()]
    (target.parent / f"sphinx-{kind}-{language}.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if told.returncode:
        words = next(
            (line for line in lines if "WARNING" in line or "ERROR" in line), (lines or ["no word why"])[-1]
        )
        count = sum("WARNING" in line or "ERROR" in line for line in lines)
        more = f" (and {count - 1} more, in sphinx-{kind}-{language}.log)" if count > 1 else ""
        raise Trouble(f"Sphinx: {words}{more}")
