"""The style: a colour means one thing on every page, and an algorithm brings its own."""

import ast
import subprocess
import sys
from colorsys import rgb_to_hsv

import pytest
from matplotlib.colors import to_rgb

from rlcourse import algorithms, notebooks, plots


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


def test_an_algorithms_look_is_read_from_its_record_and_differs_from_the_others():
    looks = [plots.style(algorithm.__name__) for algorithm in algorithms.discover().values()]
    assert len({look["color"] for look in looks}) == len({str(look["linestyle"]) for look in looks})
    assert len(looks) >= 4
    assert plots.style("PPO") == {"color": plots.VERMILION, "linestyle": plots.LONG}
    assert plots.style("ppo") == plots.style("mine"), "a file's name is no algorithm's"


def dashes_without_a_width(text):
    """Lines of shapes that take their dashes from the style's cycle and have no width to scale them by."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    found = []
    for call in calls:
        given = {word.arg: word.value for word in call.keywords}
        width = getattr(given.get("linewidth", given.get("lw")), "value", None)
        if getattr(call.func, "attr", "") == "fill" and width == 0 and not {"linestyle", "ls"} & set(given):
            found.append(call.lineno)
    return found


def test_a_filled_shape_without_an_edge_has_no_dashes_which_matplotlib_3_10_would_refuse():
    """`Axes.fill` alone takes dashes from the cycle; Matplotlib 3.10, which Colab has, refuses width 0."""
    edge = "linewidth=0, linestyle='-'"
    assert dashes_without_a_width(f"ax.fill(x, y, linewidth=0)\nax.fill(x, y, {edge})") == [1]
    files = [*(notebooks.ROOT / "rlcourse").rglob("*.py"), *notebooks.SOURCES.rglob("*.py")]
    assert len(files) > 100
    found = {path.name: dashes_without_a_width(path.read_text(encoding="utf-8")) for path in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_a_page_that_draws_no_algorithm_loads_no_torch_and_no_gymnasium():
    code = (
        "import sys\nfrom rlcourse import plots\n"
        "plots.styles(['truth', 'mine', 'π', '0.5 of it', ''])\n"
        "print(sorted({'torch', 'gymnasium', 'ipywidgets'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


@pytest.mark.parametrize("colour", [*plots.COLOURS.values(), (0.9, 0.7, 0.5), "white"])
def test_the_ink_of_a_colour_is_legible_on_white_and_keeps_its_hue(colour):
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(plots.ink(colour)))
    assert 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05) >= 4.45
    before, after = (rgb_to_hsv(*to_rgb(one)) for one in (colour, plots.ink(colour)))
    assert after[:2] == pytest.approx(before[:2], abs=0.02)


def test_a_colour_that_can_be_read_is_its_own_ink():
    assert plots.ink(plots.BLUE) == plots.BLUE.lower()
