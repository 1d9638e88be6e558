"""What the log and judges say of searches: analytics, comparisons, query sets, replays."""
