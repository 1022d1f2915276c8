"""What problems say, in the language of the page; the API and the log keep the English."""

import re
from functools import cache

from babel.support import NullTranslations

from whalefall.errors import Sentence, said

COMMA = said(", ")
# What the database keeps is English without its parts: these are told by their words.
STORED = (
    "%(engine)s cannot be collected from yet.",
    "The account may not connect to the database %(name)s.",
    "Some objects could not be read. Missing: %(grants)s.",
    "The credential %(name)s is not active.",
    "The server did not finish within %(seconds)s seconds.",
)


def in_words(catalogue: NullTranslations, text: str | None) -> str:
    """A message or hint in the language of the catalogue; an unknown one as it is."""
    if not text:
        return ""
    if not isinstance(text, Sentence):
        return catalogue.gettext(text)
    forms, values = text.forms, text.values
    if len(forms) > 1:
        template = catalogue.ngettext(forms[0], forms[1], int(str(values["count"])))
    else:
        template = catalogue.gettext(forms[0])
    parts = {name: _part(catalogue, value) for name, value in values.items()}
    return template % parts if parts else template


def recalled(text: str | None) -> str:
    """A stored message as the sentence that it was, where one of STORED fits."""
    for template, pattern in _patterns():
        if text and (found := pattern.fullmatch(text)):
            return said(template, **found.groupdict())
    return text or ""


def _part(catalogue: NullTranslations, value: object) -> object:
    """A value inside a sentence: only what is a sentence itself is translated."""
    if isinstance(value, list):
        return catalogue.gettext(COMMA).join(str(_part(catalogue, each)) for each in value)
    return in_words(catalogue, value) if isinstance(value, Sentence) else value


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    part = re.compile(r"%\\\((\w+)\\\)s")  # as re.escape leaves it
    return [(each, re.compile(part.sub(r"(?P<\1>.+)", re.escape(each)))) for each in STORED]
