"""Addresses: participants /s/, staff /staff/, programs /api/, webhooks /hooks/, health and numbers for who runs it."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from studyapp.hooks import prolific
from studyapp.web.health import show_health, show_readiness
from studyapp.web.metrics import show_metrics

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="staff:study_list")),
    path("healthz", show_health),
    path("readyz", show_readiness),
    path("metrics", show_metrics),
    path("hooks/prolific/", prolific.receive, name="prolific_hook"),
    path("api/", include("studyapp.api.urls")),
    path("s/", include("studyapp.participant_site.urls")),
    path("staff/", include("studyapp.staff_site.urls")),
    path("staff/", admin.site.urls),
]

handler500 = "studyapp.web.outage.show_fault"
