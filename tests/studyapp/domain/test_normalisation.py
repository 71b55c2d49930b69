"""Texts of both sources are levelled by the same rules, and nothing but marks at their ends is lost."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studyapp.domain.normalisation import RULES, RULES_OF_VERSION_1, normalise

CUTTING = {"datelines", "bylines", "sign_offs"}
PIECES = (
    "“Yes,”", "he said", "one—two", " -- ", "…", ". . .", "&amp;quot;", "&#8217;", "\u00a0", "\u200b", "\u2028", "\r\n",
    "\n\n", "\n",
    "  ", "‘so’", "« oui »", "BERLIN (Reuters) - ", "HARRISBURG — ", "(AP)", "By Jane Doe\n",
    "(Reporting by A B; Editing by C D)",
    "The mayor.", "-", "—", "''", "``", "é", "e\u0301", "5", "###", "Updated, May 5\n",
)  # fmt: skip
texts = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=14).map("".join))


@pytest.mark.parametrize(
    ("raw", "shown", "rules"),
    [
        ("“Curly” and ‘single’", "\"Curly\" and 'single'", ("quotes",)),
        ("``So'' it's", '"So" it\'s', ("quotes",)),
        ("« Oui » »Wort« sagte", '"Oui" "Wort" sagte', ("quotes",)),
        ("one — two—three, 4–5 -- x", "one - two - three, 4-5 - x", ("dashes",)),
        ("wait… or . . . so", "wait... or ... so", ("ellipses",)),
        ("hard\u00a0space  twice", "hard space twice", ("spaces",)),
        ("so\u00adft\u200b", "soft", ("characters",)),
        ("e\u0301", "é", ("characters",)),
        ("first\r\n\r\n\r\nsecond\nline", "first\n\nsecond line", ("paragraphs",)),
        ("It rained.\nIt was wet.\nIt dried.", "It rained.\n\nIt was wet.\n\nIt dried.", ("paragraphs",)),
        ("Tom &amp;quot;Tim&amp;quot; &#38; R&D AT&T", 'Tom "Tim" & R&D AT&T', ("entities",)),
        ("It rained.", "It rained.", ()),
    ],
)
def test_each_rule_levels_its_own(raw, shown, rules):
    found = normalise(raw, rules=RULES)
    assert (found.text, found.rules, found.removed) == (shown, rules, ())


@pytest.mark.parametrize(
    "mark",
    [
        "BERLIN (Reuters) -", "HARRISBURG, Pa. (AP) —", "NEW YORK, March 3 -", "ST. MARYS —",
        "LONDON, Jan 5 (Reuters) -",
        "PARIS/LYON (AFP) —", "(CNN) --", "Berlin (dpa) -", "MADRID, 5 Ene. (EUROPA PRESS) -", "(Reuters) -",
        "WASHINGTON, D.C. —",
    ],
)  # fmt: skip
def test_a_dateline_is_cut_and_told(mark):
    found = normalise(f"{mark} The mayor said so.", rules=RULES)
    assert found.text == "The mayor said so."
    assert "datelines" in found.rules
    assert len(found.removed) == 1
    assert found.removed[0][:4] == mark[:4]


@pytest.mark.parametrize(
    "mark",
    [
        "(Reporting by A. Doe in Berlin; Editing by C. Roe)", "Reporting by Ann Doe and Bo Roe; Editing by Cy Poe",
        "(AP)", "— AP",
        "Associated Press writer Ann Doe contributed to this report.", "###", "-30-",
        "Additional reporting by Ann Doe.",
        "(Bericht von A. Doe, redigiert von B. Roe)",
    ],
)  # fmt: skip
@pytest.mark.parametrize("between", [" ", "\n\n"])
def test_a_sign_off_is_cut_and_told(mark, between):
    if between == " " and mark[0] in "#-A":
        return  # these stand on a line of their own
    found = normalise(f"It rained. The mayor said so.{between}{mark}", rules=RULES)
    assert found.text == "It rained. The mayor said so."
    assert found.rules[-1] == "sign_offs"


def test_all_marks_of_a_text_are_cut():
    raw = "By Ann Doe\n\nUpdated, May 5\n\nBERLIN (Reuters) - It rained.\n\n(Reporting by Ann Doe)\n\n###"
    assert normalise(raw, rules=RULES).text == "It rained."


@pytest.mark.parametrize(
    "text",
    [
        "NATO - the alliance - said so.",
        "COVID-19 - The disease.",
        "By the river, it rained.\n\nIt dried.",
        "It rained.\n\nReporting by Spotlight PA found that the mayor lied.",
        "The mayor (Reuters said) left. He is of the AP",
        "He contributed to this report in 2020, he said.",
        "It rained. The end",
        "Updates are to come\n\nsoon.",
        "BERLIN (Reuters) -",
    ],
)
def test_words_of_the_story_stay(text):
    assert normalise(text, rules=RULES).text == text


@settings(max_examples=60)
@given(texts, st.sets(st.sampled_from(sorted(RULES))))
def test_twice_changes_nothing_whatever_the_rules(text, rules):
    once = normalise(text, rules=rules)
    again = normalise(once.text, rules=rules)
    assert (again.text, again.rules, again.removed) == (once.text, (), ())
    assert set(once.rules) <= rules
    assert bool(once.rules) == (once.text != text)


def list_words(text):
    return re.findall(r"[^\W_]+", text)


@settings(max_examples=60)
@given(texts)
def test_no_word_is_lost_but_by_the_rules_that_cut(text):
    kept = [rule for rule in RULES if rule not in CUTTING and rule not in ("entities", "characters")]
    assert list_words(normalise(text, rules=kept).text) == list_words(text)
    whole = normalise(text, rules=RULES_OF_VERSION_1)
    cut = normalise(whole.text, rules=CUTTING)
    assert list_words(cut.text) == list_words(whole.text) or cut.removed
    assert cut.text in whole.text  # what is left is one piece of it


@settings(max_examples=60)
@given(texts)
def test_paragraphs_hold_no_line_break_and_the_rest_is_plain(text):
    shown = normalise(text, rules=RULES).text
    assert not re.search(r"[“”‘’—–…\u00a0\u200b]|  ", shown)
    assert all("\n" not in paragraph for paragraph in shown.split("\n\n"))


def test_a_text_is_never_cut_to_nothing():
    for text in ("(AP)", "By Ann Doe", "###", "HARRISBURG — "):
        assert normalise(text, rules=RULES).text
