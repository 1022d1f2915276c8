"""One question: a folder of documents, and the values of its variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Question:
    """What is asked. The order of the variables is that of $1, $2, … in its SQL."""

    name: str
    title: str
    folder: Path
    variables: Mapping[str, object]

    def document(self, spelling: str) -> str:
        """The GraphQL document in a server's spelling."""
        return (self.folder / f"{spelling}.graphql").read_text()

    def sibling(self, name: str) -> "Question":
        """Another question of the same catalogue, one without variables."""
        return Question(name, name, self.folder.with_name(name), {})


def in_folder(catalogue: str, name: str, title: str, variables: Mapping[str, object]) -> Question:
    """The question in the folder `name` beside the module `catalogue`."""
    return Question(name, title, Path(catalogue).with_name(name), variables)
