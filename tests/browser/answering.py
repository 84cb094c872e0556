"""Answer an exercise in an open homework, as a student does."""

from driving import until


def place(page, grade_id):
    """Which code cell, counted from 0, has this grade_id."""
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in page.cells()]
    return ids.index(grade_id)


def answer(page, exercise, line, mark):
    """Type a one-line answer over the blank, key by key; run it and its check. (hint, marks) as shown."""
    cell, test = place(page, exercise.name), place(page, f"test-{exercise.name}")
    page.page.locator(f"[data-code-cell='{cell}']").scroll_into_view_if_needed()
    page.page.locator(f"[data-code-cell='{cell}'] .cm-content").click()
    page.page.keyboard.press("Control+A")
    page.page.keyboard.type(f"def {exercise.signature}:\n{line}")
    until(lambda: line in source(page, cell), 3, lambda: f"typed {line!r}, there is {source(page, cell)!r}")
    page.run_cell(cell)
    page.run_cell(test)
    shown = page.page.locator(f"[data-code-cell='{test}'] .jp-OutputArea .jp-RenderedHTMLCommon").last
    until(lambda: mark in shown.inner_text(), 3, lambda: f"no {mark} in {shown.inner_text()!r}")
    return shown.inner_text(), page.text(test)


def source(page, cell):
    return "".join(page.cells()[cell]["source"])
