"""The course's own methods reach the best return of their tiny tasks; untrained policies do not."""

import numpy as np
import pytest

from rlcourse.map import Loop, discover
from rlcourse.map.own_methods import METHODS as OWN
from rlcourse.training import learn

METHODS = OWN | {name: discover()[name] for name in ("cem", "cmaes")}


def test_every_box_of_policies_and_imitation_has_the_courses_own_methods():
    found = discover()
    assert set(METHODS) <= set(found) and all(isinstance(METHODS[name].learn, Loop) for name in METHODS)
    names = {found[name].name for name in found if found[name].box.startswith("policy")}
    assert names >= {"REINFORCE", "A2C", "NPG", "TRPO", "PPO-KL", "PPO-Clip", "OPDAC", "DDPG", "TD3"}
    assert names >= {"CEM", "CMA-ES"}


@pytest.mark.learning
@pytest.mark.parametrize("name", METHODS)
def test_it_learns_in_every_seed_and_its_untrained_policy_fails_the_oracle(name):
    done = learn(METHODS[name], seeds=[101, 202, 303])
    assert all(claim.holds().all() for claim in done.claims()), done.point.measure
    assert done.curve.steps[0] == 0
    before = done.point._replace(measure=done.curve.returns[:, 0])
    assert not any(claim.holds().any() for claim in METHODS[name].oracle(before))
    assert np.ptp(done.point.measure) >= 0 and done.policy.members == 3
