"""What Sphinx is told of the course's form: parts that are folded, docstrings that are plain sentences."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

SPECIAL = re.compile(r"([\\*|<>_`\[\]])")


class Folded(nodes.General, nodes.Element):
    """What stands under a heading `Further`: closed until a reader opens it."""


class FoldFurther(SphinxPostTransform):
    """The content of such a section becomes one Folded element, below its heading."""

    default_priority = 800

    def run(self, **options: Any) -> None:
        """Once a page, after its links are resolved."""
        for section in list(self.document.findall(nodes.section)):
            title = section.next_node(nodes.title)
            if (
                title is not None
                and re.match(r"(Further|Weiteres)\b", title.astext())
                and section[0] is title
            ):
                content = section[1:]
                del section[1:]
                section += Folded("", *content)


def open_folded(translator: Any, node: Folded) -> None:
    word = "Ausklappen" if translator.config.language == "de" else "Show this part"
    translator.body.append(f'<details class="rlcourse-further"><summary>{word}</summary>')


def close_folded(translator: Any, node: Folded) -> None:
    translator.body.append("</details>")


def plain_docstring(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """A docstring of the course as reStructuredText: sentences as they stand, indented lines as code.

    `code` in single backticks stays code; stars, bars and underscores are themselves.
    """
    written, in_code = [], False
    for line in lines:
        indented = bool(re.match(r"\s+\S", line))
        if indented and not in_code and (not written or not written[-1].strip()):
            written += ["::", ""]
            in_code = True
        elif line.strip() and not indented:
            if in_code:
                written.append("")
            in_code = False
        written.append(line if in_code else escaped(line.strip()))
    lines[:] = written


def escaped(line: str) -> str:
    """One line with nothing special in it but code between backticks."""
    parts = re.split(r"(`[^`\n]+`)", line)
    parts[::2] = [SPECIAL.sub(r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [f"``{part.strip('`').strip()}``\\ " for part in parts[1::2]]
    text = "".join(parts)
    return re.sub(r"^([-+•]|\d+[.)]|[a-z][.)]) ", r"\\\1 ", text)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_node(Folded, html=(open_folded, close_folded))
    app.add_post_transform(FoldFurther)
    app.connect("autodoc-process-docstring", plain_docstring)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
