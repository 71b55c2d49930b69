"""Queries whose SQL is written once a process, for the few that every page of a rater asks.

Django writes a queryset's SQL anew at each call, which costs 0.3 to 0.7 ms of CPU, most of what a look-up costs. A
query that stands at the top of a module is written at its first call; from then on only its values go to the database.
"""

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from django.db import connection, connections, models
from django.db.models.sql import UpdateQuery
from django.utils.functional import cached_property

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
    """SQL with its parameters, by kind of database."""

    def __init__(self, make_query: Callable[[], Any]) -> None:
        self._make_query = make_query
        self._by_vendor: dict[str, tuple[str, tuple[Any, ...]]] = {}

    def fill(self, values: dict[str, Any]) -> tuple[str, list[Any]]:
        if connection.vendor not in self._by_vendor:
            sql, parameters = self._make_query().get_compiler(connection=connection).as_sql()
            self._by_vendor[connection.vendor] = (sql, tuple(parameters))
        sql, parameters = self._by_vendor[connection.vendor]
        return sql, [given.read(values) if isinstance(given, Parameter) else given for given in parameters]


class RowsOnce(Generic[Row]):
    """The rows of a queryset over one model, whose annotations are attributes of the rows.

    `build` makes the queryset, with a Parameter wherever a value differs from call to call. It cannot follow
    `select_related`, since `Manager.raw` makes rows of one model.

        find_trial = RowsOnce(Trial, lambda: Trial.objects.filter(pk=number("pk")))
        find_trial.first(pk=3)
    """

    def __init__(self, model: type[Row], build: Callable[[], models.QuerySet[Row]]) -> None:
        self._model = model
        self._build = build
        self._written = _Written(lambda: build().query)

    def __call__(self, **values: Any) -> Iterator[Row]:
        for row in self._model._default_manager.raw(*self._written.fill(values)):
            for name, expression, convert in self._conversions[connection.vendor]:
                setattr(row, name, convert(getattr(row, name), expression, connection))
            yield row

    @cached_property
    def _conversions(self) -> dict[str, list[tuple[str, Any, Any]]]:
        """How annotations are read, by kind of database, which `raw` does for a model's own columns alone."""
        return {
            one.vendor: [
                (name, expression, convert)
                for name, expression in self._build().query.annotation_select.items()
                for convert in (*one.ops.get_db_converters(expression), *expression.get_db_converters(one))
            ]
            for one in connections.all()
        }

    def first(self, **values: Any) -> Row | None:
        return next(self(**values), None)


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

        self._written = _Written(make_query)

    def __call__(self, **values: Any) -> int:
        """How many rows were updated."""
        with connection.cursor() as cursor:
            cursor.execute(*self._written.fill(values))
            return cursor.rowcount
