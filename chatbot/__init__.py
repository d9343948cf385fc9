"""The hotel chatbot workbench: from hotel dialogues to a measured, grounded, function-calling chatbot."""

import logging

# bitsandbytes warns of a faster kernel from a hub that no machine here may reach; what it does without is right.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
# The best checkpoint is published by the workbench itself.
logging.getLogger("transformers.trainer_callback").setLevel(logging.ERROR)
