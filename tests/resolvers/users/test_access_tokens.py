"""Access tokens: only what we signed, for this purpose, with a key that we still have."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from whalefall.crypto import KeyRing, generate_key_line, new_token
from whalefall.errors import Code, Refused
from whalefall.resolvers.users.access_tokens import (
    AUDIENCE,
    ISSUER,
    PURPOSE,
    SignIn,
    make_access_token,
    read_access_token,
)

SIGN_IN = SignIn(user_id=7, session_id=2**62)
SOON = datetime.now(UTC) + timedelta(minutes=15)


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing.from_text(generate_key_line())


def claims(**changes: Any) -> dict[str, Any]:
    """Those of a good token, but for some; None leaves one out."""
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": int(SOON.timestamp()),
        "type": "access",
        "sub": "7",
        "sid": "8",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def forged(ring: KeyRing, payload: dict[str, Any], **header: Any) -> str:
    """Signed with the right key."""
    headers = {"kid": ring.current_id, **header}
    return jwt.encode(payload, ring.derive(PURPOSE), algorithm="HS256", headers=headers)


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def code(ring: KeyRing, token: str) -> Code:
    with pytest.raises(Refused) as caught:
        read_access_token(ring, token)
    return caught.value.problem_code


def test_a_token_says_whose_sign_in_it_stands_for(ring: KeyRing) -> None:
    token = make_access_token(ring, SIGN_IN, SOON)

    assert read_access_token(ring, token) == SIGN_IN
    assert read_access_token(ring, forged(ring, claims())) == SignIn(user_id=7, session_id=8)


def test_a_token_pins_what_it_is_and_holds_no_rights(ring: KeyRing) -> None:
    token = make_access_token(ring, SIGN_IN, SOON)

    assert jwt.get_unverified_header(token) == {
        "alg": "HS256",
        "typ": "JWT",
        "kid": ring.current_id,
    }
    assert jwt.decode(token, options={"verify_signature": False}) == claims(sid=str(2**62))


def test_no_algorithm_is_no_signature(ring: KeyRing) -> None:
    _, payload, signature = make_access_token(ring, SIGN_IN, SOON).split(".")

    for name in ("none", "None", "NONE", "", None):
        header = part({"alg": name, "typ": "JWT", "kid": ring.current_id})
        assert code(ring, f"{header}.{payload}.") is Code.TOKEN_INVALID
        assert code(ring, f"{header}.{payload}.{signature}") is Code.TOKEN_INVALID


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_with_the_right_key_is_refused(ring: KeyRing, algorithm: str) -> None:
    key = ring.derive(PURPOSE) * 2  # long enough for the larger hashes
    signed = jwt.encode(claims(), key, algorithm=algorithm, headers={"kid": ring.current_id})

    assert code(ring, signed) is Code.TOKEN_INVALID


def test_a_public_key_algorithm_is_refused(ring: KeyRing) -> None:
    theirs = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signed = jwt.encode(claims(), theirs, algorithm="RS256", headers={"kid": ring.current_id})
    _, payload, signature = forged(ring, claims()).split(".")
    renamed = part({"alg": "RS256", "kid": ring.current_id})

    assert code(ring, signed) is Code.TOKEN_INVALID
    assert code(ring, f"{renamed}.{payload}.{signature}") is Code.TOKEN_INVALID


def test_another_key_is_refused_whatever_it_is_called(ring: KeyRing) -> None:
    other = KeyRing.from_text(generate_key_line())
    same_name = KeyRing({ring.current_id: other.keys[other.current_id]})

    assert code(ring, make_access_token(other, SIGN_IN, SOON)) is Code.TOKEN_INVALID
    assert code(ring, make_access_token(same_name, SIGN_IN, SOON)) is Code.TOKEN_INVALID


def test_a_key_that_is_derived_for_something_else_is_refused(ring: KeyRing) -> None:
    for key in (ring.derive("csrf"), ring.keys[ring.current_id]):
        signed = jwt.encode(claims(), key, algorithm="HS256", headers={"kid": ring.current_id})
        assert code(ring, signed) is Code.TOKEN_INVALID


@pytest.mark.parametrize("kid", ["unknown", "", 7, ["a"], None])
def test_a_key_that_is_not_in_the_ring_is_refused(ring: KeyRing, kid: object) -> None:
    _, payload, signature = forged(ring, claims()).split(".")

    token = f"{part({'alg': 'HS256', 'kid': kid})}.{payload}.{signature}"
    nameless = f"{part({'alg': 'HS256'})}.{payload}.{signature}"

    assert code(ring, token) is Code.TOKEN_INVALID
    assert code(ring, nameless) is Code.TOKEN_INVALID


def test_a_token_outlives_the_rotation_of_its_key_but_not_the_removal() -> None:
    old, new = generate_key_line(), generate_key_line()
    token = make_access_token(KeyRing.from_text(old), SIGN_IN, SOON)

    rotated = KeyRing.from_text(f"{new},{old}")

    assert read_access_token(rotated, token) == SIGN_IN
    fresh = make_access_token(rotated, SIGN_IN, SOON)
    assert jwt.get_unverified_header(fresh)["kid"] == new.partition(":")[0]
    assert code(KeyRing.from_text(new), token) is Code.TOKEN_INVALID


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"aud": [AUDIENCE, "another"]},
        {"iss": "another"},
        {"type": "refresh"},
        {"type": ["access"]},
        {"sub": "x"},
        {"sid": "x"},
        {"sid": {}},
        {"exp": "soon"},
        pytest.param({"nbf": int(SOON.timestamp())}, id="nbf"),
        *({name: None} for name in ("iss", "aud", "exp", "type", "sub", "sid")),
    ],
    ids=str,
)
def test_a_claim_that_is_wrong_or_missing_is_refused(
    ring: KeyRing, changes: dict[str, Any]
) -> None:
    assert code(ring, forged(ring, claims(**changes))) is Code.TOKEN_INVALID


def test_an_expired_token_says_so(ring: KeyRing) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)

    assert code(ring, make_access_token(ring, SIGN_IN, past)) is Code.TOKEN_EXPIRED


def test_an_expired_token_with_a_wrong_signature_is_not_worth_a_reason(ring: KeyRing) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    other = KeyRing({ring.current_id: b"x" * 32})

    assert code(ring, make_access_token(other, SIGN_IN, past)) is Code.TOKEN_INVALID


def test_every_changed_character_is_noticed(ring: KeyRing) -> None:
    token = make_access_token(ring, SIGN_IN, SOON)

    for place in range(len(token) - 1):  # the very last one carries two bits that mean nothing
        other = "A" if token[place] != "A" else "B"
        assert code(ring, token[:place] + other + token[place + 1 :]) is Code.TOKEN_INVALID


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        pytest.param(new_token(), id="a cookie's"),
        pytest.param("wfr_" + new_token(), id="a refresh token's"),
        "\ud800.a.b",
        "ä" * 10,
        f"{part({'alg': 'HS256'})}.{'x' * 100_000}.x",
        base64.urlsafe_b64encode(b"[" * 60_000).decode() + ".e30.x",
        base64.urlsafe_b64encode(b"[" * 300).decode() + ".e30.x",
        f"{part([])}.e30.x",
        f"{part({'alg': 'HS256', 'b64': False, 'crit': ['b64'], 'kid': 'x'})}..x",
    ],
)
def test_what_is_no_token_at_all_is_refused(ring: KeyRing, token: str) -> None:
    assert code(ring, token) is Code.TOKEN_INVALID
