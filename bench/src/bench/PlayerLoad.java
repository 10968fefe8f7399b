package bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Plays one stream N times, from one thread, until nothing comes any more:
/// `java bench.PlayerLoad rtmp|flv PORT NAME PLAYERS`.
final class PlayerLoad {
    /// So long after the last byte of all it is over.
    private static final long SILENCE_MILLIS = 3000;
    /// What comes meanwhile is read in one go: a player that wakes for each packet would cost more than the server.
    private static final long TICK_MILLIS = 10;

    private PlayerLoad() {}

    public static void main(String[] arguments) throws Exception {
        boolean flv = arguments[0].equals("flv");
        InetSocketAddress server = new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[1]));
        List<Player> players = new ArrayList<>();
        Map<String, Integer> failures = new TreeMap<>();
        try (Selector selector = Selector.open()) {
            for (int left = Integer.parseInt(arguments[3]); left > 0; left--) {
                Player player = flv ? new Player.Flv(server, arguments[2]) : new Player.Rtmp(server, arguments[2]);
                player.channel.configureBlocking(false);
                player.channel.register(selector, SelectionKey.OP_READ, player);
                players.add(player);
                read(selector, 0, failures);
            }
            System.out.println("all playing");
            while (read(selector, SILENCE_MILLIS, failures) && !selector.keys().isEmpty()) {
                Thread.sleep(TICK_MILLIS);
            }
        }
        failures.forEach((why, count) -> System.out.println("failed " + count + " " + why));
        // The last one that came to anybody is the last one of all.
        long last = players.stream()
                .max(Comparator.comparingLong(Player::lastNanos))
                .map(Player::lastTail)
                .orElse(0L);
        long complete = players.stream()
                .filter(player -> player.missing() == 0 && player.lastTail() == last && player.pictures() > 1)
                .count();
        System.out.printf(
                "complete=%d missing=%d pictures=%d bytes=%d%n",
                complete,
                players.stream().mapToLong(Player::missing).sum(),
                players.stream().mapToLong(Player::pictures).sum(),
                players.stream().mapToLong(Player::bytes).sum());
    }

    /// False if nothing came for `waitMillis`.
    private static boolean read(Selector selector, long waitMillis, Map<String, Integer> failures) throws IOException {
        boolean any = (waitMillis > 0 ? selector.select(waitMillis) : selector.selectNow()) > 0;
        for (SelectionKey key : selector.selectedKeys()) {
            Player player = (Player) key.attachment();
            try {
                if (!player.receive()) {
                    key.channel().close();
                }
            } catch (IOException | RuntimeException e) {
                failures.merge(e.toString(), 1, Integer::sum);
                key.channel().close();
            }
        }
        selector.selectedKeys().clear();
        return any || waitMillis == 0;
    }
}
