#!/usr/bin/env bash
# What the agent typed, in the workspace. Arguments: python, seed, steps.
# Rounds of rejection sampling: the current policy tries, its best tries are what it is fine-tuned on.
set -e
py=$1 seed=$2 steps=$3 here=$(dirname "$0")
rounds=4
model=$MODEL_PATH
cp "$here/select_tries.py" "$here/../sft/sft.py" code/
for round in $(seq $rounds); do
  "$py" code/select_tries.py --seed "$((seed * rounds + round))" --model "$model" --out "output/tries-$round.jsonl"
  "$py" code/sft.py --seed "$((seed * rounds + round))" --steps "$((steps / rounds))" --submissions 1 \
    --data "output/tries-$round.jsonl" --init "$model" --out "output/round-$round"
  model=output/round-$round
done
