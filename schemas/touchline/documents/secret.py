"""A secret in a file that people write."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator


class Secret(BaseModel):
    """A secret: the environment variable or the file that holds it, or the text itself. Never shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str | None = None
    file: str | None = None
    text: SecretStr | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"text": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if sum(source is not None for source in (self.env, self.file, self.text)) != 1:
            raise ValueError("write {env: NAME}, {file: PATH}, or the text itself")
        return self
