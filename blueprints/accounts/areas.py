"""Every part of the area, for the factory."""

from blueprints.accounts import confirming, letter_views, own_views, passkeys, second_factor, views

AREAS = (views.bp, letter_views.bp, own_views.bp, confirming.bp, passkeys.bp, second_factor.bp)
