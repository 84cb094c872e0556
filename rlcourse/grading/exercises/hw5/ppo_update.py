"""One call of PPO's update: epochs of minibatches down −[mean L^CLIP − c₁ mean (V − y)² + c₂ mean H], and an
early stop.

nets, batch and settings as homework 5 lists them. Nothing is returned: the networks change. After each epoch
the KL is estimated over the whole batch by k₃; where it exceeds stop_kl, the epochs that are left are
dropped. Schulman et al. 2017, algorithm 1; the stop is a detail of programs.

Networks are so small that the oracle has every gradient in closed form: logits oW, V = o·w. The policy that
drew the data is not quite the one at the start, so that the first ratios are not 1.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake


def ppo_update(nets, batch, settings):
    import torch

    def log_probs(obs, action):
        policy = torch.distributions.Categorical(logits=nets.policy(obs))
        return policy.log_prob(action), policy.entropy()

    for pieces in settings.epochs:
        for i in pieces:
            log_prob, entropy = log_probs(batch.obs[i], batch.action[i])
            ratio, A = (log_prob - batch.log_prob[i]).exp(), batch.advantage[i]
            A = (A - A.mean()) / (A.std(correction=0) + 1e-8)
            gain = torch.minimum(ratio * A, ratio.clamp(1 - settings.clip, 1 + settings.clip) * A).mean()
            error = ((nets.critic(batch.obs[i]) - batch.target[i]) ** 2).mean()
            loss = -gain + settings.value_weight * error - settings.entropy_weight * entropy.mean()
            nets.optimiser.zero_grad()
            loss.backward()
            nets.optimiser.step()
        with torch.no_grad():
            x = log_probs(batch.obs, batch.action)[0] - batch.log_prob
            if (x.exp() - 1 - x).mean() > settings.stop_kl:
                break


RATE = 0.3  # step size of plain gradient descent
PARTS = ("policy", "critic")


def draw(rng):
    """Four epochs without a stop; then worlds in which the KL passes the limit after the first or second.
    The short ones come first: where one of them is wrong, most mistakes are ruled out there."""
    shapes = (12, 2, 3, None), (10, 3, 2, 2), (11, 2, 4, 1), (14, 3, 3, 0), (8, 2, 2, 3)
    while True:
        cases = [world(rng, *shape) for shape in shapes]
        if any(parts_differ(case, "minibatch") for case in cases):
            return [cases[i] for i in (2, 3, 1, 4, 0)]


def parts_differ(case, check):
    """Does it show in this case where the KL is looked at?"""
    right, wrong = updated()(**case), updated(check=check)(**case)
    return max(np.abs(right[name] - wrong[name]).max() for name in right) > 1e-2


def world(rng, n, features, actions, stop):
    """stop: the number of epochs after which the KL is above its limit; None: never;
    0: an early one, that k₂ would miss or see too soon."""
    obs, action = rng.normal(0, 1, (n, features)), rng.integers(actions, size=n)
    policy = rng.normal(0, 0.7, (features, actions))
    size, epochs = 4, 4
    case = {
        "obs": obs,
        "action": action,
        "log_prob": log_softmax(obs @ policy)[np.arange(n), action] + rng.uniform(-0.35, 0.35, n),
        "advantage": rng.normal(0.5, 1.5, n),
        "target": rng.normal(1.0, 1.0, n),
        "order": np.array([rng.permutation(n) for _ in range(epochs)]),
        "size": size,
        "policy": policy,
        "critic": rng.normal(0, 1, features),
        "clip": float(rng.choice([0.1, 0.2])),
        "value_weight": rng.uniform(0.3, 0.7),
        "entropy_weight": rng.uniform(0.1, 0.25),
        "stop_kl": 1e3,
    }
    if stop is None:
        return case
    kls = updated(trace=True)(**case)
    if stop == 0:  # a limit between k2 and k3 of the first epoch
        return case | {"stop_kl": (kls[0] + updated(trace=True, estimate=lambda x: x**2 / 2)(**case)[0]) / 2}
    if not all(
        kls[stop - 1] > 1.05 * k for k in kls[: stop - 1]
    ):  # another draw, until it first passes there
        return world(rng, n, features, actions, stop)
    return case | {"stop_kl": (kls[stop - 1] + max([0.9 * kls[stop - 1], *kls[: stop - 1]])) / 2}


def adaptor(function, case, plain):
    """Networks, an optimiser, a batch and settings out of a case; the parameters after the call."""
    from types import SimpleNamespace

    import torch

    class Linear(torch.nn.Module):
        def __init__(self, weights):
            super().__init__()
            self.weights = torch.nn.Parameter(torch.tensor(weights, dtype=torch.float64))

        def forward(self, obs):
            return obs @ self.weights

    nets = SimpleNamespace(policy=Linear(case["policy"]), critic=Linear(case["critic"]))
    nets.optimiser = torch.optim.SGD([nets.policy.weights, nets.critic.weights], lr=0.3)
    fields = ("obs", "log_prob", "advantage", "target")
    batch = SimpleNamespace(**{name: torch.tensor(case[name], dtype=torch.float64) for name in fields})
    batch.action = torch.tensor(case["action"], dtype=torch.int64)
    names = ("clip", "value_weight", "entropy_weight", "stop_kl")
    settings = SimpleNamespace(**{name: float(case[name]) for name in names})
    size = int(case["size"])
    settings.epochs = [list(torch.tensor(order, dtype=torch.int64).split(size)) for order in case["order"]]
    function(nets, batch, settings)
    return {"policy": plain(nets.policy.weights), "critic": plain(nets.critic.weights)}


def log_softmax(z):
    z = z - z.max(1, keepdims=True)
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def population(A, whole):
    return (A - A.mean()) / (A.std() + 1e-8)


# The oracle: the same update without autograd, with one thing to exchange at a time.


def updated(
    flows=lambda r, A, e: np.where(A > 0, r <= 1 + e, r >= 1 - e),  # where L^CLIP has a slope
    ratio=lambda new, old: np.exp(new - old),
    chain=lambda r: r,  # ∂ratio/∂log π
    scaled=population,
    score=lambda taken, p: taken - p,
    bonus=lambda taken, p: -p * (np.log(p) - (p * np.log(p)).sum(1, keepdims=True)),  # ∂H/∂logits
    signs=(1.0, 1.0, 1.0),  # of the policy's part, the critic's, the entropy's
    sizes=(None, None, None),  # factors (n) -> number for each part
    weights=lambda c1, c2: (c1, c2),
    estimate=lambda x: np.exp(x) - 1 - x,
    stops=lambda kl, limit: kl > limit,
    epochs=lambda order: order,
    pieces=lambda parts, order: parts,
    # when the stop is looked at: after an epoch, after a minibatch, before a minibatch; "late": after the
    # epoch, of the policy before it; "last": of its last minibatch only; "undo": and the epoch is undone
    check="epoch",
    error=lambda d: 2 * d,  # ∂/∂V of the critic's part
    renews=False,  # is log π_old renewed after each epoch?
    frozen=(),
    accumulate=False,
    trace=False,
):
    def run(obs, action, log_prob, advantage, target, order, size, policy, critic, clip, value_weight,
            entropy_weight, stop_kl):  # fmt: skip
        W, w, kls, old = np.array(policy), np.array(critic), [], [0.0, 0.0]
        c1, c2 = weights(value_weight, entropy_weight)

        def too_far(i=slice(None)):
            new = log_softmax(obs[i] @ W)[np.arange(len(obs[i])), action[i]]
            kls.append(estimate(new - log_prob[i]).mean())
            return stops(kls[-1], stop_kl)

        for row in epochs(order):
            stopped, before = False, (W, w)
            late = check == "late" and too_far()
            for i in pieces(np.split(row, range(size, len(row), size)), row):
                if check == "before" and too_far(i):
                    stopped = True
                    break
                o, a, n = obs[i], action[i], len(i)
                log_p = log_softmax(o @ W)
                p, taken = np.exp(log_p), np.eye(W.shape[1])[a]
                r, A = ratio(log_p[np.arange(n), a], log_prob[i]), scaled(advantage[i], (advantage, i))
                f = [1.0 if s is None else s(n) for s in sizes]
                up = signs[0] * f[0] * (flows(r, A, clip) * A * chain(r))[:, None] * score(taken, p)
                up = up + signs[2] * f[2] * c2 * bonus(taken, p)
                slope = signs[1] * f[1] * c1 * error(o @ w - target[i]) @ o / n
                gradient = [-o.T @ up / n + accumulate * old[0], slope + accumulate * old[1]]
                old = gradient
                W = W - RATE * gradient[0] * ("policy" not in frozen)
                w = w - RATE * gradient[1] * ("critic" not in frozen)
                if check == "minibatch" and too_far():
                    stopped = True
                    break
            if check == "undo" and too_far():
                W, w = before
                break
            if stopped or late or (check == "epoch" and too_far()) or (check == "last" and too_far(i)):
                break
            if renews:
                log_prob = log_softmax(obs @ W)[np.arange(len(obs)), action]
        return kls if trace else {"policy": W, "critic": w}

    return run


def everywhere(r, A, e):
    return np.ones_like(r)


def inside(r, A, e):
    return np.abs(r - 1) <= e


def first(parts, row):
    return parts[:1]


def whole(parts, row):
    return [row] * len(parts)


def n_times(n):
    return float(n)


MISTAKES = (
    Mistake("nothing_moves", "No parameter has moved: are `backward()` and the optimiser's `step()` called?",
        updated(frozen=PARTS)),
    Mistake("policy_descends",
        "The policy goes down: good actions become less likely. An optimiser descends, so the loss has "
        "−L^CLIP.",
        updated(signs=(-1.0, 1.0, 1.0)), updated(signs=(-1.0, 1.0, -1.0))),
    Mistake("critic_ascends", "The critic moves away from its target: its part of the loss has a plus.",
        updated(signs=(1.0, -1.0, 1.0))),
    Mistake("everything_ascends", "Everything moves the wrong way: an optimiser descends.",
        updated(signs=(-1.0, -1.0, -1.0))),
    Mistake("entropy_sign", "The entropy is punished: the loss has −c₂ mean(H).",
        updated(signs=(1.0, 1.0, -1.0))),
    Mistake("no_entropy", "The entropy has no part in the step, or no gradient.",
        updated(signs=(1.0, 1.0, 0.0))),
    Mistake("entropy_of_samples",
        "The entropy is estimated by −log π of the actions taken. Take H of the whole policy.",
        updated(bonus=lambda taken, p: p - taken), updated(bonus=lambda taken, p: taken - p)),
    Mistake("no_minimum", "The clipped term stands alone: the minimum with r Â is missing.",
        updated(flows=inside)),
    Mistake("no_clip", "Nothing is clipped.", updated(flows=everywhere)),
    Mistake("maximum", "The maximum of the two terms is taken, or the minimum of their negatives.",
        updated(flows=lambda r, A, e: np.where(A > 0, r >= 1 - e, r <= 1 + e))),
    Mistake("old_policy_renewed",
        "log π_old is computed anew at every step, or log π stands for the ratio: nothing is ever clipped. "
        "log π_old comes with the batch.",
        updated(ratio=lambda new, old: np.ones_like(new))),
    Mistake("ratio_inverted", "The ratio is old over new: new minus old in the exponent.",
        updated(ratio=lambda new, old: np.exp(old - new), chain=lambda r: -r)),
    Mistake("log_ratio", "The exponential is missing: log π_θ − log π_old is the logarithm of the ratio.",
        updated(ratio=lambda new, old: new - old, chain=np.ones_like)),
    Mistake("old_policy_missing", "π_old is not used: the probability stands where the ratio belongs.",
        updated(ratio=lambda new, old: np.exp(new))),
    Mistake("not_normalised", "Â is not normalised: per minibatch, with its mean and standard deviation.",
        updated(scaled=lambda A, whole: A)),
    Mistake("normalised_over_the_batch", "Â is normalised over the whole batch. Do it in each minibatch.",
        updated(scaled=lambda A, whole: (A - whole[0].mean()) / (whole[0].std() + 1e-8))),
    Mistake("sample_deviation", "Â is normalised with N − 1. The population's standard deviation is asked.",
        updated(scaled=lambda A, whole: (A - A.mean()) / (A.std(ddof=1) + 1e-8))),
    Mistake("not_centred", "Â is scaled, but its mean is not subtracted.",
        updated(scaled=lambda A, whole: A / (A.std() + 1e-8))),
    Mistake("not_scaled", "The mean of Â is subtracted, but it is not divided by its standard deviation.",
        updated(scaled=lambda A, whole: A - A.mean())),
    Mistake("one_epoch", "Only one epoch is made: that is A2C with a ratio of nearly 1.",
        updated(epochs=lambda order: order[:1])),
    Mistake("first_minibatch_only",
        "Of each epoch only one minibatch is used. Is the return or break too deep?",
        updated(pieces=first)),
    Mistake("same_epoch",
        "Every epoch has the order of the first. Each entry of settings.epochs is one epoch.",
        updated(epochs=lambda order: [order[0]] * len(order))),
    Mistake("whole_batch", "Each step uses the whole batch. Take the rows of the minibatch.",
        updated(pieces=whole), updated(pieces=lambda parts, row: [row])),
    Mistake("no_early_stop", "The KL is not looked at: after each epoch, stop where k₃ exceeds stop_kl.",
        updated(check="never")),
    Mistake("stops_inside_an_epoch", "The KL is looked at after every minibatch. Look after each epoch.",
        updated(check="minibatch"), updated(check="before")),
    Mistake("stops_on_k1", "The KL is estimated by the mean of −x, which may be negative. Use k₃.",
        updated(estimate=lambda x: -x)),
    Mistake("stops_on_k2", "The KL is estimated by k₂, or a square. Use k₃.",
        updated(estimate=lambda x: x**2 / 2)),
    Mistake("stops_while_near", "The stop is the wrong way round: it goes on where the KL is too large.",
        updated(stops=lambda kl, limit: kl < limit)),
    Mistake("sum_for_mean", "The loss sums over a minibatch. Take the mean.",
        updated(sizes=(n_times, n_times, n_times)), updated(sizes=(n_times, None, None)),
        updated(sizes=(None, n_times, None)), updated(sizes=(None, None, n_times))),
    Mistake("half", "The critic's part is halved. It is c₁ times the mean of the squares.",
        updated(sizes=(None, lambda n: 0.5, None))),
    Mistake("value_weight_missing", "c₁ is missing.", updated(weights=lambda c1, c2: (1.0, c2))),
    Mistake("entropy_weight_missing", "c₂ is missing.", updated(weights=lambda c1, c2: (c1, 1.0))),
    Mistake("weights_swapped", "The weights have changed places.", updated(weights=lambda c1, c2: (c2, c1))),
    Mistake("critic_still", "The critic never moves. Is V in the loss with its graph?",
        updated(frozen=("critic",))),
    Mistake("policy_still", "The policy never moves. Is log π in the loss with its graph?",
        updated(frozen=("policy",))),
    Mistake("only_entropy", "The policy moves by the entropy alone: is the ratio detached?",
        updated(signs=(0.0, 1.0, 1.0))),
    Mistake("likeliest_action", "log π of the likeliest action is raised. Take the action in the batch.",
        updated(score=lambda taken, p: (p == p.max(1, keepdims=True)) - p)),
    Mistake("gradients_pile_up", "Gradients pile up from step to step. Call zero_grad() before backward().",
        updated(accumulate=True)),
    Mistake("minimum_of_ratios",
        "The minimum is of the ratios, before Â multiplies them. With Â < 0 that turns it round.",
        updated(flows=lambda r, A, e: r <= 1 + e)),
    Mistake("absolute_error",
        "The critic's error is not squared, or squared only near 0. c₁ weighs the mean of the squares.",
        updated(error=np.sign), updated(error=lambda d: np.clip(d, -1, 1))),
    Mistake("old_policy_renewed", "log π_old is renewed after each epoch. It comes with the batch and stays.",
        updated(renews=True)),
    Mistake("kl_of_a_minibatch", "The KL is taken of the last minibatch alone. Average over the whole batch.",
        updated(check="last")),
    Mistake("kl_too_early",
        "The KL is that of the policy before the epoch: it stops one epoch late. Look at the policy as it "
        "is after the epoch.",
        updated(check="late")),
    Mistake("epoch_undone",
        "The epoch that went too far is undone. It stays; only those that are left are dropped.",
        updated(check="undo")),
)  # fmt: skip

VIVA = (
    "Strike out one line of your update; I choose it. What will KL, clip fraction and return do?",
    "Which ratio does your first minibatch see, which the last, and who has moved it in between?",
    "Which of the two brakes, clip and early stop, is still there if the other is left out, and "
    "what does it miss?",
)

EXERCISE = Exercise(
    ppo_update,
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
