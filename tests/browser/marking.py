"""Press Formgrader's buttons and mark by hand, as an instructor does."""

# Typed before marks and comments have come, nothing is stored. `formgrader.loaded` waits for MathJax, which
# comes from the internet: without that it is never true.
READY = "window.formgrader?.grades?.loaded && formgrader.comments?.loaded"


def press(page, formgrader, place, button, says):
    """Press a button in the first row of one of Formgrader's tables, and read that it went well."""
    page.goto(f"{formgrader}/{place}")
    page.locator(f"tbody tr .{button} a").first.click()
    told = page.locator(".modal.in")
    told.wait_for()
    text = told.inner_text()
    assert says in text, text[-3000:]


def open_submission(page, formgrader, homework):
    """The first submission of a homework, under Manual Grading."""
    page.goto(f"{formgrader}/gradebook/{homework}/{homework}")
    page.locator("tbody a").first.click()
    page.wait_for_function(READY)


def mark(page, answer, points, comment):
    """Points and a comment for the written answer that holds this text; returns when they are stored."""
    cell = page.locator(".nbgrader_cell", has_text=answer)
    write(page, cell.locator("input.score"), f"{points:g}", "/api/grade/")
    write(page, cell.locator("textarea.comment"), comment, "/api/comment/")


def write(page, field, text, stored):
    """Type into a field and leave it, key by key; Formgrader stores what was changed when it is left."""
    with page.expect_response(lambda told: stored in told.url and told.request.method == "PUT") as answer:
        field.click()
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
        field.evaluate("field => field.blur()")
    assert answer.value.ok
