"""A population acts with as many policies as it has candidates."""

import numpy as np
import torch

from rlcourse.agents import Population, Rollout, Spaces, episode_returns
from rlcourse.parts.networks import StochasticPolicy
from rlcourse.parts.randomness import INITIALISE, Streams


def population(discrete=False):
    centre = StochasticPolicy(Spaces(3, 2, discrete), (4,), Streams(range(2), INITIALISE))
    found = Population(centre, 5)
    found.candidates.copy_(torch.randn(2, 5, centre.count, generator=torch.Generator().manual_seed(0)))
    return found


def test_candidate_n_acts_in_environment_n():
    obs = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    for discrete in (False, True):
        crowd = population(discrete)
        action = crowd.sample(obs, None)
        one = crowd.copy()
        for n in range(5):
            one.flat.copy_(crowd.candidates[:, n])
            np.testing.assert_allclose(action[:, n], one.mode(obs[:, n : n + 1])[:, 0], rtol=1e-6)


def test_what_a_member_learns_is_learnt_by_the_population():
    crowd = population()
    crowd.member(1).candidates.zero_()
    assert (crowd.candidates[1] == 0).all() and (crowd.candidates[0] != 0).any()
    assert (crowd.sample(np.ones((2, 5, 3), np.float32), None)[1] == 0).all()


def test_returns_are_sums_up_to_each_end_death_or_time_limit():
    column = torch.tensor
    reward, died = column([1.0, 2, 3, 4, 5]), column([0.0, 1, 0, 0, 0])
    late = column([0.0, 0, 1, 0, 1])
    shaped = [x[:, None, None] for x in (reward, died, late)]
    rollout = Rollout(None, None, shaped[0], shaped[1], shaped[2], None)
    assert episode_returns(rollout, 3).tolist() == [3.0, 3.0, 9.0]
