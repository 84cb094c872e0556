"""One update of TRPO: θ ← θ + β √(2δ / sᵀHs) s with Hs = g, the first β of 1, ½, ¼, … that holds its promise.

g = ∇ mean[r Â] and H = ∇² mean[KL(π_old ‖ π_θ)] + λI at θ_old, r = π_θ/π_old at the actions taken; a step is
taken if mean KL(π_old ‖ π_θ) ≤ δ and mean[(r − 1) Â] > 0. policy(obs) gives logits [B, A]; obs [B, O],
action [B] integers, advantage [B]. Nothing is returned: θ changes. Schulman et al. 2015, appendix C.

The oracle has gradient and Hessian of a softmax that is linear in θ in closed form, and solves densely.
"""

import numpy as np

from rlcourse.grading.record import Exercise, Mistake

TRIALS = 10


def trpo_update(policy, obs, action, advantage, max_kl, damping):
    import torch

    parameters = list(policy.parameters())
    sizes = [p.numel() for p in parameters]
    old = torch.log_softmax(policy(obs).detach(), dim=1)

    def measure():
        new = torch.log_softmax(policy(obs), dim=1)
        ratio = (new - old).gather(1, action[:, None])[:, 0].exp()
        return ((ratio - 1) * advantage).mean(), (old.exp() * (old - new)).sum(1).mean()

    def flat(value, **options):
        return torch.cat([g.reshape(-1) for g in torch.autograd.grad(value, parameters, **options)])

    gain, kl = measure()
    g, slope = flat(gain, retain_graph=True), flat(kl, create_graph=True)
    H = torch.stack([flat(one, retain_graph=True) for one in slope])
    H = H + damping * torch.eye(len(g), dtype=g.dtype)
    s = torch.linalg.solve(H, g)
    step, start = (2 * max_kl / (s @ H @ s)).sqrt() * s, [p.detach().clone() for p in parameters]
    with torch.no_grad():
        for trial in range(TRIALS):
            for p, origin, part in zip(parameters, start, step.split(sizes), strict=True):
                p.copy_(origin + 0.5**trial * part.reshape(p.shape))
            gain, kl = measure()
            if gain > 0 and kl <= max_kl:
                return
        for p, origin in zip(parameters, start, strict=True):
            p.copy_(origin)


def draw(rng):
    """The whole step is right; is too far; the two divergences disagree on it; it is near but no better.

    And last, no trial holds what it promises.
    """
    kinds = (whole, too_far, too_far, divergences_disagree, no_gain)
    return [*(case_of(rng, kind) for kind in kinds), hopeless(rng)]


def batch(rng):
    states, inputs, actions = int(rng.integers(5, 9)), 3, 3
    return {
        "obs": rng.normal(0, 1, (states, inputs)),
        "action": rng.integers(actions, size=states),
        "advantage": rng.normal(0, 1, states),
        "weights": rng.normal(0, 0.8, (inputs, actions)),
        "max_kl": 1.0,
        "damping": float(rng.uniform(0.05, 0.15)),
    }


def hopeless(rng):
    """Search for a batch with which every far step is a loss, and a δ so large that all ten go far."""
    for _ in range(20_000):
        case = batch(rng) | {"max_kl": 1e6}
        policy = Softmax(**case)
        full = policy.step()
        if all(policy.measure(policy.theta + 0.5**trial * full)[0] < -0.003 for trial in range(TRIALS)):
            return case
    raise ValueError("no case was found in which no trial holds")


def case_of(rng, kind):
    """Search for a batch and a δ with which the first trial of the line search is of this kind."""
    for _ in range(1000):
        case = batch(rng)
        policy, step = Softmax(**case), Softmax(**case).step()
        for max_kl in rng.permutation(rng.uniform(0.9, 1.1) * np.geomspace(0.02, 3, 10)):
            full = np.sqrt(max_kl) * step
            if kind(*policy.measure(case["weights"].ravel() + full), max_kl) and decided(
                policy, full, max_kl
            ):
                return case | {"max_kl": float(max_kl)}
    raise ValueError(f"no case of the kind {kind.__name__} was found")


def whole(gain, kl, other, max_kl):
    return gain > 0 and kl < max_kl


def too_far(gain, kl, other, max_kl):
    return gain > 0 and kl > max_kl and other > max_kl


def divergences_disagree(gain, kl, other, max_kl):
    return gain > 0 and (kl > max_kl) != (other > max_kl)


def no_gain(gain, kl, other, max_kl):
    return gain < 0 and kl < max_kl


def decided(policy, full, max_kl):
    """Is each trial, up to the one that is taken, off its bounds by more than rounding and damping blur?"""
    for trial in range(TRIALS):
        gain, kl, other = policy.measure(policy.theta + 0.5**trial * full)
        if abs(gain) < 0.003 or min(abs(kl / max_kl - 1), abs(other / max_kl - 1)) < 0.02:
            return False
        if gain > 0 and kl < max_kl:
            return True
    return False


def adaptor(function, case, plain):
    """A policy with logits obs·W out of a case; the answer is W after the update."""
    import torch

    class Policy(torch.nn.Module):
        def __init__(self, weights):
            super().__init__()
            self.weights = torch.nn.Parameter(torch.tensor(weights, dtype=torch.float64))

        def forward(self, obs):
            return obs @ self.weights

    policy = Policy(case["weights"])
    obs, advantage = (torch.tensor(case[name], dtype=torch.float64) for name in ("obs", "advantage"))
    action = torch.tensor(case["action"], dtype=torch.int64)
    function(policy, obs, action, advantage, case["max_kl"], case["damping"])
    return {"parameters": plain(policy.weights)}


# The oracle, and what may be exchanged in it.


class Softmax:
    """π(a|o) = softmax(oW) on the observations of a case: gain, divergences, g and F without autograd."""

    def __init__(self, obs, action, advantage, weights, max_kl, damping):
        self.obs, self.advantage, self.theta = obs, advantage, weights.ravel()
        self.shape, self.max_kl, self.damping = weights.shape, max_kl, damping
        self.old = self.log_probs(self.theta)
        self.taken = np.eye(weights.shape[1])[action]

    def log_probs(self, theta):
        z = self.obs @ theta.reshape(self.shape)
        z = z - z.max(1, keepdims=True)
        return z - np.log(np.exp(z).sum(1, keepdims=True))

    def measure(self, theta):
        """mean[(r − 1) Â], KL(old ‖ new), KL(new ‖ old)."""
        new = self.log_probs(theta)
        ratio = np.exp(((new - self.old) * self.taken).sum(1))
        one, other = (np.exp(self.old) * (self.old - new)).sum(1), (np.exp(new) * (new - self.old)).sum(1)
        return ((ratio - 1) * self.advantage).mean(), one.mean(), other.mean()

    def gradient(self):
        weigh = (self.taken - np.exp(self.old)) * self.advantage[:, None]
        return (self.obs.T @ weigh / len(self.obs)).ravel()

    def fisher(self):
        """The mean of ooᵀ ⊗ (diag π − ππᵀ)."""
        p = np.exp(self.old)
        inner = np.einsum("ba,ac->bac", p, np.eye(p.shape[1])) - np.einsum("ba,bc->bac", p, p)
        blocks = np.einsum("bi,bj,bac->iajc", self.obs, self.obs, inner) / len(p)
        return blocks.reshape(2 * [len(self.theta)])

    def empirical_fisher(self):
        scores = np.einsum("bi,ba->bia", self.obs, self.taken - np.exp(self.old)).reshape(len(self.obs), -1)
        return scores.T @ scores / len(scores)

    def step(self, **changes):
        g, H = self.gradient(), self.fisher() + self.damping * np.eye(len(self.theta))
        s = np.linalg.solve(H, g)
        return np.sqrt(2 * self.max_kl / (s @ H @ s)) * s


def updated(step=Softmax.step, accept=lambda gain, kl, other, most: gain > 0 and kl <= most,
            shrink=0.5, accumulate=False, give_up="start"):  # fmt: skip
    """(**case) -> the parameters after the update, with another step or another search."""

    def run(**case):
        policy, start = Softmax(**case), case["weights"].ravel()
        full = step(policy)
        theta = start
        for trial in range(TRIALS):
            theta = (theta if accumulate else start) + shrink**trial * full
            if accept(*policy.measure(theta), case["max_kl"]):
                break
        else:
            theta = start if give_up == "start" else theta
        return {"parameters": theta.reshape(case["weights"].shape)}

    return run


def scaled(direction, length):
    """direction(policy, g, H) by length(s, g, H, δ)."""

    def step(policy):
        g, H = policy.gradient(), policy.fisher() + policy.damping * np.eye(len(policy.theta))
        s = direction(policy, g, H)
        return length(s, g, H, policy.max_kl) * s

    return step


def natural(policy, g, H):
    return np.linalg.solve(H, g)


def undamped(policy, g, H):
    """F⁻¹g; F of a softmax is singular, which is what damping is for: the least norm."""
    return np.linalg.pinv(policy.fisher(), rcond=1e-10) @ g


def from_scores(policy, g, H):
    return np.linalg.solve(policy.empirical_fisher() + policy.damping * np.eye(len(g)), g)


def without_advantage(policy, g, H):
    policy.advantage = np.ones_like(policy.advantage)
    return np.linalg.solve(H, policy.gradient())


def to_the_edge(s, g, H, most):
    return np.sqrt(2 * most / (s @ H @ s))


MISTAKES = (
    Mistake("nothing_moves",
        "The parameters are as before. Are trials written into them, under torch.no_grad()? Uphill? "
        "A search that goes down finds no gain and gives everything back.",
        lambda **case: {"parameters": case["weights"]}),
    Mistake("descends", "This steps downhill. g points to where mean[r Â] grows: θ + step.",
        updated(scaled(lambda p, g, H: -natural(p, g, H), to_the_edge), give_up="last"),
        updated(scaled(lambda p, g, H: -natural(p, g, H), to_the_edge), accept=lambda *_: True)),
    Mistake("no_search", "The whole step is taken unchecked. Try 1, ½, ¼, … of it until both tests pass.",
        updated(accept=lambda *_: True)),
    Mistake("kl_unchecked", "The search looks at the gain alone. The KL must be at most δ as well.",
        updated(accept=lambda gain, kl, other, most: gain > 0)),
    Mistake("gain_unchecked", "The search looks at the KL alone. The gain must be positive as well.",
        updated(accept=lambda gain, kl, other, most: kl <= most)),
    Mistake("kl_reversed", "The search measures KL(new ‖ old). The constraint is on KL(old ‖ new).",
        updated(accept=lambda gain, kl, other, most: gain > 0 and other <= most)),
    Mistake("not_restored", "Where no trial holds, θ must be what it was: put θ_old back after the search.",
        updated(give_up="last")),
    Mistake("steps_pile_up", "Each trial starts from the last one. It starts from θ_old: restore it first.",
        updated(accumulate=True), updated(accumulate=True, give_up="last")),
    Mistake("plain_gradient", "The step is along g. The natural direction solves Hs = g.",
        updated(scaled(lambda p, g, H: g, to_the_edge)),
        updated(scaled(lambda p, g, H: g, lambda s, g, H, most: np.sqrt(2 * most / (g @ g))))),
    Mistake("multiplied_by_fisher", "H multiplies g where its inverse belongs: solve Hs = g.",
        updated(scaled(lambda p, g, H: H @ g, to_the_edge))),
    Mistake("empirical_fisher",
        "H is made of the scores of the actions taken. Asked is the second derivative of the mean KL, which "
        "averages over all actions.",
        updated(scaled(from_scores, lambda s, g, H, most: np.sqrt(2 * most / (s @ g)))),
        updated(scaled(from_scores, to_the_edge))),
    Mistake("factor_two_lost", "A factor 2 is lost: ½ (βs)ᵀH(βs) = δ gives β = √(2δ / sᵀHs).",
        updated(scaled(natural, lambda s, g, H, most: np.sqrt(most / (s @ H @ s))))),
    Mistake("missing_sqrt", "The root is missing: β enters ½ (βs)ᵀH(βs) = δ squared.",
        updated(scaled(natural, lambda s, g, H, most: 2 * most / (s @ H @ s)))),
    Mistake("unscaled", "s is used as it comes. Scale it so that ½ (βs)ᵀH(βs) = δ.",
        updated(scaled(natural, lambda s, g, H, most: 1.0))),
    Mistake("delta_as_step_size", "δ is used as a step size. It bounds ½ (βs)ᵀH(βs).",
        updated(scaled(natural, lambda s, g, H, most: most))),
    Mistake("no_damping", "The damping is missing: H is the second derivative plus λI.",
        updated(scaled(undamped, lambda s, g, H, most: np.sqrt(2 * most / (s @ g)))),
        updated(scaled(undamped, to_the_edge))),
    Mistake("advantage_ignored", "The advantages are not used: g is the gradient of mean[r Â].",
        updated(scaled(without_advantage, to_the_edge))),
    Mistake("other_fractions", "The fractions that are tried are 1, ½, ¼, …, ten of them, the largest first.",
        updated(shrink=0.8), updated(shrink=0.9), updated(shrink=0.25)),
)  # fmt: skip

VIVA = (
    "Which of your quantities are taken at θ_old, and where would a later θ spoil them?",
    "The gradient of the KL at θ_old is 0. Why does your Hessian-vector product not vanish?",
    "The search accepts at ¼. What does that say about the quadratic model?",
)

EXERCISE = Exercise(
    trpo_update,
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
