"""The house: which floor a module lives on, that imports only go down, where its tests are."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent
SOURCES = {"hypercycle": ROOT / "hypercycle"} | {
    folder.name: folder for folder in (ROOT / "adapters").iterdir() if folder.is_dir()
}

# The rooms, bottom first. A module may import from its own room and from those below.
FLOORS = [
    "hypercycle.namespaces",
    "hypercycle.numbers",
    "hypercycle.plugins",
    "hypercycle.shapes",
    "hypercycle.schedules",
    "hypercycle.plan_files",
    "hypercycle.plans",
    "hypercycle.drawing",
    "hypercycle.observers",
    "hypercycle.driving",
    "hypercycle.range_test",
    "hypercycle",  # the index, and doors to what users import by another path
    "hypercycle.command_line",
    "hypercycle.__main__",
    "hypercycle_torch",
    "hypercycle_keras",
    "hypercycle_optax",
    "hypercycle_trainers",
]

# What goes up, for type checkers alone: the hooks' contract names what plugins are handed, and the
# overloads of attach() what comes back for an optimizer of PyTorch. The list may only shrink.
UP = {
    "hypercycle.driving.attaching -> hypercycle_torch",
    "hypercycle.plugins.hookspecs -> hypercycle.driving.options",
    "hypercycle.plugins.hookspecs -> hypercycle.plans.plan",
}


# Modules that have no test file of their name, and why. The list may only shrink.
UNTESTED = {
    "hypercycle.namespaces.float32_pairs": "in optax/test_values_in_jax.py, whose devices it needs",
    "hypercycle.waveform_functions": "a door: shapes/test_waveforms.py",
}
# Up to so many lines a module is a few names, which the tests of those who use them show.
FEW_LINES = 40


def modules() -> dict[str, Path]:
    """Return every module of the house by its name."""
    found = {}
    for package, folder in SOURCES.items():
        for path in folder.rglob("*.py"):
            parts = [package, *path.relative_to(folder).with_suffix("").parts]
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imported(path: Path, known: set[str]) -> Iterator[str]:
    """Yield the modules that a file imports: when it runs, later, or for type checkers alone."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            within = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else str(node.module) for name in within]
        else:
            continue
        yield from (name for name in names if name in known)


def arrows() -> set[tuple[str, str]]:
    """Return who imports whom."""
    house = modules()
    return {(name, one) for name, path in house.items() for one in imported(path, set(house))}


def floor_of(module: str) -> int:
    """Return the floor of a module: that of the longest name that it is, or is in."""
    while module not in FLOORS:
        module = module.rpartition(".")[0]
    return FLOORS.index(module)


def circles(pairs: set[tuple[str, str]]) -> set[str]:
    """Return the sets of modules that reach each other, as lines of sorted names."""
    reached = {name: {b for a, b in pairs if a == name} for name, _ in pairs}
    while True:
        further = {
            name: below.union(*(reached.get(one, set()) for one in below))
            for name, below in reached.items()
        }
        if further == reached:
            break
        reached = further
    return {
        " ".join(sorted(one for one in below if name in reached.get(one, ())))
        for name, below in reached.items()
        if name in below
    }


def home_of_tests(module: str) -> Path:
    """Return the file in which the tests of a module are looked for first."""
    package, *rooms, name = module.split(".")
    folder = TESTS.joinpath(package.removeprefix("hypercycle_"), *rooms)
    if package == "hypercycle":
        folder = TESTS.joinpath(*rooms)
    return folder / f"test_{name}.py"


def test_every_module_has_a_test_file_of_its_name():
    missing = {
        name
        for name, path in modules().items()
        if path.name not in ("__init__.py", "__main__.py")
        and len(path.read_text("utf-8").splitlines()) > FEW_LINES
        and not home_of_tests(name).exists()
    }
    assert missing == set(UNTESTED)


def test_imports_only_go_down():
    up = {f"{a} -> {b}" for a, b in arrows() if floor_of(a) < floor_of(b)}
    assert up == UP


def test_no_circle():
    down = {(a, b) for a, b in arrows() if f"{a} -> {b}" not in UP}
    assert circles(down) == set()


def test_every_floor_has_somebody():
    house = modules()
    assert [name for name in FLOORS if name not in house] == []


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        ({("a", "b"), ("b", "c")}, set()),
        ({("a", "b"), ("b", "a"), ("b", "c")}, {"a b"}),
        ({("a", "a")}, {"a"}),
    ],
)
def test_circles_are_found(pairs, found):
    assert circles(pairs) == found
