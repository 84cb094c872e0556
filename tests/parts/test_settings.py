"""Settings: each field within its range, of whatever algorithm; and as JSON, whoever made the numbers."""

import dataclasses
import json
import math
from fractions import Fraction

import numpy as np
import pytest

from rlcourse.algorithms import discover
from rlcourse.algorithms.cem import CEM
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.npg import NPG
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.td3 import TD3
from rlcourse.algorithms.trpo import TRPO
from rlcourse.parts.noise import GaussianNoise, OUNoise
from rlcourse.parts.settings import RANGE_OF, at_progress, check_settings, from_json, plain_numbers
from rlcourse.training import Run, train

EVERY = discover()

WRONG = [
    (PPO(objective="klip"), "PPO: objective must be 'clip' or 'kl' or 'adaptive_kl', got 'klip'"),
    (PPO(gamma=1.5), "PPO: gamma must be a number in [0, 1], got 1.5"),
    (TD3(gamma=-0.1), "TD3: gamma must be a number in [0, 1], got -0.1"),
    (TD3(actor_lr=-1e-3), "TD3: actor_lr must be a number in (0, ∞), got -0.001"),
    (PPO(learning_rate=0), "PPO: learning_rate must be a number in (0, ∞), got 0"),
    (PPO(learning_rate=math.nan), "PPO: learning_rate must be a number in (0, ∞), got nan"),
    (PPO(learning_rate="1e-3"), "PPO: learning_rate must be a number in (0, ∞), got '1e-3'"),
    (PPO(clip=-0.2), "PPO: clip must be a number in (0, ∞], got -0.2"),
    (TD3(tau=5), "TD3: tau must be a number in (0, 1], got 5"),
    (TD3(tau=0), "TD3: tau must be a number in (0, 1], got 0"),
    (TRPO(max_kl=-1), "TRPO: max_kl must be a number in (0, ∞), got -1"),
    (PPO(horizon=0), "PPO: horizon must be a whole number in [1, ∞), got 0"),
    (PPO(horizon=2.5), "PPO: horizon must be a whole number in [1, ∞), got 2.5"),
    (PPO(num_envs=True), "PPO: num_envs must be a whole number in [1, ∞), got True"),
    (PPO(hidden=64), "PPO: hidden must be a tuple of whole numbers in [1, ∞), as (64, 64), got 64"),
    (DDPG(hidden=(8, 0)), "DDPG: hidden must be a tuple of whole numbers in [1, ∞), as (64, 64), got (8, 0)"),
    (TD3(policy_delay=0), "TD3: policy_delay must be a whole number in [1, ∞), got 0"),
    (TD3(noise=0.1), "TD3: noise must be OUNoise(…) or GaussianNoise(…), got 0.1"),
    (TD3(noise=GaussianNoise), f"TD3: noise must be OUNoise(…) or GaussianNoise(…), got {GaussianNoise!r}"),
    (TD3(noise=GaussianNoise(-1)), "GaussianNoise: sigma must be a number in [0, ∞), got -1"),
    (DDPG(noise=OUNoise(dt=0)), "OUNoise: dt must be a number in (0, ∞), got 0"),
    (PPO(anneal="no"), "PPO: anneal must be True or False, got 'no'"),
    (PPO(activation="gelu"), "PPO: activation must be 'tanh' or 'relu', got 'gelu'"),
    (PPO(log_std=math.inf), "PPO: log_std must be a number in (-∞, ∞), got inf"),
    (NPG(learning_rate=-1.0), "NPG: learning_rate must be a number in (0, ∞), got -1.0"),
    (CEM(elite=0), "CEM: elite must be a number in (0, 1], got 0"),
    (TRPO(critic_fit="lbfgs"), "TRPO: critic_fit must be a function, got 'lbfgs'"),
    (PPO(gamma=None), "PPO: gamma must be a number in [0, 1], got None"),
]  # fmt: skip


@pytest.mark.parametrize(("algorithm", "message"), WRONG, ids=lambda x: x if isinstance(x, str) else "")
def test_a_setting_out_of_its_range_is_named_with_value_and_range_before_anything_is_made(algorithm, message):
    def never():
        raise AssertionError("an environment was made")

    with pytest.raises(ValueError) as error:
        train(algorithm, never, 100)
    assert str(error.value) == message


@pytest.mark.parametrize("kind", EVERY.values(), ids=EVERY.keys())
def test_every_algorithm_passes_as_it_is_and_each_number_of_it_has_a_range(kind):
    check_settings(kind())
    for field in dataclasses.fields(kind):
        value = getattr(kind(), field.name)
        if type(value) in (int, float) and field.name != "log_std":
            assert field.name in RANGE_OF, field.name
            for wrong in (-1, math.nan, "1"):
                with pytest.raises(ValueError, match=field.name):
                    check_settings(dataclasses.replace(kind(), **{field.name: wrong}))


@pytest.mark.parametrize(
    "algorithm",
    [
        PPO(gamma=1, lam=0, clip=math.inf, stop_kl=0, max_grad_norm=None, hidden=[8, 8], beta=0),
        PPO(gamma=np.float32(0.5), horizon=np.int64(3), hidden=(np.int32(4),), anneal=np.bool_(True)),
        TD3(tau=1, warmup=0, target_noise=0, noise_clip=0, hidden=()),
        NPG(learning_rate=None),
    ],
)
def test_the_ends_of_a_range_and_numbers_of_numpy_are_fine(algorithm):
    check_settings(algorithm)


def test_a_setting_that_a_callback_replaces_is_checked_too():
    def wrong(training):
        training.algorithm = dataclasses.replace(training.algorithm, gamma=1.5)

    with pytest.raises(ValueError, match=r"gamma must be a number in \[0, 1\]"):
        train(TD3(warmup=5), "Pendulum-v1", 20, callbacks=[wrong], evaluation_episodes=1)


def test_fields_of_ones_own_and_annotations_of_any_form_are_let_be():
    @dataclasses.dataclass(frozen=True)
    class Mine(PPO):
        drift: float = -3.0
        words: "a word" = "any"  # noqa: F722

    check_settings(Mine())
    with pytest.raises(ValueError, match="Mine: gamma must be"):
        check_settings(Mine(gamma=2))


# ------------------------------------------------------------------------------- learning rates that change


@pytest.mark.parametrize("kind", [k for k in EVERY.values() if k.__name__ not in ("CEM", "CMAES")])
def test_a_constant_function_is_the_number(kind):
    small = {"num_envs": 2, "horizon": 16, "hidden": (8,), "warmup": 8, "minibatch_size": 16, "workers": 2}
    names = {field.name for field in dataclasses.fields(kind)}
    small = {name: value for name, value in small.items() if name in names}
    rates = {n: 1e-3 for n in ("learning_rate", "actor_lr", "critic_lr") if n in names}
    one, other = (
        train(kind(**small, **r), "Pendulum-v1", 64, 2, evaluation_episodes=1, evaluate_every=32)
        for r in (rates, {name: (lambda progress, rate=rate: rate) for name, rate in rates.items()})
    )
    assert (one.policy.network.flat == other.policy.network.flat).all()
    assert one.curve.returns.tolist() == other.curve.returns.tolist()


def test_a_falling_learning_rate_is_annealing():
    batch = {"num_envs": 2, "horizon": 32, "hidden": (8,), "minibatch_size": 16}
    falling = PPO(**batch, learning_rate=lambda progress: 1e-3 * (1 - progress))
    one, other = (train(a, "Pendulum-v1", 256, 2) for a in (falling, PPO(**batch, anneal=True)))
    assert (one.policy.network.flat == other.policy.network.flat).all()


def test_the_function_gets_the_progress():
    seen = []
    algorithm = TD3(warmup=0, actor_lr=lambda progress: seen.append(progress) or 1e-3)
    train(algorithm, "Pendulum-v1", 4, evaluation_episodes=1)
    assert seen == [0.0, 0.0, 0.25, 0.5, 0.75]  # once before all


@pytest.mark.parametrize("rate", [lambda: 1e-3, lambda progress: "much", lambda progress: -1.0])
def test_a_function_that_gives_no_learning_rate_is_refused_before_training(rate):
    with pytest.raises(ValueError, match="learning_rate must be a number > 0, or a function of the progress"):
        train(PPO(learning_rate=rate), "Pendulum-v1", 10)


def test_one_that_turns_negative_says_when():
    with pytest.raises(
        ValueError, match=r"PPO: learning_rate\(0.75\) must be a number in \[0, ∞\), got -0.25"
    ):
        at_progress(PPO(learning_rate=lambda progress: 0.5 - progress), 0.75)


# ----------------------------------------------------------------------------------------------------- JSON


def test_numbers_of_numpy_go_into_the_run_folder_and_come_back(tmp_path):
    algorithm = PPO(
        num_envs=np.int64(2), horizon=np.int32(16), gamma=np.float32(0.5), hidden=(np.int64(8),),
        normalise_reward=np.bool_(False), learning_rate=np.float64(1e-3),
    )  # fmt: skip
    how = {"evaluation_episodes": np.int64(1), "evaluate_every": np.int64(16), "log_every": np.int64(16)}
    train(algorithm, "Pendulum-v1", np.int64(32), np.array([3, 4]), folder=tmp_path, **how)
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["settings"]["num_envs"] == 2
    loaded = Run.load(tmp_path)
    assert loaded.algorithm == algorithm
    assert loaded.seeds == [3, 4]
    more = train(algorithm, "Pendulum-v1", 64, np.arange(3, 5), resume=tmp_path, folder=tmp_path, **how)
    assert more.status == "finished"


def test_so_do_those_of_a_noise(tmp_path):
    noise = OUNoise(theta=np.float64(0.5), sigma=np.float64(0.25))
    algorithm = TD3(noise=noise, capacity=np.int64(50), batch_size=8, warmup=np.int64(5))
    train(algorithm, "Pendulum-v1", 20, folder=tmp_path, evaluation_episodes=1)
    assert Run.load(tmp_path).algorithm == algorithm


FRACTIONS = {
    PPO: {
        "gamma": "1/2", "learning_rate": "1/1024", "clip": "1/4", "stop_kl": "1/2", "max_grad_norm": "1/2",
        "log_std": "-1/2", "clip_observation": "3", "entropy_bonus": "1/128", "beta": "1/2", "lam": "1",
    },
    TRPO: {"max_kl": "1/64", "damping": "1/8", "shrink": "1/2", "fisher_fraction": "1/2", "log_std": "1/4"},
    TD3: {"tau": "1/128", "target_noise": "1/4", "noise_clip": "1/2", "actor_lr": "1/1024", "gamma": "1/2"},
}  # fmt: skip


@pytest.mark.parametrize("kind", FRACTIONS)
def test_a_fraction_is_the_number_that_it_is_in_training_and_in_the_run_folder(kind, tmp_path):
    small = {"warmup": 5, "capacity": 50, "batch_size": 8} if kind is TD3 else {"num_envs": 2, "horizon": 8}
    settings = {name: Fraction(value) for name, value in FRACTIONS[kind].items()}
    algorithm = kind(**settings, **small, hidden=(4,))
    plain = kind(**{name: float(value) for name, value in settings.items()}, **small, hidden=(4,))
    runs = [
        train(one, "Pendulum-v1", 16, folder=tmp_path / str(i), evaluation_episodes=1, longest_episode=200)
        for i, one in enumerate((algorithm, plain))
    ]
    assert runs[0].curve.returns.tolist() == runs[1].curve.returns.tolist()
    assert Run.load(tmp_path / "0").algorithm == plain
    assert all(type(getattr(runs[0].algorithm, name)) is float for name in settings)


def test_numbers_that_are_pythons_own_stay_the_algorithm_itself():
    for algorithm in (PPO(hidden=[8]), TD3(), TRPO(max_kl=0.01), DDPG(noise=OUNoise())):
        assert plain_numbers(algorithm) is algorithm
    plain = plain_numbers(
        TD3(noise=GaussianNoise(Fraction(1, 4)), tau=np.longdouble(0.5), batch_size=np.int8(3))
    )
    assert (plain.noise.sigma, plain.tau, plain.batch_size) == (0.25, 0.5, 3)
    assert [type(x) for x in (plain.noise.sigma, plain.tau, plain.batch_size)] == [float, float, int]


def test_a_fraction_that_a_callback_sets_is_a_number_at_once():
    algorithm, seen = PPO(num_envs=2, horizon=8, hidden=(4,)), []

    def change(training):
        seen.append(training.algorithm.gamma)
        training.algorithm = dataclasses.replace(training.algorithm, gamma=Fraction(1, 2))

    assert train(algorithm, "Pendulum-v1", 32, callbacks=[change], evaluation_episodes=1).status == "finished"
    assert seen == [0.98, 0.5]


def test_a_learning_rate_that_was_a_function_is_loaded_as_the_default(tmp_path):
    algorithm = PPO(num_envs=2, horizon=16, learning_rate=lambda progress: 0.1)
    train(algorithm, "Pendulum-v1", 32, folder=tmp_path, evaluation_episodes=1)
    assert Run.load(tmp_path).algorithm.learning_rate == PPO().learning_rate
    assert train(algorithm, "Pendulum-v1", 64, resume=tmp_path, folder=tmp_path).status == "finished"


def test_a_field_that_an_older_run_did_not_have_takes_its_default():
    text = {"module": "rlcourse.algorithms.ppo", "algorithm": "PPO", "settings": {"gamma": 0.5, "gone": 1}}
    assert from_json(text) == PPO(gamma=0.5)
