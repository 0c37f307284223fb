"""Merging: the matrices of several shards become the one that a single run would have written.

It is associative, commutative and idempotent: a result takes the place of `missing`, and nothing of another result.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pydantic import ValidationError

from deploymatrix.errors import ConfigurationError, IncompleteRun
from deploymatrix.matrix.alike import differences
from deploymatrix.matrix.beside import with_ratios, with_size_ratios, without_ratios, without_size_ratios
from deploymatrix.matrix.derived import contradicted
from deploymatrix.matrix.files import MATRIX, MEASUREMENTS, read_matrix, write_matrix
from deploymatrix.matrix.kept_logs import kept_log
from deploymatrix.matrix.measurements import Measurement, Measurements, PartOfRun
from deploymatrix.matrix.records import Cell, Matrix, Shard
from deploymatrix.matrix.shards import plan_digest
from deploymatrix.store.digests import canonical_json
from deploymatrix.store.files import write_json

ALIKE = ("generator", "isolation", "exporters", "selection", "planned", "unmatched")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What one run, or an earlier merge, left: its matrix, the file that holds it, and its measurements."""

    file: Path
    matrix: Matrix
    measurements: Measurements | None = None

    @property
    def plan(self) -> tuple[str, ...]:
        """The names of all cells that the run planned; a shard names them, a whole matrix holds them."""
        shard = self.matrix.shard
        return shard.cells if shard else tuple(cell.name for cell in self.matrix.cells)


def read_piece(path: Path) -> Piece:
    """Read the piece in a build folder, or in a matrix.json with the measurements beside it.

    Raise IncompleteRun when there is no matrix, or when a file is not of this version.
    """
    file = path / MATRIX if path.is_dir() else path
    return Piece(file=file, matrix=read_matrix(file), measurements=_read_measurements(file.with_name(MEASUREMENTS)))


def merge(pieces: Sequence[Piece]) -> Matrix:
    """Make one matrix of all pieces, whatever their order; it stays a shard until it holds every planned cell.

    Ratios are divided anew: the cell that another one stands beside may come from another piece.

    Raise ConfigurationError, naming the files, for a piece that does not agree with itself, for pieces of different
    plans, packages or images, and for two results of one cell.
    """
    first = min(pieces, key=lambda piece: str(piece.file))
    for piece in pieces:
        _check_itself(piece)
        _check_alike(first, piece)
    cells = _merged_cells(pieces)
    _check_packages(pieces)
    whole = set(cells) == set(first.plan)
    parts = sorted(set(chain.from_iterable(piece.matrix.shard.parts for piece in pieces if piece.matrix.shard)))
    record = Shard(parts=tuple(parts), plan=plan_digest(first.plan), cells=tuple(sorted(first.plan)))
    merged = with_size_ratios(cells[name] for name in sorted(cells))
    return first.matrix.model_copy(update={"cells": merged, "shard": None if whole else record})


def merge_measurements(pieces: Sequence[Piece]) -> Measurements:
    """Merge the measurements: the whole took as long as its longest part, and did the work of all parts."""
    all_measurements = [piece.measurements for piece in pieces if piece.measurements]
    parts: dict[str, PartOfRun] = {}
    for name, part in chain.from_iterable(measurements.parts.items() for measurements in all_measurements):
        parts[name] = _larger_figures(parts.get(name, part), part)
    cells: dict[str, Measurement] = {}
    for cell in chain.from_iterable(without_ratios(measurements.cells) for measurements in all_measurements):
        cells[cell.cell] = min(cells.get(cell.cell, cell), cell, key=_least_telling)
    return Measurements(
        wall_s=max((part.wall_s for part in parts.values()), default=0.0),
        exports=sum(part.exports for part in parts.values()),
        runs=sum(part.runs for part in parts.values()),
        parts={name: parts[name] for name in sorted(parts)},
        cells=with_ratios((cells[name] for name in sorted(cells)), chain.from_iterable(p.matrix.cells for p in pieces)),
    )


def missing_cells(matrix: Matrix) -> list[str]:
    """List the planned cells for which no piece has a result, sorted."""
    decided = {cell.name for cell in matrix.cells if cell.outcome != "missing"}
    planned = matrix.shard.cells if matrix.shard else [cell.name for cell in matrix.cells]
    return sorted(set(planned) - decided)


def write_merged(pieces: Sequence[Piece], out: Path) -> Matrix:
    """Write the merged matrix, its measurements, and the logs that its cells name into the folder `out`."""
    matrix, measurements = merge(pieces), merge_measurements(pieces)
    _copy_logs(matrix, pieces, out)
    write_matrix(matrix, out)
    write_json(out / MEASUREMENTS, measurements.model_dump(mode="json"))
    return matrix


def _check_itself(piece: Piece) -> None:
    """Refuse a piece whose plan is not what its digest says, that holds a cell outside of it, or cells that contradict
    themselves."""
    shard = piece.matrix.shard
    if shard is not None and plan_digest(shard.cells) != shard.plan:
        raise ConfigurationError(
            f"{piece.file}: the digest of its plan, {shard.plan[:12]}…, is not that of the cells that it lists; run "
            "that part again"
        )
    strange = sorted({cell.name for cell in piece.matrix.cells} - set(piece.plan))
    if strange:
        raise ConfigurationError(f"{piece.file}: {strange[0]} is not in the plan that it lists; run that part again")
    for name, lines in contradicted(piece.matrix).items():
        raise ConfigurationError(f"{piece.file}: {name}: {lines[0]}; run that part again")


def _check_packages(pieces: Sequence[Piece]) -> None:
    """Refuse pieces whose results come from other images or versions."""
    ordered = sorted(pieces, key=lambda piece: str(piece.file))
    cells = ((str(piece.file), cell) for piece in ordered for cell in piece.matrix.cells)
    for found in differences(cells):
        (file, one), (other_file, other) = found.one, found.other
        raise ConfigurationError(
            f"{file} and {other_file} are not parts of one run: {found.why} ({one.name}, {other.name}); run both parts "
            "with the same locks and images"
        )


def _check_alike(first: Piece, other: Piece) -> None:
    where = f"{first.file} and {other.file}"
    if plan_digest(first.plan) != plan_digest(other.plan):
        only = sorted(set(first.plan) ^ set(other.plan))[0]
        raise ConfigurationError(
            f"{where} are parts of different plans: only one has {only}; select the same cells in every run, and give "
            "each run its part by --shard"
        )
    for lock in sorted({*first.matrix.locks, *other.matrix.locks}):
        digest, theirs = (piece.matrix.locks.get(lock, "no such lock") for piece in (first, other))
        if digest != theirs:
            raise ConfigurationError(
                f"{where} are not parts of one run: {lock}: {digest[:12]} against {theirs[:12]}; run both with one lock"
            )
    for key in ALIKE:
        ours, theirs = getattr(first.matrix, key), getattr(other.matrix, key)
        if ours != theirs:
            raise ConfigurationError(f"{where} are not parts of one run: {key}: {ours!r} against {theirs!r}")


def _merged_cells(pieces: Iterable[Piece]) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    files: dict[str, Path] = {}
    for piece in pieces:
        for cell in without_size_ratios(piece.matrix.cells):
            earlier = cells.get(cell.name)
            if earlier == cell:
                continue
            if earlier is not None and "missing" not in (earlier.outcome, cell.outcome):
                raise ConfigurationError(
                    f"two results for {cell.name}: {earlier.outcome} in {files[cell.name]}, {cell.outcome} in "
                    f"{piece.file}{_difference(earlier, cell)}; leave out one of the two"
                )
            if earlier is None or _least_decided(cell) < _least_decided(earlier):
                cells[cell.name], files[cell.name] = cell, piece.file
    return cells


def _difference(one: Cell, other: Cell) -> str:
    """Name in brackets the keys in which two records with the same outcome differ."""
    keys = [key for key in Cell.model_fields if getattr(one, key) != getattr(other, key)]
    return "" if "outcome" in keys else f" (they differ in {', '.join(keys)})"


def _least_decided(cell: Cell) -> tuple[bool, str]:
    """Order a result before `missing`, and two missing ones by text: the order of pieces must not matter."""
    return cell.outcome == "missing", canonical_json(cell.model_dump(mode="json"))


def _least_telling(measured: Measurement) -> tuple[int, bool, str]:
    """Order a record with more figures before one with fewer, and an executed one before one from a store."""
    data = measured.model_dump(mode="json")
    return sum(value is None for value in data.values()), measured.cached, canonical_json(data)


def _larger_figures(one: PartOfRun, other: PartOfRun) -> PartOfRun:
    """Return the larger figures of a part that was run twice."""
    return PartOfRun(
        wall_s=max(one.wall_s, other.wall_s),
        exports=max(one.exports, other.exports),
        runs=max(one.runs, other.runs),
    )


def _copy_logs(matrix: Matrix, pieces: Iterable[Piece], out: Path) -> None:
    """Copy each log from the first piece that has it for the same record; a matrix.json may come without its logs."""
    cells_with_logs = {cell.name: cell for cell in without_size_ratios(matrix.cells) if cell.log}
    for piece in pieces:
        for cell in without_size_ratios(piece.matrix.cells):
            source = kept_log(piece.file.parent, cell.log)
            if source is not None and cells_with_logs.get(cell.name) == cell:
                del cells_with_logs[cell.name]
                _copy(source, out / str(cell.log))


def _copy(source: Path, destination: Path) -> None:
    if source.resolve() != destination.resolve():
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, destination)


def _read_measurements(path: Path) -> Measurements | None:
    if not path.is_file():
        return None
    try:
        return Measurements.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise IncompleteRun(f"{path}: these are not measurements of this version: {error.errors()[0]['msg']}") from None
