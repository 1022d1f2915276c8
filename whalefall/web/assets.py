"""Static files under hashed addresses: one CSS bundle, the icons, our script, htmx with SSE."""

import gzip
import importlib.util
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from string import ascii_lowercase

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.web.icons import sprite

STATIC = Path(__file__).parent / "static"
SPRITE = "icons.svg"
FOREVER = "public, max-age=31536000, immutable"
FIRST = ("tokens", "reset", "base", "lines", "layout", "panel")  # then components

# django-htmx carries these two files; it is never imported, so Django need not be there.
CARRIER = "django_htmx"
CARRIED = {
    "htmx.js": (
        "htmx-2.min.js",
        "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de",
    ),
    "sse.js": (
        "ext/hx-sse-2.min.js",
        "98a46496de0c3605fbffdce9167ba427bdd9553184f83f149c261891a92c0136",
    ),
}
CONSTANT = re.compile(r"(--(?:space|radius|text)[\w-]*):([^;}]+);")
PROPERTY = re.compile(r"(?<![\w-])--[a-z][\w-]*")
TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class AssetsBroken(RuntimeError):
    """A file that the pages need is missing or is not the one that was reviewed."""


@dataclass(frozen=True)
class Asset:
    name: str
    content: bytes
    zipped: bytes
    digest: str

    @property
    def url(self) -> str:
        if self.name == SPRITE:
            return f"/i/{self.digest}"  # short: a list of 50 rows says it three hundred times
        return f"/static/{self.digest}/{self.name}"

    @property
    def media_type(self) -> str:
        return TYPES[self.name.rsplit(".", 1)[1]]


@cache
def manifest() -> Mapping[str, Asset]:
    """Every static file by name. Raises AssetsBroken; call it once at start to fail early."""
    files = {
        "app.css": _bundle().encode(),
        "app.js": _script().encode(),
        SPRITE: sprite().encode(),
        "favicon.svg": (STATIC / "favicon.svg").read_bytes(),
        **{name: _carried(*source) for name, source in CARRIED.items()},
    }
    return {name: _asset(name, content) for name, content in files.items()}


def asset_url(name: str) -> str:
    """The address of a static file, new whenever its content is."""
    return manifest()[name].url


async def serve_asset(request: Request) -> Response:
    asset = manifest().get(request.path_params.get("name", SPRITE))
    if asset is None or asset.digest != request.path_params["digest"]:
        raise HTTPException(404)
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(asset.content, headers=headers, media_type=asset.media_type)
    headers["Content-Encoding"] = "gzip"
    return Response(asset.zipped, headers=headers, media_type=asset.media_type)


async def serve_favicon(_request: Request) -> Response:
    """For browsers that ask without reading the page."""
    asset = manifest()["favicon.svg"]
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(asset.content, headers=headers, media_type=asset.media_type)


def _asset(name: str, content: bytes) -> Asset:
    return Asset(
        name=name,
        content=content,
        zipped=gzip.compress(content, 9, mtime=0),
        digest=sha256(content).hexdigest()[:8],
    )


def _bundle() -> str:
    """All style sheets as one, layers first, and short.

    Spaces, radii and sizes of type are the same in every theme: their values stand in their place.
    Other custom properties get short names, which no script or template knows. The blocks of the
    components follow each other, so they become one.
    """
    paths = sorted((STATIC / "css").glob("*.css"), key=_position)
    text = "\n".join(path.read_text() for path in paths)
    text = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)).strip()
    # A minus keeps its spaces, and so would a plus in calc(), which we do not use there.
    text = re.sub(r" ?([{};,>]|<=) ?| ([+~*/]) |(:) ", r"\1\2\3", text).replace(";}", "}")
    for name, value in CONSTANT.findall(text):
        text = text.replace(f"{name}:{value};", "").replace(f"var({name})", value)
    head, opened, rest = text.partition("@layer components{")
    text = re.sub(r"(?<=[ :,(])0\.", ".", head + opened + rest.replace("}" + opened, ""))
    text = re.sub(r'(?<==)"([A-Za-z][\w-]*)"(?=])', r"\1", text)
    names = Counter(PROPERTY.findall(text))
    short = {name: f"--{_short(i)}" for i, (name, _) in enumerate(names.most_common())}
    return PROPERTY.sub(lambda found: short[found[0]], text)


def _short(rank: int) -> str:
    """a to z, then ba, bb and so on."""
    rest, last = divmod(rank, 26)
    return (ascii_lowercase[rest] if rest else "") + ascii_lowercase[last]


def _script() -> str:
    """Our script without what only explains: comments, indentation, needless line ends."""
    text = (STATIC / "js" / "app.js").read_text()
    lines = (re.sub(r"(^|\s+)// .*", "", line).strip() for line in text.splitlines())
    return re.sub(r"(?<=[{;,([])\n", "", "\n".join(line for line in lines if line))


def _position(path: Path) -> tuple[int, str]:
    return (FIRST.index(path.stem) if path.stem in FIRST else len(FIRST), path.stem)


def _carried(path: str, digest: str) -> bytes:
    spec = importlib.util.find_spec(CARRIER)
    if spec is None or spec.origin is None:
        raise AssetsBroken("django-htmx is not installed: install requirements.lock.")
    static = Path(spec.origin).parent / "static" / CARRIER
    try:
        content = (static / path).read_bytes()
    except OSError as error:
        raise AssetsBroken(f"django-htmx lacks {path}: install requirements.lock.") from error
    if sha256(content).hexdigest() != digest:
        raise AssetsBroken(f"{path} of django-htmx is not the reviewed file.")
    return content


ROUTES = [
    Route("/static/{digest}/{name}", serve_asset),
    Route("/i/{digest}", serve_asset),
    Route("/favicon.ico", serve_favicon),
]
