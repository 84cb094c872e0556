"""`python3 -m rlcourse viva 3`: an instructor's cards, three questions an exercise, two minutes each.

They ask for what a pasted answer does not bring along. No notebook holds them.
"""

import argparse

from rlcourse.grading.exercises import EXERCISES

PLACE = 7
DOES = "print viva cards for instructors"
TAKES = "the homework's number, e.g.  viva 3"
EXTRAS = []


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m rlcourse viva", description=DOES)
    parser.add_argument("homework", type=int, help="its number")
    parser.add_argument("exercise", nargs="*", default=[], help="only these (default: all)")
    asked = parser.parse_args(arguments)
    chosen = [e for e in EXERCISES.values() if e.homework == asked.homework]
    if not chosen:
        print(f"rlcourse: there is no homework {asked.homework}")
        return 1
    if unknown := [name for name in asked.exercise if name not in [e.name for e in chosen]]:
        names = ", ".join(e.name for e in chosen)
        print(f"rlcourse: no exercise {unknown[0]} in homework {asked.homework}; there are: {names}")
        return 1
    chosen = [e for e in chosen if not asked.exercise or e.name in asked.exercise]
    for exercise in chosen:
        print(f"{exercise.name}")
        for number, question in enumerate(exercise.viva, 1):
            print(f"  {number}. {question}")
        print()
    return 0
