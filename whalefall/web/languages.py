"""English and Chinese: catalogues compiled in memory at start, and the choice per request."""

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from starlette.requests import Request

from whalefall.domain.preferences import NO_PREFERENCES, Preferences

CATALOGUES = Path(__file__).parent / "locale"


@dataclass(frozen=True)
class Language:
    """`tag` is what HTML and HTTP call it, `locale` what Babel calls it."""

    tag: str
    label: str
    locale: str


ENGLISH = Language("en", "English", "en")
CHINESE = Language("zh-CN", "中文", "zh_CN")
LANGUAGES = {language.tag: language for language in (ENGLISH, CHINESE)}


def language_of(request: Request) -> Language:
    """The reader's own choice, else this browser's, else the first accepted, else English."""
    liked: Preferences = getattr(request.state, "preferences", NO_PREFERENCES)
    chosen = LANGUAGES.get(liked.language or request.cookies.get("lang", ""))
    return chosen or _accepted(request.headers.get("accept-language", ""))


@cache
def translations(language: Language) -> NullTranslations:
    """The catalogue of a language; English needs none."""
    if language == ENGLISH:
        return NullTranslations()
    compiled = BytesIO()
    path = CATALOGUES / language.locale / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, Locale.parse(language.locale)))
    compiled.seek(0)
    return Translations(compiled)


def _accepted(header: str) -> Language:
    ranked = sorted(map(_range, header.split(",")), key=lambda pair: -pair[1])
    for tag, quality in ranked:
        for language in LANGUAGES.values():
            if quality > 0 and tag.split("-")[0] == language.tag.split("-")[0]:
                return language
    return ENGLISH


def _range(text: str) -> tuple[str, float]:
    """One language range of the header with its weight; what cannot be read weighs nothing."""
    tag, _, weight = text.strip().lower().partition(";q=")
    try:
        return tag, float(weight or 1)
    except ValueError:
        return tag, 0
