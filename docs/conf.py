"""Sphinx's settings for the site; `python3 -m rlcourse site` fills the folder and calls Sphinx."""

import os

project = "rlcourse"
author = "The rlcourse contributors"
copyright = "The rlcourse contributors: code MIT, text and figures CC BY 4.0"
language = os.environ.get("RLCOURSE_LANGUAGE", "en")
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "rlcourse.site.extension"]
exclude_patterns = ["locales", "_static"]
locale_dirs, gettext_compact = ["locales"], False

# The pages have been run; their outputs are HTML, Markdown or text.
nb_execution_mode = "off"
nb_merge_streams = True
nb_output_stderr = "remove"
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 4
myst_heading_slug_func = "rlcourse.form.anchor"
# Outputs are HTML with links of their own; `rlcourse.site.tree` has checked them.
suppress_warnings = ["myst.header"]

# One MathJax for sentences and for the HTML of outputs, which write mathematics between dollars.
myst_update_mathjax = False
mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {
    "tex": {"inlineMath": [["\\(", "\\)"], ["$", "$"]], "displayMath": [["\\[", "\\]"], ["$$", "$$"]]},
    "options": {
        "ignoreHtmlClass": "tex2jax_ignore",
        "enableMenu": False,
    },
}

html_theme = "sphinx_book_theme"
html_title = "rlcourse"
html_static_path = ["_static"]
html_css_files = ["page.css", "site.css"]
html_js_files = [(name, {"defer": "defer"}) for name in ("panels.js", "site.js")]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # a page that is opened from a file may not fetch others
html_domain_indices = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "home_page_in_toc": False,
    "show_navbar_depth": 1,
    "show_toc_level": 2,
}

autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
