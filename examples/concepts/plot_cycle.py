"""
A cycle
=======

.. currentmodule:: hypercycle

A :class:`Cycle` is a value that rises from one bound to the other and falls back.
"""

import hypercycle as hc

lr = hc.Cycle(low=0.001, high=0.006, step_size_up=2000)
hc.plot(lr, 12_000)
