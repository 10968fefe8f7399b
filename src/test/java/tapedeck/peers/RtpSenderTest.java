package tapedeck.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tapedeck.bytes.Bytes;
import tapedeck.codec.h264.H264;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.rtp.PeerClock;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.RtpReceiver;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.rtp.sdp.SessionDescription;

/// A sender that nobody here wrote: ffmpeg's RTP over loopback, described by ffmpeg's SDP.
@Tag("peer")
class RtpSenderTest {
    private static final long IDLE_MILLIS = 3000;
    private static final long SECOND = 1_000_000_000L;

    @TempDir
    Path folder;

    @Test
    void everyAccessUnitOfH264Arrives() throws Exception {
        Path file = folder.resolve("a.flv");
        Ffmpeg.ffmpeg(
                "-v",
                "error",
                "-f",
                "lavfi",
                "-i",
                "testsrc2=size=640x360:rate=30",
                "-t",
                "2",
                "-c:v",
                "libx264",
                "-bf",
                "0",
                "-g",
                "30",
                "-pix_fmt",
                "yuv420p",
                file.toString());
        List<Frame> sent = TestMedia.flv(file);
        List<Frame> received = receive("-re", "-i", file.toString(), "-c", "copy");
        assertEquals(sent.size(), received.size());
        for (int i = 0; i < sent.size(); i++) {
            assertEquals(pictures(sent.get(i)), pictures(received.get(i)), "frame " + i);
            assertEquals(sent.get(i).keyframe(), received.get(i).keyframe());
            long media = sent.get(i).ptsNanos() - sent.getFirst().ptsNanos();
            long stream = received.get(i).ptsNanos() - received.getFirst().ptsNanos();
            assertTrue(Math.abs(media - stream) < SECOND, "frame %d at %d, not %d".formatted(i, stream, media));
        }
        Codec.H264 codec = (Codec.H264) received.getFirst().track().codec();
        assertEquals(640, codec.width());
        assertEquals(360, codec.height());
    }

    @Test
    void everyFrameOfVp8Arrives() throws Exception {
        List<Frame> received = receive(
                "-re",
                "-f",
                "lavfi",
                "-i",
                "testsrc2=size=640x360:rate=30",
                "-frames:v",
                "60",
                "-c:v",
                "libvpx",
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
                "-g",
                "30",
                "-b:v",
                "2M");
        assertEquals(60, received.size());
        assertEquals(new Codec.Vp8(640, 360), received.getFirst().track().codec());
    }

    @Test
    void everyPacketOfOpusArrives() throws Exception {
        List<Frame> received =
                receive("-re", "-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "2", "-c:a", "libopus", "-ac", "2");
        assertTrue(received.size() >= 100 && received.size() <= 101, received.size() + " frames");
    }

    /// Parameter sets, delimiters and the encoder's own words aside.
    private static List<Bytes> pictures(Frame frame) {
        return H264.nalUnits(frame.data()).stream()
                .filter(unit -> List.of(1, 5).contains(unit.u8(0) & 31))
                .toList();
    }

    private List<Frame> receive(String... input) throws IOException, InterruptedException {
        Path description = folder.resolve("a.sdp");
        List<Frame> frames = new ArrayList<>();
        try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            socket.setReceiveBufferSize(4 << 20);
            socket.setSoTimeout(100);
            List<String> arguments = new ArrayList<>(List.of(input));
            arguments.addAll(List.of(
                    "-sdp_file",
                    description.toString(),
                    "-f",
                    "rtp",
                    "rtp://127.0.0.1:%d?pkt_size=1200".formatted(socket.getLocalPort())));
            Process ffmpeg = Ffmpeg.start(arguments.toArray(String[]::new));
            try {
                pump(socket, description, frames);
                assertTrue(ffmpeg.waitFor(Await.DEADLINE_SECONDS, TimeUnit.SECONDS), "ffmpeg ends");
            } finally {
                ffmpeg.destroyForcibly();
            }
        }
        return frames;
    }

    /// Until the sender has been silent for a while.
    private static void pump(DatagramSocket socket, Path description, List<Frame> frames) throws IOException {
        RtpReceiver receiver = null;
        DatagramPacket datagram = new DatagramPacket(new byte[2048], 2048);
        long deadline = System.nanoTime() + 60 * SECOND;
        long lastPacket = Long.MAX_VALUE;
        long now = System.nanoTime();
        while (now < deadline && (lastPacket == Long.MAX_VALUE || now - lastPacket < IDLE_MILLIS * 1_000_000)) {
            try {
                socket.receive(datagram);
                now = System.nanoTime();
                lastPacket = now;
                if (receiver == null) {
                    receiver = receiver(description);
                }
                receiver.receive(
                        RtpPacket.parse(Bytes.wrap(Arrays.copyOf(datagram.getData(), datagram.getLength()))), now);
            } catch (SocketTimeoutException _) {
                now = System.nanoTime();
            }
            if (receiver != null) {
                receiver.poll(now, frames::add);
            }
        }
        assertEquals(
                0, receiver.statistics().missingFrames(), receiver.statistics().toString());
        assertEquals(0, receiver.statistics().malformed());
    }

    private static RtpReceiver receiver(Path description) throws IOException {
        String text = Files.readString(description);
        int start = text.indexOf("v=0");
        SessionDescription session = SessionDescription.parse(text.substring(start));
        List<PayloadFormat> formats = session.media().getFirst().payloadFormats();
        return new RtpReceiver(new RtpReceiver.Options(1, 1), formats, new PeerClock(System.nanoTime()));
    }
}
