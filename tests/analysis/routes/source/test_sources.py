"""Files and folders on disk: which entry points are taken, and how the command prints them."""

from __future__ import annotations

import csv
import io
import json
import time

import pytest
from click.testing import CliRunner

from posttrace.analysis.routes.source.sources import source_routes
from posttrace.cli.routing import routes
from posttrace.traces.errors import InputError
from tests.analysis.routes.source.test_source import IMITATE, LOADED, REINFORCE, START, script


@pytest.fixture
def plant(tmp_path):
    def make(**files):
        for name, content in files.items():
            path = tmp_path / name.replace("__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path

    return make


def test_a_folder_with_one_program(plant):
    root = plant(
        **{"code/train__py": script("imitate"), "code/util__py": LOADED + REINFORCE, "data__json": "[]"}
    )
    found = source_routes([root])
    assert found.route.label == "sft"
    assert found.entries == ("code/train.py",)
    assert found.others == {}


def test_a_shell_script_comes_before_the_programs_that_it_starts(plant):
    root = plant(
        **{"go__sh": "python a.py\npython b.py\n", "a__py": script("imitate"), "b__py": script("reinforce")},
        **{"c__py": script("reinforce")},
    )
    found = source_routes([root])
    assert (found.route.label, found.entries) == ("sft>grpo", ("go.sh",))
    assert found.others == {"c.py": "grpo"}


def test_programs_of_a_folder_are_a_pipeline_only_where_models_link_them(plant):
    root = plant(a__py=script("imitate", "base", "out/a"), b__py=script("reinforce", "out/a", "out/b"))
    assert source_routes([root]).route.label == "sft>grpo"
    root = plant(b__py=script("reinforce", "base", "out/b"))
    found = source_routes([root]).route
    assert (found.label, found.candidates) == ("unknown", ("sft", "grpo"))
    assert source_routes([root / "b.py", root / "a.py"]).route.label == "grpo>sft"


def test_a_folder_of_a_library_and_one_with_a_document(plant):
    root = plant(lib__py=LOADED + IMITATE)
    found = source_routes([root])
    assert (found.route.label, found.route.attributes["launch"]) == ("sft", "present")
    root = plant(
        README__md="```bash\npython lib.py\naccelerate launch run.py\n```\n",
        run__py="import sys\nfrom lib import imitate\n" + LOADED + START + "imitate(*start('base'))\n",
    )
    assert source_routes([root]).entries == ("run.py",)


def test_an_empty_folder_and_a_path_that_is_not_there(plant, tmp_path):
    found = source_routes([plant()])
    assert (found.route.label, found.entries) == ("no_train", ())
    with pytest.raises(InputError, match=r"gone\.py: there is no such file or folder; give source files"):
        source_routes([tmp_path / "gone.py"])


def test_imports_are_found_in_the_project_that_a_file_stands_in(plant):
    root = plant(
        **{
            "pyproject__toml": "",
            "src/lib/__init____py": "",
            "run/train__py": "from lib.core import imitate\n" + LOADED + START + "imitate(*start('base'))\n",
        }
    )
    (root / "src/lib").mkdir(parents=True, exist_ok=True)
    (root / "src/lib/core.py").write_text(LOADED + IMITATE)
    assert source_routes([root / "run/train.py"]).route.label == "sft"


def test_links_that_turn_in_a_circle_and_files_that_cannot_be_read(plant):
    root = plant(**{"a__py": script("imitate"), "deep/b__txt": ""})
    (root / "deep" / "up").symlink_to(root, target_is_directory=True)
    (root / "self.py").symlink_to(root / "self.py")
    (root / "gone.py").symlink_to(root / "nowhere.py")
    assert source_routes([root]).entries == ("a.py",)


def test_three_hundred_files_in_a_second(plant):
    helpers = {
        f"pkg/m{i}__py": f"import json\n\n\ndef f{i}(xs):\n    total = 0\n"
        f"    for x in xs:\n        total += x\n    return total\n" * 4
        for i in range(300)
    }
    root = plant(**helpers, train__py=script("imitate"))
    started = time.process_time()
    assert source_routes([root]).entries == ("train.py",)
    assert time.process_time() - started < 1


def test_a_thousand_files_that_all_run(plant):
    root = plant(
        **{f"job{i}__py": f"import json\nprint(json.dumps({i}))\nx = 1\nx += 1\n" for i in range(1000)}
    )
    started = time.process_time()
    found = source_routes([root])
    assert time.process_time() - started < 5
    assert found.route.label == "no_train"
    assert any("1000 programs, of which" in problem for problem in found.problems)


# -- the command -------------------------------------------------------------------------------------------


def said(*arguments):
    result = CliRunner().invoke(routes, [*map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_json(plant):
    root = plant(a__py=script("imitate"), b__py=script("reinforce"))
    found = json.loads(said("--source", root / "a.py", root / "b.py", "--json"))
    assert (found["label"], found["coarse"], found["tier"]) == ("sft>grpo", "hybrid", "C")
    assert found["entries"] == ["a.py", "b.py"]
    assert 0 <= found["confidence"] <= 1
    assert {"path", "line", "rule", "says"} == set(found["evidence"][0])
    lines = (root / "b.py").read_text().split("\n")
    updates = [fact for fact in found["evidence"] if fact["rule"] == "update" and fact["path"] == "b.py"]
    assert "backward" in lines[updates[0]["line"] - 1]


def test_csv_and_text(plant):
    root = plant(a__py=script("imitate"))
    rows = list(csv.DictReader(io.StringIO(said("--source", root / "a.py", "--csv"))))
    assert [(row["label"], row["entries"]) for row in rows] == [("sft", "a.py")]
    text = said("--source", root / "a.py")
    assert "Route: sft" in text
    assert "read as: a.py" in text
    assert "a.py:" in text


def test_text_says_what_is_open(plant):
    root = plant(a__py=script("imitate"), b__py=script("reinforce"), c__py="def f(:\nloss.backward()\n")
    text = said("--source", root)
    assert "unknown: sft or grpo" in text
    assert "c.py:1: syntax error" in text
