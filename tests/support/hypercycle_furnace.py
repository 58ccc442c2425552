"""hypercycle for furnace: written from CONTRIBUTING alone, with the kit of hypercycle.driving."""

import sys
from dataclasses import replace

from hypercycle import Groups, hookimpl
from hypercycle.driving import ACCEPTED, UNLIMITED, Cycler, Place, Track, names

HONOURED = {"start_step", "relative", "on_mismatch", "on_event", "events_of"}
INSTEAD = {"advance": "a furnace does not say when it has baked; call step() after each bake()"}
NEUTRAL = {"lr": "heat", "momentum": "draught"}


@hookimpl
def hypercycle_attach(target, plan, options):
    furnace = sys.modules.get("furnace")
    if furnace is None or not isinstance(target, furnace.Furnace):
        return None
    options.refuse_others(HONOURED, "a Furnace", INSTEAD)
    return FurnaceCycler(target, plan, options)


class FurnaceCycler(Cycler):
    def __init__(self, furnace, plan, options):
        self._furnace = furnace
        places = {name: find(furnace, name) for name in options.relative_names(plan)}
        initial = {name: values(furnace, place) for name, place in places.items()}
        self.begin(plan, options, initial or None)

    @property
    def target(self):
        return self._furnace

    def tracks_for(self, plan, initial):
        tracks = {}
        for name, schedule in plan.items():
            own = initial and initial.get(name)
            place = find(self._furnace, name)
            if place in tracks:
                raise names.given_twice(tracks[place].name, name, "Furnace", place)
            track = Track(
                name,
                (schedule,),
                factors=own and tuple(own[:1]),
                interval=ACCEPTED.get(name, UNLIMITED),
                place=(place, tuple(self._furnace.zones)),
            )
            if isinstance(schedule, Groups):
                track = self._by_zone(track, schedule, own)
            tracks[place] = track
        return tuple(tracks.values())

    def _by_zone(self, track, groups, initial):
        zones = list(self._furnace.zones)
        missing = [zone for zone in zones if zone not in groups]
        if missing:
            raise names.leaves_out(track.name, f"the zones {missing}", "None leaves one alone")
        driven = tuple(zone for zone in zones if groups[zone] is not None)
        return replace(
            track,
            schedules=tuple(groups[zone] for zone in driven),
            keys=driven,
            factors=initial and tuple(initial[zones.index(zone)] for zone in driven),
            place=(track.place[0], driven),
        )

    def write(self, tracks, row):
        for track, entry in zip(tracks, row, strict=True):
            place, zones = track.place
            entries = [entry] * len(zones) if track.keys is None else entry
            for zone, value in zip(zones, entries, strict=True):
                self._furnace.zones[zone][place.key] = value

    def keep(self, tracks):
        zones = self._furnace.zones
        kept = [(zones[zone], dict(zones[zone])) for track in tracks for zone in track.place[1]]
        return lambda: [now.update(before) for now, before in kept]


def find(furnace, name):
    """Return where a furnace keeps the hyperparameter that a plan calls so."""
    key = NEUTRAL.get(name, name)
    known = dict.fromkeys(key for settings in furnace.zones.values() for key in settings)
    if key not in known:
        raise names.is_unknown("Furnace", name, known, NEUTRAL)
    for settings in furnace.zones.values():
        if not names.is_number(settings[key]):
            raise names.is_not_a_number(key, "Furnace", settings[key])
    return Place(key)


def values(furnace, place):
    return [float(settings[place.key]) for settings in furnace.zones.values()]
