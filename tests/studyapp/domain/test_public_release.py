"""The public version: no code, moment or free text of the full bundle is left, whatever columns a study has."""

from datetime import UTC, datetime, timedelta

import pytest

from studyapp.domain.anonymity import NotAnonymousError
from studyapp.domain.public_release import (
    Column,
    PublicRules,
    make_trial_publisher,
    publish_manifest,
    publish_people,
)

NOW = datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC)
RULES = PublicRules(salt=b"1" * 32, k=5)
PEOPLE = [
    Column("participant", "text"), Column("arm", "text"), Column("form", "text", "A;B"),
    Column("status", "text", "completed"), Column("excluded", "flag", "0;1"), Column("exclusion_reasons", "list"),
    Column("simulated", "flag", "0;1"), Column("enrolled_at", "time"), Column("completed_at", "time"),
    Column("looked_up", "flag", "0;1"), Column("age", "integer"), Column("gender", "text", "woman;man"),
    Column("occupation", "text"), Column("born", "time"), Column("completed_after", "integer"),
]  # fmt: skip
TRIALS = [
    Column("participant", "text"), Column("arm", "text"), Column("item", "text"), Column("stimulus", "text"),
    Column("source", "text", "human;model"), Column("position", "integer"), Column("judgment", "integer", "1;2;3;4;5"),
    Column("seen_before", "flag", "0;1"), Column("shown_at", "time"), Column("answered_at", "time"),
    Column("seconds", "number"), Column("active_seconds", "number"), Column("focus_losses", "integer"),
    Column("comment", "text"), Column("reason", "text"), Column("clue", "text", "style;facts"),
    Column("viewport", "text", "narrow;wide"), Column("screen", "JSON"),
    Column("beside", "text"), Column("stages_shown_at", "list"),
    Column("shown_after", "integer"), Column("answered_after", "integer"),
]  # fmt: skip


def make_person(number, **changes):
    return {
        "participant": f"{number:024x}", "arm": "small", "form": "A", "status": "completed", "excluded": False,
        "exclusion_reasons": "", "simulated": False, "enrolled_at": NOW + timedelta(hours=number),
        "completed_at": NOW + timedelta(hours=number, minutes=21, seconds=40), "looked_up": False,
        "age": 30 + number % 3, "gender": "woman", "occupation": f"baker in street {number}",
        "born": NOW - timedelta(days=10_000), **changes,
    }  # fmt: skip


def test_people_have_new_codes_in_whose_order_they_stand():
    people = publish_people([make_person(n) for n in range(8)], columns=PEOPLE, rules=RULES)
    codes = [row["participant"] for row in people.rows]
    assert codes == sorted(codes)
    assert [RULES.renew(old) for old, _ in people.origins] == codes
    assert not {f"{n:024x}" for n in range(8)} & set(codes)
    assert all(len(code) == 24 for code in codes)
    other = PublicRules(salt=b"2" * 32)
    assert not set(codes) & {other.renew(f"{n:024x}") for n in range(8)}  # two releases do not share codes
    assert b"1111" not in repr(RULES).encode()


def test_times_are_relative_and_free_text_is_gone_and_answers_are_coarse():
    row = publish_people([make_person(n) for n in range(8)], columns=PEOPLE, rules=RULES).rows[0]
    assert (row["enrolled_at"], row["completed_at"], row["completed_after"]) == (None, None, 21)
    assert (row["occupation"], row["born"]) == (None, None)
    assert (row["age"], row["gender"], row["looked_up"]) == ("30-34", "woman", "0")
    assert (row["arm"], row["form"], row["status"], row["excluded"]) == ("small", "A", "completed", False)


def test_free_text_stays_only_where_somebody_has_read_it():
    rules = PublicRules(salt=RULES.salt, with_comments=True)
    people = publish_people([make_person(n) for n in range(8)], columns=PEOPLE, rules=rules)
    assert {row["occupation"] for row in people.rows} == {f"baker in street {n}" for n in range(8)}
    assert people.privacy["free_text"].startswith("kept")


def test_who_stands_alone_loses_what_makes_them_so_and_privacy_says_how_many():
    rows = [make_person(n) for n in range(40)] + [make_person(40, gender="man", looked_up=True)]
    people = publish_people(rows, columns=PEOPLE, rules=RULES)
    answers = [tuple(row[name] for name in ("age", "gender", "looked_up", "exclusion_reasons")) for row in people.rows]
    assert min(answers.count(answer) for answer in answers) >= 5
    assert people.privacy["k_reached"] >= people.privacy["rules"]["k"] == 5
    emptied = {entry["column"]: entry["cells_emptied"] for entry in people.privacy["quasi_identifiers"]}
    assert set(emptied) == {"exclusion_reasons", "looked_up", "age", "gender"}
    assert sum(emptied.values()) > 0
    assert people.privacy["participants_with_emptied_cells"] > 0
    excluded = [make_person(41, excluded=True, exclusion_reasons="looked_up", looked_up=True)]
    told = publish_people([*rows, *excluded], columns=PEOPLE, rules=RULES)
    assert not {row["exclusion_reasons"] for row in told.rows if row["excluded"]} & {"looked_up"}


def test_too_few_people_are_not_published():
    with pytest.raises(NotAnonymousError, match=r"4 participants, and k = 5 cannot be reached"):
        publish_people([make_person(n) for n in range(4)], columns=PEOPLE, rules=RULES)
    assert publish_people([], columns=PEOPLE, rules=RULES).rows == ()


def test_a_trial_keeps_the_judgment_and_loses_moments_and_words():
    shown = NOW + timedelta(minutes=3, seconds=50)
    row = {
        "participant": "a" * 24, "arm": "small", "item": "story", "stimulus": "b" * 24, "source": "model",
        "position": 4, "judgment": 2, "seen_before": None, "shown_at": shown,
        "answered_at": shown + timedelta(seconds=37.25), "seconds": 37.25, "active_seconds": 30.9, "focus_losses": 1,
        "comment": "I know the author", "reason": "a name", "clue": "style", "viewport": "wide", "screen": "{}",
        "beside": "c" * 24, "stages_shown_at": "2026-05-04T12:03:00.000000Z",
    }  # fmt: skip
    public = make_trial_publisher(TRIALS, rules=RULES)(row, NOW)
    assert public == {
        **dict.fromkeys((column.name for column in TRIALS), None),
        "participant": RULES.renew("a" * 24), "stimulus": RULES.renew("b" * 24), "arm": "small", "item": "story",
        "beside": RULES.renew("c" * 24),
        "source": "model", "position": 4, "judgment": 2, "seconds": 37, "active_seconds": 30, "focus_losses": 1,
        "clue": "style", "shown_after": 3, "answered_after": 4,
    }  # fmt: skip
    kept = make_trial_publisher(TRIALS, rules=PublicRules(salt=b"", with_comments=True))(row, NOW)
    assert (kept["comment"], kept["reason"]) == ("I know the author", "a name")
    assert (kept["viewport"], kept["screen"]) == (None, None)
    unanswered = {**row, "judgment": None, "answered_at": None, "seconds": None, "active_seconds": None}
    assert make_trial_publisher(TRIALS, rules=RULES)(unanswered, NOW)["answered_after"] is None


def test_the_manifest_keeps_days_and_not_the_code_that_pays():
    manifest = {
        "public": False, "exported_at": "2026-05-04T12:01:02.000003Z", "launched_at": "2026-05-01T08:09:10.000000Z",
        "closed_at": None, "design": {"recruitment": {"platform": "prolific", "completion_code": "C1SECRET"}},
        "deviations": [{"at": "2026-05-02T03:04:05.000000Z", "reason": "a typing error"}],
    }  # fmt: skip
    public = publish_manifest(manifest)
    assert public == {
        "public": True, "exported_at": "2026-05-04T00:00:00.000000Z", "launched_at": "2026-05-01T00:00:00.000000Z",
        "closed_at": None, "design": {"recruitment": {"platform": "prolific", "completion_code": "WITHHELD"}},
        "deviations": [{"at": "2026-05-02T00:00:00.000000Z", "reason": "a typing error"}],
    }  # fmt: skip
    assert manifest["design"]["recruitment"]["completion_code"] == "C1SECRET"
