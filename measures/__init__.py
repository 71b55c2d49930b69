"""Formulae that the generator and the analysis both use, so that there is one definition of each."""
