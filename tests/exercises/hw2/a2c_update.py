# ruff: noqa  (as students write)

import torch
import torch.nn.functional as F


def advantages(b, s, v, after, boot=None, on=None):
    boot = 1 - b.terminated if boot is None else boot
    on = (1 - b.terminated) * (1 - b.truncated) if on is None else on
    A, out = 0.0, []
    for t in reversed(range(len(b.reward))):
        delta = b.reward[t] + s.gamma * boot[t] * after[t] - v[t]
        A = delta + s.gamma * s.lam * on[t] * A
        out.append(A)
    return torch.stack(out[::-1])


def step(nets, b, s, A, y, entropy=None):
    pi = torch.distributions.Categorical(logits=nets.policy(b.obs))
    H = pi.entropy() if entropy is None else entropy(pi)
    loss = -(pi.log_prob(b.action) * A).mean() - s.entropy_weight * H.mean()
    loss = loss + s.value_weight * F.mse_loss(nets.critic(b.obs), y)
    nets.optimiser.zero_grad()
    loss.backward()
    nets.optimiser.step()


def data(nets, b, s, **masks):
    with torch.no_grad():
        v, after = nets.critic(b.obs), nets.critic(b.next_obs)
        A = advantages(b, s, v, after, **masks)
    return A, A + v, v


def right_as_written(nets, batch, settings):
    A, y, _ = data(nets, batch, settings)
    step(nets, batch, settings, A, y)


def right_detached_at_the_end(nets, batch, settings):
    s, b = settings, batch
    v = nets.critic(b.obs)
    A = advantages(b, s, v, nets.critic(b.next_obs)).detach()
    y = (A + v).detach()
    log_p = torch.log_softmax(nets.policy(b.obs), dim=-1)
    taken = log_p[torch.arange(len(b.action)), b.action]
    H = -(log_p.exp() * log_p).sum(-1)
    loss = (-taken * A + s.value_weight * (v - y).pow(2) - s.entropy_weight * H).mean()
    for p in [*nets.policy.parameters(), *nets.critic.parameters()]:
        p.grad = None
    loss.backward()
    nets.optimiser.step()


def right_two_backwards(nets, batch, settings):
    s, b = settings, batch
    A, y, _ = data(nets, b, s)
    nets.optimiser.zero_grad()
    logits = nets.policy(b.obs)
    (F.cross_entropy(logits, b.action, reduction="none") * A).mean().backward(retain_graph=True)
    p = logits.softmax(1)
    (s.entropy_weight * (p * p.log()).sum(1).mean()).backward()
    (s.value_weight * ((y - nets.critic(b.obs)) ** 2).mean()).backward()
    nets.optimiser.step()
    return {"loss": 0.0}


def right_gradients_by_hand(nets, batch, settings):
    s, b = settings, batch
    A, y, _ = data(nets, b, s)
    pi = torch.distributions.Categorical(logits=nets.policy(b.obs))
    gain = (pi.log_prob(b.action) * A + s.entropy_weight * pi.entropy()).sum() / len(A)
    error = s.value_weight * ((nets.critic(b.obs) - y) ** 2).sum() / len(A)
    for net, loss in ((nets.policy, -gain), (nets.critic, error)):
        for p, g in zip(net.parameters(), torch.autograd.grad(loss, list(net.parameters()))):
            p.grad = g
    nets.optimiser.step()


def wrong_nothing_moves__no_step(nets, batch, settings):
    A, y, _ = data(nets, batch, settings)
    pi = torch.distributions.Categorical(logits=nets.policy(batch.obs))
    (-(pi.log_prob(batch.action) * A).mean()).backward()


def wrong_policy_descends__a(nets, batch, settings):
    A, y, _ = data(nets, batch, settings)
    step(nets, batch, settings, -A, y)


def wrong_entropy_sign__a(nets, batch, settings):
    A, y, _ = data(nets, batch, settings)
    step(nets, batch, settings, A, y, lambda pi: -pi.entropy())


def wrong_no_entropy__detached(nets, batch, settings):
    A, y, _ = data(nets, batch, settings)
    step(nets, batch, settings, A, y, lambda pi: pi.entropy().detach())


def wrong_entropy_of_samples__a(nets, batch, settings):
    A, y, _ = data(nets, batch, settings)
    step(nets, batch, settings, A, y, lambda pi: -pi.log_prob(batch.action))


def wrong_nothing_detached__a(nets, batch, settings):
    v = nets.critic(batch.obs)
    A = advantages(batch, settings, v, nets.critic(batch.next_obs))
    step(nets, batch, settings, A, A + v)


def wrong_target_not_detached__a(nets, batch, settings):
    v = nets.critic(batch.obs)
    A = advantages(batch, settings, v, nets.critic(batch.next_obs))
    step(nets, batch, settings, A.detach(), A + v)


def wrong_advantage_not_detached__a(nets, batch, settings):
    v = nets.critic(batch.obs)
    A = advantages(batch, settings, v, nets.critic(batch.next_obs))
    step(nets, batch, settings, A, (A + v).detach())


def wrong_critic_still__value_kept_in_target(nets, batch, settings):
    A, _, _ = data(nets, batch, settings)
    v = nets.critic(batch.obs)
    pi = torch.distributions.Categorical(logits=nets.policy(batch.obs))
    loss = -(pi.log_prob(batch.action) * A).mean() - settings.entropy_weight * pi.entropy().mean()
    loss = loss + settings.value_weight * ((v - (A + v)) ** 2).mean()
    nets.optimiser.zero_grad()
    loss.backward()
    nets.optimiser.step()


def wrong_bootstrap_on_terminal__a(nets, batch, settings):
    A, y, _ = data(nets, batch, settings, boot=torch.ones_like(batch.reward))
    step(nets, batch, settings, A, y)


def wrong_no_bootstrap_on_truncation__done(nets, batch, settings):
    done = torch.maximum(batch.terminated, batch.truncated)
    A, y, _ = data(nets, batch, settings, boot=1 - done)
    step(nets, batch, settings, A, y)


def wrong_leaks_across_truncation__a(nets, batch, settings):
    A, y, _ = data(nets, batch, settings, on=1 - batch.terminated)
    step(nets, batch, settings, A, y)


def wrong_leaks_across_episodes__a(nets, batch, settings):
    A, y, _ = data(nets, batch, settings, on=torch.ones_like(batch.reward))
    step(nets, batch, settings, A, y)


def wrong_value_of_the_reset__a(nets, batch, settings):
    with torch.no_grad():
        v = nets.critic(torch.cat([batch.obs, batch.next_obs[-1:]]))
        A = advantages(batch, settings, v[:-1], v[1:])
    step(nets, batch, settings, A, A + v[:-1])


def wrong_td_target__a(nets, batch, settings):
    A, _, _ = data(nets, batch, settings)
    with torch.no_grad():
        y = batch.reward + settings.gamma * (1 - batch.terminated) * nets.critic(batch.next_obs)
    step(nets, batch, settings, A, y)


def wrong_target_for_advantage__a(nets, batch, settings):
    _, y, _ = data(nets, batch, settings)
    step(nets, batch, settings, y, y)


def wrong_advantage_standardised__a(nets, batch, settings):
    A, y, _ = data(nets, batch, settings)
    step(nets, batch, settings, (A - A.mean()) / (A.std() + 1e-8), y)


def wrong_half__a(nets, batch, settings):
    settings.value_weight = settings.value_weight / 2
    right_as_written(nets, batch, settings)
    settings.value_weight = settings.value_weight * 2


def wrong_gradients_pile_up__a(nets, batch, settings):
    A, y, _ = data(nets, batch, settings)
    pi = torch.distributions.Categorical(logits=nets.policy(batch.obs))
    loss = -(pi.log_prob(batch.action) * A).mean() - settings.entropy_weight * pi.entropy().mean()
    (loss + settings.value_weight * F.mse_loss(nets.critic(batch.obs), y)).backward()
    nets.optimiser.step()


def wrong_likeliest_action__a(nets, batch, settings):
    with torch.no_grad():
        batch.action = nets.policy(batch.obs).argmax(-1)
    right_as_written(nets, batch, settings)


def wrong_lambda_missing__a(nets, batch, settings):
    settings.lam = 1.0
    right_as_written(nets, batch, settings)
