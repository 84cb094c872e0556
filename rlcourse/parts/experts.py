"""Teachers: rules that solve the course's worlds, for imitation to copy.

A teacher is a function of what is seen and of two dice, obs [..., O] and uniform [..., 2] in [0, 1), that
answers with an action in the trainers' form: [..., A] in [−1, 1], or whole numbers [...]. Most need no dice.
"""

import numpy as np

from rlcourse.parts.worlds import PointMaze


def swing_up(obs: np.ndarray, dice: np.ndarray) -> np.ndarray:
    """The pendulum's: pump energy until it is that of standing upright, then a spring and a brake.

    obs [..., 3] = (cos θ, sin θ, ω) -> [..., 1]. With E = ω²/2 + 15 cos θ, a torque u changes it at the rate
    3 u ω; upright at rest E = 15. Åström and Furuta 2000, "Swinging up a pendulum by energy control".
    """
    cos, sin, speed = (obs[..., i].astype(np.float64) for i in range(3))
    missing = 15 - (speed**2 / 2 + 15 * cos)
    pump = 0.5 * missing * np.where(speed >= 0, 1.0, -1.0)
    hold = -(10 * np.arctan2(sin, cos) + 2 * speed)
    near = (cos > 0.85) & (np.abs(missing) < 8)
    return np.clip(np.where(near, hold, pump) / 2, -1, 1).astype(np.float32)[..., None]


def balance(obs: np.ndarray, dice: np.ndarray) -> np.ndarray:
    """CartPole's: push right where 0.1 x + 0.3 ẋ + 2 φ + φ̇ > 0. obs [..., 4] -> whole numbers [...]."""
    tilt = obs.astype(np.float64) @ np.array([0.1, 0.3, 2.0, 1.0])
    return (tilt > 0).astype(np.int64)


def walk(obs: np.ndarray, dice: np.ndarray) -> np.ndarray:
    """The maze's: straight to the goal where no wall is between, else to the middle of the gap.

    obs [..., 4] = (x, y, goal's x, goal's y) -> [..., 2].
    """
    place, goal = obs[..., :2].astype(np.float64), obs[..., 2:].astype(np.float64)
    ahead = goal - place
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = place[..., 1] + ahead[..., 1] * (PointMaze.wall - place[..., 0]) / ahead[..., 0]
    other_side = (place[..., 0] < PointMaze.wall) != (goal[..., 0] < PointMaze.wall)
    blocked = other_side & ~(crossing > PointMaze.top + 0.02)
    gap = np.array([PointMaze.wall, (PointMaze.top + 1) / 2])
    aim = np.where(blocked[..., None], gap, goal) - place
    share = aim / PointMaze.stride  # straight ahead: both numbers shrink alike where one is above 1
    return (share / np.maximum(np.abs(share).max(-1, keepdims=True), 1)).astype(np.float32)


def pass_by(obs: np.ndarray, dice: np.ndarray) -> np.ndarray:
    """The fork's: left or right of the tree with probability ½ each, 0.35 to 0.45 from its middle.

    obs [..., 1], the tree's place -> [..., 1].
    """
    side = np.where(dice[..., :1] < 0.5, -1.0, 1.0)
    return (obs + side * (0.35 + 0.1 * dice[..., 1:])).astype(np.float32)


RULES = {3: swing_up, 4: balance, 1: pass_by}


def classic(obs: np.ndarray, dice: np.ndarray) -> np.ndarray:
    """The rule of the world whose observations have this many numbers: pendulum 3, CartPole 4, fork 1.

    Raises ValueError for any other number: another world needs a teacher of its own.
    """
    if obs.shape[-1] not in RULES:
        raise ValueError(
            f"no teacher is known for observations of {obs.shape[-1]} numbers; give one: expert=your_rule"
        )
    return RULES[obs.shape[-1]](obs, dice)
