"""The loop: eight seeds are eight runs, runs resume to the same bits, faults end in one clear line."""

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete

from rlcourse import checkpoints
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.td3 import TD3
from rlcourse.algorithms.trpo import TRPO
from rlcourse.commands.test import fuse
from rlcourse.equations.returns import twin_target
from rlcourse.parts.noise import OUNoise
from rlcourse.training import Run, evaluate, sweep, train

QUICK = {"evaluate_every": 100, "evaluation_episodes": 1}
BATCH = {"num_envs": 2, "horizon": 32, "minibatch_size": 32, "hidden": (16, 16)}
REPLAY = {"warmup": 30, "hidden": (16, 16), "batch_size": 32, "capacity": 150}
ALGORITHMS = {
    "TD3": (TD3(**REPLAY), "Pendulum-v1"),
    "DDPG": (DDPG(**REPLAY, noise=OUNoise()), "Pendulum-v1"),
    "PPO": (PPO(**BATCH, epochs=3), "Pendulum-v1"),
    "PPO-CartPole": (PPO(**BATCH, epochs=3), "CartPole-v1"),
    "PPO-KL": (
        PPO(**BATCH, epochs=4, objective="adaptive_kl", stop_kl=0.003, normalise_observation=True),
        "Pendulum-v1",
    ),
    "TRPO": (TRPO(**BATCH), "Pendulum-v1"),
    "TRPO-CartPole": (TRPO(**BATCH), "CartPole-v1"),
}
each = pytest.mark.parametrize("name", ALGORITHMS)


def weights(run, seed):
    return run.agent(seed).network.flat


def assert_same(one, other, seeds):
    for seed in seeds:
        assert torch.equal(weights(one, seed), weights(other, seed)), f"seed {seed}"


@each
def test_eight_seeds_together_are_eight_runs_alone_bit_for_bit(name):
    """Members that stop early (PPO-KL) or reset at other times (CartPole) included."""
    algorithm, env = ALGORITHMS[name]
    seeds = [3, 1, 4, 15, 9, 2, 6, 5]
    together = train(algorithm, env, 256, seeds, **QUICK)
    for seed in (3, 9):
        alone = train(algorithm, env, 256, [seed], **QUICK)
        assert_same(together, alone, [seed])
        assert np.array_equal(together.curve.returns[seeds.index(seed)], alone.curve.returns[0])
    assert not torch.equal(weights(together, 3), weights(together, 9))


@each
def test_the_same_seed_gives_the_same_bits_and_evaluation_does_not_change_training(name):
    """peers 4.20 and 4.18."""
    algorithm, env = ALGORITHMS[name]
    one = train(algorithm, env, 192, 2, evaluate_every=10, evaluation_episodes=3)
    other = train(algorithm, env, 192, 2, evaluate_every=10**6, evaluation_episodes=1)
    assert_same(one, other, [0, 1])


@each
def test_a_resumed_run_equals_the_uninterrupted_one(name, tmp_path):
    """peers 5.42: buffer, optimiser, random streams, normaliser and environments in mid-episode."""
    algorithm, env = ALGORITHMS[name]
    whole = train(algorithm, env, 320, 2, **QUICK)

    def stop_early(training):
        if training.steps >= 150:
            training.stop()

    part = train(algorithm, env, 320, 2, callbacks=[stop_early], folder=tmp_path / "run", **QUICK)
    assert part.status == "stopped"
    rest = train(algorithm, env, 320, 2, resume=tmp_path / "run", **QUICK)
    assert rest.status == "finished"
    assert_same(whole, rest, [0, 1])
    np.testing.assert_array_equal(whole.curve.returns, rest.curve.returns)
    np.testing.assert_array_equal(whole.curve.steps, rest.curve.steps)


def test_resuming_an_environment_of_gymnasiums_own_is_exact_too(tmp_path):
    def pendulum():
        return gymnasium.make("Pendulum-v1")

    algorithm, _ = ALGORITHMS["TD3"]
    whole = train(algorithm, pendulum, 120, 1, **QUICK)
    train(algorithm, pendulum, 70, 1, **QUICK).save(tmp_path / "run")
    assert_same(whole, train(algorithm, pendulum, 120, 1, resume=tmp_path / "run", **QUICK), [0])


def test_training_leaves_threads_denormals_and_the_global_random_state_as_they_were():
    torch.set_num_threads(2)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    train(TD3(**REPLAY), "Pendulum-v1", 40, 1, **QUICK)
    assert torch.get_num_threads() == 2 and torch.equal(torch.get_rng_state(), before)
    torch.set_num_threads(1)
    assert (torch.full((8,), 2e-39) / 2 != 0).all()


def test_a_students_equation_that_draws_from_pytorch_is_repeatable_too():
    def noisy(reward, terminated, next_q1, next_q2, gamma):
        return reward + torch.randn_like(reward)

    runs = []
    for state in (5, 6):
        torch.manual_seed(state)  # what the page did before must not matter
        runs.append(train(TD3(**REPLAY, target=noisy), "Pendulum-v1", 60, 1, **QUICK))
    assert_same(*runs, [0])


@each
def test_what_practitioners_watch_is_logged_for_every_seed(name):
    algorithm, env = ALGORITHMS[name]
    run = train(algorithm, env, 450, 2, log_every=50, **QUICK)
    expected = {"episode_return", "episode_length", "critic_grad_norm"}
    expected |= (
        {"q_mean", "q_max", "td_error", "actor_grad_norm"}
        if name in ("TD3", "DDPG")
        else {"kl", "entropy", "explained_variance", "policy_grad_norm"}
    )
    expected |= {"clip_fraction", "optimiser_steps"} if "PPO" in name else set()
    expected |= {"step_fraction"} if "TRPO" in name else set()
    L = len(run.metrics["steps"])
    for metric in expected:
        assert run.metrics[metric].shape == (2, L), metric
    assert (run.metrics["steps_per_second"] > 0).all() and run.metrics["steps_per_second"].shape == (L,)
    assert np.isfinite(run.metrics["episode_return"]).any()


def test_a_students_target_is_the_one_that_is_used():
    calls = []

    def mine(reward, terminated, next_q1, next_q2, gamma):
        calls.append(next_q1.shape)
        return twin_target(reward, terminated, next_q1, next_q2, gamma)

    one = train(TD3(**REPLAY, target=mine), "Pendulum-v1", 60, 2, **QUICK)
    assert calls and set(calls) == {(2 * 32,)}
    assert_same(one, train(TD3(**REPLAY), "Pendulum-v1", 60, 2, **QUICK), [0, 1])
    other = train(TD3(**REPLAY, target=lambda r, d, *rest: r), "Pendulum-v1", 60, 2, **QUICK)
    assert not torch.equal(weights(one, 0), weights(other, 0))


def test_callbacks_may_stop_a_run_and_change_a_setting_at_once():
    rates, kept = [], []

    def slower(training):
        rates.append(training.algorithm.actor_lr)
        training.algorithm = replace(training.algorithm, actor_lr=0.0)
        if training.steps == 60:
            kept.append(training.agent.nets.actor.flat.clone())
        if training.steps == 70:
            training.stop()

    run = train(TD3(**REPLAY), "Pendulum-v1", 500, 1, callbacks=[slower], **QUICK)
    assert run.status == "stopped" and run.checkpoint["steps"] == 70 and rates[:2] == [1e-3, 0.0]
    assert torch.equal(kept[0], run.policy.network.flat)


def test_the_first_ctrl_c_waits_for_the_update_and_the_second_does_not():
    went_on = []

    def press(times):
        def callback(training):
            if training.steps == 50:
                for _ in range(times):
                    signal.raise_signal(signal.SIGINT)
                went_on.append(times)

        return train(TD3(**REPLAY), "Pendulum-v1", 500, 1, callbacks=[callback], **QUICK)

    one, two = press(1), press(2)
    assert one.status == two.status == "stopped" and went_on == [1]
    assert one.reason == "interrupted from the keyboard"
    assert two.reason == "interrupted from the keyboard at step 50"


def test_evaluation_never_meets_the_episodes_of_training(monkeypatch):
    from rlcourse.training import evaluation, state

    made, make = [], state.make
    for module in (state, evaluation):
        monkeypatch.setattr(module, "make", lambda env, n, seeds: made.append(seeds) or make(env, n, seeds))
    run = train(TD3(**REPLAY), "Pendulum-v1", 40, [3, 4], **QUICK)
    evaluate(run.policy, "Pendulum-v1", 2, seed=3)
    (learning, *evaluations) = made
    assert len(evaluations) >= 2
    assert not {*learning, 3, 4} & {seed for seeds in evaluations for seed in seeds}


def test_evaluation_is_repeatable_has_its_own_environments_and_gives_a_return_per_episode():
    run = train(TD3(**REPLAY), "Pendulum-v1", 40, 2, **QUICK)
    one, other = (evaluate(run.agent(1), "Pendulum-v1", 5, seed=3) for _ in range(2))
    assert one.shape == (5,) and np.array_equal(one, other)
    assert evaluate(run.policy, "Pendulum-v1", 4).shape == (2, 4)
    own = evaluate(run.agent(1), lambda: gymnasium.make("Pendulum-v1"), 5, seed=3)
    np.testing.assert_allclose(one, own, rtol=1e-4)
    with pytest.raises(ValueError, match="episodes"):
        evaluate(run.policy, "Pendulum-v1", 0)


def test_sweep_trains_every_pair():
    runs = sweep({"a": TD3(**REPLAY), "b": DDPG(**REPLAY)}, ["Pendulum-v1"], 40, 2, jobs=1, **QUICK)
    assert set(runs) == {("a", "Pendulum-v1"), ("b", "Pendulum-v1")}
    assert all(run.status == "finished" for run in runs.values())
    with pytest.raises(ValueError, match="dictionary"):
        sweep([TD3(), TD3()], ["Pendulum-v1"])


# ------------------------------------------------------------------------------------------- environments


class Toy(gymnasium.Env):
    """Reward 1 at each step; everything else is chosen."""

    def __init__(self, obs=None, action=None, length=10, terminates=False, bad_step=None, bad_reward=np.nan):
        self.observation_space = obs or Box(-1, 1, (2,), np.float32)
        self.action_space = action or Box(-1, 1, (1,), np.float32)
        self.length, self.terminates, self.bad_step, self.bad_reward = (
            length,
            terminates,
            bad_step,
            bad_reward,
        )
        self.total = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return np.zeros(2, np.float32), {}

    def step(self, action):
        self.t += 1
        self.total += 1
        over = self.t >= self.length
        reward = self.bad_reward if self.total == self.bad_step else 1.0
        return np.zeros(2, np.float32), reward, over and self.terminates, over and not self.terminates, {}


@pytest.mark.parametrize("terminates", [False, True])
@pytest.mark.parametrize("name", ["TD3", "DDPG", "PPO", "TRPO"])
def test_a_time_limit_is_not_the_end_of_the_world(name, terminates):
    """peers 4.1 (baselines#436, SB3#633): reward 1 for ever under a time limit is worth 1/(1−γ); where
    episodes of one step terminate it is worth 1. γ = 0.8."""
    options = {"TD3": {"tau": 0.1, "critic_lr": 1e-2}, "DDPG": {"tau": 0.1, "critic_lr": 1e-2}}.get(name, {})
    on_policy = {"normalise_reward": False, "gamma": 0.8}
    algorithm = {
        "TD3": TD3(**REPLAY, gamma=0.8, **options), "DDPG": DDPG(**REPLAY, gamma=0.8, **options),
        "PPO": PPO(**BATCH, **on_policy, learning_rate=3e-3),
        "TRPO": TRPO(**BATCH, **on_policy, critic_lr=1e-2),
    }[name]  # fmt: skip
    seen, steps = [], 600 if options else 3000
    train(algorithm, lambda: Toy(length=1, terminates=terminates), steps, 1, callbacks=[seen.append], **QUICK)
    nets, obs = seen[0].agent.nets, torch.zeros(1, 1, 2)
    if options:
        value = nets.critics(obs, nets.actor(obs)).min().item()
    else:
        value = nets.critic(obs).item()
    assert value == pytest.approx(1.0 if terminates else 5.0, rel=0.12)


@pytest.mark.parametrize("name", ["TD3", "PPO"])
@pytest.mark.parametrize("reward", [np.nan, np.inf])
def test_a_reward_that_is_not_finite_ends_the_run_there_and_keeps_the_last_good_checkpoint(
    name, reward, tmp_path
):
    """peers 5.31."""
    algorithm, _ = ALGORITHMS[name]
    with pytest.warns(UserWarning, match="reward"):
        run = train(
            algorithm, lambda: Toy(bad_step=150, bad_reward=reward), 400, 1, folder=tmp_path / "run",
            evaluate_every=64, evaluation_episodes=1,
        )  # fmt: skip
    assert run.status == "failed" and "reward" in run.reason and "\n" not in run.reason
    assert len(run.curve.steps) >= 2 and np.isfinite(run.curve.returns).all()
    loaded = Run.load(tmp_path / "run")
    assert loaded.status == "failed" and torch.isfinite(loaded.policy.network.flat).all()


@pytest.mark.parametrize(
    ("obs", "action", "words"),
    [
        (Dict({"x": Box(0, 1, (1,))}), None, "Box"),
        (Box(0, 255, (8, 8, 3), np.uint8), None, "images"),
        (None, Box(-np.inf, np.inf, (1,), np.float32), "finite"),
    ],
)
def test_spaces_that_cannot_be_learnt_from_are_named_with_what_can(obs, action, words):
    """peers 5.32 and 5.33."""
    with pytest.raises(ValueError, match=words) as error:
        train(PPO(**BATCH), lambda: Toy(obs, action), 100, 1)
    assert "\n" not in str(error.value)


def test_discrete_actions_given_to_ddpg_suggest_what_would_do():
    """peers 5.34."""
    for algorithm in (DDPG(), TD3()):
        with pytest.raises(ValueError, match="PPO or TRPO"):
            train(algorithm, "CartPole-v1", 100, 1)


@pytest.mark.parametrize("name", ["TD3", "PPO", "TRPO"])
@pytest.mark.parametrize(
    "env",
    [
        lambda: Toy(length=1),
        lambda: Toy(length=1, terminates=True),
        lambda: Toy(action=Box(-3.0, 1.0, (2,), np.float64)),
    ],
    ids=["one-step", "one-step-terminal", "float64-asymmetric"],
)
def test_short_episodes_and_uncommon_boxes_train(name, env):
    """peers 5.35, 4.26."""
    assert train(ALGORITHMS[name][0], env, 128, 2, **QUICK).status == "finished"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: train(TD3, "Pendulum-v1"), r"TD3\(\)"),
        (lambda: train("td3", "Pendulum-v1"), "not an algorithm"),
        (lambda: train(TD3(), "Pendulum-v1", steps=-1), "steps"),
        (lambda: train(TD3(), "Pendulum-v1", steps=1.5), "whole"),
        (lambda: train(TD3(), "Pendulum-v1", 10, seeds=[1, 1]), "different"),
        (lambda: train(TD3(), "Pendulum-v1", 10, seeds=0), "seeds"),
        (lambda: train(TD3(capacity=10, batch_size=64), "Pendulum-v1", 10), "capacity"),
        (lambda: train(TD3(), "NoSuchEnv-v0", 10), "NoSuchEnv"),
        (lambda: train(TD3(**REPLAY), "Pendulum-v1", 0).agent(7), "seed 7"),
    ],
)
def test_bad_input_gets_one_clear_line(make, words):
    with pytest.raises(ValueError, match=words) as error:
        make()
    assert "\n" not in str(error.value)


def test_zero_steps_give_a_run_with_one_point_of_the_curve():
    run = train(TD3(**REPLAY), "Pendulum-v1", 0, 2, **QUICK)
    assert run.status == "finished" and run.curve.steps.tolist() == [0] and run.curve.returns.shape == (2, 1)


def test_an_error_in_a_students_equation_is_raised_and_the_run_says_failed(tmp_path):
    def wrong(reward, terminated, next_q1, next_q2, gamma):
        return reward[:3]

    with pytest.raises(Exception, match="size|shape"):
        train(TD3(**REPLAY, target=wrong), "Pendulum-v1", 60, 1, folder=tmp_path / "run", **QUICK)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "failed"


def test_divergence_is_said_with_seed_and_step():
    with pytest.warns(UserWarning, match="training failed at step"):
        run = train(DDPG(**REPLAY, critic_lr=1e30), "Pendulum-v1", 200, 2, log_every=20, **QUICK)
    assert run.status == "failed" and ("not finite" in run.reason or "is nan" in run.reason)


# --------------------------------------------------------------------------------------------- run folders


def saved(tmp_path, **options):
    folder = tmp_path / "run"
    return train(
        TD3(**REPLAY), "Pendulum-v1", 60, 2, folder=folder, **{**QUICK, "evaluate_every": 30, **options}
    ), folder


def test_a_loaded_run_has_the_curve_the_metrics_and_the_same_policies(tmp_path):
    run, folder = saved(tmp_path)
    loaded = Run.load(folder)
    assert loaded.status == "finished" and loaded.seeds == [0, 1] and loaded.algorithm == run.algorithm
    assert np.array_equal(loaded.curve.returns, run.curve.returns)
    assert np.array_equal(loaded.metrics["td_error"], run.metrics["td_error"], equal_nan=True)
    obs = np.random.default_rng(0).normal(size=(5, 3))
    assert np.array_equal(loaded.agent(1).act(obs), run.agent(1).act(obs))
    header = (folder / "curve.csv").read_text().splitlines()[0]
    assert header == "steps,seconds,seed 0,seed 1" and (folder / "metrics.csv").exists()


def test_normalised_observations_come_back_with_their_statistics(tmp_path):
    """peers 4.18."""
    algorithm, env = ALGORITHMS["PPO-KL"]
    run = train(algorithm, env, 128, 2, folder=tmp_path / "run", **QUICK)
    obs = np.full((4, 3), 2.5)
    assert np.array_equal(Run.load(tmp_path / "run").agent(0).act(obs), run.agent(0).act(obs))


def damage(path, kind):
    data = path.read_bytes()
    path.write_bytes({"truncated": data[: len(data) // 2], "empty": b"", "noise": b"x" * 500}[kind])


@pytest.mark.parametrize("kind", ["truncated", "empty", "noise"])
def test_a_damaged_checkpoint_is_named_and_an_older_one_offered(kind, tmp_path):
    """peers 5.41."""
    _, folder = saved(tmp_path)
    damage(folder / checkpoints.NAME, kind)
    with pytest.raises(checkpoints.CheckpointError, match="older one is whole") as error:
        train(TD3(**REPLAY), "Pendulum-v1", 80, 2, resume=folder)
    assert "\n" not in str(error.value)
    os.replace(folder / checkpoints.PREVIOUS, folder / checkpoints.NAME)
    assert train(TD3(**REPLAY), "Pendulum-v1", 80, 2, resume=folder, **QUICK).status == "finished"


@pytest.mark.parametrize(
    ("algorithm", "env", "seeds", "words"),
    [
        (DDPG(**REPLAY), "Pendulum-v1", 2, "algorithm"),
        (TD3(**{**REPLAY, "hidden": (8,)}), "Pendulum-v1", 2, "hidden"),
        (TD3(**REPLAY), "Pendulum-v1", 3, "seeds"),
        (TD3(**REPLAY), "rlcourse/DoubleIntegrator-v0", 2, "env"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_with_what_differs(algorithm, env, seeds, words, tmp_path):
    _, folder = saved(tmp_path)
    with pytest.raises(checkpoints.CheckpointError, match=words):
        train(algorithm, env, 80, seeds, resume=folder, **QUICK)


class Payload:
    def __reduce__(self):
        return os.mkdir, ("payload-was-run",)


def test_a_pickle_in_a_checkpoint_is_refused_and_not_run(tmp_path, monkeypatch):
    """peers 5.24."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    evil = np.array([Payload()], dtype=object)
    np.savez(tmp_path / "run" / "checkpoint.npz", tree=evil)
    with pytest.raises(checkpoints.CheckpointError, match="damaged"):
        checkpoints.load(tmp_path / "run")
    assert not (tmp_path / "payload-was-run").exists()


def test_a_full_disk_costs_the_checkpoint_and_not_the_training(tmp_path, monkeypatch):
    """peers 5.40."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "save", full)
    with pytest.warns(UserWarning, match="No space left on device.*make room"):
        run, folder = saved(tmp_path)
    assert run.status == "finished" and len(run.curve.steps) == 3
    monkeypatch.undo()
    run.save(folder)
    assert Run.load(folder).curve.steps.tolist() == run.curve.steps.tolist()


def test_two_writers_do_not_share_a_folder_and_a_finished_run_is_not_overwritten(tmp_path):
    """peers 5.44."""
    folder = tmp_path / "run"
    folder.mkdir()
    held = checkpoints.lock(folder)
    with pytest.raises(RuntimeError, match="another process"):
        train(TD3(**REPLAY), "Pendulum-v1", 10, 1, folder=folder)
    held.release()
    saved(tmp_path)
    with pytest.raises(ValueError, match="holds a run already"):
        saved(tmp_path)


CHILD = """
import sys, time
from rlcourse import checkpoints
from rlcourse.algorithms.td3 import TD3
from rlcourse.training import train
stall, folder = sys.argv[1], sys.argv[2]
if stall:
    import os
    real = os.replace
    def slow(source, target):
        if str(target).endswith(stall) and os.path.exists(folder + "/previous.npz"):
            print("stalled", flush=True)
            time.sleep(60)
        real(source, target)
    os.replace = slow
def tell(training):
    if training.steps == 120:
        print("training", flush=True)
train(TD3(warmup=30, hidden=(16, 16), batch_size=32, capacity=150), "Pendulum-v1", 10**6, 2, folder=folder,
      evaluate_every=40, evaluation_episodes=1, callbacks=[tell])
"""


def child(tmp_path, stall, until, sign):
    folder = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, stall, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for line in process.stdout:
            if until in line:
                break
        process.send_signal(sign)
        _, errors = process.communicate(timeout=fuse(12))
    finally:
        process.kill()
    return folder, process.returncode, errors


@pytest.mark.parametrize("stall", ["fresh.npz", "previous.npz", "checkpoint.npz"])
def test_killed_in_the_middle_of_a_checkpoint_a_whole_one_remains(stall, tmp_path):
    """peers 5.39 and 5.43: before the new file is named, between the renames, and before the last of them."""
    folder, code, _ = child(tmp_path, stall, "stalled", signal.SIGKILL)
    assert code == -signal.SIGKILL
    run = Run.load(folder)
    assert run.status == "interrupted" and len(run.curve.steps) >= 1
    rest = train(
        run.algorithm, "Pendulum-v1", int(run.curve.steps[-1]) + 40, 2, resume=folder, folder=folder, **QUICK
    )
    assert rest.status == "finished"


def test_ctrl_c_ends_a_run_whole_with_checkpoint_and_curve(tmp_path):
    """peers 5.38."""
    folder, code, errors = child(tmp_path, "", "training", signal.SIGINT)
    assert code == 0, errors
    run = Run.load(folder)
    assert run.status == "stopped" and "keyboard" in run.reason
    assert run.curve.steps[-1] >= 80 and (folder / "curve.csv").exists()


def test_a_folder_that_cannot_be_written_is_said_and_training_goes_on(tmp_path, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(checkpoints, "write_atomically", denied)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run, _ = saved(tmp_path)
    assert run.status == "finished" and any("Permission denied" in str(w.message) for w in caught)


def test_training_is_as_quick_as_a_lecture_needs():
    """A loose guard against a lost fast path, not a benchmark."""
    start = time.perf_counter()
    train(TD3(warmup=100), "Pendulum-v1", 600, 8, **QUICK)
    assert time.perf_counter() - start < 30


def test_discrete_observations_become_one_hot():
    class Corridor(Toy):
        def __init__(self):
            super().__init__(obs=Discrete(4), action=Discrete(2))

        def reset(self, **kwargs):
            super().reset(**kwargs)
            return 0, {}

        def step(self, action):
            _, *rest = super().step(action)
            return self.t % 4, *rest

    run = train(PPO(**BATCH), Corridor, 128, 1, **QUICK)
    assert run.status == "finished" and run.policy.network.sizes[0] == 4
