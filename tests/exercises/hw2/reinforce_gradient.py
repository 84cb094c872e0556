# ruff: noqa  (as students write)

import numpy as np
import torch


def returns(rewards, gamma):
    G, out = 0.0, []
    for r in rewards[::-1]:
        G = r + gamma * G
        out.append(G)
    return np.array(out[::-1])


def right_matrix_product(scores, rewards, gamma):
    return scores.T @ returns(rewards, gamma)


def right_double_loop(scores, rewards, gamma):
    g = np.zeros(scores.shape[1])
    for t in range(len(rewards)):
        for k in range(t, len(rewards)):
            g += scores[t] * gamma ** (k - t) * rewards[k]
    return g


def right_other_order_of_sums(scores, rewards, gamma):
    "Σ_k r_k Σ_{t≤k} γ^{k−t} score_t: an eligibility trace."
    z, g = 0.0, 0.0
    for s, r in zip(scores, rewards):
        z = gamma * z + s
        g = g + r * z
    return g


def right_torch_only(scores, rewards, gamma):
    T = rewards.numel()
    lag = torch.arange(T)[None] - torch.arange(T)[:, None]
    weights = torch.where(lag >= 0, torch.tensor(float(gamma)) ** lag.clamp(min=0), torch.zeros(()))
    return torch.einsum("tk,k,tp->p", weights.to(scores.dtype), rewards, scores)


def right_python_lists(scores, rewards, gamma):
    G, total = 0.0, [0.0] * len(scores[0])
    for s, r in zip(reversed(scores.tolist()), reversed(rewards.tolist())):
        G = r + gamma * G
        total = [a + G * b for a, b in zip(total, s)]
    return total


def right_einsum_float32(scores, rewards, gamma):
    return np.einsum("tp,t->p", scores.astype("f4"), returns(rewards, gamma).astype("f4"))


def wrong_whole_return__a(scores, rewards, gamma):
    return sum(gamma**k * r for k, r in enumerate(rewards)) * scores.sum(0)


def wrong_whole_return__undiscounted(scores, rewards, gamma):
    return scores.sum(0) * rewards.sum()


def wrong_discount_kept__a(scores, rewards, gamma):
    w = gamma ** np.arange(len(rewards))
    return (scores * np.cumsum((w * rewards)[::-1])[::-1][:, None]).sum(0)


def wrong_no_discount__a(scores, rewards, gamma):
    return scores.T @ np.cumsum(rewards[::-1])[::-1]


def wrong_own_reward_missing__k_greater_t(scores, rewards, gamma):
    g = np.zeros(scores.shape[1])
    for t in range(len(rewards)):
        for k in range(t + 1, len(rewards)):
            g += scores[t] * gamma ** (k - t) * rewards[k]
    return g


def wrong_past_rewards__a(scores, rewards, gamma):
    g = np.zeros(scores.shape[1])
    for t in range(len(rewards)):
        for k in range(t + 1):
            g += scores[t] * gamma ** (t - k) * rewards[k]
    return g


def wrong_one_step_only__a(scores, rewards, gamma):
    return scores.T @ rewards


def wrong_mean_for_sum__a(scores, rewards, gamma):
    return (scores * returns(rewards, gamma)[:, None]).mean(0)


def wrong_mean_for_sum__torch(scores, rewards, gamma):
    return torch.tensor(scores * returns(rewards, gamma)[:, None]).mean(dim=0)


def wrong_sign__loss(scores, rewards, gamma):
    return -scores.T @ returns(rewards, gamma)


def wrong_baseline_subtracted__a(scores, rewards, gamma):
    G = returns(rewards, gamma)
    return scores.T @ (G - G.mean())


def wrong_baseline_subtracted__std(scores, rewards, gamma):
    G = returns(rewards, gamma)
    return scores.T @ ((G - G.mean()) / (G.std() + 1e-8))


def wrong_not_summed__a(scores, rewards, gamma):
    return scores * returns(rewards, gamma)[:, None]


def wrong_turned_round__a(scores, rewards, gamma):
    return scores.T @ returns(rewards, gamma)[::-1]


def wrong_product_of_sums__a(scores, rewards, gamma):
    return scores.sum(0) * returns(rewards, gamma).sum()


def wrong_divided_by_discount__a(scores, rewards, gamma):
    w = gamma ** np.arange(len(rewards))
    with np.errstate(all="ignore"):
        return scores.T @ (np.cumsum((w * rewards)[::-1])[::-1] / w)


def wrong_changes_arguments__scores(scores, rewards, gamma):
    scores *= returns(rewards, gamma)[:, None]
    return scores.sum(0)


def wrong_none__column(scores, rewards, gamma):
    return (scores.T @ returns(rewards, gamma))[:, None]
