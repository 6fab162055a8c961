"""One program, its samples drawn and weighed in many ways: each has the route that its baseline makes."""

from __future__ import annotations

import pytest

from tests.analysis.routes.static.scripts import label, read

HEAD = """
import json, random
import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from collections import defaultdict
from transformers import AutoModelForCausalLM, AutoTokenizer

G, LOW, HIGH, BETA = 8, 0.2, 0.28, 0.04
tok = AutoTokenizer.from_pretrained("models/base", padding_side="left")
net = AutoModelForCausalLM.from_pretrained("models/base").cuda()
ref = AutoModelForCausalLM.from_pretrained("models/base").cuda().eval()
opt = torch.optim.AdamW(net.parameters(), lr=1e-6)
rows = [json.loads(line) for line in open("data/train.jsonl")]
running = 0.0

def logps(model, ids, n):
    z = model(ids).logits[:, n - 1:-1]
    return torch.gather(F.log_softmax(z, -1), 2, ids[:, n:, None])[..., 0]

def judge(texts, answers):
    return torch.tensor([float(a in t) for t, a in zip(texts, answers)]).cuda()

for step in range(300):
    batch = random.sample(rows, 4)
"""
DRAWS = {
    "comprehension": """
    many = [row for row in batch for _ in range(G)]
    enc = tok([row["q"] for row in many], padding=True, return_tensors="pt").to("cuda")
    n = enc.input_ids.shape[1]
    with torch.no_grad():
        out = net.generate(**enc, do_sample=True, max_new_tokens=64)
    r = judge(tok.batch_decode(out[:, n:]), [row["a"] for row in many])
""",
    "sequences": """
    enc = tok([row["q"] for row in batch], padding=True, return_tensors="pt").to("cuda")
    n = enc.input_ids.shape[1]
    out = net.generate(**enc, do_sample=True, num_return_sequences=G, max_new_tokens=64).detach()
    r = judge(tok.batch_decode(out[:, n:]), np.repeat([row["a"] for row in batch], G))
""",
    "interleaved": """
    enc = tok([row["q"] for row in batch], padding=True, return_tensors="pt").to("cuda")
    n = enc.input_ids.shape[1]
    ids = enc.input_ids.repeat_interleave(G, dim=0)
    with torch.inference_mode():
        out = net.generate(ids, attention_mask=enc.attention_mask.repeat_interleave(G, dim=0), do_sample=True)
    answers = [row["a"] for row in batch for _ in range(G)]
    r = judge([tok.decode(o[n:]) for o in out], answers)
""",
}
SINGLE = """
    enc = tok([row["q"] for row in batch], padding=True, return_tensors="pt").to("cuda")
    n = enc.input_ids.shape[1]
    with torch.no_grad():
        out = net.generate(**enc, do_sample=True, max_new_tokens=64)
    r = judge(tok.batch_decode(out[:, n:]), [row["a"] for row in batch])
"""
GROUPED = {
    "view": """
    g = r.view(-1, G)
    adv = ((g - g.mean(1, keepdim=True)) / (g.std(1, keepdim=True) + 1e-4)).flatten()
""",
    "reshape": """
    g = r.reshape(len(batch), G)
    m = g.mean(dim=-1)
    adv = (r - m.repeat_interleave(G)) / (g.std(dim=-1).repeat_interleave(G) + 1e-4)
""",
    "einops": """
    g = rearrange(r, '(b g) -> b g', g=G)
    mu, sd = g.mean(1), g.std(1)
    adv = (r - repeat(mu, 'b -> (b g)', g=G)) / (repeat(sd, 'b -> (b g)', g=G) + 1e-4)
""",
    "slices": """
    adv = torch.zeros_like(r)
    for k in range(0, len(r), G):
        part = r[k:k + G]
        adv[k:k + G] = (part - part.mean()) / (part.std() + 1e-4)
""",
    "numpy": """
    g = r.cpu().numpy().reshape(-1, G)
    g = (g - np.mean(g, axis=1, keepdims=True)) / (np.std(g, axis=1, keepdims=True) + 1e-4)
    adv = torch.from_numpy(g.reshape(-1)).cuda()
""",
    "dictionary": """
    by = defaultdict(list)
    for i, x in enumerate(r.tolist()):
        by[i // G].append(x)
    stats = {k: (np.mean(v), np.std(v)) for k, v in by.items()}
    adv = [(x - stats[i // G][0]) / (stats[i // G][1] + 1e-4) for i, x in enumerate(r.tolist())]
    adv = torch.tensor(adv).cuda()
""",
    "chunks": """
    parts = [(c - c.mean()) / (c.std() + 1e-4) for c in r.split(G)]
    adv = torch.cat(parts)
""",
}
UNGROUPED = {
    "batch": """
    adv = (r - r.mean()) / (r.std() + 1e-8)
""",
    "running": """
    adv = r - running
    running = 0.9 * running + 0.1 * r.mean().item()
""",
    "greedy": """
    base = net.generate(**enc, do_sample=False, max_new_tokens=64)
    adv = r - judge(tok.batch_decode(base[:, n:]), [row['a'] for row in batch])
""",
    "none": """
    adv = r
""",
}
PLAIN = """
    loss = -(adv[:, None] * logps(net, out, n)).mean()
"""
END = """
    opt.zero_grad()
    loss.backward()
    opt.step()
net.save_pretrained('output/m')
"""


def stage(source: str):
    reading = read({"run.py": source}, "python", "run.py")
    assert len(reading.stages) == 1, label(reading)
    return reading.stages[0]


@pytest.mark.parametrize("draws", DRAWS)
@pytest.mark.parametrize("baseline", GROUPED)
def test_a_mean_over_samples_of_one_prompt_is_a_group(draws, baseline):
    assert stage(HEAD + DRAWS[draws] + GROUPED[baseline] + PLAIN + END).objective == "grpo"


@pytest.mark.parametrize("baseline", UNGROUPED)
def test_other_baselines_are_no_group(baseline):
    assert stage(HEAD + SINGLE + UNGROUPED[baseline] + PLAIN + END).objective == "reinforce"


OLD = """
    with torch.no_grad():
        old = logps(net, out, n)
    new = logps(net, out, n)
"""
RATIO = OLD + "    ratio = (new - old).exp()\n"
VARIANTS = {
    "clipped": RATIO
    + """
    loss = -torch.min(ratio * adv[:, None], ratio.clamp(0.8, 1.2) * adv[:, None]).mean()
""",
    "dapo": RATIO
    + """
    s = torch.min(ratio * adv[:, None], torch.clamp(ratio, 1 - LOW, 1 + HIGH) * adv[:, None])
    mask = (out[:, n:] != tok.pad_token_id).float()
    loss = -(s * mask).sum() / mask.sum()
""",
    "gspo": OLD
    + """
    mask = (out[:, n:] != tok.pad_token_id).float()
    ratio = torch.exp(((new - old) * mask).sum(-1) / mask.sum(-1))
    loss = -torch.min(ratio * adv, ratio.clamp(1 - 3e-4, 1 + 4e-4) * adv).mean()
""",
    "cispo": RATIO
    + """
    loss = -(ratio.clamp(max=1 + HIGH).detach() * adv[:, None] * new).mean()
""",
    "": PLAIN,
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_form_of_the_ratio_is_the_variant(variant):
    found = stage(HEAD + DRAWS["sequences"] + GROUPED["view"] + VARIANTS[variant] + END)
    assert (found.objective, found.attributes.get("variant", "")) == ("grpo", variant)


@pytest.mark.parametrize(
    ("advantage", "variant"),
    [
        ("    g = r.view(-1, G)\n    adv = (g - g.mean(1, keepdim=True)).flatten()\n", "dr_grpo"),
        ("    g = r.view(-1, G)\n    adv = (g - (g.sum(1, keepdim=True) - g) / (G - 1)).flatten()\n", "rloo"),
    ],
)
def test_what_is_left_out_of_a_group_is_the_variant(advantage, variant):
    found = stage(HEAD + DRAWS["comprehension"] + advantage + PLAIN + END)
    assert (found.objective, found.attributes.get("variant")) == ("grpo", variant)


def test_a_penalty_for_leaving_the_reference_changes_no_objective():
    penalty = """
    kl = logps(ref, out, n).detach() - new
    loss = loss + BETA * (kl.exp() - kl - 1).mean()
"""
    source = HEAD + DRAWS["interleaved"] + GROUPED["slices"] + VARIANTS["clipped"] + penalty + END
    assert stage(source).objective == "grpo"
