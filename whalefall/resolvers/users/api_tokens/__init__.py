"""Personal API tokens: what is known of them (reading), making and revoking them (writing)."""

from whalefall.resolvers.users.api_tokens.reading import (
    API_TOKENS,
    ApiTokenFilter,
    ApiTokenOrderField,
    ApiTokenRow,
    get_own_api_token,
    list_own_api_tokens,
)
from whalefall.resolvers.users.api_tokens.writing import (
    ApiTokenInput,
    NewApiToken,
    create_api_token,
    create_own_api_token,
    revoke_api_token,
)

__all__ = [
    "API_TOKENS",
    "ApiTokenFilter",
    "ApiTokenInput",
    "ApiTokenOrderField",
    "ApiTokenRow",
    "NewApiToken",
    "create_api_token",
    "create_own_api_token",
    "get_own_api_token",
    "list_own_api_tokens",
    "revoke_api_token",
]
