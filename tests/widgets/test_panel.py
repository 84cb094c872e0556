"""A live panel without a page: what it starts, shows, names and leaves behind."""

import json
import time

import numpy as np
import pytest

from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.ppo import PPO
from rlcourse.algorithms.td3 import TD3
from rlcourse.widgets import LiveRun, Slider, live, record
from rlcourse.widgets.panel import finding


def test_a_live_run_finishes_and_names_its_run(panel):
    one = panel(steps=200).start().wait(20)
    assert one.state == "finished"
    assert [run.label for run in one.runs] == ["Climber"]
    assert one.runs[0].returns[:, -1].tolist() == [200.0, 201.0, 202.0]
    one.set(slope=0.5).start().wait(20)
    one.start().wait(20)
    assert [run.label for run in one.runs] == ["Climber", "Climber slope=0.5", "Climber slope=0.5 (run 2)"]


def test_pause_holds_resume_goes_on_stop_ends_reset_forgets(panel, until):
    one = panel().start()
    until(lambda: one.session.counts.get("steps", 0) > 20)
    one.pause()
    until(lambda: one.state == "paused")
    held = dict(one.session.counts)
    time.sleep(0.3)
    assert one.session.counts == held
    one.resume()
    until(lambda: one.session.counts["steps"] > held["steps"])
    one.stop().wait(10)
    assert one.state == one.runs[0].status == "stopped"
    one.set(slope=2.0)
    one.reset()
    assert (one.state, one.runs, one.values["slope"]) == ("ready", [], 1.0)


def test_a_paused_run_can_be_stopped(panel, until, workers):
    one = panel().start()
    one.pause()
    until(lambda: one.state == "paused")
    one.stop().wait(10)
    assert one.state == "stopped"
    assert workers() == 0


def test_a_retuned_run_says_so_and_goes_on_with_the_new_value(panel, until):
    one = panel().start()
    until(lambda: one.runs and one.runs[0].returns.shape[1] > 0)
    one.set(slope=0.0, horizon=20)
    until(lambda: "→" in one.runs[0].label)
    assert one.runs[0].label == "Climber → slope=0"  # the horizon waits for the next run
    one.stop().wait(10)
    assert one.runs[0].returns[0, -1] < 100_000


def test_one_worker_however_often_it_is_started(panel, until, workers):
    one, other = panel().start().start(), None
    until(lambda: one.state == "running")
    assert workers() == 1
    other = panel().start()
    assert one.state == "stopped"
    assert "Stopped: " in one.session.note
    assert workers() == 1
    other.stop().wait(10)
    assert workers() == 0


def test_an_error_in_the_worker_is_in_the_panel_and_nowhere_else(Climber, panel, capfd):
    one = panel(algorithm=Climber(fault=True)).start().wait(10)
    assert one.state == one.runs[0].status == "failed"
    assert "FloatingPointError: the climber fell" in one._problem.value
    assert capfd.readouterr() == ("", "")
    with pytest.raises(FloatingPointError):
        one.smoke(100)


def test_the_page_hears_of_a_run_at_most_ten_times_a_second(panel):
    one = panel()
    pushes = []
    changed = one.changed
    one.changed = lambda: (pushes.append(time.monotonic()), changed())
    one.start()
    time.sleep(1.5)
    one.stop().wait(10)
    assert len(pushes) <= 1.5 * 10 + 4


def test_several_algorithms_run_in_turn_named_by_what_differs(Climber, climb):
    one = live([Climber(), Climber(slope=2.0)], "hill", steps=40, seeds=2, trainer=climb)
    assert list(one.algorithms) == ["Climber slope=1", "Climber slope=2"]
    one._chooser.value = "each in turn"
    one.start().wait(10)
    assert [run.label for run in one.runs] == ["Climber slope=1", "Climber slope=2"]
    assert live({"mine": Climber()}, "hill", trainer=climb).algorithms == {"mine": Climber()}


def test_kept_settings_of_a_panel_have_names_are_gone_to_by_them_and_copied_as_code(panel):
    one = panel(settings={"steep": {"slope": 2.0}})
    assert [name for name, _ in one.kept.chooser.options] == ["go to …", "steep"]
    assert one.set(slope=0.5, horizon=3).keep() == "A"
    assert one.kept.chooser.value == "A"
    assert "set(slope=0.5, horizon=3)  # A" in one._code.value
    one._inputs["slope"].value = 1.5
    assert one.kept.chooser.value == "" and one.values == {"slope": 1.5, "horizon": 3}
    assert "set(slope=1.5, horizon=3)&quot;" in one._code.value or 'horizon=3)"' in one._code.value
    one.kept.chooser.value = "steep"
    assert one.values == {"slope": 2.0, "horizon": 10}
    one.kept.chooser.value = "A"
    assert one.values == {"slope": 0.5, "horizon": 3} and one.session.values == one.values
    assert one.keep() == "B"
    with pytest.raises(ValueError, match="settings 'steep': no control named slqpe"):
        panel(settings={"steep": {"slqpe": 2.0}})


def test_a_control_that_is_no_field_is_refused(Climber):
    with pytest.raises(ValueError, match="no field 'tau' in Climber"):
        live(Climber(), "hill", tau=Slider("τ", "step"))


def test_the_title_says_leads_only_where_the_intervals_are_apart():
    def run(label, *last):
        return LiveRun(label, np.array([0, 10]), np.array([[-9.0, value] for value in last]))

    low, middle, high = run("DDPG", -5.0, -4.0), run("TD3", -4.2, -4.0), run("PPO → tau=1", -1.0, -1.1)
    assert finding([]) == "Press Start: there is no run yet"
    assert finding([middle]).startswith("TD3 has a mean return of −4.1 [")
    assert finding([low, middle]).startswith("No clear lead; highest: TD3, −4.1 [")
    assert finding([middle, high]).startswith("PPO leads: −1.1 [")
    assert len(finding([run("TD3 " + "tau=0.00123 " * 9, -1.0)])) < 60


def test_the_title_has_the_decimals_that_the_returns_need():
    def run(*last):
        return LiveRun("Cloning", np.array([0, 10]), np.array([[0.0, value] for value in last]))

    share = finding([run(0.81, 0.85, 0.84)], bounds=(0.0, 1.0))
    assert share.startswith("Cloning has a mean return of 0.83 [0.78, 0.")
    assert finding([run(1.0, 1.0)], bounds=(0.0, 1.0)) == "Cloning has a mean return of 1 [1, 1]"
    assert finding([run(0.4)]) == "Cloning has a mean return of 0.40"
    assert finding([run(9.3)], bounds=(0.0, 500.0)) == "Cloning has a mean return of 9"
    assert finding([run(-153.4)], bounds=(None, 0.0)) == "Cloning has a mean return of −153"


def test_a_setting_that_reads_the_same_names_no_difference(Climber, panel):
    one = panel()
    base = Climber(slope=1e-3)
    assert one.session.label("Climber", base, {"slope": 1e-3 * (1 + 1e-9)}) == "Climber"
    assert one.session.label("Climber", base, {"slope": 1.02329e-3}) == "Climber slope=0.00102"


def test_ddpg_and_td3_run_live_on_the_pendulum_and_the_pendulum_is_drawn(tmp_path):
    pair = [DDPG(warmup=50, hidden=(8, 8)), TD3(warmup=50, hidden=(8, 8))]
    one = live(pair, seeds=2, policy_delay=Slider("d", "policy delay", min=1, max=4, step=1))
    assert "at once (TD3 only)" in one._applies("policy_delay")
    one.smoke(200)
    assert [(run.label, run.status) for run in one.runs] == [("DDPG", "finished"), ("TD3", "finished")]
    assert "<svg" in one._scene.value
    path = record(pair, "Pendulum-v1", tmp_path / "r.json", steps=100, seeds=2)
    assert [run["label"] for run in json.loads(path.read_text())["runs"]] == ["DDPG", "TD3"]


def test_a_world_is_drawn_as_it_says_itself_and_under_no_name_in_particular():
    one = live(PPO(horizon=32, num_envs=2, hidden=(8, 8)), "CartPole-v1", seeds=1).smoke(200)
    assert "cart at" in one._scene.value
    moon = live(TD3(warmup=50, hidden=(8, 8)), mass_on_the_moon, seeds=1).smoke(200)
    assert "cart at" in moon._scene.value


def mass_on_the_moon():
    import gymnasium

    return gymnasium.make("rlcourse/DoubleIntegrator-v0")


def test_an_environment_that_says_nothing_is_not_shown_unless_its_page_draws_it():
    nets = {"horizon": 32, "num_envs": 2, "hidden": (8, 8)}
    assert live(PPO(**nets), "Acrobot-v1", seeds=1).smoke(200)._scene.value == ""
    seen = []
    drawing = lambda obs, action: f"<svg>{seen.append((obs.shape, action.shape))}</svg>"  # noqa: E731
    one = live(PPO(**nets), "Acrobot-v1", seeds=1, drawing=drawing).smoke(200)
    assert "<svg>None</svg>" in one._scene.value
    assert seen[0] == ((6,), (1,))


def test_a_page_shows_what_is_learnt_in_place_of_an_environment():
    nets = {"horizon": 32, "num_envs": 2, "hidden": (8, 8)}
    seen = []
    picture = lambda training: f"<svg>{seen.append(training.steps)}</svg>"  # noqa: E731
    one = live(PPO(**nets), "Acrobot-v1", seeds=1, picture=picture).smoke(200)
    assert one._scene.value == "<svg>None</svg>" and seen and seen == sorted(seen)


def test_a_panel_says_of_each_control_when_it_takes_effect(panel):
    one = panel()
    assert [one._applies(name) for name in ("slope", "horizon")] == ["at once", "next run"]
    mixed = live([DDPG(), PPO()], warmup=Slider("w", "warm-up", min=0, max=900, step=100))
    assert mixed._applies("warmup") == "next run (DDPG only)"


def test_a_reader_who_asked_for_less_motion_gets_fewer_pictures(panel, until, monkeypatch):
    one = panel(steps=100_000)
    one._calm.value = True
    monkeypatch.setattr("rlcourse.widgets.panel.CALM_SECONDS", 60.0)
    drawn = []
    one._curves.observe(lambda change: drawn.append(1), names="value")
    one.start()
    until(lambda: one.runs and one.runs[0].returns.shape[1] > 20)
    time.sleep(1)
    assert len(drawn) <= 1
    one.stop().wait(10)
    assert len(drawn) >= 1, "the end is drawn"
