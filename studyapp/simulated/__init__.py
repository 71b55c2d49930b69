"""Participants who are programs: in simulations, rehearsals and audits, on the site's real pages."""
