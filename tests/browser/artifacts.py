"""The folder that browser tests look at: real artifacts, each made by the function that makes it
for users."""

import json
import shutil
from pathlib import Path

import microtome as mt
from microtome.artifact.json_file import read_json
from microtome.circuit.artifact import save_state
from microtome.circuit.view import Supernode, ViewState
from microtome.evaluation import Options, evaluate_corpus, save_evaluations
from microtome.specimen import specimen_path
from microtome.specimen.adder.label import label_features
from microtome.specimen.adder.world import prompt
from microtome.training import make_recipe, train
from microtome.training.save import save_run

SUM, OTHER = prompt(36, 59), prompt(7, 88)
RUN = {
    "model": "specimen:adder",
    "data": "memory",
    "context": 8,
    "held_out": 0.2,
    "steps": 60,
    "batch_size": 64,
    "warmup": 5,
    "report_every": 5,
    "tensorboard": False,
    "scale_rows": 512,
    "dictionary": [{"name": "plt", "kind": "plt", "features": 64, "k": 4, "learning_rate": 5e-3}],
}


def make_library(folder: Path, shared: Path | None) -> Path:
    """Traces, a model, a run with its dictionary, an evaluation, graphs of other tools.

    `graphs/sum` (36 + 59 =) and `graphs/other` (7 + 88 =) are of the adder, with labels;
    `graphs/grouped` is the first with saved pins and a supernode, `graphs/answers` explains two
    answers to the first, 95 and 85; where the reference material is
    at hand, `graphs/stories` is of stories260K and `other-tools` holds JSON of circuit-tracer.
    """
    _adder_graphs(folder / "graphs")
    _model(folder / "models" / "adder")
    _run(folder)
    if shared is not None:
        _stories_graph(shared, folder / "graphs" / "stories")
        graphs = shared / "fixtures" / "circuit-tracer-plt" / "graphs"
        shutil.copytree(graphs, folder / "other-tools")
    return folder


def _adder_graphs(folder: Path) -> None:
    model = mt.load_model("specimen:adder", device="cpu")
    dictionary = mt.load_dictionary("specimen:adder")
    for name, text in (("sum", SUM), ("other", OTHER)):
        graph = label_features(mt.trace(model, text, dictionary), model, dictionary)
        graph.save(folder / name)
    mt.trace(model, SUM, dictionary, ["95", "85"]).save(folder / "answers")
    graph = mt.load_graph(folder / "sum")
    graph.save(folder / "grouped")
    best = graph.influence[graph.nodes.where("feature")].argsort(descending=True)[:6]
    names = [graph.nodes.name(int(graph.nodes.where("feature")[i])) for i in best]
    group = Supernode(id="supernode-0", label="both operands in range", members=names[2:5])
    save_state(
        folder / "grouped",
        ViewState(selected=names[0], pinned=names[:2], supernodes=[group], notes="Where 95 is"),
    )


def _model(folder: Path) -> None:
    shutil.copytree(specimen_path("specimen:adder", "model"), folder)


def _run(folder: Path) -> None:
    corpus = folder / "sums.jsonl"
    texts = [prompt(a, b) for a in range(20) for b in range(20)]
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    recipe = make_recipe(RUN | {"corpus": str(corpus)})
    model = mt.load_model("specimen:adder", device="cpu")
    run = folder / "runs" / "tiny"
    save_run(run, recipe, train(recipe, model, run=run))
    read = mt.load_dictionary(run / "plt")
    found = evaluate_corpus(
        model, [read], str(corpus), held_out=0.2, context=8, tokens=400, options=Options()
    )
    config = {"corpus": str(corpus), "held_out": 0.2, "tokens": 400, "context": 8}
    save_evaluations(found, folder / "evaluations" / "tiny", config)


def _stories_graph(shared: Path, out: Path) -> None:
    model = mt.load_model(shared / "models" / "stories260K", device="cpu")
    dictionary = mt.load_dictionary(shared / "fixtures" / "circuit-tracer-plt")
    text = read_json(shared / "fixtures" / "circuit-tracer-plt" / "graphs" / "prompt-0.json")
    mt.trace(model, _without_start(text["metadata"]["prompt"]), dictionary).save(out)


def _without_start(text: str) -> str:
    return text.removeprefix("<s>").lstrip()
