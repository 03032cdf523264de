"""The starter catalogue, written for this project: common knowledge, and audio features and moods as estimates."""
