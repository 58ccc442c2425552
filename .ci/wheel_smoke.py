"""What an installed wheel must do with nothing but its own dependencies; run with `python -I`."""

import sys
from contextlib import suppress
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import hypercycle as hc

assert Path(sys.prefix) in Path(hc.__file__).parents, hc.__file__  # the wheel, not the checkout
assert hc.__version__ == metadata.version("hypercycle"), hc.__version__
assert (Path(hc.__file__).parent / "py.typed").is_file()

lr = hc.Cycle(low=1e-4, high=1e-2, step_size_up=4)
assert lr(0) == 1e-4, lr(0)
assert lr(4) == 1e-2, lr(4)

adapters = metadata.entry_points(group="hypercycle")
assert {adapter.name for adapter in adapters} == {"keras", "optax", "torch"}, adapters
for adapter in adapters:
    assert find_spec(adapter.value), adapter
with suppress(TypeError):  # nobody can drive that: every adapter whose framework is there is asked
    hc.attach(object(), lr=lr)
assert not {adapter.name for adapter in adapters} & set(sys.modules)

print(f"hypercycle {hc.__version__} works from {Path(hc.__file__).parent}")
