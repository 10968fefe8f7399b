package tapedeck.container;

import java.io.IOException;
import java.util.List;
import tapedeck.bytes.Bytes;

/// Where a muxer's bytes go: a file that grows at its end and whose head can be patched.
public interface Output {
    /// Appends all parts with one system call where the system lets us.
    void append(List<Bytes> parts) throws IOException;

    /// Moves the end on by `count` bytes that read as zeros, for [#patch] or for nobody. A file leaves a hole: it costs
    /// neither a write nor a block on the disk.
    default void skip(long count) throws IOException {
        Bytes zeros = Bytes.wrap(new byte[(int) Math.min(count, 1 << 16)]);
        for (long left = count; left > 0; left -= zeros.length()) {
            append(List.of(left < zeros.length() ? zeros.slice(0, (int) left) : zeros));
        }
    }

    /// Overwrites bytes that were appended or skipped before.
    void patch(long position, Bytes bytes) throws IOException;

    /// What was written so far is on disk before anything that is written from now on, in a file that is to outlive a
    /// power cut.
    default void barrier() throws IOException {}

    /// Bytes appended and skipped so far.
    long size();
}
