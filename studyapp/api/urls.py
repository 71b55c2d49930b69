"""Addresses for programs (docs/api.md)."""

from django.urls import path

from studyapp.api import access, studies

app_name = "api"
urlpatterns = [
    path("studies/", studies.show_studies, name="studies"),
    path("studies/<slug:slug>/progress.json", studies.show_progress, name="progress"),
    path("studies/<slug:slug>/bundle.zip", studies.send_bundle, name="bundle"),
    path("", access.refuse_address),
    path("<path:rest>", access.refuse_address),
]
