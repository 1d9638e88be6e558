"""The slate policy: sort, greedy diversity, and Plackett-Luce draws with their propensities."""
