package tapedeck.stream;

import java.util.List;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// The sound of one track while it is converted. Used from one thread, and never blocks it.
///
/// The converted sound has no holes and no overlaps: what is missing is silence. Its frames follow each other sample by
/// sample from the first frame on; only after a jump of the source's clock they begin anew.
public interface Rendition extends AutoCloseable {
    /// The track of the converted frames.
    Track track();

    /// Takes the next frames, in the order of their time. They may be of changing codecs.
    ///
    /// @param silentUntilNanos what was not sent before this time never comes, and is silence; [Long#MIN_VALUE]
    ///     where nobody can say that
    void write(List<Frame> frames, long silentUntilNanos);

    /// Nothing more comes. What is still inside is converted.
    void finish();

    /// Moves what was converted so far into `target`.
    Progress drainTo(List<Frame> target);

    /// How much silence stands, in what was drained since this was asked last, where no sound came.
    long takeFilledNanos();

    enum Progress {
        /// Everything written was answered, but for the little that an encoder keeps until more comes.
        IDLE,
        /// An answer is to come.
        WAITING,
        /// As before, but it takes longer than usual: other tracks may go ahead by a second.
        SLOW,
        /// As before, but it should have come long ago: do not wait with other tracks.
        LATE,
        /// Nothing can be converted any more: the last drain ended with the frames as they were written.
        FAILED
    }

    /// Forgets everything.
    @Override
    void close();
}
