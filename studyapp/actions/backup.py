"""The whole database into one file, and back into an empty one, of whatever kind: SQLite or PostgreSQL.

Who is signed in (sessions) is left out, and so is the protection of sign-in: both are of the moment. Files are no part
of it: models, exports, reports and the secret keys lie in BYLINE_HOME.
"""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import Error

from studyapp.actions.snapshot import read_snapshot
from studyapp.database.backup_file import BackupError, BackupReader, BackupWriter
from studyapp.domain.bundle_cells import format_time

LEFT_OUT = frozenset({"sessions", "axes"})  # by the app
MADE_BY_MIGRATE = frozenset({"contenttypes.contenttype", "auth.permission"})  # the backup's own take their place
CHUNK = 2000
Model = type[models.Model]


def write_backup(path: Path, *, now: datetime) -> dict[str, int]:
    """Write every row to `path`, as of one moment, while the site goes on; rows by table.

    Raises:
        BackupError: the file is there already, or cannot be written.
    """
    with BackupWriter(path) as writer, read_snapshot():
        counts = {_name(model): _write_rows(writer, model) for model in list_tables()}
        writer.write_manifest(
            made_at=format_time(now),
            software_version=version("byline"),
            database=connection.vendor,
            migrations=list_migrations(),
        )
    return counts


def restore_backup(path: Path) -> dict[str, int]:
    """Fill an empty database, whose tables are there, from a backup: all of it or nothing; rows by table.

    Locks nothing: an empty database serves nobody.

    Raises:
        BackupError: the file is no whole backup, or of another version's tables; or the database is not empty.
    """
    reader = BackupReader(path)
    tables = {_name(model): model for model in list_tables()}
    _check_fit(reader, tables)
    reader.check()
    with transaction.atomic():
        if filled := [name for name, model in tables.items() if name not in MADE_BY_MIGRATE and _has_rows(model)]:
            raise BackupError(
                f"The database is not empty ({', '.join(filled[:5])}), and nothing was changed. "
                "Restore into a new one: see docs/deploy.md."
            )
        for name in sorted(MADE_BY_MIGRATE):
            tables[name]._base_manager.all().delete()
        try:
            counts = {name: _read_rows(reader, model) for name, model in tables.items()}
            connection.check_constraints()
        except Error as error:
            raise BackupError(f"{path}: its rows do not fit together: {error}") from error
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), list(tables.values())):
                cursor.execute(statement)
    return counts


def list_tables() -> list[Model]:
    """The models whose rows a backup holds, those between two models among them."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.app_label not in LEFT_OUT
    ]


def list_migrations() -> list[list[str]]:
    """What was applied to this database: its tables' version."""
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted([app, name] for app, name in applied if app not in LEFT_OUT)


def _check_fit(reader: BackupReader, tables: dict[str, Model]) -> None:
    said = reader.manifest
    columns = {name: [field.attname for field in model._meta.concrete_fields] for name, model in tables.items()}
    if said["migrations"] != list_migrations() or columns != {n: t["columns"] for n, t in reader.tables.items()}:
        raise BackupError(
            f"The backup was made by version {said['software_version']} with other tables than this one's. Restore it "
            "with the version that made it; `manage.py migrate` of a newer one then brings it up to date."
        )


def _name(model: Model) -> str:
    return model._meta.label_lower


def _has_rows(model: Model) -> bool:
    return model._base_manager.exists()


def _write_rows(writer: BackupWriter, model: Model) -> int:
    columns = [field.attname for field in model._meta.concrete_fields]
    rows = model._base_manager.order_by("pk").values_list(*columns).iterator(chunk_size=CHUNK)
    return writer.write_table(_name(model), columns, ([_encode(value) for value in row] for row in rows))


def _read_rows(reader: BackupReader, model: Model) -> int:
    fields = model._meta.concrete_fields
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    # names of our own models' tables and columns, quoted; every value is a parameter
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608 # nosec B608
    rows: Iterator[list[Any]] = reader.read_table(_name(model))
    n_rows = 0
    with connection.cursor() as cursor:
        while chunk := list(islice(rows, CHUNK)):
            values = [[_decode(f, value) for f, value in zip(fields, row, strict=True)] for row in chunk]
            cursor.executemany(statement, values)
            n_rows += len(chunk)
    return n_rows


def _encode(value: Any) -> Any:
    """A value as JSON has it; times keep their microseconds."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _decode(field: models.Field, value: Any) -> Any:
    """The value as this database's driver wants it. A JSON field that may not be empty holds JSON's own null."""
    if isinstance(field, models.JSONField):
        is_null = value is None and field.null
        return None if is_null else connection.ops.adapt_json_value(value, field.encoder)
    return field.get_db_prep_save(field.to_python(value), connection)
