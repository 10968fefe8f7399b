package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tapedeck.faults.StallingPublisher.Way;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FirstBytes;
import tapedeck.peers.FlvFile;
import tapedeck.peers.webrtc.Feed;
import tapedeck.peers.webrtc.Fleet;
import tapedeck.peers.webrtc.Publisher;

/// M7, C2: what begins every protocol, in a datagram of a stranger's to every UDP port while streams come by it: of
/// MPEG-TS, of WebRTC, those of an RTSP publisher and of plain RTP. Each is counted, said in as few lines as the port
/// has for it, and the streams lose nothing. A round is each of them once.
final class StrayDatagrams {
    private static final int SECONDS = 120;
    /// So that the streams go on between two of them.
    private static final long PAUSE_MILLIS = 150;
    /// UdpPeers.LOG_NANOS and PeerPort.REPORT_NANOS.
    private static final double TS_LOG_SECONDS = 1;

    private static final double WEBRTC_LOG_SECONDS = 10;
    /// Of what the log rounds.
    private static final double ROUNDED_SECONDS = 0.005;

    private static final int DATAGRAM_BYTES = 1_316;
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS");
    private static final Pattern RTP_PORT = Pattern.compile("m=video (\\d+) ");

    private final NetworkScene network;
    private final Scene scene;
    private final List<FlvFile.Tag> tags = Clip.tags(SECONDS);
    private final Path folder;
    private final Map<String, Integer> ports = new LinkedHashMap<>();
    private int sentToEach;

    private StrayDatagrams(NetworkScene network, Path folder) {
        this.network = network;
        this.scene = new Scene(network.server);
        this.folder = folder;
    }

    static void run(Trial trial) throws Exception {
        try (NetworkScene network = new NetworkScene(
                trial,
                "stray",
                "record_rtsp_streams=true",
                "record_other_streams=mpegts,rtp",
                "record_mp4_audio=copy")) {
            new StrayDatagrams(network, trial.folder("stray")).run(trial, Math.max(1, trial.rounds()));
        }
    }

    private void run(Trial trial, int rounds) throws Exception {
        long start = System.nanoTime();
        Feed feed = NetworkScene.h264();
        try (StallingPublisher ts = new StallingPublisher(scene.server, Way.TS_UDP, "ts", tags, start);
                StallingPublisher rtsp = new StallingPublisher(scene.server, Way.RTSP_UDP, "rtsp", tags, start)) {
            ts.start();
            rtsp.start();
            Publisher webRtc = network.publish("webrtc", Fleet.Options.PLAIN, feed, NetworkScene.opus());
            webRtc.start();
            Process rtp = sendRtp();
            try {
                Scene.await(
                        "four streams", () -> scene.rest("stream/find_all", "").size() == 4);
                ports.put("MPEG-TS", scene.server.port("MPEG-TS"));
                ports.put("WebRTC", scene.server.port("WebRTC"));
                rtsp.serverPorts().forEach(port -> ports.put("RTSP " + port, port));
                ports.put("RTP control", ports.get("RTP") + 1);
                Scene.await("packets at each of them", () -> scene.growing() == 4);
                for (int round = 0; round < rounds; round++) {
                    for (byte[] bytes : FirstBytes.ALL.values()) {
                        sendToAll(bytes);
                        Scene.run(PAUSE_MILLIS);
                    }
                }
                // What was not said yet is said with the next.
                Scene.run((long) (TS_LOG_SECONDS * 2_000));
                sendToAll(FirstBytes.ALL.get("noise"));
                Scene.await(
                        "what WebRTC says of them",
                        () -> sum(lines("WebRTC port: (\\d+) datagrams that belong to nobody.*")) >= sentToEach);
                int sent = (int) (Math.min(ts.sentNanos(), rtsp.sentNanos()) / 1_000_000 / Clip.FRAME_MILLIS);
                ts.end();
                rtsp.stop();
                rtsp.join();
                rtsp.end();
                network.end(webRtc);
                rtp.destroy();
                Scene.await(
                        "all to end", () -> scene.rest("stream/find_all", "").isEmpty());
                Scene.await("files", () -> scene.rest("recorder/find_all", "").isEmpty());
                judge(trial, webRtc, feed, sent, rounds);
            } finally {
                rtp.destroyForcibly();
            }
        }
    }

    /// ffmpeg sends to an endpoint that REST opens.
    private Process sendRtp() throws Exception {
        String opened = scene.rest("rtp/startup", "{\"streamName\": \"rtp\", \"host\": \"127.0.0.1\"}")
                .path("sdp")
                .stringValue();
        Matcher port = RTP_PORT.matcher(opened);
        assertTrue(port.find(), opened);
        ports.put("RTP", Integer.parseInt(port.group(1)));
        Path flv = folder.resolve("sent.flv");
        Files.write(flv, new FlvFile(tags).toBytes().toByteArray());
        return new ProcessBuilder(
                        Ffmpeg.ffmpeg(),
                        "-nostdin",
                        "-v",
                        "error",
                        "-re",
                        "-i",
                        flv.toString(),
                        "-an",
                        "-c",
                        "copy",
                        "-bsf:v",
                        "h264_mp4toannexb",
                        "-f",
                        "rtp",
                        "-payload_type",
                        "96",
                        "rtp://127.0.0.1:" + port.group(1))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("rtp.log").toFile())
                .start();
    }

    private void sendToAll(byte[] bytes) throws Exception {
        byte[] some = Arrays.copyOf(bytes, Math.min(bytes.length, DATAGRAM_BYTES));
        for (int port : ports.values()) {
            try (DatagramSocket stranger = new DatagramSocket()) {
                stranger.send(new DatagramPacket(some, some.length, InetAddress.getLoopbackAddress(), port));
            }
        }
        sentToEach++;
    }

    private List<Matcher> lines(String what) {
        Pattern line = Pattern.compile("(?<time>\\S+ \\S+) .*?" + what);
        List<Matcher> found = new ArrayList<>();
        for (String said : scene.server.log()) {
            Matcher matcher = line.matcher(said);
            if (matcher.matches()) {
                found.add(matcher);
            }
        }
        return found;
    }

    private static int sum(List<Matcher> lines) {
        return lines.stream().mapToInt(line -> Integer.parseInt(line.group(2))).sum();
    }

    /// That all of them are said, and not more often than this.
    private static int said(String port, List<Matcher> lines, int junk, double seconds) {
        assertEquals(junk, sum(lines), port);
        for (int i = 1; i < lines.size(); i++) {
            Duration since = Duration.between(
                    LocalDateTime.parse(lines.get(i - 1).group("time"), TIME),
                    LocalDateTime.parse(lines.get(i).group("time"), TIME));
            assertTrue(
                    since.toMillis() / 1e3 >= seconds - ROUNDED_SECONDS, port + " says something again after " + since);
        }
        return lines.size();
    }

    private void judge(Trial trial, Publisher webRtc, Feed feed, int sent, int rounds) throws Exception {
        // Packets without pictures are a transport stream, of somebody who has nothing to show.
        List<Matcher> others = lines("mpegts (127.0.0.1:\\d+): ended: .*");
        assertEquals(rounds, others.size(), scene.server.log()::toString);
        int ts = said(
                "MPEG-TS", lines("mpegts udp: (\\d+) datagrams are not taken.*"), sentToEach - rounds, TS_LOG_SECONDS);
        int webRtcLines = said(
                "WebRTC",
                lines("WebRTC port: (\\d+) datagrams that belong to nobody.*"),
                sentToEach,
                WEBRTC_LOG_SECONDS);
        long rtspPorts =
                ports.keySet().stream().filter(name -> name.startsWith("RTSP")).count();
        assertEquals(
                1, said("RTSP", lines("rtsp .* (\\d+) datagrams of strangers.*"), (int) rtspPorts * sentToEach, 0));
        assertEquals(
                1, said("RTP", lines("rtp \"rtp\" ended: .*\\((\\d+) datagrams of strangers\\)"), 2 * sentToEach, 0));
        List<FlvFile.Tag> pictures = Scene.pictures(tags, Integer.MAX_VALUE);
        Scene.inPlace(RecordedFile.read(network.recording("ts")), pictures, 1);
        Scene.inPlace(RecordedFile.read(network.recording("rtsp")), pictures, Pictures.CORRECTED_MILLIS);
        Scene.inPlace(RecordedFile.read(network.recording("rtp")), pictures, Pictures.CORRECTED_MILLIS);
        int kept = RecordedFile.read(network.recording("ts")).video().size();
        assertTrue(kept >= sent, "%d pictures of %d".formatted(kept, sent));
        Pictures seen = Pictures.of(
                network.recording("webrtc"),
                webRtc,
                feed,
                0,
                network.fleet.away().stoodStillMillis());
        assertEquals(0, seen.missing() + seen.wrong(), seen.toString());
        trial.result(
                "%d datagrams of strangers to each of %d ports: counted to the last, in %d lines of MPEG-TS, %d of WebRTC, 1"
                        + " of RTSP, 1 of RTP; nothing missing of %d pictures by MPEG-TS; by WebRTC %s",
                sentToEach, ports.size(), ts, webRtcLines, kept, seen);
    }
}
