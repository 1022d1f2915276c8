"""What an instance's account may do, held against what WhaleFall needs of it."""

from dataclasses import dataclass, field
from enum import StrEnum


class Feature(StrEnum):
    """What the account is for. DATA_CLOSED: that no row of user data can be read with it."""

    INVENTORY = "INVENTORY"
    DATABASE_SIZES = "DATABASE_SIZES"
    TABLE_SIZES = "TABLE_SIZES"
    DATA_CLOSED = "DATA_CLOSED"


class PrivilegeState(StrEnum):
    """UNKNOWN: the probe could not be made, which says nothing of the account."""

    OK = "OK"
    MISSING = "MISSING"
    OVER_PRIVILEGED = "OVER_PRIVILEGED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, kw_only=True)
class PrivilegeCheck:
    """One feature's probe. All grants are in the engine's own words, ready to be granted:
    `needed` for the feature on this version, `missing` of them, and `excess`: what opens user data.
    `probe` names what was asked of the server."""

    feature: Feature
    state: PrivilegeState
    probe: str
    needed: list[str]
    missing: list[str] = field(default_factory=list)
    excess: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class AccountScript:
    """Statements for an administrator, to read and run: we never run them. `create` makes the
    account with a placeholder for its password and all that is needed, `drop` takes it all back."""

    create: str
    drop: str
