"""The workflows for GitHub, without GitHub: what they name exists, and GitHub still serves it.

`actionlint` (a package on PyPI) knows more of their syntax; it found nothing in these files as they are here.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from rlcourse.installation import OLDEST

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
# The first major of each action that runs on Node 24. Older ones ran on Node 20, which GitHub has said to
# remove from its runners in autumn 2026 ("Deprecation of Node 20 on GitHub Actions runners").
SERVED = {
    "actions/cache": 5,
    "actions/checkout": 5,
    "actions/deploy-pages": 5,
    "actions/setup-node": 5,
    "actions/setup-python": 6,
    "actions/upload-pages-artifact": 5,
}


def read(path: Path) -> dict:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    workflow["on"] = workflow.pop(True)  # YAML 1.1 reads the key `on` as true
    return workflow


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.fixture(params=FILES, ids=lambda path: path.name)
def workflow(request):
    return read(request.param)


def test_each_action_is_of_a_version_whose_runtime_github_still_has(workflow):
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    for one in used:
        name, major = re.fullmatch(r"([\w-]+/[\w-]+)@v(\d+)", one).groups()
        assert int(major) >= SERVED[name], f"{one} runs on a Node that GitHub has no more"


def test_each_job_ends_may_do_no_more_than_it_says_and_needs_jobs_that_there_are(workflow):
    assert workflow["on"] and workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 360, name
        assert job.get("needs", name) in workflow["jobs"]
        assert all(("run" in step) != ("uses" in step) for step in job["steps"]), name


def test_no_job_leaves_the_repositorys_key_on_disk(workflow):
    out = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert out and all(step["with"]["persist-credentials"] is False for step in out)


def test_every_expression_names_something_that_there_is(workflow):
    for job in workflow["jobs"].values():
        known = {f"matrix.{key}" for key in job.get("strategy", {}).get("matrix", {})}
        known |= {f"steps.{step['id']}" for step in job["steps"] if "id" in step}
        known |= {"github.sha", "runner.os", "vars.RLCOURSE_TORCH_INDEX"}
        text = yaml.safe_dump(job, width=1000)
        assert text.count("${{") == text.count("}}")
        named = re.findall(r"\$\{\{ *([\w.-]+) *\}\}", text)
        named += [re.match(r"[\w.]+", step["if"])[0] for step in job["steps"] if "if" in step]
        assert len(named) >= text.count("${{")
        for name in named:
            assert ".".join(name.split(".")[:2]) in known, name


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here to read the workflows' scripts")
def test_every_script_is_read_by_bash_without_an_error(workflow):
    for step in steps(workflow):
        script = re.sub(r"\$\{\{.*?\}\}", "x", step.get("run", ""))
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr, done.stderr


def test_the_readmes_two_commands_run_on_three_systems_and_four_pythons():
    workflow = read(FOLDER / "two-commands.yml")
    (job,) = workflow["jobs"].values()
    matrix = job["strategy"]["matrix"]
    assert [name.split("-")[0] for name in matrix["system"]] == ["ubuntu", "macos", "windows"]
    assert matrix["python"] == [f"{OLDEST[0]}.{minor}" for minor in range(OLDEST[1], 15)]
    assert "exclude" not in matrix and job["strategy"]["fail-fast"] is False
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"## Two commands\n.*?```bash\n(.*?)```", text, re.DOTALL)
    promised = re.findall(r"^python3 -m rlcourse (\w+)", block, re.MULTILINE)
    # the test command stands last: its exit status is the job's
    run = re.findall(r"^ *python -m rlcourse (\w+)", "\n".join(s.get("run", "") for s in job["steps"]), re.M)
    assert run == promised == ["lab", "test"]


def test_the_floors_of_pyproject_are_installed_on_its_oldest_python_and_all_tests_and_pages_run_there():
    from rlcourse.commands.test import NOTEBOOKS

    (job,) = read(FOLDER / "floors.yml")["jobs"].values()
    (python,) = [
        step["with"]["python-version"] for step in job["steps"] if "setup-python" in step.get("uses", "")
    ]
    assert python == f"{OLDEST[0]}.{OLDEST[1]}"
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert "--resolution lowest-direct" in runs[0] and '-e ".[instructor,test]"' in runs[0]
    assert runs[1].split()[-1] == "tests" and set(NOTEBOOKS) <= set(runs[2].split())
    assert runs[2].split()[-2:] == ["notebooks/lectures", "notebooks/homework"]
