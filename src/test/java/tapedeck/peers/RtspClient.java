package tapedeck.peers;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.FramePackets;
import tapedeck.rtp.HeaderExtensions;
import tapedeck.rtp.NtpTime;
import tapedeck.rtp.Payload;
import tapedeck.rtp.RtpSender;
import tapedeck.rtp.payload.Packetizer;
import tapedeck.rtp.payload.PayloadFormat;

/// A small RTSP client over a plain socket, for what real programs do not do on demand.
public final class RtspClient implements Closeable {
    private static final int DEADLINE_MILLIS = 60_000;
    private static final int PAYLOAD_BYTES = 1_200;
    private static final String HOST = "127.0.0.1";
    private static final Pattern SERVER_PORTS = Pattern.compile("server_port=(\\d+)-(\\d+)");

    private final List<Socket> sockets;
    private final InputStream in;
    private final OutputStream out;
    private final String url;
    private final Map<Integer, RtpSender> senders = new HashMap<>();
    private final Map<Integer, Packetizer> packetizers = new HashMap<>();
    private final List<Interleaved> packets = new ArrayList<>();
    /// By channel.
    private final List<DatagramSocket> datagrams = new ArrayList<>();

    private String session = "";
    private int sequence;

    /// @param headers by their names in lower case
    public record Answer(int status, String reason, Map<String, String> headers, String body) {}

    public record Interleaved(int channel, Bytes packet) {}

    public RtspClient(int port, String path) throws IOException {
        this("rtsp", port, path, new Socket(HOST, port));
    }

    private RtspClient(String scheme, int port, String path, Socket socket) throws IOException {
        this(scheme, port, path, List.of(socket), socket.getOutputStream());
    }

    /// @param sockets it hears by the first one
    private RtspClient(String scheme, int port, String path, List<Socket> sockets, OutputStream out)
            throws IOException {
        this.sockets = sockets;
        this.out = out;
        sockets.getFirst().setSoTimeout(DEADLINE_MILLIS);
        in = new BufferedInputStream(sockets.getFirst().getInputStream(), 1 << 16);
        url = "%s://%s:%d/%s".formatted(scheme, HOST, port, path);
    }

    /// Over TLS.
    public static RtspClient secured(int port, String path, SSLContext trusting) throws IOException {
        return new RtspClient("rtsps", port, path, trusting.getSocketFactory().createSocket(HOST, port));
    }

    /// Through HTTP: it speaks by a `POST`, in base64, and hears by a `GET`.
    public static RtspClient tunnelled(int port, String path) throws IOException {
        return tunnelled("rtsp", port, path, SocketFactory.getDefault());
    }

    /// Through HTTPS.
    public static RtspClient tunnelledSecurely(int port, String path, SSLContext trusting) throws IOException {
        return tunnelled("rtsps", port, path, trusting.getSocketFactory());
    }

    private static RtspClient tunnelled(String scheme, int port, String path, SocketFactory way) throws IOException {
        String cookie = "x-sessioncookie: " + UUID.randomUUID() + "\r\n\r\n";
        Socket back = way.createSocket(HOST, port);
        Socket forth = way.createSocket(HOST, port);
        RtspClient client = new RtspClient(scheme, port, path, List.of(back, forth), new OutputStream() {
            @Override
            public void write(int one) throws IOException {
                write(new byte[] {(byte) one});
            }

            // Each part for itself, as clients do: padding comes in the middle.
            @Override
            public void write(byte[] some) throws IOException {
                forth.getOutputStream().write(Base64.getEncoder().encode(some));
            }
        });
        String get = "GET /%s HTTP/1.0\r\n%s".formatted(path, cookie);
        back.getOutputStream().write(get.getBytes(StandardCharsets.US_ASCII));
        String status = client.line();
        if (!status.equals("HTTP/1.0 200 OK")) {
            throw new IOException(status);
        }
        while (!client.line().isEmpty()) {
            // Its headers.
        }
        String post = "POST /%s HTTP/1.0\r\nContent-Length: 32767\r\n%s".formatted(path, cookie);
        forth.getOutputStream().write(post.getBytes(StandardCharsets.US_ASCII));
        return client;
    }

    public String url() {
        return url;
    }

    /// @param headers whole lines
    public Answer ask(String method, String uri, String body, String... headers) throws IOException {
        say(method, uri, body, headers);
        return answer();
    }

    /// The same without a word about the answer.
    public void say(String method, String uri, String body, String... headers) throws IOException {
        StringBuilder text = new StringBuilder("%s %s RTSP/1.0\r\nCSeq: %d\r\n".formatted(method, uri, ++sequence));
        if (!session.isEmpty()) {
            text.append("Session: ").append(session).append("\r\n");
        }
        for (String header : headers) {
            text.append(header).append("\r\n");
        }
        if (!body.isEmpty()) {
            text.append("Content-Length: ").append(body.length()).append("\r\n");
        }
        raw(Bytes.ofUtf8(text.append("\r\n").append(body).toString()));
    }

    public Answer request(String method, String... headers) throws IOException {
        return ask(method, url, "", headers);
    }

    public void raw(Bytes bytes) throws IOException {
        out.write(bytes.toByteArray());
        out.flush();
    }

    /// Announces, sets up and records these tracks; the first answer that is no success is returned, or the last.
    public Answer publish(List<Track> tracks) throws IOException {
        Answer answer = ask("ANNOUNCE", url, description(tracks), "Content-Type: application/sdp");
        for (int i = 0; i < tracks.size() && answer.status() == 200; i++) {
            answer = ask(
                    "SETUP",
                    url + "/streamid=" + i,
                    "",
                    "Transport: RTP/AVP/TCP;unicast;interleaved=%d-%d;mode=record".formatted(2 * i, 2 * i + 1));
        }
        return answer.status() == 200 ? request("RECORD") : answer;
    }

    /// The same with packets by UDP.
    public Answer publishByDatagrams(List<Track> tracks) throws IOException {
        Answer answer = ask("ANNOUNCE", url, description(tracks), "Content-Type: application/sdp");
        for (int i = 0; i < tracks.size() && answer.status() == 200; i++) {
            // Which ports they are, the server learns by what comes.
            datagrams.add(new DatagramSocket());
            datagrams.add(new DatagramSocket());
            answer = ask(
                    "SETUP",
                    url + "/streamid=" + i,
                    "",
                    "Transport: RTP/AVP;unicast;client_port=%d-%d;mode=record"
                            .formatted(
                                    datagrams.get(2 * i).getLocalPort(),
                                    datagrams.get(2 * i + 1).getLocalPort()));
            Matcher ports = SERVER_PORTS.matcher(answer.headers().getOrDefault("transport", ""));
            for (int kind = 1; kind <= 2 && ports.find(0); kind++) {
                datagrams
                        .get(2 * i + kind - 1)
                        .connect(InetAddress.getByName(HOST), Integer.parseInt(ports.group(kind)));
            }
        }
        return answer.status() == 200 ? request("RECORD") : answer;
    }

    /// The server's, by channel.
    public List<Integer> datagramPorts() {
        return datagrams.stream().map(DatagramSocket::getPort).toList();
    }

    /// An SDP of these tracks; from then on [#packets] can be asked for.
    public String description(List<Track> tracks) {
        StringBuilder sdp = new StringBuilder("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=No Name\r\nt=0 0\r\n");
        OptionalInt none = OptionalInt.empty();
        for (int i = 0; i < tracks.size(); i++) {
            Track track = tracks.get(i);
            PayloadFormat format =
                    PayloadFormat.describing(track.codec(), 96 + i).orElseThrow();
            sdp.append("m=%s 0 RTP/AVP %d\r\na=rtpmap:%s\r\n"
                    .formatted(track.isVideo() ? "video" : "audio", format.payloadType(), format.rtpmap()));
            if (!format.parameters().isEmpty()) {
                sdp.append("a=fmtp:%d %s\r\n".formatted(format.payloadType(), format.parameters()));
            }
            sdp.append("a=control:streamid=%d\r\n".formatted(i));
            senders.put(
                    track.id(),
                    new RtpSender(
                            List.of(format),
                            new HeaderExtensions(none, none, none, null),
                            1000 + i,
                            OptionalLong.empty()));
            packetizers.put(track.id(), Packetizer.of(track.codec(), PAYLOAD_BYTES));
        }
        return sdp.toString();
    }

    /// The RTP packets of a frame of an announced track.
    public List<Bytes> packets(Frame frame) {
        RtpSender sender = senders.get(frame.track().id());
        long timestamp = sender.timestamp(frame.ptsNanos());
        List<Bytes> made = new ArrayList<>();
        for (Payload payload : FramePackets.of(
                        frame, false, packetizers.get(frame.track().id()))
                .payloads()) {
            byte[] packet = new byte[PAYLOAD_BYTES + 12];
            int length = sender.write(payload, timestamp, 0, 0, packet);
            sender.sent(payload, timestamp, null, 0);
            made.add(Bytes.wrap(packet, 0, length));
        }
        return made;
    }

    /// A sender report for each track (RFC 3550 6.4.1), as encoders send them with their first packets: media
    /// time 0 is now.
    public void reportBeginning(List<Track> tracks) throws IOException {
        long ntp = NtpTime.of(System.currentTimeMillis() * 1_000_000);
        for (int i = 0; i < tracks.size(); i++) {
            RtpSender sender = senders.get(tracks.get(i).id());
            byte[] report = ByteBuffer.allocate(28)
                    .putInt(0x80C8_0006)
                    .putInt((int) sender.ssrc())
                    .putLong(ntp)
                    .putInt((int) sender.timestamp(0))
                    .array();
            interleaved(2 * i + 1, Bytes.wrap(report));
        }
    }

    /// Sends frames, interleaved with video on channel 0 if it was announced first, or by UDP.
    public void send(List<Track> tracks, List<Frame> frames) throws IOException {
        for (Frame frame : frames) {
            int channel = 0;
            for (int i = 0; i < tracks.size(); i++) {
                channel = tracks.get(i).id() == frame.track().id() ? 2 * i : channel;
            }
            for (Bytes packet : packets(frame)) {
                interleaved(channel, packet);
            }
        }
    }

    public void interleaved(int channel, Bytes packet) throws IOException {
        if (!datagrams.isEmpty()) {
            datagrams.get(channel).send(new DatagramPacket(packet.toByteArray(), packet.length()));
            return;
        }
        byte[] framed = new byte[4 + packet.length()];
        framed[0] = '$';
        framed[1] = (byte) channel;
        framed[2] = (byte) (packet.length() >> 8);
        framed[3] = (byte) packet.length();
        packet.copyTo(0, framed, 4, packet.length());
        out.write(framed);
    }

    /// The next answer; packets in front of it are kept.
    public Answer answer() throws IOException {
        while (true) {
            int first = in.read();
            if (first < 0) {
                throw new EOFException("closed instead of an answer");
            }
            if (first == '$') {
                packets.add(packet());
                continue;
            }
            String status = (char) first + line();
            Map<String, String> headers = new HashMap<>();
            for (String line = line(); !line.isEmpty(); line = line()) {
                int colon = line.indexOf(':');
                headers.merge(
                        line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).strip(),
                        (a, b) -> a + ", " + b);
            }
            byte[] body = in.readNBytes(Integer.parseInt(headers.getOrDefault("content-length", "0")));
            session = Optional.ofNullable(headers.get("session"))
                    .map(s -> s.split(";", 2)[0])
                    .orElse(session);
            String[] words = status.split(" ", 3);
            return new Answer(Integer.parseInt(words[1]), words[2], headers, new String(body, StandardCharsets.UTF_8));
        }
    }

    /// The next packet, or null at the end of the connection.
    public Interleaved next() throws IOException {
        if (!packets.isEmpty()) {
            return packets.removeFirst();
        }
        int first = in.read();
        if (first < 0) {
            return null;
        }
        if (first != '$') {
            throw new IOException("a packet was expected, not " + (char) first + line());
        }
        return packet();
    }

    /// Waits until the server has closed the connection.
    public void awaitEnd() throws IOException {
        while (in.read() >= 0) {
            // What was on its way.
        }
    }

    private Interleaved packet() throws IOException {
        int channel = in.read();
        int length = in.read() << 8 | in.read();
        return new Interleaved(channel, Bytes.wrap(in.readNBytes(length)));
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException("closed inside an answer");
            }
            line.append((char) next);
        }
        return line.toString().strip();
    }

    /// Whether something came that was not read.
    public boolean hasUnread() {
        try {
            return sockets.getFirst().getInputStream().available() > 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Hears nothing any more, and may still speak if it is [#tunnelled].
    public void deafen() throws IOException {
        sockets.getFirst().close();
    }

    @Override
    public void close() throws IOException {
        datagrams.forEach(DatagramSocket::close);
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
