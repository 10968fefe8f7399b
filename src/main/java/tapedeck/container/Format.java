package tapedeck.container;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Optional;
import tapedeck.bytes.Bytes;
import tapedeck.media.Codec;
import tapedeck.media.Track;

/// What a container's folder implements.
public interface Format {
    /// Every format has an element that is no larger than this and says nothing.
    int LEAST_FILLER_BYTES = 8;

    boolean canCarry(Codec codec);

    /// Starts a file. Nothing is written before the first [Muxer#flush()], which writes the head and the first fragment
    /// together.
    Muxer muxer(Output output, List<Track> tracks, MuxerOptions options) throws IOException;

    /// An element of `bytes` (at least [#LEAST_FILLER_BYTES]) that every reader skips, for writers that fill
    /// whole blocks of the disk: the next append goes over it.
    Bytes filler(int bytes);

    /// Turns a file that a muxer left, closed or not, whole or torn by a crash, into an ordinary file of this format;
    /// a finished file stays as it is. The file alone holds all that is needed. Idempotent.
    ///
    /// @throws tapedeck.bytes.MalformedException if there is nothing to recover
    Summary finish(FileChannel file) throws IOException;

    /// As [#finish(FileChannel)], for a format that can choose where its index goes.
    default Summary finish(FileChannel file, FinishOptions options) throws IOException {
        return finish(file);
    }

    /// How to copy a finished file so that its index comes to the front; empty if it is there, or if the format has
    /// no such thing. The file must stay open until the copy is made.
    default Optional<FrontedCopy> fronted(FileChannel file) throws IOException {
        return Optional.empty();
    }

    /// Reads what a file says of itself, finished or not, without changing it.
    ///
    /// @throws tapedeck.bytes.MalformedException if it is no such file
    Summary probe(FileChannel file) throws IOException;
}
