"""Which articles a study takes: the first of a list, or those that somebody ticked, and what to mind of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from studyapp.domain.article_text import fold_typography

Role = Literal["item", "context", "none"]
FAR_LENGTH = 2.0  # an article this many times longer or shorter than the mean stands out


@dataclass(frozen=True)
class ArticleChoice:
    """The articles of a study by their `ref`, in their order."""

    items: tuple[str, ...]
    context: tuple[str, ...]

    def say_role(self, ref: str) -> Role:
        return "item" if ref in self.items else "context" if ref in self.context else "none"


@dataclass(frozen=True)
class ChosenArticle:
    """What is looked at when articles are chosen."""

    ref: str
    title: str
    words: int
    language: str
    stand_in: bool


@dataclass(frozen=True)
class LengthSummary:
    """Words of several articles."""

    mean: float
    shortest: int
    longest: int


def take_first(refs: Sequence[str], *, n_context: int, n_items: int) -> ArticleChoice:
    """The first of a list as context, the next as items.

    Raises:
        ValueError: the list is too short; the message says by how much.
    """
    if n_context + n_items > len(refs):
        wanted = f"{n_items} items and {n_context} context article{'' if n_context == 1 else 's'} are wanted"
        raise ValueError(f"{wanted}, {n_context + n_items} in all, and {len(refs)} are there to choose from.")
    return ArticleChoice(items=tuple(refs[n_context : n_context + n_items]), context=tuple(refs[:n_context]))


def set_roles(choice: ArticleChoice, roles: Mapping[str, Role]) -> ArticleChoice:
    """The choice with some articles in another role; those that keep theirs stay in place, new ones come last."""
    return ArticleChoice(
        items=_place(choice.items, [ref for ref, role in roles.items() if role == "item"], roles, "item"),
        context=_place(choice.context, [ref for ref, role in roles.items() if role == "context"], roles, "context"),
    )


def _place(there: Iterable[str], wanted: Sequence[str], roles: Mapping[str, Role], role: Role) -> tuple[str, ...]:
    kept = [ref for ref in there if roles.get(ref, role) == role]
    return tuple(dict.fromkeys([*kept, *wanted]))


def arrange(choice: ArticleChoice, places: Mapping[str, float]) -> ArticleChoice:
    """The choice in the order of the numbers that were given; one without a number keeps its own (from 1)."""
    return ArticleChoice(items=_sort(choice.items, places), context=_sort(choice.context, places))


def _sort(refs: Sequence[str], places: Mapping[str, float]) -> tuple[str, ...]:
    """By number; where one is taken, who moved up goes before who had it, and who moved down behind."""
    own = {ref: float(number) for number, ref in enumerate(refs, start=1)}

    def place(ref: str) -> tuple[float, int, float]:
        said = places.get(ref, own[ref])
        return said, (said > own[ref]) - (said < own[ref]), own[ref]

    return tuple(sorted(refs, key=place))


def summarise_lengths(words: Sequence[int]) -> LengthSummary | None:
    """None where there is no article."""
    return LengthSummary(fmean(words), min(words), max(words)) if words else None


def flag_articles(articles: Sequence[ChosenArticle], *, language: str) -> dict[str, tuple[str, ...]]:
    """For every article what a researcher should mind of it, in words."""
    titles = Counter(_fold(article.title) for article in articles)
    mean = fmean(article.words for article in articles) if articles else 0.0
    return {
        article.ref: tuple(_flag(article, language=language, mean=mean, n_alike=titles[_fold(article.title)]))
        for article in articles
    }


def _flag(article: ChosenArticle, *, language: str, mean: float, n_alike: int) -> Iterable[str]:
    if n_alike > 1:
        yield "the same title twice"
    if article.language and article.language.split("-")[0].casefold() != language.split("-")[0].casefold():
        yield f"in “{article.language}”, the study is in “{language}”"
    if article.words > FAR_LENGTH * mean:
        yield "much longer than the others"
    elif article.words * FAR_LENGTH < mean:
        yield "much shorter than the others"
    if article.stand_in:
        yield "a machine-written stand-in"


def _fold(title: str) -> str:
    return " ".join(fold_typography(title).casefold().split())
