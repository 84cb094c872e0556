# %% [markdown]
# # Homework 5 · TRPO and PPO
#
# You write what keeps a step of a policy small: a length, a search, a clip, a penalty, a stop. Your line search then runs inside TRPO, your clipped objective inside PPO.
#
# **Assumed.** Lectures [11](../lectures/11-trpo.ipynb), [11b](../lectures/11b-vines-and-variants.ipynb), [12](../lectures/12-ppo.ipynb), [12b](../lectures/12b-the-details-that-matter.ipynb);
# Python with NumPy; for section 5 PyTorch: `backward()`, `zero_grad()`, `no_grad()`.
#
# **How it works.** Write your answer in the cell that raises `NotImplementedError`, run it, then run the check below it.
# ✓ means right. The first ✗ says what is seen of the mistake, the second one what to mend (or click, and be told at once).
# Checks are free: run them as often as you like. Arrays are NumPy or torch, as you prefer; anything that gives the right numbers is right. Your mark comes from
# the same checks on other random inputs.
#
# **One rule:** a function leaves its arguments as they are. `x += …` and `x[i] = …` write into the caller's array; `x = x + …` makes a new one.
#
# If a check never ends, your code has a loop without end: interrupt the kernel (■).

# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-imports", "locked": true, "solution": false}
import math

import numpy as np
import torch

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-course", "locked": true, "solution": false}
from IPython.display import display

from rlcourse import plots
from rlcourse.grading import check, instance


def ready(name, function):
    """Is the exercise solved? A figure below waits for it."""
    solved = check(name, function).passed
    if not solved:
        print(f"This cell waits for {name}: solve it, then run the cell again.")
    return solved


# %% [markdown]
# **Your ID.** One exercise below has an instance of your own, made from your student ID. Write it between the quotes, as your course
# knows it, and run the cell.

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "student-id", "locked": false, "solution": false}
student = "your ID"

# %% [markdown]
# ## 1 · A step of TRPO
#
# ### 1.1 What the vine maximises
#
# In one state $s$ of a vine, $K$ actions $a_1, \dots, a_K$ were drawn from the old policy, and each was followed long enough to know its $\hat Q_k$. What a new policy is worth there is a mean of these, each weighed
# by how much more likely the new policy makes it:
#
# $$L(\theta) = \frac{\sum_k \rho_k\,\hat Q_k}{\sum_k\rho_k}, \qquad \rho_k = \frac{\pi_\theta(a_k|s)}{\pi_{\mathrm{old}}(a_k|s)} .$$
#
# **Write** it. `new_probs`, `old_probs` (all positive) and `q` have shape `[K]`; the answer is one number. If you write it in PyTorch and leave the graph in place, its gradient by `new_probs` is judged as well.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "vine_surrogate", "locked": false, "solution": true}
def vine_surrogate(new_probs, old_probs, q):
    ### BEGIN SOLUTION
    rho = new_probs / old_probs
    return (rho * q).sum() / rho.sum()
    ### END SOLUTION


# %% [markdown]
# ### 1.2 How long?
#
# Conjugate gradient has found a direction $s$, and with it $Fs$. Near the old policy the KL divergence of a step $\beta s$ is $\tfrac12(\beta s)^\top F(\beta s)$.
#
# **Write** the $\beta > 0$ for which that is $\delta$. `s` and `Fs` have shape `[P]`, `delta` is in nats; the answer is one number.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "step_length", "locked": false, "solution": true}
def step_length(s, Fs, delta):
    ### BEGIN SOLUTION
    return (2 * delta / (s @ Fs)) ** 0.5
    ### END SOLUTION


# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-step", "locked": false, "points": 7, "solution": true}
# ### 1.3 In words  (25 minutes, marked by hand)
#
# The closed form of the trust-region step: maximise $g^\top x$ over $x\in\mathbb R^P$, subject to $\tfrac12x^\top Fx\le\delta$, with $F$ symmetric and positive definite, $g\ne0$ and $\delta>0$.
#
# (a) Show that the constraint holds with equality at the maximum. (b) Derive $x^* = \sqrt{2\delta/(g^\top F^{-1}g)}\;F^{-1}g$, and say why it is the maximum and no other stationary point. (c) What does $g^\top x^*$ come to, and what happens to
# $x^*$ if the rewards are multiplied by 10? (d) Let $\theta = A\phi$ with an invertible matrix $A$. Show that the step in $\phi$ leads to the same policy.
#
# ### BEGIN SOLUTION
# (a) If $\tfrac12x^\top Fx<\delta$, then $x+tg$ still obeys the constraint for small $t>0$ and gains $t\,g^\top g>0$. (b) With a multiplier $\lambda>0$: $g = \lambda Fx$, so $x = F^{-1}g/\lambda$; put into the constraint,
# $g^\top F^{-1}g/(2\lambda^2) = \delta$, hence $1/\lambda = \pm\sqrt{2\delta/g^\top F^{-1}g}$. The plus is the maximum, as $g^\top x = g^\top F^{-1}g/\lambda$; the minus is the minimum. That the maximum exists: the set is compact. (Or by Cauchy and
# Schwarz: $g^\top x = (F^{-1/2}g)^\top(F^{1/2}x)\le\sqrt{g^\top F^{-1}g}\sqrt{2\delta}$, with equality where the two vectors are parallel.) (c) $\sqrt{2\delta\,g^\top F^{-1}g}$. With $10g$ the direction and the length stay: the root has
# $1/10$, $F^{-1}g$ has 10. (d) $g_\phi = A^\top g$ and $F_\phi = A^\top FA$, so $F_\phi^{-1}g_\phi = A^{-1}F^{-1}g$ and $g_\phi^\top F_\phi^{-1}g_\phi = g^\top F^{-1}g$; the step in $\theta$ is $A\,x_\phi = x^*$.
#
# *Marking (7 points): (a) 1. (b) stationarity, 1; the multiplier from the constraint, 1; why the maximum, 1. (c) 1 for each half. (d) 1.*
# ### END SOLUTION

# %% [markdown]
# ### 1.4 And does it hold?
#
# $\beta$ trusts a linear model of the gain and a quadratic one of the KL divergence. The search trusts neither: it measures both at $\theta + \text{shrink}^j\,\beta s$, $j = 0, 1, \dots$, and takes the *first* point at which the gain is positive and the KL divergence at most
# `max_kl`.
#
# **Write** the search. `evaluate(x)` gives the pair (gain, KL) at parameters `x` of shape `[P]`, two numbers; call it as often as you like. `theta` and `full_step` have shape `[P]`; there are `backtracks` trials in all, the full step
# is the first. If none holds, `theta` comes back unchanged. A gain that is NaN is no gain, a gain of exactly 0 neither; a KL divergence of exactly `max_kl` is allowed.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "line_search", "locked": false, "solution": true}
def line_search(evaluate, theta, full_step, max_kl, backtracks, shrink):
    ### BEGIN SOLUTION
    for j in range(backtracks):
        candidate = theta + shrink**j * full_step
        gain, kl = evaluate(candidate)
        if gain > 0 and kl <= max_kl:
            return candidate
    return theta
    ### END SOLUTION


# %% [markdown]
# **See it.** A gain and a KL divergence along one step. Where does your search stop if the region is 0.02, and where if it is 0.2? Grey: where the gain is negative.

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-search", "locked": true, "solution": false}
if ready("line_search", line_search):

    def along(theta):
        """Gain and KL of a made-up step, at share t = theta[0] of it."""
        t = float(theta[0])
        return 0.5 * t - 0.8 * t**2 + 0.1 * t**3, 0.15 * t**2

    figure, t = plots.figure(8, 3.6), np.linspace(0, 1, 101)
    ax, (gain, kl) = plots.axes(figure), np.array([along([share]) for share in t]).T
    ax.plot(t, gain, color=plots.BLUE, linestyle="-", label="gain")
    ax.plot(t, kl, color=plots.ORANGE, linestyle="--", label="KL divergence (nats)")
    ax.fill_between(t, gain.min(), 0.2, where=gain <= 0, color="0.92")
    for region, marker in ((0.02, "o"), (0.2, "s")):
        share = float(line_search(along, np.zeros(1), np.ones(1), region, 10, 0.8)[0])
        ax.plot(
            share,
            along([share])[0],
            marker,
            color=plots.BLACK,
            linestyle="none",
            label=f"yours, region {region:g}",
        )
    ax.set(xlabel="share of the full step", title="Two conditions, one search", ylim=(gain.min(), 0.2))
    plots.legend(ax)
    display(plots.show(figure, alt="Gain and KL along a step, with the points at which the search stops"))

# %% [markdown]
# ## 2 · How far apart?
#
# ### 2.1 Two Gaussians
#
# For policies with independent Gaussian actions the KL divergence has a closed form. In each dimension it is
#
# $$\log\frac{\sigma_2}{\sigma} + \frac{\sigma^2+(\mu-\mu_2)^2}{2\sigma_2^2} - \frac12 .$$
#
# **Write** $D_{\mathrm{KL}}\bigl(\mathcal N(\mu,\sigma^2)\,\|\,\mathcal N(\mu_2,\sigma_2^2)\bigr)$ for a batch. `mean` and `other_mean` have shape `[N, D]`; `std` and `other_std` are standard deviations, `[N, D]` or `[D]`; the answer has shape `[N]`.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "gaussian_kl", "locked": false, "solution": true}
def gaussian_kl(mean, std, other_mean, other_std):
    ### BEGIN SOLUTION
    spread = (std**2 + (mean - other_mean) ** 2) / (2 * other_std**2)
    return (np.log(other_std / std) + spread - 0.5).sum(axis=1)
    ### END SOLUTION


# %% [markdown]
# ### 2.2 From samples
#
# Programs rarely compute it: they have actions drawn from the old policy, and $x = \log\pi_{\mathrm{new}}(a|s) - \log\pi_{\mathrm{old}}(a|s)$ for each. Three estimates of $D_{\mathrm{KL}}(\pi_{\mathrm{old}}\|\pi_{\mathrm{new}})$ are means over the samples:
#
# $$k_1 = -x, \qquad k_2 = \tfrac12x^2, \qquad k_3 = e^x - 1 - x .$$
#
# **Write** the three means as a triple. `log_ratio` ($x$) has shape `[N]`.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "kl_estimates", "locked": false, "solution": true}
def kl_estimates(log_ratio):
    ### BEGIN SOLUTION
    k1, k2, k3 = -log_ratio, log_ratio**2 / 2, np.exp(log_ratio) - 1 - log_ratio
    return k1.mean(), k2.mean(), k3.mean()
    ### END SOLUTION


# %% [markdown]
# **See it.** Two Gaussians with $\sigma = 1$, their means 0.3 apart: the divergence is 0.045. A thousand batches of 64 actions; how your three estimates scatter. Which of them would you let stop an epoch?

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-estimates", "locked": true, "solution": false}
if ready("kl_estimates", kl_estimates):
    actions = np.random.default_rng(0).normal(size=(1000, 64))
    found = np.array([[float(k) for k in kl_estimates(0.3 * row - 0.045)] for row in actions])
    figure = plots.figure(8, 3.4)
    ax, bins = plots.axes(figure), np.linspace(-0.1, 0.2, 61)
    for k, color, line in ((0, plots.BLUE, "-"), (1, plots.ORANGE, "--"), (2, plots.GREEN, "-.")):
        ax.hist(
            found[:, k], bins, histtype="step", color=color, linestyle=line, label=f"k{k + 1}", linewidth=2
        )
    ax.axvline(0.045, color=plots.BLACK, linestyle=":", label="true")
    ax.set(xlabel="estimate (nats)", ylabel="batches", title="Three estimates of one divergence")
    plots.legend(ax)
    display(plots.show(figure, alt="k1 scatters widely around the true value, k2 and k3 closely"))

# %% [markdown]
# ## 3 · The objective of PPO
#
# ### 3.1 The clip
#
# PPO has no constraint. With $r = \pi_\theta(a|s)/\pi_{\mathrm{old}}(a|s)$ it maximises the mean of
#
# $$\min\bigl(r\,\hat A,\;\mathrm{clip}(r, 1-\varepsilon, 1+\varepsilon)\,\hat A\bigr) .$$
#
# **Write** this number for each sample. `ratio` and `advantage` have shape `[N]`, and so has the answer; `clip` is $\varepsilon$. For section 6 you need it in PyTorch's operations, so that a gradient flows through `ratio` (a NumPy answer passes the check,
# but cannot train). Where a tensor comes back with its graph, its gradient is judged as well.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "clipped_objective", "locked": false, "solution": true}
def clipped_objective(ratio, advantage, clip):
    ### BEGIN SOLUTION
    ratio, advantage = torch.as_tensor(ratio), torch.as_tensor(advantage)
    return torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)
    ### END SOLUTION


# %% [markdown]
# **See it.** Your objective as a function of the ratio, for a good action and a bad one.

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-clip", "locked": true, "solution": false}
if ready("clipped_objective", clipped_objective):
    ratio, figure = np.linspace(0, 2, 201), plots.figure(9, 3.2)
    for ax, A in zip(plots.axes(figure, 1, 2), (1.0, -1.0), strict=True):
        worth = np.asarray(clipped_objective(torch.tensor(ratio), torch.full((201,), A).double(), 0.2))
        ax.plot(ratio, ratio * A, color=plots.GREY, linestyle="--", label="r Â")
        ax.plot(ratio, worth, color=plots.BLUE, linestyle="-", label="yours")
        ax.axvline(1, color="0.8", zorder=0)
        ax.set(title=f"Â = {A:g}", xlabel="ratio r")
        plots.legend(ax)
    display(
        plots.show(figure, alt="The objective is flat above 1.2 for a good action, below 0.8 for a bad one")
    )

# %% [markdown]
# ### 3.2 Where nothing pulls
#
# **Write** for each sample whether $\partial/\partial r$ of 3.1 is 0: a truth value each, shape `[N]`. No advantage is 0, and no ratio lies on an edge.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "clip_stops_gradient", "locked": false, "solution": true}
def clip_stops_gradient(ratio, advantage, clip):
    ### BEGIN SOLUTION
    good = (advantage > 0) & (ratio > 1 + clip)
    bad = (advantage < 0) & (ratio < 1 - clip)
    return good | bad
    ### END SOLUTION


# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-clip", "locked": false, "points": 6, "solution": true}
# ### 3.3 In words  (20 minutes, marked by hand)
#
# "The clip keeps the ratio within $[1-\varepsilon, 1+\varepsilon]$." (a) Which of the four combinations of $r$ outside on either side and $\hat A$ of either sign have a slope, and which way does it pull? (b) A policy has parameters that its samples share. Give two samples and one
# parameter such that a sample with $r > 1+\varepsilon$ and $\hat A>0$ is pushed further out by gradient ascent, although its own slope is 0. (c) Without any sharing, one step can leave the interval and go far beyond. How, and which sizes decide how far? (d) Name two brakes that programs add.
#
# ### BEGIN SOLUTION
# (a) $r>1+\varepsilon$, $\hat A<0$: slope $\hat A<0$, pulls the ratio back down; $r<1-\varepsilon$, $\hat A>0$: pulls it back up. The other two have none: nothing pulls outwards, but nothing pulls back either. (b) One logit difference $\theta$, $\pi(1|s)=\sigma(\theta)$ in two states
# $s_1, s_2$ alike. In $s_1$ action 1 has $r>1+\varepsilon$, $\hat A>0$: no slope. In $s_2$ action 1 was drawn from an old policy that made it likelier, so that there $r$ is still inside, with $\hat A>0$: its slope raises $\theta$, and with it the ratio in $s_1$. (c) As long as $r$ is inside, the slope is
# the full $\hat A$: the step is (step size) × gradient, and it does not know where the edge is. The learning rate and $\hat A$ (with Adam: the rate alone, nearly) decide; with momentum it goes on moving after the slope has become 0. (d) Early stopping by an estimate of the KL divergence, a falling learning
# rate, few epochs, a bound on the gradient's norm, a penalty: any two.
#
# *Marking (6 points): (a) 2. (b) 1 for a parameter that both share, 1 for why the other sample raises it. (c) 1. (d) 1.*
# ### END SOLUTION

# %% [markdown]
# ### 3.4 A price in the place of the clip
#
# The other PPO subtracts $\beta\,D_{\mathrm{KL}}$, and after each batch sets the price anew: $2\beta$ where the divergence was above $1.5\,d_{\mathrm{targ}}$, $\beta/2$ where it was below $d_{\mathrm{targ}}/1.5$; otherwise, also on the edges, $\beta$ stays.
#
# **Write** the new $\beta$. All three are numbers, `target` is $d_{\mathrm{targ}}$.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "adaptive_beta", "locked": false, "solution": true}
def adaptive_beta(beta, kl, target):
    ### BEGIN SOLUTION
    if kl > 1.5 * target:
        return 2 * beta
    return beta / 2 if kl < target / 1.5 else beta
    ### END SOLUTION


# %% [markdown]
# ### 3.5 The whole loss
#
# Policy, critic and entropy in one number to *minimise*:
#
# $$-\Bigl[\,\overline{L^{\mathrm{CLIP}}} - c_1\,\overline{(V-y)^2} + c_2\,\overline{H}\,\Bigr],$$
#
# each bar a mean over the $N$ samples, $L^{\mathrm{CLIP}}$ as in 3.1.
#
# **Write** it. `ratio`, `advantage`, `value`, `target` ($y$) and `entropy` have shape `[N]`; `clip`, `value_weight` ($c_1$) and `entropy_weight` ($c_2$) are numbers.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "ppo_loss", "locked": false, "solution": true}
def ppo_loss(ratio, advantage, value, target, entropy, clip, value_weight, entropy_weight):
    ### BEGIN SOLUTION
    gain = clipped_objective(ratio, advantage, clip).mean()
    error = ((value - target) ** 2).mean()
    return -(gain - value_weight * error + entropy_weight * entropy.mean())
    ### END SOLUTION


# %% [markdown]
# ## 4 · What papers leave out
#
# ### 4.1 One scale for all advantages
#
# **Write** $(\hat A - \mathrm{mean})/(\mathrm{sd} + 10^{-8})$, shape `[N]`, with the standard deviation of the *population*: the root of the mean squared distance from the mean. (PyTorch's `std` divides by $N-1$ unless it is told `correction=0`.) Where all advantages are equal the answer is 0.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "normalise", "locked": false, "solution": true}
def normalise(advantage):
    ### BEGIN SOLUTION
    centred = advantage - advantage.mean()
    return centred / ((centred**2).mean() ** 0.5 + 1e-8)
    ### END SOLUTION


# %% [markdown]
# ### 4.2 Minibatches
#
# An epoch goes through all $n$ samples once, in an order of its own.
#
# **Write** a list of index arrays: a shuffled partition of $0, \dots, n-1$ into pieces of `size`, of which the last may be smaller. `rng` is a NumPy `Generator`, and all chance comes from it; another call with the same `rng` gives another order. Both who is in a piece and the order inside it are random.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "minibatches", "locked": false, "solution": true}
def minibatches(n, size, rng):
    ### BEGIN SOLUTION
    order = rng.permutation(n)
    return [order[i : i + size] for i in range(0, n, size)]
    ### END SOLUTION


# %% [markdown]
# ### 4.3 Running moments
#
# Observations are brought to one scale by the mean and variance of all that was seen so far. Two sets of $m$ and $n$ rows whose means differ by $\Delta$ have together a sum of squared distances from their common mean of
#
# $$S = S_m + S_n + \Delta^2\,\frac{mn}{m+n} .$$
#
# **Write** the class. `update(batch)` adds rows, `[N, D]` with $N\ge1$; `.mean` and `.var` (the population's), attributes or properties of shape `[D]`, are of all rows so far. Each row is looked at once, and nothing that is stored may grow with the data. Data may lie near $10^9$ with a spread of 1: the difference
# $\overline{x^2}-\bar x^2$ has no digit left there.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "RunningMoments", "locked": false, "solution": true}
class RunningMoments:
    def __init__(self, dimension):
        ### BEGIN SOLUTION
        self.count, self.mean, self.var = 0, np.zeros(dimension), np.zeros(dimension)
        ### END SOLUTION

    def update(self, batch):
        ### BEGIN SOLUTION
        n, total = len(batch), self.count + len(batch)
        centre = batch.mean(0)
        gap, own = centre - self.mean, ((batch - centre) ** 2).mean(0)
        squares = self.count * self.var + n * own + gap**2 * self.count * n / total
        self.mean = self.mean + gap * n / total
        self.count, self.var = total, squares / total
        ### END SOLUTION


# %% [markdown]
# ### 4.4 Does the critic know anything?
#
# **Write** the explained variance, $1 - \mathrm{Var}(y-V)/\mathrm{Var}(y)$, one number: 1 for a perfect critic, 0 for one no better than a constant, negative for a worse one. Where all targets are equal there is nothing to explain: `NaN`. `value` and `target` have shape `[N]`.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "explained_variance", "locked": false, "solution": true}
def explained_variance(value, target):
    ### BEGIN SOLUTION
    spread = np.var(target)
    return 1 - np.var(target - value) / spread if spread > 0 else np.nan
    ### END SOLUTION


# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-reading", "locked": false, "points": 8, "solution": true}
# ### 4.5 Code reading  (45 minutes, marked by hand)
#
# Section 5 of [lecture 11b](../lectures/11b-vines-and-variants.ipynb) measures a much-copied program of 200 lines that calls itself TRPO (`ikostrikov/pytorch-trpo`, linked there by name). Open its `trpo.py` and `main.py`, and the lecture's table.
#
# (a) Which two numbers does the program's line search compare before it accepts a step, and what does your `line_search` of 1.4 compare that it does not? Which switch of the lecture is that, and what was its measured effect on the pendulum? (b) Where is $0.1\,v$ added, and in which *two* places of the algorithm does it
# therefore act? Which of the lecture's switches takes it out of one of them, and what did that cost? (c) What does the program do when a time limit ends an episode? Which line of section 5 measures that, and why does it cost on the pendulum and hardly on the pole? (d) Name two facts of the program that the lecture has *no* switch for, and say for
# one of them how you would measure it.
#
# ### BEGIN SOLUTION
# (a) The actual improvement with its ratio to the predicted one (accepted where the ratio is above 0.1 and the improvement above 0). It never looks at the KL divergence. Switch *Armijo, KL never checked*: the interval on the pendulum does not exclude 0. (b) In the Fisher-vector product, so in what conjugate gradient solves, and in
# $s^\top Fs$, hence in the length of the step. *damping 0.1, not in the length* takes it out of the second; on the pendulum it costs reliably. (c) It counts as terminal: no bootstrap. *time limits as deaths*. Every episode on the pendulum ends by the clock, so every last value is wrong; on the pole, a policy that still falls ends by a
# death, and nothing changes. (d) For instance Monte-Carlo returns as targets of the critic, the filter that is updated while collecting, steps that are not counted, float64, the silent return of the old parameters. Measured: one field of `TRPO` changed at a time, paired by seed, several disjoint sets of seeds.
#
# *Marking (8 points): (a) what is compared, 1; the KL, 1; the measured effect with its interval, 1. (b) both places, 1; switch and effect, 1. (c) 1 for the bootstrap, 1 for pendulum against pole. (d) 1.*
# ### END SOLUTION

# %% [markdown]
# ## 5 · Put it together
#
# ### 5.1 PPO's update
#
# Now the algorithm: one call of `ppo_update` is what PPO does with one batch. For each epoch, and in it for each minibatch, in the order given:
#
# 1. normalise the advantages *of the minibatch* (4.1);
# 2. the loss of 3.5, with $r = e^{\log\pi_\theta(a|o) - \log\pi_{\mathrm{old}}(a|o)}$ and the entropy of the whole policy at each observation;
# 3. one step of the optimiser.
#
# After each *epoch*: where $k_3$ (2.2), averaged over the whole batch with the policy as it is now, exceeds `settings.stop_kl`, the epochs that are left are dropped.
#
# What you are given: `nets.policy` maps observations `[N, O]` to logits `[N, A]`, `nets.critic` maps them to values `[N]`; both are `torch.nn.Module`s, and `nets.optimiser` holds the parameters of both. `batch` has `.obs`, `.action` (integers), `.log_prob` ($\log\pi_{\mathrm{old}}$ of the
# actions), `.advantage` and `.target` as tensors. `settings` has `.clip`, `.value_weight`, `.entropy_weight`, `.stop_kl`, and `.epochs`: a list of epochs, each a list of index tensors.
#
# **Write** it in PyTorch. Nothing is returned: the networks change. The check compares every parameter.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "ppo_update", "locked": false, "solution": true}
def ppo_update(nets, batch, settings):
    ### BEGIN SOLUTION
    for pieces in settings.epochs:
        for i in pieces:
            policy = torch.distributions.Categorical(logits=nets.policy(batch.obs[i]))
            ratio = (policy.log_prob(batch.action[i]) - batch.log_prob[i]).exp()
            loss = ppo_loss(
                ratio, normalise(batch.advantage[i]), nets.critic(batch.obs[i]), batch.target[i],
                policy.entropy(), settings.clip, settings.value_weight, settings.entropy_weight,
            )  # fmt: skip
            nets.optimiser.zero_grad()
            loss.backward()
            nets.optimiser.step()
        with torch.no_grad():
            policy = torch.distributions.Categorical(logits=nets.policy(batch.obs))
            x = policy.log_prob(batch.action) - batch.log_prob
            if (x.exp() - 1 - x).mean() > settings.stop_kl:
                break
    ### END SOLUTION


# %% [markdown]
# ### 5.2 What the curves say
#
# Six states, four actions, one step; the rewards come from your ID, so the curves are yours alone. Four runs of PPO with a table of logits, six epochs of four minibatches on each batch; each has one of these numbers, none comes twice:
#
# | | |
# |---|---|
# | 0 | nothing is wrong |
# | 1 | nothing is clipped |
# | 2 | $\pi_{\mathrm{old}}$ is renewed at every step |
# | 3 | one step on the whole batch, in the place of the epochs |
# | 4 | the policy goes down: the sign of its loss is wrong |
# | 5 | the entropy bonus is two hundred times too large |
#
# For each run and batch: the expected reward of the policy, the divergence $D_{\mathrm{KL}}(\pi_{\mathrm{old}}\|\pi_\theta)$ from the batch's start to its end, the share of ratios outside $[1-\varepsilon, 1+\varepsilon]$ over its steps, and the entropy. Before you choose, ask of each fault which curves it must bend.

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-faults-picture", "locked": true, "solution": false}
curves = instance("ppo_faults", student)["curves"]
figure = plots.figure(11, 7.2)
axes = plots.axes(figure, 4, 4, sharex=True)
looks = (
    ("reward", plots.BLACK, (0, 1.05)),
    ("KL (nats)", plots.VERMILION, (0, None)),
    ("share outside", plots.ORANGE, (-0.03, 1)),
    ("entropy", plots.BLUE, (0, 1.45)),
)
for i, run in enumerate(curves):
    for row, (values, (name, color, limits)) in enumerate(zip(run, looks, strict=True)):
        axes[row, i].plot(values, color=color, linestyle="-")
        axes[row, i].set_ylim(*limits)
        if i == 0:
            axes[row, 0].set_ylabel(name)
    axes[0, i].set_title(f"Run {i}")
    axes[3, i].set_xlabel("batches")
display(plots.show(figure, alt=f"Reward, KL, share outside and entropy of four runs, from the ID {student}"))

# %% [markdown]
# ### 5.3 Name the fault
#
# **Write** the four numbers, of run 0 to run 3: `return [0, 1, 2, 3]` would be one answer. `curves` holds what you see, as an array `[4, 4, T]`: reward, divergence, share outside, entropy; the scales of the divergence differ from run to run, so look at its axis. Be ready to say for each run which curve convinced you.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "ppo_faults", "locked": false, "solution": true}
def ppo_faults(curves):
    ### BEGIN SOLUTION
    found = []
    for reward, kl, outside, entropy in curves:
        if reward[-1] < reward[0] - 0.02:  # it gets worse
            found.append(4)
        elif max(outside) == 0:  # every ratio is 1
            found.append(2 if max(kl) > 0.02 else 3)
        elif entropy[-1] > 0.9 * entropy[0]:  # it stays at random
            found.append(5)
        else:  # it learns, by small steps or by large ones
            found.append(1 if max(kl) > 0.15 else 0)
    return found
    ### END SOLUTION


# %% [markdown]
# ## 6 · Your search in TRPO, your objective in PPO
#
# `TRPO(line_search=…)` and `PPO(clipped_objective=…)` take the two as fields: your functions go in where the course's own stand, and nothing else changes. Each pair starts from the same seeds, so a right answer gives the same curve, until learning has multiplied differences in the last digit. About half a minute on two
# cores. The cells are yours to change.

# %% tags=["not-graded", "trains"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-trpo-plug-in", "locked": false, "solution": false}
from rlcourse.algorithms.trpo import TRPO
from rlcourse.training import train

my_search = line_search  # 6.1 asks for another here
settings = {"env": "CartPole-v1", "steps": 20_480, "seeds": 4}
try:
    mine = TRPO(line_search=my_search)
    runs = {"TRPO, yours": train(mine, **settings), "TRPO": train(TRPO(), **settings)}
except NotImplementedError:
    print("This cell waits for line_search: write it, then run the cell again.")
else:
    figure = plots.figure(8, 3.8)
    ax = plots.axes(figure)
    for (name, run), look in zip(runs.items(), plots.styles(runs), strict=True):
        plots.learning_curve(
            ax, run.curve.steps, run.curve.returns, name, look["color"], look["linestyle"], bounds=(0, 500)
        )
    ax.set_title("TRPO on CartPole with your line search")
    plots.label_lines(ax)
    display(plots.show(figure, alt="Evaluation returns of TRPO with your line search and with the course's"))

# %% tags=["not-graded", "trains"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-ppo-plug-in", "locked": false, "solution": false}
from rlcourse.algorithms.ppo import PPO
from rlcourse.training import train

my_objective = clipped_objective  # 6.1 asks for another here
settings = {"env": "CartPole-v1", "steps": 20_480, "seeds": 4}
try:
    mine = PPO(clipped_objective=my_objective)
    runs = {"PPO, yours": train(mine, **settings), "PPO": train(PPO(), **settings)}
except NotImplementedError:
    print("This cell waits for clipped_objective: write it, then run the cell again.")
else:
    figure = plots.figure(8, 3.8)
    ax = plots.axes(figure)
    for (name, run), look in zip(runs.items(), plots.styles(runs), strict=True):
        plots.learning_curve(
            ax, run.curve.steps, run.curve.returns, name, look["color"], look["linestyle"], bounds=(0, 500)
        )
    ax.set_title("PPO on CartPole with your objective")
    plots.label_lines(ax)
    display(plots.show(figure, alt="Evaluation returns of PPO with your objective and with the course's"))

# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-experiment", "locked": false, "points": 5, "solution": true}
# ### 6.1 In words  (20 minutes, marked by hand)
#
# In the cell of TRPO, define `def no_search(evaluate, theta, full_step, max_kl, backtracks, shrink): return theta + full_step`, set `my_search = no_search`, and run it again. In the cell of PPO, define `def surrogate(ratio, advantage, clip): return ratio * advantage`, set `my_objective = surrogate`, and run that again. Your own functions
# stay as they are. (a) Describe both pictures with their intervals over the seeds. (b) Which part of TRPO still bounds the step without a search, and to which order? (c) What still bounds PPO's step without a clip?
#
# ### BEGIN SOLUTION
# (a) Any honest description of the student's own pictures counts that mentions the intervals; four seeds often do not tell the pairs apart. (b) The length $\beta$: the quadratic model of the KL divergence is at most $\delta$; what is lost is the check of its third-order error and of the gain. (c) Nothing in the objective: the learning rate, the number of epochs and minibatches,
# and the bound on the gradient's norm are all that is left.
#
# *Marking (5 points): (a) 1 for each picture, 1 for the intervals; (b) 1; (c) 1.*
# ### END SOLUTION
