"""What the guide shows runs, and it has every specimen."""

import re
from pathlib import Path

import pytest

from microtome.specimen import load_truth, registry
from microtome.specimen.bundled import BUNDLED
from microtome.specimen.synthetic import SyntheticOptions

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "specimens.md"
TEXT = GUIDE.read_text()


def test_python_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setenv("MICROTOME_CACHE", str(tmp_path))
    code = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL))
    assert "register_specimen(" in code and "assert torch.equal(nearest" in code
    scope = {"__name__": "guide"}
    exec(compile(code, str(GUIDE), "exec"), scope)
    truth, _ = load_truth("specimen:echo")
    assert [variable.name for variable in truth.variables] == ["read", "animal", "said"]
    model = scope["model"]
    for item in truth.behaviours[0].items:
        tokens = model.tokenizer(item.prompt, return_tensors="pt")["input_ids"]
        said = model.hf(tokens).logits[0, -1].argmax()
        assert model.tokenizer.decode([int(said)]) in item.accepted


def test_the_guide_has_every_specimen():
    for specimen in BUNDLED:
        assert f"`specimen:{specimen.name}`" in TEXT


def test_the_guide_has_every_option():
    table = TEXT.partition("| Option |")[2].partition("\n\n")[0]
    for name, field in SyntheticOptions.model_fields.items():
        row = next(line for line in table.splitlines() if f"`{name}`" in line.split("|")[1])
        default = field.default
        shown = f"{default:g}" if isinstance(default, int | float) else str(default)
        assert re.search(rf"(^|[ `]){re.escape(shown)}([, `]|$)", row.split("|")[2]), (name, row)
