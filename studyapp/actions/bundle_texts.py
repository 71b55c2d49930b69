"""The texts of a loaded bundle: articles, candidates and the jobs they came from, stimuli, forms."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from studyapp.domain.article_text import MAX_LENGTHS, count_words, hash_content
from studyapp.domain.bundle_rows import BundleFaultError, RowCells
from studyapp.domain.counterbalancing import FORM_NAMES
from studyapp.domain.seeds import derive_seed
from studyapp.domain.study_design import StudyDesign
from studyapp.models import (
    Article,
    Candidate,
    DetectorRun,
    DetectorScore,
    GenerationJob,
    QuizForm,
    QuizFormItem,
    Stimulus,
    Study,
)

Rows = Iterator[tuple[int, dict[str, str]]]
Key = tuple[str, str]  # item, arm
BATCH = 500
COMPARED = ("title", "subtitle", "section", "source", "url", "published", "language", "stand_in")


def load_articles(rows: Rows, *, design: StudyDesign) -> None:
    """Store the bundle's articles that are not here yet; one that is here must be the same.

    Raises:
        BundleFaultError: an article is missing, or is here with another text or under another name.
    """
    faults: list[str] = []
    seen: set[str] = set()
    for number, row in rows:
        article = _read_article(RowCells(row, where=f"articles.csv: row {number}", faults=faults))
        seen.add(article.ref)
        if not faults and (clash := _find_clash(article)):
            faults.append(f"articles.csv: row {number}: {clash}")
        if not faults and not Article.objects.filter(ref=article.ref).exists():
            Article.objects.bulk_create([article])
    if missing := [ref for ref in (*design.articles.items, *design.articles.context) if ref not in seen]:
        faults.append(f"articles.csv: articles of the design are missing: {', '.join(missing[:10])}")
    _refuse(faults)


def _read_article(cells: RowCells) -> Article:
    article = Article(
        ref=cells.text("article", most=140, needed=True),
        title=cells.text("title", most=MAX_LENGTHS["title"], needed=True),
        subtitle=cells.text("subtitle", most=MAX_LENGTHS["subtitle"]),
        body=cells.text("body", most=MAX_LENGTHS["body"], needed=True),
        section=cells.text("section", most=MAX_LENGTHS["section"]),
        source=cells.text("source", most=MAX_LENGTHS["source"]),
        url=cells.text("url", most=MAX_LENGTHS["url"]),
        published=cells.day("published"),
        language=cells.text("language", most=20),
        stand_in=cells.needed_flag("stand_in"),
    )
    article.content_hash = hash_content(title=article.title, subtitle=article.subtitle, body=article.body)
    article.words = count_words(article.body)
    return article


def _find_clash(article: Article) -> str:
    """Why the article cannot stand beside those that are here; "" when it can, or is here and the same."""
    same_text = Article.objects.filter(content_hash=article.content_hash).first()
    if same_text is not None and same_text.ref != article.ref:
        return f"the article {article.ref!r} is in this database as {same_text.ref!r}; load into an empty database"
    same_name = Article.objects.filter(ref=article.ref).first()
    if same_name is None:
        return ""
    differing = [name for name in COMPARED if getattr(same_name, name) != getattr(article, name)]
    if same_name.content_hash != article.content_hash or same_name.body != article.body:
        differing.insert(0, "text")
    if not differing:
        return ""
    return f"another article {article.ref!r} is in this database (its {differing[0]} differs); load into an empty one"


def load_stimuli(study: Study, *, stimuli: Callable[[], Rows], candidates: Callable[[], Rows]) -> dict[str, Stimulus]:
    """Store jobs, candidates and stimuli; the stimuli by their code, without their texts.

    Raises:
        BundleFaultError: a row names what is not there, or a text is not the one that was frozen.
    """
    jobs = _make_jobs(study, stimuli())
    written = _load_candidates(candidates(), jobs=jobs)
    faults: list[str] = []
    items = {item.article.ref: item for item in study.items.select_related("article")}
    arms = {arm.name: arm for arm in study.arms.all()}
    frozen = _read_frozen_texts(study)
    made: dict[str, Stimulus] = {}
    for number, row in stimuli():
        cells = RowCells(row, where=f"stimuli.csv: row {number}", faults=faults)
        code, ref, arm = cells.text("stimulus", most=24, needed=True), row["item"], row["arm"]
        text = cells.text("text", needed=True)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        seed = cells.integer("seed")
        if ref not in items or (arm and arm not in arms):
            cells.refuse(f"the study has no item {ref!r} or no arm {arm!r}")
        elif frozen.get((ref, arm or None)) != sha256:
            cells.refuse("the text is not the one that was frozen at launch (SHA-256)")
        elif arm and (ref, arm, seed) not in written:
            cells.refuse(f"candidates.csv has no candidate of {ref!r} in {arm!r} with the seed {seed}")
        elif code in made or Stimulus.objects.filter(code=code).exists():
            cells.refuse(f"the stimulus {code!r} is in this database already: the study was loaded, or made, here")
        else:
            made[code] = Stimulus.objects.create(
                code=code,
                item=items[ref],
                arm=arms[arm] if arm else None,
                candidate_id=written[ref, arm, seed] if arm else None,
                text=text,
                words=cells.needed_integer("words", most=2**31 - 1),
                sha256=sha256,
                normalised=[name for name in cells.text("normalised", most=400).split(";") if name],
                normalisation_version=cells.text("normalisation_version", most=10),
            )
            made[code].text = ""
    _refuse(faults)
    return made


def load_detectors(study: Study, *, rows: Rows, stimuli: Mapping[str, Stimulus], at: datetime) -> None:
    """Store the scores of machine detectors, as a run that is done; nothing where there are none.

    Raises:
        BundleFaultError: a row names a stimulus that is not there, or a score that is none.
    """
    faults: list[str] = []
    scores: list[DetectorScore] = []
    run = DetectorRun(study=study, created_at=at, finished_at=at, state=DetectorRun.State.DONE)
    for number, row in rows:
        cells = RowCells(row, where=f"detectors.csv: row {number}", faults=faults)
        stimulus = stimuli.get(row["stimulus"])
        if stimulus is None:
            cells.refuse(f"stimuli.csv has no stimulus {row['stimulus']!r}")
        scores.append(
            DetectorScore(
                run=run,
                stimulus=stimulus,
                detector=cells.text("detector", most=40, needed=True),
                scorer=cells.text("scorer", most=200),
                given=cells.one_of("given", ("nothing", "title")),
                machine_when=cells.one_of("machine_when", ("high", "low")),
                score=cells.number("score", least=-1e12),
                tokens=cells.integer("tokens", most=2**31 - 1),
            )
        )
    _refuse(faults)
    if scores:
        run.save()
        DetectorScore.objects.bulk_create(scores, batch_size=BATCH)


def _read_frozen_texts(study: Study) -> dict[tuple[str, str | None], str]:
    """The SHA-256 of every text by item and arm, as the design was frozen with them."""
    try:
        return {(entry["item"], entry["arm"]): entry["sha256"] for entry in (study.frozen_design or {})["stimuli"]}
    except (KeyError, TypeError):
        raise BundleFaultError(["manifest.json: design: the stimuli with their SHA-256 are missing"]) from None


def _make_jobs(study: Study, rows: Rows) -> dict[Key, GenerationJob]:
    """A finished job for every model stimulus."""
    items = {item.article.ref: item for item in study.items.select_related("article")}
    arms = {arm.name: arm for arm in study.arms.all()}
    faults: list[str] = []
    jobs: dict[Key, GenerationJob] = {}
    for number, row in rows:
        cells = RowCells(row, where=f"stimuli.csv: row {number}", faults=faults)
        key = (row["item"], row["arm"])
        if not row["arm"]:
            continue
        wanted = cells.needed_integer("candidates", least=1, most=100_000)
        if key[0] not in items or key[1] not in arms or key in jobs:
            cells.refuse(f"{key[0]!r} in {key[1]!r} is no item and arm of the study, or stands here twice")
            continue
        jobs[key] = GenerationJob(
            arm=arms[key[1]], item=items[key[0]], candidates_wanted=wanted, state=GenerationJob.State.DONE
        )
    _refuse(faults)
    GenerationJob.objects.bulk_create(jobs.values())
    return jobs


def _load_candidates(rows: Rows, *, jobs: dict[Key, GenerationJob]) -> dict[tuple[str, str, int | None], int]:
    """Store the candidates; their ids by item, arm and seed."""
    faults: list[str] = []
    written: dict[tuple[str, str, int | None], int] = {}
    batch: list[tuple[Key, Candidate]] = []

    def store() -> None:
        Candidate.objects.bulk_create([candidate for _, candidate in batch])
        written.update({(*key, candidate.seed): candidate.pk for key, candidate in batch})
        batch.clear()

    for number, row in rows:
        cells = RowCells(row, where=f"candidates.csv: row {number}", faults=faults)
        key = (row["item"], row["arm"])
        if key not in jobs:
            cells.refuse(f"stimuli.csv has no text of {key[0]!r} in {key[1]!r}")
            continue
        batch.append((key, _read_candidate(cells, jobs[key])))
        _refuse(faults)
        if len(batch) >= BATCH:
            store()
    _refuse(faults)
    store()
    return written


def _read_candidate(cells: RowCells, job: GenerationJob) -> Candidate:
    values: dict[str, Any] = {
        "index": cells.needed_integer("index", most=100_000),
        "seed": cells.needed_integer("seed"),
        "text": cells.text("text"),
        "words": cells.needed_integer("words", most=2**31 - 1),
        "flags": cells.json("flags", list),
        "is_fit": cells.needed_flag("is_fit"),
        "measures": cells.json("measures", dict),
        "n_tokens": cells.needed_integer("n_tokens", most=2**31 - 1),
        "prompt_tokens": cells.integer("prompt_tokens", most=2**31 - 1),
        "model_version": cells.text("model_version", most=200),
        "seconds": cells.number("seconds") or 0.0,
        "prompt_sha256": cells.text("prompt_sha256", most=64),
        "rejected_reason": cells.text("rejected_reason", most=300),
        "rejected_at": cells.time("rejected_at"),
        "context": cells.json("context", list) if cells.text("context") else None,
    }
    return Candidate(job=job, **values)


def load_forms(study: Study) -> None:
    """Forms A and B as the frozen design has them, under the seed that the study's own makes.

    Raises:
        BundleFaultError: the design's forms do not show every item once.
    """
    frozen = (study.frozen_design or {}).get("forms")
    items = list(study.items.select_related("article"))
    refs = {item.article.ref for item in items}
    if not isinstance(frozen, dict) or set(frozen) != set(FORM_NAMES):
        raise BundleFaultError(["manifest.json: design: forms A and B are missing"])
    seed = derive_seed(study.seed, "forms", *(item.article.content_hash for item in items))
    for name in FORM_NAMES:
        sources = frozen[name] if isinstance(frozen[name], dict) else {}
        if set(sources) != refs or any(source not in ("human", "model") for source in sources.values()):
            raise BundleFaultError([f"manifest.json: design: form {name} does not show every item as human or model"])
        form = QuizForm.objects.create(study=study, name=name, seed=seed)
        QuizFormItem.objects.bulk_create(
            QuizFormItem(form=form, item=item, source=sources[item.article.ref]) for item in items
        )


def _refuse(faults: list[str]) -> None:
    if faults:
        raise BundleFaultError(faults)
