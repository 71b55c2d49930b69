import tomllib
from pathlib import Path

import pytest

from studyapp.domain.consent_parts import PARTS, WHOM_TO_ASK, find_missing_parts

PRESETS = Path(__file__).resolve().parents[3] / "studyapp" / "presets"


@pytest.mark.parametrize("preset", sorted(path.stem for path in PRESETS.glob("*.toml")))
def test_the_presets_consent_names_every_part_but_those_that_only_the_study_knows(preset):
    texts = tomllib.loads((PRESETS / f"{preset}.toml").read_text()).get("texts", {})
    missing = find_missing_parts(texts["consent"], beside="lab@example.org")
    assert missing == ["which institution is responsible", "how long it is kept"]


@pytest.mark.parametrize(
    ("sentence", "part"),
    [
        ("Taking part is voluntary.", "that it is voluntary"),
        ("You may withdraw later.", "that they may stop or withdraw"),
        ("There are no known risks.", "risks"),
        ("You must be at least 18 years old.", "the least age"),
        ("We store a random code.", "what is kept"),
        ("The University of Ulm does this.", "which institution is responsible"),
        ("They are deleted after ten years.", "how long it is kept"),
        ("Questions? Write to lab@example.org.", WHOM_TO_ASK),
    ],
)
def test_a_part_is_found_by_its_words(sentence, part):
    assert part not in find_missing_parts(sentence)
    assert part in find_missing_parts("Hello.")


def test_a_text_that_says_nothing_misses_everything():
    assert find_missing_parts("Hello.") == [*PARTS, WHOM_TO_ASK]


def test_a_contact_beside_the_text_is_one():
    assert find_missing_parts("Hello.", beside="Dr Ada, lab@example.org") == list(PARTS)
