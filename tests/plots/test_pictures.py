"""Pictures carry their words, their numbers and where they came from."""

import io
import math

from PIL import Image

from rlcourse import plots


def test_a_saved_figure_carries_its_title_and_its_command(tmp_path):
    fig = plots.figure(2, 1)
    path = plots.save_png(fig, tmp_path / "new" / "figure.png", "A finding", "python -m course")
    assert Image.open(path).text["Title"] == "A finding"
    assert Image.open(path).text["Source"] == "python -m course"


def test_a_picture_shows_its_numbers_and_its_alternative_text():
    def draw(fig, x=2.0):
        plots.axes(fig).set_title("Squares grow")
        return {"square": x * x}

    picture = plots.picture(draw, x=3.0)
    bundle, metadata = picture._repr_mimebundle_()
    assert picture.numbers == {"square": 9.0}
    assert bundle["text/plain"] == "Squares grow\nsquare = 9"
    assert metadata["image/png"]["alt"] == "Squares grow"


def test_a_still_has_twice_the_pixels_of_its_place_and_its_figure_keeps_its_own():
    fig = plots.figure(3, 2)
    plots.axes(fig).plot([0, 1], [0, 1])
    still = plots.show(fig)
    assert Image.open(io.BytesIO(still.png)).size == (600, 400)
    _, metadata = still._repr_mimebundle_()
    assert (metadata["image/png"]["width"], metadata["image/png"]["height"]) == (300, 200)
    assert Image.open(io.BytesIO(plots.to_png(fig))).size == (300, 200)


def test_numbers_are_shown_with_four_digits():
    assert [plots.shown(x) for x in (3.0, -0.12345, 1e-9, math.nan, True, "text")] == [
        "3",
        "−0.1235",
        "1e−09",
        "nan",
        "yes",
        "text",
    ]
