"""Checks of what people enter: each returns the clean value or raises BadInput with its field."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from whalefall.domain.database_rules import compiled
from whalefall.domain.engines import ENGINES, Engine, engine_named
from whalefall.domain.tls import Tls
from whalefall.errors import BadInput, said

Check = Callable[[str, Any], Any]  # (field, value) -> clean value
LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
MOST_PATTERNS = 50
TAG_NAME = re.compile(r"[A-Za-z0-9_-]+")


class Problems(BadInput):
    """Everything that is wrong with an input at once; as a single Problem it is the first."""

    def __init__(self, problems: list[BadInput]) -> None:
        first = problems[0]
        super().__init__(first.message, code=first.problem_code, field=first.field, hint=first.hint)
        self.problems = problems


def checked(values: Mapping[str, Any], checks: Mapping[str, Check]) -> dict[str, Any]:
    """The clean values of an input. Raises Problems with everything that is wrong with it."""
    clean: dict[str, Any] = {}
    problems: list[BadInput] = []
    for name, value in values.items():
        try:
            clean[name] = checks[name](name, value)
        except BadInput as problem:
            problems.append(problem)
    if problems:
        raise Problems(problems)
    return clean


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold the text: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def line(maximum: int) -> Callable[[str, str | None], str]:
    """A required text of one line, trimmed."""

    def check(field: str, text: str | None) -> str:
        text = (text or "").strip()
        if not 1 <= len(text) <= maximum:
            raise BadInput(said("Enter 1 to %(maximum)s characters.", maximum=maximum), field=field)
        if not text.isprintable():
            raise BadInput("Leave out control characters.", field=field)
        return text

    return check


def optional_line(maximum: int) -> Callable[[str, str | None], str | None]:
    """A text of one line, trimmed; blank is null."""
    required = line(maximum)
    return lambda field, text: required(field, text) if (text or "").strip() else None


def optional_text(maximum: int) -> Callable[[str, str | None], str | None]:
    """A text of several lines, trimmed; blank is null."""

    def check(field: str, text: str | None) -> str | None:
        text = (text or "").strip()
        if len(text) > maximum:
            raise BadInput(
                said("Enter at most %(maximum)s characters.", maximum=maximum), field=field
            )
        if not is_storable(text):
            raise BadInput("Leave out control characters.", field=field)
        return text or None

    return check


def secret(field: str, text: str | None) -> str:
    """A password for somebody else's system: kept as it is, so nothing is trimmed."""
    if not 1 <= len(text or "") <= 128:
        raise BadInput(said("Enter 1 to %(maximum)s characters.", maximum=128), field=field)
    if text is None or not is_storable(text):
        raise BadInput("Leave out control characters.", field=field)
    return text


def tag_name(field: str, text: str | None) -> str:
    """A code that stands in query strings and, joined by commas or semicolons, in CSV cells."""
    text = line(50)(field, text)
    if not TAG_NAME.fullmatch(text):
        raise BadInput("Use ASCII letters, digits, - and _ only.", field=field)
    return text


def one_of(choices: Iterable[str]) -> str:
    """What to say to who chose something else."""
    return said("Choose one of %(choices)s.", choices=list(choices))


def flag(field: str, value: bool | None) -> bool:
    if value is None:
        raise BadInput("Choose yes or no.", field=field)
    return value


def port(field: str, value: int | None) -> int:
    if value is None or not 1 <= value <= 65_535:
        raise BadInput("Enter a port from 1 to 65535.", field=field)
    return value


def engine(field: str, value: str | None) -> Engine:
    try:
        return engine_named(value or "")
    except KeyError as error:
        raise BadInput(one_of(ENGINES), field=field) from error


def optional_engine(field: str, value: str | None) -> Engine | None:
    return engine(field, value) if value else None


def host(field: str, value: str | None) -> str:
    """An IPv4 or IPv6 address, or a name by RFC 1123.

    A name that ends in a number is refused: resolvers read `1.2.3` as an address.
    """
    text = (value or "").strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    if _is_address(text):
        return text
    labels = text.split(".")
    if len(text) > 253 or labels[-1].isdigit() or not all(map(LABEL.fullmatch, labels)):
        raise BadInput("Enter a host name, an IPv4 or an IPv6 address.", field=field)
    return text


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def seconds(most: int) -> Check:
    """A check for a number of seconds from 1 to `most`, or none."""

    def check(field: str, value: int | None) -> int | None:
        if value is not None and not 1 <= value <= most:
            raise BadInput(said("Enter 1 to %(most)s seconds.", most=most), field=field)
        return value

    return check


def options(field: str, value: Mapping[str, Any] | None) -> dict[str, str]:
    """An engine's own options by name, each a text; which there are is `options_of`'s to say."""
    given = dict(value or {})
    if not all(isinstance(each, str) for each in given.values()):
        raise BadInput("Every option is a text.", field=field)
    return given


def options_of(field: str, engine: Engine, given: Mapping[str, str]) -> None:
    """Raises BadInput for an option that the engine has not, or a choice that an option has not."""
    known = ENGINES[engine].options
    for name, choice in given.items():
        if name not in known:
            raise BadInput(said("There is no option %(name)s.", name=name), field=field)
        if choice not in known[name].choices:
            choices = list(known[name].choices)
            text = said("The option %(name)s is one of %(choices)s.", name=name, choices=choices)
            raise BadInput(text, field=field)


def patterns(field: str, value: Iterable[str] | None) -> list[str]:
    """Rules for the names of databases, each once, blank ones left out."""
    given = list(dict.fromkeys(each.strip() for each in value or () if each.strip()))
    if len(given) > MOST_PATTERNS:
        raise BadInput(said("Enter at most %(most)s rules.", most=MOST_PATTERNS), field=field)
    for each in given:
        line(128)(field, each)
        try:
            compiled(each)
        except ValueError as error:
            text = said("A rule must not end with a single backslash: %(rule)s", rule=each)
            raise BadInput(text, field=field) from error
    return given


def tls(field: str, value: Tls | None) -> Tls:
    """How to protect connections. The CA's certificate must look like one in PEM form."""
    if value is None:
        raise BadInput("Choose how connections are protected.", field=field)
    pem = optional_text(65_536)(field, value.ca_pem)
    if pem is not None and "-----BEGIN CERTIFICATE-----" not in pem:
        raise BadInput("The CA certificate must be in PEM form.", field=field)
    name = value.server_name and host(field, value.server_name)
    return Tls(mode=value.mode, ca_pem=pem, server_name=name or None)
