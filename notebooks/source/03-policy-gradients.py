# %% [markdown] tags=["head"]
# # Lecture 03 · Policy gradients
#
# question: How can one climb an expectation without knowing the environment?
# objectives:
# - **derive** the score-function estimator in four steps, and say what it does not need
# - **compute** the scores of softmax and Gaussian policies, and show that their mean is 0
# - **prove** that the environment drops out of the policy gradient, and check it over all trajectories
# - **give** two problems in which the best policy gambles
# - **read** REINFORCE line by line, and **explain** why one step too far may be the last
# needs:
# - 01: returns, $V^\pi$ and $Q^\pi$, the probability of a trajectory
# - derivatives of products and logarithms
# - a little NumPy
# symbols: s, a, r, t, T, \gamma, \rho_0, \pi, \theta, \eta, \alpha, \sigma, N, V^\pi, Q^\pi, d^\pi, \mathbb E
# - $x$: any outcome of chance, drawn from $p_\theta$
# - $f(x)$: what the outcome is worth
# - $\mu$: mean of a Gaussian policy
# - $J(\theta)$: mean worth, $\mathbb E_{x\sim p_\theta}f(x)$, which is to be climbed
# - $\hat g$: estimate of a gradient, from draws
# - $\tau$: trajectory $s_0, a_0, s_1, a_1, \dots, s_T$
# - $P(s'\mid s,a)$: transition probabilities
# - $R(\tau)$: return of a trajectory, $\sum_t\gamma^tr_t$
# - $w_t$: weight of the score of step $t$
# - $b$: baseline, a number that is subtracted from weights
# - $o$: what an agent sees of a state
# - $q$: chance of going east in a grey cell
# homework: 2

# %% tags=["import", "hide"]
import numpy as np
import torch
from matplotlib.patches import Circle, Rectangle
from scipy.stats import ncx2, norm

from rlcourse import plots
from rlcourse.algorithms.reinforce import REINFORCE
from rlcourse.equations import markov
from rlcourse.equations.returns import whole_returns
from rlcourse.experiments import recorded
from rlcourse.pages import pseudocode, receipts
from rlcourse.parts.distributions import Gaussian
from rlcourse.training import train
from rlcourse.widgets import Slider, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · A hill in the fog (14 minutes)
#
# A hiker stands on a terraced hill in thick fog. She cannot see, and a spirit level is useless, for every terrace is flat. But she can throw stones: each lands at a random point $x$ around her, normally distributed with standard deviation $\sigma$, and from the sound she hears how high it landed, $f(x)$.

# %% tags=["hide"]
RADII = np.array([0.5, 1.0, 1.5, 2.1, 2.8])  # of the terraces: one metre higher at each


def height(x):
    """Metres above the plain at points x [..., 2]: how many of the discs hold them."""
    return (np.linalg.norm(x, axis=-1, keepdims=True) < RADII).sum(axis=-1)


def expected_height(theta, sigma):
    """J(θ) in closed form: a stone's squared distance from the top is non-central χ²."""
    return ncx2.cdf((RADII / sigma) ** 2, 2, np.sum(np.square(theta)) / sigma**2).sum()


def draw_hill(ax):
    ax.set_facecolor("#FFFFFF")
    for level, radius in enumerate(RADII[::-1]):
        grey = 0.86 - 0.11 * level
        ax.add_patch(Circle((0, 0), radius, facecolor=(grey,) * 3, edgecolor=plots.GREY, linewidth=0.6))
    ax.set(xlim=(-3.6, 3.6), ylim=(-3.6, 3.6), aspect="equal", xlabel="metres east", ylabel="metres north")


fig = plots.figure(6, 4)
ax = plots.axes(fig)
draw_hill(ax)
ax.plot(-2.0, -1.4, "o", color=plots.BLACK, markersize=9)
ax.text(-2.1, -1.7, "hiker", ha="right", va="top")
ax.set_title("What she cannot see: five terraces")
plots.show(
    fig, alt="A round hill of five terraces from above, the darker the higher, and the hiker on its slope"
)

# %% [markdown]
# Each terrace is one metre higher than the next; the darkest is the top.

# %% tags=["hide"]
predict(
    r"She draws an arrow to each landing point, multiplies its length by the height at which the stone landed, and takes the mean of many such arrows. Her own terrace is flat. Where does the mean arrow point?",
    {
        "to the top of the hill": "",
        "nowhere: where it is flat there is no slope": "That is so for the slope under her feet. Her stones land on other terraces, too.",
        "nowhere: as many stones land on each side of her": "Their numbers are equal, in the mean; the lengths of their arrows are not.",
    },
    answer="to the top of the hill",
    why="Arrows towards high ground are longer than those towards low ground, and in the mean they win. The hill is round, so uphill is towards its top.",
)

# %% [markdown]
# `throws` lets stones fall and takes the mean of their arrows; `slope_of_J` is what such means estimate: how fast the mean height of all stones grows as she walks.


# %% tags=["hide"]
def slope_of_J(theta, sigma, h=1e-5):
    """∇J(θ) by central differences of the closed form."""
    nudged = [(expected_height(theta + e, sigma), expected_height(theta - e, sigma)) for e in h * np.eye(2)]
    return np.array([(up - down) / (2 * h) for up, down in nudged])


def throws(theta, sigma, N, repeats, seed=0):
    """Landing points [repeats, N, 2] and the mean of f(x) (x − θ)/σ² of each repeat [repeats, 2]."""
    x = theta + sigma * np.random.default_rng(seed).normal(size=(repeats, N, 2))
    return x, np.mean(height(x)[..., None] * (x - theta) / sigma**2, axis=1)


# %% [markdown]
# On the left the terraces, her stones and, in orange, the mean of $f(x)\,(x-\theta)/\sigma^2$, where $\theta$ is the point at which she stands. On the right 200 such means, each of $N$ new stones, and as a black cross what they estimate. **Try.** Go up to the top; throw fewer stones; throw them nearer.


# %% tags=["hide"]
def draw_fog(fig, east=-2.0, north=-1.4, sigma=0.8, N=100):
    ax, cloud = plots.axes(fig, 1, 2)
    theta, N = np.array([east, north]), round(N)  # a logarithmic slider gives fractions, too
    x, means = throws(theta, sigma, N, 201)
    truth = slope_of_J(theta, sigma)
    draw_hill(ax)
    ax.plot(*x[0].T, ".", color=plots.BLUE, markersize=4)
    ax.plot(*theta, "o", color=plots.BLACK, markersize=9)
    tip = theta + means[0] / max(np.linalg.norm(means[0]), 1e-9) * 1.3
    ax.annotate("", tip, theta, arrowprops={"arrowstyle": "-|>", "color": plots.ORANGE, "lw": 3.5})
    ax.set_title(f"{N} stones and their arrow" if N > 1 else "1 stone and its arrow")
    cloud.plot(*means[1:].T, ".", color=plots.ORANGE, markersize=5, alpha=0.6)
    cloud.plot(*truth, "x", color=plots.BLACK, markersize=14, markeredgewidth=3)
    far = max(2.0, 2 * np.ceil(np.abs(means).max() / 2))
    cloud.axhline(0, color=plots.GREY, linewidth=0.8, linestyle="-")
    cloud.axvline(0, color=plots.GREY, linewidth=0.8, linestyle="-")
    cloud.set(xlim=(-far, far), ylim=(-far, far), aspect="equal", xlabel="slope to the east")
    cloud.set(ylabel="slope to the north", title="200 estimates and the truth")
    spread = np.sqrt(means[1:].var(axis=0).sum())
    return {"mean height J": expected_height(theta, sigma), "slope of J": np.hypot(*truth), "spread": spread}


explore(
    draw_fog,
    alt="A terraced hill with thrown stones and the mean of their arrows; 200 estimates of the slope around the true one",
    size=(10.5, 4.6),
    settings={"at the top": {"east": 0.0, "north": 0.0}, "few stones": {"N": 5},
        "near throws": {"sigma": 0.2}, "far throws": {"sigma": 1.5}},
    east=Slider("θ₁", "metres east", min=-3.0, max=3.0, step=0.1),
    north=Slider("θ₂", "metres north", min=-3.0, max=3.0, step=0.1),
    sigma=Slider("σ", "spread of the throws", min=0.2, max=1.5, step=0.05),
    N=Slider("N", "stones", min=1, max=1000, log=True),
)  # fmt: skip

# %% [markdown]
# The cloud lies around the cross wherever she stands: the estimate is right in the mean, though the ground has no slope. What has a slope is $J(\theta)$, the mean height of stones thrown from $\theta$, because chance smooths the steps. Few stones make a wide cloud. So do near throws: their arrows $x-\theta$ shrink like $\sigma$, but are divided by $\sigma^2$.
#
# The hiker is a policy, the stone an action, the height a return. Nothing had to be known about the hill.
#
# ## 2 · The score function (18 minutes)
#
# Let $x$ be any outcome of chance with probability $p_\theta(x)$, and $f(x)$ its worth. We want to climb $J(\theta) = \mathbb E f(x)$.
#
# **Step 1.** The parameters act on the probabilities, not on the worth of an outcome:
# $$\nabla J = \nabla\sum_x p_\theta(x)\,f(x) = \sum_x \nabla p_\theta(x)\,f(x).$$
# (For densities the sum is an integral, and derivative and integral may be exchanged if $p_\theta$ is smooth in $\theta$ and $\nabla p_\theta\,f$ has an integrable bound near $\theta$.)
#
# **Step 2.** Multiply and divide by $p_\theta(x)$, where it is not 0 (where it is 0 it is at its least, so its gradient is 0 as well): $\;\nabla p_\theta = p_\theta\,\dfrac{\nabla p_\theta}{p_\theta} = p_\theta\,\nabla\log p_\theta.$
#
# **Step 3.** So the sum is a mean again:
# $$\boxed{\;\nabla J = \mathbb E_{x\sim p_\theta}\big[f(x)\,\nabla\log p_\theta(x)\big]\;}$$
# **Step 4.** A mean can be estimated from draws: $\hat g = \frac1N\sum_i f(x_i)\,\nabla\log p_\theta(x_i)$, whose expectation is $\nabla J$ for every $N$.
#
# $\nabla\log p_\theta(x)$ is the **score** of $x$: the direction in which $\theta$ must go to make $x$ more probable. Each outcome pulls $\theta$ towards itself, as strongly as it is worth. What was *not* needed: a derivative of $f$, nor even that it has one.
#
# **The score has mean 0.** Take $f = 1$: then $J = 1$ for every $\theta$, so $\mathbb E\,\nabla\log p_\theta(x) = \nabla 1 = 0$. Making everything more probable is impossible.
#
# Two families of policies carry this course. A **softmax** has a logit $\theta_a$ for each action, $\pi(a) = e^{\theta_a}/\sum_{a'} e^{\theta_{a'}}$, so $\log\pi(a) = \theta_a - \log\sum_{a'} e^{\theta_{a'}}$ and
# $$\frac{\partial\log\pi(a)}{\partial\theta_{a'}} = [a = a'] - \pi(a'),$$
# where $[a=a']$ is 1 if $a = a'$ and otherwise 0. A **Gaussian** has $\log\pi(a) = -\frac{(a-\mu)^2}{2\sigma^2} - \log\sigma + \text{constant}$, so
# $$\frac{\partial\log\pi(a)}{\partial\mu} = \frac{a-\mu}{\sigma^2},\qquad \frac{\partial\log\pi(a)}{\partial\log\sigma} = \frac{(a-\mu)^2}{\sigma^2} - 1.$$
# The first is the hiker's arrow.

# %% tags=["hide"]
predict(
    r"A softmax policy chooses action 0 with probability 0.99 and action 1 with 0.01. Whose score is the longer vector?",
    {
        "that of the probable action": "It is nearly certain already; there is hardly a way to make it more so.",
        "that of the rare action": "",
        "both are equally long": "Their weighted sum is 0, so they point in opposite directions; but the weights differ.",
    },
    answer="that of the rare action",
    why=r"$0.99\cdot\text{score}_0 + 0.01\cdot\text{score}_1 = 0$, so the rare one is 99 times as long. It comes rarely, and then moves the policy far.",
)

# %% [markdown]
# The two scores as arrows in the plane of the logits; dotted beside them, each score times the probability of its action. **Try.** Make one logit large: what happens to each arrow, and to the dotted lines?


# %% tags=["hide"]
def draw_scores(fig, theta0=1.0, theta1=-0.5):
    ax, bars = plots.axes(fig, 1, 2, width_ratios=(1.5, 1))
    policy = markov.softmax_policy(np.array([theta0, theta1]))
    scores = np.eye(2) - policy
    looks = ((plots.BLUE, "score of action 0"), (plots.ORANGE, "score of action 1"))
    aside = 0.09 * np.array([1, 1])  # the dotted arrows stand beside the others
    for score, p, (colour, name), side in zip(scores, policy, looks, (1, -1), strict=True):
        ax.annotate("", score, (0, 0), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 3})
        ax.plot(
            *(aside + np.outer([0, p], score)).T, color=plots.ink(colour), linestyle=plots.DOTS, linewidth=3
        )
        ax.text(1.15 * side, -1.15 * side, name, color=plots.ink(colour), ha="center", va="center")
    ax.set(xlim=(-2.2, 2.2), ylim=(-1.35, 1.35), xlabel="∂/∂θ₀", ylabel="∂/∂θ₁", aspect="equal")
    ax.set_title("dotted: times probability")
    bars.bar([0, 1], policy, color=[plots.BLUE, plots.ORANGE], width=0.6)
    bars.set(xticks=[0, 1], ylim=(0, 1), xlabel="action", ylabel="probability", title="policy")
    lengths = np.linalg.norm(scores, axis=1)
    return {"π(0)": policy[0], "length of score 0": lengths[0], "length of score 1": lengths[1]}


explore(
    draw_scores,
    alt="Scores of two actions as arrows in the plane of their logits, and the policy's probabilities",
    size=(10.5, 3.8),
    settings={
        "undecided": {"theta0": 0.0, "theta1": 0.0},
        "nearly sure of 0": {"theta0": 4.0, "theta1": 0.0},
        "the same, shifted": {"theta0": 1.0, "theta1": -3.0},
    },
    theta0=Slider("θ₀", "logit of action 0", min=-4.0, max=4.0, step=0.1),
    theta1=Slider("θ₁", "logit of action 1", min=-4.0, max=4.0, step=0.1),
)

# %% [markdown]
# The arrows lie on one line, since only the difference of the logits matters, and the dotted ones cancel. The sure action's score shrinks to nothing: a policy that has become certain learns little from doing what it always does. Now the receipts. The mean over all landing points is an integral over the five discs; it is computed numerically, so no stone is thrown:


# %%
def by_scores(theta, sigma):
    """E[f(x) ∇log p(x)] over the plane: a disc at a time, by Gauss's rule along radii, evenly around."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    around = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    total = np.zeros(2)
    for radius in RADII:
        r, w = radius * (nodes + 1) / 2, weights * radius / 2 * 2 * np.pi / 240
        x = r[:, None, None] * around
        off = (x - theta) / sigma
        p = np.exp(-np.sum(off**2, axis=-1) / 2) / (2 * np.pi * sigma**2)
        total += np.einsum("r,ra,rad->d", w * r, p, off / sigma)
    return total


with receipts("score function", oracle=r"slope of the closed form of $J$") as same:
    for theta, sigma in (((-1.8, -1.2), 0.8), ((0.3, 2.0), 0.3)):
        claim = rf"terraces, $\theta = {theta}$, $\sigma = {sigma}$"
        same(claim, by_scores(theta, sigma), slope_of_J(theta, sigma), 1e-8)

# %% [markdown]
# And the scores of both families. The package's stand on the left. On the right stand central differences of the logarithm of the probability (a parameter is *nudged* up and down), or a plain 0:

# %%
logits = np.array([0.3, -1.0, 2.0])
policy = markov.softmax_policy(logits[None])  # one state
nudges = 1e-6 * np.eye(3)
nudged = [
    np.log(markov.softmax_policy(logits + e) / markov.softmax_policy(logits - e)) / 2e-6 for e in nudges
]
nodes, weights = np.polynomial.hermite_e.hermegauss(20)
mean, log_std = (torch.full((20,), x, dtype=torch.float64, requires_grad=True) for x in (0.4, -0.5))
actions = 0.4 + np.exp(-0.5) * nodes
log_prob = Gaussian(mean[:, None], log_std[:, None]).log_prob(torch.tensor(actions)[:, None])
scores = [g.numpy() for g in torch.autograd.grad(log_prob.sum(), (mean, log_std))]

# %% [markdown]
# The table:


# %%
def density(mean, log_std):
    return norm.logpdf(actions, mean, np.exp(log_std))


with receipts("score", oracle="nudged, or 0") as same:
    same("softmax, three actions", markov.softmax_scores(policy)[0].T, nudged, 1e-8)
    same(r"softmax: $\sum_a\pi(a)\nabla\log\pi(a)$", policy[0] @ markov.softmax_scores(policy)[0], 0)
    same(
        r"Gaussian, in $\mu$", scores[0], (density(0.4 + 1e-6, -0.5) - density(0.4 - 1e-6, -0.5)) / 2e-6, 1e-7
    )
    same(
        r"Gaussian, in $\log\sigma$",
        scores[1],
        (density(0.4, -0.5 + 1e-6) - density(0.4, -0.5 - 1e-6)) / 2e-6,
        1e-7,
    )
    same("Gaussian: mean of both scores", [weights @ score / weights.sum() for score in scores], 0)

# %% [markdown]
# ## 3 · The environment drops out (18 minutes)
#
# An episode is many choices of the policy, and between them chance moves the environment. Here is a small one: two states, two actions, each of which works nine times in ten.

# %% tags=["hide"]
WORLD, T = markov.two_state(gamma=0.9), 5
plots.mdp(WORLD, states=["valley", "meadow"], actions=["stay", "move"])

# %% [markdown]
# Moving costs 0.2 in the valley; in the meadow one is paid 1 for staying and 0.3 for moving. Let $x$ be the whole trajectory $\tau$ of $T = 5$ steps, and $f$ its return $R(\tau) = \sum_t\gamma^tr_t$.

# %% tags=["hide"]
predict(
    r"The actions become less reliable: they work seven times in ten. What in the *formula* of the estimate $R(\tau)\,\nabla\log p_\theta(\tau)$ must a program that computes it from a trajectory change?",
    {
        "nothing": "",
        "each score is divided by 0.7": "A score is a derivative in θ, and how reliable an action is does not depend on θ.",
        "the probabilities of the transitions enter as factors": "They do enter the probability of τ. But its logarithm turns factors into terms, and the derivative of these is 0.",
    },
    answer="nothing",
    why="The environment shows itself in which trajectories come, not in the formula. So it need not be known.",
)

# %% [markdown]
# **Step 1.** The probability of a trajectory (lecture 01): $\;p_\theta(\tau) = \rho_0(s_0)\prod_{t<T}\pi_\theta(a_t\mid s_t)\,P(s_{t+1}\mid s_t,a_t).$
#
# **Step 2.** Its logarithm is a sum: $\;\log p_\theta(\tau) = \log\rho_0(s_0) + \sum_t\big[\log\pi_\theta(a_t\mid s_t) + \log P(s_{t+1}\mid s_t,a_t)\big].$
#
# **Step 3.** Only the policy depends on $\theta$. The other terms have no gradient: $\;\nabla\log p_\theta(\tau) = \sum_t\nabla\log\pi_\theta(a_t\mid s_t).$
#
# **Step 4.** Insert this into section 2's box. (For episodes this course writes $\eta$ in place of $J$.)
# $$\boxed{\;\nabla\eta = \mathbb E\Big[R(\tau)\,\sum_{t<T}\nabla\log\pi_\theta(a_t\mid s_t)\Big]\;}$$
# The environment decides which trajectories come; nothing of it has to be computed.
#
# All trajectories of five steps can be listed, with their probabilities. `paths.gradients` multiplies each one's scores by a weight and adds them up; `paths.mean` takes the exact mean. The oracle knows nothing of scores: it nudges a logit and adds up $p(\tau)R(\tau)$ anew.

# %%
theta = np.array([[0.2, -0.4], [0.1, 0.9]])  # logits of stay and move, in valley and meadow


def all_paths(theta):
    """Every trajectory, and its return."""
    paths = markov.trajectories(WORLD, markov.softmax_policy(theta), T)
    return paths, WORLD.gamma ** np.arange(T) @ paths.rewards(WORLD)


def nudge(performance, theta, h=1e-5):
    """Central differences of a performance in each parameter."""
    steps = h * np.eye(theta.size).reshape(-1, *theta.shape)
    return np.array([(performance(theta + e) - performance(theta - e)) / (2 * h) for e in steps])


def performance(theta):
    paths, returns = all_paths(theta)
    return paths.mean(returns)


# %% [markdown]
# The estimate of every single trajectory, and their mean:

# %%
paths, returns = all_paths(theta)
scores = markov.softmax_scores(markov.softmax_policy(theta))  # ∇log π(a|s), [S, A, 4]
estimates = paths.gradients(scores, returns)  # one of each trajectory, [4, K]
with receipts("over all trajectories", oracle="nudged logits, or 1") as same:
    same(rf"probabilities of {len(paths.probability)} trajectories", paths.probability.sum(), 1)
    same(r"$\nabla\eta$, four logits", paths.mean(estimates), nudge(performance, theta), 1e-8)

# %% [markdown]
# This is maximum likelihood, weighted. Cloning (lecture 02) climbs $\sum_t\nabla\log\pi(a_t\mid s_t)$ of an expert's trajectories; here they are one's own, and each is weighted by its return.
#
# ## 4 · Policies that gamble (14 minutes)
#
# A score needs a policy that draws its actions. That is no mere device: sometimes drawing is best.
#
# **Against an opponent.** In rock-paper-scissors a round is won (+1), lost (−1) or drawn. Whoever always plays the same is found out, and loses every round to the best reply. What does a policy lose at most? The triangle below shows it for all policies, the darker the more (lines at 0.25, 0.5 and 0.75). Its corners are the three deterministic ones, and every other point mixes them.
#
# **Without sight.** Five rooms in a row. South of the middle one lies a treasure, $+1$, south of both ends a trap, $-1$; each ends the episode. An agent feels only the walls around it, so the two grey rooms are the same to it. It starts in any room, and $\gamma = 0.9$.

# %% tags=["hide"]
CORRIDOR, LOOKS = markov.aliased_grid_world(), np.array([0, 1, 2, 1, 3, 4])  # the grey rooms look alike


def draw_rooms(ax, q=None):
    """The corridor; with q, arrows in the grey rooms as wide as they are probable."""
    for room in range(5):
        grey = room in (1, 3)
        face = "#C9C9C9" if grey else "#FFFFFF"
        ax.add_patch(Rectangle((room, 1), 1, 1, facecolor=face, edgecolor=plots.BLACK, linewidth=2))
        ax.text(room + 0.5, 1.78, str(room + 1), ha="center", va="center", fontsize=12)
    for room, mark, colour in ((0, "−1", plots.VERMILION), (2, "+1", plots.BLUE), (4, "−1", plots.VERMILION)):
        ax.add_patch(Rectangle((room, 0), 1, 1, facecolor="#FFFFFF", edgecolor=plots.BLACK, linewidth=2))
        ax.text(room + 0.5, 0.5, mark, ha="center", va="center", fontsize=18, color=plots.ink(colour))
    arrow = {"arrowstyle": "-|>", "color": plots.BLUE, "mutation_scale": 16}
    moves = [(0, 1, 0, 1), (4, -1, 0, 1), (2, 0, -1, 1)]
    moves += [] if q is None else [(room, side, 0, p) for room in (1, 3) for side, p in ((1, q), (-1, 1 - q))]
    for room, right, up, p in moves:
        if p > 0:
            start = np.array([room + 0.5, 1.4])
            ax.annotate(
                "", start + 0.42 * np.array([right, up]), start, arrowprops=arrow | {"lw": 0.6 + 3.4 * p}
            )
    ax.set(xlim=(-0.1, 5.1), ylim=(-0.1, 2.1), aspect="equal")
    ax.set_axis_off()


# %% [markdown]
# Both, drawn:

# %% tags=["hide"]
BEATS = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])  # rock, paper, scissors: what the row wins
CORNERS = np.array([[0, 0], [1, 0], [0.5, 0.75**0.5]])
fig = plots.figure(10.5, 3.6)
triangle, rooms = plots.axes(fig, 1, 2, width_ratios=(1, 1.4))
simplex = np.array([(i, j, 60 - i - j) for i in range(61) for j in range(61 - i)]) / 60
worst = -(simplex @ BEATS).min(axis=1)  # what the best reply wins
found = triangle.tripcolor(
    *(simplex @ CORNERS).T, worst, cmap="Greys", vmin=-0.2, vmax=1.3, shading="gouraud"
)
triangle.tricontour(
    *(simplex @ CORNERS).T, worst, levels=[0.25, 0.5, 0.75], colors=plots.GREY, linewidths=0.8
)
for corner, name, place in zip(CORNERS, ("rock", "paper", "scissors"), ("top", "top", "bottom"), strict=True):
    triangle.text(*(corner + [0, 0.04 if place == "bottom" else -0.04]), f"{name}: 1", ha="center", va=place)
triangle.text(0.5, 0.28, "0", ha="center", va="center", fontsize=16, fontweight="bold")
triangle.set(xlim=(-0.15, 1.15), ylim=(-0.15, 1.02), aspect="equal", title="loss a round, to the best reply")
triangle.set_axis_off()
draw_rooms(rooms)
rooms.set_title("rooms; the grey ones feel alike")
plots.show(
    fig,
    alt="Loss of a policy of rock-paper-scissors to its best reply: 1 at the corners, 0 in the middle; a corridor of five rooms with traps at its ends and a treasure in the middle",
)

# %% [markdown]
# In the triangle each corner loses 1 a round; only the middle, which draws all three evenly, loses nothing. In the corridor the way is clear in the white rooms (arrows). In a grey room the agent goes east with probability $q$, else west. What $q$ would you give it?

# %% tags=["hide"]
predict(
    r"The best $q$ is…",
    {
        "0 or 1: a deterministic policy is always as good as any": "In a decision process whose state is seen, yes. Here one of the grey rooms would send the agent to a dead end, from which it comes back for ever.",
        "1/2": "",
        "1/5, the chance to start in a room": "Where it starts matters for the mean, but the rooms are mirror images of each other.",
    },
    answer="1/2",
    why="Whatever sends one grey room towards the treasure sends the other one away from it. Gambling gets there from both, if late.",
)

# %% [markdown]
# The return over $q$, exactly; and the best of all deterministic policies that respect what is felt, all 256 of them:


# %%
def corridor_policy(q):
    """East in room 1, west in room 5, south in the middle; in the grey rooms east with probability q."""
    rows = np.zeros((6, 4))  # north, east, south, west
    rows[0, 1] = rows[4, 3] = rows[2, 2] = rows[5, 0] = 1
    rows[1] = rows[3] = [0, q, 0, 1 - q]
    return rows


choices = np.stack(np.meshgrid(*[np.arange(4)] * 4), axis=-1).reshape(-1, 4)  # an action for each feeling
deterministic = np.eye(4)[np.c_[choices, np.zeros(256, int)][:, LOOKS]]  # [256, 6, 4]
best = markov.expected_return(CORRIDOR, deterministic).max()
q = np.linspace(0, 1, 101)
eta = np.array([markov.expected_return(CORRIDOR, corridor_policy(x)) for x in q])
with receipts("enumeration", oracle="by hand") as same:
    same("rock-paper-scissors: a deterministic policy loses at most", -BEATS.min(axis=1), 1)
    same("evenly drawn it loses", -(np.full(3, 1 / 3) @ BEATS).min(), 0)
    same("corridor: the best deterministic policy", best, (1 + 0.9 + 0.9**2) / 5)
    same("corridor: the best $q$", q[eta.argmax()], 0.5)
assert eta.max() > best + 0.2, "and it is better than every deterministic one"

# %% [markdown]
# The curve, and the best policy:

# %% tags=["hide"]
fig = plots.figure(10.5, 3.2)
ax, rooms = plots.axes(fig, 1, 2)
ax.plot(q, eta, color=plots.BLUE, linestyle="-", label="_q")
ax.axhline(best, color=plots.ORANGE, linestyle=plots.DASHES)
ax.text(
    0.5,
    best - 0.03,
    f"best deterministic policy: {best:.3f}",
    color=plots.ink(plots.ORANGE),
    ha="center",
    va="top",
)
ax.plot(0.5, eta.max(), "o", color=plots.BLUE, markersize=9)
ax.text(0.5, eta.max() - 0.03, f"{eta.max():.3f}", ha="center", va="top", color=plots.ink(plots.BLUE))
ax.set(xlim=(0, 1), ylim=(0.4, 0.85), xlabel="q, chance of going east in a grey room", ylabel="return")
draw_rooms(rooms, 0.5)
rooms.set_title("the best policy")
plots.show(
    fig, alt="Return of the corridor over q with its maximum at one half, above the best deterministic policy"
)

# %% [markdown]
# The best deterministic policy reaches the treasure from three of the five rooms only, and from the other two it walks to and fro for ever. Gambling reaches it from all five, though sometimes late, and its return is higher for every $q$ between 0 and 1.
#
# **Does the gradient still hold** when the agent sees only $o$, not $s$? Step 3 asks of $\log p_\theta(\tau)$ that $\theta$ occurs in $\pi_\theta(a_t\mid o_t)$ alone; $P$, and whatever turns states into observations, drop out as before. So a policy gradient needs no Markov state. Two states that look alike share logits, and their scores:

# %%
seen = np.random.default_rng(0).normal(size=(5, 4))  # logits for each feeling


def corridor_performance(seen, steps=5):
    paths = markov.trajectories(CORRIDOR, markov.softmax_policy(seen)[LOOKS], steps)
    return paths.mean(CORRIDOR.gamma ** np.arange(steps) @ paths.rewards(CORRIDOR))


policy = markov.softmax_policy(seen)[LOOKS]
paths = markov.trajectories(CORRIDOR, policy, 5)
returns = CORRIDOR.gamma ** np.arange(5) @ paths.rewards(CORRIDOR)
shared = markov.softmax_scores(policy, LOOKS)
with receipts(f"over all {len(returns)} trajectories", oracle="nudged shared logits") as same:
    pomdp = paths.mean(paths.gradients(shared, returns))
    same("what the agent feels, five steps: 20 logits", pomdp, nudge(corridor_performance, seen), 1e-8)

# %% [markdown]
# ## 5 · REINFORCE, and a step too far (26 minutes)
#
# Play some episodes, take the mean of $R(\tau)\sum_t\nabla\log\pi(a_t\mid s_t)$, step along it, forget the episodes: that is REINFORCE (Williams 1992). `log_prob(action) * weight`, summed and differentiated, is that estimate. The weight $w_t$ is $R(\tau)$ for now; lecture 03b has better ones, and says what the baseline $b$ and the critic are for, which are 0 here.

# %% tags=["hide"]
pseudocode(
    "REINFORCE, Williams 1992 (with Adam for the step)",
    r"""
    start $\theta$ at random
    for each batch:
        play $N$ whole episodes with $\pi_\theta$
        the weight of each step: $w_t = R(\tau)$, its episode's return
        subtract a baseline: $w_t - b$, with $b = 0$ for now
        $\hat g = \frac1N\sum_\tau\sum_t (w_t - b)\,\nabla\log\pi_\theta(a_t|s_t)$
        $\theta \leftarrow \theta + \alpha\,\hat g$; forget the episodes
    """,
    REINFORCE.update,
    {
        4: "weight = rows(self.weights", 5: "b = self.baseline", 6: "(-gain.sum()).backward()",
        7: "nets.policy_optimiser.step",
    },
)  # fmt: skip

# %% [markdown]
# Live: a cart is pushed left or right so that its pole stays upright; each step pays 1, and an episode is over when the pole leans too far, at the latest after 500 steps. Four seeds: how different are they? Then move the learning rate to 0.03: what happens to a seed that is good already?

# %% tags=["hide"]
live(
    REINFORCE(weights=whole_returns),
    "CartPole-v1",
    steps=60_000,
    seeds=4,
    recorded="recordings/03-cartpole.json",
    title="REINFORCE on CartPole",
    learning_rate=Slider("α", "learning rate", min=3e-4, max=0.1, log=True),
)

# %% [markdown]
# The same with 24 seeds for each of two learning rates, recorded; here and now the page runs the beginning.


# %%
def rate_experiment(steps, seeds):
    """Returns [S, E] of REINFORCE on CartPole at each learning rate, at the steps `at`."""
    found = {}
    for rate in (0.003, 0.03):
        algorithm = REINFORCE(weights=whole_returns, learning_rate=rate)
        run = train(algorithm, "CartPole-v1", steps, seeds, evaluate_every=3000)
        found |= {"at": run.curve.steps, str(rate): run.curve.returns}
    return found


few = {"steps": 3000, "seeds": 2}
rates, _ = recorded("recordings/03-rates.json", rate_experiment, few, steps=60_000, seeds=24)

# %% [markdown]
# The returns of all seeds:

# %% tags=["hide"]
fig = plots.figure(10.5, 3.6)
for ax, rate in zip(plots.axes(fig, 1, 2), ("0.003", "0.03"), strict=True):
    curves = rates[rate]
    plots.learning_curve(ax, rates["at"], curves, "", plots.BLUE, "-", seeds_width=0.6, bounds=(0, 500))
    ax.set(xlim=(0, 60_000), ylim=(0, 500), xlabel="environment steps per seed", title=f"α = {rate}")
    ax.set_xticks([0, 20_000, 40_000, 60_000])
    fell, back, reached_150 = 0, 0, 0
    for curve in curves[:, 1:]:
        good = np.flatnonzero(curve > 150)
        low = np.flatnonzero(curve[good[0] :] < 75) if len(good) else []
        reached_150 += len(good) > 0
        fell += len(low) > 0
        back += len(low) > 0 and (curve[good[0] + low[0] :] > 150).any()
    print(
        f"α = {rate}: of 24 seeds {reached_150} reach 150; of these {fell} fall below 75 later; of these {back} reach 150 again"
    )
fig.axes[1].set_ylabel("")
plots.show(
    fig,
    alt="Returns of REINFORCE on CartPole for two learning rates: each of 24 seeds, thin, and their interquartile mean, thick",
)

# %% [markdown]
# Thin lines are seeds; the thick one is their interquartile mean, with its 95 % interval. With the small rate 22 of the 24 seeds reach a return of 150, and 4 of them fall below 75 later. With the large rate 16 reach 150, and *every one* of them falls below 75 later; 9 come back. Nothing but the length of the steps differs.
#
# **Why a step can be too long.** In most of machine learning a bad step is mended by the next: the data do not care. Here the policy makes its own data. Back to the hill, which is no decision process but shows the same thing: the hiker starts at $(-1.8, -1.2)$ and walks by $\theta \leftarrow \theta + \alpha\,\hat g$, sixty times, with $\sigma = 0.8$.

# %% tags=["hide"]
predict(
    r"On exact arrows, with $\alpha = 1$, she arrives at the top. What if $\alpha = 8$?",
    {
        "she jumps to and fro over the top for ever": r"That is what a slope does that grows with the distance. This one does not: far from the hill there is none.",
        "she ends on the plain, and stays there": "",
        "she gets lost, and sooner or later finds the hill again": "By which sound? Practically all stones land at height 0, and so every arrow has the length 0.",
    },
    answer="she ends on the plain, and stays there",
    why="One step carries her over the hill and almost eight metres beyond the top. There practically no stone hits the hill: the exact gradient is less than a billionth, and no number of steps that anybody can take leads back.",
)

# %% [markdown]
# Walks of sixty steps along the exact gradient, which points to the top and is as long as the slope of $J$:

# %% tags=["hide"]
FAR, SIGMA = np.linspace(1e-6, 30, 3001), 0.8  # distances from the top
PROFILE = ncx2.cdf((RADII[:, None] / SIGMA) ** 2, 2, (FAR / SIGMA) ** 2).sum(axis=0)  # J over the distance
SLOPE = np.gradient(PROFILE, FAR)
ALPHAS = np.logspace(-1.5, 1.5, 61)


def exact_walk(alpha, steps=60):
    """Points of gradient ascent [steps + 1, ..., 2] for each α, from (−1.8, −1.2)."""
    theta = [np.zeros((*np.shape(alpha), 2)) + [-1.8, -1.2]]
    for _ in range(steps):
        d = np.linalg.norm(theta[-1], axis=-1, keepdims=True)
        theta.append(theta[-1] + np.asarray(alpha)[..., None] * np.interp(d, FAR, SLOPE) * theta[-1] / d)
    return np.array(theta)


# %% [markdown]
# In the fog each step is the mean arrow of $N$ stones:


# %% tags=["hide"]
def fog_walks(alpha, N, walks=40, steps=60, seed=0):
    """The same on estimates from N stones, [steps + 1, walks, 2]."""
    rng, theta = np.random.default_rng(seed), [np.tile([-1.8, -1.2], (walks, 1))]
    for _ in range(steps):
        off = SIGMA * rng.normal(size=(walks, N, 2))
        arrows = height(theta[-1][:, None] + off)[..., None] * off / SIGMA**2
        theta.append(theta[-1] + alpha * arrows.mean(axis=1))
    return np.array(theta)


def reached(theta):
    """J at points [..., 2]."""
    return np.interp(np.linalg.norm(theta, axis=-1), FAR, PROFILE, right=0.0)


EXACT = reached(exact_walk(ALPHAS)[-1])

# %% [markdown]
# On the left the walk along the exact gradient (black) and forty walks on arrows of $N$ stones (orange; the ways of twelve are drawn), each with a dot where it ends, unless that is outside of the frame. On the right what is reached over $\alpha$. Find the cliff. On which side of it is a mistake the more costly?


# %% tags=["hide"]
def draw_cliff(fig, alpha=1.0, N=10):
    ax, ends = plots.axes(fig, 1, 2)
    exact, walks = exact_walk(alpha), fog_walks(alpha, round(N))
    draw_hill(ax)
    ax.plot(*walks[:, :12].transpose(2, 0, 1), color=plots.ORANGE, linewidth=0.8, linestyle="-", alpha=0.6)
    ax.plot(*walks[-1].T, "o", color=plots.ORANGE, markersize=5)
    ax.plot(*exact.T, "-", color=plots.BLACK, linewidth=2)
    ax.plot(*exact[-1], "o", color=plots.BLACK, markersize=9)
    ax.set(xlim=(-9, 9), ylim=(-9, 9), title="sixty steps")
    heights = reached(walks[-1])
    ends.plot(ALPHAS, EXACT, color=plots.BLACK, linestyle="-")
    ends.plot(alpha, heights.mean(), "o", color=plots.ORANGE, markersize=10)
    ends.set(xscale="log", xlabel="step α", ylabel="mean height at the end", ylim=(-0.1, 4.5))
    ends.set(xlim=(ALPHAS[0], ALPHAS[-1]), title="black: exact; orange: N stones")
    lost = (heights < 0.01).mean()
    return {"J, exact walk": reached(exact[-1]), "J, walks in fog": heights.mean(), "lost for ever": lost}


explore(
    draw_cliff,
    alt="Walks on the terraced hill with one step size, and the height that is reached over the step size",
    size=(10.5, 4.4),
    settings={
        "settles at the top": {"alpha": 1.0, "N": 10},
        "lost in fog": {"alpha": 2.0, "N": 10},
        "less fog": {"alpha": 2.0, "N": 300},
        "one jump too far": {"alpha": 6.0, "N": 300},
    },
    alpha=Slider("α", "step", min=0.05, max=20.0, log=True),
    N=Slider("N", "stones a step", min=1, max=300, log=True),
)

# %% [markdown]
# Up to $\alpha = 1.3$ the exact walk settles at the top; then it jumps to and fro over it, and where it stands after sixty jumps changes with the least change of $\alpha$; from about 5.3 on one jump ends on the plain, and everything is lost. Noise moves this cliff to the left, as an estimate that happens to be long is a long step: on ten stones three of four walks are lost at $\alpha = 2$. Too small a step costs time; too large a step costs the whole run.
#
# **A softmax has its plains, too**: wherever it is nearly certain, its scores are nearly 0. Three machines pay 1, 0.7 and 0. By the softmax's score $\partial J/\partial\theta_a = \sum_{a'}\pi(a')\,r_{a'}\,([a'=a]-\pi(a)) = \pi(a)\,(r_a - J)$. We climb this exact gradient with $\alpha = 0.4$, from policies that begin ever nearer to the second machine.


# %%
PAYS = np.array([1.0, 0.7, 0.0])


def steps_to_90_percent(second, natural=False):
    """Exact steps until π(best) > 0.9, from logits (0, second, 0), and π(best) at the start."""
    theta, steps = np.array([0.0, second, 0.0]), 0
    policy = markov.softmax_policy(theta)
    first = policy[0]
    while policy[0] < 0.9:
        advantage = PAYS - policy @ PAYS
        theta = theta + 0.4 * (advantage if natural else policy * advantage)
        policy, steps = markov.softmax_policy(theta), steps + 1
    return first, steps


SECOND = np.array([0.0, 1.5, 3.0, 4.7, 6.5, 8.0])
plain = np.array([steps_to_90_percent(x) for x in SECOND])
natural = np.array([steps_to_90_percent(x, natural=True) for x in SECOND])

# %% [markdown]
# How many steps it takes, over where it began:

# %% tags=["hide"]
fig = plots.figure(8, 3.6)
ax = plots.axes(fig)
ax.plot(plain[:, 0], plain[:, 1], "o-", color=plots.BLUE)
ax.plot(natural[:, 0], natural[:, 1], "s", color=plots.ORANGE, linestyle=plots.DASHES)
ax.text(0.0022, 5000, "gradient", color=plots.ink(plots.BLUE), ha="right", fontweight="bold")
ax.text(0.0022, 110, "natural gradient", color=plots.ink(plots.ORANGE), ha="right", fontweight="bold")
ax.set(xscale="log", yscale="log", xlabel="π(best) at the start", ylabel="steps to 90 %", xlim=(1, 1e-4))
ax.set_title("The gravity of a wrong corner")
for (p, count), (_, other) in zip(plain, natural, strict=True):
    print(f"π(best) = {p:.5f}: {count:6.0f} steps of the gradient, {other:4.0f} of the natural gradient")
plots.show(
    fig, alt="Steps to 90 % over the probability of the best machine at the start, on two logarithmic axes"
)

# %% [markdown]
# Where the best machine is chosen once in 670 times, the gradient needs 5000 steps; near the corner about $8/\pi(\text{best})$. It hardly tries that machine, so it hardly hears of it. The natural gradient (lecture 10) divides this factor out. How to keep a policy from going there at all, by limiting how far one step may change it, is the subject of lectures 08 to 12.
#
# ## Summary
#
# - $\nabla\,\mathbb E f(x) = \mathbb E[f(x)\,\nabla\log p_\theta(x)]$: an outcome pulls the parameters towards itself, as strongly as it is worth. $f$ needs no derivative, and need not be known.
# - Scores have the mean 0. A softmax's score is $[a=a']-\pi(a')$, a Gaussian's $(a-\mu)/\sigma^2$ in its mean.
# - Of a trajectory's probability only the policy depends on $\theta$: the environment drops out, and so does whatever the agent cannot see.
# - Against an opponent, or without full sight, the best policy may have to gamble.
# - REINFORCE makes its own data: one step too far, and it stops seeing what would lead it back.
#
# ## Exercises
#
# 1. ★ (5 minutes) A coin shows heads with probability $\theta$; heads pays 3, tails 1. Write down both scores, and check that $\mathbb E[f\,\nabla\log p]$ is $J'(\theta)$.
#    <details><summary>Hint</summary>The derivatives of log θ and of log(1 − θ).</details>
#    <details><summary>Answer</summary>1/θ and −1/(1 − θ). θ · 3/θ − (1 − θ) · 1/(1 − θ) = 2, and J = 3θ + 1 − θ = 1 + 2θ.</details>
# 2. ★★ (10 minutes) In section 1 stand at (0, −1.2) and go from $\sigma = 0.8$ to 0.2. What becomes of the slope of $J$, and of the spread of the estimates? Which of the two would you rather have?
#    <details><summary>Hint</summary>Compare the slope with its spread.</details>
#    <details><summary>Answer</summary>From σ = 0.8 to 0.2 the slope grows from 1.28 to 1.81, the spread of 100 stones from 0.44 to 2.2. Small noise keeps J near to f, but the estimates are divided by it, so they become noisy. For climbing, 0.8 is much better: the slope is three times its spread.</details>
# 3. ★★ (10 minutes) Let heights count from sea level: unfold the cell of section 1 with `throws`, replace `height(x)[..., None]` by `(height(x)[..., None] + 10)`, and run it and the lab again. What becomes of the cross, and of the cloud? Why?
#    <details><summary>Hint</summary>What is the mean of 10 (x − θ)/σ²?</details>
#    <details><summary>Answer</summary>The cross stays, as the score has the mean 0. The cloud becomes more than six times as wide: every stone now pulls hard, wherever it lands. Lecture 03b takes the 10 off again, by a baseline.</details>
# 4. ★★★ (20 minutes) A Gaussian policy with mean $\theta$ and $\sigma = 1$ is paid $f(a) = -a^2$. Compute $J$, its slope, and the variance of one draw of $f(a)\,(a-\theta)$ at $\theta = 0$.
#    <details><summary>Hint</summary>At θ = 0 it is the mean of a⁶; the moments of a standard normal are 1, 3, 15.</details>
#    <details><summary>Answer</summary>J = −θ² − 1, slope −2θ. At θ = 0 the estimate is −a³: mean 0, variance 15.</details>

# %% [markdown]
# ## Further · The gradient is a value function
#
# How much does $\theta$ move the value of *each* state? Differentiate $V^\pi(s) = \sum_a\pi(a\mid s)\,Q^\pi(s,a)$:
# $$\nabla V^\pi(s) = \underbrace{\sum_a\nabla\pi(a\mid s)\,Q^\pi(s,a)}_{u(s)} + \gamma\sum_a\pi(a\mid s)\sum_{s'}P(s'\mid s,a)\,\nabla V^\pi(s'),$$
# because in $Q^\pi = r + \gamma\sum_{s'} P\,V^\pi$ only $V^\pi$ depends on $\theta$. This is Bellman's equation (lecture 01), with $u$ in place of the reward and a vector in place of a number. So its solution is the discounted sum of $u$ along the policy's path, $\nabla V^\pi = (I-\gamma P_\pi)^{-1}u$. The mean over first states is the **policy gradient theorem** of Sutton et al. (2000), for endless episodes:
# $$\nabla\eta = \mathbb E\Big[\sum_t\gamma^t\,Q^\pi(s_t,a_t)\,\nabla\log\pi(a_t\mid s_t)\Big] = \frac1{1-\gamma}\,\mathbb E_{s\sim d^\pi,\,a\sim\pi}\big[Q^\pi(s,a)\,\nabla\log\pi(a\mid s)\big],$$
# with the visitation $d^\pi$ of lecture 01, which sums to 1; where a text has no $\frac1{1-\gamma}$, its visitation sums to $\frac1{1-\gamma}$. The gradient is solved like a value, by one linear system, and iterated like one.

# %%
policy = markov.softmax_policy(theta)
slopes = markov.value_gradient(WORLD, policy, scores)  # ∇V of each state, [2, 4]
value_slopes = nudge(lambda x: markov.values(WORLD, markov.softmax_policy(x)), theta).T
u = np.einsum("sa,sap->sp", policy * markov.q_values(WORLD, policy), scores)
swept = 0 * u
for _ in range(400):
    swept = u + WORLD.gamma * markov.induced_process(WORLD, policy)[0] @ swept
with receipts(r"$(I-\gamma P_\pi)^{-1}u$", oracle="another way") as same:
    same(r"$\nabla V^\pi$: nudged logits", slopes, value_slopes, 1e-8)
    same("Bellman's sweeps from 0", slopes, swept)
    same(
        r"$\nabla\eta$: visits, policy, advantage",
        WORLD.start @ slopes,
        markov.policy_gradient(WORLD, policy).ravel(),
    )

# %% [markdown]
# ## Sources
#
# - Williams, *Simple statistical gradient-following algorithms for connectionist reinforcement learning*, Machine Learning 8, 1992, [doi:10.1007/BF00992696](https://doi.org/10.1007/BF00992696): REINFORCE.
# - Sutton, McAllester, Singh, Mansour, *Policy gradient methods for reinforcement learning with function approximation*, [NeurIPS 1999](https://papers.nips.cc/paper/1713-policy-gradient-methods-for-reinforcement-learning-with-function-approximation) (printed 2000): the policy gradient theorem.
# - Mohamed, Rosca, Figurnov, Mnih, *Monte Carlo gradient estimation in machine learning*, JMLR 2020, [arXiv:1906.10652](https://arxiv.org/abs/1906.10652): the score function and its relatives.
# - Mei, Xiao, Szepesvári, Schuurmans, *On the global convergence rates of softmax policy gradient methods*, ICML 2020, [arXiv:2005.06392](https://arxiv.org/abs/2005.06392): how slowly a softmax leaves a wrong corner.
# - Silver, [*Lectures on reinforcement learning*](https://www.davidsilver.uk/teaching/), 2015, lecture 7: the corridor whose rooms look alike.
# - Sutton, Barto, [*Reinforcement learning*](http://incompleteideas.net/book/the-book-2nd.html), 2018, chapter 13.
