"""page_lib: an HTML page read strictly: every element closed, nothing from elsewhere, and what people who
do not see the page need. Raises AssertionError with the place of the first fault."""

import html.parser
import re

VOID = {"meta", "img", "br", "link", "input", "hr", "col"}
FORBIDDEN = {"script", "iframe", "object", "embed", "link", "base", "form", "audio", "video", "foreignobject"}


class Element:
    def __init__(self, name, attributes, parent):
        self.name, self.attributes, self.parent = name, attributes, parent
        self.children, self.text = [], ""

    def all(self, *names):
        """Elements of these names below, in their order."""
        for child in self.children:
            if not names or child.name in names:
                yield child
            yield from child.all(*names)

    def words(self):
        return re.sub(r"\s+", " ", "".join(self._texts())).strip()

    def _texts(self):
        for child in self.children:
            if child.name == "#text":
                yield child.text
            elif child.name not in ("title", "desc"):
                yield from child._texts()

    def get(self, name):
        return self.attributes.get(name)


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.root = self.current = Element("#root", {}, None)
        self.source = text
        self.feed(text)
        self.close()
        assert self.current is self.root, f"<{self.current.name}> is never closed"

    def fail(self, message):
        raise AssertionError(f"line {self.getpos()[0]}: {message}")

    def handle_starttag(self, tag, attributes):
        if len({name for name, _ in attributes}) != len(attributes):
            self.fail(f"<{tag}> has an attribute twice")
        element = Element(tag, dict(attributes), self.current)
        self.current.children.append(element)
        if tag not in VOID:
            self.current = element

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.current = self.current.parent

    def handle_endtag(self, tag):
        if tag != self.current.name:
            self.fail(f"</{tag}> closes <{self.current.name}>")
        self.current = self.current.parent

    def handle_data(self, data):
        text = Element("#text", {}, self.current)
        text.text = data
        self.current.children.append(text)

    def handle_comment(self, data):
        self.fail(f"a comment: {data!r}")

    def all(self, *names):
        return list(self.root.all(*names))

    def table(self, words):
        """Rows of the table whose caption has these words, as lists of texts."""
        for table in self.all("table"):
            if words in next(table.all("caption")).words():
                return [[cell.words() for cell in row.all("th", "td")] for row in table.all("tr")]
        raise AssertionError(f"no table {words!r}")


def check_references(page):
    ids = [e.get("id") for e in page.all() if e.get("id") is not None]
    assert len(ids) == len(set(ids)), "an id is there twice"
    for element in page.all():
        assert element.name not in FORBIDDEN, element.name
        for name, value in element.attributes.items():
            assert not name.startswith("on") and name not in ("style", "srcset", "srcdoc"), name
            if name == "src":
                assert value.startswith("data:image/jpeg;base64,"), value[:80]
            elif name in ("href", "xlink:href") and value.startswith("#"):
                assert value[1:] in ids, value
            elif name in ("href", "xlink:href"):
                assert element.name == "a" and re.match(r"https?://", value), value
                assert set(element.get("rel").split()) == {"noreferrer", "noopener"}
            elif name in ("aria-labelledby", "aria-describedby"):
                assert set(value.split()) <= set(ids), value
    style, = page.all("style")
    assert not re.search(r"url\(|@import|https?:", style.children[0].text)
    policy = [m.get("content") for m in page.all("meta")
              if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy and policy[0].startswith("default-src 'none';"), policy


def check_structure(page):
    html_element, = page.all("html")
    assert html_element.get("lang") == "en"
    for name in ("title", "h1", "main", "header", "footer"):
        assert len([e for e in page.all(name) if e.parent.name not in ("svg",)]) == 1, name
    levels = [int(e.name[1]) for e in page.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    for before, after in zip(levels, levels[1:]):
        assert after <= before + 1, "a heading is left out"
    for table in page.all("table"):
        assert table.children and next(table.all("caption")).words()
        for head in table.all("th"):
            assert head.get("scope") in ("col", "row", "colgroup"), head.words()
        check_widths(table)
    for svg in page.all("svg"):
        assert svg.children[0].name == "title", "svg without a title"
        assert "".join(t.text for t in svg.children[0].children).strip()
        assert float(svg.get("height")) <= 1000, "a drawing that is higher than a window"
        assert svg.get("aria-hidden") == "true" or svg.get("role") == "img"
    for region in page.all("div"):
        if region.get("class") == "scroll":
            assert (region.get("role"), region.get("tabindex")) == ("region", "0")
    for image in page.all("img"):
        assert image.get("alt"), "a picture without words"
    for figure in page.all("figure"):
        assert figure.children[0].name == "#text" and next(figure.all("figcaption")).words()


def check_widths(table):
    """Every row of a table's body has as many columns as its head."""
    def width(row):
        return sum(int(c.get("colspan") or 1) for c in row.children if c.name in ("th", "td"))
    head = [row for part in table.all("thead") for row in part.all("tr")]
    for part in table.all("tbody"):
        for row in part.all("tr"):
            assert width(row) == width(head[0]), (width(row), width(head[0]), row.words())


def check_text(page):
    """No control characters, no number that is none."""
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", page.source)
    body, = page.all("body")
    for element in [body, *body.all()]:
        texts = [element.text] if element.name == "#text" else [
            value for name, value in element.attributes.items() if name not in ("src", "href")]
        for text in texts:
            assert not re.search(r"\b(nan|inf|infinity)\b", text or "", re.I), (element.name, text)


def check(text):
    page = Page(text)
    check_references(page)
    check_structure(page)
    check_text(page)
    return page
