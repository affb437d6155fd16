"""Every step stands in the earliest layer that can compute it."""

from microtome.specimen.compiled import PROGRAMS
from microtome.specimen.compiled.schedule import schedule


def test_heads_that_need_nothing_of_each_other_share_a_layer():
    found = schedule(PROGRAMS["carry"])
    heads = [found.places[f"{p} of {n}"] for p in ("tens", "ones") for n in "ab"]
    assert {(place.layer, place.by) for place in heads} == {(0, "attention")}
    assert sorted(place.head for place in heads) == [0, 1, 2, 3]
    assert found.heads == 4


def test_a_map_of_a_heads_value_stands_in_its_layer_and_one_of_a_maps_value_in_the_next():
    places = schedule(PROGRAMS["carry"]).places
    assert (places["carry"].by, places["carry"].layer) == ("mlp", 0)
    assert (places["tens"].by, places["tens"].layer) == ("mlp", 1)
    assert (places["next"].by, places["next"].layer) == ("mlp", 2)


def test_a_head_sees_what_an_mlp_wrote_from_the_next_layer_on():
    places = schedule(PROGRAMS["histogram"]).places
    assert places["in word"].site == "blocks.0.resid.post"
    assert (places["count"].layer, places["count"].head) == (1, 0)
    assert places["count"].site == "blocks.1.resid.post"
    assert places["previous"].site == "blocks.0.resid.mid"
    assert places["previous"].written == "blocks.0.attn.out"


def test_what_is_not_used_has_no_place():
    assert "position" not in schedule(PROGRAMS["parentheses"]).places
