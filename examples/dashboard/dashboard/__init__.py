"""A live page of who is online in two keys of presence, users and visitors, and of who is connected to the server itself.

`python -m dashboard --redis URL --users KEY --visitors KEY` shows one's own server; `demo.py` brings everything along.
"""
