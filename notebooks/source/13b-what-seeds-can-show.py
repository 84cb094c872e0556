# %% [markdown] tags=["head"]
# # Lecture 13b · What seeds can show
#
# question: Two curves, five runs each, and one lies above the other. Is its algorithm better, or was it lucky?
# objectives:
# - **make** a significant difference out of ten equal runs, and say why it was no surprise
# - **read** an interval as a promise of a procedure, and measure whether it is kept
# - **plan** the number of seeds that a difference needs
# - **correct** for choosing the best of several settings
# - **evaluate** two agents so that their difference is sharp
# needs:
# - 03b: the variance of an estimate
# - the runs are PPO's (lecture 12), but nothing of PPO is needed
# - overestimation by a maximum, for section 4 (lecture 07)
# symbols: n, \mathbb E, \mathcal N, \sigma
# - $x_i$: return of run $i$; $\bar x$ their mean
# - $s$: standard deviation of the runs, with $n-1$ in its denominator
# - $t_{n-1}$: Student's distribution with $n-1$ degrees of freedom
# - $p$: probability of a difference at least this large, if there is none
# - $d$: true difference of two means, in standard deviations
# - $k$: number of things that were tried

# %% tags=["import", "hide"]
from itertools import combinations, product

import numpy as np
from scipy import stats

from rlcourse import plots
from rlcourse.algorithms.ppo import PPO
from rlcourse.experiments import recorded, replayed
from rlcourse.equations import bias
from rlcourse.pages import receipts, show_source
from rlcourse.parts import experts
from rlcourse.statistics import (
    bootstrap_interval, coverage, interval, intervals_of_sets, mean_interval, power, seeds_needed,
)  # fmt: skip
from rlcourse.training import evaluate, train
from rlcourse.widgets import Choice, Slider, explore, predict

plots.use()

# %% [markdown]
# ## 1 · Ten equal runs (17 minutes)
#
# We have trained one program, PPO on a cart-pole, with 120 different seeds. Nothing else differs. Ten of these runs can be parted into two groups of five in 126 ways. Welch's *t*-test divides the difference of the two means by its estimated deviation, $\sqrt{s_1^2/5+s_2^2/5}$; $p$ is the probability of a quotient at least as far from 0, if the means are equal. With $p<0.05$ one calls a difference *significant*.


# %%
WAYS = np.array([[i in group for i in range(10)] for group in combinations(range(10), 5) if 0 in group])


def p_values(ten):
    """p of Welch's t-test for each of the 126 ways to part ten numbers."""
    one, two = (np.stack([ten[side] for side in sides]) for sides in (WAYS, ~WAYS))
    return stats.ttest_ind(one, two, axis=1, equal_var=False).pvalue


# %% [markdown]
# The same ten runs, parted in two of these ways; the right one looks best.


# %% tags=["hide"]
def draw_groups(ax, curves, way, title):
    for side, label, colour, line in (
        (way, "blue five", plots.BLUE, "-"), (~way, "orange five", plots.ORANGE, plots.DASHES),
    ):  # fmt: skip
        plots.learning_curve(ax, STEPS, curves[side], label, colour, line, seeds_width=0.4, bounds=(0, 500))
    ax.set(ylim=(0, 500), title=title)
    ax.set_xticks(STEPS[::2])
    plots.legend(ax, loc="upper left")


runs = replayed("recordings/13b-runs.json")  # by the training of section 3
STEPS, FINAL = runs["at"], runs["tanh"][:, -1]  # [L], [120]
ten = runs["tanh"][:10]
fig = plots.figure(10.5, 4)
left, right = plots.axes(fig, 1, 2)
halves, best_way = np.arange(10) < 5, WAYS[np.argmin(p_values(ten[:, -1]))]
for ax, way, words in (
    (left, halves, "as they came"),
    (right, best_way, "parted otherwise"),
):
    p = stats.ttest_ind(ten[way, -1], ten[~way, -1], equal_var=False).pvalue
    draw_groups(ax, ten, way, f"{words}: p = {p:.2g}")
plots.show(fig, alt="Ten equal runs in two groups of five, parted in two ways: once alike, once far apart")

# %% [markdown]
# If blue and orange were two algorithms, the right picture would pass for a result.

# %% tags=["hide"]
predict(
    "Among the 126 ways to part ten equal runs, at least one has p < 0.05. In how many sets of ten does that happen?",
    {
        "in about 5 of 100": "That is the share for one way that was fixed beforehand.",
        "in about half": "More: 126 chances are many, though they overlap.",
        "in nearly all": "",
    },
    answer="in nearly all",
    ordered=True,
    why="Each way is a ticket in the lottery. The measured share stands below the lab.",
)

# %% [markdown]
# Try one way after the other, and keep the one that looks best: move *ways tried* to the right.


# %% tags=["hide"]
def draw_lottery(fig, tried=1, ten=1):
    curve_ax, p_ax = plots.axes(fig, 1, 2)
    curves = runs["tanh"][10 * (ten - 1) : 10 * ten]
    p = p_values(curves[:, -1])[np.random.default_rng(ten).permutation(len(WAYS))]
    way = WAYS[np.random.default_rng(ten).permutation(len(WAYS))][np.argmin(p[:tried])]
    draw_groups(curve_ax, curves, way, "the way that looks best so far")
    numbers = np.arange(1, len(p) + 1)
    p_ax.semilogy(numbers[:tried], p[:tried], "o", color=plots.GREY, markersize=4, label="each way")
    lowest = np.minimum.accumulate(p)[:tried]
    p_ax.step(
        numbers[:tried], lowest, where="post", color=plots.VERMILION, linestyle="-", label="smallest so far"
    )
    p_ax.axhline(0.05, color=plots.BLACK, linewidth=1, linestyle=plots.DOTS, label="0.05")
    p_ax.set(xlim=(0, 127), ylim=(1e-5, 1.5), xlabel="ways tried", ylabel="p", title="its p")
    plots.legend(p_ax, loc="lower left")
    return {"smallest p": float(lowest[-1]), "ways with p < 0.05": int((p[:tried] < 0.05).sum())}


explore(
    draw_lottery,
    alt="Learning curves of two groups of five equal runs, and the p of each way to part ten runs",
    size=(10.5, 4.0),
    settings={
        "twenty ways": {"tried": 20},
        "all ways": {"tried": 126},
        "all, another ten": {"tried": 126, "ten": 5},
    },
    tried=Slider("k", "ways tried", min=1, max=126, step=1),
    ten=Slider("", "set of ten", min=1, max=12, step=1),
)

# %% [markdown]
# How often is that? We draw ten of the 120 runs, three thousand times.

# %%
rng = np.random.default_rng(0)
found_p = np.array([p_values(rng.choice(FINAL, 10, replace=False)) for _ in range(3000)])  # [3000, 126]
first, best = found_p[:, 0], found_p.min(axis=1)
print(f"one way, fixed beforehand: p < 0.05 in {np.mean(first < 0.05):.1%}")
print(f"the best of 126 ways:      p < 0.05 in {np.mean(best < 0.05):.1%}, median p {np.median(best):.4f}")
with receipts("3,000 sets of ten equal runs", oracle="uniform p, if all is equal") as same:
    same("share with p < 0.05, one way", np.mean(first < 0.05), 0.05, 0.02)
    same("share with p < 0.5, one way", np.mean(first < 0.5), 0.5, 0.04)

# %% [markdown]
# One way that was fixed beforehand keeps its promise: it errs in 3.7 % of the sets, at most once in twenty (Welch's test is a little cautious with five runs). The best of 126 nearly always "finds" a difference that is not there. Nobody parts ten runs in 126 ways on purpose. But whoever tries another network size, another task, another number of steps and another measure, and then shows the comparison that came out, has bought tickets, too.
#
# If the $k$ comparisons are independent, and none has anything in it, at least one has $p<0.05$ with probability
# $$1-0.95^k:\qquad 5\,\%,\;23\,\%,\;40\,\%,\;64\,\%\quad\text{for } k=1,\,5,\,10,\,20.$$
# Two cures: say beforehand which comparison counts, or ask each for $p<0.05/k$ (Bonferroni: the chance of a union is at most the sum of the chances, so at most $k\cdot0.05/k$).
#
# ## 2 · What an interval promises (20 minutes)
#
# A mean of $n$ runs, $\bar x$, is usually drawn with an interval:
# $$\bar x\pm t_{n-1,\,0.975}\,\frac{s}{\sqrt n},\qquad s^2=\frac1{n-1}\sum_i(x_i-\bar x)^2.$$
#
# **Why this formula.** If the runs are independent draws of $\mathcal N(m,\sigma^2)$, then $\bar x-m$ has the standard deviation $\sigma/\sqrt n$. We do not know $\sigma$ and put $s$ in its place. The ratio $(\bar x-m)\big/(s/\sqrt n)$ has Student's distribution $t_{n-1}$, whatever $m$ and $\sigma$ are: for normal draws $\bar x$ and $s$ are independent, $(n-1)s^2/\sigma^2$ is a sum of $n-1$ squares of $\mathcal N(0,1)$, and $\sigma$ cancels. It lies between $\pm t_{n-1,\,0.975}$ with probability 0.95, and solving for $m$ gives the interval. For $n=3,5,10$ the factor $t$ is 4.30, 2.78, 2.26, and not 1.96: three runs know little about their own spread.
#
# So the 95 % belong to the *procedure*: of all intervals made in this way, 95 of 100 hold the true mean. Of the one that is on the screen nobody knows.
#
# Another way asks for no normal distribution. The **bootstrap** draws $n$ runs *from the $n$ runs*, with replacement, many times, and takes the middle 95 % of the means.

# %% tags=["hide"]
predict(
    "Five runs. How many of 100 bootstrap intervals 'of 95 %' hold the true mean?",
    {
        "about 95": "With hundreds of runs, yes.",
        "about 82": "",
        "about 50": "It is not as bad as that.",
    },
    answer="about 82",
    ordered=True,
    why="Five draws out of five runs vary less than five fresh runs would: their variance is (n − 1)/n of it, a fifth too small, and no factor t makes up for an uncertain spread.",
)

# %% [markdown]
# We can check, as we own the "truth": the 120 runs are a population with a known mean. Draw $n$ of them, make the interval, see whether it holds that mean. A hundred times:


# %% tags=["hide"] stage={"ask": "Of a hundred intervals around five runs, how many will miss the mean when the runs are skewed?"}
MAKERS = {
    "t": mean_interval,
    "bootstrap": lambda drawn: bootstrap_interval(drawn, resamples=400),
}
POPULATIONS = {"early: 4,096 steps": runs["tanh"][:, 2], "late: 12,288 steps": FINAL}


def draw_coverage(fig, n=5, how="t", which="early: 4,096 steps"):
    ax, population_ax = plots.axes(fig, 1, 2, width_ratios=(2.2, 1))
    population = POPULATIONS[which]
    found = MAKERS[how](np.random.default_rng(n).choice(population, (n, 100)))
    holds = (found.low <= population.mean()) & (population.mean() <= found.high)
    for side, colour, width in ((holds, plots.BLUE, 1.5), (~holds, plots.VERMILION, 2.5)):
        ax.vlines(np.flatnonzero(side), found.low[side], found.high[side], color=colour, linewidth=width)
    for each in (ax, population_ax):
        each.axhline(population.mean(), color=plots.BLACK, linewidth=1.5, linestyle="-")
        each.set_ylim(-50, 550)
    ax.set(xlabel="experiment", ylabel="return", title=f"{holds.sum()} of 100 intervals hold the mean")
    population_ax.hist(population, bins=np.arange(0, 501, 25), orientation="horizontal", color=plots.GREY)
    population_ax.set(xlabel="runs", xlim=(0, 40), title="the 120 runs")
    return {
        "intervals that hold the mean": int(holds.sum()),
        "mean width": float((found.high - found.low).mean()),
    }


explore(
    draw_coverage, size=(10.5, 4.0),
    alt="A hundred intervals around means of n runs; those that miss the true mean in red; the population beside",
    settings={"three runs": {"n": 3, "how": "t"}, "three, bootstrap": {"n": 3, "how": "bootstrap"},
        "twenty runs": {"n": 20, "how": "t"}},
    n=Choice("n", "runs", [3, 5, 10, 20], value=5),
    how=Choice("", "interval", list(MAKERS)),
    which=Choice("", "runs at", list(POPULATIONS)),
)  # fmt: skip

# %% [markdown]
# A hundred are few: their count itself has a standard deviation of 3 to 4. Two thousand, for both intervals, and both times in training:

# %%
COVERED = {}
for which, population in POPULATIONS.items():
    for how, maker in MAKERS.items():
        for n in (3, 5, 10, 20):
            draws = lambda rng, shape, population=population: rng.choice(population, shape)  # noqa: E731
            COVERED[which, how, n] = coverage(maker, draws, population.mean(), n, trials=2000)
        shares = "  ".join(f"n = {n}: {COVERED[which, how, n]:.1%}" for n in (3, 5, 10, 20))
        print(f"{which:19} {how:10} {shares}")

# %% [markdown]
# The bootstrap of three runs holds the mean in about 7 of 10 experiments, of five in about 8 of 10. That is why this course draws a *t*-interval below ten seeds, and a bootstrap (of the interquartile mean, the mean of the middle half) only from ten on. Even there, 88 to 90 % is short of the promise.
#
# The *t*-interval comes close to its promise late in training (92 % and more), and misses it early (88 % with three runs, 90 % with five). There the runs are *skewed*: most are poor, a few are already good. A sample without a good one has a low mean and, at once, a small spread. Nothing in five runs tells that a tail is missing.
#
# The measuring instrument itself is checked: on a population of six runs all samples of three can be listed.

# %%
small = np.array([12.0, 15.0, 20.0, 22.0, 30.0, 90.0])
every = mean_interval(np.array(list(product(small, repeat=3))).T)  # all 216 samples of three
exact = np.mean((every.low <= small.mean()) & (small.mean() <= every.high))
with receipts("coverage of a t-interval", oracle="closed form, and all 216 samples") as same:
    measured = coverage(mean_interval, lambda rng, shape: rng.choice(small, shape), small.mean(), 3, 20_000)
    same("six skewed runs, n = 3", measured, exact, 0.01)
    normal = coverage(mean_interval, lambda rng, shape: rng.normal(size=shape), 0.0, 5, 20_000)
    same("normal runs, n = 5", normal, 0.95, 0.006)

# %% [markdown]
# ## 3 · How many seeds a difference needs (22 minutes)
#
# The second program has ReLU in place of tanh. All runs of this page come from here. They are recorded (`python3 -m rlcourse record 13b` makes them anew, in half a minute of an idle core), and the page trains the first ten of each now.


# %%
def equal_runs(task="CartPole-v1", steps=12_288, seeds=120):
    """Returns [seeds, L] of PPO with tanh and with ReLU between its layers, at the steps `at`."""
    found = {}
    for activation in ("tanh", "relu"):
        algorithm = PPO(hidden=(32, 32), activation=activation)
        run = train(algorithm, task, steps, seeds, evaluate_every=2048, evaluation_episodes=5)
        found[activation] = run.curve.returns
    return found | {"at": run.curve.steps}


_, now = recorded("recordings/13b-runs.json", equal_runs, {"seeds": 10})

# %% [markdown]
# This change does something:

# %% tags=["hide"]
fig = plots.figure(8, 4)
ax = plots.axes(fig)
for activation, colour, line in (("tanh", plots.BLUE, "-"), ("relu", plots.ORANGE, plots.DASHES)):
    plots.learning_curve(
        ax, STEPS, runs[activation], activation, colour, line, seeds_width=0.15, bounds=(0, 500)
    )
ax.set(ylim=(0, 500), title="ReLU learns earlier; tanh ends higher")
plots.label_lines(ax)
plots.show(fig, alt="Returns of PPO with tanh and with ReLU on a cart-pole, 120 seeds each")

# %% [markdown]
# In numbers, at two times:

# %%
for at, words in ((3, "6,144 steps"), (-1, "12,288 steps")):
    gap = runs["relu"][:, at] - runs["tanh"][:, at]
    spread = np.sqrt((runs["relu"][:, at].var(ddof=1) + runs["tanh"][:, at].var(ddof=1)) / 2)
    sets = ", ".join(f"{part.estimate:+.0f}" for part in intervals_of_sets(gap))
    print(f"{words}: ReLU − tanh {mean_interval(gap)}; sets of 40: {sets}; d = {gap.mean() / spread:+.2f}")

# %% [markdown]
# With 120 seeds there is little doubt: at 6,144 steps ReLU is ahead, by about half a standard deviation $d$ of single runs. At the end it is tanh. (Which of the two is "better" has no answer without the number of steps.)

# %% tags=["hide"]
predict(
    "At 6,144 steps ReLU really is ahead by half a standard deviation. Two labs compare five seeds with five. How often does a lab find p < 0.05?",
    {
        "in about 11 of 100 labs": "",
        "in about 50 of 100 labs": "With about 30 seeds each, yes.",
        "in about 95 of 100 labs": "That is the share that finds nothing where nothing is.",
    },
    answer="in about 11 of 100 labs",
    ordered=True,
    why="Five seeds leave the difference of two means uncertain by √(2/5) = 0.63 standard deviations, more than the difference itself.",
)

# %% [markdown]
# **Power** is the probability that a test finds what is there.
# 1. The means of two groups of $n$ differ by $d\sigma$ on average, with the variance $\sigma^2/n+\sigma^2/n=2\sigma^2/n$.
# 2. In units of its own deviation the difference is therefore $d\sqrt{n/2}$.
# 3. The test asks for more than $t_{2n-2,\,0.975}$, about 2. So half of the experiments succeed where $d\sqrt{n/2}\approx2$, that is, with $n\approx8/d^2$ seeds a group. Of a normal distribution 80 % lie above its mean minus 0.84 deviations, so 80 % need $d\sqrt{n/2}\approx2.8$, that is, $n\approx 16/d^2$.
#
# So half the difference asks for four times the seeds. (The package has the exact value, with a noncentral *t*-distribution.)

# %% tags=["hide"]
show_source(power)

# %% [markdown]
# Many pairs of groups need no runs: for normal runs the means and the spread can be drawn at once.


# %%
def experiments(d, n, draws=20_000, seed=0):
    """Differences found (in σ) by two groups of n, and whether p < 0.05: normal runs, by their statistics."""
    rng = np.random.default_rng(seed)
    found = d + np.sqrt(2 / n) * rng.normal(size=draws)
    pooled = np.sqrt(rng.chisquare(2 * n - 2, draws) / (2 * n - 2))
    return found, abs(found) > stats.t.ppf(0.975, 2 * n - 2) * np.sqrt(2 / n) * pooled


# %% [markdown]
# Coloured below: the experiments with $p<0.05$, those that get published.


# %% tags=["hide"] stage={"ask": "How many seeds does a difference of half a standard deviation need to be found in four of five studies?"}
def draw_power(fig, d=0.5, n=5):
    ax, power_ax = plots.axes(fig, 1, 2)
    found, significant = experiments(d, n)
    edges = np.linspace(-3, 4, 71)
    tallest = np.histogram(found, edges)[0].max()
    for side, label, colour in ((slice(None), "all", plots.GREY), (significant, "p < 0.05", plots.VERMILION)):
        heights = np.histogram(found[side], edges)[0] / tallest
        ax.stairs(heights, edges, fill=True, color=colour, alpha=0.8, label=label)
    ax.axvline(d, color=plots.BLACK, linewidth=2, linestyle="-")
    ax.set(xlabel="difference found (σ)", xlim=(-3, 4), ylim=(0, 1.1), yticks=(), title="black: the true one")
    plots.legend(ax, loc="upper left")
    sizes = np.arange(2, 81)
    power_ax.plot(sizes, [power(d, m) for m in sizes], color=plots.BLUE, linestyle="-", clip_on=False)
    power_ax.plot(n, power(d, n), "o", color=plots.BLUE, markersize=10)
    power_ax.axhline(0.8, color=plots.BLACK, linewidth=1, linestyle=plots.DOTS)
    power_ax.set(
        xlabel="seeds in each group", ylabel="power", ylim=(0, 1), xlim=(0, 81), title="chance to find it"
    )
    told = np.abs(found[significant]).mean() / d
    wrong = (found[significant] < 0).mean()
    return {
        "power": power(d, n),
        "seeds for 80 %": seeds_needed(d),
        "published / true": told,
        "wrong sign": wrong,
    }


explore(
    draw_power, size=(10.5, 4.0),
    alt="Histogram of the differences found by two groups of n seeds, the significant ones coloured; power over n",
    settings={"½ σ, 5 seeds": {"d": 0.5, "n": 5}, "½ σ, 64 seeds": {"d": 0.5, "n": 64}, "2 σ, 5 seeds": {"d": 2.0, "n": 5}},
    d=Slider("d", "true difference", min=0.1, max=2.0, step=0.1, unit="σ"),
    n=Slider("n", "seeds in each group", min=2, max=80, step=1),
)  # fmt: skip

# %% [markdown]
# With $d=0.5$ and five seeds two things go wrong. The test mostly finds nothing, which is often reported as "no difference". And *when* it finds something, the difference that it reports is on average three times too large, as only a lucky sample could pass; now and then it has the wrong sign. More seeds cure both.
#
# Our own runs, five against five, twenty thousand times:

# %%
rng = np.random.default_rng(1)
relu, tanh = (rng.choice(runs[name][:, 3], (5, 20_000)) for name in ("relu", "tanh"))
p, found = stats.ttest_ind(relu, tanh).pvalue, relu.mean(axis=0) - tanh.mean(axis=0)
gap = runs["relu"][:, 3].mean() - runs["tanh"][:, 3].mean()
d = gap / np.sqrt((runs["relu"][:, 3].var() + runs["tanh"][:, 3].var()) / 2)
print(f"true difference {gap:.0f}; significant ones report {abs(found[p < 0.05]).mean():.0f} on average")
print(f"for 80 % power: {seeds_needed(d)} seeds a group")
with receipts("five against five of our runs", oracle="noncentral t, for normal runs") as same:
    same("power", np.mean(p < 0.05), power(d, 5), 0.03)

# %% [markdown]
# **Are three seeds enough?** Two are the least that show a spread at all; three find differences of about three standard deviations: something learns, or it does not. For what separates two methods that both learn, count on dozens.
#
# ## 4 · The best of k (12 minutes)
#
# Twelve settings of a program, five seeds each; the best is reported. Let all twelve be *equal*: groups of five of our 120 runs.

# %% tags=["hide"]
predict(
    "The best of twelve equal settings is trained again with five fresh seeds. What does it earn, compared with what was reported?",
    {
        "the same": "Then luck could be trained.",
        "less": "",
        "more, as it is the best": "It is no better than the others: all are the same program.",
    },
    answer="less",
    why="It was chosen because its five seeds were lucky, and fresh seeds know nothing of that.",
)

# %% [markdown]
# We do it four thousand times, with 1 to 20 settings.

# %%
rng = np.random.default_rng(2)
KS = np.array([1, 2, 3, 5, 8, 12, 20])
old, fresh = rng.choice(FINAL, (2, 4000, 20, 5)).mean(axis=-1)  # [experiments, settings]
chosen = {k: old[:, :k].argmax(axis=1) for k in KS}
reported = [np.take_along_axis(old, chosen[k][:, None], 1).mean() for k in KS]
again = [np.take_along_axis(fresh, chosen[k][:, None], 1).mean() for k in KS]

# %% [markdown]
# The winner as it was reported, and trained again:

# %% tags=["hide"]
fig = plots.figure(8, 4)
ax = plots.axes(fig)
ax.plot(KS, reported, "o-", color=plots.VERMILION, label="best, as reported")
ax.plot(KS, again, "s", color=plots.BLUE, linestyle=plots.DASHES, label="the same, fresh seeds")
ax.set(
    xlabel="equal settings tried",
    ylabel="mean return",
    ylim=(340, 450),
    title="the winner of k equal settings",
)
ax.set_xticks(KS)
plots.label_lines(ax, wrap=12)
plots.show(
    fig,
    alt="Mean return of the best of k equal settings as reported, and of the same setting with fresh seeds",
)

# %% [markdown]
# This is lecture 07's overestimation: the maximum of noisy estimates lies, on average, above the largest true value. And its cure is the same. *Double* Q-learning chooses by one estimate and evaluates by another; an honest comparison chooses settings on some seeds and reports others.
#
# For normal noise the mean of the maximum is known. Of two it is $\mathbb E\,\tfrac12|a-b|=\sigma/\sqrt\pi$, since $\max(a,b)=\frac12(a+b)+\frac12|a-b|$ and $a-b$ has the variance $2\sigma^2$; of three, $3\sigma/(2\sqrt\pi)$.

# %%
with receipts("best of k equal settings", oracle="closed form") as same:
    for k, closed in ((2, 1 / np.sqrt(np.pi)), (3, 1.5 / np.sqrt(np.pi))):
        drawn = bias.expected_maximum(np.zeros(k), 1.0, 200_000, "max", np.random.default_rng(0))
        same(f"normal, k = {k}", drawn, closed, 0.01)
    error = FINAL.std() / np.sqrt(5)  # of a mean of five runs
    same("our runs, k = 3", (reported[2] - FINAL.mean()) / error, 1.5 / np.sqrt(np.pi), 0.06)
    same("our runs, fresh seeds, k = 12", again[5] / FINAL.mean(), 1, 0.01)

# %% [markdown]
# ## 5 · Before the first curve (14 minutes)
#
# Some of the spread is not the algorithm's, and can be had for nothing.
#
# **Evaluate apart.** What a training logs is the return *with* exploration noise, of a policy that changes during the episode, and of the episodes that happened to end. `train` evaluates in environments of its own, with the noise off.
#
# **Keep a cache of episodes.** On a pendulum the return depends mostly on where it starts: hanging or nearly upright. Two agents that are compared on the *same* starts share that luck, and it falls out of the difference. We compare a teacher that swings the pendulum up with one that has four fifths of its force, ten episodes each, sixty times (± is the standard deviation of the sixty differences).


# %%
class Teacher:
    """The energy controller, with a share of its force."""

    def __init__(self, share):
        self.share = share

    def act(self, obs):
        return self.share * experts.swing_up(obs, None)


def difference(seed, other):
    """Mean return of the full force minus that of 0.8 of it, ten episodes of `seed` and of `other`."""
    full, weak = (
        evaluate(Teacher(1.0), "Pendulum-v1", 10, seed),
        evaluate(Teacher(0.8), "Pendulum-v1", 10, other),
    )
    return full.mean() - weak.mean()


cached, apart = np.array([(difference(k, k), difference(k, 1000 + k)) for k in range(60)]).T
print(f"own starts:  {apart.mean():.0f} ± {apart.std():.0f}")
print(
    f"same starts: {cached.mean():.0f} ± {cached.std():.0f}, {apart.var() / cached.var():.1f} × less variance"
)
assert cached.var() < apart.var() / 2

# %% [markdown]
# The same ten starts are worth as much as several times as many fresh ones. (In `evaluate` a seed *is* the cache: one seed, the same starts.) The same holds for training: pair the seeds of two methods wherever a seed means the same luck for both, as lecture 07 does.
#
# **And**, in the order in which it saves time:
# - *Start small*: a task that is solved in seconds, with a known answer, before one that takes a night. The next page has a ladder of five.
# - *Log everything*: losses, entropy, KL, gradient norms, fractions of clipped ratios; curves of return show *that* something is wrong, not what.
# - *Say the comparison beforehand*: task, steps, measure, number of seeds. Then look once.
# - *Show all seeds*, the interval and its kind, and $n$; say what was tuned, on which seeds, and how often.
#
# ## Summary
#
# - Ten equal runs hold a "significant" difference nearly always, if one may choose the comparison afterwards.
# - An interval of 95 % is a promise of its procedure. The *t*-interval keeps it for normal runs, nearly for ours; a bootstrap of few runs does not.
# - A difference of $d$ standard deviations needs about $16/d^2$ seeds a group. With fewer, most experiments find nothing, and those that find something exaggerate.
# - The best of $k$ is too good by what a maximum adds. Choose on some seeds, report on others.
# - The same starts for both agents cost nothing and make their difference several times sharper.
#
# ## Exercises
#
# 1. ★ (5 minutes) A paper compares two methods on six tasks and finds $p=0.03$ on one of them. What does Bonferroni say?
#    <details><summary>Answer</summary>It asks for 0.05/6 = 0.008: nothing was shown. Without any true difference, one of six independent tests has p ≤ 0.03 with probability 1 − 0.97⁶ = 17 %.</details>
# 2. ★★ (10 minutes) How many seeds a group find the difference between ReLU and tanh at 12,288 steps with 80 % power? Use the numbers that section 3 prints, then `seeds_needed`.
#    <details><summary>Hint</summary>16/d²; the sign of d does not matter.</details>
#    <details><summary>Answer</summary>Here d = −0.42, so 16/0.42² is about 91; `seeds_needed(0.42)` says 90.</details>
# 3. ★★ (15 minutes) Show that the mean of $n$ draws from the $n$ runs has, given the runs, the variance $\frac{n-1}{n}\cdot\frac{s^2}{n}$. By how much is a bootstrap interval of five runs too narrow for this reason alone, and what is missing beside it?
#    <details><summary>Hint</summary>The variance of one draw from the runs has n, not n − 1, in its denominator.</details>
#    <details><summary>Answer</summary>One draw has the variance Σ(x − x̄)²/n = s²(n − 1)/n, and the mean of n independent draws an n-th of it. For n = 5 the interval is √0.8 = 0.89 of ±1.96 s/√n, that is ±1.75 s/√n, and Student asks for ±2.78 s/√n.</details>
# 4. ★★★ (20 minutes) Ten runs, parted into all 126 ways. Why is the chance that one has $p<0.05$ smaller than $1-0.95^{126}$, and yet 97 %?
#    <details><summary>Hint</summary>Two ways that differ by one exchanged pair.</details>
#    <details><summary>Answer</summary>Ways that share four of five runs give nearly the same p, so there are far fewer than 126 independent tickets. But sort the ten runs and take the upper five: that way is among the 126, and its two groups do not overlap at all.</details>

# %% [markdown]
# ## Sources
#
# - Henderson, Islam, Bachman, Pineau, Precup, Meger, *Deep reinforcement learning that matters*, AAAI 2018, [arXiv:1709.06560](https://arxiv.org/abs/1709.06560): one split of ten equal runs, five against five (figure 5).
# - Colas, Sigaud, Oudeyer, *How many random seeds? Statistical power analysis in deep reinforcement learning experiments*, 2018, [arXiv:1806.08295](https://arxiv.org/abs/1806.08295).
# - Agarwal, Schwarzer, Castro, Courville, Bellemare, *Deep reinforcement learning at the edge of the statistical precipice*, NeurIPS 2021, [arXiv:2108.13264](https://arxiv.org/abs/2108.13264): interquartile mean, stratified bootstrap.
# - Gelman, Carlin, *Beyond power calculations: assessing type S (sign) and type M (magnitude) errors*, Perspectives on Psychological Science 9, 2014.
# - Patterson, Neumann, White, White, *Empirical design in reinforcement learning*, JMLR 25, 2024, [arXiv:2304.01315](https://arxiv.org/abs/2304.01315).
