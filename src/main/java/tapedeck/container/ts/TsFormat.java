package tapedeck.container.ts;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.container.Format;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.container.Summary;
import tapedeck.media.Codec;
import tapedeck.media.Track;

/// MPEG transport streams as files: whole at any moment, since nothing in them looks back or ahead.
public final class TsFormat implements Format {
    @Override
    public boolean canCarry(Codec codec) {
        return StreamEntry.canCarry(codec);
    }

    /// A track of a codec that cannot be carried is an [IllegalArgumentException].
    @Override
    public Muxer muxer(Output output, List<Track> tracks, MuxerOptions options) {
        return new TsMuxer(output, tracks, options);
    }

    /// Null packets (2.4.3.3), the last of them torn off where the block of the disk ends. Readers skip the whole ones
    /// and end at the torn one; nothing is ever behind it, because the next append goes over all of it.
    @Override
    public Bytes filler(int bytes) {
        PacketWriter out = new PacketWriter();
        for (int filled = 0; filled < bytes; filled += TsPacket.BYTES) {
            out.nothing();
        }
        return out.handOver().slice(0, bytes);
    }

    @Override
    public Summary finish(FileChannel file) throws IOException {
        TsEnd.cut(file);
        return TsFacts.read(file);
    }

    @Override
    public Summary probe(FileChannel file) throws IOException {
        return TsFacts.read(file);
    }
}
