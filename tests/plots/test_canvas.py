"""What a figure remembers from one redraw to the next: it changes the time, and no pixel."""

import io
import time

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from scipy.interpolate import RegularGridInterpolator

from rlcourse import plots
from rlcourse.plots import canvas


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


def test_remembered_text_is_the_text_that_agg_sets():
    """Agg rounds where glyphs overlap, a stamp once more: five levels of 255 at most."""

    def pixels(make):
        with matplotlib.rc_context(plots.STYLE):
            fig = Figure(figsize=(4, 3), dpi=100)
            make(fig)
            ax = fig.subplots()
            ax.plot([0, 1], [0, 1])
            ax.set(xlabel="share of the way", ylabel="π(move | 0)", title="No gain promised", xlim=(-1, 1.1))
            ax.text(0.3, 0.5, r"$\eta \leq \frac{1}{2}$", rotation=30, color=plots.GREEN)
            ax.text(0.7, 0.2, "faint", alpha=0.3)
            fig.canvas.draw()
            fig.canvas.draw()  # from memory
            return np.asarray(fig.canvas.buffer_rgba()).astype(int)

    plain, remembered = pixels(FigureCanvasAgg), pixels(canvas._Canvas)
    # Matplotlib 3.11 places text within a pixel. 3.10 rounds to whole ones, a half to the even one, so what
    # is remembered may stand one pixel aside.
    reach = range(-1, 2) if not hasattr(Text, "get_fontfeatures") else [0]
    for one, other in ((plain, remembered), (remembered, plain)):
        moved = [np.roll(other, (down, right), axis=(0, 1)) for down in reach for right in reach]
        assert np.min([np.abs(one - there).max(-1) for there in moved], axis=0).max() <= 5
    assert (plain < 100).any(), "an empty page would be equal too"


def test_an_older_matplotlib_whose_texts_have_no_font_features_draws_the_same(monkeypatch):
    def drawn():
        fig = plots.figure(layout=None)
        plots.axes(fig).set_title("σ = 1")
        return plots.to_png(fig)

    new = drawn()
    for name in ("get_fontfeatures", "get_language"):  # of 3.11; Colab has 3.10
        monkeypatch.delattr(matplotlib.text.Text, name, raising=False)
    assert drawn() == new


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
                canvas.kept(fig).backgrounds.clear()
            start = time.perf_counter()
            plots.draw(fig)
            times.append(time.perf_counter() - start)
        return min(times)

    assert seconds(forget=False) < 0.6 * seconds(forget=True)


def test_a_picture_of_twice_the_pixels_is_the_same_picture_and_the_next_one_of_the_usual_size_too():
    fig = plots.figure(2, 1, layout=None)
    plots.axes(fig).plot([0, 1], [0, 1])
    usual = plots.to_png(fig)
    sharp = Image.open(io.BytesIO(plots.to_png(fig, 2)))
    assert sharp.size == (400, 200)
    small = np.asarray(sharp.resize((200, 100), Image.Resampling.BOX)).astype(int)
    assert np.abs(small - np.asarray(Image.open(io.BytesIO(usual))).astype(int)).mean() < 12
    assert plots.to_png(fig) == usual
    kept = canvas.kept(fig).backgrounds
    assert set(kept) == {100, 200}, "each keeps its frames"


def test_shade_is_the_bilinear_surface_in_bands_whatever_the_size_of_its_pixels():
    values = np.random.default_rng(0).normal(size=(5, 7))
    fig = plots.figure(4, 3, layout=None)
    ax = plots.axes(fig)
    ax.set_axis_off()
    ax.set_position((0, 0, 1, 1))
    plots.shade(ax, values, darkest=1.0, bands=9)
    for scale in (1, 2):
        seen = np.asarray(Image.open(io.BytesIO(plots.to_png(fig, scale))).convert("RGB"))[::-1]  # from below
        height, width = seen.shape[:2]
        surface = RegularGridInterpolator((np.linspace(0, 1, 5), np.linspace(0, 1, 7)), values)
        y, x = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
        level = surface(np.stack(np.meshgrid(y, x, indexing="ij"), -1))
        share = (level - values.min()) / np.ptp(values)
        band = np.minimum(9 * share, 8)
        colours = matplotlib.colormaps["Greys"](np.linspace(0, 1, 9), bytes=True)[:, :3]
        sure = np.abs(band - np.rint(band)) > 1e-3  # not on the border of two bands
        assert sure.mean() > 0.95
        np.testing.assert_array_equal(seen[sure], colours[band.astype(int)][sure])


def test_shade_takes_one_value_everywhere():
    ax = plots.axes(fig := plots.figure(4, 3))
    plots.shade(ax, np.ones((2, 2)))
    assert plots.to_png(fig)[1:4] == b"PNG"


def test_shade_costs_a_lab_less_than_half_of_pcolormesh():
    values = np.random.default_rng(0).normal(size=(25, 25))
    fig = plots.figure(4, 4)
    ax = plots.axes(fig)
    plots.to_png(fig)

    def seconds(add):
        def once():
            began = time.process_time()
            add()
            (artist,) = [*ax.images, *ax.collections]
            ax.draw_artist(artist)
            artist.remove()
            return time.process_time() - began

        once()
        return float(np.median([once() for _ in range(15)]))

    assert seconds(lambda: plots.shade(ax, values)) < 0.5 * seconds(lambda: ax.pcolormesh(values))


def test_in_style_is_the_style_with_and_without_use():
    with matplotlib.rc_context():
        matplotlib.rcParams["font.size"] = 3
        with plots.in_style():
            assert matplotlib.rcParams["font.size"] == plots.STYLE["font.size"]
        assert matplotlib.rcParams["font.size"] == 3
        plots.use()
        with plots.in_style():
            assert matplotlib.rcParams["font.size"] == plots.STYLE["font.size"]


def test_a_dot_on_the_edge_of_its_frame_is_drawn_whole_and_one_outside_is_not_drawn():
    def orange(x):
        fig = plots.figure(3, 2, layout=None)
        ax = plots.axes(fig)
        ax.plot(x, 0.5, "o", color="#e69f00", markersize=20)
        ax.set(xlim=(0, 1), ylim=(0, 1))
        pixels = np.asarray(Image.open(io.BytesIO(plots.to_png(fig))).convert("RGB")).astype(int)
        return int((abs(pixels - [0xE6, 0x9F, 0x00]).sum(axis=-1) < 40).sum())

    whole = orange(0.5)
    assert orange(0.0) >= 0.95 * whole and orange(1.0) >= 0.95 * whole
    assert orange(1.2) == 0


@pytest.mark.parametrize("kind", ["errorbar", "bar", "stem"])
def test_a_legend_names_bars_and_error_bars_once_however_often_they_are_drawn(kind):
    fig = plots.figure(4, 3)
    for _ in range(3):
        ax = plots.axes(fig)
        draw = getattr(ax, kind)
        draw([0, 1], [1, 2], **({"yerr": 0.1} if kind == "errorbar" else {}), label="estimates")
        plots.legend(ax)
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["estimates"]
