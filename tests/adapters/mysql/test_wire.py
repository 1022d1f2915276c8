"""How a connection is protected: TLS as asked, and against servers that mean ill."""

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.adapters.certificates import Authority
from tests.adapters.contract import QUICK
from tests.adapters.mysql.rogue import RogueServer, Script, column, rogue
from tests.adapters.mysql.server import MySQLServer, started
from whalefall.adapters.base import APPLICATION_NAME, Target
from whalefall.adapters.mysql import MySQLAdapter
from whalefall.domain.tls import Tls, TlsMode
from whalefall.errors import Code, TargetProblem

AUTHORITY, STRANGER = Authority("ours"), Authority("theirs")


@pytest.fixture(scope="module")
async def encrypted(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MySQLServer]:
    folder = tmp_path_factory.mktemp("tls")
    options = AUTHORITY.sign(folder, "db.example", "127.0.0.1")
    async with started(Path(folder) / "state", "--performance-schema=ON", *options) as server:
        yield server


async def cipher_of(target: Target, tls: Tls, *, host: str = "db.example") -> str:
    async with MySQLAdapter().connect(replace(target, host=host, tls=tls), QUICK) as session:
        ((_, cipher),) = await session.rows("SHOW STATUS LIKE 'Ssl_cipher'")
    assert isinstance(cipher, str)
    return cipher


async def code_of(target: Target, tls: Tls, *, host: str = "db.example") -> Code:
    with pytest.raises(TargetProblem) as caught:
        await cipher_of(target, tls, host=host)
    return caught.value.problem_code


async def test_connection_is_plain_when_asked(encrypted: MySQLServer) -> None:
    assert await cipher_of(encrypted.admin(), Tls(mode=TlsMode.DISABLE)) == ""


@pytest.mark.parametrize("mode", [TlsMode.PREFER, TlsMode.REQUIRE])
async def test_connection_is_encrypted_without_knowing_the_server(
    encrypted: MySQLServer, mode: TlsMode
) -> None:
    assert await cipher_of(encrypted.admin(), Tls(mode=mode))


async def test_known_authority_is_trusted_whatever_the_name(encrypted: MySQLServer) -> None:
    tls = Tls(mode=TlsMode.VERIFY_CA, ca_pem=AUTHORITY.pem)

    assert await cipher_of(encrypted.admin(), tls, host="other.example")


@pytest.mark.parametrize("ca_pem", [STRANGER.pem, None, "nonsense"])
async def test_unknown_authority_is_refused(encrypted: MySQLServer, ca_pem: str | None) -> None:
    tls = Tls(mode=TlsMode.VERIFY_CA, ca_pem=ca_pem)

    assert await code_of(encrypted.admin(), tls) is Code.TLS_ERROR


async def test_name_is_that_of_the_instance_or_the_one_given(encrypted: MySQLServer) -> None:
    tls = Tls(mode=TlsMode.VERIFY_FULL, ca_pem=AUTHORITY.pem)
    named = replace(tls, server_name="db.example")

    assert await cipher_of(encrypted.admin(), tls)
    assert await cipher_of(encrypted.admin(), tls, host="127.0.0.1")
    assert await cipher_of(encrypted.admin(), named, host="10.0.0.1")
    assert await code_of(encrypted.admin(), tls, host="other.example") is Code.TLS_ERROR


@pytest.mark.parametrize("mode", [TlsMode.REQUIRE, TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL])
async def test_server_without_tls_never_hears_the_account(
    server: MySQLServer, mode: TlsMode
) -> None:
    target = replace(server.target(), username="nobody_here")

    assert await code_of(target, Tls(mode=mode)) is Code.TLS_ERROR


async def test_server_without_tls_is_good_enough_when_only_preferred(server: MySQLServer) -> None:
    assert await cipher_of(server.target(), Tls(mode=TlsMode.PREFER)) == ""


async def test_server_that_insists_on_tls_is_understood(encrypted: MySQLServer) -> None:
    target = await encrypted.make_account(options="REQUIRE SSL")

    assert await code_of(target, Tls(mode=TlsMode.DISABLE)) is Code.AUTH_FAILED
    assert await cipher_of(target, Tls(mode=TlsMode.PREFER))


async def test_server_knows_who_we_are(encrypted: MySQLServer) -> None:
    async with MySQLAdapter().connect(encrypted.admin(), QUICK) as session:
        names = await session.rows(
            "SELECT attr_value FROM performance_schema.session_connect_attrs"
            " WHERE attr_name = 'program_name' AND processlist_id = CONNECTION_ID()"
        )

    assert names == ((APPLICATION_NAME,),)


async def problem_of(script: Script) -> TargetProblem:
    async with rogue(script) as target:
        with pytest.raises(TargetProblem) as caught:
            async with MySQLAdapter().connect(target, QUICK):
                pass
    return caught.value


async def test_server_that_asks_for_a_file_gets_none() -> None:
    heard = asyncio.Event()

    async def ask_for_a_file(server: RogueServer) -> None:
        await server.sign_in()
        await server.hear()
        server.send(b"\xfb/etc/passwd")
        await server.hear()
        heard.set()

    problem = await problem_of(ask_for_a_file)

    assert problem.problem_code is Code.DATABASE_CONNECTION_ERROR
    assert not heard.is_set()


@pytest.mark.parametrize("plugin", [b"mysql_clear_password", b"mysql_old_password"])
async def test_server_that_asks_for_the_password_does_not_get_it(plugin: bytes) -> None:
    said: list[bytes] = []

    async def greet_so(server: RogueServer) -> None:
        server.greet(plugin=plugin)
        said.append(await server.hear())

    async def switch_to_it(server: RogueServer) -> None:
        server.greet()
        said.append(await server.hear())
        server.send(b"\xfe" + plugin + b"\x00saltsaltsaltsaltsalt\x00")
        said.append(await server.hear())

    problems = [await problem_of(greet_so), await problem_of(switch_to_it)]

    assert [problem.problem_code for problem in problems] == [Code.TLS_ERROR, Code.TLS_ERROR]
    assert len(said) == 1
    assert b"planted secret" not in said[0]


async def test_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whalefall.adapters.mysql.wire.ANSWER_LIMIT_BYTES", 1_000_000)

    async def answer_for_ever(server: RogueServer) -> None:
        await server.sign_in()
        await server.hear()
        server.send(b"\x01", column(b"one"), b"\xfe\x00\x00\x02\x00")
        while True:
            server.send(b"\xfc\xe8\x03" + b"x" * 1000)
            await server.drain()

    problem = await problem_of(answer_for_ever)

    assert problem.problem_code is Code.DATABASE_CONNECTION_ERROR


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (1045, Code.AUTH_FAILED),
        (1862, Code.AUTH_FAILED),
        (3118, Code.AUTH_FAILED),
        (1049, Code.DATABASE_NOT_FOUND),
        (1044, Code.TARGET_PERMISSION_DENIED),
        (1040, Code.TOO_MANY_CONNECTIONS),
        (1203, Code.TOO_MANY_CONNECTIONS),
        (3159, Code.TLS_ERROR),
        (1053, Code.DATABASE_CONNECTION_ERROR),
        (1205, Code.DATABASE_TIMEOUT),
        (3024, Code.DATABASE_TIMEOUT),
        (1317, Code.DATABASE_QUERY_ERROR),
    ],
)
async def test_servers_errors_have_codes_and_lose_their_words(number: int, code: Code) -> None:
    async def refuse(server: RogueServer) -> None:
        server.send(b"\xff" + struct.pack("<H", number) + b"#HY000planted secret of collector")

    problem = await problem_of(refuse)

    assert problem.problem_code is code
    assert "planted" not in problem.message


@pytest.mark.parametrize(
    "greeting", [b"", b"\x0a", b"\x0ax.y\x00", b"\x0a\xff\xfe\x00" + b"\x01" * 60, b"\x09" * 90]
)
async def test_garbled_greeting_is_a_connection_error(greeting: bytes) -> None:
    async def mumble(server: RogueServer) -> None:
        server.send(greeting, b"\x00" * 20, b"\x00" * 20)

    problem = await problem_of(mumble)

    assert problem.problem_code in (Code.DATABASE_CONNECTION_ERROR, Code.DATABASE_TIMEOUT)
