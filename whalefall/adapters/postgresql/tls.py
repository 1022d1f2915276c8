"""TLS towards a PostgreSQL server: what is verified, and against which name."""

import ssl

from whalefall.domain.tls import Tls, TlsMode
from whalefall.errors import Code, TargetProblem, said

VERIFYING = (TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL)


class NamedContext(ssl.SSLContext):
    """Asks for and checks `name`. The driver would take the address it dials for the name."""

    name: str

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        return super().wrap_bio(incoming, outgoing, server_side, self.name, session)


def context_for(tls: Tls, host: str) -> ssl.SSLContext:
    """The context for any mode but DISABLE. Raises TLS_ERROR when the CA cannot be read."""
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.name = tls.server_name or host
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["postgresql"])
    context.check_hostname = tls.mode is TlsMode.VERIFY_FULL
    if tls.mode not in VERIFYING:
        context.verify_mode = ssl.CERT_NONE
    elif tls.ca_pem is None:
        context.load_default_certs()
    else:
        _trust(context, tls.ca_pem)
    return context


def _trust(context: ssl.SSLContext, ca_pem: str) -> None:
    try:
        context.load_verify_locations(cadata=ca_pem)
    except (ssl.SSLError, ValueError) as error:
        raise TargetProblem(
            "The CA certificate cannot be read.",
            code=Code.TLS_ERROR,
            hint=said("Paste it as PEM, from BEGIN CERTIFICATE to END CERTIFICATE."),
        ) from error
