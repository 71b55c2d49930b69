import pytest

from studyapp.domain.article_choice import (
    ArticleChoice,
    ChosenArticle,
    arrange,
    flag_articles,
    set_roles,
    summarise_lengths,
    take_first,
)

CHOICE = ArticleChoice(items=("a", "b", "c", "d", "e"), context=("x",))


def test_the_first_are_context_and_the_next_items():
    choice = take_first(["a", "b", "c", "d"], n_context=1, n_items=2)
    assert choice == ArticleChoice(items=("b", "c"), context=("a",))
    with pytest.raises(ValueError, match="4 items and 1 context article are wanted, 5 in all, and 4"):
        take_first(["a", "b", "c", "d"], n_context=1, n_items=4)


def test_roles_change_only_what_they_name_and_new_ones_come_last():
    changed = set_roles(CHOICE, {"b": "none", "c": "item", "d": "context", "new": "item"})
    assert changed == ArticleChoice(items=("a", "c", "e", "new"), context=("x", "d"))
    assert [changed.say_role(ref) for ref in ("a", "d", "b")] == ["item", "context", "none"]


@pytest.mark.parametrize(
    ("places", "order"),
    [
        ({}, "abcde"),
        ({"e": 3}, "abecd"),  # becomes the third
        ({"b": 5}, "acdeb"),  # becomes the fifth
        ({"a": 2, "b": 1}, "bacde"),
        ({"a": 99}, "bcdea"),
        ({"e": 1, "d": 1}, "deabc"),
    ],
)
def test_a_place_is_where_the_article_comes_to_stand(places, order):
    assert "".join(arrange(CHOICE, places).items) == order


def test_lengths_are_summed_up():
    summary = summarise_lengths([100, 200, 300])
    assert (summary.mean, summary.shortest, summary.longest) == (200, 100, 300)
    assert summarise_lengths([]) is None


def test_what_one_should_mind_of_an_article_is_said_in_words():
    articles = [
        ChosenArticle("plain", "One", 200, "en-GB", stand_in=False),
        ChosenArticle("twin-1", "The  same “title”", 210, "", stand_in=False),
        ChosenArticle("twin-2", 'the same "Title"', 190, "en", stand_in=False),
        ChosenArticle("german", "Drei", 200, "de", stand_in=True),
        ChosenArticle("long", "Four", 900, "en", stand_in=False),
        ChosenArticle("short", "Five", 60, "en", stand_in=False),
    ]
    flags = flag_articles(articles, language="en")
    assert flags["plain"] == ()
    assert flags["twin-1"] == flags["twin-2"] == ("the same title twice",)
    assert flags["german"] == ("in “de”, the study is in “en”", "a machine-written stand-in")
    assert (flags["long"], flags["short"]) == (("much longer than the others",), ("much shorter than the others",))
    assert flag_articles([], language="en") == {}
