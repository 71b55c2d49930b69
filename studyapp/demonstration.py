"""The whole line on one machine, for `make demo`: every phase does what is still to be done, and nothing twice."""

import hashlib
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from studyapp import tasks
from studyapp.actions.articles import import_articles
from studyapp.actions.export import export_study, request_report
from studyapp.actions.study import load_study
from studyapp.domain.article_file import UnreadableFileError, read_article_file
from studyapp.domain.study_design import StudyDesign
from studyapp.models import Export, Study
from studyapp.study_file import StudyFile, read_study_file

EXAMPLES = settings.BASE_DIR / "examples"
EXAMPLE_STUDY = EXAMPLES / "study.toml"
EXAMPLE_CORPUS = (EXAMPLES / "corpus-1.jsonl", EXAMPLES / "corpus-2.jsonl")
ITEMS, CONTEXT = 25, 3  # of somebody's own articles, as in the published study
START_SECONDS = 60


@dataclass(frozen=True)
class Material:
    """What a demonstration is made of. `models` is the folder of its ladder, inside the models folder."""

    articles: Path | None
    corpus: tuple[Path, ...]
    ladder: Path

    @property
    def is_example(self) -> bool:
        return self.articles is None and self.corpus == EXAMPLE_CORPUS

    @property
    def digest(self) -> str:
        """Names the ladder and the corpus by their content, so that other files train other models."""
        total = hashlib.sha256(self.ladder.read_bytes())
        for path in self.corpus:
            total.update(path.read_bytes())
        return total.hexdigest()[:8]

    @property
    def models(self) -> str:
        return "example" if self.is_example and self.ladder == EXAMPLES / "ladder.toml" else f"ladder-{self.digest}"


def check_material(material: Material) -> None:
    """Say at once what cannot be read, before anything takes time.

    Raises:
        CommandError: a file is missing.
    """
    for path in (material.articles or EXAMPLE_STUDY, *material.corpus, material.ladder):
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")


def keep_admin_password() -> str:
    """The administrator's password of this folder, generated at the first run; for its owner's eyes only."""
    path = settings.HOME / "admin_password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(12), encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()


def prepare_site() -> str:
    """Bring database, static files and administrator up; the administrator's password."""
    password = keep_admin_password()
    os.environ["BYLINE_ADMIN_PASSWORD"] = password
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("ensure_staff", stdout=open(os.devnull, "w"))
    return password


@contextmanager
def run_services(*, port: int) -> Iterator[subprocess.Popen]:
    """Redis, worker and site under honcho while the block runs; all of them end with it.

    Raises:
        CommandError: they did not come up; the message gives the end of their log.
    """
    settings.LOG_DIR.mkdir(parents=True, exist_ok=True)
    log = settings.LOG_DIR / "services.log"
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
        "BYLINE_PORT": str(port),
        "BYLINE_SITE_URL": f"http://localhost:{port}",
        "PYTHONUNBUFFERED": "1",
    }
    with log.open("ab") as output:
        honcho = subprocess.Popen(  # noqa: S603  (our own Procfile)
            [sys.executable, "-m", "honcho", "-f", str(settings.BASE_DIR / "Procfile"), "start"],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us alone, and we end them in order
        )
    try:
        _wait_until_up(honcho, log=log, port=port)
        yield honcho
    finally:
        honcho.terminate()
        try:
            honcho.wait(timeout=20)
        except subprocess.TimeoutExpired:
            honcho.kill()


def _wait_until_up(honcho: subprocess.Popen, *, log: Path, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if honcho.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    end = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
    raise CommandError(f"The services did not come up on port {port} (is it taken? try PORT=…). {log} ends:\n{end}")


def train_models(material: Material) -> None:
    """Train what the ladder still lacks, in a process of its own that shows its own progress.

    Raises:
        CommandError: the training failed; it has said why.
    """
    command = [sys.executable, "-m", "generator.ladder", str(material.ladder)]
    for path in material.corpus:
        command += ["--corpus", str(path)]
    command += ["--exclude", str(material.articles or EXAMPLES / "articles.jsonl")]
    command += ["--out", str(settings.MODELS_DIR / material.models)]
    if subprocess.run(command, cwd=settings.BASE_DIR, check=False).returncode:  # noqa: S603
        raise CommandError("The models were not trained; see above. Run the same again to go on where it stopped.")


@transaction.atomic
def make_study(material: Material) -> Study:
    """The example study, or the same design on somebody's own articles and models; there already, it is taken up.

    Raises:
        CommandError: the articles cannot be used.
        StudyFileError, DesignError, StudyExistsError: the design cannot be.
    """
    file = read_study_file(EXAMPLE_STUDY)
    articles = material.articles or file.article_file
    assert articles is not None  # the example study names its articles
    try:
        outcome = import_articles(read_article_file(articles.read_bytes(), name=articles.name))
    except UnreadableFileError as error:
        raise CommandError(str(error)) from None
    if outcome.is_refused:
        raise CommandError("\n".join([f"{articles.name} has bad rows:", *map(str, outcome.bad)]))
    design = _design_for(file, material, refs=list(outcome.refs))
    existing = Study.objects.filter(slug=design.study.slug).first()
    return existing if existing and not existing.is_draft else load_study(design)[0]


def _design_for(file: StudyFile, material: Material, *, refs: list[str]) -> StudyDesign:
    if material.models == "example" and material.articles is None:
        return file.resolve(refs)
    assert material.articles is None or material.articles.is_file()
    content = material.articles.read_bytes() if material.articles else b""
    name = hashlib.sha256(content + material.digest.encode()).hexdigest()[:8]
    mapping = {**file.mapping}
    mapping["study"] = {**mapping["study"], "slug": f"demo-{name}"}
    mapping["articles"] = {**mapping["articles"], "context": CONTEXT, "items": min(ITEMS, max(0, len(refs) - CONTEXT))}
    mapping["arms"] = [
        {**arm, "generator": arm["generator"].replace("checkpoint:example/", f"checkpoint:{material.models}/")}
        for arm in mapping["arms"]
    ]
    return StudyFile(name=file.name, mapping=mapping, article_file=None).resolve(refs)


def make_report(study: Study) -> Export:
    """Export the study and have a worker write its report, unless that was done since the last answer.

    Raises:
        CommandError: the report failed; its row says why.
    """
    newest = study.exports.first()
    last_seen = study.participants.order_by("-last_seen_at").values_list("last_seen_at", flat=True).first()
    if newest is None or (last_seen is not None and newest.created_at < last_seen):
        newest = export_study(study, folder=settings.EXPORTS_DIR, now=timezone.now())
    if newest.report_state != Export.ReportState.DONE and request_report(newest):
        tasks.write_report.delay(newest.pk)
    while newest.report_state not in (Export.ReportState.DONE, Export.ReportState.FAILED):
        time.sleep(0.2)
        newest.refresh_from_db()
    if newest.report_state == Export.ReportState.FAILED:
        raise CommandError(f"The report failed: {newest.report_error}")
    return newest
