"""What the queue's workers are made of: signs of life, stopping, and the work itself behind each task."""
