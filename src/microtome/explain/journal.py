"""Every answer on disk as soon as it is there, so that none is paid for twice."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from microtome.errors import MicrotomeError
from microtome.explain.question import Answerer, Question

ANSWERS = "answers.jsonl"


class Journal:
    """A language model whose answers are remembered in a file, one line each."""

    def __init__(self, answerer: Answerer, file: Path, known: Iterable[Path] = ()):
        """
        Args:
            answerer: asked what has not been asked before.
            file: grows by a line for every answer; read first.
            known: more such files, which are only read.
        """
        self._answerer = answerer
        self.answers: dict[str, str] = {}
        """By identity of the question."""
        for path in (*known, file):
            self.answers |= read_answers(path)
        _end_line(file)
        self._file: IO[str] = file.open("a", encoding="utf-8")

    @property
    def name(self) -> str:
        return self._answerer.name

    @property
    def at_once(self) -> int:
        return self._answerer.at_once

    async def answer(self, question: Question) -> str:
        identity = self.identity(question)
        if identity in self.answers:
            return self.answers[identity]
        answer = await self._answerer.answer(question)
        self.answers[identity] = answer
        self._file.write(answer_line(identity, answer))
        self._file.flush()
        os.fsync(self._file.fileno())
        return answer

    async def close(self) -> None:
        await self._answerer.close()

    def end(self) -> None:
        self._file.close()

    def identity(self, question: Question) -> str:
        """Of a question to this model, whatever the endpoint behind which it is."""
        asked = [self.name, question.messages, question.max_tokens, question.again]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32]


def answer_line(identity: str, answer: str) -> str:
    return json.dumps({"question": identity, "answer": answer}) + "\n"


def read_answers(path: Path) -> dict[str, str]:
    """Answers of a file, none where there is no file; a last line without its end is left out.

    Raises:
        MicrotomeError: another line is no answer.
    """
    answers: dict[str, str] = {}
    if not path.is_file():
        return answers
    *lines, _ = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            question, answer = row["question"], row["answer"]
            if not (isinstance(question, str) and isinstance(answer, str)):
                raise TypeError("not texts")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise MicrotomeError(
                f"{path}: line {number} is no answer; remove that line, and its question is asked "
                f"again"
            ) from error
        answers[question] = answer
    return answers


def _end_line(path: Path) -> None:
    """Cut off what was half written when a process was killed."""
    if not path.is_file():
        return
    with path.open("rb+") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
