"""Dress rehearsals for staff: ask for one, follow it, see what was planted and found, delete it whole."""

from dataclasses import fields
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from studyapp.actions.rehearsal import (
    MOST_PER_CELL,
    RehearsalRefusedError,
    delete_rehearsal,
    request_rehearsal,
)
from studyapp.domain.rehearsal_cast import Cast
from studyapp.models import Rehearsal, Study
from studyapp.staff_site.pages import find_row, show, study_page
from studyapp.tasks.rehearsal import send_rehearsal
from studyapp.tasks.sending import QueueUnreachableError

KIND_LABELS = {
    "steady": "read and answer",
    "awkward": "reload and go back",
    "double_clicker": "click everything twice",
    "straight_liner": "give one answer throughout",
    "dropout": "stop in the middle",
    "looker": "look things up",
}
SD_LABELS = {
    "participant_sd": "Spread of leanings",
    "sensitivity_sd": "Spread of sensitivities (d′)",
    "item_sd": "Spread of texts",
}


class RehearsalForm(forms.Form):
    """How many come, and of what kinds."""

    per_cell = forms.IntegerField(
        label="Simulated participants in each arm and form", min_value=1, max_value=MOST_PER_CELL
    )
    seed = forms.IntegerField(min_value=0, max_value=2**62 - 1, help_text="Another seed, other people and texts.")

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.fields["per_cell"].initial, self.fields["seed"].initial = 4, 1
        for entry in fields(Cast):
            is_share = entry.name in KIND_LABELS
            label = f"Who {KIND_LABELS[entry.name]} (%)" if is_share else SD_LABELS[entry.name]
            self.fields[entry.name] = forms.FloatField(
                label=label,
                min_value=0,
                max_value=100 if is_share else 2,
                initial=round(100 * entry.default) if is_share else entry.default,
                widget=forms.NumberInput(attrs={"step": "any"}),
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                cleaned["cast"] = Cast(
                    **{e.name: cleaned[e.name] / (100 if e.name in KIND_LABELS else 1) for e in fields(Cast)}
                )
            except ValueError as error:
                raise forms.ValidationError(str(error)) from None
        return cleaned


@study_page
def show_rehearsals(request: HttpRequest, study: Study) -> HttpResponse:
    """The newest rehearsal, or the one that was asked for, with its checks; the form; those before."""
    form = RehearsalForm(*([request.POST] if request.POST.get("do") == "rehearse" else []))
    if request.method == "POST" and (answer := _carry_out(request, study, form)):
        return answer
    rehearsals = list(study.rehearsals.select_related("copy", "requested_by"))
    wanted = request.GET.get("rehearsal")
    chosen = next((each for each in rehearsals if str(each.pk) == wanted), rehearsals[0] if rehearsals else None)
    verdict = chosen.verdict if chosen else None
    return show(
        request, "study_rehearsals.html", title=study.title, study=study, form=form, rehearsals=rehearsals,
        chosen=chosen, verdict=verdict, rows=[_describe(check) for check in verdict["checks"]] if verdict else [],
        kinds=[(KIND_LABELS[kind], number) for kind, number in verdict["kinds"].items()] if verdict else [],
        is_busy=request.method == "GET" and any(each.is_busy for each in rehearsals),
    )  # fmt: skip


def _describe(check: dict[str, Any]) -> dict[str, Any]:
    """A check's numbers as the page shows them."""
    shown = {key: _format(check["name"], check[key]) for key in ("planted", "found", "low", "high")}
    is_range = check["low"] is not None and check["low"] != check["high"]
    state = {True: "done", False: "failed", None: ""}[check["passed"]]
    return {
        **check,
        **shown,
        "tolerance": f"{shown['low']} to {shown['high']}" if is_range else "exactly",
        "state": state,
    }


def _format(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    if name == "accuracy":
        return f"{100 * value:.1f} %"
    return f"{value:+.3f}" if name == "trend" else f"{value:g}"


def _carry_out(request: HttpRequest, study: Study, form: RehearsalForm) -> HttpResponse | None:
    if request.POST.get("do") == "rehearse":
        if not form.is_valid():
            return None
        given = form.cleaned_data
        try:
            rehearsal = request_rehearsal(
                study, per_cell=given["per_cell"], seed=given["seed"], cast=given["cast"], by=request.user,
                now=timezone.now(),
            )  # fmt: skip
            send_rehearsal(rehearsal.pk)
        except (RehearsalRefusedError, QueueUnreachableError) as error:
            messages.error(request, str(error))
    elif request.POST.get("do") == "delete":
        delete_rehearsal(find_row(Rehearsal, request.POST.get("rehearsal"), study=study))
        messages.success(request, "The rehearsal is deleted, with its copy of the study and everybody in it.")
    else:
        messages.error(request, "Nothing was done: the page asked for something that does not exist.")
    return redirect("staff:study_rehearsals", study.slug)
