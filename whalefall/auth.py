"""Who asks, and what they may do: one enum of rights, one table of roles."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from whalefall.errors import AuthenticationRequired, PermissionRequired


class Permission(StrEnum):
    """Every right that an operation can ask for."""

    VIEW = "VIEW"
    UPDATE = "UPDATE"
    EXECUTE = "EXECUTE"
    CREATE = "CREATE"
    DELETE = "DELETE"
    ADMIN = "ADMIN"


class Role(StrEnum):
    VIEWER = "VIEWER"
    OPERATOR = "OPERATOR"
    ADMIN = "ADMIN"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.VIEW}),
    Role.OPERATOR: frozenset({Permission.VIEW, Permission.UPDATE, Permission.EXECUTE}),
    Role.ADMIN: frozenset(Permission),
}


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A signed-in person, an API token of theirs, a part of WhaleFall itself, or nobody."""

    name: str
    permissions: frozenset[Permission] = frozenset()
    user_id: int | None = None
    session_id: int | None = None  # of the sign-in, when there was one
    token_id: int | None = None  # of the API token, when it asks by one

    @classmethod
    def system(cls, name: str) -> "Actor":
        """A worker or the scheduler: may do everything, and its deeds carry its name."""
        return cls(name=f"system:{name}", permissions=frozenset(Permission))

    @property
    def is_signed_in(self) -> bool:
        return bool(self.permissions)

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise AuthenticationRequired for nobody, PermissionRequired for who may not."""
        if not self.is_signed_in:
            raise AuthenticationRequired("Sign in first.")
        if permission not in self.permissions:
            raise PermissionRequired(f"This needs the right to {permission.lower()}.")


NOBODY = Actor(name="nobody")
