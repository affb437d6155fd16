"""A program's tokenizer: words between blanks, one token each, <s> in front."""

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from microtome.specimen.compiled.program import END, START, Program


def build_tokenizer(program: Program) -> PreTrainedTokenizerFast:
    """A Hugging Face tokenizer over a program's vocabulary."""
    ids = {token: i for i, token in enumerate(program.vocabulary)}
    tokenizer = Tokenizer(WordLevel(ids, unk_token="<unk>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer.post_processor = TemplateProcessing(  # pyright: ignore[reportAttributeAccessIssue]
        single=f"{START} $A", special_tokens=[(START, ids[START])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=START,
        eos_token=END,
        unk_token="<unk>",
        pad_token="<pad>",
        model_max_length=program.positions,
    )
