"""Users: types in `types`, signing in and out in `signing_in`, API tokens in `api_tokens`."""

from whalefall.schema.users.types import ApiToken, User

__all__ = ["ApiToken", "User"]
