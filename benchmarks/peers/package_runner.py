"""Runs in the environment of another package, so it imports nothing of the project: `package_runner.py NAME FOLDER`.

Prints one JSON object: wall_s, cpu_s, and the likeliest emotion of each picture in the folder, in the order of names.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WARM_UP = 5

Read = Callable[[Any], "str | None"]


def fer() -> Read:
    """The package `fer` with its Haar detector and its defaults."""
    detector = importlib.import_module("fer.fer").FER(mtcnn=False)

    def read(picture: Any) -> "str | None":
        faces = detector.detect_emotions(picture)
        if not faces:
            return None
        emotions = max(faces, key=lambda face: face["box"][2] * face["box"][3])["emotions"]
        return max(emotions, key=emotions.get)

    return read


def deepface() -> Read:
    """The package `deepface`: its emotion action with the OpenCV detector."""
    analyze = importlib.import_module("deepface.DeepFace").analyze

    def read(picture: Any) -> "str | None":
        try:
            faces = analyze(picture, actions=("emotion",), detector_backend="opencv", silent=True)
        except ValueError:
            # Its way to say that there is no face.
            return None
        return max(faces, key=lambda face: face["region"]["w"])["dominant_emotion"]

    return read


def main() -> None:
    """Read every picture of the folder."""
    name, folder = sys.argv[1:]
    cv2 = importlib.import_module("cv2")
    read = {"fer": fer, "deepface": deepface}[name]()
    pictures = [cv2.imread(str(path)) for path in sorted(Path(folder).glob("*.jpg"))[:WARM_UP]]
    for picture in pictures:
        read(picture)
    wall, cpu = time.perf_counter(), time.process_time()
    emotions = [read(cv2.imread(str(path))) for path in sorted(Path(folder).glob("*.jpg"))]
    result = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu, "emotions": emotions}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
