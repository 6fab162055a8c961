#!/usr/bin/env bash
# What the agent typed, in the workspace. Arguments: python, seed, steps.
# Three quarters of the steps at one rate, the rest at a third of it, then the mean of both checkpoints.
py=$1 seed=$2 steps=$3 here=$(dirname "$0")

# The first draft looks for a field that the data lacks, and dies.
sed 's/\["MODEL_PATH"\]/["BASE_MODEL_PATH"]/' "$here/../toolbox/training.py" > code/training.py
cp "$here/sft.py" code/
"$py" code/sft.py --seed "$seed" --steps 10 --out output/first
sleep 1 # to read the traceback
cp "$here/../toolbox/training.py" code/

set -e
most=$((steps * 3 / 4))
"$py" code/sft.py --seed "$seed" --steps "$most" --submissions 2 --out output/sft
"$py" code/sft.py --seed "$((seed + 1000))" --steps "$((steps - most))" --init output/sft --out output/annealed \
  --learning-rate 3e-4 --submissions 1
cp "$here/merge.py" code/
"$py" code/merge.py output/sft output/annealed --out output/merged
