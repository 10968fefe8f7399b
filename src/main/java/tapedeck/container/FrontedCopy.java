package tapedeck.container;

import java.io.IOException;
import java.nio.channels.FileChannel;

/// A finished file once more, with its index in front; see [Format#fronted].
public interface FrontedCopy {
    long sizeBytes();

    /// Writes it into an empty file.
    void writeTo(FileChannel target) throws IOException;
}
