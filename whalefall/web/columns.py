"""The columns of wide lists that may be left out, by the list's path; the others always stand."""

from collections.abc import Mapping

from whalefall.web.words import N_

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "/databases/ledgers": {
        "relative": N_("Relative"),
        "trend": N_("30 days"),
        "growth": N_("Growth"),
        "tags": N_("Tags"),
        "collected": N_("Collected"),
    },
    "/instances": {
        "host": N_("Host"),
        "databases": N_("Databases"),
        "trend": N_("30 days"),
        "collected": N_("Collected"),
        "version": N_("Version"),
        "tags": N_("Tags"),
    },
}
