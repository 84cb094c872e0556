"""One file a command: `python3 -m rlcourse NAME` is `NAME.py` here, and named nowhere else.

A file says what stands in --help (`PLACE` orders the lines, `DOES`, `TAKES`) as plain literals, which are
read without importing it, and has one of two functions:

    main(arguments)     runs in the environment, which has the packages of the extras named in `EXTRAS`
    start(arguments, extras)    runs before there is one, and asks for it with what `--extra` named: the
                        standard library and `rlcourse.installation` only

Either returns the exit status. All files here keep to the grammar of Python 3.8, whose --help reads them.
"""
