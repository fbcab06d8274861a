"""The users and their tokens, in a database. Nothing here is written when a user is seen."""

import hashlib

from flask import Flask, current_app, g
from sqlalchemy import ForeignKey, String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str]


class Token(Base):
    """A token that was given out and not revoked: its hash, since whoever reads the table could use the token."""

    __tablename__ = "tokens"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id))


def hash_token(token: str) -> str:
    # A token is random and long enough that nobody finds it by trying: neither salt nor a slow hash is needed.
    return hashlib.sha256(token.encode()).hexdigest()


def init_app(app: Flask) -> None:
    engine = create_engine(app.config["DATABASE_URL"])
    Base.metadata.create_all(engine)
    app.extensions["sessions"] = sessionmaker(engine)
    app.teardown_appcontext(_close)


def session() -> Session:
    """The database session of the current request."""
    if "session" not in g:
        g.session = current_app.extensions["sessions"]()
    opened: Session = g.session
    return opened


def _close(error: BaseException | None) -> None:
    opened: Session | None = g.pop("session", None)
    if opened is not None:
        opened.close()
