"""Oracle: wire (the driver), tls, problems (its errors), sql (its views), tablespaces, tables (the
arithmetic of sizes), privileges, session (reading) and adapter (the door).

The ledger's databases are tablespaces. Read from a pluggable database they have their own names;
read from the root of a container, those of pluggable databases are called "PDB/TABLESPACE".
"""

from whalefall.adapters.oracle.adapter import OracleAdapter

__all__ = ["OracleAdapter"]
