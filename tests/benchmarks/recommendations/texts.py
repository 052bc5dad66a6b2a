"""`python -m tests.benchmarks.recommendations.texts WEIGHTS PROMPTS OUT`, where models are served.

Writes what the product's own encoder and scikit-learn's TF-IDF make of texts, for a benchmark that
runs where neither is installed.
"""

import json
import sys
from pathlib import Path

import numpy as np

_MOST_WORDS = 20_000


def main() -> None:
    """Read a JSON list of texts; write vectors and the parts of a sparse matrix."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    from recommendations.core.encoder import SentenceEncoder

    weights, prompts, out = map(Path, sys.argv[1:])
    texts = json.loads(prompts.read_text("utf-8"))
    words = TfidfVectorizer(max_features=_MOST_WORDS, sublinear_tf=True, stop_words="english")
    counted = words.fit_transform(texts).tocsr()
    np.savez(
        out,
        vectors=SentenceEncoder(weights, threads=2).vectors(texts),
        data=counted.data.astype(np.float32),
        indices=counted.indices,
        indptr=counted.indptr,
        width=np.array(counted.shape[1]),
    )


if __name__ == "__main__":
    main()
