"""Every table: each import adds its own to the metadata."""

import campaigns.records.copies
import campaigns.records.models
import campaigns.records.notice
import campaigns.records.reply
import campaigns.records.visits
import campaigns.sharing.counts
import campaigns.sharing.lots
import campaigns.sharing.posters
import engage.accounts.provider
import engage.accounts.second_factor
import engage.foundation.access.tokens
import engage.foundation.audit.entries
import engage.foundation.data_keys
import engage.foundation.identity
import engage.foundation.lake
import engage.foundation.web.askers.attempts
import engage.foundation.web.askers.sign_ins
import engage.foundation.web.kept_forms
import engage.foundation.web.tally
import engage.home.pins
import segments.audiences.named_rules
import segments.crosswalk.systems
import segments.importing.intake
import segments.linking.review
import segments.records.agreements
import segments.records.score
import segments.safeguards.suppression
import segments.sources.gazetteer_versions
import segments.standing.integration
import segments.standing.schedule
from engage.foundation.database import METADATA

__all__ = ["METADATA"]
