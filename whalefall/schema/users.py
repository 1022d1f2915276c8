"""Users: who asks, signing in and out."""

import strawberry

from whalefall.auth import Permission
from whalefall.resolvers.users import USERS, UserRow, get_me, sign_in, sign_out
from whalefall.schema.context import Info
from whalefall.schema.nodes import Node, noun_type
from whalefall.schema.problems import UserError, errors_field, mutation


@noun_type(USERS)
class User(UserRow, Node):
    csrf: strawberry.Private[str | None] = None

    @strawberry.field(
        description="Sent as X-CSRFToken with every write by cookie; null but on `me`."
    )
    def csrf_token(self) -> str | None:
        return self.csrf


@strawberry.input(description="Who signs in.")
class LoginInput:
    username: str = strawberry.field(description="The user's name.")
    password: str = strawberry.field(description="The user's password.")


@strawberry.type(description="Who is signed in now, or why nobody is.")
class LoginPayload:
    user: User | None = strawberry.field(description="Who is signed in now.", default=None)
    csrf_token: str | None = strawberry.field(
        description="To be sent as X-CSRFToken with every write by cookie.", default=None
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="What signing out came to.")
class LogoutPayload:
    errors: list[UserError] = errors_field()


@strawberry.type
class UserQueries:
    @strawberry.field(description="Who is signed in; null when nobody is.")
    async def me(self, info: Info) -> User | None:
        context = info.context
        if not context.actor.is_signed_in:
            return None
        async with context.db.read() as session:
            row = await get_me(session, context.actor)
        csrf_token = getattr(context.request.state, "csrf_token", None) or None
        if row is None:
            return None
        me = User.of(row)
        me.csrf = csrf_token
        return me


@strawberry.type
class UserMutations:
    @mutation("Sign in; the answer sets the session's cookie.", needs=None)
    async def login(self, info: Info, input: LoginInput) -> LoginPayload:
        context, request = info.context, info.context.request
        signed_in = await sign_in(
            context.db,
            input.username,
            input.password,
            address=request.client.host if request.client else None,
            user_agent=request.headers.get("user-agent"),
        )
        request.state.session_token = signed_in.token  # the edge makes the cookie of it
        return LoginPayload(user=User.of(signed_in.user), csrf_token=signed_in.csrf_token)

    @mutation("Sign out: the session ends.", needs=Permission.VIEW)
    async def logout(self, info: Info) -> LogoutPayload:
        context = info.context
        async with context.db.write() as session:
            await sign_out(session, context.actor)
        context.request.state.session_token = ""
        return LogoutPayload()
