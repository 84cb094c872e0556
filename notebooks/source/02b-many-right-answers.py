# %% [markdown] tags=["head"]
# # Lecture 02b · Many right answers
#
# question: What should a clone do where the demonstrations give several right answers, or lead to several goals?
# objectives:
# - **show** why the best single Gaussian chooses what nobody demonstrated
# - **compare** a mixture, bins and bins one after the other, by their likelihood and by what they need
# - **say** what a latent variable and what a memory are for
# - **compute** what a demonstrator with habits costs a student without memory
# - **teach** a policy to reach goals that no demonstration named, and one to reach goals without any teacher
# needs:
# - 02: behaviour cloning as maximum likelihood
# - densities, conditional probabilities
# symbols: s, a, t, T, A, \pi, \theta, N, \mathcal N, \mathbb E
# - $K$: number of Gaussians in a mixture
# - $w_k$: weight of component $k$
# - $\mu_k$: mean of component $k$
# - $\sigma_k$: standard deviation of component $k$
# - $B$: number of bins of a dimension
# - $z$: latent variable, drawn before the action
# - $q$: probability that the driver changes the side
# - $g$: goal, a place
# homework: 1

# %% tags=["import", "hide"]
import numpy as np

from rlcourse import plots
from rlcourse.agents import reached_goals
from rlcourse.algorithms.cloning import Cloning
from rlcourse.equations import imitation
from rlcourse.experiments import recorded
from rlcourse.pages import receipts, show_source
from rlcourse.parts import experts
from rlcourse.parts.worlds import PointMaze, SystemVectorEnv
from rlcourse.statistics import interval, intervals_of_sets
from rlcourse.training import evaluate, train
from rlcourse.widgets import Slider, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · A tree on the way (20 minutes)
#
# A car drives up a way, and in the middle stands a tree. Three hundred drivers pass it, some on the left, some on the right; each chooses a lane $a$, between $-1$ and 1. A student sees all of this. His policy is a Gaussian, fitted by maximum likelihood as in lecture 02, and he drives where it is highest.

# %% tags=["hide"]
RADIUS = 0.22  # of the tree, at 0
RNG = np.random.default_rng(0)
LEFT = RNG.random(300) < 0.55
LANES = np.where(LEFT, -0.5, 0.45) + 0.055 * RNG.normal(size=300)
GRID = np.linspace(-1, 1, 801)


def lane_of(K):
    """(where the density of the best mixture of K is highest, its parts)."""
    parts = imitation.fit_mixture(LANES, K)
    return GRID[imitation.mixture_density(GRID, *parts).argmax()], parts


# %% [markdown]
# Sixty of the drivers in grey, the student in blue, the tree in green; on the right the lanes of all drivers and his density:


# %% tags=["hide"]
def draw_fork(fig, K=1):
    way_ax, density_ax = plots.axes(fig, 1, 2)
    lane, parts = lane_of(K)
    height = np.linspace(0, 1, 60)[:, None]
    bend = 1 / (1 + np.exp(-14 * (height - 0.35)))  # from the middle into the lane
    way_ax.plot(LANES[:60] * bend, height, color=plots.GREY, linestyle="-", linewidth=0.6, alpha=0.6)
    way_ax.plot(lane * bend, height, color=plots.BLUE, linestyle="-", linewidth=3.5)
    tree = np.linspace(0, 2 * np.pi, 60)
    way_ax.fill(RADIUS * np.cos(tree), 0.72 + 0.14 * np.sin(tree), color=plots.GREEN)
    way_ax.set(xlim=(-1, 1), ylim=(0, 1), yticks=[], xlabel="lane a")
    way_ax.set_title("into the tree" if abs(lane) < RADIUS else "past the tree")
    density_ax.hist(LANES, 40, range=(-1, 1), density=True, color=plots.GREY, alpha=0.4)
    density_ax.plot(GRID, imitation.mixture_density(GRID, *parts), color=plots.BLUE, linestyle="-")
    density_ax.axvspan(-RADIUS, RADIUS, color=plots.GREEN, alpha=0.2, linewidth=0)
    density_ax.set(xlim=(-1, 1), ylim=(0, 4), xlabel="lane a", ylabel="density", title=f"K = {K}")
    hits = np.mean(imitation.mixture_density(GRID, *parts)[abs(GRID) < RADIUS]) * 2 * RADIUS
    loglik = float(np.log(imitation.mixture_density(LANES, *parts)).mean())
    return {"most probable lane": float(lane), "drawn lanes that hit": float(hits), "log-likelihood": loglik}


fig = plots.figure(10.5, 4)
numbers = draw_fork(fig)
print("; ".join(f"{name} {value:.3f}" for name, value in numbers.items()))
plots.show(fig, alt="Sixty drivers pass the tree on either side; the Gaussian student drives into it")

# %% [markdown]
# He drives into the tree. Nobody did. The mean of the best Gaussian is the mean of all lanes, and the mean of left and right is near the middle. No further demonstration would change that: it is the family of distributions that cannot say "left or right".
#
# A **mixture** can. Its density is a weighted sum of $K$ Gaussians,
# $$\pi(a) = \sum_{k=1}^K w_k\,\mathcal N(a;\,\mu_k,\sigma_k^2),$$
# and it is fitted by maximum likelihood like any other. (In one state EM does it, in `imitation.fit_mixture`; a network gives $w_k$ and $\mu_k$ for each state, and Adam climbs the same likelihood. A network's student drives at the mean of the component with the largest weight.)

# %% tags=["hide"]
predict(
    "With how many Gaussians does he pass the tree, and what do more than that bring?",
    {
        "two pass it, more bring little": "",
        "two still hit it, three pass it": "Three would be needed if the tree were to have a component of its own. But nobody drove there.",
        "the more, the better the driving": "Each one fits the sample better, but both sides are found by two.",
    },
    answer="two pass it, more bring little",
    why="There are two humps. Further components fit chance.",
)

# %% [markdown]
# Move $K$ from one to six:

# %% tags=["hide"] stage={"ask": "How many Gaussians does it take to pass the tree, and what does the log-likelihood do after that?"}
explore(
    draw_fork,
    alt="Drivers, student and tree; histogram of lanes with the density of the best mixture",
    size=(10.5, 4),
    settings={"one": {"K": 1}, "two": {"K": 2}, "six": {"K": 6}},
    K=Slider("K", "Gaussians", min=1, max=6, step=1, value=2),
)

# %% [markdown]
# From one to two the log-likelihood of a lane jumps, afterwards it creeps up. The receipts: the best Gaussian is mean and standard deviation, and its log-likelihood has the closed form $-\frac12\log(2\pi e\sigma^2)$; two Gaussians beat it; and if he *draws* his lane from it he still hits the tree often.

# %%
from math import erf, log, pi

one, two = imitation.fit_mixture(LANES, 1), imitation.fit_mixture(LANES, 2)
likelihood = [np.log(imitation.mixture_density(LANES, *parts)).mean() for parts in (one, two)]
with receipts("by EM", oracle="closed form") as same:
    same("mean of the best Gaussian", one[1], LANES.mean(), 1e-9)
    same("its log-likelihood a lane", likelihood[0], -0.5 * (log(2 * pi) + 1) - log(LANES.std()), 1e-9)
    at = [(side * RADIUS - LANES.mean()) / LANES.std() / 2**0.5 for side in (-1, 1)]
    drawn = np.random.default_rng(1).normal(LANES.mean(), LANES.std(), 100_000)
    same(
        "lanes drawn from it that hit (drawn, Φ)",
        np.mean(abs(drawn) < RADIUS),
        (erf(at[1]) - erf(at[0])) / 2,
        0.01,
    )
assert likelihood[1] > likelihood[0] + 0.5 and abs(lane_of(1)[0]) < RADIUS < abs(lane_of(2)[0])

# %% [markdown]
# In one state this is easy. Now the tree may stand anywhere, a network sees where, and the teacher passes on either side. Cloning with one Gaussian, with two, and with five, of 24 students each:


# %%
def fork_experiment(steps, seeds):
    """Share that passes [S, E] and log-loss on the own data [S, E], every 400 demonstrations."""
    found = {}
    for K in (1, 2, 5):
        student = Cloning(components=K, num_envs=8, horizon=50, epochs=20)
        often = {"evaluate_every": 400, "log_every": 400, "evaluation_episodes": 100}
        run = train(student, "rlcourse/Fork-v0", steps, seeds, **often)
        found[f"K = {K}"] = {"passes": run.curve.returns, "log-loss": run.metrics["log_loss"]}
    return found


forks, _ = recorded(
    "recordings/02b-fork.json", fork_experiment, {"steps": 800, "seeds": 6}, steps=2000, seeds=24
)
for name, found in forks.items():
    ends, loss = found["passes"][:, -1], found["log-loss"][:, -1]
    print(f"{name}: passes in {ends.min():.2f} to {ends.max():.2f} of 100 cases; log-loss {loss.mean():.2f}")
assert forks["K = 1"]["passes"][:, -1].max() == 0 and forks["K = 2"]["passes"][:, -1].min() > 0.95
better = forks["K = 1"]["log-loss"][:, -1] - forks["K = 2"]["log-loss"][:, -1]
assert all(x.low > 0 for x in intervals_of_sets(better))

# %% [markdown]
# Every one of 24 students with one Gaussian hits every tree, and those with two or five practically none, in each set of seeds. The loss had said so before anybody drove: it is 0.50 with one Gaussian, and $-0.49$ with two. (A density may exceed 1, so a log-loss may be negative.) Five fit the drivers' lanes still better, $-0.68$, and drive no better.
#
# ## 2 · Two numbers that belong together (22 minutes)
#
# A robot has a left and a right wheel, $a = (a_1, a_2)$. To pass the tree it turns one way, left wheel back and right wheel ahead, or the other way round. Both wheels ahead is straight into the tree. There are 4,000 demonstrations, in $B = 12$ bins for each wheel.
#
# **Bins** are another way to say "this or that": a softmax over bins can have any shape. But $A$ numbers with $B$ bins each make $B^A$ combinations: 12 for one wheel, three million for six joints. Two ways out:
#
# - **independent bins**, $\pi(a\mid s) = \prod_i\pi(a_i\mid s)$: $A\cdot B$ outputs;
# - **autoregressive bins**, $\pi(a\mid s) = \prod_i\pi(a_i\mid s, a_1,\dots,a_{i-1})$: the same number of outputs, one dimension after the other, each told those already chosen. By the product rule this is no restriction at all.

# %% tags=["hide"]
EDGES = np.linspace(-1, 1, 13)
TURN = np.where(np.random.default_rng(2).random(4000) < 0.5, -0.6, 0.6)
WHEELS = TURN[:, None] * [1, -1] + 0.12 * np.random.default_rng(3).normal(size=(4000, 2))
WHEELS = np.clip(WHEELS, -0.999, 0.999)
MIDDLE = (EDGES[1:] + EDGES[:-1]) / 2
STRAIGHT = np.sign(MIDDLE)[:, None] == np.sign(MIDDLE)[None, :]  # both ahead, or both back

predict(
    "Independent bins have learnt both wheels perfectly, each by itself. How often does the robot turn?",
    {
        "always": "Each wheel knows that it goes ahead or back, but not what the other one does.",
        "in half of the cases": "",
        "never": "By chance both wheels often do what belongs together.",
    },
    ordered=True,
    answer="in half of the cases",
    why="Each wheel tosses its own coin. In half of the cases they agree, and the robot goes straight.",
)

# %% [markdown]
# Both kinds of bins, counted from the same pairs:

# %%
shown = imitation.joint_frequencies(WHEELS, EDGES)
models = {
    "independent": imitation.independent_bins(WHEELS, EDGES),
    "autoregressive": imitation.autoregressive_bins(WHEELS, EDGES),
}
distance = {name: abs(joint - shown).sum() / 2 for name, joint in models.items()}
with receipts("autoregressive bins", oracle="counted pairs") as same:
    common = shown.ravel().argsort()[::-1]  # the commonest pair first, all 144
    same("share of every pair", models["autoregressive"].ravel()[common], shown.ravel()[common], 1e-12)
with receipts("independent bins", oracle="each wheel's coin") as same:
    ahead = (WHEELS > 0).mean(axis=0)
    apart = ahead[0] * ahead[1] + (1 - ahead[0]) * (1 - ahead[1])
    same("goes straight", models["independent"][STRAIGHT].sum(), apart, 1e-9)

# %% [markdown]
# The shares of all pairs, darker is more:

# %% tags=["hide"]
fig = plots.figure(11, 3.9)
for ax, (name, joint) in zip(plots.axes(fig, 1, 3), {"shown": shown, **models}.items(), strict=True):
    ax.pcolormesh(EDGES, EDGES, joint.T, cmap="Blues", vmin=0, vmax=shown.max())
    ax.axhline(0, color=plots.GREY, linewidth=0.8, linestyle="-")
    ax.axvline(0, color=plots.GREY, linewidth=0.8, linestyle="-")
    ax.set(xlabel="left wheel", ylabel="right wheel", aspect="equal", title=name)
    ax.text(0.95, 0.9, "straight", ha="right", va="top", fontsize=11)
    ax.text(-0.95, 0.9, "turn", va="top", fontsize=11)
print("; ".join(f"{name}: distance (total variation) {far:.3f}" for name, far in distance.items()))
plots.show(fig, alt="Shares of pairs of wheel speeds: as shown, by independent bins, by autoregressive bins")

# %% [markdown]
# The independent bins have two more spots, on the diagonal, which nobody showed: half of what they do is straight on. Autoregressive bins give the shares of all pairs back exactly. Here the second wheel's bins were counted anew for each bin of the first, and such a table is as large as that of all pairs. What saves numbers is a network that reads the bins chosen so far and has $B$ outputs; its price is $A$ passes for one action.
#
# | head | outputs for $A$ numbers | several humps | numbers that belong together |
# |:---|:---|:---|:---|
# | Gaussian, diagonal | $2A$ | no | no |
# | mixture of $K$ | $K(1+2A)$ | up to $K$ | through the component |
# | independent bins | $AB$ | in each number | no |
# | autoregressive bins | $AB$, in $A$ passes | yes | yes |
# | latent variable | $A$, and $z$ as a further input | yes | yes |
#
# The last line in words: draw a number $z$ first, then let a network answer $a = f(s, z)$. What $z$ decides, left or right, it decides for all numbers at once. In training nobody tells which $z$ belonged to a demonstration; variational autoencoders guess it from the action, and diffusion policies draw $z$ as pure noise and make an action of it in many small steps. Both are ways to maximise (a bound on) the same likelihood.
#
# ## 3 · A driver with habits (12 minutes)
#
# A policy $\pi(a\mid s)$ has no memory. Demonstrators do: a driver who passed on the left changes to the right next time with probability $q = 0.9$. In each state by itself left and right are equally frequent.

# %% tags=["hide"]
predict(
    "A student without memory fits this driver perfectly. What is his log-loss an action?",
    {
        "0.33, the driver's own uncertainty": "That is what is left for who knows the last side. He does not.",
        "0.69, a tossed coin's": "",
        "0": "Even with memory one time in ten is a surprise.",
    },
    answer="0.69, a tossed coin's",
    why="Without the last side both answers are equally frequent, and log 2 = 0.69.",
)

# %% [markdown]
# Give him the last action as a further input, and he can do better: the loss then falls to the uncertainty that the driver really has, $H(q) = -q\log q - (1-q)\log(1-q)$. The counts of 20,000 passes against these closed forms:

# %%
q, change = 0.9, np.random.default_rng(4).random(20_000) < 0.9
side = np.cumsum(change) % 2


def log_loss(chances):
    """−mean log of the probability that was given to each side taken."""
    return -np.log(np.where(side[1:] == 1, chances, 1 - chances)).mean()


share = side.mean()
after = np.array([side[1:][side[:-1] == last].mean() for last in (0, 1)])
with receipts("counted", oracle="closed form") as same:
    same("log-loss without memory", log_loss(np.full(len(side) - 1, share)), np.log(2), 0.001)
    H = -q * np.log(q) - (1 - q) * np.log(1 - q)
    same("log-loss with the last side", log_loss(after[side[:-1]]), H, 0.01)

# %% [markdown]
# So history is worth having where demonstrators are not Markovian; recurrent networks and transformers take all of it as input. But it has a price. A longer input has more ways to be unlike what was shown, so drift (lecture 02) can get worse; and a student may learn to copy the last action instead of looking at the road (de Haan, Jayaraman and Levine 2019).
#
# ## 4 · Goals that nobody named (24 minutes)
#
# A room with a wall. The teacher is asked to go to one of *two* places, bottom left and bottom right, from anywhere; the goal $g$ is part of what the policy sees, $\pi(a\mid s, g)$.

# %% tags=["hide"]
NAMED = ((0.1, 0.1), (0.9, 0.1))


def two_goals(num_envs):
    """The room in which the teacher is asked for two places only."""
    return SystemVectorEnv(PointMaze(NAMED), num_envs, PointMaze.episode_steps)


def draw_room(ax):
    ax.plot([0, 1, 1, 0, 0], [0, 0, 1, 1, 0], color=plots.BLACK, linestyle="-", linewidth=1.5)
    ax.plot([PointMaze.wall] * 2, [0, PointMaze.top], color=plots.BLACK, linestyle="-", linewidth=4)
    ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=[], yticks=[], aspect="equal")
    for spine in ax.spines.values():
        spine.set_visible(False)


def paths_of(act, starts, goals, steps=60):
    """Places [steps + 1, n, 2] of a policy from several starts to several goals."""
    maze, state = PointMaze(), np.column_stack([starts, goals])
    places, here = [state[:, :2]], np.zeros(len(state), bool)
    for _ in range(steps):
        after, _, reached = maze.step(state, act(maze.observe(state)))
        state = np.where(here[:, None], state, after)  # who has arrived stays
        here |= reached
        places.append(state[:, :2])
    return np.array(places), here


# %% [markdown]
# Fourteen of her ways, from dots to stars:

# %% tags=["hide"]
fig = plots.figure(4.6, 4.6)
ax, starts = plots.axes(fig), np.random.default_rng(5).random((14, 2))
draw_room(ax)
ways, _ = paths_of(lambda obs: experts.walk(obs, None), starts, np.array(NAMED)[np.arange(14) % 2])
ax.plot(*ways.transpose(2, 0, 1), color=plots.GREY, linestyle="-", linewidth=1.2)
ax.plot(*starts.T, "o", color=plots.GREY, markersize=4)
ax.plot(*np.array(NAMED).T, "*", color=plots.ORANGE, markersize=16)
ax.set_title("fourteen demonstrations")
plots.show(fig, alt="A room with a wall; demonstrations lead to the bottom left or the bottom right")

# %% [markdown]
# Then the student is asked for *any* place in the room. A clone has learnt what to do for two values of $g$; the rest is extrapolation.
#
# But a demonstration on its way to the corner came by many places. For each of them it is a perfect demonstration of how to get *there*. **Relabelling** makes use of this: in the data, replace the goal of each step by a place that was reached later in the same episode, drawn at random, and clone.

# %%
show_source(reached_goals)

# %% [markdown]
# That is all that changes: the goals in the data.

# %% tags=["hide"]
predict(
    "After 4,000 steps of demonstrations the plain clone reaches about 3 in 10 goals *anywhere* in the room. The same data with relabelled goals, and the same network, reach…",
    {
        "as many": "The ways are the same, but each step now says how to get to all places that came after it.",
        "half of all goals": "More than that: nearly the whole room lies on some way.",
        "four in five, or more": "",
    },
    ordered=True,
    answer="four in five, or more",
    why="Nothing was added but the names of the places that were reached anyway.",
)


# %% [markdown]
# Three sets of goals to ask the student for:


# %%
def upper_corners(num_envs):
    """The room, with the two upper corners for goals."""
    return SystemVectorEnv(PointMaze(((0.05, 0.95), (0.95, 0.95))), num_envs, PointMaze.episode_steps)


ASKED = {"anywhere": "rlcourse/PointMaze-v0", "two named": two_goals, "upper corners": upper_corners}

# %% [markdown]
# Twenty-four students of each kind, examined on 100 goals of each set after every 800 steps of demonstrations:


# %%
def goal_experiment(steps, seeds):
    """Share of 100 goals reached [S, L], anywhere and named, every 800 steps of demonstrations."""
    found = {}
    for name, more in {"as named": {}, "relabelled": {"relabel": reached_goals}}.items():
        student, shares = Cloning(expert=experts.walk, num_envs=4, horizon=100, epochs=20, **more), []

        def examine(training, shares=shares):
            if training.steps % 800 == 0:
                shares.append(
                    [evaluate(training.policy(), world, 100).mean(axis=-1) for world in ASKED.values()]
                )

        train(
            student, two_goals, steps, seeds, callbacks=[examine], evaluate_every=steps, evaluation_episodes=1
        )
        found[name] = dict(zip(ASKED, np.array(shares).transpose(1, 2, 0), strict=True))
    return found


goals, _ = recorded(
    "recordings/02b-goals.json", goal_experiment, {"steps": 800, "seeds": 4}, steps=4000, seeds=24
)

# %% [markdown]
# What was reached:

# %% tags=["hide"]
fig = plots.figure(10.5, 3.8)
labels = 800 * np.arange(1, 6)
for ax, asked in zip(plots.axes(fig, 1, 3, sharey=True), ASKED, strict=True):
    for name, look in {"relabelled": (plots.BLUE, "-"), "as named": (plots.PURPLE, plots.DASHES)}.items():
        plots.learning_curve(ax, labels, goals[name][asked], name, *look, seeds_width=0.2, bounds=(0, 1))
        end = interval(goals[name][asked][:, -1])
        print(
            f"{asked}, {name}: {end.estimate:.2f} [{end.low:.2f}, {end.high:.2f}] of 100 goals, {end.n} students"
        )
    gain = (goals["relabelled"][asked] - goals["as named"][asked])[:, -1]
    words = "; ".join(f"{x.estimate:+.2f} [{x.low:+.2f}, {x.high:+.2f}]" for x in intervals_of_sets(gain))
    print(f"   what relabelling changes, three sets of eight: {words}")
    ax.set(xlim=(800, 4000), ylim=(0, 1), xlabel="steps shown", ylabel="goals reached", title=asked)
gain = (goals["relabelled"]["anywhere"] - goals["as named"]["anywhere"])[:, -1]
assert all(x.low > 0.4 for x in intervals_of_sets(gain))
fig.axes[0].legend(loc=(0.28, 0.4), fontsize=11)
plots.show(fig, alt="Share of goals reached over steps of demonstrations, relabelled and as named")

# %% [markdown]
# As named, the student reaches 29 of 100 goals anywhere in the room; with relabelled goals 84, and no demonstration was added. It costs him a little: of the two named goals he reaches 89 in place of 94, as the network now has the whole room to answer for. Both differences hold in each of three sets of eight students.
#
# But the best, 91, was at 2,400 steps, and the third picture shows what got lost: the upper corners. How many ways led there? Of all relabelled goals of 20,000 demonstrations, and of as many drawn anywhere in the room, we count those within reach of an upper corner:


# %%
def share_in_upper_corners(places):
    """Share of places [n, 2] within the maze's reach of one of the upper corners."""
    away = np.linalg.norm(places[:, None] - np.array([[0.05, 0.95], [0.95, 0.95]]), axis=-1)
    return np.mean(away.min(axis=1) <= PointMaze.near)


draws = np.random.default_rng(6)
asked_for = np.array(NAMED)[draws.integers(2, size=20_000)]
ways, _ = paths_of(lambda obs: experts.walk(obs, None), draws.random((20_000, 2)), asked_for)
moving = np.any(ways[1:] != ways[:-1], axis=-1)  # [60, n]: who has arrived stays
t, length = np.arange(60)[:, None], moving.sum(axis=0)
later = t + (draws.random(moving.shape) * np.maximum(length - t, 1)).astype(int)  # uniform over t … end
reached = ways[1:][np.minimum(later, 59), np.arange(20_000)][moving]
goals_there, room_there = share_in_upper_corners(reached), share_in_upper_corners(draws.random((10**6, 2)))
print(
    f"in an upper corner: {goals_there:.3%} of {len(reached):,} relabelled goals, {room_there:.1%} of the room"
)
assert goals_there < room_there / 100

# %% [markdown]
# Less than one goal in ten thousand, where the room has nearly three in a hundred: in 4,000 steps there is none, or one. At first the network extrapolates well to the corners, where a rough direction will do, as the walls lead into them; with further demonstrations of other places it does so no longer. Where the data hold nothing, fitting them better promises nothing (lecture 02).
#
# Live: the curve is the share of goals reached anywhere. (Its first point, before any training, asks for the two named ones.) The film shows a student on the way to a goal.


# %% tags=["hide"]
def train_on_two_goals(algorithm, env, callbacks=(), trainer=train, **how):
    """Demonstrations lead to the two named goals; the curve asks for goals anywhere."""

    def ask_anywhere(training):
        training.env = env

    return trainer(algorithm, two_goals, callbacks=[*callbacks, ask_anywhere], **how)


walker = {"expert": experts.walk, "num_envs": 4, "horizon": 50}
live(
    {"relabelled": Cloning(**walker, relabel=reached_goals), "as named": Cloning(**walker)},
    "rlcourse/PointMaze-v0",
    steps=4000,
    seeds=4,
    recorded="recordings/02b-live.json",
    title="Goals that nobody named",
    trainer=train_on_two_goals,
    epochs=Slider("", "passes a round", min=1, max=40, step=1),
)

# %% [markdown]
# **No teacher at all.** If every way is a demonstration of how to get where it led, the first demonstrations may be random (Ghosh et al. 2021): act, relabel, clone, and act with what was learnt. On a grid of $6\times6$ cells with a wall this is counting: how often was $a$ taken in $s$, on ways that later came to $g$?

# %%
CELLS, MOVES = np.stack(np.divmod(np.arange(36), 6), axis=1), np.array([[0, 1], [1, 0], [0, -1], [-1, 0]])


def move(s, a):
    """The next cell; the edge and a wall between columns 2 and 3, below row 4, stop a step."""
    after = np.clip(CELLS[s] + MOVES[a], 0, 5)
    through = (np.sort([CELLS[s][:, 0], after[:, 0]], axis=0).T == [2, 3]).all(1) & (CELLS[s][:, 1] < 4)
    return np.where(through, s, after @ [6, 1])


def act_for(counts, goal, rng, T=15):
    """Cells [T + 1, n] and actions [T, n] of π(a|s, g) ∝ counts, from random cells."""
    s = rng.integers(36, size=len(goal))
    cells, actions = [s], []
    for _ in range(T):
        chances = counts[s, goal].cumsum(axis=1)
        a = (rng.random((len(s), 1)) * chances[:, -1:] > chances).sum(axis=1)
        s = move(s, a)
        cells.append(s)
        actions.append(a)
    return np.array(cells), np.array(actions)


# %% [markdown]
# The grid, and one way of the first round: every move is equally likely. It begins at the dot and asks for the star:

# %% tags=["hide"]
fig = plots.figure(4.2, 4.2)
ax, star = plots.axes(fig), 32
cells, _ = act_for(np.ones((36, 36, 4)), np.array([star]), np.random.default_rng(1))
for edge in range(7):
    ax.plot([edge, edge], [0, 6], color=plots.GREY, linestyle="-", linewidth=0.8)
    ax.plot([0, 6], [edge, edge], color=plots.GREY, linestyle="-", linewidth=0.8)
ax.plot([3, 3], [0, 4], color=plots.BLACK, linestyle="-", linewidth=5)
ax.plot(*(CELLS[cells[:, 0]] + 0.5).T, color=plots.BLUE, linestyle="-")
ax.plot(*CELLS[cells[0, 0]] + 0.5, "o", color=plots.BLUE, markersize=9)
ax.plot(*CELLS[star] + 0.5, "*", color=plots.ORANGE, markersize=18)
ax.set(xlim=(-0.05, 6.05), ylim=(-0.05, 6.05), xticks=[], yticks=[], aspect="equal")
for spine in ax.spines.values():
    spine.set_visible(False)
ax.set_title("fifteen random moves")
plots.show(fig, alt="A grid of six by six cells with a wall; a random way from a dot, which misses the star")

# %% [markdown]
# A round: a thousand ways to random goals, and a count for every step and every cell that came later on the same way.


# %%
def without_a_teacher(rounds, seed):
    """Share of random goals reached before each round."""
    rng, counts, shares = np.random.default_rng(seed), np.full((36, 36, 4), 0.01), []
    for _ in range(rounds):
        goal = rng.integers(36, size=1000)
        cells, actions = act_for(counts, goal, rng)
        shares.append((cells == goal).any(axis=0).mean())
        for t, a in enumerate(actions):
            for later in cells[t + 1 :]:
                np.add.at(counts, (cells[t], later, a), 1.0)
    return shares


alone = np.array([without_a_teacher(8, seed) for seed in range(9)])
print("share of goals reached, round by round:", alone.mean(axis=0).round(2))
assert all(x.low > 0.5 for x in intervals_of_sets(alone[:, -1] - alone[:, 0]))

# %% [markdown]
# Round by round:

# %% tags=["hide"]
fig = plots.figure(7, 3.6)
ax = plots.axes(fig)
plots.learning_curve(ax, np.arange(8), alone, "", plots.BLUE, "-", seeds_width=0.4, bounds=(0, 1))
ax.set(xlim=(0, 7), ylim=(0, 1), xlabel="rounds of cloning oneself", ylabel="goals reached")
ax.set_title("no teacher, nine seeds")
plots.show(fig, alt="Share of goals reached over rounds of self-imitation, from a fifth to over nine tenths")

# %% [markdown]
# A random walker reaches a fifth of the cells it is asked for; after one round of copying its own ways it is three quarters, after seven rounds more than nine tenths. There is no reward in this, and no gradient of a return. What is learnt is to reach a goal, not to reach it soon: any way that comes by counts alike.
#
# ## Summary
#
# - Maximum likelihood with one Gaussian chooses the mean of all answers, which may be the one that nobody gave. The likelihood itself tells: a mixture's is higher.
# - Numbers that belong together need a joint distribution: autoregressive bins reproduce it, and a network needs $AB$ outputs for them; independent bins do not.
# - A policy without memory pays for a demonstrator's habits with log-loss; with the last action as input the loss fell to the driver's own uncertainty.
# - Each way is a perfect demonstration for every place that it came by. Relabelling raised the goals reached anywhere from 29 to 84 in 100, and cost a few of the named ones.
# - Relabelling one's own random ways, again and again, needs no teacher.
#
# ## Exercises
#
# 1. ★ (5 minutes) Half of the drivers take lane $-0.5$, half $0.45$, exactly. Which Gaussian is best, and where is its mode?
#    <details><summary>Answer</summary>Mean −0.025, standard deviation 0.475; the mode is the mean, in the tree.</details>
# 2. ★★ (10 minutes) What becomes of the mode of the best Gaussian if nine drivers in ten pass on the left? Is the problem solved?
#    <details><summary>Hint</summary>The mean of nine times −0.5 and once 0.45.</details>
#    <details><summary>Answer</summary>It is −0.405, past the tree: the mean hits it only where the sides are nearly balanced. But the Gaussian still puts weight where nobody drove.</details>
# 3. ★★ (10 minutes) A hand has 7 joints, with 11 bins each. How many outputs has one softmax over all combinations, and how many have autoregressive bins?
#    <details><summary>Answer</summary>11⁷ = 19,487,171, and 77.</details>
# 4. ★★★ (20 minutes) In `without_a_teacher`, count only the steps *right before* a cell was reached, `cells[t + 1 : t + 2]`. What is reached after seven rounds, and why?
#    <details><summary>Hint</summary>For which pairs of cells are there counts at all?</details>
#    <details><summary>Answer</summary>About 0.36, against 0.94: there are counts only for goals one step away, and for all others the policy stays a random walk, which now only notices when it is beside its goal.</details>
#
# ## Sources
#
# - Bishop, *Mixture density networks*, 1994: a network that gives weights and means.
# - Chi et al., *Diffusion policy: visuomotor policy learning via action diffusion*, RSS 2023, [arXiv:2303.04137](https://arxiv.org/abs/2303.04137): latent noise that becomes an action.
# - de Haan, Jayaraman, Levine, *Causal confusion in imitation learning*, NeurIPS 2019, [arXiv:1905.11979](https://arxiv.org/abs/1905.11979): when more input makes imitation worse.
# - Andrychowicz et al., *Hindsight experience replay*, NeurIPS 2017, [arXiv:1707.01495](https://arxiv.org/abs/1707.01495): goals in hindsight.
# - Ghosh et al., *Learning to reach goals via iterated supervised learning*, ICLR 2021, [arXiv:1912.06088](https://arxiv.org/abs/1912.06088): no teacher.
