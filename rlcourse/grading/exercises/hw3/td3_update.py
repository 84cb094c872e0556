"""One update of TD3: critics to y = r + γ(1 − terminated) minᵢ Q′ᵢ(s′, ã); every d-th step the actor up Q₁,
and all targets by τ.

nets, batch and settings as homework 3 lists them; xi [B, A] standard normal; step = 1, 2, 3, … Nothing is
returned: the networks change. Fujimoto et al. 2018, algorithm 1.

The cases are probes, tiny worlds whose answer is known, then batches at random. Networks are so small that
the oracle has every gradient in closed form: μ(o) = tanh(oW), Q(o, a) = φ(o, a)ᵀθ with φ = (o, a, a², 1).
"""

import numpy as np

from rlcourse.grading.exercises.hw3._bootstrap import terminal_mask
from rlcourse.grading.record import Exercise, Mistake


def td3_update(nets, batch, settings, xi, step):
    import torch

    with torch.no_grad():
        epsilon = (settings.sigma * xi).clamp(-settings.clip, settings.clip)
        next_action = (nets.target_actor(batch.next_obs) + epsilon).clamp(-1, 1)
        first = nets.target_critic1(batch.next_obs, next_action)
        second = nets.target_critic2(batch.next_obs, next_action)
        y = batch.reward + settings.gamma * (1 - batch.terminated) * torch.minimum(first, second)

    nets.critic_optimiser.zero_grad()
    for critic in (nets.critic1, nets.critic2):
        ((critic(batch.obs, batch.action) - y) ** 2).mean().backward()
    nets.critic_optimiser.step()
    if step % settings.delay:
        return
    nets.actor_optimiser.zero_grad()
    (-nets.critic1(batch.obs, nets.actor(batch.obs)).mean()).backward()
    nets.actor_optimiser.step()
    with torch.no_grad():
        for name in ("actor", "critic1", "critic2"):
            online, target = getattr(nets, name), getattr(nets, f"target_{name}")
            for old, new in zip(target.parameters(), online.parameters(), strict=True):
                old.lerp_(new, settings.tau)


STEPS = 4  # updates of one case: with a delay of 2 the actor moves twice
PARTS = ("critics", "actor", "target_critics", "target_actor")


def draw(rng):
    """Probes (one feature each), then batches at random."""
    rewards = probe(rng, terminated=np.ones(6))  # nothing follows: the value is the reward
    steps = probe(rng, terminated=np.zeros(6))  # everything follows: the value needs γ and the targets
    choice = probe(rng, terminated=terminal_mask(rng, 6), width=1)  # the action decides
    return [rewards, steps, choice, world(rng, 6, 3, 2, delay=2), world(rng, 5, 2, 1, delay=3)]


def probe(rng, terminated, width=2):
    return world(rng, 6, 2, width, delay=2) | {"terminated": terminated}


def world(rng, batch, features, actions, delay):
    inputs = features + 2 * actions + 1
    theta = rng.normal(0, 0.5, (2, inputs))
    return {
        "obs": rng.normal(0, 1, (STEPS, batch, features)),
        "action": rng.uniform(-1, 1, (STEPS, batch, actions)),
        "reward": rng.normal(0.5, 1, (STEPS, batch)),
        "next_obs": rng.normal(0, 1, (STEPS, batch, features)),
        "terminated": terminal_mask(rng, batch).astype(float),
        "xi": rng.normal(0, 1, (STEPS, batch, actions)),
        "actor": rng.normal(0, 0.9, (features, actions)),
        "target_actor": rng.normal(0, 0.9, (features, actions)),
        "critics": theta,
        "target_critics": theta + rng.normal(0, 0.5, (2, inputs)),
        "gamma": rng.uniform(0.8, 0.95),
        "tau": rng.uniform(0.1, 0.3),
        "sigma": rng.uniform(0.4, 0.6),
        "clip": rng.uniform(0.2, 0.3),
        "delay": delay,
    }


def adaptor(function, case, plain):
    """Networks, optimisers and batches out of a case; then several updates, and the parameters after each."""
    from types import SimpleNamespace

    import torch

    arrays = {n: torch.tensor(v, dtype=torch.float64) for n, v in case.items() if getattr(v, "ndim", 0)}

    class Actor(torch.nn.Module):
        def __init__(self, weights):
            super().__init__()
            self.weights = torch.nn.Parameter(weights.clone())

        def forward(self, obs):
            return torch.tanh(obs @ self.weights)

    class Critic(Actor):
        def forward(self, obs, action):
            one = torch.ones_like(obs[:, :1])
            return torch.cat([obs, action, action**2, one], 1) @ self.weights

    nets = SimpleNamespace(
        actor=Actor(arrays["actor"]), target_actor=Actor(arrays["target_actor"]),
        critic1=Critic(arrays["critics"][0]), critic2=Critic(arrays["critics"][1]),
        target_critic1=Critic(arrays["target_critics"][0]),
        target_critic2=Critic(arrays["target_critics"][1]),
    )  # fmt: skip
    both = [*nets.critic1.parameters(), *nets.critic2.parameters()]
    nets.actor_optimiser = torch.optim.SGD(nets.actor.parameters(), lr=0.1)
    nets.critic_optimiser = torch.optim.SGD(both, lr=0.05)
    settings = SimpleNamespace(**{name: case[name] for name in ("gamma", "tau", "sigma", "clip", "delay")})
    after = {"critics": [], "actor": [], "target_critics": [], "target_actor": []}
    for step in range(1, len(case["reward"]) + 1):
        fields = ("obs", "action", "reward", "next_obs")
        batch = SimpleNamespace(**{name: arrays[name][step - 1].clone() for name in fields})
        batch.terminated = arrays["terminated"].clone()
        function(nets, batch, settings, arrays["xi"][step - 1].clone(), step)
        after["critics"].append([nets.critic1.weights, nets.critic2.weights])
        after["actor"].append(nets.actor.weights)
        after["target_critics"].append([nets.target_critic1.weights, nets.target_critic2.weights])
        after["target_actor"].append(nets.target_actor.weights)
        after = {name: [*values[:-1], plain(values[-1])] for name, values in after.items()}
    return {name: plain(values) for name, values in after.items()}


# The oracle: the same update without autograd, with one thing to exchange at a time.


def features(obs, action):
    return np.concatenate([obs, action, action**2, np.ones((len(obs), 1))], 1)


def updated(
    value=np.minimum,  # of the two target critics' values
    smooth=lambda a, xi, sigma, clip: np.clip(a + np.clip(sigma * xi, -clip, clip), -1, 1),
    mask=lambda terminated: 1 - terminated,
    bootstrap_from="target_critics",
    act_by="target_actor",
    critic_scale=1.0,
    trained=(0, 1),  # which critics learn
    climbs=lambda slopes, values: slopes[0],  # of ∂Q₁/∂a and ∂Q₂/∂a [B, A], at Q₁ and Q₂ [B, 1]
    climbed="critics",
    actor_scale=1.0,  # −1: descent; 0: the actor does not move
    acts_at=lambda step, delay: step % delay == 0,
    follows_at=None,  # when the targets move; with the actor, if not said
    tau=lambda tau: tau,
    followers=("critics", "actor"),
    actor_first=False,
    leak=0.0,  # how much of the actor's gradient stays in the first critic's
    accumulate=(),  # whose gradients are never set to zero
    moves=True,
):
    """(**case) -> the parameters after each step, as the adaptor returns them."""

    def run(obs, action, reward, next_obs, terminated, xi, **case):
        now = {name: np.array(case[name]) for name in PARTS}
        after = {name: [] for name in PARTS}
        g_critics, g_actor, left = np.zeros_like(now["critics"]), np.zeros_like(now["actor"]), 0.0
        for t in range(len(reward)):
            step, o, batch = t + 1, obs[t], len(reward[t])

            def actor_step(o=o, batch=batch):
                nonlocal left, g_actor
                a = np.tanh(o @ now["actor"])
                n, k = o.shape[1], a.shape[1]
                slopes = [th[n : n + k] + 2 * th[n + k : n + 2 * k] * a for th in now[climbed]]
                values = [features(o, a) @ th[:, None] for th in now[climbed]]
                gradient = -actor_scale * o.T @ (climbs(slopes, values) * (1 - a**2)) / batch
                g_actor = g_actor * ("actor" in accumulate) + gradient
                now["actor"] = now["actor"] - 0.1 * g_actor
                left = -leak * features(o, a).mean(0)

            acts = acts_at(step, case["delay"])
            if acts and actor_first:
                actor_step()
            a = smooth(np.tanh(next_obs[t] @ now[act_by]), xi[t], case["sigma"], case["clip"])
            after_it = features(next_obs[t], a)
            v = value(*(after_it @ theta for theta in now[bootstrap_from]))
            y = reward[t] + case["gamma"] * mask(terminated) * v
            phi = features(o, action[t])
            errors = now["critics"] @ phi.T - y  # [2, B]; y [B], or one for each critic
            fresh = 2 / batch * errors @ phi
            g_critics = g_critics * ("critics" in accumulate) + critic_scale * fresh
            g_critics[0] += left
            left = 0.0
            for i in trained:
                now["critics"][i] = now["critics"][i] - 0.05 * g_critics[i]
            if acts and not actor_first:
                actor_step()
            if (follows_at or acts_at)(step, case["delay"]):
                for name in followers:
                    gap = now[name] - now[f"target_{name}"]
                    now[f"target_{name}"] = now[f"target_{name}"] + tau(case["tau"]) * gap
            for name in PARTS:
                after[name].append(np.array(now[name] if moves else case[name]))
        return {name: np.array(values) for name, values in after.items()}

    return run


MISTAKES = (
    Mistake("nothing_moves", "No parameter has moved: is `step()` called on both optimisers?",
        updated(moves=False)),
    Mistake("max_for_min", "The target takes the larger critic. Take the smaller of the two, entry by entry.",
        updated(value=np.maximum)),
    Mistake("mean_for_min", "The target averages the critics. Take the smaller of the two, entry by entry.",
        updated(value=lambda a, b: (a + b) / 2)),
    Mistake("one_critic_in_target", "The target uses one critic only, as DDPG. Take the smaller of both.",
        updated(value=lambda a, b: a), updated(value=lambda a, b: b)),
    Mistake("target_per_critic",
        "Each critic regresses to its own target. Both regress to the same one, made from the smaller value.",
        updated(value=lambda a, b: np.stack([a, b]))),
    Mistake("bootstrap_on_terminal",
        "The target bootstraps from terminal states. Multiply the next value by 1 − terminated.",
        updated(mask=lambda terminated: 1.0)),
    Mistake("mask_inverted", "The mask is inverted: 1 − terminated keeps the transitions that go on.",
        updated(mask=lambda terminated: terminated)),
    Mistake("no_smoothing", "The target action has no noise. Add clip(σξ, −c, c), then clamp to [−1, 1].",
        updated(smooth=lambda a, xi, sigma, clip: a)),
    Mistake("noise_not_clipped", "The smoothing noise is not clipped: clip σξ to [−c, c] before it is added.",
        updated(smooth=lambda a, xi, sigma, clip: np.clip(a + sigma * xi, -1, 1))),
    Mistake("action_not_clamped", "The noisy target action leaves [−1, 1]. Clamp the sum, too.",
        updated(smooth=lambda a, xi, sigma, clip: a + np.clip(sigma * xi, -clip, clip))),
    Mistake("sigma_forgotten", "ξ has standard deviation 1: multiply it by σ before you clip it.",
        updated(smooth=lambda a, xi, sigma, clip: np.clip(a + np.clip(xi, -clip, clip), -1, 1))),
    Mistake("online_critics_in_target",
        "The target is made by the critics that are being trained. Use the target critics.",
        updated(bootstrap_from="critics")),
    Mistake("online_actor_in_target", "The next action comes from the online actor. Use the target actor.",
        updated(act_by="actor")),
    Mistake("sum_for_mean", "A critic's loss sums over the batch. Take the mean: no step grows with B.",
        updated(critic_scale=6.0), updated(critic_scale=5.0)),
    Mistake("half_lost", "The critics' loss is halved. The statement has E[(y − Q₁)²] + E[(y − Q₂)²].",
        updated(critic_scale=0.5)),
    Mistake("one_critic_trained", "Only one critic learns: both losses must be in what is differentiated.",
        updated(trained=(0,)), updated(trained=(1,))),
    Mistake("actor_descends", "The actor goes down Q. An optimiser descends: its loss is −mean Q₁(s, μ(s)).",
        updated(actor_scale=-1.0)),
    Mistake("replay_action",
        "The actor never moves: its loss must hold its own action μ(s), with its graph, not the batch's.",
        updated(actor_scale=0.0)),
    Mistake("actor_of_both", "The actor climbs both critics. TD3's actor climbs the first one alone.",
        updated(climbs=lambda g, q: (g[0] + g[1]) / 2), updated(climbs=lambda g, q: g[0] + g[1]),
        updated(climbs=lambda g, q: g[1])),
    Mistake("actor_of_minimum",
        "The actor climbs the smaller critic. The minimum belongs to the target; the actor climbs Q₁.",
        updated(climbs=lambda g, q: np.where(q[0] <= q[1], g[0], g[1]))),
    Mistake("actor_of_target", "The actor climbs the target critic. It climbs the critic that learns, Q₁.",
        updated(climbed="target_critics")),
    Mistake("no_delay", "Actor and targets move at every step. They wait for every d-th: step % d == 0.",
        updated(acts_at=lambda step, delay: True)),
    Mistake("targets_not_delayed", "The targets move at every step. They move when the actor does.",
        updated(follows_at=lambda step, delay: True)),
    Mistake("actor_not_delayed", "The actor moves at every step. It moves with the targets: step % d == 0.",
        updated(acts_at=lambda step, delay: True, follows_at=lambda step, delay: step % delay == 0)),
    Mistake("delay_shifted", "The delayed part runs at the wrong steps: it runs when step % d == 0.",
        updated(acts_at=lambda step, delay: step % delay == 1),
        updated(acts_at=lambda step, delay: step % delay != 0)),
    Mistake("targets_never_move", "The target networks never move: θ′ ← θ′ + τ(θ − θ′) after the actor.",
        updated(followers=())),
    Mistake("target_actor_forgotten", "The target actor never moves. It follows as the target critics do.",
        updated(followers=("critics",))),
    Mistake("target_critics_forgotten",
        "The target critics never move. They follow, as the target actor does.",
        updated(followers=("actor",))),
    Mistake("tau_swapped", "τ and 1 − τ have changed places: the targets keep 1 − τ of themselves.",
        updated(tau=lambda tau: 1 - tau)),
    Mistake("hard_copy", "The targets are copied. They follow slowly: θ′ ← (1 − τ)θ′ + τθ.",
        updated(tau=lambda tau: 1.0)),
    Mistake("gradient_leaks",
        "The actor's loss leaves a gradient in the critic, and the next critic step takes it along. Call "
        "zero_grad() on the critics' optimiser just before their loss is differentiated.",
        updated(leak=1.0)),
    Mistake("gradients_pile_up",
        "Gradients pile up from step to step. Call zero_grad() before each loss is differentiated.",
        updated(accumulate=("critics", "actor"), leak=1.0), updated(accumulate=("critics", "actor"))),
    Mistake("critics_gradients_pile_up",
        "The critics' gradients pile up: call zero_grad() on their optimiser before each of their losses. "
        "(The actor's loss leaves a gradient in the first critic, too.)",
        updated(accumulate=("critics",), leak=1.0), updated(accumulate=("critics",))),
    Mistake("actors_gradients_pile_up",
        "The actor's gradients pile up: call zero_grad() on its optimiser before its loss is differentiated.",
        updated(accumulate=("actor",))),
    Mistake("actor_first", "The actor moves before the critics. Algorithm 1 trains the critics first.",
        updated(actor_first=True)),
)  # fmt: skip

VIVA = (
    "Strike out one line of your update; I choose it. What will the curves of return and Q do?",
    "Where in your code would a gradient leak into the critic, and what prevents it?",
    "Set delay = 1 and σ = 0. Which method is left, and what still differs from DDPG?",
)

EXERCISE = Exercise(
    td3_update,
    draw,
    points=10,
    minutes=60,
    stars=3,
    mistakes=MISTAKES,
    adaptor=adaptor,
    oracle=updated(),
    lines=30,
    viva=VIVA,
)
