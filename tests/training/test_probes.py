"""Probes: asked when they should be, of every seed, and the training does not notice."""

import numpy as np
import pytest
import torch

from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.td3 import TD3
from rlcourse.parts.worlds import Pendulum, SystemVectorEnv
from rlcourse.training import train
from rlcourse.training.probes import q_of_own_action, train_and_probe

SMALL = {"warmup": 30, "hidden": (16, 16), "batch_size": 32, "capacity": 150}


class NoisyPendulum(Pendulum):
    """The pendulum, and a number of chance added to each reward."""

    chance = 1

    def step(self, state, action, uniform):
        state, reward, terminated = super().step(state, action)
        return state, reward + uniform[:, 0], terminated


def noisy_pendulum(num_envs):
    return SystemVectorEnv(NoisyPendulum(), num_envs, max_episode_steps=50)


def rewards_remembered(training):
    memory, seeds = training.agent.memory, len(training.run.seeds)
    return memory.rows.view(seeds, memory.capacity, -1)[:, :20, 4].numpy().copy()  # a row is s, a, r, end, s′


def test_a_probe_is_asked_every_so_many_steps_and_its_rows_are_seeds():
    probed = train_and_probe(
        TD3(**SMALL), "Pendulum-v1", 100, [4, 8], lambda t: np.full((2, 3), t.steps), every=40
    )
    assert probed.steps.tolist() == [40, 80]
    assert probed.found.shape == (2, 3, 2)
    assert (probed.found == [40, 80]).all()
    assert probed.training.steps == 100


def test_probing_leaves_the_training_as_it_was():
    asked = train_and_probe(
        TD3(**SMALL), "Pendulum-v1", 80, 2, lambda t: q_of_own_action(t, torch.ones(2, 1, 3)), every=10
    )
    alone = train(TD3(**SMALL), "Pendulum-v1", 80, 2)
    assert torch.equal(asked.training.run.agent(1).network.flat, alone.agent(1).network.flat)


@pytest.mark.parametrize("algorithm", [DDPG(**SMALL), TD3(**SMALL)])
def test_seeds_together_are_the_seeds_alone_in_a_world_of_chance(algorithm):
    """The rewards too: eight seeds in one run replicate the world's own dice, not only the agents'."""
    seeds = [3, 1, 4, 15, 9, 2, 6, 5]
    together = train_and_probe(algorithm, noisy_pendulum, 60, seeds, rewards_remembered, every=60)
    assert len(np.unique(together.found)) == together.found.size
    for row, seed in ((0, 3), (4, 9)):
        alone = train_and_probe(algorithm, noisy_pendulum, 60, [seed], rewards_remembered, every=60)
        np.testing.assert_array_equal(alone.found[0], together.found[row])
        weights = [p.training.run.agent(seed).network.flat for p in (alone, together)]
        assert torch.equal(*weights)


def test_of_twins_the_first_critic_is_asked():
    probed = train_and_probe(TD3(**SMALL), "Pendulum-v1", 60, 2, lambda t: np.zeros(2), every=60)
    nets, obs = probed.training.agent.nets, torch.ones(2, 5, 3)
    with torch.no_grad():
        twins = nets.critics(obs, nets.actor(obs))
    np.testing.assert_array_equal(q_of_own_action(probed.training, obs), twins[:, 0].numpy())


def test_a_run_too_short_to_be_asked_says_so():
    with pytest.raises(ValueError, match="every 200 steps never comes in 100"):
        train_and_probe(TD3(**SMALL), "Pendulum-v1", 100, 1, lambda t: np.zeros(1), every=200)
