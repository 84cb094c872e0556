"""All runs in one figure: readable however many they are, and a title that names the highest honestly."""

import numpy as np
import pytest

from rlcourse import plots
from rlcourse.widgets import LiveRun
from rlcourse.widgets.overview import draw_runs, finding, look_of
from rlcourse.widgets.panel import return_bounds


def run(label, *last, **more):
    return LiveRun(label, np.array([0, 10, 20]), np.array([[-9.0, -7.0, v] for v in last]), **more)


def drawn(runs, recorded=(), **options):
    fig = plots.figure(7.0, 3.9, layout=None)
    looks = {}
    for one in runs:
        looks[one] = look_of(one, list(looks.values()))
    draw_runs(fig, runs, recorded, 20, looks, {"policy_delay": "d", "tau": "τ"}, **options)
    fig.canvas.draw()
    return fig


def test_the_title_names_a_recording_that_is_higher_than_the_live_run():
    live, recorded = run("PPO", -1426.0, -1420.0), run("PPO", -163.0, -160.0)
    assert finding([live], [recorded]).startswith("recorded PPO leads: −16")
    assert finding([recorded], [live]).startswith("PPO leads: −16")
    assert finding([], [recorded]) == "No run yet"


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
    assert return_bounds("CartPole-v1") == (0.0, None)
    assert return_bounds("rlcourse/DoubleIntegrator-v0") == (None, 0.0)
    assert return_bounds("MountainCar-v0") == return_bounds("no such thing") == (None, None)
