"""Documents: parsed, counted and validated once, then remembered by their text."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged as merging

from whalefall.errors import BadInput, Code, Problem
from whalefall.schema.formula import Formula, formula
from whalefall.schema.limits import MAX_TOKENS, refusal
from whalefall.schema.shapes import Shape, shape_of_variables

MAX_ERRORS = 5
merging.MAX_COMPLEXITY_BUDGET = 50_000  # its default lets 11 KB keep a core busy for 0.3 s
MAX_REMEMBERED = 1000
MAX_REMEMBERED_CHARACTERS = 1024 * 1024  # a tree takes some hundred times its text
Key = tuple[str, str | None, bool]  # the document, the operation's name, whether one is signed in


class Invalid(Exception):
    """What nothing can be run of. `blame` is the code of what graphql-core itself refused."""

    def __init__(self, errors: Sequence[GraphQLError], blame: Code) -> None:
        super().__init__("invalid operation")
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
    cost: Formula
    shape_of: Shape  # of its coerced variables
    characters: int  # of the document

    @property
    def kind(self) -> OperationType:
        return self.definition.operation


class Documents:
    """The operations that were asked for lately. Only queries are remembered: the literals of a
    mutation may be secrets."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._remembered: OrderedDict[Key, Operation] = OrderedDict()
        self._characters = 0

    def remembered(self, key: Key) -> Operation | None:
        """The operation, if it was asked for lately."""
        operation = self._remembered.get(key)
        if operation is not None:
            self._remembered.move_to_end(key)
        return operation

    def read(self, key: Key) -> Operation:
        """The operation to run. Raises Invalid."""
        query, name, signed_in = key
        document = self._parsed(query, signed_in=signed_in)
        definition = _chosen(document, name)
        self._validate(document, signed_in=signed_in)
        cost = formula(self._schema, document, definition)
        if cost.alone > 1:
            message = "An operation may sign in, or look at the whole schema, only once."
            raise Invalid.of(BadInput(message, code=Code.QUERY_TOO_COMPLEX))
        operation = Operation(
            document=document,
            definition=definition,
            cost=cost,
            shape_of=shape_of_variables(self._schema, definition),
            characters=len(query),
        )
        if _only_reads(document):
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

    def _validate(self, document: DocumentNode, *, signed_in: bool) -> None:
        try:
            errors = validate(
                self._schema,
                document,
                specified_rules,
                max_errors=MAX_ERRORS,
                hide_suggestions=not signed_in,
            )
        except RecursionError as error:
            errors = [_located(error)]
        if errors:
            raise Invalid(errors, Code.GRAPHQL_VALIDATION_FAILED)

    def _remember(self, key: Key, operation: Operation) -> None:
        self._remembered[key] = operation
        self._characters += len(key[0])
        while (
            len(self._remembered) > MAX_REMEMBERED or self._characters > MAX_REMEMBERED_CHARACTERS
        ):
            (query, *_), _ = self._remembered.popitem(last=False)
            self._characters -= len(query)


def _only_reads(document: DocumentNode) -> bool:
    found = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return all(node.operation is OperationType.QUERY for node in found)


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
