package tapedeck.container;

import java.io.IOException;

/// Makes room inside a file without moving what is behind it, which some file systems can.
@FunctionalInterface
public interface FileRoom {
    /// For a file system that cannot.
    FileRoom NONE = (_, _) -> false;

    /// Inserts a hole. All that was at `position` and behind it stands `bytes` further on afterwards; a crash leaves
    /// the file as before or with the hole.
    ///
    /// @param position a multiple of 4096, inside the file
    /// @param bytes a multiple of 4096
    /// @return false if that cannot be done here; the file is as before
    boolean insert(long position, long bytes) throws IOException;
}
