"""The entry point that TensorBoard calls whenever it starts.

An ImportError in an entry point ends all of TensorBoard, so this module imports only TensorBoard's base class.
Whatever can fail happens in `load`, which TensorBoard guards.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tensorboard.plugins import base_plugin

if TYPE_CHECKING:
    from argparse import Namespace

    from tb_attention.plugin.plugin import AttentionPlugin


class AttentionLoader(base_plugin.TBLoader):  # type: ignore[misc]
    """Makes the plugin when TensorBoard starts."""

    def fix_flags(self, flags: Namespace) -> None:
        """Args: flags: TensorBoard's, which it has read from the command line and not used yet."""
        try:
            from tb_attention.plugin.file_systems import choose_file_systems

            choose_file_systems(flags)
        except Exception:  # whatever happens here would end all of TensorBoard
            logging.getLogger(__name__).exception("The attention plugin could not look at TensorBoard's flags.")

    def load(self, context: base_plugin.TBContext) -> AttentionPlugin:
        """Args: context: TensorBoard's. Returns: the plugin, which reads nothing before its first request."""
        from tb_attention.plugin.plugin import AttentionPlugin

        return AttentionPlugin(context)
