"""`python3 -m rlcourse train …`, called as a user would, in process."""

import dataclasses
import json
import re

import gymnasium
import pytest

from rlcourse.algorithms import discover
from rlcourse.commands import train
from rlcourse.parts.noise import GaussianNoise, OUNoise


@pytest.mark.parametrize("name", discover())
def test_every_plain_field_of_an_algorithm_is_an_option_with_its_meaning(name, capsys):
    with pytest.raises(SystemExit) as ended:
        train.parse(name, "--help")
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for field in dataclasses.fields(discover()[name]):
        if not callable(field.default) and field.name != "noise":
            assert f"--{field.name.replace('_', '-')}" in text, field.name
    assert bool(re.search(r"--gamma\b[^-]*discount", text)) == hasattr(discover()[name], "gamma")
    assert "--seeds" in text and "--resume" in text


def test_options_reach_the_algorithm_and_the_noise_can_be_chosen():
    algorithm, options = train.parse(
        "td3", "--steps", "70", "--hidden", "8", "8", "--policy-delay", "3", "ou-noise", "--sigma", "0.4"
    )
    assert algorithm.hidden == (8, 8) and algorithm.policy_delay == 3 and options.steps == 70
    assert algorithm.noise == OUNoise(sigma=0.4)
    assert train.parse("td3")[0].noise == GaussianNoise(0.1)


def test_a_run_leaves_its_folder_a_picture_and_a_table(tmp_path, capsys):
    folder = tmp_path / "run"
    words = (
        f"td3 --seeds 2 --steps 60 --warmup 20 --hidden 8 8 --evaluation-episodes 1 --folder {folder}".split()
    )
    assert train.main(words) == 0
    assert {"run.json", "checkpoint.npz", "curve.csv", "metrics.csv", "curve.png", "summary.txt"} <= {
        path.name for path in folder.iterdir()
    }
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((folder / "run.json").read_text())["status"] == "finished"
    table = (folder / "summary.txt").read_text()
    assert "seed 0" in table and "seed 1" in table and "n = 2" in table and table in capsys.readouterr().out
    again = (
        f"td3 --seeds 2 --steps 80 --warmup 20 --hidden 8 8 --evaluation-episodes 1 --resume {folder}".split()
    )
    assert train.main(again) == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("dqn", 2, "unknown algorithm 'dqn'"),
        ("td3 --env CartPole-v1 --steps 10", 1, "use PPO or TRPO"),
        ("td3 --env NoSuch-v0 --steps 10", 1, "NoSuch-v0"),
        ("td3 --env Pendulum-v1 --env-kwargs gee=1 --steps 10", 1, "cannot be made with {'gee': 1}"),
        ("td3 --env Pendulum-v1 --env-kwargs gee --steps 10", 1, "give name=value"),
        ("td3 --modules no_such_module --steps 10", 1, "no_such_module"),
    ],
)
def test_mistakes_get_one_line_and_an_exit_code(words, code, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert train.main(words.split()) == code
    error = capsys.readouterr().err
    assert says in error and "Traceback" not in error


def test_the_environments_keywords_and_where_to_evaluate_are_options(tmp_path):
    words = (
        f"ppo --env Pendulum-v1 --env-kwargs g=1.62 max_episode_steps=30 --evaluation-env Pendulum-v1 "
        f"--keep-replay False --longest-episode 40 --seeds 1 --steps 20 --num-envs 1 --horizon 16 "
        f"--evaluation-episodes 1 --folder {tmp_path / 'run'}"
    )
    with pytest.warns(UserWarning, match="had not ended after 40 steps"):
        assert train.main(words.split()) == 0
    said = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert said["env"] == "Pendulum-v1(g=1.62, max_episode_steps=30)"


def test_keywords_are_read_as_python_reads_them():
    words = ("g=1.62", "n=3", "on=True", "name=fast", "path='a=b'", "sizes=(1, 2)", "none=None")
    assert train.keywords(words) == {
        "g": 1.62, "n": 3, "on": True, "name": "fast", "path": "a=b", "sizes": (1, 2), "none": None,
    }  # fmt: skip
    for wrong in ("g", "=3", "a b=3"):
        with pytest.raises(ValueError, match="--env-kwargs: give name=value, as g=1.62"):
            train.keywords([wrong])


@pytest.mark.filterwarnings("ignore:training failed")
def test_a_run_that_fails_in_its_first_evaluation_says_why_in_one_line(tmp_path, capsys):
    class Broken(gymnasium.Env):
        observation_space = action_space = gymnasium.spaces.Box(-1, 1, (1,))

        def reset(self, *, seed=None, options=None):
            return [0.0], {}

        def step(self, action):
            return [0.0], None, False, False, {}

    gymnasium.register("tests/Broken-v0", Broken, max_episode_steps=9)
    try:
        words = f"td3 --env tests/Broken-v0 --seeds 1 --steps 20 --warmup 5 --folder {tmp_path / 'run'}"
        assert train.main(words.split()) == 1
    finally:
        del gymnasium.registry["tests/Broken-v0"]
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if "reward must be a number, got None" in line and "failed" in line]


def test_without_words_it_says_what_there_is(capsys):
    assert train.main([]) == 0
    said = capsys.readouterr().out
    assert f"train {{{','.join(discover())}}} [options]" in said
    assert {"ddpg", "td3", "trpo", "ppo"} <= set(discover())


@pytest.mark.parametrize("name", discover())
def test_a_run_is_as_long_as_is_usual_for_the_algorithm(name):
    assert train.parse(name)[1].steps == discover()[name].usual_steps
