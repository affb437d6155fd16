"""A document and the viewer as one HTML file that needs no server and no network."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from pydantic import BaseModel

from microtome.errors import MicrotomeError
from microtome.viewer.built import embed

Document = BaseModel | Mapping[str, Any]
"""What the viewer shows: `kind` and what belongs to it; see docs/concepts/viewer.md."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="microtome">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div id="microtome"><noscript>This file shows a document of microtome, and needs JavaScript for it.\
</noscript></div>
<script id="microtome-document" type="application/json">{document}</script>
<script type="module">{script}</script>
</body>
</html>
"""

_POLICY = (
    "default-src 'none'; script-src 'sha256-{hash}'; style-src 'unsafe-inline'; "
    "img-src data: blob:; worker-src blob:; base-uri 'none'; form-action 'none'"
)
"""Nothing is loaded, and no script runs but the viewer's own, whatever a label or a token says.
Styles are the viewer's, which sets some on elements."""


def html_page(document: Document, title: str) -> str:
    """One HTML file that shows a document.

    Args:
        document: what to show.
        title: of the page.

    Raises:
        MicrotomeError: the viewer is not built, or the document is not JSON.
    """
    built = embed()
    script = _in_script(f"{built.script}\n{built.local_name('mountPage')}();\n")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _PAGE.format(
        policy=_POLICY.format(hash=digest),
        title=escape(title),
        style=re.sub(r"</(?=style)", r"<\\/", built.style, flags=re.IGNORECASE),
        document=to_json(document).replace("<", "\\u003c"),
        script=script,
    )


def to_json(document: Document) -> str:
    """A document as JSON, which knows no NaN.

    Raises:
        MicrotomeError: it holds something that JSON has not.
    """
    try:
        return json.dumps(document, allow_nan=False, separators=(",", ":"), default=_plain)
    except (TypeError, ValueError) as error:
        raise MicrotomeError(f"the document cannot be shown: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"a {type(value).__name__} is not JSON")


def _in_script(script: str) -> str:
    """The script as it may stand inside HTML: there it ends at the first `</script`."""
    text = script.replace("\r\n", "\n").replace("\r", "\n")  # as HTML reads it, for its hash
    text = re.sub(r"</(?=script)", r"<\\/", text, flags=re.IGNORECASE)
    return text.replace("<!--", "\\x3C!--")
