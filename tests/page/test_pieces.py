"""Pieces of report pages are HTML that needs nothing else, whatever stands in it."""

import re

from microtome.page import Html, document, folded, image, paragraph, section, table

HOSTILE = '<script>"&'


def test_text_is_escaped_and_html_is_not():
    made = section(HOSTILE, paragraph(HOSTILE), folded(HOSTILE, image(b"", HOSTILE)), name=HOSTILE)
    made += table([HOSTILE], [[HOSTILE], [Html("<b>1</b>")]])
    whole = document(HOSTILE, [made])
    assert "<script" not in whole
    assert whole.count("&lt;script&gt;&quot;&amp;") == 9
    assert "<td><b>1</b></td>" in whole


def test_a_page_opens_without_network_and_knows_light_and_dark():
    whole = document("title", ["<p>text</p>"], "p { color:red }", wide=True)
    assert "prefers-color-scheme:dark" in whole
    assert "p { color:red }</style>" in whole
    assert '<main class="wide"><p>text</p></main>' in whole
    assert not re.search(r"https?:|@import|url\(", whole)


def test_every_colour_of_the_style_has_a_dark_one():
    whole = document("title", [])
    light, dark = re.findall(r":root \{(.*?)\}", whole, re.DOTALL)
    names = [re.findall(r"(--[\w-]+):", part) for part in (light, dark)]
    assert names[0] == names[1]
    assert set(re.findall(r"var\((--[\w-]+)\)", whole)) <= set(names[0])


def test_tables_of_figures():
    made = table(["", "x", "text"], [["a", 1, "b"], ["mean", 2, ""]], True, ("text",), last=True)
    assert '<table class="figures">' in made
    assert '<td class="text">b</td>' in made
    assert made.count("<tr class=last>") == 1 and "<tr class=last><td>mean</td>" in made
