"""Bugs in what an action is said to be worth: γ, λ, deaths and time limits."""

import torch

from rlcourse.algorithms.a2c import A2C
from rlcourse.algorithms.ppo import PPO
from rlcourse.equations.returns import gae
from rlcourse.museum.exhibit import Exhibit

SMALL = PPO(hidden=(32, 32))
ALWAYS, NEVER = torch.ones(6, dtype=torch.float64), torch.zeros(6, dtype=torch.float64)
LAST = torch.tensor([0, 0, 1, 0, 0, 1], dtype=torch.float64)  # two episodes of three steps


def time_limit_is_death(reward, value, next_value, terminated, truncated, gamma, lam):
    return gae(reward, value, next_value, terminated + truncated, truncated, gamma, lam)


def death_ignored(reward, value, next_value, terminated, truncated, gamma, lam):
    return gae(reward, value, next_value, 0 * terminated, terminated + truncated, gamma, lam)


def leak(reward, value, next_value, terminated, truncated, gamma, lam):
    delta = reward + gamma * (1 - terminated) * next_value - value
    return gae(delta, 0 * value, 0 * value, 0 * terminated, 0 * truncated, gamma, lam)


def reset_observation(reward, value, next_value, terminated, truncated, gamma, lam):
    following = torch.cat([value[1:], next_value[-1:]])
    return gae(reward, value, following, terminated, truncated, gamma, lam)


def forwards(reward, value, next_value, terminated, truncated, gamma, lam):
    delta = reward + gamma * (1 - terminated) * next_value - value
    return gae(delta.flip(0), 0 * value, 0 * value, terminated.flip(0), truncated.flip(0), gamma, lam).flip(0)


def late_reward(reward, value, next_value, terminated, truncated, gamma, lam):
    shifted = torch.cat([0 * reward[:1], reward[:-1]])
    return gae(shifted, value, next_value, terminated, truncated, gamma, lam)


def value_forgotten(reward, value, next_value, terminated, truncated, gamma, lam):
    return gae(reward, value, next_value, terminated, truncated, gamma, lam) + value


def an_endless_task_is_worth_its_sum(advantage):
    """Reward 1 for ever, cut by a time limit: with V = 1/(1 − γ) nothing is better or worse than expected."""
    values = ALWAYS / (1 - 0.9)
    found = advantage(ALWAYS, values, values, NEVER, LAST, 0.9, 0.95)
    assert torch.allclose(found, 0 * found, atol=1e-9), "advantage 0 where V is exact"


def nothing_comes_after_death(advantage):
    """One reward and an end: what the critic believes of the state after it does not count."""
    found = advantage(ALWAYS, NEVER, 100 * ALWAYS, ALWAYS, NEVER, 0.9, 0.95)
    assert torch.allclose(found, ALWAYS), "advantage 1, the reward"


def a_batch_is_its_episodes_one_by_one(advantage):
    """Two episodes side by side in time have the advantages that each has alone."""
    reward, value = torch.arange(6.0).double(), torch.arange(6.0).double() ** 2
    after = value + 0.5
    whole = advantage(reward, value, after, NEVER, LAST, 0.9, 0.95)
    for part in (slice(0, 3), slice(3, 6)):
        alone = advantage(reward[part], value[part], after[part], NEVER[part], LAST[part], 0.9, 0.95)
        assert torch.allclose(whole[part], alone), "no episode knows of the other"


def the_last_value_is_that_of_the_last_state(advantage):
    """The state in which the time limit fell is worth 7, the first of the next episode 0."""
    after = 7 * LAST
    found = advantage(NEVER, NEVER, after, NEVER, LAST, 0.9, 0.0)
    assert torch.allclose(found, 0.9 * after), "bootstraps from the final state"


def with_lambda_one_it_is_the_return_minus_the_value(advantage):
    """γ = λ = 1, an end: the sum of the rewards from here on, minus V."""
    reward, value = torch.arange(3.0).double(), torch.ones(3).double()
    end, after = torch.tensor([0.0, 0, 1]).double(), torch.tensor([1.0, 1, 0]).double()
    found = advantage(reward, value, after, end, 0 * end, 1.0, 1.0)
    assert torch.allclose(found, torch.tensor([3.0, 3, 2]).double() - value), "rewards to go minus V"


EXHIBITS = (
    Exhibit(
        "time limit taken for death",
        "The pendulum, which ends by its clock alone, is not learnt in this time.",
        "The last state before the limit gets the target r, as if nothing came after it; the same "
        "state earlier in an episode gets r + γV. One state has two targets.",
        "openai/baselines #436, Stable-Baselines3 #633, OpenHUTB/nn #6458",
        SMALL, "Pendulum-v1", "advantage", time_limit_is_death, an_endless_task_is_worth_its_sum, 40_960,
    ),
    Exhibit(
        "death ignored",
        "The pole is learnt slowly.",
        "The target of the last step still counts γV of a state that nobody will be in. Falling "
        "costs nothing.",
        "walkinglabs #63, Super-mario #21 (GAE without done)",
        SMALL, "CartPole-v1", "advantage", death_ignored, nothing_comes_after_death,
    ),
    Exhibit(
        "a leak between episodes",
        "Nothing that eight seeds could show.",
        "The backward sum is not cut where an episode ends, so an action is praised for what "
        "happened after the next reset.",
        "Toni-SM/skrl #449",
        SMALL, "CartPole-v1", "advantage", leak, a_batch_is_its_episodes_one_by_one,
    ),
    Exhibit(
        "bootstrap from the reset",
        "The pendulum is learnt later.",
        "An autoreset hands over the first observation of the next episode; the value of that one "
        "stands for the state in which the episode was cut.",
        "hill-a/stable-baselines #769, pytorch/rl #4209",
        SMALL, "Pendulum-v1", "advantage", reset_observation,
        the_last_value_is_that_of_the_last_state, 40_960,
    ),
    Exhibit(
        "the recursion runs forwards",
        "The pole is not learnt at all.",
        "An action is praised for what came before it.",
        "a common slip",
        SMALL, "CartPole-v1", "advantage", forwards, with_lambda_one_it_is_the_return_minus_the_value,
    ),
    Exhibit(
        "rewards one step late",
        "Nothing that eight seeds could show on the pole, where every reward is 1.",
        "Reward r_t is stored beside the action a_{t+1}.",
        "a common slip",
        SMALL, "CartPole-v1", "advantage", late_reward, with_lambda_one_it_is_the_return_minus_the_value,
    ),
    Exhibit(
        "the baseline forgotten",
        "Slower.",
        "Â + V in place of Â: unbiased still, but with the variance of the return. (The critic's "
        "target, Â + V, becomes Â + 2V.)",
        "a common slip",
        A2C(hidden=(32, 32)), "CartPole-v1", "gae", value_forgotten,
        with_lambda_one_it_is_the_return_minus_the_value,
    ),
)  # fmt: skip
