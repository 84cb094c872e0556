# ruff: noqa  (as students write)

import math

import numpy as np
import torch
import torch.nn.functional as F


def right_one_hot_minus_softmax(logits, action):
    z = logits - logits.max()
    p = np.exp(z) / np.exp(z).sum()
    return np.eye(len(logits))[action] - p


def right_autograd(logits, action):
    z = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    torch.log_softmax(z, dim=0)[action].backward()
    return z.grad


def right_torch_only(logits, action):
    return F.one_hot(torch.tensor(action), logits.numel()) - logits.softmax(-1)


def right_python_numbers(logits, action):
    top = max(logits)
    total = sum(math.exp(z - top) for z in logits)
    out = []
    for i, z in enumerate(logits):
        out.append((1.0 if i == action else 0.0) - math.exp(z - top) / total)
    return out


def right_categorical(logits, action):
    z = logits.clone().requires_grad_()
    return torch.autograd.grad(torch.distributions.Categorical(logits=z).log_prob(torch.tensor(action)), z)[0]


def right_finite_difference(logits, action, h=1e-5):
    def log_pi(z):
        return z[action] - (z.max() + np.log(np.exp(z - z.max()).sum()))

    steps = h * np.eye(len(logits))
    return np.array([(log_pi(logits + e) - log_pi(logits - e)) / (2 * h) for e in steps])


def right_float32_shifted(logits, action):
    z = np.float32(logits - np.max(logits))
    p = np.exp(z) / np.exp(z).sum()
    g = -p
    g[action] += 1
    return g


def wrong_sign__cross_entropy(logits, action):
    z = torch.tensor(logits, requires_grad=True)
    F.cross_entropy(z[None], torch.tensor([action])).backward()
    return z.grad


def wrong_sign__numpy(logits, action):
    p = np.exp(logits - max(logits))
    p /= p.sum()
    p[action] -= 1
    return p


def wrong_probability_for_log__autograd(logits, action):
    z = torch.tensor(logits, requires_grad=True)
    torch.softmax(z, 0)[action].backward()
    return z.grad


def wrong_probability_for_log__formula(logits, action):
    p = np.exp(logits - logits.max())
    p = p / p.sum()
    return p[action] * (np.eye(len(p))[action] - p)


def wrong_no_normaliser__one_hot(logits, action):
    g = np.zeros(len(logits))
    g[action] = 1
    return g


def wrong_own_logit_only__a(logits, action):
    p = np.exp(logits - logits.max())
    p = p / p.sum()
    g = np.zeros_like(p)
    g[action] = 1 - p[action]
    return g


def wrong_own_logit_only__scalar(logits, action):
    p = torch.softmax(torch.as_tensor(logits), 0)
    return 1 - p[action]


def wrong_action_ignored__minus_p(logits, action):
    e = np.exp(logits - logits.max())
    return -e / e.sum()


def wrong_logits_for_probabilities__a(logits, action):
    return np.eye(len(logits))[action] - logits


def wrong_not_normalised__a(logits, action):
    return np.eye(len(logits))[action] - np.exp(logits)


def wrong_log_probability__a(logits, action):
    return torch.log_softmax(torch.as_tensor(logits), 0)[action]


def wrong_action_shifted__counts_from_one(logits, action):
    e = np.exp(logits - logits.max())
    return np.eye(len(logits))[action - 1] - e / e.sum()


def wrong_likeliest_action__a(logits, action):
    e = np.exp(logits - logits.max())
    return np.eye(len(logits))[np.argmax(logits)] - e / e.sum()


def wrong_by_probabilities__a(logits, action):
    e = np.exp(logits - logits.max())
    return np.eye(len(logits))[action] / (e / e.sum())


def wrong_overflow__float32(logits, action):
    e = torch.exp(torch.tensor(logits, dtype=torch.float32))
    return F.one_hot(torch.tensor(action), len(e)).float() - e / e.sum()


def wrong_changes_arguments__in_place(logits, action):
    logits -= logits.max()
    np.exp(logits, out=logits)
    logits /= -logits.sum()
    logits[action] += 1
    return logits


def wrong_none__text(logits, action):
    return "1 - p"
