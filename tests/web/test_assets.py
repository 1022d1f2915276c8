"""Static files."""

import re

import lxml.etree
import pytest

from tests.web.conftest import Browser
from whalefall.web import assets
from whalefall.web.jinja import icon

STYLE_SHEETS = sorted((assets.STATIC / "css").glob("*.css"))


async def test_files_are_kept_forever_under_the_digest_of_their_content(nobody: Browser) -> None:
    for name in assets.manifest():
        response = await nobody.get(assets.asset_url(name))

        assert response.status_code == 200
        assert response.headers["cache-control"] == assets.FOREVER
        assert response.content == assets.manifest()[name].content


async def test_a_file_under_another_digest_is_not_there(nobody: Browser) -> None:
    response = await nobody.get("/static/00000000/app.css")

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


def test_our_script_and_our_styles_stay_small() -> None:
    assert len(assets.manifest()["app.js"].content) <= 8 * 1024
    assert len(assets.manifest()["app.css"].content) <= 25 * 1024


def test_the_bundle_says_what_the_sheets_say() -> None:
    text = assets.manifest()["app.css"].content.decode()

    assert text.count("{") == text.count("}")
    assert set(re.findall(r"var\((--[a-z]+)\)", text)) <= set(re.findall(r"(--[a-z]+):", text))
    assert text.count("@layer components{") == 1
    assert ".button:hover{" in text


@pytest.mark.parametrize("night", [False, True])
@pytest.mark.parametrize(
    ("ink", "grounds"),
    [
        ("ink", ["bg", "surface", "s2", "s3", "seq-1", "seq-2", "seq-3", "accent-soft"]),
        ("ink-2", ["bg", "surface", "s2"]),
        ("ink-3", ["bg", "surface", "s2"]),
        ("on-accent", ["accent", "accent-h", "bad", "seq-4", "seq-5"]),
        ("accent", ["bg", "surface"]),
        ("ok", ["surface", "ok-soft"]),
        ("warn", ["surface", "warn-soft"]),
        ("bad", ["surface", "bad-soft"]),
        ("info", ["surface", "info-soft"]),
    ],
)
def test_text_can_be_read_by_day_and_by_night(ink: str, grounds: list[str], night: bool) -> None:
    tokens = (assets.STATIC / "css" / "tokens.css").read_text()

    for ground in grounds:
        light, dark = sorted([_luminance(tokens, ink, night), _luminance(tokens, ground, night)])
        assert (dark + 0.05) / (light + 0.05) >= 4.5, f"{ink} on {ground}"


def _luminance(tokens: str, name: str, night: bool) -> float:
    """Relative luminance by WCAG 2 of a token's colour."""
    value = re.search(rf"--{name}: (?:light-dark\(#(\w+), #(\w+)\)|var\(--([\w-]+)\));", tokens)
    assert value, name
    if value[3]:
        return _luminance(tokens, value[3], night)
    colour = value[2 if night else 1]
    pairs = [each * 2 for each in colour] if len(colour) == 3 else re.findall("..", colour)
    parts = [int(each, 16) / 255 for each in pairs]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


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
        if path.stem != "tokens"
        and re.search(r"#[0-9a-f]{3,8}\b|\brgb\(|\bhsl\(", path.read_text())
    ]

    assert loose == []


def test_an_icon_that_no_template_quotes_is_no_icon() -> None:
    with pytest.raises(LookupError, match="anchor"):
        icon("anchor")


def test_each_icon_is_drawn_once_in_the_sprite() -> None:
    drawn = lxml.etree.fromstring(assets.manifest()["icons.svg"].content)

    names = [symbol.get("id") for symbol in drawn]
    assert len(names) == len(set(names)) < 200
    assert all(len(symbol) for symbol in drawn)
    assert str(icon("x", 12)) == (
        "<svg class=icon width=12 aria-hidden=true>"
        f'<use href="{assets.asset_url("icons.svg")}#x"/></svg>'
    )
