# %% [markdown] tags=["head"]
# # Lecture 05 · Off-policy
#
# question: You hold data that another policy made. What can they tell you of yours, and what do you pay for it?
# objectives:
# - **derive** the weight that makes one policy's data speak for another, and its variance
# - **choose** between weights of a trajectory, of a decision and of a state by what each costs
# - **read** an effective sample size, and say when it flatters itself
# - **show** what V-trace learns when its weights are cut, and which of its two limits decides that
# - **judge** what the correction saves a learner whose data are old, and what it costs
# needs:
# - values, Bellman's equation and the visitation (lecture 01)
# - 04: TD errors, $n$-step returns, the policy gradient with an advantage
# symbols: s, a, r, t, T, P, \gamma, \rho_0, \pi, \theta, \alpha, \sigma, \eta, V^\pi, A^\pi, d^\pi, N, \mathbb E
# - $\beta$: behaviour, the policy that made the data
# - $\rho_t$: ratio of one step, $\pi(a_t\mid s_t)/\beta(a_t\mid s_t)$
# - $\tau$: trajectory, the states and actions of a walk
# - $k$: how many times an episode went left, or forward
# - $w$: weight of a trajectory, the product of its ratios
# - $G$: discounted return of a trajectory
# - $g$: gap between the policies: $\pi$ chooses *forward* with probability $\frac12+g$
# - $\delta_t$: TD error $r_t+\gamma V(s_{t+1})-V(s_t)$
# - $\bar\rho$: limit on the ratio of the step whose error is counted
# - $\bar c$: limit on the ratios of the steps before it
# - $\ell$: lag, how many updates old the policy is that made the data
# - $\xi$: standard normal number
# - $m$: mean of $\rho_t^2$ in a state
# - $v_t$: V-trace's target for $V(s_t)$
# - $L^{\mathrm{PG}}, L^{\mathrm{IS}}$: two objectives with one gradient
# - $\pi_{\bar\rho}$: the policy whose values V-trace learns
# homework: 2

# %% tags=["import", "hide"]
from dataclasses import replace

import numpy as np
import torch

from rlcourse import plots
from rlcourse.algorithms.impala import IMPALA
from rlcourse.equations import importance, markov, returns
from rlcourse.equations.importance import effective_sample_size
from rlcourse.experiments import recorded
from rlcourse.pages import pseudocode, receipts, show_source
from rlcourse.statistics import intervals_of_sets
from rlcourse.training import train
from rlcourse.widgets import Slider, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · A million episodes are not enough (12 minutes)
#
# From *start* one can go left or right. Right ends the walk with nothing. Left leads to the prize with probability 0.1, and back to
# start otherwise. The prize is 1, and then the walk ends, too.

# %% tags=["hide"]
walk = markov.MDP(
    np.array([[[0.9, 0.1, 0], [0, 0, 1]], [[0, 0, 1]] * 2, [[0, 0, 1]] * 2]),
    [[0, 0], [1, 1], [0, 0]],
    [1, 0, 0],
    0.99,
)
plots.mdp(walk, states=["start", "prize", "end"], actions=["left", "right"])

# %% [markdown]
# Our policy $\pi$ always goes left. Sooner or later it meets the prize: without a discount its return is exactly 1. But it has never been run. The data
# come from a behaviour $\beta$ that tosses a coin at every step.
#
# Such data can still speak for $\pi$. An episode of $\beta$ that went left $k$ times and met the prize is $2^k$ times as likely under $\pi$, which does not toss $k$ coins: count it $2^k$ times. An
# episode that ends with *right* never happens under $\pi$: count it 0 times. Averages of returns so weighted have the mean 1, exactly. (Section 2 proves it.)


# %%
def weighted_returns(episodes, rng):
    """2^k where an episode of β went left k times and met the prize, 0 where it ended with right."""
    k = rng.geometric(0.5 + 0.5 * 0.1, episodes)  # a step ends the walk with right, or with the prize
    prize = rng.random(episodes) < 0.05 / 0.55
    return np.where(prize, 2.0**k, 0.0)


# %% [markdown]
# Five people average a million such episodes each.

# %% tags=["hide"]
predict(
    "After a million episodes the five averages are…",
    {
        "within 1 % of the truth": "A million samples do that where the variance is a few units. Here it is larger.",
        "within 25 % of it, as often too high as too low": "The mean is right, but the typical average is not the mean.",
        "mostly too low, by about a fifth": "",
    },
    answer="mostly too low, by about a fifth",
    why="Part of the answer sits in episodes so rare that most people never meet one.",
)

# %% [markdown]
# Left, the five averages as they grow. Right, where the answer 1 comes from: how much of it lies in episodes of more than $k$ times left, and how often one meets such an episode.

# %% tags=["hide"]
fig = plots.figure(10.5, 4)
average_ax, tail_ax = plots.axes(fig, 1, 2)
at, rng, LAST = np.unique(np.logspace(2, 6, 300).astype(int)), np.random.default_rng(0), []
for _ in range(5):
    averages = np.cumsum(weighted_returns(10**6, rng))[at - 1] / at
    average_ax.plot(at, averages, color=plots.BLUE, linewidth=1.2, linestyle="-")
    LAST.append(averages[-1])
average_ax.axhline(1, color=plots.BLACK, linewidth=1.5, linestyle="-")
average_ax.text(1.2e2, 1.03, "truth", color=plots.BLACK)
average_ax.set(xscale="log", ylim=(0, 2), xlabel="episodes", ylabel="average of weighted returns")
average_ax.set_title("Five averages")
k = np.arange(41)
tail_ax.plot(k, 0.9**k, color=plots.BLACK, linestyle="-", label="of the answer")
tail_ax.plot(k, 0.45**k / 11, color=plots.ORANGE, linestyle=plots.DASHES, label="of the episodes")
tail_ax.set(
    yscale="log", ylim=(1e-16, 3), xlabel="k", ylabel="share of what is beyond k", title="Where it hides"
)
plots.label_lines(tail_ax, wrap=9)
print("after a million episodes:", "  ".join(f"{value:.3f}" for value in LAST))
plots.show(
    fig, alt="Five averages of a million weighted returns lie mostly below the truth 1; shares beyond k lefts"
)

# %% [markdown]
# Episodes with more than 20 times left hold 12 % of the answer ($0.9^{20}$), and one meets such an episode about once in a hundred million ($0.45^{20}/11$). Whoever has met none is too low; whoever meets one is far too high, and then takes long to recover. The
# *squares* of the weighted returns have no mean at all: $\sum_k 0.05\cdot 0.45^{k-1}\,(2^k)^2 = 0.2\sum_k 1.8^{k-1} = \infty$. The estimate is unbiased and its variance is infinite.
#
# So data of another policy are worth something, at a price. This page computes the price, and then ways to pay less.

# %% [markdown]
# ## 2 · The weight of a trajectory (16 minutes)
#
# **Step 1.** A trajectory $\tau = (s_0, a_0, \dots, s_T)$ has the probability $p_\pi(\tau) = \rho_0(s_0)\prod_t \pi(a_t\mid s_t)\,P(s_{t+1}\mid s_t,a_t)$. Divide by the same for $\beta$. The world cancels, so nobody needs to know it:
# $$w = \frac{p_\pi(\tau)}{p_\beta(\tau)} = \prod_{t<T} \rho_t,\qquad \rho_t = \frac{\pi(a_t\mid s_t)}{\beta(a_t\mid s_t)}.$$
#
# **Step 2.** Weigh the return $G$; this needs $\beta > 0$ wherever $\pi > 0$:
# $$\mathbb E_\beta[w\,G] = \sum_\tau p_\beta(\tau)\,\frac{p_\pi(\tau)}{p_\beta(\tau)}\,G(\tau) = \mathbb E_\pi[G].$$
#
# **Step 3.** The price is the spread of $w$, whose mean is 1. Let $\mathbb E_\beta[\rho_t^2\mid s_t]$ be the same number $m$ in every state. Then each step multiplies: $\mathbb E_\beta[w^2] = m^T$, so
# $$\mathrm{Var}_\beta[w] = m^T - 1,\qquad m = \sum_a \pi(a\mid s)^2/\beta(a\mid s) \ge 1.$$
# Equal policies have $m = 1$; every other $\pi$ pays a price that grows *exponentially with the horizon*.
#
# The world from here on is a chain. *Forward* climbs one state and pays 10 at the top; *back* pays 2 and leads to the bottom, where walks start. $\beta$ tosses a coin; $\pi$ goes forward with probability $\frac12+g$. Then $m = 1 + 4g^2$.

# %% tags=["hide"]
BETA = np.full((5, 2), 0.5)


def forward(probability):
    """The policy that goes forward with this probability in every state."""
    return np.tile([probability, 1 - probability], (5, 1))


chain = markov.chain(5, gamma=0.9, slip=0.0)
plots.mdp(chain, actions=("forward", "back"), layout=np.stack([2.3 * np.arange(5), np.zeros(5)], axis=1))

# %% [markdown]
# With eight steps there are 256 trajectories of $\beta$: few enough to take every one, with its probability, so that means and variances are exact.


# %%
def finite_return(pi, T):
    """E_π[Σ_{t<T} γ^t r_t], from the distributions of the states: no trajectory, no weight."""
    states = markov.state_distributions(chain, pi, T)
    return 0.9 ** np.arange(T) @ states @ np.sum(pi * chain.reward, axis=1)


pi, paths = forward(0.7), markov.trajectories(chain, BETA, 8)
states, actions = paths.states[:-1], paths.actions  # [8, 256]
reward, log_rho = chain.reward[states, actions], np.log(pi / BETA)[states, actions]
whole = importance.trajectory_estimates(reward, log_rho, 0.9)
w = np.exp(log_rho.sum(axis=0))
with receipts("all 256 trajectories of β", oracle="closed form") as same:
    same("step 2: mean of $wG$, against the return of π", paths.mean(whole), finite_return(pi, 8))
    same("step 3: mean of $w$", paths.mean(w), 1)
    same("step 3: variance of $w$, $1.16^8 - 1$", paths.variance(w), 1.16**8 - 1)

# %% [markdown]
# **How many samples are they worth?** If $N$ weights were equal, the average would be worth $N$ samples. Kish's *effective sample size* says what unequal ones are worth,
# $$\mathrm{ESS} = \frac{(\sum_i w_i)^2}{\sum_i w_i^2}\;\approx\;\frac{N}{\mathbb E_\beta[w^2]} = \frac{N}{m^T},$$
# which is $N$ for equal weights and 1 if one weight has everything.

# %% tags=["hide"]
with receipts("effective_sample_size", oracle="by hand") as same:
    same("seven equal weights", effective_sample_size(np.full(7, 0.3)), 7)
    same("one weight has everything", effective_sample_size([0, 5, 0]), 1)
    same("four weights 2, 2, 0, 0", effective_sample_size([2, 2, 0, 0]), 2)

# %% [markdown]
# The left side is computed from the weights that were drawn. Can it be believed?

# %% tags=["hide"]
predict(
    "At $g = 0.2$ and $T = 40$ a thousand trajectories are worth $1000/1.16^{40} = 2.6$. You draw a thousand and compute "
    "their ESS. What does it say, typically?",
    {
        "less than 1": "It cannot be: even if one weight has everything, the formula gives 1.",
        "about 3": "That is the true worth. The formula sees only the weights that were drawn.",
        "about 20": "",
    },
    answer="about 20",
    ordered=True,
    why="The few large weights that make the trajectories worth so little were not drawn, so what was drawn looks even.",
)

# %% [markdown]
# On the left, over the size of the weights: the share of $\beta$'s trajectories (bars), and of $\pi$'s own (dots), to which these weights must add up. Where dots stand without bars, the answer hides. On the right, the ESS over the horizon.
# **Try** $g = 0$, then pull $g$ up; then ten times more samples: how much further does the solid line follow the dashed one?


# %% tags=["hide"]
COIN = np.random.default_rng(30).random((60, 10_000)) < 0.5  # forward?
STATES, REWARDS = np.zeros((61, 10_000), int), np.empty((60, 10_000))
for step, heads in enumerate(COIN):
    REWARDS[step] = np.where(heads, 10.0 * (STATES[step] == 4), 2.0)
    STATES[step + 1] = np.where(heads, np.minimum(STATES[step] + 1, 4), 0)


def log_ratios(gap, horizon, samples):
    """log ρ_t of the trajectories drawn, [horizon, samples]."""
    return np.log(np.where(COIN[:horizon, :samples], 1 + 2 * gap, 1 - 2 * gap))


# %% [markdown]
# The averages of the lab, and the chances that its dots show:


# %% tags=["hide"]
def estimates(ratio, samples):
    """What the trajectories drawn say of the return: three averages."""
    r, w = REWARDS[: len(ratio), :samples], np.exp(ratio.sum(axis=0))
    values = 0.9 ** np.arange(len(ratio)) @ r
    return {
        "by whole trajectories": float(np.mean(w * values)),
        "self-normalised": float(importance.self_normalised_mean(values, w)),
        "per decision": float(importance.per_decision_estimates(r, ratio, 0.9).mean()),
    }


def chances(p, T):
    """Probability of k = 0 … T times forward: the binomial distribution."""
    log = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, T + 1)))])
    k = np.arange(T + 1)
    return np.exp(log[T] - log[k] - log[T - k] + k * np.log(p) + (T - k) * np.log(1 - p))


# %% [markdown]
# The lab:


# %% tags=["hide"]
def draw_weights(fig, gap=0.2, horizon=40, samples=1000):
    weight_ax, ess_ax = plots.axes(fig, 1, 2)
    ratio, k = log_ratios(gap, 60, samples), np.arange(horizon + 1)
    size = (k * np.log(1 + 2 * gap) + (horizon - k) * np.log(1 - 2 * gap)) / np.log(10)
    heads = np.bincount(COIN[:horizon, :samples].sum(axis=0), minlength=horizon + 1)
    answer = chances(0.5 + gap, horizon)
    weight_ax.vlines(size, 0, heads / samples, color=plots.SKY, linewidth=5)
    weight_ax.plot(size, answer, "o", color=plots.ORANGE, markersize=5, zorder=3)
    weight_ax.set(xlim=(-8, 6), ylim=(0, 0.3), xlabel="log₁₀ of the weight", ylabel="share")
    weight_ax.set_title("bars: drawn, dots: the answer")
    measured, steps = effective_sample_size(np.exp(np.cumsum(ratio, axis=0))) / samples, np.arange(1, 61)
    ess_ax.plot(steps, (1 + 4 * gap**2) ** -steps, color=plots.BLACK, linestyle=plots.DASHES, label="true")
    ess_ax.plot(steps, measured, color=plots.BLUE, linestyle="-", label="measured")
    ess_ax.axvline(horizon, color=plots.GREY, linewidth=1, linestyle=plots.DOTS)
    ess_ax.set(yscale="log", ylim=(1e-5, 1.5), xlim=(0, 60), xlabel="horizon T", ylabel="ESS / N")
    ess_ax.set_title("effective sample size")
    plots.label_lines(ess_ax)
    return {
        "ESS measured": measured[horizon - 1] * samples,
        "ESS true": samples / (1 + 4 * gap**2) ** horizon,
        "share of the answer in weights not drawn": float(answer[heads == 0].sum()),
        "true return": float(finite_return(forward(0.5 + gap), horizon)),
        **estimates(ratio[:horizon], samples),
    }


explore(
    draw_weights, size=(10.5, 4),
    alt="Weights drawn and where the true average lies, over their size; effective sample size over the horizon",
    settings={"close policies": {"gap": 0.05, "horizon": 40}, "far policies": {"gap": 0.4, "horizon": 40},
        "ten times the samples": {"gap": 0.4, "horizon": 40, "samples": 10_000}},
    gap=Slider("g", "gap of the policies", min=0.0, max=0.45, step=0.05),
    horizon=Slider("T", "horizon", min=1, max=60, step=1),
    samples=Slider("N", "trajectories", min=100, max=10_000, step=100),
)  # fmt: skip

# %% [markdown]
# The bars stand left of the dots: most trajectories count for almost nothing, and the largest weights were not drawn at all. **An ESS from the sample flatters itself**: it can only warn. With ten times more samples the solid line leaves the dashed one a little later, and leaves it all the same.
#
# ## 3 · Three ways to pay less (16 minutes)
#
# **Per decision.** The reward of step $t$ does not depend on later choices, and later ratios have the mean 1 whatever came before. So leave them out (Precup, Sutton and Singh 2000):
# $$\mathbb E_\pi[G] = \mathbb E_\beta\Big[\sum_t \gamma^t\,(\rho_0\rho_1\cdots\rho_t)\;r_t\Big].$$
#
# **Self-normalised.** Divide by the sum of the weights instead of $N$: $\sum_i w_iG_i/\sum_i w_i$. It is an average, so it never leaves the range of the returns. It is biased, by an amount that shrinks like $1/N$ (*Further*).
#
# **Per state.** Why multiply over the whole past, if all that matters is how often $\pi$ would be *here*? Weigh by the chance of the state itself, with $d$ the visitation (sums to 1):
# $$\eta(\pi) = \frac1{1-\gamma}\,\mathbb E_{s\sim d^\beta,\,a\sim\beta}\Big[\frac{d^\pi(s)}{d^\beta(s)}\,\frac{\pi(a\mid s)}{\beta(a\mid s)}\;r(s,a)\Big].$$
# No product is left. But nobody hands you $d^\pi$: it must be estimated, and that is a field of its own.

# %% tags=["hide"]
predict(
    "π goes forward with probability 0.7, the horizon grows without end. The variance of the per-decision estimate…",
    {
        "grows exponentially, like that of whole trajectories": "Late rewards have large weights, but also small discounts.",
        "stops growing": "",
        "is 0 in the end": "One trajectory is still one draw of the dice.",
    },
    answer="stops growing",
    why=r"The square of the term of step $t$ is about $(\gamma^2m)^t$, and $0.9^2\cdot1.16 = 0.94$ is below 1.",
)

# %% [markdown]
# The exact variance of one estimate from one trajectory, over the horizon: left $\pi$ close to the coin, right further away. Dotted, what $\pi$'s own data would have.

# %% tags=["hide"]
fig, LINES = plots.figure(11, 4), ((plots.ORANGE, plots.DASHES), (plots.BLUE, "-"), (plots.GREEN, plots.LONG))
T, LABELS = np.arange(1, 61), ("trajectory", "per decision", "per state")
for ax, p in zip(plots.axes(fig, 1, 2), (0.7, 0.8), strict=True):
    found = importance.estimate_variances(chain, forward(p), BETA, 60)
    for label, variance, (colour, line) in zip(LABELS, found, LINES, strict=True):
        ax.plot(T, variance, color=colour, linestyle=line, label=label)
        print(
            f"forward {p}, {label:12} variance at T = 2, 6, 20, 60:",
            *(f"{variance[t - 1]:.3g}" for t in (2, 6, 20, 60)),
        )
    own = importance.estimate_variances(chain, forward(p), forward(p), 60)
    ax.plot(T, own.trajectory, color=plots.BLACK, linestyle=plots.DOTS, label="π's own data")
    ax.set(yscale="log", ylim=(0.1, 1e7), xlim=(0, 60), xlabel="horizon T", ylabel="variance")
    ax.set_title(f"π goes forward with {p}")
    plots.label_lines(ax, wrap=12)
plots.show(
    fig,
    alt="Variance over the horizon, exact: trajectory weights explode, per-decision weights stop or explode later",
)

# %% [markdown]
# Whole trajectories explode on both sides. Per-decision weights stop growing where $\gamma^2 m < 1$ (left) and explode more slowly where it is not (right: $0.81\cdot1.36 = 1.10$). Weights per state stop in either case. None is always best: on the left at $T = 2$ whole trajectories have the *smallest* variance
# (exercise 2 says why). And from six steps on $\pi$'s own data beat all three.

# %%
step = 0.9 ** np.arange(8)[:, None]
own, single = importance.per_decision_estimates(reward, log_rho, 0.9), 0.0
at_pi, at_beta = (markov.state_distributions(chain, policy, 8) for policy in (pi, BETA))
for t in range(8):  # rows: the chances of the five states at step t
    chance = at_pi[t, states[t]] / at_beta[t, states[t]]
    single = single + 0.9**t * chance * np.exp(log_rho[t]) * reward[t]
carried = importance.estimate_variances(chain, pi, BETA, 8)
with receipts("all 256 trajectories of β", oracle="from step to step") as same:
    for name, values, variances in zip(LABELS, (whole, own, single), carried, strict=True):
        same(f"{name}: mean", paths.mean(values), finite_return(pi, 8))
        same(f"{name}: variance", paths.variance(values), variances[-1], 1e-9)
assert all(carried.per_decision[4:] <= carried.trajectory[4:]), "from five steps on"
ratio = importance.marginal_ratio(chain, pi, BETA)
average = np.sum(markov.visitation(chain, BETA)[:, None] * BETA * ratio * chain.reward) / (1 - 0.9)
with receipts("average over $d^\\beta$", oracle="linear solve") as same:
    same("per state, no horizon: η(π)", average, markov.expected_return(chain, pi), 1e-10)

# %% [markdown]
# ## 4 · One step away: the surrogate (10 minutes)
#
# A policy gradient needs data of the *current* policy; after one step they are another's. Lecture 04 climbs $L^{\mathrm{PG}}$; the notes of TRPO and PPO write $L^{\mathrm{IS}}$, with the old policy as the behaviour:
# $$L^{\mathrm{PG}}(\theta) = \mathbb E_\beta\big[\log\pi_\theta(a\mid s)\,A^\beta(s,a)\big],\qquad L^{\mathrm{IS}}(\theta) = \mathbb E_\beta\Big[\frac{\pi_\theta(a\mid s)}{\beta(a\mid s)}\,A^\beta(s,a)\Big].$$
# Since $\nabla\pi = \pi\,\nabla\log\pi$, the two gradients are $\mathbb E_\beta[\nabla\log\pi_\theta\,A]$ and $\mathbb E_\beta[\rho\,\nabla\log\pi_\theta\,A]$: at $\pi_\theta=\beta$ the same, $(1-\gamma)\nabla\eta$, as $d$ sums to 1. (The figure divides by $1-\gamma$ and adds $\eta(\beta)$.) Both correct, at most, the *action*; the states stay $\beta$'s.

# %%
share = torch.from_numpy(markov.visitation(chain, BETA)[:, None] * BETA / (1 - 0.9))
advantage, old = torch.from_numpy(markov.advantages(chain, BETA)), torch.from_numpy(np.log(BETA))
gradients = []
for loss in (lambda log: log, lambda log: torch.exp(log - old)):  # log π, and the ratio
    theta = torch.zeros(5, 2, dtype=torch.float64, requires_grad=True)
    (share * loss(torch.log_softmax(theta, dim=1)) * advantage).sum().backward()
    gradients.append(theta.grad)
exact = markov.policy_gradient(chain, BETA)
with receipts("autograd at β", oracle="the theorem, exact") as same:
    for name, gradient in zip(("$L^{PG}$", "$L^{IS}$"), gradients, strict=True):
        same(f"gradient of {name}, ten logits", gradient.ravel(), exact.ravel())

# %% [markdown]
# Away from $\beta$ they part. Left along the gradient, right towards *forward everywhere*; all curves have one slope at 0.

# %% tags=["hide"]
fig, length = plots.figure(10.5, 3.9), np.linspace(0, 3, 61)
ways = {"along the gradient": exact / abs(exact).max(), "forward everywhere": np.tile([1.0, 0.0], (5, 1))}
for ax, (title, way) in zip(plots.axes(fig, 1, 2), ways.items(), strict=True):
    new = markov.softmax_policy(length[:, None, None] * way)
    eta, L = markov.expected_return(chain, new), markov.surrogate(chain, new, BETA)
    log = eta[0] + np.sum(share.numpy() * np.log(new / BETA) * advantage.numpy(), axis=(1, 2))
    ax.plot(length, eta, color=plots.BLACK, linestyle="-", label="return η")
    ax.plot(length, L, color=plots.SKY, linestyle=plots.DASHES, label="ratio")
    ax.plot(length, log, color=plots.ORANGE, linestyle=plots.DASH_DOT, label="logarithm")
    ax.set(title=title, xlabel="step in the logits", ylabel="value", ylim=(10, max(40, 1.05 * eta[-1])))
    plots.label_lines(ax)
    print(f"{title}: at 3, η {eta[-1]:.1f}, ratio {L[-1]:.1f}, logarithm {log[-1]:.1f}")
plots.show(
    fig, alt="Return and both surrogates from β along two directions: equal slopes at 0, then they part"
)

# %% [markdown]
# On the left the logarithm promises ever more, as no ratio holds it back; the ratio stays nearer to the truth. On the right neither sees the rise: at the top, where forward pays, $\beta$ hardly ever is, and neither weighs states. So one may not go far from the data: lectures 08 to 12 make a method of that.
#
# ## 5 · V-trace: cut the weights (20 minutes)
#
# Far from the data, one must pay or cut. What does one learn with cut weights? Begin with what has no price at all, a single step.
#
# **Step 1.** A TD error with its ratio has the mean that $\pi$ would see: $\mathbb E_\beta[\rho_t\,\delta_t\mid s_t] = \mathbb E_\pi[\delta_t\mid s_t]$.
#
# **Step 2.** The return along $\pi$ is $V(s_0)$ plus all later TD errors, $\sum_t\gamma^t\delta_t$ (lecture 04). On $\beta$'s data each needs the product of the ratios up to it, and that product is what explodes.
#
# **Step 3.** Espeholt et al. (2018) cut each ratio. Two limits, because it stands in two roles:
# $$v_0 = V(s_0) + \sum_{t}\gamma^t\,(c_0c_1\cdots c_{t-1})\,\min(\bar\rho,\rho_t)\,\delta_t,\qquad c_i = \min(\bar c,\rho_i).$$

# %%
show_source(returns.vtrace_targets)

# %% [markdown]
# (In the code, as in the paper, the behaviour is called μ.) With ratios cut, what is learnt?

# %% tags=["hide"]
predict(
    r"On the chain π goes forward with probability 0.8 and β with 0.5. With the usual limits, $\bar\rho = \bar c = 1$, and endless data V-trace "
    "learns the values of…",
    {
        "π": "Cutting a ratio cuts its mean as well: actions that π prefers are heard too little.",
        "β": "Only if every ratio were cut to the same number.",
        "a policy between the two": "",
    },
    answer="a policy between the two",
    why="Steps 4 and 5 say which: forward with probability 5/7.",
)

# %% [markdown]
# **Step 4.** It is a fixed point where nothing is added on average. Let $\mathbb E_\beta[\min(\bar\rho,\rho_t)\,\delta_t\mid s_t = s]$ be 0 in every state; then the sum is 0 on average, *whatever the $c$ are*:
# $$\sum_a \beta(a\mid s)\min\Big(\bar\rho, \frac{\pi(a\mid s)}{\beta(a\mid s)}\Big)\Big(r(s,a)+\gamma\sum_{s'}P(s'\mid s,a)V(s') - V(s)\Big) = 0.$$
#
# **Step 5.** Here $\beta\min(\bar\rho,\pi/\beta) = \min(\bar\rho\,\beta,\pi)$. Divide by its sum over the actions: this is Bellman's equation of
# $$\pi_{\bar\rho}(a\mid s) = \frac{\min\big(\bar\rho\,\beta(a\mid s),\,\pi(a\mid s)\big)}{\sum_b\min\big(\bar\rho\,\beta(b\mid s),\,\pi(b\mid s)\big)}.$$
# So $\bar\rho$ **decides the answer**: $\pi$ for $\bar\rho=\infty$, $\beta$ for $\bar\rho\to0$. And $\bar c$ **decides the speed**, by how far one sweep carries the news. Both decide the variance.

# %% [markdown]
# Left, the values of the five states; right, the largest distance to V-trace's *own* limit (the diamonds) after each sweep over all states, in expectation. **Try** $\bar c$ first: does any value on the left move? Then $\bar\rho$.

# %% tags=["hide"]
PI, EIGHT = forward(0.8), markov.trajectories(chain, BETA, 8)
ALONG = EIGHT.states[:-1], EIGHT.actions
FRESH = [chain.reward[ALONG], np.zeros((8, 256)), np.zeros((8, 256)), np.log(PI / BETA)[ALONG]]

# %% [markdown]
# The lab:


# %% tags=["hide"]
def draw_vtrace(fig, rho_bar=1.0, c_bar=1.0):
    value_ax, error_ax = plots.axes(fig, 1, 2)
    M, b = importance.vtrace_operator(chain, PI, BETA, rho_bar, c_bar)
    limit = markov.values(chain, importance.clipped_policy(PI, BETA, rho_bar))
    truth, V, errors = markov.values(chain, PI), np.zeros(5), []
    for _ in range(81):
        errors.append(abs(V - limit).max())
        V = b + M @ V
    value_ax.plot(truth, "o-", color=plots.BLACK, label="of π")
    value_ax.plot(limit, "D", color=plots.BLUE, linestyle=plots.DASHES, label="V-trace's")
    value_ax.plot(markov.values(chain, BETA), "s", color=plots.ORANGE, linestyle=plots.DOTS, label="of β")
    value_ax.set(xlim=(-0.2, 4.2), ylim=(0, 50), xlabel="state", ylabel="value", title="ρ̄ decides the answer")
    error_ax.plot(np.maximum(errors, 1e-9), color=plots.BLUE, linestyle="-")
    error_ax.set(
        yscale="log", ylim=(1e-3, 100), xlim=(0, 80), xlabel="sweeps", ylabel="error", title="c̄ the speed"
    )
    plots.label_lines(value_ax)
    none = np.zeros((8, 256), bool)
    target = returns.vtrace(*FRESH, none, none, 0.9, rho_bar, c_bar)[0][0]
    return {
        "chance of forward in the policy learnt": importance.clipped_policy(PI, BETA, rho_bar)[0, 0],
        "off π's value by at most": abs(limit - truth).max(),
        "sweeps until 1 % is left": int(np.argmax(np.array(errors) < 0.01 * errors[0])) or "over 80",
        "spread of a fresh critic's 8-step target": float(np.sqrt(EIGHT.variance(target))),
    }


explore(
    draw_vtrace, size=(10.5, 3.9),
    alt="Values of π, of β and of V-trace's fixed point on the chain; the error of V-trace over sweeps",
    settings={"as usual": {"rho_bar": 1.0, "c_bar": 1.0}, "no bias": {"rho_bar": 1.6, "c_bar": 1.0},
        "one step back": {"rho_bar": 1.0, "c_bar": 0.0}},
    rho_bar=Slider("ρ̄", "limit of the error's ratio", min=0.1, max=2.0, step=0.05),
    c_bar=Slider("c̄", "limit of the ratios before it", min=0.0, max=2.0, step=0.05),
)  # fmt: skip

# %% [markdown]
# With $\bar\rho = 1$ the values learnt lie about halfway, in the first state 17.9 between 12.1 and 25.5: **the usual setting is not unbiased**, however much data there is. Raising $\bar\rho$ to 1.6, the largest ratio, removes the bias; the last number of the lab says what it costs.
# Theory asks for $\bar c\le\bar\rho$. Checked through the function that trains, on all eight-step trajectories: at the claimed fixed point the mean target is that value.

# %%
none = np.zeros((8, 256), bool)
with receipts("mean of returns.vtrace", oracle="linear solve") as same:
    for rho_bar, c_bar in ((1.0, 1.0), (1.0, 0.2), (0.5, 0.5), (np.inf, np.inf)):
        limit = markov.values(chain, importance.clipped_policy(PI, BETA, rho_bar))
        before, after = limit[EIGHT.states[:-1]], limit[EIGHT.states[1:]]
        v, _ = returns.vtrace(FRESH[0], before, after, FRESH[3], none, none, 0.9, rho_bar, c_bar)
        same(
            rf"$\bar\rho = {rho_bar:g},\ \bar c = {c_bar:g}$: first state", EIGHT.mean(v[0]), limit[0], 1e-10
        )
rng = np.random.default_rng(1)
rewards, V, no = rng.normal(size=12), rng.normal(size=13), np.zeros(12, bool)
v, _ = returns.vtrace(rewards, V[:-1], V[1:], np.zeros(12), no, no, 0.9, np.inf, np.inf)
with receipts("V-trace on its own data", oracle="twelve-step return") as same:
    same("no limits: first target", v[0], 0.9 ** np.arange(12) @ rewards + 0.9**12 * V[12])

# %% [markdown]
# ## 6 · IMPALA: actors that lag (16 minutes)
#
# Why learn from somebody else's data at all? Because acting is slow. In IMPALA many *actors* play with copies of the policy and send what they saw to one *learner*, which waits for nobody. By the time a batch arrives, the learner has made $\ell$ further updates: the behaviour $\beta = \pi_{\theta_{t-\ell}}$ is the learner's own past.
#
# The smallest case: one state, $a = \theta + \sigma\xi$ with $\xi\sim\mathcal N(0,1)$ and $\sigma=\frac12$, reward $-\frac12a^2$, so that $\theta=0$ is best. Without a correction the mean update is $\theta\leftarrow\theta-\alpha\,\theta_{t-\ell}$: it pulls back from where the learner *was*, and beyond a step of
# $\alpha = 2\sin\frac{\pi}{2(2\ell+1)}$ it swings ever wider (the cliff of lecture 04). With the ratio in front, old data tell the gradient *here*.

# %% tags=["hide"]
predict(
    "The step is twice as large as the cliff allows, the lag is 10. With ratios cut at 1, θ…",
    {
        "swings ever wider, only more slowly": "Half of the gradient is late, the other half is fresh, and that is just enough.",
        "settles away from 0, as cut weights are biased": "The bias is there on the way. At rest π and β are the same, and every ratio is 1.",
        "settles at 0": "",
    },
    answer="settles at 0",
    why="Ratios are 1 where nothing moves, so 0 is where it can rest. Near it the cut leaves "
    "the gradient −½θₜ − ½θₜ₋ₗ: half of it is fresh, and z = 1 − α/2 − (α/2) z⁻ˡ has no root of size 1 or more while α < 2.",
)

# %% [markdown]
# The mean updates, exact (the mean over $a$ by quadrature, the critic at the value that it would learn):


# %% tags=["hide"]
ACTIONS = np.linspace(-10, 10, 801)


def learner(step, lag, corrected, updates=150, sigma=0.5):
    """θ after each mean update from θ = 1, on data of the policy `lag` updates ago."""
    theta = [1.0] * (lag + 1)
    for _ in range(updates):
        now, before = theta[-1], theta[-1 - lag]
        beta = np.exp(-0.5 * ((ACTIONS - before) / sigma) ** 2)
        log_rho = ((ACTIONS - before) ** 2 - (ACTIONS - now) ** 2) / (2 * sigma**2)
        rho = np.exp(np.minimum(log_rho, 0)) if corrected else 1.0  # cut at 1
        heard, reward = beta * rho, -0.5 * ACTIONS**2
        advantage = reward - (heard @ reward) / heard.sum()
        gradient = heard @ ((ACTIONS - now) / sigma**2 * advantage) / beta.sum()
        theta.append(float(np.clip(now + step * gradient, -5, 5)))
    return np.array(theta[lag:])


# %% [markdown]
# Both learners:


# %% tags=["hide"] stage={"ask": "Beyond which step size does the uncorrected learner swing ever wider? Will V-trace, too?"}
def draw_lag(fig, step=0.3, lag=10):
    ax = plots.axes(fig)
    plain, cut = (learner(step, lag, corrected) for corrected in (False, True))
    ax.plot(plain, color=plots.ORANGE, linestyle=plots.DASHES, label="uncorrected")
    ax.plot(cut, color=plots.BLUE, linestyle="-", label="V-trace")
    ax.axhline(0, color=plots.GREY, linewidth=1, linestyle="-", label="_0")
    ax.set(xlim=(0, 150), ylim=(-3, 3), xlabel="update", ylabel="θ", title="one state, old data")
    plots.label_lines(ax)
    size = {"uncorrected": abs(plain[-30:]).max(), "V-trace": abs(cut[-30:]).max()}
    cliff = 2 * np.sin(np.pi / (2 * (2 * lag + 1)))
    return {"largest step without correction": cliff} | {f"|θ| at the end, {n}": v for n, v in size.items()}


explore(
    draw_lag,
    alt="The parameter over updates from old data: uncorrected it swings ever wider, with V-trace it settles",
    size=(8, 3.6),
    settings={"no lag": {"lag": 0}, "too late": {"lag": 20}, "late, small steps": {"lag": 20, "step": 0.06}},
    step=Slider("α", "step size", min=0.02, max=1.0, step=0.02),
    lag=Slider("ℓ", "lag in updates", min=0, max=20, step=1),
)

# %% [markdown]
# The whole algorithm. (The code computes $\beta(a\mid s)$ anew, from the actor's old copy, `nets.worker.policy`.)

# %% tags=["hide"]
pseudocode(
    "IMPALA's learner, after Espeholt et al. 2018",
    r"""
    each actor: copy $\theta$; act for $T$ steps; send $s, a, r$ and $\beta(a\mid s)$; begin anew
    the learner, for each batch that arrives:
        $\pi_\theta(a\mid s)$ and $V(s)$ of the present networks
        $\rho = \pi_\theta(a\mid s)\,/\,\beta(a\mid s)$
        $v_t$ by V-trace; $\hat A_t = \min(\bar\rho,\rho_t)\,(r_t + \gamma v_{t+1} - V(s_t))$
        policy up $\mathbb{E}\,\hat A\,\nabla\log\pi_\theta$, critic towards $v_t$
    """,
    IMPALA.update,
    {3: "pi, V =", 4: "log_rho = log_prob", 5: "target, advantage = returns.vtrace", 6: "loss = objectives"},
)

# %% [markdown]
# Simulated actors, so that a lag can be *set*: start both with lag 0, then with 60. What do you expect after the last lab?

# %% tags=["hide"]
corrected = IMPALA(workers=1, learning_rate=3e-3, normalise_advantage=False)
panel = live(
    {"V-trace": corrected, "uncorrected": replace(corrected, corrected=False)},
    "CartPole-v1",
    steps=30_000,
    seeds=4,
    recorded="recordings/05-impala.json",
    title="IMPALA on CartPole: one actor, as many updates late as you like",
    lag=Slider("ℓ", "lag in updates", min=0, max=60, step=5),
    rho_bar=Slider("ρ̄", "limit of the error's ratio", min=0.5, max=5.0, step=0.5),
)
panel

# %% [markdown]
# And measured: three lags, each with and without the correction, thirty-six seeds in three disjoint sets. The 30,000 steps are recorded (`python3 -m rlcourse record 05` makes them anew); here and now the page trains six of the seeds for 3000.


# %%
def lag_experiment(steps, seeds):
    """Returns [S, E] of IMPALA with and without V-trace, for each lag, at the steps `at`."""
    found = {"V-trace": {}, "uncorrected": {}}
    for name, curves in found.items():
        for lag in (0, 20, 60):
            algorithm = replace(corrected, lag=lag, corrected=name == "V-trace")
            run = train(algorithm, "CartPole-v1", steps, seeds, evaluate_every=3000, evaluation_episodes=5)
            curves[f"lag {lag}"] = run.curve.returns
    return found | {"at": run.curve.steps}


lags, lags_now = recorded(
    "recordings/05-lag.json", lag_experiment, {"steps": 3000, "seeds": 6}, steps=30_000, seeds=36
)

# %% [markdown]
# The learning curves, one picture a lag:

# %% tags=["hide"]
fig = plots.figure(11.5, 3.8)
for ax, lag in zip(plots.axes(fig, 1, 3, sharey=True), (0, 20, 60), strict=True):
    looks = {"V-trace": (plots.BLUE, "-"), "uncorrected": (plots.ORANGE, plots.DASHES)}
    for name, look in looks.items():
        label = name.replace("uncorrected", "plain")
        curves = lags[name][f"lag {lag}"]
        plots.learning_curve(ax, lags["at"], curves, label, *look, seeds_width=0.3, bounds=(0, 500))
    ax.set(title=f"lag {lag}", ylim=(0, 500), xticks=(0, 15_000, 30_000), ylabel="")
    plots.label_lines(ax, wrap=8)
    gap = (lags["V-trace"][f"lag {lag}"] - lags["uncorrected"][f"lag {lag}"])[:, 1:].mean(axis=1)
    found = intervals_of_sets(gap)
    assert lag == 0 or all(i.high < 0 for i in found), "with a lag, V-trace is the slower in each set"
    sets = "   ".join(f"{i.estimate:+.0f} [{i.low:+.0f}, {i.high:+.0f}]" for i in found)
    print(f"lag {lag:2}: mean return with V-trace minus without, three sets of 12: {sets}")
fig.axes[0].set_ylabel("return")
plots.show(fig, alt="Learning curves of IMPALA on CartPole with and without V-trace for three lags, 36 seeds")

# %% [markdown]
# With no lag both are the same algorithm. With a lag V-trace's mean return is *lower* here, in each of the three sets of seeds: by 110 to 162 on the mean return at lag 20, by 106 to 152 at lag 60. That is not what the last lab suggests. A possible reason: what was good advice sixty updates ago may still be good here, and ratios below 1 silence much of it.
# This is one small task and one step size; Espeholt et al. measured larger ones, where V-trace helped. Without correction a lag of 20 is for a while even ahead of none, and both its curves fall after their peak; why, we did not look into. In the one-state lab the correction took the cliff away; here it costs return, and why, we did not test.
#
# ## Summary
#
# - A product of ratios makes another policy's trajectories speak for yours, without a model. If the policies differ in every state, its variance grows exponentially with the horizon; it may be infinite.
# - An effective sample size that is computed from the sample is too high where it matters: the weights that would lower it were not drawn.
# - Per-decision and per-state weights cut the product short without a bias; dividing by the sum of the weights trades a bias of order $1/N$ for a bounded estimate.
# - $L^{\mathrm{PG}}$ and $L^{\mathrm{IS}}$ have one gradient at the old policy. Neither corrects the states, so neither may go far.
# - V-trace cuts the ratios. $\bar\rho$ decides whose values are learnt, $\bar c$ only how fast.
# - With old data it takes away the cliff of a learner that lags; on CartPole, at the one step size that we tried, it made learning slower.
#
# ## Exercises
#
# 1. ★ (5 minutes) The horizon is 100. How large may $g$ be if the variance of $w$ is to stay below 1?
#    <details><summary>Answer</summary>(1 + 4g²)¹⁰⁰ = 2, so g² = (2^0.01 − 1)/4 and g = 0.0417: forward with at most 0.5417.</details>
# 2. ★★ (15 minutes) A trajectory pays 1 and then −1, whatever is done; γ = 1, and every step has E[ρ²] = m. What are the variances of the trajectory estimate and of the per-decision estimate?
#    <details><summary>Hint</summary>The first is w · 0. The second is ρ₀ − ρ₀ρ₁.</details>
#    <details><summary>Answer</summary>0, and E[ρ₀²] E[(1 − ρ₁)²] = m(m − 1): with m = 1.16 it is 0.186. Rewards that cancel are torn apart by different weights.</details>
# 3. ★★ (10 minutes) In section 5, at which $\bar\rho$ does V-trace learn the policy that goes forward with probability ¾? From which on does it learn $\pi$ itself?
#    <details><summary>Hint</summary>Forward keeps min(ρ̄/2, 0.8), back min(ρ̄/2, 0.2).</details>
#    <details><summary>Answer</summary>0.5 ρ̄/(0.5 ρ̄ + 0.2) = ¾ gives ρ̄ = 1.2; from 1.6, the largest ratio, on it is π.</details>
# 4. ★★ (15 minutes) Average the episodes of section 1 self-normalised: weights 2ᵏ or 0, returns 1 or 0. What happens, and why? With which chance q of the prize in place of 0.1 has the ordinary estimate a finite variance?
#    <details><summary>Hint</summary>Which returns have a weight above 0? The sum of the squares is a geometric series in 2(1 − q).</details>
#    <details><summary>Answer</summary>From the first prize on it is exactly 1: every return that counts is 1. The series converges for q > ½.</details>

# %% [markdown]
# ## Further · How biased is a self-normalised average?
#
# Take one step: forward pays 1, back nothing, $g = 0.2$, so the weights are 1.4 and 0.6. Of $N$ draws $k$ are forward with binomial probability, and the mean of $\sum_i w_iG_i/\sum_i w_i$ is a sum over $k$. A Taylor expansion of the quotient around the means of both sums
# (the *delta method*) promises a bias of $-\mathbb E_\beta[w^2(G-\eta)]/N$.


# %%
def bias(N):
    """Mean over all samples of N, minus the truth 0.7."""
    k = np.arange(N + 1)
    return chances(0.5, N) @ (1.4 * k / (1.4 * k + 0.6 * (N - k))) - 0.7


promised = -(0.5 * 1.4**2 * (1 - 0.7) + 0.5 * 0.6**2 * (0 - 0.7))
with receipts("$N$ times the bias, exact", oracle="delta method") as same:
    for N in (10, 100, 1000):
        same(f"N = {N}", N * bias(N), promised, 1 / N)

# %% [markdown]
# ## Sources
#
# - Sutton, Barto, *Reinforcement learning*, 2018: sections 5.5 and 5.9, ordinary, weighted and per-decision importance sampling; example 5.5, the walk of section 1.
# - Precup, Sutton, Singh, *Eligibility traces for off-policy policy evaluation*, ICML 2000: per-decision weights.
# - Kish, *Survey sampling*, 1965: the effective sample size.
# - Liu, Li, Tang, Zhou, *Breaking the curse of horizon*, NeurIPS 2018, [arXiv:1810.12429](https://arxiv.org/abs/1810.12429): weights per state, estimated.
# - Espeholt et al., *IMPALA*, ICML 2018, [arXiv:1802.01561](https://arxiv.org/abs/1802.01561): section 4, V-trace and its fixed point.
# - Munos et al., *Safe and efficient off-policy reinforcement learning*, NeurIPS 2016, [arXiv:1606.02647](https://arxiv.org/abs/1606.02647): Retrace, which cuts traces before V-trace did.
