"""A library that knows nothing of hypercycle: a kettle with a temperature."""


class Kettle:
    temperature = 20.0
