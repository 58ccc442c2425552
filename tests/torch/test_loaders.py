"""Loaders go on where they were, as if no range test had drawn from them."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

import hypercycle_torch


def test_an_iterator_under_way_goes_on():
    def drawn(*, tested, **options):
        torch.manual_seed(0)
        loader = DataLoader(range(40), 4, shuffle=True, **options)
        linear = nn.Linear(1, 1)
        made = torch.optim.SGD(linear.parameters())
        seen = []
        for epoch in range(2):
            for index, batch in enumerate(loader):
                seen.append(batch.tolist())
                if tested and epoch == 0 and index == 3:
                    hypercycle_torch.range_test(
                        linear, made, lambda m, b: m(b[:, None].float()).mean(), loader, steps=15
                    )
        return seen

    assert drawn(tested=True) == drawn(tested=False)
    workers = {"num_workers": 1, "persistent_workers": True, "multiprocessing_context": "spawn"}
    assert drawn(tested=True, **workers) == drawn(tested=False, **workers)


class Shards:
    """A loader that knows where it is, in places that nobody else sees."""

    def __init__(self):
        self._position = [0]

    def __iter__(self):
        return Shards.batches(self)

    def batches(self):
        for _ in range(6):
            self._position[0] += 1
            yield torch.full((2, 1), float(self._position[0]))

    def state_dict(self):
        return {"position": self._position}

    def load_state_dict(self, state):
        self._position = state["position"]


class Counting(IterableDataset):
    """A dataset that goes on where it was."""

    def __init__(self):
        self.position = 0

    def __iter__(self):
        while True:
            self.position += 1
            yield torch.full((1,), float(self.position))


@pytest.mark.parametrize(
    "make",
    [Shards, lambda: DataLoader(Counting(), 2), lambda: [DataLoader(Counting(), 2)]],
    ids=["state_dict", "attribute", "in a list"],
)
def test_the_loaders_position_is_kept(make):
    loader = make()
    within = loader[0] if isinstance(loader, list) else loader
    linear = nn.Linear(1, 1)
    made = torch.optim.SGD(linear.parameters())
    drawn = []

    def loss(model, batch):
        batch = next(iter(batch)) if isinstance(batch, DataLoader) else batch
        drawn.append(batch.flatten()[0].item())
        return model(batch).mean()

    first = next(iter(within)).flatten()[0].item()
    hypercycle_torch.range_test(linear, made, loss, loader, steps=15, repeats=2)
    assert first == 1.0
    assert drawn == sorted(drawn)
    assert drawn[-1] >= 30
    assert next(iter(within)).flatten()[0].item() == drawn[0]


class Caching(IterableDataset):
    """A dataset that keeps what it has drawn."""

    def __init__(self):
        self.drawn, self.by_number, self.rows = [], {}, torch.zeros(2)

    def __iter__(self):
        for number in range(8):
            self.drawn.append(number)
            self.by_number[number] = [number]
            self.rows += 1  # data, which is not copied
            yield torch.full((1,), float(number))


def test_what_a_dataset_keeps_in_containers_is_kept_and_its_data_is_not():
    dataset = Caching()
    linear = nn.Linear(1, 1)
    made = torch.optim.SGD(linear.parameters())
    for _ in dataset:
        pass
    drawn, numbers = dataset.drawn, dict(dataset.by_number)
    hypercycle_torch.range_test(
        linear, made, lambda m, b: m(b).mean(), DataLoader(dataset, 2), steps=15
    )
    assert dataset.drawn is drawn
    assert (drawn, dataset.by_number) == (list(range(8)), numbers)
    assert dataset.rows.tolist() != [8.0, 8.0]
