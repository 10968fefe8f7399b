package tapedeck.container.mp4;

import java.io.IOException;

/// Goes through the samples of a track in decoding order, without keeping any of them.
interface SampleCursor {
    /// Moves to the next sample, before the first call to the first one. False at the end.
    boolean next() throws IOException;

    long offset();

    int size();

    long decodeTicks();

    long durationTicks();

    int compositionOffset();

    boolean isSync();
}
