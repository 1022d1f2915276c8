"""Questions for which nothing was tuned, asked of WhaleFall and, as hand-written SQL, of `hand`."""

from benchmarks.estates import Places
from benchmarks.questions.question import Question, in_folder

TITLES = {
    "by_size": "100 instances by size, 12 fields",
    "wide_page": "200 databases, 12 fields",
    "aliases": "two aliased lists in two orders",
    "fragments": "fragments that overlap",
    "several_roots": "four root fields",
    "totals": "totals at three levels",
    "filtered": "four variables: engines, tags, least size, first",
    "one_database": "one database, 18 fields, tags, snapshot",
    "backward": "the last 20",
    "tables_found": "a search among 2,000 tables, counted",
    "optional": "@include and @skip",
    "history": "the sizes of a year's days",
    "node": "one row by node(id:)",
}

__all__ = ["TITLES", "shapes"]


def shapes(places: Places) -> list[Question]:
    """All shapes, about the given places."""
    variables: dict[str, dict[str, object]] = {
        "by_size": {"first": 100},
        "several_roots": {"id": places.wide_id},
        "filtered": {
            "first": 50,
            "engines": ["POSTGRESQL", "ORACLE"],
            "tags": ["production", "gold"],
            "least": 100_000_000,
        },
        "one_database": {"id": places.wide_id},
        "backward": {"last": 20},
        "tables_found": {"id": places.wide_id, "search": "invoice"},
        "optional": {"withTags": False, "withoutTables": False},
        "history": {"id": places.wide_id},
        "node": {"id": places.wide_id},
    }
    return [
        in_folder(__file__, name, title, variables.get(name, {})) for name, title in TITLES.items()
    ]
