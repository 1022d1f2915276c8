"""What the collecting account needs on a SQL Server, what it lacks, what it has too much.

All of it is asked by HAS_PERMS_BY_NAME, which knows of roles and of denials. From 2022 on the
server's state is split, and the half that tells of performance is enough.
"""

from collections.abc import Mapping
from typing import Any

from whalefall.adapters.sqlserver.sql import quoted
from whalefall.domain.privileges import AccountScript, Feature, PrivilegeCheck, PrivilegeState

SPLIT_SINCE = 16  # SQL Server 2022
STATE, PERFORMANCE_STATE = "VIEW SERVER STATE", "VIEW SERVER PERFORMANCE STATE"
_NEEDED: Mapping[Feature, tuple[str, ...]] = {
    Feature.INVENTORY: ("VIEW ANY DATABASE", "VIEW ANY DEFINITION"),
    Feature.DATABASE_SIZES: ("VIEW ANY DEFINITION",),
    Feature.TABLE_SIZES: ("CONNECT ANY DATABASE", "VIEW ANY DEFINITION", STATE),
    Feature.DATA_CLOSED: (),
}
_OPENING = ("CONTROL SERVER", "SELECT ALL USER SECURABLES")


def needed(feature: Feature, major: int) -> list[str]:
    """The permissions that a feature needs on this major version."""
    splits = major >= SPLIT_SINCE
    return [PERFORMANCE_STATE if splits and name == STATE else name for name in _NEEDED[feature]]


def check_privileges(row: Mapping[str, Any], major: int) -> list[PrivilegeCheck]:
    """One check a feature, from the row of PERMISSIONS."""
    return [_check(feature, row, major) for feature in Feature]


def account_script(username: str, major: int) -> AccountScript:
    """A login with permissions on the server: no user has to be made in any database."""
    login = quoted(username)
    names = sorted({name for feature in Feature for name in needed(feature, major)})
    return AccountScript(
        create="\n".join(
            [
                "-- The login, with a password of your choice.",
                f"CREATE LOGIN {login} WITH PASSWORD = N'<password>';",
                "-- Names, sizes and page counts of all databases; no row can be read with it.",
                *(f"GRANT {name} TO {login};" for name in names),
            ]
        ),
        drop=f"DROP LOGIN {login};",
    )


def _check(feature: Feature, row: Mapping[str, Any], major: int) -> PrivilegeCheck:
    wanted = needed(feature, major)
    missing = [name for name in wanted if not _has(row, name)]
    excess: list[str] = []
    if feature is Feature.DATA_CLOSED:
        excess = [name for name in _OPENING if row[_column(name)]]
        excess = excess or (["SELECT"] if row["select_here"] else [])
    state = PrivilegeState.OK
    if missing:
        state = PrivilegeState.MISSING
    elif excess:
        state = PrivilegeState.OVER_PRIVILEGED
    return PrivilegeCheck(
        feature=feature,
        state=state,
        probe="HAS_PERMS_BY_NAME",
        needed=wanted,
        missing=missing,
        excess=excess,
    )


def _has(row: Mapping[str, Any], name: str) -> bool:
    """The whole of the server's state is more than its half."""
    wider = (STATE,) if name == PERFORMANCE_STATE else ()
    return any(row[_column(one)] for one in (name, *wider))


def _column(name: str) -> str:
    return name.lower().replace(" ", "_")
