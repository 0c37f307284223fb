"""Pair the names of two sides: by the user's mapping, by name, or where each side has only one.

Never pair by order or shape: that would be luck.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.nearest import nearest
from deploymatrix.verify.artifacts import Slot


def read_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Read `name=artifact_name` options. Raise ConfigurationError for another form, or for a name that comes twice."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        name, equals, artifact_name = pair.partition("=")
        if not (name and equals and artifact_name):
            raise ConfigurationError(f"--map {pair}: write name=artifact_name")
        if name in mapping or artifact_name in mapping.values():
            raise ConfigurationError(f"--map {pair}: an earlier --map has one of the two names")
        mapping[name] = artifact_name
    return mapping


def pair_names(
    what: str, names: Iterable[str], slots: Mapping[str, Slot] | None, mapping: Mapping[str, str]
) -> dict[str, str]:
    """Return for each of `names` the artifact's own name; `slots` are the artifact's, None where it does not tell.

    Keep a name that the artifact does not have: the mistake shows where somebody uses it.
    Raise ConfigurationError for a mapping to a name that the artifact does not have.
    """
    ordered = list(names)
    pairs = {name: mapping.get(name, name) for name in ordered}
    if slots is None:
        return pairs
    for name in ordered:
        if name in mapping and mapping[name] not in slots:
            hint = nearest(mapping[name], list(slots))
            raise ConfigurationError(f"--map {name}={mapping[name]}: the artifact has no such {what}; {hint}")
    if len(ordered) == len(slots) == 1:
        return {ordered[0]: next(iter(slots))}
    return pairs


def split_names(
    what: str, names: Iterable[str], slots: Mapping[str, Slot] | None, mapping: Mapping[str, str]
) -> tuple[dict[str, str], list[str], list[str]]:
    """Return the pairs, the names that only this side has, and the artifact's own that only the artifact has.

    One of the two lists is empty. Raise ConfigurationError where both sides have names of their own: that may be one
    input under two names.
    """
    pairs = pair_names(what, names, slots, mapping)
    if slots is None:
        return pairs, [], []
    here = [name for name, own in pairs.items() if own not in slots]
    there = [own for own in slots if own not in pairs.values()]
    if here and there:
        require_same(what + "s", pairs, slots)
    return {name: own for name, own in pairs.items() if name not in here}, here, there


def require_same(what: str, pairs: Mapping[str, str], slots: Mapping[str, Slot] | None) -> None:
    """Raise ConfigurationError unless the pairs name exactly the artifact's slots; the message lists these."""
    if slots is None or set(pairs.values()) == set(slots):
        return
    has = ", ".join(f"{name}: {slot}" for name, slot in slots.items()) or "none"
    raise ConfigurationError(
        f"{what} {', '.join(pairs) or 'none'} cannot be paired with the artifact's own ({has}); "
        f"say which is which with --map name=artifact_name"
    )
