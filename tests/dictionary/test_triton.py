"""The Triton kernels are the plain ones: on a GPU, or in Triton's interpreter on a CPU.

The same tests serve both. They are marked `gpu`; without one, a process of its own runs them in
the interpreter, which Triton chooses once, when it is first imported.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from microtome.dictionary import Codes
from microtome.dictionary.kernels import FusedEncoder, Kernels, kernels_for
from microtome.errors import MicrotomeError
from microtome.training.coder import SparseCoder
from microtome.training.layout import layout
from microtome.training.loss import loss_of
from microtome.training.recipe import DictionaryRecipe

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
DEVICE = "cpu" if INTERPRETED else "cuda"
ROWS, FEATURES, WIDTH = 9, 50, 37
DTYPES = [torch.float32, torch.float64, torch.bfloat16]
DOT_DTYPES = [*DTYPES[:2], torch.float16 if INTERPRETED else torch.bfloat16]
"""The interpreter multiplies the bits of bfloat16 matrices (triton-lang/triton issue 11584)."""
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-13, torch.float16: 1e-3, torch.bfloat16: 8e-3}
"""Relative to the largest number: sums in another order, and in 16 bits a rounded result."""

KERNELS = ["gather_sum", "entry_products", "group_maxima"]

HAS_TRITON = find_spec("triton") is not None
needs_triton = pytest.mark.skipif(not HAS_TRITON, reason="triton is not installed")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
ignores_fusion = pytest.mark.filterwarnings("ignore:TRITON_DEFAULT_FP_FUSION")


def on_device(test):
    """Run a test in the interpreter where that is on, else only where a GPU is asked for."""
    if not INTERPRETED:
        test = needs_gpu(ignores_fusion(pytest.mark.gpu(test)))
    return needs_triton(test)


def triton_kernels() -> Kernels:
    from microtome.dictionary.kernels import triton

    assert isinstance(triton, Kernels)
    return triton


def encode_top_k(*arguments) -> Codes:
    kernels = triton_kernels()
    assert isinstance(kernels, FusedEncoder)
    return kernels.encode_top_k(*arguments)


PLAIN = kernels_for("cpu", "reference")


def random(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype).to(DEVICE)


def codes(share: float, dtype: torch.dtype, rows: int = ROWS) -> Codes:
    mask = random(rows, FEATURES, seed=1).abs() < 1.2 * share
    mask[3:4] = False  # a row, and below a feature, without an entry
    mask[:, 5] = False
    return Codes.from_mask(random(rows, FEATURES, dtype=dtype), mask)


def assert_close(found: torch.Tensor, expected: torch.Tensor) -> None:
    """`expected` is computed in float64 from the same inputs."""
    assert found.shape == expected.shape
    scale = float(expected.abs().max()) if expected.numel() else 1.0
    error = (found.double() - expected).abs()
    assert bool((error <= TOLERANCE[found.dtype] * scale).all()), float(error.max())


@on_device
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, "dense"])
@pytest.mark.parametrize("column", [0, 4])
def test_products(share: float | str, dtype: torch.dtype, column: int, monkeypatch):
    kernels = triton_kernels()
    if share == "dense":
        share = 0.5  # left to torch
    else:
        monkeypatch.setattr(kernels, "dense_is_faster", lambda _: False)
    assert isinstance(share, float)
    of = codes(share, dtype)
    dense = of.dense().double()
    weight = random(FEATURES, WIDTH, dtype=dtype, seed=2)
    rows = random(ROWS, WIDTH + 2 * column, dtype=dtype, seed=3)
    part = slice(column, column + WIDTH)

    out, expected = rows.clone(), rows.double()
    kernels.spmm(of, weight, out, column)
    expected[:, part] += dense @ weight.double()
    assert_close(out, expected)

    products = rows[:, part].double() @ weight.double().T
    assert_close(kernels.sddmm(of, weight, rows, column), products[of.rows(), of.features])

    gradient = torch.full((FEATURES, WIDTH), 7.0, dtype=dtype, device=DEVICE)
    kernels.spmm_t(of, rows, gradient, column)
    assert_close(gradient, dense.T @ rows[:, part].double())


@on_device
def test_more_columns_and_entries_than_one_block_holds(monkeypatch):
    kernels = triton_kernels()
    monkeypatch.setattr(kernels, "dense_is_faster", lambda _: False)
    of = codes(0.5, torch.float32)
    weight, rows = random(FEATURES, 300), random(ROWS, 300, seed=3)
    for name, arguments in {"spmm": (weight, rows), "spmm_t": (rows, weight)}.items():
        out, expected = arguments[1].clone(), arguments[1].clone()
        getattr(kernels, name)(of, arguments[0], out)
        getattr(PLAIN, name)(of, arguments[0], expected)
        assert_close(out, expected.double())
    assert_close(kernels.sddmm(of, weight, rows), PLAIN.sddmm(of, weight, rows).double())


@on_device
def test_codes_without_rows():
    of = codes(0.02, torch.float32, rows=0)
    gradient = random(FEATURES, WIDTH)
    kernels = triton_kernels()
    kernels.spmm(of, random(FEATURES, WIDTH), random(0, WIDTH))
    kernels.spmm_t(of, random(0, WIDTH), gradient)
    assert not gradient.any()
    found = encode_top_k(random(0, WIDTH), random(FEATURES, WIDTH), random(FEATURES), 3)
    assert (found.n_rows, found.n_active) == (0, 0)


@on_device
def test_entries_are_sorted_by_feature_as_codes_sort_them():
    of = codes(0.1, torch.float32)
    kernels = triton_kernels()
    found = kernels._by_feature(of)  # pyright: ignore[reportAttributeAccessIssue]
    for one, other in zip(found, of.by_feature(), strict=True):
        assert torch.equal(one, other)


@on_device
def test_gradients_repeat_bit_for_bit():
    kernels, of = triton_kernels(), codes(0.04, torch.float32)
    rows = random(ROWS, WIDTH)
    first, again = (torch.empty(FEATURES, WIDTH, device=DEVICE) for _ in range(2))
    kernels.spmm_t(of, rows, first)
    kernels.spmm_t(of, rows, again)
    assert torch.equal(first, again)


@on_device
@pytest.mark.parametrize("which", ["weight", "values"])
def test_nan_is_not_lost(which: str):
    of, weight = codes(0.02, torch.float32), random(FEATURES, WIDTH)
    if which == "weight":
        weight.fill_(float("nan"))
    else:
        of = of.with_values(torch.full_like(of.values, float("nan")))
    out = torch.zeros(ROWS, WIDTH, device=DEVICE)
    triton_kernels().spmm(of, weight, out)
    assert bool(out.isnan().any())


def assert_largest(found: Codes, pre: torch.Tensor, k: int) -> None:
    """Whatever was kept of tied values, the kept ones are the k largest positive ones."""
    expected = PLAIN.top_k(pre, k)
    assert torch.equal(found.offsets, expected.offsets)
    for r in range(found.n_rows):
        part = slice(int(found.offsets[r]), int(found.offsets[r + 1]))
        assert bool((found.features[part].diff() > 0).all())
        assert_close(found.values[part], pre[r, found.features[part]].double())
        assert_close(found.values[part].sort().values, expected.values[part].sort().values.double())


@on_device
@pytest.mark.parametrize("k", [1, 7, 1000])
@pytest.mark.parametrize("levels", [3, 1000])
def test_top_k(k: int, levels: int):
    pre = (random(ROWS, 70) * levels / 10).round() / (levels / 10)  # few levels: many ties
    pre[2] = -pre[2].abs()
    assert_largest(triton_kernels().top_k(pre, k), pre, k)


@on_device
@pytest.mark.parametrize("dtype", DOT_DTYPES)
@pytest.mark.parametrize(
    ("rows", "features", "k"), [(1, 5, 1), (3, 5, 40), (70, 64, 1), (70, 301, 3), (5, 301, 40)]
)
def test_encoding_keeps_the_largest(rows: int, features: int, k: int, dtype: torch.dtype):
    x, weight = random(rows, WIDTH, dtype=dtype), random(features, WIDTH, dtype=dtype, seed=1)
    bias = random(features, dtype=dtype, seed=2)
    bias[::3] -= 20  # whole rows with fewer than k positive entries where features are few
    # no two sums are equal but for rounding, so that float64 says which are the largest
    pre = x.double() @ weight.double().T + bias.double()
    found = encode_top_k(x, weight, bias, k)
    assert found.values.dtype == dtype
    assert_largest(found, pre, k)


@on_device
def test_encoding_finds_neighbours_in_one_group():
    x = random(4, WIDTH)
    weight, bias = random(640, WIDTH, seed=1), torch.zeros(640, device=DEVICE)
    bias[80:88] = 100.0
    found = encode_top_k(x, weight, bias, 8)
    assert found.features.view(4, 8).tolist() == [list(range(80, 88))] * 4


@on_device
@pytest.mark.parametrize("kind", ["sae", "clt"])
@pytest.mark.parametrize("architecture", ["topk", "batchtopk", "jumprelu"])
def test_a_training_step_has_the_plain_loss_and_gradients(
    kind: str, architecture: str, monkeypatch
):
    monkeypatch.setattr(triton_kernels(), "dense_is_faster", lambda _: False)
    recipe = DictionaryRecipe.model_validate(
        {"kind": kind, "architecture": architecture, "features": 24, "k": 3, "initial_l0": 3}
    )
    results = []
    for kernels in (PLAIN, triton_kernels()):
        coder = SparseCoder(recipe, layout(recipe, 2), 12, 12, kernels, device=DEVICE).double()
        x = [random(16, 12, dtype=torch.float64, seed=i) for i in range(len(coder.layout.reads))]
        truth = torch.cat(x, 1)
        coder.train().start(x, truth)
        dead = [torch.zeros(len(b), dtype=torch.bool, device=DEVICE) for b in coder.encoder_biases]
        loss = loss_of(coder, coder(x), truth, 0.7, dead).total
        loss.backward()
        results.append((loss.detach(), [p.grad for p in coder.parameters()]))
    (expected, plain), (found, fast) = results
    assert torch.allclose(found, expected, rtol=1e-12)
    for one, other in zip(fast, plain, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert torch.allclose(one, other, atol=1e-10, rtol=1e-9)


class Compiled:
    """Stands in for a kernel: compiles what it is launched with, and runs nothing."""

    TYPES = {  # noqa: RUF012
        torch.float32: "*fp32",
        torch.float64: "*fp64",
        torch.bfloat16: "*bf16",
        torch.int64: "*i64",
    }

    def __init__(self, kernel):
        self.kernel, self.shared = kernel, -1

    def __getitem__(self, grid):
        return self.launch

    def launch(self, *arguments, num_warps: int = 4, **constants):
        from triton.backends.compiler import GPUTarget
        from triton.compiler import ASTSource, compile

        signature = dict.fromkeys(constants, "constexpr")
        for name, argument in zip(self.kernel.arg_names, arguments, strict=False):
            tensor = isinstance(argument, torch.Tensor)
            signature[name] = self.TYPES[argument.dtype] if tensor else "i32"
        ordered = {name: signature[name] for name in self.kernel.arg_names}
        source = ASTSource(self.kernel, ordered, constants)
        target = GPUTarget("cuda", 80, 32)
        made = compile(source, target=target, options={"num_warps": num_warps})
        self.shared = made.metadata.shared


@needs_triton
@pytest.mark.skipif(INTERPRETED, reason="this process runs in the interpreter")
@pytest.mark.filterwarnings("ignore:TRITON_DEFAULT_FP_FUSION")
@pytest.mark.parametrize("dtype", DTYPES)
def test_they_compile_for_a_gpu(dtype: torch.dtype, monkeypatch, tmp_path):
    """Down to the machine code of compute capability 8.0, and into the memory of an 8.6."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    kernels = triton_kernels()
    loops = kernels.loops  # pyright: ignore[reportAttributeAccessIssue]
    stand_ins = {n: Compiled(getattr(loops, n)) for n in KERNELS}
    for name, stand_in in stand_ins.items():
        monkeypatch.setattr(loops, name, stand_in)
    weight, bias, rows = torch.ones(256, 128), torch.ones(256), torch.ones(ROWS, 128)
    weight, bias, rows = weight.to(dtype), bias.to(dtype), rows.to(dtype)
    of = Codes.from_mask(rows, torch.arange(128) < torch.ones(ROWS, 1))
    kernels.spmm(of, weight[:128], rows)
    kernels.spmm_t(of, rows, weight[:128])
    assert isinstance(kernels, FusedEncoder)
    kernels.encode_top_k(rows, weight, bias, 4)
    for stand_in in stand_ins.values():
        assert 0 <= stand_in.shared < 99 * 1024


@needs_triton
@pytest.mark.skipif(INTERPRETED, reason="this process runs in the interpreter")
@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param(
            "4-0.05-dtype0 or 70-301-3-dtype0 or batchtopk-clt or test_nan", id="one of each"
        ),
        pytest.param("test", marks=pytest.mark.slow, id="all"),
    ],
)
def test_these_in_the_interpreter(chosen: str):
    environment = os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", chosen, __file__]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.skipif(INTERPRETED, reason="this process runs in the interpreter")
def test_without_triton_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "triton", None)
    monkeypatch.setitem(sys.modules, "triton.language", None)
    for module in ("triton", "triton_loops"):
        monkeypatch.delitem(sys.modules, f"microtome.dictionary.kernels.{module}", raising=False)
    with pytest.raises(MicrotomeError, match=r"pip install 'microtome\[gpu\]'"):
        kernels_for("cuda", "triton")


def test_they_are_never_the_default():
    assert kernels_for("cuda").__name__.endswith("reference")  # pyright: ignore
