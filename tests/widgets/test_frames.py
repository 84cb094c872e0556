"""Panels of a page without a kernel: at each position the page has what the drawing function makes there."""

import html
import json
import re

import numpy as np
import pytest

from rlcourse import plots
from rlcourse.widgets import Choice, Slider, Switch, explore, frames, live, predict
from rlcourse.widgets.recording import record

SMALL = 2.0, 1.5


def draw(fig, slope=1.0, kind="line", squared=False):
    ax = plots.axes(fig)
    x = np.linspace(0, 1, 20)
    ax.plot(x, slope * x ** (2 if squared else 1))
    ax.set_title(f"slope {slope:.2f}")
    return {"end": slope, "kind": kind, "area": slope / (3 if squared else 2)}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(frames.SITE, str(tmp_path))
    monkeypatch.setattr(frames, "MOST", 11)  # of what a page has, so that the tests take seconds
    monkeypatch.setattr(frames, "MOMENTS", 5)
    return tmp_path


def data_of(text):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', text, re.S)[1])


def values_of(text):
    return [json.loads(html.unescape(found)) for found in re.findall(r'data-values="(.*?)"', text)]


def numbers_of(table):
    found = re.findall(r'data-number="(.*?)" data-value="(.*?)"', table)
    return {html.unescape(name): html.unescape(value) for name, value in found}


def test_every_position_of_one_control_has_the_numbers_that_draw_returns_there(folder):
    lab = explore(
        draw, slope=Slider("m", "slope", "", 0.0, 2.0, 0.01), kind=Choice("", "kind", ["line", "dots"])
    )
    text = frames.lab_html(lab)
    data, (slopes, kinds) = data_of(text), values_of(text)
    assert not data["every"] and len(data["frames"]) == len(slopes) + len(kinds) - 1
    assert slopes[0] == 0.0 and slopes[-1] == 2.0 and slopes[data["start"][0]] == 1.0
    for position, (source, table, words) in data["frames"].items():
        slope, kind = (here[int(k)] for here, k in zip((slopes, kinds), position.split(","), strict=True))
        assert numbers_of(table) == {"end": str(slope), "kind": kind, "area": str(slope / 2)}
        assert words == f"slope {slope:.2f}"
        assert (folder / source.removeprefix(frames.ADDRESS)).stat().st_size > 500
    assert lab.values == {"slope": 1.0, "kind": "line"}


def test_a_lab_of_few_positions_has_a_picture_of_each(folder):
    lab = explore(
        draw, size=SMALL, slope=Slider("m", "slope", "", 0.0, 2.0, 0.5), squared=Switch("", "squared")
    )
    data = data_of(frames.lab_html(lab))
    assert data["every"] and len(data["frames"]) == 5 * 2
    areas = {key: float(numbers_of(frame[1])["area"]) for key, frame in data["frames"].items()}
    assert areas["4,0"] == 1.0 and areas["4,1"] == pytest.approx(2 / 3)


def test_pictures_are_as_many_as_there_is_room_for_and_alike_ones_share_a_file(folder):
    controls = {"slope": Slider("m", "slope", "", 0.0, 2.0, 0.001), "squared": Switch("", "squared")}
    data = data_of(frames.lab_html(explore(draw, size=SMALL, **controls)))
    assert len(data["frames"]) <= frames.MOST + 2
    flat = explore(
        lambda fig, a: plots.axes(fig).plot([0, 1]) and {}, size=SMALL, a=Slider("a", "a", value=0.5)
    )
    assert len({frame[0] for frame in data_of(frames.lab_html(flat))["frames"].values()}) == 1


@pytest.mark.parametrize("start", [0.0, 0.3, 0.333, 1.0, 0.999])
def test_a_slider_has_both_ends_and_its_start_exactly(start):
    values = frames.places(Slider("a", "a", "", 0.0, 1.0, 0.001), start, 15)
    assert start in values and values == sorted(values) and len(values) <= 16
    assert values[0] == 0.0 and values[-1] == 1.0


def test_a_slider_over_a_logarithm_keeps_its_start(folder):
    values = frames.places(Slider("α", "rate", "", 1e-4, 1e-1, log=True), 3e-4, 20)
    assert 3e-4 in values and values[0] == 1e-4 and values[-1] == 1e-1


def test_prepared_settings_can_be_gone_to_by_name(folder):
    lab = explore(
        draw,
        size=SMALL,
        settings={"flat": {"slope": 0.013}},
        slope=Slider("m", "slope", "m", 0.0, 2.0, 0.001),
    )
    data = data_of(frames.lab_html(lab))
    assert numbers_of(data["frames"]["=flat"][1])["end"] == "0.013"
    assert data["prepared"] == [{"name": "flat", "at": [0], "words": ["0.013 m"]}]


def test_where_draw_raises_the_page_says_so_and_the_others_stand(folder):
    def fragile(fig, a=0.5):
        plots.axes(fig).plot([0, 1 / (1 - a)])
        return {"a": a}

    data = data_of(frames.lab_html(explore(fragile, size=SMALL, a=Slider("a", "a", "", 0.0, 1.0, 0.25))))
    assert "ZeroDivisionError" in data["frames"]["4"][1] and data["frames"]["4"][0] == ""
    assert numbers_of(data["frames"]["3"][1]) == {"a": "0.75"}


def test_controls_have_a_label_and_wait_for_the_script(folder):
    text = frames.lab_html(
        explore(
            draw, size=SMALL, slope=Slider("m", "slope", "", 0.0, 2.0, 0.01), squared=Switch("", "squared")
        )
    )
    fields = re.findall(r'<(?:input|select)[^>]* id="(.*?)"', text)
    assert len(fields) == len(set(fields)) == 2
    assert all(f'<label for="{field}">' in text for field in fields)
    assert all("disabled" in tag for tag in re.findall(r"<(?:input|select|button)[^>]*>", text))


def test_a_live_run_is_its_recording_played(folder, tmp_path):
    from rlcourse.algorithms.td3 import TD3

    def trainer(algorithm, env, steps, seeds, **options):
        curve = type("Curve", (), {"steps": np.arange(100, 1001, 100)})
        curve.returns = np.linspace(-10, 0, 10) + np.zeros((seeds, 1))
        return type("Run", (), {"curve": curve})

    path = record(TD3(), "Pendulum-v1", tmp_path / "r.json", 1000, 3, trainer=trainer)
    text = frames.recording_html(live(TD3(), "Pendulum-v1", 1000, 3, recorded=path, title="TD3, live"))
    data, (steps,) = data_of(text), values_of(text)
    assert steps[0] == 100 and steps[-1] == 1000 and "Play" in text and "TD3, live" in text
    for key, (_, table, words) in data["frames"].items():
        seen = int(steps[int(key)] // 100)
        (value,) = numbers_of(table).values()
        assert float(value) == pytest.approx(np.linspace(-10, 0, 10)[seen - 1], abs=1e-3)
        assert f"until step {steps[int(key)]}" in words


def test_a_page_of_the_site_gets_plain_html_and_no_widget(folder, monkeypatch):
    import IPython
    import IPython.display as shown

    out = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(shown, "display", lambda bundle, **_: out.append(bundle))
    explore(draw, size=SMALL, slope=Slider("m", "slope", "", 0.0, 2.0, 0.5))._ipython_display_()
    predict("Which?", ["this", "that"], answer="this", why="So it is.")._ipython_display_()
    assert [set(bundle) for bundle in out] == [{"text/plain", "text/html"}] * 2
    assert 'type="range"' in out[0]["text/html"] and "<details>" in out[1]["text/html"]
