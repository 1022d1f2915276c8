"""Where a request comes from, as far as headers can be believed."""

import pytest

from whalefall.domain.origins import TrustedProxies, is_loopback, is_same_origin, origin_of
from whalefall.settings import SettingsError

OURS = "https://whalefall.example"


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # no proxy of ours: its word is nothing
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "<script>", "<script>"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy(
    peer: str, forwarded: str, client: str
) -> None:
    assert TrustedProxies.parse(["10.0.0.0/8"]).client(peer, forwarded) == client


def test_without_proxies_nothing_is_believed() -> None:
    assert TrustedProxies.parse([]).client("127.0.0.1", "198.51.100.1") == "127.0.0.1"


def test_a_proxy_that_is_no_network_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
        TrustedProxies.parse(["proxy.example"])


@pytest.mark.parametrize(
    ("fetch_site", "origin", "verdict"),
    [
        ("same-origin", None, True),
        ("none", None, True),
        ("same-site", OURS, False),
        ("cross-site", OURS, False),
        ("same-origin", "https://evil.example", True),  # a TLS-ending proxy blurs Origin only
        (None, OURS, True),
        (None, "https://whalefall.example:443", True),
        (None, "http://whalefall.example", False),
        (None, "https://whalefall.example.evil.example", False),
        (None, "null", False),
        (None, "", False),
        (None, "https://[", False),
        (None, None, None),
    ],
)
def test_the_browser_says_which_page_sent_a_request(
    fetch_site: str | None, origin: str | None, verdict: bool | None
) -> None:
    assert is_same_origin(fetch_site, origin, [OURS]) is verdict


def test_an_origin_is_written_as_browsers_write_it() -> None:
    assert origin_of("HTTPS://WhaleFall.Example:8443/path?x") == "https://whalefall.example:8443"
    assert origin_of("http://[::1]:80") == "http://[::1]"
    assert origin_of("ftp://whalefall.example") is None
    assert origin_of("") is None


@pytest.mark.parametrize("host", ["localhost:8600", "127.0.0.1", "127.1.2.3:1", "[::1]:8600"])
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["whalefall.example", "127.0.0.1.evil.example", "10.0.0.1", ""])
def test_other_machines_are_not_this_one(host: str) -> None:
    assert not is_loopback(host)
