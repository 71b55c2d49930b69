"""Addresses of the researcher's pages, in the order of the line."""

from django.urls import path

from studyapp.staff_site import (
    articles,
    export,
    generation,
    launch,
    plan,
    rehearsal,
    review,
    setup,
    studies,
    training,
    training_setup,
)

app_name = "staff"
urlpatterns = [
    path("studies/", studies.show_list, name="study_list"),
    path("studies/new/", setup.make_new, name="study_new"),
    path("articles/import/", articles.import_file, name="article_import"),
    path("models/", studies.show_checkpoints, name="checkpoint_list"),
    path("training/", training.show_ladders, name="training_list"),
    path("training/new/", training_setup.make_new, name="training_new"),
    path("training/<slug:slug>/", training.show_ladder, name="training_ladder"),
    path("studies/<slug:slug>/", studies.show_overview, name="study_overview"),
    path("studies/<slug:slug>/file/", studies.download_file, name="study_file"),
    path("studies/<slug:slug>/generation/", generation.show_generation, name="study_generation"),
    path("studies/<slug:slug>/review/", review.show_review, name="study_review"),
    path("studies/<slug:slug>/plan/", plan.show_plan, name="study_plan"),
    path("studies/<slug:slug>/plan/<int:run_id>/<str:kind>", plan.download_plan, name="plan_file"),
    path("studies/<slug:slug>/rehearsal/", rehearsal.show_rehearsals, name="study_rehearsals"),
    path("studies/<slug:slug>/launch/", launch.show_launch, name="study_launch"),
    path("studies/<slug:slug>/export/", export.show_exports, name="study_export"),
    path("studies/<slug:slug>/export/<int:export_id>/bundle/", export.download_bundle, name="export_bundle"),
    path("studies/<slug:slug>/export/<int:export_id>/report/<path:name>", export.show_report, name="export_report"),
]
