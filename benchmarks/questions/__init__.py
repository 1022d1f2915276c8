"""The questions that every server is asked: a folder each, with the GraphQL and the SQL of it.

`question.graphql` is what WhaleFall is asked, `hand.sql` is what people write by hand for the same
answer, `text.sql` the fastest SQL we found: it returns pieces of text that only need joining.
"""

from benchmarks.estates import Places
from benchmarks.questions.question import Question, in_folder

TITLES = {
    "ledger": "Q1, the ledger's first 50 databases with instance, tags and latest size",
    "nested": "Q2, 20 instances, 20 databases each, 10 tables each, with ids and cursors",
    "tables": "Q3, the 2,000 tables of one database",
    "deep": "Q4, the ledger's page behind a cursor at 90 % of the list",
    "found": "Q5, the ledger's first 50 that a search finds, and their total count",
}

__all__ = ["TITLES", "Question", "questions"]


def questions(places: Places) -> dict[str, Question]:
    """All questions, about the given places."""
    variables: dict[str, dict[str, object]] = {
        "tables": {"id": places.wide_id},
        "deep": {"after": places.deep_cursor},
        "found": {"search": "mart_mail"},
    }
    return {
        name: in_folder(__file__, name, title, variables.get(name, {}))
        for name, title in TITLES.items()
    }
