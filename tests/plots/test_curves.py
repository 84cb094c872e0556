"""Learning curves show every seed and say what their band is; their labels and limits are readable."""

import math

import numpy as np
import pytest

from rlcourse import plots


def test_a_learning_curve_draws_every_seed_and_its_interval_and_states_n():
    ax = plots.axes(plots.figure())
    returns = np.random.default_rng(0).normal(size=(4, 6))
    found = plots.learning_curve(ax, np.arange(6), returns, "TD3")
    assert len(ax.lines) == 5  # four seeds and their mean
    assert np.allclose(ax.lines[-1].get_ydata(), returns.mean(0))
    assert ax.lines[-1].get_label() == "TD3, n = 4"
    assert len(ax.collections) == 1
    assert found.method.startswith("mean, 95 % t-interval")


def test_ten_seeds_are_summed_up_by_their_iqm_and_one_seed_has_no_band():
    returns = np.random.default_rng(0).normal(size=(10, 3))
    assert plots.learning_curve(plots.axes(plots.figure()), range(3), returns, "PPO").method.startswith("IQM")
    ax = plots.axes(plots.figure())
    plots.learning_curve(ax, range(3), returns[:1], "PPO")
    assert len(ax.lines) == 1
    assert not ax.collections
    assert plots.curve_note(1) == "one seed: no interval"


def test_a_band_does_not_leave_the_returns_that_are_possible():
    returns = np.array([[-900.0, -5.0], [-1000.0, -300.0], [-1100.0, -2.0]])
    ax = plots.axes(plots.figure())
    free = plots.learning_curve(ax, range(2), returns, "TD3")
    bound = plots.learning_curve(ax, range(2), returns, "TD3", bounds=(None, 0))
    assert free.high[1] > 0 == bound.high[1]
    assert np.array_equal(bound.low, free.low) and bound.high[0] == free.high[0]
    assert np.array_equal(bound.estimate, free.estimate)
    assert ax.collections[1].get_paths()[0].vertices[:, 1].max() <= 0


def test_a_curve_of_the_wrong_shape_is_refused_in_one_line():
    with pytest.raises(ValueError, match=r"returns \(2, 4\) do not fit steps \(3,\)"):
        plots.learning_curve(plots.axes(plots.figure()), range(3), np.zeros((2, 4)), "TD3")
    with pytest.raises(ValueError, match="seed index 1"):
        plots.learning_curve(plots.axes(plots.figure()), range(2), [[0, 0], [0, math.nan]], "TD3")


def test_labels_at_the_lines_do_not_touch_and_stay_on_the_page():
    ax = plots.axes(plots.figure())
    for name in ("DDPG", "TD3", "TRPO", "PPO"):
        ax.plot([0, 1], [0.0, 1.0], label=name)
    plots.label_lines(ax, gap=0.08)
    places = sorted(text.get_position()[1] for text in ax.texts)
    assert min(np.diff(places)) >= 0.08 - 1e-9
    assert places[-1] <= 1.0


def test_round_limits_hold_all_values_and_are_the_narrowest_of_at_most_six_steps():
    rng = np.random.default_rng(0)
    for _ in range(200):
        low, high = np.sort(rng.normal(size=2) * 10.0 ** rng.integers(-3, 4))
        bottom, top = plots.round_limits([low, np.nan], high)
        assert bottom <= low < high <= top
        candidates = []
        for step in (m * 10.0**k for m in (1, 2, 5) for k in range(-8, 8)):
            limits = step * np.floor(low / step), step * np.ceil(high / step)
            if round((limits[1] - limits[0]) / step) <= 6:
                candidates.append(limits[1] - limits[0])
        assert top - bottom <= min(candidates) * (1 + 1e-9)
    with pytest.raises(ValueError, match="no finite value"):
        plots.round_limits([np.nan])


def test_many_labels_keep_their_first_lines_and_a_line_that_leaves_has_its_label_where_it_leaves():
    ax = plots.axes(plots.figure())
    for number in range(9):
        ax.plot([0, 1], [0.0, 1.0], label=f"run {number}, of many words")
    plots.label_lines(ax, wrap=12)
    assert [text.get_text() for text in ax.texts][0].startswith("run")
    assert all("\n" not in text.get_text() for text in ax.texts)
    ax = plots.axes(plots.figure())
    ax.plot([0, 1, 2], [0.0, 0.2, 1.0], label="long")
    ax.set(xlim=(0, 1.5), ylim=(0, 1))
    plots.label_lines(ax)
    assert ax.texts[0].get_position()[1] == pytest.approx(0.2)
