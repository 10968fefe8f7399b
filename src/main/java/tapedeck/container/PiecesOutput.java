package tapedeck.container;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.Bytes;

/// What a muxer appends, in memory, until it is taken: for containers that are never changed behind the end, as
/// [Container#TS].
public final class PiecesOutput implements Output {
    private List<Bytes> appended = new ArrayList<>();
    private long size;

    /// All that was appended since it was last taken.
    public List<Bytes> take() {
        List<Bytes> taken = appended;
        appended = new ArrayList<>();
        return taken;
    }

    @Override
    public void append(List<Bytes> parts) {
        for (Bytes part : parts) {
            appended.add(part);
            size += part.length();
        }
    }

    @Override
    public void patch(long position, Bytes bytes) {
        throw new IllegalStateException("what is taken piece by piece is not patched");
    }

    /// With what was taken.
    @Override
    public long size() {
        return size;
    }
}
