"""ã = clip(a′ + clip(σξ, −c, c), −1, 1): the target action with clipped noise, clamped to where actions live.

next_action and xi [B, dimensions], xi standard normal; sigma and clip (c) are numbers; the answer is of
next_action's shape.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def smoothed_action(next_action, xi, sigma, clip):
    return np.clip(next_action + np.clip(sigma * xi, -clip, clip), -1, 1)


def draw(rng):
    cases = []
    for batch, dims in ((6, 2), (5, 3), (8, 2), (7, 1), (6, 2)):
        action = rng.uniform(-1, 1, (batch, dims))
        xi = rng.normal(0, 1.5, (batch, dims))
        action[:5, 0] = (0.95, -0.95, 0.9, -0.2, -0.9)  # the action's clamp bites, at both ends
        xi[:5, 0] = (1.9, -2.1, -2.8, 2.9, 6.0)  # the noise's clip bites, at both ends; once σξ > 1
        sigma, clip = rng.uniform(0.2, 0.3), rng.uniform(0.3, 0.45)
        cases.append({"next_action": action, "xi": xi, "sigma": sigma, "clip": clip})
    return cases


def noise(wrong):
    """Another noise, rightly added and clamped."""
    return lambda next_action, xi, sigma, clip: np.clip(next_action + wrong(xi, sigma, clip), -1, 1)


def action(wrong):
    """The right noise, wrongly used."""
    return lambda next_action, xi, sigma, clip: wrong(next_action, np.clip(sigma * xi, -clip, clip), clip)


MISTAKES = (
    Mistake("noise_unclipped",
        "The noise is not clipped. A rare large draw reaches actions far away: clip σξ to [−c, c] first.",
        noise(lambda xi, s, c: s * xi)),
    Mistake("action_unclamped",
        "The sum is not clamped. Actions live in [−1, 1]; the critic has never seen others.",
        action(lambda a, e, c: a + e)),
    Mistake("nothing_clipped",
        "Neither the noise nor the action is clipped: clip σξ to [−c, c], then the sum to [−1, 1].",
        lambda next_action, xi, sigma, clip: next_action + sigma * xi),
    Mistake("one_noise_for_batch",
        "One noise is shared by the whole batch, or by all action dimensions. Every entry has its own ξ.",
        noise(lambda xi, s, c: np.clip(s * xi[:1], -c, c)),
        noise(lambda xi, s, c: np.clip(s * xi[:1, :1], -c, c)),
        noise(lambda xi, s, c: np.clip(s * xi[:, :1], -c, c)),
        noise(lambda xi, s, c: np.clip(s * xi.mean(), -c, c)),
        noise(lambda xi, s, c: np.clip(s * xi.mean(0), -c, c)),
        noise(lambda xi, s, c: np.clip(s * xi[-1:], -c, c))),
    Mistake("clip_before_scaling",
        "ξ is clipped before it is multiplied by σ, so the noise never reaches ±c. Clip the product σξ.",
        noise(lambda xi, s, c: s * np.clip(xi, -c, c))),
    Mistake("clips_the_sum",
        "The whole action is clipped to [−c, c]. c bounds the noise; the action's bounds are −1 and 1.",
        lambda next_action, xi, sigma, clip: np.clip(next_action + sigma * xi, -clip, clip)),
    Mistake("clips_the_sum",
        "The action is clipped to [−c, c] in the end. c bounds the noise; the action's bounds are −1 and 1.",
        action(lambda a, e, c: np.clip(a + e, -c, c))),
    Mistake("sigma_ignored", "σ is not used: the noise is σξ, clipped.",
        noise(lambda xi, s, c: np.clip(xi, -c, c))),
    Mistake("no_noise", "No noise is added: the target is not smoothed.", noise(lambda xi, s, c: 0 * xi)),
    Mistake("noise_sign", "The noise is subtracted. In law that is the same; here, add it.",
        noise(lambda xi, s, c: -np.clip(s * xi, -c, c))),
    Mistake("one_sided_clip", "Only large positive noise is clipped. Clip at −c as well.",
        noise(lambda xi, s, c: np.minimum(s * xi, c))),
    Mistake("one_sided_clip", "Only large negative noise is clipped. Clip at +c as well.",
        noise(lambda xi, s, c: np.maximum(s * xi, -c))),
    Mistake("one_sided_clip", "Negative noise is lost: clip to [−c, c], not to [0, c].",
        noise(lambda xi, s, c: np.clip(s * xi, 0, c))),
    Mistake("variance_for_sd", "The noise is scaled by σ². σ is the standard deviation: σξ.",
        noise(lambda xi, s, c: np.clip(s**2 * xi, -c, c))),
    Mistake("variance_for_sd", "The noise is scaled by √σ. σ is the standard deviation: σξ.",
        noise(lambda xi, s, c: np.clip(np.sqrt(s) * xi, -c, c))),
    Mistake("wrong_noise_bounds",
        "The noise is clipped to [−1, 1]. Its bound is c; −1 and 1 bound the action.",
        noise(lambda xi, s, c: np.clip(s * xi, -1, 1))),
    Mistake("wrong_noise_bounds", "The noise is clipped to [−σ, σ]. Its bound is c.",
        noise(lambda xi, s, c: np.clip(s * xi, -s, s))),
    Mistake("multiplied", "The noise multiplies the action. It is added.",
        action(lambda a, e, c: np.clip(a * (1 + e), -1, 1))),
    Mistake("tanh_for_clip", "The sum is squashed by tanh, which moves actions inside [−1, 1] too. Clamp it.",
        action(lambda a, e, c: np.tanh(a + e))),
    Mistake("noise_only", "This is the noise alone: add it to the action.", action(lambda a, e, c: e)),
    Mistake("one_sided_clip", "The action is clamped at one end only: −1 and 1 both bound it.",
        action(lambda a, e, c: np.minimum(a + e, 1)), action(lambda a, e, c: np.maximum(a + e, -1))),
    Mistake("wrong_action_bounds", "The action is clamped to [0, 1]. It lives in [−1, 1].",
        action(lambda a, e, c: np.clip(a + e, 0, 1))),
)  # fmt: skip

VIVA = (
    "Which of your two clips can be left out when a′ = 0, and which when σ is tiny?",
    "What does smoothing do to a spike of the critic that is narrower than c?",
    "Why is noise added here, when exploration already adds noise elsewhere?",
)

EXERCISE = Exercise(
    smoothed_action, draw, points=4, minutes=10, stars=2, mistakes=MISTAKES, flat=True, viva=VIVA
)
