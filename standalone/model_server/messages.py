"""TensorFlow Serving's messages: made at run time, so that a type checker knows nothing in them."""

from typing import Any

from contracts import tfserving

tfs: Any = tfserving
