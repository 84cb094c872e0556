"""A sweep: what fails is one pair, what succeeds comes back and is kept."""

import os
import subprocess
import sys
import textwrap
import threading
import warnings

import gymnasium
import numpy as np
import pytest

from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.td3 import TD3
from rlcourse.commands.test import fuse
from rlcourse.training import Run, sweep
from rlcourse.training.sweep import subfolders

SMALL = [TD3(warmup=5, capacity=50, batch_size=8, hidden=(8,)), PPO(num_envs=2, horizon=16, hidden=(8,))]
QUICK = {"evaluation_episodes": 1, "evaluate_every": 32}


def test_a_pair_that_fails_says_why_and_the_others_come_back_and_are_kept(tmp_path):
    with pytest.warns(
        UserWarning, match="sweep: TD3 on CartPole-v1 failed: ValueError: TD3 needs continuous"
    ):
        runs = sweep(SMALL, ["Pendulum-v1", "CartPole-v1"], 32, 2, jobs=1, folder=tmp_path, **QUICK)
    assert {pair: run.status for pair, run in runs.items()} == {
        ("TD3", "Pendulum-v1"): "finished", ("TD3", "CartPole-v1"): "failed",
        ("PPO", "Pendulum-v1"): "finished", ("PPO", "CartPole-v1"): "finished",
    }  # fmt: skip
    failed = runs["TD3", "CartPole-v1"]
    assert "use PPO or TRPO" in failed.reason
    assert (failed.env, failed.seeds, failed.total_steps) == ("CartPole-v1", [0, 1], 32)
    kept = Run.load(tmp_path / "PPO-CartPole-v1")
    assert kept.status == "finished"
    np.testing.assert_array_equal(kept.curve.returns, runs["PPO", "CartPole-v1"].curve.returns)


def test_so_does_one_whose_environment_or_equation_breaks():
    def broken(*args):
        raise NotImplementedError("write your answer here")

    def gone():
        raise OSError("no simulator")

    mine = TD3(warmup=5, capacity=50, batch_size=8, hidden=(8,), target=broken)
    with pytest.warns(UserWarning, match="sweep: .* failed"):
        runs = sweep({"mine": mine, "right": SMALL[0]}, ["Pendulum-v1", gone], 20, 1, jobs=1, **QUICK)
    reasons = {name: run.reason for (name, env), run in runs.items() if env == "Pendulum-v1"}
    assert reasons == {"mine": "NotImplementedError: write your answer here", "right": ""}
    assert runs["right", gone].reason == "OSError: no simulator"


def test_a_sweep_goes_on_where_it_was(tmp_path):
    how = {"jobs": 1, **QUICK}
    sweep(SMALL, ["Pendulum-v1"], 32, 2, folder=tmp_path, **how)
    rest = sweep(SMALL, ["Pendulum-v1"], 64, 2, folder=tmp_path, resume=tmp_path, **how)
    whole = sweep(SMALL, ["Pendulum-v1"], 64, 2, **how)
    for pair, run in rest.items():
        assert (run.policy.network.flat == whole[pair].policy.network.flat).all()


def test_what_is_wrong_for_all_pairs_is_said_at_once():
    with pytest.raises(TypeError, match="step_size"):
        sweep(SMALL, ["Pendulum-v1"], 32, 2, step_size=3)
    with pytest.raises(ValueError, match="seeds"):
        sweep(SMALL, ["Pendulum-v1"], 32, 0)
    with pytest.raises(ValueError, match="sweep: steps must be a whole number ≥ 0, got '32'"):
        sweep(SMALL, ["Pendulum-v1"], "32")
    with pytest.raises(ValueError, match="sweep: folder must be the path of a folder, got 3"):
        sweep(SMALL, ["Pendulum-v1"], 32, folder=3)
    for jobs in (0, "2", 1.5, True):
        with pytest.raises(ValueError, match=f"sweep: jobs must be a number of processes, .* got {jobs!r}"):
            sweep(SMALL, ["Pendulum-v1"], 32, jobs=jobs)


def test_algorithms_and_environments_may_come_one_by_one():
    runs = sweep(iter(SMALL), (env for env in ["Pendulum-v1"]), 0, 1, jobs=1, evaluation_episodes=1)
    assert [(name, run.status) for (name, _), run in runs.items()] == [
        ("TD3", "finished"),
        ("PPO", "finished"),
    ]


def test_one_algorithm_and_one_environment_need_no_lists_and_none_is_named_twice():
    assert list(sweep(SMALL[0], "Pendulum-v1", 16, 1, jobs=1, **QUICK)) == [("TD3", "Pendulum-v1")]
    with pytest.raises(ValueError, match="an environment is named twice; give more seeds instead"):
        sweep(SMALL, ["Pendulum-v1", "Pendulum-v1"], 16, 1, **QUICK)


def test_what_leaves_python_and_what_cannot_be_sent_fails_alone():
    lock = threading.Lock()

    def locked():
        return lock and gymnasium.make("Pendulum-v1")

    def leaves():
        sys.exit(3)

    with pytest.warns(UserWarning, match="sweep: .* failed"):
        runs = sweep(SMALL[0], [locked, leaves, "Pendulum-v1"], 16, 1, jobs=2, **QUICK)
    said = {env if isinstance(env, str) else env.__name__: run for (_, env), run in runs.items()}
    assert said["Pendulum-v1"].status == "finished"
    assert said["leaves"].reason == "SystemExit: 3"
    assert "cannot be sent to a worker (TypeError: cannot pickle '_thread.lock'" in said["locked"].reason


def test_a_simulator_that_takes_its_process_along_takes_no_other_pair(tmp_path):
    def crashes():
        os._exit(3)

    with pytest.warns(UserWarning, match="sweep: TD3 on crashes failed: its process died"):
        runs = sweep(SMALL[0], ["Pendulum-v1", crashes], 16, 1, jobs=2, folder=tmp_path, **QUICK)
    assert [run.status for run in runs.values()] == ["finished", "failed"]
    assert Run.load(tmp_path / "TD3-Pendulum-v1").status == "finished"


def test_folders_have_names_that_every_file_system_takes_and_no_two_the_same():
    def factory():
        return gymnasium.make("Pendulum-v1")

    pairs = [
        ("a:b", "rlcourse/Regulator-v0"),
        ("a/b", "rlcourse:Regulator-v0"),
        ("π", factory),
        ("c", factory),
    ]
    assert subfolders(pairs) == [
        "a-b-rlcourse-Regulator-v0",
        "a-b-rlcourse-Regulator-v0-2",
        "factory",
        "c-factory",
    ]


def test_an_id_that_the_script_registered_is_known_to_its_workers(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            import gymnasium
            from gymnasium.envs.classic_control import PendulumEnv
            from rlcourse.algorithms.td3 import TD3
            from rlcourse.training import sweep

            class Mine(PendulumEnv):
                pass

            if __name__ == "__main__":
                gymnasium.register("Mine-v0", Mine, max_episode_steps=20)
                small = TD3(warmup=5, capacity=50, batch_size=8, hidden=(8,))
                runs = sweep({"a": small, "b": small}, ["Mine-v0"], 20, 1, jobs=2, evaluation_episodes=1)
                print([(run.status, run.reason) for run in runs.values()])
            """
        ),
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=fuse(30))
    assert done.stdout.strip() == "[('finished', ''), ('finished', '')]", done.stderr


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*declares no time limit")
        yield
