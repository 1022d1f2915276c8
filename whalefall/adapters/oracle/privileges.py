"""What the collecting account needs on an Oracle database, what it lacks, what it has too much.

The list names every view, as those who guard a database seldom give SELECT_CATALOG_ROLE away.
"""

from collections.abc import Iterable, Mapping

from whalefall.adapters.oracle.sql import OF_SIZES, OF_TABLES
from whalefall.domain.privileges import AccountScript, Feature, PrivilegeCheck, PrivilegeState

NEEDED: Mapping[Feature, tuple[str, ...]] = {
    Feature.INVENTORY: ("tablespaces",),
    Feature.DATABASE_SIZES: tuple(OF_SIZES),
    Feature.TABLE_SIZES: tuple(dict.fromkeys([*OF_TABLES, "data_files", "free_space"])),
    Feature.DATA_CLOSED: (),
}
# Each opens every user's rows; the administrator's roles contain them.
OPENING_PRIVILEGES = frozenset({"SELECT ANY TABLE", "READ ANY TABLE", "EXPORT FULL DATABASE"})
OPENING_ROLES = frozenset({"DBA", "PDB_DBA", "CDB_DBA", "EXP_FULL_DATABASE", "IMP_FULL_DATABASE"})


def grant(view: str, family: str) -> str:
    """How a view is granted."""
    return f"SELECT ON {family}_{view}".upper()


def views() -> list[str]:
    """Every view that is needed for anything."""
    return sorted({view for names in NEEDED.values() for view in names})


def check_privileges(
    readable: Mapping[str, bool], family: str, privileges: Iterable[str], roles: Iterable[str]
) -> list[PrivilegeCheck]:
    """One check a feature: `readable` says of each view whether a probe of it was answered."""
    excess = sorted({*privileges} & OPENING_PRIVILEGES | {*roles} & OPENING_ROLES)
    return [_check(feature, readable, family, excess) for feature in Feature]


def account_script(username: str) -> AccountScript:
    """For one container; the root's common users are made with CONTAINER = ALL by hand."""
    user = quoted(username)
    grants = [f"GRANT {grant(view, 'dba')} TO {user};" for view in views()]
    return AccountScript(
        create="\n".join(
            [
                "-- The account, with a password of your choice.",
                f'CREATE USER {user} IDENTIFIED BY "<password>";',
                f"GRANT CREATE SESSION TO {user};",
                "-- Views of names and sizes; no row can be read with them.",
                *grants,
            ]
        ),
        drop=f"DROP USER {user};",
    )


def quoted(name: str) -> str:
    """A name as it stands in a statement: in capitals, unless it has to be quoted as it is."""
    plain = name.replace("_", "").replace("$", "").replace("#", "")
    return name.upper() if plain.isalnum() and plain.isascii() else '"' + name + '"'


def _check(
    feature: Feature, readable: Mapping[str, bool], family: str, excess: list[str]
) -> PrivilegeCheck:
    missing = [grant(view, family) for view in NEEDED[feature] if not readable[view]]
    found = excess if feature is Feature.DATA_CLOSED else []
    state = PrivilegeState.OK
    if missing:
        state = PrivilegeState.MISSING
    elif found:
        state = PrivilegeState.OVER_PRIVILEGED
    return PrivilegeCheck(
        feature=feature,
        state=state,
        probe="SELECT … WHERE 1 = 0",
        needed=[grant(view, family) for view in NEEDED[feature]],
        missing=missing,
        excess=found,
    )
