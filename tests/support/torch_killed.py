"""A training in PyTorch that can be killed at any moment, with checkpoints that are whole."""

import torch
import torch._dynamo  # which an optimizer's first step imports: once here
from killed import STEPS, end, resumed
from torch import nn

import hypercycle as hc
import hypercycle_torch  # noqa: F401
from hypercycle import observers

SAVE_EVERY = 7
LR = hc.Cycle(1e-3, 1e-1, 20, 13, waveform="hann")
PLAN = hc.Plan(lr=LR, momentum=LR.opposite(0.8, 0.95), weight_decay=hc.Cycle(1e-4, 1e-2, 17))


def train(folder, moments):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.2), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.AdamW(model.parameters())
    rows = torch.Generator().manual_seed(1)
    inputs = torch.randn(64, 5, generator=torch.Generator().manual_seed(2))
    path = folder / "last.pt"
    with observers.CSV(folder / "values.csv", append=True):
        with moments.phase("resuming"):
            cycler = hc.attach(optimizer, PLAN)
            if path.exists():
                saved = torch.load(path, weights_only=True)
                model.load_state_dict(saved["model"])
                optimizer.load_state_dict(saved["optimizer"])
                cycler.load_state_dict(saved["cycler"])
                rows.set_state(saved["rows"])
                torch.set_rng_state(saved["random"])
        resumed(folder, cycler.last_epoch)
        for step in range(cycler.last_epoch, STEPS):
            with moments.phase("training", step):
                batch = inputs[torch.randint(64, (8,), generator=rows)]
                optimizer.zero_grad()
                (model(batch) - batch.sum(dim=1, keepdim=True)).square().mean().backward()
                optimizer.step()
                cycler.step()
            if (step + 1) % SAVE_EVERY == 0:
                state = {
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "cycler": cycler.state_dict(),
                    "rows": rows.get_state(),
                    "random": torch.get_rng_state(),
                }
                with moments.phase("saving", step + 1):
                    torch.save(state, folder / "new.pt")
                    (folder / "new.pt").replace(path)
    states = optimizer.state_dict()["state"].values()
    tensors = [*model.state_dict().values(), *(one for state in states for one in state.values())]
    end(folder, [one.numpy() for one in tensors])
