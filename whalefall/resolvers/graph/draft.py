"""A plan in the making: the names, placeholders and rights that its statements add up."""

from typing import Any

from sqlalchemy import Subquery

from whalefall.auth import Actor, Permission
from whalefall.resolvers.graph.placeholders import Placeholders, shapes_plan
from whalefall.resolvers.graph.selection import Selected, Unsupported
from whalefall.resolvers.graph.windows import Windows
from whalefall.resolvers.nouns.noun import Condition, Noun, Relation, dialect_of
from whalefall.resolvers.nouns.queries import Listing, matching


class Draft:
    """What is known of a plan so far."""

    def __init__(self, actor: Actor, version: int) -> None:
        self.later = Placeholders(dialect_of(version))
        self.actor = self.later.fill(actor, Actor, lambda run: run.actor)
        self.windows = Windows(self.later)
        self.permissions: set[Permission] = set()
        self.is_keyed = True  # until a value of a filter arrives later
        self._names = 0

    def name(self) -> str:
        """A name for a sub-select that no other has."""
        self._names += 1
        return f"t{self._names}"

    def alias(self, noun: Noun[Any]) -> Subquery:
        """The noun's rows, which need its right, under a name of their own."""
        self.permissions.add(noun.permission)
        return noun.alias(self.name())

    def target(self, selected: Selected) -> tuple[Noun[Any], Subquery]:
        """The noun that a field leads to."""
        link = selected.link
        if not isinstance(link, Noun | Relation):
            raise Unsupported(selected.name)
        noun = link if isinstance(link, Noun) else link.target
        return noun, self.alias(noun)

    def filter(self, noun: Noun[Any], selected: Selected) -> Any:
        """A field's filter with placeholders; null when its defaults hold."""
        listing = selected.arguments
        if not isinstance(listing, Listing) or listing.filter is None:
            return None
        position = selected.position
        self.is_keyed &= all(
            shapes_plan(value) or name.endswith("_id")
            for name, value in vars(listing.filter).items()
        )
        return self.later.fill(
            listing.filter, noun.filter, lambda run: run.arguments[position].filter
        )

    def conditions(
        self,
        selected: Selected,
        parent: Subquery | None,
        noun: Noun[Any],
        view: Subquery,
        filter: Any,
    ) -> list[Condition]:
        """Which rows of a list belong to its parent, pass its filter and may be seen."""
        own = [] if parent is None else [linked(selected, parent, view)]
        return [*own, *matching(noun, view, self.actor, filter)]


def linked(selected: Selected, parent: Subquery, view: Subquery) -> Condition:
    """Whether a row is one that the parent's relation leads to."""
    if not isinstance(selected.link, Relation):
        raise Unsupported(selected.name)
    return view.c[selected.link.theirs] == parent.c[selected.link.ours]
