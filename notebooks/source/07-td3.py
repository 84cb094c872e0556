# %% [markdown]
# # Lecture 07 · TD3
#
# **Question.** A critic that bootstraps from its own best action makes errors. Why do they not average out, and what can
# be done about it?
#
# DDPG (lecture 06) fits $Q_w$ to the target $y = r + \gamma\,Q'(s', \mu'(s'))$, where primes mark slow copies of the networks, and lets
# the actor μ climb $Q_w$. TD3 keeps all of that and adds three remedies. They fit into a few lines of code; this page is about what those
# lines are for.
#
# *You need:* the Bellman equation and $Q$. These words of DDPG are used below: the **replay buffer** keeps past transitions, and every update
# draws a batch from it; the **warm-up** is the first 500 steps, with random actions and no learning; the **slow copies** follow their
# networks by $w' \leftarrow \tau w + (1-\tau)\,w'$; **exploration noise** is added to $\mu(s)$ while acting, never in an evaluation.

# %% [markdown]
# The tools. `receipt` prints both sides of a claim and fails if they differ by more than the tolerance. Where one side is a
# simulation, the tolerance is at least four standard errors.

# %%
import itertools
from dataclasses import replace
from fractions import Fraction

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box
from scipy.special import ndtr
from scipy.stats import norm

np.set_printoptions(precision=4, suppress=True)

# %% [markdown]
# From the course: the algorithms, the equations under test, and the plotting tools.

# %%
from rlcourse import plots
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.td3 import TD3
from rlcourse.equations.bias import expected_maximum
from rlcourse.equations.returns import td_target, twin_target
from rlcourse.experiments import recorded
from rlcourse.pages import beside, receipt, show_source
from rlcourse.parts.noise import GaussianNoise
from rlcourse.parts.randomness import Streams
from rlcourse.parts.worlds import Pendulum, SystemVectorEnv
from rlcourse.statistics import interval
from rlcourse.training import train
from rlcourse.widgets import Slider, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · The maximum of noisy estimates
#
# The smallest case: one state, two actions, both worth exactly 0. Each estimate $\hat Q(s,a)$ rests on one sample of its own, which is
# $+1$ or $-1$ with equal chances, independently. Each estimate is *unbiased*: right on average.

# %% {"jupyter": {"source_hidden": true}}
predict(
    "What is E[ max( Q̂(s,a₁), Q̂(s,a₂) ) ], when the best action is worth 0?",
    answer=0.5,
    tolerance=0.01,
    why="Only when both estimates are unlucky is the maximum −1. That is one case in four.",
)

# %% [markdown]
# **Step 1.** Write $\hat Q_i$ for $\hat Q(s,a_i)$. Four outcomes $(\hat Q_1,\hat Q_2)$, each with probability ¼: $(-,-),\ (-,+),\ (+,-),\ (+,+)$.
#
# **Step 2.** Their maxima: $-1,\ +1,\ +1,\ +1$. So $\mathbb E[\max_a\hat Q_a] = \tfrac34 - \tfrac14 = \tfrac12$.
#
# **Step 3.** But $\max_a \mathbb E[\hat Q_a] = \max(0, 0) = 0$. The maximum is too large by ½, though no estimate is.
#
# The cell enumerates, in exact fractions, and then simulates.


# %%
def enumerate_mean(function, *outcomes):
    """E[function] over independent variables; outcomes: for each a list of equally likely values."""
    joint = list(itertools.product(*outcomes))
    return sum(Fraction(function(*values)) for values in joint) / len(joint)


coin = (-1, 1)
by_hand = enumerate_mean(max, coin, coin)
rng, n = np.random.default_rng(0), 200_000
flips = rng.choice(coin, size=(n, 2)).max(axis=1)
print("E[max] by enumeration:", by_hand)
assert by_hand == Fraction(1, 2)
receipt("two coins: simulation, enumeration", flips.mean(), by_hand, 4 * flips.std() / n**0.5)

# %% [markdown]
# ### Always, not only here
#
# **Step 1.** For every action $b$, whatever the draw: $\max_a \hat Q_a \ge \hat Q_b$.
#
# **Step 2.** Take expectations: $\mathbb E[\max_a\hat Q_a] \ge \mathbb E[\hat Q_b]$, for every $b$.
#
# **Step 3.** Choose the best $b$: $\mathbb E[\max_a\hat Q_a] \ge \max_b \mathbb E[\hat Q_b]$. Equality needs one action that
# attains the maximum in *every* draw: noise that can never depose it. If the estimates are unbiased, the right side is the true maximum.
#
# ### Two Gaussians, in closed form
#
# **Step 1.** $\max(x,y) = \tfrac12(x+y) + \tfrac12|x-y|$. With independent $x, y \sim \mathcal N(0,\sigma^2)$ the first term has mean 0.
#
# **Step 2.** $x - y \sim \mathcal N(0, 2\sigma^2)$, and a normal $z$ of mean 0 and standard deviation $s$ has $\mathbb E|z| = s\sqrt{2/\pi}$.
#
# **Step 3.** So $\mathbb E[\max] = \tfrac12\cdot\sqrt2\,\sigma\cdot\sqrt{2/\pi} = \sigma/\sqrt\pi \approx 0.56\,\sigma$.
#
# If the second action is worse by Δ: $\max(x,y) = x + \max(0, y-x)$, and $y - x\sim\mathcal N(-\Delta, s^2)$ with $s = \sqrt2\,\sigma$. With φ and Φ the
# density and the distribution function of the standard normal, $\mathbb E\max(0, \mathcal N(m, s^2)) = s\,\varphi(m/s) + m\,\Phi(m/s)$ (integrate over the positive part; $u\varphi(u) = -\varphi'(u)$), so
# $$\mathbb E[\max] = s\,\varphi(\Delta/s) - \Delta\,\Phi(-\Delta/s).$$

# %%
draws = 400_000
for sigma, gap in ((1.0, 0.0), (0.5, 0.0), (1.0, 1.0), (1.0, 3.0)):
    s = 2**0.5 * sigma
    formula = s * norm.pdf(gap / s) - gap * ndtr(-gap / s)  # ndtr is Φ
    simulated = expected_maximum([0.0, -gap], sigma, draws, rng=np.random.default_rng(1))
    receipt(f"Gaussian, σ = {sigma}, Δ = {gap}", simulated, formula, 4 * sigma / draws**0.5)
receipt("at Δ = 0 the formula is σ/√π", 2**0.5 * norm.pdf(0), 1 / np.pi**0.5)

# %% [markdown]
# Seen: a gap helps, because the noise must first overturn the order. Nothing here is special to Gaussians:
#
# - **Uniform** on $[-w, w]$, $n$ actions: $P(\max\le x) = \big(\tfrac{x+w}{2w}\big)^n$, hence
#   $\mathbb E[\max] = w - \int_{-w}^{w} P(\max\le x)\,dx = w - \tfrac{2w}{n+1} = w\,\frac{n-1}{n+1}$ (Thrun and Schwartz, 1993).
# - **Bernoulli**($p$), $n$ actions: the maximum is 0 only if all are, hence $\mathbb E[\max] = 1-(1-p)^n$, and the truth is $p$.

# %%
rng, m = np.random.default_rng(2), 100_000
for n in (2, 5, 20):
    x = rng.uniform(-1, 1, size=(m, n)).max(axis=1)
    receipt(f"uniform, n = {n}", x.mean(), (n - 1) / (n + 1), 4 * x.std() / m**0.5)
for n in (2, 5):
    x = (rng.random((m, n)) < 0.3).max(axis=1)
    closed = 1 - (1 - 0.3) ** n
    tenths = [(0,) * 7 + (1,) * 3] * n  # Bernoulli(0.3) as ten equally likely outcomes
    receipt(f"Bernoulli(0.3), n = {n}: enumeration", enumerate_mean(max, *tenths), closed)
    receipt(f"Bernoulli(0.3), n = {n}: simulation", x.mean(), closed, 4 * x.std() / m**0.5)

# %% [markdown]
# ## 2 · Two estimates instead of one
#
# The maximum uses one number twice: to *select* the action and to *evaluate* it. Call the estimate $\hat Q^A$. With a second, independent estimate $\hat Q^B$
# there are other ways to put a number on the best action:
#
# | name | estimate | idea |
# |---|---|---|
# | max | $\max_a \hat Q^A(s,a)$ | one estimate selects and evaluates |
# | double | $\hat Q^B\big(s, \arg\max_a \hat Q^A(s,a)\big)$ | a second one evaluates |
# | clipped | $\max_a \min\{\hat Q^A(s,a), \hat Q^B(s,a)\}$ | the smaller one, then the maximum |
# | actor | $\min\{\hat Q^A, \hat Q^B\}\big(s, \arg\max_a \hat Q^A(s,a)\big)$ | $\hat Q^A$ selects, the smaller one evaluates |

# %% {"jupyter": {"source_hidden": true}}
predict(
    "Ten actions, all worth 0, noise σ = 1. Double has bias 0 here. Which of the others comes closest to 0?",
    choices=["max", "clipped", "actor"],
    answer="actor",
    why="For 'clipped' the max over ten actions undoes what the minimum of two repaired. For 'actor' the chosen estimate is so "
    "high that the smaller one is nearly always the other, and that one is unbiased. With worse rivals the order can change.",
)

# %% [markdown]
# TD3 is the last row, where $\hat Q^A$'s choice is its actor's. Mind the names: the paper's *Clipped Double Q-learning* is that row, *actor*. What is
# *clipped* here is the max of the minima that slides often draw.
#
# Where does $\hat Q^B$ come from? In double Q-learning (van Hasselt 2010) two tables learn from different halves of the data and swap roles at random.
# Double DQN (2016) selects by the network and evaluates by its slow copy. With an actor that moves slowly those two are too alike to help, so TD3
# trains a second critic. All rows here take the two estimates as independent. Section 6 shows how far real twin critics are from that.
#
# ### Two that are never too high
#
# **Double.** Let $a^* = \arg\max_a\hat Q^A(s,a)$. The independent $\hat Q^B$ knows nothing of this choice and stays unbiased:
# $\mathbb E[\hat Q^B(s,a^*)] = \sum_a P(a^*=a)\,Q(s,a) \le \max_a Q(s,a)$. If all actions are worth the same, the two are equal: bias 0.
#
# **Actor.** $\min\{\hat Q^A,\hat Q^B\}(s,a^*) \le \hat Q^B(s,a^*)$, so its mean is not above double's. With the coins: $\hat Q^A(s,a^*) = +1$ with probability ¾,
# $\hat Q^B(s,a^*) = +1$ with ½, independently. So the smaller one is $+1$ with probability ⅜, and its mean is $\tfrac38-\tfrac58 = -\tfrac14$.
#
# ### Clipped by hand, with the coins
#
# **Step 1.** $\min\{\hat Q^A,\hat Q^B\}$ of one action is $+1$ only if both are: probability ¼.
#
# **Step 2.** The maximum of the two minima is $-1$ unless one of them is $+1$: $P(+1) = 1-(\tfrac34)^2 = \tfrac7{16}$.
#
# **Step 3.** So the clipped estimate has mean $\tfrac7{16}-\tfrac9{16} = -\tfrac18$: below the truth, where max was ½ above.
#
# **A slip that is easy to make** is to write the second minimum as $\min\{\hat Q^A(s,a_1), \hat Q^B(s,a_2)\}$. It must
# read
# $$\max\big\{\min\{\hat Q^A(s,a_1), \hat Q^B(s,a_1)\},\; \min\{\hat Q^A(s,a_2), \hat Q^B(s,a_2)\}\big\}.$$
# The other never looks at $\hat Q^A(s,a_2)$. See what happens when $a_2$ is better by far:


# %%
def clipped(a1, b1, a2, b2):
    return max(min(a1, b1), min(a2, b2))


def with_slip(a1, b1, a2, b2):
    return max(min(a1, b1), min(a1, b2))


def actor(a1, b1, a2, b2):
    return min(a1, b1) if a1 >= a2 else min(a2, b2)


receipt("clipped, two coins: −1/8", enumerate_mean(clipped, *[coin] * 4), Fraction(-1, 8))
receipt("actor, two coins: −1/4", enumerate_mean(actor, *[coin] * 4), Fraction(-1, 4))
for better in (0, 10):
    shifted = (better - 1, better + 1)
    outcomes = (coin, coin, shifted, shifted)
    right, wrong = (float(enumerate_mean(f, *outcomes)) for f in (clipped, with_slip))
    print(f"a₂ worth {better:2}: truth {better:2}, clipped {right:+.3f}, with the slip {wrong:+.3f}")
assert wrong < 1, "with the slip nobody sees that a₂ is worth 10"

# %% [markdown]
# ### Any number of actions, exactly
#
# One best action worth 0 and $n-1$ rivals worth $-\Delta$, Gaussian estimates of standard deviation σ. Independent estimates make
# distribution functions multiply, so each bias is a one-dimensional integral. Write $F_0, f_0$ for the distribution function and the density of the
# best action's estimate, $F_\Delta, f_\Delta$ for a rival's, and $x_{\mathrm{top}}$ for a number so large that
# practically no estimate exceeds it.
#
# 1. $P(\max \le x) = F_0(x)F_\Delta(x)^{n-1}$, and $\mathbb E[X] = x_{\mathrm{top}} - \int_{-\infty}^{x_{\mathrm{top}}} P(X \le x)\,dx$. For *clipped* replace each $F$ by $1-(1-F)^2$.
# 2. The best action is chosen, at the value $x$, with density $f_0F_\Delta^{n-1}$; some rival with $(n-1)f_\Delta F_0F_\Delta^{n-2}$. So
#    *double*'s bias is $-\Delta\int (n-1)f_\Delta F_0F_\Delta^{n-2}\,dx$.
# 3. *Actor*: given the choice and $x$, average $\min(x, Y) = x - \max(0, x-Y)$ over the second estimate $Y$ of the chosen action, whose worth is $m$
#    (0 or $-\Delta$): $\ g_m(x) = x - (x-m)\Phi(z) - \sigma\varphi(z)$, $z = (x-m)/\sigma$. So *actor*'s bias is
#    $\int \big[f_0F_\Delta^{n-1}\,g_0 + (n-1)f_\Delta F_0F_\Delta^{n-2}\,g_{-\Delta}\big]\,dx$.


# %%
def exact_biases(gap, noise, actions, points=2001):
    """The biases of max, double, clipped and actor by quadrature (trapezoids); actions: a number, or several."""
    x, rivals = np.linspace(-gap - 8 * noise, 8 * noise, points), np.asarray(actions)[..., None] - 1
    below_0, below = ndtr(x / noise), ndtr((x + gap) / noise)  # P(estimate ≤ x): best action, a rival
    phi_0, phi = (np.exp(-0.5 * (z / noise) ** 2) / (2 * np.pi) ** 0.5 for z in (x, x + gap))

    def top(F_0, F):
        return x[-1] - np.trapezoid(F_0 * F**rivals, x)

    best_wins = phi_0 / noise * below**rivals
    rival_wins = rivals * phi / noise * below_0 * below ** (rivals - 1)
    smaller_0 = x - x * below_0 - noise * phi_0
    smaller = x - (x + gap) * below - noise * phi
    return {
        "max": top(below_0, below),
        "double": -gap * np.trapezoid(rival_wins, x),
        "clipped": top(1 - (1 - below_0) ** 2, 1 - (1 - below) ** 2),
        "actor": np.trapezoid(best_wins * smaller_0 + rival_wins * smaller, x),
    }


# %% [markdown]
# Now the package's simulation, `expected_maximum`, against these integrals. It returns the mean of any of the four estimates; as the best action is
# worth 0, that is the bias. The row Δ = 0, σ = 1, n = 10 answers the prediction.

# %%
draws = 300_000
for gap, noise, n in ((0.0, 1.0, 2), (0.0, 1.0, 10), (1.0, 0.7, 5), (0.3, 2.0, 3)):
    means, exact = np.r_[0.0, np.full(n - 1, -gap)], exact_biases(gap, noise, n)
    simulated = [expected_maximum(means, noise, draws, name, np.random.default_rng(3)) for name in exact]
    receipt(
        f"Δ = {gap}, σ = {noise}, n = {n}: max, double, clipped, actor",
        simulated, list(exact.values()), 4 * (noise + gap) / draws**0.5,
    )  # fmt: skip
two, ten = exact_biases(0, 1, 2), exact_biases(0, 1, 10)
receipt("two Gaussians again: 1/√π", two["max"], 1 / np.pi**0.5, 1e-8)
assert two["clipped"] < 0 < ten["clipped"], "the sign of clipped depends on the number of actions"
assert two["actor"] < ten["actor"] < 0

# %% [markdown]
# Seen: among equals (Δ = 0, σ = 1) *clipped* is a little too low with two actions and far too high with ten. *Actor* is below 0 with either number. But never too high is not the
# same as accurate: with Δ = 1 (third row) the actor's value is the furthest from the truth of all four. TD3 accepts that, because an action that
# looks too poor is not sought out, and one that looks too good is.

# %% [markdown]
# ## 3 · Lab: four ways to value the best action
#
# The lines are the integrals, for 2 to 20 actions. The dots are the package's simulation at the number of actions you choose, 2000 draws
# with a standard error of $0.02\,\sigma/\sqrt N$ or a little more; the numbers beside the figure are theirs. Each estimate averages $N$ samples, so its noise is $\sigma/\sqrt N$.
#
# Try: (1) more actions: whose bias grows, whose shrinks, whose stays? Then the same with Δ = 1. (2) A larger gap: whose bias changes sign? (3) More samples: how
# fast does each bias shrink with Δ = 0, and with Δ = 1?

# %%
LOOKS = {
    "max": (plots.ORANGE, plots.DASHES),
    "double": (plots.PURPLE, plots.DASH_DOT),
    "clipped": (plots.SKY, plots.DOTS),
    "actor": (plots.BLUE, "-"),
}


def draw(fig, gap=0.0, noise=1.0, actions=10, samples=1):
    ax = plots.axes(fig)
    sd, counts = noise / samples**0.5, np.arange(2, 21)
    curves = exact_biases(gap, sd, counts, points=301)
    means, found = np.r_[0.0, np.full(actions - 1, -gap)], {}
    ax.axhline(0, color=plots.GREY, linewidth=1, linestyle="-", zorder=1)
    for name, (colour, line) in LOOKS.items():
        ax.plot(counts, curves[name], color=colour, linestyle=line, label=name)
        found[name] = expected_maximum(means, sd, 2000, name, np.random.default_rng(0))
        ax.plot(actions, found[name], "o", color=colour, markersize=9, label="_dot")
    ax.set(xlabel="number of actions", ylabel="bias (units of the reward)", xlim=(1.6, 20))
    ax.set_xticks((2, 5, 10, 15, 20))
    ax.set_ylim(plots.round_limits(*curves.values(), *found.values()))
    ax.yaxis.set_major_formatter("{x:+.2f}")  # of one width at every scale
    over = [name for name, value in exact_biases(gap, sd, actions, points=301).items() if value > 1e-4]
    ax.set_title(f"{actions} actions, too high: " + (", ".join(over) if over else "none"), y=1.0)
    plots.label_lines(ax)
    return {f"bias of {name}": value for name, value in found.items()}


ALT = "Bias of max, double, clipped and actor against the number of actions"
plots.picture(draw, alt=ALT, size=(7.0, 4.0))

# %% [markdown]
# With sliders:

# %%
lab = explore(
    draw,
    alt=ALT,
    size=(7.0, 4.0),
    gap=Slider("Δ", "gap", min=0.0, max=3.0, step=0.1),
    noise=Slider("σ", "noise", min=0.1, max=2.0, step=0.1),
    actions=Slider("n", "actions", min=2, max=20, step=1),
    samples=Slider("N", "samples per estimate", min=1, max=32, step=1),
)
lab

# %% [markdown]
# ## 4 · Why a small bias does not stay small
#
# A target contains the estimate of the next state, so an error travels.
#
# **Step 1.** Let all actions of all states be worth the same, as in the demo below. Let $e = \mathbb E[\hat Q - Q]$ be the critic's mean error, over noise and
# actions, and let the value that a backup takes exceed the critic's mean by $b = \mathbb E[\text{value taken}] - \mathbb E[\hat Q]$.
#
# **Step 2.** The critic is fitted to $r + \gamma(Q + e + b)$ on average, so its error becomes $e \leftarrow \gamma(e + b)$.
#
# **Step 3.** This settles where $e = \gamma(e+b)$, that is at $e = \dfrac{\gamma}{1-\gamma}\,b$. At γ = 0.99 the error is 99 times the bias of one backup.
#
# The smallest demo: the one-state MDP again, now with a loop. Two actions, rewards $\mathcal N(0,1)$ whatever you do, γ = 0.9. Every
# value is 0. Tables learn from fresh rewards, 1000 agents at once. (The twin tables see different rewards, unlike TD3's critics.)
#
# Predict $b$. Entries that share a target move up and down together, and that cannot change which is the largest. An entry's *own* part is a moving
# average, with the rate 0.1, of its own rewards: standard deviation $\sqrt{0.1/1.9} = 0.23$. So section 1 predicts $b = 0.23/\sqrt\pi = 0.13$ for *max*, and
# section 2 predicts half of that, below 0, for TD3.


# %%
def learn_tables(target, agents=1000, steps=1000, gamma=0.9, rate=0.1, seed=0):
    """Twin tables q [2, agents, 2 actions], `steps` backups of target(q): (error, bias of one backup), [agents] each."""
    rng, q, late = np.random.default_rng(seed), np.zeros((2, agents, 2)), []
    for step in range(steps):
        best = target(q)  # [2, agents], or [agents] where both tables share one target
        if step >= steps // 2:
            error = q.mean(axis=(0, 2))
            late.append((error, np.broadcast_to(best, (2, agents)).mean(axis=0) - error))
        reward = rng.standard_normal(q.shape)
        q = q + rate * (reward + gamma * np.broadcast_to(best, (2, agents))[..., None] - q)
    error, bias = np.mean(late, axis=0)
    return error, bias


def smaller_at_the_first_ones_choice(q):
    """TD3: the first table chooses the action, the smaller of the two values it."""
    chosen = q[0].argmax(axis=-1)
    return np.take_along_axis(q.min(axis=0), chosen[:, None], axis=-1)[:, 0]


# %% [markdown]
# Compare the two intervals of each target. The real test is $b$: 0.13 and −0.065 were predicted. That the error is nine times as large only says that
# it has settled. (From ten agents or seeds on, the course's intervals are for the IQM, the mean of the middle half; below ten, for the mean.)

# %%
for name, target in (("max", lambda q: q.max(axis=-1)), ("TD3", smaller_at_the_first_ones_choice)):
    error, b = learn_tables(target)
    predicted = {"max": 1, "TD3": -0.5}[name] * (0.1 / 1.9 / np.pi) ** 0.5
    print(f"{name}: bias of a backup {interval(b)}\n     error of the critic {interval(error)}")
    receipt("     b", b.mean(), predicted, 4 * b.std() / len(b) ** 0.5)
    gap = error - 9 * b
    tolerance = 4 * gap.std() / len(gap) ** 0.5
    receipt("     e = γ/(1 − γ) · b", error.mean(), 9 * b.mean(), tolerance)
    assert (error.mean() > 0) == (name == "max")

# %% [markdown]
# Seen: backing up the maximum ends far too high. TD3's target ends too low. Both errors compound, by the same factor 9. What will differ is the policy: it
# *seeks out* what is overvalued and avoids what is undervalued. This demo, where all actions are alike, cannot show that.

# %% [markdown]
# ## 5 · From the maximum to an actor
#
# DDPG takes no maximum. But its actor climbs $Q_w$, so $\mu(s)$ is an approximate $\arg\max_a Q_w(s,a)$, and the target values it by the same
# network. TD3 answers with three remedies:
#
# | remedy | pseudocode (Fujimoto et al. 2018, algorithm 1) | switch it off |
# |---|---|---|
# | **twin critics** | $y \leftarrow r + \gamma\,\min_{i=1,2} Q'_i(s', \tilde a)$ | a target that ignores the second |
# | **smoothing** | $\tilde a \leftarrow \mu'(s') + \epsilon,\quad \epsilon\sim\mathrm{clip}(\mathcal N(0,\tilde\sigma), -c, c)$ | `target_noise=0` |
# | **delay** | if $t \bmod d = 0$: update μ by the policy gradient, and all slow copies | `policy_delay=1` |
#
# The letters are this course's. The paper writes $Q_{\theta_i'}$ for $Q'_i$ and $\pi_{\phi'}$ for $\mu'$. $\tilde\sigma$ is a standard deviation. A prime on a network
# means its slow copy; on $s$ it means *next*.
#
# The next cell shows the package's own two `update` methods side by side. Orange is DDPG's alone, blue TD3's alone.
# **That difference is this lecture.**

# %%
beside(DDPG.update, TD3.update)

# %% [markdown]
# Seen, from top to bottom: the smoothed action; two next values instead of one; one target for both critics (`[:, None]`); and the actor's block, one step
# to the right, under an `if`. There `action_gradient` climbs the first critic only: it is the $\hat Q^A$ of section 2. The loop and the replay buffer are DDPG's.
# The two targets are pure functions:

# %%
show_source(td_target, twin_target)

# %% [markdown]
# ### The two targets on the same next values
#
# Twin critics whose errors are independent $\mathcal N(0,1)$, at next states that are all worth 0; $r = 0$. DDPG's target believes the first;
# TD3's believes the smaller. One transition in four is terminal.
#
# As $\min(x,y) = -\max(-x,-y)$, TD3's target is lower by $\gamma/\sqrt\pi$ on average, and only where the episode goes on.

# %%
rng, B, gamma = np.random.default_rng(4), 100_000, 0.99
next_values, reward = rng.standard_normal((2, B)), np.zeros(B)
terminated = rng.random(B) < 0.25
y_ddpg = td_target(reward, terminated, next_values[0], gamma)
y_td3 = twin_target(reward, terminated, next_values[0], next_values[1], gamma)

assert np.all(y_td3 <= y_ddpg)
assert np.all(y_td3[terminated] == 0)
assert np.all(y_ddpg[terminated] == 0)
goes_on = ~terminated
tolerance = 4 * gamma / goes_on.sum() ** 0.5
receipt("DDPG's target, not terminal: unbiased", y_ddpg[goes_on].mean(), 0.0, tolerance)
receipt("TD3's target, not terminal: −γ/√π", y_td3[goes_on].mean(), -gamma / np.pi**0.5, tolerance)

# %% [markdown]
# So with *fixed* actions DDPG's target is fine and TD3's is too low. What an actor that climbs makes of them is measured in section 6.

# %% [markdown]
# ### Lab: what smoothing does to a spike
#
# A critic (orange) that is right but for one accidental spike at $a = 0.5$, and a target policy that sits on it. Without smoothing the spike's height is
# copied into the targets (orange dot). The blue line is the value after smoothing, $\mathbb E_\epsilon\big[Q(\mathrm{clip}(a + \epsilon, -1, 1))\big]$; its dot is what TD3 copies.
# The actor still climbs the orange line: smoothing does not move it. It keeps the spike out of the targets, so that later fits need not repeat it.
#
# Try: how wide must the spike be for half of its height to reach the target? Which of $\tilde\sigma$ and $c$ matters at the course's settings?


# %%
def smoothed(q, actions, sigma, clip, points=81):
    """E[q(clip(a + clip(ε, −c, c), −1, 1))], ε ~ N(0, σ²), by averaging over quantiles of ε."""
    epsilon = np.clip(sigma * norm.ppf((np.arange(points) + 0.5) / points), -clip, clip)
    return q(np.clip(actions[:, None] + epsilon, -1, 1)).mean(axis=1)


def draw_smoothing(fig, sigma=0.2, clip=0.5, width=0.05, height=1.0):
    ax, a, spike_at = plots.axes(fig), np.linspace(-1, 1, 401), np.array([0.5])

    def right(a):
        return 1 - (a + 0.3) ** 2

    def critic(a):
        return right(a) + height * np.exp(-0.5 * ((a - spike_at) / width) ** 2)

    (plain,) = critic(spike_at)
    (copied,) = smoothed(critic, spike_at, sigma, clip)
    (without,) = smoothed(right, spike_at, sigma, clip)  # what would be copied, were there no spike
    share = (copied - without) / height if height else 0.0
    orange, blue = (plots.style(look) for look in ("DDPG", "TD3"))
    ax.plot(a, critic(a), label="critic", **orange)
    ax.plot(a, smoothed(critic, a, sigma, clip), label="smoothed", **blue)
    ax.plot([0.5, 0.5], [plain, copied], color=plots.GREY, linewidth=1.5, linestyle="-")
    ax.plot(0.5, plain, "o", color=orange["color"], markersize=9)
    ax.plot(0.5, copied, "o", color=blue["color"], markersize=9)
    ax.set(xlabel="action a", ylabel="value (units of the reward)", xlim=(-1, 1), ylim=(-1.5, 2.2))
    ax.set_title(f"{100 * share:.0f} % of the spike reaches the target" if height else "No spike", y=1.0)
    plots.label_lines(ax)
    return {"without smoothing": plain, "with smoothing": copied, "share of the spike": share}


SPIKE = "A critic with a spike, and the same critic smoothed over nearby actions"
plots.picture(draw_smoothing, alt=SPIKE, size=(6.6, 3.8))

# %% [markdown]
# With sliders:

# %%
explore(
    draw_smoothing,
    alt=SPIKE,
    size=(6.6, 3.8),
    sigma=Slider("σ̃", "target noise", min=0.0, max=0.6, step=0.02),
    clip=Slider("c", "noise clip", min=0.05, max=1.0, step=0.05),
    width=Slider("w", "width of the spike", min=0.01, max=0.4, step=0.01),
    height=Slider("h", "height of the spike", min=0.0, max=1.0, step=0.05),
)

# %% [markdown]
# How much of a Gaussian spike's height is left? (The numbers beside the lab are what the target copies.) Two Gaussians convolved are a Gaussian, so a spike of width $w$ keeps the share $w/\sqrt{w^2+\tilde\sigma^2}$ of its
# height (as long as $c$ and the ends of the action range are far away):

# %%
for width in (0.05, 0.2, 0.4):
    spike = smoothed(lambda a, w=width: np.exp(-0.5 * (a / w) ** 2), np.zeros(1), 0.2, 1.0, points=20_001)
    receipt(
        f"w = {width}, target noise 0.2: the share of its height that is left",
        spike,
        width / (width**2 + 0.2**2) ** 0.5,
        1e-4,
    )

# %% [markdown]
# **Delay**, the third remedy, waits: $d$ critic updates between two moves of the actor and of the targets, so that the actor climbs a
# critic that has had time to fit. Its price is plain: half as many actor steps at $d = 2$.

# %% [markdown]
# ## 6 · Experiment one: real networks, known truth
#
# Does the bias of section 1 appear in the real algorithms? For a clean answer take an environment whose true values are known: one state, a
# one-dimensional action $a \in [-1, 1]$, reward $\mathcal N(0,1)$ whatever the action. For *every* policy $Q = 0$. What DDPG's and TD3's critics say is their error.


# %%
class OneState:
    """r ~ N(0, 1), whatever the action; the state never changes. Q(s, a) = 0 for every policy."""

    state_names = ("nothing",)
    action_space = Box(-1.0, 1.0, (1,), np.float32)
    observation_space = Box(0.0, 1.0, (1,), np.float32)

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def start(self, uniform):
        return np.zeros((len(uniform), 1))

    def step(self, state, action):
        return state, self.rng.standard_normal(len(state)), np.zeros(len(state), bool)

    def observe(self, state):
        return np.ones((len(state), 1), np.float32)


def one_state(num_envs):
    return SystemVectorEnv(OneState(), num_envs, max_episode_steps=200)


# %% [markdown]
# The first function asks the first critic for $Q(s,\mu(s))$; the second trains and probes as it goes. `train` takes any
# algorithm, any environment, any callback.


# %%
def q_of_own_action(training, obs):
    """Q₁(s, μ(s)) of each seed, [S, N], at obs [S, N, O]."""
    nets = training.agent.nets
    with torch.no_grad():
        q = nets.critics(obs, nets.actor(obs))
    return (q if q.ndim == 2 else q[:, 0]).numpy().copy()


def train_and_probe(algorithm, env, steps, seeds, probe, every, **options):
    """Train, calling probe(training) -> [S, ...] every so many steps. Returns (training, steps [L], probed [..., S, L])."""
    at, probed, seen = [], [], []

    def watch(training):
        seen[:] = [training]
        if training.steps % every == 0:
            at.append(training.steps)
            probed.append(probe(training))

    train(algorithm, env, steps, seeds, callbacks=[watch], **options)
    return seen[0], np.array(at), np.array(probed).T


# %% [markdown]
# The probe at the one state. Beside the error it keeps what a critic would say that fits its buffer perfectly: the mean $\bar r$ of the rewards
# it remembers, discounted for ever.


# %%
def error_and_luck(training):
    """Q₁(s, μ(s)), and what a perfect fit to the rewards in the buffer would say, r̄/(1 − γ): [S, 2]."""
    S, memory = len(training.run.seeds), training.agent.memory
    rewards = memory.rows.view(S, memory.capacity, -1)[:, : len(memory), 2]  # a row is s, a, r, end, s′
    luck = rewards.mean(dim=1).numpy() / (1 - training.algorithm.gamma)
    return np.stack([q_of_own_action(training, torch.ones(S, 1, 1))[:, 0], luck], axis=1)


# %% [markdown]
# Sixteen seeds each, small networks, γ = 0.9. DDPG explores with TD3's Gaussian noise here (its own default is OU noise), so that only the three
# remedies differ; the variants are `dataclasses.replace` and nothing more. Every seed meets the same starting weights and
# the same rewards in each variant, so differences are taken seed by seed.

# %% {"jupyter": {"source_hidden": true}}
predict(
    "All true values are 0; rewards are N(0, 1) whatever the action. Where will TD3's first critic be, averaged over seeds?",
    choices=["below 0", "at 0", "above 0"],
    answer="above 0",
    ordered=True,
    why="Sections 2 to 5 promised 'below', for two independent estimates. Twin critics learn from the same replay, the same rewards "
    "and the same target. What that leaves of the minimum is measured below.",
)


# %% [markdown]
# The five variants:


# %%
def first_critic_only(reward, terminated, next_q1, next_q2, gamma):
    """Twin critics are trained, but the target ignores the second."""
    return td_target(reward, terminated, next_q1, gamma)


small = {"gamma": 0.9, "tau": 0.02, "capacity": 1000, "batch_size": 64, "hidden": (32, 32)}
td3 = TD3(**small)
variants = {
    "DDPG": DDPG(**small, noise=GaussianNoise(0.1)),
    "TD3": td3,
    "TD3, one critic": replace(td3, target=first_critic_only),
    "TD3, no smoothing": replace(td3, target_noise=0.0),
    "TD3, no delay": replace(td3, policy_delay=1),
}

# %% [markdown]
# The last function looks at a trained TD3: what does its minimum take from a target? Where two critics differ, the minimum takes half of their
# distance from each of them on average: $\mathbb E[Q'_1 - \min_i Q'_i] = \tfrac12\,\mathbb E|Q'_1 - Q'_2|$, if neither is the larger by rule. It asks
# where the target asks, at the smoothed action.


# %%
def taken_by_the_minimum(training):
    """½ E|Q′₁ − Q′₂| at the smoothed action, for each seed: [S]."""
    S, nets, rng = len(training.run.seeds), training.agent.nets, np.random.default_rng(5)
    obs = torch.ones(S, 500, 1)
    epsilon = torch.from_numpy(rng.normal(0, 0.2, (S, 500, 1)).clip(-0.5, 0.5)).float()
    with torch.no_grad():
        asked = (nets.target_actor(obs) + epsilon).clamp(-1, 1)
        first, second = nets.target_critics(obs, asked).numpy().transpose(1, 0, 2)  # [S, 500] each
    return 0.5 * np.abs(first - second).mean(axis=1)


# %% [markdown]
# The experiment is one function. With sixteen seeds and 3000 steps it takes half a minute or more, so what it returned then is **recorded**, and the
# page runs it for 800 steps, here and now, beside the recording. (In the course's folder, `python3 -m rlcourse record 07` makes the recordings of this
# page anew.) What to look for: which intervals lie above 0.


# %%
def one_state_experiment(steps, seeds):
    """Each variant's error and the luck, [S, L], at the steps `at`; what TD3's minimum takes at the end, [S]."""
    found, seldom = {"error": {}}, {"evaluate_every": 3000, "evaluation_episodes": 1}
    for name, algorithm in variants.items():
        training, found["at"], (found["error"][name], found["luck"]) = train_and_probe(
            algorithm, one_state, steps, seeds, error_and_luck, every=50, **seldom
        )
        if name == "TD3":
            found["taken"] = taken_by_the_minimum(training)
    return found


small_run = {"steps": 800}
one, now = recorded("recordings/07-one-state.json", one_state_experiment, small_run, steps=3000, seeds=16)
errors, at, luck = one["error"], one["at"], one["luck"]
late = {name: error[:, at > 1000].mean(axis=1) for name, error in errors.items()}  # [16] each
for name, error in late.items():
    print(f"{name:18} error after step 1000: {interval(error)}")
    print(f"{'':18} live, at step 800:     {interval(now['error'][name][:, -1])}")

# %% [markdown]
# TD3 is above 0 as well, though less than DDPG. How much does the minimum take here?

# %%
taken = one["taken"]
print(f"what the minimum takes from one target, TD3 at the end: {interval(taken)}")
print(f"nine times that: {9 * interval(taken).estimate:.3f}")
assert 0 < interval(taken).estimate < 0.02

# %% [markdown]
# Seen: real twins are nearly one critic. They learn from the same replay, the same rewards and the same target, so the smaller of the two takes only 0.004
# from a target. But section 4 multiplies: nine times that is 0.036. The independence of sections 2 to 5 is the ideal, not the network.
#
# DDPG and TD3 over time. Thin lines are seeds: one seed alone would tell you nothing.

# %%
fig = plots.figure(9, 4.2)
ax = plots.axes(fig)
for name in ("DDPG", "TD3"):
    plots.learning_curve(ax, at, errors[name], name, seeds_width=0.4)
ax.axhline(0, color=plots.BLACK, linewidth=1.5, linestyle="-", label="truth")
ax.set(ylabel="Q(s, μ(s)) (units of the reward)", ylim=(-1, 1.5), xlim=(0, 3000))
ax.set_title("Nothing to gain, yet DDPG's critic rises more than TD3's")
ax.text(0.99, 0.03, plots.curve_note(16), transform=ax.transAxes, color=plots.GREY, fontsize=11, ha="right")
plots.label_lines(ax)
plots.show(fig, alt="The error of DDPG's and TD3's critics over training, sixteen seeds each, truth at 0")

# %% [markdown]
# Seen: until step 500 nothing is learnt and both say what their random starting weights say. Then both rise, and DDPG's rises more; later both
# come down slowly, and the bands overlap. Much of that is luck which the two share. A perfect fit to the buffer says $\bar r/(1-\gamma)$, ten times
# the mean of its 1000 rewards, and that mean is not 0:

# %%
shared = luck[:, at > 1000].mean(axis=1)  # [16]; every variant met the same rewards
print(f"luck of a seed: standard deviation {shared.std():.2f}")
for name in ("DDPG", "TD3"):
    print(f"{name}: correlation of late error and luck {np.corrcoef(late[name], shared)[0, 1]:.2f}")
    print(f"     error without the luck: {interval(late[name] - shared)}")
    assert interval(late[name] - shared).low > 0

# %% [markdown]
# Seed by seed the luck cancels. So: DDPG minus each variant, and each variant minus TD3, on the same seed. An interval that covers 0 means that sixteen
# seeds cannot tell the two apart. (IQMs do not subtract: the IQM of the differences is not the difference of the IQMs.)

# %%
fig = plots.figure(9, 3.4)
ax = plots.axes(fig)
for row, name in enumerate(list(variants)[1:]):
    found = interval(late["DDPG"] - late[name])
    print(f"DDPG − {name:18} {found}")
    look = plots.style("TD3", row)
    ax.plot([found.low, found.high], [row, row], color=look["color"], linewidth=4, linestyle="-")
    ax.plot(found.estimate, row, "o", color=look["color"], markersize=10)
    assert found.estimate > 0
ax.axvline(0, color=plots.BLACK, linewidth=1.5, linestyle="-")
ax.set(yticks=range(4), yticklabels=list(variants)[1:], ylim=(4.1, -0.5))
ax.set_xlabel("DDPG's error minus this one's, mean after step 1000 (units of the reward)")
ax.text(0.003, 3.85, "dot: IQM; bar: 95 % bootstrap interval, n = 16", color=plots.GREY, fontsize=11)
ax.set_title("DDPG's error exceeds that of every variant of TD3")
assert interval(late["DDPG"]).low > 0, "DDPG's critic overestimates, beyond the interval"
assert interval(late["DDPG"] - late["TD3"]).low > 0, "and more than TD3's, seed by seed"
ablated = {name: interval(late[name] - late["TD3"]) for name in list(variants)[2:]}
for name, found in ablated.items():
    print(f"{name:18} − TD3 {found}")
least, most = 9 * interval(taken).low, 9 * interval(taken).high
assert least < ablated["TD3, one critic"].high and ablated["TD3, one critic"].low < most, (
    "nine times what was taken"
)
plots.show(
    fig, alt="Paired differences between DDPG's error and that of TD3 and its three ablations, with intervals"
)

# %% [markdown]
# What the sixteen seeds show: DDPG's critic overestimates a world without anything to gain, and TD3's does so less. Seed by seed against TD3, the error rises
# without the second critic (by what nine times 0.004 promised) and without smoothing; without delay sixteen seeds cannot tell. These are seven intervals on one toy task, and at
# 95 % one in twenty misses: lecture 13 says how far to trust them.

# %% [markdown]
# ## 7 · Experiment two: a critic on the pendulum
#
# It is often said that DDPG's critic overestimates its own policy. What the paper derives (section 4.1) is about one small step of the actor, away from π:
# along the critic's gradient it ends at $\pi_a$, along the gradient of the true values it would end at $\pi_t$. Averaged over the states of the replay,
# $$\mathbb E\,Q_w(s,\pi_a(s)) \;\ge\; \mathbb E\,Q_w(s,\pi_t(s)) \;\ge\; \mathbb E\,Q^\pi(s,\pi_t(s)) \;\ge\; \mathbb E\,Q^\pi(s,\pi_a(s)).$$
# The outer two hold for small enough steps: each policy climbs its own function best. The middle one is an *assumption*: a critic that is not too low on average. So
# it is a tendency, and a tendency can be measured. We take the current policy's own value, $Q^\mu$:
#
# 1. Draw states from what the agent has visited (its replay buffer).
# 2. From each, follow μ without noise for $T$ steps and add up $\sum_{t<T}\gamma^t r_t$. This estimates $Q^\mu(s,\mu(s))$.
# 3. Subtract it from $Q_w(s,\mu(s))$ and average. ($Q_w$ of TD3 is its first critic, the one that its actor climbs.)
#
# The pendulum never terminates, so the sum must be cut. With $|r| \le \pi^2 + 0.1\cdot 8^2 + 0.001\cdot 2^2$ the rest is at most $\gamma^T|r|_{\mathrm{max}}/(1-\gamma)$.
# The environment's own limit of 200 steps is a truncation: it is no part of the value, so we step the equations of motion ourselves.


# %%
def discounted_return(act, obs, gamma, horizon):
    """Σ_{t<T} γ^t r_t on the pendulum from obs [S, N, 3], following act: obs -> actions [S, N, 1]. Returns [S, N]."""
    system, total = Pendulum(), 0.0
    state = (
        np.stack([np.arctan2(obs[..., 1], obs[..., 0]), obs[..., 2]], axis=-1).reshape(-1, 2).astype(float)
    )
    for t in range(horizon):
        torque = 2.0 * act(obs).reshape(-1, 1)
        state, reward, _ = system.step(state, torque)
        total = total + gamma**t * reward
        obs = system.observe(state).reshape(obs.shape)
    return total.reshape(obs.shape[:-1])


def critic_bias(training, states=128, horizon=300):
    """Mean over visited states of Q_w(s, μ(s)) − Σ_t γ^t r_t, for each seed: [S]."""
    picks = Streams(training.run.seeds, purpose=9)  # its own randomness: probing must not change the training
    obs = training.agent.memory.sample(states, picks).obs
    truth = discounted_return(training.policy().act, obs.numpy(), training.algorithm.gamma, horizon)
    return (q_of_own_action(training, obs) - truth).mean(axis=1)


gamma, largest = 0.95, np.pi**2 + 0.1 * 8**2 + 0.001 * 2**2
print(f"what is cut off after 300 steps at γ = {gamma}: at most {gamma**300 * largest / (1 - gamma):.1e}")

# %% [markdown]
# The yardstick is ready. Before it is used:

# %% {"jupyter": {"source_hidden": true}}
predict(
    "At step 500 the warm-up ends and no network has learnt anything yet. The measured bias of both critics is…",
    choices=["far below 0", "near 0", "far above 0"],
    answer="far above 0",
    ordered=True,
    why="A fresh network says about 0, and on the pendulum the truth is far below 0. That is the initial value, not the "
    "maximum: experiment one had no such start, because its truth is 0.",
)

# %% [markdown]
# The training: five seeds each, γ = 0.95 so that short roll-outs suffice; DDPG with TD3's noise again, and a TD3 without delay. Its 6000 steps are
# recorded like experiment one; here and now the page trains for 1000.


# %%
settings = {"gamma": gamma, "tau": 0.01}
trained = {
    "DDPG": DDPG(**settings, noise=GaussianNoise(0.1)),
    "TD3": TD3(**settings),
    "TD3, d = 1": TD3(**settings, policy_delay=1),
}


def on_the_pendulum(algorithms, steps, seeds, env="Pendulum-v1"):
    """Of each algorithm the critic's bias, [S, L], at the steps `at`, and the return, [S, E], at `evaluated`."""
    found = {"bias": {}, "return": {}}
    for name, algorithm in algorithms.items():
        training, found["at"], found["bias"][name] = train_and_probe(
            algorithm, env, steps, seeds, critic_bias, every=500, evaluate_every=300
        )
        found["evaluated"], found["return"][name] = training.run.curve.steps, training.run.curve.returns
    return found


# %% [markdown]
# The live numbers stand below the recorded ones, at the same step.


# %%
def pendulum_experiment(steps, seeds):
    return on_the_pendulum(trained, steps, seeds)


small_run = {"steps": 1000}
pendulum, now = recorded("recordings/07-pendulum.json", pendulum_experiment, small_run, steps=6000, seeds=5)
at, biases, returns = pendulum["at"], pendulum["bias"], pendulum["return"]
for name in trained:
    print(f"{name}: return {interval(returns[name][:, -1])}")
    for when, column in (("at the start", 0), ("at step 1000", 1), ("at the end", -1)):
        print(f"      bias {when:12} {interval(biases[name][:, column])}")
    print(f"      live, step 1000   {interval(now['bias'][name][:, -1])}")

# %% [markdown]
# First a receipt for the yardstick itself: the same states, followed in Gymnasium's own pendulum by the same policy, of a TD3 after 1000 steps.

# %%
training, _, _ = train_and_probe(trained["TD3"], "Pendulum-v1", 1000, 2, critic_bias, every=1000)
obs = training.agent.memory.sample(6, Streams(training.run.seeds, purpose=10)).obs.numpy()
ours = discounted_return(training.policy().act, obs, gamma, 300)[0]
agent, theirs = training.run.agent(0), np.zeros(6)
for i in range(6):
    env = gymnasium.make("Pendulum-v1").unwrapped  # unwrapped: no time limit
    env.reset(seed=0)
    env.state = np.array([np.arctan2(obs[0, i, 1], obs[0, i, 0]), obs[0, i, 2]], float)
    seen = obs[0, i]
    for t in range(300):
        seen, reward, *_ = env.step(2 * agent.act(seen).reshape(1))
        theirs[i] += gamma**t * reward
# Observations and actions are rounded to float32, 300 times in a row, on returns of about −80.
receipt("returns by the course's pendulum, by Gymnasium's", ours, theirs, 0.02)

# %% [markdown]
# Then the picture: bias on the left, return on the right. Look at the early part of the left panel, then at where the three lines end.

# %%
fig = plots.figure(11, 4.2)
bias_ax, return_ax = plots.axes(fig, 1, 2)
looks = {
    "DDPG": (plots.ORANGE, plots.DASHES),
    "TD3": (plots.BLUE, "-"),
    "TD3, d = 1": (plots.PURPLE, plots.DASH_DOT),
}
for name, look in looks.items():
    plots.learning_curve(bias_ax, at, biases[name], name, *look)
    plots.learning_curve(return_ax, pendulum["evaluated"], returns[name], name, *look)
bias_ax.axhline(0, color=plots.BLACK, linewidth=1.5, linestyle="-")
bias_ax.text(600, -3, "truth", va="top")
bias_ax.set(ylabel="Q − discounted return\n(units of the reward)", title="The start-up bias fades")
return_ax.set(ylabel="return of 200 steps, undiscounted", title="Delay slows TD3 here")
for ax in (bias_ax, return_ax):
    ax.set_xticks((0, 2000, 4000, 6000))
    plots.label_lines(ax, wrap=12)
note = plots.curve_note(5).replace("; ", "\n").replace("band: ", "band:\n")
bias_ax.text(
    0.99, 0.97, note, transform=bias_ax.transAxes, color=plots.GREY, fontsize=11, ha="right", va="top"
)
plots.show(
    fig,
    alt="Measured bias of the critics and evaluation return of DDPG, TD3 and TD3 without delay on the pendulum, five seeds each",
)

# %% [markdown]
# The claims of the titles, asserted. "Later" means: a lower mean over the whole curve, seed by seed.

# %%
for name, bias in biases.items():
    start, end = interval(bias[:, 0]), interval(bias[:, -1])
    assert start.low > 0, "the start-up bias is positive beyond its interval"
    assert abs(end.estimate) < 0.25 * start.estimate, "and most of it is gone at the end"
    assert end.high < 0 or name != "TD3, d = 1", "TD3 without delay ends below 0"
    print(f"{name}: bias {start.estimate:.0f} at the start, {end.estimate:.1f} at the end")
over_the_curve = {name: curve.mean(axis=1) for name, curve in returns.items()}
for name in ("DDPG", "TD3, d = 1"):
    sooner = interval(over_the_curve[name] - over_the_curve["TD3"])
    print(f"mean return over the curve, {name} − TD3: {sooner}")
    assert sooner.low > 0
print("DDPG − TD3, d = 1:", interval(over_the_curve["DDPG"] - over_the_curve["TD3, d = 1"]))

# %% [markdown]
# What five seeds show, on this task. At step 500 all of the "overestimation" is the initial value. It is then forgotten, in about $1/\big(\tau(1-\gamma)\big) = 2000$
# updates, and half as fast by TD3 with $d = 2$, whose slow copies move every other time: its curve is still falling at the end. The delay also costs actor
# steps: without it TD3 learns as soon as DDPG, as far as five seeds can tell. But then its critic ends *too low*. Which remedy pulls it down? Take one away at a time:

# %%
without = {
    "one critic": replace(trained["TD3, d = 1"], target=first_critic_only),
    "no smoothing": replace(trained["TD3, d = 1"], target_noise=0.0),
}


def without_one_remedy(steps, seeds):
    return on_the_pendulum(without, steps, seeds)


small_run = {"steps": 1000}
less, now = recorded("recordings/07-without.json", without_one_remedy, small_run, steps=6000, seeds=5)
low = {"with both": biases["TD3, d = 1"][:, -1]} | {name: bias[:, -1] for name, bias in less["bias"].items()}
for name, bias in low.items():
    print(f"TD3, d = 1, {name:12} bias at the end {interval(bias)}")
for name in without:
    found = interval(low[name] - low["with both"])
    print(f"seed by seed, {name} − with both: {found}")
    assert found.low > 0

# %% [markdown]
# Mostly the minimum: with one critic the bias is 5.3 higher, seed by seed. Partly smoothing: 2.1 higher without it. At γ = 0.95 the bias of a backup counts 19-fold, and
# here DDPG has little overestimation to cure. This is one easy task with one-dimensional actions. The paper measured two MuJoCo tasks, Hopper and
# Walker2d, over a million steps, and reports overestimation there.
#
# So: an inequality on a slide is a claim about an algorithm *on a task*. Measure it on yours.

# %% [markdown]
# ## 8 · Live: DDPG beside TD3
#
# Choose *each in turn* and press **Start**. The curves show every seed; beside them the pendulum is played by the policy as it is now. Then retune:
# with $d = 1$ and $\tilde\sigma = 0$, what is left of the difference? ($d$ and $\tilde\sigma$ are TD3's alone.) Earlier runs stay in the picture, named by what differs.
# Here γ = 0.99 and τ = 0.005, the defaults, so the curves are not those of section 7.
#
# No time? The pale dotted curves are a recording. This made it, in the folder of this page:
# `from rlcourse.widgets import record`, then
# `record([DDPG(noise=GaussianNoise(0.1)), TD3()], "Pendulum-v1", "recordings/07-td3.json", steps=10_000, seeds=4)`

# %%
panel = live(
    [DDPG(noise=GaussianNoise(0.1)), TD3()],
    "Pendulum-v1",
    steps=10_000,
    seeds=4,
    recorded="recordings/07-td3.json",
    title="DDPG beside TD3",
    policy_delay=Slider("d", "policy delay", min=1, max=4, step=1),
    target_noise=Slider("σ̃", "target noise", min=0.0, max=0.6, step=0.05),
    tau=Slider("τ", "target step", min=5e-4, max=5e-2, log=True),
)
panel

# %% [markdown]
# ## Summary
#
# - The maximum of unbiased estimates is biased upwards: σ/√π for two Gaussians, more with more actions, less with a gap.
# - Bootstrapping multiplies the bias of one backup by γ/(1 − γ).
# - Max-of-min is no cure in general: its sign depends on the number of actions. TD3 evaluates *one* action, its actor's, by the smaller critic. With
#   independent critics that is never too high, and it can be far too low.
# - TD3 is DDPG plus twin critics, smoothing and delay; each can be switched off by one field.
# - With pure noise as reward, DDPG's critic overestimates, and TD3's less: real twins are nearly one critic, but bootstrapping multiplies the little
#   that they differ. On the pendulum the early bias is the initial value; it fades.
#
# ## Exercises
#
# Homework 3 asks you to write the targets, the smoothing and `critic_bias`, and trains TD3 with *your* target. Here, at once:
#
# 1. In the first lab set Δ = 1. Why is *double* now below 0? What does its bias tend to as the number of actions grows?
# 2. Let two Gaussians of variance σ² be jointly normal with correlation ρ. Show that $\mathbb E[\min(x,y)] = -\sigma\sqrt{(1-\rho)/\pi}$. What is left of TD3's minimum at ρ = 0.99?
# 3. Give `OneState` a terminal: `step` returns `terminated` with probability ½. Predict the factor of section 4, then train DDPG and TD3 again
#    (call `one_state_experiment(steps=3000, seeds=16)` in a cell of your own; the recording is of the loop without an end).
# 4. Let the target take the *larger* critic: another entry of `variants`, `replace(td3, target=…)`. What does `one_state_experiment(steps=3000, seeds=16)` say?
# 5. Print `mean_interval(late["DDPG"][:4])` (from `rlcourse.statistics`), then the other fours and all sixteen. One of the fours may be the narrowest of all.
#    Should you trust it more?
# 6. Is the early bias of section 7 only the start? Add 6.6 to every reward of the pendulum, so that the truth at the start is near 0, and measure again
#    (`on_the_pendulum`, with your environment).
#
# ## Sources
#
# - Fujimoto, van Hoof, Meger, *Addressing Function Approximation Error in Actor-Critic Methods*, ICML 2018, arXiv:1802.09477: section 4 and eq. 10 (bias), section 5 (delay and smoothing), algorithm 1.
# - Lillicrap et al., *Continuous control with deep reinforcement learning*, ICLR 2016, arXiv:1509.02971: algorithm 1.
# - van Hasselt, *Double Q-learning*, NeurIPS 2010: the maximum's bias, and the double estimator.
# - van Hasselt, Guez, Silver, *Deep Reinforcement Learning with Double Q-learning*, AAAI 2016, arXiv:1509.06461: Double DQN.
# - Thrun, Schwartz, *Issues in Using Function Approximation for Reinforcement Learning*, 1993: the effect, in Q-learning with function approximators such as neural networks.
