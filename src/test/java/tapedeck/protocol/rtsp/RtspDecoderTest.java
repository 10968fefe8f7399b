package tapedeck.protocol.rtsp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.peers.Fuzz;

/// A peer's bytes, however they come and whatever they are.
class RtspDecoderTest {
    private static final String SDP = "v=0\r\ns=a\r\nm=video 0 RTP/AVP 96\r\n";

    /// One of each kind of message, with what real clients do to them.
    private static Bytes conversation() {
        ByteWriter out = new ByteWriter();
        out.ascii("OPTIONS rtsp://h/live/a RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: Lavf\r\n\r\n");
        out.ascii(
                "ANNOUNCE rtsp://h/live/a RTSP/1.0\r\nContent-Type: application/sdp\r\nCSeq: 2\r\nContent-Length: %d\r\n\r\n%s"
                        .formatted(SDP.length(), SDP));
        out.ascii("\r\n");
        out.u8('$').u8(0).u16(5).ascii("RTSP\n");
        out.u8('$').u8(1).u16(0);
        out.ascii(
                "SETUP rtsp://h/live/a/x RTSP/1.0\ncseq:3\nTransport: RTP/AVP/TCP;\n interleaved=0-1\nX: 1\nX: 2\n\n");
        out.u8('$').u8(255).u16(3000).zeros(3000);
        out.ascii("RTSP/1.0 200 OK\r\nCSeq: 9\r\nContent-Length: 2\r\n\r\nok");
        out.ascii("GET_PARAMETER * RTSP/1.0\rCSeq: 4\r\r");
        out.ascii("TEARDOWN * RTSP/1.0\r\nCSeq: 5\r\n\r\n");
        return out.toBytes();
    }

    /// Packets are lent.
    private static RtspMessage kept(RtspMessage message) {
        return message instanceof RtspMessage.Interleaved(int channel, Bytes packet)
                ? new RtspMessage.Interleaved(channel, packet.copy())
                : message;
    }

    private static List<RtspMessage> decoded(Bytes bytes, Random cuts) {
        List<RtspMessage> messages = new ArrayList<>();
        RtspDecoder decoder = new RtspDecoder(message -> messages.add(kept(message)));
        for (int at = 0; at < bytes.length(); ) {
            int next = Math.min(bytes.length(), at + 1 + cuts.nextInt(40));
            decoder.decode(Unpooled.wrappedBuffer(bytes.slice(at, next).toByteArray()));
            at = next;
        }
        return messages;
    }

    private static List<RtspMessage> whole(Bytes bytes) {
        List<RtspMessage> messages = new ArrayList<>();
        new RtspDecoder(message -> messages.add(kept(message))).decode(Unpooled.wrappedBuffer(bytes.toByteArray()));
        return messages;
    }

    private static List<RtspMessage> whole(String text) {
        return whole(Bytes.ofUtf8(text));
    }

    @Test
    void everyMessageIsReadAsItWasMeant() {
        List<RtspMessage> messages = whole(conversation());
        assertEquals(
                List.of(
                        new RtspMessage.Request(
                                "OPTIONS",
                                "rtsp://h/live/a",
                                "1.0",
                                Map.of("cseq", "1", "user-agent", "Lavf"),
                                Bytes.EMPTY),
                        new RtspMessage.Request(
                                "ANNOUNCE",
                                "rtsp://h/live/a",
                                "1.0",
                                Map.of(
                                        "cseq",
                                        "2",
                                        "content-type",
                                        "application/sdp",
                                        "content-length",
                                        "" + SDP.length()),
                                Bytes.ofUtf8(SDP)),
                        new RtspMessage.Interleaved(0, Bytes.ofUtf8("RTSP\n")),
                        new RtspMessage.Request(
                                "SETUP",
                                "rtsp://h/live/a/x",
                                "1.0",
                                Map.of("cseq", "3", "transport", "RTP/AVP/TCP; interleaved=0-1", "x", "1, 2"),
                                Bytes.EMPTY),
                        new RtspMessage.Interleaved(255, Bytes.wrap(new byte[3000])),
                        new RtspMessage.Answer(
                                200, "OK", Map.of("cseq", "9", "content-length", "2"), Bytes.ofUtf8("ok")),
                        new RtspMessage.Request("GET_PARAMETER", "*", "1.0", Map.of("cseq", "4"), Bytes.EMPTY),
                        new RtspMessage.Request("TEARDOWN", "*", "1.0", Map.of("cseq", "5"), Bytes.EMPTY)),
                messages);
    }

    @Test
    void tornBytesMakeTheSameMessages() {
        List<RtspMessage> expected = whole(conversation());
        Random oneByOne = new Random() {
            @Override
            public int nextInt(int bound) {
                return 0;
            }
        };
        assertEquals(expected, decoded(conversation(), oneByOne));
        for (int seed = 0; seed < 200; seed++) {
            assertEquals(expected, decoded(conversation(), new Random(seed)), "seed " + seed);
        }
    }

    @Test
    void whatIsCutAnywhereIsNoMessageMore() {
        Bytes all = conversation();
        List<RtspMessage> expected = whole(all);
        for (int end = 0; end < all.length(); end++) {
            List<RtspMessage> cut = whole(all.slice(0, end));
            assertEquals(expected.subList(0, cut.size()), cut, "cut at " + end);
            assertTrue(cut.size() < expected.size(), "cut at " + end);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
                "\u0016\u0003\u0001",
                "\u0003abc",
                "G\u0040\u0011\u0010",
                "FLV\u0001\u0005",
                "OPTIONS * RTSP/1.0\r\nno colon\r\n\r\n",
                "OPTIONS * RTSP/1.0\r\n folded\r\n\r\n",
                "OPTIONS *\r\n\r\n",
                "OPTIONS * SIP/2.0\r\n\r\n",
                "OP\u0000TIONS",
                "A * RTSP/1.0\r\nContent-Length: 65537\r\n\r\n",
                "A * RTSP/1.0\r\nContent-Length: 2147483648\r\n\r\n",
                "A * RTSP/1.0\r\nContent-Length: -1\r\n\r\n",
                "A * RTSP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                "A * RTSP/1.0\r\nCSeq: 1\r\nCSeq: 1\r\n\r\n",
                "RTSP/1.0 twenty OK\r\n\r\n"
            })
    void whatIsNoRtspIsRefused(String text) {
        assertThrows(MalformedException.class, () -> whole(text));
    }

    /// What is said goes to the log.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "DESCRIBE rtsp://h/live/a?password=secret SIP/2.0\r\n\r\n",
                "DESCRIBE rtsp://h/live/a?password=secret\r\n\r\n",
                "secret\r\n\r\n",
                "DESCRIBE rtsp://h/a b?password=secret RTSP/1.0\r\n\r\n",
                "DESCRIBE * RTSP/1.0\r\nAuthorization Basic secret\r\n\r\n",
                "DESCRIBE * RTSP/1.0\r\n: secret\r\n\r\n",
                "DESCRIBE * RTSP/1.0\r\nContent-Length: secret\r\n\r\n",
                "RTSP/1.0 secret\r\n\r\n",
                "RTSP/secret\r\nContent-Length: 1\r\n\r\nx"
            })
    void nothingOfABadMessageIsSaid(String text) {
        String said = assertThrows(MalformedException.class, () -> whole(text)).getMessage();
        assertFalse(said.contains("secret"), said);
    }

    @Test
    void limitsAreExact() {
        String start = "A * RTSP/1.0\r\nX: ";
        String end = "\r\n\r\n";
        int room = RtspDecoder.MAX_HEAD_BYTES - start.length() - end.length();
        assertEquals(1, whole(start + "x".repeat(room) + end).size());
        assertThrows(MalformedException.class, () -> whole(start + "x".repeat(room + 1) + end));
        String headers = "X: 1\r\n".repeat(RtspDecoder.MAX_HEADERS);
        assertEquals(1, whole("A * RTSP/1.0\r\n" + headers + "\r\n").size());
        assertThrows(MalformedException.class, () -> whole("A * RTSP/1.0\r\n" + headers + "X: 1\r\n\r\n"));
        assertEquals(0, whole("\n".repeat(RtspDecoder.MAX_EMPTY_BYTES)).size());
        assertThrows(MalformedException.class, () -> whole("\n".repeat(RtspDecoder.MAX_EMPTY_BYTES + 1)));
        String body = "A * RTSP/1.0\r\nContent-Length: " + RtspDecoder.MAX_BODY_BYTES + "\r\n\r\n";
        assertEquals(1, whole(body + "x".repeat(RtspDecoder.MAX_BODY_BYTES)).size());
    }

    @Test
    void nothingButMalformedLeavesTheDecoder() {
        Random random = new Random(5);
        Fuzz.parser(List.of(conversation()), List.of(), bytes -> decoded(bytes, random));
    }

    @Test
    void nothingButMalformedLeavesTheParserOfTransports() {
        Fuzz.parser(
                List.of(
                        Bytes.ofUtf8("RTP/AVP/TCP;unicast;interleaved=0-1"),
                        Bytes.ofUtf8("RTP/AVP;unicast;client_port=5000-5001;mode=RECORD")),
                List.of(),
                bytes -> TransportHeader.best(bytes.toUtf8()));
    }

    @Test
    void nothingButMalformedLeavesTheParserOfAddresses() {
        Fuzz.parser(
                List.of(Bytes.ofUtf8("rtsp://h:1/live/a%20b?token=x/track")),
                List.of(),
                bytes -> RtspAddress.parse(bytes.toUtf8()).played());
    }
}
