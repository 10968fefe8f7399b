package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tapedeck.bytes.Bytes;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.Rtcp;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.payload.Depacketizer;
import tapedeck.rtp.payload.Packetizer;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.rtp.sdp.SessionDescription;

/// AV1 and H.265 between ffmpeg's RTP and ours, in both directions: the same pictures, byte by byte.
@Tag("peer")
@Timeout(120)
class RtpPayloadsTest {
    private static final int SECONDS = 2;
    private static final int IDLE_MILLIS = 3_000;
    private static final long SSRC = 7;

    @TempDir
    Path folder;

    private Path made(String encoder) {
        Path file = folder.resolve("made." + (encoder.contains("av1") ? "ivf" : "flv"));
        String[] words = "-v error -f lavfi -i testsrc2=size=640x360:rate=30 -t %d -pix_fmt yuv420p -g 30 -c:v %s"
                .formatted(SECONDS, encoder)
                .split(" ");
        String[] arguments = Arrays.copyOf(words, words.length + 1);
        arguments[words.length] = file.toString();
        Ffmpeg.ffmpeg(arguments);
        return file;
    }

    private static List<Frame> read(Path file) {
        return file.toString().endsWith("ivf") ? TestMedia.ivf(file) : TestMedia.flv(file);
    }

    /// What a decoder sees of a frame: parameter sets, delimiters and the encoder's own words aside.
    private static List<Bytes> pictures(Frame frame) {
        return switch (frame.track().codec()) {
            case Codec.H265 _ ->
                H264.nalUnits(frame.data()).stream()
                        .filter(unit -> H265.isSlice(H265.nalUnitType(unit.u8(0))))
                        .toList();
            default -> List.of(frame.data());
        };
    }

    private static void assertSame(List<Frame> sent, List<Frame> received) {
        assertEquals(sent.size(), received.size());
        for (int i = 0; i < sent.size(); i++) {
            assertEquals(pictures(sent.get(i)), pictures(received.get(i)), "frame " + i);
            assertEquals(sent.get(i).keyframe(), received.get(i).keyframe(), "frame " + i);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "libx265 -preset ultrafast -x265-params bframes=2:log-level=none",
                "libaom-av1 -usage realtime -cpu-used 8 -strict experimental"
            })
    void everyPictureOfFfmpegArrives(String encoder) throws Exception {
        Path file = made(encoder);
        Path description = folder.resolve("a.sdp");
        List<Frame> received = new ArrayList<>();
        try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            socket.setReceiveBufferSize(4 << 20);
            socket.setSoTimeout(IDLE_MILLIS);
            String url = "rtp://127.0.0.1:%d?pkt_size=1200".formatted(socket.getLocalPort());
            Process ffmpeg = Ffmpeg.start(
                    "-re",
                    "-i",
                    file.toString(),
                    "-c",
                    "copy",
                    "-strict",
                    "experimental",
                    "-sdp_file",
                    description.toString(),
                    "-f",
                    "rtp",
                    url);
            try {
                take(socket, description, received);
            } finally {
                ffmpeg.destroyForcibly();
            }
        }
        assertSame(read(file), received);
    }

    /// Until the sender has been silent for a while.
    private static void take(DatagramSocket socket, Path description, List<Frame> frames) throws IOException {
        Depacketizer depacketizer = null;
        DatagramPacket datagram = new DatagramPacket(new byte[2_048], 2_048);
        int next = -1;
        for (int idle = 0; depacketizer == null ? idle < Await.DEADLINE_SECONDS * 1_000 : idle == 0; ) {
            try {
                socket.receive(datagram);
                idle = 0;
            } catch (SocketTimeoutException e) {
                idle += IDLE_MILLIS;
                continue;
            }
            RtpPacket packet = RtpPacket.parse(Bytes.wrap(Arrays.copyOf(datagram.getData(), datagram.getLength())));
            if (depacketizer == null) {
                depacketizer = Depacketizer.of(format(description));
            } else {
                assertEquals(next, packet.sequenceNumber(), "nothing is lost on the loopback");
            }
            next = packet.sequenceNumber() + 1 & 0xFFFF;
            depacketizer.packet(
                    packet.payload(), packet.timestamp(), packet.marker(), (codec, time, keyframe, data) -> {
                        long nanos = time * 100_000 / 9;
                        frames.add(new Frame(new Track(Track.VIDEO, codec), nanos, nanos, keyframe, data));
                    });
        }
        assertTrue(depacketizer != null, "packets came");
        assertEquals(0, depacketizer.missingFrames());
    }

    private static PayloadFormat format(Path description) throws IOException {
        String text = Files.readString(description);
        SessionDescription session = SessionDescription.parse(text.substring(text.indexOf("v=0")));
        return session.media().getFirst().payloadFormats().getFirst();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "libx265 -preset ultrafast -x265-params bframes=0:log-level=none",
                "libaom-av1 -usage realtime -cpu-used 8 -strict experimental"
            })
    void ffmpegTakesEveryPictureOfOurs(String encoder) throws Exception {
        List<Frame> sent = read(made(encoder));
        Codec codec = sent.getFirst().track().codec();
        int port = Listening.freePort();
        Path description = folder.resolve("ours.sdp");
        String name = codec instanceof Codec.H265 ? "H265" : "AV1";
        Files.writeString(
                description,
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video %d RTP/AVP 96\r\na=rtpmap:96 %s/90000\r\n"
                        .formatted(port, name));
        Path taken = folder.resolve(codec instanceof Codec.H265 ? "taken.flv" : "taken.ivf");
        Process ffmpeg = Ffmpeg.start(
                "-protocol_whitelist",
                "file,udp,rtp",
                "-i",
                description.toString(),
                "-c",
                "copy",
                "-y",
                taken.toString());
        try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            Listening.await("udp", port, ffmpeg);
            send(socket, sent, codec, port);
            assertTrue(ffmpeg.waitFor(Await.DEADLINE_SECONDS, TimeUnit.SECONDS), "ffmpeg ends with our BYE");
        } finally {
            ffmpeg.destroyForcibly();
        }
        assertSame(sent, read(taken));
    }

    /// At twice the speed of the pictures, and BYE at the end.
    private static void send(DatagramSocket socket, List<Frame> frames, Codec codec, int port) throws Exception {
        InetSocketAddress to = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        Packetizer packetizer = Packetizer.of(codec, Packetizer.USUAL_PAYLOAD_BYTES);
        int sequence = 0;
        for (Frame frame : frames) {
            List<RtpPacket> packets = new ArrayList<>();
            int first = sequence;
            packetizer.packetize(
                    frame,
                    (header, body, marker) -> packets.add(RtpPacket.of(
                            96,
                            marker,
                            first + packets.size() & 0xFFFF,
                            frame.ptsNanos() / 100_000 * 9 & 0xFFFF_FFFFL,
                            SSRC,
                            List.of(),
                            Packetizer.joined(header, body))));
            sequence += packets.size();
            for (RtpPacket packet : packets) {
                byte[] bytes = packet.bytes().toByteArray();
                socket.send(new DatagramPacket(bytes, bytes.length, to));
            }
            TimeUnit.MILLISECONDS.sleep(16);
        }
        byte[] bye = Rtcp.write(List.of(new Rtcp.ReceiverReport(SSRC, List.of()), new Rtcp.Goodbye(List.of(SSRC), "")))
                .toByteArray();
        socket.send(new DatagramPacket(bye, bye.length, InetAddress.getLoopbackAddress(), port + 1));
    }
}
