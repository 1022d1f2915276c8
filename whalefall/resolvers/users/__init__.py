"""Users: who they are (people), how they sign in (signing_in), how a request is known (actors)."""

from whalefall.resolvers.users.actors import actor_of_session, actor_of_token, csrf_token_of
from whalefall.resolvers.users.people import (
    USERS,
    UserOrderField,
    UserRow,
    create_user,
    get_me,
)
from whalefall.resolvers.users.signing_in import SignedIn, sign_in, sign_out
from whalefall.resolvers.users.throttle import TooManyAttempts
from whalefall.resolvers.users.tokens import create_api_token

__all__ = [
    "USERS",
    "SignedIn",
    "TooManyAttempts",
    "UserOrderField",
    "UserRow",
    "actor_of_session",
    "actor_of_token",
    "create_api_token",
    "create_user",
    "csrf_token_of",
    "get_me",
    "sign_in",
    "sign_out",
]
