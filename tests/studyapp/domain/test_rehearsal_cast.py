"""Who comes to a rehearsal: shares that few participants keep too, and people who are the same at every look."""

from collections import Counter
from dataclasses import replace

import pytest

from studyapp.domain.rehearsal_cast import Cast, Kind, describe_cast, draw_character, draw_effect, read_cast


@pytest.mark.parametrize("n", [40, 400])
def test_the_kinds_come_in_their_shares(n):
    cast = Cast()
    kinds = Counter(draw_character(cast, seed=3, number=number, n_items=10).kind for number in range(1, n + 1))
    for kind, share in cast.shares().items():
        assert kinds[kind] == pytest.approx(share * n, abs=2.1)
    assert kinds[Kind.STEADY] == pytest.approx(0.45 * n, abs=4)


def test_a_person_and_a_text_are_the_same_at_every_look():
    cast = Cast()
    first, again = (draw_character(cast, seed=3, number=7, n_items=10) for _ in range(2))
    assert first == again
    assert draw_character(cast, seed=4, number=7, n_items=10) != first
    human = draw_effect(cast, seed=3, item="a", arm="")
    assert human == draw_effect(cast, seed=3, item="a", arm="") != draw_effect(cast, seed=3, item="a", arm="large")


def test_who_drops_out_stops_before_the_end():
    cast = replace(Cast(), dropout=0.8, awkward=0, double_clicker=0, straight_liner=0, looker=0)
    characters = [draw_character(cast, seed=1, number=number, n_items=4) for number in range(200)]
    stops = {character.stops_after for character in characters if character.kind is Kind.DROPOUT}
    assert stops == {0, 1, 2, 3}
    assert {c.stops_after for c in characters if c.kind is not Kind.DROPOUT} == {None}


def test_a_cast_is_the_same_after_it_was_stored():
    cast = Cast(awkward=0.5, item_sd=0.1)
    assert read_cast(describe_cast(cast)) == cast


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"awkward": 0.9}, "come to 1"), ({"looker": -0.1}, "negative"), ({"item_sd": -1}, "negative")],
)
def test_a_cast_that_cannot_be_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        Cast(**changes)
