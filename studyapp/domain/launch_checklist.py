"""Whether a study is ready: each finding refuses the launch or warns, and says why."""

from collections import Counter
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from studyapp.domain.consent_parts import find_missing_parts
from studyapp.domain.languages import is_tag
from studyapp.domain.launch_audit import check_power, check_stimuli
from studyapp.domain.launch_facts import ArmFacts, Finding, Level, StudyFacts, TextPair, count
from studyapp.domain.pay import PayVerdict, is_far_off, judge_pay, parse_reward, propose_rewards
from studyapp.domain.study_texts import list_missing
from studyapp.domain.text_design import FLAG_MEANINGS

__all__ = [
    "ArmFacts",
    "Finding",
    "StudyFacts",
    "TextPair",
    "check_launch",
    "find_unacknowledged",
    "may_launch",
]

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
PRESS_SELECT = "press “Select texts by rule” on Review"
SMALL_TEST_ITEMS = 50  # below it, no number of participants can show equivalence to chance (STATISTICS §0.3)


def check_launch(facts: StudyFacts) -> list[Finding]:
    """Every finding, in the order in which one would mend them."""
    return [
        *_check_state(facts),
        *_check_articles(facts),
        *_check_texts(facts),
        *_check_consent(facts),
        *_check_data_protection(facts),
        *_check_languages(facts),
        *_check_recruitment(facts),
        *_check_pay(facts),
        *_check_arms(facts),
        *_check_review(facts),
        *check_stimuli(facts),
        *_check_forms(facts),
        *check_power(facts),
    ]


def may_launch(findings: Sequence[Finding]) -> bool:
    return all(finding.level != "refuse" for finding in findings)


def find_unacknowledged(findings: Sequence[Finding], acknowledged: Collection[str]) -> list[Finding]:
    """The warnings whose keys are not among those that were acknowledged."""
    return [finding for finding in findings if finding.level == "warn" and finding.key not in acknowledged]


def _check_state(facts: StudyFacts) -> list[Finding]:
    if facts.state != "draft":
        return [Finding("refuse", "State", f"The study is {facts.state}; only a draft can be launched.")]
    return []


def _check_articles(facts: StudyFacts) -> list[Finding]:
    findings = []
    if facts.n_items < 2:
        findings.append(Finding("refuse", "Items", f"{count(facts.n_items, 'item')}; two forms need at least 2."))
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
        stand_ins = count(facts.stand_in_items, "machine-written stand-in")
        findings.append(Finding("warn", "Articles", f"{stand_ins} among the articles: a demonstration, no study."))
    return findings


def _check_texts(facts: StudyFacts) -> list[Finding]:
    texts = {
        "consent": facts.consent,
        "instructions": facts.instructions,
        "question": facts.question,
        "debriefing": facts.debriefing,
    }
    return [
        Finding("refuse", "Texts", f"The {name} text is empty; participants must be given one.")
        for name, text in texts.items()
        if not text.strip()
    ]


def _check_consent(facts: StudyFacts) -> list[Finding]:
    if not facts.consent.strip():
        return []
    if facts.language.split("-")[0].casefold() != "en":
        words = f"Whether the consent text names its necessary parts is only checked in English, not {facts.language}"
        return [Finding("warn", "Consent", f"{words}; check it yourself.")]
    missing = find_missing_parts(facts.consent, beside=facts.contact)
    if missing:
        return [Finding("warn", "Consent", f"The text does not seem to say: {', '.join(missing)}.")]
    return [Finding("pass", "Consent", "The text names the parts that a consent needs.")]


def _check_data_protection(facts: StudyFacts) -> list[Finding]:
    if facts.protection_missing:
        words = f"The page for participants does not say: {', '.join(facts.protection_missing)}"
        return [Finding("warn", "Data protection", f"{words}.")]
    return [Finding("pass", "Data protection", "The page for participants says everything that it has room for.")]


def _check_languages(facts: StudyFacts) -> list[Finding]:
    """Nobody agrees to what they cannot read; what else is not translated is read in the study's own language."""
    findings = []
    if not is_tag(facts.language):
        words = f"“{facts.language}” is no language as browsers know it; write it as en, de or pt-BR"
        findings.append(Finding("refuse", "Languages", f"{words}."))
    for spoken in facts.further_texts:
        missing = list_missing(spoken)
        if "consent" in missing:
            words = f"{spoken.language}: the consent text is not translated; translate it, or take the language out"
            findings.append(Finding("refuse", "Languages", f"{words}. Not translated: {', '.join(missing)}."))
        elif missing:
            words = f"{spoken.language}: not translated, and so read in {spoken.own}: {', '.join(missing)}"
            findings.append(Finding("warn", "Languages", f"{words}."))
        else:
            findings.append(Finding("pass", "Languages", f"{spoken.language}: every text is translated."))
    for language in facts.languages_unspoken:
        words = f"{language}: buttons, answers and notices are not there in this language, and will be in English"
        findings.append(Finding("warn", "Languages", f"{words}."))
    return findings


def _check_recruitment(facts: StudyFacts) -> list[Finding]:
    reward = f"“{facts.reward}”" if facts.reward.strip() else "no reward"
    findings = [_check_promise(facts, reward=reward)]
    if not facts.contact.strip():
        findings.append(Finding("warn", "Contact", "None is given, so participants have nobody to write to."))
    findings += [Finding("refuse", "Platform", gap) for gap in facts.platform_gaps]
    if urlsplit(facts.site_url).hostname in LOCAL_HOSTS:
        findings.append(
            Finding(
                "warn",
                "Link",
                f"It begins with {facts.site_url}, which only this machine reaches: see docs/deploy.md.",
            )
        )
    return findings


def _check_promise(facts: StudyFacts, *, reward: str) -> Finding:
    """What participants are told of time and reward; a time far from what the texts should take misleads them."""
    said = f"Participants are told: about {facts.estimated_minutes} minutes, and {reward}."
    needed = facts.minutes_needed
    if needed is None or not is_far_off(facts.estimated_minutes, needed):
        return Finding("pass", "Promise", said)
    words = f"Reading and answering should take about {needed:.0f}: promise what it takes, or pilot it"
    return Finding("warn", "Promise", f"{said} {words}.")


def _check_pay(facts: StudyFacts) -> list[Finding]:
    is_panel = facts.platform == "prolific"
    unpaid: Level = "warn" if is_panel else "pass"
    if not facts.reward.strip():
        worth = " or ".join(map(str, propose_rewards(facts.estimated_minutes)))
        words = f"set the reward ({facts.estimated_minutes} minutes are worth {worth} at the recommended pay)"
        return [Finding("warn", "Pay", f"No payment is promised: {words}.")]
    amount = parse_reward(facts.reward)
    if amount is None:
        words = f"“{facts.reward}” names no single sum that could be read, as “USD 6” or “£4.50” would"
        return [Finding(unpaid, "Pay", f"{words}; the pay an hour is not checked.")]
    verdict = judge_pay(amount, minutes=facts.estimated_minutes)
    return [_tell_pay(verdict, minutes=facts.estimated_minutes, is_panel=is_panel)]


def _tell_pay(verdict: PayVerdict, *, minutes: int, is_panel: bool) -> Finding:
    said = f"{verdict.rate} an hour, at {minutes} minutes"
    match verdict.level:
        case "unknown":
            words = f"no least pay is known here for {verdict.rate.currency}, so hold it against your own rules"
            return Finding("warn", "Pay", f"{said}; {words}.")
        case "below":
            words = f"less than the least of {verdict.least} (recommended: {verdict.recommended})"
            rule = ", which the platform does not allow" if is_panel else ""
            return Finding("refuse" if is_panel else "warn", "Pay", f"{said}; {words}{rule}.")
        case "low":
            return Finding("warn", "Pay", f"{said}; above the least, below the recommended {verdict.recommended}.")
        case "high":
            words = f"{verdict.times_recommended:.1f} times the recommended {verdict.recommended}"
            return Finding("warn", "Pay", f"{said}; {words}: are the reward and the minutes right?")
    return Finding("pass", "Pay", f"{said}; at least the recommended {verdict.recommended}.")


def _check_arms(facts: StudyFacts) -> list[Finding]:
    findings = []
    if not facts.arms:
        findings.append(Finding("refuse", "Arms", "The study has no arm."))
    elif not any(arm.is_control for arm in facts.arms):
        findings.append(Finding("warn", "Arms", "No control arm: nothing shows that participants paid attention."))
    for arm in facts.arms:
        findings += _check_arm(arm, n_items=facts.n_items)
    if facts.human_stimuli < facts.n_items:
        missing = facts.n_items - facts.human_stimuli
        findings.append(
            Finding("refuse", "Stimuli", f"{count(missing, 'item')} without a human text yet: {PRESS_SELECT}.")
        )
    if facts.stimuli_of_older_rules:
        older = count(facts.stimuli_of_older_rules, "text")
        words = f"{older} levelled by an earlier version of the rules"
        findings.append(Finding("refuse", "Stimuli", f"{words}: {PRESS_SELECT} again."))
    return findings


def _check_arm(arm: ArmFacts, *, n_items: int) -> list[Finding]:
    findings = []
    if arm.jobs_unfinished:
        findings.append(Finding("refuse", "Generation", f"{arm.name}: {count(arm.jobs_unfinished, 'text')} to come."))
    if missing := n_items - arm.stimuli:
        way = f"generate, or ask for more candidates on Review where none is fit to show; then {PRESS_SELECT}"
        words = f"{missing} of {n_items} items have no model text; {way}"
        findings.append(Finding("refuse", "Stimuli", f"{arm.name}: {words}."))
    if arm.flags:
        counted = sorted(Counter(arm.flags).items())
        counts = ", ".join(f"{FLAG_MEANINGS.get(flag, flag)} ({n})" for flag, n in counted)
        findings.append(Finding("warn", "Stimuli", f"{arm.name}: texts with flags, read them first: {counts}."))
    if not arm.is_control and arm.n_params is None:
        findings.append(Finding("warn", "Arms", f"{arm.name}: without n_params it is left out of the size curve."))
    return findings


def _check_review(facts: StudyFacts) -> list[Finding]:
    findings = []
    if facts.items_flagged:
        flagged = count(facts.items_flagged, "item")
        words = f"{flagged} flagged by a reviewer: take out what is flagged, or take the flag back"
        findings.append(Finding("warn", "Review", f"{words}."))
    unseen = facts.n_items - facts.items_looked_at
    if unseen > 0:
        words = f"{unseen} of {facts.n_items} items have texts that nobody has looked at"
        findings.append(Finding("warn", "Review", f"{words}."))
    elif facts.n_items:
        findings.append(Finding("pass", "Review", "Somebody has looked at every item's texts."))
    return findings


def _check_forms(facts: StudyFacts) -> list[Finding]:
    if facts.forms_balanced:
        return [Finding("pass", "Forms", "Forms A and B mirror each other, half and half.")]
    words = "press “Make forms A and B” on Review once all texts are chosen"
    return [Finding("refuse", "Forms", f"Forms A and B are missing or unbalanced; {words}.")]
