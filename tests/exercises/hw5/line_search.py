# ruff: noqa  (as students write)

import math

import numpy as np
import torch
import numpy as np, torch, math


def right_numpy(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        new = theta + shrink**j * full_step
        gain, kl = evaluate(new)
        if gain > 0 and kl <= max_kl:
            return new
    return theta


def right_while(evaluate, theta, full_step, max_kl, backtracks, shrink):
    step, tries = full_step, 0
    while tries < backtracks:
        gain, kl = evaluate(theta + step)
        if bool(gain > 0) and bool(kl <= max_kl):
            return theta + step
        step = step * shrink
        tries += 1
    return theta


def right_torch_only(evaluate, theta, full_step, max_kl, backtracks, shrink):
    assert isinstance(theta, torch.Tensor)
    fraction = 1.0
    for _ in range(backtracks):
        candidate = torch.add(theta, full_step, alpha=fraction)
        gain, kl = evaluate(candidate)
        if torch.isfinite(gain) and gain.item() > 0 and kl.item() <= max_kl:
            return candidate
        fraction *= shrink
    return theta.clone()


def right_for_else(evaluate, theta, full_step, max_kl, backtracks, shrink):
    best = theta.copy() if hasattr(theta, "copy") else theta.clone()
    for j in range(backtracks):
        gain, kl = evaluate(theta + full_step * shrink**j)
        if not (gain > 0) or kl > max_kl:
            continue
        best = theta + full_step * shrink**j
        break
    return best


def right_all_at_once(evaluate, theta, full_step, max_kl, backtracks, shrink):
    tried = [theta + shrink**j * full_step for j in range(backtracks)]
    results = [evaluate(t) for t in tried]
    good = [t for t, (gain, kl) in zip(tried, results) if gain > 0 and kl <= max_kl]
    return good[0] if good else theta


def wrong_kl_ignored__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        new = theta + shrink**j * full_step
        gain, kl = evaluate(new)
        if gain > 0:
            return new
    return theta


def wrong_gain_ignored__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        new = theta + shrink**j * full_step
        gain, kl = evaluate(new)
        if kl <= max_kl:
            return new
    return theta


def wrong_either_is_enough__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        new = theta + shrink**j * full_step
        gain, kl = evaluate(new)
        if gain > 0 or kl <= max_kl:
            return new
    return theta


def wrong_kl_edge__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        new = theta + shrink**j * full_step
        gain, kl = evaluate(new)
        if gain > 0 and kl < max_kl:
            return new
    return theta


def wrong_zero_gain__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        new = theta + shrink**j * full_step
        gain, kl = evaluate(new)
        if gain >= 0 and kl <= max_kl:
            return new
    return theta


def wrong_nan_accepted__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        new = theta + shrink**j * full_step
        gain, kl = evaluate(new)
        if gain <= 0 or kl > max_kl:
            continue
        return new
    return theta


def wrong_one_trial_too_many__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks + 1):
        new = theta + shrink**j * full_step
        gain, kl = evaluate(new)
        if gain > 0 and kl <= max_kl:
            return new
    return theta


def wrong_full_step_untried__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(1, backtracks):
        new = theta + shrink**j * full_step
        gain, kl = evaluate(new)
        if gain > 0 and kl <= max_kl:
            return new
    return theta


def wrong_backtracks_ignored__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    j = 0
    while j < 100:
        new = theta + shrink**j * full_step
        gain, kl = evaluate(new)
        if gain > 0 and kl <= max_kl:
            return new
        j += 1
    return theta


def wrong_last_trial_kept__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    new = theta
    for j in range(backtracks):
        new = theta + shrink**j * full_step
        gain, kl = evaluate(new)
        if gain > 0 and kl <= max_kl:
            break
    return new


def wrong_step_returned__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        step = shrink**j * full_step
        gain, kl = evaluate(theta + step)
        if gain > 0 and kl <= max_kl:
            return step
    return 0 * full_step


def wrong_best_of_all__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    best, most = theta, 0.0
    for j in range(backtracks):
        new = theta + shrink**j * full_step
        gain, kl = evaluate(new)
        if gain > most and kl <= max_kl:
            best, most = new, gain
    return best


def wrong_last_of_all__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    best = theta
    for j in range(backtracks):
        new = theta + shrink**j * full_step
        gain, kl = evaluate(new)
        if gain > 0 and kl <= max_kl:
            best = new
    return best


def wrong_shrinks_linearly__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        new = theta + full_step / (j + 1)
        gain, kl = evaluate(new)
        if gain > 0 and kl <= max_kl:
            return new
    return theta


def wrong_shrink_ignored__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        new = theta + 0.5**j * full_step
        gain, kl = evaluate(new)
        if gain > 0 and kl <= max_kl:
            return new
    return theta


def wrong_changes_arguments__a(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        new = theta + full_step
        gain, kl = evaluate(new)
        if gain > 0 and kl <= max_kl:
            return new
        full_step *= shrink
    return theta


def wrong_none__no_return(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        new = theta + shrink**j * full_step
        gain, kl = evaluate(new)
        if gain > 0 and kl <= max_kl:
            return new


# From another hand, later.


def right_for(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        x = theta + shrink**j * full_step
        g, k = evaluate(x)
        if g > 0 and k <= max_kl:
            return x
    return theta


def right_while_fresh(evaluate, theta, full_step, max_kl, backtracks, shrink):
    j, c = (0, 1.0)
    while j < backtracks:
        x = theta + c * full_step
        gain, kl = evaluate(x)
        if not math.isnan(gain) and gain > 0 and (not kl > max_kl):
            return x
        c *= shrink
        j += 1
    return theta.copy()


def right_rec(evaluate, theta, full_step, max_kl, backtracks, shrink):
    if backtracks <= 0:
        return theta
    g, k = evaluate(theta + full_step)
    return (
        theta + full_step
        if g > 0 and k <= max_kl
        else right_rec(evaluate, theta, full_step * shrink, max_kl, backtracks - 1, shrink)
    )


def right_next(evaluate, theta, full_step, max_kl, backtracks, shrink):
    ok = lambda x: (lambda g, k: bool(g > 0) and bool(k <= max_kl))(*evaluate(x))
    return next((x for x in (theta + shrink**j * full_step for j in range(backtracks)) if ok(x)), theta)


def right_all(evaluate, theta, full_step, max_kl, backtracks, shrink):
    xs = [theta + shrink**j * full_step for j in range(backtracks)]
    r = np.array([evaluate(x) for x in xs]).reshape(-1, 2)
    good = np.flatnonzero((r[:, 0] > 0) & (r[:, 1] <= max_kl))
    return xs[good[0]] if len(good) else theta


def right_torch(evaluate, theta, full_step, max_kl, backtracks, shrink):
    t, s = (torch.as_tensor(theta), torch.as_tensor(full_step))
    for j in range(backtracks):
        x = t + s * shrink**j
        g, k = evaluate(x.numpy() if isinstance(theta, np.ndarray) else x)
        if g > 0 and k <= max_kl:
            return x
    return t


def right_twice(evaluate, theta, full_step, max_kl, backtracks, shrink):
    for j in range(backtracks):
        if (
            evaluate(theta + shrink**j * full_step)[0] > 0
            and evaluate(theta + shrink**j * full_step)[1] <= max_kl
        ):
            return (theta + shrink**j * full_step).tolist()
    return theta.tolist()


def right_forelse(evaluate, theta, full_step, max_kl, backtracks, shrink):
    best = None
    for c in np.geomspace(1, shrink ** max(backtracks - 1, 0), backtracks):
        g, k = evaluate(theta + c * full_step)
        if g <= 0 or g != g or k > max_kl:
            continue
        best = theta + c * full_step
        break
    else:
        best = theta
    return best


def right_class(evaluate, theta, full_step, max_kl, backtracks, shrink):

    class Trial:
        def __init__(self, x):
            self.x = x
            self.gain, self.kl = evaluate(x)

        def ok(self):
            return self.gain > 0 and self.kl <= max_kl

    for j in range(backtracks):
        t = Trial(theta + full_step * shrink**j)
        if t.ok():
            return t.x
    return np.array(theta)


def right_unpack(evaluate, theta, full_step, max_kl, backtracks, shrink, verbose=0):
    step = np.array(full_step)
    for _ in range(backtracks):
        out = evaluate(theta + step)
        if out[1] <= max_kl and out[0] > 0:
            return theta + step
        step = step * shrink
    return theta + 0 * step


def W(
    ok=lambda g, k, m: g > 0 and k <= m,
    coef=lambda j, s: s**j,
    n=lambda b: b,
    fail=lambda t, s, l: t,
    pick="first",
):

    def f(evaluate, theta, full_step, max_kl, backtracks, shrink):
        last = theta
        best = None
        bg = -np.inf
        for j in range(n(backtracks)):
            x = theta + coef(j, shrink) * full_step
            g, k = evaluate(x)
            last = x
            if ok(g, k, max_kl):
                if pick == "first":
                    return x
                if pick == "last":
                    best = x
                if pick == "best" and g > bg:
                    best, bg = (x, g)
        return fail(theta, full_step, last) if best is None else best

    return f


wrong_other_shares__fresh_lin = W(coef=lambda j, s: 1 - j * s)

wrong_backwards__fresh_neg = W(coef=lambda j, s: -(s**j))

wrong_tolerance__fresh_kl15 = W(lambda g, k, m: g > 0 and k <= 1.5 * m)

wrong_pair_swapped__fresh_swapped = W(lambda g, k, m: k > 0 and g <= m)

wrong_tolerance__fresh_improve = W(lambda g, k, m: g > 0.01 and k <= m)

wrong_other_shares__fresh_two = W(coef=lambda j, s: s ** (2 * j))
