"""In the root of an nbgrader course, nbgrader scores with the course's judge: `build` puts a copy there.

nbgrader's own commands and formgrader stay as they are; see rlcourse/grading/README.md.
"""

from rlcourse.grading.nbgrader import configure

c = get_config()  # noqa: F821  (nbgrader defines it)
c.CourseDirectory.course_id = "rlcourse"
configure(c)
# c.Judge.unsandboxed = True  # only where bubblewrap cannot run; every graded cell then says so
