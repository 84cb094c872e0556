# ruff: noqa  (as students write)

import torch
import torch.nn.functional as F
import torch, math
from torch.distributions import Categorical


def loss_of(nets, b, s, i, gain=None, scale=None, entropy=None, critic=1.0):
    pi = torch.distributions.Categorical(logits=nets.policy(b.obs[i]))
    r = torch.exp(pi.log_prob(b.action[i]) - b.log_prob[i])
    A = b.advantage[i]
    A = (A - A.mean()) / (A.std(unbiased=False) + 1e-8) if scale is None else scale(A)
    if gain is None:
        part = torch.min(r * A, torch.clamp(r, 1 - s.clip, 1 + s.clip) * A).mean()
    else:
        part = gain(r, A, s.clip).mean()
    H = pi.entropy().mean() if entropy is None else entropy(pi)
    return (
        -part
        + critic * s.value_weight * F.mse_loss(nets.critic(b.obs[i]), b.target[i])
        - s.entropy_weight * H
    )


def far(nets, b, s):
    with torch.no_grad():
        x = torch.distributions.Categorical(logits=nets.policy(b.obs)).log_prob(b.action) - b.log_prob
        return (x.exp() - 1 - x).mean() > s.stop_kl


def run(nets, b, s, zero=True, stop=far, epochs=None, **changes):
    for pieces in s.epochs if epochs is None else epochs:
        for i in pieces:
            loss = loss_of(nets, b, s, i, **changes)
            if zero:
                nets.optimiser.zero_grad()
            loss.backward()
            nets.optimiser.step()
        if stop(nets, b, s):
            break


def right_as_written(nets, batch, settings):
    run(nets, batch, settings)


def right_log_softmax_and_while(nets, batch, settings):
    k, go = 0, True
    while go and k < len(settings.epochs):
        for rows in settings.epochs[k]:
            logp = torch.log_softmax(nets.policy(batch.obs[rows]), 1)
            taken = logp[torch.arange(len(rows)), batch.action[rows]]
            r, A = (taken - batch.log_prob[rows]).exp(), batch.advantage[rows]
            A = (A - A.mean()) / (((A - A.mean()) ** 2).mean().sqrt() + 1e-8)
            edge = torch.where(A > 0, 1 + settings.clip, 1 - settings.clip)
            objective = torch.minimum(r * A, edge * A)
            H = -(logp.exp() * logp).sum(1)
            error = (nets.critic(batch.obs[rows]) - batch.target[rows]) ** 2
            total = (-objective + settings.value_weight * error - settings.entropy_weight * H).mean()
            for p in [*nets.policy.parameters(), *nets.critic.parameters()]:
                p.grad = None
            total.backward()
            nets.optimiser.step()
        k += 1
        go = not far(nets, batch, settings)


def right_return_at_the_stop(nets, batch, settings):
    for epoch in settings.epochs:
        for i in epoch:
            nets.optimiser.zero_grad()
            loss_of(nets, batch, settings, i).backward()
            nets.optimiser.step()
        if far(nets, batch, settings):
            return None


def right_two_backwards(nets, batch, settings):
    for epoch in settings.epochs:
        for i in epoch:
            nets.optimiser.zero_grad()
            loss_of(nets, batch, settings, i, critic=0.0).backward()
            (settings.value_weight * ((nets.critic(batch.obs[i]) - batch.target[i]) ** 2).mean()).backward()
            nets.optimiser.step()
        if far(nets, batch, settings):
            break


def wrong_nothing_moves__no_step(nets, batch, settings):
    for epoch in settings.epochs:
        for i in epoch:
            loss_of(nets, batch, settings, i).backward()


def wrong_no_clip__a(nets, batch, settings):
    run(nets, batch, settings, gain=lambda r, A, e: r * A)


def wrong_no_minimum__a(nets, batch, settings):
    run(nets, batch, settings, gain=lambda r, A, e: r.clamp(1 - e, 1 + e) * A)


def wrong_maximum__a(nets, batch, settings):
    run(nets, batch, settings, gain=lambda r, A, e: torch.max(r * A, r.clamp(1 - e, 1 + e) * A))


def wrong_policy_descends__a(nets, batch, settings):
    run(nets, batch, settings, gain=lambda r, A, e: -torch.min(r * A, r.clamp(1 - e, 1 + e) * A))


def wrong_old_policy_renewed__a(nets, batch, settings):
    run(nets, batch, settings, gain=lambda r, A, e: r / r.detach() * A)


def wrong_not_normalised__a(nets, batch, settings):
    run(nets, batch, settings, scale=lambda A: A)


def wrong_sample_deviation__a(nets, batch, settings):
    run(nets, batch, settings, scale=lambda A: (A - A.mean()) / (A.std() + 1e-8))


def wrong_normalised_over_the_batch__a(nets, batch, settings):
    m, d = batch.advantage.mean(), batch.advantage.std(unbiased=False)
    run(nets, batch, settings, scale=lambda A: (A - m) / (d + 1e-8))


def wrong_no_early_stop__a(nets, batch, settings):
    run(nets, batch, settings, stop=lambda *_: False)


def wrong_one_epoch__a(nets, batch, settings):
    run(nets, batch, settings, epochs=settings.epochs[:1])


def wrong_gradients_pile_up__a(nets, batch, settings):
    run(nets, batch, settings, zero=False)


def wrong_no_entropy__a(nets, batch, settings):
    run(nets, batch, settings, entropy=lambda pi: 0.0)


def wrong_half__a(nets, batch, settings):
    run(nets, batch, settings, critic=0.5)


def wrong_critic_ascends__a(nets, batch, settings):
    run(nets, batch, settings, critic=-1.0)


def wrong_none__not_torch(nets, batch, settings):
    run(nets, batch.obs.numpy(), settings)


# From another hand, later.


def _core(
    nets,
    batch,
    settings,
    norm=lambda a: (a - a.mean()) / (a.std(correction=0) + 1e-08),
    obj=lambda r, A, e: torch.min(r * A, r.clamp(1 - e, 1 + e) * A).mean(),
    v=lambda V, y: ((V - y) ** 2).mean(),
    ent=lambda H: H.mean(),
    s=(-1, 1, -1),
    stop=True,
    kind="k3",
    whole=False,
    zero=True,
    oldfix=True,
    steps=1,
    stopat="epoch",
    strict=True,
    klbatch=True,
    logr=lambda n, o: n - o,
):
    old = batch.log_prob
    if whole is True:
        A_all = norm(batch.advantage)
    for epoch in settings.epochs:
        for i in epoch:
            A = A_all[i] if whole is True else norm(batch.advantage[i])
            d = Categorical(logits=nets.policy(batch.obs[i]))
            lr = logr(d.log_prob(batch.action[i]), old[i])
            r = lr.exp()
            loss = (
                s[0] * obj(r, A, settings.clip)
                + s[1] * settings.value_weight * v(nets.critic(batch.obs[i]), batch.target[i])
                + s[2] * settings.entropy_weight * ent(d.entropy())
            )
            if zero:
                nets.optimiser.zero_grad()
            loss.backward()
            nets.optimiser.step()
            if stopat == "mini":
                with torch.no_grad():
                    x = Categorical(logits=nets.policy(batch.obs)).log_prob(batch.action) - old
                    if stop and (x.exp() - 1 - x).mean() > settings.stop_kl:
                        return
        with torch.no_grad():
            j = slice(None) if klbatch else i
            x = Categorical(logits=nets.policy(batch.obs[j])).log_prob(batch.action[j]) - old[j]
            k = {"k1": -x.mean(), "k2": (x * x / 2).mean(), "k3": (x.exp() - 1 - x).mean()}[kind]
        if not oldfix:
            old = x + old
        if stop and stopat == "epoch" and (k > settings.stop_kl):
            break


def right_core(nets, batch, settings):
    _core(nets, batch, settings)


def right_logsoftmax(nets, batch, settings):
    o, a, old = (batch.obs, batch.action.long(), batch.log_prob.detach())

    def lp(i):
        L = F.log_softmax(nets.policy(o[i]), -1)
        return (L.gather(1, a[i].unsqueeze(1)).squeeze(1), -(L.exp() * L).sum(1))

    for epoch in settings.epochs:
        for idx in epoch:
            adv = batch.advantage[idx]
            adv = (adv - adv.mean()) / (adv.std(unbiased=False) + 1e-08)
            l, H = lp(idx)
            ratio = torch.exp(l - old[idx])
            loss = (
                torch.max(
                    -adv * ratio, -adv * torch.clamp(ratio, 1 - settings.clip, 1 + settings.clip)
                ).mean()
                - settings.entropy_weight * H.mean()
                + settings.value_weight * F.mse_loss(nets.critic(o[idx]), batch.target[idx])
            )
            nets.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nets.optimiser.step()
        with torch.no_grad():
            x = lp(slice(None))[0] - old
            kl = (x.exp() - 1 - x).mean()
        if kl > settings.stop_kl:
            return


def right_class(nets, batch, settings):

    class Step:
        def __call__(self, i):
            d = Categorical(logits=nets.policy(batch.obs[i]))
            A = batch.advantage[i]
            A = (A - A.mean()) / (((A - A.mean()) ** 2).mean().sqrt() + 1e-08)
            r = (d.log_prob(batch.action[i]) - batch.log_prob[i]).exp()
            c = settings.clip
            L = torch.where(A > 0, r.clamp(max=1 + c), r.clamp(min=1 - c)) * A
            return (
                -L
                + settings.value_weight * (nets.critic(batch.obs[i]) - batch.target[i]).pow(2)
                - settings.entropy_weight * d.entropy()
            ).mean()

    step = Step()
    for e in settings.epochs:
        for i in e:
            nets.optimiser.zero_grad()
            step(i).backward()
            nets.optimiser.step()
        x = Categorical(logits=nets.policy(batch.obs).detach()).log_prob(batch.action) - batch.log_prob
        if float((torch.expm1(x) - x).mean()) > settings.stop_kl:
            break


def right_grads(nets, batch, settings):
    ps = [p for g in nets.optimiser.param_groups for p in g["params"]]
    for e in settings.epochs:
        for i in e:
            L = torch.log_softmax(nets.policy(batch.obs[i]), 1)
            l = L[torch.arange(len(i)), batch.action[i]]
            A = batch.advantage[i]
            A = (A - A.mean()) / (A.std(correction=0) + 1e-08)
            r = (l - batch.log_prob[i]).exp()
            loss = (
                -torch.min(r * A, r.clamp(1 - settings.clip, 1 + settings.clip) * A).mean()
                + settings.value_weight * ((nets.critic(batch.obs[i]) - batch.target[i]) ** 2).mean()
                + settings.entropy_weight * (L.exp() * L).sum(1).mean()
            )
            for p, g in zip(ps, torch.autograd.grad(loss, ps)):
                p.grad = g
            nets.optimiser.step()
        with torch.no_grad():
            x = (
                torch.log_softmax(nets.policy(batch.obs), 1)[torch.arange(len(batch.obs)), batch.action]
                - batch.log_prob
            )
        if (x.exp() - 1 - x).mean().item() > settings.stop_kl:
            break


def right_rec(nets, batch, settings, k=0):
    if k == len(settings.epochs):
        return None
    for i in settings.epochs[k]:
        d = Categorical(logits=nets.policy(batch.obs[i]))
        A = batch.advantage[i]
        A = (A - A.mean()) / (A.std(correction=0) + 1e-08)
        r = (d.log_prob(batch.action[i]) - batch.log_prob[i]).exp()
        L = (
            -torch.min(r * A, r.clamp(1 - settings.clip, 1 + settings.clip) * A).mean()
            + settings.value_weight * ((nets.critic(batch.obs[i]) - batch.target[i]) ** 2).mean()
            - settings.entropy_weight * d.entropy().mean()
        )
        nets.optimiser.zero_grad()
        L.backward()
        nets.optimiser.step()
    with torch.no_grad():
        x = Categorical(logits=nets.policy(batch.obs)).log_prob(batch.action) - batch.log_prob
    return None if (x.exp() - 1 - x).mean() > settings.stop_kl else right_rec(nets, batch, settings, k + 1)


def _w(**k):
    return lambda nets, batch, settings: _core(nets, batch, settings, **k)


wrong_old_policy_renewed__fresh_oldnew = _w(oldfix=False)

wrong_kl_of_a_minibatch__fresh_lastmini = _w(klbatch=False)

wrong_absolute_error__fresh_l1 = _w(v=lambda V, y: (V - y).abs().mean())

wrong_minimum_of_ratios__fresh_minr = _w(obj=lambda r, A, e: (torch.min(r, r.clamp(1 - e, 1 + e)) * A).mean())


def wrong_kl_too_early__fresh_before(nets, batch, settings):
    for e in settings.epochs:
        with torch.no_grad():
            x = Categorical(logits=nets.policy(batch.obs)).log_prob(batch.action) - batch.log_prob
        import types

        _core(
            nets,
            batch,
            types.SimpleNamespace(
                clip=settings.clip,
                value_weight=settings.value_weight,
                entropy_weight=settings.entropy_weight,
                stop_kl=1000000000.0,
                epochs=[e],
            ),
        )
        if (x.exp() - 1 - x).mean() > settings.stop_kl:
            break


def wrong_epoch_undone__fresh_undo(nets, batch, settings):
    import types, copy

    for e in settings.epochs:
        saved = [p.detach().clone() for g in nets.optimiser.param_groups for p in g["params"]]
        _core(
            nets,
            batch,
            types.SimpleNamespace(
                clip=settings.clip,
                value_weight=settings.value_weight,
                entropy_weight=settings.entropy_weight,
                stop_kl=1000000000.0,
                epochs=[e],
            ),
        )
        with torch.no_grad():
            x = Categorical(logits=nets.policy(batch.obs)).log_prob(batch.action) - batch.log_prob
            if (x.exp() - 1 - x).mean() > settings.stop_kl:
                for p, q in zip([p for g in nets.optimiser.param_groups for p in g["params"]], saved):
                    p.copy_(q)
                break
