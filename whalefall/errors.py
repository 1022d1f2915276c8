"""Problems: the one exception family that every door can show, and the closed list of codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Code(StrEnum):
    """Every code a client can meet. Closed: adding one is a change of the public API."""

    BAD_USER_INPUT = "BAD_USER_INPUT"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    STALE_OBJECT = "STALE_OBJECT"
    CONSTRAINT_VIOLATION = "CONSTRAINT_VIOLATION"
    NAME_EXISTS = "NAME_EXISTS"
    CREDENTIAL_IN_USE = "CREDENTIAL_IN_USE"
    TAG_IN_USE = "TAG_IN_USE"
    ENGINE_LOCKED = "ENGINE_LOCKED"
    LAST_ADMIN_REQUIRED = "LAST_ADMIN_REQUIRED"
    AUTHENTICATION_REQUIRED = "AUTHENTICATION_REQUIRED"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"
    TOKEN_INVALID = "TOKEN_INVALID"
    PERMISSION_REQUIRED = "PERMISSION_REQUIRED"
    CSRF_MISSING = "CSRF_MISSING"
    CSRF_INVALID = "CSRF_INVALID"
    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    PASSWORD_INVALID = "PASSWORD_INVALID"
    PASSWORD_DUPLICATED = "PASSWORD_DUPLICATED"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    DATABASE_CONNECTION_ERROR = "DATABASE_CONNECTION_ERROR"
    AUTH_FAILED = "AUTH_FAILED"
    DATABASE_NOT_FOUND = "DATABASE_NOT_FOUND"
    TLS_ERROR = "TLS_ERROR"
    TOO_MANY_CONNECTIONS = "TOO_MANY_CONNECTIONS"
    TARGET_PERMISSION_DENIED = "TARGET_PERMISSION_DENIED"
    DATABASE_TIMEOUT = "DATABASE_TIMEOUT"
    DATABASE_QUERY_ERROR = "DATABASE_QUERY_ERROR"
    TARGET_NOT_ALLOWED = "TARGET_NOT_ALLOWED"
    UNSUPPORTED = "UNSUPPORTED"
    SUSPICIOUS_EMPTY = "SUSPICIOUS_EMPTY"
    SYNC_DATA_ERROR = "SYNC_DATA_ERROR"
    CREDENTIAL_INACTIVE = "CREDENTIAL_INACTIVE"
    CREDENTIAL_DECRYPT_FAILED = "CREDENTIAL_DECRYPT_FAILED"
    DRIVER_MISSING = "DRIVER_MISSING"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class Category(StrEnum):
    VALIDATION = "validation"
    BUSINESS = "business"
    AUTHENTICATION = "authentication"
    AUTHORIZATION = "authorization"
    SECURITY = "security"
    DATABASE = "database"
    NETWORK = "network"
    SYSTEM = "system"


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True)
class Meaning:
    """What a code means to a door: HTTP status, envelope words, whether trying again can help."""

    status: int
    category: Category
    severity: Severity
    retryable: bool = False


_V, _B, _S = Category.VALIDATION, Category.BUSINESS, Category.SECURITY
_AN, _AZ = Category.AUTHENTICATION, Category.AUTHORIZATION
_D, _N, _SY = Category.DATABASE, Category.NETWORK, Category.SYSTEM
_LOW, _MEDIUM, _HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH

CATALOGUE: Mapping[Code, Meaning] = {
    Code.BAD_USER_INPUT: Meaning(400, _V, _LOW),
    Code.NOT_FOUND: Meaning(404, _B, _LOW),
    Code.CONFLICT: Meaning(409, _B, _MEDIUM, retryable=True),
    Code.STALE_OBJECT: Meaning(409, _B, _LOW),
    Code.CONSTRAINT_VIOLATION: Meaning(409, _B, _MEDIUM),
    Code.NAME_EXISTS: Meaning(409, _B, _LOW),
    Code.CREDENTIAL_IN_USE: Meaning(409, _B, _LOW),
    Code.TAG_IN_USE: Meaning(409, _B, _LOW),
    Code.ENGINE_LOCKED: Meaning(409, _B, _LOW),
    Code.LAST_ADMIN_REQUIRED: Meaning(409, _B, _MEDIUM),
    Code.AUTHENTICATION_REQUIRED: Meaning(401, _AN, _MEDIUM),
    Code.INVALID_CREDENTIALS: Meaning(401, _AN, _MEDIUM),
    Code.ACCOUNT_DISABLED: Meaning(403, _AN, _MEDIUM),
    Code.TOKEN_EXPIRED: Meaning(401, _AN, _LOW),
    Code.TOKEN_INVALID: Meaning(401, _AN, _MEDIUM),
    Code.PERMISSION_REQUIRED: Meaning(403, _AZ, _MEDIUM),
    Code.CSRF_MISSING: Meaning(403, _S, _MEDIUM),
    Code.CSRF_INVALID: Meaning(403, _S, _MEDIUM),
    Code.RATE_LIMIT_EXCEEDED: Meaning(429, _S, _MEDIUM, retryable=True),
    Code.QUERY_TOO_COMPLEX: Meaning(400, _V, _LOW),
    Code.PASSWORD_INVALID: Meaning(400, _V, _LOW),
    Code.PASSWORD_DUPLICATED: Meaning(400, _V, _LOW),
    Code.GRAPHQL_PARSE_FAILED: Meaning(400, _V, _LOW),
    Code.GRAPHQL_VALIDATION_FAILED: Meaning(400, _V, _LOW),
    Code.DATABASE_CONNECTION_ERROR: Meaning(409, _N, _MEDIUM, retryable=True),
    Code.AUTH_FAILED: Meaning(409, _D, _MEDIUM),
    Code.DATABASE_NOT_FOUND: Meaning(409, _D, _LOW),
    Code.TLS_ERROR: Meaning(409, _N, _MEDIUM),
    Code.TOO_MANY_CONNECTIONS: Meaning(409, _D, _MEDIUM, retryable=True),
    Code.TARGET_PERMISSION_DENIED: Meaning(409, _D, _MEDIUM),
    Code.DATABASE_TIMEOUT: Meaning(409, _D, _MEDIUM, retryable=True),
    Code.DATABASE_QUERY_ERROR: Meaning(409, _D, _MEDIUM, retryable=True),
    Code.TARGET_NOT_ALLOWED: Meaning(403, _S, _MEDIUM),
    Code.UNSUPPORTED: Meaning(409, _B, _LOW),
    Code.SUSPICIOUS_EMPTY: Meaning(409, _D, _MEDIUM),
    Code.SYNC_DATA_ERROR: Meaning(409, _D, _MEDIUM, retryable=True),
    Code.CREDENTIAL_INACTIVE: Meaning(409, _B, _LOW),
    Code.CREDENTIAL_DECRYPT_FAILED: Meaning(409, _SY, _HIGH),
    Code.DRIVER_MISSING: Meaning(409, _SY, _MEDIUM),
    Code.SERVICE_UNAVAILABLE: Meaning(503, _SY, _HIGH, retryable=True),
    Code.INTERNAL_ERROR: Meaning(500, _SY, _HIGH),
}

SUGGESTIONS: Mapping[Category, tuple[str, str]] = {
    _V: ("Check what you entered.", "Correct the parameters and try again."),
    _B: ("Check the rule that the message names.", "Ask an administrator."),
    _AN: ("Sign in again.", "Check the user name and the password."),
    _AZ: ("Check what your role may do.", "Ask an administrator."),
    _S: ("Try again later.", "Ask an administrator."),
    _D: ("Check the instance's account and its grants.", "Ask the owner of the database server."),
    _N: ("Check host, port and network.", "Try again."),
    _SY: ("Ask an administrator.", "Look the error id up in the log."),
}


class Sentence(str):
    """An English text that remembers what it was made of, so that a page can say it otherwise.

    `forms` is its template, or the two for one and for many; `values` fill %(name)s. A list among
    them is written with commas, a sentence is translated with the whole, everything else is a name.
    """

    forms: tuple[str, ...]
    values: Mapping[str, object]


def said(template: str, **values: object) -> Sentence:
    """A message or hint, marked for translation where it is written."""
    return _sentence((template,), values)


def counted(one: str, many: str, count: int, **values: object) -> Sentence:
    """The same for so many of something: `one` or `many` say %(count)s."""
    return _sentence((one, many), {"count": count, **values})


def _sentence(forms: tuple[str, ...], values: Mapping[str, object]) -> Sentence:
    template = forms[0] if values.get("count") == 1 else forms[-1]
    plain = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in values.items()
    }
    made = Sentence(template % plain if plain else template)
    made.forms, made.values = forms, values
    return made


class Problem(Exception):
    """An expected failure: a code for programs, a message for people, never a driver's text.

    Message and hint are literals, which message extraction finds, or made by `said`.
    `field` is the input's path ("input", "name"); `hint` says what to do next.
    """

    code: ClassVar[Code] = Code.INTERNAL_ERROR

    def __init__(
        self,
        message: str,
        *,
        code: Code | None = None,
        field: str | tuple[str, ...] | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.problem_code = code or self.code
        self.field = (field,) if isinstance(field, str) else field
        self.hint = hint

    @property
    def meaning(self) -> Meaning:
        return CATALOGUE[self.problem_code]

    @property
    def cause(self) -> str | None:
        """For the log: the type of the error behind it, and the SQLSTATE if there was one.

        Not that error's text: it may quote the values of a row.
        """
        behind = getattr(self.__cause__, "orig", None) or self.__cause__
        if behind is None:
            return None
        state = getattr(behind, "sqlstate", None)
        return f"{type(behind).__name__} {state}" if state else type(behind).__name__


class BadInput(Problem):
    code = Code.BAD_USER_INPUT


class NotFound(Problem):
    code = Code.NOT_FOUND


class Conflict(Problem):
    """The request makes sense, but not with what is there now (a code says with what)."""

    code = Code.CONFLICT


class AuthenticationRequired(Problem):
    code = Code.AUTHENTICATION_REQUIRED


class PermissionRequired(Problem):
    code = Code.PERMISSION_REQUIRED


class Refused(Problem):
    """Sign-in, token, CSRF and rate failures; always with a code."""

    code = Code.INVALID_CREDENTIALS


class TargetProblem(Problem):
    """A customer's server, or the way to it; always with a code of the target group."""

    code = Code.DATABASE_QUERY_ERROR


class ClosedDatabase(TargetProblem):
    """One database lets nobody in; the server and its other databases are well."""

    code = Code.DATABASE_CONNECTION_ERROR


class Unsupported(Problem):
    """What an engine cannot do, and never will by trying again."""

    code = Code.UNSUPPORTED


class ServiceUnavailable(Problem):
    """A part of WhaleFall itself is away: its database, its broker."""

    code = Code.SERVICE_UNAVAILABLE
