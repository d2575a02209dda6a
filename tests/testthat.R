library(testthat)
library(spotscape)

test_check("spotscape")
