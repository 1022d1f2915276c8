"""Queries written by hand, each about one thing that a compiled plan could get wrong.

`<Instance 3>` stands for the id of the estate's fourth instance, `<Instance none>` for nobody's.
"""

from typing import Any

Written = tuple[str, dict[str, Any]]

PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
SEARCH = (
    "query ($n: Int, $s: String) { databases(first: $n, filter: {search: $s}) { nodes { name } } }"
)
LEDGER = """query ($f: DatabaseFilter, $o: DatabaseOrder) {
    databases(first: 4, filter: $f, orderBy: $o) { nodes { name } } }"""
ENGINES = "query ($e: [Engine!]) { instances(filter: {engines: $e}) { totalCount } }"
INCLUDED = "query ($b: Boolean!) { databases(first: 2) { nodes { name id @include(if: $b) } } }"
SKIPPED = "query ($b: Boolean!) { databases(first: 2) @skip(if: $b) { nodes { name } } }"
SIZED = "query ($m: BigInt) { databases(filter: {minSizeBytes: $m}) { totalCount } }"
ONE = "query ($id: ID!) { database(id: $id) { name } node(id: $id) { id __typename } }"
PEOPLE = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on User { username csrfToken } } }"
ACTIVE = "query ($a: Boolean) { databases(filter: {activeOnly: $a}) { totalCount } }"

# Ada gets an answer without errors.
ANSWERED: tuple[str | Written, ...] = (
    "{ __typename }",
    "{ me { id username role csrfToken createdAt lastLoginAt } }",
    "{ databases { nodes { id name sizeBytes sizeCollectedAt firstSeenOn isActive freshness } } }",
    "{ databases(first: 3) { edges { cursor node { name } } " + PAGE + " } }",
    "{ databases(last: 3) { edges { cursor node { name } } nodes { id } " + PAGE + " } }",
    "{ databases(first: 0) { nodes { id } " + PAGE + " } }",
    "{ databases(last: 0) { nodes { id } " + PAGE + " totalCount } }",
    "{ databases { totalCount } }",
    "{ databases { __typename pageInfo { __typename } edges { __typename node { __typename } } } }",
    "{ databases(filter: {activeOnly: false}) { totalCount __typename } }",
    "{ databases(filter: null, orderBy: null, first: null, after: null) { totalCount } }",
    "{ databases(filter: {}) { totalCount } }",
    '{ databases(filter: {tags: ["prod", "dba-1"]}) { totalCount nodes { name } } }',
    '{ databases(filter: {tags: "prod"}) { totalCount nodes { name } } }',
    '{ databases(filter: {tags: ["legacy"]}) { totalCount } }',
    "{ databases(filter: {tags: []}) { totalCount } }",
    "{ databases(filter: {engines: [ORACLE, MYSQL]}) { nodes { name instance { engine } } } }",
    "{ databases(filter: {engines: []}) { totalCount nodes { name } } }",
    '{ databases(filter: {search: "%"}) { totalCount nodes { name } } }',
    '{ databases(filter: {search: "er_sc"}) { totalCount nodes { name } } }',
    '{ databases(filter: {search: "\\\\"}) { totalCount } }',
    '{ databases(filter: {search: "\'; drop table tags; --"}) { totalCount } }',
    '{ databases(filter: {search: "\\uD83D\\uDC0B"}) { totalCount nodes { name } } }',
    "{ databases(filter: {search: null, engines: null, tags: null}) { totalCount } }",
    '{ databases(filter: {instanceId: "<Instance 4>"}) { totalCount nodes { name } } }',
    "{ databases(filter: {minSizeBytes: 9007199254740993}) { nodes { sizeBytes } } }",
    "{ databases(filter: {maxSizeBytes: 0, freshness: FRESH}) { nodes { sizeBytes } } }",
    "{ databases(filter: {freshness: NEVER}) { nodes { freshness sizeReason sizeQuality } } }",
    "{ databases(orderBy: {field: SIZE, direction: DESC}, first: 7) { nodes { sizeBytes } } }",
    "{ databases(orderBy: {field: SIZE}, last: 7) { nodes { sizeBytes } " + PAGE + " } }",
    "{ databases(orderBy: {field: COLLECTED_AT, direction: DESC}, last: 7) { edges { cursor } } }",
    "{ a: databases(first: 1) { nodes { id } } b: databases(first: 2) { nodes { id } } }",
    """{ instances(first: 5) { nodes { name tags { id name displayName }
        databases(first: 2) { nodes { name tableSizes(first: 2) {
        nodes { tableName sizeBytes sizeMb rowCount collectedAt } } } } } } }""",
    "{ instances { nodes { databases(first: 2) { totalCount edges { cursor } " + PAGE + " } } } }",
    "{ instances { nodes { databases(last: 2) { totalCount nodes { id } " + PAGE + " } } } }",
    "{ instances { nodes { databases(last: 2) { nodes { id } } } } }",
    """{ instances(first: 3) { nodes { x: databases(first: 1) { nodes { id } }
        y: databases(first: 2) { totalCount n: nodes { id } m: nodes { name }
        edges { node { id } } } } } }""",
    "{ instances { nodes { createdAt version port host isActive engine status totalSizeBytes } } }",
    "{ instances { nodes { connection { state lastErrorCode latencyMs __typename } } } }",
    "{ instances { nodes { credential { name usage { instanceCount } } } } }",
    "{ instances(filter: {deleted: ONLY}) { nodes { status databases { totalCount } } } }",
    "{ instances(filter: {deleted: INCLUDE, status: INACTIVE}) { totalCount } }",
    '{ instances(filter: {credentialId: "<Credential 1>"}) { nodes { credential { id } } } }',
    "{ instances(orderBy: {field: CREATED_AT, direction: DESC}, first: 5) { edges { cursor } } }",
    "{ credentials { nodes { name engine usage { instanceCount instances(first: 2) { id } } } } }",
    "{ credentials(filter: {engines: [ORACLE], isActive: true}) { nodes { engine isActive } } }",
    "{ tags(orderBy: {field: CATEGORY, direction: DESC}) { nodes { category name isActive } } }",
    '{ tags(filter: {category: "owner\'s \\"unit\\""}) { nodes { category } } }',
    "{ apiTokens { totalCount nodes { name scopes isActive user { username } } } }",
    "{ syncSessions { nodes { status createdBy { username } records { totalCount } } } }",
    """{ syncSessions(first: 9) { nodes { records(filter: {statuses: [FAILED, LOST]}) { nodes {
        error { code message field hint } progress database { name } instance { name } } } } } }""",
    '{ database(id: "<Database 5>") { sizeHistory { date sizeBytes databaseCount isSample } } }',
    """{ databases(first: 30, filter: {activeOnly: false}) { nodes { name
        growth { days bytes percent since __typename } week: growth(days: 7) { bytes } } } }""",
    """{ databases(orderBy: {field: GROWTH, direction: DESC}, first: 9) { edges { cursor node {
        growth { bytes percent } } } } }""",
    "{ databases(filter: {state: GONE, activeOnly: false}) { nodes { isActive } } }",
    "{ databases(filter: {state: UNREADABLE}) { nodes { sizeReason } totalCount } }",
    """{ instance(id: "<Instance 1>") { sizeHistory(from: "2020-01-01", to: "2020-02-01") { date }
        all: sizeHistory { date sizeBytes databaseCount isSample } } }""",
    """{ database(id: "<Database 3>") { id instance { name tags { name }
        databases(first: 1) { nodes { instance { id } } } } } }""",
    '{ database(id: "<Database 3>") { __typename } }',
    '{ database(id: "<Database none>") { name } instance(id: "<Instance 8>") { status } }',
    '{ database(id: "<Database 16>") { name } }',
    """{ database(id: "<Database 8>") { tableSizes(first: 2000) { nodes { id schemaName tableName
        sizeBytes dataBytes indexBytes lobBytes rowCount collectedAt quality kind } } } }""",
    """{ database(id: "<Database 8>") { tableSizes(orderBy: {field: ROWS, direction: DESC})
        { edges { cursor node { rowCount database { id } } } } } }""",
    '{ database(id: "<Database 8>") { tableSizes(filter: {tableName: "a"}) { totalCount } } }',
    "{ databases { nodes { tableSnapshot { status complete skipped(first: 1) { name } } } } }",
    "{ databases { nodes { tableSnapshot { lastError { code message } lastAttemptAt source } } } }",
    '{ node(id: "<Database 3>") { id ... on Database { name } ... on Instance { host } } }',
    '{ nodes(ids: ["<Database 3>", "<Instance 1>", "<Database none>"]) { id __typename } }',
    '{ nodes(ids: "<Tag 1>") { ... on Node { id } ... on Tag { name } } }',
    "{ nodes(ids: []) { id } }",
    """{ databases(first: 2) { ...F } } fragment F on DatabaseConnection { nodes { ...D } }
        fragment D on Database { name i: instance { name } }""",
    "{ databases(first: 2) { nodes { name } nodes { id } } databases(first: 2) { totalCount } }",
    "{ databases(first: 2) { nodes { ... on Node { id } ... on Database { name } } } }",
    "{ databases(first: 2) { nodes { ... on Node { ... on Tag { name } } id: name } } }",
    "{ databases(first: 2) { nodes { name: id id: name } totalCount: __typename } }",
    '{ __type(name: "Tag") { name } databases(first: 1) { nodes { id } } }',
    (SEARCH, {"n": 3, "s": "a"}),
    (SEARCH, {"n": 4}),
    (SEARCH, {"n": 4, "s": None}),
    (SEARCH, {"s": "A"}),
    (LEDGER, {}),
    (LEDGER, {"f": {"search": "e", "activeOnly": False}, "o": {"field": "SIZE"}}),
    (LEDGER, {"f": {"search": "a"}, "o": {"field": "SIZE", "direction": "DESC"}}),
    (LEDGER, {"f": None, "o": None}),
    (ENGINES, {"e": ["MYSQL"]}),
    (ENGINES, {"e": "MYSQL"}),
    (ENGINES, {"e": ["MYSQL", "ORACLE"]}),
    (ENGINES, {"e": []}),
    (ENGINES, {}),
    (INCLUDED, {"b": True}),
    (INCLUDED, {"b": False}),
    (SKIPPED, {"b": True}),
    (SKIPPED, {"b": False}),
    (SIZED, {"m": 2**53}),
    (SIZED, {"m": 2**63 - 1}),
    (ONE, {"id": "<Database 0>"}),
    (PEOPLE, {"ids": ["<User 0>", "<User 1>", "<Tag 0>", "<User none>"]}),
    (ACTIVE, {"a": False}),
    (ACTIVE, {}),
)

# Ada is told what is wrong.
REFUSED: tuple[str | Written, ...] = (
    '{ database(id: "<Instance 1>") { name } }',
    '{ database(id: "rubbish") { name } }',
    '{ node(id: "UXVlcnk6MQ==") { id } }',
    '{ nodes(ids: ["<Tag 1>", ""]) { id } }',
    '{ database(id: "<Database 8>") { tableSizes(first: 2001) { nodes { id } } } }',
    "{ databases(first: -1) { nodes { id } } }",
    "{ databases(first: 201) { totalCount } }",
    "{ databases(first: 1, last: 1) { nodes { id } } }",
    '{ databases(after: "rubbish") { nodes { id } } }',
    '{ databases(before: "rubbish") { totalCount } }',
    '{ databases(after: "rubbish") { __typename } }',
    '{ instances { nodes { databases(after: "rubbish") { totalCount } } } }',
    '{ instance(id: "<Instance 1>") { databases(before: "rubbish") { __typename } } }',
    '{ tags(after: "rubbish") { nodes @skip(if: true) { id } totalCount } }',
    '{ databases(filter: {instanceId: "<Tag 1>"}) { totalCount } }',
    '{ instance(id: "<Instance 1>") { name databases(last: 201) { totalCount } } }',
    '{ database(id: "<Database 1>") { tableSnapshot { skipped(first: -1) { name } } } }',
    "{ credentials { nodes { usage { instances(first: 201) { id } } } } }",
    # One part fails; the other one waits for the same row and must not be broken off with it.
    """{ bad: credential(id: "<Credential 1>") { usage { instances { databases(first: -1)
        { totalCount } credential { name } } } } good: credential(id: "<Credential 1>")
        { usage { instances { credential { name } } } } }""",
    '{ database(id: "<Database 0>") { sizeHistory(from: "1900-01-01") { date } } }',
    (SIZED, {"m": 2**63}),
    (SEARCH, {"n": 2**31}),
    (ACTIVE, {"a": None}),
    (ONE, {}),
    (ENGINES, {"e": ["DB2"]}),
    "{ databases { nodes { nothing } } }",
    "{ databases { nodes",
)
