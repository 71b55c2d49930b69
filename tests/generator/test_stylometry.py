import numpy as np
import pytest

from generator.stylometry import StyleError, count_style, score_styles
from tests.generator.conftest import make_articles


def test_style_counts_are_those_counted_by_hand():
    text = "The cat sat. The cat sat! The cat sat down on it?"
    letters, mean, spread, different, repeated = count_style(text)
    assert letters == pytest.approx(35 / 12)
    assert (mean, spread) == pytest.approx((4.0, np.std([3, 3, 6])))
    assert different == pytest.approx(6 / 12)
    assert repeated == 0
    assert count_style("") == [0, 0, 0, 0, 0]


def _make_pairs(count: int, *, mark: str) -> tuple[list[str], list[str], list[bool]]:
    """Human and model texts of titles; a model's say `mark` after every sentence."""
    texts, titles, sources = [], [], []
    for number, row in enumerate(make_articles(2 * count, seed=5, words=40)):
        is_model = number % 2 == 1
        texts.append(row["body"].replace(".", f" {mark}.") if is_model else row["body"])
        titles.append(f"t{number // 2}")
        sources.append(is_model)
    return texts, titles, sources


def test_a_trait_of_the_models_is_found_on_titles_that_were_left_out():
    texts, titles, sources = _make_pairs(6, mark="indeed")
    scores = np.array(score_styles(texts, titles=titles, is_model=sources))
    assert scores[np.array(sources)].min() > scores[~np.array(sources)].max()


def test_a_title_never_trains_the_classifier_that_scores_it():
    """What only one title's model text says cannot tell it; in a fold of its own it would."""
    texts, titles, sources = _make_pairs(4, mark="")
    told = [text + " zyzzyva " * 30 if number < 2 else text for number, text in enumerate(texts)]  # both of title 0
    before, after = (score_styles(some, titles=titles, is_model=sources) for some in (texts, told))
    swapped = score_styles(told, titles=titles, is_model=[not source if t == "t0" else source for t, source in
                                                          zip(titles, sources, strict=True)])  # fmt: skip
    assert after[:2] == pytest.approx(swapped[:2])  # its own label is not known to it
    assert before != pytest.approx(after)


def test_too_few_titles_or_one_source_are_refused():
    texts, titles, sources = _make_pairs(3, mark="")
    with pytest.raises(StyleError, match="at least 4 titles, and there are 3"):
        score_styles(texts, titles=titles, is_model=sources)
    texts, titles, _ = _make_pairs(4, mark="")
    with pytest.raises(StyleError, match="both sources"):
        score_styles(texts, titles=titles, is_model=[False] * 8)
