package tapedeck.transcode;

import java.util.List;
import tapedeck.bytes.Bytes;

/// What a worker is asked, in order.
sealed interface Entry {
    /// No anchor yet: the first packet is.
    long UNANCHORED = Long.MIN_VALUE;

    /// Begins the stream, or begins it again where another worker stopped.
    ///
    /// @param anchorNanos time of sample 0
    /// @param nextFrame number of the next frame of 1024 samples since the anchor
    record Open(int sampleRateHz, int channels, int bitrateMode, long anchorNanos, long nextFrame) implements Entry {}

    /// The packets from here on.
    ///
    /// @param codec FFmpeg's name
    /// @param header what the decoder must know before, in FFmpeg's form
    record Source(String codec, int sampleRateHz, int channels, Bytes header) implements Entry {}

    record Packet(long ptsNanos, Bytes data) implements Entry {}

    /// There is no sound before this time but what came.
    record Silence(long untilNanos) implements Entry {}

    /// The end: what is inside comes out.
    record Flush() implements Entry {}

    /// What belongs together and is answered together.
    ///
    /// @param entries none: the stream is forgotten, without an answer
    record Batch(int stream, List<Entry> entries) {
        public Batch {
            entries = List.copyOf(entries);
        }
    }

    /// An encoded frame.
    record Sound(long ptsNanos, Bytes data) {}

    /// @param anchorNanos and `nextFrame`: where another worker would go on
    /// @param damaged packets that could not be decoded
    /// @param filledNanos silence that was put where no sound came
    record Answer(int stream, List<Sound> sounds, long anchorNanos, long nextFrame, int damaged, long filledNanos) {
        public Answer {
            sounds = List.copyOf(sounds);
        }
    }
}
