"""Changes after launch: the few things that may still change, each with a reason that is published with the data."""

import hashlib
import json

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from studyapp.actions.deviation import deviate, list_deviations, list_unblindings, read_current
from studyapp.domain.deviation import CHANGEABLE, DeviationRefusedError, Value
from studyapp.models import Study
from studyapp.staff_site.pages import owner_page, show


class ChangesForm(forms.Form):
    """One field for each key that may change, by its key, and the reason."""

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)
        for key, rule in CHANGEABLE.items():
            shared = {"label": rule.label, "help_text": rule.describe_rule(self.initial[key])}
            if rule.is_number:
                self.fields[key] = forms.IntegerField(min_value=rule.least, required=not rule.may_be_empty, **shared)
            else:
                area = forms.Textarea(attrs={"rows": 6}) if rule.is_text else None
                self.fields[key] = forms.CharField(widget=area, required=not rule.may_be_empty, strip=False, **shared)
        self.fields["reason"] = forms.CharField(
            label="Reason",
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text="Stands in the data and the report; name nobody in it.",
        )

    def read_changes(self) -> dict[str, Value]:
        """What was sent, by key; texts with the line ends that were stored."""
        sent = {key: self.cleaned_data[key] for key in CHANGEABLE}
        return {key: value.replace("\r\n", "\n") if isinstance(value, str) else value for key, value in sent.items()}


@owner_page
def show_changes(request: HttpRequest, study: Study) -> HttpResponse:
    form, current = None, read_current(study)
    if not study.is_draft:
        form = ChangesForm(request.POST or None, initial=current)
        if request.method == "POST" and form.is_valid() and _carry_out(request, study, form, current):
            return redirect("staff:study_changes", study.slug)
        if request.method == "POST":
            messages.error(request, "Nothing was changed: see what is said in red at its field.")
    return show(
        request,
        "study_changes.html",
        title=study.title,
        study=study,
        form=form,
        seen=_name_values(current),
        deviations=[{**entry, "label": CHANGEABLE[entry["key"]].label} for entry in list_deviations(study)],
        unblindings=list_unblindings(study),
    )


def _carry_out(request: HttpRequest, study: Study, form: ChangesForm, shown: dict[str, Value]) -> bool:
    """Make the changes that the form means; what the browser sends back as it got it is none."""
    if request.POST.get("seen") != _name_values(shown):
        form.add_error(None, "Somebody has changed the study since this page was loaded. Load it again, then change.")
        return False
    sent = form.read_changes()
    wanted = {key: value for key, value in sent.items() if _level(value) != _level(shown[key])}
    try:
        deviate(study, wanted, reason=form.cleaned_data["reason"])
    except DeviationRefusedError as error:
        for key, fault in error.faults.items():
            form.add_error(key if key in form.fields else None, fault)
        return False
    messages.success(request, f"Changed, and written down: {', '.join(CHANGEABLE[key].label for key in wanted)}.")
    return True


def _name_values(current: dict[str, Value]) -> str:
    """A name for what the page showed, by which a page that is out of date is known."""
    return hashlib.sha256(json.dumps(current, sort_keys=True).encode()).hexdigest()


def _level(value: Value) -> Value:
    """A text without what a textarea adds or takes away: a line break at its very beginning, and line ends."""
    return value.replace("\r\n", "\n").strip("\n") if isinstance(value, str) else value
