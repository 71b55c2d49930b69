"""The verdict of the rules that a study declared before launch, on one participant's stored facts."""

from collections.abc import Iterable

from studyapp.domain.attention import judge_answers
from studyapp.domain.exclusion import RULES_OF_LEAVERS, Bounds, ParticipantFacts, TextFacts, decide_exclusion
from studyapp.domain.judgment import Judgment, find_choice
from studyapp.models import Participant, Trial


def judge_participant(participant: Participant, *, rules: Iterable[str]) -> None:
    """Set the verdict on the row, with the reasons and what led to each. The caller holds the row, and saves it."""
    study = participant.study
    verdict = decide_exclusion(
        rules=list(rules), facts=gather_facts(participant), bounds=Bounds(**study.exclusion_bounds)
    )
    participant.excluded = verdict.excluded
    participant.exclusion_reasons = list(verdict.reasons)
    participant.exclusion_facts = {name: dict(facts) for name, facts in verdict.facts.items()}


def judge_leaver(participant: Participant) -> None:
    """Of somebody who leaves before the end, the rules that say something of that; nothing where none is declared."""
    rules = [rule for rule in participant.study.exclusion_rules if rule in RULES_OF_LEAVERS]
    if rules:
        judge_participant(participant, rules=rules)


def gather_facts(participant: Participant) -> ParticipantFacts:
    """All that a rule may look at, of what is stored."""
    study = participant.study
    trials = participant.trials.select_related("stimulus", "beside", "response").defer("stimulus__text", "beside__text")
    return ParticipantFacts(
        internet_check_answer=participant.internet_check_answer,
        internet_check_solutions=tuple(study.list_solutions()),
        looked_up=participant.looked_up,
        comprehension_passed=participant.comprehension_passed,
        comprehension_tries=participant.comprehension_tries,
        attention=judge_answers(study.attention_questions, participant.attention_given),
        texts=tuple(_describe(trial) for trial in trials.order_by("position")),
    )


def _describe(trial: Trial) -> TextFacts:
    """What was chosen on the page: of a pair, by where the texts stood, so that one side throughout is seen."""
    words = trial.stimulus.words + (trial.beside.words if trial.beside else 0)
    response = getattr(trial, "response", None)
    if response is None:
        return TextFacts(answer=None, words=words)
    response.trial = trial
    chosen = response.judgment if not trial.first else find_choice(Judgment(response.judgment), first=trial.first)
    return TextFacts(answer=int(chosen), words=words, seconds=response.seconds)
