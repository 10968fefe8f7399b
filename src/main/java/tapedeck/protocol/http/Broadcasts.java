package tapedeck.protocol.http;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    private final KeptBytes kept;
    // Guarded by this: nobody joins a broadcast that ends.
    private final Map<Key, Broadcast> open = new HashMap<>();

    /// @param kept what all logs keep together
    Broadcasts(Streams streams, KeptBytes kept) {
        this.streams = streams;
        this.kept = kept;
    }

    /// Whether [#join] would not cut off, as of now.
    synchronized boolean hasRoom(Stream stream, LiveFormat format) {
        return open.containsKey(new Key(stream.mediaSessionId(), format)) || kept.hasRoom();
    }

    /// Cuts the answer off if it needs another log and others have taken the room meanwhile.
    ///
    /// @param tracks all of the stream, as far as they are known
    void join(Stream stream, LiveFormat format, List<Track> tracks, HttpStream answer, InetSocketAddress peer) {
        Player player;
        synchronized (this) {
            Broadcast running = open.get(new Key(stream.mediaSessionId(), format));
            if (running == null) {
                Optional<KeptBytes.Share> share = kept.open();
                if (share.isEmpty()) {
                    answer.cut();
                    return;
                }
                running = new Broadcast(streams, stream, format, tracks, share.get(), this);
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
