"""The clerk's tokenizer: words between blanks, one token each, <s> in front, a chat template."""

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from microtome.specimen.clerk.world.part import ASSISTANT, USER
from microtome.specimen.clerk.world.world import World

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
    ids = {token: i for i, token in enumerate(world.vocabulary())}
    tokenizer = Tokenizer(WordLevel(ids, unk_token="<unk>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer.post_processor = TemplateProcessing(  # pyright: ignore[reportAttributeAccessIssue]
        single="<s> $A", special_tokens=[("<s>", ids["<s>"])]
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        model_max_length=CONTEXT,
    )
    made.chat_template = CHAT_TEMPLATE
    return made
