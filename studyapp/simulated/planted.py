"""What a rehearsal has planted, worked out again from its rows: who came, what each read, and what that leads to."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean, median, quantiles

from django.db.models import Count

from studyapp.domain.exclusion import Bounds, ParticipantFacts, TextFacts, decide_exclusion
from studyapp.domain.judgment import Judgment
from studyapp.domain.pay import estimate_time, parse_reward
from studyapp.domain.rehearsal_cast import Character, Kind, draw_effect
from studyapp.domain.rehearsal_verdict import ArmPlant, Plant
from studyapp.domain.simulated_rater import find_d_prime, find_side, share_right, weigh_text
from studyapp.domain.simulated_reading import FASTEST_WPM, HURRIED_SECONDS
from studyapp.models import Arm, Assignment, Participant, Response, Stimulus, Study
from studyapp.simulated.crowd import Crowd, cast_number, list_numbers, plant_accuracies

SITE_SECONDS = 3.0  # that a busy site may take over an answer
BROKEN_BY_LOOKERS = ("internet_check", "looked_up")


@dataclass(frozen=True)
class Expectation:
    """Of one participant's accuracy, given what they read and which answers were neutral; None without a judged one."""

    mean: float | None
    variance: float


@dataclass(frozen=True)
class ReadText:
    """A text that somebody answered. `side`: -1 where it is the model's of a pair and stands first, 1 otherwise."""

    source: str
    effect: float
    is_judged: bool
    side: int = 1


def gather_plant(crowd: Crowd, *, n_items: int) -> Plant:
    """The plant of a rehearsal, once everybody has been sent."""
    study = crowd.study
    people = list(
        Participant.objects.filter(study=study).select_related("identity", "assignment__arm", "assignment__form")
    )
    characters = {p.pk: cast_number(crowd, int(p.identity.external_id), n_items=n_items) for p in people}
    dropouts = [character for character in characters.values() if character.stops_after is not None]
    completed = len(people) - len(dropouts)
    accuracies = plant_accuracies(study)
    excluded = _count_exclusions(study, characters)
    return Plant(
        arms=tuple(
            _plant_arm(crowd, arm, planted=accuracies[arm.pk], people=people, characters=characters)
            for arm in study.arms.all()
        ),
        completed=completed,
        dropouts=len(dropouts),
        exclusions=excluded,
        answers=completed * n_items + sum(character.stops_after or 0 for character in dropouts),
        stored_answers=Response.objects.filter(trial__participant__study=study).count(),
        cells=_count_cells(study),
    )


def describe_kinds(crowd: Crowd, *, n_items: int) -> dict[str, int]:
    """How many of each kind came."""
    counts = Counter(cast_number(crowd, n, n_items=n_items).kind.value for n in list_numbers(crowd.study))
    return {kind.value: counts[kind.value] for kind in Kind}


def describe_times(study: Study, page_seconds: list[float]) -> dict[str, float | None]:
    """How long the pages took in truth, the simulated people by their own account, and reading by the words."""
    people = study.participants.filter(status=Participant.Status.COMPLETED)
    minutes_taken = [person.minutes for person in people if person.minutes is not None]
    words = list(Stimulus.objects.filter(item__study=study).values_list("words", flat=True))
    minutes = estimate_time(words, n_shown=study.items_read).total
    reward = parse_reward(study.reward)
    return {
        "pages": len(page_seconds),
        "page_median_ms": round(1000 * median(page_seconds), 1) if page_seconds else None,
        "page_95_ms": round(1000 * quantiles(page_seconds, n=20)[-1], 1) if len(page_seconds) > 1 else None,
        "minutes_taken": round(median(minutes_taken), 1) if minutes_taken else None,
        "minutes_to_read": round(minutes, 1),
        "minutes_promised": study.estimated_minutes,
        "pay_an_hour": float(reward.per_hour(minutes).value) if reward else None,
    }


def expect_accuracy(character: Character, texts: list[ReadText], *, accuracy: float, dilution: float) -> Expectation:
    """Of one participant, over their judged texts."""
    judged = [text for text in texts if text.is_judged]
    if not judged:
        return Expectation(None, 0.0)
    if character.kind is Kind.STRAIGHT_LINER:
        line = character.line - Judgment.DONT_KNOW
        return Expectation(fmean((text.source == "model") == (text.side * line > 0) for text in judged), 0.0)
    d_prime = find_d_prime(accuracy, dilution=dilution) + character.sensitivity
    shares = [
        share_right(
            weigh_text(
                d_prime=d_prime,
                leaning=text.side * (character.leaning or 0.0),
                source=text.source,
                effect=text.effect,
            ),
            source=text.source,
        )
        for text in judged
    ]
    return Expectation(fmean(shares), sum(share * (1 - share) for share in shares) / len(shares) ** 2)


def _plant_arm(
    crowd: Crowd, arm: Arm, *, planted: float, people: list[Participant], characters: dict[int, Character]
) -> ArmPlant:
    """Of those in the arm who completed and whom no rule excludes."""
    analysed = [
        p for p in people if p.assignment.arm_id == arm.pk and p.status == p.Status.COMPLETED and not p.excluded
    ]
    texts: dict[int, list[ReadText]] = {p.pk: [] for p in analysed}
    responses = Response.objects.filter(trial__participant__in=analysed).select_related(
        "trial__stimulus__item__article", "trial__stimulus__arm"
    )
    for response in responses:
        stimulus = response.trial.stimulus
        name = stimulus.arm.name if stimulus.arm else ""
        effect = draw_effect(crowd.cast, seed=crowd.seed, item=stimulus.item.article.ref, arm=name)
        is_judged = response.judgment != Judgment.DONT_KNOW
        texts[response.trial.participant_id].append(
            ReadText(stimulus.source, effect, is_judged, side=find_side(response.trial.first))
        )
    found = [
        expect_accuracy(characters[p.pk], texts[p.pk], accuracy=planted, dilution=crowd.cast.dilution) for p in analysed
    ]
    scored = [(each.mean, each.variance) for each in found if each.mean is not None]
    return ArmPlant(
        arm=arm.name,
        label=arm.label or arm.name,
        n_params=arm.n_params,
        is_control=arm.is_control,
        planted=planted,
        expected=fmean(mean for mean, _ in scored) if scored else None,
        variance=sum(variance for _, variance in scored) / len(scored) ** 2 if scored else 0.0,
        participants=len(scored),
    )


def _count_exclusions(study: Study, characters: dict[int, Character]) -> dict[str, int]:
    """What the cast breaks on purpose, by the study's own rules: who looks things up, and who does not read."""
    lookers = sum(character.kind is Kind.LOOKER for character in characters.values())
    careless = sum(_fails_attention(study, character) for character in characters.values())
    planted = {**dict.fromkeys(BROKEN_BY_LOOKERS, lookers), "attention": careless}
    hurried = sum(character.kind is Kind.STRAIGHT_LINER for character in characters.values())
    if (breaks := _find_speed_verdict(study)) is not None:
        planted["too_fast"] = hurried if breaks else 0
    return {rule: planted[rule] for rule in study.exclusion_rules if rule in planted}


def _find_speed_verdict(study: Study) -> bool | None:
    """Whether the rule of speed leaves out who does not read, and nobody else; None where that hangs on single texts.

    The server's clock counts its own time too, so that a few seconds must change nothing.
    """
    at_once = _judge_speed(study, lambda words: HURRIED_SECONDS)
    hurried = at_once | _judge_speed(study, lambda words: HURRIED_SECONDS + SITE_SECONDS)
    reading = _judge_speed(study, lambda words: 60 * words / FASTEST_WPM)
    return hurried == {True} if len(hurried) == 1 and reading == {False} else None


def _judge_speed(study: Study, take: Callable[[int], float]) -> set[bool]:
    """What the rule says of each text of the study alone, if somebody takes so long over its words."""
    texts = Stimulus.objects.filter(item__study=study).values_list("words", flat=True)
    pairs = 2 if study.is_paired else 1  # of which both are read, and which are about as long as one another
    verdicts = set()
    for words in {pairs * n for n in texts}:
        seconds = max(take(words), study.pace.find_least(words))
        facts = ParticipantFacts("", (), None, texts=(TextFacts(answer=1, words=words, seconds=seconds),))
        bounds = Bounds(**study.exclusion_bounds)
        verdicts.add(decide_exclusion(rules=["too_fast"], facts=facts, bounds=bounds).excluded)
    return verdicts


def _fails_attention(study: Study, character: Character) -> bool:
    """A straight-liner gives one answer to everything, which may be the right one."""
    checks = study.attention_questions
    failed = sum(asked.right != character.answer_blindly(n_answers=asked.n_answers) for asked in checks)
    fails_from = Bounds(**study.exclusion_bounds).attention_failed
    return character.kind is Kind.STRAIGHT_LINER and failed >= fails_from


def _count_cells(study: Study) -> tuple[tuple[str, int, int], ...]:
    """Every arm x form with its target and those who completed in it and count towards it."""
    rows = Assignment.objects.filter(participant__study=study, participant__status=Participant.Status.COMPLETED)
    if study.replaces_excluded:
        rows = rows.exclude(participant__excluded=True)
    completed = {
        (row["arm_id"], row["form_id"]): row["n"] for row in rows.values("arm_id", "form_id").annotate(n=Count("id"))
    }
    forms = list(study.quiz_forms.all())
    return tuple(
        (f"{arm.name}, {form}", arm.target_per_cell, completed.get((arm.pk, form.pk), 0))
        for arm in study.arms.all()
        for form in forms
    )
