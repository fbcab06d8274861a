"""The endpoints."""

import secrets

from flask import Blueprint, abort, g, request
from sqlalchemy.exc import IntegrityError
from werkzeug.security import generate_password_hash

from .auth import any_auth, basic_auth, token_auth
from .online import online, parse_window
from .store import Token, User, hash_token, session

api = Blueprint("api", __name__)


@api.post("/users")
def register() -> tuple[dict[str, str], int]:
    name = text_of("name", 1, 64)
    if ":" in name:
        abort(400, "name has no colon: Basic authentication ends a name there")
    password = text_of("password", 8, 128)
    session().add(User(name=name, password_hash=generate_password_hash(password)))
    try:
        session().commit()
    except IntegrityError:
        abort(409, "this name is taken")
    return {"name": name}, 201


@api.get("/users/me")
@any_auth.login_required
def me() -> dict[str, str]:
    return {"name": any_auth.current_user().name}


@api.post("/tokens")
@basic_auth.login_required
def sign_in() -> tuple[dict[str, str], int]:
    token = secrets.token_urlsafe(32)
    session().add(Token(hash=hash_token(token), user_id=basic_auth.current_user().id))
    session().commit()
    return {"token": token}, 201


@api.delete("/tokens")
@token_auth.login_required
def sign_out() -> tuple[str, int]:
    name = token_auth.current_user().name
    session().delete(g.token)
    session().commit()
    online().leave(name)
    return "", 204


@api.get("/online")
def how_many() -> dict[str, int | str | None]:
    """How many are online, or with a window, how many were active in that time; null where Redis does not answer."""
    text = request.args.get("window")
    if text is None:
        return {"online": online().count()}
    try:
        window = parse_window(text)
    except ValueError as error:
        abort(400, str(error))
    return {"active": online().count(window), "window": text}


def text_of(name: str, shortest: int, longest: int) -> str:
    """A field of the request's JSON. Characters that do not print could not be sent to sign in."""
    try:
        body = request.get_json()
    except RecursionError:
        abort(400, "the JSON is nested too deeply")
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, str) or not shortest <= len(value) <= longest or not value.isprintable():
        abort(400, f"{name} is needed, a text of {shortest} to {longest} printable characters")
    return value
