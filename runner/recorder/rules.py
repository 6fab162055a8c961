"""What of a workspace is kept as code, and what is left out and why."""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = 1 << 20
"""Larger files are listed with their hash, not kept."""
BINARY_PROBE: Final = 8000
"""Bytes searched for a NUL, which makes a file binary: the rule of git."""

DIRECTORIES: Final = frozenset({".git", "__pycache__", "node_modules", "site-packages"})
OWN_FOLDERS: Final = frozenset({"code", "output", "models", "data"})
"""Folders of the workspace's layout; no ``pyvenv.cfg`` turns one into an environment."""
TEMPORARY: Final = ".tmp"
"""The agent's ``TMPDIR``."""
DATA: Final = (".log", ".out", ".err", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt")
"""Suffixes of files that programs append to; one of these that only grows is not watched."""
RUNNERS: Final = frozenset({"run_meta.json", ".run_meta.json.tmp"})
"""Files that the runner itself rewrites all the time."""

_SECRET_NAMES: Final = frozenset(
    {".netrc", "_netrc", ".pgpass", ".git-credentials", ".pypirc", ".npmrc", ".htpasswd"}
    | {"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"}
)
_SECRET_SUFFIXES: Final = (".pem", ".key", ".p12", ".pfx", ".ppk", ".jks", ".keystore", ".kdbx")
_SECRET_PATHS: Final = frozenset(
    {".aws/credentials", ".cache/huggingface/token", ".huggingface/token", ".kube/config"}
    | {".docker/config.json", ".config/gh/hosts.yml", ".cache/huggingface/stored_tokens"}
)
_SECRET_DIRECTORIES: Final = frozenset({".ssh", ".gnupg"})
_EXAMPLES: Final = (".example", ".sample", ".template", ".dist")
_PRIVATE_KEY: Final = b"PRIVATE KEY-----"


def skip_directory(path: str, names: frozenset[str]) -> str | None:
    """Why a directory with these names in it is left out as a whole; null when it is not."""
    name = path.rpartition("/")[2]
    if path == TEMPORARY:
        return "temporary"
    if name in _SECRET_DIRECTORIES:
        return "secret"
    if name in DIRECTORIES:
        return name
    if "pyvenv.cfg" in names and names & {"bin", "Scripts"} and path not in OWN_FOLDERS:
        return "virtual environment"
    if "conda-meta" in names and path not in OWN_FOLDERS:
        return "virtual environment"
    return None


def is_secret(path: str) -> bool:
    """Whether a file of this path holds credentials by its name."""
    name = path.rpartition("/")[2].lower()
    if name == ".env" or (name.startswith(".env.") and not name.endswith(_EXAMPLES)):
        return True
    return name in _SECRET_NAMES or name.endswith(_SECRET_SUFFIXES) or path in _SECRET_PATHS


def holds_key(content: bytes) -> bool:
    """Whether a file is a private key whatever its name: its first line says so."""
    return content.startswith(b"-----BEGIN ") and _PRIVATE_KEY in content[:100]


def is_binary(content: bytes) -> bool:
    """Whether git would call it binary."""
    return b"\0" in content[:BINARY_PROBE]
