"""Writes docs/reference/cli.md and docs/reference/toml.md from the code.

`python docs/generate.py` writes them; with --check it only tells which is not what the code says, and exits with 1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from inspect import getdoc
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from typer.core import TyperCommand, TyperGroup

from deploymatrix.cli import app
from deploymatrix.project import finding_specs, model_specs, runners, specs

REFERENCE = Path(__file__).resolve().parent / "reference"
NOTE = "<!-- Made from the code by `python docs/generate.py`; do not edit. -->\n"
FILES: dict[str, type[BaseModel]] = {
    "models/*/model.toml": model_specs.ModelSpec,
    "pipelines/*/pipeline.toml": specs.PipelineSpec,
    "pipelines/frameworks/*/framework.toml": specs.FrameworkSpec,
    "pipelines/environments/*.toml": specs.EnvironmentSpec,
    "targets/*/target.toml": specs.TargetSpec,
    "docker/*/runner.toml": runners.RunnerSpec,
    "docs/findings/*/finding.toml": finding_specs.FindingSpec,
    "deploymatrix.toml": specs.ProjectSpec,
    "budgets.toml": specs.BudgetsFile,
    "The file of `--expectations`": specs.ExpectationsFile,
}
WIDTH = 100  # columns
BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minItems": "at least {} of them",
    "maxItems": "at most {} of them",
    "minLength": "at least {} characters",
    "minProperties": "at least {} of them",
    "pattern": "matches `{}`",
}


def main() -> int:
    stale = [path for path, text in pages().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"stale: {path}; run python docs/generate.py")
        return 1 if stale else 0
    REFERENCE.mkdir(exist_ok=True)
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    return 0


def pages() -> dict[Path, str]:
    """The text of each page by its path."""
    return {REFERENCE / "cli.md": "".join(cli()), REFERENCE / "toml.md": "".join(toml())}


def cli() -> Iterator[str]:
    """The page of all commands: what each says to --help."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    yield f"# Commands\n\n{NOTE}\nWhat the exit codes mean is in [shell.md](../ci/shell.md).\n"
    yield from described(root, "deploymatrix")
    yield from commands(root, "deploymatrix")


def commands(group: TyperGroup, before: str) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{before} {name}")
        else:
            yield from described(command, f"{before} {name}")


def described(command: TyperGroup | TyperCommand, name: str) -> Iterator[str]:
    context = command.make_context(name, [], resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH)
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    yield f"\n## {name}\n\n```\n{text.strip()}\n```\n"


def toml() -> Iterator[str]:
    """The page of all TOML files, key by key."""
    yield f"# TOML files\n\n{NOTE}\nAn unknown key is an error."
    yield " [what-you-write.md](what-you-write.md) shows each file with comments.\n"
    for file, spec in FILES.items():
        title = file if file.startswith("The ") else f"`{file}`"
        yield f"\n## {title}\n"
        schema = spec.model_json_schema()
        yield from table(spec.__name__, schema, about(spec))
        for name, inner in schema.get("$defs", {}).items():
            yield f"\n### {name}\n"
            yield from table(name, inner, about(getattr(sys.modules[spec.__module__], name)))


def about(spec: type[BaseModel]) -> str:
    """A record's docstring, without a first line that only repeats the file's name."""
    lines = (getdoc(spec) or "").splitlines()
    return "\n".join(lines[1:] if lines and lines[0].endswith(".toml.") else lines).strip()


def table(name: str, schema: dict[str, Any], text: str) -> Iterator[str]:
    if text:
        yield f"\n{text.replace('<', '&lt;')}\n"
    yield "\n| key | value | default |\n| --- | --- | --- |\n"
    required = schema.get("required", [])
    for key, value in schema.get("properties", {}).items():
        default = "required" if key in required else default_of(value)
        yield f"| `{key}` | {cell(value_of(value))} | {cell(default)} |\n"


def default_of(value: dict[str, Any]) -> str:
    return "none" if value.get("default") in (None, [], {}, "") else f"`{written(value['default'])}`"


def written(value: Any) -> str:
    """A default as TOML would have it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {written(v)}" for k, v in value.items() if v is not None) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(written(v) for v in value)}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def value_of(value: dict[str, Any]) -> str:
    """The type of a key and its bounds, in words."""
    bounds = [text.format(value[key]) for key, text in BOUNDS.items() if key in value]
    return ", ".join([type_of(value), *bounds])


def type_of(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return value["$ref"].rpartition("/")[2]
    if "anyOf" in value:
        return " or ".join(value_of(option) for option in value["anyOf"] if option.get("type") != "null")
    if "enum" in value or "const" in value:
        return " or ".join(f'`"{choice}"`' for choice in value.get("enum", [value.get("const")]))
    if value.get("type") == "array":
        return f"array of {value_of(value['items'])}" if "items" in value else "array"
    if value.get("type") == "object":
        patterns = list(value.get("patternProperties", {}).values())
        inner = patterns[0] if patterns else value.get("additionalProperties")
        return f"table of {value_of(inner)}" if isinstance(inner, dict) and inner else "table"
    return str(value.get("format") or value.get("type", "anything"))


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
