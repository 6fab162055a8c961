#!/usr/bin/env bash
# What the agent typed, in the workspace. Arguments: python, seed.
set -e
here=$(dirname "$0")
cp "$here/../sft/sft.py" "$here/crash.py" code/
"$1" code/crash.py --seed "$2"
