"""The table of fidelity: one command makes it, and goes on where it was stopped."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from rlcourse.algorithms.ppo import PPO
from rlcourse.training import train

BENCHMARKS = Path(__file__).parent / "benchmarks"


def loaded(monkeypatch):
    """fidelity.py as a module: it lies in no package."""
    spec = importlib.util.spec_from_file_location("fidelity", BENCHMARKS / "fidelity.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "fidelity", module)  # its dataclass looks it up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fidelity(monkeypatch):
    """The module, with two rows of seconds in the place of its own."""
    module = loaded(monkeypatch)
    small = PPO(num_envs=2, horizon=16, epochs=1, minibatch_size=16, hidden=(4,))
    rows = [module.Row(small, "CartPole-v1", steps, "—", 3) for steps in (96, 128)]
    for name, value in {"CLASSIC": rows, "CONTINUOUS": [], "SPREADS": [], "PEERS": {}}.items():
        monkeypatch.setattr(module, name, value)
    return module


def run(module, folder, *words):
    """The command with its table in `folder`; what was measured, {row: returns}, and the table."""
    module.main(["--output", str(folder / "table.md"), *words])
    kept = json.loads((folder / "table.json").read_text(encoding="utf-8"))
    return {key: entry["returns"] for key, entry in kept.items()}, (folder / "table.md").read_text("utf-8")


def test_what_is_there_is_not_measured_again_and_what_is_missing_is_said(fidelity, tmp_path, monkeypatch):
    first, table = run(fidelity, tmp_path, "--only", " 96 ")
    assert [len(returns) for returns in first.values()] == [3]
    assert table.count("not run yet") == 1 and "0 of 3" in table
    both, table = run(fidelity, tmp_path)
    assert len(both) == 2 and both.items() > first.items() and "not run yet" not in table
    monkeypatch.setattr(fidelity, "measure", lambda row, folder: pytest.fail(f"measured again: {row.key}"))
    assert run(fidelity, tmp_path) == (both, table)


def test_a_row_whose_settings_changed_is_measured_again(fidelity, tmp_path, monkeypatch):
    before, _ = run(fidelity, tmp_path)
    changed = fidelity.replace(fidelity.CLASSIC[0].algorithm, gamma=0.5)
    monkeypatch.setattr(fidelity, "named", lambda algorithm: "PPO")  # as if the default itself had changed
    monkeypatch.setattr(fidelity, "CLASSIC", [fidelity.replace(fidelity.CLASSIC[0], algorithm=changed)])
    _, table = run(fidelity, tmp_path, "--only", "nothing")
    assert "not run yet" in table
    after, table = run(fidelity, tmp_path)
    assert "not run yet" not in table and len(after) == 3


def test_a_row_that_was_stopped_goes_on_from_its_checkpoint_to_the_same_numbers(fidelity, tmp_path):
    row = fidelity.CLASSIC[1]

    def stop(training):
        if training.steps >= 64:
            training.stop()

    half = train(
        row.algorithm, row.env, row.steps, row.seeds, evaluate_every=row.steps // 10, evaluation_episodes=1,
        folder=tmp_path / "half", callbacks=[stop],
    )  # fmt: skip
    assert half.status == "stopped" and half.curve.steps[-1] < row.steps
    whole = fidelity.measure(row, tmp_path / "whole")
    assert fidelity.measure(row, tmp_path / "half")["returns"] == whole["returns"]


def test_the_committed_table_is_what_the_command_makes_of_the_committed_numbers(monkeypatch):
    module = loaded(monkeypatch)
    store = module.Store(BENCHMARKS / "fidelity.json")
    table = (BENCHMARKS / "fidelity.md").read_text(encoding="utf-8")
    assert table == module.table(store), "write it anew: python tests/benchmarks/fidelity.py --only nothing"
    for key, entry in store.read().items():
        if "cells" not in entry:  # measured before the returns were kept
            assert np.isfinite(entry["returns"]).all(), key
            assert key.startswith("SB3") or key.endswith(f"× {len(entry['returns'])}")
