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
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except PosttraceError as error:
        click.echo(f"posttrace: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("posttrace: interrupted", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
