"""The ``spotscape`` command: one module per subcommand; here is what they share.

What a user got wrong ends as one line on stderr and exit code 2; Ctrl-C as exit code 130 with a line that
says what had been written by then. Heavy imports happen inside the commands, so ``--help`` is quick.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Annotated, Any

import typer

from spotscape._caller import in_words_of
from spotscape._threads import wait_without_spinning
from spotscape._validate import InputError, ProcessLostError, SpotscapeWarning
from spotscape.cli._output import Left
from spotscape.cli.after import align, impute, map_slice, pseudotime, report, suggest_n_domains
from spotscape.cli.compare import compare
from spotscape.cli.composition import composition
from spotscape.cli.describe import describe
from spotscape.cli.export import export
from spotscape.cli.gene_sets import gene_sets
from spotscape.cli.info import info
from spotscape.cli.maps import interactive_map, tissue_maps
from spotscape.cli.markers import markers
from spotscape.cli.names import names, rename
from spotscape.cli.neighborhoods import neighborhoods
from spotscape.cli.run import run
from spotscape.cli.score import score
from spotscape.cli.simulate import simulate
from spotscape.cli.stack import align_stack
from spotscape.cli.tree import tree
from spotscape.cli.versions import versions

FAILED, BAD_INPUT, INTERRUPTED, TERMINATED = 1, 2, 130, 143

# typer brings its own copy of click or uses the installed one, by version; this is the right one's class.
UsageError: Any = typer.BadParameter.__base__

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: spotscape run slice.h5ad -o domains.h5ad --report report.html",
)
app.command()(run)
app.command()(pseudotime)
app.command()(impute)
app.command()(align)
app.command("align-stack")(align_stack)
app.command("map")(map_slice)
app.command("suggest-n-domains")(suggest_n_domains)
app.command()(tree)
app.command()(describe)
app.command()(markers)
app.command()(compare)
app.command()(composition)
app.command("gene-sets")(gene_sets)
app.command()(names)
app.command()(rename)
app.command()(neighborhoods)
app.command()(score)
app.command()(report)
app.command("tissue-maps")(tissue_maps)
app.command("interactive-map")(interactive_map)
app.command()(versions)
app.command()(export)
app.command()(info)
app.command()(simulate)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"spotscape {version('spotscape')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def spotscape(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and stop."),
    ] = False,
) -> None:
    """Spatial domains of a tissue from spatially resolved transcriptomics."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit.

    Parameters
    ----------
    argv
        Arguments after the program's name; by default those of the process.

    Raises
    ------
    SystemExit
        Always: 0 when done, 1 when another process of the run was lost, 2 on bad input, 130 on Ctrl-C, 143
        when the system asked the command to end; each but the first with one line on stderr.

    Examples
    --------
    >>> from spotscape.cli import main
    >>> try:
    ...     main(["--version"])  # doctest: +ELLIPSIS
    ... except SystemExit as stop:
    ...     stop.code
    spotscape ...
    0
    """
    wait_without_spinning()
    left = Left()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
    with warnings.catch_warnings():
        warnings.simplefilter("always", SpotscapeWarning)
        warnings.showwarning = _show_each_once()
        sys.exit(_exit_code(argv, left))


def _exit_code(argv: list[str] | None, left: Left) -> int:
    """Run the app; what a user can cause ends as one line and a code, anything else is a bug: a traceback."""
    try:
        code = app(args=argv, prog_name="spotscape", standalone_mode=False, obj=left) or 0
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "spotscape"
        return _fail(f"{error.format_message().rstrip('.')}. See: {command} --help")
    except InputError as error:
        return _fail(in_words_of("shell", str(error)))
    except ProcessLostError as error:
        _fail(f"{error}; {left.describe()}")
        return FAILED
    except _Terminated:
        _fail(f"asked by the system to end; {left.describe()}")
        return TERMINATED
    except BrokenPipeError:  # the reader of our output went away, as in `spotscape info x.h5ad | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    if code == INTERRUPTED:
        _fail(f"interrupted; {left.describe()}")
    return code


class _Terminated(BaseException):
    """The system, or torchrun when another process of the run has ended, asked this one to end."""


def _terminate(*_: Any) -> None:
    raise _Terminated


def _fail(message: str) -> int:
    """Print exactly one line."""
    typer.echo("spotscape: " + " ".join(message.split()), err=True)
    return BAD_INPUT


def _show_each_once() -> Callable[..., None]:
    """Return what shows warnings in one line, each text once: several steps of a command may find the same.

    Other packages' are shown only where Python was asked for them (-W).
    """
    shown: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        text = " ".join(in_words_of("shell", str(message)).split())
        if (issubclass(category, SpotscapeWarning) or sys.warnoptions) and text not in shown:
            shown.add(text)
            typer.echo(f"spotscape: warning: {text}", err=True)

    return show
