"""Execute a notebook once, in this interpreter's own kernel, and vouch for it."""

from __future__ import annotations

import copy
import os
import tempfile
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from posttrace.traces.errors import InputError, PosttraceError

if TYPE_CHECKING:
    from nbformat import NotebookNode

TIMEOUT_S: Final = 1800
DOING: Final = "doing-"
"""How the tag of a cell begins that says what it does."""


def nbformat() -> Any:
    """The package, imported when needed; its functions carry no types."""
    return import_module("nbformat")


class ReportError(PosttraceError):
    """A report cannot be made from traces that can be read."""


def execute(
    notebook: NotebookNode,
    folder: Path,
    *,
    timeout_s: float = TIMEOUT_S,
    environment: Mapping[str, str] | None = None,
    progress: Callable[[str], object] | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> NotebookNode:
    """Executed copy; cells run in ``folder``. No trace of the clock is left in it.

    ``environment``: further variables of the kernel. ``progress`` is told what each cell is about before it
    runs. ``meanwhile`` is called once the kernel works on its own.

    The kernel is the ipykernel of the running interpreter, whatever kernels are installed on the machine, and
    sees none of the user's IPython start-up files.

    Raises:
        InputError: A cell stopped with a ``PosttraceError``: the text is that error's own line.
        ReportError: A cell failed otherwise, or took longer than ``timeout_s``.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    with tempfile.TemporaryDirectory(prefix="posttrace-report-") as scratch:
        client = NotebookClient(
            copy.deepcopy(notebook),
            km=_kernel_manager(Path(scratch)),
            timeout=timeout_s,
            record_timing=False,
            shutdown_kernel="immediate",  # all that it made has come back
            resources={"metadata": {"path": str(folder)}},
            on_notebook_start=_hook(meanwhile),
            on_cell_start=_teller(notebook, progress),
        )
        try:
            executed = _run(client, {**_environment(scratch), **(environment or {})})
        except CellExecutionError as error:
            raise _explained(error) from error
        except CellTimeoutError as error:
            raise ReportError(
                f"the report took longer than {timeout_s:g} s: report fewer runs, or raise the limit"
            ) from error
        except DeadKernelError as error:
            raise ReportError("the report's kernel died: is there enough memory?") from error
    check_executed(executed)
    _pass_on_warnings(executed)
    return executed


def _run(client: Any, environment: Mapping[str, str]) -> NotebookNode:
    """Executed notebook. nbclient answers Ctrl-C by ending the kernel, and then stumbles over its absence."""
    try:
        executed: NotebookNode = client.execute(env=environment, cleanup_kc=True)
    except BaseException as error:
        if getattr(client, "_async_cleanup_kernel_future", None) is not None:
            raise KeyboardInterrupt from error
        raise
    return executed


def _hook(meanwhile: Callable[[], object] | None) -> Any:
    return None if meanwhile is None else lambda notebook: meanwhile()


def _teller(notebook: NotebookNode, progress: Callable[[str], object] | None) -> Any:
    """Hook that names what a cell is about: its tag ``doing-...``, or the heading above it."""
    if progress is None:
        return None
    about, heading = [], "starting"
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            heading = cell.source.splitlines()[0].lstrip("# ")
        doing = [tag for tag in cell.metadata.get("tags", []) if tag.startswith(DOING)]
        about.append(doing[0].removeprefix(DOING).replace("-", " ") if doing else heading)

    def tell(cell: NotebookNode, cell_index: int) -> None:
        if cell.cell_type == "code":
            progress(f"{about[cell_index]} ({cell_index + 1} of {len(about)})")

    return tell


def check_executed(notebook: NotebookNode) -> None:
    """Refuse a notebook that would render with holes in it.

    Raises:
        ReportError: A code cell was not executed, or shows an error.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if not code:
        raise ReportError("the notebook has no code cell: nothing was computed")
    for number, cell in enumerate(code, start=1):
        if cell.execution_count is None:
            raise ReportError(f"code cell {number} of the notebook was not executed: execute it, then render")
        for output in cell.outputs:
            if output.output_type == "error":
                raise ReportError(f"code cell {number} failed: {output.ename}: {output.evalue}")


def _pass_on_warnings(notebook: NotebookNode) -> None:
    """Take what cells wrote to stderr out of the page and hand it to whoever asked for the report."""
    for cell in notebook.cells:
        said = [output for output in cell.get("outputs", ()) if output.get("name") == "stderr"]
        if said:
            cell.outputs = [output for output in cell.outputs if output not in said]
            text = "".join(output.text for output in said).strip()
            warnings.warn(f"the report's code said: {text}", stacklevel=3)


def _kernel_manager(scratch: Path) -> Any:
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    # without folders to search, "python3" is the ipykernel of sys.executable
    specs = KernelSpecManager(kernel_dirs=[], ensure_native_kernel=True)
    connection = str(scratch / "kernel.json")
    manager = AsyncKernelManager(
        kernel_name="python3", kernel_spec_manager=specs, connection_file=connection, transport="ipc"
    )
    # sockets in a folder that is ours alone: nobody else on the machine can reach the kernel
    manager.ip = str(scratch / "socket")
    return manager


def _environment(scratch: str) -> dict[str, str]:
    """The caller's environment, without what could make two builds differ."""
    fixed = {"IPYTHONDIR": scratch, "MPLBACKEND": "agg", "PYTHONHASHSEED": "0", "NO_COLOR": "1"}
    return {**os.environ, **fixed, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def _explained(error: Any) -> PosttraceError:
    """One line: a user's mistake in its own words, anything else with the cell's last words."""
    import posttrace.traces.errors as known

    kind = getattr(known, error.ename, None)
    if isinstance(kind, type) and issubclass(kind, PosttraceError):
        return InputError(error.evalue)
    said = (error.evalue.strip() or "no message").splitlines()[0]
    return ReportError(f"a cell of the report failed: {error.ename}: {said}")
