"""Every architecture on a compiled circuit: concepts told, values swapped, edges found."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.evaluation import match_directions
from microtome.model import LanguageModel
from microtome.specimen.compiled import Inputs, Program, compile_program, sample_inputs
from microtome.specimen.compiled.ground_truth import ground_truth
from microtome.specimen.score.concepts import Judged, Questions, ask
from microtome.specimen.score.dictionaries import Plan, baselines, train_saes
from microtome.specimen.score.labelled import control_outcomes
from microtome.specimen.score.labels import (
    LabelledTokens,
    activations_at,
    labelled_tokens,
    place,
)
from microtome.specimen.score.options import ScoreOptions
from microtome.specimen.score.progress import Stages, silent, training_report
from microtome.specimen.score.result import (
    BESIDE,
    PCA,
    RANDOM,
    Outcome,
    Role,
    Scored,
    Task,
    mean_figures,
)
from microtome.specimen.score.swaps import (
    Claims,
    Vectors,
    draw_swaps,
    feature_vectors,
    swap_figures,
    swapped_logits,
    truth_vectors,
)
from microtome.specimen.score.synthetic import reconstruction
from microtome.specimen.truth import Truth, Variable

BySite = Mapping[str, Dictionary]
NO_CHANGE = {"predicted": 0.0, "kept": 1.0, "effect_r2": 0.0}
"""Figures of interventions that do nothing."""


@dataclass(frozen=True)
class Circuit:
    """A compiled model with its truth, labelled texts and their activations."""

    program: Program
    model: LanguageModel
    truth: Truth
    tensors: Mapping[str, Tensor]
    inputs: Inputs
    labelled: LabelledTokens
    x: Mapping[str, Float[Tensor, "text position d"]]
    """At the sites of its variables, and at what its MLPs read and write."""

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Those that live in a block: the embedding's can be read off a table."""
        return tuple(v for v in self.truth.variables if v.site.startswith("blocks."))

    @property
    def sites(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(v.site for v in self.variables))

    def known_by(self, site: str) -> int:
        """Variables in the stream at a site: how many concepts are true of a token there."""
        here = place(site, self.model.n_layers)
        inner = [v for v in self.truth.variables if v.site not in ("tokens", "logits")]
        return sum(place(v.site, self.model.n_layers) <= here for v in inner)

    def training(self, site: str) -> Float[Tensor, "rows d"]:
        """Activations of texts that are not for the test."""
        return self.x[site][self.labelled.training_rows]

    def tested(self, site: str) -> Float[Tensor, "rows d"]:
        """Activations that figures are measured on."""
        return self.x[site][self.labelled.test_rows]

    @property
    def test_inputs(self) -> Inputs:
        """Texts of the test alone: features were trained and chosen on the others."""
        rows = self.labelled.source[self.labelled.test].numpy()
        return Inputs(self.inputs.tokens[rows], self.inputs.targets[rows])


def build_circuit(name: str, options: ScoreOptions, seed: int) -> Circuit:
    """A circuit compiled with a rotation of its own for each seed, and fresh texts."""
    compiled = compile_program(name, seed)
    inputs = sample_inputs(compiled.program, options.texts, seed)
    truth, tensors = ground_truth(compiled, inputs)
    model = compiled.language_model()
    labelled = labelled_tokens(truth, tensors, options.texts, seed)
    mlps = [f"blocks.{i}.mlp.{end}" for i in range(model.n_layers) for end in ("in", "out")]
    sites = [v.site for v in truth.variables if v.site.startswith("blocks.")]
    x = activations_at(model, labelled.tokens, [*sites, *mlps])
    return Circuit(compiled.program, model, truth, tensors, inputs, labelled, x)


def score_circuit(name: str, options: ScoreOptions, seed: int, stages: Stages = silent) -> Scored:
    """Score SAEs of every architecture, and graphs, on a compiled circuit.

    Raises:
        MicrotomeError: unknown program, or too few texts to ask for any concept.
    """
    from microtome.specimen.score.traced import score_graphs

    stages(f"{name}, seed {seed}: compiling", 0, 0)
    circuit = build_circuit(name, options, seed)
    plan = Plan(options.architectures, options.features, options.steps, options.batch, seed)
    made = dictionaries_of(circuit, plan, stages, f"{name}, seed {seed}")
    stages(f"{name}, seed {seed}: scoring", 0, 0)
    questions = ask(circuit.labelled, {v.name: v.site for v in circuit.variables}, circuit.x)
    generator = torch.Generator().manual_seed(seed)
    judged = {method: questions.of_dictionaries(by_site) for method, by_site in made.items()}
    outcomes = concept_outcomes(circuit, made, judged, questions, generator)
    outcomes += swap_outcomes(circuit, made, judged, options, seed)
    random = direction_match(circuit, made[RANDOM], generator)
    chance: dict[Task, dict[str, float]] = {
        "concepts": {"coverage": questions.chance, "mcc": random},
        "interventions": NO_CHANGE,
    }
    graphs = score_graphs(circuit, options, plan, stages)
    return Scored(name, (*outcomes, *graphs.outcomes), {**chance, **graphs.chance})


def dictionaries_of(
    circuit: Circuit, plan: Plan, stages: Stages, title: str
) -> dict[str, dict[str, Dictionary]]:
    """By method and site: SAEs of every architecture, random ones, and principal components."""
    x = {site: circuit.training(site) for site in circuit.sites}
    k = {site: circuit.known_by(site) for site in x}
    trained = train_saes(x, k, plan, training_report(stages, f"{title}: training"))
    made = {name: {site: trained[site][name] for site in x} for name in plan.architectures}
    first = made[plan.architectures[0]]
    for site in x:
        for name, beside in baselines(first[site], x[site], k[site], plan.seed).items():
            made.setdefault(name, {})[site] = beside
    return made


def concept_outcomes(
    circuit: Circuit,
    made: Mapping[str, BySite],
    judged: Mapping[str, Judged],
    questions: Questions,
    generator: torch.Generator,
) -> list[Outcome]:
    """Coverage and MCC of every method, the linear probe, and shuffled labels."""
    outcomes = []
    for method, by_site in made.items():
        figures = {"coverage": judged[method].mean}
        if method != PCA:
            figures["mcc"] = direction_match(circuit, by_site)
        fits = [reconstruction(d, circuit.tested(site)) for site, d in by_site.items()]
        figures |= mean_figures(fits)
        role = BESIDE.get(method, "dictionary")
        outcomes.append(Outcome("concepts", method, role, figures, judged[method].by_variable))
    first = next(iter(made.values()))
    return outcomes + control_outcomes(questions, first, generator)


def direction_match(
    circuit: Circuit, by_site: BySite, random: torch.Generator | None = None
) -> float:
    """MCC of decoders and the directions of the variables that live at their sites.

    Directions are taken around their variable's mean: what all values share is no value's own,
    and is in a dictionary's bias. With `random`, of random directions in place of decoders.
    """
    total, count = 0.0, 0
    for site, dictionary in by_site.items():
        known = [v.directions for v in circuit.variables if v.site == site and v.directions]
        vectors = [circuit.tensors[name] for name in known]
        centred = torch.cat([v - v.mean(0) for v in vectors])
        centred = centred[centred.norm(dim=1) > 1e-6]
        decoder = dictionary.decoders[0].weight[:, 0].float()
        if random is not None:
            decoder = torch.randn(decoder.shape, generator=random)
        total += match_directions(decoder, centred).mcc * len(centred)
        count += len(centred)
    return total / max(count, 1)


def swap_outcomes(
    circuit: Circuit,
    made: Mapping[str, BySite],
    judged: Mapping[str, Judged],
    options: ScoreOptions,
    seed: int,
) -> list[Outcome]:
    """What swapping values through every method's features does, in texts of the test."""
    swaps = draw_swaps(circuit.program, circuit.truth, circuit.test_inputs, options.swaps, seed)
    if not len(swaps):
        return []
    model = circuit.model
    plain = swapped_logits(model, swaps, {})
    ideal_vectors = truth_vectors(swaps, circuit.truth, circuit.tensors)
    ideal = swapped_logits(model, swaps, ideal_vectors)
    found = activations_at(model, swaps.tokens, circuit.sites)
    x = {site: rows[torch.arange(len(swaps)), swaps.at] for site, rows in found.items()}
    outcomes = []

    def add(method: str, role: Role, vectors: Vectors) -> None:
        figures = swap_figures(swaps, swapped_logits(model, swaps, vectors), plain, ideal)
        outcomes.append(Outcome("interventions", method, role, figures))

    for method, by_site in made.items():
        vectors = feature_vectors(swaps, circuit.truth, by_site, judged[method].claims, x)
        add(method, BESIDE.get(method, "dictionary"), vectors)
    first = next(iter(made))
    random = random_claims(judged[first].claims, options.features, seed)
    vectors = feature_vectors(swaps, circuit.truth, made[first], random, x)
    add("random features", "random", vectors)
    add("truth's directions", "ceiling", ideal_vectors)
    return outcomes


def random_claims(claims: Claims, features: int, seed: int) -> Claims:
    """Features drawn at random in place of those claimed, as active as they would be."""
    generator = torch.Generator().manual_seed(seed)
    drawn = {
        name: torch.randint(features, (len(own),), generator=generator)
        for name, own in claims.features.items()
    }
    return Claims(drawn, claims.levels)
