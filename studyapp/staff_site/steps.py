"""The guided line of a draft: its steps with what is done, derived from its rows each time a page is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.db.models import Count, Q

from studyapp.actions.launch import review_readiness
from studyapp.actions.quiz_forms import are_forms_balanced
from studyapp.actions.review import review_items
from studyapp.domain.launch_checklist import may_launch
from studyapp.domain.pay import judge_pay, parse_reward
from studyapp.model_files.checkpoints import list_shelf
from studyapp.model_files.offered_models import is_cached
from studyapp.models import GenerationJob, Stimulus, Study

State = Literal["done", "next", "problem", "todo"]
STATE_WORDS: dict[State, str] = {"done": "done", "next": "next", "problem": "to mend", "todo": "to do"}
PAGES = (
    ("study_articles", "Articles"),
    ("study_models", "Models"),
    ("study_generation", "Generation"),
    ("study_review", "Review"),
    ("study_texts", "Questions and texts"),
    ("study_recruitment", "Recruitment"),
    ("study_check", "Check"),
    ("study_launch", "Launch"),
)


@dataclass(frozen=True)
class Step:
    """A step as a page shows it; `why` says what is wrong, empty where nothing is."""

    number: int
    page: str
    name: str
    state: State
    detail: str
    why: str = ""

    @property
    def state_words(self) -> str:
        return STATE_WORDS[self.state]


@dataclass(frozen=True)
class Progress:
    """What a step's rows say: whether it is done, in short, and what must be mended first.

    `may_wait`: it is not done, and refuses no launch.
    """

    is_done: bool
    detail: str
    why: str = ""
    may_wait: bool = False


def find_steps(study: Study) -> tuple[Step, ...]:
    """Every step of a draft; the first that is neither done nor faulty is next."""
    facts = _Facts(study)
    found: list[Progress] = [look(facts) for look in _LOOKS]
    is_ready = all((progress.is_done or progress.may_wait) and not progress.why for progress in found)
    found.append(_look_at_checklist(study) if is_ready else Progress(False, "after the steps before"))
    found.append(Progress(False, "opens the study" if found[-1].is_done else "after the check"))
    steps, has_next = [], False
    for number, ((page, name), progress) in enumerate(zip(PAGES, found, strict=True), start=1):
        state: State = "problem" if progress.why else "done" if progress.is_done else "todo" if has_next else "next"
        has_next = has_next or state in ("next", "problem")
        steps.append(Step(number, page, name, state, progress.detail, progress.why))
    return tuple(steps)


def find_next_page(steps: tuple[Step, ...]) -> str:
    """Where somebody who takes the study up again should be."""
    return next((step.page for step in steps if step.state != "done"), steps[-1].page)


def find_neighbours(steps: tuple[Step, ...], page: str) -> tuple[Step | None, Step | None]:
    """The steps before and after a page; none where the page is no step."""
    here = next((index for index, step in enumerate(steps) if step.page == page), None)
    if here is None:
        return None, None
    return steps[here - 1] if here else None, steps[here + 1] if here + 1 < len(steps) else None


def find_missing_models(study: Study) -> list[str]:
    """The models that are neither on this machine's shelf nor in its cache; a worker elsewhere may still have them."""
    generators = [arm.generator for arm in study.arms.all() if arm.generator]
    if not generators:
        return []
    shelf = {checkpoint.folder for checkpoint in list_shelf()}
    return [generator for generator in generators if not is_model_there(generator, shelf)]


def is_model_there(generator: str, shelf: set[str]) -> bool:
    scheme, _, name = generator.partition(":")
    kind = scheme.removesuffix("-chat")
    if kind == "openai":
        return True
    return is_cached(name, settings.HUGGING_FACE_CACHE) if kind == "huggingface" else name in shelf


class _Facts:
    """The counts that several steps look at, each asked of the database once."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.arms = list(study.arms.all())
        self.n_items, self.n_context = study.items.count(), study.context.count()
        self.wanted = self.n_items * len(self.arms)
        states = GenerationJob.objects.of_study(study.pk).order_by().values_list("state").annotate(Count("id"))
        self.jobs: dict[str, int] = dict(states)


def _look_at_articles(facts: _Facts) -> Progress:
    if not facts.n_items:
        return Progress(False, "none chosen yet")
    detail = f"{facts.n_items} item{'' if facts.n_items == 1 else 's'}, {facts.n_context} context"
    if facts.n_items < 2:
        return Progress(False, detail, "Two forms need at least 2 items.")
    return Progress(True, detail)


def _look_at_models(facts: _Facts) -> Progress:
    if not facts.arms:
        return Progress(False, "no arm yet")
    controls = sum(arm.is_control for arm in facts.arms)
    n_arms = len(facts.arms)
    detail = f"{n_arms} arm{'' if n_arms == 1 else 's'}, {'a' if controls else 'no'} control"
    if silent := [arm.name for arm in facts.arms if not arm.generator]:
        return Progress(False, detail, f"No model is named for {', '.join(silent)}.")
    if missing := find_missing_models(facts.study):
        return Progress(True, detail, f"Not on this machine: {', '.join(missing)}.")
    return Progress(True, detail)


def _look_at_generation(facts: _Facts) -> Progress:
    written, failed = facts.jobs.get("done", 0), facts.jobs.get("failed", 0)
    detail = f"{written} of {facts.wanted} written" if facts.wanted else "after articles and models"
    why = f"{failed} text{'' if failed == 1 else 's'} failed; see why, and try again." if failed else ""
    return Progress(bool(facts.wanted) and written == facts.wanted, detail, why)


def _look_at_review(facts: _Facts) -> Progress:
    counts = Stimulus.objects.filter(item__study=facts.study).aggregate(
        human=Count("id", filter=Q(arm=None)), model=Count("id", filter=Q(arm__isnull=False))
    )
    if not counts["human"]:
        return Progress(False, "no text chosen yet")
    detail = f"{counts['model']} of {facts.wanted} texts chosen"
    unserved = facts.jobs.get("done", 0) - counts["model"]
    one = unserved == 1
    why = f"{unserved} text{'' if one else 's'} {'is' if one else 'are'} missing: no candidate is fit to show."
    why = why if unserved > 0 else ""
    is_complete = counts["model"] == facts.wanted and counts["human"] == facts.n_items
    if not are_forms_balanced(facts.study):
        return Progress(False, f"{detail}, no forms yet", why)
    if not is_complete:
        return Progress(False, detail, why)
    seen = sum(review.is_seen for review in review_items(facts.study))
    return Progress(seen == facts.n_items, f"{seen} of {facts.n_items} looked at", why, may_wait=True)


def _look_at_texts(facts: _Facts) -> Progress:
    study = facts.study
    texts = {
        "consent": study.consent_text,
        "instructions": study.instructions_text,
        "question": study.question_text,
        "debriefing": study.debriefing_text,
    }
    empty = [name for name, text in texts.items() if not text.strip()]
    rules = len(study.exclusion_rules)
    detail = f"{rules} exclusion rule{'' if rules == 1 else 's'}"
    return Progress(not empty, detail, f"Empty: {', '.join(empty)}." if empty else "")


def _look_at_recruitment(facts: _Facts) -> Progress:
    study = facts.study
    reward = parse_reward(study.reward)
    pay = judge_pay(reward, minutes=study.estimated_minutes) if reward else None
    detail = f"{study.platform}, {study.estimated_minutes} minute{'' if study.estimated_minutes == 1 else 's'}"
    if pay is not None and pay.least and pay.level == "below":
        return Progress(
            False,
            detail,
            f"{pay.rate} an hour is less than {pay.least}.",
        )
    return Progress(bool(study.contact.strip()), detail if study.contact.strip() else f"{detail}, no contact yet")


def _look_at_checklist(study: Study) -> Progress:
    findings = review_readiness(study)
    refused = sum(finding.level == "refuse" for finding in findings)
    warned = sum(finding.level == "warn" for finding in findings)
    detail = f"{warned} to mind" if warned else "all good"
    words = "finding refuses" if refused == 1 else "findings refuse"
    return Progress(may_launch(findings), detail, f"{refused} {words} the launch." if refused else "")


_LOOKS: tuple[Callable[[_Facts], Progress], ...] = (
    _look_at_articles,
    _look_at_models,
    _look_at_generation,
    _look_at_review,
    _look_at_texts,
    _look_at_recruitment,
)
