# %% [markdown] tags=["head"]
# # Lecture 04 · Actor-critic
#
# question: How much of the future should one sample, and how much should one believe?
# objectives:
# - **choose** $\lambda$ from the size of a batch and the error of a critic, and say what you pay
# - **show** that five forms of the policy gradient have one mean, and **rank** their variances
# - **derive** GAE, its recursion and its traces, and **treat** an end and a cut differently
# - **read** A2C's update beside its pseudocode, and **say** what a semi-gradient leaves out
# - **compute** how old a gradient may be before descent explodes
# needs:
# - 03b: the score function, the reward-to-go, baselines
# - $V^\pi$, $Q^\pi$ and the Bellman equation
# - a little NumPy
# symbols: s, a, r, s', \gamma, \pi, \theta, y, \alpha, \lambda, \eta, V^\pi, Q^\pi, A^\pi, \mathbb E
# - $V$: the critic, an estimate of $V^\pi$, right or wrong
# - $\hat A_t$: estimate of the advantage of what was done at step $t$
# - $\hat A^{(k)}_t$: the same from $k$ rewards and then the critic
# - $N$: number of estimates that are averaged
# - $G_t$: discounted return from step $t$ on
# - $\Psi_t$: what the score of step $t$ is multiplied by
# - $\delta_t$: error of the critic at step $t$ (TD error)
# - $K$: number of steps left of an episode
# - $x_t$: any vector of step $t$: the critic's gradient, or the policy's score
# - $e_t$: trace, what is left of $x_0, \dots, x_t$
# - $H$: entropy of the policy in a state
# - $\beta$: weight of the entropy
# - $c$: weight of the critic's loss
# - $d$: lag, the number of updates by which a gradient is late
# - $h$: curvature of a parabola
# - $z$: factor from one update to the next
# - $\omega$: angle of $z$
# homework: 2

# %% tags=["import", "hide"]
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch

from rlcourse import plots
from rlcourse.agents.asynchronous import asynchronous
from rlcourse.algorithms.a2c import A2C
from rlcourse.algorithms.a3c import A3C
from rlcourse.equations import markov
from rlcourse.equations.delay import delay_cliff, delayed_descent, delayed_growth
from rlcourse.equations.returns import eligibility_traces, gae, n_step_returns, td_lambda_weights
from rlcourse.experiments import recorded
from rlcourse.pages import pseudocode, receipts
from rlcourse.statistics import interval, intervals_of_sets
from rlcourse.training import train
from rlcourse.widgets import Slider, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · How far to look (14 minutes)
#
# In lecture 03b an action was judged by everything that was earned after it: honest, and noisy. A **critic** $V$, a table or a network that guesses what a state is worth, offers a short cut: walk a few steps, and believe the critic for the rest.
#
# Here is a world in which every error can be computed exactly. Five rooms lie in a row. In each there are two doors, left and right; in the inner rooms the floor is slippery, and one step in ten goes through the other door. Who leaves E to the right is paid 1, who leaves A to the left
# nothing, and then the episode is over. $\gamma = 0.99$. (Without the ice it is example 6.2 of Sutton and Barto.)

# %% tags=["hide"]
WALK, COIN, OUT = markov.corridor(), np.full((6, 2), 0.5), 5
PLACES = np.array([[-3.5, -0.9], [-2, 0.4], [0, 0.9], [2, 0.4], [3.5, -0.9], [0, -2]])
plots.mdp(WALK, states=[*"ABCDE", "out"], actions=["left", "right"], layout=PLACES)

# %% [markdown]
# A walker chooses doors by tossing a coin. Her critic is a beginner's: every room is worth ½. She wants to know by how much each door is better than the coin, its advantage $A^\pi$. With $\lambda = 0$ she takes one step and then believes the critic; with $\lambda = 1$ she walks to the end and guesses nothing;
# in between, every further step counts $\lambda$ times as much as the one before. (Section 3 makes this exact.)
#
# Such an estimate is wrong in two ways. **Variance** comes from chance: average $N$ estimates, and it is divided by $N$. **Bias** comes from the critic, and stays. What is the same for both doors of a room is no bias here: it is a baseline, and does not move the gradient.

# %% tags=["hide"]
predict(
    r"You average $N$ estimates of each advantage, and choose the $\lambda$ with the smallest error. As $N$ grows from 1 to 1000, this $\lambda$…",
    {
        "rises": "",
        "stays": "Bias and variance both depend on λ, but only one of them is divided by N. So their balance moves.",
        "falls": "More samples make the long, noisy estimates better. The short ones gain little: their error is the critic's.",
    },
    answer="rises",
    why="Many samples pay for noise and do nothing about bias. The more of them, the less one needs to believe.",
)

# %% [markdown]
# The answer, exact, averaged over rooms and doors:


# %% tags=["hide"]
LAMBDAS = np.linspace(0, 1, 101)


def estimates(lam, wrong=1.0, mdp=WALK):
    """(bias, variance) of Â [5, 2]; wrong: 0 is the right critic, 1 says ½ in every room."""
    V = markov.values(mdp, COIN)
    critic = np.append(V[:OUT] + wrong * (0.5 - V[:OUT]), 0.0)
    mean, variance = markov.gae_moments(mdp, COIN, critic, lam)
    bias = mean - markov.advantages(mdp, COIN)
    return (bias - bias.mean(axis=1, keepdims=True))[:OUT], variance[:OUT]  # less what both doors share


def errors(lams, *which):
    """bias² and variance of each λ, means over rooms and doors."""
    found = [estimates(lam, *which) for lam in lams]
    return np.array([[(bias**2).mean(), variance.mean()] for bias, variance in found]).T


BIAS, VARIANCE = errors(LAMBDAS)
LOOKS = {1: (plots.ORANGE, plots.DASHES), 10: (plots.SKY, plots.DASH_DOT)}
LOOKS |= {100: (plots.BLUE, plots.DOTS), 1000: (plots.PURPLE, "-")}
fig = plots.figure(8.5, 4)
ax = plots.axes(fig)
for N, (colour, line) in LOOKS.items():
    total = np.sqrt(BIAS + VARIANCE / N)
    best, usual = total.argmin(), total[95] ** 2 / total.min() ** 2
    ax.plot(LAMBDAS, total, color=colour, linestyle=line, label=f"N = {N}")
    ax.plot(LAMBDAS[best], total[best], "o", color=colour, markersize=9, label="_best")
    print(f"N = {N:4}: best λ {LAMBDAS[best]:.2f}; mean square at λ = 0.95: {usual:.2f} times the best")
ax.set(xlabel="λ", ylabel="error, root mean square", yscale="log", xlim=(0, 1))
ax.set_title("The more estimates, the further to look")
plots.label_lines(ax)
plots.show(
    fig, alt="Error of the averaged estimate over λ for N = 1, 10, 100, 1000; the minimum moves to larger λ"
)

# %% [markdown]
# Each line is the root of bias² + variance/$N$, its dot the best $\lambda$: 0.38 for a single estimate, 0.94 for a hundred. The usual 0.95 is nearly perfect there, but for one estimate its mean square is seven times the best one's. No $\lambda$ is good by itself.
#
# In the lab, on the left, both parts and their sum. On the right, room by room, the advantage of the right-hand door: the truth (black), the mean of its estimates, and the spread of an average of $N$. Make the critic almost right; then make $\gamma$ smaller: what becomes of the variance?


# %% tags=["hide"]
def draw_error(fig, lam=0.5, wrong=1.0, gamma=0.99, samples=10):
    ax, room_ax = plots.axes(fig, 1, 2)
    mdp, grid = markov.corridor(gamma=gamma), LAMBDAS
    bias, variance = errors(grid, wrong, mdp)
    parts = {"bias²": bias, "variance / N": variance / samples, "sum": bias + variance / samples}
    looks = (plots.ORANGE, plots.DASHES), (plots.SKY, plots.DASH_DOT), (plots.BLACK, "-")
    for (name, values), (colour, line) in zip(parts.items(), looks, strict=True):
        ax.plot(grid, values, color=colour, linestyle=line, label=name)
    ax.axvline(lam, color=plots.GREY, linewidth=1.2, linestyle=":")
    top = min((total := parts["sum"]).max(), 3 * max(total.min(), total[0]))
    ax.set(xlabel="λ", xlim=(0, 1), ylim=plots.round_limits(0, top))
    ax.set_title(f"best λ {grid[total.argmin()]:.2f}, yours {lam:.2f}")
    plots.label_lines(ax)
    truth, (bias, variance) = markov.advantages(mdp, COIN)[:OUT, 1], estimates(lam, wrong, mdp)
    mean, spread = truth + bias[:, 1], np.sqrt(variance[:, 1] / samples)
    room_ax.errorbar(range(5), mean, spread, color=plots.BLUE, fmt="o", capsize=4, label="estimates")
    room_ax.plot(range(5), truth, "_", color=plots.BLACK, markersize=24, markeredgewidth=3, label="truth")
    plots.legend(room_ax, loc="upper left")
    room_ax.axhline(0, color=plots.GREY, linewidth=1, linestyle="-")
    room_ax.set(xlabel="room", xlim=(-0.5, 4.5), ylim=(-0.4, 0.8))
    room_ax.set_xticks(range(5), [*"ABCDE"])
    room_ax.set_title("advantage of the right-hand door")
    here = (bias**2).mean(), variance.mean() / samples
    return {"bias²": here[0], "variance / N": here[1], "sum": sum(here)}


explore(
    draw_error, size=(10.5, 4),
    alt="Bias², variance over N and their sum for every λ; and the estimates of one door in each room beside the truth",
    settings={"the right critic": {"wrong": 0.0}, "a single estimate": {"samples": 1, "lam": 0.4}, "a hundred estimates": {"samples": 100, "lam": 0.95}, "another question": {"gamma": 0.7}},
    lam=Slider("λ", "how far to look", min=0.0, max=1.0, step=0.05),
    wrong=Slider("", "how wrong the critic is", min=0.0, max=1.0, step=0.05),
    gamma=Slider("γ", "discount", min=0.5, max=0.99, step=0.01),
    samples=Slider("N", "estimates averaged", min=1, max=1000, log=True),
)  # fmt: skip

# %% [markdown]
# With the right critic $\lambda = 0$ is best at every $N$. A smaller $\gamma$ lowers the variance, but changes the question.
#
# ## 2 · Five forms of one gradient (14 minutes)
#
# Lecture 03b has the reward-to-go,
# $$\nabla\eta = \mathbb E\sum_t \gamma^t\,\Psi_t\,\nabla\log\pi(a_t\mid s_t),\qquad \Psi_t = G_t.$$
# Whatever has the same mean given $s_t$ and $a_t$, up to a function of $s_t$ alone (a baseline), may stand in its place. That allows, for the *right* critic $V = V^\pi$:
#
# | $\Psi_t$ | name | why |
# |:---|:---|:---|
# | $G_t$ | REINFORCE | lecture 03b |
# | $Q^\pi(s_t,a_t)$ | Q actor-critic | it is the mean of $G_t$, given $s_t$ and $a_t$ |
# | $A^\pi(s_t,a_t)$ | advantage actor-critic | $Q^\pi$ less the baseline $V^\pi(s_t)$ |
# | $\delta_t = r_t + \gamma V(s_{t+1}) - V(s_t)$ | TD actor-critic | its mean is $Q^\pi - V^\pi = A^\pi$ |
# | $\sum_l(\gamma\lambda)^l\,\delta_{t+l}$ | TD(λ) actor-critic | the later $\delta$ have mean 0: from any state on, the mean of $A^\pi$ over the policy's actions is 0 |
#
# One mean, then, but several variances.

# %% tags=["hide"]
predict(
    r"$G_t$ is noisy, $Q^\pi(s_t,a_t)$ is its exact mean. Each walk is cut after six steps, and the right critic stands for the rest. By how much does $Q^\pi$ in the place of $G_t$ lower the variance of the gradient?",
    {
        "about 15 %": "",
        "about 50 %": "So one might guess: half the noise is in the reward, half in the actions. Here nearly all of it is in something else.",
        "about 95 %": "That would be so if the noise of the return were the main part. It is not: even an exact number multiplies a score that jumps.",
    },
    ordered=True,
    answer="about 15 %",
    why="Most of the variance is not the noise of the return: every score is multiplied by a number near ½, the worth of the room. "
    "Taking that off, the baseline, is what helps.",
)

# %% [markdown]
# We take every walk of six steps that can happen, each with its probability: no sampling error. After six steps the walk is cut, and the critic says the rest.

# %%
T, V, A = 6, markov.values(WALK, COIN), markov.advantages(WALK, COIN)
paths = markov.trajectories(WALK, COIN, T)  # every walk, K of them
chance, states, actions = paths.probability, paths.states.T, paths.actions.T  # [K], [K, T + 1], [K, T]
now, after, reward = states[:, :-1], states[:, 1:], WALK.reward[states[:, :-1], actions]
over = after == OUT
cut = (np.arange(T) == T - 1) & ~over


def gradients(psi):
    """Σ_t γ^t Ψ_t ∇log π(a_t|s_t) of every walk, [K, 6, 2]: a number for each logit of a softmax policy."""
    score = np.eye(2)[actions] - COIN[now]
    return np.einsum("kt,kts,kta->ksa", WALK.gamma ** np.arange(T) * psi, np.eye(6)[now], score)


# %% [markdown]
# The five $\Psi$ of each walk, and the mean of its gradient over all walks:


# %%
def estimate(lam):
    return gae(*(x.T for x in (reward, V[now], V[after], over, cut)), WALK.gamma, lam).T


forms = {
    "$G_t$": n_step_returns(*(x.T for x in (reward, V[after], over, cut)), WALK.gamma, T).T,
    r"$Q^\pi$": (A + V[:, None])[now, actions],
    r"$A^\pi$": A[now, actions],
    r"$\delta_t$": estimate(0.0),
    r"$\sum_l(0.9\gamma)^l\delta_{t+l}$": estimate(0.9),
}
visits = WALK.gamma ** np.arange(T) @ markov.state_distributions(WALK, COIN, T)
with receipts("mean over all walks", oracle="visits, policy, advantage") as same:
    for name, psi in forms.items():
        mean = np.einsum("k,ksa->sa", chance, gradients(psi))
        same(name, mean[:OUT], (visits[:, None] * COIN * A)[:OUT], 1e-12)

# %% [markdown]
# The means agree. Their variances, summed over the logits:

# %% tags=["hide"]
fig = plots.figure(8.5, 3)
ax, variances = plots.axes(fig), {}
for name, psi in forms.items():
    g = gradients(psi)
    mean = np.einsum("k,ksa->sa", chance, g)
    variances[name] = float(np.einsum("k,ksa->", chance, (g - mean) ** 2))
ranked = sorted(variances, key=variances.get)
ax.barh(range(5), [variances[name] for name in ranked], color=plots.BLUE, height=0.6)
for height, name in enumerate(ranked):
    ax.text(variances[name] + 0.008, height, f"{variances[name]:.3f}", va="center", fontsize=13)
ax.set(yticks=range(5), xlabel="variance of one walk's gradient", xlim=(0, 0.82))
ax.set_yticklabels(ranked, fontsize=14)
ax.set_title("One mean, five variances")
plots.show(fig, alt="; ".join(f"{name}: variance {variances[name]:.3f}" for name in ranked))

# %% [markdown]
# From $G$ to $Q$ little is gained; from $Q$ to $A$, by the baseline, the variance falls to a twentieth. $\delta_t$, which does not know $A^\pi$, pays with the ice under one step, the sum with $\lambda = 0.9$ with the chance of several. So why not always $\delta_t$? This critic was right; with a wrong one $\delta_t$ is the most biased (section 1).
#
# ## 3 · All numbers of steps at once (20 minutes)
#
# **Step 1.** Sample $k$ rewards, then believe the critic:
# $$\hat A^{(k)}_t = \sum_{l=0}^{k-1}\gamma^l r_{t+l} + \gamma^k V(s_{t+k}) - V(s_t).$$
# **Step 2.** The same is a sum of TD errors,
# $$\hat A^{(k)}_t = \sum_{l=0}^{k-1}\gamma^l\,\delta_{t+l},$$
# because the $\gamma^{l+1}V(s_{t+l+1})$ in one term is the $-\gamma^{l+1}V(s_{t+l+1})$ in the next: all but the first and the last cancel.
#
# **Step 3.** Which $k$? Take all of them, with weights $(1-\lambda)\lambda^{k-1}$, which sum to 1. In this average $\delta_{t+l}$ occurs in every $k > l$, so with the weight $\gamma^l(1-\lambda)(\lambda^l + \lambda^{l+1} + \dots) = (\gamma\lambda)^l$:
# $$\hat A_t = (1-\lambda)\sum_{k\ge1}\lambda^{k-1}\hat A^{(k)}_t = \sum_{l\ge0}(\gamma\lambda)^l\,\delta_{t+l}.$$
# This is *generalised advantage estimation*, GAE. At $\lambda=0$ it is $\delta_t$, at $\lambda = 1$ everything cancels but $G_t - V(s_t)$.
#
# **Step 4.** Take the first term off. What remains is the same sum, one step later:
# $$\hat A_t = \delta_t + \gamma\lambda\,\hat A_{t+1}.$$
# One pass from the last step to the first computes all of them.
#
# **Where an episode stops** the recursion stops. But there are two ways to stop. *Terminated*: there is no future, so $\delta_t = r_t - V(s_t)$. *Truncated*: a clock has cut the episode, which would have gone on; $\delta_t$ keeps $\gamma V(s_{t+1})$, of the state that was really reached, not of the one after the reset. You write this pass in homework 2; the package's is `returns.gae`.
#
# Twelve random steps, an end after the fifth, a cut after the ninth. First the definitions, written out:

# %%
rng = np.random.default_rng(0)
r, v, v_next = rng.normal(size=(3, 12))
ended, stopped = np.arange(12) == 4, np.arange(12) == 8
v_next[:-1] = np.where(
    (ended | stopped)[:-1], v_next[:-1], v[1:]
)  # V(s'): the next row's V, where it goes on
delta = r + 0.9 * np.where(ended, 0, v_next) - v


def summed(t, lam):
    """Σ_l (γλ)^l δ_{t+l}, up to where the episode stops: a sum for every t, O(T²)."""
    last = next(u for u in range(t, 12) if ended[u] or stopped[u] or u == 11)
    return sum((0.9 * lam) ** (u - t) * delta[u] for u in range(t, last + 1))


def k_steps(t, k, stop):
    """Step 1 as it stands: rewards up to `stop`, then the critic."""
    return sum(0.9 ** (u - t) * r[u] for u in range(t, stop + 1)) + 0.9**k * v_next[t + k - 1] - v[t]


# %% [markdown]
# The package against these:

# %%
A_hat = {lam: gae(r, v, v_next, ended, stopped, 0.9, lam) for lam in (0.0, 0.8, 1.0)}
monte_carlo = sum(0.9**u * r[u] for u in range(5)) - v[0]  # the first episode terminates
other = gae(np.where(np.arange(12) > 4, 100, r), v, v_next, ended, stopped, 0.9, 0.8)
late, right = k_steps(1, 3, stop=2), k_steps(1, 3, stop=3)
with receipts("recursion", oracle="by its definition") as same:
    same(r"$\lambda = 0$: $\delta_t$", A_hat[0.0], delta)
    same(r"$\lambda = 1$, first episode: Monte Carlo $- V$", A_hat[1.0][0], monte_carlo)
    same(r"$\lambda = 0.8$: the sum over $l$", A_hat[0.8], [summed(t, 0.8) for t in range(12)])
    same(r"whatever comes after an end: $\hat A_0\dots\hat A_4$", other[:5], A_hat[0.8][:5])
    same("the end has no future", A_hat[0.8][4], r[4] - v[4])
    same("the cut keeps the critic's", A_hat[0.8][8], r[8] + 0.9 * v_next[8] - v[8])
    same(r"$\hat A^{(3)}_1$ as a sum of $\delta$", sum(0.9**l * delta[1 + l] for l in range(3)), right)
print(f"with rewards to k − 1 only, as in some notes: {late:.3f} in place of {right:.3f}")

# %% [markdown]
# The last line ends the sum of step 1 with $r_{k-1}$ whatever $t$ is: right for $t = 0$; later, rewards are lost.

# %% tags=["hide"]
predict(
    r"Ten steps before the end of an episode, $\lambda = 0.95$. What share of GAE's weight lies on the advantage that never asks the critic?",
    {
        "3 %": r"That is $(1-\lambda)\lambda^9$, the weight of exactly ten steps. But whoever wanted to look 11, 12, 13 … steps ahead sees the end, too.",
        "37 %": r"It is $1 - \lambda^9$: what all the shorter ones have together.",
        "63 %": "",
        "95 %": r"$\lambda$ is the share that goes on after a single step.",
    },
    ordered=True,
    answer="63 %",
    why=r"All advantages of ten steps or more are one and the same there, so it has all of what is left: $\lambda^{9} = 0.63$.",
)

# %% [markdown]
# The weights, $K$ steps before an end. The orange bar is Monte Carlo, without any critic but the baseline.


# %% tags=["hide"] stage={"ask": "Ten steps before an end, at λ = 0.95: how much of the weight lies on the longest return?"}
def draw_weights(fig, lam=0.95, left=10):
    ax, share_ax = plots.axes(fig, 1, 2)
    weights, steps = td_lambda_weights(lam, left), np.arange(1, 41)
    ax.bar(range(1, left), weights[:-1], color=plots.BLUE)
    ax.bar([left], weights[-1:], color=plots.ORANGE)
    ax.set(xlabel="k, steps sampled", xlim=(0, 41), ylim=(0, 1.02), ylabel="weight")
    ax.set_title(f"{left} steps left: {100 * weights[-1]:.0f} % on the end")
    for other, line in ((0.8, plots.DOTS), (0.9, plots.DASH_DOT), (0.95, plots.DASHES), (0.99, "-")):
        share_ax.plot(
            steps, other ** (steps - 1), color=plots.GREY, linestyle=line, linewidth=1.5, label=f"λ = {other}"
        )
    share_ax.plot([left], weights[-1:], "o", color=plots.ORANGE, markersize=10)
    share_ax.set(xlabel="K, steps left", xlim=(0, 41), ylim=(0, 1.02))
    share_ax.set_title("weight of the longest")
    plots.label_lines(share_ax)
    mean = float(weights @ np.arange(1, left + 1))
    return {"weight of the longest": float(weights[-1]), "steps sampled, mean": mean}


explore(
    draw_weights,
    alt="GAE's weights of the k-step advantages before an episode's end, and the weight of the longest over the steps left",
    size=(10.5, 3.8),
    settings={
        "CartPole's beginning": {"lam": 0.95, "left": 20},
        "near the end": {"lam": 0.95, "left": 5},
        "one step": {"lam": 0.0, "left": 20},
    },
    lam=Slider("λ", "how far to look", min=0.0, max=1.0, step=0.01),
    left=Slider("K", "steps left", min=1, max=40, step=1),
)

# %% [markdown]
# So near an end $\lambda = 0.95$ is close to Monte Carlo. CartPole's first episodes last about twenty.
#
# ## 4 · The same sum, forwards in time (10 minutes)
#
# GAE must wait for the end. Can one learn at every step? Let $x_t$ be what $\hat A_t$ multiplies: $\nabla V(s_t)$ when a critic learns, $\nabla\log\pi(a_t\mid s_t)$ when a policy does. Exchange the sums:
# $$\sum_t \hat A_t\,x_t = \sum_t\sum_{u\ge t}(\gamma\lambda)^{u-t}\delta_u\,x_t = \sum_u \delta_u\,e_u,\qquad e_u = \sum_{t\le u}(\gamma\lambda)^{u-t}x_t = \gamma\lambda\,e_{u-1} + x_u.$$
# On the left each step looks *forward* to errors that will come; on the right each error looks *back* at a **trace** $e_u$ of what is still to be blamed. For a critic this is TD(λ); for a policy it is the form "$\delta\,e$", with section 2's $\gamma^u$ before $x_u$.

# %% tags=["hide"]
walk = int(np.argmax((states[:, 5] == OUT) & (states[:, 4] == 4) & (states[:, 1] == 1)))
path = states[walk, :5]  # to the left, back, and out at E
trace = eligibility_traces(np.eye(6)[path], over[walk, :5], WALK.gamma, 0.8)[:, :OUT]
fig = plots.figure(8.5, 3.4)
ax = plots.axes(fig)
ax.imshow(trace.T, cmap="Blues", vmin=0, vmax=1.6, aspect="auto", origin="lower")
ax.plot(path, "o", color=plots.ORANGE, markersize=11)
for t, room in np.argwhere(trace > 0.005):
    dark = "white" if trace[t, room] > 1.1 else "black"
    ax.text(t + 0.18, room, f"{trace[t, room]:.2f}", va="center", fontsize=12, color=dark)
ax.set(xlabel="step", yticks=range(5), ylabel="room")
ax.set_yticklabels([*"ABCDE"])
ax.set_title("Where she is (dot), and how much is left of each room")
plots.show(
    fig,
    alt=f"A walk through rooms {', '.join('ABCDE'[s] for s in path)} and the trace of every room at each step, λ = 0.8",
)

# %% [markdown]
# A trace fades by $\gamma\lambda$ a step, and adds up where she comes twice. Both views agree on every walk, for critic and policy, if the weights stay as they are until it is over:

# %%
v_walk = np.append(rng.normal(size=5), 0.0)  # a wrong critic
steps = [x.T for x in (reward, v_walk[now], v_walk[after], over, cut)]
A_walk, delta_walk = gae(*steps, 0.99, 0.8), gae(*steps, 0.99, 0.0)
score = np.eye(6)[now][..., None] * (np.eye(2)[actions] - COIN[now])[:, :, None]
with receipts(r"backward, $\sum\delta_u e_u$", oracle=r"forward, $\sum\hat A_tx_t$") as same:
    for name, x in (
        ("critic, one weight a room", np.eye(6)[now]),
        ("policy, one logit a door", score.reshape(*now.shape, 12)),
    ):
        x = x.swapaxes(0, 1)  # time first
        e = eligibility_traces(x, (over | cut).T, 0.99, 0.8)
        same(name, np.einsum("tk,tkd->kd", delta_walk, e), np.einsum("tk,tkd->kd", A_walk, x))

# %% [markdown]
# ## 5 · A2C (18 minutes)
#
# Two networks learn: the actor, along $\hat A\,\nabla\log\pi$, and the critic, towards a target $y$ such as $r + \gamma V(s')$.
#
# **The critic's step is not a gradient.** In $\tfrac12(y - V(s))^2$ both parts depend on the critic, yet only $V(s)$ is differentiated; $y$ is taken as data, *frozen*. That gives the step $\delta\,\nabla V(s)$, a **semi-gradient**. Why not differentiate everything? Let both descend on the corridor until they rest:


# %%
weight = torch.tensor(WALK.transition[:OUT] * COIN[:OUT, :, None] / 5)  # of each (s, a, s'), all rooms alike
pay = torch.tensor(WALK.reward[:OUT])[:, :, None]


def at_rest(frozen, updates=1000):
    """Values of the rooms after gradient descent on ½ E[(y − V(s))²], with y frozen or not."""
    w = torch.full((5,), 0.5, dtype=torch.float64, requires_grad=True)
    for _ in range(updates):
        values = torch.cat([w, w.new_zeros(1)])  # outside nothing is to be had
        y = pay + WALK.gamma * (values.detach() if frozen else values)
        loss = 0.5 * (weight * (y - w[:, None, None]) ** 2).sum()
        w = (w - 2.0 * torch.autograd.grad(loss, w)[0]).detach().requires_grad_()
    return w.detach().numpy()


semi, full = at_rest(frozen=True), at_rest(frozen=False)
root = weight.sqrt().numpy()  # all differences y − V(s), weighted, are this times w less those pays
rows = (np.eye(6)[:OUT, None, None] - WALK.gamma * np.eye(6)) * root[..., None]
squares = np.linalg.lstsq(rows.reshape(-1, 6)[:, :OUT], (root * pay.numpy()).ravel(), rcond=None)[0]
with receipts("descent", oracle="linear algebra") as same:
    same(r"frozen: $V^\pi$, the Bellman equation solved", semi, V[:OUT], 1e-9)
    same("not frozen: least squares of all differences", full, squares, 1e-9)

# %% [markdown]
# Both do what they were asked to; only one finds the values:

# %% tags=["hide"]
fig = plots.figure(7.5, 3.4)
ax = plots.axes(fig)
ax.plot(range(5), V[:OUT], color=plots.BLACK, linestyle="-", label="$V^\\pi$")
ax.plot(range(5), semi, "o", color=plots.BLUE, markersize=9, label="semi-gradient")
ax.plot(range(5), full, color=plots.ORANGE, linestyle=plots.DASHES, marker="s", label="all differentiated")
ax.set(xticks=range(5), xlabel="room", ylabel="value", ylim=(0, 1))
ax.set_xticklabels([*"ABCDE"])
ax.set_title("Differentiating the target flattens the critic")
plots.label_lines(ax)
plots.show(
    fig, alt="Values of five rooms: the semi-gradient lies on the truth, the full gradient is too flat"
)

# %% [markdown]
# In each room $\mathbb E[\delta^2] = (\mathbb E\,\delta)^2 + \mathrm{Var}\,\delta$. The full gradient also presses on the second term, by making neighbouring rooms alike. The semi-gradient wants $\mathbb E\,\delta = 0$ only, the Bellman equation.
#
# **The entropy bonus.** A policy that has become certain tries nothing else. A2C therefore adds $\beta\,H$ to what it climbs, $H = -\sum_a\pi(a)\log\pi(a)$. For a softmax its gradient pulls each logit by $-\pi(a)\,(\log\pi(a) + H)$: probable actions down, rare ones up.

# %%
logits = torch.tensor([2.0, 0.5, -1.0], dtype=torch.float64, requires_grad=True)
policy = torch.softmax(logits, 0)
H = -(policy * policy.log()).sum()
(by_autograd,) = torch.autograd.grad(H, logits)
with receipts("formula", oracle="autograd") as same:
    same("entropy's gradient, three actions", (-policy * (policy.log() + H)).detach(), by_autograd)

# %% [markdown]
# The whole algorithm, and the update that runs ($\mathrm{stop}$: an end or a cut). Line 6 lacks section 2's $\gamma^t$, as nearly all code does: lectures 03b and 05b say what that costs. `samples` computes $\hat A$ and $y$ without a gradient; `backward` fills the networks' gradients, `limit_norm` shortens what is too long, `step` is Adam's.

# %% tags=["hide"]
pseudocode(
    "A2C: Mnih et al. 2016, section 4, all workers in step (GAE, Adam and a standardised advantage added)",
    r"""
    start $\pi$ and $V$ at random
    for each batch:
        act with $\pi$ for some steps, in several environments at once; the last step is a cut
        $\delta_t = r_t + \gamma(1-\mathrm{end}_t)V(s_{t+1}) - V(s_t)$; $\hat A_t = \delta_t + \gamma\lambda(1-\mathrm{stop}_t)\hat A_{t+1}$; $y_t = \hat A_t + V(s_t)$
        $\hat A \leftarrow (\hat A - \mathrm{mean})/\mathrm{deviation}$, over the batch
        loss: $-\mathbb{E}\,\log\pi(a|s)\,\hat A + c\,\mathbb{E}\,(V(s)-y)^2 - \beta\,\mathbb{E}\,H$, with $\hat A$ and $y$ frozen
        its gradient, cut to a greatest length
        one step of both networks; forget the batch
    """,
    A2C.update,
    {
        4: "batch = rollout.samples", 5: "advantage = standardised", 6: "loss = self.loss",
        7: "limit_norm", 8: "policy_optimiser.step",
    },
)  # fmt: skip

# %% [markdown]
# Live: a pole to balance. It begins with $\lambda = 1$; try 0.95 and 0, then an entropy bonus of 0.1.

# %% tags=["hide"] stage={"ask": "It begins with λ = 1. Which will learn sooner, 0.95 or 0?"}
live(
    A2C(),
    "CartPole-v1",
    steps=60_000,
    seeds=4,
    recorded="recordings/04-cartpole.json",
    title="A2C on CartPole",
    lam=Slider("λ", "how far to look", min=0.0, max=1.0, step=0.05),
    learning_rate=Slider("α", "learning rate", min=1e-4, max=1e-2, log=True),
    entropy_weight=Slider("β", "weight of the entropy", min=0.0, max=0.1, step=0.005),
)

# %% [markdown]
# And a pendulum to swing up, by a Gaussian policy; slower:

# %% tags=["hide"]
live(
    A2C(),
    "Pendulum-v1",
    steps=200_000,
    seeds=4,
    recorded="recordings/04-pendulum.json",
    title="A2C on Pendulum",
    lam=Slider("λ", "how far to look", min=0.0, max=1.0, step=0.05),
    learning_rate=Slider("α", "learning rate", min=1e-4, max=1e-2, log=True),
)

# %% [markdown]
# Does section 1's rule hold in training, where the critic learns as well? Four $\lambda$ on CartPole, 256 steps a batch, thirty seeds each:


# %%
def lambda_experiment(steps, seeds):
    """Returns [S, E] of A2C on CartPole for four λ, at the steps `at`."""
    found = {}
    for lam in (0.0, 0.8, 0.95, 1.0):
        run = train(A2C(lam=lam), "CartPole-v1", steps, seeds, evaluate_every=4096)
        found |= {"at": run.curve.steps, f"{lam:g}": run.curve.returns}
    return found


small = {"steps": 4096}
lambdas, _ = recorded("recordings/04-lambda.json", lambda_experiment, small, steps=61_440, seeds=30)

# %% [markdown]
# The returns; below, seed by seed, what separates each $\lambda$ from the next (interquartile means, 95 % intervals):

# %% tags=["hide"]
fig = plots.figure(8.5, 3.8)
ax = plots.axes(fig)
curve_looks = (
    (plots.ORANGE, plots.DOTS),
    (plots.SKY, plots.DASH_DOT),
    (plots.BLUE, plots.DASHES),
    (plots.PURPLE, "-"),
)
for lam, (colour, line) in zip(("0", "0.8", "0.95", "1"), curve_looks, strict=True):
    plots.learning_curve(
        ax, lambdas["at"], lambdas[lam], f"λ = {lam}", colour, line, seeds_width=0.2, bounds=(0, 500)
    )
ax.set(ylim=(0, 500), xlim=(0, 61_440), title="A2C on CartPole: the further, the better")
plots.label_lines(ax)
late = {lam: curves[:, lambdas["at"] > 30_000].mean(axis=1) for lam, curves in lambdas.items() if lam != "at"}
for more, less in (("0.8", "0"), ("0.95", "0.8"), ("1", "0.95")):
    sets = intervals_of_sets(late[more] - late[less])
    words = "; ".join(f"{x.estimate:.0f} [{x.low:.0f}, {x.high:.0f}]" for x in sets)
    print(f"return with λ = {more} less that with {less}, second half, three sets of ten seeds: {words}")
plots.show(
    fig,
    alt="Returns of A2C on CartPole for λ = 0, 0.8, 0.95 and 1, thirty seeds each; larger λ, higher curves",
)

# %% [markdown]
# In the second half each larger $\lambda$ does better, in each of three disjoint sets of ten seeds. (Single curves fall again; so do those of Stable-Baselines3's A2C, with these settings.) Section 1 leaves room for that: the worse the critic, the larger the best $\lambda$, and this one begins with nothing. Whether that is the reason was not tested.
#
# ## 6 · Workers that do not wait (14 minutes)
#
# A2C's environments wait for each other. Its ancestor, **A3C**, did without: each of several workers copies $\theta$, walks a few steps, computes its gradient, adds it to the shared $\theta$ and copies anew. But meanwhile others have moved $\theta$. What it adds is the gradient at $\theta_{t-d}$, late by a **lag** of $d$ updates; $k$ equal workers in turn have $d = k - 1$.
#
# What does a late gradient do? Take a parabola with curvature $h$:
# $$\theta_{t+1} = \theta_t - \alpha h\,\theta_{t-d}.$$

# %% tags=["hide"]
predict(
    r"With a fresh gradient ($d = 0$) this settles for every $\alpha h < 2$. Up to which $\alpha h$ does it settle with $d = 5$?",
    {
        "2": "Then a lag would only delay. But it corrects an error that may be gone, or have changed its sign.",
        "1": "That is the limit for a lag of a single update.",
        "0.28": "",
    },
    ordered=True,
    answer="0.28",
    why="The steps of six updates are on the way before the first of them is noticed. Together they must not go too far.",
)

# %% [markdown]
# **Step 1.** Try $\theta_t = z^t$: divided by $z^{t-d}$ the line says $z^d(1 - z) = \alpha h$. It settles as long as all such $z$ are smaller than 1 in size, as they are for small $\alpha h$ (one is near 1, the others near 0).
#
# **Step 2.** At the limit some $z$ has size 1, $z = e^{i\omega}$. The sizes ask for $|1 - e^{i\omega}| = 2\sin(\omega/2) = \alpha h$.
#
# **Step 3.** The angles: $1 - e^{i\omega} = -2i\sin(\omega/2)\,e^{i\omega/2}$ has $(\omega-\pi)/2$, $\alpha h$ has 0, so $\omega d + (\omega - \pi)/2$ must be 0. Hence $\omega = \pi/(2d+1)$, and the limit is
# $$\alpha h = 2\sin\frac{\pi}{2(2d+1)},$$
# about $\pi/(2d)$ for long lags: the step must shrink as the lag grows. (Other multiples of $2\pi$ give larger $\omega$, so larger $\alpha h$.)


# %%
def limit(d):
    """The largest αh at which the line itself shrinks, late in a run, by bisection."""
    low, high = 0.0, 2.5
    for _ in range(18):
        middle = (low + high) / 2
        sizes = abs(delayed_descent(middle, d, 1000))
        shrinks = sizes[-100:].max() < sizes[-500:-400].max()
        low, high = (middle, high) if shrinks else (low, middle)
    return low


with receipts("the line, bisected", oracle="formula") as same:
    for d in (0, 1, 2, 5, 10):
        same(f"limit of $\\alpha h$, $d = {d}$", limit(d), delay_cliff(d), 2e-3)

# %% [markdown]
# On the left the descent, on the right where you stand on the cliff. Find a step that is safe at $d = 2$ and deadly at $d = 5$.


# %% tags=["hide"]
def draw_delay(fig, step=0.25, lag=5):
    path_ax, cliff_ax = plots.axes(fig, 1, 2)
    path, lags = delayed_descent(step, lag, 100), np.arange(31)
    path_ax.plot(np.clip(path, -20, 20), color=plots.BLUE, linestyle="-")
    path_ax.axhline(0, color=plots.GREY, linewidth=1, linestyle="-")
    path_ax.set(xlabel="updates", ylabel="θ", xlim=(0, 100), ylim=(-3, 3))
    growth = delayed_growth(step, lag)
    path_ax.set_title("it settles" if growth < 1 else "it explodes")
    cliff_ax.plot(lags, delay_cliff(lags), color=plots.BLACK, linestyle="-")
    cliff_ax.fill_between(lags, delay_cliff(lags), 3, color=plots.VERMILION, alpha=0.15, linewidth=0)
    cliff_ax.plot([lag], [step], "o", color=plots.BLUE, markersize=10)
    cliff_ax.text(29, 1.4, "explodes", ha="right", color=plots.VERMILION, fontweight="bold")
    cliff_ax.set(xlabel="lag d", ylabel="αh", yscale="log", xlim=(-0.5, 30), ylim=(0.03, 2.5))
    cliff_ax.set_title(f"limit at this lag: {delay_cliff(lag):.3f}")
    return {"factor from update to update": growth, "limit of αh": float(delay_cliff(lag))}


explore(
    draw_delay,
    alt="A descent with late gradients, and the largest step that settles for every lag",
    size=(10.5, 3.8),
    settings={"safe at lag 2": {"step": 0.4, "lag": 2}, "deadly at lag 5": {"step": 0.4, "lag": 5}},
    step=Slider("αh", "step times curvature", min=0.03, max=2.5, log=True),
    lag=Slider("d", "lag", min=0, max=30, step=1),
)

# %% [markdown]
# The package's workers are simulated: whose turn it is follows from a seed, so a run can be repeated; `lag` makes their copies of $\theta$ older still. Do four workers in turn apply the gradient at $\theta_{t-3}$? We keep networks and batch of every turn, and let A2C compute the gradient anew, at the networks of $d$ turns ago.


# %%
@dataclass(frozen=True)
class Watched(A3C):
    """A3C that keeps, of each turn, the learner before it, the worker's batch and the gradient applied."""

    def update(self, nets, rollout, rng):
        before = deepcopy(nets)
        metrics = super().update(nets, rollout, rng)
        turns.append((before, rollout, nets.policy.grad.clone()))
        return metrics


def gradient_at(d, t):
    """A2C's gradient on the batch of turn t, at the networks of turn t − d."""
    nets = deepcopy(turns[t - d][0])
    A2C().update(nets, turns[t][1], None)
    return nets.policy.grad


turns = []
train(Watched(workers=4, shuffle=False, horizon=8), "CartPole-v1", 512, evaluation_episodes=1)
with receipts("applied", oracle="A2C's at an older policy") as same:
    for t in (8, 20, 31):
        same(rf"gradient of turn {t}: at $\theta_{{t-3}}$", turns[t][2], gradient_at(3, t), 0)
assert all(abs(turns[20][2] - gradient_at(d, 20)).max() > 1e-5 for d in (0, 1, 2, 4)), "and at no other"

# %% [markdown]
# Bit for bit. Now the lag in training: one worker, three lags, two learning rates, thirty seeds each.


# %%
def lag_experiment(steps, seeds):
    """Returns [S, E] of A3C on CartPole for lags and learning rates, at the steps `at`."""
    found = {}
    for rate in (0.001, 0.004):
        for lag in (0, 10, 40):
            late = A3C(workers=1, lag=lag, learning_rate=rate, lam=1.0)
            run = train(late, "CartPole-v1", steps, seeds, evaluate_every=4096)
            found |= {"at": run.curve.steps, f"{rate} {lag}": run.curve.returns}
    return found


short = {"steps": 4096}
lags, _ = recorded("recordings/04-lag.json", lag_experiment, short, steps=61_440, seeds=30)

# %% [markdown]
# Left the usual learning rate, right four times it:

# %% tags=["hide"]
fig = plots.figure(10.5, 3.8)
lag_looks = (plots.BLACK, "-"), (plots.BLUE, plots.DASHES), (plots.VERMILION, plots.DOTS)
for ax, rate in zip(plots.axes(fig, 1, 2, sharey=True), (0.001, 0.004), strict=True):
    for lag, (colour, line) in zip((0, 10, 40), lag_looks, strict=True):
        curves = lags[f"{rate} {lag}"]
        plots.learning_curve(
            ax, lags["at"], curves, f"d = {lag}", colour, line, seeds_width=0.2, bounds=(0, 500)
        )
        less = (lags[f"{rate} 0"] - curves)[:, lags["at"] > 30_000].mean(axis=1)
        words = "; ".join(f"{x.estimate:.0f} [{x.low:.0f}, {x.high:.0f}]" for x in intervals_of_sets(less))
        print(
            f"α = {rate}: what d = {lag} costs, second half, three sets of ten seeds: {words}"
        ) if lag else None
    ax.set(ylim=(0, 500), xlim=(0, 61_440), title=f"α = {rate}")
    plots.label_lines(ax, wrap=8)
plots.show(
    fig,
    alt="Returns of A3C for lags 0, 10 and 40 at two learning rates",
)

# %% [markdown]
# A lag costs late: on the left 10 is ahead for a while. In the second half a lag of 40 costs return at both rates, in each of three sets of ten seeds. A lag of 10 does so at the larger rate only. Whether a larger step pays more for the same lag, the three sets leave open.
#
# Live: move the lag while they learn.

# %% tags=["hide"] stage={"ask": "How many updates may a worker be late before it costs return?"}
live(
    {"A3C": A3C(lam=1.0), "A2C": A2C(lam=1.0)},
    "CartPole-v1",
    steps=60_000,
    seeds=4,
    recorded="recordings/04-a3c.json",
    title="A3C on CartPole",
    lag=Slider("", "further lag, in updates", min=0, max=60, step=1),
    learning_rate=Slider("α", "learning rate", min=1e-4, max=1e-2, log=True),
)

# %% [markdown]
# Why is A2C used today? OpenAI found that the synchronous version performs as well. It can be repeated, and averages the gradients of $k$ workers at one $\theta$: no lag, and the variance divided by $k$. A3C's problem remains wherever one acts with older parameters than one learns; lecture 05 corrects for it.
#
# ## Summary
#
# - Sampling costs variance, believing costs bias; only variance is divided by the batch. So the best $\lambda$ rises with both the batch and the critic's error.
# - $G$, $Q$, $A$, $\delta$ and $\delta e$ (with $\gamma^u$ in its trace) have one mean if the critic is right. The baseline does most for the variance.
# - GAE is every $k$-step advantage at once, computed by one line backwards, or forwards with traces. It stops at an end and at a cut; only the cut keeps the critic's value.
# - A2C is GAE, a semi-gradient for the critic, an entropy bonus, and one step a batch.
# - A gradient that is late by $d$ updates allows $\alpha h$ up to $2\sin\frac{\pi}{2(2d+1)}$ and no more.
#
# ## Exercises
#
# 1. ★ (5 minutes) An episode of three steps pays 0, 0, 1 and terminates; the critic says 0.5 in each of its states; $\gamma = 0.9$, $\lambda = 0.5$. Compute $\hat A_2$, $\hat A_1$, $\hat A_0$ by hand. What changes if a clock stopped it, and the critic says 0.5 of the state that was reached?
#    <details><summary>Hint</summary>Start with the last step.</details>
#    <details><summary>Answer</summary>δ = −0.05, −0.05, 0.5, so Â₂ = 0.5, Â₁ = −0.05 + 0.45 · 0.5 = 0.175, Â₀ = −0.05 + 0.45 · 0.175 = 0.02875. Stopped by a clock, δ₂ = 0.95, and Â = 0.12, 0.3775, 0.95.</details>
# 2. ★★ (10 minutes) Twenty steps before an end, at which $\lambda$ does half of GAE's weight lie on the longest advantage?
#    <details><summary>Answer</summary>λ¹⁹ = ½, so λ = 0.964.</details>
# 3. ★★ (15 minutes) A world never ends, and a critic is too high by the same amount in every state. For which $\lambda$ does that move the mean of the gradient?
#    <details><summary>Hint</summary>By how much does it change each δ?</details>
#    <details><summary>Answer</summary>For none. Too high by c, each δ changes by γc − c, the same whatever was done, and so does Â: by (γ − 1)c/(1 − γλ), a baseline. (Where episodes end it matters: the value after the end is known to be 0, so the critic is not wrong by c there.)</details>
# 4. ★★★ (20 minutes) Lag 1, at the limit $\alpha h = 1$: which numbers does $\theta_{t+1} = \theta_t - \theta_{t-1}$ run through from $\theta_{-1} = \theta_0 = 1$, and what has $\omega = \pi/3$ to do with it? And up to which lag does $\alpha h = 0.1$ settle?
#    <details><summary>Answer</summary>1, 0, −1, −1, 0, 1, and again from the start: a period of six, because z = e^{±iπ/3} has turned once round after six updates. For αh = 0.1 the lag may be 15: π/(2 arcsin 0.05) = 31.4 must be at least 2d + 1.</details>

# %% [markdown]
# ## Further · Where the bias comes from
#
# Let $V = V^\pi + \text{error}$. Each $\delta$ is then that of the right critic, plus $\gamma\,\mathrm{error}(s') - \mathrm{error}(s)$. The former have the mean $A^\pi$ and then 0. Of the latter, in the sum over $l$, the error of $s_t$ occurs once, with $-1$: a baseline. That of $s_{t+l}$ occurs twice, with $\gamma(\gamma\lambda)^{l-1}$ and $-(\gamma\lambda)^l$; together $\gamma(1-\lambda)(\gamma\lambda)^{l-1}$. With $P$ the chain of the policy, the mean of the estimate is off by
# $$\gamma(1-\lambda)\,\mathbb E\big[u(s_{t+1})\mid s_t,a_t\big] - \mathrm{error}(s_t),\qquad u = (I - \gamma\lambda P)^{-1}\,\mathrm{error}.$$
# At $\lambda=1$ nothing but the baseline is left, however wrong the critic. Read the numbers below in pairs, left and right door of a room: at $\lambda = 1$ both are equal, a baseline; at $\lambda = 0$ they differ, and this difference misleads the policy.

# %%
error = np.append(0.5 - V[:OUT], 0.0)
chain, _ = markov.induced_process(WALK, COIN)
with receipts("moments", oracle="formula") as same:
    for lam in (0.0, 0.5, 0.95, 1.0):
        u = np.linalg.solve(np.eye(6) - WALK.gamma * lam * chain, error)
        formula = WALK.gamma * (1 - lam) * WALK.transition @ u - error[:, None]
        mean, _ = markov.gae_moments(WALK, COIN, V + error, lam)
        same(rf"bias at $\lambda = {lam:g}$", (mean - A)[:OUT], formula[:OUT])

# %% [markdown]
# ## Further · Workers that really do not wait
#
# `rlcourse.agents.asynchronous` lets A3C's and lecture 05's workers run for real: as threads of one process, or, with the extra `cluster`, as Ray actors, a process each, on one machine or many (`start=on_ray`).
# Whichever batch arrives first is used first, so the lag is what it happens to be, and no run can be repeated. Four workers in threads, twelve updates:

# %%
real = asynchronous(A3C(workers=4), "CartPole-v1", updates=12)
print("lags:", *real.lags, f"; mean {real.lags.mean():.2f}, never above k − 1 = 3")
assert real.lags.mean() <= 3

# %% [markdown]
# The first batches are fresh, later ones late by up to a few updates. No worker can push the *mean* above $k - 1$: a worker's batches follow each other, so its lags, and its own turns, add up to the last turn it had.
#
# For real on Ray 2.60, once, two workers on a busy machine of two cores, 400 updates on CartPole: A3C made 5,200 steps a second (in threads 23,100) with a mean lag of 0.99 and a largest one of 8; IMPALA 2,100 (14,800), mean 1.00, largest 2. Returns rose from 20 to 485 and 433. A step of CartPole costs less than sending it to another process: actors pay where worlds are slow, or machines many.

# %% [markdown]
# ## Sources
#
# - Schulman et al., *High-dimensional continuous control using generalized advantage estimation*, ICLR 2016, [arXiv:1506.02438](https://arxiv.org/abs/1506.02438): the forms of the gradient in section 2, GAE in section 3.
# - Mnih et al., *Asynchronous methods for deep reinforcement learning*, ICML 2016, [arXiv:1602.01783](https://arxiv.org/abs/1602.01783): A3C and its entropy bonus.
# - OpenAI, [*OpenAI Baselines: ACKTR & A2C*](https://openai.com/index/openai-baselines-acktr-a2c/), 2017: A2C, with performance equal to A3C's.
# - Sutton, Barto, *Reinforcement learning*, 2018: example 6.2 (the walk), chapter 12 (traces), section 11.5 (why not to differentiate the target).
