"""Addresses of the rater's way. All but the entry and the staff's preview lead to the participant's own page."""

from django.urls import path

from studyapp.participant_site import (
    attention,
    comprehension,
    data_protection,
    debriefing,
    entry,
    items,
    preview,
    questions,
    steps,
    withdrawal,
)

app_name = "rater"
urlpatterns = [
    path("<slug:slug>/", entry.enter, name="enter"),
    path("<slug:slug>/consent/", entry.consent, name="consent"),
    path("<slug:slug>/continue/", steps.go_on, name="continue"),
    path("<slug:slug>/instructions/", steps.instructions, name="instructions"),
    path("<slug:slug>/comprehension/", comprehension.comprehension, name="comprehension"),
    path("<slug:slug>/first-questions/", questions.ask_first, name="first-questions"),
    path("<slug:slug>/attention/<int:number>/", attention.attention, name="attention"),
    path("<slug:slug>/item/<slug:code>/", items.item, name="item"),
    path("<slug:slug>/item/<slug:code>/problem/", items.problem, name="problem"),
    path("<slug:slug>/more-questions/", questions.ask_more, name="more-questions"),
    path("<slug:slug>/questions/", steps.questions, name="questions"),
    path("<slug:slug>/debriefing/", debriefing.debriefing, name="debriefing"),
    path("<slug:slug>/code/", entry.show_code, name="code"),
    path("<slug:slug>/agree-again/", debriefing.agree_again, name="agree_again"),
    path("<slug:slug>/back/<str:signed>/", entry.come_back, name="come_back"),
    path("<slug:slug>/data-protection/", data_protection.data_protection, name="data-protection"),
    path("<slug:slug>/withdraw/", withdrawal.withdraw, name="withdraw"),
    path("<slug:slug>/preview/<str:arm>/<str:form>/<slug:step>/", preview.show_step, name="preview"),
]
