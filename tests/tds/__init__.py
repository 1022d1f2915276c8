"""A stand-in for SQL Server: real drivers speak TDS 7.4 with it, and our T-SQL runs on catalogs.

`instance.tds_instance(url)` gives an instance with its owner's hands; `server` is the protocol's
side, `catalog` the catalogs in PostgreSQL, `views` the columns that Microsoft documents with the
version each came in, `dialect` the way from T-SQL to PostgreSQL, and `lint` what only looks like
T-SQL. What it cannot stand in for: the engine's own arithmetic of pages, its locks, and TLS.
"""
