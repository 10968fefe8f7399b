package tapedeck.container.ts;

import java.io.IOException;
import java.nio.channels.FileChannel;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Cuts off what a crash tore: half a packet, the filler of a block, a PES packet whose end is missing.
///
/// Whether a PES packet without a length is whole only what follows tells, so one at the end of the file is followed by
/// one null packet, written by [TsMuxer] or left here.
final class TsEnd {
    private static final int WINDOW_PACKETS = 1024;

    private final FileChannel file;
    private Bytes window = Bytes.EMPTY;
    private long windowAt;
    /// Where the file ends, as far as is known; always behind a whole packet.
    private long end;
    /// Whether there was something behind, which makes what has no length whole.
    private boolean followed;

    private TsEnd(FileChannel file, long end) {
        this.file = file;
        this.end = end;
    }

    /// @throws MalformedException if nothing is left
    static void cut(FileChannel file) throws IOException {
        long size = file.size();
        TsEnd tail = new TsEnd(file, size - size % TsPacket.BYTES);
        tail.find();
        tail.cutBack();
    }

    private enum Tail {
        WHOLE,
        UNBOUNDED,
        CUT
    }

    private void find() throws IOException {
        while (true) {
            TsPacket last = before(end);
            if (last == null) {
                end -= TsPacket.BYTES;
                followed = false;
            } else if (last.pid() == TsPacket.NULL_PID) {
                end -= TsPacket.BYTES;
                followed = true;
            } else if (!last.hasPayload() || unit(last.pid()) != Tail.CUT) {
                return;
            }
        }
    }

    private void cutBack() throws IOException {
        TsPacket last = before(end);
        boolean marked = last != null && last.hasPayload() && unit(last.pid()) == Tail.UNBOUNDED;
        long size = end;
        if (marked) {
            PacketWriter mark = new PacketWriter();
            mark.nothing();
            Bytes bytes = mark.handOver();
            size += TsPacket.BYTES;
            if (file.size() < size || !TsFacts.read(file, end, TsPacket.BYTES).equals(bytes)) {
                var buffer = bytes.asByteBuffer();
                while (buffer.hasRemaining()) {
                    file.write(buffer, end + buffer.position());
                }
            }
        }
        if (file.size() > size) {
            file.truncate(size);
        }
    }

    /// Looks at the section or PES packet to which the last packet belongs. If it is not whole, [#end] is in front of
    /// it afterwards.
    private Tail unit(int pid) throws IOException {
        long bytes = 0;
        for (long at = end; ; at -= TsPacket.BYTES) {
            TsPacket packet = before(at);
            if (packet == null || packet.pid() != pid) {
                // The beginning is missing: what is left of something that was cut off before.
                end = at;
                followed = packet != null;
                return Tail.CUT;
            }
            bytes += packet.payload().length();
            if (packet.unitStart()) {
                Tail tail = whole(packet, bytes);
                if (tail == Tail.CUT) {
                    end = at - TsPacket.BYTES;
                    followed = true;
                }
                return tail;
            }
        }
    }

    private Tail whole(TsPacket start, long bytes) {
        Bytes payload = start.payload();
        if (payload.length() >= 3 && payload.u24(0) == 1) {
            if (payload.length() < PesHeader.LENGTH_AT + 2) {
                return Tail.CUT;
            }
            int length = payload.u16(PesHeader.LENGTH_AT);
            if (length == 0) {
                return followed ? Tail.UNBOUNDED : Tail.CUT;
            }
            return bytes >= PesHeader.LENGTH_AT + 2 + length ? Tail.WHOLE : Tail.CUT;
        }
        // pointer_field, table_id, section_length
        return payload.length() >= 4 && bytes >= 4 + (payload.u16(2) & 0xFFF) ? Tail.WHOLE : Tail.CUT;
    }

    /// The packet that ends at `at`, or null if none does.
    private @org.jspecify.annotations.Nullable TsPacket before(long at) throws IOException {
        if (at <= 0) {
            throw new MalformedException("MPEG-TS: not one whole frame in %d bytes".formatted(file.size()));
        }
        long from = at - TsPacket.BYTES;
        if (from < windowAt || at > windowAt + window.length()) {
            windowAt = Math.max(0, at - (long) WINDOW_PACKETS * TsPacket.BYTES);
            window = TsFacts.read(file, windowAt, (int) (at - windowAt));
        }
        int start = (int) (from - windowAt);
        try {
            return TsPacket.parse(window.slice(start, start + TsPacket.BYTES));
        } catch (MalformedException _) {
            return null;
        }
    }
}
