"""Two-factor sign-in: codes of an authenticator app beside the password, by django-otp.

An account with a confirmed device is let into the staff pages only once it has given a code in this browser's sign-in;
where BYLINE_TWO_FACTOR_REQUIRED is on, an account without a device is first led to set one up.
"""

import re
import secrets
from base64 import b32encode
from collections.abc import Callable
from urllib.parse import urlencode

import django_otp
import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from studyapp.actions.second_factor import confirm_device, find_open_device, remove_devices
from studyapp.staff_site.pages import show, staff_page

STAFF_PATHS = re.compile(r"/staff/|/s/[^/]+/preview/")  # the preview lies beside the pages that it shows
OPEN_PAGES = ("staff:second_factor_verify", "admin:login", "admin:logout")
WRONG_CODE = "That code is not right, or was used before. Wait for the next; after several wrong ones, longer."


class SecondFactorMiddleware:
    """Leads staff who still owe their second factor to the page that asks for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if STAFF_PATHS.match(request.path) and (page := self._find_owed_page(request)):
            return redirect(f"{page}?{urlencode({'next': request.get_full_path()})}")
        return self.get_response(request)

    def _find_owed_page(self, request: HttpRequest) -> str | None:
        user = request.user
        if not user.is_authenticated or user.is_verified() or request.path in map(reverse, OPEN_PAGES):
            return None
        if django_otp.user_has_device(user):
            return reverse("staff:second_factor_verify")
        setup = reverse("staff:second_factor")
        return setup if settings.TWO_FACTOR_REQUIRED and request.path != setup else None


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
    )

    def clean_code(self) -> str:
        return "".join(self.cleaned_data["code"].split())


@staff_page
def verify(request: HttpRequest) -> HttpResponse:
    """Ask for a code of the app, or one of the spare codes, after the password."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        device = django_otp.match_token(request.user, form.cleaned_data["code"])
        if device is not None:
            django_otp.login(request, device)
            return HttpResponseRedirect(_find_next(request))
        form.add_error("code", WRONG_CODE)
    return show(request, "second_factor_verify.html", title="Second factor", form=form)


@staff_page
def set_up(request: HttpRequest) -> HttpResponse:
    """Turn the second factor on, with an app's first code, or off, with a code."""
    has_device = django_otp.user_has_device(request.user)
    form = CodeForm(request.POST or None)
    spare_codes: list[str] = []
    if request.method == "POST" and form.is_valid():
        if has_device:
            done = _turn_off(request, form)
        else:
            done, spare_codes = _turn_on(request, form)
        if done and not spare_codes:
            return redirect("staff:second_factor")
        has_device = has_device or bool(spare_codes)
    device = None if has_device else find_open_device(request.user)
    response = show(
        request,
        "second_factor.html",
        title="Second factor",
        form=form,
        has_device=has_device,
        is_required=settings.TWO_FACTOR_REQUIRED,
        spare_codes=spare_codes,
        picture=segno.make(device.config_url).svg_data_uri(scale=5, border=2) if device else "",
        key=_spell_key(device) if device else "",
        n_spare=sum(static.token_set.count() for static in StaticDevice.objects.devices_for_user(request.user)),
    )
    response["Cache-Control"] = "no-store"
    return response


def _turn_on(request: HttpRequest, form: CodeForm) -> tuple[bool, list[str]]:
    device = find_open_device(request.user)
    if not device.verify_token(form.cleaned_data["code"]):
        form.add_error("code", WRONG_CODE)
        return False, []
    spare_codes = confirm_device(device, draw_code=lambda: secrets.token_hex(5))
    django_otp.login(request, device)
    messages.success(request, "The second factor is on. Keep the spare codes below; they are shown this once.")
    return True, spare_codes


def _turn_off(request: HttpRequest, form: CodeForm) -> bool:
    if django_otp.match_token(request.user, form.cleaned_data["code"]) is None:
        form.add_error("code", WRONG_CODE)
        return False
    remove_devices(request.user)
    messages.success(request, "The second factor is off.")
    return True


def _spell_key(device: TOTPDevice) -> str:
    """The device's key as people type it into an app: base32 in groups of four."""
    letters = b32encode(device.bin_key).decode()
    return " ".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def _find_next(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else reverse("staff:study_list")
