"""Access tokens: JWTs of a quarter of an hour. They say who signed in, never what one may do."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from whalefall.crypto import KeyRing
from whalefall.errors import Code, Refused, said

ALGORITHM = "HS256"
ISSUER, AUDIENCE, TYPE = "whalefall", "whalefall-api", "access"
LIFETIME = timedelta(minutes=15)
PURPOSE = "access-token"
CLAIMS = ["iss", "aud", "exp", "type", "sub", "sid"]


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """Whose sign-in an access token stands for."""

    user_id: int
    session_id: int


def make_access_token(keys: KeyRing, sign_in: SignIn, expires_at: datetime) -> str:
    """Signed by a key that is derived from the ring's first one, whose id it names."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": int(expires_at.timestamp()),
        "type": TYPE,
        "sub": str(sign_in.user_id),
        "sid": str(sign_in.session_id),
    }
    key = keys.derive(PURPOSE)
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": keys.current_id})


def read_access_token(keys: KeyRing, token: str) -> SignIn:
    """What a token of ours stands for; whether it still does, the database must say.

    Raises TOKEN_EXPIRED, and TOKEN_INVALID for all that we did not make for this purpose.
    """
    try:
        key_id = jwt.get_unverified_header(token)["kid"]
        claims = jwt.decode(
            token,
            keys.derive(PURPOSE, key_id=key_id),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": CLAIMS, "strict_aud": True},
        )
        if claims["type"] != TYPE:
            raise invalid_token()
        return SignIn(user_id=int(claims["sub"]), session_id=int(claims["sid"]))
    except jwt.ExpiredSignatureError as error:
        raise expired_token() from error
    except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
        raise invalid_token() from error


def invalid_token() -> Refused:
    return Refused("The access token is not valid.", code=Code.TOKEN_INVALID)


def expired_token() -> Refused:
    hint = said("Exchange the refresh token for a new one.")
    return Refused("The access token has expired.", code=Code.TOKEN_EXPIRED, hint=hint)
