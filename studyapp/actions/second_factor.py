"""The devices of two-factor sign-in: django-otp keeps and checks them, and every change is in the audit log."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import transaction
from django_otp import devices_for_user
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from studyapp.actions.audit import record

SPARE_CODES = 10


def find_open_device(user: User) -> TOTPDevice:
    """The device that an account is about to confirm; its key stays the same while its page is reloaded."""
    device, _ = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "authenticator app"})
    return device


@transaction.atomic
def confirm_device(device: TOTPDevice, *, draw_code: Callable[[], str]) -> list[str]:
    """Turn an account's second factor on; the spare codes, each good once, in place of earlier ones."""
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    StaticDevice.objects.filter(user=device.user).delete()
    spare = StaticDevice.objects.create(user=device.user, name="spare codes")
    codes = [draw_code() for _ in range(SPARE_CODES)]
    for code in codes:
        spare.token_set.create(token=code)
    record(None, "turned_second_factor_on", account=device.user.get_username())
    return codes


@transaction.atomic
def remove_devices(user: User) -> int:
    """Turn an account's second factor off; how many devices it had."""
    devices = list(devices_for_user(user, confirmed=None))
    for device in devices:
        device.delete()
    record(None, "turned_second_factor_off", account=user.get_username())
    return len(devices)
