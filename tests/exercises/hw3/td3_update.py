# ruff: noqa  (as students write)

import torch
import torch.nn.functional as F


def target(nets, batch, s, xi, smaller=torch.minimum):
    noise = torch.clamp(s.sigma * xi, -s.clip, s.clip)
    a = torch.clamp(nets.target_actor(batch.next_obs) + noise, -1, 1)
    q = smaller(nets.target_critic1(batch.next_obs, a), nets.target_critic2(batch.next_obs, a))
    return batch.reward + s.gamma * (1 - batch.terminated) * q


def fit(nets, batch, y):
    loss = F.mse_loss(nets.critic1(batch.obs, batch.action), y) + F.mse_loss(
        nets.critic2(batch.obs, batch.action), y
    )
    nets.critic_optimiser.zero_grad()
    loss.backward()
    nets.critic_optimiser.step()


def climb(nets, batch):
    loss = -nets.critic1(batch.obs, nets.actor(batch.obs)).mean()
    nets.actor_optimiser.zero_grad()
    loss.backward()
    nets.actor_optimiser.step()


def follow(nets, tau, names=("actor", "critic1", "critic2")):
    for name in names:
        for slow, fast in zip(getattr(nets, "target_" + name).parameters(), getattr(nets, name).parameters()):
            slow.data.copy_((1 - tau) * slow.data + tau * fast.data)


def right_as_in_the_paper(nets, batch, settings, xi, step):
    with torch.no_grad():
        y = target(nets, batch, settings, xi)
    fit(nets, batch, y)
    if step % settings.delay == 0:
        climb(nets, batch)
        follow(nets, settings.tau)


def right_target_not_detached(nets, batch, settings, xi, step):
    "Target networks are in no optimiser: their gradients do no harm."
    fit(nets, batch, target(nets, batch, settings, xi))
    if not step % settings.delay:
        climb(nets, batch)
        follow(nets, settings.tau)


def right_gradients_by_hand(nets, batch, settings, xi, step):
    y = target(nets, batch, settings, xi).detach()
    for critic in (nets.critic1, nets.critic2):
        loss = ((y - critic(batch.obs, batch.action)) ** 2).sum() / len(y)
        for p, g in zip(critic.parameters(), torch.autograd.grad(loss, list(critic.parameters()))):
            p.grad = g
    nets.critic_optimiser.step()
    if step % settings.delay == 0:
        a = nets.actor(batch.obs)
        (slope,) = torch.autograd.grad(nets.critic1(batch.obs, a).sum(), a)
        nets.actor_optimiser.zero_grad()
        a.backward(-slope / len(a))
        nets.actor_optimiser.step()
        follow(nets, settings.tau)


def right_returns_its_losses_and_loads_state(nets, batch, settings, xi, step):
    print("step", step)
    with torch.no_grad():
        y = target(nets, batch, settings, xi, lambda a, b: torch.stack([a, b]).min(0).values)
    q = torch.stack([c(batch.obs, batch.action) for c in (nets.critic1, nets.critic2)])
    loss = ((q - y) ** 2).mean(1).sum()
    nets.critic_optimiser.zero_grad(set_to_none=False)
    loss.backward()
    nets.critic_optimiser.step()
    if step % settings.delay == 0:
        climb(nets, batch)
        for name in ("actor", "critic1", "critic2"):
            fast, slow = getattr(nets, name).state_dict(), getattr(nets, "target_" + name)
            slow.load_state_dict(
                {k: torch.lerp(v, fast[k], settings.tau) for k, v in slow.state_dict().items()}
            )
    return {"loss": loss.item()}


def wrong_max_for_min__a(nets, batch, settings, xi, step):
    fit(nets, batch, target(nets, batch, settings, xi, torch.maximum).detach())
    if step % settings.delay == 0:
        climb(nets, batch)
        follow(nets, settings.tau)


def wrong_one_critic_in_target__a(nets, batch, settings, xi, step):
    fit(nets, batch, target(nets, batch, settings, xi, lambda a, b: a).detach())
    if step % settings.delay == 0:
        climb(nets, batch)
        follow(nets, settings.tau)


def wrong_no_delay__a(nets, batch, settings, xi, step):
    fit(nets, batch, target(nets, batch, settings, xi).detach())
    climb(nets, batch)
    follow(nets, settings.tau)


def wrong_targets_not_delayed__a(nets, batch, settings, xi, step):
    fit(nets, batch, target(nets, batch, settings, xi).detach())
    if step % settings.delay == 0:
        climb(nets, batch)
    follow(nets, settings.tau)


def wrong_delay_shifted__off_by_one(nets, batch, settings, xi, step):
    right_as_in_the_paper(nets, batch, settings, xi, step + settings.delay - 1)


def wrong_gradient_leaks__a(nets, batch, settings, xi, step):
    y = target(nets, batch, settings, xi).detach()
    for critic in (nets.critic1, nets.critic2):
        F.mse_loss(critic(batch.obs, batch.action), y).backward()
    nets.critic_optimiser.step()
    nets.critic_optimiser.zero_grad()
    if step % settings.delay == 0:
        climb(nets, batch)
        follow(nets, settings.tau)


def wrong_gradients_pile_up__a(nets, batch, settings, xi, step):
    y = target(nets, batch, settings, xi).detach()
    for critic in (nets.critic1, nets.critic2):
        F.mse_loss(critic(batch.obs, batch.action), y).backward()
    nets.critic_optimiser.step()
    if step % settings.delay == 0:
        (-nets.critic1(batch.obs, nets.actor(batch.obs)).mean()).backward()
        nets.actor_optimiser.step()
        follow(nets, settings.tau)


def wrong_online_critics_in_target__a(nets, batch, settings, xi, step):
    noise = torch.clamp(settings.sigma * xi, -settings.clip, settings.clip)
    a = torch.clamp(nets.target_actor(batch.next_obs) + noise, -1, 1)
    q = torch.minimum(nets.critic1(batch.next_obs, a), nets.critic2(batch.next_obs, a))
    fit(nets, batch, (batch.reward + settings.gamma * (1 - batch.terminated) * q).detach())
    if step % settings.delay == 0:
        climb(nets, batch)
        follow(nets, settings.tau)


def wrong_target_actor_forgotten__a(nets, batch, settings, xi, step):
    fit(nets, batch, target(nets, batch, settings, xi).detach())
    if step % settings.delay == 0:
        climb(nets, batch)
        follow(nets, settings.tau, ("critic1", "critic2"))


def wrong_tau_swapped__a(nets, batch, settings, xi, step):
    fit(nets, batch, target(nets, batch, settings, xi).detach())
    if step % settings.delay == 0:
        climb(nets, batch)
        follow(nets, 1 - settings.tau)


def wrong_actor_descends__a(nets, batch, settings, xi, step):
    fit(nets, batch, target(nets, batch, settings, xi).detach())
    if step % settings.delay == 0:
        nets.actor_optimiser.zero_grad()
        nets.critic1(batch.obs, nets.actor(batch.obs)).mean().backward()
        nets.actor_optimiser.step()
        follow(nets, settings.tau)


def wrong_replay_action__detached(nets, batch, settings, xi, step):
    fit(nets, batch, target(nets, batch, settings, xi).detach())
    if step % settings.delay == 0:
        nets.actor_optimiser.zero_grad()
        (-nets.critic1(batch.obs, nets.actor(batch.obs).detach()).mean()).backward()
        nets.actor_optimiser.step()
        follow(nets, settings.tau)


def wrong_bootstrap_on_terminal__a(nets, batch, settings, xi, step):
    batch.terminated = 0 * batch.terminated
    right_as_in_the_paper(nets, batch, settings, xi, step)


def wrong_no_smoothing__a(nets, batch, settings, xi, step):
    right_as_in_the_paper(nets, batch, settings, 0 * xi, step)


def wrong_actor_of_both__a(nets, batch, settings, xi, step):
    fit(nets, batch, target(nets, batch, settings, xi).detach())
    if step % settings.delay == 0:
        a = nets.actor(batch.obs)
        loss = -0.5 * (nets.critic1(batch.obs, a) + nets.critic2(batch.obs, a)).mean()
        nets.actor_optimiser.zero_grad()
        loss.backward()
        nets.actor_optimiser.step()
        follow(nets, settings.tau)


def wrong_critics_gradients_pile_up__a(nets, batch, settings, xi, step):
    y = target(nets, batch, settings, xi).detach()
    loss = F.mse_loss(nets.critic1(batch.obs, batch.action), y)
    loss = loss + F.mse_loss(nets.critic2(batch.obs, batch.action), y)
    loss.backward()
    nets.critic_optimiser.step()
    if step % settings.delay == 0:
        climb(nets, batch)
        follow(nets, settings.tau)


def wrong_actors_gradients_pile_up__a(nets, batch, settings, xi, step):
    fit(nets, batch, target(nets, batch, settings, xi).detach())
    if step % settings.delay == 0:
        (-nets.critic1(batch.obs, nets.actor(batch.obs)).mean()).backward()
        nets.actor_optimiser.step()
        follow(nets, settings.tau)


def wrong_actor_of_minimum__a(nets, batch, settings, xi, step):
    fit(nets, batch, target(nets, batch, settings, xi).detach())
    if step % settings.delay == 0:
        a = nets.actor(batch.obs)
        loss = -torch.minimum(nets.critic1(batch.obs, a), nets.critic2(batch.obs, a)).mean()
        nets.actor_optimiser.zero_grad()
        loss.backward()
        nets.actor_optimiser.step()
        follow(nets, settings.tau)


def wrong_actor_of_target__a(nets, batch, settings, xi, step):
    fit(nets, batch, target(nets, batch, settings, xi).detach())
    if step % settings.delay == 0:
        nets.actor_optimiser.zero_grad()
        (-nets.target_critic1(batch.obs, nets.actor(batch.obs)).mean()).backward()
        nets.actor_optimiser.step()
        follow(nets, settings.tau)
