"""The base of our tables: how Python types become columns."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

from whalefall.domain.engines import Engine
from whalefall.domain.sizes import Bytes, Count

Json = dict[str, Any]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy's own name and shape)
        int: BigInteger,
        Bytes: BigInteger,
        Count: BigInteger,
        str: Text,
        Engine: Text,
        date: Date,
        datetime: DateTime(timezone=True),
        Json: JSONB,
        list[Json]: JSONB,
    }
