"""A model without a framework: y = 2 x."""


def build():
    return 2.0
