"""What the API says of studies: which there are, how full they are (never who was right), and their bundles."""

from typing import Any

from django.conf import settings
from django.db.models import Count
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone

from studyapp.actions.audit import record
from studyapp.actions.blindness import StillBlindError
from studyapp.actions.export import BundleKind, ExportRefusedError, fetch_bundle, make_public
from studyapp.actions.places import count_cells
from studyapp.api.access import ApiError, check_parameters, find_study, for_token, list_studies, read_flag
from studyapp.domain.anonymity import DEFAULT_K, MOST_K
from studyapp.domain.roles import CHANGE
from studyapp.models import ApiToken, Participant, Response, Study


@for_token
def show_studies(request: HttpRequest, token: ApiToken) -> HttpResponse:
    check_parameters(request)
    return JsonResponse({"studies": [_describe_study(request, study) for study in list_studies(token)]})


@for_token
def show_progress(request: HttpRequest, token: ApiToken, slug: str) -> HttpResponse:
    """Counts alone: nothing here depends on what anybody answered, so that watching stays blind."""
    check_parameters(request)
    study = find_study(token, slug)
    statuses = dict(study.participants.order_by().values_list("status").annotate(Count("id")))
    arms, forms = (dict(rows.values_list("id", "name")) for rows in (study.arms.all(), study.quiz_forms.all()))
    return JsonResponse(
        {
            **_describe_study(request, study),
            "as_of": timezone.now().isoformat(),
            "participants": {status: statuses.get(status, 0) for status in Participant.Status.values},
            "simulated": study.participants.filter(simulated=True).count(),
            "answers": Response.objects.filter(trial__participant__study=study).count(),
            "cells": [
                {"arm": arms[c.arm_id], "form": forms[c.form_id], "occupied": c.occupied, "target": c.target}
                for c in count_cells(study)
            ],
        }
    )


@for_token
def send_bundle(request: HttpRequest, token: ApiToken, slug: str) -> HttpResponse:
    """The study's bundle as it stands, made anew if anything has happened since the last one."""
    check_parameters(request, "public", "k", "with_comments", "for_spreadsheets")
    study = find_study(token, slug)
    if not token.owner.has_perm(CHANGE, study):
        raise ApiError(
            403, "The token's owner may look at this study, and fetch nothing of it.",
            do="ask an owner of the study to make you a researcher in it",
        )  # fmt: skip
    if not token.may_export:
        raise ApiError(
            403, "This token may see counts, and fetch no bundle.",
            do="make one that may, and is as carefully kept as the data",
        )  # fmt: skip
    try:
        export = fetch_bundle(study, folder=settings.EXPORTS_DIR, now=timezone.now(), kind=_read_kind(request))
    except StillBlindError as error:
        raise ApiError(409, str(error), do="wait until the study is closed") from None
    except ExportRefusedError as error:
        raise ApiError(409, str(error), do="ask for a smaller k, or for the full bundle") from None
    record(study, "fetched_bundle", file=export.file_name, token=token.prefix)
    response = FileResponse(export.bundle_path.open("rb"), as_attachment=True, filename=export.file_name)
    response["Content-Type"] = "application/zip"
    response["X-Content-SHA256"] = export.sha256
    return response


def _describe_study(request: HttpRequest, study: Study) -> dict[str, Any]:
    def link(name: str) -> str:
        return request.build_absolute_uri(reverse(f"api:{name}", args=[study.slug]))

    return {
        "study": study.slug,
        "title": study.title,
        "state": study.state,
        "preset": study.preset,
        "launched_at": study.launched_at,
        "closed_at": study.closed_at,
        "progress": link("progress"),
        "bundle": link("bundle"),
    }


def _read_kind(request: HttpRequest) -> BundleKind:
    """Which bundle is asked for.

    Raises:
        ApiError: a parameter cannot be, or means nothing here.
    """
    is_public, for_spreadsheets = read_flag(request, "public"), read_flag(request, "for_spreadsheets")
    if not is_public:
        for name in ("k", "with_comments"):
            if name in request.GET:
                raise ApiError(400, f"{name} means something in a public bundle only.", do="add public=1")
        return BundleKind(for_spreadsheets=for_spreadsheets)
    k = request.GET.get("k", str(DEFAULT_K))
    if not k.isascii() or not k.isdecimal() or len(k) > 4 or not 2 <= int(k) <= MOST_K:
        raise ApiError(400, f"k is {k!r}.", do=f"write a whole number from 2 to {MOST_K}")
    return make_public(k=int(k), with_comments=read_flag(request, "with_comments"), for_spreadsheets=for_spreadsheets)
