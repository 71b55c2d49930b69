"""The numbers of rows by which PostgreSQL plans its queries. SQLite plans without them."""

from django.apps import apps
from django.db import connection


def refresh_row_counts() -> None:
    """Let PostgreSQL count what this transaction has just written, for the queries that follow in it.

    By itself it counts only what is committed, and only after a while. A transaction that loads a large study and then
    reads it would be planned as if the tables were empty: 200,000 trials were read for more than half an hour.
    """
    if connection.vendor != "postgresql":
        return
    tables = [connection.ops.quote_name(model._meta.db_table) for model in apps.get_app_config("studyapp").get_models()]
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")
