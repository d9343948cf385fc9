"""What trainers expect to choose besides the method: variants of LoRA, layers, schedules, weights of the loss, and a file that holds it all."""
