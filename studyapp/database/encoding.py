"""A PostgreSQL that does not keep texts as UTF-8 is refused before anything is stored in it.

Such a database (SQL_ASCII, which an image without a locale makes) takes plain texts for weeks and then refuses the
first quotation mark inside JSON, in the middle of a launch. `migrate` runs this check, as does `check --database
default`.
"""

from collections.abc import Sequence
from typing import Any

from django.core.checks import Error, Tags, register
from django.db import connections

WANTED = "UTF8"


@register(Tags.database)
def check_encoding(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[Error]:
    """One error for each database among `databases` that is another encoding's."""
    faults = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor != "postgresql":
            continue
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_encoding")
            encoding = cursor.fetchone()[0]
        if encoding != WANTED:
            name = connection.settings_dict["NAME"]
            faults.append(
                Error(
                    f"The database {name!r} keeps texts as {encoding}, which cannot hold every language's letters.",
                    hint=f"Make it anew: CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0; or begin with an "
                    "empty volume, with LANG=C.UTF-8 for the PostgreSQL that makes it (docs/deploy.md).",
                    id="byline.E001",
                )
            )
    return faults
