"""The names of one side paired with those of the other: by the user's mapping, by name, or where there is one each.

Nothing is paired by order or shape: that would be luck.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deploymatrix.errors import ConfigurationError
from deploymatrix.project.toml_files import nearest
from deploymatrix.verify.artifacts import Slot


def read_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """`name=artifact_name` options as a dict. Raises ConfigurationError for another form or a name given twice."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        name, equals, artifact_name = pair.partition("=")
        if not (name and equals and artifact_name):
            raise ConfigurationError(f"--map {pair}: write name=artifact_name")
        if name in mapping or artifact_name in mapping.values():
            raise ConfigurationError(f"--map {pair}: one of the two names is mapped already")
        mapping[name] = artifact_name
    return mapping


def pair_names(
    what: str, names: Iterable[str], slots: Mapping[str, Slot] | None, mapping: Mapping[str, str]
) -> dict[str, str]:
    """For each of `names` the artifact's own name; `slots` are the artifact's, None where it does not tell.

    A name that the artifact does not have stays as it is, so that what is wrong shows where it is used.
    Raises ConfigurationError for a mapping to a name that the artifact does not have.
    """
    wanted = list(names)
    pairs = {name: mapping.get(name, name) for name in wanted}
    if slots is None:
        return pairs
    for name in wanted:
        if name in mapping and mapping[name] not in slots:
            hint = nearest(mapping[name], list(slots))
            raise ConfigurationError(f"--map {name}={mapping[name]}: the artifact has no such {what}; {hint}")
    if len(wanted) == len(slots) == 1:
        return {wanted[0]: next(iter(slots))}
    return pairs


def require_same(what: str, pairs: Mapping[str, str], slots: Mapping[str, Slot] | None) -> None:
    """Raises ConfigurationError unless the artifact's names are exactly those paired, telling what it has."""
    if slots is None or set(pairs.values()) == set(slots):
        return
    has = ", ".join(f"{name}: {slot}" for name, slot in slots.items()) or "none"
    raise ConfigurationError(
        f"{what} {', '.join(pairs) or 'none'} cannot be paired with the artifact's own ({has}); "
        f"say which is which with --map name=artifact_name"
    )
