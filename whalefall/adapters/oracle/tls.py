"""How a connection is encrypted. Oracle encrypts on a port of its own (TCPS) or not at all, so
PREFER is plain: there is nothing to fall back from on a port that speaks the other."""

import ssl
from collections.abc import Mapping
from typing import Any

from whalefall.adapters.base import Target
from whalefall.domain.tls import TlsMode


class NamedContext(ssl.SSLContext):
    """A context that asks for one name, whatever address is dialled."""

    name: str

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        return super().wrap_bio(*arguments, **{**options, "server_hostname": self.name})


def parameters(target: Target) -> Mapping[str, Any]:
    """What the driver is told of encryption. The name is checked by our context, not by it."""
    mode = target.tls.mode
    if mode in (TlsMode.DISABLE, TlsMode.PREFER):
        return {"protocol": "tcp"}
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.name = target.tls.server_name or target.host
    context.check_hostname = mode is TlsMode.VERIFY_FULL
    if mode is TlsMode.REQUIRE:
        context.verify_mode = ssl.CERT_NONE
    elif target.tls.ca_pem:
        context.load_verify_locations(cadata=target.tls.ca_pem)
    else:
        context.load_default_certs()
    return {"protocol": "tcps", "ssl_context": context, "ssl_server_dn_match": False}
