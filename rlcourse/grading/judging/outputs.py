"""What a student's cells showed, for the person who marks a question about an experiment.

The judge never looks at it, for whoever hands a notebook in can write outputs as they like; and a training is
not run again. Of an output two things are kept: its text, and its pictures, which are made anew as pixels.
Everything else (HTML, scripts, SVG, widgets) is dropped. What is shown says whose it is.
"""

import base64
import binascii
import contextlib
import re
from collections.abc import Iterable

from rlcourse.grading.judging.sanitise import picture

WHOSE = "The student's own output, as handed in; nothing was run again."
LONGEST = 4_000  # characters of text for one question
PICTURES = 4  # for one question
LARGEST = 3 << 20  # characters of one picture in base64
DATA = re.compile(r"data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=\s]+)")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
Output = tuple[str, str]  # ("text", what it says) or ("picture", its bytes in base64)


def read_outputs(given: object) -> list[Output]:
    """Texts and pictures of a cell's outputs, in order; whatever has another form is left out."""
    found = []
    for output in given[:200] if isinstance(given, list) else ():
        if not isinstance(output, dict):
            continue
        data = output.get("data") if isinstance(output.get("data"), dict) else {}
        if output.get("output_type") == "stream":
            found.append(("text", joined(output.get("text"))[:LONGEST]))
        elif pictures := [joined(data.get(kind)) for kind in ("image/png", "image/jpeg") if data.get(kind)]:
            found.append(("picture", pictures[0]))
        elif pictures := DATA.findall(joined(data.get("text/html"))):
            found += [("picture", one) for one in pictures[:PICTURES]]
        elif data.get("text/plain"):
            found.append(("text", joined(data["text/plain"])[:LONGEST] + "\n"))
        elif output.get("output_type") == "error":
            error = f"{joined(output.get('ename'))}: {joined(output.get('evalue'))}"
            found.append(("text", error[:LONGEST] + "\n"))
    return [output for output in found if output[1] and len(output[1]) <= LARGEST][: 4 * PICTURES]


def joined(text: object) -> str:
    if isinstance(text, list):
        text = "".join(part for part in text if isinstance(part, str))
    return text.encode("utf-8", "replace").decode() if isinstance(text, str) else ""


def clean(outputs: Iterable[Output]) -> list[Output]:
    """The same, harmless: text that moves no terminal, pictures as PNG; within the limits of one question."""
    made, left, pictures = [], LONGEST, PICTURES
    for kind, data in outputs:
        if kind == "text" and left > 0:
            text = "".join(c for c in ESCAPE.sub("", data) if c == "\n" or c.isprintable())[:left]
            left -= len(text)
            made += [("text", text)] if text.strip() else []
        elif kind == "picture" and pictures > 0:
            with contextlib.suppress(binascii.Error, ValueError):
                png = picture(base64.b64decode(data))
                pictures -= 1 if png else 0
                made += [("picture", base64.b64encode(png).decode())] if png else []
    return made


def photographs(attachments: dict[str, bytes]) -> list[str]:
    """Pictures that were pasted into an answer, made anew as JPEG, in base64."""
    made = [picture(data, "JPEG") for data in attachments.values()]
    return [base64.b64encode(jpeg).decode() for jpeg in made if jpeg]
