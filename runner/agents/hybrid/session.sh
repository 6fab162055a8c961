#!/usr/bin/env bash
# What the agent typed, in the workspace. Arguments: python, seed, steps.
# A supervised warm-up, then GRPO on tries of the warmed-up policy; half of the steps each.
py=$1 seed=$2 steps=$3 here=$(dirname "$0")
warm_up=$((steps / 2))

cp "$here/../sft/sft.py" code/
"$py" code/sft.py --seed "$seed" --steps "$warm_up" --submissions 1 --out output/warm-up || exit 1

# A slip: no checkpoint has that name.
cp "$here/../grpo/grpo.py" code/
"$py" code/grpo.py --seed "$seed" --steps "$((steps - warm_up))" --init output/warmup --out output/policy
sleep 1 # to read the traceback

set -e
"$py" code/grpo.py --seed "$seed" --steps "$((steps - warm_up))" --submissions 3 --init output/warm-up \
  --out output/policy --learning-rate 5e-4
