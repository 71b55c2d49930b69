"""A new ladder to train: which models, on what, for how long, and whose articles are kept out."""

from pathlib import Path
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from studyapp.domain.ladder_file import Budget, BudgetKind, LadderFileError, read_rungs, set_budget
from studyapp.domain.loss_picture import format_tokens
from studyapp.staff_site.pages import needs, show, staff_page
from studyapp.staff_site.training_material import IMPORTED, MaterialForm, make_and_send

LADDERS_DIR = Path(__file__).parent.parent / "presets" / "ladders"
MAX_LADDER_FILE_BYTES = 2**18
UPLOADED = "uploaded"
BUDGETS = {
    BudgetKind.FILE: "as the ladder says",
    BudgetKind.PER_PARAMETER: "tokens a parameter",
    BudgetKind.TIMES: "times what the ladder says",
    BudgetKind.TOKENS: "tokens for every model",
}


class LadderForm(MaterialForm):
    """A ladder, a corpus and a budget."""

    ladder = forms.ChoiceField(label="Ladder")
    ladder_file = forms.FileField(
        label="Ladder file",
        required=False,
        help_text="TOML, as examples/ladder.toml; for “the file uploaded below”. Its own corpus is not looked at.",
        widget=forms.FileInput(attrs={"accept": ".toml"}),
    )
    budget = forms.ChoiceField(label="Budget of each model", choices=[(k.value, label) for k, label in BUDGETS.items()])
    amount = forms.FloatField(
        label="Amount",
        required=False,
        min_value=0,
        help_text="For every budget but the ladder's own. 20 tokens a parameter make the best model of its compute.",
    )
    field_order = ["slug", "ladder", "ladder_file", "budget", "amount"]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        uploaded = (UPLOADED, "the file uploaded below")
        self.fields["ladder"].choices = [*((name, describe_preset(name)) for name in list_ladders()), uploaded]

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        text = self._read_ladder(said)
        if text is not None:
            self._set_budget(text, said)
        return said

    def _read_ladder(self, said: dict[str, Any]) -> str | None:
        """The ladder's text, or None with the fault written beside its field."""
        if "ladder" not in said:
            return None
        if said["ladder"] != UPLOADED:
            return (LADDERS_DIR / f"{said['ladder']}.toml").read_text(encoding="utf-8")
        upload = said.get("ladder_file")
        if upload is None:
            self.add_error("ladder_file", "Choose the ladder file, or one of the ladders of the list.")
        elif upload.size > MAX_LADDER_FILE_BYTES:
            self.add_error("ladder_file", "A ladder file is never this large; is it the corpus?")
        else:
            try:
                return upload.read().decode("utf-8")
            except UnicodeDecodeError:
                self.add_error("ladder_file", "The file is not UTF-8; save it as UTF-8 and try again.")
        return None

    def _set_budget(self, text: str, said: dict[str, Any]) -> None:
        kind, amount = said.get("budget"), said.get("amount")
        try:
            read_rungs(text)
        except LadderFileError as error:
            for fault in error.faults:
                self.add_error("ladder_file", fault)
            return
        if kind is None or "amount" in self.errors:
            return
        if kind != BudgetKind.FILE and amount is None:
            self.add_error("amount", f"Say how many {BUDGETS[BudgetKind(kind)]}.")
            return
        try:
            said["text"] = set_budget(text, Budget(BudgetKind(kind), amount if amount is not None else 1.0))
        except ValueError as error:
            self.add_error("amount", str(error))


def list_ladders() -> list[str]:
    """The ladders that come with Byline, smallest first."""
    return sorted((path.stem for path in LADDERS_DIR.glob("*.toml")), key=lambda name: _measure_preset(name)[-1])


def describe_preset(name: str) -> str:
    """`pilot: 4 models, 124k to 2.81M parameters`"""
    sizes = _measure_preset(name)
    return f"{name}: {len(sizes)} models, {format_tokens(sizes[0])} to {format_tokens(sizes[-1])} parameters"


def _measure_preset(name: str) -> list[int]:
    return sorted(rung.n_params for rung in read_rungs((LADDERS_DIR / f"{name}.toml").read_text(encoding="utf-8")))


@staff_page
@needs("studyapp.add_trainingladder")
def make_new(request: HttpRequest) -> HttpResponse:
    first = {"keep_out": [IMPORTED]}
    form = LadderForm(request.POST, request.FILES) if request.method == "POST" else LadderForm(initial=first)
    if request.method == "POST" and form.is_valid():
        ladder = make_and_send(request, form, text=form.cleaned_data["text"])
        if ladder is not None:
            return redirect(ladder)
    return show(request, "training_new.html", title="Train a ladder", form=form)
