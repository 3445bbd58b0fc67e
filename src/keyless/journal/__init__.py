"""The journal: a durable record of what was intended, done and confirmed, and the lock on one repository.

Imports nothing beyond the standard library and the model, because `keyless status` is measured.
"""

from keyless.journal.chain import ExportCheck, check_export
from keyless.journal.events import Event
from keyless.journal.journal import Journal
from keyless.journal.lock import Lock
from keyless.journal.schema import JournalDamaged, JournalRefused, quarantine

__all__ = ["Event", "ExportCheck", "Journal", "JournalDamaged", "JournalRefused", "Lock", "check_export", "quarantine"]
