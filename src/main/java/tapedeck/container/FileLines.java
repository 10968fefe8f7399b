package tapedeck.container;

import java.time.Instant;
import java.util.List;

/// All tracks of a whole file on its time line, whatever their number, in the order of the file. A track can be there,
/// not be there, and come back: each time is a [FileLine] of its own.
///
/// @param createdAt when the file says that it was made
/// @param lines those with a codec that we know and at least one sample
public record FileLines(Instant createdAt, List<FileLine> lines) {
    public FileLines {
        lines = List.copyOf(lines);
    }
}
