"""The icons of the product as one SVG sprite: Lucide's, but only those that a page can ask for."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

WEB = Path(__file__).parent
TEMPLATES = WEB.parents[1] / "templates"
QUOTED = re.compile(r"""["']([a-z][a-z0-9-]*)["']""")
DRAWN = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
SYMBOL = (
    '<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
    'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
)


def sprite() -> str:
    """One symbol for each icon; a page shows it with `<use>`, in the colour of its text."""
    symbols = "".join(SYMBOL.format(name=name, shapes=each) for name, each in icons().items())
    return f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>'


@cache
def icons() -> dict[str, str]:
    """The shapes of every icon whose name stands in quotes in a template or a module of ours.

    A few words that are no icons happen to be names of some; nobody is harmed by a kilobyte.
    """
    quoted = set(_quoted())
    archive = files("lucide").joinpath("lucide.zip").read_bytes()
    with ZipFile(BytesIO(archive)) as drawings:
        known = {name.removesuffix(".svg") for name in drawings.namelist()}
        texts = {name: drawings.read(f"{name}.svg").decode() for name in sorted(quoted & known)}
    return {name: _shapes(text) for name, text in texts.items()}


def _quoted() -> Iterator[str]:
    for path in (*TEMPLATES.rglob("*.html"), *WEB.glob("*.py")):
        yield from QUOTED.findall(path.read_text())


def _shapes(svg: str) -> str:
    drawn = DRAWN.search(svg)
    assert drawn is not None  # noqa: S101 (the library draws nothing else)
    return re.sub(r"\s+", " ", drawn[1]).strip().replace(" />", "/>").replace("> <", "><")
