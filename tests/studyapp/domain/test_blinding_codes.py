import random

import pytest

from studyapp.domain.blinding_codes import TrialCode, audit_codes


def make_codes(n=160, *, write=lambda entry: entry.code):
    rng = random.Random(4)
    codes = []
    for number in range(n):
        entry = TrialCode(
            code=f"{rng.getrandbits(96):024x}",
            participant=f"{number // 4:024x}",
            position=1 + number % 4,
            source=rng.choice(["human", "model"]),
            stimulus=f"{rng.getrandbits(96):024x}",
        )
        codes.append(TrialCode(write(entry), *list(vars(entry).values())[1:]))
    return codes


def test_random_codes_of_their_own_tell_nothing():
    for n in (1, 3, 8, 60, 200):
        assert [finding.level for finding in audit_codes(make_codes(n))] == ["pass"]


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda e: "0" * 24, "share a code"),
        (lambda e: e.code[:8], "are not at least"),
        (lambda e: "m" + e.code[1:], "are not at least"),
        (lambda e: e.stimulus, "hold the code of their text"),
        (lambda e: ("1" if e.source == "model" else "2") + e.code[1:], "'1' at place 1"),
        (lambda e: e.code[:7] + ("abcd" if e.source == "model" else "0123")[e.position - 1] + e.code[8:], "place 8"),
        (lambda e: f"{int(e.participant, 16) * 4 + e.position:024x}", "follow the order"),
    ],
)
def test_codes_that_tell_are_found(write, said):
    findings = audit_codes(make_codes(write=write))
    assert {finding.level for finding in findings} == {"refuse"}
    assert any(said in finding.message for finding in findings), findings
