"""A visitor in a browser without script: follows redirects, and fills the form that a page shows."""

from django.test import Client

from studyapp.models import Participant
from studyapp.simulated.simulation import read_page

PROLIFIC_ID = "5f2b8a9c1d3e4f5a6b7c8d9e"


class Answered:
    """Just enough of an answer for `read_page`, from Django's test client."""

    def __init__(self, response):
        path = response.redirect_chain[-1][0] if response.redirect_chain else response.request["PATH_INFO"]
        self.url, self.text, self.status_code = path, response.content.decode(), response.status_code


class Visitor:
    """`page` is what is on the screen, `content` the HTML of it."""

    def __init__(self, study, *, client=None, **parameters):
        self.client = client or Client(enforce_csrf_checks=False)
        self.study = study
        self.entry = f"/s/{study.slug}/"
        self.open(self.entry, **parameters)

    def open(self, path, **parameters):
        return self._see(self.client.get(path, parameters, follow=True))

    def send(self, *, to=None, **answers):
        target = to or self.page.action or self.page.url
        fields = {**self.page.fields, **answers}
        return self._see(self.client.post(target, fields, follow=True))

    def _see(self, response):
        self.content = response.content.decode()
        self.page = read_page(Answered(response))
        return self.page

    @property
    def participant(self):
        return Participant.objects.get()

    def agree(self):
        return self.send(agree="yes")

    def start(self):
        self.agree()
        return self.send()

    def finish(self, judgment=4):
        """From wherever they are to the debriefing."""
        while self.page.step != "debriefing":
            if "arrival" in self.page.fields:
                self.agree()
            elif self.page.step == "item":
                self.send(judgment=judgment)
            elif self.page.step == "questions":
                self.send(looked_up="no")
            else:
                self.send()
        return self.page
