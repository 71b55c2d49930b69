"""`huggingface:ORG/NAME` or `huggingface:ORG/NAME@REVISION`: a model of the Hugging Face cache."""

from typing import TYPE_CHECKING

from django.conf import settings

from studyapp.actions.generation import GenerationOrder

if TYPE_CHECKING:
    from generator.sample import AnyWriter


def open_writer(order: GenerationOrder, *, name: str, is_chat: bool) -> "AnyWriter":
    """The writer of a cached model."""
    from generator.hub_cache import open_cached_writer

    return open_cached_writer(name, cache=settings.HUGGING_FACE_CACHE, chat=is_chat)
