"""The end-user product: studio, feed, library, asset pages. Nobody imports this package."""
