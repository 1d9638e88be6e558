"""Use the estimators on a log of your own, outside search: which of two banners would have earned more clicks?"""

import numpy as np

from trimtab.abtest import add_up, clipped_ips, estimate, ips, snips

CLICK_RATE = np.array([0.10, 0.15])
LOGGED = np.array([0.8, 0.2])
"""The probability with which the logging policy showed each banner."""
TARGET = np.array([0.3, 0.7])
"""The probability with which the policy in question would show it."""


def main() -> None:
    """Print three estimates beside the value that they estimate; clipping weights costs bias."""
    random = np.random.default_rng(0)
    n_impressions, n_users = 20_000, 4000
    shown = random.choice(2, size=n_impressions, p=LOGGED)
    clicks = random.random(n_impressions) < CLICK_RATE[shown]
    users = random.integers(n_users, size=n_impressions)
    importance_weights = TARGET[shown] / LOGGED[shown]
    print(f"true value {TARGET @ CLICK_RATE:.4f}")
    for name, terms in {
        "ips": ips(clicks, importance_weights),
        "clipped ips": clipped_ips(clicks, importance_weights, clip=2.0),
        "snips": snips(clicks, importance_weights),
    }.items():
        found = estimate(add_up(terms, users))
        print(f"{name:>11} {found.value:.4f} [{found.low:.4f}, {found.high:.4f}], ess {found.ess:.0f} of {found.n}")


if __name__ == "__main__":
    main()
