"""Graphs as JSON for Neuronpedia and the public graph viewer, and from tools that write it.

The format is circuit-tracer's (https://github.com/decoderesearch/circuit-tracer), schema version
1. What a file holds beyond a `Graph` is kept in `graph.info["neuronpedia"]`, so a file that is
read and written again loses nothing. Written files are canonical: nodes in the graph's order,
links by target, then source, in that order; every standard field of a node is there; `pinnedIds`
and `supernodes` are lists.

Deviations from circuit-tracer: an error's id is `{layer}_-1_{position}` (theirs can equal the id
of a layer-0 feature); a target that is not a token is a logit with a negative vocabulary id; a
feature that is a target has `is_target_logit`. Bias and unexpanded nodes are left out.
"""

import json
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor

from microtome.circuit.graph import KINDS, Graph
from microtome.circuit.neuronpedia_read import (
    FEATURE_TYPES,
    Kept,
    QParams,
    complaint,
    cumulative_of,
    from_neuronpedia,
    read_neuronpedia,
)
from microtome.circuit.prune import Pruned
from microtome.dictionary.tensors import read_json
from microtome.errors import MicrotomeError
