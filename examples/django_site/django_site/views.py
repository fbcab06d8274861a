"""The pages, and the number for programs."""

from django.contrib.auth import login
from django.contrib.auth.forms import UserCreationForm
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.views.generic import CreateView
from presence.django import presence
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.request import Request
from rest_framework.response import Response

from .online import USERS


def home(request: HttpRequest) -> HttpResponse:
    """Who of the users is online, the last seen first."""
    return render(request, "home.html", {"users": presence(USERS).members(limit=50)})


class Register(CreateView):
    """Makes an account and logs its owner in."""

    form_class = UserCreationForm
    success_url = reverse_lazy("home")
    template_name = "registration/register.html"

    def form_valid(self, form: ModelForm) -> HttpResponse:
        response = super().form_valid(form)
        login(self.request, self.object)
        return response


@api_view()
@authentication_classes([])
def online(request: Request) -> Response:
    """How many are online; null while Redis is down. Nobody's session is looked up for it."""
    return Response({"visitors": presence().count(), "users": presence(USERS).count()})
