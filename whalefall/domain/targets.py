"""Where we may connect to: a policy on the resolved address, never on the name."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from whalefall.errors import Code, TargetProblem, said

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Allowed:
    """A network, and one port of it or all."""

    network: Network
    port: int | None

    def covers(self, address: Address, port: int) -> bool:
        same_family = address.version == self.network.version
        return same_family and address in self.network and self.port in (None, port)


@dataclass(frozen=True)
class TargetPolicy:
    """Refuses what is no database server of the company: this host, link-local (cloud metadata),
    multicast, unspecified. `allow` lists exceptions, such as the demo's own instances."""

    allow: tuple[Allowed, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "TargetPolicy":
        """From "127.0.0.1:5432", "127.0.0.0/8", "[::1]:5432". Raises ValueError."""
        return cls(tuple(_allowed(text) for text in texts))

    def check(self, address: str, port: int) -> None:
        """Raise TARGET_NOT_ALLOWED, in the same words whatever listens there."""
        ip = _plain(ip_address(address.split("%")[0]))
        if any(rule.covers(ip, port) for rule in self.allow):
            return
        special = ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified
        if special or ip.is_reserved:
            raise TargetProblem(
                "This address is not allowed as a target.",
                code=Code.TARGET_NOT_ALLOWED,
                hint=said("An administrator can allow it with WHALEFALL_TARGETS_ALLOW."),
            )


def _plain(ip: Address) -> Address:
    """::ffff:127.0.0.1 is 127.0.0.1."""
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip


def _allowed(text: str) -> Allowed:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return Allowed(ip_network(host), int(rest[1:]) if rest else None)
    host, _, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "")
    return Allowed(ip_network(host, strict=False), int(port) if port else None)
