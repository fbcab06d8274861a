"""An API that knows who uses it: users sign in by password or token, and whoever does is marked as online."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, json
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from . import online, store
from .views import api


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """The application. `FLASK_DATABASE_URL` and `FLASK_REDIS_URL` in the environment say where its data are."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATABASE_URL="sqlite:///users.db",
        REDIS_URL="redis://localhost:6379",
        MAX_CONTENT_LENGTH=16 * 1024,
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config)
    store.init_app(app)
    online.init_app(app)
    app.register_blueprint(api)
    app.register_error_handler(HTTPException, error_as_json)
    return app


def error_as_json(error: HTTPException) -> Response:
    """The error as it is, its headers included, with a body that programs can read."""
    response = error.get_response()
    response.data = json.dumps({"error": error.description})
    response.content_type = "application/json"
    return response
