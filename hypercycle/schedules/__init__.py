"""From a step to a value: the records that schedules are."""
