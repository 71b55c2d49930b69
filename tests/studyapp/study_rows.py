"""A small study made through the real actions: articles, candidates as a worker stores them, launch, participants."""

import random
from datetime import UTC, datetime

from studyapp.actions import participation
from studyapp.actions.articles import import_articles
from studyapp.actions.generation import WrittenCandidate, claim_jobs, queue_jobs, store_candidates
from studyapp.actions.launch import launch_study, review_readiness
from studyapp.actions.quiz_forms import make_quiz_forms
from studyapp.actions.responses import Answer, AnswerOutcome, answer_trial
from studyapp.actions.selection import select_stimuli
from studyapp.actions.study import load_study
from studyapp.domain.article_file import ArticleFile, GoodRow
from studyapp.domain.article_text import ArticleFields
from studyapp.domain.judgment import Judgment
from studyapp.domain.study_design import StudyDesign, parse_design
from studyapp.models import Participant, Stimulus, Study
from studyapp.recruitment import Arrival

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def write_body(name: str, *, words: int = 60) -> str:
    """A body of `words` words in two paragraphs that says which article it is of."""
    text = [f"{name}-word-{number}" for number in range(words)]
    half = words // 2
    return " ".join(text[:half]) + ".\n\n" + " ".join(text[half:]) + "."


def make_articles(n: int, *, prefix: str = "story", stand_in: bool = False) -> list[str]:
    """Import `n` articles through station 1; their refs."""
    rows = tuple(
        GoodRow(
            line=number,
            article=ArticleFields(
                ref=f"{prefix}-{number}",
                title=f"Title of {prefix} {number}",
                subtitle=f"Subtitle of {prefix} {number}",
                body=write_body(f"{prefix}{number}"),
                section="Town" if number % 2 else "Sport",
                source="The Test Gazette",
                stand_in=stand_in,
            ),
        )
        for number in range(1, n + 1)
    )
    return list(import_articles(ArticleFile(good=rows, bad=(), ignored_columns=())).refs)


def make_design(refs: list[str], *, slug: str = "pilot", n_context: int = 1, **sections: dict) -> StudyDesign:
    """A design with a control and two sizes over `refs`; the first `n_context` of them are context."""
    mapping = {
        "study": {"slug": slug, "title": "Who wrote this?", "seed": 7},
        "texts": {"consent": "Consent.", "instructions": "Read.", "question": "Who?", "debriefing": "Thanks."},
        "targets": {"participants_per_cell": 3},
        "articles": {"context": refs[:n_context], "items": refs[n_context:], "candidates": 2},
        "arms": [
            {"name": "control", "control": True, "conditioned": False, "generator": "checkpoint:control",
             "n_params": 1000, "sampling": {"temperature": 1.4}},
            {"name": "small", "label": "Small", "n_params": 10_000, "generator": "checkpoint:small"},
            {"name": "large", "label": "Large", "n_params": 1_000_000, "generator": "checkpoint:large"},
        ],
    }  # fmt: skip
    for name, values in sections.items():
        mapping[name] = values if isinstance(values, list) else {**mapping.get(name, {}), **values}
    return parse_design(mapping)


def write_candidate(seed: int, *, words: int, text: str = "", is_fit: bool = True) -> WrittenCandidate:
    return WrittenCandidate(
        seed=seed,
        text=text or write_body(f"model{seed % 100_000}", words=words),
        flags=() if is_fit else ("repetition",),
        is_fit=is_fit,
        measures={},
        n_tokens=words,
        seconds=0.1,
        prompt_sha256="0" * 64,
    )


def finish_jobs(study: Study) -> None:
    """Do every queued job as a worker would, with texts of 58 and 63 words."""
    for job_id in queue_jobs(study):
        order = claim_jobs(job_id, now=NOW)[0]
        assert order is not None
        written = [
            write_candidate(seed, words=58 if number % 2 == 0 else 63) for number, seed in enumerate(order.seeds)
        ]
        assert store_candidates(order, written, now=NOW)


def make_draft(*, n_items: int = 4, slug: str = "pilot", **sections: dict) -> Study:
    """A draft with articles and arms, nothing generated yet."""
    return load_study(make_design(make_articles(n_items + 1, prefix=f"{slug}-story"), slug=slug, **sections))[0]


def make_launched(*, n_items: int = 4, slug: str = "pilot", **sections: dict) -> Study:
    """A study that participants can enter."""
    study = make_draft(n_items=n_items, slug=slug, **sections)
    finish_jobs(study)
    select_stimuli(study)
    make_quiz_forms(study)
    return launch(study)


def launch(study: Study) -> Study:
    """Launch a draft with every warning acknowledged."""
    return launch_study(study, now=NOW, acknowledged=[finding.key for finding in review_readiness(study)])


def enrol(study: Study, name: str, *, platform: str = "prolific", now: datetime = NOW) -> Participant:
    """Let the person of that name agree to take part."""
    arrival = Arrival(external_id=name, session_id="s")
    return participation.enrol(study, platform=platform, arrival=arrival, rng=random.Random(name), now=now)


def answer_all(participant: Participant, *, now: datetime = NOW) -> None:
    for trial in participant.trials.order_by("position"):
        assert answer_trial(trial, Answer(Judgment(2), None, ""), now=now) is AnswerOutcome.STORED


def make_staged(*, seconds: int = 30, **checks: object) -> Study:
    """A study that participants can enter, whose texts are shown in three stages, a paragraph each."""
    study = make_launched(checks={"reveal_stages": 3, "reveal_seconds": seconds, **checks})
    for stimulus in Stimulus.objects.all():
        words = stimulus.text.split()
        third = len(words) // 3
        parts = (words[:third], words[third : 2 * third], words[2 * third :])
        Stimulus.objects.filter(pk=stimulus.pk).update(text="\n\n".join(" ".join(part) for part in parts))
    return study
