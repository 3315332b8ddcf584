"""Palette: the colours of groups, without Matplotlib, for the page and the figures alike."""

#: Colours of groups, told apart under every kind of colour blindness and readable on light and dark
#: (after Okabe and Ito, without their yellow and black).
GROUP_COLOURS = ("#2b83c6", "#e08a00", "#009e73", "#cc79a7", "#8fb8de", "#c2410c")

#: Colour of whoever is in none of the groups.
OTHERS_COLOUR = "#8a919c"
