"""A student's Markdown, made harmless before it is stored where an instructor's browser opens it.

Markdown is shown as HTML, with the reader's session: an `onerror` in it could call Formgrader's own API.
Two steps. First the source: a tag without attributes, of a short list, stays; every other `<` that could
begin one is parted from its letter (`$a<b$` becomes `$a< b$`, which reads the same). Then a proof: what
nbconvert makes of it is compared with what nh3, a browser's parser with an allow-list, leaves of that.
Where they differ, the cell is stored as plain text in a fence.
"""

import base64
import html
import io
import re
from html.parser import HTMLParser

import nh3

LONGEST = 50_000  # characters of a cell that are shown as Markdown; a longer one is plain text
MOST_BRACKETS = 500  # the parser's time grows with their square
PLAIN_TAGS = (
    *("b", "i", "em", "strong", "u", "s", "del", "ins", "sub", "sup", "small", "mark"),
    *("br", "hr", "p", "code", "pre", "kbd", "blockquote", "ul", "ol", "li", "table", "thead"),
    *("tbody", "tr", "th", "td", "h1", "h2", "h3", "h4", "h5", "h6", "details", "summary"),
)
TAG = re.compile(rf"</?(?:{'|'.join(PLAIN_TAGS)})\s*/?>", re.IGNORECASE)
AUTOLINK = re.compile(r"<(?:https?://|mailto:)[^\s<>\"'&`\\]+>", re.IGNORECASE)
OPENS_A_TAG = re.compile(r"<(?=[A-Za-z/!?])")
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")
# TeX commands with which MathJax makes links, classes and styles.
TEX = re.compile(
    r"\\(href|url|cssId|class|style|require|data|htmlData|texttip|mmlToken|enclose|unicode)(?![A-Za-z])"
)
IMAGE = re.compile(r"!\[(?=[^\]]*\]\s*(?:\(\s*<?\s*(?!attachment:)|\[|:|(?!\()))", re.IGNORECASE)
ATTACHMENT = re.compile(r"!\[([^\]\n]*)\]\(\s*attachment:([^)\s]+)[^)\n]*\)")


def sanitised(source: str, attachments: dict[str, bytes] | None = None) -> str:
    """The Markdown of a cell without anything that acts. `attachments`: its pictures, by name."""
    source = source.replace("\0", "")
    kept = attachments or {}
    markdown = one_pass(source, kept)
    readable = len(source) <= LONGEST and source.count("[") <= MOST_BRACKETS
    if readable and harmless(markdown, kept):
        return markdown
    return fenced(markdown)


def one_pass(source: str, attachments: dict[str, bytes]) -> str:
    markdown = decoded(source)
    markdown = TEX.sub(r"\\mathrm{\1}", markdown)
    markdown = OPENS_A_TAG.sub(lambda m: "<" if allowed(markdown, m.start()) else "< ", markdown)
    markdown = ATTACHMENT.sub(
        lambda m: m.group() if m.group(2) in attachments else "*(a picture that was not handed in)*", markdown
    )
    return IMAGE.sub(
        "[", markdown
    )  # other pictures become links: to fetch one would be a request in your name


def allowed(markdown: str, place: int) -> bool:
    return bool(TAG.match(markdown, place) or AUTOLINK.match(markdown, place))


def decoded(source: str) -> str:
    """Entities of ASCII characters as the characters, but for those that keep HTML apart from text."""

    def character(match):
        text = html.unescape(match.group())
        if text in ("<", ">", "&", '"', "'"):
            return html.escape(text)
        return text if len(text) == 1 and text.isascii() and text.isprintable() else keep(match.group(), text)

    def keep(entity, text):
        return " " if len(text) == 1 and text.isascii() else entity

    return ENTITY.sub(character, source)


def fenced(text: str) -> str:
    """Text as a block that Markdown leaves alone."""
    fence = "`" * (3 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}text\n{text.strip()}\n{fence}"


# The proof.

ATTRIBUTES = {
    "a": {"href", "class", "title"},
    "img": {"src", "alt", "title"},
    "div": {"class"},
    "span": {"class"},
    "code": {"class"},
    "ol": {"start"},
    "th": {"style"},
    "td": {"style"},
    **{f"h{n}": {"id"} for n in range(1, 7)},
}
TAGS = {*PLAIN_TAGS, "a", "img", "div", "span"}


def fine(tag: str, name: str, value: str) -> str | None:
    """nh3's question for each attribute: its value, or None to refuse it."""
    value_is_fine = {
        "href": re.match(r"(?i)(https?://|mailto:|#)", value) or not re.search(r"[:\\]|^[/\s]", value),
        "src": re.fullmatch(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=\s]*", value),
        "style": re.fullmatch(r"text-align:\s*(left|right|center)", value),
    }.get(name, True)
    return value if value_is_fine else None


def harmless(markdown: str, attachments: dict[str, bytes]) -> bool:
    """Does nh3 leave nbconvert's HTML of it as it is?"""
    page = rendered(markdown, attachments)
    if page is None:
        return False
    clean = nh3.clean(
        page,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=fine,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel=None,
    )
    return tags(page) == tags(clean)


def rendered(markdown: str, attachments: dict[str, bytes]) -> str | None:
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    data = {name: {"image/png": base64.b64encode(png).decode()} for name, png in attachments.items()}
    try:
        return MarkdownWithMath(renderer=IPythonRenderer(escape=False, attachments=data)).render(markdown)
    except Exception:  # whatever a stranger's text makes of a parser
        return None


class Tags(HTMLParser):
    """All tags of a page, in order, with their attributes."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, sorted((name, value or "") for name, value in attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("br", "hr", "img"):
            self.found.append(f"/{tag}")

    def handle_decl(self, decl: str) -> None:
        self.found.append(decl)

    handle_comment = unknown_decl = handle_pi = handle_decl


def tags(page: str) -> list:
    parser = Tags()
    parser.feed(page)
    parser.close()
    return parser.found


# Pictures.

LARGEST_PICTURE = 8 << 20  # bytes, as handed in
SIDE = 1600  # pixels, of the longer side as stored


def picture(data: bytes, form: str = "PNG") -> bytes | None:
    """A picture made anew as PNG (or JPEG, for photographs), or None.

    What is stored are pixels, whatever the file held beside them.
    """
    from PIL import Image, ImageOps

    if len(data) > LARGEST_PICTURE:
        return None
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF", "WEBP")) as image:
            if image.width * image.height > 40_000_000:
                return None
            image.draft("RGB", (SIDE, SIDE))
            made = ImageOps.exif_transpose(image).convert("RGB")
            made.thumbnail((SIDE, SIDE))
            stream = io.BytesIO()
            made.save(stream, format=form)
            return stream.getvalue()
    except Exception:  # a stranger's file
        return None
