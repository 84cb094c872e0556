"""What practitioners ask of a trainer: an evaluation of one's own, the best policy, several environments."""

import dataclasses
import itertools
import warnings
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from gymnasium.wrappers import TimeLimit

from rlcourse import checkpoints
from rlcourse.algorithms.cem import CEM
from rlcourse.algorithms.cloning import Cloning
from rlcourse.algorithms.cmaes import CMAES
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.npg import NPG
from rlcourse.algorithms.opdac import OPDAC
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.reinforce import REINFORCE
from rlcourse.algorithms.td3 import TD3
from rlcourse.algorithms.trpo import TRPO
from rlcourse.map.iqn import IQN
from rlcourse.parts import room
from rlcourse.parts.memory import ReplayBuffer
from rlcourse.training import Run, evaluate, train, watch

TINY = TD3(warmup=5, capacity=400, batch_size=8, hidden=(8,))
BATCH = PPO(num_envs=2, horizon=16, hidden=(8,))
ONE = {"evaluation_episodes": 1}
QUICK = {**ONE, "evaluate_every": 10**6}  # at the start and at the end


class Counted(gymnasium.Env):
    """Reward `pay` a step, for `length` steps."""

    observation_space, action_space = Box(-1, 1, (1,), np.float32), Box(-1, 1, (1,), np.float32)

    def __init__(self, length=5, pay=1.0, **spaces):
        self.length, self.pay = length, pay
        self.__dict__.update(spaces)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return np.zeros(self.observation_space.shape, np.float32), {}

    def step(self, action):
        self.t += 1
        return np.zeros(self.observation_space.shape, np.float32), self.pay, self.t >= self.length, False, {}


def limited(**options):
    return TimeLimit(Counted(**options), 99)


# --------------------------------------------------------- evaluation and the best


def test_evaluations_may_be_played_elsewhere():
    run = train(TINY, limited, 20, 2, evaluation_env=lambda: limited(pay=7.0), **QUICK)
    assert run.curve.returns.tolist() == [[35.0] * len(run.curve.steps)] * 2
    run = train(TINY, "Pendulum-v1", 20, evaluation_env="rlcourse/Pendulum-v1", **QUICK)
    assert run.status == "finished"


def test_elsewhere_must_have_the_same_spaces():
    wider = lambda: limited(observation_space=Box(-1, 1, (2,), np.float32))  # noqa: E731
    with pytest.raises(ValueError, match="evaluation has 2 numbers observed .*, training 1 .*must be alike"):
        train(TINY, limited, 20, evaluation_env=wider, **QUICK)
    with pytest.raises(ValueError, match="both must be alike"):
        train(BATCH, limited, 20, evaluation_env=lambda: limited(action_space=Discrete(1)), **QUICK)


def test_the_policy_of_the_highest_point_of_each_seed_is_kept(tmp_path):
    snapshots = []
    run = train(
        dataclasses.replace(TINY, actor_lr=0.02), "Pendulum-v1", 60, 3, evaluate_every=10, folder=tmp_path,
        callbacks=[lambda training: snapshots.append((training.steps, training.policy()))], **ONE,
    )  # fmt: skip
    at = dict(snapshots)
    highest = run.curve.returns.argmax(1)
    assert len(set(highest.tolist())) > 1 or highest[0] < 6, "the case needs a best that is not the last"
    for seed, point in enumerate(highest):
        step = int(run.curve.steps[point])
        if step:
            assert torch.equal(run.best.network.flat[seed], at[step].network.flat[seed])
            assert torch.equal(run.agent(seed, best=True).network.flat[0], at[step].network.flat[seed])
    assert torch.equal(Run.load(tmp_path).best.network.flat, run.best.network.flat)


def test_a_resumed_run_still_knows_its_best(tmp_path):
    algorithm = dataclasses.replace(TINY, actor_lr=0.02)
    whole = train(algorithm, "Pendulum-v1", 60, 3, evaluate_every=10, **ONE)
    train(algorithm, "Pendulum-v1", 30, 3, evaluate_every=10, folder=tmp_path, **ONE)
    resumed = train(algorithm, "Pendulum-v1", 60, 3, evaluate_every=10, resume=tmp_path, **ONE)
    assert torch.equal(resumed.best.network.flat, whole.best.network.flat)


def test_the_best_of_normalised_observations_has_the_statistics_of_its_time():
    algorithm = PPO(num_envs=2, horizon=16, hidden=(8,), normalise_observation=True, learning_rate=0.05)
    kept = {}
    run = train(
        algorithm, "Pendulum-v1", 256, 3, evaluate_every=32,
        callbacks=[lambda training: kept.update({training.steps: training.policy()})], **ONE,
    )  # fmt: skip
    for seed, point in enumerate(run.curve.returns.argmax(1)):
        if point:
            then = kept[int(run.curve.steps[point])].moments
            assert torch.equal(run.best.moments.mean[seed], then.mean[seed])


# ---------------------------------------------------------- what is made with what


def test_an_environment_is_made_with_the_keywords_that_are_given():
    moon = train(TINY, "Pendulum-v1", 20, env_kwargs={"g": 0.0}, **QUICK)
    earth = train(TINY, "Pendulum-v1", 20, **QUICK)
    assert moon.env == "Pendulum-v1(g=0.0)"
    assert moon.curve.returns[0, 0] != earth.curve.returns[0, 0]
    other = train(TINY, lambda g=10.0: gymnasium.make("Pendulum-v1", g=g), 20, env_kwargs={"g": 0.0}, **QUICK)
    np.testing.assert_array_equal(other.curve.returns, moon.curve.returns)


def test_a_run_made_with_other_keywords_is_not_continued(tmp_path):
    train(TINY, "Pendulum-v1", 10, env_kwargs={"g": 9.0}, folder=tmp_path, **QUICK)
    with pytest.raises(checkpoints.CheckpointError, match=r"its env is Pendulum-v1\(g=9.0\)"):
        train(TINY, "Pendulum-v1", 20, env_kwargs={"g": 8.0}, resume=tmp_path, **QUICK)


# ------------------------------------ several environments, updates, normalisation


@pytest.mark.parametrize("kind", [TD3, DDPG])
def test_steps_of_all_environments_count_and_each_step_is_followed_by_so_many_updates(kind):
    seen, made = [], kind(warmup=10, capacity=400, batch_size=8, hidden=(8,), num_envs=4, updates=3)

    class Counting(kind):
        def update(self, nets, batch, rng):
            seen.append(batch.obs.shape)
            return super().update(nets, batch, rng)

    counting = Counting(**{field.name: getattr(made, field.name) for field in dataclasses.fields(made)})
    steps = []
    run = train(counting, limited, 40, 2, callbacks=[lambda t: steps.append(t.steps)], **QUICK)
    assert steps == list(range(4, 41, 4))
    assert len(seen) == 3 * 8  # after 12, 16, … 40 steps
    assert seen[0] == (2, 8, 1)
    assert run.curve.steps[-1] == 40


def test_a_learner_of_normalised_observations_sees_them_at_one_scale_and_keeps_them_as_they_were():
    class Far(Counted):
        observation_space = Box(-2000, 2000, (1,), np.float32)

        def reset(self, **options):
            return super().reset(**options)[0] + 1000, {}

        def step(self, action):
            return super().step(action)[0] + 1000 + self.np_random.normal(size=1).astype(np.float32), 1.0, self.t >= 9, False, {}  # noqa: E501  # fmt: skip

    met, kept = [], []

    class Watched(TD3):
        def update(self, nets, batch, rng):
            met.append(batch.obs)
            return super().update(nets, batch, rng)

    algorithm = Watched(warmup=60, capacity=400, batch_size=64, hidden=(8,), normalise_observation=True)
    far = lambda: TimeLimit(Far(), 99)  # noqa: E731
    run = train(algorithm, far, 100, 2, callbacks=[kept.append], **QUICK)
    assert abs(float(met[-1].mean())) < 0.5 and 0.5 < float(met[-1].std()) < 2
    rows = kept[-1].agent.memory.rows[:100, 0]
    assert 990 < float(rows.min()) < float(rows.max()) < 1010
    moments = kept[-1].agent.moments
    np.testing.assert_allclose(moments.mean[0, 0], rows[:100].double().mean(), rtol=1e-6)
    one = run.agent(0)
    raw = one.network.mode((np.array([[[1000.0]]], np.float32) - one.moments.mean.numpy()) / np.sqrt(one.moments.var.numpy() + 1e-8))  # noqa: E501  # fmt: skip
    np.testing.assert_allclose(one.act(np.array([1000.0])), raw[0, 0], rtol=1e-4)


# ------------------------------------------------------ checkpoints without replay


def test_a_checkpoint_without_replay_is_small_and_goes_on_once_its_memory_is_as_full_as_a_warm_up(tmp_path):
    learnt = []

    class Noted(TD3):
        def update(self, nets, batch, rng):
            learnt.append(1)
            return super().update(nets, batch, rng)

    algorithm = Noted(warmup=20, capacity=4000, batch_size=8, hidden=(8,))
    train(algorithm, "Pendulum-v1", 60, folder=tmp_path / "with", **QUICK)
    train(algorithm, "Pendulum-v1", 60, folder=tmp_path / "less", keep_replay=False, **QUICK)
    sizes = [(tmp_path / name / checkpoints.NAME).stat().st_size for name in ("with", "less")]
    assert sizes[0] - sizes[1] > 60 * 9 * 4 - 200
    learnt.clear()
    with pytest.warns(UserWarning, match="kept no replay: it acts for 20 steps"):
        train(algorithm, "Pendulum-v1", 100, resume=tmp_path / "less", **QUICK)
    assert len(learnt) == 20
    learnt.clear()
    train(algorithm, "Pendulum-v1", 100, resume=tmp_path / "with", **QUICK)
    assert len(learnt) == 40


def test_a_run_without_replay_is_loaded_in_silence(tmp_path):
    run = train(TINY, limited, 20, folder=tmp_path, keep_replay=False, **QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.equal(Run.load(tmp_path).policy.network.flat, run.policy.network.flat)


# --------------------------------------------- what is said before training begins


@pytest.mark.parametrize("algorithm", [TD3(hidden=(8,)), DDPG(hidden=(8,))])
def test_a_run_that_ends_in_its_warm_up_is_told_so(algorithm):
    with pytest.warns(UserWarning, match="100 steps are no more than the warm-up of 500: nothing is learnt"):
        train(algorithm, limited, 100, **QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(dataclasses.replace(algorithm, warmup=99), limited, 100, **QUICK)
        train(algorithm, limited, 0, **QUICK)


def test_a_memory_larger_than_the_machine_is_refused_before_it_is_filled(monkeypatch):
    with pytest.raises(ValueError, match=r"1,000,000,000,000 transitions .* GB of memory are free"):
        train(TD3(capacity=10**12, hidden=(8,)), limited, 600, **QUICK)
    monkeypatch.setattr(room, "free_memory", lambda: 4 * 100 * (3 + 1 + 2 + 3))
    ReplayBuffer(100, 1, 3, 1)
    with pytest.raises(ValueError, match="101 transitions for 1 seeds needs"):
        ReplayBuffer(101, 1, 3, 1)


def test_networks_larger_than_the_machine_get_one_line():
    with pytest.raises(ValueError, match=r"network of 1 × 10,000,000 × 10,000,000 × 1 .* needs 800,000.3 GB"):
        train(TD3(hidden=(10**7, 10**7)), limited, 10, **QUICK)


class Huge:
    """A training that no machine holds or that would not end, and the words of its answer."""

    HOW_MANY = (
        (PPO(num_envs=10**12), {}, "a set of 1,000,000,000,000 environments needs 1,000,000.0 GB"),
        (PPO(num_envs=10**400), {}, "environments needs"),
        (PPO(), {"evaluation_episodes": 10**12}, "a set of 1,000,000,000,000 environments .* episodes of an"),
        (PPO(), {"seeds": 10**9}, "train: seeds must be at most 100,000, got 1000000000"),
        (PPO(), {"seeds": range(10**9)}, r"train: seeds must be at most 100,000, got range"),
        (PPO(), {"seeds": itertools.count()}, "train: seeds must be at most 100,000, got count"),
        (
            PPO(horizon=10**12),
            {},
            "PPO: a batch of 1,000,000,000,000 × 8 steps for 1 seeds needs 320,000.0 GB",
        ),
        (TRPO(branches=10**12), {}, "TRPO: a vine of 64 × 1,000,000,000,000 branches for 1 seeds needs"),
        (
            Cloning(horizon=10**12),
            {},
            "Cloning: a round of 1,000,000,000,000 × 1 steps for 1 seeds needs 40,",
        ),
        (PPO(epochs=10**9), {}, r"epochs must be a whole number in \[1, 100000\], got 1000000000"),
        (TD3(updates=10**9), {}, r"updates must be a whole number in \[1, 100000\]"),
        (NPG(critic_epochs=10**9), {}, r"critic_epochs must be a whole number in \[0, 100000\]"),
        (OPDAC(critic_steps=10**9), {}, r"critic_steps must be a whole number in \[0, 100000\]"),
        (TRPO(branches=2, branch_steps=10**9), {}, r"branch_steps must be a whole number in \[1, 100000\]"),
        (IQN(quantiles=10**9), {}, r"quantiles must be a whole number in \[1, 100000\]"),
    )


@pytest.mark.parametrize(("algorithm", "options", "words"), Huge.HOW_MANY, ids=lambda value: str(value)[:40])
def test_what_no_machine_holds_or_waits_for_is_refused_in_one_line_before_it_is_begun(
    algorithm, options, words
):
    with pytest.raises(ValueError, match=words) as error:
        train(algorithm, "Pendulum-v1", 10, **{"evaluation_episodes": 1, **options})
    assert "\n" not in str(error.value) and len(str(error.value)) < 1000


def test_memory_that_the_system_refuses_while_training_is_one_line_too():
    class Greedy(PPO):
        def update(self, nets, rollout, rng):
            np.empty((2**62,), np.uint8)

    with pytest.raises(ValueError, match="Greedy does not fit into memory") as error:
        train(Greedy(num_envs=1, horizon=8, hidden=(8,)), limited, 10, **QUICK)
    assert "\n" not in str(error.value)


def test_a_container_may_still_fill_what_its_limit_leaves_and_its_files_give_way(monkeypatch, tmp_path):
    """free = limit − used + what it has read of files; never more than the machine has."""
    monkeypatch.setattr(room, "CONTAINER", tmp_path)
    monkeypatch.setattr(room.psutil, "virtual_memory", lambda: SimpleNamespace(available=10_000))
    assert room.free_memory() == 10_000
    (tmp_path / "memory.current").write_text("900")
    (tmp_path / "memory.stat").write_text("anon 500\ninactive_file 100\nactive_file 200\n")
    for limit, free in (("1000", 400), ("max", 10_000), ("50000", 10_000)):
        (tmp_path / "memory.max").write_text(limit)
        assert room.free_memory() == free


class Refused:
    """What `train` is not given, and the words of its answer."""

    OPTIONS = (
        ({"evaluate_every": 0}, "evaluate_every must be a whole number ≥ 1, got 0"),
        ({"evaluate_every": "5"}, "evaluate_every must be a whole number ≥ 1, got '5'"),
        ({"evaluation_episodes": 2.5}, "evaluation_episodes must be a whole number ≥ 1, got 2.5"),
        ({"log_every": True}, "log_every must be a whole number ≥ 1, got True"),
        ({"longest_episode": 0}, "longest_episode must be a whole number ≥ 1, got 0"),
        ({"steps": "9"}, "steps must be a whole number ≥ 0, got '9'"),
        ({"steps": float("inf")}, "steps must be a whole number ≥ 0, got inf"),
        ({"steps": float("nan")}, "steps must be a whole number ≥ 0, got nan"),
        ({"steps": True}, "steps must be a whole number ≥ 0, got True"),
        ({"seeds": np.array(3)}, r"got array\(3\)"),
        ({"seeds": np.random.SeedSequence(3)}, "got SeedSequence"),
        ({"folder": "~/run"}, "'~/run' is no home folder here"),
        ({"folder": __file__ + "/run"}, "cannot be made"),
        ({"folder": "x" * 300}, "cannot be made"),
        ({"seeds": 2.0}, "seeds must be a count ≥ 1, .* got 2.0"),
        ({"seeds": "12"}, "got '12'"),
        ({"seeds": True}, "got True"),
        ({"seeds": [0.5]}, r"got \[0.5\]"),
        ({"seeds": [2**63]}, "from 0 to 2⁶³ − 1"),
        ({"seeds": [1, 1]}, r"different integers .* got \[1, 1\]"),
        ({"callbacks": 3}, r"callbacks must be functions of the training, got 3"),
        ({"folder": 3}, "folder must be the path of a folder, got 3"),
        ({"folder": b"run"}, "folder must be the path of a folder, got b'run'"),
        ({"folder": ""}, "folder must be the path of a folder, got ''"),
        ({"folder": "a\0b"}, "folder must be the path of a folder"),
        ({"resume": 3.5}, "resume must be the path of a folder, got 3.5"),
        ({"keep_replay": "no"}, "keep_replay must be True or False, got 'no'"),
        ({"callbacks": [3]}, r"callbacks must be functions of the training, got \[3\]"),
    )


@pytest.mark.parametrize(("options", "words"), Refused.OPTIONS, ids=lambda value: str(value)[:40])
def test_options_that_cannot_be_are_named_with_their_value(options, words):
    with pytest.raises(ValueError, match=words) as error:
        train(**{"algorithm": TINY, "env": limited, "steps": 10, **options})
    assert "\n" not in str(error.value)


def test_numbers_may_be_whole_ones_of_any_kind_and_a_single_callback_a_function():
    calls = []
    run = train(
        TINY,
        limited,
        1e1,
        np.int64(2),
        callbacks=calls.append,
        evaluate_every=5.0,
        longest_episode=np.int32(9),
    )
    assert run.curve.steps.tolist() == [0, 5, 10] and len(calls) == 10
    assert train(TINY, limited, 9, range(2), callbacks=None).seeds == [0, 1]


@pytest.mark.parametrize("options", [{"episodes": 2.5}, {"longest_episode": 0}, {"longest_episode": "x"}])
def test_evaluate_refuses_what_it_cannot_count(options):
    with pytest.raises(ValueError, match="must be a whole number ≥ 1"):
        evaluate(train(TINY, limited, 0), limited, **options)


@pytest.mark.parametrize("seed", [1.5, -1, "a", None, True, [1]])
def test_evaluate_and_watch_refuse_what_is_no_seed(seed):
    run = train(TINY, limited, 0)
    for play in (evaluate, watch):
        with pytest.raises(ValueError, match=rf"{play.__name__}: seed must be an integer ≥ 0, got ") as error:
            play(run, limited, seed=seed)
        assert repr(seed) in str(error.value)


def test_a_seed_may_be_an_integer_of_numpys():
    run = train(TINY, limited, 0)
    assert evaluate(run, limited, 2, np.int64(3)).tolist() == evaluate(run, limited, 2, 3).tolist()
    assert watch(run, limited, np.uint8(3), render_mode=None) == watch(run, limited, 3, render_mode=None)


@pytest.mark.parametrize("agent", [None, "agent", lambda obs: obs])
def test_evaluate_says_what_an_agent_is(agent):
    with pytest.raises(TypeError, match=r"evaluate: the agent must be a Run, run.agent\(seed\), or have act"):
        evaluate(agent, limited)


class Answers:
    """An agent that answers the same whatever it sees."""

    def __init__(self, answer):
        self.answer = answer

    def act(self, obs):
        return self.answer


@pytest.mark.parametrize("answer", [None, 0.0, [[0.0]], ["a", "b"], np.zeros((2, 1), complex)])
def test_evaluate_says_what_a_policy_should_have_answered(answer):
    with pytest.raises(ValueError, match=r"act\(obs \[2, \d\]\) must return an action of each, got") as error:
        evaluate(Answers(answer), limited, 2)
    assert "\n" not in str(error.value)


@pytest.mark.filterwarnings("error")
def test_the_answers_may_be_lists_and_tensors():
    wanted = evaluate(Answers(np.zeros((2, 1))), limited, 2).tolist()
    for answer in ([[0], [0.0]], torch.zeros((2, 1), requires_grad=True)):
        assert evaluate(Answers(answer), limited, 2).tolist() == wanted


def test_a_callback_that_puts_something_else_in_the_algorithms_place_is_told():
    with pytest.raises(ValueError, match="algorithm must be an instance of one, as TD3"):
        train(TINY, limited, 10, callbacks=lambda training: setattr(training, "algorithm", None))


# --------------------------------------------------------- episodes that never end


def endless(**options):
    return Counted(10**9, **options)


EPISODIC = [
    REINFORCE(num_envs=2, hidden=(8,)), CEM(num_envs=4, hidden=(4,)), CMAES(num_envs=4, hidden=(4,)),
    OPDAC(num_envs=2, hidden=(8,), critic_hidden=(8,)),
]  # fmt: skip


@pytest.mark.parametrize("algorithm", EPISODIC, ids=lambda algorithm: type(algorithm).__name__)
@pytest.mark.parametrize("many", [False, True])
def test_methods_that_play_whole_episodes_cut_those_without_end(algorithm, many):
    if many:
        vector = gymnasium.vector.SyncVectorEnv
        env = lambda num_envs: vector([endless] * num_envs, autoreset_mode="NextStep")  # noqa: E731
    else:
        env = endless
    with pytest.warns(
        UserWarning, match=r"Counted: \d of \d episodes of a batch had not ended after 20 steps"
    ):
        run = train(algorithm, env, 200, 2, longest_episode=20, log_every=50, **QUICK)
    assert run.status == "finished"
    assert np.nanmax(run.metrics["episode_length"]) == np.nanmax(run.metrics["episode_return"]) == 20


def test_a_cut_episode_of_a_seed_does_not_touch_its_neighbours():
    """Each seed alone is the seed among others, though only some environments are cut."""

    class Coin(Counted):
        def step(self, action):
            *rest, _, truncated, info = super().step(action)
            return rest[0], float(self.np_random.random()), self.np_random.random() < 0.05, truncated, info

    algorithm, options = EPISODIC[0], {"longest_episode": 15, "log_every": 32, **QUICK}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        together = train(algorithm, Coin, 256, 3, **options)
        alone = train(algorithm, Coin, 256, [2], **options)
    assert torch.equal(together.policy.network.flat[2], alone.policy.network.flat[0])
    np.testing.assert_array_equal(together.metrics["episode_return"][2], alone.metrics["episode_return"][0])


def test_imitation_goes_on_where_no_episode_ends():
    teacher = lambda obs, dice: np.zeros((*obs.shape[:-1], 1), np.float32)  # noqa: E731
    with pytest.warns(UserWarning, match="evaluation episodes had not ended after 9 steps"):
        run = train(Cloning(expert=teacher, horizon=20, hidden=(8,)), endless, 40, longest_episode=9, **QUICK)
    assert run.status == "finished" and run.metadata["episodes_cut"] > 0


# ----------------------------------------------------------- rewards that are rare


def test_the_first_reward_after_many_steps_without_one_is_not_a_hundred():
    class Rare(Counted):
        action_space = Discrete(2)
        calls = 0

        def step(self, action):
            Rare.calls += 1
            *rest, truncated, info = super().step(action)
            return rest[0], float(Rare.calls == 60_00), rest[2], truncated, info

    met = []

    class Watched(PPO):
        def update(self, nets, rollout, rng):
            met.append(float(rollout.reward.max()))
            return super().update(nets, rollout, rng)

    algorithm = Watched(num_envs=1, horizon=500, hidden=(8,), epochs=1)
    train(algorithm, lambda: TimeLimit(Rare(length=50), 99), 6500, evaluate_every=10**6, **ONE)
    assert max(met) == 10.0
