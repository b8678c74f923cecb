"""A local GOV.UK Notify: the version 2 API with its limits, statuses and receipts, and faults to order."""

from campaigns.notify.stand_in.seed import default_seed
from campaigns.notify.stand_in.server import Running, running, serve

__all__ = ["Running", "default_seed", "running", "serve"]
