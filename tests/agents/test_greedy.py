"""Greedy in values of actions: ε falls as it should, replay keeps the action, the argmax is chosen."""

from dataclasses import replace

import numpy as np
import pytest

from rlcourse.map.dqn import DQN
from tests.agents.scripts import BOX, CHOICE, Script

SMALL = DQN(warmup=10, hidden=(8,), batch_size=4, capacity=2000, epsilon=0.1, exploration=0.5)


def acted(algorithm, steps, progress):
    stepper = Script()
    agent = algorithm.agent(algorithm, CHOICE, range(stepper.S))
    for _ in range(steps):
        agent.nets.progress = progress
        agent.advance(algorithm, stepper)
    return agent, stepper


def test_epsilon_falls_from_1_in_a_straight_line_over_its_share_of_the_training_and_then_stays():
    agent, _ = acted(SMALL, 11, 0.0)
    found = []
    for agent.nets.progress in (0.0, 0.25, 0.5, 1.0):
        found.append(agent.epsilon(SMALL))
    assert found == pytest.approx([1.0, 0.55, 0.1, 0.1])
    agent.steps = 5
    assert agent.epsilon(SMALL) == 1.0, "the warm-up is random"


def test_replay_keeps_which_action_was_taken_with_its_true_successor():
    agent, stepper = acted(SMALL, 30, 1.0)
    rows = agent.memory.rows.view(2, 2000, -1).numpy()[:, :30]
    np.testing.assert_array_equal(rows[..., 3], np.stack(stepper.actions, 1))
    assert rows[0, :, 4].tolist() == list(range(30)) and rows[0, :, 6].tolist() == list(range(1, 31))
    assert rows.shape[-1] == 3 + 1 + 2 + 3


def test_without_epsilon_every_action_is_the_argmax_and_with_it_a_share_is_any():
    """The share of random actions is ε: of 4 × 300, within 4 standard deviations."""
    frozen = replace(SMALL, epsilon=0.0, warmup=300, batch_size=4)
    agent, stepper = acted(frozen, 300, 1.0)
    warm = np.bincount(np.stack(stepper.actions).ravel(), minlength=4)
    assert (abs(warm - 150) < 4 * np.sqrt(600 * 0.25 * 0.75)).all(), "all of them in the warm-up, alike"
    obs = stepper.obs
    for epsilon, low, high in ((0.0, 1.0, 1.0), (0.4, 0.7 - 0.05, 0.7 + 0.05)):
        best = agent.nets.critics.mode(obs[:, None]).ravel()
        agent.nets.progress = 1.0
        agent.steps = 301
        taken = np.stack([agent._explore(replace(frozen, epsilon=epsilon), obs) for _ in range(1200)])
        assert low <= (taken == best).mean() <= high, "1 − ε + ε/4"


def test_rounds_of_learning_come_every_so_many_steps_and_hold_so_many_updates():
    algorithm = replace(SMALL, warmup=10, learn_every=7, updates=3)
    agent, _ = acted(algorithm, 13, 1.0)
    assert agent.nets.critic_optimiser.t.tolist() == [0, 0], "10 steps of warm-up; step 14 is the next"
    agent, _ = acted(algorithm, 21, 1.0)
    assert agent.nets.critic_optimiser.t.tolist() == [6, 6], "after steps 14 and 21, three each"
    plain, _ = acted(replace(SMALL, warmup=10), 21, 1.0)
    assert plain.nets.critic_optimiser.t.tolist() == [11, 11], "by default after each"


def test_continuous_actions_are_refused_in_one_line_and_ddpg_refuses_discrete_ones():
    with pytest.raises(ValueError, match="DQN needs discrete actions.*use TD3 or DDPG"):
        SMALL.agent(SMALL, BOX, [0])


def test_its_policy_is_the_greedy_one_of_a_snapshot():
    agent, stepper = acted(SMALL, 20, 1.0)
    policy = agent.policy()
    chosen = policy.act(np.ones((2, 5, 3), np.float32))
    assert chosen.shape == (2, 5) and chosen.dtype.kind == "i"
    agent.nets.critics.flat.zero_()
    np.testing.assert_array_equal(policy.act(np.ones((2, 5, 3), np.float32)), chosen)
