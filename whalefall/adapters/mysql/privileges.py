"""What the collecting account needs on MySQL and MariaDB, what it lacks, what it has too much.

All of it is read from SHOW GRANTS. The names of the needed privileges are the same from MySQL 5.7
and MariaDB 10.3 on; what opens user data differs, and is matched by name.
"""

import re
from collections.abc import Iterable, Sequence

from whalefall.adapters.mysql.dialect import SYSTEM_SCHEMAS
from whalefall.adapters.mysql.grants import TABLE_PRIVILEGES, Grants
from whalefall.domain.privileges import AccountScript, Feature, PrivilegeCheck, PrivilegeState

NEEDED: dict[Feature, tuple[str, ...]] = {
    Feature.INVENTORY: ("REFERENCES ON *.*",),  # a global privilege shows every schema
    Feature.DATABASE_SIZES: ("REFERENCES ON *.*", "PROCESS ON *.*"),
    Feature.TABLE_SIZES: ("REFERENCES ON *.*", "PROCESS ON *.*"),
    Feature.DATA_CLOSED: (),
}
# SELECT reads rows, FILE reads files, the others end in one of both (SUPER and SET USER ID run
# routines as anybody; a replica is sent every row).
OPENING = frozenset(
    {
        "ALL PRIVILEGES",
        "FILE",
        "REPLICATION SLAVE",
        "REPLICATION SLAVE ADMIN",
        "SELECT",
        "SET USER",
        "SET USER ID",
        "SET_ANY_DEFINER",
        "SET_USER_ID",
        "SUPER",
    }
)
NAMED = 50
_GRANT = re.compile(r"GRANT (.+) ON (\*|`(?:[^`]|``)*`)\.(\*|`(?:[^`]|``)*`) (?:TO|FROM) ")


def check_privileges(lines: Sequence[str], *, wildcards: bool) -> list[PrivilegeCheck]:
    """One check a feature, from the lines of SHOW GRANTS."""
    grants = Grants.parse(lines, wildcards=wildcards)
    sees_tables = bool(grants.everywhere & TABLE_PRIVILEGES) and not grants.withheld
    lacking = {
        "REFERENCES ON *.*": not sees_tables,
        "PROCESS ON *.*": not grants.everywhere & {"PROCESS", "ALL PRIVILEGES"},
    }
    missing = {
        feature: [grant for grant in needed if lacking[grant]] for feature, needed in NEEDED.items()
    }
    if grants.prove_all_databases():  # by SHOW DATABASES, which shows no table
        missing[Feature.INVENTORY] = []
    return [_check(feature, lacks, grants, lines) for feature, lacks in missing.items()]


def account_script(quoted: str) -> AccountScript:
    """`quoted` is the account as the server's statements name it."""
    return AccountScript(
        create="\n".join(
            [
                "-- The account, with a password of your choice; narrow % to WhaleFall's hosts.",
                f"CREATE USER {quoted} IDENTIFIED BY '<password>';",
                "-- REFERENCES shows schemas and tables without opening a row of them,",
                "-- PROCESS the files that they lie in.",
                f"GRANT REFERENCES, PROCESS ON *.* TO {quoted};",
            ]
        ),
        drop=f"DROP USER {quoted};",
    )


def _check(
    feature: Feature, missing: list[str], grants: Grants, lines: Iterable[str]
) -> PrivilegeCheck:
    excess = sorted(_opening(lines)) if feature is Feature.DATA_CLOSED else []
    state = PrivilegeState.OK
    if missing:
        state = PrivilegeState.MISSING if grants.is_clear else PrivilegeState.UNKNOWN
    elif excess:
        state = PrivilegeState.OVER_PRIVILEGED
    elif feature is Feature.DATA_CLOSED and not grants.is_clear:
        state = PrivilegeState.UNKNOWN
    return PrivilegeCheck(
        feature=feature,
        state=state,
        probe="SHOW GRANTS",
        needed=list(NEEDED[feature]),
        missing=missing if state is PrivilegeState.MISSING else [],
        excess=excess[:NAMED] + (["…"] if len(excess) > NAMED else []),
    )


def _opening(lines: Iterable[str]) -> set[str]:
    """What of the grants opens user data, as it would be revoked. Catalogs are no user data."""
    found = set()
    for line in lines:
        grant = _GRANT.match(line)
        if grant is None or grant[2].strip("`") in SYSTEM_SCHEMAS:
            continue
        privileges = set(re.sub(r" ?\([^)]*\)", "", grant[1]).split(", "))
        found |= {f"{one} ON {grant[2]}.{grant[3]}" for one in privileges & OPENING}
    return found
