"""Policy, on-policy: CMA-ES.

    θ_n ~ N(m, σ² C);  m, σ and C follow the ranks of the returns

The course's own method, called as it is (`rlcourse.algorithms.cmaes`); the search itself is the library
`cma`'s. Like CEM it sees one number an episode, and so it has CEM's task.
"""

from dataclasses import replace

from rlcourse.algorithms.cmaes import CMAES
from rlcourse.map.cem import METHOD as CEM
from rlcourse.map.record import Loop
from rlcourse.parts.aims import EightAims

METHOD = replace(
    CEM,
    name="CMA-ES",
    paper="Hansen 2016, “The CMA Evolution Strategy: A Tutorial”",
    idea="draw policies around the best ones, and learn in which directions to draw",
    learn=Loop(CMAES(num_envs=64, hidden=(4,)), EightAims, CEM.learn.steps, CEM.learn.options),
)
