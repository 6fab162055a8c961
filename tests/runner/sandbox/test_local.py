from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from posttrace.runner.sandbox.base import Launch, Limits
from posttrace.runner.sandbox.local import Local, LocalProcess, agent_environment, alive
from posttrace.traces.errors import ConfigError

PATIENCE_S = 60.0


def until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def gone(pid: int) -> bool:
    """A zombie that an init without manners never reaps has ended as well."""
    try:
        return not alive(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return True


class Bench:
    """Launches Python snippets in one workspace and ends them all."""

    def __init__(self, root: Path) -> None:
        self.workspace = root / "workspace"
        self.workspace.mkdir()
        self.log = root / "agent.log"
        self.started: list[LocalProcess] = []

    def launch(self, code: str, limits: Limits | None = None, **env: str) -> LocalProcess:
        return self.command([sys.executable, "-c", textwrap.dedent(code)], limits, **env)

    def command(self, argv: list[str], limits: Limits | None = None, **env: str) -> LocalProcess:
        running = Local().launch(
            Launch(
                argv=argv,
                env=agent_environment({"WORKSPACE": str(self.workspace), **env}),
                cwd=self.workspace,
                stdout=self.log,
                stderr=self.log,
                limits=limits or Limits(),
            )
        )
        self.started.append(running)
        return running

    def pid_in(self, name: str) -> int:
        path = self.workspace / name
        assert until(lambda: path.exists() and path.read_text().endswith("\n")), name
        return int(path.read_text())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    for running in made.started:
        running.terminate(0)


@pytest.mark.parametrize("code", [0, 3, 127, 255])
def test_exit_code_passes_through(bench: Bench, code: int) -> None:
    assert bench.launch(f"raise SystemExit({code})").wait(PATIENCE_S) == code


def test_death_by_signal_is_negative(bench: Bench) -> None:
    running = bench.launch("import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    assert running.wait(PATIENCE_S) == -signal.SIGTERM


def test_wait_times_out_while_it_runs(bench: Bench) -> None:
    running = bench.launch("import time; time.sleep(600)")
    assert running.wait(0.05) is None
    assert running.poll() is None
    assert [process.pid for process in running.processes()] == [running.pid]


def test_a_missing_command_is_one_clear_line(bench: Bench) -> None:
    with pytest.raises(ConfigError, match=r"cannot be started: .+: \[Errno 2\] No such file"):
        bench.command(["no-such-program-anywhere"])


def test_no_command_is_refused(bench: Bench) -> None:
    with pytest.raises(ConfigError, match=r"set agent\.command"):
        bench.command([])


def test_environment_holds_nothing_of_the_host(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTTRACE_TEST_SECRET", "hunter2")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    running = bench.launch("import json, os; print(json.dumps(dict(os.environ)))", TASK="spell")
    assert running.wait(PATIENCE_S) == 0
    workspace = str(bench.workspace)
    assert json.loads(bench.log.read_text()) == {
        "PATH": os.environ["PATH"],
        "HOME": workspace,
        "LANG": "C.UTF-8",
        "TMPDIR": f"{workspace}/.tmp",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "WORKSPACE": workspace,
        "TASK": "spell",
    }
    assert (bench.workspace / ".tmp").is_dir()


def test_extra_wins_over_the_defaults() -> None:
    made = agent_environment({"WORKSPACE": "/w", "OMP_NUM_THREADS": "4", "LANG": "de_DE.UTF-8"})
    assert (made["OMP_NUM_THREADS"], made["LANG"], made["HOME"]) == ("4", "de_DE.UTF-8", "/w")


def test_no_descriptor_of_the_runner_reaches_the_agent(bench: Bench) -> None:
    # 3 is the directory listing itself
    running = bench.launch("import os; print(sorted(int(fd) for fd in os.listdir('/proc/self/fd')))")
    assert running.wait(PATIENCE_S) == 0
    assert json.loads(bench.log.read_text()) == [0, 1, 2, 3]


def test_signals_are_as_a_shell_would_leave_them(bench: Bench) -> None:
    # bits of SigIgn and SigBlk: Python ignores SIGPIPE (bit 12) and SIGXFSZ (bit 24) by itself
    running = bench.command(["/bin/grep", "-E", "^Sig(Ign|Blk)", "/proc/self/status"])
    assert running.wait(PATIENCE_S) == 0
    # signals 32 and 33 (bits 31 and 32) are the C library's own; no program can set them
    ours = ~(1 << 31 | 1 << 32)
    assert [int(line.split()[1], 16) & ours for line in bench.log.read_text().splitlines()] == [0, 0]


def test_agent_leads_its_own_session(bench: Bench) -> None:
    running = bench.launch("import os; print(os.getsid(0) == os.getpid() == os.getpgid(0))")
    assert running.wait(PATIENCE_S) == 0
    assert bench.log.read_text() == "True\n"
    assert running.pid != os.getpid()


def test_limits_are_set_and_cores_are_off(bench: Bench) -> None:
    running = bench.launch(
        """
        import resource as r
        print([r.getrlimit(n)[0] for n in (r.RLIMIT_CORE, r.RLIMIT_NOFILE, r.RLIMIT_FSIZE, r.RLIMIT_AS)])
        """,
        Limits(open_files=64, file_bytes=4096, memory_bytes=1 << 33),
    )
    assert running.wait(PATIENCE_S) == 0
    assert json.loads(bench.log.read_text()) == [0, 64, 4096, 1 << 33]


def test_a_limit_above_the_hard_one_is_cut(bench: Bench) -> None:
    running = bench.launch(
        "import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE)[1])", Limits(open_files=1 << 40)
    )
    assert running.wait(PATIENCE_S) == 0
    assert int(bench.log.read_text()) <= 1 << 40


DAEMON = """
    import os, signal, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            open("daemon.tmp", "w").write(f"{os.getpid()}\\n")
            os.rename("daemon.tmp", "daemon")
            time.sleep(600)
        os._exit(0)
    os.wait()
"""


def test_terminate_kills_a_daemon_that_left_the_group(bench: Bench) -> None:
    running = bench.launch(DAEMON + "    time.sleep(600)\n")
    daemon = bench.pid_in("daemon")
    assert os.getsid(daemon) != os.getsid(running.pid)
    assert running.terminate(0.1) == -signal.SIGKILL  # SIGTERM is ignored
    assert gone(daemon)
    assert gone(running.pid)
    assert running.processes() == []


def test_terminate_after_the_agent_exited_kills_what_it_left_behind(bench: Bench) -> None:
    running = bench.launch(DAEMON)
    daemon = bench.pid_in("daemon")
    assert running.wait(PATIENCE_S) == 0
    assert [process.pid for process in running.processes()] == [daemon]
    assert running.terminate(0.1) == 0
    assert gone(daemon)


def test_terminate_lets_the_agent_save_within_the_grace(bench: Bench) -> None:
    running = bench.launch(
        """
        import signal, sys, time
        def save(*_):
            open("saved", "w").write("yes")
            sys.exit(7)
        signal.signal(signal.SIGTERM, save)
        open("ready", "w").write("1\\n")
        time.sleep(600)
        """
    )
    bench.pid_in("ready")
    assert running.terminate(PATIENCE_S) == 7
    assert (bench.workspace / "saved").read_text() == "yes"


def test_terminate_twice_is_the_same(bench: Bench) -> None:
    running = bench.launch("raise SystemExit(5)")
    running.wait(PATIENCE_S)
    assert (running.terminate(0), running.terminate(0), running.poll()) == (5, 5, 5)


def test_an_agent_that_kills_its_guard_dies_with_it(bench: Bench) -> None:
    running = bench.launch("import os, signal, time; os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)")
    assert running.wait(PATIENCE_S) == -signal.SIGKILL
    assert until(lambda: gone(running.pid))


def test_an_agent_that_stops_its_guard_is_still_ended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posttrace.runner.sandbox.local.SWEEP_S", 0.2)
    running = bench.launch(
        """
        import os, signal, time
        os.kill(os.getppid(), signal.SIGSTOP)
        open("ready", "w").write("1\\n")
        time.sleep(600)
        """
    )
    bench.pid_in("ready")
    running.terminate(0.1)
    assert until(lambda: gone(running.pid))


RUNNER = """
import sys, time
from pathlib import Path
from posttrace.runner.sandbox.base import Launch
from posttrace.runner.sandbox.local import Local, agent_environment
root = Path(sys.argv[1])
running = Local().launch(Launch(
    argv=[sys.executable, "-c", Path(sys.argv[2]).read_text()],
    env=agent_environment({"WORKSPACE": str(root)}), cwd=root, stdout=root / "log", stderr=root / "log"))
if sys.argv[3] == "fork":  # a forked child keeps the pipe to the guard open
    import os
    if os.fork() == 0:
        (root / "held").write_text(f"{os.getpid()}\\n")
time.sleep(600)
"""


@pytest.mark.parametrize("mode", ["plain", "fork"])
def test_a_killed_runner_takes_the_agent_with_it(bench: Bench, tmp_path: Path, mode: str) -> None:
    (tmp_path / "runner.py").write_text(RUNNER)
    agent = textwrap.dedent(DAEMON) + 'open("agent", "w").write(f"{os.getpid()}\\n")\ntime.sleep(600)\n'
    (tmp_path / "agent.py").write_text(agent)
    script = [sys.executable, str(tmp_path / "runner.py"), str(bench.workspace), str(tmp_path / "agent.py")]
    runner = subprocess.Popen([*script, mode])
    try:
        pids = [bench.pid_in("agent"), bench.pid_in("daemon")]
        assert not any(gone(pid) for pid in pids)
        held = bench.pid_in("held") if mode == "fork" else None
    finally:
        runner.kill()
        runner.wait()
    try:
        assert until(lambda: all(gone(pid) for pid in pids))
    finally:
        if held is not None:
            os.kill(held, signal.SIGKILL)
