"""Methods of a prediction, as a paper states them."""

from __future__ import annotations

from imagenomer.analyses.contract import Methods
from imagenomer.analyses.models.prediction_result import Prediction
from imagenomer.analyses.models.prediction_sentences import (
    about_covariates,
    about_permutations,
    about_scores,
    about_weights,
)
from imagenomer.analyses.models.protocol import Protocol
from imagenomer.analyses.models.protocol_sentences import about_model, about_splits
from imagenomer.analyses.models.transfer_report import about_transfers
from imagenomer.analyses.shared.sample import counted
from imagenomer.analyses.shared.sites import COMBAT_CITATIONS


def prediction_methods(protocol: Protocol, result: Prediction) -> Methods:
    """Say how the prediction was made, as a paper states it."""
    text = [
        f"{result.target_name} was predicted for {counted(result.feature_set.n_subjects, 'subject')} from "
        f"{result.feature_set.name} ({counted(result.feature_set.space.n_features, 'feature')}).",
        " ".join((*about_model(protocol, result.n_classes, result.feature_set.kind), *about_covariates(result))),
        " ".join((*about_splits(protocol, result.validation.splits), *about_scores(protocol, result)[1:])),
    ]
    citations = _citations(protocol, result)
    if result.transfers:
        text.append(" ".join(about_transfers(result)))
        if result.transfers[0].permutation_test is not None:
            citations.append("Phipson and Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39.")
    if result.permutation_test is not None:
        text.append(" ".join(about_permutations(result)))
        citations += ["Ojala and Garriga (2010), J. Mach. Learn. Res. 11:1833."]
    if result.shuffled_features is not None:
        citations.append("Hamdan et al. (2023), GigaScience 12:giad071.")
    if result.feature_set.harmonised:
        text.insert(1, result.feature_set.harmonised)
        citations += COMBAT_CITATIONS
    if result.final_model is not None:
        text += about_weights(result)
        citations.append("Haufe et al. (2014), NeuroImage 87:96. https://doi.org/10.1016/j.neuroimage.2013.10.067")
    return Methods(tuple(text), tuple(citations))


def _citations(protocol: Protocol, result: Prediction) -> list[str]:
    """Return what the model, its penalty and its scores were taken from."""
    citations = [
        "Poldrack et al. (2020), JAMA Psychiatry 77:534. https://doi.org/10.1001/jamapsychiatry.2019.3671",
        "Chyzhyk et al. (2022), GigaScience 11:giac014. https://doi.org/10.1093/gigascience/giac014",
    ]
    citations += {
        "ridge": ["Hoerl and Kennard (1970), Technometrics 12:55."],
        "elastic-net": [
            "Tibshirani (1996), J. R. Stat. Soc. B 58:267."
            if protocol.mix == 1
            else "Zou and Hastie (2005), J. R. Stat. Soc. B 67:301.",
            "Friedman, Hastie and Tibshirani (2010), J. Stat. Softw. 33:1 (coordinate descent along a path).",
            "Tibshirani et al. (2012), J. R. Stat. Soc. B 74:245 (screening of features).",
            "Pedregosa et al. (2011), J. Mach. Learn. Res. 12:2825 (scikit-learn).",
        ],
        "logistic": [],
        "svm": ["Chapelle (2007), Neural Comput. 19:1155."],
        "cpm": ["Shen et al. (2017), Nat. Protoc. 12:506. https://doi.org/10.1038/nprot.2016.178"],
        "top": [],
    }[protocol.model]
    by_loss = protocol.model in ("logistic", "svm") or (protocol.model == "top" and bool(result.levels))
    if protocol.penalty == "inner" or (protocol.model == "elastic-net" and protocol.penalty == "chosen"):
        citations.append("Varma and Simon (2006), BMC Bioinformatics 7:91. https://doi.org/10.1186/1471-2105-7-91")
    elif protocol.penalty == "chosen" and by_loss:
        citations.append("Cawley and Talbot (2008), Mach. Learn. 71:243.")
    elif protocol.penalty == "chosen" and protocol.model in ("ridge", "top"):
        citations.append("Golub, Heath and Wahba (1979), Technometrics 21:215.")
    if result.performance.halves is not None and result.performance.halves.n_pairs:
        citations.append("McCarthy (1969), Rev. Int. Stat. Inst. 37:239 (half-samples).")
    return citations
