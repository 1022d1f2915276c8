"""Who asks, and what they may do: one enum of rights, one table of roles."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from whalefall.errors import AuthenticationRequired, PermissionRequired, said


class Permission(StrEnum):
    """Every right that an operation can ask for."""

    VIEW = "VIEW"
    UPDATE = "UPDATE"
    EXECUTE = "EXECUTE"
    CREATE = "CREATE"
    DELETE = "DELETE"
    ADMIN = "ADMIN"


NEEDS: Mapping[Permission, str] = {
    Permission.VIEW: said("This needs the right to read."),
    Permission.UPDATE: said("This needs the right to change things."),
    Permission.EXECUTE: said("This needs the right to collect."),
    Permission.CREATE: said("This needs the right to add things."),
    Permission.DELETE: said("This needs the right to delete."),
    Permission.ADMIN: said("This needs the right to administer."),
}


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
    """A signed-in person, an API token of theirs, a part of WhaleFall itself, or nobody.

    Who must choose a new password first is known, but has no rights until that is done.
    """

    name: str
    permissions: frozenset[Permission] = frozenset()
    user_id: int | None = None
    session_id: int | None = None  # of the sign-in, when there was one
    token_id: int | None = None  # of the API token, when it asks by one
    must_change_password: bool = False

    @classmethod
    def person(
        cls,
        user_id: int,
        name: str,
        rights: frozenset[Permission],
        *,
        session_id: int | None = None,
        token_id: int | None = None,
        must_change_password: bool = False,
    ) -> "Actor":
        """A person, by a session or a token: this is where their rights wait for a password."""
        return cls(
            name=name,
            permissions=frozenset() if must_change_password else rights,
            user_id=user_id,
            session_id=session_id,
            token_id=token_id,
            must_change_password=must_change_password,
        )

    @classmethod
    def system(cls, name: str) -> "Actor":
        """A worker or the scheduler: may do everything, and its deeds carry its name."""
        return cls(name=f"system:{name}", permissions=frozenset(Permission))

    @property
    def is_signed_in(self) -> bool:
        return bool(self.permissions) or self.must_change_password

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise AuthenticationRequired for nobody, PermissionRequired for who may not."""
        self.require_sign_in()
        if self.must_change_password:
            raise PermissionRequired(
                "Choose a new password first.",
                hint=said(
                    "Until then nothing else is possible: on the page /me, or by changePassword."
                ),
            )
        if permission not in self.permissions:
            raise PermissionRequired(NEEDS[permission])

    def require_sign_in(self) -> None:
        """Raise AuthenticationRequired for nobody."""
        if not self.is_signed_in:
            raise AuthenticationRequired("Sign in first.")

    def require_session(self) -> tuple[int, int]:
        """The ids of the person and of the session that they signed in to.

        For what is only theirs to do: not for API tokens, which may leak, nor for WhaleFall's
        own parts. Raises AuthenticationRequired, PermissionRequired.
        """
        self.require_sign_in()
        if self.user_id is None or self.session_id is None:
            raise PermissionRequired("Only a person who has signed in can do this.")
        return self.user_id, self.session_id


NOBODY = Actor(name="nobody")
