"""The WSGI application of one node: Flask, with every rule from the table.

    Context ─► create_app ─► Flask ─► gunicorn

Flask routes and nothing else; what a route means is in `routes`, how it is
checked in `layer`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from privshare.service.context import Context
from privshare.service.layer import Layer, trace_id
from privshare.service.route import Route
from privshare.service.routes import ROUTES

#: Beyond this, gunicorn and Werkzeug stop reading whatever a route says.
_UNROUTED = "unrouted"


def create_app(context: Context, routes: Sequence[Route] = ROUTES) -> Flask:
    """Make the application.

    Args:
        context: The node's parts.
        routes: The table; tests may serve another.
    """
    app = Flask("privshare", static_folder=None, template_folder=None)
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    layer = Layer(context)
    for route in routes:
        app.add_url_rule(
            route.flask_rule,
            endpoint=route.name,
            view_func=_view(layer, route),
            methods=[route.method],
            provide_automatic_options=False,
        )
    app.register_error_handler(Exception, partial(_refuse, layer, context))
    return app


def _view(layer: Layer, route: Route) -> Callable[..., Response]:
    def view(**params: Any) -> Response:
        return layer.serve(route, params)

    return view


def _refuse(layer: Layer, context: Context, error: Exception) -> Response:
    """Answer what no route answered: an unknown path or method."""
    trace = trace_id(request.headers.get("traceparent", ""))
    response = layer.refuse(error, trace, _UNROUTED)
    if isinstance(error, HTTPException):
        context.metrics.observe("-", _UNROUTED, response.status_code, 0.0)
    return response
