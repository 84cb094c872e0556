"""Run folders of other versions, shapes and systems: working, or one line."""

import gc
import json
import os
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
import torch

from rlcourse import checkpoints
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.td3 import TD3
from rlcourse.commands.test import fuse
from rlcourse.commands.train import main
from rlcourse.training import Run, evaluate, train

SMALL = TD3(warmup=5, capacity=50, batch_size=8, hidden=(8,))
QUICK = {"evaluation_episodes": 1, "evaluate_every": 20}


@pytest.fixture
def folder(tmp_path):
    train(SMALL, "Pendulum-v1", 20, 1, folder=tmp_path / "run", **QUICK)
    return tmp_path / "run"


def edited(folder, change):
    text = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    change(text)
    (folder / "run.json").write_text(json.dumps(text), encoding="utf-8")


def test_a_run_that_was_written_before_a_field_existed_is_loaded(folder):
    edited(folder, lambda text: text["settings"].pop("noise_clip"))
    assert Run.load(folder).algorithm == SMALL


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.pop("status"),
        lambda text: text.update(settings=[]),
        lambda text: text.update(algorithm="TD5"),
        lambda text: text.update(module="rlcourse.algorithms.td5"),
        lambda text: text.update(module=None),
        lambda text: text["settings"].update(gamma=7),
        lambda text: text.update(seeds="0"),
        lambda text: text.update(seeds=[0.5]),
        lambda text: text.update(seeds=[]),
        lambda text: text["settings"].update(noise={"kind": "np"}),
        lambda text: text["settings"].update(noise={"kind": "GaussianNoise", "mean": 3}),
    ],
)
def test_one_that_says_something_else_gets_one_line(folder, change):
    edited(folder, change)
    with pytest.raises(checkpoints.CheckpointError, match=r"run.json: cannot be read") as error:
        Run.load(folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "null", "[]", "[" * 100_000, '{"env": ', "\0", "{}"])
def test_a_half_written_or_foreign_description_gets_one_line_and_the_run_is_continued(folder, text):
    (folder / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(checkpoints.CheckpointError, match=r"run.json: cannot be read") as error:
        Run.load(folder)
    assert "\n" not in str(error.value)
    assert train(SMALL, "Pendulum-v1", 40, resume=folder, folder=folder, **QUICK).status == "finished"
    assert Run.load(folder).status == "finished"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bytes_", [b"", b"PK", b"hello", b"PK\x03\x04" + bytes(40)])
def test_a_half_written_checkpoint_is_closed_again_and_named(folder, bytes_):
    (folder / checkpoints.NAME).write_bytes(bytes_)
    with pytest.raises(checkpoints.CheckpointError, match="damaged"):
        checkpoints.load(folder)
    gc.collect()  # a file that was left open would say so now


NAMES = ["a b", "ü 漢字 🎲", "x'y\"z", "-r", "a%20b", "deep/er/still", "~home", "con", "x" * 200]
NAMES += [] if os.name == "nt" else ["a:b", "dot.", "a\nb"]


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_may_have_any_name_that_its_file_system_takes(folder, name):
    place = folder.parent / "in" / name
    train(SMALL, "Pendulum-v1", 20, folder=place, **QUICK)
    assert train(SMALL, "Pendulum-v1", 30, folder=str(place), resume=str(place), **QUICK).status == "finished"
    assert Run.load(place).total_steps == 30


def reshaped(state):
    state["agent"]["nets"]["actor"] = np.zeros((1, 5), np.float32)


def of_another(*path):
    """Puts an array of another shape there: half a row, of which NumPy and PyTorch would make a whole."""

    def change(state):
        for name in path[:-1]:
            state = state[name]
        array = state[path[-1]]
        state[path[-1]] = np.zeros((*array.shape[:-1], 1 + (array.shape[-1] == 1)), array.dtype)

    return change


CHANGES = {
    "shape": reshaped,
    "one weight for all": lambda state: state["agent"]["nets"].update(actor=np.ones((1, 1), np.float32)),
    "moments of Adam": of_another("agent", "nets", "actor_optimiser", "m"),
    "steps of Adam": of_another("agent", "nets", "critic_optimiser", "t"),
    "replay's rows": of_another("agent", "memory", "rows"),
    "replay's count": of_another("agent", "memory", "added"),
    "more than replay holds": lambda state: state["agent"]["memory"].update(added=np.array([45])),
    "noise": of_another("agent", "noise"),
    "streams": lambda state: state["agent"].update(acting=[]),
    "best": lambda state: state["best"].update(network=np.ones((1, 1), np.float32)),
    "missing part": lambda state: state["agent"].pop("memory"),
    "missing spaces": lambda state: state.pop("spaces"),
    "missing settings": lambda state: state.pop("settings"),
    "other curve": lambda state: state.update(curve={"x": [1]}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_checkpoint_of_another_form_gets_one_line(folder, change):
    state = checkpoints.load(folder)
    change(state)
    checkpoints.save(folder, state)
    with pytest.raises(checkpoints.CheckpointError, match="does not fit") as error:
        train(SMALL, "Pendulum-v1", 40, 1, resume=folder, **QUICK)
    assert "\n" not in str(error.value)


def test_an_editors_byte_order_mark_is_no_damage(folder):
    path = folder / "run.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert Run.load(folder).algorithm == SMALL


def test_a_checkpoint_of_before_there_were_best_policies_is_continued(folder):
    state = checkpoints.load(folder)
    del state["best"], state["agent"]["forgot"], state["stepper"]["normalisers"]
    checkpoints.save(folder, state)
    assert train(SMALL, "Pendulum-v1", 40, 1, resume=folder, **QUICK).status == "finished"
    assert Run.load(folder).best is not None


@pytest.mark.parametrize("kind", [torch.float64, torch.float32])
def test_whatever_the_readers_defaults_are_a_run_is_loaded_and_plays(folder, kind):
    before = torch.get_default_dtype()
    want = Run.load(folder).agent(0).act(np.ones(3))
    try:
        torch.set_default_dtype(kind)
        with torch.device("meta"):
            run = Run.load(folder)
            assert run.agent(0).act(np.ones(3)) == want
            assert evaluate(run, "Pendulum-v1", 1).shape == (1,)
    finally:
        torch.set_default_dtype(before)


def test_a_file_where_the_folder_should_be_gets_one_line(tmp_path):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(ValueError, match="is a file; a run needs a folder"):
        train(SMALL, "Pendulum-v1", 20, 1, folder=tmp_path / "run", **QUICK)


def test_an_environment_that_changes_directory_takes_the_run_folder_nowhere(tmp_path, monkeypatch):
    class Wandering(gymnasium.Env):
        observation_space = action_space = gymnasium.spaces.Box(-1, 1, (1,))
        max_episode_steps = 10**30

        def reset(self, *, seed=None, options=None):
            return np.zeros(1, np.float32), {}

        def step(self, action):
            os.chdir(tmp_path / "elsewhere")
            return np.zeros(1, np.float32), 1.0, True, False, {}

    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    run = train(PPO(num_envs=1, horizon=8, hidden=(4,)), Wandering, 16, folder="run", evaluation_episodes=1)
    assert Run.load(tmp_path / "run").curve.steps.tolist() == run.curve.steps.tolist() == [0, 8, 16]
    assert not list((tmp_path / "elsewhere").iterdir())


def test_so_does_loading_one(folder):
    state = checkpoints.load(folder)
    reshaped(state)
    checkpoints.save(folder, state)
    with pytest.raises(checkpoints.CheckpointError, match=r"does not fit.*start the run again") as error:
        Run.load(folder)
    assert "\n" not in str(error.value)


def test_an_environment_of_one_name_and_another_shape_is_refused(folder):
    state = checkpoints.load(folder)
    state["spaces"] = [4, 1, False]
    checkpoints.save(folder, state)
    with pytest.raises(
        checkpoints.CheckpointError, match=r"its spaces is \[4, 1, False\], but \[3, 1, False\]"
    ):
        train(SMALL, "Pendulum-v1", 40, 1, resume=folder, **QUICK)


def test_the_folder_of_an_id_with_its_module_has_a_name_that_windows_takes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "--env rlcourse.parts.worlds:rlcourse/Pendulum-v1 --steps 20 --seeds 1 --evaluation-episodes 1"
    assert main(["td3", *words.split()]) == 0
    (made,) = (tmp_path / "runs").iterdir()
    assert made.name.startswith("td3-rlcourse.parts.worlds-rlcourse-Pendulum-v1-")


@pytest.mark.parametrize("words", [["td3", "--help"], ["--help"], ["ppo", "--gamma", "1.5", "--steps", "20"]])
def test_help_and_errors_go_into_a_file_of_any_code_page(words, tmp_path):
    program = "import sys; from rlcourse.commands.train import main; sys.exit(main(sys.argv[1:]))"
    env = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    with open(tmp_path / "help.txt", "wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", program, *words], stdout=file, stderr=subprocess.PIPE, env=env,
            cwd=tmp_path, timeout=fuse(12), check=False,
        )  # fmt: skip
    errors = done.stderr.decode("cp1252")
    assert "Traceback" not in errors
    assert done.returncode == ("--gamma" in words)
    if done.returncode:
        assert errors.strip().startswith("train: PPO: gamma must be a number in [0, 1], got 1.5")


def test_a_run_folder_does_not_depend_on_the_locale(folder):
    """run.json has σ and ∞ in reasons: read and written as UTF-8, whatever the system's own is."""
    edited(folder, lambda text: text.update(reason="σ = ∞"))
    program = f"from rlcourse.training import Run; print(ascii(Run.load({str(folder)!r}).reason))"
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=env,
        timeout=fuse(12),
        check=False,
    )
    assert done.stdout.strip() == ascii("σ = ∞"), done.stderr
