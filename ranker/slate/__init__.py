"""The slate policy: `reference` defines it, the other modules are its fast forms, each tested to be equal to it.

| module | what it does | for |
|---|---|---|
| `reference` | sort, greedy choice, draw and propensities of one list, in plain numpy | readers, tests |
| `greedy` | the greedy slate of one list | a request |
| `draw` | a draw of one list with its propensities | a request that explores |
| `batched` | sorted and greedy slates of many lists, in tensors TorchScript compiles | grids of weights, training |
| `log_policy` | draws and propensities of all impressions of a query | replay, simulation |
"""
