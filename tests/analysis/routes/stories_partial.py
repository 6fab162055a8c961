"""Runs of which the record has gaps, and runs that tried to be unclear."""

from __future__ import annotations

from tests.analysis.routes.made import GRPO, SFT, Story, two_commands
from tests.analysis.routes.stories import known, trained


@known("sft>grpo", "sft", "grpo", tier="B")
def a_folder_that_was_deleted_before_it_was_seen(story: Story) -> None:
    story.start(a=SFT, b=GRPO)
    story.ran(10, 20, "code/a.py")
    story.ran(21, 40, "code/b.py")
    story.step(40.5, "rm -rf output/sft", 40.6)
    story.model(41, "output/grpo", "g", written_s=39)
    story.submit(1, 42, "output/grpo", "g")


@known("sft>grpo", "sft", "grpo", tier="B")
def an_intermediate_model_in_another_format(story: Story) -> None:
    story.start(
        a="read models/base\nstage sft\nwrite output/warm.pt",
        b="read models/base\nread output/warm.pt\nstage grpo\nwrite output/grpo",
    )
    story.ran(10, 20, "code/a.py")
    story.ran(21, 40, "code/b.py")
    story.model(41, "output/grpo", "g", written_s=39)
    story.submit(1, 42, "output/grpo", "g")


@known("sft>grpo", "sft", "grpo", tier="B")
def an_intermediate_model_that_was_renamed_unseen(story: Story) -> None:
    story.start(a=SFT, b=GRPO.replace("output/sft", "output/warm"))
    story.ran(10, 20, "code/a.py")
    story.step(20.2, "mv output/sft output/warm", 20.3)
    story.ran(21, 40, "code/b.py")
    story.model(41, "output/grpo", "g", written_s=39)
    story.submit(1, 42, "output/grpo", "g")


@known("sft", "sft", tier="B")
def a_checkpoint_below_the_folder_that_is_written(story: Story) -> None:
    story.start(a=SFT)
    story.ran(10, 20, "code/a.py")
    story.model(16, "output/sft/checkpoint-100", "s", written_s=15)
    story.submit(1, 22, "output/sft/checkpoint-100", "s")


@known("sft", "sft", tier="B")
def a_script_that_is_renamed_between_runs(story: Story) -> None:
    story.start(a=SFT.replace("stage sft", "stage grpo"))
    story.code(9, b=SFT, trigger="launch")
    story.ran(9, 20, "code/b.py")
    story.model(21, "output/sft", "s", written_s=19)
    story.code(25, a=SFT.replace("stage sft", "stage dpo"))
    story.submit(1, 26, "output/sft", "s")


@known("sft", "sft", tier="B")
def a_script_that_is_edited_while_it_runs(story: Story) -> None:
    story.start(a=SFT.replace("stage sft", "stage dpo"))
    story.code(10.4, a=SFT, trigger="launch")
    story.ran(10, 20, "code/a.py")
    story.code(14, a=SFT.replace("stage sft", "stage grpo"))
    story.model(21, "output/sft", "s", written_s=19)
    story.submit(1, 22, "output/sft", "s")


@known("sft>grpo", "sft", "grpo", tier="B", rules="typed")
def a_merge_too_short_to_be_seen_that_was_typed(story: Story) -> None:
    two_commands(story, m="merge output/m output/sft output/grpo")
    story.events = [pair for pair in story.events if getattr(pair[1], "argv", [""])[-1] != "code/b.py"]
    story.step(22.5, "python code/b.py", 40)
    story.step(50, "python code/m.py", 50.3)
    story.model(53, "output/m", "m", written_s=50.2)
    story.submit(3, 54, "output/m", "m", 90.0)


@known("sft", "sft", tier="C", rules="present", launch="present")
def a_merge_too_short_to_be_seen_and_not_typed(story: Story) -> None:
    story.start(a=SFT, m="merge output/m models/base output/sft")
    trained(story)
    story.model(33, "output/m", "m", written_s=31)
    story.submit(1, 34, "output/m", "m")


@known("sft", "sft", tier="B")
def dates_of_files_on_a_clock_that_is_ahead(story: Story) -> None:
    story.start(a=SFT)
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/sft", "s", written_s=3619)
    story.submit(1, 22, "output/sft", "s")


@known("sft", "sft", tier="B")
def dates_of_files_on_a_clock_that_is_behind(story: Story) -> None:
    story.start(a=SFT)
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/sft", "s", written_s=8)  # written at 19
    story.submit(1, 22, "output/sft", "s")


@known("dpo", "sft", "dpo", tier="B")
def two_trainings_at_once(story: Story) -> None:
    story.start(a=SFT, b="read models/base\nstage dpo\nwrite output/dpo")
    story.ran(10, 30, "code/a.py")
    story.ran(11, 31, "code/b.py")
    story.model(29, "output/sft", "s", written_s=28)
    story.model(30, "output/dpo", "d", written_s=29)
    story.submit(1, 32, "output/dpo", "d")


@known("sft", "grpo", "sft", tier="B")
def a_crash_before_anything_was_saved(story: Story) -> None:
    story.start(a=SFT.replace("stage sft", "stage grpo"), b=SFT)
    story.ran(10, 40, "code/a.py", exit_code=137)
    story.ran(50, 60, "code/b.py")
    story.code(70, {"output/sft": "s"}, a=SFT.replace("stage sft", "stage grpo"), b=SFT)
    story.submit(1, 70.5, "output/sft", "s")


@known("sft", "grpo", "sft", tier="B", rules="stage")
def a_script_that_died_at_an_import(story: Story) -> None:
    """Nothing says when the folder was written; what died is no evidence for anything."""
    story.start(a=SFT.replace("stage sft", "stage grpo"), b=SFT)
    story.ran(10, 11, "code/a.py", exit_code=1)
    story.ran(12, 40, "code/b.py")
    story.submit(1, 42, "output/sft", "s")


@known("unknown", "grpo", tier=None, rules="unexplained")
def a_model_that_only_a_dead_script_can_explain(story: Story) -> None:
    story.start(a=SFT.replace("stage sft", "stage grpo"))
    story.ran(10, 11, "code/a.py", exit_code=1)
    story.submit(1, 42, "output/other", "s")


@known("unknown", tier=None, candidates="grpo", rules="unexplained")
def nothing_but_a_log(story: Story) -> None:
    story.start()
    story.log(10, 30, "stdout", "reward", "reward_std", "frac_reward_zero_std", "kl")
    story.model(31, "output/m", "m", written_s=30)
    story.submit(1, 32, "output/m", "m")


@known("unknown", "unknown", tier=None, candidates="dpo", rules="executed")
def a_launcher_whose_code_is_elsewhere(story: Story) -> None:
    """The code calls a training that is not in the workspace; its log has margins."""
    story.start(a="read models/base\nstage unknown\nwrite output/m")
    story.ran(10, 30, "code/a.py")
    story.log(12, 28, "output/log.jsonl", "loss", "rewards/margins", "rewards/chosen")
    story.model(31, "output/m", "m", written_s=29)
    story.submit(1, 32, "output/m", "m")


@known("unknown", "unknown", tier=None, candidates="grpo")
def a_log_that_contradicts_the_code(story: Story) -> None:
    story.start(a=SFT)
    story.ran(10, 30, "code/a.py")
    story.log(14, 26, "output/log.jsonl", "reward", "frac_reward_zero_std")
    story.model(31, "output/sft", "s", written_s=29)
    story.submit(1, 32, "output/sft", "s")


@known("grpo", "grpo", tier="B")
def rewards_that_nobody_logged(story: Story) -> None:
    """Any training logs a loss: it rules nothing out."""
    story.start(a=GRPO.replace("output/sft", "models/base"))
    story.ran(10, 30, "code/a.py")
    story.log(14, 26, "output/log.jsonl", "loss", "lr")
    story.model(31, "output/grpo", "g", written_s=29)
    story.submit(1, 32, "output/grpo", "g")


@known("sft", "sft", tier="B")
def ranks_and_workers_of_one_training(story: Story) -> None:
    story.start(a="read models/base\nstage sft\nwrite *")
    story.ran(10, 30, "torchrun", "--nproc-per-node", "2", "-m", "code.a", pid=50)
    for pid in (51, 52):
        story.ran(11, 29, "code/a.py", pid=pid, ppid=50)
    story.ran(15, 28, "code/a.py", pid=60, ppid=51)  # loads data
    story.model(31, "output/sft", "s", written_s=28)
    story.submit(1, 32, "output/sft", "s")


@known("sft", "sft", tier="B", rules="typed")
def an_imported_run_without_times_of_processes(story: Story) -> None:
    story.start(a=SFT)
    story.step(10, "cd /nowhere || true; python code/a.py", 30, "done")
    story.submit(1, 32, "output/sft", "", 60.0)


@known("no_train", tier="B", rules="typed")
def an_imported_run_that_copies_the_base(story: Story) -> None:
    story.start(a=SFT)
    story.step(10, "cp -r models/base output/sft", 11)
    story.submit(1, 32, "output/sft", "", 60.0)


@known("sft", "sft", "grpo", tier="B", rules="typed")
def a_typed_command_that_failed(story: Story) -> None:
    story.start(a=SFT.replace("stage sft", "stage grpo"), b=SFT)
    story.step(10, "python code/b.py", 30, "saved")
    story.step(40, "python code/a.py", 42, "Traceback (most recent call last):\nImportError: trl", True)
    story.submit(1, 50, "output/sft", "", 60.0)
