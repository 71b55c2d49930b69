"""The tables of a bundle as rows, read from the database a few at a time."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from django.db.models import QuerySet

from studyapp.actions.detection import find_exported_run
from studyapp.bundle.format import describe_columns, list_codebook
from studyapp.domain.attention import GivenAnswer, judge_answers
from studyapp.domain.bundle_cells import format_time, remove_ids
from studyapp.domain.public_release import PublicPeople, PublicRules, make_trial_publisher
from studyapp.domain.question_columns import format_answer
from studyapp.domain.questions import Answer
from studyapp.domain.reading_time import measure_seconds
from studyapp.models import PlatformIdentity, QuestionAnswer, Stimulus, Study, Trial

Row = Mapping[str, object]
CHUNK = 2000  # rows that a database cursor hands over at once
LEAST_ID = 6  # characters: a shorter id of somebody else may be any number or word of a comment
PEOPLE_CHUNK = 200  # participants of a public version whose trials are read at once
PARTICIPANT_FIELDS = {
    # column: where it stands
    "participant": "code",
    "arm": "assignment__arm__name",
    "form": "assignment__form__name",
    "status": "status",
    "excluded": "excluded",
    "exclusion_reasons": "exclusion_reasons",
    "simulated": "simulated",
    "enrolled_at": "enrolled_at",
    "completed_at": "completed_at",
    "looked_up": "looked_up",
    "block": "assignment__block",
    "comprehension_passed": "comprehension_passed",
    "comprehension_tries": "comprehension_answers",  # a list for each try
    "language": "language",
    "attention_asked": "attention_answers",  # counted, as is attention_failed
}
TRIAL_FIELDS = {
    # column: where it stands, seen from the trial; `source`, `seconds` and the ids follow below
    "participant": "participant__code",
    "arm": "participant__assignment__arm__name",
    "form": "participant__assignment__form__name",
    "item": "stimulus__item__article__ref",
    "stimulus": "stimulus__code",
    "source": "stimulus__arm_id",
    "position": "position",
    "judgment": "response__judgment",
    "seen_before": "response__seen_before",
    "shown_at": "shown_at",
    "answered_at": "response__answered_at",
    "active_seconds": "response__active_seconds",
    "focus_losses": "response__focus_losses",
    "comment": "response__comment",
    "stages_shown_at": "stages_shown_at",
    "beside": "beside__code",
    "first": "first",
    "page_seconds": "response__page_seconds",
    "answer_changes": "response__answer_changes",
    "pastes": "response__pastes",
    "viewport": "response__viewport",
    "input": "response__input_kind",
}
DETECTOR_FIELDS = ("detector", "scorer", "given", "machine_when", "score", "tokens")
ANSWER_FIELDS = ("participant_id", "question", "answer", "answered_at")
ID_FIELDS = ("participant__identity__external_id", "participant__identity__session_id")


def list_codebook_entries(study: Study, *, public: bool) -> Iterator[Row]:
    for entry in list_codebook(public=public, questions=study.own_questions):
        yield dict(zip(("file", "column", "type", "unit", "values", "meaning"), entry, strict=True))


def list_arms(study: Study) -> Iterator[Row]:
    for arm in study.arms.all():
        yield {
            "arm": arm.name,
            "label": arm.label,
            "n_params": arm.n_params,
            "is_control": arm.is_control,
            "generator": arm.generator,
            "sampling": json.dumps({**arm.sampling, "conditioned": arm.conditioned}, sort_keys=True),
            "shots": arm.use.get("shots"),
            "use": json.dumps(arm.use, sort_keys=True, ensure_ascii=False),
        }


def list_items(study: Study) -> Iterator[Row]:
    human_words = dict(
        Stimulus.objects.filter(item__study=study, arm=None).values_list("item_id", "words")
    )  # of the text as it was shown
    for item in study.items.select_related("article").defer("article__body"):
        article = item.article
        yield {
            "item": article.ref,
            "title": article.title,
            "subtitle": article.subtitle,
            "section": article.section,
            "source": article.source,
            "human_words": human_words.get(item.pk, article.words),
        }


def list_stimuli(study: Study, *, rename: Callable[[str], str]) -> Iterator[Row]:
    stimuli = Stimulus.objects.of_study(study.pk).select_related("arm", "candidate__job").defer("candidate__text")
    for stimulus in stimuli.iterator(chunk_size=CHUNK):
        candidate = stimulus.candidate
        yield {
            "stimulus": rename(stimulus.code),
            "item": stimulus.item.article.ref,
            "arm": stimulus.arm.name if stimulus.arm else None,
            "words": stimulus.words,
            "seed": candidate.seed if candidate else None,
            "candidates": candidate.job.candidates_wanted if candidate else None,
            "text": stimulus.text,
            "normalised": ";".join(stimulus.normalised),
            "normalisation_version": stimulus.normalisation_version,
            "shots": len(candidate.context) if candidate and candidate.context is not None else None,
        }


def list_detector_scores(study: Study, *, rename: Callable[[str], str]) -> Iterator[Row]:
    """The scores of the newest run that is done; none where there is none."""
    run = find_exported_run(study)
    if run is None:
        return
    for stimulus, *values in run.scores.values_list("stimulus__code", *DETECTOR_FIELDS).iterator(chunk_size=CHUNK):
        yield {"stimulus": rename(stimulus), **dict(zip(DETECTOR_FIELDS, values, strict=True))}


def list_participants(study: Study) -> Iterator[Row]:
    participants = study.participants.order_by("id").values_list(*PARTICIPANT_FIELDS.values())
    questions = study.own_questions
    answered = list_answers(study)
    for values in participants.iterator(chunk_size=CHUNK):
        row = dict(zip(PARTICIPANT_FIELDS, values, strict=True))
        row["exclusion_reasons"] = ";".join(row["exclusion_reasons"])
        row["comprehension_tries"] = len(row["comprehension_tries"]) if study.comprehension else None
        row |= _count_attention(study, row["attention_asked"])
        if questions:
            answers = next(answered)
            row |= {q.name: format_answer(q, answers[q.name].answer if q.name in answers else None) for q in questions}
        yield row


def _count_attention(study: Study, answers: list[dict[str, Any]]) -> Row:
    if not study.attention:
        return {"attention_asked": None, "attention_failed": None}
    found = judge_answers(study.attention_questions, [GivenAnswer(**entry) for entry in answers])
    return {"attention_asked": found.asked, "attention_failed": found.failed}


@dataclass(frozen=True)
class OwnAnswer:
    """What somebody said to one of the study's own questions, and when; free words without ids of a platform."""

    answer: Answer
    answered_at: datetime


def list_answers(study: Study) -> Iterator[dict[str, OwnAnswer]]:
    """The answers to the study's own questions, an entry for every participant in the order of `list_participants`."""
    ids = find_ids(study) if study.questions else frozenset()
    fields = ("pk", "identity__external_id", "identity__session_id")
    people = study.participants.order_by("id").values_list(*fields).iterator(chunk_size=CHUNK)
    typed = {question.name for question in study.own_questions if question.is_typed}
    while chunk := list(islice(people, CHUNK)):
        given: dict[int, dict[str, OwnAnswer]] = {pk: {} for pk, *_ in chunk}
        own = {pk: (external, session) for pk, external, session in chunk}
        rows = QuestionAnswer.objects.filter(
            participant__study=study, participant_id__gte=chunk[0][0], participant_id__lte=chunk[-1][0]
        )
        for pk, name, answer, at in rows.values_list(*ANSWER_FIELDS):
            if name in typed and isinstance(answer, str):
                answer = remove_ids(answer, own=own[pk], others=ids)
            given[pk][name] = OwnAnswer(answer, at)
        yield from given.values()


def find_ids(study: Study) -> frozenset[str]:
    """The platform's ids of a study's participants, casefolded, so that none leaves in a comment."""
    rows = PlatformIdentity.objects.filter(participant__study=study).values_list("external_id", "session_id")
    return frozenset(
        name.casefold() for row in rows.iterator(chunk_size=CHUNK) for name in row if len(name) >= LEAST_ID
    )


def list_trials(study: Study) -> Iterator[Row]:
    """The trials of a study, participant by participant."""
    yield from _read_trials(Trial.objects.filter(participant__study=study), ids=find_ids(study))


def list_public_trials(study: Study, people: PublicPeople, *, rules: PublicRules) -> Iterator[Row]:
    """Trials in the order of the new codes: a few participants' are read at a time, and put in that order."""
    publish = make_trial_publisher(describe_columns(public=True)["trials.csv"], rules=rules)
    ids = find_ids(study)
    for begin in range(0, len(people.origins), PEOPLE_CHUNK):
        chunk = people.origins[begin : begin + PEOPLE_CHUNK]
        trials = Trial.objects.filter(participant__study=study, participant__code__in=[code for code, _ in chunk])
        own = {code: list(rows) for code, rows in groupby(_read_trials(trials, ids=ids), key=_name_participant)}
        for code, consented_at in chunk:
            for row in own.get(code, ()):
                yield publish(row, consented_at)


def _name_participant(row: Row) -> object:
    return row["participant"]


def _read_trials(trials: QuerySet[Trial], *, ids: frozenset[str]) -> Iterator[Row]:
    fields = (*TRIAL_FIELDS.values(), *ID_FIELDS)
    for values in trials.order_by("participant_id", "position").values_list(*fields).iterator(chunk_size=CHUNK):
        yield _describe_trial(dict(zip((*TRIAL_FIELDS, *ID_FIELDS), values, strict=True)), ids=ids)


def _describe_trial(row: dict[str, Any], *, ids: frozenset[str]) -> Row:
    row["source"] = "human" if row["source"] is None else "model"
    row["seconds"] = measure_seconds(shown_at=row["shown_at"], answered_at=row["answered_at"])
    row["stages_shown_at"] = ";".join(format_time(datetime.fromisoformat(at)) for at in row["stages_shown_at"])
    if row["comment"]:
        row["comment"] = remove_ids(row["comment"], own=(row[ID_FIELDS[0]], row[ID_FIELDS[1]]), others=ids)
    return row
