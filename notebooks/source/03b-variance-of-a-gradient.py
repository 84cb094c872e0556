# %% [markdown] tags=["head"]
# # Lecture 03b · The variance of a gradient
#
# question: Two estimates have the same mean, and one of them needs ten times as many episodes. What is the noise, and what of it may be taken away?
# objectives:
# - **say** which rewards an action cannot have caused, and drop them without moving the mean
# - **derive** the parabola of the variance over a baseline, and **find** the baseline that raises it
# - **give** an example in which two estimates of equal variance end differently
# - **explain** what $\gamma^t$ is for, and why the usual update without it climbs no function
# - **choose** between score function and pathwise derivative, and **say** where the latter is wrong
# needs:
# - 03: the score function, REINFORCE
# - mean, variance, conditional mean
# symbols: s, a, r, t, T, \gamma, \pi, \theta, \eta, \alpha, \sigma, N, V^\pi, Q^\pi, \mathbb E
# - $\tau$: trajectory $s_0, a_0, s_1, a_1, \dots, s_T$
# - $R(\tau)$: return of a trajectory, $\sum_t\gamma^tr_t$
# - $G_t$: discounted return from step $t$ on
# - $\hat g$: estimate of a gradient, from draws
# - $g$: score of a whole trajectory, $\sum_t\nabla\log\pi(a_t\mid s_t)$
# - $b$: baseline; $b^*$ the one of least variance
# - $k$: how often *go* was chosen in a game
# - $c$: price of investing on Tuesday
# - $\mu$: mean of a Gaussian policy
# - $\omega$: how wavy a reward is
# - $p$: chance of investing
# - $f$: reward as a function of the action
# - $\xi$: standard normal number
# homework: 2

# %% tags=["import", "hide"]
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from rlcourse import plots
from rlcourse.agents import Spaces
from rlcourse.algorithms.reinforce import REINFORCE
from rlcourse.equations import baselines, markov, returns
from rlcourse.experiments import recorded
from rlcourse.pages import receipts
from rlcourse.parts.randomness import INITIALISE, Streams
from rlcourse.parts.worlds import CartPole
from rlcourse.statistics import intervals_of_sets
from rlcourse.training import train
from rlcourse.widgets import Choice, Slider, Switch, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · How much signal is in a gradient? (12 minutes)
#
# A cart is pushed left or right, ten newtons, fifty times a second, to keep a pole upright. Each step pays 1, and the episode is over when the pole has leant by 12° (or the cart has left the rail between the two marks, or 500 steps are over). A network that has not learnt anything keeps it up for some twenty steps.

# %% tags=["hide"]
fig = plots.figure(7, 2)
ax = plots.axes(fig)
plots.cart(ax, 0.3, 0.12)
ax.set_title("a cart and its pole")
plots.show(fig, alt="A cart on a rail with a pole that leans to the right")

# %% [markdown]
# Lecture 03's estimate, the return times the sum of the scores, is right in the mean. But how good is it with $N$ episodes? We take 2048 episodes (and the quietest estimate below) for the truth, and ask of the mean of $N$ others how well it points the same way: the cosine of the angle between the two, 1 for the same direction, 0 for a right angle.

# %% tags=["hide"]
predict(
    r"The network has 226 parameters, the batch $N = 4$ episodes. The cosine between this estimate and the truth is about…",
    {
        "0": "Four episodes do say something: their mean is right, after all.",
        "0.3": "",
        "0.9": "If the returns were equal and the scores short. Here the noise is several times as long as the gradient.",
    },
    ordered=True,
    answer="0.3",
    why="The noise of one episode is about seven times as long as the gradient itself; the mean of four halves it.",
)

# %% [markdown]
# We play many episodes at once:


# %% tags=["hide"]
def play(policy, episodes, rng):
    """CartPole, γ = 1: observations [M, 4], actions, episode and step of each [M], and lengths [episodes]."""
    world, alive, rows = CartPole(), np.ones(episodes, bool), []
    s = world.start(rng.random((episodes, 4)))
    while alive.any():
        logits = policy.numpy(s[None].astype(np.float32))[0]
        a = (rng.random(episodes) > 1 / (1 + np.exp(logits[:, 1] - logits[:, 0]))).astype(int)
        rows.append((s, a, alive))
        after, _, over = world.step(s, a)
        s, alive = np.where(alive[:, None], after, s), alive & ~over
    obs, action, alive = (np.stack(x, axis=1) for x in zip(*rows, strict=True))
    episode, step = np.nonzero(alive)
    return obs[episode, step], action[episode, step], episode, step, alive.sum(axis=1)


# %% [markdown]
# The estimate of each episode, with three weights; the usual reward-to-go at step $t$ is the mean over the episodes that last so long.


# %% tags=["hide"]
def episode_gradients(policy, episodes, rng):
    """{weight: estimate of each episode [episodes, 226]}."""
    obs, action, episode, step, length = play(policy, episodes, rng)
    x, a = torch.tensor(obs.astype(np.float32))[None], torch.tensor(action)[None]
    pieces = [
        policy.scores(x[:, i : i + 16384], a[:, i : i + 16384])[0] for i in range(0, len(action), 16384)
    ]
    score, first = torch.cat(pieces).numpy(), np.searchsorted(episode, np.arange(episodes))
    to_go = (length[episode] - step).astype(np.float32)
    usual = np.array([to_go[step == t].mean() for t in range(step.max() + 1)])
    weights = {"return": length[episode], "reward-to-go": to_go, "reward-to-go − b(t)": to_go - usual[step]}
    return {name: np.add.reduceat(score * w[:, None], first) for name, w in weights.items()}


# %% [markdown]
# Cosines for batches of 1 to 64 episodes:

# %% tags=["hide"]
SIZES, cosines = (1, 4, 16, 64), {}
for network in range(3):  # three networks that have not learnt anything
    policy = REINFORCE().networks(Spaces(4, 2, True), Streams([network], INITIALISE)).policy
    rng = np.random.default_rng(network)
    reference = episode_gradients(policy, 2048, rng)["reward-to-go − b(t)"].mean(axis=0)
    for name, each in episode_gradients(policy, 2048, rng).items():
        for N in SIZES:
            batch = each.reshape(-1, N, each.shape[1]).mean(axis=1)
            angle = batch @ reference / np.linalg.norm(batch, axis=1) / np.linalg.norm(reference)
            cosines.setdefault(name, {}).setdefault(N, []).append(angle.mean())
fig = plots.figure(8, 3.6)
ax = plots.axes(fig)
looks = ((plots.ORANGE, plots.DOTS), (plots.SKY, plots.DASHES), (plots.BLUE, "-"))
for (name, found), (colour, line) in zip(cosines.items(), looks, strict=True):
    values = np.array([found[N] for N in SIZES])
    ax.plot(SIZES, values.mean(axis=1), color=colour, linestyle=line, label=name)
    ax.plot(SIZES, values, "o", color=colour, markersize=4, label="_each")
    print(
        f"{name}: " + ", ".join(f"{x:.2f} (N = {N})" for N, x in zip(SIZES, values.mean(axis=1), strict=True))
    )
ax.set(xscale="log", xlabel="N, episodes in the batch", ylabel="cosine with the truth", ylim=(0, 1))
ax.set(xticks=SIZES, xticklabels=SIZES, title="The same mean, three noises")
plots.label_lines(ax, wrap=14)
plots.show(
    fig,
    alt="Cosine between an estimated gradient and the true one over the number of episodes, for three estimates",
)

# %% [markdown]
# Dots are three networks, lines their mean. With the return as weight even 16 episodes leave a wide angle. The same episodes say much more with another weight, the **reward-to-go**, and still more if one subtracts from it what is usual at that time. These two remedies are the next two sections.
#
# ## 2 · What came before (18 minutes)
#
# The estimate multiplies every score with every reward: $\sum_t\sum_{t'}\nabla\log\pi(a_t\mid s_t)\;\gamma^{t'}r_{t'}$.

# %% tags=["hide"]
predict(
    r"For which $t'$ is $\mathbb E\big[\nabla\log\pi(a_t\mid s_t)\;r_{t'}\big] = 0$ in every decision process?",
    {
        "t′ < t": "",
        "t′ ≤ t": r"$r_t = r(s_t,a_t)$ is the reward for $a_t$: what it depends on most.",
        "t′ > t": "Later rewards are those that the action may change.",
    },
    answer="t′ < t",
    ordered=True,
    why="What was paid before is a fixed number when the action is drawn, and a score times a fixed number has the mean 0.",
)

# %% [markdown]
# **Step 1.** Let $t' < t$, and take the mean in two steps: first over $a_t$, with all that came before it held fixed. $r_{t'}$ is then a number, and
# $$\mathbb E\big[\nabla\log\pi(a_t\mid s_t)\,r_{t'}\mid s_0,a_0,\dots,s_t\big] = r_{t'}\,\mathbb E\big[\nabla\log\pi(a_t\mid s_t)\mid s_t\big] = 0.$$
# **Step 2.** So these terms may be dropped. What is left of step $t$ is $\sum_{t'\ge t}\gamma^{t'}r_{t'} = \gamma^tG_t$, and
# $$\boxed{\;\nabla\eta = \mathbb E\Big[\sum_t\gamma^t\,G_t\,\nabla\log\pi(a_t\mid s_t)\Big]\;}$$
#
# The limits matter, and some notes print them wrongly: either the sum that vanishes up to and including $t' = t$, or the reward-to-go with $t$ and $t'$ exchanged, so that it looks back. All terms of lecture 03's world (valley and meadow; there it is drawn), by enumeration. The oracle is central differences of $\eta$ in the two logits of moving:


# %% tags=["hide"]
def nudged_performance(theta, h=1e-5):
    """∂η/∂θ by central differences, in the logits of moving in the valley and in the meadow."""

    def performance(theta):
        found = markov.trajectories(WORLD, markov.softmax_policy(theta), T)
        return found.mean(WORLD.gamma ** np.arange(T) @ found.rewards(WORLD))

    steps = h * np.eye(4).reshape(4, 2, 2)[[1, 3]]
    return np.array([(performance(theta + e) - performance(theta - e)) / (2 * h) for e in steps])


# %% [markdown]
# In the code $t'$ is `u`:

# %%
WORLD, T, theta = markov.two_state(gamma=0.9), 5, np.array([[0.2, -0.4], [0.1, 0.9]])
policy = markov.softmax_policy(theta)
paths = markov.trajectories(WORLD, policy, T)
scores = markov.softmax_scores(policy)[:, :, [1, 3]]  # in the logits of moving, two numbers
r = 0.9 ** np.arange(T)[:, None] * paths.rewards(WORLD)  # γ^t r_t of every trajectory, [T, K]
chosen = scores[paths.states[:-1], paths.actions]  # scores of what was done, [T, K, 2]
terms = np.einsum("tkd,uk,k->tud", chosen, r, paths.probability)  # E[∇log π_t γ^u r_u]
gradient = terms.sum(axis=(0, 1))
before = sum(terms[t, u] for t in range(T) for u in range(t))  # t' < t
now = sum(terms[t, t] for t in range(T))  # t' = t
to_go = returns.discounted_from_start(paths.rewards(WORLD), 0 * r, WORLD.gamma)  # γ^t G_t
with receipts("over all trajectories", oracle="0, or nudged logits") as same:
    same("terms with $t' < t$", before, 0)
    same(
        r"$\sum_t\gamma^tG_t\nabla\log\pi_t$",
        paths.mean(paths.gradients(scores, to_go)),
        nudged_performance(theta),
        1e-8,
    )
print(
    f"terms with t' = t: {now.round(3)}; ∇η: {gradient.round(3)}; rewards up to t: {(before + now).round(3)}"
)
assert abs(now).max() > 0.03 and abs(before + now - gradient).max() > 0.1, (
    "the terms with t' = t may not be dropped, and rewards up to t alone are no gradient"
)

# %% [markdown]
# The length of each term as a picture:

# %% tags=["hide"]
fig = plots.figure(8, 3.6)
ax = plots.axes(fig)
lengths = np.linalg.norm(terms, axis=2)
ax.imshow(lengths, cmap="Blues", vmin=0, vmax=lengths.max() * 1.1)
for t, u in np.ndindex(T, T):
    shown = "0" if lengths[t, u] < 1e-12 else f"{lengths[t, u]:.3f}"
    ax.text(
        u, t, shown, ha="center", va="center", fontsize=12, color="white" if lengths[t, u] > 0.08 else "black"
    )
ax.set(xticks=range(T), yticks=range(T), xlabel="t′, step of the reward", ylabel="t, step of the score")
ax.set_title("Nothing below the diagonal")
plots.show(fig, alt="Matrix of the mean products of scores and rewards: zero below the diagonal")

# %% [markdown]
# Below the diagonal, where the reward came first, every mean is exactly 0. On the diagonal it is not; to its right stands what an action brings later: here mostly one step later, since it decides whether one is in the meadow then.
#
# **How much noise goes with the zeros?** A game that can be computed by hand: *go* pays 1 and the game goes on, *stop* ends it. A policy goes with probability $\theta$ (itself the parameter, no softmax), and $\gamma = 1$.

# %% tags=["hide"]
plots.mdp(markov.two_action(), states=["game", "over"], actions=["go", "stop"])

# %% [markdown]
# After $k$ goes it stops: $R = k$, $\eta = \mathbb E\,k = \theta/(1-\theta)$, and $\nabla\eta = 1/(1-\theta)^2$. The scores are $1/\theta$ for going and $-1/(1-\theta)$ for stopping. With the return, $\hat g = k\,\big(\frac k\theta - \frac1{1-\theta}\big)$. With the reward-to-go the first go is credited with $k$, the last one with 1, the stop with nothing: $\hat g = \frac{k(k+1)}{2\theta}$. The moments of a geometric number, $\mathbb E[k(k-1)\cdots(k-m+1)] = m!\,\big(\frac\theta{1-\theta}\big)^m$, give the variances
# $$\frac{4\theta^2+8\theta+1}{\theta(1-\theta)^4}\quad\text{and}\quad\frac{\theta^2+3\theta+1}{\theta(1-\theta)^4}.$$
# At $\theta = 0.6$ both have the mean 6.25. Their variances and, for later, those with a baseline:

# %%
p_go = 0.6
GAME, always = markov.two_action(), np.array([[p_go, 1 - p_go], [1.0, 0.0]])
games = markov.trajectories(GAME, always, 250)  # longer games have a chance of 1e-56
score = np.zeros((2, 2, 1))
score[0, :, 0] = 1 / p_go, -1 / (1 - p_go)
goes = games.rewards(GAME)
k, left = goes.sum(axis=0), returns.discounted_returns(goes, 0 * goes, 1.0)  # R, and G_t
kinds = {
    "$R$": (k, 4 * p_go**2 + 8 * p_go + 1),
    r"$R - \mathbb E R$": (k - p_go / (1 - p_go), p_go**2 + 6 * p_go + 1),
    "$G_t$": (left, p_go**2 + 3 * p_go + 1),
    r"$G_t - V$": (left - p_go / (1 - p_go), p_go + 1),
}
with receipts("over all games", oracle="closed form") as same:
    for name, (weight, top) in kinds.items():
        estimate = games.gradients(score, weight)
        same(f"{name}: mean", games.mean(estimate), 1 / (1 - p_go) ** 2, 1e-9)
        same(f"{name}: variance", games.variance(estimate), top / (p_go * (1 - p_go) ** 4), 1e-9)

# %% [markdown]
# 471.35 falls to 205.73: for the same accuracy the reward-to-go needs less than half the games. Still, one game has a standard deviation of 14 about a mean of 6.25.
#
# ## 3 · What was to be expected (20 minutes)
#
# If every return is a hundred, every action is pushed up, whether it was good or bad. In the mean these pushes cancel, in a sample they do not. So subtract a **baseline** $b$:
# $$\mathbb E\big[\nabla\log\pi(a_t\mid s_t)\,(G_t - b)\big] = \mathbb E\big[\nabla\log\pi(a_t\mid s_t)\,G_t\big],\qquad\text{since } \mathbb E\big[\nabla\log\pi(a_t\mid s_t)\mid s_t\big]\,b = 0.$$
# The argument holds for every $b$ that is fixed before $a_t$ is drawn: a number, or a function $b(s_t)$ of the state.

# %% tags=["hide"]
predict(
    "Many notes say that a baseline reduces the variance. In the world of valley and meadow returns lie between −0.8 and 3.1, on average 0.4. Subtracting b = 3…",
    {
        "reduces it, as every baseline does": "Every baseline leaves the mean as it was. For the variance a far too large one is as bad as a far too small one.",
        "leaves it as it is": "It leaves the mean as it is. The variance depends on the size of what multiplies the score.",
        "raises it": "",
    },
    answer="raises it",
    why="Now nearly every weight is negative and large, and nearly every action is pushed down hard. In the mean these pushes cancel; in a sample they are noise.",
)

# %% [markdown]
# **Step 1.** Let $g$ be the score of the whole trajectory and $\hat g = g\,(R - b)$. The mean is $\nabla\eta$ for every $b$, so only the square depends on it: $\;\mathrm{Var}(b) = \mathbb E\big[\|g\|^2(R-b)^2\big] - \|\nabla\eta\|^2$ (the sum of the variances of all components).
#
# **Step 2.** That is a parabola: $\;\mathbb E\big[\|g\|^2R^2\big] - 2b\,\mathbb E\big[\|g\|^2R\big] + b^2\,\mathbb E\|g\|^2 - \|\nabla\eta\|^2.$
#
# **Step 3.** Its minimum is where the derivative in $b$ is 0:
# $$\boxed{\;b^* = \frac{\mathbb E\big[\|g\|^2R\big]}{\mathbb E\|g\|^2}\;}$$
# the mean return, but long scores count more. By the symmetry of a parabola a baseline helps if it lies between 0 and $2b^*$ (which is below 0 if $b^*$ is), and harms outside.
#
# All of it for the world of section 2:

# %% tags=["hide"]
R = r.sum(axis=0)
DRAWN = np.random.default_rng(0).choice(len(R), p=paths.probability, size=(300, 200))


def variance(b):
    """Trace of the covariance of g (R − b), over all trajectories."""
    return float(np.trace(paths.covariance(paths.gradients(scores, R - b))))


def least(found, g, R):
    """b* of the scores g [P, K] and returns R [K] of all trajectories."""
    square = (g**2).sum(axis=0)
    return float(found.mean(square * R) / found.mean(square))


whole = paths.gradients(scores, 1.0)  # g of every trajectory, [2, K]
b_star = least(paths, whole, R)
B = np.linspace(-2, 3, 91)
curvature = paths.mean((whole**2).sum(axis=0))
PARABOLA = variance(0) + curvature * (B**2 - 2 * b_star * B)


# %% [markdown]
# In the lab the parabola, and a cloud of 300 estimates from $N$ episodes each, around the true gradient (cross). Its axes are the logits of moving in the valley and in the meadow.


# %% tags=["hide"] stage={"ask": "As the baseline moves, does the cloud move, or does it only grow and shrink?"}
def draw_baseline(fig, b=0.0, N=5):
    ax, cloud = plots.axes(fig, 1, 2)
    here, N = variance(b), round(N)  # a logarithmic slider gives fractions, too
    ax.plot(B, PARABOLA, color=plots.BLACK, linestyle="-")
    ax.axvspan(0, 2 * b_star, color=plots.BLUE, alpha=0.12)
    ax.plot(b, here, "o", color=plots.ORANGE, markersize=11)
    ax.axhline(variance(0), color=plots.GREY, linewidth=1, linestyle=":")
    ax.text(-1.95, 0.15, "dotted: without a baseline", color=plots.GREY, fontsize=11)
    ax.set(xlabel="b", ylabel="variance of one estimate", xlim=(-2, 3), ylim=(0, 9), title="shaded: b helps")
    means = (whole * (R - b))[:, DRAWN[:, :N]].mean(axis=2)
    cloud.plot(*means, ".", color=plots.ORANGE, markersize=6, alpha=0.6)
    cloud.plot(*gradient, "x", color=plots.BLACK, markersize=14, markeredgewidth=3)
    cloud.set(xlim=(-2.5, 2.5), ylim=(-2.5, 2.5), aspect="equal", xlabel="∂η/∂ move in the valley")
    cloud.set(ylabel="∂η/∂ move in the meadow", title=f"300 estimates of {N} episode{'s' * (N > 1)}")
    return {"variance": here, "times the least": here / variance(b_star), "least at b*": b_star}


explore(
    draw_baseline,
    alt="Variance of the gradient estimate over the baseline, a parabola; a cloud of estimates around the true gradient",
    size=(10.5, 4.4),
    settings={"no baseline": {"b": 0.0}, "near the best": {"b": 0.5}, "worse than none": {"b": 3.0}},
    b=Slider("b", "baseline", min=-2.0, max=3.0, step=0.1),
    N=Slider("N", "episodes an estimate", min=1, max=200, log=True),
)

# %% [markdown]
# As $b$ moves, the cloud grows and shrinks, and its middle stays where it is. The receipts: the least variance by a search that knows no formula, and the bad baseline.

# %%
searched = minimize_scalar(variance, bounds=(-5, 5), method="bounded", options={"xatol": 1e-9})
best = least(games, games.gradients(score, 1.0), k)
at_best = games.variance(games.gradients(score, k - best))
with receipts("formula", oracle="another way") as same:
    same("valley and meadow: $b^*$, by search", b_star, searched.x, 1e-6)
    same("$b = 3$: mean of the estimate", paths.mean(paths.gradients(scores, R - 3)), gradient)
    same("the game: $b^* = (1 + 2\\theta)/(1-\\theta)$", best, (1 + 2 * p_go) / (1 - p_go), 1e-9)
    same("the game: variance at $b^*$ is $4/(1-\\theta)^4$", at_best, 4 / (1 - p_go) ** 4, 1e-8)
print(
    f"variance with b = 0: {variance(0):.2f}, b = E[R]: {variance(paths.mean(R)):.2f}, b*: {variance(b_star):.2f}, b = 3: {variance(3):.2f}"
)
assert variance(3) > variance(0) > variance(paths.mean(R)) >= variance(b_star)

# %% [markdown]
# The mean return is nearly as good as $b^*$ here; in the game it is not (322.92 against 156.25), since long games have long scores *and* large returns. Usual in practice is a baseline that knows the state: $b(s) = V^\pi(s)$, learnt by regression on the returns (with the reward-to-go the game's variance falls to 104.17). Then an action is judged by whether it turned out better than usual *there*. Lecture 04 begins with this critic.
#
# ## 4 · Equal variance, opposite fate (10 minutes)
#
# Is less variance always better? Three machines pay 1, 0.7 and 0, and $\theta_a \leftarrow \theta_a + \alpha\,\frac{r-b}{\pi(a)}$ for the machine $a$ that was drawn (the natural gradient of lecture 10, sampled). One number added to all three logits changes no probability, so we subtract from an update its mean over the logits. Of what is left
#
# - the mean is $r_a-\frac13\sum_{a'}r_{a'}$ in component $a$: $b$ has dropped out;
# - the mean square is $\frac23\sum_a\frac{(r_a-b)^2}{\pi(a)}$, because a vector $(x,0,0)$ keeps $\frac23$ of its square.
#
# So the variance is a parabola in $b$ with its minimum at $b^* = \sum_a\frac{r_a}{\pi(a)}\big/\sum_a\frac1{\pi(a)}$. At every policy $b^*-1$ and $b^*+1$ have **equal variance**.

# %% tags=["hide"]
predict(
    r"Twelve hundred runs each with $b^*-1$, $b^*$ and $b^*+1$, the same small $\alpha$. Which end most rarely on a wrong machine?",
    {
        "those with b*: the least variance": "Least variance is the least error at one policy. But what an update makes more probable is drawn more often afterwards, and the variance does not see that.",
        "b* − 1 and b* + 1 alike, both worse than b*": "Their variances are equal, their updates are not: one is mostly pushed up by what it draws, the other down.",
        "those with b* + 1": "",
    },
    answer="those with b* + 1",
    why="With a large baseline whatever is drawn becomes less probable, so the others are tried. With a small one whatever is drawn becomes more probable, and the first luck decides.",
)


# %% [markdown]
# Each run makes two thousand choices. Probabilities are kept as logarithms, so that one of $10^{-300}$ does no harm:

# %% tags=["hide"]
PAYS = np.array([1.0, 0.7, 0.0])


def fates(shift, runs, seed, alpha=0.05, choices=2000):
    """Which of the runs end with a wrong machine as the most probable one, [runs]."""
    rng, logits = np.random.default_rng(seed), np.zeros((runs, 3))
    for _ in range(choices):
        log_p = logits - logits.max(axis=1, keepdims=True)
        log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
        share = np.exp(log_p.min(axis=1, keepdims=True) - log_p)  # ∝ 1/π, without overflow
        b = share @ PAYS / share.sum(axis=1) + shift
        drawn = (np.exp(log_p).cumsum(axis=1) < rng.random(runs)[:, None]).sum(axis=1).clip(max=2)
        each = np.arange(runs), drawn
        logits[each] += alpha * (PAYS[drawn] - b) * np.exp(-log_p[each])
    return logits.argmax(axis=1) != 0


# %% [markdown]
# The share of runs that end on a wrong machine, in three sets of 400 runs:

# %% tags=["hide"]
wrong = {shift: np.array([fates(shift, 400, seed).mean() for seed in range(3)]) for shift in (-1, 0, 1)}
fig = plots.figure(8, 2.9)
ax = plots.axes(fig)
for place, shares in enumerate(wrong.values()):
    ax.barh(place, shares.mean(), color=plots.BLUE, height=0.5)
    ax.plot(shares, np.full(3, place), "o", color=plots.BLACK, markersize=6)
    ax.text(max(shares.max(), 0) + 0.01, place, f"{100 * shares.mean():.1f} %", va="center", fontsize=13)
ax.set(
    yticks=range(3),
    xlim=(0, 0.4),
    xlabel="share of runs on a wrong machine",
    title="The variance does not say it",
)
ax.set_yticklabels(["b* − 1", "b*", "b* + 1"])
assert (wrong[-1] > wrong[0]).all() and (wrong[0] > wrong[1]).all(), "in each of three sets"
plots.show(
    fig,
    alt="; ".join(f"b* {shift:+d}: {100 * x.mean():.1f} % on a wrong machine" for shift, x in wrong.items()),
)

# %% [markdown]
# With $b^*-1$ a fifth of the runs end on a wrong machine, with $b^*$ one in fifteen, with $b^*+1$ none, and this order holds in each set. Variance says how an estimate errs at one $\theta$. Where a run ends depends on the errors of all steps together, and on what they make the policy try next (Chung et al. 2021). So a small variance is worth having, and no guarantee.
#
# ## 5 · The missing $\gamma^t$ (10 minutes)
#
# The box of section 2 has a factor $\gamma^t$: what is decided late counts less. Nearly all code drops it. A case in which that is fatal, after Nota and Thomas (2020): on Monday one may invest, and on Tuesday get 4. On Tuesday one may invest as well, and pay $c = 3$ for nothing. The investor does not know which day it is: one probability $p$ for both. $\gamma = 0.5$.

# %% tags=["hide"]
PRICE = 3.0  # of investing on Tuesday
DAYS = np.zeros((4, 2, 4))  # actions: keep, invest
DAYS[0, 0, 1] = DAYS[0, 1, 2] = DAYS[1:, :, 3] = 1
MARKET = markov.MDP(DAYS, [[0, 0], [0, -PRICE], [4, 4 - PRICE], [0, 0]], [1, 0, 0, 0], 0.5)
SAME = np.array([0, 0, 0, 1])  # all days look alike
PLACES = np.array([[-2.2, 0], [0, 1.1], [0, -1.1], [2.2, 0]])
plots.mdp(MARKET, states=["Mon", "Tue, poor", "Tue, rich", "over"], actions=["keep", "invest"], layout=PLACES)

# %% [markdown]
# Who always invests earns $\gamma(4-3) = 0.5$, who never does 0; and with $\gamma = 1$ it is 1 against 0. So investing is right either way. Both updates begin at $p = 0.5$.


# %%
def update(logit, with_discount):
    """E[Σ_t ∇log π(a_t|s_t) w_t] in the logit of investing: w = γ^t G_t, or G_t as in most code."""
    policy = markov.softmax_policy(np.array([[0.0, logit], [0.0, 0.0]]))[SAME]
    two_days = markov.trajectories(MARKET, policy, 2)
    pay = two_days.rewards(MARKET)
    weight = (returns.discounted_from_start if with_discount else returns.discounted_returns)(
        pay, 0 * pay, 0.5
    )
    return two_days.mean(two_days.gradients(markov.softmax_scores(policy, SAME), weight))[1]


chances = {}
for name, kept in (("with γᵗ", True), ("without", False)):
    logit = [0.0]
    for _ in range(1000):
        logit.append(logit[-1] + 0.5 * update(logit[-1], kept))
    chances[name] = 1 / (1 + np.exp(-np.array(logit)))
with receipts("exact update at $p = 0.5$", oracle="by hand, times $p(1-p)$") as same:
    same(r"with: $\gamma\cdot4-\gamma\cdot c$", update(0.0, True), 0.25 * 0.5 * (4 - PRICE))
    same(r"without: $\gamma\cdot4-c$", update(0.0, False), 0.25 * (0.5 * 4 - PRICE))

# %% [markdown]
# Left the two walks of $p$. On the right a test that every gradient passes: the derivative of its $i$-th component in $\theta_j$ equals that of the $j$-th in $\theta_i$, as both are second derivatives of one function. We nudge the logits of a random process of three states.


# %% tags=["hide"]
def field(logits, with_discount):
    """The expected update in six logits, over all trajectories of four steps."""
    process = markov.MDP.random(3, 2, 0, gamma=0.8)
    policy = markov.softmax_policy(logits.reshape(3, 2))
    found = markov.trajectories(process, policy, 4)
    pay = found.rewards(process)
    weight = (returns.discounted_from_start if with_discount else returns.discounted_returns)(
        pay, 0 * pay, 0.8
    )
    return found.mean(found.gradients(markov.softmax_scores(policy), weight))


# %% [markdown]
# Both, drawn:

# %% tags=["hide"]
at, jacobians = np.random.default_rng(1).normal(size=6), {}
for name, kept in (("with γᵗ", True), ("without", False)):
    jacobian = np.array([(field(at + e, kept) - field(at - e, kept)) / 2e-5 for e in 1e-5 * np.eye(6)])
    jacobians[name] = abs(jacobian - jacobian.T).max()
assert jacobians["with γᵗ"] < 1e-9 and jacobians["without"] > 1e-3
fig = plots.figure(10.5, 3.4)
ax, curl = plots.axes(fig, 1, 2, width_ratios=(1.5, 1))
for (name, walk), (colour, line) in zip(
    chances.items(), ((plots.BLUE, "-"), (plots.ORANGE, plots.DASHES)), strict=True
):
    ax.plot(np.arange(1001), walk, color=colour, linestyle=line, label=name)
    print(f"{name}: p = {walk[-1]:.3f} after 1000 updates; Jacobian off symmetry by {jacobians[name]:.1e}")
ax.set(
    xlabel="updates",
    ylabel="p, chance of investing",
    ylim=(0, 1),
    xlim=(0, 1000),
    title="right and wrong corner",
)
plots.label_lines(ax)
curl.bar([0, 1], list(jacobians.values()), color=[plots.BLUE, plots.ORANGE], width=0.5)
curl.set(xticks=[0, 1], yscale="log", ylim=(1e-12, 1), title="asymmetry of the Jacobian")
curl.set_xticklabels(list(jacobians))
plots.show(
    fig,
    alt="Chance of investing with and without γᵗ; the asymmetry of the Jacobian is rounding with it and 0.009 without it",
)

# %% [markdown]
# With $\gamma^t$ the chance of investing goes to 1. Without it Tuesday's 3 counts in full against Monday's $\gamma\cdot4 = 2$, and the policy ends where it earns nothing, the worst under either discount. (It weighs values with $\gamma$ by visits without it.) With one parameter every update is the slope of something, here of $(\gamma\cdot4-c)\,p$. With several the asymmetry says more: *no* function at all has the update as its gradient. It is used all the same, because with $\gamma^t$ late steps hardly teach anything, and mostly it does well. Lecture 05b has a case where it comes to rest between the two.
#
# ## 6 · Through the noise: the pathwise derivative (12 minutes)
#
# If $f$ has a slope that we know, why hide it? Write the action of a Gaussian policy as $a = \mu + \sigma\xi$; the chance is now in $\xi$, which does not depend on $\mu$. So the derivative may go inside:
# $$\frac{\partial}{\partial\mu}\,\mathbb E\,f(\mu+\sigma\xi) = \mathbb E\,f'(\mu+\sigma\xi),\qquad\text{beside}\qquad\mathbb E\Big[f(a)\,\frac{\xi}{\sigma}\Big]$$
# from the score function. This is the **pathwise** estimate (the "reparametrisation trick"). It exists if the action is a smooth function of parameters and noise, as no softmax's is, and if $f$ is the integral of its derivative: no jumps, and a slope (with an integrable bound) except at single points. And somebody must know $f'$: a model, or a critic, as in lecture 05b.

# %% tags=["hide"]
predict(
    "Lecture 03's hiker stands on a terraced hill. What is the mean of her pathwise estimate?",
    {
        "the true slope of J, with less variance": "That is so on a smooth hill.",
        "0": "",
        "infinite, because of the edges": "The stones hit an edge with probability 0. What the jumps contribute is not seen at all.",
    },
    answer="0",
    why="f′ = 0 wherever a stone lands. Derivative and mean must not be exchanged here, and the estimate is wrong by the whole slope.",
)

# %% [markdown]
# Which of the two has less variance? In the lab a reward $f(a) = 3 - (a-1)^2 + \cos\omega a$ and a policy at $\mu = 0$. **Try.** Make it wavy; then make $\sigma$ small, then large.


# %% tags=["hide"]
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(180)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def two_estimates(omega, sigma, mu=0.0):
    """Mean and variance of the score function's estimate, of it with its best baseline, and of the pathwise one."""
    a = mu + sigma * NODES
    f, slope = 3 - (a - 1) ** 2 + np.cos(omega * a), -2 * (a - 1) - omega * np.sin(omega * a)
    best = WEIGHTS @ (NODES**2 * f)  # E[ξ²] = 1
    found = np.array([f * NODES / sigma, (f - best) * NODES / sigma, slope])
    mean = found @ WEIGHTS
    return mean, ((found - mean[:, None]) ** 2) @ WEIGHTS


# %% [markdown]
# And the lab:


# %% tags=["hide"]
def draw_waves(fig, omega=2.0, sigma=0.5):
    ax, bars = plots.axes(fig, 1, 2, width_ratios=(1.4, 1))
    a = np.linspace(-2.5, 3.5, 600)
    f = 3 - (a - 1) ** 2 + np.cos(omega * a)
    ax.plot(a, f, color=plots.BLACK, linestyle="-", label="f")
    ax.fill_between(
        a, -5, -5 + 4 * np.exp(-((a / sigma) ** 2) / 2), color=plots.BLUE, alpha=0.25, linewidth=0
    )
    ax.text(0, -4.8, "policy", ha="center", color=plots.ink(plots.BLUE))
    ax.set(xlim=(-2.5, 3.5), ylim=(-5, 5), xlabel="action", ylabel="reward f")
    mean, var = two_estimates(omega, sigma)
    names = ["score function", "score function − b*", "pathwise"]
    bars.barh(range(3), var, color=[plots.ORANGE, plots.SKY, plots.BLUE], height=0.6)
    for place, x in enumerate(var):
        bars.text(x * 1.15, place, f"{x:.3g}", va="center")
    bars.set(yticks=range(3), xscale="log", xlim=(0.03, 10_000), xlabel="variance of one draw")
    bars.set_yticklabels(names)
    return {"slope of J": mean[2], **dict(zip(names, var, strict=True))}


explore(
    draw_waves,
    alt="A wavy reward over the action with the policy's density; variances of score function and pathwise estimates",
    size=(10.5, 3.8),
    settings={
        "smooth": {"omega": 0.0, "sigma": 0.5},
        "wavy": {"omega": 12.0, "sigma": 0.5},
        "nearly certain": {"omega": 2.0, "sigma": 0.1},
    },
    omega=Slider("ω", "how wavy", min=0.0, max=12.0, step=0.5),
    sigma=Slider("σ", "spread of the policy", min=0.1, max=1.0, step=0.05),
)

# %% [markdown]
# On a smooth reward the pathwise estimate has far less variance, and for $\sigma\to0$ its variance goes to 0, while the score function's explodes and with a baseline settles at twice the squared slope. On a wavy one the slopes of the waves drown that of the hill: at $\omega = 12$ and $\sigma = 0.5$ the score function is the quieter one. The receipts, and the staircase $f(a) = \lfloor a\rfloor$:

# %%
from scipy.integrate import quad

sigma, stairs = 0.5, np.arange(-20, 21)


def wavy_slope(omega, mu):
    """dJ/dμ, for J = 3 − (μ − 1)² − σ² + exp(−ω²σ²/2) cos ωμ."""
    return -2 * (mu - 1) - omega * np.exp(-((omega * sigma) ** 2) / 2) * np.sin(omega * mu)


def weighted_step(a):
    """⌊a⌋ (a − μ)/σ² π(a), whose integral is the mean of the score function's estimate."""
    return np.floor(a) * (a - 0.2) / sigma**2 * norm.pdf(a, 0.2, sigma)


density = norm.pdf(stairs, 0.2, sigma).sum()  # each edge adds 1 · density to dJ/dμ
edges = [quad(weighted_step, step, step + 1)[0] for step in range(-6, 6)]
with receipts("estimate", oracle="closed form") as same:
    for omega in (0.0, 2.0, 8.0):
        mean, _ = two_estimates(omega, sigma, mu=0.3)
        same(
            rf"$\omega = {omega:g}$: means of all three, at $\mu = 0.3$", mean, wavy_slope(omega, 0.3), 1e-10
        )
    same("stairs: mean of the score function's", sum(edges), density, 1e-7)
assert density > 0.9, "and the pathwise estimate of the stairs has the mean 0"

# %% [markdown]
# ## 7 · REINFORCE with each remedy on a switch (8 minutes)
#
# Each remedy is a field of the package's REINFORCE: `weights`, `baseline`, `critic_steps`. A small class turns them into switches that may be moved while it learns:


# %%
@dataclass(frozen=True)
class Remedies(REINFORCE):
    """REINFORCE with a switch for each remedy of this page."""

    to_go: bool = False
    discount: bool = False  # keep γ^t
    minus: str = "nothing"  # the baseline

    def update(self, nets, rollout, rng):
        weights = returns.discounted_from_start if self.discount else returns.discounted_returns
        chosen = replace(
            self,
            weights=weights if self.to_go else returns.whole_returns,
            baseline=BASELINES.get(self.minus, baselines.no_baseline),
            critic_steps=10 if self.minus == "learnt" else 0,
        )
        return REINFORCE.update(chosen, nets, rollout, rng)


BASELINES = {"mean": baselines.mean_baseline, "optimal": baselines.optimal_baseline}

# %% [markdown]
# Live. Start without any remedy; then add one at a time. (*Optimal* is section 3's box with the score of a single step for $g$.) The recording behind your curves is of no remedy.

# %% tags=["hide"] stage={"ask": "Which single remedy will help most?"}
live(
    Remedies(),
    "CartPole-v1",
    steps=60_000,
    seeds=4,
    recorded="recordings/03b-cartpole.json",
    title="REINFORCE with remedies on CartPole",
    to_go=Switch("", "reward-to-go"),
    minus=Choice("b", "baseline", ["nothing", "mean", "optimal", "learnt"]),
    discount=Switch("", "keep γᵗ"),
    learning_rate=Slider("α", "learning rate", min=3e-4, max=3e-2, log=True),
)

# %% [markdown]
# The same with thirty seeds, recorded; here and now the page runs the beginning.


# %%
def remedy_experiment(steps, seeds):
    """Returns [S, E] of REINFORCE on CartPole with more and more remedies, at the steps `at`."""
    found = {}
    for name, options in REMEDIES.items():
        run = train(Remedies(**options), "CartPole-v1", steps, seeds, evaluate_every=4096)
        found |= {"at": run.curve.steps, name: run.curve.returns}
    return found


REMEDIES = {
    "none": {},
    "reward-to-go": {"to_go": True},
    "and mean": {"to_go": True, "minus": "mean"},
    "and learnt": {"to_go": True, "minus": "learnt"},
}
few = {"steps": 4096, "seeds": 3}
curves, _ = recorded("recordings/03b-remedies.json", remedy_experiment, few, steps=24_576, seeds=30)

# %% [markdown]
# The returns (interquartile means, 95 % intervals); *and mean* and *and learnt* add a baseline to the reward-to-go:

# %% tags=["hide"]
fig = plots.figure(8.5, 3.8)
ax = plots.axes(fig)
styles = (
    (plots.ORANGE, plots.DOTS),
    (plots.SKY, plots.DASH_DOT),
    (plots.BLUE, plots.DASHES),
    (plots.PURPLE, "-"),
)
for name, (colour, line) in zip(REMEDIES, styles, strict=True):
    plots.learning_curve(
        ax, curves["at"], curves[name], name, colour, line, seeds_width=0.15, bounds=(0, 500)
    )
ax.set(ylim=(0, 500), xlim=(0, 24_576), title="REINFORCE on CartPole")
plots.label_lines(ax)
names = list(REMEDIES)
for more, less in zip(names[1:], names, strict=False):
    sets = intervals_of_sets((curves[more] - curves[less]).mean(axis=1))
    words = "; ".join(f"{x.estimate:.0f} [{x.low:.0f}, {x.high:.0f}]" for x in sets)
    print(f"mean return of '{more}' less that of '{less}', three sets of ten seeds: {words}")
plots.show(
    fig,
    alt="Returns of REINFORCE on CartPole with no remedy, reward-to-go, mean baseline and learnt baseline",
)

# %% [markdown]
# With each of the first two remedies the same number of steps teaches more: after 24,576 steps the curves stand at 123, 307, 450 and 459 of 500. Averaged over the whole training the reward-to-go gains 73 to 91 in each of three disjoint sets of ten seeds, and the mean baseline another 43 to 47. Whether a learnt baseline does better than the mean the three sets leave open. In the mean the remedies leave the gradient as it is, up to two liberties that are usual in code: the reward-to-go lacks $\gamma^t$ here, and the mean that is subtracted comes from the same batch.
#
# ## Summary
#
# - An action cannot have caused what came before it: rewards with $t' < t$ drop out, those with $t' = t$ stay. What remains is the reward-to-go.
# - A baseline that is fixed before the action is drawn leaves the mean as it is. The variance is a parabola with its minimum at $b^* = \mathbb E[\|g\|^2R]/\mathbb E\|g\|^2$; a baseline that does not lie between 0 and $2b^*$ harms.
# - Variance is not everything: two baselines of equal variance can end differently, because errors also decide what is tried next.
# - $\gamma^t$ belongs to the gradient of $\eta$. Without it the update is in general no function's gradient, and can end at the worst policy.
# - The pathwise derivative needs the slope of the reward and no jumps. Then it is quiet where the reward is smooth; the score function does not care.
#
# ## Exercises
#
# 1. ★ (5 minutes) In the game of section 2 let $\theta = 0.5$. Compute $\nabla\eta$ and both variances by the formulas. Does the ratio grow or fall towards $\theta = 1$?
#    <details><summary>Hint</summary>In the ratio of the two variances the common denominator cancels.</details>
#    <details><summary>Answer</summary>4; 192 and 88, a ratio of 2.18. It grows from 1 at θ = 0 to 13/5 = 2.6 at θ = 1: the longer the game, the more there is to drop.</details>
# 2. ★★ (10 minutes) A policy may choose between two actions, with probability ½ each; they pay 10 and 11, and the episode is over. Which baseline makes the variance of the estimate exactly 0?
#    <details><summary>Hint</summary>The two scores are opposite, ±(½, −½).</details>
#    <details><summary>Answer</summary>10.5: then both actions give the same estimate, (10 − 10.5)(½, −½) = (11 − 10.5)(−½, ½). It is b* and the mean return, since both scores have one length.</details>
# 3. ★★ (15 minutes) Derive the mean and the variance of $\hat g = k(k+1)/(2\theta)$ from the factorial moments.
#    <details><summary>Hint</summary>With x = θ/(1 − θ): E[k(k−1)] = 2x², E[k(k−1)(k−2)] = 6x³, E[k(k−1)(k−2)(k−3)] = 24x⁴. And k(k+1) = k(k−1) + 2k; its square is k(k−1)(k−2)(k−3) + 8k(k−1)(k−2) + 14k(k−1) + 4k.</details>
#    <details><summary>Answer</summary>Mean: (2x² + 2x)/(2θ) = x(x + 1)/θ = 1/(1 − θ)². Square: (24x⁴ + 48x³ + 28x² + 4x)/(4θ²). Less the squared mean, with x = θ/(1 − θ), it is (θ² + 3θ + 1)/(θ(1 − θ)⁴).</details>
# 4. ★★★ (20 minutes) In section 5, let the price $c$ vary. For which $c$ do the updates with and without $\gamma^t$ agree in direction, and for which are they opposed? Set `PRICE = 1.0` where the days are drawn (unfold that cell), and run section 5 again.
#    <details><summary>Hint</summary>The two receipts of section 5 say what either update is at p = ½; at any other p only the factor p(1 − p) differs.</details>
#    <details><summary>Answer</summary>With: γ · 4 − γc, so investing is right for c < 4. Without: γ · 4 − c, so it is thought right for c < 2 only. They are opposed for 2 < c < 4 and agree for c < 2 (invest) and c > 4 (do not). With c = 1 both go to 1.</details>

# %% [markdown]
# ## Further · Which baseline for each step?
#
# With the reward-to-go the estimate is a sum over steps, $\sum_tg_t\,(\gamma^tG_t - b_t)$ with $g_t = \nabla\log\pi(a_t\mid s_t)$, and each step may have a baseline of its own. For which numbers $b_t$ is the variance least? It is a quadratic function of them, so its derivative gives a linear system, $Mb = v$, with $M_{tu} = \mathbb E[g_t\cdot g_u]$ and $v_t = \mathbb E\big[g_t\cdot\sum_ug_u\gamma^uG_u\big]$. Scores of different steps are uncorrelated (the later one has mean 0 whatever came before), so $M$ is diagonal:
# $$b_t^* = \frac{\mathbb E\big[g_t\cdot\sum_ug_u\,\gamma^uG_u\big]}{\mathbb E\|g_t\|^2}.$$
# Two familiar approximations keep only the term $u = t$, and then take $\|g_t\|^2$ and $G_t$ for independent, which leaves the mean of $\gamma^tG_t$. What each costs here:

# %%
dots = np.einsum("tkd,ukd,k->tu", chosen, chosen, paths.probability)
along = np.einsum("tkd,ukd,uk,k->tu", chosen, chosen, to_go, paths.probability)


def step_variance(b):
    """Variance with a baseline for each step, [T]."""
    return float(np.trace(paths.covariance(paths.gradients(scores, to_go - np.asarray(b)[:, None]))))


own = {"none": np.zeros(T), "mean": paths.mean(to_go), "own term": np.diag(along) / np.diag(dots)}
own["best"] = along.sum(axis=1) / np.diag(dots)
for name, b in own.items():
    print(f"{name:8}: b = {np.round(b, 2)}, variance {step_variance(b):.4f}")
slope = [(step_variance(own["best"] + e) - step_variance(own["best"] - e)) / 2e-4 for e in 1e-4 * np.eye(T)]
with receipts("over all trajectories", oracle="0") as same:
    same("scores of different steps are uncorrelated", dots - np.diag(np.diag(dots)), 0)
    same("slope of the variance at the best $b_t$", slope, 0, 1e-9)

# %% [markdown]
# One mean for each step takes off a third of the variance, the best numbers two fifths. To keep only the own term costs less than one per cent.
#
# ## Sources
#
# - Greensmith, Bartlett, Baxter, *Variance reduction techniques for gradient estimates in reinforcement learning*, [JMLR 5, 2004](https://www.jmlr.org/papers/v5/greensmith04a.html): the optimal baseline.
# - Chung, Thomas, Machado, Le Roux, *Beyond variance reduction: understanding the true impact of baselines on policy optimization*, ICML 2021, [arXiv:2008.13773](https://arxiv.org/abs/2008.13773): equal variance, different fate.
# - Nota, Thomas, *Is the policy gradient a gradient?*, AAMAS 2020, [arXiv:1906.07073](https://arxiv.org/abs/1906.07073): the missing $\gamma^t$.
# - Mohamed, Rosca, Figurnov, Mnih, *Monte Carlo gradient estimation in machine learning*, JMLR 2020, [arXiv:1906.10652](https://arxiv.org/abs/1906.10652): score function and pathwise estimates side by side.
# - Williams, *Simple statistical gradient-following algorithms for connectionist reinforcement learning*, Machine Learning 8, 1992, [doi:10.1007/BF00992696](https://doi.org/10.1007/BF00992696).
