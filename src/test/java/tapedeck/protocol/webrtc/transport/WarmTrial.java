package tapedeck.protocol.webrtc.transport;

import tapedeck.protocol.webrtc.dtls.WarmUp;

/// A process of its own: sessions after a warm-up, or without. Its log of loaded classes tells what the first one had
/// to wait for.
final class WarmTrial {
    /// Stands in the log where the first session begins.
    private static final class FirstBegins {}

    /// Stands in the log where the first session is connected.
    private static final class FirstIsDone {}

    /// Stands in the log where the second session is connected.
    private static final class SecondIsDone {}

    private WarmTrial() {}

    /// @param arguments `warm` or `cold`
    public static void main(String[] arguments) throws Exception {
        try (PortHouse house = new PortHouse()) {
            if (arguments[0].equals("warm") && !WarmUp.run(house.identity)) {
                throw new AssertionError("not warm");
            }
            System.out.println(new FirstBegins());
            connect(house);
            System.out.println(new FirstIsDone());
            connect(house);
            System.out.println(new SecondIsDone());
        }
    }

    private static void connect(PortHouse house) throws Exception {
        try (IcePeer peer = house.peer()) {
            peer.connect(house.udp());
        }
    }
}
