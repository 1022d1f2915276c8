"""A usual Strawberry server: ORM objects from SQLAlchemy, DataLoaders, both of its caches."""
