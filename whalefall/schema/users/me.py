"""What is one's own: the password, how the pages look, where one is signed in."""

import strawberry

from whalefall.auth import Permission
from whalefall.domain import preferences
from whalefall.domain.browsers import browser_of
from whalefall.domain.preferences import Density, Theme
from whalefall.resolvers.users import (
    USER_SESSIONS,
    PreferencesPatch,
    UserSessionRow,
    change_password,
    get_preferences,
    revoke_other_sessions,
    revoke_session,
    update_preferences,
)
from whalefall.schema.connections import Connection
from whalefall.schema.context import Info
from whalefall.schema.enums import describe
from whalefall.schema.fields import list_of
from whalefall.schema.ids import row_id
from whalefall.schema.nodes import Node, noun_type
from whalefall.schema.patches import absent, given
from whalefall.schema.problems import UserError, errors_field, mutation, own_mutation
from whalefall.schema.users.types import User

describe(Theme, "How bright the pages are.", {"LIGHT": "Bright.", "DARK": "Dim."})
describe(
    Density,
    "How high the rows of tables are.",
    {"COMPACT": "Lower than usual.", "RELAXED": "Higher than usual."},
)
THEME = "How bright; null: as the system of the reader is."
DENSITY = "How high the rows of tables are; null: as usual."
LANGUAGE = "en or zh-CN; null: as the browser says."
TIME_ZONE = "An IANA zone in which pages write times; null: the installation's."
USES_KEYS = "Whether single letters act as shortcuts."


@strawberry.type(description="How a person likes the pages.")
class Preferences:
    theme: Theme | None = strawberry.field(description=THEME)
    density: Density | None = strawberry.field(description=DENSITY)
    language: str | None = strawberry.field(description=LANGUAGE)
    time_zone: str | None = strawberry.field(description=TIME_ZONE)
    uses_keys: bool = strawberry.field(description=USES_KEYS)

    @classmethod
    def of(cls, stored: preferences.Preferences) -> "Preferences":
        return cls(**vars(stored))


@noun_type(USER_SESSIONS)
class UserSession(UserSessionRow, Node):
    @strawberry.field(
        description="Browser and system in words, such as `Firefox on Linux`; null: not told."
    )
    def browser(self) -> str | None:
        browser = browser_of(self.user_agent)
        return None if browser is None else str(browser)

    @strawberry.field(description="Whether this is the session that asks.")
    def is_current(self, info: Info) -> bool:
        return self.id == info.context.actor.session_id


@strawberry.input(description="The password that one has, and the one that one wants.")
class ChangePasswordInput:
    old_password: str = strawberry.field(description="The current password.")
    new_password: str = strawberry.field(description="The new one: 8 to 128 characters.")


@strawberry.input(description="Changes to one's preferences; what is left out stays as it is.")
class UpdatePreferencesInput:
    theme: Theme | None = absent(THEME)
    density: Density | None = absent(DENSITY)
    language: str | None = absent(LANGUAGE)
    time_zone: str | None = absent(TIME_ZONE)
    uses_keys: bool | None = absent(USES_KEYS)


@strawberry.input(description="Which session to end.")
class RevokeSessionInput:
    id: strawberry.ID = strawberry.field(description="The id of the session.")


@strawberry.type(description="Who has a new password, or why nobody has.")
class ChangePasswordPayload:
    user: User | None = strawberry.field(description="Who changed it.", default=None)
    csrf_token: str | None = strawberry.field(
        description="The new session's: to be sent as X-CSRFToken from now on.", default=None
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="One's preferences, or why they stayed as they were.")
class UpdatePreferencesPayload:
    preferences: Preferences | None = strawberry.field(description="As they are now.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="What ending a session came to.")
class RevokeSessionPayload:
    errors: list[UserError] = errors_field()


@strawberry.type(description="How many sessions ended.")
class RevokeOtherSessionsPayload:
    revoked_count: int | None = strawberry.field(
        description="How many ended; null when the request was refused.", default=None
    )
    errors: list[UserError] = errors_field()


@strawberry.type
class MyQueries:
    my_sessions: Connection[UserSession] = list_of(
        USER_SESSIONS, "Where one is signed in, the last seen first; one's own only."
    )

    @strawberry.field(description="How the person who asks likes the pages; not by API tokens.")
    async def my_preferences(self, info: Info) -> Preferences:
        info.context.actor.require_session()
        async with info.context.db.read() as session:
            return Preferences.of(await get_preferences(session, info.context.actor))


@strawberry.type
class MyMutations:
    @own_mutation(
        "Change one's own password, also as whoever must before all else. All one's sessions and"
        " tokens end; the answer sets the cookie of a new session.",
        alone=True,
    )
    async def change_password(
        self, info: Info, input: ChangePasswordInput
    ) -> ChangePasswordPayload:
        context, request = info.context, info.context.request
        signed_in = await change_password(
            context.db,
            context.actor,
            input.old_password,
            input.new_password,
            address=context.address or None,
            user_agent=request.headers.get("user-agent"),
        )
        request.state.session_token = signed_in.token  # the edge makes the cookie of it
        user = User.of(signed_in.user)
        return ChangePasswordPayload(user=user, csrf_token=signed_in.csrf_token)

    @own_mutation("Change how one likes the pages.")
    async def update_preferences(
        self, info: Info, input: UpdatePreferencesInput
    ) -> UpdatePreferencesPayload:
        async with info.context.db.write() as session:
            stored = await update_preferences(
                session, info.context.actor, PreferencesPatch(**given(input))
            )
        return UpdatePreferencesPayload(preferences=Preferences.of(stored))

    @mutation(
        "End one of one's own sessions at once, with all its tokens; not by API tokens.",
        needs=Permission.VIEW,
    )
    async def revoke_session(self, info: Info, input: RevokeSessionInput) -> RevokeSessionPayload:
        session_id = row_id(input.id, USER_SESSIONS.name, field="id")
        async with info.context.db.write() as session:
            await revoke_session(session, info.context.actor, session_id)
        return RevokeSessionPayload()

    @mutation(
        "End all of one's own sessions but the one that asks; not by API tokens.",
        needs=Permission.VIEW,
    )
    async def revoke_other_sessions(self, info: Info) -> RevokeOtherSessionsPayload:
        async with info.context.db.write() as session:
            count = await revoke_other_sessions(session, info.context.actor)
        return RevokeOtherSessionsPayload(revoked_count=count)
