"""Models in the forms of JAX's libraries, taken apart into what training changes."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp


@dataclass(frozen=True)
class Model:
    """A model taken apart.

    Parameters
    ----------
    name
        What the first argument of a loss is called.
    params
        The pytree of floats that is trained.
    variables
        What else changes while it trains: those of an nnx module; None of other models.
    put_together
        ``(params, variables)`` → the model in its own form.
    variables_of
        The model in its own form → its variables.
    """

    name: str
    params: Any
    variables: Any
    put_together: Callable[[Any, Any], Any]
    variables_of: Callable[[Any], Any]


def take_apart(model: Any) -> Model:
    """Return a model taken apart, whichever library it is of.

    Of an Equinox module the arrays of floats are trained, of an nnx module its ``Param`` variables,
    of flax's ``TrainState`` its ``params``. Modules may be in tuples, lists and dicts.

    Raises
    ------
    TypeError
        If what is to be trained is not a pytree of floats.

    Examples
    --------
    >>> take_apart({"w": jnp.zeros(2)}).name
    'params'
    """
    nnx, equinox = sys.modules.get("flax.nnx"), sys.modules.get("equinox")
    if nnx is not None and _holds(model, nnx.Module):
        graph, params, variables = nnx.split(model, nnx.Param, ...)
        taken = Model(
            "model",
            params,
            variables,
            lambda params, variables: nnx.merge(graph, params, variables, copy=True),
            lambda whole: nnx.split(whole, nnx.Param, ...)[2],
        )
    elif equinox is not None and _holds(model, equinox.Module):
        params, rest = equinox.partition(model, equinox.is_inexact_array)
        taken = _without_variables("model", params, lambda one: equinox.combine(one, rest))
    elif _is_train_state(model):
        taken = _without_variables("state", model.params, lambda one: model.replace(params=one))
    else:
        taken = _without_variables("params", model, lambda params: params)
    _check_floats(taken.params)
    return taken


def canonical_loss(
    model: Model, loss: Callable[..., Any], *, has_state: bool, has_key: bool
) -> Callable[..., Any]:
    """Return a loss in the form that the loop takes gradients of.

    Returns
    -------
    Callable
        ``(params, state, batch[, key])`` → ``(number, state)``; the state is the pair of the
        model's variables and of what the user carries, None without it.

    Raises
    ------
    TypeError
        If the loss cannot be called with these arguments.
    """
    names = [model.name, *["model_state"] * has_state, "batch", *["key"] * has_key]
    called = f"loss({', '.join(names)})"
    _check_call(loss, called, len(names))

    def wrapped(params: Any, state: Any, batch: Any, *keys: Any) -> tuple[Any, Any]:
        variables, carried = state
        whole = model.put_together(params, variables)
        result = loss(whole, *([carried] if has_state else []), batch, *keys)
        is_pair = isinstance(result, tuple) and len(result) == 2
        number, rest = result if is_pair else (result, None)
        _check_number(number, result, called, "model_state" if has_state else "aux")
        if has_state:
            _check_like(
                carried, rest, f"{called} must return (number, model_state), a state like the given"
            )
            carried = rest
        after = model.variables_of(whole)
        _check_like(variables, after, "the loss must leave the module the variables that it had")
        return number, (after, carried)

    return wrapped


def _without_variables(name: str, params: Any, put_together: Callable[[Any], Any]) -> Model:
    return Model(name, params, None, lambda params, _: put_together(params), lambda _: None)


def _holds(tree: Any, kind: type) -> bool:
    leaves = jax.tree.leaves(tree, is_leaf=lambda node: isinstance(node, kind))
    return any(isinstance(leaf, kind) for leaf in leaves)


def _is_train_state(model: Any) -> bool:
    module = sys.modules.get("flax.training.train_state")
    return module is not None and isinstance(model, module.TrainState)


def _check_floats(params: Any) -> None:
    leaves = jax.tree_util.tree_leaves_with_path(params)
    for path, leaf in leaves:
        if not isinstance(leaf, float) and not (
            hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.inexact)
        ):
            raise TypeError(
                "params must be a pytree of floats, an Equinox or nnx module or a TrainState, got "
                f"params{jax.tree_util.keystr(path)} = {leaf!r:.80}: {_way_out(leaf)}"
            )
    if not leaves:
        raise TypeError("params hold no array of floats: there is nothing to train")


def _way_out(leaf: Any) -> str:
    linen = sys.modules.get("flax.linen")
    if linen is not None and isinstance(leaf, linen.Module):
        return "a linen module holds no parameters, pass those that model.init(key, x) makes"
    return "what is not trained belongs into model_state, or into the loss"


def _check_call(loss: Any, called: str, arguments: int) -> None:
    if not callable(loss):
        raise TypeError(f"loss must be a function {called}, got {loss!r:.80}")
    try:
        signature = inspect.signature(loss)
    except ValueError:  # of a built-in function
        return
    try:
        signature.bind(*range(arguments))
    except TypeError as error:
        raise TypeError(
            f"the loss is called as {called}, a batch being one argument, but it takes "
            f"{signature}: {error}"
        ) from None


def _check_number(number: Any, result: Any, called: str, second: str) -> None:
    is_number = getattr(number, "shape", None) == () and jnp.issubdtype(number.dtype, jnp.floating)
    if not is_number or (number is result and second != "aux"):
        form = f"(number, {second}), the number being the mean over the batch"
        if second == "aux":
            form = "one number, the mean over the batch, or (number, aux)"
        raise ValueError(f"{called} must return {form}, got {_summary(result):.200}")


def _check_like(expected: Any, got: Any, text: str) -> None:
    """Refuse a state of another form: each update takes the one that the last has left."""
    if _form(expected) != _form(got):
        raise ValueError(f"{text}, {_summary(expected):.200}, got {_summary(got):.200}")


def _form(tree: Any) -> Any:
    leaves, structure = jax.tree.flatten(tree)
    return structure, [(jnp.shape(leaf), jnp.result_type(leaf)) for leaf in leaves]


def _summary(tree: Any) -> str:
    """Return a pytree with the dtypes and shapes in the places of its arrays."""

    def written(leaf: Any) -> Any:
        return _Text(f"{leaf.dtype}{list(leaf.shape)}") if hasattr(leaf, "dtype") else leaf

    return repr(jax.tree.map(written, tree))


class _Text(str):
    """A text that shows itself without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
