"""What the tests of loading share: a bundle of a study of which the database knows nothing."""

import pytest

from tests.studyapp.bundle_rows import empty_database, export, make_answered


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
