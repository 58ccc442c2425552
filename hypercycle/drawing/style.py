"""How all figures look."""

from __future__ import annotations

# Four of the eight colours of M. Okabe and K. Ito that are told apart by everybody and stand out
# from white and from black. The grey of the text is as legible on both (contrast 4.5 : 1).
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")


LINE_STYLES = ("-", "--", ":", "-.")


GREY = "#767676"
