"""Bundles of every kind: what each holds, what none ever holds, and that a refusal leaves nothing behind."""

import csv
import io
import json
from collections import Counter
from datetime import timedelta
from threading import Thread

import polars as pl
import pytest
from django.db import connection, connections
from django.utils import timezone

from analysis.answer import analyse_bundle
from analysis.load import load_bundle
from analysis.report import write_report
from studyapp.actions.audit import record
from studyapp.actions.export import BundleKind, ExportRefusedError, export_study, fetch_bundle, make_public
from studyapp.actions.participation import withdraw
from studyapp.actions.snapshot import read_snapshot
from studyapp.models import AuditEntry, Export, Participant, PlatformIdentity, Response, Stimulus, Trial
from tests.studyapp.bundle_rows import export, make_answered, read_files
from tests.studyapp.study_rows import NOW, make_launched

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=2)


@pytest.fixture
def study():
    return make_answered(n_people=18)


def read_rows(files, name):
    return list(csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"), newline="")))


def test_platform_ids_are_in_no_byte_of_any_bundle(study, tmp_path):
    ids = [name for row in PlatformIdentity.objects.values_list("external_id", "session_id") for name in row]
    assert len(ids) >= 30
    assert Response.objects.filter(comment__icontains="person-3").exists()  # somebody typed one
    assert Participant.objects.filter(internet_check_answer__contains="person-2").exists()
    for kind in (
        BundleKind(), BundleKind(for_spreadsheets=True), make_public(k=2), make_public(k=2, with_comments=True),
    ):  # fmt: skip
        path = export(study, tmp_path, kind=kind)
        parts = [path.read_bytes(), path.name.encode(), *read_files(path).values()]
        lowered = b"\n".join(parts).lower()
        assert not [name for name in ids if name and name.lower().encode() in lowered], kind


def test_own_ids_are_taken_out_of_comments_only(study, tmp_path):
    person = Participant.objects.filter(identity__external_id="person-4").get()
    Response.objects.filter(trial=person.trials.first()).update(comment="I am person-4 on the panel.")
    trials = read_rows(read_files(export(study, tmp_path)), "trials.csv")
    comments = [row["comment"] for row in trials if row["participant"] == person.code]
    assert comments[0] == "I am [id removed] on the panel."
    assert "  spaces  " in {row["comment"] for row in trials}


def test_the_public_version_has_nothing_that_leads_to_the_full_one(study, tmp_path):
    full, public = (read_files(export(study, tmp_path, kind=kind)) for kind in (BundleKind(), make_public()))
    everything = b"\n".join(public.values())
    codes = [*Participant.objects.values_list("code", flat=True), *Stimulus.objects.values_list("code", flat=True)]
    assert not [code for code in codes if code.encode() in everything]
    moments = {
        row[name][:19]
        for table in ("participants.csv", "trials.csv")
        for row in read_rows(full, table)
        for name in row
        if name.endswith("_at") and row[name]
    }
    assert moments
    assert not [moment for moment in moments if moment.encode() in everything]
    assert b"  spaces  " not in everything and b"quoted" not in everything
    assert set(public) == {
        "arms.csv", "items.csv", "stimuli.csv", "participants.csv", "trials.csv", "detectors.csv", "codebook.csv",
        "manifest.json", "privacy.json",
    }  # fmt: skip
    assert set(full) - set(public) == {"articles.csv", "candidates.csv", "enrolments.csv"}
    people = [row["participant"] for row in read_rows(public, "participants.csv")]
    assert people == sorted(people)
    assert Counter(row["participant"] for row in read_rows(public, "trials.csv")).keys() <= set(people)


def test_the_public_version_is_k_anonymous_and_says_so(study, tmp_path):
    files = read_files(export(study, tmp_path, kind=make_public(k=5)))
    rows = read_rows(files, "participants.csv")
    assert min(Counter((row["looked_up"], row["exclusion_reasons"]) for row in rows).values()) >= 5
    privacy = json.loads(files["privacy.json"])
    assert (privacy["rules"]["k"], privacy["participants"]) == (5, 18)
    assert privacy["k_reached"] >= 5
    manifest = json.loads(files["manifest.json"])
    assert manifest["public"] is True and "privacy.json" in manifest["files"]
    assert Export.objects.get().privacy == privacy
    described = {(row["file"], row["column"]) for row in read_rows(files, "codebook.csv")}
    for name in ("participants.csv", "trials.csv"):
        assert {(name, column) for column in read_rows(files, name)[0]} <= described


def test_the_report_of_the_public_version_has_the_same_accuracies(study, tmp_path):
    full, public = (export(study, tmp_path, kind=kind) for kind in (BundleKind(), make_public(k=3)))
    before, after = analyse_bundle(load_bundle(full)), analyse_bundle(load_bundle(public))
    for one, other in zip(before.arms, after.arms, strict=True):
        assert one.accuracy.mean is not None
        assert (one.accuracy.mean, one.accuracy.sd) == pytest.approx((other.accuracy.mean, other.accuracy.sd))
        assert (one.trials, one.dont_know_rate, one.comparison.df) == (
            other.trials, pytest.approx(other.dont_know_rate), other.comparison.df,
        )  # fmt: skip
        assert one.seconds.mean == pytest.approx(other.seconds.mean, abs=1)
    assert write_report(public, tmp_path / "report").is_file()


def test_comments_stay_where_somebody_has_read_them(study, tmp_path):
    rows = read_rows(read_files(export(study, tmp_path, kind=make_public(with_comments=True))), "trials.csv")
    assert "  spaces  " in {row["comment"] for row in rows}


def test_a_refused_public_version_leaves_no_file_and_no_row(tmp_path):
    study = make_answered(n_people=4)
    with pytest.raises(ExportRefusedError, match="No public version was made: there are 4 participants"):
        export_study(study, folder=tmp_path, now=LATER, kind=make_public())
    assert not list(tmp_path.iterdir())
    assert not Export.objects.exists()
    assert not AuditEntry.objects.filter(act="exported").exists()


def test_the_variant_for_spreadsheets_begins_no_formula_and_the_report_still_reads_it(study, tmp_path):
    plain = read_files(export(study, tmp_path))
    path = export(study, tmp_path, kind=BundleKind(for_spreadsheets=True))
    guarded = read_files(path)
    assert guarded["trials.csv"].startswith(b"\xef\xbb\xbf")
    before = [row["comment"] for row in read_rows(plain, "trials.csv")]
    after = [row["comment"] for row in read_rows(guarded, "trials.csv")]
    assert "=1+1" in before and "'=1+1" in after
    assert not [cell for cell in after if cell[:1] in ("=", "+", "-", "@")]
    numbers = [[row[name] for name in ("judgment", "seconds", "position")] for row in read_rows(plain, "trials.csv")]
    assert numbers == [
        [row[name] for name in ("judgment", "seconds", "position")] for row in read_rows(guarded, "trials.csv")
    ]
    bundle = load_bundle(path)
    assert bundle.manifest["for_spreadsheets"] is True
    assert bundle.arms["arm"].to_list() == load_bundle(export(study, tmp_path / "2")).arms["arm"].to_list()
    assert bundle.trials.filter(pl.col("judgment").is_not_null()).height == Response.objects.count()


def test_an_export_is_written_down_with_its_size_and_hash(study, tmp_path):
    made = export_study(study, folder=tmp_path, now=LATER)
    assert made.size_bytes == (tmp_path / made.file_name).stat().st_size
    entry = AuditEntry.objects.filter(act="exported").get()
    assert entry.detail["sha256"] == made.sha256
    assert len(made.sha256) == 64
    assert [path.name for path in tmp_path.iterdir()] == [made.file_name]


def test_a_bundle_is_fetched_again_until_something_happens(study, settings, tmp_path):
    settings.EXPORTS_DIR = tmp_path
    now = timezone.now()  # as the audit log has it

    def fetch(*, hours=0, kind=None):
        return fetch_bundle(study, folder=tmp_path, now=now + timedelta(hours=hours), kind=kind or BundleKind())

    first = fetch()
    assert fetch(hours=1) == first
    public = fetch(hours=1, kind=make_public(k=3))
    assert public != first
    assert fetch(hours=2, kind=make_public(k=3)) == public
    assert fetch(hours=2, kind=make_public(k=4)) != public
    assert fetch(hours=25) != first  # a day old
    newest = fetch(hours=26)
    newest.bundle_path.unlink()
    renewed = fetch(hours=27)
    assert renewed != newest
    withdraw(study.participants.filter(status="completed").first(), now=now + timedelta(hours=28))
    assert fetch(hours=29) != renewed


def test_an_act_of_staff_makes_a_new_bundle_due(study, settings, tmp_path):
    settings.EXPORTS_DIR = tmp_path
    first = fetch_bundle(study, folder=tmp_path, now=timezone.now())
    record(study, "fetched_bundle")
    assert fetch_bundle(study, folder=tmp_path, now=timezone.now()) == first
    record(study, "excluded_participant")
    assert fetch_bundle(study, folder=tmp_path, now=timezone.now()) != first


def test_a_bundle_that_breaks_off_leaves_no_half_file(study, tmp_path, monkeypatch):
    monkeypatch.setattr("studyapp.actions.export.list_records", lambda study: {"enrolments.csv": iter([{}])})
    with pytest.raises(KeyError):
        export_study(study, folder=tmp_path, now=LATER)
    assert not list(tmp_path.iterdir())


@pytest.mark.django_db(transaction=True)
def test_participants_answer_while_a_bundle_is_written(tmp_path):
    """The snapshot neither sees what comes later nor keeps anybody from writing, as a writer's would on SQLite."""
    study = make_launched()

    def write():
        Participant.objects.create(study=study, code="late", enrolled_at=NOW, last_seen_at=NOW, consent_sha256="")
        connections.close_all()

    with read_snapshot():
        assert Participant.objects.count() == 0
        writer = Thread(target=write)
        writer.start()
        writer.join(timeout=20)
        assert not writer.is_alive()
        assert Participant.objects.count() == 0
    assert Participant.objects.count() == 1
    if connection.vendor == "sqlite":
        assert connection.transaction_mode == "IMMEDIATE"


def test_stimuli_stand_in_one_order_on_every_database(study, tmp_path):
    arms = [row["arm"] for row in read_rows(read_files(export(study, tmp_path)), "stimuli.csv")]
    assert arms == ["", "control", "small", "large"] * 4
    assert Trial.objects.exists()
