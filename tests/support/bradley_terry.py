"""Bradley and Terry's model by scikit-learn: what Parley's own ratings are checked against.

As a program, reads {"models": n, "pairs": [[first, second, first_won, second_won, draws], …]} from its standard input, and
prints the models' ratings as a JSON array.
"""

import json
import sys

import numpy
from sklearn.linear_model import LogisticRegression

POINTS = 400 / numpy.log(10)
PRIOR_DEVIATION = 200
MEAN = 1000


def ratings(models, pairs):
    """A row for each vote's outcome; a draw is half a win for each. A normal prior is what `C` makes of the L2 penalty."""
    rows, won, weights = [], [], []
    for first, second, first_won, second_won, draws in pairs:
        row = numpy.zeros(models)
        row[first], row[second] = 1, -1
        for outcome, weight in ((1, first_won + draws / 2), (0, second_won + draws / 2)):
            rows.append(row)
            won.append(outcome)
            weights.append(weight)
    regression = LogisticRegression(fit_intercept=False, C=(PRIOR_DEVIATION / POINTS) ** 2, solver="newton-cholesky",
                                    tol=1e-10, max_iter=1000)
    regression.fit(numpy.array(rows), numpy.array(won), sample_weight=numpy.array(weights))
    strengths = regression.coef_[0]
    return MEAN + POINTS * (strengths - strengths.mean())


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps(list(ratings(given["models"], given["pairs"]))))
