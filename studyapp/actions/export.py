"""Station 8: a study becomes a bundle (DESIGN §4), and the bundle's report is followed on its row."""

import csv
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.db import transaction

from studyapp.actions.launch import freeze_design
from studyapp.codebook import CODEBOOK, COLUMNS, SCHEMA_VERSION
from studyapp.models import Export, Stimulus, Study, Trial

Row = dict[str, object]
ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # a bundle's bytes hang on its content alone


@transaction.atomic
def export_study(study: Study, *, folder: Path, now: datetime) -> Export:
    """Write a study's bundle as `SLUG-TIME.zip` into `folder`, and keep a row of it.

    Reads in one transaction, so that the bundle is of one moment. The file appears under its name only when whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{study.slug}-{now:%Y%m%dT%H%M%S%fZ}.zip"
    unfinished = folder / f"{name}.part"
    counts = write_bundle(study, unfinished, now=now)
    unfinished.replace(folder / name)
    return Export.objects.create(
        study=study,
        created_at=now,
        file_name=name,
        participants=counts["participants.csv"],
        trials=counts["trials.csv"],
    )


def write_bundle(study: Study, path: Path, *, now: datetime) -> dict[str, int]:
    """Write the bundle as a zip file; the number of rows of each table."""
    tables: dict[str, Iterable[Row]] = {
        "arms.csv": _arm_rows(study),
        "items.csv": _item_rows(study),
        "stimuli.csv": _stimulus_rows(study),
        "participants.csv": _participant_rows(study),
        "trials.csv": _trial_rows(study),
        "codebook.csv": (dict(zip(COLUMNS["codebook.csv"], entry, strict=True)) for entry in CODEBOOK),
    }
    counts: dict[str, int] = {}
    digests: dict[str, str] = {}
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for name, rows in tables.items():
            counts[name], digests[name] = _write_table(archive, name, rows)
        manifest = json.dumps(_describe(study, digests, now=now), indent=2, ensure_ascii=False, sort_keys=True)
        archive.writestr(_zip_entry("manifest.json"), manifest + "\n")
    return counts


@transaction.atomic
def request_report(export: Export) -> bool:
    """Mark an export's report as wanted; False when it is under way already. Locks the export."""
    row = Export.objects.select_for_update().get(pk=export.pk)
    if row.report_state in (Export.ReportState.QUEUED, Export.ReportState.RUNNING):
        return False
    row.report_state = Export.ReportState.QUEUED
    row.report_error = ""
    row.save(update_fields=["report_state", "report_error"])
    return True


def delete_export(export: Export) -> None:
    """Remove a bundle, its report, and their row; the study itself keeps everything."""
    export.delete()
    export.bundle_path.unlink(missing_ok=True)
    shutil.rmtree(export.report_dir, ignore_errors=True)


@transaction.atomic
def begin_report(export_id: int) -> Export | None:
    """Take a wanted report up; None when it is done. Locks the export.

    A report that was running when its worker died is taken up again: it is a pure function of the bundle.
    """
    row = Export.objects.select_for_update().filter(pk=export_id).exclude(report_state=Export.ReportState.DONE).first()
    if row is not None:
        row.report_state = Export.ReportState.RUNNING
        row.save(update_fields=["report_state"])
    return row


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
        "exported_at": format_time(now),
        "software_version": version("byline"),
        "simulated": study.participants.filter(simulated=True).exists(),
        "stand_in_articles": study.is_demonstration,
        "files": digests,
        "design": study.frozen_design or freeze_design(study),
        "design_sha256": study.design_sha256 or None,
    }


def _arm_rows(study: Study) -> Iterator[Row]:
    for arm in study.arms.all():
        yield {
            "arm": arm.name,
            "label": arm.label,
            "n_params": arm.n_params,
            "is_control": arm.is_control,
            "generator": arm.generator,
            "sampling": json.dumps({**arm.sampling, "conditioned": arm.conditioned}, sort_keys=True),
        }


def _item_rows(study: Study) -> Iterator[Row]:
    human_words = dict(
        Stimulus.objects.filter(item__study=study, arm=None).values_list("item_id", "words")
    )  # of the text as it was shown
    for item in study.items.select_related("article"):
        article = item.article
        yield {
            "item": article.ref,
            "title": article.title,
            "subtitle": article.subtitle,
            "section": article.section,
            "source": article.source,
            "human_words": human_words.get(item.pk, article.words),
        }


def _stimulus_rows(study: Study) -> Iterator[Row]:
    stimuli = Stimulus.objects.filter(item__study=study).select_related("item__article", "arm", "candidate__job")
    for stimulus in stimuli:
        candidate = stimulus.candidate
        yield {
            "stimulus": stimulus.code,
            "item": stimulus.item.article.ref,
            "arm": stimulus.arm.name if stimulus.arm else None,
            "words": stimulus.words,
            "seed": candidate.seed if candidate else None,
            "candidates": candidate.job.candidates_wanted if candidate else None,
            "text": stimulus.text,
        }


def _participant_rows(study: Study) -> Iterator[Row]:
    participants = study.participants.select_related("assignment__arm", "assignment__form")
    for participant in participants.iterator(chunk_size=2000):
        yield {
            "participant": participant.code,
            "arm": participant.assignment.arm.name,
            "form": participant.assignment.form.name,
            "status": participant.status,
            "excluded": participant.excluded,
            "exclusion_reasons": ";".join(participant.exclusion_reasons),
            "simulated": participant.simulated,
            "enrolled_at": participant.enrolled_at,
            "completed_at": participant.completed_at,
            "looked_up": participant.looked_up,
            "comprehension_passed": participant.comprehension_passed,
            "comprehension_tries": participant.comprehension_tries if study.comprehension else None,
        }


def _trial_rows(study: Study) -> Iterator[Row]:
    trials = (
        Trial.objects.filter(participant__study=study)
        .select_related(
            "participant__assignment__arm",
            "participant__assignment__form",
            "stimulus__item__article",
            "beside",
            "response",
        )
        .defer("stimulus__text", "beside__text", "stimulus__item__article__body")
        .order_by("participant_id", "position")
    )
    for trial in trials.iterator(chunk_size=2000):
        yield _describe_trial(trial)


def _describe_trial(trial: Trial) -> Row:
    response = getattr(trial, "response", None)
    assignment = trial.participant.assignment
    return {
        "participant": trial.participant.code,
        "arm": assignment.arm.name,
        "form": assignment.form.name,
        "item": trial.stimulus.item.article.ref,
        "stimulus": trial.stimulus.code,
        "source": trial.stimulus.source,
        "position": trial.position,
        "judgment": response.judgment if response else None,
        "seen_before": response.seen_before if response else None,
        "shown_at": trial.shown_at,
        "answered_at": response.answered_at if response else None,
        "seconds": _seconds_between(trial.shown_at, response.answered_at if response else None),
        "active_seconds": response.active_seconds if response else None,
        "focus_losses": response.focus_losses if response else None,
        "comment": response.comment if response else None,
        "stages_shown_at": ";".join(map(format_time, trial.shown_times[1:])),
        "beside": trial.beside.code if trial.beside else None,
        "first": trial.first,
    }


def _seconds_between(shown_at: datetime | None, answered_at: datetime | None) -> float | None:
    return (answered_at - shown_at).total_seconds() if shown_at and answered_at else None


def format_time(moment: datetime) -> str:
    """ISO 8601 in UTC, to the microsecond, ending in Z (times are stored in UTC)."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _format(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime):
        return format_time(value)
    return str(value)


def _zip_entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=ZIP_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _write_table(archive: zipfile.ZipFile, name: str, rows: Iterable[Row]) -> tuple[int, str]:
    """Stream one table into the archive; its number of rows and the SHA-256 of its bytes."""
    digest, count = hashlib.sha256(), 0
    columns = COLUMNS[name]
    with archive.open(_zip_entry(name), "w", force_zip64=True) as file:

        def write(cells: Iterable[str]) -> None:
            line = io.StringIO(newline="")
            csv.writer(line, lineterminator="\r\n").writerow(cells)
            encoded = line.getvalue().encode()
            digest.update(encoded)
            file.write(encoded)

        write(columns)
        for row in rows:
            write(_format(row[column]) for column in columns)
            count += 1
    return count, digest.hexdigest()
