"""Homework 3, DDPG and TD3: inputs that tell ideas apart, right answers, and the mistakes people make.

Never shipped to a student's process in the judge: this file holds the answers.
"""

# ruff: noqa: C408  (a case reads best as keyword arguments)

import itertools

import numpy as np

from rlcourse.equations import returns
from rlcourse.grading.record import Exercise, Mistake

# 1. Ornstein–Uhlenbeck noise


def draw_ou_step(rng):
    return [
        dict(
            x=rng.normal(0, 1.5, n),
            theta=rng.uniform(0.2, 0.9),
            mu=rng.choice([-1, 1]) * rng.uniform(0.5, 2),
            sigma=rng.uniform(0.3, 1.5),
            dt=dt,
            xi=rng.normal(0, 1, n),
        )
        for n, dt in zip((3, 4, 5, 2, 6, 3), (0.01, 0.05, 0.2, 0.5, 0.1, 2.0), strict=True)
    ]


def ou_step(x, theta, mu, sigma, dt, xi):
    """X′ = X + θ(μ − X)Δt + σ√Δt ξ."""
    return x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi


OU_STEP = Exercise(
    name="ou_step",
    homework=3,
    asks="one Euler–Maruyama step of dX = θ(μ − X)dt + σdW",
    points=3,
    minutes=5,
    difficulty=1,
    draw=draw_ou_step,
    reference=ou_step,
    mistakes=(
        Mistake(
            "dt_for_sqrt_dt",
            "The noise is scaled by Δt. Variances add over steps, so a Brownian increment over Δt has "
            "variance Δt: "
            "its standard deviation is √Δt.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma * dt * xi,
        ),
        Mistake(
            "no_dt_in_noise",
            "The noise is not scaled with the step. Over a time Δt the increment of W has standard "
            "deviation √Δt.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma * xi,
        ),
        Mistake(
            "no_dt",
            "Δt appears nowhere, so the process would depend on how finely you step it: the drift needs Δt,"
            " the noise √Δt.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) + sigma * xi,
        ),
        Mistake(
            "no_dt_in_drift",
            "The drift is not multiplied by Δt: θ(μ − X) is a speed, and a speed times a time is a step.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) + sigma * np.sqrt(dt) * xi,
        ),
        Mistake(
            "sqrt_dt_in_drift",
            "The drift is multiplied by √Δt. Only the noise scales with √Δt; the drift scales with Δt.",
            lambda x, theta, mu, sigma, dt, xi: x + (theta * (mu - x) + sigma * xi) * np.sqrt(dt),
        ),
        Mistake(
            "theta_sign",
            "The drift pushes away from μ. It must pull back: θ(μ − X), positive when X is below μ.",
            lambda x, theta, mu, sigma, dt, xi: x - theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi,
        ),
        Mistake(
            "returns_increment",
            "This is the increment alone. Add it to x to get the next state.",
            lambda x, theta, mu, sigma, dt, xi: theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi,
        ),
        Mistake(
            "mu_ignored",
            "The process is pulled to 0, not to μ: the drift is θ(μ − X)Δt.",
            lambda x, theta, mu, sigma, dt, xi: x - theta * x * dt + sigma * np.sqrt(dt) * xi,
        ),
        Mistake(
            "x_missing_in_drift",
            "The drift is constant. It must vanish at X = μ: θ(μ − X)Δt.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * mu * dt + sigma * np.sqrt(dt) * xi,
        ),
        Mistake(
            "sigma_in_drift",
            "σ multiplies the drift as well. It scales the noise only.",
            lambda x, theta, mu, sigma, dt, xi: x + sigma * theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi,
        ),
        Mistake(
            "theta_in_noise",
            "θ multiplies the noise as well. It is the rate of the pull only.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * ((mu - x) * dt + sigma * np.sqrt(dt) * xi),
        ),
        Mistake(
            "theta_in_noise",
            "θ multiplies the noise as well. It is the rate of the pull only.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x + sigma * xi) * dt,
        ),
        Mistake(
            "theta_ignored",
            "θ is not used: it is the rate at which X is pulled to μ.",
            lambda x, theta, mu, sigma, dt, xi: x + (mu - x) * dt + sigma * np.sqrt(dt) * xi,
        ),
        Mistake(
            "variance_for_sd",
            "The noise is scaled by σ². σ is already the standard deviation (per √time).",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma**2 * np.sqrt(dt) * xi,
        ),
        Mistake(
            "variance_for_sd",
            "The noise is scaled by √(σΔt). σ stands outside the root: σ√Δt.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + np.sqrt(sigma * dt) * xi,
        ),
        Mistake(
            "sigma_ignored",
            "σ is not used: the noise is σ√Δt ξ.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + np.sqrt(dt) * xi,
        ),
        Mistake(
            "no_noise",
            "The noise is missing, so nothing explores: add σ√Δt ξ.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt,
        ),
        Mistake(
            "no_drift",
            "The pull to μ is missing. Without it this is Brownian motion, whose variance grows without "
            "bound.",
            lambda x, theta, mu, sigma, dt, xi: x + sigma * np.sqrt(dt) * xi,
        ),
        Mistake(
            "one_sided_noise",
            "Only noise of one sign gets through, as with uniform increments on [0, 1]: the mean would "
            "drift off. "
            "Use ξ as it is.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * np.abs(xi),
        ),
        Mistake(
            "one_noise_for_all",
            "Every component gets the same noise. Each has its own entry of ξ.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi[0],
        ),
        Mistake(
            "one_noise_for_all",
            "Every component gets the same noise. Each has its own entry of ξ.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi.mean(),
        ),
        Mistake(
            "noise_sign",
            "The noise is subtracted. In law that is the same, but the step asked is + σ√Δt ξ.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt - sigma * np.sqrt(dt) * xi,
        ),
        Mistake(
            "xi_ignored",
            "ξ is not used, so the noise is always the same: it is σ√Δt ξ.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma * np.sqrt(dt),
        ),
        Mistake(
            "dt_twice",
            "Δt appears twice in the noise: σ√Δt ξ.",
            lambda x, theta, mu, sigma, dt, xi: x + (theta * (mu - x) + sigma * np.sqrt(dt) * xi) * dt,
        ),
        Mistake(
            "divided_by_sqrt_dt",
            "The noise is divided by √Δt, so finer steps would be noisier. Multiply.",
            lambda x, theta, mu, sigma, dt, xi: x + theta * (mu - x) * dt + sigma * xi / np.sqrt(dt),
        ),
        Mistake(
            "exact_transition",
            "This is the exact transition of the continuous process. The Euler–Maruyama step is asked here: "
            "DDPG uses that one, and its stationary variance differs.",
            lambda x, theta, mu, sigma, dt, xi: (
                mu
                + (x - mu) * np.exp(-theta * dt)
                + sigma * np.sqrt((1 - np.exp(-2 * theta * dt)) / (2 * theta)) * xi
            ),
        ),
        Mistake(
            "starts_at_mu",
            "The step starts from μ. It starts from x.",
            lambda x, theta, mu, sigma, dt, xi: mu + theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi,
        ),
    ),
)


def draw_ou_stationary_variance(rng):
    return [
        dict(theta=rng.uniform(0.2, 1.4), sigma=rng.uniform(0.3, 0.9), dt=dt)
        for dt in (0.2, 0.4, 0.7, 1.0, 1.2, 0.5)
    ]


def ou_stationary_variance(theta, sigma, dt):
    """v = (1 − θΔt)² v + σ²Δt."""
    return sigma**2 * dt / (1 - (1 - theta * dt) ** 2)


OU_STATIONARY_VARIANCE = Exercise(
    name="ou_stationary_variance",
    homework=3,
    asks="the variance that the discrete process settles at",
    points=3,
    minutes=10,
    difficulty=2,
    draw=draw_ou_stationary_variance,
    reference=ou_stationary_variance,
    mistakes=(
        Mistake(
            "continuous_variance",
            "σ²/(2θ) belongs to the process in continuous time. Yours moves in steps: solve v = (1 − θΔt)² "
            "v + σ²Δt.",
            lambda theta, sigma, dt: sigma**2 / (2 * theta),
        ),
        Mistake(
            "missing_dt",
            "Δt is missing from the noise: each step adds the variance σ²Δt, not σ².",
            lambda theta, sigma, dt: sigma**2 / (1 - (1 - theta * dt) ** 2),
        ),
        Mistake(
            "dt_for_sqrt_dt",
            "Each step adds the variance σ²Δt: the noise σ√Δt ξ, squared. Yours adds σ²Δt².",
            lambda theta, sigma, dt: sigma**2 * dt**2 / (1 - (1 - theta * dt) ** 2),
        ),
        Mistake(
            "standard_deviation",
            "This is the standard deviation. The variance is asked: no square root.",
            lambda theta, sigma, dt: np.sqrt(sigma**2 * dt / (1 - (1 - theta * dt) ** 2)),
        ),
        Mistake(
            "standard_deviation",
            "This is the standard deviation of the continuous process. The variance of the discrete one is "
            "asked.",
            lambda theta, sigma, dt: sigma / np.sqrt(2 * theta),
        ),
        Mistake(
            "missing_square",
            "The contraction is not squared: x shrinks by 1 − θΔt, so its variance shrinks by (1 − θΔt)².",
            lambda theta, sigma, dt: sigma**2 * dt / (1 - (1 - theta * dt)),
        ),
        Mistake(
            "missing_square",
            "The square is around the wrong thing: 1 − (1 − θΔt)², not (1 − (1 − θΔt))².",
            lambda theta, sigma, dt: sigma**2 * dt / (1 - (1 - theta * dt)) ** 2,
        ),
        Mistake(
            "sigma_not_squared",
            "A variance holds σ², yours holds σ.",
            lambda theta, sigma, dt: sigma * dt / (1 - (1 - theta * dt) ** 2),
        ),
        Mistake(
            "exponential_decay",
            "exp(−θΔt) is how the continuous process forgets. The Euler step multiplies by 1 − θΔt.",
            lambda theta, sigma, dt: sigma**2 * dt / (1 - np.exp(-2 * theta * dt)),
        ),
        Mistake(
            "no_dt",
            "Δt appears nowhere: it is in the contraction 1 − θΔt and in the noise σ²Δt.",
            lambda theta, sigma, dt: sigma**2 / (1 - (1 - theta) ** 2),
        ),
        Mistake(
            "no_dt_in_drift",
            "Δt is missing from the contraction: one step multiplies by 1 − θΔt.",
            lambda theta, sigma, dt: sigma**2 * dt / (1 - (1 - theta) ** 2),
        ),
        Mistake(
            "one_step_variance",
            "σ²Δt is what one step adds. Earlier steps remain, shrunk by (1 − θΔt)² each time.",
            lambda theta, sigma, dt: sigma**2 * dt,
        ),
        Mistake(
            "no_limit",
            "1 − (1 − θΔt)² is upside down or missing: sum the series σ²Δt Σₖ (1 − θΔt)²ᵏ.",
            lambda theta, sigma, dt: sigma**2 * dt * (1 - (1 - theta * dt) ** 2),
        ),
        Mistake(
            "theta_sign",
            "The step multiplies by 1 + θΔt in your formula: then nothing is stationary. It is 1 − θΔt.",
            lambda theta, sigma, dt: sigma**2 * dt / (1 - (1 + theta * dt) ** 2),
        ),
        Mistake(
            "theta_sign",
            "The step multiplies by 1 + θΔt in your formula: then nothing is stationary. It is 1 − θΔt.",
            lambda theta, sigma, dt: sigma**2 * dt / ((1 + theta * dt) ** 2 - 1),
        ),
        Mistake(
            "sum_for_difference",
            "The denominator is 1 − (1 − θΔt)², with a minus: bring (1 − θΔt)² v to the left side.",
            lambda theta, sigma, dt: sigma**2 * dt / (1 + (1 - theta * dt) ** 2),
        ),
        Mistake(
            "continuous_variance",
            "σ²Δt/(2θΔt) is the limit of small steps: the term (θΔt)² does not vanish here.",
            lambda theta, sigma, dt: sigma**2 * dt / (2 * theta),
        ),
        Mistake(
            "missing_square",
            "σ²/θ: the contraction is not squared, or a factor is lost.",
            lambda theta, sigma, dt: sigma**2 / theta,
        ),
    ),
)


# 2. Replay


def draw_replay_buffer(rng):
    shapes = (  # capacity, adds, draws
        (7, 7 * 2 + int(rng.integers(2, 6)), 200),  # wrapped more than twice
        (6, 6 + int(rng.integers(2, 4)), 800),  # wrapped by a part: some slots were written twice
        (9, 6, 200),  # not yet full
        (5, 5, 200),  # exactly full
    )
    return [
        dict(capacity=c, adds=a, batch=3, draws=n, seed=int(rng.integers(1, 2**31))) for c, a, n in shapes
    ]


def replay_buffer(capacity, adds, batch, draws, seed):
    """What is certain of a buffer: its lengths. Its draws are judged by `fair`."""
    lengths = np.minimum(np.arange(1, adds + 1), capacity)
    held = 1001.0 + np.arange(max(0, adds - capacity), adds)
    return dict(
        lengths=lengths,
        length_after=min(adds, capacity),
        draws=np.resize(held, (draws, batch)),  # their shape only
        again=np.resize(held, (5, batch)),
    )


FALSE_ALARM = 1e-6  # of one check on a right buffer: all tests of a check together, a union bound


def fair(case, answer, tolerance=0.0):
    """Lengths exact, every draw from the newest `capacity` items, uniform and not in runs.

    Each count k of N draws is judged by Chernoff's bound, P ≤ 2 exp(−N KL(k/N ‖ p)); it holds for draws with
    replacement, and for draws without (Hoeffding 1963, §6).
    """
    expected = replay_buffer(**case)
    if any(answer[key].shape != np.shape(value) for key, value in expected.items()):
        return False
    if not np.array_equal(answer["lengths"], expected["lengths"]):
        return False
    return (
        answer["length_after"] == expected["length_after"]
        and support_right(case, answer)
        and even(case, answer)
    )


def held_items(case):
    return 1001.0 + np.arange(max(0, case["adds"] - case["capacity"]), case["adds"])


def support_right(case, answer):
    return set(np.unique(answer["draws"])) == set(held_items(case))


def surprising(k, n, p, tests=100):
    """Is a count of k among n, each of probability p, too rare for one of `tests` tests?"""
    q = k / n
    kl = sum(a * np.log(a / b) for a, b in ((q, p), (1 - q, 1 - p)) if a > 0)
    return 2 * np.exp(-n * kl) < FALSE_ALARM / tests


def even(case, answer):
    held, draws = held_items(case), answer["draws"]
    counts = [(draws == item).sum() for item in held]
    fair_counts = not any(surprising(k, draws.size, 1 / len(held)) for k in counts)
    return fair_counts and not in_runs(case, answer) and not repeats(case, answer)


def repeats(case, answer):
    """Are batches one item repeated, more often than chance allows?"""
    draws = answer["draws"]
    same, chance = (
        np.all(draws == draws[:, :1], axis=1).sum(),
        len(held_items(case)) ** (1.0 - draws.shape[1]),
    )
    return same > chance * len(draws) and surprising(same, len(draws), chance)


def in_runs(case, answer):
    """Are batches runs of neighbours (in age, cyclically) more often than chance allows?"""
    held, draws = held_items(case), np.sort(answer["draws"], axis=1) - 1001
    size, batch = len(held), draws.shape[1]
    if batch >= size - 1:
        return False
    gaps = np.diff(np.concatenate([draws, draws[:, :1] + size], axis=1), axis=1)
    runs = ((gaps == 1).sum(axis=1) == batch - 1).sum()
    chance = size / float(np.prod([size - i for i in range(batch)])) * float(np.prod(range(1, batch + 1)))
    return runs > chance * len(draws) and surprising(runs, len(draws), chance)


def lengths_are(rule):
    return lambda case, answer: np.array_equal(
        answer["lengths"], [rule(n, case["capacity"]) for n in range(1, case["adds"] + 1)]
    )


def counts_all(case, answer):
    return case["adds"] > case["capacity"] and lengths_are(lambda n, c: n)(case, answer)


def first_items_stay(case, answer):
    return case["adds"] > case["capacity"] and answer["draws"].max() <= 1000 + case["capacity"]


def unused_slots(case, answer):
    return bool(np.any((answer["draws"] < 1001) | (answer["draws"] > 1000 + case["adds"])))


def misses(which):
    def shows(case, answer):
        missing = set(held_items(case)) - set(np.unique(answer["draws"]))
        extra = set(np.unique(answer["draws"])) - set(held_items(case))
        return not extra and missing == {held_items(case)[which]}

    return shows


def misses_a_slot(case, answer):
    """One slot of the ring is never drawn (which item lies there depends on the wrap)."""
    drawn = set(np.unique(answer["draws"]))
    return drawn < set(held_items(case)) and len(drawn) == len(held_items(case)) - 1


def old_items(case, answer):
    return bool(np.any(answer["draws"] < held_items(case)[0])) and not unused_slots(case, answer)


def one_batch(case, answer):
    return bool(np.all(answer["draws"] == answer["draws"][:1]))


def newest_only(case, answer):
    drawn = np.unique(answer["draws"])
    return len(drawn) < len(held_items(case)) and set(drawn) == set(held_items(case)[-len(drawn) :])


def oldest_only(case, answer):
    drawn = np.unique(answer["draws"])
    return len(drawn) < len(held_items(case)) and set(drawn) == set(held_items(case)[: len(drawn)])


def uses_seed(cases, answers):
    if all(np.array_equal(a["draws"][:5], a["again"]) for a in answers):
        return ""
    return "(Two buffers with the same rng drew differently: draw from rng, and a run can be repeated.)"


REPLAY_BUFFER = Exercise(
    name="ReplayBuffer",
    homework=3,
    asks="a ring of the newest `capacity` items, drawn from uniformly",
    points=5,
    minutes=20,
    difficulty=2,
    draw=draw_replay_buffer,
    reference=replay_buffer,
    right=fair,
    remark=uses_seed,
    random=True,
    mistakes=(
        Mistake(
            "returns_indices",
            "These look like positions in the buffer, not like the items stored there: return the items.",
            shows=lambda case, answer: bool(
                np.all(answer["draws"] < case["capacity"]) and np.any(answer["draws"] > 0)
            ),
        ),
        Mistake(
            "unbounded",
            "The buffer grows past its capacity. When it is full, the newest item must take the place of "
            "the oldest.",
            shows=lambda case, answer: counts_all(case, answer) and old_items(case, answer),
        ),
        Mistake(
            "wrong_length",
            "len(buffer) counts every item ever added. It must be what is stored: min(added, capacity).",
            shows=lambda case, answer: counts_all(case, answer) and not old_items(case, answer),
        ),
        Mistake(
            "empty_slots",
            "Slots that hold nothing yet are drawn: sample among the len(buffer) items stored, not among "
            "capacity.",
            shows=unused_slots,
        ),
        Mistake(
            "wrong_length",
            "len(buffer) is the capacity from the start. It must be what is stored: min(added, capacity).",
            shows=lambda case, answer: lengths_are(lambda n, c: c)(case, answer),
        ),
        Mistake(
            "drops_newest",
            "Once full, your buffer ignores new items. It must drop the oldest, or the agent stops learning"
            " from what it does.",
            shows=first_items_stay,
        ),
        Mistake(
            "clears_when_full",
            "The buffer empties itself when it is full. Only the oldest item must go.",
            shows=lambda case, answer: bool(np.any(np.diff(answer["lengths"]) < 0)),
        ),
        Mistake(
            "off_by_one",
            "The buffer holds one item fewer or more than its capacity: check the comparison with capacity,"
            " and the modulus.",
            shows=lambda case, answer: (
                lengths_are(lambda n, c: min(n, c - 1))(case, answer)
                or lengths_are(lambda n, c: min(n, c + 1))(case, answer)
            ),
        ),
        Mistake(
            "wrong_length",
            "len(buffer) is the place where the next item goes, not the number of items stored.",
            shows=lambda case, answer: (
                lengths_are(lambda n, c: n % c)(case, answer)
                or lengths_are(lambda n, c: (n - 1) % c)(case, answer)
            ),
        ),
        Mistake(
            "removes_on_sample",
            "Drawing takes items out of the buffer. A transition may be drawn again: that is where replay's"
            " data efficiency comes from.",
            shows=lambda case, answer: answer["length_after"] < answer["lengths"][-1],
        ),
        Mistake("misses_oldest", "The oldest item is never drawn: indices start at 0.", shows=misses(0)),
        Mistake(
            "misses_newest",
            "The newest item is never drawn: the upper end of rng.integers is already excluded.",
            shows=misses(-1),
        ),
        Mistake(
            "newest_only",
            "Only the newest items are drawn. Replay decorrelates because it draws from everything stored.",
            shows=newest_only,
        ),
        Mistake(
            "oldest_only", "Only the oldest items are drawn. Draw from everything stored.", shows=oldest_only
        ),
        Mistake(
            "same_batch",
            "Every call of sample returns the same batch: draw new indices in every call, from the generator "
            "that __init__ was given.",
            shows=one_batch,
        ),
        Mistake(
            "wrong_length",
            "len(buffer) must be min(added, capacity) after every add.",
            shows=lambda case, answer: (
                not np.array_equal(answer["lengths"], replay_buffer(**case)["lengths"])
            ),
        ),
        Mistake(
            "misses_a_slot",
            "One slot is never drawn: check both ends of the index range (rng.integers excludes the upper "
            "end).",
            shows=misses_a_slot,
        ),
        Mistake(
            "not_fifo",
            "Items are overwritten in the wrong order: some older than the newest `capacity` survive. Write"
            " to slot "
            "(number added) mod capacity.",
            shows=old_items,
        ),
        Mistake(
            "repeated_item",
            "A batch is one item repeated. Draw each item of the batch on its own.",
            shows=repeats,
        ),
        Mistake(
            "consecutive",
            "Batches are runs of neighbours. Neighbouring transitions are correlated, which replay is there"
            " to break: "
            "draw each item on its own.",
            shows=lambda case, answer: support_right(case, answer) and in_runs(case, answer),
        ),
        Mistake(
            "not_uniform",
            "Some items are drawn more often than others. Every stored item must be equally likely.",
            shows=lambda case, answer: not even(case, answer),
        ),
    ),
)


# 3. Targets


def draw_polyak(rng):
    return [
        dict(target=rng.normal(0, 1, n), online=rng.normal(0, 1, n), tau=tau)
        for n, tau in zip((4, 3, 6, 5, 2), (0.05, 0.1, 0.3, 0.8, 0.005), strict=True)
    ]


def polyak(target, online, tau):
    """θ′ ← (1 − τ)θ′ + τθ."""
    return (1 - tau) * target + tau * online


POLYAK = Exercise(
    name="polyak",
    homework=3,
    asks="the target's parameters after one step of size τ towards the online ones",
    points=2,
    minutes=5,
    difficulty=1,
    draw=draw_polyak,
    reference=polyak,
    mistakes=(
        Mistake(
            "tau_swapped",
            "τ and 1 − τ are swapped: with a small τ the target must stay almost where it is.",
            lambda target, online, tau: tau * target + (1 - tau) * online,
        ),
        Mistake(
            "hard_copy",
            "This copies the online network. The target must move by the fraction τ only.",
            lambda target, online, tau: online,
        ),
        Mistake(
            "target_unchanged",
            "The target does not move: add τ(online − target).",
            lambda target, online, tau: target,
        ),
        Mistake(
            "missing_one_minus_tau",
            "The old target is not shrunk by 1 − τ, so the weights sum to 1 + τ and the target grows.",
            lambda target, online, tau: target + tau * online,
        ),
        Mistake(
            "sign",
            "The target moves away from the online network: the step is +τ(online − target).",
            lambda target, online, tau: target - tau * (online - target),
        ),
        Mistake(
            "step_only",
            "This is the step. Add it to the target.",
            lambda target, online, tau: tau * (online - target),
        ),
        Mistake(
            "forgets_target",
            "The old target has no part in the result: (1 − τ)·target is missing.",
            lambda target, online, tau: tau * online,
        ),
        Mistake(
            "forgets_online",
            "The online network has no part in the result: τ·online is missing.",
            lambda target, online, tau: (1 - tau) * target,
        ),
        Mistake(
            "tau_ignored",
            "This is the plain average: the weights are 1 − τ and τ.",
            lambda target, online, tau: (target + online) / 2,
        ),
        Mistake(
            "tau_ignored",
            "τ is not used: the weights are 1 − τ and τ.",
            lambda target, online, tau: target + online,
        ),
        Mistake(
            "minus_for_plus",
            "The online part is subtracted: the weights 1 − τ and τ are both positive.",
            lambda target, online, tau: (1 - tau) * target - tau * online,
        ),
        Mistake(
            "minus_for_plus",
            "The weight of the target is 1 + τ. It is 1 − τ: the two weights must sum to 1.",
            lambda target, online, tau: (1 + tau) * target + tau * online,
        ),
        Mistake(
            "missing_tau_weight",
            "The online part lacks its weight τ.",
            lambda target, online, tau: (1 - tau) * target + online,
        ),
        Mistake(
            "averages_parameters",
            "All parameters became one number: the average runs over the two networks, entry by entry.",
            lambda target, online, tau: np.full(target.shape, np.mean((1 - tau) * target + tau * online)),
        ),
        Mistake(
            "tau_squared",
            "τ is applied twice.",
            lambda target, online, tau: target + tau**2 * (online - target),
        ),
    ),
)


def terminal_mask(rng, n):
    """Zeros and ones, at least one of each."""
    mask = rng.random(n) < 0.4
    mask[:2] = (True, False)
    return rng.permutation(mask)


def draw_ddpg_target(rng):
    return [
        dict(
            reward=rng.normal(0.5, 1, n),
            terminated=terminal_mask(rng, n),
            next_q=rng.normal(2, 3, n),
            gamma=rng.uniform(0.8, 0.95),
        )
        for n in (5, 4, 7, 6, 3)
    ]


def ddpg_target(reward, terminated, next_q, gamma):
    """y = r + γ(1 − terminated) Q′(s′, μ′(s′))."""
    return returns.td_target(reward, terminated, next_q, gamma)


TERMINAL = (
    "The target bootstraps from terminal states. After termination there is no further reward: "
    "multiply by 1 − terminated."
)
INVERTED = "The mask is inverted: it keeps terminal states and drops the others. Multiply by 1 − terminated."
REWARD_MASKED = (
    "The mask also removes the reward. The last reward of an episode is real: mask only γ·Q(s′, a′)."
)
DISCOUNT = "γ is missing: the value of the next state comes one step later."
REWARD_DISCOUNTED = (
    "The reward is discounted too. It is received now; only the next value comes one step later."
)
NO_BOOTSTRAP = "Nothing is bootstrapped: add γ(1 − terminated)·Q(s′, a′)."
NO_REWARD = "The reward is missing: y = r + γ(1 − terminated)·Q(s′, a′)."
MINUS = "The bootstrap is subtracted: y = r + γ(1 − terminated)·Q(s′, a′)."
ONE_MINUS = "Q is multiplied by 1 − γ. The discount is γ; 1 − γ only normalises."
AVERAGED = "The batch became one number. Each transition has its own target: average in the loss, not here."


def bootstrap_mistakes(q):
    """Mistakes of y = r + γ(1 − t) q, for a rule `q` that gives the next value from a case's inputs."""

    def rule(name, hint, y):
        def gives(reward, terminated, gamma, **next_values):
            return y(reward, np.asarray(terminated, dtype=float), q(**next_values), gamma)

        return Mistake(name, hint, gives)

    return (
        rule("bootstrap_on_terminal", TERMINAL, lambda r, t, v, g: r + g * v),
        rule("mask_inverted", INVERTED, lambda r, t, v, g: r + g * t * v),
        rule("reward_masked", REWARD_MASKED, lambda r, t, v, g: (1 - t) * (r + g * v)),
        rule("no_discount", DISCOUNT, lambda r, t, v, g: r + (1 - t) * v),
        rule("mask_on_reward", REWARD_MASKED, lambda r, t, v, g: (1 - t) * r + g * v),
        rule("reward_discounted", REWARD_DISCOUNTED, lambda r, t, v, g: g * (r + (1 - t) * v)),
        rule("no_bootstrap", NO_BOOTSTRAP, lambda r, t, v, g: r),
        rule("no_reward", NO_REWARD, lambda r, t, v, g: g * (1 - t) * v),
        rule("sign", MINUS, lambda r, t, v, g: r - g * (1 - t) * v),
        rule("one_minus_gamma", ONE_MINUS, lambda r, t, v, g: r + (1 - g) * (1 - t) * v),
        rule("discount_squared", "γ is applied twice.", lambda r, t, v, g: r + g**2 * (1 - t) * v),
        rule("averaged_over_batch", AVERAGED, lambda r, t, v, g: np.mean(r + g * (1 - t) * v)),
        rule("averaged_over_batch", AVERAGED, lambda r, t, v, g: r + g * (1 - t) * np.mean(v)),
        rule(
            "bootstrap_on_terminal",
            TERMINAL + " (The discount is missing, too.)",
            lambda r, t, v, g: r + v,
        ),
        rule(
            "discount_on_terminal",
            "The mask took the place of γ: for states that go on, Q must still be multiplied by γ.",
            lambda r, t, v, g: r + np.where(t > 0, g * v, v),
        ),
        rule(
            "reward_only_at_end",
            "Rewards of transitions that go on are lost. Every transition has one.",
            lambda r, t, v, g: t * r + (1 - t) * g * v,
        ),
        rule(
            "mask_added",
            "The mask is subtracted, not multiplied: γ(1 − terminated)·Q.",
            lambda r, t, v, g: r + g * v - t,
        ),
        rule(
            "mask_added",
            "The mask is subtracted, not multiplied: γ(1 − terminated)·Q.",
            lambda r, t, v, g: r + g * (v - t),
        ),
        rule(
            "wrong_shape",
            "The answer has one row per transition and one column per transition: a column (B, 1) met a row"
            " (B,). "
            "Print the shapes.",
            lambda r, t, v, g: r + (g * (1 - t) * v)[:, None],
        ),
    )


DDPG_TARGET = Exercise(
    name="ddpg_target",
    homework=3,
    asks="the critic's regression target, one per transition",
    points=4,
    minutes=10,
    difficulty=1,
    draw=draw_ddpg_target,
    reference=ddpg_target,
    mistakes=(
        *bootstrap_mistakes(lambda next_q: next_q),
        Mistake(
            "future_rewards",
            "The rewards of later rows are added. The rows of a replay batch are unrelated transitions: one"
            " step, then Q.",
            lambda reward, terminated, next_q, gamma: (
                reward
                + gamma * (1 - terminated) * np.append(reward[1:], 0.0)
                + gamma * (1 - terminated) * next_q
            ),
        ),
        Mistake(
            "shifted",
            "Row i uses the next value of row i + 1. next_q[i] already belongs to the successor of row i.",
            lambda reward, terminated, next_q, gamma: reward + gamma * (1 - terminated) * np.roll(next_q, -1),
        ),
        Mistake(
            "shifted",
            "Row i uses the next value of row i + 1. next_q[i] already belongs to the successor of row i.",
            lambda reward, terminated, next_q, gamma: (
                reward + gamma * (1 - terminated) * np.append(next_q[1:], 0.0)
            ),
        ),
        Mistake(
            "value_clipped",
            "Negative next values are cut to 0. Values may be negative: use them as they are.",
            lambda reward, terminated, next_q, gamma: (
                reward + gamma * (1 - terminated) * np.maximum(next_q, 0)
            ),
        ),
    ),
)


def draw_td3_target(rng):
    cases = [
        dict(
            reward=rng.normal(0.5, 1, n),
            terminated=terminal_mask(rng, n),
            next_q1=rng.normal(1, 3, n),
            next_q2=rng.normal(1, 3, n),
            gamma=rng.uniform(0.8, 0.95),
        )
        for n in (6, 5, 8, 4, 7, 4, 5)
    ]
    for case, sign in zip(cases[-2:], (1, -1), strict=True):  # one critic below the other, everywhere
        case["next_q2"] = case["next_q1"] + sign * rng.uniform(0.5, 3, len(case["next_q1"]))
    return cases


def td3_target(reward, terminated, next_q1, next_q2, gamma):
    """y = r + γ(1 − terminated) minᵢ Q′ᵢ(s′, a′)."""
    return returns.clipped_double_q_target(reward, terminated, np.stack([next_q1, next_q2]), gamma)


def picked(name, hint, pick):
    """A wrong way to make one value of two critics."""
    return Mistake(
        name,
        hint,
        lambda reward, terminated, next_q1, next_q2, gamma: (
            reward + gamma * (1 - terminated) * pick(next_q1, next_q2)
        ),
    )


TD3_TARGET = Exercise(
    name="td3_target",
    homework=3,
    asks="the clipped double-Q target, one per transition",
    points=4,
    minutes=10,
    difficulty=1,
    draw=draw_td3_target,
    reference=td3_target,
    mistakes=(
        picked(
            "max_for_min",
            "This takes the larger critic, which makes overestimation worse. Take the smaller of the two.",
            np.maximum,
        ),
        picked(
            "mean_for_min",
            "This averages the critics: less noise, the same bias upwards. Take the smaller of the two.",
            lambda a, b: (a + b) / 2,
        ),
        picked(
            "first_critic_only",
            "Only the first critic is used: that is DDPG. Take the smaller of the two, entry by entry.",
            lambda a, b: a,
        ),
        picked(
            "second_critic_only",
            "Only the second critic is used. Take the smaller of the two.",
            lambda a, b: b,
        ),
        picked(
            "min_over_batch",
            "The smallest value of the whole batch is used. The minimum runs over the two critics, entry by"
            " entry.",
            lambda a, b: np.full(a.shape, min(a.min(), b.min())),
        ),
        picked(
            "one_critic_for_batch",
            "One critic is chosen for the whole batch. The minimum is taken entry by entry.",
            lambda a, b: a if a.mean() < b.mean() else b,
        ),
        picked(
            "one_critic_for_batch",
            "One critic is chosen for the whole batch. The minimum is taken entry by entry.",
            lambda a, b: a if a.min() < b.min() else b,
        ),
        picked(
            "one_critic_for_batch",
            "One critic is chosen for the whole batch by its first entry. Take the minimum entry by entry.",
            lambda a, b: a if a[0] < b[0] else b,
        ),
        picked(
            "one_critic_for_batch",
            "One critic is chosen for the whole batch. The minimum is taken entry by entry.",
            lambda a, b: a if np.all(a < b) else b,
        ),
        picked(
            "one_critic_for_batch",
            "One critic is chosen for the whole batch. The minimum is taken entry by entry.",
            lambda a, b: a if np.any(a < b) else b,
        ),
        picked(
            "soft_minimum",
            "The larger critic still has a weight. TD3 takes the smaller one alone.",
            lambda a, b: 0.75 * np.minimum(a, b) + 0.25 * np.maximum(a, b),
        ),
        picked("sum_for_min", "The critics are added. Take the smaller of the two.", lambda a, b: a + b),
        picked(
            "smallest_magnitude",
            "This takes the value nearest to zero. The minimum is signed: −3 is smaller than 1.",
            lambda a, b: np.where(np.abs(a) < np.abs(b), a, b),
        ),
        picked(
            "min_over_batch",
            "Each critic's own smallest value is used. The minimum runs over the two critics, entry by "
            "entry.",
            lambda a, b: np.full(a.shape, a.min()),
        ),
        Mistake(
            "target_per_critic",
            "Each critic gets its own target. Both must regress to the same one, made from the smaller "
            "value.",
            lambda reward, terminated, next_q1, next_q2, gamma: (
                reward + gamma * (1 - terminated) * np.stack([next_q1, next_q2])
            ),
        ),
        Mistake(
            "target_per_critic",
            "Each critic gets its own target. Both must regress to the same one, made from the smaller "
            "value.",
            lambda reward, terminated, next_q1, next_q2, gamma: (
                (reward + gamma * (1 - terminated) * np.stack([next_q1, next_q2])).T
            ),
        ),
        *bootstrap_mistakes(lambda next_q1, next_q2: np.minimum(next_q1, next_q2)),
        Mistake(
            "mask_on_one_critic",
            "Only one critic is masked before the minimum: at terminal states the other one still leaks in."
            " Mask after it.",
            lambda reward, terminated, next_q1, next_q2, gamma: (
                reward + gamma * np.minimum((1 - terminated) * next_q1, next_q2)
            ),
        ),
        Mistake(
            "mask_on_one_critic",
            "Only one critic is masked before the minimum: at terminal states the other one still leaks in."
            " Mask after it.",
            lambda reward, terminated, next_q1, next_q2, gamma: (
                reward + gamma * np.minimum(next_q1, (1 - terminated) * next_q2)
            ),
        ),
        Mistake(
            "max_for_min",
            "This takes the larger critic, and bootstraps from terminal states. Take the smaller, times 1 −"
            " terminated.",
            lambda reward, terminated, next_q1, next_q2, gamma: reward + gamma * np.maximum(next_q1, next_q2),
        ),
        Mistake(
            "min_with_reward",
            "The reward takes part in the minimum. It runs over the two critics only.",
            lambda reward, terminated, next_q1, next_q2, gamma: np.minimum(
                reward + gamma * (1 - terminated) * next_q1, gamma * (1 - terminated) * next_q2
            ),
        ),
    ),
)


def draw_smoothed_action(rng):
    cases = []
    for batch, dims in ((6, 2), (5, 3), (8, 2), (7, 1), (6, 2)):
        action = rng.uniform(-1, 1, (batch, dims))
        xi = rng.normal(0, 1.5, (batch, dims))
        action[:5, 0] = (0.95, -0.95, 0.9, -0.2, -0.9)  # the action's clamp bites, at both ends
        xi[:5, 0] = (1.9, -2.1, -2.8, 2.9, 6.0)  # the noise's clip bites, at both ends; once σξ > 1
        cases.append(
            dict(next_action=action, xi=xi, sigma=rng.uniform(0.2, 0.3), clip=rng.uniform(0.3, 0.45))
        )
    return cases


def smoothed_action(next_action, xi, sigma, clip):
    """ã = clip(a′ + clip(σξ, −c, c), −1, 1)."""
    return np.clip(next_action + np.clip(sigma * xi, -clip, clip), -1, 1)


UNCLIPPED = "The noise is not clipped. A rare large draw reaches actions far away: clip σξ to [−c, c] first."
UNCLAMPED = "The sum is not clamped. Actions live in [−1, 1]; the critic has never seen others."
ONE_NOISE = "One noise is shared by the whole batch, or by all action dimensions. Every entry has its own ξ."


def noisy(name, hint, noise):
    """A wrong noise, rightly added and clamped."""
    return Mistake(
        name, hint, lambda next_action, xi, sigma, clip: np.clip(next_action + noise(xi, sigma, clip), -1, 1)
    )


SMOOTHED_ACTION = Exercise(
    name="smoothed_action",
    homework=3,
    asks="the target action with clipped noise, clamped to [−1, 1]",
    points=4,
    minutes=10,
    difficulty=2,
    draw=draw_smoothed_action,
    reference=smoothed_action,
    mistakes=(
        noisy("noise_unclipped", UNCLIPPED, lambda xi, s, c: s * xi),
        Mistake(
            "action_unclamped",
            UNCLAMPED,
            lambda next_action, xi, sigma, clip: next_action + np.clip(sigma * xi, -clip, clip),
        ),
        Mistake(
            "nothing_clipped",
            "Neither the noise nor the action is clipped: clip σξ to [−c, c], then the sum to [−1, 1].",
            lambda next_action, xi, sigma, clip: next_action + sigma * xi,
        ),
        noisy("one_noise_for_batch", ONE_NOISE, lambda xi, s, c: np.clip(s * xi[:1], -c, c)),
        noisy("one_noise_for_batch", ONE_NOISE, lambda xi, s, c: np.clip(s * xi[:1, :1], -c, c)),
        noisy("one_noise_for_batch", ONE_NOISE, lambda xi, s, c: np.clip(s * xi[:, :1], -c, c)),
        noisy("one_noise_for_batch", ONE_NOISE, lambda xi, s, c: np.clip(s * xi.mean(), -c, c)),
        noisy("one_noise_for_batch", ONE_NOISE, lambda xi, s, c: np.clip(s * xi.mean(0), -c, c)),
        noisy("one_noise_for_batch", ONE_NOISE, lambda xi, s, c: np.clip(s * xi[-1:], -c, c)),
        noisy(
            "clip_before_scaling",
            "ξ is clipped before it is multiplied by σ, so the noise never reaches ±c. Clip the product σξ.",
            lambda xi, s, c: s * np.clip(xi, -c, c),
        ),
        Mistake(
            "clips_the_sum",
            "The whole action is clipped to [−c, c]. c bounds the noise; the action's bounds are −1 and 1.",
            lambda next_action, xi, sigma, clip: np.clip(next_action + sigma * xi, -clip, clip),
        ),
        Mistake(
            "clips_the_sum",
            "The action is clipped to [−c, c] in the end. c bounds the noise; the action's bounds are −1 "
            "and 1.",
            lambda next_action, xi, sigma, clip: np.clip(
                next_action + np.clip(sigma * xi, -clip, clip), -clip, clip
            ),
        ),
        noisy(
            "sigma_ignored", "σ is not used: the noise is σξ, clipped.", lambda xi, s, c: np.clip(xi, -c, c)
        ),
        noisy("no_noise", "No noise is added: the target is not smoothed.", lambda xi, s, c: 0 * xi),
        noisy(
            "noise_sign",
            "The noise is subtracted. In law that is the same; here, add it.",
            lambda xi, s, c: -np.clip(s * xi, -c, c),
        ),
        noisy(
            "one_sided_clip",
            "Only large positive noise is clipped. Clip at −c as well.",
            lambda xi, s, c: np.minimum(s * xi, c),
        ),
        noisy(
            "one_sided_clip",
            "Only large negative noise is clipped. Clip at +c as well.",
            lambda xi, s, c: np.maximum(s * xi, -c),
        ),
        noisy(
            "one_sided_clip",
            "Negative noise is lost: clip to [−c, c], not to [0, c].",
            lambda xi, s, c: np.clip(s * xi, 0, c),
        ),
        noisy(
            "variance_for_sd",
            "The noise is scaled by σ². σ is the standard deviation: σξ.",
            lambda xi, s, c: np.clip(s**2 * xi, -c, c),
        ),
        noisy(
            "variance_for_sd",
            "The noise is scaled by √σ. σ is the standard deviation: σξ.",
            lambda xi, s, c: np.clip(np.sqrt(s) * xi, -c, c),
        ),
        noisy(
            "wrong_noise_bounds",
            "The noise is clipped to [−1, 1]. Its bound is c; −1 and 1 bound the action.",
            lambda xi, s, c: np.clip(s * xi, -1, 1),
        ),
        noisy(
            "wrong_noise_bounds",
            "The noise is clipped to [−σ, σ]. Its bound is c.",
            lambda xi, s, c: np.clip(s * xi, -s, s),
        ),
        Mistake(
            "multiplied",
            "The noise multiplies the action. It is added.",
            lambda next_action, xi, sigma, clip: np.clip(
                next_action * (1 + np.clip(sigma * xi, -clip, clip)), -1, 1
            ),
        ),
        Mistake(
            "tanh_for_clip",
            "The sum is squashed by tanh, which moves actions inside [−1, 1] too. Clamp it.",
            lambda next_action, xi, sigma, clip: np.tanh(next_action + np.clip(sigma * xi, -clip, clip)),
        ),
        Mistake(
            "noise_only",
            "This is the noise alone: add it to the action.",
            lambda next_action, xi, sigma, clip: np.clip(sigma * xi, -clip, clip),
        ),
        Mistake(
            "one_sided_clip",
            "The action is clamped at one end only: −1 and 1 both bound it.",
            lambda next_action, xi, sigma, clip: np.minimum(
                next_action + np.clip(sigma * xi, -clip, clip), 1
            ),
        ),
        Mistake(
            "one_sided_clip",
            "The action is clamped at one end only: −1 and 1 both bound it.",
            lambda next_action, xi, sigma, clip: np.maximum(
                next_action + np.clip(sigma * xi, -clip, clip), -1
            ),
        ),
        Mistake(
            "wrong_action_bounds",
            "The action is clamped to [0, 1]. It lives in [−1, 1].",
            lambda next_action, xi, sigma, clip: np.clip(
                next_action + np.clip(sigma * xi, -clip, clip), 0, 1
            ),
        ),
    ),
)


# 4. The actor


def draw_actor_loss(rng):
    return [
        dict(
            observation=rng.normal(0, 1, (batch, 3)),
            action=rng.uniform(-1, 1, (batch, dims)),
            actor_weights=rng.normal(0, 0.6, (3, dims)),
            critic_weights=rng.normal(0, 1, (3, dims)),
            critic_curvature=rng.uniform(0.2, 1.0, dims),
        )
        for batch, dims in ((5, 2), (4, 1), (7, 3))
    ]


def actor_loss_with(action_of=None, q=None, detached=False):
    """The loss −mean Q(o, μ(o)) and its gradient in closed form, with one thing exchanged."""

    def gives(observation, action, actor_weights, critic_weights, critic_curvature):
        mu = np.tanh(observation @ actor_weights)
        slope = np.tanh(observation @ critic_weights)
        used = action if action_of == "replay" else mu
        values = (slope * used).sum(-1) - 0.5 * (critic_curvature * used**2).sum(-1)
        loss, weights = (q or (lambda v: (-v.mean(), np.full(len(v), -1 / len(v)))))(values)
        dq_da = slope - critic_curvature * mu
        gradient = observation.T @ (weights[:, None] * dq_da * (1 - mu**2))
        if detached or action_of == "replay":
            gradient = np.zeros_like(gradient)
        return dict(value=loss, gradient=gradient)

    return gives


ACTOR_LOSS = Exercise(
    name="actor_loss",
    homework=3,
    asks="the loss whose descent raises Q(o, μ(o))",
    points=4,
    minutes=10,
    difficulty=2,
    draw=draw_actor_loss,
    reference=actor_loss_with(),
    mistakes=(
        Mistake(
            "sign",
            "An optimiser descends, so this loss makes Q smaller. The loss is minus the mean of Q.",
            actor_loss_with(q=lambda v: (v.mean(), np.full(len(v), 1 / len(v)))),
        ),
        Mistake(
            "replay_action",
            "The actions come from the replay batch, so the loss does not depend on the actor. Ask the "
            "actor: Q(o, μ(o)).",
            actor_loss_with(action_of="replay"),
        ),
        Mistake(
            "replay_action",
            "The actions come from the replay batch, so the loss does not depend on the actor, and its sign"
            " is wrong. "
            "Use −mean Q(o, μ(o)).",
            actor_loss_with(action_of="replay", q=lambda v: (v.mean(), v)),
        ),
        Mistake(
            "sum_for_mean",
            "The loss sums over the batch: doubling the batch would double the step. Take the mean.",
            actor_loss_with(q=lambda v: (-v.sum(), -np.ones(len(v)))),
        ),
        Mistake(
            "detached_action",
            "The value is right but no gradient reaches the actor: is its action detached, or computed "
            "under no_grad?",
            actor_loss_with(detached=True),
        ),
        Mistake(
            "squared",
            "Q is squared. There is nothing to regress to here: the actor climbs Q itself.",
            actor_loss_with(q=lambda v: (np.mean(v**2), 2 * v / len(v))),
        ),
        Mistake(
            "squared",
            "Q is squared. There is nothing to regress to here: the actor climbs Q itself.",
            actor_loss_with(q=lambda v: (-np.mean(v**2), -2 * v / len(v))),
        ),
        Mistake(
            "first_only",
            "Only the first transition of the batch counts. Average over all of them.",
            actor_loss_with(q=lambda v: (-v[0], -np.eye(len(v))[0])),
        ),
        Mistake(
            "max_for_mean",
            "Only the best transition of the batch counts. Average over all of them.",
            actor_loss_with(q=lambda v: (-v.max(), -np.eye(len(v))[v.argmax()])),
        ),
        Mistake(
            "behaviour_cloning",
            "This pulls the actor to the replayed actions. That is imitation: the actor must climb Q.",
            lambda observation, action, actor_weights, **_: dict(
                value=np.mean((np.tanh(observation @ actor_weights) - action) ** 2),
                gradient=observation.T
                @ (
                    2
                    * (np.tanh(observation @ actor_weights) - action)
                    / action.size
                    * (1 - np.tanh(observation @ actor_weights) ** 2)
                ),
            ),
        ),
        Mistake(
            "not_reduced",
            "The loss is one number per transition. Average them to one number.",
            lambda **case: dict(value=-q_values(**case), gradient=np.zeros_like(case["actor_weights"])),
        ),
    ),
)


def q_values(observation, action, actor_weights, critic_weights, critic_curvature):
    mu = np.tanh(observation @ actor_weights)
    return (np.tanh(observation @ critic_weights) * mu).sum(-1) - 0.5 * (critic_curvature * mu**2).sum(-1)


# 5. A silent bug


def draw_critic_loss(rng):
    return [
        dict(
            q=rng.normal(0, 2, (n, 1)),
            next_q=rng.normal(1, 2, (n, 1)),
            reward=rng.normal(0, 1, n),
            terminated=terminal_mask(rng, n),
            gamma=rng.uniform(0.8, 0.95),
        )
        for n in (4, 6, 5, 3)
    ]


def critic_loss(q, next_q, reward, terminated, gamma):
    """L = 1/B Σ (Q(s, a) − y)²."""
    return np.mean((q[:, 0] - ddpg_target(reward, terminated, next_q[:, 0], gamma)) ** 2)


def loss_of(error):
    return lambda q, next_q, reward, terminated, gamma: np.mean(
        error(q[:, 0], reward + gamma * (1 - terminated) * next_q[:, 0])
    )


BROADCAST = (
    "The loss still runs over B × B pairs: a column (B, 1) minus a row (B,) is a matrix (B, B). "
    "Give q and the target the same shape first."
)
CRITIC_LOSS = Exercise(
    name="critic_loss",
    homework=3,
    asks="the mean squared TD error, one number",
    points=3,
    minutes=10,
    difficulty=2,
    draw=draw_critic_loss,
    reference=critic_loss,
    mistakes=(
        Mistake(
            "broadcast",
            BROADCAST,
            lambda q, next_q, reward, terminated, gamma: np.mean(
                (q - (reward + gamma * (1 - terminated) * next_q)) ** 2
            ),
        ),
        Mistake("broadcast", BROADCAST, loss_of(lambda q, y: (q[:, None] - y) ** 2)),
        Mistake(
            "broadcast",
            BROADCAST,
            lambda q, next_q, reward, terminated, gamma: np.mean(
                (q[:, 0] - (reward + gamma * (1 - terminated) * next_q)) ** 2
            ),
        ),
        Mistake(
            "broadcast",
            BROADCAST,
            lambda q, next_q, reward, terminated, gamma: np.mean(
                (q - (reward[:, None] + gamma * (1 - terminated) * next_q)) ** 2
            ),
        ),
        Mistake(
            "broadcast",
            BROADCAST,
            lambda q, next_q, reward, terminated, gamma: np.mean(
                (q - (reward + gamma * (1 - terminated)[:, None] * next_q)) ** 2
            ),
        ),
        Mistake(
            "sum_for_mean",
            "The squares are summed. Take their mean.",
            lambda **case: critic_loss(**case) * len(case["q"]),
        ),
        Mistake(
            "half",
            "There is a factor ½ too many: the mean of the squares is asked.",
            lambda **case: critic_loss(**case) / 2,
        ),
        Mistake(
            "averaged_too_early",
            "The batch is averaged before the square, so errors of opposite sign cancel. Square first.",
            lambda q, next_q, reward, terminated, gamma: (
                np.mean(q[:, 0] - ddpg_target(reward, terminated, next_q[:, 0], gamma)) ** 2
            ),
        ),
        Mistake("missing_square", "The error is not squared.", loss_of(lambda q, y: np.abs(q - y))),
        Mistake("missing_square", "The error is not squared.", loss_of(lambda q, y: q - y)),
        Mistake("missing_square", "The error is not squared.", loss_of(lambda q, y: y - q)),
        Mistake(
            "root",
            "The root is taken. The mean of the squares is asked.",
            lambda **case: np.sqrt(critic_loss(**case)),
        ),
        Mistake(
            "not_reduced",
            "One loss per transition is left. Take the mean: one number.",
            lambda q, next_q, reward, terminated, gamma: (
                (q[:, 0] - ddpg_target(reward, terminated, next_q[:, 0], gamma)) ** 2
            ),
        ),
        Mistake(
            "bootstrap_on_terminal",
            TERMINAL,
            lambda q, next_q, reward, terminated, gamma: np.mean((q - reward[:, None] - gamma * next_q) ** 2),
        ),
        Mistake(
            "first_only",
            "Only the first transition counts. Average over the whole batch.",
            lambda q, next_q, reward, terminated, gamma: (
                (q[0, 0] - ddpg_target(reward, terminated, next_q[:, 0], gamma)[0]) ** 2
            ),
        ),
    ),
)


# 6. Overestimation


def draw_expected_maximum(rng):
    cases = []
    for actions, outcomes in ((2, 2), (3, 2), (2, 4), (4, 3), (3, 3), (1, 3)):
        values = rng.normal(0, 1, (actions, outcomes)) + 0.3 * rng.normal(0, 1, (actions, 1))
        cases.append(dict(values=values, probabilities=rng.dirichlet(np.ones(outcomes), actions)))
    return cases


def expected_maximum(values, probabilities):
    """E[maxₐ Q̂ₐ] = Σ over joint outcomes of Πₐ p(kₐ) · maxₐ values(a, kₐ)."""
    return over_outcomes(values, probabilities, max)


def over_outcomes(values, probabilities, statistic):
    actions = range(len(values))
    return sum(
        np.prod([probabilities[a, k] for a, k in zip(actions, joint, strict=True)])
        * statistic([values[a, k] for a, k in zip(actions, joint, strict=True)])
        for joint in itertools.product(range(values.shape[1]), repeat=len(values))
    )


INDEPENDENT = (
    "All actions share one outcome. Their estimates are independent: go over all joint outcomes (kₐ for "
    "every action a), "
    "each with the product of its probabilities."
)
EXPECTED_MAXIMUM = Exercise(
    name="expected_maximum",
    homework=3,
    asks="E[maxₐ Q̂ₐ] of independent estimates, exactly",
    points=4,
    minutes=15,
    difficulty=2,
    draw=draw_expected_maximum,
    reference=expected_maximum,
    mistakes=(
        Mistake(
            "max_of_means",
            "This is the maximum of the means, max E[Q̂]. The mean of the maximum is asked; it is larger, "
            "and that is the bias.",
            lambda values, probabilities: (values * probabilities).sum(1).max(),
        ),
        Mistake(
            "same_outcome",
            INDEPENDENT,
            lambda values, probabilities: (probabilities[0] * values.max(0)).sum(),
        ),
        Mistake(
            "same_outcome",
            INDEPENDENT,
            lambda values, probabilities: (probabilities.prod(0) * values.max(0)).sum(),
        ),
        Mistake(
            "same_outcome",
            INDEPENDENT,
            lambda values, probabilities: (
                (probabilities.prod(0) * values.max(0)).sum() / probabilities.prod(0).sum()
            ),
        ),
        Mistake(
            "same_outcome",
            INDEPENDENT,
            lambda values, probabilities: (probabilities.mean(0) * values.max(0)).sum(),
        ),
        Mistake(
            "same_outcome",
            INDEPENDENT,
            lambda values, probabilities: (probabilities * values.max(0)).sum(),
        ),
        Mistake(
            "same_outcome", INDEPENDENT, lambda values, probabilities: (probabilities * values).max(0).sum()
        ),
        Mistake(
            "same_outcome",
            INDEPENDENT + " (And weigh by the probabilities.)",
            lambda values, probabilities: values.max(0).mean(),
        ),
        Mistake(
            "same_outcome",
            INDEPENDENT,
            lambda values, probabilities: sum(
                values[:, k].max() * probabilities[values[:, k].argmax(), k] for k in range(values.shape[1])
            ),
        ),
        Mistake(
            "same_outcome",
            INDEPENDENT,
            lambda values, probabilities: (probabilities.max(0) * values.max(0)).sum(),
        ),
        Mistake(
            "unweighted",
            "All joint outcomes count alike. Weigh each by its probability: the product over the actions.",
            lambda values, probabilities: np.mean([max(joint) for joint in itertools.product(*values)]),
        ),
        Mistake(
            "unweighted",
            "The maxima are summed without probabilities.",
            lambda values, probabilities: np.sum([max(joint) for joint in itertools.product(*values)]),
        ),
        Mistake(
            "min_for_max",
            "This is E[min]. Take the largest estimate of each joint outcome.",
            lambda values, probabilities: over_outcomes(values, probabilities, min),
        ),
        Mistake(
            "largest_value",
            "This is the largest value there is. Average the maximum over the outcomes.",
            lambda values, probabilities: values.max(),
        ),
        Mistake(
            "max_then_mean",
            "The maximum runs over the outcomes of an action. It runs over the actions, within a joint "
            "outcome.",
            lambda values, probabilities: values.max(1).mean(),
        ),
        Mistake(
            "mean_for_max",
            "The estimates are averaged over the actions. Take the largest one.",
            lambda values, probabilities: over_outcomes(values, probabilities, np.mean),
        ),
        Mistake(
            "sum_for_max",
            "The estimates are added over the actions. Take the largest one.",
            lambda values, probabilities: over_outcomes(values, probabilities, sum),
        ),
        Mistake(
            "wrong_weight",
            "A joint outcome is weighed by one probability only. Independent outcomes: the product over all"
            " actions.",
            lambda values, probabilities: sum(
                probabilities[
                    np.argmax([values[a, k] for a, k in enumerate(joint)]),
                    joint[np.argmax([values[a, k] for a, k in enumerate(joint)])],
                ]
                * max(values[a, k] for a, k in enumerate(joint))
                for joint in itertools.product(range(values.shape[1]), repeat=len(values))
            ),
        ),
        Mistake(
            "wrong_weight",
            "The probabilities of a joint outcome are added. Independent outcomes: multiply them.",
            lambda values, probabilities: sum(
                sum(probabilities[a, k] for a, k in enumerate(joint))
                * max(values[a, k] for a, k in enumerate(joint))
                for joint in itertools.product(range(values.shape[1]), repeat=len(values))
            ),
        ),
        Mistake(
            "wrong_weight",
            "The probabilities of a joint outcome are averaged. Independent outcomes: multiply them.",
            lambda values, probabilities: sum(
                np.mean([probabilities[a, k] for a, k in enumerate(joint)])
                * max(values[a, k] for a, k in enumerate(joint))
                for joint in itertools.product(range(values.shape[1]), repeat=len(values))
            ),
        ),
        Mistake(
            "two_actions_only",
            "Only the first two actions take part. The maximum runs over all of them.",
            lambda values, probabilities: over_outcomes(values[:2], probabilities[:2], max),
        ),
        Mistake(
            "bias_only",
            "This is the bias, E[max] − max E. E[max] itself is asked.",
            lambda values, probabilities: (
                over_outcomes(values, probabilities, max) - (values * probabilities).sum(1).max()
            ),
        ),
        Mistake(
            "max_of_weighted",
            "The maximum is taken of probability × value. Take it of the values, then weigh.",
            lambda values, probabilities: (probabilities * values).max(),
        ),
        Mistake(
            "likeliest_outcome",
            "Only the likeliest outcome of each action counts. Average over all of them.",
            lambda values, probabilities: values[np.arange(len(values)), probabilities.argmax(1)].max(),
        ),
    ),
)


def draw_critic_bias(rng):
    return [
        dict(q=rng.normal(-8 if steps == 8 else 1, 2, steps), rewards=rng.normal(0.5, 1, steps), gamma=gamma)
        for steps, gamma in zip((5, 3, 8, 6, 4), rng.uniform(0.6, 0.9, 5).tolist(), strict=True)
    ]


def returns_to_go(rewards, gamma):
    """Gₜ = rₜ + γGₜ₊₁."""
    return returns.discounted_returns(rewards, np.zeros(len(rewards)), gamma)


def critic_bias(q, rewards, gamma):
    """1/T Σₜ (qₜ − Gₜ)."""
    return np.mean(q - returns_to_go(rewards, gamma))


def gap_to(other):
    """Mean gap to something else than the discounted return."""
    return lambda q, rewards, gamma: np.mean(q - other(rewards, gamma))


def powers(rewards, gamma):
    return gamma ** np.arange(len(rewards))


CRITIC_BIAS = Exercise(
    name="critic_bias",
    homework=3,
    asks="the mean of q_t minus the discounted return from t",
    points=4,
    minutes=10,
    difficulty=2,
    draw=draw_critic_bias,
    reference=critic_bias,
    mistakes=(
        Mistake(
            "no_discount",
            "The returns are not discounted: Q estimates Σₖ γᵏ rₜ₊ₖ.",
            gap_to(lambda r, g: returns_to_go(r, 1.0)),
        ),
        Mistake(
            "sign",
            "The sign is turned round: an overestimate must come out positive, q − G.",
            lambda **case: -critic_bias(**case),
        ),
        Mistake(
            "discounted_from_start",
            "The rewards are discounted from the start of the episode. For step t the clock starts at t: γᵏ"
            " rₜ₊ₖ.",
            gap_to(lambda r, g: np.cumsum((powers(r, g) * r)[::-1])[::-1]),
        ),
        Mistake(
            "first_step_only",
            "Only the first step is compared. The mean runs over all steps.",
            lambda q, rewards, gamma: q[0] - returns_to_go(rewards, gamma)[0],
        ),
        Mistake(
            "total_return",
            "Every step is compared with the return of the whole episode. Step t has its own: only rewards "
            "from t on.",
            gap_to(lambda r, g: returns_to_go(r, g)[0]),
        ),
        Mistake(
            "total_return",
            "Every step is compared with the undiscounted sum of the episode. Step t has its own discounted"
            " return.",
            gap_to(lambda r, g: r.sum()),
        ),
        Mistake(
            "absolute",
            "The absolute gap is an error, not a bias: over- and underestimates must be allowed to cancel.",
            lambda q, rewards, gamma: np.mean(np.abs(q - returns_to_go(rewards, gamma))),
        ),
        Mistake(
            "absolute",
            "The sign of the bias is lost: is it positive (too high) or negative?",
            lambda **case: abs(critic_bias(**case)),
        ),
        Mistake(
            "squared",
            "The squared gap is an error, not a bias: keep the sign.",
            lambda q, rewards, gamma: np.mean((q - returns_to_go(rewards, gamma)) ** 2),
        ),
        Mistake(
            "squared",
            "The squared gap is an error, not a bias: keep the sign.",
            lambda q, rewards, gamma: np.sqrt(np.mean((q - returns_to_go(rewards, gamma)) ** 2)),
        ),
        Mistake(
            "sum_for_mean",
            "The gaps are summed. Their mean is asked.",
            lambda q, rewards, gamma: np.sum(q - returns_to_go(rewards, gamma)),
        ),
        Mistake(
            "reward_for_return",
            "q is compared with the immediate reward. It estimates the whole discounted return from t.",
            gap_to(lambda r, g: r),
        ),
        Mistake(
            "td_error",
            "This bootstraps from the critic itself, so it cannot see the critic's bias. Use the returns "
            "that were received.",
            lambda q, rewards, gamma: np.mean(q - rewards - gamma * np.append(q[1:], 0.0)),
        ),
        Mistake(
            "td_error",
            "This bootstraps from the critic itself, so it cannot see the critic's bias. Use the returns "
            "that were received.",
            lambda q, rewards, gamma: np.mean((q - rewards - gamma * np.append(q[1:], 0.0))[:-1]),
        ),
        Mistake(
            "td_error",
            "This is the TD error: it bootstraps from the critic itself. Use the returns that were "
            "received, and q − G.",
            lambda q, rewards, gamma: np.mean(rewards + gamma * np.append(q[1:], 0.0) - q),
        ),
        Mistake(
            "misses_own_reward",
            "The return from t leaves out r_t: Gₜ = rₜ + γGₜ₊₁.",
            gap_to(lambda r, g: np.append(returns_to_go(r, g)[1:], 0.0)),
        ),
        Mistake(
            "misses_own_reward",
            "The return from t leaves out r_t, or discounts it: Gₜ = rₜ + γGₜ₊₁.",
            gap_to(lambda r, g: g * np.append(returns_to_go(r, g)[1:], 0.0)),
        ),
        Mistake(
            "one_discount_too_many",
            "Even r_t is discounted: Gₜ = rₜ + γrₜ₊₁ + …, the first reward counts in full.",
            gap_to(lambda r, g: g * returns_to_go(r, g)),
        ),
        Mistake(
            "forward",
            "The recursion runs forwards in time, so past rewards enter. Run it from the end: Gₜ = rₜ + "
            "γGₜ₊₁.",
            gap_to(lambda r, g: returns_to_go(r[::-1], g)[::-1]),
        ),
        Mistake(
            "discount_weights",
            "Each gap is weighted by γᵗ. All steps of the episode count alike in this mean.",
            lambda q, rewards, gamma: np.mean(powers(q, gamma) * (q - returns_to_go(rewards, gamma))),
        ),
        Mistake(
            "forward",
            "The rewards are added up from the start. The return from t adds those that follow.",
            gap_to(lambda r, g: np.cumsum(powers(r, g) * r)),
        ),
        Mistake(
            "last_step_only",
            "Only the last step is compared. The mean runs over all steps.",
            lambda q, rewards, gamma: q[-1] - rewards[-1],
        ),
        Mistake(
            "first_step_missing",
            "The first step is left out of the mean.",
            lambda q, rewards, gamma: np.mean((q - returns_to_go(rewards, gamma))[1:]),
        ),
        Mistake(
            "last_step_missing",
            "The last step is left out of the mean. Its return is its own reward.",
            lambda q, rewards, gamma: np.mean((q - returns_to_go(rewards, gamma))[:-1]),
        ),
        Mistake(
            "relative",
            "The gap is divided by the return. The plain difference is asked.",
            lambda q, rewards, gamma: np.mean(
                (q - returns_to_go(rewards, gamma)) / returns_to_go(rewards, gamma)
            ),
        ),
        Mistake(
            "not_averaged",
            "One gap per step is left. Take their mean.",
            lambda q, rewards, gamma: q - returns_to_go(rewards, gamma),
        ),
        Mistake(
            "bootstraps_at_the_end",
            "The last return bootstraps from the critic. The episode ended by termination: nothing follows.",
            lambda q, rewards, gamma: np.mean(
                q - returns_to_go(rewards, gamma) - q[-1] * gamma ** np.arange(len(q), 0, -1)
            ),
        ),
        Mistake(
            "median_for_mean",
            "This is the median. The mean is asked.",
            lambda q, rewards, gamma: np.median(q - returns_to_go(rewards, gamma)),
        ),
        Mistake(
            "normalised",
            "The returns are multiplied by 1 − γ. Q is not normalised here.",
            gap_to(lambda r, g: (1 - g) * returns_to_go(r, g)),
        ),
    ),
)

EXERCISES = (
    OU_STEP,
    OU_STATIONARY_VARIANCE,
    REPLAY_BUFFER,
    POLYAK,
    DDPG_TARGET,
    CRITIC_LOSS,
    ACTOR_LOSS,
    EXPECTED_MAXIMUM,
    TD3_TARGET,
    SMOOTHED_ACTION,
    CRITIC_BIAS,
)
