"""The elements of an HTML page, for tests of what is on it."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "input"}


class Elements(HTMLParser):
    """The elements of a page with their attributes, its text, and whether all is closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self.open, self.bodies = [], [], [], {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in ("td", "th", "tr"):
            self.open.pop()  # whose ends may be left out
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.bodies.setdefault(self.open[-1] if self.open else "", []).append(data)
        self.text.append(data)
