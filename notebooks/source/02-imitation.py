# %% [markdown] tags=["head"]
# # Lecture 02 · Imitation
#
# question: Why is copying an expert not enough, even when the copy makes no error on all that the expert showed?
# objectives:
# - **show** a student without any training error that fails, and cure it through the demonstrations
# - **derive** behaviour cloning as maximum likelihood, and the bound $\epsilon T^2$ on what it costs
# - **say** where that bound is tight and where it is loose
# - **explain** what DAgger asks of its teacher, and **compute** when that makes the cost linear in $T$ and when it changes nothing
# - **tell** three regimes of cloning apart by how the cost grows with $T$
# needs:
# - 01: states, policies, how a policy's states are distributed
# - logarithms of probabilities; geometric sums
# symbols: s, a, t, T, \pi, \mu, \theta, \sigma, N, \mathbb E
# - $\pi^*$: teacher, who chooses one action in each state
# - $\hat\pi$: student, what was learnt
# - $\epsilon$: probability of a mistake, an action that the teacher would not choose
# - $\epsilon_t$: probability of a mistake at step $t$
# - $c$: cost of a step, between 0 and 1
# - $J$: expected cost of $T$ steps
# - $u$: price of a mistake, what it costs if the teacher takes over afterwards
# - $x$: position of the ball
# - $k$: gain of a student, $a = kx$
# - $\ell$: log-loss of a whole demonstration
# - $m$: number of signs
# - $h$: length of a chunk
# - $\beta_i$: probability that the teacher acts in round $i$
# - $L_i$: loss in the states of round $i$
# - $n$: number of rounds
# - $\mathcal D$: all states so far, with the teacher's answers
# - $p$: probability to get up the ladder in a step
# - $\phi_t$: probability to be on the rope before step $t+1$
# homework: 1

# %% tags=["import", "hide"]
import numpy as np

from rlcourse import plots
from rlcourse.agents import ImitationAgent
from rlcourse.algorithms.cloning import Cloning
from rlcourse.algorithms.dagger import DAgger
from rlcourse.equations import imitation, markov
from rlcourse.experiments import recorded
from rlcourse.pages import pseudocode, receipts, show_source
from rlcourse.parts import experts
from rlcourse.parts.worlds import Pendulum
from rlcourse.statistics import intervals_of_sets
from rlcourse.training import train
from rlcourse.widgets import Slider, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · A perfect teacher (14 minutes)
#
# A ball lies on top of a hill, at $x = 0$. Left alone it rolls away: a step makes its distance 1.2 times as large. A teacher pushes it by $a$,
# $$x_{t+1} = 1.2\,x_t + a_t,\qquad a_t = -x_t,$$
# so that a fifth of any distance is left after a step. She demonstrates this fifty times for sixty steps. A student watches, and fits $a = kx$ by least squares. Then it is his turn, and there are gusts of wind, of about a thousandth.

# %% tags=["hide"]
STEPS = 60


def lesson(shake, demonstrations=50):
    """What the teacher shows, when her hand shakes by `shake`: positions [61, 50], and her pushes [60, 50]."""
    shakes = shake * np.random.default_rng(0).normal(size=(STEPS, demonstrations))
    x = imitation.path_of_gain(-1.0, shakes)
    return x, -x[:-1]


def student(shake):
    """The gain that he fits, and his mean squared error on all that was shown."""
    x, a = lesson(shake)
    k = imitation.fitted_gain(x[:-1], a)
    return k, np.mean((k * x[:-1] - a) ** 2)


def his_turn(k, gust):
    """Fifty paths in gusts of this standard deviation [61, 50]."""
    return imitation.path_of_gain(k, gust * np.random.default_rng(1).normal(size=(STEPS, 50)))


# %% [markdown]
# On the left what he sees, on the right what he then does:


# %% tags=["hide"]
def draw_ball(fig, shake=0.0, gust=0.001):
    shown_ax, turn_ax = plots.axes(fig, 1, 2, sharex=True)
    (x, _), (k, loss) = lesson(shake), student(shake)
    turn = his_turn(k, gust)
    for ax, paths, colour in ((shown_ax, x, plots.BLACK), (turn_ax, turn, plots.BLUE)):
        ax.plot(paths[:, :12], color=colour, linestyle="-", linewidth=1.2)
        ax.set(xlim=(0, STEPS), xlabel="step", ylabel="position x")
    high = max(abs(x).max(), 1e-3)
    shown_ax.set(ylim=plots.round_limits(-high, high))
    turn_ax.set_yscale("symlog", linthresh=0.01, linscale=0.5)
    turn_ax.set(ylim=(-1e4, 1e4), yticks=[-1e3, -1, 0, 1, 1e3])
    shown_ax.set_title("what the teacher shows")
    turn_ax.set_title("what the student does")
    far = float(np.sqrt(np.mean(turn[-1] ** 2)))
    return {"training error": float(loss), "student's gain k": k, "distance after 60 steps": far}


fig = plots.figure(10.5, 3.8)
numbers = draw_ball(fig)
print("; ".join(f"{name} {value:.3g}" for name, value in numbers.items()))
plots.show(fig, alt="The teacher's flat paths at 0, and the student's paths, which leave for hundreds")

# %% [markdown]
# The student has no training error at all, and is 87 away after sixty steps (root mean square; the right axis is logarithmic beyond 0.01). The ball of so good a teacher never moved. All he ever saw is $x = 0$, $a = 0$, and any $k$ fits that; least squares breaks the tie with the smallest, $k = 0$.

# %% tags=["hide"]
predict(
    "What would help him most?",
    {
        "a thousand further demonstrations of this kind": "They show x = 0 and a = 0 a thousand times more. Every k still fits.",
        "a teacher whose hand shakes": "",
        "a large network in the place of the line": "It is free to do anything away from 0, as k was. The data do not say what is right there.",
    },
    answer="a teacher whose hand shakes",
    why="Her own small errors take the ball away from 0, and she shows how to bring it back.",
)

# %% [markdown]
# In the lab her hand shakes. Take the shake back to 0, and up again: how little of it is enough?

# %% tags=["hide"]
explore(
    draw_ball,
    alt="What the teacher shows, and the student's paths in gusts of wind",
    size=(10.5, 3.8),
    settings={
        "a perfect teacher": {"shake": 0.0},
        "hardly any": {"shake": 0.001},
        "much, no better": {"shake": 0.02},
    },
    shake=Slider("", "shake of her hand", min=0.0, max=0.02, step=0.001, value=0.01),
    gust=Slider("", "gusts", min=0.0001, max=0.01, log=True),
)

# %% [markdown]
# A shake of 0.001 is enough for $k = -1$ exactly (any shake would be, as what she *says* is exact), and he stays within a few thousandths. So demonstrations must show *recovery*, and a perfect teacher shows none. The student is tested in states that his own actions bring about, and trained in those of somebody else.
#
# The picture against the sum of gusts, each grown by $1.2 + k$ a step since it blew:

# %%
with receipts("path, step by step", oracle="sum of grown gusts") as same:
    for shake in (0.0, 0.001):
        k, _ = student(shake)
        ages = np.arange(STEPS)[::-1]
        rms = 0.001 * np.sqrt(np.sum((1.2 + k) ** (2.0 * ages)))  # expected, for independent gusts
        gusts = 0.001 * np.random.default_rng(1).normal(size=(STEPS, 50))
        grown = (1.2 + k) ** ages @ gusts
        same(f"last positions, shake {shake}", his_turn(k, 0.001)[-1], grown, 1e-9 * max(rms, 1))
assert abs(student(0.001)[0] + 1) < 1e-12

# %% [markdown]
# ## 2 · Cloning is maximum likelihood (10 minutes)
#
# A demonstration is a path $s_1, a_1, \dots, s_T, a_T$. Which $\theta$ makes what was shown most probable?
#
# **Step 1.** A policy and the world make a path together (lecture 01), so
# $$\log p_\theta(\text{path}) = \sum_t\log\pi_\theta(a_t\mid s_t) + \text{terms of the world, without }\theta.$$
# **Step 2.** So maximum likelihood over $N$ demonstrations needs no model of the world:
# $$\hat\theta = \arg\max_\theta\;\frac1N\sum_{\text{paths}}\sum_t\log\pi_\theta(a_t\mid s_t).$$
# That is **behaviour cloning**: supervised learning. For discrete actions it is a classifier with log-loss; for a Gaussian around $\mu_\theta(s)$ with fixed width it is least squares, as in section 1. The mean is over the *teacher's* states, and here lies the trouble.
#
# ## 3 · How far a clone drifts (24 minutes)
#
# A rope with a ladder beside it: on the rope the right action steps on, a wrong one falls. On the ground the right action climbs, and arrives with probability $1/(u-1)$ a step. Each step with a fall or below costs 1; so one mistake costs $u$ steps on average, if the right actions follow. Here $u = 5$.

# %% tags=["hide"]
PLACES = np.array([[-2.4, 0.0], [2.4, 0.0]])
plots.mdp(
    markov.tightrope_with_ladder(5), states=["rope", "ground"], actions=["right", "wrong"], layout=PLACES
)

# %% [markdown]
# The teacher never falls. So her demonstrations say nothing of the ground, and we give the clone the worst that it may do there: lie still. On the rope it errs with probability $\epsilon$. After its first fall every step is lost, and the first fall has happened by step $t$ with probability $1-(1-\epsilon)^t$:
# $$J(\hat\pi) = \sum_{t=1}^T\big(1-(1-\epsilon)^t\big) \;\le\; \sum_{t=1}^T\epsilon t = \epsilon\,\frac{T(T+1)}2,$$
# as $(1-\epsilon)^t\ge1-\epsilon t$ (Bernoulli). While $\epsilon T$ is small this is nearly an equality: the cost grows with the *square* of $T$. Later it cannot exceed $T$.
#
# **The bound for every world.** Costs lie between 0 and 1; $\epsilon_t$ is the probability that the student errs at step $t$ *in the teacher's states*, what a test set of demonstrations would measure.
#
# **Step 1.** Let teacher and student walk side by side, with the same luck. They part at the student's first mistake, and until then he is in the teacher's states. So they have parted by step $t$ with a probability of at most $\epsilon_1+\dots+\epsilon_t$ (a union of events).
#
# **Step 2.** While together they pay the same; once parted he pays at most 1 a step more. So step $t$ costs him at most $\epsilon_1+\dots+\epsilon_t$ more.
#
# **Step 3.** Add up, and replace each inner sum by the whole one:
# $$J(\hat\pi) - J(\pi^*) \;\le\; \sum_{t=1}^T\sum_{i=1}^t\epsilon_i \;\le\; T\sum_{t=1}^T\epsilon_t = T^2\,\bar\epsilon,$$
# with $\bar\epsilon$ the mean of the $\epsilon_t$.

# %% tags=["hide"]
predict(
    r"On 1,000 random worlds of six states, with clones that err: how does the true extra cost compare with the bound $\sum_t\sum_{i\le t}\epsilon_i$?",
    {
        "it is mostly within a factor 2 of it": "That is so on the rope. In a random world a step aside leads to states in which the clone mostly does what is right.",
        "it is mostly a tenth of it or less": "",
        "now and then it is above": "The three steps hold in every world with costs between 0 and 1, for every student.",
    },
    answer="it is mostly a tenth of it or less",
    why="The bound pays 1 for every step after the first mistake. In most worlds one soon finds back.",
)

# %% [markdown]
# All 1,000 worlds, with clones that err in each state with a probability of its own:

# %%
rng, T = np.random.default_rng(0), 20
gaps, bounds = [], []
for seed in range(1000):
    drawn = markov.MDP.random(6, 3, seed, branching=2)
    world = markov.MDP(drawn.transition, -rng.random((6, 3)), drawn.start, drawn.gamma)  # costs in [0, 1]
    teacher = markov.policy_iteration(world, np.eye(3)[np.zeros(6, int)])[-1]
    error = rng.random((6, 1)) * 10 ** rng.uniform(-3, 0)
    clone = (1 - error) * teacher + error * rng.dirichlet(np.ones(3), size=6)
    gaps.append(imitation.total_cost(world, clone, T) - imitation.total_cost(world, teacher, T))
    bounds.append(imitation.drift_bound(imitation.mistakes(world, teacher, clone, teacher, T)))
gaps, bounds = np.array(gaps), np.array(bounds)
assert (gaps <= bounds).all()

# %% [markdown]
# A dot for each world, a line for the rope without a ladder as $\epsilon$ grows:

# %% tags=["hide"]
fig = plots.figure(8.5, 4.2)
ax = plots.axes(fig)
ax.plot([1e-3, 200], [1e-3, 200], color=plots.BLACK, linestyle="-", linewidth=1.2)
ax.plot(bounds, np.maximum(gaps, 1e-6), "o", color=plots.GREY, markersize=3, label="1,000 random worlds")
errors = np.logspace(-5, -0.3, 30)
rope_costs = [imitation.cloning_cost(e, T) for e in errors]
ax.plot(errors * T * (T + 1) / 2, rope_costs, color=plots.BLUE, linestyle="-", label="rope, no ladder")
ax.text(2.5e-3, 0.02, "cost = bound", fontsize=12)
ax.set(xscale="log", yscale="log", xlim=(2e-3, 200), ylim=(1e-4, 60), xlabel="bound", ylabel="extra cost")
ax.set_title(f"Extra cost of {T} steps")
ax.legend(loc="lower right")
ratio = gaps / bounds
print(
    f"cost / bound: median {np.median(ratio):.3f}, largest {ratio.max():.3f}; above the bound: {np.sum(ratio > 1)}"
)
assert np.mean(ratio <= 0.1) > 0.5
plots.show(
    fig, alt="Extra cost against its bound for random worlds and for the rope; all lie below the diagonal"
)

# %% [markdown]
# Every world lies below the diagonal, as it must. The rope touches it while $\epsilon T$ is small, so the double sum is tight there, and bends away at the cost $T$. ($\bar\epsilon T^2$ is twice as large, and attained only if all mistakes come in the first step.) In the median random world the clone pays a 23rd of the bound, as one recovers there untaught. So $\epsilon T^2$ is a bound, and not what cloning costs in general.
#
# ## 4 · DAgger (22 minutes)
#
# If the student must know what to do where *he* goes, ask the teacher there. **DAgger** lets the student act, has the teacher say what she would have done in each state that he met, adds these pairs to all earlier ones, and fits again.

# %% tags=["hide"]
pseudocode(
    "DAgger, after Ross, Gordon and Bagnell 2011",
    r"""
    the data $\mathcal D$ are empty
    for each round $i = 0, 1, \dots$:
        for $T$ steps:
            ask the teacher for $\pi^*(s_t)$
            act: by $\pi^*$ with probability $\beta_i$ (first round: 1, then 0), else by $\hat\pi$
        add every $(s_t, \pi^*(s_t))$ to $\mathcal D$
        $\hat\pi$: maximum likelihood on all of $\mathcal D$
    """,
    ImitationAgent.advance,
    {3: "for _ in range", 4: "label = ", 5: "action = ", 6: "self._remember", 7: "metrics = "},
)

# %% [markdown]
# Cloning is the same with $\beta_i = 1$ in all rounds. What DAgger asks for is more than a recording: a teacher who can be questioned about any state.
#
# What does it buy? Now $\epsilon_t$ is the probability of a mistake *in the student's own states*. (Why it becomes small there: *Further*.) Let $u$ be the most that one wrong action can cost if the teacher takes over right after it.
#
# **Step 1.** Let the student act for the first $t$ steps and the teacher for the rest. Between $t-1$ and $t$ only one action differs, in a state that the student came to.
#
# **Step 2.** That action is wrong with probability $\epsilon_t$, and then costs at most $u$ more. So each such change adds at most $u\,\epsilon_t$.
#
# **Step 3.** From the teacher alone ($t=0$) to the student alone ($t=T$) in $T$ changes:
# $$J(\hat\pi) - J(\pi^*)\;\le\; u\sum_{t=1}^T\epsilon_t = u\,\bar\epsilon\,T .$$
# (Lecture 08 has this sum as the performance difference lemma.)

# %% tags=["hide"]
predict(
    r"Notes say that DAgger costs $\epsilon T$ where cloning costs $\epsilon T^2$. On the rope *without* a ladder, with the same $\epsilon$, DAgger costs…",
    {
        "about a T-th of what cloning costs": "That is right for a cost that counts mistakes. Here the cost is the task's, and one fall costs all the rest.",
        "half of it": "There is nothing that it could know better than the clone: on the ground all actions are alike.",
        "exactly what cloning costs": "",
    },
    ordered=True,
    answer="exactly what cloning costs",
    why="Without a ladder one mistake costs all remaining steps, u is as large as T, and uεT is εT² again.",
)

# %% [markdown]
# On the rope the DAgger student errs with $\epsilon$ wherever he is, also at the ladder. With $p = (1-\epsilon)/(u-1)$, the probability to get up in a step, he is on the rope before step $t+1$ with probability
# $$\phi_t = \frac p{p+\epsilon} + \frac\epsilon{p+\epsilon}\,(1-p-\epsilon)^t,\qquad J = \sum_{t=0}^{T-1}\big(1-(1-\epsilon)\,\phi_t\big),$$
# from $\phi_{t+1} = (1-\epsilon)\phi_t + p\,(1-\phi_t)$. Without a ladder $p = 0$ and $\phi_t=(1-\epsilon)^t$: cloning's cost. The receipts walk the rope ten thousand times.


# %%
def walk_the_rope(epsilon, below, price, steps, walks=10_000):
    """Steps lost by each walker, who errs with ε on the rope and with `below` on the ground."""
    rng, on_rope, lost = np.random.default_rng(0), np.ones(walks, bool), np.zeros(walks)
    for _ in range(steps):
        errs = rng.random(walks) < np.where(on_rope, epsilon, below)
        arrives = rng.random(walks) < 1 / (price - 1)
        lost += ~on_rope | errs
        on_rope = ~errs & (on_rope | arrives)
    return lost


with receipts("closed form", oracle="10,000 walks") as same:
    for name, below, price in (("cloning", 1.0, 5), ("DAgger", 0.02, 5), ("DAgger", 0.02, np.inf)):
        closed = imitation.cloning_cost(0.02, 60) if below == 1 else imitation.dagger_cost(0.02, 60, price)
        lost = walk_the_rope(0.02, below, price, 60)
        same(f"{name}, $u$ = {'∞' if price == np.inf else price}", closed, lost.mean(), 4 * lost.std() / 100)
with receipts("DAgger, no ladder", oracle="cloning") as same:
    for epsilon, T in ((0.001, 100), (0.05, 1000)):
        forever = imitation.dagger_cost(epsilon, T, np.inf)
        same(rf"$\epsilon = {epsilon}$, $T = {T}$", forever, imitation.cloning_cost(epsilon, T), 1e-8)

# %% [markdown]
# In the lab both costs over $T$, on logarithmic axes: slope 2 is a square, slope 1 a line. Make the price large: when does DAgger stop being any better?


# %% tags=["hide"]
def slope(cost, steps):
    """d log J / d log T at T, from T/1.2 to 1.2 T."""
    low, high = max(1, round(steps / 1.2)), round(1.2 * steps) + 1
    return float(np.log(cost(high) / cost(low)) / np.log(high / low))


# %% [markdown]
# Below the costs, the slopes at the horizon of the slider.


# %% tags=["hide"]
def draw_costs(fig, epsilon=0.001, steps=100, price=5.0):
    ax = plots.axes(fig)
    T = np.unique(np.logspace(0, 3, 60).round().astype(int))
    costs = {
        "cloning": lambda n: imitation.cloning_cost(epsilon, n),
        "DAgger": lambda n: imitation.dagger_cost(epsilon, n, price),
    }
    looks = {"cloning": (plots.PURPLE, plots.DASHES), "DAgger": (plots.BLUE, "-")}
    ax.plot(
        T, epsilon * T * (T + 1) / 2, color=plots.GREY, linestyle=plots.DOTS, linewidth=1.5, label="εT(T+1)/2"
    )
    ax.plot(T, price * epsilon * T, color=plots.GREY, linestyle=plots.DASH_DOT, linewidth=1.5, label="uεT")
    ax.plot(T, T, color=plots.BLACK, linestyle="-", linewidth=0.8, label="all lost")
    for name, cost in costs.items():
        ax.plot(T, [cost(n) for n in T], color=looks[name][0], linestyle=looks[name][1], label=name)
    for name, cost in costs.items():
        ax.plot(steps, cost(steps), "o", color=looks[name][0], markersize=9, label="_dot")
    ax.set(xscale="log", yscale="log", xlim=(1, 1000), ylim=(1e-4, 2e3), xlabel="T", ylabel="steps lost")
    ax.set_title(f"cost over the horizon, u = {price:.0f}")
    plots.label_lines(ax)
    return {
        "cloning": costs["cloning"](steps), "DAgger": costs["DAgger"](steps),
        "slope of cloning": slope(costs["cloning"], steps), "slope of DAgger": slope(costs["DAgger"], steps),
    }  # fmt: skip


explore(
    draw_costs, size=(8.5, 4.4),
    alt="Steps lost by cloning and by DAgger over the horizon, with both bounds",
    settings={"cheap": {"price": 2.0, "steps": 500}, "dear": {"price": 1000.0, "steps": 500}, "many": {"epsilon": 0.1, "steps": 500}},
    epsilon=Slider("ε", "probability of a mistake", min=0.0001, max=0.1, log=True),
    steps=Slider("T", "horizon", min=10, max=500, step=10),
    price=Slider("u", "price of a mistake", min=2.0, max=1000.0, log=True),
)  # fmt: skip

# %% [markdown]
# With a cheap mistake DAgger's line turns to slope 1 once $T$ exceeds $u$, and lies below cloning's. With a dear one, $u$ beyond $T$, both lie on each other with slope 2: knowing the way back does not help where there is none. So "DAgger is linear in $T$" is a statement about worlds in which mistakes can be undone; or about a cost that only counts disagreements with the teacher, for which $u=1$.
#
# ## 5 · A pendulum with a teacher (12 minutes)
#
# Lecture 00's pendulum must be swung up; its torque is too weak to lift it directly. The teacher is a rule of a few lines: pump energy until there is enough, then hold.

# %%
show_source(experts.swing_up)

# %% [markdown]
# Each round is one episode of 200 steps, so 200 labels; then the network is fitted to all labels so far. Three ways with equally many labels: cloning; DAgger; and cloning of a teacher whose hand shakes ($\sigma = 0.5$ of the largest torque, in what she does and not in what she says, as in section 1).

# %%
teachings = {
    "Cloning": Cloning(epochs=20),
    "DAgger": DAgger(epochs=20),
    "shaken": Cloning(epochs=20, noise=0.5),
}


def teaching_experiment(steps, seeds):
    """Return [S, E] and log-loss on the own data [S, E], every 200 labels."""
    found = {}
    for name, algorithm in teachings.items():
        often = {"evaluate_every": 200, "log_every": 200}
        run = train(algorithm, "Pendulum-v1", steps, seeds, **often)
        found[name] = {"return": run.curve.returns, "log-loss": run.metrics["log_loss"]}
    return found


taught, _ = recorded(
    "recordings/02-teaching.json", teaching_experiment, {"steps": 600, "seeds": 6}, steps=2400, seeds=24
)

# %% [markdown]
# Before the curves a question about the *losses*:

# %% tags=["hide"]
predict(
    "After 2400 labels the clone and DAgger have each fitted their own data. Whose log-loss there is lower?",
    {
        "the clone's": "",
        "DAgger's, as it acts better": "It acts better because its data are harder: they hold the states that its own errors led to.",
        "equal": "Both have as many labels, but not the same states.",
    },
    answer="the clone's",
    why="The teacher's own states are few and alike, so easier to fit. What counts is the error where the student goes.",
)

# %% [markdown]
# Returns on the left (the teacher's is about $-140$), log-loss on the own data on the right (a density may exceed 1, so it may be negative):

# %% tags=["hide"]
fig = plots.figure(11, 4.2)
return_ax, loss_ax = plots.axes(fig, 1, 2)
labels = 200 * np.arange(13)
teaching_looks = {
    "Cloning": (plots.PURPLE, plots.DASHES),
    "DAgger": (plots.BLUE, "-"),
    "shaken": (plots.ORANGE, plots.DOTS),
}
for name, look in teaching_looks.items():
    found = taught[name]
    plots.learning_curve(return_ax, labels, found["return"], name, *look, seeds_width=0.2, bounds=(None, 0))
    plots.learning_curve(loss_ax, labels[1:], found["log-loss"], name, *look, seeds_width=0.2)
    print(
        f"{name:8} at 2400 labels: return {found['return'][:, -1].mean():.0f}, log-loss {found['log-loss'][:, -1].mean():.2f}"
    )
for name in ("DAgger", "shaken"):
    ahead = (taught[name]["return"] - taught["Cloning"]["return"])[:, 4:].mean(axis=1)
    words = "; ".join(f"{x.estimate:.0f} [{x.low:.0f}, {x.high:.0f}]" for x in intervals_of_sets(ahead))
    print(f"{name}: ahead of cloning from 800 labels on, three sets of eight seeds: {words}")
    fitted = (taught[name]["log-loss"] - taught["Cloning"]["log-loss"])[:, -1]
    assert all(x.low > 0 for x in [*intervals_of_sets(ahead), *intervals_of_sets(fitted)])
return_ax.set(xlabel="labels", ylim=(-1700, 0), xlim=(0, 2400))
loss_ax.set(xlabel="labels", ylabel="log-loss", xlim=(0, 2400))
return_ax.set_title("return")
loss_ax.set_title("log-loss on the own data")
for ax in (return_ax, loss_ax):
    plots.label_lines(ax)
plots.show(fig, alt="Returns and log-losses of cloning, DAgger and cloning of a shaken teacher, over labels")

# %% [markdown]
# The clone has the lowest loss and the lowest return. From 800 labels on, DAgger and the student of the shaken teacher are ahead of it in each of three sets of eight seeds; their data hold the states that errors lead to. (Its first own round, at 400 labels, sets DAgger back: many new states, few labels.) More labels help the clone, too, as the teacher swings up from all sides; on the ball of section 1 they never would.
#
# Live: in grey the teacher's ways through the plane of angle and speed, in blue the last round of the learners. Cloning's rounds are the teacher's; DAgger's begin as something else, and come to lie on hers.


# %% tags=["hide"]
def teachers_ways(starts=6):
    """Observations of the teacher's episodes from several angles, [201, starts, 3]."""
    world = Pendulum()
    state = np.column_stack([np.linspace(-np.pi, np.pi, starts, endpoint=False), np.zeros(starts)])
    seen = [world.observe(state)]
    for _ in range(200):
        state, _, _ = world.step(state, 2 * experts.swing_up(seen[-1], None))
        seen.append(world.observe(state))
    return np.array(seen)


WAYS, PLAYED = teachers_ways(), []

# %% [markdown]
# (Folded: how a way is drawn.)


# %% tags=["hide"]
def way_svg(obs, colour, width):
    """A way in the plane of angle and speed, as dots, 238 × 200 pixels."""
    x = 119 + 119 / np.pi * np.arctan2(obs[:, 1], obs[:, 0])
    y = 100 - 100 / 8 * obs[:, 2]
    return "".join(
        f'<circle cx="{a:.0f}" cy="{b:.0f}" r="{width}" fill="{colour}"/>' for a, b in zip(x, y, strict=True)
    )


def ways_svg(obs, action):
    """The teacher's ways in grey, the learners' last round in blue, whatever the pendulum does."""
    dots = [way_svg(way[::2], plots.GREY, 1) for way in WAYS.swapaxes(0, 1)]
    if PLAYED:
        dots += [way_svg(PLAYED[-1][::2, seed], plots.BLUE, 1.8) for seed in range(PLAYED[-1].shape[1])]
    words = '<text x="4" y="12" font-size="11" fill="currentColor">speed</text>'
    words += '<text x="196" y="196" font-size="11" fill="currentColor">angle</text>'
    label = "ways of teacher and learners through angle and speed"
    return f'<svg width="238" height="200" role="img" aria-label="{label}">{"".join(dots)}{words}</svg>'


# %% [markdown]
# Start DAgger, and watch its first three rounds; then cloning with a hand that shakes.


# %% tags=["hide"] stage={"ask": "Who needs fewer of the teacher's labels, DAgger or cloning? And does cloning gain when her hand shakes?"}
def train_and_watch(algorithm, env, callbacks=(), trainer=train, **how):
    """Train, and keep what was seen in the last round in PLAYED."""
    PLAYED.clear()

    def watch(training):
        PLAYED[:] = [training.agent.seen["obs"][-200:, :, 0].copy()]

    return trainer(algorithm, env, callbacks=[*callbacks, watch], **how)


live(
    {"DAgger": DAgger(), "Cloning": Cloning()},
    "Pendulum-v1",
    steps=4000,
    seeds=4,
    recorded="recordings/02-live.json",
    title="A pendulum with a teacher",
    drawing=ways_svg,
    trainer=train_and_watch,
    epochs=Slider("", "passes a round", min=1, max=40, step=1),
    noise=Slider("σ", "shake of her hand", min=0.0, max=1.0, step=0.05),
)

# %% [markdown]
# ## 6 · Three regimes (8 minutes)
#
# How does the cost of cloning grow with $T$? It depends on what is held fixed.
#
# | held fixed | cost | where |
# |:---|:---|:---|
# | $\epsilon$, the share of wrong actions | up to $\epsilon T^2$ | the rope, section 3 |
# | $N$ whole demonstrations, log-loss, one rule for all steps, total cost at most 1 | no $T$ in it | below |
# | continuous actions, demonstrations without noise | up to exponential | the ball, section 1 |
#
# **The second regime.** Let $\ell$ be the student's log-loss of a whole demonstration, $\ell = -\sum_t\log\hat\pi(a_t\mid s_t)$, of a teacher who chooses one action in each state. With the same luck he goes all of it with probability $e^{-\ell}$. If failing costs 1 in total, he pays at most $\mathbb E[1 - e^{-\ell}]\le\mathbb E[\ell]$: no $T$ anywhere. And $\ell$ need not grow with $T$, since longer demonstrations also hold more labels (Foster, Block and Misra 2024).
#
# A rope on which at each step one of $m = 20$ signs says which foot to take. The clone counts what the teacher did at each sign and adds one to either answer, from $N = 40$ demonstrations. With *one rule for all steps* it sees each sign about $NT/m$ times. If each step had signs *of its own*, $N/m$ times.


# %%
def falls(T, shared, N=40, m=20, clones=300):
    """Probability of a fall within T steps of each of several clones, whose counts are drawn."""
    rng = np.random.default_rng(T)
    if shared:
        counts = rng.multinomial(N * T, np.full(m, 1 / m), size=clones)
        return 1 - (1 - (1 / (counts + 2)).mean(axis=1)) ** T
    counts = rng.multinomial(N, np.full(m, 1 / m), size=(clones, T))
    return 1 - np.prod(1 - (1 / (counts + 2)).mean(axis=2), axis=1)


with receipts("300 clones, counts drawn", oracle="closed form") as same:
    for T in (3, 10):  # at 300 it is 1
        fall = falls(T, shared=False)
        same(f"own signs, $T$ = {T}", fall.mean(), 1 - (1 - imitation.add_one_error(40, 20)) ** T, 0.01)
    for T in (10, 300):
        fall, closed = falls(T, shared=True), 1 - (1 - imitation.add_one_error(40 * T, 20)) ** T
        same(f"one rule, $T$ = {T}", fall.mean(), closed, 0.01)

# %% [markdown]
# **The third regime** has two cures. If the teacher shakes, demonstrations say what to do beside the path (section 1). If the world forgives by itself, so that without action distances shrink, **chunks** help: choose $h$ actions at once, and look again only then. An answer that is wrong away from the path is then fed back only every $h$ steps. A student who answers $x$ with $0.3\,x,\ 0.15\,x,\ 0.075\,x,\dots$ makes of $x$ in a chunk:

# %%
with receipts("closed form", oracle="played") as same:
    for forgiving in (0.9, 1.2):
        for h in (1, 8):
            x = 1.0
            for j in range(h):
                x = forgiving * x + 0.3 * 0.5**j
            same(
                f"factor of a chunk, world {forgiving}, $h$ = {h}",
                imitation.chunk_factor(h, forgiving, 0.3, 0.5),
                x,
            )

# %% [markdown]
# Falls over $T$ on the left, and on the right how much an error grows a step, over the length of a chunk:

# %% tags=["hide"]
fig = plots.figure(10.5, 3.8)
fall_ax, chunk_ax = plots.axes(fig, 1, 2)
T, mistakes_at_2 = np.unique(np.logspace(0.3, 3, 40).round().astype(int)), imitation.add_one_error(40, 20)
one_rule = [1 - (1 - imitation.add_one_error(40 * n, 20)) ** n for n in T]
fall_ax.plot(T, one_rule, color=plots.BLUE, linestyle="-", label="one rule")
fall_ax.plot(T, 1 - (1 - mistakes_at_2) ** T, color=plots.PURPLE, linestyle=plots.DASHES, label="own signs")
fall_ax.set(xscale="log", xlim=(2, 1000), ylim=(0, 1.05), xlabel="T", ylabel="probability of a fall")
fall_ax.set_title("40 demonstrations of T steps")
chunks = np.arange(1, 16)
for world, colour, line in ((0.9, plots.BLUE, "-"), (1.2, plots.VERMILION, plots.DASHES)):
    a_step = [imitation.chunk_factor(h, world, 0.3, 0.5) ** (1 / h) for h in chunks]
    chunk_ax.plot(chunks, a_step, color=colour, linestyle=line, marker="o", label=f"world {world}")
    print(f"world {world}: growth a step {a_step[0]:.2f} with h = 1, {a_step[7]:.2f} with h = 8")
chunk_ax.axhline(1, color=plots.GREY, linewidth=1.2, linestyle="-")
chunk_ax.set(xlabel="h, actions in a chunk", ylabel="growth a step", xlim=(1, 15), ylim=(0.85, 1.55))
chunk_ax.set_title("errors shrink below 1")
late = np.array(one_rule)[T >= 10]
print(
    "one rule, from T = 10 on:",
    f"{min(late):.3f} to {max(late):.3f}; 1 − exp(−m/N) = {1 - np.exp(-0.5):.3f}",
)
for ax in (fall_ax, chunk_ax):
    plots.label_lines(ax)
plots.show(
    fig,
    alt="Falls over T with one rule and with signs of each step's own; growth a step over the length of chunks",
)

# %% [markdown]
# On the left: with one rule the fall is about as probable for a thousand steps as for ten, near $1-e^{-m/N} = 0.39$, since errors become rarer as fast as steps become more; without anything shared it becomes certain. On the right: chunks of six or more tame the wrong answer in the forgiving world (0.9), and no chunk does in the other (1.2), where the ball runs away by itself. (Simchowitz et al. 2025 have the theory of the failure, Zhang et al. 2025 that of both cures.)
#
# ## Summary
#
# - Cloning is maximum likelihood on the teacher's states. Tested is the student on his own, and no training error says anything of those.
# - $J(\hat\pi)-J(\pi^*)\le\sum_t\sum_{i\le t}\epsilon_i\le\bar\epsilon T^2$. The double sum is tight on the rope while $\epsilon T$ is small, and loose where one recovers untaught.
# - DAgger asks the teacher in the student's states, and pays at most $u\,\bar\epsilon\,T$. That is linear in $T$ only where the price $u$ is small; for falls for ever it costs what cloning costs.
# - On the pendulum the clone had the lowest loss and the lowest return; a shaking teacher helped, as DAgger did.
# - With $N$ whole demonstrations, log-loss and one rule for all steps, the horizon can drop out; with continuous actions and perfect demonstrations, errors can grow exponentially.
#
# ## Exercises
#
# 1. ★ (5 minutes) A clone errs once in 1,000 actions, and a fall is for ever. How many of 100 steps are lost on average, and what does the bound say?
#    <details><summary>Hint</summary>The sum in section 3 is geometric.</details>
#    <details><summary>Answer</summary>T − (1 − ε)(1 − (1 − ε)^T)/ε = 4.89; the bound εT(T + 1)/2 is 5.05.</details>
# 2. ★★ (10 minutes) For $\epsilon = 0.001$ and $u = 5$: from which $T$ on does DAgger lose less than half of what cloning loses? Use the lab or `imitation.dagger_cost`.
#    <details><summary>Answer</summary>From T = 15 on: 0.0591 steps against 0.1194.</details>
# 3. ★★ (15 minutes) In `lesson`, let the teacher start at 1, `path_of_gain(-1.0, shakes, start=1.0)`, and never shake. Does the student learn $k$? And a ball in *two* dimensions, shown from starts on one line only?
#    <details><summary>Hint</summary>Which directions do the data contain?</details>
#    <details><summary>Answer</summary>In one dimension yes: x = 1 with a = −1 is enough. In two, only along the line of the starts; across it the data are 0 as in section 1, and gusts across it explode.</details>
# 4. ★★★ (20 minutes) The price on the rope is $u$ in the limit $T\to\infty$. What is the *exact* price of a fall with $T$ steps left, for $u = \infty$ and for $u = 2$? Why does this make $\min(u, T)\,\epsilon\,T$ a valid bound?
#    <details><summary>Hint</summary>Count the lost steps that remain.</details>
#    <details><summary>Answer</summary>For u = ∞ it is T, every step that is left. For u = 2 the ladder takes one step: 2 if T ≥ 2, and 1 if T = 1. No fall costs more than the steps that are left, so the u of the bound is never above T.</details>
#
# ## Further · Why DAgger's mistakes become rare in its own states
#
# Let $L_i(\theta)$ be the loss of a student $\theta$ in the states that the student of round $i$ met. DAgger's next student minimises $L_1+\dots+L_i$: in the theory of online learning that is *follow the leader*, a player who always does what would have been best so far. For strongly convex losses his *regret* is small: after $n$ rounds
# $$\frac1n\sum_{i=1}^nL_i(\theta_i)\;\le\;\min_\theta\frac1n\sum_{i=1}^nL_i(\theta) + O\Big(\frac{\log n}n\Big).$$
# On the left stands what the bound of section 4 needs: every student's loss in his *own* states. On the right stands what one fixed student could do on all the data together. So if some student fits the data of all rounds, at least one of the rounds' students does well where he himself goes, and it is he whom one keeps. With networks the losses are not convex, and the theorem is only a guide. It also says where DAgger cannot help: if no student in the family fits the teacher, the right side stays large.
#
# (On the factor 2 that some notes have in the bound of section 3: they measure its step 1 by the sum of absolute differences of two distributions, which is twice the probability of having parted.)
#
# ## Sources
#
# - Ross, Bagnell, *Efficient reductions for imitation learning*, AISTATS 2010: the bound $\epsilon T^2$.
# - Ross, Gordon, Bagnell, *A reduction of imitation learning and structured prediction to no-regret online learning*, AISTATS 2011, [arXiv:1011.0686](https://arxiv.org/abs/1011.0686): DAgger, and the price $u$.
# - Laskey et al., *DART: noise injection for robust imitation learning*, CoRL 2017, [arXiv:1703.09327](https://arxiv.org/abs/1703.09327): the teacher whose hand shakes.
# - Foster, Block, Misra, *Is behavior cloning all you need? Understanding horizon in imitation learning*, 2024, [arXiv:2407.15007](https://arxiv.org/abs/2407.15007): the second regime.
# - Simchowitz, Pfrommer, Jadbabaie, *The pitfalls of imitation learning when actions are continuous*, 2025, [arXiv:2503.09722](https://arxiv.org/abs/2503.09722): why the third can be exponential.
# - Zhang, Pfrommer, Pan, Matni, Simchowitz, *Action chunking and exploratory data collection yield exponential improvements in behavior cloning for continuous control*, 2025, [arXiv:2507.09061](https://arxiv.org/abs/2507.09061): its cures.
