"""The records of a full bundle, which the report does not need: from them `load_bundle` builds the study again."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from studyapp.actions.export_rows import find_ids, list_answers
from studyapp.domain.bundle_cells import format_time, remove_ids
from studyapp.models import Article, Candidate, Study

Row = Mapping[str, object]
CHUNK = 500


def list_records(study: Study) -> dict[str, Iterable[Row]]:
    """The tables by their file, each read as it is written."""
    return {
        "articles.csv": _article_rows(study),
        "candidates.csv": _candidate_rows(study),
        "enrolments.csv": _enrolment_rows(study),
    }


def _article_rows(study: Study) -> Iterator[Row]:
    """The articles of the items, then those of the context, in the order of the design."""
    for rows in (study.items, study.context):
        for ref in rows.order_by("position").values_list("article__ref", flat=True):
            article = Article.objects.get(ref=ref)
            yield {
                "article": article.ref,
                "title": article.title,
                "subtitle": article.subtitle,
                "body": article.body,
                "section": article.section,
                "source": article.source,
                "url": article.url,
                "published": article.published,
                "language": article.language,
                "stand_in": article.stand_in,
            }


def _candidate_rows(study: Study) -> Iterator[Row]:
    candidates = (
        Candidate.objects.filter(job__arm__study=study)
        .select_related("job__arm", "job__item__article")
        .defer("job__item__article__body")
        .order_by("job__item__position", "job__arm__position", "index")
    )
    for candidate in candidates.iterator(chunk_size=CHUNK):
        yield {
            "item": candidate.job.item.article.ref,
            "arm": candidate.job.arm.name,
            "index": candidate.index,
            "seed": candidate.seed,
            "words": candidate.words,
            "flags": _write_json(candidate.flags),
            "is_fit": candidate.is_fit,
            "measures": _write_json(candidate.measures),
            "n_tokens": candidate.n_tokens,
            "prompt_tokens": candidate.prompt_tokens,
            "model_version": candidate.model_version,
            "seconds": candidate.seconds,
            "prompt_sha256": candidate.prompt_sha256,
            "rejected_reason": candidate.rejected_reason,
            "rejected_at": candidate.rejected_at,
            "text": candidate.text,
            "context": None if candidate.context is None else _write_json(candidate.context),
        }


ENROLMENT_FIELDS = {
    # column: where it stands
    "participant": "code",
    "order_seed": "assignment__order_seed",
    "consent_sha256": "consent_sha256",
    "started_at": "started_at",
    "last_seen_at": "last_seen_at",
    "withdrawn_at": "withdrawn_at",
    "debriefed_at": "debriefed_at",
    "internet_check_answer": "internet_check_answer",
    "left_at": "left_at",
    "comprehension_answers": "comprehension_answers",
    "dropout_reason": "dropout_reason",
    "screen_out_reason": "screen_out_reason",
    "attention_answers": "attention_answers",
    "exclusion_facts": "exclusion_facts",
    "agreed_again_at": "agreed_again_at",
}
ID_FIELDS = ("identity__external_id", "identity__session_id")


def _enrolment_rows(study: Study) -> Iterator[Row]:
    ids = find_ids(study)
    people = study.participants.order_by("id").values_list(*ENROLMENT_FIELDS.values(), *ID_FIELDS)
    answered = list_answers(study) if study.questions else None
    for values in people.iterator(chunk_size=CHUNK):
        row: dict[str, Any] = dict(zip((*ENROLMENT_FIELDS, *ID_FIELDS), values, strict=True))
        own = (row[ID_FIELDS[0]], row[ID_FIELDS[1]])
        row["internet_check_answer"] = remove_ids(row["internet_check_answer"], own=own, others=ids)
        for name in ("comprehension_answers", "attention_answers", "exclusion_facts"):
            row[name] = _write_json(row[name])
        row["question_answers"] = None
        if answered:
            given = next(answered)
            row["question_answers"] = _write_json(
                {name: {"answer": g.answer, "answered_at": format_time(g.answered_at)} for name, g in given.items()}
            )
        yield row


def _write_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
