import tomllib
from pathlib import Path

import pytest

from studyapp.domain.consent_parts import PARTS, find_missing_parts

PRESETS = Path(__file__).resolve().parents[3] / "studyapp" / "presets"


@pytest.mark.parametrize("preset", sorted(path.stem for path in PRESETS.glob("*.toml")))
def test_the_presets_consent_names_every_part(preset):
    texts = tomllib.loads((PRESETS / f"{preset}.toml").read_text()).get("texts", {})
    assert find_missing_parts(texts["consent"]) == []


@pytest.mark.parametrize(
    ("sentence", "part"),
    [
        ("Taking part is voluntary.", "that it is voluntary"),
        ("You may withdraw later.", "that they may stop or withdraw"),
        ("There are no known risks.", "risks"),
        ("You must be at least 18 years old.", "the least age"),
        ("We store a random code.", "what is kept"),
    ],
)
def test_a_part_is_found_by_its_words(sentence, part):
    assert part not in find_missing_parts(sentence)
    assert part in find_missing_parts("Hello.")


def test_a_text_that_says_nothing_misses_everything():
    assert find_missing_parts("Hello.") == list(PARTS)
