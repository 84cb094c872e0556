"""Lets the tests of this folder, and below it, import `random_problems`: pytest's importlib mode does not."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
