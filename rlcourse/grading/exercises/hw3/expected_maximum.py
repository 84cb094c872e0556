"""E[maxₐ Q̂ₐ] = Σ over joint outcomes k of Πₐ p(a, kₐ) · maxₐ values(a, kₐ), for independent estimates.

values and probabilities [actions, outcomes]; the answer is the exact number.
"""

import itertools
import math

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def expected_maximum(values, probabilities):
    return over_outcomes(values, probabilities)


def over_outcomes(values, probabilities, statistic=max, weight=lambda p, v: math.prod(p)):
    """Σ weight · statistic over all joint outcomes: v holds each action's value there, p its probability."""
    joint = zip(itertools.product(*values), itertools.product(*probabilities), strict=True)
    return sum(weight(p, v) * statistic(v) for v, p in joint)


def draw(rng):
    cases = []
    for actions, outcomes in ((2, 2), (3, 2), (2, 4), (4, 3), (3, 3), (1, 3)):
        values = rng.normal(0, 1, (actions, outcomes)) + 0.3 * rng.normal(0, 1, (actions, 1))
        cases.append({"values": values, "probabilities": rng.dirichlet(np.ones(outcomes), actions)})
    return cases


def but(**changes):
    return lambda values, probabilities: over_outcomes(values, probabilities, **changes)


def max_of_means(values, probabilities):
    return (values * probabilities).sum(1).max()


def shared_outcome(weights):
    """All actions share outcome k, which counts with weights(probabilities)[k]."""
    return lambda values, probabilities: (weights(probabilities) * values.max(0)).sum()


def likely_winner(values, probabilities):
    """All actions share outcome k, which counts with the probability that the winner has there."""
    return (values.max(0) * probabilities[values.argmax(0), range(values.shape[1])]).sum()


INDEPENDENT = (
    "All actions share one outcome. Their estimates are independent: go over all joint outcomes (kₐ for "
    "every action a), each with the product of its probabilities."
)

MISTAKES = (
    Mistake("max_of_means",
        "This is the maximum of the means, max E[Q̂]. The mean of the maximum is asked; it is larger, and "
        "that is the bias.",
        max_of_means),
    Mistake("same_outcome", INDEPENDENT,
        shared_outcome(lambda p: p[0]),
        shared_outcome(lambda p: p.prod(0)),
        shared_outcome(lambda p: p.prod(0) / p.prod(0).sum()),
        shared_outcome(lambda p: p.mean(0)),
        shared_outcome(lambda p: p),
        lambda values, probabilities: (probabilities * values).max(0).sum(),
        likely_winner,
        shared_outcome(lambda p: p.max(0))),
    Mistake("same_outcome", INDEPENDENT + " (And weigh by the probabilities.)",
        lambda values, probabilities: values.max(0).mean()),
    Mistake("unweighted",
        "All joint outcomes count alike. Weigh each by its probability: the product over the actions.",
        lambda values, probabilities: np.mean([max(joint) for joint in itertools.product(*values)])),
    Mistake("unweighted", "The maxima are summed without probabilities.",
        lambda values, probabilities: np.sum([max(joint) for joint in itertools.product(*values)])),
    Mistake("min_for_max", "This is E[min]. Take the largest estimate of each joint outcome.",
        but(statistic=min)),
    Mistake("largest_value", "This is the largest value there is. Average the maximum over the outcomes.",
        lambda values, probabilities: values.max()),
    Mistake("max_then_mean",
        "The maximum runs over the outcomes of an action. It runs over the actions, within a joint outcome.",
        lambda values, probabilities: values.max(1).mean()),
    Mistake("mean_for_max", "The estimates are averaged over the actions. Take the largest one.",
        but(statistic=np.mean)),
    Mistake("sum_for_max", "The estimates are added over the actions. Take the largest one.",
        but(statistic=sum)),
    Mistake("wrong_weight",
        "A joint outcome is weighed by one probability only. Independent outcomes: the product over all "
        "actions.",
        but(weight=lambda p, v: p[np.argmax(v)])),
    Mistake("wrong_weight",
        "The probabilities of a joint outcome are added. Independent outcomes: multiply them.",
        but(weight=lambda p, v: sum(p))),
    Mistake("wrong_weight",
        "The probabilities of a joint outcome are averaged. Independent outcomes: multiply them.",
        but(weight=lambda p, v: np.mean(p))),
    Mistake("two_actions_only", "Only the first two actions take part. The maximum runs over all of them.",
        lambda values, probabilities: expected_maximum(values[:2], probabilities[:2])),
    Mistake("bias_only", "This is the bias, E[max] − max E. E[max] itself is asked.",
        lambda **case: expected_maximum(**case) - max_of_means(**case)),
    Mistake("max_of_weighted",
        "The maximum is taken of probability × value. Take it of the values, then weigh.",
        lambda values, probabilities: (probabilities * values).max()),
    Mistake("likeliest_outcome",
        "Only the likeliest outcome of each action counts. Average over all of them.",
        lambda values, probabilities: values[np.arange(len(values)), probabilities.argmax(1)].max()),
)  # fmt: skip

VIVA = (
    "Two fair coins of ±1: compute the expectation of the larger by hand.",
    "Correlate the two estimates perfectly. What is the expectation now, and what does your code assume?",
    "How does the work of your code grow with the number of actions? Name a way that is cheaper.",
)

EXERCISE = Exercise(expected_maximum, draw, points=4, minutes=15, stars=2, mistakes=MISTAKES, viva=VIVA)
