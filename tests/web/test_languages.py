"""English and Chinese."""

from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from starlette.requests import Request

from whalefall.errors import Problem
from whalefall.web.languages import CATALOGUES, CHINESE, ENGLISH, language_of, translations

ROOT = Path(__file__).parents[2]
# What is said to programs alone, or on a terminal: the pages never show it.
UNSEEN = ("schema", "resolvers/graph", "demo", "embedded")
PLACES = {
    ROOT / "templates": [("**.html", "jinja2.ext:babel_extract")],
    ROOT / "whalefall": [*((f"{part}/**", "ignore") for part in UNSEEN), ("**.py", "python")],
}
PROBLEMS = ("Problem", *(kind.__name__ for kind in Problem.__subclasses__()))
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "N_": None,
    "said": None,
    "counted": (1, 2),
    **dict.fromkeys(PROBLEMS, (1,)),
}


def asked(**headers: str) -> Request:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": sent})


def messages() -> set[str]:
    """Every message id in templates and code, the first form of plurals."""
    found = set()
    for place, methods in PLACES.items():
        for _, _, message, _, _ in extract_from_dir(place, methods, keywords=KEYWORDS):
            found.add(message if isinstance(message, str) else message[0])
    return found


def test_every_message_is_translated_and_none_is_left_over() -> None:
    path = CATALOGUES / CHINESE.locale / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as source:
        catalogue = read_po(source)
    known = {m.id if isinstance(m.id, str) else m.id[0] for m in catalogue if m.id and m.string}

    assert known == messages()


def test_translations_keep_their_placeholders() -> None:
    path = CATALOGUES / CHINESE.locale / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as source:
        broken = [error for message in read_po(source) for error in message.check()]

    assert broken == []


def test_a_message_is_found_in_the_compiled_catalogue() -> None:
    assert translations(CHINESE).gettext("Instances") == "实例"
    assert translations(ENGLISH).gettext("Instances") == "Instances"


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("zh", "zh-CN"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("de,en;q=0.5,zh;q=0.7", "zh-CN"),
        ("fr", "en"),
        ("zh;q=0, en", "en"),
        ("zh;q=much", "en"),
        ("", "en"),
    ],
)
def test_the_first_accepted_language_that_we_speak_is_taken(header: str, tag: str) -> None:
    assert language_of(asked(accept_language=header)).tag == tag


def test_the_readers_own_choice_comes_first() -> None:
    assert language_of(asked(accept_language="en", cookie="lang=zh-CN")) == CHINESE
    assert language_of(asked(accept_language="en", cookie="lang=xx")) == ENGLISH
