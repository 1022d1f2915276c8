"""The words of the audit: what was done, to what kind of thing, and where that is shown."""

from collections.abc import Mapping
from typing import NamedTuple

from whalefall.web.words import N_


class Kind(NamedTuple):
    """A kind of thing: its word, and the address of one of them, if it has a page."""

    text: str
    path: str = ""


OBJECTS: Mapping[str, Kind] = {
    "Instance": Kind(N_("Instance"), "/instances/%d"),
    "Database": Kind(N_("Database"), "/databases/%d"),
    "Credential": Kind(N_("Credential"), "/credentials/%d"),
    "Tag": Kind(N_("Tag"), "/tags/%d/edit"),
    "SyncSession": Kind(N_("Sync session"), "/sync-sessions/%d"),
    "SyncRecord": Kind(N_("Sync record")),
    "GrowthEvent": Kind(N_("Growth event")),
    "GrowthRule": Kind(N_("Growth rule")),
    "Partition": Kind(N_("Partition")),
    "Schedule": Kind(N_("Schedule"), "/jobs/%d/edit"),
    "User": Kind(N_("User"), "/users/%d/edit"),
    "UserSession": Kind(N_("Session")),
    "ApiToken": Kind(N_("API token")),
}
ACTIONS: Mapping[str, str] = {
    "instance.created": N_("Added an instance"),
    "instance.updated": N_("Changed an instance"),
    "instance.recycled": N_("Recycled an instance"),
    "instance.restored": N_("Restored an instance"),
    "instance.purged": N_("Purged an instance"),
    "instance.tags_assigned": N_("Put tags on an instance"),
    "instance.tags_removed": N_("Took tags off an instance"),
    "credential.created": N_("Added a credential"),
    "credential.updated": N_("Changed a credential"),
    "credential.deleted": N_("Deleted a credential"),
    "credential.key_rotated": N_("Encrypted a credential anew"),
    "tag.created": N_("Added a tag"),
    "tag.updated": N_("Changed a tag"),
    "tag.deleted": N_("Deleted a tag"),
    "sync_session.started": N_("Started a sync session"),
    "sync_session.cancelled": N_("Cancelled a sync session"),
    "inventory.accepted": N_("Accepted an inventory"),
    "schedule.updated": N_("Changed a schedule"),
    "schedule.paused": N_("Paused a schedule"),
    "schedule.resumed": N_("Resumed a schedule"),
    "partitions.created": N_("Made partitions"),
    "partitions.dropped": N_("Dropped partitions"),
    "database.limited": N_("Limited a database"),
    "database.growth_muted": N_("Muted growth of a database"),
    "growth_rule.updated": N_("Changed the growth rule"),
    "growth_events.acknowledged": N_("Acknowledged growth events"),
    "schedule.run": N_("Ran a scheduled task"),
    "user.created": N_("Added a user"),
    "user.updated": N_("Changed a user"),
    "user.deleted": N_("Deleted a user"),
    "user.password_reset": N_("Reset a password"),
    "user.password_changed": N_("Changed their password"),
    "user.password_change_failed": N_("Failed to change their password"),
    "user.preferences_updated": N_("Changed their preferences"),
    "user.access_revoked": N_("Ended every way in"),
    "user.sessions_revoked": N_("Ended their sessions"),
    "user.signed_in": N_("Has signed in"),
    "user.signed_out": N_("Signed out"),
    "user.sign_in_failed": N_("Failed to sign in"),
    "api_token.created": N_("Made an API token"),
    "api_token.revoked": N_("Revoked an API token"),
    "access_token.refreshed": N_("Renewed an access token"),
    "refresh_token.reused": N_("Used a refresh token again"),
}
GONE = ("deleted", "purged")  # what is left of the object is its name


def action_text(action: str) -> str:
    """What was done, in words; what is not known here is shown as it is."""
    return ACTIONS.get(action) or action.replace(".", " ").replace("_", " ").capitalize()


def object_text(object_type: str) -> str:
    """The kind of thing, in words."""
    known = OBJECTS.get(object_type)
    return known.text if known else object_type


def object_path(object_type: str, row_id: int | None, action: str) -> str:
    """Where the thing is shown; empty for what has no page, or is gone by this very action."""
    known = OBJECTS.get(object_type)
    if known is None or not known.path or row_id is None or action.endswith(GONE):
        return ""
    return known.path % row_id
