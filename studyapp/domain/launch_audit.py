"""Could anything but how a text is written tell its source, and what could the planned study find? Findings for launch.

Lengths, words shared with what people wrote, surface cues and traces are held against each arm's human versions.
"""

from collections.abc import Iterable
from statistics import fmean, stdev

from studyapp.domain.article_text import count_words
from studyapp.domain.launch_facts import ArmFacts, Finding, Level, StudyFacts, TextPair
from studyapp.domain.planned_precision import Detectable, detectable_difference, detectable_trend
from studyapp.domain.shared_runs import describe_run, mark_shared_runs
from studyapp.domain.source_traces import count_telling, find_traces
from studyapp.domain.surface_cues import LEAST_ITEMS, audit_cues

TOPICS = frozenset({"Prompts", "Lengths", "Overlap", "Blinding", "Traces"})  # what `check_stimuli` finds
LENGTH_TOLERANCE = 0.10  # share of the human mean by which an arm's mean length may differ before a warning
LONG_HUMAN_RUN = 12  # words: articles of one newsroom share at most 8 in a row (docs/fitness.md)
LONG_TRAINING_RUN = 32  # words: … and at most 31 with all others of the newsroom, where laws and statements are quoted
OVERLAP_TOLERANCE = 0.05  # share of an arm's texts that may hold such a run before a warning
SMALLEST_PUBLISHED_DIFFERENCE = 0.10  # from the control, between the published arms (86 and 76 %)


def check_stimuli(facts: StudyFacts) -> list[Finding]:
    """Everything that the texts themselves may give away, an arm at a time."""
    findings: list[Finding] = []
    for arm in facts.arms:
        if arm.pairs:
            findings += [
                *_check_shots(arm),
                _check_lengths(arm),
                *_check_overlap(arm),
                *_check_cues(arm),
                *_check_model_traces(arm),
            ]
    return [*findings, *_check_human_traces(facts)]


def _check_shots(arm: ArmFacts) -> list[Finding]:
    """An arm that is to stand for K articles in the context must have them there."""
    if arm.shots is None:
        return []
    told = f"{arm.name}: {arm.short_of_shots} of {arm.stimuli} texts were written with fewer than {arm.shots} articles"
    if arm.short_of_shots:
        words = (
            f"{told} before them, for want of room; take shorter ones, fewer of them, or a model of a longer context"
        )
        return [Finding("warn", "Prompts", f"{words}.")]
    return [Finding("pass", "Prompts", f"{arm.name}: every text was written with {arm.shots} articles before it.")]


def _check_lengths(arm: ArmFacts) -> Finding:
    """Length must tell nothing: an arm whose mean is off by more than the tolerance gives its source away."""
    human = fmean(count_words(pair.human) for pair in arm.pairs)
    differences = [count_words(pair.model) - count_words(pair.human) for pair in arm.pairs]
    mean = fmean(differences)
    level: Level = "warn" if abs(mean) > LENGTH_TOLERANCE * human else "pass"
    spread = f", SD {stdev(differences):.0f}" if len(differences) > 1 else ""
    words = f"words human:model {human:.0f}:{human + mean:.0f}, paired difference {mean:+.1f}{spread}"
    return Finding(level, "Lengths", f"{arm.name}: {words}.")


def _check_overlap(arm: ArmFacts) -> list[Finding]:
    human = [_find_human_run(pair) for pair in arm.pairs]
    training = [pair.training_run for pair in arm.pairs if pair.training_run is not None]
    findings = [_tell_overlap(arm, human, least=LONG_HUMAN_RUN, what="the human article")]
    if training:
        findings.append(_tell_overlap(arm, training, least=LONG_TRAINING_RUN, what="the model's training text"))
    return findings


def _find_human_run(pair: TextPair) -> int:
    return mark_shared_runs(pair.model, pair.human).longest_run if pair.human_run is None else pair.human_run


def _tell_overlap(arm: ArmFacts, runs: list[int], *, least: int, what: str) -> Finding:
    long = sum(run >= least for run in runs)
    level: Level = "warn" if long > OVERLAP_TOLERANCE * len(runs) else "pass"
    longest = describe_run(max(runs))
    return Finding(
        level,
        "Overlap",
        f"{arm.name}: {long} of {len(runs)} texts share {least} words in a row or more with {what} "
        f"(the longest run: {longest}).",
    )


def _check_cues(arm: ArmFacts) -> list[Finding]:
    """What a trivial classifier makes of an arm. A control is meant to be told apart, so for it this is no warning."""
    audit = audit_cues(tuple(pair.human for pair in arm.pairs), tuple(pair.model for pair in arm.pairs))
    if audit is None:
        return [Finding("pass", "Blinding", f"{arm.name}: fewer than {LEAST_ITEMS} items; no cue can be measured.")]
    right, low, high = (f"{100 * share:.0f}" for share in (audit.accuracy, audit.low, audit.high))
    numbers = f"{right} % of texts (95 % CI {low} to {high} %; chance 50 %), AUC {audit.auc:.2f}, p = {audit.p:.3f}"
    cue = audit.cues[0].tell()
    if not audit.is_telling:
        words = f"a classifier that only counts does not tell the sources apart: {numbers}. The strongest cue is {cue}"
        return [Finding("pass", "Blinding", f"{arm.name}: {words}.")]
    words = f"a classifier that only counts tells the sources apart: {numbers}. Most is given away by {cue}"
    if arm.is_control:
        return [Finding("pass", "Blinding", f"{arm.name}: {words}; a control is meant to be told.")]
    return [Finding("warn", "Blinding", f"{arm.name}: {words}. Participants could learn it.")]


def _check_model_traces(arm: ArmFacts) -> list[Finding]:
    counts = count_telling([pair.model for pair in arm.pairs], [pair.human for pair in arm.pairs])
    if not counts:
        return []
    return [Finding("warn", "Traces", f"{arm.name}: model texts that give themselves away: {_list_counts(counts)}.")]


def _check_human_traces(facts: StudyFacts) -> list[Finding]:
    """Marks of a human text that a model's version of the same item lacks, each text counted once."""
    versions: dict[str, list[str]] = {}
    for arm in facts.arms:
        for pair in arm.pairs:
            versions.setdefault(pair.human, []).append(pair.model)
    counts: dict[str, int] = {}
    for human, models in versions.items():
        for name in find_traces(human):
            if any(name not in find_traces(model) for model in models):
                counts[name] = counts.get(name, 0) + 1
    if not versions:
        return []
    if not counts:
        return [Finding("pass", "Traces", "No human text carries a mark that its model versions lack.")]
    return [Finding("warn", "Traces", f"Human texts that give themselves away: {_list_counts(counts)}.")]


def _list_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} ({n})" for name, n in counts.items())


def check_power(facts: StudyFacts) -> list[Finding]:
    """What the planned numbers can find, by the formula of `planned_precision`."""
    tested = [arm for arm in facts.arms if not arm.is_control]
    participants = 2 * facts.participants_per_cell
    if not tested or facts.n_items < 1:
        return []
    findings = []
    if len(tested) < len(facts.arms):
        found = detectable_difference(participants=participants, items=facts.n_items, n_tests=len(tested))
        level: Level = "warn" if found.high > SMALLEST_PUBLISHED_DIFFERENCE else "pass"
        words = f"{participants} participants an arm and {facts.n_items} items find a difference from the control of"
        compared = "; the smallest published one was 10" if level == "warn" else ""
        findings.append(Finding(level, "Power", f"{words} {_tell(found)} points with 80 % power{compared}."))
    sizes = [arm.n_params for arm in tested if arm.n_params]
    trend = detectable_trend(participants=participants, items=facts.n_items, sizes=sizes)
    if trend is not None:
        words = f"A fall from the smallest to the largest model of {_tell(trend)} points is found with 80 % power"
        findings.append(Finding("pass", "Power", f"{words}, for these articles and without scatter between models."))
    return findings


def _tell(found: Detectable) -> str:
    return _tell_range(100 * bound for bound in (found.low, found.high))


def _tell_range(bounds: Iterable[float]) -> str:
    low, high = (f"{bound:.1f}" for bound in bounds)
    return low if low == high else f"{low} to {high}"
