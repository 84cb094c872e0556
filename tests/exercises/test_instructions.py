"""What homework tells a student to do, done literally: define this, set that, run the cell again."""

import functools

import matplotlib
import numpy as np
import pytest

pytest.importorskip(
    "nbgrader", reason="NOT CHECKED: nbgrader is not installed (python3 -m rlcourse test brings it)"
)

from rlcourse.grading import check, release  # noqa: E402
from rlcourse.grading.exercises import find  # noqa: E402
from rlcourse.notebooks import needed_cells, run_cells  # noqa: E402

matplotlib.use("Agg")


class Page:
    """A homework's code cells in order, as a student edits and runs them."""

    def __init__(self, homework, solved=True):
        notebook = release.instructor(release.SOURCES / f"{homework}.py")
        notebook = notebook if solved else release.released(notebook)
        self.notebook = notebook
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        self.meta = [dict(cell.metadata) for cell in code]
        self.sources = [cell.source for cell in code]
        self.ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in code]

    def edit(self, grade_id, *changes):
        """A student types into a cell: it must be one that Jupyter lets them edit."""
        i = self.ids.index(grade_id)
        assert not self.meta[i].get("nbgrader", {}).get("locked")
        for old, new in changes:
            assert old in self.sources[i], f"{old!r} is not in cell {grade_id}"
            self.sources[i] = self.sources[i].replace(old, new)

    def run(self, grade_id, **shorter):
        """Run the cell with what it needs; numbers that only take time are made smaller."""
        i = self.ids.index(grade_id)
        for old, new in shorter.values():
            assert old in self.sources[i]
            self.sources[i] = self.sources[i].replace(old, new)
        return run_cells(self.sources, needed_cells(self.sources, i))

    def says(self, words):
        text = " ".join(" ".join(cell.source for cell in self.notebook.cells).split())
        return words in text


SHORT_TD3 = {"steps": ('"steps": 6_000', '"steps": 560'), "seeds": ('"seeds": 3', '"seeds": 1')}
SHORT_TRPO = {"steps": ('"steps": 40_000', '"steps": 4_096'), "seeds": ('"seeds": 3', '"seeds": 1')}
SHORT_A2C = {"steps": ('"steps": 40_000', '"steps": 2_048'), "seeds": ('"seeds": 5', '"seeds": 2')}
SHORT_POLE = {"steps": ('"steps": 20_480', '"steps": 4_096'), "seeds": ('"seeds": 4', '"seeds": 1')}
SHORT_REINFORCE = {"steps": ('"steps": 20_000', '"steps": 640'), "seeds": ('"seeds": 8', '"seeds": 2')}


@functools.lru_cache
def driven(ditch, sets=3):
    """Mistakes [set, method, seed, rounds] on the road of homework 1, sixteen other seeds in each set."""
    page, found = Page("homework-1"), []
    if ditch:
        assert page.says(
            "set `DITCH = 2`, so that a car two lanes off the middle stays there, and run it again"
        )
        page.edit("given-road", ("DITCH = EDGE + 1", f"DITCH = {ditch}"))
    for k in range(sets):
        page.edit("given-road", ("range(16)" if k == 0 else f"range({16 * k - 16}, {16 * k})",
                                 f"range({16 * k}, {16 * k + 16})"))  # fmt: skip
        found.append(list(page.run("given-road")["found"].values()))
    return np.array(found)


def test_homework_1_6_5_dagger_learns_the_road_better_from_five_episodes_on_in_three_sets_of_seeds():
    """The written answer's numbers: 15, then 2 to 3 against 6 to 7 after 9 episodes, 1 against 4 after 17."""
    for dagger, cloning in driven(None):
        assert (dagger[:, 0] == cloning[:, 0]).all()  # no round: the same algorithm
        assert dagger[:, 0].mean() == pytest.approx(15, abs=2)
        for i, ours, theirs in ((4, 2.9, 6.6), (5, 1, 4)):
            assert dagger[:, i].mean() == pytest.approx(ours, abs=0.9)
            assert cloning[:, i].mean() == pytest.approx(theirs, abs=1.2)
        gap = cloning[:, 3:] - dagger[:, 3:]  # 5, 9 and 17 episodes
        assert (gap.mean(0) > 2.13 * gap.std(0, ddof=1) / 4).all()


def test_homework_1_6_5_beside_the_ditch_nobody_is_ahead_by_more_than_chance_in_three_sets_of_seeds():
    for dagger, cloning in driven(2):
        assert dagger[:, 0].mean() == pytest.approx(24, abs=2)
        gap = (cloning - dagger)[:, 1:]
        assert (np.abs(gap.mean(0)) < 2.13 * gap.std(0, ddof=1) / 4).all()


def test_homework_1_4_4_the_planted_bug_goes_along_the_other_vector_and_is_named():
    page = Page("homework-1", solved=False)
    assert page.says("along which vector does $w$ move below, and along which should it?")
    source = page.sources[page.ids.index("semi_gradient_update")]
    source = source.replace("raise NotImplementedError", "# raise")
    scope = run_cells([page.sources[page.ids.index("given-imports")], source], [0, 1])
    w, x, after = np.array([1.0, -1.0]), np.array([1.0, 0.5]), np.array([0.0, 2.0])
    moved = scope["semi_gradient_update"](w, x, 3.0, after, False, 0.1, 0.5).numpy() - w
    np.testing.assert_allclose(moved, 0.1 * (3.0 - 1.0 - 0.5) * (x - 0.5 * after))
    feedback = check("semi_gradient_update", scope["semi_gradient_update"], 0)
    assert feedback.misconception == "full_gradient"


def test_homework_1_7_4_long_walks_teach_less_and_short_ones_do_not():
    page = Page("homework-1")
    assert page.says("set `STEPS = 2` and run it; then `STEPS = 25`, and run it again")

    found, old = [], 8
    for steps in (8, 2, 25):
        page.edit("given-goals", (f"STEPS = {old} ", f"STEPS = {steps} "))
        found.append(np.mean(page.run("given-goals")["rates"], axis=0))
        old = steps
    usual, short, long = found
    assert usual[0] == pytest.approx(0.67, abs=0.08) and usual[1] < 0.2
    assert short[0] == pytest.approx(usual[0], abs=0.1)
    assert long[0] < usual[0] - 0.1


@pytest.mark.parametrize("lam", ["0.0", "0.95"])
def test_homework_2_7_1_another_lambda_trains_with_your_advantages(lam):
    page = Page("homework-2")
    assert page.says("set `mine = A2C(gae=gae, lam=0.0)` and run it; then `lam=0.95`, and run it again")
    page.edit("given-a2c-plug-in", ("mine = A2C(gae=gae)", f"mine = A2C(gae=gae, lam={lam})"))
    done = page.run("given-a2c-plug-in", **SHORT_A2C)
    mine, theirs = done["runs"].values()
    assert done["mine"].lam == float(lam)
    assert (mine.curve.returns != theirs.curve.returns).any()  # another λ, another curve


def test_homework_2_7_your_advantages_give_the_course_s_curve():
    done = Page("homework-2").run("given-a2c-plug-in", **SHORT_A2C)
    mine, theirs = done["runs"].values()
    assert mine.curve.returns[:, :3] == pytest.approx(theirs.curve.returns[:, :3])


def test_homework_2_8_your_returns_and_baseline_give_the_course_s_curve():
    done = Page("homework-2").run("given-reinforce-plug-in", **SHORT_REINFORCE)
    mine, theirs = done["runs"].values()
    assert mine.curve.returns[:, :3] == pytest.approx(theirs.curve.returns[:, :3])


@pytest.mark.parametrize("number", ["0.0", "500.0"])
def test_homework_2_8_1_another_baseline_trains_and_optimal_baseline_stays(number):
    page = Page("homework-2")
    assert page.says("define `def no_baseline(scores, returns): return 0.0`, set `my_baseline = no_baseline`")
    assert page.says("do the same with a baseline that returns `500.0`")
    other = f"def no_baseline(scores, returns): return {number}\n\n\nmy_baseline = no_baseline"
    page.edit("given-reinforce-plug-in", ("my_baseline = optimal_baseline", other))
    done = page.run("given-reinforce-plug-in", **SHORT_REINFORCE)
    mine, theirs = done["runs"].values()
    assert (mine.metrics["baseline"][:, -1] == float(number)).all()
    assert (mine.curve.returns != theirs.curve.returns).any()
    assert page.run("optimal_baseline")["optimal_baseline"](np.eye(2), np.array([1.0, 2.0])) == 1.5


def test_homework_2_2_4_the_figure_shows_what_the_written_answer_reads_off_it():
    """b* near 28, above the mean return of 22; the variance at b = 70 above that at b = 0."""
    page = Page("homework-2")
    done = page.run("given-parabola")
    assert done["best"] > done["returns"].mean() + 1
    assert page.says("In the figure $2b^*$ lies near 56: at $b = 70$ the curve is higher than at 0")
    assert 2 * done["best"] == pytest.approx(56, abs=1)
    assert done["variance"][-1] > done["variance"][0] > done["variance"][56]


def test_homework_2_1_1_the_logits_that_the_text_names_need_the_shift_in_float32_and_in_the_check():
    page = Page("homework-2")
    assert page.says("Logits may be large (120, say), and $e^{120}$ is more than single precision can hold")
    with np.errstate(over="ignore"):
        assert np.isinf(np.exp(np.float32(120)))
    assert max(case["logits"].max() for case in find("softmax_score").cases(0)) > 100


def test_homework_2_5_the_probes_learn_what_they_should_and_a_mistake_shows(capsys):
    page = Page("homework-2")
    page.run("given-probes")
    said = dict(line.split(":") for line in capsys.readouterr().out.splitlines())
    for name, right in (("ended", 1.0), ("cut off", 10.0), ("two steps", 0.9)):
        assert float(said[name].split()[1].rstrip(",")) == pytest.approx(right, rel=0.05), said
    assert min(float(x.rstrip(",")) for x in said["choice"].split()[3:6:2]) > 0.9, said


def test_homework_3_8_1_a_second_target_with_the_larger_critic_trains_and_td3_target_stays():
    page = Page("homework-3")
    assert page.says(
        "define a second target that takes the *larger* critic (`np.maximum`), set `my_target` to it"
    )
    second = (
        "def larger_target(reward, terminated, next_q1, next_q2, gamma):\n"
        "    return reward + gamma * (1 - terminated) * np.maximum(next_q1, next_q2)\n\n\n"
        "my_target = larger_target"
    )
    page.edit("given-td3-plug-in", ("my_target = td3_target", second))
    done = page.run("given-td3-plug-in", **SHORT_TD3)
    mine, theirs = done["runs"].values()
    assert mine.curve.returns.shape == theirs.curve.returns.shape
    assert (mine.curve.returns != theirs.curve.returns).any()  # another target, another curve
    assert page.run("td3_target")["td3_target"](0.0, 0.0, 1.0, 2.0, 1.0) == 1.0  # yours stays as it is


def test_homework_4_one_iteration_of_your_solver_trains():
    page = Page("homework-4")
    assert page.says("set `mine = TRPO(solver=conjugate_gradient, cg_iterations=1)` and run the cell again")
    page.edit(
        "given-trpo-plug-in",
        ("mine = TRPO(solver=conjugate_gradient)", "mine = TRPO(solver=conjugate_gradient, cg_iterations=1)"),
    )
    done = page.run("given-trpo-plug-in", **SHORT_TRPO)
    assert done["mine"].cg_iterations == 1
    assert len(done["runs"]) == 2


@pytest.mark.parametrize(
    "homework, cell, name",
    [
        ("homework-1", "given-road", "dagger"),
        ("homework-1", "given-goals", "relabel and cloning_loss"),
        ("homework-2", "given-a2c-plug-in", "gae"),
        ("homework-2", "given-reinforce-plug-in", "reward_to_go and optimal_baseline"),
        ("homework-3", "given-td3-plug-in", "td3_target"),
        ("homework-4", "given-trpo-plug-in", "conjugate_gradient"),
        ("homework-5", "given-trpo-plug-in", "line_search"),
        ("homework-5", "given-ppo-plug-in", "clipped_objective"),
    ],
)
def test_an_experiment_before_its_answer_is_written_says_what_it_waits_for(homework, cell, name, capsys):
    page = Page(homework, solved=False)
    page.run(cell)
    assert f"This cell waits for {name}" in capsys.readouterr().out


@pytest.mark.parametrize("homework", ["homework-1", "homework-2", "homework-3", "homework-4"])
def test_a_cell_that_the_text_asks_to_edit_is_unlocked_and_asks_no_exercise_first(homework):
    page = Page(homework, solved=False)
    experiments = [i for i, meta in enumerate(page.meta) if "trains" in meta.get("tags", ())]
    assert experiments
    for i in experiments:
        assert not page.meta[i]["nbgrader"]["locked"] and page.meta[i].get("editable", True)
        assert "ready(" not in page.sources[i]


def test_homework_3_3_the_planted_bug_has_the_shape_that_the_question_is_about():
    """Which shape does `target` have, and over how many pairs does the mean run? (B, B), and B²."""
    import torch

    page = Page("homework-3", solved=False)
    assert page.says("Before you run anything: which shape does `target` have below")
    source = page.sources[page.ids.index("critic_loss")].replace("raise NotImplementedError", "# raise")
    scope = {}
    exec(source.replace("return ((q", "return target.shape, ((q"), scope)
    q, row = torch.zeros(5, 1), torch.zeros(5)
    shape, _ = scope["critic_loss"](q, q, row, row, 0.9)
    assert shape == (5, 5)


def test_homework_4_the_constant_that_the_text_asks_for_is_near_forty_thousand():
    page = Page("homework-4")
    assert page.says("What is it for $\\varepsilon = 1$, $\\gamma = 0.99$?")
    assert page.run("bound_constant")["bound_constant"](1, 0.99) == pytest.approx(39_600)


def test_homework_4_the_terms_of_the_lemma_sum_to_the_difference():
    page = Page("homework-4")
    assert page.says("Does their sum equal $\\eta(\\pi') - \\eta(\\pi)$?")
    done = page.run("performance_difference")
    rng = np.random.default_rng(0)
    P, R, start = rng.dirichlet(np.ones(3), (3, 2)), rng.normal(size=(3, 2)), np.eye(3)[0]
    new, old = rng.dirichlet(np.ones(2), (2, 3))
    scope = run_cells(page.sources, [page.ids.index("given-imports"), page.ids.index("given-process")])
    gap = scope["performance"](P, R, start, 0.9, new) - scope["performance"](P, R, start, 0.9, old)
    assert done["performance_difference"](P, R, start, 0.9, new, old).sum() == pytest.approx(gap)


@pytest.mark.parametrize("homework", ["homework-1", "homework-2", "homework-3", "homework-4"])
def test_no_name_that_an_answer_binds_is_bound_again_below(homework):
    from rlcourse.notebooks import names_of

    page = Page(homework)
    answers = set(release.answers(page.notebook)[1])
    for grade_id, source in zip(page.ids, page.sources, strict=True):
        bound = names_of(source).binds & answers
        assert bound <= {grade_id}, (grade_id, bound)


def test_homework_5_6_your_search_and_your_objective_give_the_course_s_curves():
    for cell in ("given-trpo-plug-in", "given-ppo-plug-in"):
        mine, theirs = Page("homework-5").run(cell, **SHORT_POLE)["runs"].values()
        np.testing.assert_allclose(mine.curve.returns[:, :2], theirs.curve.returns[:, :2])


def test_homework_5_6_1_without_search_and_without_clip_both_train_and_the_answers_stay():
    page = Page("homework-5")
    no_search = (
        "def no_search(evaluate, theta, full_step, max_kl, backtracks, shrink): return theta + full_step"
    )
    surrogate = "def surrogate(ratio, advantage, clip): return ratio * advantage"
    assert page.says(f"`{no_search}`, set `my_search = no_search`")
    assert page.says(f"`{surrogate}`, set `my_objective = surrogate`")
    page.edit("given-trpo-plug-in", ("my_search = line_search", f"{no_search}\nmy_search = no_search"))
    page.edit(
        "given-ppo-plug-in", ("my_objective = clipped_objective", f"{surrogate}\nmy_objective = surrogate")
    )
    done = page.run("given-trpo-plug-in", **SHORT_POLE)
    assert done["mine"].line_search is done["no_search"]
    done = page.run("given-ppo-plug-in", **SHORT_POLE)
    assert done["mine"].clipped_objective is done["surrogate"]
