"""The page: one HTML file that works from disk, without a server and without the network.

The assets are inlined in the order given here. The content security policy names the hashes of the one script and the
one stylesheet, so nothing else runs, whatever a model or a log is named; and no request may leave the page.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files

from deploymatrix.matrix.disagreement import Disagreement
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Matrix
from deploymatrix.project.findings import Finding
from deploymatrix.report.history import History
from deploymatrix.report.page_data import NO_FINDINGS, NONE_KNOWN, compress, embed, grid_block, panel_block

SCRIPTS = (
    "dom.js",
    "agreement.js",
    "data.js",
    "state.js",
    "filters.js",
    "menus.js",
    "headline.js",
    "causes.js",
    "overview.js",
    "grid.js",
    "keyboard.js",
    "plots.js",
    "heat.js",
    "bars.js",
    "scatter.js",
    "sections.js",
    "panel.js",
    "page.js",
)
STYLES = (
    "uplot.min.css",
    "theme.css",
    "page.css",
    "filters.css",
    "grid.css",
    "panel.css",
    "variants.css",
    "agreement.css",
)

LARGEST = 4_900_000  # bytes of the file
DETAIL_LIMITS = (8000, 2000, 500, 160)  # characters of each detail, tried in turn


def page(
    matrix: Matrix,
    measurements: Mapping[str, Measurement],
    history: Sequence[History] = (),
    findings: Mapping[str, Finding] = NO_FINDINGS,
    *,
    disagreements: Mapping[tuple[str, str], Disagreement] = NONE_KNOWN,
    logs: str = "..",
) -> str:
    """Write the HTML. Shorten long details where the file would exceed LARGEST bytes; matrix.json keeps them whole.

    history: earlier runs, oldest first; the page shows what changed since the last of them. findings: those whose
    repairs cells may name. disagreements: whose answers are alike. logs: the way from the page's folder to that of the
    matrix, which holds the logs.
    """
    difference = history[-1].changes(matrix, measurements) if history else None
    grid = embed(grid_block(matrix, history, difference, logs, measurements))
    text = ""
    for limit in DETAIL_LIMITS:
        panel = panel_block(matrix, measurements, history, difference, limit, findings, disagreements)
        text = _assemble(grid, compress(panel))
        if len(text.encode()) <= LARGEST:
            break
    return text


def _assemble(grid: str, panel: str) -> str:
    script, style = _script(), "\n".join(map(_asset, STYLES))
    policy = [
        "default-src 'none'",
        f"script-src '{_hash(script)}'",
        f"style-src '{_hash(style)}'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
    parts = {"POLICY": "; ".join(policy), "STYLE": style, "GRID": grid, "PANEL": panel, "SCRIPT": script}
    return _fill(_asset("page.html"), parts)


def _script() -> str:
    """Put our files into one function scope, after the plotting library and its licence."""
    ours = "\n".join(_asset(name) for name in SCRIPTS)
    licence = f"/*! uPlot\n{_asset('uplot.LICENSE')}*/"
    return f'{licence}\n{_asset("uplot.min.js")}\n(() => {{\n"use strict";\n{ours}\n}})();\n'


def _fill(template: str, parts: Mapping[str, str]) -> str:
    """Put each part where the template says `{{NAME}}`, but replace nothing inside of a part."""
    pieces = template.split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, rest = piece.split("}}", 1)
        filled += [parts[name], rest]
    return "".join(filled)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _asset(name: str) -> str:
    return (files("deploymatrix.report") / "assets" / name).read_text(encoding="utf-8")
