"""All of a seed is the same alone, among others and resumed: critics, targets, penalties and Adam too."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest

from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.td3 import TD3
from rlcourse.algorithms.trpo import TRPO
from rlcourse.training import Run, train

REPLAY = {"hidden": (8,), "warmup": 20, "batch_size": 8, "capacity": 60}
BATCHES = {"hidden": (8,), "num_envs": 2, "horizon": 16, "minibatch_size": 12}
OFF_POLICY = [DDPG(**REPLAY), TD3(**REPLAY)]
ON_POLICY = [PPO(epochs=3, **BATCHES), TRPO(critic_epochs=2, **BATCHES)]
ALL = OFF_POLICY + ON_POLICY
SHORT = {"evaluate_every": 64, "evaluation_episodes": 1, "log_every": 32}


def name_of(value):
    return type(value).__name__ if not isinstance(value, str) else value


def weights(nets):
    """Every array of the networks and of Adam, by name, of a run or of the networks' state."""
    flat, nets = {}, nets if isinstance(nets, dict) else nets.checkpoint["agent"]["nets"]
    for name, value in nets.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": np.asarray(array) for inner, array in value.items()}
        else:
            flat[name] = np.asarray(value)
    return flat


def assert_same_run(one, other):
    np.testing.assert_array_equal(one.curve.returns, other.curve.returns)
    np.testing.assert_array_equal(one.curve.steps, other.curve.steps)
    mine, theirs = weights(one), weights(other)
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)


# Seeds


EIGHT = [(algorithm, "Pendulum-v1") for algorithm in ALL] + [(a, "CartPole-v1") for a in ON_POLICY]
PPO_OPTIONS = [
    {"stop_kl": 0.002, "learning_rate": 0.01},
    {"objective": "adaptive_kl"},
    {"value_clip": 0.2},
    {"normalise_observation": True, "entropy_bonus": 0.01, "anneal": True},
]
EIGHT += [(replace(ON_POLICY[0], **options), "Pendulum-v1") for options in PPO_OPTIONS]


@pytest.mark.parametrize(
    ("algorithm", "env"), EIGHT, ids=[f"{name_of(a)}-{e}-{i}" for i, (a, e) in enumerate(EIGHT)]
)
def test_eight_seeds_at_once_are_eight_runs_alone_bit_for_bit(algorithm, env):
    together = train(algorithm, env, 192, 8, **SHORT)
    for seed in (0, 3, 7):
        alone = train(algorithm, env, 192, [seed], **SHORT)
        np.testing.assert_array_equal(alone.curve.returns[0], together.curve.returns[seed])
        everyone, one = weights(together), weights(alone)
        for name in ("actor", "critics", "target_actor", "target_critics", "policy", "critic", "beta"):
            if name in one:
                np.testing.assert_array_equal(one[name][0], everyone[name][seed], err_msg=f"{name} of {seed}")


def test_members_of_the_early_stop_stop_at_different_minibatches():
    """Otherwise the test above would not have met the case it is about."""
    run = train(replace(ON_POLICY[0], **PPO_OPTIONS[0]), "Pendulum-v1", 192, 8, **SHORT)
    assert (np.ptp(run.metrics["optimiser_steps"], axis=0) > 0).any()


# Resume


@pytest.mark.parametrize("own", [True, False], ids=["own", "gymnasium"])
@pytest.mark.parametrize("algorithm", ALL, ids=name_of)
def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(algorithm, own, tmp_path):
    """peers 5.42: buffer, optimisers, random streams, environments and statistics all go on."""
    if hasattr(algorithm, "normalise_observation"):
        algorithm = replace(algorithm, normalise_observation=True)
    env = "Pendulum-v1" if own else lambda: gymnasium.make("Pendulum-v1")
    whole = train(algorithm, env, 256, 2, **SHORT)

    def half(training):
        if training.steps >= 96:
            training.stop()

    first = train(algorithm, env, 256, 2, folder=tmp_path, callbacks=[half], **SHORT)
    assert first.status == "stopped" and first.checkpoint["steps"] == 96
    second = train(algorithm, env, 256, 2, resume=tmp_path, folder=tmp_path, **SHORT)
    assert second.status == "finished"
    assert_same_run(second, whole)
    np.testing.assert_array_equal(second.metrics["steps"], whole.metrics["steps"])
    np.testing.assert_array_equal(second.metrics["episode_return"], whole.metrics["episode_return"])


# Callbacks


def test_a_callback_stops_the_run_and_a_replaced_algorithm_applies_at_once():
    frozen, steps = [], []

    def quieter(training):
        steps.append(training.steps)
        if training.steps == 25:
            training.algorithm = replace(training.algorithm, actor_lr=0.0, critic_lr=0.0, tau=0.0)
            frozen.append(weights(training.agent.nets.state()))
        if training.steps == 40:
            training.stop()

    run = train(OFF_POLICY[1], "Pendulum-v1", 100, callbacks=[quieter], **SHORT)
    assert run.status == "stopped" and steps == list(range(1, 41))
    for name in ("actor", "critics", "target_actor", "target_critics"):
        np.testing.assert_array_equal(weights(run)[name], frozen[0][name], err_msg=name)


def test_an_exception_in_a_callback_is_raised_and_the_run_says_why(tmp_path):
    runs = []

    def broken(training):
        runs.append(training.run)
        if training.steps == 70:
            raise KeyError("my mistake")

    with pytest.raises(KeyError, match="my mistake"):
        train(OFF_POLICY[0], "Pendulum-v1", 100, folder=tmp_path, callbacks=[broken], **SHORT)
    assert runs[0].status == "failed" and "my mistake" in runs[0].reason
    loaded = Run.load(tmp_path)
    assert loaded.status == "failed" and list(loaded.curve.steps) == [0, 64]


@pytest.mark.parametrize(
    ("algorithm", "field", "size"),
    [(DDPG(**REPLAY), "target", 4), (TD3(**REPLAY), "target", 5), (ON_POLICY[1], "solver", 3)],
    ids=["DDPG", "TD3", "TRPO"],
)
def test_a_plugged_in_equation_is_used_and_its_exceptions_come_out(algorithm, field, size):
    calls = []

    def plugged(*args):
        calls.append(len(args))
        return getattr(type(algorithm), field)(*args)

    same = train(replace(algorithm, **{field: plugged}), "Pendulum-v1", 40, **SHORT)
    assert calls and set(calls) == {size}
    assert_same_run(same, train(algorithm, "Pendulum-v1", 40, **SHORT))

    def broken(*args):
        raise NotImplementedError("write your answer here")

    with pytest.raises(NotImplementedError, match="write your answer"):
        train(replace(algorithm, **{field: broken}), "Pendulum-v1", 40, **SHORT)
