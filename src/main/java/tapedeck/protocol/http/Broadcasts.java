package tapedeck.protocol.http;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tapedeck.media.Track;
import tapedeck.net.http.HttpStream;
import tapedeck.stream.Stream;
import tapedeck.stream.Streams;

/// Who watches what: one [Broadcast] for each stream and format that has players.
final class Broadcasts implements Broadcast.House, AutoCloseable {
    private record Key(String mediaSessionId, LiveFormat format) {
        static Key of(Broadcast broadcast) {
            return new Key(broadcast.stream().mediaSessionId(), broadcast.format());
        }
    }

    private final Streams streams;
    // Guarded by this: nobody joins a broadcast that ends.
    private final Map<Key, Broadcast> open = new HashMap<>();

    Broadcasts(Streams streams) {
        this.streams = streams;
    }

    /// @param tracks all of the stream, as far as they are known
    void join(Stream stream, LiveFormat format, List<Track> tracks, HttpStream answer, InetSocketAddress peer) {
        Player player;
        synchronized (this) {
            Broadcast running = open.get(new Key(stream.mediaSessionId(), format));
            if (running == null) {
                running = new Broadcast(streams, stream, format, tracks, this);
                open.put(Key.of(running), running);
                running.start();
            }
            player = running.join(answer, peer);
        }
        player.pump();
    }

    @Override
    public synchronized boolean closed(Broadcast deserted) {
        return deserted.isDeserted() && open.remove(Key.of(deserted), deserted);
    }

    @Override
    public synchronized void over(Broadcast broadcast) {
        open.remove(Key.of(broadcast), broadcast);
    }

    synchronized int size() {
        return open.size();
    }

    @Override
    public void close() {
        List<Broadcast> all;
        synchronized (this) {
            all = List.copyOf(open.values());
        }
        all.forEach(Broadcast::close);
    }
}
