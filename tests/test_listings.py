"""Sources stand on a page as they are; of two, the algorithm's difference is coloured and nothing else."""

import re

import pytest

from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.td3 import TD3
from rlcourse.equations.returns import td_target, twin_target
from rlcourse.listings import ONE, OTHER, algorithm_lines, beside, pseudocode, show_source


def plain(x):
    """Adds one.

    And says so.
    """
    # the first comment
    y = x + 1
    return y


def under_an_if(x):
    """Adds one where it is asked to."""
    if x > 0:
        # another comment
        y = x + 1
        x = "<b>"
    return y  # why


def coloured(listing, sign):
    cells = re.findall(r'<td style="[^"]*">([−+]|&nbsp;) (.*?)</td>', listing.page, re.DOTALL)
    return [line.strip() for mark, line in cells if mark == sign]


def test_only_lines_of_the_algorithm_that_differ_are_coloured():
    """Not docstrings, comments or a step to the right."""
    both = beside(plain, under_an_if)
    assert coloured(both, "−") == ["def plain(x):"]
    assert coloured(both, "+") == ["def under_an_if(x):", "if x &gt; 0:", "x = &quot;&lt;b&gt;&quot;"]
    assert "Adds one where it is asked to." in both.page


def test_nothing_is_lost_of_either_source():
    page = beside(DDPG.update, TD3.update)
    shown = [re.sub(r"^([−+]|&nbsp;) ", "", cell) for cell in re.findall(r"<td [^>]*>(.*?)</td>", page.page)]
    for function, column in ((DDPG.update, 0), (TD3.update, 1)):
        lines = [line.strip() for line, _ in algorithm_lines(function) if line.strip()]
        cells = [cell.strip() for cell in shown[column::2] if cell.strip()]
        assert [c.replace("&#x27;", "'").replace("&quot;", '"').replace("&gt;", ">").replace("&lt;", "<")
                for c in cells] == lines  # fmt: skip


def test_the_difference_of_ddpg_and_td3_is_the_three_remedies():
    page = beside(DDPG.update, TD3.update)
    only_td3 = " ".join(coloured(page, "+"))
    assert "smoothing" in only_td3 and "policy_delay" in only_td3
    assert "epsilon" not in " ".join(coloured(page, "−"))


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colours", [ONE, OTHER])
def test_coloured_lines_are_read_in_any_theme(colours):
    """Text and background are both set, and their contrast is at least 4.5 (WCAG 2.2, 1.4.3)."""
    dark, light = sorted(map(luminance, colours))
    assert (light + 0.05) / (dark + 0.05) >= 4.5
    page = beside(plain, under_an_if).page
    assert f"color:{colours[0]};background:{colours[1]}" in page


def test_a_source_is_shown_with_its_file_and_its_line():
    listing = show_source(td_target, twin_target)
    bundle = listing._repr_mimebundle_()
    assert re.search(
        r"`rlcourse/equations/returns\.py, line \d+`\n\n```python\ndef td_target\(", listing.page
    )
    assert set(bundle) == {"text/markdown", "text/plain"}
    assert "def twin_target(" in bundle["text/plain"]
    assert show_source(plain).text.startswith("# plain\ndef plain(x):")


STEPS = r"""
    draw a batch
    if $x > 0$
      $y \leftarrow x + 1$
"""


def test_pseudocode_has_numbered_lines_and_its_numbers_stand_at_the_code_that_does_them():
    box = pseudocode("A step", STEPS, under_an_if, where={2: "if x", 3: "y = x + 1"})
    assert box.text.splitlines()[:4] == [
        "A step", " 1  draw a batch", " 2  if $x > 0$", r" 3    $y \leftarrow x + 1$",
    ]  # fmt: skip
    assert "    2      if x > 0:" in box.text
    assert "where it is asked to" not in box.text and "# another comment" in box.text
    assert "    3          y = x + 1" in box.text
    assert r"$y \leftarrow x + 1$</td>" in box.page
    assert "A step" in pseudocode("A step", STEPS).page


def test_pseudocode_notices_a_source_that_changed():
    with pytest.raises(ValueError, match="step 2, `if y`"):
        pseudocode("A step", STEPS, under_an_if, where={2: "if y"})
    with pytest.raises(ValueError, match="step 9"):
        pseudocode("A step", STEPS, under_an_if, where={9: "if x"})
