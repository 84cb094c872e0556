# %% [markdown]
# # Homework 3 · DDPG and TD3
#
# You build every part in which TD3 differs from a plain actor-critic, put them together, and train TD3 with your own target.
#
# **Assumed.** Lectures [06](../lectures/06-ddpg.ipynb) and [07](../lectures/07-td3.ipynb); Python with NumPy; for sections 4 and 6
# PyTorch: `backward()`, `zero_grad()`, `no_grad()`.
#
# **How it works.** Write your answer in the cell that raises `NotImplementedError`, run it, then run the check below it.
# ✓ means right. The first ✗ says what is seen of the mistake, the second one what to mend (or click, and be told at once).
# Checks are free: run them as often as you like. Arrays are NumPy or torch, as you prefer; anything that gives the right numbers is right. Your mark comes from
# the same checks on other random inputs.
#
# If a check never ends, your code has a loop without end: interrupt the kernel (■).

# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-imports", "locked": true, "solution": false}
import itertools
import math

import numpy as np
import torch

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-course", "locked": true, "solution": false}
import copy
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
# ## 1 · Noise that remembers
#
# ### 1.1 One step
#
# A deterministic policy explores nothing, so DDPG adds noise; noise that is correlated in time carries a heavy system
# further than independent kicks that cancel. The Ornstein–Uhlenbeck process is pulled back to $\mu$ at the rate $\theta$
# and shaken by a Brownian motion $W$:
#
# $$dX_t = \theta(\mu - X_t)\,dt + \sigma\,dW_t .$$
#
# Over a short time $\Delta t$ the drift adds $\theta(\mu - X)\Delta t$. The increment of $W$ is normal with *variance*
# $\Delta t$, so it equals $\sqrt{\Delta t}\,\xi$ in law, with $\xi$ standard normal.
#
# **Write** the Euler–Maruyama step. `x` and `xi` are arrays of one shape, the rest are numbers; return the next `x`.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "ou_step", "locked": false, "solution": true}
def ou_step(x, theta, mu, sigma, dt, xi):
    ### BEGIN SOLUTION
    return x + theta * (mu - x) * dt + sigma * np.sqrt(dt) * xi
    ### END SOLUTION


# %% [markdown]
# ### 1.2 Where it settles
#
# The scale of the noise decides how far an agent explores, so you should know it before you train. One step multiplies
# the distance to $\mu$ by $1 - \theta\Delta t$ and adds fresh noise. In the long run what is forgotten and what is added
# balance: the variance $v$ after a step equals $v$ before it.
#
# **Write** the stationary variance of the *discrete* process (for $0 < \theta\Delta t < 2$). It is not the textbook's
# $\sigma^2/2\theta$, which is the limit of small steps. Numbers in, a number out.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "ou_stationary_variance", "locked": false, "solution": true}
def ou_stationary_variance(theta, sigma, dt):
    ### BEGIN SOLUTION
    shrink = (1 - theta * dt) ** 2  # v = shrink · v + σ²Δt
    return sigma**2 * dt / (1 - shrink)
    ### END SOLUTION


# %% [markdown]
# **See it.** Five hundred steps of your process, and of independent normal numbers of the same variance. Look at how
# long each stays on one side of zero.

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-ou-picture", "locked": true, "solution": false}
if ready("ou_step", ou_step) and ready("ou_stationary_variance", ou_stationary_variance):
    theta, sigma, dt, rng = 0.15, 0.2, 1.0, np.random.default_rng(3)
    path = [np.zeros(1)]
    for _ in range(500):
        path.append(np.asarray(ou_step(path[-1], theta, 0.0, sigma, dt, rng.normal(size=1))))
    sd = float(ou_stationary_variance(theta, sigma, dt)) ** 0.5
    figure = plots.figure(8, 4.2)
    axes = plots.axes(figure, 2, 1, sharex=True, sharey=True)
    axes[0].plot(np.ravel(path), color=plots.ORANGE, linewidth=1.2, linestyle="-")
    axes[1].plot(rng.normal(0, sd, 501), color=plots.BLUE, linewidth=1.2, linestyle="-")
    for ax, name in zip(axes, ("OU noise", "independent"), strict=True):
        ax.axhspan(-sd, sd, color="0.92")
        ax.set_ylabel(name)
    axes[0].set_title("Same variance, different memory (band: ±1 sd)")
    axes[1].set_xlabel("step")
    display(plots.show(figure, alt="Two noises of equal variance over 500 steps: one wanders, one jumps"))

# %% [markdown]
# ## 2 · Replay
#
# Successive transitions look alike, and a network fitted to look-alikes forgets the rest; drawing at random from a large
# memory breaks the correlation and lets every transition teach more than once. The memory is a ring: when it is full,
# the newest item takes the place of the oldest.
#
# **Write** a class with `ReplayBuffer(capacity, rng)`, `add(item)`, `sample(n)` and `len(buffer)`. `rng` is a NumPy
# `Generator`, `item` is anything. `sample` returns `n` stored items, every stored item equally likely (with or without
# replacement, as you like); it is never asked for more than are stored. `len` is the number of items stored.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "ReplayBuffer", "locked": false, "solution": true}
class ReplayBuffer:
    def __init__(self, capacity, rng):
        ### BEGIN SOLUTION
        self.capacity, self.rng = capacity, rng
        self.items, self.added = [], 0
        ### END SOLUTION

    def add(self, item):
        ### BEGIN SOLUTION
        if len(self.items) < self.capacity:
            self.items.append(item)
        else:
            self.items[self.added % self.capacity] = item
        self.added += 1
        ### END SOLUTION

    def sample(self, n):
        ### BEGIN SOLUTION
        return [self.items[i] for i in self.rng.integers(len(self.items), size=n)]
        ### END SOLUTION

    def __len__(self):
        ### BEGIN SOLUTION
        return len(self.items)
        ### END SOLUTION


# %% [markdown]
# ## 3 · Targets that hold still
#
# ### 3.1 Following slowly
#
# A critic that regresses to its own output chases its own tail; a target network, a slow copy, gives it something that
# holds still for a while. After every update the copy moves by the fraction $\tau$ towards the online network:
#
# $$\theta' \leftarrow (1-\tau)\,\theta' + \tau\,\theta .$$
#
# **Write** the step: two arrays of parameters and the number `tau` in, the new target parameters out.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "polyak", "locked": false, "solution": true}
def polyak(target, online, tau):
    ### BEGIN SOLUTION
    return (1 - tau) * target + tau * online
    ### END SOLUTION


# %% [markdown]
# ### 3.2 DDPG's target
#
# This line is where most reimplementations of DDPG go silently wrong, because a critic that is told of rewards after the
# end still looks as if it learns. With $Q'$ and $\mu'$ the target networks,
#
# $$y = r + \gamma\,(1 - \text{terminated})\;Q'\bigl(s', \mu'(s')\bigr).$$
#
# A time limit (truncation) is no end of the world: the batch holds only `terminated`, and truncated transitions bootstrap.
#
# **Write** the targets of a batch. `reward`, `terminated` and `next_q` are arrays of shape `[B]`, and so is the answer.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "ddpg_target", "locked": false, "solution": true}
def ddpg_target(reward, terminated, next_q, gamma):
    ### BEGIN SOLUTION
    return reward + gamma * (1 - terminated) * next_q
    ### END SOLUTION


# %% [markdown]
# ### 3.3 A bug to find
#
# Broken reinforcement learning fails silently: this loss runs, goes down, and trains nothing. A critic's network returns a
# *column*, `q` and `next_q` of shape `[B, 1]`; `reward` and `terminated` come from the buffer as `[B]`.
#
# Before you run anything: which shape does `target` have below, and over how many pairs does the mean run? **Repair** the
# function. It must return the mean squared error $\frac1B\sum_i (q_i - y_i)^2$, one number.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "critic_loss", "locked": false, "solution": true}
def critic_loss(q, next_q, reward, terminated, gamma):
    ### BEGIN SOLUTION
    target = reward + gamma * (1 - terminated) * next_q[:, 0]
    return ((q[:, 0] - target) ** 2).mean()
    ### END SOLUTION
    target = reward + gamma * (1 - terminated) * next_q
    return ((q - target) ** 2).mean()


# %% [markdown]
# ## 4 · The actor
#
# The critic is only a means: the actor climbs it. The deterministic policy gradient goes *through* the action, so the
# action must be the actor's own, with its graph attached:
#
# $$\nabla_\theta J \approx \frac1B \sum_i \nabla_a Q(o_i, a)\big|_{a=\mu_\theta(o_i)}\;\nabla_\theta\mu_\theta(o_i).$$
#
# **Write** the loss whose *descent* is this ascent. `critic(observation, action)` gives `[B]` values and
# `actor(observation)` gives actions; both are torch functions here. `observation` and `action` are a batch from replay.
# Return a torch scalar that autograd can differentiate.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "actor_loss", "locked": false, "solution": true}
def actor_loss(critic, actor, observation, action):
    ### BEGIN SOLUTION
    return -critic(observation, actor(observation)).mean()
    ### END SOLUTION


# %% [markdown]
# ## 5 · Why the critic is too optimistic
#
# ### 5.1 The maximum of noisy estimates
#
# Each estimate may be right on average, and the largest of them is still too large on average: whoever takes the maximum
# picks the lucky ones. For estimates with finitely many outcomes the expectation can be computed exactly.
#
# **Write** $\mathbb E[\max_a \hat Q_a]$. `values[a, k]` is the $k$-th possible value of the estimate of action $a$, and
# `probabilities[a, k]` its probability. The estimates of different actions are independent. Return the exact number.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "expected_maximum", "locked": false, "solution": true}
def expected_maximum(values, probabilities):
    ### BEGIN SOLUTION
    total = 0.0
    outcomes = [list(zip(v, p, strict=True)) for v, p in zip(values, probabilities, strict=True)]
    for joint in itertools.product(*outcomes):
        total += math.prod(p for _, p in joint) * max(v for v, _ in joint)
    return total
    ### END SOLUTION


# %% [markdown]
# **See it.** Every action is worth exactly 0, and each estimate is $+1$ or $-1$ with equal chances. The plot is your
# $\mathbb E[\max]$ against the number of actions.

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-maximum-picture", "locked": true, "solution": false}
if ready("expected_maximum", expected_maximum):
    actions = range(1, 11)
    bias = [float(expected_maximum(np.tile([-1.0, 1.0], (a, 1)), np.full((a, 2), 0.5))) for a in actions]
    figure = plots.figure(8, 3.6)
    ax = plots.axes(figure)
    ax.plot(actions, bias, "o-", color=plots.ORANGE, label="E[max]")
    ax.plot(actions, np.zeros(10), color=plots.BLACK, linestyle="-", label="truth")
    ax.set(xlabel="number of actions", ylabel="value")
    ax.set_title("The more actions, the more optimistic the maximum")
    plots.label_lines(ax)
    display(plots.show(figure, alt="The expected maximum of the estimates rises with the number of actions"))

# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-maximum", "locked": false, "points": 4, "solution": true}
# ### 5.2 In words  (10 minutes, marked by hand)
#
# Lecture 07 proves $\mathbb E[\max_a \hat Q_a] \ge \max_a \mathbb E[\hat Q_a]$. (a) When exactly are the two equal? Prove it in both
# directions. (b) Are they equal when every action has the same true value and the estimates are perfectly correlated,
# $\hat Q_a = Q_a + \epsilon$ with one $\epsilon$ for all? (c) What does (b) say about a critic whose error is the same for every action?
#
# ### BEGIN SOLUTION
# (a) Let $b$ have the largest mean. $\max_a \hat Q_a - \hat Q_b \ge 0$, and its mean is the gap of the two sides. A variable that is
# nowhere negative has mean 0 exactly when it is 0 with probability 1: the two are equal exactly when $b$'s estimate is the largest
# with probability 1. (b) Yes: $\max_a \hat Q_a = \max_a Q_a + \epsilon = \hat Q_b$ always. (c) An error that all actions share moves
# the value and not the choice: the maximum adds no bias. What overestimates is error that *differs* between actions.
#
# *Marking (4 points): (a) "if" 1, "only if" with its reason 1; (b) 1; (c) 1.*
# ### END SOLUTION

# %% [markdown]
# ### 5.3 TD3's target
#
# TD3's cure is to train two critics and to believe the more pessimistic one, entry by entry:
#
# $$y = r + \gamma\,(1-\text{terminated})\,\min\bigl(Q'_1(s', \tilde a),\; Q'_2(s', \tilde a)\bigr).$$
#
# Both critics regress to this one target.
#
# **Write** the targets of a batch; all arrays have shape `[B]`.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "td3_target", "locked": false, "solution": true}
def td3_target(reward, terminated, next_q1, next_q2, gamma):
    ### BEGIN SOLUTION
    return reward + gamma * (1 - terminated) * np.minimum(next_q1, next_q2)
    ### END SOLUTION


# %% [markdown]
# ### 5.4 Smoothing
#
# A deterministic target policy finds every narrow peak that the critic has by accident; averaging over nearby actions
# hides the peak. TD3 adds noise to the *target* action, clips the noise so that it stays near, and clamps the sum to where
# actions live:
#
# $$\tilde a = \operatorname{clip}\bigl(a' + \operatorname{clip}(\sigma\xi, -c, c),\,-1,\,1\bigr).$$
#
# **Write** $\tilde a$. `next_action` and `xi` have shape `[B, action dimensions]`, `xi` is standard normal, one number
# per entry; `sigma` and `clip` ($c$) are numbers.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "smoothed_action", "locked": false, "solution": true}
def smoothed_action(next_action, xi, sigma, clip):
    ### BEGIN SOLUTION
    epsilon = np.clip(sigma * xi, -clip, clip)
    return np.clip(next_action + epsilon, -1, 1)
    ### END SOLUTION


# %% [markdown]
# ### 5.5 Measuring the bias
#
# "Critics overestimate" is a claim about numbers, and you can measure it: compare what the critic said with what then
# happened. Along one episode that ended by termination, the critic's values are $q_t$ and the rewards $r_t$; what happened
# from $t$ on is $G_t = r_t + \gamma r_{t+1} + \gamma^2 r_{t+2} + \dots$
#
# **Write** $\frac1T\sum_t (q_t - G_t)$: `q` and `rewards` have shape `[T]`; the answer is a number, positive for a critic
# that is too optimistic.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "critic_bias", "locked": false, "solution": true}
def critic_bias(q, rewards, gamma):
    ### BEGIN SOLUTION
    gaps, future = [], 0.0
    for value, reward in zip(reversed(q), reversed(rewards), strict=True):
        future = reward + gamma * future
        gaps.append(value - future)
    return sum(gaps) / len(gaps)
    ### END SOLUTION


# %% [markdown]
# **A given critic.** Ten steps in a row, eight actions at each, every reward normal with mean 0 and standard deviation 1: every true value
# is 0. Two critics learn from the same transitions: one backs up $\max_a Q$, the other $\max_a \min(Q_1, Q_2)$ of two tables that
# see different rewards. Your `critic_bias` measures both on fresh episodes.


# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-bias-experiment", "locked": true, "solution": false}
def learn(rng, twins, steps=10, actions=8, visits=100, gamma=0.95):
    """Q-learning on a corridor of pure noise. Returns the tables, [tables, steps + 1, actions]."""
    q = np.zeros((2 if twins else 1, steps + 1, actions))
    for n in range(1, visits + 1):
        for t, a in itertools.product(reversed(range(steps)), range(actions)):
            best = q[:, t + 1].min(axis=0).max()
            q[:, t, a] += (rng.normal(size=len(q)) + gamma * best - q[:, t, a]) / n**0.7
    return q


if ready("critic_bias", critic_bias):
    for name, twins in (("max", False), ("max of the smaller", True)):
        rng = np.random.default_rng(0)
        biases = []
        for _ in range(20):
            value = learn(rng, twins).min(axis=0).max(axis=1)[:-1]
            episodes = rng.normal(size=(200, len(value)))
            biases.append(np.mean([float(critic_bias(value, rewards, 0.95)) for rewards in episodes]))
        error = np.std(biases, ddof=1) / len(biases) ** 0.5
        print(f"backing up the {name:18s}: bias {np.mean(biases):+.2f} ± {1.96 * error:.2f} (20 critics)")

# %% [markdown]
# ## 6 · Put it together
#
# ### 6.1 TD3's update
#
# Every piece is there. Now you write the algorithm: one call of `td3_update` is one pass of the loop in Fujimoto et al. 2018,
# algorithm 1, for one batch. In this order:
#
# 1. the target $y$ of 5.3, at the smoothed action $\tilde a$ of 5.4, both from the *target* networks, without gradient;
# 2. one step of the critics' optimiser on $\frac1B\sum_i (Q_1 - y_i)^2 + \frac1B\sum_i (Q_2 - y_i)^2$;
# 3. when `step` is a multiple of `settings.delay`, and only then: one step of the actor's optimiser up
#    $\frac1B\sum_i Q_1(o_i, \mu(o_i))$, then all three targets by $\tau$.
#
# What you are given: `nets.actor` and `nets.target_actor` map observations to actions in $[-1, 1]$; `nets.critic1`, `.critic2`,
# `.target_critic1` and `.target_critic2` map `(observation, action)` to `[B]` values. All six are `torch.nn.Module`s.
# `nets.actor_optimiser` holds the actor's parameters, `nets.critic_optimiser` those of both critics. `batch` has `.obs`,
# `.action`, `.reward`, `.next_obs` and `.terminated` (0 or 1) as tensors; `settings` has `.gamma`, `.tau`, `.sigma`, `.clip` and `.delay`.
# `xi` `[B, action dimensions]` is the standard normal noise of this step, `step` counts 1, 2, 3, …
#
# **Write** it in PyTorch. Nothing is returned: the networks change. The check calls it several times in a row in small worlds, and compares
# every parameter after every step.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "td3_update", "locked": false, "solution": true}
def td3_update(nets, batch, settings, xi, step):
    ### BEGIN SOLUTION
    with torch.no_grad():
        epsilon = (settings.sigma * xi).clamp(-settings.clip, settings.clip)
        next_action = (nets.target_actor(batch.next_obs) + epsilon).clamp(-1, 1)
        first = nets.target_critic1(batch.next_obs, next_action)
        second = nets.target_critic2(batch.next_obs, next_action)
        y = batch.reward + settings.gamma * (1 - batch.terminated) * torch.minimum(first, second)
    first, second = nets.critic1(batch.obs, batch.action), nets.critic2(batch.obs, batch.action)
    loss = ((first - y) ** 2).mean() + ((second - y) ** 2).mean()
    nets.critic_optimiser.zero_grad()
    loss.backward()
    nets.critic_optimiser.step()
    if step % settings.delay == 0:
        loss = -nets.critic1(batch.obs, nets.actor(batch.obs)).mean()
        nets.actor_optimiser.zero_grad()
        loss.backward()
        nets.actor_optimiser.step()
        with torch.no_grad():
            for name in ("actor", "critic1", "critic2"):
                target, online = getattr(nets, f"target_{name}"), getattr(nets, name)
                for slow, fast in zip(target.parameters(), online.parameters(), strict=True):
                    slow.lerp_(fast, settings.tau)
    ### END SOLUTION


# %% [markdown]
# **Probe it.** An environment in which one can say beforehand what must be learnt tests an update better than a pendulum does. In each
# of three, your update trains networks of 32 units. *Terminal*: one step, reward 1, so the value is 1, however large
# $\gamma$ is. *Two steps*: no reward, then 1, so the first state is worth $\gamma = 0.9$. *Choice*: one step, reward $1 - (a - 0.5)^2$, so the
# actor must find 0.5.


# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-probes", "locked": true, "solution": false}
class Net(torch.nn.Sequential):
    """A small network; a critic takes observation and action and returns [B]."""

    def __init__(self, inputs, actor):
        last = [torch.nn.Tanh()] if actor else [torch.nn.Flatten(0)]
        super().__init__(torch.nn.Linear(inputs, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1), *last)

    def forward(self, *inputs):
        return super().forward(torch.cat(inputs, dim=1))


def probe(obs, next_obs, reward, terminated, steps=800):
    """Train by your update on transitions; returns the networks."""
    torch.manual_seed(0)
    torch.set_num_threads(1)  # such small networks are trained fastest by one
    nets = {"actor": Net(1, actor=True), "critic1": Net(2, actor=False), "critic2": Net(2, actor=False)}
    nets |= {f"target_{name}": copy.deepcopy(net) for name, net in nets.items()}
    nets = SimpleNamespace(**nets)
    nets.actor_optimiser = torch.optim.Adam(nets.actor.parameters(), lr=3e-3)
    nets.critic_optimiser = torch.optim.Adam(
        [*nets.critic1.parameters(), *nets.critic2.parameters()], lr=1e-2
    )
    settings = SimpleNamespace(gamma=0.9, tau=0.05, sigma=0.2, clip=0.5, delay=2)
    for step in range(1, steps + 1):
        action = 2 * torch.rand(len(obs), 1) - 1
        batch = SimpleNamespace(obs=obs, action=action, next_obs=next_obs, terminated=terminated)
        batch.reward = reward(action[:, 0])
        td3_update(nets, batch, settings, torch.randn(len(obs), 1), step)
    return nets


if ready("td3_update", td3_update):
    zero, one = torch.zeros(32, 1), torch.ones(32, 1)
    nets = probe(zero, zero, lambda a: torch.ones(32), torch.ones(32))
    print(f"terminal:  value {nets.critic1(zero, 0 * zero)[0].item():.2f}, should be 1.00")
    both, after, last = torch.cat([zero, one]), torch.cat([one, one]), torch.cat([zero, one])[:, 0]
    nets = probe(both, after, lambda a: last, last)
    print(f"two steps: value {nets.critic1(zero, 0 * zero)[0].item():.2f}, should be 0.90")
    nets = probe(zero, zero, lambda a: 1 - (a - 0.5) ** 2, torch.ones(32))
    print(f"choice:    action {nets.actor(zero)[0].item():.2f}, should be 0.50")

# %% [markdown]
# ## 7 · What the curves say
#
# A world of five states in a row: at state $t$ the action $a \in [-1, 1]$ brings $1 - (a - g_t)^2$, then the next state follows, and after
# the fifth the end; $\gamma = 0.9$. The goals $g_t$ come from your ID, so the curves are yours alone. Four runs of one actor
# and one critic; each has one of these numbers, none comes twice:
#
# | | |
# |---|---|
# | 0 | nothing is wrong |
# | 1 | the target bootstraps from terminal states |
# | 2 | the actor goes down its critic |
# | 3 | the target networks never move |
# | 4 | the actor is trained on the actions in the batch |
# | 5 | $\gamma$ is missing in the target |
#
# For each run: its true discounted return, the value that the critic gives the first state, and the size of the TD error. Before you
# choose, ask of each fault what it must do to the *gap* between the first two.

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-faults-picture", "locked": true, "solution": false}
curves = instance("td3_faults", student)["curves"]
figure = plots.figure(11, 5.4)
axes = plots.axes(figure, 2, 4, sharex=True)
for i, (returns, values, errors) in enumerate(curves):
    updates = 6 * np.arange(len(returns))
    axes[0, i].plot(updates, returns, color=plots.BLACK, linestyle="-", label="return")
    axes[0, i].plot(updates, values, color=plots.ORANGE, linestyle="--", label="critic's value")
    axes[1, i].plot(updates, errors, color=plots.BLUE, linestyle="-")
    axes[0, i].set_title(f"Run {i}")
    axes[1, i].set_xlabel("updates")
axes[0, 0].set_ylabel("value of the start")
axes[1, 0].set_ylabel("TD error (rms)")
plots.legend(axes[0, 0])
display(
    plots.show(figure, alt=f"Return, critic's value and TD error of four runs, made from the ID {student}")
)

# %% [markdown]
# ### 7.1 Name the fault
#
# **Write** the four numbers, of run 0 to run 3: `return [0, 1, 2, 3]` would be one answer. `curves` holds what you see, as an array
# `[4, 3, T]`; read it with your eyes or by code, as you like. Be ready to say for each run which curve convinced you.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "td3_faults", "locked": false, "solution": true}
def td3_faults(curves):
    ### BEGIN SOLUTION
    found = []
    for value, critic, _ in curves:
        ratio = critic[-1] / value[-1]
        if value[-1] < value[0] - 0.05:  # it gets worse
            found.append(2)
        elif max(value) - min(value) < 1e-9:  # it never moves
            found.append(4)
        else:  # sound, or the critic's value is wrong by a factor
            found.append(1 if ratio > 1.5 else 5 if ratio > 1.1 else 3 if ratio < 0.6 else 0)
    return found
    ### END SOLUTION


# %% [markdown]
# ## 8 · Your target trains TD3
#
# `TD3(target=…)` takes its target as a field: your function goes in where the course's own stands, and nothing else changes. Both
# runs below start from the same seeds, so a right target gives the same curve, at least at first: if your formula rounds its last digit
# otherwise, learning enlarges that difference until the curves part. One to two minutes on two cores. The cell is yours to change.

# %% tags=["not-graded", "trains"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-td3-plug-in", "locked": false, "solution": false}
from rlcourse.algorithms.td3 import TD3
from rlcourse.training import train

my_target = td3_target  # 8.1 asks for another one here
settings = {"env": "Pendulum-v1", "steps": 6_000, "seeds": 3}
try:
    runs = {"TD3, yours": train(TD3(target=my_target), **settings), "TD3": train(TD3(), **settings)}
except NotImplementedError:
    print("This cell waits for td3_target: write it, then run the cell again.")
else:
    figure = plots.figure(8, 3.8)
    ax = plots.axes(figure)
    for (name, run), look in zip(runs.items(), plots.styles(runs), strict=True):
        plots.learning_curve(
            ax, run.curve.steps, run.curve.returns, name, look["color"], look["linestyle"], bounds=(None, 0)
        )
    ax.set_title("TD3 on Pendulum with your target")
    plots.label_lines(ax)
    display(plots.show(figure, alt="Evaluation returns of TD3 with your target and with the course's"))

# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-targets", "locked": false, "points": 4, "solution": true}
# ### 8.1 In words  (15 minutes, marked by hand)
#
# In the cell above, define a second target that takes the *larger* critic (`np.maximum`), set `my_target` to it, run the cell again,
# and look at both curves; your `td3_target` stays as it is.
# Pendulum-v1 never terminates; it is cut off after 200 steps. (a) Does the larger critic hurt here? Say what you saw, with its spread
# over the seeds. (b) Which mistake in `ddpg_target` could this environment never reveal, and why? (c) What does that tell
# you about testing an algorithm by its learning curve?
#
# ### BEGIN SOLUTION
# (a) Any honest description of the curves counts if it mentions the spread: with three seeds only large differences can be
# told from luck. (b) Every mistake in the terminal mask except the inverted one: `terminated` is always 0, so bootstrapping from
# terminal states, or masking the reward as well, changes nothing. (c) A learning curve tests only what its environment exercises; the
# check with random inputs sees the mask, the curve does not.
#
# *Marking (4 points): (a) 1 for the observation, 1 for the spread; (b) 1; (c) 1.*
# ### END SOLUTION
