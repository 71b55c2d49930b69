"""A study is built again from its bundle, byte for byte; what is wrong with a bundle is said, and nothing is kept."""

import csv
import io
import json
import random
import zipfile
from datetime import timedelta

import pytest

from analysis.report import write_report
from studyapp.actions import bundle_loading, participation
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
    Response,
    Stimulus,
    Study,
    Trial,
)
from tests.studyapp.bundle_rows import export, make_answered, read_files, write_files
from tests.studyapp.study_rows import NOW, make_articles, make_draft, make_launched

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=30)
ROWS = (Article, AuditEntry, Candidate, Participant, Response, Stimulus, Study, Trial)


def empty_database():
    """As if the study had never been here."""
    for model in (Response, Trial, Participant, Stimulus):
        model.objects.all().delete()
    Study.objects.all().delete()
    Article.objects.all().delete()
    AuditEntry.objects.all().delete()


@pytest.fixture
def bundle(tmp_path, kept={}):  # noqa: B006  (made once: the database that it came from is rolled back)
    """A full bundle of a study of which the database knows nothing."""
    if not kept:
        path = export(make_answered(), tmp_path / "made")
        kept[path.name] = path.read_bytes()
        empty_database()
    ((name, content),) = kept.items()
    path = tmp_path / name
    path.write_bytes(content)
    return path


def count_rows():
    return {model.__name__: model.objects.count() for model in ROWS}


def test_a_loaded_study_is_exported_again_byte_for_byte(bundle, tmp_path):
    study = load_bundle(bundle, now=LATER)
    again = export(study, tmp_path / "again", now=LATER + timedelta(days=1))
    assert read_files(again) == read_files(bundle)
    assert again.read_bytes() == bundle.read_bytes()


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


def edit(files, name, old, new, *, count=1):
    content = files[name].decode()
    assert old in content, (name, old)
    return {**files, name: content.replace(old, new, count).encode()}


def edit_manifest(files, **changes):
    return {**files, "manifest.json": json.dumps({**json.loads(files["manifest.json"]), **changes}).encode()}


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
