"""GPT-2 in numpy: forward, hand-written backward, cached decoding.

Needs numpy alone at run time, so that it can be copied next to a training script. Architecture: Radford et
al. 2019 as laid out by ``transformers.GPT2LMHeadModel`` (pre-norm blocks, gelu_new, tied embeddings,
weights stored [in, out]); there is no dropout.

Axes in the shapes below: B sequences, T tokens, E embedding width, H heads, D = E / H, V vocabulary,
M cache slots. Every array has the dtype of the weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # only for annotations: at run time this file stands alone
    from posttrace.runner.models.checkpoint import GPT2Config

Array = NDArray[Any]
Weights = dict[str, Array]

GELU_SLOPE = math.sqrt(2 / math.pi)
GELU_CUBIC = 0.044715
HIDDEN_FROM_QUERY = -1e9  # finite: a row of -inf would turn into NaN


@dataclass
class KVCache:
    """Keys and values of every layer, [n_layer, B, H, M, D]; slot = position in the sequence."""

    keys: Array
    values: Array


def gelu(x: Array) -> tuple[Array, Array]:
    """tanh approximation of GELU (Hendrycks & Gimpel 2016) and its tanh, both shaped as x."""
    t = np.tanh(GELU_SLOPE * (x + GELU_CUBIC * x * x * x))
    return 0.5 * x * (1 + t), t


def gelu_backward(grad: Array, x: Array, t: Array) -> Array:
    """Gradient at x, from the gradient at gelu(x) and the tanh kept by ``gelu``."""
    slope: Array = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * GELU_SLOPE * (1 + 3 * GELU_CUBIC * x * x)
    return grad * slope


def softmax_(scores: Array) -> Array:
    """Softmax over the last axis, in place."""
    scores -= scores.max(-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(-1, keepdims=True)
    return scores


def rows(x: Array) -> Array:
    """[..., E] -> [N, E]."""
    return x.reshape(-1, x.shape[-1])


class GPT2:
    """A model: its shape and its weights, which optimisers change in place."""

    def __init__(self, config: GPT2Config, weights: Weights) -> None:
        self.config = config
        self.weights = weights

    @classmethod
    def initial(cls, config: GPT2Config, rng: np.random.Generator, std: float = 0.02) -> GPT2:
        """Random float32 weights as in GPT-2: residual projections scaled by 1 / sqrt(2 n_layer)."""
        weights: Weights = {}
        for name, shape in config.shapes().items():
            if name.endswith(".bias"):
                weights[name] = np.zeros(shape, np.float32)
            elif ".ln_" in name:
                weights[name] = np.ones(shape, np.float32)
            else:
                scale = std / math.sqrt(2 * config.n_layer) if "c_proj" in name else std
                weights[name] = (rng.standard_normal(shape) * scale).astype(np.float32)
        return cls(config, weights)

    # -- scoring and training ------------------------------------------------------------------------------

    def log_probs(self, tokens: Array) -> tuple[Array, list[Any]]:
        """Log-probability of every token after the first, [B, T-1], and the tape for ``backward``.

        ``tokens`` is [B, T], int. Attention is causal, so padding on the right changes nothing before it.
        """
        tape: list[Any] = []
        hidden = self.hidden(tokens[:, :-1], tape=tape)
        log_probs = self.logits(hidden)
        log_probs -= log_probs.max(-1, keepdims=True)
        log_probs -= np.log(np.exp(log_probs).sum(-1, keepdims=True))
        tape += [tokens, hidden, np.exp(log_probs)]
        return np.take_along_axis(log_probs, tokens[:, 1:, None], -1)[..., 0], tape

    def backward(self, tape: list[Any], grad_log_probs: Array) -> Weights:
        """Gradient of a loss at every weight, given its gradient at ``log_probs``, [B, T-1].

        Supervised: -mask / mask.sum(). Policy gradient: -advantage * mask / mask.sum().
        """
        *blocks, final_norm, tokens, hidden, probs = tape
        grads: Weights = {}
        upstream = grad_log_probs[..., None].astype(probs.dtype)
        grad_logits = -probs * upstream
        targets = tokens[:, 1:, None]
        np.put_along_axis(grad_logits, targets, np.take_along_axis(grad_logits, targets, -1) + upstream, -1)
        embedding = self.weights["transformer.wte.weight"]
        grad = self._norm_backward("transformer.ln_f", grad_logits @ embedding, final_norm, grads)
        for i in reversed(range(self.config.n_layer)):
            grad = self._block_backward(f"transformer.h.{i}.", grad, blocks[i], grads)
        grad_positions = np.zeros_like(self.weights["transformer.wpe.weight"])
        grad_positions[: grad.shape[1]] = grad.sum(0)
        grads["transformer.wpe.weight"] = grad_positions
        grad_embedding = rows(grad_logits).T @ rows(hidden)  # tied: used as output and as input
        np.add.at(grad_embedding, tokens[:, :-1].ravel(), rows(grad))
        grads["transformer.wte.weight"] = grad_embedding
        return grads

    # -- forward -------------------------------------------------------------------------------------------

    def hidden(
        self,
        tokens: Array,
        *,
        start: Array | None = None,
        cache: KVCache | None = None,
        tape: list[Any] | None = None,
    ) -> Array:
        """Final hidden states, [B, T, E], of ``tokens``, [B, T].

        With a cache, row b continues at position ``start[b]``: its keys and values are written there and it
        attends to everything the cache holds up to each token's own position. ``tape`` collects what
        ``backward`` needs (one entry a block, then the final norm).
        """
        n_tokens = tokens.shape[1]
        positions = np.arange(n_tokens)[None] if start is None else start[:, None] + np.arange(n_tokens)
        n_slots = n_tokens if cache is None else cache.keys.shape[3]
        visible = np.arange(n_slots) <= positions[:, None, :, None]
        x = self.weights["transformer.wte.weight"][tokens] + self.weights["transformer.wpe.weight"][positions]
        bias = np.where(visible, 0.0, HIDDEN_FROM_QUERY).astype(x.dtype)
        for i in range(self.config.n_layer):
            store = None if cache is None else (cache.keys[i], cache.values[i], positions)
            x, kept = self._block(f"transformer.h.{i}.", x, bias, store)
            if tape is not None:
                tape.append(kept)
        x, kept = self._norm("transformer.ln_f", x)
        if tape is not None:
            tape.append(kept)
        return x

    def logits(self, hidden: Array) -> Array:
        """[..., E] -> [..., V]."""
        out: Array = hidden @ self.weights["transformer.wte.weight"].T
        return out

    def empty_cache(self, n_sequences: int, n_slots: int) -> KVCache:
        """A cache for ``n_sequences`` sequences of at most ``n_slots`` tokens."""
        c = self.config
        shape = (c.n_layer, n_sequences, c.n_head, n_slots, c.n_embd // c.n_head)
        dtype = self.weights["transformer.wte.weight"].dtype
        return KVCache(np.zeros(shape, dtype), np.zeros(shape, dtype))

    def _block(self, p: str, x: Array, bias: Array, store: Any) -> tuple[Array, Any]:
        normed_1, norm_1 = self._norm(p + "ln_1", x)
        q, k, v = (self._split(part) for part in np.split(self._linear(p + "attn.c_attn", normed_1), 3, -1))
        if store is not None:
            k, v = _append(k, v, store)
        scores = q @ k.swapaxes(2, 3)
        scores *= 1 / math.sqrt(q.shape[-1])
        attention = softmax_(scores + bias)
        mixed = self._merge(attention @ v)
        x = x + self._linear(p + "attn.c_proj", mixed)
        normed_2, norm_2 = self._norm(p + "ln_2", x)
        wide = self._linear(p + "mlp.c_fc", normed_2)
        active, tanh = gelu(wide)
        x = x + self._linear(p + "mlp.c_proj", active)
        return x, (normed_1, norm_1, q, k, v, attention, mixed, normed_2, norm_2, wide, active, tanh)

    def _block_backward(self, p: str, grad: Array, kept: Any, grads: Weights) -> Array:
        normed_1, norm_1, q, k, v, attention, mixed, normed_2, norm_2, wide, active, tanh = kept
        g = self._linear_backward(p + "mlp.c_proj", grad, active, grads)
        g = self._linear_backward(p + "mlp.c_fc", gelu_backward(g, wide, tanh), normed_2, grads)
        grad = grad + self._norm_backward(p + "ln_2", g, norm_2, grads)
        g = self._split(self._linear_backward(p + "attn.c_proj", grad, mixed, grads))
        grad_v = attention.swapaxes(2, 3) @ g
        g = g @ v.swapaxes(2, 3)
        g = attention * (g - (g * attention).sum(-1, keepdims=True))  # softmax
        g *= 1 / math.sqrt(q.shape[-1])
        parts = [self._merge(part) for part in (g @ k, g.swapaxes(2, 3) @ q, grad_v)]
        g = self._linear_backward(p + "attn.c_attn", np.concatenate(parts, -1), normed_1, grads)
        return grad + self._norm_backward(p + "ln_1", g, norm_1, grads)

    def _linear(self, name: str, x: Array) -> Array:
        out: Array = x @ self.weights[name + ".weight"]
        out += self.weights[name + ".bias"]
        return out

    def _linear_backward(self, name: str, grad: Array, x: Array, grads: Weights) -> Array:
        grads[name + ".weight"] = rows(x).T @ rows(grad)
        grads[name + ".bias"] = rows(grad).sum(0)
        out: Array = grad @ self.weights[name + ".weight"].T
        return out

    def _norm(self, name: str, x: Array) -> tuple[Array, tuple[Array, Array]]:
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred * centred).mean(-1, keepdims=True)
        inverse_std = 1 / np.sqrt(variance + self.config.layer_norm_epsilon)
        unit = centred * inverse_std
        return unit * self.weights[name + ".weight"] + self.weights[name + ".bias"], (unit, inverse_std)

    def _norm_backward(self, name: str, grad: Array, kept: tuple[Array, Array], grads: Weights) -> Array:
        unit, inverse_std = kept
        grads[name + ".weight"] = rows(grad * unit).sum(0)
        grads[name + ".bias"] = rows(grad).sum(0)
        g = grad * self.weights[name + ".weight"]
        out: Array = inverse_std * (g - g.mean(-1, keepdims=True) - unit * (g * unit).mean(-1, keepdims=True))
        return out

    def _split(self, x: Array) -> Array:
        """[B, T, E] -> [B, H, T, D]."""
        b, t, e = x.shape
        return x.reshape(b, t, self.config.n_head, e // self.config.n_head).swapaxes(1, 2)

    def _merge(self, x: Array) -> Array:
        """[B, H, T, D] -> [B, T, E]."""
        b, h, t, d = x.shape
        return x.swapaxes(1, 2).reshape(b, t, h * d)


def _append(keys: Array, values: Array, store: tuple[Array, Array, Array]) -> tuple[Array, Array]:
    """Write [B, H, T, D] into one layer of the cache at ``positions``, [B, T]; return all of that layer."""
    all_keys, all_values, positions = store
    row = np.arange(len(positions))[:, None]
    all_keys[row, :, positions] = keys.swapaxes(1, 2)
    all_values[row, :, positions] = values.swapaxes(1, 2)
    return all_keys, all_values
