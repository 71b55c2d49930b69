"""A bundle that somebody has changed is refused with the reason, and nothing of it is kept."""

import csv
import io
import random

import pytest

from studyapp.actions import bundle_loading
from studyapp.actions.bundle_loading import load_bundle
from studyapp.domain.bundle_rows import BundleFaultError
from studyapp.models import Study
from tests.studyapp.bundle_rows import LATER, count_rows, edit_manifest, read_files, write_files

pytestmark = pytest.mark.django_db


def edit(files, name, old, new, *, count=1):
    content = files[name].decode()
    assert old in content, (name, old)
    return {**files, name: content.replace(old, new, count).encode()}


def change_line(files, name, number, change):
    lines = files[name].split(b"\r\n")
    lines[number - 1] = change(lines[number - 1])
    return {**files, name: b"\r\n".join(lines)}


FORGED = {
    "an attention answer of another shape": (
        lambda f: change_cell(f, "enrolments.csv", "attention_answers", lambda _: '["5"]'), "each must be an object of"
    ),
    "a judgment off the scale": (lambda f: change_judgment(f, "9"), r"trials\.csv: row \d+: judgment is '9'"),
    "a judgment that is none": (lambda f: change_judgment(f, "likely"), r"judgment is 'likely'; it must be a whole"),
    "a participant who is nowhere": (
        lambda f: change_line(f, "participants.csv", 3, lambda line: b"f" * 24 + line[24:]),
        r"enrolments\.csv: row 3: not the participant",
    ),
    "a stimulus that is nowhere": (
        lambda f: edit_cell(f, "trials.csv", "stimulus", "e" * 24), r"trials\.csv: row 2: its stimulus is not in",
    ),
    "a source turned round": (
        lambda f: swap_cell(f, "trials.csv", "source", {"human": "model", "model": "human"}),
        r"trials\.csv: row 2: item and source are not those of the stimulus",
    ),
    "another arm": (
        lambda f: swap_cell(f, "trials.csv", "arm", {"small": "large", "large": "small", "control": "small"}),
        r"trials\.csv: row 2: arm and form are not those of the participant",
    ),
    "an arm that is nowhere": (
        lambda f: edit_cell(f, "participants.csv", "arm", "huge"), r"participants\.csv: row 2: arm is 'huge'",
    ),
    "a status that is none": (
        lambda f: edit_cell(f, "participants.csv", "status", "lost"), r"status is 'lost'; it must be one of enrolled",
    ),
    "a time that is none": (
        lambda f: edit_cell(f, "participants.csv", "enrolled_at", "yesterday"), r"enrolled_at is 'yesterday'",
    ),
    "a text that was not frozen": (
        lambda f: edit(f, "stimuli.csv", "story2-word-3", "story2-word-x"), "not the one that was frozen at launch",
    ),
    "seconds that the times do not give": (
        lambda f: edit_cell(f, "trials.csv", "seconds", "99.0"), r"row 2: seconds is '99.0', but comes out as '7.5'",
    ),
    "words that are not counted": (
        lambda f: edit_cell(f, "items.csv", "human_words", "3"), r"items\.csv: row 2: human_words is '3', but comes",
    ),
    "a size that the design does not have": (
        lambda f: edit_cell(f, "arms.csv", "n_params", "7"), r"arms\.csv: row 2: n_params is '7', but comes out",
    ),
    "a row that is doubled": (
        lambda f: change_line(f, "trials.csv", 2, lambda line: line + b"\r\n" + line), "this position or this stimulus",
    ),
    "a column of another version": (
        lambda f: {**f, "arms.csv": f["arms.csv"].replace(b"\r\n", b",x\r\n")}, "has a column 'x'",
    ),
    "a column of another version, of people": (
        lambda f: change_line(f, "participants.csv", 1, lambda line: line + b",mood"), "has a column 'mood'",
    ),
    "a row cut short": (
        lambda f: change_line(f, "participants.csv", 2, lambda line: line.rpartition(b",")[0]), "fields, not",
    ),
    "bytes that are no text": (
        lambda f: change_line(f, "participants.csv", 2, lambda line: b"\xff" + line[1:]), "not UTF-8",
    ),
    "a NUL": (lambda f: edit(f, "trials.csv", "  spaces  ", "\x00"), "must hold no NUL character"),
    "a line without an end": (
        lambda f: {**f, "trials.csv": f["trials.csv"] + random.Random(1).randbytes(600_000).hex().encode()},
        "longer than 1,000,000 characters",
    ),
    "an open quotation": (lambda f: {**f, "trials.csv": f["trials.csv"] + b'"a'}, r"no CSV \(unexpected end"),
    "an empty table": (lambda f: {**f, "enrolments.csv": b""}, r"enrolments\.csv: is empty"),
    "no records": (lambda f: {n: c for n, c in f.items() if n != "candidates.csv"}, r"candidates\.csv: is missing"),
    "another format": (lambda f: edit_manifest(f, schema_version="2"), "schema_version is '2'"),
    "no design": (lambda f: edit_manifest(f, design=None), "was a draft"),
    "a design that was not frozen": (
        lambda f: edit(f, "manifest.json", '"participants_per_cell": 3', '"participants_per_cell": 4'),
        "not the one that was frozen",
    ),
    "no time of launch": (lambda f: edit_manifest(f, launched_at=None), "launched_at must not be empty"),
    "no JSON": (lambda f: {**f, "manifest.json": b"{"}, "no JSON"),
    "a list": (lambda f: {**f, "manifest.json": b"[]"}, "must be a JSON object"),
    "a deep hole": (lambda f: {**f, "manifest.json": b"[" * 100_000}, "no JSON"),
}  # fmt: skip


def split_row(line):
    return next(csv.reader([line.decode()]))


def join_row(cells):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue().encode()


def change_cell(files, name, column, change):
    """The cell of the first row, whose cells hold no line break in these tables."""
    header = split_row(files[name].split(b"\r\n")[0])

    def edit_row(line):
        cells = split_row(line)
        cells[header.index(column)] = change(cells[header.index(column)])
        return join_row(cells)

    return change_line(files, name, 2, edit_row)


def edit_cell(files, name, column, new):
    return change_cell(files, name, column, lambda _: new)


def swap_cell(files, name, column, table):
    return change_cell(files, name, column, table.get)


def change_judgment(files, new):
    return edit_cell(files, "trials.csv", "judgment", new)


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_bundle_is_refused_with_the_reason_and_leaves_nothing(bundle, tmp_path, name):
    forge, said = FORGED[name]
    forged = forge(read_files(bundle))
    sign = forged["manifest.json"][:1] == b"{" and len(forged["manifest.json"]) > 1
    path = write_files(tmp_path / "forged.zip", forged, sign=sign)
    before = count_rows()
    with pytest.raises(BundleFaultError, match=said):
        load_bundle(path, now=LATER)
    assert count_rows() == before


def test_a_changed_file_is_seen_by_its_hash(bundle, tmp_path):
    path = write_files(tmp_path / "changed.zip", change_judgment(read_files(bundle), "1"), sign=False)
    with pytest.raises(BundleFaultError, match=r"trials\.csv: not what manifest\.json says"):
        load_bundle(path, now=LATER)


def test_what_could_not_be_stored_is_not_loaded_in_silence(bundle, monkeypatch):
    """A loader that forgets a column is found out by the study's own export."""
    read = bundle_loading.load_trials

    def forget(rows, **options):
        read(((number, {**row, "focus_losses": ""}) for number, row in rows), **options)

    monkeypatch.setattr(bundle_loading, "load_trials", forget)
    with pytest.raises(BundleFaultError, match="row 2: focus_losses is '2', but comes out as ''"):
        load_bundle(bundle, now=LATER)
    assert not Study.objects.exists()
