"""Nothing that a student wrote acts in an instructor's browser, and mathematics stays what it was."""

import io
from html.parser import HTMLParser

import pytest

nbconvert = pytest.importorskip("nbconvert", reason="NOT CHECKED: nbconvert is not installed")
from nbformat.v4 import new_markdown_cell, new_notebook  # noqa: E402

from rlcourse.grading.judging.sanitise import picture, sanitised  # noqa: E402

ATTACKS = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<SCRIPT\n>alert(1)</SCRIPT>",
    "<svg onload=alert(1)>",
    "<svg><script xlink:href='data:,alert(1)'/></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<b onmouseover=alert(1)>x</b>",
    "<b/onmouseover=alert(1)>x</b>",
    "<p style='position:fixed;inset:0;background:url(javascript:alert(1))'>x</p>",
    "<style>* { display: none }</style>",
    "<link rel=stylesheet href=//evil.example>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<form action=/formgrader/api><input type=submit></form>",
    "<object data=javascript:alert(1)></object>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?php <img src=x onerror=alert(1)> ?>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<xss id=x tabindex=1 onfocus=alert(1)></xss>",
    "<a href=javascript:alert(1)>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x]( javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](java&#115;cript:alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x][y]\n\n[y]: javascript:alert(1)",
    "[x][y]\n\n[y]:\n  javascript:alert(1)",
    "[y]\n\n[y]: <javascript:alert(1)> 'title'",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](/hub/logout)",
    "![x](https://evil.example/who.png)",
    "![x][y]\n\n[y]: https://evil.example/who.png",
    '![x" onerror="alert(1)](x)',
    "[x](http://a \"t' onclick='alert(1)\")",
    '[x](http://a/"onclick=alert(1))',
    "```mermaid\n</pre><img src=x onerror=alert(1)>\n```",
    "```mermaid\n&lt;/pre&gt;\n<img src=x onerror=alert(1)>\n```",
    '```"onmouseover=alert(1)\nx\n```',
    "$</span><img src=x onerror=alert(1)>$",
    "$$\n<script>alert(1)</script>\n$$",
    "\\begin{x}<img src=x onerror=alert(1)>\\end{x}",
    "\\\\[<img src=x onerror=alert(1)>\\\\]",
    "$`<img src=x onerror=alert(1)>`$",
    "`$`<img src=x onerror=alert(1)>`$`",
    "    <img src=x onerror=alert(1)>",
    "# <img src=x onerror=alert(1)>",
    "# x <b onclick=alert(1)> y",
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    "&lt;img src=x onerror=alert(1)&gt;",
    "&#60;img src=x onerror=alert(1)&#62;",
    "&amp;lt;script&amp;gt;alert(1)",
    "<\nimg src=x onerror=alert(1)>",
    "<​img src=x onerror=alert(1)>",
    "<<b>img src=x onerror=alert(1)>",
    "<<script>script>alert(1)<</script>/script>",
    "<b<script>alert(1)</script>",
    "</div></div></div><div class='panel'>",
    "<details><summary>all that follows is hidden",
    "<table>",
    "<pre>",
    "</p></li></ul></table>",
    "$\\href{javascript:alert(1)}{x}$",
    "$\\style{position:fixed}{x}$",
    "&#36;\\href{javascript:alert(1)}{x}&#36;",
    "<img src=x onerror=alert(1)>\n" * 2000,
    "[" * 20_000,
    "$" * 40_000,
    "*" * 40_000,
    "> " * 5_000 + "<img src=x onerror=alert(1)>",
    "\0<img src=x onerror=alert(1)>",
    "<im\0g src=x onerror=alert(1)>",
]
TAGS = {
    "a",
    "p",
    "b",
    "i",
    "em",
    "strong",
    "u",
    "s",
    "del",
    "ins",
    "sub",
    "sup",
    "small",
    "mark",
    "br",
    "hr",
    "code",
    "pre",
    "kbd",
    "blockquote",
    "ul",
    "ol",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "details",
    "summary",
    "div",
    "span",
    "img",
}


class Acting(HTMLParser):
    """Whatever in a page could act: a tag, an attribute or a scheme that plain text does not need."""

    def __init__(self):
        super().__init__()
        self.found, self.depth = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in TAGS:
            self.found.append(tag)
        if tag not in ("br", "hr", "img"):
            self.depth.append(tag)
        for name, value in attrs:
            if name not in ("href", "class", "id", "alt", "title", "src", "style", "start"):
                self.found.append(name)
            if name == "href" and (":" in value or value.startswith("/")):
                good = value.lower().startswith(("http://", "https://", "mailto:"))
                self.found += [] if good else [value]
            if name == "src" and not value.startswith("data:image/"):
                self.found.append(value)
            if name == "style" and not value.startswith("text-align"):
                self.found.append(value)

    def handle_endtag(self, tag):
        if tag not in ("br", "hr", "img") and (not self.depth or self.depth.pop() != tag):
            self.found.append(f"unbalanced {tag}")

    def handle_comment(self, data):
        self.found.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def acts(markdown):
    """What acts in the page that nbconvert makes of a cell."""
    cell = new_markdown_cell(markdown)
    exporter = nbconvert.HTMLExporter(template_name="basic")
    page, _ = exporter.from_notebook_node(new_notebook(cells=[cell]))
    page = page[page.index("<div") :]
    parser = Acting()
    parser.handle_startendtag = parser.handle_starttag
    parser.feed(page.replace('data-mime-type="text/markdown"', "").replace("tabindex=0", "", 1))
    parser.close()
    found = list(parser.found)
    return found + [f"open {tag}" for tag in parser.depth] + [w for w in ("\\href", "\\style") if w in page]


def test_the_oracle_sees_what_acts():
    assert acts("plain *text*, $a<b$, [x](https://example.org)") == []
    for attack in ("<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "<svg onload=alert(1)>"):
        assert acts(attack), attack


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda text: ascii(text[:40]))
@pytest.mark.parametrize("around", ["{}", "A proof. {}\n\nMore of it.", "- {}\n- x"])
def test_nothing_acts(attack, around):
    assert acts(sanitised(around.format(attack))) == []


@pytest.mark.parametrize(
    "text",
    [
        "For every $a<b$ we have $$x<y\\le z$$ and $a<b>c$.",
        "By Jensen, *hence* **equal**; see [the note](https://example.org/a?b=c&d=e).\n\n1. one\n2. two\n",
        "| a | b |\n|---|:-:|\n| 1 | 2 |\n",
        "```python\nif x < y: print('&')\n```\n",
        "\\begin{align}\na &< b \\\\\n&\\le c\n\\end{align}",
        "x<sub>i</sub> and H<sub>2</sub>O<br>a new line, <b>bold</b>",
        "a < b > c, 5 > 3, E[X] <= 4, ü, 漢字, &nbsp; &alpha;",
        "> a quotation\n\n# A heading\n\n---\n",
    ],
)
def test_mathematics_and_markdown_are_shown_as_they_were_meant(text):
    from nbconvert.filters import markdown2html_mistune

    def shown(source):
        return markdown2html_mistune(source).replace("&lt; ", "&lt;")

    assert shown(sanitised(text)) == shown(text)


def test_a_picture_is_made_anew_and_what_stood_behind_it_is_gone():
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (3000, 20), (200, 10, 10)).save(stream, format="JPEG")
    made = picture(stream.getvalue() + b"<script>alert(1)</script>")
    assert made.startswith(b"\x89PNG") and b"script" not in made
    with Image.open(io.BytesIO(made)) as image:
        assert image.size == (1600, 11) and image.getpixel((5, 5))[0] > 180


@pytest.mark.parametrize(
    "data", [b"", b"<svg onload=alert(1)/>", b"\x89PNG\r\n\x1a\n" + bytes(50), b"x" * 9_000_000]
)
def test_what_is_no_picture_is_dropped(data):
    assert picture(data) is None


def test_a_picture_bomb_is_dropped_before_it_is_unpacked():
    import struct
    import zlib

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    assert picture(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000)))) is None


def test_an_attachment_stays_only_where_it_was_handed_in():
    assert "![photo](attachment:a.png)" in sanitised("![photo](attachment:a.png)", {"a.png": b""})
    assert "not handed in" in sanitised("![photo](attachment:a.png)")
