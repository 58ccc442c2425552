"""Names that are not known: typing errors, and the words of PyTorch."""

import inspect
import pickle

import pytest

import hypercycle as hc
from hypercycle.numbers.spelling import suggestion


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("lrr", ["lr", "eps"], "did you mean 'lr'? "),
        ("epsilon", ["lr", "eps"], "'epsilon' is called 'eps' here; "),
        ("epsilon", ["lr"], ""),
        ("T_0", ["step_size_up", "step_size_down"], "'T_0' is called 'step_size_down' here; "),
        ("T_0", ["low", "steps", "step_size_down"], "'T_0' is called 'steps' here; "),
        ("weigth_decay", ["lr", "weight_decay"], "did you mean 'weight_decay'? "),
        ("learning_rate", ["rho", "learn_rate"], "did you mean 'learn_rate'? "),
        ("something", ["lr"], ""),
        ("x", [], ""),
    ],
)
def test_what_may_have_been_meant(name, known, hint):
    assert suggestion(name, iter(known)) == hint


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: hc.Cycle(base_lr=0.1, max_lr=0.5, step_size_up=4),
            "Cycle() has no argument 'base_lr': it is called 'low' here",
        ),
        (
            lambda: hc.triangular(0.1, max_lr=0.5, step_size_up=4),
            "triangular() has no argument 'max_lr': it is called 'high' here",
        ),
        (
            lambda: hc.triangular2(0.1, 0.5, 4, mode="triangular2"),
            "triangular2() has no argument 'mode': it is called 'scale' here",
        ),
        (
            lambda: hc.sgdr(0.0, 0.1, T_0=10),
            "sgdr() has no argument 'T_0': it is called 'steps' here",
        ),
        (
            lambda: hc.sgdr(0.0, 0.1, 10, T_mult=2),
            "sgdr() has no argument 'T_mult': it is called 'cycle_mult' here",
        ),
        (
            lambda: hc.one_cycle(0.1, 10, anneal_strategy="cos"),
            "one_cycle() has no argument 'anneal_strategy': it is called 'waveform' here",
        ),
        (
            lambda: hc.Cycle(0.1, 0.5, 4, last_epoch=7),
            "Cycle() has no argument 'last_epoch': continue with attach(…, start_step=…)",
        ),
        (
            lambda: hc.Cycle(0.1, 0.5, 4, base_momentum=0.85),
            (
                "Cycle() has no argument 'base_momentum': give attach() a second schedule, "
                "momentum=lr.opposite(low, high)"
            ),
        ),
    ],
    ids=["base_lr", "max_lr", "mode", "T_0", "T_mult", "anneal_strategy", "last_epoch", "momentum"],
)
def test_the_words_of_pytorch_are_answered_by_ours(call, text):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == text


def test_other_words_are_refused_as_python_does():
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        hc.Cycle(0.1, 0.5, 4, nonsense=1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        hc.sgdr(0.1, 0.5, 4, nonsense=1)


def test_signatures_stay():
    assert list(inspect.signature(hc.Cycle).parameters)[:3] == ["low", "high", "step_size_up"]
    assert list(inspect.signature(hc.sgdr).parameters) == ["low", "high", "steps", "options"]
    assert pickle.loads(pickle.dumps(hc.sgdr)) is hc.sgdr
