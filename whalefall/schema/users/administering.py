"""Administering people: adding, changing, resetting, deleting."""

from datetime import datetime

import strawberry

from whalefall.auth import Permission, Role
from whalefall.resolvers.users import (
    USERS,
    UserPatch,
    create_user,
    delete_user,
    reset_password,
    update_user,
)
from whalefall.schema.context import Info
from whalefall.schema.ids import row_id
from whalefall.schema.patches import absent, given
from whalefall.schema.problems import UserError, errors_field, mutation
from whalefall.schema.users.types import User

USERNAME = "The name to sign in with; unique. 1 to 64 letters, digits or the signs _ . @ -"
PASSWORD = "8 to 128 characters, not among the common ones; stored as a hash."  # noqa: S105
MUST_CHANGE = "Whether they have to choose another one before anything else."


@strawberry.input(description="A new user.")
class CreateUserInput:
    username: str = strawberry.field(description=USERNAME)
    password: str = strawberry.field(description=PASSWORD)
    role: Role = strawberry.field(description="What they may do.", default=Role.VIEWER)
    is_active: bool = strawberry.field(description="Whether they may sign in.", default=True)
    must_change_password: bool = strawberry.field(description=MUST_CHANGE, default=True)


@strawberry.input(description="Changes to a user; what is left out stays as it is.")
class UpdateUserInput:
    id: strawberry.ID = strawberry.field(description="The id of the user.")
    expected_updated_at: datetime | None = absent(
        "Refuse with STALE_OBJECT if they have changed since this `updatedAt`."
    )
    username: str | None = absent(USERNAME)
    role: Role | None = absent("What they may do; counts from their next request.")
    is_active: bool | None = absent(
        "Whether they may sign in. False ends their sessions and revokes their API tokens."
    )


@strawberry.input(description="Whose password to reset, and to what.")
class ResetPasswordInput:
    id: strawberry.ID = strawberry.field(description="The id of the user.")
    password: str = strawberry.field(description=PASSWORD)


@strawberry.input(description="Which user to delete.")
class DeleteUserInput:
    id: strawberry.ID = strawberry.field(description="The id of the user.")


@strawberry.type(description="The new user, or why there is none.")
class CreateUserPayload:
    user: User | None = strawberry.field(description="As stored.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="The changed user, or why they stayed as they were.")
class UpdateUserPayload:
    user: User | None = strawberry.field(description="As they are now.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="Whose password was reset, or why it was not.")
class ResetPasswordPayload:
    user: User | None = strawberry.field(description="As they are now.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="Who was deleted, or why nobody was.")
class DeleteUserPayload:
    deleted_id: strawberry.ID | None = strawberry.field(
        description="The id of the user who is gone.", default=None
    )
    errors: list[UserError] = errors_field()


@strawberry.type
class AdministeringMutations:
    @mutation("Add a user.", needs=Permission.ADMIN)
    async def create_user(self, info: Info, input: CreateUserInput) -> CreateUserPayload:
        async with info.context.db.write() as session:
            row = await create_user(session, info.context.actor, **vars(input))
        return CreateUserPayload(user=User.of(row))

    @mutation(
        "Change a user. The last active administrator neither loses that role nor is disabled.",
        needs=Permission.ADMIN,
    )
    async def update_user(self, info: Info, input: UpdateUserInput) -> UpdateUserPayload:
        values = given(input)
        user_id = row_id(values.pop("id"), USERS.name, field="id")
        expected = values.pop("expected_updated_at", None)
        async with info.context.db.write() as session:
            row = await update_user(
                session,
                info.context.actor,
                user_id,
                UserPatch(**values),
                expected_updated_at=expected,
            )
        return UpdateUserPayload(user=User.of(row))

    @mutation(
        "Give somebody else a password, which they have to change; their sessions end and their"
        " API tokens are revoked.",
        needs=Permission.ADMIN,
    )
    async def reset_password(self, info: Info, input: ResetPasswordInput) -> ResetPasswordPayload:
        user_id = row_id(input.id, USERS.name, field="id")
        async with info.context.db.write() as session:
            row = await reset_password(session, info.context.actor, user_id, input.password)
        return ResetPasswordPayload(user=User.of(row))

    @mutation(
        "Delete somebody else with their sessions and API tokens. The audit keeps their name;"
        " the last active administrator stays.",
        needs=Permission.ADMIN,
    )
    async def delete_user(self, info: Info, input: DeleteUserInput) -> DeleteUserPayload:
        user_id = row_id(input.id, USERS.name, field="id")
        async with info.context.db.write() as session:
            await delete_user(session, info.context.actor, user_id)
        return DeleteUserPayload(deleted_id=input.id)
