"""The accounts we sign in with on customers' servers: reading, writing, rotation of their keys."""

from whalefall.resolvers.credentials.deleting import delete_credential
from whalefall.resolvers.credentials.reading import (
    CREDENTIALS,
    CredentialFilter,
    CredentialOrderField,
    CredentialRow,
    count_credentials,
    get_credential,
    list_credential_options,
    list_credentials,
)
from whalefall.resolvers.credentials.rotation import KeyUsage, list_credential_keys, rotate_keys
from whalefall.resolvers.credentials.writing import (
    CredentialInput,
    CredentialPatch,
    create_credential,
    update_credential,
)

__all__ = [
    "CREDENTIALS",
    "CredentialFilter",
    "CredentialInput",
    "CredentialOrderField",
    "CredentialPatch",
    "CredentialRow",
    "KeyUsage",
    "count_credentials",
    "create_credential",
    "delete_credential",
    "get_credential",
    "list_credential_keys",
    "list_credential_options",
    "list_credentials",
    "rotate_keys",
    "update_credential",
]
