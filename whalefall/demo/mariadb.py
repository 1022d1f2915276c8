"""The sample MariaDB: schemas of different shapes, made through its own client program."""

import asyncio
import os
import shutil

from whalefall.demo.databases import COLLECTOR, MARK
from whalefall.embedded.mariadb import MariaDB
from whalefall.errors import ServiceUnavailable

ACCOUNT = """
    CREATE OR REPLACE USER '{name}'@'127.0.0.1' IDENTIFIED BY '{password}';
    GRANT REFERENCES, PROCESS ON *.* TO '{name}'@'127.0.0.1';
"""
FINISHED = f"""
    SELECT count(*) FROM information_schema.schemata
     WHERE schema_name = 'webshop' AND schema_comment = '{MARK}';
"""  # noqa: S608 (a constant of ours)
SCHEMAS = f"""
    CREATE OR REPLACE DATABASE crm CHARACTER SET utf8mb4;
    USE crm;
    CREATE TABLE contacts (id INT PRIMARY KEY, name VARCHAR(80), city VARCHAR(40), KEY (city));
    INSERT INTO contacts
    SELECT seq, concat('Contact ', seq), concat('City ', seq % 50) FROM seq_1_to_8000;
    CREATE TABLE calls (
        id INT PRIMARY KEY, contact_id INT NOT NULL, note TEXT,
        FOREIGN KEY (contact_id) REFERENCES contacts (id));
    INSERT INTO calls SELECT seq, seq % 8000 + 1, repeat('talk ', 20) FROM seq_1_to_12000;

    CREATE OR REPLACE DATABASE metrics CHARACTER SET utf8mb4;
    USE metrics;
    CREATE TABLE samples (day DATE NOT NULL, host INT NOT NULL, value DOUBLE)
     PARTITION BY RANGE COLUMNS (day) (
           PARTITION q1 VALUES LESS THAN ('2025-04-01'),
           PARTITION q2 VALUES LESS THAN ('2025-07-01'),
           PARTITION q3 VALUES LESS THAN ('2025-10-01'),
           PARTITION q4 VALUES LESS THAN (MAXVALUE));
    INSERT INTO samples
    SELECT '2025-01-01' + INTERVAL seq % 365 DAY, seq % 40, seq / 7 FROM seq_1_to_12000;

    CREATE OR REPLACE DATABASE history CHARACTER SET utf8mb4;
    USE history;
    CREATE TABLE prices (product INT PRIMARY KEY, price DECIMAL(10, 2))
      WITH SYSTEM VERSIONING
     PARTITION BY SYSTEM_TIME (PARTITION past HISTORY, PARTITION present CURRENT);
    INSERT INTO prices SELECT seq, seq FROM seq_1_to_3000;
    UPDATE prices SET price = price * 1.1;

    CREATE OR REPLACE DATABASE library CHARACTER SET utf8mb4;
    USE library;
    CREATE TABLE articles (
        id INT PRIMARY KEY, title VARCHAR(200), body TEXT, FULLTEXT KEY words (title, body));
    INSERT INTO articles
    SELECT seq, concat('Whale ', seq), concat(md5(seq), ' sinks to the floor') FROM seq_1_to_2000;
    CREATE TABLE old_index (id INT PRIMARY KEY, word VARCHAR(40)) ENGINE = MyISAM;

    CREATE OR REPLACE DATABASE `it's "=cmd()" ⚓ <b>&` CHARACTER SET utf8mb4;
    USE `it's "=cmd()" ⚓ <b>&`;
    CREATE TABLE `<script>alert(1)</script>` (id INT PRIMARY KEY);
    CREATE TABLE `%s; DROP TABLE "x"` (id INT PRIMARY KEY);

    CREATE OR REPLACE DATABASE webshop CHARACTER SET utf8mb4;
    USE webshop;
    CREATE TABLE orders (id INT PRIMARY KEY, total DECIMAL(10, 2)) ROW_FORMAT = COMPRESSED;
    INSERT INTO orders SELECT seq, seq % 90 FROM seq_1_to_5000;
    ALTER DATABASE webshop COMMENT '{MARK}';
"""  # noqa: S608


def find_client() -> str | None:
    """MariaDB's command line client; without it there is nobody to make the schemas."""
    return shutil.which("mariadb")


async def make_schemas(server: MariaDB, password: str) -> None:
    """Make the collector's account and, unless they are there, the sample schemas."""
    await _run(server, ACCOUNT.format(name=COLLECTOR, password=password))
    if await _run(server, FINISHED) != "1":
        await _run(server, SCHEMAS)


async def _run(server: MariaDB, script: str) -> str:
    """Run statements as the server's administrator; returns what they printed."""
    process = await asyncio.create_subprocess_exec(
        find_client() or "mariadb",
        "--no-defaults",
        "--protocol=tcp",
        f"--host={server.host}",
        f"--port={server.port}",
        f"--user={server.username}",
        "--default-character-set=utf8mb4",
        "--batch",
        "--skip-column-names",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", os.defpath), "MYSQL_PWD": server.password},
    )
    printed, complaint = await process.communicate(script.encode())
    if process.returncode:
        reason = complaint.decode(errors="replace").strip()
        raise ServiceUnavailable(f"The sample MariaDB could not be filled: {reason}")
    return printed.decode().strip()
