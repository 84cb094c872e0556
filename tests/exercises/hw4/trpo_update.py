# ruff: noqa  (as students write)

import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters


def flat_grad(y, ps, **k):
    return torch.cat([g.reshape(-1) for g in torch.autograd.grad(y, ps, **k)])


def mean_kl(old, policy, obs, reverse=False):
    p, q = torch.log_softmax(old, -1), torch.log_softmax(policy(obs), -1)
    return (q.exp() * (q - p)).sum(-1).mean() if reverse else (p.exp() * (p - q)).sum(-1).mean()


def ratio(old, policy, obs, action):
    rows = torch.arange(len(action))
    return torch.exp(
        torch.log_softmax(policy(obs), -1)[rows, action] - torch.log_softmax(old, -1)[rows, action]
    )


def cg(matvec, b, n=30):
    x, r = torch.zeros_like(b), b.clone()
    p, rr = r.clone(), r @ r
    for _ in range(n):
        if rr < 1e-24:
            break
        Ap = matvec(p)
        alpha = rr / (p @ Ap)
        x, r = x + alpha * p, r - alpha * Ap
        new = r @ r
        p, rr = r + new / rr * p, new
    return x


def trpo(
    policy,
    obs,
    action,
    advantage,
    max_kl,
    damping,
    sign=1,
    direction="natural",
    scale=None,
    search="both",
    reverse=False,
    pile_up=False,
    shrink=0.5,
    by_cg=True,
    restore=True,
):
    ps = list(policy.parameters())
    old, theta = policy(obs).detach(), parameters_to_vector(ps).detach().clone()
    g = flat_grad((ratio(old, policy, obs, action) * advantage).mean(), ps)
    slope = flat_grad(mean_kl(old, policy, obs), ps, create_graph=True)
    hvp = lambda v: flat_grad(slope @ v, ps, retain_graph=True) + damping * v
    s = cg(hvp, g) if direction == "natural" else g if direction == "plain" else hvp(g)
    beta = torch.sqrt(2 * max_kl / (s @ hvp(s))) if scale is None else scale(s, hvp, max_kl)
    base = theta.clone()
    for j in range(10):
        base = (parameters_to_vector(ps).detach() if pile_up else theta) + sign * shrink**j * beta * s
        vector_to_parameters(base, ps)
        with torch.no_grad():
            gain = ((ratio(old, policy, obs, action) - 1) * advantage).mean()
            kl = mean_kl(old, policy, obs, reverse)
        if search == "none" or (search == "gain" or kl <= max_kl) and (search == "kl" or gain > 0):
            return
    if restore:
        vector_to_parameters(theta, ps)


def right_conjugate_gradient(policy, obs, action, advantage, max_kl, damping):
    trpo(policy, obs, action, advantage, max_kl, damping)


def right_dense_hessian(policy, obs, action, advantage, max_kl, damping):
    (W,) = policy.parameters()
    old = policy(obs).detach()
    g = torch.autograd.grad((ratio(old, policy, obs, action) * advantage).sum(), W)[0].reshape(
        -1
    )  # sum: no matter
    f = lambda w: mean_kl(old, lambda o: o @ w.reshape(W.shape), obs)
    start = W.detach().clone()
    H = torch.autograd.functional.hessian(f, start.reshape(-1)) + damping * torch.eye(len(g), dtype=g.dtype)
    s = torch.linalg.inv(H) @ g
    step = torch.sqrt(2 * max_kl / (s @ H @ s)) * s
    before = (ratio(old, policy, obs, action) * advantage).mean().item()
    done = False
    for j in range(10):
        W.data = start + (step / 2**j).reshape(W.shape)
        if (
            mean_kl(old, policy, obs) <= max_kl
            and (ratio(old, policy, obs, action) * advantage).mean() > before
        ):
            done = True
            break
    if not done:
        W.data = start


def right_with_log_probs_for_the_gradient(policy, obs, action, advantage, max_kl, damping):
    "At the old parameters the gradient of log π Â is that of r Â."
    ps = list(policy.parameters())
    old, theta = policy(obs).detach(), parameters_to_vector(ps).detach().clone()
    logp = torch.distributions.Categorical(logits=policy(obs)).log_prob(action)
    g = flat_grad((logp * advantage).mean(), ps)
    kl = torch.distributions.kl_divergence(
        torch.distributions.Categorical(logits=old), torch.distributions.Categorical(logits=policy(obs))
    ).mean()
    slope = flat_grad(kl, ps, create_graph=True)
    hvp = lambda v: flat_grad(slope @ v, ps, retain_graph=True) + damping * v
    s = cg(hvp, g)
    lm = torch.sqrt(0.5 * s @ g / max_kl)
    for fraction in 0.5 ** torch.arange(10):
        vector_to_parameters(theta + fraction * s / lm, ps)
        with torch.no_grad():
            better = ((ratio(old, policy, obs, action) - 1) * advantage).mean() > 0
            if better and mean_kl(old, policy, obs) <= max_kl:
                return True
    vector_to_parameters(theta, ps)
    return False


def wrong_nothing_moves__downhill(policy, obs, action, advantage, max_kl, damping):
    trpo(policy, obs, action, advantage, max_kl, damping, sign=-1)


def wrong_descends__unchecked(policy, obs, action, advantage, max_kl, damping):
    trpo(policy, obs, action, advantage, max_kl, damping, sign=-1, search="none")


def wrong_no_search__a(policy, obs, action, advantage, max_kl, damping):
    trpo(policy, obs, action, advantage, max_kl, damping, search="none")


def wrong_kl_unchecked__a(policy, obs, action, advantage, max_kl, damping):
    trpo(policy, obs, action, advantage, max_kl, damping, search="gain")


def wrong_gain_unchecked__a(policy, obs, action, advantage, max_kl, damping):
    trpo(policy, obs, action, advantage, max_kl, damping, search="kl")


def wrong_kl_reversed__a(policy, obs, action, advantage, max_kl, damping):
    trpo(policy, obs, action, advantage, max_kl, damping, reverse=True)


def wrong_steps_pile_up__a(policy, obs, action, advantage, max_kl, damping):
    trpo(policy, obs, action, advantage, max_kl, damping, pile_up=True)


def wrong_plain_gradient__a(policy, obs, action, advantage, max_kl, damping):
    trpo(policy, obs, action, advantage, max_kl, damping, direction="plain")


def wrong_multiplied_by_fisher__a(policy, obs, action, advantage, max_kl, damping):
    trpo(policy, obs, action, advantage, max_kl, damping, direction="times")


def wrong_factor_two_lost__a(policy, obs, action, advantage, max_kl, damping):
    trpo(policy, obs, action, advantage, max_kl, damping, scale=lambda s, F, d: torch.sqrt(d / (s @ F(s))))


def wrong_missing_sqrt__a(policy, obs, action, advantage, max_kl, damping):
    trpo(policy, obs, action, advantage, max_kl, damping, scale=lambda s, F, d: 2 * d / (s @ F(s)))


def wrong_other_fractions__a(policy, obs, action, advantage, max_kl, damping):
    trpo(policy, obs, action, advantage, max_kl, damping, shrink=0.8)


def wrong_nothing_moves__a(policy, obs, action, advantage, max_kl, damping):
    for p in policy.parameters():
        p = p + 1


def wrong_advantage_ignored__a(policy, obs, action, advantage, max_kl, damping):
    ps = list(policy.parameters())
    keep = advantage
    old, theta = policy(obs).detach(), parameters_to_vector(ps).detach().clone()
    g = flat_grad(ratio(old, policy, obs, action).mean(), ps)
    slope = flat_grad(mean_kl(old, policy, obs), ps, create_graph=True)
    hvp = lambda v: flat_grad(slope @ v, ps, retain_graph=True) + damping * v
    s = cg(hvp, g)
    for j in range(10):
        vector_to_parameters(theta + 0.5**j * torch.sqrt(2 * max_kl / (s @ hvp(s))) * s, ps)
        with torch.no_grad():
            if (ratio(old, policy, obs, action) - 1).mean() > 0 and mean_kl(old, policy, obs) <= max_kl:
                return
    vector_to_parameters(theta, ps)


def wrong_not_restored__a(policy, obs, action, advantage, max_kl, damping):
    trpo(policy, obs, action, advantage, max_kl, damping, restore=False)
