# ruff: noqa  (as students write)

import numpy as np
import torch


def right_cumprod(rewards, target_probs, behaviour_probs, gamma):
    rho = np.cumprod(target_probs / behaviour_probs, axis=1)
    return np.mean(np.sum(gamma ** np.arange(rewards.shape[1]) * rho * rewards, axis=1))


def right_loops(rewards, target_probs, behaviour_probs, gamma):
    total = 0.0
    for i in range(len(rewards)):
        weight = 1.0
        for t in range(len(rewards[i])):
            weight *= target_probs[i, t] / behaviour_probs[i, t]
            total += gamma**t * weight * rewards[i, t]
    return total / len(rewards)


def right_backwards(rewards, target_probs, behaviour_probs, gamma):
    "V̂_t = ρ_t (r_t + γ V̂_{t+1})."
    v = np.zeros(len(rewards))
    for t in reversed(range(rewards.shape[1])):
        v = target_probs[:, t] / behaviour_probs[:, t] * (rewards[:, t] + gamma * v)
    return v.mean()


def right_torch_only(rewards, target_probs, behaviour_probs, gamma):
    rho = torch.cumprod(target_probs / behaviour_probs, dim=1)
    discount = torch.tensor(gamma, dtype=rewards.dtype) ** torch.arange(rewards.size(1))
    return ((rho * rewards) @ discount).mean()


def right_logs_float32(rewards, target_probs, behaviour_probs, gamma):
    log = np.cumsum(np.log(target_probs) - np.log(behaviour_probs), axis=1).astype(np.float32)
    return np.einsum("nt,nt,t->", np.exp(log), rewards, float(gamma) ** np.arange(rewards.shape[1])) / len(
        rewards
    )


def wrong_whole_weight__a(rewards, target_probs, behaviour_probs, gamma):
    w = (target_probs / behaviour_probs).prod(1)
    return (w * (gamma ** np.arange(rewards.shape[1]) * rewards).sum(1)).mean()


def wrong_own_decision_missing__a(rewards, target_probs, behaviour_probs, gamma):
    total = 0.0
    for i in range(len(rewards)):
        weight = 1.0
        for t in range(rewards.shape[1]):
            total += gamma**t * weight * rewards[i, t]
            weight *= target_probs[i, t] / behaviour_probs[i, t]
    return total / len(rewards)


def wrong_step_ratio__a(rewards, target_probs, behaviour_probs, gamma):
    return (gamma ** np.arange(rewards.shape[1]) * target_probs / behaviour_probs * rewards).sum(1).mean()


def wrong_unweighted__a(rewards, target_probs, behaviour_probs, gamma):
    return (rewards @ gamma ** np.arange(rewards.shape[1])).mean()


def wrong_inverted__a(rewards, target_probs, behaviour_probs, gamma):
    return right_cumprod(rewards, behaviour_probs, target_probs, gamma)


def wrong_no_discount__a(rewards, target_probs, behaviour_probs, gamma):
    return right_cumprod(rewards, target_probs, behaviour_probs, 1.0)


def wrong_one_discount_too_many__a(rewards, target_probs, behaviour_probs, gamma):
    rho = np.cumprod(target_probs / behaviour_probs, axis=1)
    return (gamma ** np.arange(1, rewards.shape[1] + 1) * rho * rewards).sum(1).mean()


def wrong_sum_for_mean__a(rewards, target_probs, behaviour_probs, gamma):
    return len(rewards) * right_loops(rewards, target_probs, behaviour_probs, gamma)


def wrong_averaged_over_time__a(rewards, target_probs, behaviour_probs, gamma):
    rho = np.cumprod(target_probs / behaviour_probs, axis=1)
    return (gamma ** np.arange(rewards.shape[1]) * rho * rewards).mean()


def wrong_self_normalised__a(rewards, target_probs, behaviour_probs, gamma):
    rho = np.cumprod(target_probs / behaviour_probs, axis=1)
    return ((rho * rewards).sum(0) / rho.sum(0)) @ gamma ** np.arange(rewards.shape[1])


def wrong_future_decisions__a(rewards, target_probs, behaviour_probs, gamma):
    rho = np.cumprod((target_probs / behaviour_probs)[:, ::-1], axis=1)[:, ::-1]
    return (gamma ** np.arange(rewards.shape[1]) * rho * rewards).sum(1).mean()


def wrong_over_trajectories__a(rewards, target_probs, behaviour_probs, gamma):
    rho = np.cumprod(target_probs / behaviour_probs, axis=0)
    return (gamma ** np.arange(rewards.shape[1]) * rho * rewards).sum(1).mean()


def wrong_not_averaged__torch(rewards, target_probs, behaviour_probs, gamma):
    rho = torch.as_tensor(target_probs / behaviour_probs).cumprod(1)
    return (rho * torch.as_tensor(rewards)) @ torch.as_tensor(gamma ** np.arange(rewards.shape[1]))


def wrong_changes_arguments__a(rewards, target_probs, behaviour_probs, gamma):
    rewards *= np.cumprod(target_probs / behaviour_probs, axis=1)
    return (rewards @ gamma ** np.arange(rewards.shape[1])).mean()


def wrong_none__text(rewards, target_probs, behaviour_probs, gamma):
    return str(right_loops(rewards, target_probs, behaviour_probs, gamma))


def wrong_none__no_steps(rewards, target_probs, behaviour_probs, gamma):
    weight, total = target_probs[:, 0] / behaviour_probs[:, 0], 0.0  # the first step, where there may be none
    for t in range(rewards.shape[1]):
        total = total + gamma**t * weight * rewards[:, t]
        if t + 1 < rewards.shape[1]:
            weight = weight * target_probs[:, t + 1] / behaviour_probs[:, t + 1]
    return np.mean(total)
