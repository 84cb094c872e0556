"""Recordings of long experiments: what the page shows, and that a stale one is noticed."""

import json
import re
from fnmatch import fnmatch

import numpy as np
import pytest

from rlcourse.experiments import RECORDING, check_likeness, recorded, replayed
from rlcourse.notebooks import LECTURES, SOURCES


def walk(steps, seeds, drift=0.0):
    """A stand-in for a training: random walks, the same beginning however long."""
    rng = [np.random.default_rng(seed) for seed in range(seeds)]
    curves = np.array([np.cumsum(r.standard_normal(200))[:steps] for r in rng]) + drift * np.arange(steps)
    return {"at": np.arange(steps), "curves": {"walk": curves}, "last": curves[:, -1]}


@pytest.fixture
def made(tmp_path, monkeypatch):
    path = tmp_path / "recordings" / "99-walk.json"
    monkeypatch.setenv(RECORDING, "1")
    recorded(path, walk, {"steps": 5}, steps=100, seeds=6)
    monkeypatch.delenv(RECORDING)
    return path


def test_a_page_gets_the_long_run_as_recorded_and_the_short_one_made_now(made, capsys):
    found, now = recorded(made, walk, {"steps": 5}, steps=100, seeds=6)
    whole = walk(100, 6)
    np.testing.assert_allclose(found["curves"]["walk"], whole["curves"]["walk"], rtol=1e-5)
    np.testing.assert_array_equal(found["at"], whole["at"])
    np.testing.assert_array_equal(now["curves"]["walk"], whole["curves"]["walk"][:, :5])
    said = capsys.readouterr().out
    assert "recorded: walk(steps=100, seeds=6)" in said and "live:     walk(steps=5, seeds=6)" in said


def test_without_the_command_nothing_is_run_at_length_nor_written(made):
    before, calls = made.read_bytes(), []

    def walk(**settings):
        calls.append(settings)
        return globals()["walk"](**settings)

    recorded(made, walk, {"steps": 5}, steps=100, seeds=6)
    assert calls == [{"steps": 5, "seeds": 6}] and made.read_bytes() == before


def test_a_recording_is_replayed_as_it_was_made_without_a_run(made, capsys):
    capsys.readouterr()
    held, whole = replayed(made), walk(100, 6)
    assert held.keys() == whole.keys() and capsys.readouterr().out == ""
    np.testing.assert_array_equal(held["at"], whole["at"])
    np.testing.assert_allclose(held["curves"]["walk"], whole["curves"]["walk"], rtol=1e-5)
    np.testing.assert_allclose(held["last"], whole["last"], rtol=1e-5)


def test_a_recording_that_cannot_be_replayed_is_one_line_that_says_what_to_do(made):
    for text in (None, "{", "[]"):
        made.write_text(text) if text else made.unlink()
        with pytest.raises(ValueError, match="python3 -m rlcourse record 99") as caught:
            replayed(made)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["", "{", '{"call": 1}', "[]"])
def test_a_recording_that_is_missing_or_damaged_is_one_line_that_says_what_to_do(made, damage):
    made.write_text(damage) if damage else made.unlink()
    with pytest.raises(ValueError, match="python3 -m rlcourse record 99") as caught:
        recorded(made, walk, {"steps": 5}, steps=100, seeds=6)
    assert "\n" not in str(caught.value) and str(made) in str(caught.value)


def test_a_recording_of_other_settings_is_refused_by_name(made):
    with pytest.raises(ValueError, match=r"holds walk\(steps=100, seeds=6\), not walk\(steps=200, seeds=6\)"):
        recorded(made, walk, {"steps": 5}, steps=200, seeds=6)


def test_a_recording_of_another_experiment_is_noticed_by_its_mean(made):
    def walk(steps, seeds):
        return globals()["walk"](steps, seeds, drift=2.0)

    with pytest.raises(AssertionError, match=r"99-walk\.json is not of the experiment that runs here"):
        recorded(made, walk, {"steps": 20}, steps=100, seeds=6)


def test_other_names_or_shapes_are_noticed(made):
    found = {"curves": np.zeros((3, 9))}
    for other in ({"curve": np.zeros((3, 4))}, {"curves": np.zeros((4, 4))}, {"curves": np.zeros((3, 10))}):
        with pytest.raises(AssertionError, match="is not of the experiment"):
            check_likeness(other, found, "99-x.json")


def test_seeds_that_parted_by_rounding_are_still_alike_in_the_mean():
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 300, 16, 20)).cumsum(-1)
    for a, b in zip(one, other, strict=True):
        assert check_likeness({"x": a}, {"x": b}, "99-x.json") > 0


def test_a_recording_is_small_and_readable(made):
    held = json.loads(made.read_text())
    assert held["call"] == "walk(steps=100, seeds=6)"
    assert all(len(f"{x:g}") <= 12 for x in held["found"]["curves"]["walk"][0])


def test_every_recording_belongs_to_a_page_and_the_page_is_named_first():
    told = {
        path.stem: re.findall(r"recordings/([^\s\"]+\.json)", path.read_text(encoding="utf-8"))
        for path in SOURCES.glob("*.py")
    }
    pages = {stem: [re.sub(r"\{\w+\}", "*", name) for name in names] for stem, names in told.items()}
    for file in sorted((LECTURES / "recordings").glob("*.json")):
        users = [stem for stem, names in pages.items() if any(fnmatch(file.name, name) for name in names)]
        assert users, f"{file.name} is shown by no page"
        assert users[0].split("-")[0] == file.name.split("-")[0]
