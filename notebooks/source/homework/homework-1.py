# %% [markdown]
# # Homework 1 · Decision processes and imitation
#
# You write down what a policy is worth and where it spends its time, learn the same from samples, and copy an expert: first as the data tell, then by asking.
#
# **Assumed.** Lectures 01 and 02, with their second halves 01b and 02b; Python with NumPy; for 7.1 a little PyTorch.
#
# **How it works.** Write your answer in the cell that raises `NotImplementedError`, run it, then run the check below it.
# ✓ means right. The first ✗ says what is seen of the mistake, the second one what to mend (or click, and be told at once).
# Checks are free: run them as often as you like. Arrays are NumPy or torch, as you prefer; anything that gives the right numbers is right. Your mark comes from
# the same checks on other random inputs.
#
# **One rule:** a function leaves its arguments as they are. `V[s] += …` writes into the caller's array; work on a copy of it. And a discount of 0 is a discount.
#
# **Shapes.** A process has $S$ states and $A$ actions. `P[s, a, s']` is the probability of $s'$ after action $a$ in $s$, shape `[S, A, S]`; `R[s, a]` the expected
# reward, `[S, A]`; `policy[s, a]` is $\pi(a|s)$, `[S, A]`; `start[s]` is $\rho_0(s)$, `[S]`; a value function `V` has shape `[S]`. $0\le\gamma<1$ is called `gamma`.
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
# ## 1 · How likely is a trajectory?
#
# ### 1.1 One trajectory
#
# A trajectory is what an agent and its world make together: $\tau = (s_0, a_0, s_1, \dots, a_{T-1}, s_T)$. Its probability has a factor for each thing that was decided on
# the way, by the start, by the policy, by the world:
#
# $$p_\pi(\tau) = \rho_0(s_0)\prod_{t=0}^{T-1}\pi(a_t|s_t)\,P(s_{t+1}|s_t,a_t) .$$
#
# **Write** it. `states` has shape `[T + 1]`, `actions` `[T]`, both whole numbers counted from 0; $T$ may be 0, and the answer is one number.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "trajectory_probability", "locked": false, "solution": true}
def trajectory_probability(P, policy, start, states, actions):
    ### BEGIN SOLUTION
    before, after = states[:-1], states[1:]
    return start[states[0]] * np.prod(policy[before, actions]) * np.prod(P[before, actions, after])
    ### END SOLUTION


# %% [markdown]
# ## 2 · What is a policy worth?
#
# ### 2.1 One backup
#
# If you knew the values of all states one step later, you would know them now: reward, plus discounted value of what follows, averaged over what the policy does and the world answers,
#
# $$(T^\pi V)(s) = \sum_a\pi(a|s)\Bigl[r(s,a)+\gamma\sum_{s'}P(s'|s,a)\,V(s')\Bigr] .$$
#
# **Write** $T^\pi V$, shape `[S]`. All states are renewed at once, from the old $V$.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "bellman_backup", "locked": false, "solution": true}
def bellman_backup(P, R, policy, V, gamma):
    ### BEGIN SOLUTION
    return (policy * (R + gamma * P @ V)).sum(axis=1)
    ### END SOLUTION


# %% [markdown]
# ### 2.2 All backups
#
# $V^\pi$ is what no backup changes any more: $V^\pi = T^\pi V^\pi$, $S$ equations for $S$ numbers.
#
# **Write** $V^\pi$, shape `[S]`, to all digits that a computer has: solve the equations, or back up until nothing changes. The check allows $\gamma$ up to 0.97.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "policy_values", "locked": false, "solution": true}
def policy_values(P, R, policy, gamma):
    ### BEGIN SOLUTION
    chain = np.einsum("sa,sat->st", policy, P)
    return np.linalg.solve(np.eye(len(R)) - gamma * chain, (policy * R).sum(axis=1))
    ### END SOLUTION


# %% [markdown]
# **See it.** Your backups from three different starts, in a process of six states with $\gamma = 0.8$, and how far they are from your $V^\pi$. How steep is the dashed line, and may a
# curve be flatter?

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-backups", "locked": true, "solution": false}
if ready("bellman_backup", bellman_backup) and ready("policy_values", policy_values):
    rng, figure = np.random.default_rng(0), plots.figure(8, 3.6)
    P, R = rng.dirichlet(0.5 * np.ones(6), (6, 2)), rng.normal(0.5, 1, (6, 2))
    policy, ax = rng.dirichlet(np.ones(2), 6), plots.axes(figure)
    right, sweeps = np.asarray(policy_values(P, R, policy, 0.8)), np.arange(41)
    for start, color, line in (
        (0.0, plots.BLUE, "-"),
        (10.0, plots.ORANGE, "--"),
        (-40.0, plots.GREEN, "-."),
    ):
        V, errors = np.full(6, start), []
        for _ in sweeps:
            errors.append(np.abs(V - right).max())
            V = np.asarray(bellman_backup(P, R, policy, V, 0.8))
        ax.semilogy(sweeps, errors, color=color, linestyle=line, label=f"from V = {start:g}")
    ax.semilogy(sweeps, 60 * 0.8**sweeps, color="0.5", linestyle=":", label="slope of γᵏ")
    ax.set(
        xlabel="backups k",
        ylabel="largest error of a state",
        title="Each backup shrinks the error by γ or more",
    )
    plots.legend(ax)
    display(
        plots.show(figure, alt="The largest error falls at least as fast as gamma to the number of backups")
    )

# %% [markdown]
# ### 2.3 The best that can be done
#
# Put the best action in the place of the policy's, and the same iteration finds the value of the best policy, without ever naming one:
#
# $$V_{k+1}(s) = \max_a\Bigl[r(s,a)+\gamma\sum_{s'}P(s'|s,a)\,V_k(s')\Bigr], \qquad V_0 = 0 .$$
#
# **Write** $V$ after `sweeps` such backups, `[S]`. Again all states are renewed at once; after 0 sweeps the answer is $V_0$.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "value_iteration", "locked": false, "solution": true}
def value_iteration(P, R, gamma, sweeps):
    ### BEGIN SOLUTION
    V = np.zeros(len(R))
    for _ in range(sweeps):
        V = (R + gamma * P @ V).max(axis=1)
    return V
    ### END SOLUTION


# %% [markdown]
# ### 2.4 And who does it
#
# **Write** for each state the action that looks best one step ahead, with the value `V` of what follows: whole numbers from 0 to $A-1$, shape `[S]`. Where several are equally good, any of
# them is right.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "greedy_actions", "locked": false, "solution": true}
def greedy_actions(P, R, V, gamma):
    ### BEGIN SOLUTION
    return (R + gamma * P @ V).argmax(axis=1)
    ### END SOLUTION


# %% [markdown]
# ## 3 · Where does it spend its time?
#
# ### 3.1 In the long run
#
# Follow a policy for ever, and count. The share of time in each state, $d(s)$, is the distribution that a step does not change:
#
# $$d(s') = \sum_s d(s)\,P_\pi(s,s'), \qquad P_\pi(s,s') = \sum_a\pi(a|s)\,P(s'|s,a), \qquad \sum_s d(s) = 1 .$$
#
# **Write** $d$, shape `[S]`. From each state each other one can be reached, so there is exactly one $d$. But the chain may be *periodic*: it may go round in a circle, two steps or three, and
# then the distribution at time $t$ never settles, while the share of time does.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "stationary_distribution", "locked": false, "solution": true}
def stationary_distribution(P, policy):
    ### BEGIN SOLUTION
    states = len(P)
    chain = np.einsum("sa,sat->st", policy, P)
    equations = np.vstack([chain.T - np.eye(states), np.ones(states)])
    return np.linalg.lstsq(equations, np.append(np.zeros(states), 1.0), rcond=None)[0]
    ### END SOLUTION


# %% [markdown]
# **See it.** A chain that goes back and forth between states 0, 1 on one side and 2, 3, 4 on the other. Points: shares of time counted along one walk of 5,000 steps. Bars: yours.

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-shares", "locked": true, "solution": false}
if ready("stationary_distribution", stationary_distribution):
    rng, figure = np.random.default_rng(1), plots.figure(7, 3.4)
    P, ax = np.zeros((5, 1, 5)), plots.axes(figure)
    P[:2, 0, 2:], P[2:, 0, :2] = rng.dirichlet(np.ones(3), 2), rng.dirichlet(np.ones(2), 3)
    s, counts = 0, np.zeros(5)
    for _ in range(5000):
        counts[s] += 1
        s = rng.choice(5, p=P[s, 0])
    ax.bar(
        range(5),
        np.asarray(stationary_distribution(P, np.ones((5, 1)))),
        color=plots.BLUE,
        alpha=0.6,
        label="d",
    )
    ax.plot(range(5), counts / 5000, "o", color=plots.BLACK, label="counted")
    ax.set(xlabel="state", ylabel="share of time", title="Time spent in each state", xticks=range(5))
    plots.legend(ax)
    display(plots.show(figure, alt="Shares of time, computed as bars and counted as points, agree"))

# %% [markdown]
# ## 4 · From samples
#
# ### 4.1 Wait for the end
#
# An agent that does not know $P$ can still average returns. In one episode, the return of a state is the discounted sum of rewards from its *first* visit to the episode's end:
#
# $$G(s) = \sum_{k\ge t}\gamma^{k-t}\,r_k, \qquad t = \min\{k : s_k = s\} .$$
#
# **Write** $G$ for all states, shape `[num_states]`, and `NaN` (`np.nan`) for states that this episode never visits: a return that was not seen is not 0. `states` and `rewards` have shape `[T]`; $r_t$ is received on
# leaving $s_t$, and is part of the return from $t$.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "first_visit_returns", "locked": false, "solution": true}
def first_visit_returns(states, rewards, gamma, num_states):
    ### BEGIN SOLUTION
    returns, future = np.full(num_states, np.nan), 0.0
    for t in reversed(range(len(states))):  # earlier visits overwrite later ones
        future = rewards[t] + gamma * future
        returns[states[t]] = future
    return returns
    ### END SOLUTION


# %% [markdown]
# ### 4.2 Or believe the next state
#
# TD(0) does not wait. After one step it knows a reward and, from its own table, what should follow. The difference to what it expected, $\delta$, moves the value of the state that was left:
#
# $$V(s) \leftarrow V(s) + \alpha\,\delta, \qquad \delta = r + \gamma\,(1-\mathrm{terminated})\,V(s') - V(s) .$$
#
# **Write** $V$ after this step, `[S]`: a new array. `state` and `next_state` are whole numbers, `terminated` is true or false, the others are numbers.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "td_update", "locked": false, "solution": true}
def td_update(V, state, reward, next_state, terminated, alpha, gamma):
    ### BEGIN SOLUTION
    V = V.copy()
    V[state] += alpha * (reward + gamma * (1 - terminated) * V[next_state] - V[state])
    return V
    ### END SOLUTION


# %% [markdown]
# **See it.** A walk over five states in a row, from the middle, left or right by a coin; the end on the right pays 1, and $\gamma = 1$, so the values are 1/6, …, 5/6. Two hundred walks; the error of your two
# methods, root mean square over states, mean and interval over 30 repetitions. Which is ahead early, and which late?

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-walks", "locked": true, "solution": false}
if ready("first_visit_returns", first_visit_returns) and ready("td_update", td_update):

    def walk(rng):
        """States, and whether the right end was reached."""
        states = [2]
        while 0 <= states[-1] <= 4:
            states.append(states[-1] + rng.choice([-1, 1]))
        return np.array(states[:-1]), states[-1] == 5

    def errors(seed, episodes=200):
        """RMS error of TD(0) and of the mean first-visit return, after each episode."""
        rng, right, rows = np.random.default_rng(seed), np.arange(1, 6) / 6, []
        V, total, count = np.full(5, 0.5), np.zeros(5), np.zeros(5)
        for _ in range(episodes):
            states, won = walk(rng)
            rewards = np.append(np.zeros(len(states) - 1), float(won))
            for t, s in enumerate(states):
                last = t == len(states) - 1
                V = np.asarray(td_update(V, s, rewards[t], s if last else states[t + 1], last, 0.1, 1.0))
            G = np.asarray(first_visit_returns(states, rewards, 1.0, 5), dtype=float)
            total, count = total + np.nan_to_num(G), count + ~np.isnan(G)
            mean = np.where(count > 0, total / np.maximum(count, 1), 0.5)
            rows.append([np.sqrt(np.mean((W - right) ** 2)) for W in (V, mean)])
        return np.array(rows).T

    found, figure = np.array([errors(seed) for seed in range(30)]), plots.figure(8, 3.6)
    ax = plots.axes(figure)
    for i, (name, color, line) in enumerate(
        (("TD(0), α = 0.1", plots.BLUE, "-"), ("mean return", plots.ORANGE, "--"))
    ):
        plots.learning_curve(ax, np.arange(1, 201), found[:, i], name, color, line, bounds=(0, 1))
    ax.set(xlabel="episodes", ylabel="RMS error of the values", title="A random walk", ylim=(0, 0.35))
    plots.legend(ax)
    display(plots.show(figure, alt="Error of TD(0) and of first-visit Monte Carlo over two hundred episodes"))

# %% [markdown]
# ### 4.3 Neighbours share
#
# With many states, what is learnt in one should count for its neighbours. Cover the line with overlapping intervals, all of one width, one around each centre. The features of $x$ say in which of them it lies:
#
# $$\phi_k(x) = 1 \text{ if } |x-c_k|\le\tfrac12\,\mathrm{width}, \text{ else } 0 .$$
#
# **Write** the features of many $x$ at once. `x` has shape `[N]`, `centres` `[K]`; the answer has shape `[N, K]` and is made of 0 and 1. An $x$ exactly on an edge lies inside.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "coarse_code", "locked": false, "solution": true}
def coarse_code(x, centres, width):
    ### BEGIN SOLUTION
    return np.where(np.abs(x[:, None] - centres) <= width / 2, 1.0, 0.0)
    ### END SOLUTION


# %% [markdown]
# ### 4.4 A bug to find
#
# Now $V(s) = w\cdot x(s)$, and a step of TD moves $w$. Somebody let autograd do it: take half the squared error $\delta^2$, differentiate, go down. It runs, its loss falls, and on data in which $s'$ is drawn by chance it settles at other values than TD
# does. TD(0) goes along the gradient of $V(s)$ *alone*; the target $r+\gamma V(s')$ counts as data, although it depends on $w$, too. Hence the name: a *semi*-gradient.
#
# Before you run anything: along which vector does $w$ move below, and along which should it? **Repair** the function. It must return $w$ after one step of semi-gradient TD(0), shape `[D]`: a new array. `features` ($x(s)$) and `next_features` ($x(s')$) have
# shape `[D]`; the rest is as in 4.2. You may keep autograd, or write the step down.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "semi_gradient_update", "locked": false, "solution": true}
def semi_gradient_update(w, features, reward, next_features, terminated, alpha, gamma):
    ### BEGIN SOLUTION
    delta = reward + gamma * (1 - terminated) * (w @ next_features) - w @ features
    return w + alpha * delta * features
    ### END SOLUTION
    w, x, after = (torch.as_tensor(v).double() for v in (w, features, next_features))
    w = w.clone().requires_grad_()
    target = reward + gamma * (1 - terminated) * (w @ after)
    loss = (target - w @ x) ** 2 / 2
    loss.backward()
    return w.detach() - alpha * w.grad


# %% [markdown]
# ## 5 · What the curves say
#
# A walk over five states in a row, from the middle: right with a probability a little above ½, each step costs a little, the end on the right pays, the end on the left does not; $\gamma = 0.9$. All these numbers come from your
# ID. Four runs of TD(0), each with one of these numbers; none comes twice:
#
# | | |
# |---|---|
# | 0 | nothing is wrong |
# | 1 | the step size is twelve times too large |
# | 2 | $\gamma$ is missing in the target |
# | 3 | past an episode's end it bootstraps, from the first state of the next episode |
# | 4 | the step size is twelve times too small |
# | 5 | the last step of each episode is lost: it is never learnt from |
#
# Solid: the values of the five states over 480 episodes; dotted, in the same colours: what they should become. Before you choose, ask of each fault where it leads the values, and how.

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-faults-picture", "locked": true, "solution": false}
faulty = instance("td_faults", student)
curves, truth = faulty["curves"], faulty["truth"]
figure = plots.figure(11, 3.4)
axes = plots.axes(figure, 1, 4, sharex=True, sharey=True)
for i, run in enumerate(curves):
    for s, color in enumerate((plots.BLUE, plots.ORANGE, plots.GREEN, plots.PURPLE, plots.BLACK)):
        axes[i].plot(6 * np.arange(len(run[s])), run[s], color=color, linestyle="-", label=f"state {s}")
        axes[i].axhline(truth[s], color=color, linestyle=":")
    axes[i].set(title=f"Run {i}", xlabel="episodes")
axes[0].set_ylabel("value")
axes[0].set_ylim(None, 1.55 * max(curves.max(), truth.max()))
plots.legend(axes[0], ncols=2, loc="upper left")
display(plots.show(figure, alt=f"Values of five states in four runs of TD(0), made from the ID {student}"))

# %% [markdown]
# ### 5.1 Name the fault
#
# **Write** the four numbers, of run 0 to run 3: `return [0, 1, 2, 3]` would be one answer. `curves` holds what you see, `[4, 5, T]`, `truth` the dotted lines, `[5]`; read them with your eyes or by code, as you like. Be
# ready to say for each run what convinced you.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "td_faults", "locked": false, "solution": true}
def td_faults(curves, truth):
    ### BEGIN SOLUTION
    found = []
    for run in np.asarray(curves):
        end, span = run[:, -25:].mean(axis=1), np.ptp(truth)
        if run[:, -25:].std(axis=1).mean() > 0.09 * span:  # it never rests
            found.append(1)
        elif end.max() < 0:  # only costs
            found.append(5)
        elif end.max() > 1.257 * np.max(truth):  # even the best is lifted
            found.append(3)
        elif (end - truth)[:3].mean() > 0.12 * span:  # the far ones are lifted
            found.append(2)
        else:  # still on its way, or right
            found.append(4 if end.max() < 0.89 * np.max(truth) else 0)
    return found
    ### END SOLUTION


# %% [markdown]
# ## 6 · Copying an expert
#
# ### 6.1 A rope
#
# An expert walks a tightrope for $T$ steps without a mistake. A clone of it errs with probability $\varepsilon$ in each step *on the rope*. Once it has erred it has fallen, and nothing that it was shown
# tells it what to do down there: every later step is a mistake as well. The step of the error counts, too.
#
# **Write** the expected number of mistakes in `horizon` $= T\ge 0$ steps, one number, for $0\le\varepsilon\le1$.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "cloning_cost", "locked": false, "solution": true}
def cloning_cost(epsilon, horizon):
    ### BEGIN SOLUTION
    return sum(1 - (1 - epsilon) ** t for t in range(1, horizon + 1))
    ### END SOLUTION


# %% [markdown]
# **See it.** Your number over the horizon, for $\varepsilon = 0.01$, between two simple laws. Where does it follow $\varepsilon T^2/2$, where $T$, and what would it be if each mistake were forgiven at once?

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-rope", "locked": true, "solution": false}
if ready("cloning_cost", cloning_cost):
    T, figure = np.unique(np.geomspace(1, 2000, 60).astype(int)), plots.figure(8, 3.8)
    ax, cost = plots.axes(figure), [float(cloning_cost(0.01, int(t))) for t in T]
    ax.loglog(T, cost, color=plots.BLACK, linestyle="-", label="the clone")
    ax.loglog(T, 0.01 * T**2 / 2, color=plots.ORANGE, linestyle="--", label="½ εT²")
    ax.loglog(T, T, color=plots.BLUE, linestyle="-.", label="T: always wrong")
    ax.loglog(T, 0.01 * T, color=plots.GREEN, linestyle=":", label="εT: forgiven at once")
    ax.set(xlabel="horizon T (steps)", ylabel="expected mistakes", title="Mistakes of a clone that errs once in a hundred steps",
           ylim=(5e-3, 4e3))  # fmt: skip
    plots.legend(ax)
    display(plots.show(figure, alt="Mistakes grow as half epsilon T squared, then as T"))

# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-bound", "locked": false, "points": 8, "solution": true}
# ### 6.2 In words  (35 minutes, marked by hand)
#
# The general bound. An episode has $T$ steps, each costs between 0 and 1. The expert $\pi^*$ is deterministic; in each time step $t$, the clone $\hat\pi$ differs from it with probability at most $\varepsilon$ *on the states that the expert
# visits at time $t$*: $\Pr_{s\sim d_t^*}[\hat\pi(s)\ne\pi^*(s)]\le\varepsilon$, also if $\hat\pi$ is stochastic.
#
# (a) Let both walk through the same world with the same luck. Show that the chance that the clone has differed at least once in the first $t$ steps is at most $\varepsilon t$. Say where it matters that $d_t^*$ belongs to the expert. (b) Conclude
# $J(\hat\pi)\le J(\pi^*)+\varepsilon T^2$, where $J$ is the expected total cost. (c) Give a decision process, a cost and a clone for which the gap is at least $\tfrac14\varepsilon T^2$ while $\varepsilon T\le1$; and one in which the bound is of the wrong order, as
# the gap grows like $\varepsilon T$.
#
# ### BEGIN SOLUTION
# (a) As long as the clone has not differed, it has made the expert's actions, so with the same luck it stands where the expert stands: the state at the time of its first difference is one of the expert's, distributed as $d_t^*$. So
# $\Pr[\text{first difference at } t]\le\Pr_{s\sim d_t^*}[\hat\pi(s)\ne\pi^*(s)]\le\varepsilon$ (the clone's own dice at $t$ are independent of the expert's walk, and the event asks in addition that nothing happened before), and by the union bound
# the chance of a difference in steps $1,\dots,t$ is at most $\varepsilon t$. On the clone's own states nothing is known about its errors; after its first one it may be anywhere.
#
# (b) If the clone has not differed up to and including step $t$, its cost at $t$ is the expert's. Otherwise it is at most 1 more. So the expected extra cost at step $t$ is at most $\varepsilon t$, and
# $\sum_{t=1}^T\varepsilon t = \varepsilon T(T+1)/2\le\varepsilon T^2$.
#
# (c) The rope of 6.1 with cost 1 for a mistake: the gap is $\sum_t 1-(1-\varepsilon)^t$. For $\varepsilon t\le1$, $1-(1-\varepsilon)^t\ge1-e^{-\varepsilon t}\ge(1-e^{-1})\,\varepsilon t\ge\tfrac12\varepsilon t$, so the gap is at least $\tfrac12\varepsilon T(T+1)/2\ge\tfrac14\varepsilon T^2$. Of
# the wrong order: the same rope with a net from which one climbs back at once. Each step costs at most $\varepsilon$ in expectation, wherever the clone is, and the gap is $\varepsilon T$. (Any process counts in which the next state does not depend
# on the action.)
#
# *Marking (8 points): (a) first difference happens on the expert's states, 1; at most $\varepsilon$ each, 1; union bound, 1. (b) cost at $t$ differs only after a difference, 1; the sum, 1. (c) a process with the quadratic gap, 1; its inequality, 1; a
# process with the linear gap, 1.*
# ### END SOLUTION

# %% [markdown]
# ### 6.3 Ask the expert again  (the longest exercise of this homework)
#
# Cloning never sees the states to which its own mistakes lead. DAgger (data set aggregation) lets the learner drive, and asks the expert what it *would have done* there:
#
# 1. let the expert act, and put the states that it visits into the data $D$, each with the expert's action; fit a policy to $D$;
# 2. in each of `rounds` rounds: let the newest policy act; add *all* states that it visits to $D$, each with the *expert's* action; fit a policy to all of $D$.
#
# **Write** it, and return the policy that was fitted last; with 0 rounds that is the clone. You are given three functions: `expert(states)` and every policy map states `[N, D]` to actions `[N]`; `rollout(policy)` lets a policy (or the expert) act
# for one episode and returns the states that were visited, `[T, D]`; `fit(states, actions)` trains a policy from scratch and returns it. `rollout` is random; call it once for each episode that the algorithm needs, and no more.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "dagger", "locked": false, "solution": true}
def dagger(expert, rollout, fit, rounds):
    ### BEGIN SOLUTION
    states = rollout(expert)
    actions = expert(states)
    policy = fit(states, actions)
    for _ in range(rounds):
        visited = rollout(policy)
        states = np.concatenate([states, visited])
        actions = np.concatenate([actions, expert(visited)])
        policy = fit(states, actions)
    return policy
    ### END SOLUTION


# %% [markdown]
# ### 6.4 On the road
#
# Your loop against cloning, with the same number of labels. A car drives along a winding road of 40 places, in one of nine lanes from −4 to 4; at each place it steers by a whole number from −2 to 2, the road bends, and one time in ten the wind pushes it a lane aside. The
# expert steers back to the middle. The learner is a table: what the expert did most often in this place and lane, and *straight ahead* where it knows nothing. A place driven two lanes or more off the middle counts as a mistake. Some ten seconds; sixteen
# repetitions, mean and interval. The cell is yours to change.

# %% tags=["not-graded", "trains"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-road", "locked": false, "solution": false}
PLACES, EDGE, WIND = 40, 4, 0.1
CURVE = np.random.default_rng(7).choice(
    [-1, 0, 0, 1], PLACES
)  # lanes that the road moves aside at each place
DITCH = EDGE + 1  # a car this many lanes off the middle never comes back; 6.5 asks for another number


def driver(states):
    """The expert: back to the middle, against the bend. states [N, 2] are place and lane."""
    place, lane = np.asarray(states).T
    return np.clip(-lane - CURVE[place], -2, 2)


def road(rng):
    """A rollout on this road: rollout(policy) -> states [40, 2]."""

    def rollout(policy):
        states, lane = [], 0
        for place in range(PLACES):
            states.append([place, lane])
            if abs(lane) < DITCH:
                gust = rng.choice([-1, 1]) if rng.random() < WIND else 0
                lane += int(np.asarray(policy(np.array(states[-1:])))[0]) + CURVE[place] + gust
                lane = int(np.clip(lane, -EDGE, EDGE))
        return np.array(states)

    return rollout


def table(states, actions):
    """The most frequent action in each state that was seen; 0 elsewhere."""
    seen = {}
    for s, a in zip(np.asarray(states).tolist(), np.asarray(actions).tolist(), strict=True):
        seen.setdefault(tuple(s), []).append(a)
    best = {s: max(sorted(set(a)), key=a.count) for s, a in seen.items()}
    return lambda states: np.array([best.get(tuple(s), 0) for s in np.asarray(states).tolist()])


def cloning(expert, rollout, fit, rounds):
    """As many episodes as DAgger labels, all of them driven by the expert."""
    states = np.concatenate([rollout(expert) for _ in range(rounds + 1)])
    return fit(states, expert(states))


def mistakes(learn, rounds, seed, episodes=20):
    """Mean number of places driven two lanes or more off the middle."""
    policy = learn(driver, road(np.random.default_rng(seed)), table, rounds)
    test = road(np.random.default_rng(1000 + seed))
    return np.mean([(np.abs(test(policy)[:, 1]) >= 2).sum() for _ in range(episodes)])


rounds, seeds = [0, 1, 2, 4, 8, 16], range(16)
try:
    found = {
        name: np.array([[mistakes(learn, n, seed) for n in rounds] for seed in seeds])
        for name, learn in (("DAgger, yours", dagger), ("cloning", cloning))
    }
except NotImplementedError:
    print("This cell waits for dagger: write it, then run the cell again.")
else:
    figure = plots.figure(8, 3.8)
    ax = plots.axes(figure)
    for (name, numbers), color, line in zip(
        found.items(), (plots.BLUE, plots.ORANGE), ("-", "--"), strict=True
    ):
        plots.learning_curve(ax, np.array(rounds) + 1, numbers, name, color, line, bounds=(0, PLACES))
    ax.set(xlabel="episodes with the expert's labels", ylabel="mistakes in 40 places", ylim=(0, None))
    ax.set_title("Learning to drive")
    plots.legend(ax)
    display(plots.show(figure, alt="Mistakes of DAgger and of cloning over the number of labelled episodes"))

# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-road", "locked": false, "points": 6, "solution": true}
# ### 6.5 In words  (20 minutes, marked by hand)
#
# In the cell above, set `DITCH = 2`, so that a car two lanes off the middle stays there, and run it again; then set it back. (a) Describe both pictures: how far are the two methods apart after 1, 9 and 17 episodes, and where do the intervals part? (b) Why does DAgger learn
# something on the first road that cloning hardly ever sees? Name a state. (c) What has become of its lead beside the ditch, and which line of its bound says so?
#
# ### BEGIN SOLUTION
# (a) On the first road both begin at about 15 mistakes of 40 (they are the same algorithm with one episode); after 9 episodes it is 2 to 3 against 6 to 7, after 17 about 1 against 4, in each of three disjoint sets of sixteen seeds; paired, DAgger is ahead from 5 episodes on in all three. With the ditch
# both begin near 24 and end at 7 to 10, and in none of three sets are they apart by more than chance; any honest description of the student's own pictures counts. (b) The expert corrects a gust at once, so that it is two lanes off only after two gusts in a row; the learner, which goes straight where it knows nothing, gets there often, and DAgger has the expert's answer for exactly
# these states, such as lane 2 on a straight piece. (c) In the ditch no action helps, so labels from there teach nothing: only states *before* the fall matter, and those the expert visits as well. DAgger's bound is $u\,T\varepsilon$ with $u$ the price of one mistake; $u$ is small where one can
# return and about $T$ beside the ditch, where the bound is cloning's again.
#
# *Marking (6 points): (a) 1 for each picture, 1 for intervals or spread; (b) 1, and 1 for a state; (c) 1.*
# ### END SOLUTION

# %% [markdown]
# ## 7 · Goals, and more than one right answer
#
# ### 7.1 Maximum likelihood
#
# A policy with logits $z(s)$ is a classifier of the expert's actions. To clone is to make them likely:
#
# $$L = -\frac1N\sum_n\log\pi(a_n|s_n), \qquad \pi(\cdot|s) = \mathrm{softmax}(z(s)) .$$
#
# **Write** $L$, one number to *minimise*. `logits` has shape `[N, A]`, `actions` `[N]`, whole numbers. If you write it with tensors, its gradient is looked at, too, and it can train a network below. Logits may be large: $e^{120}$ is more than single precision can hold.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "cloning_loss", "locked": false, "solution": true}
def cloning_loss(logits, actions):
    ### BEGIN SOLUTION
    logits, actions = torch.as_tensor(logits), torch.as_tensor(actions)
    return -torch.log_softmax(logits, dim=1)[torch.arange(len(actions)), actions].mean()
    ### END SOLUTION


# %% [markdown]
# ### 7.2 Every end is a goal
#
# Somebody wandered about and came to $s_T$. Nobody asked for that; but had somebody asked, these would have been actions that get there. So each trajectory is a demonstration for the goal that it happened to reach.
#
# **Write** for $t = 0,\dots,T-1$ the rows $(s_t, a_t, s_T)$, as three arrays: states `[T, D]`, actions `[T]`, goals `[T, D]`. `states` has shape `[T + 1, D]`, `actions` `[T]`, with $T\ge1$.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "relabel", "locked": false, "solution": true}
def relabel(states, actions):
    ### BEGIN SOLUTION
    return states[:-1], actions, np.tile(states[-1], (len(actions), 1))
    ### END SOLUTION


# %% [markdown]
# ### 7.3 A policy for any goal
#
# Your loss and your rows train a policy that is told where to go. A room of 9 × 9 fields with a wall, open at the top; four hundred walks of eight steps that lead nowhere in particular. The network sees its field and a goal. Then it is sent from random fields to random goals and has 30 steps; beside
# it, the same network trained on goals that were shuffled between the walks. About half a minute on two cores. The cell is yours to change.

# %% tags=["not-graded", "trains"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-goals", "locked": false, "solution": false}
SIZE, MOVES = 9, np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])  # right, left, up, down
FREE = np.ones((SIZE, SIZE), dtype=bool)
FREE[4, :6] = False  # the wall
FIELDS = np.argwhere(FREE)
STEPS = 8  # of each walk; 7.4 asks for others


def move(field, action):
    """One step of many points: fields [N, 2], actions [N]."""
    new = np.clip(field + MOVES[action], 0, SIZE - 1)
    return np.where(FREE[new[:, 0], new[:, 1]][:, None], new, field)


def wander(rng, walks=400):
    """Walks that turn now and then: states [walks, STEPS + 1, 2], actions [walks, STEPS]."""
    field, action = FIELDS[rng.integers(len(FIELDS), size=walks)], rng.integers(4, size=walks)
    states, actions = [field], []
    for _ in range(STEPS):
        action = np.where(rng.random(walks) < 0.2, rng.integers(4, size=walks), action)
        field = move(field, action)
        states.append(field)
        actions.append(action)
    return np.array(states).swapaxes(0, 1), np.array(actions).T


def seen(field, goal):
    return torch.tensor(np.concatenate([field, goal], axis=1) / 4 - 1, dtype=torch.float32)


def trained(field, action, goal, seed, steps=500):
    """A network of two hidden layers, by your loss."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    layers = (
        torch.nn.Linear(4, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 4),
    )
    net, obs, action = torch.nn.Sequential(*layers), seen(field, goal), torch.tensor(action)
    optimiser = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(steps):
        rows = torch.randint(len(action), (512,))
        optimiser.zero_grad()
        cloning_loss(net(obs[rows]), action[rows]).backward()
        optimiser.step()
    return net


def reached(net, rng, trips=400, steps=30):
    """Share of trips between random fields that arrive."""
    field, goal = FIELDS[rng.integers(len(FIELDS), size=trips)], FIELDS[rng.integers(len(FIELDS), size=trips)]
    there = (field == goal).all(1)
    for _ in range(steps):
        with torch.no_grad():
            action = torch.multinomial(torch.softmax(net(seen(field, goal)), 1), 1)[:, 0].numpy()
        field = move(field, action)
        there |= (field == goal).all(1)
    return there.mean()


try:
    rates = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        walks = [relabel(*walk) for walk in zip(*wander(rng), strict=True)]
        field, action, goal = (
            np.concatenate([np.asarray(x) for x in part]) for part in zip(*walks, strict=True)
        )
        other = rng.permutation(len(goal) // STEPS)[np.arange(len(goal)) // STEPS] * STEPS  # of another walk
        nets = trained(field, action, goal, seed), trained(field, action, goal[other], seed)
        rates.append([reached(net, np.random.default_rng(100 + seed)) for net in nets])
except NotImplementedError:
    print("This cell waits for relabel and cloning_loss: write them, then run the cell again.")
else:
    for name, share in zip(("your relabelled goals", "shuffled goals"), np.array(rates).T, strict=True):
        print(
            f"{name:21s}: {100 * share.mean():3.0f} % of 400 trips arrive (three seeds: {np.round(100 * share).astype(int)})"
        )

# %% [markdown] nbgrader={"schema_version": 3, "task": false, "grade": true, "grade_id": "written-goals", "locked": false, "points": 4, "solution": true}
# ### 7.4 In words  (15 minutes, marked by hand)
#
# In the cell above, set `STEPS = 2` and run it; then `STEPS = 25`, and run it again. (a) What share of the trips arrives, each time, and how far do the three seeds lie apart? (b) One of the two does harm. Why? And what must the network guess in the other case, why does it guess well in this room, and in which would it not? (c) Which trips would you expect to fail most often, and which data
# would mend that?
#
# ### BEGIN SOLUTION
# (a) The student's own numbers with their spread; here about 67 % with 8 steps, 66 % with 2, and clearly less with 25. (b) Of a walk of 25 steps, the first actions have little to do with where it ended: the label is
# nearly random, the policy copies a wanderer's habits. A walk of two steps only names goals next door; for one far away the network must guess, and it continues what it knows: in the direction of the goal, which is right nearly everywhere in an open room. In a maze with many walls it would not be. (c) From one side of the wall to the other: few walks go round it, and straight ahead, which is right elsewhere, is wrong there. More walks through the gap, or relabelling with every later state of a walk in the place of the last one alone.
#
# *Marking (4 points): (a) 1 with the spread; (b) 1 for the labels of long walks, 1 for the guess; (c) 1.*
# ### END SOLUTION

# %% [markdown]
# ### 7.5 Left or right of the tree
#
# Some drivers pass the tree on the left, some on the right, and one Gaussian fitted to both drives into it. A mixture has room for both:
#
# $$\log p(a) = \log\sum_{k}w_k\,\mathcal N(a;\mu_k,\sigma_k^2), \qquad \sigma_k = e^{\ell_k},\ \ell = \mathrm{log\_std} .$$
#
# **Write** it for many actions. `actions` has shape `[N]`; `weights`, `means` and `log_stds` `[K]`; the weights sum to 1, and some may be 0 (their logarithm, $-\infty$, does no harm, although NumPy warns of it). The answer, `[N]`, must be finite even for an action so far from every mean that each density is 0 to the computer. Take the largest exponent out of the sum first:
# $\log\sum_k e^{l_k} = m + \log\sum_k e^{l_k-m}$ with $m = \max_k l_k$.


# %% nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "mixture_log_likelihood", "locked": false, "solution": true}
def mixture_log_likelihood(actions, weights, means, log_stds):
    ### BEGIN SOLUTION
    z = (actions[:, None] - means) / np.exp(log_stds)
    logs = -(z**2) / 2 - log_stds - math.log(2 * math.pi) / 2 + np.log(np.maximum(weights, 1e-300))
    largest = logs.max(axis=1, keepdims=True)
    return largest[:, 0] + np.log(np.exp(logs - largest).sum(axis=1))
    ### END SOLUTION


# %% [markdown]
# **See it.** Sixty drivers, and the densities of the best single Gaussian and of a mixture of two. What is the mean log-likelihood of each, and what does each say about driving straight ahead?

# %% tags=["not-graded"] nbgrader={"schema_version": 3, "task": false, "grade": false, "grade_id": "given-tree", "locked": true, "solution": false}
if ready("mixture_log_likelihood", mixture_log_likelihood):
    rng, figure = np.random.default_rng(0), plots.figure(8, 3.6)
    drivers, ax = rng.choice([-1.0, 1.0], 60) + 0.15 * rng.normal(size=60), plots.axes(figure)
    sides, line = [drivers[drivers < 0], drivers[drivers > 0]], np.linspace(-2, 2, 401)
    models = {
        "one Gaussian": ([1.0], [drivers.mean()], [drivers.std()]),
        "two": ([len(s) / 60 for s in sides], [s.mean() for s in sides], [s.std() for s in sides]),
    }
    for (name, (w, m, s)), color, dashes in zip(
        models.items(), (plots.ORANGE, plots.BLUE), ("--", "-"), strict=True
    ):
        w, m, log_s = np.array(w), np.array(m), np.log(s)
        fit = float(np.mean(np.asarray(mixture_log_likelihood(drivers, w, m, log_s))))
        density = np.exp(np.asarray(mixture_log_likelihood(line, w, m, log_s)))
        ax.plot(line, density, color=color, linestyle=dashes, label=f"{name}: {fit:.2f} nats a driver")
    ax.plot(drivers, np.full(60, -0.06), "|", color=plots.BLACK)
    ax.axvspan(-0.3, 0.3, color="0.85", zorder=0)
    ax.text(0, 0.7, "tree", ha="center")
    ax.set(xlabel="steering", ylabel="density", title="Two ways round a tree", ylim=(-0.12, 2.1))
    plots.legend(ax, loc="upper right")
    display(plots.show(figure, alt="One Gaussian is highest at the tree; a mixture of two is low there"))
