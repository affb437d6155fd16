"""A language model on this machine."""

import torch

from microtome.errors import MicrotomeError
from microtome.explain.question import Question
from microtome.model import LanguageModel


class Local:
    """Answers by generating; with the model's own chat template where its tokenizer has one."""

    at_once = 1

    def __init__(self, model: LanguageModel):
        if model.tokenizer is None:
            raise MicrotomeError(f"{model.name} has no tokenizer, so it cannot be asked")
        self._model = model
        self._tokenizer = model.tokenizer

    @property
    def name(self) -> str:
        return f"{self._model.name} ({self._model.fingerprint})"

    async def answer(self, question: Question) -> str:
        """
        Raises:
            MicrotomeError: the question and its answer are longer than the model's context.
        """
        tokens = self._tokens(question)
        n, room = tokens.shape[1], self._model.max_positions
        if n + question.max_tokens > room:
            raise MicrotomeError(
                f"a question has {n} tokens and its answer up to {question.max_tokens}, but the "
                f"context of {self._model.name} holds {room}; take another model, or show fewer "
                f"examples with --shown"
            )
        out = self._model.generate(
            tokens, question.max_tokens, question.temperature, seed=question.again
        )
        text = self._tokenizer.decode(out[0, n:], skip_special_tokens=True)
        assert isinstance(text, str)
        return text

    async def close(self) -> None:
        pass

    def _tokens(self, question: Question) -> torch.Tensor:
        if self._tokenizer.chat_template:
            made = self._tokenizer.apply_chat_template(
                question.messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
            return made["input_ids"]  # type: ignore[index, call-overload]
        text = f"{question.system}\n\n{question.user}\n\nAnswer:"
        return torch.tensor([self._tokenizer(text)["input_ids"]])
