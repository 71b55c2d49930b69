import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.postprocess import finish_text

LONG = " ".join(f"The council counted {n} boats in harbour {n + 40} today." for n in range(4))


@pytest.mark.parametrize(
    ("raw", "hit_limit", "text", "flags"),
    [
        (LONG, False, LONG, ()),
        (f"  {LONG}\n \n\n{LONG[:-6]}over\there. ", False, f"{LONG}\n\n{LONG[:-6]}over here.", ()),
        (f"{LONG}\n\nTitle: Next\nArticle: more", True, LONG, ()),
        (f"{LONG}Title: Next", True, LONG, ()),
        (f"{LONG}\n Subtitle: next", False, LONG, ()),
        (f"{LONG} An Article: no frame.", False, f"{LONG} An Article: no frame.", ()),
        (f'{LONG} He said "Yes." And then the', True, f'{LONG} He said "Yes."', ("cut_at_limit",)),
        (f"{LONG} It met Mr. Bo and J. Ox", True, LONG, ("cut_at_limit",)),
        (f"{LONG} It ends in the", False, f"{LONG} It ends in the", ()),
        ("Title: Next", False, "", ("empty",)),
        (" \n ", True, "", ("empty",)),
        (f"Ca\0f\ufffd {LONG}\x9f", False, f"Caf {LONG}", ("unprintable",)),
        ("no end here", True, "no end here", ("cut_at_limit",)),
    ],
)
def test_finished(raw, hit_limit, text, flags):
    finished = finish_text(raw, hit_limit=hit_limit)
    assert (finished.text, finished.flags) == (text, flags)
    assert finished.ends_sentence == (text.rstrip('"').endswith("."))


@given(st.text(), st.booleans())
def test_any_text_comes_out_tidy(raw, hit_limit):
    finished = finish_text(raw, hit_limit=hit_limit)
    assert "Title:" not in finished.text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\ufffd]", finished.text)
    assert finished.text == finished.text.strip()
    assert all(" ".join(part.split()) == part for part in finished.text.split("\n\n"))
    assert ("empty" in finished.flags) == (not finished.text)
