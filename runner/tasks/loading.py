"""Load a submitted checkpoint and see that it fits the task; what does not is named in one line."""

from __future__ import annotations

from pathlib import Path

from posttrace.runner.models.checkpoint import CheckpointError, load_checkpoint
from posttrace.runner.models.gpt2 import GPT2
from posttrace.runner.models.tokenizer import Tokenizer, TokenizerError
from posttrace.traces.errors import GradingError


def load_model(model_dir: Path, tokenizer: Tokenizer, n_positions: int) -> GPT2:
    """The model, if it has the task's ``tokenizer`` and reads at least ``n_positions`` tokens.

    Raises ``GradingError`` with the part that is damaged or does not fit.
    """
    try:
        config, weights = load_checkpoint(model_dir)
        found = Tokenizer.load(model_dir)
    except (CheckpointError, TokenizerError) as error:
        raise GradingError(str(error)) from error
    if found != tokenizer or config.vocab_size != len(tokenizer.tokens):
        raise GradingError(
            "the vocabulary is not the task's; keep tokenizer.json and vocab_size of the base model"
        )
    if config.eos_token_id != tokenizer.eos_id:
        raise GradingError(f"config.json: eos_token_id must be {tokenizer.eos_id}, not {config.eos_token_id}")
    if config.n_positions < n_positions:
        raise GradingError(
            f"config.json: n_positions must be {n_positions} or more, not {config.n_positions}"
        )
    return GPT2(config, weights)
