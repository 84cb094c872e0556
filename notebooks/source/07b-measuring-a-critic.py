# %% [markdown] tags=["head"]
# # Lecture 07b · Measuring a critic
#
# question: Lecture 07 promised that DDPG's critic is too hopeful (overestimation bias) and TD3's is less so. Does that happen in real networks, and how would one know?
# objectives:
# - **measure** a critic's bias, where the truth is known and where it is not
# - **separate** the bias that an algorithm makes from the luck of a seed and from the first value of a network
# - **decide** from paired seeds, in three disjoint sets, whether a difference is there
# needs:
# - 07: the four estimates of the best action, and TD3 line by line
# symbols: s, a, r, t, T, \gamma, \alpha, \mu, w, Q_w, Q', \tau, \sigma, \tilde\sigma, d, \mathbb E, \mathcal N
# - $Q$: true value of an action; $Q_1$, $Q_2$ are the twin critics
# - $b$: bias of one backup
# - $e$: mean error of the critic
# - $\bar r$: mean of the rewards in a replay
# - $M$: the larger of the first table's two entries
# - $Y$: the second table's value of that action
# - $v$: variance of an entry's own part
# homework: 3

# %%
from dataclasses import replace

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box
from scipy.special import ndtri

from rlcourse import plots
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.td3 import TD3
from rlcourse.equations.returns import td_target
from rlcourse.experiments import recorded
from rlcourse.pages import receipts
from rlcourse.parts.noise import GaussianNoise
from rlcourse.parts.randomness import Streams
from rlcourse.parts.worlds import Pendulum, SystemVectorEnv, system_of
from rlcourse.statistics import interval, intervals_of_sets
from rlcourse.training.probes import PROBE, q_of_own_action, train_and_probe
from rlcourse.widgets import Slider, explore, predict

plots.use()

# %% [markdown]
# ## 1 · Tables first (15 minutes)
#
# The smallest loop: one state, two actions, rewards $\mathcal N(0,1)$ whatever you do, $\gamma = 0.9$. Every value is 0. A thousand agents learn in tables from fresh rewards; each has
# twin tables, which see different rewards. They back up either the maximum (*max*) or, as TD3 does, the smaller value of the first table's choice (*clipped double*).


# %%
def learn_tables(target, agents=1000, steps=1000, gamma=0.9, rate=0.1, seed=0):
    """Twin tables q [2, agents, 2 actions]: the mean error of q, and of target(q) beyond it, [steps, agents] each."""
    rng, q, errors, biases = np.random.default_rng(seed), np.zeros((2, agents, 2)), [], []
    for _ in range(steps):
        best = np.broadcast_to(target(q), (2, agents))
        errors.append(q.mean(axis=(0, 2)))
        biases.append(best.mean(axis=0) - errors[-1])
        q = q + rate * (rng.standard_normal(q.shape) + gamma * best[..., None] - q)
    return np.array(errors), np.array(biases)


def maximum(q):
    return q.max(axis=-1)


def smaller_at_the_first_ones_choice(q):
    """TD3: the first table chooses the action, the smaller of the two values it."""
    chosen = q[0].argmax(axis=-1)
    return np.take_along_axis(q.min(axis=0), chosen[:, None], axis=-1)[:, 0]


tables = {"max": learn_tables(maximum), "clipped double": learn_tables(smaller_at_the_first_ones_choice)}

# %% [markdown]
# What to look for: where each curve settles, and how far that is from the bias of a single backup. Then move $\gamma$: which of the two follows it? And the step size $\alpha$?


# %% tags=["hide"]
def draw_tables(fig, gamma=0.9, rate=0.1):
    """Two hundred agents a rule: their mean error and the bias of one backup, over 500 backups."""
    ax, found = plots.axes(fig), {"γ/(1 − γ)": gamma / (1 - gamma)}
    rules = ("max", maximum, plots.ORANGE), ("clipped double", smaller_at_the_first_ones_choice, plots.BLUE)
    for name, rule, colour in rules:
        error, backup = (v.mean(axis=1) for v in learn_tables(rule, 200, 500, gamma, rate))
        line = plots.DASHES if name == "max" else "-"
        ax.plot(error, color=colour, linestyle=line, label=f"{name}: error")
        ax.plot(backup, color=colour, linestyle=plots.DOTS, linewidth=1.5, label=f"{name}: one backup")
        found |= {f"{name}: error": error[-100:].mean(), f"{name}: one backup": backup[-100:].mean()}
    ax.axhline(0, color=plots.BLACK, linewidth=1.5, linestyle="-")
    ax.set(xlabel="backups", ylabel="error (units of the reward)", xlim=(0, 500), ylim=(-1.7, 3.2))
    ax.set_title(f"The error settles at {found['γ/(1 − γ)']:.2g} times the bias of one backup")
    plots.label_lines(ax, samples=True)
    return found


lab = explore(
    draw_tables,
    alt="Mean error of two hundred tables over backups: max settles far above 0, clipped double below 0, each γ/(1 − γ) times one backup's bias",
    size=(8.0, 3.6),
    settings={
        "one backup": {"gamma": 0.0, "rate": 0.1},
        "half": {"gamma": 0.5, "rate": 0.1},
        "larger steps": {"gamma": 0.9, "rate": 0.5},
    },
    gamma=Slider("γ", "discount", min=0.0, max=0.9, step=0.1),
    rate=Slider("α", "step size", min=0.1, max=0.5, step=0.1),
)
lab

# %% [markdown]
# Both errors compound by the same factor $\gamma/(1-\gamma) = 9$, upwards for *max* and downwards for *clipped double*. One backup's bias knows nothing of $\gamma$; the discount only says how often
# it is added again. A larger $\alpha$ makes the tables noisier, and so the bias of each backup larger. (The factor holds where every
# backup has the same bias and nothing ends.)
#
# The size of one backup's bias can be predicted too. Write an entry as the part that both actions share plus a part of its *own*. What is shared
# moves both entries together and cannot change which is larger. The own part is a moving average, with step size $\alpha$, of the entry's own
# rewards; its variance $v$ repeats itself where $v = (1-\alpha)^2v + \alpha^2$, so $v = \alpha/(2-\alpha)$ and $\sigma = \sqrt{0.1/1.9} = 0.23$.
#
# 1. *Max*: two Gaussians have the mean maximum $\sigma/\sqrt\pi$ (lecture 07), so $b = 0.13$.
# 2. *Clipped double*: let $M$ be the larger of the first table's two, $Y$ the second table's value of that action. Then $\min(M,Y) = M + Y - \max(M,Y)$, and
#    $\max(M,Y)$ is the largest of *three* Gaussians, whose mean is $\tfrac32\sigma/\sqrt\pi$.
# 3. So $b = (1 + 0 - \tfrac32)\,\sigma/\sqrt\pi = -\sigma/(2\sqrt\pi) = -0.06$: half of the other, below 0.

# %%
with receipts("mean over agents", oracle="predicted") as same:
    for name, share in (("max", 1), ("clipped double", -0.5)):
        error, backup = (values[500:].mean(axis=0) for values in tables[name])
        promised = share * (0.1 / 1.9 / np.pi) ** 0.5
        same(f"{name}: b", backup.mean(), promised, 4 * backup.std() / len(backup) ** 0.5)
        same(f"{name}: e, γ/(1 − γ) b", error.mean(), 9 * promised, 4 * error.std() / len(error) ** 0.5)
        assert (error.mean() > 0) == (name == "max")

# %% [markdown]
# ## 2 · Networks whose true value is known (35 minutes)
#
# The same world for DDPG and TD3: one state, an action $a \in [-1, 1]$, reward $\mathcal N(0,1)$ whatever the action. For *every* policy $Q = 0$, so whatever a critic says is its error.
# The world draws nothing itself: it is handed one number a step (`chance = 1`) from the stream of each seed, so that another seed meets other rewards.


# %% tags=["hide"]
class OneState:
    """r ~ N(0, 1), whatever the action; the state never changes. Q(s, a) = 0 for every policy."""

    chance = 1
    state_names = ("nothing",)
    action_space = Box(-1.0, 1.0, (1,), np.float32)
    observation_space = Box(0.0, 1.0, (1,), np.float32)

    def start(self, uniform):
        return np.zeros((len(uniform), 1))

    def step(self, state, action, uniform):
        reward = ndtri(uniform[:, 0])  # Φ⁻¹(U) ~ N(0, 1)
        return state, reward, np.zeros(len(state), bool)

    def observe(self, state):
        return np.ones((len(state), 1), np.float32)


def one_state(num_envs):
    return SystemVectorEnv(OneState(), num_envs, max_episode_steps=200)


# %% [markdown]
# Five variants with small networks and $\gamma = 0.9$. Every seed meets the same first weights and the same rewards in each variant, so differences are taken seed by seed.


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
# Three numbers are asked of every seed: what the first critic says; the value $\bar r/(1-\gamma)$ that a critic with a perfect fit to its replay would give, $\bar r$ being the
# mean reward that the replay holds (the *luck* of the seed); and what the minimum takes from a target. It takes $\max(0, Q'_1 - Q'_2)$ from the first critic, and if the two
# are exchangeable that is $\tfrac12\,\mathbb E|Q'_1 - Q'_2|$ on average.
# `train_and_probe` of the package trains, and asks as it goes.


# %% tags=["hide"]
def error_luck_and_taken(training):
    """Q₁(s, μ(s)); r̄/(1 − γ) of the replay; ½ E|Q′₁ − Q′₂| at the smoothed action (0 without twins): [S, 3]."""
    S, memory, nets = len(training.run.seeds), training.agent.memory, training.agent.nets
    rewards = memory.rows.view(S, memory.capacity, -1)[:, : len(memory), 2]  # a row is s, a, r, end, s′
    luck = rewards.mean(dim=1).numpy() / (1 - training.algorithm.gamma)
    obs, epsilon = torch.ones(S, 200, 1), Streams(training.run.seeds, PROBE).normal(200, 1)
    with torch.no_grad():
        smoothing = torch.from_numpy((0.2 * epsilon).clip(-0.5, 0.5))
        q = nets.target_critics(obs, (nets.target_actor(obs) + smoothing).clamp(-1, 1)).numpy()
    taken = 0.5 * np.abs(q[:, 0] - q[:, 1]).mean(axis=1) if q.ndim == 3 else np.zeros(S)
    return np.stack([q_of_own_action(training, obs[:, :1])[:, 0], luck, taken], axis=1)


# %% [markdown]
# Before the numbers, a guess about twins:

# %% tags=["hide"]
predict(
    "TD3's twins begin with different weights; at step 500, when learning begins, the minimum takes 0.07 from a target on average. From then on both are "
    "fitted to the same replay and the same target. How much does the minimum take at step 1000?",
    choices={
        "still about 0.07": "Only if what the twins differ in came from outside, as different batches would bring it. Both fit the same rewards.",
        "about 0.03": "Half of the difference would have survived 500 updates that pull both to the same target.",
        "less than 0.01": "",
    },
    ordered=True,
    answer="less than 0.01",
    why="What the two critics get wrong, they mostly get wrong together: the same replay, rewards and target made both. What they "
    "differed in was their first weights, and training forgets those.",
)


# %% [markdown]
# Thirty-six seeds: three disjoint sets of twelve, each with rewards of its own. What is claimed below is asserted in *each* set: a claim that holds three times by chance is rare. The run of 6000 steps is recorded
# (`python3 -m rlcourse record 07b` makes it anew, in the course's folder); here and now the page trains eight of the seeds for 800 steps, beside the recording.


# %% tags=["hide"]
def one_state_experiment(steps, seeds, algorithms=variants, world=one_state):
    """Of each algorithm the error, [S, L], at the steps `at`; the luck of each seed; what TD3's minimum takes."""
    found = {"error": {}}
    for name, algorithm in algorithms.items():
        probed = train_and_probe(
            algorithm, world, steps, seeds, error_luck_and_taken, every=100,
            evaluate_every=steps, evaluation_episodes=1,
        )  # fmt: skip
        found["error"][name], luck, taken = probed.found.transpose(1, 0, 2)
        if name == "TD3":
            found["taken"] = taken
    return found | {"luck": luck, "at": probed.steps}


one, one_now = recorded(
    "recordings/07b-one-state.json", one_state_experiment, {"steps": 800, "seeds": 8}, steps=6000, seeds=36
)

# %% [markdown]
# DDPG's error minus TD3's on the same seed, over time. The thick line is the *IQM*, the interquartile mean: the mean of the middle half of the seeds, which no single lucky seed can
# move far. Its band is a bootstrap interval, nominally of 95 %; with so few seeds such intervals hold the truth somewhat more seldom, in some 93 of 100 cases.

# %% tags=["hide"]
fig = plots.figure(9, 3.8)
ax = plots.axes(fig)
difference = one["error"]["DDPG"] - one["error"]["TD3"]
plots.learning_curve(ax, one["at"], difference, "DDPG − TD3", plots.PURPLE, "-", seeds_width=0.3)
ax.axhline(0, color=plots.BLACK, linewidth=1.5, linestyle="-")
ax.set(ylabel="difference of errors\n(units of the reward)", xlim=(0, 6000), ylim=(-0.6, 1.0))
ax.set_title("On average over seeds, DDPG's critic is the more hopeful")
ax.text(0.99, 0.03, plots.curve_note(36), transform=ax.transAxes, color=plots.GREY, fontsize=11, ha="right")
plots.label_lines(ax, wrap=12)
plots.show(
    fig, alt="DDPG's error minus TD3's over training, 36 seeds, with the interval of their IQM: above 0"
)

# %% [markdown]
# Until step 500 nothing is learnt (warm-up), and both critics say what their first weights say. The difference then rises and stays above 0. The table gives it in three parts of the training, in each set
# of seeds:


# %% tags=["hide"]
def in_words(values, digits=3):
    found = intervals_of_sets(values)
    return "   ".join(f"{i.estimate:+.{digits}f} [{i.low:+.{digits}f}, {i.high:+.{digits}f}]" for i in found)


early_time, late_time = (one["at"] > 1000) & (one["at"] <= 2000), (one["at"] > 2000) & (one["at"] <= 4000)
early = {name: error[:, early_time].mean(axis=1) for name, error in one["error"].items()}  # [36] each
late = {name: error[:, late_time].mean(axis=1) for name, error in one["error"].items()}
early_taken, late_taken = (one["taken"][:, time].mean(axis=1) for time in (early_time, late_time))
late_luck = one["luck"][:, late_time].mean(axis=1)
taken_at = {step: one["taken"][:, list(one["at"]).index(step)] for step in (500, 1000)}

# %% [markdown]
# Differences are taken on the same seed; *taken* is what the minimum takes from a target.

# %% tags=["hide"]
head = "".join(f"{f'set {k}: IQM [95 %]':27}" for k in (1, 2, 3))
print(f"{'steps 2001 to 4000':26}{head}")
for name in variants:
    print(f"{name:26}{in_words(late[name])}")
for name in variants:
    if name != "TD3":
        print(f"{name + ' − TD3':26}{in_words(late[name] - late['TD3'])}")
        print(f"{'  at steps 1001 to 2000':26}{in_words(early[name] - early['TD3'])}")
        last = one["error"][name] - one["error"]["TD3"]
        print(f"{'  at steps 4001 to 6000':26}{in_words(last[:, one['at'] > 4000].mean(axis=1))}")
print(f"{'taken by the minimum':26}{in_words(late_taken)}")
for step, found in taken_at.items():
    print(f"{f'  at step {step}':26}{in_words(found)}")
print(f"{'nine times what is taken':26}{in_words(9 * late_taken)}")
print(f"{'  at steps 1001 to 2000':26}{in_words(9 * early_taken)}")
three = {
    "DDPG": late["DDPG"],
    "TD3": late["TD3"],
    "luck": late_luck,
    "DDPG − TD3": late["DDPG"] - late["TD3"],
}
print("standard deviation over seeds:", {name: round(float(v.std(ddof=1)), 2) for name, v in three.items()})
print("correlation of DDPG with luck:", np.corrcoef(late["DDPG"], late_luck)[0, 1].round(2))

# %% [markdown]
# What the text below says of it, asserted in each set:

# %% tags=["hide"]
for name in ("DDPG", "TD3, no smoothing"):
    for when in (early, late):
        assert all(found.low > 0 for found in intervals_of_sets(when[name] - when["TD3"])), name
assert all(found.low > 0 for found in intervals_of_sets(early["TD3, one critic"] - early["TD3"]))
assert all(found.low > 0 for found in intervals_of_sets(late["DDPG"])), "DDPG is too hopeful"
for first, now in zip(intervals_of_sets(taken_at[500]), intervals_of_sets(late_taken), strict=True):
    assert now.high < 0.01 and first.low > 0.02 and first.estimate > 8 * now.estimate, "twins grow alike"
assert all(found.high < 0.01 for found in intervals_of_sets(taken_at[1000])), "the prediction's answer"
for when, taken in ((early, early_taken), (late, late_taken)):
    without = intervals_of_sets(when["TD3, one critic"] - when["TD3"])
    for steady, all_of_it in zip(intervals_of_sets(9 * taken), without, strict=True):
        assert steady.estimate > 0.5 * all_of_it.estimate, "a small minimum adds up"


# %% [markdown]
# DDPG's critic is too hopeful in a world without anything to gain, and on average over seeds more so than TD3's, in each set up to step 4000, and beyond its interval in two of the three sets in the last third. Whether TD3's is too hopeful *at all* the sets do not say: their
# intervals hold 0. The luck of a seed is as large as the errors themselves; differences on the same seed vary less than two separate runs would, as the variance of a difference,
# $\mathrm{Var}(X - Y) = \mathrm{Var}X + \mathrm{Var}Y - 2\,\mathrm{Cov}(X,Y)$, falls with what both share.
#
# *Smoothing* is what lowers TD3's error here: up to step 4000 the error without it is higher in each set, by ever more. Without it the actor sits on its critic's highest point, and the target copies that. The **second critic** lowers it early, in each
# set; in the last third two of the three sets cannot tell *one critic − TD3* from 0. Two things can be behind this. The twins' different *first weights*: at step 500 the minimum takes some 0.07 from a target, at step 1000
# less than 0.01, because these twins have become nearly one critic, and the critic forgets what was taken before more slowly. And the little that goes on being taken, 0.005 or less: section 1 adds it up to nine times as much, which is more than half of the
# difference, early and late, in each set. How much of the early difference each of the two makes is not separated here. (All this on a world with one state. In larger tasks the members of an ensemble differ
# visibly: Chen et al. 2021.) A variant whose twins learn from different batches would be a test; it is not made here.
#
# ## 3 · A critic on the pendulum (30 minutes)
#
# The TD3 paper reports that DDPG's critic overestimates its own policy on Hopper and Walker2d, and that clipped double Q-learning greatly reduces it (figure 1). What it derives (section 4.1) is about one small
# step of the actor away from $\mu$. Let $\mu_1$ be where a step along the critic's gradient ends and $\mu_2$ where one *of the same length* along the gradient of the true values would. Averaged over the states
# that the gradients were taken on,
# $$\mathbb E\,Q_w(s,\mu_1(s)) \;\ge\; \mathbb E\,Q_w(s,\mu_2(s)) \;\ge\; \mathbb E\,Q^\mu(s,\mu_2(s)) \;\ge\; \mathbb E\,Q^\mu(s,\mu_1(s)).$$
# The first and the last inequality hold for small enough steps, because of two steps of one length the one along a function's own gradient climbs it more. The middle one is an *assumption*: a critic that is not
# too low on average. Compare the two ends: of the action that the actor now takes, the critic says more than is true. That is a tendency, and a tendency can be measured:
#
# 1. Draw states that the agent has visited, from its replay.
# 2. From each, follow $\mu$ without noise for $T$ steps and add up $\sum_{t<T}\gamma^t r_t$. This estimates $Q^\mu(s,\mu(s))$.
# 3. Subtract it from $Q_w(s,\mu(s))$ and average. ($Q_w$ of TD3 is its first critic, the one that its actor climbs.)
#
# The pendulum never terminates, so the sum must be cut; what is cut off is at most $\gamma^T|r|_{\mathrm{max}}/(1-\gamma)$. The environment's own limit of 200 steps is a
# truncation and no part of the value, so the equations of motion are stepped directly.


# %%
def discounted_return(act, obs, gamma, horizon, system):
    """Σ_{t<T} γ^t r_t from obs [S, N, 3] of a pendulum, following act: obs -> actions [S, N, 1]. Returns [S, N]."""
    angle, total = np.arctan2(obs[..., 1], obs[..., 0]), 0.0
    state = np.stack([angle, obs[..., 2]], axis=-1).reshape(-1, 2).astype(float)
    for t in range(horizon):
        torque = system.max_torque * act(obs).reshape(-1, 1)
        state, reward, _ = system.step(state, torque)
        total = total + gamma**t * reward
        obs = system.observe(state).reshape(obs.shape)
    return total.reshape(obs.shape[:-1])


def critic_bias(training, states=128, horizon=300):
    """Mean over visited states of Q_w(s, μ(s)) − Σ_t γ^t r_t, for each seed: [S]."""
    obs = training.agent.memory.sample(states, Streams(training.run.seeds, PROBE)).obs
    gamma, system = training.algorithm.gamma, system_of(training.stepper.env)
    truth = discounted_return(training.policy().act, obs.numpy(), gamma, horizon, system)
    return (q_of_own_action(training, obs) - truth).mean(axis=1)


most = np.pi**2 + 0.1 * 8**2 + 0.001 * 2**2
print(f"what is cut off after 300 steps at γ = 0.95: at most {0.95**300 * most / 0.05:.1e}")

# %% [markdown]
# The yardstick is ready. Before it is used:

# %% tags=["hide"]
predict(
    "At step 500 the warm-up ends and no network has learnt anything yet. The measured bias of both critics is…",
    choices={
        "far below 0": "The bias is what the critic says minus the truth. Which of the two is far below 0 here?",
        "near 0": "What a fresh network <i>says</i> is near 0. The truth is not.",
        "far above 0": "",
    },
    ordered=True,
    answer="far above 0",
    why="A fresh network says about 0, and on the pendulum the truth is far below 0. That is the initial value, not the "
    "maximum: section 2 had no such start, because its truth is 0.",
)

# %% [markdown]
# $\gamma = 0.95$, so that short roll-outs suffice; DDPG, TD3, TD3 without delay ($d = 1$), and TD3 whose actor is delayed but whose slow copies are not: with $d = 2$ and $\tau$ doubled they move as fast as
# with $d = 1$. Thirty seeds are three sets of ten. The 10 000 steps are recorded; here and now the page trains four seeds for 1000. (The last line's number is the largest difference from the recording
# over all arrays, among them returns of about −1000: another processor rounds otherwise, and training multiplies differences in the last digit.)


# %%
settings = {"gamma": 0.95, "tau": 0.02, "batch_size": 64, "hidden": (32, 32)}
trained = {
    "DDPG": DDPG(**settings, noise=GaussianNoise(0.1)),
    "TD3": TD3(**settings),
    "TD3, d = 1": TD3(**settings, policy_delay=1),
    "TD3, only the actor delayed": TD3(**settings | {"tau": 0.04}),
}


def on_the_pendulum(steps, seeds, algorithms=trained, env="Pendulum-v1"):
    """Of each algorithm the critic's bias, [S, L], at the steps `at`, and the return, [S, E], at `evaluated`."""
    found = {"bias": {}, "return": {}}
    for name, algorithm in algorithms.items():
        probed = train_and_probe(algorithm, env, steps, seeds, critic_bias, every=500, evaluate_every=500)
        found["bias"][name], found["return"][name] = probed.found, probed.training.run.curve.returns
        found["evaluated"] = probed.training.run.curve.steps
    return found | {"at": probed.steps}


pendulum, pendulum_now = recorded(
    "recordings/07b-pendulum.json", on_the_pendulum, {"steps": 1000, "seeds": 4}, steps=10_000, seeds=30
)

# %% [markdown]
# First a receipt for the yardstick itself: the same states, followed in Gymnasium's own pendulum by the same policy, of a TD3 after 600 steps.

# %% tags=["hide"]
training = train_and_probe(trained["TD3"], "Pendulum-v1", 600, 1, critic_bias, every=600).training
seen = training.agent.memory.sample(6, Streams(training.run.seeds, PROBE)).obs.numpy()
ours = discounted_return(training.policy().act, seen, 0.95, 300, Pendulum())[0]
theirs, agent = np.zeros(6), training.run.agent(0)
for i, first in enumerate(seen[0]):
    env = gymnasium.make("Pendulum-v1").unwrapped  # unwrapped: no time limit
    env.reset(seed=0)
    env.state, now = np.array([np.arctan2(first[1], first[0]), first[2]], float), first
    for t in range(300):
        now, reward, *_ = env.step(2 * agent.act(now).reshape(1))
        theirs[i] += 0.95**t * reward
# Observations and actions are rounded to float32, 300 times in a row, on returns of about −80.
with receipts("the course's pendulum", oracle="Gymnasium's") as same:
    same("discounted returns of six states", ours, theirs, 0.02)

# %% [markdown]
# Then the picture: bias on the left, return on the right; *faster copies* is TD3 with only its actor delayed. Look at the early part of the left panel, then at where the lines end.

# %% tags=["hide"]
fig = plots.figure(11, 4.2)
bias_ax, return_ax = plots.axes(fig, 1, 2)
looks = {"DDPG": (plots.ORANGE, plots.DASHES), "TD3": (plots.BLUE, "-")}
looks |= {"TD3, only the actor delayed": (plots.PURPLE, plots.DASH_DOT)}
for name, look in looks.items():
    label = name.replace("only the actor delayed", "faster copies")
    first = pendulum["evaluated"] <= 7500
    plots.learning_curve(bias_ax, pendulum["at"], pendulum["bias"][name], label, *look, seeds_width=0.3)
    plots.learning_curve(
        return_ax,
        pendulum["evaluated"][first],
        pendulum["return"][name][:, first],
        label,
        *look,
        seeds_width=0.3,
    )
bias_ax.axhline(0, color=plots.BLACK, linewidth=1.5, linestyle="-")
bias_ax.set(
    ylabel="Q − discounted return\n(units of the reward)",
    title="First the start-up, then DDPG > 0 > TD3",
    ylim=(-40, 160),
)
return_ax.set(ylabel="return of 200 steps, undiscounted", title="Slower copies cost time")
bias_ax.set_xticks((0, 2500, 5000, 7500, 10_000))
return_ax.set_xticks((0, 2500, 5000, 7500))
for ax in (bias_ax, return_ax):
    plots.label_lines(ax, wrap=12)
note = plots.curve_note(30).replace("; ", "\n").replace("band: ", "band:\n")
bias_ax.text(
    0.99, 0.97, note, transform=bias_ax.transAxes, color=plots.GREY, fontsize=11, ha="right", va="top"
)
plots.show(
    fig, alt="Bias of the critics and return of DDPG, TD3 and TD3 with faster copies on the pendulum, thirty seeds"
)

# %% [markdown]
# The same in each set of ten seeds:

# %% tags=["hide"]
print(f"{'':44}{head}")
moments = {"step 500": 0, "step 3000": 5, "step 5000": 9, "step 10 000": -1}
for name, bias in pendulum["bias"].items():
    for when, column in moments.items():
        print(f"{name + ', ' + when:44}{in_words(bias[:, column], 1)}")
beginning = pendulum["evaluated"] <= 3000
mean_return = {name: curve[:, beginning].mean(axis=1) for name, curve in pendulum["return"].items()}
for name in trained:
    if name != "TD3":
        print(f"{name + ' − TD3, return':44}{in_words(mean_return[name] - mean_return['TD3'], 0)}")

# %% [markdown]
# What the text below says of it, asserted in each set:

# %% tags=["hide"]
start, middle, dip, ends = (
    {name: intervals_of_sets(bias[:, column]) for name, bias in pendulum["bias"].items()}
    for column in moments.values()
)
for name in trained:
    assert all(each.low > 0 for each in start[name]), "at step 500 the bias is positive beyond its interval"
    assert all(each.high < 0 for each in dip[name]), "at step 5000 all are too low"
    assert all(each.low > 0 if name == "DDPG" else each.high < 0 for each in ends[name]), name
    rise = pendulum["bias"][name][:, -1] - pendulum["bias"][name][:, 11]
    assert all(each.low > 0 for each in intervals_of_sets(rise)), "after step 6000 it rises"
at_3000 = {name: bias[:, 5] for name, bias in pendulum["bias"].items()}
for name in ("DDPG", "TD3, d = 1", "TD3, only the actor delayed"):
    assert all(each.low > 0 for each in intervals_of_sets(at_3000["TD3"] - at_3000[name])), "slow copies"
assert all(each.low > 0 for each in middle["TD3"])
for name in ("DDPG", "TD3, only the actor delayed"):
    assert all(each.low > 0 for each in intervals_of_sets(mean_return[name] - mean_return["TD3"])), name

# %% [markdown]
# At step 500 all of the "overestimation" is the value that a fresh network says. It is forgotten in about $1/\big(\tau(1-\gamma)\big) = 1000$ updates: the slow copies lag by $1/\tau$ updates, and each round through them shrinks an
# error by $\gamma$, so that $1/(1-\gamma)$ rounds are needed. With $d = 2$ the copies move every other time, and it takes twice as long. So at step 3000 one would report TD3 as the *more* hopeful of the two, and would
# be wrong: that is the rest of the start. The variant that delays only the actor shows it: its bias at step 3000 is like that of $d = 1$.
#
# Then all four are too low, at step 5000 in each set, DDPG's too: who had waited for four of its start-ups would have called it too low. Meanwhile the return climbs (right). A likely cause is that a critic lags behind a policy that
# improves, and says what the policy before it was worth; it is not tested here.
#
# At 10 000 steps the return has levelled, and what is left is what the algorithms do: DDPG's critic is too hopeful, by about 5, and TD3's, with or without delay, too low, by about 9, in each set of seeds; all have risen since step 6000, and may rise further. That is what
# the paper reports of DDPG, and what lecture 07 derived of the minimum and of smoothing. On the right, slower copies cost time here: in the first 3000 steps
# TD3 earns less than DDPG, and less than with faster copies, its actor still delayed, in each set. (For $d = 1$ one set cannot tell. The returns fall at first in all of them; why, this experiment does not show.)
#
# So: before a bias is measured, wait until the start-up, $1/\big(\tau(1-\gamma)\big)$ updates times $d$, has gone several times over, *and* until the return has levelled. And what is found holds for the task on which it was measured.
#
# ## Summary
#
# - A bias is measured against a known truth, or against discounted returns from states that the agent has visited; the time limit is no part of the value.
# - Each backup adds its bias again: where it is the same each time and nothing ends, the error settles at $\gamma/(1-\gamma)$ times the bias of one backup.
# - Much of one seed's error is luck that all variants share; differences on the same seed hold less of it. DDPG's critic is the more hopeful, in each of three sets of seeds.
# - On the one-state world the twins become nearly one critic; there smoothing lowers TD3's error more than the minimum does.
# - On the pendulum the early "overestimation" is the first value of a fresh network. After it DDPG's critic ends too high and TD3's too low.
#
# ## Exercises
#
# **1** (★★, 20 minutes). Give `OneState` an end: every step terminates with probability ½. Predict the factor $\gamma/(1-\gamma)$ of section 1 for it, then train DDPG and TD3 again.
#
# <details><summary>Hint and answer</summary>
#
# *Hint.* An episode that ends has no next value: replace $\gamma$ by its average. *Answer.* $0.45/0.55 = 0.8$ instead of 9. In a cell of your own:
#
# ```python
# class Ends(OneState):
#     chance = 2
#
#     def step(self, state, action, uniform):
#         return *super().step(state, action, uniform)[:2], uniform[:, 1] < 0.5
#
#
# def ends(num_envs):
#     return SystemVectorEnv(Ends(), num_envs, max_episode_steps=200)
#
#
# two = {"DDPG": variants["DDPG"], "TD3": td3}
# ended = one_state_experiment(steps=1000, seeds=8, algorithms=two, world=ends)
# at_1000 = list(one["at"]).index(1000)
# for name, error in ended["error"].items():
#     print(name, error[:, -1].std(), "without an end:", one["error"][name][:8, at_1000].std())
# ```
#
# With an end the errors of the seeds spread far less.
# </details>
#
# **2** (★, 10 minutes). Print `mean_interval(late["DDPG"][:4])` (from `rlcourse.statistics`), then the other fours and all thirty-six. One of the fours may be the narrowest of all. Should you trust it more?
#
# <details><summary>Hint and answer</summary>
#
# *Hint.* A width is computed from the spread of the four. How much does that spread change from one four to the next? *Answer.* No. Four seeds estimate their own spread badly, and a narrow interval is as much luck as a high mean.
# </details>
#
# **3** (★★, 20 minutes). Is the early bias of section 3 only the first value? Add 6.6 to every reward of the pendulum, so that the truth at the start is near 0, and measure again.
#
# <details><summary>Hint and answer</summary>
#
# *Hint.* The yardstick follows the world that was trained in, so a changed world is enough. *Answer.* In a cell of your own:
#
# ```python
# class Lifted(Pendulum):
#     def step(self, state, action):
#         state, reward, terminated = super().step(state, action)
#         return state, reward + 6.6, terminated
#
#
# def lifted(num_envs):
#     return SystemVectorEnv(Lifted(), num_envs, max_episode_steps=200)
#
#
# again = on_the_pendulum(steps=500, seeds=4, algorithms={"DDPG": trained["DDPG"]}, env=lifted)
# print(again["bias"]["DDPG"][:, 0], pendulum["bias"]["DDPG"][:4, 0])
# ```
#
# The bias at step 500 is a small part of what it was: it was the first value.
# </details>

# %% [markdown]
# ## Sources
#
# - Fujimoto, van Hoof, Meger, *Addressing Function Approximation Error in Actor-Critic Methods*, ICML 2018, [arXiv:1802.09477](https://arxiv.org/abs/1802.09477): section 4.1 and figure 1 (measured overestimation).
# - Chen, Wang, Zhou, Ross, *Randomized Ensembled Double Q-Learning: Learning Fast Without a Model*, ICLR 2021, [arXiv:2101.05982](https://arxiv.org/abs/2101.05982).
# - van Hasselt, Guez, Silver, *Deep Reinforcement Learning with Double Q-learning*, AAAI 2016, [arXiv:1509.06461](https://arxiv.org/abs/1509.06461): the same measurement for DQN.
# - Agarwal et al., *Deep Reinforcement Learning at the Edge of the Statistical Precipice*, NeurIPS 2021, [arXiv:2108.13264](https://arxiv.org/abs/2108.13264): the interquartile mean and its intervals.
