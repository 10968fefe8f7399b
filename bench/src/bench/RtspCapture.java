package bench;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.Loader;

/// What the bundled ffmpeg sends by RTSP over TCP: its description, and its RTP packets in RFC 2326 10.12 frames. Its
/// reports are left out, for their times would be those of the capture.
final class RtspCapture {
    private static final int VIDEO_CHANNEL = 0;
    private static final int RTP_HEADER = 12;

    private final Path description;
    private final OutputStream rtp;
    private long pictures;
    private long sounds;

    private RtspCapture(Path description, OutputStream rtp) {
        this.description = description;
        this.rtp = rtp;
    }

    /// What was sent: ffmpeg keeps the last frames of AAC that do not fill a packet.
    record Sent(long video, long audio) {}

    /// @param media H.264 and AAC, which is sent as fast as it can be
    static Sent capture(Path media, Path description, Path packets) throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Process ffmpeg = new ProcessBuilder(
                            Loader.load(org.bytedeco.ffmpeg.ffmpeg.class), "-v", "error", "-nostdin", "-i",
                            media.toString(), "-c", "copy", "-f", "rtsp", "-rtsp_transport", "tcp",
                            "rtsp://127.0.0.1:%d/live/clip".formatted(listener.getLocalPort()))
                    .inheritIO()
                    .start();
            try (Socket socket = listener.accept();
                    OutputStream rtp = new BufferedOutputStream(Files.newOutputStream(packets), 1 << 20)) {
                RtspCapture capture = new RtspCapture(description, rtp);
                capture.serve(socket);
                if (ffmpeg.waitFor() != 0) {
                    throw new IOException("the bundled ffmpeg could not send by RTSP");
                }
                return new Sent(capture.pictures, capture.sounds);
            }
        }
    }

    private void serve(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
        while (true) {
            int first = in.read();
            if (first < 0) {
                return;
            }
            if (first == '$') {
                int channel = in.readUnsignedByte();
                byte[] packet = in.readNBytes(in.readUnsignedShort());
                if (channel % 2 == 0) {
                    keep(channel, packet);
                }
                continue;
            }
            String request = (char) first + line(in);
            Map<String, String> headers = new HashMap<>();
            for (String line = line(in); !line.isEmpty(); line = line(in)) {
                int colon = line.indexOf(':');
                headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).trim());
            }
            byte[] body = in.readNBytes(Integer.parseInt(headers.getOrDefault("content-length", "0")));
            if (request.startsWith("ANNOUNCE")) {
                Files.write(description, body);
            }
            String transport = headers.containsKey("transport") ? "Transport: " + headers.get("transport") + "\r\n" : "";
            String answer = "RTSP/1.0 200 OK\r\nCSeq: %s\r\nSession: 1\r\n%s\r\n".formatted(headers.get("cseq"), transport);
            socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
            if (request.startsWith("TEARDOWN")) {
                return;
            }
        }
    }

    /// A picture ends with the marker (RFC 6184 5.1); in front of AAC stand the bits of its headers, 16 a frame (RFC 3640
    /// 3.3.6).
    private void keep(int channel, byte[] packet) throws IOException {
        rtp.write(new byte[] {'$', (byte) channel, (byte) (packet.length >> 8), (byte) packet.length});
        rtp.write(packet);
        if (channel == VIDEO_CHANNEL) {
            pictures += packet[1] < 0 ? 1 : 0;
        } else {
            sounds += ((packet[RTP_HEADER] & 0xFF) << 8 | packet[RTP_HEADER + 1] & 0xFF) / 16;
        }
    }

    private static String line(DataInputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }
}
