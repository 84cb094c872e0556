# ruff: noqa  (as students write)

import numpy as np
import torch
import torch.nn.functional as F


def right_formula(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    policy = -(log_prob * advantage).mean()
    critic = ((value - target) ** 2).mean()
    return policy + value_weight * critic - entropy_weight * entropy.mean()


def right_torch_only(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    policy = -torch.mean(log_prob * advantage.detach())
    return policy + value_weight * F.mse_loss(value, target.detach()) - entropy_weight * torch.mean(entropy)


def right_loop(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    total = 0.0
    for lp, a, v, y, h in zip(log_prob, advantage, value, target, entropy):
        total += -lp * a + value_weight * (y - v) ** 2 - entropy_weight * h
    return total / len(log_prob)


def right_dot(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    n, error = len(value), np.float32(target - value)
    return (value_weight * error @ error - log_prob @ advantage - entropy_weight * np.sum(entropy)) / n


def right_number_of_torch(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    "A number without a graph: judged by value."
    with torch.no_grad():
        terms = torch.stack(
            [-log_prob * advantage, value_weight * (value - target) ** 2, -entropy_weight * entropy]
        )
        return terms.sum(0).mean().item()


def right_one_mean(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return torch.mean(
        value_weight * torch.square(value - target) - log_prob * advantage - entropy_weight * entropy
    )


def wrong_actor_sign__a(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return (
        (log_prob * advantage).mean()
        + value_weight * ((value - target) ** 2).mean()
        - entropy_weight * entropy.mean()
    )


def wrong_entropy_sign__a(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return (
        -(log_prob * advantage).mean()
        + value_weight * ((value - target) ** 2).mean()
        + entropy_weight * entropy.mean()
    )


def wrong_entropy_sign__torch(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    loss = -torch.mean(log_prob * advantage) + value_weight * F.mse_loss(value, target)
    return loss + entropy_weight * torch.mean(entropy)


def wrong_critic_sign__a(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return -(log_prob * advantage + value_weight * (value - target) ** 2 + entropy_weight * entropy).mean()


def wrong_maximises__a(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return (log_prob * advantage - value_weight * (value - target) ** 2 + entropy_weight * entropy).mean()


def wrong_half__a(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return (
        -log_prob * advantage + 0.5 * value_weight * (value - target) ** 2 - entropy_weight * entropy
    ).mean()


def wrong_sum_for_mean__a(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return (-log_prob * advantage + value_weight * (value - target) ** 2 - entropy_weight * entropy).sum()


def wrong_value_weight_missing__a(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return (-log_prob * advantage + (value - target) ** 2 - entropy_weight * entropy).mean()


def wrong_weights_swapped__a(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return (-log_prob * advantage + entropy_weight * (value - target) ** 2 - value_weight * entropy).mean()


def wrong_no_entropy__a(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return (-log_prob * advantage + value_weight * (value - target) ** 2).mean()


def wrong_not_squared__l1(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return (
        -(log_prob * advantage).mean()
        + value_weight * F.l1_loss(value, target)
        - entropy_weight * entropy.mean()
    )


def wrong_huber__a(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return (
        -(log_prob * advantage).mean()
        + value_weight * F.smooth_l1_loss(value, target)
        - entropy_weight * entropy.mean()
    )


def wrong_probability_for_log__a(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return (
        -np.exp(log_prob) * advantage + value_weight * (value - target) ** 2 - entropy_weight * entropy
    ).mean()


def wrong_product_of_means__a(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return (
        -log_prob.mean() * advantage.mean()
        + value_weight * ((value - target) ** 2).mean()
        - entropy_weight * entropy.mean()
    )


def wrong_advantage_standardised__a(
    log_prob, advantage, value, target, entropy, value_weight, entropy_weight
):
    a = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    return (-log_prob * a + value_weight * (value - target) ** 2 - entropy_weight * entropy).mean()


def wrong_not_reduced__a(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return -log_prob * advantage + value_weight * (value - target) ** 2 - entropy_weight * entropy


def wrong_no_gradient_to_critic__detached(
    log_prob, advantage, value, target, entropy, value_weight, entropy_weight
):
    return (
        -torch.mean(log_prob * advantage)
        + value_weight * F.mse_loss(value.detach(), target)
        - entropy_weight * entropy.mean()
    )


def wrong_no_gradient_to_policy__detached(
    log_prob, advantage, value, target, entropy, value_weight, entropy_weight
):
    return (
        -torch.mean(log_prob.detach() * advantage)
        + value_weight * F.mse_loss(value, target)
        - entropy_weight * entropy.mean()
    )


def wrong_changes_arguments__a(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    value -= target
    return -(log_prob * advantage).mean() + value_weight * (value**2).mean() - entropy_weight * entropy.mean()


def wrong_none__pair(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    return -(log_prob * advantage).mean(), ((value - target) ** 2).mean()
