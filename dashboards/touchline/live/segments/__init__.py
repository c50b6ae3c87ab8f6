"""The page of saved segments and funnels."""
