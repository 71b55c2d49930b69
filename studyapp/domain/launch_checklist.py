"""Whether a study is ready: each finding refuses the launch or warns, and says why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal
from urllib.parse import urlsplit

Level = Literal["refuse", "warn", "pass"]
LENGTH_TOLERANCE = 0.10  # share of the human mean by which an arm's mean length may differ before a warning
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
SMALL_TEST_ITEMS = 50  # below it, no number of participants can show equivalence to chance (STATISTICS §0.3)


@dataclass(frozen=True)
class ArmFacts:
    """What is stored for an arm when its launch is asked for: `flags` of all its texts, lengths in words an item."""

    name: str
    is_control: bool
    has_n_params: bool
    generator: str
    stimuli: int
    jobs_unfinished: int
    flags: tuple[str, ...]
    model_words: tuple[int, ...]


@dataclass(frozen=True)
class StudyFacts:
    """What is stored for a study when its launch is asked for."""

    state: str
    n_items: int
    n_context: int
    human_stimuli: int
    human_words: tuple[int, ...]
    forms_balanced: bool
    stand_in_items: int
    consent: str
    instructions: str
    question: str
    debriefing: str
    estimated_minutes: int
    reward: str
    contact: str
    site_url: str
    arms: tuple[ArmFacts, ...]


@dataclass(frozen=True)
class Finding:
    """One line of the checklist."""

    level: Level
    topic: str
    message: str


def check_launch(facts: StudyFacts) -> list[Finding]:
    """Every finding, in the order in which one would mend them."""
    return [
        *_check_state(facts),
        *_check_articles(facts),
        *_check_texts(facts),
        *_check_recruitment(facts),
        *_check_arms(facts),
        *_check_lengths(facts),
        *_check_forms(facts),
    ]


def may_launch(findings: Sequence[Finding]) -> bool:
    return all(finding.level != "refuse" for finding in findings)


def _check_state(facts: StudyFacts) -> list[Finding]:
    if facts.state != "draft":
        return [Finding("refuse", "State", f"The study is {facts.state}; only a draft can be launched.")]
    return []


def _check_articles(facts: StudyFacts) -> list[Finding]:
    findings = []
    if facts.n_items < 2:
        findings.append(Finding("refuse", "Items", f"{facts.n_items} items; two forms need at least 2."))
    elif facts.n_items < SMALL_TEST_ITEMS:
        findings.append(
            Finding(
                "warn",
                "Items",
                f"{facts.n_items} items: with fewer than {SMALL_TEST_ITEMS}, the answer holds for these articles, and "
                "no number of participants can show that people are at chance.",
            )
        )
    if facts.n_context == 0 and any(not arm.is_control for arm in facts.arms):
        findings.append(Finding("warn", "Context", "No context articles; the published study put three before each."))
    if facts.stand_in_items:
        findings.append(
            Finding(
                "warn",
                "Articles",
                f"{facts.stand_in_items} of the articles are machine-written stand-ins: a demonstration, no study.",
            )
        )
    return findings


def _check_texts(facts: StudyFacts) -> list[Finding]:
    texts = {"consent": facts.consent, "instructions": facts.instructions, "question": facts.question}
    findings = [
        Finding("refuse", "Texts", f"The {name} text is empty; participants must be given one.")
        for name, text in texts.items()
        if not text.strip()
    ]
    if not facts.debriefing.strip():
        findings.append(Finding("refuse", "Texts", "The debriefing text is empty; participants must be given one."))
    return findings


def _check_recruitment(facts: StudyFacts) -> list[Finding]:
    reward = f"“{facts.reward}”" if facts.reward.strip() else "no reward"
    findings = [
        Finding("pass", "Promise", f"Participants are told: about {facts.estimated_minutes} minutes, and {reward}.")
    ]
    if not facts.contact.strip():
        findings.append(Finding("warn", "Contact", "None is given, so participants have nobody to write to."))
    if urlsplit(facts.site_url).hostname in LOCAL_HOSTS:
        findings.append(
            Finding(
                "warn",
                "Link",
                f"It begins with {facts.site_url}, which only this machine reaches: see docs/deploy.md.",
            )
        )
    return findings


def _check_arms(facts: StudyFacts) -> list[Finding]:
    findings = []
    if not facts.arms:
        findings.append(Finding("refuse", "Arms", "The study has no arm."))
    elif not any(arm.is_control for arm in facts.arms):
        findings.append(Finding("warn", "Arms", "No control arm: nothing shows that participants paid attention."))
    for arm in facts.arms:
        if arm.jobs_unfinished:
            findings.append(Finding("refuse", "Generation", f"{arm.name}: {arm.jobs_unfinished} articles to come."))
        missing = facts.n_items - arm.stimuli
        if missing:
            findings.append(
                Finding(
                    "refuse",
                    "Stimuli",
                    f"{arm.name}: {missing} of {facts.n_items} items have no model text; generate, then select.",
                )
            )
        if arm.flags:
            counts = ", ".join(f"{n} x {flag}" for flag, n in sorted(Counter(arm.flags).items()))
            findings.append(Finding("warn", "Stimuli", f"{arm.name}: texts with flags, read them first: {counts}."))
        if not arm.is_control and not arm.has_n_params:
            findings.append(Finding("warn", "Arms", f"{arm.name}: without n_params it is left out of the size curve."))
    if facts.human_stimuli < facts.n_items:
        missing = facts.n_items - facts.human_stimuli
        findings.append(Finding("refuse", "Stimuli", f"{missing} items have no human text yet; select makes them."))
    return findings


def _check_lengths(facts: StudyFacts) -> list[Finding]:
    """Length must tell nothing: an arm whose mean is off by more than the tolerance gives its source away."""
    if not facts.human_words:
        return []
    human = fmean(facts.human_words)
    findings = []
    for arm in facts.arms:
        if not arm.model_words:
            continue
        model = fmean(arm.model_words)
        level: Level = "warn" if abs(model - human) > LENGTH_TOLERANCE * human else "pass"
        findings.append(Finding(level, "Lengths", f"{arm.name}: words human:model {human:.0f}:{model:.0f}."))
    return findings


def _check_forms(facts: StudyFacts) -> list[Finding]:
    if facts.forms_balanced:
        return [Finding("pass", "Forms", "Forms A and B mirror each other, half and half.")]
    return [Finding("refuse", "Forms", "Forms A and B are missing or unbalanced; make them once all texts are chosen.")]
