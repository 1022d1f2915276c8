"""The words, tones and icons of every state, kind and code that a page can show."""

from collections.abc import Mapping
from typing import NamedTuple

from whalefall.errors import Code


class Word(NamedTuple):
    """An English message id, the tone of its chip, and the Lucide icon that goes with it."""

    text: str
    tone: str = "neutral"
    icon: str = ""


def N_(text: str) -> str:  # noqa: N802 (the name that message extraction knows)
    """Mark a message for translation where it is written; it is translated where it is shown."""
    return text


WORDS: Mapping[str, Word] = {
    # instances
    "ACTIVE": Word(N_("Active"), "ok", "circle-check"),
    "INACTIVE": Word(N_("Paused"), "neutral", "circle-pause"),
    "DELETED": Word(N_("Recycled"), "neutral", "trash-2"),
    # connections
    "UNKNOWN": Word(N_("Not tried"), "neutral", "circle-dashed"),
    "GOOD": Word(N_("Reachable"), "ok", "circle-check"),
    "STALE": Word(N_("Stale"), "warn", "clock-alert"),
    "FAILED": Word(N_("Failed"), "bad", "octagon-x"),
    # rows of an import
    "CREATED": Word(N_("Added"), "ok", "circle-check"),
    "REFUSED": Word(N_("Refused"), "bad", "octagon-x"),
    # freshness
    "FRESH": Word(N_("Fresh"), "ok", "circle-check"),
    "LATE": Word(N_("Late"), "warn", "clock-alert"),
    "OVERDUE": Word(N_("Overdue"), "bad", "octagon-alert"),
    "NEVER": Word(N_("Never collected"), "neutral", "circle-dashed"),
    # what is known of a database
    "READ": Word(N_("Size read"), "ok", "circle-check"),
    "UNREADABLE": Word(N_("Unreadable"), "warn", "circle-off"),
    "GONE": Word(N_("Gone"), "neutral", "ghost"),
    # snapshots
    "READY": Word(N_("Ready"), "ok", "circle-check"),
    "REFRESHING": Word(N_("Refreshing"), "info", "loader-circle"),
    # quality
    "EXACT": Word(N_("Exact"), "ok", "circle-check"),
    "ESTIMATED": Word(N_("Estimated"), "info", "tilde"),
    "PARTIAL": Word(N_("Partial"), "warn", "circle-dot-dashed"),
    "UNAVAILABLE": Word(N_("Unavailable"), "neutral", "circle-off"),
    # why something was not read
    "PERMISSION": Word(N_("No permission")),
    "LOCKED": Word(N_("Locked")),
    "NOT_CONNECTABLE": Word(N_("Does not accept connections")),
    "OFFLINE": Word(N_("Offline")),
    "DROPPED": Word(N_("Dropped meanwhile")),
    "TIMEOUT": Word(N_("Took too long")),
    "UNSUPPORTED": Word(N_("Not supported")),
    "EXCLUDED": Word(N_("Excluded")),
    "NOT_COLLECTED": Word(N_("Not collected")),
    # sync sessions
    "PENDING": Word(N_("Waiting"), "neutral", "hourglass"),
    "RUNNING": Word(N_("Running"), "info", "loader-circle"),
    "LOST": Word(N_("Worker lost"), "warn", "unplug"),
    "COMPLETED": Word(N_("Completed"), "ok", "circle-check"),
    "COMPLETED_WITH_ERRORS": Word(N_("With errors"), "warn", "triangle-alert"),
    "CANCELLED": Word(N_("Cancelled"), "neutral", "ban"),
    "CAPACITY": Word(N_("Capacity"), icon="hard-drive"),
    "TABLE_SIZES": Word(N_("Table sizes"), icon="table-2"),
    "ACCOUNTS": Word(N_("Accounts"), icon="users"),
    "AGGREGATION": Word(N_("Aggregation"), icon="sigma"),
    "CLASSIFICATION": Word(N_("Classification"), icon="shapes"),
    "CONNECTION": Word(N_("Connection"), icon="plug"),
    "MAINTENANCE": Word(N_("Maintenance"), icon="wrench"),
    "MANUAL": Word(N_("By hand"), icon="hand"),
    "SCHEDULED": Word(N_("Scheduled"), icon="calendar-clock"),
    "API": Word(N_("API"), icon="braces"),
    # credentials, roles, TLS
    "DATABASE": Word(N_("Database")),
    "SSH": Word(N_("SSH")),
    "WINDOWS": Word(N_("Windows")),
    "LDAP": Word(N_("LDAP")),
    "DISABLED": Word(N_("Disabled"), "neutral", "ban"),
    "VIEWER": Word(N_("Viewer")),
    "OPERATOR": Word(N_("Operator")),
    "ADMIN": Word(N_("Administrator")),
    "VIEW": Word(N_("Read")),
    "UPDATE": Word(N_("Edit")),
    "EXECUTE": Word(N_("Collect")),
    "CREATE": Word(N_("Add")),
    "DELETE": Word(N_("Delete")),
    # how pages look
    "light": Word(N_("Light")),
    "dark": Word(N_("Dark")),
    "compact": Word(N_("Compact")),
    "relaxed": Word(N_("Relaxed")),
    "DISABLE": Word(N_("Off")),
    "PREFER": Word(N_("Prefer")),
    "REQUIRE": Word(N_("Require")),
    "VERIFY_CA": Word(N_("Verify authority")),
    "VERIFY_FULL": Word(N_("Verify authority and name")),
    # what an account is for, and how it stands to that
    "INVENTORY": Word(N_("List of databases")),
    "DATABASE_SIZES": Word(N_("Sizes of databases")),
    "DATA_CLOSED": Word(N_("Reads no user data")),
    "PRIVILEGE_OK": Word(N_("As needed"), "ok", "circle-check"),
    "PRIVILEGE_MISSING": Word(N_("Lacks a grant"), "bad", "octagon-x"),
    "PRIVILEGE_OVER_PRIVILEGED": Word(N_("Too much"), "warn", "triangle-alert"),
    "PRIVILEGE_UNKNOWN": Word(N_("Not told"), "neutral", "circle-off"),
    # where the bytes of a database are
    "DATA": Word(N_("Rows of tables")),
    "LOB": Word(N_("Large objects")),
    "INDEX": Word(N_("Indexes")),
    "FULL_TEXT": Word(N_("Full-text indexes")),
    "CATALOG": Word(N_("System catalogs")),
    "TEMP": Word(N_("Temporary")),
    "LOG": Word(N_("Log")),
    "UNDO": Word(N_("Undo segments")),
    "RECYCLE_BIN": Word(N_("Recycle bin")),
    "SHARED": Word(N_("In shared files")),
    "FREE": Word(N_("Free inside its files")),
    "UNATTRIBUTED": Word(N_("Unattributed")),
    # capacity
    "DATABASES": Word(N_("Databases")),
    "INSTANCES": Word(N_("Instances")),
    "DAILY": Word(N_("Days")),
    "WEEKLY": Word(N_("Weeks")),
    "MONTHLY": Word(N_("Months")),
    "QUARTERLY": Word(N_("Quarters")),
    "SIZE": Word(N_("Size")),
    "CHANGE": Word(N_("Change")),
    "PERCENT": Word(N_("Change in per cent")),
    "LINE": Word(N_("Lines")),
    "BAR": Word(N_("Bars")),
    "RAW": Word(N_("Sizes of days")),
    "AGGREGATES": Word(N_("Sums")),
    "PAST": Word(N_("Past")),
    "CURRENT": Word(N_("This month")),
    "FUTURE": Word(N_("To come")),
    "DEFAULT": Word(N_("Default")),
    "ENGINE": Word(N_("by its files")),
    # kinds of tables
    "TABLE": Word(N_("Table")),
    "PARTITIONED_TABLE": Word(N_("Partitioned table")),
    "MATERIALIZED_VIEW": Word(N_("Materialized view")),
    "SEQUENCE": Word(N_("Sequence")),
    "INDEXED_VIEW": Word(N_("Indexed view")),
    "MEMORY_OPTIMIZED": Word(N_("Memory-optimized")),
    "CLUSTER": Word(N_("Cluster")),
    "INDEX_ORGANIZED": Word(N_("Index-organized")),
    "OTHER": Word(N_("Other")),
}


class TaskWords(NamedTuple):
    """A task that WhaleFall does by itself: its name, and what it does."""

    name: str
    about: str


TASKS: Mapping[str, TaskWords] = {
    "CAPACITY": TaskWords(
        N_("Collect capacity"), N_("Reads the databases and sizes of every active instance.")
    ),
    "AGGREGATION": TaskWords(
        N_("Sum up sizes"),
        N_("Makes days, weeks, months and quarters of the sizes."),
    ),
    "PARTITIONS": TaskWords(
        N_("Keep partitions"), N_("Makes room for the months ahead, and drops what is too old.")
    ),
    "RETENTION": TaskWords(
        N_("Forget what is old"), N_("Deletes log lines, sessions and sign-ins that are too old.")
    ),
}
PROBLEMS: Mapping[Code, str] = {
    Code.BAD_USER_INPUT: N_("That input does not fit"),
    Code.NOT_FOUND: N_("Not found"),
    Code.CONFLICT: N_("Not possible right now"),
    Code.STALE_OBJECT: N_("Changed by someone else meanwhile"),
    Code.NAME_EXISTS: N_("This name is taken"),
    Code.CREDENTIAL_IN_USE: N_("The credential is in use"),
    Code.TAG_IN_USE: N_("The tag is in use"),
    Code.ENGINE_LOCKED: N_("The engine cannot be changed any more"),
    Code.LAST_ADMIN_REQUIRED: N_("One administrator must remain"),
    Code.AUTHENTICATION_REQUIRED: N_("Please sign in"),
    Code.INVALID_CREDENTIALS: N_("User name or password is wrong"),
    Code.ACCOUNT_DISABLED: N_("This user is disabled"),
    Code.PERMISSION_REQUIRED: N_("You may not do this"),
    Code.CSRF_MISSING: N_("The form has expired"),
    Code.CSRF_INVALID: N_("The form has expired"),
    Code.RATE_LIMIT_EXCEEDED: N_("Too many attempts"),
    Code.PASSWORD_INVALID: N_("The password does not fit the rules"),
    Code.PASSWORD_DUPLICATED: N_("The new password is the old one"),
    Code.DATABASE_CONNECTION_ERROR: N_("The connection failed"),
    Code.AUTH_FAILED: N_("The server refused the credential"),
    Code.DATABASE_NOT_FOUND: N_("The server has no such database"),
    Code.TLS_ERROR: N_("No encrypted connection"),
    Code.TOO_MANY_CONNECTIONS: N_("The server has no connection left"),
    Code.TARGET_PERMISSION_DENIED: N_("The credential lacks a permission"),
    Code.DATABASE_TIMEOUT: N_("The server took too long"),
    Code.DATABASE_QUERY_ERROR: N_("The server reported an error"),
    Code.TARGET_NOT_ALLOWED: N_("This address is not allowed"),
    Code.UNSUPPORTED: N_("This engine cannot do that"),
    Code.SUSPICIOUS_EMPTY: N_("Suspiciously few databases"),
    Code.SYNC_DATA_ERROR: N_("The server answered something unexpected"),
    Code.CREDENTIAL_INACTIVE: N_("No usable credential"),
    Code.CREDENTIAL_DECRYPT_FAILED: N_("The credential cannot be decrypted"),
    Code.DRIVER_MISSING: N_("The driver for this engine is missing"),
    Code.SERVICE_UNAVAILABLE: N_("WhaleFall is not available right now"),
    Code.INTERNAL_ERROR: N_("Something went wrong"),
}

NEXT_STEPS: Mapping[Code, str] = {
    Code.DATABASE_CONNECTION_ERROR: N_("Check host, port and firewall, and that the server runs."),
    Code.AUTH_FAILED: N_("Check the user name and the password of the credential."),
    Code.DATABASE_NOT_FOUND: N_("Name a first database that the server has."),
    Code.TLS_ERROR: N_("Check the encryption, and the authority that signed the certificate."),
    Code.TOO_MANY_CONNECTIONS: N_("Wait a little, or let the server take more connections."),
    Code.TARGET_PERMISSION_DENIED: N_("Grant the account what it lacks."),
    Code.DATABASE_TIMEOUT: N_("Try again; if it stays so, look at the load of the server."),
    Code.DATABASE_QUERY_ERROR: N_("Look into the log of the server."),
    Code.TARGET_NOT_ALLOWED: N_("Ask who runs WhaleFall to allow this address."),
    Code.DRIVER_MISSING: N_("Ask who runs WhaleFall to install the driver."),
    Code.CREDENTIAL_INACTIVE: N_("Switch the credential on, or choose another one."),
    Code.CREDENTIAL_DECRYPT_FAILED: N_("Enter the password of the credential again."),
}
MISSING = (  # what operations say of any noun, made of its name
    N_("There is no such API token."),
    N_("There is no such audit entry."),
    N_("There is no such credential."),
    N_("There is no such database."),
    N_("There is no such database aggregation."),
    N_("There is no such growth event."),
    N_("There is no such instance."),
    N_("There is no such instance aggregation."),
    N_("There is no such schedule."),
    N_("There is no such sync record."),
    N_("There is no such sync session."),
    N_("There is no such table size."),
    N_("There is no such table snapshot."),
    N_("There is no such tag."),
    N_("There is no such user."),
    N_("There is no such user session."),
)
STAGES: Mapping[str | None, str] = {
    None: N_("Waiting for a worker"),
    "inventory": N_("Reading the inventory"),
    "sizes": N_("Reading the sizes"),
    "tables": N_("Reading the tables"),
    "saving": N_("Saving"),
    "daily": N_("Summing up days"),
    "weekly": N_("Summing up weeks"),
    "monthly": N_("Summing up months"),
    "quarterly": N_("Summing up quarters"),
    "forecasts": N_("Making forecasts"),
    "partitions": N_("Looking at the partitions"),
    "log lines": N_("Deleting old log lines"),
    "sessions": N_("Deleting old sessions"),
    "runs": N_("Deleting old runs"),
    "names": N_("Tidying up names"),
}
AGES: Mapping[str, str] = {
    "s": N_("just now"),
    "min": N_("%(count)s min ago"),
    "h": N_("%(count)s h ago"),
    "d": N_("%(count)s d ago"),
    "y": N_("%(count)s y ago"),
}


AHEAD: Mapping[str, str] = {
    "s": N_("in a moment"),
    "min": N_("in %(count)s min"),
    "h": N_("in %(count)s h"),
    "d": N_("in %(count)s d"),
    "y": N_("in %(count)s y"),
}


def word(value: str) -> Word:
    """The word of a state; an unknown one (an engine's own) is shown as it is."""
    return WORDS.get(value) or Word(value.replace("_", " ").capitalize())


def stage(name: str | None) -> str:
    """What a worker is at."""
    return STAGES.get(name) or (name or "").capitalize()


def problem_title(code: str) -> str:
    """What a problem is about, in a few words that are translated."""
    known = {str(key): text for key, text in PROBLEMS.items()}
    return known.get(code, PROBLEMS[Code.INTERNAL_ERROR])
