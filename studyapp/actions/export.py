"""Station 8: a study becomes a bundle (DESIGN §4), and the bundle's report is followed on its row."""

import hashlib
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q

from studyapp.actions import export_rows
from studyapp.actions.audit import record
from studyapp.actions.blindness import require_open_results
from studyapp.actions.deviation import list_deviations, list_unblindings
from studyapp.actions.export_records import list_records
from studyapp.actions.launch import freeze_design
from studyapp.actions.snapshot import read_snapshot
from studyapp.bundle.file import BundleWriter
from studyapp.bundle.format import SCHEMA_VERSION, describe_columns
from studyapp.domain.anonymity import DEFAULT_K, NotAnonymousError
from studyapp.domain.bundle_cells import format_time
from studyapp.domain.public_release import HISTORY, PublicRules, publish_manifest, publish_people
from studyapp.models import Export, LoadedBundle, Study

Row = Mapping[str, object]
REPORT_SILENCE = timedelta(minutes=2)  # after which the worker of a report is taken for dead


class ExportRefusedError(ValueError):
    """The bundle may not be made like this; the message says why and what to do."""


@dataclass(frozen=True)
class BundleKind:
    """Which bundle is made: the full one, or the public one by its rules; with or without a guard for spreadsheets."""

    public: PublicRules | None = None
    for_spreadsheets: bool = False

    @property
    def label(self) -> str:
        """What its file is called after the study's slug."""
        return ("public-" if self.public else "") + ("spreadsheets-" if self.for_spreadsheets else "")


FULL = BundleKind()
READING_ACTS = ("exported", "deleted_export", "fetched_bundle")  # they change nothing of what a bundle holds


@dataclass(frozen=True)
class WrittenBundle:
    """`counts`: rows by table. `privacy`: what was done to publish it; {} for a full bundle."""

    counts: dict[str, int]
    privacy: dict[str, Any]


def make_public(*, k: int = DEFAULT_K, with_comments: bool = False, for_spreadsheets: bool = False) -> BundleKind:
    """The kind of a public bundle, with a salt drawn for it alone."""
    rules = PublicRules(salt=secrets.token_bytes(32), k=k, with_comments=with_comments)
    return BundleKind(public=rules, for_spreadsheets=for_spreadsheets)


def export_study(study: Study, *, folder: Path, now: datetime, kind: BundleKind = FULL) -> Export:
    """Write a study's bundle as `SLUG-TIME.zip` into `folder`, and keep a row of it.

    Reads in one snapshot, so that the bundle is of one moment. The file appears under its name only when whole.

    Raises:
        StillBlindError: people take part in the study, and it was not unblinded.
        ExportRefusedError: a public version was asked for that cannot be anonymous.
    """
    require_open_results(study)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{study.slug}-{kind.label}{now:%Y%m%dT%H%M%S%fZ}.zip"
    unfinished = folder / f"{name}.part"
    try:
        with read_snapshot():
            written = write_bundle(study, unfinished, now=now, kind=kind)
        with unfinished.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = unfinished.stat().st_size
        unfinished.replace(folder / name)
    except NotAnonymousError as error:
        raise ExportRefusedError(f"No public version was made: {error}.") from None
    finally:
        unfinished.unlink(missing_ok=True)
    with transaction.atomic():
        export = Export.objects.create(
            study=study,
            created_at=now,
            file_name=name,
            participants=written.counts["participants.csv"],
            trials=written.counts["trials.csv"],
            is_public=kind.public is not None,
            for_spreadsheets=kind.for_spreadsheets,
            privacy=written.privacy,
            size_bytes=size,
            sha256=digest,
        )
        record(study, "exported", file=name, sha256=digest, privacy=written.privacy)
    return export


def fetch_bundle(study: Study, *, folder: Path, now: datetime, kind: BundleKind = FULL) -> Export:
    """The newest bundle of that kind, if nothing has happened since it was made; otherwise a new one.

    So a program that asks every hour makes no file every hour, and one public version is handed out, not many.

    Raises:
        StillBlindError: people take part in the study, and it was not unblinded.
        ExportRefusedError: a public version was asked for that cannot be anonymous.
    """
    require_open_results(study)
    made = study.exports.filter(
        is_public=kind.public is not None,
        for_spreadsheets=kind.for_spreadsheets,
        created_at__gt=now - timedelta(days=1),
    ).first()
    is_current = (
        made is not None
        and made.bundle_path == folder / made.file_name
        and made.bundle_path.is_file()
        and (kind.public is None or made.privacy.get("rules") == kind.public.describe())
        and not study.participants.filter(Q(last_seen_at__gt=made.created_at) | Q(withdrawn_at__gt=made.created_at))
        and not study.audit_entries.filter(at__gt=made.created_at).exclude(act__in=READING_ACTS)
    )
    return made if made and is_current else export_study(study, folder=folder, now=now, kind=kind)


def write_bundle(study: Study, path: Path, *, now: datetime, kind: BundleKind = FULL) -> WrittenBundle:
    """Write the bundle as a zip file. Of trials, only a few are in memory at any time.

    Raises:
        NotAnonymousError: a public version was asked for that cannot be anonymous.
    """
    rules = kind.public
    people = None
    columns = describe_columns(public=rules is not None, questions=study.own_questions)
    if rules is not None:
        people = publish_people(export_rows.list_participants(study), columns=columns["participants.csv"], rules=rules)
    tables: dict[str, Iterable[Row]] = {
        "arms.csv": export_rows.list_arms(study),
        "items.csv": export_rows.list_items(study),
        "stimuli.csv": export_rows.list_stimuli(study, rename=rules.renew if rules else str),
        "participants.csv": people.rows if people else export_rows.list_participants(study),
        "trials.csv": export_rows.list_public_trials(study, people, rules=rules)
        if people and rules
        else export_rows.list_trials(study),
        "detectors.csv": export_rows.list_detector_scores(study, rename=rules.renew if rules else str),
        "codebook.csv": export_rows.list_codebook_entries(study, public=rules is not None),
        **({} if rules else list_records(study)),
    }
    with BundleWriter(path, for_spreadsheets=kind.for_spreadsheets) as writer:
        for name, rows in tables.items():
            writer.write_table(name, columns[name], rows)
        if people:
            writer.write_json("privacy.json", people.privacy)
        manifest = {**_describe(study, dict(writer.digests), now=now), **_recall_history(study)}
        manifest["for_spreadsheets"] = kind.for_spreadsheets
        writer.write_json("manifest.json", publish_manifest(manifest) if rules else manifest)
    return WrittenBundle(counts=writer.counts, privacy=people.privacy if people else {})


@transaction.atomic
def request_report(export: Export, *, now: datetime) -> bool:
    """Mark an export's report as wanted; False when it is under way already. Locks the export."""
    row = Export.objects.select_for_update().get(pk=export.pk)
    if row.report_state in (Export.ReportState.QUEUED, Export.ReportState.RUNNING):
        return False
    row.report_state = Export.ReportState.QUEUED
    row.report_error, row.report_seen_at = "", now
    row.save(update_fields=["report_state", "report_error", "report_seen_at"])
    return True


def delete_export(export: Export) -> None:
    """Remove a bundle, its report, and their row; the study itself keeps everything."""
    with transaction.atomic():
        record(export.study, "deleted_export", file=export.file_name)
        export.delete()
    export.bundle_path.unlink(missing_ok=True)
    shutil.rmtree(export.report_dir, ignore_errors=True)


@transaction.atomic
def begin_report(export_id: int, *, now: datetime) -> Export | None:
    """Take a wanted report up; None when it is done, or another worker is at it. Locks the export.

    A report that was running when its worker died is taken up again: it is a pure function of the bundle.
    """
    row = Export.objects.select_for_update().filter(pk=export_id).exclude(report_state=Export.ReportState.DONE).first()
    if row is None or (
        row.report_state == Export.ReportState.RUNNING
        and row.report_seen_at is not None
        and now - row.report_seen_at < REPORT_SILENCE
    ):
        return None
    row.report_state, row.report_seen_at = Export.ReportState.RUNNING, now
    row.save(update_fields=["report_state", "report_seen_at"])
    return row


def record_report_heartbeat(export_id: int, *, now: datetime) -> None:
    """Say that the worker of a report lives."""
    Export.objects.filter(pk=export_id).update(report_seen_at=now)


@transaction.atomic
def find_silent_reports(*, now: datetime) -> list[int]:
    """Reports whose worker is dead or whose message is lost, to be sent again. Locks them.

    One that waits is named once in each `REPORT_SILENCE`, and sent twice does no harm.
    """
    open_states = (Export.ReportState.QUEUED, Export.ReportState.RUNNING)
    silent = Q(report_seen_at__lte=now - REPORT_SILENCE) | Q(report_seen_at=None)
    rows = Export.objects.select_for_update().filter(silent, report_state__in=open_states)
    export_ids = list(rows.values_list("pk", flat=True))
    Export.objects.filter(pk__in=export_ids).update(report_state=Export.ReportState.QUEUED, report_seen_at=now)
    return export_ids


def end_report(export_id: int, *, error: str) -> None:
    """Say on the row how the report ended."""
    state = Export.ReportState.FAILED if error else Export.ReportState.DONE
    Export.objects.filter(pk=export_id).update(report_state=state, report_error=error[:5000])


def _describe(study: Study, digests: dict[str, str], *, now: datetime) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "study": study.slug,
        "title": study.title,
        "preset": study.preset,
        "presentation": study.presentation,
        "exported_at": format_time(_find_data_time(study, now=now)),
        "launched_at": format_time(study.launched_at) if study.launched_at else None,
        "closed_at": format_time(study.closed_at) if study.closed_at else None,
        "software_version": version("byline"),
        "simulated": study.participants.filter(simulated=True).exists(),
        "stand_in_articles": study.is_demonstration,
        "public": False,
        "files": digests,
        "design": study.frozen_design or freeze_design(study),
        "design_sha256": study.design_sha256 or None,
        "deviations": [{**entry, "at": format_time(entry["at"])} for entry in list_deviations(study)],
        "unblindings": [{**entry, "at": format_time(entry["at"])} for entry in list_unblindings(study)],
    }


def _recall_history(study: Study) -> dict[str, Any]:
    """What happened to a study before it came here, which its bundle tells and no row of ours can."""
    origin: LoadedBundle | None = getattr(study, "origin", None)
    return {key: origin.manifest[key] for key in HISTORY if key in origin.manifest} if origin else {}


def _find_data_time(study: Study, *, now: datetime) -> datetime:
    """The moment whose data the study holds: that of the bundle it was built from, while nothing has changed."""
    origin: LoadedBundle | None = getattr(study, "origin", None)
    if origin is None or study.participants.filter(withdrawn_at__gt=origin.loaded_at).exists():
        return now
    return origin.exported_at
