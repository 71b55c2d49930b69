"""A study's rows from its design, and its design from its rows."""

from typing import Any

from django.db import transaction

from studyapp.actions.articles import find_missing_refs
from studyapp.actions.audit import record
from studyapp.actions.roles import own_new_study
from studyapp.domain.debriefing import Debriefing
from studyapp.domain.exclusion import Bounds
from studyapp.domain.study_design import (
    Checks,
    DesignError,
    Identity,
    Recruitment,
    Selection,
    StudyDesign,
    Targets,
)
from studyapp.domain.study_sections import Fault, describe_section
from studyapp.domain.study_texts import Texts
from studyapp.domain.text_design import ArmDesign, Fitness, Normalisation
from studyapp.models import Arm, Article, Candidate, ContextArticle, Item, Study


class StudyExistsError(ValueError):
    """A study of this slug is there already and says something else; the message says what to do."""


@transaction.atomic
def load_study(design: StudyDesign, *, replace: bool = False) -> tuple[Study, bool]:
    """Make the study of a design; (study, False) when it is there already and says the same.

    Locks the study of that slug, if there is one.

    Raises:
        StudyExistsError: there is another study of that slug, and it may not be replaced.
        DesignError: the design names articles that are not imported.
    """
    existing = Study.objects.select_for_update().filter(slug=design.study.slug).first()
    if existing is not None:
        if describe_study(existing) == design:
            return existing, False
        _remove_draft(existing, replace=replace)
    if missing := find_missing_refs([*design.articles.items, *design.articles.context]):
        shown = ", ".join(missing[:10]) + (", …" if len(missing) > 10 else "")
        raise DesignError([Fault(("articles",), f"{len(missing)} articles are not imported: {shown}")])
    return create_study(design), True


def create_study(design: StudyDesign) -> Study:
    """Write the rows of a design whose articles are all there."""
    study = Study.objects.create(**_study_columns(design))
    Arm.objects.bulk_create(
        Arm(study=study, position=position, **arm_columns(arm)) for position, arm in enumerate(design.arms)
    )
    articles = Article.objects.by_ref([*design.articles.items, *design.articles.context])
    Item.objects.bulk_create(
        Item(study=study, article=articles[ref], position=position)
        for position, ref in enumerate(design.articles.items)
    )
    ContextArticle.objects.bulk_create(
        ContextArticle(study=study, article=articles[ref], position=position)
        for position, ref in enumerate(design.articles.context)
    )
    own_new_study(study)
    record(study, "made_study")
    return study


def describe_study(study: Study) -> StudyDesign:
    """The design that a study's rows say: what `dump_study` writes and `launch` freezes."""
    return StudyDesign(
        study=Identity(
            slug=study.slug, title=study.title, preset=study.preset, language=study.language, seed=study.seed
        ),
        texts=Texts(
            consent=study.consent_text,
            instructions=study.instructions_text,
            question=study.question_text,
            debriefing=study.debriefing_text,
            languages=study.translations,
        ),
        checks=Checks(
            presentation=study.presentation,
            reveal_stages=study.reveal_stages,
            reveal_seconds=study.reveal_seconds,
            comprehension_tries=study.comprehension_tries,
            seen_before=study.asks_seen_before,
            comment=study.asks_comment,
            looked_up=study.asks_looked_up,
            behaviour=study.measures_behaviour,
            internet_check_question=study.internet_check_question,
            internet_check_solutions=tuple(study.internet_check_solutions),
            exclusion_rules=tuple(study.exclusion_rules),
            min_reading_seconds=study.min_reading_seconds,
            max_reading_wpm=study.max_reading_wpm,
        ),
        exclusion=Bounds(**study.exclusion_bounds),
        debriefing=Debriefing(
            show_score=study.shows_score,
            ask_again=study.asks_again,
            withdrawal_days=study.withdrawal_days,
        ),
        data_protection=study.protection,
        targets=Targets(
            participants_per_cell=study.participants_per_cell,
            dropout_minutes=study.dropout_minutes,
            give_back_after_minutes=study.give_back_after_minutes,
            replace_excluded=study.replaces_excluded,
            replace_withdrawn=study.replaces_withdrawn,
        ),
        recruitment=Recruitment(
            platform=study.platform,
            completion_code=study.completion_code,
            estimated_minutes=study.estimated_minutes,
            reward=study.reward,
            contact=study.contact,
            excludes=tuple(study.excludes),
            **Recruitment.read_platform_settings(study.platform_settings),
        ),
        articles=Selection(
            items=tuple(study.items.values_list("article__ref", flat=True)),
            context=tuple(study.context.values_list("article__ref", flat=True)),
            candidates=study.candidates_per_article,
            shown=study.items_shown,
        ),
        fitness=Fitness.from_given(study.fitness),
        normalisation=Normalisation(rules=tuple(study.normalisation)),
        comprehension=tuple(study.comprehension_questions),
        attention=tuple(study.attention_questions),
        questions=study.own_questions,
        arms=tuple(
            ArmDesign(
                name=arm.name,
                label=arm.label,
                n_params=arm.n_params,
                control=arm.is_control,
                generator=arm.generator,
                conditioned=arm.conditioned,
                sampling=arm.sampling,
                participants_per_cell=arm.participants_per_cell,
                **arm.use,
            )
            for arm in study.arms.all()
        ),
    )


def update_study(study: Study, design: StudyDesign) -> None:
    """Write the columns of a study's own row as a design says them; its arms and articles are rows of their own."""
    columns = _study_columns(design)
    for name, value in columns.items():
        setattr(study, name, value)
    study.save(update_fields=list(columns))


def arm_columns(arm: ArmDesign) -> dict[str, Any]:
    """The columns of an arm's row but its study and its position."""
    return {
        "name": arm.name,
        "label": arm.label,
        "n_params": arm.n_params,
        "is_control": arm.control,
        "generator": arm.generator,
        "conditioned": arm.conditioned,
        "sampling": arm.sampling,
        "participants_per_cell": arm.participants_per_cell,
        "use": arm.list_use(),
    }


def _study_columns(design: StudyDesign) -> dict[str, object]:
    """The inverse of `describe_study` for the study's own row."""
    return {
        "slug": design.study.slug,
        "title": design.study.title,
        "preset": design.study.preset,
        "language": design.study.language,
        "seed": design.study.seed,
        "consent_text": design.texts.consent,
        "instructions_text": design.texts.instructions,
        "question_text": design.texts.question,
        "debriefing_text": design.texts.debriefing,
        "texts_by_language": {
            tag: describe_section(translation) for tag, translation in design.texts.languages.items()
        },
        "presentation": design.checks.presentation,
        "reveal_stages": design.checks.reveal_stages,
        "reveal_seconds": design.checks.reveal_seconds,
        "comprehension": [
            {"question": asked.question, "choices": list(asked.choices), "answer": asked.answer}
            for asked in design.comprehension
        ],
        "questions": [describe_section(question) for question in design.questions],
        "comprehension_tries": design.checks.comprehension_tries,
        "asks_seen_before": design.checks.seen_before,
        "asks_comment": design.checks.comment,
        "asks_looked_up": design.checks.looked_up,
        "measures_behaviour": design.checks.behaviour,
        "internet_check_question": design.checks.internet_check_question,
        "internet_check_solutions": list(design.checks.internet_check_solutions),
        "exclusion_rules": list(design.checks.exclusion_rules),
        "exclusion_bounds": describe_section(design.exclusion),
        "attention": [describe_section(asked) for asked in design.attention],
        "min_reading_seconds": design.checks.min_reading_seconds,
        "max_reading_wpm": design.checks.max_reading_wpm,
        "shows_score": design.debriefing.show_score,
        "asks_again": design.debriefing.ask_again,
        "withdrawal_days": design.debriefing.withdrawal_days,
        "data_protection": describe_section(design.data_protection),
        "participants_per_cell": design.targets.participants_per_cell,
        "dropout_minutes": design.targets.dropout_minutes,
        "give_back_after_minutes": design.targets.give_back_after_minutes,
        "replaces_excluded": design.targets.replace_excluded,
        "replaces_withdrawn": design.targets.replace_withdrawn,
        "items_shown": design.articles.shown,
        "candidates_per_article": design.articles.candidates,
        "fitness": design.fitness.list_given(),
        "normalisation": list(design.normalisation.rules),
        "platform": design.recruitment.platform,
        "completion_code": design.recruitment.completion_code,
        "estimated_minutes": design.recruitment.estimated_minutes,
        "reward": design.recruitment.reward,
        "contact": design.recruitment.contact,
        "excludes": list(design.recruitment.excludes),
        "platform_settings": design.recruitment.list_platform_settings(),
    }


def _remove_draft(study: Study, *, replace: bool) -> None:
    """Make room for another design of the same slug, only where nothing of worth is lost or the user said so."""
    if not study.is_draft:
        raise StudyExistsError(
            f"The study {study.slug!r} is {study.state} and frozen; give the file another slug to make a new study."
        )
    candidates = Candidate.objects.filter(job__arm__study=study).count()
    if candidates and not replace:
        raise StudyExistsError(
            f"The draft {study.slug!r} says something else and has {candidates} generated texts; "
            "give the file another slug, or pass --replace to delete that draft with its texts."
        )
    record(study, "deleted_draft", texts=candidates)
    study.delete()
