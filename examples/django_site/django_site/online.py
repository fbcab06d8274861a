"""Who is online: every visitor by address, as the settings say, and beside them the users who are logged in, by name."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest
from presence.django import PresenceMiddleware, presence

USERS = "users"


class UsersMiddleware(PresenceMiddleware):
    """Marks who is logged in. The name of somebody who is not is empty, and marks nobody."""

    key = USERS

    def who(self, request: HttpRequest) -> str:
        return request.user.get_username()


@receiver(user_logged_out)
def leave(user: AbstractBaseUser | None, **_: Any) -> None:
    """A user who logs out is offline at once. The visitor stays: the next page goes to the same address."""
    if user is not None:
        presence(USERS).leave(user.get_username())
