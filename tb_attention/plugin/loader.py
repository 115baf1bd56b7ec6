"""The entry point that TensorBoard calls whenever it starts.

An ImportError in an entry point ends all of TensorBoard, so this module imports only TensorBoard's base class.
Whatever can fail happens in `load`, which TensorBoard guards.
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
