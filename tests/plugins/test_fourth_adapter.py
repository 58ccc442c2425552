"""An adapter for a fourth framework, which was written from CONTRIBUTING and the kit alone."""

import pickle
import re

import furnace
import hypercycle_furnace
import pytest

import hypercycle as hc

LR = hc.Cycle(100.0, 300.0, step_size_up=4)


@pytest.fixture(autouse=True)
def _plugin():
    hc.register_plugin(hypercycle_furnace)
    yield
    hc.unregister_plugin(hypercycle_furnace)


def made():
    return furnace.Furnace(
        top={"heat": 200.0, "draught": 0.5, "fan": True},
        bottom={"heat": 200.0, "draught": 0.5, "fan": False},
    )


def test_the_same_plan_gives_the_numbers_of_the_plan():
    oven = made()
    plan = hc.Plan(lr=LR, momentum=LR.opposite(0.1, 0.9))
    cycler = hc.attach(oven, plan)
    for step in range(2500):
        assert cycler.values == plan(step)
        oven.bake()
        cycler.step()
    for step, zones in enumerate(oven.baked):
        for settings in zones.values():
            assert {"heat": settings["heat"], "draught": settings["draught"]} == {
                "heat": plan(step)["lr"],
                "draught": plan(step)["momentum"],
            }


def test_what_attach_returns_answers_to_the_same_words_as_everywhere():
    cycler = hc.attach(made(), lr=LR, start_step=3)
    assert (cycler.plan, cycler.plan_step, cycler.values) == (hc.Plan(lr=LR), 3, {"lr": LR(3)})


def test_a_run_that_is_saved_and_resumed_gives_the_numbers_of_one_that_was_not():
    oven, again = made(), made()
    cycler = hc.attach(oven, lr=LR)
    for _ in range(5):
        cycler.step()
    state = pickle.loads(pickle.dumps(cycler.state_dict()))
    resumed = hc.attach(again, lr=LR)
    resumed.load_state_dict(state)
    for _ in range(9):
        assert again.zones == oven.zones
        cycler.step()
        resumed.step()
    with pytest.raises(ValueError, match="the saved schedules differ from the present ones"):
        hc.attach(made(), lr=hc.Cycle(100.0, 400.0, 4)).load_state_dict(state)


def test_groups_relative_values_and_events():
    oven, heard = made(), []
    oven.zones["top"]["heat"] = 400.0
    wave = hc.Cycle(0.5, 1.0, 2)
    cycler = hc.attach(
        oven,
        lr=hc.Groups({"top": wave, "bottom": None}),
        relative=True,
        on_event=lambda *event: heard.append(event),
        events_of=wave,
    )
    assert cycler.values == {"lr": {"top": 200.0}}
    cycler.step()
    cycler.step()
    assert (oven.zones["top"]["heat"], oven.zones["bottom"]["heat"]) == (400.0, 200.0)
    assert heard == [("peak", 0, 2)]


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"heta": LR}, ValueError, "Furnace has no hyperparameter 'heta'; did you mean 'heat'? av"),
        ({"lr": LR, "heat": LR}, ValueError, "'lr' and 'heat' are the same hyperparameter of Furn"),
        ({"fan": LR}, TypeError, "fan of Furnace must be a number to follow a schedule, got True"),
        ({"momentum": 1.5}, ValueError, "momentum accepts values in [0, 1], its schedule gives 1."),
        ({"lr": hc.Groups({"top": LR})}, ValueError, "lr: Groups does not mention the zones ['bo"),
        (
            {"lr": LR, "advance": "optimizer"},
            ValueError,
            "attach() does not take advance='optimizer' for a Furnace: a furnace does not say when",
        ),
    ],
    ids=["unknown", "twice", "switch", "interval", "groups", "option"],
)
def test_what_cannot_work_is_refused_before_anything_is_changed(arguments, kind, text):
    oven = made()
    with pytest.raises(kind, match=re.escape(text)):
        hc.attach(oven, **arguments)
    assert oven.zones == made().zones
