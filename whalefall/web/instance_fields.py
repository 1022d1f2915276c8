"""The fields of an instance's form: what was entered as the operations want it, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from starlette.datastructures import FormData

from whalefall.domain.checks import Problems
from whalefall.domain.engines import ENGINES, Engine
from whalefall.domain.tls import Tls, TlsMode
from whalefall.errors import BadInput
from whalefall.resolvers.collection import Endpoint
from whalefall.resolvers.instances import InstanceInput, InstancePatch, InstanceRow
from whalefall.resolvers.instances.checking import checked_address
from whalefall.resolvers.tags import TagRow
from whalefall.web import forms
from whalefall.web.words import N_

LABELS = {
    "name": N_("Name"),
    "engine": N_("Engine"),
    "host": N_("Host"),
    "port": N_("Port"),
    "database_name": N_("First database"),
    "credential_id": N_("Credential"),
    "tls_mode": N_("Encryption (TLS)"),
    "tls_server_name": N_("Name in the certificate"),
    "options": N_("Options"),
    "connect_seconds": N_("Seconds to connect"),
    "statement_seconds": N_("Seconds of a statement"),
    "include_databases": N_("Databases to read"),
    "exclude_databases": N_("Databases to leave out"),
    "tag_names": N_("Tags"),
    "description": N_("Description"),
    "is_active": N_("Collect this instance"),
}


NUMBERS = ("port", "connect_seconds", "statement_seconds")
LISTS = ("include_databases", "exclude_databases")  # a line each


class Difference(NamedTuple):
    """A field that two people gave different values."""

    field: str
    theirs: Any
    yours: Any


def new_values() -> dict[str, Any]:
    """What an empty form begins with."""
    return {"engine": next(iter(ENGINES)), "is_active": True, "tls_mode": TlsMode.PREFER}


def stored_values(row: InstanceRow, tags: Sequence[TagRow]) -> dict[str, Any]:
    """A form as the instance stands; the certificate authority is only said to be there."""
    names = [tag.name for tag in tags]
    chosen = {f"option_{name}": choice for name, choice in row.options.items()}
    shown = {"tag_names": names, "updated_at": row.updated_at.isoformat()}
    shown |= {name: "\n".join(getattr(row, name)) for name in LISTS}
    return {**vars(row), **chosen, **shown}


def entered_values(fields: FormData) -> dict[str, Any]:
    """What was entered, to fill the form again."""
    values: dict[str, Any] = {key: each for key, each in fields.items() if isinstance(each, str)}
    return {**values, "tag_names": forms.texts(fields, "tag_names") or []}


def new_instance(fields: FormData) -> InstanceInput:
    return InstanceInput(**_common(fields), tls=_tls(fields, None))


def patch_of(fields: FormData, stored: Tls) -> InstancePatch:
    """Everything that the form shows; the stored authority stays unless it is replaced."""
    return InstancePatch(**_with_port(_common(fields)), tls=_tls(fields, stored))


def endpoint_of_form(fields: FormData, stored: Tls | None) -> Endpoint:
    """Where the form says the server is. Raises BadInput with everything that is wrong."""
    values = {**_with_port(_common(fields)), "tls": _tls(fields, stored)}
    if values["credential_id"] is not None:
        return Endpoint(**checked_address(values))
    missing = BadInput("Choose a credential to sign in with.", field="credential_id")
    try:
        checked_address(values)
    except Problems as found:
        raise Problems([*found.problems, missing]) from None
    raise missing


def value_of(fields: FormData, name: str) -> Any:
    """One field alone, as its check wants it."""
    if name in LISTS:
        return _lines(fields, name)
    return _number(fields, name) if name in NUMBERS else fields.get(name)


def differences(stored: Mapping[str, Any], fields: FormData) -> list[Difference]:
    """Where what was entered is not what is stored by now, in the form's order."""
    tls = _tls(fields, None)
    entered = {
        **_with_port(_common(fields)),
        "tls_mode": tls.mode,
        "tls_server_name": tls.server_name,
    }
    entered["tag_names"] = sorted(entered["tag_names"])
    theirs = {**stored, "tag_names": sorted(stored["tag_names"])}
    theirs |= {name: stored[name].splitlines() for name in LISTS}
    return [
        Difference(name, theirs[name], entered[name])
        for name in LABELS
        if theirs[name] != entered[name]
    ]


def _common(fields: FormData) -> dict[str, Any]:
    """Not yet checked: the operation says of all fields at once what is wrong with them."""
    return {
        "name": forms.text(fields, "name") or "",
        "engine": Engine((forms.text(fields, "engine") or "").upper()),
        "host": forms.text(fields, "host") or "",
        "port": _number(fields, "port"),
        "database_name": forms.text(fields, "database_name"),
        "description": forms.text(fields, "description"),
        "credential_id": forms.integer(fields, "credential_id"),
        "tag_names": forms.texts(fields, "tag_names") or [],
        "is_active": "is_active" in fields,
        "options": _options(fields),
        "connect_seconds": _number(fields, "connect_seconds"),
        "statement_seconds": _number(fields, "statement_seconds"),
        **{name: _lines(fields, name) for name in LISTS},
    }


def _lines(fields: FormData, name: str) -> list[str]:
    return (forms.text(fields, name) or "").splitlines()


def _options(fields: FormData) -> dict[str, str]:
    """What was chosen otherwise than usual, of the engine that was chosen."""
    kind = ENGINES.get(Engine((forms.text(fields, "engine") or "").upper()))
    chosen = {name: forms.text(fields, f"option_{name}") for name in (kind.options if kind else ())}
    return {
        name: choice
        for name, choice in chosen.items()
        if kind and choice and choice != kind.options[name].default
    }


def _with_port(values: dict[str, Any]) -> dict[str, Any]:
    """The same with its engine's usual port where none was entered."""
    kind = ENGINES.get(values["engine"])
    return {**values, "port": kind.default_port} if values["port"] is None and kind else values


def _number(fields: FormData, name: str) -> int | None:
    """Blank: the usual one. What is no number is one that its check refuses."""
    try:
        return forms.integer(fields, name)
    except BadInput:
        return 0


def _tls(fields: FormData, stored: Tls | None) -> Tls:
    tls = Tls(
        mode=forms.choice(fields, "tls_mode", TlsMode) or TlsMode.PREFER,
        ca_pem=forms.text(fields, "tls_ca_pem"),
        server_name=forms.text(fields, "tls_server_name"),
    )
    if stored is None or tls.ca_pem is not None or "tls_ca_removed" in fields:
        return tls
    return replace(tls, ca_pem=stored.ca_pem)
