"""A fifth engine, added from outside of the product: a folder of SQLite files is its server.

`adapter.py` is all that an engine needs; `server.py` and `customer.py` are what its tests bring to
the contract of adapters and to the table of faults.
"""
