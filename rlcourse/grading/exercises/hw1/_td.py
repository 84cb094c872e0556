"""One step of TD(0) with one thing exchanged at a time, for a table and for features.

δ = r + γ (1 − terminated) V(s′) − V(s).
"""


def delta(
    reward, value, next_value, terminated, gamma,
    bootstraps=lambda end: 1.0 - end, own=1.0, reward_kept=lambda end: 1.0, discount=lambda gamma: gamma,
    own_kept=lambda end: 1.0,
):  # fmt: skip
    ahead = discount(gamma) * bootstraps(float(terminated)) * next_value
    return reward_kept(float(terminated)) * reward + ahead - own * own_kept(float(terminated)) * value


# Hints that both exercises give.

TERMINAL = "It bootstraps from a terminal state. After termination there is no further reward."
NEVER = "It never bootstraps: γ(1 − terminated)V(s′) is missing."
INVERTED = "The mask is turned round: 1 − terminated keeps the steps that go on."
DISCOUNT = "γ is missing: δ = r + γ(1 − terminated)V(s′) − V(s)."
OWN = "V(s) is not subtracted: the step is α times the *error* r + γ(1 − terminated)V(s′) − V(s)."
ADDED = "V(s) is added. It is subtracted in δ."
SIGN = "The step goes the wrong way: a positive δ says that V(s) was too low."
RATE = "α is missing."
REWARD = "The reward of the last step is masked. It was received; only V(s′) is masked."
UNMOVED = "Where the step is terminal nothing changes. The last step teaches the most."
DOUBLED = "γ is applied twice, or to V(s) as well."
SCALED = "A factor stands before δ that does not belong there."
