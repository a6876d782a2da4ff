"""The web: one package per area. What the areas share lies here beside them; areas never import one another."""
