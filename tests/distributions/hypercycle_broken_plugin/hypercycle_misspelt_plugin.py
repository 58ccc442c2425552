"""The hook is called hypercycle_waveforms."""

from hypercycle import hookimpl


@hookimpl
def hypercycle_wavefroms():
    return {}
