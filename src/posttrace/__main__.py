"""``posttrace`` and ``python -m posttrace``: the one place where errors become a line and an exit code."""

from __future__ import annotations

import sys

import click

from posttrace.cli import cli
from posttrace.traces.errors import PosttraceError


def main() -> None:
    """Run the command line: 0 done, 1 findings, 2 usage or input error, 130 interrupted."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        click.echo(_line(error), err=True)
        sys.exit(2)
    except PosttraceError as error:
        click.echo(f"posttrace: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("posttrace: interrupted", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _line(error: click.ClickException) -> str:
    """What is wrong with the words that were typed, what was meant perhaps, and where to look."""
    context = getattr(error, "ctx", None)
    # an option without its value is found before click knows of which command
    command = context.command_path if context else " ".join(["posttrace", *sys.argv[1:2]])
    near = getattr(error, "possibilities", None)
    said = error.message if near else error.format_message()
    said = " ".join(said.split()).rstrip(".")
    meant = f" (did you mean {near[0]}?)" if near else ""
    return f"{command}: {said[:1].lower()}{said[1:]}{meant}; see {command} --help"


if __name__ == "__main__":
    main()
