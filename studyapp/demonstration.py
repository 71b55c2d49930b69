"""The whole line on one machine, for `make demo`: every phase does what is still to be done, and nothing twice."""

import contextlib
import hashlib
import io
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from studyapp.actions.articles import import_articles
from studyapp.actions.audit import acting_as
from studyapp.actions.blindness import unblind
from studyapp.actions.export import export_study, request_report
from studyapp.actions.study import load_study
from studyapp.domain.article_file import UnreadableFileError, read_article_file
from studyapp.domain.study_design import StudyDesign
from studyapp.model_files.checkpoints import Checkpoint, list_checkpoints
from studyapp.models import Export, Study
from studyapp.simulated.crowd import find_latest_time
from studyapp.study_file import read_study_file
from studyapp.tasks.export import send_report
from studyapp.tasks.sending import QueueUnreachableError

EXAMPLES = settings.BASE_DIR / "examples"
EXAMPLE_STUDY = EXAMPLES / "study.toml"
ITEMS, CONTEXT = 25, 3  # of somebody's own articles, as in the published study
START_SECONDS = 60


@dataclass(frozen=True)
class Material:
    """What a demonstration is made of: human articles, a training corpus, and a ladder of sizes."""

    articles: Path = EXAMPLES / "articles.jsonl"
    corpus: tuple[Path, ...] = (EXAMPLES / "corpus-1.jsonl", EXAMPLES / "corpus-2.jsonl")
    ladder: Path = EXAMPLES / "ladder.toml"

    @property
    def is_example(self) -> bool:
        return self == Material()

    @property
    def digest(self) -> str:
        """Names a study by the content of its files, so that other files make another study."""
        return _digest_files(self.articles, *self.corpus, self.ladder)

    @property
    def models(self) -> str:
        """The ladder's folder inside the models folder; another corpus or ladder trains other models."""
        is_example = (self.corpus, self.ladder) == (Material().corpus, Material().ladder)
        return "example" if is_example else f"ladder-{_digest_files(*self.corpus, self.ladder)}"


def _digest_files(*paths: Path) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:8]


def check_material(material: Material) -> None:
    """Say at once what cannot be read, before anything takes time.

    Raises:
        CommandError: a file is missing.
    """
    for path in (material.articles, *material.corpus, material.ladder):
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")


def keep_admin_password() -> str:
    """The administrator's password of this folder, generated at the first run; for its owner's eyes only."""
    path = settings.HOME / "admin_password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(12), encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()


def prepare_site() -> str | None:
    """Bring database, static files and administrator up; the administrator's password, unless it was changed since."""
    password = keep_admin_password()
    os.environ["BYLINE_ADMIN_PASSWORD"] = password
    call_command("prepare_site", static=True, verbosity=0, stdout=io.StringIO())
    is_valid = get_user_model().objects.get(username="admin").check_password(password)
    return password if is_valid else None


@contextlib.contextmanager
def run_services() -> Iterator[subprocess.Popen]:
    """Redis, worker and site under honcho while the block runs; all of them end with it.

    Raises:
        CommandError: they did not come up; the message gives the end of their log.
    """
    _check_port_is_free(settings.PORT)
    settings.LOG_DIR.mkdir(parents=True, exist_ok=True)
    log = settings.LOG_DIR / "services.log"
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
        "BYLINE_PORT": str(settings.PORT),
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
        _wait_until_up(honcho, log=log)
        yield honcho
    finally:
        honcho.terminate()
        try:
            honcho.wait(timeout=20)
        except subprocess.TimeoutExpired:
            honcho.kill()


def _check_port_is_free(port: int) -> None:
    """Else the server that is there already would be taken for ours."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise CommandError(f"Something serves on port {port} already. End it, or try PORT={port + 1}.")


def _wait_until_up(honcho: subprocess.Popen, *, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if honcho.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{settings.PORT}/healthz", timeout=5):  # nosec B310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    end = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
    raise CommandError(f"The services did not come up. {log} ends:\n{end}")


def train_models(material: Material) -> None:
    """Train what the ladder still lacks, in a process of its own that shows its own progress.

    Raises:
        CommandError: the training failed; it has said why.
    """
    command = [sys.executable, "-m", "generator.ladder", str(material.ladder)]
    for path in material.corpus:
        command += ["--corpus", str(path)]
    command += ["--exclude", str(material.articles), "--out", str(settings.MODELS_DIR / material.models)]
    if subprocess.run(command, cwd=settings.BASE_DIR, check=False).returncode:  # noqa: S603
        raise CommandError("The models were not trained; see above. Run the same again to go on where it stopped.")


def import_material(material: Material) -> list[str]:
    """Import the articles, as station 1 does; their refs in the order of the file.

    Raises:
        CommandError: the articles cannot be used.
    """
    try:
        articles = read_article_file(material.articles.read_bytes(), name=material.articles.name)
    except UnreadableFileError as error:
        raise CommandError(str(error)) from None
    outcome = import_articles(articles, name=material.articles.name)
    if outcome.is_refused:
        raise CommandError("\n".join([f"{material.articles.name} has bad rows:", *map(str, outcome.bad)]))
    return list(outcome.refs)


@transaction.atomic
def make_study(material: Material, refs: list[str]) -> Study:
    """The example study, or the same design on somebody's own articles and models; there already, it is taken up.

    Raises:
        StudyFileError, DesignError, StudyExistsError: the design cannot be.
    """
    design = _make_design(material, refs=refs)
    existing = Study.objects.filter(slug=design.study.slug).first()
    return existing if existing and not existing.is_draft else load_study(design)[0]


def _make_design(material: Material, *, refs: list[str]) -> StudyDesign:
    """The example study's design, with slug, articles and models of the material in their places."""
    file = read_study_file(EXAMPLE_STUDY)
    if material.is_example:
        return file.resolve(refs)
    mapping = {**file.mapping}
    mapping["study"] = {**mapping["study"], "slug": f"demo-{material.digest}"}
    mapping["articles"] = {**mapping["articles"], "context": CONTEXT, "items": min(ITEMS, max(0, len(refs) - CONTEXT))}
    mapping["arms"] = [
        _make_arm(checkpoint, like=mapping["arms"], folder=material.models) for checkpoint in _list_models(material)
    ]
    return replace(file, mapping=mapping, lines={}, arm_entries=()).resolve(refs)  # no lines of the example are meant


def _list_models(material: Material) -> list[Checkpoint]:
    """The ladder's trained models, the control first."""
    models = list_checkpoints(settings.MODELS_DIR / material.models)
    return sorted(models, key=lambda model: not model.looks_like_control)


def _make_arm(checkpoint: Checkpoint, *, like: list[dict[str, Any]], folder: str) -> dict[str, Any]:
    """An arm of that model, sampled as the example's control or its other arms are."""
    example = next(arm for arm in like if arm.get("control", False) == checkpoint.looks_like_control)
    return {
        **example,
        "name": checkpoint.folder,
        "label": f"{checkpoint.folder.capitalize()} ({checkpoint.size})",
        "n_params": checkpoint.n_params,
        "generator": f"checkpoint:{folder}/{checkpoint.folder}",
    }


def make_report(study: Study) -> Export:
    """Export the study and have a worker write its report, unless that was done since the last answer.

    Raises:
        CommandError: the report failed; its row says why.
    """
    newest = study.exports.filter(is_public=False, for_spreadsheets=False).first()
    last_seen = study.participants.order_by("-last_seen_at").values_list("last_seen_at", flat=True).first()
    if newest is None or (last_seen is not None and newest.created_at < last_seen):
        with acting_as("manage.py demo"):
            unblind(study, reason="a demonstration, in which somebody has tried the participants' pages")
        newest = export_study(study, folder=settings.EXPORTS_DIR, now=find_latest_time(study))
    if newest.report_state != Export.ReportState.DONE and request_report(newest, now=timezone.now()):
        with contextlib.suppress(QueueUnreachableError):  # the row says it, below
            send_report(newest.pk)
    while newest.report_state not in (Export.ReportState.DONE, Export.ReportState.FAILED):
        time.sleep(0.2)
        newest.refresh_from_db()
    if newest.report_state == Export.ReportState.FAILED:
        raise CommandError(f"The report failed: {newest.report_error}")
    return newest
