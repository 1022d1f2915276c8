"""Users: who they are (people), how they sign in (signing_in), how a request is known (actors).

Programs: access_tokens and refreshing for a sign-in, api_tokens without one; revoking ends all.
"""

from whalefall.resolvers.users.actors import actor_of_session, actor_of_token, csrf_token_of
from whalefall.resolvers.users.api_tokens import (
    API_TOKENS,
    ApiTokenFilter,
    ApiTokenInput,
    ApiTokenOrderField,
    ApiTokenRow,
    NewApiToken,
    create_api_token,
    create_own_api_token,
    revoke_api_token,
)
from whalefall.resolvers.users.people import (
    USERS,
    UserOrderField,
    UserRow,
    create_user,
    get_me,
)
from whalefall.resolvers.users.refreshing import Tokens, issue_tokens, refresh_access_token
from whalefall.resolvers.users.revoking import revoke_all
from whalefall.resolvers.users.signing_in import (
    SignedIn,
    forget_ended_sessions,
    sign_in,
    sign_out,
)
from whalefall.resolvers.users.throttle import TooManyAttempts

__all__ = [
    "API_TOKENS",
    "USERS",
    "ApiTokenFilter",
    "ApiTokenInput",
    "ApiTokenOrderField",
    "ApiTokenRow",
    "NewApiToken",
    "SignedIn",
    "Tokens",
    "TooManyAttempts",
    "UserOrderField",
    "UserRow",
    "actor_of_session",
    "actor_of_token",
    "create_api_token",
    "create_own_api_token",
    "create_user",
    "csrf_token_of",
    "forget_ended_sessions",
    "get_me",
    "issue_tokens",
    "refresh_access_token",
    "revoke_all",
    "revoke_api_token",
    "sign_in",
    "sign_out",
]
