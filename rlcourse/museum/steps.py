"""Bugs of TRPO: how far, which way, and what the critic learns."""

import torch

from rlcourse.agents import Spaces
from rlcourse.agents.samples import Samples, fit_critic
from rlcourse.algorithms.trpo import TRPO
from rlcourse.equations.arrays import dot
from rlcourse.equations.solvers import line_search
from rlcourse.museum.exhibit import Exhibit
from rlcourse.parts.adam import Adam
from rlcourse.parts.networks import StateValue
from rlcourse.parts.randomness import LEARN, Streams

SMALL = TRPO(hidden=(32, 32))


def search_without_kl(evaluate, start, step, max_kl, backtracks=10, shrink=0.8):
    return line_search(evaluate, start, step, float("inf"), backtracks, shrink)


def plain_gradient(matvec, b, iterations=10, tolerance=1e-10):
    return b + 0.0


def steepest_descent(matvec, b, iterations=10, tolerance=1e-10):
    x, r = 0.0 * b, b + 0.0
    for _ in range(iterations):
        length = dot(r, r) / dot(r, matvec(r)).clip(1e-12)
        x, r = x + length * r, r - length * matvec(r)
    return x


def backwards(evaluate, start, step, max_kl, backtracks=10, shrink=0.8):
    theta, fraction = line_search(evaluate, start, step, max_kl, backtracks, shrink)
    return 2 * start - theta, fraction


def values_of_advantages(critic, optimiser, samples, rng, learning_rate, epochs, minibatch_size):
    scaled = (samples.advantage - samples.advantage.mean()) / samples.advantage.std()
    samples = samples._replace(target=scaled + samples.value)
    fit_critic(critic, optimiser, samples, rng, learning_rate, epochs, minibatch_size)


def a_step_that_is_taken_keeps_to_the_ball(search):
    """A model that lies: gain everywhere, KL four times as large as predicted."""
    start, step = torch.zeros(1, 1), torch.ones(1, 1)
    theta, _ = search(lambda x: (x.sum(-1), 4 * 0.01 * (x**2).sum(-1)), start, step, 0.01)
    assert 0 < float(theta) <= 0.51, "the way of the step, and KL ≤ δ"


def ten_iterations_solve_ten_equations(solve):
    """An ill-conditioned system of ten unknowns: x = A⁻¹b after ten iterations."""
    scale = torch.logspace(0, 2, 10, dtype=torch.float64)
    b = torch.ones(1, 10, dtype=torch.float64)
    assert torch.allclose(solve(lambda v: scale * v, b, 10, 1e-20), b / scale, atol=1e-4), "A x = b"


def a_critic_learns_the_targets_it_is_given(fit):
    """Thirty-two states with the target 5 s, and advantages that have nothing to do with it."""
    spaces, streams = Spaces(obs_size=1, action_size=1, discrete=False), Streams([0], LEARN)
    critic = StateValue(spaces, (16,), streams)
    obs = torch.linspace(-1, 1, 32)[None, :, None]
    zero, advantage = torch.zeros(1, 32), torch.linspace(3, -7, 32)[None] ** 3
    samples = Samples(obs, zero, advantage, zero, 5 * obs[..., 0], zero, None)
    fit(critic, Adam(critic), samples, streams, 0.02, 300, 32)
    assert (critic(obs) - samples.target).abs().max() < 1, "V comes near its targets"


EXHIBITS = (
    Exhibit(
        "a search that ignores KL",
        "Nothing that eight seeds could show on the pole.",
        "The step has the length that the quadratic model allows. Where the model is wrong, only "
        "the measured KL says so.",
        "joschu/modular_rl #29",
        SMALL, "CartPole-v1", "line_search", search_without_kl, a_step_that_is_taken_keeps_to_the_ball,
    ),
    Exhibit(
        "conjugate gradient without β",
        "Nothing that eight seeds could show: the length is right, and the search shortens what does "
        "not fit.",
        "Without β each direction is the residual: steepest descent, which can need hundreds of "
        "iterations where ten would do.",
        "a common slip; other solvers that went wrong: Hands-on-RL #108, MushroomRL #79",
        SMALL, "CartPole-v1", "solver", steepest_descent, ten_iterations_solve_ten_equations,
    ),
    Exhibit(
        "g for F⁻¹g",
        "It learns later.",
        "The gradient takes the place of the solution. Its length is set by the same formula, so "
        "nothing blows up.",
        "a common slip",
        SMALL, "CartPole-v1", "solver", plain_gradient, ten_iterations_solve_ten_equations,
    ),
    Exhibit(
        "the step the other way",
        "It unlearns.",
        "θ_old − s in place of θ_old + s, after a search that measured θ_old + s.",
        "a common slip",
        SMALL, "CartPole-v1", "line_search", backwards, a_step_that_is_taken_keeps_to_the_ball,
    ),
    Exhibit(
        "a critic of scaled advantages",
        "Nothing that eight seeds could show.",
        "Advantages are scaled for the policy before the critic's target Â + V is made of them: V "
        "learns numbers without units.",
        "a common slip",
        SMALL, "CartPole-v1", "critic_fit", values_of_advantages, a_critic_learns_the_targets_it_is_given,
    ),
)  # fmt: skip
