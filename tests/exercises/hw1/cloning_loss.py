# ruff: noqa  (as students write)

import numpy as np
import torch
import torch.nn.functional as F
import numpy as np, torch, torch.nn.functional as F, scipy.special


def right_cross_entropy(logits, actions):
    return F.cross_entropy(torch.as_tensor(logits), torch.as_tensor(actions))


def right_log_softmax(logits, actions):
    logp = torch.log_softmax(torch.as_tensor(logits), dim=-1)
    return -logp.gather(1, torch.as_tensor(actions)[:, None]).mean()


def right_numpy(logits, actions):
    z = logits - logits.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -np.mean(logp[np.arange(len(actions)), actions])


def right_categorical(logits, actions):
    return -torch.distributions.Categorical(logits=logits).log_prob(actions).mean()


def right_loop(logits, actions):
    total = 0.0
    for z, a in zip(logits, actions):
        m = max(z)
        total += -(z[a] - m - np.log(sum(np.exp(v - m) for v in z)))
    return total / len(actions)


def right_logsumexp_torch(logits, actions):
    one = F.one_hot(actions.long(), logits.shape[1]).to(logits.dtype)
    return (torch.logsumexp(logits, 1) - (one * logits).sum(1)).mean()


def wrong_sign__a(logits, actions):
    return torch.log_softmax(logits, 1)[torch.arange(len(actions)), actions].mean()


def wrong_sum_for_mean__a(logits, actions):
    return F.cross_entropy(torch.as_tensor(logits), torch.as_tensor(actions), reduction="sum")


def wrong_no_softmax__a(logits, actions):
    return -logits[np.arange(len(actions)), actions].mean()


def wrong_softmax_twice__a(logits, actions):
    return F.cross_entropy(torch.softmax(torch.as_tensor(logits), 1), torch.as_tensor(actions))


def wrong_over_rows__a(logits, actions):
    p = torch.softmax(torch.as_tensor(logits), 0)
    return -torch.log(p[torch.arange(len(actions)), torch.as_tensor(actions)]).mean()


def wrong_probability_for_log__a(logits, actions):
    p = torch.softmax(torch.as_tensor(logits), 1)
    return -p[torch.arange(len(actions)), torch.as_tensor(actions)].mean()


def wrong_by_sample__a(logits, actions):
    return F.cross_entropy(torch.as_tensor(logits), torch.as_tensor(actions), reduction="none")


def wrong_mean_over_entries__a(logits, actions):
    logits, actions = torch.as_tensor(logits), torch.as_tensor(actions)
    one = F.one_hot(actions.long(), logits.shape[1])
    return -(one * torch.log_softmax(logits, 1)).mean()


def wrong_squared_error__a(logits, actions):
    logits, actions = torch.as_tensor(logits), torch.as_tensor(actions)
    one = F.one_hot(actions.long(), logits.shape[1])
    return ((torch.softmax(logits, 1) - one) ** 2).mean()


def wrong_share_of_errors__a(logits, actions):
    return float(np.mean(np.argmax(np.asarray(logits), axis=1) != np.asarray(actions)))


def wrong_overflow__a(logits, actions):
    with np.errstate(all="ignore"):
        e = np.exp(np.asarray(logits, dtype=np.float32))
        p = e / e.sum(1, keepdims=True)
        return float(-np.log(p[np.arange(len(actions)), np.asarray(actions)]).mean())


def wrong_sigmoid__a(logits, actions):
    logits, actions = torch.as_tensor(logits), torch.as_tensor(actions)
    one = F.one_hot(actions.long(), logits.shape[1]).to(logits.dtype)
    return F.binary_cross_entropy_with_logits(logits, one)


# From another hand, later.


def right_nll(logits, actions):
    return F.nll_loss(F.log_softmax(torch.as_tensor(logits), dim=1), torch.as_tensor(actions))


def right_ce(logits, actions):
    return F.cross_entropy(logits, actions, reduction="mean")


def right_module(logits, actions):
    return torch.nn.CrossEntropyLoss()(torch.as_tensor(logits), torch.as_tensor(actions))


def right_gather(logits, actions):
    l = torch.as_tensor(logits)
    return (torch.logsumexp(l, 1) - l.gather(1, torch.as_tensor(actions)[:, None])[:, 0]).mean()


def right_np(logits, actions):
    z = logits - logits.max(1, keepdims=True)
    return -np.mean(z[np.arange(len(z)), actions] - np.log(np.exp(z).sum(1)))


def right_scipy(logits, actions):
    return -scipy.special.log_softmax(logits, axis=1)[range(len(actions)), actions].mean()


def right_categorical_fresh(logits, actions):
    return (
        -torch.distributions.Categorical(logits=torch.as_tensor(logits))
        .log_prob(torch.as_tensor(actions))
        .mean()
    )


def right_onehot(logits, actions):
    return -(
        F.one_hot(torch.as_tensor(actions), logits.shape[1]) * torch.log_softmax(torch.as_tensor(logits), 1)
    ).sum() / len(actions)


def right_loop_fresh(logits, actions):
    t = 0.0
    for z, a in zip(logits, actions):
        t += torch.logsumexp(z, 0) - z[a]
    return t / len(actions)


def right_f32(logits, actions):
    return F.cross_entropy(torch.as_tensor(logits).float(), torch.as_tensor(actions))


def right_python(logits, actions):
    import math

    t = 0
    for row, a in zip(np.asarray(logits).tolist(), actions):
        m = max(row)
        t += m + math.log(sum((math.exp(x - m) for x in row))) - row[a]
    return t / len(actions)


def right_logaddexp(logits, actions):
    return np.mean(
        np.logaddexp.reduce(logits, axis=1) - np.take_along_axis(logits, actions[:, None], 1)[:, 0]
    )


def W(f):
    return lambda logits, actions: f(
        torch.log_softmax(torch.as_tensor(logits), 1), torch.as_tensor(actions), torch.as_tensor(logits)
    )


_p = lambda L, a: L[range(len(a)), a]

wrong_crossed__fresh_all = W(lambda L, a, z: -L[:, a].mean())

wrong_floor__fresh_eps = W(lambda L, a, z: -torch.log(_p(L, a).exp() + 0.001).mean())

wrong_floor__fresh_clip = W(lambda L, a, z: -torch.log(_p(L, a).exp().clamp(min=1e-08)).mean())

wrong_gradient_lost__fresh_detach = W(lambda L, a, z: -_p(L.detach(), a).mean() + 0 * z.sum())

wrong_smoothed__fresh_smooth = W(lambda L, a, z: F.cross_entropy(z, a, label_smoothing=0.1))

wrong_one_action__fresh_first = W(lambda L, a, z: -L[:, 0].mean())

wrong_normaliser_wrong__fresh_normz = W(lambda L, a, z: -(_p(z, a) / z.sum(1)).mean())

wrong_perplexity__fresh_perp = W(lambda L, a, z: (-_p(L, a).mean()).exp())

wrong_one_sample__fresh_last = W(lambda L, a, z: -_p(L, a)[-1])

wrong_normaliser_wrong__fresh_noexp = W(lambda L, a, z: (-_p(z, a) + z.exp().sum(1)).mean())

wrong_normaliser_wrong__fresh_max = W(lambda L, a, z: (z.max(1).values - _p(z, a)).mean())

wrong_normaliser_wrong__fresh_lse_only = W(lambda L, a, z: torch.logsumexp(z, 1).mean())
