"""Do the trainers learn what published implementations learn? One command makes the table, and goes on.

    python3 -m rlcourse train --extra mujoco                           # once: MuJoCo
    .venv/bin/python tests/benchmarks/fidelity.py                      # every row that is missing
    .venv/bin/python tests/benchmarks/fidelity.py --only 'TD3 Hopper'  # rows with these words (a pattern)
    .venv/bin/python tests/benchmarks/fidelity.py --again --only A2C   # anew, in the place of what is there
    .venv/bin/python tests/benchmarks/fidelity.py --peers-python PATH  # and SB3's, by a Python that has it

What was measured is kept, seed by seed, in fidelity.json; fidelity.md is written from it after every row. A
row that is there is not run again, unless its settings have changed since, and one that was stopped goes on
from its last checkpoint: stop the command whenever you like, and start it twice to use two cores. It does not
see that the code of a trainer has changed: `--again`.

Final policies are played in Gymnasium's *own* environments, not in the vectorised twins that they were
trained on.
"""

import argparse
import functools
import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from filelock import FileLock, Timeout

from rlcourse import statistics
from rlcourse.algorithms.a2c import A2C
from rlcourse.algorithms.cem import CEM
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.npg import NPG
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.reinforce import REINFORCE
from rlcourse.algorithms.td3 import TD3
from rlcourse.algorithms.trpo import TRPO
from rlcourse.checkpoints import write_atomically
from rlcourse.parts.settings import as_json
from rlcourse.training import evaluate, train

HERE = Path(__file__).parent
MUJOCO = ("InvertedPendulum-v5", "InvertedDoublePendulum-v5", "Hopper-v5", "HalfCheetah-v5")
SOLVED = {"Pendulum-v1": -200}  # a habit: Gymnasium declares none


@dataclass(frozen=True)
class Row:
    """An algorithm on a task: what is trained, and what others have published about it."""

    algorithm: Any
    env: str
    steps: int
    published: str = "none found"
    seeds: int = 10

    @property
    def key(self) -> str:
        return f"{named(self.algorithm)} {self.env} {self.steps} × {self.seeds}"


def named(algorithm: Any) -> str:
    """A2C, or A2C(lam=0.95): what differs from the defaults."""
    default = type(algorithm)()
    off = {k: v for k, v in vars(algorithm).items() if v != getattr(default, k)}
    return type(algorithm).__name__ + (f"({', '.join(f'{k}={v!r}' for k, v in off.items())})" if off else "")


# Beside a row: SB3 zoo's benchmark.md (one run, tuned settings) -------------------------------------------

CLASSIC = [
    Row(TD3(), "Pendulum-v1", 20_000, "−152 (20k)"),
    Row(DDPG(), "Pendulum-v1", 20_000, "−152 (20k)"),
    Row(PPO(), "Pendulum-v1", 100_000, "−172 (100k)"),
    Row(PPO(), "Pendulum-v1", 300_000, "−172 (100k)"),
    Row(TRPO(), "Pendulum-v1", 100_000, "−175 (100k)"),
    Row(TRPO(), "Pendulum-v1", 300_000, "−175 (100k)"),
    Row(TRPO(horizon=32, branches=4, branch_states=56, branch_steps=8), "Pendulum-v1", 100_000),
    Row(NPG(), "Pendulum-v1", 100_000),
    Row(CEM(), "Pendulum-v1", 100_000),
    Row(PPO(), "CartPole-v1", 100_000, "500 (100k)"),
    Row(TRPO(), "CartPole-v1", 100_000, "500 (100k)"),
    Row(TRPO(horizon=32, branches=2, branch_states=28, branch_steps=32), "CartPole-v1", 100_000),
    Row(NPG(), "CartPole-v1", 100_000),
    Row(CEM(), "CartPole-v1", 100_000),
    Row(A2C(), "CartPole-v1", 100_000, "500 (500k)"),
    Row(A2C(lam=0.95), "CartPole-v1", 100_000),
    Row(REINFORCE(), "CartPole-v1", 100_000),
]

# Beside a row: Tianshou's curves (thu-ml/tianshou, examples/mujoco/benchmark), mean ± standard deviation of
# ten seeds at 100,000 steps (TD3), at 92,160 and 307,200 steps (PPO); in the order of MUJOCO

PUBLISHED = {
    ("TD3", 100_000): ("1,000 ± 0", "9,316 ± 15", "597 ± 288", "5,336 ± 376"),
    ("PPO", 100_000): ("1,000 ± 0", "7,432 ± 1,137", "369 ± 46", "910 ± 304"),
    ("PPO", 300_000): ("1,000 ± 0", "7,608 ± 2,041", "884 ± 298", "3,927 ± 996"),
}
BUDGETS = (TD3, 100_000), (PPO, 100_000), (TRPO, 100_000), (PPO, 300_000), (TRPO, 300_000)
SPREAD_TASKS = ("Pendulum-v1", "InvertedPendulum-v5", "HalfCheetah-v5")
CONTINUOUS = [  # ten seeds where the comparison of log σ₀ below wants them, else five
    Row(
        kind(),
        env,
        steps,
        published,
        10 if kind is not TD3 and steps == 100_000 and env in SPREAD_TASKS else 5,
    )
    for kind, steps in BUDGETS
    for env, published in zip(MUJOCO, PUBLISHED.get((kind.__name__, steps), ["none found"] * 4), strict=True)
]

# Where the published settings differ from ours: a row with theirs. TD3's first 25,000 steps are random
CONTINUOUS += [
    Row(
        PPO(
            gamma=0.99, minibatch_size=64, learning_rate=3e-4, anneal=True, normalise_observation=True,
            log_std=-0.5,
        ),
        "HalfCheetah-v5", 100_000, PUBLISHED["PPO", 100_000][3], 5,
    ),
    Row(
        TD3(hidden=(256, 256), batch_size=256, actor_lr=3e-4, critic_lr=3e-4, warmup=25_000),
        "HalfCheetah-v5", 125_000, PUBLISHED["TD3", 100_000][3], 5,
    ),
]  # fmt: skip

# What σ₀ does: the same ten seeds with another initial log σ ----------------------------------------------

STARTS = (0.0, -1.1, -0.5)
SPREADS = [
    Row(kind(log_std=start), env, 100_000) for start in STARTS for env in SPREAD_TASKS for kind in (PPO, TRPO)
]

# SB3's A2C with the settings of a row above: name, environments, and what its class is called with
PEERS = {
    "SB3 A2C(lam=0.95)": (
        8,
        {
            "n_steps": 32, "gamma": 0.98, "gae_lambda": 0.95, "learning_rate": 1e-3, "use_rms_prop": False,
            "normalize_advantage": True,
        },
    ),
}  # fmt: skip


# Measuring ------------------------------------------------------------------------------------------------


def measure(row: Row, folder: Path) -> dict:
    """Train all seeds of a row, with checkpoints in `folder`; its `entry`."""
    run = train(
        row.algorithm, row.env, row.steps, row.seeds, evaluate_every=row.steps // 10, evaluation_episodes=1,
        folder=folder, resume=folder if (folder / "run.json").exists() else None,
    )  # fmt: skip
    if run.status != "finished":
        raise KeyboardInterrupt if run.status == "stopped" else RuntimeError(f"{row.key}: {run.reason}")
    episodes = 20 if row.env in MUJOCO else 100
    played = evaluate(run.policy, functools.partial(gymnasium.make, row.env), episodes, seed=1)
    made_with = {name: metadata.version(name) for name in ("torch", "numpy", "gymnasium")}
    if row.env in MUJOCO:
        made_with["mujoco"] = metadata.version("mujoco")
    return entry(
        played.reshape(row.seeds, -1).mean(axis=1), run.curve.seconds[-1], as_json(row.algorithm), made_with
    )


def measure_peer(name: str, folder: Path, python: str, seeds: int = 10, env="CartPole-v1", steps=100_000):
    """SB3's A2C, a process a seed; its reward is scaled as ours is."""
    start, returns = time.perf_counter(), []
    for seed in range(seeds):
        command = [python, __file__, "--peer", name, env, str(steps), str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        returns.append(json.loads(done.stdout.splitlines()[-1]))
    return entry(returns, time.perf_counter() - start, PEERS[name][1], {})


def entry(returns, seconds, settings, made_with):
    return {
        "returns": [round(float(each), 2) for each in returns], "seconds": round(float(seconds), 1),
        "settings": fingerprint(settings), "made_with": made_with,
    }  # fmt: skip


def fingerprint(settings: dict) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]


def peer(name, env, steps, seed):
    """In a Python that has SB3: the mean return of 100 episodes after training."""
    import torch
    from stable_baselines3 import A2C as PeersA2C
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy
    from stable_baselines3.common.vec_env import VecNormalize

    torch.set_num_threads(1)
    envs, settings = PEERS[name]
    scaled = VecNormalize(make_vec_env(env, envs, seed=seed), norm_obs=False, gamma=settings["gamma"])
    model = PeersA2C("MlpPolicy", scaled, seed=seed, device="cpu", **settings).learn(steps)
    return float(evaluate_policy(model, make_vec_env(env, 10, seed=10_000 + seed), 100)[0])


class Store:
    """fidelity.json: {key of a row: its `entry`}, shared by all processes that are at work.

    Rows of the time before the returns were kept have their `cells` instead, as the table printed them.
    """

    def __init__(self, path: Path):
        self.path = path

    def read(self) -> dict:
        return json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}

    def found(self, key: str, settings: dict) -> dict | None:
        """What was measured with these settings, or None."""
        kept = self.read().get(key)
        return kept if kept and kept["settings"] == fingerprint(settings) else None

    def add(self, key: str, kept: dict) -> None:
        with self.lock("file"):
            text = json.dumps(dict(sorted({**self.read(), key: kept}.items())), ensure_ascii=False)
            text = text.replace('}, "', '},\n "')  # a line a row
            write_atomically(self.path, lambda file: file.write((text + "\n").encode()))

    def folder(self, name: str) -> Path:
        """In the temporary folder: where the run of a row has its checkpoints."""
        plain = hashlib.sha256(f"{self.path.resolve()} {name}".encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"rlcourse-fidelity-{plain}"

    def lock(self, name: str, timeout: float = -1) -> FileLock:
        """One process at a time has `name`; the lock dies with its owner."""
        return FileLock(self.folder(name).with_suffix(".lock"), timeout=timeout)


# The table ------------------------------------------------------------------------------------------------

HEAD = """# Fidelity

Return of the final policies, default settings unless said: per seed the mean of 100 episodes (MuJoCo: 20) of
Gymnasium's own environment, without exploration noise. *middle* is the {ten}
or, with five seeds, the {five}; worst and best are seeds. Made by
`python tests/benchmarks/fidelity.py`, which says how to go on with it; a row that is missing says so.

## Pendulum and CartPole

Beside ours the rl-zoo's published number: one run with settings tuned per environment, so a place to look,
not a test. It has no NPG, CEM or vine, nor has any other source we know at these budgets. TRPO with
`branches` is the vine of lecture 11b: all simulated steps count. The last row is Stable-Baselines3's A2C
(2.9.2) with the settings of ours above (`PEERS`): with λ = 0.95 the settings swing, not one of the two codes.
"""
COLUMNS = (
    "| algorithm | environment | steps | seeds | middle | worst | best | solved at | solved | {} | time |\n"
)
COLUMNS += "|---|---|---|---|---|---|---|---|---|---|---|\n"


def table(store: Store) -> str:
    """fidelity.md from what there is; a row that was not run says so."""
    methods = [statistics.interval(np.arange(float(n))).method for n in (10, 5)]
    text = HEAD.format(ten=methods[0], five=methods[1])
    text += "\n" + COLUMNS.format("rl-zoo") + "\n".join(line(store, row) for row in CLASSIC) + "\n"
    for name, (_, settings) in PEERS.items():
        row = Row(None, "CartPole-v1", 100_000, "—")
        text += described(name, row, store.found(name, settings)) + "\n"
    text += CONTINUOUS_HEAD + COLUMNS.format("Tianshou, same steps")
    text += "\n".join(line(store, row) for row in CONTINUOUS) + "\n"
    return text + SPREADS_HEAD + "\n".join(spread_line(store, row) for row in SPREADS) + "\n"


def line(store, row):
    return described(named(row.algorithm), row, store.found(row.key, as_json(row.algorithm)))


def described(name, row, found):
    if found is None:
        command = f"not run yet: `--only '{name.split('(')[0]} {row.env}'`"
        return f"| {name} | {row.env} | {row.steps:,} | {row.seeds} | {command} | | | | | {row.published} | |"
    cells = found.get("cells") or summary(np.array(found["returns"]), solved_at(row.env))
    front = (name, row.env, f"{row.steps:,}", row.seeds)
    return "| " + " | ".join(map(str, (*front, *cells, row.published, f"{found['seconds']:.0f} s"))) + " |"


def summary(returns, solved):
    """Middle, worst, best, solved at, solved: as text."""
    middle, count = statistics.interval(returns), int((returns >= solved).sum())
    return (
        f"{middle.estimate:,.0f} [{middle.low:,.0f}, {middle.high:,.0f}]", f"{returns.min():,.0f}",
        f"{returns.max():,.0f}", f"{solved:,.0f}", f"{count} of {len(returns)}",
    )  # fmt: skip


def solved_at(env):
    return SOLVED.get(env) or gymnasium.spec(env).reward_threshold


def spread_line(store, row):
    """Return, and the paired difference to log σ₀ = 0 with the same seeds."""
    name, start = type(row.algorithm).__name__, row.algorithm.log_std
    base = replace(row, algorithm=replace(row.algorithm, log_std=STARTS[0]))
    found, zero = (store.found(each.key, as_json(each.algorithm)) for each in (row, base))
    if found is None or zero is None:
        return f"| {name} | {row.env} | {start} | not run yet: `--only '{name}.*{row.env}'` | | |"
    returns = np.array(found["returns"])
    middle, gain = (statistics.interval(x) for x in (returns, returns - np.array(zero["returns"])))
    gained = "" if row == base else f"{gain.estimate:+,.0f} [{gain.low:+,.0f}, {gain.high:+,.0f}]"
    return (
        f"| {name} | {row.env} | {start} | {middle.estimate:,.0f} [{middle.low:,.0f}, {middle.high:,.0f}] | "
        f"{returns.min():,.0f} | {gained} |"
    )


CONTINUOUS_HEAD = """
## MuJoCo

The same default settings, made for small tasks, at budgets that end; Gymnasium's v5. Beside ours Tianshou's
curves at the same number of steps (its repository, `examples/mujoco/benchmark`): mean ± standard deviation of
ten seeds on the v2 or v3 of these environments, PPO at 92,160 and 307,200 steps. Its settings (its
`mujoco_td3.py`, `mujoco_ppo.py`) are others: for TD3 nets of (256, 256), batches of 256, and 25,000 random
steps, made before the steps that it counts; for PPO observations normalised, γ = 0.99, minibatches of 64,
log σ₀ = −0.5 and a learning rate of 3e-4 that is annealed. So a place to look, again, not a test. It draws
TRPO's curves, too; their numbers we did not find. Where PPO's is the lower one, on HalfCheetah, it is the
settings: with the published ones (the row below) it earns at 100,000 steps what is published, and with ours
but for where σ starts (the last table) more. TD3's is lower on HalfCheetah, and in three of five seeds on the
double pendulum, with nets of (64, 64); its row with the published nets, batches and random steps, these
counted, is the last. One seed may carry a mean (PPO on Hopper at 100,000): look at *worst* and *best*, too.
Times are of a busy machine.

"""
SPREADS_HEAD = """
## Where σ starts

`log_std` is the initial log σ of an action in [−1, 1]: 0 is σ = 2 on the pendulum's ±2, 3 on
InvertedPendulum's ±3, 1 on HalfCheetah's ±1. The same ten seeds each, 100,000 steps. The default is 0: on
the pendulum, which is the course's kind of task, a smaller start costs PPO 3 to 20 and brings TRPO nothing,
and on InvertedPendulum all earn the same. On HalfCheetah it is the wrong one: with −1.1 PPO earns 1,063 more
and TRPO 780.

| algorithm | environment | log σ₀ | middle | worst | paired difference to log σ₀ = 0 |
|---|---|---|---|---|---|
"""


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    table_file = {"type": Path, "default": HERE / "fidelity.md", "help": "the table; .json beside it"}
    parser.add_argument("--output", **table_file)
    parser.add_argument("--only", default="", help="rows whose 'ALGORITHM(settings) ENVIRONMENT' has this")
    parser.add_argument("--again", action="store_true", help="measure rows anew that are there already")
    parser.add_argument("--peers-python", default="", help="a Python with stable_baselines3")
    parser.add_argument("--peer", nargs=4, metavar=("NAME", "ENV", "STEPS", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.peer:
        name, env, steps, seed = options.peer
        print(json.dumps(peer(name, env, int(steps), int(seed))))
        return
    store = Store(options.output.with_suffix(".json"))
    work = [
        (row.key, as_json(row.algorithm), functools.partial(measure, row))
        for row in {row.key: row for row in CLASSIC + CONTINUOUS + SPREADS}.values()  # each is measured once
        if row.env not in MUJOCO or importlib.util.find_spec("mujoco")
    ]
    if options.peers_python:
        by_sb3 = functools.partial(measure_peer, python=options.peers_python)
        work += [(key, each[1], functools.partial(by_sb3, key)) for key, each in PEERS.items()]
    if not importlib.util.find_spec("mujoco"):
        print("MuJoCo is not here, its rows wait: python3 -m rlcourse train --extra mujoco")
    for key, settings, measured in work:
        if not re.search(options.only, key):
            continue
        try:
            with store.lock(key, timeout=0):
                if options.again or not store.found(key, settings):
                    folder = store.folder(f"{key} {fingerprint(settings)}")
                    store.add(key, measured(folder=folder))
                    shutil.rmtree(folder, ignore_errors=True)
                    print(f"{key}: {store.read()[key]['returns']}", flush=True)
        except Timeout:
            continue  # another process is at it
        options.output.write_text(table(store), encoding="utf-8")
    options.output.write_text(table(store), encoding="utf-8")


if __name__ == "__main__":
    main()
