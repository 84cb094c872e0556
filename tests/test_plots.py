"""The style: colours that mean one thing, curves that show every seed, pictures that are read back."""

import io
import math
import re
import time

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from rlcourse import plots


def test_a_colour_means_one_algorithm_and_is_doubled_by_its_line():
    assert plots.style("truth")["color"] == plots.BLACK
    assert plots.style("TD3 policy_delay=1")["color"] == plots.style("TD3")["color"] == plots.BLUE
    looks = [plots.style(name) for name in ("truth", "DDPG", "TRPO", "PPO")]
    assert len({look["color"] for look in looks}) == len({str(look["linestyle"]) for look in looks}) == 4


def test_runs_of_one_algorithm_share_its_colour_and_no_two_look_alike():
    looks = plots.styles(["TD3", "TD3 policy_delay=1", "DDPG", "TD3 tau=0.1", "mine", "yours"])
    assert looks[0]["color"] == looks[1]["color"] == looks[3]["color"]
    assert len({(look["color"], str(look["linestyle"])) for look in looks}) == 6


def test_a_comma_after_the_name_does_not_hide_whose_run_it_is():
    plain, variant = plots.styles(["TD3", "TD3, d = 1"])
    assert plain["color"] == variant["color"] == plots.BLUE
    assert plain["linestyle"] != variant["linestyle"]


def test_a_learning_curve_draws_every_seed_and_its_interval_and_states_n():
    ax = plots.axes(plots.figure())
    returns = np.random.default_rng(0).normal(size=(4, 6))
    found = plots.learning_curve(ax, np.arange(6), returns, "TD3")
    assert len(ax.lines) == 5  # four seeds and their mean
    assert np.allclose(ax.lines[-1].get_ydata(), returns.mean(0))
    assert ax.lines[-1].get_label() == "TD3, n = 4"
    assert len(ax.collections) == 1
    assert found.method.startswith("mean, 95 % t-interval")


def test_ten_seeds_are_summed_up_by_their_iqm_and_one_seed_has_no_band():
    returns = np.random.default_rng(0).normal(size=(10, 3))
    assert plots.learning_curve(plots.axes(plots.figure()), range(3), returns, "PPO").method.startswith("IQM")
    ax = plots.axes(plots.figure())
    plots.learning_curve(ax, range(3), returns[:1], "PPO")
    assert len(ax.lines) == 1
    assert not ax.collections
    assert plots.curve_note(1) == "one seed: no interval"


def test_a_curve_of_the_wrong_shape_is_refused_in_one_line():
    with pytest.raises(ValueError, match=r"returns \(2, 4\) do not fit steps \(3,\)"):
        plots.learning_curve(plots.axes(plots.figure()), range(3), np.zeros((2, 4)), "TD3")
    with pytest.raises(ValueError, match="seed index 1"):
        plots.learning_curve(plots.axes(plots.figure()), range(2), [[0, 0], [0, math.nan]], "TD3")


def test_labels_at_the_lines_do_not_touch_and_stay_on_the_page():
    ax = plots.axes(plots.figure())
    for name in ("DDPG", "TD3", "TRPO", "PPO"):
        ax.plot([0, 1], [0.0, 1.0], label=name)
    plots.label_lines(ax, gap=0.08)
    places = sorted(text.get_position()[1] for text in ax.texts)
    assert min(np.diff(places)) >= 0.08 - 1e-9
    assert places[-1] <= 1.0


def test_axes_are_reused_clean_for_the_same_layout_and_made_anew_for_another():
    fig = plots.figure()
    first = plots.axes(fig)
    first.plot([0, 1], [0, 5], label="a")
    first.legend()
    again = plots.axes(fig)
    assert again is first
    assert not again.lines
    assert again.get_legend() is None
    again.plot([0, 1], [0, 50])
    fig.canvas.draw()
    assert again.get_ylim()[1] > 40  # autoscaled anew
    assert len(plots.axes(fig, 1, 2)) == len(fig.axes) == 2


def test_a_legend_is_kept_while_its_entries_look_the_same_and_only_then():
    def redrawn(fig, *labels, **options):
        ax = plots.axes(fig)
        for label in labels:
            ax.plot([0, 1], [0, 1], label=label)
        if labels:
            plots.legend(ax, **options)
        return ax.get_legend()

    fig = plots.figure()
    first = redrawn(fig, "a", "b")
    assert redrawn(fig, "a", "b") is first
    assert first.get_visible()
    renamed = redrawn(fig, "a", "c")
    assert [text.get_text() for text in renamed.get_texts()] == ["a", "c"]
    assert len(redrawn(fig, "a", loc="lower left").get_texts()) == 1
    ax = plots.axes(fig)
    ax.fill_between([0, 1], [0, 1], color=plots.GREEN, label="area")  # no line: no marker
    plots.legend(ax)
    green = ax.get_legend()
    ax = plots.axes(fig)
    ax.fill_between([0, 1], [0, 1], color=plots.BLUE, label="area")
    plots.legend(ax)
    assert ax.get_legend() is not green, "the same label, another colour"
    assert not redrawn(fig).get_visible()  # a redraw without a legend shows none


def test_round_limits_hold_all_values_and_are_the_narrowest_of_at_most_six_steps():
    rng = np.random.default_rng(0)
    for _ in range(200):
        low, high = np.sort(rng.normal(size=2) * 10.0 ** rng.integers(-3, 4))
        bottom, top = plots.round_limits([low, np.nan], high)
        assert bottom <= low < high <= top
        candidates = []
        for step in (m * 10.0**k for m in (1, 2, 5) for k in range(-8, 8)):
            limits = step * np.floor(low / step), step * np.ceil(high / step)
            if round((limits[1] - limits[0]) / step) <= 6:
                candidates.append(limits[1] - limits[0])
        assert top - bottom <= min(candidates) * (1 + 1e-9)
    with pytest.raises(ValueError, match="no finite value"):
        plots.round_limits([np.nan])


def test_remembered_text_is_the_text_that_agg_sets():
    """Agg rounds where glyphs overlap, a stamp once more: five levels of 255 at most."""

    def pixels(canvas):
        with matplotlib.rc_context(plots.STYLE):
            fig = Figure(figsize=(4, 3), dpi=100)
            canvas(fig)
            ax = fig.subplots()
            ax.plot([0, 1], [0, 1])
            ax.set(xlabel="share of the way", ylabel="π(move | 0)", title="No gain promised", xlim=(-1, 1.1))
            ax.text(0.3, 0.5, r"$\eta \leq \frac{1}{2}$", rotation=30, color=plots.GREEN)
            ax.text(0.7, 0.2, "faint", alpha=0.3)
            fig.canvas.draw()
            fig.canvas.draw()  # from memory
            return np.asarray(fig.canvas.buffer_rgba()).astype(int)

    plain, remembered = pixels(FigureCanvasAgg), pixels(plots._Canvas)
    assert np.abs(plain - remembered).max() <= 5
    assert (plain < 100).any(), "an empty page would be equal too"


def test_the_fast_png_holds_the_pixels_of_the_canvas():
    fig = plots.figure(2, 1)
    plots.axes(fig).plot([0, 1], [0, 1])
    image = np.asarray(Image.open(io.BytesIO(plots.to_png(fig))))
    assert np.array_equal(image, np.asarray(fig.canvas.buffer_rgba())[..., :3])


def test_a_picture_with_kept_frames_is_the_picture_drawn_anew():
    def content(fig, k, wide=False):
        one, two = plots.axes(fig, 1, 2)
        one.plot([0, 1, 2], [0, k, 1], label=f"k = {k}")
        one.legend()
        one.set(xlim=(0, 2), ylim=(0, 9), xlabel="x (m)", title=f"k is {k}")
        two.fill_between([0, 1], [0, 0], [1, 1 + k])  # its limits are found anew each time
        two.set_ylabel("wide" if wide else "narrow")

    def settled(*frames):
        fig = plots.figure(layout=None)
        for frame in frames:
            content(fig, *frame)
            png = plots.to_png(fig)
        return png

    assert settled((1,), (4,), (4, True), (5, True)) == settled((5, True))
    assert settled((1,), (5,)) == settled((5,)) != settled((1,))


def test_keeping_the_frames_makes_pictures_faster():
    def seconds(forget):
        fig, times = plots.figure(layout=None), []
        for k in range(12):
            ax = plots.axes(fig)
            ax.plot([0, 1], [0, k])
            ax.set(xlim=(0, 1), ylim=(0, 20), xlabel="x", ylabel="y", title=f"{k}")
            if forget:
                fig._rlcourse_background = None
            start = time.perf_counter()
            plots.draw(fig)
            times.append(time.perf_counter() - start)
        return min(times)

    assert seconds(forget=False) < 0.6 * seconds(forget=True)


def test_a_saved_figure_carries_its_title_and_its_command(tmp_path):
    fig = plots.figure(2, 1)
    path = plots.save_png(fig, tmp_path / "new" / "figure.png", "A finding", "python -m course")
    assert Image.open(path).text["Title"] == "A finding"
    assert Image.open(path).text["Source"] == "python -m course"


@pytest.mark.parametrize("theta, tip", [(0, (0, 1)), (math.pi / 2, (-1, 0)), (math.pi, (0, -1))])
def test_the_pendulum_points_where_gymnasium_has_it(theta, tip):
    ax = plots.axes(plots.figure())
    plots.pendulum(ax, theta, torque=1.0)
    rod = ax.lines[0]
    assert (rod.get_xdata()[1], rod.get_ydata()[1]) == (pytest.approx(tip[0]), pytest.approx(tip[1]))
    svg = plots.pendulum_svg(theta, 1.0)
    cx, cy = map(float, re.search(r'cx="(\S+)" cy="(\S+)"', svg).groups())
    # The page's y points down.
    assert (cx, -cy) == (pytest.approx(tip[0], abs=1e-4), pytest.approx(tip[1], abs=1e-4))
    assert "torque +1.00 newton metres" in svg


def test_a_picture_shows_its_numbers_and_its_alternative_text():
    def draw(fig, x=2.0):
        plots.axes(fig).set_title("Squares grow")
        return {"square": x * x}

    picture = plots.picture(draw, x=3.0)
    bundle, metadata = picture._repr_mimebundle_()
    assert picture.numbers == {"square": 9.0}
    assert bundle["text/plain"] == "Squares grow\nsquare = 9"
    assert metadata["image/png"]["alt"] == "Squares grow"


def test_numbers_are_shown_with_four_digits():
    assert [plots.shown(x) for x in (3.0, -0.12345, 1e-9, math.nan, True, "text")] == [
        "3",
        "−0.1235",
        "1e−09",
        "nan",
        "yes",
        "text",
    ]
