"""Addresses of the researcher's pages, in the order of the line."""

from django.urls import path

from studyapp.staff_site import (
    arms,
    article_choice,
    articles,
    check,
    drafts,
    export,
    generation,
    launch,
    recruitment,
    review,
    setup,
    studies,
    texts,
    training,
    training_setup,
)

app_name = "staff"
urlpatterns = [
    path("studies/", studies.show_list, name="study_list"),
    path("studies/new/", setup.make_new, name="study_new"),
    path("articles/import/", articles.import_file, name="article_import"),
    path("articles/import/<str:token>/", articles.preview_file, name="article_preview"),
    path("markdown/", texts.preview_markdown, name="markdown_preview"),
    path("models/", studies.show_checkpoints, name="checkpoint_list"),
    path("training/", training.show_ladders, name="training_list"),
    path("training/new/", training_setup.make_new, name="training_new"),
    path("training/<slug:slug>/", training.show_ladder, name="training_ladder"),
    path("studies/<slug:slug>/", studies.show_overview, name="study_overview"),
    path("studies/<slug:slug>/file/", studies.download_file, name="study_file"),
    path("studies/<slug:slug>/setup/", drafts.take_up, name="study_setup"),
    path("studies/<slug:slug>/articles/", article_choice.show_articles, name="study_articles"),
    path("studies/<slug:slug>/models/", arms.show_models, name="study_models"),
    path("studies/<slug:slug>/models/<str:name>/", arms.edit_arm, name="study_arm"),
    path("studies/<slug:slug>/texts/", texts.show_texts, name="study_texts"),
    path("studies/<slug:slug>/recruitment/", recruitment.show_recruitment, name="study_recruitment"),
    path("studies/<slug:slug>/check/", check.show_check, name="study_check"),
    path("studies/<slug:slug>/generation/progress/", generation.send_progress, name="generation_progress"),
    path("studies/<slug:slug>/generation/", generation.show_generation, name="study_generation"),
    path("studies/<slug:slug>/review/", review.show_review, name="study_review"),
    path("studies/<slug:slug>/launch/", launch.show_launch, name="study_launch"),
    path("studies/<slug:slug>/export/", export.show_exports, name="study_export"),
    path("studies/<slug:slug>/export/<int:export_id>/bundle/", export.download_bundle, name="export_bundle"),
    path("studies/<slug:slug>/export/<int:export_id>/report/<path:name>", export.show_report, name="export_report"),
]
