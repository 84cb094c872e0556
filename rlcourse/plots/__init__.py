"""Every figure of the course, with matplotlib only: `from rlcourse import plots`.

`looks` what colours and lines mean; `canvas` figures that are redrawn in time; `curves` learning curves;
`diagrams` finite MDPs, `grids` those that are a map; `preferences` rewards over KL; `scenes` worlds, drawn,
and `films` of them; `pictures` figures shown, saved and read aloud.
"""

# ruff: noqa: I001  (a table of names is read in rows)
from rlcourse.plots.canvas import axes, begin, draw, figure, labels_fit, legend, shade, to_png
from rlcourse.plots.curves import curve_note, label_lines, learning_curve, round_limits
from rlcourse.plots.diagrams import mdp
from rlcourse.plots.films import film_html
from rlcourse.plots.grids import grid
from rlcourse.plots.looks import (
    BLACK, BLUE, COLOURS, DASH_DOT, DASHES, DOTS, GREEN, GREY, LINES, LONG, LOOKS, ORANGE, OTHERS, PURPLE,
    SKY, STYLE, VARIANTS, VERMILION, YELLOW, in_style, ink, style, styles, use,
)  # fmt: skip
from rlcourse.plots.pictures import Picture, alike, picture, save_png, show, shown, title_of
from rlcourse.plots.preferences import over_optimisation
from rlcourse.plots.scenes import cart, cart_svg, draw_scene, pendulum, pendulum_svg, scene_svg

__all__ = [
    "BLACK", "BLUE", "COLOURS", "DASHES", "DASH_DOT", "DOTS", "GREEN", "GREY", "LINES", "LONG", "LOOKS",
    "ORANGE", "OTHERS", "PURPLE", "SKY", "STYLE", "VARIANTS", "VERMILION", "YELLOW", "Picture", "alike",
    "axes", "begin", "cart", "cart_svg", "curve_note", "draw", "draw_scene", "figure", "film_html",
    "grid", "in_style", "ink", "label_lines", "labels_fit", "learning_curve", "legend", "mdp",
    "over_optimisation", "pendulum", "pendulum_svg", "picture", "round_limits", "save_png", "scene_svg",
    "shade", "show", "shown", "style", "styles", "title_of", "to_png", "use",
]  # fmt: skip
