package tapedeck.container.mp4;

import java.io.IOException;
import java.nio.channels.FileChannel;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.FrontedCopy;

/// A cut that is ready to be written.
final class Cut implements FrontedCopy {
    static final int FTYP_BYTES = 36;

    private final FileChannel source;
    private final Bytes label;
    private final CutMovie movie;
    private final Ranges ranges;
    private final Tables tables;
    private final long mdatAt;
    private final int mdatHeadBytes;

    /// Writes the tables that were too large for memory.
    interface Tables {
        /// @param moovAt where the `moov` stands
        /// @param mediaAt where the first range stands
        void writeTo(FileChannel target, long moovAt, long mediaAt) throws IOException;
    }

    Cut(FileChannel source, Bytes label, CutMovie movie, Ranges ranges, Tables tables, int headBytes) {
        this.source = source;
        this.label = label;
        this.movie = movie;
        this.ranges = ranges;
        this.tables = tables;
        mdatAt = headBytes + movie.bytes();
        mdatHeadBytes = ranges.bytes() > 0xFFFF_0000L ? Layout.LARGE_HEADER_BYTES : BoxWriter.HEADER_BYTES;
    }

    @Override
    public long sizeBytes() {
        return mdatAt + mdatHeadBytes + ranges.bytes();
    }

    @Override
    public void writeTo(FileChannel target) throws IOException {
        Bytes head = Mp4Cutter.head(label);
        Mp4Finisher.write(target, head, 0);
        Mp4Finisher.write(target, movie.lay(mdatAt + mdatHeadBytes), head.length());
        tables.writeTo(target, head.length(), mdatAt + mdatHeadBytes);
        long mdatBytes = mdatHeadBytes + ranges.bytes();
        Bytes mdat = mdatHeadBytes == Layout.LARGE_HEADER_BYTES
                ? Layout.largeHeader("mdat", mdatBytes)
                : new ByteWriter(BoxWriter.HEADER_BYTES)
                        .u32(mdatBytes)
                        .ascii("mdat")
                        .toBytes();
        Mp4Finisher.write(target, mdat, mdatAt);
        target.position(mdatAt + mdatHeadBytes);
        for (int i = 0; i < ranges.count(); i++) {
            IndexMove.copy(source, ranges.from(i), ranges.to(i), target);
        }
    }
}
