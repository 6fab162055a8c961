"""Names of library functions that carry meaning; names of the analysed code never do.

A name is that of a function of numpy, torch, jax or scipy, or of a method of their arrays, without
its module.
"""

from __future__ import annotations

from typing import Final

from posttrace.analysis.routes.static.machine.values import Value


def names(text: str) -> frozenset[str]:
    """Words of a text, as a set."""
    return frozenset(text.split())


EXPONENTIAL: Final = names("exp softmax sigmoid expit log_softmax logsumexp logaddexp log_sigmoid logsigmoid")
"""What turns scores into probabilities."""
LOSSES: Final = names(
    "cross_entropy nll_loss CrossEntropyLoss NLLLoss softmax_cross_entropy_with_integer_labels"
    " softmax_cross_entropy sparse_softmax_cross_entropy_with_logits softmax_cross_entropy_with_logits"
    " SparseCategoricalCrossentropy CategoricalCrossentropy sparse_categorical_crossentropy"
    " sparse_categorical_cross_entropy linear_cross_entropy liger_cross_entropy cross_entropy_loss"
    " liger_fused_linear_cross_entropy fused_linear_cross_entropy LigerCrossEntropyLoss"
    " LigerFusedLinearCrossEntropyLoss FusedCrossEntropyLoss FusedLinearCrossEntropyLoss"
    " LinearCrossEntropyLoss ChunkedCrossEntropyLoss CEWithChunkedOutputLoss vocab_parallel_cross_entropy"
)
"""Less the likelier the tokens are."""
LOG_PROBABILITY: Final = LOSSES | names(
    "log_softmax log_prob logsumexp LogSoftmax selective_log_softmax log_probs_from_logits logprobs_of_labels"
)
LOGISTIC: Final = names(
    "sigmoid expit log_sigmoid logsigmoid softplus log_expit binary_cross_entropy_with_logits"
    " BCEWithLogitsLoss Sigmoid LogSigmoid Softplus binary_cross_entropy sigmoid_binary_cross_entropy"
)
LOG: Final = names("log log1p log2")
MEAN: Final = names(
    "mean nanmean average median fmean sum nansum cumsum scatter_mean segment_mean segment_sum bincount"
)
DRAW: Final = names(
    "argmax choice choices multinomial categorical sample generate searchsorted topk gumbel_max argpartition"
)
"""What picks tokens when it is given the model's scores."""
DISCRETE: Final = names(
    "argmax argmin argsort argpartition searchsorted nonzero flatnonzero digitize sign round floor ceil"
    " rint unique isin equal not_equal greater less greater_equal less_equal logical_and logical_or"
    " logical_not isfinite isnan isinf isneginf isposinf any all len range hash hasattr isinstance decode"
    " batch_decode split join"
    " count startswith endswith strip lower find index match search findall sub fullmatch loads dumps"
    " multinomial choice categorical generate isdigit argwhere array_equal is_integer size numel dim"
    " item_count step apply_chat_template encode tokenize convert_tokens_to_ids convert_ids_to_tokens"
)
"""No gradient comes through these."""
TEXT: Final = names(
    "decode batch_decode join split strip lower startswith endswith search findall match fullmatch"
)
"""What reads tokens as text."""
DETACHES: Final = names("detach stop_gradient item numpy tolist data no_grad")
SHAPED: Final = names(
    "zeros ones empty zeros_like ones_like empty_like full_like zeros_ empty_ eye arange linspace shape"
    " new_zeros new_ones standard_normal normal randn rand random uniform gumbel integers randint"
    " permutation shuffle randn_like"
)
"""The arguments are sizes; nothing of their content is passed on."""
NO_TEXT: Final = (
    "torchvision.",
    "torchaudio.",
    "sklearn.datasets",
    "keras.datasets",
    "tensorflow.keras.datasets",
)
"""Modules of data sets that are no texts, and of models of such data."""
BY_SHAPE: Final = names(
    "reshape view sum mean std var max min transpose swapaxes permute squeeze unsqueeze expand repeat"
    " tile astype to softmax log_softmax flatten ravel cumsum prod logsumexp split chunk type float half"
)
"""Methods whose arguments, after the array, say only along which axes."""
BY_INDEX: Final = {
    "take_along_axis": 1,
    "gather": 2,
    "take": 1,
    "index_select": 2,
    "put_along_axis": 1,
    "embedding": 0,
}
"""Functions that look up by an argument: its position."""
WHERE: Final = names("where select")
READS_FILE: Final = names(
    "open read_text read_bytes readlines read loads load load_dataset read_csv read_json read_parquet"
    " fromfile memmap loadtxt genfromtxt load_from_disk DictReader reader"
)


def short(value: Value) -> str:
    """Name of a called library function or method without its module; empty for other nodes."""
    return value.name.rsplit(".", 1)[-1] if value.op in ("call", "method", "attr") else ""


def called(value: Value) -> str:
    """As ``short``; for an applied library object, the name of its class (``CrossEntropyLoss()(x)``)."""
    if value.op == "apply" and value.args and value.args[0].op == "call":
        return short(value.args[0])
    return short(value) if value.op != "attr" else ""


def loss_object(value: Value) -> bool:
    """Whether a node applies a loss that a library has as a class: a function, not a model."""
    return value.op == "apply" and value.args[0].op == "call" and short(value.args[0]).endswith("Loss")


def likelihood(value: Value) -> bool:
    """Whether a node is a log-probability of tokens, or the loss that a library's model computes from it."""
    if value.op == "attr" and value.name == "loss":
        return value.args[0].op == "apply"
    return called(value) in LOG_PROBABILITY


NO_MODEL: Final = ("Tokenizer", "Config", "Processor", "FeatureExtractor")
"""Parts of the names of library classes whose ``from_pretrained`` gives no model."""


def applies_model(value: Value) -> bool:
    """Whether a node applies an object that may be a model: not a tokenizer."""
    if value.op != "apply" or not value.args:
        return False
    made_by = value.args[0].name
    return not any(word in made_by for word in NO_MODEL)
