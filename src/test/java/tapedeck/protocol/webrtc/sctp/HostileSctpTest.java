package tapedeck.protocol.webrtc.sctp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// A peer that lies, whose packets are made by hand.
@Timeout(120)
class HostileSctpTest {
    private static final long PEER_TAG = 0x1234_5678L;
    private static final long PEER_TSN = 0xFFFF_FFF0L;
    static final int MAX_HELD = Inbox.MAX_HELD_BYTES + Inbox.MAX_NEXT_BYTES + SctpAssociation.MAX_MESSAGE_BYTES;

    /// What our side said last, by kind.
    private final List<Chunk> said = new ArrayList<>();

    private final SctpLink.Side side = new SctpLink.Side() {
        @Override
        public void send(Bytes packet) {
            assertTrue(packet.length() <= SctpAssociation.MAX_PACKET_BYTES);
            said.addAll(SctpPacket.parse(packet).chunks());
        }
    };
    private final SctpAssociation association = new SctpAssociation(SctpAssociation.PORT, 0, new Random(1), side);
    private long nowNanos = SctpLink.SECOND;
    private long ourTag;
    private long tsn = PEER_TSN;

    private void say(long tag, Chunk... chunks) {
        association.receive(
                new SctpPacket(SctpAssociation.PORT, SctpAssociation.PORT, tag, List.of(chunks)).toBytes(), nowNanos);
    }

    private void say(Chunk... chunks) {
        say(ourTag, chunks);
    }

    private <T extends Chunk> T answer(Class<T> kind) {
        for (Chunk chunk : said.reversed()) {
            if (kind.isInstance(chunk)) {
                return kind.cast(chunk);
            }
        }
        throw new AssertionError("no " + kind.getSimpleName() + " in " + said);
    }

    private boolean answered(Class<? extends Chunk> kind) {
        return said.stream().anyMatch(kind::isInstance);
    }

    private static Chunk.Init init(long tag, Parameter... more) {
        List<Parameter> parameters = new ArrayList<>(List.of(more));
        parameters.add(new Parameter(Parameter.FORWARD_TSN_SUPPORTED, Bytes.EMPTY));
        parameters.add(new Parameter(Parameter.SUPPORTED_EXTENSIONS, Bytes.ofU8(130, 192)));
        return new Chunk.Init(false, tag, 100_000, 1_024, 1_024, PEER_TSN, parameters);
    }

    private Bytes cookie() {
        return answer(Chunk.Init.class).parameters().stream()
                .filter(parameter -> parameter.type() == Parameter.STATE_COOKIE)
                .findFirst()
                .orElseThrow()
                .value();
    }

    private void establish() {
        say(0, init(PEER_TAG));
        ourTag = answer(Chunk.Init.class).initiateTag();
        say(new Chunk.CookieEcho(cookie()));
        assertTrue(side.opened);
        said.clear();
    }

    private Chunk.Data data(long tsn, int stream, int ssn, String flags, long ppid, Bytes payload) {
        return new Chunk.Data(
                flags.contains("U"),
                flags.contains("B"),
                flags.contains("E"),
                false,
                tsn & 0xFFFF_FFFFL,
                stream,
                ssn & 0xFFFF,
                ppid,
                payload);
    }

    private static Bytes zeros(int length) {
        return Bytes.wrap(new byte[length]);
    }

    private void open(int stream) {
        DataChannel channel = new DataChannel(stream, "c" + stream, "", true, new DataChannel.Reliability.Full());
        say(data(tsn++, stream, 0, "BE", Channels.PPID_DCEP, Dcep.open(channel)));
    }

    private int held() {
        return association.statistics().heldBytes();
    }

    @Test
    void forgedCookiesAndWrongTagsHaveNoEffect() {
        say(0, init(PEER_TAG));
        ourTag = answer(Chunk.Init.class).initiateTag();
        Bytes cookie = cookie();
        for (int bit = 0; bit < cookie.length() * 8; bit++) {
            byte[] forged = cookie.toByteArray();
            forged[bit / 8] ^= (byte) (1 << bit % 8);
            say(new Chunk.CookieEcho(Bytes.wrap(forged)));
        }
        say(new Chunk.CookieEcho(Bytes.EMPTY));
        say(ourTag + 1, new Chunk.CookieEcho(cookie));
        say(new Chunk.CookieAck());
        assertFalse(side.opened);
        say(new Chunk.CookieEcho(cookie));
        assertTrue(side.opened);
        assertEquals("", side.ended);
    }

    @Test
    void aStaleCookieIsAnsweredSo() {
        say(0, init(PEER_TAG));
        ourTag = answer(Chunk.Init.class).initiateTag();
        nowNanos += Handshake.COOKIE_LIFE_NANOS + 5_000;
        say(new Chunk.CookieEcho(cookie()));
        assertFalse(side.opened);
        Chunk.ErrorReport report = answer(Chunk.ErrorReport.class);
        assertEquals(
                new Parameter(Causes.STALE_COOKIE, Bytes.ofU8(0, 0, 0, 5)),
                report.causes().getFirst());
        // The next attempt works.
        say(0, init(PEER_TAG));
        say(new Chunk.CookieEcho(cookie()));
        assertTrue(side.opened);
    }

    @Test
    void lateOnesOfTheBeginningDoNotDisturb() {
        say(0, init(PEER_TAG));
        ourTag = answer(Chunk.Init.class).initiateTag();
        Bytes cookie = cookie();
        say(new Chunk.CookieEcho(cookie));
        open(2);
        say(0, init(PEER_TAG));
        said.clear();
        say(new Chunk.CookieEcho(cookie));
        assertTrue(answered(Chunk.CookieAck.class), "our first one may have been lost");
        say(new Chunk.CookieAck());
        say(new Chunk.Init(true, 9, 100_000, 1, 1, 1, List.of()));
        say(data(tsn++, 2, 1, "BE", Channels.PPID_TEXT, Bytes.ofUtf8("still here")));
        assertEquals(List.of("still here"), side.texts());
        assertEquals("", side.ended);
    }

    @Test
    void aPeerThatBeginsAgainEndsTheAssociation() {
        establish();
        say(0, init(PEER_TAG + 1));
        assertEquals("", side.ended, "an INIT alone proves nothing");
        long newTag = answer(Chunk.Init.class).initiateTag();
        assertTrue(newTag != ourTag);
        say(newTag, new Chunk.CookieEcho(cookie()));
        assertEquals("the peer began again", side.ended);
    }

    @Test
    void packetsWithAnotherTagAreNotRead() {
        establish();
        say(ourTag + 1, new Chunk.Abort(false, List.of()));
        say(PEER_TAG, new Chunk.Abort(false, List.of()));
        say(0, new Chunk.Abort(true, List.of()));
        say(0, new Chunk.Shutdown(0));
        assertEquals("", side.ended);
        say(PEER_TAG, new Chunk.Abort(true, List.of()));
        assertEquals("the peer gave up", side.ended);
    }

    /// RFC 9260 3.2: the two high bits say what becomes of the rest of the packet, and whether we complain.
    @Test
    void theHighBitsOfUnknownChunksAreObeyed() {
        for (int type : new int[] {0x3F, 0x7F, 0xBF, 0xFF}) {
            var fresh = new HostileSctpTest();
            fresh.establish();
            Bytes raw = new ByteWriter().u8(type).u8(0).u16(6).u16(0xABCD).toBytes();
            fresh.say(new Chunk.Unknown(type, raw), fresh.data(PEER_TSN, 2, 0, "BE", Channels.PPID_TEXT, zeros(1)));
            fresh.association.poll(fresh.nowNanos + SctpLink.SECOND);
            boolean read = fresh.answered(Chunk.Sack.class);
            assertEquals(type >= 0x80, read, "the rest is read: " + type);
            assertEquals((type & 0x40) != 0, fresh.answered(Chunk.ErrorReport.class), "we complain: " + type);
            if ((type & 0x40) != 0) {
                assertEquals(
                        new Parameter(Causes.UNRECOGNIZED_CHUNK, raw),
                        fresh.answer(Chunk.ErrorReport.class).causes().getFirst());
            }
        }
    }

    @Test
    void theHighBitsOfUnknownParametersAreObeyed() {
        for (int type : new int[] {0x3FFF, 0x7FFF, 0xBFFF, 0xFFFF}) {
            var fresh = new HostileSctpTest();
            Parameter unknown = new Parameter(type, Bytes.ofU8(1, 2, 3));
            fresh.say(0, init(PEER_TAG, unknown));
            Chunk.Init ack = fresh.answer(Chunk.Init.class);
            boolean reported = ack.parameters().contains(new Parameter(Parameter.UNRECOGNIZED, unknown.toBytes()));
            assertEquals((type & 0x4000) != 0, reported, "we complain: " + type);
            fresh.ourTag = ack.initiateTag();
            fresh.say(new Chunk.CookieEcho(fresh.cookie()));
            fresh.open(2);
            fresh.association.close(fresh.side.channels.getFirst(), "", fresh.nowNanos);
            // Behind the unknown one stands whether the peer can reset streams.
            boolean resets = fresh.answered(Chunk.Reconfig.class) || resetsLater(fresh);
            assertEquals(type >= 0x8000, resets, "the rest is read: " + type);
        }
    }

    private static boolean resetsLater(HostileSctpTest fresh) {
        fresh.say(new Chunk.Sack(fresh.answer(Chunk.Data.class).tsn(), 100_000, List.of(), List.of()));
        return fresh.answered(Chunk.Reconfig.class);
    }

    @Test
    void unusableInitsAreNotAnswered() {
        say(0, new Chunk.Init(false, 0, 100_000, 1, 1, 1, List.of()));
        say(0, new Chunk.Init(false, 1, 1_499, 1, 1, 1, List.of()));
        say(0, new Chunk.Init(false, 1, 100_000, 0, 1, 1, List.of()));
        say(0, new Chunk.Init(false, 1, 100_000, 1, 0, 1, List.of()));
        say(1, init(PEER_TAG));
        say(0, init(PEER_TAG), new Chunk.CookieAck());
        assertEquals(List.of(), said);
    }

    /// Memory: a hole that is never filled.
    @Test
    void chunksBehindAHoleStayWithinTheWindow() {
        establish();
        for (int i = 1; i < 3_000; i++) {
            say(data(PEER_TSN + i, 2, i, "BE", Channels.PPID_BINARY, zeros(1_000)));
            assertTrue(held() <= SctpAssociation.RECEIVE_WINDOW_BYTES + 2_000, held() + " held");
        }
        assertTrue(answer(Chunk.Sack.class).receiverWindow() < 2_000, "and the peer is told");
        assertEquals("", side.ended);
    }

    /// As before, but of single bytes, every other one, forwards and backwards.
    @Test
    void islandsAreBoundedToo() {
        establish();
        for (int i = 1; i < 10_000; i++) {
            say(data(PEER_TSN + 2 * i, 2, 5, "", Channels.PPID_BINARY, zeros(1)));
            say(data(PEER_TSN + 20_000 - 2 * i, 2, 5, "", Channels.PPID_BINARY, zeros(1)));
        }
        assertTrue(answer(Chunk.Sack.class).gaps().size() <= ReceivedTsns.MAX_ISLANDS);
        assertTrue(held() <= MAX_HELD, held() + " held");
        assertEquals("", side.ended);
    }

    @Test
    void aMessageThatNeverEndsEndsTheAssociation() {
        establish();
        open(2);
        say(data(tsn++, 2, 1, "B", Channels.PPID_BINARY, zeros(1_000)));
        for (int i = 0; i < 65 && side.ended.isEmpty(); i++) {
            say(data(tsn++, 2, 1, "", Channels.PPID_BINARY, zeros(1_000)));
        }
        assertEquals("SCTP: message of more than 65536 bytes", side.ended);
        assertEquals(
                Causes.PROTOCOL_VIOLATION,
                answer(Chunk.Abort.class).causes().getFirst().type());
    }

    /// All TSNs come, but the first message of the stream never does: no honest peer has that.
    @Test
    void messagesThatWaitForOneThatCannotComeEndTheAssociation() {
        establish();
        for (int i = 1; i < 10_000 && side.ended.isEmpty(); i++) {
            say(data(tsn++, 2, i, "BE", Channels.PPID_BINARY, zeros(1_000)));
            assertTrue(held() <= MAX_HELD, held() + " held");
        }
        assertTrue(side.ended.endsWith("bytes that make no message"), side.ended);
    }

    /// Middles without a beginning, ends without a middle: nothing is kept of them.
    @Test
    void fragmentsOfNoMessageAreForgotten() {
        establish();
        for (int i = 0; i < 10_000; i++) {
            say(data(tsn++, 2, 0, i % 3 == 0 ? "E" : "", Channels.PPID_BINARY, zeros(1_000)));
        }
        assertEquals(0, held());
        for (int i = 0; i < 10_000; i++) {
            say(data(tsn++, 2, 0, "B", Channels.PPID_BINARY, zeros(1_000)));
        }
        assertTrue(held() < 2_000, held() + " held");
        assertEquals(List.of(), side.messages);
        assertEquals("", side.ended);
    }

    @Test
    void fragmentsOfTwoStreamsAreNoMessage() {
        establish();
        say(data(tsn++, 2, 0, "B", Channels.PPID_BINARY, zeros(10)));
        say(data(tsn++, 4, 0, "E", Channels.PPID_BINARY, zeros(10)));
        assertTrue(side.ended.startsWith("SCTP: fragments"), side.ended);
    }

    @Test
    void aFloodOfChunksEndsTheAssociation() {
        establish();
        int sent = 0;
        while (side.ended.isEmpty()) {
            say(data(tsn++, 2, 0, "E", Channels.PPID_BINARY, zeros(1)));
            assertTrue(++sent <= Rate.BURST_SECONDS * Transfer.MAX_CHUNKS_PER_SECOND + 1);
        }
        assertEquals("SCTP: more than 20000 chunks a second", side.ended);
    }

    @Test
    void channelsAndStreamsAreBounded() {
        establish();
        for (int i = 0; i < 100; i++) {
            open(2 * i);
        }
        assertEquals(SctpAssociation.MAX_CHANNELS, side.channels.size());
        assertEquals("", side.ended);
        for (int i = 100; i < 10_000 && side.ended.isEmpty(); i++) {
            nowNanos += SctpLink.SECOND;
            open(2 * i);
        }
        assertFalse(side.ended.isEmpty(), "a peer that opens thousands is cut off");
    }

    @Test
    void sacksOfWhatWasNeverSentEndTheAssociation() {
        establish();
        open(2);
        long ours = answer(Chunk.Data.class).tsn();
        say(new Chunk.Sack(ours - 10, 1_000, List.of(), List.of()));
        assertEquals("", side.ended, "an old one is ignored");
        say(new Chunk.Sack(
                ours - 1, 1_000, List.of(new Chunk.Sack.Gap(1, 65_535), new Chunk.Sack.Gap(2, 9)), List.of()));
        assertEquals("", side.ended, "gaps beyond what was sent are ignored");
        say(new Chunk.Sack(ours + 1, 1_000, List.of(), List.of()));
        assertEquals("SCTP: SACK of a TSN that was not sent", side.ended);
    }

    @Test
    void forwardTsnsThatLieHarmOnlyThePeer() {
        establish();
        open(2);
        say(new Chunk.ForwardTsn(tsn + 1_000_000 & 0xFFFF_FFFFL, List.of(new Chunk.ForwardTsn.Skip(2, 30_000))));
        say(new Chunk.ForwardTsn(PEER_TSN, List.of(new Chunk.ForwardTsn.Skip(2, 0))));
        tsn += 1_000_001;
        say(data(tsn++, 2, 30_000, "BE", Channels.PPID_TEXT, Bytes.ofUtf8("dropped: it was before")));
        assertEquals(List.of(), side.messages);
        List<Chunk.ForwardTsn.Skip> skips = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            skips.add(new Chunk.ForwardTsn.Skip(i, 65_535 - i));
        }
        say(new Chunk.ForwardTsn(tsn + 5 & 0xFFFF_FFFFL, skips));
        assertEquals("SCTP: more than 256 streams", side.ended);
    }

    /// What a peer asks for that we do not do is denied, and what makes no sense is answered so.
    @Test
    void resetsThatLieAreAnswered() {
        establish();
        open(2);
        long sequence = PEER_TSN;
        for (int type : new int[] {
            Parameter.INCOMING_RESET_REQUEST,
            Parameter.ASSOCIATION_RESET_REQUEST,
            Parameter.ADD_OUTGOING_STREAMS,
            Parameter.ADD_INCOMING_STREAMS
        }) {
            said.clear();
            say(new Chunk.Reconfig(List.of(new Parameter(type, request(sequence++)))));
            int result =
                    answer(Chunk.Reconfig.class).parameters().getFirst().value().i32(4);
            assertEquals(StreamResets.DENIED, result);
        }
        say(new Chunk.Reconfig(List.of(new Parameter(Parameter.OUTGOING_RESET_REQUEST, request(sequence + 7)))));
        assertEquals(StreamResets.BAD_SEQUENCE, result());
        say(new Chunk.Reconfig(List.of(new Parameter(Parameter.RESPONSE, Bytes.ofHex("0000000100000001")))));
        say(new Chunk.Reconfig(List.of(new Parameter(99, Bytes.EMPTY))));
        assertEquals("", side.ended);
        assertEquals(List.of(), side.closed);
    }

    private static Bytes request(long sequence) {
        return new ByteWriter()
                .u32(sequence & 0xFFFF_FFFFL)
                .u32(0)
                .u32(0)
                .u16(2)
                .toBytes();
    }

    @Test
    void aResetThatOvertookItsDataWaits() {
        establish();
        open(2);
        Chunk reset = reset(PEER_TSN, tsn, 2);
        say(reset);
        assertEquals(StreamResets.IN_PROGRESS, result());
        assertEquals(List.of(), side.closed);
        said.clear();
        say(data(tsn++, 2, 1, "BE", Channels.PPID_TEXT, Bytes.ofUtf8("the last")));
        assertEquals(StreamResets.PERFORMED, result(), "without being asked again");
        assertEquals(List.of("c2: the peer closed it"), side.closed);
        said.clear();
        say(reset);
        assertEquals(StreamResets.PERFORMED, result());
        say(reset);
        assertEquals(StreamResets.PERFORMED, result(), "again the same answer");
        assertEquals(List.of("c2: the peer closed it"), side.closed);
        assertEquals(List.of("the last"), side.texts());
    }

    @Test
    void aResetThatWaitsIsNotForgottenForAnotherRequest() {
        establish();
        open(2);
        open(4);
        say(reset(PEER_TSN, tsn, 2));
        assertEquals(StreamResets.IN_PROGRESS, result());
        say(reset(PEER_TSN + 1, tsn - 1, 4));
        assertEquals(StreamResets.OTHER_IN_PROGRESS, result());
        said.clear();
        say(data(tsn++, 2, 1, "BE", Channels.PPID_TEXT, Bytes.ofUtf8("the last")));
        assertEquals(PEER_TSN & 0xFFFF_FFFFL, answered(), "the request that waited");
        assertEquals(List.of("c2: the peer closed it"), side.closed);
    }

    private static Chunk reset(long sequence, long lastTsn, int id) {
        Bytes request = new ByteWriter()
                .u32(sequence & 0xFFFF_FFFFL)
                .u32(0)
                .u32(lastTsn & 0xFFFF_FFFFL)
                .u16(id)
                .toBytes();
        return new Chunk.Reconfig(List.of(new Parameter(Parameter.OUTGOING_RESET_REQUEST, request)));
    }

    /// The request that the newest answer is to.
    private long answered() {
        return response().value().u32(0);
    }

    private int result() {
        return response().value().i32(4);
    }

    private Parameter response() {
        for (Chunk chunk : said.reversed()) {
            if (chunk instanceof Chunk.Reconfig reconfig
                    && reconfig.parameters().getFirst().type() == Parameter.RESPONSE) {
                return reconfig.parameters().getFirst();
            }
        }
        throw new AssertionError(said);
    }

    @Test
    void heartbeatsAreEchoedAndFloodsOfThemBounded() {
        establish();
        Bytes info = Bytes.ofHex("00010008 CAFEBABE");
        say(new Chunk.Heartbeat(false, info));
        assertEquals(new Chunk.Heartbeat(true, info), answer(Chunk.Heartbeat.class));
        said.clear();
        Chunk[] many = Collections.nCopies(SctpPacket.MAX_CHUNKS, new Chunk.Heartbeat(false, info))
                .toArray(Chunk[]::new);
        say(many);
        assertEquals(1, said.size(), "one of a kind in a packet");
    }

    @Test
    void malformedPacketsAreCountedByTheCallerAndChangeNothing() {
        establish();
        open(2);
        for (int length = 0; length < 16; length++) {
            Bytes cut = zeros(length);
            assertThrows(MalformedException.class, () -> association.receive(cut, nowNanos));
        }
        say(data(tsn++, 2, 1, "BE", Channels.PPID_TEXT, Bytes.ofUtf8("still here")));
        assertEquals(List.of("still here"), side.texts());
    }
}
