"""Who a request is from. The callbacks of Flask-HTTPAuth mark each user whom they let in: one TOUCH a request."""

from flask import g
from flask_httpauth import HTTPBasicAuth, HTTPTokenAuth, MultiAuth  # type: ignore[import-untyped]
from sqlalchemy import select
from werkzeug.security import check_password_hash

from .online import online
from .store import Token, User, hash_token, session

basic_auth = HTTPBasicAuth()
token_auth = HTTPTokenAuth()
any_auth = MultiAuth(token_auth, basic_auth)


@basic_auth.verify_password
def verify_password(name: str, password: str) -> User | None:
    user = session().scalar(select(User).where(User.name == name))
    if user is None or not check_password_hash(user.password_hash, password):
        return None
    online().touch(user.name)
    return user


@token_auth.verify_token
def verify_token(text: str) -> User | None:
    token = session().get(Token, hash_token(text))
    if token is None:
        return None
    user = session().get_one(User, token.user_id)
    online().touch(user.name)
    g.token = token
    return user


def unauthorized(status: int) -> tuple[dict[str, str], int]:
    return {"error": "a user's name and password, or a token, are needed"}, status


for method in (basic_auth, token_auth):
    method.error_handler(unauthorized)
