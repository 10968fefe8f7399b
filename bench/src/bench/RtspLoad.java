package bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Publishes what [RtspCapture] took N times by RTSP over TCP, at the speed of its RTP clocks:
/// `java bench.RtspLoad PORT STREAMS DESCRIPTION PACKETS VIDEO AUDIO`, the last two being the packets of the media.
final class RtspLoad {
    private static final Pattern CLOCK = Pattern.compile("a=rtpmap:\\d+ [^/]+/(\\d+)");
    private static final int FRAME_HEAD = 4;

    private final int port;
    private final String description;
    private final int tracks;

    private RtspLoad(int port, String description, int tracks) {
        this.port = port;
        this.description = description;
        this.tracks = tracks;
    }

    public static void main(String[] arguments) throws IOException {
        String description = Files.readString(Path.of(arguments[2]));
        List<Integer> clocks = new ArrayList<>();
        for (Matcher matcher = CLOCK.matcher(description); matcher.find(); ) {
            clocks.add(Integer.parseInt(matcher.group(1)));
        }
        PacedClip clip = read(Files.readAllBytes(Path.of(arguments[3])), clocks);
        RtspLoad load = new RtspLoad(Integer.parseInt(arguments[0]), description, clocks.size());
        boolean complete =
                clip.send(Integer.parseInt(arguments[1]), load::open, load::leave, arguments[4], arguments[5]);
        System.exit(complete ? 0 : 1);
    }

    private static PacedClip read(byte[] file, List<Integer> clocks) {
        PacedClip clip = new PacedClip(file.length);
        long[] first = new long[clocks.size()];
        boolean[] begun = new boolean[clocks.size()];
        ByteBuffer in = ByteBuffer.wrap(file);
        while (in.hasRemaining()) {
            int at = in.position();
            int track = file[at + 1] / 2;
            int length = FRAME_HEAD + (in.getShort(at + 2) & 0xFFFF);
            long timestamp = in.getInt(at + FRAME_HEAD + 4) & 0xFFFF_FFFFL;
            if (!begun[track]) {
                begun[track] = true;
                first[track] = timestamp;
            }
            // RFC 3550 5.1: it wraps.
            clip.due((timestamp - first[track] & 0xFFFF_FFFFL) * 1_000_000_000 / clocks.get(track));
            clip.add(file, at, length);
            in.position(at + length);
        }
        return clip;
    }

    private String url(int number) {
        return "rtsp://127.0.0.1:%d/live/stream-%d".formatted(port, number);
    }

    private SocketChannel open(int number) throws IOException {
        SocketChannel channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
        ask(channel, "ANNOUNCE", url(number), 1, "Content-Type: application/sdp\r\n", description);
        String session = "";
        for (int i = 0; i < tracks; i++) {
            String transport = "Transport: RTP/AVP/TCP;unicast;interleaved=%d-%d;mode=record\r\n".formatted(2 * i, 2 * i + 1);
            String answer =
                    ask(channel, "SETUP", url(number) + "/streamid=" + i, 2 + i, transport + session, "");
            Matcher matcher = Pattern.compile("(?i)Session: *([^;\r\n]+)").matcher(answer);
            session = matcher.find() ? "Session: %s\r\n".formatted(matcher.group(1)) : "";
        }
        ask(channel, "RECORD", url(number), 2 + tracks, session, "");
        return channel;
    }

    private static String ask(
            SocketChannel channel, String method, String url, int number, String headers, String body)
            throws IOException {
        String request = "%s %s RTSP/1.0\r\nCSeq: %d\r\n%sContent-Length: %d\r\n\r\n%s"
                .formatted(method, url, number, headers, body.getBytes(StandardCharsets.UTF_8).length, body);
        ByteBuffer out = StandardCharsets.UTF_8.encode(request);
        while (out.hasRemaining()) {
            channel.write(out);
        }
        ByteBuffer in = ByteBuffer.allocate(8192);
        String answer = "";
        while (!answer.contains("\r\n\r\n")) {
            if (channel.read(in) < 0) {
                throw new IOException("%s: the server closed the connection".formatted(method));
            }
            answer = StandardCharsets.UTF_8.decode(in.duplicate().flip()).toString();
        }
        if (!answer.startsWith("RTSP/1.0 200")) {
            throw new IOException("%s: %s".formatted(method, answer.lines().findFirst().orElse("")));
        }
        return answer;
    }

    /// The end of the connection would do; this is how ffmpeg leaves.
    private void leave(SocketChannel channel) throws IOException {
        String request = "TEARDOWN rtsp://127.0.0.1:%d/ RTSP/1.0\r\nCSeq: %d\r\n\r\n".formatted(port, 3 + tracks);
        channel.write(StandardCharsets.US_ASCII.encode(request));
    }
}
