"""Floor 3: one loop trains them all.

`train` (loop.py) moves a live `Training` (state.py) and returns a `Run` (run.py); `evaluate` plays episodes,
`sweep` trains many pairs, `probes` asks a critic while it learns.
"""

from rlcourse.training.evaluation import evaluate
from rlcourse.training.loop import train
from rlcourse.training.run import Curve, Run
from rlcourse.training.state import Diverged, Training
from rlcourse.training.sweep import sweep

__all__ = ["Curve", "Diverged", "Run", "Training", "evaluate", "sweep", "train"]
