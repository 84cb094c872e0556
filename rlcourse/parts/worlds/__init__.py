"""Classic control problems whose equations of motion fit on a page, one file a world, stepped many at a time.

Importing this package, as `training` does, registers them with Gymnasium under `rlcourse/`:

    gymnasium.make_vec("rlcourse/Pendulum-v1", num_envs=8)
    gymnasium.make_vec("rlcourse/Pendulum-v1", num_envs=8, system=Pendulum(g=1.62))  # on the moon
    gymnasium.make_vec("rlcourse.parts.worlds:rlcourse/Pendulum-v1", num_envs=8)     # imports this first

A new world is a file beside these, a line of imports and a name in WORLDS.
"""

import gymnasium

from rlcourse.parts.worlds.cartpole import CartPole
from rlcourse.parts.worlds.double_integrator import DoubleIntegrator
from rlcourse.parts.worlds.fork import Fork
from rlcourse.parts.worlds.maze import PointMaze
from rlcourse.parts.worlds.pendulum import Pendulum
from rlcourse.parts.worlds.regulator import Regulator
from rlcourse.parts.worlds.stay_or_leave import StayOrLeave
from rlcourse.parts.worlds.system import System, SystemEnv, SystemVectorEnv, system_of

__all__ = [
    "WORLDS", "CartPole", "DoubleIntegrator", "Fork", "Pendulum", "PointMaze", "Regulator", "StayOrLeave",
    "System", "SystemEnv", "SystemVectorEnv", "register", "system_of",
]  # fmt: skip

WORLDS = (Pendulum, CartPole, DoubleIntegrator, Regulator, Fork, PointMaze, StayOrLeave)


def register() -> None:
    """Make the worlds known to Gymnasium (once: a second import changes nothing)."""
    for world in WORLDS:
        if world.id not in gymnasium.registry:
            gymnasium.register(
                world.id,
                entry_point=f"{__name__}:SystemEnv",
                vector_entry_point=f"{__name__}:SystemVectorEnv",
                max_episode_steps=world.episode_steps,
                kwargs={"system": world()},
            )


register()
