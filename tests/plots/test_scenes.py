"""Worlds are drawn where their equations of motion have them, on a figure and as SVG alike."""

import math
import re
import time
import xml.etree.ElementTree

import numpy as np
import pytest

from rlcourse import plots
from rlcourse.parts.shapes import ROLES, Box, Disc, Line, Ring, Scene, Text, Turn
from rlcourse.plots import scenes


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


SHAPES = [
    Line("ground", -1, 0, 1, 0), Disc("load", 0.5, 0.25, 0.1), Ring("reach", 0, 0, 1),
    Box("body", 0, 0.5, 0.4, 0.2), Turn("force", 0, 0, 0.5, -1.0), Text("force", 0, -0.9, "a < b"),
]  # fmt: skip


def test_every_shape_stands_at_the_same_place_on_a_figure_and_in_svg():
    scene = Scene(SHAPES, (-2, 2, -1, 1), "a & b")
    ax = plots.axes(plots.figure())
    plots.draw_scene(ax, scene)
    assert (ax.get_xlim(), ax.get_ylim(), list(ax.get_xticks())) == ((-2, 2), (-1, 1), [])
    assert [len(ax.lines), len(ax.patches), len(ax.texts)] == [1, 4, 1]
    svg = xml.etree.ElementTree.fromstring(plots.scene_svg(scene, 100, 50))
    assert svg.attrib["viewBox"] == "-2 -1 4 2" and svg.attrib["aria-label"] == "a & b"
    line, disc, ring, box, arc, head, text = svg
    assert float(line.get("x1")) == ax.lines[0].get_xdata()[0] == -1
    assert (float(disc.get("cx")), -float(disc.get("cy"))) == ax.patches[0].center == (0.5, 0.25)
    assert ring.get("cx") is None, "SVG's own default is the origin"
    corner = float(box.get("x")), -float(box.get("y")) - float(box.get("height"))
    assert corner == pytest.approx(ax.patches[2].get_xy())
    end = arc.get("d").split()[-2:]
    assert (float(end[0]), -float(end[1])) == pytest.approx((0.5 * math.cos(1), -0.5 * math.sin(1)), abs=1e-3)
    assert arc.get("d").split()[-3] == "1", "clockwise: SVG's sweep"
    assert text.text == ax.texts[0].get_text() == "a < b"


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_a_pen_on_figures_and_in_svg(role):
    assert f'fill="{scenes.PENS[role].ink}"' in plots.scene_svg(
        Scene([Disc(role, 0, 0, 1)], (-1, 1, -1, 1), ""), 9, 9
    )


def test_a_scene_as_svg_takes_at_most_a_fifth_of_a_millisecond():
    times = []
    for angle in np.linspace(-3, 3, 50):
        start = time.perf_counter()
        plots.pendulum_svg(angle, 1.0)
        times.append(time.perf_counter() - start)
    assert min(times) <= 2e-4


def test_a_cart_has_a_scale_and_its_pole_leans_to_its_angle():
    ax = plots.axes(plots.figure())
    plots.cart(ax, 0.5, 0.1)
    assert ax.get_xlabel() == "position (m)" and len(ax.get_xticks())
    assert ax.lines[-1].get_xdata()[1] == pytest.approx(0.5 + math.sin(0.1))
    assert "cart at 0.50, pole 6 degrees" in plots.cart_svg(0.5, 0.1)
    assert "pole" not in plots.cart_svg(0.5)


def test_a_drawing_on_a_dark_page_has_no_black_on_it_and_words_in_the_pages_own_colour():
    svg = plots.pendulum_svg(1.0, 1.5)
    assert "#000000" not in svg
    assert 'stroke="currentColor"' in svg, "the rod"
    assert svg.split("<text")[1].count('fill="currentColor"') == 1
