"""A forum of one page, which shows the panel."""

import os
import secrets

from flask import Flask, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

import forum_panel

app = Flask(__name__)
app.config.update(SECRET_KEY=os.environ.get("SECRET_KEY", secrets.token_hex()), SESSION_COOKIE_SAMESITE="Lax")


@app.before_request
def mark() -> None:
    if "name" in session:
        forum_panel.mark_user(session["name"])
    else:
        forum_panel.mark_visitor(request.remote_addr or "unknown")


@app.get("/")
def index() -> str:
    return render_template("forum.html", panel=forum_panel)


@app.post("/name")
def name() -> Response:
    """Signs in by a name, or out by none: a real forum asks for a password."""
    given = request.form.get("name", "").strip()[:64]
    if given:
        session["name"] = given
    else:
        session.clear()
    return redirect(url_for("index"))
