"""The client of EmotionService.StreamFrames, for whoever has frames: a camera's device, or a browser's bridge.

    stream = EmotionStream(Endpoint("127.0.0.1:50051"), "ada")
    stream.push(Frame(jpeg, datetime.now(UTC)))  # as often as there is a picture; never waits
    async for timed in stream.readings():        # meanwhile, in another task
        ...

or `stream.readings(frames)` with an async iterator of frames.
"""
