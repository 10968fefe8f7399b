package tapedeck.peers;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/// What begins every protocol, and what begins none, by name.
public final class FirstBytes {
    public static final Map<String, byte[]> ALL = all();

    private FirstBytes() {}

    private static Map<String, byte[]> all() {
        Map<String, byte[]> all = new LinkedHashMap<>();
        byte[] hello = new byte[1 + 1536];
        hello[0] = 3;
        all.put("RTMP", hello);
        all.put("RTMPT", text("POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n "));
        all.put("RTSP", text("OPTIONS rtsp://127.0.0.1/live/a RTSP/1.0\r\nCSeq: 1\r\n\r\n"));
        all.put("RTSP, interleaved", hex("2400000c80600001000000000000000b"));
        all.put("HTTP", text("GET /none HTTP/1.1\r\nHost: a\r\n\r\n"));
        all.put("HTTP/2", text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
        all.put(
                "WebSocket",
                text("GET /ingest/a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"));
        all.put("TLS", hex("16030100c2010000be0303" + "5a".repeat(190)));
        byte[] packets = new byte[10 * 188];
        for (int i = 0; i < packets.length; i += 188) {
            packets[i] = 0x47;
            packets[i + 1] = 0x1f;
            packets[i + 2] = (byte) 0xff;
            packets[i + 3] = 0x10;
        }
        all.put("MPEG-TS", packets);
        all.put("FLV", hex("464c5601050000000900000000"));
        all.put("WebM", hex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d"));
        all.put("MP4", hex("0000001c6674797069736f6d0000020069736f6d69736f32"));
        all.put("JSON", text("{\"command\":\"version\"}\n"));
        all.put("STUN", hex("000100002112a442" + "01".repeat(12)));
        all.put("STUN over TCP", hex("0014000100002112a442" + "01".repeat(12)));
        all.put("DTLS", hex("16fefd0000000000000000002c0100002000000000000000" + "00".repeat(32)));
        all.put("RTP", hex("8060000100000000000000ff" + "11".repeat(100)));
        all.put("RTCP", hex("80c80006000000ff" + "00".repeat(20)));
        all.put("SRT", hex("80000000" + "00".repeat(44)));
        all.put("nothing", new byte[0]);
        byte[] noise = new byte[4_000];
        new Random(1).nextBytes(noise);
        all.put("noise", noise);
        return Collections.unmodifiableMap(all);
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }
}
