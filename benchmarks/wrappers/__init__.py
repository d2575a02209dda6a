"""spotscape as a method of other people's benchmarks: one folder for each, in the form that it expects."""
