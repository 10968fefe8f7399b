package tapedeck.protocol.rtmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.peers.Fuzz;
import tapedeck.peers.RtmpChunks;

class ChunkDecoderTest {
    private record Message(int type, int streamId, int timestampMillis, Bytes body) {}

    private static final int AUDIO = 8;
    private static final int VIDEO = 9;

    private final List<Message> received = new ArrayList<>();
    private final ChunkDecoder decoder = decoder(received);

    private static ChunkDecoder decoder(List<Message> received) {
        return new ChunkDecoder((type, streamId, timestampMillis, body) ->
                received.add(new Message(type, streamId, timestampMillis, body)));
    }

    private void feed(byte[]... parts) {
        for (byte[] part : parts) {
            decoder.decode(Unpooled.wrappedBuffer(part));
        }
    }

    private static byte[] hex(String hex) {
        return Bytes.ofHex(hex).toByteArray();
    }

    private static Bytes random(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return Bytes.wrap(bytes);
    }

    private static byte[] control(int type, long value) {
        return new RtmpChunks()
                .message(2, type, 0, 0, new ByteWriter().u32(value).toBytes());
    }

    private String refused(byte[]... parts) {
        return assertThrows(MalformedException.class, () -> feed(parts)).getMessage();
    }

    /// Every kind of header, extended timestamps among them, in chunks of that size.
    private static byte[] conversation(RtmpChunks chunks, int chunkSize, List<Message> sent) {
        Random random = new Random(chunkSize);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(control(RtmpMessage.SET_CHUNK_SIZE, chunkSize));
        chunks.chunkSize(chunkSize);
        int[] lanes = {4, 63, 64, 319, 320, 65_599};
        int[] times = {0, 40, 80, 80, 120, 0xFFFFFE, 0xFFFFFF, 0x1000000, 0x1000028, 0x7FFFFFFF, 0x80000010, 0x80000050
        };
        for (int i = 0; i < times.length; i++) {
            for (int lane : lanes) {
                Bytes body = random(random, i % 3 == 0 ? 0 : 1 + random.nextInt(700));
                Message message = new Message(i % 2 == 0 ? VIDEO : AUDIO, 1, times[i], body);
                sent.add(message);
                out.writeBytes(chunks.message(lane, message.type(), 1, times[i], body));
            }
        }
        return out.toByteArray();
    }

    @Test
    void everyHeaderComesBackWhateverTheChunkSize() {
        for (int chunkSize : new int[] {1, 2, 3, 127, 128, 129, 4096, 65_536, 0xFFFFFF}) {
            for (RtmpChunks chunks : List.of(new RtmpChunks(), new RtmpChunks().fullHeaders())) {
                List<Message> sent = new ArrayList<>();
                List<Message> received = new ArrayList<>();
                decoder(received).decode(Unpooled.wrappedBuffer(conversation(chunks, chunkSize, sent)));
                assertEquals(sent, received, "chunk size " + chunkSize);
            }
        }
    }

    @Test
    void tornAtEveryByteItIsTheSame() {
        List<Message> sent = new ArrayList<>();
        byte[] bytes = conversation(new RtmpChunks(), 100, sent);
        List<Message> received = new ArrayList<>();
        ChunkDecoder byteByByte = decoder(received);
        for (byte b : bytes) {
            byteByByte.decode(Unpooled.wrappedBuffer(new byte[] {b}));
        }
        assertEquals(sent, received);
        for (int cut = 0; cut <= Math.min(bytes.length, 6_000); cut++) {
            received.clear();
            ChunkDecoder torn = decoder(received);
            torn.decode(Unpooled.wrappedBuffer(bytes, 0, cut));
            int complete = received.size();
            assertEquals(sent.subList(0, complete), received, "cut at " + cut);
            torn.decode(Unpooled.wrappedBuffer(bytes, cut, bytes.length - cut));
            assertEquals(sent, received, "cut at " + cut);
        }
    }

    @Test
    void chunksOfSeveralMessagesInterleave() {
        RtmpChunks chunks = new RtmpChunks();
        Bytes video = random(new Random(1), 1000);
        Bytes audio = random(new Random(2), 300);
        byte[][] ofVideo = chunks.chunks(6, VIDEO, 1, 40, video);
        byte[][] ofAudio = chunks.chunks(4, AUDIO, 1, 42, audio);
        for (int i = 0; i < ofVideo.length; i++) {
            feed(ofVideo[i]);
            if (i < ofAudio.length) {
                feed(ofAudio[i]);
            }
        }
        assertEquals(List.of(new Message(AUDIO, 1, 42, audio), new Message(VIDEO, 1, 40, video)), received);
        assertEquals(0, decoder.unfinishedBytes());
    }

    @Test
    void theChunkSizeChangesInTheMiddleOfAMessage() {
        Bytes body = random(new Random(3), 300);
        feed(new RtmpChunks().chunks(6, VIDEO, 1, 0, body)[0]);
        feed(control(RtmpMessage.SET_CHUNK_SIZE, 1000));
        feed(new byte[] {(byte) 0xC6}, body.slice(128).toByteArray());
        assertEquals(List.of(new Message(VIDEO, 1, 0, body)), received);
    }

    @Test
    void anExtendedTimestampMayBeLeftOutOfTheOtherChunks() {
        RtmpChunks chunks = new RtmpChunks().extendedOnlyOnce().fullHeaders();
        List<Message> sent = new ArrayList<>();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int length : new int[] {1000, 129, 130, 5, 128, 256, 257}) {
            Message message = new Message(VIDEO, 1, 0x1234567 + length, random(new Random(length), length));
            sent.add(message);
            out.writeBytes(chunks.message(6, VIDEO, 1, message.timestampMillis(), message.body()));
        }
        feed(out.toByteArray());
        assertEquals(sent, received);
        received.clear();
        ChunkDecoder byteByByte = decoder(received);
        for (byte b : out.toByteArray()) {
            byteByByte.decode(Unpooled.wrappedBuffer(new byte[] {b}));
        }
        assertEquals(sent, received);
    }

    @Test
    void aTypeThreeHeaderRepeatsTheDeltaAlsoAfterAFullOne() {
        // RTMP 5.3.1.2.4, and what FFmpeg writes: 20 ms, then 20 ms more.
        feed(hex("04 000014 000001 08 01000000 aa"), hex("c4 bb"), hex("84 000017 cc"), hex("c4 dd"));
        assertEquals(
                List.of(20, 40, 63, 86),
                received.stream().map(Message::timestampMillis).toList());
    }

    @Test
    void aTypeThreeHeaderRightAfterALargeTimestampMeansTheSameTime() {
        // What librtmp writes for two messages of one time.
        feed(hex("04 100000 000001 08 01000000 aa"), hex("c4 bb"));
        assertEquals(
                List.of(0x100000, 0x100000),
                received.stream().map(Message::timestampMillis).toList());
    }

    @Test
    void anAbortedMessageIsForgotten() {
        byte[][] chunks = new RtmpChunks().chunks(6, VIDEO, 1, 0, random(new Random(5), 500));
        feed(chunks[0], chunks[1], control(RtmpMessage.ABORT, 6));
        assertEquals(0, decoder.unfinishedBytes());
        feed(hex("04 000000 000001 08 01000000 aa"), hex("46 000000 000001 09 bb"));
        assertEquals(
                List.of("aa", "bb"),
                received.stream().map(message -> message.body().toHex()).toList());
        feed(control(RtmpMessage.ABORT, 99));
    }

    @Test
    void headersThatNothingExplainsAreRefused() {
        assertEquals("RTMP: chunk stream 5 starts without a header", refused(hex("c5 00")));
        assertEquals("RTMP: chunk stream 5 starts without a header", refused(hex("85 000000")));
    }

    @Test
    void aFreshChunkStreamMayStartWithoutAStreamId() {
        // librtmp's ping.
        feed(hex("42 000000 000006 04 0006 00000001"));
        assertEquals(1, received.size());
    }

    @Test
    void aMessageInsideAnotherOnTheSameChunkStreamIsRefused() {
        byte[][] chunks = new RtmpChunks().chunks(6, VIDEO, 1, 0, random(new Random(5), 500));
        assertEquals(
                "RTMP: a new message on chunk stream 6 inside another",
                refused(chunks[0], hex("06 000000 000001 09 01000000 aa")));
    }

    @Test
    void theChunkSizeIsAtLeastOneAndAnyLargeOneMeansWhole() {
        assertEquals("RTMP: chunk size 0", refused(control(RtmpMessage.SET_CHUNK_SIZE, 0)));
        feed(control(RtmpMessage.SET_CHUNK_SIZE, 0x7FFFFFFF));
        Bytes body = random(new Random(7), 300_000);
        feed(new RtmpChunks().chunkSize(0xFFFFFF).message(6, VIDEO, 1, 0, body));
        assertEquals(body, received.getFirst().body());
    }

    @Test
    void tooLongMessagesAreRefusedBeforeAByteOfThemIsKept() {
        record Case(int type, int limit) {}
        for (Case c : List.of(
                new Case(VIDEO, ChunkDecoder.MAX_VIDEO_BYTES),
                new Case(AUDIO, ChunkDecoder.MAX_AUDIO_BYTES),
                new Case(RtmpMessage.AGGREGATE, ChunkDecoder.MAX_VIDEO_BYTES),
                new Case(RtmpMessage.DATA, ChunkDecoder.MAX_OTHER_BYTES),
                new Case(RtmpMessage.COMMAND, ChunkDecoder.MAX_OTHER_BYTES),
                new Case(99, ChunkDecoder.MAX_OTHER_BYTES),
                new Case(RtmpMessage.USER_CONTROL, ChunkDecoder.MAX_CONTROL_BYTES))) {
            ByteWriter header =
                    new ByteWriter().u8(6).u24(0).u24(c.limit()).u8(c.type()).u32(0);
            List<Message> none = new ArrayList<>();
            decoder(none).decode(Unpooled.wrappedBuffer(header.toByteArray()));
            byte[] longer = header.toByteArray();
            longer[4] = (byte) (c.limit() + 1 >> 16);
            longer[5] = (byte) (c.limit() + 1 >> 8);
            longer[6] = (byte) (c.limit() + 1);
            ChunkDecoder refusing = decoder(none);
            assertThrows(MalformedException.class, () -> refusing.decode(Unpooled.wrappedBuffer(longer)));
            assertEquals(0, refusing.unfinishedBytes());
        }
    }

    @Test
    void aClaimedLengthIsBelievedOnlyAsBytesArrive() {
        feed(new ByteWriter()
                .u8(6)
                .u24(0)
                .u24(ChunkDecoder.MAX_VIDEO_BYTES)
                .u8(VIDEO)
                .u32(0)
                .toByteArray());
        assertEquals(ChunkDecoder.TRUSTED_BYTES, decoder.unfinishedBytes());
        feed(new byte[50]);
        assertEquals(ChunkDecoder.TRUSTED_BYTES, decoder.unfinishedBytes());
    }

    @Test
    void theLargestPictureArrivesWhole() {
        Bytes body = random(new Random(8), ChunkDecoder.MAX_VIDEO_BYTES);
        feed(control(RtmpMessage.SET_CHUNK_SIZE, 4096));
        RtmpChunks chunks = new RtmpChunks().chunkSize(4096);
        byte[][] ofVideo = chunks.chunks(6, VIDEO, 1, 0, body);
        for (byte[] chunk : ofVideo) {
            feed(chunk, chunks.message(4, AUDIO, 1, 0, Bytes.ofU8(1, 2, 3)));
        }
        assertEquals(ofVideo.length + 1, received.size());
        assertEquals(body, received.get(received.size() - 2).body());
        assertEquals(0, decoder.unfinishedBytes());
    }

    @Test
    void unfinishedMessagesOnManyChunkStreamsAreBounded() {
        String reason = refused(() -> {
            for (int lane = 3; lane < 60; lane++) {
                feed(new ByteWriter()
                        .u8(lane)
                        .u24(0)
                        .u24(ChunkDecoder.MAX_VIDEO_BYTES)
                        .u8(VIDEO)
                        .u32(0)
                        .toByteArray());
                feed(new byte[128]);
            }
        });
        assertEquals("RTMP: more than 4194304 bytes of unfinished messages", reason);
        assertTrue(decoder.unfinishedBytes() <= ChunkDecoder.MAX_UNFINISHED_BYTES + ChunkDecoder.MAX_VIDEO_BYTES);
    }

    @Test
    void thereAreAtMostSixtyFourChunkStreams() {
        String reason = refused(() -> {
            for (int lane = 64; lane < 200; lane++) {
                feed(new RtmpChunks().message(lane, AUDIO, 1, 0, Bytes.ofU8(1)));
            }
        });
        assertEquals("RTMP: more than 64 chunk streams", reason);
        assertEquals(64, received.size());
    }

    private static String refused(Runnable step) {
        return assertThrows(MalformedException.class, step::run).getMessage();
    }

    @Test
    void rubbishIsRefusedOrIgnoredAndNeverHoldsMuch() {
        List<Message> sent = new ArrayList<>();
        byte[] good = conversation(new RtmpChunks(), 100, sent);
        Fuzz.parser(List.of(Bytes.wrap(good)), List.of(), bytes -> {
            ChunkDecoder victim = decoder(new ArrayList<>());
            try {
                for (int at = 0; at < bytes.length(); at += 997) {
                    Bytes part = bytes.slice(at, Math.min(bytes.length(), at + 997));
                    victim.decode(Unpooled.wrappedBuffer(part.asByteBuffer()));
                }
            } finally {
                int most = ChunkDecoder.MAX_UNFINISHED_BYTES + ChunkDecoder.MAX_VIDEO_BYTES;
                assertTrue(victim.unfinishedBytes() <= most);
            }
        });
    }
}
