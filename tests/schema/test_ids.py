"""Global ids: only what we made is taken."""

import base64

import pytest

from whalefall.errors import BadInput
from whalefall.schema.ids import global_id, read_id, row_id


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_an_id_leads_back_to_its_row() -> None:
    assert read_id(global_id("Database", 12)) == ("Database", 12)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "Database:12",
        "not base64!",
        "ÄÖÜ",
        encoded("Database"),
        encoded("Database:"),
        encoded("Database:0"),
        encoded("Database:-1"),
        encoded("Database:01"),
        encoded("Database:1.5"),
        encoded("Database:9223372036854775808"),
        encoded("Database:१"),
        encoded("database:1"),
        encoded("Database:1:2"),
        encoded("Database:1\n"),
        encoded("Database:12").rstrip("="),
        encoded("Database:12") + "\n",
        "RGF0YWJhc2U6MTJ=",  # the same bytes with stray bits in the padding
    ],
)
def test_what_we_did_not_make_is_malformed(text: str) -> None:
    with pytest.raises(BadInput, match="malformed"):
        read_id(text)


def test_an_id_of_another_type_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="This id is not of type Database"):
        row_id(global_id("Instance", 12), "Database")
