"""Answers a query by compiled statements where that is exact; otherwise the resolvers answer."""

from collections import Counter, OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

import structlog
from graphql import GraphQLError
from graphql.execution.values import VariableValues
from strawberry import Schema

from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.errors import Problem, ServiceUnavailable
from whalefall.resolvers.graph.compiler import compile_plan
from whalefall.resolvers.graph.placeholders import shape_of
from whalefall.resolvers.graph.plan import Plan
from whalefall.resolvers.graph.selection import Run, Unsupported
from whalefall.schema.documents import Operation
from whalefall.schema.selection import Selection, Selector

MAX_PLANS = 1000
MAX_CHARACTERS = 1024 * 1024  # of their documents, which plans keep alive
MAX_EFFORT = 40  # some ten lists; more would keep everybody waiting while SQL is written
Key = tuple[Operation, Hashable, Hashable]  # with the shapes of its variables and its caller
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Compiled:
    """A plan, and how to read the values that it is run with."""

    selection: Selection
    plan: Plan


class Plans:
    """The plans made lately, by operation and by the shape of its variables and its caller.

    `compiled` counts the plans made, `unsupported` why others could not be.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._plans: OrderedDict[Key, Compiled | None] = OrderedDict()
        self._characters = 0
        self.compiled = 0
        self.unsupported: Counter[str] = Counter()

    async def answer(
        self, operation: Operation, variables: VariableValues, db: Database, actor: Actor
    ) -> bytes | None:
        """The data as JSON; null where the resolvers must answer, also to report a problem."""
        if not actor.is_signed_in:
            return None  # a stranger may read nothing, so no plan is made for one
        try:
            compiled = self._find(operation, variables, actor, await db.version())
            if compiled is None:
                return None
            run = Run(actor, compiled.selection.arguments(variables))
            statements = compiled.plan.statements(run)
            results = await db.fetch(statements, is_keyed=compiled.plan.is_keyed)
        except ServiceUnavailable:
            raise
        except (Problem, GraphQLError):
            return None
        return compiled.plan.answer(run, results)

    def _find(
        self, operation: Operation, variables: VariableValues, actor: Actor, version: int
    ) -> Compiled | None:
        key = (operation, operation.shape_of(variables.coerced), shape_of(actor))
        if key in self._plans:
            self._plans.move_to_end(key)
            return self._plans[key]
        compiled = self._compile(operation, variables, actor, version)
        self._keep(key, compiled)
        return compiled

    def _compile(
        self, operation: Operation, variables: VariableValues, actor: Actor, version: int
    ) -> Compiled | None:
        """Raises a Problem, which says something of these values only: nothing is remembered."""
        try:
            if operation.cost.effort > MAX_EFFORT:
                raise Unsupported("so much at once")
            selection = Selector(self._schema, operation, variables).selection()
            plan = compile_plan(actor, selection.fields, version)
        except Unsupported as reason:
            self.unsupported[str(reason)] += 1
            log.info("graphql.not_compiled", reason=str(reason))
            return None
        self.compiled += 1
        return Compiled(selection, plan)

    def _keep(self, key: Key, compiled: Compiled | None) -> None:
        self._plans[key] = compiled
        self._characters += key[0].characters
        while len(self._plans) > MAX_PLANS or self._characters > MAX_CHARACTERS:
            (operation, *_), _ = self._plans.popitem(last=False)
            self._characters -= operation.characters
