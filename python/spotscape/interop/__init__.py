"""Where R objects become AnnData and back."""
