# %% [markdown]
# # Homework 2 · Policy gradients, actor-critic, off-policy
#
# You build the estimators of the policy gradient from the score up, put A2C together, and train A2C and REINFORCE with your own parts.
#
# **Assumed.** Lectures [03](../lectures/03-policy-gradients.ipynb), [03b](../lectures/03b-variance-of-a-gradient.ipynb), [04](../lectures/04-actor-critic.ipynb),
# [05](../lectures/05-off-policy.ipynb), [05b](../lectures/05b-deterministic-policy-gradient.ipynb); Python with NumPy; for section 5 PyTorch: `backward()`, `zero_grad()`, `no_grad()`.
#
# **How it works.** Write your answer in the cell that raises `NotImplementedError`, run it, then run the check below it.
# ✓ means right. The first ✗ says what is seen of the mistake, the second one what to mend (or click, and be told at once).
# Checks are free: run them as often as you like. Arrays are NumPy or torch, as you prefer; anything that gives the right numbers is right. Your mark comes from
# the same checks on other random inputs.
#
# **One rule for sections 1 to 4:** a function leaves its arguments as they are. `w += …` and `x[i] = …` write into the caller's
# array; `w = w + …` makes a new one. And a discount of 0 is a discount: dividing by $\gamma^t$ is no way to undo it.
#
# If a check never ends, your code has a loop without end: interrupt the kernel (■).

# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-imports", "locked": true, "solution": false}
import math

import numpy as np
import torch

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-course", "locked": true, "solution": false}
from types import SimpleNamespace

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
# ## 1 · Scores
#
# ### 1.1 Of a softmax policy
#
# Everything in this homework is made of one vector: $\nabla_\theta\log\pi_\theta(a|s)$, the *score*. It says in which direction of
# parameter space the action that was taken becomes more likely. With logits $z$, one for each action,
#
# $$\pi(a) = \frac{e^{z_a}}{\sum_b e^{z_b}}, \qquad \log\pi(a) = z_a - \log\sum_b e^{z_b} .$$
#
# **Write** $\nabla_z\log\pi(a)$. `logits` has shape `[A]`, `action` is an integer from 0 to $A-1$; the answer has shape `[A]`. Logits may be large
# (120, say), and $e^{120}$ is more than single precision can hold: which number may you subtract from all logits first, without changing $\pi$?


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "softmax_score", "locked": false, "solution": true}
def softmax_score(logits, action):
    ### BEGIN SOLUTION
    weights = np.exp(logits - np.max(logits))
    return np.eye(len(logits))[action] - weights / weights.sum()
    ### END SOLUTION


# %% [markdown]
# ### 1.2 Of a Gaussian policy
#
# With continuous actions the policy is a Gaussian with independent dimensions, and its parameters are means and *logarithms* of standard
# deviations, which may be any number: $\sigma = e^{\ell}$, $\ell$ = `log_std`. In each dimension
#
# $$\log\mathcal N(a;\mu,\sigma^2) = -\frac{(a-\mu)^2}{2\sigma^2} - \ell - \tfrac12\log 2\pi .$$
#
# **Write** both scores as a pair: $\partial\log\mathcal N/\partial\mu$ first, $\partial\log\mathcal N/\partial\ell$ second. `action`, `mean` and
# `log_std` have shape `[D]`, and so has each part of the pair.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "gaussian_score", "locked": false, "solution": true}
def gaussian_score(action, mean, log_std):
    ### BEGIN SOLUTION
    std = np.exp(log_std)
    z = (action - mean) / std
    return z / std, z**2 - 1
    ### END SOLUTION


# %% [markdown]
# **See it.** Your two scores against the action, for a wide and a narrow policy with mean 0. Where is each of them zero, and how
# large does it get as $\sigma$ shrinks?

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-score-picture", "locked": true, "solution": false}
if ready("gaussian_score", gaussian_score):
    action, figure = np.linspace(-2, 2, 201), plots.figure(9, 3.6)
    axes = plots.axes(figure, 1, 2, sharex=True)
    for std, color, line in ((1.0, plots.BLUE, "-"), (0.5, plots.ORANGE, "--")):
        log_std = np.full(201, math.log(std))
        parts = gaussian_score(action, np.zeros(201), log_std)
        for ax, part in zip(axes, parts, strict=True):
            ax.plot(action, np.asarray(part), color=color, linestyle=line, label=f"σ = {std:g}")
    for ax, name in zip(axes, ("by the mean", "by log σ"), strict=True):
        ax.axhline(0, color="0.8", zorder=0)
        ax.set(title=f"Score {name}", xlabel="action")
    axes[0].set_ylabel("score")
    plots.legend(axes[1])
    display(plots.show(figure, alt="The score by the mean is a line, the score by log sigma a parabola"))

# %% [markdown]
# ## 2 · REINFORCE
#
# ### 2.1 What came after
#
# An action is to be judged by the rewards that came after it, and by no others. Over a stretch of data that holds several
# episodes, one after the other, the return from step $t$ on is
#
# $$G_t = \sum_{k\ge t}\gamma^{k-t}\,r_k ,$$
#
# up to and including the first step $k \ge t$ with `done`. The step after that one begins another episode; where the data stop without `done`
# the sum stops with them.
#
# **Write** all returns. `reward` and `done` (0 or 1) have shape `[T]`, $0\le\gamma<1$ is a number; the answer has shape `[T]`. $T$ may be 0: no steps, no returns.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "reward_to_go", "locked": false, "solution": true}
def reward_to_go(reward, done, gamma):
    ### BEGIN SOLUTION
    returns, future = [], 0.0
    for t in reversed(range(len(reward))):
        future = reward[t] + gamma * (1 - done[t]) * future
        returns.append(future)
    return np.array(returns[::-1])
    ### END SOLUTION


# %% [markdown]
# ### 2.2 The estimate
#
# Score times return, summed over one trajectory, is an unbiased estimate of the gradient, with nothing known of the environment:
#
# $$\hat g = \sum_{t}\nabla_\theta\log\pi_\theta(a_t|s_t)\sum_{k\ge t}\gamma^{k-t}\,r_k .$$
#
# (With another factor $\gamma^t$ before each term it would be the gradient of the discounted return from the start. Practice leaves
# that factor out, and so does this exercise.)
#
# **Write** $\hat g$. `scores` has shape `[T, P]`, one score for each step, `rewards` `[T]`, $T\ge1$; the answer has shape `[P]`.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "reinforce_gradient", "locked": false, "solution": true}
def reinforce_gradient(scores, rewards, gamma):
    ### BEGIN SOLUTION
    gradient, future = 0.0, 0.0
    for score, reward in zip(scores[::-1], rewards[::-1], strict=True):
        future = reward + gamma * future
        gradient = gradient + future * score
    return gradient
    ### END SOLUTION


# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-theorem", "locked": false, "points": 8, "solution": true}
# ### 2.3 In words  (30 minutes, marked by hand)
#
# The policy-gradient theorem, with its causality right. Episodes have $T$ steps, $\tau = (s_0, a_0, \dots, s_{T-1}, a_{T-1})$, no discount;
# $J(\theta) = \mathbb E\bigl[\sum_k r_k\bigr]$.
#
# (a) Show that $\nabla_\theta J = \mathbb E\bigl[\sum_t\nabla_\theta\log\pi_\theta(a_t|s_t)\,\sum_k r_k\bigr]$. Say where the environment's probabilities
# went. (b) Show that $\mathbb E[\nabla_\theta\log\pi_\theta(a_t|s_t)\,r_k] = 0$ for $k < t$, and conclude that the sum over $k$ may begin with $t$. (c) A
# text writes $\mathbb E\bigl[\sum_t\nabla_\theta\log\pi_\theta(a_t|s_t)\sum_{k\le t} r_k\bigr] = 0$: its inner sum ends one term too late. Give a
# decision process of *one* step in which it is not zero, with the number.
#
# ### BEGIN SOLUTION
# (a) $p_\theta(\tau) = \rho_0(s_0)\prod_t\pi_\theta(a_t|s_t)P(s_{t+1}|s_t,a_t)$ and $\nabla p_\theta = p_\theta\nabla\log p_\theta$, so
# $\nabla J = \sum_\tau p_\theta(\tau)\,\nabla\log p_\theta(\tau)\sum_k r_k$. The logarithm of the product is a sum; $\rho_0$ and $P$ do not depend on
# $\theta$, so that only $\sum_t\nabla\log\pi_\theta(a_t|s_t)$ is left.
#
# (b) For $k < t$ the reward $r_k$ is a function of $h = (s_0, a_0, \dots, s_t)$, which is settled before $a_t$ is drawn. Given $h$,
# $\mathbb E[\nabla\log\pi_\theta(a_t|s_t)\,|\,h] = \sum_a\pi_\theta(a|s_t)\nabla\log\pi_\theta(a|s_t) = \sum_a\nabla\pi_\theta(a|s_t) = \nabla 1 = 0$, hence
# $\mathbb E[\nabla\log\pi_\theta(a_t|s_t)\,r_k] = \mathbb E\bigl[r_k\,\mathbb E[\nabla\log\pi_\theta(a_t|s_t)\,|\,h]\bigr] = 0$. Every term with $k < t$ may be dropped
# from (a); those with $k\ge t$ stay.
#
# (c) One state, two actions, $\pi(1) = \theta$, reward $r = 1$ for action 1 and 0 for the other. The only term has $k = t = 0$:
# $\mathbb E[\nabla\log\pi(a)\,r] = \theta\cdot\frac1\theta\cdot1 = 1 = \nabla J$. The term $k = t$ is no past: $r_t$ depends on $a_t$. In general the
# left-hand side of (c) is $\sum_t\mathbb E[\nabla\log\pi_t\,r_t]$, which is what an agent that looks one step ahead would climb.
#
# *Marking (8 points): (a) $\nabla p = p\nabla\log p$, 1; what does not depend on $\theta$ is named, 1. (b) conditioning on what is known before $a_t$,
# 1; $\sum_a\nabla\pi = 0$, 1; conclusion, 1. (c) a process, 1; its number, 1; why $k = t$ is no past, 1.*
# ### END SOLUTION

# %% [markdown]
# ### 2.4 The best constant
#
# Any constant $b$ may be subtracted from the returns: the mean of $g(R - b)$ stays, as $\mathbb E[g] = 0$. Its variance, summed over the
# parameters, is a parabola in $b$: up to a constant it is $\mathbb E\|g(R - b)\|^2$.
#
# **Write** the $b$ at its bottom. `scores` has shape `[N, P]` ($g$, one row for each trajectory), `returns` `[N]`; expectations are means over the
# $N$ samples, and the known $\mathbb E[g] = 0$ is used: no sample mean of $g$ is taken off. The answer is one number for all parameters.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "optimal_baseline", "locked": false, "solution": true}
def optimal_baseline(scores, returns):
    ### BEGIN SOLUTION
    weights = (scores**2).sum(1)
    return (weights * returns).sum() / weights.sum()
    ### END SOLUTION


# %% [markdown]
# **See it.** One Gaussian action with mean 0 and $\sigma = 1$; the return is $20 + 4a + 2a^2$. Ten thousand samples of $g(R - b)$ for the scores of 1.2, and the
# variance of the estimate of $\nabla J$ against $b$. Before you run the cell: will your baseline be above or below the mean return?

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-parabola", "locked": true, "solution": false}
if ready("gaussian_score", gaussian_score) and ready("optimal_baseline", optimal_baseline):
    action = np.random.default_rng(0).normal(size=10_000)
    returns = 20 + 4 * action + 2 * action**2
    zero = np.zeros(len(action))
    scores = np.stack([np.asarray(part) for part in gaussian_score(action, zero, zero)], axis=1)
    best = float(optimal_baseline(scores, returns))
    at = np.linspace(0, 70, 141)
    variance = [np.var(scores * (returns - b)[:, None], axis=0).sum() for b in at]
    figure = plots.figure(8, 3.6)
    ax = plots.axes(figure)
    ax.plot(at, variance, color=plots.BLACK, linestyle="-")
    marks = (
        ("none", 0.0, plots.GREY),
        ("mean return", returns.mean(), plots.BLUE),
        ("yours", best, plots.ORANGE),
    )
    for name, b, color in marks:
        height = np.var(scores * (returns - b)[:, None], axis=0).sum()
        ax.plot([b], [height], "o", color=color, label=f"{name}: b = {b:.1f}, variance {height:.0f}")
    ax.set(xlabel="baseline b", ylabel="summed variance of g (R − b)", ylim=(0, None))
    ax.set_title("A good baseline lowers the variance, a bad one raises it")
    plots.legend(ax)
    display(plots.show(figure, alt="A parabola of the variance over b, with its bottom at your baseline"))

# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-baseline", "locked": false, "points": 6, "solution": true}
# ### 2.5 In words  (20 minutes, marked by hand)
#
# (a) Let $b(s)$ be any function of the state. Show that $\mathbb E[\nabla_\theta\log\pi_\theta(a|s)\,b(s)] = 0$ for $a\sim\pi_\theta(\cdot|s)$. (b) Where does your argument
# break if $b$ depends on $a$ as well? Give a policy and a $b(s, a)$ for which the expectation is not 0. (c) "A baseline reduces the variance": for which
# $b$ is this false, and what does the figure above say about it?
#
# ### BEGIN SOLUTION
# (a) Given $s$, $b(s)$ is a number: $\mathbb E_a[\nabla\log\pi(a|s)\,b(s)] = b(s)\sum_a\pi(a|s)\nabla\log\pi(a|s) = b(s)\,\nabla\sum_a\pi(a|s) = b(s)\,\nabla 1 = 0$, and so is the
# mean over $s$. (For densities, integrals.) (b) $b(s,a)$ does not come out of the sum: $\sum_a b(s,a)\nabla\pi(a|s)$ is the gradient of $\mathbb E_a[b(s,a)]$ with $b$ held
# still. With two actions, $\pi(1) = \theta$ and $b(s, a) = \mathbb 1\{a = 1\}$ it is 1. (c) The variance is a parabola in $b$ with its bottom at $b^*$ and the value of
# $b = 0$ again at $b = 2b^*$: every $b$ outside the interval between 0 and $2b^*$ raises it. In the figure $2b^*$ lies near 56: at $b = 70$ the curve is higher than at 0.
#
# *Marking (6 points): (a) $b(s)$ out of the sum, 1; $\sum_a\nabla\pi = 0$, 1. (b) the place, 1; an example, 1. (c) outside $[0, 2b^*]$, or "far beyond the best", 1; read off the figure, 1.*
# ### END SOLUTION

# %% [markdown]
# ## 3 · A critic
#
# ### 3.1 $n$ rewards, then belief
#
# The return of a whole episode is unbiased and noisy; a critic's value is biased and quiet. One may take $n$ rewards and believe the
# critic for the rest:
#
# $$y = \sum_{k=0}^{n-1}\gamma^k\,r_{t+k} + \gamma^n\,V(s_{t+n}) .$$
#
# **Write** $y$. `rewards` has shape `[n]`, $n\ge1$, and holds $r_t, \dots, r_{t+n-1}$; `next_value` is the number $V(s_{t+n})$. The answer is a number. (You
# will meet this formula with $\gamma^{n+1}V(s_{t+n+1})$ behind $n$ rewards. Count them.)


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "n_step_target", "locked": false, "solution": true}
def n_step_target(rewards, next_value, gamma):
    ### BEGIN SOLUTION
    y = next_value
    for reward in rewards[::-1]:
        y = reward + gamma * y
    return y
    ### END SOLUTION


# %% [markdown]
# ### 3.2 All $n$ at once
#
# Generalised advantage estimation averages the advantages of all $n$, with weights $(1-\lambda)\lambda^{n-1}$. What is left is a discounted sum of TD errors,
# and a recursion that runs backwards:
#
# $$\delta_t = r_t + \gamma\,(1-\text{terminated}_t)\,V(s_{t+1}) - V(s_t), \qquad \hat A_t = \delta_t + \gamma\lambda\,(1-\text{done}_t)\,\hat A_{t+1} .$$
#
# An episode that *terminated* has no future: nothing to bootstrap from. One that was *truncated* was merely cut off: it bootstraps. Either flag, done = terminated
# or truncated, ends the sum, since the next row belongs to another episode. Where both are set, termination wins.
#
# **Write** all advantages. Every array has shape `[T]`, $T\ge1$, the flags are 0 or 1. `next_value[t]` is $V$ of the *true* successor of step $t$: it is
# `value[t + 1]` where the episode goes on, and the value of the last observation, not of the reset, where it ended. After the last row nothing is known. The answer has
# shape `[T]`.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "gae", "locked": false, "solution": true}
def gae(reward, value, next_value, terminated, truncated, gamma, lam):
    ### BEGIN SOLUTION
    delta = reward + gamma * (1 - terminated) * next_value - value
    linked = gamma * lam * (1 - terminated) * (1 - truncated)
    advantages, later = [], 0.0
    for t in reversed(range(len(delta))):
        later = delta[t] + linked[t] * later
        advantages.append(later)
    return np.array(advantages[::-1])
    ### END SOLUTION


# %% [markdown]
# ### 3.3 The same, forwards
#
# The recursion above needs the whole stretch. TD($\lambda$) does the same on the way: a *trace* remembers how much each weight had to do with the states
# that were visited lately, and every TD error is paid out along it. For $V(s) = w\cdot x(s)$, in this order,
#
# $$z \leftarrow \gamma\lambda\,z + x, \qquad w \leftarrow w + \alpha\,\delta\,z .$$
#
# **Write** one step. `w`, `trace` ($z$ as it was) and `features` ($x$ of the state just left) have shape `[D]`; `delta`, `alpha`, `gamma`, `lam` are numbers.
# Return the pair $(w, z)$ after the step.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "td_lambda_update", "locked": false, "solution": true}
def td_lambda_update(w, trace, features, delta, alpha, gamma, lam):
    ### BEGIN SOLUTION
    trace = gamma * lam * trace + features
    return w + alpha * delta * trace, trace
    ### END SOLUTION


# %% [markdown]
# ### 3.4 One loss
#
# A2C trains policy and critic with one number. Going *down* it must make actions with positive advantage likelier, move $V$ to its target $y$, and
# keep the policy's entropy $H$ from vanishing:
#
# $$L = -\operatorname{mean}(\log\pi\cdot\hat A) + c_v\operatorname{mean}\bigl((V-y)^2\bigr) - c_e\operatorname{mean}(H) .$$
#
# **Write** $L$, one number. `log_prob`, `advantage`, `value`, `target` and `entropy` have shape `[N]`; $\hat A$ and $y$ are data. If you write it with tensors, the
# gradients by $\log\pi$, $V$ and $H$ are looked at, too.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "a2c_loss", "locked": false, "solution": true}
def a2c_loss(log_prob, advantage, value, target, entropy, value_weight, entropy_weight):
    ### BEGIN SOLUTION
    policy = -(log_prob * advantage).mean()
    critic = ((value - target) ** 2).mean()
    return policy + value_weight * critic - entropy_weight * entropy.mean()
    ### END SOLUTION


# %% [markdown]
# ## 4 · Somebody else's data
#
# ### 4.1 What a trajectory is worth
#
# Data of a behaviour policy $\mu$ can speak about a target policy $\pi$, if each trajectory is weighed by how much more likely $\pi$ makes it. The
# environment's probabilities cancel:
#
# $$w = \prod_{t}\frac{\pi(a_t|s_t)}{\mu(a_t|s_t)} .$$
#
# **Write** the weights. `target_probs` ($\pi$) and `behaviour_probs` ($\mu > 0$) are the probabilities of the actions taken, `[N, T]`, $T\ge1$; the answer has shape
# `[N]`.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "trajectory_weights", "locked": false, "solution": true}
def trajectory_weights(target_probs, behaviour_probs):
    ### BEGIN SOLUTION
    return (target_probs / behaviour_probs).prod(axis=1)
    ### END SOLUTION


# %% [markdown]
# ### 4.2 How many of them count
#
# A few large weights may carry all the others. Kish's number says how many samples of equal weight would average as well:
#
# $$\mathrm{ESS} = \frac{(\sum_i w_i)^2}{\sum_i w_i^2} .$$
#
# **Write** it. `weights` has shape `[N]`, no weight is negative, at least one is positive, and their scale is arbitrary; the answer is a number from 1 to $N$.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "effective_sample_size", "locked": false, "solution": true}
def effective_sample_size(weights):
    ### BEGIN SOLUTION
    return weights.sum() ** 2 / (weights**2).sum()
    ### END SOLUTION


# %% [markdown]
# **See it.** Two actions a step; the behaviour tosses a fair coin, the target takes the first action with the probability that each line is labelled with. A thousand
# trajectories: how many of them count, as the horizon grows? (The scale is logarithmic.)

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-horizon", "locked": true, "solution": false}
if ready("trajectory_weights", trajectory_weights) and ready("effective_sample_size", effective_sample_size):
    horizons, figure = np.arange(1, 41), plots.figure(8, 3.6)
    ax = plots.axes(figure)
    first = np.random.default_rng(0).random((1000, 40)) < 0.5
    looks = ((0.6, plots.GREEN, "-"), (0.7, plots.BLUE, "--"), (0.8, plots.ORANGE, "-."))
    for p, color, line in looks:
        target, half = np.where(first, p, 1 - p), np.full(first.shape, 0.5)
        weights = [np.asarray(trajectory_weights(target[:, :t], half[:, :t])) for t in horizons]
        sizes = [float(effective_sample_size(w)) for w in weights]
        ax.semilogy(horizons, sizes, color=color, linestyle=line, label=f"π(first) = {p:g}")
    ax.set(xlabel="horizon T (steps)", ylabel="effective sample size", ylim=(0.8, 1200))
    ax.set_title("A thousand trajectories, and how many of them count")
    plots.legend(ax)
    display(plots.show(figure, alt="The effective sample size falls exponentially with the horizon"))

# %% [markdown]
# ### 4.3 Each reward its own weight
#
# The reward of step $t$ cannot depend on what was decided after it. So it need not be weighed by the whole trajectory:
#
# $$\hat\eta = \frac1N\sum_i\sum_{t=0}^{T-1}\gamma^t\,\rho^{(i)}_{0:t}\,r^{(i)}_t, \qquad \rho_{0:t} = \prod_{k\le t}\frac{\pi(a_k|s_k)}{\mu(a_k|s_k)} .$$
#
# **Write** $\hat\eta$, one number. All arrays have shape `[N, T]`; $T$ may be 0, and then $\hat\eta$ is 0. $r_t$ follows $a_t$: the product includes $k = t$. The mean over trajectories is the plain one.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "per_decision_estimate", "locked": false, "solution": true}
def per_decision_estimate(rewards, target_probs, behaviour_probs, gamma):
    ### BEGIN SOLUTION
    rho = (target_probs / behaviour_probs).cumprod(axis=1)
    discount = gamma ** np.arange(rewards.shape[1])
    return (discount * rho * rewards).sum(axis=1).mean()
    ### END SOLUTION


# %% [markdown]
# ### 4.4 V-trace
#
# Weights that are products over a horizon are hopeless for a learner that lags a little behind its actors. V-trace cuts every ratio off before it enters the product.
# With $\rho_t = \min(\bar\rho, \pi/\mu)$ and $c_t = \min(\bar c, \pi/\mu)$,
#
# $$\delta_t = \rho_t\bigl(r_t + \gamma V(s_{t+1}) - V(s_t)\bigr), \qquad v_t = V(s_t) + \delta_t + \gamma\,c_t\bigl(v_{t+1} - V(s_{t+1})\bigr) .$$
#
# **Write** all targets $v_t$. Arrays have shape `[T]`, $T\ge1$; `log_rho` is the natural logarithm of $\pi/\mu$. A terminated step does not bootstrap and ends the sum: there
# $v_t = V(s_t) + \rho_t(r_t - V(s_t))$. `next_value[t]` is `value[t + 1]` unless `terminated[t]`; after the last step bootstrap from `next_value` and add nothing more. The answer has
# shape `[T]`.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "vtrace_targets", "locked": false, "solution": true}
def vtrace_targets(reward, value, next_value, log_rho, terminated, gamma, rho_bar, c_bar):
    ### BEGIN SOLUTION
    ratio, goes_on = np.exp(log_rho), 1 - terminated
    delta = np.minimum(ratio, rho_bar) * (reward + gamma * goes_on * next_value - value)
    linked = gamma * np.minimum(ratio, c_bar) * goes_on
    excess, later = [], 0.0
    for t in reversed(range(len(delta))):
        later = delta[t] + linked[t] * later
        excess.append(later)
    return value + np.array(excess[::-1])
    ### END SOLUTION


# %% [markdown]
# ### 4.5 No score at all
#
# A deterministic policy $a = \mu_\theta(s)$ has no score. But if the critic can be differentiated by the action, the chain rule goes through it, and off-policy states
# will do, without any weights:
#
# $$\nabla_\theta J \approx \frac1N\sum_{i}\nabla_\theta\mu_\theta(s_i)\;\nabla_a Q(s_i, a)\big|_{a=\mu_\theta(s_i)} .$$
#
# **Write** it. `dq_da` has shape `[N, A]`; `dmu_dtheta` has shape `[N, P, A]`, with $\partial\mu_a/\partial\theta_p$ at state $n$ in place `[n, p, a]`. The answer has
# shape `[P]`.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "deterministic_policy_gradient", "locked": false, "solution": true}
def deterministic_policy_gradient(dq_da, dmu_dtheta):
    ### BEGIN SOLUTION
    return (dmu_dtheta * dq_da[:, None, :]).sum(axis=2).mean(axis=0)
    ### END SOLUTION


# %% [markdown]
# ## 5 · Put it together
#
# ### 5.1 A2C's update
#
# Every piece is there. Now you write the algorithm: one call of `a2c_update` is what A2C does with one stretch of data, and then forgets. In this order:
#
# 1. the advantages $\hat A$ of 3.2 and the targets $y = \hat A + V(o)$, with the critic as it is, and *as data*: no gradient flows through either;
# 2. the loss of 3.4, with $\log\pi$ of the actions in the batch and the entropy $H$ of the whole policy at each observation;
# 3. one step of the optimiser.
#
# What you are given: `nets.policy` maps observations `[T, O]` to logits `[T, A]`, `nets.critic` maps them to values `[T]`; both are
# `torch.nn.Module`s. `nets.optimiser` holds the parameters of both. `batch` has `.obs`, `.next_obs` (the true successors), `.action` (integers), `.reward`, `.terminated` and
# `.truncated` (0 or 1) as tensors, row after row in time; `settings` has `.gamma`, `.lam`, `.value_weight` ($c_v$) and `.entropy_weight` ($c_e$).
#
# **Write** it in PyTorch. Nothing is returned: the networks change. The check calls it several times in a row in small worlds, and compares every
# parameter after every step.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "a2c_update", "locked": false, "solution": true}
def a2c_update(nets, batch, settings):
    ### BEGIN SOLUTION
    with torch.no_grad():
        value, after = nets.critic(batch.obs), nets.critic(batch.next_obs)
        delta = batch.reward + settings.gamma * (1 - batch.terminated) * after - value
        linked = settings.gamma * settings.lam * (1 - batch.terminated) * (1 - batch.truncated)
        advantage = delta.clone()
        for t in reversed(range(len(delta) - 1)):
            advantage[t] += linked[t] * advantage[t + 1]
        y = advantage + value
    log_policy = torch.log_softmax(nets.policy(batch.obs), dim=1)
    log_prob = log_policy.gather(1, batch.action[:, None])[:, 0]
    entropy = -(log_policy.exp() * log_policy).sum(1)
    loss = -(log_prob * advantage).mean() - settings.entropy_weight * entropy.mean()
    loss = loss + settings.value_weight * ((nets.critic(batch.obs) - y) ** 2).mean()
    nets.optimiser.zero_grad()
    loss.backward()
    nets.optimiser.step()
    ### END SOLUTION


# %% [markdown]
# **Probe it.** An environment in which one can say beforehand what must be learnt tests an update better than a pole does. In each of four, your update trains networks of 32
# units, with $\gamma = 0.9$. *Ended*: one step, reward 1, then the end, so the value is 1. *Cut off*: reward 1 a step for ever, but every episode is cut off after one step, so
# the value is $1/(1-\gamma) = 10$. *Two steps*: no reward, then 1, so the first state is worth 0.9. *Choice*: one step, two actions, and the right one, which the observation
# shows, brings 1: the policy must take it nearly always.


# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-probes", "locked": true, "solution": false}
def network(outputs):
    """A small network of one input; the critic has one output and returns [T]."""
    last = [torch.nn.Flatten(0)] if outputs == 1 else []
    return torch.nn.Sequential(torch.nn.Linear(1, 32), torch.nn.Tanh(), torch.nn.Linear(32, outputs), *last)


def probe(obs, next_obs, reward, terminated, truncated, steps=400):
    """Train by your update on one stretch of steps, with actions of the policy; returns the networks."""
    torch.manual_seed(0)
    torch.set_num_threads(1)  # such small networks are trained fastest by one
    nets = SimpleNamespace(policy=network(2), critic=network(1))
    parameters = [*nets.policy.parameters(), *nets.critic.parameters()]
    nets.optimiser = torch.optim.Adam(parameters, lr=1e-2)
    settings = SimpleNamespace(gamma=0.9, lam=0.95, value_weight=0.5, entropy_weight=0.01)
    batch = SimpleNamespace(obs=obs, next_obs=next_obs, terminated=terminated, truncated=truncated)
    for _ in range(steps):
        batch.action = torch.distributions.Categorical(logits=nets.policy(obs).detach()).sample()
        batch.reward = reward(batch.action)
        a2c_update(nets, batch, settings)
    return nets


if ready("a2c_update", a2c_update):
    zero, one, n = torch.zeros(32, 1), torch.ones(32, 1), torch.zeros(32)
    nets = probe(zero, zero, lambda a: n + 1, n + 1, n)
    print(f"ended:     value {nets.critic(zero)[0].item():5.2f}, should be  1.00")
    nets = probe(zero, zero, lambda a: n + 1, n, n + 1)
    print(f"cut off:   value {nets.critic(zero)[0].item():5.2f}, should be 10.00")
    steps = torch.tensor([[0.0], [1.0]]).repeat(16, 1)  # first step, second step, first step, …
    nets = probe(steps, steps.flip(0), lambda a: steps[:, 0], steps[:, 0], n)
    print(f"two steps: value {nets.critic(zero)[0].item():5.2f}, should be  0.90")
    nets = probe(steps, steps, lambda a: (a == steps[:, 0]).float(), n + 1, n)
    chances = torch.softmax(nets.policy(torch.tensor([[0.0], [1.0]])), dim=1)
    print(
        f"choice:    right with probability {chances[0, 0].item():.2f} and {chances[1, 1].item():.2f}, should be near 1"
    )

# %% [markdown]
# ## 6 · What the curves say
#
# A world of five states in a row: at each, three actions bring a reward between 0 and 1, then the next state follows, and after the fifth the end; $\gamma = 0.9$. The rewards come from your
# ID, so the curves are yours alone. Data come in pieces of two steps that start anywhere: a piece is cut off (truncated) after its second step, unless it has reached the end.
# Four runs of A2C, one logit an action and one value a state; each has one of these numbers, none comes twice:
#
# | | |
# |---|---|
# | 0 | nothing is wrong |
# | 1 | the advantage bootstraps from terminal states |
# | 2 | the policy goes down: the sign of its loss is wrong |
# | 3 | steps that were cut off are treated as ends |
# | 4 | the entropy bonus is a hundred times too large |
# | 5 | the critic is never trained |
#
# For each run: its true discounted return, the value that the critic gives the first state, and the mean entropy of the policy (three actions at random have
# $\log 3 \approx 1.1$). Before you choose, ask of each fault which of the three curves it must bend, and which it leaves as it is.

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-faults-picture", "locked": true, "solution": false}
curves = instance("a2c_faults", student)["curves"]
figure = plots.figure(11, 5.4)
axes = plots.axes(figure, 2, 4, sharex=True)
for i, (returns, values, entropies) in enumerate(curves):
    updates = 6 * np.arange(len(returns))
    axes[0, i].plot(updates, returns, color=plots.BLACK, linestyle="-", label="return")
    axes[0, i].plot(updates, values, color=plots.ORANGE, linestyle="--", label="critic's value")
    axes[1, i].plot(updates, entropies, color=plots.BLUE, linestyle="-")
    axes[0, i].set_title(f"Run {i}")
    axes[1, i].set(xlabel="updates", ylim=(0, 1.2))
axes[0, 0].set_ylabel("value of the start")
axes[1, 0].set_ylabel("entropy (nats)")
plots.legend(axes[0, 0])
display(
    plots.show(figure, alt=f"Return, critic's value and entropy of four runs, made from the ID {student}")
)

# %% [markdown]
# ### 6.1 Name the fault
#
# **Write** the four numbers, of run 0 to run 3: `return [0, 1, 2, 3]` would be one answer. `curves` holds what you see, as an array `[4, 3, T]`: return, value, entropy; read it
# with your eyes or by code, as you like. Be ready to say for each run which curve convinced you.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "a2c_faults", "locked": false, "solution": true}
def a2c_faults(curves):
    ### BEGIN SOLUTION
    found = []
    for value, critic, entropy in curves:
        ratio = critic[-1] / value[-1]
        if max(critic) - min(critic) < 1e-9:  # it never moves
            found.append(5)
        elif value[-1] < value[0] - 0.05:  # it gets worse
            found.append(2)
        elif entropy[-1] > 0.9 * entropy[0]:  # it stays at random
            found.append(4)
        else:  # sound, or the critic's value is wrong by a factor
            found.append(1 if ratio > 1.3 else 3 if ratio < 0.7 else 0)
    return found
    ### END SOLUTION


# %% [markdown]
# ## 7 · Your advantages train A2C
#
# `A2C(gae=…)` takes its advantages as a field: your function goes in where the course's own stands, and nothing else changes. Both runs below start from the same seeds, so a
# right `gae` gives the same curve, until learning has multiplied differences in the last digit. Some ten seconds on two cores. The cell is yours to change.

# %% tags=["not-graded", "trains"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-a2c-plug-in", "locked": false, "solution": false}
from rlcourse.algorithms.a2c import A2C
from rlcourse.training import train

mine = A2C(gae=gae)  # 7.1 asks for other λ here
settings = {"env": "CartPole-v1", "steps": 40_000, "seeds": 5}
try:
    runs = {"A2C, yours": train(mine, **settings), "A2C": train(A2C(), **settings)}
except NotImplementedError:
    print("This cell waits for gae: write it, then run the cell again.")
else:
    figure = plots.figure(8, 3.8)
    ax = plots.axes(figure)
    for (name, run), look in zip(runs.items(), plots.styles(runs), strict=True):
        plots.learning_curve(
            ax, run.curve.steps, run.curve.returns, name, look["color"], look["linestyle"], bounds=(0, 500)
        )
    ax.set_title("A2C on CartPole with your advantages")
    plots.label_lines(ax)
    display(plots.show(figure, alt="Evaluation returns of A2C with your advantages and with the course's"))

# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-lambda", "locked": false, "points": 5, "solution": true}
# ### 7.1 In words  (15 minutes, marked by hand)
#
# In the cell above, set `mine = A2C(gae=gae, lam=0.0)` and run it; then `lam=0.95`, and run it again (the course's own stays at 1). CartPole ends when the pole falls, and is cut off after 500 steps. (a) What did you see, with
# its spread over the seeds? (b) What does $\lambda = 0$ ask of the critic that $\lambda = 1$ does not? (c) Which mistake in `gae` would this run not show before the agent balances well, and which
# probe of section 5 shows it at once?
#
# ### BEGIN SOLUTION
# (a) $\lambda = 0$ learns far more slowly: in three disjoint sets of five seeds the mean over its curve was 63, 67 and 64, with $\lambda = 0.95$ it was 197, 190 and 207, with $\lambda = 1$ 220, 259 and 239. Here
# $\lambda = 1$ was above 0.95 in each set, by 23, 69 and 32, and only in one of them clearly. Any honest description that mentions the spread counts. (b) With $\lambda = 0$ all that lies beyond the next state comes
# from the critic: while it is wrong, the advantages are biased, and at the start it is wrong everywhere. With $\lambda = 1$ it is only a baseline inside the stretch (and the value at its last
# step); errors cost variance, not bias. (c) Every mistake with `truncated`: as long as the pole falls before 500 steps no episode is cut off (inside a stretch; what is cut by the stretch's own end is no flag).
# The probe *cut off* has nothing but truncated steps.
#
# *Marking (5 points): (a) 1 for the observation, 1 for the spread; (b) 1 for each $\lambda$; (c) 1 for the mistake with its probe.*
# ### END SOLUTION

# %% [markdown]
# ## 8 · Your baseline in REINFORCE
#
# `REINFORCE(weights=…, baseline=…)` plays whole episodes and climbs $\sum_t\nabla\log\pi_t\,(w_t - b)$, averaged over episodes; both fields take functions with the signatures of 2.1
# and 2.4. Its scores `[N, P]` are those of all steps of a batch of eight episodes. First your two functions and the course's own, from the same eight seeds: the curves, each with its interval. About half a
# minute on two cores. The cell is yours to change.

# %% tags=["not-graded", "trains"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-reinforce-plug-in", "locked": false, "solution": false}
from rlcourse.algorithms.reinforce import REINFORCE
from rlcourse.equations import baselines
from rlcourse.training import train

my_baseline = optimal_baseline  # 8.1 asks for others here
theirs = REINFORCE(baseline=baselines.optimal_baseline)
settings = {"env": "CartPole-v1", "steps": 20_000, "seeds": 8}
try:
    mine = REINFORCE(weights=reward_to_go, baseline=my_baseline)
    runs = {"REINFORCE, yours": train(mine, **settings), "REINFORCE": train(theirs, **settings)}
except NotImplementedError:
    print("This cell waits for reward_to_go and optimal_baseline: write them, then run the cell again.")
else:
    figure = plots.figure(8, 3.8)
    ax = plots.axes(figure)
    for (name, run), look in zip(runs.items(), plots.styles(runs), strict=True):
        plots.learning_curve(
            ax, run.curve.steps, run.curve.returns, name, look["color"], look["linestyle"], bounds=(0, 500)
        )
    ax.set_title("REINFORCE on CartPole with your baseline")
    plots.label_lines(ax)
    display(
        plots.show(figure, alt="Evaluation returns of REINFORCE with your baseline and with the course's")
    )

# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-experiment", "locked": false, "points": 6, "solution": true}
# ### 8.1 In words  (20 minutes, marked by hand)
#
# In the cell above, define `def no_baseline(scores, returns): return 0.0`, set `my_baseline = no_baseline`, and run it again; then do the same with a baseline that returns `500.0`. Your
# `optimal_baseline` stays as it is. (a) Describe the three pictures. For which of the two baselines does the interval of yours part from that of the course's, and where? (b) The mean of the gradient is the same for
# all three. What is it then that differs, and how does it reach the curve? (c) CartPole pays 1 a step. Why is a return here so large beside the differences that matter, and what does
# a baseline do about it?
#
# ### BEGIN SOLUTION
# (a) With 500 the curve stays near the bottom, far outside the interval of the course's: in three disjoint sets of eight seeds the mean over the curve was 31, 21 and 54, beside 187, 163 and 203 with the best baseline. Without a
# baseline it was 151, 177 and 168, with intervals that overlap: eight seeds do not tell the two apart, whatever the variance says. Any honest description of the student's own pictures counts. (b) The variance of the gradient: the step goes in a direction that has more to do with the actions drawn by chance
# than with the return, so that learning is slower and the seeds spread; on average over many batches the direction is the same. (c) Every action, good or bad, is followed by dozens of rewards of 1: all weights are large
# and positive, so that every action drawn is made likelier, and what matters is only by how much. Subtracting $b$ leaves the difference: what came out above expectation is made likelier, the rest less likely.
#
# *Marking (6 points): (a) 1 for each baseline, 1 for the intervals; (b) 1; (c) 1 for all weights of one sign, 1 for what is left.*
# ### END SOLUTION
