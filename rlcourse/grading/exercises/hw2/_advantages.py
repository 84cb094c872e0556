"""Generalised advantages with one thing to exchange at a time, and flags and values to try them on."""

import numpy as np


def advantages(
    reward, value, next_value, terminated, truncated, gamma, lam,
    bootstraps=lambda end, cut: ~end,  # where δ takes V(s′) along
    goes_on=lambda end, cut: ~(end | cut),  # where the sum goes on to t + 1
    weights=None,  # instead of goes_on, as numbers
    discount=lambda gamma, lam: gamma,  # in δ
    decay=lambda gamma, lam: gamma * lam,  # in the sum
    shifted=None,  # next values made from `value` and the last next value
    minus=1.0,  # times V(s) in δ
    mask_own=None,  # where δ and all that follows is kept
    reward_kept=None,
    cut_shift=0,  # the sum is cut by the flags of another step
    last=1.0,  # times the last δ
    forward=False,
    initial=None,  # what the sum begins with, made of the values and the next ones
):  # fmt: skip
    """Â [T, ...]; the arrays are [T, ...], the flags [T]."""
    end, cut = np.asarray(terminated).astype(bool), np.asarray(truncated).astype(bool)
    n, columns = len(reward), (-1,) + (1,) * (np.ndim(value) - 1)
    after = next_value if shifted is None or n == 0 else shifted(value, next_value[-1])
    kept = 1.0 if reward_kept is None else reward_kept(end, cut)
    delta = (
        kept * reward + discount(gamma, lam) * bootstraps(end, cut).reshape(columns) * after - minus * value
    )
    own = np.ones(n) if mask_own is None else mask_own(end, cut).astype(float)
    if n:
        delta = np.concatenate([delta[:-1], last * delta[-1:]])
    on = goes_on(end, cut).astype(float) if weights is None else weights(end.astype(float), cut.astype(float))
    if cut_shift:  # beyond the data nothing is cut
        on = np.append(on[1:], 1.0) if cut_shift < 0 else np.append(1.0, on[:-1])
    answer, sum_ = np.zeros(np.shape(delta)), 0.0 if initial is None else initial(value, next_value)
    for t in range(n) if forward else reversed(range(n)):
        linked = on[t - 1] if forward and t else on[t]
        sum_ = own[t] * (delta[t] + decay(gamma, lam) * linked * sum_)
        answer[t] = sum_
    return answer


def but(**changes):
    """(**case) -> advantages with something exchanged."""
    return lambda **case: advantages(**case, **changes)


def flags(rng, n, last):
    """(terminated, truncated) [n]: one step of each kind inside, and both at once; the last as said."""
    terminated, truncated = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    inside = rng.permutation(np.arange(1, n - 1))
    terminated[inside[0]] = truncated[inside[1]] = True
    if n > 5:
        terminated[inside[2]] = truncated[inside[2]] = True
    terminated[-1], truncated[-1] = last == "terminated", last == "truncated"
    return terminated, truncated


def values(rng, n, done):
    """(value, next_value) [n]: the next one is that of the next row where the episode goes on."""
    value = rng.normal(1, 2, n)
    return value, np.where(done, rng.normal(1, 2, n), np.append(value[1:], rng.normal(1, 2)))
