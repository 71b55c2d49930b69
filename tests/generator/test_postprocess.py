import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.postprocess import DISQUALIFYING_FLAGS, MIN_WORDS, finish_text, measure_repetition

LONG = " ".join(f"The council counted {n} boats in harbour {n + 40} today." for n in range(4))


@pytest.mark.parametrize(
    ("raw", "hit_limit", "text", "flags"),
    [
        (LONG, False, LONG, ()),
        (f"  {LONG}\n \n\n{LONG[:-6]}over\there. ", False, f"{LONG}\n\n{LONG[:-6]}over here.", ("repetition",)),
        (f"{LONG}\n\nTitle: Next\nArticle: more", True, LONG, ()),
        (f"{LONG}Title: Next", True, LONG, ()),
        (f"{LONG}\n Subtitle: next", False, LONG, ()),
        (f"{LONG} An Article: no frame.", False, f"{LONG} An Article: no frame.", ()),
        (f'{LONG} He said "Yes." And then the', True, f'{LONG} He said "Yes."', ("cut_at_limit",)),
        (f"{LONG} It met Mr. Bo and J. Ox", True, LONG, ("cut_at_limit",)),
        (f"{LONG} It ends in the", False, f"{LONG} It ends in the", ("unfinished",)),
        ("Title: Next", False, "", ("empty",)),
        (" \n ", True, "", ("empty",)),
        ("Too little.", False, "Too little.", ("too_short",)),
        (f"Ca\0f\ufffd {LONG}\x9f", False, f"Caf {LONG}", ("unprintable",)),
        ("no end here", True, "no end here", ("cut_at_limit", "too_short", "unfinished")),
        ("It is what it is. " * 20, False, ("It is what it is. " * 20).strip(), ("repetition",)),
    ],
)
def test_finished(raw, hit_limit, text, flags):
    finished = finish_text(raw, hit_limit=hit_limit)
    assert (finished.text, finished.flags) == (text, flags)
    assert finished.is_fit_to_show == (not DISQUALIFYING_FLAGS.intersection(flags))


@given(st.text(), st.booleans())
def test_any_text_comes_out_tidy(raw, hit_limit):
    finished = finish_text(raw, hit_limit=hit_limit)
    assert "Title:" not in finished.text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\ufffd]", finished.text)
    assert finished.text == finished.text.strip()
    assert all(" ".join(part.split()) == part for part in finished.text.split("\n\n"))
    assert ("empty" in finished.flags) == (not finished.text)
    assert not finished.text or ("too_short" in finished.flags) == (len(finished.text.split()) < MIN_WORDS)


def test_repetition_is_a_share():
    assert measure_repetition("a b c") == 0
    assert measure_repetition("a b c d e f") == 0
    assert measure_repetition("a b c d A B C D") == pytest.approx(1 / 5)


def test_a_text_that_repeats_its_context_is_copied_and_not_shown():
    context = ["Nothing of this kind.", f"Before it. {LONG} After it."]
    assert finish_text(LONG.upper(), hit_limit=False, context=context).flags == ("copied",)
    assert not finish_text(LONG, hit_limit=False, context=context).is_fit_to_show
    own = "It rained. " + " ".join(LONG.split()[:19]) + " then, said the mayor, and nobody minded."
    assert finish_text(own, hit_limit=False, context=context).flags == ()
    assert finish_text(LONG, hit_limit=False).flags == ()
