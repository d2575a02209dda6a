"""Domains: groupings of an embedding, how many there are, and how sure each spot's is.

`find_domains` takes an embedding, and a spatial graph where one is at hand. Ways of grouping are records in
`groupings`; `number` weighs how many domains there are, `confidence` says how sure a spot's domain is,
`sharpening` turns an embedding to the coordinates in which groups differ, and `discriminant` gives other
spots the domains that were found. Arrays in, arrays out.
"""

from spotscape.domains.find import Domains, find_domains

__all__ = ["Domains", "find_domains"]
