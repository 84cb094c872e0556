"""Lecture 11 in Chromium: four steps at both ends of each slider, predictions, TRPO without its search."""

import numpy as np
import pytest
from driving import same, until

pytestmark = pytest.mark.browser
ROOMS = np.arange(-2, 3)


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/11-trpo.ipynb")


def right(theta):
    """Probability of going right in each room."""
    return 1 / (1 + np.exp(-(theta[0] - theta[1] * ROOMS)))


def steps(up):
    """P of the corridor, room by room, where `up` is the probability of a step to the right."""
    P = np.zeros((5, 5))
    for room in range(5):
        P[room, min(room + 1, 4)] += up[room]
        P[room, max(room - 1, 0)] += 1 - up[room]
    return P


def walk(theta):
    """(η, d) of the corridor: linear equations for how often each room is met."""
    P = steps(0.1 + 0.8 * right(theta))
    visits = np.linalg.solve(np.eye(5) - 0.9 * P.T, np.eye(5)[0])
    return visits[2], 0.1 * visits


def slope(theta):
    """∂η/∂θ = γ visitsᵀ (∂P/∂θ) V."""
    P = steps(0.1 + 0.8 * right(theta))
    V = np.linalg.solve(np.eye(5) - 0.9 * P, np.eye(5)[2])
    per_logit = 0.8 * right(theta) * (1 - right(theta)) * ((steps(np.ones(5)) - steps(np.zeros(5))) @ V)
    return 0.9 * np.array([10 * walk(theta)[1] @ (per_logit * z) for z in (np.ones(5), -ROOMS)])


def kl(old, new):
    p, q = right(old), right(new)
    return walk(old)[1] @ (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)))


def numbers(start=(3.0, 0.0), alpha=1.0, delta=0.1, epsilon=0.2):
    """Gain and divergence of both gradients, and of TRPO's step, never above δ."""
    start = np.array(start)
    g = slope(start)
    weight = walk(start)[1] * right(start) * (1 - right(start))
    phi = np.stack([np.ones(5), -ROOMS], axis=1)
    s = np.linalg.solve(phi.T @ (weight[:, None] * phi), g)
    ends = {"gradient": start + alpha * g, "natural gradient": start + alpha * s}
    full = np.sqrt(2 * delta / (g @ s)) * s
    ends["TRPO"] = next(end for end in (start + 0.8**j * full for j in range(10)) if kl(start, end) <= delta)
    shown = {}
    for name, end in ends.items():
        shown |= {f"{name}: gain": walk(end)[0] - walk(start)[0], f"{name}: KL": kl(start, end)}
    return shown


def agrees(lab, expected, what):
    """The lab shows these numbers, beside PPO's, which are not computed here."""
    until(
        lambda: same({name: lab.numbers()[name] for name in expected}, expected), 3,
        lambda: f"{what}: shown {lab.numbers()}, expected {expected}",
    )  # fmt: skip


def test_11_the_four_steps_at_both_ends_of_alpha_and_delta(page):
    lab = page.lab(0)
    lab.reset()
    agrees(lab, numbers(), "reset")
    for label, name, low, high in (
        ("step size of both gradients", "alpha", 0.01, 10.0), ("largest mean KL, nats", "delta", 0.001, 1.0),
    ):  # fmt: skip
        for key, value in (("Home", low), ("End", high)):
            lab.press(label, key)
            agrees(lab, numbers(**{name: value}), f"{label} {key}")
        lab.reset()
    assert lab.error() == ""


def test_11_another_start_and_both_ends_of_the_clip(page):
    lab = page.lab(0)
    lab.reset()
    narrow, wide = lab.press("clip", "Home"), lab.press("clip", "End")
    assert 0 < narrow["PPO: gain"] < wide["PPO: gain"] and narrow["PPO: KL"] < 0.01 < wide["PPO: KL"]
    lab.reset()
    for name, start in (("undecided", (0.5, 0.0)), ("drifts left", (-2.0, -0.5))):
        lab.choose("start", name)
        agrees(lab, numbers(start), name)
    page.screenshot("11-explorer")
    assert lab.error() == ""


@pytest.mark.parametrize(
    "question, right_choice",
    [
        ("Algorithm 1 maximises", "below 0.0001"),
        ("What changes?", "only the variance"),
        ("The model says that a full step", "already at 0.01"),
    ],
)
def test_11_predictions_say_right_and_why(page, question, right_choice):
    asked = page.predict(question)
    assert asked.answer(right_choice) and asked.correct() is True


def test_11_the_step_without_its_search_trains(page):
    live = page.live()
    live.choose("algorithm", "natural gradient")
    live.click("Start")
    live.await_steps(2048, seconds=40)
    live.click("Stop")
    live.wait("stopped", "finished", seconds=30)
    assert live.error() == ""
