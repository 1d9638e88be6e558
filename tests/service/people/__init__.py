"""What people and agents see: workbench, query sets, pages, documentation."""
