"""Who works on a study, and in which role."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from studyapp.actions.roles import RoleRefusedError, give_role, list_members, take_role
from studyapp.domain.roles import MEANINGS, OWN, Role
from studyapp.models import Study
from studyapp.staff_site.pages import owner_page, show


class RoleForm(forms.Form):
    username = forms.CharField(label="Account", max_length=150, help_text="The name by which they sign in.")
    role = forms.ChoiceField(choices=[(role.value, role.value) for role in Role])


@owner_page
def show_people(request: HttpRequest, study: Study) -> HttpResponse:
    form = RoleForm(request.POST if request.POST.get("do") == "give" else None)
    if request.method == "POST":
        try:
            if _carry_out(request, study, form):
                return redirect("staff:study_people", study.slug)
        except RoleRefusedError as error:
            form.add_error(None, str(error)) if form.is_bound else messages.error(request, str(error))
    return show(
        request,
        "study_people.html",
        title=study.title,
        study=study,
        members=list_members(study),
        roles=[(role.value, MEANINGS[role]) for role in Role],
        form=form,
        may_own=request.user.has_perm(OWN, study),
    )


def _carry_out(request: HttpRequest, study: Study, form: RoleForm) -> bool:
    """True when what was asked for is done."""
    match request.POST.get("do"):
        case "give" if form.is_valid():
            member = give_role(study, username=form.cleaned_data["username"], role=Role(form.cleaned_data["role"]))
            messages.success(request, f"{member.user} is a {member.role} of this study.")
            return True
        case "give":
            return False
        case "take":
            take_role(study, username=request.POST.get("username", ""))
            messages.success(request, "Their part in the study is ended.")
            return True
        case _:
            messages.error(request, "Nothing was done: the page asked for something that does not exist.")
            return False
