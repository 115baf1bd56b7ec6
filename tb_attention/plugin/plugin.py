"""The plugin: its routes, its tab and whether that tab is active."""

from __future__ import annotations

import functools

from tensorboard.plugins import base_plugin

from tb_attention.plugin import (
    serve_curves,
    serve_history,
    serve_listing,
    serve_maps,
    serve_matrix,
    serve_opening,
    serve_page,
    serve_received,
    serve_samples,
)
from tb_attention.plugin.event_files import EventFiles
from tb_attention.plugin.logs import Logs
from tb_attention.plugin.prompt_answer import PromptAnswer
from tb_attention.plugin.respond import WsgiApp, application
from tb_attention.plugin.run_directories import RunDirectories
from tb_attention.plugin.static_files import StaticFiles

_ACTIVE_SECONDS = 0.6


class AttentionPlugin(base_plugin.TBPlugin):  # type: ignore[misc]
    """Serves the logs of the listed runs, read-only. The wire is described in `http_api.md`.

    Args:
        context: TensorBoard's.
    """

    plugin_name = "attention"

    def __init__(self, context: base_plugin.TBContext) -> None:
        self._logs = Logs(RunDirectories(context), EventFiles(context))
        self._static = StaticFiles()
        self._active = PromptAnswer(self._logs.any_series, _ACTIVE_SECONDS)

    def get_plugin_apps(self) -> dict[str, WsgiApp]:
        """Every route. Safari ignores `<base>` when it imports the module, so the module has two paths."""
        resources = {
            "/opening": serve_opening.serve_opening,
            "/runs": serve_listing.serve_runs,
            "/series": serve_listing.serve_series,
            "/samples": serve_samples.serve_samples,
            "/thumbnails": serve_samples.serve_thumbnails,
            "/image": serve_samples.serve_image,
            "/audio": serve_samples.serve_audio,
            "/overview": serve_maps.serve_overview,
            "/overviews": serve_maps.serve_overviews,
            "/weights": serve_maps.serve_weights,
            "/features": serve_maps.serve_features,
            "/sink": serve_maps.serve_sink,
            "/pictures": serve_maps.serve_pictures,
            "/measures": serve_curves.serve_measures,
            "/matrix": serve_matrix.serve_matrix,
            "/labels": serve_matrix.serve_labels,
            "/histogram": serve_matrix.serve_histogram,
            "/order": serve_matrix.serve_order,
            "/mean": serve_matrix.serve_mean,
            "/matrices": serve_history.serve_matrices,
            "/history": serve_history.serve_history,
            "/examples": serve_samples.serve_examples,
            "/rows": serve_curves.serve_rows,
            "/received": serve_received.serve_received,
            "/page": serve_page.serve_page,
            "/page_size": serve_page.serve_size,
        }
        return {
            **{route: application(functools.partial(serve, self._logs)) for route, serve in resources.items()},
            "/index.js": application(self._static.serve),
            "/plugin/attention/index.js": application(self._static.serve),
            "/*": application(self._static.serve),
        }

    def is_active(self) -> bool:
        """Whether a listed run has our folder, or summaries of this plugin.

        Every listing of plugins asks, also those that other tabs need: so it never raises, and waits less than a second.
        """
        return self._active.get()

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        """The tab."""
        return base_plugin.FrontendMetadata(es_module_path="/plugin/attention/index.js", tab_name="Attention")
