"""What there is to practise on, by task: demonstrations to imitate, and tries with a reward."""

from __future__ import annotations

import os

# these files lie beside this one in the workspace's code/
if os.environ["TASK"] == "house":
    from practice_house import demonstrations, tries  # type: ignore[import-not-found]
elif os.environ["TASK"] == "style":
    from practice_style import demonstrations, tries  # type: ignore[import-not-found]
else:
    from practice_spell import demonstrations, tries  # type: ignore[import-not-found]

__all__ = ["demonstrations", "tries"]
