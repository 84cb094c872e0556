"""How answers are judged that are right in more than one way, or random. No file here holds an answer.

An exercise names what it needs of them; a student's copy of the course, which has no exercises but their
sheets (`grading/sheets.py`), has these files.
"""
