#!/usr/bin/env bash
# What the agent typed, in the workspace. Arguments: python, seed, steps.
py=$1 seed=$2 steps=$3 here=$(dirname "$0")

# One try a prompt: its advantage over itself is 0, and nothing is learnt.
cp "$here/grpo.py" code/
"$py" code/grpo.py --seed "$seed" --steps 4 --prompts 64 --group-size 1 --out output/single

set -e
"$py" code/grpo.py --seed "$seed" --steps "$steps" --submissions 4 --out output/policy
