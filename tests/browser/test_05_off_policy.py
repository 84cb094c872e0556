"""Lecture 05 in Chromium: each slider to both ends, predictions, a live run of a learner that lags."""

import numpy as np
import pytest

from rlcourse.equations import importance, markov

pytestmark = pytest.mark.browser
BETA = np.full((5, 2), 0.5)


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook("lectures/05-off-policy.ipynb")


def forward(p):
    return np.tile([p, 1 - p], (5, 1))


def test_05_weights_at_both_ends_of_each_slider(page):
    lab = page.lab(0)
    chain = markov.chain(5, gamma=0.9, slip=0.0)

    def check(shown, gap=0.2, horizon=40, samples=1000):
        """The exact numbers; those of the draw lie where they must."""
        pi = forward(0.5 + gap)
        states = markov.state_distributions(chain, pi, horizon)
        truth = 0.9 ** np.arange(horizon) @ states @ np.sum(pi * chain.reward, axis=1)
        assert shown["true return"] == pytest.approx(truth, rel=1e-3)
        assert shown["ESS true"] == pytest.approx(samples / (1 + 4 * gap**2) ** horizon, rel=1e-3)
        assert 1 <= shown["ESS measured"] <= samples * 1.001
        assert 0 <= shown["share of the answer in weights not drawn"] <= 1.001
        assert lab.error() == ""

    check(lab.reset())
    for label, name, low, high in (
        ("gap of the policies", "gap", 0.0, 0.45),
        ("horizon", "horizon", 1, 60),
        ("trajectories", "samples", 100, 10_000),
    ):
        for key, value in (("Home", low), ("End", high)):
            check(lab.press(label, key), **{name: value})
        lab.reset()
    same = lab.press("gap of the policies", "Home")
    assert same["ESS measured"] == pytest.approx(1000)
    assert same["by whole trajectories"] == same["self-normalised"] == same["per decision"]


def test_05_vtraces_answer_follows_one_limit_and_its_speed_the_other(page):
    lab = page.lab(1)
    chain = markov.chain(5, gamma=0.9, slip=0.0)
    chance, off = "chance of forward in the policy learnt", "off π's value by at most"
    speed = "sweeps until 1 % is left"

    def learnt(rho_bar):
        policy = importance.clipped_policy(forward(0.8), BETA, rho_bar)
        gap = abs(markov.values(chain, policy) - markov.values(chain, forward(0.8))).max()
        return {chance: policy[0, 0], off: gap}

    def agrees(shown, rho_bar):
        expected = learnt(rho_bar)
        return {name: shown[name] for name in expected} == pytest.approx(expected, rel=1e-3, abs=1e-9)

    start, before = lab.reset(), "limit of the ratios before it"
    assert agrees(start, 1.0)
    slow, fast = lab.press(before, "Home"), lab.press(before, "End")
    assert agrees(slow, 1.0) and agrees(fast, 1.0) and slow[speed] > start[speed] > fast[speed]
    lab.reset()
    assert agrees(lab.press("limit of the error's ratio", "Home"), 0.1)
    free = lab.press("limit of the error's ratio", "End")
    assert agrees(free, 2.0) and free[off] == pytest.approx(0, abs=1e-9)
    assert lab.error() == ""


def test_05_old_data_at_both_ends_of_step_and_lag(page):
    lab = page.lab(2)
    cliff, plain, cut = (
        "largest step without correction",
        "|θ| at the end, uncorrected",
        "|θ| at the end, V-trace",
    )
    start = lab.reset()
    assert start[cliff] == pytest.approx(2 * np.sin(np.pi / 42), rel=1e-3)
    assert start[plain] > 1 > 0.1 > start[cut]
    for label, name in (("step size", "step"), ("lag in updates", "lag")):
        for key in ("Home", "End"):
            shown = lab.press(label, key)
            assert lab.error() == "" and shown[cut] < 2, name
        lab.reset()
    assert lab.press("lag in updates", "Home")[cliff] == pytest.approx(2)


@pytest.mark.parametrize(
    "question, right",
    [
        ("After a million episodes", "mostly too low"),
        ("You draw a thousand", "about 20"),
        ("The variance of the per-decision", "stops growing"),
        ("With the usual limits", "C"),
        ("The step is twice", "settles at 0"),
    ],
)
def test_05_predictions_say_right_and_why(page, question, right):
    asked = page.predict(question)
    if right == "C":  # choices with mathematics are letters: find the right one's
        text = asked.root.inner_text()
        right = next(
            (x[0] for x in text.splitlines() if "a policy between" in x and x[1:2] == "."), "a policy between"
        )
    assert asked.answer(right) and asked.correct() is True


def test_05_impala_lags_and_trains(page):
    live = page.live()
    live.choose("algorithm", "uncorrected")
    live.press("lag in updates", "End")
    live.click("Start")
    live.await_steps(1000, seconds=30)
    live.click("Stop")
    live.wait("stopped", "finished", seconds=20)
    assert live.error() == ""
