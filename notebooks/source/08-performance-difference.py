# %% [markdown]
# # Lecture 08 · Performance difference
#
# **Question.** You hold a policy and its exact advantages. Which changes of the policy are certain to help,
# and how far may they go?
#
# Every number on this page comes from a finite MDP solved by linear algebra, so nothing is hidden behind noise.
# A *receipt* computes both sides of a claim by different routes, prints their difference, and asserts it.
#
# *You need:* $V, Q, A$ and the visitation $d^\pi$ (lecture 01), the policy gradient (lecture 03).

# %% [markdown]
# The tools: `markov` solves MDPs, `plots` draws, `explore` and `predict` make the page respond.

# %%
import inspect
from dataclasses import replace
from functools import lru_cache

import numpy as np
from IPython.display import Code

from rlcourse import plots
from rlcourse.equations import markov
from rlcourse.pages import receipt
from rlcourse.widgets import Slider, explore, predict

plots.use()

# %% [markdown]
# ## Words, and a box that converts
#
# Two conventions meet in the sources of this lecture. We use one.
#
# | | this course | elsewhere |
# |---|---|---|
# | visitation | $d^\pi(s) = (1-\gamma)\sum_t \gamma^t P(s_t = s)$, sums to 1 | $\rho_\pi = d^\pi/(1-\gamma)$, sums to $1/(1-\gamma)$ |
# | performance | $\eta(\pi) = \mathbb E[\sum_t \gamma^t r_t]$ | $(1-\gamma)\,\eta(\pi)$, "normalised" |
#
# **The rule:** a factor $1/(1-\gamma)$ stands before a sum over states exactly when $d$ is the normalised one
# and $\eta$ is not. The next cell computes $\eta$ in three ways to check it.

# %%
mdp = markov.MDP.random(6, 3, seed=1, gamma=0.9, branching=3)
old, new = markov.random_policy(mdp, 2), markov.random_policy(mdp, 3)
d = markov.visitation(mdp, old)
rho = d / (1 - mdp.gamma)
reward = np.sum(old * mdp.reward, axis=1)

receipt("d sums to 1", d.sum(), 1)
receipt("ρ sums to 1/(1 − γ)", rho.sum(), 1 / (1 - mdp.gamma))
receipt("η = Σ ρ(s) r(s)", rho @ reward, markov.expected_return(mdp, old))
receipt("η = 1/(1 − γ) Σ d(s) r(s)", d @ reward / (1 - mdp.gamma), markov.expected_return(mdp, old))

# %% [markdown]
# ## 1 · Two ways of using an advantage
#
# *Policy iteration* takes the best action everywhere: $\pi'(s) = \arg\max_a A^\pi(s,a)$.
# A *gradient step* moves parameters a little: $\theta' = \theta + \alpha\nabla_\theta\eta$.
# The first never loses. What about the second, when $\alpha$ is large?

# %% {"jupyter": {"source_hidden": true}}
predict(
    "One logit for each state and action (a table), the exact gradient. Can a very long gradient step lower η?",
    choices=["yes, if it is long enough", "no, whatever its length"],
    answer="no, whatever its length",
    why="The surprise of this page: on a table it cannot. The reason is the lemma of section 2, and it breaks down "
    "as soon as two states share a parameter, which is what every neural network does.",
)

# %% [markdown]
# Left: a table of logits. Right: the same MDP, but one row of logits serves both states, as a network
# shares its weights. Both start at the same policy. Look for a curve that comes down.

# %%
two = markov.two_state(gamma=0.9)
logits = np.log(np.array([[0.8, 0.2], [0.8, 0.2]]))
start = markov.softmax_policy(logits)
gradient = markov.policy_gradient(two, start)
shared = np.broadcast_to(gradient.sum(axis=0), (2, 2))  # the chain rule: one row feeds both states

lengths = np.logspace(-1.5, 2, 120)[:, None, None]
table = markov.expected_return(two, markov.softmax_policy(logits + lengths * gradient))
tied = markov.expected_return(two, markov.softmax_policy(logits + lengths * shared))
print(f"start η = {markov.expected_return(two, start):.3f}")
print(f"table:  lowest {table.min():.3f}, highest {table.max():.3f}")
print(f"shared: highest {tied.max():.3f}, at the longest step {tied[-1]:.3f}")
assert table.min() > markov.expected_return(two, start) > tied[-1]

# %% [markdown]
# The same numbers as a picture.

# %%
fig = plots.figure(9, 3.8)
axes = plots.axes(fig, 1, 2)
eta_start = markov.expected_return(two, start)
for ax, curve, title in zip(
    axes, (table, tied), ("A table of logits: never worse", "Shared logits: overshoots"), strict=True
):
    ax.plot(lengths.ravel(), curve, color=plots.BLUE)
    ax.axhline(eta_start, color=plots.GREY, linestyle=plots.DOTS)
    ax.text(100, eta_start, "start", color=plots.GREY, va="bottom", ha="right")
    ax.set(xscale="log", xlabel="step length α", ylabel="η after one step", title=title)
plots.show(fig, alt="η after one exact gradient step of growing length, for a table and for shared logits")

# %% [markdown]
# Seen: on the table η only rises. With shared logits it rises, turns, and ends below where it started.
# A step length that is safe must come from somewhere; the rest of the page finds it.

# %% [markdown]
# ## 2 · The lemma, state by state
#
# How much better is `new` than `old`, starting from state $s$? Follow `new`, and let `old`'s advantages judge
# each action.
#
# **Step 1.** By definition of $Q$ and $A$:
# $$A^{old}(s,a) = \mathbb E_{s'}\big[r(s,a) + \gamma V^{old}(s') - V^{old}(s)\big].$$
#
# **Step 2.** Add these up along a path of `new` that starts at $s$; each term is discounted by $\gamma^t$:
# $$\mathbb E_{new}\Big[\sum_t \gamma^t A^{old}(s_t,a_t)\Big]
#   = \mathbb E_{new}\Big[\sum_t \gamma^t r_t\Big] + \mathbb E_{new}\Big[\sum_t \gamma^t\big(\gamma V^{old}(s_{t+1}) - V^{old}(s_t)\big)\Big].$$
#
# **Step 3.** The second sum telescopes: every $V^{old}(s_t)$ with $t \ge 1$ appears once with $+$ and once with $-$.
# What is left is $-V^{old}(s)$. The first sum is $V^{new}(s)$. So
# $$\mathbb E_{new}\Big[\sum_t \gamma^t A^{old}(s_t,a_t)\Big] = V^{new}(s) - V^{old}(s).$$
#
# **Step 4.** Write the sum over time as a sum over states, with $d_s^{new}$ the visitation from $s$:
# $$V^{new}(s) - V^{old}(s) = \frac{1}{1-\gamma}\sum_{x} d^{new}_s(x)\sum_a \pi_{new}(a|x)\,A^{old}(x,a).$$
#
# Each line is checked below, with sums over 400 time steps that know nothing of linear solves.

# %%
T = 400
discount = mdp.gamma ** np.arange(T + 1)
V_old, V_new = markov.values(mdp, old), markov.values(mdp, new)
A_old = markov.advantages(mdp, old)

# Step 1: the expectation over s' written out
step_1 = mdp.reward + mdp.gamma * mdp.transition @ V_old - V_old[:, None]
receipt("step 1   A = E[r + γV(s') − V(s)]", A_old, step_1)

p = markov.state_distributions(replace(mdp, start=np.eye(6)[0]), new, T + 1)  # from state 0, under new
r_new, A_bar = np.sum(new * mdp.reward, axis=1), np.sum(new * A_old, axis=1)
along = discount[:T] @ (p[:T] @ A_bar)
rewards = discount[:T] @ (p[:T] @ r_new)
differences = discount[:T] @ (mdp.gamma * p[1:] @ V_old - p[:T] @ V_old)
receipt("step 2   sum along the path", along, rewards + differences, 1e-11)
receipt("step 3   the differences telescope to −V_old(0)", differences, -V_old[0], 1e-11)
receipt("step 3   the rewards are V_new(0)", rewards, V_new[0], 1e-11)
lemma = markov.performance_difference(mdp, new, old, start=np.eye(6))  # step 4, from each state
receipt("step 4   the state-wise lemma", lemma, V_new - V_old)

# %% [markdown]
# ### The average lemma
#
# Average over the start distribution $\rho_0$. Both sides are linear in it:
# $$\boxed{\;\eta(new) - \eta(old) = \frac{1}{1-\gamma}\sum_s d^{new}(s)\sum_a \pi_{new}(a|s)\,A^{old}(s,a)\;}$$
#
# One MDP proves little. Here are five hundred, with γ from 0 to 0.999; differences are relative to the largest value.

# %%
worst = 0.0
for seed in range(500):
    gamma = (0.0, 0.5, 0.9, 0.99, 0.999)[seed % 5]
    other = markov.MDP.random(2 + seed % 7, 2 + seed % 3, seed, gamma)
    a, b = markov.random_policy(other, seed + 1), markov.random_policy(other, seed + 2)
    left = markov.expected_return(other, b) - markov.expected_return(other, a)
    size = max(1, np.abs(markov.values(other, a)).max(), np.abs(markov.values(other, b)).max())
    worst = max(worst, abs(left - markov.performance_difference(other, b, a)) / size)
print(f"500 random MDPs: largest relative difference {worst:.1e}")
assert worst < 1e-12

# %% [markdown]
# ### Why policy iteration always improves
#
# Write $\bar A(s) = \sum_a \pi_{new}(a|s) A^{old}(s,a)$. The greedy policy has $\bar A(s) = \max_a A^{old}(s,a) \ge 0$
# in *every* state, because the average of $A^{old}(s,\cdot)$ under `old` is 0. A sum of non-negative terms with
# non-negative weights is non-negative, whatever the unknown $d^{new}$ is.
#
# **A slip you may meet.** One set of lecture slides asks for the case where "$\pi_{old}$ is obtained from $\pi_{new}$ by one
# step of policy improvement". It is the other way round. With the roles as printed every term is negative or zero:

# %%
greedy = markov.greedy_policy(mdp, old)
right_way = markov.expected_advantage(mdp, greedy, old)  # new is made from old
as_printed = markov.expected_advantage(mdp, old, greedy)  # old is made from new
print("new = improved old:   Ā(s) =", right_way.round(3))
print("old = improved new:   Ā(s) =", as_printed.round(3))
assert right_way.min() >= 0
assert as_printed.max() <= 0, "the printed claim fails"

# %% [markdown]
# ### Why the table was safe and shared logits were not
#
# On a table the gradient is $\partial\eta/\partial\theta(s,a) = \rho(s)\pi(a|s)A(s,a)$, so a step gives
# $\pi_{new}(a|s) \propto \pi(a|s)\,e^{\alpha\rho\pi A}$. The factor is above 1 exactly where $A > 0$. Hence
# $\sum_a \pi\, e^{\alpha\rho\pi A} A \ge \sum_a \pi A = 0$: each $\bar A(s) \ge 0$, for any α.
# Shared logits cannot choose state by state, and the lemma shows where they lose:

# %%
for name, direction in (("table", gradient), ("shared", shared)):
    for alpha in (0.5, 100.0):
        after = markov.softmax_policy(logits + alpha * direction)
        terms = markov.visitation(two, after) * markov.expected_advantage(two, after, start) / (1 - two.gamma)
        print(f"{name:7} α = {alpha:5}: the terms of the lemma {terms.round(3)}  sum {terms.sum():+.3f}")

# %% [markdown]
# With shared logits one term is negative at either length. While the step is short the positive term wins.

# %% [markdown]
# ## 3 · The surrogate
#
# The lemma is exact and useless as an objective: $d^{new}$ is known only after trying `new`. Replace it by $d^{old}$,
# which the data of `old` already show:
# $$L_{old}(new) = \eta(old) + \frac{1}{1-\gamma}\sum_s d^{old}(s)\sum_a \pi_{new}(a|s)A^{old}(s,a).$$

# %% {"jupyter": {"source_hidden": true}}
predict(
    "Walk from old towards another policy: π_t = (1 − t)·old + t·target. How does the error η(π_t) − L(π_t) shrink as t → 0?",
    choices=["it stays constant", "like t", "like t²"],
    answer="like t²",
    ordered=True,
    why="Ā is itself of order t, and d^new − d^old is of order t; the error is their product.",
)

# %% [markdown]
# **Property 1:** $L_{old}(old) = \eta(old)$, as $\bar A = 0$. **Property 2:** the slopes agree there, as
# the error is a product of two things of order $t$. Its limit can be worked out: with $G = (I-\gamma P_{old})^{-1}$
# and $\Delta = P_{target} - P_{old}$,
# $$\frac{\eta(\pi_t) - L(\pi_t)}{t^2} \;\to\; c = \gamma\,\rho_0^\top G\,\Delta\,G\,\bar A_{target}.$$
# Look for the third column settling on $c$.


# %%
def transition_under(policy):
    return np.einsum("sa,sat->st", policy, mdp.transition)


target = new
G = np.linalg.inv(np.eye(6) - mdp.gamma * transition_under(old))
Delta = transition_under(target) - transition_under(old)
c = mdp.gamma * mdp.start @ G @ Delta @ G @ markov.expected_advantage(mdp, target, old)
for t in (0.1, 0.01, 0.001, 0.0001):
    moved = markov.mixture(old, target, t)
    gap = markov.expected_return(mdp, moved) - markov.surrogate(mdp, moved, old)
    print(f"t = {t:<7} η − L = {gap:+.3e}   (η − L)/t² = {gap / t**2:.5f}")
print(f"c = {c:.5f}")
assert abs(gap / t**2 - c) < 1e-3 * abs(c) + 1e-4

# %% [markdown]
# The two properties themselves, the second one by finite differences in every direction of the logits
# (`policy_gradient` is the closed form that lecture 03 derives):

# %%
receipt("property 1   L(old) = η(old)", markov.surrogate(mdp, old, old), markov.expected_return(mdp, old))


def slope(function, h=1e-5):
    steps = h * np.eye(18).reshape(18, 6, 3)
    up, down = (markov.softmax_policy(np.log(old) + sign * steps) for sign in (1, -1))
    return (function(up) - function(down)) / (2 * h)


slope_of_L = slope(lambda policy: markov.surrogate(mdp, policy, old))
slope_of_eta = slope(lambda policy: markov.expected_return(mdp, policy))
receipt("property 2   ∇L = ∇η at old", slope_of_L, slope_of_eta, 1e-8)
receipt(
    "property 2   both are the policy gradient", slope_of_L, markov.policy_gradient(mdp, old).ravel(), 1e-8
)

# %% [markdown]
# ## 4 · How far may the surrogate be trusted?
#
# The error comes from states that `new` and `old` visit differently. Bound it by letting both act with the same dice.
#
# **Coupling.** Two policies are α-coupled when a joint distribution of $(a,\tilde a)$ has them as its margins and
# $P(a \ne \tilde a\,|\,s) \le \alpha$ in every state. The best possible α is $D_{TV}^{max} = \max_s D_{TV}(s)$. The package builds that coupling:

# %%
Code(inspect.getsource(markov.coupling), language="python")

# %% [markdown]
# Its margins are the two policies, and it disagrees exactly as often as the total variation says:

# %%
joint = markov.coupling(old, new)
receipt("margin over ã is old", joint.sum(axis=2), old)
receipt("margin over a is new", joint.sum(axis=1), new)
receipt("P(a ≠ ã | s) = D_TV", 1 - np.trace(joint, axis1=1, axis2=2), markov.tv(old, new))

# %% [markdown]
# **Lemma 2.** $|\bar A(s)| \le 2\alpha\max|A^{old}|$. As $A^{old}$ averages to 0 under `old`,
# $\bar A(s) = \mathbb E[A^{old}(s,\tilde a) - A^{old}(s,a)]$ with $a$ from `old`, $\tilde a$ from `new`: where the two actions agree, nothing is gained; where they differ
# (probability ≤ α), the advantages differ by at most $2\max|A|$.
#
# **Lemma 3.** Both walk from the same start, with the same dice for the environment too. Until their actions first differ they are in the same state, and the chance
# that they have disagreed before $t$ is at most $1-(1-\alpha)^t$. Only then can their states differ, and two values of $\bar A$ differ by at
# most $2\max_s|\bar A(s)|$; lemma 2 bounds that. So
# $$\big|\mathbb E_{s_t\sim new}\bar A - \mathbb E_{s_t\sim old}\bar A\big| \le 2\big(1-(1-\alpha)^t\big)\max_s|\bar A(s)|
#   \le 4\alpha\big(1-(1-\alpha)^t\big)\max|A^{old}|.$$
#
# **A slip you may meet.** The lemma is printed (eq. 32 of the TRPO paper, and notes that copy it) with the middle term
# $2\alpha\max_s\bar A(s)$. At $t=0$ the right side is 0, so that chain would need $0 \le 2\alpha\max\bar A \le 0$:

# %%
lemma_3 = markov.coupling_lemma(mdp, new, old, steps=40)
print(" t     gap      ≤ corrected ≤  right   |  printed middle")
for t in (0, 1, 2, 5, 20):
    print(
        f"{t:2d}  {lemma_3.gap[t]:8.4f}  {lemma_3.middle[t]:9.4f}  {lemma_3.right[t]:9.4f}   | {lemma_3.printed_middle[t]:9.4f}"
    )
assert np.all(lemma_3.gap <= lemma_3.middle + 1e-12)
assert np.all(lemma_3.middle <= lemma_3.right + 1e-12)
printed_chain = lemma_3.gap[0] <= lemma_3.printed_middle[0] <= lemma_3.right[0]
print("the printed chain at t = 0 holds:", bool(printed_chain))
assert not printed_chain

# %% [markdown]
# **Theorem.** Sum lemma 3 over time with weights $\gamma^t$, with $\varepsilon = \max_{s,a}|A^{old}(s,a)|$:
# $$|\eta(new)-L_{old}(new)| \le 4\varepsilon\alpha\Big(\frac1{1-\gamma}-\frac1{1-\gamma(1-\alpha)}\Big)
#   = \frac{4\varepsilon\gamma\alpha^2}{(1-\gamma)(1-\gamma(1-\alpha))} \le \frac{4\varepsilon\gamma}{(1-\gamma)^2}\alpha^2.$$
# With $\alpha = D_{TV}^{max}$ this is the **TV bound**. As $D_{TV}^2 \le D_{KL}$, the same constant with
# $D_{KL}^{max}(old\,\|\,new) = \max_s D_{KL}\big(old(\cdot|s)\,\|\,new(\cdot|s)\big)$ is the **KL bound**:
# $$\eta(new) \ge L_{old}(new) - C\,D_{KL}^{max}(old\,\|\,new),\qquad C = \frac{4\varepsilon\gamma}{(1-\gamma)^2}.$$
#
# **Not wrong, but not tight:** Pinsker's inequality has a half, $D_{TV}^2 \le \frac12 D_{KL}$. So half of $C$ is enough
# for the KL bound. The ratio never passes ½, and comes as near to it as you like:

# %%
rng = np.random.default_rng(0)
p, q = rng.dirichlet(np.ones(3), size=(2, 100_000))
ratio = markov.tv(p, q) ** 2 / markov.kl(p, q)
near = markov.tv([0.501, 0.499], [0.5, 0.5]) ** 2 / markov.kl([0.501, 0.499], [0.5, 0.5])
print(f"D_TV²/D_KL over 100 000 random pairs: largest {ratio.max():.4f}; close to uniform: {near:.6f}")
assert ratio.max() <= 0.5, "the factor 1 of the printed inequality is never needed"

# %% [markdown]
# **Where does $1/(1-\gamma)$ sit?** $C$ above belongs to the unnormalised η. Multiply the theorem by $1-\gamma$: for
# the normalised $(1-\gamma)\eta$ the constant $4\varepsilon\gamma/(1-\gamma)$ is enough. Slides that normalise η and
# keep $4\varepsilon\gamma/(1-\gamma)^2$ state something true, but too weak by another factor $1/(1-\gamma)$.

# %%
near_new = markov.mixture(old, new, 0.1)
alpha = markov.max_tv(old, near_new)
epsilon, gamma = np.abs(A_old).max(), mdp.gamma
error = (1 - gamma) * abs(markov.expected_return(mdp, near_new) - markov.surrogate(mdp, near_new, old))
enough, printed = (4 * epsilon * gamma / (1 - gamma) ** power * alpha**2 for power in (1, 2))
print(f"normalised: error {error:.5f} ≤ 4εγα²/(1−γ) = {enough:.3f} ≤ 4εγα²/(1−γ)² = {printed:.3f}")
print(
    f"the printed constant is {printed / enough:.1f} times the one that is enough; 1/(1 − γ) = {1 / (1 - gamma):.1f}"
)
assert error <= enough < printed

# %% [markdown]
# In the package:

# %%
Code(inspect.getsource(markov.improvement_bound), language="python")

# %% [markdown]
# ### How loose?

# %% {"jupyter": {"source_hidden": true}}
predict(
    "γ = 0.99, a tenth of the way to another policy, 100 random MDPs. How many times larger than the true error "
    "|η − L| is the TV penalty, typically?",
    choices=["about 3 times", "about 30 times", "more than 1 000 times"],
    answer="more than 1 000 times",
    ordered=True,
    why="Worst cases at every step at once: both 1/(1 − γ) factors, the largest advantage, the worst state.",
)

# %% [markdown]
# The median over 100 random MDPs of penalty divided by true error. Read down a column: which factor grows with γ?

# %%
print("  γ       sharper (before the last ≤)      TV          KL")
for gamma in (0.5, 0.9, 0.99):
    ratios = []
    for seed in range(100):
        m = markov.MDP.random(6, 3, seed, gamma, branching=2)
        a = markov.random_policy(m, seed + 1)
        b = markov.mixture(a, markov.random_policy(m, seed + 2), 0.1)
        error = abs(markov.expected_return(m, b) - markov.surrogate(m, b, a))
        C, tv = markov.penalty_coefficient(m, a), markov.max_tv(a, b)
        sharper = C * tv**2 * (1 - gamma) / (1 - gamma * (1 - tv))
        ratios.append([sharper / error, C * tv**2 / error, C * markov.max_kl(a, b) / error])
        assert min(ratios[-1]) >= 1 - 1e-9  # a bound that fails would show here
    print(f"{gamma:5}  " + "  ".join(f"{x:16.0f}" for x in np.median(ratios, axis=0)))

# %% [markdown]
# The bounds hold on every one of these MDPs. They are also loose, and looser as γ grows.
# The figure shows what they promise on the way from `old` to its greedy policy.


# %%
def bounds_along(m, a, b, shares):
    """η, L, the KL and the TV bound at each share of the way from policy a to policy b."""
    way = (1 - shares)[:, None, None] * a + shares[:, None, None] * b
    kl, tv = (markov.improvement_bound(m, way, a, divergence) for divergence in ("kl", "tv"))
    return markov.expected_return(m, way), markov.surrogate(m, way, a), kl, tv


LOOKS = {
    "true η": (plots.BLACK, "-"),
    "surrogate L": (plots.SKY, plots.DASHES),
    "KL bound": (plots.GREEN, plots.DOTS),
    "TV bound": (plots.PURPLE, plots.DASH_DOT),
}


def draw_bounds(ax, shares, curves):
    for (name, (colour, line)), curve in zip(LOOKS.items(), curves, strict=True):
        ax.plot(shares, curve, color=colour, linestyle=line, label=name)
    top, low = max(curves[0].max(), curves[1].max()), min(curves[0].min(), curves[1].min())
    room = max(top - low, 1e-3)
    ax.set_ylim(plots.round_limits(low - room, top))
    ax.set(xlim=(shares[0], shares[-1]), xlabel="share t of the way")


# %% [markdown]
# The same MDP with two discounts. A bound below the dotted start line promises nothing.

# %%
fig = plots.figure(9.5, 4.2)
shares = np.linspace(0, 0.999, 200)
for ax, gamma in zip(plots.axes(fig, 1, 2), (0.2, 0.9), strict=True):
    m = replace(markov.two_state(), gamma=gamma)
    a = markov.uniform_policy(m)
    curves = bounds_along(m, a, markov.greedy_policy(m, a), shares)
    draw_bounds(ax, shares, curves)
    ax.axhline(curves[0][0], color=plots.GREY, linestyle=plots.DOTS, linewidth=1)
    useful = shares[curves[3] > curves[0][0]].max()
    print(f"γ = {gamma}: the TV bound promises an improvement up to t = {useful:.3f}")
    ax.set(title=f"γ = {gamma}: promised to {useful:.2f}", ylabel="discounted return")
plots.label_lines(ax)
plots.show(
    fig,
    alt="True return, surrogate and the two lower bounds along the way to the greedy policy, for two discounts",
)

# %% [markdown]
# ## 5 · Algorithms that never lose
#
# **Conservative policy iteration** (Kakade and Langford) mixes a little of the greedy policy $\pi'$ in:
# $\pi_\alpha = (1-\alpha)\pi + \alpha\pi'$. For mixtures the penalty is half as large and counts only $\pi'$:
# $$\eta(\pi_\alpha) \ge L_\pi(\pi_\alpha) - \frac{2\varepsilon\gamma}{(1-\gamma)^2}\alpha^2,\qquad \varepsilon=\max_s\Big|\sum_a\pi'(a|s)A^\pi(s,a)\Big|.$$
# The right side is a parabola in α. Its top is at $\alpha^* = (1-\gamma)\,\mathbb A/(4\varepsilon\gamma)$, where
# $\mathbb A = \sum_s d^\pi(s)\bar A(s)$ is the *policy advantage*.

# %%
policy = markov.uniform_policy(mdp)
target = markov.greedy_policy(mdp, policy)
after, alpha = markov.conservative_step(mdp, policy)
grid = np.linspace(0, 3 * alpha, 3001)
bound = [markov.mixture_bound(mdp, policy, target, x) for x in grid]
receipt("α* is the top of the parabola", alpha, grid[np.argmax(bound)], 2e-4)
true = [markov.expected_return(mdp, markov.mixture(policy, target, x)) for x in grid[::100]]
assert np.all(np.array(true) >= np.array(bound)[::100] - 1e-12)
print(
    f"α* = {alpha:.4f}: the bound promises {max(bound) - bound[0]:.5f}, the step gains {markov.expected_return(mdp, after) - bound[0]:.5f}"
)

# %% [markdown]
# **Algorithm 1** of the TRPO paper drops the mixtures. In each round it maximises the KL bound itself:
# $$\pi_{i+1} = \arg\max_\pi\; M_i(\pi),\qquad M_i(\pi) = L_{\pi_i}(\pi) - C\,D_{KL}^{max}(\pi_i\,\|\,\pi).$$
# $M_i$ lies below η and touches it at $\pi_i$; climbing $M_i$ therefore climbs η (*minorise-maximise*):
# $$\eta(\pi_{i+1}) \ge M_i(\pi_{i+1}) \ge M_i(\pi_i) = \eta(\pi_i).$$
#
# The paper leaves the maximisation open. On a table it can be done exactly:
#
# 1. Fix the radius $d$ of $D_{KL}^{max}$. The states then decouple: each maximises $\sum_a p(a)A(s,a)$ with $D_{KL}(\pi_i\|p) \le d$.
# 2. Lagrange: $p(a) = \lambda\,\pi_i(a)/(\nu - A(a))$. One root per state gives ν; $\lambda_s(d)$ is the price of radius.
# 3. The best value is concave in $d$ with slope $\sum_s\rho(s)\lambda_s(d) - C$. One more root gives $d$.

# %%
Code(inspect.getsource(markov.minorise_maximise_step), language="python")

# %% [markdown]
# First the maximiser: no policy drawn at random does better on $M$, and the radius it used is its own divergence.

# %%
after, radius = markov.minorise_maximise_step(mdp, policy)
best = markov.improvement_bound(mdp, after, policy)
rng = np.random.default_rng(0)
rivals = rng.dirichlet(np.ones(3), size=(20_000, 6))
size = 10 ** rng.uniform(-4, 0, size=(20_000, 1, 1))
rivals = (1 - size) * policy + size * rivals
print(
    f"M at the maximiser {best:.8f}; best of 20 000 rivals {markov.improvement_bound(mdp, rivals, policy).max():.8f}"
)
assert best >= markov.improvement_bound(mdp, rivals, policy).max()
receipt("its radius is its divergence", radius, markov.max_kl(policy, after), 1e-10)

# %% [markdown]
# Then the promise: η never falls, on every one of 100 random MDPs, five rounds each, γ from 0 to 0.999.
# (The package's tests repeat this on other random MDPs at every run.)

# %%
smallest, promised, gained = np.inf, [], []
for seed in range(100):
    m = markov.MDP.random(
        3 + seed % 5, 2 + seed % 3, seed, (0.0, 0.5, 0.9, 0.99, 0.999)[seed % 5], branching=2
    )
    pi = markov.random_policy(m, seed)
    for _ in range(5):
        nxt, _ = markov.minorise_maximise_step(m, pi)
        gain = markov.expected_return(m, nxt) - markov.expected_return(m, pi)
        size = max(1, np.abs(markov.values(m, pi)).max())
        smallest = min(smallest, gain / size)
        promised.append(markov.improvement_bound(m, nxt, pi) - markov.expected_return(m, pi))
        gained.append(gain)
        pi = nxt
print(f"500 rounds: smallest relative gain {smallest:.1e}")
assert smallest >= -1e-12
assert np.all(np.array(gained) >= np.array(promised) - 1e-9 * np.abs(gained).max())

# %% [markdown]
# ### How small its steps are
#
# For a small radius the best tilt gains $\sigma_s\sqrt{2d}$ in state $s$, with $\sigma_s^2 = \mathrm{Var}_{a\sim\pi}A(s,a)$.
# Maximising $\frac{1}{1-\gamma}\mathbb E_d[\sigma]\sqrt{2d} - Cd$ gives
# $$\sqrt{2d^*} = (1-\gamma)\,\frac{\mathbb E_{s\sim d}[\sigma_s]}{4\varepsilon\gamma} \;\le\; \frac{1-\gamma}{4\gamma}.$$
# So the step is, to leading order, at most $(1-\gamma)^2/(32\gamma^2)$ of KL, whatever the task. Compare the last two columns.

# %%
print("   γ      exact d      formula     (1−γ)²/(32γ²)    0.01/d")
for gamma in (0.5, 0.9, 0.99, 0.999):
    m = replace(mdp, gamma=gamma)
    pi = markov.uniform_policy(m)
    _, radius = markov.minorise_maximise_step(m, pi)
    A = markov.advantages(m, pi)
    sigma = np.sqrt(np.sum(pi * A**2, axis=1))
    formula = 0.5 * ((1 - gamma) * markov.visitation(m, pi) @ sigma / (4 * np.abs(A).max() * gamma)) ** 2
    cap = (1 - gamma) ** 2 / (32 * gamma**2)
    print(f"{gamma:6}   {radius:.3e}   {formula:.3e}    {cap:.3e}   {0.01 / radius:11.0f}")

# %% [markdown]
# TRPO's authors use a radius of 0.01 in all their experiments; the last column says how many times that exceeds
# the guaranteed step. What does caution cost? Four rules, one MDP, share of the possible improvement reached after each round:


# %%
def rounds(m, rule, count):
    """The share of the way from the uniform to the optimal policy's η after 0, 1, …, count rounds."""
    pi = markov.uniform_policy(m)
    best = markov.expected_return(m, markov.policy_iteration(m, pi)[-1])
    first, path = markov.expected_return(m, pi), []
    for _ in range(count + 1):
        path.append((markov.expected_return(m, pi) - first) / (best - first))
        pi = rule(m, pi)
    return np.array(path)


def constrained(m, pi):
    return markov.kl_ball_maximiser(pi, markov.advantages(m, pi), 0.01)[0]


rules = {
    "policy iteration": markov.greedy_policy,
    "TRPO's constraint, δ = 0.01": constrained,
    "conservative": lambda m, pi: markov.conservative_step(m, pi)[0],
    "Algorithm 1": lambda m, pi: markov.minorise_maximise_step(m, pi)[0],
}
big = markov.MDP.random(20, 4, seed=4, gamma=0.9, branching=2)
paths = {name: rounds(big, rule, 120) for name, rule in rules.items()}
for name, path in paths.items():
    print(f"{name:28} after 1, 10, 100 rounds: {path[1]:.3f}  {path[10]:.3f}  {path[100]:.3f}")

# %% [markdown]
# The same as a figure. Which of the four may come down?

# %%
fig = plots.figure(9, 4.2)
ax = plots.axes(fig)
colours = (plots.GREY, plots.GREEN, plots.PURPLE, plots.SKY)
looks = zip(colours, ("-", plots.DASH_DOT, plots.DASHES, plots.LONG), strict=True)
for (name, path), (colour, line) in zip(paths.items(), looks, strict=True):
    ax.plot(path, label=name, color=colour, linestyle=line)
ax.set(
    xlabel="rounds (each with exact advantages)",
    ylabel="share of the possible gain",
    xlim=(0, 120),
    ylim=(0, 1.05),
)
ax.set_title("The guarantee is paid for in steps")
plots.label_lines(ax)
plots.show(fig, alt="Share of the possible improvement against rounds for four update rules")

# %% [markdown]
# None. This is a table, and each rule makes every $\bar A(s) \ge 0$: by section 2 no bound is needed at all, and policy
# iteration wins easily. The bound earns its price where states share parameters and some $\bar A(s)$ must be negative.
#
# So once more the two states with one shared row, a single number $p = \pi(move)$. Algorithm 1 can still be done exactly, by
# trying every $p$ of a fine grid; so can TRPO's rule, maximise $L$ within a fixed KL radius δ.

# %%
grid = np.linspace(0.001, 0.999, 4001)
row = np.stack([1 - grid, grid], axis=-1)
family = np.stack([row, row], axis=-2)  # all policies with equal rows, [4001, 2, 2]


def shared_path(choose, count=40):
    """η along `count` rounds; `choose` maps (all policies, the present one) to a score to maximise."""
    pi, path = start, []
    for _ in range(count):
        path.append(markov.expected_return(two, pi))
        pi = family[np.argmax(choose(pi))]
    return np.array(path)


def within(delta):
    return lambda pi: np.where(markov.max_kl(pi, family) <= delta, markov.surrogate(two, family, pi), -np.inf)


# %% [markdown]
# Forty rounds each. Count the rounds that lose.

# %%
shared_paths = {f"constraint, δ = {delta}": shared_path(within(delta)) for delta in (0.1, 0.01)}
shared_paths["Algorithm 1"] = shared_path(lambda pi: markov.improvement_bound(two, family, pi))
for name, path in shared_paths.items():
    print(
        f"{name:22} rounds that lose: {np.sum(np.diff(path) < -1e-9):2d} of {len(path) - 1}   best {path.max():.4f}"
    )
assert np.all(np.diff(shared_paths["Algorithm 1"]) >= -1e-12)
assert not np.all(np.diff(shared_paths["constraint, δ = 0.01"]) >= 0)

# %% [markdown]
# As a figure. Look at who is fast, and who ever comes down.

# %%
fig = plots.figure(9, 4)
ax = plots.axes(fig)
looks = ((plots.PURPLE, plots.DOTS), (plots.GREEN, plots.DASH_DOT), (plots.SKY, plots.LONG))
for (name, path), (colour, line) in zip(shared_paths.items(), looks, strict=True):
    ax.plot(path, label=name, color=colour, linestyle=line)
ax.axhline(
    markov.expected_return(two, family).max(), color=plots.BLACK, linestyle="-", linewidth=1, label="optimum"
)
ax.set(xlabel="rounds", ylabel="η", xlim=(0, 39), title="With shared parameters a fixed radius overshoots")
plots.label_lines(ax)
plots.show(
    fig,
    alt="η against rounds with shared logits: constraints of two radii oscillate, Algorithm 1 creeps upward",
)

# %% [markdown]
# The constraint climbs in two or three rounds to where Algorithm 1 does not get in forty; then it overshoots the optimum (black),
# back and forth, losing in about every other round; the larger the radius, the deeper. Algorithm 1 never loses. TRPO keeps the shape
# of Algorithm 1 (maximise $L$, stay close in KL), gives up its constant, and pays with the guarantee.

# %% {"jupyter": {"source_hidden": true}}
predict(
    "Start Algorithm 1 (γ = 0.9) at a deterministic policy that is far from optimal. What does the first round do?",
    choices=["a large step", "a small step", "nothing"],
    answer="nothing",
    why="From a deterministic action a KL radius d moves a mass of at most d, not √d. That is worth at most "
    "εd/(1 − γ) in all, and costs Cd = 4εγd/(1 − γ)². For γ ≥ 1/5 the price is never below the worth.",
)

# %% [markdown]
# The cell starts from a deterministic policy that policy iteration would leave at once.

# %%
stuck = np.eye(3)[[0, 0, 0, 0, 0, 0]]
after, radius = markov.minorise_maximise_step(mdp, stuck)
print(f"radius {radius}; policy unchanged: {np.array_equal(after, stuck)}")
gain = markov.expected_return(mdp, markov.greedy_policy(mdp, stuck)) - markov.expected_return(mdp, stuck)
print(f"a greedy step would gain {gain:.3f}")
assert radius == 0
assert gain > 0.1

# %% [markdown]
# ## 6 · Lab: every policy is a point
#
# Two states, two actions (stay, move): a policy is a point of the unit square, its coordinates the two
# probabilities of moving. The shading is the true η. The line leads from `old` (circle) to `target` (square); the
# diamond is the policy at share $t$. On the right, the same way as a graph: η, $L$ and both bounds.
#
# Try: (1) γ small: the bounds promise something. (2) Raise γ: the promise vanishes while $L$ stays good near $t=0$, and the best
# corner of the square moves. (3) Choose a target that makes η fall: $L$ knows the sign of the slope, always.


# %%
@lru_cache(maxsize=64)
def landscape(gamma, n=25):
    """η at every point of the square, [n, n]: rows π(move|1), columns π(move|0)."""
    move = np.linspace(0, 1, n)
    first, second = np.meshgrid(move, move)
    policies = np.stack([np.stack([1 - first, first], -1), np.stack([1 - second, second], -1)], axis=-2)
    return markov.expected_return(markov.two_state(gamma), policies)


def point(move_0, move_1):
    """The policy at a point of the square."""
    return np.array([[1 - move_0, move_0], [1 - move_1, move_1]])


# %% [markdown]
# The drawing: the square on the left, the way along the line on the right, the numbers returned.


# %%
def draw(fig, old_0=0.5, old_1=0.5, target_0=0.05, target_1=0.05, t=0.2, gamma=0.2):
    square, graph = plots.axes(fig, 1, 2)
    two = markov.two_state(gamma)
    a, b = point(old_0, old_1), point(target_0, target_1)
    way = np.linspace(0, 1, 41)
    curves = bounds_along(two, a, b, way)
    here = markov.mixture(a, b, t)

    levels = landscape(gamma)
    move = np.linspace(0, 1, len(levels))
    square.pcolormesh(move, move, levels, cmap="Greys", alpha=0.6)
    square.plot([old_0, target_0], [old_1, target_1], color=plots.BLUE, linestyle="-")
    for x, y, mark in ((old_0, old_1, "o"), (target_0, target_1, "s"), (here[0, 1], here[1, 1], "D")):
        square.plot(x, y, mark, color=plots.BLUE, markersize=9, markeredgecolor="white", clip_on=False)
    square.set(xlabel="π(move | 0)", ylabel="π(move | 1)", title="dark: high η", xlim=(0, 1), ylim=(0, 1))
    square.set(xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))

    draw_bounds(graph, way, curves)
    graph.set_xticks((0, 0.5, 1))
    graph.locator_params(axis="y", nbins=3)
    graph.axvline(t, color=plots.GREY, linewidth=1, linestyle="-")
    graph.axhline(curves[0][0], color=plots.GREY, linewidth=1, linestyle=plots.DOTS)
    plots.label_lines(graph)
    tv, kl = (float(markov.improvement_bound(two, here, a, kind)) for kind in ("tv", "kl"))
    graph.set(title="gain promised" if tv > curves[0][0] + 1e-12 else "no gain promised", ylabel="return")
    return {
        "η(old)": float(curves[0][0]), "η(π_t)": float(markov.expected_return(two, here)),
        "L(π_t)": float(markov.surrogate(two, here, a)), "TV bound": tv, "KL bound": kl,
        "D_TV max": float(markov.max_tv(a, here)), "D_KL max": float(markov.max_kl(a, here)),
    }  # fmt: skip


# %% [markdown]
# The figure at its start values, for pages without a kernel:

# %%
plots.picture(
    draw,
    alt="The square of policies with old, target and the policy between; return, surrogate and bounds",
    size=(9.0, 3.9),
)

# %% [markdown]
# And with sliders:

# %%
lab = explore(
    draw,
    size=(9.0, 3.9),
    old_0=Slider("old₀", "old: π(move|0)", min=0.01, max=0.99, step=0.01),
    old_1=Slider("old₁", "old: π(move|1)", min=0.01, max=0.99, step=0.01),
    target_0=Slider("new₀", "target: π(move|0)", min=0.0, max=1.0, step=0.01),
    target_1=Slider("new₁", "target: π(move|1)", min=0.0, max=1.0, step=0.01),
    t=Slider("t", "share of the way", min=0.0, max=1.0, step=0.01),
    gamma=Slider("γ", "discount", min=0.0, max=0.99, step=0.01),
)
lab

# %% [markdown]
# ## Summary
#
# - $\eta(new)-\eta(old)$ is `old`'s advantage, averaged over what **new** visits and does. Exact, state by state too.
# - Terms that are all non-negative need no visitation: that is why policy iteration, and a gradient step on a table, cannot lose.
# - $L$ replaces $d^{new}$ by $d^{old}$: equal value, equal slope, error $c\,t^2$.
# - The error is at most $4\varepsilon\gamma\alpha^2/(1-\gamma)^2$. True everywhere, and typically thousands of times too careful at γ = 0.99.
# - Algorithm 1 maximises the bound exactly, never loses, and moves by KL of order $(1-\gamma)^2/32$. TRPO keeps its shape and drops its constant,
#   and with it the guarantee: with shared parameters a fixed radius overshoots.
#
# ## Exercises
#
# Homework 4 asks you to write `visitation`, `performance_difference`, `surrogate` and the bound's constant, and to prove
# $L$'s two properties. Here, at once:
#
# 1. In the lab, with γ at 0.5 or more, find an `old` and a target for which $L$ rises and η falls at $t = 1$. Which states' visitation changed?
# 2. Show that the conservative bound at $\alpha^*$ promises $\mathbb A^2/(8\varepsilon\gamma)$ (when $\alpha^* \le 1$). Check it with the cell of section 5.
# 3. Halve $C$ in Algorithm 1, as Pinsker allows. By how much does the step $d^*$ grow?
#
# ## Sources
#
# - Kakade and Langford, *Approximately Optimal Approximate Reinforcement Learning*, ICML 2002: the lemma, conservative policy iteration.
# - Schulman, Levine, Moritz, Jordan, Abbeel, *Trust Region Policy Optimization*, ICML 2015, arXiv:1502.05477: eqs. 1–10, Algorithm 1; appendix A for the coupling
#   (lemmas 2 and 3, eqs. 28–45).
# - What this page corrects: the direction of "one-step improvement"; the normalised constant; Pinsker's half; the middle term of lemma 3; $d$ against $\rho$.
