"""Static files."""

import re

import pytest

from tests.web.conftest import Browser
from whalefall.web import assets

STYLE_SHEETS = sorted((assets.STATIC / "css").glob("*.css"))


async def test_files_are_kept_forever_under_the_digest_of_their_content(nobody: Browser) -> None:
    for name in assets.manifest():
        response = await nobody.get(assets.asset_url(name))

        assert response.status_code == 200
        assert response.headers["cache-control"] == assets.FOREVER
        assert response.content == assets.manifest()[name].content


async def test_a_file_under_another_digest_is_not_there(nobody: Browser) -> None:
    response = await nobody.get("/static/0000000000000000/app.css")

    assert response.status_code == 404


async def test_a_client_that_cannot_unpack_gets_plain_bytes(nobody: Browser) -> None:
    headers = {"Accept-Encoding": "identity"}

    response = await nobody.get(assets.asset_url("app.css"), headers=headers)

    assert "content-encoding" not in response.headers


def test_a_carried_file_that_was_changed_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(assets.CARRIED, "htmx.js", ("htmx-2.min.js", "0" * 64))
    assets.manifest.cache_clear()
    with pytest.raises(assets.AssetsBroken, match="not the reviewed file"):
        assets.manifest()


def test_a_missing_carrier_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "CARRIER", "no_such_package")
    assets.manifest.cache_clear()
    with pytest.raises(assets.AssetsBroken, match="requirements"):
        assets.manifest()


def test_our_script_stays_small() -> None:
    assert len(assets.manifest()["app.js"].content) <= 8 * 1024


@pytest.mark.parametrize("path", STYLE_SHEETS, ids=lambda path: path.stem)
def test_a_style_sheet_is_short_and_layered(path: object) -> None:
    text = path.read_text()  # type: ignore[attr-defined]

    assert len(text.splitlines()) < 150
    assert "@layer" in text
    assert "!important" not in text
    assert not re.search(r"(?m)^\s*#[a-z]", text)


def test_colours_stand_in_the_tokens_only() -> None:
    loose = [
        path.stem
        for path in STYLE_SHEETS
        if path.stem not in {"tokens", "dark"}
        and re.search(r"#[0-9a-f]{3,8}\b|\brgb\(|\bhsl\(", path.read_text())
    ]

    assert loose == []
