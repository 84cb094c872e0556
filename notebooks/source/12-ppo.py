# %% [markdown] tags=["head"]
# # Lecture 12 · PPO
#
# question: TRPO computes at every step how far it may go. How much of that is needed, if one only stops rewarding a policy for going too far?
# objectives:
# - **say** what many epochs on one batch do to a policy, and why
# - **derive** the penalty's $\beta$ from TRPO's constraint, and the rule that adapts it
# - **name** the six cases of the clip, and the two in which the gradient is 0
# - **explain** why the clip bounds neither the ratio nor the divergence, and measure both
# - **read** PPO's update line by line
# needs:
# - 11: the constrained step that PPO replaces
# - the surrogate, and how far it may be trusted (lecture 08)
# - advantages and critics (lecture 04)
# symbols: s, a, t, \gamma, \lambda, \pi, \theta, V^\pi, y, \delta, n, N, \mathbb E
# - $r(\theta)$: ratio $\pi_\theta(a\mid s)/\pi_\mathrm{old}(a\mid s)$; 1 where nothing has changed
# - $\hat A$: estimated advantage (GAE) of the action that was taken; in an objective, standardised
# - $L$: the surrogate $\mathbb E[r(\theta)\,\hat A]$ on one batch
# - $L^\mathrm{CLIP}$: its clipped form
# - $\epsilon$: half of the width of the clip
# - $\beta$: price of one nat of divergence
# - $K$: epochs, passes over one batch
# - $g, F$: gradient of the surrogate and Fisher matrix at $\theta_\mathrm{old}$
# - $H$: entropy of the policy
# - $c_1, c_2$: weights of the critic's loss and of the entropy
# - $u$: a step of $\theta$
# - $\alpha$: place on the line from $\theta_\mathrm{old}$ (0) through $\theta_\mathrm{new}$ (1)
# - $x$: logarithm of a ratio
# - $k_1, k_2, k_3$: estimates of a divergence from one sample
# homework: 5

# %% tags=["import", "hide"]
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch

from rlcourse import plots
from rlcourse.agents import NetworkPolicy
from rlcourse.agents.samples import standardised
from rlcourse.algorithms.ppo import PPO
from rlcourse.equations import objectives
from rlcourse.equations.divergences import kl_estimators
from rlcourse.pages import pseudocode, receipts, show_source
from rlcourse.parts.randomness import LEARN, Streams
from rlcourse.statistics import intervals_of_sets
from rlcourse.training import evaluate, train
from rlcourse.training.probes import last_batch
from rlcourse.widgets import Slider, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · One batch, used again and again (10 minutes)
#
# A batch of experience is dear, a step of Adam is cheap. A plain policy gradient uses a batch once, TRPO for one step. Why not climb the surrogate $L(\theta) = \mathbb E[r(\theta)\,\hat A]$ on the same batch for many epochs?
#
# Twelve agents have learnt to swing up the pendulum of lecture 00 for 18,000 steps; their returns are near −1050 (an idle one gets about −1200, a good one −150). Each collects one more batch of 2048 steps. On it we climb $L$ by Adam, for $K$ epochs of four minibatches, always from the same start.

# %% tags=["hide"]
SMALL, S = PPO(hidden=(32, 32)), 12
OLD, ROLLOUT = last_batch(SMALL, "Pendulum-v1", 10 * 2048, S)
BATCH = ROLLOUT.samples(OLD, SMALL.advantage, SMALL.gamma, SMALL.lam)  # [12, 2048, …]
ADVANTAGE = standardised(BATCH.advantage)
EPOCHS = (0, 1, 2, 3, 5, 10, 20, 30)


def after(epochs, **changes):
    """The networks after so many epochs on the batch, from θ_old; the shuffles are always the same."""
    nets = deepcopy(OLD)
    replace(SMALL, epochs=epochs, **changes).update(nets, ROLLOUT, Streams(range(S), LEARN))
    return nets


@torch.no_grad()
def measured(policy):
    """L and KL(π_old ‖ π_θ) of each seed [12]; the ratios [12, 2048]; the true return, 16 episodes each [12]."""
    pi = policy(BATCH.obs)
    ratio = objectives.probability_ratio(pi.log_prob(BATCH.action), BATCH.log_prob)
    returns = evaluate(NetworkPolicy(policy), "Pendulum-v1", episodes=16).mean(axis=1)
    return (ratio * ADVANTAGE).mean(-1).numpy(), BATCH.old.kl(pi).mean(-1).numpy(), ratio.numpy(), returns


# %% [markdown]
# Left, what the surrogate $L$ promises of the policy after each number of epochs; right, how far this policy has gone. Dashed are the policies that climbed $L$ itself; solid those that climbed the *clipped* objective of section 3, on the same batch with the same shuffles. Thin lines are seeds, thick ones their means; the vertical axes are logarithmic, except next to 0.


# %% tags=["hide"]
def each_epoch(**changes):
    """`measured` after each number of EPOCHS: a tuple of arrays with the epochs in front."""
    return tuple(
        np.stack(x) for x in zip(*(measured(after(k, **changes).policy) for k in EPOCHS), strict=True)
    )


PLAIN, CLIPPED = each_epoch(clip=np.inf), each_epoch()
LOOK = {"L": (plots.ORANGE, plots.DASHES), "clipped": (plots.BLUE, "-")}


def over_epochs(ax, which):
    """Curves of all seeds over the epochs, and their means."""
    for name, found in (("L", PLAIN), ("clipped", CLIPPED)):
        colour, line = LOOK[name]
        ax.plot(EPOCHS, found[which], color=colour, linewidth=0.6, linestyle="-", alpha=0.4, label="_seeds")
        ax.plot(EPOCHS, found[which].mean(axis=1), color=colour, linestyle=line, label=name)
    ax.set_xlabel("epochs K on one batch")


fig = plots.figure(10.5, 3.8)
gain_ax, kl_ax = plots.axes(fig, 1, 2)
over_epochs(gain_ax, 0)
over_epochs(kl_ax, 1)
gain_ax.set(title="the promise", ylabel="L (standard deviations of Â)")
gain_ax.set_yscale("symlog", linthresh=0.01)
kl_ax.set(title="the distance", ylabel="KL from the old policy (nats)")
kl_ax.set_yscale("symlog", linthresh=0.001)
for ax in (gain_ax, kl_ax):
    plots.label_lines(ax, wrap=9)
plots.show(
    fig,
    alt="Over epochs on one batch: the surrogate's promise and the divergence, both far larger without the clip",
)

# %% [markdown]
# By $L$'s own account the policies that climb it gain with every epoch (in one seed of twelve even that breaks down in the end). Their divergence reaches whole nats, where TRPO allows hundredths; under the clip it stays below 0.02.

# %% tags=["hide"]
predict(
    "After ten epochs the surrogate L promises far more than after one. What does that policy really earn?",
    {
        "more than after one epoch": "So it would be if the surrogate were the return. It weighs old actions in old states anew, and knows nothing of where the new policy leads.",
        "about as much as at the start": "The noise of a batch could do that. What happens is far larger.",
        "much less than at the start": "",
    },
    answer="much less than at the start",
    ordered=True,
    why="The surrogate is right to first order around the old policy. Ten epochs leave that region, and Adam goes where the surrogate errs in its favour.",
)

# %% [markdown]
# Each policy, played for sixteen fresh episodes:

# %% tags=["hide"]
fig = plots.figure(6.5, 3.8)
ax = plots.axes(fig)
over_epochs(ax, 3)
ax.set(title="what it earns", ylabel="return", ylim=(-1800, -700))
plots.label_lines(ax, wrap=9)
plots.show(
    fig,
    alt="The true return over epochs on one batch: it collapses under the surrogate and rises under the clip",
)

# %% [markdown]
# After ten epochs of $L$ the policy earns 445 less than before, after thirty 293 less; after thirty of the clipped objective 92 more. In each of three disjoint sets of four seeds, with t-intervals of 95 %:

# %%
for name, found in (("L", PLAIN), ("clipped", CLIPPED)):
    for epochs in (10, 30):
        gains = intervals_of_sets(found[3][EPOCHS.index(epochs)] - found[3][0])
        told = "  ".join(f"{i.estimate:+.0f} [{i.low:+.0f}, {i.high:+.0f}]" for i in gains)
        print(f"{name:8} return gained by {epochs} epochs: {told}")
ten = EPOCHS.index(10)
assert all(each.high < 0 for each in intervals_of_sets(PLAIN[3][ten] - PLAIN[3][0])), "L: worse, in each set"
assert all(each.low > 0 for each in intervals_of_sets(CLIPPED[3][-1] - CLIPPED[3][0])), (
    "clipped: better, in each"
)

# %% [markdown]
# ## 2 · A price for distance (18 minutes)
#
# TRPO forbids $\mathrm{KL} > \delta$. One may also let it cost something (Schulman et al. 2017, eq. 8):
# $$L(\theta) - \beta\;\mathbb E\,\mathrm{KL}(\pi_\mathrm{old}\,\|\,\pi_\theta).$$
# That needs gradients only: no Fisher matrix, no line search. What should $\beta$ be?
#
# **Step 1.** Near $\theta_\mathrm{old}$, after a step $u$: $L\approx g^\top u$ and $\mathrm{KL}\approx\frac12u^\top Fu$ (lecture 10). Where $F$ is positive definite, the best $u$ has $g - \beta Fu = 0$, so $u = F^{-1}g/\beta$.
#
# **Step 2.** Its divergence is $\frac12u^\top Fu = g^\top F^{-1}g\,/\,(2\beta^2)$. This is $\delta$ exactly if
# $$\beta = \sqrt{\frac{g^\top F^{-1}g}{2\delta}},\qquad\text{and then}\quad u = \sqrt{\frac{2\delta}{g^\top F^{-1}g}}\;F^{-1}g,$$
# which is TRPO's step. So *the right price gives the constraint's solution*: $\beta$ is the Lagrange multiplier of the constraint.
#
# **Step 3.** But $g$ changes with every batch, and $\beta$ with it: a fixed price is right once. Where the step is one of Adam's on a network, not even the formula holds.

# %%
rng = np.random.default_rng(0)
with receipts("penalty's best step, by 5000 gradient steps", oracle="TRPO's step, by a dense solve") as same:
    for size, delta in ((3, 0.01), (8, 0.001)):
        root, g = rng.normal(size=(size, size)), rng.normal(size=size)
        F = root @ root.T / size + 0.3 * np.eye(size)
        natural = np.linalg.solve(F, g)
        beta = (g @ natural / (2 * delta)) ** 0.5
        u, rate = np.zeros(size), 1 / (beta * np.linalg.norm(F, 2))
        for _ in range(5000):
            u = u + rate * (g - beta * F @ u)
        same(
            rf"{size} parameters, $\delta = {delta}$", u, (2 * delta / (g @ natural)) ** 0.5 * natural, 1e-10
        )

# %% [markdown]
# PPO's answer is a thermostat. After each batch compare the divergence with a target $\delta$:
#
# | measured | next $\beta$ |
# |:---|:---|
# | $\mathrm{KL} > 1.5\,\delta$ | $2\beta$ |
# | $\mathrm{KL} < \delta/1.5$ | $\beta/2$ |
# | between | $\beta$ |

# %%
kl = np.array([0.001, 0.0066, 0.0067, 0.0149, 0.0151, 1.0])
by_hand = [1.5, 1.5, 3, 3, 6, 6]  # β = 3, δ = 0.01: the edges are 0.00667 and 0.015
with receipts("package", oracle="the table, by hand") as same:
    same(r"$\beta$ after six divergences", objectives.adaptive_beta(np.full(6, 3.0), kl, 0.01), by_hand, 0)

# %% [markdown]
# Does it find its target? CartPole, $\delta = 0.01$, three prices to begin with, 4096 times apart; and in grey a price that stays at 0.1.

# %% tags=["hide"]
CART = PPO(hidden=(32, 32), horizon=64, minibatch_size=128, kl_target=0.01)
NAMES = {1 / 64: "1/64", 1.0: "1", 64.0: "64"}
STARTS = {1 / 64: (plots.BLUE, "-"), 1.0: (plots.GREEN, plots.DASHES), 64.0: (plots.PURPLE, plots.DOTS)}


def prices(algorithm, batches=24, seeds=6):
    """KL and β after each batch of a training run, [batches, seeds] each."""
    run = train(
        algorithm,
        "CartPole-v1",
        batches * 512,
        seeds,
        evaluate_every=10**6,
        evaluation_episodes=1,
        log_every=1,
    )
    return run.metrics["kl"].T, run.metrics["beta"].T


ADAPTED = {start: prices(replace(CART, objective="adaptive_kl", beta=start)) for start in STARTS}
FIXED = prices(replace(CART, objective="kl", beta=0.1))

# %% [markdown]
# The yellow band is where the table leaves the price alone:

# %% tags=["hide"]
fig = plots.figure(10.5, 3.9)
kl_ax, beta_ax = plots.axes(fig, 1, 2)
for start, (colour, line) in STARTS.items():
    for ax, values in zip((kl_ax, beta_ax), ADAPTED[start], strict=True):
        middle = np.exp(np.log(np.maximum(values, 1e-7)).mean(axis=1))
        ax.plot(
            np.arange(1, len(middle) + 1), middle, color=colour, linestyle=line, label=f"from {NAMES[start]}"
        )
middle = np.exp(np.log(FIXED[0]).mean(axis=1))
kl_ax.plot(
    np.arange(1, len(middle) + 1), middle, color=plots.GREY, linestyle=plots.LONG, label="stays at 0.1"
)
kl_ax.axhspan(0.01 / 1.5, 0.015, color=plots.YELLOW, alpha=0.35, linewidth=0)
kl_ax.set(title="KL; the band keeps β", ylabel="KL (nats)", xlabel="batch", yscale="log", ylim=(1e-5, 1))
beta_ax.set(title="price β", ylabel="β (per nat)", xlabel="batch", yscale="log")
for ax in (kl_ax, beta_ax):
    plots.label_lines(ax, wrap=12)
plots.show(
    fig,
    alt="KL and β over 24 batches from three starting prices; all three come to the target, a fixed price does not",
)

# %% [markdown]
# From all three starts the divergence comes to the target, and then wanders about it: batches differ, and the price answers one batch late, in steps of 2 (exercise 3 shows that such a thermostat can even swing for ever). Under the fixed price the divergence stays near 0.07, seven times the target. Lines are geometric means over six seeds. In numbers, over the last twelve batches:

# %%
for start, (kl, _) in ADAPTED.items():
    typical = np.exp(np.log(kl[-12:]).mean(axis=0))  # of each seed
    print(f"from {NAMES[start]:4} KL {typical.min():.4f} to {typical.max():.4f} in six seeds")
    assert typical.min() > 0.01 / 2 and typical.max() < 0.01 * 2, "within a factor of 2 of the target"

# %% [markdown]
# ## 3 · The clip (20 minutes)
#
# The other form has no price. It changes what one *sample* may contribute:
# $$L^\mathrm{CLIP}(\theta) = \mathbb E\big[\min\big(r(\theta)\,\hat A,\;\mathrm{clip}(r(\theta),\,1-\epsilon,\,1+\epsilon)\,\hat A\big)\big].$$
# An action that turned out well ($\hat A>0$) should become more probable, but beyond $r = 1+\epsilon$ nothing more is paid for it. One that turned out badly should become less probable, down to $1-\epsilon$.

# %% tags=["hide"]
predict(
    "A bad action (Â = −1) has become MORE probable by accident: r = 1.5, ε = 0.2. What does its gradient do?",
    {
        "nothing: r is outside the clip": "The clipped term is −1.2 and constant. But the other one, −1.5, is smaller, and the minimum takes that.",
        "it pulls r down with full strength": "",
        "it pulls r down, weaker the further out r is": "The objective is r times Â there: its slope in r is Â, however far out.",
    },
    answer="it pulls r down with full strength",
    why="The smaller of the two terms is r times Â here, as without a clip. The clip takes away only the reward for going too far in the right direction.",
)

# %% [markdown]
# Six cases, then: three places of $r$, two signs of $\hat A$.

# %%
CASES = {  # (sign of Â, side of the clip)
    (1, -1): "good, became rarer: raise it",
    (1, 0): "good, within the clip: raise it",
    (1, 1): "good, raised enough: stop",
    (-1, -1): "bad, lowered enough: stop",
    (-1, 0): "bad, within the clip: lower it",
    (-1, 1): "bad, became more frequent: lower it",
}

# %% [markdown]
# **Try.** Move $r$ over the picture with either sign of $\hat A$: where is the line flat? Which slope does it have at $r=1$, whatever $\hat A$ is?


# %% tags=["hide"]
def draw_clip(fig, advantage=1.0, ratio=1.4, epsilon=0.2):
    value_ax, slope_ax = plots.axes(fig, 1, 2)
    r = torch.linspace(0.005, 2.0, 400, dtype=torch.float64, requires_grad=True)
    objective = objectives.clipped_objective(r, torch.full_like(r, advantage), epsilon)
    slope = torch.autograd.grad(objective.sum(), r)[0]
    at = torch.tensor([ratio], dtype=torch.float64, requires_grad=True)
    here = objectives.clipped_objective(at, torch.full_like(at, advantage), epsilon)
    pull = float(torch.autograd.grad(here.sum(), at)[0])
    x = r.detach().numpy()
    value_ax.plot(x, advantage * x, color=plots.ORANGE, linestyle=plots.DASHES, label="r Â")
    for ax, y, dot in ((value_ax, objective, float(here.detach())), (slope_ax, slope, pull)):
        ax.axvspan(1 - epsilon, 1 + epsilon, color=plots.YELLOW, alpha=0.25, linewidth=0)
        ax.plot(x, y.detach().numpy(), color=plots.BLUE, linestyle="-", label="clipped")
        ax.plot([ratio], [dot], "o", color=plots.BLACK, markersize=9)
        ax.axhline(0, color=plots.GREY, linewidth=1, linestyle="-", label="_0")
        ax.set(xlabel="ratio r", xlim=(0, 2), ylim=(-4.2, 4.2) if ax is value_ax else (-2.3, 2.3))
    value_ax.set(ylabel="a sample's objective")
    slope_ax.set(ylabel="gradient in r", title="its gradient")
    side = int(ratio > 1 + epsilon) - int(ratio < 1 - epsilon)
    value_ax.set_title(CASES.get((int(np.sign(advantage)), side), "Â = 0: nothing to learn"))
    plots.legend(value_ax, loc="upper left")
    return {"objective": float(here.detach()), "gradient": pull}


explore(
    draw_clip, size=(10.5, 4.0),
    alt="A sample's clipped objective and its gradient over the ratio, and which of the six cases it is in",
    settings={"good, and gone far": {"advantage": 1.0, "ratio": 1.5},
        "good, and lost": {"advantage": 1.0, "ratio": 0.5},
        "bad, and gone far": {"advantage": -1.0, "ratio": 0.5},
        "bad, and grown": {"advantage": -1.0, "ratio": 1.5}},
    advantage=Slider("Â", "advantage", min=-2.0, max=2.0, step=0.5),
    ratio=Slider("r", "ratio", min=0.1, max=1.9, step=0.05),
    epsilon=Slider("ε", "clip", min=0.05, max=0.5, step=0.05),
)  # fmt: skip

# %% [markdown]
# | | $r<1-\epsilon$ | $1-\epsilon\le r\le1+\epsilon$ | $r>1+\epsilon$ |
# |:---|:---|:---|:---|
# | $\hat A>0$ | $r\hat A$, slope $\hat A$ | $r\hat A$, slope $\hat A$ | $(1+\epsilon)\hat A$, **slope 0** |
# | $\hat A<0$ | $(1-\epsilon)\hat A$, **slope 0** | $r\hat A$, slope $\hat A$ | $r\hat A$, slope $\hat A$ |
#
# **Step 1.** A minimum of two numbers is at most either: $L^\mathrm{CLIP}\le L$, for every $\theta$.
#
# **Step 2.** Within the clip both terms are equal; so around $\theta_\mathrm{old}$, where all $r=1$, the two objectives *are the same function*. Hence the first gradient on a batch is the policy gradient $\mathbb E[\hat A\,\nabla\log\pi_\theta]$. (In code, old and new log-probabilities are identical then. That is no bug: their difference is 0, its gradient is not.)
#
# **Step 3.** Outside, the clipped term is constant in $r$. The minimum takes it where it is the smaller one: for $\hat A>0$ above $1+\epsilon$, for $\hat A<0$ below $1-\epsilon$. In these two cases, and no others, the gradient vanishes.

# %%
r, A = (x.ravel() for x in np.meshgrid(np.arange(0.05, 2.5, 0.0913), [-2, -0.5, 0.5, 2]))
tensors = [torch.tensor(r, requires_grad=True), torch.tensor(A)]
gradient = torch.autograd.grad(objectives.clipped_objective(*tensors, 0.2).sum(), tensors[0])[0]
stops = ((A > 0) & (r > 1.2)) | ((A < 0) & (r < 0.8))  # the two cases of the table
with receipts("autograd, on a grid of 108", oracle="the table") as same:
    same("gradient in $r$", gradient, np.where(stops, 0, A), 0)
    same("number of zeros", (gradient == 0).sum(), stops.sum(), 0)

# %% [markdown]
# Steps 2 and 1, on our network and our batch. The oracle of step 2 computes $\nabla\log\pi$ sample by sample, and averages:

# %%
few = slice(0, 256)
pi = OLD.policy.graph(BATCH.obs[:, few])  # the policy, with a graph from its parameters for autograd
surrogate = objectives.clipped_surrogate(
    pi.log_prob(BATCH.action[:, few]), BATCH.log_prob[:, few], ADVANTAGE[:, few], 0.2, dim=-1
)
slopes = torch.autograd.grad(surrogate.sum(), OLD.policy.parameters)
scores = OLD.policy.scores(BATCH.obs[:, few], BATCH.action[:, few])  # ∇log π of every sample
with receipts(
    "gradient of the clipped objective, a network", oracle="mean of Â ∇log π, sample by sample"
) as same:
    same(
        "at ratio 1, twelve seeds",
        torch.cat([slope.flatten(1) for slope in slopes], dim=1),
        (ADVANTAGE[:, few, None] * scores).mean(1),
        1e-5,
    )
ratio, clipped = CLIPPED[2][-1], objectives.clipped_objective(CLIPPED[2][-1], ADVANTAGE.numpy(), 0.2)
assert (clipped <= ratio * ADVANTAGE.numpy() + 1e-6).all(), (
    "min(r, clip) Â ≤ r Â, of 24,576 samples after 30 epochs"
)

# %% [markdown]
# ## 4 · Along the line from old to new (10 minutes)
#
# What does the whole batch look like to the optimiser? Walk on the straight line $\theta_\mathrm{old} + \alpha\,(\theta_\mathrm{new}-\theta_\mathrm{old})$, where $\theta_\mathrm{new}$ is what PPO's ten epochs made of this batch: $\alpha=0$ is the old policy, $\alpha=1$ the new one, and beyond it nobody has trained. (Schulman et al. 2017 have this picture for one policy on Hopper.)

# %% tags=["hide"]
ALPHAS = np.linspace(-1, 4, 51)
NEW = after(10).policy


@torch.no_grad()
def along():
    """Ratios [51, 12, 2048] and mean KL [51, 12] on the line from θ_old through θ_new."""
    walker, start, ratios, kls = deepcopy(NEW), OLD.policy.flat.clone(), [], []
    for alpha in ALPHAS:
        walker.flat.copy_(start + alpha * (NEW.flat - start))
        pi = walker(BATCH.obs)
        ratios.append(objectives.probability_ratio(pi.log_prob(BATCH.action), BATCH.log_prob).numpy())
        kls.append(BATCH.old.kl(pi).mean(-1).numpy())
    return np.array(ratios), np.array(kls)


RATIOS, KLS = along()

# %% [markdown]
# Dashed the plain surrogate, dotted the same with clipped ratios, solid the objective: the smaller of the two for each sample. Grey verticals mark the old policy (0) and the new one (1), the dot the top of the solid line. Change $\epsilon$, and look at other seeds.


# %% tags=["hide"]
def draw_line(fig, epsilon=0.2, seed=0):
    gain_ax, kl_ax = plots.axes(fig, 1, 2)
    r, A = RATIOS[:, seed], ADVANTAGE[seed].numpy()
    plain = (r * A).mean(-1)
    other = (r.clip(1 - epsilon, 1 + epsilon) * A).mean(-1)
    both = objectives.clipped_objective(r, np.broadcast_to(A, r.shape), epsilon).mean(-1)
    for y, name, colour, line in (
        (plain, "L", plots.ORANGE, plots.DASHES),
        (other, "with clip(r)", plots.GREEN, plots.DOTS),
        (both, "their min", plots.BLUE, "-"),
    ):
        gain_ax.plot(ALPHAS, y, color=colour, linestyle=line, label=name)
    top = ALPHAS[both.argmax()]
    gain_ax.plot([top], [both.max()], "o", color=plots.BLUE, markersize=8)
    gain_ax.set(title=f"top of the solid line: α = {top:.1f}", ylabel="objective", xlim=(-1, 4))
    gain_ax.set_ylim(plots.round_limits(both, other, np.minimum(plain, 1.5 * max(other.max(), 0.01))))
    kl_ax.plot(ALPHAS, KLS[:, seed], color=plots.BLACK, linestyle="-")
    kl_ax.set(title="distance from the old policy", ylabel="KL (nats)", xlim=(-1, 4), ylim=(0, 0.15))
    for ax in (gain_ax, kl_ax):
        ax.set_xlabel("α")
        for at in (0, 1):
            ax.axvline(at, color=plots.GREY, linewidth=1, linestyle="-", label="_old, new")
    plots.label_lines(gain_ax, wrap=8)
    here = {"L at the new policy": plain, "min at the new policy": both, "KL there": KLS[:, seed]}
    return {"best α": float(top)} | {name: float(np.interp(1, ALPHAS, y)) for name, y in here.items()}


explore(
    draw_line, size=(10.5, 4.0),
    alt="Surrogate, clipped surrogate and their minimum along the line from the old through the new policy, and the KL",
    settings={"a tight clip": {"epsilon": 0.05}, "a loose clip": {"epsilon": 0.5},
        "another seed": {"seed": 7}},
    epsilon=Slider("ε", "clip", min=0.05, max=0.5, step=0.05),
    seed=Slider("", "seed", min=0, max=11, step=1),
)  # fmt: skip

# %% [markdown]
# At $\alpha=0$ the three lines touch with one slope (step 2). The plain surrogate (dashed) goes on rising, in each of the twelve seeds: to it, further is better. The minimum bends away below it and falls again: samples that went the right way are paid no more, those that went the wrong way still pay. So the objective itself has a hill, which does for PPO what the trust region does for TRPO; a larger $\epsilon$ moves its top outwards. But nothing in it mentions the divergence.
#
# ## 5 · The clip leaks (14 minutes)
#
# A common sentence says that PPO *keeps* the ratio between $1-\epsilon$ and $1+\epsilon$. We have ratios to count.

# %% tags=["hide"]
predict(
    "ε = 0.2, 30 epochs on the batch of section 1. How many of the ratios lie outside [0.8, 1.2]?",
    {
        "none": "Nothing forbids a ratio to be outside: a sample that got there has no gradient that would lead it back.",
        "about one in ten": "",
        "more than half": "That is what the plain surrogate does within a few epochs.",
    },
    answer="about one in ten",
    ordered=True,
    why="The clip takes away a reason to go out. It is no wall, and no spring.",
)

# %% [markdown]
# Solid, the batch of section 1 under the clip (thin: seeds). Dashed, the same with an early stop, explained below. Dotted, the upper edge of the clip, 1.2.

# %% tags=["hide"]
fig = plots.figure(11.5, 3.8)
share_ax, most_ax, kl_ax = plots.axes(fig, 1, 3)
SPRINGS = {"clipped": CLIPPED, "clipped, stop at KL 0.005": each_epoch(stop_kl=0.005)}
for (name, (_, kl, ratio, _)), (colour, line) in zip(
    SPRINGS.items(), ((plots.BLUE, "-"), (plots.GREEN, plots.DASHES)), strict=True
):
    outside, most = (abs(ratio - 1) > 0.2).mean(-1), ratio.max(-1)
    for ax, values in ((share_ax, 100 * outside), (most_ax, most), (kl_ax, kl)):
        if name == "clipped":
            ax.plot(EPOCHS, values, color=colour, linewidth=0.6, linestyle="-", alpha=0.4, label="_seeds")
        ax.plot(
            EPOCHS, values.mean(axis=1), color=colour, linestyle=line, label=name.replace("clipped, ", "")
        )
    print(
        f"{name:26} outside {100 * outside[-1].mean():.0f} %, largest ratio {most[-1].mean():.2f}, KL {kl[-1].mean():.4f}"
    )
share_ax.set(title="ratios outside 0.8 … 1.2", ylabel="share (%)", ylim=(0, None))
most_ax.set(title="largest ratio of 2048", ylabel="ratio")
most_ax.axhline(1.2, color=plots.GREY, linewidth=1.2, linestyle=plots.DOTS, label="_limit")
kl_ax.set(title="KL", ylabel="nats", ylim=(0, None))
for ax in (share_ax, most_ax, kl_ax):
    ax.set_xlabel("epochs K on one batch")
    plots.label_lines(ax, wrap=9)
assert (SPRINGS["clipped"][2][-1].max(-1) > 1.2).all(), "in every seed"
plots.show(
    fig,
    alt="Share of ratios outside the clip, largest ratio and KL over epochs: all keep growing under the clip",
)

# %% [markdown]
# After thirty epochs 12 % of the ratios are outside, in single seeds 7 to 17 %; the largest of 2048 is near 2 on average. From the third epoch on all three grow, and nothing in the objective stops them. The peak before that is an overshoot. There are three reasons:
#
# 1. *The first step is free.* At $r=1$ no sample is clipped, so one large step can throw any of them far out.
# 2. *Samples share parameters.* A clipped sample has no gradient of its own, and is carried on by those of its neighbours.
# 3. *Nothing of its own leads it back.* Outside, its slope is 0; a penalty would pull. (After the overshoot others do pull: samples that went the wrong way, whose gradient is never 0.)
#
# So many codes watch the divergence and break off (dashed): $\mathrm{KL}$ above a limit ends the epochs of this batch. With the Gaussian's formula that is exact. Where only sampled log-ratios are at hand, three estimators are in use. With $x = \log r$, of samples from the *old* policy:
# $$k_1 = -x,\qquad k_2 = \tfrac12x^2,\qquad k_3 = e^x - 1 - x.$$
# $\mathbb E\,k_1 = \mathrm{KL}$ by definition, and $\mathbb E\,k_3 = \mathrm{KL}$ as $\mathbb E\,r = 1$; $k_3\ge0$ because $e^x$ lies above its tangent. $k_2$ is the second-order term alone. For two normal policies of equal width, with means $\sqrt{2\,\mathrm{KL}}$ standard deviations apart, $x$ is normal with mean $-\mathrm{KL}$ and variance $2\,\mathrm{KL}$, which gives every moment:

# %%
with receipts("a million samples", oracle="closed form") as same:
    for kl in (0.01, 0.5):
        k = kl_estimators(-kl + (2 * kl) ** 0.5 * np.random.default_rng(1).standard_normal(1_000_000))
        means = kl, kl + kl**2 / 2, kl
        spreads = (2 * kl) ** 0.5, (2 * kl**2 + 2 * kl**3) ** 0.5, (np.exp(2 * kl) - 1 - 2 * kl) ** 0.5
        for name, values, mean, spread in zip(("k_1", "k_2", "k_3"), k, means, spreads, strict=True):
            same(rf"${name}$ at KL {kl}: mean", values.mean(), mean, 5e-3 * spread)
            same(rf"${name}$ at KL {kl}: standard deviation", values.std(), spread, 0.05 * spread)

# %% [markdown]
# At $\mathrm{KL}=0.01$ the spread of $k_1$ is fourteen times the thing measured; $k_2$ and $k_3$ spread ten times less, and the bias of $k_2$ is half a percent. At 0.5 $k_2$ is a quarter too large, and $k_3$ has nearly lost its advantage. On our batch, where the exact value is known, after ten epochs:

# %%
exact, logs = CLIPPED[1][EPOCHS.index(10)], np.log(CLIPPED[2][EPOCHS.index(10)])
for name, values in zip(("k1", "k2", "k3"), kl_estimators(logs), strict=True):
    errors = values.mean(-1) - exact  # of 2048 samples, each of twelve seeds
    print(
        f"{name}: mean error {errors.mean():+.5f}, spread over seeds {errors.std():.5f}; exact KL {exact.mean():.5f}"
    )

# %% [markdown]
# ## 6 · The algorithm (12 minutes)
#
# Actor and critic learn from one number, to be maximised on each minibatch (Schulman et al. 2017, eq. 9):
# $$L^\mathrm{CLIP} - c_1\,\mathbb E\big[(V_\theta(s)-y)^2\big] + c_2\,\mathbb E\big[H(\pi_\theta(\cdot\mid s))\big],\qquad y = \hat A + V_\mathrm{old}(s),$$
# with $\hat A$ as GAE gives it in $y$, and standardised in $L^\mathrm{CLIP}$. The square matters, and some slides lose it: without it the critic's part is $\mathbb E[V-y]$, whose gradient is the same for every $y$, so that $V$ would sink for ever and learn nothing. (Here $c_1=\frac12$. With separate networks it only scales the critic's gradient, and Adam undoes scales; only the common limit on the gradient's norm still feels it.)

# %% tags=["hide"]
pseudocode(
    "PPO: one batch, after Schulman et al. 2017, algorithm 1 (early stop added)",
    r"""
    advantages $\hat A$ by GAE and targets $y = \hat A + V_\mathrm{old}$, computed once
    for $K$ epochs:
        for each minibatch of a new shuffle:
            the combined loss, with $\hat A$ standardised over the minibatch
            if KL exceeds a limit: this seed's batch is done
            one step of Adam for both networks, the gradient's norm limited
    measure the divergence from $\pi_\mathrm{old}$
    adaptive form only: $\beta$ by the table
    """,
    PPO.update,
    {
        1: "samples = rollout.samples",
        2: "for _ in range(self.epochs)",
        3: "for batch in samples",
        4: "loss, kl, ratio",
        5: "active = active &",
        6: "self._step",
        7: "kl = samples.old.kl",
        8: "adaptive_beta",
    },
)

# %% [markdown]
# And the loss of a minibatch. `clipped_objective` is a field: homework 5 puts yours there. Our policy and critic share no layer, so each needs only its own part: `_loss` is the policy's; `regress` writes down the gradient of the critic's, $(V-y)\,\nabla V$ on average, which autograd would find at twice the time.

# %% tags=["hide"]
show_source(PPO._loss)
show_source(PPO._step)

# %% [markdown]
# | | TRPO | PPO |
# |:---|:---|:---|
# | a batch is used for | one step | $K$ epochs of many steps |
# | distance | measured, and never above $\delta$ | not measured; usually small |
# | needs | Fisher products, conjugate gradient, a line search | first gradients |
# | critic | fitted apart | in the same loss; may share layers |
# | step size | follows from $\delta$ | Adam's, to be tuned |
#
# ## 7 · Live (6 minutes)
#
# Five ways to use a batch. *No clip* is PPO with another function in that field:


# %%
def unclipped(ratio, advantage, clip):
    return ratio * advantage


ways = {
    "clip": PPO(),
    "no clip": PPO(clipped_objective=unclipped),
    "clip and stop": PPO(stop_kl=0.02),
    "fixed price": PPO(objective="kl"),
    "adaptive price": PPO(objective="adaptive_kl"),
}

# %% [markdown]
# Start them *each in turn*. Then set $K=1$: *clip* and *no clip* become one method, as hardly a ratio leaves the clip; and neither learns in 20 batches of four steps. Many epochs are what makes a batch worth its price, and what makes a limit necessary. Does a smaller learning rate rescue *no clip*?

# %% tags=["hide"]
panel = live(
    ways,
    "Pendulum-v1",
    steps=40_000,
    seeds=4,
    recorded="recordings/12-live.json",
    title="PPO: five ways to use a batch",
    clip=Slider("ε", "clip", min=0.05, max=0.5, step=0.05),
    epochs=Slider("K", "epochs", min=1, max=30, step=1),
    learning_rate=Slider("", "learning rate", min=1e-4, max=1e-2, log=True),
)
panel

# %% [markdown]
# ## Summary
#
# - Many epochs of the plain surrogate on one batch raised its promise and wrecked the policy; with the clip the same epochs helped.
# - A price $\beta$ on divergence gives TRPO's step at $\beta=\sqrt{g^\top F^{-1}g/2\delta}$. As that changes with every batch, it is adapted, and the divergence stays near its target.
# - The clip equals the surrogate around the old policy and never exceeds it. Its gradient vanishes in two of six cases: good and raised enough, bad and lowered enough.
# - It bounds neither ratio nor divergence: both grow with the epochs. Whoever needs a bound measures it; $k_3$ is the estimator for small divergences.
# - How much of PPO's fame is due to the clip, and how much to details of its code, is the question of lecture 12b.
#
# ## Exercises
#
# 1. ★ (5 minutes) $\epsilon=0.2$. Objective and gradient in $r$ for $(r,\hat A)$ = (1.3, 2), (1.3, −2), (0.7, −2), (0.7, 2)?
#    <details><summary>Answer</summary>2.4 and 0; −2.6 and −2; −1.6 and 0; 1.4 and 2.</details>
# 2. ★★ (10 minutes) Write an objective that clips only above, for good actions: what is lost? Count the ratios below 0.8 in `measured(after(30, clipped_objective=above_only).policy)[2]`, and in `CLIPPED[2][-1]`.
#    <details><summary>Hint</summary>def above_only(ratio, advantage, clip): return torch.where(advantage > 0, ratio.clamp(max=1 + clip), ratio) * advantage</details>
#    <details><summary>Answer</summary>Bad actions are then lowered without end. After 30 epochs on our batch 24 % of the ratios lie below 0.8; with the full clip 6 %.</details>
# 3. ★★ (15 minutes) In the model of section 2 the divergence is $c/\beta^2$. Show that the thermostat can swing for ever between two prices, and that it would not if the divergence were $c/\beta$.
#    <details><summary>Hint</summary>By which factor does the divergence change when β doubles, and by which one is the band wide?</details>
#    <details><summary>Answer</summary>Doubling β divides the divergence by 4, and the band from δ/1.5 to 1.5δ is only 2.25 wide. Start at 1.6δ: it falls to 0.4δ, below the band, β is halved, and it is 1.6δ again. With c/β a factor of 2 cannot jump over a band of 2.25.</details>
# 4. ★★★ (20 minutes) A batch has a single sample, with $\hat A>0$ and an old probability below $1/(1+\epsilon)$. Show that gradient ascent pushes its ratio beyond $1+\epsilon$, however small the steps (unless one lands exactly there). How far beyond?
#    <details><summary>Hint</summary>The step before last starts inside.</details>
#    <details><summary>Answer</summary>Inside the clip the gradient is r Â ∇log π, so that every step raises log r by about (step size) · r Â ‖∇log π‖²: the ratio does not come to rest there. The last step starts below 1 + ε and ends up to one whole step above it, where the gradient is 0 and it stays (without momentum; Adam's carries it further). The overshoot is bounded by the step, not by ε.</details>

# %% [markdown]
# ## Further · Momentum walks on
#
# Adam remembers gradients. Even if every sample were clipped at once, the running mean of gradients would move the parameters for some twenty steps more ($0.9^{20}\approx0.12$ of it is left then). A single sample with $\hat A=1$ and a policy of one logit shows it: below, the ratio with plain gradient ascent and with Adam of the same first step.

# %%
walks = {}
for name, kind in (("plain", torch.optim.SGD), ("Adam", torch.optim.Adam)):
    logit = torch.zeros(1, requires_grad=True)
    start = torch.sigmoid(logit).detach()
    optimiser, walk = kind([logit], lr=0.1 if name == "plain" else 0.05), []
    for _ in range(60):
        ratio = torch.sigmoid(logit) / start
        walk.append(ratio.item())
        optimiser.zero_grad()
        (-objectives.clipped_objective(ratio, torch.ones(1), 0.2).sum()).backward()
        optimiser.step()
    walks[name] = walk
    print(
        f"{name}: the ratio crosses 1.2 at step {np.argmax(np.array(walk) > 1.2)} and ends at {walk[-1]:.3f}"
    )
assert 1.2 < walks["plain"][-1] < walks["Adam"][-1]

# %% [markdown]
# ## Sources
#
# - Schulman, Wolski, Dhariwal, Radford, Klimov, *Proximal policy optimization algorithms*, 2017, [arXiv:1707.06347](https://arxiv.org/abs/1707.06347): the clip (eq. 7), the penalty (eq. 8), its adaptation (section 4), the combined loss (eq. 9).
# - Schulman, Levine, Moritz, Jordan, Abbeel, *Trust region policy optimization*, 2015, [arXiv:1502.05477](https://arxiv.org/abs/1502.05477).
# - Schulman, *Approximating KL divergence*, 2020, [joschu.net/blog/kl-approx.html](http://joschu.net/blog/kl-approx.html): k1, k2, k3.
# - Engstrom et al., *Implementation matters in deep policy gradients*, ICLR 2020, [arXiv:2005.12729](https://arxiv.org/abs/2005.12729): among much else, that over a training PPO's largest ratio exceeds $1+\epsilon$ (more of it in lecture 12b).
# - Huang et al., *The 37 implementation details of proximal policy optimization*, ICLR blog track, 2022, [iclr-blog-track.github.io](https://iclr-blog-track.github.io/2022/03/25/ppo-implementation-details/).
