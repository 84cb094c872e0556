"""Problems of one step or one state, whose best return is known: for learners of whatever kind."""

from itertools import product

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from scipy.stats import wasserstein_distance


class Aim(gymnasium.Env):
    """One step: see x ~ U[−1, 1], answer a, get −(a − x)². The best return is 0, that of a = 0 is −1/3."""

    observation_space = Box(-1, 1, (1,), np.float32)
    action_space = Box(-1, 1, (1,), np.float32)
    max_episode_steps = 1

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        """A new x."""
        super().reset(seed=seed)
        self.x = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        return self.x, {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict]:
        """The reward of the answer; the episode is over."""
        return self.x, self.reward(action), True, False, {}

    def reward(self, action: np.ndarray) -> float:
        """−(a − x)²."""
        return -float((action[0] - self.x[0]) ** 2)


class EightAims(Aim):
    """Eight steps of it, their mean reward: populations learn from returns, and one step says little."""

    max_episode_steps = 8

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        """A new x, the first of eight."""
        self.left = self.max_episode_steps
        return super().reset(seed=seed)

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict]:
        """An eighth of the reward of the answer, and a new x."""
        reward, self.left = self.reward(action) / self.max_episode_steps, self.left - 1
        self.x = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        return self.x, reward, self.left == 0, False, {}


class Side(Aim):
    """The same with three discrete answers, 1 for the third that x lies in. The best return is 1, guessing
    gives 1/3."""

    action_space = Discrete(3)

    def reward(self, action: int) -> float:
        """1 for the right third, else 0."""
        return float(action == min(int((self.x[0] + 1) * 1.5), 2))


class Coins(gymnasium.Env):
    """Three steps; each time, pass (0) or toss (1) for ±1, of which +1 has probability 0.6.

    Tossing is best; the return Σ_t γ^t x_t of who does has eight values of known probabilities (`returns`).
    """

    observation_space = Box(0, 1, (3,), np.float32)
    action_space = Discrete(2)
    max_episode_steps = tosses = 3
    heads = 0.6

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        """The first toss."""
        super().reset(seed=seed)
        self.t = 0
        return self._seen(), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict]:
        """What the coin pays, if it was tossed."""
        self.t += 1
        reward = (1.0 if self.np_random.random() < self.heads else -1.0) if action else 0.0
        return self._seen(), reward, self.t == self.tosses, False, {}

    def _seen(self):
        return np.eye(self.tosses, dtype=np.float32)[min(self.t, self.tosses - 1)]

    @classmethod
    def returns(cls, gamma: float) -> tuple[np.ndarray, np.ndarray]:
        """The values Σ_t γ^t x_t of all x ∈ {−1, 1}³, and their probabilities: [8] each."""
        x = np.array(list(product((-1, 1), repeat=cls.tosses)))
        up = (x > 0).sum(1)
        return x @ gamma ** np.arange(cls.tosses), cls.heads**up * (1 - cls.heads) ** (cls.tosses - up)

    @classmethod
    def best(cls, gamma: float) -> np.ndarray:
        """Q*(t, a) [3, 2]: what is left, Σ_{k ≥ t} γ^{k−t} (2 · 0.6 − 1), of which a pass loses the first."""
        mean = 2 * cls.heads - 1
        left = mean * np.array([sum(gamma**k for k in range(cls.tosses - t)) for t in range(cls.tosses)])
        return np.stack([left - mean, left], -1)

    @classmethod
    def distances(cls, values: np.ndarray, probabilities: np.ndarray, gamma: float) -> np.ndarray:
        """W₁ = ∫ |F − F*| of each law of the return [S, N] to that of who always tosses: [S]."""
        truth, weights = cls.returns(gamma)
        return np.array(
            [wasserstein_distance(z, truth, p, weights) for z, p in zip(values, probabilities, strict=True)]
        )


class NoisyArms(gymnasium.Env):
    """Two steps; the second is one of ten arms that all pay N(−0.1, 1): the mean is known whatever is done.

    Sutton and Barto's example 6.7 with no way out: the best of ten estimates looks better than it is.
    """

    observation_space = Box(0, 1, (2,), np.float32)
    action_space = Discrete(10)
    max_episode_steps = 2
    mean = -0.1

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        """Before the door: the first action only opens it."""
        super().reset(seed=seed)
        self.inside = False
        return np.eye(2, dtype=np.float32)[0], {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict]:
        """Nothing for the door, then what the arm pays."""
        reward = float(self.np_random.normal(self.mean)) if self.inside else 0.0
        over, self.inside = self.inside, True
        return np.eye(2, dtype=np.float32)[1], reward, over, False, {}


class Peak(Aim):
    """One state for ever: r(a) = −(a − 0.3)², whatever was done before. The clock cuts after ten steps."""

    max_episode_steps = 10
    x, peak = np.ones(1, np.float32), np.float32(0.3)  # what is seen, always; where the best action lies

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        """The only state."""
        self.left = self.max_episode_steps
        return self.x, {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict]:
        """The reward of the action; the state stays."""
        self.left -= 1
        return self.x, self.reward(action), False, self.left == 0, {}

    def reward(self, action: np.ndarray) -> float:
        """−(a − 0.3)²."""
        return -float((action[0] - self.peak) ** 2)

    @classmethod
    def soft(cls, entropy: float, gamma: float) -> tuple[float, float, float]:
        """The price α at which the best random policy has this entropy H, its σ, and the soft value V.

        exp(r/α) is N(0.3, α/2) times √(πα), so that H = ½ log(πeα), and V = α log √(πα) / (1 − γ). The bell's
        share beyond [−1, 1] is left out: 2e−15 of it at H = −1.
        """
        alpha = np.exp(2 * entropy) / (np.pi * np.e)
        return alpha, np.sqrt(alpha / 2), alpha / 2 * np.log(np.pi * alpha) / (1 - gamma)


def aims(obs: np.ndarray, dice: np.ndarray) -> np.ndarray:
    """Who knows Aim's answer: x itself."""
    return obs


def takes_sides(obs: np.ndarray, dice: np.ndarray) -> np.ndarray:
    """Who knows Side's answer."""
    return np.minimum(((obs[..., 0] + 1) * 1.5).astype(np.int64), 2)
