"""Faults of a bundle are named by file, row and column."""

import hashlib
import json
import zipfile

import pytest

from analysis.load import BundleError, load_bundle
from analysis.report import main
from tests.analysis.bundles import answer_with, make_pairs, make_rows


@pytest.fixture
def rows():
    return make_rows({"control": [answer_with(3, 1)] * 2, "large": [answer_with(2, 2)] * 2})


def faults_of(path):
    with pytest.raises(BundleError) as raised:
        load_bundle(path)
    return raised.value.faults


def test_three_files_of_any_origin_are_enough(rows, tmp_path):
    bundle = load_bundle(rows.write(tmp_path))
    assert (len(bundle.arms), len(bundle.participants), len(bundle.trials)) == (2, 4, 16)
    assert bundle.manifest == {}
    assert bundle.stimuli.is_empty()


def test_columns_that_the_format_got_later_may_be_missing_and_are_then_unknown(rows, tmp_path):
    bundle = load_bundle(rows.write(tmp_path))
    assert not bundle.is_paired
    for frame, column in (
        (bundle.trials, "first"),
        (bundle.trials, "beside"),
        (bundle.participants, "comprehension_tries"),
    ):
        assert frame[column].is_null().all()


def test_pairs_are_known_by_their_rows_alone(rows, tmp_path):
    assert load_bundle(make_pairs(rows).write(tmp_path)).is_paired


def test_pairs_and_single_texts_do_not_mix(rows, tmp_path):
    pairs = make_pairs(rows)
    pairs.trials[3] |= {"first": "", "beside": ""}
    pairs.trials[5]["source"] = "human"
    pairs.trials[6]["first"] = "left"
    folder = pairs.write(tmp_path / "a")
    assert faults_of(folder) == ["trials.csv: row 8: first is 'left'; it must be one of model, human, or empty"]
    pairs.trials[6]["first"] = "model"
    folder = pairs.write(tmp_path / "b")
    assert faults_of(folder) == [
        "trials.csv: row 5: first is empty; in a study of pairs it says whose text stood first",
        "trials.csv: row 7: source is 'human'; of a pair, the model's text is judged",
    ]


def test_the_manifest_and_the_rows_agree_on_pairs(rows, tmp_path):
    for name, bundle, presentation in (("a", make_pairs(rows), "single"), ("b", rows, "paired")):
        folder = bundle.write(tmp_path / name)
        (folder / "manifest.json").write_text(json.dumps({"schema_version": "1", "presentation": presentation}))
        assert "first" in faults_of(folder)[0]


def test_a_folder_and_its_zip_are_the_same(rows, tmp_path):
    folder = rows.write(tmp_path / "bundle")
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"inside/{file.name}")
    assert load_bundle(tmp_path / "bundle.zip").trials.equals(load_bundle(folder).trials)


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "said"),
    [
        ("trials", 4, "judgment", 6, "trials.csv: row 6: judgment is '6'; it must be one of 1, 2, 3, 4, 5, or empty"),
        ("trials", 0, "source", "robot", "trials.csv: row 2: source is 'robot'; it must be one of human, model"),
        ("trials", 1, "seconds", "fast", "trials.csv: row 3: seconds is 'fast'; it must be a number of at least 0"),
        ("trials", 1, "seconds", -1, "trials.csv: row 3: seconds is '-1'"),
        ("trials", 1, "seconds", "nan", "trials.csv: row 3: seconds is 'nan'"),
        ("trials", 2, "position", 0, "trials.csv: row 4: position is '0'; it must be a whole number of at least 1"),
        ("trials", 3, "participant", "nobody", "row 5: participant 'nobody' is not in participants.csv"),
        ("trials", 3, "arm", "large", "trials.csv: row 5: arm is not that of the participant"),
        ("trials", 3, "item", "item-01", "trials.csv: row 5: participant 'control-0000', item 'item-01' stands here"),
        ("participants", 1, "status", "gone", "participants.csv: row 3: status is 'gone'"),
        ("participants", 1, "excluded", "", "participants.csv: row 3: excluded is empty"),
        ("participants", 3, "arm", "tiny", "participants.csv: row 5: arm 'tiny' is not in arms.csv"),
        ("participants", 1, "participant", "control-0000", "participants.csv: row 3: participant 'control-0000'"),
        ("arms", 1, "n_params", "1.3B", "arms.csv: row 3: n_params is '1.3B'"),
        ("arms", 1, "is_control", 1, "arms.csv: column is_control: more than one arm"),
    ],
)  # fmt: skip
def test_each_fault_says_where(rows, tmp_path, table, row, column, value, said):
    getattr(rows, table)[row][column] = value
    assert any(said in fault for fault in faults_of(rows.write(tmp_path))), faults_of(tmp_path)


def test_a_missing_column_and_a_missing_file(rows, tmp_path):
    folder = rows.write(tmp_path)
    trials = folder / "trials.csv"
    trials.write_text(trials.read_text().replace("judgment", "judgement"))
    (folder / "arms.csv").unlink()
    assert faults_of(folder) == [
        "arms.csv: is missing; a bundle needs it",
        "trials.csv: column 'judgment' is missing",
    ]


def test_many_faults_are_shown_up_to_twenty(rows, tmp_path):
    for trial in rows.trials:
        trial["judgment"], trial["source"] = 9, "?"
    with pytest.raises(BundleError) as raised:
        load_bundle(rows.write(tmp_path))
    assert len(raised.value.faults) == 32
    assert str(raised.value).splitlines()[-1] == "… and 12 faults more"


def test_other_bytes_than_utf8_and_no_csv(rows, tmp_path):
    folder = rows.write(tmp_path)
    (folder / "trials.csv").write_bytes((folder / "trials.csv").read_bytes() + b"\xff\xfe,\n")
    assert "trials.csv: row 18: not UTF-8" in faults_of(folder)
    (folder / "trials.csv").write_bytes(b"")
    assert faults_of(folder)[0].startswith("trials.csv: no CSV")


def test_the_manifest_is_believed_only_as_far_as_it_agrees(rows, tmp_path):
    folder = rows.write(tmp_path)
    digest = hashlib.sha256((folder / "arms.csv").read_bytes()).hexdigest()
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({"schema_version": "1", "files": {"arms.csv": digest}}))
    assert load_bundle(folder).manifest["schema_version"] == "1"
    (folder / "arms.csv").write_text((folder / "arms.csv").read_text() + "\n")
    assert "arms.csv: its content is not what manifest.json says" in faults_of(folder)[0]
    manifest.write_text('{"schema_version": "99"}')
    assert "schema_version is '99'" in faults_of(folder)[0]
    manifest.write_text("{")
    assert faults_of(folder)[0].startswith("manifest.json: no JSON")


def test_what_is_no_bundle_at_all(tmp_path):
    assert "there is no such bundle" in faults_of(tmp_path / "nothing.zip")[0]
    (tmp_path / "text.zip").write_text("no archive")
    assert "neither a folder nor a .zip" in faults_of(tmp_path / "text.zip")[0]


def test_the_command_line_says_it_and_ends_with_2(rows, tmp_path, capsys):
    rows.trials[0]["judgment"] = 7
    assert main([str(rows.write(tmp_path / "bundle")), "--out", str(tmp_path / "out")]) == 2
    assert "trials.csv: row 2: judgment is '7'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
