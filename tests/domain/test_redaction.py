"""What must never be written down."""

from datetime import UTC, datetime

import pytest

from whalefall.domain.facts import Quality
from whalefall.domain.redaction import HIDDEN, LONGEST, hide, line, redact, redact_mapping, trace

CANARY = "c4nary-Secret"


SECRET_KEYS = """
    password new_password dbPassword PWD passphrase secret_keys accessToken token_digest dsn
    Authorization Set-Cookie csrf_token password_ciphertext api-key apikey private_key
    database_url WHALEFALL_REDIS_URL
"""


@pytest.mark.parametrize("key", SECRET_KEYS.split())
def test_a_secret_is_known_by_the_name_of_its_field(key: str) -> None:
    assert redact(key, CANARY) == HIDDEN
    assert redact(key, 12345) == HIDDEN
    assert redact(key, [CANARY, {"a": CANARY}]) == HIDDEN
    assert redact_mapping({"outer": [{key: CANARY}]}) == {"outer": [{key: HIDDEN}]}


def test_what_only_sounds_like_a_secret_stays() -> None:
    harmless = {"token_id": 7, "password_updated_at": "today", "key": "name", "has_password": True}

    assert redact_mapping(harmless) == harmless


@pytest.mark.parametrize(
    "text",
    [
        f"cannot connect to postgresql://whalefall:{CANARY}@db.example/x",
        f"redis://:{CANARY}@127.0.0.1:6379/0",
        f"mysql://a:{CANARY}@/with@signs@db/x",
        f"Authorization: Bearer {CANARY}",
        f"authorization: Basic {CANARY}",
        f"token wf_{CANARY} was used",
        f"wfr_{CANARY}",
        f'{{"refresh":"wfr_{CANARY}"}}',
        f"eyJhbGciOiJI.{CANARY}.sig",
        f"eyJhbGciOiJI.eyJzdWIi.{CANARY}",
        f"eyJhbGciOiJI.{CANARY}",
        f"DRIVER=FreeTDS;UID=sa;PWD={CANARY};TDS=7",
        f"PWD={{{CANARY};with=signs}}",
        f"ALTER USER x IDENTIFIED BY '{CANARY}'",
        f"ALTER ROLE x PASSWORD '{CANARY}'",
        f'{{"password": "{CANARY}"}}',
        f'mutation {{ login(password: "{CANARY}") }}',
        f"GET /x?token={CANARY}&a=b",
        f"whalefall_session={CANARY}",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
        f"duplicate key\nDETAIL:  Key (name)=({CANARY}) already exists.\nmore",
        f"error\n[SQL: INSERT INTO users VALUES ($1)]\n[parameters: ('{CANARY}',)]\n(Background)",
    ],
)
def test_a_secret_is_known_by_how_it_looks(text: str) -> None:
    assert CANARY not in hide(text)


def test_ordinary_texts_stay_as_they_are() -> None:
    text = "cannot reach db.example:5432 as whalefall, see https://docs.example/a@b"

    assert hide(text) == text


def test_nobody_forges_a_second_line() -> None:
    assert line('x\r\n{"level":"error"}\x1b[2J\x00\u2028') == (
        'x\\r\\n{"level":"error"}\\x1b[2J\\x00\\u2028'
    )
    assert trace("a\n\tb\r\x00") == "a\n\tb\\r\\x00"


def test_values_become_what_json_can_hold() -> None:
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    fields = {"at": moment, "nan": float("nan"), "big": 2**70, "raw": b"abc", "q": Quality.EXACT}

    assert redact_mapping(fields) == {
        "at": "2024-01-01T00:00:00+00:00",
        "nan": "nan",
        "big": str(2**70),
        "raw": "<3 bytes>",
        "q": "EXACT",
    }
    assert redact("x", "\ud800") == "\\ud800"


def test_endless_values_end() -> None:
    circle: dict[str, object] = {}
    circle["again"] = circle

    assert len(str(redact_mapping(circle))) < 200
    assert len(hide("x" * 10_000_000)) < LONGEST + 10
    assert len(redact("x", list(range(100_000)))) < 1000
