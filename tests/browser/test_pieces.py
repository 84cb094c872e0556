"""The pieces of a page in Chromium: head, receipts, a prediction with mathematics, code, what is folded."""

import pytest

pytestmark = pytest.mark.browser

PAGE = r"""# %% [markdown] tags=["head"]
# # Lecture 99 · A page to look at
#
# question: Does every piece of a page look as it should?
# objectives:
# - **see** the pieces
# - **compare** them
# - **use** them
# needs:
# - 07: twin critics
# - expectations
# symbols: s, \gamma
# - $\hat y$: an estimate
# homework: 3

# %% [markdown]
# ## 1 · Pieces (7 minutes)

# %%
import numpy as np
from rlcourse import plots
from rlcourse.algorithms.ddpg import DDPG
from rlcourse.algorithms.td3 import TD3
from rlcourse.equations import markov
from rlcourse.pages import beside, pseudocode, receipts, show_source
from rlcourse.widgets import predict

# %% tags=["hide"]
plots.mdp(markov.two_state(), actions=["stay", "move"])

# %%
with receipts("samples", oracle="closed form") as same:
    same(r"the maximum, $\sigma = 1$: $\sigma/\sqrt{\pi}$", 0.5642, np.pi**-0.5, 1e-3)
    same("a second claim", [1.0, 2.0], [1.0, 2.0])

# %% tags=["hide"]
predict(
    r"What is $\mathbb{E}[\max(x, y)]$ for $x, y \sim \mathcal{N}(0, \sigma^2)$?",
    {r"$\sigma/\sqrt{\pi}$": "", r"$0$": r"Is $\max$ linear?", r"$\sigma$": r"$\sqrt{\mathbb{E}x^2}$?"},
    answer=r"$\sigma/\sqrt{\pi}$",
    why=r"$\max(x, y) = \tfrac12(x + y) + \tfrac12|x - y|$.",
)

# %%
pseudocode(
    "TD3, one update",
    r'''
    draw a batch of $(s, a, r, s')$
    $\tilde a \leftarrow \mu'(s') + \epsilon$ with $\epsilon \sim \mathcal{N}(0, \tilde\sigma^2)$, clipped
    if $t \bmod d = 0$
      climb $Q_w(s, \mu(s))$
    ''',
    TD3.update,
    where={2: "next_action =", 4: "action_gradient"},
)

# %%
beside(DDPG.update, TD3.update)

# %%
show_source(TD3.update)

# %% [markdown]
# ## Further: what is folded

# %%
print("only who opens it reads this")
"""


@pytest.fixture(scope="module")
def page(open_notebook, tmp_path_factory):
    from rlcourse import notebooks

    path = tmp_path_factory.mktemp("source") / "99-pieces.py"
    path.write_text(PAGE, encoding="utf-8")
    for name in ("symbols.md", "07-td3.py"):
        (path.parent / name).write_bytes((notebooks.SOURCES / name).read_bytes())
    (path.parent / "homework").mkdir()
    (path.parent / "homework" / "homework-3.py").write_text("# # Homework 3 · DDPG and TD3\n")
    return open_notebook(path, run="all")


def test_the_mathematics_of_a_question_its_choices_and_its_verdict_is_typeset(page):
    question = page.predict(0)
    question.root.locator("mjx-container, .MathJax").first.wait_for()
    assert question.root.locator("mjx-container, .MathJax").count() >= 5  # the question, three choices
    assert "$" not in question.root.inner_text()
    page.screenshot("pieces-question")
    question.answer("B")
    page.page.wait_for_timeout(1000)
    assert "$" not in question.root.inner_text()
    page.screenshot("pieces-verdict")


def test_receipts_and_pseudocode_are_tables_with_typeset_mathematics(page):
    for kind in ("receipts", "pseudocode"):
        table = page.page.locator(f"table.rlcourse-{kind}").first
        table.scroll_into_view_if_needed()
        table.locator("mjx-container, .MathJax").first.wait_for()
        assert "$" not in table.inner_text()
        page.screenshot(f"pieces-{kind}")


def test_sources_stand_side_by_side_within_the_page(page):
    table = page.page.locator("table.rlcourse-beside")
    table.scroll_into_view_if_needed()
    page.screenshot("pieces-beside")
    output = page.page.locator(".jp-OutputArea-output", has=table).first
    assert table.bounding_box()["width"] <= output.bounding_box()["width"] + 1


def test_what_is_further_is_folded_until_it_is_opened(page):
    page.page.locator("h2", has_text="Further: what is folded").scroll_into_view_if_needed()
    page.screenshot("pieces-further")
    printed = page.page.locator(".jp-OutputArea-output", has_text="only who opens it reads this")
    assert printed.count() == 0 or not printed.is_visible()


def test_the_head_is_a_page_with_links_and_symbols(page):
    head = page.page.locator(".jp-RenderedMarkdown", has_text="Does every piece of a page").first
    head.scroll_into_view_if_needed()
    page.screenshot("pieces-head")
    head.get_by_text("Symbols of this page").click()
    head.locator("details mjx-container").first.wait_for()
    page.screenshot("pieces-symbols")
    assert "an estimate" in head.inner_text() and "$" not in head.inner_text()
