"""Labs, predictions and live runs: the only part of the course that imports ipywidgets.

`explore` redraws a figure while a slider moves, `predict` asks before the next cell answers, `live` trains
in the background under buttons, `atlas` shows the map of methods. Where ipywidgets or a kernel is missing,
each shows its still figure and one line that says so.
"""

from rlcourse.widgets.atlas import Atlas, atlas
from rlcourse.widgets.controls import Choice, Slider, Switch
from rlcourse.widgets.lab import Lab, explore
from rlcourse.widgets.panel import Live, live
from rlcourse.widgets.prediction import Prediction, predict
from rlcourse.widgets.recording import record
from rlcourse.widgets.session import LiveRun, Session, Watcher

__all__ = [
    "Atlas", "Choice", "Lab", "Live", "LiveRun", "Prediction", "Session", "Slider", "Switch", "Watcher",
    "atlas", "explore", "live", "predict", "record",
]  # fmt: skip
