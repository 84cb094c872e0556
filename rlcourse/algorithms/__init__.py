"""Floor 2: one file per method; none imports another.

An algorithm is found by its file: `td3.py` defines `TD3`. Beside its fields a class says how it acts and
remembers (`agent`), how long a run usually is (`usual_steps`), and how its curves look (`look`: a colour and
a line of `plots.looks`).
"""

import functools
import importlib
import pkgutil


@functools.cache
def discover() -> dict[str, type]:
    """{name of the file: the algorithm's class}, in alphabetical order: {"ddpg": DDPG, "ppo": PPO, …}."""
    found = {}
    for file in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{file.name}")
        found[file.name] = next(value for name, value in vars(module).items() if name.lower() == file.name)
    return found
