"""Serves SavedModels over TensorFlow Serving's gRPC API, on the TensorFlow runtime of this process.

Statuses and answers follow tensorflow/serving (`predict_util.cc`, `get_model_metadata_impl.cc`,
`get_model_status_impl.cc`, `server_core.cc`), so that a client cannot tell which of the two it talks to.
"""
