"""CEM and CMA-ES: one generation by hand, and a search that can be taken up again."""

import numpy as np
import pytest
import torch

from rlcourse.agents import Rollout, Spaces
from rlcourse.algorithms.cem import CEM
from rlcourse.algorithms.cmaes import CMAES, Search
from rlcourse.parts.randomness import LEARN, Streams
from tests.algorithms.batches import nets_of


def generation(returns):
    """Episodes of one step that earned `returns`, end to end."""
    reward = torch.tensor(returns)[:, None, None]
    return Rollout(None, None, reward, torch.ones_like(reward), torch.zeros_like(reward), None)


def test_a_generation_of_cem_is_the_mean_and_variance_of_its_elite():
    algorithm = CEM(num_envs=8, elite=0.25, std=0.5, noise=0.3, noise_generations=4, hidden=(4,))
    nets = nets_of(algorithm, Spaces(3, 2, False), S=1)
    returns = [1.0, 7.0, 2.0, 3.0, 9.0, 0.0, -4.0, 5.0]
    before = nets.policy.candidates[0].numpy().copy()
    for t in range(2):
        elite = nets.policy.candidates[0].numpy()[[4, 1]].copy()
        found = algorithm.update(nets, generation(returns), Streams([3], LEARN))
        np.testing.assert_allclose(nets.policy.centre.flat[0], elite.mean(axis=0), rtol=1e-5, atol=1e-6)
        variance = elite.var(axis=0) + 0.3 * (1 - t / 4)
        np.testing.assert_allclose(nets.std[0], np.sqrt(variance), rtol=1e-5)
        assert found["elite_return"] == 8.0 and found["population_return"] == np.mean(returns)
    assert not np.isclose(before, nets.policy.candidates[0]).any()


def test_the_added_variance_fades_and_is_then_none():
    algorithm = CEM(num_envs=4, elite=0.5, noise=1.0, noise_generations=3, hidden=(2,))
    nets = nets_of(algorithm, Spaces(3, 2, False), S=1)
    least = []
    for _ in range(5):
        nets.policy.candidates.zero_()  # an elite without variance
        algorithm.update(nets, generation([0.0, 1.0, 2.0, 3.0]), Streams([0], LEARN))
        least.append(float(nets.std.max()) ** 2)
    np.testing.assert_allclose(least, [1, 2 / 3, 1 / 3, 0, 0], atol=1e-6)


def test_cmaes_asks_and_tells_the_library_and_maximises():
    cma = pytest.importorskip("cma", reason="NOT CHECKED: the library cma is not installed")
    rng = np.random.default_rng(5)
    options = {"popsize": 6, "seed": np.nan, "verbose": -9, "randn": lambda *n: rng.standard_normal(n)}
    plain, ours = cma.CMAEvolutionStrategy(np.ones(3), 0.5, options), Search(torch.ones(3), 0.5, 6, 5)
    for _ in range(20):
        asked = plain.ask()
        np.testing.assert_allclose(ours.asked(), asked, rtol=1e-6)
        cost = [float(x @ x) for x in asked]
        plain.tell(asked, cost)
        ours.tell(-np.array(cost))
    assert np.linalg.norm(ours.strategy.mean) < 0.1, "returns −‖x‖² are highest at 0"


def test_a_search_that_is_restored_goes_on_as_if_never_interrupted():
    pytest.importorskip("cma", reason="NOT CHECKED: the library cma is not installed")
    algorithm = CMAES(num_envs=6, hidden=(2,))
    nets = nets_of(algorithm, Spaces(3, 2, False), S=1)
    for _ in range(3):
        algorithm.update(nets, generation(np.arange(6.0).tolist()), None)
    kept = nets.state()
    fresh = nets_of(algorithm, Spaces(3, 2, False), S=1)
    fresh.restore(kept)
    for each in (nets, fresh):
        algorithm.update(each, generation([3.0, 1, 4, 1, 5, 9]), None)
    assert torch.equal(nets.policy.candidates, fresh.policy.candidates)
    assert torch.equal(nets.policy.centre.flat, fresh.policy.centre.flat)
