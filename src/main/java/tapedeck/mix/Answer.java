package tapedeck.mix;

import tapedeck.bytes.Bytes;

/// What a worker answers.
sealed interface Answer {
    int mix();

    /// What a decoder of the pictures must know, in front of the first of them.
    record Header(int mix, Bytes avcC) implements Answer {}

    record Picture(int mix, long tick, boolean keyframe, Bytes data) implements Answer {}

    /// The next 1024 samples.
    record Sound(int mix, Bytes data) implements Answer {}

    /// From this sample on this source is the loudest.
    record Loudest(int mix, long fromSample, int line) implements Answer {}

    /// @param damaged packets of this mix that could not be decoded, so far
    record Done(int mix, int damaged) implements Answer {}
}
