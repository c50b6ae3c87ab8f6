"""Files that people write in YAML: parsed with the place of every value, so that each fault has one."""

from touchline.documents.document import Document, Fault, Path, by_place, explained, suggestion
from touchline.documents.secret import Secret

__all__ = ["Document", "Fault", "Path", "Secret", "by_place", "explained", "suggestion"]
