"""The ODBC driver: which one is here, and how it is told where to connect and how to encrypt.

pyodbc is imported when somebody connects: without the system's ODBC manager it cannot be, and
WhaleFall has to run without it.
"""

import importlib
import re
from collections.abc import Mapping, Sequence
from types import ModuleType

from whalefall.adapters.base import APPLICATION_NAME, Target
from whalefall.domain.tls import TlsMode
from whalefall.errors import Code, TargetProblem, Unsupported, said

FREETDS = "FreeTDS"
_MICROSOFT = re.compile(r"ODBC Driver (\d+) for SQL Server")
_PLAIN_FREETDS = {TlsMode.DISABLE: "off", TlsMode.PREFER: "request", TlsMode.REQUIRE: "require"}


def load() -> ModuleType:
    """pyodbc, without its pool: a session ends when we leave. Raises DRIVER_MISSING."""
    try:
        module = importlib.import_module("pyodbc")
    except ImportError as error:
        raise _missing() from error
    module.pooling = False  # type: ignore[attr-defined]
    return module


def choose(drivers: Sequence[str]) -> str:
    """Microsoft's newest driver, else FreeTDS. Raises DRIVER_MISSING."""
    versions = {
        int(found[1]): found[0] for name in drivers if (found := _MICROSOFT.fullmatch(name))
    }
    if versions:
        return versions[max(versions)]
    if FREETDS in drivers:
        return FREETDS
    raise _missing()


def connection_string(driver: str, target: Target, host: str, port: int) -> str:
    """What the driver is given to come to `host`; the password stands in it. Raises Unsupported for
    what it cannot verify: a weaker connection than was asked for is none."""
    is_freetds = driver == FREETDS
    values = {
        "DRIVER": driver,
        "UID": target.username,
        "PWD": target.password,
        "Database": target.database or "master",
        "APP": APPLICATION_NAME,
        **(_freetds(target, host, port) if is_freetds else _microsoft(target, host, port)),
    }
    written = _for_freetds if is_freetds else _braced
    # FreeTDS takes a brace for a part of the value unless a semicolon follows it.
    return "".join(f"{name}={written(value)};" for name, value in values.items())


def _freetds(target: Target, host: str, port: int) -> Mapping[str, str]:
    encryption = _PLAIN_FREETDS.get(target.tls.mode)
    if encryption is None:
        raise Unsupported(
            said("This driver cannot verify a server's certificate."),
            code=Code.TLS_ERROR,
            hint=said("Install Microsoft's driver, msodbcsql18, or choose a weaker mode."),
        )
    return {
        "Server": host,
        "Port": str(port),
        "TDS_Version": "7.4",
        "ClientCharset": "UTF-8",
        "Encryption": encryption,
        **_intent(target),
    }


def _microsoft(target: Target, host: str, port: int) -> Mapping[str, str]:
    """It trusts the system's roots alone, and always checks the name where it checks at all, so
    VERIFY_CA is as strict as VERIFY_FULL."""
    tls, verified = target.tls, target.tls.mode in (TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL)
    if verified and tls.ca_pem:
        raise Unsupported(
            said("This driver trusts the authorities of WhaleFall's host only."),
            code=Code.TLS_ERROR,
            hint=said("Add the authority to the host's certificates, and leave the field empty."),
        )
    encrypts = tls.mode not in (TlsMode.DISABLE, TlsMode.PREFER)
    values = {
        "Server": f"tcp:{host},{port}",
        "Encrypt": "yes" if encrypts else "no",
        "TrustServerCertificate": "no" if verified else "yes",
        "MultipleActiveResultSets": "no",
        **_intent(target),
    }
    return (
        {**values, "HostNameInCertificate": tls.server_name or target.host} if verified else values
    )


def _intent(target: Target) -> dict[str, str]:
    is_reader = target.options.get("application_intent") == "READ_ONLY"
    return {"ApplicationIntent": "ReadOnly"} if is_reader else {}


def _braced(value: str) -> str:
    """A value in which `;` and `=` mean nothing."""
    return "{" + value.replace("}", "}}") + "}"


def _for_freetds(value: str) -> str:
    """FreeTDS knows no way to write `}` between braces; outside of them `;` ends a value."""
    if "}" not in value:
        return "{" + value + "}"
    if ";" in value or value.startswith("{"):
        raise Unsupported(
            said("This driver cannot pass on a user name or a password with these characters."),
            hint=said("Choose one without } or install Microsoft's driver, msodbcsql18."),
        )
    return value


def _missing() -> TargetProblem:
    return TargetProblem(
        said("There is no ODBC driver for SQL Server on WhaleFall's host."),
        code=Code.DRIVER_MISSING,
        hint=said("Install unixodbc, and tdsodbc or Microsoft's msodbcsql18."),
    )
