"""What somebody hands us as a bundle: traversal, bombs and damage are refused before anything is unpacked."""

import hashlib
import json
import zipfile
import zlib

import pytest

from studyapp.bundle import reader as bundle_reader
from studyapp.bundle.reader import BundleReader
from studyapp.domain.bundle_rows import BundleFaultError

TABLE = b"arm,label\r\na,A\r\n"


def write_zip(path, entries):
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def make_bundle(path, *, digests=None, table=TABLE, version="1", extra=()):
    known = {"arms.csv": hashlib.sha256(table).hexdigest()}
    manifest = json.dumps({"schema_version": version, "files": known if digests is None else digests})
    return write_zip(path, [("arms.csv", table), ("manifest.json", manifest), *extra])


def open_and_read(path):
    reader = BundleReader(path)
    try:
        return reader.read_manifest()
    finally:
        reader.close()


@pytest.mark.parametrize(
    "name",
    ["../arms.csv", "/etc/arms.csv", "folder/arms.csv", "..\\arms.csv", "C:\\arms.csv", "notes.txt", "arms.csv/"],
)
def test_a_name_that_is_no_file_of_a_bundle_is_refused(tmp_path, name):
    with pytest.raises(BundleFaultError, match="no file of a bundle"):
        BundleReader(make_bundle(tmp_path / "b.zip", extra=[(name, b"x")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused(tmp_path):
    with pytest.raises(BundleFaultError, match=r"arms\.csv: stands in the \.zip twice"):
        BundleReader(make_bundle(tmp_path / "b.zip", extra=[("arms.csv", b"other")]))


def test_a_bomb_is_seen_by_its_ratio_and_by_its_size(tmp_path, monkeypatch):
    bomb = [("trials.csv", b"0" * 20_000_000)]
    with pytest.raises(BundleFaultError, match="more than 300 times its size"):
        BundleReader(make_bundle(tmp_path / "b.zip", extra=bomb))
    monkeypatch.setattr(bundle_reader, "MAX_FILE_BYTES", 1_000_000)
    monkeypatch.setattr(bundle_reader, "MAX_TOTAL_BYTES", 1_000_000)
    with pytest.raises(BundleFaultError) as refusal:
        BundleReader(make_bundle(tmp_path / "b.zip", extra=bomb))
    assert "20,000,000 bytes unpacked; at most 1,000,000" in str(refusal.value)
    assert "the .zip unpacks to" in str(refusal.value)


def test_a_size_that_lies_is_not_believed(tmp_path):
    """The directory says a small size of what unpacks to more: no more than it says is ever read."""
    path = make_bundle(tmp_path / "b.zip", table=b"arm\r\n" + b"x" * 5_000_000)
    content = bytearray(path.read_bytes())
    for at in range(len(content) - 4):
        if content[at : at + 4] == (5_000_005).to_bytes(4, "little"):
            content[at : at + 4] = (64).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(BundleFaultError, match=r"arms\.csv: (damaged|not what manifest)"):
        open_and_read(path)


def test_too_many_entries_are_refused(tmp_path):
    with pytest.raises(BundleFaultError, match="has 302 entries"):
        BundleReader(make_bundle(tmp_path / "b.zip", extra=[(f"{n}.csv", b"") for n in range(300)]))


def test_a_damaged_file_is_named(tmp_path):
    path = make_bundle(tmp_path / "b.zip", table=TABLE + zlib.compress(bytes(range(256)) * 50))
    content = bytearray(path.read_bytes())
    content[45] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BundleFaultError, match=r"arms\.csv: (damaged|not what)"):
        open_and_read(path)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(BundleFaultError, match=r"no \.zip file"):
        BundleReader(path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"digests": {}}, r"arms\.csv: the manifest does not name it"),
        ({"digests": {"arms.csv": "0", "items.csv": "0"}}, r"items\.csv: the manifest names it, but it is not there"),
        ({"digests": {"arms.csv": 5}}, r"arms\.csv: not what manifest\.json says"),
        ({"digests": ["arms.csv"]}, "must be a JSON object that names"),
        ({"version": 1}, "schema_version is 1; this Byline reads '1'"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(tmp_path, options, said):
    with pytest.raises(BundleFaultError, match=said):
        open_and_read(make_bundle(tmp_path / "b.zip", **options))


def test_a_whole_bundle_is_read_row_by_row(tmp_path):
    path = make_bundle(tmp_path / "b.zip", table=b'arm,label\r\na,"two\r\nlines, and ""more"""\r\nb,\r\n')
    assert open_and_read(path)["files"].keys() == {"arms.csv"}
    reader = BundleReader(path)
    rows = list(reader.read_table("arms.csv", columns=["arm", "label", "n_params"]))
    reader.close()
    assert rows == [
        (2, {"arm": "a", "label": 'two\r\nlines, and "more"', "n_params": ""}),
        (3, {"arm": "b", "label": "", "n_params": ""}),
    ]


def test_what_is_not_there_and_what_is_no_bundle_is_said(tmp_path):
    with pytest.raises(BundleFaultError, match="no such file or folder"):
        BundleReader(tmp_path / "nothing.zip")
    with pytest.raises(BundleFaultError, match=r"manifest\.json: is missing"):
        open_and_read(tmp_path)
