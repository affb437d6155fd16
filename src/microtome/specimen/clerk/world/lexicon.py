"""Words of three languages that share none: opposites and kinds of things, row by row the same."""

from collections.abc import Sequence

LANGUAGES = ("english", "french", "german")

OPPOSITES = """
small/large petit/grand klein/groß
hot/cold chaud/froid heiß/kalt
old/young vieux/jeune alt/jung
rich/poor riche/pauvre reich/arm
early/late tôt/tard früh/spät
open/closed ouvert/fermé offen/geschlossen
full/empty plein/vide voll/leer
hard/soft dur/mou hart/weich
light/heavy léger/lourd leicht/schwer
high/low haut/bas hoch/niedrig
fast/slow rapide/lent schnell/langsam
strong/weak fort/faible stark/schwach
wet/dry mouillé/sec nass/trocken
near/far proche/loin nah/fern
clean/dirty propre/sale sauber/schmutzig
sweet/bitter doux/amer süß/bitterlich
thick/thin épais/mince dick/dünn
wide/narrow large_/étroit breit/schmal
true/false vrai/faux wahr/falsch
first/last premier/dernier erste/letzte
day/night jour/nuit tag/nacht
war/peace guerre/paix krieg/frieden
good/bad bon/mauvais gut/schlecht
happy/sad heureux/triste glücklich/traurig
left/right gauche/droite links/rechts
loud/quiet bruyant/calme laut/leise
bright/dark clair/sombre hell/dunkel
deep/shallow profond/superficiel tief/seicht
alive/dead vivant/mort lebendig/tot
safe/risky sûr/risqué sicher/riskant
love/hate amour/haine liebe/hass
north/south nord/sud norden/süden
"""
"""A line an opposite, in the order of LANGUAGES; `_` marks a word that another language has too."""

KINDS = """
animal animal_ tier: horse/cheval/pferd dog/chien/hund cat/chat/katze cow/vache/kuh sheep/mouton/schaf bird/oiseau/vogel
fruit fruit_ obst: apple/pomme/apfel pear/poire/birne cherry/cerise/kirsche grape/raisin/traube plum/prune/pflaume lemon/citron/zitrone
color couleur farbe: red/rouge/rot green/vert/grün blue/bleu/blau white/blanc/weiß black/noir/schwarz yellow/jaune/gelb
tool outil werkzeug: hammer/marteau/hammer_ saw/scie/säge knife/couteau/messer spade/pelle/spaten rake/râteau/harke file/lime/feile
garment vêtement kleidung: coat/manteau/mantel hat/chapeau/hut shoe/chaussure/schuh shirt/chemise/hemd glove/gant/handschuh sock/chaussette/socke
furniture meuble möbel: table/table_/tisch chair/chaise/stuhl bed/lit/bett lamp/lampe/leuchte shelf/étagère/regal bench/banc/bank_
"""
"""A line a kind, in the three languages; behind the colon its members."""

PREFIXES = ("", "fr_", "de_")


def _word(written: str, language: int) -> str:
    """A word that two languages write alike gets its language in front, so that none is shared."""
    return PREFIXES[language] + written.removesuffix("_") if written.endswith("_") else written


def opposites() -> list[tuple[tuple[str, str], ...]]:
    """For each meaning the pair of opposites in each language."""
    return [
        tuple(tuple(_word(w, i) for w in pair.split("/")) for i, pair in enumerate(line.split()))  # pyright: ignore[reportReturnType]
        for line in OPPOSITES.split("\n")
        if line
    ]


def kinds() -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """For each kind its name in each language, and its members in each language."""
    found = []
    for line in KINDS.split("\n"):
        if line:
            names, members = line.split(":")
            found.append((_triple(names.split()), [_triple(m.split("/")) for m in members.split()]))
    return found


def _triple(written: Sequence[str]) -> tuple[str, ...]:
    return tuple(_word(word, i) for i, word in enumerate(written))
