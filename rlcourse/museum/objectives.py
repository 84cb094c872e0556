"""Bugs in what is climbed or descended: clips, signs, shapes."""

import torch

from rlcourse.algorithms.a2c import A2C
from rlcourse.algorithms.ppo import PPO
from rlcourse.equations.objectives import a2c_loss
from rlcourse.museum.exhibit import Exhibit

SMALL, ACTOR_CRITIC = PPO(hidden=(32, 32)), A2C(hidden=(32, 32))


def maximum_for_minimum(ratio, advantage, clip):
    return torch.maximum(ratio * advantage, ratio.clip(1 - clip, 1 + clip) * advantage)


def clip_before_the_sign(ratio, advantage, clip):
    return torch.minimum(ratio, ratio.clip(1 - clip, 1 + clip)) * advantage


def only_the_clip(ratio, advantage, clip):
    return ratio.clip(1 - clip, 1 + clip) * advantage


def ratio_upside_down(ratio, advantage, clip):
    ratio = 1 / ratio
    return torch.minimum(ratio * advantage, ratio.clip(1 - clip, 1 + clip) * advantage)


def a_loss_that_is_a_gain(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return a2c_loss(log_prob, -advantage, value, target, entropy, value_weight, entropy_weight)


def columns_minus_rows(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    critic = ((value[..., None] - target[..., None, :]) ** 2).mean((-2, -1))  # (N, 1) − (N,)
    return value_weight * critic - (log_prob * advantage).mean(-1) - entropy_weight * entropy.mean(-1)


def probability_for_its_logarithm(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return a2c_loss(log_prob.exp(), advantage, value, target, entropy, value_weight, entropy_weight)


def sum_for_mean(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    N = log_prob.shape[-1]
    return N * a2c_loss(log_prob, advantage, value, target, entropy, value_weight, entropy_weight)


def entropy_punished(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return a2c_loss(log_prob, advantage, value, target, -entropy, value_weight, entropy_weight)


def _slopes(objective, ratio, advantage):
    leaf = torch.tensor(ratio, requires_grad=True)
    objective(leaf, torch.tensor(advantage), 0.2).sum().backward()
    return leaf.grad


def far_enough_has_no_slope_and_too_far_has_one(objective):
    """r = 1.3, 0.7 with Â = 1: 0 and 1; with Â = −1: −1 and 0."""
    found = _slopes(objective, [1.3, 0.7, 1.3, 0.7], [1.0, 1.0, -1.0, -1.0])
    assert torch.allclose(found, torch.tensor([0.0, 1.0, -1.0, 0.0])), "the clip's four cases"


def _gradient(loss, repeat=1):
    """The gradient of a loss at two samples, each given `repeat` times; summed over copies."""
    log_prob, value = torch.tensor([-0.5, -1.0]).repeat(repeat), torch.tensor([1.0, 3.0]).repeat(repeat)
    log_prob.requires_grad_(), value.requires_grad_()
    fixed = [torch.tensor(x).repeat(repeat) for x in ([2.0, -1.0], [2.0, 2.0], [0.6, 0.4])]
    entropy = fixed[2].requires_grad_()
    loss(log_prob, fixed[0], value, fixed[1], entropy, 0.5, 0.1).sum().backward()
    return [x.grad.view(repeat, 2).sum(0) for x in (log_prob, value, entropy)]


def a_good_action_becomes_likelier_by_its_advantage(loss):
    """∂loss/∂log π = −Â/N, whatever the probability is."""
    assert torch.allclose(_gradient(loss)[0], torch.tensor([-1.0, 0.5])), "−Â/N"


def each_value_moves_to_its_own_target(loss):
    """∂loss/∂V = 2 c_v (V − y)/N, sample by sample: here V is 1 and 3, y is 2 and 2."""
    assert torch.allclose(_gradient(loss)[1], torch.tensor([-0.5, 0.5])), "2 c_v (V − y)/N"
    values = torch.tensor([1.0, 3.0], requires_grad=True)
    zero = torch.zeros(2)
    loss(zero, zero, values, torch.tensor([1.0, 3.0]), zero, 0.5, 0.0).sum().backward()
    assert torch.allclose(values.grad, zero), "no slope where V = y"


def a_batch_given_twice_has_the_same_gradient(loss):
    """A mean does not know how large the batch is."""
    for once, twice in zip(_gradient(loss), _gradient(loss, 2), strict=True):
        assert torch.allclose(once, twice), "the gradient of one batch"


def entropy_is_welcome(loss):
    """∂loss/∂H = −c_e/N."""
    assert (_gradient(loss)[2] < 0).all(), "more entropy, less loss"


EXHIBITS = (
    Exhibit(
        "max for min",
        "It hardly learns.",
        "The larger of the two is the one that never stops: the policy is paid for going ever further.",
        "a common slip",
        SMALL, "CartPole-v1", "clipped_objective", maximum_for_minimum,
        far_enough_has_no_slope_and_too_far_has_one,
    ),
    Exhibit(
        "min(r, clip r) · Â",
        "Nothing that eight seeds could show.",
        "For Â < 0 the minimum has to be taken after multiplying: a bad action that became likelier "
        "is not pushed back.",
        "a common slip",
        SMALL, "CartPole-v1", "clipped_objective", clip_before_the_sign,
        far_enough_has_no_slope_and_too_far_has_one,
    ),
    Exhibit(
        "clip without min",
        "Nothing that eight seeds could show.",
        "What has gone astray beyond the clip has no slope, and so no way back.",
        "a common slip",
        SMALL, "CartPole-v1", "clipped_objective", only_the_clip, far_enough_has_no_slope_and_too_far_has_one,
    ),
    Exhibit(
        "ratio upside down",
        "It unlearns.",
        "π_old/π_θ has the gradient of the opposite sign.",
        "a common slip",
        SMALL, "CartPole-v1", "clipped_objective", ratio_upside_down,
        far_enough_has_no_slope_and_too_far_has_one,
    ),
    Exhibit(
        "a loss that is a gain",
        "It unlearns.",
        "The optimiser minimises; the objective was to be maximised.",
        "a common slip",
        ACTOR_CRITIC, "CartPole-v1", "loss", a_loss_that_is_a_gain,
        a_good_action_becomes_likelier_by_its_advantage,
    ),
    Exhibit(
        "(N, 1) − (N,)",
        "Nothing that eight seeds could show.",
        "The difference of a column and a row is a square of N × N numbers: every value is pulled "
        "to the mean of all targets.",
        "cleanrl #379, RLinf #1568; Spinning Up's exercise 2.2",
        ACTOR_CRITIC, "CartPole-v1", "loss", columns_minus_rows, each_value_moves_to_its_own_target,
    ),
    Exhibit(
        "π for log π",
        "Slower.",
        "∇π = π∇log π: rare actions hardly count, and the estimate is biased towards what is done anyway.",
        "a common slip",
        ACTOR_CRITIC, "CartPole-v1", "loss", probability_for_its_logarithm,
        a_good_action_becomes_likelier_by_its_advantage,
    ),
    Exhibit(
        "sum for mean",
        "Nothing that eight seeds could show.",
        "The gradient is N times as large, and Adam divides by its size again. With plain gradient "
        "steps it is the step size that is N times too large.",
        "IntelLabs/coach #344",
        ACTOR_CRITIC, "CartPole-v1", "loss", sum_for_mean, a_batch_given_twice_has_the_same_gradient,
    ),
    Exhibit(
        "entropy punished",
        "Nothing that eight seeds could show, at this weight.",
        "The bonus has the wrong sign, so the policy settles sooner.",
        "a common slip",
        A2C(hidden=(32, 32), entropy_weight=0.02), "CartPole-v1", "loss", entropy_punished,
        entropy_is_welcome,
    ),
)  # fmt: skip
