"""
How do I write DINO's plan: rate, weight decay and teacher momentum?
====================================================================

.. currentmodule:: hypercycle

Self-distillation schedules three things at once. M. Caron et al. (arXiv:2104.14294, section 3)
write: the learning rate rises linearly for 10 epochs to 0.0005 · batch size / 256, then falls by a
cosine; the weight decay rises by a cosine from 0.04 to 0.4; the teacher is an average of the
student whose momentum rises by a cosine from 0.996 to 1. Their code ends at a rate of 10⁻⁶ and
trains for 100 epochs unless told otherwise.
"""

import copy

import numpy as np
import torch
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from torch import nn

import hypercycle as hc

batch_size = 1024
peak = 0.0005 * batch_size / 256
dino = hc.Plan(
    lr=hc.Chain(hc.Ramp(0.0, peak, "10ep"), hc.Ramp(peak, 1e-6, "90ep", "cosine")),
    weight_decay=hc.Ramp(0.04, 0.4, "100ep", "cosine"),
    teacher_momentum=hc.Ramp(0.996, 1.0, "100ep", "cosine"),
)

imagenet = dino.resolve(steps_per_epoch=1_281_167 // batch_size)
hc.plot(imagenet, 100 * 1251)
plt.show()

# %%
# The numbers of their code
# -------------------------
#
# The authors' program takes ``numpy.linspace`` for the warm-up, so that the peak is reached one
# step before the warm-up ends and stands for two. Whoever reproduces a run writes that too:

steps, warmup = 100 * 1251, 10 * 1251
x = np.arange(steps - warmup) / (steps - warmup)
falling = 1e-6 + 0.5 * (peak - 1e-6) * (1 + np.cos(np.pi * x))
theirs = np.concatenate([np.linspace(0, peak, warmup), falling])
ours = hc.Chain(
    hc.Ramp(0.0, peak, warmup - 1),
    (hc.Constant(peak), 1),
    hc.Ramp(peak, 1e-6, steps - warmup, "cosine"),
)
print(f"largest difference {np.abs(ours(np.arange(steps)) - theirs).max():.1e}")
assert np.allclose(ours(np.arange(steps)), theirs, rtol=1e-12, atol=0)

# %%
# In a training loop
# ------------------
#
# Weight decay is for weights: biases are in a group of their own, without it, that :class:`Groups`
# leaves alone. The teacher's momentum is in no optimizer: call its schedule with the step. Here the
# three drive 60 epochs on handwritten digits, with labels instead of DINO's loss, to keep the
# program short.

torch.manual_seed(0)
torch.set_num_threads(1)
images, digits = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
images = images.float() / 16
train, test = torch.randperm(len(digits)).split([1400, len(digits) - 1400])

student = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
teacher = copy.deepcopy(student).requires_grad_(requires_grad=False)
optimizer = torch.optim.AdamW(
    [
        {"name": "weights", "params": [p for p in student.parameters() if p.ndim > 1]},
        {
            "name": "biases",
            "params": [p for p in student.parameters() if p.ndim <= 1],
            "weight_decay": 0.0,
        },
    ]
)

plan = hc.Plan(
    lr=hc.Chain(hc.Ramp(0.0, 0.01, "10%"), hc.Ramp(0.01, 1e-6, "90%", "cosine")),
    weight_decay=hc.Groups({"weights": hc.Ramp(0.04, 0.4, "100%", "cosine"), "biases": None}),
)
batches = list(torch.stack([train[torch.randperm(1400)] for _ in range(60)]).view(-1, 100))
cycler = hc.attach(optimizer, plan, total_steps=len(batches))
teacher_momentum = hc.Ramp(0.95, 1.0, len(batches), "cosine")

for step, rows in enumerate(batches):
    optimizer.zero_grad()
    nn.functional.cross_entropy(student(images[rows]), digits[rows]).backward()
    optimizer.step()
    cycler.step()
    for average, weight in zip(teacher.parameters(), student.parameters(), strict=True):
        average.lerp_(weight.detach(), 1 - teacher_momentum(step))

for name, model in {"student": student, "teacher": teacher}.items():
    accuracy = (model(images[test]).argmax(dim=1) == digits[test]).double().mean()
    print(f"{name}: accuracy {accuracy:.3f}")
print({group["name"]: group["weight_decay"] for group in optimizer.param_groups})

# %%
# A run of 840 steps is short for a momentum of 0.996, which averages over some 250 of them; 0.95
# averages over 20.
