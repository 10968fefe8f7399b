package tapedeck.protocol.http;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.media.Track;
import tapedeck.net.http.HttpStream;
import tapedeck.stream.Item;
import tapedeck.stream.Reader;
import tapedeck.stream.ReaderOptions;
import tapedeck.stream.Stream;
import tapedeck.stream.Streams;

/// All players of one stream in one format: one reader, one muxer, one log, one virtual thread. The players have no
/// thread: this one, and those that say that a socket can be written again, pump them.
final class Broadcast {
    /// Where so many watch, what comes within [#CROWD_MILLIS] goes out together: a player costs a system call for each
    /// batch, whatever is in it.
    static final int CROWD_PLAYERS = 64;

    static final int CROWD_MILLIS = 25;

    private static final Logger log = LoggerFactory.getLogger(Broadcast.class);

    private final Streams streams;
    private final Stream stream;
    private final LiveFormat format;
    private final List<Track> tracks;
    private final House house;
    private final KeptBytes.Share share;
    private final PartLog parts;
    private final List<Player> players = new CopyOnWriteArrayList<>();
    private final Semaphore signal = new Semaphore(0);
    private volatile boolean closed;
    private volatile boolean ended;

    /// Where broadcasts are found by those who want to join.
    interface House {
        /// Whether nobody is there and nobody can join any more.
        boolean closed(Broadcast deserted);

        /// Nobody can join any more.
        void over(Broadcast broadcast);
    }

    /// @param tracks all of the stream, as far as they are known
    /// @param share of what all logs keep; closed when this is over
    Broadcast(
            Streams streams, Stream stream, LiveFormat format, List<Track> tracks, KeptBytes.Share share, House house) {
        this.streams = streams;
        this.stream = stream;
        this.format = format;
        this.tracks = tracks;
        this.share = share;
        this.parts = new PartLog(share);
        this.house = house;
    }

    void start() {
        Thread.ofVirtual().name(format.extension() + " of " + stream.name()).start(this::run);
    }

    Stream stream() {
        return stream;
    }

    LiveFormat format() {
        return format;
    }

    /// A new player, which begins with the last entry point once it is pumped.
    Player join(HttpStream answer, InetSocketAddress peer) {
        Player player = new Player(stream, answer, peer, parts, this::left);
        players.add(player);
        streams.opened(player.session());
        return player;
    }

    private void left(Player player) {
        if (players.remove(player)) {
            streams.closed(player.session());
            if (players.isEmpty()) {
                signal.release();
                release();
            }
        }
    }

    /// Players that are behind still read the log of a stream that has ended, so it is kept until the last has left.
    private void release() {
        if (ended && players.isEmpty()) {
            share.close();
        }
    }

    /// Whether nobody is there.
    boolean isDeserted() {
        return players.isEmpty();
    }

    /// Cuts off all players.
    void close() {
        closed = true;
        players.forEach(player -> player.terminate("the server stops"));
        signal.release();
    }

    private void run() {
        String name = format.extension() + " players";
        try (Reader reader = stream.subscribe(ReaderOptions.viewer(name, signal::release))) {
            send(reader);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException bug) {
            log.error("{} of {}", name, stream.name(), bug);
        } finally {
            house.over(this);
            parts.end();
            ended = true;
            players.forEach(Player::pump);
            release();
        }
    }

    private void send(Reader reader) throws InterruptedException {
        LiveMuxer muxer = format.muxer(stream, tracks);
        List<Item> batch = new ArrayList<>();
        boolean goesOn = true;
        boolean begun = false;
        while (goesOn && !closed) {
            signal.acquire();
            if (begun) {
                int crowdMillis = players.size() >= CROWD_PLAYERS ? CROWD_MILLIS : 0;
                TimeUnit.MILLISECONDS.sleep(Math.max(crowdMillis, format.batchMillis()));
            }
            begun = true;
            signal.drainPermits();
            if (players.isEmpty() && house.closed(this)) {
                return;
            }
            reader.drainTo(batch);
            for (int i = 0; goesOn && i < batch.size(); i++) {
                goesOn = switch (batch.get(i)) {
                    case Item.Media media -> muxer.write(media);
                    // The next frame is an entry point.
                    case Item.Gap _, Item.Message _ -> true;
                    case Item.End _ -> false;
                };
            }
            batch.clear();
            muxer.take().forEach(parts::add);
            if (goesOn) {
                players.forEach(Player::pump);
            }
        }
    }
}
