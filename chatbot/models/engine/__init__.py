"""What computes a local model's next tokens: transformers, or ONNX Runtime with continuous batching."""
