"""ImageNomer: explore connectivity, genotypes and phenotypes, and find what confounds them."""

__version__ = "0.2.0"

#: The article in which ImageNomer was introduced, as reports cite it.
ARTICLE = (
    "Orlichenko A, Daly G, Zhou Z, Liu A, Shen H, Deng HW, Wang YP. ImageNomer: description of a functional "
    "connectivity and omics analysis tool and case study identifying a race confound. Neuroimage: Reports "
    "2023;3:100191. https://doi.org/10.1016/j.ynirp.2023.100191"
)
