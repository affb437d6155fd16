"""The clerk's tokenizer: words between blanks, one token each, <s> in front, a chat template."""

from transformers import PreTrainedTokenizerFast

from microtome.specimen.clerk.world.part import ASSISTANT, USER
from microtome.specimen.clerk.world.world import World
from microtome.specimen.word_tokenizer import word_tokenizer

CONTEXT = 160
"""Positions that the clerk can read; no document of its world is longer."""

CHAT_TEMPLATE = (
    "{{ '<s>' }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %} " + USER + " {{ message['content'] }}"
    "{% else %} " + ASSISTANT + " {{ message['content'] }} {{ '</s>' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %} " + ASSISTANT + "{% endif %}"
)


def build_tokenizer(world: World) -> PreTrainedTokenizerFast:
    """A Hugging Face tokenizer over the vocabulary of a world."""
    made = word_tokenizer(world.vocabulary(), CONTEXT)
    made.chat_template = CHAT_TEMPLATE
    return made
