"""The schema as a whole: reviewed text, and a description for everything that a client can see."""

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
)

from tests.fake_engine import FAKE, FakeServer, registered
from whalefall.domain.engines import ENGINES
from whalefall.schema.build import Schema, make_schema
from whalefall.schema.enums import refresh_engines

SDL = Path(__file__).parent.parent / "schema.graphql"
COMMAND = 'python -c "from whalefall.schema.build import schema; print(schema.as_str())"'


def test_the_schema_is_the_reviewed_one() -> None:
    assert SDL.read_text() == make_schema().as_str() + "\n", f"{COMMAND} > {SDL.name} and review it"


def test_the_schema_text_can_be_read_back() -> None:
    core = build_schema(SDL.read_text())

    assert core.query_type is not None


def test_everything_has_a_description() -> None:
    silent = [name for name, description in _described(make_schema()) if not description]

    assert silent == []


def test_no_argument_says_null_is_its_default() -> None:
    assert "= null" not in SDL.read_text()


def test_the_engines_are_those_of_the_registry() -> None:
    assert _values(make_schema(), "Engine") == list(ENGINES)


def test_an_engine_that_is_added_appears_in_the_next_schema() -> None:
    with registered(FakeServer()):
        schema = make_schema()
    refresh_engines()

    assert FAKE in _values(schema, "Engine")
    assert FAKE not in _values(make_schema(), "Engine")


def _values(schema: Schema, name: str) -> list[str]:
    enum = schema._schema.type_map[name]
    assert isinstance(enum, GraphQLEnumType)
    return list(enum.values)


def _described(schema: Schema) -> Iterator[tuple[str, str | None]]:
    """Every type, field, argument and enum value of ours beside its description."""
    for name, named in schema._schema.type_map.items():
        if name.startswith("__"):
            continue
        yield name, named.description
        if isinstance(named, GraphQLEnumType):
            for value_name, value in named.values.items():
                yield f"{name}.{value_name}", value.description
        elif isinstance(named, GraphQLInputObjectType):
            for field_name, input_field in named.fields.items():
                yield f"{name}.{field_name}", input_field.description
        elif isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in named.fields.items():
                yield f"{name}.{field_name}", field.description
                for argument_name, argument in field.args.items():
                    yield f"{name}.{field_name}({argument_name})", argument.description
