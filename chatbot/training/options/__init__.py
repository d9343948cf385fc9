"""What can be chosen besides the method: variants of LoRA, layers, schedules, weights of the loss."""
