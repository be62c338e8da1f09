"""Prints the expected values of statistics_test.cpp, computed with scipy 1.17.1 and numpy 2.4.6:
python3 -m venv v && v/bin/pip install scipy==1.17.1 && v/bin/python golden_statistics.py"""
import numpy as np
from scipy import stats

few_a = [0.878, 0.647, 0.598, 2.050, 1.060, 1.300, 1.060, 3.140, 1.290]
few_b = [0.870, 0.617, 0.621, 1.880, 1.100, 1.240, 1.010, 3.050, 1.180]
i = np.arange(40)
many_a = np.round(0.8 + 0.1 * np.sin(i), 2)
many_b = np.round(0.79 + 0.1 * np.sin(1.1 * i), 2)
large = np.arange(30) * 0.01
large_b = large + np.cos(1.7 * np.arange(30)) * 0.1 - 0.02

def show(name, a, b, method):
    d = np.asarray(a) - np.asarray(b)
    r = stats.wilcoxon(d, zero_method="wilcox", correction=True, method=method)
    print(f"{name}: W {r.statistic!r} p {r.pvalue!r} n {np.count_nonzero(d)}")

# Whole hundredths, so that ties are ties in binary arithmetic too.
show("few exact", few_a, few_b, "exact")
show("few exact, first 8", few_a[:8], few_b[:8], "exact")
show("many ties", np.round(100 * many_a), np.round(100 * many_b), "approx")
show("thirty", large, large_b, "approx")
skewed = np.exp(np.sin(1.3 * np.arange(25)) * 1.5)
for method in ("percentile", "BCa"):
    r = stats.bootstrap((skewed,), np.mean, method=method, n_resamples=400000, batch=20000,
                        rng=np.random.default_rng(1))
    print(method, r.confidence_interval)
print("skewed", np.mean(skewed), np.std(skewed, ddof=1), np.median(skewed), np.percentile(skewed, [25, 75]))
for p in (0.025, 0.5, 0.9, 1e-10):
    print("quantile", p, repr(stats.norm.ppf(p)))
