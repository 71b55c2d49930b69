"""How a line of the log is written: JSON on a server, plain on a person's own machine; redacted either way."""

import logging
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from studyapp.domain.log_redaction import redact
from studyapp.web.request_ids import current

_ID_HERE = "\0"
# what a record may carry beside its message; anything else (Django puts the whole request there) is left out
FIELDS = ("method", "view", "status", "ms")


class PlainLines(logging.Formatter):
    """`12:00:00 INFO studyapp.tasks [request id]: message`"""

    def format(self, record: logging.LogRecord) -> str:
        record.request_id = _ID_HERE  # put in afterwards: it looks like what is redacted
        return redact(super().format(record)).replace(_ID_HERE, current.get() or "-", 1)


class JsonLines(JsonFormatter):
    """One JSON object a line: time, level, logger, message, request_id; `exc_info` where something was raised."""

    def __init__(self) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
            json_ensure_ascii=False,
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        kept = {"time", "level", "logger", "message", "exc_info", "stack_info", *FIELDS}
        line = {
            name: redact(value) if isinstance(value, str) else value
            for name, value in log_data.items()
            if name in kept and value not in (None, "")
        }
        request_id = current.get()
        return line if request_id is None else {**line, "request_id": request_id}


def make_logging(*, level: str, as_json: bool) -> dict[str, Any]:
    """Django's LOGGING, and gunicorn's: one handler, to stderr."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {
                "()": "studyapp.web.log_lines.PlainLines",
                "format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s",
            },
            "json": {"()": "studyapp.web.log_lines.JsonLines"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json" if as_json else "plain"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "axes": {"level": "WARNING"},
            "django.server": {"handlers": [], "propagate": True},
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},  # it has paths and addresses
            "httpx": {"level": "WARNING"},
        },
    }
