"""Addresses of the researcher's pages, in the order of the line."""

from django.urls import path

from studyapp.staff_site import (
    api_tokens,
    articles,
    changes,
    export,
    free_text,
    generation,
    launch,
    log,
    people,
    preview,
    prolific,
    review,
    second_factor,
    setup,
    studies,
    training,
    training_setup,
    watch,
)

app_name = "staff"
urlpatterns = [
    path("second-factor/", second_factor.set_up, name="second_factor"),
    path("second-factor/verify/", second_factor.verify, name="second_factor_verify"),
    path("studies/", studies.show_list, name="study_list"),
    path("studies/new/", setup.make_new, name="study_new"),
    path("articles/import/", articles.import_file, name="article_import"),
    path("models/", studies.show_checkpoints, name="checkpoint_list"),
    path("tokens/", api_tokens.show_tokens, name="api_tokens"),
    path("training/", training.show_ladders, name="training_list"),
    path("training/new/", training_setup.make_new, name="training_new"),
    path("training/<slug:slug>/", training.show_ladder, name="training_ladder"),
    path("studies/<slug:slug>/", studies.show_overview, name="study_overview"),
    path("studies/<slug:slug>/file/", studies.download_file, name="study_file"),
    path("studies/<slug:slug>/generation/", generation.show_generation, name="study_generation"),
    path("studies/<slug:slug>/review/", review.show_review, name="study_review"),
    path("studies/<slug:slug>/preview/", preview.show_preview, name="study_preview"),
    path("studies/<slug:slug>/launch/", launch.show_launch, name="study_launch"),
    path("studies/<slug:slug>/people/", people.show_people, name="study_people"),
    path("studies/<slug:slug>/prolific/", prolific.show_prolific, name="study_prolific"),
    path("studies/<slug:slug>/watch/", watch.show_watch, name="study_watch"),
    path("studies/<slug:slug>/watch/now/", watch.show_now, name="study_watch_now"),
    path("studies/<slug:slug>/changes/", changes.show_changes, name="study_changes"),
    path("studies/<slug:slug>/log/", log.show_log, name="study_log"),
    path("studies/<slug:slug>/export/", export.show_exports, name="study_export"),
    path("studies/<slug:slug>/export/free-text/", free_text.show_free_text, name="export_free_text"),
    path("studies/<slug:slug>/export/<int:export_id>/bundle/", export.download_bundle, name="export_bundle"),
    path("studies/<slug:slug>/export/<int:export_id>/report/<path:name>", export.show_report, name="export_report"),
]
