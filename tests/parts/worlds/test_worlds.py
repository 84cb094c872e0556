"""The course's own systems, beside Gymnasium's and beside mathematics."""

import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
import scipy.linalg
import scipy.signal
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from rlcourse.commands.test import fuse
from rlcourse.equations import markov
from rlcourse.parts.worlds import (
    CartPole,
    DoubleIntegrator,
    Pendulum,
    Regulator,
    StayOrLeave,
    SystemEnv,
    SystemVectorEnv,
)

IDS = ["Pendulum-v1", "CartPole-v1"]


def sync(name, num_envs):
    """Gymnasium's own environments, one after the other."""
    mode = {"autoreset_mode": AutoresetMode.SAME_STEP}
    return gymnasium.make_vec(name, num_envs=num_envs, vectorization_mode="sync", vector_kwargs=mode)


def random_actions(env, rng, beyond=1.5):
    """Actions of the raw environment; continuous ones leave the Box at times."""
    if isinstance(env.single_action_space, gymnasium.spaces.Discrete):
        return rng.integers(0, env.single_action_space.n, env.num_envs)
    high = beyond * env.single_action_space.high
    return rng.uniform(-high, high, env.action_space.shape).astype(np.float32)


@pytest.mark.parametrize("name", IDS)
def test_twin_equals_gymnasium_through_thousands_of_steps_and_every_reset(name):
    own, theirs, rng = (
        gymnasium.make_vec(f"rlcourse/{name}", num_envs=6),
        sync(name, 6),
        np.random.default_rng(0),
    )
    np.testing.assert_array_equal(own.reset(seed=11)[0], theirs.reset(seed=11)[0])
    ended = 0
    for _ in range(1500):  # 9000 transitions
        actions = random_actions(own, rng)
        (obs, reward, terminated, truncated, info), expected = own.step(actions), theirs.step(actions)
        np.testing.assert_array_equal(obs, expected[0])
        np.testing.assert_allclose(reward, expected[1], rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(terminated, expected[2])
        np.testing.assert_array_equal(truncated, expected[3])
        for i in np.flatnonzero(terminated | truncated):
            np.testing.assert_array_equal(info["final_obs"][i], expected[4]["final_obs"][i])
            ended += 1
    assert ended >= 42


def test_cartpole_twin_equals_gymnasium_at_the_time_limit():
    own, theirs = gymnasium.make_vec("rlcourse/CartPole-v1", num_envs=1), sync("CartPole-v1", 1)
    obs, _ = own.reset(seed=3)
    theirs.reset(seed=3)
    for step in range(1, 501):  # a linear controller that balances
        action = (obs @ np.array([0.1, 0.3, 1.0, 0.7]) > 0).astype(int)
        (obs, _, terminated, truncated, info), expected = own.step(action), theirs.step(action)
        np.testing.assert_array_equal(obs, expected[0])
        assert (terminated[0], truncated[0]) == (expected[2][0], expected[3][0]) == (False, step == 500)
    np.testing.assert_array_equal(info["final_obs"][0], expected[4]["final_obs"][0])


@pytest.mark.parametrize(
    "system, name, spread",
    [(Pendulum(), "Pendulum-v1", [20.0, 8.0]), (CartPole(), "CartPole-v1", [2.6, 5.0, 0.25, 5.0])],
)
def test_one_step_from_any_state_equals_gymnasium(system, name, spread):
    rng, single = np.random.default_rng(1), gymnasium.make(name).unwrapped
    single.reset(seed=0)
    state = rng.uniform(-1, 1, (2000, len(spread))) * spread
    env = SystemVectorEnv(system, 2000)
    actions = random_actions(env, rng)
    new, reward, terminated = system.step(state, actions)
    for i in range(len(state)):
        single.state, single.steps_beyond_terminated = state[i], None
        obs, expected_reward, expected_terminated, _, _ = single.step(actions[i])
        np.testing.assert_array_equal(new[i], single.state)
        np.testing.assert_array_equal(system.observe(new[i : i + 1])[0], obs)
        np.testing.assert_allclose(reward[i], expected_reward, rtol=1e-9, atol=1e-9)
        assert terminated[i] == expected_terminated
    if name == "CartPole-v1":
        assert 0 < terminated.sum() < 2000  # both sides of the thresholds were met


@pytest.mark.parametrize("name", IDS)
def test_twin_declares_the_spaces_and_the_time_limit_of_gymnasium(name):
    own, theirs = gymnasium.make_vec(f"rlcourse/{name}", num_envs=3), sync(name, 3)
    assert own.single_action_space == theirs.single_action_space
    assert own.single_observation_space == theirs.single_observation_space
    assert own.action_space == theirs.action_space
    assert own.observation_space == theirs.observation_space
    assert own.max_episode_steps == gymnasium.spec(name).max_episode_steps
    assert own.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP


@pytest.mark.parametrize("name", [*IDS, "DoubleIntegrator-v0", "Regulator-v0", "StayOrLeave-v0"])
def test_single_environment_passes_gymnasiums_checker_and_moves_like_the_vectorised_one(name):
    single, many = gymnasium.make(f"rlcourse/{name}"), gymnasium.make_vec(f"rlcourse/{name}", num_envs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it advises normalised actions and bounded observations
        check_env(single.unwrapped, skip_render_check=True)
    obs, _ = single.reset(seed=4)
    np.testing.assert_array_equal(many.reset(seed=4)[0][0], obs)
    rng = np.random.default_rng(2)
    for _ in range(300):
        action = random_actions(many, rng)
        obs, reward, terminated, truncated, _ = single.step(action[0])
        batch = many.step(action)
        final = batch[4]["final_obs"] if terminated or truncated else batch[0]
        np.testing.assert_array_equal(final[0], obs)
        assert (batch[1][0], batch[2][0], batch[3][0]) == (reward, terminated, truncated)
        if terminated or truncated:
            break
    assert terminated or truncated


def test_double_integrator_is_the_exact_solution_under_a_held_force():
    system, rng = DoubleIntegrator(), np.random.default_rng(5)
    continuous = (np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([[0.0], [1.0]]), np.eye(2), np.zeros((2, 1)))
    a, b, *_ = scipy.signal.cont2discrete(continuous, system.dt, method="zoh")
    state, action = rng.normal(size=(50, 2)), rng.uniform(-1, 1, (50, 1))
    new, reward, terminated = system.step(state, action)
    np.testing.assert_allclose(new, state @ a.T + action @ b.T, atol=1e-14)
    np.testing.assert_allclose(reward, -(state**2 @ [1, 0.1] + 0.1 * action[:, 0] ** 2), atol=1e-14)
    assert not terminated.any()


def test_double_integrator_costs_what_the_riccati_equation_says():
    """Small starts keep the best force inside [−1, 1], where the problem is linear-quadratic: cost sᵀPs."""
    dt = DoubleIntegrator().dt
    a, b = np.array([[1.0, dt], [0.0, 1.0]]), np.array([[dt**2 / 2], [dt]])
    q, r = np.diag([1.0, 0.1]), np.array([[0.1]])
    p = scipy.linalg.solve_discrete_are(a, b, q, r)
    gain = np.linalg.solve(r + b.T @ p @ b, b.T @ p @ a)
    env = SystemVectorEnv(DoubleIntegrator(), 20)
    env.reset(seed=0)
    start = env.state = np.random.default_rng(6).uniform(-0.2, 0.2, (20, 2))
    total = np.zeros(20)
    for _ in range(400):
        action = -env.state @ gain.T
        assert (np.abs(action) <= 1).all()
        total += env.step(action)[1]
    np.testing.assert_allclose(-total, np.einsum("ei,ij,ej->e", start, p, start), rtol=1e-9)


def test_double_integrator_starts_at_rest_away_from_the_goal_on_both_sides():
    env = SystemVectorEnv(DoubleIntegrator(), 4000)
    env.reset(seed=0)
    x, v = env.state.T
    assert (np.abs(x) >= 1).all()
    assert (np.abs(x) <= 2).all()
    assert (v == 0).all()
    assert abs((x > 0).mean() - 0.5) < 4 * 0.5 / np.sqrt(4000)
    np.testing.assert_allclose(np.quantile(np.abs(x), [0.25, 0.5, 0.75]), [1.25, 1.5, 1.75], atol=0.05)


def test_the_regulator_is_the_double_integrator_with_a_stronger_motor():
    """Steps, rewards and starts, wherever the double integrator's force is within its bounds."""
    weak, strong, rng = DoubleIntegrator(), Regulator(), np.random.default_rng(3)
    state, action = rng.normal(size=(40, 2)), rng.uniform(-1, 1, (40, 1))
    for one, other in zip(weak.step(state, action), strong.step(state, action), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
    starts = strong.start(rng.random((20_000, 2)))
    assert (np.abs(starts[:, 0]) >= 1).all() and (np.abs(starts[:, 0]) <= 2).all() and not starts[:, 1].any()
    np.testing.assert_allclose(starts.T @ starts / 20_000, strong.problem(0.9).start, atol=0.06)
    assert abs((starts[:, 0] > 0).mean() - 0.5) < 4 * 0.5 / np.sqrt(20_000)
    pushed = strong.step(np.zeros((1, 2)), np.array([[99.0]]))[0]
    np.testing.assert_allclose(pushed, [[0.05, 1.0]])  # the motor's limit is 10 N


def test_the_regulators_problem_says_what_its_episodes_cost():
    """Discounted cost of a linear controller, played from one start, is xᵀPx; of the actor's weights too."""
    world, gamma, weight = Regulator(), 0.95, np.array([[-0.15], [-0.2]])
    K = world.gain(weight)
    np.testing.assert_allclose(K, [[1.5, 2.0]])
    env = SystemVectorEnv(world, 10)
    env.reset(seed=0)
    start, total = env.state.copy(), np.zeros(10)
    for t in range(400):
        a = env.state @ weight
        total += gamma**t * env.step(world.max_force * a)[1]
    P = world.problem(gamma).value_matrix(K)
    np.testing.assert_allclose(-total, np.einsum("ei,ij,ej->e", start, P, start), rtol=1e-6)


def test_stay_or_leave_is_played_as_its_process_says():
    """Frequencies of starts, every transition and reward; and η of a policy from many discounted episodes."""
    world, gamma, rng = StayOrLeave(), 0.9, np.random.default_rng(0)
    process = world.problem(gamma)
    for s in (0, 1):
        for a in (0, 1):
            new, reward, ended = world.step(np.array([[float(s)]]), np.array([a]))
            assert process.transition[s, a, int(new[0, 0])] == 1 and reward[0] == process.reward[s, a]
            assert not ended[0]
    env = SystemVectorEnv(world, 20_000)
    obs, _ = env.reset(seed=0)
    assert abs(obs[:, 0].mean() - 0.8) < 4 * 0.4 / np.sqrt(20_000)
    policy, total = np.array([[0.7, 0.3], [0.2, 0.8]]), np.zeros(20_000)
    for t in range(99):
        action = (rng.random(20_000) > obs @ policy[:, 0]).astype(int)
        obs, reward, *_ = env.step(action)
        total += gamma**t * reward
    error = total.std() / np.sqrt(20_000)
    assert abs(total.mean() - markov.expected_return(process, policy)) < 4 * error


def test_constants_are_fields_so_that_the_moon_is_one_argument_away():
    moon = gymnasium.make_vec("rlcourse/Pendulum-v1", num_envs=2, system=Pendulum(g=1.62))
    theirs = gymnasium.make("Pendulum-v1", g=1.62)
    moon.reset(seed=8)
    obs, _ = theirs.reset(seed=8)
    action = np.array([[0.7], [0.7]], np.float32)
    np.testing.assert_array_equal(moon.step(action)[0][0], theirs.step(action[0])[0])


def test_state_is_exposed_in_physical_units_and_can_be_set():
    env = gymnasium.make_vec("rlcourse/Pendulum-v1", num_envs=2)
    env.reset(seed=0)
    assert env.unwrapped.state.shape == (2, len(env.unwrapped.system.state_names))
    # Upright and hanging, at rest: both equilibria.
    env.unwrapped.state = np.array([[0.0, 0.0], [np.pi, 0.0]])
    obs, reward, *_ = env.step(np.zeros((2, 1), np.float32))
    np.testing.assert_allclose(obs, [[1, 0, 0], [-1, 0, 0]], atol=1e-6)
    np.testing.assert_allclose(reward, [0, -(np.pi**2)], atol=1e-12)


def test_reset_with_a_seed_list_gives_each_copy_its_own_stream():
    env = SystemVectorEnv(CartPole(), 3, max_episode_steps=5)
    one, _ = env.reset(seed=[7, 8, 7])
    np.testing.assert_array_equal(one[0], one[2])
    assert (one[0] != one[1]).all()
    two, _ = env.reset()
    assert (one != two).all()


def test_reset_refuses_what_it_cannot_honour():
    env = SystemVectorEnv(CartPole(), 3)
    with pytest.raises(ValueError, match="2 seeds for 3 environments"):
        env.reset(seed=[1, 2])
    with pytest.raises(ValueError, match="no options here"):
        env.reset(options={"low": 0})


def test_registration_needs_no_torch_and_happens_once():
    code = (
        "import sys, warnings; warnings.simplefilter('error')\n"
        "import gymnasium, importlib\n"
        "import rlcourse.parts.worlds as c; importlib.reload(c)\n"
        "gymnasium.make_vec('rlcourse/DoubleIntegrator-v0', num_envs=2).reset(seed=0)\n"
        "gymnasium.make_vec('rlcourse.parts.worlds:rlcourse/CartPole-v1', num_envs=2).reset(seed=0)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=fuse(12))


class Chance:
    """r ~ U[0, 1) whatever is done, handed to the step; the state never changes."""

    chance = 1
    state_names = ("nothing",)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)
    observation_space = gymnasium.spaces.Box(0.0, 1.0, (1,), np.float32)

    def start(self, uniform):
        return np.zeros((len(uniform), 1))

    def step(self, state, action, uniform):
        return state, uniform[:, 0], np.zeros(len(state), bool)

    def observe(self, state):
        return np.ones((len(state), 1), np.float32)


def rewards_of_chance(seed, num_envs=1, steps=7):
    env = SystemVectorEnv(Chance(), num_envs, max_episode_steps=3)
    env.reset(seed=seed)
    return np.stack([env.step(np.zeros((num_envs, 1), np.float32))[1] for _ in range(steps)])


def test_what_a_step_draws_comes_from_the_stream_of_its_own_copy():
    together = rewards_of_chance([5, 9, 2], 3)
    for column, seed in enumerate((5, 9, 2)):
        np.testing.assert_array_equal(together[:, column], rewards_of_chance([seed])[:, 0])
    assert len(np.unique(together)) == together.size, "no two copies and no two steps share a reward"


def test_a_single_environment_draws_the_rewards_of_the_vectorised_one():
    env = SystemEnv(Chance())
    env.reset(seed=5)
    alone = [env.step(np.zeros(1, np.float32))[1] for _ in range(3)]  # the clock restarts the other after 3
    np.testing.assert_array_equal(alone, rewards_of_chance([5], steps=3)[:, 0])


def test_a_restored_world_of_chance_goes_on_with_the_same_rewards():
    env, action = SystemVectorEnv(Chance(), 2), np.zeros((2, 1), np.float32)
    env.reset(seed=3)
    env.step(action)
    kept = env.snapshot()
    first = env.step(action)[1]
    env.restore(kept)
    np.testing.assert_array_equal(env.step(action)[1], first)
