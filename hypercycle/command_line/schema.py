"""``hypercycle schema``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hypercycle.command_line.errors import failing_on, warnings_in_lines
from hypercycle.plan_files.schema import json_schema
from hypercycle.plan_files.writing import write_whole


@click.command()
@click.option(
    "-o", "--output", default="-", metavar="FILE", help="Where to.  [default: the terminal]"
)
def schema(output: str) -> None:
    """Print a JSON Schema of plan files.

    Editors complete and check plan files with it. It knows the waveforms and scales of the plugins
    that are installed.

    \b
    In TOML   the plan's first line: #:schema ./plan.schema.json
    In JSON   the plan's first key: "$schema": "./plan.schema.json"
    In YAML   the first line: # yaml-language-server: $schema=./plan.schema.json
    """  # noqa: D301  (\b is click's: lines stay as they are)
    with warnings_in_lines(), failing_on(ValueError):
        text = json.dumps(json_schema(), indent=1) + "\n"
    if output == "-":
        click.echo(text, nl=False)
    else:
        write_whole(Path(output), text.encode())
        click.echo(f"wrote {output}")
