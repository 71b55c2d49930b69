"""Addresses of the rater's way. All but the entry lead to the page where the participant belongs."""

from django.urls import path

from studyapp.participant_site import comprehension, entry, items, steps

app_name = "rater"
urlpatterns = [
    path("<slug:slug>/", entry.enter, name="enter"),
    path("<slug:slug>/consent/", entry.consent, name="consent"),
    path("<slug:slug>/continue/", steps.go_on, name="continue"),
    path("<slug:slug>/instructions/", steps.instructions, name="instructions"),
    path("<slug:slug>/comprehension/", comprehension.comprehension, name="comprehension"),
    path("<slug:slug>/item/<slug:code>/", items.item, name="item"),
    path("<slug:slug>/questions/", steps.questions, name="questions"),
    path("<slug:slug>/debriefing/", steps.debriefing, name="debriefing"),
    path("<slug:slug>/withdraw/", steps.withdraw, name="withdraw"),
]
