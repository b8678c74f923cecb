"""The exact version of a campaign, as a fingerprint of all that is approved."""

import hashlib
import json

from sqlmodel import Session

from campaigns.messages import proofs
from campaigns.records.models import Campaign
from engage.foundation.lake import Snapshot


def version_digest(session: Session, campaign: Campaign) -> str:
    """SHA-256 of all that an approver approves: plan, rule, seed, the audience's content and the messages' versions."""
    snapshot = session.get(Snapshot, campaign.audience_snapshot)
    content = [campaign.id, campaign.version, campaign.plan, campaign.rule, campaign.seed, snapshot and snapshot.source]
    if messages := campaign.estimate.get("messages"):
        content.append(proofs.versions(messages))
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
