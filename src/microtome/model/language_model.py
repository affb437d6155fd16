"""A Hugging Face language model, unmodified, with named sites."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from microtome.artifact.fingerprint import fingerprint_tensors
from microtome.errors import MicrotomeError
from microtome.model.adapter import Adapter, Projection, adapter_for, projection
from microtome.model.hooks import Edit, Tap
from microtome.model.site import Site
from microtome.model.stream import TokenStream, check_sampling
from microtome.model.taps import AllCaptured, Watch, sites_tapped, source_of


@dataclass(frozen=True)
class Run:
    """What one forward pass left behind."""

    logits: Float[Tensor, "batch position vocabulary"]
    activations: dict[Site, Tensor]
    """By site: [batch, position, d]; heads [batch, position, head, d_head]; patterns
    [batch, head, query, key]."""

    def __getitem__(self, site: str | Site) -> Tensor:
        return self.activations[Site.parse(site)]


class LanguageModel:
    """A transformers model and its tokenizer, seen through one family's adapter row.

    The modules run as they are: hooks and the attention registry are all that is added, and
    with nothing captured or edited not even those.
    """

    def __init__(
        self,
        hf: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase | None = None,
        name: str = "model",
    ):
        self.hf = hf.eval()
        self.tokenizer = tokenizer
        self.name = name
        self.adapter: Adapter = adapter_for(hf.config.model_type)
        config: Any = hf.config
        self.n_layers: int = config.num_hidden_layers
        self.d_model: int = config.hidden_size
        self.n_heads: int = config.num_attention_heads
        self.n_kv_heads: int = getattr(config, "num_key_value_heads", None) or self.n_heads
        self.d_head: int = getattr(config, "head_dim", None) or self.d_model // self.n_heads
        self.d_vocab: int = config.vocab_size
        self.max_positions: int = config.max_position_embeddings
        self.parallel: bool = self.adapter.parallel(hf.config)

    @staticmethod
    def load(
        name: str | Path, device: str | None = None, dtype: torch.dtype | None = None
    ) -> "LanguageModel":
        """Load a model from a hub name or a local folder; see `microtome.model.load`."""
        from microtome.model.load import load_model

        return load_model(name, device, dtype)

    @property
    def device(self) -> torch.device:
        return self.hf.device

    @property
    def dtype(self) -> torch.dtype:
        return self.hf.dtype

    @cached_property
    def fingerprint(self) -> str:
        """Identity of the weights: the same for equal parameters, whatever the folder."""
        return fingerprint_tensors(dict(self.hf.named_parameters()))

    # -- parts ---------------------------------------------------------------------------------

    @cached_property
    def blocks(self) -> list[nn.Module]:
        return list(self.hf.get_submodule(self.adapter.blocks).children())

    @property
    def final_norm(self) -> nn.Module:
        return self.hf.get_submodule(self.adapter.final_norm)

    @property
    def unembed(self) -> Projection:
        """The unembedding, weight [d_model, vocabulary]."""
        module = self.hf.get_output_embeddings()
        assert module is not None, "a causal language model has an unembedding"
        return projection(module)

    def part(self, layer: int, path: str | None) -> nn.Module | None:
        """A module of a block by its path in the adapter row; None where the family has none."""
        return None if path is None else self.blocks[layer].get_submodule(path)

    def attention_maps(self, layer: int) -> tuple[Projection, Projection]:
        """Value projection [d_model, kv heads x d_head] and output [heads x d_head, d_model]."""
        attn = self.blocks[layer].get_submodule(self.adapter.attn)
        values = self.adapter.values(attn, self.n_kv_heads * self.d_head)
        return values, projection(attn.get_submodule(self.adapter.attn_output))

    def tap(self, site: Site) -> Tap:
        """Where a site's activation passes.

        Raises:
            MicrotomeError: the layer does not exist, or this family has no such site.
        """
        row = self.adapter
        if site.layer is None:
            if site.kind == "embed":
                return Tap(self.blocks[0], "input")
            return Tap(self.final_norm, "output")
        self._check_layer(site)
        block = self.blocks[site.layer]
        part = block.get_submodule
        if site.kind == "resid.mid" and self.parallel:
            raise MicrotomeError(
                f"site {site} does not exist: attention and MLP of {self.name} both read the "
                f"stream that enters the block; use blocks.{site.layer}.resid.pre"
            )
        return {
            "resid.pre": lambda: Tap(block, "input"),
            "resid.mid": lambda: Tap(part(row.mlp_norm or row.mlp), "input"),
            "resid.post": lambda: Tap(block, "output"),
            "attn.head.out": lambda: Tap(part(f"{row.attn}.{row.attn_output}"), "input"),
            "attn.out": lambda: Tap(part(row.attn_post_norm or row.attn), "output"),
            "mlp.in": lambda: Tap(part(row.mlp), "input"),
            "mlp.out": lambda: Tap(part(row.mlp_post_norm or row.mlp), "output"),
        }[site.kind]()

    def check_site(self, site: str | Site) -> Site:
        """A site that can be captured.

        Raises:
            MicrotomeError: the layer does not exist, or this family has no such site.
        """
        site = Site.parse(site)
        self._check_layer(site)
        if site.kind != "attn.pattern":
            self.tap(source_of(self, site)[0])
        return site

    def _check_layer(self, site: Site) -> None:
        if site.layer is not None and not 0 <= site.layer < self.n_layers:
            raise MicrotomeError(
                f"site {site} does not exist: {self.name} has {self.n_layers} layers (0 to "
                f"{self.n_layers - 1})"
            )

    # -- text ----------------------------------------------------------------------------------

    def tokenize(self, text: str) -> Int[Tensor, "1 position"]:
        """Token ids of a text, special tokens added as the tokenizer does.

        Raises:
            MicrotomeError: no tokenizer, no text, text outside the vocabulary, or more tokens
                than the context holds.
        """
        if self.tokenizer is None:
            raise MicrotomeError(f"{self.name} has no tokenizer; pass token ids instead of text")
        if not text.strip():
            raise MicrotomeError("the prompt is empty; give at least one word")
        if not _is_unicode(text):
            raise MicrotomeError("the prompt holds bytes that are not UTF-8; give it as UTF-8")
        tokens = self.tokenizer(text, return_tensors="pt", verbose=False)["input_ids"]
        assert isinstance(tokens, Tensor)
        self._check_known(text, tokens)
        return self.check_tokens(tokens)

    def _check_known(self, text: str, tokens: Int[Tensor, "1 position"]) -> None:
        """Refuse text that becomes the unknown token: what would be explained is not the text."""
        tokenizer = self.tokenizer
        assert tokenizer is not None
        unknown = tokenizer.unk_token_id
        if unknown in (None, tokenizer.bos_token_id, tokenizer.eos_token_id):
            return  # GPT-2 names its end-of-text token as the unknown one too
        if unknown in tokens.flatten().tolist() and str(tokenizer.unk_token) not in text:
            shown = [self.token_string(int(token)) for token in tokens[0]]
            raise MicrotomeError(
                f"the prompt holds something that is not in {self.name}'s vocabulary; its tokens "
                f"are {shown}"
            )

    def check_tokens(self, tokens: Int[Tensor, "batch position"]) -> Int[Tensor, "batch position"]:
        """The ids on the model's device, refused where the model cannot read them."""
        n = tokens.shape[-1]
        if n == 0:
            raise MicrotomeError("the prompt is empty; give at least one token")
        if n > self.max_positions:
            raise MicrotomeError(
                f"the prompt has {n} tokens but the context of {self.name} holds "
                f"{self.max_positions}; shorten it"
            )
        if int(tokens.max()) >= self.d_vocab or int(tokens.min()) < 0:
            raise MicrotomeError(
                f"token id {int(tokens.max())} is outside the vocabulary of {self.name} "
                f"(0 to {self.d_vocab - 1})"
            )
        return tokens.to(self.device)

    def token_string(self, token: int) -> str:
        """A token as the reader of a prompt would see it."""
        if self.tokenizer is None:
            return f"<{token}>"
        text = self.tokenizer.convert_ids_to_tokens(int(token))
        shown = str(text).replace("Ġ", " ").replace("▁", " ").replace("Ċ", "\n")
        return shown or f"<{token}>"

    def token_id(self, text: str) -> int:
        """The id of a single token given by its text.

        Raises:
            MicrotomeError: the text is not one token of the vocabulary.
        """
        assert self.tokenizer is not None, "a text needs a tokenizer"
        vocabulary = self.tokenizer.get_vocab()
        for form in (text, text.replace(" ", "Ġ"), text.replace(" ", "▁")):
            if form in vocabulary:
                return vocabulary[form]
        pieces = self.tokenizer.encode(text, add_special_tokens=False)
        if len(pieces) == 1 and pieces[0] != self.tokenizer.unk_token_id:
            return pieces[0]
        shown = [self.token_string(piece) for piece in pieces]
        raise MicrotomeError(
            f"unknown token {text!r}: it is not one token of {self.name}'s vocabulary "
            f"(it splits into {shown})"
        )

    # -- running -------------------------------------------------------------------------------

    @torch.no_grad()
    def run(
        self,
        tokens: Int[Tensor, "batch position"],
        capture: Sequence[str | Site] = (),
        edit: Mapping[Site, Edit] | None = None,
        watch: Mapping[Site, Watch] | None = None,
    ) -> Run:
        """One forward pass.

        Args:
            tokens: ids, [batch, position].
            capture: sites whose activations to keep, as they are after any edit.
            edit: by site, a function from the activation to its replacement.
            watch: by site, a function that is shown the activation before any edit.
        """
        sites = [self.check_site(name) for name in capture]
        activations: dict[Site, Tensor] = {}
        with sites_tapped(self, sites, edit, watch, activations):
            logits = self.hf(self.check_tokens(tokens), use_cache=False).logits
        return Run(logits, activations)

    @torch.no_grad()
    def capture(
        self, tokens: Int[Tensor, "batch position"], sites: Sequence[str | Site]
    ) -> dict[Site, Tensor]:
        """Activations at sites, bit for bit those of `run`, from a forward pass that stops as
        soon as it has passed the last of them; so there are no logits.

        Args:
            tokens: ids, [batch, position].
            sites: what to capture; nothing runs where there is none.
        """
        wanted = list(dict.fromkeys(map(self.check_site, sites)))
        activations: dict[Site, Tensor] = {}
        if not wanted:
            return activations
        with (
            sites_tapped(self, wanted, activations=activations, stop_at=len(wanted)),
            suppress(AllCaptured),
        ):
            self.hf(self.check_tokens(tokens), use_cache=False)
        return activations

    @torch.no_grad()
    def generate(
        self,
        tokens: Int[Tensor, "batch position"],
        max_new_tokens: int = 32,
        temperature: float = 0.0,
        seed: int = 0,
        use_cache: bool = True,
        on_token: Callable[[Int[Tensor, " batch"]], None] | None = None,
    ) -> Int[Tensor, "batch longer"]:
        """Continue a prompt, with the key-value cache; greedy at temperature 0.

        Returns the prompt and its continuation. A sequence that meets the end-of-sequence token
        is padded after it. Sampling depends on `seed` alone. `on_token` is given every new token
        as soon as it is there.

        Raises:
            MicrotomeError: no new token asked for or none that fits the context, or a temperature
                or seed that cannot be.
        """
        tokens = self.check_tokens(tokens)
        room = self.max_positions - tokens.shape[-1]
        check_sampling(max_new_tokens, temperature, seed)
        if room < 1:
            raise MicrotomeError(
                f"the prompt fills the context of {self.name} ({self.max_positions} tokens), so "
                f"nothing can follow it; shorten it"
            )
        sampling = {"do_sample": True, "temperature": temperature} if temperature > 0 else {}
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            out = self.hf.generate(  # pyright: ignore[reportCallIssue]
                tokens,
                attention_mask=torch.ones_like(tokens),
                max_new_tokens=min(max_new_tokens, room),
                use_cache=use_cache,
                pad_token_id=self._pad_token(),
                streamer=None if on_token is None else TokenStream(on_token),
                **(sampling or {"do_sample": False}),
            )
        assert isinstance(out, Tensor)
        return out

    def _pad_token(self) -> int:
        config: Any = self.hf.config
        for value in (config.pad_token_id, config.eos_token_id):
            if isinstance(value, list):
                value = value[0]
            if value is not None:
                return int(value)
        return 0


def _is_unicode(text: str) -> bool:
    """Whether no character is half of a surrogate pair, as which Python keeps undecodable bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
