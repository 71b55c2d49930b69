"""Which files a bundle of each kind has, and their columns.

`codebook.CODEBOOK` is the format that the study and the analysis share. Beside it stand the records, from which
`load_bundle` builds a study again (only in full bundles, and never opened by the report), and the columns that a public
bundle has in place of times.
"""

from collections.abc import Sequence

from studyapp.domain.codebook import CODEBOOK, COLUMNS, SCHEMA_VERSION
from studyapp.domain.public_release import Column
from studyapp.domain.question_columns import FILE, list_coarsening, list_question_entries
from studyapp.domain.questions import Question

__all__ = ["COLUMNS", "RECORDS", "SCHEMA_VERSION", "TABLE_NAMES", "describe_columns", "list_codebook"]

Entry = tuple[str, str, str, str, str, str]

RECORDS_CODEBOOK: list[Entry] = [
    # file, column, type, unit, values, meaning
    ("articles.csv", "article", "text", "", "", "the human article's id, which names its item"),
    ("articles.csv", "title", "text", "", "", "its title"),
    ("articles.csv", "subtitle", "text", "", "", "its subtitle"),
    ("articles.csv", "body", "text", "", "", "its text as it was imported"),
    ("articles.csv", "section", "text", "", "", "the newspaper section"),
    ("articles.csv", "source", "text", "", "", "where it was published"),
    ("articles.csv", "url", "text", "", "", "its address"),
    ("articles.csv", "published", "text", "", "", "the day it was published, ISO date"),
    ("articles.csv", "language", "text", "", "", "its language"),
    ("articles.csv", "stand_in", "flag", "", "0;1", "1 for a fictional text of a demonstration"),
    ("candidates.csv", "item", "text", "", "", "the item it was written for"),
    ("candidates.csv", "arm", "text", "", "", "the arm whose model wrote it"),
    ("candidates.csv", "index", "integer", "", ">= 0", "its number among the item's candidates in the arm"),
    ("candidates.csv", "seed", "integer", "", ">= 0", "the seed that makes it again"),
    ("candidates.csv", "words", "integer", "words", ">= 0", "length of the text"),
    ("candidates.csv", "flags", "JSON", "", "", "what was found wrong with it"),
    ("candidates.csv", "is_fit", "flag", "", "0;1", "1 when no flag forbids showing it"),
    ("candidates.csv", "measures", "JSON", "", "", "what the flags follow from"),
    ("candidates.csv", "n_tokens", "integer", "tokens", ">= 0", "length in tokens"),
    ("candidates.csv", "prompt_tokens", "integer", "tokens", ">= 0", "length of its prompt; empty = not counted"),
    ("candidates.csv", "model_version", "text", "", "", "the exact version of the model; empty = a checkpoint's own"),
    ("candidates.csv", "seconds", "number", "seconds", ">= 0", "how long it took to write"),
    ("candidates.csv", "prompt_sha256", "text", "", "", "SHA-256 of its prompt"),
    ("candidates.csv", "rejected_reason", "text", "", "", "why a reviewer set it aside; empty = not"),
    ("candidates.csv", "rejected_at", "time", "", "", "when, UTC"),
    ("candidates.csv", "text", "text", "", "", "the text, whether it was chosen or not"),
    ("candidates.csv", "context", "JSON", "", "", "ids of the articles in its prompt, in their order; empty = unknown"),
    ("enrolments.csv", "participant", "text", "", "", "who"),
    ("enrolments.csv", "order_seed", "integer", "", ">= 0", "the seed their trials were ordered by"),
    ("enrolments.csv", "consent_sha256", "text", "", "", "SHA-256 of the consent text they agreed to"),
    ("enrolments.csv", "started_at", "time", "", "", "when the instructions were done, UTC; empty = not"),
    ("enrolments.csv", "last_seen_at", "time", "", "", "their last sign of life, UTC"),
    ("enrolments.csv", "withdrawn_at", "time", "", "", "when they withdrew, UTC; empty = not"),
    ("enrolments.csv", "debriefed_at", "time", "", "", "when the debriefing was first shown, UTC; empty = not"),
    ("enrolments.csv", "internet_check_answer", "text", "", "", "what they typed for the internet check"),
    ("enrolments.csv", "left_at", "time", "", "", "when they dropped out or were screened out, UTC; empty = not"),
    ("enrolments.csv", "comprehension_answers", "JSON", "", "", "their choices (from 0), a list for each try"),
    ("enrolments.csv", "dropout_reason", "text", "", "", "what the platform said of their leaving"),
    ("enrolments.csv", "screen_out_reason", "text", "", "", "why they were not sought; empty = they were"),
    (
        "enrolments.csv", "attention_answers", "JSON", "", "",
        "of each attention check that was shown, in their order: shown_at, answer (from 1), answered_at (null = not)",
    ),
    ("enrolments.csv", "exclusion_facts", "JSON", "", "", "by rule that was broken: what led to it, and its bound"),
    ("enrolments.csv", "agreed_again_at", "time", "", "", "when they agreed again, debriefed, UTC; empty = not asked"),
    ("enrolments.csv", "question_answers", "JSON", "", "", "of each own question: answer, and answered_at"),
]  # fmt: skip

PUBLIC_CODEBOOK: list[Entry] = [
    ("participants.csv", "completed_after", "integer", "minutes", ">= 0", "whole minutes from consent to the end"),
    ("trials.csv", "shown_after", "integer", "minutes", ">= 0", "whole minutes from their consent to the page"),
    ("trials.csv", "answered_after", "integer", "minutes", ">= 0", "whole minutes from their consent to the answer"),
]

RECORDS = tuple(dict.fromkeys(file for file, *_ in RECORDS_CODEBOOK))
TABLE_NAMES = (*COLUMNS, *RECORDS)  # of every bundle's every table


def list_codebook(*, public: bool, questions: Sequence[Question] = ()) -> list[Entry]:
    """Every column of a bundle of that kind, in the order of its files; its study's own questions come last."""
    entries = [*CODEBOOK, *(PUBLIC_CODEBOOK if public else RECORDS_CODEBOOK), *list_question_entries(questions)]
    files = list(dict.fromkeys(file for file, *_ in entries))
    return sorted(entries, key=lambda entry: files.index(entry[0]))


def describe_columns(*, public: bool, questions: Sequence[Question] = ()) -> dict[str, list[Column]]:
    """The columns of each table of a bundle of that kind, in their order."""
    coarsening = {(FILE, question.name): list_coarsening(question) for question in questions}
    tables: dict[str, list[Column]] = {}
    for file, column, kind, _, values, _ in list_codebook(public=public, questions=questions):
        steps = coarsening.get((file, column), ())
        tables.setdefault(file, []).append(Column(column, kind, values, steps))
    return tables
