package tapedeck.container;

import java.io.IOException;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// Turns frames into the bytes of one file that opens in every reader at any moment while it grows.
///
/// Frames are gathered in memory until [#flush()]; nothing else is kept, so a file costs the same memory after eight
/// hours as after a minute. Time 0 of the file is the earliest presentation time of the first flush.
public interface Muxer extends AutoCloseable {
    /// So much sound in front of the first picture is given up where it would hold that picture back:
    /// nobody misses it.
    long EARLY_SOUND_NANOS = 100_000_000;

    /// Adds a frame of one of the file's tracks. A frame of an unknown or changed track is an
    /// [IllegalArgumentException]: ask [#carries(Track)] first.
    void write(Frame frame) throws IOException;

    /// Whether frames of this very track can go on in this file.
    boolean carries(Track track);

    /// Ends the fragment or cluster: all that was written since the last one leaves in one [Output#append].
    void flush() throws IOException;

    /// Frames that were written but are in no file, because the format has no place for their time. A file that begins
    /// a moment after the first sound, with the first picture, misses nothing.
    default long leftOutFrames() {
        return 0;
    }

    /// Flushes. The file is whole but not finished: see [Container#finish].
    @Override
    void close() throws IOException;
}
