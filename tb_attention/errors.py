"""The exceptions and the warning of tb_attention.

    AttentionError                 everything below
    +-- ArgumentError              a wrong argument (also a ValueError)
    +-- MissingDependencyError     an optional package is not installed (also an ImportError)
    +-- CaptureError               a model could be neither traced nor run
    +-- LogError                   a log could not be read or written
        +-- DamagedFileError       a file of the log is damaged
        +-- NewerSchemaError       written by a newer version of tb_attention
        +-- NotInLogError          a tag, attempt, step, sample or site that is not there (also a KeyError)
        +-- UnreachableError       a bucket or host does not answer, or refuses

While a model trains, callbacks raise none of these. They warn with `AttentionWarning`, once per kind.
"""

from __future__ import annotations


class AttentionError(Exception):
    """The base class of every error that tb_attention raises."""


class ArgumentError(AttentionError, ValueError):
    """An argument is wrong; the message says what is allowed and what was received."""


class MissingDependencyError(AttentionError, ImportError):
    """An optional package is missing; the message says what to install."""


class CaptureError(AttentionError):
    """The attention of a model could not be captured."""


class LogError(AttentionError):
    """A log could not be read or written."""


class DamagedFileError(LogError):
    """A file of a log is truncated, altered, or not what its name says."""


class NewerSchemaError(LogError):
    """A file was written by a newer version of tb_attention than this one."""


class NotInLogError(LogError, KeyError):
    """A tag, attempt, step, sample or site is not in the log; the message lists those that are."""

    def __str__(self) -> str:
        # KeyError would show the repr of the message.
        return str(self.args[0]) if self.args else ""


class UnreachableError(LogError):
    """The place of a log, such as a bucket, does not answer, or refuses; the message says which and why, and no secret.

    Attributes:
        denied: Whether it answers, but does not allow what was asked; it may allow other things.
    """

    def __init__(self, message: str = "", *, denied: bool = False) -> None:
        super().__init__(message)
        self.denied = denied


class AttentionWarning(UserWarning):
    """Part of the log was lost or left out; training went on."""
