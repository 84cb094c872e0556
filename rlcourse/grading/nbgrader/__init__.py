"""nbgrader with the course's judge in the place of its `Execute`."""
