"""The exceptions and the warning of tb_attention.

    AttentionError                 everything below
    +-- ArgumentError              a wrong argument (also a ValueError)
    +-- MissingDependencyError     an optional package is not installed (also an ImportError)
    +-- CaptureError               a model could be neither traced nor run
    +-- LogError                   a log could not be read or written
        +-- DamagedFileError       a file of the log is not what it says it is
        +-- NewerSchemaError       written by a newer version of tb_attention
        +-- NotInLogError          a tag, attempt, step, sample or site that is not there (also a KeyError)

Callbacks never raise these while a model trains: they warn with `AttentionWarning`, once a kind.
"""

from __future__ import annotations


class AttentionError(Exception):
    """The root of every error that tb_attention raises."""


class ArgumentError(AttentionError, ValueError):
    """An argument is wrong; the message says what is allowed and what came."""


class MissingDependencyError(AttentionError, ImportError):
    """An optional package is needed; the message says what to install."""


class CaptureError(AttentionError):
    """The attention of a model could not be captured."""


class LogError(AttentionError):
    """A log could not be read or written."""


class DamagedFileError(LogError):
    """A file of a log is cut, altered or not what its name says."""


class NewerSchemaError(LogError):
    """A file was written by a newer version of tb_attention than this one."""


class NotInLogError(LogError, KeyError):
    """A tag, attempt, step, sample or site is not in the log; the message lists what is."""

    def __str__(self) -> str:
        # KeyError shows the repr of its argument; a sentence should stay a sentence.
        return str(self.args[0]) if self.args else ""


class AttentionWarning(UserWarning):
    """Something of the log was lost or left out while training went on."""
