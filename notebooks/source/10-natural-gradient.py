# %% [markdown] tags=["head"]
# # Lecture 10 · Natural gradient
#
# question: What is the steepest direction, if steepness should not depend on how I write the policy?
# objectives:
# - **derive** the steepest direction under a metric, and the length of its step
# - **show** that the Hessian of the KL divergence is the Fisher matrix, with the right factor and sign
# - **explain** why a natural step does not depend on the parameters, and a gradient step does
# - **compute** the natural gradient of a table of logits without inverting anything
# - **say** which part of a plateau is a matter of direction, and which of length
# needs:
# - 09: a model, a region, a multiplier
# - 08: $d^\pi$, the advantage, the policy gradient
# - the KL divergence
# symbols: s, a, \gamma, \pi, \theta, \eta, d^\pi, A^\pi, Q^\pi, V^\pi, \alpha, \delta, \lambda, \sigma, \mathbb E
# - $g$: gradient $\nabla_\theta\eta$
# - $\Delta$: a step of the parameters, from $\theta$ to $\theta + \Delta$
# - $K$: a metric, symmetric and positive definite: $\tfrac12\Delta^\top K\Delta$ is how far a step goes
# - $F$: Fisher matrix of the policy
# - $D$: mean KL divergence between old and new policy, over $d^\pi$
# - $u$: other parameters of the same policies, $\theta = f(u)$
# - $J$: Jacobian of $f$
# - $x$: any change of a table of logits
# - $G$: gain of a linear controller
# - $\Sigma$: where its states are, $\mathbb E\sum_t\gamma^t s_ts_t^\top$
# homework: 4

# %% tags=["import", "hide"]
from dataclasses import dataclass

import numpy as np
import scipy.linalg
import torch
from torch.nn.functional import logsigmoid

from rlcourse import plots
from rlcourse.algorithms.npg import NPG
from rlcourse.equations import fisher, markov
from rlcourse.pages import receipts
from rlcourse.parts.worlds import Regulator, StayOrLeave
from rlcourse.training import train
from rlcourse.widgets import Choice, Slider, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · Two states and a plateau (12 minutes)
#
# Two states, in each of which one may stay or leave for the other. Staying pays 1 in state 0 and 2 in state 1; leaving pays nothing. One starts in state 0 four times out of five; $\gamma = 0.99$. (After an example of Kakade 2001.)

# %% tags=["hide"]
WORLD = markov.stay_or_leave()
CORNER = np.array([0.953, 0.047])  # π(stay) in both states: logits 3 and −3
plots.mdp(
    WORLD,
    np.stack([CORNER, 1 - CORNER], axis=1).round(2),
    states=["0", "1"],
    actions=["stay", "leave"],
    size=(7.5, 3),
)

# %% [markdown]
# The best policy leaves state 0 once and stays in state 1 for ever: 2 a step. Ours begins in a bad corner. It stays in state 0 and leaves state 1, each with probability 0.953, and earns 0.9 a step. A policy has two numbers here, a *logit* $\theta_s$ for each state: $\pi(\text{stay}\mid s) = 1/(1+e^{-\theta_s})$, so it starts at $\theta = (3, -3)$.
#
# It climbs the exact gradient of $(1-\gamma)\,\eta$, reward per step: no samples, no noise.

# %% tags=["hide"]
predict(
    r"$\theta\leftarrow\theta+\nabla\big((1-\gamma)\,\eta\big)$ from this corner. How many steps until it earns 1.95 a step?",
    {
        "about 30": "The gradient is exact, but it is also small: see what it weights each state with.",
        "about 800": "So one might guess from the sizes of the logits. The policy makes its own gradient smaller on the way.",
        "about 8,000": "",
    },
    answer="about 8,000",
    ordered=True,
    why="It first learns to stay in state 0, which it visits most; then state 1 is hardly seen, and the gradient there nearly 0.",
)

# %% [markdown]
# We compare the gradient ($\alpha=1$) with the *natural* gradient $s = F^{-1}g$ ($\alpha=0.1$), which this lecture derives. The same policies can also be written with two logits a state, one for each action: a *softmax*. So there are two climbers and two ways of writing; with one logit:


# %%
def earned(pi):
    """Reward per step, (1 − γ) η."""
    return (1 - WORLD.gamma) * markov.expected_return(WORLD, pi)


def climb(alpha, direction, write, theta, until=1.95):
    """Reward per step along θ ← θ + α direction(θ), until it is reached."""
    path = [earned(write(theta))]
    while path[-1] < until:
        theta = theta + alpha * (1 - WORLD.gamma) * direction(theta)
        path.append(earned(write(theta)))
    return np.array(path)


def one_logit(theta):
    return markov.softmax_policy(np.stack([theta, 0 * theta], axis=1))


def gradient(theta):  # of the logit of staying
    return markov.policy_gradient(WORLD, one_logit(theta))[:, 0]


def natural(theta):  # F is diagonal here: d(s) π(stay|s) π(leave|s)
    pi = one_logit(theta)
    return gradient(theta) / (markov.visitation(WORLD, pi) * pi.prod(axis=1))


# %% [markdown]
# With two logits a state both directions are in the package. All four climb until they earn 1.95 a step:


# %%
def two_logits(direction):
    return lambda theta: direction(WORLD, markov.softmax_policy(theta))


corner, corner_2 = np.array([3.0, -3.0]), np.array([[3.0, 0.0], [-3.0, 0.0]])
softmax = markov.softmax_policy
climbs = {
    "gradient, one logit": climb(1, gradient, one_logit, corner),
    "gradient, two logits": climb(1, two_logits(markov.policy_gradient), softmax, corner_2),
    "natural, one logit": climb(0.1, natural, one_logit, corner),
    "natural, two logits": climb(0.1, two_logits(markov.natural_gradient), softmax, corner_2),
}

# %% [markdown]
# The steps are on a logarithmic axis, or the natural climb could not be seen:

# %% tags=["hide"]
fig = plots.figure(9, 4)
ax = plots.axes(fig)
looks = (plots.ORANGE, "-"), (plots.VERMILION, plots.DASHES), (plots.BLUE, "-"), (plots.SKY, plots.DASHES)
for (name, path), (colour, line) in zip(climbs.items(), looks, strict=True):
    ax.plot(np.arange(len(path)) + 1, path, color=colour, linestyle=line, label=name)
    print(f"{name}: {len(path) - 1} steps, of which {np.sum(abs(path - 1) < 0.1)} between 0.9 and 1.1 a step")
ax.set(xscale="log", xlim=(1, 2e4), ylim=(0.85, 2), xlabel="steps + 1", ylabel="reward per step")
ax.set_title("A plateau, and how long one stands on it")
for words, at, place, colour in (
    ("natural,\nboth ways", (33, 1.6), (3, 1.7), plots.BLUE),
    ("gradient,\ntwo logits", (4200, 1.5), (400, 1.65), plots.VERMILION),
    ("gradient,\none logit", (8400, 1.25), (400, 1.2), plots.ORANGE),
):
    ax.annotate(words, at, place, arrowprops={"arrowstyle": "-"}, color=plots.ink(colour), fontweight="bold")
plots.show(
    fig,
    alt="Reward per step over steps: the gradient stays near 1 for thousands of steps, the natural one for 32",
)

# %% [markdown]
# Two things are odd. First the plateau: the gradient stands at a reward of 1 for 8,250 of its 8,476 steps. Its component in state $s$ is $d^\pi(s)\,\pi(\text{stay}\mid s)\,\pi(\text{leave}\mid s)$ times what staying gains over leaving, and the more the policy stays in state 0, the smaller is $d^\pi(1)$. The natural gradient crosses the same plateau and is up after 33 steps.
#
# Second, and worse: with two logits a state the gradient needs 4,240 steps, with the *same policies* and the same $\alpha$. The two natural climbs agree. So what does "steepest" mean?
#
# ## 2 · Steepest, with respect to what (14 minutes)
#
# **Step 1.** Near $\theta$ the return is $\eta(\theta+\Delta)\approx\eta(\theta)+g^\top\Delta$. This line has no top, so one must say how far a step may go. Let a symmetric, positive definite $K$ measure it:
# $$\max_\Delta\; g^\top\Delta\qquad\text{subject to}\qquad \tfrac12\,\Delta^\top K\,\Delta\le\delta.$$
# **Step 2.** At the best $\Delta$ one cannot slide along the edge and gain; so $g$ is parallel to the slope of the constraint, which is $K\Delta$: $g = \lambda K\Delta$ with $\lambda > 0$. Hence $\Delta = K^{-1}g/\lambda$: **the direction is $K^{-1}g$.**
#
# **Step 3.** The step uses all that it may: $\tfrac12\,g^\top K^{-1}g/\lambda^2 = \delta$. With $\alpha = 1/\lambda$
# $$\boxed{\;\Delta^* = \alpha\,K^{-1}g,\qquad \alpha=\sqrt{\frac{2\,\delta}{g^\top K^{-1}g}}\;}$$
# (It is a maximum: $g^\top\Delta = (K^{-1/2}g)^\top(K^{1/2}\Delta)\le\|K^{-1/2}g\|\,\sqrt{2\delta}$, by Cauchy and Schwarz.) With $s=K^{-1}g$ the length is also $\sqrt{2\delta/s^\top Ks}$.
#
# With $K=I$ this is gradient ascent, which measures a step by its length in whatever numbers $\theta$ happens to hold. (Some notes print the objective as $\eta(\theta)^\top\Delta$. A $\nabla$ is missing: it is $\nabla\eta(\theta)^\top\Delta$.) The formula against a search along the whole edge of an ellipse:

# %%
K, slope, delta = np.array([[2.0, 0.6], [0.6, 0.3]]), np.array([1.0, 0.5]), 0.02
angle = np.linspace(0, 2 * np.pi, 1_000_001)
circle = np.stack([np.cos(angle), np.sin(angle)])
edge = np.linalg.solve(np.linalg.cholesky(K).T, np.sqrt(2 * delta) * circle)  # ½ ΔᵀKΔ = δ
best = edge[:, np.argmax(slope @ edge)]
direction = np.linalg.solve(K, slope)
with receipts("best of a million points on the edge", oracle="formula") as same:
    same(r"$\Delta^*$", best, np.sqrt(2 * delta / (slope @ direction)) * direction, 1e-5)
    same(
        r"its gain, $\sqrt{2\delta\,g^\top K^{-1}g}$",
        slope @ best,
        np.sqrt(2 * delta * slope @ direction),
        1e-9,
    )

# %% [markdown]
# ## 3 · How far apart are two policies (18 minutes)
#
# What should $K$ be? We want to limit how much the *policy* changes, whatever its numbers do. Lecture 08 measured that by the KL divergence; here its mean over the states that the old policy visits:
# $$D(\theta') = \sum_s d^\pi(s)\;\mathbb E_{a\sim\pi_\theta}\big[\log\pi_\theta(a\mid s)-\log\pi_{\theta'}(a\mid s)\big],\qquad \theta'=\theta+\Delta.$$
# Its second-order expansion at $\theta'=\theta$ ($\mathbb E$ is over $d^\pi$ and $\pi_\theta$, derivatives are with respect to $\theta'$):
#
# **Step 1.** $D(\theta)=0$, and $\nabla D = -\mathbb E[\nabla\log\pi_{\theta'}]$. At $\theta'=\theta$ this is 0, since $\sum_a\pi\,\nabla\log\pi = \nabla\sum_a\pi = \nabla 1 = 0$. So $D$ has no linear term.
#
# **Step 2.** $\nabla^2D = -\mathbb E[\nabla^2\log\pi_{\theta'}]$.
#
# **Step 3.** Differentiate $\nabla\pi = \pi\,\nabla\log\pi$ once more: $\nabla^2\pi=\pi\,\big(\nabla^2\log\pi+\nabla\log\pi\,\nabla\log\pi^\top\big)$. Summed over actions the left side is $\nabla^2 1 = 0$, so $-\mathbb E[\nabla^2\log\pi] = \mathbb E[\nabla\log\pi\,\nabla\log\pi^\top]$ at $\theta'=\theta$.
#
# **Step 4.** Together:
# $$\boxed{\;D(\theta+\Delta) = \tfrac12\,\Delta^\top F\,\Delta + O(\|\Delta\|^3),\qquad F=\mathbb E_{s\sim d^\pi,\,a\sim\pi}\big[\nabla\log\pi\,\nabla\log\pi^\top\big]\;}$$
# $F$ is the **Fisher matrix**; with $K=F$ the steepest direction is the **natural gradient** $s=F^{-1}g$.
#
# Three ways to the same matrix, for a random process of four states and three actions with a table of logits: the outer products of the definition; the Hessian of $D$ by differentiating twice; and columns $F e_1, F e_2,\dots$, each from a product of $F$ with a vector that never forms $F$ (lecture 10b).


# %%
def table(theta):
    """log π [4, 3] of a softmax with a logit for each state and action."""
    return torch.log_softmax(theta.reshape(4, 3), dim=-1)


process, theta = markov.MDP.random(4, 3, seed=0), np.random.default_rng(1).normal(size=12)
pi = fisher.policy_of(table, theta)
d = markov.visitation(process, pi)
F = fisher.outer_products(table, theta, d)
blocks = scipy.linalg.block_diag(*(d[s] * (np.diag(pi[s]) - np.outer(pi[s], pi[s])) for s in range(4)))
with receipts("Fisher matrix", oracle="by hand: d (diag π − π πᵀ)") as same:
    same("outer products of scores", F, blocks, 1e-14)
    same("Hessian of the KL divergence", fisher.kl_hessian(table, theta, d), blocks, 1e-14)
    same("columns of products", fisher.product_columns(table, theta, d), blocks, 1e-14)
values = np.linalg.eigvalsh(F)
with receipts("Fisher matrix", oracle="theory") as same:
    same("asymmetry", F - F.T, 0, 1e-15)
    same("negative part of its eigenvalues", np.minimum(values, 0), 0, 1e-15)
    same("eigenvalues that are 0: one for each state", np.sum(values < 1e-12), 4, 0)

# %% [markdown]
# $F$ is symmetric and has no negative eigenvalue, as a mean of squares must. It is singular: who adds the same number to all logits of a state changes no policy. Along such directions $g$ is 0 as well, and the pseudo-inverse $F^{+}$, whose steps have no part along them, stands for $F^{-1}$.
#
# Two misprints are common in lecture notes. One gives the divergence the wrong sign, $\mathbb E_{\pi'}[\log\pi-\log\pi']$: that is $-D_{\mathrm{KL}}(\pi'\|\pi)\le0$, and a limit on it forbids nothing. The other drops the ½. Along a random direction, the true divergence as a share of what each model says:

# %%
step = np.random.default_rng(2).normal(size=12)
with receipts("divergence of a small step", oracle="model") as same:
    for h in (1e-2, 1e-3):
        new = fisher.policy_of(table, theta + h * step)
        D = d @ markov.kl(pi, new)
        quadratic = h**2 * step @ F @ step
        same(rf"$D\,/\,\tfrac12\Delta^\top F\Delta$, step {h}", D / (0.5 * quadratic), 1, 2 * h)
        same(rf"$D\,/\,\Delta^\top F\Delta$, as misprinted, step {h}", D / quadratic, 0.5, h)
        flipped = d @ np.sum(new * (np.log(pi) - np.log(new)), axis=1)
        same(
            rf"flipped sign$\,/\,\tfrac12\Delta^\top F\Delta$, step {h}",
            flipped / (0.5 * quadratic),
            -1,
            2 * h,
        )

# %% [markdown]
# The right model comes out at 1 as the step shrinks, the one without the ½ at a half, and the flipped sign at $-1$.
#
# ## 4 · One picture (12 minutes)
#
# Back to two states. Left: the plane of parameters, in the writing that you choose, with the return as level lines, the darker the higher; it is highest in the upper left corner. At the black dot the model says that steps to the dashed *ellipse* have a divergence of $\delta$; the solid line is where it truly is $\delta$. Orange: the gradient, blue: the natural gradient, both as long as the model allows. Right: the same policies as probabilities, and where the steps of **all three** writings lead.
#
# All of it comes from four functions. The writings first: each turns its parameters into $\log\pi$, and $\pi(\text{stay})$ back into parameters.


# %% tags=["hide"]
def pair(stay):
    """log of (stay, leave) [2, 2] from π(stay) in both states."""
    return torch.stack([stay, 1 - stay], dim=-1).log()


WRITE = {  # parameters -> log π, and back from π(stay)
    "logit": (lambda u: torch.stack([logsigmoid(u), logsigmoid(-u)], dim=-1), lambda p: np.log(p / (1 - p))),
    "probability": (pair, lambda p: p),
    "angle": (lambda u: pair(u.sin() ** 2), lambda p: np.arcsin(np.sqrt(p))),
}
MARKS = dict(zip(WRITE, "osv", strict=True))
FRAME = {"logit": (-4, 4), "probability": (0, 1), "angle": (0, np.pi / 2)}
GRID = np.concatenate(
    [np.geomspace(0.015, 0.1, 14), np.linspace(0.12, 0.88, 39), 1 - np.geomspace(0.1, 0.015, 14)]
)
PLANE = np.stack(np.meshgrid(GRID, GRID), axis=-1)  # π(stay) of both states
ETA = earned(np.stack([PLANE, 1 - PLANE], axis=-1))


# %% [markdown]
# At a policy it computes $F$ and $g$ in one writing, and gives both directions the length of section 2:


# %% tags=["hide"]
def steps_from(stay, way, delta):
    """π(stay) after a step of the gradient and of the natural gradient, and F: all in one writing."""
    log_policy, back = WRITE[way]
    u, pi = back(stay), np.stack([stay, 1 - stay], axis=1)
    F = fisher.outer_products(log_policy, u, markov.visitation(WORLD, pi))
    g = fisher.return_gradient(WORLD, log_policy, u)
    moves = (g, np.linalg.solve(F, g))
    return u, F, [np.sqrt(2 * delta / (move @ F @ move)) * move for move in moves]


def divergence(old, new):
    """D from old to new, both as π(stay) [..., 2]."""
    pi, there = (np.stack([p, 1 - p], axis=-1) for p in (old, new))
    return np.sum(markov.visitation(WORLD, pi) * markov.kl(pi, there), axis=-1)


# %% [markdown]
# The left side is drawn in the parameters, where a step is a straight arrow:


# %% tags=["hide"]
def draw_plane(ax, stay, way, delta):
    """Level lines, ellipse and both steps in the parameters of one writing."""
    back = WRITE[way][1]
    u, F, moves = steps_from(stay, way, delta)
    draw_levels(ax, back(GRID), stay, delta)
    turn = np.linspace(0, 2 * np.pi, 121)
    circle = np.sqrt(2 * delta) * np.stack([np.cos(turn), np.sin(turn)])
    edge = u[:, None] + np.linalg.solve(np.linalg.cholesky(F).T, circle)
    ax.plot(*edge, color=plots.GREEN, linestyle=plots.DASHES)
    for move, colour in zip(moves, (plots.ORANGE, plots.BLUE), strict=True):
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": 2.5}
        ax.annotate("", u + move, u, arrowprops=arrow, annotation_clip=False)
    ax.plot(*u, "o", color=plots.BLACK, markersize=7)
    unit = {"logit": "logit", "probability": "π(stay)", "angle": "angle"}[way]
    ax.set(xlim=FRAME[way], ylim=FRAME[way], xlabel=f"{unit} of state 0", ylabel=f"{unit} of state 1")
    ax.set_title("parameters")


def draw_levels(ax, x, stay, delta):
    """Level lines of the return, and where the true divergence is δ."""
    levels = np.linspace(0.2, 1.9, 12)
    ax.contour(x, x, ETA, levels=levels, linewidths=0.9, cmap="Greys", vmin=-0.7, vmax=1.9)
    D = divergence(stay, PLANE)
    ax.contour(x, x, D, levels=[delta], colors=plots.GREEN, linewidths=2, linestyles="-")


# %% [markdown]
# For the right side each step is turned back into probabilities, where the three writings can be compared:


# %% tags=["hide"]
def draw_steps(fig, stay0=0.9, stay1=0.4, delta=0.03, way="logit"):
    left, right = plots.axes(fig, 1, 2)
    stay, found = np.array([stay0, stay1]), {}
    draw_plane(left, stay, way, delta)
    draw_levels(right, GRID, stay, delta)
    for name in WRITE:
        u, _, moves = steps_from(stay, name, delta)
        for kind, move, colour in zip(
            ("gradient", "natural"), moves, (plots.ORANGE, plots.BLUE), strict=True
        ):
            pi = np.exp(WRITE[name][0](torch.from_numpy(u + move)).numpy())
            here = np.isfinite(pi).all()  # else the step leads out of the probabilities
            look = {"color": colour, "markersize": 9, "markerfacecolor": "none", "markeredgewidth": 2}
            if here:
                right.plot(*pi[:, 0], MARKS[name], **look)
            if name == way:
                found[f"earned after {kind}"] = float(earned(pi)) if here else "no policy"
                found[f"D of {kind}"] = float(divergence(stay, pi[:, 0])) if here else "no policy"
    right.plot(*stay, "o", color=plots.BLACK, markersize=7)
    right.set(xlim=(0, 1), ylim=(0, 1), xlabel="π(stay) of state 0", ylabel="π(stay) of state 1")
    right.set_title("policies: ○ logit  □ probability  ▽ angle")
    return {"earned here": float(earned(np.stack([stay, 1 - stay], axis=1))), **found}


# %% [markdown]
# **Try.** Choose each writing in turn. What moves on the left, what on the right? Then make $\delta$ small.

# %% tags=["hide"]
lab_steps = explore(
    draw_steps,
    alt="Level lines of the return, the gradient's and the natural step from one policy, ellipse and true KL contour",
    size=(11, 5),
    settings={
        "probability": {"way": "probability"},
        "angle": {"way": "angle"},
        "small steps": {"delta": 0.001},
        "small, by probability": {"delta": 0.001, "way": "probability"},
    },
    stay0=Slider("", "π(stay) in state 0", min=0.05, max=0.95, step=0.05),
    stay1=Slider("", "π(stay) in state 1", min=0.05, max=0.95, step=0.05),
    delta=Slider("δ", "size of the step", min=1e-4, max=0.05, log=True),
    way=Choice("", "writing", list(WRITE)),
)
lab_steps

# %% [markdown]
# The level lines of the return and of the divergence are the same curves on the right whatever you choose; on the left they are bent. The ellipse fits the true contour well where $\delta$ is small. The three blue marks lie close together, the closer the smaller $\delta$; the three orange ones do not: where the gradient leads depends on how the policy was written. (A step may also lead out of the probabilities: then there is no mark.) In the *angle*, $\pi(\text{stay})=\sin^2 u$, the ellipse is as wide everywhere, for it is $F = 4\,\mathrm{diag}(d^\pi)$; what remains are the states' weights.
#
# ## 5 · A step that does not see the parameters (13 minutes)

# %% tags=["hide"]
predict(
    r"One policy, written by logits, by probabilities, by angles. Each takes a natural step of the same small $\alpha$. The three new policies…",
    {
        "are equal up to terms of order α²": "",
        "are exactly equal": "The directions are the same, but a straight line of logits is a curve of probabilities.",
        "differ at order α, as with the gradient": "That would be so if only the length were corrected. F corrects the direction, too.",
    },
    answer="are equal up to terms of order α²",
    why="They leave in the same direction at the same speed. Only a straight line in one writing is a curve in another.",
)

# %% [markdown]
# Let $\theta=f(u)$ with an invertible Jacobian $J$.
#
# **Step 1.** The chain rule, for the return and for the scores: $g_u=J^\top g_\theta$ and $\nabla_u\log\pi = J^\top\nabla_\theta\log\pi$. So $F_u=J^\top F_\theta\,J$.
#
# **Step 2.** The natural direction is $s_u=(J^\top F_\theta J)^{-1}J^\top g_\theta=J^{-1}F_\theta^{-1}g_\theta=J^{-1}s_\theta$.
#
# **Step 3.** A step $\alpha s_u$ moves $\theta$ by $J\,\alpha s_u+O(\alpha^2)=\alpha\,s_\theta+O(\alpha^2)$, in which $u$ no longer occurs. The gradient moves it by $\alpha\,JJ^\top g_\theta$, in which $J$ does.
#
# In the limit of ever smaller steps nothing of order $\alpha^2$ is left: the *path* is the same in all writings. Both claims, measured from $\pi(\text{stay})=(0.7,0.4)$:


# %%
def walk(way, kind, alpha, steps, stay=(0.7, 0.4)):
    """π(stay) after so many steps of size α in one writing."""
    log_policy, back = WRITE[way]
    u = back(np.array(stay))
    for _ in range(steps):
        g = (1 - WORLD.gamma) * fisher.return_gradient(WORLD, log_policy, u)
        if kind == "natural":
            d = markov.visitation(WORLD, fisher.policy_of(log_policy, u))
            g = np.linalg.solve(fisher.outer_products(log_policy, u, d), g)
        u = u + alpha * g
    return fisher.policy_of(log_policy, u)[:, 0]


def disagreement(kind, alpha, steps=1):
    """The largest distance between the policies that the three writings lead to."""
    ends = np.array([walk(way, kind, alpha, steps) for way in WRITE])
    return np.ptp(ends, axis=0).max()


# %% [markdown]
# One step of several sizes, and paths of one length in ever more steps:

# %%
alphas, counts = np.array([0.1, 0.03, 0.01, 0.003]), np.array([1, 4, 16, 64])
one_step = {kind: [disagreement(kind, alpha) for alpha in alphas] for kind in ("gradient", "natural")}
whole_path = {kind: [disagreement(kind, 0.5 / n, n) for n in counts] for kind in ("gradient", "natural")}
with receipts("slope over α, or over N", oracle="theory") as same:
    for kind, order in (("gradient", 1), ("natural", 2)):
        same(
            f"{kind}, one step: power of $\\alpha$",
            np.polyfit(np.log(alphas), np.log(one_step[kind]), 1)[0],
            order,
            0.1,
        )
    last = np.log(whole_path["natural"][-1] / whole_path["natural"][-2]) / np.log(4)
    same(r"natural, path of $N$ steps: power of $N$", last, -1, 0.1)

# %% [markdown]
# On logarithmic axes a power is a straight line, and its exponent the slope:

# %% tags=["hide"]
fig = plots.figure(10.5, 3.8)
step_ax, path_ax = plots.axes(fig, 1, 2)
for kind, (colour, line) in (("gradient", (plots.ORANGE, plots.DASHES)), ("natural", (plots.BLUE, "-"))):
    step_ax.plot(alphas, one_step[kind], "o", color=colour, linestyle=line, label=kind)
    path_ax.plot(counts, whole_path[kind], "o", color=colour, linestyle=line, label=kind)
step_ax.set(xscale="log", yscale="log", xlabel="α", ylabel="disagreement", title="After one step")
path_ax.set(xscale="log", yscale="log", xlabel="number of steps N of α = 0.5/N", title="At the end of a path")
plots.label_lines(step_ax)
plots.label_lines(path_ax)
plots.show(
    fig,
    alt="Disagreement of three writings: order α for the gradient, α² for natural; along a path natural's goes to 0",
)

# %% [markdown]
# Left, after one step, the gradients of the three writings disagree in proportion to $\alpha$, the natural steps in proportion to $\alpha^2$. Right, a path of total length $\tfrac12$ in ever more steps: the natural paths become one path, with an error of $1/N$; the gradient's paths go on to different policies, however small the steps.
#
# ## 6 · A table of logits: the advantage (14 minutes)

# %% tags=["hide"]
predict(
    "Softmax, one state. Two actions have the same advantage, 1, but the policy takes one with probability 0.5, the other "
    "with 0.001. By how much does the natural gradient raise the logit of the frequent one?",
    {
        "as much as the other's": "",
        "500 times as much": "That is the gradient, which is weighted by π(a|s).",
        "1/500 as much": "F divides by π once, and g has multiplied by it once; nothing is left over.",
    },
    answer="as much as the other's",
    why="The policy's weights are in g once and in F once.",
)

# %% [markdown]
# For a table of logits nothing need be inverted. $F$ has a block for each state, $d^\pi(s)\,(\mathrm{diag}\,\pi-\pi\pi^\top)$, and $g(s,a)=\frac1{1-\gamma}\,d^\pi(s)\,\pi(a\mid s)\,A^\pi(s,a)$. Try $x=A^\pi/(1-\gamma)$:
# $$(Fx)(s,a)=d^\pi(s)\,\pi(a\mid s)\,\Big(x(s,a)-\sum_b\pi(b\mid s)\,x(s,b)\Big)=\frac{d^\pi(s)\,\pi(a\mid s)\,A^\pi(s,a)}{1-\gamma}=g(s,a),$$
# because the mean of the advantage over the policy's own actions is 0. So **the natural gradient is the advantage**, up to a number per state, which changes nothing (Kakade 2001). Neither $d^\pi$ nor $\pi$ is left in it. And its step is
# $$\pi_{\mathrm{new}}(a\mid s)\;\propto\;\pi(a\mid s)\;\exp\!\Big(\frac{\alpha}{1-\gamma}\,A^\pi(s,a)\Big):$$
# *multiplicative weights*, known from games and from online learning. As $\alpha\to\infty$ it takes the best action in each state: policy iteration.

# %%
A = markov.advantages(process, pi) / (1 - process.gamma)
by_pinv = (np.linalg.pinv(F, rcond=1e-10) @ markov.policy_gradient(process, pi).ravel()).reshape(4, 3)
weights = pi * np.exp(0.3 * A)
with receipts("pseudo-inverse of F, times the gradient", oracle="advantages") as same:
    same("less its mean in each state", by_pinv, A - A.mean(axis=1, keepdims=True), 1e-9)
    step = markov.softmax_policy(theta.reshape(4, 3) + 0.3 * by_pinv)
    same("policy after a step", step, weights / weights.sum(axis=1, keepdims=True), 1e-9)

# %% [markdown]
# **The gravity well.** One state, three arms that pay 1, 0.9 and 0. The policy starts with logits $(0, b, b)$: at $b=4$ it takes the best arm with probability 0.009.


# %%
def bandit(kind, b, until=0.9):
    """Probabilities of the best arm along unit steps, until it is taken often enough."""
    reward, theta, path = np.array([1.0, 0.9, 0.0]), np.array([0.0, b, b]), []
    while True:
        pi = np.exp(theta - theta.max())
        pi /= pi.sum()
        path.append(pi[0])
        if pi[0] > until:
            return np.array(path)
        advantage = reward - pi @ reward
        theta = theta + (pi * advantage if kind == "gradient" else advantage)


wells = {(kind, b): bandit(kind, b) for kind in ("gradient", "natural") for b in (0, 2, 4)}
for (kind, _), path in wells.items():
    print(f"{kind:8}  start at {path[0]:.3f}: {len(path) - 1:6} steps, lowest {path.min():.5f}")

# %% [markdown]
# Three starts, and both ways up, on logarithmic axes:

# %% tags=["hide"]
fig = plots.figure(8.5, 3.8)
ax = plots.axes(fig)
for (kind, b), path in wells.items():
    colour = plots.ORANGE if kind == "gradient" else plots.BLUE
    line = {0: plots.DOTS, 2: plots.DASHES, 4: "-"}[b]
    ax.plot(np.arange(len(path)) + 1, path, color=colour, linestyle=line)
ax.set(xscale="log", yscale="log", xlim=(1, 1e5), xlabel="steps + 1", ylabel="π(best arm)")
ax.set_title("The gradient is drawn into a well")
ax.text(1.3, 4e-4, "solid: b = 4\ndashes: b = 2\ndots: b = 0", fontsize=12)
for kind, colour, at in (("natural", plots.BLUE, (22, 0.04)), ("gradient", plots.ORANGE, (1500, 1.5e-3))):
    ax.text(*at, kind, color=plots.ink(colour), fontweight="bold")
plots.show(
    fig,
    alt="Probability of the best arm over steps: the gradient first loses it and needs 42,400 steps, natural 62",
)

# %% [markdown]
# From 0.009 the gradient needs 42,400 steps, and for a long time it goes the wrong way: the second-best arm, which is taken often, grows quickly and pushes the best one down to 0.0003, from where its own gradient hardly lifts it. The ascent still ends at the best arm, as it must (Mei et al., ICML 2020); how long that takes depends on where it starts, which their second paper of that year calls the *gravity well* of the softmax. The natural step multiplies the ratio of the best arm to the second by $e^{0.1}$ each time, wherever it stands: 62 steps.
#
# **A controller.** The mass of lecture 05b, pushed by $a\sim\mathcal N(-Gs,\sigma^2)$. Its score is $-(a+Gs)\,s^\top/\sigma^2$, so $F = (1-\gamma)\,\Sigma/\sigma^2$ with $\Sigma=\mathbb E\sum_t\gamma^ts_ts_t^\top$. We let $\sigma$ go to 0, so that noise does not spread the states. The natural direction is then proportional to $\nabla\eta\,\Sigma^{-1}$: where the states are drops out. Divided by the curvature of $Q$ in the action as well it becomes policy iteration (Fazel et al. 2018 call it Gauss–Newton).

# %%
MASS = Regulator().problem(gamma=0.95)
root = np.sqrt(MASS.gamma)
P = scipy.linalg.solve_discrete_are(root * MASS.A, root * MASS.B, MASS.Q, MASS.R)
riccati = np.linalg.solve(MASS.R + MASS.gamma * MASS.B.T @ P @ MASS.B, MASS.gamma * MASS.B.T @ P @ MASS.A)


def slope_without_states(G):
    return -MASS.gradient(G) @ np.linalg.inv(MASS.state_matrix(G))


def curvature(G):
    return 2 * (MASS.R + MASS.gamma * MASS.B.T @ MASS.value_matrix(G) @ MASS.B)


# %% [markdown]
# Three rules, until each stands still:

# %%
rules = {
    "gradient, α = 0.02": lambda G: -0.02 * MASS.gradient(G),
    "natural, α = 2": lambda G: 2 * slope_without_states(G),
    "natural over the curvature": lambda G: np.linalg.solve(curvature(G), slope_without_states(G)),
}
with receipts("last gain", oracle="SciPy's Riccati solver") as same:
    for name, rule in rules.items():
        G, step, steps = np.array([[0.5, 0.3]]), np.ones((1, 2)), 0
        while abs(step).max() > 1e-9:  # until it stands still; where, it has not been told
            step = rule(G)
            G, steps = G + step, steps + 1
        same(f"{name}: {steps} steps", G, riccati, 1e-6)

# %% [markdown]
# All three end at Riccati's gain, which they were not told. Until nothing moves any more the gradient takes 1,329 steps, the natural step 34, policy iteration 7.
#
# ## 7 · From samples (7 minutes)
#
# Live, from the bad corner: `NPG` estimates $g$ and the products $Fv$ from batches of 6,400 steps of the two-state world, with the same $\alpha$ as in section 1, or $g$ alone. The panel shows $\pi(\text{stay})$ of both states, as on the right of section 4, for four seeds. The upper left is where one should go.


# %%
def plainly(F, g, iterations):
    """In the place of F⁻¹g: the gradient itself."""
    return g


@dataclass(frozen=True)
class FromTheCorner(NPG):
    """NPG on a linear softmax, that starts at logits (3, −3) for staying."""

    def networks(self, spaces, streams):
        nets = super().networks(spaces, streams)
        weight, bias = nets.policy.layers[0]
        weight.data.copy_(torch.tensor([[1.5, -1.5], [-1.5, 1.5]]))
        bias.data.zero_()
        return nets


table_settings = {
    "hidden": (), "gamma": 0.99, "lam": 0.9, "num_envs": 64, "horizon": 100, "damping": 1e-4,
    "fisher_fraction": 1.0, "normalise_advantage": False, "normalise_reward": False, "critic_lr": 0.5,
}  # fmt: skip
two = {
    "natural": FromTheCorner(**table_settings, learning_rate=0.1),
    "gradient": FromTheCorner(**table_settings, learning_rate=1.0, solver=plainly),
}

# %% [markdown]
# After each update the panel draws the square of all policies, and the way that each seed has come:

# %% tags=["hide"]
WALK = []


def stays_of(training):
    """π(stay) in both states of each seed, [S, 2]."""
    weight, bias = (x.detach().numpy() for x in training.agent.nets.policy.layers[0])
    return softmax(weight + bias.reshape(len(weight), 1, 2))[..., 0]


def walk_svg(obs, action):
    """The square of policies with its level lines, and the walks so far."""

    def line(points, stroke, width):
        joined = " ".join(f"{10 + 220 * x:.0f},{230 - 220 * y:.0f}" for x, y in points)
        return f'<polyline points="{joined}" fill="none" stroke="{stroke}" stroke-width="{width}"/>'

    parts = [line([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)], "currentColor", 1)]
    parts += [line(points[::3], plots.GREY, 0.7) for points in LEVELS]
    if WALK:
        walks = np.array([CORNER[None].repeat(WALK[0].shape[0], 0), *WALK])
        parts += [line(walks[:, seed], plots.BLUE, 2) for seed in range(walks.shape[1])]
    return f'<svg width="240" height="240" role="img" aria-label="policies walking over the square">{"".join(parts)}</svg>'


# %% [markdown]
# The level lines are those of section 4. A function round the usual trainer notes the policies:

# %% tags=["hide"]
LEVELS = [
    part
    for level in plots.axes(plots.figure(4, 4))
    .contour(GRID, GRID, ETA, levels=np.linspace(0.2, 1.9, 12))
    .allsegs
    for part in level
    if len(part) > 6
]


def train_and_note(algorithm, env, callbacks=(), trainer=train, **how):
    """Train, and keep π(stay) after each update in WALK."""
    WALK.clear()
    return trainer(algorithm, env, callbacks=[*callbacks, lambda t: WALK.append(stays_of(t))], **how)


# %% [markdown]
# Choose *natural* or *gradient* and press Start:

# %% tags=["hide"] stage={"ask": "How many of the fifty updates will each of the two spend on the plateau?"}
panel = live(
    two,
    StayOrLeave.id,
    steps=320_000,
    seeds=4,
    recorded="recordings/10-live.json",
    title="Two states, fifty updates",
    drawing=walk_svg,
    trainer=train_and_note,
    damping=Slider("", "damping", min=1e-5, max=0.1, log=True),
)
panel

# %% [markdown]
# Look at the square (the curves play the most probable actions only). The natural walks go up along the right edge, most of them within 25 to 40 updates; after fifty the gradient's stay in state 1 with a probability of about 0.2. The price is noise: in the first ten updates the natural steps of state 1's logit scatter by about 0.2 round a mean of 0.1, the gradient's by 0.03 only. At first state 1 is one step in twenty, $F$ is small there, and dividing by it magnifies what the samples got wrong. Lecture 10b says what to do.
#
# ## Summary
#
# - Steepest ascent needs a measure of distance. Under $\tfrac12\Delta^\top K\Delta\le\delta$ the best step is $\sqrt{2\delta/g^\top K^{-1}g}\;K^{-1}g$; the gradient is the case $K=I$.
# - The KL divergence of a small step is $\tfrac12\Delta^\top F\Delta$, with the Fisher matrix $F=\mathbb E[\nabla\log\pi\,\nabla\log\pi^\top]$.
# - The natural gradient $F^{-1}g$ leads to the same new policy from every writing of the old one, up to terms of order $\alpha^2$; the gradient does not.
# - For a table of logits it is the advantage, and its step multiplies each action's probability by $\exp(\alpha A^\pi/(1-\gamma))$.
# - The gradient is weighted by visits and probabilities, and stands still where they are small. $F^{-1}$ takes these weights out; with samples it also magnifies the noise of what is rarely seen.
#
# ## Exercises
#
# 1. ★ (5 minutes) In section 1 write $\theta = 10\,u$ and climb in $u$ with $\alpha=1$. To which step of $\theta$ does that amount, and how many steps does the gradient need? And the natural gradient with $\alpha=0.1$?
#    <details><summary>Hint</summary>The gradient in u is ten times that in θ, and so is the effect of a step.</details>
#    <details><summary>Answer</summary>One of α = 100 in θ: `len(climb(100, gradient, one_logit, corner)) - 1` is 93. The natural gradient in u is a tenth of that in θ, moves θ as before, and needs 33. A "good learning rate" of the gradient is a statement on the writing.</details>
# 2. ★★ (10 minutes) One state, two actions, $\pi(\text{stay})=\sin^2u$. Compute $F$ by hand. In which writings of such a policy is the gradient a natural gradient?
#    <details><summary>Hint</summary>The scores are 2 cos u/sin u and −2 sin u/cos u.</details>
#    <details><summary>Answer</summary>F = sin²u · 4cos²u/sin²u + cos²u · 4 sin²u/cos²u = 4, whatever u. So in the angle (or a multiple of it) the gradient is a multiple of the natural one.</details>
# 3. ★★ (10 minutes) The other divergence, $D_{\mathrm{KL}}(\pi_{\theta'}\|\pi_\theta)$ with $d^\pi$ held fixed: what is its Hessian at $\theta'=\theta$? Check it with a step of 0.001 in section 3.
#    <details><summary>Hint</summary>Expand Σ π' log(π'/π) with π' = π + ε to second order in ε.</details>
#    <details><summary>Answer</summary>Both are ½ Σ ε²/π to second order, so it is F again: `d @ markov.kl(new, pi) / (0.5 * quadratic)` is 1.00 at the end of section 3. They part at third order.</details>
# 4. ★★★ (20 minutes) Is the cure of the plateau the direction or the length? In section 1 let both directions take the step of the box in section 2, with $K=F$ and $\delta=0.001$.
#    <details><summary>Hint</summary>For a direction s that is not F⁻¹g, the length is the root of 2δ/sᵀFs.</details>
#    <details><summary>Answer</summary>Here it is the length: the gradient needs 19 steps, the natural gradient 23. Where F is small, a step of fixed divergence is long in either direction. The direction matters where the writing is skewed or the states compete, as in section 5; and with noise the two differ once more (lecture 10b).</details>
#
# ## Sources
#
# - Kakade, *A natural policy gradient*, NIPS 2001: the natural gradient of a policy, its relation to compatible critics and policy iteration, the plateau of two states (with numbers of its own).
# - Amari, *Natural gradient works efficiently in learning*, Neural Computation 10, 1998: steepest descent under a metric.
# - Mei, Xiao, Szepesvári, Schuurmans, *On the global convergence rates of softmax policy gradient methods*, ICML 2020, [arXiv:2005.06392](https://arxiv.org/abs/2005.06392): the ascent ends at the best arm.
# - Mei, Xiao, Dai, Li, Szepesvári, Schuurmans, *Escaping the gravitational pull of softmax*, NeurIPS 2020: the gravity well.
# - Agarwal, Kakade, Lee, Mahajan, *On the theory of policy gradient methods*, JMLR 2021, [arXiv:1908.00261](https://arxiv.org/abs/1908.00261): the natural step of a softmax is multiplicative weights.
# - Fazel, Ge, Kakade, Mesbahi, *Global convergence of policy gradient methods for the linear quadratic regulator*, ICML 2018, [arXiv:1801.05039](https://arxiv.org/abs/1801.05039).
# - Martens, *New insights and perspectives on the natural gradient method*, JMLR 2020, [arXiv:1412.1193](https://arxiv.org/abs/1412.1193): what is invariant, and what is not.
