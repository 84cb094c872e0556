"""`python3 -m rlcourse COMMAND`: finds the command by its file in `commands/`, and hands over to it.

It imports the standard library and `installation` only, and is written for Python 3.8: an old Python must
read it to say that it is old.
"""

from __future__ import annotations

import ast
import collections
import importlib
import os
import sys
from pathlib import Path
from typing import Sequence

from rlcourse import installation
from rlcourse.installation import OLDEST, Trouble

USAGE = """\
usage: python3 -m rlcourse COMMAND [options]

{commands}

The first start makes an environment in .venv (minutes, some GB); later starts are immediate.
{helpful} answer --help themselves.
--extra NAME, with any command, adds {extras}.
Linux without an NVIDIA card: RLCOURSE_TORCH_INDEX=<PyTorch's CPU index> saves GBs (see README.md)."""

Command = collections.namedtuple("Command", "place does takes extras starts")


def commands() -> dict[str, Command]:
    """{name: Command}, in the order of --help. Files are read, not imported: packages may be missing yet."""
    found = {}
    for path in sorted((Path(__file__).parent / "commands").glob("[!_]*.py")):
        says, functions = {"EXTRAS": ()}, set()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            name = getattr(node.targets[0], "id", "") if isinstance(node, ast.Assign) else ""
            if name in ("PLACE", "DOES", "TAKES", "EXTRAS"):
                says[name] = ast.literal_eval(node.value)
            elif isinstance(node, ast.FunctionDef):
                functions.add(node.name)
        starts = "start" in functions
        found[path.stem] = Command(says["PLACE"], says["DOES"], says["TAKES"], says["EXTRAS"], starts)
    return dict(sorted(found.items(), key=lambda pair: pair[1].place))


def usage(known: dict[str, Command]) -> str:
    """What --help prints."""
    line = "  {:7} {:41} {}".format
    lines = [line(name, command.does, command.takes) for name, command in known.items()]
    helpful = in_words([name for name, command in known.items() if not command.starts], "and")
    extras = in_words(installation.ADDABLE, "or")
    return USAGE.format(commands="\n".join(lines), helpful=helpful, extras=extras)


def in_words(names: Sequence[str], last: str) -> str:
    """a, b and c."""
    return "{} {} {}".format(", ".join(names[:-1]), last, names[-1])


def without_extras(arguments: list[str]) -> tuple[list[str], list[str]]:
    """(arguments without `--extra NAME`, the names); Trouble for a name that there is not."""
    rest, extras, words = [], [], iter(arguments)
    for word in words:
        flag, sign, name = word.partition("=")
        if flag != "--extra":
            rest.append(word)
            continue
        name = name if sign else next(words, "")
        if name not in installation.ADDABLE:
            offered = in_words(installation.ADDABLE, "or")
            raise Trouble("--extra {}: there is no such extra; give {}".format(name, offered))
        extras.append(name)
    return rest, extras


def run(name: str, command: Command, arguments: list[str], extras: list[str]) -> int:
    """Become the command; returns the exit status where a process cannot become another."""
    module = "rlcourse.commands." + name
    if command.starts:
        return importlib.import_module(module).start(arguments, extras)
    program = "import sys; from {} import main; sys.exit(main(sys.argv[1:]))".format(module)
    python = installation.environment([*command.extras, *extras])
    return installation.hand_over(python, ["-c", program] + arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run a command, or say in one line why not; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    known = commands()
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage(known))
        return 0
    command = known.get(arguments[0])
    try:
        if sys.version_info < OLDEST:
            raise Trouble(installation.old_python())
        if command is None:
            copy = "" if "grade" in known else " (in a students' copy: grading is the instructor's)"
            raise Trouble("no command {!r}: {}{}".format(arguments[0], in_words(list(known), "or"), copy))
        return run(arguments[0], command, *without_extras(arguments[1:]))
    except Trouble as trouble:
        line = str(trouble)
    except BrokenPipeError:  # nobody reads on: `python3 -m rlcourse … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        line = installation.diagnosis("its files", str(error)) if error.errno else str(error)
    except KeyboardInterrupt:
        installation.say("\nrlcourse: stopped")
        return 130
    print("rlcourse: " + line, file=sys.stderr)
    return 2 if command is None else 1


if __name__ == "__main__":
    sys.exit(main())
