"""Station 1: an article file becomes Article rows: all of it, or nothing of it without the user's word."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from studyapp.actions.audit import record
from studyapp.domain.article_file import ArticleFile, BadRow, GoodRow
from studyapp.models import Article, Study


@dataclass(frozen=True)
class Duplicate:
    """A row whose text is there already, as the article `ref`."""

    line: int
    ref: str


@dataclass(frozen=True)
class ImportOutcome:
    """What came of a file. `refs` names its articles in the file's order, imported now or there before."""

    imported: int
    duplicates: tuple[Duplicate, ...]
    bad: tuple[BadRow, ...]
    ignored_columns: tuple[str, ...]
    refs: tuple[str, ...]

    @property
    def is_refused(self) -> bool:
        """True when nothing was imported because rows were bad and the user had not said to skip them."""
        return bool(self.bad) and not self.refs


@dataclass(frozen=True)
class ImportPlan:
    """What an import of a file would store and would not. `refs` names its good articles in the file's order."""

    fresh: tuple[GoodRow, ...]
    duplicates: tuple[Duplicate, ...]
    bad: tuple[BadRow, ...]
    ignored_columns: tuple[str, ...]
    refs: tuple[str, ...]


def plan_import(file: ArticleFile) -> ImportPlan:
    """What is new in a file, what is there already, and what is wrong; nothing is stored.

    A row with the same text as an article that is there (or earlier in the file) is a duplicate; a row with another
    text under an id that is taken is bad.
    """
    known_hashes = dict(
        Article.objects.filter(content_hash__in=[row.article.content_hash for row in file.good]).values_list(
            "content_hash", "ref"
        )
    )
    taken = set(Article.objects.filter(ref__in=[row.article.ref for row in file.good]).values_list("ref", flat=True))
    fresh: list[GoodRow] = []
    duplicates: list[Duplicate] = []
    bad = list(file.bad)
    refs: list[str] = []
    for row in file.good:
        content_hash = row.article.content_hash
        if content_hash in known_hashes:
            duplicates.append(Duplicate(row.line, known_hashes[content_hash]))
        elif row.article.ref in taken:
            bad.append(BadRow(row.line, f"the id {row.article.ref!r} is taken by an article with another text"))
            continue
        else:
            taken.add(row.article.ref)
            known_hashes[content_hash] = row.article.ref
            fresh.append(row)
        refs.append(known_hashes[content_hash])
    bad.sort(key=lambda fault: fault.line)
    return ImportPlan(tuple(fresh), tuple(duplicates), tuple(bad), file.ignored_columns, tuple(dict.fromkeys(refs)))


@transaction.atomic
def import_articles(
    file: ArticleFile, *, skip_bad: bool = False, name: str = "", study: Study | None = None
) -> ImportOutcome:
    """Store the articles of a file. Locks nothing: two imports of one text meet at its unique content hash.

    With any bad row nothing is imported, unless `skip_bad` and there is a good one; what is new and what is bad,
    `plan_import` says. The log keeps the file's `name`, and the `study` on whose page it was imported (None: for
    whichever).
    """
    plan = plan_import(file)
    if plan.bad and not (skip_bad and plan.refs):
        return ImportOutcome(0, plan.duplicates, plan.bad, plan.ignored_columns, ())
    Article.objects.bulk_create([_build_article(row) for row in plan.fresh], batch_size=500)
    record(
        study,
        "imported_articles",
        file=name,
        imported=len(plan.fresh),
        there_already=len(plan.duplicates),
        bad_rows_left_out=len(plan.bad),
    )
    return ImportOutcome(len(plan.fresh), plan.duplicates, plan.bad, plan.ignored_columns, plan.refs)


def find_missing_refs(refs: Iterable[str]) -> list[str]:
    """The names among `refs` under which no article is stored."""
    wanted = list(refs)
    known = Article.objects.by_ref(wanted)
    return [ref for ref in wanted if ref not in known]


def _build_article(row: GoodRow) -> Article:
    fields = row.article
    return Article(
        ref=fields.ref,
        title=fields.title,
        subtitle=fields.subtitle,
        body=fields.body,
        section=fields.section,
        source=fields.source,
        url=fields.url,
        published=fields.published,
        language=fields.language,
        stand_in=fields.stand_in,
        content_hash=fields.content_hash,
        words=fields.words,
    )
