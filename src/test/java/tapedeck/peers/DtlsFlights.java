package tapedeck.peers;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/// Loses a flight of a DTLS 1.2 handshake (RFC 6347 4.2.4), or one datagram of it, the first times that it is sent. A
/// retransmission is known by what it holds, so no clock is needed.
///
/// Flights are counted as between a client and a server that asks for no cookie: 1 the ClientHello, 2 from ServerHello
/// to ServerHelloDone, 3 from the client's Certificate to its Finished, 4 the server's ChangeCipherSpec and Finished.
public final class DtlsFlights implements Predicate<byte[]> {
    public static final int FLIGHTS = 4;
    /// Every datagram of the flight.
    public static final int ALL = -1;

    private static final int RECORD_HEADER = 13;
    private static final int CHANGE_CIPHER_SPEC = 20;
    private static final int HANDSHAKE = 22;
    private static final int CLIENT_HELLO = 1;

    private final int flight;
    private final int datagram;
    private final int times;
    private final Map<String, Integer> seen = new HashMap<>();
    private final Set<String> order = new LinkedHashSet<>();

    /// To be set as [Conditions#drops] of the direction in which the flight goes.
    ///
    /// @param flight from 1 to [#FLIGHTS]
    /// @param datagram which of its datagrams, from 0, or [#ALL]
    /// @param times how often it is lost
    public DtlsFlights(int flight, int datagram, int times) {
        this.flight = flight;
        this.datagram = datagram;
        this.times = times;
    }

    /// Where this flight goes.
    public static Relay.Way way(int flight) {
        return flight % 2 == 1 ? Relay.Way.TO_SERVER : Relay.Way.TO_CLIENT;
    }

    @Override
    public synchronized boolean test(byte[] bytes) {
        if (bytes.length < RECORD_HEADER || bytes[0] < CHANGE_CIPHER_SPEC || bytes[0] > HANDSHAKE || !ours(bytes)) {
            return false;
        }
        String content = content(bytes);
        order.add(content);
        if (datagram != ALL
                && !content.equals(order.stream().skip(datagram).findFirst().orElse(null))) {
            return false;
        }
        return seen.merge(content, 1, Integer::sum) <= times;
    }

    /// Given its direction, a datagram's flight follows from its first record.
    private boolean ours(byte[] bytes) {
        boolean plainHandshake = bytes[0] == HANDSHAKE && bytes[3] == 0 && bytes[4] == 0;
        int type = plainHandshake && bytes.length > RECORD_HEADER ? bytes[RECORD_HEADER] : 0;
        return switch (flight) {
            case 1 -> type == CLIENT_HELLO;
            case 2 -> plainHandshake;
            case 3 -> type != CLIENT_HELLO;
            case 4 -> !plainHandshake;
            default -> throw new IllegalArgumentException("flight " + flight);
        };
    }

    /// What a retransmission has in common with its original: all but the records' sequence numbers.
    private static String content(byte[] bytes) {
        boolean plainHandshake = bytes[0] == HANDSHAKE && bytes[3] == 0 && bytes[4] == 0;
        if (!plainHandshake || bytes.length < RECORD_HEADER + 9) {
            return bytes[0] + "/" + bytes[4];
        }
        StringBuilder key = new StringBuilder();
        for (int i = RECORD_HEADER; i < RECORD_HEADER + 9; i++) {
            key.append(bytes[i]).append('/'); // type, length, message_seq, fragment_offset
        }
        return key.toString();
    }
}
