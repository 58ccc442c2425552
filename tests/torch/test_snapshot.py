"""After a range test, training goes on as if there had been none: bit for bit."""

# ruff: noqa: NPY002  (NumPy's global generator is one of those that must be kept)

import contextlib
import random
import signal
from collections import deque
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import CyclicLR, LambdaLR, OneCycleLR
from torch.utils.data import DataLoader, Dataset

import hypercycle as hc
import hypercycle_torch
from hypercycle_torch import loaders, snapshot


@pytest.fixture(autouse=True)
def one_thread():
    """Of small operations, threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Rows(Dataset):
    """Rows with noise of every origin, as augmentations have it."""

    def __init__(self, n=48):
        generator = torch.Generator().manual_seed(7)
        self.inputs = torch.randn(n, 6, generator=generator)
        self.labels = torch.randint(0, 3, (n,), generator=generator)
        self.noise = np.random.default_rng(3)
        self.shift = random.Random(5)
        self.drawn = 0

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        self.drawn += 1
        legacy = random.random() + np.random.random() + torch.rand(()).item()
        own = self.noise.random() + self.shift.random()
        return self.inputs[index] + 0.1 * (legacy + own + 1e-3 * self.drawn), self.labels[index]


class Model(nn.Module):
    """A model with everything that a forward pass may change."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3)
        )
        self.frozen = nn.BatchNorm1d(3).eval()
        self.register_buffer("total", torch.zeros(3))
        self.register_buffer("average", torch.zeros(3), persistent=False)
        self.register_buffer("mask", torch.ones(1).expand(3))
        self.scale = torch.ones(3)  # no buffer
        self.calls = 0
        self.passes = SimpleNamespace(n=0)
        self.kept = {"seen": np.zeros(2), "last": deque(maxlen=3), "sizes": set(), "sums": [[]]}

    def get_extra_state(self):
        return vars(self.passes)

    def set_extra_state(self, state):
        self.passes.n = state["n"]

    def forward(self, inputs):
        logits = self.frozen(self.layers(inputs) * self.scale.sum() * self.mask)
        if self.training:
            self.calls += 1
            self.passes.n += 1
            self.kept["seen"] += 1
            self.kept["last"].append(self.calls)
            self.kept["sizes"].add(len(inputs) * self.calls)
            self.kept["sums"][0].append(logits.detach().sum().item())
            if self.calls == 30:  # no training comes so far but that of a range test
                self.layers[0].bias.requires_grad_(False)
                self.layers[0].register_forward_hook(lambda *_: None)
                self.layers[0].weight.register_hook(lambda grad: 2 * grad)
            with torch.no_grad():
                self.total += logits.sum(dim=0)
                self.average = 0.9 * self.average + logits.mean(dim=0)  # another object
                self.scale *= 1.001
        return logits + 1e-3 * (self.total + self.average + self.calls + self.passes.n)


class Average:
    """A moving average of the weights, as trainers keep them."""

    def __init__(self, model):
        self.weights = {name: p.detach().clone() for name, p in model.named_parameters()}

    def update(self, model):
        for name, p in model.named_parameters():
            self.weights[name].lerp_(p.detach(), 0.1)

    def state_dict(self):
        return {"weights": self.weights}

    def load_state_dict(self, state):
        self.weights = state["weights"]


OPTIMIZERS = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.9, weight_decay=1e-3),
    "sgd fused": lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.9, fused=True),
    "adam foreach": lambda groups: torch.optim.Adam(groups, lr=1e-2, foreach=True),
    "adamw fused": lambda groups: torch.optim.AdamW(groups, lr=1e-2, fused=True, amsgrad=True),
    "adam, tensor lr": lambda groups: torch.optim.Adam(groups, lr=torch.tensor(1e-2)),
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, lr=1e-3, momentum=0.5, centered=True),
}
SCHEDULERS = {
    "none": lambda _: None,
    "cycler": lambda made: hc.attach(
        made, lr=hc.Cycle(0.5, 1.0, 3), relative="lr",
        weight_decay=hc.Groups({0: hc.Cycle(0.0, 1e-2, 4), 1: None}),
    ),
    "follower": lambda made: hc.attach(
        made, lr=hc.Cycle(0.5, 1.0, 3), relative=True, advance="optimizer"
    ),
    "CyclicLR": lambda made: CyclicLR(made, 1e-3, 1e-1, 3, cycle_momentum="momentum" in
                                      made.defaults),
    "OneCycleLR": lambda made: OneCycleLR(made, 1e-1, total_steps=100),
    "LambdaLR": lambda made: LambdaLR(made, lambda step: 0.97**step),
}  # fmt: skip
LOADERS = {
    "global": lambda rows: DataLoader(rows, 8, shuffle=True),
    "generator": lambda rows: DataLoader(
        rows, 8, shuffle=True, generator=torch.Generator().manual_seed(1)
    ),
    "sampler": lambda rows: DataLoader(
        rows, 8, sampler=torch.utils.data.RandomSampler(
            rows, replacement=True, generator=torch.Generator().manual_seed(2)
        )
    ),
}  # fmt: skip


class Scene:
    """A training run, some updates after its start."""

    def __init__(self, optimizer="sgd", scheduler="cycler", loader="generator", *, scaled=False):
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        self.model = Model()
        norms = [p for m in self.model.modules() if isinstance(m, nn.BatchNorm1d)
                 for p in m.parameters()]  # fmt: skip
        others = [p for p in self.model.parameters() if all(p is not norm for norm in norms)]
        self.optimizer = OPTIMIZERS[optimizer](
            [{"params": others}, {"params": norms, "weight_decay": 0.0}]
        )
        self.scheduler = SCHEDULERS[scheduler](self.optimizer)
        self.average = Average(self.model)
        self.scaler = torch.amp.GradScaler("cpu", 16.0, growth_interval=3, enabled=scaled)
        self.rows = Rows()
        self.loader = LOADERS[loader](self.rows)
        self.optimizer.register_step_post_hook(lambda *_: self.average.update(self.model))
        self.losses = []
        self.train()
        # In the midst of accumulating gradients.
        self.loss(self.model, next(iter(self.loader))).backward()

    def loss(self, model, batch):
        inputs, labels = batch
        return nn.functional.cross_entropy(model(inputs), labels)

    def train(self, epochs=2):
        for _ in range(epochs):
            for batch in self.loader:
                loss = self.loss(self.model, batch)
                self.scaler.scale(loss).backward()
                self.scaler.step(self.optimizer)
                self.scaler.update()
                self.optimizer.zero_grad()
                if self.scheduler is not None:
                    self.scheduler.step()
                self.losses.append(loss.item())

    def range_test(self, **options):
        options = {"steps": 25, "start": 1e-4, "end": 1.0, "scaler": self.scaler,
                   "restore": [self.average], "stop_early": False, **options}  # fmt: skip
        return hypercycle_torch.range_test(
            self.model, self.optimizer, self.loss, self.loader, **options
        )

    def state(self):
        """Return all there is to see."""
        return bits(
            {
                "attributes": {
                    k: sorted(v) if isinstance(v, set) else v
                    for k, v in (vars(self.model) | self.model.kept).items()
                    if k[0] != "_" and k not in ("passes", "kept")
                },
                "weights": list(self.model.parameters()),
                "gradients": [p.grad for p in self.model.parameters()],
                "buffers": dict(self.model.named_buffers()),
                "extra": self.model.get_extra_state(),
                "flags": [module.training for module in self.model.modules()],
                "need gradients": [p.requires_grad for p in self.model.parameters()],
                "model's hooks": [
                    list(hooks or {})
                    for one in (*self.model.modules(), *self.model.parameters())
                    for hooks in (one._backward_hooks, getattr(one, "_forward_hooks", {}))
                ],
                "state": self.optimizer.state_dict()["state"],
                "groups": [
                    {k: v for k, v in group.items() if k != "params"}
                    for group in self.optimizer.param_groups
                ],
                "optimizer": {k: v for k, v in vars(self.optimizer).items() if isinstance(v, bool)},
                "hooks": [
                    hook.__qualname__ for hook in self.optimizer._optimizer_step_post_hooks.values()
                ],
                "scheduler": self.scheduler and self.scheduler.state_dict(),
                "scaler": self.scaler.state_dict(),
                "average": self.average.weights,
                "rows": (self.rows.drawn, self.rows.noise.bit_generator.state),
                "generators": [
                    generator.get_state()
                    for generator in (self.loader.generator, self.loader.sampler.generator)
                    if generator is not None
                ],
                "random": (random.getstate(), np.random.get_state(), torch.get_rng_state()),
                "losses": self.losses,
            }
        )

    def training_from_here(self):
        before = self.state()
        self.train()
        return before, self.state()


def differences(one, other, where=""):
    """Return where two nested states differ: pytest takes minutes to show it."""
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        return [d for key in one for d in differences(one[key], other[key], f"{where}/{key}")]
    if isinstance(one, (list, tuple)) and isinstance(other, type(one)) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [d for index, pair in pairs for d in differences(*pair, f"{where}/{index}")]
    return [] if one == other else [where]


def bits(value):
    if isinstance(value, torch.Tensor):
        return str(value.dtype), tuple(value.shape), value.detach().numpy().tobytes()
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, dict):
        return {key: bits(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, deque)):
        return [bits(one) for one in value]
    return value


@pytest.mark.parametrize(
    ("optimizer", "scheduler", "loader", "scaled"),
    [
        *((optimizer, "cycler", "generator", True) for optimizer in OPTIMIZERS),
        *(("sgd", scheduler, "global", False) for scheduler in SCHEDULERS),
        *(("adamw fused", scheduler, "sampler", True) for scheduler in SCHEDULERS),
    ],
)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"repeats": 2, "accumulate": 3, "name": "weight_decay",
         "metrics": {"noise": lambda model: model(torch.rand(4, 6)).sum()}, "metrics_every": 4},
    ],
    ids=["plain", "repeats"],
)  # fmt: skip
def test_training_is_the_same_with_a_range_test_before_it(
    optimizer, scheduler, loader, scaled, options
):
    if optimizer == "sgd fused" and "name" in options:
        options = options | {"name": "momentum", "end": 0.99}
    without = Scene(optimizer, scheduler, loader, scaled=scaled).training_from_here()
    scene = Scene(optimizer, scheduler, loader, scaled=scaled)
    made = scene.range_test(**options)
    assert np.ptp(made.losses) > 1e-3
    assert not differences(scene.training_from_here(), without)


WHERE = {
    name: vars(module)
    for module in (snapshot, loaders)
    for name in vars(module)
    if name.startswith("keep_") and name not in ("keep_training", "keep_contents")
}
"""In which module each part is called."""


def left_alone(*_):
    return contextlib.nullcontext()


@pytest.mark.parametrize("part", WHERE)
def test_it_is_not_the_same_if_a_part_is_not_kept(part, monkeypatch):
    def scene():
        made = Scene("sgd", "follower", "generator", scaled=True)
        made.model.eval()
        return made

    without = scene().training_from_here()
    tested = scene()
    where = hypercycle_torch.range_test.__globals__ if part == "keep_batches" else WHERE[part]
    monkeypatch.setitem(where, part, left_alone)
    with contextlib.suppress(ValueError):  # of weights that are none any more
        tested.range_test()
    assert differences(tested.training_from_here(), without)


def test_there_are_as_many_parts_as_there_were():
    # A new one is tested above only if it is named as these are.
    assert len(WHERE) == 17


class StopError(Exception):
    """Raised by a loss."""


def failing(error):
    def fail(*_):
        raise error

    return fail


def interrupt(*_):
    # Programs in the background are started with Ctrl-C ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("fail", "error"),
    [(failing(StopError), StopError), (failing(KeyboardInterrupt), KeyboardInterrupt),
     (interrupt, KeyboardInterrupt)],
)  # fmt: skip
@pytest.mark.parametrize("where", ["loss", "backward", "step", "metric"])
def test_everything_is_back_after_an_error_and_ctrl_c(fail, error, where):
    without = Scene(scaled=True).training_from_here()
    scene = Scene(scaled=True)
    counted = iter(range(10_000))

    def later(*_):
        if next(counted) == 12:
            fail()

    def loss(model, batch):
        if where == "loss":
            later()
        return Scene.loss(scene, model, batch)

    def metric(model):
        assert not any(module.training for module in model.modules())
        fail()

    handle = None
    if where == "backward":
        handle = scene.model.layers[4].register_full_backward_hook(later)
    if where == "step":
        handle = scene.optimizer.register_step_post_hook(later)
    metrics = {"metric": metric} if where == "metric" else None
    with pytest.raises(error):
        hypercycle_torch.range_test(
            scene.model, scene.optimizer, loss, scene.loader,
            scaler=scene.scaler, restore=[scene.average], metrics=metrics,
        )  # fmt: skip
    if handle is not None:
        handle.remove()
    assert not differences(scene.training_from_here(), without)


def test_every_object_is_the_same_one():
    scene = Scene("adam, tensor lr")
    model, made = scene.model, scene.optimizer

    def objects():
        groups = [value for group in made.param_groups for value in (group, *group.values())]
        state = [value for one in made.state.values() for value in (one, *one.values())]
        tensors = [*model.parameters(), *(p.grad for p in model.parameters()), *model.buffers()]
        return [*tensors, *groups, *state, made.state, made.param_groups, model.scale,
                scene.scaler, scene.rows.noise]  # fmt: skip

    before = objects()
    scene.range_test()
    after = objects()
    assert len(before) == len(after)
    assert all(one is other for one, other in zip(before, after, strict=True))


def test_torchs_warning_about_the_order_of_steps_still_comes():
    def schedule(scene):
        scheduler = LambdaLR(scene.optimizer, lambda _: 1.0)
        scene.range_test()
        with pytest.warns(UserWarning, match=r"`lr_scheduler.step\(\)` before `optimizer.step"):
            scheduler.step()

    schedule(Scene(scheduler="none"))


def test_gradients_that_are_views_keep_their_values():
    linear = nn.Linear(2, 2)
    bucket = torch.arange(6.0)
    linear.weight.grad, linear.bias.grad = bucket[:4].view(2, 2), bucket[4:]

    def loss(model, batch):
        bucket.fill_(7.0)  # as the reducer of DistributedDataParallel does
        return model(batch).square().mean()

    made = torch.optim.SGD(linear.parameters())
    hypercycle_torch.range_test(linear, made, loss, [torch.ones(1, 2)], steps=15)
    assert bucket.tolist() == list(range(6))
    assert linear.weight.grad.data_ptr() == bucket.data_ptr()


def test_parameters_outside_of_the_model_are_kept():
    linear, temperature = nn.Linear(2, 2), nn.Parameter(torch.ones(()))
    made = torch.optim.SGD([*linear.parameters(), temperature], lr=0.1)
    gradient = temperature.grad = torch.tensor(3.0)

    def loss(model, batch):
        return (model(batch) / temperature).square().mean()

    hypercycle_torch.range_test(linear, made, loss, [torch.ones(1, 2)], steps=15)
    assert temperature.item() == 1.0
    assert temperature.grad is gradient
    assert gradient.item() == 3.0


class Wrapper:
    """An optimizer around another, as trainers have them."""

    def __init__(self, optimizer):
        self.inner = optimizer
        self.param_groups = optimizer.param_groups
        self.steps = 0

    def step(self):
        self.steps += 1
        self.inner.step()

    def zero_grad(self):
        self.inner.zero_grad()


def test_what_a_wrapped_optimizer_has_is_kept():
    scene = Scene("adamw fused", "follower")
    before = scene.state()
    scene.optimizer = Wrapper(scene.optimizer)
    scene.range_test(scaler=None)
    assert scene.optimizer.steps == 0
    scene.optimizer = scene.optimizer.inner
    assert not differences(scene.state(), before)


def test_a_state_that_cannot_be_loaded_does_not_keep_the_rest_from_being_put_back():
    class Refusing(Average):
        def load_state_dict(self, state):
            raise RuntimeError("not this one")

    scene = Scene()
    before = scene.state()
    with pytest.raises(RuntimeError, match="not this one"):
        scene.range_test(restore=[Refusing(scene.model), scene.average])
    assert not differences(scene.state(), before)
