"""Floor 3: one loop trains them all.

`train` (loop.py) moves a live `Training` (state.py) and returns a `Run` (run.py); `evaluate` plays episodes,
`sweep` trains many pairs, `learn` runs a method of the map, `watch` and `record` show one, `probes`
asks a critic while it learns.
"""

from rlcourse.training.boxes import learn
from rlcourse.training.evaluation import evaluate
from rlcourse.training.loop import train
from rlcourse.training.run import Curve, Run
from rlcourse.training.state import Diverged, Training
from rlcourse.training.sweep import sweep
from rlcourse.training.watching import in_own_units, record, watch

__all__ = [
    "Curve", "Diverged", "Run", "Training", "evaluate", "in_own_units", "learn", "record", "sweep", "train",
    "watch",
]  # fmt: skip
