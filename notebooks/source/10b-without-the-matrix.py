# %% [markdown] tags=["head"]
# # Lecture 10b · Without the matrix
#
# question: The Fisher matrix of a small network has millions of entries. How does one divide by it without writing it down, and what if it was only sampled?
# objectives:
# - **derive** conjugate gradient, and say after how many steps it is exact
# - **multiply** by the Fisher matrix with two passes of automatic differentiation
# - **measure** how far a Fisher matrix from samples is from the true one
# - **explain** damping as a ridge on a regression, and what it does to the length of the step
# - **read** the natural policy gradient line by line, and **compare** it with the gradient at equal KL divergence
# needs:
# - 10: the Fisher matrix, the natural gradient
# - 09: Steihaug's path
# - eigenvectors of a symmetric matrix
# symbols: s, a, \pi, \theta, \eta, d^\pi, A^\pi, \alpha, \delta, \gamma, N, \mathbb E
# - $A$: a symmetric, positive definite matrix (in sections 1 and 2)
# - $b$: right-hand side of $Ax=b$
# - $x$: what is solved for
# - $n$: number of unknowns
# - $r$: residual $b - Ax$
# - $p$: direction of a step of conjugate gradient
# - $\beta$: how much of the last direction goes into the next
# - $\phi$: quadratic whose minimum is the solution
# - $\kappa$: condition number, largest over smallest eigenvalue
# - $F$: Fisher matrix of the policy
# - $\hat F, \hat g$: estimates of $F$ and $g$ from $N$ samples
# - $g$: gradient $\nabla_\theta\eta$, times $1-\gamma$
# - $D$: mean KL divergence between old and new policy, over $d^\pi$
# - $v$: any vector of parameters
# - $c$: damping, added to the diagonal of $F$
# - $\lambda_i$: eigenvalue of $F$
# - $u_i$: its eigenvector
# - $\psi_i$: score of sample $i$, $\nabla\log\pi(a_i\mid s_i)$
# - $\hat A_i$: estimate of the advantage of sample $i$
# homework: 4

# %% tags=["import", "hide"]
import time

import numpy as np
import scipy.sparse.linalg
import torch

from rlcourse import plots
from rlcourse.agents import Spaces
from rlcourse.algorithms.npg import NPG
from rlcourse.equations import fisher, markov
from rlcourse.equations.solvers import conjugate_gradient, fisher_vector_product
from rlcourse.experiments import recorded
from rlcourse.pages import pseudocode, receipts
from rlcourse.parts.randomness import INITIALISE, Streams
from rlcourse.statistics import intervals_of_sets
from rlcourse.training import train
from rlcourse.widgets import Slider, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · A long valley (12 minutes)
#
# The natural step asks for $s=F^{-1}g$, the solution of $Fs=g$. The policy that balances CartPole in this course has 4,610 parameters, so its $F$ has 21 million entries, and solving takes some $3\cdot10^{10}$ operations, at every update. But *multiplying* $F$ by a vector is cheap, as section 3 shows. What can be done with products alone?
#
# Solving $Ax=b$ is going down into a valley: $\phi(x)=\tfrac12x^\top Ax-b^\top x$ has the slope $Ax-b$, which is 0 at the solution. How long the valley is, is the condition number $\kappa$. Below, on the left, the valley from above: gradient descent with the best length at each step (orange), and conjugate gradient (blue). On the right the error that is left.
#
# Both methods, as the lab runs them, until a millionth of the error is left:


# %% tags=["hide"]
def descend(A, x, until=1e-6, most=20_000):
    """Steepest descent with exact line search on ½ xᵀAx: iterates [k, n], to a millionth of the error."""
    path, first = [x], np.sqrt(x @ A @ x)
    while np.sqrt(path[-1] @ A @ path[-1]) > until * first and len(path) < most:
        r = -A @ path[-1]
        path.append(path[-1] + (r @ r) / (r @ A @ r) * r)
    return np.array(path)


def iterates(A, b, start, count):
    """Iterates 0 … count of conjugate gradient from a start. [count + 1, n]."""
    r = b - A @ start
    return np.array([start + conjugate_gradient(lambda v: A @ v, r, k, 0.0) for k in range(count + 1)])


# %% [markdown]
# **Try.** Start at $\kappa=1$ and make the valley longer. Then turn the slope of the start: from where is gradient descent quick even in a long valley?


# %% tags=["hide"]
def draw_valley(fig, kappa=20.0, angle=45.0):
    plane, error_ax = plots.axes(fig, 1, 2)
    A, turn = np.diag([1.0, kappa]), np.radians(angle)
    start = 0.75 * np.array([np.cos(turn), np.sin(turn) / kappa])  # the slope there: 0.75 (cos, sin)
    slow, quick = descend(A, start), iterates(A, np.zeros(2), start, 2)
    x, y = np.linspace(-0.3, 0.9, 121), np.linspace(-0.35, 0.85, 121)
    height = x[None] ** 2 + kappa * y[:, None] ** 2
    plane.contour(x, y, height, levels=np.linspace(0.1, 0.85, 6) ** 2, colors=plots.GREY, linewidths=0.7)
    plane.plot(*slow[:200].T, "o-", color=plots.ORANGE, markersize=3, linewidth=1.5)
    plane.plot(*quick.T, "s", color=plots.BLUE, linestyle=plots.DASHES, markersize=6, linewidth=2)
    plane.set(xlim=(-0.3, 0.9), ylim=(-0.35, 0.85), xlabel="first unknown", ylabel="second unknown")
    plane.set(aspect="equal", title="the valley from above")
    paths = {
        "gradient descent": (slow, plots.ORANGE, "-"),
        "conjugate gradient": (quick, plots.BLUE, plots.DASHES),
    }
    for label, (path, colour, line) in paths.items():
        error = np.sqrt(np.einsum("ki,ij,kj->k", path, A, path))
        error = np.maximum(error / error[0], 1e-9)
        error_ax.plot(np.arange(len(path)) + 1, error, color=colour, linestyle=line, label=label)
    error_ax.set(xscale="log", yscale="log", xlim=(1, 5000), ylim=(1e-7, 2), xlabel="steps + 1")
    error_ax.set(ylabel="error, as a share of the first", title="what is left")
    plots.legend(error_ax, loc="upper right")
    solved = int(np.argmax(np.abs(quick).max(axis=1) < 1e-9))
    return {"steps of gradient descent": len(slow) - 1, "steps of conjugate gradient": solved}


lab_valley = explore(
    draw_valley, size=(11, 4.6),
    alt="Gradient descent zigzags through a long valley; conjugate gradient reaches the bottom in two steps",
    settings={"round": {"kappa": 1.0}, "a long valley": {"kappa": 100.0, "angle": 45.0}, "along an axis": {"kappa": 100.0, "angle": 0.0}},
    kappa=Slider("κ", "condition number", min=1.0, max=300.0, log=True),
    angle=Slider("", "angle of the slope, degrees", min=0.0, max=90.0, step=1.0),
)  # fmt: skip
lab_valley

# %% [markdown]
# Gradient descent zigzags; where the slope has equal parts along both axes of the valley (45 degrees) its number of steps grows in proportion to $\kappa$: 139 at $\kappa=20$. Along one of the axes it needs a single one. Conjugate gradient never needs more than two, from anywhere, for every $\kappa$.
#
# Two unknowns are few. Before the method is derived, a guess at what it does with fifty:

# %% tags=["hide"]
predict(
    r"Now $n = 50$ unknowns and $\kappa=1000$, but only three different eigenvalues: 1, 10 and 1000. After how many steps is conjugate gradient at the solution?",
    {
        "3": "",
        "50": "That many suffice for any matrix of this size. This one is kinder.",
        "about 500": "Gradient descent takes thousands of steps, in proportion to κ. Conjugate gradient never needs more than n.",
    },
    answer="3",
    ordered=True,
    why="Each step treats one eigenvalue, wherever it occurs: section 2, step 4.",
)

# %% [markdown]
# ## 2 · Conjugate gradient (22 minutes)
#
# **Step 1: directions that do not disturb each other.** Let $p_0,\dots,p_{n-1}$ be *conjugate*, $p_i^\top Ap_j=0$ for $i\ne j$. With $x=\sum_ic_ip_i$ all mixed terms vanish:
# $$\phi(x)=\sum_i\Big(\tfrac12c_i^2\,p_i^\top Ap_i-c_i\,p_i^\top b\Big).$$
# Each $c_i$ can be chosen by itself, $c_i=p_i^\top b/p_i^\top Ap_i$, once and for all. So $n$ exact line searches solve the system. (Along the axes of gradient descent, what one step has won the next partly undoes.)
#
# **Step 2: where to get them.** Take the residual $r_k=b-Ax_k$, which is minus the slope, and remove what is not conjugate to the last direction:
# $$p_k=r_k+\beta_k\,p_{k-1},\qquad\beta_k=-\frac{r_k^\top Ap_{k-1}}{p_{k-1}^\top Ap_{k-1}}.$$
#
# **Step 3: the others come free.** After an exact search along $p_j$ the residual is orthogonal to it, and stays so (step 1). All $r_j$ with $j<k$ are combinations of $p_0,\dots,p_j$, so $r_k^\top r_j=0$. Now $x_{j+1}=x_j+\alpha_jp_j$ means $Ap_j=(r_j-r_{j+1})/\alpha_j$; hence $r_k^\top Ap_j=0$ for all $j<k-1$. One $\beta$ is enough, no old direction need be kept. Put $Ap_k=(r_k-r_{k+1})/\alpha_k$ and $p_k^\top r_k=r_k^\top r_k$ into $c_k$ and $\beta_k$ and they shorten to
# $$\alpha_k=\frac{r_k^\top r_k}{p_k^\top Ap_k},\qquad x_{k+1}=x_k+\alpha_kp_k,\qquad r_{k+1}=r_k-\alpha_kAp_k,\qquad\beta_{k+1}=\frac{r_{k+1}^\top r_{k+1}}{r_k^\top r_k}.$$
# One product with $A$ a step. (Homework 4 asks you to write it.)
#
# **Step 4: how good is it early?** From $x_0=0$, $x_k$ is the best combination of $b,Ab,\dots,A^{k-1}b$. Its error is a polynomial of $A$ times the first error, $e_k=q(A)\,e_0$, where $e_k$ is the solution less $x_k$ and $q$ has degree $k$ and $q(0)=1$: the one with the least error in the norm $\|e\|_A=\sqrt{e^\top Ae}$. Along an eigenvector the error is multiplied by $q$ at its eigenvalue. A polynomial of degree $k$ can vanish at $k$ places: **with $k$ different eigenvalues it is done in $k$ steps.** In general one may take for $q$ the polynomial that stays smallest on all of the range from $\lambda_{\min}$ to $\lambda_{\max}$ (Chebyshev's), whatever the eigenvalues between; its size there gives
# $$\|e_k\|_A\le2\Big(\frac{\sqrt\kappa-1}{\sqrt\kappa+1}\Big)^k\|e_0\|_A,$$
# so at worst the number of steps grows with $\sqrt\kappa$. Steihaug's path in lecture 09 was this, cut off at the radius.


# %%
rng = np.random.default_rng(0)
basis = np.linalg.qr(rng.normal(size=(50, 50)))[0]
spectra = {
    "three different": np.repeat([1.0, 10.0, 1000.0], [20, 20, 10]),
    "ten large, the rest 1": np.r_[np.geomspace(10, 1000, 10), np.ones(40)],
    "spread from 1 to 1000": np.geomspace(1, 1000, 50),
}
b, errors = rng.normal(size=50), {}
for name, eigenvalues in spectra.items():
    A = (basis * eigenvalues) @ basis.T
    path = iterates(A, b, np.zeros(50), 60) - np.linalg.solve(A, b)
    errors[name] = np.sqrt(np.maximum(np.einsum("ki,ij,kj->k", path, A, path), 0))

# %% [markdown]
# First a small system, and all that was derived held against a dense solve and SciPy's conjugate gradient:

# %%
M = rng.normal(size=(8, 8))
A, b8 = M @ M.T + 0.5 * np.eye(8), rng.normal(size=8)
path = iterates(A, b8, np.zeros(8), 8)
p = np.diff(path, axis=0)
p /= np.sqrt(np.einsum("ki,ij,kj->k", p, A, p))[:, None]  # of unit length in the A-norm
error = path - np.linalg.solve(A, b8)
in_A = np.sqrt(np.einsum("ki,ij,kj->k", error, A, error))
theirs = [scipy.sparse.linalg.cg(A, b8, rtol=0, atol=0, maxiter=k)[0] for k in range(1, 8)]
with receipts("conjugate gradient, n = 8", oracle="theory, or another code") as same:
    same("after 8 steps: dense solve", path[-1], np.linalg.solve(A, b8), 1e-9)
    same("every iterate: SciPy's", path[1:8], theirs, 1e-9)
    same(r"$p_i^\top Ap_j$: the identity", p @ A @ p.T, np.eye(8), 1e-7)
    same("a step in which the error in the A-norm grows: none", np.sum(np.diff(in_A) > 0), 0, 0)
    same(
        r"$x_k^\top Ax_k=b^\top x_k$ for every $k$", np.einsum("ki,ij,kj->k", path, A, path), path @ b8, 1e-9
    )

# %% [markdown]
# Then the three spectra of condition number 1000, against the bound of step 4:

# %%
kappa = 1000
bound = 2 * ((np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)) ** np.arange(61)
with receipts("conjugate gradient, n = 50", oracle="theory") as same:
    same(
        "three different eigenvalues: error after 3 steps",
        errors["three different"][3] / errors["three different"][0],
        0,
        1e-9,
    )
    for name, found in errors.items():
        same(f"{name}: excess over the bound: none", np.maximum(found / found[0] - bound, 0), 0, 1e-9)

# %% [markdown]
# The last line of the first table matters later: even when it is stopped early, $s^\top Fs=g^\top s$, so the two forms of the step length agree.

# %% tags=["hide"]
fig = plots.figure(8.5, 3.8)
ax = plots.axes(fig)
looks = (plots.GREEN, plots.DOTS), (plots.SKY, plots.DASH_DOT), (plots.BLUE, "-")
for (name, found), (colour, line) in zip(errors.items(), looks, strict=True):
    ax.plot(
        np.maximum(found / found[0], 1e-12),
        color=colour,
        linestyle=line,
        label=name if name.startswith("spread") else f"_{name}",
    )
    print(
        f"{name}: error below 0.1 after {np.argmax(found < 0.1 * found[0])} steps, below 0.001 after {np.argmax(found < 1e-3 * found[0])}"
    )
ax.plot(bound, color=plots.BLACK, linestyle=plots.DASHES, label="bound for κ = 1000")
ax.set(yscale="log", ylim=(1e-10, 3), xlim=(0, 60), xlabel="steps", ylabel="error in the A-norm")
ax.set_title("One condition number, three spectra")
for name, at, colour in (  # these two leave the frame at its foot
    ("three\ndifferent", (3.1, 1e-7), plots.GREEN),
    ("ten large,\nthe rest 1", (12.6, 1e-6), plots.SKY),
):
    ax.text(*at, name, color=plots.ink(colour), fontweight="bold", fontsize=11)
plots.label_lines(ax, wrap=18)
plots.show(
    fig, alt="Error of conjugate gradient over steps for three spectra of one condition number, and the bound"
)

# %% [markdown]
# All three matrices have $\kappa=1000$. Three different eigenvalues are done in three steps, ten large ones and a cluster in eleven; only the evenly spread ones need their fifty and more. The bound holds for all three and tells them not apart: it knows the ends of the spectrum only. Which kind is the Fisher matrix of a network? Section 3 looks at one.
#
# ## 3 · Products without the matrix (11 minutes)
#
# $F$ is the Hessian of $D$ (lecture 10). Its product with a fixed vector $v$ is a derivative along $v$:
# $$Fv=\nabla_{\theta'}\big(v^\top\nabla_{\theta'}D\big)\big|_{\theta'=\theta}.$$
# Automatic differentiation forms the *number* $v^\top\nabla D$ and differentiates it once more. That costs two passes backwards, about as much as two gradients, and no matrix is stored. The first pass can be kept: $\nabla D$ does not depend on $v$, so each further product is one pass. Note that $D$ and $\nabla D$ are 0 there, while the second derivative is not.
#
# The other way is the definition, $Fv=\mathbb E\big[\nabla\log\pi\,(\nabla\log\pi^\top v)\big]$, one score for each sample and each action. The receipt holds one against the other for CartPole's network. The 400 scores also give the eigenvalues that are not 0.

# %%
nets = NPG().networks(Spaces(4, 2, True), Streams([0], INITIALISE))
P, obs = nets.policy.flat.shape[1], torch.randn(1, 200, 4, generator=torch.Generator().manual_seed(0))
nets.policy.flat.mul_(3)  # not the nearly uniform policy of the start
pi = nets.policy.graph(obs)
product = fisher_vector_product(pi.detach().kl(pi).mean(-1).sum(), nets.policy.parameters)
v = torch.randn(1, P, generator=torch.Generator().manual_seed(1))
by_scores, rows = 0, []
for action in (0, 1):
    chosen = torch.full((1, 200), action)
    score, chance = nets.policy.scores(obs, chosen)[0], pi.detach().log_prob(chosen)[0].exp()
    by_scores = by_scores + score.T @ (chance * (score @ v[0])) / 200
    rows.append((chance / 200).sqrt()[:, None] * score)
Fv = product(v)[0]
began = time.perf_counter()
product(v)  # once more, for the clock
took = time.perf_counter() - began
with receipts("two passes backwards", oracle="400 scores") as same:
    same("$Fv$, relative", Fv / by_scores.abs().max(), by_scores / by_scores.abs().max(), 1e-4)
spectrum = torch.linalg.svdvals(torch.cat(rows)) ** 2
print(f"the ten largest of {P:,} eigenvalues: {spectrum[:10].sum() / spectrum.sum():.0%} of their sum")
print(
    f"{P:,} parameters: a product took {1000 * took:.1f} ms; F itself has {P**2:,} entries, one product each column"
)

# %% [markdown]
# This one has few large eigenvalues and very many that are nearly 0 or 0: ten of 4,610 hold 91 per cent of the sum. With the damping of section 5, $c=0.01$, ten steps of conjugate gradient take a random right-hand side $F$ can produce to an error of 10 per cent in the norm of step 4, twenty to below 1 per cent. Ten steps get far, then, but not to the end.
#
# ## 4 · From samples (14 minutes)
#
# An agent does not know $d^\pi$; it has $N$ states that it met. Two estimates are in use:
# $$\hat F=\frac1N\sum_i\nabla\log\pi(a_i\mid s_i)\,\nabla\log\pi(a_i\mid s_i)^\top\qquad\text{or}\qquad\hat F=\frac1N\sum_i\sum_a\pi(a\mid s_i)\,\nabla\log\pi(a\mid s_i)\,\nabla\log\pi(a\mid s_i)^\top.$$
# The first uses the actions that were taken (the "empirical" Fisher matrix). The second averages over all actions, as the Hessian of the KL divergence does: *analytic* in the actions.

# %% tags=["hide"]
predict(
    r"From $N$ samples, what does the analytic estimate gain over the one that uses the sampled actions?",
    {
        "its error is smaller, with the same power of N": "",
        "its error falls faster with N": "A mean over independent samples has an error of order one over the root of N, whatever is averaged.",
        "nothing: both are unbiased": "So they are. Being right on average says nothing of the spread.",
    },
    answer="its error is smaller, with the same power of N",
    why="It removes the chance of the actions and keeps that of the states.",
)

# %% [markdown]
# The random process of lecture 10, four states and three actions. Each point is the root of the mean squared error of 400 matrices. Both estimates are means, so the closed form is the root of (variance of one sample)/$N$.


# %%
def table(theta):
    return torch.log_softmax(theta.reshape(4, 3), dim=-1)


process, theta = markov.MDP.random(4, 3, seed=0), np.random.default_rng(1).normal(size=12)
pi = fisher.policy_of(table, theta)
d, score, F = markov.visitation(process, pi), fisher.scores(table, theta), markov.fisher(process, pi)
outer = np.einsum("sap,saq->sapq", score, score)
one = {  # E‖sample − F‖² of a single one
    "sampled actions": np.einsum("s,sa,sapq->", d, pi, (outer - F) ** 2),
    "analytic": np.einsum("s,spq->", d, (np.einsum("sa,sapq->spq", pi, outer) - F) ** 2),
}

# %% [markdown]
# The same error, measured on drawn matrices at six sizes $N$:

# %%
counts, found = np.array([10, 30, 100, 300, 1000, 3000]), {}
for name in one:
    draws = np.random.default_rng(2)
    found[name] = [
        np.sqrt(np.mean([
            ((fisher.sampled_fisher(score, pi, d, N, draws, actions=name != "analytic") - F) ** 2).sum()
            for _ in range(400)
        ]))
        for N in counts
    ]  # fmt: skip
with receipts("400 matrices for each N", oracle="theory") as same:
    for name, errors_of in found.items():
        same(rf"{name}: power of $N$", np.polyfit(np.log(counts), np.log(errors_of), 1)[0], -0.5, 0.02)
        same(f"{name}: error over its closed form", errors_of / np.sqrt(one[name] / counts), 1, 0.1)
print(
    f"variance of one sample, sampled actions over analytic: {one['sampled actions'] / one['analytic']:.2f}"
)

# %% [markdown]
# On logarithmic axes both should fall with the slope $-\tfrac12$:

# %% tags=["hide"]
fig = plots.figure(8, 3.6)
ax = plots.axes(fig)
for (name, values), (colour, line) in zip(
    found.items(), ((plots.ORANGE, plots.DASHES), (plots.BLUE, "-")), strict=True
):
    ax.plot(counts, values, "o", color=colour, linestyle=line, label=name)
ax.set(xscale="log", yscale="log", xlabel="samples N", ylabel="error of the matrix", title="Slope −½, twice")
plots.label_lines(ax)
plots.show(
    fig, alt="Error of sampled Fisher matrices over N on logarithmic axes: two parallel lines of slope −1/2"
)

# %% [markdown]
# Two parallel lines of slope −½. For the same error the estimate from sampled actions needs 2.3 times as many samples on this process (the printed ratio). The analytic one is what our trainers use. Its price: it needs a sum over actions, or a formula for the KL divergence, as Gaussians have.
#
# A sampled $\hat F$ has another defect that no average removes. From $N$ sampled actions it is a sum of $N$ outer products, so its rank is at most $N$, and for a network with more parameters than samples it is singular: $\hat F^{-1}$ does not exist. Even where it does, small eigenvalues are mostly noise, and dividing by them magnifies it.
#
# ## 5 · Damping (15 minutes)
#
# So one solves $(\hat F+cI)\,s=\hat g$ with a small $c>0$. In the eigenvectors, $\hat F=\sum_i\lambda_iu_iu_i^\top$:
# $$s=\sum_i\frac{u_i^\top\hat g}{\lambda_i+c}\,u_i=\sum_i\frac{\lambda_i}{\lambda_i+c}\;\frac{u_i^\top\hat g}{\lambda_i}\,u_i.$$
# Along $u_i$ the undamped step is multiplied by $\lambda_i/(\lambda_i+c)$: nearly 1 where $\lambda_i\gg c$, nearly 0 where $\lambda_i\ll c$. As $c\to\infty$ the step becomes $\hat g/c$, the gradient's direction; damping leads from one to the other. (And what lecture 10 praised, that the writing does not matter, is lost to the extent that $c$ matters.)
#
# Why is that right? Write $\psi_i$ for the score of sample $i$. Then
# $$\hat F=\frac1N\sum_i\psi_i\psi_i^\top,\qquad\hat g=\frac1N\sum_i\psi_i\,\hat A_i,$$
# and $\hat Fs=\hat g$ are the *normal equations* of a least-squares problem: **the natural gradient is the regression of the advantages on the scores,** $\min_s\sum_i(\hat A_i-\psi_i^\top s)^2$ (the compatible critic of Kakade 2001). Damping adds $c\,N\|s\|^2$ to it: *ridge regression*, which shrinks what the data do not determine.

# %%
draws = np.random.default_rng(3)
states = draws.choice(4, size=60, p=d)
actions = np.array([draws.choice(3, p=pi[s]) for s in states])
psi = score[states, actions]
A_hat = markov.advantages(process, pi)[states, actions] + 2 * draws.normal(size=60)  # noisy returns
F_hat, g_hat = psi.T @ psi / 60, psi.T @ A_hat / 60
values, vectors = np.linalg.eigh(F_hat)
with receipts("(F + cI)⁻¹g by a dense solve", oracle="closed form, or regression") as same:
    for c in (0.01, 1.0):
        damped = np.linalg.solve(F_hat + c * np.eye(12), g_hat)
        same(rf"eigenvectors, $c = {c}$", damped, vectors @ (vectors.T @ g_hat / (values + c)), 1e-9)
        rows = np.vstack([psi, np.sqrt(60 * c) * np.eye(12)])
        ridge = np.linalg.lstsq(rows, np.r_[A_hat, np.zeros(12)], rcond=None)[0]
        same(rf"ridge regression, $c = {c}$", damped, ridge, 1e-9)

# %% [markdown]
# In the lab, on the left, the factor $\lambda/(\lambda+c)$ at the eigenvalues of the true $F$ (dots; four are 0). On the right how far the step from $N$ noisy samples is from the true natural gradient, over all $c$: the root of the mean squared error over 100 batches, as a share of the true step, both measured by $F$; dotted, the part that damping alone is to blame for. The thin vertical lines stand at your $c$. Find the best $c$ for $N=30$ and for $N=1000$. What does more noise do?


# %% tags=["hide"]
DAMPINGS = np.geomspace(1e-4, 10, 31)
EXACT = markov.natural_gradient(process, pi).ravel() * (1 - process.gamma)


def damping_errors(samples, noise, batches=100):
    """Relative error of (F̂ + cI)⁻¹ĝ in the norm of F, root mean square over batches, for every c. [31]."""
    draws, psi = np.random.default_rng(0), score.reshape(12, 12)
    times = draws.multinomial(samples, (d[:, None] * pi).ravel(), size=batches)  # of each state and action
    noisy = times * markov.advantages(process, pi).ravel()  # the sum of the advantages of a pair, with noise
    noisy = noisy + noise * np.sqrt(times) * draws.normal(size=times.shape)
    values, vectors = np.linalg.eigh(np.einsum("bk,kp,kq->bpq", times / samples, psi, psi, optimize=True))
    part = np.einsum("bpi,bp->bi", vectors, noisy @ psi / samples)  # ĝ in the eigenvectors of F̂
    solved = part[:, None] / (np.maximum(values, 0)[:, None] + DAMPINGS[:, None])
    off = np.einsum("bpi,bci->bcp", vectors, solved, optimize=True) - EXACT
    return np.sqrt(np.einsum("bcp,pq,bcq->c", off, F, off, optimize=True) / batches / (EXACT @ F @ EXACT))


# %% [markdown]
# The left side needs no samples; the right side repeats the draw for each $N$ and noise, with the same random numbers:


# %% tags=["hide"]
def draw_damping(fig, damping=0.03, samples=100, noise=2.0):
    factor_ax, error_ax = plots.axes(fig, 1, 2)
    grid, values = np.geomspace(1e-4, 1, 101), np.maximum(np.linalg.eigvalsh(F), 0)
    factor_ax.plot(grid, grid / (grid + damping), color=plots.BLUE, linestyle="-")
    seen = values[values > 1e-9]
    factor_ax.plot(seen, seen / (seen + damping), "o", color=plots.BLACK, markersize=8)
    factor_ax.axvline(damping, color=plots.GREY, linewidth=1.2, linestyle=":")
    factor_ax.set(
        xscale="log", xlim=(1e-4, 1), ylim=(0, 1.05), xlabel="eigenvalue λ", ylabel="factor λ/(λ + c)"
    )
    factor_ax.set_title("what is left of each part")
    found = damping_errors(samples, noise)
    off = fisher.damped_solution(F, F @ EXACT, DAMPINGS) - EXACT
    bias = np.sqrt(np.einsum("ci,ij,cj->c", off, F, off) / (EXACT @ F @ EXACT))
    error_ax.plot(DAMPINGS, found, color=plots.BLUE, linestyle="-")
    error_ax.plot(DAMPINGS, bias, color=plots.ORANGE, linestyle=plots.DOTS)
    error_ax.axvline(damping, color=plots.GREY, linewidth=1.2, linestyle=":")
    error_ax.plot(DAMPINGS[found.argmin()], found.min(), "o", color=plots.BLUE, markersize=9)
    error_ax.set(
        xscale="log",
        yscale="log",
        xlim=(1e-4, 10),
        ylim=(0.01, 20),
        xlabel="damping c",
        ylabel="relative error of the step",
    )
    error_ax.set_title(f"best damping {DAMPINGS[found.argmin()]:.2g}")
    here = np.interp(np.log(damping), np.log(DAMPINGS), found)
    return {
        "error at your c": float(here),
        "lowest error": float(found.min()),
        "best c": float(DAMPINGS[found.argmin()]),
    }


# %% [markdown]
# Move $c$ first and follow the thin lines, then $N$, then the noise:

# %% tags=["hide"]
lab_damping = explore(
    draw_damping,
    alt="Factor that damping leaves of each eigenvalue; error of the damped natural step over the damping",
    size=(11, 4),
    settings={
        "too little": {"damping": 0.0001},
        "too much": {"damping": 10.0},
        "more samples": {"samples": 3000, "damping": 0.0001},
        "no noise": {"noise": 0.0, "damping": 0.0001},
    },
    damping=Slider("c", "damping", min=1e-4, max=10.0, log=True),
    samples=Slider("N", "samples", min=10, max=3000, log=True),
    noise=Slider("", "noise of an advantage", min=0.0, max=5.0, step=0.25),
)
lab_damping

# %% [markdown]
# On the right a valley: too little damping leaves noise, too much leaves hardly a step. The more samples, the smaller the best $c$. Without any noise in the advantages almost no damping is best: then the regression is exact as soon as every action was seen.
#
# One more consequence. If the damped $F$ is also used for the length, $\alpha=\sqrt{2\delta/s^\top(F+cI)s}$, as our trainers do, the divergence of the step is not $\delta$ but $\delta-\tfrac12c\,\|\alpha s\|^2$: damping makes the step shorter, too.
#
# ## 6 · Natural policy gradient (16 minutes)
#
# All parts together. `F` is a function, the product of section 3 with damping (`fisher_product` takes one pass forwards and one backwards, $\mathbb E[J^\top MJ]\,v$ with the Jacobian $J$ of the network's outputs: the same numbers, sooner); `solver` is ten steps of conjugate gradient.

# %% tags=["hide"]
pseudocode(
    "Natural policy gradient, after Kakade 2001, with conjugate gradient",
    r"""
    for each batch, played by $\pi_\theta$:
        $\hat A$ by GAE with the critic
        $\hat g = \nabla\,\mathbb{E}[\log\pi_\theta(a\mid s)\,\hat A]$
        $v\mapsto(\hat F+cI)\,v$, from the Hessian of the mean divergence
        $s\approx(\hat F+cI)^{-1}\hat g$ by conjugate gradient
        $\alpha = \sqrt{2\delta/s^\top(\hat F+cI)s}$, or fixed
        $\theta\leftarrow\theta+\alpha s$
        critic: some epochs towards its targets
    """,
    NPG.update,
    {
        2: "batch = rollout",
        3: "g = flat_gradient",
        4: "F = nets.policy.fisher_product",
        5: "s = self.solver",
        6: "alpha =",
        7: "flat.add_",
        8: "fit_critic",
    },
)

# %% [markdown]
# How much does the *direction* do, if lengths are equal? Exchange the solver: `plainly` answers with $\hat g$ itself, and line 6 still gives it the length at which the model's divergence is $\delta=0.01$. The natural step gets a $\delta$ of 0.0075 only, because the model promises it less divergence than it truly has. CartPole, thirty seeds each, recorded (`python3 -m rlcourse record 10b`).


# %%
def plainly(F, g, iterations):
    """In the place of (F + cI)⁻¹g: the gradient itself."""
    return g


methods = {"natural": NPG(max_kl=0.0075), "gradient": NPG(max_kl=0.01, solver=plainly)}

# %% [markdown]
# The experiment trains both on the same seeds. Here and now the page runs ten of them for 4,096 steps.


# %%
def direction_experiment(steps, seeds):
    """Returns [S, E] of both directions on CartPole, and the KL divergence [S, U] of every update."""
    found = {}
    for name, algorithm in methods.items():
        run = train(algorithm, "CartPole-v1", steps, seeds, evaluate_every=4096)
        found |= {"at": run.curve.steps, name: run.curve.returns, f"kl {name}": run.metrics["kl"]}
    return found


curves, curves_now = recorded(
    "recordings/10b-direction.json",
    direction_experiment,
    {"steps": 4096, "seeds": 10},
    steps=40_960,
    seeds=30,
)

# %% [markdown]
# The returns, and what separates them seed by seed, in three sets of ten seeds:

# %% tags=["hide"]
fig = plots.figure(8.5, 3.8)
ax = plots.axes(fig)
for name, (colour, line) in (("natural", (plots.BLUE, "-")), ("gradient", (plots.ORANGE, plots.DASHES))):
    plots.learning_curve(ax, curves["at"], curves[name], name, colour, line, seeds_width=0.2, bounds=(0, 500))
    print(f"{name}: mean divergence of an update {np.mean(curves[f'kl {name}']):.4f}")
ax.set(ylim=(0, 500), xlim=(0, 40_960), title="CartPole: equal divergence, two directions")
plots.label_lines(ax)
apart = (curves["natural"] - curves["gradient"])[:, 1:].mean(axis=1)
for found_apart in intervals_of_sets(apart):
    print(
        f"natural less gradient, mean over the run: {found_apart.estimate:.0f} [{found_apart.low:.0f}, {found_apart.high:.0f}]"
    )
    assert found_apart.low > 0
plots.show(
    fig,
    alt="Returns on CartPole of the natural gradient and of the gradient at equal KL divergence, thirty seeds each",
)

# %% [markdown]
# In each of three sets of ten seeds the natural direction earns over a hundred more on average over the run, and its updates have a slightly smaller true divergence than the gradient's. Already the first two updates, at 4,096 steps, bring a return near 300, the gradient's below 100. In a network some parameters move the policy much and others hardly; the gradient spends its divergence where the return's slope is long, the natural step where divergence buys most return. This is one task and one $\delta$; the live panel below has other $\delta$.
#
# Live: choose the direction, then move $\delta$, the damping, and the number of steps of conjugate gradient. One step of it is the gradient's direction. At which $\delta$ does the natural step break? (Exercise 5 has an answer.)

# %% tags=["hide"]
panel = live(
    methods,
    "CartPole-v1",
    steps=40_000,
    seeds=4,
    recorded="recordings/10b-live.json",
    title="NPG on CartPole",
    max_kl=Slider("δ", "divergence of a step", min=1e-3, max=1.0, log=True),
    damping=Slider("c", "damping", min=1e-4, max=1.0, log=True),
    cg_iterations=Slider("", "steps of conjugate gradient", min=1, max=30, step=1),
)
panel

# %% [markdown]
# ## Summary
#
# - Conjugate gradient solves $Ax=b$ with one product a step, exactly after as many steps as there are different eigenvalues; early on it is the best that its directions allow.
# - $Fv$ is the derivative of $v^\top\nabla D$: two passes backwards, no matrix.
# - A Fisher matrix from $N$ samples has an error of order $1/\sqrt N$, the smaller if actions are averaged exactly, and it is singular if $N$ is small.
# - The natural gradient is the regression of advantages on scores; damping is its ridge. Along an eigenvector it leaves $\lambda/(\lambda+c)$ of the step.
# - At equal divergence the natural direction was better than the gradient's on CartPole, in three sets of seeds. Nothing checks its steps yet: lecture 11.
#
# ## Exercises
#
# 1. ★ (5 minutes) $A=\mathrm{diag}(1,4)$, $b=(4,4)$. Do both steps of conjugate gradient by hand.
#    <details><summary>Hint</summary>The first direction is b itself.</details>
#    <details><summary>Answer</summary>p₀ = (4, 4), α₀ = 32/80 = 0.4, x₁ = (1.6, 1.6), r₁ = (2.4, −2.4); β₁ = 11.52/32 = 0.36, p₁ = (3.84, −0.96), α₁ = 11.52/18.432 = 0.625, x₂ = (4, 1): the solution.</details>
# 2. ★★ (10 minutes) In the first lab, $\kappa=100$: how many steps does gradient descent take from 45 degrees, and from 6 and 84? What is special about 45?
#    <details><summary>Hint</summary>One step multiplies the two parts of the slope by 1 − t and 1 − κt. When do they come out with the same ratio, and how small can they then be?</details>
#    <details><summary>Answer</summary>691, 42 and 42. From equal parts the best length is t = 2/(1 + κ), which multiplies them by ±(κ − 1)/(κ + 1): they stay equal, and shrink by 2 per cent a step for ever.</details>
# 3. ★★ (10 minutes) Why does one step of conjugate gradient give the gradient's direction, and what of lecture 10's invariance is then left? Try it live.
#    <details><summary>Hint</summary>It starts from 0, so its first residual is the right-hand side. And which part of the step still knows F?</details>
#    <details><summary>Answer</summary>x₁ = α₀ b is a multiple of the right-hand side. Nothing of it is left in the direction; the length is still measured by F.</details>
# 4. ★★★ (20 minutes) Let all advantages be exact (noise 0 in the last lab) and $N=100$. Why is the error almost 0, though $\hat F$ is off by a quarter?
#    <details><summary>Hint</summary>Write Â as ψ·s with the true natural gradient s (lecture 10, section 6).</details>
#    <details><summary>Answer</summary>A table's advantages are a linear function of its scores: Â_i = ψ_i·s. So ĝ = F̂ s exactly, whatever was sampled, and F̂⁻¹ĝ = s where F̂ has full rank: the errors of both cancel. It is a regression without noise.</details>
#
# 5. ★★ (10 minutes) Live on CartPole: let the natural direction take $\delta=0.03$, 0.1 and 0.3. Where does it stop to be reliable, and what does the divergence of its updates say?
#    <details><summary>Hint</summary>Compare the mean divergence of an update with the δ that the model promised.</details>
#    <details><summary>Answer</summary>Over 40,960 steps twelve seeds earned 405, 259 and 149 on average. At 0.03 the mean divergence of an update was 0.04, at 0.1 about 0.2 and at 0.3 about 0.5, with single updates of more than 5: one such step from a good policy leads to one that is lost. Most seeds at 0.3 end below 200. The model is local, and nothing checks the step.</details>
#
# ## Sources
#
# - Hestenes, Stiefel, *Methods of conjugate gradients for solving linear systems*, 1952; Shewchuk, [*An introduction to the conjugate gradient method without the agonizing pain*](https://www.cs.cmu.edu/~quake-papers/painless-conjugate-gradient.pdf), 1994; Nocedal, Wright, *Numerical optimization*, 2006, chapter 5.
# - Pearlmutter, *Fast exact multiplication by the Hessian*, Neural Computation 6, 1994: products without the matrix.
# - Schulman, Levine, Abbeel, Jordan, Moritz, *Trust region policy optimization*, ICML 2015, [arXiv:1502.05477](https://arxiv.org/abs/1502.05477), its appendix: the analytic Fisher matrix, products, the step.
# - Kakade, *A natural policy gradient*, NIPS 2001: the compatible critic.
# - Kunstner, Balles, Hennig, *Limitations of the empirical Fisher approximation*, NeurIPS 2019, [arXiv:1905.12558](https://arxiv.org/abs/1905.12558): in supervised learning "empirical" means labels of the data, not of the model, and is worse; our actions are the policy's own.
# - Martens, *New insights and perspectives on the natural gradient method*, JMLR 2020, [arXiv:1412.1193](https://arxiv.org/abs/1412.1193): damping.
