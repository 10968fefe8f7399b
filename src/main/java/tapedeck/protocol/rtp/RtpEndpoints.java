package tapedeck.protocol.rtp;

import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.MalformedException;
import tapedeck.net.EventLoops;
import tapedeck.net.http.HttpProblem;
import tapedeck.net.http.RestCalls;
import tapedeck.net.udp.PortPairs;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayReport;
import tapedeck.relay.Relays;
import tapedeck.rtp.sdp.Attribute;
import tapedeck.rtp.sdp.SessionDescription;
import tapedeck.rtp.srtp.SrtpProfile;
import tapedeck.stream.Stream;
import tapedeck.stream.StreamName;
import tapedeck.stream.Streams;

/// `rtp/…` over REST: with `address` a stream is sent there, else one is received. What goes out is a push of the
/// relays, with its checks and its tries.
public final class RtpEndpoints implements RestCalls, AutoCloseable {
    /// That receive at once.
    static final int MAX_RECEIVING = 256;

    private static final String NAME = "streamName";
    private static final String ID = "mediaSessionId";

    private final EventLoops loops;
    private final PortPairs ports;
    private final Streams streams;
    private final Relays relays;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Receiving> receiving = new ConcurrentHashMap<>();

    private record Receiving(RtpReceiving endpoint, EventLoop loop, String sdp) {}

    public RtpEndpoints(EventLoops loops, PortPairs ports, Streams streams, Relays relays) {
        this.loops = loops;
        this.ports = ports;
        this.streams = streams;
        this.relays = relays;
    }

    @Override
    public String group() {
        return "rtp";
    }

    @Override
    public Map<String, Object> startup(Map<String, String> body) throws HttpProblem, InterruptedException {
        String said = body.get(NAME);
        if (said == null) {
            throw new MalformedException("\"streamName\" is missing");
        }
        StreamName name = new StreamName(said);
        String address = body.get("address");
        return address == null ? receive(name, body) : send(name, address, body);
    }

    private Map<String, Object> receive(StreamName name, Map<String, String> body)
            throws HttpProblem, InterruptedException {
        boolean same = receiving.values().stream()
                .anyMatch(one -> one.endpoint().name().equals(name));
        if (same || streams.find(name).isPresent()) {
            throw new HttpProblem(409, "stream \"%s\" is already being published".formatted(name));
        }
        if (receiving.size() >= MAX_RECEIVING) {
            throw new HttpProblem(503, "%d streams are received by RTP already".formatted(MAX_RECEIVING));
        }
        String text = body.get("sdp");
        SessionDescription offer = text == null ? RtpReceiving.offer() : SessionDescription.parse(text);
        InetAddress host = host(body.get("host"));
        String id = UUID.randomUUID().toString();
        EventLoop loop = loops.group().next();
        RtpReceiving endpoint = new RtpReceiving(id, name, streams, loop, () -> receiving.remove(id));
        try {
            SessionDescription answer =
                    loop.submit(() -> endpoint.open(offer, ports, host, random)).get();
            receiving.put(id, new Receiving(endpoint, loop, answer.toString()));
        } catch (ExecutionException e) {
            loop.execute(() -> endpoint.end("it could not begin"));
            if (e.getCause() instanceof MalformedException malformed) {
                throw malformed;
            }
            String reason = e.getCause() instanceof IOException io ? String.valueOf(io.getMessage()) : "internal error";
            throw new HttpProblem(400, reason);
        }
        return find(id);
    }

    private static InetAddress host(@Nullable String said) throws HttpProblem {
        try {
            if (said == null) {
                return InetAddress.getLocalHost();
            }
            if (!said.matches("[0-9.]{7,15}|[0-9a-fA-F:.]{2,45}")) {
                throw new HttpProblem(400, "host: an IP address of this machine is needed");
            }
            return InetAddress.getByName(said);
        } catch (UnknownHostException e) {
            return InetAddress.getLoopbackAddress();
        }
    }

    private Map<String, Object> send(StreamName name, String address, Map<String, String> body)
            throws HttpProblem, InterruptedException {
        Optional<Stream> stream = streams.find(name);
        if (stream.isEmpty()) {
            throw new HttpProblem(404, "nobody publishes \"%s\"".formatted(name));
        }
        if (!address.matches("[A-Za-z0-9.-]{1,253}:[0-9]{1,5}|\\[[0-9a-fA-F:.]{2,45}\\]:[0-9]{1,5}")) {
            throw new HttpProblem(400, "address: HOST:PORT with an even port is needed");
        }
        int colon = address.lastIndexOf(':');
        int port = Integer.parseInt(address.substring(colon + 1));
        if (port < 2 || port > 65_000 || port % 2 != 0) {
            throw new HttpProblem(400, "address: HOST:PORT with an even port is needed");
        }
        // The description names them once and for all.
        var _ = stream.get().awaitTracks();
        Optional<CryptoLine> crypto = crypto(body);
        Map<String, String> options =
                crypto.isPresent() ? Map.of(RtpPush.CRYPTO, crypto.get().value()) : Map.of();
        try {
            RelayReport report = relays.push(name, "rtp://" + address, options);
            Map<String, Object> answer = entry(report);
            answer.put("sdp", description(stream.get(), address.substring(0, colon), port, crypto));
            return answer;
        } catch (RelayRefusedException e) {
            int status = e.reason() == RelayRefusedException.Reason.CONFLICT ? 409 : 400;
            throw new HttpProblem(status, String.valueOf(e.getMessage()));
        } catch (UnknownHostException e) {
            throw new HttpProblem(400, "address: " + e.getMessage());
        }
    }

    /// Keys that were given, or new ones where they are wanted.
    private Optional<CryptoLine> crypto(Map<String, String> body) throws HttpProblem {
        try {
            Optional<CryptoLine> given = RtpPush.crypto(body.getOrDefault(RtpPush.CRYPTO, ""));
            return given.isPresent() || !"true".equals(body.get("srtp"))
                    ? given
                    : Optional.of(CryptoLine.random("1", SrtpProfile.AES_CM_128_HMAC_SHA1_80, random));
        } catch (RelayRefusedException e) {
            throw new HttpProblem(400, String.valueOf(e.getMessage()));
        }
    }

    /// What a receiver opens.
    private static String description(Stream stream, String host, int port, Optional<CryptoLine> crypto)
            throws UnknownHostException {
        InetAddress to = InetAddress.getByName(host.replaceAll("[\\[\\]]", ""));
        String connection = SentTrack.connection(to);
        return new SessionDescription(
                        "- 1 1 " + connection,
                        stream.name().value(),
                        connection,
                        "0 0",
                        List.of(new Attribute("tool", "Tapedeck")),
                        SentTrack.Described.of(stream.tracks(), port).stream()
                                .map(track -> track.section(crypto))
                                .toList())
                .toString();
    }

    private Map<String, Object> find(String id) throws HttpProblem {
        Receiving one = receiving.get(id);
        if (one == null) {
            throw new HttpProblem(500, "it ended at once");
        }
        return entry(id, one);
    }

    private static Map<String, Object> entry(String id, Receiving one) {
        Map<String, Object> entry = new LinkedHashMap<>();
        String live = one.endpoint().mediaSessionId();
        entry.put(ID, id);
        entry.put("direction", "receive");
        entry.put(NAME, one.endpoint().name().value());
        entry.put("status", live.isEmpty() ? "WAITING" : "ACTIVE");
        entry.put("streamMediaSessionId", live);
        entry.put("sdp", one.sdp());
        return entry;
    }

    private static Map<String, Object> entry(RelayReport report) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put(ID, report.id());
        entry.put("direction", "send");
        entry.put(NAME, report.stream().value());
        entry.put("status", report.state().name());
        entry.put("streamMediaSessionId", report.mediaSessionId());
        entry.put("address", report.address());
        entry.put("lastError", report.lastError());
        entry.put("leftOut", report.leftOut());
        return entry;
    }

    @Override
    public List<Map<String, Object>> all() {
        List<Map<String, Object>> all = new ArrayList<>();
        receiving.forEach((id, one) -> all.add(entry(id, one)));
        for (RelayReport report : relays.all()) {
            if (report.address().startsWith("rtp://")) {
                all.add(entry(report));
            }
        }
        return all;
    }

    @Override
    public boolean terminate(String id) {
        Receiving one = receiving.get(id);
        if (one != null) {
            one.loop().execute(() -> one.endpoint().end("ended over REST"));
            return true;
        }
        return relays.terminate(id, "ended over REST");
    }

    @Override
    public void close() {
        for (Receiving one : receiving.values()) {
            one.loop().submit(() -> one.endpoint().end("the server stops")).awaitUninterruptibly();
        }
    }
}
