# %% [markdown]
# # Welcome
#
# A first page, until the first lecture stands here. It trains PPO on `Pendulum-v1` with four seeds
# and draws what each of them earned.

# %% [markdown]
# One call trains four agents at once. Each is independent of the others.

# %%
from rlcourse.algorithms.ppo import PPO
from rlcourse.training import train

run = train(PPO(), "Pendulum-v1", steps=20_000, seeds=4)

# %% [markdown]
# The curve: mean return of the evaluation episodes, every seed thin, their mean thick. Higher is better; zero would be
# a pendulum that stands upright from the start.

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(7, 4))
axes.plot(run.curve.steps, run.curve.returns.T, color="tab:red", linewidth=0.7, alpha=0.6)
axes.plot(
    run.curve.steps, run.curve.returns.mean(axis=0), color="tab:red", linewidth=2, label="mean of 4 seeds"
)
axes.set(xlabel="environment steps", ylabel="return of an episode", title="PPO on Pendulum-v1")
axes.legend()
