"""Parley's ratings beside scikit-learn's on the same votes, and its intervals beside a bootstrap of numpy's.

    rating_beside_sklearn.py RATE_VOTES      the program of rate_votes.cpp
"""

import pathlib
import subprocess
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from bradley_terry import ratings  # noqa: E402


def parleys(program, models, pairs):
    lines = [str(models)] + [" ".join(map(str, pair)) for pair in pairs]
    printed = subprocess.run([program], input="\n".join(lines), text=True, capture_output=True, check=True, timeout=120).stdout
    return numpy.array([[float(word) for word in line.split()] for line in printed.splitlines()])


def votes(random, models, votes_a_pair, share_of_pairs=1.0):
    """Of models whose strengths differ as those of real ones do."""
    truth = random.normal(0, 120, models)
    pairs = []
    for first in range(models):
        for second in range(first + 1, models):
            if random.random() > share_of_pairs:
                continue
            draws = random.binomial(votes_a_pair, 0.2)
            first_won = random.binomial(votes_a_pair - draws, 1 / (1 + 10 ** ((truth[second] - truth[first]) / 400)))
            pairs.append((first, second, first_won, votes_a_pair - draws - first_won, draws))
    return pairs


def resampled(random, pairs):
    counts = numpy.array([pair[2:] for pair in pairs])
    drawn = random.multinomial(counts.sum(), (counts / counts.sum()).ravel()).reshape(counts.shape)
    return [(first, second, *outcomes) for (first, second, *_), outcomes in zip(pairs, drawn)]


def check(what, holds, told):
    print(f"{'ok  ' if holds else 'FAIL'} {what}: {told}")
    return holds


def main():
    random = numpy.random.default_rng(20)
    lopsided = [(0, 1, 900, 100, 20), (1, 2, 40, 0, 0), (2, 3, 3, 1, 0), (4, 5, 7, 2, 1)]  # a winless model, two groups
    cases = {
        "six models": (6, votes(random, 6, 200)),
        "fifty models, most pairs unseen": (50, votes(random, 50, 30, 0.3)),
        "few votes": (5, votes(random, 5, 2)),
        "a winless model and two groups": (6, lopsided),
    }
    fine = True
    for what, (models, pairs) in cases.items():
        off = abs(parleys(sys.argv[1], models, pairs)[:, 0] - ratings(models, pairs)).max()
        fine &= check(f"ratings of {what}", off < 0.01, f"{off:.5f} points off at most")

    # The prior's own share of the intervals, which numpy's bootstrap hasn't, is gone with so many votes.
    models, pairs = cases["six models"]
    mine = parleys(sys.argv[1], models, pairs)
    bootstrap = numpy.array([ratings(models, resampled(random, pairs)) for _ in range(1000)])
    low, high = numpy.quantile(bootstrap, [0.025, 0.975], axis=0)
    # A quantile of a thousand rounds has a standard error of some 2 % of the interval's width, and two are compared.
    allowed = 0.1 * (high - low)
    fine &= check("the intervals' lower ends", (abs(mine[:, 1] - low) < allowed).all(), f"{abs(mine[:, 1] - low).max():.2f} points off")
    fine &= check("the intervals' upper ends", (abs(mine[:, 2] - high) < allowed).all(), f"{abs(mine[:, 2] - high).max():.2f} points off")
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
