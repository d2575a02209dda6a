"""Scale and device: the only place that knows batches, devices and ranks."""
