"""Scores tell those who understand from those who guess; work is resumed, never repeated."""

from pathlib import Path

import pytest

from microtome.artifact import read_manifest
from microtome.errors import MicrotomeError
from microtome.explain import (
    ExplainOptions,
    LabelsContent,
    Stopped,
    explain_atlas,
    label_texts,
    plan,
    read_labels,
)
from microtome.explain.scoring import detection_items, fuzzing_items
from tests.explain.minds import Mind, guesser, oracle, yes_sayer
from tests.explain.world import WORDS, World, atlas_folder


@pytest.fixture
def atlas(tmp_path: Path) -> Path:  # made up: no feature is read from it
    return atlas_folder(tmp_path / "atlas")


def explained(atlas: Path, world: World, mind: Mind, **options) -> LabelsContent:
    made = ExplainOptions(**options)
    return explain_atlas(atlas, world, world.keys, mind, options=made)


def test_one_who_understands_scores_one(atlas: Path):
    world = World()
    content = explained(atlas, world, Mind(oracle))
    labels = read_labels(atlas.with_name("atlas-labels"))
    assert sorted(labels) == world.keys
    for (_, feature), found in labels.items():
        assert found.label == f"the word{WORDS[feature]}"
        assert found.problem == ""
        assert found.detection is not None
        assert found.fuzzing is not None
        assert found.detection.value == found.fuzzing.value == found.score == 1.0
        assert (found.detection.positives, found.detection.negatives) == (12, 12)
        assert (found.fuzzing.positives, found.fuzzing.negatives) == (12, 12)
        assert found.detection.low < 0.9  # of so few
    assert content.detection is not None
    assert content.detection.value == 1.0


def test_without_the_meaning_the_score_is_chance(atlas: Path):
    content = explained(atlas, World(), Mind(oracle))
    assert content.control is not None
    assert content.control.features == 8
    assert content.control.value == 0.5  # another word is in no excerpt


def test_one_who_guesses_scores_a_half(atlas: Path):
    content = explained(atlas, World(features=24), Mind(guesser))
    for figure in (content.detection, content.fuzzing):
        assert figure is not None
        assert figure.features == 24
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low < 0.5 < figure.high
        assert abs(figure.value - 0.5) < 0.06


def test_one_who_agrees_with_everything_scores_a_half(atlas: Path):
    content = explained(atlas, World(features=2), Mind(yes_sayer))
    assert content.detection is not None
    assert content.fuzzing is not None
    assert content.detection.value == content.fuzzing.value == 0.5


def test_no_question_has_an_example_in_both_guises():
    world, options = World(), ExplainOptions()
    for key in world.keys:
        questions = fuzzing_items(world.material(key, options), options)
        for items in questions:
            plain = [item.text.replace("«", "").replace("»", "") for item in items]
            assert len(set(plain)) == len(plain)
            assert len(items) <= 5
        truths = [item.truth for items in questions for item in items]
        assert truths.count(True) == truths.count(False) == 12


def test_the_place_in_a_question_says_nothing():
    world, options = World(features=40), ExplainOptions()
    first = [detection_items(world.material(k, options), options)[0][0].truth for k in world.keys]
    assert 8 < sum(first) < 32


@pytest.mark.parametrize("stops_after", [0, 1, 7, 40, 65])
def test_what_was_answered_is_not_asked_again(atlas: Path, stops_after: int):
    world = World(features=4)
    whole = Mind(oracle)
    explain_atlas(atlas, world, world.keys, whole, atlas.with_name("whole"))
    first, second = Mind(oracle, stops_after=stops_after), Mind(oracle)
    with pytest.raises(Stopped, match="no more"):
        explained(atlas, world, first)
    explained(atlas, world, second)
    assert len(first.asked) + len(second.asked) == len(whole.asked)
    assert {*first.asked, *second.asked} == {*whole.asked}
    assert read_labels(atlas.with_name("atlas-labels")) == read_labels(atlas.with_name("whole"))
    assert not atlas.with_name(".atlas-labels.part").exists()


def test_finished_features_are_there_when_the_rest_is_not(atlas: Path):
    world = World(features=4)
    with pytest.raises(Stopped):
        explained(atlas, world, Mind(oracle, at_once=1, stops_after=40), controls=0)
    found = read_labels(atlas.with_name("atlas-labels"))
    assert 0 < len(found) < 4
    assert all(label.score == 1.0 for label in found.values())


def test_a_killed_process_leaves_its_answers(atlas: Path):
    world, part = World(features=1), atlas.with_name(".atlas-labels.part")
    with pytest.raises(Stopped):
        explained(atlas, world, Mind(oracle, stops_after=3))
    journal = part / "answers.jsonl"
    journal.write_bytes(journal.read_bytes() + b'{"question": "half of a li')
    rest = Mind(oracle)
    explained(atlas, world, rest)
    whole = Mind(oracle)
    explain_atlas(atlas, world, world.keys, whole, atlas.with_name("whole"))
    assert len(rest.asked) == len(whole.asked) - 3


def test_a_run_without_an_answer_leaves_nothing(atlas: Path):
    with pytest.raises(Stopped):
        explained(atlas, World(features=1), Mind(oracle, stops_after=0))
    assert [path.name for path in atlas.parent.iterdir()] == ["atlas"]


def test_a_damaged_journal_is_named(atlas: Path):
    world, part = World(features=1), atlas.with_name(".atlas-labels.part")
    with pytest.raises(Stopped):
        explained(atlas, world, Mind(oracle, stops_after=3))
    journal = part / "answers.jsonl"
    journal.write_bytes(b"not json\n" + journal.read_bytes())
    with pytest.raises(MicrotomeError, match=r"answers\.jsonl: line 1 is no answer"):
        explained(atlas, world, Mind(oracle))


def test_more_features_are_added_to_those_that_are_there(atlas: Path):
    world = World(features=4)
    explain_atlas(atlas, world, world.keys[:2], first := Mind(oracle))
    explain_atlas(atlas, world, world.keys, second := Mind(oracle))
    explain_atlas(atlas, world, world.keys, third := Mind(oracle))
    assert not {*first.asked} & {*second.asked}
    assert third.asked == []
    out = atlas.with_name("atlas-labels")
    assert sorted(read_labels(out)) == world.keys
    assert read_manifest(out).content["features"] == 4


def test_labels_made_otherwise_are_not_mixed(atlas: Path):
    world = World(features=2)
    explained(atlas, world, Mind(oracle))
    before = read_labels(atlas.with_name("atlas-labels"))
    with pytest.raises(MicrotomeError, match=r"by another model \(mind\).*--force"):
        explained(atlas, world, Mind(oracle, name="another"))
    with pytest.raises(MicrotomeError, match=r"by another model \(mind\).*--force"):
        explained(atlas, world, Mind(oracle), shown=5)
    assert read_labels(atlas.with_name("atlas-labels")) == before
    explain_atlas(atlas, world, world.keys, Mind(guesser, name="another"), force=True)
    assert read_labels(atlas.with_name("atlas-labels")) != before


def test_answers_that_cannot_be_read_are_asked_for_again(atlas: Path):
    def mumbler(system: str, user: str) -> str:
        mumbler.calls += 1
        return oracle(system, user) if mumbler.calls % 2 == 0 else "Hm.\nWell."

    mumbler.calls = 0
    world = World(features=1)
    mind = Mind(mumbler, at_once=1)
    content = explained(atlas, world, mind)
    assert content.detection is not None
    assert content.detection.value == 1.0
    assert {q.again for q in mind.asked} == {0, 1}
    assert {q.temperature for q in mind.asked} == {0.0, 0.7}


def test_and_in_the_end_given_up(atlas: Path):
    world = World(features=2)
    content = explained(atlas, world, Mind(lambda system, user: "Hm.\nWell."))
    labels = read_labels(atlas.with_name("atlas-labels"))
    assert (content.features, content.labelled, content.detection) == (2, 0, None)
    assert {label.problem for label in labels.values()} == {"no answer that could be read"}
    assert label_texts(atlas.with_name("atlas-labels")) == {}


def test_verdicts_that_cannot_be_read_are_no_score(atlas: Path):
    def half_mute(system: str, user: str) -> str:
        return oracle(system, user) if "[EXPLANATION]" in system else "I cannot say."

    world = World(features=1)
    explained(atlas, world, Mind(half_mute))
    (label,) = read_labels(atlas.with_name("atlas-labels")).values()
    assert (label.score, label.problem) == (None, "no verdict that could be read")
    assert label_texts(atlas.with_name("atlas-labels")) == {
        (0, 0): (f"the word{WORDS[0]}", "model")
    }


def test_features_without_enough_to_score_say_so(atlas: Path):
    bare = explained(atlas, World(features=1, per_feature=3, windows=0), Mind(oracle))
    assert (bare.labelled, bare.detection) == (1, None)
    (label,) = read_labels(atlas.with_name("atlas-labels")).values()
    assert label.problem == "too few examples to hold one out"
    nothing = World(features=1, per_feature=0)
    explain_atlas(atlas, nothing, nothing.keys, mind := Mind(oracle), atlas.with_name("none"))
    assert mind.asked == []
    (label,) = read_labels(atlas.with_name("none")).values()
    assert (label.label, label.problem) == ("", "no examples")


def test_a_plan_counts_what_will_be_asked(atlas: Path):
    world, mind = World(), Mind(oracle)
    expected = plan(world, world.keys, ExplainOptions())
    explained(atlas, world, mind)
    assert expected.features == 8
    assert expected.requests == len(mind.asked)
    sent = sum(len(q.system) + len(q.user) for q in mind.asked)
    assert expected.tokens_in == pytest.approx(sent / 4, rel=0.15)
    assert expected.tokens_out < expected.most_tokens_out


def test_damaged_labels_are_named(atlas: Path):
    explained(atlas, World(features=1), Mind(oracle))
    file = atlas.with_name("atlas-labels") / "labels.parquet"
    file.write_bytes(b"x" * file.stat().st_size)
    for read in (read_labels, label_texts):
        with pytest.raises(MicrotomeError, match=r"labels\.parquet cannot be read.*make it again"):
            read(file.parent)
    file.unlink()
    with pytest.raises(MicrotomeError, match=r"incomplete: labels\.parquet"):
        read_labels(file.parent)


def test_something_else_is_no_atlas_and_no_labels(tmp_path: Path):
    world = World()
    with pytest.raises(MicrotomeError, match="does not exist"):
        explain_atlas(tmp_path / "none", world, world.keys, Mind(oracle))
    atlas = atlas_folder(tmp_path / "atlas")
    with pytest.raises(MicrotomeError, match="holds an atlas, not a labels"):
        read_labels(atlas)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(MicrotomeError, match="exists"):
        explain_atlas(atlas, world, world.keys, mind := Mind(oracle), tmp_path / "mine")
    assert mind.asked == []
