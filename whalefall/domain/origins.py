"""Where a request comes from: the client behind our proxies, and the site whose page sent it."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from whalefall.settings import SettingsError

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
KEPT = 256  # of the same few texts, each asked for again with every request
SAME_SITE = {"same-origin", "none"}  # none: the person typed the address, or used a bookmark


@dataclass(frozen=True)
class TrustedProxies:
    """The networks whose X-Forwarded-* headers we believe."""

    networks: tuple[IPNetwork, ...]

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "TrustedProxies":
        try:
            return cls(tuple(ipaddress.ip_network(text, strict=False) for text in texts))
        except ValueError as error:
            message = "WHALEFALL_TRUSTED_PROXIES must be addresses or networks"
            raise SettingsError(message) from error

    def trust(self, address: str) -> bool:
        if not self.networks:
            return False
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self.networks)

    def client(self, peer: str, forwarded_for: str) -> str:
        """The address nearest to us that is no proxy of ours: those before it may be invented."""
        address = plain_address(peer)
        hops = [plain_address(hop) for hop in forwarded_for.split(",") if hop.strip()]
        while hops and self.trust(address):
            address = hops.pop()
        return address


@lru_cache(maxsize=KEPT)
def plain_address(text: str) -> str:
    """An IP address in its usual form, IPv4 also when it came mapped into IPv6; else as it is."""
    text = text.strip()
    try:
        ip = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return text[:64] if text.isprintable() else ""
    mapped = getattr(ip, "ipv4_mapped", None)
    return str(mapped or ip)


def network_of(address: str) -> str:
    """What counts as one sender: whoever has an IPv6 address has a whole /64 of them.

    "" for what is no IP address.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)


@lru_cache(maxsize=KEPT)
def origin_of(url: str) -> str | None:
    """`https://host:port` of a URL as browsers write it, without a default port."""
    try:
        parts = urlsplit(url.strip().lower())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, usual) else "")


def is_same_origin(
    fetch_site: str | None, origin: str | None, own: Iterable[str | None]
) -> bool | None:
    """What the browser says about the page behind a request; None when it says nothing.

    Sec-Fetch-Site wins: unlike Origin it stays right behind a proxy that ends TLS.
    """
    if fetch_site is not None:
        return fetch_site in SAME_SITE
    if origin is None:
        return None
    asked = origin_of(origin)
    return asked is not None and asked in set(own)


def is_loopback(host: str) -> bool:
    """Whether a Host header names this very machine."""
    origin = origin_of(f"http://{host}")
    name = (urlsplit(origin).hostname or "") if origin else ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
