package tapedeck.transcode;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The messages between the server and a worker: a length in 4 bytes, then that many bytes, all numbers big-endian.
///
/// ```
/// READY   0
/// BATCH   1 stream:4 count:4 { OPEN … | SOURCE … | PACKET … | SILENCE … | FLUSH }
/// ANSWER  2 stream:4 anchor:8 next:8 damaged:4 filled:8 count:4 { pts:8 length:4 bytes }
/// ```
final class Wire {
    /// Nothing that is sent comes near it: a batch is about a second of sound.
    static final int MAX_MESSAGE_BYTES = 64 << 20;

    static final Bytes READY = Bytes.ofU8(0);

    private static final int BATCH = 1;
    private static final int ANSWER = 2;
    private static final int OPEN = 0;
    private static final int SOURCE = 1;
    private static final int PACKET = 2;
    private static final int SILENCE = 3;
    private static final int FLUSH = 4;

    private Wire() {}

    static Bytes write(Entry.Batch batch) {
        ByteWriter out = new ByteWriter(4096);
        out.u8(BATCH).u32(batch.stream()).u32(batch.entries().size());
        for (Entry entry : batch.entries()) {
            switch (entry) {
                case Entry.Open open ->
                    out.u8(OPEN)
                            .u32(open.sampleRateHz())
                            .u8(open.channels())
                            .u8(open.bitrateMode())
                            .u64(open.anchorNanos())
                            .u64(open.nextFrame());
                case Entry.Source source -> {
                    Bytes name = Bytes.ofUtf8(source.codec());
                    out.u8(SOURCE).u8(name.length()).bytes(name);
                    out.u32(source.sampleRateHz()).u8(source.channels());
                    out.u32(source.header().length()).bytes(source.header());
                }
                case Entry.Packet packet ->
                    out.u8(PACKET)
                            .u64(packet.ptsNanos())
                            .u32(packet.data().length())
                            .bytes(packet.data());
                case Entry.Silence silence -> out.u8(SILENCE).u64(silence.untilNanos());
                case Entry.Flush _ -> out.u8(FLUSH);
            }
        }
        return out.handOver();
    }

    static Entry.Batch readBatch(Bytes message) {
        ByteReader in = message.reader();
        expect(BATCH, in.u8());
        int stream = in.i32();
        long count = in.u32();
        List<Entry> entries = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            entries.add(readEntry(in));
        }
        end(in);
        return new Entry.Batch(stream, entries);
    }

    private static Entry readEntry(ByteReader in) {
        int type = in.u8();
        return switch (type) {
            case OPEN -> new Entry.Open(in.i32(), in.u8(), in.u8(), in.i64(), in.i64());
            case SOURCE -> new Entry.Source(in.take(in.u8()).toUtf8(), in.i32(), in.u8(), in.take(in.u32()));
            case PACKET -> new Entry.Packet(in.i64(), in.take(in.u32()));
            case SILENCE -> new Entry.Silence(in.i64());
            case FLUSH -> new Entry.Flush();
            default -> throw new MalformedException("transcode: entry of type %d".formatted(type));
        };
    }

    static Bytes write(Entry.Answer answer) {
        ByteWriter out = new ByteWriter(4096);
        out.u8(ANSWER)
                .u32(answer.stream())
                .u64(answer.anchorNanos())
                .u64(answer.nextFrame())
                .u32(answer.damaged())
                .u64(answer.filledNanos())
                .u32(answer.sounds().size());
        for (Entry.Sound sound : answer.sounds()) {
            out.u64(sound.ptsNanos()).u32(sound.data().length()).bytes(sound.data());
        }
        return out.handOver();
    }

    static Entry.Answer readAnswer(Bytes message) {
        ByteReader in = message.reader();
        expect(ANSWER, in.u8());
        int stream = in.i32();
        long anchorNanos = in.i64();
        long nextFrame = in.i64();
        int damaged = in.i32();
        long filledNanos = in.i64();
        long count = in.u32();
        List<Entry.Sound> sounds = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            sounds.add(new Entry.Sound(in.i64(), in.take(in.u32())));
        }
        end(in);
        return new Entry.Answer(stream, sounds, anchorNanos, nextFrame, damaged, filledNanos);
    }

    private static void expect(int type, int found) {
        if (type != found) {
            throw new MalformedException("transcode: message of type %d, not %d".formatted(found, type));
        }
    }

    private static void end(ByteReader in) {
        if (in.hasRemaining()) {
            throw new MalformedException("transcode: %d bytes behind the message".formatted(in.remaining()));
        }
    }

    /// Sends a message; the caller flushes.
    static void send(OutputStream out, Bytes message) throws IOException {
        int length = message.length();
        out.write(new byte[] {(byte) (length >> 24), (byte) (length >> 16), (byte) (length >> 8), (byte) length});
        out.write(message.toByteArray());
    }

    /// The next message, or null at the end.
    static @Nullable Bytes receive(DataInputStream in) throws IOException {
        int first = in.read();
        if (first < 0) {
            return null;
        }
        int length = first << 24 | in.readUnsignedByte() << 16 | in.readUnsignedShort();
        if (length < 1 || length > MAX_MESSAGE_BYTES) {
            throw new MalformedException("transcode: message of %d bytes".formatted(length));
        }
        // Not allocated by a length that may be a lie.
        byte[] message = in.readNBytes(length);
        if (message.length < length) {
            throw new EOFException("transcode: %d of %d bytes of a message".formatted(message.length, length));
        }
        return Bytes.wrap(message);
    }
}
