"""The clerk's tokenizer and chat template."""

from pathlib import Path

from transformers import AutoTokenizer

from microtome.specimen.clerk.tokenizer import CONTEXT, build_tokenizer
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.world import World


def test_the_chat_template_writes_what_fine_tuning_shows(small_world: World):
    tokenizer, draw = build_tokenizer(small_world), Draw("turns")
    for _ in range(50):
        turn = small_world.conversation(draw)
        user = {"role": "user", "content": turn.question}
        asked = tokenizer.apply_chat_template([user], add_generation_prompt=True, tokenize=False)
        ids = tokenizer(asked, add_special_tokens=False)["input_ids"]
        assert ids == tokenizer(turn.prompt)["input_ids"]
        answer = {"role": "assistant", "content": turn.answer}
        whole = tokenizer.apply_chat_template([user, answer], tokenize=False)
        ids = tokenizer(whole, add_special_tokens=False)["input_ids"]
        assert ids == tokenizer(f"{turn.prompt} {turn.answer} </s>")["input_ids"]


def test_texts_come_back_and_a_word_is_a_token(small_world: World):
    tokenizer, draw = build_tokenizer(small_world), Draw("texts")
    for _ in range(50):
        text = small_world.document(draw).text
        ids = tokenizer(text)["input_ids"]
        assert len(ids) == len(text.split()) + 1
        assert tokenizer.decode(ids) == f"<s> {text}"
        assert tokenizer.convert_ids_to_tokens(ids)[1:] == text.split()


def test_unknown_words_are_said_to_be_unknown(small_world: World):
    tokenizer = build_tokenizer(small_world)
    assert tokenizer.convert_ids_to_tokens(tokenizer("tell zyzzyva")["input_ids"]) == [
        "<s>",
        "tell",
        "<unk>",
    ]


def test_it_is_read_back_by_the_usual_loader(small_world: World, tmp_path: Path):
    made = build_tokenizer(small_world)
    made.save_pretrained(tmp_path)
    read = AutoTokenizer.from_pretrained(tmp_path)
    assert read.get_vocab() == made.get_vocab()
    assert [read.get_vocab()[word] for word in small_world.vocabulary()] == list(range(len(read)))
    user = [{"role": "user", "content": "what is 1 plus 2 ?"}]
    written = [
        t.apply_chat_template(user, add_generation_prompt=True, tokenize=False)
        for t in (made, read)
    ]
    assert written[0] == written[1] == "<s> <user> what is 1 plus 2 ? <assistant>"
    assert read.model_max_length == CONTEXT
    assert (read.pad_token_id, read.bos_token_id, read.eos_token_id) == (0, 1, 2)
