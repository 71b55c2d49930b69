"""Reading a bundle, a folder or a .zip: every fault is named by file, row and column."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from analysis.schema import (
    ARMS,
    DETECTORS,
    ENROLMENTS,
    PARTICIPANTS,
    SCHEMA_VERSION,
    STIMULI,
    TABLES,
    TRIALS,
    Column,
    Table,
)

MAX_BYTES = 4 * 2**30  # of one file, unpacked
SHOWN_FAULTS = 20
READ = (*TABLES, ENROLMENTS)


class BundleError(ValueError):
    """A bundle that cannot be used; `faults` say where and what to do."""

    def __init__(self, faults: list[str]) -> None:
        shown = faults[:SHOWN_FAULTS]
        if len(faults) > len(shown):
            shown.append(f"… and {len(faults) - len(shown)} faults more")
        super().__init__("\n".join(shown))
        self.faults = faults


@dataclass(frozen=True)
class Bundle:
    """A checked bundle: a frame a file (missing optional files are empty frames) and the manifest ({} without one)."""

    manifest: Mapping[str, Any]
    arms: pl.DataFrame
    items: pl.DataFrame
    stimuli: pl.DataFrame
    participants: pl.DataFrame
    trials: pl.DataFrame
    present: frozenset[str] = field(default_factory=frozenset)
    enrolments: pl.DataFrame = field(default_factory=lambda: _empty(ENROLMENTS))
    detectors: pl.DataFrame = field(default_factory=lambda: _empty(DETECTORS))

    @property
    def is_paired(self) -> bool:
        """Every trial is a choice between a model's text and a human one that stood beside it."""
        return self.manifest.get("presentation") == "paired" or bool(self.trials["first"].is_not_null().any())


def load_bundle(path: Path) -> Bundle:
    """Read and check a bundle.

    Raises:
        BundleError: it is none, or a file, row or column is wrong; up to 20 faults are shown at once.
    """
    contents = _read_files(path)
    manifest = _read_manifest(contents)
    faults: list[str] = []
    frames: dict[str, pl.DataFrame] = {}
    for table in READ:
        if table.name in contents:
            frames[table.name] = _read_table(contents[table.name], table, faults)
        elif table.is_needed:
            faults.append(f"{table.name}: is missing; a bundle needs it")
        else:
            frames[table.name] = _empty(table)
    if faults:
        raise BundleError(faults)
    _check_across(frames, faults)
    _check_enrolments(frames, faults)
    _check_detectors(frames, faults)
    _check_pairs(frames[TRIALS.name], faults, presentation=manifest.get("presentation"))
    if faults:
        raise BundleError(faults)
    return Bundle(
        manifest=manifest,
        arms=frames["arms.csv"],
        items=frames["items.csv"],
        stimuli=frames["stimuli.csv"],
        participants=frames["participants.csv"],
        trials=frames["trials.csv"],
        present=frozenset(contents),
        enrolments=frames["enrolments.csv"],
        detectors=frames["detectors.csv"],
    )


def _read_files(path: Path) -> dict[str, bytes]:
    """The bundle's known files by name; nothing else of a folder or archive is opened."""
    names = [table.name for table in READ] + ["manifest.json"]
    if path.is_dir():
        return {name: (path / name).read_bytes() for name in names if (path / name).is_file()}
    if not path.is_file():
        raise BundleError([f"{path}: there is no such bundle"])
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {Path(entry.filename).name: entry for entry in archive.infolist() if not entry.is_dir()}
            large = [name for name in names if name in entries and entries[name].file_size > MAX_BYTES]
            if large:
                raise BundleError([f"{name}: larger than {MAX_BYTES:,} bytes" for name in large])
            found = {name: archive.read(entries[name]) for name in names if name in entries}
    except zipfile.BadZipFile:
        raise BundleError([f"{path}: neither a folder nor a .zip file; export the study again"]) from None
    return found


def _read_manifest(contents: Mapping[str, bytes]) -> dict[str, Any]:
    if "manifest.json" not in contents:
        return {}
    try:
        manifest = json.loads(contents["manifest.json"])
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BundleError([f"manifest.json: no JSON ({error})"]) from None
    if not isinstance(manifest, dict):
        raise BundleError(["manifest.json: must be a JSON object"])
    version = manifest.get("schema_version")
    if version != SCHEMA_VERSION:
        raise BundleError([f"manifest.json: schema_version is {version!r}; this report reads {SCHEMA_VERSION!r}"])
    digests = manifest.get("files") or {}
    if not isinstance(digests, dict):
        raise BundleError(["manifest.json: files: must be an object, the SHA-256 by the name of a file"])
    faults = [
        f"{name}: its content is not what manifest.json says (SHA-256); it was changed after the export"
        for name, digest in sorted(digests.items())
        if name in contents and hashlib.sha256(contents[name]).hexdigest() != digest
    ]
    if faults:
        raise BundleError(faults)
    return manifest


def _read_table(content: bytes, table: Table, faults: list[str]) -> pl.DataFrame:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        faults.append(f"{table.name}: row {content[: error.start].count(10) + 1}: not UTF-8")
        return _empty(table)
    try:
        raw = pl.read_csv(io.BytesIO(content), infer_schema=False).with_columns(pl.all().replace("", None))
    except (pl.exceptions.PolarsError, ValueError) as error:
        faults.append(f"{table.name}: no CSV ({str(error).splitlines()[0]})")
        return _empty(table)
    missing = [column for column in table.columns if column.name not in raw.columns]
    if needed := [column.name for column in missing if not column.is_added]:
        faults.extend(f"{table.name}: column {name!r} is missing" for name in needed)
        return _empty(table)
    raw = raw.with_columns(pl.lit(None, dtype=pl.String).alias(column.name) for column in missing)
    converted = [_convert(raw[column.name], column, table, faults) for column in table.columns]
    return raw.with_columns(converted)


def _convert(series: pl.Series, column: Column, table: Table, faults: list[str]) -> pl.Series:
    """The column in its own type; cells that cannot be are named by their row (the header is row 1)."""
    bad = pl.Series([False] * len(series), dtype=pl.Boolean)
    result = series
    if column.kind in ("integer", "number"):
        result = series.cast(pl.Int64 if column.kind == "integer" else pl.Float64, strict=False)
        bad = result.is_null() & series.is_not_null()
        if column.kind == "number":
            bad = bad | ~result.is_finite().fill_null(True)
        if column.least is not None:
            bad = bad | (result < column.least).fill_null(False)
    if column.values:
        bad = bad | ~series.is_in(list(column.values)).fill_null(True)
    if column.kind == "flag":
        result = (series == "1").alias(column.name)
    if column.required:
        bad = bad | series.is_null()
    for row in bad.arg_true()[: SHOWN_FAULTS + 1]:
        faults.append(f"{table.name}: row {row + 2}: {column.name} is {_show(series[row])}; {_describe(column)}")
    return result.alias(column.name)


def _show(cell: str | None) -> str:
    return "empty" if cell is None else repr(cell)


def _describe(column: Column) -> str:
    if column.values:
        return f"it must be one of {', '.join(column.values)}" + ("" if column.required else ", or empty")
    least = f" of at least {column.least:g}" if column.least is not None else ""
    kind = "whole number" if column.kind == "integer" else column.kind
    return f"it must be a {kind}{least}" + ("" if column.required else ", or empty")


def _check_across(frames: Mapping[str, pl.DataFrame], faults: list[str]) -> None:
    """What one file says of another."""
    arms, people, trials = (frames[table.name] for table in (ARMS, PARTICIPANTS, TRIALS))
    _check_unique(arms, ["arm"], ARMS, faults)
    _check_unique(people, ["participant"], PARTICIPANTS, faults)
    _check_unique(trials, ["participant", "item"], TRIALS, faults)
    if arms["is_control"].sum() > 1:
        faults.append("arms.csv: column is_control: more than one arm is the control")
    for table, frame in ((PARTICIPANTS, people), (TRIALS, trials)):
        unknown = ~frame["arm"].is_in(arms["arm"].to_list())
        for row in unknown.arg_true()[: SHOWN_FAULTS + 1]:
            faults.append(f"{table.name}: row {row + 2}: arm {frame['arm'][row]!r} is not in arms.csv")
    joined = trials.with_row_index("row").join(
        people.select("participant", pl.col("arm").alias("own_arm")),
        on="participant",
        how="left",
        maintain_order="left",
    )
    for row in joined.filter(pl.col("own_arm").is_null())["row"][: SHOWN_FAULTS + 1]:
        faults.append(
            f"trials.csv: row {row + 2}: participant {trials['participant'][row]!r} is not in participants.csv"
        )
    for row in joined.filter(pl.col("own_arm") != pl.col("arm"))["row"][: SHOWN_FAULTS + 1]:
        faults.append(f"trials.csv: row {row + 2}: arm is not that of the participant in participants.csv")


def _check_enrolments(frames: Mapping[str, pl.DataFrame], faults: list[str]) -> None:
    """Records are of the participants there are, once each, and what led to an exclusion is an object by rule."""
    records, people = frames[ENROLMENTS.name], frames[PARTICIPANTS.name]
    _check_unique(records, ["participant"], ENROLMENTS, faults)
    for row in (~records["participant"].is_in(people["participant"].to_list())).arg_true()[: SHOWN_FAULTS + 1]:
        who = records["participant"][row]
        faults.append(f"enrolments.csv: row {row + 2}: participant {who!r} is not in participants.csv")
    for row, cell in enumerate(records["exclusion_facts"]):
        if not _is_by_rule(cell):
            wish = "it must be a JSON object of objects by rule, or empty"
            faults.append(f"enrolments.csv: row {row + 2}: exclusion_facts is {_show(cell)}; {wish}")


def _check_detectors(frames: Mapping[str, pl.DataFrame], faults: list[str]) -> None:
    """One score a detector and text, of texts that there are, and one end of each detector that says machine."""
    scores, stimuli = frames[DETECTORS.name], frames[STIMULI.name]
    _check_unique(scores, ["stimulus", "detector", "scorer", "given"], DETECTORS, faults)
    for row in (~scores["stimulus"].is_in(stimuli["stimulus"].to_list())).arg_true()[: SHOWN_FAULTS + 1]:
        faults.append(f"detectors.csv: row {row + 2}: stimulus {scores['stimulus'][row]!r} is not in stimuli.csv")
    ends = scores.group_by("detector", maintain_order=True).agg(pl.col("machine_when").n_unique())
    for name in ends.filter(pl.col("machine_when") > 1)["detector"]:
        faults.append(f"detectors.csv: machine_when is both high and low of {name!r}; it must be one of them")


def _is_by_rule(cell: str | None) -> bool:
    try:
        known = json.loads(cell or "{}")
    except json.JSONDecodeError:
        return False
    return isinstance(known, dict) and all(isinstance(facts, dict) for facts in known.values())


def _check_pairs(trials: pl.DataFrame, faults: list[str], *, presentation: str | None) -> None:
    """A bundle is of pairs throughout, or of single texts: accuracies of the two cannot be taken together."""
    is_pair = trials["first"].is_not_null()
    if presentation == "single" and is_pair.any():
        faults.append("trials.csv: column first: is filled, but manifest.json says presentation 'single'")
    if presentation != "paired" and not is_pair.any():
        return
    for row in (~is_pair).arg_true()[: SHOWN_FAULTS + 1]:
        faults.append(f"trials.csv: row {row + 2}: first is empty; in a study of pairs it says whose text stood first")
    for row in (is_pair & (trials["source"] != "model")).arg_true()[: SHOWN_FAULTS + 1]:
        faults.append(f"trials.csv: row {row + 2}: source is 'human'; of a pair, the model's text is judged")


def _check_unique(frame: pl.DataFrame, keys: list[str], table: Table, faults: list[str]) -> None:
    doubled = frame.select(keys).is_duplicated() & ~frame.select(pl.struct(keys).is_first_distinct()).to_series()
    for row in doubled.arg_true()[: SHOWN_FAULTS + 1]:
        what = ", ".join(f"{key} {frame[key][row]!r}" for key in keys)
        faults.append(f"{table.name}: row {row + 2}: {what} stands here a second time")


def _empty(table: Table) -> pl.DataFrame:
    kinds = {"integer": pl.Int64, "number": pl.Float64, "flag": pl.Boolean}
    return pl.DataFrame(schema={column.name: kinds.get(column.kind, pl.String) for column in table.columns})
