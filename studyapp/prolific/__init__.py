"""Prolific's side of recruitment for researchers: its API, and what is carried there and back.

`transport` speaks HTTP and `client` knows the calls; neither knows Django. `desk` opens a client with our settings.
`studies`, `submissions` and `bonuses` make the calls and store what came of them through the actions, never in one
transaction with a call. `overview` is what the staff page shows.
"""
