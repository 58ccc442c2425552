"""What attributes hold is put back in place: every kind of container, tensors, arrays."""

import contextlib
from collections import OrderedDict, defaultdict, deque
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from hypercycle_torch.contents import MOST_PARTS, fill, keep_contents, put_back


def thing():
    return SimpleNamespace(
        number=1,
        items=[1, [2], {"a": [3]}],
        by_name=defaultdict(list, {"x": [1.0]}),
        ordered=OrderedDict(b=1, a=2),
        last=deque([1, 2], maxlen=2),
        seen={3, 1, 2},
        pair=([0], 1),
        array=np.arange(3.0),
        arrays=[np.zeros(2)],
        tensor=torch.zeros(2),
        tensors={"a": torch.ones(1)},
    )


def change(one):
    one.number = 2
    one.new = 3
    one.items[2]["a"].append(4)
    one.items[1].clear()
    one.items.insert(0, 7)
    one.by_name["y"].append(1)
    one.by_name["x"][0] = 2.0
    one.ordered["b"] = one.ordered.pop("b")
    one.last.append(5)
    one.seen.discard(3)
    one.pair[0].append(1)
    one.array += 1
    one.arrays[0][0] = 5
    one.tensor += 1
    one.tensors["a"].zero_()


def test_everything_is_back_in_the_same_objects():
    one = thing()
    before = dict(vars(one))
    with contextlib.suppress(KeyboardInterrupt), keep_contents([vars(one)], inside=True):
        change(one)
        raise KeyboardInterrupt
    assert all(vars(one)[name] is value for name, value in before.items())
    assert list(one.ordered) == ["b", "a"]
    assert one.last.maxlen == 2
    assert repr(vars(one)) == repr(vars(thing()))


@pytest.mark.parametrize("name", ["array", "arrays", "tensor", "tensors"])
def test_numbers_inside_are_kept_only_if_asked(name):
    one = thing()
    with keep_contents([vars(one)], inside=False):
        change(one)
    assert repr(getattr(one, name)) != repr(getattr(thing(), name))
    assert one.items == thing().items


def test_what_is_kept_elsewhere_is_not_kept_twice():
    one = thing()
    with keep_contents([vars(one)], inside=True, besides=("tensors", "items")):
        change(one)
        one.items = None
    assert one.items == [7, 1, [], {"a": [3, 4]}]
    assert one.tensors["a"].item() == 0.0


def test_of_long_containers_the_members_are_kept_but_not_what_is_in_them():
    one = SimpleNamespace(rows=[[0] for _ in range(MOST_PARTS + 1)])
    with keep_contents([vars(one)], inside=True):
        one.rows[0].append(1)
        one.rows.pop()
    assert len(one.rows) == MOST_PARTS + 1
    assert one.rows[0] == [0, 1]


def test_what_refers_to_itself_and_what_cannot_be_written_are_no_trouble():
    array = np.zeros(2)
    array.flags.writeable = False
    one = SimpleNamespace(array=array, items=[])
    one.items.append(one.items)
    with keep_contents([vars(one)], inside=True):
        one.items.append(1)
    assert one.items[0] is one.items
    assert len(one.items) == 1


def test_a_dict_gets_its_entries_back_in_their_order():
    members = {"a": 1, "b": 2, "c": 3}
    before = dict(members)
    del members["a"]
    members.update(d=4, a=5)
    put_back(members, before)
    assert list(members.items()) == list(before.items())


def test_an_expanded_tensor_is_filled_too():
    tensor = torch.ones(1).expand(3)
    fill([(tensor, torch.full((3,), 2.0))])
    assert tensor.tolist() == [2.0] * 3
