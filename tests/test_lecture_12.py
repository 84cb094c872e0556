"""Lectures 12 and 12b: what predictions and sentences claim, and each exercise done as it is written."""

import contextlib
import io
import json

import numpy as np
import pytest
import torch

from rlcourse import notebooks
from rlcourse.equations import designs, objectives
from rlcourse.parts.plugged import plugged
from rlcourse.training import train

PAGE = notebooks.SOURCES / "12-ppo.py"
DETAILS = notebooks.SOURCES / "12b-the-details-that-matter.py"
RECORDINGS = notebooks.LECTURES / "recordings"


def run_to(page, *pieces):
    """The names of a page after the cells that hold these pieces, and those that they need."""
    cells = notebooks.code_cells(notebooks.compile_source(page))
    holding = [i for i, cell in enumerate(cells) if any(piece in cell for piece in pieces)]
    needed = set().union(*(notebooks.needed_cells(cells, index) for index in holding))
    with contextlib.redirect_stdout(io.StringIO()):
        return notebooks.run_cells(cells, sorted(needed))


@pytest.fixture(scope="module")
def batch():
    """The page's batch, and what epochs on it do."""
    return run_to(PAGE, "def each_epoch", "def along", "def unclipped")


def sets(values):
    """The means of three disjoint sets of four seeds."""
    return values.reshape(3, 4).mean(axis=1)


# Lecture 12


def test_12_sections_1_and_5_what_the_two_predictions_say(batch):
    plain, clipped, ten = batch["PLAIN"], batch["CLIPPED"], batch["EPOCHS"].index(10)
    promised = plain[0].mean(axis=1)
    assert (np.diff(promised) > 0).all() and promised[ten] > 10 * promised[1]
    lost = plain[3] - plain[3][0]
    assert (sets(lost[ten]) < -150).all(), "much less after ten epochs"
    assert (sets(lost[-1]) < 0).all(), "and less after thirty"
    outside = sets((abs(clipped[2][-1] - 1) > 0.2).mean(axis=-1))
    assert (outside > 0.06).all() and (outside < 0.17).all()
    assert clipped[1].max() < 0.02, "section 1: under the clip KL stays below 0.02"
    assert (abs(plain[2][-1] - 1) > 0.2).mean() > 0.5
    assert (abs(plain[2][batch["EPOCHS"].index(5)] - 1) > 0.2).mean() > 0.4  # "within a few epochs"


def test_12_section_5_the_overshoot_comes_before_the_growth(batch):
    kl = batch["CLIPPED"][1].mean(axis=1)  # after 0, 1, 2, 3, 5, 10, 20, 30 epochs
    assert kl[2] > kl[3] and (np.diff(kl[3:]) > 0).all()


def test_12_section_4_in_every_seed_L_rises_and_a_wider_clip_moves_the_top_out(batch):
    ratios, advantage, alphas = batch["RATIOS"], batch["ADVANTAGE"].numpy(), batch["ALPHAS"]
    surrogate = (ratios * advantage).mean(-1)
    assert (np.diff(surrogate[alphas > -0.05], axis=0) > 0).all()
    tops = []
    for clip in (0.05, 0.2, 0.5):
        each = objectives.clipped_objective(ratios, np.broadcast_to(advantage, ratios.shape), clip)
        tops.append(alphas[each.mean(-1).argmax(axis=0)])
    assert (np.diff(tops, axis=0) > 0).all()


def test_12_live_with_one_epoch_clip_and_no_clip_are_one_method_and_neither_learns(batch):
    how = {"steps": 40_960, "seeds": 2, "evaluate_every": 40_960}
    clip, no_clip = (
        train(plugged(algorithm), "Pendulum-v1", **how).curve.returns[:, -1]
        for algorithm in (
            batch["PPO"](epochs=1), batch["PPO"](epochs=1, clipped_objective=batch["unclipped"])
        )
    )  # fmt: skip
    assert abs(clip - no_clip).max() < 50 and clip.max() < -900


def test_12_exercise_1_by_hand():
    ratio = torch.tensor([1.3, 1.3, 0.7, 0.7], requires_grad=True)
    objective = objectives.clipped_objective(ratio, torch.tensor([2.0, -2.0, -2.0, 2.0]), 0.2)
    objective.sum().backward()
    torch.testing.assert_close(objective.detach(), torch.tensor([2.4, -2.6, -1.6, 1.4]))
    assert ratio.grad.tolist() == [0, -2, 0, 2]


def test_12_exercise_2_clipping_only_above_leaves_more_ratios_below(batch):
    def above_only(ratio, advantage, clip):
        return torch.where(advantage > 0, ratio.clamp(max=1 + clip), ratio) * advantage

    below = batch["measured"](batch["after"](30, clipped_objective=above_only).policy)[2] < 0.8
    assert 0.15 < below.mean() < 0.35 and 0.03 < (batch["CLIPPED"][2][-1] < 0.8).mean() < 0.09


def test_12_exercise_3_a_thermostat_that_swings_and_one_that_does_not():
    def prices(power, steps=20):
        beta, found = np.ones(1), []
        for _ in range(steps):
            kl = 1.6 * 0.01 / beta**power
            beta = objectives.adaptive_beta(beta, kl, 0.01)
            found.append(beta[0])
        return found

    assert set(prices(2)) == {1.0, 2.0} and prices(2)[-1] != prices(2)[-2]
    assert prices(1)[1:] == [2.0] * 19
    assert 1.5 * 1.5 == 2.25


def test_12_exercise_4_the_overshoot_is_at_most_one_step():
    for rate in (0.01, 0.1, 1.0):
        logit, start, last = torch.zeros(1, requires_grad=True), 0.5, 1.0
        for _ in range(2000):
            ratio = torch.sigmoid(logit) / start
            (slope,) = torch.autograd.grad(
                objectives.clipped_objective(ratio, torch.ones(1), 0.2).sum(), logit
            )
            if ratio.item() > 1.2:
                assert slope.item() == 0
                break
            last = ratio.item()
            logit = (logit + rate * slope).detach().requires_grad_()
        assert last <= 1.2 < ratio.item()


# Lecture 12b


@pytest.fixture(scope="module")
def board():
    """The page's settings, without training them."""
    return run_to(DETAILS, "def board_experiment")


@pytest.fixture(scope="module")
def found(board):
    """Mean return in the second half of training, task -> [12, 50]."""
    outcomes = {}
    for task in ("pendulum", "cartpole"):
        held = json.loads((RECORDINGS / f"12b-{task}.json").read_text(encoding="utf-8"))["found"]
        returns, at = np.array(held["returns"]), np.array(held["at"])
        outcomes[task] = returns[:, at > at[-1] / 2].mean(axis=1)
    return outcomes


def test_12b_the_usual_five_are_the_course_s_ppo(board):
    assert board["ppo_with"](board["USUAL"]) == board["PPO"](hidden=(32, 32))
    assert len(board["CELLS"]) == 50


def test_12b_the_first_prediction_all_nine_earn_least_on_the_pendulum_in_each_set(board, found):
    labels = list(board["CELLS"])
    usual, nine, none = (sets(found["pendulum"][:, labels.index(x)]) for x in ("usual", "run 1", "none"))
    assert (nine < none).all() and (none < usual).all()


def test_12b_switches_called_placebos_change_not_a_bit(board):
    """Observation clipping on either task, reward clipping on the cart-pole."""
    every, names = board["ppo_with"], board["NAMES"]
    how = {"steps": 4096, "seeds": 1, "evaluation_episodes": 1}
    for task, name in (
        ("Pendulum-v1", "observation clipping"), ("CartPole-v1", "observation clipping"),
        ("CartPole-v1", "reward clipping"),
    ):  # fmt: skip
        with_it, without = (train(every(on), task, **how) for on in (names, [n for n in names if n != name]))
        assert np.array_equal(with_it.policy.network.flat, without.policy.network.flat), (task, name)


def test_12b_the_cart_pole_prediction(board, found):
    effects = designs.main_effects(board["DESIGN"], found["cartpole"][:, 1:33]).mean(axis=0)
    largest = np.argsort(-abs(effects))[:2]
    assert {board["NAMES"][k] for k in largest} == {"orthogonal start", "tanh"} and (
        effects[largest] > 0
    ).all()
    by_name = dict(zip(board["NAMES"], effects, strict=True))
    for seeds in np.split(designs.main_effects(board["DESIGN"], found["cartpole"][:, 1:33]), 3):
        assert set(np.argsort(-abs(seeds.mean(axis=0)))[:2]) == set(largest), "in each set of four seeds"
    most = max(abs(by_name[n]) for n in ("observation clipping", "reward clipping"))
    assert max(abs(by_name["annealing"]), abs(by_name["gradient clipping"])) <= most


def test_12b_section_3_the_arithmetic_of_the_plans():
    assert 2 / 16 == 4 / 32 and 10 * 16 == 160 and 2**9 == 512
    assert pytest.approx(5) == (2 / 3.2) / (4 / 32)


def test_12b_three_removed_beat_one_removed_in_each_set(board, found):
    labels = list(board["CELLS"])
    one, three = (sets(found["pendulum"][:, labels.index(x)]) for x in ("no scaling", "three removed"))
    assert (three > one).all()


def test_12b_section_5_clips_change_sides_with_reward_scaling_in_each_set(board, found):
    design, names, outcomes = board["DESIGN"], board["NAMES"], found["pendulum"][:, 1:33]

    def effect(name, scaled):
        rows = design[:, names.index("reward scaling")] == (1 if scaled else -1)
        return sets(designs.main_effects(design[rows][:, [names.index(name)]], outcomes[:, rows])[:, 0])

    assert (effect("gradient clipping", False) < 0).all() and (effect("gradient clipping", True) > 0).all()
    assert (effect("value clipping", False) > 0).all() and (effect("value clipping", True) < 0).all()
    for name in ("tanh", "annealing"):
        assert (effect(name, True) < effect(name, False)).all(), "less to lose where little is learnt"


def test_12b_section_5_with_all_others_on_value_clipping_and_orthogonal_start_cost_in_each_set(board, found):
    labels, Y = list(board["CELLS"]), found["pendulum"]
    for name in ("value clipping", "orthogonal start", "tanh", "annealing"):
        gain = Y[:, labels.index("run 1")] - Y[:, labels.index(f"all but {name}")]
        assert (sets(gain) < 0).all()


def test_12b_section_6_details_are_worth_more_than_the_algorithm_in_each_set(board, found):
    labels = list(board["CELLS"])
    for Y in found.values():
        ppo, bare, trpo = (Y[:, labels.index(label)] for label in ("usual", "none", "TRPO"))
        assert (sets(ppo - bare) > sets(ppo - trpo)).all()
    Y = found["pendulum"]
    for rate in (1e-3, 3e-4, 1e-4):
        assert (sets(Y[:, labels.index(f"no clip, {rate}")]) < -1100).all(), "at the floor"


def test_12b_exercise_1_by_hand():
    squares = (2.0 - 3.0) ** 2, (1.5 - 3.0) ** 2
    assert squares == (1, 2.25)
    V = torch.tensor([2.0], requires_grad=True)
    loss = objectives.clipped_value_loss(V, torch.ones(1), torch.tensor([3.0]), 0.5)
    loss.backward()
    assert loss.item() == pytest.approx(2.25 / 2) and V.grad.item() == 0


def test_12b_exercise_2_the_pairs_that_share_a_column():
    groups = designs.aliases(designs.fractional_factorial("ABC", {"D": "ABC"}), "ABCD")
    assert sorted(map(sorted, groups)) == [["A × B", "C × D"], ["A × C", "B × D"], ["A × D", "B × C"]]


def test_12b_exercise_3_the_two_pairs_share_a_column(board):
    groups = designs.aliases(board["DESIGN"], board["NAMES"])
    assert any(
        {"reward scaling × tanh", "orthogonal start × observation clipping"} <= set(group) for group in groups
    )


def test_12b_exercise_4_one_at_a_time_from_all_on():
    rng = np.random.default_rng(0)
    b, pairs = rng.normal(size=4), np.triu(rng.normal(size=(4, 4)), 1)

    def outcome(x):
        return x @ b + x @ pairs @ x

    every = designs.fractional_factorial("ABCD", {})
    differences = [outcome(np.r_[1, x[1:]]) - outcome(np.r_[-1, x[1:]]) for x in every]
    assert differences[0] == pytest.approx(2 * b[0] + 2 * pairs[0].sum())
    assert np.mean(differences) == pytest.approx(2 * b[0])


def test_the_kept_batch_was_acted_by_the_kept_networks(batch):
    """`last_batch`: π of the networks before the last update is the policy that the batch was drawn with."""
    again = batch["OLD"].policy(batch["BATCH"].obs)
    torch.testing.assert_close(again.mean, batch["ROLLOUT"].behaviour.mean)
    assert batch["ROLLOUT"].reward.shape == (256, 12, 8)
