from datetime import UTC, datetime, timedelta

from studyapp.web.held_uploads import HELD_HOURS, MOST_FILES, find_upload, forget_upload, hold_upload, remember_refs

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def hold(root, *, account=1, now=NOW, name="a.jsonl"):
    return hold_upload([b"one ", b"two"], name=name, account=account, root=root, now=now)


def find(root, token, *, account=1, now=NOW):
    return find_upload(token, account=account, root=root, now=now)


def test_a_file_is_kept_for_its_account_alone(tmp_path):
    held = hold(tmp_path, name="news “May”.jsonl")
    found = find(tmp_path, held.token)
    assert (found.name, found.read(), found.is_imported) == ("news “May”.jsonl", b"one two", False)
    assert find(tmp_path, held.token, account=2) is None
    assert oct((held.folder / "content").stat().st_mode & 0o777) == "0o600"


def test_nothing_but_a_token_finds_a_file(tmp_path):
    hold(tmp_path)
    for token in ("", "..", "../1", "x" * 32, "0" * 32, "0" * 32 + "/.."):
        assert find(tmp_path, token) is None


def test_a_file_goes_after_some_hours_and_the_next_upload_sweeps_it(tmp_path):
    old = hold(tmp_path, account=2)
    later = NOW + timedelta(hours=HELD_HOURS, minutes=1)
    assert find(tmp_path, old.token, account=2, now=later) is None
    assert old.folder.exists()
    hold(tmp_path, now=later)
    assert not old.folder.exists()


def test_an_account_has_only_so_many_and_the_oldest_goes(tmp_path):
    held = [hold(tmp_path, now=NOW + timedelta(minutes=number)) for number in range(MOST_FILES + 1)]
    there = [find(tmp_path, upload.token) is not None for upload in held]
    assert there == [False] + [True] * MOST_FILES


def test_a_sweep_takes_no_file_that_is_still_coming(tmp_path):
    coming = tmp_path / "2" / ("a" * 32)
    coming.mkdir(parents=True)
    hold(tmp_path, now=datetime.now(tz=UTC))
    assert coming.exists()


def test_after_its_import_only_its_articles_are_remembered(tmp_path):
    held = hold(tmp_path)
    remember_refs(held, ["a", "b"])
    found = find(tmp_path, held.token)
    assert (found.refs, found.is_imported, (held.folder / "content").exists()) == (("a", "b"), True, False)
    forget_upload(found)
    assert find(tmp_path, held.token) is None
