"""What is usual: the distribution of a count, from counts at the same hours of earlier weeks."""
