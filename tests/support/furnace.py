"""A framework that knows nothing of hypercycle: furnaces with zones, which train bread."""


class Furnace:
    """Each zone has its own settings; ``bake`` is the update."""

    def __init__(self, **zones):
        self.zones = zones
        self.baked = []

    def bake(self):
        self.baked.append({name: dict(settings) for name, settings in self.zones.items()})
