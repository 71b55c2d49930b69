"""Queries whose SQL is written once a process, for the few that every page of a rater asks.

Django writes a queryset's SQL anew at each call, which costs 0.3 to 0.7 ms of CPU, most of what a look-up costs. A
query that stands at the top of a module is written at its first call; from then on only its values go to the database.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models.sql import UpdateQuery

Row = TypeVar("Row", bound=models.Model)


class Parameter(models.Expression):
    """A value of a query that is given at each call, by name, and stored as its field stores it."""

    def __init__(self, name: str, output_field: models.Field) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list["Parameter"]]:
        return "%s", [self]

    def read(self, values: dict[str, Any]) -> Any:
        return self.output_field.get_db_prep_value(values[self.name], connection)


def number(name: str) -> Parameter:
    return Parameter(name, models.BigIntegerField())


def words(name: str) -> Parameter:
    return Parameter(name, models.TextField())


def moment(name: str) -> Parameter:
    return Parameter(name, models.DateTimeField())


class _Written:
    """SQL with its parameters, and for rows how they are read."""

    def __init__(self, query: Any) -> None:
        compiler = query.get_compiler(connection=connection)
        self._sql, self._parameters = compiler.as_sql()
        if isinstance(query, UpdateQuery):
            return
        columns = [column for column, *_ in compiler.select]
        self.fields = [columns[place].target.attname for place in compiler.klass_info["select_fields"]]
        self.annotations = compiler.annotation_col_map.items()
        self.conversions = [
            (place, expression, convert)
            for place, (converters, expression) in compiler.get_converters(columns).items()
            for convert in converters
        ]

    def execute(self, cursor: Any, values: dict[str, Any]) -> None:
        told = [given.read(values) if isinstance(given, Parameter) else given for given in self._parameters]
        cursor.execute(self._sql, told)


class _ByDatabase(dict[str, _Written]):
    """What is written for a kind of database, at the first call there."""

    def __init__(self, make_query: Callable[[], Any]) -> None:
        self._make_query = make_query

    def __missing__(self, vendor: str) -> _Written:
        self[vendor] = _Written(self._make_query())
        return self[vendor]


class RowsOnce(Generic[Row]):
    """The rows of a queryset over one model, whose annotations are attributes of the rows.

    `build` makes the queryset, with a Parameter wherever a value differs from call to call, and without
    `select_related`.

        find_trial = RowsOnce(Trial, lambda: Trial.objects.filter(pk=number("pk")))
        find_trial.first(pk=3)
    """

    def __init__(self, model: type[Row], build: Callable[[], models.QuerySet[Row]]) -> None:
        self._model = model
        self._written = _ByDatabase(lambda: build().query)

    def __call__(self, **values: Any) -> list[Row]:
        written = self._written[connection.vendor]
        with connection.cursor() as cursor:
            written.execute(cursor, values)
            return [self._read(written, list(stored)) for stored in cursor.fetchall()]

    def _read(self, written: _Written, stored: list[Any]) -> Row:
        for place, expression, convert in written.conversions:
            stored[place] = convert(stored[place], expression, connection)
        row = self._model.from_db(connection.alias, written.fields, stored[: len(written.fields)])
        for name, place in written.annotations:
            setattr(row, name, stored[place])
        return row

    def first(self, **values: Any) -> Row | None:
        return next(iter(self(**values)), None)


class UpdateOnce:
    """An update of a queryset's rows.

    keep_sight = UpdateOnce(lambda: Trial.objects.filter(pk=number("pk")), shown_at=moment("now"))
    keep_sight(pk=3, now=timezone.now())
    """

    def __init__(self, build: Callable[[], models.QuerySet[Any]], **columns: Parameter) -> None:
        def make_query() -> UpdateQuery:
            query = build().query.chain(UpdateQuery)
            query.add_update_values(columns)
            return query

        self._written = _ByDatabase(make_query)

    def __call__(self, **values: Any) -> int:
        """How many rows were updated."""
        with connection.cursor() as cursor:
            self._written[connection.vendor].execute(cursor, values)
            return cursor.rowcount
