"""Two policies side by side, equal as often as they can be: the α-coupling and the lemmas that it proves."""

from dataclasses import dataclass

import numpy as np

from rlcourse.equations.markov.bounds import expected_advantage, max_tv, tv
from rlcourse.equations.markov.evaluation import advantages, state_distributions
from rlcourse.equations.markov.process import MDP


def coupling(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """P(a, ã|s) with marginals old and new and P(a ≠ ã|s) = D_TV(old, new): the maximal coupling.

    [S, A, A]. The diagonal holds min(old, new); what is left of both is spread as a product.
    """
    old, new = np.asarray(old, float), np.asarray(new, float)
    shared = np.minimum(old, new)
    rest = (old - shared)[..., :, None] * (new - shared)[..., None, :]
    distance = tv(old, new)[..., None, None]
    return shared[..., :, None] * np.eye(old.shape[-1]) + rest / np.where(distance > 0, distance, 1.0)


@dataclass(frozen=True)
class CouplingLemma:
    """Both sides of lemma 3 for t = 0, 1, …: each field is an array [steps], α a number."""

    alpha: float  # D_TV^max(old, new)
    gap: np.ndarray  # |E_{s_t ~ new} Ā − E_{s_t ~ old} Ā|
    middle: np.ndarray  # 2 (1 − (1 − α)^t) max_s |Ā(s)|
    right: np.ndarray  # 4 α (1 − (1 − α)^t) max |A|
    printed_middle: np.ndarray  # 2 α max_s Ā(s), as printed in eq. 32: no upper bound, no lower bound


def coupling_lemma(mdp: MDP, new: np.ndarray, old: np.ndarray, steps: int) -> CouplingLemma:
    """gap ≤ 2(1 − (1 − α)^t) max_s|Ā(s)| ≤ 4α(1 − (1 − α)^t) max_{s,a}|A^old(s, a)|, α = D_TV^max.

    The chain that Schulman et al. 2015 prove (eqs. 36–40); the middle term printed in eq. 32 is kept for
    comparison. Returns a CouplingLemma.
    """
    alpha = float(max_tv(old, new))
    A_bar = expected_advantage(mdp, new, old)
    apart = 1 - (1 - alpha) ** np.arange(steps)  # P(the two have disagreed before t) ≤ this
    difference = state_distributions(mdp, new, steps) - state_distributions(mdp, old, steps)
    return CouplingLemma(
        alpha=alpha,
        gap=np.abs(difference @ A_bar),
        middle=2 * apart * np.abs(A_bar).max(),
        right=4 * alpha * apart * np.abs(advantages(mdp, old)).max(),
        printed_middle=np.full(steps, 2 * alpha * A_bar.max()),
    )
