"""A study is built again from its bundle, byte for byte; what is wrong with a bundle is said, and nothing is kept."""

import csv
import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analysis.report import write_report
from studyapp.actions import participation
from studyapp.actions.bundle_loading import load_bundle
from studyapp.actions.export import BundleKind, make_public
from studyapp.actions.study import describe_study
from studyapp.domain.bundle_rows import BundleFaultError
from studyapp.domain.normalisation import RULES_OF_VERSION_1
from studyapp.domain.study_design import hash_design
from studyapp.models import (
    Article,
    AuditEntry,
    Candidate,
    Participant,
    PlatformIdentity,
    Stimulus,
    Study,
)
from tests.studyapp.bundle_rows import (
    LATER,
    count_rows,
    edit_manifest,
    empty_database,
    export,
    make_answered,
    read_files,
    write_files,
)
from tests.studyapp.study_rows import make_articles, make_draft, make_launched

pytestmark = pytest.mark.django_db


def test_a_loaded_study_is_exported_again_byte_for_byte(bundle, tmp_path):
    study = load_bundle(bundle, now=LATER)
    again = export(study, tmp_path / "again", now=LATER + timedelta(days=1))
    assert read_files(again) == read_files(bundle)
    assert again.read_bytes() == bundle.read_bytes()


def test_postgresql_counts_the_rows_before_it_reads_them_again(bundle):
    """Else it plans by the counts of before, and reads large studies for hours."""
    with CaptureQueriesContext(connection) as asked:
        load_bundle(bundle, now=LATER)
    queries = [query["sql"] for query in asked]
    counts = [at for at, sql in enumerate(queries) if sql.startswith("ANALYZE") and '"studyapp_trial"' in sql]
    last_written = max(at for at, sql in enumerate(queries) if sql.startswith('INSERT INTO "studyapp_response"'))
    assert len(counts) == (connection.vendor == "postgresql")
    assert all(at > last_written for at in counts)


def test_its_report_is_the_same_bytes(bundle, tmp_path):
    study = load_bundle(bundle, now=LATER)
    again = export(study, tmp_path / "again", now=LATER)
    before, after = (write_report(path, tmp_path / name).parent for path, name in ((bundle, "one"), (again, "two")))
    for name in ("report.html", "results.json", "tables/arms.csv"):
        assert (before / name).read_bytes() == (after / name).read_bytes(), name


def test_how_arms_use_their_models_comes_back(tmp_path):
    use = {"shots": 1, "context_choice": "section", "instruction": "Write “it”."}
    arms = [{"name": "one", "generator": "checkpoint:small", **use}, {"name": "all", "generator": "checkpoint:small"}]
    made = make_launched(arms=arms)
    Candidate.objects.filter(job__arm__name="one").update(context=["pilot-story-1"])
    made.state = "closed"
    made.save()
    path = export(made, tmp_path)
    files = read_files(path)
    one, whole = list(csv.DictReader(io.StringIO(files["arms.csv"].decode(), newline="")))
    assert (one["shots"], json.loads(one["use"])) == ("1", use) and (whole["shots"], whole["use"]) == ("", "{}")
    shown = {row["arm"]: row["shots"] for row in csv.DictReader(io.StringIO(files["stimuli.csv"].decode(), newline=""))}
    assert shown == {"": "", "one": "1", "all": ""}
    empty_database()
    study = load_bundle(path, now=LATER)
    assert [arm.use for arm in study.arms.all()] == [use, {}]
    assert set(map(str, Candidate.objects.values_list("context", flat=True))) == {"None", "['pilot-story-1']"}
    assert read_files(export(study, tmp_path / "again", now=LATER)) == files


def test_what_was_there_is_there_again(tmp_path):
    made = make_answered()
    design, stimuli = describe_study(made), dict(Stimulus.objects.values_list("code", "text"))
    people = list(Participant.objects.values_list("code", "status", "excluded", "enrolled_at", "withdrawn_at"))
    counts = count_rows()
    path = export(made, tmp_path)
    empty_database()
    study = load_bundle(path, now=LATER)
    assert describe_study(study) == design
    assert (study.state, study.design_sha256) == ("closed", made.design_sha256)
    assert hash_design(study.frozen_design) == made.design_sha256
    assert dict(Stimulus.objects.values_list("code", "text")) == stimuli
    assert list(Participant.objects.values_list("code", "status", "excluded", "enrolled_at", "withdrawn_at")) == people
    assert {name: n for name, n in count_rows().items() if name != "AuditEntry"} == {
        name: n for name, n in counts.items() if name != "AuditEntry"
    }
    assert not PlatformIdentity.objects.exists()
    assert study.origin.file_name == path.name
    assert list(AuditEntry.objects.order_by("id").values_list("act", flat=True)) == ["made_study", "loaded_bundle"]


CHECKED = {
    "attention": [{"standard": "nonsense", "after": 1}, {"standard": "choose-human", "after": 3}],
    "checks": {"exclusion_rules": ["attention", "too_fast", "dont_know_share"]},
    "exclusion": {"too_fast_seconds": 5.5, "dont_know_share": 0.25},
}


def test_attention_checks_and_what_led_to_an_exclusion_come_back(tmp_path):
    path = export(make_answered(n_people=8, **CHECKED), tmp_path)
    people = list(Participant.objects.order_by("code").values_list("code", "attention_answers", "exclusion_facts"))
    assert {len(answers) for _, answers, _ in people} == {0, 1, 2}  # who withdrew, who stopped half-way, all others
    assert any(facts for *_, facts in people)
    empty_database()
    study = load_bundle(path, now=LATER)
    fields = ("code", "attention_answers", "exclusion_facts")
    assert list(Participant.objects.order_by("code").values_list(*fields)) == people
    assert export(study, tmp_path / "again", now=LATER).read_bytes() == path.read_bytes()
    shown = read_files(path)["participants.csv"].decode().splitlines()
    assert shown[0].endswith(",attention_asked,attention_failed")
    assert {line.rsplit(",", 2)[1:][0] for line in shown[1:]} == {"0", "1", "2"}


def test_a_bundle_of_before_there_were_attention_checks_still_loads(bundle, tmp_path):
    files = read_files(bundle)
    manifest = json.loads(files["manifest.json"])
    for section in ("attention", "exclusion"):
        del manifest["design"][section]
    changed = edit_manifest(files, design=manifest["design"], design_sha256=hash_design(manifest["design"]))
    study = load_bundle(write_files(tmp_path / "old.zip", changed), now=LATER)
    assert (study.attention, describe_study(study).exclusion.attention_failed) == ([], 2)


def test_a_folder_loads_as_its_zip_does_and_another_slug_changes_no_table(bundle, tmp_path):
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    study = load_bundle(folder, now=LATER, slug="archived")
    assert study.slug == "archived"
    again = read_files(export(study, tmp_path / "again", now=LATER))
    files = read_files(bundle)
    assert {name for name in files if files[name] != again[name]} == {"manifest.json"}
    assert json.loads(again["manifest.json"]) == {**json.loads(files["manifest.json"]), "study": "archived"}


def test_a_study_that_was_still_open_loads_closed(tmp_path):
    path = export(make_answered(close=False), tmp_path)
    empty_database()
    study = load_bundle(path, now=LATER)
    assert (study.state, study.closed_at) == ("closed", None)


def test_it_loads_beside_other_studies_and_shares_their_articles(bundle):
    make_draft(slug="other")
    make_articles(3, prefix="pilot-story")  # the same texts under the same names
    load_bundle(bundle, now=LATER)
    assert Study.objects.count() == 2


def test_who_withdraws_after_the_load_is_out_and_the_data_are_of_today(bundle, tmp_path):
    study = load_bundle(bundle, now=LATER)
    participation.withdraw(study.participants.filter(status="completed").first(), now=LATER + timedelta(hours=1))
    again = read_files(export(study, tmp_path / "again", now=LATER + timedelta(days=1)))
    assert json.loads(again["manifest.json"])["exported_at"].startswith("2026-06-04")


def test_what_happened_to_a_study_before_is_told_again(bundle, tmp_path):
    history = {"deviations": [{"at": "2026-05-05T00:00:00.000000Z", "reason": "a typing error"}]}
    path = write_files(tmp_path / "told.zip", edit_manifest(read_files(bundle), **history))
    again = export(load_bundle(path, now=LATER), tmp_path / "again", now=LATER)
    assert json.loads(read_files(again)["manifest.json"])["deviations"] == history["deviations"]


def test_a_study_that_is_here_already_is_not_doubled(bundle):
    load_bundle(bundle, now=LATER)
    before = count_rows()
    with pytest.raises(BundleFaultError, match=r"there is a study 'pilot' here already; .*--slug"):
        load_bundle(bundle, now=LATER)
    with pytest.raises(BundleFaultError, match="in this database already"):
        load_bundle(bundle, now=LATER, slug="second")
    assert count_rows() == before


def test_an_article_of_that_name_with_another_text_is_no_match(bundle):
    article = make_articles(1, prefix="pilot-story")
    Article.objects.filter(ref=article[0]).update(section="Elsewhere")
    with pytest.raises(BundleFaultError, match=r"another article 'pilot-story-1' is in this database .its section"):
        load_bundle(bundle, now=LATER)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (make_public(k=2), "this is a public bundle"),
        (BundleKind(for_spreadsheets=True), "guarded for spreadsheets"),
    ],
)
def test_other_kinds_of_bundle_are_refused_with_the_reason(tmp_path, kind, said):
    path = export(make_answered(), tmp_path, kind=kind)
    empty_database()
    with pytest.raises(BundleFaultError, match=said):
        load_bundle(path, now=LATER)


def test_a_draft_is_refused(tmp_path):
    path = export(make_draft(), tmp_path)
    empty_database()
    with pytest.raises(BundleFaultError, match="was a draft"):
        load_bundle(path, now=LATER)


def test_a_study_frozen_before_studies_chose_their_rules_is_of_the_first_version(bundle, tmp_path):
    files = read_files(bundle)
    manifest = json.loads(files["manifest.json"])
    manifest["design"]["normalisation"] = "1"
    del manifest["design"]["normalisation_version"]
    manifest["design_sha256"] = hash_design(manifest["design"])
    rows = list(csv.DictReader(io.StringIO(files["stimuli.csv"].decode(), newline="")))
    old = io.StringIO(newline="")
    writer = csv.DictWriter(old, [name for name in rows[0] if not name.startswith("normalis")], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    files |= {"manifest.json": json.dumps(manifest).encode(), "stimuli.csv": old.getvalue().encode()}
    study = load_bundle(write_files(tmp_path / "old.zip", files), now=LATER)
    assert describe_study(study).normalisation.rules == RULES_OF_VERSION_1
    assert set(Stimulus.objects.values_list("normalisation_version", flat=True)) == {""}
