"""Every embedded agent under other names, run for real: the label stays.

Files, functions, classes and variables are renamed, comments dropped, and a trainer of another route stands
dead in each script.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.analysis.routes.obfuscate import obfuscate
from tests.support import QUICK, posttrace

RUNNER = Path(__file__).parents[3] / "runner"
ROUTES = {
    "sft": ({"sft"}, "grpo"),
    "sft_continued": ({"sft"}, "grpo"),
    "rft": ({"rft"}, "grpo"),
    "grpo": ({"no_train", "grpo"}, "sft"),
    "hybrid": ({"sft", "sft>grpo"}, "sft"),
    "crash": ({"sft"}, "grpo"),
    "copy": ({"no_train"}, "grpo"),
    "lottery": ({"no_train"}, "sft"),
}
"""Agent -> labels of its submissions, and what the dead trainer in its scripts would be."""


def disguise(folder: Path, decoy: str, seed: int) -> tuple[Path, list[str], dict[str, str]]:
    """All agents and the models' code under other names.

    Returns the program folder, ``agent.code``, and old -> new name of each file.
    """
    paths = [p for part in ("models", "agents") for p in sorted((RUNNER / part).rglob("*.py"))]
    originals = {p.relative_to(RUNNER).as_posix(): p for p in [*paths, RUNNER / "tasks/house/play.py"]}
    files = {name: path.read_bytes() for name, path in originals.items()}
    names, code = {}, []
    for name in files:
        renamed, entry = obfuscate(files, name, decoy, seed)  # the same names each time
        target = folder / entry
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(renamed[entry])
        names[Path(name).name] = target.name
        if not name.startswith("agents/") or name.startswith("agents/toolbox/"):
            code.append(str(target))
    for session in (RUNNER / "agents").rglob("session.sh"):
        text = session.read_text()
        for old, new in names.items():
            text = text.replace(f"/{old}", f"/{new}")
        (folder / "agents" / session.parent.name / "session.sh").parent.mkdir(parents=True, exist_ok=True)
        (folder / "agents" / session.parent.name / "session.sh").write_text(text)
    return folder / "agents", code, names


@pytest.mark.parametrize("agent", ROUTES)
def test_a_renamed_agent_keeps_its_label(agent: str, tmp_path: Path) -> None:
    labels, decoy = ROUTES[agent]
    program, code, names = disguise(tmp_path / "disguised", decoy, seed=len(agent))
    words = [word for word in QUICK if not word.startswith("budget.steps")]
    words.append("recorder.process_interval_s=0.05")  # scripts that last half a second must not be missed
    if agent in ("copy", "lottery"):  # no session: one script in the workspace
        [script] = (program / agent).glob("*.py")
        code.append(str(script))
        words.append(f"agent.command=['{{python}}','code/{script.name}']")
    overrides = [f"agent={agent}", f"agent.program={program}", f"agent.code=[{','.join(code)}]"]
    posttrace("run", *overrides, "budget.steps=8", *words, f"out={tmp_path / 'out'}", cwd=tmp_path)
    found = json.loads(posttrace("routes", tmp_path / "out", "--json", cwd=tmp_path).stdout)
    [run] = found["runs"]
    assert {item["route"] for item in run["submissions"]} == labels, json.dumps(run["submissions"])
    said = json.dumps(run)
    assert not any(old in said for old in names if old not in ("copy_base.py",)), "an old file name is left"
