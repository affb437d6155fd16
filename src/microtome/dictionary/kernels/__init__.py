"""Sparse algebra of dictionaries: three products, one plain reference and faster versions.

With codes S [rows, features] (sparse), W [features, m] and A [rows, m]:

- `spmm`: S @ W, decoding;
- `sddmm`: the entries of A @ W.T where S has entries, the gradient of active values;
- `spmm_t`: S.T @ A, the gradient of weights.

The cost of each is proportional to the entries of S. `top_k` and `above` pick those entries from
dense pre-activations. `encode_top_k`, which only the experimental Triton kernels have, picks them
while it multiplies.
"""

from microtome.dictionary.kernels.choose import KERNELS, FusedEncoder, Kernels, kernels_for

__all__ = ["KERNELS", "FusedEncoder", "Kernels", "kernels_for"]
