#!/usr/bin/env bash
# What the agent typed, in the workspace. Arguments: python, seed, steps.
# The control for `hybrid`: the same warm-up, then supervised steps that cost as much as its GRPO steps.
set -e
py=$1 seed=$2 steps=$3 here=$(dirname "$0")
warm_up=$((steps / 2))
# tenths of supervised steps that need the token passes of one GRPO step
case $TASK in
  spell) cost=27 ;;
  style) cost=28 ;;
  house) cost=36 ;;
esac

cp "$here/../sft/sft.py" code/
"$py" code/sft.py --seed "$seed" --steps "$warm_up" --submissions 1 --out output/warm-up
"$py" code/sft.py --seed "$((seed + 1000))" --steps "$(((steps - warm_up) * cost / 10))" --submissions 3 \
  --init output/warm-up --out output/continued --learning-rate 5e-4
