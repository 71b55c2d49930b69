"""Tokens of the API for staff: made here, shown once, revoked here."""

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from studyapp.actions.api_tokens import TokenWish, make_token, revoke_token
from studyapp.domain.api_tokens import DEFAULT_DAYS, MOST_DAYS
from studyapp.models import ApiToken
from studyapp.staff_site.pages import find_row, show, staff_page


class TokenForm(forms.Form):
    label = forms.CharField(label="What is it for?", max_length=80, help_text="As: nightly copy to the group's server.")
    days = forms.IntegerField(label="Days until it ends", min_value=1, max_value=MOST_DAYS, initial=DEFAULT_DAYS)
    may_export = forms.BooleanField(
        label="May fetch bundles",
        required=False,
        help_text="Without it, the token sees counts alone. With it, it is as good a key to the answers as you are.",
    )


@staff_page
def show_tokens(request: HttpRequest) -> HttpResponse:
    """A new token's text stands on the page that answers its making, and on no other."""
    now, text = timezone.now(), ""
    is_new = request.method == "POST" and request.POST.get("do") == "make"
    form = TokenForm(request.POST if is_new else None)
    if is_new and form.is_valid():
        _, text = make_token(request.user, TokenWish(**form.cleaned_data), now=now)  # type: ignore[arg-type]
        form = TokenForm()
    elif request.method == "POST" and not is_new:
        _revoke(request)
        return redirect("staff:api_tokens")
    rows = [(token, _describe_state(token)) for token in _list_tokens(request.user)]  # type: ignore[arg-type]
    response = show(request, "api_tokens.html", title="API tokens", form=form, rows=rows, text=text)
    add_never_cache_headers(response)
    return response


def _revoke(request: HttpRequest) -> None:
    if request.POST.get("do") != "revoke":
        messages.error(request, "Nothing was done: the page asked for something that does not exist.")
        return
    token = find_row(_list_tokens(request.user), request.POST.get("token"))  # type: ignore[arg-type]
    revoke_token(token, now=timezone.now())
    messages.success(request, f"{token} is revoked: nothing that uses it gets in any more.")


def _list_tokens(account: User) -> QuerySet[ApiToken]:
    """An account's own tokens; an administrator sees everybody's, and can revoke them."""
    tokens = ApiToken.objects.select_related("owner")
    return tokens if account.is_superuser else tokens.filter(owner=account)


def _describe_state(token: ApiToken) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at <= timezone.now():
        return "expired"
    return "in use" if token.owner.is_active and token.owner.is_staff else "owner gone"
