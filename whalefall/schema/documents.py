"""Documents: parsed, counted and validated once, then remembered by their text."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    MaxIntrospectionDepthRule,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)

from whalefall.errors import BadInput, Code, Problem
from whalefall.schema.limits import MAX_TOKENS, refusal

MAX_ERRORS = 5
MAX_REMEMBERED = 1000
MAX_REMEMBERED_CHARACTERS = 1024 * 1024  # a tree takes some hundred times its text
RULES = (*specified_rules, MaxIntrospectionDepthRule)


class Invalid(Exception):
    """A document of which nothing can be run. `blame` is what graphql-core's own words are of."""

    def __init__(self, errors: Sequence[GraphQLError], blame: Code) -> None:
        super().__init__("invalid document")
        self.errors, self.blame = errors, blame

    @classmethod
    def of(cls, problem: Problem) -> "Invalid":
        error = GraphQLError(problem.message, original_error=problem)
        return cls([error], problem.problem_code)


@dataclass(frozen=True, kw_only=True, eq=False)
class Operation:
    """One operation of a valid document. Two requests with the same text share it."""

    document: DocumentNode
    definition: OperationDefinitionNode

    @property
    def kind(self) -> OperationType:
        return self.definition.operation


class Documents:
    """The operations that were asked for lately. Only queries are remembered: the literals of a
    mutation may be secrets."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._remembered: OrderedDict[tuple[str, str | None, bool], Operation] = OrderedDict()
        self._characters = 0

    def operation(self, query: str, name: str | None, *, signed_in: bool) -> Operation:
        """The operation to run. Raises Invalid."""
        key = (query, name, signed_in)
        if key in self._remembered:
            self._remembered.move_to_end(key)
            return self._remembered[key]
        document = self._parsed(query, signed_in=signed_in)
        operation = Operation(document=document, definition=_chosen(document, name))
        self._validate(document)
        if operation.kind is OperationType.QUERY:
            self._remember(key, operation)
        return operation

    def _parsed(self, query: str, *, signed_in: bool) -> DocumentNode:
        try:
            document = parse(query, max_tokens=MAX_TOKENS)
        except (GraphQLError, RecursionError) as error:
            raise Invalid([_located(error)], Code.GRAPHQL_PARSE_FAILED) from error
        problem = refusal(document, signed_in=signed_in)
        if problem is not None:
            raise Invalid.of(problem)
        return document

    def _validate(self, document: DocumentNode) -> None:
        try:
            errors = validate(self._schema, document, RULES, max_errors=MAX_ERRORS)
        except RecursionError as error:
            errors = [_located(error)]
        if errors:
            raise Invalid(errors, Code.GRAPHQL_VALIDATION_FAILED)

    def _remember(self, key: tuple[str, str | None, bool], operation: Operation) -> None:
        self._remembered[key] = operation
        self._characters += len(key[0])
        while (
            len(self._remembered) > MAX_REMEMBERED or self._characters > MAX_REMEMBERED_CHARACTERS
        ):
            (query, *_), _ = self._remembered.popitem(last=False)
            self._characters -= len(query)


def _chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation of this name; without one, the only one."""
    found = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is None and len(found) > 1:
        raise Invalid.of(BadInput("Say by `operationName` which operation to run."))
    for node in found:
        if name is None or (node.name is not None and node.name.value == name):
            return node
    raise Invalid.of(BadInput("The document has no such operation."))


def _located(error: GraphQLError | RecursionError) -> GraphQLError:
    if isinstance(error, GraphQLError):
        return error
    return GraphQLError("nested too deeply", original_error=error)
