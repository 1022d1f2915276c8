"""Who asks, signing in and out, and the next tokens of a sign-in."""

from datetime import datetime

import strawberry
from starlette.requests import HTTPConnection

from whalefall.resolvers.users import (
    get_me,
    issue_tokens,
    refresh_access_token,
    sign_in,
    sign_out,
)
from whalefall.schema.context import Info
from whalefall.schema.problems import (
    UserError,
    errors_field,
    mutation,
    own_mutation,
    secret_mutation,
)
from whalefall.schema.users.types import User

ACCESS = "For programs: sent as `Authorization: Bearer …` with each request until it expires."
REFRESH = (
    "For programs: gives the next tokens, once, within two days. Shown again, also at the same"
    " moment, it ends the session and all its tokens."
)


@strawberry.input(description="Who signs in.")
class LoginInput:
    username: str = strawberry.field(description="The user's name.")
    password: str = strawberry.field(description="The user's password.")


@strawberry.input(description="What the next tokens are given for.")
class RefreshAccessTokenInput:
    refresh_token: str = strawberry.field(description="The latest one of the session.")


@strawberry.type(description="Who is signed in now, or why nobody is.")
class LoginPayload:
    user: User | None = strawberry.field(description="Who is signed in now.", default=None)
    csrf_token: str | None = strawberry.field(
        description="To be sent as X-CSRFToken with every write by cookie.", default=None
    )
    access_token: str | None = strawberry.field(description=ACCESS, default=None)
    refresh_token: str | None = strawberry.field(description=REFRESH, default=None)
    expires_at: datetime | None = strawberry.field(
        description="When the access token expires.", default=None
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="The next tokens, or why there are none.")
class RefreshAccessTokenPayload:
    access_token: str | None = strawberry.field(description=ACCESS, default=None)
    refresh_token: str | None = strawberry.field(description=REFRESH, default=None)
    expires_at: datetime | None = strawberry.field(
        description="When the access token expires.", default=None
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
    @mutation("Sign in; the answer sets the session's cookie.", needs=None, alone=True)
    async def login(self, info: Info, input: LoginInput) -> LoginPayload:
        context, request = info.context, info.context.request
        signed_in = await sign_in(
            context.db,
            input.username,
            input.password,
            address=_address(request),
            user_agent=request.headers.get("user-agent"),
        )
        tokens = await issue_tokens(context.db, signed_in)
        request.state.session_token = signed_in.token  # the edge makes the cookie of it
        user, csrf_token = User.of(signed_in.user), signed_in.csrf_token
        return LoginPayload(user=user, csrf_token=csrf_token, **vars(tokens))

    @secret_mutation(
        "Exchange a refresh token for the next tokens of its session; sent without a bearer, as"
        " an expired one would be refused first."
    )
    async def refresh_access_token(
        self, info: Info, input: RefreshAccessTokenInput
    ) -> RefreshAccessTokenPayload:
        address = _address(info.context.request)
        tokens = await refresh_access_token(info.context.db, input.refresh_token, address=address)
        return RefreshAccessTokenPayload(**vars(tokens))

    @own_mutation(
        "Sign out: the session ends, and all its tokens with it. By an API token it does nothing."
    )
    async def logout(self, info: Info) -> LogoutPayload:
        context = info.context
        async with context.db.write() as session:
            await sign_out(session, context.actor)
        context.request.state.session_token = ""
        return LogoutPayload()


def _address(request: HTTPConnection) -> str | None:
    return request.client.host if request.client else None
