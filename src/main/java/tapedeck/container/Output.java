package tapedeck.container;

import java.io.IOException;
import java.util.List;
import tapedeck.bytes.Bytes;

/// Where a muxer's bytes go: a file that grows at its end and whose head can be patched.
public interface Output {
    /// Appends all parts with one system call where the system lets us.
    void append(List<Bytes> parts) throws IOException;

    /// Overwrites bytes that were appended before.
    void patch(long position, Bytes bytes) throws IOException;

    /// Bytes appended so far.
    long size();
}
