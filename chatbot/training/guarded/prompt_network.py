"""P-tuning's network, kept whole in every checkpoint: peft's own form holds only the virtual words that it writes."""

from pathlib import Path
from typing import Any

import torch

NETWORK_FILE = "prompt_network.pt"


def save_network(model: Any, folder: Path) -> None:
    """Write the network; nothing for another method's model."""
    if (network := _network(model)) is not None:
        torch.save(network.state_dict(), folder / NETWORK_FILE)


def load_network(model: Any, folder: Path) -> bool:
    """Put back what `save_network` wrote; False where there is nothing."""
    file, network = folder / NETWORK_FILE, _network(model)
    if network is None or not file.is_file():
        return False
    network.load_state_dict(torch.load(file, map_location=model.device, weights_only=True))
    return True


def _network(model: Any) -> Any:
    if model.active_peft_config.peft_type != "P_TUNING":
        return None
    return model.prompt_encoder[model.active_adapter]
