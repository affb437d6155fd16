"""Printing a graph for people and for machines."""

import json
from pathlib import Path

import typer
from rich.markup import escape

from microtome.circuit.graph import Graph
from microtome.cli.console import stdout


def print_graph(graph: Graph, as_json: bool, saved: Path | None = None, features: int = 12) -> None:
    """The terminal view, or the same as one JSON object."""
    if as_json:
        typer.echo(json.dumps(summary(graph, features) | {"saved": str(saved) if saved else None}))
        return
    console = stdout()
    from microtome.circuit.show import show_graph

    show_graph(graph, console, features)
    if saved:
        console.print(
            f"\nSaved to [bold]{escape(str(saved))}[/]. Look again with: microtome show "
            f"{escape(str(saved))}",
            highlight=False,
        )


def summary(graph: Graph, features: int = 12) -> dict:
    """What `show` prints, as JSON values."""
    from microtome.circuit.summary import positions, strongest_paths, top_features

    nodes = graph.nodes

    def name(i: int) -> str:
        return nodes.name(i)

    asked = [int(graph.rows[r]) for r in (graph.weights > 0).nonzero()[:, 0].tolist()]
    return {
        "prompt": graph.prompt.text,
        "tokens": list(graph.prompt.strings),
        "targets": [
            {"node": name(i), "label": nodes.label[i], "probability": _real(nodes.probability[i])}
            for i in asked
        ],
        "scores": {key: _real(value) for key, value in vars(graph.scores).items()},
        "features": [
            {
                "node": name(f.node),
                "label": nodes.label[f.node],
                "activation": _real(nodes.activation[f.node]),
                "influence": f.influence,
                "target_effect": f.target_effect,
                "inputs": [[name(x.node), x.weight, x.share] for x in f.inputs],
                "outputs": [[name(x.node), x.weight, x.share] for x in f.outputs],
            }
            for f in top_features(graph, features)
        ],
        "paths": [
            {"nodes": [name(i) for i in p.nodes], "weights": list(p.weights), "share": p.share}
            for p in strongest_paths(graph)
        ],
        "positions": [vars(p) for p in positions(graph)],
        "info": {k: v for k, v in graph.info.items() if k != "neuronpedia"},
    }


def _real(value) -> float | None:
    """JSON has no NaN."""
    number = float(value)
    return None if number != number else number
