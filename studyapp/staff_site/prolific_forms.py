"""What a researcher types on a study's Prolific page."""

from decimal import Decimal

from django import forms

from studyapp.domain.pay import parse_reward
from studyapp.domain.prolific_draft import MOST_PLACES, DraftWish
from studyapp.models import Study

RETURN_REASONS = (
    "Did not finish the study.",
    "Encountered technical problems.",
    "Withdrew consent.",
    "The study looked for other participants.",
    "The questions about the instructions were not answered.",
)


class LinkForm(forms.Form):
    """A study that was made on Prolific's own pages."""

    remote_id = forms.RegexField(
        r"^\s*[0-9a-f]{24}\s*$",
        label="Study ID on Prolific",
        help_text="24 letters and digits; the last part of the study's address on Prolific.",
        error_messages={"invalid": "An ID of Prolific's has 24 of the digits 0 to 9 and the letters a to f."},
    )

    def read_id(self) -> str:
        return self.cleaned_data["remote_id"].strip()


class DraftForm(forms.Form):
    """A draft, which nobody sees on Prolific before it is published."""

    name = forms.CharField(max_length=120, help_text="Participants see it on Prolific.")
    description = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="What they will do, and for how long. It must not tell which texts are whose.",
    )
    places = forms.IntegerField(min_value=1, max_value=MOST_PLACES)
    minutes = forms.IntegerField(min_value=1, max_value=1440, label="Minutes that it takes")
    reward = forms.DecimalField(
        min_value=Decimal("0.01"),
        max_digits=7,
        decimal_places=2,
        help_text="For each participant, in your account's currency. Prolific asks for £6 or $8 an hour at the least, "
        "and recommends £9 or $12.",
    )
    project = forms.RegexField(
        r"^[0-9a-f]{24}$",
        required=False,
        label="Project ID",
        help_text="Left empty, it comes into your first project.",
    )

    def read_wish(self) -> DraftWish:
        said = self.cleaned_data
        return DraftWish(
            name=said["name"],
            description=said["description"],
            places=said["places"],
            minutes=said["minutes"],
            reward=to_hundredths(said["reward"]),
            project=said["project"],
        )


class BonusForm(forms.Form):
    """A bonus to each of the ticked submissions."""

    purpose = forms.CharField(max_length=60)
    amount = forms.DecimalField(min_value=Decimal("0.01"), max_digits=5, decimal_places=2)

    def read_amount(self) -> int:
        return to_hundredths(self.cleaned_data["amount"])


def suggest_draft(study: Study) -> dict[str, object]:
    """What a draft begins with: a place for everybody whom the cells hold, and what the study says of time and pay."""
    said = parse_reward(study.reward)
    return {
        "name": study.title,
        "description": f"You will read news articles and say of each who you think wrote it. "
        f"It takes about {study.estimated_minutes} minutes.",
        "places": study.places_wanted,
        "minutes": study.estimated_minutes,
        "reward": said.value if said else None,
    }


def to_hundredths(amount: Decimal) -> int:
    return int((amount * 100).to_integral_value())
