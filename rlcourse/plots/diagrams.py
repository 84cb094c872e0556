"""Finite MDPs as diagrams: states are circles, actions are arrows that say what they pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.path import Path

from rlcourse.plots.canvas import axes, figure
from rlcourse.plots.looks import (
    BLACK,
    BLUE,
    DASH_DOT,
    DASHES,
    DOTS,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    ink,
)  # fmt: skip
from rlcourse.plots.pictures import Picture, shown

if TYPE_CHECKING:  # a page without trainers loads no torch
    from rlcourse.equations.markov import MDP

LOOKS = [(BLUE, "-"), (VERMILION, DASHES), (GREEN, DASH_DOT), (PURPLE, DOTS), (ORANGE, "-"), (BLACK, DASHES)]
RADIUS = 0.3  # of a state, where neighbours of a chain are 1.9 apart
MOST = 12  # states; of more nothing can be read
FEW = 3  # states; of more there is no room for a word at each arrow


@dataclass(frozen=True)
class Arrow:
    """One way out of a state: actions that lead to `end` alike."""

    start: int
    end: int
    action: int  # the first of them: gives the colour
    probability: float  # of `end`, given the action
    weight: float  # its thickness: this probability, times the policy's where there is one
    text: str = ""  # name and reward are said once a bundle, at its most probable arrow


def mdp(
    process: MDP,
    policy: np.ndarray | None = None,
    *,
    states: Sequence[str] | None = None,
    actions: Sequence[str] | None = None,
    layout: str | np.ndarray | None = None,
    title: str = "",
    size: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Picture | None:
    """An MDP of 2 to 12 states: circles are states, an arrow is an action with its name and its reward.

    A line is as thick as its transition is probable; the name stands at the most probable one, and where that
    is not certain it says its probability. Of up to three states the less probable ones say theirs, too. With
    a policy [S, A] a line is as thick as π(a|s) P(s'|s, a), and names say π(a|s). Actions that do and pay the
    same share an arrow. A short grey arrow shows where episodes start, a double ring a state that is never
    left.

    states, actions: their names (default: numbers). layout: "chain", "circle" or positions [S, 2], neighbours
    about 1.9 apart; the default is a chain up to three states. ax: axes to draw on, as in a lab; without it
    the picture is returned, with the process in words for screen readers. Raises ValueError for names,
    positions or a policy of the wrong shape, and for more states than can be read.
    """
    S, A = process.states, process.actions
    if S > MOST:
        raise ValueError(f"{S} states cannot be read in one diagram: {MOST} at most")
    states, actions = names(states, S, "states"), names(actions, A, "actions")
    if policy is not None and np.shape(policy) != (S, A):
        raise ValueError(f"policy has shape {np.shape(policy)}; this MDP asks for [S, A] = {(S, A)}")
    places = positions(layout, S)
    fig = figure() if ax is None else None
    ax = axes(fig) if ax is None else ax
    ax.set(aspect="equal", title=title)
    ax.axis("off")
    found = arrows(process, policy, actions)
    extent = [places - RADIUS, places + RADIUS]  # corners of what is drawn: low, high, low, …
    for state in range(S):
        loops = [arrow for arrow in found if arrow.start == arrow.end == state]
        room, other = free_directions(places, state, found)
        for order, arrow in enumerate(loops):
            turn = room + np.radians(80) * (order - (len(loops) - 1) / 2)
            extent += draw_loop(ax, arrow, places[state], turn)
        draw_state(ax, places[state], states[state], is_absorbing(process, state))
        if process.start[state] > 0:
            turn = room + np.radians(70 + 30 * (len(loops) > 1)) if other is None else other
            extent += draw_start(ax, places[state], turn, process.start[state])
    for arrow in found:
        if arrow.start != arrow.end:
            parallel = [a for a in found if (a.start, a.end) == (arrow.start, arrow.end)]
            parallel.sort(key=lambda a: -a.probability)
            extent += draw_arrow(ax, arrow, places, 0.16 + 0.14 * parallel.index(arrow), extent)
    low, high = np.vstack(extent).min(axis=0) - 0.15, np.vstack(extent).max(axis=0) + 0.15
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    if fig is None:
        return None
    wide, high = high - low
    scale = min(1.25, 9.5 / wide, 6.5 / high)  # inches for one unit
    fig.set_size_inches(size or (scale * wide + 0.2, scale * high + (0.6 if title else 0.2)))
    return Picture(fig, in_words(process, policy, states, actions))


def names(given: Sequence[str] | None, count: int, kind: str) -> list[str]:
    given = [str(number) for number in range(count)] if given is None else list(given)
    if len(given) != count:
        raise ValueError(f"{len(given)} names for {count} {kind}")
    return given


def positions(layout: str | np.ndarray | None, count: int) -> np.ndarray:
    """Where the states stand, [S, 2]."""
    if layout is None:
        layout = "chain" if count <= 3 else "circle"
    if isinstance(layout, str):
        if layout == "chain":
            return np.stack([1.9 * np.arange(count), np.zeros(count)], axis=1)
        if layout == "circle":
            angle = np.pi / 2 - 2 * np.pi * np.arange(count) / count  # from the top, clockwise
            return 0.95 / np.sin(np.pi / max(count, 3)) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        raise ValueError(f"layout is {layout!r}: 'chain', 'circle' or positions [S, 2]")
    places = np.asarray(layout, dtype=float)
    if places.shape != (count, 2):
        raise ValueError(f"layout has shape {places.shape}; {count} states ask for {(count, 2)}")
    return places


def free_directions(places: np.ndarray, state: int, found: list[Arrow]) -> tuple[float, float | None]:
    """The middles of the widest two gaps between the ways from a state to others: angles.

    The first is for what leads back to the state, the second for its start; None where that one is narrow.
    """
    ends = {(arrow.start, arrow.end) for arrow in found if state in (arrow.start, arrow.end)}
    others = {start + end - state for start, end in ends} - {state}
    ways = np.sort([np.arctan2(*(places[other] - places[state])[::-1]) for other in others])
    if not len(ways):
        return np.pi / 2, -np.pi / 2
    gaps = np.diff(np.append(ways, ways[0] + 2 * np.pi))
    middles = ways + gaps / 2
    order = np.lexsort((-np.sin(middles).round(6), -gaps.round(6)))  # the widest; of equals the upper
    wide = len(gaps) > 1 and gaps[order[1]] > np.radians(80)
    return middles[order[0]], middles[order[1]] if wide else None


def is_absorbing(process: MDP, state: int) -> bool:
    return bool(np.all(process.transition[state, :, state] == 1.0))


def arrows(process: MDP, policy: np.ndarray | None, actions: Sequence[str]) -> list[Arrow]:
    """Every transition that can happen, actions that do and pay the same together."""
    found = []
    for state in range(process.states):
        bundles = {}
        for action in range(process.actions):
            does = (*process.transition[state, action].round(12), process.reward[state, action].round(12))
            bundles.setdefault(does, []).append(action)
        for does, same in bundles.items():
            *to, reward = does
            chosen = 1.0 if policy is None else float(np.sum(np.asarray(policy)[state, same]))
            if is_absorbing(process, state) and reward == 0:
                continue  # the double ring says it
            everything = len(same) == process.actions > 1
            name = "any" if everything else ", ".join(actions[action] for action in same)
            top = int(np.argmax(to))
            text = f"{name}: {signed(reward)}" + (f"\nP = {to[top]:.2g}" if to[top] < 1 else "")
            if policy is not None and not everything:
                text += f"\nπ = {chosen:.2g}"
            ends = [(end, float(p)) for end, p in enumerate(to) if p > 0]
            others = {end: f"P = {p:.2g}" if process.states <= FEW else "" for end, p in ends}
            found += [
                Arrow(state, end, same[0], p, p * chosen, text if end == top else others[end])
                for end, p in ends
            ]
    return found


def signed(reward: float) -> str:
    """A reward with its sign and at most two decimals: +1, −0.2, 0."""
    number = shown(round(float(reward), 2))
    return f"+{number}" if reward > 0 else number


def draw_arrow(ax: Axes, arrow: Arrow, places: np.ndarray, bend: float, taken: list) -> list:
    """A bow to another state, on the left of who walks it, named where there is room; returns its corners."""
    start, end = places[arrow.start], places[arrow.end]
    along = end - start
    side = np.array([-along[1], along[0]])
    others = np.delete(places, [arrow.start, arrow.end], axis=0) - start
    past = others - np.clip(others @ along / (along @ along), 0, 1)[:, None] * along
    long = 1.0 if np.any(np.hypot(*past.T) < 2 * RADIUS) else min(1.0, 1.9 / np.hypot(*along))
    control = (start + end) / 2 + 2 * bend * long * side  # round the states that stand on the way
    start = start + RADIUS * unit(control - start)
    end = end + (RADIUS + 0.03) * unit(control - end)
    line(ax, arrow, Path([start, control, end], [Path.MOVETO, Path.CURVE3, Path.CURVE3]))
    lows, highs = np.vstack(taken[::2]), np.vstack(taken[1::2])

    def place(t: float) -> np.ndarray:
        return (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end + 0.03 * unit(side)

    def crowding(t: float) -> float:
        low, high = corners(arrow.text, place(t), np.zeros(2))
        return np.prod(np.clip(np.minimum(highs, high) - np.maximum(lows, low), 0, None), axis=1).sum()

    return words(ax, arrow, place(min((0.5, 0.42, 0.34, 0.58, 0.26, 0.66), key=crowding)), np.zeros(2))


def draw_loop(ax: Axes, arrow: Arrow, centre: np.ndarray, turn: float) -> list:
    """A bow back to the same state, in the direction `turn`; returns the corners of what was drawn."""
    ends = [centre + r * heading(turn + t) for r, t in ((RADIUS, 0.5), (RADIUS + 0.03, -0.5))]
    out = [centre + 1.0 * heading(turn + t) for t in (0.6, -0.6)]
    codes = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
    line(ax, arrow, Path([ends[0], *out, ends[1]], codes))
    return words(ax, arrow, centre + 0.76 * heading(turn), heading(turn))


def line(ax: Axes, arrow: Arrow, path: Path) -> None:
    colour, style = LOOKS[arrow.action % len(LOOKS)]
    ax.add_patch(
        FancyArrowPatch(
            path=path, arrowstyle="-|>", mutation_scale=11 + 5 * arrow.weight, color=colour, linestyle=style,
            linewidth=0.7 + 2.6 * arrow.weight, alpha=1.0 if arrow.weight > 1e-9 else 0.35,
            shrinkA=0, shrinkB=0, zorder=2, joinstyle="miter", capstyle="butt",
        )
    )  # fmt: skip


def words(ax: Axes, arrow: Arrow, at: np.ndarray, away: np.ndarray) -> list:
    """What the arrow's actions are and pay, at a place or away from it; returns the corners."""
    across, up = (round(float(part)) for part in 1.2 * away)  # −1, 0, 1
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    colour = LOOKS[arrow.action % len(LOOKS)][0]
    ax.text(
        *at, arrow.text, color=ink(colour), fontsize=11, bbox=box if arrow.text else None, zorder=4,
        ha=("right", "center", "left")[across + 1], va=("top", "center", "bottom")[up + 1],
    )  # fmt: skip
    return corners(arrow.text, at, np.array([across, up]))


def corners(text: str, at: np.ndarray, away: np.ndarray) -> list:
    """About where a text lies that stands at a place (away: 0) or beside it: [low, high]."""
    lines = text.split("\n")
    extent = np.array([0.09 * max(map(len, lines)) + 0.05, 0.18 * len(lines)])
    middle = at + extent / 2 * away
    return [middle - extent / 2, middle + extent / 2]


def draw_state(ax: Axes, centre: np.ndarray, name: str, absorbing: bool) -> None:
    ax.add_patch(Circle(centre, RADIUS, facecolor="white", edgecolor=BLACK, linewidth=1.8, zorder=3))
    if absorbing:
        ax.add_patch(Circle(centre, 0.82 * RADIUS, fill=False, edgecolor=BLACK, linewidth=1.2, zorder=3))
    size = 13 if len(name) <= 3 else 10
    if len(name) > 6:  # a long name stands below its circle
        place = centre - [0, RADIUS + 0.16]
        ax.text(*place, name, ha="center", va="center", fontsize=11, fontweight="bold", zorder=5)
    else:
        ax.text(*centre, name, ha="center", va="center", fontsize=size, fontweight="bold", zorder=5)


def draw_start(ax: Axes, centre: np.ndarray, turn: float, probability: float) -> list:
    tail, tip = (centre + far * heading(turn) for far in (RADIUS + 0.32, RADIUS + 0.02))
    ax.add_patch(FancyArrowPatch(tail, tip, arrowstyle="-|>", mutation_scale=13, color=GREY, linewidth=2))
    text = "start" if probability > 1 - 1e-9 else f"start\n{probability:.2g}"
    place = centre + (RADIUS + 0.48) * heading(turn)
    ax.text(*place, text, color=GREY, ha="center", va="center", fontsize=10, linespacing=1.0)
    return [place - [0.25, 0.2], place + [0.25, 0.2]]


def heading(angle: float) -> np.ndarray:
    return np.array([np.cos(angle), np.sin(angle)])


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.hypot(*vector)


def in_words(process: MDP, policy: np.ndarray | None, states: Sequence[str], actions: Sequence[str]) -> str:
    """The process as sentences: what each action does and pays in each state."""
    begins = [name for name, p in zip(states, process.start, strict=True) if p > 0]
    lines = [f"A decision process of {len(states)} states, which starts in {', '.join(begins)}."]
    for s, state in enumerate(states):
        if is_absorbing(process, s) and not process.reward[s].any():
            lines.append(f"{state} is never left and pays nothing.")
            continue
        for a, action in enumerate(actions):
            to = [f"{states[e]} ({p:.2g})" for e, p in enumerate(process.transition[s, a]) if p > 0]
            chosen = "" if policy is None else f", chosen with probability {policy[s][a]:.2g}"
            pays = shown(round(float(process.reward[s, a]), 6))
            lines.append(f"{state}, {action}{chosen}: pays {pays}, leads to {', '.join(to)}.")
    return "\n".join(lines)
