"""Articles to train on: read, rid of duplicates and of the study's own articles, and split for held-out loss."""

import csv
import gzip
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from datasketch import MinHash, MinHashLSH

from generator.overlap import list_words
from generator.prompts import Story, render_story

OVERLAP_WORDS = 13  # as in the published contamination study: shared runs of 13 words mark a text as seen
HELD_OUT_SHARE = 0.05
SUFFIXES = (".jsonl", ".jsonl.gz", ".csv", ".txt", ".txt.gz")
DOCUMENT_BREAK = "<|endoftext|>"  # a line of its own between the documents of a text file
NEAR_DUPLICATE = 0.7  # of the word 5-grams of two articles in common: the yearly guide with other dates
_SHINGLE_WORDS, _PERMUTATIONS = 5, 128
_LONGEST_FIELD = 10_000_000  # characters; the csv module's own limit is below a long article


class CorpusError(ValueError):
    """A file that cannot be read as articles; the message names the file and the line."""


@dataclass(frozen=True)
class CorpusArticle:
    """`ref` is the article's `id`, or is made of its hash where it has none; `section` and `source` may be empty."""

    ref: str
    story: Story
    section: str = ""
    source: str = ""

    @cached_property
    def sha256(self) -> str:
        """Of the rendered text, so that what a model would read alike is alike."""
        return hashlib.sha256(render_story(self.story).encode()).hexdigest()


@dataclass(frozen=True)
class Corpus:
    """Both parts in the order of their hashes: a shuffle that is the same whatever the order of files and rows."""

    train: tuple[CorpusArticle, ...]
    held_out: tuple[CorpusArticle, ...]
    n_duplicates: int
    n_near_duplicates: int
    excluded: tuple[str, ...]  # refs of articles that share a run of 13 words with a study article


def gather_corpus(files: Sequence[Path], *, exclude: Sequence[Path] = ()) -> Corpus:
    """Read the files, drop duplicates, near duplicates and what overlaps with the articles of `exclude`, and split.

    Raises:
        CorpusError: a file cannot be read, or fewer than two articles are left.
    """
    read = [article for path in files for article in read_articles(path)]
    distinct = drop_duplicates(read)
    unique = drop_near_duplicates(distinct)
    study = [article for path in exclude for article in read_articles(path)]
    overlapping = find_overlaps(unique, study=study)
    kept = [article for article in unique if article.sha256 not in overlapping]
    if len(kept) < 2:
        raise CorpusError(f"{len(kept)} articles are left to train on in {', '.join(map(str, files))}; two are needed")
    train, held_out = split_held_out(kept)
    excluded = tuple(article.ref for article in unique if article.sha256 in overlapping)
    return Corpus(
        train=train,
        held_out=held_out,
        n_duplicates=len(read) - len(distinct),
        n_near_duplicates=len(distinct) - len(unique),
        excluded=excluded,
    )


def read_articles(path: Path) -> list[CorpusArticle]:
    """Every article of a .jsonl, .jsonl.gz or .csv file (`title` and `body` required), or document of a .txt; UTF-8.

    Raises:
        CorpusError: no such file, no such kind of file, or a line that is no article.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise CorpusError(f"there is no file {path}") from None
    except (OSError, EOFError) as error:
        raise CorpusError(f"{path} cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CorpusError(f"{path}, line {line}: not UTF-8") from None
    if path.name.endswith((".txt", ".txt.gz")):
        return _read_documents(text, path)
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        rows = _read_json_lines(text, path)
    elif path.name.endswith(".csv"):
        rows = _read_csv(text, path)
    else:
        raise CorpusError(f"{path} is of no kind that can be read; use {', '.join(SUFFIXES)}")
    return [_parse_article(row, place=f"{path}, line {number}") for number, row in rows]


def _read_documents(text: str, path: Path) -> list[CorpusArticle]:
    """Documents of a text file, without titles; a line with the mark alone parts them."""
    parts = re.split(rf"^{re.escape(DOCUMENT_BREAK)}[ \t]*$", text.replace("\r\n", "\n"), flags=re.MULTILINE)
    bodies = [part.strip() for part in parts if part.strip()]
    if not bodies:
        raise CorpusError(f"{path} holds no text")
    stories = (Story(title="", subtitle="", body=body) for body in bodies)
    return [CorpusArticle(ref=f"{path.name}-{number}", story=story) for number, story in enumerate(stories, start=1)]


def _read_json_lines(text: str, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise CorpusError(f"{path}, line {number}: no JSON ({error})") from None
        if not isinstance(row, dict):
            raise CorpusError(f"{path}, line {number}: an object with title and body is needed")
        yield number, row


def _read_csv(text: str, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise CorpusError(f"{path}, line {reader.line_num}: as many fields as the header has are needed")
            yield reader.line_num, row
    except csv.Error as error:
        raise CorpusError(f"{path}, line {reader.line_num}: {error}") from None


def _parse_article(row: Mapping[str, Any], *, place: str) -> CorpusArticle:
    fields = {}
    for name in ("id", "title", "subtitle", "body"):
        value = row.get(name)
        if value is not None and not isinstance(value, str | int):
            raise CorpusError(f"{place}: '{name}' must be text, not {type(value).__name__}")
        fields[name] = "" if value is None else str(value).replace("\r\n", "\n").strip()
        if name in ("title", "body") and not fields[name]:
            raise CorpusError(f"{place}: '{name}' is missing or empty")
    # other people's corpora keep all kinds of things under these names; what is no text labels nothing
    labels = {name: row[name].strip() for name in ("section", "source") if isinstance(row.get(name), str)}
    try:
        article = CorpusArticle(ref=fields.pop("id"), story=Story(**fields), **labels)
        return article if article.ref else replace(article, ref=f"sha-{article.sha256[:12]}")
    except UnicodeEncodeError:
        raise CorpusError(f"{place}: half a surrogate pair, which is no Unicode text") from None


def drop_duplicates(articles: Iterable[CorpusArticle]) -> list[CorpusArticle]:
    """The first of each text, in order."""
    return list({article.sha256: article for article in reversed(list(articles))}.values())[::-1]


def drop_near_duplicates(articles: Iterable[CorpusArticle]) -> list[CorpusArticle]:
    """The first of each group of articles that share at least `NEAR_DUPLICATE` of their word 5-grams, in order.

    MinHash finds the pairs to look at (Broder 1997), and the Jaccard similarity of the 5-grams themselves decides, so
    that nothing is dropped by a collision.
    """
    kept: list[CorpusArticle] = []
    shingles: list[frozenset[bytes]] = []
    index = MinHashLSH(threshold=NEAR_DUPLICATE - 0.1, num_perm=_PERMUTATIONS)  # lower, so that few pairs are missed
    for article in articles:
        own = frozenset(" ".join(run).encode() for run in _list_runs(article, length=_SHINGLE_WORDS))
        sketch = MinHash(num_perm=_PERMUTATIONS)
        sketch.update_batch(list(own))
        if any(_measure_jaccard(own, shingles[place]) >= NEAR_DUPLICATE for place in index.query(sketch)):
            continue
        index.insert(len(kept), sketch)
        kept.append(article)
        shingles.append(own)
    return kept


def _measure_jaccard(left: frozenset[bytes], right: frozenset[bytes]) -> float:
    return len(left & right) / max(1, len(left | right))


def find_overlaps(articles: Iterable[CorpusArticle], *, study: Iterable[CorpusArticle]) -> set[str]:
    """Hashes of the articles that share a run of 13 words with a study article (letters and digits, case folded).

    A study article shorter than 13 words counts as one run. Brown et al. 2020, appendix C, use the same measure.
    """
    shown = {run for article in study for run in _list_runs(article)}
    if not shown:
        return set()
    lengths = {len(run) for run in shown}
    return {
        article.sha256
        for article in articles
        if any(run in shown for length in lengths for run in _list_runs(article, length=length))
    }


def _list_runs(article: CorpusArticle, *, length: int = OVERLAP_WORDS) -> Iterator[tuple[str, ...]]:
    words = list_words(article.story.body)
    length = min(length, len(words))
    return (tuple(words[start : start + length]) for start in range(len(words) - length + 1) if length)


def split_held_out(
    articles: Iterable[CorpusArticle], *, share: float = HELD_OUT_SHARE
) -> tuple[tuple[CorpusArticle, ...], tuple[CorpusArticle, ...]]:
    """Train and held-out articles. An article's own hash decides, so it stays where it is when others come or go.

    At least one article is held out.
    """
    ordered = sorted(articles, key=lambda article: article.sha256)
    bound = max(share * 2**32, int(ordered[0].sha256[:8], 16) + 1)
    n_held_out = sum(int(article.sha256[:8], 16) < bound for article in ordered)
    n_held_out = min(n_held_out, len(ordered) - 1)
    # ordered by hash, the held-out articles come first
    return tuple(ordered[n_held_out:]), tuple(ordered[:n_held_out])
