"""What problems say, in Chinese: every message can be translated, and every page does it."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import lxml.html
import pytest
from sqlalchemy import select

from tests.factories import make_credential, make_instance, make_tag
from tests.web.conftest import Browser
from tests.web.test_languages import PROBLEMS, ROOT, UNSEEN, messages
from whalefall.db import Database
from whalefall.errors import Problem, counted, said
from whalefall.models.users import User
from whalefall.resolvers.nouns.noun import NOUNS
from whalefall.web.html import environment
from whalefall.web.languages import CHINESE, ENGLISH, translations
from whalefall.web.messages import STORED, in_words

SOURCES = [
    path
    for path in sorted((ROOT / "whalefall").rglob("*.py"))
    if not any(path.is_relative_to(ROOT / "whalefall" / part) for part in UNSEEN)
]
# Functions that hand a message on: what they are given must be marked where it is written.
CARRIERS = {
    "unique": 1,
    "in_use": 1,
    "name_problem": 0,
    "problem": 1,
    "_undecryptable": 0,
    "_refused": 0,
    "_require": 2,
}
UNMARKED = {
    # Made of the noun's name; whalefall.web.words.MISSING has the sentences, a test below looks.
    "f'There is no such {noun.words}.'",
}


def chinese(text: str) -> str:
    return in_words(translations(CHINESE), text)


def name_of(call: ast.expr) -> str:
    if isinstance(call, ast.Call):
        return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    return ""


def written(tree: ast.Module) -> Iterator[ast.expr]:
    """Every expression of a module that becomes a message or a hint."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        yield from (each.value for each in call.keywords if each.arg == "hint")
        place = 0 if name_of(call) in PROBLEMS else CARRIERS.get(name_of(call))
        if place is not None and len(call.args) > place:
            yield call.args[place]


def unmarked(tree: ast.Module) -> Iterator[str]:
    """Those of them that message extraction would not find."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
    literals = {
        id(call.args[0])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and name_of(call) in PROBLEMS and call.args
    }
    for text in written(tree):
        for each in assigned.get(text.id, []) if isinstance(text, ast.Name) else [text]:
            is_text = isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value
            if isinstance(each, ast.JoinedStr | ast.BinOp) or (
                is_text and id(each) not in literals
            ):
                yield ast.unparse(each)


def test_a_message_is_marked_where_it_is_written() -> None:
    found = {
        (str(path.relative_to(ROOT)), text)
        for path in SOURCES
        for text in unmarked(ast.parse(path.read_text()))
    }

    assert {pair for pair in found if pair[1] not in UNMARKED} == set()


@pytest.mark.parametrize(
    "source",
    [
        "raise BadInput(f'{name} is wrong.')",
        "raise BadInput('Wrong.', hint='Repeat it.')",
        "message = 'Wrong.'\nraise BadInput(message)",
        "unique(session, 'Taken.')",
    ],
)
def test_a_message_that_is_not_marked_is_found(source: str) -> None:
    assert list(unmarked(ast.parse(source)))


def test_every_noun_can_be_missing_in_chinese() -> None:
    untranslated = [
        noun.name
        for noun in NOUNS.values()
        if not noun.name.endswith("Point")  # of a history: nobody asks for one by its id
        and chinese(text := f"There is no such {noun.words}.") == text
    ]

    assert untranslated == []


def test_a_sentence_is_english_and_remembers_what_it_is_made_of() -> None:
    users = ["crm", said("%(name)s (recycled)", name="old")]
    one, many = "%(count)s instance uses it: %(names)s.", "%(count)s instances use it: %(names)s."
    text = counted(one, many, 2, names=users)

    assert Problem(text).message == "2 instances use it: crm, old (recycled)."
    assert counted(one, many, 1, names=["crm"]) == "1 instance uses it: crm."
    assert in_words(translations(ENGLISH), text) == text
    assert chinese(text) == "2 个实例正在使用：crm、old（在回收站）。"


def test_a_name_inside_a_sentence_is_no_message() -> None:
    assert "Sign in first." in chinese(
        said("There is already a tag %(name)s.", name="Sign in first.")
    )


def test_what_was_stored_is_translated_or_marked_as_english() -> None:
    told = environment(CHINESE).from_string("{{ text|said }}")

    assert told.render(text="The server did not answer in time.") == "服务器未及时响应。"
    assert told.render(text="Some objects could not be read. Missing: PROCESS.") == (
        "部分对象无法读取。缺少权限：PROCESS。"
    )
    assert told.render(text="No <b>.") == '<span lang="en">No &lt;b&gt;.</span>'
    assert told.render(text=None) == ""
    assert environment(ENGLISH).from_string("{{ text|said }}").render(text="A & b") == "A &amp; b"


def test_stored_messages_are_known_by_what_is_still_said() -> None:
    assert set(STORED) <= messages()


BAD_FORMS: list[tuple[str, dict[str, str]]] = [
    ("/tags/new", {}),
    ("/tags/new", {"name": "a b", "display_name": "x" * 200, "category": "\x07"}),
    ("/tags/new", {"name": "prod", "display_name": "P", "category": "env", "is_active": "1"}),
    ("/tags/{tag}/delete", {}),
    ("/tags/assign/commit", {"change": "ASSIGN"}),
    ("/credentials/new", {}),
    ("/credentials/{credential}/edit", {"name": "", "credential_type": "x", "engine": "DB2"}),
    ("/credentials/{credential}/edit", {"credential_type": "SSH", "name": "c", "username": "u"}),
    ("/credentials/{credential}/delete", {}),
    ("/credentials/{credential}/delete", {"replace_with_id": "{credential}"}),
    ("/instances/new", {}),
    ("/instances/new", {"name": "shop", "engine": "MYSQL", "host": "-", "port": "70000"}),
    ("/instances/new", {"port": "many", "tls_ca_pem": "x", "tls_mode": "VERIFY_CA"}),
    ("/instances/new", {"credential_id": "999999", "name": "n", "engine": "MYSQL", "host": "h"}),
    ("/instances/validate?field=host", {"host": "a b"}),
    ("/instances/validate?field=nothing", {}),
    ("/instances/{instance}/edit", {"updated_at": "yesterday"}),
    ("/instances/import", {}),
    ("/instances/import", {"csv": "name,colour\na,b"}),
    ("/instances/import", {"csv": "name"}),
    ("/instances/import", {"csv": "name,name\na,b"}),
    ("/instances/import", {"csv": "name,db_type,host,port,tags\nshop,DB2,-,x,nothing\nshop,,,,"}),
    ("/instances/actions/pause", {}),
    ("/instances/actions/purge", {"ids": "{instance}"}),
    ("/users/new", {"username": "a b", "password": "x"}),
    ("/users/new", {"username": "ada", "role": "VIEWER", "password": "a long enough one"}),
    ("/users/{ada}/edit", {"username": "ada", "role": "VIEWER"}),
    ("/users/{ada}/reset-password", {"password": "password"}),
    ("/users/{ada}/delete", {"typed_name": "vera"}),
    ("/users/{ada}/delete", {"typed_name": "ada"}),
    ("/me/password", {"old_password": "x", "new_password": "y", "repeated_password": "z"}),
    ("/me/password", {"old_password": "x", "new_password": "y", "repeated_password": "y"}),
    ("/me/preferences", {"time_zone": "Mars", "language": "xx"}),
    ("/me/api-tokens/new", {"days": "7"}),
    ("/me/api-tokens/new", {"name": "n", "days": "-1"}),
    ("/sync-sessions/999999/actions/cancel", {}),
    ("/databases/999999/tables/actions/refresh", {}),
]
BROKEN = "/instances?after=nonsense"
BAD_ADDRESSES = [
    "/nothing",
    "/tags/999999/edit",
    "/instances/999999",
    "/users/999999/edit",
    "/credentials/999999/edit",
    "/sync-sessions/999999",
    "/databases/999999",
    "/instances?port=many",
    "/instances?engine=DB2",
    "/instances?status=DULL",
    "/instances?order=colour",
    BROKEN,
    "/databases/ledgers?min_size=lots",
]
SAID = ".field__error, .banner p, .banner strong, .toast, .empty, td li"
IN_ASCII, WORD = re.compile(r"[\x20-\x7e]+"), re.compile(r"\b[A-Za-z]?[a-z']+\b")


def english(text: str) -> list[str]:
    """What a page says of problems in more than three English words at a stretch."""
    page = lxml.html.fromstring(f"<div>{text}</div>")
    found = [" ".join(each.text_content().split()) for each in page.cssselect(SAID)]
    assert found, text
    runs = (run for each in found for run in IN_ASCII.findall(each))
    return [run for run in runs if len(WORD.findall(run)) > 3]


async def estate(db: Database) -> dict[str, Any]:
    async with db.write() as session:
        credential, tag = await make_credential(session), await make_tag(session, "prod")
        instance = await make_instance(
            session, name="shop", credential_id=credential.id, tags=[tag]
        )
        ada = await session.scalar(select(User.id).where(User.username == "ada"))
        return {"tag": tag.id, "credential": credential.id, "instance": instance.id, "ada": ada}


async def test_refused_forms_speak_chinese(db: Database, ada_browser: Browser) -> None:
    ids, failed = await estate(db), []
    ada_browser.http.cookies.set("lang", CHINESE.tag)

    for path, fields in BAD_FORMS:
        filled = {name: value.format(**ids) for name, value in fields.items()}
        response = await ada_browser.post(path.format(**ids), filled)
        assert response.status_code in {200, 400, 404, 409, 422}, (path, response.text)
        failed += [(path, fields, each) for each in english(response.text)]

    assert failed == []


async def test_error_pages_and_toasts_speak_chinese(ada_browser: Browser) -> None:
    ada_browser.http.cookies.set("lang", CHINESE.tag)
    failed = []

    for path in BAD_ADDRESSES:
        for target in ("", "main"):
            response = await ada_browser.get(path, target=target)
            assert response.status_code in {400, 404}, (path, response.text)
            failed += [(path, each) for each in english(response.text)]

    assert failed == []
    assert "请从第一页重新开始。" in (await ada_browser.get(BROKEN, target="main")).text


async def test_who_may_not_or_is_not_believed_is_told_in_chinese(
    nobody: Browser, vera_browser: Browser
) -> None:
    for browser in (nobody, vera_browser):
        browser.http.cookies.set("lang", CHINESE.tag)

    answers = [
        await nobody.post("/login", {"username": "ada", "password": "wrong"}),
        await nobody.post("/login", {"username": "", "password": ""}),
        await vera_browser.post("/tags/new", {"name": "x"}),
        await vera_browser.http.post("/tags/new", data={}),
        await vera_browser.http.post("/tags/new", headers={"Sec-Fetch-Site": "cross-site"}),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 403, 403, 403]
    assert [english(answer.text) for answer in answers] == [[]] * 5


async def test_a_connection_that_fails_says_why_in_chinese(
    db: Database, ada_browser: Browser
) -> None:
    async with db.write() as session:
        credential = await make_credential(session, db.keys)
        instance = await make_instance(session, host="169.254.1.1", credential_id=credential.id)
    ada_browser.http.cookies.set("lang", CHINESE.tag)

    response = await ada_browser.post(f"/instances/{instance.id}/actions/test", target="health")

    assert "不允许以此地址为目标。 管理员可通过 WHALEFALL_TARGETS_ALLOW 放行。" in response.text
    assert english(response.text) == []
