"""The people of a loaded bundle: participants under the codes they had, their cells, and what they answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from studyapp.domain.attention import judge_answers
from studyapp.domain.behaviour import INPUT_KINDS, MAX_COUNT, VIEWPORTS
from studyapp.domain.bundle_cells import CellError, parse_time
from studyapp.domain.bundle_rows import NO_TIME, SHOWN_FAULTS, BundleFaultError, RowCells
from studyapp.domain.judgment import MAX_COMMENT
from studyapp.domain.questions import Question, find_answer_fault
from studyapp.models import Assignment, Participant, QuestionAnswer, Response, Stimulus, Study, Trial

Rows = Iterator[tuple[int, dict[str, str]]]
BATCH = 1000


@dataclass(frozen=True)
class LoadedPerson:
    """A participant who was stored, and the cell that their trials must name."""

    pk: int
    arm: str
    form: str


def load_people(study: Study, *, participants: Rows, enrolments: Rows) -> dict[str, LoadedPerson]:
    """Store participants and assignments; who they are by code. The two tables name the same people in one order.

    Raises:
        BundleFaultError: a row cannot be, or a participant is in this database already.
    """
    faults: list[str] = []
    arms = {arm.name: arm for arm in study.arms.all()}
    forms = {form.name: form for form in study.quiz_forms.all()}
    people: dict[str, LoadedPerson] = {}
    batch: list[tuple[Participant, Assignment, list[QuestionAnswer]]] = []
    questions = {question.name: question for question in study.own_questions}

    def store() -> None:
        _refuse_known([person for person, *_ in batch], seen=people)
        Participant.objects.bulk_create([person for person, *_ in batch])
        Assignment.objects.bulk_create([assignment for _, assignment, _ in batch])
        QuestionAnswer.objects.bulk_create([answer for *_, answers in batch for answer in answers])
        people.update({person.code: LoadedPerson(person.pk, own.arm.name, own.form.name) for person, own, _ in batch})
        batch.clear()

    for one, other in zip_longest(participants, enrolments):
        if one is None or other is None or one[1]["participant"] != other[1]["participant"]:
            number = (one or other or (0, {}))[0]
            raise BundleFaultError(
                [f"enrolments.csv: row {number}: not the participant of that row in participants.csv"]
            )
        own = RowCells(one[1], where=f"participants.csv: row {one[0]}", faults=faults)
        more = RowCells(other[1], where=f"enrolments.csv: row {other[0]}", faults=faults)
        person = _read_participant(study, own, more)
        arm, form = own.one_of("arm", tuple(arms)), own.one_of("form", tuple(forms))
        seed = more.needed_integer("order_seed")
        answers = _read_answers(person, more, questions=questions)
        if len(faults) > SHOWN_FAULTS:
            raise BundleFaultError(faults)
        if not faults:
            cell = {"arm": arms[arm], "form": forms[form], "block": own.integer("block", least=1, most=2**31 - 1)}
            batch.append((person, Assignment(participant=person, order_seed=seed, **cell), answers))
        if len(batch) >= BATCH:
            store()
    if faults:
        raise BundleFaultError(faults)
    store()
    return people


def _read_participant(study: Study, own: RowCells, more: RowCells) -> Participant:
    reasons = own.text("exclusion_reasons")
    person = Participant(
        study=study,
        code=own.text("participant", most=24, needed=True),
        status=own.one_of("status", tuple(Participant.Status.values)),
        excluded=own.needed_flag("excluded"),
        exclusion_reasons=reasons.split(";") if reasons else [],
        simulated=own.needed_flag("simulated"),
        enrolled_at=own.needed_time("enrolled_at"),
        completed_at=own.time("completed_at"),
        looked_up=own.flag("looked_up"),
        consent_sha256=more.text("consent_sha256", most=64),
        language=own.text("language", most=20),
        started_at=more.time("started_at"),
        last_seen_at=more.needed_time("last_seen_at"),
        withdrawn_at=more.time("withdrawn_at"),
        debriefed_at=more.time("debriefed_at"),
        internet_check_answer=more.text("internet_check_answer", most=200),
        left_at=more.time("left_at"),
        comprehension_passed=own.flag("comprehension_passed"),
        comprehension_answers=more.json("comprehension_answers", list),
        dropout_reason=more.text("dropout_reason", most=40),
        screen_out_reason=more.text("screen_out_reason", most=60),
        attention_answers=more.json("attention_answers", list),
        exclusion_facts=more.json("exclusion_facts", dict),
        agreed_again_at=more.time("agreed_again_at"),
    )
    try:
        judge_answers(study.attention_questions, person.attention_given)
    except TypeError:
        more.refuse("attention_answers: each must be an object of shown_at, answer and answered_at")
    if person.status == Participant.Status.COMPLETED and person.completed_at is None:
        own.refuse("completed, but completed_at is empty")
    if (person.status == Participant.Status.SCREENED_OUT) != bool(person.screen_out_reason):
        more.refuse("screen_out_reason stands with those who were screened out, and with nobody else")
    return person


def _read_answers(person: Participant, cells: RowCells, *, questions: dict[str, Question]) -> list[QuestionAnswer]:
    """What they said to the study's own questions, each held against its question."""
    answers = []
    for name, given in cells.json("question_answers", dict).items():
        if name not in questions or not isinstance(given, dict) or set(given) != {"answer", "answered_at"}:
            cells.refuse(f"question_answers: {name!r} is no question of the study with answer and answered_at")
            continue
        if fault := find_answer_fault(questions[name], given["answer"]):
            cells.refuse(f"question_answers: {str(given['answer'])[:60]!r} {fault}")
            continue
        try:
            at = parse_time(str(given["answered_at"])) or NO_TIME
        except CellError as error:
            cells.refuse(f"question_answers: {name}: answered_at {error}")
            continue
        answers.append(QuestionAnswer(participant=person, question=name, answer=given["answer"], answered_at=at))
    return answers


def _refuse_known(batch: list[Participant], *, seen: dict[str, LoadedPerson]) -> None:
    codes = [person.code for person in batch]
    if doubled := sorted({code for code in codes if codes.count(code) > 1 or code in seen}):
        raise BundleFaultError([f"participants.csv: {code!r} stands here twice" for code in doubled])
    known = Participant.objects.filter(code__in=codes).select_related("study").first()
    if known is not None:
        raise BundleFaultError(
            [f"participants.csv: {known.code!r} is in this database already, in the study {known.study.slug!r}; "
             "load the bundle into a database that does not hold that study"]
        )  # fmt: skip


def load_trials(rows: Rows, *, people: dict[str, LoadedPerson], stimuli: dict[str, Stimulus]) -> None:
    """Store trials and responses, a batch at a time. A participant's rows stand together.

    Raises:
        BundleFaultError: a row cannot be, or does not fit to its participant or its stimulus.
    """
    faults: list[str] = []
    batch: list[tuple[Trial, Response | None]] = []
    done: set[str] = set()
    current, places = "", set[object]()

    def store() -> None:
        Trial.objects.bulk_create([trial for trial, _ in batch])
        Response.objects.bulk_create([response for _, response in batch if response is not None])
        batch.clear()

    for number, row in rows:
        cells = RowCells(row, where=f"trials.csv: row {number}", faults=faults)
        if row["participant"] != current:
            done.add(current)
            current, places = row["participant"], set()
        if current in done:
            cells.refuse(f"the rows of participant {current!r} do not stand together")
        trial = _read_trial(cells, row, people=people, stimuli=stimuli)
        response = _read_response(cells, row, trial) if trial is not None else None
        if trial is not None and {trial.position, trial.stimulus.code} & places:
            cells.refuse("the participant has this position or this stimulus twice")
        if len(faults) > SHOWN_FAULTS:
            raise BundleFaultError(faults)
        if trial is not None and not faults:
            places |= {trial.position, trial.stimulus.code}
            batch.append((trial, response))
        if len(batch) >= BATCH:
            store()
    if faults:
        raise BundleFaultError(faults)
    store()


def _read_trial(
    cells: RowCells, row: dict[str, str], *, people: dict[str, LoadedPerson], stimuli: dict[str, Stimulus]
) -> Trial | None:
    """The trial of a row; None where it names somebody or something that is not there."""
    person, stimulus = people.get(row["participant"]), stimuli.get(row["stimulus"])
    if person is None or stimulus is None:
        missing = "participants.csv" if person is None else "stimuli.csv"
        cells.refuse(f"its {'participant' if person is None else 'stimulus'} is not in {missing}")
        return None
    if (row["arm"], row["form"]) != (person.arm, person.form):
        cells.refuse("arm and form are not those of the participant in participants.csv")
    if stimulus.arm is not None and stimulus.arm.name != person.arm:
        cells.refuse("the stimulus is another arm's")
    if (row["item"], row["source"]) != (stimulus.item.article.ref, stimulus.source):
        cells.refuse("item and source are not those of the stimulus in stimuli.csv")
    beside = stimuli.get(row["beside"]) if row.get("beside") else None
    if row.get("beside") and (beside is None or (beside.item_id, beside.source) != (stimulus.item_id, "human")):
        cells.refuse("beside must be the human text of the same item, as stimuli.csv has it")
    return Trial(
        participant_id=person.pk,
        stimulus=stimulus,
        beside=beside,
        first=cells.one_of("first", ("model", "human") if row.get("beside") else ("",)),
        stages_shown_at=[moment.isoformat() for moment in cells.times("stages_shown_at")],
        position=cells.needed_integer("position", least=1, most=2**31 - 1),
        shown_at=cells.time("shown_at"),
    )


def _read_response(cells: RowCells, row: dict[str, str], trial: Trial) -> Response | None:
    """The answer of a row; None where the trial is unanswered."""
    if not row["judgment"]:
        return None
    return Response(
        trial=trial,
        judgment=cells.needed_integer("judgment", least=1, most=5),
        seen_before=cells.flag("seen_before"),
        comment=cells.text("comment", most=2 * MAX_COMMENT),
        answered_at=cells.needed_time("answered_at"),
        page_seconds=cells.number("page_seconds"),
        active_seconds=cells.number("active_seconds"),
        focus_losses=cells.integer("focus_losses", most=MAX_COUNT),
        answer_changes=cells.integer("answer_changes", most=MAX_COUNT),
        pastes=cells.integer("pastes", most=MAX_COUNT),
        viewport=cells.one_of("viewport", ("", *VIEWPORTS)),
        input_kind=cells.one_of("input", ("", *INPUT_KINDS)),
    )
