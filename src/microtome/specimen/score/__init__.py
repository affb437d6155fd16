"""The scoreboard: dictionary architectures and attribution against known truth.

How it flows: `run` (truths and seeds) -> `synthetic` (directions), `compiled` (circuits) or
`labelled` (tokens of a world), which train `dictionaries` and baselines and ask `held_out`,
`concepts`, `swaps` and `traced` (with `matching` and `edges`) -> `result` (figures over seeds) ->
`show`, `page` and `save`. `outside` scores a dictionary or a graph that came from elsewhere.
"""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.specimen.score.edges import EdgeScores, edge_scores, judge_edges
    from microtome.specimen.score.held_out import held_out_coverage, split_rows
    from microtome.specimen.score.options import ScoreOptions, quick
    from microtome.specimen.score.outside import score_dictionary, score_graph
    from microtome.specimen.score.result import Score, Scoreboard, ScoreTable
    from microtome.specimen.score.run import score_specimens
    from microtome.specimen.score.save import save_scoreboard, to_json
    from microtome.specimen.score.show import show_scoreboard

__all__ = [
    "EdgeScores",
    "Score",
    "ScoreOptions",
    "ScoreTable",
    "Scoreboard",
    "edge_scores",
    "held_out_coverage",
    "judge_edges",
    "quick",
    "save_scoreboard",
    "score_dictionary",
    "score_graph",
    "score_specimens",
    "show_scoreboard",
    "split_rows",
    "to_json",
]

lazy_face(
    __name__,
    {
        "edges": "EdgeScores edge_scores judge_edges",
        "held_out": "held_out_coverage split_rows",
        "options": "ScoreOptions quick",
        "outside": "score_dictionary score_graph",
        "result": "Score ScoreTable Scoreboard",
        "run": "score_specimens",
        "save": "save_scoreboard to_json",
        "show": "show_scoreboard",
    },
)
