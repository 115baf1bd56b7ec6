"""The bodies of binary answers; a page of its own holds the same ones."""

from tb_attention.export.gzip_frame import compress, frame

__all__ = ["compress", "frame"]
