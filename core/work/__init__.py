"""Long work: tasks in threads and processes, parts that outlast a kill, progress, child processes."""
