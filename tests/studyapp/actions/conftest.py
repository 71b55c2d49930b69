"""What the tests of loading share: a bundle of a study of which the database knows nothing."""

import pytest

from tests.studyapp.bundle_rows import empty_database, export, make_answered

_made: dict[str, bytes] = {}  # by its name, once for all tests: the database that it came from is rolled back


@pytest.fixture
def bundle(tmp_path):
    """A full bundle of a study of which the database knows nothing."""
    if not _made:
        path = export(make_answered(), tmp_path / "made")
        _made[path.name] = path.read_bytes()
        empty_database()
    ((name, content),) = _made.items()
    path = tmp_path / name
    path.write_bytes(content)
    return path
