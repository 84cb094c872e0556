"""Recordings of long experiments: what the page shows, and that a stale one is noticed."""

import json
import os
import re
from fnmatch import fnmatch

import numpy as np
import pytest

from rlcourse.commands import record
from rlcourse.experiments import RECORDING, check_likeness, recorded, recorded_each, replayed
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


# An experiment of several parts


PARTS = [{"name": name} for name in ("TD3", "SAC")]


def part_of(calls, broken=()):
    def play(name, steps, seeds):
        calls.append((name, steps))
        if name in broken and steps == 100:
            raise RuntimeError("the power failed")
        return walk(steps, seeds, drift=float(name == "SAC"))

    return play


def each(folder, play, **options):
    path = f"{folder}/99-race-{{name}}.json"
    return recorded_each(path, play, {"steps": 5}, PARTS, steps=100, seeds=6, **options)


def asking(monkeypatch, since=0.0, only=""):
    monkeypatch.setenv(RECORDING, json.dumps({"since": since, "only": only}))


def test_parts_lie_in_a_file_each_and_come_back_in_their_order(tmp_path, monkeypatch, capsys):
    calls = []
    asking(monkeypatch)
    each(tmp_path, part_of(calls))
    monkeypatch.delenv(RECORDING)
    assert sorted(file.name for file in tmp_path.glob("*")) == ["99-race-SAC.json", "99-race-TD3.json"]
    assert calls == [("TD3", 100), ("TD3", 5), ("SAC", 100), ("SAC", 5)]
    capsys.readouterr()
    found = each(tmp_path, part_of([]), live=lambda name: name == "TD3")
    assert "live:     play(steps=5, seeds=6), 1 of them" in capsys.readouterr().out
    for one, drift in zip(found, (0, 1), strict=True):
        np.testing.assert_allclose(one["curves"]["walk"], walk(100, 6, drift)["curves"]["walk"], rtol=1e-5)


def test_an_interrupted_command_goes_on_with_the_parts_that_it_has_not_made(tmp_path, monkeypatch):
    asking(monkeypatch)
    with pytest.raises(RuntimeError, match="the power failed"):
        each(tmp_path, part_of([], broken={"SAC"}))
    kept, calls = (tmp_path / "99-race-TD3.json").read_bytes(), []
    each(tmp_path, part_of(calls), live=lambda name: False)
    assert calls == [("SAC", 100)] and (tmp_path / "99-race-TD3.json").read_bytes() == kept
    later = (tmp_path / "99-race-SAC.json").stat().st_mtime + 10
    asking(monkeypatch, since=later)  # a command that begins now makes all of them
    each(tmp_path, part_of(calls), live=lambda name: False)
    assert calls[1:] == [("TD3", 100), ("SAC", 100)]


def test_one_part_is_made_anew_alone_and_others_are_left_even_if_they_are_missing(tmp_path, monkeypatch):
    calls = []
    asking(monkeypatch, only="SAC")
    with pytest.raises(ValueError, match="99-race-TD3.json: no recording to be read"):
        each(tmp_path, part_of(calls))
    asking(monkeypatch)
    each(tmp_path, part_of([]))
    asking(monkeypatch, since=2e10, only="SAC")
    each(tmp_path, part_of(calls), live=lambda name: False)
    assert calls == [("SAC", 100)]


def test_the_command_keeps_its_first_start_until_the_page_has_run_through(tmp_path, monkeypatch, capsys):
    asked, fails = [], [True]

    class Page:
        def __init__(self, *_, **__):
            asked.append(json.loads(os.environ[RECORDING]))

        def execute(self):
            if fails.pop():
                raise KeyboardInterrupt

    monkeypatch.setattr(record, "NotebookClient", Page)
    monkeypatch.setattr(record.nbformat, "read", lambda *_, **__: None)
    with pytest.raises(KeyboardInterrupt):
        record.record(tmp_path / "99-x.ipynb", "SAC")
    assert RECORDING not in os.environ and "goes on" not in capsys.readouterr().out
    fails.append(False)
    assert record.record(tmp_path / "99-x.ipynb", "SAC") == 0
    assert asked[0] == asked[1] and asked[0]["only"] == "SAC"
    assert "99-x.ipynb: goes on where it stopped" in capsys.readouterr().out
    assert not list((tmp_path / "recordings").iterdir())


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
