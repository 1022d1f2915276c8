"""The accounts we sign in with on customers' servers: reading, writing, rotation of their keys."""

from whalefall.resolvers.credentials.reading import (
    CREDENTIALS,
    CredentialFilter,
    CredentialOrderField,
    CredentialRow,
    get_credential,
    list_credentials,
)
from whalefall.resolvers.credentials.rotation import rotate_keys
from whalefall.resolvers.credentials.writing import (
    CredentialInput,
    CredentialPatch,
    create_credential,
    delete_credential,
    update_credential,
)

__all__ = [
    "CREDENTIALS",
    "CredentialFilter",
    "CredentialInput",
    "CredentialOrderField",
    "CredentialPatch",
    "CredentialRow",
    "create_credential",
    "delete_credential",
    "get_credential",
    "list_credentials",
    "rotate_keys",
    "update_credential",
]
