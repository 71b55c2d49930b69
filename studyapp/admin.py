"""The rows, for a look and for small mendings. What is frozen or said by participants can be read and not changed."""

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from studyapp.actions.audit import acting_as, record
from studyapp.models import (
    Arm,
    Article,
    AuditEntry,
    Candidate,
    EntryTally,
    Export,
    GenerationJob,
    Participant,
    Study,
    TrainingJob,
    TrainingLadder,
)

# The admin's own pages need the policy of the staff pages; every one of its views passes through `admin_view`.
_admin_view = admin.site.admin_view
admin.site.admin_view = lambda view, cacheable=False: csp_update(settings.STAFF_CONTENT_SECURITY_POLICY)(
    _admin_view(view, cacheable)
)
admin.site.login = csp_update(settings.STAFF_CONTENT_SECURITY_POLICY)(admin.site.login)
# Keys of second factors are for nobody's eyes; a lost phone is helped by `reset_second_factor`.
admin.site.unregister(TOTPDevice)
admin.site.unregister(StaticDevice)
admin.site.unregister(User)
admin.site.unregister(Group)


class ReadOnlyMixin:
    """Rows that are made by the line and by nobody's hand."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class RecordedMixin:
    """Rows that may be changed by hand: every change is in the audit log, with what was changed."""

    def log_addition(self, request: HttpRequest, obj: Model, message: object) -> LogEntry:
        self._record(request, obj, "added_row", message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: object) -> LogEntry:
        self._record(request, obj, "changed_row", message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet) -> object:
        for row in queryset:
            self._record(request, row, "deleted_row", "")
        return super().log_deletions(request, queryset)

    def _record(self, request: HttpRequest, row: Model, act: str, message: object) -> None:
        with acting_as(request.user):
            study = row if isinstance(row, Study) else None
            record(study, act, kind=row._meta.model_name, row=str(row), changes=message)


@admin.register(Article)
class ArticleAdmin(RecordedMixin, ModelAdmin):
    list_display = ["title", "section", "source", "words", "stand_in", "ref"]
    list_filter = ["stand_in", "section", "source"]
    search_fields = ["title", "ref", "body"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # articles come through the import, which knows duplicates

    def has_change_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return False  # a text that was imported stays what it was

    def has_delete_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        if obj is not None and (obj.items.exists() or obj.contexts.exists()):
            return False
        return super().has_delete_permission(request, obj)


class ArmInline(TabularInline):
    model = Arm
    extra = 0
    fields = [
        "name", "label", "n_params", "is_control", "generator", "conditioned", "sampling", "participants_per_cell",
        "use", "position",
    ]  # fmt: skip

    def has_add_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        return obj is None or obj.is_draft

    def has_change_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        return obj is None or obj.is_draft

    def has_delete_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        return obj is None or obj.is_draft


class RehearsalFilter(admin.SimpleListFilter):
    """Real studies, unless one asks for the copies that rehearsals run on."""

    title, parameter_name = "rehearsals", "rehearsals"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("only", "only rehearsals"), ("with", "with rehearsals")]

    def choices(self, changelist: object) -> list[dict[str, object]]:
        first, *others = super().choices(changelist)
        return [{**first, "display": "real studies"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "with":
            return queryset
        return queryset.exclude(rehearsal_of=None) if self.value() == "only" else queryset.filter(rehearsal_of=None)


@admin.register(Study)
class StudyAdmin(RecordedMixin, ModelAdmin):
    list_display = ["title", "slug", "state", "preset", "launched_at", "closed_at"]
    list_filter = ["state", RehearsalFilter]
    inlines = [ArmInline]
    readonly_fields = ["state", "launched_at", "closed_at", "design_sha256"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a study is made from a preset or a study file

    def has_change_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.is_draft)

    def has_delete_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        return super().has_delete_permission(request, obj) and obj is not None and obj.is_draft


@admin.register(GenerationJob)
class GenerationJobAdmin(ReadOnlyMixin, ModelAdmin):
    list_display = ["item", "arm", "state", "attempts", "seconds", "error"]
    list_filter = ["state", "arm__study"]
    list_select_related = ["arm", "item__article"]


@admin.register(Candidate)
class CandidateAdmin(ReadOnlyMixin, ModelAdmin):
    list_display = ["job", "index", "words", "flags", "is_fit", "rejected_reason"]
    list_filter = ["is_fit", "job__arm__study", "job__arm__name"]
    list_select_related = ["job__arm", "job__item__article"]


@admin.register(Participant)
class ParticipantAdmin(ReadOnlyMixin, ModelAdmin):
    list_display = ["code", "study", "status", "simulated", "excluded", "enrolled_at", "completed_at"]
    list_filter = ["study", "status", "simulated", "excluded"]
    exclude = ["entry_key", "person_key"]


@admin.register(EntryTally)
class EntryTallyAdmin(ReadOnlyMixin, ModelAdmin):
    list_display = ["study", "day", "outcome", "simulated", "n"]
    list_filter = ["study", "outcome", "simulated"]


@admin.register(Export)
class ExportAdmin(ReadOnlyMixin, ModelAdmin):
    list_display = ["file_name", "study", "created_at", "participants", "trials", "report_state"]
    list_filter = ["study"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyMixin, ModelAdmin):
    list_display = ["at", "by_name", "act", "study_slug", "reason"]
    list_filter = ["act", "study"]
    search_fields = ["by_name", "study_slug", "reason"]


@admin.register(TrainingLadder)
class TrainingLadderAdmin(ReadOnlyMixin, ModelAdmin):
    list_display = ["slug", "corpus_files", "takes_imported", "n_kept_out", "created_at", "created_by"]


@admin.register(TrainingJob)
class TrainingJobAdmin(ReadOnlyMixin, ModelAdmin):
    list_display = ["name", "ladder", "state", "attempts", "tokens", "budget", "held_out_loss", "error"]
    list_filter = ["state", "ladder"]
    list_select_related = ["ladder"]


@admin.register(User)
class StaffAdmin(RecordedMixin, UserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class StaffGroupAdmin(RecordedMixin, GroupAdmin, ModelAdmin):
    pass
