"""Pages of the viewer without a browser."""

from html.parser import HTMLParser
from pathlib import Path

SCRIPT = (
    'const s = "</script><!--<script>";\nfunction C(){}\nexport { s as mount, C as mountPage };\n'
)
STYLE = ".a{content:'</style>'}"


def write_static(folder: Path) -> None:
    """A built viewer of three lines, with everything in it that HTML could trip over."""
    (folder / "embed").mkdir()
    (folder / "embed" / "viewer.js").write_text(SCRIPT)
    (folder / "embed" / "viewer.css").write_text(STYLE)


class Parts(HTMLParser):
    """Scripts, styles and metas of a page, as a browser finds them."""

    def __init__(self, text: str):
        super().__init__()
        self.scripts: list[tuple[dict, str]] = []
        self.styles: list[str] = []
        self.metas: list[dict] = []
        self.title = ""
        self._open = ("", {})
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._open = (tag, dict(attrs))
        if tag == "meta":
            self.metas.append(dict(attrs))

    def handle_endtag(self, tag):
        self._open = ("", {})

    def handle_data(self, data):
        tag, attributes = self._open
        if tag == "script":
            self.scripts.append((attributes, data))
        elif tag == "style":
            self.styles.append(data)
        elif tag == "title":
            self.title += data
