import pytest
import torch

from microtome.dictionary import Activation
from microtome.errors import MicrotomeError


def active(activation: Activation, *values: float) -> list[bool]:
    return activation.active(torch.tensor([values]))[0].tolist()


def test_relu_passes_what_is_positive():
    assert active(Activation("relu"), -1.0, 0.0, 1e-6) == [False, False, True]


def test_jumprelu_needs_more_than_its_threshold():
    activation = Activation("jumprelu", threshold=torch.tensor([0.5, 0.5, 0.4]))
    assert active(activation, 0.5, 0.6, 0.5) == [False, True, True]


def test_a_negative_threshold_never_passes_negative_values():
    activation = Activation("jumprelu", threshold=torch.full((3,), -2.0))
    assert active(activation, -1.0, 0.0, 0.1) == [False, False, True]


def test_topk_keeps_the_largest():
    assert active(Activation("topk", k=2), 0.1, 3.0, 2.0, 0.2) == [False, True, True, False]


def test_topk_never_keeps_negatives():
    assert active(Activation("topk", k=3), -1.0, 2.0, -3.0, 0.0) == [False, True, False, False]


def test_topk_keeps_k_of_equal_values():
    assert sum(active(Activation("topk", k=2), 1.0, 1.0, 1.0, 1.0)) == 2


def test_topk_with_more_than_there_are_keeps_all_positive():
    assert active(Activation("topk", k=99), 1.0, -1.0) == [True, False]


def test_batchtopk_at_inference_is_one_threshold_for_all():
    activation = Activation("batchtopk", threshold=torch.tensor(0.5))
    pre = torch.tensor([[0.4, 0.5, 0.6], [9.0, 8.0, 7.0]])
    assert activation.active(pre).tolist() == [[False, False, True], [True, True, True]]
    # a token's features do not depend on the others of its batch
    assert torch.equal(activation.active(pre)[:1], activation.active(pre[:1]))


def test_moving_keeps_kind_and_k_and_converts_the_threshold():
    moved = Activation("jumprelu", threshold=torch.ones(2)).to("cpu", torch.float64)
    assert moved.threshold is not None
    assert moved.threshold.dtype == torch.float64
    topk = Activation("topk", k=3)
    assert topk.to("cpu", torch.float64) is topk


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Activation("topk"), "k of at least 1"),
        (lambda: Activation("topk", k=0), "k of at least 1"),
        (lambda: Activation("jumprelu"), "needs a threshold"),
        (lambda: Activation("batchtopk"), "needs a threshold"),
    ],
)
def test_incomplete_functions_are_refused(make, says):
    with pytest.raises(MicrotomeError, match=says):
        make()
