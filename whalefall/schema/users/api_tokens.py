"""Making and revoking API tokens."""

from datetime import datetime

import strawberry

from whalefall.auth import Permission
from whalefall.resolvers.users import (
    API_TOKENS,
    ApiTokenInput,
    create_own_api_token,
    revoke_api_token,
)
from whalefall.schema.context import Info
from whalefall.schema.ids import row_id
from whalefall.schema.problems import UserError, errors_field, mutation
from whalefall.schema.users.types import ApiToken


@strawberry.input(description="A new API token for oneself.")
class CreateApiTokenInput:
    name: str = strawberry.field(description="What it is for. 1 to 100 characters.")
    scopes: list[Permission] | None = strawberry.field(
        description="What it may do at most: some of what one may oneself; null: all of it.",
        default=None,
    )
    expires_at: datetime | None = strawberry.field(
        description="When it ends by itself; null: never, or with the token that makes it.",
        default=None,
    )


@strawberry.input(description="Which API token to revoke.")
class RevokeApiTokenInput:
    id: strawberry.ID = strawberry.field(description="The id of the API token.")


@strawberry.type(description="The new API token, or why there is none.")
class CreateApiTokenPayload:
    token: str | None = strawberry.field(
        description="Sent as `Authorization: Bearer …`. Shown now and never again.", default=None
    )
    api_token: ApiToken | None = strawberry.field(description="As stored.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="The revoked API token, or why it stayed as it was.")
class RevokeApiTokenPayload:
    api_token: ApiToken | None = strawberry.field(description="As it is now.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type
class ApiTokenMutations:
    @mutation(
        "Make an API token for oneself. A token can make one that may do no more than itself.",
        needs=Permission.VIEW,
    )
    async def create_api_token(
        self, info: Info, input: CreateApiTokenInput
    ) -> CreateApiTokenPayload:
        wanted = ApiTokenInput(**vars(input))
        async with info.context.db.write() as session:
            made = await create_own_api_token(session, info.context.actor, wanted)
        return CreateApiTokenPayload(token=made.token, api_token=ApiToken.of(made.row))

    @mutation(
        "End an API token at once: one's own, or as an administrator anybody's. Asked by an API"
        " token without the right to administer, only that token.",
        needs=Permission.VIEW,
    )
    async def revoke_api_token(
        self, info: Info, input: RevokeApiTokenInput
    ) -> RevokeApiTokenPayload:
        token_id = row_id(input.id, API_TOKENS.name, field="id")
        async with info.context.db.write() as session:
            row = await revoke_api_token(session, info.context.actor, token_id)
        return RevokeApiTokenPayload(api_token=ApiToken.of(row))
