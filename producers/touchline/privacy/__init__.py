"""Privacy at the collector: what of an event may be stored, by rules in a file.

| Where | What |
|---|---|
| `declaration`, `privacy_file` | the file, and its faults with their places |
| `rules` | the rules in force: what is stored of an accepted event |
| `bodies` | what quarantine keeps of an event that was not accepted |
| `fields` | removes and redacts fields by their paths |
| `sealing` | keyed hashes of identifiers |
| `consent` | the purposes that a customer refused |
"""

from touchline.privacy.privacy_file import PrivacyError, PrivacyFile, missing_key, parse_privacy, read_privacy
from touchline.privacy.rules import PrivacyRules

__all__ = ["PrivacyError", "PrivacyFile", "PrivacyRules", "missing_key", "parse_privacy", "read_privacy"]
