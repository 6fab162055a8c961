"""Command lines and configuration files of frameworks, as their documentation writes them."""

from __future__ import annotations

import shlex

import pytest

from posttrace.analysis.routes.frameworks import command, config

FILES = {
    "dpo.yaml": {"model_name_or_path": "m", "stage": "dpo", "do_train": True, "finetuning_type": "lora"},
    "predict.yaml": {"model_name_or_path": "m", "stage": "sft", "do_predict": True},
    "kto.yml": {"base_model": "m", "rl": "kto", "datasets": [{"path": "d", "type": "chat_template"}]},
    "cpt.yml": {"base_model": "m", "datasets": [{"path": "d", "type": "completion"}], "output_dir": "out"},
    "plain.yml": {"base_model": "m", "datasets": [{"path": "d", "type": "alpaca"}], "adapter": "qlora"},
    "verl.yaml": {"algorithm": {"adv_estimator": "rloo"}, "actor_rollout_ref": {"model": {"path": "m"}}},
    "conf/mine.yaml": {"algorithm": {"adv_estimator": "grpo"}},
    "keep.yaml": {
        "model_name_or_path": "m",
        "stage": "sft",
        "do_train": True,
        "dataset": "d",
        "tokenized_path": "t",
        "output_dir": "o",
    },
    "trinity.yaml": {"mode": "both", "algorithm": {"algorithm_type": "opmd"}, "model": {"model_path": "m"}},
    "bench.yaml": {"mode": "bench", "algorithm": {"algorithm_type": "grpo"}, "model": {"model_path": "m"}},
    "ludwig.yaml": {"model_type": "llm", "base_model": "m", "trainer": {"type": "finetune"}},
    "oumi.yaml": {"model": {"model_name": "m"}, "training": {"trainer_type": "TRL_DPO"}},
}

COMMANDS = {
    "fairseq-train data-bin/x --task translation --arch transformer": "sft",
    "fairseq-train data-bin/x --task language_modeling": "pretrain",
    "fairseq-generate data-bin/x --path c.pt": "no_train",
    "ludwig train --config ludwig.yaml --dataset d.csv": "sft",
    "ludwig train --config missing.yaml": "unknown",
    "trinity run --config trinity.yaml": "grpo",
    "trinity run --config bench.yaml": "no_train",
    "trinity run --config missing.yaml": "unknown",
    "python -m pipelinerl.launch output_dir=o": "grpo",
    "swift sft --model m *": "sft",
    "swift sft --model m --task_type seq_cls": "other",
    "trl sft --model_name_or_path Qwen/Q --output_dir out": "sft",
    "trl dpo --model_name_or_path Qwen/Q --loss_type ipo": "dpo",
    "/opt/venv/bin/trl grpo --config g.yaml": "grpo",
    "trl reward --model_name_or_path m": "reward_model",
    "trl vllm-serve --model m": "no_train",
    "python -m trl.scripts.kto --output_dir o": "dpo",
    "python3 -m openrlhf.cli.train_sft --pretrain m --max_len 2048": "sft",
    "python3 -m openrlhf.cli.train_sft --pretrain m --pretrain_mode": "pretrain",
    "openrlhf/cli/train_ppo_ray.py --pretrain m": "ppo",
    "python3 -m openrlhf.cli.train_ppo_ray --pretrain m --advantage_estimator group_norm": "grpo",
    "python3 -m openrlhf.cli.train_ppo_ray --advantage_estimator=reinforce_baseline": "grpo",
    "python3 -m openrlhf.cli.train_ppo_ray --advantage_estimator reinforce": "reinforce",
    "python3 -m openrlhf.cli.train_ppo_ray --advantage_estimator *": "unknown",
    "python -m openrlhf.cli.batch_inference --eval_task rm": "no_train",
    "python3 -m verl.trainer.main_ppo data.train_files=x": "ppo",
    "python3 -m verl.trainer.main_ppo algorithm.adv_estimator=grpo": "grpo",
    "python3 -m verl.trainer.main_ppo algorithm.adv_estimator=remax": "reinforce",
    "python3 -m verl.trainer.main_ppo algorithm.adv_estimator=reinforce_plus_plus": "reinforce",
    "python3 -m verl.trainer.main_ppo +algorithm.adv_estimator='rloo'": "grpo",
    "python3 -m verl.trainer.main_ppo --config-path=conf --config-name=mine data.train_files=d.json": "grpo",
    "python3 -m verl.trainer.main_ppo --config-path=elsewhere --config-name=mine": "unknown",
    "python3 -m verl.trainer.main_ppo --config-name=ppo_megatron_trainer.yaml": "ppo",
    "python3 -m verl.trainer.main_ppo * trainer.nnodes=1": "unknown",
    "swift sft --model m --deepspeed zero3.json --dataset missing.json": "sft",
    "llamafactory-cli train keep.yaml": "no_train",
    "python -m verl.trainer.fsdp_sft_trainer model.partial_pretrain=m": "sft",
    "python -m verl.model_merger merge --local_dir x": "no_train",
    "python my_recipe/start.py algorithm.adv_estimator=gae": "ppo",
    "tune run lora_finetune_single_device --config llama3_1/8B_lora_single_device": "sft",
    "tune run --nproc_per_node 2 full_dpo_distributed --config x": "dpo",
    "tune run knowledge_distillation_single_device --config qwen2/kd": "distill",
    "tune run ppo_full_finetune_single_device --config mistral/ppo": "ppo",
    "tune run eleuther_eval --config eval": "no_train",
    "axolotl train plain.yml": "sft",
    "axolotl train kto.yml": "dpo",
    "python -m axolotl.cli.train cpt.yml": "pretrain",
    "axolotl train missing.yml": "unknown",
    "axolotl train plain.yml --rl=grpo": "grpo",
    "axolotl preprocess kto.yml": "no_train",
    "llamafactory-cli train dpo.yaml": "dpo",
    "llamafactory-cli train predict.yaml": "no_train",
    "llamafactory-cli train --stage pt --do_train --model_name_or_path m": "pretrain",
    "llamafactory-cli train --stage sft --do_predict": "no_train",
    "llamafactory-cli train missing.yaml": "unknown",
    "llamafactory-cli export merge.yaml": "no_train",
    "python src/train_bash.py --stage ppo --do_train": "ppo",
    "swift sft --model m --train_type lora": "sft",
    "swift pt --model m": "pretrain",
    "swift rlhf --model m": "dpo",
    "swift rlhf --rlhf_type grpo --model m": "grpo",
    "swift rlhf --rlhf_type rm --model m": "reward_model",
    "swift rlhf --rlhf_type gkd --teacher_model t": "distill",
    "swift infer --model m": "no_train",
    "mlx_lm.lora --train --model m --data d": "sft",
    "python -m mlx_lm.lora --model m --test": "no_train",
    "python -m mlx_lm fuse --model m": "no_train",
    "python -m mlx_lm_lora.train --train --train-mode orpo": "dpo",
    "litgpt finetune_lora checkpoints/m --data JSON": "sft",
    "litgpt pretrain pythia-14m": "pretrain",
    "litgpt chat checkpoints/m": "no_train",
    "python examples/run_grpo_math.py --config c.yaml": "grpo",
    "python open_instruct/dpo_tune.py --model_name_or_path m": "dpo",
    "python -m open_instruct.grpo_fast --beta 0.0": "grpo",
    "python -m skyrl_train.entrypoints.main_base trainer.algorithm.advantage_estimator=gae": "ppo",
    "python3 train.py --advantage-estimator gspo --rollout-batch-size 32 --actor-num-nodes 1": "grpo",
    "oumi train -c oumi.yaml": "dpo",
    "oumi evaluate -c oumi.yaml": "no_train",
    "autotrain llm --train --trainer orpo --model m": "dpo",
    "python run_clm.py --dataset_name wikitext --do_train": "pretrain",
    "python run_glue.py --task_name mrpc --do_train": "other",
    "python run_summarization.py --do_predict": "no_train",
    "python pretrain_gpt.py --num-layers 12": "pretrain",
    "python training/step3_rlhf_finetuning/main.py --actor_model_name_or_path m": "ppo",
    "lm_eval --model hf --tasks gsm8k": "no_train",
    "vllm serve m": "no_train",
    "mergekit-yaml m.yml out": "no_train",
}


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_line(line):
    verdict = command(shlex.split(line), FILES.get)
    assert verdict is not None
    assert verdict.objective == COMMANDS[line]


@pytest.mark.parametrize(
    "line", ["python train.py --lr 3", "ls -l", "python", "python -c pass", "python -m pytest", "trl", ""]
)
def test_what_is_no_frameworks_command(line):
    assert command(shlex.split(line), FILES.get) is None


def test_what_is_read_and_written():
    verdict = command(
        shlex.split("trl sft --model_name_or_path ./Base --output_dir=out/Sft --use_peft"), FILES.get
    )
    assert verdict is not None
    assert (verdict.reads, verdict.writes) == (("./Base",), ("out/Sft",))
    assert verdict.attributes["weights"] == "adapter"


def test_a_command_line_goes_before_its_file():
    verdict = command(["llamafactory-cli", "train", "dpo.yaml", "stage=kto"], FILES.get)
    assert verdict is not None
    assert (verdict.objective, verdict.attributes["variant"]) == ("dpo", "kto")
    assert verdict.decided_by == ("stage", "kto")


def test_what_is_open_has_candidates():
    verdict = command(["llamafactory-cli", "train", "missing.yaml"], FILES.get)
    assert verdict is not None
    assert {"sft", "dpo", "pretrain"} <= set(verdict.candidates)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dpo.yaml", "dpo"),
        ("predict.yaml", "no_train"),
        ("kto.yml", "dpo"),
        ("cpt.yml", "pretrain"),
        ("plain.yml", "sft"),
        ("verl.yaml", "grpo"),
        ("oumi.yaml", "dpo"),
    ],
)
def test_a_configuration_alone(name, expected):
    verdict = config(FILES[name])
    assert verdict is not None
    assert verdict.objective == expected


def test_a_configuration_of_something_else():
    assert config({"compute_environment": "LOCAL_MACHINE", "deepspeed_config": {"zero_stage": 3}}) is None
