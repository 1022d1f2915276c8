"""Requests that want to be expensive: each is a body of at most a megabyte."""

import json
from typing import Any

from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from whalefall.schema.build import schema


def many(count: int, one: str) -> str:
    """The text so often; # is the number of each, ## the next one's."""
    texts = (one.replace("##", str(n + 1)).replace("#", str(n)) for n in range(count))
    return " ".join(texts)


def nested(depth: int, outer: str, inner: str) -> str:
    opened, closed = outer.split("…")
    return opened * depth + inner + closed * depth


def leaves(type_name: str) -> str:
    """All fields of a type that have none of their own."""
    found = schema._schema.type_map[type_name]
    assert isinstance(found, GraphQLObjectType)
    fields = found.fields.items()
    return " ".join(name for name, field in fields if is_leaf_type(get_named_type(field.type)))


def chain(aliases: int, steps: int, arguments: str = "first: 1") -> str:
    """Fragments that lead from a database to several lists of databases, step by step."""
    fragments = [
        f"fragment F{n} on Database {{ instance {{ "
        + many(aliases, f"a#: databases({arguments}) {{ nodes {{ ...F{n + 1} }} }}")
        + " } }"
        for n in range(steps)
    ]
    end = f"fragment F{steps} on Database {{ id }}"
    return "{ databases(first: 1) { nodes { ...F0 } } } " + " ".join([*fragments, end])


LEDGER = (
    'filter: {search: "a_%", engines: [MYSQL, ORACLE], tags: ["a", "b"], minSizeBytes: 1,'
    " maxSizeBytes: 5, freshness: FRESH}, orderBy: {field: SIZE, direction: DESC}"
)
INSTANCE = f"databases({LEDGER}) {{ totalCount nodes {{ {leaves('Database')} }} }}"
DATABASES = "{ instances(first: 1) { nodes { %s } } }"
TABLES = "{ databases(first: 1) { nodes { %s } } }"

FRAGMENTS = {
    "doubling": "{ me { ...F0 } } "
    + many(49, "fragment F# on User { ...F## ...F## }")
    + "fragment F49 on User { id }",
    "doubling lists": chain(10, 4),
    "doubling lists just so": chain(8, 2),
    "doubling lists with filters": chain(4, 3, f"first: 1, {LEDGER}"),
    "circle": "{ me { ...F0 } } fragment F49 on User { ...F0 } "
    + many(49, "fragment F# on User { id ...F## }"),
    "each in each": "{ me { ...F0 } } "
    + " ".join(f"fragment F{n} on User {{ {many(40, '...F#')} }}" for n in range(40)),
    "never used": "{ me { id } } fragment X on Instance { "
    + many(19, "...F#")
    + " } "
    + many(19, f"fragment F# on Instance {{ {many(9, 'databases(first: 1) { totalCount }')} }}"),
    "on anything": '{ node(id: "x") { '
    + many(24, "... on Instance { id } ... on Database { name }")
    + " } }",
    "unknown": "{ me { " + many(1600, "...F#") + " } }",
}
OVERLAPS = {
    "one field": "{ me { " + "id " * 4_500 + "} }",
    "one field in fragments": "{ me { "
    + many(50, "...F#")
    + " } } "
    + many(50, f"fragment F# on User {{ {'id ' * 19} }}"),
    "all fields in fragments": "{ me { "
    + many(50, "...F#")
    + " } } "
    + many(50, f"fragment F# on User {{ {'id username role isActive ' * 4} }}"),
    "one list in fragments": DATABASES % many(20, "...F#")
    + many(20, "fragment F# on Instance { %s }" % ("databases(first: 1) { totalCount } " * 9)),
    "one list with arguments in fragments": DATABASES % many(20, "...F#")
    + many(20, f"fragment F# on Instance {{ {f'databases({LEDGER}) {{ totalCount }} ' * 5} }}"),
    "other arguments": "{ " + many(700, "tags(first: #) { totalCount }") + " }",
    "other arguments in fragments": DATABASES % many(50, "...F#")
    + many(50, "fragment F# on Instance { databases(first: #) { totalCount } }"),
    "in each other": DATABASES
    % ("databases { nodes { instance { databases { nodes { id id id id id id } } } } } " * 19),
    "in each other more": DATABASES
    % ("databases { " + ("nodes { " + "id " * 8 + "} ") * 5 + "} ")
    * 19,
    "inline": DATABASES
    % ("... on Instance { databases { ... on DatabaseConnection { nodes { id id id } } } } " * 16),
    "in neighbours": DATABASES % many(19, "databases { nodes { ...F# ...F## } }")
    + many(20, f"fragment F# on Database {{ {'id name sizeBytes ' * 6} }}"),
}
LISTS = {
    "everywhere": TABLES % many(50, "a#: tableSizes(first: 1) { totalCount nodes { id } }"),
    "with filters": DATABASES % many(49, f"a#: {INSTANCE}"),
    "ledgers": "{ " + many(20, f"a#: databases({LEDGER}) {{ totalCount }}") + " }",
    "ledgers in full": "{ "
    + many(8, f"a#: databases({LEDGER}) {{ totalCount nodes {{ {leaves('Database')} }} }}")
    + " }",
    "of one item": TABLES % many(36, "a#: instance { id name totalSizeBytes }"),
    "histories": TABLES % many(18, 'a#: sizeHistory(from: "2026-01-01") { date sizeBytes }'),
    "wide": TABLES % (many(50, "a#: sizeCollectedAt ") + leaves("Database")),
}
MASSES = {
    "aliases": "{ me { " + many(1600, "a#: id") + " } }",
    "aliases at the root": "{ " + many(1000, "a#: __typename") + " }",
    "directives": "{ me { id " + "@include(if: true) " * 800 + "} }",
    "unknown directives": "{ me { id " + many(2000, "@d#") + " } }",
    "unknown fields": "{ " + many(1000, "field#") + " }",
    "nearly known fields": "{ instances { nodes { " + many(900, "nam#") + " } } }",
    "nearly known arguments": "{ tags(" + many(900, "firs#: 1") + ") { totalCount } }",
    "nearly known types": "query (" + many(450, "$a#: Instanc#") + ") { __typename }",
    "nearly known values": "{ databases(filter: {engines: ["
    + many(900, "MYSQ#")
    + "]}) { totalCount } }",
    "nearly known inputs": "{ databases(filter: {" + many(900, "tag#: 1") + "}) { totalCount } }",
    "one argument": "{ tags(" + "first: 1 " * 990 + ") { totalCount } }",
    "one input": "{ databases(filter: {" + 'search: "a" ' * 990 + "}) { totalCount } }",
    "operations": "fragment F on Query { me { id } } " + many(1200, "query Q# { ...F }"),
    "operations with fragments": many(50, "query Q#($a: Int) { instances { nodes { ...F0 } } }")
    + many(9, "fragment F# on Instance { ...F## databases(first: $a) { totalCount } }")
    + "fragment F9 on Instance { id }",
    "variables": "query (" + many(990, "$a#: Int") + ") { __typename }",
    "ids": "{ nodes(ids: [" + '"SW5zdGFuY2U6MQ==" ' * 900 + "]) { id } }",
    "many ids": "{ nodes(ids: [" + '"a" ' * 4_900 + "]) { id } }",
    "sign-ins": "mutation { "
    + many(20, 'a#: login(input: {username: "x", password: "y"}) { errors { code } }')
    + " }",
    "braces": "{ " * 5_000,
    "brackets": "[" * 65_000,
    "dollars": "$a " * 2_500,
}
DEPTHS = {
    "fields": nested(2_400, "{ a … }", ""),
    "lists": "{ nodes(ids: " + nested(2_000, "[…]", "") + ") { id } }",
    "objects": "{ tags(filter: " + nested(1_600, "{search: …}", "1") + ") { totalCount } }",
    "objects just so": "{ tags(filter: " + nested(190, "{search: …}", "1") + ") { totalCount } }",
    "types": "query ($a: " + nested(2_000, "[…]", "Int") + ") { __typename }",
    "introspection": "{ __schema { types { "
    + nested(6, "fields { type { … } }", "name")
    + " } } }",
    "types of types": "{ __schema { types { fields { type { "
    + nested(10, "ofType { … }", "name")
    + " } } } } }",
    "introspection often": "{ "
    + many(20, "a#: __schema { types { name fields { name type { name } } } }")
    + " }",
}
LENGTHS = {
    "string": '{ databases(filter: {search: "' + "a" * 60_000 + '"}) { totalCount } }',
    "block string": '{ tags(after: """' + "\n  a" * 14_000 + '""") { totalCount } }',
    "escapes": '{ tags(after: "' + "\\u0041" * 9_000 + '") { totalCount } }',
    "quotes": '{ tags(after: "' + '\\"' * 30_000 + '") { totalCount } }',
    "name": "{ " + "a" * 60_000 + " }",
    "alias": "{ " + "a" * 60_000 + ": __typename }",
    "operation": "query " + "a" * 60_000 + " { __typename }",
    "Int": "{ tags(first: " + "9" * 60_000 + ") { totalCount } }",
    "BigInt": "{ databases(filter: {minSizeBytes: " + "9" * 60_000 + "}) { totalCount } }",
    "fraction": "{ databases(filter: {minSizeBytes: 1." + "9" * 60_000 + "}) { totalCount } }",
    "exponent": "{ databases(filter: {minSizeBytes: 1e999999999}) { totalCount } }",
    "id": '{ node(id: "' + "a" * 60_000 + '") { id } }',
    "comment": "# " + "a" * 60_000 + "\n{ __typename }",
    "comments": "#\n" * 32_000 + "{ __typename }",
    "commas": "{ __typename" + "," * 64_000 + " }",
    "byte order marks": "\ufeff" * 20_000 + "{ __typename }",
    "unicode": '{ tags(filter: {search: "'
    + "\U0001f4a9\u202e\u0301" * 5_000
    + '"}) { totalCount } }',
    "unicode names": "{ " + "é" * 30_000 + " }",
    "lone surrogates": '{ tags(filter: {search: "' + "\\uD83D" * 5_000 + '"}) { totalCount } }',
    "nothing of GraphQL": "a" * 65_000,
}
NODES = "query ($a: [ID!]!) { nodes(ids: $a) { id } }"
FILTERED = "query ($f: DatabaseFilter) { databases(filter: $f) { totalCount } }"
VARIABLES: dict[str, tuple[str, dict[str, Any]]] = {
    "ids": (NODES, {"a": ["x"] * 9_000}),
    "many ids": (NODES, {"a": ["x"] * 190_000}),
    "wrong ids": (NODES, {"a": [{}] * 9_000}),
    "enums": (FILTERED, {"f": {"engines": ["MYSQL"] * 9_000}}),
    "wrong enums": (FILTERED, {"f": {"engines": ["MYSQ"] * 9_000}}),
    "texts": (FILTERED, {"f": {"tags": [f"a{n}" for n in range(9_000)]}}),
    "unknown inputs": (FILTERED, {"f": {f"f{n}": 1 for n in range(9_000)}}),
    "long text": (FILTERED, {"f": {"search": "a_%" * 300_000}}),
    "long id": ("query ($a: ID!) { node(id: $a) { id } }", {"a": "a" * 900_000}),
    "long cursor": ("query ($a: String) { tags(after: $a) { totalCount } }", {"a": "a" * 900_000}),
    "unused": ("{ __typename }", {f"a{n}": n for n in range(60_000)}),
    "used": (
        f"query ({many(400, '$a#: ID!')}) {{ nodes(ids: [{many(400, '$a#')}]) {{ id }} }}",
        {f"a{n}": "x" for n in range(400)},
    ),
}


def _variables(key: str, text: str) -> bytes:
    """A body with variables that json would not write."""
    return f'{{"query": "{{ __typename }}", "{key}": {{"a": {text}}}}}'.encode()


RAW = {
    "raw lists": _variables("variables", "[" + ",".join(["[]"] * 300_000) + "]"),
    "raw objects": _variables("extensions", "[" + ",".join(["{}"] * 300_000) + "]"),
    "raw lists just so": _variables("variables", "[" + ",".join(["[]"] * 49_000) + "]"),
    "raw numbers": _variables("extensions", "[" + ",".join(["1e308"] * 150_000) + "]"),
    "raw deep lists": _variables("variables", nested(1_000, "[…]", "")),
    "raw deep objects": _variables("variables", nested(1_000, '{"a":…}', "1")),
    "raw deeper": _variables("variables", "[" * 40_000),
    "raw spaces": b" " * 1_000_000 + b'{"query": "{ __typename }"}',
    "raw digits": b"9" * 1_000_000,
    "raw backslashes": b'{"query": "' + b"\\\\" * 400_000 + b'"}',
    "raw deep variable": b'{"query": "query ($f: TagFilter) { tags(filter: $f) { totalCount } }",'
    + b'"variables": {"f": '
    + nested(900, '{"search":…}', "1").encode()
    + b"}}",
}


def bodies() -> dict[str, bytes]:
    """Every request by its name."""
    documents = {
        f"{group}: {name}": {"query": text}
        for group, texts in {
            "fragments": FRAGMENTS,
            "overlaps": OVERLAPS,
            "lists": LISTS,
            "masses": MASSES,
            "depths": DEPTHS,
            "lengths": LENGTHS,
        }.items()
        for name, text in texts.items()
    }
    asked = {
        f"variables: {name}": {"query": query, "variables": variables}
        for name, (query, variables) in VARIABLES.items()
    }
    return {name: json.dumps(each).encode() for name, each in {**documents, **asked}.items()} | RAW
