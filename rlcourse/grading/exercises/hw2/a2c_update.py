"""One update of A2C: Â by GAE and y = Â + V as data, then one step down
−mean(log π · Â) + c_v mean((V − y)²) − c_e mean(H).

nets, batch and settings as homework 2 lists them. Nothing is returned: the networks change. Mnih et al. 2016
(which sums to n steps); Schulman et al. 2016 for Â.

The cases are probes, batches in which every step ends, or is cut off, or goes on; then some of each. Networks
are so small that the oracle has every gradient in closed form: logits oW, V = o·w.
"""

import numpy as np

from rlcourse.grading.exercises.hw2 import _advantages
from rlcourse.grading.exercises.hw2._sums import standardised
from rlcourse.grading.record import Exercise, Mistake


def a2c_update(nets, batch, settings):
    import torch

    with torch.no_grad():
        value, after = nets.critic(batch.obs), nets.critic(batch.next_obs)
        delta = batch.reward + settings.gamma * (1 - batch.terminated) * after - value
        linked = settings.gamma * settings.lam * (1 - batch.terminated) * (1 - batch.truncated)
        advantage = delta.clone()
        for t in reversed(range(len(delta) - 1)):
            advantage[t] += linked[t] * advantage[t + 1]
        y = advantage + value

    policy = torch.distributions.Categorical(logits=nets.policy(batch.obs))
    gain = (
        policy.log_prob(batch.action) * advantage
    ).mean() + settings.entropy_weight * policy.entropy().mean()
    error = ((nets.critic(batch.obs) - y) ** 2).mean()
    nets.optimiser.zero_grad()
    (settings.value_weight * error - gain).backward()
    nets.optimiser.step()


STEPS, RATE = 3, 0.2  # updates of one case; step size
PARTS = ("policy", "critic")


def draw(rng):
    """Everything ends; everything is cut off; everything goes on; then episodes as they come."""
    ends, cut, goes_on = (world(rng, 5, 2, 2) for _ in range(3))
    ends["terminated"], cut["truncated"] = np.ones((STEPS, 5)), np.ones((STEPS, 5))
    ends["truncated"] = cut["terminated"] = np.zeros((STEPS, 5))
    goes_on["terminated"] = goes_on["truncated"] = np.zeros((STEPS, 5))
    cases = [ends, cut, goes_on, world(rng, 8, 3, 3), world(rng, 7, 2, 4)]
    for case in cases:
        joined = ~(case["terminated"] + case["truncated"]).astype(bool)[:, :-1]
        case["next_obs"][:, :-1][joined] = case["obs"][:, 1:][joined]
    return cases


def world(rng, steps, features, actions):
    flags = [_advantages.flags(rng, steps, last) for last in ("goes on", "truncated", "goes on")]
    return {
        "obs": rng.normal(0, 1, (STEPS, steps, features)),
        "next_obs": rng.normal(0, 1, (STEPS, steps, features)),
        "action": rng.integers(actions, size=(STEPS, steps)),
        "reward": rng.normal(0.5, 1, (STEPS, steps)),
        "terminated": np.array([end for end, _ in flags], dtype=float),
        "truncated": np.array([cut for _, cut in flags], dtype=float),
        "policy": rng.normal(0, 0.7, (features, actions)),
        "critic": rng.normal(0, 1, features),
        "gamma": rng.uniform(0.8, 0.95),
        "lam": rng.uniform(0.6, 0.9),
        "value_weight": rng.uniform(0.3, 0.7),
        "entropy_weight": rng.uniform(0.15, 0.3),
    }


def adaptor(function, case, plain):
    """Networks, an optimiser and batches out of a case; updates, and the parameters after each."""
    from types import SimpleNamespace

    import torch

    class Linear(torch.nn.Module):
        def __init__(self, weights):
            super().__init__()
            self.weights = torch.nn.Parameter(torch.tensor(weights, dtype=torch.float64))

        def forward(self, obs):
            return obs @ self.weights

    nets = SimpleNamespace(policy=Linear(case["policy"]), critic=Linear(case["critic"]))
    nets.optimiser = torch.optim.SGD([nets.policy.weights, nets.critic.weights], lr=0.2)
    names = ("gamma", "lam", "value_weight", "entropy_weight")
    settings = SimpleNamespace(**{name: case[name] for name in names})
    after = {"policy": [], "critic": []}
    for step in range(len(case["reward"])):
        fields = ("obs", "next_obs", "reward", "terminated", "truncated")
        batch = SimpleNamespace(**{n: torch.tensor(case[n][step], dtype=torch.float64) for n in fields})
        batch.action = torch.tensor(case["action"][step], dtype=torch.int64)
        function(nets, batch, settings)
        after["policy"].append(plain(nets.policy.weights))
        after["critic"].append(plain(nets.critic.weights))
    return {name: plain(values) for name, values in after.items()}


# The oracle: the same update without autograd, with one thing to exchange at a time.


def updated(
    masks=None,  # what is exchanged in the advantages
    shifted=None,  # next values made of V(o) and V of the last next observation
    weigh=lambda A, V, delta: A,  # what log π is weighed by
    target=lambda A, V, delta: A + V,
    leaks=(),  # where a gradient flows into the critic: "target", "value in target", "advantage"
    actor_scale=lambda n: 1.0,
    critic_scale=lambda n: 1.0,
    entropy_scale=lambda n: 1.0,
    weights=lambda value, entropy: (value, entropy),
    score=lambda taken, p: taken - p,
    bonus=lambda taken, p: -p * (np.log(p) - (p * np.log(p)).sum(1, keepdims=True)),  # ∂H/∂logits
    trained=PARTS,
    accumulate=False,  # gradients are never set to zero
    moves=True,
):
    """(**case) -> the parameters after each step, as the adaptor returns them."""

    def run(obs, next_obs, action, reward, terminated, truncated, gamma, lam, value_weight, entropy_weight,
            **start):  # fmt: skip
        now = {name: np.array(start[name]) for name in PARTS}
        after, old = {name: [] for name in PARTS}, dict.fromkeys(PARTS, 0.0)
        c_v, c_e = weights(value_weight, entropy_weight)
        for o, ahead, a, r, end, cut in zip(
            obs, next_obs, action, reward, terminated, truncated, strict=True
        ):
            n, options = len(r), dict(masks or {})
            if shifted:
                options["shifted"] = shifted
            flags = {"terminated": end, "truncated": cut, "gamma": gamma, "lam": lam}
            V, V_ahead = o @ now["critic"], ahead @ now["critic"]
            A = _advantages.advantages(r, V, V_ahead, **flags, **options)
            delta = _advantages.advantages(r, V, V_ahead, **flags | {"lam": 0.0}, **options)
            slope = _advantages.advantages(0 * o, o, ahead, **flags, **options) if leaks else 0.0  # ∂Â/∂w
            y, factor = target(A, V, delta), weigh(A, V, delta)
            p = softmax(o @ now["policy"])
            taken = np.eye(p.shape[1])[a]
            up = actor_scale(n) * factor[:, None] * score(taken, p) + c_e * entropy_scale(n) * bonus(taken, p)
            moved = o
            if "target" in leaks:
                moved = moved - slope - o
            if "value in target" in leaks:
                moved = moved - o
            gradient = {
                "policy": -o.T @ up / n,
                "critic": critic_scale(n) * c_v * 2 / n * (V - y) @ moved,
            }
            if "advantage" in leaks:
                log_prob = np.log((taken * p).sum(1))
                gradient["critic"] = gradient["critic"] - log_prob @ slope / n
            for name in PARTS:
                old[name] = gradient[name] + (old[name] if accumulate else 0.0)
                if name in trained and moves:
                    now[name] = now[name] - RATE * old[name]
                after[name].append(now[name])
        return {name: np.array(values) for name, values in after.items()}

    return run


def softmax(z):
    weights = np.exp(z - z.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


def times(factor):
    return lambda n: factor


def likeliest(taken, p):
    return (p == p.max(1, keepdims=True)) - p


def of_samples(taken, p):
    """Of −log π at the action taken, in the place of the entropy."""
    return p - taken


MISTAKES = (
    Mistake("nothing_moves", "No parameter has moved: are `backward()` and the optimiser's `step()` called?",
        updated(moves=False)),
    Mistake("policy_descends",
        "The policy goes down: good actions become less likely. An optimiser descends, so the loss has "
        "−mean(log π · Â).",
        updated(actor_scale=times(-1.0)),
        updated(actor_scale=times(-1.0), entropy_scale=times(-1.0))),
    Mistake("critic_ascends", "The critic moves away from its target: its part of the loss has a plus.",
        updated(critic_scale=times(-1.0))),
    Mistake("everything_ascends",
        "Everything moves the wrong way: an optimiser descends, this is to be maximised.",
        updated(actor_scale=times(-1.0), critic_scale=times(-1.0), entropy_scale=times(-1.0))),
    Mistake("entropy_sign", "The entropy is punished: the loss has −c_e mean(H).",
        updated(entropy_scale=times(-1.0))),
    Mistake("no_entropy",
        "The entropy has no part in the step, or no gradient: −c_e mean(H), with its graph.",
        updated(entropy_scale=times(0.0))),
    Mistake("entropy_of_samples",
        "The entropy is estimated by −log π of the actions taken. That has another gradient: take H of the "
        "whole policy.",
        updated(bonus=of_samples), updated(bonus=lambda taken, p: -of_samples(taken, p))),
    Mistake("nothing_detached",
        "Gradients flow through Â and y into the critic. Both are data: compute them under torch.no_grad(), "
        "or "
        "detach them.",
        updated(leaks=("target", "advantage"))),
    Mistake("target_not_detached",
        "A gradient flows through the target y. The critic moves towards y, y does not move: a "
        "semi-gradient. "
        "Detach it.",
        updated(leaks=("target",))),
    Mistake("advantage_not_detached",
        "The policy's part moves the critic, through Â. The advantage is data there: detach it.",
        updated(leaks=("advantage",)), updated(leaks=("value in target", "advantage"))),
    Mistake("critic_still",
        "The critic never moves. Is V in the loss with its graph, and y without it? Where y = Â + V keeps "
        "V's "
        "graph, the two cancel.",
        updated(critic_scale=times(0.0))),
    Mistake("policy_still", "The policy never moves. Is log π in the loss with its graph?",
        updated(trained=("critic",)), updated(actor_scale=times(0.0))),
    Mistake("bootstrap_on_terminal", "δ bootstraps from terminal states: multiply V(o′) by 1 − terminated.",
        updated({"bootstraps": lambda end, cut: end | True})),
    Mistake("no_bootstrap_on_truncation",
        "A step that was cut off by time does not bootstrap. Only termination stops it.",
        updated({"bootstraps": lambda end, cut: ~(end | cut)})),
    Mistake("leaks_across_truncation", "The sum of δs runs on across a truncated step, into another episode.",
        updated({"goes_on": lambda end, cut: ~end})),
    Mistake("leaks_across_termination",
        "The sum of δs runs on across a terminated step, into another episode.",
        updated({"goes_on": lambda end, cut: ~cut})),
    Mistake("leaks_across_episodes", "The sum of δs runs on across the ends of episodes: both flags end it.",
        updated({"goes_on": lambda end, cut: end | True}),
        updated({"goes_on": lambda end, cut: end | True, "bootstraps": lambda end, cut: end | True})),
    Mistake("truncated_wins", "Where both flags are set yours bootstraps. Termination wins.",
        updated({"bootstraps": lambda end, cut: ~end | cut})),
    Mistake("value_of_the_reset",
        "V of the next row's observation is used. After an end that is another episode's first: ask the "
        "critic "
        "for next_obs.",
        updated(shifted=lambda V, last: np.append(V[1:], last)),
        updated(shifted=lambda V, last: np.append(V[1:], 0.0)),
        updated(shifted=lambda V, last: np.append(V[1:], V[-1]))),
    Mistake("lambda_missing", "λ is missing in the sum of the δs: they fade by γλ.",
        updated({"decay": lambda gamma, lam: gamma})),
    Mistake("discount_missing", "γ is missing: in δ, in the sum of the δs, or in both.",
        updated({"decay": lambda gamma, lam: lam}), updated({"discount": lambda gamma, lam: 1.0}),
        updated({"decay": lambda gamma, lam: lam, "discount": lambda gamma, lam: 1.0})),
    Mistake("td_error_only", "Â is δ alone. Add the later ones, each weighed by γλ once more.",
        updated({"decay": lambda gamma, lam: 0.0}), updated(weigh=lambda A, V, delta: delta)),
    Mistake("td_target",
        "The critic's target is r + γV(o′), of one step. Asked is y = Â + V(o), which belongs to the same λ.",
        updated(target=lambda A, V, delta: delta + V)),
    Mistake("target_without_value", "The critic's target is Â alone. y = Â + V(o).",
        updated(target=lambda A, V, delta: A)),
    Mistake("target_for_advantage", "log π is weighed by y. Take V off: the advantage.",
        updated(weigh=lambda A, V, delta: A + V)),
    Mistake("advantage_standardised",
        "The advantages are shifted or scaled. Many trainers do it; this update takes them as they are.",
        updated(weigh=lambda A, V, delta: standardised(A)), updated(weigh=lambda A, V, delta: A - A.mean()),
        updated(weigh=lambda A, V, delta: (A - A.mean()) / (A.std(ddof=1) + 1e-8))),
    Mistake("advantage_ignored", "log π is not weighed. Each action counts by its advantage.",
        updated(weigh=lambda A, V, delta: np.ones_like(A))),
    Mistake("sum_for_mean", "The loss sums over the batch. Take the mean: no step may grow with T.",
        updated(actor_scale=lambda n: n, critic_scale=lambda n: n, entropy_scale=lambda n: n),
        updated(critic_scale=lambda n: n), updated(actor_scale=lambda n: n),
        updated(entropy_scale=lambda n: n)),
    Mistake("half", "The critic's part is halved. It is c_v times the mean of the squares.",
        updated(critic_scale=times(0.5))),
    Mistake("value_weight_missing", "c_v is missing.", updated(weights=lambda v, e: (1.0, e))),
    Mistake("entropy_weight_missing", "c_e is missing.", updated(weights=lambda v, e: (v, 1.0))),
    Mistake("value_weight_missing", "Both weights are missing.", updated(weights=lambda v, e: (1.0, 1.0))),
    Mistake("weights_swapped", "The weights have changed places: c_v for the critic, c_e for the entropy.",
        updated(weights=lambda v, e: (e, v))),
    Mistake("probability_for_log", "The policy's part has π. The score function needs log π.",
        updated(score=lambda taken, p: (taken * p).sum(1, keepdims=True) * (taken - p))),
    Mistake("no_softmax", "The logits are taken for log-probabilities. Normalise them: log_softmax.",
        updated(score=lambda taken, p: taken)),
    Mistake("likeliest_action", "log π of the likeliest action is raised. Take the action in the batch.",
        updated(score=likeliest)),
    Mistake("gradients_pile_up",
        "Gradients pile up from step to step. Call zero_grad() before the loss is differentiated.",
        updated(accumulate=True)),
)  # fmt: skip

VIVA = (
    "Strike out one line of your update; I choose it. What will return, value and entropy do?",
    "Which of your tensors carry a graph when `backward()` is called, and which must not?",
    "All episodes are cut off after one step. What does your critic learn, and is it right?",
)

EXERCISE = Exercise(
    a2c_update,
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
