"""The plugin: its routes, its tab and whether that tab is active."""

from __future__ import annotations

import functools

from tensorboard.plugins import base_plugin

from tb_attention.plugin import (
    examples,
    matrices,
    matrix,
    measures,
    overviews,
    page,
    rows,
    runs,
    samples,
    series,
    weights,
)
from tb_attention.plugin.event_files import EventFiles
from tb_attention.plugin.logs import Logs
from tb_attention.plugin.respond import WsgiApp, application
from tb_attention.plugin.run_directories import RunDirectories
from tb_attention.plugin.static_files import StaticFiles


class AttentionPlugin(base_plugin.TBPlugin):  # type: ignore[misc]
    """Serves the logs of the listed runs, read-only. The wire is described in `http_api.md`.

    Args:
        context: TensorBoard's.
    """

    plugin_name = "attention"

    def __init__(self, context: base_plugin.TBContext) -> None:
        self._logs = Logs(RunDirectories(context), EventFiles(context))
        self._static = StaticFiles()

    def get_plugin_apps(self) -> dict[str, WsgiApp]:
        """Every route. Safari ignores `<base>` for the module import, so the module lies at two paths."""
        resources = {
            "/runs": runs.serve,
            "/series": series.serve,
            "/samples": samples.serve_samples,
            "/thumbnails": samples.serve_thumbnails,
            "/image": samples.serve_image,
            "/overview": weights.serve_overview,
            "/overviews": overviews.serve,
            "/weights": weights.serve_weights,
            "/features": weights.serve_features,
            "/sink": weights.serve_sink,
            "/measures": measures.serve,
            "/matrix": matrix.serve_matrix,
            "/labels": matrix.serve_labels,
            "/histogram": matrix.serve_histogram,
            "/order": matrix.serve_order,
            "/mean": matrix.serve_mean,
            "/matrices": matrices.serve_matrices,
            "/history": matrices.serve_history,
            "/examples": examples.serve,
            "/rows": rows.serve,
            "/page": page.serve_page,
            "/page_size": page.serve_size,
        }
        return {
            **{route: application(functools.partial(serve, self._logs)) for route, serve in resources.items()},
            "/index.js": application(self._static.serve),
            "/plugin/attention/index.js": application(self._static.serve),
            "/*": application(self._static.serve),
        }

    def is_active(self) -> bool:
        """Whether a listed run has our folder, or summaries of ours. Asked for every listing of plugins, so it is cheap."""
        return self._logs.any_series()

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        """The tab."""
        return base_plugin.FrontendMetadata(es_module_path="/plugin/attention/index.js", tab_name="Attention")
