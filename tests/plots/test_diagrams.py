"""A diagram of an MDP shows every transition, what it pays, where it starts and where it ends."""

import numpy as np
import pytest
from matplotlib.patches import Circle, FancyArrowPatch

from rlcourse import plots
from rlcourse.equations import markov
from rlcourse.plots import diagrams


def drawn(process, policy=None, **options):
    """(texts, arrows, circles) of a diagram."""
    ax = plots.axes(plots.figure())
    plots.mdp(process, policy, ax=ax, **options)
    patches = {kind: [p for p in ax.patches if isinstance(p, kind)] for kind in (FancyArrowPatch, Circle)}
    return [text.get_text() for text in ax.texts], patches[FancyArrowPatch], patches[Circle]


def test_every_transition_is_an_arrow_and_says_its_action_reward_and_probability():
    texts, arrows, circles = drawn(markov.two_state(), actions=["stay", "move"])
    assert len(arrows) == 8 + 1  # two actions, two ends, two states; the start
    assert len(circles) == 2
    assert sorted(t for t in texts if ":" in t) == [
        "move: +0.3\nP = 0.9", "move: −0.2\nP = 0.9", "stay: +1\nP = 0.9", "stay: 0\nP = 0.9",
    ]  # fmt: skip


def test_of_few_states_every_end_of_an_action_says_how_probable_it_is():
    texts, arrows, _ = drawn(markov.tightrope_with_ladder(5), states=["rope", "ground"])
    assert "P = 0.25" in texts and "1: −1" in texts and "0: −1\nP = 0.75" in texts
    assert all(texts.count(text) == 1 for text in ("P = 0.25", "0: −1\nP = 0.75"))
    many = [a.text for a in diagrams.arrows(markov.MDP.random(8, 2, 0), None, "ab")]
    assert many.count("") == len(many) - 16  # of more states only the most probable ones


def test_a_line_is_as_thick_as_the_policy_makes_its_transition_probable():
    policy = np.array([[0.75, 0.25], [1.0, 0.0]])
    found = diagrams.arrows(markov.two_state(), policy, ["stay", "move"])
    weights = {(a.start, a.action, a.end): a.weight for a in found}
    process = markov.two_state()
    for (s, a, e), weight in weights.items():
        assert weight == pytest.approx(policy[s, a] * process.transition[s, a, e], abs=1e-15)
    assert len(weights) == 8
    widths = [arrow.get_linewidth() for arrow in drawn(process, policy)[1]]
    assert max(widths) > 2 * min(widths)
    assert any("π = 0.25" in text for text in drawn(process, policy)[0])


def test_actions_that_do_and_pay_the_same_share_an_arrow():
    found = diagrams.arrows(markov.aliased_grid_world(), None, "NESW")
    assert [a.text for a in found if a.start == a.end == 1] == ["N, S: 0"]


def test_an_absorbing_state_has_a_double_ring_and_says_what_it_pays_only_if_it_does():
    texts, arrows, circles = drawn(markov.two_action(), states=["live", "end"], actions=["go", "stop"])
    assert len(circles) == 3
    assert len(arrows) == 2 + 1
    texts, _, circles = drawn(markov.tightrope(4))
    assert len(circles) == 5 + 1
    assert "any: −1" in texts


def test_starts_are_marked_with_their_probability():
    assert [t for t in drawn(markov.two_state())[0] if "start" in t] == ["start"]
    assert [t for t in drawn(markov.aliased_grid_world())[0] if "start" in t] == ["start\n0.2"] * 5


def test_a_picture_tells_the_process_in_words():
    picture = plots.mdp(markov.two_state(), actions=["stay", "move"], title="Two states")
    assert "1, move: pays 0.3, leads to 0 (0.9), 1 (0.1)." in picture.alt
    assert picture.png.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "process",
    [
        markov.two_state(), markov.two_action(), markov.chain(), markov.chain(slip=0), markov.tightrope(7),
        markov.aliased_grid_world(), markov.MDP.random(3, 3, 0), markov.MDP.random(8, 2, 0, branching=2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("layout", ["chain", "circle"])
def test_nothing_that_is_written_leaves_the_picture(process, layout):
    policy = np.full((process.states, process.actions), 1 / process.actions)
    figure = plots.mdp(process, policy, layout=layout).figure
    (ax,) = figure.axes
    page = figure.bbox
    for text in ax.texts:
        box = text.get_window_extent(figure.canvas.get_renderer())
        if text.get_text():
            assert box.x0 >= page.x0 and box.x1 <= page.x1 and box.y0 >= page.y0 and box.y1 <= page.y1


def test_circles_do_not_touch():
    for count in range(2, 13):
        for layout in ("chain", "circle"):
            places = diagrams.positions(layout, count)
            apart = np.hypot(*(places[:, None] - places[None]).T) + 9 * np.eye(count)
            assert apart.min() > 4 * diagrams.RADIUS


@pytest.mark.parametrize(
    "options, complaint",
    [
        ({"states": ["a"]}, "1 names for 2 states"),
        ({"actions": "abc"}, "3 names for 2 actions"),
        ({"policy": np.ones((2, 3))}, r"policy has shape \(2, 3\)"),
        ({"layout": "star"}, "layout is 'star'"),
        ({"layout": [[0, 0]]}, r"layout has shape \(1, 2\)"),
    ],
)
def test_names_policy_and_layout_must_fit(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        plots.mdp(markov.two_state(), **options)


def test_more_states_than_can_be_read_are_refused():
    with pytest.raises(ValueError, match="48 states cannot be read"):
        plots.mdp(markov.cliff())
