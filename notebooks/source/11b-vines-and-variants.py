# %% [markdown] tags=["head"]
# # Lecture 11b · Vines and variants
#
# question: Papers and programs by the name of TRPO differ in a dozen places. Which of them matter?
# objectives:
# - **explain** why branches of a vine share their random numbers, and **measure** what it saves
# - **derive** why the self-normalised estimator needs no baseline
# - **compare** eight methods on equal numbers of steps, and **say** which differences hold
# - **read** somebody else's TRPO: name the details that no lecture mentions, and what each does
# needs:
# - 11: the step, its length, the line search
# - 05: importance weights, self-normalised
# symbols: s, a, \gamma, \pi, \theta, Q^\pi, \hat Q, L, \delta, \sigma, \mathbb E
# - $K$: actions tried in one state of a vine
# - $a_k$: one of them
# - $\rho_k$: ratio $\pi_\theta(a_k\mid s)/\pi_{\mathrm{old}}(a_k\mid s)$
# - $\bar Q$: mean of $\hat Q_k$ over the $K$ actions; weighted by $\pi_{\mathrm{old}}$ where all actions are tried
# - $u_k$: weight $\rho_k/\sum_j\rho_j$
# - $r_l$: reward of step $l$ of a branch
# - $\xi_l$: random numbers of step $l$ of a branch
# - $\lambda$: weight of long advantages in GAE; one program calls it tau
# - $\kappa$: correlation of two branches' returns
# homework: 5

# %% tags=["import", "hide"]
from dataclasses import replace

import numpy as np
import torch

from rlcourse import plots
from rlcourse.agents import VineAgent
from rlcourse.agents.samples import fit_critic_by_lbfgs
from rlcourse.algorithms.cem import CEM
from rlcourse.algorithms.cmaes import CMAES
from rlcourse.algorithms.npg import NPG
from rlcourse.algorithms.trpo import TRPO
from rlcourse.equations import markov
from rlcourse.equations.objectives import vine_surrogate
from rlcourse.equations.returns import gae
from rlcourse.equations.solvers import armijo_search, full_step, unguarded_conjugate_gradient
from rlcourse.experiments import recorded
from rlcourse.pages import pseudocode, receipts
from rlcourse.parts.worlds import Pendulum
from rlcourse.statistics import mean_interval
from rlcourse.training import train
from rlcourse.widgets import Slider, Switch, explore, live, predict

plots.use()

# %% [markdown]
# ## 1 · Two branches, one set of dice (14 minutes)
#
# A pendulum stands out sideways, 90° from upright, at rest. Is it better to push it up or down? (It falls either way: its motor is weaker than gravity. But it pays less the farther it is from upright.) A simulator can be set to this state: push up once, then follow the policy for a while; set it back, push down once, follow the policy again. Such a continuation is a *branch*. The policy is noisy, so each time the answer is another one.
#
# The noise comes from a random number generator. One may give each branch *dice of its own*, or roll one sequence of numbers and use it in both branches of a pair: *shared dice*.
#
# **Try**, once you have answered the question below. On the left of the lab are six branches after a push down and six after a push up; on the right each dot is a pair of branches, and on the black line both would earn the same. Read the spread of the difference above the dots with dice of their own, then let each pair share its dice. Then lengthen the branches.


# %% tags=["hide"]
def branch_pair(steps, pairs, common, seed=0):
    """Angles [2, pairs, steps + 1] and returns [2, pairs] of branches that begin with a push down, and with one up."""
    noise = np.random.default_rng(seed).standard_normal((1 if common else 2, pairs, steps))
    noise = np.broadcast_to(noise, (2, pairs, steps)).reshape(2 * pairs, steps)
    state, total = np.tile([np.pi / 2, 0.0], (2 * pairs, 1)), np.zeros(2 * pairs)
    action = np.repeat([[1.0], [-1.0]], pairs, axis=0)  # a push of 2 N m, away from upright or towards it
    angles = [state[:, 0]]
    for step in range(steps):
        state, reward, _ = Pendulum().step(state, 2 * np.clip(action, -1, 1))
        angles.append(state[:, 0])
        total += 0.95**step * reward
        action = (-0.3 * state[:, 1] + 0.7 * noise[:, step])[:, None]  # a brake, and noise
    return np.stack(angles, -1).reshape(2, pairs, -1), total.reshape(2, pairs)


predict(
    "Branches of 30 steps, shared dice against own dice: by which factor does the variance of the difference *up − down* fall?",
    {
        "2, as half of the numbers are drawn": "How many numbers are drawn does not matter. What matters is whether both branches meet the same ones.",
        "more than 20": "",
        "1, nothing changes": "Each branch alone is as noisy as before. Their difference is not: what the dice do to one branch, they do to the other.",
    },
    answer="more than 20",
    why="The two branches stay close to each other, so nearly all of the noise cancels. Switch the dice in the lab and see.",
)

# %% [markdown]
# Four hundred pairs of branches:


# %% tags=["hide"] stage={"ask": "What will shared dice change: the spread of each branch, or that of their difference?"}
def draw_branches(fig, common=False, steps=30):
    left, right = plots.axes(fig, 1, 2)
    angles, total = branch_pair(steps, 400, common)
    for side, name, colour, line in ((0, "down", plots.ORANGE, plots.DASHES), (1, "up", plots.BLUE, "-")):
        for path in np.degrees(angles[side, :6]):
            left.plot(path, color=colour, linestyle=line, linewidth=1.3, label=name)
            name = "_more"
    left.set(xlim=(0, 60), ylim=(-40, 400), xlabel="step", ylabel="angle from upright (°)")
    left.set_title("six pairs of branches")
    plots.legend(left, loc="upper left")
    difference = total[1] - total[0]
    right.plot(*total, ".", color=plots.GREY, markersize=4, linestyle="none")
    frame = plots.round_limits(total, parts=4)
    right.axline((0, 0), slope=1, color=plots.BLACK, linewidth=1, linestyle="-")
    right.set(xlim=frame, ylim=frame, xlabel="return after a push down")
    right.set_ylabel("return after a push up")
    title = f"up − down: {difference.mean():.1f} ± {difference.std():.1f} (sd)"
    right.set_title(title.replace("-", "−"))
    correlation = float(np.corrcoef(total)[0, 1])
    return {"variance of up − down": float(difference.var()), "correlation κ": correlation}


lab_branches = explore(
    draw_branches,
    alt="Six pairs of branches of the pendulum, and the returns of 400 pairs against each other",
    size=(11, 4.3),
    settings={"shared dice": {"common": True}, "shared, long": {"common": True, "steps": 60}},
    common=Switch("", "shared dice", value=False),
    steps=Slider("", "length of a branch", min=2, max=60, step=2),
)
lab_branches

# %% [markdown]
# With dice of their own the dots are a round cloud, with shared dice a thin line beside the diagonal: a lucky pair is lucky in both branches. The variance of a difference is $\sigma_1^2+\sigma_2^2-2\kappa\,\sigma_1\sigma_2$. Shared dice $\xi_l$ leave each branch's own variance as it is and bring $\kappa$ near 1: what the dice did to one branch, they did to the other. These are *common random numbers*.

# %% [markdown]
# With 4000 pairs:

# %%
total = {
    common: branch_pair(30, 4000, common, seed=1 + common)[1] for common in (False, True)
}  # [down and up, pairs]
found = {common: up - down for common, (down, up) in total.items()}
own = total[False].var(axis=1)
five = 5 * (2 / 4000) ** 0.5  # standard errors of a variance, relative
with receipts("4000 pairs, shared dice", oracle="4000 pairs, own dice") as same:
    same("mean of up − down", found[True].mean(), found[False].mean(), 4 * (found[False].var() / 4000) ** 0.5)
    for side, name in enumerate(("down", "up")):
        same(f"variance of {name} alone", total[True][side].var(), own[side], five * own[side])
with receipts("4000 pairs, own dice", oracle="σ₁² + σ₂², as κ = 0") as same:
    same("variance of up − down", found[False].var(), own.sum(), five * own.sum())
print(
    f"variance {found[False].var():.1f} with own dice, {found[True].var():.2f} with shared: factor {found[False].var() / found[True].var():.0f}"
)
assert found[False].var() / found[True].var() > 20

# %% [markdown]
# The variance falls from 5.9 to 0.22, by a factor of 28, and the mean stays. To know with own dice that *up* is better by 3.4 as surely as with shared ones, one would need 28 times as many branches.
#
# ## 2 · A vine (18 minutes)
#
# Schulman et al. (section 5.2) build on this. A *trunk* is played as usual; some of its states are the *rollout set*; in each, $K$ actions are tried, and each is followed by a branch whose dice it shares with its neighbours. So every state has several $\hat Q_k$, which can be compared *with each other*.
#
# If there are few actions, all are tried, and one state's share of $L$ is the sum itself (paper, section 5.2): $L(\theta) = \sum_a\pi_\theta(a|s)\,\hat Q(s,a)$. Otherwise $K$ are drawn from $\pi_{\mathrm{old}}$, and importance weights are normalised by their own sum:
# $$L(\theta) = \frac{\sum_k\rho_k\,\hat Q_k}{\sum_k\rho_k},\qquad \rho_k = \frac{\pi_\theta(a_k|s)}{\pi_{\mathrm{old}}(a_k|s)}.$$
#
# **Why no baseline.** Write $u_k = \rho_k/\sum_j\rho_j$. These weights sum to 1, so $\sum_ku_k(\hat Q_k+c) = L + c$: a constant $c$ adds itself and leaves the gradient. At $\theta_{\mathrm{old}}$, where all $\rho_k = 1$,
# $$\nabla L = \tfrac1K\sum_k\nabla\rho_k\,\hat Q_k - \Big(\tfrac1K\sum_k\hat Q_k\Big)\tfrac1K\sum_k\nabla\rho_k = \frac1K\sum_k\nabla\log\pi(a_k|s)\,(\hat Q_k-\bar Q).$$
# The quotient rule has put the state's own mean in the place of a baseline.

# %%
generator = torch.Generator().manual_seed(0)
logits = torch.randn(5, generator=generator, dtype=torch.float64).requires_grad_()
actions, q = torch.tensor([0, 3, 3, 1]), torch.tensor([1.0, -2.0, 0.5, 4.0], dtype=torch.float64)
pi = torch.softmax(logits, -1)
gradients = {}
for constant in (0.0, 1000.0):
    L = vine_surrogate(pi[actions], pi[actions].detach(), q + constant)
    (gradients[constant],) = torch.autograd.grad(L, logits, retain_graph=True)
score = torch.eye(5, dtype=torch.float64)[actions] - pi.detach()
by_hand = (score * (q - q.mean())[:, None]).mean(0)
with receipts("gradient of the quotient, autograd", oracle="the last formula") as same:
    for constant, gradient in gradients.items():
        same(f"$\\hat Q$ plus {constant:g}", gradient, by_hand, 1e-10)

# %% [markdown]
# Is it right in the mean? Only nearly: $K$ draws estimate $\bar Q$ with themselves in it, so that the expected gradient is $(1-\tfrac1K)$ times the true one (exercise 2). A direction does not mind. The branches themselves are unbiased, if they are long enough or end in a true value. Here is a finite process with exact $Q$, five states and three actions; branches of 12 steps end in the exact $V$.


# %%
PROCESS = markov.MDP.random(5, 3, seed=4, gamma=0.9)
POLICY = markov.random_policy(PROCESS, 5)
Q, V = markov.q_values(PROCESS, POLICY), markov.values(PROCESS, POLICY)
NEXT, CHOICE = PROCESS.transition.cumsum(-1), POLICY.cumsum(-1)


def branches(state, action, steps, rng, common):
    """Q̂ [n, K] of action [n, K] in state [n]: branches of `steps` steps, then V. Dice shared within a row, or not."""
    n, K = action.shape
    s, total = np.repeat(state[:, None], K, axis=1), np.zeros((n, K))
    for step in range(steps):
        dice = rng.random((2, n, 1 if common else K)) * np.ones((1, 1, K))
        total += 0.9**step * PROCESS.reward[s, action]
        s = np.minimum((NEXT[s, action] < dice[0, ..., None]).sum(-1), 4)
        action = np.minimum((CHOICE[s] < dice[1, ..., None]).sum(-1), 2)
    return total + 0.9**steps * V[s]


# %% [markdown]
# The process: an action leads from the state of its row to the state of a column, with the probability in the square. At the right: what the action pays there, and how often the policy takes it.

# %% tags=["hide"]
fig = plots.figure(12.5, 4.2)
for action, ax in enumerate(plots.axes(fig, 1, 3)):
    chances = PROCESS.transition[:, action]
    ax.imshow(chances, cmap="Greys", vmin=0, vmax=1.2, aspect="auto")
    for (row, column), p in np.ndenumerate(chances):
        ax.text(column, row, f"{p:.2f}", ha="center", va="center", color="white" if p > 0.65 else "black")
    ax.set(xticks=range(5), yticks=range(5), xlabel="next state", title=f"action {action}")
    ax.set_ylabel("state" if action == 0 else "")
    for row in range(5):
        words = f"{PROCESS.reward[row, action]:+.1f}, {POLICY[row, action]:.0%}".replace("-", "−")
        ax.text(4.6, row, words, va="center")
plots.show(
    fig, alt="Transition probabilities of a process of five states and three actions, with rewards and policy"
)

# %% [markdown]
# Are the branches right in the mean?

# %%
rng, n = np.random.default_rng(0), 20_000
every = np.tile(np.arange(3), (n, 1))
with receipts("mean of 20,000 branches", oracle="exact Q") as same:
    for s in range(5):
        found = branches(np.full(n, s), every, 12, rng, common=True)
        same(f"Q in state {s}", found.mean(0), Q[s], 4.5 * found.std(0).max() / n**0.5)

# %% [markdown]
# Now the gradient of the surrogate, estimated from equal numbers of simulated *decisions*: single path (one action a state, one rollout of 12 steps, less the state's exact $V$ as its baseline), a vine with own dice, and a vine with shared dice. All try actions drawn from the policy; the vines take $K = 3$ in a third as many states.


# %%
def gradient_estimates(kind, states, repeats, rng):
    """Estimates [repeats, 15] of the mean of ∇log π(a|s) A(s, a) over uniform states, tabular softmax."""
    K = 1 if kind == "single path" else 3
    n = states // K * repeats
    s = rng.integers(5, size=n)
    a = np.minimum((CHOICE[s][:, None] < rng.random((n, K, 1))).sum(-1), 2)
    q = branches(s, a, 12, rng, common=kind == "vine, shared dice")
    less = q - V[s][:, None] if K == 1 else (q - q.mean(1, keepdims=True)) * K / (K - 1)
    score = np.zeros((n, K, 5, 3))
    row, column = np.arange(n)[:, None], np.arange(K)
    score[row, column, s[:, None]] = np.eye(3)[a] - POLICY[s][:, None]
    return np.einsum("nksa,nk->nsa", score, less).reshape(repeats, -1, 15).mean(1) / K


KINDS = ("single path", "vine, own dice", "vine, shared dice")
exact = (POLICY * (Q - V[:, None])).ravel() / 5
spread = {}
with receipts("mean estimate", oracle="exact policy gradient") as same:
    for kind in KINDS:
        found = gradient_estimates(kind, 60, 2000, np.random.default_rng(3))
        spread[kind] = found.var(0).sum()
        same(f"{kind}: variance {spread[kind]:.4f}", found.mean(0), exact, 5 * found.std(0).max() / 2000**0.5)
assert spread["vine, shared dice"] < spread["single path"] < spread["vine, own dice"]

# %% [markdown]
# All three are right in the mean. With dice of their own, three actions in a third of the states are *worse* than single path, 0.132 against 0.081: fewer states, and nothing gained. With shared dice the vine is better, 0.074. The gain is small in this process, where paths part for good once two branches land in different states; the pendulum of section 1, whose branches stay close, gains more from sharing.
#
# ## 3 · A vine in the loop (12 minutes)
#
# In `TRPO` a vine is three numbers: `branches` ($K$), `branch_states`, `branch_steps`. The update stays as it is; only who hands it its batch is another agent, `VineAgent`, and $L$ is the sum over all actions on the pole, the quotient on the pendulum. It asks its environment for a state and sets it: worlds of this course allow that, most others do not.

# %% tags=["hide"]
pseudocode(
    "Vine, after Schulman et al. 2015, section 5.2; V at the end of a branch is ours",
    r"""
    play a trunk with $\pi_{\mathrm{old}}$; choose some of its states, the rollout set
    in each: all actions, or $K$ draws of $\pi_{\mathrm{old}}$
    from each state and action a branch; its dice are shared with the state's other branches
    $\hat Q = \sum_l\gamma^l r_l$, with $V$ beyond the last step
    for the update: $\hat Q-\bar Q$, and $\bar Q$ as the critic's target
    """,
    VineAgent._grow,
    {1: "chosen = ", 2: "action = np.tile", 3: "q = self._branch", 5: "return VineSamples"},
)

# %% [markdown]
# ## 4 · Eight methods, equal steps (18 minutes)
#
# The paper's section 8.1 compares TRPO in both forms with the natural gradient, the max-KL constraint, the empirical Fisher matrix, and two searches that use no gradient: CEM, which draws 32 policies, keeps the best quarter and draws the next around them, and CMA-ES, which also learns in which *directions* to draw. Here the same on the pole and the pendulum: one network of 16 hidden units, 2048 steps a batch, 40,960 steps in all, and every simulated step counts, those of branches too. The natural gradient comes twice: with TRPO's length and no search, and as `NPG` with the fixed step $F^{-1}g$ (of seven step sizes 1 was best, on other seeds).


# %%
COMMON = {"hidden": (16,), "horizon": 256, "minibatch_size": 256, "critic_lr": 3e-3}
DISCOUNT = {"CartPole-v1": {"gamma": 0.99}, "Pendulum-v1": {"gamma": 0.95}}
VINE = {
    "CartPole-v1": {"horizon": 32, "branches": 2, "branch_states": 28, "branch_steps": 32},
    "Pendulum-v1": {"horizon": 32, "branches": 4, "branch_states": 56, "branch_steps": 8},
}


def methods(task):
    """The eight methods of the comparison, with one network of 16 hidden units and 2048 steps a batch."""
    trpo = TRPO(**COMMON, **DISCOUNT[task])
    return {
        "single path": trpo,
        "vine": replace(trpo, **VINE[task]),
        "natural gradient": replace(trpo, line_search=full_step),  # TRPO's length, and nothing checks it
        "NPG, fixed step": NPG(learning_rate=1.0, **COMMON, **DISCOUNT[task]),
        "max KL": replace(trpo, constraint="max"),
        "empirical Fisher": replace(trpo, fisher="empirical"),
        "CEM": CEM(),
        "CMA-ES": CMAES(),
    }


# %% [markdown]
# And what is recorded of them:


# %%
def methods_experiment(task, steps, seeds):
    """Evaluation returns [S, E] of each method, every 2048 steps."""
    runs = {name: train(a, task, steps, seeds, evaluate_every=2048) for name, a in methods(task).items()}
    return {name: run.curve.returns for name, run in runs.items()}


# %% [markdown]
# A guess first:

# %% tags=["hide"]
predict(
    "Which of the eight learns the pole but not the pendulum within 40,960 steps?",
    {
        "single path": "It learns both.",
        "the searches without gradients, CEM and CMA-ES": "",
        "max KL": "Its steps are shorter, but it learns both.",
        "none: what learns one, learns the other": "The searches see nothing of an episode but its return. On the pole that is enough; on the pendulum it says little while no candidate gets it up.",
    },
    answer="the searches without gradients, CEM and CMA-ES",
    why="40,960 steps are 204 episodes of the pendulum: six generations of 32 candidates. The pole's first episodes last twenty steps.",
)

# %% [markdown]
# Recorded with twelve seeds (`python3 -m rlcourse record 11b`, with what follows about five minutes of an idle machine); the page trains two seeds for one batch now.

# %%
methods_found = {}
for task, file in (
    ("CartPole-v1", "recordings/11b-methods-cartpole.json"),
    ("Pendulum-v1", "recordings/11b-methods-pendulum.json"),
):
    methods_found[task], _ = recorded(
        file, methods_experiment, {"steps": 2048, "seeds": 2},
        task=task, steps=40_960, seeds=12,
    )  # fmt: skip

# %% [markdown]
# All curves, 2048 steps a point; thick: the mean of the middle half of the seeds, with its interval:

# %% tags=["hide"]
METHOD_LOOKS = {
    "single path": (plots.GREEN, "-"), "vine": (plots.BLUE, plots.DASHES), "natural gradient": (plots.BLACK, plots.DOTS),
    "max KL": (plots.SKY, plots.DASH_DOT), "empirical Fisher": (plots.ORANGE, plots.LONG),
    "NPG, fixed step": (plots.GREY, "-"), "CEM": (plots.PURPLE, plots.DASHES), "CMA-ES": (plots.VERMILION, plots.DOTS),
}  # fmt: skip
fig = plots.figure(12.5, 5)
for ax, (task, bounds) in zip(
    plots.axes(fig, 1, 2), (("CartPole-v1", (0, 500)), ("Pendulum-v1", (-1800, 0))), strict=True
):
    for name, returns in methods_found[task].items():
        plots.learning_curve(
            ax, 2048 * np.arange(21), returns, name, *METHOD_LOOKS[name], seeds_width=0.15, bounds=bounds
        )
    ax.set(ylim=bounds, xlim=(0, 40_960), xticks=(0, 20_000, 40_000), title=task)
    for line in ax.lines:
        line.set_label(line.get_label().replace(", n = 12", ""))
    plots.label_lines(ax, wrap=16)
plots.show(fig, alt="Returns of eight methods on two tasks, twelve seeds each: IQM with bootstrap intervals")

# %% [markdown]
# In numbers: the return over the whole training, less that of single path with the same seed. Only what has one sign in all three sets of four seeds is marked.


# %% tags=["hide"]
def against(found, base):
    """{name: (paired difference [seeds] of the mean return over training, marked?)}"""
    area = {name: returns[:, 1:].mean(axis=1) for name, returns in found.items()}
    table = {}
    for name, values in area.items():
        if name != base:
            difference = values - area[base]
            means = difference.reshape(3, 4).mean(axis=1)
            whole = mean_interval(difference)
            steady = bool((np.sign(means) == np.sign(means[0])).all() and whole.low * whole.high > 0)
            table[name] = (difference, steady)
    return table


# %% [markdown]
# As a table:


# %% tags=["hide"]
def print_table(found, base):
    for task, curves in found.items():
        print(
            f"{task}: {base} {curves[base][:, 1:].mean():.0f} over the training, {curves[base][:, -1].mean():.0f} at the end"
        )
        for name, (difference, steady) in against(curves, base).items():
            whole = mean_interval(difference)
            mark = "•" if steady else " "
            end = curves[name][:, -1].mean()
            print(
                f"  {mark} {name:32} {difference.mean():+8.0f}  [{whole.low:+.0f}, {whole.high:+.0f}]   at the end {end:7.0f}"
            )


print_table(methods_found, "single path")

# %% [markdown]
# On the pole nothing that has a gradient differs reliably from single path, except the vine; on the pendulum the max-KL constraint learns later (shorter steps, as the paper found), and has the highest mean at the end (which is not marked). Analytic or empirical Fisher matrix: no difference that we could see, which is the paper's finding, too. The natural gradient without a search costs on average, but the interval covers 0 on both tasks.
#
# `NPG` with its fixed step differs by −2 [−37, 33] and −43 [−136, 50]. But five of its twelve pendulums end below −600, and none of single path's: the mean KL of its steps grew from about 0.009 (first five batches) to 0.05 (last five).
#
# One finding differs from the paper's. The vine did worst of the gradient methods, where the paper has it among the best. Seven in eight of its steps are spent on branches, its critic sees a few dozen states a batch, and ours is cut after 8 or 32 steps and leans on that critic; which of the three is to blame, we did not measure. With a network of a hundred numbers CEM and CMA-ES do learn the pole, if more slowly; the paper has them fail on its larger tasks. On the pendulum 204 episodes teach them nothing; the policies that they keep are worse than the untrained one.
#
# All live, on the pole (NPG ignores δ):

# %% tags=["hide"] stage={"ask": "Which of the eight will be last after 40,000 steps?"}
panel = live(
    methods("CartPole-v1"), "CartPole-v1", steps=40_000, seeds=4,
    recorded="recordings/11b-live.json", title="Eight methods on the pole",
    max_kl=Slider("δ", "largest KL", min=0.001, max=1.0, log=True),
)  # fmt: skip
panel

# %% [markdown]
# ## 5 · Somebody else's TRPO (24 minutes)
#
# A much-copied program of 200 lines (`ikostrikov/pytorch-trpo`) is what many people mean by TRPO. Read it with a pencil: what does it do that no lecture mentions? Each fact below is a field of `TRPO`, so that it can be *measured*: ours with this one fact of theirs, against ours.
#
# | fact of the program | here |
# |:---|:---|
# | $0.1\,v$ is added to $Fv$, in conjugate gradient *and* in the step's length | `damping=0.1`; `damped_length=False` takes it out of the length |
# | ten iterations from 0, an *absolute* tolerance, no look at $p^\top Fp\le0$ | `solver=unguarded_conjugate_gradient` |
# | $Fv$ by two backward passes through $D_{\mathrm{KL}}(\pi_{\mathrm{old}}\|\pi_\theta)$ against a detached copy of itself; slope 0, Hessian not | `fisher_product`: same numbers |
# | step $s/\lambda$ with $\lambda = \sqrt{\tfrac12s^\top Fs/\delta}$ | the same step as that of lecture 11 |
# | the search asks for a tenth of the predicted gain, halves ten times, and *never looks at the KL divergence* | `line_search=armijo_search`, `shrink=0.5` |
# | if all fail, the old parameters return silently | ours logs `step_fraction` 0 |
# | critic by L-BFGS, 25 iterations on the whole batch, $10^{-3}\lVert w\rVert^2$ | `critic_fit=fit_critic_by_lbfgs` (on our targets; theirs are Monte-Carlo returns) |
# | $\delta = 0.01$; $Fv$ on the whole batch | `max_kl`, `fisher_fraction=1.0` |
# | advantages z-scored; $\lambda$ of GAE is called tau, 0.97; $\gamma = 0.995$ | `normalise_advantage` (ours does so, too), `lam`, `gamma` |
# | observations filtered by running moments | `normalise_observation` (ours between batches; theirs while collecting, clipped at ±5) |
# | a time limit counts as a death | `advantage=time_limits_as_deaths` |
# | `num_steps += (t-1)` misses two steps an episode | see below |
# | everything in float64 | ours is float32. Not a switch: lecture 11, section 3, sees only one part of the cost, float32 conjugate gradient beside a float64 solve of the same $F$ and $g$ (equal to 4 digits) |


# %%
def time_limits_as_deaths(reward, value, next_value, terminated, truncated, gamma, lam):
    """GAE that takes the end of the clock for the end of the world."""
    over = np.maximum(terminated, truncated)
    return gae(reward, value, next_value, over, 0 * truncated, gamma, lam)


# %% [markdown]
# The switches, each a field of `TRPO`:


# %%
SWITCHES = {
    "δ = 0.01": {"max_kl": 0.01},
    "Fv on the whole batch": {"fisher_fraction": 1.0},
    "damping 0.1": {"damping": 0.1},
    "damping 0.1, not in the length": {"damping": 0.1, "damped_length": False},
    "CG without guards": {"solver": unguarded_conjugate_gradient},
    "Armijo, KL never checked": {"line_search": armijo_search, "shrink": 0.5},
    "no line search": {"line_search": full_step},
    "critic by L-BFGS": {"critic_fit": fit_critic_by_lbfgs},
    "advantages as they are": {"normalise_advantage": False},
    "rewards as they are": {"normalise_reward": False},
    "time limits as deaths": {"advantage": time_limits_as_deaths},
    "λ = 0.97, called tau": {"lam": 0.97},
    "γ = 0.995": {"gamma": 0.995},
    "observation filter": {"normalise_observation": True},
}
THEIRS = {
    "damping": 0.1, "max_kl": 0.01, "shrink": 0.5, "fisher_fraction": 1.0, "lam": 0.97, "gamma": 0.995,
    "solver": unguarded_conjugate_gradient, "line_search": armijo_search, "critic_fit": fit_critic_by_lbfgs,
    "normalise_reward": False, "normalise_observation": True, "advantage": time_limits_as_deaths,
}  # fmt: skip


# %% [markdown]
# One at a time, and all together:


# %%
def switches_experiment(task, steps, seeds):
    """Evaluation returns [S, E] every 2048 steps: ours, with one fact at a time, and with all of them."""
    ours, found = TRPO(**COMMON, **DISCOUNT[task]), {}
    for name, change in {"ours": {}, **SWITCHES, "all of theirs": THEIRS}.items():
        found[name] = train(replace(ours, **change), task, steps, seeds, evaluate_every=2048).curve.returns
    return found


# %% [markdown]
# A guess before the table:

# %% tags=["hide"]
predict(
    "Which single change costs most on the pendulum?",
    {
        "never checking the KL divergence": "Its mean is less than a third of the largest one's, and its interval does not exclude 0.",
        "rewards as they are": "",
        "damping of 0.1 in the place of 0.01": "Steps become shorter. Its interval does not exclude 0 either.",
        "conjugate gradient without guards": "Its guards never fire here: the numbers are the same.",
    },
    answer="rewards as they are",
    why="Values of about −100 are far from what the critic's first weights can say, and Adam brings it there slowly: in the tenth batch it explains less than an eighth of its targets' variance, with scaled rewards more than seven tenths. So advantages stay noise.",
)

# %% [markdown]
# The recording, and two seeds for one batch now:

# %%
switches_found = {}
for task, file in (
    ("CartPole-v1", "recordings/11b-switches-cartpole.json"),
    ("Pendulum-v1", "recordings/11b-switches-pendulum.json"),
):
    switches_found[task], _ = recorded(
        file, switches_experiment, {"steps": 2048, "seeds": 2},
        task=task, steps=40_960, seeds=12,
    )  # fmt: skip

# %% [markdown]
# The table, by `python3 -m rlcourse record 11b`: effect on the mean return over the training, paired by seed, n = 12, with 95 % intervals; • where all three sets of four seeds agree in sign and the interval leaves out 0.

# %% tags=["hide"]
print_table(switches_found, "ours")

# %% [markdown]
# And as a picture; orange costs, blue helps, grey is not decided; small dots are seeds:

# %% tags=["hide"]
fig = plots.figure(12, 5.2)
for ax, (task, curves) in zip(plots.axes(fig, 1, 2), switches_found.items(), strict=True):
    table = against(curves, "ours")
    for at, (difference, steady) in enumerate(table.values()):
        whole = mean_interval(difference)
        colour = plots.VERMILION if steady and whole.high < 0 else plots.BLUE if steady else plots.GREY
        ax.plot(difference, np.full(12, at) + 0.18, ".", color=colour, markersize=3, linestyle="none")
        ax.plot([whole.low, whole.high], [at, at], color=colour, linewidth=3, linestyle="-")
        ax.plot(whole.estimate, at, "o", color=colour, markersize=7)
    ax.axvline(0, color=plots.BLACK, linewidth=1, linestyle="-")
    ax.set(
        yticks=range(len(table)),
        ylim=(len(table) - 0.4, -0.6),
        xlabel="mean return over training, less ours",
        title=task,
    )
    ax.set_yticklabels(table if task == "CartPole-v1" else [""] * len(table))
plots.show(
    fig, alt="Effect of each fact of the program on the return, paired by seed, with intervals, on two tasks"
)

# %% [markdown]
# *On the pendulum* four facts cost reliably: rewards as they are, $\gamma = 0.995$, time limits taken for deaths (every episode ends by the clock there), and the damping where it is left out of the length. The L-BFGS critic *helps*. Neither Armijo's test nor leaving the search out has an interval that excludes 0. The guards of conjugate gradient never fired there.
#
# *On the pole* damping and unscaled rewards cost, little by little. And *all of theirs together* is better than ours by 42, though no single fact explains it, while on the pendulum it hardly learns at all. Facts do not add up; and a program that was tuned on one task says little about another.
#
# **Steps that are not counted.** An episode of $T$ steps adds $T-2$: its loop counts from 0, and one is subtracted. On the pole's first episodes, 20 steps each, a batch of 2048 counted steps holds 2276 real ones; an episode of one step even counts $-1$.

# %%
with receipts("real steps of a batch", oracle="counting") as same:
    episodes, counted = 0, 0
    while counted < 2048:
        episodes, counted = episodes + 1, counted + sum(1 for _ in range(20)) - 2
    same("episodes of 20 steps until 2048 are counted", episodes * 20, np.ceil(2048 / 18) * 20)

# %% [markdown]
# ## Summary
#
# - Common random numbers make branches comparable: the noise that both meet cancels in their difference.
# - The self-normalised estimator subtracts the mean of the tried actions by itself; a constant added to $\hat Q$ changes no gradient.
# - A vine's gradient had less variance per decision, and in training it lost to single path: branches are paid for in steps, and its critic sees few states.
# - CEM and CMA-ES learn from one number an episode: fine for a hundred parameters on the pole, hopeless on the pendulum in 204 episodes.
# - What a paper does not mention may matter more than what it is about: on the pendulum the scale of rewards and the meaning of a time limit cost more than any detail of the step.
#
# ## Exercises
#
# 1. ★ (5 minutes) In section 1, what is the variance factor if the correlation $\kappa$ of branches of equal variance is 0.98?
#    <details><summary>Answer</summary>2σ² with own dice, 2σ²(1 − κ) with shared ones: a factor 1/(1 − κ) = 50.</details>
# 2. ★★ (15 minutes) Show that the mean of $\tfrac1K\sum_k\nabla\log\pi(a_k|s)(\hat Q_k-\bar Q)$ is $(1-\tfrac1K)$ times the true gradient, and find the line of section 2 that corrects it.
#    <details><summary>Hint</summary>$\mathbb E[\nabla\log\pi(a_k)\,\hat Q_j] = 0$ for $j\ne k$.</details>
#    <details><summary>Answer</summary>In $\bar Q$ only the term $\hat Q_k/K$ is correlated with $\nabla\log\pi(a_k)$; it takes away one K-th. In `gradient_estimates` the factor `K / (K - 1)` gives it back. (With shared dice the $\hat Q_j$ of other actions depend on dice, not on $a_k$, so the hint holds.)</details>
# 3. ★★ (15 minutes) Let $K$ grow in `gradient_estimates` at a fixed number of decisions (replace the 3 of `K = 1 if … else 3` and rerun). Which $K$ is best with shared dice?
#    <details><summary>Hint</summary>60 must be divisible by K: try 2, 3, 5, 6, 10.</details>
#    <details><summary>Answer</summary>Of these 3, with 0.074; 2 gives 0.080, 5 gives 0.089, 10 gives 0.144. More actions compare better, and leave fewer states.</details>
# 4. ★★★ (40 minutes) Match each row of section 5's first table to its lines in the program. Then measure a fact that is missing among our switches: add `"Monte Carlo": {"lam": 1.0}` to a copy of `SWITCHES`, train it beside ours with four seeds on the pole, and compare.
#    <details><summary>Hint</summary>`lam=1.0` makes advantages and critic's targets sums of rewards, with V only beyond the end of the batch.</details>
#    <details><summary>Answer</summary>Theirs uses Monte-Carlo sums for the critic and GAE for the policy, so this switch changes more than theirs does: to change the targets alone, `critic_fit` would have to be given the rewards. With four seeds expect an interval that is wider than most effects of the table; do not claim what it covers.</details>

# %% [markdown]
# ## Sources
#
# - Schulman et al., *Trust region policy optimization*, ICML 2015, [arXiv:1502.05477](https://arxiv.org/abs/1502.05477): sections 5 (single path, vine) and 8.1.
# - Ng and Jordan, *PEGASUS: a policy search method for large MDPs and POMDPs*, UAI 2000: common random numbers in policy search (from memory).
# - Szita and Lőrincz, *Learning Tetris using the noisy cross-entropy method*, Neural Computation 18, 2006 (from memory): CEM with added variance.
# - Hansen, *The CMA evolution strategy: a tutorial*, [arXiv:1604.00772](https://arxiv.org/abs/1604.00772), and its library [`cma`](https://pypi.org/project/cma/).
# - The annotated program: [ikostrikov/pytorch-trpo](https://github.com/ikostrikov/pytorch-trpo).
