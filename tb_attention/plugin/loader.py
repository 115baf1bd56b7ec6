"""The entry point that TensorBoard calls at every start.

An ImportError in an entry point ends the whole TensorBoard, so this module imports nothing but TensorBoard's base
class. What can fail happens in `load`, which TensorBoard guards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensorboard.plugins import base_plugin

if TYPE_CHECKING:
    from tb_attention.plugin.plugin import AttentionPlugin


class AttentionLoader(base_plugin.TBLoader):  # type: ignore[misc]
    """Makes the plugin when TensorBoard starts."""

    def load(self, context: base_plugin.TBContext) -> AttentionPlugin:
        """Args: context: TensorBoard's. Returns: the plugin, which reads nothing before its first request."""
        from tb_attention.plugin.plugin import AttentionPlugin

        return AttentionPlugin(context)
