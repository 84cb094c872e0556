"""The best returns that there are, by dynamic programming: what planners and learners are measured against.

`python -m rlcourse.parts.optima` makes the numbers below, on finer and finer grids (minutes).
"""

from collections.abc import Sequence

import numpy as np

from rlcourse.equations.value_grid import Grid, optimal_values
from rlcourse.parts.worlds import Pendulum

# The best undiscounted return of the pendulum's 200 steps, and how far off it may be: from hanging at rest,
# and on average over Pendulum-v1's own starts.
PENDULUM = {"from rest": -295.4, "on average": -137.0}
PENDULUM_ERROR = {"from rest": 2.0, "on average": 0.2}


def pendulum(points: int, torques: int, world: Pendulum | None = None) -> dict[str, float]:
    """Both numbers of PENDULUM on a grid of points² states, with so many torques from −2 to 2 N m."""
    world = Pendulum() if world is None else world
    grid = Grid((-np.pi, -world.max_speed), (np.pi, world.max_speed), (points, points), (True, False))
    actions = np.linspace(-world.max_torque, world.max_torque, torques)
    V = optimal_values(world.step, grid, actions, world.episode_steps)
    middles = (np.arange(200) + 0.5) / 200, (np.arange(20) + 0.5) / 20  # of equal parts of the starts
    starts = world.start(np.stack(np.meshgrid(*middles, indexing="ij"), axis=-1).reshape(-1, 2))
    return {
        "from rest": float(grid.interpolate(V, np.array([np.pi, 0.0]))),
        "on average": float(grid.interpolate(V, starts).mean()),
    }


def main(sizes: Sequence[int] = (121, 241, 481, 961), torques: int = 9) -> None:
    """Print the table, and 2 V_n − V_{n/2}, which is without the error that halves with the spacing."""
    before = None
    for points in sizes:
        now = pendulum(points, torques)
        extrapolated = before and {name: 2 * x - before[name] for name, x in now.items()}
        for name, x in now.items():
            then = f", extrapolated {extrapolated[name]:.2f}" if before else ""
            print(f"{points}² points, {torques} torques, {name}: {x:.2f}{then}", flush=True)
        before = now


if __name__ == "__main__":
    main()
