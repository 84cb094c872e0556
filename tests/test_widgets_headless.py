"""Labs, predictions and live runs without a page: what they compute, refuse and leave behind."""

import json
import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest

from rlcourse import plots, widgets
from rlcourse.training import Curve, Run
from rlcourse.widgets import Choice, Slider, Switch, explore, live, predict


def draw(fig, gap=1.0, kind="sum", square=False):
    if gap > 2.5:
        raise ZeroDivisionError("too wide")
    ax = plots.axes(fig)
    ax.plot([0, 1], [0, gap])
    ax.set_title("A line")
    value = gap + 1 if kind == "sum" else gap
    return {"value": value**2 if square else value}


def lab():
    controls = {"kind": Choice("", "kind", ["sum", "gap"]), "square": Switch("", "squared")}
    return explore(draw, gap=Slider("Δ", "gap", "m", 0.0, 3.0, 0.1), **controls)


def test_a_lab_starts_at_draws_defaults_and_follows_its_controls():
    one = lab()
    assert one.values == {"gap": 1.0, "kind": "sum", "square": False}
    assert one.numbers == {"value": 2.0}
    assert one.set(gap=2.0, square=True).numbers == {"value": 9.0}
    assert one.set(kind="gap").numbers == {"value": 4.0}
    assert one.reset().numbers == {"value": 2.0}
    assert one.pictures == 4  # one picture a change, however many controls moved


def test_a_raising_draw_leaves_the_last_picture_and_the_lab_recovers():
    one = lab()
    good = one.png
    one.set(gap=3.0)
    assert isinstance(one.error, ZeroDivisionError)
    assert one.png == good
    assert "too wide" in one._error.value
    assert one._numbers.value == ""
    one.set(gap=2.0)
    assert one.error is None
    assert one._error.value == ""


def test_a_lab_refuses_controls_that_draw_does_not_take():
    with pytest.raises(ValueError, match="no argument 'gqp'; it takes gap, kind, square"):
        explore(draw, gqp=Slider("Δ", "gap"))
    with pytest.raises(ValueError, match=r"start value 1.0 outside \[2.0, 3.0\]"):
        explore(draw, gap=Slider("Δ", "gap", min=2.0, max=3.0))
    with pytest.raises(ValueError, match="no control named x; this lab has gap"):
        explore(draw, gap=Slider("Δ", "gap", min=0.0, max=3.0)).set(x=1)


def test_what_draw_returns_must_be_named_numbers():
    one = explore(lambda fig, x=0.5: 3.0, x=Slider("x", "x"))
    assert "return a dict of named numbers" in str(one.error)


def test_text_from_outside_is_escaped():
    one = explore(lambda fig, x=0.5: {"<b>": "<script>"}, x=Slider("x", "x"))
    assert "<script>" not in one._numbers.value
    assert "&lt;b&gt;" in one._numbers.value


def test_without_ipywidgets_a_lab_still_draws_and_a_question_can_be_answered(monkeypatch):
    monkeypatch.setattr(widgets, "ipywidgets", None)
    assert lab().set(gap=2.0).numbers == {"value": 3.0}
    assert predict("?", ["a", "b"], answer="a").answer("a").correct
    panel = live(
        Climber(), "hill", steps=100, seeds=2, trainer=climb, slope=Slider("m", "slope", min=0.0, max=2.0)
    )
    assert panel.set(slope=2.0).smoke(100).runs[0].label == "Climber slope=2"


def test_a_prediction_is_made_once():
    question = predict("Which?", ["a", "b"], answer="b", why="Because.")
    assert question.correct is None
    question.answer("a").answer("b")
    assert (question.given, question.correct) == ("a", False)
    assert "You predicted <b>a</b>" in question.verdict()
    assert "Because." in question.verdict()


def test_a_number_is_right_within_its_tolerance():
    assert predict("?", answer=1.5, tolerance=0.1).answer("1,55").correct
    assert not predict("?", answer=1.5, tolerance=0.1).answer("−1.5").correct
    with pytest.raises(ValueError, match="needs a tolerance"):
        predict("?", answer=1.5)
    with pytest.raises(ValueError, match="not among the choices"):
        predict("?", ["a"], answer="b")


@dataclass(frozen=True)
class Climber:
    slope: float = 1.0
    horizon: int = 10
    fault: bool = False


class Climbing:
    def __init__(self, algorithm, steps, seeds):
        self.algorithm, self.steps, self.stopping = algorithm, 0, False
        self.run = Run(algorithm, "hill", list(range(seeds)), steps)

    def stop(self):
        self.stopping = True


def climb(algorithm, env, *, steps, seeds, callbacks):
    """A trainer with the interface of `train`, whose return grows by the slope at each step."""
    training = Climbing(algorithm, steps, seeds)
    height = 0.0
    while training.steps < steps and not training.stopping:
        time.sleep(0.0005)
        height += training.algorithm.slope
        training.steps += 1
        if training.steps % 20 == 0:
            curve = training.run.curve
            returns = np.column_stack([curve.returns.reshape(seeds, -1), height + np.arange(seeds)])
            training.run.curve = Curve(np.append(curve.steps, training.steps), curve.seconds, returns)
        if training.algorithm.fault and training.steps > 50:
            raise FloatingPointError("the climber fell")
        for callback in callbacks:
            callback(training)
    training.run.status = "stopped" if training.stopping else "finished"
    return training.run


def panel(steps=100_000, algorithm=None, **options):
    controls = {
        "slope": Slider("m", "slope", min=0.0, max=2.0, step=0.1),
        "horizon": Slider("T", "horizon", min=1, max=20, step=1),
    }
    return live(algorithm or Climber(), "hill", steps=steps, seeds=3, trainer=climb, **options, **controls)


def until(test, seconds=10):
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end
        time.sleep(0.01)


def workers():
    return sum(thread.name == "rlcourse-live" for thread in threading.enumerate())


def test_a_live_run_finishes_and_names_its_run():
    one = panel(steps=200).start().wait(20)
    assert one.state == "finished"
    assert [run.label for run in one.runs] == ["Climber"]
    assert one.runs[0].returns[:, -1].tolist() == [200.0, 201.0, 202.0]
    one.set(slope=0.5).start().wait(20)
    one.start().wait(20)
    assert [run.label for run in one.runs] == ["Climber", "Climber slope=0.5", "Climber slope=0.5 (run 2)"]


def test_pause_holds_resume_goes_on_stop_ends_reset_forgets():
    one = panel().start()
    until(lambda: one._counts.get("steps", 0) > 20)
    one.pause()
    until(lambda: one.state == "paused")
    held = dict(one._counts)
    time.sleep(0.3)
    assert one._counts == held
    one.resume()
    until(lambda: one._counts["steps"] > held["steps"])
    one.stop().wait(10)
    assert one.state == one.runs[0].status == "stopped"
    one.set(slope=2.0)
    one.reset()
    assert (one.state, one.runs, one.values["slope"]) == ("ready", [], 1.0)


def test_a_paused_run_can_be_stopped():
    one = panel().start()
    one.pause()
    until(lambda: one.state == "paused")
    one.stop().wait(10)
    assert one.state == "stopped"
    assert workers() == 0


def test_a_retuned_run_says_so_and_goes_on_with_the_new_value():
    one = panel().start()
    until(lambda: one.runs and one.runs[0].returns.shape[1] > 0)
    one.set(slope=0.0, horizon=20)
    until(lambda: "→" in one.runs[0].label)
    assert one.runs[0].label == "Climber → slope=0"  # the horizon waits for the next run
    one.stop().wait(10)
    assert one.runs[0].returns[0, -1] < 100_000


def test_one_worker_however_often_it_is_started():
    one, other = panel().start().start(), None
    until(lambda: one.state == "running")
    assert workers() == 1
    other = panel().start()
    assert one.state == "stopped"
    assert "Stopped: " in one._note
    assert workers() == 1
    other.stop().wait(10)
    assert workers() == 0


def test_an_error_in_the_worker_is_in_the_panel_and_nowhere_else(capfd):
    one = panel(algorithm=Climber(fault=True)).start().wait(10)
    assert one.state == one.runs[0].status == "failed"
    assert "FloatingPointError: the climber fell" in one._problem.value
    assert capfd.readouterr() == ("", "")
    with pytest.raises(FloatingPointError):
        one.smoke(100)


def test_the_page_hears_of_a_run_at_most_ten_times_a_second():
    one = panel()
    pushes = []
    show = one._show
    one._show = lambda: (pushes.append(time.monotonic()), show())
    one.start()
    time.sleep(1.5)
    one.stop().wait(10)
    assert len(pushes) <= 1.5 * 10 + 4


def test_several_algorithms_run_in_turn_named_by_what_differs():
    one = live([Climber(), Climber(slope=2.0)], "hill", steps=40, seeds=2, trainer=climb)
    assert list(one.algorithms) == ["Climber slope=1", "Climber slope=2"]
    one._chooser.value = "each in turn"
    one.start().wait(10)
    assert [run.label for run in one.runs] == ["Climber slope=1", "Climber slope=2"]
    assert live({"mine": Climber()}, "hill", trainer=climb).algorithms == {"mine": Climber()}


def test_a_control_that_is_no_field_is_refused():
    with pytest.raises(ValueError, match="no field 'tau' in Climber"):
        live(Climber(), "hill", tau=Slider("τ", "step"))


def test_a_recording_is_shown_until_there_is_time_for_a_run(tmp_path):
    path = tmp_path / "recorded.json"
    runs = [{"label": "TD3", "steps": [0, 10], "returns": [[-3.0, -2.0], [-4.0, -1.0]]}]
    path.write_text(json.dumps({"env": "hill", "note": "", "runs": runs}))
    one = panel(recorded=path)
    named = [line.get_label() for line in one.figure.axes[0].lines if not line.get_label().startswith("_")]
    assert named == ["recorded TD3, n = 2"]
    assert len(one.figure.axes[0].lines) == 3, "its two seeds are drawn too"


def test_the_title_says_leads_only_where_the_intervals_are_apart():
    def run(label, *last):
        return widgets.LiveRun(label, np.array([0, 10]), np.array([[-9.0, value] for value in last]))

    low, middle, high = run("DDPG", -5.0, -4.0), run("TD3", -4.2, -4.0), run("PPO → tau=1", -1.0, -1.1)
    assert widgets.Live._finding([]) == "No run yet"
    assert widgets.Live._finding([middle]).startswith("TD3 has a mean return of −4 [")
    assert widgets.Live._finding([low, middle]).startswith("No clear lead; highest: TD3, −4 [")
    assert widgets.Live._finding([middle, high]).startswith("PPO leads: −1 [")
    assert len(widgets.Live._finding([run("TD3 " + "tau=0.00123 " * 9, -1.0)])) < 60


def test_a_setting_that_reads_the_same_names_no_difference():
    one = panel()
    base = Climber(slope=1e-3)
    assert one._label("Climber", base, {"slope": 1e-3 * (1 + 1e-9)}) == "Climber"
    assert one._label("Climber", base, {"slope": 1.02329e-3}) == "Climber slope=0.00102"


def test_ddpg_and_td3_run_live_on_the_pendulum_and_the_pendulum_is_drawn(tmp_path):
    from rlcourse.algorithms.ddpg import DDPG
    from rlcourse.algorithms.td3 import TD3

    pair = [DDPG(warmup=50, hidden=(8, 8)), TD3(warmup=50, hidden=(8, 8))]
    one = live(pair, seeds=2, policy_delay=Slider("d", "policy delay", min=1, max=4, step=1))
    assert "at once (TD3 only)" in one._applies("policy_delay")
    one.smoke(200)
    assert [(run.label, run.status) for run in one.runs] == [("DDPG", "finished"), ("TD3", "finished")]
    assert "<svg" in one._scene.value
    path = widgets.record(pair, "Pendulum-v1", tmp_path / "r.json", steps=100, seeds=2)
    assert [run["label"] for run in json.loads(path.read_text())["runs"]] == ["DDPG", "TD3"]
