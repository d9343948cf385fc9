"""What computes a local model's next tokens: transformers for every model, ONNX Runtime with continuous batching for those of Llama's shape."""
