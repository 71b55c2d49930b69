"""What a log must not hold goes, and what finds a fault stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studyapp.domain.log_redaction import redact

CODE = "0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (f"Not Found: /s/pilot/item/{CODE}/", "Not Found: /s/pilot/item/[removed]/"),
        ("/s/pilot/back/eyJhIjoxfQ:1tabcd:Zx9_abcDEF/", "/s/pilot/back/[removed]/"),
        ("GET /s/pilot/?PROLIFIC_PID=5f1&SESSION_ID=9 failed", "GET /s/pilot/?[removed] failed"),
        ("from 203.0.113.9:4431 and 2001:db8::1, 12:34:56", "from [removed]:4431 and [removed], 12:34:56"),
        ("user_agent: 'Mozilla/5.0 (X11; Linux)'", "user_agent: '[removed]'"),
        ("postgres://byline:pw@postgres:5432/byline", "postgres://[removed]@postgres:5432/byline"),
        ("the worker of ann@example.org", "the worker of [removed]"),
        ("succeeded in 0.51203948570213465s: None", "succeeded in 0.512s: None"),
        (f"Key (code)=({CODE}) already exists", "Key (code)=([removed]) already exists"),
    ],
)
def test_what_names_a_person_goes(line, kept):
    assert redact(line) == kept


@pytest.mark.parametrize(
    "line",
    [
        "Task studyapp.tasks.write_report[3f2c1b4a-aaaa-bbbb-cccc-0123456789ab] succeeded in 1.2s",
        'File "/opt/byline/lib/python3.11/site-packages/django/core/handlers/exception.py", line 42',
        "study gpt3-short-example-2020: a link without a right signature was refused",
        "Listening at: http://127.0.0.1:8000 (12), http://0.0.0.0:8000",
        "GET rater:item 200 in 12.1 ms, gunicorn 27.0.1",
    ],
)
def test_what_finds_a_fault_stays(line):
    assert redact(line) == line


@settings(max_examples=30)
@given(st.text(max_size=40), st.from_regex(r"[0-9a-f]{11}[a-f][0-9a-f]{11}[0-9]", fullmatch=True), st.text(max_size=40))
def test_a_code_between_other_words_is_found_whatever_they_are(before, code, after):
    assert code not in redact(f"{before} {code} {after}")
