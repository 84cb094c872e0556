"""What the sandbox mounts, file by file: holds no answers, and imports nothing of rlcourse.

`fork_server.py` starts a process for each submission, `runner.py` runs the cells in it, `observer.py` calls
the student's function and turns what it returns into numbers. The same observer serves `check` in a notebook.
"""
