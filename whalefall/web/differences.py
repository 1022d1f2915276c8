"""What changed of a thing, field by field, in the words of the pages."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from whalefall.domain.engines import ENGINES, Engine
from whalefall.resolvers.audit_entries import REFERENCES
from whalefall.web.formats import exact_size
from whalefall.web.instance_fields import LABELS as OF_INSTANCES
from whalefall.web.words import N_, WORDS

Names = Mapping[tuple[str, int], str]  # what things are called, by type and row id
Gettext = Callable[[str], str]

ADDED, REMOVED, CHANGED, SAME = "+", "−", "±", ""
FIELDS: Mapping[str, str] = {  # in the order in which they are told
    "name": OF_INSTANCES["name"],
    "display_name": N_("Shown as"),
    "username": N_("User name"),
    "role": N_("Role"),
    **OF_INSTANCES,
    "recycled": N_("In the recycle bin"),
    "tls_ca_pem": N_("Certificate authority"),
    "credential_type": N_("Type"),
    "password": N_("Password"),
    "replaced_with_id": N_("Replaced with"),
    "must_change_password": N_("Must change the password"),
    "task": N_("Task"),
    "category": N_("Category"),
    "instance_id": N_("Instance"),
    "database_id": N_("Database"),
    "records": N_("Records"),
    "session_id": N_("Sync session"),
    "cron": N_("When"),
    "time_zone": N_("Time zone"),
    "is_enabled": N_("Switched on"),
    "percent": N_("Per cent"),
    "bytes": N_("Bytes"),
    "limit_bytes": N_("Limit"),
    "growth_muted_until": N_("Growth muted until"),
    "theme": N_("Appearance"),
    "density": N_("Density"),
    "language": N_("Language"),
    "uses_keys": N_("Keys"),
    "names": N_("Names"),
    "scopes": N_("It may"),
    "expires_at": N_("Expires"),
    "user_id": N_("User"),
    "address": N_("Address"),
    "reason": N_("Reason"),
    "sessions": N_("Sessions"),
    "session_count": N_("Sessions"),
    "api_token_count": N_("API tokens"),
}
ELSEWHERE: Mapping[str, str] = {"is_active": N_("Active")}  # than with instances
IN_WORDS = frozenset(
    {"category", "credential_type", "density", "role", "scopes", "task", "theme", "tls_mode"}
)
IN_BYTES = frozenset({"bytes", "limit_bytes"})
ORDER = {field: place for place, field in enumerate(FIELDS)}


class Difference(NamedTuple):
    """One field of what was changed; a side is null where there was nothing."""

    sign: str
    field: str
    before: str | None
    after: str | None
    object_type: str = ""

    @property
    def label(self) -> str:
        """A message id; of a field that has no words, its name."""
        of_others = ELSEWHERE if self.object_type != "Instance" else {}
        return of_others.get(self.field) or FIELDS.get(self.field) or self.field


def differences(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    object_type: str = "",
    names: Names | None = None,
    gettext: Gettext = str,
) -> list[Difference]:
    """Every field of either side in the usual order, what is the same behind what is not."""
    found = _differences(before or {}, after or {}, object_type, names or {}, gettext)
    last = len(ORDER)
    return sorted(found, key=lambda d: (d.sign == SAME, ORDER.get(d.field, last), d.field))


def _differences(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    object_type: str,
    names: Names,
    gettext: Gettext,
) -> Iterator[Difference]:
    for field in {**before, **after}:
        old, new = before.get(field), after.get(field)
        if field not in before:
            sign = ADDED
        elif field not in after:
            sign = REMOVED
        else:
            sign = SAME if old == new else CHANGED
        was = _told(field, old, names, gettext)
        yield Difference(sign, field, was, _told(field, new, names, gettext), object_type)


def _told(field: str, value: Any, names: Names, gettext: Gettext) -> str | None:
    """A value as people read it; objects as JSON."""
    match value:
        case None:
            return None
        case bool():
            return gettext(N_("Yes") if value else N_("No"))
        case list():
            return ", ".join(_told(field, each, names, gettext) or "" for each in value)
        case int() if field in REFERENCES:
            return names.get((REFERENCES[field], value), f"#{value}")
        case int() if field in IN_BYTES:
            return exact_size(value)
        case str() if field == "engine":
            kind = ENGINES.get(Engine(value))
            return kind.label if kind else value
        case str() if field in IN_WORDS and value in WORDS:
            return gettext(WORDS[value].text)
        case str():
            return value
        case {} if not value:
            return ""
    return json.dumps(value, ensure_ascii=False)
