"""Claims a name that the example plugin has, and brings one of its own."""

from hypercycle import hookimpl


def smoothstep(x, xp):
    """Return ``x³(x(6x − 15) + 10)``."""
    del xp
    return x * x * x * (x * (6.0 * x - 15.0) + 10.0)


def cubic(x, xp):
    """Return ``x³``."""
    del xp
    return x * x * x


@hookimpl
def hypercycle_waveforms():
    return {"smoothstep": smoothstep, "cubic": cubic}


@hookimpl
def hypercycle_attach(target):
    return f"the rival drives {type(target).__name__}"
