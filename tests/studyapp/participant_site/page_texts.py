"""What a page says, as a rater sees or hears it, and a study that says everything in German."""

from html.parser import HTMLParser


class PageTexts(HTMLParser):
    """The texts of a page that a rater sees or hears, and the attributes of its tags."""

    HEARD = ("aria-label", "placeholder", "title", "alt")

    def __init__(self, html):
        super().__init__()
        self.texts, self.tags = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.texts += [said for name, said in attrs if name in self.HEARD]
        self.texts += [said for name, said in attrs if name.startswith("data-") and " " in (said or "")]  # of scripts

    def handle_data(self, data):
        if text := " ".join(data.split()):
            self.texts.append(text)


def make_german(**sections):
    return {
        "study": {"language": "de", "title": "Wer hat das geschrieben?"},
        "texts": {"consent": "Einwilligung.", "instructions": "Lesen Sie.", "question": "Wer?", "debriefing": "Danke."},
        **sections,
    }
