"""Importing instances by a page: a file or a text is looked at, then its good rows are added."""

import csv
import io

import httpx2
import pytest

from tests.factories import ADA, make_instance
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database
from whalefall.resolvers.instances import list_instances

PATH = "/instances/import"
GOOD = "name,db_type,host\norders,mysql,db1\n"
MIXED = GOOD + "crm,mysql,no host\n"


async def send(
    browser: Browser, fields: dict[str, str], file: bytes | None = None, name: str = "a.csv"
) -> httpx2.Response:
    """The form as a browser sends it: with a part for the file, chosen or not."""
    values = {"csrf_token": browser.csrf_token, **fields}
    parts = {"file": (name if file else "", file or b"", "application/octet-stream")}
    headers = {"Sec-Fetch-Site": "same-origin"}
    return await browser.http.post(PATH, data=values, files=parts, headers=headers)


async def names(db: Database) -> list[str]:
    async with db.read() as session:
        return [row.name for row in (await list_instances(session, ADA)).rows]


def fields_of(response: httpx2.Response, button: str) -> dict[str, str]:
    """What the page would send back when this button is pressed."""
    form = next(form for form in dom(response).forms if form.action == PATH)
    kept = {key: form.fields[key] or "" for key in ("seen", "csv")}
    assert form.cssselect(f"button[name={button}]")
    return {**kept, "csv": kept["csv"].replace("\n", "\r\n"), button: "1"}


async def test_a_file_is_looked_at_first_and_then_added(db: Database, ada_browser: Browser) -> None:
    seen = await send(ada_browser, {"check": "1"}, MIXED.encode("utf-8-sig"))

    assert await names(db) == []
    assert texts(dom(seen), "#preview tbody th") == ["crm", "orders"]
    assert "host Enter a host name" in texts(dom(seen), "#preview tbody li")[0]
    assert texts(dom(seen), "button[name=add]") == ["Add 1 instance"]

    added = await send(ada_browser, fields_of(seen, "add"))

    assert await names(db) == ["orders"]
    assert "1 added, 1 refused" in texts(dom(added), ".banner strong")
    assert dom(added).cssselect("#csv")[0].text_content().splitlines() == [
        "name,db_type,host",
        "crm,mysql,no host",
    ]


async def test_when_all_was_added_nothing_is_left_to_correct(
    db: Database, ada_browser: Browser
) -> None:
    seen = await send(ada_browser, {"csv": GOOD})

    added = await send(ada_browser, fields_of(seen, "add"))

    assert "1 instance added" in texts(dom(added), ".banner strong")
    assert dom(added).cssselect("#preview tbody a")[0].get("href").startswith("/instances/")
    assert not dom(added).cssselect("button[name=add]")


async def test_rows_that_nobody_looked_at_are_not_added(db: Database, ada_browser: Browser) -> None:
    seen = await send(ada_browser, {"csv": GOOD})
    fields = {**fields_of(seen, "add"), "csv": GOOD.replace("orders", "other")}

    changed = await send(ada_browser, fields)

    assert await names(db) == []
    assert "Nothing added yet" in texts(dom(changed), ".banner strong")
    assert texts(dom(changed), "#preview tbody th") == ["other"]


async def test_a_chinese_spreadsheet_is_read(ada_browser: Browser) -> None:
    file = "name;db_type;host;is_active\n订单库;mysql;db1;否\n".encode("gbk")

    seen = await send(ada_browser, {}, file, name="../../实例.csv")

    assert texts(dom(seen), "#preview tbody th") == ["订单库"]
    assert texts(dom(seen), "#preview .chip")[1:] == ["Ready", "Paused"]


@pytest.mark.parametrize(
    ("text", "file", "message"),
    [
        ("", None, "Choose a file, or paste its text."),
        ("", b"\x89PNG\x00", "not a CSV file"),
        ("name,colour\na,b", None, "There is no column colour. The columns are name,"),
        ("name,db_type,host\n" + "a,b,c\n" * 10_000, None, "this one has 10,000"),
    ],
)
async def test_a_file_that_is_none_says_why_and_the_text_stays(
    ada_browser: Browser, text: str, file: bytes | None, message: str
) -> None:
    refused = await send(ada_browser, {"csv": text}, file)

    assert refused.status_code == 422
    assert message in refused.text
    assert text.strip() in refused.text.replace("\r\n", "\n")


async def test_a_file_that_is_too_large_is_refused_in_words(ada_browser: Browser) -> None:
    long = await send(ada_browser, {}, b"name\n" + b"a" * 1_000_000)
    longer = await send(ada_browser, {}, b"a" * 1_100_000)

    assert (long.status_code, longer.status_code) == (422, 413)
    assert "A file may have 1 MB. Import it in parts." in long.text
    assert "A body may have" in longer.text


async def test_five_thousand_bad_rows_get_a_readable_answer(ada_browser: Browser) -> None:
    text = "name,db_type,host\n" + "".join(f"a{n},mysql,no host\n" for n in range(5000))

    page = dom(await send(ada_browser, {"csv": text}))

    assert len(page.cssselect("#preview tbody tr")) == 100
    assert "4,900 more refused rows are not shown" in texts(page, "#preview > p")[0]
    assert not page.cssselect("button[name=add]")


async def test_the_template_can_be_imported(db: Database, ada_browser: Browser) -> None:
    template = await ada_browser.get("/instances/template.csv")
    (example,) = csv.DictReader(io.StringIO(template.content.decode("utf-8-sig")))

    seen = await send(ada_browser, {}, template.content)

    assert 'filename="instances_template.csv"' in template.headers["content-disposition"]
    assert example["db_type"] == "mysql"
    assert texts(dom(seen), "#preview tbody th") == [example["name"]]
    assert dom(seen).cssselect("button[name=add]")


async def test_names_are_shown_as_text(db: Database, ada_browser: Browser) -> None:
    async with db.write() as session:
        await make_instance(session, name="<b>x")

    seen = await send(ada_browser, {"csv": "name,db_type,host\n<b>x,mysql,db\n"})

    assert "<b>x" not in seen.text
    assert "There is already an instance &lt;b&gt;x." in seen.text


async def test_only_who_may_create_sees_the_page(otto_browser: Browser) -> None:
    for path in (PATH, "/instances/template.csv"):
        assert (await otto_browser.get(path)).status_code == 403
