"""Pages: the template environment of each language, and the one way to render."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import lucide.jinja
from babel import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from whalefall import __version__
from whalefall.auth import PERMISSIONS, Actor
from whalefall.domain.engines import ENGINES
from whalefall.web import charts, formats
from whalefall.web.assets import asset_url
from whalefall.web.languages import LANGUAGES, Language, language_of, translations
from whalefall.web.words import AGES, problem_title, stage, word

TEMPLATES = Path(__file__).parents[2] / "templates"
THEMES = ("light", "dark")
DENSITIES = ("compact", "relaxed")
HEADERS = {"Vary": "HX-Request, HX-Target, Cookie", "Cache-Control": "private, no-store"}


def render(
    request: Request,
    template: str,
    *,
    block: str | None = None,
    status: int = 200,
    push: str = "",
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> HTMLResponse:
    """The whole page; or only the block that `block` or the request's HX-Target names.

    `push` is the address that the browser shows after a block was swapped.
    """
    page = environment(language_of(request), _zone(request)).get_template(template)
    context = {**_frame(request), "status": status, **values}
    name = block or _wanted(request)
    sent = {**HEADERS, **(headers or {})}
    if name not in page.blocks:
        return HTMLResponse(page.render(context), status, sent)
    if push:
        sent["HX-Push-Url"] = push
    text = "".join(page.blocks[name](page.new_context(context)))
    return HTMLResponse(text, status, sent)


def is_fragment(request: Request) -> bool:
    """Whether htmx asks for a part of a page, not for the page itself."""
    return (
        request.headers.get("hx-request") == "true"
        and request.headers.get("hx-history-restore-request") != "true"
    )


def redirect(request: Request, url: str) -> Response:
    """See other: 303, and for htmx a navigation of the whole window."""
    if is_fragment(request):
        return Response(status_code=204, headers={"HX-Redirect": url, **HEADERS})
    return RedirectResponse(url, 303, HEADERS)


def query(path: str, values: Mapping[str, object], **changes: object) -> str:
    """`path` with the given query, without what is empty; lists repeat their name."""
    merged = {**values, **changes}
    pairs = [(k, v) for k, v in merged.items() if v not in (None, "", [], ())]
    return f"{path}?{urlencode(pairs, doseq=True)}" if pairs else path


@cache
def environment(language: Language, zone: str) -> Environment:
    """The templates in one language and time zone."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = translations(language)
    made.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(_filters(language, zone, catalogue.gettext))
    made.globals.update(
        asset=asset_url,
        charts=charts,
        engines=ENGINES,
        engine_options=[(name, kind.label) for name, kind in ENGINES.items()],
        icon=_icon,
        languages=LANGUAGES,
        query=query,
        version=__version__,
        now=lambda: datetime.now(UTC),
    )
    for name in ("ui", "draw"):
        made.globals[name] = made.get_template(f"{name}.html").module
    return made


def _filters(language: Language, zone: str, gettext: Any) -> dict[str, Any]:
    locale = Locale.parse(language.locale)

    def ago(value: datetime) -> str:
        unit, count = formats.span(datetime.now(UTC) - value)
        return str(gettext(AGES[unit])) % {"count": count}

    def day(value: date) -> str:
        return formats.day(value, locale)

    return {
        "ago": ago,
        "bytes": partial(formats.measure, locale=locale),
        "number": partial(formats.number, locale=locale),
        "percent": partial(formats.percent, locale=locale),
        "datetime": partial(formats.moment, locale=locale, zone=ZoneInfo(zone)),
        "day": day,
        "elapsed": partial(formats.elapsed, locale=locale),
        "word": lambda value: gettext(word(value).text),
        "options": lambda values: [(value, gettext(word(value).text)) for value in values],
        "tone": lambda value: word(value).tone,
        "icon_of": lambda value: word(value).icon,
        "stage": lambda name: gettext(stage(name)),
        "problem_title": lambda code: gettext(problem_title(code)),
    }


def _frame(request: Request) -> dict[str, object]:
    """What every page knows: who reads it, how they like it, where it is."""
    actor: Actor = request.state.actor
    theme, density = request.cookies.get("theme"), request.cookies.get("density")
    return {
        "actor": actor,
        "role": _role(actor),
        "csrf_token": getattr(request.state, "csrf_token", None) or "",
        "request_id": getattr(request.state, "request_id", ""),
        "language": language_of(request),
        "theme": theme if theme in THEMES else "system",
        "density": density if density in DENSITIES else "default",
        "path": request.url.path,
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "values": {},
        "errors": {},
    }


def _role(actor: Actor) -> str:
    roles = (role for role, rights in PERMISSIONS.items() if rights == actor.permissions)
    return str(next(roles, ""))


def _wanted(request: Request) -> str:
    return request.headers.get("hx-target", "") if is_fragment(request) else ""


def _zone(request: Request) -> str:
    return str(request.app.state.settings.time_zone)


@cache
def _icon(name: str, size: int = 16, css: str = "") -> Markup:
    """A Lucide icon, drawn inline; the word beside it says what it means."""
    attributes = {"aria_hidden": "true", "focusable": "false", "stroke_width": "1.75"}
    return Markup(lucide.jinja.lucide(name, size=size, **attributes, **{"class": css}))  # noqa: S704
