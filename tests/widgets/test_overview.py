"""All runs in one figure: readable however many they are, and a title that names the highest honestly."""

import numpy as np
import pytest

from rlcourse import plots
from rlcourse.widgets import LiveRun
from rlcourse.widgets.overview import draw_runs, finding, look_of, recorded_looks
from rlcourse.widgets.panel import return_bounds


def run(label, *last, **more):
    return LiveRun(label, np.array([0, 10, 20]), np.array([[-9.0, -7.0, v] for v in last]), **more)


def drawn(runs, recorded=(), **options):
    fig = plots.figure(7.0, 3.9, layout=None)
    looks, kept = {}, recorded_looks(recorded)
    for one in runs:
        looks[one] = look_of(one, list(looks.values()), kept)
    draw_runs(fig, runs, recorded, 20, looks, {"policy_delay": "d", "tau": "τ"}, **options)
    fig.canvas.draw()
    return fig


def test_a_picture_that_was_empty_has_ticks_once_there_is_a_curve_and_says_what_its_curves_are():
    fig = drawn([])
    assert len(fig.axes[0].get_yticks()) == 0
    draw_runs(fig, [run("TD", -1.0, 2.0)], (), 20, measure="height")
    (ax,) = fig.axes
    assert len(ax.get_yticks()) > 2
    assert (ax.get_ylabel(), ax.get_title("left")) == ("height", "Height")


def test_the_title_names_a_recording_that_is_higher_than_the_live_run():
    live, recorded = run("PPO", -1426.0, -1420.0), run("PPO", -163.0, -160.0)
    assert finding([live], [recorded]).startswith("recorded PPO leads: −16")
    assert finding([recorded], [live]).startswith("PPO leads: −16")


def test_until_there_is_a_run_the_title_is_the_recordings():
    recorded = [run("PPO", -163.0, -162.0), run("TD3", -150.0, -149.9)]
    assert finding([], recorded[:1]).startswith("Recorded: PPO has a mean return of −16")
    assert finding([], recorded).startswith("Recorded: TD3 leads: −150 [")
    assert drawn([], recorded).axes[0].get_title("left").startswith("Recorded: TD3 leads")
    recorded[1] = run("TD3", -170.0, -148.0)
    assert finding([], recorded).startswith("Recorded: no clear lead; highest: TD3, −159 [")
    assert finding([]) == "Press Start: there is no run yet"


def test_a_recording_counts_as_far_as_the_picture_shows_it():
    recorded = LiveRun("PPO", np.array([0, 20, 40]), np.array([[-9.0, -9.0, 0.0], [-9.5, -9.5, 0.1]]))
    title = drawn([run("PPO", -1.0, -2.0)], [recorded]).axes[0].get_title("left")
    assert title.startswith("No clear lead; highest: PPO, ")


def test_runs_of_one_algorithm_have_different_colours_and_the_first_its_own():
    runs = [run(label, -1.0, -2.0) for label in ("PPO", "PPO clip=0.1", "PPO clip=0.3", "TD3")]
    looks = []
    for one in runs:
        looks.append(look_of(one, looks))
    assert looks[0]["color"] == plots.VERMILION
    assert looks[3]["color"] == plots.BLUE
    assert len({look["color"] for look in looks}) == 4
    assert len({str(look["linestyle"]) for look in looks[:3]}) == 3


def test_only_the_newest_two_runs_have_seeds_and_bands():
    runs = [run(label, -1.0, -2.0) for label in ("A", "B", "C")]
    ax = drawn(runs, [run("A", -3.0, -4.0)]).axes[0]
    assert sum(line.get_label().startswith("_seeds") for line in ax.lines) == 4
    assert len(ax.collections) == 2
    assert "newest two" in ax.texts[0].get_text()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_title_and_labels_stay_on_the_picture_and_each_label_has_a_sample_of_its_line(count):
    names = [f"DDPG noise=GaussianNoise tau=0.00{i} → policy_delay=4" for i in range(count)]
    fig = drawn([run(name, -1322.0, -1401.0 - i) for i, name in enumerate(names)])
    ax, page = fig.axes[0], fig.bbox
    for text in [ax.title, ax._left_title, *ax.texts]:
        box = text.get_window_extent(fig.canvas.get_renderer())
        assert box.x1 <= page.x1 and box.x0 >= page.x0, text.get_text()
        assert box.y1 <= page.y1 and box.y0 >= page.y0, text.get_text()
    samples = [line for line in ax.lines if line.get_label() == "_sample"]
    shown = [line for line in ax.lines if not line.get_label().startswith("_")]
    assert len(samples) == len(shown) == count
    assert {line.get_color() for line in samples} == {line.get_color() for line in shown}


METHODS = [
    "single path",
    "vine",
    "natural gradient",
    "NPG, fixed step",
    "max KL",
    "empirical Fisher",
    "CEM",
    "CMA-ES",
]


def test_eight_recorded_curves_have_whole_names_and_eight_colours_and_n_is_said_above_them():
    fig = drawn([], [run(name, -1.0 - i, -2.0) for i, name in enumerate(METHODS)])
    ax = fig.axes[0]
    above, *names = [text.get_text() for text in ax.texts]
    assert sorted(names) == sorted(METHODS)
    assert above.startswith("n = 2; recorded: dotted;")
    samples = [line for line in ax.lines if line.get_label() == "_sample"]
    assert len({line.get_color() for line in samples}) == 8


@pytest.mark.parametrize("times", [1, 2])
def test_however_many_curves_there_are_their_names_stay_on_the_picture_apart_from_each_other(times):
    live = [run(f"{name} {i}", -1.0 - i, -2.0) for i in range(times) for name in METHODS]
    fig = drawn(live, [run(name, -5.0, -2.0) for name in METHODS])
    boxes = [t.get_window_extent(fig.canvas.get_renderer()) for t in fig.axes[0].texts[1:]]
    assert len(boxes) == 8 + 8 * times
    assert all(b.x1 <= fig.bbox.x1 and fig.bbox.y0 <= b.y0 and b.y1 <= fig.bbox.y1 for b in boxes)
    middles = sorted((b.y0 + b.y1) / 2 for b in boxes)
    assert min(np.diff(middles)) >= 0.7 * min(b.height for b in boxes)


def test_a_run_has_the_colour_of_its_recording_and_dots_are_left_to_recordings():
    recorded = [run(name, -1.0, -2.0) for name in METHODS]
    kept = recorded_looks(recorded)
    for one in recorded:
        look = look_of(one, [], kept)
        assert look["color"] == kept[one.label]["color"]
        assert look["linestyle"] != plots.DOTS


def test_a_retuned_run_is_marked_where_it_was_retuned():
    ax = drawn([run("PPO → tau=0.1", -1.0, -2.0, marks=[(11, "tau=0.1")])]).axes[0]
    (mark,) = [line for line in ax.lines if line.get_label() == "_retuned"]
    assert mark.get_xdata()[0] == 10
    assert "τ=0.1" in [text.get_text() for text in ax.texts]


def test_neither_band_nor_title_leaves_what_a_return_can_be():
    wide = run("PPO", -10.0, -300.0)
    wide.returns = np.array([[-1.0, -1.0], [-400.0, -2.0], [-1.0, -700.0]])
    wide.steps = np.array([0, 10])
    ax = drawn([wide], bounds=(None, 0.0)).axes[0]
    (band,) = ax.collections
    assert band.get_paths()[0].vertices[:, 1].max() == 0.0
    assert finding([wide], bounds=(None, 0.0)).endswith(", 0]")
    assert not finding([wide]).endswith(", 0]")


def test_worlds_say_which_returns_can_be_and_other_environments_are_not_asked():
    assert return_bounds("Pendulum-v1") == (None, 0.0)
    assert return_bounds("CartPole-v1") == (0.0, 500.0)
    assert return_bounds("rlcourse/DoubleIntegrator-v0") == (None, 0.0)
    assert return_bounds("MountainCar-v0") == return_bounds("no such thing") == (None, None)
