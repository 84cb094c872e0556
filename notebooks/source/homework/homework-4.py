# %% [markdown]
# # Homework 4 · Trust regions
#
# You prove why small policy steps are safe, solve a trust region by hand and by code, and build TRPO: its pieces, then its step.
#
# **Assumed.** Lectures [08](../lectures/08-performance-difference.ipynb), [09](../lectures/09-trust-region-methods.ipynb) and 10; linear
# algebra (positive definite matrices, Lagrange multipliers); Python with NumPy; for section 4 PyTorch's `torch.autograd.grad`.
#
# **How it works.** Write your answer in the cell that raises `NotImplementedError`, run it, then run the check below it.
# ✓ means right. The first ✗ says what is seen of the mistake, the second one what to mend (or click, and be told at once).
# Checks are free: run them as often as you like. Arrays are NumPy or torch, as you prefer; anything that gives the right numbers is right. Your mark comes from
# the same checks on other random inputs.
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
# ## Notation and four given functions
#
# A finite decision process has transitions `P[s, a, s']`, rewards `R[s, a]`, a start distribution `start[s]` ($\rho_0$) and
# a discount `gamma`. A policy is an array `[S, A]` whose rows sum to 1. The performance is *unnormalised*:
# $\eta(\pi) = \mathbb E[\sum_t \gamma^t r_t]$. The visitation $d^\pi$ is *normalised*; that is where every $1/(1-\gamma)$ below comes from.
#
# The cell below gives you what lecture 01 built: $P_\pi$, the advantages, and $\eta$. Use them as they are.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-process", "locked": true, "solution": false}
def transitions(P, policy):
    """P_π[s, s'] = Σ_a π(a|s) P(s'|s, a)."""
    return np.einsum("sa,sat->st", policy, P)


def state_values(P, R, gamma, policy):
    """V = (I − γP_π)⁻¹ r_π."""
    return np.linalg.solve(np.eye(len(R)) - gamma * transitions(P, policy), (policy * R).sum(1))


def advantages(P, R, gamma, policy):
    """A[s, a] = R[s, a] + γ Σ_s' P(s'|s, a) V(s') − V(s)."""
    V = state_values(P, R, gamma, policy)
    return R + gamma * P @ V - V[:, None]


def performance(P, R, start, gamma, policy):
    """η = Σ_s ρ₀(s) V(s)."""
    return start @ state_values(P, R, gamma, policy)


# %% [markdown]
# ## 1 · How far two policies are apart
#
# ### 1.1 Where a policy goes
#
# Every formula of this homework averages over the states that a policy visits, so you need that average exactly once in
# your life. The normalised discounted visitation is
#
# $$d^\pi(s) = (1-\gamma)\sum_{t\ge0}\gamma^t\,\Pr(s_t = s), \qquad s_0\sim\rho_0,\; a_t\sim\pi .$$
#
# With $p_{t+1} = P_\pi^\top p_t$ the series is geometric: a linear system.
#
# **Write** $d^\pi$ as an array `[S]` that sums to 1.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "visitation", "locked": false, "solution": true}
def visitation(P, policy, start, gamma):
    ### BEGIN SOLUTION
    flow = np.eye(len(start)) - gamma * transitions(P, policy).T
    return (1 - gamma) * np.linalg.solve(flow, start)
    ### END SOLUTION


# %% [markdown]
# ### 1.2 The performance difference lemma
#
# Comparing two policies by running both is expensive; the lemma says what the difference is made of: at every state the
# new policy visits, how much better are its actions than the old policy's average?
#
# $$\eta(\pi') - \eta(\pi) = \frac1{1-\gamma}\sum_s d^{\pi'}(s)\sum_a \pi'(a|s)\,A^{\pi}(s,a).$$
#
# The right-hand side is a sum with one term a state. Its sum you could have without the lemma, by solving for both policies'
# values; its *terms* are what the lemma tells: at which states the gain is made.
#
# **Write** the terms, an array `[S]`: $\frac1{1-\gamma}\,d^{\pi'}(s)\sum_a \pi'(a|s)\,A^{\pi}(s,a)$ for each $s$. `new` is $\pi'$ and
# `old` is $\pi$. Does their sum equal $\eta(\pi') - \eta(\pi)$?


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "performance_difference", "locked": false, "solution": true}
def performance_difference(P, R, start, gamma, new, old):
    ### BEGIN SOLUTION
    d = visitation(P, new, start, gamma)
    gain = (new * advantages(P, R, gamma, old)).sum(axis=1)
    return d * gain / (1 - gamma)
    ### END SOLUTION


# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-lemma", "locked": false, "points": 6, "solution": true}
# ### 1.3 Prove it  (20 minutes, marked by hand)
#
# Prove the lemma, and say of each step what it needs. Start from $\mathbb E_{\pi'}\bigl[\sum_t\gamma^t A^\pi(s_t,a_t)\bigr]$ with
# $A^\pi(s,a) = \mathbb E_{s'}[r + \gamma V^\pi(s') - V^\pi(s)]$. Which step fails if $V^\pi$ is not bounded, and which if the two policies
# start from different states? What does the lemma become when an episode ends after exactly $T$ steps and $\gamma = 1$?
#
# ### BEGIN SOLUTION
# 1. $\mathbb E_{\pi'}[\sum_t \gamma^t A^\pi(s_t,a_t)] = \mathbb E_{\pi'}[\sum_t\gamma^t(r_t + \gamma V^\pi(s_{t+1}) - V^\pi(s_t))]$, since $s_{t+1}$ given
#    $(s_t,a_t)$ has the law under which $A^\pi$ takes its expectation.
# 2. The values telescope: $\sum_{t<T}(\gamma^{t+1}V^\pi(s_{t+1}) - \gamma^tV^\pi(s_t)) = \gamma^TV^\pi(s_T) - V^\pi(s_0)$, and the first term
#    vanishes as $T\to\infty$, because $V^\pi$ is bounded and $\gamma<1$.
# 3. What is left is $\mathbb E_{\pi'}[\sum_t\gamma^tr_t] - \mathbb E_{\rho_0}[V^\pi(s_0)] = \eta(\pi') - \eta(\pi)$: both start from $\rho_0$.
# 4. Group by state: $\sum_t\gamma^t\Pr(s_t=s) = d^{\pi'}(s)/(1-\gamma)$, and $a_t\sim\pi'(\cdot|s_t)$.
# 5. Step 2 needs the bound, step 3 the common start. With exactly $T$ steps and $\gamma = 1$ the values depend on the time left, the sum
#    telescopes to $V^\pi_T(s_T) = 0$ without a limit, and $\eta(\pi') - \eta(\pi) = \sum_{t<T}\mathbb E_{\pi'}[A^\pi_t(s_t,a_t)]$.
#
# *Marking (6 points): 1 to 4 one point each; 5, what the steps need 1, the finite horizon 1.*
# ### END SOLUTION

# %% [markdown]
# ### 1.4 The surrogate
#
# The lemma needs the new policy's states, which nobody has before trying it; the surrogate uses the old policy's instead:
#
# $$L_\pi(\pi') = \eta(\pi) + \frac1{1-\gamma}\sum_s d^{\pi}(s)\sum_a\pi'(a|s)\,A^\pi(s,a).$$
#
# **Write** $L_\pi(\pi')$, a number.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "surrogate", "locked": false, "solution": true}
def surrogate(P, R, start, gamma, new, old):
    ### BEGIN SOLUTION
    d = visitation(P, old, start, gamma)
    gain = (new * advantages(P, R, gamma, old)).sum(axis=1)
    return performance(P, R, start, gamma, old) + d @ gain / (1 - gamma)
    ### END SOLUTION


# %% [markdown]
# **See it.** Walk in a straight line from the old policy to the new one, $\pi_t = (1-t)\pi + t\pi'$. On the left: $\eta$ and $L$. On the
# right: their gap, divided by $t^2$. The surrogate promises a gain all the way; what does the truth do? And what does it mean that the
# curve on the right stays bounded as $t\to0$?

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-surrogate-picture", "locked": true, "solution": false}
if ready("surrogate", surrogate):
    rng = np.random.default_rng(40)
    P, R = rng.dirichlet(0.2 * np.ones(4), (4, 2)), rng.normal(size=(4, 2))
    old, new = rng.dirichlet(np.ones(2), 4), rng.dirichlet(np.ones(2), 4)
    start, gamma, ts = np.eye(4)[0], 0.9, np.linspace(0.02, 1, 50)
    line = [(1 - t) * old + t * new for t in ts]
    eta = np.array([performance(P, R, start, gamma, policy) for policy in line])
    L = np.array([float(surrogate(P, R, start, gamma, policy, old)) for policy in line])
    figure = plots.figure(9, 3.6)
    left, right = plots.axes(figure, 1, 2)
    left.plot(ts, eta, color=plots.BLACK, linestyle="-", label="η: the truth")
    left.plot(ts, L, color=plots.GREEN, linestyle="--", label="L: the surrogate")
    plots.legend(left)
    left.set(xlabel="t", ylabel="performance")
    left.set_title("They touch at t = 0")
    right.plot(ts, (eta - L) / ts**2, color=plots.GREEN, linestyle="-")
    right.axhline(0, color="0.8", zorder=0)
    right.set(xlabel="t", ylabel="(η − L) / t²")
    right.set_title("The gap is of second order")
    display(
        plots.show(figure, alt="Performance and surrogate between two policies, and their gap over t squared")
    )

# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-surrogate", "locked": false, "points": 6, "solution": true}
# ### 1.5 Two properties of L  (20 minutes, marked by hand)
#
# For a differentiable policy $\pi_\theta$, prove that the surrogate touches the performance at $\theta_{\text{old}}$:
#
# (a) $L_{\pi_{\theta_{\text{old}}}}(\pi_{\theta_{\text{old}}}) = \eta(\pi_{\theta_{\text{old}}})$ and
# (b) $\nabla_\theta L_{\pi_{\theta_{\text{old}}}}(\pi_\theta)\big|_{\theta_{\text{old}}} = \nabla_\theta\,\eta(\pi_\theta)\big|_{\theta_{\text{old}}}$.
#
# What do (a) and (b) say about a small step, and what do they not say?
#
# ### BEGIN SOLUTION
# Write $\bar A_\theta(s) = \sum_a\pi_\theta(a|s)A^{\text{old}}(s,a)$. (a) $\bar A_{\theta_{\text{old}}}(s) = \sum_a\pi_{\text{old}}A^{\text{old}} = V - V = 0$ for every $s$,
# so the second term of $L$ vanishes. (b) By the lemma $\eta(\pi_\theta) - \eta(\pi_{\text{old}}) = \frac1{1-\gamma}\sum_sd^{\pi_\theta}(s)\bar A_\theta(s)$. Differentiate the
# product: $\sum_s\nabla d^{\pi_\theta}(s)\,\bar A_\theta(s) + d^{\pi_\theta}(s)\nabla\bar A_\theta(s)$. At $\theta_{\text{old}}$ the first part is 0 because $\bar A_{\theta_{\text{old}}} = 0$; the second is
# $\nabla L$. A small enough step that improves $L$ improves $\eta$; how small is enough they do not say: that is what the bound is for.
#
# *Marking (6 points): (a) 2; (b) lemma 1, product rule 1, why the first part vanishes 1; the last question 1.*
# ### END SOLUTION

# %% [markdown]
# ### 1.6 How small is enough
#
# The first-order argument gives a direction and no distance; this constant gives the distance (and shows how
# pessimistic a guarantee can be). With $\varepsilon = \max_{s,a}|A^\pi(s,a)|$ and the unnormalised $\eta$,
#
# $$\eta(\pi') \ge L_\pi(\pi') - C\,\max_s D_{\mathrm{KL}}\bigl(\pi(\cdot|s)\,\|\,\pi'(\cdot|s)\bigr), \qquad C = \frac{4\varepsilon\gamma}{(1-\gamma)^2}$$
#
# (Schulman et al. 2015, Theorem 1 with $D_{\mathrm{TV}}^2\le D_{\mathrm{KL}}$). Other texts normalise $\eta$ by $1-\gamma$ and have another constant.
#
# **Write** $C$. What is it for $\varepsilon = 1$, $\gamma = 0.99$?


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "bound_constant", "locked": false, "solution": true}
def bound_constant(epsilon, gamma):
    ### BEGIN SOLUTION
    return 4 * epsilon * gamma / (1 - gamma) ** 2
    ### END SOLUTION


# %% [markdown]
# ## 2 · A trust region by hand
#
# ### 2.1 One step
#
# A model is a promise that holds nearby, so it is minimised only as far as it is trusted. Around $x$ the quadratic model is
# $m(p) = f(x) + f'(x)\,p + \tfrac12 f''(x)\,p^2$, and the step solves
#
# $$\min_p\; m(p) \quad\text{subject to}\quad |p| \le \Delta .$$
#
# Think of all cases before you code: a valley inside the region, a valley outside, a hill, a hill with zero slope, a
# straight line. On $f(x) = (x^2-1)^2$ at $x = 0$ the slope is 0 and the curvature is $-4$: gradient descent stays there for ever.
#
# **Write** the step. `f`, `df`, `d2f` are functions, `x` and `radius` numbers; return the new *point* $x + p$ (either one where
# two are equally good).


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "trust_region_step", "locked": false, "solution": true}
def trust_region_step(f, df, d2f, x, radius):
    ### BEGIN SOLUTION
    slope, curvature = df(x), d2f(x)
    if curvature > 0:
        return x + np.clip(-slope / curvature, -radius, radius)
    return x - radius if slope > 0 else x + radius  # downhill, to the edge
    ### END SOLUTION


# %% [markdown]
# ### 2.2 The radius learns
#
# Nobody knows beforehand how far a model can be trusted, but every step tells: compare what the model promised with what
# came. With $\rho = \text{actual reduction} / \text{predicted reduction}$:
#
# - $\rho < \tfrac14$: the model promised too much. Shrink the radius to a quarter of itself.
# - $\rho > \tfrac34$ and the step reached the edge: the model is good and the region was in the way. Double it, at most to `max_radius`.
# - otherwise keep it.
#
# **Write** the next radius. All four arguments are numbers; `step_length` is $|p|$, equal to `radius` when the step reached the edge.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "next_radius", "locked": false, "solution": true}
def next_radius(radius, rho, step_length, max_radius):
    ### BEGIN SOLUTION
    if rho < 1 / 4:
        return radius / 4
    if rho > 3 / 4 and step_length >= radius * (1 - 1e-9):
        return min(2 * radius, max_radius)
    return radius
    ### END SOLUTION


# %% [markdown]
# **See it.** Your two functions together walk down $(x^2-1)^2$ from the top of the hill at $x = 0$. Watch which steps reach the edge.


# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-descent", "locked": true, "solution": false}
def f(x):
    return (x**2 - 1) ** 2


def df(x):
    return 4 * x * (x**2 - 1)


def d2f(x):
    return 12 * x**2 - 4


if ready("trust_region_step", trust_region_step) and ready("next_radius", next_radius):
    x, radius = 0.0, 0.1
    print("    x       radius   ratio   f")
    for _ in range(9):
        new = float(trust_region_step(f, df, d2f, x, radius))
        p = new - x
        predicted = -(df(x) * p + d2f(x) * p**2 / 2)
        rho = (f(x) - f(new)) / predicted if predicted > 0 else 1.0
        print(f"{x:8.5f}  {radius:7.4f}  {rho:6.2f}   {f(x):.2e}")
        radius = float(next_radius(radius, rho, abs(p), 1.0))
        x = new if rho > 0 else x

# %% [markdown]
# ## 3 · The natural step
#
# Steepest descent depends on how length is measured, and parameters are a bad ruler: the same step changes one policy
# a lot and another hardly at all. The ruler that does not depend on parameters is the KL divergence between policies, which
# near $\theta$ is $\tfrac12 d^\top F d$ with the Fisher matrix $F = \mathbb E[\nabla\log\pi\,\nabla\log\pi^\top]$. The best step within that ruler points
# along $F^{-1}g$; the exercises build it without ever inverting, or even storing, $F$.
#
# ### 3.1 Fisher times vector
#
# A policy with a million parameters has a Fisher matrix with a million million entries, so it is used only through products.
# From samples of the score $s_i = \nabla_\theta\log\pi_\theta(a_i|s_i)$ the estimate is $\hat F = \frac1N\sum_i s_is_i^\top$, and a little damping $\lambda$ keeps
# it invertible.
#
# **Write** $(\hat F + \lambda I)\,v$ without forming $\hat F$: `scores` has shape `[N, P]`, `v` has shape `[P]`, and so has the answer.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "fisher_vector_product", "locked": false, "solution": true}
def fisher_vector_product(scores, v, damping):
    ### BEGIN SOLUTION
    return scores.T @ (scores @ v) / len(scores) + damping * v
    ### END SOLUTION


# %% [markdown]
# ### 3.2 Conjugate gradient
#
# Solving $Ax = b$ needs only products $Av$ when $A$ is symmetric and positive definite; that is why TRPO can afford it.
# Start from $x = 0$, $r = b$, $p = r$, and repeat:
#
# $$\alpha = \frac{r^\top r}{p^\top A p},\quad x \leftarrow x + \alpha p,\quad r' = r - \alpha A p,\quad
# \beta = \frac{r'^\top r'}{r^\top r},\quad p \leftarrow r' + \beta p,\quad r\leftarrow r'.$$
#
# Each direction is $A$-orthogonal to all before it, so $n$ steps solve $n$ equations, and far fewer come close.
#
# **Write** it: `matvec(v)` returns $Av$; return $x$ after `iterations` steps. Mind that `p = r` makes no copy. (In practice $r$ can reach 0
# early; stopping then keeps you from dividing 0 by 0.)


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "conjugate_gradient", "locked": false, "solution": true}
def conjugate_gradient(matvec, b, iterations):
    ### BEGIN SOLUTION
    x, r, p = np.zeros_like(b), b.copy(), b.copy()
    squared = r @ r
    for _ in range(iterations):
        if squared < 1e-20:
            break
        Ap = matvec(p)
        alpha = squared / (p @ Ap)
        x, r = x + alpha * p, r - alpha * Ap
        squared, before = r @ r, squared
        p = r + squared / before * p
    return x
    ### END SOLUTION


# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-natural-step", "locked": false, "points": 6, "solution": true}
# ### 3.3 Derive the step  (20 minutes, marked by hand)
#
# Solve by hand, with a Lagrange multiplier: $\max_d\; g^\top d$ subject to $\tfrac12 d^\top F d \le \delta$, with $F$ symmetric and positive
# definite and $g \neq 0$. Say why the constraint is active, which sign the multiplier has, and what the largest value of $g^\top d$ is.
#
# ### BEGIN SOLUTION
# 1. $g^\top d$ is linear and $g\ne0$, so it grows along $g$ without bound: the maximum lies on the boundary, $\tfrac12d^\top Fd = \delta$.
# 2. $\mathcal L(d,\lambda) = g^\top d - \lambda(\tfrac12d^\top Fd - \delta)$. Stationarity: $g = \lambda Fd$, so $d = F^{-1}g/\lambda$. For a maximum $\lambda > 0$
#    (the problem is convex, so this point is the global one; $\lambda<0$ gives the minimum).
# 3. Into the constraint: $g^\top F^{-1}g/(2\lambda^2) = \delta$, so $\lambda = \sqrt{g^\top F^{-1}g/(2\delta)}$ and
#    $d^* = \sqrt{2\delta/(g^\top F^{-1}g)}\;F^{-1}g$.
# 4. $g^\top d^* = \sqrt{2\delta\,g^\top F^{-1}g}$.
#
# *Marking (6 points): 1 one point, 2 two points (one for the sign), 3 two points, 4 one point.*
# ### END SOLUTION

# %% [markdown]
# ### 3.4 Code it
#
# What you derived is the step of natural policy gradient and the first half of TRPO. **Write** the maximiser: `F` has shape `[P, P]`,
# `g` has shape `[P]`, `delta` is a number. A dense solve is fine here.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "natural_step", "locked": false, "solution": true}
def natural_step(F, g, delta):
    ### BEGIN SOLUTION
    direction = np.linalg.solve(F, g)
    return np.sqrt(2 * delta / (g @ direction)) * direction
    ### END SOLUTION


# %% [markdown]
# ## 4 · Put it together
#
# ### 4.1 TRPO's update
#
# Now the algorithm, for one batch and a policy in PyTorch whose derivatives autograd takes. With the ratio
# $r_i = \pi_\theta(a_i|o_i)/\pi_{\mathrm{old}}(a_i|o_i)$ and all means over the batch:
#
# 1. $g = \nabla_\theta\,\mathrm{mean}[r\hat A]$ at $\theta_{\mathrm{old}}$.
# 2. Solve $Hs = g$ with $H = \nabla^2_\theta\,\mathrm{mean}\,D_{\mathrm{KL}}(\pi_{\mathrm{old}}\|\pi_\theta) + \lambda I$ at $\theta_{\mathrm{old}}$: by your conjugate
#    gradient and products $Hv = \nabla\bigl((\nabla\,\mathrm{mean}\,D_{\mathrm{KL}})^\top v\bigr) + \lambda v$, or densely, as you like.
# 3. The whole step is $\beta s$ with $\tfrac12(\beta s)^\top H(\beta s) = \delta$.
# 4. Try $1, \tfrac12, \tfrac14, \dots$ of it, ten fractions, each from $\theta_{\mathrm{old}}$. Keep the first with $\mathrm{mean}[(r-1)\hat A] > 0$ and
#    $\mathrm{mean}\,D_{\mathrm{KL}}(\pi_{\mathrm{old}}\|\pi_\theta) \le \delta$. If none will do, $\theta$ stays $\theta_{\mathrm{old}}$.
#
# `policy` is a `torch.nn.Module`: `policy(obs)` gives logits `[B, A]`. `obs` is `[B, O]`, `action` `[B]` integers, `advantage` `[B]`, all tensors;
# `max_kl` ($\delta$) and `damping` ($\lambda$) are numbers. `torch.autograd.grad(y, parameters, create_graph=True)` gives gradients that can be
# differentiated again.
#
# **Write** it. Nothing is returned: the policy's parameters change. The check has batches on which the whole step is right, is
# too far, or gains nothing.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "trpo_update", "locked": false, "solution": true}
def trpo_update(policy, obs, action, advantage, max_kl, damping):
    ### BEGIN SOLUTION
    parameters = list(policy.parameters())
    theta = torch.nn.utils.parameters_to_vector(parameters).detach().clone()
    old = torch.log_softmax(policy(obs), dim=1).detach()

    def measure():
        new = torch.log_softmax(policy(obs), dim=1)
        ratio = (new - old).gather(1, action[:, None])[:, 0].exp()
        return ((ratio - 1) * advantage).mean(), (old.exp() * (old - new)).sum(1).mean()

    def gradient(value, **options):
        return torch.cat([part.flatten() for part in torch.autograd.grad(value, parameters, **options)])

    gain, kl = measure()
    g, slope = gradient(gain, retain_graph=True), gradient(kl, create_graph=True)
    H = torch.stack([gradient(one, retain_graph=True) for one in slope])
    H = H + damping * torch.eye(len(g), dtype=g.dtype)
    s = torch.linalg.solve(H, g)
    step = (2 * max_kl / (s @ H @ s)) ** 0.5 * s
    for trial in range(10):
        torch.nn.utils.vector_to_parameters(theta + 0.5**trial * step, parameters)
        with torch.no_grad():
            gain, kl = measure()
        if gain > 0 and kl <= max_kl:
            return
    torch.nn.utils.vector_to_parameters(theta, parameters)
    ### END SOLUTION


# %% [markdown]
# ## 5 · What the curves say
#
# TRPO with exact advantages on a decision process of five states and three actions, made from your ID, so the curves are yours
# alone; $\delta = 0.02$. Three runs; each has one of these numbers, none comes twice:
#
# | | |
# |---|---|
# | 0 | nothing is wrong |
# | 1 | $\delta$ itself is used as the step size |
# | 2 | the whole step is twice too long, and no line search checks it |
# | 3 | the step goes downhill, and the search asks for a loss |
# | 4 | the search compares the gain with the wrong sign |
#
# For each run: performance, the KL of each update in units of $\delta$, and the gain of the surrogate. Above the KL stands the mean fraction of the
# step that the search took.

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-faults-picture", "locked": true, "solution": false}
curves = instance("trpo_faults", student)["curves"]
figure = plots.figure(10, 6.6)
axes = plots.axes(figure, 3, 3, sharex=True)
for i, (performances, kls, gains, fractions) in enumerate(curves):
    rows = (performances, plots.BLACK), (kls, plots.ORANGE), (gains, plots.GREEN)
    for ax, (row, color) in zip(axes[:, i], rows, strict=True):
        ax.plot(row, color=color, linestyle="-")
    axes[0, i].set_title(f"Run {i}")
    axes[1, i].axhline(1, color="0.8", zorder=0)
    axes[1, i].set_title(f"mean fraction {fractions.mean():.2f}")
    axes[2, i].set(xlabel="updates", xticks=range(0, len(kls), 3))
for ax, name in zip(axes[:, 0], ("performance", "KL / δ", "gain"), strict=True):
    ax.set_ylabel(name)
display(plots.show(figure, alt=f"Performance, KL and gain of three runs, made from the ID {student}"))

# %% [markdown]
# ### 5.1 Name the fault
#
# **Write** the three numbers, of run 0 to run 2: `return [0, 1, 2]` would be one answer. `curves` `[3, 4, T]` holds performance, KL$/\delta$, gain and
# fraction; read them with your eyes or by code. Be ready to say for each run which curve convinced you.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "trpo_faults", "locked": false, "solution": true}
def trpo_faults(curves):
    ### BEGIN SOLUTION
    found = []
    for _, kl, gain, fraction in curves:
        if max(fraction) == 0:  # nothing is ever accepted
            found.append(4)
        elif gain[0] < 0:
            found.append(3)
        else:
            found.append(2 if kl[0] > 1.5 else 1 if kl[0] < 0.05 else 0)
    return found
    ### END SOLUTION


# %% [markdown]
# ## 6 · Your solver inside TRPO
#
# `TRPO(solver=…)` takes its solver as a field: your conjugate gradient goes in where the course's own stands, and nothing else
# changes. It is asked for one seed's vector at a time. Both runs have the same three seeds, so the curves part only where rounding does.
# A few seconds a run. The cell is yours to change.

# %% tags=["not-graded", "trains"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-trpo-plug-in", "locked": false, "solution": false}
from rlcourse.algorithms.trpo import TRPO
from rlcourse.training import train

mine = TRPO(solver=conjugate_gradient)  # 6.1 asks for cg_iterations=1 as well
settings = {"env": "Pendulum-v1", "steps": 40_000, "seeds": 3}
try:
    runs = {"TRPO, yours": train(mine, **settings), "TRPO": train(TRPO(), **settings)}
except NotImplementedError:
    print("This cell waits for conjugate_gradient: write it, then run the cell again.")
else:
    figure = plots.figure(8, 3.8)
    ax = plots.axes(figure)
    for (name, run), look in zip(runs.items(), plots.styles(runs), strict=True):
        plots.learning_curve(
            ax, run.curve.steps, run.curve.returns, name, look["color"], look["linestyle"], bounds=(None, 0)
        )
    ax.set_title("TRPO on Pendulum with your conjugate gradient")
    plots.label_lines(ax)
    display(plots.show(figure, alt="Evaluation returns of TRPO with your solver and with the course's"))

# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-iterations", "locked": false, "points": 4, "solution": true}
# ### 6.1 In words  (15 minutes, marked by hand)
#
# In the cell above, set `mine = TRPO(solver=conjugate_gradient, cg_iterations=1)` and run the cell again. (a) Which direction does TRPO
# step along after one iteration of conjugate gradient? (b) What did you see, and how does it compare with the spread over seeds? (c) The
# step is scaled afterwards so that $\tfrac12 d^\top F d = \delta$. Which property of TRPO therefore survives a bad solver, and which is lost?
#
# ### BEGIN SOLUTION
# (a) Along $b = g$, the plain gradient: after one step $x = \alpha b$. (b) Any honest description counts that mentions the spread. (c) The
# size of the step survives: its KL is about $\delta$ whatever the direction, and the line search still checks it. The direction is lost: it is no
# longer the natural one, hence depends on the parametrisation and gains less per unit of KL.
#
# *Marking (4 points): (a) 1; (b) 1; (c) 1 for each half.*
# ### END SOLUTION
