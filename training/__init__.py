"""Offline work on the emotion model: dataset, networks, training, calibration, export, evaluation."""

import os

# TensorFlow reads it once, while it is imported, and otherwise greets every run with pages of its own news.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
