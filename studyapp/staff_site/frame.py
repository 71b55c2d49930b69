"""What stands around every staff page: name, colours and the menu, as django-unfold takes them."""

from django.templatetags.static import static
from django.urls import reverse_lazy


def _link_rows(title: str, icon: str, model: str) -> dict[str, object]:
    """A link to the rows of a model, for those who may see all of them; a role in one study gives no such right."""
    app, _, name = model.partition("_")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{model}_changelist"),
        "permission": lambda request: request.user.has_perm(f"{app}.view_{name}"),
    }


UNFOLD = {
    "SITE_TITLE": "Byline",
    "SITE_HEADER": "Byline",
    "SITE_SUBHEADER": "Can people tell?",
    "SITE_URL": None,
    "SITE_SYMBOL": "newspaper",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _: static("participant_site/icon.svg")}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [lambda _: static("staff/staff.css")],
    "COLORS": {
        "primary": {
            "50": "#eff6fb", "100": "#dbeaf5", "200": "#b9d6ea", "300": "#8abadb", "400": "#5499c7",
            "500": "#307dae", "600": "#236492", "700": "#1f5177", "800": "#1e4563", "900": "#1c3a54", "950": "#132537",
        }
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "title": "Studies",
                "items": [
                    {
                        "title": "All studies",
                        "icon": "science",
                        "link": reverse_lazy("staff:study_list"),
                        "active": lambda request: request.resolver_match.url_name.startswith("study_")
                        and request.resolver_match.url_name != "study_new",
                    },
                    {
                        "title": "New study",
                        "icon": "add_circle",
                        "link": reverse_lazy("staff:study_new"),
                        "permission": lambda request: request.user.has_perm("studyapp.add_study"),
                    },
                    {
                        "title": "Import articles",
                        "icon": "upload_file",
                        "link": reverse_lazy("staff:article_import"),
                        "permission": lambda request: request.user.has_perm("studyapp.add_article"),
                    },
                    {"title": "Models", "icon": "memory", "link": reverse_lazy("staff:checkpoint_list")},
                    {
                        "title": "Training",
                        "icon": "model_training",
                        "link": reverse_lazy("staff:training_list"),
                        "active": lambda request: request.resolver_match.url_name.startswith("training_"),
                    },
                    {"title": "API tokens", "icon": "key", "link": reverse_lazy("staff:api_tokens")},
                ],
            },
            {
                "title": "Rows",
                "collapsible": True,
                "items": [
                    _link_rows("Articles", "article", "studyapp_article"),
                    _link_rows("Studies", "tune", "studyapp_study"),
                    _link_rows("Jobs", "work", "studyapp_generationjob"),
                    _link_rows("Candidates", "notes", "studyapp_candidate"),
                    _link_rows("Participants", "groups", "studyapp_participant"),
                    _link_rows("Audit log", "history", "studyapp_auditentry"),
                    _link_rows("Staff", "badge", "auth_user"),
                ],
            },
            {
                "title": "You",
                "items": [
                    {"title": "Second factor", "icon": "key", "link": reverse_lazy("staff:second_factor")},
                ],
            },
        ],
    },
}  # fmt: skip
