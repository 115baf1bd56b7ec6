"""Families of models by others, at tiny sizes, each with the number of sites that its configuration promises."""
