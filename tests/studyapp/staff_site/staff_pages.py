"""What the tests of the researcher's pages ask for and put there."""

import json

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse


def page(name, *arguments):
    return reverse(f"staff:{name}", args=arguments)


def upload(name, text):
    return SimpleUploadedFile(name, text.encode())


def put_checkpoint(shelf, folder, *, n_params):
    """A folder that looks like a trained model to whoever reads cards; it holds no weights."""
    path = shelf / folder
    path.mkdir(parents=True)
    (path / "config.json").write_text('{"model_type": "gpt2"}')
    card = {"spec": {"name": "1m"}, "n_params": n_params, "held_out_loss": 4.25, "tokens_seen": 1000}
    (path / "byline.json").write_text(json.dumps(card))


def read(answer):
    """The text of a page."""
    return answer.content.decode()


def read_form(answer, name="form"):
    """What a form on the page would post if nothing on it were changed."""
    posted = {}
    for field in answer.context[name]:
        value = field.value()
        if value is not None and value is not False:
            posted[field.html_name] = field.field.prepare_value(value) if value is not True else "on"
    return posted
