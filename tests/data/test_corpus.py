"""Corpora: every kind of source gives the same texts, and bad ones are named."""

import gzip
import json
from pathlib import Path

import datasets
import pyarrow
import pytest
from pyarrow import parquet

from microtome.data import fingerprint_corpus, read_texts
from microtome.errors import MicrotomeError

TEXTS = ["one", "two\nlines", "drei ü"]


def _json_lines(texts: list[str], field: str = "text") -> str:
    return "\n\n".join(json.dumps({"id": i, field: text}) for i, text in enumerate(texts))


def _parquet(path: Path, texts: list, field: str = "text") -> Path:
    parquet.write_table(pyarrow.table({"id": list(range(len(texts))), field: texts}), path)
    return path


def _source(kind: str, tmp_path: Path):
    path = tmp_path / f"a.{kind}"
    if kind == "jsonl":
        path.write_text(_json_lines(TEXTS))
    elif kind == "jsonl.gz":
        path.write_bytes(gzip.compress(_json_lines(TEXTS).encode()))
    elif kind == "json":
        path.write_text(json.dumps([{"text": text} for text in TEXTS], indent=1))
    elif kind == "parquet":
        _parquet(path, TEXTS)
    elif kind == "txt":
        path.write_bytes("\ufeffone\r\n\r\n \r\ntwo\r\nlines\r\n\r\ndrei ü".encode())
    elif kind == "folder":
        path.mkdir()
        (path / "0.jsonl").write_text(_json_lines(TEXTS[:1]))
        (path / "deeper").mkdir()
        _parquet(path / "deeper" / "1.parquet", TEXTS[1:])
        (path / "README.md").write_text("not a corpus")
        (path / ".cache.jsonl").write_text("not a corpus")
    elif kind == "saved":
        datasets.Dataset.from_dict({"text": TEXTS}).save_to_disk(str(path))
    elif kind == "saved dict":
        whole = datasets.Dataset.from_dict({"text": TEXTS})
        datasets.DatasetDict({"train": whole, "test": whole.select([0])}).save_to_disk(str(path))
    else:
        return iter(["one", " ", *TEXTS[1:]])
    return path


@pytest.mark.parametrize(
    "kind",
    ["jsonl", "jsonl.gz", "json", "parquet", "txt", "folder", "saved", "saved dict", "iterable"],
)
def test_every_kind_of_source_gives_the_same_texts(kind: str, tmp_path: Path):
    source = _source(kind, tmp_path)
    assert list(read_texts(source)) == TEXTS
    if isinstance(source, Path):
        assert list(read_texts(str(source))) == TEXTS


def test_another_field_another_split_and_other_json(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_text(_json_lines(TEXTS, "story"))
    assert list(read_texts(path, field="story")) == TEXTS
    assert list(read_texts(_source("saved dict", tmp_path), split="test")) == TEXTS[:1]
    lines = tmp_path / "lines.json"
    lines.write_text(_json_lines(TEXTS))
    assert list(read_texts(lines)) == TEXTS
    lines.write_text(json.dumps(TEXTS))
    assert list(read_texts(lines)) == TEXTS


def test_the_hub_is_streamed(monkeypatch: pytest.MonkeyPatch):
    asked = []

    def load_dataset(*args, **options):
        asked.append((args, options))
        return datasets.Dataset.from_dict({"text": TEXTS}).to_iterable_dataset()

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    assert list(read_texts("owner/name:small", split="test")) == TEXTS
    assert asked == [(("owner/name", "small"), {"split": "test", "streaming": True})]
    with pytest.raises(MicrotomeError, match="dataset owner/name has no field 'txet'"):
        list(read_texts("owner/name", field="txet"))


def test_a_broken_stream_is_named(monkeypatch: pytest.MonkeyPatch):
    def rows():
        yield {"text": "one"}
        raise ConnectionError("the line is dead\nmore")

    monkeypatch.setattr(
        datasets, "load_dataset", lambda *_, **__: datasets.IterableDataset.from_generator(rows)
    )
    texts = read_texts("owner/name")
    assert next(texts) == "one"
    with pytest.raises(MicrotomeError, match="cannot read dataset owner/name after row 1") as e:
        next(texts)
    assert "\n" not in str(e.value)


def test_a_dataset_that_cannot_be_loaded_is_named():
    with pytest.raises(MicrotomeError, match=r"cannot load dataset nobody/nothing \(split"):
        list(read_texts("nobody/nothing"))  # tests run offline


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"text": "x"}\nnot json', "line 2 is not a JSON object"),
        ("a.jsonl", b'{"test": "x"}', "line 1 has no field 'text': did you mean 'test'"),
        ("a.jsonl", b'{"body": 1, "id": 2}', "no field 'text': it has 'body', 'id'"),
        ("a.jsonl", b"[1]", "line 1 is not a JSON object"),
        ("a.jsonl", b'{"text": null}', "line 1: field 'text' is null"),
        ("a.jsonl", b'{"text": 7}', "line 1: field 'text' holds int"),
        ("a.jsonl", b'{"text": "x"}\n{"text": "\xff"}', "line 2 is not UTF-8"),
        ("a.jsonl", b'{"text": "x \\ud800"}', "line 1: field 'text' holds half of a surrogate"),
        ("a.json", b'["x", "\\ud800"]', "record 1: field 'text' holds half of a surrogate"),
        ("a.json", b'["x", {"text": null}]', "record 1: field 'text' is null"),
        ("a.json", b'[\n"x",\n', "line 2 is not"),
        ("a.txt", b" \n\n ", "no text"),
        ("a.txt", b"x\n\xe4", "line 2 is not UTF-8"),
        ("a.jsonl", b"", "no text"),
        ("a.jsonl.gz", b"\x1f\x8b\x08\x00", "cannot read .* after line 0"),
        ("a.csv", b"x", "ending '.csv'"),
        ("a", b"x", "ending 'no ending'"),
        ("a.parquet", b"PAR1 nonsense", "cannot read .*a.parquet after row 0"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, name: str, content: bytes, message: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MicrotomeError, match=message) as caught:
        list(read_texts(tmp_path / name))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "field", "message"),
    [
        (["x", None], "text", "row 1: field 'text' is null"),
        ([1, 2], "text", "row 0: field 'text' holds int"),
        (["x"], "body", "no field 'text': it has 'id', 'body'"),
        ([b"\xff"], "text", "row 0: field 'text' holds bytes"),
        ([" "], "text", "no text"),
    ],
)
def test_bad_columns_are_named(tmp_path: Path, texts: list, field: str, message: str):
    path = _parquet(tmp_path / "a.parquet", texts, field)
    with pytest.raises(MicrotomeError, match=message):
        list(read_texts(path))


def test_a_parquet_file_damaged_in_the_middle_is_named(tmp_path: Path):
    path = _parquet(tmp_path / "a.parquet", [f"text {i}" * 20 for i in range(3000)])
    content = bytearray(path.read_bytes())
    middle = content.index(b"text 0") + 500
    content[middle : middle + 2000] = b"\xff" * 2000
    path.write_bytes(content)
    with pytest.raises(MicrotomeError, match=r"a\.parquet"):
        list(read_texts(path))


def test_bad_sources_are_named_at_once(tmp_path: Path):
    for missing in (tmp_path / "none.txt", "none/none.jsonl", "nonsense"):
        with pytest.raises(MicrotomeError, match="does not exist"):
            read_texts(missing)
    with pytest.raises(MicrotomeError, match="has no name"):
        read_texts("")  # not the folder that the process happens to be in
    with pytest.raises(MicrotomeError, match="no file ending in"):
        read_texts(tmp_path)
    (tmp_path / "state.json").write_text("{}")
    with pytest.raises(MicrotomeError, match="cannot read dataset"):
        read_texts(tmp_path)
    with pytest.raises(MicrotomeError, match="no split 'dev'; it has train, test"):
        read_texts(_source("saved dict", tmp_path), split="dev")
    with pytest.raises(MicrotomeError, match="document 1 of the corpus is a int"):
        list(read_texts(iter(["x", 1])))  # pyright: ignore[reportArgumentType]


def test_fingerprints_tell_corpora_apart(tmp_path: Path):
    folder = _source("folder", tmp_path)
    before = fingerprint_corpus(folder)
    assert before == fingerprint_corpus(str(folder))
    assert fingerprint_corpus(folder / "0.jsonl") != before
    (folder / "0.jsonl").write_text(_json_lines(["other"]))
    assert fingerprint_corpus(folder) != before
    assert fingerprint_corpus("owner/name") == "hub:owner/name"
    with pytest.raises(MicrotomeError, match="does not exist"):
        fingerprint_corpus(tmp_path / "none.jsonl")
