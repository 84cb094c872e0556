"""What every algorithm that discovery finds must do, whichever it is.

All of a seed is the same alone, among others and resumed: critics, targets, penalties and Adam too. A batch
that is given twice has one gradient. A plugged-in equation is used.
"""

from dataclasses import fields, replace

import gymnasium
import numpy as np
import pytest
import torch

from rlcourse.agents import OffPolicyAgent, OnPolicyAgent, Rollout, Spaces
from rlcourse.algorithms import discover
from rlcourse.algorithms.opdac import OPDAC
from rlcourse.algorithms.reinforce import REINFORCE
from rlcourse.algorithms.td3 import TD3
from rlcourse.equations.baselines import mean_baseline, optimal_baseline
from rlcourse.equations.returns import discounted_from_start, whole_returns
from rlcourse.parts.memory import Batch
from rlcourse.parts.networks import Network
from rlcourse.parts.randomness import INITIALISE, LEARN, Streams
from rlcourse.training import Run, train

SMALL = {
    "hidden": (8,), "warmup": 20, "batch_size": 8, "capacity": 60, "num_envs": 2, "horizon": 16,
    "minibatch_size": 12, "epochs": 3, "critic_epochs": 2, "workers": 2, "lag": 1, "critic_steps": 2,
}  # fmt: skip


def small(kind, **options):
    """An algorithm with the small numbers for those fields that it has."""
    names = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in (SMALL | options).items() if name in names})


ALL = [small(kind) for kind in discover().values()]
OFF_POLICY = [a for a in ALL if issubclass(a.agent, OffPolicyAgent)]
ON_POLICY = [a for a in ALL if issubclass(a.agent, OnPolicyAgent)]
WITH_GRADIENTS = [a for a in ALL if type(a).__name__ not in ("CEM", "CMAES")]
PPO, TRPO = (small(discover()[name]) for name in ("ppo", "trpo"))
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


NORMALISED = replace(OFF_POLICY[1], num_envs=1, updates=2, normalise_observation=True)
EIGHT = [(algorithm, "Pendulum-v1") for algorithm in [*ALL, NORMALISED]] + [
    (a, "CartPole-v1") for a in ALL if a.agent.discrete and not isinstance(a, OPDAC)
]
PPO_OPTIONS = [
    {"stop_kl": 0.002, "learning_rate": 0.01},
    {"objective": "adaptive_kl"},
    {"value_clip": 0.2},
    {"normalise_observation": True, "entropy_bonus": 0.01, "anneal": True},
    {"normalise_reward": False, "clip_reward": 5.0, "clip_observation": None, "activation": "relu"},
]
REINFORCE_OPTIONS = [
    {"baseline": mean_baseline, "weights": whole_returns},
    {"baseline": optimal_baseline, "weights": discounted_from_start},
    {"critic_steps": 3},
]
EIGHT += [(small(REINFORCE, **options), "CartPole-v1") for options in REINFORCE_OPTIONS]
EIGHT += [(small(OPDAC, compatible=True), "rlcourse/Regulator-v0")]
VINE = {"branches": 3, "branch_states": 5, "branch_steps": 4}
EIGHT += [(replace(TRPO, **VINE), env) for env in ("Pendulum-v1", "CartPole-v1")]
EIGHT += [(replace(PPO, **options), "Pendulum-v1") for options in [*PPO_OPTIONS, {"num_envs": 1}]]


@pytest.mark.parametrize(
    ("algorithm", "env"), EIGHT, ids=[f"{name_of(a)}-{e}-{i}" for i, (a, e) in enumerate(EIGHT)]
)
def test_eight_seeds_at_once_are_eight_runs_alone_bit_for_bit(algorithm, env):
    together = train(algorithm, env, 192, 8, **SHORT)
    for seed in (0, 3, 7):
        alone = train(algorithm, env, 192, [seed], **SHORT)
        np.testing.assert_array_equal(alone.curve.returns[0], together.curve.returns[seed])
        everyone, one = weights(together), weights(alone)
        for name in (
            "actor", "critics", "target_actor", "target_critics", "policy", "policy.centre", "critic", "beta",
        ):  # fmt: skip
            if name in one:
                np.testing.assert_array_equal(one[name][0], everyone[name][seed], err_msg=f"{name} of {seed}")


def test_members_of_the_early_stop_stop_at_different_minibatches():
    """Otherwise the test above would not have met the case it is about."""
    run = train(replace(PPO, **PPO_OPTIONS[0]), "Pendulum-v1", 192, 8, **SHORT)
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


@pytest.mark.parametrize("algorithm", WITH_GRADIENTS, ids=name_of)
def test_a_batch_given_twice_has_the_gradient_of_one(algorithm):
    """peers 4.23: losses are means over the batch, not sums."""
    options = {
        "policy_delay": 1,
        "target_noise": 0.0,
        "minibatch_size": 10**6,
        "epochs": 1,
        "critic_epochs": 1,
    }
    options |= {"fisher_fraction": 1.0, "max_grad_norm": None, "normalise_advantage": False}
    algorithm, g = small(type(algorithm), **options), torch.Generator().manual_seed(0)
    if issubclass(algorithm.agent, OffPolicyAgent):
        shapes = ((2, 8, 3), (2, 8, 2), (2, 8), (2, 8), (2, 8, 3))
        batch, axis = Batch(*(torch.randn(shape, generator=g).clamp(-1, 1) for shape in shapes)), 1
    else:
        shapes = ((5, 2, 4, 3), (5, 2, 4, 2), (5, 2, 4), (5, 2, 4), (5, 2, 4), (5, 2, 4, 3))
        batch, axis = [torch.randn(shape, generator=g) for shape in shapes], 2
        batch = Rollout(*batch[:3], 0 * batch[3], 0 * batch[4], batch[5])
    gradients = []
    for times in (1, 2):
        nets = algorithm.networks(Spaces(3, 2, False), Streams(range(2), INITIALISE))
        twice = type(batch)(*(torch.cat([x] * times, dim=axis) for x in batch if x is not None))
        algorithm.update(nets, twice, Streams(range(2), LEARN))
        networks = {name: part for name, part in vars(nets).items() if isinstance(part, Network)}
        gradients.append({name: network.grad.clone() for name, network in networks.items()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, rtol=1e-3, atol=1e-5, msg=name)


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

    run = train(replace(OFF_POLICY[1], num_envs=1), "Pendulum-v1", 100, callbacks=[quieter], **SHORT)
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
    [(small(discover()["ddpg"]), "target", 4), (small(TD3), "target", 5), (TRPO, "solver", 3)],
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
