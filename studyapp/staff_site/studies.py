"""All studies, one study's place on the line, and the models on the shelf."""

from dataclasses import dataclass
from statistics import median

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from studyapp.actions.places import count_cells
from studyapp.actions.roles import list_visible_studies
from studyapp.actions.study import describe_study
from studyapp.domain.tuning_costs import read_costs
from studyapp.model_files.checkpoints import list_shelf, read_tuning
from studyapp.model_files.known_models import list_known_ladders
from studyapp.model_files.offered_models import ask_server, list_cached_models
from studyapp.models import Arm, Export, GenerationJob, Participant, Place, Stimulus, Study
from studyapp.staff_site.entry_link import find_entry_link
from studyapp.staff_site.pages import show, staff_page, study_page
from studyapp.study_file import write_study_file


@staff_page
def show_list(request: HttpRequest) -> HttpResponse:
    shows_rehearsals = request.GET.get("rehearsals") == "yes"
    studies = (
        list_visible_studies(request.user)
        .filter(rehearsal_of__isnull=not shows_rehearsals)
        .annotate(
            n_arms=Count("arms", distinct=True),
            n_items=Count("items", distinct=True),
            n_completed=Count("participants", filter=Q(participants__status="completed"), distinct=True),
        )
    )
    jobs = dict(
        GenerationJob.objects.filter(state=GenerationJob.State.DONE)
        .order_by()
        .values_list("arm__study")
        .annotate(Count("id"))
    )
    places = dict(Place.objects.order_by().values_list("study").annotate(Count("id")))
    per_cell = Coalesce("participants_per_cell", "study__participants_per_cell")
    targets = dict(Arm.objects.order_by().values_list("study").annotate(n=Sum(per_cell)))
    rows = [
        {
            "study": study,
            "written": jobs.get(study.pk, 0),
            "to_write": study.n_arms * study.n_items,
            "target": places.get(study.pk) or 2 * targets.get(study.pk, 0),
        }
        for study in studies
    ]
    n_rehearsals = Study.objects.exclude(rehearsal_of=None).count()
    title = "Rehearsals" if shows_rehearsals else "Studies"
    return show(
        request, "study_list.html", title=title, rows=rows, shows_rehearsals=shows_rehearsals, n_rehearsals=n_rehearsals
    )


@staff_page
def show_checkpoints(request: HttpRequest) -> HttpResponse:
    checkpoints = list_shelf()
    cached, listing = list_cached_models(settings.HUGGING_FACE_CACHE), ask_server()
    return show(
        request,
        "checkpoint_list.html",
        title="Models",
        checkpoints=[(checkpoint, read_costs(read_tuning(checkpoint.generator))) for checkpoint in checkpoints],
        shelf=settings.MODELS_DIR,
        cached=cached,
        cache=settings.HUGGING_FACE_CACHE,
        listing=listing,
        ladders=_describe_ladders([*(model.name.partition("@")[0] for model in cached), *listing.names]),
    )


def _describe_ladders(names: list[str]) -> list[dict[str, object]]:
    """The known ladders, with which of their models are among the names of the cache's and the server's."""
    there, described = {name.casefold() for name in names}, []
    for ladder in list_known_ladders():
        rows = [{"model": model, "is_here": model.repo.casefold() in there} for model in ladder.models]
        n_here = sum(bool(row["is_here"]) for row in rows)
        described.append({**vars(ladder), "rows": rows, "n_here": n_here})
    return described


@dataclass(frozen=True)
class Station:
    """A stage of a study as its overview shows it."""

    name: str
    state: str  # done, next, waiting
    detail: str
    page: str


@study_page
def show_overview(request: HttpRequest, study: Study) -> HttpResponse:
    """Where the study is on the line, and how its cells fill. Accuracy is not shown: watching stays blind.

    A draft has its steps instead: one is led to the next of them.
    """
    if study.is_draft:
        return redirect("staff:study_setup", study.slug)
    stations = _find_stations(study)
    return show(
        request,
        "study_overview.html",
        title=study.title,
        study=study,
        stations=stations,
        next_station=next((station for station in stations if station.state == "next"), None),
        entry_link=find_entry_link(study),
        entry_note=study.adapter.entry_note,
        cells=_describe_cells(study),
        counts=_count_participants(study),
    )


@study_page
def download_file(request: HttpRequest, study: Study) -> HttpResponse:
    response = HttpResponse(write_study_file(describe_study(study)), content_type="application/toml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}.toml"'
    return response


def _find_stations(study: Study) -> list[Station]:
    """The line with what is done of it; the first that is not done is next."""
    n_items, n_arms = study.items.count(), study.arms.count()
    written = GenerationJob.objects.of_study(study.pk).filter(state=GenerationJob.State.DONE).count()
    chosen = Stimulus.objects.filter(item__study=study).exclude(arm=None).count()
    wanted = n_items * n_arms
    completed = study.places.filter(participant__status=Participant.Status.COMPLETED).count()
    target = study.places_wanted
    reports = study.exports.filter(report_state=Export.ReportState.DONE).count()
    facts = [
        ("Articles and arms", bool(wanted), f"{n_items} items, {n_arms} arms", "study_articles"),
        ("Generation", bool(wanted) and written == wanted, f"{written} of {wanted} written", "study_generation"),
        ("Selection", bool(wanted) and chosen == wanted, f"{chosen} of {wanted} chosen", "study_review"),
        ("Forms", study.quiz_forms.count() == 2, "A and B, mirrored", "study_review"),
        ("Launch", not study.is_draft, study.state, "study_launch"),
        ("Answers", bool(target) and completed >= target, f"{completed} of {target} completed", "study_overview"),
        ("Report", reports > 0, f"{reports} written", "study_export"),
    ]
    stations, found_next = [], False
    for name, is_done, detail, page in facts:
        state = "done" if is_done else "waiting" if found_next else "next"
        found_next = found_next or not is_done
        stations.append(Station(name, state, detail, page))
    return stations


def _describe_cells(study: Study) -> list[dict[str, object]]:
    forms = {form.pk: form.name for form in study.quiz_forms.all()}
    cells = {(cell.arm_id, cell.form_id): cell for cell in count_cells(study)}
    return [
        {"arm": arm, "forms": [(name, cells[arm.pk, form_id]) for form_id, name in forms.items()]}
        for arm in study.arms.all()
    ]


def _count_participants(study: Study) -> dict[str, object]:
    people = study.participants
    counts = dict(people.order_by().values_list("status").annotate(Count("id")))
    minutes = [person.minutes for person in people.filter(status=Participant.Status.COMPLETED, simulated=False)]
    return {
        "statuses": [(label, counts.get(status, 0)) for status, label in Participant.Status.choices],
        "excluded": people.filter(excluded=True).count(),
        "simulated": people.filter(simulated=True).count(),
        "median_minutes": median(minutes) if minutes else None,
    }
