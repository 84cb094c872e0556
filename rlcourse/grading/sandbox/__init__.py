"""A process that holds no answers, for the code of a student: values cross its pipe, code does not.

`confinement.py` says what it may use and see, `fork_server.py` starts it, `child.py` talks with it; the files
of `inside/` run in it. Nothing is handed on here: `check` needs the observer alone, and no psutil.
"""
