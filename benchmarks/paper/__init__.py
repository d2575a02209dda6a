"""The paper's own table: its data sets by our default and by its published settings, beside its figures."""
