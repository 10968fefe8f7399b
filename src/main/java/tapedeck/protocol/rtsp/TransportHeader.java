package tapedeck.protocol.rtsp;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import tapedeck.bytes.MalformedException;

/// One way that a `Transport` header offers, RFC 2326 12.39. `destination` and `source` are not read: media goes to the
/// address that asks for it, and comes from there.
///
/// @param tcp whether media goes over the connection itself
/// @param first the channel or port for RTP; empty where the peer leaves it to us
/// @param second that for RTCP
/// @param record whether `mode` says that the peer will send
record TransportHeader(boolean tcp, OptionalInt first, OptionalInt second, boolean record) {
    static final int MAX_OFFERS = 16;

    private static final int MAX_CHANNEL = 255;
    private static final int MAX_PORT = 65_535;

    /// The first way that we know, or empty.
    ///
    /// @throws MalformedException if it cannot be read
    static Optional<TransportHeader> best(String header) {
        String[] offers = header.split(",", MAX_OFFERS + 1);
        if (offers.length > MAX_OFFERS) {
            throw new MalformedException("RTSP: more than %d transports".formatted(MAX_OFFERS));
        }
        for (String offer : offers) {
            Optional<TransportHeader> known = parse(offer.strip(), "client_port");
            if (known.isPresent()) {
                return known;
            }
        }
        return Optional.empty();
    }

    /// What a server answers, where the ports are its own; empty if it is none that was asked for.
    ///
    /// @throws MalformedException if it cannot be read
    static Optional<TransportHeader> answered(String header) {
        return parse(header.split(",", 2)[0].strip(), "server_port");
    }

    private static Optional<TransportHeader> parse(String offer, String portKey) {
        String[] parts = offer.split(";", -1);
        boolean tcp;
        switch (parts[0].strip().toUpperCase(Locale.ROOT)) {
            case "RTP/AVP/TCP" -> tcp = true;
            case "RTP/AVP", "RTP/AVP/UDP" -> tcp = false;
            default -> {
                return Optional.empty();
            }
        }
        OptionalInt[] range = {OptionalInt.empty(), OptionalInt.empty()};
        boolean record = false;
        for (int i = 1; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            String name = (equals < 0 ? parts[i] : parts[i].substring(0, equals))
                    .strip()
                    .toLowerCase(Locale.ROOT);
            String value = equals < 0 ? "" : parts[i].substring(equals + 1).strip();
            switch (name) {
                case "multicast" -> {
                    return Optional.empty();
                }
                case "interleaved" -> {
                    // Some cameras forget to say TCP.
                    tcp = true;
                    range = range(value, MAX_CHANNEL);
                }
                // RFC 2326 has it with and without quotes, and clients write it in any case.
                case "mode" -> {
                    String mode = value.replace("\"", "").toLowerCase(Locale.ROOT);
                    record = mode.equals("record") || mode.equals("receive");
                }
                default -> {
                    if (name.equals(portKey) && !tcp) {
                        range = range(value, MAX_PORT);
                    }
                }
            }
        }
        boolean needsPort = portKey.equals("client_port");
        if (!tcp && needsPort && (range[0].isEmpty() || range[0].getAsInt() == 0)) {
            return Optional.empty();
        }
        return Optional.of(new TransportHeader(tcp, range[0], range[1], record));
    }

    /// `a-b`, or `a` alone, which means a and the next one.
    private static OptionalInt[] range(String value, int max) {
        int dash = value.indexOf('-');
        int from = number(dash < 0 ? value : value.substring(0, dash), max);
        int to = dash < 0 ? Math.min(max, from + 1) : number(value.substring(dash + 1), max);
        return new OptionalInt[] {OptionalInt.of(from), OptionalInt.of(to)};
    }

    private static int number(String text, int max) {
        if (!text.strip().matches("[0-9]{1,5}") || Integer.parseInt(text.strip()) > max) {
            throw new MalformedException("RTSP: a transport's channel or port cannot be read");
        }
        return Integer.parseInt(text.strip());
    }
}
