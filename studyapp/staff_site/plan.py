"""Planning by simulation for staff: assumptions in, power out, earlier runs kept."""

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from studyapp.actions.planning import assume_study, delete_power, request_power
from studyapp.domain.power_plan import DEFAULT_SPREAD, MOST_TRIALS, count_trials
from studyapp.models import PowerRun, Study
from studyapp.staff_site.pages import find_row, show, study_page
from studyapp.tasks.planning import send_power
from studyapp.tasks.sending import QueueUnreachableError

TESTS = {
    "gate": "Control gate",
    "contrasts": "Every contrast",
    "trend": "Trend",
    "equivalence_3": "±3",
    "equivalence_5": "±5",
    "equivalence_10": "±10",
}
SPREAD_LABELS = {
    "participant": "Participants’ leaning",
    "slope": "Participants’ sensitivity (d′)",
    "title": "Items",
    "item": "Texts",
    "model": "Models around the curve",
}
MOST_DESIGNS = 24


class NumbersField(forms.CharField):
    """Several whole numbers in one line."""

    def __init__(self, *, least: int, most: int, **options: Any) -> None:
        super().__init__(max_length=100, **options)
        self.least, self.most = least, most

    def prepare_value(self, value: object) -> object:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: object) -> list[int]:
        parts = re.split(r"[\s,;]+", str(super().clean(value)).strip(" ,;"))
        if not all(re.fullmatch(r"\d{1,6}", part) for part in parts):
            raise forms.ValidationError("Write whole numbers with commas between, as 20, 40, 80.")
        numbers = sorted({int(part) for part in parts})
        if numbers[0] < self.least or numbers[-1] > self.most:
            raise forms.ValidationError(f"Each must be from {self.least} to {self.most:,}.")
        return numbers


def _percent(label: str, *, most: float = 100, **options: Any) -> forms.FloatField:
    return forms.FloatField(label=f"{label} (%)", min_value=0, max_value=most, **options)


class PlanForm(forms.Form):
    """The assumptions of a plan; an accuracy for each arm of the study."""

    participants = NumbersField(
        least=4, most=2000, label="Participants an arm", help_text="All who are paid. Several numbers make a grid."
    )
    titles = NumbersField(least=4, most=1000, label="Items", help_text="Of the whole study. Several make a grid.")
    shown = forms.IntegerField(label="Items that a participant reads", min_value=2, max_value=1000)
    dont_know = _percent("Answers “I don’t know”", most=90)
    lost = _percent("Participants who are excluded", most=90, help_text="They are paid all the same.")
    runs = forms.IntegerField(
        label="Simulated studies", min_value=100, max_value=20_000, help_text="1,000 give ± 1.3 points around 80 %."
    )
    seed = forms.IntegerField(min_value=0, max_value=2**62 - 1)
    reward = forms.FloatField(label="Reward of a participant", min_value=0, max_value=1_000_000)
    currency = forms.CharField(required=False, max_length=5)
    fee = _percent("Platform’s fee", most=500, help_text="On top of the reward.")

    def __init__(self, *arguments: Any, plan: dict[str, Any]) -> None:
        super().__init__(*arguments)
        self.plan = plan
        for index, arm in enumerate(plan["arms"]):
            kind = "control" if arm["is_control"] else "model"
            self.fields[f"accuracy_{index}"] = forms.FloatField(
                label=f"{arm['name']} ({kind})", min_value=2, max_value=99, initial=round(100 * arm["accuracy"], 1)
            )
        for name, label in SPREAD_LABELS.items():
            unit = " (% points)" if name == "model" else ""
            factor = 100 if name == "model" else 1
            self.fields[f"spread_{name}"] = forms.FloatField(
                label=label + unit, min_value=0, max_value=3 * factor, initial=plan["spread"][name] * factor
            )
        for name in ("participants", "titles", "shown", "runs", "seed", "reward", "currency"):
            self.fields[name].initial = plan[name]
        for name in ("dont_know", "lost", "fee"):
            self.fields[name].initial = round(100 * plan[name], 1)
        for field in self.fields.values():
            if isinstance(field, forms.FloatField):
                field.widget.attrs["step"] = "any"

    def groups(self) -> list[tuple[str, str, list[forms.BoundField]]]:
        """The fields in the order of the page, under headings that say what they are."""
        accuracies = [name for name in self.fields if name.startswith("accuracy_")]
        spreads = [name for name in self.fields if name.startswith("spread_")]
        sizes = ["participants", "titles", "shown"]
        headings = (
            ("Sizes", "Every number of participants is simulated with every number of items.", sizes),
            ("Accuracy (%)", "Control and models; at first the published shape over the sizes.", accuracies),
            ("Spread", "Standard deviations on the probit scale, of which a judgment’s noise has 1.", spreads),
            ("Answers and simulation", "", ["dont_know", "lost", "runs", "seed"]),
            ("Cost", "", ["reward", "currency", "fee"]),
        )
        return [(title, note, [self[name] for name in names]) for title, note, names in headings]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        plan = self.read_plan()
        if not any(arm["n_params"] for arm in plan["arms"] if not arm["is_control"]):
            raise forms.ValidationError("No model’s size is known: give the arms their n_params first.")
        if (designs := len(plan["participants"]) * len(plan["titles"])) > MOST_DESIGNS:
            raise forms.ValidationError(f"That is a grid of {designs} designs; take at most {MOST_DESIGNS} at once.")
        if (trials := count_trials(plan)) > MOST_TRIALS:
            raise forms.ValidationError(
                f"That is {trials / 1e9:.1f} thousand million simulated answers; take fewer runs or smaller sizes, to "
                f"stay under {MOST_TRIALS / 1e9:.0f}, or type python -m analysis.power on a machine of your own."
            )
        return cleaned

    def read_plan(self) -> dict[str, Any]:
        """The plan as the analysis reads it."""
        given = self.cleaned_data
        return {
            "arms": [
                {**arm, "accuracy": given[f"accuracy_{index}"] / 100} for index, arm in enumerate(self.plan["arms"])
            ],
            **{name: given[name] for name in ("participants", "titles", "shown", "runs", "seed", "reward", "currency")},
            **{name: given[name] / 100 for name in ("dont_know", "lost", "fee")},
            "spread": {n: given[f"spread_{n}"] / (100 if n == "model" else 1) for n in DEFAULT_SPREAD},
        }


@study_page
def show_plan(request: HttpRequest, study: Study) -> HttpResponse:
    """The form, the run that was asked for (or the newest), and those before it."""
    runs = list(study.power_runs.select_related("requested_by").defer("table", "picture"))
    chosen = next((run for run in runs if str(run.pk) == request.GET.get("run")), runs[0] if runs else None)
    assumed = {**assume_study(study), **(chosen.parameters if chosen else {})}
    form = PlanForm(*([request.POST] if request.POST.get("do") == "simulate" else []), plan=_keep_arms(study, assumed))
    if request.method == "POST" and (answer := _carry_out(request, study, form)):
        return answer
    is_busy = request.method == "GET" and any(run.is_busy for run in runs)
    rows = list_rows(chosen.result) if chosen and chosen.result else []
    return show(
        request, "study_plan.html", title=study.title, study=study, form=form, runs=runs, chosen=chosen, tests=TESTS,
        rows=rows, is_busy=is_busy,
    )  # fmt: skip


@study_page
def download_plan(request: HttpRequest, study: Study, run_id: int, kind: str) -> HttpResponse:
    """A run's picture (shown in its page) or its table."""
    run = get_object_or_404(PowerRun, pk=run_id, study=study, state=PowerRun.State.DONE)
    kinds = {"picture.svg": ("image/svg+xml", run.picture), "table.csv": ("text/csv; charset=utf-8", run.table)}
    if kind not in kinds:
        raise Http404("a run has a picture.svg and a table.csv")
    content_type, text = kinds[kind]
    response = HttpResponse(text, content_type=content_type)
    if kind == "table.csv":
        response["Content-Disposition"] = f'attachment; filename="{study.slug}-power-{run.pk}.csv"'
    return response


def list_rows(result: dict[str, Any]) -> list[dict[str, Any]]:
    """A run's designs as the page's table shows them: each test's power, two-way and as published."""
    rows = []
    for cell in result["cells"]:
        found = {(f["scenario"], f["test"], f["method"]): f for f in cell["findings"] if not f["arm"]}
        powers = [
            {method: found.get(("planned", test, method)) for method in ("two_way", "participants")} for test in TESTS
        ]
        error = {method: found.get(("null", "contrast", method)) for method in ("two_way", "participants")}
        coverage = {method: found.get(("null", "coverage", method)) for method in ("two_way", "participants")}
        rows.append({**cell, "powers": powers, "error": error, "coverage": coverage})
    return rows


def _carry_out(request: HttpRequest, study: Study, form: PlanForm) -> HttpResponse | None:
    if request.POST.get("do") == "simulate":
        if not form.is_valid():
            messages.error(request, "Nothing was simulated: see what is said beside the fields.")
            return None
        run = request_power(study, parameters=form.read_plan(), by=request.user, now=timezone.now())
        try:
            send_power(run.pk)
        except QueueUnreachableError as error:
            messages.error(request, str(error))
    elif request.POST.get("do") == "delete":
        delete_power(find_row(PowerRun, request.POST.get("run"), study=study))
        messages.success(request, "The simulation is deleted.")
    else:
        messages.error(request, "Nothing was done: the page asked for something that does not exist.")
    return redirect("staff:study_plan", study.slug)


def _keep_arms(study: Study, plan: dict[str, Any]) -> dict[str, Any]:
    """The plan on the arms that the study has now; an earlier run's accuracies stay with those of the same name."""
    known = {arm["name"]: arm["accuracy"] for arm in plan["arms"]}
    arms = assume_study(study)["arms"]
    return {**plan, "arms": [{**arm, "accuracy": known.get(arm["name"], arm["accuracy"])} for arm in arms]}
