"""The audit, for administrators."""

from whalefall.resolvers.audit_entries import AUDIT_ENTRIES, AuditEntryRow
from whalefall.schema.fields import to_one
from whalefall.schema.nodes import Node, noun_type
from whalefall.schema.users import User


@noun_type(AUDIT_ENTRIES, private=("actor_id", "object_row_id"))
class AuditEntry(AuditEntryRow, Node):
    actor: User | None = to_one(
        AUDIT_ENTRIES,
        "actor",
        "Who made it; null when WhaleFall did, nobody was signed in, or they are gone.",
    )
