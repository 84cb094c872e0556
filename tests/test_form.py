"""A page in the form of the course: its head and foot are made from what it declares; it keeps the limits."""

import re
import warnings

import pytest

from rlcourse import form, notebooks

PAGES = sorted(notebooks.SOURCES.glob("[0-9][0-9]*.py"))

DECLARED = r"""# %% [markdown] tags=["head"]
# # Lecture 02 · Noise
#
# question: One kind of noise gets the pendulum up,
#   and another does not. Why?
# objectives:
# - **derive** a line of code
# - **say** why a critic needs
#   slow copies
# needs:
# - 01: states and actions
# - 04: the policy gradient
# - expectations
# symbols: s, \gamma
# - $\theta$: rate of the noise
# homework: 3

# %% [markdown]
# ## 1 · Four paths (7 minutes)
#
# Two words $x + y$ and <b>bold</b> [link](nowhere.ipynb).
#
# <details><summary>Hint</summary> many words that are folded </details>

# %% tags=["hide"]
plots.picture(draw)

# %%
x = 1

y = 2

# %% [markdown]
# ### A detail

# %% [markdown]
# ## Further: pink noise
#
# Words that are folded.

# %%
z = 3

# %% [markdown]
# ## 2 · End (1 minute)
# ## Sources
# A book.
"""


@pytest.fixture
def folder(tmp_path):
    files = {
        "01-states.py": "# %% [markdown]\n# # Lecture 01 · States\n",
        "02-noise.py": DECLARED,
        "03-end.py": "# %% [markdown]\n# # Lecture 03 · The end\n",
        "symbols.md": "| $s$ | state |\n| $\\gamma$ | discount |\n| $\\theta$ | parameters |\n",
        "homework/homework-3.py": "# %% [markdown]\n# # Homework 3 · Noise\n",
    }
    (tmp_path / "homework").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def cells(folder):
    return notebooks.compile_source(folder / "02-noise.py").cells


def test_the_head_says_the_question_the_objectives_the_minutes_and_the_needs_with_links(cells):
    head = cells[0].source
    assert "\n# " not in head[1:].replace("\n# Lecture", "")
    for line in (
        "# Lecture 02 · Noise",
        "← [Lecture 01 · States](01-states.ipynb) · [Lecture 03 · The end](03-end.ipynb) →",
        "**Question.** One kind of noise gets the pendulum up, and another does not. Why?",
        "- **say** why a critic needs slow copies",
        "| [1 · Four paths](#1-·-Four-paths-(7-minutes)) | 7 |",
        "| together | 8 |",
        "**You need:** [Lecture 01 · States](01-states.ipynb) (states and actions); Lecture 04 (the policy "
        "gradient); expectations.",
        "| $\\gamma$ | discount |",
        "| $\\theta$ | rate of the noise (on other pages: parameters) |",
    ):
        assert line in head.splitlines()


def test_the_first_page_has_none_before_it_and_the_last_none_after(folder):
    (folder / "01-states.py").unlink()
    assert form.way(folder / "02-noise.py") == "[Lecture 03 · The end](03-end.ipynb) →"
    assert form.way(folder / "03-end.py") == "← [Lecture 02 · Noise](02-noise.ipynb)"
    (folder / "03-end.py").unlink()
    head, *_, foot = notebooks.compile_source(folder / "02-noise.py").cells
    assert "→" not in head.source and "Next" not in foot.source


def test_the_foot_leads_to_the_next_page_the_homework_and_the_sources(cells):
    foot = cells[-1]
    assert foot.metadata.tags == ["foot"]
    assert foot.source.startswith("## ")  # or it would be folded with a `## Further` above it
    assert "**Next:** [Lecture 03 · The end](03-end.ipynb)" in foot.source
    assert "[Homework 3 · Noise](../homework/homework-3.ipynb)" in foot.source
    assert "(#Sources)" in foot.source


@pytest.mark.parametrize(
    "old, new, complaint",
    [
        ("symbols: s, ", "symbols: s, s, ", r"\$s\$ has 2 meanings on this page"),
        ("$\\theta$: rate", "$s$: rate", r"\$s\$ has 2 meanings on this page"),
        ("symbols: s, ", "symbols: q, ", r"\$q\$ is not in the glossary"),
        ("question: One", "questions: One", "under none of question, objectives"),
        ("homework: 3", "homework: 9", "homework 9, which has no source"),
        ("- $\\theta$: rate of the noise", "- theta, a rate", "should read"),
    ],
)
def test_a_wrong_declaration_is_refused_with_the_file_and_the_reason(folder, old, new, complaint):
    path = folder / "02-noise.py"
    path.write_text(DECLARED.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=r"02-noise\.py: .*" + complaint):
        notebooks.compile_source(path)


def test_a_glossary_gives_no_symbol_two_meanings(folder):
    (folder / "symbols.md").write_text("| $s$ | state |\n| $ s $ | spring |\n", encoding="utf-8")
    with pytest.raises(ValueError, match="s has two rows"):
        form.glossary(folder / "symbols.md")


def test_the_courses_glossary_is_read_whole():
    path = notebooks.SOURCES / "symbols.md"
    rows = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("| $")]
    assert len(form.glossary(path)) == len(rows) > 30


def test_further_parts_are_folded_and_cells_with_the_tag_hide_show_no_code(cells):
    folded = [cell.source for cell in cells if cell.metadata.get("jp-MarkdownHeadingCollapsed")]
    assert [text.split("\n")[0] for text in folded] == ["## Further: pink noise"]
    assert [c.source for c in cells if c.metadata.get("jupyter", {}).get("source_hidden")] == [
        "plots.picture(draw)"
    ]


def test_what_is_hidden_folded_or_made_by_build_does_not_count_as_length(cells):
    # 1 · Four paths (7 minutes) | Two words formula and bold link | A detail | 2 · End (1 minute)
    assert form.length(cells) == form.Length(words=5 + 6 + 2 + 4, code=2, picture=2, minutes=8)


def test_a_picture_counts_where_it_is_drawn_and_not_where_its_function_is_defined(folder):
    path = folder / "03-end.py"
    path.write_text("# %% [markdown]\n# # A\n\n# %%\ndef f():\n    plots.show(1)\n\n# %%\nf()\nlive(2)\n")
    assert form.length(notebooks.compile_source(path).cells).picture == 2


def test_headings_begin_slides(cells):
    kinds = [cell.metadata.get("slideshow", {}).get("slide_type") for cell in cells]
    assert kinds == ["slide", "slide", None, None, "subslide", "slide", None, "slide", "skip"]


def test_the_table_marks_what_is_too_long_and_says_loudly_which_page_is_not_in_the_form(folder, cells):
    old = notebooks.compile_source(folder / "01-states.py").cells
    long = notebooks.compile_source(folder / "02-noise.py").cells
    long[1].source += " word" * 2000
    lines = form.table({"01": old, "02": cells, "long": long}).splitlines()
    assert lines[0].split() == ["page", "words", "code", "picture", "minutes"]
    assert lines[1].split() == ["at", "most", "2000", "200", "5", "90"]
    assert lines[2].endswith("NOT IN THE FORM OF A PAGE: it has no head")
    assert lines[3].split() == ["02", "17", "2", "2", "8"]
    assert "2017!" in lines[4]
    assert form.too_long(form.length(long)) == ["words: 2017, at most 2000"]


def test_a_greek_letter_without_a_meaning_is_found(cells, folder):
    head = form.read_head(cell_source(folder), form.glossary(folder / "symbols.md"))
    assert form.undeclared(cells, head) == []
    cells[1].source += r" $\gamma + \theta_1 + \rho \bar x$"
    assert form.undeclared(cells, head) == ["rho"]


def cell_source(folder):
    text = (folder / "02-noise.py").read_text(encoding="utf-8").split("\n\n# %%")[0]
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in text.splitlines()[1:])


# The pages of the course

NEW = [path for path in PAGES if 'tags=["head"]' in path.read_text(encoding="utf-8").split("\n")[0]]


def test_pages_that_are_not_yet_in_the_form_are_named():
    old = [path.stem for path in PAGES if path not in NEW]
    if old:
        warnings.warn(f"NOT IN THE FORM OF A PAGE, so not held to it: {', '.join(old)}", stacklevel=1)
    assert all(form.is_new(notebooks.compile_source(path).cells) for path in NEW)


@pytest.mark.parametrize("path", NEW, ids=lambda path: path.stem)
def test_a_page_keeps_the_limits_of_its_form(path):
    cells = notebooks.compile_source(path).cells
    assert not form.too_long(form.length(cells))
    sections = [title for title in form.headings(cells) if re.match(r"\d", title)]
    assert sections and all(form.minutes(title) for title in sections), "`## 1 · Title (7 minutes)`"
    assert 3 <= cells[0].source.split("**You need:**")[0].count("\n- ") <= 5, "three to five objectives"


def test_no_formula_of_a_table_has_the_bar_that_parts_its_columns():
    """JupyterLab takes formulas out first and shows the table; nbconvert, for slides, parts the row there."""
    rows = 0
    for path in [*notebooks.SOURCES.rglob("*.py"), *notebooks.SOURCES.glob("*.md")]:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = line.removeprefix("#").strip()
            if row.startswith("|") and row.endswith("|"):
                rows += 1
                found = [one for one in re.findall(r"\$[^$]*\$", row) if re.search(r"(?<!\\)\|", one)]
                assert not found, f"{path.name}: {found[0]}: write \\lvert … \\rvert, or \\mid"
    assert rows > 100


@pytest.mark.parametrize("path", NEW, ids=lambda path: path.stem)
def test_every_greek_letter_of_a_page_is_among_its_symbols(path):
    import jupytext

    declared = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent").cells[0].source
    head = form.read_head(declared, form.glossary(path.parent / "symbols.md"))
    assert form.undeclared(notebooks.compile_source(path).cells, head) == []
