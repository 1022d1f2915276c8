"""Pages: the template environment of each language, and the one way to render."""

import json
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel import Locale
from babel.support import NullTranslations
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from whalefall import __version__
from whalefall.auth import PERMISSIONS, Actor
from whalefall.crypto import masked
from whalefall.domain import charts
from whalefall.domain.engines import ENGINES
from whalefall.domain.preferences import NO_PREFERENCES, Density, Preferences, Theme
from whalefall.web import formats
from whalefall.web.assets import asset_url
from whalefall.web.jinja import QuickContext, Short, icon
from whalefall.web.languages import (
    ENGLISH,
    LANGUAGES,
    Language,
    language_of,
    translations,
)
from whalefall.web.messages import in_words, recalled
from whalefall.web.packing import packed
from whalefall.web.words import AGES, AHEAD, problem_title, stage, word

TEMPLATES = Path(__file__).parents[2] / "templates"
BASE = "base.html"
ZONE: ContextVar[ZoneInfo] = ContextVar("zone")  # of whom the page in hand is for
ASIDE = ("modal_root", "toasts")  # what opens there leaves the browser's address as it is
HEADERS = {
    "Vary": "HX-Request, HX-Target, Cookie, Accept-Encoding",
    "Cache-Control": "private, no-store",
}


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
    page = environment(language_of(request)).get_template(template)
    ZONE.set(ZoneInfo(_zone(request)))  # environments are too big to keep one for each zone
    context = {**_frame(request), "status": status, **values}
    name = block or _wanted(request)
    sent = {**HEADERS, **(headers or {})}
    if name in ASIDE:
        sent["HX-Push-Url"] = "false"  # of a boosted link htmx asks the answer alone
    if name not in page.blocks:
        return packed(request, page.render(context), status, sent)
    if push:
        sent["HX-Push-Url"] = push
    text = "".join(page.blocks[name](page.new_context(context)))
    return packed(request, text, status, sent)


def part(request: Request, template: str, block: str, values: Mapping[str, object]) -> str:
    """One of the two halves of a whole page: `frame`, which knows no rows, or `page`."""
    templates = environment(language_of(request))
    page, base = templates.get_template(template), templates.get_template(BASE)
    ZONE.set(ZoneInfo(_zone(request)))
    context = page.new_context({**_frame(request), "status": 200, **values})
    for name, inherited in base.blocks.items():
        context.blocks.setdefault(name, []).append(inherited)
    return "".join(base.blocks[block](context))


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


def done(
    request: Request,
    url: str,
    *,
    changed: str,
    title: str,
    text: str = "",
    tone: str = "ok",
    **values: object,
) -> Response:
    """The answer to a deed that went well: 303 to `url`, or for htmx a toast on the same page.

    Dialogs close, and every block that follows the noun `changed` (`ui.follows`) asks for itself
    again. `title` and `text` are marked with N_; `values` fill their %(name)s.
    """
    if not is_fragment(request):
        return RedirectResponse(url, 303, HEADERS)
    said: dict[str, Any] = {"tone": tone, "title": title, "text": text, "values": values}
    return render(request, "done.html", block="done", headers=changing(changed), **said)


def changing(noun: str) -> dict[str, str]:
    """The headers of a toast by which dialogs close and what follows the noun asks again."""
    events = {"modal:close": True, f"{noun}:changed": True}
    return {"HX-Reswap": "none", "HX-Trigger": json.dumps(events)}


def query(path: str, values: Mapping[str, object], **changes: object) -> str:
    """`path` with the given query, without what is empty; lists repeat their name."""
    merged = {**values, **changes}
    pairs = [(k, v) for k, v in merged.items() if v not in (None, "", [], ())]
    return f"{path}?{urlencode(pairs, doseq=True)}" if pairs else path


@cache
def environment(language: Language) -> Environment:
    """The templates in one language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", Short],
        auto_reload=False,  # or each include looks at its file again
    )
    made.context_class = QuickContext
    catalogue = translations(language)
    made.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(_filters(language, catalogue), said=partial(_said, language))
    made.filters["said_options"] = partial(_said_options, language)
    made.globals.update(
        asset=asset_url,
        charts=charts,
        engines=ENGINES,
        engine_options=[(name, kind.label) for name, kind in ENGINES.items()],
        icon=icon,
        languages=LANGUAGES,
        query=query,
        version=__version__,
        now=lambda: datetime.now(UTC),
    )
    for name in ("ui", "draw"):
        made.globals[name] = made.get_template(f"{name}.html").module
    return made


def _filters(language: Language, catalogue: NullTranslations) -> dict[str, Any]:
    locale, gettext, ngettext = Locale.parse(language.locale), catalogue.gettext, catalogue.ngettext
    size = partial(formats.measure, locale=locale)

    def trend(line: charts.Spark) -> str:
        ends = {"first": size(int(line.first)), "last": size(int(line.last))}
        days = ngettext("%(num)s daily reading", "%(num)s daily readings", line.count)
        span = gettext("from %(first)s to %(last)s") % ends
        return f"{span} · {days % {'num': line.count}}"

    def ago(value: datetime) -> str:
        unit, count = formats.span(datetime.now(UTC) - value)
        return str(gettext(AGES[unit])) % {"count": count}

    def ahead(value: datetime) -> str:
        unit, count = formats.span(value - datetime.now(UTC))
        return str(gettext(AHEAD[unit])) % {"count": count}

    def day(value: date) -> str:
        return formats.day(value, locale)

    def moment(value: datetime) -> str:
        return formats.moment(value, ZONE.get())

    return {
        "ago": ago,
        "ahead": ahead,
        "bytes": size,
        "axis": partial(formats.axis, locale=locale),
        "number": partial(formats.number, locale=locale),
        "tally": partial(formats.tally, locale=locale),
        "percent": partial(formats.percent, locale=locale),
        "datetime": moment,
        "iso": lambda value: f"{value.isoformat()[:19]}Z",  # our own times are all of UTC
        "day": day,
        "trend": trend,
        "elapsed": partial(formats.elapsed, locale=locale),
        "word": lambda value: gettext(word(value).text),
        "options": lambda values: [(value, gettext(word(value).text)) for value in values],
        "tone": lambda value: word(value).tone,
        "icon_of": lambda value: word(value).icon,
        "stage": lambda name: gettext(stage(name)),
        "problem_title": lambda code: gettext(problem_title(code)),
    }


def _said_options(language: Language, choices: Mapping[str, str]) -> list[tuple[str, str]]:
    """Values with what they are called, for a list to choose from."""
    return [(value, _said(language, text)) for value, text in choices.items()]


def _said(language: Language, text: str | None) -> str:
    """A problem's message or hint, fresh or stored; what cannot be translated is marked English."""
    told = in_words(translations(language), recalled(text))
    if told and told == text and language != ENGLISH:
        return Markup('<span lang="{}">{}</span>').format(ENGLISH.tag, told)
    return told


def _frame(request: Request) -> dict[str, object]:
    """What every page knows: who reads it, how they like it, where it is."""
    actor: Actor = request.state.actor
    liked = _liked(request)
    return {
        "actor": actor,
        "role": _role(actor),
        "csrf_token": masked(getattr(request.state, "csrf_token", None) or ""),
        "request_id": getattr(request.state, "request_id", ""),
        "language": language_of(request),
        "theme": _chosen(request, "theme", liked.theme, list(Theme)) or "system",
        "density": _chosen(request, "density", liked.density, list(Density)) or "default",
        "zone": _zone(request),
        "uses_keys": liked.uses_keys,
        "rail": request.cookies.get("rail", ""),
        "in_dialog": _wanted(request) == "modal_root",
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


def _liked(request: Request) -> Preferences:
    liked: Preferences = getattr(request.state, "preferences", NO_PREFERENCES)
    return liked


def _chosen(request: Request, name: str, own: str | None, known: list[str]) -> str | None:
    """What the person chose for themselves, or else somebody in this browser."""
    cookie = request.cookies.get(name)
    return own or (cookie if cookie in known else None)


def _zone(request: Request) -> str:
    return _liked(request).time_zone or str(request.app.state.settings.time_zone)
