# %% [markdown] tags=["head"]
# # Lecture 05b · Deterministic policy gradient
#
# question: A controller does not gamble: it answers every state with one action. How can such a policy have a gradient, and may
#   the data come from somebody else?
# objectives:
# - **derive** the deterministic policy gradient from the chain rule, and check it on a problem that is solved exactly
# - **show** that it is the limit of the stochastic gradient, and what a sample of either costs
# - **explain** why no importance weight appears, and where another policy's data still mislead
# - **say** what the factor $\gamma^t$ in the actor's update is for, and what one climbs without it
# - **read** the off-policy deterministic actor-critic line by line
# needs:
# - 05: importance weights, and their price
# - the policy gradient and its score function (lecture 03)
# - the chain rule for functions of several variables
# symbols: s, a, r, t, T, \gamma, \mu, \theta, \eta, V^\pi, d^\pi, \pi, \sigma, Q_w, w, \alpha, \mathbb E
# - $x, v$: position and velocity of the mass
# - $K$: gain, two numbers: $\mu(s) = -Ks = -k_1x-k_2v$
# - $A, B$: the motion, $s' = As + Ba$
# - $P$: matrix of the value, $V^\mu(s) = -s^\top P s$
# - $\Sigma$: where the mass is, $\mathbb E\sum_t\gamma^t s_ts_t^\top$
# - $\beta$: behaviour, the policy that made the data
# - $\rho(s)$: states of the data, whatever policy made them
# - $\xi$: standard normal number
# - $k$: one gain, where a policy has only one number
# homework: 2

# %% tags=["import", "hide"]
from dataclasses import replace

import numpy as np

from rlcourse import plots
from rlcourse.algorithms.opdac import OPDAC
from rlcourse.experiments import recorded
from rlcourse.pages import pseudocode, receipts
from rlcourse.parts.worlds import Regulator
from rlcourse.statistics import intervals_of_sets
from rlcourse.training import train
from rlcourse.widgets import Slider, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · A landscape of gains (12 minutes)
#
# A mass of 1 kg lies on a rail without friction, one to two metres from a mark. A force $a$ pulls it there: ten times a second it is set to
# $$a = \mu(s) = -k_1\,x - k_2\,v,$$
# a spring and a brake. Every step costs $x^2 + 0.1\,v^2 + 0.1\,a^2$, the reward is minus that, and $\gamma = 0.95$. So a policy is a point $(k_1, k_2)$ of a plane, and its return the height there.

# %% tags=["hide"]
WORLD = Regulator()  # the mass, as a world to train in
MASS = WORLD.problem(gamma=0.95)  # and as matrices: A, B, costs Q and R, E[s₀s₀ᵀ]
BEST = MASS.optimal_gain()
K1, K2 = np.linspace(-0.4, 4, 89), np.linspace(-0.4, 5.6, 121)
PLANE = np.moveaxis(np.stack(np.meshgrid(K1, K2)), 0, -1)[..., None, :]  # [121, 89, 1, 2]
HEIGHT = -np.array([[MASS.cost(K) if MASS.is_stable(K) else np.inf for K in row] for row in PLANE])
LEVELS = HEIGHT.max() - np.array([64, 32, 16, 8, 4, 2, 1, 0.5, 0.2])


def draw_map(ax):
    """The return over the plane of gains, with the best one; each line about halves what is missing to it."""
    band = np.digitize(HEIGHT, LEVELS)
    ax.pcolormesh(K1, K2, band, cmap="Greys_r", vmin=-6, vmax=9, shading="nearest")
    high = np.maximum(HEIGHT, -100)
    ax.contour(K1, K2, high, levels=LEVELS, colors=plots.GREY, linewidths=0.8, linestyles="-")
    ax.plot(*BEST[0], "*", color=plots.BLACK, markersize=15)
    ax.set(xlim=(-0.4, 4), ylim=(-0.4, 5.6), xlabel="spring k₁ (N/m)", ylabel="brake k₂ (N s/m)")


def motion(K, steps=100, start=1.5):
    """States of the mass under a gain, from rest [steps + 1, 2]."""
    states = [np.array([start, 0.0])]
    for _ in range(steps):
        states.append((MASS.A - MASS.B @ K) @ states[-1])
    return np.array(states)


# %% [markdown]
# **Try.** Set the brake to 0: what is the best that a spring alone can do, and why must it be weak? Then follow the arrow, the direction in which the return rises fastest, to the star.


# %% tags=["hide"]
def draw_gains(fig, k1=0.5, k2=0.3):
    plane, path = plots.axes(fig, 1, 2)
    draw_map(plane)
    K = np.array([[k1, k2]])
    uphill = -MASS.gradient(K)[0] if MASS.is_stable(K) else np.zeros(2)
    tip = K[0] + 0.7 * uphill / max(np.hypot(*uphill), 1e-9)
    plane.annotate("", tip, K[0], arrowprops={"arrowstyle": "-|>", "color": plots.BLUE, "lw": 2.5})
    plane.plot(k1, k2, "o", color=plots.BLUE, markersize=9)
    plane.set_title("return, light is high")
    seconds, states = 0.1 * np.arange(101), motion(K)
    path.plot(seconds, states[:, 0], color=plots.BLUE, linestyle="-", label="x")
    path.plot(seconds[:-1], -states[:-1] @ K[0], color=plots.ORANGE, linestyle=plots.DASHES, label="a")
    path.axhline(0, color=plots.GREY, linewidth=1, linestyle="-", label="_0")
    path.set(xlim=(0, 10), ylim=(-3, 3), xlabel="time (s)", ylabel="position (m), force (N)")
    path.set_title("from rest at 1.5 m")
    plots.label_lines(path)
    value = -float(MASS.cost(K)) if MASS.is_stable(K) else -np.inf
    return {"return η": value, "slope in k₁": float(uphill[0]), "slope in k₂": float(uphill[1])}


explore(
    draw_gains,
    alt="Return over spring and brake with the direction of steepest ascent; position and force over time",
    size=(10.5, 4.2),
    settings={
        "the best spring alone": {"k1": 0.4, "k2": 0.0},
        "a strong spring alone": {"k1": 1.5, "k2": 0.0},
        "at the star": {"k1": 2.25, "k2": 2.1},
    },
    k1=Slider("k₁", "spring", min=0.0, max=3.5, step=0.05),
    k2=Slider("k₂", "brake", min=0.0, max=3.5, step=0.05),
)

# %% [markdown]
# A spring alone swings the mass ever wider, as its force is held for a tenth of a second while the mass moves on, and a strong one costs much: its best return is −29.0, at $k_1 = 0.4$; spring and brake together reach −17.5.
#
# The arrow was computed with the equations of the mass. An agent does not have them, and the score function of lecture 03 is of no use: $\log\mu$ has no gradient, for nothing is drawn. What an agent can have is a critic.
#
# ## 2 · The chain rule (16 minutes)
#
# Let $\theta$ be the parameters of $\mu$, here the gain $K$. All that follows is one observation: $\theta$ acts on the return *only through actions*.
#
# **Step 1.** A policy that does not gamble has $V^\mu(s) = Q^\mu(s,\mu(s))$, and $\theta$ occurs in it twice: in the action now, and in all later ones, inside $Q^\mu(s,a) = r(s,a) + \gamma\,\mathbb E\,V^\mu(s')$. So
# $$\nabla_\theta V^\mu(s) = \nabla_\theta\mu(s)\,\nabla_{\!a}Q^\mu(s,a)\big|_{a=\mu(s)} + \gamma\,\mathbb E_{s'}\big[\nabla_\theta V^\mu(s')\big].$$
#
# **Step 2.** That is Bellman's equation of a value whose "reward" is $\nabla_\theta\mu\,\nabla_{\!a}Q^\mu$. So it is the discounted sum along the path of $\mu$:
# $$\boxed{\;\nabla\eta = \mathbb E_\mu\Big[\sum_t\gamma^t\;\nabla_\theta\mu(s_t)\,\nabla_{\!a}Q^\mu(s_t,a)\big|_{a=\mu(s_t)}\Big] = \frac1{1-\gamma}\,\mathbb E_{s\sim d^\mu}\big[\nabla_\theta\mu(s)\,\nabla_{\!a}Q^\mu(s,a)\big|_{a=\mu(s)}\big]\;}$$
# (Silver et al. 2014; the functions must be smooth in $a$, so this is for continuous actions.) The critic's *slope* in the action says where the action should go, the chain rule says which parameters move it there.

# %% tags=["hide"]
predict(
    "Lecture 03's gradient averages over states *and* actions. How many actions must be tried in a state for this one?",
    {
        "none but μ(s), if the critic's slope is known": "",
        "at least two, to compare them": "A slope compares neighbouring actions, but it is the critic that knows it.",
        "all of them": "A stochastic policy averages over all of its actions; this one has a single one.",
    },
    answer="none but μ(s), if the critic's slope is known",
    why="Which is also the catch: somebody must have tried other actions, or no critic could know the slope.",
)

# %% [markdown]
# For the mass everything is known. $V^\mu(s) = -s^\top Ps$, and $Q^\mu(s,a)$ is a parabola in $a$; its slope at $\mu(s)$ is linear in $s$. The receipt walks along one path from rest and adds up step 2, at three gains. Its oracle nudges the gain and measures the return again; a third way is the closed form of the package.


# %%
def by_theorem(K):
    """Σ_t γ^t ∇μ(s_t) ∇_a Q(s_t, μ(s_t)) along the path from rest at x² = 7/3."""
    H, states = MASS.action_value_matrix(K), motion(K, steps=2000, start=(7 / 3) ** 0.5)
    slope = -2 * (states @ H[:2, 2:] + (-states @ K.T) @ H[2:, 2:])  # ∇_a Q, [2001, 1]
    return 0.95 ** np.arange(2001) @ (-states * slope)  # ∇μ(s) = −s


def measured(K):
    """The return of the same path, reward by reward."""
    states = motion(K, steps=2000, start=(7 / 3) ** 0.5)
    cost = states**2 @ [1, 0.1] + 0.1 * (states @ K[0]) ** 2
    return -(0.95 ** np.arange(2001)) @ cost


h, gains = 1e-5, [np.array([[0.5, 0.3]]), np.array([[1.0, 2.0]]), BEST]
with receipts("theorem, along a path", oracle="finite differences") as same:
    for K in gains:
        nudged = [(measured(K + e) - measured(K - e)) / (2 * h) for e in h * np.eye(2)[:, None]]
        same(f"gradient at k = ({K[0, 0]:.2f}, {K[0, 1]:.2f})", by_theorem(K), nudged, 1e-6)
with receipts("theorem, along a path", oracle="closed form") as same:
    for K in gains:
        same(f"gradient at k = ({K[0, 0]:.2f}, {K[0, 1]:.2f})", by_theorem(K), -MASS.gradient(K)[0], 1e-9)

# %% [markdown]
# At the third gain the gradient is 0: it is the best one, which control theory gets from *Riccati's equation*. Does a climber reach it?


# %%
def climb(step, K, until=1e-6):
    """Gains of gradient ascent until both are within `until` of the best."""
    path = [K]
    while abs(path[-1] - BEST).max() > until:
        path.append(path[-1] + step(path[-1]))
    return np.array(path)[:, 0]


def greedy(K):
    """To the top of every state's parabola: argmax_a Q(s, a) is linear in s, so it is a gain too."""
    H = MASS.action_value_matrix(K)
    return np.linalg.solve(H[2:, 2:], H[2:, :2]) - K


start = gains[0]
climbs = {
    "gradient": climb(lambda K: -0.02 * MASS.gradient(K), start),
    "policy iteration": climb(greedy, start),
}
with receipts("last gain of the climb", oracle="Riccati") as same:
    for name, path in climbs.items():
        same(name, path[-1], BEST[0], 1e-6)

# %% [markdown]
# Both paths on the map:

# %% tags=["hide"]
fig = plots.figure(6.5, 4.6)
ax = plots.axes(fig)
draw_map(ax)
for (name, path), look in zip(
    climbs.items(), ((plots.BLUE, "-", ""), (plots.ORANGE, plots.DASHES, "o")), strict=True
):
    label = f"{name}: {len(path) - 1} steps"
    ax.plot(*path.T, color=look[0], linestyle=look[1], marker=look[2], markersize=6, label=label)
    print(label)
ax.set_title("Both reach Riccati's gain")
ax.legend(loc="upper left", frameon=True)
plots.show(fig, alt="Gradient ascent and policy iteration on the map of the return, both to Riccati's gain")

# %% [markdown]
# Policy iteration walks to the top of the critic's parabola, for which it needs the whole critic. The gradient needs only its slope where $\mu$ already is, and pays with many small steps. The return is not concave in $K$, and yet the gradient arrives: for linear-quadratic problems whose first states have a second-moment matrix of full rank Fazel et al. (2018) prove that it does, from any gain of finite cost, with small enough steps. Ours starts at rest, so the theorem does not cover it; the receipt shows that it arrives.
#
# ## 3 · The limit of the stochastic gradient (12 minutes)
#
# Let the policy gamble a little: $a = \mu(s) + \sigma\xi$. Lecture 03's gradient holds for it, with $\nabla_\theta\log\pi = \nabla_\theta\mu\;\xi/\sigma$. Expand $Q$ around $\mu(s)$ (primes are derivatives in $a$):
# $$\mathbb E\Big[\frac{\xi}{\sigma}\,Q(s,\mu+\sigma\xi)\Big] = \mathbb E\Big[\frac{\xi}{\sigma}\Big(Q + \sigma\xi\,Q' + \frac{\sigma^2\xi^2}2\,Q'' + \frac{\sigma^3\xi^3}6\,Q'''+\dots\Big)\Big] = Q' + \frac{\sigma^2}2\,Q''' + \dots,$$
# because odd powers of $\xi$ have the mean 0. So **the deterministic gradient is the limit of the stochastic one as $\sigma\to0$**, and the error is of order $\sigma^2$. (For a parabola $Q'''=0$; there it comes from the states, which noise spreads.)


# %%
def stochastic_gradient(K, sigma):
    """E[Σ_t γ^t ∇log π(a_t|s_t) Q(s_t, a_t)]: the mean over actions by quadrature, over states by Σ."""
    xi, weight = np.polynomial.hermite_e.hermegauss(5)
    H, pull = MASS.action_value_matrix(K), []
    for s in np.eye(2):  # this mean is linear in s
        a = -K @ s + sigma * xi
        z = np.stack([0 * xi + s[0], 0 * xi + s[1], a])
        pull.append(weight @ (xi / sigma * -np.einsum("if,ij,jf->f", z, H, z)) / weight.sum())
    noisy = replace(MASS, noise=sigma**2 * MASS.B @ MASS.B.T)
    return -(np.array(pull) @ noisy.state_matrix(K))


K = np.array([[0.5, 0.3]])
with receipts("score function", oracle="finite differences") as same:
    for sigma in (1.0, 0.3):
        noisy = replace(MASS, noise=sigma**2 * MASS.B @ MASS.B.T)  # σξ moves the mass by B σ ξ
        nudged = [(noisy.cost(K - e) - noisy.cost(K + e)) / (2 * h) for e in h * np.eye(2)[:, None]]
        same(rf"gradient of the return, $\sigma = {sigma}$", stochastic_gradient(K, sigma), nudged, 1e-6)

# %% [markdown]
# What does a *sample* cost? One draw of $\xi$ gives $\nabla_\theta\mu\,\xi\,Q/\sigma$.

# %% tags=["hide"]
predict(
    "The noise σ of the policy goes to 0. The spread of that one-sample estimate…",
    {
        "goes to 0 as well": "The action hardly varies, but what is divided by σ is not small.",
        "stays finite": "It does with a baseline: ξ(Q − V)/σ tends to ξ²Q′. Here Q itself is divided by σ.",
        "grows like 1/σ": "",
    },
    answer="grows like 1/σ",
    ordered=True,
    why="Q does not vanish with σ, so ξQ/σ explodes. Its mean stays finite, as ever larger numbers of both signs cancel.",
)

# %% [markdown]
# Left, the distance of the stochastic gradient from its limit, for the mass and for a curved $Q(a) = \sin 3a$. Right, the spread of one sample for the mass at rest at 1.5 m.

# %% tags=["hide"]
fig, sigmas = plots.figure(10.5, 4), np.logspace(-2, 0, 41)
gap_ax, spread_ax = plots.axes(fig, 1, 2)
limit, (xi, weight) = by_theorem(K), np.polynomial.hermite_e.hermegauss(40)
weight = weight / weight.sum()
mass = [np.linalg.norm(stochastic_gradient(K, x) - limit) / np.linalg.norm(limit) for x in sigmas]
curved = [abs(weight @ (xi / x * np.sin(3 * (0.2 + x * xi))) / (3 * np.cos(0.6)) - 1) for x in sigmas]
for label, gap, look in (("mass", mass, (plots.BLUE, "-")), ("sin 3a", curved, (plots.PURPLE, plots.DASHES))):
    gap_ax.plot(sigmas, gap, color=look[0], linestyle=look[1], label=label)
    print(
        f"{label}: slope {np.log(gap[10] / gap[0]) / np.log(sigmas[10] / sigmas[0]):.3f} from σ = 0.01 to 0.03"
    )
    assert abs(np.log(gap[10] / gap[0]) / np.log(sigmas[10] / sigmas[0]) - 2) < 0.01
gap_ax.set(xscale="log", yscale="log", xlabel="σ (N)", ylabel="relative distance", title="Distance: slope 2")
H, s = MASS.action_value_matrix(K), np.array([1.5, 0.0])
a = -(K @ s)[:, None] + sigmas[:, None] * xi
q = -(s @ H[:2, :2] @ s + 2 * a * (s @ H[:2, 2:]) + H[2, 2] * a**2)
less = q - (q @ weight)[:, None]
for label, value, look in (
    ("Q", q, (plots.ORANGE, plots.DASHES)),
    ("Q − V", less, (plots.BLUE, "-")),
):
    one = 1.5 * value * xi / sigmas[:, None]
    spread = np.sqrt(one**2 @ weight - (one @ weight) ** 2)
    spread_ax.plot(sigmas, spread, color=look[0], linestyle=look[1], label=label)
spread_ax.set(xscale="log", yscale="log", xlabel="σ (N)", ylabel="standard deviation", title="One sample")
plots.label_lines(gap_ax)
plots.label_lines(spread_ax)
plots.show(
    fig, alt="The stochastic gradient tends to the deterministic one with slope 2; the spread of one sample"
)

# %% [markdown]
# Both distances have the slope 2. On the right $\xi Q/\sigma$ explodes; with the baseline of lecture 03b it settles; the deterministic gradient, given the state, has no spread at all. That is its gain. Its price: it needs the critic's *slope*, and a critic may have nearly right values and wrong slopes.
#
# ## 4 · Somebody else's data (18 minutes)
#
# A policy that always answers $\mu(s)$ never sees another action, so its critic cannot learn a slope. The data must come from a behaviour $\beta$ that does something else. What must be corrected?
#
# **The actor: no ratio.** The theorem contains no action of $\beta$: $Q^\mu$ is differentiated at $\mu(s)$, whatever was done there.
#
# **The critic: no ratio.** Its target $r + \gamma\,Q(s',\mu(s'))$ is right for *any* $a$: $r$ and $s'$ are the world's answer to $a$, and what comes later is asked of $\mu$. (A critic of $V^\mu(s)$ could use only steps in which $\beta$ happened to do just $\mu(s)$: with Gaussian noise, none.)
#
# **The states: they stay $\rho(s)$,** those of the data. The update is $\mathbb E_{s\sim\rho}[\nabla_\theta\mu\,\nabla_{\!a}Q^\mu]$, not the gradient of $\eta$. For the mass this moves the path and not its end, because with the best gain the slope is 0 in *every* state:

# %%
H = MASS.action_value_matrix(BEST)
elsewhere = np.random.default_rng(0).normal(size=(1000, 2)) * [3, 5]  # any states whatever
slopes = -2 * (elsewhere @ H[:2, 2:] - elsewhere @ BEST.T @ H[2:, 2:])
with receipts("1000 random states", oracle="zero") as same:
    same(r"$\nabla_{\!a}Q$ at Riccati's gain", slopes, 0, 1e-9)

# %% [markdown]
# But a critic with few parameters cannot be right everywhere, and $\rho(s)$ decides *where* it is right. Take a bead on a hill between two valleys at ±1. It starts near the top, $x\sim\mathcal N(0, 0.3^2)$; one step $a = kx$ moves it, and the reward is minus the height $\big((x+a)^2-1\big)^2$ that it comes to. The policy has $k=0$. The critic
# is a quadratic, $Q_w = w_0 + w_1x^2 + w_2xa + w_3a^2$, fitted by least squares to *exact* rewards at states $x\sim\mathcal N(0,\mathrm{width}^2)$, with actions of standard deviation 0.1.

# %% tags=["hide"]
predict(
    "The data come from somebody who roamed over both valleys: width 1. The actor asks this critic only at its own states, "
    "near the top. It moves the bead…",
    {
        "outward, as the truth says": "Most data lie there, but one straight slope must serve all states, and the far ones outvote them.",
        "not at all": "Only at one particular width do the two errors cancel.",
        "inward, up the hill": "",
    },
    answer="inward, up the hill",
    why="Far out the right advice is *inward*. A quadratic has one advice for all states, and what is far out counts most.",
)

# %% [markdown]
# On the left the ground, and where data (bars) and policy (dashed) are. On the right the slope that the policy should feel, and the one that the critic tells it. Move the width.


# %% tags=["hide"]
NODES, MEASURE = np.polynomial.hermite_e.hermegauss(8)
MEASURE = MEASURE / MEASURE.sum()  # exact for polynomials up to degree 15


def fitted_critic(width):
    """Least squares for Q_w on x ~ N(0, width²), a ~ N(0, 0.1²): w₀ … w₃."""
    x, a = (axis.ravel() for axis in np.meshgrid(width * NODES, 0.1 * NODES, indexing="ij"))
    root = np.sqrt(np.outer(MEASURE, MEASURE)).ravel()
    features = np.stack([np.ones_like(x), x**2, x * a, a**2], axis=1)
    return np.linalg.lstsq(features * root[:, None], -(((x + a) ** 2 - 1) ** 2) * root, rcond=None)[0]


def advice(slope):
    """E[x ∇_a Q] over the policy's own states: the direction in which k is moved."""
    x = 0.3 * NODES
    return float(MEASURE @ (x * slope(x)))


def truth(x):
    return -4 * x * (x**2 - 1)  # ∇_a of the reward at a = 0


# %% [markdown]
# The lab:


# %% tags=["hide"] stage={"ask": "As the data grow wider, when does the critic begin to send the actor the wrong way?"}
def draw_hill(fig, width=1.0):
    hill_ax, slope_ax = plots.axes(fig, 1, 2)
    x, w, bins = np.linspace(-2, 2, 201), fitted_critic(width), np.linspace(-2, 2, 41)
    hill_ax.plot(x, (x**2 - 1) ** 2, color=plots.BLACK, linestyle="-")
    hill_ax.bar(bins, 1.2 * np.exp(-0.5 * (bins / width) ** 2), 0.08, bottom=-1.4, color=plots.SKY)
    own = 1.2 * np.exp(-0.5 * (x / 0.3) ** 2) - 1.4
    hill_ax.plot(x, own, color=plots.BLUE, linestyle=plots.DASHES)
    hill_ax.set(xlim=(-2, 2), ylim=(-1.4, 3), yticks=(0, 1, 2, 3), xlabel="position x", ylabel="height")
    hill_ax.set_title("ground, data, own states")
    slope_ax.plot(x, truth(x), color=plots.BLACK, linestyle="-", label="truth")
    slope_ax.plot(x, w[2] * x, color=plots.ORANGE, linestyle=plots.DASHES, label="critic")
    slope_ax.axvspan(-0.6, 0.6, color=plots.BLUE, alpha=0.12)
    slope_ax.axhline(0, color=plots.GREY, linewidth=1, linestyle="-")
    slope_ax.set(xlim=(-2, 2), ylim=(-4, 4), xlabel="position x", ylabel="slope of Q in a")
    told = advice(lambda x: w[2] * x)
    slope_ax.set_title(f"the actor moves {'out' if told > 0 else 'in'}ward")
    plots.legend(slope_ax, loc="upper right")
    return {"direction told to k": told, "true direction": advice(truth)}


explore(
    draw_hill,
    alt="A hill between two valleys with data and own states; the true slope of Q and that of a fitted critic",
    size=(10.5, 4),
    settings={"data from nearby": {"width": 0.2}, "data from afar": {"width": 1.5}},
    width=Slider("", "width of the data", min=0.2, max=1.5, step=0.05),
)

# %% [markdown]
# The closed form behind it, for Gaussian data: the fitted $w_2$ is the mean of $\partial^2Q/\partial x\partial a = 4 - 12\,(x+a)^2$ over the data, and the direction told is $0.3^2\,w_2$.

# %%
with receipts("direction told to k, by least squares", oracle="closed form") as same:
    for width in (0.3, 1.0):
        w = fitted_critic(width)
        closed = 0.3**2 * (4 - 12 * (width**2 + 0.1**2))
        same(f"width {width}", advice(lambda x, w=w: w[2] * x), closed, 1e-9)
assert advice(truth) > 0 > closed, "outward is right, and the wide data say inward"

# %% [markdown]
# All these critics fit exact rewards as well as they can; the width of the data alone turns the actor round. So: *on which states should the critic be fitted?* On those where the actor will ask, $d^\mu$. A replay buffer holds older policies' states, near to these but not equal; large networks need to compromise less. Neither is a guarantee.
#
# ## 5 · What $\gamma^t$ is for (10 minutes)
#
# The theorem discounts the *states* as well: step $t$ counts $\gamma^t$. The off-policy algorithm of the next section has that factor in its actor update; nearly all code leaves it out, as late states would hardly teach anything. What is climbed then? In general no function at all (Nota and Thomas 2020). A case to measure: a brake that is tied to the spring,
# $a = -k\,(x + 0.2\,v)$, so that the best gain is out of reach and states compete.


# %%
def path_of(k, steps=100):
    """States and ∇_k μ ∇_a Q at each of them, from rest, under K = (k, 0.2 k)."""
    K = k * np.array([[1.0, 0.2]])
    H, s = MASS.action_value_matrix(K), motion(K, steps - 1, (7 / 3) ** 0.5)
    slope = -2 * (s @ H[:2, 2:] - s @ K.T @ H[2:, 2:])[:, 0]
    reward = -(s**2 @ [1, 0.1] + 0.1 * (s @ K[0]) ** 2)
    return reward, -(s @ [1.0, 0.2]) * slope


discount, grid = 0.95 ** np.arange(100), np.linspace(0.5, 4, 701)
reward, update = np.moveaxis([path_of(k) for k in grid], 1, 0)  # [701, 100] each
rests = {
    "with γᵗ": grid[np.argmin(abs(update @ discount))],
    "without": grid[np.argmin(abs(update.sum(axis=1)))],
}

# %% [markdown]
# Where each of the two updates comes to rest, over what 100 steps earn:

# %% tags=["hide"]
fig = plots.figure(10.5, 3.8)
sums = {"discounted sum": reward @ discount, "plain sum": reward.sum(axis=1)}
for ax, (title, values) in zip(plots.axes(fig, 1, 2), sums.items(), strict=True):
    ax.plot(grid, values, color=plots.BLACK, linestyle="-")
    for (name, rest), look in zip(
        rests.items(), ((plots.BLUE, "-"), (plots.ORANGE, plots.DASHES)), strict=True
    ):
        ax.axvline(rest, color=look[0], linestyle=look[1])
        ax.text(rest + 0.04, values.max() - 0.85 * np.ptp(values), name, color=look[0], fontweight="bold")
        at_rest = values[np.argmin(abs(grid - rest))]
        print(
            f"{title}: {name} at k = {rest:.2f} it is {at_rest:.1f}; the best, at {grid[values.argmax()]:.2f}, {values.max():.1f}"
        )
    ax.set(xlabel="gain k", ylabel="return of 100 steps", title=title)
plots.show(
    fig,
    alt="Discounted and plain return over the gain, and where the updates with and without γᵗ come to rest",
)

# %% [markdown]
# With $\gamma^t$ the update rests at the top of the discounted sum, as the theorem says. Without it, it rests between the two tops: worse for the discounted sum, better for the plain one, best for neither. Leaving $\gamma^t$ out is a choice, and often a good one, since learning curves show plain sums. But it is no longer the gradient of $\eta$.

# %% [markdown]
# ## 6 · OPDAC (22 minutes)
#
# Now every part is there. $\beta$ is $\mu$ with Gaussian noise; the critic learns from its whole trajectories by TD, on features that are products of pairs of the numbers $(x, v, a)$, so a quadratic, which is what $Q^\mu$ is here; the actor climbs the critic's slope. `mu.backward(-uphill)` is the chain rule: it pushes $-\nabla_{\!a}Q_w$ back through $\mu$ to its parameters.

# %% tags=["hide"]
pseudocode(
    "OPDAC, after Silver et al. 2014, section 4.2 (many critic steps a batch, as trajectories come in batches)",
    r"""
    start $\theta$ and $w$
    for each batch of trajectories, played by $\beta$: $a_t = \mu_\theta(s_t) + \sigma\xi_t$:
        several times:
            $y = r + \gamma\,Q_w(s',\mu_\theta(s'))$, held fixed
            critic: $w$ one step down $\mathbb{E}\,(Q_w(s,a) - y)^2$
        weight of step $t$: $\gamma^t$, or 1
        actor: $\theta$ one step up $\mathbb{E}\sum_t \gamma^t\,\nabla_\theta\mu(s_t)\,\nabla_{\!a}Q_w(s_t,a)$ at $a=\mu_\theta(s_t)$
    """,
    OPDAC.update,
    {3: "for _ in range", 4: "y = self.target", 5: "error = critic.descend", 6: "weight = ", 7: "uphill = "},
)

# %% [markdown]
# Nowhere does a ratio $\mu/\beta$ appear, and line 4 is why: the next action is $\mu$'s own, whatever $\beta$ did.
#
# Live, on the mass, with forces up to 10 N. The map in the panel is that of section 1: watch the gains of four seeds walk from their random starts to the star. Then choose another update, or turn the noise down to almost nothing: what can the critic learn of slopes then?


# %% tags=["hide"]
WALK = []
SEGMENTS = plots.axes(plots.figure(4, 4)).contour(K1, K2, np.maximum(HEIGHT, -100), levels=LEVELS).allsegs


def gains_of(training):
    """The gains of a linear actor, [S, 2]."""
    weight = training.agent.nets.policy.layers[0][0].detach().numpy()
    return WORLD.gain(weight)[:, 0].copy()


def line_svg(points, colour, width):
    """A polyline on the map, 238 × 230 pixels for k₁ from −0.4 to 4 and k₂ from −0.4 to 5.6."""
    x, y = 238 * (points[:, 0] + 0.4) / 4.4, 230 - 230 * (points[:, 1] + 0.4) / 6
    joined = " ".join(f"{a:.0f},{b:.0f}" for a, b in zip(x, y, strict=True))
    return f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def walk_svg(obs, action):
    """The map of section 1 with the walks so far, whatever the mass does at the moment."""
    lines = [line_svg(part[::8], plots.GREY, 0.7) for level in SEGMENTS for part in level if len(part) > 8]
    if WALK:
        walks = np.array(WALK)[:: max(1, len(WALK) // 40)]
        lines += [line_svg(walks[:, seed], plots.BLUE, 2) for seed in range(walks.shape[1])]
    x, y = 238 * (BEST[0, 0] + 0.4) / 4.4, 230 - 230 * (BEST[0, 1] + 0.4) / 6
    lines.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="5" fill="currentColor"/>')
    return f'<svg width="238" height="230" role="img" aria-label="gains walking to the best one">{"".join(lines)}</svg>'


def train_and_note(algorithm, env, callbacks=(), trainer=train, **how):
    """Train, and keep the gains after each update in WALK."""
    WALK.clear()
    return trainer(algorithm, env, callbacks=[*callbacks, lambda t: WALK.append(gains_of(t))], **how)


# %% [markdown]
# A critic that lags behind its actor tells slopes of a policy that is no more, so it gets a hundred steps a batch, and the actor a small one.

# %%
opdac = {"with γᵗ": OPDAC(), "without": OPDAC(discount=False)}

# %% [markdown]
# The panel:

# %% tags=["hide"]
panel = live(
    {**opdac, "compatible critic": OPDAC(compatible=True)},
    WORLD.id,
    steps=40_000,
    seeds=4,
    recorded="recordings/05b-live.json",
    title="OPDAC: gains walk to Riccati's",
    drawing=walk_svg,
    trainer=train_and_note,
    noise=Slider("σ", "noise of β, of 10 N", min=0.01, max=0.5, log=True),
)
panel

# %% [markdown]
# The same with twelve seeds, with $\gamma^t$ and without it: 80,000 steps, which are a hundred updates of the actor, recorded (`python3 -m rlcourse record 05b`). Here and now the page runs two of the seeds for 4000.


# %%
def opdac_experiment(steps, seeds):
    """Gains [S, L, 2] of each algorithm, every 800 steps."""
    found = {}
    for name, algorithm in opdac.items():
        gains = []
        note = {"callbacks": [lambda training, gains=gains: gains.append(gains_of(training))]}
        train(algorithm, WORLD.id, steps, seeds, evaluate_every=steps, evaluation_episodes=1, **note)
        found[name] = np.stack(gains[24::25], axis=1)
    return found


walks, walks_now = recorded(
    "recordings/05b-opdac.json", opdac_experiment, {"steps": 4000, "seeds": 2}, steps=80_000, seeds=12
)

# %% [markdown]
# On the left the walks of all seeds on the map; on the right what is missing of the best return, exactly, from each gain.

# %% tags=["hide"]
fig = plots.figure(11, 4.4)
plane, miss = plots.axes(fig, 1, 2)
draw_map(plane)
steps = 800 * np.arange(1, walks["with γᵗ"].shape[1] + 1)
missing = {name: MASS.cost(walk[:, :, None, :]) - MASS.cost(BEST) for name, walk in walks.items()}  # [12, L]
for (name, walk), look in zip(walks.items(), ((plots.BLUE, "-"), (plots.ORANGE, plots.DASHES)), strict=True):
    plane.plot(*walk.transpose(2, 1, 0), color=look[0], linestyle=look[1], linewidth=1.2)
    plots.learning_curve(miss, steps, missing[name], name, *look, seeds_width=0.3, bounds=(0, None))
    end, mean = missing[name][:, -1], walk[:, -1].mean(axis=0)
    print(
        f"{name:8} at the end: gains {mean.round(2)} on average, missing {end.min():.2f} to {end.max():.2f}"
    )
assert missing["with γᵗ"][:, -1].max() < missing["without"][:, -1].min(), "so it is in every set of seeds"
plane.set_title("twelve seeds, both updates")
miss.set(yscale="log", ylim=(0.05, 60), ylabel="return missing", title="distance to the best return")
plots.label_lines(miss, wrap=8)
plots.show(
    fig, alt="Gains of OPDAC with and without γᵗ walk on the map towards the best gain; the return missing"
)

# %% [markdown]
# Nearly all walks with $\gamma^t$ are still on their way to the star (one has passed its best and turns away again: its critic is learnt, too). After a hundred updates their returns lie 0.10 to 1.00 below the best one, −17.46; without $\gamma^t$ 1.78 to 6.93 below. Exercise 4 shows that exact updates of either kind would rest at the star; here the critic is learnt and the time is short, and the
# late states that now count fully are those in which the mass has almost stopped. (That this slows the walk is a guess.)
#
# ## Summary
#
# - A policy without dice acts on the return through its actions alone: $\nabla\eta$ is the mean of $\nabla_\theta\mu\,\nabla_{\!a}Q^\mu$ over its own discounted states.
# - It is the limit of the stochastic gradient, with an error of order $\sigma^2$. It spreads less, and needs a critic whose *slopes* are right.
# - Neither actor nor critic needs a ratio for the data of a $\beta$ that tries other actions. That makes targets right, not learning stable (lecture 06). The states remain $\beta$'s, and they decide where a small critic is right, and where it misleads.
# - OPDAC's gains walked towards Riccati's on trajectories of a noisy $\beta$, with a critic that was learnt, and faster with $\gamma^t$.
# - On $\mu$'s own states, with its true critic, $\gamma^t$ makes the update the gradient of $\eta$. Without it, it is in general no function's gradient: in our example it rested between the tops of $\eta$ and of the plain sum (Nota and Thomas 2020 have one where it rests at the worst policy of both).
#
# ## Exercises
#
# 1. ★ (10 minutes) $s' = s + a$, cost $s^2 + a^2$, $\gamma = 1$. Which gain is best? You know the number.
#    <details><summary>Hint</summary>If V(s) = −Ps², the best a minimises a² + P(s + a)².</details>
#    <details><summary>Answer</summary>a = −s P/(1 + P), and P = 1 + P/(1 + P), so P² = P + 1: P is the golden ratio 1.618, and the gain is P/(1 + P) = 0.618.</details>
# 2. ★★ (10 minutes) In section 3, on the right, at which multiple of the slope |∇μ Q′| does *Q − V* settle as σ → 0?
#    <details><summary>Hint</summary>ξ(Q − V)/σ tends to ξ²Q′.</details>
#    <details><summary>Answer</summary>At √2 times it: ξ² has the variance 2.</details>
# 3. ★★ (15 minutes) At which width does the critic of section 4 give no advice at all? Would more data help?
#    <details><summary>Hint</summary>The fitted $w_2$ is the mean over the data of ∂²Q/∂x∂a.</details>
#    <details><summary>Answer</summary>Q depends on z = x + a alone and has the second derivative 4 − 12z²; its mean is 4 − 12(width² + 0.01), which is 0 at a width of 0.569. The fit was to infinitely many exact rewards already.</details>
# 4. ★★★ (20 minutes) Untie the brake in section 5: let the policy have both gains. Where do the updates with and without $\gamma^t$ come to rest now, and why?
#    <details><summary>Hint</summary>Look at the receipt of 1000 random states.</details>
#    <details><summary>Answer</summary>Both at Riccati's gain: there the slope is 0 in every state, so it does not matter how states are weighted.</details>

# %% [markdown]
# ## Further · A critic that cannot mislead
#
# Silver et al. ask which small critics do no harm. Answer: those *compatible* with the actor, $Q_w(s,a) = (a-\mu(s))^\top\nabla_\theta\mu(s)^\top w + \text{(anything of }s)$, with $w$ fitted to the true slopes on the actor's states. Setting the derivative of the squared error to 0 gives
# $\mathbb E[\nabla\mu\,\nabla\mu^\top]\,w = \mathbb E[\nabla\mu\,\nabla_{\!a}Q^\mu]$: the gradient that the critic tells is the true one. And $w$ itself is that gradient, divided by $\mathbb E[\nabla\mu\,\nabla\mu^\top]$: the *natural gradient* of lecture 10, for which $\theta\leftarrow\theta+\alpha w$ needs no further computation.

# %%
K, weights = gains[1], 0.95 ** np.arange(2001)
H, states = MASS.action_value_matrix(K), motion(K, steps=2000, start=(7 / 3) ** 0.5)
slope = -2 * (states @ H[:2, 2:] - states @ K.T @ H[2:, 2:])[:, 0]
root, grad_mu = np.sqrt(weights)[:, None], -states  # ∇μ(s) = −s
w = np.linalg.lstsq(grad_mu * root, slope * root[:, 0], rcond=None)[0]
told = weights @ (grad_mu * (grad_mu @ w)[:, None])
with receipts("compatible critic", oracle="closed form") as same:
    same("the gradient that it tells", told, -MASS.gradient(K)[0], 1e-8)
    same(
        "$w$: the gradient, divided by Σ",
        w,
        (-MASS.gradient(K) @ np.linalg.inv(MASS.state_matrix(K)))[0],
        1e-8,
    )

# %% [markdown]
# ## Sources
#
# - Silver, Lever, Heess, Degris, Wierstra, Riedmiller, *Deterministic policy gradient algorithms*, ICML 2014: the theorem, the limit, OPDAC, compatible critics.
# - Fazel, Ge, Kakade, Mesbahi, *Global convergence of policy gradient methods for the linear quadratic regulator*, ICML 2018, [arXiv:1801.05039](https://arxiv.org/abs/1801.05039).
# - Degris, White, Sutton, *Off-policy actor-critic*, ICML 2012, [arXiv:1205.4839](https://arxiv.org/abs/1205.4839): the update over the behaviour's states.
# - Nota, Thomas, *Is the policy gradient a gradient?*, AAMAS 2020, [arXiv:1906.07073](https://arxiv.org/abs/1906.07073): what the update without $\gamma^t$ is not.
# - Lillicrap et al., *Continuous control with deep reinforcement learning*, ICLR 2016, [arXiv:1509.02971](https://arxiv.org/abs/1509.02971): the same with deep networks, lecture 06.
