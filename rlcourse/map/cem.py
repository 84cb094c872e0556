"""Policy, on-policy: CEM.

    θ_n ~ N(m, diag σ²);  m ← mean of the elite,  σ² ← its variance + Z_t

The course's own method, called as it is (`rlcourse.algorithms.cem`). It sees one number an episode, so its
task has eight steps, and the return is their mean: one step would say little of a policy.
"""

from dataclasses import replace

from rlcourse.algorithms.cem import CEM
from rlcourse.map.own_methods import ON, own
from rlcourse.parts.aims import EightAims

METHOD = replace(
    own(
        "CEM", ON, "Szita and Lőrincz 2006, “Learning Tetris Using the Noisy Cross-Entropy Method”",
        "draw policies, keep the best, draw around those: no gradient, no critic",
        CEM(num_envs=64, hidden=(4,)), EightAims, 32768,
    ),
    task="aiming, eight times: see a number, answer it; the mean of eight squared errors is the cost",
)  # fmt: skip
