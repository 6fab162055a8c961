"""The grading server: it receives submissions, copies, evaluates and records them."""

from posttrace.runner.grading.service import GradingService
from posttrace.runner.grading.settings import GradingSettings

__all__ = ["GradingService", "GradingSettings"]
