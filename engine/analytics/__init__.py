"""What a log says of a shop's searches: frames in `measures`, files in `reading`, what is asked in `report`."""
