"""The models of a draft: its arms, in their order, and the models that can become one."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from studyapp.actions.study import describe_study
from studyapp.domain.design_changes import ArmEntry, DesignChange
from studyapp.domain.shot_arms import cross_shots
from studyapp.domain.study_design import DesignError, describe_design
from studyapp.model_files.offered_models import ask_server
from studyapp.models import Study
from studyapp.staff_site.arm_forms import ArmForm
from studyapp.staff_site.arm_rows import describe_arms, group_rows, read_arm_rows
from studyapp.staff_site.drafts import has_texts, try_change
from studyapp.staff_site.pages import show, show_entry, study_page
from studyapp.staff_site.steps import find_missing_models
from studyapp.study_file import StudyFileError, read_preset

MOVES = {"up": -1, "down": 1}


@study_page
def show_models(request: HttpRequest, study: Study) -> HttpResponse:
    """The arms with what can be done to each, and below them the models that are not one yet."""
    arms = describe_design(describe_study(study))["arms"]
    listing = ask_server()
    rows = read_arm_rows(
        request, listing, preset_arms=_read_preset_arms(study), skips={_strip_chat(arm["generator"]) for arm in arms}
    )
    form = ArmForm(request.POST if request.POST.get("do") == "add_named" else None, says=_propose_arm(study))
    if request.method == "POST":
        try:
            if _carry_out(request, study, arms, rows=rows, form=form):
                return redirect("staff:study_models", study.slug)
        except DesignError as error:
            if form.is_bound:
                form.add_faults(error)
            else:
                _show_faults(request, error)
    missing = set(find_missing_models(study))
    return show(
        request,
        "study_models.html",
        title=study.title,
        study=study,
        arms=[
            {
                **arm,
                "sampling": _describe_sampling(arm),
                "use": _describe_use(arm),
                "is_missing": arm["generator"] in missing,
            }
            for arm in arms
        ],
        can_cross=any(arm["conditioned"] and not arm["control"] and "shots" not in arm for arm in arms),
        groups=group_rows(rows),
        server_fault=listing.fault,
        form=form,
        shelf=settings.MODELS_DIR,
        cache=settings.HUGGING_FACE_CACHE,
        has_texts=has_texts(study),
    )


@study_page
def edit_arm(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    """One arm with all that can be said of it."""
    arms = describe_design(describe_study(study))["arms"]
    says = next((arm for arm in arms if arm["name"] == name), None)
    if says is None:
        raise Http404("the study has no such arm")
    form = ArmForm(request.POST if request.method == "POST" else None, says=says)
    if request.method == "POST" and form.is_valid():
        entries = [ArmEntry(arm["name"], form.read_arm() if arm["name"] == name else arm) for arm in arms]
        try:
            if try_change(request, study, DesignChange(arms=_keep_one_control(entries, name=name))):
                return redirect("staff:study_models", study.slug)
        except DesignError as error:
            form.add_faults(error)
    return show_entry(request, "study_arm.html", study=study, form=form, arm=says, has_texts=has_texts(study))


def _carry_out(
    request: HttpRequest, study: Study, arms: list[dict[str, Any]], *, rows: list[Any], form: ArmForm
) -> bool:
    """Do what was asked for; False where the page must say what is wrong with it."""
    entries = [ArmEntry(arm["name"], arm) for arm in arms]
    asked, name = request.POST.get("do"), request.POST.get("arm_name", "")
    if asked == "add":
        ticked = request.POST.getlist("arm")
        added = describe_arms(rows, ticked=ticked, taken={arm["name"] for arm in arms})
        new_control = next((arm["name"] for arm in added if arm["control"]), "")
        entries += [ArmEntry(None, arm) for arm in added]
        return try_change(request, study, DesignChange(arms=_keep_one_control(entries, name=new_control)))
    if asked == "add_named":
        if not form.is_valid():
            return False
        arm = form.read_arm()
        entries.append(ArmEntry(None, arm))
        return try_change(request, study, DesignChange(arms=_keep_one_control(entries, name=arm["name"])))
    if asked == "cross":
        return try_change(request, study, DesignChange(arms=_cross(arms, numbers=request.POST.get("shots", ""))))
    index = next((index for index, arm in enumerate(arms) if arm["name"] == name), None)
    if index is None or asked not in (*MOVES, "remove"):
        messages.error(request, "Nothing was done: the page asked for something that does not exist.")
        return True
    entry = entries.pop(index)
    if asked != "remove":
        entries.insert(max(0, index + MOVES[asked]), entry)
    try_change(request, study, DesignChange(arms=entries))
    return True


def _cross(arms: list[dict[str, Any]], *, numbers: str) -> list[ArmEntry]:
    """Each arm that is given a context and says no number of articles yet, once for every number.

    Raises:
        DesignError: these are no numbers, or no arm is like that.
    """
    try:
        shots = [int(part) for part in numbers.replace(";", ",").split(",")]
    except ValueError:
        raise DesignError([f"{numbers!r} must be whole numbers with commas between, as 0, 1, 4."]) from None
    is_open = [arm["conditioned"] and not arm["control"] and "shots" not in arm for arm in arms]
    if not any(is_open):
        raise DesignError(["Every arm says how many context articles it is given, or is given none."])
    wanted = [{**arm, "shots": shots} if crossed else arm for arm, crossed in zip(arms, is_open, strict=True)]
    made = cross_shots(wanted, origins=range(len(wanted)))
    if made.faults:
        raise DesignError(made.faults)
    return [
        ArmEntry(None if is_open[origin] else arm["name"], arm)
        for arm, origin in zip(made.arms, made.origins, strict=True)
    ]


def _keep_one_control(entries: list[ArmEntry], *, name: str) -> list[ArmEntry]:
    """Where the arm that was just said is the control, no other one is."""
    said = next((entry for entry in reversed(entries) if name in (entry.was, entry.says["name"])), None)
    if said is None or not said.says.get("control"):
        return entries
    return [entry if entry is said else ArmEntry(entry.was, {**entry.says, "control": False}) for entry in entries]


def _read_preset_arms(study: Study) -> list[dict[str, Any]]:
    """The arms of the study's preset, whose sampling new ones are offered with."""
    try:
        arms = read_preset(study.preset).get("arms", [])
    except StudyFileError:
        return []
    return [arm for arm in arms if isinstance(arm, dict)]


def _propose_arm(study: Study) -> dict[str, Any]:
    arms = [arm for arm in _read_preset_arms(study) if not arm.get("control")]
    return {"sampling": arms[0].get("sampling", {})} if arms else {}


def _strip_chat(generator: str) -> str:
    scheme, sign, name = generator.partition(":")
    return scheme.removesuffix("-chat") + sign + name


def _describe_sampling(arm: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', '-')} {value}" for name, value in arm["sampling"].items())


def _show_faults(request: HttpRequest, error: DesignError) -> None:
    for fault in error.faults:
        messages.error(request, fault)


def _describe_use(arm: dict[str, Any]) -> str:
    """How many context articles stand before the title, and what else is said of them; empty where all is as usual."""
    shots = arm.get("shots")
    words = [] if shots is None else [f"{shots} context article{'' if shots == 1 else 's'}"]
    words += [str(arm[key]).replace("-", " ") for key in ("context_choice", "context_order") if key in arm]
    words += [f"seed {arm['context_seed']}"] if "context_seed" in arm else []
    words += ["an instruction"] if arm.get("instruction") else []
    return ", ".join(words)
