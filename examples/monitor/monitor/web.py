"""The page, and the stream that keeps it up to date."""

import threading
from collections.abc import Iterator

from flask import Flask, Response
from werkzeug.wrappers import Response as BaseResponse

from .feed import Feed

BROWSERS = 32
"""At a time. Each holds a thread of the web server."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


def create_app(feed: Feed) -> Flask:
    app = Flask(__name__)
    seats = threading.BoundedSemaphore(BROWSERS)

    @app.get("/")
    def page() -> BaseResponse:
        return app.send_static_file("monitor.html")

    @app.get("/events")
    def events() -> BaseResponse:
        if not seats.acquire(blocking=False):
            return Response("too many browsers\n", 503, {"Retry-After": "5"}, mimetype="text/plain")
        # The second is for proxies such as nginx, which would collect events before they pass them on.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        response = Response(stream(feed), headers=headers, mimetype="text/event-stream")
        response.call_on_close(seats.release)
        return response

    @app.after_request
    def protect(response: BaseResponse) -> BaseResponse:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return app


def stream(feed: Feed) -> Iterator[str]:
    """Server-sent events. Without news one of them says so: a browser that hears nothing connects again."""
    for state in feed.states():
        yield "event: beat\ndata: 1\n\n" if state is None else f"data: {state}\n\n"
