"""A closed study is built again from its bundle: all of it, or nothing.

After the last row the study is exported again and compared with the bundle, table by table: what cannot be stored, or
comes out otherwise than it went in, is never loaded in silence.
"""

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from django.db import DataError, IntegrityError, transaction

from studyapp.actions.audit import record
from studyapp.actions.bundle_people import load_people, load_trials
from studyapp.actions.bundle_texts import load_articles, load_detectors, load_forms, load_stimuli
from studyapp.actions.export import write_bundle
from studyapp.actions.study import create_study
from studyapp.bundle.format import RECORDS, describe_columns
from studyapp.bundle.reader import BundleReader
from studyapp.database.row_counts import refresh_row_counts
from studyapp.domain.bundle_cells import CellError, parse_time
from studyapp.domain.bundle_rows import BundleFaultError
from studyapp.domain.codebook import COLUMNS
from studyapp.domain.normalisation import RULES_OF_VERSION_1
from studyapp.domain.study_design import DesignError, StudyDesign, hash_design, parse_design
from studyapp.models import LoadedBundle, Study

ADDED = ("detectors.csv",)  # bundles of before have no such file
COMPARED = (*(name for name in COLUMNS if name != "codebook.csv"), *RECORDS)  # the codebook is that of the version


@dataclass(frozen=True)
class _Plan:
    """What a bundle's manifest comes to."""

    manifest: Mapping[str, Any]
    design: StudyDesign
    launched_at: datetime
    closed_at: datetime | None
    exported_at: datetime


def load_bundle(path: Path, *, now: datetime, slug: str | None = None) -> Study:
    """Build the study of a full bundle, closed, under its own slug or another. One transaction.

    Raises:
        BundleFaultError: the bundle is none, is changed or public, or does not fit into this database; nothing is kept.
    """
    reader = BundleReader(path)
    try:
        plan = _plan_study(reader.read_manifest(), slug=slug)
        with transaction.atomic():
            study = _build(reader, plan)
            refresh_row_counts()
            _compare_with_bundle(reader, study, now=now)
            LoadedBundle.objects.create(
                study=study,
                file_name=path.name[:200],
                sha256=reader.sha256,
                manifest={key: value for key, value in plan.manifest.items() if key not in ("files", "design")},
                exported_at=plan.exported_at,
                loaded_at=now,
            )
            record(study, "loaded_bundle", file=path.name, manifest_sha256=reader.sha256)
            return study
    except (IntegrityError, DataError) as error:
        raise BundleFaultError([f"the bundle's rows do not fit together, or not into this database: {error}"]) from None
    finally:
        reader.close()


def _plan_study(manifest: Mapping[str, Any], *, slug: str | None) -> _Plan:
    """Check what the manifest says.

    Raises:
        BundleFaultError: it is of a public or a spreadsheet bundle, of a draft, or its design is not the frozen one.
    """
    if manifest.get("public"):
        raise BundleFaultError(
            ["this is a public bundle: codes, times and free text were taken out so that nothing leads back to people, "
             "and a study cannot be built from what is left. Load the full bundle; the report runs on both"]
        )  # fmt: skip
    if manifest.get("for_spreadsheets"):
        raise BundleFaultError(
            ["this bundle was guarded for spreadsheets, which changes its texts; load the plain one"]
        )
    if missing := [name for name in (*COLUMNS, *RECORDS) if name not in (*manifest["files"], *ADDED)]:
        raise BundleFaultError([f"{name}: is missing; a study is built from full bundles only" for name in missing])
    frozen = manifest.get("design")
    if not isinstance(frozen, dict) or not manifest.get("design_sha256"):
        raise BundleFaultError(["manifest.json: the study was a draft; make it from its study file with load_study"])
    if _hash(frozen) != manifest["design_sha256"]:
        raise BundleFaultError(["manifest.json: the design is not the one that was frozen under design_sha256"])
    sections = {field.name: frozen[field.name] for field in dataclasses.fields(StudyDesign) if field.name in frozen}
    # Before studies chose their rules, the version stood here.
    if not isinstance(sections.get("normalisation", {}), dict):
        sections["normalisation"] = {"rules": RULES_OF_VERSION_1}
    try:
        design = parse_design(sections)
        if slug is not None:
            design = dataclasses.replace(design, study=dataclasses.replace(design.study, slug=slug))
        exported_at, launched_at, closed_at = (
            parse_time(str(manifest.get(key) or "")) for key in ("exported_at", "launched_at", "closed_at")
        )
    except DesignError as error:
        raise BundleFaultError([f"manifest.json: design: {fault}" for fault in error.faults]) from None
    except (CellError, ValueError) as error:
        raise BundleFaultError([f"manifest.json: {error}"]) from None
    if exported_at is None or launched_at is None:
        raise BundleFaultError(["manifest.json: exported_at and launched_at must not be empty"])
    return _Plan(manifest, design, launched_at, closed_at, exported_at)


def _hash(frozen: Mapping[str, Any]) -> str:
    try:
        return hash_design(frozen)
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can name
        raise BundleFaultError(["manifest.json: design: holds what is no Unicode text"]) from None


def _build(reader: BundleReader, plan: _Plan) -> Study:
    """Write the rows of every table, in the order in which they stand on each other."""
    slug = plan.design.study.slug
    if Study.objects.filter(slug=slug).exists():
        raise BundleFaultError(
            [f"there is a study {slug!r} here already; give the loaded one another slug (--slug NEW)"]
        )
    tables = describe_columns(public=False, questions=plan.design.questions)
    columns = {name: [column.name for column in table] for name, table in tables.items()}

    def read(name: str) -> Iterator[tuple[int, dict[str, str]]]:
        return reader.read_table(name, columns=columns[name])

    load_articles(read("articles.csv"), design=plan.design)
    study = create_study(plan.design)
    study.state = Study.State.CLOSED
    study.launched_at, study.closed_at = plan.launched_at, plan.closed_at
    study.frozen_design, study.design_sha256 = plan.manifest["design"], plan.manifest["design_sha256"]
    study.save()
    stimuli = load_stimuli(study, stimuli=lambda: read("stimuli.csv"), candidates=lambda: read("candidates.csv"))
    if "detectors.csv" in reader.names:
        load_detectors(study, rows=read("detectors.csv"), stimuli=stimuli, at=plan.exported_at)
    load_forms(study)
    people = load_people(study, participants=read("participants.csv"), enrolments=read("enrolments.csv"))
    load_trials(read("trials.csv"), people=people, stimuli=stimuli)
    return study


def _compare_with_bundle(reader: BundleReader, study: Study, *, now: datetime) -> None:
    """Export what was built, and hold it against the bundle.

    Raises:
        BundleFaultError: they differ; the first difference of each table is named.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "again.zip"
        write_bundle(study, path, now=now)
        again = BundleReader(path)
        try:
            old, new = reader.read_manifest()["files"], again.read_manifest()["files"]
            tables = describe_columns(public=False, questions=study.own_questions)
            columns = {
                name: [column.name for column in tables[name]]
                for name in COMPARED
                if name in old and old[name] != new[name]
            }
            faults = [fault for name in columns for fault in _compare(name, reader, again, columns=columns[name])]
        finally:
            again.close()
    if faults:
        raise BundleFaultError(faults)


def _compare(name: str, bundle: BundleReader, again: BundleReader, *, columns: list[str]) -> list[str]:
    """The first difference of a table, in the columns that the bundle has; a later version may have more."""
    header = bundle.read_header(name)
    tables = (reader.read_table(name, columns=columns) for reader in (bundle, again))
    for number, (old, new) in enumerate(zip_longest(*tables), start=2):
        if old is None or new is None:
            return [f"{name}: row {number}: the study built from it has {'more' if old is None else 'fewer'} rows"]
        for column in header:
            if old[1][column] != new[1][column]:
                return [
                    f"{name}: row {number}: {column} is {old[1][column][:60]!r}, "
                    f"but comes out as {new[1][column][:60]!r}; it does not agree with the rest of the bundle"
                ]
    return []
