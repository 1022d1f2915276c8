"""What the sample PostgreSQL holds: each database is there for something a page has to show."""

from dataclasses import dataclass

COLLECTOR = "whalefall_collector"
MARK = "WhaleFall sample"
HOSTILE = 'He said "hi"; it\'s\n=cmd() 🐋 <script>alert(1)</script>'


@dataclass(frozen=True)
class Sample:
    """A database, the statements run inside it, and those about it ({name}) at last."""

    name: str
    statements: tuple[str, ...] = ()
    at_last: tuple[str, ...] = ()


MANY_TABLES = Sample(
    "many_tables",  # three thousand of them; in portions, as a transaction holds a lock on each
    tuple(
        f"""
        DO $$ BEGIN
            CREATE SCHEMA tenant_{tenant};
            FOR number IN 1..300 LOOP
                EXECUTE format('CREATE TABLE tenant_{tenant}.entity_%s AS
                                SELECT i AS id, i %% 7 AS kind FROM generate_series(1, %s) AS i',
                               lpad(number::text, 3, '0'), number * {tenant} % 500);
            END LOOP;
        END $$
        """  # noqa: S608 (a number of ours)
        for tenant in range(1, 11)
    ),
)
SHOP = Sample(
    "shop",  # an ordinary application
    (
        """
        CREATE TABLE customers (
            id integer PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE,
            registered_at timestamptz NOT NULL)
        """,
        """
        INSERT INTO customers
        SELECT i, 'Customer ' || i, 'c' || i || '@example.com',
               timestamptz '2025-01-01' + i * interval '1 hour'
          FROM generate_series(1, 4000) AS i
        """,
        """
        CREATE TABLE orders (
            id integer PRIMARY KEY, customer_id integer NOT NULL REFERENCES customers,
            ordered_at timestamptz NOT NULL, total numeric(10, 2) NOT NULL)
        """,
        """
        INSERT INTO orders
        SELECT i, i % 4000 + 1, timestamptz '2025-01-01' + i * interval '10 minutes', i % 500
          FROM generate_series(1, 15000) AS i
        """,
        "CREATE INDEX orders_by_customer ON orders (customer_id, ordered_at)",
        """
        CREATE TABLE order_lines AS
        SELECT i / 3 + 1 AS order_id, i AS line, i % 900 AS product_id, i % 5 + 1 AS quantity
          FROM generate_series(1, 45000) AS i
        """,
        "CREATE TABLE carts (id uuid PRIMARY KEY, contents jsonb)",
        "ANALYZE",
    ),
)
TELEMETRY = Sample(
    "telemetry",  # partitions, and partitions of partitions
    (
        """
        CREATE TABLE readings (
            device integer NOT NULL, region text NOT NULL, taken_at timestamptz NOT NULL,
            value double precision) PARTITION BY RANGE (taken_at)
        """,
        """
        DO $$ BEGIN
            FOR month IN 0..10 LOOP
                EXECUTE format('CREATE TABLE readings_%s PARTITION OF readings
                                FOR VALUES FROM (%L) TO (%L)', month + 1,
                               timestamptz '2025-01-01Z' + month * interval '1 month',
                               timestamptz '2025-01-01Z' + (month + 1) * interval '1 month');
            END LOOP;
        END $$
        """,
        """
        CREATE TABLE readings_12 PARTITION OF readings
           FOR VALUES FROM ('2025-12-01Z') TO ('2026-01-01Z') PARTITION BY LIST (region)
        """,
        "CREATE TABLE readings_12_north PARTITION OF readings_12 FOR VALUES IN ('north')",
        "CREATE TABLE readings_12_rest PARTITION OF readings_12 DEFAULT",
        """
        INSERT INTO readings
        SELECT i % 400, (ARRAY['north', 'south', 'east'])[i % 3 + 1],
               timestamptz '2025-01-01Z' + i * interval '11 minutes', sin(i)
          FROM generate_series(1, 45000) AS i
        """,
        "CREATE INDEX readings_by_time ON readings USING brin (taken_at)",
        "ANALYZE",
    ),
)
ARCHIVE = Sample(
    "archive",  # nearly everything lies out of line
    (
        "CREATE TABLE documents (id integer PRIMARY KEY, title text, body text)",
        "ALTER TABLE documents ALTER COLUMN body SET STORAGE EXTERNAL",
        """
        INSERT INTO documents
        SELECT i, 'Document ' || i, repeat(md5(i::text), 400) FROM generate_series(1, 900) AS i
        """,
        "CREATE TABLE scans (id integer PRIMARY KEY, image bytea)",
        "ANALYZE",
    ),
)
REPORTING = Sample(
    "reporting",  # schemas, a materialised view, more index than data
    (
        "CREATE SCHEMA finance",
        "CREATE SCHEMA sales",
        """
        CREATE TABLE finance.postings AS
        SELECT i AS id, i % 40 AS account, i % 12 + 1 AS month, (i * 37 % 10007)::numeric AS amount
          FROM generate_series(1, 15000) AS i
        """,
        """
        CREATE MATERIALIZED VIEW finance.balances AS
        SELECT account, month, sum(amount) AS balance FROM finance.postings GROUP BY account, month
        """,
        "CREATE VIEW sales.by_month AS SELECT month, sum(amount) FROM finance.postings GROUP BY 1",
        """
        CREATE UNLOGGED TABLE sales.imports AS
        SELECT i AS id, md5(i::text) AS line FROM generate_series(1, 20000) AS i
        """,
        "CREATE INDEX ON sales.imports (id)",
        "CREATE INDEX ON sales.imports (line)",
        "CREATE INDEX ON sales.imports (line DESC, id)",
        "CREATE INDEX ON sales.imports (upper(line))",
        "ANALYZE",
    ),
)
_HOSTILE_TABLES = (
    'double "quotes"',
    "it's",
    "two\nlines",
    "🐳 emoji",
    "=cmd|' /C calc'!A0",
    "<script>alert('table')</script>",
    "%s {0} $1 :name",
    "; DROP TABLE students; --",
    "../../etc/passwd",
    "x" * 63,
)
NAMES = Sample(
    HOSTILE,
    tuple(
        'CREATE TABLE "{}" AS SELECT 1 AS "{}"'.format(*[name.replace('"', '""')] * 2)
        for name in _HOSTILE_TABLES
    ),
)
EMPTY = Sample("empty")
PAYROLL = Sample(
    "payroll",  # the collector may measure it, but not enter
    ("CREATE TABLE salaries AS SELECT i AS employee FROM generate_series(1, 5000) AS i",),
    ("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC",),
)
MOTHBALLED = Sample(
    "mothballed",  # nobody enters
    ("CREATE TABLE old AS SELECT i AS id FROM generate_series(1, 20000) AS i",),
    ("ALTER DATABASE {name} ALLOW_CONNECTIONS false",),
)
SAMPLES = (
    MANY_TABLES,
    ARCHIVE,
    SHOP,
    TELEMETRY,
    REPORTING,
    NAMES,
    EMPTY,
    PAYROLL,
    MOTHBALLED,
)
