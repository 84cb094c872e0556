"""How fast the trainers are, beside Stable-Baselines3, sb3-contrib and sbx: one command, ratios with
their spread.

    python tests/benchmarks/training.py                     # steps per second
    python tests/benchmarks/training.py --solve             # time to −200 on Pendulum-v1: half an hour
    python tests/benchmarks/training.py --peers-python PATH # the peers live in an environment of their own

Needs the extra `bench` (`python3 -m rlcourse train --extra bench`). Machines are noisy, so every figure is a
ratio measured in one run: each contestant runs in a process of its own, one thread, in turn, several times
over; the ratio of each turn is taken, and the median and range of the ratios are printed.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time

PENDULUM = "Pendulum-v1"


# ------------------------------------------------------------------------------------------ what is measured


def ours(name, seeds=1, steps=3000, **settings):
    """Seed-steps per second of this package, after a warm-up."""
    from rlcourse.algorithms import discover
    from rlcourse.training import train

    algorithm = discover()[name](**settings)
    marks = []

    def mark(training):
        marks.append((training.steps, training.seconds))

    train(algorithm, PENDULUM, steps, seeds, callbacks=[mark], evaluate_every=10**9, evaluation_episodes=1)
    half = len(marks) // 3  # past the warm-up and the first updates
    (a, s), (b, t) = marks[half], marks[-1]
    return seeds * (b - a) / (t - s)


def peer(library, name, steps=3000, env=PENDULUM, envs=1, **settings):
    """Environment steps per second of a peer's `learn`, after a warm-up of a tenth."""
    import torch

    torch.set_num_threads(1)
    if envs > 1:
        from stable_baselines3.common.env_util import make_vec_env

        env = make_vec_env(env, envs)
    model = _peer(library, name, env, **settings)
    model.learn(max(500, steps // 10))
    start, before = time.perf_counter(), model.num_timesteps
    model.learn(steps, reset_num_timesteps=False)
    return (model.num_timesteps - before) / (time.perf_counter() - start)


def _peer(library, name, env, **settings):
    import importlib

    kind = getattr(importlib.import_module(library), name)
    extra = {} if library == "sbx" else {"device": "cpu"}
    return kind("MlpPolicy", env, **extra, **settings)


def gemm(width=256, batch=256, iterations=300):
    """TD3 updates per second if only their matrix products were done (delay 2; biases, Adam and
    everything else free).
    """
    import torch

    torch.set_num_threads(1)

    def products(members, sizes):
        """(forward, gradient of weights, gradient of inputs) of each layer, as closures on preallocated
        arrays.
        """
        layers = []
        for i, o in itertools.pairwise(sizes):
            x, w, g = (
                torch.randn(members, batch, i),
                torch.randn(members, i, o),
                torch.randn(members, batch, o),
            )
            layers.append(
                (
                    lambda x=x, w=w: torch.bmm(x, w),
                    lambda x=x, g=g: torch.bmm(x.mT, g),
                    lambda g=g, w=w: torch.bmm(g, w.mT),
                )
            )
        return layers

    actor, twins, one = (products(m, (i, width, width, 1)) for m, i in ((1, 3), (2, 4), (1, 4)))

    def run(layers, *kinds, skip_first=False):
        for number, layer in enumerate(layers):
            for kind in kinds:
                if not (skip_first and number == 0 and kind == 2):
                    layer[kind]()

    def update(with_actor):
        run(actor, 0), run(twins, 0), run(twins, 0), run(twins, 1, 2, skip_first=True)
        if with_actor:
            run(actor, 0), run(one, 0), run(one, 2), run(actor, 1, 2, skip_first=True)

    for _ in range(20):
        update(True)
    start = time.perf_counter()
    for k in range(iterations):
        update(k % 2 == 0)
    return iterations / (time.perf_counter() - start)


SMALL = {"batch_size": 128, "train_freq": 1, "gradient_steps": 1, "learning_starts": 100}
NET = {"policy_kwargs": {"net_arch": [64, 64]}}
WIDE = {**SMALL, "batch_size": 256, "policy_kwargs": {"net_arch": [256, 256]}}
OUR_WIDE = {"hidden": (256, 256), "batch_size": 256}
CONTESTANTS = {
    "rlcourse TD3, 1 seed": lambda: ours("td3"),
    "rlcourse TD3, 8 seeds": lambda: ours("td3", 8),
    "rlcourse DDPG, 1 seed": lambda: ours("ddpg"),
    "rlcourse DDPG, 8 seeds": lambda: ours("ddpg", 8),
    "SB3 TD3": lambda: peer("stable_baselines3", "TD3", **SMALL, **NET),
    "SB3 DDPG": lambda: peer("stable_baselines3", "DDPG", **SMALL, **NET),
    "sbx TD3": lambda: peer("sbx", "TD3", **SMALL, **NET),
    "rlcourse TD3 [256, 256]": lambda: ours("td3", steps=1500, **OUR_WIDE),
    "SB3 TD3 [256, 256]": lambda: peer("stable_baselines3", "TD3", steps=800, **WIDE),
    "GEMM bound [256, 256]": gemm,
    "rlcourse PPO": lambda: ours("ppo", steps=80_000),
    "SB3 PPO": lambda: peer("stable_baselines3", "PPO", steps=8192),
    "rlcourse A2C, 1 seed": lambda: ours("a2c", steps=40_000),
    "rlcourse A2C, 8 seeds": lambda: ours("a2c", 8, steps=40_000),
    "rlcourse REINFORCE": lambda: ours("reinforce", steps=40_000),
    "SB3 A2C": lambda: peer("stable_baselines3", "A2C", steps=16_384, envs=8, n_steps=32),
    "rlcourse TRPO": lambda: ours("trpo", steps=80_000),
    "sb3-contrib TRPO": lambda: peer("sb3_contrib", "TRPO", steps=8192),
}
ROWS = [  # numerator, denominator, target of performance
    ("rlcourse TD3, 1 seed", "SB3 TD3", 2.0),
    ("rlcourse TD3, 1 seed", "sbx TD3", 1.0),
    ("rlcourse TD3, 8 seeds", "SB3 TD3", 8.0),
    ("rlcourse TD3, 8 seeds", "sbx TD3", 3.0),
    ("rlcourse DDPG, 1 seed", "SB3 DDPG", 2.0),
    ("rlcourse DDPG, 8 seeds", "SB3 DDPG", 8.0),
    ("rlcourse TD3 [256, 256]", "SB3 TD3 [256, 256]", 1.3),
    ("rlcourse TD3 [256, 256]", "GEMM bound [256, 256]", 0.7),
    ("rlcourse PPO", "SB3 PPO", 15.0),
    ("rlcourse TRPO", "sb3-contrib TRPO", 20.0),
    ("rlcourse A2C, 1 seed", "SB3 A2C", 2.0),
    ("rlcourse A2C, 8 seeds", "SB3 A2C", 8.0),
    ("rlcourse REINFORCE", "SB3 A2C", 1.0),
]


# ------------------------------------------------------------------------------------------------- solving

ZOO = {  # the rl-zoo's tuned settings for Pendulum-v1
    "SB3 PPO": (
        "stable_baselines3",
        "PPO",
        4,
        {
            "n_steps": 1024,
            "gae_lambda": 0.95,
            "gamma": 0.9,
            "n_epochs": 10,
            "ent_coef": 0.0,
            "learning_rate": 1e-3,
            "clip_range": 0.2,
            "use_sde": True,
            "sde_sample_freq": 4,
        },
    ),
    "sb3-contrib TRPO": (
        "sb3_contrib",
        "TRPO",
        2,
        {
            "n_steps": 1024,
            "gae_lambda": 0.95,
            "gamma": 0.9,
            "n_critic_updates": 15,
            "learning_rate": 1e-3,
            "sub_sampling_factor": 1,
            "use_sde": True,
            "sde_sample_freq": 4,
            "batch_size": 128,
            "cg_damping": 0.1,
        },
    ),
    "SB3 TD3": (
        "stable_baselines3",
        "TD3",
        1,
        {
            "gamma": 0.98,
            "buffer_size": 200_000,
            "learning_starts": 10_000,
            "learning_rate": 1e-3,
            "gradient_steps": 1,
            "train_freq": 1,
            "policy_kwargs": {"net_arch": [400, 300]},
        },
    ),
}


def solve_ours(name, seed):
    """Training seconds until the mean of 100 evaluation episodes of Gymnasium's own Pendulum-v1 reaches
    −200.
    """
    import gymnasium

    from rlcourse.algorithms import discover
    from rlcourse.training import evaluate, train

    algorithm = discover()[name]()
    every = 500 if name in ("td3", "ddpg") else 2048
    solved = []

    def check(training):
        if training.steps >= every * (check.count + 1):
            check.count += 1
            returns = evaluate(training.policy(), lambda: gymnasium.make(PENDULUM), 100, seed=10_000 + seed)
            if returns.mean() >= -200:
                solved.append(training.seconds)
                training.stop()

    check.count = 0
    train(
        algorithm, PENDULUM, 200_000, [seed], callbacks=[check], evaluate_every=10**9, evaluation_episodes=1
    )
    return solved[0] if solved else float("inf")


def solve_peer(label, seed):
    """The same for a peer with the zoo's settings, evaluation time taken out."""
    import torch
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy

    torch.set_num_threads(1)
    library, name, envs, settings = ZOO[label]
    model = _peer(library, name, make_vec_env(PENDULUM, envs, seed=seed), seed=seed, **settings)
    test = make_vec_env(PENDULUM, 10, seed=10_000 + seed)
    every = 500 if "TD3" in name else settings["n_steps"] * envs
    result = {"evaluating": 0.0, "seconds": float("inf")}

    class Check(BaseCallback):
        def _on_step(self):
            if self.num_timesteps % every:
                return True
            start = time.perf_counter()
            mean, _ = evaluate_policy(model, test, 100)
            result["evaluating"] += time.perf_counter() - start
            if mean >= -200:
                result["seconds"] = time.perf_counter() - result["start"] - result["evaluating"]
            return mean < -200

    result["start"] = time.perf_counter()
    model.learn(200_000, callback=Check())
    return result["seconds"]


# ---------------------------------------------------------------------------------------------- the command


def measure(what, peers_python, seed=None):
    """One measurement in a process of its own, with one thread."""
    python = sys.executable if what.startswith(("rlcourse", "GEMM")) else peers_python
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    }
    command = [python, __file__, "--one", what, *(["--seed", str(seed)] if seed is not None else [])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        print(f"    {what}: not measured ({last})", flush=True)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def compare(rounds, peers_python, only):
    rows = [row for row in ROWS if only in row[0] or only in row[1]]
    needed = dict.fromkeys(name for row in rows for name in row[:2])
    turns = {name: [] for name in needed}
    for turn in range(rounds):
        for name in needed:
            turns[name].append(measure(name, peers_python))
            print(f"  turn {turn + 1}: {name}: {turns[name][-1] or float('nan'):,.0f} steps/s", flush=True)
    print(f"\n{'':26}{'against':26}{'ratio':>8}{'range':>16}{'target':>8}")
    for one, other, target in rows:
        ratios = [a / b for a, b in zip(turns[one], turns[other], strict=True) if a and b]
        if ratios:
            verdict = "reached" if statistics.median(ratios) >= target else "MISSED"
            middle, spread = statistics.median(ratios), f"{min(ratios):.2f} – {max(ratios):.2f}"
            print(f"{one:26}{other:26}{middle:8.2f}{spread:>16}{target:8.1f}  {verdict}")


def solving(seeds, peer_seeds, peers_python, only):
    labels = [f"rlcourse {name}" for name in ("ppo", "trpo", "td3", "ddpg")] + list(ZOO)
    for label in (name for name in labels if only in name):
        count = seeds if label.startswith("rlcourse") else peer_seeds
        times = [measure(label, peers_python, seed) for seed in range(count)]
        times = [t for t in times if t is not None]
        if times:
            listed, middle = " ".join(f"{t:.1f}" for t in times), statistics.median(times)
            print(
                f"{label:20} median {middle:6.2f} s of training to −200, n = {len(times)}: {listed}",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="turns of every contestant")
    parser.add_argument("--solve", action="store_true", help="training time until Pendulum-v1 is solved")
    parser.add_argument("--seeds", type=int, default=10, help="seeds of --solve")
    parser.add_argument("--peer-seeds", type=int, default=3, help="the peers' seeds of --solve")
    parser.add_argument(
        "--peers-python", default=sys.executable, help="python of the environment that holds the peers"
    )
    parser.add_argument("--only", default="", help="only rows whose names contain this")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one and options.seed is not None:
        ours_or_peer = solve_ours if options.one.startswith("rlcourse") else solve_peer
        print(json.dumps(ours_or_peer(options.one.removeprefix("rlcourse "), options.seed)))
    elif options.one:
        print(json.dumps(CONTESTANTS[options.one]()))
    elif options.solve:
        solving(options.seeds, options.peer_seeds, options.peers_python, options.only)
    else:
        compare(options.rounds, options.peers_python, options.only)


if __name__ == "__main__":
    main()
